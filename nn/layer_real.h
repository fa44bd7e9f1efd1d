// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The two builds of what nn/layer.h declares. */
#ifndef SPT_LAYER_REAL_H
#define SPT_LAYER_REAL_H

#include "nn/layer.h"

#define POINTWISE_CREATE(suffix)                                                                   \
    int pointwise_create_##suffix(struct layer **l, const char *name, size_t in, size_t out,       \
                                  size_t points, bool bias, enum activation act)
#define FOURIER_CREATE(suffix)                                                                     \
    int fourier_create_##suffix(struct layer **l, const char *name, const struct spectrum *s,      \
                                size_t in, size_t out, bool local, bool bias, bool residual,       \
                                enum activation act)
#define POINTWISE_PAIR(suffix)                                                                     \
    bool pointwise_pair_##suffix(const struct layer *a, const struct layer *b)
#define POINTWISE_PAIR_FORWARD(suffix)                                                             \
    void pointwise_pair_forward_##suffix(                                                          \
        const struct layer *a, const struct layer *b, const struct exec *x, size_t batch,          \
        const void *a_params, const void *b_params, const void *in, void *out)
POINTWISE_PAIR(f32);
POINTWISE_PAIR(f64);
POINTWISE_PAIR_FORWARD(f32);
POINTWISE_PAIR_FORWARD(f64);
POINTWISE_CREATE(f32);
POINTWISE_CREATE(f64);
FOURIER_CREATE(f32);
FOURIER_CREATE(f64);

#endif
