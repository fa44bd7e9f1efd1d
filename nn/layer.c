// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "nn/layer.h"

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
