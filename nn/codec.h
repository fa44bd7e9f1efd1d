// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* From the states of a problem (doubles, on its grid) to the input of a network (reals, channels) and back.
 *
 * Input channels: every component of the state, normalised; then, with a boundary, every component of the lifting (the
 * change of the boundary values over the step, carried into the interior), normalised alike but without the mean; with
 * `sensors`, every component at sensors x ... points evenly spread over the grid (codec_sensor), the same for all points,
 * normalised; then, if asked for, one coordinate per axis in [0, 1] (index over points - 1, or over points if periodic);
 * with sensors, last, the fraction of the step that has passed: 1. All of it on a grid that is padded at the upper ends by
 * `pad` points, of zeros. Output channels: nodes x components; node m is a state at tau_m in (0, 1] of the step,
 *   v_m = u + lifting_m + mask scale_m N_m                                                      (increment)
 *   v_m = mean + std N_m, and u + lifting_m in the ends of axes with boundary values            (state)
 * with mask 1, or on grids with boundary values the product of 4 xi (1 - xi) over their axes (hard constraint; Lagaris et
 * al. 1998). xi is the index over points - 1. Ends, where mask is 0, get u + lifting_m to the last bit. */
#ifndef SPT_CODEC_H
#define SPT_CODEC_H

#include "core/grid.h"
#include "nn/layer.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CODEC_COMPONENTS = 8, CODEC_NODES = 16 };
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

/* the index of the s-th of c->sensors points of an axis: both ends included unless it is periodic, the nearest index */
static inline size_t codec_sensor(const struct codec *c, int axis, size_t s)
{
    const size_t n = c->shape[axis], k = c->sensors;
    if (c->grid->periodic[axis])
        return (2 * s * n + k) / (2 * k) % n;
    return k == 1 ? (n - 1) / 2 : (2 * s * (n - 1) + k - 1) / (2 * (k - 1));
}

/* One table per device and dtype: what the functions above call. nn/codec_kernels.c */
struct codec_kernels {
    void (*encode)(const struct codec *, const struct exec *, const double *u, const double *lifting, void *in);
    void (*decode)(const struct codec *, const struct exec *, int m, const double *u, const double *lifting,
                   const void *out, double *v);
    void (*decode_adjoint)(const struct codec *, const struct exec *, int m, const double *dv, void *dout);
};
extern const struct codec_kernels codec_cpu_f32, codec_cpu_f64;

#ifdef __cplusplus
}
#endif
#endif
