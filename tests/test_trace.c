// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Traces: dependencies against the definition of sequential consistency, the analysis against
 * chains known by hand, and every file format against its own reader (jansson, recutils, graphviz,
 * pajeng, libxml where they are installed). `test_trace --write DIR SLICES ITERATIONS WORKERS
 * RANKS` writes the synthetic Parareal trace for a look at it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/trace.h"
#include "tests/near.h"

static char dir[] = "/tmp/test_trace_XXXXXX";

/* ---------------------------------------------------------------- a synthetic Parareal run */

static uint32_t seed = 1;

static double uniform(void) /* [0, 1) */
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) / 16777216.0;
}

static struct trace_record *record(struct trace *t, const char *codelet, const char *label)
{
    struct trace_record r = {
        .id = (int64_t)t->n, .slice = -1, .iteration = -1, .node = -1, .sweep = -1
    };
    snprintf(r.codelet, sizeof r.codelet, "%s", codelet);
    snprintf(r.label, sizeof r.label, "%s", label);
    assert_int_equal(trace_add(t, &r), 0);
    return &t->records[t->n - 1];
}

static void uses(struct trace_record *r, int64_t tag, int mode)
{
    if (r->nhandles < TRACE_HANDLES) {
        r->handles[r->nhandles].tag = tag;
        r->handles[r->nhandles].bytes = 8 * 101;
        r->handles[r->nhandles].mode = mode;
    }
    r->nhandles++;
}

/* a propagation in steps of a codelet, from tag to tag */
static void advance(struct trace *t, bool fine, int steps, int n, int k, int64_t from, int64_t to)
{
    for (int s = 0; s < steps; s++) {
        struct trace_record *r = record(t,
                                        s % 4 == 3 ? "norm"
                                        : fine     ? "step"
                                                   : "network",
                                        fine ? "fine mcs_adi" : "coarse fno");
        r->slice = n;
        r->iteration = k;
        r->node = s;
        r->sweep = fine ? 1 : -1;
        r->priority = fine ? 0 : 2;
        r->gflop = fine ? 0.5 : 0.02;
        r->end = (fine ? 4e-3 : 6e-4) * (s % 4 == 3 ? 0.1 : 1) * (0.9 + 0.2 * uniform());
        uses(r, s ? to : from, s ? TRACE_RW : TRACE_R);
        if (!s)
            uses(r, to, TRACE_W);
    }
}

/* list scheduling, first come first served, of what is ready; durations are in end, from start 0 */
static void schedule(struct trace *t)
{
    size_t *first, *deps, done = 0;
    assert_int_equal(trace_dependencies(t, &first, &deps), 0);
    bool *placed = calloc(t->n, sizeof *placed);
    double *available = calloc(t->nworkers, sizeof *available);
    for (size_t low = 0; done < t->n; done++) {
        size_t best = SIZE_MAX, w = 0;
        double best_start = INFINITY;
        for (size_t k = 1; k < t->nworkers; k++)
            w = available[k] < available[w] ? k : w;
        while (placed[low])
            low++;
        for (size_t i = low; i < t->n && i < low + 400; i++) {
            double start = available[w];
            bool ready = !placed[i];
            for (size_t d = first[i]; ready && d < first[i + 1]; d++) {
                ready = placed[deps[d]];
                start = fmax(start, t->records[deps[d]].end);
            }
            if (ready && start < best_start) {
                best = i;
                best_start = start;
            }
        }
        struct trace_record *r = &t->records[best];
        double duration = r->end;
        r->rank = t->workers[w].rank;
        r->worker = t->workers[w].worker;
        r->start = best_start;
        r->submitted = 1e-6 * (double)best;
        r->end = available[w] = best_start + duration;
        placed[best] = true;
    }
    free(first);
    free(deps);
    free(placed);
    free(available);
}

