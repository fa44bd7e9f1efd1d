// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A front of the Allen-Cahn equation
 *   u_t = u_xx - (2/epsilon^2) u (1 - u) (1 - 2u) - 6 dw u (1 - u)   on [-0.5, 0.5],
 * by second-order central differences. The travelling wave (1 + tanh((x - v t)/(sqrt(2)
 * epsilon)))/2, v = 3 sqrt(2) epsilon dw, is exact on the whole line and gives the values of both
 * ends.
 *
 * A tridiagonal elimination waits for a division in every row. So the rows are cut into CHUNKS of
 * the same length, which are eliminated side by side in vector registers (Wang 1981). Each chunk
 * keeps how its first and its last unknown depend on its neighbours; what these have to be is a
 * small system. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "problems/newton.h"
#include "problems/problems.h"

/* The number of chunks decides the bits of the result, the number in one vector does not. */
#if defined(__AVX512F__)
#define LANES 8
#elif defined(__AVX__)
#define LANES 4
#else
#define LANES 2
#endif
enum { CHUNKS = 16, VECTORS = CHUNKS / LANES };

typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));
typedef int64_t mask __attribute__((vector_size(LANES * sizeof(double))));

struct allen_cahn {
    struct problem base;
    double epsilon, dw;
    double stiffness; /* 1/h^2 */
    struct newton newton;
    size_t rows, full; /* of a chunk; the last chunks may be short: only rows i < full have all */
};

struct params {
    long grid;
    double epsilon, dw;
    struct newton newton;
};

static const struct param params[] = {
    { "grid", P_INT, offsetof(struct params, grid), "2049", .min = 5, .max = 1e9,
      .help = "points, both ends included" },
    { "epsilon", P_REAL, offsetof(struct params, epsilon), "0.04", .min = 0, .max = INFINITY,
      .open_min = true, .help = "width of the front" },
    { "dw", P_REAL, offsetof(struct params, dw), "-0.04", .help = "driving force; 0: at rest" },
    NEWTON_PARAMS(struct params, newton, "1e-8", "300"),
    { NULL },
};

static const struct schema schema = {
    "problem: allen_cahn",
    "u_t = u_xx - (2/epsilon^2) u (1 - u) (1 - 2u) - 6 dw u (1 - u), a travelling front",
    params,
};

static const struct allen_cahn *allen_cahn(const struct problem *p)
{
    return (const struct allen_cahn *)p;
}

static double wave(const struct allen_cahn *s, double t, double x)
{
    const double speed = 3 * M_SQRT2 * s->epsilon * s->dw;
    return 0.5 * (1 + tanh((x - speed * t) / (M_SQRT2 * s->epsilon)));
}

static int exact(const struct problem *p, double t, double *u)
{
    for (size_t i = 0; i < p->n; i++)
        u[i] = wave(allen_cahn(p), t, p->grid.x[0][i]);
    return 0;
}

static int impose(const struct problem *p, const struct exec *x, double t, double *u)
{
    const size_t last = p->n - 1;
    u[0] = wave(allen_cahn(p), t, p->grid.x[0][0]);
    u[last] = wave(allen_cahn(p), t, p->grid.x[0][last]);
    return 0;
}

static int rhs_implicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    const struct allen_cahn *s = allen_cahn(p);
    const double h2 = s->stiffness, well = 2 / (s->epsilon * s->epsilon), force = 6 * s->dw;
    exec_count(x, 1, 0, 0);
    f[0] = f[p->n - 1] = 0;
    for (size_t i = 1; i + 1 < p->n; i++) {
        const double product = u[i] * (1 - u[i]);
        f[i] = h2 * ((u[i + 1] - u[i]) - (u[i] - u[i - 1])) -
               product * (well * (1 - 2 * u[i]) + force);
    }
    return 0;
}

