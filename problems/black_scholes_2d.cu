// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Two assets: a thread per point, or per line that is solved. Neighbouring threads read
 * neighbouring numbers: along axis 1 lines pass through square tiles in shared memory. Factors and
 * boundary values are those that were prepared; without them a solve fails. */
#include "problems/black_scholes.h"

#include "core/cuda.h"

enum {
    TILE = 32,
    TILE_ROWS = 8, /* that a block moves at a time */
    CHUNK = 8,     /* rows that are loaded before the first of them is needed */
};

static const struct black_scholes_2d *black_scholes_2d(const struct problem *p)
{
    return (const struct black_scholes_2d *)p;
}

static unsigned divide_up(size_t n, size_t by)
{
    return (unsigned)((n + by - 1) / by);
}

/* ---- boundary values ---- */

static const double *edges_on(const struct black_scholes_2d *s, const struct exec *x, double t)
{
    const double *v = black_scholes_edges(s, t);
    return v ? (const double *)exec_device_constant(x, v) : NULL;
}

/* v: S1 = 0 (n2), S1 = end (n2), S2 = 0 (n1), S2 = end (n1); corners belong to the first two */
static __global__ void set_edges(size_t n1, size_t n2, const double *v, double *u)
{
    const size_t m = cuda_index();
    if (m < n2) {
        u[m] = v[m];
        u[(n1 - 1) * n2 + m] = v[n2 + m];
    }
    if (m > 0 && m < n1 - 1) {
        u[m * n2] = v[2 * n2 + m];
        u[m * n2 + n2 - 1] = v[2 * n2 + n1 + m];
    }
}

static void edge_set(const struct black_scholes_2d *s, const struct exec *x, const double *v,
                     double *u)
{
    const size_t n1 = s->A[0].n, n2 = s->A[1].n;
    CUDA_LAUNCH_EACH(set_edges, x, n1 > n2 ? n1 : n2, n1, n2, v, u);
}

static int impose(const struct problem *p, const struct exec *x, double t, double *u)
{
    const struct black_scholes_2d *s = black_scholes_2d(p);
    const double *v = edges_on(s, x, t);
    if (!v)
        return 1;
    edge_set(s, x, v, u);
    return 0;
}

/* ---- split_apply ---- */

struct operands {
    size_t n1, n2;
    bool dirichlet;
    double mixed, w[3];
    const double *A1, *A2; /* lower, diag, upper */
    const double *slope1, *slope2;
};

static __global__ void apply(struct operands s, const double *u, const double *base, double *y)
{
    const size_t j = (size_t)blockIdx.x * blockDim.x + threadIdx.x, n2 = s.n2;
    const size_t i = (size_t)blockIdx.y * blockDim.y + threadIdx.y, n1 = s.n1;
    if (i >= n1 || j >= n2)
        return;
    const bool is_edge = i == 0 || i == n1 - 1 || j == 0 || j == n2 - 1;
    double v = 0;
    if (!(is_edge && s.dirichlet)) {
        const double *row = u + i * n2; /* beyond the ends factors are 0 */
        const double *south = i > 0 ? row - n2 : row, *north = i + 1 < n1 ? row + n2 : row;
        const size_t west = j > 0 ? j - 1 : j, east = j + 1 < n2 ? j + 1 : j;
        const struct black_scholes_row r = { s.w[0] * s.mixed * s.slope1[i], s.w[1] * s.A1[i],
                                             s.w[1] * s.A1[n1 + i], s.w[1] * s.A1[2 * n1 + i] };
        v = black_scholes_across(r, s.slope2[j], south, row, north, west, j, east) +
            s.w[2] *
                black_scholes_along(s.A2[j], s.A2[n2 + j], s.A2[2 * n2 + j], row, west, j, east);
    }
    y[i * n2 + j] = base ? base[i * n2 + j] + v : v;
}

static int split_apply(const struct problem *p, const struct exec *x, double t, const double *w,
                       const double *u, const double *base, double *y)
{
    const struct black_scholes_2d *s = black_scholes_2d(p);
    const struct operands o = { s->A[0].n,
                                s->A[1].n,
                                s->dirichlet,
                                s->mixed,
                                { w[0], w[1], w[2] },
                                (const double *)exec_device_constant(x, s->A[0].lower),
                                (const double *)exec_device_constant(x, s->A[1].lower),
                                (const double *)exec_device_constant(x, s->slope[0]),
                                (const double *)exec_device_constant(x, s->slope[1]) };
    const dim3 grid(divide_up(o.n2, TILE), divide_up(o.n1, TILE_ROWS)), block(TILE, TILE_ROWS);
    CUDA_LAUNCH(apply, grid, block, 0, x, o, u, base, y);
    return 0;
}

static int rhs_implicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    static const double all[] = { 1, 1, 1 };
    return split_apply(p, x, t, all, u, NULL, f);
}

/* ---- split_solve ---- */

struct lines {
    size_t from, to;      /* which lines */
    size_t n, first, end; /* rows of each */
    const double *f;      /* factors (3, n) */
    const double *v, *w;  /* values before the first and behind the last row by line, or NULL: 0 */
};

