// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* How fast Parareal converges, by coarse propagators and by values of a key of the problem. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "drivers/gnuplot.h"
#include "drivers/plain.h"
#include "drivers/report.h"

enum { LABEL = 96, SHOWN = 9 };

struct params {
    struct node *problem, *fine;
    struct time_params time;
    struct spinup_params spinup;
    long slices, iterations;
    double tolerance, close;
    struct nodes coarse;
    struct vary_params {
        const char *key;
        struct strings values;
    } vary;
    const char *quantity;
};

struct column { /* a coarse propagator on one problem */
    struct plain coarse;
    struct plain_report r;
    long settled; /* from this iteration on the quantity's mean is close; -1: never */
};

struct row { /* a value of the key */
    struct node *config;
    struct problem *problem;
    struct plain fine;
    double fine_seconds, fine_mean;
    struct column *column; /* (coarse.n) */
};

struct study_parareal {
    struct study base;
    struct params v;
    size_t rows;
    struct row *row;
};

#define AT(member) offsetof(struct params, member)
static const struct param vary_table[] = {
    { "key", P_STRING, offsetof(struct vary_params, key), .def = "", .help = "of the problem" },
    { "values", P_STRINGS, offsetof(struct vary_params, values), .def = "",
      .help = "that it is given, one after the other" },
    { 0 },
};
static const struct schema vary_schema = { "vary", "a key of the problem", vary_table };

static const struct param table[] = {
    { "problem", P_NODE, AT(problem), .help = "what is solved; see problem" },
    { "vary", P_MAP, AT(vary), .sub = &vary_schema, .help = "the problem is solved once for each" },
    { "time", P_MAP, AT(time), .sub = &time_schema, .help = "the interval" },
    SPINUP_PARAM(struct params, spinup),
    { "slices", P_INT, AT(slices), .def = "16", .min = 1, .max = 1e6, .unit = "slices",
      .help = "of the interval" },
    { "iterations", P_INT, AT(iterations), .def = "16", .min = 0, .max = 1e6, .unit = "iterations",
      .help = "at most; fewer when the tolerance is met or all slices are exact" },
    { "tolerance", P_REAL, AT(tolerance), .def = "1.0e-6", .min = 0, .max = INFINITY,
      .help = "on the relative l2 increment, max over slices; 0: never stop early" },
    { "fine", P_NODE, AT(fine),
      .help = "a one-step propagator, or coarsen with one; steps per slice" },
    { "coarse", P_NODES, AT(coarse), .help = "such propagators: a column of pictures each" },
    { "quantity", P_STRING, AT(quantity), .def = "",
      .help = "of the problem: its mean over the ends of slices is compared with the fine one" },
    { "close", P_REAL, AT(close), .def = "0.01", .min = 0, .max = INFINITY, .open_min = true,
      .help = "relative error of that mean that counts as close" },
    { 0 },
};
static const struct schema schema = { "analyze: parareal",
                                      "errors and increments of Parareal's iterations", table };

static const char *value_text(const struct study_parareal *s, size_t i, char text[LABEL])
{
    if (s->v.vary.values.n)
        snprintf(text, LABEL, "%s = %s", s->v.vary.key, s->v.vary.values.v[i]);
    else
        snprintf(text, LABEL, "%s", s->row[i].problem->name);
    return text;
}

static const char *coarse_text(const struct plain *g, char text[LABEL])
{
    const size_t n = (size_t)snprintf(text, LABEL, "%.60s, %ld step%s", g->scheme.label, g->steps,
                                      g->steps == 1 ? "" : "s");
    if (g->coarse) {
        const struct grid *fine = problem_shown(g->problem), *own = problem_shown(g->coarse);
        snprintf(text + n, LABEL - n, ", 1/%zu grid",
                 (fine->shape[0] - !fine->periodic[0]) / (own->shape[0] - !own->periodic[0]));
    }
    return text;
}

