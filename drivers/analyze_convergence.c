// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Error against the number of steps, the order fitted to it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "drivers/gnuplot.h"
#include "drivers/study.h"

enum { FITTED = 4, SHOWN = 9 };
static const double FLOOR = 1e-11; /* relative errors below are rounding, not to be fitted */

struct params {
    struct runs_params runs;
};
struct convergence {
    struct study base;
    struct runs runs;
};

static const struct param table[] = {
    RUNS_PARAMS(struct params, runs),
    { 0 },
};
static const struct schema schema = { "analyze: convergence", "error against steps", table };

/* ---- the order ---- */

struct fit {
    double order;           /* NAN: too few numbers */
    const struct run *last; /* of those fitted, and the one before */
    const struct run *before;
};

/* Whether it is near a whole number, of all fitted numbers and of the last two */
static bool is_clear(const struct fit *f)
{
    if (isnan(f->order))
        return false;
    const double last = log(f->before->error / f->last->error) /
                        log((double)f->last->steps / (double)f->before->steps);
    return rint(f->order) >= 1 && fabs(f->order - rint(f->order)) < 0.3 &&
           fabs(last - rint(f->order)) < 0.3;
}

/* least squares over the last few errors above rounding, in the order of the list */
static struct fit fit(const struct convergence *s, size_t scheme)
{
    const struct run *run = runs_of(&s->runs, scheme), *used[FITTED];
    int n = 0;
    double x = 0, y = 0, xx = 0, xy = 0;
    for (size_t j = s->runs.v.steps.n; j-- > 0 && n < FITTED;)
        if (isfinite(run[j].error) && run[j].error > FLOOR * fmax(s->runs.scale, 1e-300))
            used[n++] = &run[j];
    if (n < 2)
        return (struct fit){ .order = NAN };
    for (int i = 0; i < n; i++) {
        const double u = log((double)used[i]->steps), v = log(used[i]->error);
        x += u;
        y += v;
        xx += u * u;
        xy += u * v;
    }
    return (struct fit){ -(n * xy - x * y) / (n * xx - x * x), used[0], used[1] };
}

static int compute(struct study *base)
{
    return runs_compute(&((struct convergence *)base)->runs, "convergence");
}

static void csv(const struct study *base, FILE *out)
{
    runs_csv(&((const struct convergence *)base)->runs, out);
}

static void print(const struct study *base, FILE *out)
{
    const struct convergence *s = (const struct convergence *)base;
    const struct runs *r = &s->runs;
    const size_t n = r->v.steps.n, shown = n < SHOWN ? n : SHOWN;
    fprintf(out, "%-28s  %3s  order", "scheme \\ steps", "K");
    for (size_t k = 0; k < shown; k++)
        fprintf(out, "  %9ld", r->v.steps.v[shown > 1 ? k * (n - 1) / (shown - 1) : 0]);
    fprintf(out, "\n");
    for (size_t i = 0; i < r->schemes.n; i++) {
        const struct scheme *c = &r->schemes.v[i];
        const double order = fit(s, i).order;
        char sweeps[24] = "";
        if (c->sweeps)
            snprintf(sweeps, sizeof sweeps, "%ld", c->sweeps);
        fprintf(out, "%-28s  %3s  ", c->label, sweeps);
        if (isnan(order))
            fprintf(out, "    -");
        else
            fprintf(out, "%5.2f", order);
        for (size_t k = 0; k < shown; k++)
            fprintf(out, "  %9.3g", runs_of(r, i)[shown > 1 ? k * (n - 1) / (shown - 1) : 0].error);
        fprintf(out, "\n");
    }
}

/* ---- the picture: a panel for each SDC scheme with its sweeps, one for all others ---- */

