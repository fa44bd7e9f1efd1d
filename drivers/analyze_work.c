// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Error against cost. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "drivers/gnuplot.h"
#include "drivers/study.h"

struct params {
    struct runs_params runs;
    struct strings costs;
};
struct work_precision {
    struct study base;
    struct runs runs;
    struct strings costs;
    const struct node *config;
};

static const struct param table[] = {
    RUNS_PARAMS(struct params, runs),
    { "repetitions", P_INT, offsetof(struct params, runs.repetitions), .def = "1", .min = 1,
      .max = 1e6, .unit = "runs", .help = "of every run: the time is that of the fastest" },
    { "costs", P_STRINGS, offsetof(struct params, costs), .def = "[rhs, newton, seconds]",
      .help = "a panel each: rhs (evaluations of right-hand sides), solves, newton (iterations), "
              "total (rhs + newton), seconds" },
    { 0 },
};
static const struct schema schema = { "analyze: work_precision", "error against cost", table };

static double rhs(const struct run *r)
{
    return (double)r->work.rhs;
}

static double solves(const struct run *r)
{
    return (double)r->work.solves;
}

static double newton(const struct run *r)
{
    return (double)r->work.newton;
}

static double total(const struct run *r)
{
    return rhs(r) + newton(r);
}

static double seconds(const struct run *r)
{
    return r->seconds;
}

static const struct cost {
    const char *name, *text;
    double (*of)(const struct run *);
} costs[] = {
    { "rhs", "right-hand sides", rhs },
    { "solves", "implicit solves", solves },
    { "newton", "Newton iterations", newton },
    { "total", "right-hand sides + Newton iterations", total },
    { "seconds", "wall time in s", seconds },
};

static const struct cost *find(const char *name)
{
    for (size_t i = 0; i < COUNT(costs); i++)
        if (strcmp(costs[i].name, name) == 0)
            return &costs[i];
    return NULL;
}

static double most(const struct runs *r, const struct cost *c)
{
    double most = 0;
    for (size_t k = 0; k < r->schemes.n * r->v.steps.n; k++)
        most = fmax(most, c->of(&r->run[k]));
    return most;
}

static int compute(struct study *base)
{
    struct work_precision *s = (struct work_precision *)base;
    const int err = runs_compute(&s->runs, "work_precision");
    for (size_t c = 0; c < s->costs.n && !err; c++)
        if (most(&s->runs, find(s->costs.v[c])) > 0)
            return 0;
    return err ? err
               : config_key_error(s->config, "costs",
                                  "nothing of this was counted: expected seconds, or a problem and "
                                  "schemes that do it");
}

static void csv(const struct study *base, FILE *out)
{
    runs_csv(&((const struct work_precision *)base)->runs, out);
}

static void print(const struct study *base, FILE *out)
{
    const struct runs *r = &((const struct work_precision *)base)->runs;
    fprintf(out, "%-28s  %3s  %8s  %10s  %10s  %10s  %10s  %10s\n", "scheme", "K", "steps", "error",
            "rhs", "solves", "newton", "seconds");
    for (size_t i = 0; i < r->schemes.n; i++)
        for (size_t j = 0; j < r->v.steps.n; j++) {
            const struct scheme *c = &r->schemes.v[i];
            const struct run *run = &runs_of(r, i)[j];
            char sweeps[24] = "";
            if (c->sweeps)
                snprintf(sweeps, sizeof sweeps, "%ld", c->sweeps);
            fprintf(out, "%-28s  %3s  %8ld  %10.3g  %10ld  %10ld  %10ld  %10.3g\n", c->label,
                    sweeps, run->steps, run->error, run->work.rhs, run->work.solves,
                    run->work.newton, run->seconds);
        }
}

