// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef SPT_STABILITY_H
#define SPT_STABILITY_H

#include "drivers/study.h"

struct stability_params {
    struct nodes schemes;
    struct ints sweeps;
    struct reals real, imaginary, scale, accuracy;
    long resolution;
    bool grid;
};

struct stability_result {
    float *modulus, *error;          /* |R|, |R - exp(z)| (resolution, resolution), by rows of Im */
    double angle, infinity, highest; /* A(angle)-stable, NAN: not even on the negative real axis;
                                        |R(-infinity)|; max |R| on the imaginary axis */
};

struct stability {
    struct study base;
    struct stability_params v;
    struct schemes schemes;
    struct stability_result *result; /* (schemes.n) */
};

/* of the ranges of this scheme's pictures */
static inline double stability_scale(const struct stability *s, const struct scheme *scheme)
{
    return s->v.scale.v[s->v.scale.n > 1 ? scheme->row : 0];
}

/* the i-th of n points of a range */
static inline double stability_at(const struct reals *range, double scale, long i, long n)
{
    return scale * (range->v[0] + (range->v[1] - range->v[0]) * (double)i / (double)(n - 1));
}

static inline bool is_stable(double modulus)
{
    return modulus <= 1 + 1e-10; /* |R| = 1 + rounding is stable, what is no number is not */
}

int stability_draw(FILE *o, const void *study);

#endif
