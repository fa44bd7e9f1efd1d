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
        printf("  %-11s DIR/trace/%-14s %s\n", formats[i].option, formats[i].file, formats[i].help);
    puts("  --report    only the numbers: makespan, idle time, lower bound, totals of codelets\n\n"
         "Example: starpint trace results/bs2d --html && xdg-open results/bs2d/trace/trace.html\n"
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

static int codelets(const struct trace *t, double busy)
{
    struct total *totals = calloc(t->n + 1, sizeof *totals);
    size_t n = 0;
    if (!totals)
        return log_error(-ENOMEM, "no memory left for the report");
    for (size_t i = 0; i < t->n; i++) {
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

static int write_format(const struct trace *t, const char *dir, int i)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, formats[i].file) >= sizeof path)
        return log_error(-ENAMETOOLONG, "%s: %s", dir, strerror(ENAMETOOLONG));
    FILE *out = fopen(path, "w");
    if (!out)
        return log_error(-errno, "%s: %s", path, strerror(errno));
    int err = formats[i].write(t, out);
    if (fclose(out) && !err)
        err = log_error(-errno, "%s: %s", path, strerror(errno));
    if (!err)
        puts(path);
    return err;
}

/* -EINVAL after an error line */
static int unknown_option(const char *option)
{
    const char *known[FORMATS + 3] = { "--report", "--help" };
    for (int i = 0; i < FORMATS; i++)
        known[i + 2] = formats[i].option;
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

int command_trace(int argc, char **argv)
{
    const char *run = NULL;
    bool wanted[FORMATS] = { false }, report_only = false, chosen = false;
    for (int i = 1; i < argc; i++) {
        int k = 0;
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
            usage();
            return 0;
        }
        while (k < FORMATS && strcmp(argv[i], formats[k].option))
            k++;
        if (k < FORMATS)
            wanted[k] = chosen = true;
        else if (!strcmp(argv[i], "--report"))
            report_only = true;
        else if (argv[i][0] == '-')
            return exit_code(unknown_option(argv[i]));
        else if (run)
            return exit_code(
                log_error(-EINVAL, "trace: one folder at a time, not '%s' and '%s'", run, argv[i]));
        else
            run = argv[i];
    }
    if (!run)
        return exit_code(
            log_error(-EINVAL, "trace: expected the folder of a run; see starpint trace --help"));

    char dir[4096];
    struct trace t;
    if (find_traces(run, dir, sizeof dir) || trace_read(&t, dir))
        return 2;
    int err = 0;
    for (int k = 0; !err && k < FORMATS; k++)
        if (wanted[k] || (!chosen && !report_only))
            err = write_format(&t, dir, k);
    if (!err && !chosen && !report_only)
        putchar('\n');
    if (!err && (report_only || !chosen))
        err = report(&t);
    trace_free(&t);
    return exit_code(err);
}
