// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "nn/activation.h"

#include <string.h>

#include "nn/activation_simd.h"

SIMD_INLINE void each(enum activation act, size_t n, const real *z, real *y)
{
    size_t i = 0;
    for (; i + SIMD_LANES <= n; i += SIMD_LANES)
        vstore(y + i, activation(act, vload(z + i)));
    if (i < n)
        vstore_part(y + i, activation(act, vload_part(z + i, n - i)), n - i);
}

void NN(activate)(enum activation act, size_t n, const real *z, real *y)
{
    if (act != ACT_IDENTITY)
        ACTIVATION_SWITCH(act, each, n, z, y)
    else if (y != z)
        memcpy(y, z, n * sizeof *y);
}

SIMD_INLINE void each_adjoint(enum activation act, size_t n, const real *z, const real *dy,
                              real *dz)
{
    size_t i = 0;
    for (; i + SIMD_LANES <= n; i += SIMD_LANES)
        vstore(dz + i, vload(dy + i) * slope(act, vload(z + i)));
    if (i < n)
        vstore_part(dz + i, vload_part(dy + i, n - i) * slope(act, vload_part(z + i, n - i)),
                    n - i);
}

void NN(activate_adjoint)(enum activation act, size_t n, const real *z, const real *dy, real *dz)
{
    if (act != ACT_IDENTITY)
        ACTIVATION_SWITCH(act, each_adjoint, n, z, dy, dz)
    else if (dz != dy)
        memcpy(dz, dy, n * sizeof *dz);
}
