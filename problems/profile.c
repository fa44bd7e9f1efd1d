// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/profile.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const char *const kinds[] = { "sine", "gaussian", "square", NULL };

static const struct param params[] = {
    { "kind", P_CHOICE, offsetof(struct profile, kind), "sine", .choices = kinds,
      .help = "sine wave, bell curve exp(-(x - centre)^2/(2 width^2)), or box of the given width" },
    { "mode", P_INTS, offsetof(struct profile, mode), "1", .min = 1, .max = 1e6,
      .help = "of the sine: periods in the domain (half periods between walls); one, or per axis" },
    { "centre", P_REALS, offsetof(struct profile, centre), "",
      .help = "of the bell or box; default: the middle; one, or per axis" },
    { "width", P_REAL, offsetof(struct profile, width), "0.1", .min = 0, .max = INFINITY,
      .open_min = true, .help = "of the bell or box" },
    { NULL },
};

const struct schema profile_schema = { "initial", "the state at t = 0", params };

int profile_check(const struct profile *p, const struct node *config, int dims)
{
    const struct node *at = config_child(config, "initial");
    if (p->mode.n != 1 && p->mode.n != (size_t)dims)
        return config_key_error(at, "mode", "expected 1 number or %d, one per axis, got %zu", dims,
                                p->mode.n);
    if (p->centre.n > 1 && p->centre.n != (size_t)dims)
        return config_key_error(at, "centre", "expected 1 number or %d, one per axis, got %zu",
                                dims, p->centre.n);
    return 0;
}

void profile_axes(const struct profile *p, const struct grid *g, struct profile_axis *axes)
{
    for (int a = 0; a < g->dims; a++)
        axes[a] = (struct profile_axis){
            .shape = !strcmp(p->kind, "sine")     ? PROFILE_SINE
                     : !strcmp(p->kind, "square") ? PROFILE_SQUARE
                                                  : PROFILE_GAUSSIAN,
            .periodic = g->periodic[a],
            .length = g->length[a],
            .mode = (double)p->mode.v[p->mode.n > 1 ? a : 0],
            .centre = p->centre.n ? p->centre.v[p->centre.n > 1 ? a : 0] : g->length[a] / 2,
            .width = p->width,
        };
}

/* the bell or box on the whole line, at distance d from its centre */
static double on_line(const struct profile_axis *p, double d, double spread)
{
    if (p->shape == PROFILE_GAUSSIAN) {
        const double variance = p->width * p->width + 2 * spread;
        return p->width / sqrt(variance) * exp(-d * d / (2 * variance));
    }
    const double left = p->width / 2 + d, right = p->width / 2 - d;
    if (spread == 0)
        return left >= 0 && right >= 0;
    return (erf(left / sqrt(4 * spread)) + erf(right / sqrt(4 * spread))) / 2;
}

double profile_value(const struct profile_axis *p, double x, double spread)
{
    const double period = p->periodic ? p->length : 2 * p->length;
    if (p->shape == PROFILE_SINE) {
        const double wave = 2 * M_PI / period * p->mode;
        return sin(wave * x) * exp(-wave * wave * spread);
    }
    /* all images that exceed rounding; walls mirror them with the opposite sign */
    const long images = 2 + (long)(10 * sqrt(p->width * p->width + 2 * spread) / period);
    double sum = 0;
    x -= floor(x / period) * period;
    for (long i = -images; i <= images; i++) {
        sum += on_line(p, x - p->centre + (double)i * period, spread);
        if (!p->periodic)
            sum -= on_line(p, x + p->centre + (double)i * period, spread);
    }
    return sum;
}

void profile_fill(const struct profile_axis *axes, const struct grid *g, double shift,
                  double spread, double *u)
{
    const size_t points = grid_points(g);
    for (size_t i = 0; i < points; i++)
        u[i] = 1;
    size_t stride = 1;
    for (int a = g->dims - 1; a >= 0; a--) {
        const size_t n = g->shape[a];
        for (size_t k = 0; k < n; k++) {
            const bool end = !g->periodic[a] && (k == 0 || k == n - 1);
            const double value = end ? 0 : profile_value(&axes[a], g->x[a][k] - shift, spread);
            for (size_t at = k * stride; at < points; at += n * stride)
                for (size_t j = 0; j < stride; j++)
                    u[at + j] *= value;
        }
        stride *= n;
    }
}
