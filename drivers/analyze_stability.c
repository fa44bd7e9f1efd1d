// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* R(z), z = lambda dt: what one step of a scheme makes of u' = lambda u, u(0) = 1. Measured, by one
 * step with all z of a scheme as the coefficients of Dahlquist's equation: any scheme will do. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/log.h"
#include "drivers/stability.h"
#include "problems/dahlquist.h"

/* Rays from the negative real axis (0) to the imaginary one (90 degrees), radii 1e-3 to 1e6. */
enum { RAYS = 181, RADII = 9 * 20 + 1, IMAGINARY = 9 * 400 + 1, LEVELS = 12 };
static const double FAR = -1e12; /* stands for minus infinity */
static const double UNBOUNDED = 1e10;
static const double BESIDE_POLES = 1 + 1.7e-10; /* z of a grid may be one, where a step fails */

static const struct param table[] = {
    { "schemes", P_NODES, offsetof(struct stability_params, schemes),
      .help = "one-step propagators, without steps: a row of pictures each" },
    { "sweeps", P_INTS, offsetof(struct stability_params, sweeps), .def = "", .min = 1, .max = 1000,
      .unit = "sweeps", .help = "of every sdc scheme, a column each; none: as the scheme says" },
    { "real", P_REALS, offsetof(struct stability_params, real), .def = "[-9, 1]", .min = -INFINITY,
      .max = INFINITY, .help = "range of Re z" },
    { "imaginary", P_REALS, offsetof(struct stability_params, imaginary), .def = "[-7, 7]",
      .min = -INFINITY, .max = INFINITY, .help = "range of Im z" },
    { "scale", P_REALS, offsetof(struct stability_params, scale), .def = "1", .min = 0,
      .max = INFINITY, .open_min = true,
      .help = "of these ranges: one number, or one for each scheme" },
    { "resolution", P_INT, offsetof(struct stability_params, resolution), .def = "251", .min = 3,
      .max = 2001, .unit = "points", .help = "along each axis" },
    { "accuracy", P_REALS, offsetof(struct stability_params, accuracy), .def = "", .min = 0,
      .max = INFINITY, .open_min = true,
      .help = "values of |R(z) - exp(z)| to draw contours of, at most 12" },
    { "grid", P_BOOL, offsetof(struct stability_params, grid), .def = "false",
      .help = "the table holds |R| and |R - exp(z)| at the points of the grid instead" },
    { 0 },
};
static const struct schema schema = { "analyze: stability", "stability domains", table };

/* R (count pairs) for all z */
static int step_all(const struct scheme *scheme, size_t count, const double *z, double *R)
{
    struct problem *p = NULL;
    struct stepper *s = NULL;
    double *one = malloc(4 * count * sizeof *one), *lambda = one + 2 * count, *work = NULL;
    int err = -ENOMEM;
    for (size_t i = 0; i < 2 * count && one; i++) {
        one[i] = i % 2 == 0;
        lambda[i] = z[i] * BESIDE_POLES;
    }
    if (!one || dahlquist_create(&p, count, lambda, NULL, one)) {
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
        if (s->step(s, &x, unit, one, R))
            err = log_error(-EDOM, "%s: a step failed", scheme->label);
    }
out:
    free(work);
    free(one);
    stepper_destroy(&s);
    problem_destroy(&p);
    return err;
}

/* The same in blocks that stay in the cache */
static int evaluate(const struct scheme *scheme, size_t count, const double *z, double *R)
{
    enum { BLOCK = 4096 };
    int err = 0;
    for (size_t i = 0; i < count && !err; i += BLOCK)
        err = step_all(scheme, count - i < BLOCK ? count - i : BLOCK, z + 2 * i, R + 2 * i);
    return err;
}

static int analyse(const struct stability *s, const struct scheme *scheme,
                   struct stability_result *r)
{
    const long n = s->v.resolution;
    const size_t grid = (size_t)n * (size_t)n, rays = (size_t)RAYS * RADII;
    const size_t count = grid + rays + IMAGINARY + 1;
    const double scale = stability_scale(s, scheme);
    double *z = malloc(4 * count * sizeof *z), *R = z ? z + 2 * count : NULL, *at = z;
    if (!z)
        return log_error(-ENOMEM, "out of memory");
    for (long j = 0; j < n; j++)
        for (long i = 0; i < n; i++) {
            *at++ = stability_at(&s->v.real, scale, i, n);
            *at++ = stability_at(&s->v.imaginary, scale, j, n);
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
            all &= is_stable(hypot(ray[0], ray[1]));
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
        const struct stability_result *r = &s->result[i];
        const double scale = stability_scale(s, c);
        if (!s->v.grid)
            fprintf(out, "\"%s\",%ld,%g,%.10g,%.10g\n", c->label, c->sweeps, r->angle, r->infinity,
                    r->highest);
        for (long j = 0; j < n * n && s->v.grid; j++)
            fprintf(out, "\"%s\",%ld,%.7g,%.7g,%.7g,%.7g\n", c->label, c->sweeps,
                    stability_at(&s->v.real, scale, j % n, n),
                    stability_at(&s->v.imaginary, scale, j / n, n), (double)r->modulus[j],
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
        const struct stability_result *r = &s->result[i];
        char angle[16] = "none", sweeps[24] = "";
        if (!isnan(r->angle))
            snprintf(angle, sizeof angle, "%g", r->angle);
        if (c->sweeps)
            snprintf(sweeps, sizeof sweeps, "%ld", c->sweeps);
        fprintf(out, "%-28s  %3s  %8s  %14.4g  %18.4g\n", c->label, sweeps, angle,
                r->infinity < 1e-9 ? 0 : r->infinity, r->highest);
    }
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
    static const double z[2] = { -1, 0 };
    double R[2];
    struct stability *s = calloc(1, sizeof *s);
    if (!s)
        return log_error(-ENOMEM, "out of memory");
    s->base = (struct study){ compute, csv, print, stability_draw, destroy };
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
