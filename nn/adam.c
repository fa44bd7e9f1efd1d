// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What optimisers do to every parameter, in the precision of the file's build. */
#include <math.h>

#include "nn/optimiser.h"
#include "nn/real.h"

#define SQUARE_ROOT(x) _Generic((x), float : sqrtf, double : sqrt)(x)

void NN(adam)(const struct adam_step *a, size_t n, real *restrict params,
              const real *restrict gradient, real *restrict m, real *restrict v)
{
    const real b1 = (real)a->beta[0], b2 = (real)a->beta[1], c1 = (real)(1.0 - a->beta[0]),
               c2 = (real)(1.0 - a->beta[1]), epsilon = (real)a->epsilon,
               root = (real)sqrt(a->correction[1]), rate = (real)(a->rate / a->correction[0]),
               keep = (real)(a->decoupled ? 1.0 - a->rate * a->decay : 1.0),
               add = (real)(a->decoupled ? 0.0 : a->decay);
    for (size_t i = 0; i < n; i++) {
        const real p = params[i] * keep, g = gradient[i] + add * p;
        m[i] = b1 * m[i] + c1 * g;
        v[i] = b2 * v[i] + c2 * (g * g);
        params[i] = p - rate * (m[i] / (SQUARE_ROOT(v[i]) / root + epsilon));
    }
}

double NN(squares)(size_t n, const real *g)
{
    double s[8] = { 0 };
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; j++)
            s[j] += (double)g[i + (size_t)j] * (double)g[i + (size_t)j];
    for (int j = 0; i < n; i++, j++)
        s[j] += (double)g[i] * (double)g[i];
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

void NN(scale)(size_t n, double factor, real *g)
{
    const real f = (real)factor;
    for (size_t i = 0; i < n; i++)
        g[i] *= f;
}

void NN(add)(size_t n, real *restrict into, const real *restrict from)
{
    for (size_t i = 0; i < n; i++)
        into[i] += from[i];
}
