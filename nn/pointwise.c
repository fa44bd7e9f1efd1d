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
#include "nn/layer_private.h"
#include "nn/layer_real.h"
#include "nn/linear.h"

static struct NN(linear) linear(const struct pointwise *l, const real *params)
{
    const struct dense *d = &l->dense;
    return (struct NN(linear)){ .in = d->in,
                                .out = d->out,
                                .points = d->points,
                                .w = params,
                                .row = d->in,
                                .column = 1,
                                .bias = d->bias ? params + d->out * d->in : NULL,
                                .act = l->act };
}

static void forward(const struct layer *base, const struct exec *exec, size_t batch,
                    const void *params, const void *in, void *out, void *keep)
{
    const struct pointwise *l = (const struct pointwise *)base;
    struct NN(linear) s = linear(l, params);
    struct exec x = *exec;
    real *work = real_take(&x, NN(linear_nwork)(s.in, s.out));
    for (size_t b = 0; b < batch; b++) {
        s.x = (const real *)in + b * base->in;
        s.y = (real *)out + b * base->out;
        s.z = keep && base->keep ? (real *)keep + b * base->keep : NULL;
        NN(linear)(&s, 0, s.points, work);
    }
}

static void backward(const struct layer *base, const struct exec *exec, size_t batch,
                     const void *params, const void *in, const void *keep, void *dout, void *din,
                     void *dparams)
{
    const struct pointwise *l = (const struct pointwise *)base;
    const struct dense *d = &l->dense;
    struct exec x = *exec;
    real *panel = real_take(&x, NN(linear_nwork)(d->out, d->in)),
         *work = real_take(&x, NN(dense_gradient_nwork)(d));
    for (size_t b = 0; b < batch; b++) {
        const real *u = (const real *)in + b * base->in, *z = (const real *)keep + b * base->keep;
        real *dz = (real *)dout + b * base->out;
        const struct NN(linear) back = { .in = d->out,
                                         .out = d->in,
                                         .points = d->points,
                                         .w = params,
                                         .row = 1,
                                         .column = d->in,
                                         .x = dz,
                                         .y = din ? (real *)din + b * base->in : NULL };
        for (size_t j = 0; j < d->points; j += LINEAR_TILE) {
            const size_t n = d->points - j < LINEAR_TILE ? d->points - j : LINEAR_TILE;
            NN(activate_adjoint)(l->act, d->out, n, d->points, z + j, dz + j);
            NN(dense_gradient)(d, j, j + n, u, dz, dparams, work);
            if (din)
                NN(linear)(&back, j, j + n, panel);
        }
    }
}

static const struct layer_kernels kernels = { forward, backward };

bool NN(pointwise_pair)(const struct layer *a, const struct layer *b)
{
    return a->kernels[DEV_CPU] == &kernels && b->kernels[DEV_CPU] == &kernels && a->out == b->in &&
           ((const struct pointwise *)a)->dense.points ==
               ((const struct pointwise *)b)->dense.points;
}

void NN(pointwise_pair_forward)(const struct layer *a, const struct layer *b,
                                const struct exec *exec, size_t batch, const void *a_params,
                                const void *b_params, const void *in, void *out)
{
    struct NN(linear) first = linear((const struct pointwise *)a, a_params),
                      second = linear((const struct pointwise *)b, b_params);
    struct exec x = *exec;
    real *work = real_take(&x, NN(linear_pair_nwork)(first.in, second.out));
    for (size_t k = 0; k < batch; k++) {
        first.x = (const real *)in + k * a->in;
        second.y = (real *)out + k * b->out;
        NN(linear_pair)(&first, &second, work);
    }
}

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
        .nwork =
            reals_as_doubles(NN(linear_nwork)(cin > cout ? cin : cout, cin > cout ? cin : cout)) +
            reals_as_doubles(NN(dense_gradient_nwork)(&l->dense)),
        .flops = dense_flops(&l->dense),
        .bytes =
            (double)sizeof(real) * (double)(cin * points + cout * points + dense_params(&l->dense)),
        .kernels = { &kernels, DEV_CUDA_KERNELS(NN(pointwise_cuda)) },
        .destroy = destroy,
    };
    snprintf(l->base.name, sizeof l->base.name, "%s", name);
    dense_tensors(&l->dense, &l->base, 0);
    *out = &l->base;
    return 0;
}
