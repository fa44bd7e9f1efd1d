// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/diagonal.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Fornberg (1988), Generation of finite difference formulas on arbitrarily spaced grids */
struct stencil stencil_derivative(int derivative, int first, int last, double h)
{
    enum { MAX_DERIVATIVE = 2 };
    double c[STENCIL_POINTS][MAX_DERIVATIVE + 1] = { { 1 } };
    double product = 1;
    assert(derivative <= MAX_DERIVATIVE && last - first < STENCIL_POINTS);
    for (int i = 1; i <= last - first; i++) {
        double next = 1;
        for (int j = 0; j < i; j++)
            next *= i - j;
        for (int m = derivative; m >= 0; m--)
            c[i][m] =
                product / next * ((m ? m * c[i - 1][m - 1] : 0) - (first + i - 1) * c[i - 1][m]);
        for (int j = 0; j < i; j++)
            for (int m = derivative; m >= 0; m--)
                c[j][m] = ((first + i) * c[j][m] - (m ? m * c[j][m - 1] : 0)) / (i - j);
        product = next;
    }
    struct stencil s = { first, last, { 0 } };
    for (int i = 0; i <= last - first; i++)
        s.w[i] = c[i][derivative] / pow(h, derivative);
    return s;
}

struct stencil stencil_sum(double c, const struct stencil *s, double d, const struct stencil *r)
{
    struct stencil y = { s->first < r->first ? s->first : r->first,
                         s->last > r->last ? s->last : r->last,
                         { 0 } };
    for (int k = s->first; k <= s->last; k++)
        y.w[k - y.first] += c * s->w[k - s->first];
    for (int k = r->first; k <= r->last; k++)
        y.w[k - y.first] += d * r->w[k - r->first];
    return y;
}

struct stencil stencil_reversed(const struct stencil *s)
{
    struct stencil y = { -s->last, -s->first, { 0 } };
    for (int k = s->first; k <= s->last; k++)
        y.w[-k - y.first] = s->w[k - s->first];
    return y;
}

void stencil_symbol(const struct stencil *s, double angle, double *symbol)
{
    symbol[0] = symbol[1] = 0;
    for (int k = s->first; k <= s->last; k++) {
        symbol[0] += s->w[k - s->first] * cos(k * angle);
        symbol[1] += s->w[k - s->first] * sin(k * angle);
    }
}

/* f += sum over the points of w[k] row[k], left to right */
static inline void add_rows(int points, size_t n, const double *w, const double *const *row,
                            double *restrict f)
{
    for (size_t j = 0; j < n; j++) {
        double sum = w[0] * row[0][j];
        for (int k = 1; k < points; k++)
            sum += w[k] * row[k][j];
        f[j] += sum;
    }
}

static void add(int points, size_t n, const double *w, const double *const *row, double *f)
{
    switch (
        points) { /* constants, so that the inner loop is unrolled and the outer one vectorised */
    case 2:
        add_rows(2, n, w, row, f);
        break;
    case 3:
        add_rows(3, n, w, row, f);
        break;
    case 5:
        add_rows(5, n, w, row, f);
        break;
    case 7:
        add_rows(7, n, w, row, f);
        break;
    default:
        add_rows(points, n, w, row, f);
    }
}

/* along an axis of n points that lie `stride` apart */
static void add_line(const struct stencil *s, long n, size_t stride, bool periodic, const double *u,
                     double *f)
{
    const int points = s->last - s->first + 1;
    const long inner_first = s->first < 0 ? -s->first : 0;
    const long inner_last = n - 1 - (s->last > 0 ? s->last : 0);
    const double *row[STENCIL_POINTS];
    for (long i = 0; i < n; i++) {
        double w[STENCIL_POINTS];
        if (stride == 1 && i == inner_first && inner_last >= inner_first) {
            for (int k = 0; k < points; k++)
                row[k] = u + i + s->first + k;
            add(points, (size_t)(inner_last - i + 1), s->w, row, f + i);
            i = inner_last;
            continue;
        }
        for (int k = 0; k < points; k++) {
            long at = i + s->first + k;
            w[k] = s->w[k];
            if (periodic) {
                at = (at % n + n) % n;
            } else if (at < 0 || at > n - 1) {
                at = at < 0 ? -at : 2 * (n - 1) - at;
                w[k] = -w[k];
            }
            row[k] = u + (size_t)at * stride;
        }
        add(points, stride, w, row, f + (size_t)i * stride);
    }
}

