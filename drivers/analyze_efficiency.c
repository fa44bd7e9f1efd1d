// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* How much faster the nodes of an SDC step are as tasks than in one task: the one study that runs
 * tasks, on StarPU. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/vec.h"
#include "drivers/gnuplot.h"
#include "drivers/study.h"
#include "tasks/serial.h"

struct params {
    struct node *problem;
    struct time_params time;
    struct spinup_params spinup;
    struct nodes schemes;
    struct ints workers;
    long steps, repetitions;
};

struct measured {      /* medians of the repetitions */
    double speedup;    /* of the ratios of neighbouring runs: the machine's speed drifts */
    double one, nodes; /* seconds of a step: in one task, nodes as tasks */
};

struct efficiency {
    struct study base;
    struct params v;
    struct schemes schemes;
    struct problem *problem;
    int *M;                /* (schemes.n) nodes */
    struct measured *time; /* (schemes.n, workers.n) */
};

static const struct param table[] = {
    { "problem", P_NODE, offsetof(struct params, problem), .help = "what is solved; see problem" },
    { "time", P_MAP, offsetof(struct params, time), .sub = &time_schema, .help = "the interval" },
    SPINUP_PARAM(struct params, spinup),
    { "schemes", P_NODES, offsetof(struct params, schemes),
      .help = "sdc, without steps and granularity" },
    { "steps", P_INT, offsetof(struct params, steps), .def = "2", .min = 1, .max = 1e9,
      .unit = "steps", .help = "of the whole interval" },
    { "workers", P_INTS, offsetof(struct params, workers), .def = "[1, 2]", .min = 1, .max = 4096,
      .unit = "workers", .help = "numbers of CPU workers" },
    { "repetitions", P_INT, offsetof(struct params, repetitions), .def = "9", .min = 1, .max = 1000,
      .unit = "runs", .help = "of every run, both granularities in turns; the median counts" },
    { 0 },
};
static const struct schema schema = { "analyze: efficiency", "speedup by nodes as tasks", table };

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, long n)
{
    qsort(v, (size_t)n, sizeof *v, by_size);
    return v[n / 2];
}

static void ignore(void *context, struct interval slice, starpu_data_handle_t u)
{
    (void)context, (void)slice, (void)u;
}

static struct node *entry(const struct efficiency *s, const struct scheme *scheme,
                          const char *granularity)
{
    struct node *config = config_copy(scheme->config);
    char steps[32];
    snprintf(steps, sizeof steps, "%ld", s->v.steps);
    return config_node_set(config, "steps", steps) ||
                   config_node_set(config, "granularity", granularity)
               ? NULL
               : config;
}

static int measure(const struct efficiency *s, struct spt *run, const struct scheme *scheme,
                   const double *u0, struct measured *out)
{
    static const char *const granularities[] = { "slice", "node" };
    struct propagator *g[2] = { NULL, NULL };
    double *seconds[2] = { calloc((size_t)s->v.repetitions, sizeof(double)),
                           calloc((size_t)s->v.repetitions, sizeof(double)) };
    int err = seconds[0] && seconds[1] ? 0 : log_error(-ENOMEM, "out of memory");
    for (int i = 0; i < 2 && !err; i++) {
        struct node *config = entry(s, scheme, granularities[i]);
        err = config ? propagator_create(&g[i], run, s->problem, s->v.problem, config) : -EINVAL;
    }
    for (long r = -1; r < s->v.repetitions && !err; r++) /* the first to warm up */
        for (int i = 0; i < 2 && !err; i++) {
            struct serial_report report;
            err = serial(run, g[i], 1, 0.0, s->v.time.start, s->v.time.end, u0, ignore, NULL,
                         NULL, &report);
            if (err)
                log_error(err, "%s on %s: %s", scheme->label, s->problem->name,
                          failure_text(report.failure.kind));
            else if (r >= 0)
                seconds[i][r] = report.wall_seconds / (double)s->v.steps;
        }
    if (!err) {
        double *ratio = calloc((size_t)s->v.repetitions, sizeof *ratio);
        for (long r = 0; ratio && r < s->v.repetitions; r++)
            ratio[r] = seconds[0][r] / seconds[1][r];
        if (ratio)
            *out = (struct measured){ median(ratio, s->v.repetitions),
                                      median(seconds[0], s->v.repetitions),
                                      median(seconds[1], s->v.repetitions) };
        else
            err = log_error(-ENOMEM, "out of memory");
        free(ratio);
    }
    for (int i = 0; i < 2; i++) {
        propagator_destroy(&g[i]);
        free(seconds[i]);
    }
    return err;
}

static int compute(struct study *base)
{
    struct efficiency *s = (struct efficiency *)base;
    double *u0 = calloc(s->problem->n, sizeof *u0);
    int err = u0 ? spinup_state(&s->v.spinup, s->problem, s->v.problem, s->v.time.start, u0)
                 : log_error(-ENOMEM, "out of memory");
    for (size_t w = 0; w < s->v.workers.n && !err; w++) {
        const struct spt_options o = { .cpus = s->v.workers.v[w], .gpus = 0, .reproducible = true };
        struct spt run;
        if ((err = spt_open_mpi(&run, NULL, NULL, false)) || (err = spt_open(&run, &o)))
            return err;
        if (run.workers != s->v.workers.v[w])
            err = log_error(-EINVAL, "analyze: StarPU gives %d of %ld workers here", run.workers,
                            s->v.workers.v[w]);
        for (size_t i = 0; i < s->schemes.n && !err; i++)
            err = measure(s, &run, &s->schemes.v[i], u0, &s->time[i * s->v.workers.n + w]);
        spt_close(&run);
    }
    free(u0);
    return err;
}

