// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Random states depend on seed, index and time only, keep boundary values, are smooth and of the
 * size of solutions; the same as functions of any point, with derivatives that are theirs; the
 * formulas of problems against their kernels. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "problems/problems.h"
#include "problems/sampling.h"
#include "tests/check_problem.h"
#include "tests/near.h"

enum { SAMPLES = 24 };

/* between which values all samples lie; how large second differences are at most compared with
 * first ones, in the mean square over samples: noise has sqrt(3), a kink in every sample about 1/2
 */
static const struct {
    const char *text;
    double lowest, highest, roughness;
} rows[] = {
    { "{name: heat, grid: 128}", -5, 5, 0.25 },
    { "{name: heat, grid: [64, 48]}", -5, 5, 0.6 },
    { "{name: heat, grid: [20, 24, 22]}", -5, 5, 1.1 },
    { "{name: heat, grid: [65, 97], boundary: dirichlet}", -5, 5, 0.45 },
    { "{name: heat, grid: 129, boundary: dirichlet, discretisation: fd4}", -5, 5, 0.25 },
    { "{name: advection, grid: 128}", -5, 5, 0.25 },
    { "{name: allen_cahn, grid: 513}", -0.1, 1.1, 0.1 },
    { "{name: allen_cahn, grid: 257, epsilon: 0.2, dw: -0.5}", -0.3, 1.3, 0.15 },
    { "{name: allen_cahn_2d, grid: [128, 96]}", -1, 1, 0.4 },
    { "{name: burgers, grid: 256}", -1.7, 1.7, 0.15 },
    { "{name: burgers, grid: 256, viscosity: 0.1, mean: 0.5, length: 3}", -1.2, 2.2, 0.15 },
    { "{name: gray_scott, grid: [64, 96]}", 0, 1, 0.6 },
    { "{name: black_scholes, grid: 401}", -20, 305, 0.03 },
    { "{name: black_scholes, payoff: put, grid: 201, concentration: 0.3}", -40, 120, 0.06 },
    { "{name: black_scholes, grid: 201, boundary: linear, strike: 1, domain: 3}", -0.2, 2.05,
      0.05 },
    { "{name: black_scholes_2d, grid: [65, 65]}", -25, 335, 0.1 },
    { "{name: black_scholes_2d, payoff: put_on_min, grid: [65, 49], concentration: 0.3}", -30, 125,
      0.2 },
    { "{name: black_scholes_2d, payoff: exchange, grid: [49, 65], boundary: linear}", -20, 405,
      0.15 },
    { "{name: black_scholes_2d, payoff: basket, grid: [33, 33], strike: 1, domain: [4, 4], "
      "boundary: linear}",
      -0.2, 3.1, 0.15 },
    { "{name: black_scholes_2d, payoff: call_on_first, grid: [33, 49]}", -30, 305, 0.4 },
};
enum { ROWS = sizeof rows / sizeof *rows };

static void sample(const struct check *c, unsigned long seed, unsigned long index, double t,
                   double *u)
{
    assert_int_equal(c->problem->sample(c->problem, seed, index, t, u), 0);
}

static void samples_depend_on_seed_index_and_time_only(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        struct check c, again;
        check_open(&c, rows[i].text);
        check_open(&again, rows[i].text);
        double *u = check_vector(&c), *v = check_vector(&c);
        sample(&c, 7, 3, 0.25, u);
        if (c.problem->prepare_times) /* tables of boundary values change no bit */
            assert_int_equal(c.problem->prepare_times(c.problem, 0, 1, 4), 0);
        sample(&c, 7, 4, 0.5, v);
        assert_false(check_same(&c, u, v));
        assert_true(check_distance(&c, v, u) > 1e-4);
        sample(&c, 8, 3, 0.25, v);
        assert_true(check_distance(&c, v, u) > 1e-4);
        sample(&c, 3, 7, 0.25, v);
        assert_true(check_distance(&c, v, u) > 1e-4);
        sample(&c, 7, 3, 0.25, v);
        assert_true(check_same(&c, u, v));
        sample(&again, 7, 3, 0.25, v);
        assert_true(check_same(&c, u, v));
        free(u), free(v);
        check_close(&again);
        check_close(&c);
    }
}

