// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A thread per entry of what is written; numbers as in nn/codec.c and nn/codec_kernels.c. */
#include "nn/codec.h"

#include "core/cuda.h"

/* what a kernel gets: mask lies on the device, the grid does not */
struct view {
    struct codec c;
    bool periodic[2];
};

static struct view view_of(const struct codec *c, const struct exec *x)
{
    struct view v = {};
    v.c = *c;
    v.c.grid = NULL;
    v.c.mask = (double *)exec_device_constant(x, c->mask);
    v.c.strength = c->strength ? (double *)exec_device_constant(x, c->strength) : NULL;
    for (int a = 0; a < c->dims; a++)
        v.periodic[a] = c->grid->periodic[a];
    return v;
}

/* ---- the lifting ---- */

static __device__ bool has_ends(const struct view &v, int axis)
{
    return v.c.boundary && axis < v.c.dims && !v.periodic[axis];
}

static __device__ double between(double a, double b, size_t i, size_t n)
{
    return ((double)(n - i) * a + (double)i * b) / (double)n;
}

/* ends are read, inner points are written: it may be in place */
static __global__ void lift(size_t total, struct view view, const double *values, double *lifting)
{
    const size_t at = cuda_index();
    if (at >= total)
        return;
    const size_t p = at % view.c.points, wide = view.c.shape[1], i = p / wide, j = p % wide;
    const size_t n = view.c.shape[0] - 1, m = wide - 1;
    const double *first = values + (at - p), *last = first + n * wide, *row = first + i * wide;
    double sum = 0;
    if (view.c.mask[p] == 0) {
        lifting[at] = values[at];
        return;
    }
    if (has_ends(view, 0))
        sum += between(first[j], last[j], i, n);
    if (has_ends(view, 1))
        sum += between(row[0], row[m], j, m);
    if (has_ends(view, 0) && has_ends(view, 1))
        sum -= between(between(first[0], last[0], i, n), between(first[m], last[m], i, n), j, m);
    lifting[at] = sum;
}

void codec_lift_cuda(const struct codec *c, const struct exec *x, const double *values,
                     double *lifting)
{
    CUDA_LAUNCH_EACH(lift, x, c->n, c->n, view_of(c, x), values, lifting);
}

/* ---- smoothing ---- */

static __global__ void smooth_axis(size_t total, struct view view, int axis, const double *u,
                                   double *s)
{
    const size_t at = cuda_index();
    if (at < total)
        s[at] = codec_smoothed(u + at / view.c.points * view.c.points, view.c.shape,
                               view.c.strength + axis * view.c.points, axis, at % view.c.points);
}

void codec_smooth_axis_cuda(const struct codec *c, const struct exec *x, int axis, const double *u,
                            double *s)
{
    CUDA_LAUNCH_EACH(smooth_axis, x, c->n, c->n, view_of(c, x), axis, u, s);
}

/* ---- states and channels ---- */

/* an inner point of a channel of codec_encode */
static __device__ double entry(const struct view &v, const double *u, const double *lifting,
                               size_t channel, size_t i, size_t j)
{
    const struct codec &c = v.c;
    const size_t components = (size_t)c.components, columns = c.dims > 1 ? c.sensors : 1,
                 p = i * c.shape[1] + j;
    if (channel < components)
        return (u[channel * c.points + p] - c.mean[channel]) / c.std[channel];
    channel -= components;
    if (c.boundary) {
        if (channel < components)
            return lifting[channel * c.points + p] / c.std[channel];
        channel -= components;
    }
    if (channel < components * c.sensors * columns) {
        const size_t k = channel / columns / c.sensors, s = channel / columns % c.sensors,
                     r = channel % columns;
        const size_t row = codec_spread(c.shape[0], c.sensors, v.periodic[0], s),
                     column =
                         c.dims > 1 ? codec_spread(c.shape[1], c.sensors, v.periodic[1], r) : 0;
        return (u[k * c.points + row * c.shape[1] + column] - c.mean[k]) / c.std[k];
    }
    channel -= components * c.sensors * columns;
    const size_t differences = 2 * (size_t)c.distances, lines = components * (size_t)c.dims;
    if (channel < lines * differences) {
        const size_t k = channel / differences / (size_t)c.dims;
        const int a = (int)(channel / differences % (size_t)c.dims);
        const double *line = u + k * c.points + (a == 0 ? j : i * c.shape[1]);
        double pair[2];
        codec_differences(line, a == 0 ? c.shape[1] : 1, c.shape[a], v.periodic[a], c.std[k],
                          (long)(a == 0 ? i : j), c.distance[channel % differences / 2], pair);
        return pair[channel % 2];
    }
    channel -= lines * differences;
    if (c.coordinates && channel < (size_t)c.dims) {
        const size_t n = c.shape[channel] - (v.periodic[channel] || c.shape[channel] == 1 ? 0 : 1);
        return (double)(channel ? j : i) / (double)n;
    }
    return 1;
}

