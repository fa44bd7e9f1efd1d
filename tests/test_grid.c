// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Grids: coordinates, the sinh map, interpolation reproduces cubics and converges with order 4. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/grid.h"
#include "tests/near.h"

static void coordinates(void **state)
{
    (void)state;
    struct grid g = { .components = 2, .is_complex = true };
    assert_int_equal(grid_axis(&g, 0, "x", 401, 0, 400, false), 0);
    assert_int_equal(grid_axis(&g, 1, "y", 8, -1, 1, true), 0);
    assert_int_equal(g.dims, 2);
    assert_int_equal(grid_points(&g), 401 * 8);
    assert_int_equal(grid_doubles(&g), 401 * 8 * 4);
    for (int i = 0; i <= 400; i++)
        assert_true(g.x[0][i] == i);
    for (int i = 0; i < 8; i++)
        assert_true(g.x[1][i] == -1 + 0.25 * i);
    assert_true(g.length[1] == 2);
    grid_free(&g);
}

static void sinh_axis_has_the_centre_and_is_smooth(void **state)
{
    (void)state;
    static const double centres[] = { 100, 37.3, 3.1, 396, 0, 400, -50 };
    static const size_t sizes[] = { 5, 51, 200 };
    for (size_t s = 0; s < 3; s++)
        for (size_t c = 0; c < sizeof centres / sizeof *centres; c++) {
            struct grid g = { 0 };
            const size_t n = sizes[s];
            assert_int_equal(grid_axis_sinh(&g, 0, "S", n, 0, 400, centres[c], 20), 0);
            const double *x = g.x[0];
            assert_true(x[0] == 0 && x[n - 1] == 400);
            bool on_centre = false;
            for (size_t i = 0; i < n; i++) {
                on_centre |= x[i] == centres[c];
                assert_true(i == 0 || x[i] > x[i - 1]);
            }
            if (centres[c] > 30 && centres[c] <= 100 && n > 5) {
                assert_true(on_centre);
                size_t finest = 1;
                for (size_t i = 1; i < n; i++)
                    if (x[i] - x[i - 1] < x[finest] - x[finest - 1])
                        finest = i;
                assert_true(fabs(x[finest] - centres[c]) < 25);
                assert_true(x[finest] - x[finest - 1] < 0.4 * 400 / (double)n);
                for (size_t i = 2; i < n; i++) /* neighbouring cells: ratio 1 + O(1/n) */
                    assert_true(fabs((x[i] - x[i - 1]) / (x[i - 1] - x[i - 2]) - 1) <
                                10.0 / (double)n);
            }
            grid_free(&g);
        }
}

static void weights_are_exact_for_polynomials(void **state)
{
    (void)state;
    struct grid g = { 0 };
    grid_axis_sinh(&g, 0, "S", 21, 0, 10, 4, 1);
    for (int order = 0; order <= 5; order++)
        for (double xi = 0; xi <= 10; xi += 0.31) {
            long first;
            double w[6], sum = 0, power = 0;
            assert_int_equal(grid_weights(&g, 0, xi, order, &first, w), 0);
            for (int j = 0; j <= order; j++) {
                sum += w[j];
                power += w[j] * pow(g.x[0][first + j] / 10, order);
            }
            assert_near(sum, 1, 1e-12);
            assert_near(power, order ? pow(xi / 10, order) : 1, 1e-12);
        }
    for (long i = 0; i < 21; i++) { /* grid points: one weight, exactly 1 */
        long first;
        double w[4];
        assert_int_equal(grid_weights(&g, 0, g.x[0][i], 3, &first, w), 0);
        for (int j = 0; j < 4; j++)
            assert_true(w[j] == (first + j == i ? 1 : 0));
    }
    long first;
    double w[4];
    assert_int_equal(grid_weights(&g, 0, -1e-9, 3, &first, w), -ERANGE);
    assert_int_equal(grid_weights(&g, 0, 10.001, 3, &first, w), -ERANGE);
    assert_int_equal(grid_weights(&g, 0, NAN, 3, &first, w), -ERANGE);
    grid_free(&g);
}

static double interpolation_error(size_t n)
{
    struct grid g = { .components = 2 };
    grid_axis(&g, 0, "x", n, 0, 1, true);
    grid_axis(&g, 1, "y", n + 1, 0, 1, false);
    const size_t points = grid_points(&g);
    double *u = malloc(2 * points * sizeof *u), error = 0;
    assert_non_null(u);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= n; j++) {
            u[i * (n + 1) + j] = sin(2 * M_PI * g.x[0][i]) * exp(g.x[1][j]);
            u[points + i * (n + 1) + j] = 5;
        }
    for (double x = -0.96; x < 2; x += 0.037)
        for (double y = 0; y <= 1; y += 0.043) {
            double value[2];
            assert_int_equal(grid_interpolate(&g, u, (double[]){ x, y }, value), 0);
            error = fmax(error, fabs(value[0] - sin(2 * M_PI * x) * exp(y)));
            assert_near(value[1], 5, 1e-13);
        }
    free(u);
    grid_free(&g);
    return error;
}

static void interpolation_converges_with_order_4(void **state)
{
    (void)state;
    const double order = log2(interpolation_error(32) / interpolation_error(64));
    assert_true(order > 3.7 && order < 4.5);
}

static void interpolation_of_tiny_complex_grids(void **state)
{
    (void)state;
    struct grid g = { .is_complex = true };
    grid_axis(&g, 0, "lambda", 2, 0, 1, false);
    const double u[] = { 1, 2, 3, 6 };
    double value[2];
    assert_int_equal(grid_interpolate(&g, u, (double[]){ 0.25 }, value), 0);
    assert_true(value[0] == 1.5 && value[1] == 3);
    grid_axis(&g, 0, "lambda", 1, 0, 0, false);
    assert_int_equal(grid_interpolate(&g, u, (double[]){ 0 }, value), 0);
    assert_true(value[0] == 1 && value[1] == 2);
    grid_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coordinates),
        cmocka_unit_test(sinh_axis_has_the_centre_and_is_smooth),
        cmocka_unit_test(weights_are_exact_for_polynomials),
        cmocka_unit_test(interpolation_converges_with_order_4),
        cmocka_unit_test(interpolation_of_tiny_complex_grids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
