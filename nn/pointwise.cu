// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/cuda.h"
#include "nn/layer_private.h"
#include "nn/product.h"

static void forward(const struct layer *base, const struct exec *x, size_t batch,
                    const void *params, const void *in, void *out, void *keep)
{
    const struct pointwise *l = (const struct pointwise *)base;
    const struct dense *d = &l->dense;
    const real *W = (const real *)params;
    real *y = (real *)out, *z = keep && base->keep ? (real *)keep : y;
    struct product p = {};
    p.count = batch;
    p.m = d->out;
    p.n = d->points;
    p.k = d->in;
    p.a = { W, d->in, 1, 0 };
    p.b = { (const real *)in, d->points, 1, base->in };
    p.c = z;
    p.ldc = d->points;
    p.next = base->out;
    p.bias = d->bias ? W + d->out * d->in : NULL;
    NN(product)(x, &p);
    if (l->act != ACT_IDENTITY)
        NN(activate_cuda)(x, l->act, batch * base->out, z, NULL, y);
}

static void backward(const struct layer *base, const struct exec *x, size_t batch,
                     const void *params, const void *in, const void *keep, void *dout, void *din,
                     void *dparams)
{
    const struct pointwise *l = (const struct pointwise *)base;
    real *dz = (real *)dout;
    if (base->keep)
        NN(activate_adjoint_cuda)(x, l->act, batch * base->out, (const real *)keep, dz, dz);
    for (size_t b = 0; b < batch; b++)
        NN(dense_backward_cuda)
        (&l->dense, x, (const real *)params, (const real *)in + b * base->in, dz + b * base->out,
         din ? (real *)din + b * base->in : NULL, false, (real *)dparams);
}

const struct layer_kernels NN(pointwise_cuda) = { forward, backward };
