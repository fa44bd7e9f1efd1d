// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/sampling.h"

#include <math.h>
#include <stdbool.h>

#include "problems/normal.h"

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t next(struct draw *d)
{
    d->position += 0x9e3779b97f4a7c15u;
    return mix(d->key + d->position);
}

struct draw draw_open(unsigned long seed, unsigned long index)
{
    return (struct draw){ mix(mix(seed + 0x9e3779b97f4a7c15u) + index), 0 };
}

static double unit(struct draw *d)
{
    return ((double)(next(d) >> 12) + 0.5) * 0x1p-52;
}

double draw_uniform(struct draw *d, double lower, double upper)
{
    return lower + (upper - lower) * unit(d);
}

double draw_log_uniform(struct draw *d, double lower, double upper)
{
    return lower * exp(log(upper / lower) * unit(d));
}

double draw_normal(struct draw *d)
{
    const double radius = sqrt(-2 * log(unit(d)));
    return radius * cos(2 * M_PI * unit(d));
}

size_t draw_below(struct draw *d, size_t n)
{
    return (size_t)((double)n * unit(d));
}

void draw_weights(struct draw *d, size_t n, double *w)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += w[i] = -log(unit(d));
    for (size_t i = 0; i < n; i++)
        w[i] /= sum;
}

double positive_part(double x, double width, double *first, double *second)
{
    const double z = x / width;
    const bool far = fabs(z) > 9; /* there less is left of the rest than rounding */
    const double cdf = far ? z > 0 : normal_cdf(z);
    const double density = far ? 0 : exp(-z * z / 2) / sqrt(2 * M_PI);
    if (first)
        *first = cdf;
    if (second)
        *second = density / width;
    return x * cdf + width * density;
}
