// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What a trace says about its schedule, against schedules whose answer is known: a chain,
 * independent tasks, a fork and join with a known idle time, late submission, ranks that wait for
 * data; and on random schedules the identities that hold for all of them: causes of idle time add
 * up to it, slack is what longest paths through the closed relation give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/trace.h"
#include "core/trace_index.h"
#include "tests/near.h"

static const double ms = 1e-3;

static struct trace workers(size_t n)
{
    struct trace t = { .nworkers = n, .workers = calloc(n, sizeof *t.workers) };
    for (size_t w = 0; w < n; w++)
        t.workers[w].worker = (int32_t)w;
    return t;
}

/* from, to: milliseconds; it reads the handles up to 0 and writes one */
static struct trace_record *task(struct trace *t, const char *codelet, int worker, double from,
                                 double to, int writes, const int *reads)
{
    struct trace_record r = { .id = (int64_t)t->n,
                              .slice = -1,
                              .iteration = -1,
                              .node = -1,
                              .sweep = -1,
                              .worker = worker,
                              .start = from * ms,
                              .end = to * ms };
    snprintf(r.codelet, sizeof r.codelet, "%s", codelet);
    r.handles[r.nhandles].mode = TRACE_W;
    r.handles[r.nhandles].bytes = 1000;
    r.handles[r.nhandles++].tag = writes;
    for (; reads && *reads; reads++) {
        r.handles[r.nhandles].mode = TRACE_R;
        r.handles[r.nhandles].bytes = 1000;
        r.handles[r.nhandles++].tag = *reads;
    }
    assert_int_equal(trace_add(t, &r), 0);
    return &t->records[t->n - 1];
}

struct findings {
    struct trace_index x;
    struct trace_kinds kinds;
    struct trace_chain chain;
    struct trace_idle idle;
    double phase[PHASES], cause[CAUSES];
    char *words;
};

static struct findings look(const struct trace *t)
{
    struct findings f = { 0 };
    size_t size;
    FILE *out = open_memstream(&f.words, &size);
    assert_int_equal(trace_report(t, out), 0);
    fclose(out);
    assert_int_equal(trace_index_make(&f.x, t), 0);
    assert_int_equal(trace_kinds_make(&f.kinds, t, &f.x), 0);
    assert_int_equal(trace_chain_make(&f.chain, t, &f.x), 0);
    assert_int_equal(trace_idle_make(&f.idle, t, &f.x, &f.kinds), 0);
    for (int p = 0; p < PHASES; p++)
        for (int c = 0; c < CAUSES; c++) {
            f.phase[p] += f.idle.seconds[p][c];
            f.cause[c] += f.idle.seconds[p][c];
        }
    return f;
}

static void forget(struct findings *f, struct trace *t)
{
    trace_idle_free(&f->idle);
    trace_chain_free(&f->chain);
    trace_kinds_free(&f->kinds);
    trace_index_free(&f->x);
    free(f->words);
    trace_free(t);
}

static void says(const struct findings *f, const char *words)
{
    if (!strstr(f->words, words))
        fail_msg("'%s' is not in:\n%s", words, f->words);
}

/* the last line */
static void recommends(const struct findings *f, const char *words)
{
    const char *last = strstr(f->words, "\nRecommendation: ");
    assert_non_null(last);
    assert_ptr_equal(strchr(last + 1, '\n'), f->words + strlen(f->words) - 1);
    if (!strstr(last, words))
        fail_msg("'%s' is not in:%s", words, last);
}

/* Ten tasks of 1 ms, each of which reads what the one before wrote, on one of two workers. */
static void test_chain(void **state)
{
    struct trace t = workers(2);
    for (int i = 0; i < 10; i++)
        task(&t, "step", 0, i, i + 1, i + 1, (int[]){ i, 0 });
    struct findings f = look(&t);
    assert_near(f.chain.length, 10 * ms, 1e-12);
    assert_int_equal(f.chain.tasks, 10);
    for (size_t i = 0; i < t.n; i++)
        assert_true(f.chain.on[i] && f.chain.slack[i] == 0);
    assert_near(f.phase[PHASE_START], 10 * ms, 1e-12);
    assert_near(f.cause[CAUSE_DEPENDENCIES], 9 * ms, 1e-12);
    assert_near(f.cause[CAUSE_DONE], 1 * ms, 1e-12);
    says(&f, "10 tasks, one after the other on data or on a worker, take 10 ms, 100.0 % of the "
             "makespan:\n  step 100.0 %");
    says(&f, "Idle: 10 ms of worker time, 50.0 %: 100.0 % of it before a worker's first task");
    says(&f, "90.0 %  every task left waited for running ones");
    says(&f, "Small tasks: 0 of 10");
    recommends(
        &f, "the longest chain of data takes 100 % of the makespan, so more workers do not help");
    forget(&f, &t);
}

