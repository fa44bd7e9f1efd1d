// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* starpint trace: the pictures of a run's trace, made again from its tasks.rec, and what they say
 * in numbers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/config.h"
#include "core/log.h"
#include "core/trace.h"
#include "drivers/commands.h"

static const struct {
    const char *option, *file, *help;
    int (*write)(const struct trace *, FILE *);
} formats[] = {
    { "--html", "trace.html", "viewer: one page, opens in any browser", trace_write_html },
    { "--svg", "trace.svg", "picture of the schedule", trace_write_svg },
    { "--paje", "paje.trace", "for ViTE and pajeng", trace_write_paje },
    { "--perfetto", "perfetto.json", "for ui.perfetto.dev and chrome://tracing",
      trace_write_perfetto },
    { "--dot", "dag.dot", "task graph, for graphviz", trace_write_dot },
};
enum { FORMATS = sizeof formats / sizeof *formats };

static void usage(void)
{
    puts("Usage: starpint trace DIR [OPTION]...\n"
         "Turns the trace of a run (its DIR/trace/tasks.rec, written with trace.enabled: true) "
         "into\n"
         "something to look at. Without options: all formats, and the report.\n\nOptions:");
    for (int i = 0; i < FORMATS; i++)
        printf("  %-13s DIR/trace/%-14s %s\n", formats[i].option, formats[i].file, formats[i].help);
    puts("  --report      what held the run back, in words and numbers: makespan and lower bound, "
         "critical\n"
         "                path, idle time and its causes, small tasks, performance models, "
         "transfers, what to try\n"
         "  --compare B   against the trace of the run in B: with --html DIR/trace/compare.html, "
         "both on one axis\n"
         "                of time; with --report totals of codelets; alone both\n\n"
         "Examples:\n"
         "  starpint trace results/bs2d --html && xdg-open results/bs2d/trace/trace.html\n"
         "  starpint trace results/bs2d --report\n"
         "  starpint trace results/bs2d --compare results/eager --html\n"
         "  starpint trace results/bs2d --paje && vite results/bs2d/trace/paje.trace\n\n"
         "How to read them: docs/traces.md. The address of the viewer holds what it shows: "
         "trace.html#path=schedule\n"
         "Exit status: 0 success, 1 a file could not be written, 2 the input is wrong.");
}

struct total {
    const char *name;
    size_t tasks;
    double seconds, longest;
};

static int by_seconds(const void *a, const void *b)
{
    const struct total *p = a, *q = b;
    return (p->seconds < q->seconds) - (p->seconds > q->seconds);
}

/* of every codelet, in the order of their first tasks; the caller frees. NULL: no memory */
static struct total *totals_of(const struct trace *t, size_t *count)
{
    struct total *totals = calloc(t->n + 1, sizeof *totals);
    size_t n = 0;
    for (size_t i = 0; totals && i < t->n; i++) {
        const struct trace_record *r = &t->records[i];
        size_t k = 0;
        while (k < n && strcmp(totals[k].name, r->codelet))
            k++;
        n += k == n;
        totals[k].name = r->codelet;
        totals[k].tasks++;
        totals[k].seconds += r->end - r->start;
        if (r->end - r->start > totals[k].longest)
            totals[k].longest = r->end - r->start;
    }
    *count = n;
    return totals;
}

static int codelets(const struct trace *t, double busy)
{
    size_t n;
    struct total *totals = totals_of(t, &n);
    if (!totals)
        return log_error(-ENOMEM, "no memory left for the report");
    qsort(totals, n, sizeof *totals, by_seconds);
    if (n)
        printf("\n%-23s %8s %12s %7s %12s %12s\n", "codelet", "tasks", "total s", "share",
               "mean ms", "longest ms");
    for (size_t k = 0; k < n; k++)
        printf("%-23s %8zu %12.6f %6.1f%% %12.6f %12.6f\n", totals[k].name, totals[k].tasks,
               totals[k].seconds, busy > 0 ? 100 * totals[k].seconds / busy : 0,
               1e3 * totals[k].seconds / (double)totals[k].tasks, 1e3 * totals[k].longest);
    free(totals);
    return 0;
}

