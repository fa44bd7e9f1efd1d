// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "nn/layer.h"

#include <string.h>

#include "nn/layer_real.h"

const char *const activation_names[] = { "identity", "gelu", "relu", "tanh", "sin", NULL };
const char *const basis_names[] = { "fourier", "cosine", NULL };
const char *const transform_names[] = { "auto", "fft", "dense", NULL };

void layer_destroy(struct layer **lp)
{
    struct layer *l = *lp;
    *lp = NULL;
    if (l)
        l->destroy(l);
}

/* layers whose tensors stand in memory as in files */
static size_t offset(const struct layer *l, int i)
{
    size_t at = 0;
    for (int k = 0; k < i; k++)
        at += l->tensors[k].count;
    return at * dtype_size(l->dtype);
}

static void pack(const struct layer *l, int i, const void *file, void *params)
{
    memcpy((char *)params + offset(l, i), file, l->tensors[i].count * dtype_size(l->dtype));
}

static void unpack(const struct layer *l, int i, const void *params, void *file)
{
    memcpy(file, (const char *)params + offset(l, i), l->tensors[i].count * dtype_size(l->dtype));
}

int pointwise_create(struct layer **l, enum dtype dtype, const char *name, size_t in, size_t out,
                     size_t points, bool bias, enum activation act)
{
    const int err = (dtype == DTYPE_F32 ? pointwise_create_f32 : pointwise_create_f64)(
        l, name, in, out, points, bias, act);
    if (!err) {
        (*l)->pack = pack;
        (*l)->unpack = unpack;
    }
    return err;
}

bool pointwise_pair(const struct layer *a, const struct layer *b)
{
    return a->dtype == b->dtype &&
           (a->dtype == DTYPE_F32 ? pointwise_pair_f32 : pointwise_pair_f64)(a, b);
}

void pointwise_pair_forward(const struct layer *a, const struct layer *b, const struct exec *x,
                            size_t batch, const void *a_params, const void *b_params,
                            const void *in, void *out)
{
    (a->dtype == DTYPE_F32 ? pointwise_pair_forward_f32 : pointwise_pair_forward_f64)(
        a, b, x, batch, a_params, b_params, in, out);
}

int fourier_create(struct layer **l, enum dtype dtype, const char *name, const struct spectrum *s,
                   size_t in, size_t out, bool local, bool bias, bool residual, enum activation act)
{
    return (dtype == DTYPE_F32 ? fourier_create_f32 : fourier_create_f64)(
        l, name, s, in, out, local, bias, residual, act);
}