/* Eight of 1 ms on four workers, nothing in common: no idle time; twice the workers would be twice
 * as fast. */
static void test_independent(void **state)
{
    struct trace t = workers(4);
    for (int i = 0; i < 8; i++)
        task(&t, "step", i % 4, i / 4, i / 4 + 1, i + 1, NULL);
    struct findings f = look(&t);
    assert_near(f.chain.length, 2 * ms, 1e-12);
    assert_int_equal(f.chain.tasks, 2);
    for (size_t i = 0; i < t.n; i++)
        assert_true(f.chain.slack[i] == 0);
    says(&f, "Idle: 0 us of worker time, 0.0 %.");
    says(&f, "On data alone the longest chain takes 1 ms, 50.0 % of the makespan");
    says(&f, "Transfers: none");
    recommends(&f, "the workers are busy; 100 % of it is step. More workers can make the run up to "
                   "2.0 times as fast.");
    forget(&f, &t);
}

/* 2 ms, then 1, 2, 3 and 4 ms on four workers, then 1 ms when all have ended. */
static void test_fork_join(void **state)
{
    struct trace t = workers(4);
    task(&t, "fork", 0, 0, 2, 1, NULL);
    for (int w = 0; w < 4; w++)
        task(&t, "body", w, 2, 3 + w, 2 + w, (int[]){ 1, 0 });
    task(&t, "join", 0, 6, 7, 6, (int[]){ 2, 3, 4, 5, 0 });
    struct findings f = look(&t);
    static const double slack[] = { 0, 3, 2, 1, 0, 0 };
    for (size_t i = 0; i < 6; i++) {
        assert_near(f.chain.slack[i], slack[i] * ms, 1e-12);
        assert_int_equal(f.chain.on[i], i == 0 || i >= 4);
    }
    assert_near(f.chain.length, 7 * ms, 1e-12);
    assert_near(f.phase[PHASE_START], 6 * ms, 1e-12);
    assert_near(f.phase[PHASE_BETWEEN], 3 * ms, 1e-12);
    assert_near(f.phase[PHASE_END], 6 * ms, 1e-12);
    assert_near(f.cause[CAUSE_DEPENDENCIES], 12 * ms, 1e-12);
    assert_near(f.cause[CAUSE_DONE], 3 * ms, 1e-12);
    assert_near(f.idle.waited[f.kinds.of[0]], 6 * ms,
                1e-12); /* three workers, before the fork's end */
    assert_near(f.idle.waited[f.kinds.of[4]], 3 * ms, 1e-12);
    says(&f, "body 57.1 %, fork 28.6 %, join 14.3 %");
    says(&f, "Idle: 15 ms of worker time, 53.6 %: 40.0 % of it before a worker's first task, 20.0 "
             "% of it between its tasks, "
             "40.0 % of it after its last.");
    says(&f, "80.0 %  every task left waited for running ones: fork 50.0 %, body 25.0 %");
    says(&f, "20.0 %  no task was left to start");
    forget(&f, &t);
}

/* A worker waits 3 ms for a task that is submitted late, then 1 ms although it is there. */
static void test_submission(void **state)
{
    struct trace t = workers(1);
    task(&t, "a", 0, 0, 1, 1, NULL);
    task(&t, "b", 0, 5, 6, 2, (int[]){ 1, 0 })->submitted = 4 * ms;
    struct findings f = look(&t);
    assert_near(f.idle.seconds[PHASE_BETWEEN][CAUSE_SUBMISSION], 3 * ms, 1e-12);
    assert_near(f.idle.seconds[PHASE_BETWEEN][CAUSE_RUNTIME], 1 * ms, 1e-12);
    recommends(&f, "method.lookahead");
    forget(&f, &t);
}

/* A task that could have run on the idle worker from 1 to 4 ms; tasks that only ever ran on a GPU
 * could not. */
