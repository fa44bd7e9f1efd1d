// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The iteration matrices of SDC: K_S = 1 - QDelta^-1 Q where the problem is stiff, K_NS = Q -
 * QDelta where it is not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/collocation.h"
#include "core/log.h"
#include "drivers/gnuplot.h"
#include "drivers/study.h"

enum { STIFF, NONSTIFF, LIMITS };
static const char *const names[LIMITS] = { "K_S", "K_NS" };
static const double NILPOTENT =
    1e-11; /* norm of the M-th power, relative to the M-th power of it */

struct params {
    struct strings preconditioners;
    const char *type, *quadrature;
    struct ints count;
    long sweep;
};
/* of one matrix; NAN: there is none */
struct numbers {
    double radius, norm, product; /* product: norm of that of sweeps 1 to M */
};
struct spectra {
    struct study base;
    struct params v;
    struct numbers *found; /* (preconditioners, counts, LIMITS) */
};

static const struct param table[] = {
    { "preconditioners", P_STRINGS, offsetof(struct params, preconditioners),
      .help = "names of `starpint list preconditioners`" },
    { "type", P_STRING, offsetof(struct params, type), .def = "legendre", .help = "of the nodes" },
    { "quadrature", P_STRING, offsetof(struct params, quadrature), .def = "radau_right",
      .help = "which ends of the step are nodes" },
    { "count", P_INTS, offsetof(struct params, count), .def = "[2, 3, 4, 5, 6, 7]", .min = 1,
      .max = COLLOCATION_MAX, .unit = "nodes", .help = "numbers M of nodes" },
    { "sweep", P_INT, offsetof(struct params, sweep), .def = "1", .min = 1, .max = 1e6,
      .help = "the sweep whose matrix is taken, for preconditioners that depend on it" },
    { 0 },
};
static const struct schema schema = { "analyze: spectra", "spectral radii and norms", table };

static struct numbers *at(const struct spectra *s, size_t name, size_t count, int limit)
{
    return &s->found[(name * s->v.count.n + count) * LIMITS + (size_t)limit];
}

static int matrix(const struct collocation *c, const char *name, int sweep, int limit, double *K)
{
    double QD[COLLOCATION_MAX * COLLOCATION_MAX];
    const int err = qdelta_generate(c, name, sweep, QD, NULL);
    if (err)
        return err;
    if (limit == STIFF)
        return sdc_stiff(c, QD, K);
    sdc_nonstiff(c, QD, K);
    return 0;
}

static void multiply(int n, const double *A, double *P) /* P := A P */
{
    double R[COLLOCATION_MAX * COLLOCATION_MAX];
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            R[i * n + j] = 0;
            for (int k = 0; k < n; k++)
                R[i * n + j] += A[i * n + k] * P[k * n + j];
        }
    memcpy(P, R, (size_t)(n * n) * sizeof *P);
}

static int analyse(struct numbers *r, const struct collocation *c, const char *name, int sweep,
                   int limit)
{
    const int M = c->M;
    double K[COLLOCATION_MAX * COLLOCATION_MAX], P[COLLOCATION_MAX * COLLOCATION_MAX] = { 0 };
    *r = (struct numbers){ NAN, NAN, NAN };
    int err = matrix(c, name, sweep, limit, K);
    if (err)
        return err;
    r->norm = max_norm(M, K);
    /* the computed radius of a nilpotent matrix is about epsilon^(1/M) */
    r->radius =
        power_norm(M, K, M) <= NILPOTENT * fmax(1, pow(r->norm, M)) ? 0 : spectral_radius(M, K);
    for (int i = 0; i < M; i++)
        P[i * M + i] = 1;
    for (int k = 1; k <= M; k++) {
        if ((err = matrix(c, name, k, limit, K)))
            return err;
        multiply(M, K, P);
    }
    r->product = max_norm(M, P);
    return 0;
}

