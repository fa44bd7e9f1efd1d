// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/bands.h"

#include <math.h>

/* Every function below is one loop over rows, compiled for each of three shapes: wide or not, and
 * tables that are the same in all lanes or not. */
#define SHAPES(s, function, ...)                                                                   \
    do {                                                                                           \
        if ((s)->wide && !(s)->same)                                                               \
            function(__VA_ARGS__, true, false);                                                    \
        else if ((s)->wide)                                                                        \
            function(__VA_ARGS__, true, true);                                                     \
        else if (!(s)->same)                                                                       \
            function(__VA_ARGS__, false, false);                                                   \
        else                                                                                       \
            function(__VA_ARGS__, false, true);                                                    \
    } while (0)
#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* at -O1 */
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep") /* in place, but never across lanes */
#endif

size_t cholesky_size(size_t rows, size_t lanes, bool wide)
{
    return (wide ? 3 : 2) * rows * lanes;
}

struct cholesky cholesky_in(double *memory, size_t rows, size_t lanes, bool wide)
{
    const size_t n = rows * lanes;
    return (struct cholesky){ rows, lanes,  wide,       false,
                              NULL, memory, memory + n, wide ? memory + 2 * n : NULL };
}

INLINE void factor(const struct bands *m, double a, const struct bands *d, const struct cholesky *L,
                   const bool wide, const bool same)
{
    const size_t lanes = same ? 1 : L->lanes;
    for (size_t j = 0; j < L->rows; j++) {
        const size_t at = j * lanes, at2 = j < 2 ? 0 : at - 2 * lanes,
                     at4 = j < 4 ? 0 : at - 4 * lanes;
        INDEPENDENT
        for (size_t k = 0; k < lanes; k++) {
            double s0 = m->diag[at + k], s2 = j < 2 ? 0 : m->two[at + k],
                   s4 = wide && j >= 4 ? m->four[at + k] : 0;
            if (d) {
                s0 += a * d->diag[at + k];
                s2 += j < 2 ? 0 : a * d->two[at + k];
                s4 += wide && j >= 4 ? a * d->four[at + k] : 0;
            }
            const double four = s4 * L->inverse[at4 + k];
            const double below = wide && j >= 4 ? four * L->two[at2 + k] : 0;
            const double two = (s2 - below) * L->inverse[at2 + k];
            const double diag = sqrt(s0 - (two * two + four * four));
            L->inverse[at + k] = 1 / diag;
            L->two[at + k] = two;
            if (wide)
                L->four[at + k] = four;
            if (L->diag)
                L->diag[at + k] = diag;
        }
    }
}

void cholesky_factor(const struct bands *m, double a, const struct bands *d,
                     const struct cholesky *L)
{
    for (size_t k = 0; k < (L->same ? 1 : L->lanes); k++) /* what rows 0 and 1 multiply by 0 */
        L->inverse[k] = 0;
    SHAPES(L, factor, m, a, d, L);
}

INLINE double entry(const double *table, size_t j, size_t lanes, size_t k, const bool same)
{
    return table[same ? j : j * lanes + k];
}

INLINE void multiply(const struct bands *s, const double *x, double *y, const bool wide,
                     const bool same)
{
    const size_t n = s->rows, lanes = s->lanes, row = 2 * lanes;
    for (size_t j = 0; j < n; j++)
        for (size_t part = 0; part < 2; part++) {
            const double *at = x + j * row + part * lanes;
            double *restrict to = y + j * row + part * lanes;
            const double *below2 = j >= 2 ? at - 2 * row : at;
            const double *above2 = j + 2 < n ? at + 2 * row : at;
            const double *below4 = j >= 4 ? at - 4 * row : at;
            const double *above4 = j + 4 < n ? at + 4 * row : at;
            INDEPENDENT
            for (size_t k = 0; k < lanes; k++) {
                double sum = entry(s->diag, j, lanes, k, same) * at[k];
                if (j >= 2)
                    sum += entry(s->two, j, lanes, k, same) * below2[k];
                if (j + 2 < n)
                    sum += entry(s->two, j + 2, lanes, k, same) * above2[k];
                if (wide && j >= 4)
                    sum += entry(s->four, j, lanes, k, same) * below4[k];
                if (wide && j + 4 < n)
                    sum += entry(s->four, j + 4, lanes, k, same) * above4[k];
                to[k] = sum;
            }
        }
}

