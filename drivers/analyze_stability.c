// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* R(z), z = lambda dt: what one step of a scheme makes of u' = lambda u, u(0) = 1. Measured, by one
 * step with all z of a scheme as the coefficients of Dahlquist's equation: any scheme will do. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "drivers/gnuplot.h"
#include "drivers/study.h"
#include "problems/dahlquist.h"

/* Rays from the negative real axis (0) to the imaginary one (90 degrees), radii 1e-3 to 1e6. */
enum { RAYS = 181, RADII = 9 * 20 + 1, IMAGINARY = 9 * 400 + 1, LEVELS = 12 };
static const double SLACK = 1e-10; /* |R| = 1 + rounding is stable */
static const double FAR = -1e12;   /* stands for minus infinity */
static const double UNBOUNDED = 1e10;

struct params {
    struct nodes schemes;
    struct ints sweeps;
    struct reals real, imaginary, scale, accuracy;
    long resolution;
    bool grid;
};

struct result {
    float *modulus, *error;          /* |R|, |R - exp(z)| (resolution, resolution), by rows of Im */
    double angle, infinity, highest; /* A(angle)-stable, NAN: not even on the negative real axis;
                                        |R(-infinity)|; max |R| on the imaginary axis */
};

struct stability {
    struct study base;
    struct params v;
    struct schemes schemes;
    struct result *result; /* (schemes.n) */
};

static const struct param table[] = {
    { "schemes", P_NODES, offsetof(struct params, schemes),
      .help = "one-step propagators, without steps: a row of pictures each" },
    { "sweeps", P_INTS, offsetof(struct params, sweeps), .def = "", .min = 1, .max = 1000,
      .unit = "sweeps", .help = "of every sdc scheme, a column each; none: as the scheme says" },
    { "real", P_REALS, offsetof(struct params, real), .def = "[-9, 1]", .min = -INFINITY,
      .max = INFINITY, .help = "range of Re z" },
    { "imaginary", P_REALS, offsetof(struct params, imaginary), .def = "[-7, 7]", .min = -INFINITY,
      .max = INFINITY, .help = "range of Im z" },
    { "scale", P_REALS, offsetof(struct params, scale), .def = "1", .min = 0, .max = INFINITY,
      .open_min = true, .help = "of these ranges: one number, or one for each scheme" },
    { "resolution", P_INT, offsetof(struct params, resolution), .def = "251", .min = 3, .max = 2001,
      .unit = "points", .help = "along each axis" },
    { "accuracy", P_REALS, offsetof(struct params, accuracy), .def = "", .min = 0, .max = INFINITY,
      .open_min = true, .help = "values of |R(z) - exp(z)| to draw contours of, at most 12" },
    { "grid", P_BOOL, offsetof(struct params, grid), .def = "false",
      .help = "the table holds |R| and |R - exp(z)| at the points of the grid instead" },
    { 0 },
};
static const struct schema schema = { "analyze: stability", "stability domains", table };

static double scale_of(const struct stability *s, const struct scheme *scheme)
{
    return s->v.scale.v[s->v.scale.n > 1 ? scheme->row : 0];
}

static double coordinate(const struct reals *range, double scale, long i, long n)
{
    return scale * (range->v[0] + (range->v[1] - range->v[0]) * (double)i / (double)(n - 1));
}

/* R (count pairs) for all z. The number of the first z that is a pole, counted from 1; 0 if there
 * is none, or a negative errno */
