// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Every entry of z is one chain of multiply-adds over the inputs in ascending order, then over the
 * functions, wherever it lies in a tile. ROWS outputs of a panel are in registers at a time.
 * Panels are copied together: rows of channels are often a power of two apart, and would fall on
 * the same few lines of the nearest cache. */
#include "nn/linear.h"

#include "nn/activation_simd.h"

#if defined(__AVX512F__)
enum { ROWS = 6 };
#else
enum { ROWS = 3 };
#endif

/* sums (rows, vectors), both constants, += A x: A (i, p) at a[i*row + p*column], x (count, PANEL).
 * Every third row has a pointer, from which the next two are reached: one each would need more
 * registers than there are. */
SIMD_INLINE void multiply(int rows, int vectors, size_t count, const real *a, size_t row,
                          size_t column, const real *x, vreal sum[ROWS][PANEL_VECTORS])
{
    const real *third[(ROWS + 2) / 3];
    SIMD_UNROLL
    for (int i = 0; i < (ROWS + 2) / 3; i++)
        third[i] = a + (size_t)(3 * i) * row;
    for (size_t p = 0; p < count; p++, x += PANEL) {
        vreal v[PANEL_VECTORS];
        SIMD_UNROLL
        for (int j = 0; j < vectors; j++)
            v[j] = vload(x + (size_t)j * SIMD_LANES);
        SIMD_UNROLL
        for (int i = 0; i < rows; i++) {
            const real *const at = third[i / 3];
            const vreal factor = vset(at[(size_t)(i % 3) * row]);
            SIMD_UNROLL
            for (int j = 0; j < vectors; j++)
                sum[i][j] += factor * v[j];
        }
        SIMD_UNROLL
        for (int i = 0; i < (ROWS + 2) / 3; i++)
            third[i] += column;
    }
}

/* The o-th output and those behind it of a panel x; z: rows ldz apart. v and f: of its line, at its
 * place in the line */
SIMD_INLINE void block(int rows, int vectors, const struct NN(linear) * l, size_t o, const real *x,
                       const real *v, const real *f, real *z, size_t ldz)
{
    vreal sum[ROWS][PANEL_VECTORS];
    SIMD_UNROLL
    for (int i = 0; i < rows; i++)
        SIMD_UNROLL
    for (int j = 0; j < vectors; j++)
        sum[i][j] = vset(l->bias ? l->bias[o + (size_t)i] : 0);
    multiply(rows, vectors, l->in, l->w + o * l->row, l->row, l->column, x, sum);
    if (l->functions)
        multiply(rows, vectors, l->functions, v + o * l->functions, l->functions, 1, f, sum);
    SIMD_UNROLL
    for (int i = 0; i < rows; i++)
        SIMD_UNROLL
    for (int j = 0; j < vectors; j++)
        vstore(z + (size_t)i * ldz + (size_t)j * SIMD_LANES, sum[i][j]);
}

/* z (rows, PANEL) += what `count` inputs x from the first-th on give */
SIMD_INLINE void add_block(int rows, const struct NN(linear) * l, size_t first, size_t count,
                           size_t o, const real *x, real *z)
{
    vreal sum[ROWS][PANEL_VECTORS];
    SIMD_UNROLL
    for (int i = 0; i < rows; i++)
        SIMD_UNROLL
    for (int j = 0; j < PANEL_VECTORS; j++)
        sum[i][j] = vload(z + i * PANEL + j * SIMD_LANES);
    multiply(rows, PANEL_VECTORS, count, l->w + o * l->row + first * l->column, l->row, l->column,
             x, sum);
    SIMD_UNROLL
    for (int i = 0; i < rows; i++)
        SIMD_UNROLL
    for (int j = 0; j < PANEL_VECTORS; j++)
        vstore(z + i * PANEL + j * SIMD_LANES, sum[i][j]);
}

