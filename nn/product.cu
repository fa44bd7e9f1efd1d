// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "nn/product.h"

#include <math.h>

#include "core/cuda.h"

/* A block makes a tile of C, a thread EACH x EACH entries of it that lie SIDE apart. */
enum { TILE = 32, DEPTH = 16, SIDE = 16, EACH = TILE / SIDE };
static_assert((int)SIDE * SIDE == (int)CUDA_THREADS, "a thread per SIDE x SIDE entries");

static SPT_HD size_t tiles(size_t n)
{
    return (n + TILE - 1) / TILE;
}

/* tile[p][i] = A (i0 + i, p0 + p), 0 outside (rows, k); neighbouring threads read neighbours */
static __device__ void load(const real *a, size_t ai, size_t ap, size_t i0, size_t rows, size_t p0,
                            size_t k, real (*tile)[TILE + 1])
{
    for (unsigned t = threadIdx.x; t < TILE * DEPTH; t += CUDA_THREADS) {
        const unsigned i = ap == 1 ? t / DEPTH : t % TILE, p = ap == 1 ? t % DEPTH : t / TILE;
        tile[p][i] = i0 + i < rows && p0 + p < k ? a[(i0 + i) * ai + (p0 + p) * ap] : (real)0;
    }
}

static __global__ void __launch_bounds__(CUDA_THREADS) multiply(struct product q)
{
    __shared__ real A[DEPTH][TILE + 1], B[DEPTH][TILE + 1];
    const size_t across = tiles(q.n), down = tiles(q.m);
    const size_t i0 = blockIdx.x / across % down * TILE, j0 = blockIdx.x % across * TILE,
                 which = blockIdx.x / across / down;
    const unsigned row = threadIdx.x / SIDE, column = threadIdx.x % SIDE;
    const real *a = q.a.a + which * q.a.next, *b = q.b.a + which * q.b.next;
    real *c = q.c + which * q.next, sum[EACH][EACH];
    for (unsigned r = 0; r < EACH; r++)
        for (unsigned s = 0; s < EACH; s++) {
            const size_t i = i0 + row + r * SIDE, j = j0 + column + s * SIDE;
            const bool inside = i < q.m && j < q.n;
            sum[r][s] = !inside ? (real)0 : q.bias ? q.bias[i] : q.add ? c[i * q.ldc + j] : (real)0;
        }
    for (size_t p0 = 0; p0 < q.k; p0 += DEPTH) {
        load(a, q.a.ai, q.a.ap, i0, q.m, p0, q.k, A);
        load(b, q.b.ap, q.b.ai, j0, q.n, p0, q.k, B);
        __syncthreads();
        for (unsigned p = 0; p < DEPTH; p++)
            for (unsigned r = 0; r < EACH; r++)
                for (unsigned s = 0; s < EACH; s++)
                    sum[r][s] = fma(A[p][row + r * SIDE], B[p][column + s * SIDE], sum[r][s]);
        __syncthreads();
    }
    for (unsigned r = 0; r < EACH; r++)
        for (unsigned s = 0; s < EACH; s++) {
            const size_t i = i0 + row + r * SIDE, j = j0 + column + s * SIDE;
            if (i < q.m && j < q.n)
                c[i * q.ldc + j] = sum[r][s];
        }
}

void NN(product)(const struct exec *x, const struct product *p)
{
    const size_t blocks = p->count * tiles(p->m) * tiles(p->n);
    if (blocks > 0)
        CUDA_LAUNCH(multiply, (unsigned)blocks, (unsigned)CUDA_THREADS, 0, x, *p);
}

static __device__ real activation(enum activation act, real z)
{
    switch (act) {
    case ACT_GELU:
        return (real)0.5 * z * (1 + erf(z * (real)0.70710678118654752440));
    case ACT_RELU:
        return z > 0 ? z : (real)0;
    case ACT_TANH:
        return tanh(z);
    case ACT_SIN:
        return sin(z);
    default:
        return z;
    }
}

static __global__ void activate(enum activation act, size_t n, const real *z, const real *u,
                                real *y)
{
    const size_t i = cuda_index();
    if (i < n)
        y[i] = u ? activation(act, z[i]) + u[i] : activation(act, z[i]);
}

void NN(activate_cuda)(const struct exec *x, enum activation act, size_t n, const real *z,
                       const real *u, real *y)
{
    CUDA_LAUNCH_EACH(activate, x, n, act, n, z, u, y);
}

static __device__ real slope(enum activation act, real z)
{
    switch (act) {
    case ACT_GELU:
        return (real)0.5 * (1 + erf(z * (real)0.70710678118654752440)) +
               z * (real)0.39894228040143267794 * exp((real)-0.5 * z * z);
    case ACT_RELU:
        return z > 0 ? (real)1 : (real)0;
    case ACT_TANH: {
        const real t = tanh(z);
        return 1 - t * t;
    }
    case ACT_SIN:
        return cos(z);
    default:
        return 1;
    }
}

static __global__ void activate_adjoint(enum activation act, size_t n, const real *z,
                                        const real *dy, real *dz)
{
    const size_t i = cuda_index();
    if (i < n)
        dz[i] = dy[i] * slope(act, z[i]);
}

void NN(activate_adjoint_cuda)(const struct exec *x, enum activation act, size_t n, const real *z,
                               const real *dy, real *dz)
{
    CUDA_LAUNCH_EACH(activate_adjoint, x, n, act, n, z, dy, dz);
}

/* a block per row: every thread adds entries that lie CUDA_THREADS apart, then pairs of threads */
static __global__ void add_rows(size_t n, const real *a, real *sum)
{
    __shared__ real s[CUDA_THREADS];
    const unsigned t = threadIdx.x;
    const real *row = a + blockIdx.x * n;
    real part = 0;
    for (size_t i = t; i < n; i += CUDA_THREADS)
        part += row[i];
    s[t] = part;
    for (unsigned half = CUDA_THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (t < half)
            s[t] += s[t + half];
    }
    if (t == 0)
        sum[blockIdx.x] += s[0];
}

void NN(row_sums)(const struct exec *x, size_t m, size_t n, const real *a, real *sum)
{
    if (m > 0)
        CUDA_LAUNCH(add_rows, (unsigned)m, (unsigned)CUDA_THREADS, 0, x, n, a, sum);
}

void NN(dense_backward_cuda)(const struct dense *d, const struct exec *x, const real *W,
                             const real *u, const real *dz, real *du, bool add, real *dW)
{
    struct product p = {};
    p.count = 1;
    p.m = d->out;
    p.n = d->in;
    p.k = d->points;
    p.a = { dz, d->points, 1, 0 };
    p.b = { u, 1, d->points, 0 };
    p.c = dW;
    p.ldc = d->in;
    p.add = true;
    NN(product)(x, &p);
    if (d->bias)
        NN(row_sums)(x, d->out, d->points, dz, dW + d->out * d->in);
    if (!du)
        return;
    p.m = d->in;
    p.n = d->points;
    p.k = d->out;
    p.a = { W, 1, d->in, 0 };
    p.b = { dz, d->points, 1, 0 };
    p.c = du;
    p.ldc = d->points;
    p.add = add;
    NN(product)(x, &p);
}
