// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Dahlquist's test equation: what the CPU and devices share. */
#ifndef SPT_DAHLQUIST_H
#define SPT_DAHLQUIST_H

#include <math.h>

#include "problems/problem.h"

#ifdef __cplusplus
extern "C" {
#endif

struct dahlquist {
    struct problem base;
    size_t count;
    double *lambda, *mu, *initial; /* (count) pairs; mu NULL: 0 */
};

/* From count pairs each; mu NULL: no explicit term. 0 or -ENOMEM */
int dahlquist_create(struct problem **p, size_t count, const double *lambda, const double *mu,
                     const double *initial);

/* dahlquist.cu, in builds with CUDA: without and with an explicit term */
extern const struct problem_kernels dahlquist_cuda_kernels[2];

/* y = (re, im) u; y may be u */
static inline SPT_HD void dahlquist_multiply(double re, double im, const double *u, double *y)
{
    const double u0 = u[0], u1 = u[1];
    y[0] = re * u0 - im * u1;
    y[1] = re * u1 + im * u0;
}

/* u with u - a lambda u = b; whether that is singular */
static inline SPT_HD bool dahlquist_divide(double a, const double *lambda, const double *b,
                                           double *u)
{
    const double re = 1 - a * lambda[0], im = -a * lambda[1];
    const double square = re * re + im * im;
    dahlquist_multiply(re / square, -im / square, b, u);
    return square == 0;
}

/* v = exp((lambda + mu) dt) u; mu may be NULL */
static inline SPT_HD void dahlquist_flow(const double *lambda, const double *mu, double dt,
                                         const double *u, double *v)
{
    const double re = lambda[0] + (mu ? mu[0] : 0), im = lambda[1] + (mu ? mu[1] : 0);
    dahlquist_multiply(exp(re * dt) * cos(im * dt), exp(re * dt) * sin(im * dt), u, v);
}

#ifdef __cplusplus
}
#endif
#endif