static int try(const struct scheme *scheme, size_t count, const double *z, double *R)
{
    struct problem *p = NULL;
    struct stepper *s = NULL;
    double *one = malloc(2 * count * sizeof *one), *work = NULL;
    int err = -ENOMEM;
    for (size_t i = 0; i < count && one; i++)
        one[2 * i] = 1, one[2 * i + 1] = 0;
    if (!one || dahlquist_create(&p, count, z, NULL, one)) {
        log_error(err, "out of memory");
        goto out;
    }
    if ((err = scheme_stepper(&s, scheme, p)))
        goto out;
    const size_t nwork = exec_round(s->nwork);
    const struct interval unit = { 0, 1, 0, 1 };
    if (!(work = aligned_alloc(64, nwork * sizeof *work)))
        err = log_error(-ENOMEM, "out of memory");
    else if (!s->prepare || !(err = s->prepare(s, unit))) {
        const struct exec x = exec_host(work, nwork);
        err = s->step(s, &x, unit, one, R);
    }
out:
    free(work);
    free(one);
    stepper_destroy(&s);
    problem_destroy(&p);
    return err;
}

/* The same, next to z where z is a pole */
static int evaluate(const struct scheme *scheme, size_t count, double *z, double *R)
{
    enum { POLES = 1000 };
    int pole = 0;
    for (int i = 0; i < POLES && (pole = try(scheme, count, z, R)) > 0 && (size_t)pole <= count;
         i++)
        for (int part = 0; part < 2; part++)
            z[2 * (pole - 1) + part] *= 1 + 1e-9;
    return pole > 0 ? log_error(-EDOM, "%s: a step failed", scheme->label) : pole;
}

static bool stable(double modulus)
{
    return modulus <= 1 + SLACK; /* not where it is no number */
}

static int analyse(const struct stability *s, const struct scheme *scheme, struct result *r)
{
    const long n = s->v.resolution;
    const size_t grid = (size_t)n * (size_t)n, rays = (size_t)RAYS * RADII;
    const size_t count = grid + rays + IMAGINARY + 1;
    const double scale = scale_of(s, scheme);
    double *z = malloc(4 * count * sizeof *z), *R = z ? z + 2 * count : NULL, *at = z;
    if (!z)
        return log_error(-ENOMEM, "out of memory");
    for (long j = 0; j < n; j++)
        for (long i = 0; i < n; i++) {
            *at++ = coordinate(&s->v.real, scale, i, n);
            *at++ = coordinate(&s->v.imaginary, scale, j, n);
        }
    for (int i = 0; i < RAYS; i++)
        for (int j = 0; j < RADII; j++) {
            const double radius = pow(10, -3 + 9.0 * j / (RADII - 1));
            const double angle = 0.5 * i * M_PI / 180;
            *at++ = i == RAYS - 1 ? 0 : -radius * cos(angle);
            *at++ = radius * sin(angle);
        }
    for (int j = 0; j < IMAGINARY; j++) {
        *at++ = 0;
        *at++ = pow(10, -3 + 9.0 * j / (IMAGINARY - 1));
    }
    *at++ = FAR;
    *at++ = 0;
    const int err = evaluate(scheme, count, z, R);
    for (size_t i = 0; i < grid && !err; i++) {
        const double re = exp(z[2 * i]) * cos(z[2 * i + 1]), im = exp(z[2 * i]) * sin(z[2 * i + 1]);
        r->modulus[i] = (float)hypot(R[2 * i], R[2 * i + 1]);
        r->error[i] = (float)hypot(R[2 * i] - re, R[2 * i + 1] - im);
    }
    const double *ray = R + 2 * grid, *imaginary = ray + 2 * rays;
    r->angle = NAN;
    for (int i = 0; i < RAYS && !err; i++) {
        bool all = true;
        for (int j = 0; j < RADII; j++, ray += 2)
            all &= stable(hypot(ray[0], ray[1]));
        if (!all)
            break;
        r->angle = 0.5 * i;
    }
    r->highest = 0;
    for (int j = 0; j < IMAGINARY && !err; j++) {
        const double modulus = hypot(imaginary[2 * j], imaginary[2 * j + 1]);
        r->highest = modulus > r->highest || isnan(modulus) ? modulus : r->highest;
    }
    const double *far = imaginary + 2 * IMAGINARY;
    r->infinity = hypot(far[0], far[1]);
    if (!(r->infinity < UNBOUNDED))
        r->infinity = INFINITY;
    if (!(r->highest < UNBOUNDED))
        r->highest = INFINITY;
    free(z);
    return err;
}