static void apply_stencils(const struct grid *g, const struct exec *x, const struct stencil *s,
                           const double *u, double *f)
{
    const size_t points = grid_points(g);
    size_t stride = 1;
    memset(f, 0, points * sizeof *f);
    for (int a = g->dims - 1; a >= 0; a--) {
        const size_t n = g->shape[a];
        for (size_t at = 0; at < points; at += n * stride)
            add_line(&s[a], (long)n, stride, g->periodic[a], u + at, f + at);
        stride *= n;
    }
    grid_zero_ends(g, f);
}

/* every entry of v gives to what its row of the matrix reads */
void stencil_adjoint(const struct grid *grid, const struct stencil *s, const double *v, double *g)
{
    const size_t points = grid_points(grid);
    memset(g, 0, points * sizeof *g);
    for (size_t at = 0; at < points; at++) {
        long index[GRID_MAX_DIMS];
        bool is_end = false;
        for (size_t a = (size_t)grid->dims, rest = at; a-- > 0;) {
            const size_t n = grid->shape[a];
            index[a] = (long)(rest % n);
            rest /= n;
            is_end |= !grid->periodic[a] && (index[a] == 0 || index[a] == (long)n - 1);
        }
        long stride = 1;
        for (int a = grid->dims - 1; a >= 0 && !is_end; a--) {
            const long n = (long)grid->shape[a];
            for (int k = s[a].first; k <= s[a].last; k++) {
                double w = s[a].w[k - s[a].first];
                long to = index[a] + k;
                if (grid->periodic[a]) {
                    to = (to % n + n) % n;
                } else if (to < 0 || to > n - 1) {
                    to = to < 0 ? -to : 2 * (n - 1) - to;
                    w = -w;
                }
                g[(long)at + (to - index[a]) * stride] += w * v[at];
            }
            stride *= n;
        }
    }
}

int diagonal_create(struct diagonal *d, const struct grid *g)
{
    *d = (struct diagonal){ .grid = g, .periodic = g->periodic[0], .inner = { 1, 1, 1 } };
    for (int a = 0; a < g->dims; a++) {
        assert(g->periodic[a] == d->periodic && (d->periodic || g->shape[a] > 2));
        d->inner[a] = g->shape[a] - (d->periodic ? 0 : 2);
    }
    const int err = d->periodic ? fft_create(&d->fft, g->dims, d->inner)
                                : fft_create_sine(&d->fft, g->dims, d->inner);
    if (!err)
        d->count = d->periodic ? fft_complex(d->fft) : fft_real(d->fft);
    return err;
}

void diagonal_destroy(struct diagonal *d)
{
    fft_destroy(&d->fft);
}

size_t diagonal_nwork(const struct diagonal *d)
{
    return (d->periodic ? exec_round(2 * d->count) : 2 * exec_round(d->count)) + fft_nwork(d->fft);
}

double diagonal_flops(const struct diagonal *d)
{
    const double n = (double)fft_real(d->fft);
    return 5 * n * log2(n) + 10 * n;
}

/* the wavenumber of coefficient k of the table along axis a, and whether it is the highest of an
 * even number of points: there exp(ikx) and exp(-ikx) are the same, and a real operator has a real
 * symbol */
static double wavenumber(const struct diagonal *d, size_t k, int a, bool *highest)
{
    const int dims = d->grid->dims;
    for (int b = dims - 1; b > a; b--)
        k /= d->periodic && b == dims - 1 ? d->inner[b] / 2 + 1 : d->inner[b];
    k %= d->periodic && a == dims - 1 ? d->inner[a] / 2 + 1 : d->inner[a];
    *highest = d->periodic && 2 * k == d->inner[a];
    return d->periodic ? 2 * M_PI / d->grid->length[a] * (double)fft_mode(k, d->inner[a])
                       : M_PI / d->grid->length[a] * (double)(k + 1);
}

static double *table(const struct diagonal *d, const struct stencil *s, double first, double second)
{
    const size_t parts = d->periodic ? 2 : 1;
    double *symbol = calloc(parts * d->count, sizeof *symbol);
    for (size_t k = 0; symbol && k < d->count; k++)
        for (int a = 0; a < d->grid->dims; a++) {
            bool highest;
            const double wave = wavenumber(d, k, a, &highest);
            double part[2] = { -second * wave * wave, first * wave };
            if (s)
                stencil_symbol(&s[a], wave * (d->grid->x[a][1] - d->grid->x[a][0]), part);
            symbol[parts * k] += part[0];
            if (d->periodic && !highest)
                symbol[parts * k + 1] += part[1];
        }
    if (symbol)
        exec_constant(symbol, parts * d->count * sizeof *symbol);
    return symbol;
}

