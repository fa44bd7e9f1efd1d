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

SIMD_INLINE void rows_adjoint(enum activation act, size_t rows, size_t n, size_t ld, const real *z,
                              real *dz)
{
    enum { AHEAD = 2 }; /* rows that are fetched ahead: the machine notices too late */
    for (size_t r = 0; r < rows; r++, z += ld, dz += ld)
        for (size_t i = 0; i < n; i += SIMD_LANES) {
            const size_t left = n - i;
            __builtin_prefetch(z + AHEAD * ld + i, 0, 3);
            __builtin_prefetch(dz + AHEAD * ld + i, 1, 3);
            if (left < SIMD_LANES)
                vstore_part(dz + i, vload_part(dz + i, left) * slope(act, vload_part(z + i, left)),
                            left);
            else
                vstore(dz + i, vload(dz + i) * slope(act, vload(z + i)));
        }
}

void NN(activate_adjoint)(enum activation act, size_t rows, size_t n, size_t ld, const real *z,
                          real *dz)
{
    if (act != ACT_IDENTITY)
        ACTIVATION_SWITCH(act, rows_adjoint, rows, n, ld, z, dz)
}