static struct trace parareal(int slices, int iterations, int workers, int ranks, int steps)
{
    struct trace t = { .nworkers = (size_t)(workers * ranks) };
    t.workers = calloc(t.nworkers, sizeof *t.workers);
    snprintf(t.title, sizeof t.title,
             "black_scholes_2d \342\200\224 Parareal, %d slices, %d iterations", slices,
             iterations);
    for (int w = 0; w < workers * ranks; w++) {
        t.workers[w].rank = w / workers;
        t.workers[w].worker = w % workers;
        t.workers[w].is_gpu = workers > 1 && w % workers == workers - 1;
        snprintf(t.workers[w].name, TRACE_NAME, t.workers[w].is_gpu ? "CUDA 0" : "CPU %d",
                 w % workers);
    }
    seed = 1;
    /* tags: u[n] = 10 n, f[n] = 10 n + 1, gold[n] = 10 n + 2, gnew[n] = 10 n + 3 */
    for (int k = 0; k <= iterations; k++) {
        for (int n = k ? k - 1 : 0; n < slices && k; n++)
            advance(&t, true, steps, n, k, 10 * n, 10 * n + 1);
        for (int n = k ? k - 1 : 0; n < slices; n++) {
            advance(&t, false, 1, n, k, 10 * n, 10 * n + 2 + (k & 1));
            struct trace_record *r = record(&t, k ? "correct" : "copy", "");
            r->slice = n;
            r->iteration = k;
            r->priority = 3;
            r->end = 1.5e-4;
            uses(r, 10 * (n + 1), TRACE_W);
            uses(r, 10 * n + 2 + (k & 1), TRACE_R);
            if (k) {
                uses(r, 10 * n + 1, TRACE_R);
                uses(r, 10 * n + 3 - (k & 1), TRACE_R);
            }
        }
    }
    schedule(&t);
    return t;
}

/* ---------------------------------------------------------------- dependencies and analysis */

static void expect_deps(const struct trace *t, size_t i, size_t n, const size_t *expected)
{
    size_t *first, *deps;
    assert_int_equal(trace_dependencies(t, &first, &deps), 0);
    assert_int_equal(first[i + 1] - first[i], n);
    for (size_t d = 0; d < n; d++)
        assert_int_equal(deps[first[i] + d], expected[d]);
    free(first);
    free(deps);
}

/* W R R W RW, by hand */
static void test_one_handle(void **state)
{
    struct trace t = { 0 };
    static const int modes[] = { TRACE_W, TRACE_R, TRACE_R, TRACE_W, TRACE_RW, TRACE_R };
    for (size_t i = 0; i < 6; i++)
        uses(record(&t, "a", ""), -7, modes[i]);
    expect_deps(&t, 0, 0, NULL);
    expect_deps(&t, 1, 1, (size_t[]){ 0 });
    expect_deps(&t, 2, 1, (size_t[]){ 0 });
    expect_deps(&t, 3, 2, (size_t[]){ 1, 2 });
    expect_deps(&t, 4, 1, (size_t[]){ 3 });
    expect_deps(&t, 5, 1, (size_t[]){ 4 });
    trace_free(&t);
}

/* two shared handles give one edge; scratch and a handle named twice give none of their own */
static void test_shared_handles(void **state)
{
    struct trace t = { 0 };
    struct trace_record *r = record(&t, "a", "");
    uses(r, 1, TRACE_W);
    uses(r, 2, TRACE_W);
    uses(r, 3, 0);
    r = record(&t, "b", "");
    uses(r, 1, TRACE_R);
    uses(r, 2, TRACE_R);
    uses(r, 3, 0);
    uses(r, 1, TRACE_W);
    r = record(&t, "c", "");
    uses(r, 3, 0);
    expect_deps(&t, 1, 1, (size_t[]){ 0 });
    expect_deps(&t, 2, 0, NULL);
    trace_free(&t);
}

enum { RANDOM = 120 };

