// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Every problem keeps what struct problem promises (tests/check_problem.h); and what holds for the
 * linear ones only: orders of differences, exact translation, conservation, coarsening. */
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

#include "problems/diagonal.h"
#include "problems/problems.h"
#include "tests/check_problem.h"
#include "tests/near.h"

static const struct {
    const char *text;
    struct check_tolerances tolerances;
} rows[] = {
    { "{name: dahlquist}", { 1e-14, 1e-9, 1e-14 } },
    { "{name: dahlquist, lambda: [[-1, 0], [0, 2], [-10, 3]], initial: [[1, 0], [0, 1], [2, -1]]}",
      { 1e-14, 1e-7, 1e-14 } },
    { "{name: dahlquist, lambda: [[-5, 0], [-1, 0]], explicit: [[0, 3], [0.5, 1]]}",
      { 1e-14, 1e-8, 1e-14 } },
    { "{name: heat, grid: 32}", { 1e-13, 1e-7, 1e-13 } },
    { "{name: heat, grid: 33, length: 2, initial: {kind: gaussian, width: 0.2}}",
      { 1e-13, 1e-7, 1e-13 } },
    { "{name: heat, grid: [24, 17], discretisation: fd2}", { 1e-13, 0.05, 1e-13 } },
    { "{name: heat, grid: [25, 18], discretisation: fd4, length: [1, 2]}", { 1e-13, 3e-3, 1e-13 } },
    { "{name: heat, grid: [8, 9, 10], initial: {mode: [1, 2, 1]}}", { 1e-13, 1e-6, 1e-13 } },
    { "{name: heat, grid: 33, boundary: dirichlet}", { 1e-13, 1e-7, 1e-13 } },
    { "{name: heat, grid: [17, 20], boundary: dirichlet, initial: {kind: gaussian, width: 0.12}}",
      { 1e-13, 1e-4, 1e-13 } },
    { "{name: heat, grid: [33, 20], boundary: dirichlet, discretisation: fd2}",
      { 1e-13, 0.02, 1e-13 } },
    { "{name: heat, grid: [9, 10, 12], boundary: dirichlet, discretisation: fd4}",
      { 1e-13, 1e-3, 1e-13 } },
    { "{name: advection, grid: 32}", { 1e-13, 1e-7, 1e-13 } },
    { "{name: advection, grid: 64, speed: -2, diffusivity: 0.05, initial: {kind: gaussian}}",
      { 1e-13, 1e-5, 1e-13 } },
    { "{name: advection, grid: 64, diffusivity: 0.05, split: imex, initial: {kind: gaussian}}",
      { 1e-13, 1e-5, 1e-13 } },
    { "{name: advection, grid: 65, discretisation: upwind1}", { 1e-13, 0.1, 1e-13 } },
    { "{name: advection, grid: 65, discretisation: upwind3, split: imex, diffusivity: 0.01}",
      { 1e-13, 1e-3, 1e-13 } },
    { "{name: advection, grid: 64, discretisation: centred6}", { 1e-13, 1e-5, 1e-13 } },
    { "{name: black_scholes, grid: 201}", { 1e-13, 2e-3, 0 } },
    { "{name: black_scholes, payoff: put, grid: 201, concentration: 0.2, boundary: linear}",
      { 1e-13, 1e-3, 0 } },
    { "{name: black_scholes_2d, volatility: [0.4, 0.3], grid: [41, 31]}", { 1e-13, 0.02, 0 } },
    /* V_11 = V_22 = V_12 = 0 does not hold in the far corner, where the kink ends */
    { "{name: black_scholes_2d, payoff: exchange, grid: [31, 41], concentration: 0.3, "
      "boundary: linear, correlation: -0.4}",
      { 1e-13, 0, 0 } },
    { "{name: prothero_robinson}", { 1e-12, 1e-9, 0 } },
    { "{name: rayleigh_benard, grid: [18, 16], rayleigh: 1e4, size: [2, 1]}", { 1e-11, 0, 0 } },
    { "{name: rayleigh_benard, grid: [16, 14], rayleigh: 1e4, prandtl: 7, size: [3, 1.5], "
      "boundary: free_slip, initial: {kind: mode, amplitude: 0.1}}",
      { 1e-11, 0, 0 } },
    { "{name: lorenz}", { 1e-13, 0, 0 } },
    { "{name: van_der_pol}", { 1e-12, 0, 0 } },
    { "{name: allen_cahn, grid: 201, epsilon: 0.2, dw: -0.5}", { 1e-9, 1e-3, 0 } },
    { "{name: allen_cahn, grid: 60, newton_tolerance: 1e-11}", { 1e-12, 0, 0 } },
    { "{name: allen_cahn_2d, grid: [24, 17], epsilon: 0.1}", { 1e-13, 0, 0 } },
    { "{name: allen_cahn_2d, grid: [24, 20], epsilon: 0.5, split: none}", { 1e-10, 0, 0 } },
    { "{name: burgers, grid: 64, viscosity: 0.05}", { 1e-13, 1e-7, 0 } },
    { "{name: burgers, grid: 65, viscosity: 0.1, mean: 0.5, length: 2, split: none}",
      { 1e-11, 1e-7, 0 } },
    { "{name: gray_scott, grid: [24, 17]}", { 1e-13, 0, 0 } },
};

