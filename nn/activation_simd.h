// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Activations of vectors, in the precision of the file that includes this. In float64 by the C
 * library. In float32 by minimax approximations, errors below 4e-7: tanh is the quotient of Eigen's
 * and XLA's mathematical functions. */
#ifndef SPT_ACTIVATION_SIMD_H
#define SPT_ACTIVATION_SIMD_H

#include <math.h>

#include "nn/layer.h"
#include "nn/simd.h"

#define INV_SQRT2 0.70710678118654752440
#define INV_SQRT_2PI 0.39894228040143267794

/* f of every lane, by the C library in float64 */
#define EACH_LANE(x, f)                                                                            \
    do {                                                                                           \
        for (int lane = 0; lane < SIMD_LANES; lane++)                                              \
            (x)[lane] = (real)f((double)(x)[lane]);                                                \
    } while (0)

#if NN_REAL == 32
SIMD_INLINE vreal polynomial(const real *c, size_t n, vreal x) /* from the lowest power on */
{
    vreal p = vset(c[n - 1]);
    SIMD_UNROLL
    for (size_t i = n - 1; i-- > 0;)
        p = p * x + c[i];
    return p;
}
#define POLYNOMIAL(c, x) polynomial(c, sizeof(c) / sizeof *(c), x)

/* 2^y for -126 < y <= 0, within 2e-7 relative */
SIMD_INLINE vreal power_of_two(vreal y)
{
    static const real c[] = { 1.000000072f,   0.6931469669f,   0.2402211931f,
                              0.05550713433f, 0.009675564076f, 0.001327647142f };
    const vreal magic = vset(12582912.0f), shifted = y + magic; /* 1.5 2^23: to whole numbers */
    const vreal r = y - (shifted - magic);
    return (vreal)((vint)POLYNOMIAL(c, r) + ((vint)shifted << 23));
}

/* The normal distribution at -t, 0 <= t <= TAIL, within 5e-8: a polynomial for its logarithm */
#define TAIL 5.5f
SIMD_INLINE vreal normal_tail(vreal t)
{
    static const real c[] = {
        -0.9999995419f,  -1.151126258f,     -0.4590546471f,   -0.05292433734f,
        0.007647181459f, -0.0005643416379f, -1.549960684e-5f, 4.525154368e-6f
    };
    return power_of_two(POLYNOMIAL(c, t));
}

SIMD_INLINE vreal absolute(vreal x)
{
    return (vreal)((vint)x & INT32_MAX);
}

/* x Phi(x) = max(x, 0) - |x| Phi(-|x|) */
SIMD_INLINE vreal gelu(vreal x)
{
    const vreal t = vmin(vset(TAIL), absolute(x));
    return vmax(vset(0), x) - t * normal_tail(t);
}

SIMD_INLINE vreal gelu_slope(vreal x)
{
    const vreal t = vmin(vset(TAIL), absolute(x)), density = power_of_two(t * t * -0.72134752f),
                s = t * density * (real)INV_SQRT_2PI - normal_tail(t); /* of -t */
    const vint negative = x < vset(0);
    return (vreal)((negative & (vint)-s) | (~negative & (vint)(s + 1)));
}

SIMD_INLINE vreal hyperbolic_tangent(vreal z)
{
    const vreal x = vmax(vset(-7.90531110763549805f), vmin(vset(7.90531110763549805f), z)),
                s = x * x;
    static const real p[] = { 4.89352455891786e-03f, 6.37261928875436e-04f,  1.48572235717979e-05f,
                              5.12229709037114e-08f, -8.60467152213735e-11f, 2.00018790482477e-13f,
                              -2.76076847742355e-16f },
                      q[] = { 4.89352518554385e-03f, 2.26843463243900e-03f, 1.18534705686654e-04f,
                              1.19825839466702e-06f };
    return x * POLYNOMIAL(p, s) / POLYNOMIAL(q, s);
}
#else
SIMD_INLINE vreal gelu(vreal x)
{
    vreal e = x * INV_SQRT2;
    EACH_LANE(e, erf);
    return 0.5 * x * (1 + e);
}

SIMD_INLINE vreal gelu_slope(vreal x)
{
    vreal e = x * INV_SQRT2, density = -0.5 * x * x;
    EACH_LANE(e, erf);
    EACH_LANE(density, exp);
    return 0.5 * (1 + e) + x * (INV_SQRT_2PI * density);
}

SIMD_INLINE vreal hyperbolic_tangent(vreal x)
{
    EACH_LANE(x, tanh);
    return x;
}
#endif

/* act is a constant where these are used */
SIMD_INLINE vreal activation(enum activation act, vreal x)
{
    if (act == ACT_GELU)
        return gelu(x);
    if (act == ACT_RELU)
        return vmax(vset(0), x);
    if (act == ACT_TANH)
        return hyperbolic_tangent(x);
    if (act == ACT_SIN)
        EACH_LANE(x, sin);
    return x;
}

/* act'(x) */
SIMD_INLINE vreal slope(enum activation act, vreal x)
{
    if (act == ACT_GELU)
        return gelu_slope(x);
    if (act == ACT_RELU)
        return (vreal)((x > vset(0)) & (vint)vset(1));
    if (act == ACT_TANH) {
        x = hyperbolic_tangent(x);
        return 1 - x * x;
    }
    if (act == ACT_SIN)
        EACH_LANE(x, cos);
    return x;
}

/* f(act, ...) with act a constant */
#define ACTIVATION_SWITCH(act, f, ...)                                                             \
    switch (act) {                                                                                 \
    case ACT_GELU:                                                                                 \
        f(ACT_GELU, __VA_ARGS__);                                                                  \
        break;                                                                                     \
    case ACT_RELU:                                                                                 \
        f(ACT_RELU, __VA_ARGS__);                                                                  \
        break;                                                                                     \
    case ACT_TANH:                                                                                 \
        f(ACT_TANH, __VA_ARGS__);                                                                  \
        break;                                                                                     \
    case ACT_SIN:                                                                                  \
        f(ACT_SIN, __VA_ARGS__);                                                                   \
        break;                                                                                     \
    default:                                                                                       \
        f(ACT_IDENTITY, __VA_ARGS__);                                                              \
    }

#endif
