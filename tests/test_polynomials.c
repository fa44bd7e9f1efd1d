// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Polynomials, banded matrices and small products: quadrature and interpolation are exact as far as
 * they should be; bases meet their conditions, and their derivatives are those; Cholesky's factors
 * multiply to the matrix and solve, in all shapes; products have the bits of the plain loop. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "problems/bands.h"
#include "problems/dense.h"
#include "problems/polynomials.h"
#include "tests/near.h"

static double random_number(void)
{
    static unsigned state = 1;
    state = state * 1664525u + 1013904223u;
    return state / 0x1p31 - 1;
}

static void quadrature(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 2, 5, 12, 96, 385 };
    double x[385], w[385];
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const size_t n = sizes[s];
        gauss_legendre(n, x, w);
        for (size_t i = 0; i < n; i++) {
            assert_true(x[i] == -x[n - 1 - i] && w[i] == w[n - 1 - i]);
            assert_true(i == 0 || x[i] > x[i - 1]);
        }
        for (size_t degree = 0; degree < 2 * n; degree += 2) {
            double sum = 0;
            for (size_t i = 0; i < n; i++)
                sum += w[i] * pow(x[i], (double)degree);
            assert_near(sum, 2 / ((double)degree + 1), 1e-13);
        }
    }
    gauss_legendre(2, x, w); /* and no further */
    assert_near(w[0] * pow(x[0], 4) + w[1] * pow(x[1], 4), 2 / 9., 1e-15);
}

static void interpolation(void **state)
{
    (void)state;
    enum { N = 14 };
    double x[N], w[N];
    chebyshev_points(N, x);
    assert_true(x[0] == -1 && x[N - 1] == 1);
    for (int at = 0; at <= 20; at++) {
        const double z = at <= 10 ? -1 + 0.2 * at : x[at - 8];
        chebyshev_interpolation(N, x, z, w);
        double sum = 0;
        for (size_t i = 0; i < N; i++)
            sum += w[i] * (pow(x[i], N - 1) - 3 * x[i]);
        assert_near(sum, pow(z, N - 1) - 3 * z, 1e-14);
    }
}

static void bases(void **state)
{
    (void)state;
    enum { N = 24 };
    static const int vanish[][2] = { { 0, 0 }, { 1, 1 }, { 0, 1 }, { 0, 2 } };
    double v[3 * N], near[4][3 * N], mirror[3 * N];
    for (enum basis b = BASIS_DIRICHLET; b <= BASIS_BUBBLES; b++) {
        for (int end = -1; end <= 1 && b < BASIS_BUBBLES; end += 2) {
            basis_at(b, N, end, v);
            for (size_t i = 0; i < 2; i++)
                for (size_t j = 0; j < N; j++)
                    assert_near(v[(size_t)vanish[b][i] * N + j], 0, 1e-9);
        }
        const double h = 1e-3, x = 0.37;
        basis_at(b, N, x, v);
        basis_at(b, N, -x, mirror);
        for (int i = 0; i < 4; i++)
            basis_at(b, N, x + (i < 2 ? i - 2 : i - 1) * h, near[i]);
        for (size_t j = 0; j < N; j++)
            for (size_t d = 0; d < 3; d++) {
                const size_t at = d * N + j;
                assert_near(mirror[at], (j + d) % 2 ? -v[at] : v[at], 1e-9 * (1 + fabs(v[at])));
                if (d == 2)
                    continue;
                const double slope =
                    (near[0][at] - 8 * near[1][at] + 8 * near[2][at] - near[3][at]) / (12 * h);
                assert_near(slope, v[at + N], 1e-5 * pow(1 + (double)j, (double)d + 2));
            }
    }
}

enum { ROWS = 9, LANES = 5, SIZE = ROWS * 2 * LANES };

/* entry (i, j) of lane k */
static double entry(const struct bands *s, size_t i, size_t j, size_t k)
{
    if (i < j)
        return entry(s, j, i, k);
    const double *table = i == j                  ? s->diag
                          : i == j + 2            ? s->two
                          : s->wide && i == j + 4 ? s->four
                                                  : NULL;
    return table ? table[s->same ? i : i * s->lanes + k] : 0;
}