static int compute(struct study *base)
{
    struct spectra *s = (struct spectra *)base;
    for (size_t j = 0; j < s->v.count.n; j++) {
        struct collocation *c;
        int err = collocation_create(&c, s->v.type, s->v.quadrature, (int)s->v.count.v[j]);
        if (err)
            return log_error(-ENOMEM, "out of memory");
        for (size_t i = 0; i < s->v.preconditioners.n; i++) {
            log_progress("spectra", (double)j / (double)s->v.count.n, "%s, M = %d",
                         s->v.preconditioners.v[i], c->M);
            for (int l = 0; l < LIMITS; l++) /* what has no table or no inverse stays NAN */
                analyse(at(s, i, j, l), c, s->v.preconditioners.v[i], (int)s->v.sweep, l);
        }
        collocation_destroy(&c);
    }
    return 0;
}

static void csv(const struct study *base, FILE *out)
{
    const struct spectra *s = (const struct spectra *)base;
    fprintf(out, "preconditioner,nodes,radius_stiff,norm_stiff,product_stiff,radius_nonstiff,"
                 "norm_nonstiff,product_nonstiff\n");
    for (size_t i = 0; i < s->v.preconditioners.n; i++)
        for (size_t j = 0; j < s->v.count.n; j++) {
            fprintf(out, "%s,%ld", s->v.preconditioners.v[i], s->v.count.v[j]);
            for (int l = 0; l < LIMITS; l++) {
                const struct numbers *r = at(s, i, j, l);
                fprintf(out, ",%.10g,%.10g,%.10g", r->radius, r->norm, r->product);
            }
            fputs("\n", out);
        }
}

static void print(const struct study *base, FILE *out)
{
    const struct spectra *s = (const struct spectra *)base;
    for (int l = 0; l < LIMITS; l++) {
        fprintf(out, "%sspectral radius of %-6s", l ? "\n" : "", names[l]);
        for (size_t j = 0; j < s->v.count.n; j++)
            fprintf(out, "   M = %-3ld", s->v.count.v[j]);
        fputs("\n", out);
        for (size_t i = 0; i < s->v.preconditioners.n; i++) {
            fprintf(out, "%-25s", s->v.preconditioners.v[i]);
            for (size_t j = 0; j < s->v.count.n; j++) {
                const double radius = at(s, i, j, l)->radius;
                if (isnan(radius))
                    fprintf(out, "  %8s", "-");
                else
                    fprintf(out, "  %8.4g", radius);
            }
            fputs("\n", out);
        }
    }
}