static double mean_error(const struct row *row, const struct column *c, long k)
{
    return fabs(c->r.mean[k] - row->fine_mean) / fabs(row->fine_mean);
}

static long settled(const struct study_parareal *s, const struct row *row, const struct column *c)
{
    long k = c->r.iterations;
    if (!s->v.quantity || !(mean_error(row, c, k) <= s->v.close))
        return -1;
    while (k > 0 && mean_error(row, c, k - 1) <= s->v.close)
        k--;
    return k;
}

static int compute_row(struct study_parareal *s, struct row *row, double *u0)
{
    struct plain_parareal v = {
        &row->fine,
        NULL,
        { s->v.time.start, s->v.time.end, 0, 1 },
        s->v.slices,
        s->v.iterations,
        s->v.tolerance,
        s->v.quantity,
    };
    struct plain_fine fine = { .u = u0 };
    int err = spinup_state(&s->v.spinup, row->problem, row->config, s->v.time.start, u0);
    if (err || (err = plain_solve(&v, &fine)))
        return err;
    row->fine_seconds = fine.seconds;
    row->fine_mean = fine.mean;
    for (size_t j = 0; j < s->v.coarse.n && !err; j++) {
        struct column *c = &row->column[j];
        char text[2][LABEL];
        const double done = (double)((size_t)(row - s->row) * s->v.coarse.n + j);
        log_progress("parareal", done / (double)(s->rows * s->v.coarse.n), "%s, %s",
                     value_text(s, (size_t)(row - s->row), text[0]),
                     coarse_text(&c->coarse, text[1]));
        v.coarse = &c->coarse;
        if (!(err = plain_parareal(&v, &fine, &c->r)))
            c->settled = settled(s, row, c);
    }
    return err;
}

static int compute(struct study *base)
{
    struct study_parareal *s = (struct study_parareal *)base;
    int err = 0;
    for (size_t i = 0; i < s->rows && !err; i++) {
        double *u = malloc(((size_t)s->v.slices + 1) * s->row[i].problem->n * sizeof *u);
        err = u ? compute_row(s, &s->row[i], u) : log_error(-ENOMEM, "out of memory");
        free(u);
    }
    return err;
}

static double ratio(const struct row *row, const struct column *c)
{
    return row->fine_seconds / c->r.coarse_seconds;
}

static double bound(const struct study_parareal *s, const struct row *row, const struct column *c)
{
    return c->r.converged < 0 ? NAN
                              : speedup_bound((double)s->v.slices, (double)c->r.converged,
                                              row->fine_seconds, c->r.coarse_seconds);
}

static double model(const struct study_parareal *s, const struct row *row, const struct column *c)
{
    return c->r.converged < 0 ? NAN
                              : speedup_model((double)s->v.slices, (double)c->r.converged,
                                              row->fine_seconds, c->r.coarse_seconds);
}

static void csv(const struct study *base, FILE *out)
{
    const struct study_parareal *s = (const struct study_parareal *)base;
    char text[LABEL];
    fputs("value,coarse,iteration,error,increment,mean,mean_fine,mean_error,converged,diverged,"
          "settled,seconds_fine,seconds_coarse,bound,model\n",
          out);
    for (size_t i = 0; i < s->rows; i++)
        for (size_t j = 0; j < s->v.coarse.n; j++) {
            const struct row *row = &s->row[i];
            const struct column *c = &row->column[j];
            for (long k = 0; k <= c->r.iterations; k++)
                fprintf(out,
                        "%s,\"%s\",%ld,%.17g,%.17g,%.17g,%.17g,%.10g,%ld,%ld,%ld,%.6g,%.6g,%.6g,"
                        "%.6g\n",
                        s->v.vary.values.n ? s->v.vary.values.v[i] : "",
                        coarse_text(&c->coarse, text), k, c->r.error[k], c->r.increment[k],
                        c->r.mean[k], row->fine_mean, mean_error(row, c, k), c->r.converged,
                        c->r.diverged, c->settled, row->fine_seconds, c->r.coarse_seconds,
                        bound(s, row, c), model(s, row, c));
        }
}