static int rhs_adjoint(const struct problem *p, const struct exec *x, double t, const double *u,
                       const double *v, double *g)
{
    const struct allen_cahn *s = allen_cahn(p);
    const double h2 = s->stiffness, well = 2 / (s->epsilon * s->epsilon), force = 6 * s->dw;
    const size_t last = p->n - 1;
    g[0] = h2 * v[1];
    g[last] = h2 * v[last - 1];
    for (size_t i = 1; i < last; i++) {
        const double before = i > 1 ? v[i - 1] : 0, after = i + 1 < last ? v[i + 1] : 0;
        const double slope = 1 - 2 * u[i];
        const double reaction = slope * (well * slope + force) - 2 * well * u[i] * (1 - u[i]);
        g[i] = h2 * ((after - v[i]) - (v[i] - before)) - reaction * v[i];
    }
    return 0;
}

/* ---- solve ---- */

/* What Newton's method works on: row i of all chunks is CHUNKS doubles, VECTORS vectors. Rows -1
 * and `rows` of u are the neighbours of the chunks' ends. Short chunks are filled up by the value
 * of the boundary, which stays. */
struct system {
    size_t rows, full, points;
    double tolerance, west, east;
    double e, well, force; /* a/h^2, a 2/epsilon^2, a 6 dw */
    lanes *u, *b, *g;      /* g: the residual, then what x_i is without neighbours */
    lanes *next, *left;    /* x_i = g_i + left_i x(last row of the chunk before) + next_i x_{i+1} */
};

/* which chunks of vector v have a row i: all bits set */
static mask present(const struct system *y, size_t i, int v)
{
    mask m;
    for (int k = 0; k < LANES; k++)
        m[k] = -(int64_t)((size_t)(v * LANES + k) * y->rows + i < y->points);
    return m;
}

static bool any(mask m)
{
    int64_t set = 0;
    for (int k = 0; k < LANES; k++)
        set |= m[k];
    return set != 0;
}

/* where row i of chunk k is among the inner points; those that are not are filled up */
static void to_rows(const struct system *y, const double *from, double fill, lanes *to)
{
    double *out = (double *)to;
    const size_t rows = y->rows;
    for (size_t i = 0; i < y->full; i++)
        for (size_t k = 0; k < CHUNKS; k++)
            out[i * CHUNKS + k] = from[k * rows + i];
    for (size_t i = y->full; i < rows; i++)
        for (size_t k = 0; k < CHUNKS; k++)
            out[i * CHUNKS + k] = k * rows + i < y->points ? from[k * rows + i] : fill;
}

static void from_rows(const struct system *y, const lanes *from, double *to)
{
    const double *in = (const double *)from;
    const size_t rows = y->rows;
    for (size_t i = 0; i < y->full; i++)
        for (size_t k = 0; k < CHUNKS; k++)
            to[k * rows + i] = in[i * CHUNKS + k];
    for (size_t i = y->full; i < rows; i++)
        for (size_t k = 0; k < CHUNKS && k * rows + i < y->points; k++)
            to[k * rows + i] = in[i * CHUNKS + k];
}

static void set_neighbours(const struct system *y)
{
    double *first = (double *)y->u, *last = first + (y->rows - 1) * CHUNKS;
    memcpy(first - CHUNKS + 1, last, (CHUNKS - 1) * sizeof *last);
    memcpy(last + CHUNKS, first + 1, (CHUNKS - 1) * sizeof *first);
    first[-CHUNKS] = y->west;
    last[2 * CHUNKS - 1] = y->east;
}

/* g = u - a f(u) - b in row i; where it is not below the tolerance */
static inline mask residual(const struct system *y, size_t i)
{
    mask above = { 0 };
    for (int v = 0; v < VECTORS; v++) {
        const size_t at = i * VECTORS + (size_t)v;
        const lanes u = y->u[at];
        lanes g = (u - y->b[at]) - y->e * ((y->u[at + VECTORS] - u) - (u - y->u[at - VECTORS])) +
                  u * (1 - u) * (y->well * (1 - 2 * u) + y->force);
        if (i >= y->full)
            g = (lanes)((mask)g & present(y, i, v));
        above |= ~((g < y->tolerance) & (g > -y->tolerance));
        y->g[at] = g;
    }
    return above;
}