/* f(n, ...) with n, at most ROWS, a constant */
#define ROWS_SWITCH(n, f, ...)                                                                     \
    switch (n) {                                                                                   \
    case 1:                                                                                        \
        f(1, __VA_ARGS__);                                                                         \
        break;                                                                                     \
    case 2:                                                                                        \
        f(2, __VA_ARGS__);                                                                         \
        break;                                                                                     \
    case 3:                                                                                        \
        f(3, __VA_ARGS__);                                                                         \
        break;                                                                                     \
    case 4:                                                                                        \
        f(4 <= ROWS ? 4 : 1, __VA_ARGS__);                                                         \
        break;                                                                                     \
    case 5:                                                                                        \
        f(5 <= ROWS ? 5 : 1, __VA_ARGS__);                                                         \
        break;                                                                                     \
    default:                                                                                       \
        f(6 <= ROWS ? 6 : 1, __VA_ARGS__);                                                         \
    }

/* outputs are divided evenly */
#define EACH_ROWS(o, rows, out)                                                                    \
    for (size_t o = 0, blocks = ((out) + ROWS - 1) / ROWS, rows;                                   \
         blocks > 0 && (rows = ((out)-o + blocks - 1) / blocks, true); o += rows, blocks--)

/* z (out) of n points of a panel; rows may be written to whole vectors */
static void product(const struct NN(linear) * l, size_t n, const real *x, const real *v,
                    const real *f, real *z, size_t ldz)
{
    EACH_ROWS(o, rows, l->out)
    if (n > PANEL - SIMD_LANES)
        ROWS_SWITCH(rows, block, PANEL_VECTORS, l, o, x, v, f, z + o * ldz, ldz)
    else
        for (size_t j = 0; j < n; j += SIMD_LANES)
            ROWS_SWITCH(rows, block, 1, l, o, x + j, v, f + j, z + o * ldz + j, ldz)
}

SIMD_INLINE vreal load_points(const real *p, size_t left)
{
    return left < SIMD_LANES ? vload_part(p, left) : vload(p);
}

SIMD_INLINE void store_points(real *p, vreal v, size_t left)
{
    if (left < SIMD_LANES)
        vstore_part(p, v, left);
    else
        vstore(p, v);
}

/* Pieces of channels are fetched and made ready ahead: the machine notices too late that they
 * follow. */
enum { AHEAD = 8, LINE = 64 / sizeof(real) };

/* Where the panel of the j-th point is: between panels is room, so that they do not fall on the
 * same lines of the nearest cache. */
static size_t panel(const struct NN(linear) * l, size_t j)
{
    return j * (l->in + 1);
}

/* n points from the first-th on as panels, then zeros */
static void load_panels(const struct NN(linear) * l, size_t first, size_t n, real *x)
{
    for (size_t c = 0; c < l->in; c++)
        for (size_t j = 0; j < n; j += PANEL) {
            const real *const from = l->x + c * l->points + first + j;
            real *const to = x + panel(l, j) + c * PANEL;
            for (size_t i = 0; i < PANEL; i += LINE) /* of a later channel, or of the next tile */
                __builtin_prefetch(
                    from + i +
                        (c + AHEAD < l->in ? AHEAD * l->points : n - (l->in - AHEAD) * l->points),
                    0, 2);
            if (n - j >= PANEL)
                SIMD_UNROLL
            for (int v = 0; v < PANEL; v += SIMD_LANES)
                vstore(to + v, vload(from + v));
            else for (size_t i = 0; i < PANEL; i++) to[i] = i < n - j ? from[i] : 0;
        }
}

SIMD_INLINE void finish(enum activation act, const struct NN(linear) * l, size_t n, const real *z,
                        size_t at)
{
    for (size_t j = 0; j < n; j += SIMD_LANES) {
        vreal u = vload(z + j);
        __builtin_prefetch(l->y + at + 2 * l->points + j, 1, 3);
        if (l->z)
            __builtin_prefetch(l->z + at + 2 * l->points + j, 1, 3);
        if (l->from)
            u += load_points(l->from + at + j, n - j);
        if (l->z)
            store_points(l->z + at + j, u, n - j);
        u = activation(act, u);
        if (l->plus)
            u += load_points(l->plus + at + j, n - j);
        store_points(l->y + at + j, u, n - j);
    }
}