static void test_runtime(void **state)
{
    struct trace t = workers(3);
    t.workers[2].is_gpu = 1;
    task(&t, "a", 0, 0, 1, 1, NULL);
    task(&t, "b", 0, 4, 8, 2, (int[]){ 1, 0 });
    task(&t, "g", 2, 7, 8, 3, (int[]){ 1, 0 });
    struct findings f = look(&t);
    assert_near(f.idle.seconds[PHASE_BETWEEN][CAUSE_RUNTIME], 3 * ms, 1e-12); /* worker 0 */
    assert_near(f.idle.seconds[PHASE_START][CAUSE_DEPENDENCIES], 2 * ms,
                1e-12); /* 1 and 2, while a ran */
    assert_near(f.idle.seconds[PHASE_START][CAUSE_RUNTIME], 9 * ms,
                1e-12); /* 1 to 4, and the GPU until 7 */
    assert_near(f.idle.seconds[PHASE_START][CAUSE_DONE], 4 * ms, 1e-12);
    snprintf(t.scheduler, sizeof t.scheduler, "eager");
    free(f.words);
    size_t size;
    FILE *out = open_memstream(&f.words, &size);
    assert_int_equal(trace_report(&t, out), 0);
    fclose(out);
    recommends(&f, "tasks start 3 ms late although their worker is free");
    forget(&f, &t);
}

/* Workers 1 and 2 do nothing for 9 ms each although there is work, as all of it was given to worker
 * 0. */
static void test_scheduler(void **state)
{
    struct trace t = workers(3);
    snprintf(t.scheduler, sizeof t.scheduler, "eager");
    for (int i = 0; i < 10; i++)
        task(&t, "a", 0, i, i + 1, i + 1, NULL);
    struct findings f = look(&t);
    assert_near(f.idle.seconds[PHASE_START][CAUSE_RUNTIME], 18 * ms, 1e-12);
    assert_near(f.idle.seconds[PHASE_START][CAUSE_DONE], 2 * ms, 1e-12);
    recommends(&f,
               "idle while tasks were ready: try another scheduler (machine.scheduler, now eager)");
    forget(&f, &t);
}

/* The second rank waits 2 ms for what the first wrote; a second reader there finds it. */
static void test_transfers(void **state)
{
    struct trace t = workers(2);
    struct trace_transfer *list;
    size_t n, bytes;
    double overhead;
    t.workers[1] = (struct trace_worker){ .rank = 1, .memory_node = 1 };
    task(&t, "a", 0, 0, 4, 1, NULL);
    task(&t, "b", 0, 6, 7, 2, (int[]){ 1, 0 })->rank = 1;
    task(&t, "b", 0, 7, 8, 3, (int[]){ 1, 0 })->rank = 1;
    assert_int_equal(trace_transfers(&t, &list, &n), 0);
    assert_int_equal(n, 1);
    assert_true(list[0].from == 0 && list[0].to == 1 && list[0].bytes == 1000 &&
                list[0].between_ranks);
    free(list);
    assert_int_equal(trace_cost(&t, &overhead, &bytes), 0);
    assert_int_equal(bytes, 1000);
    struct findings f = look(&t);
    assert_near(f.idle.seconds[PHASE_START][CAUSE_TRANSFER], 2 * ms, 1e-12);
    says(&f, "Transfers: 1 between ranks, 0.001 MB; 0 between memories of a rank");
    says(&f, "that read it elsewhere: 2 ms on average");
    forget(&f, &t);
    /* a copy of it in another memory of the same rank */
    t = workers(2);
    t.workers[1].memory_node = 1;
    task(&t, "a", 0, 0, 4, 1, NULL);
    task(&t, "b", 1, 4, 7, 2, (int[]){ 1, 0 });
    assert_int_equal(trace_transfers(&t, &list, &n), 0);
    assert_true(n == 1 && !list[0].between_ranks);
    assert_int_equal(trace_cost(&t, &overhead, &bytes), 0);
    assert_int_equal(bytes, 0);
    free(list);
    trace_free(&t);
}

static void test_models(void **state)
{
    struct trace t = workers(2);
    for (int i = 0; i < 20; i++)
        task(&t, i < 5 ? "new" : "known", i % 2, i / 2, i / 2 + 1, i + 1, NULL)->predicted =
            i < 5 ? 0 : 1.1 * ms;
    struct findings f = look(&t);
    says(&f, "Performance models: the trace does not say.");
    forget(&f, &t);
    t = workers(2);
    for (int i = 0; i < 20; i++)
        task(&t, i < 5 ? "new" : "known", i % 2, i / 2, i / 2 + 1, i + 1, NULL)->predicted =
            i < 5 ? 0 : 1.1 * ms;
    snprintf(t.scheduler, sizeof t.scheduler, "dmdas");
    f = look(&t);
    says(&f, "missing for 5 of 20 tasks under dmdas: new 100.0 %; the others are off by 10.0 % "
             "(median)");
    recommends(&f, "STARPU_CALIBRATE=1");
    forget(&f, &t);
}

