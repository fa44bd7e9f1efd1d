// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Activations over arrays, in the precision of the file's build. */
#ifndef SPT_ACTIVATION_H
#define SPT_ACTIVATION_H

#include "nn/layer.h"
#include "nn/real.h"

/* y = act(z); y may be z */
void NN(activate)(enum activation act, size_t n, const real *z, real *y);
/* dz *= act'(z), of n points in each of `rows` rows that are ld apart */
void NN(activate_adjoint)(enum activation act, size_t rows, size_t n, size_t ld, const real *z,
                          real *dz);

#endif