/* Downwards in every chunk: x_i by x_{i+1} and the last row of the chunk before. Then x of the rows
 * before and after the chunks. False if that fails. */
static bool eliminate(const struct system *system, double *x_before, double *x_after)
{
    const struct system y = *system;
    /* the rows divided by a/h^2: -x_{i-1} + D x_i - x_{i+1} = g_i */
    const double inverse = 1 / y.e, diagonal = inverse + 2;
    const double well = y.well * inverse, force = y.force * inverse;
    lanes own[VECTORS], left[VECTORS], next[VECTORS];
    /* x_0 = first_own + first_left x(last row before) + left_i x_{i+1}, by symmetry */
    lanes first_own[VECTORS], first_left[VECTORS];
    for (int v = 0; v < VECTORS; v++) {
        own[v] = next[v] = first_own[v] = first_left[v] = (lanes){ 0 };
        left[v] = own[v] + 1;
    }
    for (size_t i = 0; i < y.rows; i++)
        for (int v = 0; v < VECTORS; v++) {
            const size_t at = i * VECTORS + (size_t)v;
            const lanes u = y.u[at], before = left[v];
            const lanes D = diagonal + (well * (1 - 6 * (u * (1 - u))) + force * (1 - 2 * u));
            next[v] = 1 / (D - next[v]);
            if (i >= y.full)
                next[v] = (lanes)((mask)next[v] & present(&y, i, v));
            own[v] = (y.g[at] * inverse + own[v]) * next[v];
            left[v] = before * next[v];
            first_own[v] += before * own[v];
            first_left[v] = i ? first_left[v] + before * left[v] : left[v];
            y.next[at] = next[v];
            y.left[at] = left[v];
            y.g[at] = own[v];
        }

    /* rightwards: the last row of chunk k is c + f x(first of k + 1) */
    double constant[CHUNKS], factor[CHUNKS], first_constant[CHUNKS], first_factor[CHUNKS];
    double c = 0, f = 0;
    for (int k = 0; k < CHUNKS; k++) {
        const int v = k / LANES, j = k % LANES;
        const double q = f / (1 - first_left[v][j] * f), scale = 1 + first_left[v][j] * q;
        first_constant[k] = (first_own[v][j] + first_left[v][j] * c) * scale;
        first_factor[k] = left[v][j] * scale;
        constant[k] = own[v][j] + left[v][j] * (c + f * first_constant[k]);
        factor[k] = next[v][j] + left[v][j] * (left[v][j] * q);
        c = constant[k];
        f = factor[k];
    }
    double first = 0;
    for (int k = CHUNKS - 1; k >= 0; k--) {
        x_after[k] = first;
        if (k + 1 < CHUNKS)
            x_before[k + 1] = constant[k] + factor[k] * first;
        first = first_constant[k] + first_factor[k] * first;
    }
    x_before[0] = 0;
    return isfinite(first) && isfinite(constant[CHUNKS - 1]);
}

/* u -= x upwards, and one row behind the next residual: where it is not below the tolerance.
 * moved: where u changed by more than rounding */
static mask substitute(const struct system *system, const double *x_before, const double *x_after,
                       mask *moved)
{
    const struct system y = *system;
    const double rounding = 4 * DBL_EPSILON; /* of u, which is about 1 */
    lanes before[VECTORS], x[VECTORS];
    mask above = { 0 }, far = { 0 };
    memcpy(before, x_before, sizeof before);
    memcpy(x, x_after, sizeof x);
    for (size_t i = y.rows; i-- > 0;) {
        for (int v = 0; v < VECTORS; v++) {
            const size_t at = i * VECTORS + (size_t)v;
            x[v] = (y.g[at] + y.left[at] * before[v]) + y.next[at] * x[v];
            y.u[at] -= x[v];
            far |= (x[v] > rounding) | (x[v] < -rounding);
        }
        if (i + 2 < y.rows)
            above |= residual(&y, i + 1);
    }
    *moved = far;
    set_neighbours(&y);
    return above | residual(&y, 0) | residual(&y, y.rows - 1);
}