static void close_relation(bool before[RANDOM][RANDOM])
{
    for (int k = 0; k < RANDOM; k++)
        for (int i = 0; i < RANDOM; i++)
            for (int j = 0; before[i][k] && j < RANDOM; j++)
                before[i][j] |= before[k][j];
}

/* sequential consistency is: any two uses of a handle, one of which writes, keep their order */
static void test_random_handles(void **state)
{
    static bool expected[RANDOM][RANDOM], found[RANDOM][RANDOM];
    seed = 7;
    struct trace t = { 0 };
    size_t *first, *deps, pairs = 0;
    for (int i = 0; i < RANDOM; i++) {
        struct trace_record *r = record(&t, "a", "");
        for (int h = 0; h < 3; h++)
            uses(r, (int64_t)(12 * uniform()), 1 + (int)(3 * uniform()));
    }
    for (int i = 0; i < RANDOM; i++)
        for (int j = 0; j < i; j++)
            for (int g = 0; g < 3; g++)
                for (int h = 0; h < 3; h++)
                    expected[i][j] |=
                        t.records[i].handles[g].tag == t.records[j].handles[h].tag &&
                        ((t.records[i].handles[g].mode | t.records[j].handles[h].mode) & TRACE_W);
    assert_int_equal(trace_dependencies(&t, &first, &deps), 0);
    for (size_t i = 0; i < RANDOM; i++)
        for (size_t d = first[i]; d < first[i + 1]; d++) {
            assert_true(
                expected[i][deps[d]]); /* before the closure: no edge without a shared handle */
            found[i][deps[d]] = true;
        }
    close_relation(expected);
    close_relation(found);
    for (int i = 0; i < RANDOM; i++)
        for (int j = 0; j < RANDOM; j++) {
            assert_int_equal(found[i][j], expected[i][j]);
            pairs += found[i][j];
        }
    assert_true(pairs > RANDOM && pairs < RANDOM * (RANDOM - 1) / 2);
    free(first);
    free(deps);
    trace_free(&t);
}

/* 1 before 2 (3 s) and 3 (1 s) before 4: chain 2 + 3 + 1 s on two workers */
static void test_analysis(void **state)
{
    struct trace t = { 0 };
    struct trace_stats s;
    bool path[4];
    static const double start[] = { 1, 3, 3.5, 6 }, end[] = { 3, 6, 4.5, 7 };
    static const int writes[] = { 1, 2, 3, 4 },
                     reads[][2] = { { 0, 0 }, { 1, 0 }, { 1, 0 }, { 2, 3 } };
    for (int i = 0; i < 4; i++) {
        struct trace_record *r = record(&t, "a", "");
        r->worker = i == 2;
        r->start = start[i];
        r->end = end[i];
        uses(r, writes[i], TRACE_W);
        for (int k = 0; k < 2; k++)
            if (reads[i][k])
                uses(r, reads[i][k], TRACE_R);
    }
    assert_int_equal(trace_analyse(&t, &s, path), 0);
    assert_int_equal(s.tasks, 4);
    assert_int_equal(s.workers, 2);
    assert_true(s.makespan == 6 && s.busy == 7 && s.critical_path == 6);
    assert_true(s.area == 3.5 && s.lower_bound == 6 && s.idle_fraction == 1 - 7.0 / 12);
    assert_true(path[0] && path[1] && !path[2] && path[3]);

    t.makespan = 10; /* measured around the tasks: wins */
    t.workers = calloc(4, sizeof *t.workers);
    t.nworkers = 4; /* and two more workers that idled */
    t.workers[1].worker = 1;
    t.workers[2].rank = t.workers[3].rank = 1;
    t.workers[3].worker = 1;
    assert_int_equal(trace_analyse(&t, &s, NULL), 0);
    assert_int_equal(s.workers, 4);
    assert_true(s.makespan == 10 && s.area == 1.75 && s.idle_fraction == 1 - 7.0 / 40);
    trace_free(&t);
}

