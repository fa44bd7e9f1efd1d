// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/diagonal.h"

#include "core/cuda.h"

struct axes {
    int dims;
    long shape[GRID_MAX_DIMS];
    bool periodic[GRID_MAX_DIMS];
};

static struct axes axes_of(const struct grid *g)
{
    struct axes a = {};
    a.dims = g->dims;
    for (int i = 0; i < g->dims; i++) {
        a.shape[i] = (long)g->shape[i];
        a.periodic[i] = g->periodic[i];
    }
    return a;
}

static __device__ void coordinates(int dims, const long *shape, size_t at, long *i)
{
    for (int a = dims - 1; a >= 0; a--) {
        i[a] = (long)(at % (size_t)shape[a]);
        at /= (size_t)shape[a];
    }
}

static __device__ bool is_end(const struct axes &g, const long *i)
{
    bool end = false;
    for (int a = 0; a < g.dims; a++)
        end |= !g.periodic[a] && (i[a] == 0 || i[a] == g.shape[a] - 1);
    return end;
}

struct stencils {
    struct stencil s[GRID_MAX_DIMS];
};

static __global__ void apply_stencils(size_t n, struct axes g, struct stencils s, const double *u,
                                      double *f)
{
    const size_t at = cuda_index();
    long i[GRID_MAX_DIMS], stride = 1;
    if (at >= n)
        return;
    coordinates(g.dims, g.shape, at, i);
    double total = 0;
    for (int a = g.dims - 1; a >= 0; a--) {
        const long last = g.shape[a] - 1;
        double sum = 0;
        for (int k = s.s[a].first; k <= s.s[a].last; k++) {
            double w = s.s[a].w[k - s.s[a].first];
            long to = i[a] + k;
            if (g.periodic[a]) {
                to = (to % g.shape[a] + g.shape[a]) % g.shape[a];
            } else if (to < 0 || to > last) { /* odd beyond the end */
                to = to < 0 ? -to : 2 * last - to;
                w = -w;
            }
            sum += w * u[(long)at + (to - i[a]) * stride];
        }
        total += sum;
        stride *= g.shape[a];
    }
    f[at] = is_end(g, i) ? 0 : total;
}

static void stencil(const struct grid *g, const struct exec *x, const struct stencil *s,
                    const double *u, double *f)
{
    const size_t n = grid_points(g);
    struct stencils all = {};
    for (int a = 0; a < g->dims; a++)
        all.s[a] = s[a];
    CUDA_LAUNCH_EACH(apply_stencils, x, n, n, axes_of(g), all, u, f);
}

static __global__ void zero_ends_of(size_t n, struct axes g, double *u)
{
    const size_t at = cuda_index();
    long i[GRID_MAX_DIMS];
    if (at >= n)
        return;
    coordinates(g.dims, g.shape, at, i);
    if (is_end(g, i))
        u[at] = 0;
}

static void zero_ends(const struct grid *g, const struct exec *x, double *u)
{
    const size_t n = grid_points(g);
    CUDA_LAUNCH_EACH(zero_ends_of, x, n, n, axes_of(g), u);
}

/* g: of the state, whose ends are left out along every axis */
static __global__ void copy_inner(size_t n, struct axes g, bool back, double *state, double *inner)
{
    const size_t at = cuda_index();
    long shape[GRID_MAX_DIMS], i[GRID_MAX_DIMS], to = 0;
    if (at >= n)
        return;
    for (int a = 0; a < g.dims; a++)
        shape[a] = g.shape[a] - 2;
    coordinates(g.dims, shape, at, i);
    for (int a = 0; a < g.dims; a++)
        to = to * g.shape[a] + i[a] + 1;
    if (back)
        state[to] = inner[at];
    else
        inner[at] = state[to];
}

static void inner_points(const struct diagonal *d, const struct exec *x, bool back, double *state,
                         double *inner)
{
    CUDA_LAUNCH_EACH(copy_inner, x, d->count, d->count, axes_of(d->grid), back, state, inner);
}

static __global__ void scale_complex(size_t n, enum diagonal_function function, double c,
                                     const double *symbol, double scale, double *hat)
{
    const size_t k = cuda_index();
    double y[2];
    if (k >= n)
        return;
    diagonal_factor(function, c, symbol + 2 * k, true, y);
    const double re = y[0] / scale, im = y[1] / scale, h0 = hat[2 * k], h1 = hat[2 * k + 1];
    hat[2 * k] = re * h0 - im * h1;
    hat[2 * k + 1] = re * h1 + im * h0;
}

static __global__ void scale_real(size_t n, enum diagonal_function function, double c,
                                  const double *symbol, double scale, double *hat)
{
    const size_t k = cuda_index();
    double y[2];
    if (k >= n)
        return;
    diagonal_factor(function, c, symbol + k, false, y);
    hat[k] *= y[0] / scale;
}

/* what is infinite stays so: the increment finds it */
static int scale(const struct diagonal *d, const struct exec *x, enum diagonal_function function,
                 double c, const double *symbol, double by, double *hat)
{
    const double *s = (const double *)exec_device_constant(x, symbol);
    if (d->periodic)
        CUDA_LAUNCH_EACH(scale_complex, x, d->count, d->count, function, c, s, by, hat);
    else
        CUDA_LAUNCH_EACH(scale_real, x, d->count, d->count, function, c, s, by, hat);
    return 0;
}

const struct diagonal_kernels diagonal_cuda_kernels = { stencil, zero_ends, inner_points, scale };
