// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What holds for the nonlinear problems only: published solutions, orders in space and time, what
 * they conserve, Newton's method and what it counts. That they keep what struct problem promises is
 * tested in test_linear_problems.c. */
#include <errno.h>
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
#include "tests/check_problem.h"
#include "tests/near.h"


/* u at time `end` after so many equal steps from the initial state */
static void advance(struct check *c, double start, double end, long steps, double *u)
{
    for (long i = 0; i < steps; i++) {
        const struct exec x = check_exec(c);
        assert_int_equal(
            c->stepper->step(c->stepper, &x, (struct interval){ start, end, i, steps }, u, u), 0);
    }
}

static double *run(struct check *c, const char *problem, const char *stepper, double end,
                   long steps)
{
    check_stepper_open(c, problem, stepper);
    double *u = check_vector(c);
    assert_int_equal(c->problem->initial(c->problem, 0, u), 0);
    advance(c, 0, end, steps, u);
    return u;
}

/* the order that three runs show */
static double self_order(const char *problem, const char *stepper, double end, long steps)
{
    struct check c[3];
    double *u[3];
    for (int i = 0; i < 3; i++)
        u[i] = run(&c[i], problem, stepper, end, steps << i);
    const double first = check_distance(c, u[1], u[0]), second = check_distance(c, u[2], u[1]);
    for (int i = 0; i < 3; i++) {
        free(u[i]);
        check_close(&c[i]);
    }
    return log2(first / second);
}

static void lorenz_reference(void **state)
{
    (void)state;
    static const double at_end[] = { 13.6564464172593, 9.0928231748606, 38.0485258324245 };
    static const struct {
        const char *stepper;
        long steps;
        double tolerance;
    } runs[] = { { "{name: rk4}", 20000, 1e-10 }, { "{name: esdirk53}", 2000, 1e-9 } };
    for (int i = 0; i < 2; i++) {
        struct check c;
        double *u = run(&c, "{name: lorenz}", runs[i].stepper, 1.24, runs[i].steps);
        for (int j = 0; j < 3; j++)
            assert_near(u[j], at_end[j], runs[i].tolerance);
        free(u);
        check_close(&c);
    }
}

/* u(2) for mu = 5, by Taylor series in 25 digits */
static void van_der_pol_reference(void **state)
{
    (void)state;
    struct check c;
    double *u = run(&c, "{name: van_der_pol}", "{name: esdirk53}", 2, 1000);
    assert_near(u[0], 1.70923387212498173, 1e-10);
    assert_near(u[1], -0.174386540476027443, 1e-10);
    free(u);
    check_close(&c);
}