/* along axis 0: line j is a column of rows that lie n2 apart; u may be b */
static __global__ void solve_columns(struct lines l, size_t n2, const double *b, double *u)
{
    const size_t j = l.from + cuda_index();
    const double *p = l.f, *q = l.f + l.n, *c = l.f + 2 * l.n;
    if (j >= l.to)
        return;
    double last = l.v ? l.v[j] : 0;
    for (size_t i = l.first; i < l.end; i += CHUNK) {
        double right[CHUNK];
        for (size_t k = 0; k < CHUNK; k++)
            right[k] = i + k < l.end ? b[(i + k) * n2 + j] : 0;
        for (size_t k = 0; k < CHUNK; k++)
            if (i + k < l.end)
                u[(i + k) * n2 + j] = last = p[i + k] * right[k] - q[i + k] * last;
    }
    last = l.w ? l.w[j] : 0;
    for (size_t left = l.end - l.first; left > 0;) {
        const size_t count = left < CHUNK ? left : CHUNK, i = l.first + left - 1;
        double row[CHUNK];
        for (size_t k = 0; k < CHUNK; k++)
            row[k] = k < count ? u[(i - k) * n2 + j] : 0;
        for (size_t k = 0; k < CHUNK; k++)
            if (k < count)
                u[(i - k) * n2 + j] = last = row[k] - c[i - k] * last;
        left -= count;
    }
}

/* Along axis 1: the lines line.. of a block are rows of u. A tile is moved by all threads, each
 * moving the same entries in and out, and eliminated by one thread per line. */
static __global__ void solve_rows(struct lines l, const double *b, double *u)
{
    __shared__ double tile[TILE][TILE + 1]; /* one more: columns then lie in different banks */
    const size_t line = l.from + (size_t)blockIdx.x * TILE, x = threadIdx.x, y = threadIdx.y;
    const double *p = l.f, *q = l.f + l.n, *c = l.f + 2 * l.n;
    const bool solves = y == 0 && line + x < l.to;
    const size_t tiles = (l.end - l.first + TILE - 1) / TILE;
    double last = solves && l.v ? l.v[line + x] : 0;
    for (size_t t = 0; t < tiles; t++) {
        const size_t j = l.first + t * TILE, count = l.end - j < TILE ? l.end - j : TILE;
        for (size_t k = y; k < TILE; k += TILE_ROWS)
            if (line + k < l.to && x < count)
                tile[k][x] = b[(line + k) * l.n + j + x];
        __syncthreads();
        for (size_t k = 0; solves && k < count; k++)
            tile[x][k] = last = p[j + k] * tile[x][k] - q[j + k] * last;
        __syncthreads();
        for (size_t k = y; k < TILE; k += TILE_ROWS)
            if (line + k < l.to && x < count)
                u[(line + k) * l.n + j + x] = tile[k][x];
        __syncthreads();
    }
    last = solves && l.w ? l.w[line + x] : 0;
    for (size_t t = tiles; t-- > 0;) {
        const size_t j = l.first + t * TILE, count = l.end - j < TILE ? l.end - j : TILE;
        for (size_t k = y; k < TILE; k += TILE_ROWS)
            if (line + k < l.to && x < count)
                tile[k][x] = u[(line + k) * l.n + j + x];
        __syncthreads();
        for (size_t k = count; solves && k-- > 0;)
            tile[x][k] = last = tile[x][k] - c[j + k] * last;
        __syncthreads();
        for (size_t k = y; k < TILE; k += TILE_ROWS)
            if (line + k < l.to && x < count)
                u[(line + k) * l.n + j + x] = tile[k][x];
        __syncthreads();
    }
}

static int split_solve(const struct problem *p, const struct exec *x, int j, double t, double a,
                       const double *b, double *u)
{
    const struct black_scholes_2d *s = black_scholes_2d(p);
    const struct tridiagonal *A = &s->A[j - 1], *other = &s->A[2 - j];
    const double *f = factors_find(&s->factors[j - 1], a);
    const double *v = s->dirichlet ? edges_on(s, x, t) : NULL;
    if (!f || (s->dirichlet && !v))
        return 1;
    struct lines l = { other->first, other->end, A->n, A->first, A->end, NULL, NULL, NULL };
    l.f = (const double *)exec_device_constant(x, f);
    if (v) {
        l.v = j == 1 ? v : v + 2 * s->A[1].n;
        l.w = l.v + other->n;
    }
    const unsigned blocks = divide_up(l.to - l.from, TILE);
    const dim3 square(TILE, TILE_ROWS);
    if (j == 1)
        CUDA_LAUNCH(solve_columns, blocks, (unsigned)TILE, 0, x, l, other->n, b, u);
    else
        CUDA_LAUNCH(solve_rows, blocks, square, 0, x, l, b, u);
    if (v)
        edge_set(s, x, v, u);
    return 0;
}

const struct problem_kernels black_scholes_2d_cuda_kernels[2] = {
    { .rhs_implicit = rhs_implicit,
      .impose = impose,
      .split_apply = split_apply,
      .split_solve = split_solve },
    { .rhs_implicit = rhs_implicit, .split_apply = split_apply, .split_solve = split_solve },
};
