// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* SDC steps against published one-step values and error tables (pySDC's parallelSDC_reloaded),
 * orders, the converged collocation solution, and its refusals. */
#include <complex.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "problems/sdc.h"

struct sdc_run {
    struct config *config;
    struct problem *p;
    struct stepper *s;
    double *work, *u;
};

static struct sdc_run open_run(const char *problem, const char *keys)
{
    struct sdc_run r = { 0 };
    char text[1024];
    snprintf(text, sizeof text, "problem: %s\nsdc: {name: sdc, %s}\n", problem, keys);
    assert_int_equal(config_parse(&r.config, "test", text), 0);
    struct node *root = config_root(r.config);
    assert_int_equal(problem_create(&r.p, config_child(root, "problem")), 0);
    assert_int_equal(
        sdc_stepper_type.create(&r.s, &sdc_stepper_type, r.p, config_child(root, "sdc")), 0);
    assert_int_equal(posix_memalign((void **)&r.work, 64, r.s->nwork * sizeof *r.work), 0);
    r.u = calloc(r.p->n, sizeof *r.u);
    assert_int_equal(r.p->initial(r.p, 0.0, r.u), 0);
    return r;
}

static void close_run(struct sdc_run *r)
{
    stepper_destroy(&r->s);
    problem_destroy(&r->p);
    config_destroy(&r->config);
    free(r->work);
    free(r->u);
}

static int steps(struct sdc_run *r, double end, long n, double *worst)
{
    const struct exec x = exec_host(r->work, r->s->nwork);
    const struct interval whole = { 0.0, end, 0, 1 };
    double *exact = calloc(r->p->n, sizeof *exact);
    *worst = 0.0;
    for (long i = 0; i < n; i++) {
        const struct interval step = interval_part(whole, i, n);
        const int failed = r->s->step(r->s, &x, step, r->u, r->u);
        if (failed)
            return failed;
        if (!r->p->exact)
            continue;
        assert_int_equal(r->p->exact(r->p, interval_t1(step), exact), 0);
        for (size_t j = 0; j < r->p->n; j += r->p->grid.is_complex ? 2 : 1) {
            const double d = r->p->grid.is_complex
                                 ? hypot(r->u[j] - exact[j], r->u[j + 1] - exact[j + 1])
                                 : fabs(r->u[j] - exact[j]);
            *worst = fmax(*worst, d);
        }
    }
    free(exact);
    return 0;
}

