// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Derivatives of a chain of pointwise layers by its inputs, exact, by Taylor arithmetic carried forward; and the gradient
 * by the parameters of anything that depends on these derivatives, by a pass back through it. Losses on the residual of a
 * differential equation are made of this.
 *
 * Every point carries a jet: the value, first derivatives along `first` directions (time, axes: whatever the caller takes
 * them for), and mixed or second derivatives for `second` pairs of directions. Jets are (channels, jets, points) row-major,
 * so that a layer is one product of matrices over the columns (jet, point). */
#ifndef SPT_TAYLOR_H
#define SPT_TAYLOR_H

#include "nn/layer.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TAYLOR_LAYERS = 32, TAYLOR_FIRST = 3, TAYLOR_SECOND = 6, TAYLOR_POINTS = 16 };

struct taylor_layer {
    size_t in, out; /* channels; without the constant ones */
    enum activation act;
    size_t weight, bias; /* in the parameters: (out, in), (out) */
};

struct taylor {
    enum dtype dtype;
    int nlayers;
    struct taylor_layer layers[TAYLOR_LAYERS];
    size_t constants; /* channels of the input that are the same in all points and have no derivatives */
    size_t constant;  /* their weights (out of layer 0, constants) in the parameters */
    int first, second, jets; /* jets = 1 + first + second */
    int pair[TAYLOR_SECOND][2]; /* directions, 0 <= pair[.][0] <= pair[.][1] < first */
    size_t nparams; /* reals; each part is on whole cache lines */
};

/* width (nlayers + 1): channels of the input, without the constant ones, and behind every layer. act (nlayers). 0, or
 * -EINVAL for relu, which has no second derivative, if there are second derivatives. */
int taylor_create(struct taylor *t, enum dtype dtype, int nlayers, const size_t *width, size_t constants,
                  const enum activation *act, int first, int second, const int (*pair)[2]);

/* Both for one group of points, a multiple of TAYLOR_POINTS, that share the constants (constants). All arrays of reals,
 * 64-byte aligned.
 * out (channels of the last layer, jets, points) of in (width[0], jets, points); kept (taylor_kept reals) is for backward. */
void taylor_forward(const struct taylor *t, const struct exec *x, size_t points, const void *params,
                    const void *constants, const void *in, void *out, void *kept);
/* dparams (nparams) += gradient of sum(dout out); dout may be overwritten */
void taylor_backward(const struct taylor *t, const struct exec *x, size_t points, const void *params,
                     const void *constants, const void *in, const void *kept, void *dout, void *dparams);
size_t taylor_kept(const struct taylor *t, size_t points); /* reals */
size_t taylor_work(const struct taylor *t, size_t points); /* doubles of scratch of backward */

/* nn/taylor_kernels.c */
struct taylor_kernels {
    void (*forward)(const struct taylor *, size_t points, const void *params, const void *constants, const void *in,
                    void *out, void *kept);
    void (*backward)(const struct taylor *, size_t points, const void *params, const void *constants, const void *in,
                     const void *kept, void *dout, void *const buffers[2], void *dparams);
};
extern const struct taylor_kernels taylor_cpu_f32, taylor_cpu_f64;

#ifdef __cplusplus
}
#endif
#endif