size_t NN(linear_nwork)(size_t in, size_t out)
{
    return (in + 1) * LINEAR_TILE + out * (LINEAR_TILE + PANEL);
}

static size_t whole_panels(size_t points)
{
    return (points + PANEL - 1) / PANEL * PANEL;
}

/* Lines are copied one by one, so that none of their panels has points of another one. */
static void tile(const struct NN(linear) * l, size_t first, size_t n, size_t line, real *work)
{
    const size_t panels = whole_panels(line), ldz = n + PANEL;
    real *const x = work, *const z = work + panel(l, n / line * panels);
    for (size_t i = 0; i < n / line; i++)
        load_panels(l, first + i * line, line, x + panel(l, i * panels));
    for (size_t i = 0; i < n / line; i++)
        for (size_t j = 0; j < line; j += PANEL) {
            const size_t at = first + i * line + j, which = l->line ? at / l->line : 0,
                         place = l->line ? at % l->line : 0;
            product(l, line - j, x + panel(l, i * panels + j), l->v + which * l->v_next,
                    l->f + place * l->functions, z + i * line + j, ldz);
        }
    for (size_t o = 0; o < l->out; o++)
        ACTIVATION_SWITCH(l->act, finish, l, n, z + o * ldz, o * l->points + first)
}

void NN(linear)(const struct NN(linear) * l, size_t first, size_t last, real *work)
{
    for (size_t j = first; j < last;) {
        const size_t line = l->line ? l->line : last - j,
                     most = LINEAR_TILE / whole_panels(line) * line; /* whole lines, or: */
        size_t part = line, n = most < last - j ? most : last - j;
        if (most == 0) {
            const size_t left = l->line ? line - j % line : line;
            part = n = left < LINEAR_TILE ? left : LINEAR_TILE;
        }
        tile(l, j, n, part, work);
        j += n;
    }
}

SIMD_INLINE void activate_rows(enum activation act, size_t n, real *z)
{
    for (size_t i = 0; i < n; i += SIMD_LANES)
        vstore(z + i, activation(act, vload(z + i)));
}

size_t NN(linear_pair_nwork)(size_t in, size_t out)
{
    return (in + 1) * LINEAR_TILE + out * PANEL;
}

void NN(linear_pair)(const struct NN(linear) * a, const struct NN(linear) * b, real *work)
{
    real h[ROWS * PANEL] __attribute__((aligned(64))), *x = work, *z = x + panel(a, LINEAR_TILE);
    for (size_t first = 0; first < a->points; first += LINEAR_TILE) {
        const size_t n = a->points - first < LINEAR_TILE ? a->points - first : LINEAR_TILE;
        load_panels(a, first, n, x);
        for (size_t j = 0; j < n; j += PANEL) {
            for (size_t o = 0; o < b->out; o++)
                for (size_t i = 0; i < PANEL; i++)
                    z[o * PANEL + i] = b->bias ? b->bias[o] : 0;
            EACH_ROWS(h0, inner, a->out)
            {
                ROWS_SWITCH(inner, block, PANEL_VECTORS, a, h0, x + panel(a, j), NULL, NULL, h,
                            PANEL)
                ACTIVATION_SWITCH(a->act, activate_rows, inner * PANEL, h)
                EACH_ROWS(o, rows, b->out)
                ROWS_SWITCH(rows, add_block, b, h0, inner, o, h, z + o * PANEL)
            }
            for (size_t o = 0; o < b->out; o++)
                ACTIVATION_SWITCH(b->act, finish, b, n - j < PANEL ? n - j : PANEL, z + o * PANEL,
                                  o * b->points + first + j)
        }
    }
}