static void samples_hold_boundary_values(void **state)
{
    (void)state;
    int held = 0;
    for (int i = 0; i < ROWS; i++) {
        struct check c;
        check_open(&c, rows[i].text);
        double *u = check_vector(&c), *v = check_vector(&c);
        for (unsigned long k = 0; k < 4 && c.problem->kernels[DEV_CPU]->impose; k++) {
            const double t = 0.3 * (double)k;
            const struct exec x = check_exec(&c);
            sample(&c, 1, k, t, u);
            memcpy(v, u, c.problem->n * sizeof *u);
            assert_int_equal(c.problem->kernels[DEV_CPU]->impose(c.problem, &x, t, v), 0);
            assert_true(check_same(&c, u, v));
            held++;
        }
        free(u), free(v);
        check_close(&c);
    }
    assert_true(held > 20);
}

/* adds up squares of first and second differences along an axis */
static void differences(const struct grid *g, int axis, const double *u, double *first,
                        double *second)
{
    size_t stride = 1;
    for (int a = g->dims - 1; a > axis; a--)
        stride *= g->shape[a];
    for (size_t at = 0; at < grid_points(g) * (size_t)g->components; at++) {
        const size_t i = at / stride % g->shape[axis];
        if (i == 0 || i + 1 == g->shape[axis])
            continue;
        const double below = u[at] - u[at - stride], above = u[at + stride] - u[at];
        *first += above * above;
        *second += (above - below) * (above - below);
    }
}

static void samples_are_smooth_and_of_the_usual_size(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        struct check c;
        check_open(&c, rows[i].text);
        const struct problem *p = c.problem;
        double *u = check_vector(&c), lowest = INFINITY, highest = -INFINITY;
        double first[GRID_MAX_DIMS] = { 0 }, second[GRID_MAX_DIMS] = { 0 };
        for (unsigned long k = 0; k < SAMPLES; k++) {
            sample(&c, 5, k, 0.25, u);
            for (size_t j = 0; j < p->n; j++) {
                assert_true(isfinite(u[j]));
                lowest = fmin(lowest, u[j]);
                highest = fmax(highest, u[j]);
            }
            for (int a = 0; a < p->grid.dims; a++)
                differences(&p->grid, a, u, &first[a], &second[a]);
        }
        for (int a = 0; a < p->grid.dims; a++)
            if (!(sqrt(second[a] / first[a]) < rows[i].roughness))
                fail_msg("%s: axis %d: differences %g", rows[i].text, a,
                         sqrt(second[a] / first[a]));
        if (!(lowest >= rows[i].lowest && highest <= rows[i].highest))
            fail_msg("%s: from %g to %g", rows[i].text, lowest, highest);
        assert_true(highest - lowest > (rows[i].highest - rows[i].lowest) / 4);
        free(u);
        check_close(&c);
    }
}

/* of variance 1; a coarser grid has the same function */
static void fields_are_of_size_1_whatever_the_grid(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        { "{name: heat, grid: 128}", "{name: heat, grid: 64}" },
        { "{name: heat, grid: [40, 80]}", "{name: heat, grid: [40, 40]}" },
        { "{name: heat, grid: [81, 41], boundary: dirichlet}",
          "{name: heat, grid: [41, 41], boundary: dirichlet}" },
    };
    for (int i = 0; i < 3; i++) {
        struct check c, coarse;
        check_open(&c, texts[i][0]);
        check_open(&coarse, texts[i][1]);
        double *u = check_vector(&c), *v = check_vector(&coarse), sum = 0;
        enum { DRAWS = 150 };
        for (unsigned long k = 0; k < DRAWS; k++) {
            struct draw d = draw_open(1, k), e = d;
            assert_int_equal(draw_field(&d, &c.problem->grid, true, u), 0);
            size_t cells = 1;
            for (int a = 0; a < c.problem->grid.dims; a++)
                cells *= c.problem->grid.shape[a] - !c.problem->grid.periodic[a];
            for (size_t j = 0; j < c.problem->n; j++)
                sum += u[j] * u[j] / (double)cells / DRAWS;
            if (k > 3)
                continue;
            assert_int_equal(draw_field(&e, &coarse.problem->grid, true, v), 0);
            const struct grid *g = &c.problem->grid, *h = &coarse.problem->grid;
            for (size_t j = 0; j < coarse.problem->n; j++) {
                const size_t n = h->shape[1], m = g->shape[1];
                const size_t row = j / n, column = j % n;
                const size_t by0 = h->shape[0] < g->shape[0] ? 2 : 1, by1 = n < m ? 2 : 1;
                assert_near(v[j], u[row * by0 * m + column * by1], 1e-12);
            }
        }
        assert_near(sum, 1, 0.15);
        free(u), free(v);
        check_close(&c);
        check_close(&coarse);
    }
}