static const char *count_text(long k, char text[LABEL])
{
    if (k < 0)
        return "-";
    snprintf(text, LABEL, "%ld", k);
    return text;
}

static const char *number_text(double v, char text[LABEL])
{
    if (isnan(v))
        return "-";
    snprintf(text, LABEL, "%.2f", v);
    return text;
}

/* iterations a table has room for: 0, 1, 2, 4, 8, ... */
static long shown(const struct study_parareal *s, long k[SHOWN])
{
    const long most = s->v.iterations < s->v.slices ? s->v.iterations : s->v.slices;
    long n = 0;
    for (long i = 0; i <= most && n < SHOWN; i = i ? 2 * i : 1)
        k[n++] = i;
    return n;
}

static void print_numbers(const struct study_parareal *s, FILE *out, bool means)
{
    long k[SHOWN], n = shown(s, k);
    char text[2][LABEL];
    fprintf(out, "%-20s  %-26s", means ? "error of the mean" : "error", "");
    for (long m = 0; m < n; m++)
        fprintf(out, "  k = %-4ld", k[m]);
    fputs("\n", out);
    for (size_t i = 0; i < s->rows; i++)
        for (size_t j = 0; j < s->v.coarse.n; j++) {
            const struct column *c = &s->row[i].column[j];
            fprintf(out, "%-20s  %-26s", value_text(s, i, text[0]),
                    coarse_text(&c->coarse, text[1]));
            for (long m = 0; m < n && k[m] <= c->r.iterations; m++)
                if (c->r.diverged == k[m])
                    fprintf(out, "  %8s", "diverged");
                else
                    fprintf(out, "  %8.1e",
                            means ? mean_error(&s->row[i], c, k[m]) : c->r.error[k[m]]);
            fputs("\n", out);
        }
}

static void print(const struct study *base, FILE *out)
{
    const struct study_parareal *s = (const struct study_parareal *)base;
    char text[4][LABEL];
    fprintf(out, "%-20s  %-26s  %9s  %9s  %8s  %3s  %6s  %6s", "problem", "coarse", "fine, s",
            "coarse, s", "ratio", "K", "bound", "model");
    if (s->v.quantity)
        fprintf(out, "  K of %s, %g", s->v.quantity, s->v.close);
    fputs("\n", out);
    for (size_t i = 0; i < s->rows; i++)
        for (size_t j = 0; j < s->v.coarse.n; j++) {
            const struct row *row = &s->row[i];
            const struct column *c = &row->column[j];
            fprintf(out, "%-20s  %-26s  %9.3g  %9.3g  %8.1f  %3s  %6s  %6s",
                    value_text(s, i, text[0]), coarse_text(&c->coarse, text[1]), row->fine_seconds,
                    c->r.coarse_seconds, ratio(row, c), count_text(c->r.converged, text[2]),
                    number_text(bound(s, row, c), text[3]),
                    number_text(model(s, row, c), (char[LABEL]){ "" }));
            if (s->v.quantity)
                fprintf(out, "  %s", count_text(c->settled, text[2]));
            if (c->r.diverged >= 0)
                fprintf(out, "  diverged at k = %ld", c->r.diverged);
            fputs("\n", out);
        }
    print_numbers(s, out, false);
    if (s->v.quantity)
        print_numbers(s, out, true);
}

/* ---- the picture: errors, and those of the mean below; a column of panels each coarse one ---- */

static double drawn(const struct row *row, const struct column *c, int kind, long k)
{
    return kind ? mean_error(row, c, k) : c->r.error[k];
}