static void put_change(const char *name, size_t tasks_a, size_t tasks_b, double a, double b)
{
    printf("%-23s %8zu %8zu %12.6f %12.6f %+12.6f", name, tasks_a, tasks_b, a, b, b - a);
    if (a > 0)
        printf(" %+7.1f%%", 100 * (b / a - 1));
    putchar('\n');
}

/* codelets of either run; then what the runs are as a whole */
static int differences(const struct trace *a, const struct trace *b)
{
    static const struct total none;
    struct trace_stats s[2];
    size_t na, nb;
    struct total *ta = totals_of(a, &na), *tb = totals_of(b, &nb);
    int err =
        ta && tb && !trace_analyse(a, &s[0], NULL) && !trace_analyse(b, &s[1], NULL) ? 0 : -ENOMEM;
    if (err) {
        log_error(err, "no memory left for the report");
    } else {
        printf("A: %s\nB: %s\n\n%-23s %8s %8s %12s %12s %12s\n", a->title, b->title, "codelet",
               "tasks A", "tasks B", "total A s", "total B s", "difference");
        qsort(ta, na, sizeof *ta, by_seconds);
        for (size_t i = 0; i < na; i++) {
            size_t k = 0;
            while (k < nb && strcmp(ta[i].name, tb[k].name))
                k++;
            const struct total *other = k < nb ? &tb[k] : &none;
            put_change(ta[i].name, ta[i].tasks, other->tasks, ta[i].seconds, other->seconds);
        }
        for (size_t k = 0; k < nb; k++) {
            size_t i = 0;
            while (i < na && strcmp(ta[i].name, tb[k].name))
                i++;
            if (i == na)
                put_change(tb[k].name, 0, tb[k].tasks, 0, tb[k].seconds);
        }
        put_change("makespan", s[0].tasks, s[1].tasks, s[0].makespan, s[1].makespan);
        put_change("lower bound", s[0].tasks, s[1].tasks, s[0].lower_bound, s[1].lower_bound);
        printf("%-23s %8s %8s %10.1f %% %10.1f %%\n", "idle", "", "", 100 * s[0].idle_fraction,
               100 * s[1].idle_fraction);
    }
    free(ta);
    free(tb);
    return err;
}

static int report(const struct trace *t)
{
    struct trace_stats s;
    if (trace_analyse(t, &s, NULL))
        return log_error(-ENOMEM, "no memory left for the report");
    if (*t->title)
        puts(t->title);
    printf("tasks          %zu\nworkers        %zu\nmakespan       %.6f s\nidle           %.1f %%\n"
           "critical path  %.6f s\narea           %.6f s   busy time per worker\n",
           s.tasks, s.workers, s.makespan, 100 * s.idle_fraction, s.critical_path, s.area);
    printf("lower bound    %.6f s", s.lower_bound);
    if (s.lower_bound > 0)
        printf("   the makespan is %.2f times this", s.makespan / s.lower_bound);
    putchar('\n');
    int err = codelets(t, s.busy);
    putchar('\n');
    return err ? err : trace_report(t, stdout);
}

/* the file of a format, or with another trace that of the comparison */
static int write_format(const struct trace *t, const struct trace *other, const char *dir, int i)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir,
                         other ? "compare.html" : formats[i].file) >= sizeof path)
        return log_error(-ENAMETOOLONG, "%s: %s", dir, strerror(ENAMETOOLONG));
    FILE *out = fopen(path, "w");
    if (!out)
        return log_error(-errno, "%s: %s", path, strerror(errno));
    int err = other ? trace_write_compare(t, other, out) : formats[i].write(t, out);
    if (fclose(out) && !err)
        err = log_error(-errno, "%s: %s", path, strerror(errno));
    if (!err)
        puts(path);
    return err;
}