/* waves along both axes are as likely */
static void fields_are_alike_in_all_directions(void **state)
{
    (void)state;
    enum { DRAWS = 1000 };
    struct check c;
    check_open(&c, "{name: heat, grid: [32, 32]}");
    double *u = check_vector(&c), first[2] = { 0 }, second[2] = { 0 };
    for (unsigned long k = 0; k < DRAWS; k++) {
        struct draw d = draw_open(2, k);
        assert_int_equal(draw_field(&d, &c.problem->grid, false, u), 0);
        for (int a = 0; a < 2; a++)
            differences(&c.problem->grid, a, u, &first[a], &second[a]);
    }
    assert_near(first[0] / first[1], 1, 0.03);
    free(u);
    check_close(&c);
}

static void burgers_waves_have_the_mean_that_is_conserved(void **state)
{
    (void)state;
    struct check c;
    check_open(&c, "{name: burgers, grid: 512, mean: 0.5, viscosity: 0.05}");
    double *u = check_vector(&c);
    for (unsigned long k = 0; k < SAMPLES; k++) {
        double sum = 0;
        sample(&c, 1, k, 0, u);
        for (size_t j = 0; j < c.problem->n; j++)
            sum += u[j];
        assert_near(sum / (double)c.problem->n, 0.5, 1e-6);
    }
    free(u);
    check_close(&c);
}

/* uniform and normal numbers, by their moments */
static void numbers_are_random(void **state)
{
    (void)state;
    enum { N = 20000 };
    double sum = 0, square = 0, product = 0, normal = 0, fourth = 0, last = 0;
    for (unsigned long i = 0; i < N; i++) {
        struct draw d = draw_open(i / 200, i % 200); /* one each of many streams */
        const double x = draw_uniform(&d, -1, 1), z = draw_normal(&d);
        assert_true(x > -1 && x < 1);
        sum += x / N;
        square += x * x / N;
        product += x * last / N;
        normal += z * z / N;
        fourth += z * z * z * z / N;
        last = x;
        assert_true(draw_below(&d, 5) < 5);
        const double y = draw_log_uniform(&d, 0.01, 10);
        assert_true(y >= 0.01 && y <= 10);
    }
    assert_near(sum, 0, 0.015);
    assert_near(square, 1 / 3., 0.01);
    assert_near(product, 0, 0.01);
    assert_near(normal, 1, 0.04);
    assert_near(fourth, 3, 0.3);
    double w[3] = { 0 };
    struct draw d = draw_open(0, 0);
    draw_weights(&d, 3, w);
    assert_true(w[0] > 0 && w[1] > 0 && w[2] > 0);
    assert_near(w[0] + w[1] + w[2], 1, 1e-15);
}

static void positive_part_is_a_rounded_kink(void **state)
{
    (void)state;
    const double width = 0.3, h = 1e-4;
    for (double x = -4; x < 4; x += 0.0625) {
        double first, second, unused;
        const double v = positive_part(x, width, &first, &second);
        const double plus = positive_part(x + h, width, &unused, NULL);
        const double minus = positive_part(x - h, width, NULL, &unused);
        assert_true(v >= fmax(x, 0) && v <= fmax(x, 0) + 0.4 * width);
        assert_near(first, (plus - minus) / (2 * h), 1e-7);
        assert_near(second, (plus - 2 * v + minus) / (h * h), 1e-6);
    }
    assert_true(positive_part(9.1 * width, width, NULL, NULL) == 9.1 * width);
    assert_true(positive_part(-9.1 * width, width, NULL, NULL) == 0);
}