/* R(z) after K sweeps at four Radau-right nodes, z = -1, -10 and 2i */
static void one_step_has_the_published_values(void **unused)
{
    (void)unused;
    static const struct {
        const char *qdelta;
        int K;
        double at1, at10, re, im;
    } rows[] = {
        { "PIC", 1, 0.0, -9, 1, 2 },
        { "PIC", 4, 0.375, 291, -0.333333333333333, 0.666666666666667 },
        { "IE", 1, 0.416235319194471, 0.00843524452327, -0.135305700674079, 0.593099580180355 },
        { "IE", 4, 0.367873328035000, -0.00131959729645, -0.426835743517774, 0.892896418888893 },
        { "LU", 2, 0.375645217287164, -0.00850757935936, -0.456471369622820, 0.766759556322024 },
        { "LU", 4, 0.367983552221914, -0.017250071172, -0.428784595362718, 0.911971555887733 },
        { "MIN-SR-NS", 1, 0.2, -1.85714285714, 0.2, 1.6 },
        { "MIN-SR-NS", 4, 0.367868410231250, 0.108719184001, -0.416031256024758,
          0.911115639944418 },
        { "MIN-SR-S", 3, 0.367768529093517, 0.140705746718, -0.377149587056154, 0.909228655562843 },
        { "MIN-SR-S", 4, 0.367919594997223, 0.0269321949788, -0.402332531730309,
          0.902055762147230 },
        { "MIN-SR-FLEX", 1, 0.5, 0.0909090909091, 0.2, 0.4 },
        { "MIN-SR-FLEX", 3, 0.367095383276288, 0.0593092911428, -0.339511604985288,
          0.851199750336992 },
        { "MIN-SR-FLEX", 4, 0.367846986923008, 0.063221150367, -0.397424814186332,
          0.888112008377612 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char keys[128];
        double worst;
        snprintf(keys, sizeof keys, "sweeps: %d, preconditioner: %s", rows[i].K, rows[i].qdelta);
        struct sdc_run r = open_run("{name: dahlquist, lambda: [[-1, 0], [-10, 0], [0, 2]]}", keys);
        assert_int_equal(steps(&r, 1.0, 1, &worst), 0);
        const double expected[] = { rows[i].at1, rows[i].at10, rows[i].re, rows[i].im },
                     got[] = { r.u[0], r.u[2], r.u[4], r.u[5] };
        for (int j = 0; j < 4; j++)
            assert_true(fabs(got[j] - expected[j]) <=
                        1e-12 * fmax(1.0, fabs(expected[j])) + (j == 1 ? 1e-11 : 0.0));
        close_run(&r);
    }
}

/* u' = i u over [0, 2 pi], largest error at the steps, four Radau-right nodes, four digits and more
 */
static void dahlquist_errors_are_the_published_ones(void **unused)
{
    (void)unused;
    static const struct {
        const char *qdelta;
        int K;
        double at2, at10, at100;
    } rows[] = {
        { "MIN-SR-NS", 1, 4.9413, 1.4978, 0.10367 },
        { "MIN-SR-NS", 4, 0.054706, 1.4164e-05, 1.3361e-10 },
        { "MIN-SR-S", 2, 0.86457, 0.034628, 0.00033112 },
        { "MIN-SR-S", 4, 0.23247, 0.00028265, 1.8905e-08 },
        { "MIN-SR-FLEX", 1, 1.1296, 0.86006, 0.17897 },
        { "MIN-SR-FLEX", 2, 1.0827, 0.16551, 0.0020632 },
        { "MIN-SR-FLEX", 3, 0.60111, 0.013676, 1.0889e-05 },
        { "MIN-SR-FLEX", 4, 0.31362, 0.00087938, 3.5528e-08 },
    };
    static const long counts[] = { 2, 10, 100 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int j = 0; j < 3; j++) {
            const double expected = j == 0 ? rows[i].at2 : j == 1 ? rows[i].at10 : rows[i].at100;
            char keys[128];
            double worst;
            snprintf(keys, sizeof keys, "sweeps: %d, preconditioner: %s", rows[i].K,
                     rows[i].qdelta);
            struct sdc_run r = open_run("{name: dahlquist, lambda: [[0, 1]]}", keys);
            assert_int_equal(steps(&r, 2 * M_PI, counts[j], &worst), 0);
            assert_true(fabs(worst - expected) <= 1e-4 * expected);
            close_run(&r);
        }
}

/* largest difference over n steps from converged collocation of order 13 */
static double distance_from_converged(struct sdc_run *r, double end, long n)
{
    struct sdc_run fine = open_run("{name: lorenz, newton_tolerance: 1.0e-15}",
                                   "sweeps: 16, preconditioner: LU, nodes: {count: 7}");
    const struct interval whole = { 0.0, end, 0, 1 };
    double largest = 0.0;
    for (long i = 0; i < n; i++) {
        const struct exec x = exec_host(r->work, r->s->nwork),
                          y = exec_host(fine.work, fine.s->nwork);
        const struct interval step = interval_part(whole, i, n);
        assert_int_equal(r->s->step(r->s, &x, step, r->u, r->u), 0);
        assert_int_equal(fine.s->step(fine.s, &y, step, fine.u, fine.u), 0);
        for (size_t j = 0; j < r->p->n; j++)
            largest = fmax(largest, fabs(r->u[j] - fine.u[j]));
    }
    close_run(&fine);
    return largest;
}

/* Errors of K = 4 sweeps on the problems of Caklovic et al., four Radau-right nodes: the largest
 * over the steps (Prothero-Robinson), at the end (Lorenz: max norm; Allen-Cahn: l2 norm). Tables of
 * pySDC's parallelSDC_reloaded. */
static void nonlinear_errors_are_the_published_ones(void **unused)
{
    (void)unused;
    static const char *const lorenz = "{name: lorenz}",
                             *const robinson = "{name: prothero_robinson}",
                             *const front = "{name: allen_cahn}";
    static const struct {
        const char *problem, *qdelta;
        double end;
        long n;
        double error;
    } rows[] = {
        { lorenz, "MIN-SR-NS", 1.24, 20, 0.009336 },
        { lorenz, "MIN-SR-NS", 1.24, 50, 8.067e-05 },
        { lorenz, "MIN-SR-NS", 1.24, 100, 2.284e-06 },
        { lorenz, "MIN-SR-NS", 1.24, 200, 6.935e-08 },
        { lorenz, "MIN-SR-NS", 1.24, 500, 7.058e-10 },
        { lorenz, "MIN-SR-NS", 1.24, 1000, 7.649e-11 },
        { lorenz, "MIN-SR-S", 1.24, 20, 0.1083 },
        { lorenz, "MIN-SR-S", 1.24, 50, 0.001761 },
        { lorenz, "MIN-SR-S", 1.24, 100, 5.639e-05 },
        { lorenz, "MIN-SR-S", 1.24, 200, 1.57e-06 },
        { lorenz, "MIN-SR-S", 1.24, 500, 2.375e-08 },
        { lorenz, "MIN-SR-S", 1.24, 1000, 1.501e-09 },
        { lorenz, "MIN-SR-FLEX", 1.24, 20, 0.2174 },
        { lorenz, "MIN-SR-FLEX", 1.24, 50, 0.004966 },
        { lorenz, "MIN-SR-FLEX", 1.24, 100, 0.0002895 },
        { lorenz, "MIN-SR-FLEX", 1.24, 200, 1.006e-05 },
        { lorenz, "MIN-SR-FLEX", 1.24, 500, 9.354e-08 },
        { lorenz, "MIN-SR-FLEX", 1.24, 1000, 2.65e-09 },
        { lorenz, "LU", 1.24, 20, 0.2285 },
        { lorenz, "LU", 1.24, 50, 0.004508 },
        { lorenz, "LU", 1.24, 100, 0.0001382 },
        { lorenz, "LU", 1.24, 200, 4.368e-06 },
        { lorenz, "LU", 1.24, 500, 1.159e-07 },
        { lorenz, "LU", 1.24, 1000, 7.329e-09 },
        { robinson, "MIN-SR-S", 2 * M_PI, 2, 8.32e-05 },
        { robinson, "MIN-SR-S", 2 * M_PI, 5, 3.12e-06 },
        { robinson, "MIN-SR-S", 2 * M_PI, 10, 1.014e-06 },
        { robinson, "MIN-SR-S", 2 * M_PI, 20, 9.096e-07 },
        { robinson, "MIN-SR-S", 2 * M_PI, 50, 7.524e-07 },
        { robinson, "MIN-SR-S", 2 * M_PI, 100, 5.634e-07 },
        { robinson, "MIN-SR-S", 2 * M_PI, 200, 3.403e-07 },
        { robinson, "MIN-SR-S", 2 * M_PI, 500, 1.067e-07 },
        { robinson, "MIN-SR-S", 2 * M_PI, 1000, 2.575e-08 },
        { robinson, "MIN-SR-FLEX", 2 * M_PI, 2, 8.489e-05 },
        { robinson, "MIN-SR-FLEX", 2 * M_PI, 5, 4.668e-06 },
        { robinson, "MIN-SR-FLEX", 2 * M_PI, 10, 2.79e-06 },
        { robinson, "MIN-SR-FLEX", 2 * M_PI, 20, 2.52e-06 },
        { robinson, "MIN-SR-FLEX", 2 * M_PI, 50, 1.979e-06 },
        { robinson, "MIN-SR-FLEX", 2 * M_PI, 100, 1.385e-06 },
        { robinson, "MIN-SR-FLEX", 2 * M_PI, 200, 7.68e-07 },
        { robinson, "MIN-SR-FLEX", 2 * M_PI, 500, 1.845e-07 },
        { robinson, "MIN-SR-FLEX", 2 * M_PI, 1000, 2.796e-08 },
        { robinson, "LU", 2 * M_PI, 2, 8.117e-05 },
        { robinson, "LU", 2 * M_PI, 5, 2.228e-06 },
        { robinson, "LU", 2 * M_PI, 10, 1.431e-07 },
        { robinson, "LU", 2 * M_PI, 20, 1.148e-08 },
        { robinson, "LU", 2 * M_PI, 50, 1.378e-08 },
        { robinson, "LU", 2 * M_PI, 100, 1.639e-08 },
        { robinson, "LU", 2 * M_PI, 200, 1.182e-08 },
        { robinson, "LU", 2 * M_PI, 500, 1.501e-09 },
        { robinson, "LU", 2 * M_PI, 1000, 1.871e-09 },
        { front, "MIN-SR-FLEX", 50, 5, 0.0396191 },
        { front, "MIN-SR-FLEX", 50, 10, 0.00396358 },
        { front, "MIN-SR-FLEX", 50, 20, 0.000369112 },
        { front, "MIN-SR-FLEX", 50, 50, 7.94406e-05 },
        { front, "MIN-SR-FLEX", 50, 100, 0.000155031 },
        { front, "MIN-SR-FLEX", 50, 200, 0.000193896 },
        { front, "MIN-SR-FLEX", 50, 500, 0.000214993 },
        { front, "LU", 50, 5, 0.00480805 },
        { front, "LU", 50, 10, 0.000665421 },
        { front, "LU", 50, 20, 0.000266237 },
        { front, "LU", 50, 50, 0.000227819 },
        { front, "LU", 50, 100, 0.000225185 },
        { front, "LU", 50, 200, 0.000224434 },
        { front, "LU", 50, 500, 0.000229514 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char keys[128];
        double worst, found = 0.0;
        snprintf(keys, sizeof keys, "sweeps: 4, preconditioner: %s", rows[i].qdelta);
        struct sdc_run r = open_run(rows[i].problem, keys);
        if (rows[i].problem == lorenz)
            found = distance_from_converged(&r, rows[i].end, rows[i].n);
        else {
            double *exact = calloc(r.p->n, sizeof *exact), sum = 0.0;
            assert_int_equal(steps(&r, rows[i].end, rows[i].n, &worst), 0);
            assert_int_equal(r.p->exact(r.p, rows[i].end, exact), 0);
            for (size_t j = 0; j < r.p->n; j++)
                sum += (r.u[j] - exact[j]) * (r.u[j] - exact[j]);
            found = rows[i].problem == robinson ? worst : sqrt(sum);
            free(exact);
        }
        /* four printed digits, the last one rounded; and what Newton's tolerance of 1e-12 adds up
         * to */
        if (!(fabs(found - rows[i].error) <= 6e-4 * rows[i].error + 3e-12))
            fail_msg("%s, %s, %ld steps: expected %g, found %g", rows[i].problem, rows[i].qdelta,
                     rows[i].n, rows[i].error, found);
        close_run(&r);
    }
}

/* order min(K, 2M - 1), one more for MIN-SR-NS from sweep M - 1 on */
static void sweeps_raise_the_order(void **unused)
{
    (void)unused;
    static const char *const qdeltas[] = {
        "PIC", "IE", "LU", "MIN-SR-S", "MIN-SR-FLEX", "MIN-SR-NS"
    };
    for (size_t i = 0; i < sizeof qdeltas / sizeof *qdeltas; i++)
        for (int M = 2; M <= 3; M++)
            for (int K = 1; K <= 2 * M - 1; K++) {
                double errors[2];
                for (int j = 0; j < 2; j++) {
                    char keys[160];
                    snprintf(keys, sizeof keys,
                             "sweeps: %d, preconditioner: %s, nodes: {count: %d}", K, qdeltas[i],
                             M);
                    struct sdc_run r = open_run("{name: dahlquist, lambda: [[-0.3, 1]]}", keys);
                    assert_int_equal(steps(&r, 1.0, j ? 128 : 64, &errors[j]), 0);
                    close_run(&r);
                }
                const int extra = i == 5 && K >= M - 1, most = 2 * M - 1,
                          order = K + extra < most ? K + extra : most;
                if (errors[1] > 1e-13) /* above rounding */
                    assert_true(fabs(log2(errors[0] / errors[1]) - order) < 0.25);
            }
}

/* converged SDC is collocation, whatever the preconditioner and the start: Radau IIA of three
 * stages */
static void sweeps_converge_to_collocation(void **unused)
{
    (void)unused;
    const double complex z = -0.7 + 0.9 * I; /* R(z) of Radau IIA, order 5 */
    const double complex R =
        (1 + 2 * z / 5 + z * z / 20) / (1 - 3 * z / 5 + 3 * z * z / 20 - z * z * z / 60);
    static const char *const keys[] = {
        "preconditioner: LU",
        "preconditioner: MIN-SR-S, initial_guess: random",
        "preconditioner: MIN-SR-FLEX, initial_guess: zero",
        "preconditioner: MIN-SR-NS, initial_guess: spread",
        "preconditioner: MIN-SR-S, quadrature_update: true",
        "preconditioner: LU, initial_guess: coarse, coarse: {name: sdirk2}",
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char text[200];
        double worst;
        snprintf(text, sizeof text, "sweeps: 60, nodes: {count: 3}, %s", keys[i]);
        struct sdc_run r = open_run("{name: dahlquist, lambda: [[-0.7, 0.9]]}", text);
        assert_int_equal(steps(&r, 1.0, 1, &worst), 0);
        assert_true(cabs(r.u[0] + r.u[1] * I - R) < 1e-12);
        close_run(&r);
    }
}

/* an explicit term goes to the explicit preconditioner; the residual stops the sweeps */
static void imex_and_tolerance(void **unused)
{
    (void)unused;
    const char *split = "{name: dahlquist, lambda: [[-1, 0]], explicit: [[0, 0.5]]}",
               *whole = "{name: dahlquist, lambda: [[-1, 0.5]]}";
    double worst, errors[2];
    struct sdc_run
        a = open_run(split, "sweeps: 80, preconditioner: MIN-SR-S, nodes: {count: 3}"),
        b = open_run(whole, "sweeps: 80, preconditioner: LU, nodes: {count: 3}"),
        c = open_run(split, "sweeps: 80, preconditioner: MIN-SR-FLEX, preconditioner_explicit: EE, "
                            "nodes: {count: 3}"),
        d = open_run(whole, "sweeps: 1000, tolerance: 1e-6, preconditioner: LU, nodes: {count: 3}");
    assert_int_equal(steps(&a, 1.0, 1, &worst), 0);
    assert_int_equal(steps(&b, 1.0, 1, &worst), 0);
    assert_int_equal(steps(&c, 1.0, 1, &worst), 0);
    assert_int_equal(steps(&d, 1.0, 1, &worst), 0);
    errors[0] = hypot(a.u[0] - b.u[0], a.u[1] - b.u[1]);
    errors[1] = hypot(c.u[0] - b.u[0], c.u[1] - b.u[1]);
    assert_true(errors[0] < 1e-12 && errors[1] < 1e-12);
    const double rest = hypot(d.u[0] - b.u[0], d.u[1] - b.u[1]);
    assert_true(rest < 1e-6 && rest > 1e-12);
    close_run(&a);
    close_run(&b);
    close_run(&c);
    close_run(&d);
}

/* the error follows the tolerance; steps are rejected where the solution turns */
static void steps_adapt_to_the_tolerance(void **unused)
{
    (void)unused;
    double errors[3];
    long accepted[3];
    for (int i = 0; i < 3; i++) {
        char keys[160];
        struct work_count count = { 0 };
        snprintf(keys, sizeof keys, "sweeps: 4, preconditioner: LU, adaptive: {tolerance: %g}",
                 pow(10, -4 - 2 * i));
        struct sdc_run r = open_run("{name: dahlquist, lambda: [[0, 1], [-3, 8]]}", keys);
        struct exec x = exec_host(r.work, r.s->nwork);
        x.count = &count;
        assert_int_equal(r.s->step(r.s, &x, (struct interval){ 0.0, 6.0, 0, 1 }, r.u, r.u), 0);
        errors[i] = hypot(r.u[0] - cos(6.0), r.u[1] - sin(6.0));
        accepted[i] = count.accepted;
        assert_true(count.rejected > 0);
        close_run(&r);
    }
    assert_true(errors[0] < 1e-2 && errors[1] < errors[0] / 20 && errors[2] < errors[1] / 20);
    assert_true(accepted[0] < accepted[1] && accepted[1] < accepted[2]);
}

/* residuals fall with the sweeps and are the largest of all steps */
static void residuals_are_recorded(void **unused)
{
    (void)unused;
    struct work_count count = { 0 };
    double u[2];
    for (int record = 0; record < 2; record++) {
        struct sdc_run r = open_run("{name: dahlquist, lambda: [[-1, 1]]}",
                                    record ? "sweeps: 6, residuals: true" : "sweeps: 6");
        struct exec x = exec_host(r.work, r.s->nwork);
        x.count = &count;
        for (long i = 0; i < 3; i++)
            assert_int_equal(r.s->step(r.s, &x, (struct interval){ 0.0, 1.0, i, 3 }, r.u, r.u), 0);
        if (record)
            assert_true(r.u[0] == u[0] && r.u[1] == u[1]); /* looking changes nothing */
        memcpy(u, r.u, sizeof u);
        assert_int_equal(count.sweeps, record ? 6 : 0);
        close_run(&r);
    }
    for (int k = 1; k < 6; k++)
        assert_true(count.residual[k] > 0.0 && count.residual[k] < 0.5 * count.residual[k - 1]);
}

/* a solve that fails says where and how far it got */
static void failed_solves_are_located(void **unused)
{
    (void)unused;
    struct work_count count = { 0 };
    struct sdc_run r = open_run("{name: van_der_pol, mu: 50, newton_iterations: 2}", "sweeps: 3");
    struct exec x = exec_host(r.work, r.s->nwork);
    x.count = &count;
    assert_true(r.s->step(r.s, &x, (struct interval){ 0.0, 50.0, 4, 10 }, r.u, r.u) > 0);
    assert_int_equal(count.failed_step, 4);
    assert_int_equal(count.failed_sweep, 1);
    assert_in_range(count.failed_node, 0, 3);
    assert_true(count.failed_residual > 1e-12);
    close_run(&r);
}

static void wrong_input_is_refused(void **unused)
{
    (void)unused;
    static const char *const keys[] = {
        "preconditioner: MIN-SR-X",
        "preconditioner: VDHS, nodes: {count: 5}",
        "nodes: {type: legendre, quadrature: gauss, count: 3}",
        "nodes: {type: legender}",
        "preconditioner: Exact",
        "initial_guess: coarse",
        "dense: true",
        "preconditioner_explicit: EE",
        "initial_guess: coarse, coarse: {name: sdirk3}",
        "sweeps: 0",
        "nodes: {count: 0}",
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct config *config;
        struct problem *p;
        struct stepper *s = NULL;
        char text[256];
        snprintf(text, sizeof text, "problem: {name: dahlquist}\nsdc: {name: sdc, %s}\n", keys[i]);
        assert_int_equal(config_parse(&config, "test", text), 0);
        struct node *root = config_root(config);
        assert_int_equal(problem_create(&p, config_child(root, "problem")), 0);
        assert_int_equal(
            sdc_stepper_type.create(&s, &sdc_stepper_type, p, config_child(root, "sdc")), -EINVAL);
        assert_null(s);
        problem_destroy(&p);
        config_destroy(&config);
    }
    struct config *config;
    struct problem *p;
    struct stepper *s = NULL;
    assert_int_equal(config_parse(&config, "test",
                                  "problem: {name: dahlquist, explicit: [[0, 1]]}\n"
                                  "sdc: {name: sdc, preconditioner_explicit: IE}\n"),
                     0);
    struct node *root = config_root(config);
    assert_int_equal(problem_create(&p, config_child(root, "problem")), 0);
    assert_int_equal(sdc_stepper_type.create(&s, &sdc_stepper_type, p, config_child(root, "sdc")),
                     -EINVAL);
    problem_destroy(&p);
    config_destroy(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_step_has_the_published_values),
        cmocka_unit_test(dahlquist_errors_are_the_published_ones),
        cmocka_unit_test(nonlinear_errors_are_the_published_ones),
        cmocka_unit_test(sweeps_raise_the_order),
        cmocka_unit_test(sweeps_converge_to_collocation),
        cmocka_unit_test(imex_and_tolerance),
        cmocka_unit_test(steps_adapt_to_the_tolerance),
        cmocka_unit_test(residuals_are_recorded),
        cmocka_unit_test(failed_solves_are_located),
        cmocka_unit_test(wrong_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