static int draw(FILE *o, const void *study)
{
    enum { LEFT = 92, RIGHT = 190, TOP = 56, BOTTOM = 62, GAP = 28, W = 330, H = 260 };
    const struct study_parareal *s = study;
    const int kinds = s->v.quantity ? 2 : 1;
    const size_t columns = s->v.coarse.n;
    const double width = LEFT + (double)columns * (W + GAP) - GAP + RIGHT,
                 height = kinds * (TOP + H) + BOTTOM;
    struct range range[2] = { EMPTY, EMPTY };
    char q[GNUPLOT_QUOTED], text[LABEL], title[GNUPLOT_TEXT];
    long most = 1;
    for (int kind = 0; kind < kinds; kind++)
        for (size_t i = 0; i < s->rows; i++)
            for (size_t j = 0; j < columns; j++) {
                const struct column *c = &s->row[i].column[j];
                fprintf(o, "$p%d_%zu_%zu << EOD\n", kind, i, j);
                for (long k = 0; k <= c->r.iterations; k++) {
                    const double e = drawn(&s->row[i], c, kind, k);
                    if (!(e > 0) || isinf(e))
                        continue;
                    range_add(&range[kind], fmax(e, 1e-16));
                    fprintf(o, "%ld %.9g\n", k, e);
                }
                most = c->r.iterations > most ? c->r.iterations : most;
                fputs("EOD\n", o);
            }
    gnuplot_style(o, (int)width, (int)height);
    fprintf(o,
            "set logscale y\nset format y '10^{%%L}'\nset mytics 1\nset xrange [-0.3:%g]\n"
            "set xtics %ld\nset multiplot\nunset key\n",
            (double)most + 0.3, most > 10 ? 2L : 1L);
    for (int kind = 0; kind < kinds; kind++)
        for (size_t j = 0; j < columns; j++) {
            const double x = LEFT + (double)j * (W + GAP),
                         y = BOTTOM + (kinds - 1 - kind) * (double)(H + TOP);
            if (!(range[kind].low <= range[kind].high))
                range[kind] = (struct range){ 1e-1, 1 };
            fprintf(o,
                    "set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
                    "set bmargin at screen %.6f\nset tmargin at screen %.6f\n"
                    "set yrange [%.3g:%.3g] noextend\nset ytics %d format '%s'\n",
                    x / width, (x + W) / width, y / height, (y + H) / height,
                    pow(10, floor(log10(range[kind].low) - 0.05)),
                    pow(10, ceil(log10(range[kind].high) + 0.05)),
                    range[kind].high > 1e10 * range[kind].low ? 100 : 10, j ? "" : "10^{%L}");
            if (kind == kinds - 1)
                gnuplot_axis_label(o, 'x', "iteration k  (0: coarse prediction)");
            else
                fputs("unset xlabel\n", o);
            if (j)
                fputs("unset ylabel\n", o);
            else if (kind) {
                snprintf(title, sizeof title, "error of the mean of %s", s->v.quantity);
                gnuplot_axis_label(o, 'y', title);
            } else
                gnuplot_axis_label(o, 'y', "error against the fine run");
            snprintf(title, sizeof title, "%s", coarse_text(&s->row[0].column[j].coarse, text));
            if (kind == 0)
                gnuplot_title(o, 1, title);
            else
                fputs("unset label 1\n", o);
            if (j == columns - 1 && kind == 0)
                fprintf(o,
                        "set key at screen %.6f,%.6f left top vertical Left reverse noenhanced "
                        "samplen 2 spacing 1.4 font 'sans,12'\n",
                        (width - RIGHT + 14) / width, (y + H + 4) / height);
            else
                fputs("unset key\n", o);
            for (size_t i = 0; i < s->rows; i++) {
                fprintf(o, "%s$p%d_%zu_%zu using 1:2 ", i ? ", " : "plot ", kind, i, j);
                gnuplot_curve(o, i);
                fprintf(o, " title %s", gnuplot_quoted(value_text(s, i, text), q));
            }
            fputs(", NaN notitle\n", o);
        }
    fputs("unset multiplot\n", o);
    return 0;
}