static void jets_are_those_of_the_samples(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{name: black_scholes, grid: 101}",
        "{name: black_scholes, payoff: put, grid: 65, concentration: 0.5, boundary: linear}",
    };
    for (int i = 0; i < 2; i++) {
        struct check c;
        check_open(&c, texts[i]);
        const struct problem *p = c.problem;
        const double *s = p->grid.x[0];
        double *u = check_vector(&c), jet[6];
        for (unsigned long k = 0; k < SAMPLES; k++) {
            const double t = 0.1 * (double)k;
            sample(&c, 2, k, t, u);
            for (size_t j = 0; j < p->n; j++) {
                assert_int_equal(p->sample_at(p, 2, k, t, 1, &s[j], jet), 0);
                assert_near(jet[0], u[j], 1e-11);
            }
            for (double x = 0.0371; x < 400; x *= 1.07) {
                const double h = 1e-4 * x, xs[] = { x - h, x, x + h };
                double all[3][6];
                p->sample_at(p, 2, k, t, 3, xs, all[0]);
                const double *minus = all[0], *jet = all[1], *plus = all[2];
                assert_near(jet[1], (plus[0] - minus[0]) / (2 * h), 1e-4);
                assert_near(jet[3], (plus[1] - minus[1]) / (2 * h), 1e-4);
                assert_true(jet[2] == 0 && jet[4] == 0 && jet[5] == 0);
            }
        }
        free(u);
        check_close(&c);
    }
}

/* u = exp(sin(p x + q y)) or, on a period, the same of whole waves: the formula against the rhs */
static void formulas_are_those_of_the_kernels(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double p, q, tolerance;
    } cases[] = {
        { "{name: black_scholes, grid: 4001}", 0.01, 0, 1e-5 },
        { "{name: black_scholes, grid: 4001, payoff: put, boundary: linear, concentration: 0.5}",
          0.01, 0, 1e-5 },
        { "{name: black_scholes_2d, grid: [401, 301], volatility: [0.4, 0.2], correlation: -0.6}",
          0.01, 0.015, 1e-3 },
        { "{name: heat, grid: 64, diffusivity: 0.3}", 2 * M_PI, 0, 1e-10 },
        { "{name: heat, grid: [64, 72], diffusivity: 0.3, length: [1, 2]}", 2 * M_PI, M_PI, 1e-10 },
        { "{name: advection, grid: 64, speed: 1.5, diffusivity: 0.02}", 2 * M_PI, 0, 1e-10 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct check c;
        check_open(&c, cases[i].text);
        const struct problem *p = c.problem;
        const struct grid *g = &p->grid;
        double *u = check_vector(&c), *f = check_vector(&c), worst = 0, largest = 0;
        const double w[] = { cases[i].p, cases[i].q };
        assert_non_null(p->pde);
        for (int pass = 0; pass < 2;
             pass++) { /* the state; then, with the rhs of it, the formula */
            for (size_t at = 0; at < p->n; at++) {
                const size_t j[] = { at / g->shape[1], at % g->shape[1] };
                const double x[] = { g->x[0][j[0]], g->dims > 1 ? g->x[1][j[1]] : 0 };
                const double angle = w[0] * x[0] + w[1] * x[1], slope = cos(angle);
                const double v = exp(sin(angle)), first = slope * v;
                const double second = (slope * slope - sin(angle)) * v;
                bool is_end = false;
                for (int a = 0; a < g->dims; a++)
                    is_end |= !g->periodic[a] && (j[a] == 0 || j[a] + 1 == g->shape[a]);
                u[at] = pass ? u[at] : v;
                if (!pass || is_end)
                    continue;
                double a[3], b[2], k, d;
                assert_int_equal(p->pde->coefficients(p, 0.25, x, a, b, &k, &d), 0);
                const double rhs =
                    (a[0] * w[0] * w[0] + a[1] * w[0] * w[1] + a[2] * w[1] * w[1]) * second +
                    (b[0] * w[0] + b[1] * w[1]) * first + k * v + d;
                worst = fmax(worst, fabs(f[at] - rhs));
                largest = fmax(largest, fabs(rhs));
            }
            const struct exec x = check_exec(&c);
            if (!pass)
                assert_int_equal(p->kernels[DEV_CPU]->rhs_implicit(p, &x, 0.25, u, f), 0);
        }
        if (!(worst < cases[i].tolerance * largest))
            fail_msg("%s: %g of %g", cases[i].text, worst, largest);
        free(u), free(f);
        check_close(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_random),
        cmocka_unit_test(positive_part_is_a_rounded_kink),
        cmocka_unit_test(fields_are_of_size_1_whatever_the_grid),
        cmocka_unit_test(samples_depend_on_seed_index_and_time_only),
        cmocka_unit_test(samples_hold_boundary_values),
        cmocka_unit_test(samples_are_smooth_and_of_the_usual_size),
        cmocka_unit_test(fields_are_alike_in_all_directions),
        cmocka_unit_test(burgers_waves_have_the_mean_that_is_conserved),
        cmocka_unit_test(jets_are_those_of_the_samples),
        cmocka_unit_test(formulas_are_those_of_the_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
