// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* From the states of a problem (doubles, on its grid) to the input of a network (reals, channels) and back.
 *
 * Input channels, each of every component: the state, normalised; with a boundary, the lifting (the change of the boundary
 * values over the step, carried into the interior), normalised alike but without the mean; with `sensors`, the state at
 * sensors x ... points evenly spread over the grid (codec_sensor), the same for all points, normalised; with a stencil, what
 * is around the point: two channels per axis and distance (codec_stencil). Then, if asked for, one coordinate per axis in
 * [0, 1] (index over points - 1, or over points if periodic); with sensors or a stencil, last, the fraction of the step that
 * has passed: 1. All of it on a grid that is padded at the upper ends by `pad` points, of zeros. Output channels: nodes x
 * components; node m is a state at tau_m in (0, 1] of the step,
 *   v_m = u + lifting_m + mask scale_m N_m                                                      (increment)
 *   v_m = mean + std N_m, and u + lifting_m in the ends of axes with boundary values            (state)
 * with mask 1, or on grids with boundary values the product of 4 xi (1 - xi) (or steeper: codec_mask) over their axes (hard
 * constraint; Lagaris et al. 1998). xi is the index over points - 1. Ends, where mask is 0, get u + lifting_m to the last bit. With
 * `smooth`, u is what codec_smooth leaves of the state. */
#ifndef SPT_CODEC_H
#define SPT_CODEC_H

#include "core/grid.h"
#include "nn/layer.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CODEC_COMPONENTS = 8, CODEC_NODES = 16, CODEC_DISTANCES = 32 };
enum predict { PREDICT_INCREMENT, PREDICT_STATE };

struct codec {
    enum dtype dtype;
    const struct grid *grid;  /* borrowed; real components */
    int components, nodes;    /* nodes >= 1: states that the network predicts per step */
    size_t n, points, padded; /* doubles in a state; points of the grid; with padding */
    size_t shape[2], padded_shape[2]; /* one-dimensional grids: shape[1] = 1 */
    int dims;
    bool boundary;            /* the ends of axes that are not periodic hold given values */
    bool coordinates;
    size_t sensors;           /* per axis; 0: none */
    int distances;            /* of the stencil; 0: none */
    int distance[CODEC_DISTANCES]; /* in points */
    int smooth;               /* passes of codec_smooth */
    double *strength;         /* (dims, points), in [0, 1], of a pass along each axis; NULL without passes; owned, a constant
                               * of the devices */
    enum predict predict;
    double mean[CODEC_COMPONENTS], std[CODEC_COMPONENTS]; /* of states */
    double scale[CODEC_NODES][CODEC_COMPONENTS];          /* of what is predicted */
    size_t in_channels, out_channels;
    size_t in, out;           /* reals per sample: channels x padded */
    double *mask;             /* (points); owned, a constant of the devices */
};

/* boundary: the problem imposes values. mean 0, std and scale 1. 0 or -ENOMEM */
/* Grids of one or two axes and up to CODEC_COMPONENTS real components. pad: (dims), NULL for none. */
int codec_create(struct codec *c, enum dtype dtype, const struct grid *g, bool boundary, enum predict predict, int nodes,
                 bool coordinates, size_t sensors, const size_t *pad);
void codec_destroy(struct codec *c);

/* Makes the mask 1 - (1 - 4 xi (1 - xi))^sharpness along each axis: steeper at the ends, flatter between; 1 as created. Before
 * the codec is used. */
void codec_mask(struct codec *c, int sharpness);

/* Adds a stencil to a codec: of the values u- and u+ at a distance h to both sides along an axis, in fractions of it,
 *   (u+ - u-)/(2 h std)   and   (u+ - 2 u + u-)/(h std),
 * component slowest, then axis, then distance; wrapped around a period, else continued behind an end point e by 2 u(e) less
 * the mirrored value, straight lines straight. A network that adds what such differences say to the state is a scheme. 0, or
 * -EINVAL where a distance is not in 1..points - 1 (points/2 on periodic axes) or there are too many. */
int codec_stencil(struct codec *c, const long *distance, size_t count);

/* What the network is to see of a state, and to add to: u after c->smooth passes of u + strength (u- - 2u + u+)/4 along each
 * axis, where boundary values are given u itself. A pass takes 1 - strength sin(k/2)^2 of a wave of k radians per point: what an
 * equation with diffusion damps within a step cannot get through the network, along `u +` least of all. s, work (n); u is not
 * written. Without passes, s is not touched and u is returned, else s. */