/* what holds for every schedule: bounds below the makespan, a path that is a chain, the same after
 * shuffling */
static void test_schedule(void **state)
{
    struct trace t = parareal(16, 5, 4, 2, 8);
    struct trace_stats s, again;
    bool *path = calloc(t.n, sizeof *path);
    size_t *first, *deps, last = SIZE_MAX;
    double length = 0;
    assert_int_equal(trace_analyse(&t, &s, path), 0);
    assert_int_equal(trace_dependencies(&t, &first, &deps), 0);
    assert_true(s.lower_bound <= s.makespan && s.critical_path <= s.lower_bound &&
                s.area <= s.lower_bound);
    assert_true(s.idle_fraction > 0 && s.idle_fraction < 1);
    for (size_t i = 0; i < t.n; i++) {
        bool linked = last == SIZE_MAX;
        for (size_t d = first[i]; d < first[i + 1]; d++) {
            assert_true(t.records[deps[d]].end <= t.records[i].start);
            linked |= deps[d] == last;
        }
        if (!path[i])
            continue;
        assert_true(linked);
        length += t.records[i].end - t.records[i].start;
        last = i;
    }
    assert_near(length, s.critical_path, 1e-12);
    for (size_t i = t.n - 1; i > 0; i--) {
        size_t j = (size_t)(uniform() * (double)(i + 1));
        struct trace_record r = t.records[i];
        t.records[i] = t.records[j];
        t.records[j] = r;
    }
    trace_sort(&t);
    assert_int_equal(trace_analyse(&t, &again, NULL), 0);
    assert_memory_equal(&s, &again, sizeof s);
    free(path);
    free(first);
    free(deps);
    trace_free(&t);
}

/* ---------------------------------------------------------------- formats */