void bands_multiply(const struct bands *s, const double *x, double *y)
{
    SHAPES(s, multiply, s, x, y);
}

INLINE void lower(const struct cholesky *L, const double *x, double *y, const bool wide,
                  const bool same)
{
    const size_t lanes = L->lanes, row = 2 * lanes;
    for (size_t j = 0; j < L->rows; j++)
        for (size_t part = 0; part < 2; part++) {
            const double *at = x + j * row + part * lanes;
            double *restrict to = y + j * row + part * lanes;
            const double *below2 = j >= 2 ? at - 2 * row : at;
            const double *below4 = j >= 4 ? at - 4 * row : at;
            INDEPENDENT
            for (size_t k = 0; k < lanes; k++) {
                double sum = entry(L->diag, j, lanes, k, same) * at[k];
                if (j >= 2)
                    sum += entry(L->two, j, lanes, k, same) * below2[k];
                if (wide && j >= 4)
                    sum += entry(L->four, j, lanes, k, same) * below4[k];
                to[k] = sum;
            }
        }
}

void cholesky_multiply(const struct cholesky *L, const double *x, double *y)
{
    SHAPES(L, lower, L, x, y);
}

INLINE void upper(const struct cholesky *L, const double *x, double *y, const bool wide,
                  const bool same)
{
    const size_t n = L->rows, lanes = L->lanes, row = 2 * lanes;
    for (size_t j = 0; j < n; j++)
        for (size_t part = 0; part < 2; part++) {
            const double *at = x + j * row + part * lanes;
            double *restrict to = y + j * row + part * lanes;
            const double *above2 = j + 2 < n ? at + 2 * row : at;
            const double *above4 = j + 4 < n ? at + 4 * row : at;
            INDEPENDENT
            for (size_t k = 0; k < lanes; k++) {
                double sum = entry(L->diag, j, lanes, k, same) * at[k];
                if (j + 2 < n)
                    sum += entry(L->two, j + 2, lanes, k, same) * above2[k];
                if (wide && j + 4 < n)
                    sum += entry(L->four, j + 4, lanes, k, same) * above4[k];
                to[k] = sum;
            }
        }
}

void cholesky_multiply_back(const struct cholesky *L, const double *x, double *y)
{
    SHAPES(L, upper, L, x, y);
}

INLINE void forward(const struct cholesky *L, const double *b, double *x, const bool wide,
                    const bool same)
{
    const size_t lanes = L->lanes, row = 2 * lanes;
    for (size_t j = 0; j < L->rows; j++)
        for (size_t part = 0; part < 2; part++) {
            const double *at = b + j * row + part * lanes;
            double *to = x + j * row + part * lanes;
            const double *below2 = j >= 2 ? to - 2 * row : to;
            const double *below4 = j >= 4 ? to - 4 * row : to;
            INDEPENDENT
            for (size_t k = 0; k < lanes; k++) {
                double rest = at[k];
                if (j >= 2)
                    rest -= entry(L->two, j, lanes, k, same) * below2[k];
                if (wide && j >= 4)
                    rest -= entry(L->four, j, lanes, k, same) * below4[k];
                to[k] = rest * entry(L->inverse, j, lanes, k, same);
            }
        }
}

void cholesky_solve(const struct cholesky *L, const double *b, double *x)
{
    SHAPES(L, forward, L, b, x);
}

INLINE void backward(const struct cholesky *L, const double *b, double *x, const bool wide,
                     const bool same)
{
    const size_t n = L->rows, lanes = L->lanes, row = 2 * lanes;
    for (size_t j = n; j-- > 0;)
        for (size_t part = 0; part < 2; part++) {
            const double *at = b + j * row + part * lanes;
            double *to = x + j * row + part * lanes;
            const double *above2 = j + 2 < n ? to + 2 * row : to;
            const double *above4 = j + 4 < n ? to + 4 * row : to;
            INDEPENDENT
            for (size_t k = 0; k < lanes; k++) {
                double rest = at[k];
                if (j + 2 < n)
                    rest -= entry(L->two, j + 2, lanes, k, same) * above2[k];
                if (wide && j + 4 < n)
                    rest -= entry(L->four, j + 4, lanes, k, same) * above4[k];
                to[k] = rest * entry(L->inverse, j, lanes, k, same);
            }
        }
}

void cholesky_solve_back(const struct cholesky *L, const double *b, double *x)
{
    SHAPES(L, backward, L, b, x);
}
