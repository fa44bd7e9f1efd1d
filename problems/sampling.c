// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/sampling.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- fields ---- */

static double draw_tau(struct draw *d)
{
    return draw_log_uniform(d, 1.5, 5);
}

/* standard deviation of a wave of so many periods */
static double deviation(double tau, double periods_squared)
{
    return pow(1 + periods_squared / (tau * tau), -FIELD_SMOOTHNESS / 2.);
}

/* The waves of one axis: wave i has `periods` of the axis, negative ones too where others of the
 * same wave vector tell them apart */
struct waves {
    size_t count;
    bool periodic;
    long first; /* periods, or half periods of a sine, of wave 0 */
};

static struct waves axis_waves(const struct grid *g, int axis)
{
    if (!g->periodic[axis])
        return (struct waves){ FIELD_MODES, false, 1 };
    if (axis == g->dims - 1)
        return (struct waves){ FIELD_MODES + 1, true, 0 };
    return (struct waves){ 2 * FIELD_MODES + 1, true, -FIELD_MODES };
}

static double periods(const struct waves *w, size_t i)
{
    const double number = (double)w->first + (double)i;
    return w->periodic ? number : number / 2;
}

/* Random amplitudes (re, im) of all products of waves, the last axis fastest; their number */
static size_t draw_amplitudes(struct draw *d, const struct grid *g, bool has_mean,
                              const struct waves *w, double *amplitude)
{
    const double tau = draw_tau(d);
    double square = 0;
    size_t count = 1;
    for (int a = 0; a < g->dims; a++)
        count *= w[a].count;
    for (size_t i = 0; i < count; i++) {
        double sum = 0, mean_square = 1;
        bool is_held = true;
        size_t rest = i;
        for (int a = g->dims - 1; a >= 0; a--) {
            const double number = periods(&w[a], rest % w[a].count);
            rest /= w[a].count;
            sum += number * number;
            mean_square *= w[a].periodic ? 1 : 0.5;
            is_held &= fabs(number) < (double)(g->shape[a] - !w[a].periodic) / 2;
        }
        double size = sum > 0 || has_mean ? deviation(tau, sum) : 0;
        if (sum > 0 && periods(&w[g->dims - 1], i % w[g->dims - 1].count) == 0)
            size *= M_SQRT1_2; /* its negative is the same wave */
        const double re = draw_normal(d), im = draw_normal(d);
        amplitude[2 * i] = is_held ? size * re : 0;
        amplitude[2 * i + 1] = is_held ? size * im : 0;
        square += size * size * mean_square;
    }
    for (size_t i = 0; i < 2 * count; i++)
        amplitude[i] /= sqrt(square);
    return count;
}

/* v (outer, points, inner) = sum over waves of u (outer, waves, inner) times the wave, complex */
static void sum_waves(const struct waves *w, size_t outer, size_t points, size_t inner,
                      const double *u, double *v)
{
    memset(v, 0, 2 * outer * points * inner * sizeof *v);
    for (size_t i = 0; i < points; i++)
        for (size_t k = 0; k < w->count; k++) {
            const double cells = (double)(points - !w->periodic);
            const double angle = 2 * M_PI * periods(w, k) * (double)i / cells;
            const double re = w->periodic ? cos(angle) : sin(angle);
            const double im = w->periodic ? sin(angle) : 0;
            for (size_t o = 0; o < outer; o++) {
                const double *from = u + 2 * (o * w->count + k) * inner;
                double *to = v + 2 * (o * points + i) * inner;
                for (size_t j = 0; j < 2 * inner; j += 2) {
                    to[j] += re * from[j] - im * from[j + 1];
                    to[j + 1] += re * from[j + 1] + im * from[j];
                }
            }
        }
}

int draw_field(struct draw *d, const struct grid *g, bool has_mean, double *u)
{
    struct waves w[GRID_MAX_DIMS];
    size_t most = 1; /* complex numbers in any stage of the sum */
    for (int a = 0; a < g->dims; a++) {
        w[a] = axis_waves(g, a);
        most *= g->shape[a] > w[a].count ? g->shape[a] : w[a].count;
    }
    double *work = malloc(4 * most * sizeof *work);
    if (!work)
        return -ENOMEM;
    double *from = work, *to = work + 2 * most;
    size_t outer = 1, inner = draw_amplitudes(d, g, has_mean, w, from);
    for (int a = 0; a < g->dims; a++) {
        inner /= w[a].count;
        sum_waves(&w[a], outer, g->shape[a], inner, from, to);
        outer *= g->shape[a];
        double *swap = from;
        from = to;
        to = swap;
    }
    for (size_t i = 0; i < outer; i++)
        u[i] = from[2 * i];
    grid_zero_ends(g, u);
    free(work);
    return 0;
}

void draw_series(struct draw *d, struct series *s)
{
    const double tau = draw_tau(d);
    double square = 0;
    for (int k = 1; k <= FIELD_MODES; k++) {
        const double size = deviation(tau, (double)k * k);
        s->a[k - 1] = size * draw_normal(d);
        s->b[k - 1] = size * draw_normal(d);
        square += size * size;
    }
    for (int k = 0; k < FIELD_MODES; k++) {
        s->a[k] /= sqrt(square);
        s->b[k] /= sqrt(square);
    }
}

double series_value(const struct series *s, double x, double *slope)
{
    double sum = 0, change = 0;
    for (int k = 1; k <= FIELD_MODES; k++) {
        const double wave = 2 * M_PI * k, c = cos(wave * x), y = sin(wave * x);
        sum += s->a[k - 1] * c + s->b[k - 1] * y;
        change += wave * (s->b[k - 1] * c - s->a[k - 1] * y);
    }
    if (slope)
        *slope = change;
    return sum;
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