static int compute(struct study *base)
{
    struct stability *s = (struct stability *)base;
    int err = 0;
    for (size_t i = 0; i < s->schemes.n && !err; i++) {
        char text[SCHEME_LABEL + 32];
        log_progress("stability", (double)i / (double)s->schemes.n, "%s",
                     scheme_text(&s->schemes.v[i], text));
        err = analyse(s, &s->schemes.v[i], &s->result[i]);
    }
    return err;
}

static void csv(const struct study *base, FILE *out)
{
    const struct stability *s = (const struct stability *)base;
    const long n = s->v.resolution;
    fprintf(out, s->v.grid ? "scheme,sweeps,re,im,modulus,error\n"
                           : "scheme,sweeps,angle,infinity,imaginary\n");
    for (size_t i = 0; i < s->schemes.n; i++) {
        const struct scheme *c = &s->schemes.v[i];
        const struct result *r = &s->result[i];
        const double scale = scale_of(s, c);
        if (!s->v.grid)
            fprintf(out, "\"%s\",%ld,%g,%.10g,%.10g\n", c->label, c->sweeps, r->angle, r->infinity,
                    r->highest);
        for (long j = 0; j < n * n && s->v.grid; j++)
            fprintf(out, "\"%s\",%ld,%.7g,%.7g,%.7g,%.7g\n", c->label, c->sweeps,
                    coordinate(&s->v.real, scale, j % n, n),
                    coordinate(&s->v.imaginary, scale, j / n, n), (double)r->modulus[j],
                    (double)r->error[j]);
    }
}

static void print(const struct study *base, FILE *out)
{
    const struct stability *s = (const struct stability *)base;
    fprintf(out, "%-28s  %3s  %8s  %14s  %18s\n", "scheme", "K", "A(alpha)", "|R(-infinity)|",
            "max |R(iy)|");
    for (size_t i = 0; i < s->schemes.n; i++) {
        const struct scheme *c = &s->schemes.v[i];
        const struct result *r = &s->result[i];
        char angle[16] = "none", sweeps[24] = "";
        if (!isnan(r->angle))
            snprintf(angle, sizeof angle, "%g", r->angle);
        if (c->sweeps)
            snprintf(sweeps, sizeof sweeps, "%ld", c->sweeps);
        fprintf(out, "%-28s  %3s  %8s  %14.4g  %18.4g\n", c->label, sweeps, angle,
                r->infinity < 1e-9 ? 0 : r->infinity, r->highest);
    }
}

/* ---- the picture ---- */

static double log_or(double v)
{
    return log10(fmax(v, 1e-20));
}

/* Of an error, the part of |error| <= level around z = 0; elsewhere infinity. exp(z) and R are near
 * each other in many places, by chance. */
static float *around_zero(const struct stability *s, const float *error, double level)
{
    const long n = s->v.resolution, cells = n * n;
    const double x = -s->v.real.v[0] / (s->v.real.v[1] - s->v.real.v[0]);
    const double y = -s->v.imaginary.v[0] / (s->v.imaginary.v[1] - s->v.imaginary.v[0]);
    long *stack = malloc((size_t)cells * sizeof *stack), depth = 0;
    float *part = malloc((size_t)cells * sizeof *part);
    for (long i = 0; i < cells && part; i++)
        part[i] = (double)error[i] <= level ? -1 : error[i];
    if (part && stack && x >= 0 && x <= 1 && y >= 0 && y <= 1) {
        const long at = lrint(y * (double)(n - 1)) * n + lrint(x * (double)(n - 1));
        if (part[at] < 0)
            stack[depth++] = at;
    }
    while (depth > 0) {
        const long at = stack[--depth];
        const long next[4] = { at % n ? at - 1 : at, at % n < n - 1 ? at + 1 : at,
                               at >= n ? at - n : at, at < cells - n ? at + n : at };
        part[at] = error[at];
        for (int k = 0; k < 4; k++)
            if (part[next[k]] < 0) {
                part[next[k]] = error[next[k]];
                stack[depth++] = next[k];
            }
    }
    for (long i = 0; i < cells && part; i++)
        if (part[i] < 0)
            part[i] = (float)(2 * level);
    free(stack);
    return part;
}