static const char *file(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static char *contents(const char *name)
{
    FILE *in = fopen(file(name), "r");
    assert_non_null(in);
    char *text = NULL;
    size_t size = 0;
    ssize_t n = getdelim(&text, &size, '\0', in);
    assert_true(n > 0 && feof(in));
    fclose(in);
    return text;
}

/* runs a tool on what was written if it is installed: its exit status is 0 */
static void check_by(const char *tool, const char *command)
{
    char line[1024];
    snprintf(line, sizeof line, "command -v %s >/dev/null 2>&1", tool);
    if (system(line)) {
        print_message("%s is not installed: not asked\n", tool);
        return;
    }
    snprintf(line, sizeof line, "cd %s && %s", dir, command);
    if (system(line))
        fail_msg("%s", command);
}

/* names that end strings, tags and records where they are not escaped; no UTF-8; full length */
static const char *const nasty[] = { "a\"b'c\\",     "</script><b>&amp;",
                                     "x\ny: z",      "\303\251t\303\251 \342\202\254",
                                     "cut \342\202", "12345678901234567890123",
                                     "%d\t{}|<>",    "# -- ]]>",
                                     "\\\nName: b" };
enum { NASTY = sizeof nasty / sizeof *nasty };

static struct trace nasty_trace(void)
{
    struct trace t = parareal(6, 2, 2, 2, 3);
    for (int i = 0; i < 40; i++) {
        struct trace_record *r = record(&t, nasty[i % NASTY], nasty[(i / 3) % NASTY]);
        r->id = 1000000000000 + i;
        r->rank = i % 2;
        r->worker = 5 + i % 3; /* in no table */
        r->priority = -i;
        r->cancelled = i & 1;
        r->footprint = 0xfffffff0u + (uint32_t)i % 16;
        r->submitted = -1e-3 * uniform();
        r->start = uniform() / 3 * pow(10, -i % 12);
        r->end = r->start + uniform() * pow(10, -i % 9);
        r->gflop = uniform() * 1e-7;
        for (int h = 0; h < i % 12; h++)
            uses(r, INT64_MIN + h * (int64_t)i, h % 4);
    }
    snprintf(t.title, sizeof t.title, "%s \"%s\"", nasty[1], nasty[3]);
    snprintf(t.workers[0].name, TRACE_NAME, "%s", nasty[0]);
    t.makespan = 1.0 / 3;
    return t;
}

static struct trace written; /* what the files in dir show */

static int write_nasty(void **state)
{
    if (!mkdtemp(dir))
        return -1;
    written = nasty_trace();
    return trace_write(&written, dir);
}

static int remove_nasty(void **state)
{
    char line[64];
    trace_free(&written);
    snprintf(line, sizeof line, "rm -rf %s", dir);
    return system(line);
}

/* every field of every record, to the last bit of the times */
static void test_rec(void **state)
{
    struct trace t;
    assert_int_equal(trace_read(&t, dir), 0);
    assert_int_equal(t.n, written.n);
    assert_int_equal(t.nworkers, written.nworkers);
    assert_string_equal(t.title, written.title);
    assert_true(t.makespan == written.makespan);
    for (size_t w = 0; w < t.nworkers; w++) {
        assert_string_equal(t.workers[w].name, written.workers[w].name);
        assert_int_equal(t.workers[w].rank, written.workers[w].rank);
        assert_int_equal(t.workers[w].worker, written.workers[w].worker);
        assert_int_equal(t.workers[w].is_gpu, written.workers[w].is_gpu);
    }
    for (size_t i = 0; i < t.n; i++) {
        const struct trace_record *a = &t.records[i], *b = &written.records[i];
        assert_string_equal(a->codelet, b->codelet);
        assert_string_equal(a->label, b->label);
        assert_int_equal(a->id, b->id);
        assert_true(a->rank == b->rank && a->worker == b->worker && a->priority == b->priority);
        assert_true(a->slice == b->slice && a->iteration == b->iteration && a->node == b->node);
        assert_true(a->sweep == b->sweep && a->cancelled == b->cancelled &&
                    a->footprint == b->footprint);
        assert_true(a->submitted == b->submitted && a->start == b->start && a->end == b->end);
        assert_true(a->gflop == b->gflop && a->nhandles == b->nhandles);
        for (uint32_t h = 0; h < a->nhandles && h < TRACE_HANDLES; h++) {
            assert_true(a->handles[h].tag == b->handles[h].tag);
            assert_true(a->handles[h].bytes == b->handles[h].bytes);
            assert_int_equal(a->handles[h].mode, b->handles[h].mode);
        }
    }
    trace_free(&t);
    char line[256];
    snprintf(line, sizeof line, "test $(recsel -c tasks.rec) = %zu && recinf tasks.rec >/dev/null",
             written.n);
    check_by("recsel", line);
    check_by("recsel", "recsel -P Handle,Size,MPIOwner data.rec >/dev/null && rec2csv -S Handle "
                       "data.rec >/dev/null");
    check_by("recsel", "recsel -e 'JobId = 3' -P EndTime,Handles tasks.rec >/dev/null");
}

static void test_perfetto(void **state)
{
    json_error_t error;
    json_t *root = json_load_file(file("perfetto.json"), 0, &error), *e;
    if (!root)
        fail_msg("perfetto.json:%d: %s", error.line, error.text);
    size_t i, tasks = 0, begins = 0, ends = 0, names = 0, *first, *deps;
    double busy = 0;
    assert_int_equal(trace_dependencies(&written, &first, &deps), 0);
    json_array_foreach(json_object_get(root, "traceEvents"), i, e)
    {
        const char *ph = json_string_value(json_object_get(e, "ph"));
        begins += *ph == 's';
        ends += *ph == 'f';
        names +=
            *ph == 'M' && !strcmp(json_string_value(json_object_get(e, "name")), "thread_name");
        if (*ph != 'X')
            continue;
        json_t *args = json_object_get(e, "args");
        const json_int_t id = json_integer_value(json_object_get(args, "id"));
        const struct trace_record *r = written.records;
        while (r->id != id)
            assert_true(++r < written.records + written.n);
        assert_int_equal(json_integer_value(json_object_get(e, "pid")), r->rank);
        assert_int_equal(json_integer_value(json_object_get(e, "tid")), r->worker);
        assert_near(json_number_value(json_object_get(e, "ts")), 1e6 * r->start, 1e-3);
        assert_near(json_number_value(json_object_get(e, "dur")), 1e6 * (r->end - r->start), 1e-3);
        if (r->slice >= 0)
            assert_int_equal(json_integer_value(json_object_get(args, "slice")), r->slice);
        else
            assert_null(json_object_get(args, "slice"));
        if (!strchr(r->codelet, '\342')) /* one of these is cut */
            assert_string_equal(json_string_value(json_object_get(e, "name")), r->codelet);
        busy += json_number_value(json_object_get(e, "dur"));
        tasks++;
    }
    struct trace_stats s;
    assert_int_equal(trace_analyse(&written, &s, NULL), 0);
    assert_int_equal(tasks, written.n);
    assert_int_equal(names, s.workers);
    assert_int_equal(begins, first[written.n]);
    assert_int_equal(ends, begins);
    assert_near(busy, 1e6 * s.busy, 1);
    free(first);
    free(deps);
    json_decref(root);
}

/* the data in the page is JSON that cannot end its script; nothing is loaded from anywhere */
static void test_html(void **state)
{
    char *text = contents("trace.html");
    static const char open[] = "<script type=\"application/json\" id=\"data\">";
    char *data = strstr(text, open);
    assert_non_null(data);
    data += strlen(open);
    char *end = strstr(data, "</script>");
    assert_non_null(end);
    json_t *root = json_loadb(data, (size_t)(end - data), 0, NULL);
    assert_non_null(root);
    static const char *const columns[] = { "id",    "start", "duration", "codelet",
                                           "label", "slice", "path",     "waits" };
    for (int i = 0; i < 8; i++)
        assert_int_equal(json_array_size(json_object_get(root, columns[i])), written.n);
    assert_string_equal(json_string_value(json_object_get(root, "title")), written.title);
    assert_null(strstr(text, "http"));
    assert_null(strstr(text, "src="));
    json_decref(root);
    free(text);
}

/* states of the workers, replayed: in order of time, and as long as the tasks are */
static void test_paje(void **state)
{
    struct trace t = parareal(12, 4, 3, 2, 6);
    struct trace_stats s;
    FILE *out = fopen(file("paje.trace"), "w");
    assert_int_equal(trace_write_paje(&t, out), 0);
    fclose(out);
    assert_int_equal(trace_analyse(&t, &s, NULL), 0);
    char *text = contents("paje.trace"), *save = NULL;
    double last = 0, busy = 0, began[6], time;
    bool running[6] = { false };
    int event, rank, worker;
    for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        if (sscanf(l, "%d %lf State r%dw%d", &event, &time, &rank, &worker) != 4)
            continue;
        if (event != 10 && event != 20)
            continue;
        assert_true(time >= last);
        last = time;
        if (running[3 * rank + worker])
            busy += time - began[3 * rank + worker];
        running[3 * rank + worker] = event == 20;
        began[3 * rank + worker] = time;
    }
    assert_near(busy, s.busy, 1e-9 * (double)t.n);
    free(text);
    char line[128];
    snprintf(
        line, sizeof line,
        "pj_dump -u paje.trace >pj.log && test $(grep '^State' pj.log | grep -vc ', Idle$') = %zu",
        t.n);
    size_t expected = 0; /* changes of the iteration on a worker */
    for (int w = 0; w < 6; w++) {
        int32_t iteration = -1;
        for (double after = -1; after < INFINITY;) {
            const struct trace_record *next = NULL;
            for (size_t i = 0; i < t.n; i++)
                if (t.records[i].rank == w / 3 && t.records[i].worker == w % 3 &&
                    t.records[i].start > after && (!next || t.records[i].start < next->start))
                    next = &t.records[i];
            after = next ? next->start : INFINITY;
            expected += next && next->iteration != iteration;
            iteration = next ? next->iteration : -1;
        }
    }
    char count[512];
    snprintf(count, sizeof count, "test $(grep -c '^13 .* Iteration r' paje.trace) = %zu",
             expected);
    check_by("grep", count);
    check_by("pj_dump", "pj_dump -u paje.trace | grep '^Variable' | grep -q 'Iteration'");
    /* what StarVZ reads: 8 columns, then 11 of StarPU's, the last but one the iteration */
    check_by(
        "pj_dump",
        "pj_dump -o -n --user-defined paje.trace | grep 'Worker State' | grep -v Idle | awk -F, "
        "'NF != 19 { exit 1 } { n[$18] } END { exit length(n) != 5 }'");
    check_by("pj_dump",
             "pj_dump paje.trace | grep -q '^State, 0_CPU0, Worker State,.* step fine mcs_adi$'");
    check_by("pj_validate", "pj_validate paje.trace >pj.log 2>&1");
    check_by("pj_dump", line);
    out = fopen(file("paje.trace"), "w");
    assert_int_equal(trace_write_paje(&written, out), 0);
    fclose(out);
    check_by("pj_dump", "pj_dump -u paje.trace >pj.log 2>&1");
    trace_free(&t);
}