static double speedup(const struct efficiency *s, size_t scheme, size_t w)
{
    return s->time[scheme * s->v.workers.n + w].speedup;
}

static double share(const struct efficiency *s, size_t scheme, size_t w)
{
    return speedup(s, scheme, w) / fmin((double)s->v.workers.v[w], s->M[scheme]);
}

static void rows(const struct efficiency *s, FILE *out, const char *form)
{
    for (size_t i = 0; i < s->schemes.n; i++)
        for (size_t w = 0; w < s->v.workers.n; w++) {
            const struct measured *m = &s->time[i * s->v.workers.n + w];
            fprintf(out, form, s->schemes.v[i].label, s->M[i], s->v.workers.v[w], m->one, m->nodes,
                    speedup(s, i, w), share(s, i, w));
        }
}

static void csv(const struct study *base, FILE *out)
{
    fputs("scheme,nodes,workers,seconds_one_task,seconds_nodes,speedup,efficiency\n", out);
    rows((const struct efficiency *)base, out, "\"%s\",%d,%ld,%.9g,%.9g,%.9g,%.9g\n");
}

static void print(const struct study *base, FILE *out)
{
    fprintf(out, "%-28s  %5s  %7s  %12s  %12s  %8s  %10s\n", "scheme", "nodes", "workers",
            "one task, s", "nodes, s", "speedup", "efficiency");
    rows((const struct efficiency *)base, out, "%-28s  %5d  %7ld  %12.4g  %12.4g  %8.2f  %10.2f\n");
}

static int draw(FILE *o, const void *study)
{
    const struct efficiency *s = study;
    struct range workers = EMPTY, gain = { 0.0, 1.0 };
    char q[GNUPLOT_QUOTED];
    for (size_t i = 0; i < s->schemes.n; i++) {
        fprintf(o, "$e%zu << EOD\n", i);
        for (size_t w = 0; w < s->v.workers.n; w++) {
            range_add(&workers, (double)s->v.workers.v[w]);
            range_add(&gain, speedup(s, i, w));
            fprintf(o, "%ld", s->v.workers.v[w]);
            gnuplot_number(o, speedup(s, i, w));
            fputs("\n", o);
        }
        fputs("EOD\n", o);
    }
    gnuplot_style(o, 900, 560);
    fputs("set lmargin at screen 0.09\nset rmargin at screen 0.78\nset bmargin at screen 0.12\n"
          "set tmargin at screen 0.9\n",
          o);
    fprintf(o, "set xrange [%g:%g]\nset yrange [0:%g]\nset xtics 1\n", fmin(0.5, workers.low - 0.5),
            workers.high + 0.5, fmax(workers.high, gain.high) * 1.05);
    gnuplot_title(o, 1, s->problem->name);
    gnuplot_axis_label(o, 'x', "workers");
    gnuplot_axis_label(o, 'y', "speedup over one task");
    fputs("set key outside right top Left reverse noenhanced\nplot x with lines lw 1 dt 2 lc rgb "
          "'#888888' title "
          "'ideal'",
          o);
    for (size_t i = 0; i < s->schemes.n; i++) {
        fprintf(o, ", $e%zu using 1:2 ", i);
        gnuplot_curve(o, i);
        fprintf(o, " title %s", gnuplot_quoted(s->schemes.v[i].label, q));
    }
    fputs("\n", o);
    return 0;
}

static void destroy(struct study *base)
{
    struct efficiency *s = (struct efficiency *)base;
    schemes_free(&s->schemes);
    problem_destroy(&s->problem);
    free(s->M);
    free(s->time);
    free(s);
}

/* everything that a config can be wrong about, before anything runs */
static int check(struct efficiency *s, const struct node *config)
{
    const struct ints no_sweeps = { NULL, 0 };
    int err;
    if (!(s->v.time.end > s->v.time.start))
        return config_key_error(config_child(config, "time"), "end",
                                "expected a time after start (%g), got %g", s->v.time.start,
                                s->v.time.end);
    if ((err = problem_create(&s->problem, s->v.problem)) ||
        (err = spinup_check(&s->v.spinup, s->problem, s->v.problem, config)))
        return err;
    for (size_t i = 0; i < s->v.schemes.n;
         i++) /* not a one-step scheme of the table: tasks/sdc.c makes it */
        if (!config_name(s->v.schemes.v[i]) || strcmp(config_name(s->v.schemes.v[i]), "sdc"))
            return config_key_error(s->v.schemes.v[i], "name",
                                    "expected sdc: only its nodes can be tasks");
    if ((err = schemes_create(&s->schemes, config, &s->v.schemes, &no_sweeps)))
        return err;
    s->M = calloc(s->schemes.n, sizeof *s->M);
    s->time = calloc(s->schemes.n * s->v.workers.n, sizeof *s->time);
    if (!s->M || !s->time)
        return log_error(-ENOMEM, "out of memory");
    for (size_t i = 0; i < s->schemes.n; i++) {
        struct node *one = entry(s, &s->schemes.v[i], "node");
        struct sdc *sdc;
        if (!one || (err = sdc_create(&sdc, s->problem, one)))
            return err ? err : -EINVAL;
        s->M[i] = sdc->M;
        sdc_destroy(&sdc);
    }
    return 0;
}

static int create(struct study **out, struct node *config)
{
    struct efficiency *s = calloc(1, sizeof *s);
    if (!s)
        return log_error(-ENOMEM, "out of memory");
    s->base = (struct study){ compute, csv, print, draw, destroy };
    int err = config_bind(config, &schema, study_also, &s->v);
    if (err || (err = check(s, config)))
        destroy(&s->base);
    else
        *out = &s->base;
    return err;
}

const struct study_kind efficiency_kind = { "efficiency",
                                            "speedup by nodes as tasks, over numbers of workers",
                                            &schema, create };
