// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "nn/dense.h"

#include <string.h>

#include "nn/activation.h"
#include "nn/gemm.h"

enum {
    TILE = 512, /* points at a time: what they need stays in cache */
    NEAR_BYTES =
        49152, /* the same in the nearest cache: a tile of x and one of z, copied together */
    NEAR_POINTS = 2 * GEMM_LANES
};

static void forward_far(const struct dense *d, const real *params, const real *x, real *z,
                        enum activation act, real *y)
{
    const real *bias = params + d->out * d->in;
    const size_t P = d->points;
    for (size_t j = 0; j < P; j += TILE) {
        const size_t n = P - j < TILE ? P - j : TILE;
        for (size_t o = 0; d->bias && o < d->out; o++)
            for (size_t i = 0; i < n; i++)
                z[o * P + j + i] = bias[o];
        NN(gemm)(d->out, n, d->in, params, d->in, 1, x + j, P, z + j, P, d->bias);
        if (act != ACT_IDENTITY || y != z)
            for (size_t o = 0; o < d->out; o++)
                NN(activate)(act, n, z + o * P + j, y + o * P + j);
    }
}

void NN(dense_forward)(const struct dense *d, const real *params, const real *x, real *z,
                       enum activation act, real *y)
{
    real near[NEAR_BYTES / sizeof(real)] __attribute__((aligned(64)));
    const real *bias = params + d->out * d->in;
    const size_t P = d->points;
    const size_t width = NEAR_BYTES / sizeof(real) / (d->in + d->out) / NEAR_POINTS * NEAR_POINTS;
    real *near_z = near + d->in * width;
    if (width == 0 || d->out < 4) {
        forward_far(d, params, x, z, act, y);
        return;
    }
    for (size_t j = 0; j < P; j += width) {
        const size_t n = P - j < width ? P - j : width;
        for (size_t i = 0; i < d->in; i++)
            memcpy(near + i * width, x + i * P + j, n * sizeof *near);
        for (size_t o = 0; d->bias && o < d->out; o++)
            for (size_t i = 0; i < n; i++)
                near_z[o * width + i] = bias[o];
        NN(gemm)(d->out, n, d->in, params, d->in, 1, near, width, near_z, width, d->bias);
        for (size_t o = 0; o < d->out; o++) {
            if (z != y)
                memcpy(z + o * P + j, near_z + o * width, n * sizeof *z);
            NN(activate)(act, n, near_z + o * width, y + o * P + j);
        }
    }
}

void NN(dense_backward)(const struct dense *d, const real *params, const real *x, const real *dz,
                        real *dx, bool add, real *dparams)
{
    const size_t P = d->points;
    real *dbias = dparams + d->out * d->in;
    NN(gemm_nt)(d->out, d->in, P, dz, P, x, P, dparams, d->in);
    for (size_t o = 0; d->bias && o < d->out; o++) {
        real sum[16] = { 0 }; /* of every 16th point: vectors, in one order */
        for (size_t i = 0; i < P; i++)
            sum[i % 16] += dz[o * P + i];
        for (int half = 8; half; half /= 2)
            for (int i = 0; i < half; i++)
                sum[i] += sum[i + half];
        dbias[o] += sum[0];
    }
    for (size_t j = 0; dx && j < P; j += TILE)
        NN(gemm)
    (d->in, P - j < TILE ? P - j : TILE, d->out, params, 1, d->in, dz + j, P, dx + j, P, add);
}