static void test_dot(void **state)
{
    char *text = contents("dag.dot");
    size_t nodes = 0, edges = 0, *first, *deps;
    for (const char *p = text; (p = strstr(p, " [label=")); p++)
        nodes++;
    for (const char *p = text; (p = strstr(p, " -> ")); p++)
        edges++;
    assert_int_equal(trace_dependencies(&written, &first, &deps), 0);
    assert_int_equal(nodes, written.n);
    assert_int_equal(edges, first[written.n]);
    free(first);
    free(deps);
    free(text);
    check_by("dot", "dot -Tsvg dag.dot >dag.svg");
    char line[128];
    snprintf(line, sizeof line, "test $(grep -c 'class=\"node\"' dag.svg) = %zu", written.n);
    check_by("dot", line);
    check_by("dot", "grep -q 'step s2 k1 m0 j1' dag.svg");
}

/* well-formed, and of bounded size however many tasks there are */
static void test_svg(void **state)
{
    check_by("xmllint", "xmllint --noout trace.svg");
    struct trace t = parareal(100, 20, 4, 1, 10);
    struct stat st;
    FILE *out = fopen(file("big.svg"), "w");
    assert_true(t.n > 20000);
    assert_int_equal(trace_write_svg(&t, out), 0);
    fclose(out);
    assert_int_equal(stat(file("big.svg"), &st), 0);
    assert_true(st.st_size < 1 << 20);
    check_by("xmllint", "xmllint --noout big.svg");
    trace_free(&t);
}