static int iterate(const struct system *y, const struct exec *x, long limit)
{
    double x_before[CHUNKS], x_after[CHUNKS];
    mask above = { 0 }, moved;
    set_neighbours(y);
    for (size_t i = 0; i < y->rows; i++)
        above |= residual(y, i);
    for (long k = 0; any(above); k++) {
        if (k == limit)
            return (int)k;
        exec_count(x, 0, 0, 1);
        if (!eliminate(y, x_before, x_after))
            return (int)k + 1;
        above = substitute(y, x_before, x_after, &moved);
        if (!any(moved))
            return 0;
    }
    return 0;
}

static size_t solve_nwork(const struct allen_cahn *s)
{
    return (5 * s->rows + 2) * CHUNKS;
}

static int solve(const struct problem *p, const struct exec *exec, double t, double a,
                 const double *b, double *u)
{
    const struct allen_cahn *s = allen_cahn(p);
    struct exec x = *exec;
    const size_t vectors = s->rows * VECTORS;
    lanes *work = (lanes *)exec_take(&x, solve_nwork(s));
    const struct system y = {
        .rows = s->rows,
        .full = s->full,
        .points = p->n - 2,
        .tolerance = s->newton.tolerance,
        .west = wave(s, t, p->grid.x[0][0]),
        .east = wave(s, t, p->grid.x[0][p->n - 1]),
        .e = a * s->stiffness,
        .well = a * 2 / (s->epsilon * s->epsilon),
        .force = a * 6 * s->dw,
        .b = work,
        .g = work + vectors,
        .next = work + 2 * vectors,
        .left = work + 3 * vectors,
        .u = work + 4 * vectors + VECTORS,
    };
    int failed = 0;
    exec_count(&x, 0, 1, 0);
    if (isinf(1 / y.e)) { /* nothing is added */
        memmove(u + 1, b + 1, y.points * sizeof *u);
    } else if (!newton_passes_through(y.points, b + 1, u + 1)) {
        to_rows(&y, b + 1, y.east, y.b);
        to_rows(&y, u + 1, y.east, y.u);
        failed = iterate(&y, &x, s->newton.limit);
        from_rows(&y, y.u, u + 1);
    }
    u[0] = y.west;
    u[p->n - 1] = y.east;
    return failed;
}

static const struct problem_kernels kernels = {
    .rhs_implicit = rhs_implicit,
    .solve = solve,
    .impose = impose,
    .rhs_adjoint = rhs_adjoint,
};

static void destroy(struct problem *p)
{
    grid_free(&p->grid);
    free(p);
}

static int create(struct problem **p, const struct node *config)
{
    struct params q;
    if (config_bind(config, &schema, (const char *const[]){ "name", NULL }, &q))
        return -EINVAL;
    struct allen_cahn *s = malloc(sizeof *s);
    if (!s)
        return -ENOMEM;
    const size_t n = (size_t)q.grid, inner = n - 2, rows = (inner + CHUNKS - 1) / CHUNKS;
    const double cells = (double)(n - 1);
    *s = (struct allen_cahn){
        .base = {
            .name = "allen_cahn",
            .n = n,
            .grid = { .components = 1 },
            .flops_rhs = 10 * (double)n,
            .kernels = { &kernels },
            .initial = exact,
            .exact = exact,
            .destroy = destroy,
        },
        .epsilon = q.epsilon,
        .dw = q.dw,
        .stiffness = cells * cells,
        .newton = q.newton,
        .rows = rows,
    };
    const size_t missing = rows * CHUNKS - inner;
    s->full = missing < rows ? rows - missing : 0;
    s->base.nwork = solve_nwork(s);
    if (grid_axis(&s->base.grid, 0, "x", n, -0.5, 0.5, false)) {
        destroy(&s->base);
        return -ENOMEM;
    }
    *p = &s->base;
    return 0;
}

const struct problem_type allen_cahn_type = { "allen_cahn",
                                              "a front of the Allen-Cahn equation in 1D", &schema,
                                              create };