static void orders_in_time(void **state)
{
    (void)state;
    static const struct {
        const char *problem, *stepper;
        double order, end;
        long steps;
    } rows[] = {
        { "{name: lorenz}", "{name: rk4}", 4, 0.5, 100 },
        { "{name: lorenz}", "{name: esdirk43}", 4, 0.5, 200 },
        { "{name: van_der_pol}", "{name: rk4}", 4, 2, 100 },
        { "{name: van_der_pol}", "{name: implicit_euler}", 1, 2, 400 },
        { "{name: van_der_pol, mu: 1}", "{name: esdirk53}", 5, 1, 20 },
        { "{name: prothero_robinson, epsilon: 0.5}", "{name: esdirk43}", 4, 2, 20 },
        { "{name: allen_cahn, grid: 100, newton_tolerance: 1e-13}", "{name: esdirk43}", 4, 0.004,
          10 },
        { "{name: burgers, grid: 64, viscosity: 0.05}", "{name: rk443}", 3, 0.5, 50 },
        { "{name: burgers, grid: 64, viscosity: 0.05, split: none}", "{name: esdirk43}", 4, 0.5,
          20 },
        { "{name: allen_cahn_2d, grid: 32, epsilon: 0.1}", "{name: rk222}", 2, 0.02, 20 },
        { "{name: allen_cahn_2d, grid: 32, epsilon: 0.1, split: none}", "{name: sdirk2}", 2, 0.02,
          8 },
        { "{name: gray_scott, grid: 32}", "{name: rk443}", 3, 0.02, 10 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double order =
            self_order(rows[i].problem, rows[i].stepper, rows[i].end, rows[i].steps);
        if (!(fabs(order - rows[i].order) < 0.25))
            fail_msg("%s by %s: order %g", rows[i].problem, rows[i].stepper, order);
    }
}

/* the solution stays cos t; a stiff integrator takes steps far longer than epsilon */
static void prothero_robinson_follows_the_cosine(void **state)
{
    (void)state;
    struct check c;
    double *u = run(&c, "{name: prothero_robinson}", "{name: esdirk53}", 2 * M_PI, 100);
    assert_near(*u, 1, 1e-6);
    const struct exec x = check_exec(&c);
    double singular = 1;
    assert_true(c.problem->kernels[DEV_CPU]->solve(c.problem, &x, 0, -1e-3, u, &singular) > 0);
    free(u);
    check_close(&c);
}

/* ---- allen_cahn ---- */

static double *solve_once(struct check *c, const char *problem, double t, double a, int expected,
                          struct work_count *count)
{
    check_open(c, problem);
    double *b = check_vector(c), *u = check_vector(c);
    check_state(c, b);
    memcpy(u, b, c->problem->n * sizeof *u);
    struct exec x = check_exec(c);
    x.count = count;
    assert_int_equal(c->problem->kernels[DEV_CPU]->solve(c->problem, &x, t, a, b, u), expected);
    check_guard(c);
    free(b);
    return u;
}

/* the same by Thomas elimination, row by row; the number of iterations */
static long newton_thomas(struct check *c, double epsilon, double dw, double a, double tolerance,
                          const double *b, double *u)
{
    const size_t n = c->problem->n;
    const double h2 = (double)(n - 1) * (double)(n - 1), well = 2 / (epsilon * epsilon);
    double *next = check_vector(c), *g = check_vector(c);
    for (long k = 0;; k++) {
        double most = 0;
        for (size_t i = 1; i + 1 < n; i++) {
            const double p = u[i] * (1 - u[i]), q = 1 - 2 * u[i];
            const double f = h2 * (u[i - 1] - 2 * u[i] + u[i + 1]) - p * (well * q + 6 * dw);
            const double d = 1 + a * (2 * h2 + well * (1 - 6 * p) + 6 * dw * q);
            g[i] = u[i] - a * f - b[i];
            most = fmax(most, fabs(g[i]));
            const double pivot = d - a * h2 * next[i - 1];
            next[i] = a * h2 / pivot;
            g[i] = (g[i] + a * h2 * g[i - 1]) / pivot;
        }
        if (most < tolerance) {
            free(next), free(g);
            return k;
        }
        double x = 0;
        for (size_t i = n - 1; i-- > 1;) {
            x = g[i] + next[i] * x;
            u[i] -= x;
        }
    }
}

static void chunks_are_a_tridiagonal_system(void **state)
{
    (void)state;
    for (size_t grid = 5; grid < 150; grid += grid < 60 ? 1 : 17) {
        char text[160];
        snprintf(text, sizeof text, "{name: allen_cahn, grid: %zu, epsilon: 0.2, dw: -0.3}", grid);
        struct check c;
        struct work_count count = { 0 };
        double *u = solve_once(&c, text, 0.125, 0.02, 0, &count);
        double *b = check_vector(&c), *v = check_vector(&c);
        check_state(&c, b);
        memcpy(v, b, c.problem->n * sizeof *v);
        const long iterations = newton_thomas(&c, 0.2, -0.3, 0.02, 1e-8, b, v);
        assert_true(iterations > 1);
        assert_int_equal(count.newton, iterations);
        assert_int_equal(count.solves, 1);
        for (size_t i = 0; i < c.problem->n; i++)
            assert_near(u[i], v[i], 1e-13);
        free(u), free(v), free(b);
        check_close(&c);
    }
}

static double space_error(int grid)
{
    char text[160];
    snprintf(text, sizeof text, "{name: allen_cahn, grid: %d}", grid);
    struct check c;
    check_open(&c, text);
    const struct problem *p = c.problem;
    double *u = check_vector(&c), *f = check_vector(&c), *d = check_vector(&c);
    assert_int_equal(p->exact(p, 1.5, u), 0);
    const struct exec x = check_exec(&c);
    assert_int_equal(p->kernels[DEV_CPU]->rhs_implicit(p, &x, 1.5, u, f), 0);
    for (size_t i = 1; i + 1 < p->n; i++) /* -v u_x, v = 3 sqrt(2) epsilon dw */
        d[i] = 6 * 0.04 * u[i] * (1 - u[i]);
    const double error = check_distance(&c, d, f);
    free(u), free(f), free(d);
    check_close(&c);
    return error;
}

static void front_travels(void **state)
{
    (void)state;
    assert_near(log2(space_error(501) / space_error(1001)), 2, 0.02);
    struct check c;
    double *u = run(&c, "{name: allen_cahn, grid: 1025}", "{name: esdirk43}", 5, 50);
    double *v = check_vector(&c);
    assert_int_equal(c.problem->exact(c.problem, 5, v), 0);
    assert_true(check_distance(&c, v, u) < 1e-4);
    assert_true(u[0] == v[0] && u[c.problem->n - 1] == v[c.problem->n - 1]);
    free(u), free(v);
    check_close(&c);
    /* at rest without a force, and then odd around (0, 1/2) */
    u = run(&c, "{name: allen_cahn, grid: 101, dw: 0}", "{name: esdirk43}", 1, 10);
    for (size_t i = 0; i < 101; i++)
        assert_near(u[i] + u[100 - i], 1, 1e-10);
    free(u);
    check_close(&c);
}

/* ---- Newton's method ---- */

static void newton_fails_aloud(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double a;
        int expected; /* iterations */
    } rows[] = {
        { "{name: lorenz, newton_iterations: 1}", 0.1, 1 },
        { "{name: lorenz, newton_iterations: 2}", 0.1, 2 },
        { "{name: lorenz, initial: [1e200, 1e200, -1e200]}", 0.1, 1 },
        { "{name: van_der_pol, newton_iterations: 3}", 1, 3 },
        { "{name: van_der_pol, initial: [1e200, 1e200]}", 1, 1 },
        { "{name: allen_cahn, newton_iterations: 2}", 0.1, 2 },
        { "{name: burgers, split: none, newton_iterations: 2}", 0.2, 2 },
        { "{name: allen_cahn_2d, grid: 32, split: none, newton_iterations: 1}", 1e-3, 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct check c;
        free(solve_once(&c, rows[i].text, 0.25, rows[i].a, rows[i].expected, NULL));
        check_close(&c);
    }
}

static void kernels_count_their_work(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{name: lorenz}",
        "{name: van_der_pol}",
        "{name: prothero_robinson}",
        "{name: allen_cahn, grid: 65}",
        "{name: allen_cahn_2d, grid: 16}",
        "{name: allen_cahn_2d, grid: 16, epsilon: 0.2, split: none}",
        "{name: burgers}",
        "{name: burgers, split: none}",
        "{name: gray_scott, grid: 16}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct check c;
        struct work_count count = { 0 };
        double *u = solve_once(&c, texts[i], 0.25, 1e-3, 0, &count), *f = check_vector(&c);
        const struct problem_kernels *k = c.problem->kernels[DEV_CPU];
        const bool newton = !k->rhs_explicit && strcmp(c.problem->name, "prothero_robinson");
        assert_int_equal(count.solves, 1);
        assert_int_equal(count.rhs, 0);
        assert_true(newton ? count.newton > 0 && count.newton < 10 : count.newton == 0);
        struct exec x = check_exec(&c);
        x.count = &count;
        assert_int_equal(k->rhs_implicit(c.problem, &x, 0.25, u, f), 0);
        assert_int_equal(count.rhs, 1);
        if (k->rhs_explicit)
            assert_int_equal(k->rhs_explicit(c.problem, &x, 0.25, u, f), 0);
        assert_int_equal(count.rhs, k->rhs_explicit ? 2 : 1);
        assert_int_equal(count.solves, 1);
        free(u), free(f);
        check_close(&c);
    }
}

