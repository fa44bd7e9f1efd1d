// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Dahlquist's test equation u' = lambda u, or u' = lambda u + mu u with the second term explicit,
 * for a list of (lambda, mu) at once. Complex numbers are pairs (re, im). The initial values hold
 * at t = 0. */
#include "problems/dahlquist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "problems/problems.h"

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

static int rhs_implicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    const struct dahlquist *d = dahlquist(p);
    exec_count(x, 1, 0, 0);
    for (size_t i = 0; i < 2 * d->count; i += 2)
        dahlquist_multiply(d->lambda[i], d->lambda[i + 1], u + i, f + i);
    return 0;
}

static int rhs_explicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    const struct dahlquist *d = dahlquist(p);
    for (size_t i = 0; i < 2 * d->count; i += 2)
        dahlquist_multiply(d->mu[i], d->mu[i + 1], u + i, f + i);
    return 0;
}

static int rhs_adjoint(const struct problem *p, const struct exec *x, double t, const double *u,
                       const double *v, double *g)
{
    const struct dahlquist *d = dahlquist(p);
    for (size_t i = 0; i < 2 * d->count; i += 2)
        dahlquist_multiply(d->lambda[i] + (d->mu ? d->mu[i] : 0),
                           -(d->lambda[i + 1] + (d->mu ? d->mu[i + 1] : 0)), v + i, g + i);
    return 0;
}

static int solve(const struct problem *p, const struct exec *x, double t, double a, const double *b,
                 double *u)
{
    const struct dahlquist *d = dahlquist(p);
    int failed = 0;
    exec_count(x, 0, 1, 0);
    for (size_t i = 0; i < 2 * d->count; i += 2)
        if (dahlquist_divide(a, d->lambda + i, b + i, u + i) && !failed)
            failed = (int)(i / 2) + 1;
    return failed;
}

static void flow(const struct dahlquist *d, double dt, const double *u, double *v)
{
    for (size_t i = 0; i < 2 * d->count; i += 2)
        dahlquist_flow(d->lambda + i, d->mu ? d->mu + i : NULL, dt, u + i, v + i);
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

static const struct problem_kernels kernels[2] = {
    { .rhs_implicit = rhs_implicit,
      .solve = solve,
      .exact_step = exact_step,
      .rhs_adjoint = rhs_adjoint },
    { .rhs_implicit = rhs_implicit,
      .rhs_explicit = rhs_explicit,
      .solve = solve,
      .exact_step = exact_step,
      .rhs_adjoint = rhs_adjoint },
};

static void destroy(struct problem *p)
{
    struct dahlquist *d = (struct dahlquist *)p;
    exec_constant_forget(d->lambda);
    exec_constant_forget(d->mu);
    free(d->lambda);
    free(d->mu);
    free(d->initial);
    grid_free(&p->grid);
    free(d);
}

static double *copy(size_t n, const double *c)
{
    double *v = malloc(2 * n * sizeof *v);
    if (v) {
        memcpy(v, c, 2 * n * sizeof *v);
        exec_constant(v, 2 * n * sizeof *v);
    }
    return v;
}

int dahlquist_create(struct problem **p, size_t n, const double *lambda, const double *mu,
                     const double *initial)
{
    struct dahlquist *d = calloc(1, sizeof *d);
    if (!d)
        return -ENOMEM;
    d->base = (struct problem){
        .name = "dahlquist",
        .n = 2 * n,
        .grid = { .components = 1, .is_complex = true },
        .flops_rhs = 6 * (double)n,
        .flops_solve = 14 * (double)n,
        .kernels = { &kernels[mu != NULL], DEV_CUDA_KERNELS(dahlquist_cuda_kernels[mu != NULL]) },
        .initial = exact,
        .exact = exact,
        .destroy = destroy,
    };
    d->count = n;
    d->lambda = copy(n, lambda);
    d->mu = mu ? copy(n, mu) : NULL;
    d->initial = malloc(2 * n * sizeof *d->initial);
    if (!d->lambda || (mu && !d->mu) || !d->initial ||
        grid_axis(&d->base.grid, 0, "lambda", n, 0, (double)n - 1, false)) {
        destroy(&d->base);
        return -ENOMEM;
    }
    memcpy(d->initial, initial, 2 * n * sizeof *initial);
    *p = &d->base;
    return 0;
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
    double *initial = malloc(2 * n * sizeof *initial);
    if (!initial)
        return -ENOMEM;
    for (size_t i = 0; i < 2 * n; i++)
        initial[i] = q.initial.v[q.initial.n == 1 ? i % 2 : i];
    const int err = dahlquist_create(p, n, q.lambda.v, q.mu.n ? q.mu.v : NULL, initial);
    free(initial);
    return err;
}

const struct problem_type dahlquist_type = { "dahlquist", "u' = lambda u, the test equation",
                                             &schema, create };