static void test_empty(void **state)
{
    struct trace t = { 0 }, back;
    struct trace_stats s;
    char sub[64];
    snprintf(sub, sizeof sub, "%s/empty", dir);
    assert_int_equal(trace_analyse(&t, &s, NULL), 0);
    assert_true(s.makespan == 0 && s.idle_fraction == 0 && s.lower_bound == 0);
    assert_int_equal(trace_write(&t, sub), 0);
    assert_int_equal(trace_read(&back, sub), 0);
    assert_int_equal(back.n, 0);
    trace_free(&back);
    check_by("pj_dump", "pj_dump -q empty/paje.trace >pj.log 2>&1");
    check_by("xmllint", "xmllint --noout empty/trace.svg");
}

/* ---------------------------------------------------------------- bad input */

/* what trace_read says to a file of this text: one line, with these words */
static void refused(const char *text, const char *words)
{
    struct trace t;
    char said[512];
    FILE *out = fopen(file("tasks.rec"), "w");
    fputs(text, out);
    fclose(out);
    fflush(stderr);
    int keep = dup(2), log = open(file("stderr"), O_RDWR | O_CREAT | O_TRUNC, 0666);
    dup2(log, 2);
    int err = trace_read(&t, dir);
    fflush(stderr);
    dup2(keep, 2);
    ssize_t n = pread(log, said, sizeof said - 1, 0);
    close(log);
    close(keep);
    said[n > 0 ? n : 0] = '\0';
    assert_int_equal(err, -EINVAL);
    if (!strstr(said, words) || strchr(said, '\n') != said + n - 1)
        fail_msg("'%s' instead of one line with '%s'", said, words);
}

