// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Between states and channels, in the precision of the file's build. Everything is computed in
 * double and rounded once. */
#include <string.h>

#include "nn/codec.h"
#include "nn/real.h"

/* one channel: value(p) on the points, 0 in the padding */
#define FILL(c, channel, value)                                                                    \
    do {                                                                                           \
        const size_t wide_ = (c)->padded_shape[1], rows_ = (c)->shape[0];                          \
        for (size_t i = 0; i < rows_; i++) {                                                       \
            real *restrict row_ = (channel) + i * wide_;                                           \
            for (size_t j = 0, p = i * (c)->shape[1]; j < (c)->shape[1]; j++, p++)                 \
                row_[j] = (real)(value);                                                           \
            memset(row_ + (c)->shape[1], 0, (wide_ - (c)->shape[1]) * sizeof(real));               \
        }                                                                                          \
        memset((channel) + rows_ * wide_, 0, ((c)->padded - rows_ * wide_) * sizeof(real));        \
    } while (0)

static double normal(const struct codec *c, int component, double u)
{
    return (u - c->mean[component]) / c->std[component];
}

static real *encode_sensors(const struct codec *c, const double *u, real *channel)
{
    const size_t columns = c->dims > 1 ? c->sensors : 1;
    for (int k = 0; k < c->components; k++, u += c->points)
        for (size_t s = 0; s < c->sensors; s++)
            for (size_t r = 0; r < columns; r++, channel += c->padded) {
                const size_t at =
                    codec_sensor(c, 0, s) * c->shape[1] + (c->dims > 1 ? codec_sensor(c, 1, r) : 0);
                const double value = normal(c, k, u[at]);
                FILL(c, channel, value);
            }
    return channel;
}

static real *encode_stencil(const struct codec *c, const double *u, real *channel)
{
    for (int k = 0; k < c->components; k++, u += c->points)
        for (int a = 0; a < c->dims; a++) {
            const size_t n = c->shape[a], stride = a == 0 ? c->shape[1] : 1;
            for (int d = 0; d < c->distances; d++)
                for (int which = 0; which < 2; which++, channel += c->padded) {
                    double pair[2];
                    FILL(c, channel,
                         (codec_differences(u + (a == 0 ? j : i * c->shape[1]), stride, n,
                                            c->grid->periodic[a], c->std[k], (long)(a == 0 ? i : j),
                                            c->distance[d], pair),
                          pair[which]));
                }
        }
    return channel;
}

static void encode(const struct codec *c, const struct exec *x, const double *u,
                   const double *lifting, void *in)
{
    real *channel = in;
    for (int k = 0; k < c->components; k++, channel += c->padded) {
        const double *from = u + (size_t)k * c->points;
        FILL(c, channel, normal(c, k, from[p]));
    }
    for (int k = 0; k < c->components && c->boundary; k++, channel += c->padded) {
        const double *from = lifting + (size_t)k * c->points, std = c->std[k];
        FILL(c, channel, from[p] / std);
    }
    if (c->sensors)
        channel = encode_sensors(c, u, channel);
    channel = encode_stencil(c, u, channel);
    for (int a = 0; a < c->dims && c->coordinates; a++, channel += c->padded) {
        const size_t n = c->shape[a] - (c->grid->periodic[a] || c->shape[a] == 1 ? 0 : 1);
        FILL(c, channel, (double)(a ? j : i) / (double)n);
    }
    if (c->sensors || c->distances)
        FILL(c, channel, 1);
}

static void decode(const struct codec *c, const struct exec *x, int m, const double *u,
                   const double *lifting, const void *out, double *v)
{
    const size_t wide = c->padded_shape[1];
    for (int k = 0; k < c->components; k++) {
        const size_t first = (size_t)k * c->points;
        const real *channel = (const real *)out + (size_t)(m * c->components + k) * c->padded;
        const double scale = c->scale[m][k], mean = c->mean[k], std = c->std[k];
        for (size_t i = 0; i < c->shape[0]; i++) {
            const real *row = channel + i * wide;
            const size_t at = i * c->shape[1], q = first + at;
            for (size_t j = 0; j < c->shape[1]; j++) {
                const double base = lifting ? u[q + j] + lifting[q + j] : u[q + j];
                const double mask = c->mask[at + j];
                if (mask == 0)
                    v[q + j] = base;
                else if (c->predict == PREDICT_INCREMENT)
                    v[q + j] = base + mask * (scale * (double)row[j]);
                else
                    v[q + j] = mean + std * (double)row[j];
            }
        }
    }
}

static void decode_adjoint(const struct codec *c, const struct exec *x, int m, const double *dv,
                           void *dout)
{
    for (int k = 0; k < c->components; k++) {
        const double *from = dv + (size_t)k * c->points;
        const double scale = c->scale[m][k], std = c->std[k], *mask = c->mask;
        real *channel = (real *)dout + (size_t)(m * c->components + k) * c->padded;
        if (c->predict == PREDICT_INCREMENT)
            FILL(c, channel, mask[p] * scale * from[p]);
        else
            FILL(c, channel, mask[p] == 0 ? 0 : std * from[p]);
    }
}

const struct codec_kernels NN(codec_cpu) = { encode, decode, decode_adjoint };
