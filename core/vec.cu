// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include <float.h>
#include <math.h>

#include "core/cuda.h"
#include "core/vec.h"

void vec_copy_cuda(const struct exec *x, size_t n, const double *u, double *y)
{
    if (u != y && n > 0)
        CUDA_CHECK(cudaMemcpyAsync(y, u, n * sizeof *y, cudaMemcpyDeviceToDevice,
                                   (cudaStream_t)x->stream));
}

struct terms {
    int m;
    double c[VEC_TERMS];
    const double *v[VEC_TERMS];
};

static __global__ void lincomb(size_t n, double *y, struct terms t)
{
    const size_t i = cuda_index();
    if (i >= n)
        return;
    double sum = t.c[0] * t.v[0][i];
    for (int k = 1; k < t.m; k++)
        sum += t.c[k] * t.v[k][i];
    y[i] = sum;
}

void vec_lincomb_cuda(const struct exec *x, size_t n, double *y, int m, const double *c,
                      const double *const *v)
{
    struct terms t = {};
    if (m == 0) {
        CUDA_CHECK(cudaMemsetAsync(y, 0, n * sizeof *y, (cudaStream_t)x->stream));
        return;
    }
    t.m = m;
    for (int k = 0; k < m; k++) {
        t.c[k] = c[k];
        t.v[k] = v[k];
    }
    CUDA_LAUNCH_EACH(lincomb, x, n, n, y, t);
}

static __global__ void correct(size_t n, double *u, const double *gnew, const double *f,
                               const double *gold)
{
    const size_t i = cuda_index();
    if (i < n)
        u[i] = f[i] + (gnew[i] - gold[i]);
}

void vec_correct_cuda(const struct exec *x, size_t n, double *u, const double *gnew,
                      const double *f, const double *gold)
{
    CUDA_LAUNCH_EACH(correct, x, n, n, u, gnew, f, gold);
}

static __global__ void interpolate(size_t n, size_t from, size_t to, size_t inner, int terms,
                                   const int *first, const double *weight, const double *u,
                                   double *v)
{
    const size_t at = cuda_index();
    if (at >= n)
        return;
    const size_t j = at % inner, i = at / inner % to, o = at / inner / to;
    double sum = 0;
    for (int k = 0; k < terms; k++) {
        const double w = weight[i * (size_t)terms + (size_t)k];
        if (w != 0.0)
            sum += w * u[(o * from + ((size_t)first[i] + (size_t)k) % from) * inner + j];
    }
    v[at] = sum;
}

void vec_interpolate_cuda(const struct exec *x, size_t outer, size_t from, size_t to, size_t inner,
                          int terms, const int *first, const double *weight, const double *u,
                          double *v)
{
    const size_t n = outer * to * inner;
    CUDA_LAUNCH_EACH(interpolate, x, n, n, from, to, inner, terms, first, weight, u, v);
}

/* ---- sums in one order, which depends on n only ---- */

enum { SUM_BLOCKS = VEC_DISTANCE_WORK / 3 };

/* the sums of the block in thread 0, pairwise */
static __device__ void reduce_block(double *difference, double *square, double *largest)
{
    __shared__ double s[3][CUDA_THREADS];
    const unsigned i = threadIdx.x;
    s[0][i] = *difference;
    s[1][i] = *square;
    s[2][i] = *largest;
    for (unsigned half = CUDA_THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (i < half) {
            s[0][i] += s[0][i + half];
            s[1][i] += s[1][i + half];
            s[2][i] = s[2][i + half] > s[2][i] ? s[2][i + half] : s[2][i];
        }
    }
    *difference = s[0][i];
    *square = s[1][i];
    *largest = s[2][i];
}

static __global__ void distance_blocks(size_t n, const double *u, const double *v, double *partial)
{
    double difference = 0, square = 0, largest = 0;
    for (size_t i = cuda_index(); i < n; i += (size_t)gridDim.x * blockDim.x) {
        const double a = u[i], d = v ? a - v[i] : a;
        difference += d * d;
        square += a * a;
        largest = fabs(d) > largest ? fabs(d) : largest;
    }
    reduce_block(&difference, &square, &largest);
    if (threadIdx.x == 0) {
        partial[blockIdx.x] = difference;
        partial[SUM_BLOCKS + blockIdx.x] = square;
        partial[2 * SUM_BLOCKS + blockIdx.x] = largest;
    }
}

static __global__ void distance_total(unsigned blocks, const double *partial, double *result)
{
    const unsigned i = threadIdx.x;
    double difference = i < blocks ? partial[i] : 0;
    double square = i < blocks ? partial[SUM_BLOCKS + i] : 0;
    double largest = i < blocks ? partial[2 * SUM_BLOCKS + i] : 0;
    reduce_block(&difference, &square, &largest);
    if (i == 0) {
        result[0] = difference;
        result[1] = square;
        result[2] = isnan(difference) ? difference : largest; /* comparisons lose NaN */
    }
}

void vec_distance_cuda(const struct exec *x, size_t n, const double *u, const double *v,
                       double *result)
{
    static_assert((int)SUM_BLOCKS <= (int)CUDA_THREADS, "one thread per partial sum");
    struct exec scratch = *x;
    double *partial = exec_take(&scratch, VEC_DISTANCE_WORK);
    const size_t wanted = n / CUDA_THREADS + 1;
    const unsigned blocks = wanted < SUM_BLOCKS ? (unsigned)wanted : (unsigned)SUM_BLOCKS;
    CUDA_LAUNCH(distance_blocks, blocks, (unsigned)CUDA_THREADS, 0, x, n, u, v, partial);
    CUDA_LAUNCH(distance_total, 1u, (unsigned)CUDA_THREADS, 0, x, blocks, partial, result);
}

static __global__ void nonfinite(size_t n, const double *u, double *flag)
{
    const size_t i = cuda_index();
    if (i < n && !(fabs(u[i]) <= DBL_MAX))
        *flag = 1; /* whoever writes, writes the same */
}

void vec_nonfinite_cuda(const struct exec *x, size_t n, const double *u, double *flag)
{
    CUDA_CHECK(cudaMemsetAsync(flag, 0, sizeof *flag, (cudaStream_t)x->stream));
    CUDA_LAUNCH_EACH(nonfinite, x, n, n, u, flag);
}