static void every_problem_conforms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_problem(rows[i].text, &rows[i].tolerances);
}

static void every_problem_has_a_row(void **state)
{
    (void)state;
    for (int i = 0; problem_types[i]; i++) {
        char name[80];
        bool seen = false;
        snprintf(name, sizeof name, "{name: %s", problem_types[i]->name);
        for (size_t j = 0; j < sizeof rows / sizeof *rows; j++) {
            const char *text = rows[j].text;
            const size_t n = strlen(name);
            seen |= !strncmp(text, name, n) && (text[n] == ',' || text[n] == '}');
        }
        if (!seen)
            fail_msg("no conformance row for %s", problem_types[i]->name);
    }
}

/* relative distance of f(exact) from the time derivative, which is analytic for a sine: -c u_x + nu
 * u_xx */
static double difference_error(const char *discretisation, double speed, int grid)
{
    char text[256];
    snprintf(text, sizeof text,
             "{name: advection, grid: %d, speed: %g, diffusivity: 0.02, discretisation: %s}", grid,
             speed, discretisation);
    struct check c;
    check_open(&c, text);
    double *u = check_vector(&c), *f = check_vector(&c), *d = check_vector(&c);
    assert_int_equal(c.problem->initial(c.problem, 0, u), 0);
    const struct exec x = check_exec(&c);
    assert_int_equal(c.problem->kernels[DEV_CPU]->rhs_implicit(c.problem, &x, 0, u, f), 0);
    for (int i = 0; i < grid; i++) {
        const double k = 2 * M_PI, at = k * c.problem->grid.x[0][i];
        d[i] = -speed * k * cos(at) - 0.02 * k * k * sin(at);
    }
    const double error = check_distance(&c, d, f);
    free(u), free(f), free(d);
    check_close(&c);
    return error;
}

