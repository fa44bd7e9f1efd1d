// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* y = act(W x + bias) at every point. Kept for backward: W x + bias, where there is an activation.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/activation.h"
#include "nn/dense.h"
#include "nn/layer_real.h"

struct pointwise {
    struct layer base;
    struct dense dense;
    enum activation act;
};

static void forward(const struct layer *base, const struct exec *x, size_t batch,
                    const void *params, const void *in, void *out, void *keep)
{
    const struct pointwise *l = (const struct pointwise *)base;
    const bool kept = keep && base->keep;
    for (size_t b = 0; b < batch; b++) {
        real *y = (real *)out + b * base->out;
        real *z = kept ? (real *)keep + b * base->keep : y;
        NN(dense_forward)(&l->dense, params, (const real *)in + b * base->in, z, l->act, y);
    }
    (void)x;
}

static void backward(const struct layer *base, const struct exec *x, size_t batch,
                     const void *params, const void *in, const void *keep, void *dout, void *din,
                     void *dparams)
{
    const struct pointwise *l = (const struct pointwise *)base;
    for (size_t b = 0; b < batch; b++) {
        real *dy = (real *)dout + b * base->out;
        if (base->keep)
            NN(activate_adjoint)(l->act, base->out, (const real *)keep + b * base->keep, dy, dy);
        NN(dense_backward)
        (&l->dense, params, (const real *)in + b * base->in, dy,
         din ? (real *)din + b * base->in : NULL, false, dparams);
    }
    (void)x;
}

static const struct layer_kernels kernels = { forward, backward };

static void destroy(struct layer *base)
{
    free(base);
}

int NN(pointwise_create)(struct layer **out, const char *name, size_t cin, size_t cout,
                         size_t points, bool bias, enum activation act)
{
    struct pointwise *l = calloc(1, sizeof *l);
    if (!l)
        return -ENOMEM;
    l->dense = (struct dense){ cin, cout, points, bias };
    l->act = act;
    l->base = (struct layer){
        .dtype = NN_REAL == 32 ? DTYPE_F32 : DTYPE_F64,
        .in = cin * points,
        .out = cout * points,
        .keep = act == ACT_IDENTITY ? 0 : cout * points,
        .nparams = dense_params(&l->dense),
        .flops = dense_flops(&l->dense),
        .bytes =
            (double)sizeof(real) * (double)(cin * points + cout * points + dense_params(&l->dense)),
        .kernels = { &kernels },
        .destroy = destroy,
    };
    snprintf(l->base.name, sizeof l->base.name, "%s", name);
    dense_tensors(&l->dense, &l->base, 0);
    *out = &l->base;
    return 0;
}
