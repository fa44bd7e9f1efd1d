// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* In float64 by the C library. In float32 by rational and polynomial approximations that vectorise:
 * erf and tanh are the minimax quotients of Eigen's and XLA's mathematical functions; errors are
 * below 4e-7, for exp 2e-7 relative. */
#include "nn/activation.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define INV_SQRT2 0.70710678118654752440
#define INV_SQRT_2PI 0.39894228040143267794

#if NN_REAL == 32
static inline real clamp(real x, real limit)
{
    return x > limit ? limit : x < -limit ? -limit : x;
}

static inline real error_function(real z)
{
    const real x = clamp(z, 4.0f), s = x * x;
    real p = -2.72614225801306e-10f;
    p = p * s + 2.77068142495902e-08f;
    p = p * s - 2.10102402082508e-06f;
    p = p * s - 5.69250639462346e-05f;
    p = p * s - 7.34990630326855e-04f;
    p = p * s - 2.95459980854025e-03f;
    p = p * s - 1.60960333262415e-02f;
    real q = -1.45660718464996e-05f;
    q = q * s - 2.13374055278905e-04f;
    q = q * s - 1.68282697438203e-03f;
    q = q * s - 7.37332916720468e-03f;
    q = q * s - 1.42647390514189e-02f;
    return x * p / q;
}

static inline real hyperbolic_tangent(real z)
{
    const real x = clamp(z, 7.90531110763549805f), s = x * x;
    real p = -2.76076847742355e-16f;
    p = p * s + 2.00018790482477e-13f;
    p = p * s - 8.60467152213735e-11f;
    p = p * s + 5.12229709037114e-08f;
    p = p * s + 1.48572235717979e-05f;
    p = p * s + 6.37261928875436e-04f;
    p = p * s + 4.89352455891786e-03f;
    real q = 1.19825839466702e-06f;
    q = q * s + 1.18534705686654e-04f;
    q = q * s + 2.26843463243900e-03f;
    q = q * s + 4.89352518554385e-03f;
    return x * p / q;
}

/* exp(x) for x <= 0: 2^n times the Taylor polynomial of the rest, which is below ln(2)/2 */
static inline real exponential(real z)
{
    const real x = z < -87.0f ? -87.0f : z;
    const real shifted =
        x * 1.44269504088896341f + 12582912.0f; /* 1.5 2^23: rounds to whole numbers */
    const real n = shifted - 12582912.0f;
    const real r = x - n * 0.693359375f + n * 2.12194440e-4f;
    real p = 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const int32_t bits = ((int32_t)n + 127) << 23;
    real power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}
#else
#define error_function erf
#define hyperbolic_tangent tanh
#define exponential exp
#endif

#define EACH(formula)                                                                              \
    do {                                                                                           \
        for (size_t i = 0; i < n; i++) {                                                           \
            const real x = z[i];                                                                   \
            formula;                                                                               \
        }                                                                                          \
    } while (0)

void NN(activate)(enum activation act, size_t n, const real *z, real *y)
{
    switch (act) {
    case ACT_GELU:
        EACH(y[i] = (real)0.5 * x * (1 + error_function(x * (real)INV_SQRT2)));
        break;
    case ACT_RELU:
        EACH(y[i] = x > 0 ? x : 0);
        break;
    case ACT_TANH:
        EACH(y[i] = hyperbolic_tangent(x));
        break;
    case ACT_SIN:
        EACH(y[i] = (real)sin((double)x));
        break;
    default:
        if (y != z)
            memcpy(y, z, n * sizeof *y);
    }
}

void NN(activate_adjoint)(enum activation act, size_t n, const real *z, const real *dy, real *dz)
{
    switch (act) {
    case ACT_GELU:
        EACH(dz[i] = dy[i] * ((real)0.5 * (1 + error_function(x * (real)INV_SQRT2)) +
                              x * ((real)INV_SQRT_2PI * exponential((real)-0.5 * x * x))));
        break;
    case ACT_RELU:
        EACH(dz[i] = x > 0 ? dy[i] : 0);
        break;
    case ACT_TANH:
        EACH(const real t = hyperbolic_tangent(x); dz[i] = dy[i] * (1 - t * t));
        break;
    case ACT_SIN:
        EACH(dz[i] = dy[i] * (real)cos((double)x));
        break;
    default:
        if (dz != dy)
            memcpy(dz, dy, n * sizeof *dz);
    }
}