static void differences_have_their_order(void **state)
{
    (void)state;
    static const char *const names[] = { "upwind1", "upwind2",  "upwind3",  "upwind4", "upwind5",
                                         "upwind6", "centred2", "centred4", "centred6" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (double speed = -1.5; speed < 2; speed += 3) {
            const int order = names[i][strlen(names[i]) - 1] - '0';
            const double slope = log2(difference_error(names[i], speed, 50) /
                                      difference_error(names[i], speed, 100));
            assert_near(slope, order, 0.15);
        }
    assert_true(difference_error("spectral", 1, 16) < 1e-13);
}

/* textbook formulas; upwind schemes damp, centred ones do not */
static void stencils_are_the_known_ones(void **state)
{
    (void)state;
    static const struct {
        int derivative, first, last;
        double scale, w[7];
    } known[] = {
        { 1, -1, 0, 1, { -1, 1 } },
        { 1, -2, 0, 2, { 1, -4, 3 } },
        { 1, -2, 1, 6, { 1, -6, 3, 2 } },
        { 1, -3, 2, 60, { -2, 15, -60, 20, 30, -3 } },
        { 1, -1, 1, 2, { -1, 0, 1 } },
        { 1, -2, 2, 12, { 1, -8, 0, 8, -1 } },
        { 1, -3, 3, 60, { -1, 9, -45, 0, 45, -9, 1 } },
        { 2, -1, 1, 1, { 1, -2, 1 } },
        { 2, -2, 2, 12, { -1, 16, -30, 16, -1 } },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const double h = 0.5;
        const struct stencil s =
            stencil_derivative(known[i].derivative, known[i].first, known[i].last, h);
        for (int k = 0; k <= s.last - s.first; k++)
            assert_near(s.w[k] * known[i].scale * pow(h, known[i].derivative), known[i].w[k],
                        1e-13);
    }
    for (double angle = 0.1; angle < 3.2; angle += 0.1) {
        static const int upwind[][2] = { { -1, 0 }, { -2, 1 }, { -3, 2 } };
        double symbol[2];
        for (int i = 0; i < 3; i++) {
            const struct stencil s = stencil_derivative(1, upwind[i][0], upwind[i][1], 1);
            stencil_symbol(&s, angle, symbol);
            assert_true(symbol[0] > 0); /* -c u_x then decays */
        }
        const struct stencil s = stencil_derivative(1, -3, 3, 1);
        stencil_symbol(&s, angle, symbol);
        assert_near(symbol[0], 0, 1e-14);
    }
}

static void translation_and_mass(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{name: advection, grid: 64, speed: 0.25, initial: {kind: gaussian, centre: 0.9}}",
        "{name: advection, grid: 64, speed: -0.5, initial: {kind: square, width: 0.3}}",
        "{name: advection, grid: 64, speed: 0.5, discretisation: upwind3, initial: {kind: square}}",
    };
    for (int i = 0; i < 3; i++) {
        struct check c;
        check_open(&c, texts[i]);
        const struct problem *p = c.problem;
        double *u = check_vector(&c), *v = check_vector(&c), before = 0, after = 0;
        assert_int_equal(p->initial(p, 0, u), 0);
        const struct exec x = check_exec(&c);
        assert_int_equal(p->kernels[DEV_CPU]->exact_step(p, &x, 0, 0.5, u, v), 0);
        for (size_t j = 0; j < p->n; j++) {
            before += u[j];
            after += v[j];
            if (i < 2) /* c t is 8 cells to the right, or 16 to the left; "spectral" shifts exactly
                          but for n/2 */
                assert_near(v[j], u[(j + (i ? 16 : 56)) % 64], i ? 0.02 : 1e-12);
        }
        assert_near(before, after, 1e-11);
        if (i < 2) {
            assert_int_equal(p->exact(p, 0.5, v), 0);
            for (size_t j = 0; j < p->n; j++)
                assert_near(v[j], u[(j + (i ? 16 : 56)) % 64], 1e-13);
        }
        free(u), free(v);
        check_close(&c);
    }
}