static int draw(FILE *o, const void *study)
{
    enum { LEFT = 82, RIGHT = 170, TOP = 58, BOTTOM = 66, GAP = 72, W = 380, H = 400 };
    const struct spectra *s = study;
    const double width = LEFT + 2 * W + GAP + RIGHT, height = TOP + H + BOTTOM;
    struct range radius = EMPTY, nodes = EMPTY;
    bool zeros = false;
    char q[GNUPLOT_QUOTED];
    for (size_t i = 0; i < s->v.preconditioners.n; i++)
        for (size_t j = 0; j < s->v.count.n; j++)
            for (int l = 0; l < LIMITS; l++) {
                const double v = at(s, i, j, l)->radius;
                range_add(&nodes, (double)s->v.count.v[j]);
                zeros |= v == 0;
                if (v > 0)
                    range_add(&radius, v);
            }
    if (!(radius.low <= radius.high))
        radius = (struct range){ 0.1, 1 };
    const double low = pow(10, floor(log10(radius.low)) - zeros),
                 high = pow(10, ceil(log10(fmax(radius.high, 1.001))));
    for (size_t i = 0; i < s->v.preconditioners.n; i++)
        for (int l = 0; l < LIMITS; l++) {
            fprintf(o, "$r%zu_%d << EOD\n", i, l);
            for (size_t j = 0; j < s->v.count.n; j++) {
                const double v = at(s, i, j, l)->radius;
                fprintf(o, "%ld", s->v.count.v[j]);
                gnuplot_number(o, v == 0 ? low : v);
                fputs("\n", o);
            }
            fputs("EOD\n", o);
        }
    gnuplot_style(o, (int)width, (int)height);
    fprintf(o,
            "set logscale y\nset format y '10^{%%L}'\nset mytics 1\nset xtics 1\n"
            "set xrange [%g:%g] noextend\nset yrange [%.3g:%.3g] noextend\nset ytics 10\n%s"
            "set multiplot\n",
            nodes.low - 0.4, nodes.high + 0.4, low, high, "");
    if (zeros)
        fprintf(o, "set ytics add ('0' %.3g)\n", low);
    gnuplot_axis_label(o, 'x', "nodes M");
    for (int l = 0; l < LIMITS; l++) {
        const double x = LEFT + l * (W + GAP);
        fprintf(o,
                "set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
                "set bmargin at screen %.6f\nset tmargin at screen %.6f\n"
                "set label 1 '%s' at graph 0,1 left offset 0,1 font 'sans:Bold,14' textcolor rgb "
                "'#222222'\n%s\n",
                x / width, (x + W) / width, BOTTOM / height, (BOTTOM + H) / height,
                l == STIFF ? "stiff limit, {/:Italic ρ}(1 − {/:Italic Q}_Δ^{−1} {/:Italic Q})"
                           : "non-stiff limit, {/:Italic ρ}({/:Italic Q} − {/:Italic Q}_Δ)",
                l == STIFF ? "set ylabel 'spectral radius' textcolor rgb '#222222' font 'sans,13'\n"
                             "unset key"
                           : "unset ylabel");
        if (l)
            fprintf(o,
                    "set key at screen %.6f,%.6f left top vertical Left reverse noenhanced samplen "
                    "2 spacing 1.4 font 'sans,12'\n",
                    (width - RIGHT + 14) / width, (BOTTOM + H + 4) / height);
        fputs("plot 1 with lines lw 1.4 dt (5,5) lc rgb '#8a8a8a' title '= 1'", o);
        for (size_t i = 0; i < s->v.preconditioners.n; i++) {
            fprintf(o, ", $r%zu_%d using ($1 + %g):2 ", i, l,
                    0.03 * ((double)i - ((double)s->v.preconditioners.n - 1) / 2));
            gnuplot_curve(o, i);
            fprintf(o, " title %s", gnuplot_quoted(s->v.preconditioners.v[i], q));
        }
        fputs("\n", o);
    }
    fputs("unset multiplot\n", o);
    return 0;
}

static void destroy(struct study *base)
{
    free(((struct spectra *)base)->found);
    free(base);
}

static int check(const struct spectra *s, const struct node *config)
{
    const struct params *v = &s->v;
    char text[COLLOCATION_TEXT];
    for (size_t i = 0; i < v->preconditioners.n; i++)
        if (!qdelta_find(v->preconditioners.v[i]))
            return config_unknown(config_child(config, "preconditioners"), "preconditioner",
                                  v->preconditioners.v[i], qdelta_names);
    for (size_t j = 0; j < v->count.n; j++) {
        struct collocation *c;
        const int err = collocation_create(&c, v->type, v->quadrature, (int)v->count.v[j]);
        if (err)
            return config_key_error(
                config,
                err == COLLOCATION_NODES        ? "type"
                : err == COLLOCATION_QUADRATURE ? "quadrature"
                                                : "count",
                "%s",
                collocation_explain(text, err, v->type, v->quadrature, (int)v->count.v[j], NULL));
        collocation_destroy(&c);
    }
    return 0;
}

static int create(struct study **out, struct node *config)
{
    struct spectra *s = calloc(1, sizeof *s);
    if (!s)
        return log_error(-ENOMEM, "out of memory");
    s->base = (struct study){ compute, csv, print, draw, destroy };
    int err = config_bind(config, &schema, study_also, &s->v);
    if (!err)
        err = check(s, config);
    if (!err &&
        !(s->found = calloc(s->v.preconditioners.n * s->v.count.n * LIMITS, sizeof *s->found)))
        err = log_error(-ENOMEM, "out of memory");
    if (err)
        destroy(&s->base);
    else
        *out = &s->base;
    return err;
}

const struct study_kind spectra_kind = {
    "spectra", "spectral radii and norms of the iteration matrices of SDC", &schema, create
};