/* -EINVAL after an error line */
static int unknown_option(const char *option)
{
    const char *known[FORMATS + 4] = { "--report", "--compare", "--help" };
    for (int i = 0; i < FORMATS; i++)
        known[i + 3] = formats[i].option;
    const char *near = config_nearest(option, known);
    return log_error(-EINVAL, "trace: unknown option '%s'%s%s%s; see starpint trace --help", option,
                     near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* the folder with the traces of a run: 0, or -EINVAL after an error line */
static int find_traces(const char *run, char *dir, size_t size)
{
    char file[4096 + 16];
    struct stat st;
    if ((size_t)snprintf(dir, size, "%s/trace", run) >= size)
        return log_error(-EINVAL, "%s: %s", run, strerror(ENAMETOOLONG));
    snprintf(file, sizeof file, "%s/tasks.rec", dir);
    if (stat(file, &st) == 0)
        return 0;
    if (stat(run, &st))
        return log_error(-EINVAL, "%s: %s", run, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return log_error(-EINVAL, "%s: expected the folder of a run", run);
    return log_error(-EINVAL, "%s: no such file; was this run made with trace.enabled: true?",
                     file);
}

struct request {
    const char *run, *other;
    bool wanted[FORMATS], report, chosen; /* chosen: any format */
};

/* 0, 1: help was given, or -EINVAL after an error line */
static int parse(struct request *q, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int k = 0;
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
            usage();
            return 1;
        }
        while (k < FORMATS && strcmp(argv[i], formats[k].option))
            k++;
        if (k < FORMATS)
            q->wanted[k] = q->chosen = true;
        else if (!strcmp(argv[i], "--report"))
            q->report = true;
        else if (!strcmp(argv[i], "--compare")) {
            if (++i == argc)
                return log_error(-EINVAL, "trace: --compare: expected the folder of a run");
            q->other = argv[i];
        } else if (argv[i][0] == '-')
            return unknown_option(argv[i]);
        else if (q->run)
            return log_error(-EINVAL,
                             "trace: one folder at a time, not '%s' and '%s'; see --compare",
                             q->run, argv[i]);
        else
            q->run = argv[i];
    }
    if (!q->run)
        return log_error(-EINVAL, "trace: expected the folder of a run; see starpint trace --help");
    for (int k = 0; q->other && k < FORMATS; k++)
        if (q->wanted[k] && formats[k].write != trace_write_html)
            return log_error(-EINVAL, "trace: --compare goes with --html and --report, not with %s",
                             formats[k].option);
    return 0;
}

/* runs of one configuration have one title: the folder tells them apart */
static void name_run(struct trace *t, const char *run)
{
    char title[sizeof t->title];
    snprintf(title, sizeof title, "%.60s: %.60s", run, t->title);
    memcpy(t->title, title, sizeof title);
}

static int compare(struct trace *t, const struct request *q, const char *dir)
{
    char folder[4096];
    struct trace other;
    int err = 0;
    if (find_traces(q->other, folder, sizeof folder) || trace_read(&other, folder))
        return -EINVAL;
    name_run(t, q->run);
    name_run(&other, q->other);
    if (q->chosen || !q->report)
        err = write_format(t, &other, dir, 0);
    if (!err && (q->report || !q->chosen))
        err = differences(t, &other);
    trace_free(&other);
    return err;
}

int command_trace(int argc, char **argv)
{
    char dir[4096];
    struct trace t;
    struct request q = { 0 };
    int err = parse(&q, argc, argv);
    if (err)
        return err > 0 ? 0 : exit_code(err);
    if (find_traces(q.run, dir, sizeof dir) || trace_read(&t, dir))
        return 2;
    if (q.other) {
        err = compare(&t, &q, dir);
    } else {
        const bool all = !q.chosen && !q.report;
        for (int k = 0; !err && k < FORMATS; k++)
            if (q.wanted[k] || all)
                err = write_format(&t, NULL, dir, k);
        if (!err && all)
            putchar('\n');
        if (!err && (q.report || all))
            err = report(&t);
    }
    trace_free(&t);
    return exit_code(err);
}
