// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Dahlquist's test equation u' = lambda u, or u' = lambda u + mu u with the second term explicit,
 * for a list of (lambda, mu) at once. Complex numbers are pairs (re, im). The initial values hold
 * at t = 0. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "problems/problems.h"

struct dahlquist {
    struct problem base;
    size_t count;
    double *lambda, *mu, *initial; /* (count) pairs; mu NULL: 0 */
};

struct params {
    struct complexes lambda, mu, initial;
};

static const struct param params[] = {
    { "lambda", P_COMPLEXES, offsetof(struct params, lambda), "[[-1, 0]]",
      .help = "coefficients of the implicit term" },
    { "explicit", P_COMPLEXES, offsetof(struct params, mu), "",
      .help = "coefficients of an explicit term, as many as in lambda; none: no such term" },
    { "initial", P_COMPLEXES, offsetof(struct params, initial), "[[1, 0]]",
      .help = "values at t = 0: one for all, or one per lambda" },
    { NULL },
};

static const struct schema schema = {
    "problem: dahlquist",
    "u' = lambda u for each lambda",
    params,
};

static const struct dahlquist *dahlquist(const struct problem *p)
{
    return (const struct dahlquist *)p;
}

/* y = (re, im) u; y may be u */
static void multiply(double re, double im, const double *u, double *y)
{
    const double u0 = u[0], u1 = u[1];
    y[0] = re * u0 - im * u1;
    y[1] = re * u1 + im * u0;
}

static int rhs_implicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    const struct dahlquist *d = dahlquist(p);
    for (size_t i = 0; i < 2 * d->count; i += 2)
        multiply(d->lambda[i], d->lambda[i + 1], u + i, f + i);
    return 0;
}

static int rhs_explicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    const struct dahlquist *d = dahlquist(p);
    for (size_t i = 0; i < 2 * d->count; i += 2)
        multiply(d->mu[i], d->mu[i + 1], u + i, f + i);
    return 0;
}

static int solve(const struct problem *p, const struct exec *x, double t, double a, const double *b,
                 double *u)
{
    const struct dahlquist *d = dahlquist(p);
    int failed = 0;
    for (size_t i = 0; i < 2 * d->count; i += 2) {
        const double re = 1 - a * d->lambda[i], im = -a * d->lambda[i + 1];
        const double square = re * re + im * im;
        if (square == 0 && !failed)
            failed = (int)(i / 2) + 1;
        multiply(re / square, -im / square, b + i, u + i);
    }
    return failed;
}

static void flow(const struct dahlquist *d, double dt, const double *u, double *v)
{
    for (size_t i = 0; i < 2 * d->count; i += 2) {
        const double re = d->lambda[i] + (d->mu ? d->mu[i] : 0);
        const double im = d->lambda[i + 1] + (d->mu ? d->mu[i + 1] : 0);
        multiply(exp(re * dt) * cos(im * dt), exp(re * dt) * sin(im * dt), u + i, v + i);
    }
}

static int exact_step(const struct problem *p, const struct exec *x, double t0, double dt,
                      const double *u, double *v)
{
    flow(dahlquist(p), dt, u, v);
    return 0;
}

static int exact(const struct problem *p, double t, double *u)
{
    flow(dahlquist(p), t, dahlquist(p)->initial, u);
    return 0;
}

static const struct problem_kernels kernels = {
    .rhs_implicit = rhs_implicit,
    .solve = solve,
    .exact_step = exact_step,
};

static const struct problem_kernels imex_kernels = {
    .rhs_implicit = rhs_implicit,
    .rhs_explicit = rhs_explicit,
    .solve = solve,
    .exact_step = exact_step,
};

static void destroy(struct problem *p)
{
    struct dahlquist *d = (struct dahlquist *)p;
    free(d->lambda);
    free(d->mu);
    free(d->initial);
    grid_free(&p->grid);
    free(d);
}

static double *copy(const struct complexes *c)
{
    double *v = malloc(2 * c->n * sizeof *v);
    if (v)
        memcpy(v, c->v, 2 * c->n * sizeof *v);
    return v;
}

static int create(struct problem **p, const struct node *config)
{
    struct params q;
    if (config_bind(config, &schema, (const char *const[]){ "name", NULL }, &q))
        return -EINVAL;
    const size_t n = q.lambda.n;
    if (n == 0)
        return config_key_error(config, "lambda", "expected at least one [re, im]");
    if (q.mu.n && q.mu.n != n)
        return config_key_error(config, "explicit", "expected %zu numbers, as in lambda, got %zu",
                                n, q.mu.n);
    if (q.initial.n != 1 && q.initial.n != n)
        return config_key_error(config, "initial",
                                "expected 1 number or %zu, as in lambda, got %zu", n, q.initial.n);

    struct dahlquist *d = calloc(1, sizeof *d);
    if (!d)
        return -ENOMEM;
    d->base = (struct problem){
        .name = "dahlquist",
        .n = 2 * n,
        .grid = { .components = 1, .is_complex = true },
        .flops_rhs = 6 * (double)n,
        .flops_solve = 14 * (double)n,
        .kernels = { q.mu.n ? &imex_kernels : &kernels },
        .initial = exact,
        .exact = exact,
        .destroy = destroy,
    };
    d->count = n;
    d->lambda = copy(&q.lambda);
    d->mu = q.mu.n ? copy(&q.mu) : NULL;
    d->initial = malloc(2 * n * sizeof *d->initial);
    if (!d->lambda || (q.mu.n && !d->mu) || !d->initial ||
        grid_axis(&d->base.grid, 0, "lambda", n, 0, (double)n - 1, false)) {
        destroy(&d->base);
        return -ENOMEM;
    }
    for (size_t i = 0; i < 2 * n; i++)
        d->initial[i] = q.initial.v[q.initial.n == 1 ? i % 2 : i];
    *p = &d->base;
    return 0;
}

const struct problem_type dahlquist_type = { "dahlquist", "u' = lambda u, the test equation",
                                             &schema, create };