static void factors(void **state)
{
    (void)state;
    double m[3][ROWS * LANES], d[3][ROWS * LANES], l[4][ROWS * LANES], memory[3 * ROWS * LANES];
    double x[SIZE], y[SIZE], z[SIZE];
    for (int shape = 0; shape < 4; shape++) {
        const bool wide = shape % 2, same = shape / 2;
        const double a = 0.3;
        for (size_t i = 0; i < ROWS * LANES; i++)
            for (int b = 0; b < 3; b++) {
                m[b][i] = random_number() + (b ? 0 : 5);
                d[b][i] = random_number() + (b ? 0 : 5);
            }
        const struct bands M = { ROWS, LANES, wide, same, m[0], m[1], m[2] },
                           D = { ROWS, LANES, wide, same, d[0], d[1], d[2] };
        const struct cholesky L = { ROWS, LANES, wide, same, l[0], l[1], l[2], l[3] };
        cholesky_factor(&M, a, &D, &L);
        for (size_t i = 0; i < SIZE; i++)
            x[i] = random_number();
        /* S x by its entries, by bands, and by L (L^T x) */
        for (size_t i = 0; i < ROWS; i++)
            for (size_t k = 0; k < 2 * LANES; k++) {
                z[i * 2 * LANES + k] = 0;
                for (size_t j = 0; j < ROWS; j++)
                    z[i * 2 * LANES + k] +=
                        (entry(&M, i, j, k % LANES) + a * entry(&D, i, j, k % LANES)) *
                        x[j * 2 * LANES + k];
            }
        double sum[SIZE], other[SIZE];
        bands_multiply(&M, x, sum);
        bands_multiply(&D, x, other);
        for (size_t i = 0; i < SIZE; i++)
            assert_near(sum[i] + a * other[i], z[i], 1e-13);
        cholesky_multiply_back(&L, x, other);
        cholesky_multiply(&L, other, y);
        for (size_t i = 0; i < SIZE; i++)
            assert_near(y[i], z[i], 1e-13);
        cholesky_solve(&L, y, y);
        cholesky_solve_back(&L, y, y);
        for (size_t i = 0; i < SIZE; i++)
            assert_near(y[i], x[i], 1e-13);
        if (same)
            continue;
        const struct cholesky bare = cholesky_in(memory, ROWS, LANES, wide);
        assert_int_equal(cholesky_size(ROWS, LANES, wide), (wide ? 3 : 2) * ROWS * LANES);
        cholesky_factor(&M, a, &D, &bare);
        cholesky_solve(&bare, z, z);
        cholesky_solve_back(&bare, z, z);
        for (size_t i = 0; i < SIZE; i++)
            assert_near(z[i], x[i], 1e-13);
    }
}

static void products(void **state)
{
    (void)state;
    enum { MOST = 40 };
    static const size_t shapes[][3] = { { 1, 1, 1 }, { 6, 5, 16 }, { 13, 7, 37 }, { 3, 30, 32 } };
    static double a[MOST * MOST], x[MOST * MOST], y[MOST * MOST];
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        const size_t rows = shapes[s][0], terms = shapes[s][1], columns = shapes[s][2];
        for (size_t i = 0; i < MOST * MOST; i++) {
            a[i] = random_number();
            x[i] = random_number();
            y[i] = 7;
        }
        dense_multiply(rows, terms, columns, a, x, columns + 1, y, columns + 2);
        for (size_t i = 0; i < rows; i++) {
            for (size_t j = 0; j < columns; j++) {
                double sum = 0;
                for (size_t p = 0; p < terms; p++)
                    sum += a[i * terms + p] * x[p * (columns + 1) + j];
                assert_true(y[i * (columns + 2) + j] == sum);
            }
            assert_true(y[i * (columns + 2) + columns] == 7);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quadrature), cmocka_unit_test(interpolation), cmocka_unit_test(bases),
        cmocka_unit_test(factors),    cmocka_unit_test(products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
