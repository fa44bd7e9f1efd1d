// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/grid.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ORDER = 7 };

size_t grid_points(const struct grid *g)
{
    size_t n = 1;
    for (int a = 0; a < g->dims; a++)
        n *= g->shape[a];
    return n;
}

size_t grid_doubles(const struct grid *g)
{
    return grid_points(g) * (size_t)g->components * (g->is_complex ? 2 : 1);
}

static int axis_init(struct grid *g, int axis, const char *name, size_t n, double length,
                     bool periodic)
{
    assert(axis >= 0 && axis < GRID_MAX_DIMS && n > 0);
    double *x = malloc(n * sizeof *x);
    if (!x)
        return -ENOMEM;
    free(g->x[axis]);
    g->x[axis] = x;
    g->shape[axis] = n;
    g->length[axis] = length;
    g->axis[axis] = name;
    g->periodic[axis] = periodic;
    if (g->dims <= axis)
        g->dims = axis + 1;
    for (int a = 0; a < GRID_MAX_DIMS; a++)
        if (!g->shape[a])
            g->shape[a] = 1;
    if (g->components == 0)
        g->components = 1;
    return 0;
}

int grid_axis(struct grid *g, int axis, const char *name, size_t n, double lower, double upper,
              bool periodic)
{
    if (axis_init(g, axis, name, n, upper - lower, periodic))
        return -ENOMEM;
    const double cells = periodic ? (double)n : n > 1 ? (double)(n - 1) : 1;
    for (size_t i = 0; i < n; i++)
        g->x[axis][i] = lower + (upper - lower) * (double)i / cells;
    if (!periodic && n > 1)
        g->x[axis][n - 1] = upper;
    return 0;
}

/* x = centre + width sinh(c0 + (c1 - c0) q(s)), s = i/(n-1) and q(s) = s + bend s(1-s): the
 * parabola puts a point on the centre, keeps the map smooth and, as |bend| < 1, increasing. Where
 * the centre lies outside, or nearer to an end than to any inner point, q(s) = s. */
int grid_axis_sinh(struct grid *g, int axis, const char *name, size_t n, double lower, double upper,
                   double centre, double width)
{
    if (axis_init(g, axis, name, n, upper - lower, false))
        return -ENOMEM;
    assert(n > 1 && width > 0 && lower < upper);
    const double c0 = asinh((lower - centre) / width), c1 = asinh((upper - centre) / width);
    const double s_centre = c0 / (c0 - c1), cells = (double)(n - 1);
    const double k = round(s_centre * cells);
    const bool inside = n > 3 && k > 0 && k < cells;
    const double sk = k / cells, bend = inside ? (s_centre - sk) / (sk * (1 - sk)) : 0;
    double *x = g->x[axis];
    for (size_t i = 0; i < n; i++) {
        const double s = (double)i / cells;
        x[i] = centre + width * sinh(c0 + (c1 - c0) * (s + bend * s * (1 - s)));
    }
    if (inside)
        x[(size_t)k] = centre;
    x[0] = lower;
    x[n - 1] = upper;
    return 0;
}

void grid_free(struct grid *g)
{
    for (int a = 0; a < GRID_MAX_DIMS; a++) {
        free(g->x[a]);
        g->x[a] = NULL;
    }
}

void grid_zero_ends(const struct grid *g, double *u)
{
    size_t stride = 1;
    for (int a = g->dims - 1; a >= 0; a--) {
        const size_t n = g->shape[a], block = n * stride;
        for (size_t at = 0; at < grid_points(g) && !g->periodic[a]; at += block) {
            memset(u + at, 0, stride * sizeof *u);
            memset(u + at + block - stride, 0, stride * sizeof *u);
        }
        stride = block;
    }
}

/* i may lie outside 0..shape-1 on a periodic axis */
static double coordinate(const struct grid *g, int axis, long i)
{
    const long n = (long)g->shape[axis];
    const long turns = i >= 0 ? i / n : -((n - 1 - i) / n);
    return g->x[axis][i - turns * n] + (double)turns * g->length[axis];
}

int grid_weights(const struct grid *g, int axis, double xi, int order, long *first, double *w)
{
    assert(axis < g->dims && order >= 0 && order <= MAX_ORDER);
    const double *x = g->x[axis];
    const long n = (long)g->shape[axis];
    const bool periodic = g->periodic[axis];
    if (periodic)
        xi -= floor((xi - x[0]) / g->length[axis]) * g->length[axis];
    if (!(xi >= x[0] && (periodic || xi <= x[n - 1])))
        return -ERANGE;

    long below = 0, above = n; /* x[below] <= xi < x[above] */
    while (above - below > 1) {
        const long middle = (below + above) / 2;
        if (x[middle] <= xi)
            below = middle;
        else
            above = middle;
    }
    int points = order + 1;
    *first = below - order / 2;
    if (!periodic) { /* stay inside; on an axis with fewer points the order drops, the other weights
                        are 0 */
        if (points > n)
            points = (int)n;
        if (*first > n - points)
            *first = n - points;
        if (*first < 0)
            *first = 0;
    }
    for (int j = 0; j <= order; j++) {
        w[j] = j < points;
        for (int k = 0; k < points && j < points; k++)
            if (k != j)
                w[j] *= (xi - coordinate(g, axis, *first + k)) /
                        (coordinate(g, axis, *first + j) - coordinate(g, axis, *first + k));
    }
    return 0;
}

int grid_interpolate(const struct grid *g, const double *u, const double *at, double *value)
{
    enum { ORDER = 3 };
    double w[GRID_MAX_DIMS][ORDER + 1] = { { 1 }, { 1 }, { 1 } };
    long first[GRID_MAX_DIMS] = { 0 };
    for (int a = 0; a < g->dims; a++)
        if (grid_weights(g, a, at[a], ORDER, &first[a], w[a]))
            return -ERANGE;

    const size_t parts = g->is_complex ? 2 : 1, points = grid_points(g);
    for (size_t c = 0; c < (size_t)g->components * parts; c++)
        value[c] = 0;
    for (int j = 0; j < (ORDER + 1) * (ORDER + 1) * (ORDER + 1); j++) {
        const int part[GRID_MAX_DIMS] = { j / 16, j / 4 % 4, j % 4 };
        const double weight = w[0][part[0]] * w[1][part[1]] * w[2][part[2]];
        if (weight == 0) /* also: not a number of points that exist; what it holds does not matter */
            continue;
        size_t point = 0;
        for (int a = 0; a < g->dims; a++) {
            const long n = (long)g->shape[a], i = first[a] + part[a];
            point = point * (size_t)n + (size_t)((i % n + n) % n);
        }
        for (size_t v = 0; v < (size_t)g->components * parts; v++)
            value[v] += weight * u[(v / parts * points + point) * parts + v % parts];
    }
    return 0;
}