/* the contour of log10 of the field, in segments: marching squares */
static void contour(FILE *o, const struct stability *s, double scale, const float *field,
                    double level)
{
    static const int edge[4][2] = { { 0, 1 }, { 1, 2 }, { 2, 3 }, { 3, 0 } }; /* corners */
    const long n = s->v.resolution;
    for (long j = 0; j + 1 < n; j++)
        for (long i = 0; i + 1 < n; i++) {
            const long x[4] = { i, i + 1, i + 1, i }, y[4] = { j, j, j + 1, j + 1 };
            double v[4], at[4][2];
            int found = 0;
            bool finite = true;
            for (int k = 0; k < 4; k++) {
                v[k] = log_or((double)field[y[k] * n + x[k]]) - log10(level);
                finite &= isfinite(v[k]);
            }
            for (int k = 0; k < 4 && finite; k++) {
                const int a = edge[k][0], b = edge[k][1];
                if ((v[a] > 0) == (v[b] > 0))
                    continue;
                const double f = v[a] / (v[a] - v[b]);
                for (int d = 0; d < 2; d++) {
                    const struct reals *range = d ? &s->v.imaginary : &s->v.real;
                    const long *p = d ? y : x;
                    at[found][d] = (1 - f) * coordinate(range, scale, p[a], n) +
                                   f * coordinate(range, scale, p[b], n);
                }
                found++;
            }
            for (int k = 0; k + 1 < found; k += 2)
                fprintf(o, "%.5g %.5g\n%.5g %.5g\n\n", at[k][0], at[k][1], at[k + 1][0],
                        at[k + 1][1]);
        }
}

static const char *colour(char text[8], const struct stability *s, size_t level)
{
    const size_t n = s->v.accuracy.n;
    snprintf(text, 8, "#%06x",
             gnuplot_viridis(n > 1 ? 0.85 * (double)level / (double)(n - 1) : 0.4));
    return text;
}

static void data(FILE *o, const struct stability *s, size_t i)
{
    const long n = s->v.resolution;
    const struct result *r = &s->result[i];
    const double scale = scale_of(s, &s->schemes.v[i]);
    fprintf(o, "$g%zu << EOD\n", i);
    for (long j = 0; j < n; j++) {
        for (long k = 0; k < n; k++)
            fputs(stable((double)r->modulus[j * n + k]) ? "0 " : "1 ", o);
        fputs("\n", o);
    }
    fprintf(o, "EOD\n$b%zu << EOD\n", i);
    contour(o, s, scale, r->modulus, 1);
    fputs("EOD\n", o);
    for (size_t l = 0; l < s->v.accuracy.n; l++) {
        float *part = around_zero(s, r->error, s->v.accuracy.v[l]);
        fprintf(o, "$a%zu_%zu << EOD\n", i, l);
        if (part)
            contour(o, s, scale, part, s->v.accuracy.v[l]);
        fputs("EOD\n", o);
        free(part);
    }
}

