// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "nn/codec.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool has_ends(const struct codec *c, int axis)
{
    return c->boundary && axis < c->dims && !c->grid->periodic[axis];
}

/* 1 - (1 - 4 xi (1 - xi))^sharpness, exactly 0 in both ends */
static double bump(const struct codec *c, int axis, size_t i, int sharpness)
{
    const size_t n = c->shape[axis] - 1;
    if (!has_ends(c, axis))
        return 1;
    if (i == 0 || i == n)
        return 0;
    const double inside = 4 * ((double)i / (double)n) * ((double)(n - i) / (double)n);
    double rest = 1 - inside;
    for (int k = 1; k < sharpness; k++)
        rest *= 1 - inside;
    return sharpness == 1 ? inside : 1 - rest;
}

static size_t power(size_t base, int exponent)
{
    return exponent ? base * power(base, exponent - 1) : 1;
}

static void mask_fill(struct codec *c, int sharpness)
{
    for (size_t i = 0; i < c->shape[0]; i++)
        for (size_t j = 0; j < c->shape[1]; j++)
            c->mask[i * c->shape[1] + j] = bump(c, 0, i, sharpness) * bump(c, 1, j, sharpness);
    exec_constant(c->mask, c->points * sizeof *c->mask);
}

int codec_create(struct codec *c, enum dtype dtype, const struct grid *g, bool boundary,
                 enum predict predict, int nodes, bool coordinates, size_t sensors,
                 const size_t *pad)
{
    assert(g->dims >= 1 && g->dims <= 2 && !g->is_complex && g->components <= CODEC_COMPONENTS);
    assert(nodes >= 1 && nodes <= CODEC_NODES);
    *c = (struct codec){
        .dtype = dtype,
        .grid = g,
        .components = g->components,
        .nodes = nodes,
        .n = grid_doubles(g),
        .points = grid_points(g),
        .padded = 1,
        .dims = g->dims,
        .boundary = boundary,
        .coordinates = coordinates,
        .sensors = sensors,
        .predict = predict,
    };
    for (int a = 0; a < 2; a++) {
        c->shape[a] = a < g->dims ? g->shape[a] : 1;
        c->padded_shape[a] = c->shape[a] + (pad && a < g->dims ? pad[a] : 0);
        c->padded *= c->padded_shape[a];
    }
    for (int k = 0; k < CODEC_COMPONENTS; k++) {
        c->std[k] = 1;
        for (int m = 0; m < CODEC_NODES; m++)
            c->scale[m][k] = 1;
    }
    c->in_channels =
        (size_t)c->components * (1 + (boundary ? 1 : 0) + (sensors ? power(sensors, c->dims) : 0)) +
        (coordinates ? (size_t)c->dims : 0) + (sensors ? 1 : 0);
    c->out_channels = (size_t)(c->components * nodes);
    c->in = c->in_channels * c->padded;
    c->out = c->out_channels * c->padded;
    c->mask = malloc(c->points * sizeof *c->mask);
    if (!c->mask)
        return -ENOMEM;
    mask_fill(c, 1);
    return 0;
}

void codec_mask(struct codec *c, int sharpness)
{
    exec_constant_forget(c->mask);
    mask_fill(c, sharpness);
}

int codec_stencil(struct codec *c, const long *distance, size_t count)
{
    if (count == 0)
        return 0;
    if (count > CODEC_DISTANCES)
        return -EINVAL;
    for (size_t d = 0; d < count; d++)
        for (int a = 0; a < c->dims; a++) {
            const long n = (long)c->shape[a], most = c->grid->periodic[a] ? n / 2 : n - 1;
            if (distance[d] < 1 || distance[d] > most)
                return -EINVAL;
        }
    for (size_t d = 0; d < count; d++)
        c->distance[d] = (int)distance[d];
    c->distances = (int)count;
    c->in_channels += (size_t)(2 * c->components * c->dims * c->distances) +
                      (c->sensors ? 0 : 1); /* sensors have the fraction already */
    c->in = c->in_channels * c->padded;
    return 0;
}

void codec_destroy(struct codec *c)
{
    if (c->mask)
        exec_constant_forget(c->mask);
    free(c->mask);
    c->mask = NULL;
    if (c->strength)
        exec_constant_forget(c->strength);
    free(c->strength);
    c->strength = NULL;
}

/* ---- the lifting ---- */

/* between the ends a and b of an axis, at i of n intervals */
static double between(double a, double b, size_t i, size_t n)
{
    return ((double)(n - i) * a + (double)i * b) / (double)n;
}