/* 60 of 10 us with 30 us between them, on one worker */
static void test_small(void **state)
{
    struct trace t = workers(1);
    for (int i = 0; i < 60; i++)
        task(&t, i % 3 ? "tiny" : "small", 0, 0.04 * i, 0.04 * i + 0.01, i + 1, NULL);
    struct findings f = look(&t);
    says(&f, "Small tasks: 60 of 60 are shorter than 100 us, 100.0 % of the busy time; from ready "
             "to started a task takes "
             "29.5 us on average.\n  tiny 66.7 %, small 33.3 %");
    recommends(&f, "60 of 60 tasks are too small");
    forget(&f, &t);
}

static uint32_t seed;

static double uniform(void) /* [0, 1) */
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) / 16777216.0;
}

/* in order of submission on random workers, as early as data and worker allow, but for random
 * pauses */
static struct trace random_schedule(int n, int nworkers)
{
    struct trace t = workers((size_t)nworkers);
    double available[8] = { 0 }, written[13] = { 0 }, read[13] = { 0 };
    for (int i = 0; i < n; i++) {
        const int w = (int)(nworkers * uniform());
        const int to = 1 + (int)(12 * uniform()),
                  from[3] = { 1 + (int)(12 * uniform()), 1 + (int)(12 * uniform()), 0 };
        double start = fmax(available[w], fmax(written[to], read[to]));
        start = fmax(start, fmax(written[from[0]], written[from[1]])) +
                (uniform() < 0.3 ? uniform() : 0);
        const double end = available[w] = start + 0.01 + uniform();
        written[to] = end;
        read[from[0]] = fmax(read[from[0]], end);
        read[from[1]] = fmax(read[from[1]], end);
        task(&t, i % 3 ? "a" : "b", w, start, end, to, from)->submitted = start * ms * uniform();
    }
    return t;
}

enum { RANDOM = 90 };

static void test_random(void **state)
{
    static double longest[RANDOM][RANDOM]; /* between starts; -inf: no path */
    for (seed = 1; seed < 40; seed += 13) {
        struct trace t = random_schedule(RANDOM, 4);
        struct findings f = look(&t);
        double sum = 0, length = 0;
        for (int c = 0; c < CAUSES; c++)
            sum += f.cause[c];
        assert_near(sum, 4 * f.x.stats.makespan - f.x.stats.busy, 1e-12);
        for (size_t w = 0; w < 4; w++) {
            double idle = 0;
            for (int c = 0; c < CAUSES; c++)
                idle += f.idle.worker[w][c];
            assert_near(idle, f.x.stats.makespan - f.x.busy[w], 1e-12);
        }
        for (size_t i = 0; i < RANDOM; i++)
            for (size_t j = 0; j < RANDOM; j++)
                longest[i][j] = i == j ? 0 : -INFINITY;
        for (size_t i = 0; i < RANDOM; i++)
            for (size_t d = f.x.dep_first[i]; d < f.x.dep_first[i + 1]; d++)
                longest[f.x.deps[d]][i] = t.records[f.x.deps[d]].end - t.records[f.x.deps[d]].start;
        for (size_t w = 0; w < 4; w++)
            for (size_t k = f.x.first[w] + 1; k < f.x.first[w + 1]; k++)
                longest[f.x.order[k - 1]][f.x.order[k]] =
                    t.records[f.x.order[k - 1]].end - t.records[f.x.order[k - 1]].start;
        for (size_t k = 0; k < RANDOM; k++)
            for (size_t i = 0; i < RANDOM; i++)
                for (size_t j = 0; j < RANDOM; j++)
                    longest[i][j] = fmax(longest[i][j], longest[i][k] + longest[k][j]);
        for (size_t i = 0; i < RANDOM; i++) {
            double down = 0, up = 0;
            for (size_t j = 0; j < RANDOM; j++) {
                down = fmax(down, longest[j][i]);
                up = fmax(up, longest[i][j] + t.records[j].end - t.records[j].start);
            }
            length = fmax(length, down + up);
            assert_near(f.chain.slack[i], f.chain.length - down - up, 1e-12);
        }
        assert_near(f.chain.length, length, 1e-12);
        assert_true(f.chain.length <= f.x.stats.makespan + 1e-12 &&
                    f.chain.length >= f.x.stats.critical_path - 1e-12);
        forget(&f, &t);
    }
}

static void test_empty(void **state)
{
    struct trace t = { 0 };
    struct findings f = look(&t);
    recommends(&f, "none, no task ran");
    forget(&f, &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain),     cmocka_unit_test(test_independent),
        cmocka_unit_test(test_fork_join), cmocka_unit_test(test_submission),
        cmocka_unit_test(test_runtime),   cmocka_unit_test(test_scheduler),
        cmocka_unit_test(test_transfers), cmocka_unit_test(test_models),
        cmocka_unit_test(test_small),     cmocka_unit_test(test_random),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