/* nothing to do: no iterations; from near the solution: few */
static void newton_starts_from_the_guess(void **state)
{
    (void)state;
    static const char *const texts[] = { "{name: lorenz}", "{name: allen_cahn, grid: 129}",
                                         "{name: burgers, split: none}" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct check c;
        struct work_count count = { 0 };
        double *u = solve_once(&c, texts[i], 0.125, 0.01, 0, &count), *b = check_vector(&c);
        check_state(&c, b);
        assert_true(count.newton >= 2);
        count.newton = 0;
        struct exec x = check_exec(&c);
        x.count = &count;
        assert_int_equal(c.problem->kernels[DEV_CPU]->solve(c.problem, &x, 0.125, 0.01, b, u), 0);
        assert_int_equal(count.newton, 0);
        free(u), free(b);
        check_close(&c);
    }
}

/* ---- burgers ---- */

/* the series of Bessel functions in 200 digits */
static void cole_hopf_values(void **state)
{
    (void)state;
    static const struct {
        double amplitude, viscosity, x, t, u;
        int grid;
    } rows[] = {
        { 1, 0.1, 0.3, 0.5, 0.12659137340112679122, 10 },
        { 1, 0.02, 0.375, 0.25, 0.77789929613645894739, 8 },
        { 1, 0.02, 0.40625, 0.5, 0.52533839817546441527, 32 },
        { 2, 0.005, 0.4375, 0.25, 1.2938877732259480278, 16 },
        { 1, 0.001, 0.484375, 1, 0.41465633311642355079, 64 },
        { 1, 0.02, 0.25, 8, 0.00078323293460572350662, 8 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[160];
        snprintf(text, sizeof text, "{name: burgers, grid: %d, amplitude: %g, viscosity: %g}",
                 rows[i].grid, rows[i].amplitude, rows[i].viscosity);
        struct check c;
        check_open(&c, text);
        double *u = check_vector(&c);
        const size_t at = (size_t)lround(rows[i].x * rows[i].grid), n = c.problem->n;
        assert_int_equal(c.problem->exact(c.problem, rows[i].t, u), 0);
        assert_near(u[at], rows[i].u, 1e-12);
        for (size_t j = 1; j < n; j++) /* odd */
            assert_near(u[j], -u[n - j], 1e-12);
        free(u);
        check_close(&c);
    }
}

static double burgers_error(const char *text, const char *stepper, long steps)
{
    struct check c;
    double *u = run(&c, text, stepper, 0.5, steps), *v = check_vector(&c), sum = 0, initial = 0;
    assert_int_equal(c.problem->exact(c.problem, 0.5, v), 0);
    const double error = check_distance(&c, v, u);
    assert_int_equal(c.problem->initial(c.problem, 0, v), 0);
    for (size_t i = 0; i < c.problem->n; i++) {
        sum += u[i];
        initial += v[i];
    }
    assert_near(sum, initial, 1e-10); /* conserved */
    free(u), free(v);
    check_close(&c);
    return error;
}

static void burgers_meets_cole_hopf(void **state)
{
    (void)state;
    const double coarse = burgers_error("{name: burgers, grid: 32}", "{name: ark548}", 200);
    assert_true(coarse > 1e-5);
    assert_true(burgers_error("{name: burgers, grid: 64}", "{name: ark548}", 200) < 1e-3 * coarse);
    assert_true(burgers_error("{name: burgers, grid: 128}", "{name: ark548}", 200) < 1e-9);
    assert_true(burgers_error("{name: burgers, grid: 128, mean: 0.7, length: 1.5}",
                              "{name: ark548}", 200) < 1e-8);
    assert_true(burgers_error("{name: burgers, grid: 128, split: none}", "{name: esdirk53}", 200) <
                1e-7);
}

/* ---- allen_cahn_2d ---- */

static double radius(const struct check *c, const double *u)
{
    double r;
    assert_int_equal(c->problem->quantity(c->problem, "radius", 0, u, &r), 0);
    assert_int_equal(c->problem->quantity(c->problem, "radios", 0, u, &r), -ENOENT);
    return r;
}

/* Speck et al. (pySDC): within 0.07 of the sharp limit for 0.028 < t < 0.03 */
static void circle_shrinks(void **state)
{
    (void)state;
    const size_t n = 128;
    struct check c, d;
    double *u = run(&c, "{name: allen_cahn_2d}", "{name: rk443}", 0, 0);
    assert_near(radius(&c, u), 0.25, 1e-3);
    for (int i = 0; i < 4; i++) {
        advance(&c, 0.0064 * i, 0.0064 * (i + 1), 16, u);
        const double sharp = sqrt(0.0625 - 2 * 0.0064 * (i + 1));
        assert_near(radius(&c, u), sharp, 0.02);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) { /* a circle has all symmetries of the square */
            assert_near(u[i * n + j], u[j * n + i], 1e-12);
            assert_near(u[i * n + j], u[(n - i) % n * n + j], 1e-12);
        }
    double *v = run(&d, "{name: allen_cahn_2d, split: none}", "{name: esdirk43}", 0.0256, 32);
    assert_true(check_distance(&c, v, u) < 1e-3);
    free(u), free(v);
    check_close(&c);
    check_close(&d);
}

/* ---- gray_scott ---- */

static void gray_scott_balance(void **state)
{
    (void)state;
    struct check c;
    double *u = run(&c, "{name: gray_scott, grid: [16, 20], blobs: 0}", "{name: rk443}", 2, 4);
    for (size_t i = 0; i < c.problem->n; i++) /* at rest */
        assert_near(u[i], i < 320 ? 1 : 0, 1e-12);
    free(u);
    check_close(&c);

    check_open(&c, "{name: gray_scott, grid: [32, 40], blobs: 2}");
    const struct problem *p = c.problem;
    const struct problem_kernels *k = p->kernels[DEV_CPU];
    u = check_vector(&c);
    double *f = check_vector(&c), *e = check_vector(&c), sum[2] = { 0 }, change = 0;
    assert_int_equal(p->initial(p, 0, u), 0);
    const struct exec x = check_exec(&c);
    assert_int_equal(k->rhs_implicit(p, &x, 0, u, f), 0);
    assert_int_equal(k->rhs_explicit(p, &x, 0, u, e), 0);
    for (size_t i = 0; i < p->n; i++) {
        sum[i >= 1280] += u[i];
        change += f[i] + e[i];
    }
    assert_near(change, 0.09 * (1280 - sum[0]) - 0.086 * sum[1], 1e-9);
    /* two by two blobs repeat themselves: the domain is three times their distance */
    free(u), free(f), free(e);
    check_close(&c);

    check_open(&c, "{name: gray_scott, grid: 100}"); /* points where the blobs are highest */
    u = check_vector(&c);
    assert_int_equal(c.problem->initial(c.problem, 0, u), 0);
    size_t lowest = 0, highest = 10000;
    for (size_t i = 0; i < 10000; i++) {
        lowest = u[i] < u[lowest] ? i : lowest;
        highest = u[10000 + i] > u[highest] ? 10000 + i : highest;
    }
    const double *axis = c.problem->grid.x[0];
    assert_true(fabs(axis[lowest / 100] + 0.05) < 0.011 && fabs(axis[lowest % 100] + 0.02) < 1e-9);
    highest -= 10000;
    assert_true(fabs(axis[highest / 100] - 0.05) < 0.011 &&
                fabs(axis[highest % 100] - 0.02) < 1e-9);
    free(u);
    check_close(&c);
}

static void wrong_input_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{name: lorenz, initial: [1, 2]}",         "{name: van_der_pol, initial: 2}",
        "{name: prothero_robinson, epsilon: 0}",   "{name: allen_cahn, grid: 4}",
        "{name: allen_cahn, newton_tolerance: 0}", "{name: allen_cahn_2d, grid: [8, 8, 8]}",
        "{name: allen_cahn_2d, split: diffusion}", "{name: burgers, viscosity: 0}",
        "{name: burgers, viscosity: 1e-9}",        "{name: gray_scott, blobs: -1}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char yaml[256];
        struct config *c;
        struct problem *p;
        snprintf(yaml, sizeof yaml, "problem: %s\n", wrong[i]);
        assert_int_equal(config_parse(&c, "check", yaml), 0);
        assert_int_equal(problem_create(&p, config_child(config_root(c), "problem")), -EINVAL);
        assert_null(p);
        config_destroy(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lorenz_reference),
        cmocka_unit_test(van_der_pol_reference),
        cmocka_unit_test(orders_in_time),
        cmocka_unit_test(prothero_robinson_follows_the_cosine),
        cmocka_unit_test(chunks_are_a_tridiagonal_system),
        cmocka_unit_test(front_travels),
        cmocka_unit_test(newton_fails_aloud),
        cmocka_unit_test(kernels_count_their_work),
        cmocka_unit_test(newton_starts_from_the_guess),
        cmocka_unit_test(cole_hopf_values),
        cmocka_unit_test(burgers_meets_cole_hopf),
        cmocka_unit_test(circle_shrinks),
        cmocka_unit_test(gray_scott_balance),
        cmocka_unit_test(wrong_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