const double *codec_smooth(const struct codec *c, const struct exec *x, const double *u, double *s, double *work);

/* passes of strength 1; 0 or -ENOMEM. Before the codec is used */
int codec_passes(struct codec *c, int passes);
/* Makes the strength min(1, damping/passes) where values are not given: damping (dims, points) is what a step multiplies the rate
 * of the shortest wave along an axis by, at least 0. So much diffusion, and not more, passes do. */
void codec_damp(struct codec *c, const double *damping);

/* The lifting of boundary values: `values` (n) holds given values in the ends of the axes; lifting (n) the same there and
 * their transfinite (Coons) interpolation in index space inside. May be in place. */
void codec_lift(const struct codec *c, const struct exec *x, const double *values, double *lifting);

/* in (c->in) from a state u (n) and the lifting of the last node (n; NULL without boundary) */
void codec_encode(const struct codec *c, const struct exec *x, const double *u, const double *lifting, void *in);

/* v (n) = the state at node m from the network's output out (c->out); lifting of that node, NULL without boundary */
void codec_decode(const struct codec *c, const struct exec *x, int m, const double *u, const double *lifting,
                  const void *out, double *v);
/* dout_m = (dv_m/dout_m)^T dv: the entries of node m of dout (c->out) are written, those in the padding with 0 */
void codec_decode_adjoint(const struct codec *c, const struct exec *x, int m, const double *dv, void *dout);

/* the index of the s-th of k points of an axis of n, or of c->sensors points of an axis: both ends included unless it is
 * periodic, the nearest index */
static inline SPT_HD size_t codec_spread(size_t n, size_t k, bool periodic, size_t s)
{
    if (periodic)
        return (2 * s * n + k) / (2 * k) % n;
    return k == 1 ? (n - 1) / 2 : (2 * s * (n - 1) + k - 1) / (2 * (k - 1));
}
static inline size_t codec_sensor(const struct codec *c, int axis, size_t s)
{
    return codec_spread(c->shape[axis], c->sensors, c->grid->periodic[axis], s);
}

/* The two channels of a stencil along an axis of n points: line is its first value, the others are stride apart; i the index
 * of the point */
static inline SPT_HD void codec_differences(const double *line, size_t stride, size_t n, bool periodic, double std, long i,
                                            long distance, double pair[2])
{
    const long last = (long)n - 1, up = i + distance, down = i - distance, size = (long)stride;
    const double h = (double)distance / (double)(periodic ? last + 1 : last), here = line[i * size];
    double above, below;
    if (periodic) {
        above = line[(up > last ? up - last - 1 : up) * size];
        below = line[(down < 0 ? down + last + 1 : down) * size];
    } else {
        above = up > last ? 2 * line[last * size] - line[(2 * last - up) * size] : line[up * size];
        below = down < 0 ? 2 * line[0] - line[-down * size] : line[down * size];
    }
    pair[0] = (above - below) / (2 * h * std);
    pair[1] = ((above - here) - (here - below)) / (h * std);
}

/* one pass of codec_smooth along an axis, at the point p of a component u; strength: of that axis */
static inline SPT_HD double codec_smoothed(const double *u, const size_t shape[2], const double *strength, int axis, size_t p)
{
    const size_t n = shape[axis], stride = axis == 0 ? shape[1] : 1, around = (n - 1) * stride,
                 i = axis == 0 ? p / shape[1] : p % shape[1];
    if (strength[p] == 0)
        return u[p];
    const double below = i == 0 ? u[p + around] : u[p - stride], above = i == n - 1 ? u[p - around] : u[p + stride];
    return u[p] + strength[p] * ((below - u[p]) + (above - u[p])) / 4;
}

/* One table per device and dtype: what the functions above call. nn/codec_kernels.c */
struct codec_kernels {
    void (*encode)(const struct codec *, const struct exec *, const double *u, const double *lifting, void *in);
    void (*decode)(const struct codec *, const struct exec *, int m, const double *u, const double *lifting,
                   const void *out, double *v);
    void (*decode_adjoint)(const struct codec *, const struct exec *, int m, const double *dv, void *dout);
};
extern const struct codec_kernels codec_cpu_f32, codec_cpu_f64;
/* nn/codec.cu, in builds with CUDA */
extern const struct codec_kernels codec_cuda_f32, codec_cuda_f64;
void codec_smooth_axis_cuda(const struct codec *c, const struct exec *x, int axis, const double *u, double *s);
void codec_lift_cuda(const struct codec *c, const struct exec *x, const double *values, double *lifting);

#ifdef __cplusplus
}
#endif
#endif