/* the closed forms agree with the spectral flow for every kind of state */
static void exact_solutions_agree_with_the_flow(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{name: heat, grid: 64, diffusivity: 0.02, initial: {kind: gaussian, width: 0.1}}",
        "{name: heat, grid: [40, 48], initial: {kind: gaussian, width: 0.1, centre: [0.3, 0.9]}}",
        "{name: heat, grid: 65, boundary: dirichlet, initial: {kind: gaussian, width: 0.08}}",
        "{name: heat, grid: 65, length: 3, boundary: dirichlet, initial: {mode: 5}}",
        "{name: advection, grid: 64, diffusivity: 0.01, speed: 3, initial: {kind: gaussian}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct check c;
        check_open(&c, texts[i]);
        const struct problem *p = c.problem;
        double *u = check_vector(&c), *v = check_vector(&c);
        assert_int_equal(p->exact(p, 0.1, u), 0);
        const struct exec x = check_exec(&c);
        assert_int_equal(p->kernels[DEV_CPU]->exact_step(p, &x, 0.1, 0.7, u, u), 0);
        assert_int_equal(p->exact(p, 0.8, v), 0);
        assert_true(check_distance(&c, v, u) < 1e-10);
        free(u), free(v);
        check_close(&c);
    }
    /* a diffusing box: only the sampling of the jump differs */
    struct check c;
    check_open(
        &c, "{name: heat, grid: 64, diffusivity: 0.01, initial: {kind: square, width: 0.484375}}");
    double *u = check_vector(&c), *v = check_vector(&c);
    const struct exec x = check_exec(&c);
    assert_int_equal(c.problem->exact(c.problem, 0.2, u), 0);
    assert_int_equal(c.problem->kernels[DEV_CPU]->exact_step(c.problem, &x, 0.2, 0.3, u, u), 0);
    assert_int_equal(c.problem->exact(c.problem, 0.5, v), 0);
    assert_true(check_distance(&c, v, u) < 1e-10);
    free(u), free(v);
    check_close(&c);
}

static void coarse_problems(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        long factor;
        size_t shape[2]; /* 0: refused */
    } cases[] = {
        { "{name: heat, grid: [64, 32]}", 4, { 16, 8 } },
        { "{name: heat, grid: [65, 33], boundary: dirichlet}", 4, { 17, 9 } },
        { "{name: heat}", 2, { 32, 1 } },
        { "{name: advection, grid: 60}", 3, { 20, 1 } },
        { "{name: heat, grid: [64, 33]}", 4, { 0 } },
        { "{name: heat, grid: 64, boundary: dirichlet}", 2, { 0 } },
        { "{name: dahlquist}", 2, { 0 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char yaml[256];
        struct config *c;
        struct problem *p;
        snprintf(yaml, sizeof yaml, "problem: %s\n", cases[i].text);
        assert_int_equal(config_parse(&c, "check", yaml), 0);
        struct node *node = config_child(config_root(c), "problem");
        const int err = problem_create_coarse(&p, config_copy(node), cases[i].factor);
        assert_int_equal(err, cases[i].shape[0] ? 0 : -EINVAL);
        for (int a = 0; a < 2 && !err; a++)
            assert_int_equal(p->grid.shape[a], cases[i].shape[a]);
        problem_destroy(&p);
        assert_int_equal(problem_create(&p, node), 0); /* a copy was changed */
        if (!err)
            assert_int_equal(p->grid.shape[0],
                             (cases[i].shape[0] - !p->grid.periodic[0]) * (size_t)cases[i].factor +
                                 !p->grid.periodic[0]);
        problem_destroy(&p);
        config_destroy(&c);
    }
}

static void wrong_input_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{name: heta}",
        "{grid: 3}",
        "{name: heat, grid: [8, 8, 8, 8]}",
        "{name: heat, grid: 64, length: [1, 2]}",
        "{name: heat, grid: 64, length: 0}",
        "{name: heat, initial: {mode: [1, 2]}}",
        "{name: heat, discretisation: fd3}",
        "{name: dahlquist, lambda: [[-1, 0], [1, 0]], explicit: [[1, 0]]}",
        "{name: dahlquist, lambda: [[-1, 0]], initial: [[1, 0], [2, 0]]}",
        "{name: advection, grid: 4}",
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
        cmocka_unit_test(every_problem_conforms),
        cmocka_unit_test(every_problem_has_a_row),
        cmocka_unit_test(differences_have_their_order),
        cmocka_unit_test(stencils_are_the_known_ones),
        cmocka_unit_test(translation_and_mass),
        cmocka_unit_test(exact_solutions_agree_with_the_flow),
        cmocka_unit_test(coarse_problems),
        cmocka_unit_test(wrong_input_is_refused),
    };
    int status = check_device_open("every_*");
    if (status)
        return status;
    status = cmocka_run_group_tests(tests, NULL, NULL);
    check_device_close();
    return status;
}
