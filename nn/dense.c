// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* x is turned, so that the gradient's vectors go over inputs and nothing is summed across lanes. */
#include "nn/dense.h"

#include "nn/gemm.h"
#include "nn/simd.h"

enum {
    TILE = 128, /* points at a time: what they need stays in the nearest caches */
    FEW = 4     /* outputs for which it does not pay to turn x */
};

static size_t whole_vectors(size_t n)
{
    return (n + SIMD_LANES - 1) / SIMD_LANES * SIMD_LANES;
}

/* to (n, width) = from (rows, n)^T, then zeros */
static void turn(size_t rows, size_t n, const real *from, size_t ld, real *to, size_t width)
{
    for (size_t i = 0; i < width; i += SIMD_LANES)
        for (size_t j = 0; j < n; j += SIMD_LANES) {
            vreal v[SIMD_LANES];
            for (size_t k = 0; k < SIMD_LANES; k++)
                __builtin_prefetch(from + (i + k) * ld + j + 8 * SIMD_LANES, 0, 3);
            const size_t points = n - j < SIMD_LANES ? n - j : SIMD_LANES;
            SIMD_UNROLL
            for (size_t k = 0; k < SIMD_LANES; k++)
                v[k] = i + k >= rows         ? (vreal){ 0 }
                       : points < SIMD_LANES ? vload_part(from + (i + k) * ld + j, points)
                                             : vload(from + (i + k) * ld + j);
            vtranspose(v);
            for (size_t k = 0; k < points; k++)
                vstore(to + (j + k) * width + i, v[k]);
        }
}

size_t NN(dense_gradient_nwork)(const struct dense *d)
{
    return (TILE + d->out) * whole_vectors(d->in);
}

static void tile_gradient(const struct dense *d, size_t at, size_t n, const real *x, const real *dz,
                          real *dparams, real *work)
{
    const size_t width = whole_vectors(d->in), P = d->points;
    real *turned = work, *sum = work + TILE * width, *dbias = dparams + d->out * d->in;
    if (d->out < FEW) {
        NN(gemm_nt)(d->out, d->in, n, dz + at, P, x + at, P, dparams, d->in);
    } else {
        turn(d->in, n, x + at, P, turned, width);
        NN(gemm)(d->out, width, n, dz + at, P, 1, turned, width, sum, width, false);
        for (size_t o = 0; o < d->out; o++)
            for (size_t i = 0; i < d->in; i++)
                dparams[o * d->in + i] += sum[o * width + i];
    }
    for (size_t o = 0; d->bias && o < d->out; o++) {
        vreal s = { 0 };
        size_t i = 0;
        for (; i + SIMD_LANES <= n; i += SIMD_LANES)
            s += vload(dz + o * P + at + i);
        s += vload_part(dz + o * P + at + i, n - i);
        dbias[o] += vsum(s);
    }
}

void NN(dense_gradient)(const struct dense *d, size_t first, size_t last, const real *x,
                        const real *dz, real *dparams, real *work)
{
    for (size_t j = first; j < last; j += TILE)
        tile_gradient(d, j, last - j < TILE ? last - j : TILE, x, dz, dparams, work);
}
