// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/dahlquist.h"

#include "core/cuda.h"

static const struct dahlquist *dahlquist(const struct problem *p)
{
    return (const struct dahlquist *)p;
}

static const double *constant(const struct exec *x, const double *host)
{
    return host ? (const double *)exec_device_constant(x, host) : NULL;
}

static __global__ void multiply(size_t n, const double *c, const double *u, double *f)
{
    const size_t i = cuda_index();
    if (i < n)
        dahlquist_multiply(c[2 * i], c[2 * i + 1], u + 2 * i, f + 2 * i);
}

static int rhs_implicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    const struct dahlquist *d = dahlquist(p);
    CUDA_LAUNCH_EACH(multiply, x, d->count, d->count, constant(x, d->lambda), u, f);
    return 0;
}

static int rhs_explicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    const struct dahlquist *d = dahlquist(p);
    CUDA_LAUNCH_EACH(multiply, x, d->count, d->count, constant(x, d->mu), u, f);
    return 0;
}

/* where it is singular u is not finite: the increment finds it */
static __global__ void divide(size_t n, double a, const double *lambda, const double *b, double *u)
{
    const size_t i = cuda_index();
    if (i < n)
        dahlquist_divide(a, lambda + 2 * i, b + 2 * i, u + 2 * i);
}

static int solve(const struct problem *p, const struct exec *x, double t, double a, const double *b,
                 double *u)
{
    const struct dahlquist *d = dahlquist(p);
    CUDA_LAUNCH_EACH(divide, x, d->count, d->count, a, constant(x, d->lambda), b, u);
    return 0;
}

static __global__ void flow(size_t n, const double *lambda, const double *mu, double dt,
                            const double *u, double *v)
{
    const size_t i = cuda_index();
    if (i < n)
        dahlquist_flow(lambda + 2 * i, mu ? mu + 2 * i : NULL, dt, u + 2 * i, v + 2 * i);
}

static int exact_step(const struct problem *p, const struct exec *x, double t0, double dt,
                      const double *u, double *v)
{
    const struct dahlquist *d = dahlquist(p);
    CUDA_LAUNCH_EACH(flow, x, d->count, d->count, constant(x, d->lambda), constant(x, d->mu), dt, u,
                     v);
    return 0;
}

const struct problem_kernels dahlquist_cuda_kernels[2] = {
    { .rhs_implicit = rhs_implicit, .solve = solve, .exact_step = exact_step },
    { .rhs_implicit = rhs_implicit,
      .rhs_explicit = rhs_explicit,
      .solve = solve,
      .exact_step = exact_step },
};