template <typename real>
static __global__ void encode_entries(struct view v, const double *u, const double *lifting,
                                      real *in)
{
    const size_t at = cuda_index();
    if (at >= v.c.in)
        return;
    const size_t p = at % v.c.padded, i = p / v.c.padded_shape[1], j = p % v.c.padded_shape[1];
    const bool inside = i < v.c.shape[0] && j < v.c.shape[1];
    in[at] = inside ? (real)entry(v, u, lifting, at / v.c.padded, i, j) : (real)0;
}

template <typename real>
static void encode(const struct codec *c, const struct exec *x, const double *u,
                   const double *lifting, void *in)
{
    CUDA_LAUNCH_EACH(encode_entries<real>, x, c->in, view_of(c, x), u, lifting, (real *)in);
}

template <typename real>
static __global__ void decode_entries(struct view view, int m, const double *u,
                                      const double *lifting, const real *out, double *v)
{
    const struct codec &c = view.c;
    const size_t at = cuda_index();
    if (at >= c.n)
        return;
    const size_t k = at / c.points, p = at % c.points, i = p / c.shape[1], j = p % c.shape[1];
    const size_t channel = (size_t)(m * c.components) + k;
    const double y = (double)out[channel * c.padded + i * c.padded_shape[1] + j];
    const double base = lifting ? u[at] + lifting[at] : u[at], mask = c.mask[p];
    v[at] = mask == 0                        ? base
            : c.predict == PREDICT_INCREMENT ? base + mask * (c.scale[m][k] * y)
                                             : c.mean[k] + c.std[k] * y;
}

template <typename real>
static void decode(const struct codec *c, const struct exec *x, int m, const double *u,
                   const double *lifting, const void *out, double *v)
{
    CUDA_LAUNCH_EACH(decode_entries<real>, x, c->n, view_of(c, x), m, u, lifting, (const real *)out,
                     v);
}

template <typename real>
static __global__ void adjoint_entries(struct view view, int m, const double *dv, real *dout)
{
    const struct codec &c = view.c;
    const size_t at = cuda_index(), q = at % c.padded, k = at / c.padded;
    if (k >= (size_t)c.components)
        return;
    const size_t i = q / c.padded_shape[1], j = q % c.padded_shape[1], p = i * c.shape[1] + j;
    double d = 0;
    if (i < c.shape[0] && j < c.shape[1]) {
        const double from = dv[k * c.points + p], mask = c.mask[p];
        d = c.predict == PREDICT_INCREMENT ? mask * c.scale[m][k] * from
            : mask == 0                    ? 0
                                           : c.std[k] * from;
    }
    dout[(size_t)(m * c.components) * c.padded + at] = (real)d;
}

template <typename real>
static void decode_adjoint(const struct codec *c, const struct exec *x, int m, const double *dv,
                           void *dout)
{
    CUDA_LAUNCH_EACH(adjoint_entries<real>, x, (size_t)c->components * c->padded, view_of(c, x), m,
                     dv, (real *)dout);
}

const struct codec_kernels codec_cuda_f32 = { encode<float>, decode<float>, decode_adjoint<float> };
const struct codec_kernels codec_cuda_f64 = { encode<double>, decode<double>,
                                              decode_adjoint<double> };