/* one inner point: interpolation along each axis that has ends, less that of the corners */
static double coons(const struct codec *c, const double *v, size_t i, size_t j)
{
    const size_t n = c->shape[0] - 1, m = c->shape[1] - 1, wide = c->shape[1];
    const double *first = v, *last = v + n * wide, *row = v + i * wide;
    double sum = 0;
    if (has_ends(c, 0))
        sum += between(first[j], last[j], i, n);
    if (has_ends(c, 1))
        sum += between(row[0], row[m], j, m);
    if (has_ends(c, 0) && has_ends(c, 1))
        sum -= between(between(first[0], last[0], i, n), between(first[m], last[m], i, n), j, m);
    return sum;
}

static void lift(const struct codec *c, const struct exec *x, const double *values, double *lifting)
{
    for (int k = 0; k < c->components; k++, values += c->points, lifting += c->points)
        for (size_t i = 0; i < c->shape[0]; i++)
            for (size_t j = 0; j < c->shape[1]; j++) {
                const size_t p = i * c->shape[1] + j;
                /* inner points are written, ends are read: it may be in place */
                lifting[p] = c->mask[p] == 0 ? values[p] : coons(c, values, i, j);
            }
}

static void (*const lifts[DEV_COUNT])(const struct codec *, const struct exec *, const double *,
                                      double *) = { lift, DEV_CUDA_KERNELS(codec_lift_cuda) };

void codec_lift(const struct codec *c, const struct exec *x, const double *values, double *lifting)
{
    lifts[x->dev](c, x, values, lifting);
}

/* ---- smoothing ---- */

/* NULL: of all points */
static void strength_fill(struct codec *c, const double *damping)
{
    for (int a = 0; a < c->dims; a++)
        for (size_t p = 0; p < c->points; p++) {
            const size_t at = (size_t)a * c->points + p,
                         i = a == 0 ? p / c->shape[1] : p % c->shape[1];
            const bool end = !c->grid->periodic[a] && (i == 0 || i == c->shape[a] - 1);
            const double most = damping ? fmin(damping[at] / c->smooth, 1) : 1;
            c->strength[at] = end || c->mask[p] == 0 ? 0 : most;
        }
    exec_constant(c->strength, (size_t)c->dims * c->points * sizeof *c->strength);
}

int codec_passes(struct codec *c, int passes)
{
    c->smooth = passes;
    if (passes == 0)
        return 0;
    c->strength = malloc((size_t)c->dims * c->points * sizeof *c->strength);
    if (!c->strength)
        return -ENOMEM;
    strength_fill(c, NULL);
    return 0;
}

void codec_damp(struct codec *c, const double *damping)
{
    if (!c->smooth)
        return;
    exec_constant_forget(c->strength);
    strength_fill(c, damping);
}

static void smooth_axis(const struct codec *c, const struct exec *x, int axis, const double *u,
                        double *s)
{
    for (size_t i = 0; i < c->n; i++)
        s[i] = codec_smoothed(u + i / c->points * c->points, c->shape,
                              c->strength + (size_t)axis * c->points, axis, i % c->points);
}

const double *codec_smooth(const struct codec *c, const struct exec *x, const double *u, double *s,
                           double *work)
{
    static void (*const along[DEV_COUNT])(
        const struct codec *, const struct exec *, int, const double *,
        double *) = { smooth_axis, DEV_CUDA_KERNELS(codec_smooth_axis_cuda) };
    const int steps = c->smooth * c->dims; /* the last one writes s */
    for (int k = 0; k < steps; k++) {
        double *to = (steps - k) % 2 ? s : work;
        along[x->dev](c, x, k % c->dims, u, to);
        u = to;
    }
    return u;
}

/* ---- states and channels ---- */

static const struct codec_kernels *kernels(const struct codec *c, const struct exec *x)
{
    static const struct codec_kernels *const tables[DEV_COUNT][2] = {
        { &codec_cpu_f32, &codec_cpu_f64 },
        { DEV_CUDA_KERNELS(codec_cuda_f32), DEV_CUDA_KERNELS(codec_cuda_f64) },
    };
    return tables[x->dev][c->dtype];
}

void codec_encode(const struct codec *c, const struct exec *x, const double *u,
                  const double *lifting, void *in)
{
    kernels(c, x)->encode(c, x, u, lifting, in);
}

void codec_decode(const struct codec *c, const struct exec *x, int m, const double *u,
                  const double *lifting, const void *out, double *v)
{
    kernels(c, x)->decode(c, x, m, u, lifting, out, v);
}

void codec_decode_adjoint(const struct codec *c, const struct exec *x, int m, const double *dv,
                          void *dout)
{
    kernels(c, x)->decode_adjoint(c, x, m, dv, dout);
}