static int panel_of(const struct runs *r, const struct scheme *c, int *panels)
{
    const bool by_scheme = r->v.sweeps.n > 1;
    int seen = -1, other = -1, mine = 0;
    *panels = 0;
    for (size_t i = 0; i < r->schemes.n; i++) {
        const struct scheme *s = &r->schemes.v[i];
        int panel;
        if (by_scheme && s->sweeps) {
            if (s->row != seen)
                ++*panels;
            seen = s->row;
            panel = *panels - 1;
        } else {
            if (other < 0)
                other = (*panels)++;
            panel = other;
        }
        if (s == c)
            mine = panel;
    }
    return mine;
}

static int draw(FILE *o, const void *study)
{
    enum {
        LEFT = 96,
        RIGHT = 24,
        TOP = 56,
        BOTTOM = 66,
        GAP_X = 34,
        GAP_Y = 84,
        W = 330,
        H = 330,
        KEY = 250
    };
    const struct convergence *s = study;
    const struct runs *r = &s->runs;
    const size_t many = r->v.sweeps.n > 1 ? r->v.sweeps.n : 0; /* curves of a panel, by sweeps */
    size_t others = many;
    int panels;
    struct range error = EMPTY, steps = EMPTY;
    char q[GNUPLOT_QUOTED], text[SCHEME_LABEL + 32];

    panel_of(r, &r->schemes.v[0], &panels);
    for (size_t i = 0; i < r->schemes.n; i++) {
        fprintf(o, "$e%zu << EOD\n", i);
        for (size_t j = 0; j < r->v.steps.n; j++) {
            const struct run *run = &runs_of(r, i)[j];
            range_add(&steps, (double)run->steps);
            if (!(run->error > 0) || isinf(run->error))
                continue;
            fprintf(o, "%ld %.9g\n", run->steps, run->error);
            range_add(&error, run->error);
        }
        fputs("EOD\n", o);
    }
    if (!(error.low <= error.high))
        error = (struct range){ 1e-1, 1 };
    /* diverged runs stay above the picture, rounding below */
    const double low = pow(10, floor(log10(fmax(error.low, 1e-16)) - 0.2)),
                 high = pow(10, ceil(log10(fmin(error.high, 1e4)) + 0.1));
    const double decades = log10(high / low), tic = decades > 10 ? 100 : 10;
    const int columns = panels < 3 ? panels : 3, rows = (panels + columns - 1) / columns;
    const bool free_cell = rows * columns > panels;
    const double width = LEFT + columns * (W + GAP_X) - GAP_X + RIGHT + (free_cell ? 0 : KEY),
                 height = TOP + rows * (H + GAP_Y) - GAP_Y + BOTTOM;

    gnuplot_style(o, (int)width, (int)height);
    fprintf(o,
            "set logscale xy\nset format y '10^{%%L}'\nset mxtics 10\nset mytics 1\n"
            "set xrange [%.9g:%.9g] noextend\nset yrange [%.3g:%.3g] noextend\nset ytics %g\n"
            "set multiplot\nunset key\n",
            steps.low / 1.25, steps.high * 1.25, low, high, tic);
    for (int p = 0; p < panels; p++) {
        const int column = p % columns, row = p / columns;
        const double x = LEFT + column * (W + GAP_X), y = height - TOP - row * (H + GAP_Y) - H;
        const bool bottom = p + columns >= panels;
        int n = 0;
        fprintf(
            o,
            "set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
            "set bmargin at screen %.6f\nset tmargin at screen %.6f\nunset label\nunset object\n",
            x / width, (x + W) / width, y / height, (y + H) / height);
        fputs(column ? "unset ylabel\nset format y ''\n" : "set format y '10^{%L}'\n", o);
        if (!column) {
            gnuplot_axis_label(o, 'y',
                               strcmp(r->v.error, "final") ? "error, maximum over time"
                                                           : "error at the end");
        }
        if (bottom)
            gnuplot_axis_label(o, 'x', "steps");
        else
            fputs("unset xlabel\n", o);
        for (size_t i = 0, tag = 10; i < r->schemes.n; i++) { /* triangles */
            const struct scheme *c = &r->schemes.v[i];
            const struct fit f = fit(s, i);
            int unused;
            if (panel_of(r, c, &unused) != p)
                continue;
            if (n == 0)
                gnuplot_title(o, 1,
                              panels > 1 && c->sweeps && many ? c->label
                              : panels > 1                    ? "others"
                                                              : r->problem->name);
            n++;
            if (!is_clear(&f))
                continue;
            const double order = rint(f.order), ratio = 1.7;
            const double x1 = sqrt((double)f.before->steps * (double)f.last->steps) / sqrt(ratio),
                         x2 = x1 * ratio;
            const double mid = f.last->error * pow((double)f.last->steps / x1, f.order);
            const double y1 = mid * 0.35, y2 = y1 * pow(ratio, -order);
            if (y2 < low || x2 > steps.high)
                continue;
            fprintf(o,
                    "set object %zu polygon from %.6g,%.6g to %.6g,%.6g to %.6g,%.6g to %.6g,%.6g "
                    "fs transparent solid 0.35 border lc rgb '#888888' fc rgb '#bbbbbb' lw 0.8\n"
                    "set label %zu '%g' at %.6g,%.6g right offset -0.4,0 font 'sans,10' textcolor "
                    "rgb '#555555'\n",
                    tag, x1, y1, x2, y2, x1, y2, x1, y1, tag, order, x1, sqrt(y1 * y2));
            tag++;
        }
        fputs("plot ", o);
        n = 0;
        for (size_t i = 0; i < r->schemes.n; i++) {
            const struct scheme *c = &r->schemes.v[i];
            int unused;
            if (panel_of(r, c, &unused) != p)
                continue;
            const size_t curve = c->sweeps && many ? (size_t)c->column : others++;
            fprintf(o, "%s$e%zu ", n ? ", " : "", i);
            gnuplot_curve(o, curve);
            fprintf(o, " title %s", gnuplot_quoted(scheme_text(c, text), q));
            n++;
        }
        fputs("\n", o);
    }
    fputs("unset object\nunset label\nunset border\nunset tics\nunset grid\nunset xlabel\nunset "
          "ylabel\nunset logscale\nset xrange [0:1]\nset yrange [0:1]\n",
          o);
    const double key_x = free_cell ? LEFT + (columns - 1) * (W + GAP_X) + 40.0 : width - KEY + 4,
                 key_y = free_cell ? height - TOP - (rows - 1) * (H + GAP_Y) - 10.0 : height - TOP;
    fprintf(o,
            "set key at screen %.6f,%.6f left top vertical Left reverse enhanced font 'sans,12' "
            "samplen 2.4 spacing 1.5\nplot ",
            key_x / width, key_y / height);
    for (size_t k = 0; k < many; k++) {
        fputs("NaN ", o);
        gnuplot_curve(o, k);
        fprintf(o, " title '%ld sweep%s', ", r->v.sweeps.v[k], r->v.sweeps.v[k] > 1 ? "s" : "");
    }
    for (size_t i = 0, n = many; i < r->schemes.n; i++) {
        const struct scheme *c = &r->schemes.v[i];
        if (c->sweeps && many)
            continue;
        fputs("NaN ", o);
        gnuplot_curve(o, n++);
        fprintf(o, " title %s noenhanced, ", gnuplot_quoted(scheme_text(c, text), q));
    }
    fputs("NaN with boxes fs solid fc rgb '#d5d5d5' title 'order'\nunset multiplot\n", o);
    return 0;
}

static void destroy(struct study *base)
{
    runs_free(&((struct convergence *)base)->runs);
    free(base);
}

static int create(struct study **out, struct node *config)
{
    struct convergence *s = calloc(1, sizeof *s);
    struct params v = { 0 };
    if (!s)
        return log_error(-ENOMEM, "out of memory");
    s->base = (struct study){ compute, csv, print, draw, destroy };
    int err = config_bind(config, &schema, study_also, &v);
    if (!err)
        err = runs_create(&s->runs, &v.runs, config);
    if (err)
        destroy(&s->base);
    else
        *out = &s->base;
    return err;
}

const struct study_kind convergence_kind = { "convergence",
                                             "error against the number of steps, fitted orders",
                                             &schema, create };