double *diagonal_stencil(const struct diagonal *d, const struct stencil *s)
{
    return table(d, s, 0, 0);
}

double *diagonal_derivatives(const struct diagonal *d, double first, double second)
{
    return table(d, NULL, first, second);
}

void diagonal_free(double *symbol)
{
    exec_constant_forget(symbol);
    free(symbol);
}

static void zero_ends(const struct grid *g, const struct exec *x, double *u)
{
    grid_zero_ends(g, u);
}

static void inner_points(const struct diagonal *d, const struct exec *x, bool back, double *state,
                         double *inner)
{
    const size_t *n = d->inner, *shape = d->grid->shape;
    const int dims = d->grid->dims;
    const size_t lines = n[0] * n[1] * n[2] / n[dims - 1];
    for (size_t line = 0; line < lines; line++) {
        size_t rest = line, at = 1, stride = shape[dims - 1];
        for (int a = dims - 2; a >= 0; a--) {
            at += (rest % n[a] + 1) * stride;
            rest /= n[a];
            stride *= shape[a];
        }
        double *u = state + at, *v = inner + line * n[dims - 1];
        memcpy(back ? u : v, back ? v : u, n[dims - 1] * sizeof *u);
    }
}

static int scale_complex(const struct diagonal *d, enum diagonal_function function, double c,
                         const double *symbol, double scale, double *hat)
{
    int failed = 0;
    for (size_t k = 0; k < 2 * d->count; k += 2) {
        double y[2];
        diagonal_factor(function, c, symbol + k, true, y);
        failed |= isinf(y[0]);
        const double re = y[0] / scale, im = y[1] / scale, h0 = hat[k], h1 = hat[k + 1];
        hat[k] = re * h0 - im * h1;
        hat[k + 1] = re * h1 + im * h0;
    }
    return failed != 0;
}

static int scale_real(const struct diagonal *d, enum diagonal_function function, double c,
                      const double *symbol, double scale, double *hat)
{
    int failed = 0;
    for (size_t k = 0; k < d->count; k++) {
        double y[2];
        diagonal_factor(function, c, symbol + k, false, y);
        failed |= isinf(y[0]);
        hat[k] *= y[0] / scale;
    }
    return failed != 0;
}

static int scale(const struct diagonal *d, const struct exec *x, enum diagonal_function function,
                 double c, const double *symbol, double by, double *hat)
{
    return (d->periodic ? scale_complex : scale_real)(d, function, c, symbol, by, hat);
}

static const struct diagonal_kernels cpu_kernels = { apply_stencils, zero_ends, inner_points,
                                                     scale };
static const struct diagonal_kernels *const kernels[DEV_COUNT] = {
    &cpu_kernels,
    DEV_CUDA_KERNELS(diagonal_cuda_kernels),
};

void stencil_apply(const struct grid *g, const struct exec *x, const struct stencil *s,
                   const double *u, double *f)
{
    kernels[x->dev]->stencil(g, x, s, u, f);
}

void diagonal_zero_ends(const struct grid *g, const struct exec *x, double *u)
{
    kernels[x->dev]->zero_ends(g, x, u);
}

int diagonal_multiply(const struct diagonal *d, const struct exec *exec,
                      enum diagonal_function function, double c, const double *symbol,
                      const double *u, double *v)
{
    const struct diagonal_kernels *k = kernels[exec->dev];
    const double by = fft_scale(d->fft);
    struct exec x = *exec;
    int failed;
    if (d->periodic) {
        double *hat = exec_take(&x, 2 * d->count);
        fft_forward(d->fft, &x, u, hat);
        failed = k->scale(d, &x, function, c, symbol, by, hat);
        fft_inverse(d->fft, &x, hat, v);
    } else {
        double *inner = exec_take(&x, d->count), *hat = exec_take(&x, d->count);
        k->inner_points(d, &x, false, (double *)u, inner);
        fft_sine(d->fft, &x, inner, hat);
        failed = k->scale(d, &x, function, c, symbol, by, hat);
        fft_sine(d->fft, &x, hat, inner);
        k->inner_points(d, &x, true, v, inner);
        k->zero_ends(d->grid, &x, v);
    }
    return failed;
}