static int draw(FILE *o, const void *study)
{
    enum { LEFT = 112, RIGHT = 22, TOP = 56, BOTTOM = 92, GAP_X = 24, GAP_Y = 40 }; /* pixels */
    const struct stability *s = study;
    const struct reals *re = &s->v.real, *im = &s->v.imaginary;
    const double aspect = (im->v[1] - im->v[0]) / (re->v[1] - re->v[0]);
    const int w = aspect > 1 ? 168 : 230, h = (int)(w * fmin(fmax(aspect, 0.4), 1.6));
    const int rows = s->schemes.rows, columns = s->schemes.columns;
    const double width = LEFT + columns * (w + GAP_X) - GAP_X + RIGHT,
                 height = TOP + rows * (h + GAP_Y) - GAP_Y + BOTTOM;
    char q[GNUPLOT_QUOTED], text[64], rgb[8];

    for (size_t i = 0; i < s->schemes.n; i++)
        data(o, s, i);
    gnuplot_style(o, (int)width, (int)height);
    fputs("unset key\nunset grid\nunset colorbox\nset border 15 front lw 1\n"
          "set tics font 'sans,10'\nset xtics offset 0,0.3\n"
          "set palette defined (0 '#ffffff', 1 '#d2d2d6')\nset cbrange [0:1]\nset multiplot\n",
          o);
    for (size_t i = 0; i < s->schemes.n; i++) {
        const struct scheme *c = &s->schemes.v[i];
        const double scale = scale_of(s, c), n1 = (double)(s->v.resolution - 1);
        const double x = LEFT + c->column * (w + GAP_X),
                     y = height - TOP - c->row * (h + GAP_Y) - h;
        fprintf(o,
                "set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
                "set bmargin at screen %.6f\nset tmargin at screen %.6f\n"
                "set xrange [%.9g:%.9g] noextend\nset yrange [%.9g:%.9g] noextend\n"
                "set xtics %g\nset ytics %g\nunset label\n",
                x / width, (x + w) / width, y / height, (y + h) / height, scale * re->v[0],
                scale * re->v[1], scale * im->v[0], scale * im->v[1],
                nice_step(scale * (re->v[1] - re->v[0]), 4),
                nice_step(scale * (im->v[1] - im->v[0]), 6));
        if (c->column == 0)
            fprintf(o,
                    "set label 1 %s at screen %.6f,%.6f center rotate by 90 font 'sans:Bold,13' "
                    "textcolor rgb '#222222' noenhanced\n",
                    gnuplot_quoted(c->label, q), 22 / width, (y + h / 2.0) / height);
        fprintf(o, "set format y '%s'\n", c->column ? "" : "%h");
        fputs(c->column ? "unset ylabel\n"
                        : "set ylabel 'Im {/:Italic z}' offset 1.2,0 textcolor rgb '#222222'\n",
              o);
        fputs(c->row < rows - 1
                  ? "unset xlabel\n"
                  : "set xlabel 'Re {/:Italic z}' offset 0,0.4 textcolor rgb '#222222'\n",
              o);
        if (c->row == 0 || (c->sweeps && i == 0)) {
            if (c->sweeps)
                snprintf(text, sizeof text, "{/:Italic K} = %ld", c->sweeps);
            else
                text[0] = '\0';
            fprintf(o,
                    "set label 2 '%s' at graph 0.5,1 center offset 0,0.9 font 'sans,13' "
                    "textcolor rgb '#222222'\n",
                    text);
        }
        fprintf(o,
                "set arrow 1 from graph 0,first 0 to graph 1,first 0 nohead lw 0.8 lc rgb "
                "'#909090' front\n"
                "set arrow 2 from first 0,graph 0 to first 0,graph 1 nohead lw 0.8 lc rgb "
                "'#909090' front\n"
                "plot $g%zu matrix using (%.9g + %.9g * $1):(%.9g + %.9g * $2):3 with image, ",
                i, scale * re->v[0], scale * (re->v[1] - re->v[0]) / n1, scale * im->v[0],
                scale * (im->v[1] - im->v[0]) / n1);
        for (size_t l = 0; l < s->v.accuracy.n; l++)
            fprintf(o, "$a%zu_%zu with lines lw 1.3 lc rgb '%s', ", i, l, colour(rgb, s, l));
        fprintf(o, "$b%zu with lines lw 1.8 lc rgb '#202020'\n", i);
    }
    /* one key for all */
    fprintf(o,
            "unset arrow\nunset label\nunset xlabel\nunset ylabel\nset lmargin at screen 0\nset "
            "rmargin at screen 1\n"
            "set bmargin at screen 0\nset tmargin at screen %.6f\nunset border\nunset tics\n"
            "set xrange [0:1]\nset yrange [0:1]\n"
            "set key at screen 0.5,%.6f center center horizontal maxrows 1 Left reverse "
            "font 'sans,11' samplen 1.6 width 0 enhanced\n"
            "plot NaN with boxes fs solid fc rgb '#d2d2d6' title '|{/:Italic R}| > 1', "
            "NaN with lines lw 1.8 lc rgb '#202020' title '|{/:Italic R}| = 1'",
            (BOTTOM - 40) / height, 20 / height);
    for (size_t l = 0; l < s->v.accuracy.n; l++)
        fprintf(o, ", NaN with lines lw 1.6 lc rgb '%s' title '%s%g'", colour(rgb, s, l),
                l ? "" : "|{/:Italic R} − e^{/:Italic z}| = ", s->v.accuracy.v[l]);
    fputs("\nunset multiplot\n", o);
    return 0;
}