static int draw(FILE *o, const void *study)
{
    enum { LEFT = 98, RIGHT = 252, TOP = 56, BOTTOM = 66, GAP = 30, W = 320, H = 400 };
    const struct work_precision *s = study;
    const struct runs *r = &s->runs;
    const struct cost *shown[COUNT(costs)];
    struct range error = EMPTY, cost[COUNT(costs)];
    size_t panels = 0;
    char q[GNUPLOT_QUOTED], text[SCHEME_LABEL + 32];

    for (size_t c = 0; c < s->costs.n; c++) { /* those that anything was counted of */
        struct range range = EMPTY;
        for (size_t k = 0; k < r->schemes.n * r->v.steps.n; k++)
            if (find(s->costs.v[c])->of(&r->run[k]) > 0)
                range_add(&range, find(s->costs.v[c])->of(&r->run[k]));
        if (range.low <= range.high) {
            shown[panels] = find(s->costs.v[c]);
            cost[panels++] = range;
        }
    }
    for (size_t i = 0; i < r->schemes.n; i++) {
        fprintf(o, "$w%zu << EOD\n", i);
        for (size_t j = 0; j < r->v.steps.n; j++) {
            const struct run *run = &runs_of(r, i)[j];
            if (!(run->error > 0) || isinf(run->error))
                continue;
            range_add(&error, run->error);
            fprintf(o, "%.9g", run->error);
            for (size_t c = 0; c < panels; c++)
                gnuplot_number(o, shown[c]->of(run) > 0 ? shown[c]->of(run) : NAN);
            fputs("\n", o);
        }
        fputs("EOD\n", o);
    }
    if (!(error.low <= error.high))
        error = (struct range){ 1e-1, 1 };
    const double low = pow(10, floor(log10(fmax(error.low, 1e-16)) - 0.1)),
                 high = pow(10, ceil(log10(fmin(error.high, 1e4)) + 0.1));
    const double width = LEFT + (double)panels * (W + GAP) - GAP + RIGHT, height = TOP + H + BOTTOM;
    gnuplot_style(o, (int)width, (int)height);
    fprintf(o,
            "set logscale xy\nset format x '10^{%%L}'\nset mxtics 10\nset mytics 1\n"
            "set yrange [%.3g:%.3g] noextend\nset ytics %d\nset multiplot\nunset key\n",
            low, high, log10(high / low) > 10 ? 100 : 10);
    for (size_t c = 0; c < panels; c++) {
        const double x = LEFT + (double)c * (W + GAP);
        const double from = cost[c].low / 1.4, to = cost[c].high * 1.4;
        fprintf(o,
                "set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
                "set bmargin at screen %.6f\nset tmargin at screen %.6f\n"
                "set xrange [%.6g:%.6g] noextend\nset format y '%s'\n",
                x / width, (x + W) / width, BOTTOM / height, (BOTTOM + H) / height, from, to,
                c ? "" : "10^{%L}");
        gnuplot_axis_label(o, 'x', shown[c]->text);
        if (c == 0) {
            gnuplot_axis_label(o, 'y',
                               strcmp(r->v.error, "final") ? "error, maximum over time"
                                                           : "error at the end");
            gnuplot_title(o, 1, r->problem->name);
        } else {
            fputs("unset ylabel\nunset label\n", o);
        }
        if (c == panels - 1)
            fprintf(o,
                    "set key at screen %.6f,%.6f left top vertical Left reverse noenhanced samplen "
                    "2 spacing 1.4 font 'sans,12'\n",
                    (width - RIGHT + 14) / width, (BOTTOM + H + 4) / height);
        for (size_t i = 0; i < r->schemes.n; i++) {
            fprintf(o, "%s$w%zu using %zu:1 ", i ? ", " : "plot ", i, c + 2);
            gnuplot_curve(o, i);
            fprintf(o, " title %s", gnuplot_quoted(scheme_text(&r->schemes.v[i], text), q));
        }
        fputs("\n", o);
    }
    fputs("unset multiplot\n", o);
    return 0;
}

static void destroy(struct study *base)
{
    runs_free(&((struct work_precision *)base)->runs);
    free(base);
}

static int create(struct study **out, struct node *config)
{
    struct work_precision *s = calloc(1, sizeof *s);
    struct params v = { 0 };
    if (!s)
        return log_error(-ENOMEM, "out of memory");
    s->base = (struct study){ compute, csv, print, draw, destroy };
    int err = config_bind(config, &schema, study_also, &v);
    for (size_t i = 0; !err && i < v.costs.n; i++)
        if (!find(v.costs.v[i])) {
            const char *known[COUNT(costs) + 1] = { NULL };
            for (size_t k = 0; k < COUNT(costs); k++)
                known[k] = costs[k].name;
            err = config_unknown(config_child(config, "costs"), "cost", v.costs.v[i], known);
        } else if (v.costs.n > COUNT(costs))
            err = config_key_error(config, "costs", "expected each one once");
    if (!err) {
        s->costs = v.costs;
        s->config = config;
        err = runs_create(&s->runs, &v.runs, config);
    }
    if (err)
        destroy(&s->base);
    else
        *out = &s->base;
    return err;
}

const struct study_kind work_precision_kind = { "work_precision",
                                                "error against right-hand sides, Newton iterations "
                                                "and wall time",
                                                &schema, create };