static void destroy(struct study *base)
{
    struct study_parareal *s = (struct study_parareal *)base;
    for (size_t i = 0; i < s->rows; i++) {
        struct row *row = &s->row[i];
        for (size_t j = 0; row->column && j < s->v.coarse.n; j++) {
            plain_free(&row->column[j].coarse);
            free(row->column[j].r.error);
        }
        free(row->column);
        plain_free(&row->fine);
        problem_destroy(&row->problem);
    }
    free(s->row);
    free(s);
}

static int create_column(struct study_parareal *s, struct row *row, size_t j)
{
    struct column *c = &row->column[j];
    const size_t n = (size_t)s->v.iterations + 1;
    const int err = plain_create(&c->coarse, row->problem, row->config, s->v.coarse.v[j]);
    if (err)
        return err;
    if (!(c->r.error = calloc(3 * n, sizeof *c->r.error)))
        return log_error(-ENOMEM, "out of memory");
    c->r.increment = c->r.error + n;
    c->r.mean = c->r.increment + n;
    return 0;
}

static int check_quantity(const struct study_parareal *s, const struct row *row,
                          const struct node *config)
{
    double value, *u = calloc(row->problem->n, sizeof *u);
    const struct problem *p = row->problem;
    const bool known = u && p->quantity && p->quantity(p, s->v.quantity, 0, u, &value) == 0;
    free(u);
    return known ? 0
                 : config_key_error(config, "quantity", "problem %s knows no quantity '%s'",
                                    p->name, s->v.quantity);
}

static int create_row(struct study_parareal *s, size_t i, const struct node *config)
{
    struct row *row = &s->row[i];
    int err = 0;
    row->config = s->v.vary.values.n ? config_copy(s->v.problem) : s->v.problem;
    if (s->v.vary.values.n)
        err = config_node_set(row->config, s->v.vary.key, s->v.vary.values.v[i]);
    if (err || (err = problem_create(&row->problem, row->config)) ||
        (s->v.quantity && (err = check_quantity(s, row, config))) ||
        (err = spinup_check(&s->v.spinup, row->problem, row->config, config)) ||
        (err = plain_create(&row->fine, row->problem, row->config, s->v.fine)))
        return err;
    if (!(row->column = calloc(s->v.coarse.n, sizeof *row->column)))
        return log_error(-ENOMEM, "out of memory");
    for (size_t j = 0; j < s->v.coarse.n && !err; j++)
        err = create_column(s, row, j);
    return err;
}

static int check(struct study_parareal *s, struct node *config)
{
    struct params *v = &s->v;
    int err = config_bind(config, &schema, study_also, v);
    if (err)
        return err;
    if (!(v->time.end > v->time.start))
        return config_key_error(config_child(config, "time"), "end",
                                "expected a time after start (%g), got %g", v->time.start,
                                v->time.end);
    if (!v->coarse.n)
        return config_key_error(config, "coarse", "expected at least one propagator");
    if (!v->vary.key != !v->vary.values.n)
        return config_key_error(config_child(config, "vary"), v->vary.key ? "values" : "key",
                                "expected a key of the problem and its values");
    const size_t rows = v->vary.values.n ? v->vary.values.n : 1;
    if (!(s->row = calloc(rows, sizeof *s->row)))
        return log_error(-ENOMEM, "out of memory");
    while (s->rows < rows && !err)
        err = create_row(s, s->rows++, config);
    return err;
}

static int create(struct study **out, struct node *config)
{
    struct study_parareal *s = calloc(1, sizeof *s);
    if (!s)
        return log_error(-ENOMEM, "out of memory");
    s->base = (struct study){ compute, csv, print, draw, destroy };
    const int err = check(s, config);
    if (err)
        destroy(&s->base);
    else
        *out = &s->base;
    return err;
}

const struct study_kind parareal_kind = { "parareal",
                                          "errors and increments of Parareal's iterations, by "
                                          "coarse propagators and a key of the problem",
                                          &schema, create };