#define TASK "Name: a\nJobId: 1\nWorkerId: 0\nStartTime: 1\n"

static void test_bad_rec(void **state)
{
    refused("Name a\n", "tasks.rec:1: expected 'Field: value'");
    refused("\n" TASK, "tasks.rec:2: the task has no field 'EndTime'");
    refused(TASK "EndTime: 0.5\n", "tasks.rec:1: the task ends before it starts");
    refused(TASK "EndTime: soon\n", "tasks.rec:5: EndTime: 'soon' is not a decimal number");
    refused(TASK "EndTime: 2x\n", "tasks.rec:5: EndTime");
    refused(TASK "EndTime: nan\n", "tasks.rec:5: EndTime");
    refused("WorkerId: 99999999999\n", "tasks.rec:1: WorkerId");
    refused("Modes: R X\n", "tasks.rec:1: Modes: 'X' is not R, W, RW or SCRATCH");
    refused("Handles: 0x1 zz\n", "tasks.rec:1: Handles: 'zz'");
    refused("# Tasks: 2\n" TASK "EndTime: 3\n", "tasks.rec:6: the file ends after 1 of 2 tasks");
    refused("# Worker: rank 0\n", "tasks.rec:1: Worker");
    refused("# Makespan: long\n", "tasks.rec:1: Makespan");
}

/* what StarPU itself writes has other fields and fewer; ids need not be in order */
static void test_starpu_rec(void **state)
{
    struct trace t;
    FILE *out = fopen(file("tasks.rec"), "w");
    fputs(
        "Control: Task\nJobId: 7\nName: b\nTag: 1\nWorkerId: 1\nStartTime: 3.250000\nEndTime: 5.0\n"
        "Handles: 0xff 0x10\nModes: RW R\nSizes: 8 16\n\n" TASK "EndTime: 3\n",
        out);
    fclose(out);
    assert_int_equal(trace_read(&t, dir), 0);
    assert_int_equal(t.n, 2);
    assert_int_equal(t.records[0].id, 1);
    assert_int_equal(t.records[0].slice, -1);
    assert_true(t.records[1].start == 3.25e-3);
    assert_int_equal(t.records[1].handles[0].tag, 255);
    assert_int_equal(t.records[1].handles[1].bytes, 16);
    trace_free(&t);
}

int main(int argc, char **argv)
{
    if (argc == 7 && !strcmp(argv[1], "--write")) {
        struct trace t = parareal(atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), atoi(argv[6]), 4);
        int err = trace_write(&t, argv[2]);
        printf("%zu tasks in %s\n", t.n, argv[2]);
        trace_free(&t);
        return err ? 1 : 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_handle),
        cmocka_unit_test(test_shared_handles),
        cmocka_unit_test(test_random_handles),
        cmocka_unit_test(test_analysis),
        cmocka_unit_test(test_schedule),
        cmocka_unit_test(test_rec),
        cmocka_unit_test(test_perfetto),
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_paje),
        cmocka_unit_test(test_dot),
        cmocka_unit_test(test_svg),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_bad_rec), /* overwrites tasks.rec */
        cmocka_unit_test(test_starpu_rec),
    };
    return cmocka_run_group_tests(tests, write_nasty, remove_nasty);
}
