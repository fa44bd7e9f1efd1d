// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* One asset: a single line. It is solved by parallel cyclic reduction in the shared memory of one
 * block, which holds BLACK_SCHOLES_CUDA_POINTS; longer lines stay on the CPU, whose elimination
 * takes no longer than bringing them to the device and back. */
#include "problems/black_scholes.h"

#include "core/cuda.h"

enum { THREADS = 1024, ROWS = BLACK_SCHOLES_CUDA_POINTS / THREADS };

static const struct black_scholes *black_scholes(const struct problem *p)
{
    return (const struct black_scholes *)p;
}

/* lower, diag and upper follow each other */
static const double *operator_of(const struct black_scholes *s, const struct exec *x)
{
    return (const double *)exec_device_constant(x, s->A.lower);
}

static __global__ void set_ends(size_t n, double west, double east, double *u)
{
    u[0] = west;
    u[n - 1] = east;
}

static int impose(const struct problem *p, const struct exec *x, double t, double *u)
{
    double west, east;
    black_scholes_known(black_scholes(p), t, &west, &east);
    CUDA_LAUNCH(set_ends, 1u, 1u, 0, x, p->n, west, east, u);
    return 0;
}

static __global__ void apply(size_t n, const double *A, const double *u, double *f)
{
    const size_t i = cuda_index();
    if (i >= n)
        return;
    const double below = i > 0 ? A[i] * u[i - 1] : 0;
    const double above = i + 1 < n ? A[2 * n + i] * u[i + 1] : 0;
    f[i] = below + A[n + i] * u[i] + above;
}

static int rhs_implicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    CUDA_LAUNCH_EACH(apply, x, p->n, p->n, operator_of(black_scholes(p), x), u, f);
    return 0;
}

struct line {
    size_t n, first, end;
    double a, west, east;
};

/* Rows south[i] u_{i-stride} + u_i + north[i] u_{i+stride} = right[i]: each step eliminates the
 * neighbours, which doubles the stride, until there are none. Rows beyond the ends are 0. */
static __global__ void __launch_bounds__(THREADS)
    reduce(struct line l, const double *A, const double *b, double *u)
{
    extern __shared__ double shared[];
    const size_t n = l.n;
    double *south = shared, *north = shared + n, *right = shared + 2 * n;
    for (size_t i = threadIdx.x; i < n; i += THREADS) {
        const bool known = i < l.first || i >= l.end;
        const double pivot = 1 - l.a * A[n + i];
        south[i] = known ? 0 : -l.a * A[i] / pivot;
        north[i] = known ? 0 : -l.a * A[2 * n + i] / pivot;
        right[i] = !known ? b[i] / pivot : i < l.first ? l.west : l.east;
    }
    __syncthreads();
    for (size_t stride = 1; stride < n; stride *= 2) {
        double next[ROWS][3];
        for (int k = 0; k < ROWS; k++) {
            const size_t i = threadIdx.x + (size_t)k * THREADS, below = i - stride,
                         above = i + stride;
            if (i >= n)
                break;
            const bool has_below = i >= stride, has_above = above < n;
            const double s = south[i], t = north[i];
            const double pivot =
                1 - (has_below ? s * north[below] : 0) - (has_above ? t * south[above] : 0);
            next[k][0] = has_below ? -s * south[below] / pivot : 0;
            next[k][1] = has_above ? -t * north[above] / pivot : 0;
            next[k][2] = (right[i] - (has_below ? s * right[below] : 0) -
                          (has_above ? t * right[above] : 0)) /
                         pivot;
        }
        __syncthreads();
        for (int k = 0; k < ROWS; k++) {
            const size_t i = threadIdx.x + (size_t)k * THREADS;
            if (i >= n)
                break;
            south[i] = next[k][0];
            north[i] = next[k][1];
            right[i] = next[k][2];
        }
        __syncthreads();
    }
    for (size_t i = threadIdx.x; i < n; i += THREADS)
        u[i] = right[i];
}

/* where a pivot is 0 u is not finite: the increment finds it */
static int solve(const struct problem *p, const struct exec *x, double t, double a, const double *b,
                 double *u)
{
    const struct black_scholes *s = black_scholes(p);
    struct line l = { p->n, s->A.first, s->A.end, a, 0, 0 };
    const size_t most = 3 * BLACK_SCHOLES_CUDA_POINTS * sizeof(double);
    if (s->dirichlet)
        black_scholes_known(s, t, &l.west, &l.east);
    CUDA_CHECK(
        cudaFuncSetAttribute(reduce, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)most));
    CUDA_LAUNCH(reduce, 1u, (unsigned)THREADS, 3 * p->n * sizeof(double), x, l, operator_of(s, x),
                b, u);
    return 0;
}

const struct problem_kernels black_scholes_cuda_kernels[2] = {
    { .rhs_implicit = rhs_implicit, .solve = solve, .impose = impose },
    { .rhs_implicit = rhs_implicit, .solve = solve },
};
