// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* W x + bias at every point of (channels, points): the part that pointwise and Fourier layers
 * share. Parameters: W (out, in), then bias (out). */
#ifndef SPT_DENSE_H
#define SPT_DENSE_H

#include <math.h>

#include "nn/layer.h"
#include "nn/real.h"

struct dense {
    size_t in, out, points;
    bool bias;
};

static inline size_t dense_params(const struct dense *d)
{
    return d->out * d->in + (d->bias ? d->out : 0);
}

static inline double dense_flops(const struct dense *d)
{
    return (2 * (double)d->in + d->bias) * (double)(d->out * d->points);
}

/* tensors from the first-th on: weight and, if there is one, bias */
static inline void dense_tensors(const struct dense *d, struct layer *l, int first)
{
    const double bound = 1 / sqrt((double)d->in);
    l->tensors[first] =
        (struct tensor){ "weight", 2, { d->out, d->in }, d->out * d->in, -bound, bound };
    l->ntensors = first + 1;
    if (d->bias)
        l->tensors[l->ntensors++] = (struct tensor){ "bias", 1, { d->out }, d->out, -bound, bound };
}

/* dparams += the gradient by the points first..last-1 of one sample */
void NN(dense_gradient)(const struct dense *d, size_t first, size_t last, const real *x,
                        const real *dz, real *dparams, real *work);
size_t NN(dense_gradient_nwork)(const struct dense *d); /* reals */

#endif