static void destroy(struct study *base)
{
    struct stability *s = (struct stability *)base;
    for (size_t i = 0; s->result && i < s->schemes.n; i++) {
        free(s->result[i].modulus);
        free(s->result[i].error);
    }
    free(s->result);
    schemes_free(&s->schemes);
    free(s);
}

static int check_range(const struct node *config, const char *key, const struct reals *r)
{
    if (r->n != 2)
        return config_key_error(config, key, "expected two numbers, got %zu", r->n);
    if (!(r->v[0] < r->v[1]) || isinf(r->v[1] - r->v[0]))
        return config_key_error(config, key, "expected a finite interval, got [%g, %g]", r->v[0],
                                r->v[1]);
    return 0;
}

static int create(struct study **out, struct node *config)
{
    double z[2] = { -1, 0 }, R[2];
    struct stability *s = calloc(1, sizeof *s);
    if (!s)
        return log_error(-ENOMEM, "out of memory");
    s->base = (struct study){ compute, csv, print, draw, destroy };
    int err = config_bind(config, &schema, study_also, &s->v);
    if (err || (err = check_range(config, "real", &s->v.real)) ||
        (err = check_range(config, "imaginary", &s->v.imaginary)))
        goto fail;
    if (s->v.scale.n != 1 && s->v.scale.n != s->v.schemes.n) {
        err = config_key_error(config, "scale",
                               "expected 1 number or %zu, as many as schemes, got "
                               "%zu",
                               s->v.schemes.n, s->v.scale.n);
        goto fail;
    }
    if (s->v.accuracy.n > LEVELS) {
        err = config_key_error(config, "accuracy", "expected at most %d numbers, got %zu", LEVELS,
                               s->v.accuracy.n);
        goto fail;
    }
    if ((err = schemes_create(&s->schemes, config, &s->v.schemes, &s->v.sweeps)))
        goto fail;
    const size_t size = (size_t)s->v.resolution * (size_t)s->v.resolution;
    if (!(s->result = calloc(s->schemes.n, sizeof *s->result)))
        err = log_error(-ENOMEM, "out of memory");
    for (size_t i = 0; i < s->schemes.n && !err; i++) {
        if ((err = evaluate(&s->schemes.v[i], 1, z, R)))
            break;
        s->result[i].modulus = malloc(size * sizeof(float));
        s->result[i].error = malloc(size * sizeof(float));
        if (!s->result[i].modulus || !s->result[i].error)
            err = log_error(-ENOMEM, "out of memory");
    }
    if (!err) {
        *out = &s->base;
        return 0;
    }
fail:
    destroy(&s->base);
    return err;
}

const struct study_kind stability_kind = { "stability",
                                           "where |R(z)| <= 1 in the complex plane, A(alpha), "
                                           "|R(-infinity)|",
                                           &schema, create };
