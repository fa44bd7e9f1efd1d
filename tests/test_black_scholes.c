// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The Black-Scholes problems: their kernels against the equation and each other, their orders in
 * space and time, closed forms, and a published kind of Parareal experiment, with small serial
 * schemes written out here. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/interval.h"
#include "problems/black_scholes.h"
#include "problems/problems.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define CLOSE(a, b, tolerance) close_to(__LINE__, #a, a, b, tolerance)

static void close_to(int line, const char *what, double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("line %d: %s = %.17g, expected %.17g within %g (off by %g)", line, what, a, b,
                 tolerance, a - b);
}

/* ---- fixtures ---- */

static struct problem *make(const struct problem_type *type, const char *text)
{
    struct config *c = NULL;
    struct problem *p = NULL;
    assert_int_equal(config_parse(&c, "test.yaml", text), 0);
    assert_int_equal(type->create(&p, config_root(c)), 0);
    config_destroy(&c); /* the problem must not point into it */
    return p;
}

static double *vec(size_t n)
{
    double *v = aligned_alloc(64, exec_round(n) * sizeof *v);
    assert_non_null(v);
    for (size_t i = 0; i < n; i++)
        v[i] = NAN;
    return v;
}

static struct exec scratch(const struct problem *p)
{
    return exec_host(vec(p->nwork), p->nwork);
}

static void randomise(double *v, size_t n)
{
    uint64_t s = 88172645463325252ull;
    for (size_t i = 0; i < n; i++) {
        s ^= s << 13, s ^= s >> 7, s ^= s << 17;
        v[i] = (double)(s >> 11) / (1ull << 53) - 0.5;
    }
}

static bool boundary(const struct problem *p, size_t i)
{
    const size_t inner = p->grid.dims == 2 ? p->grid.shape[1] : 1, a = i / inner, b = i % inner;
    return a == 0 || a + 1 == p->grid.shape[0] || (inner > 1 && (b == 0 || b + 1 == inner));
}

static double at(const struct problem *p, const double *u, double s1, double s2)
{
    const double point[] = { s1, s2 };
    double v;
    assert_int_equal(grid_interpolate(&p->grid, u, point, &v), 0);
    return v;
}

/* ---- small schemes; all work in place ---- */

static void theta_step(struct problem *p, const struct exec *x, double theta, double t, double dt,
                       double *u)
{
    const struct problem_kernels *k = p->kernels[DEV_CPU];
    double *f = vec(p->n);
    assert_int_equal(k->rhs_implicit(p, x, t, u, f), 0);
    for (size_t i = 0; i < p->n; i++)
        f[i] = u[i] + (1 - theta) * dt * f[i];
    assert_int_equal(k->solve(p, x, t + dt, theta * dt, f, u), 0);
    free(f);
}

/* Crank-Nicolson, its first `rannacher` steps replaced by two implicit Euler half steps each */
static void crank_nicolson(struct problem *p, const struct exec *x, double t0, double t1, int steps,
                           int rannacher, double *u)
{
    const double dt = (t1 - t0) / steps;
    for (int i = 0; i < steps; i++) {
        const double t = t0 + i * dt;
        if (i >= rannacher) {
            theta_step(p, x, 0.5, t, dt, u);
        } else {
            theta_step(p, x, 1, t, dt / 2, u);
            theta_step(p, x, 1, t + dt / 2, dt / 2, u);
        }
    }
}

/* Douglas and modified Craig-Sneyd: K.J. in 't Hout and S. Foulon, Int. J. Numer. Anal. Model. 7
 * (2010) 303-320 */
static void adi_step(struct problem *p, const struct exec *x, bool mcs, double theta, double t,
                     double dt, double *u)
{
    const struct problem_kernels *k = p->kernels[DEV_CPU];
    const double a = theta * dt, h = (0.5 - theta) * dt, all[] = { dt, dt, dt };
    const double old[][3] = { { 0, -a, 0 }, { 0, 0, -a } };
    double *y0 = vec(p->n), *y = vec(p->n);
    assert_int_equal(k->split_apply(p, x, t, all, u, u, y0), 0);
    for (int stage = 0; stage < (mcs ? 2 : 1); stage++) {
        if (stage == 1) {
            assert_int_equal(k->split_apply(p, x, t, (double[]){ -a - h, -h, -h }, u, y0, y0), 0);
            assert_int_equal(k->split_apply(p, x, t + dt, (double[]){ a + h, h, h }, y, y0, y0), 0);
        }
        assert_int_equal(k->split_apply(p, x, t, old[0], u, y0, y), 0);
        assert_int_equal(k->split_solve(p, x, 1, t + dt, a, y, y), 0);
        assert_int_equal(k->split_apply(p, x, t, old[1], u, y, y), 0);
        assert_int_equal(k->split_solve(p, x, 2, t + dt, a, y, y), 0);
    }
    memcpy(u, y, p->n * sizeof *u);
    free(y);
    free(y0);
}

/* MCS, its first two steps replaced by four implicit half steps */
static void mcs(struct problem *p, const struct exec *x, double t0, double t1, int steps,
                bool damped, double *u)
{
    const double dt = (t1 - t0) / steps;
    assert_int_equal(p->prepare_split(p, dt / 3), 0);
    if (p->prepare_times)
        assert_int_equal(p->prepare_times(p, t0, t1, steps), 0);
    for (int i = 0; i < steps; i++) {
        const double t = interval_t0((struct interval){ t0, t1, i, steps });
        if (damped && i < 2) {
            adi_step(p, x, false, 1, t, dt / 2, u);
            adi_step(p, x, false, 1, t + dt / 2, dt / 2, u);
        } else {
            adi_step(p, x, true, 1. / 3, t, dt, u);
        }
    }
}

/* ---- the equation ---- */

static const char *const grids_1d[] = {
    "{grid: 41, domain: 400}",
    "{grid: 41, domain: 350, concentration: 0.3, payoff: put}",
    "{grid: 42, domain: 400, boundary: linear, rate: 0.1}",
    "{grid: 5, domain: 400, concentration: 1, boundary: linear}",
};

static const char *const grids_2d[] = {
    "{grid: [21, 30], domain: [400, 300]}",
    "{grid: [33, 37], concentration: 0.5, correlation: -0.9, volatility: [0.2, 0.5]}",
    "{grid: [28, 19], boundary: linear, rate: 0.1, volatility: [0.5, 0.1]}",
    "{grid: [5, 7], boundary: linear, concentration: 0.7}",
    "{grid: [6, 5], payoff: exchange}",
};

/* Both sides of the equation are exact for 1, S, and S^2 where the ends do not cut it off */
static void rhs_of_polynomials(void **state)
{
    for (size_t c = 0; c < COUNT(grids_1d); c++) {
        struct problem *p = make(&black_scholes_type, grids_1d[c]);
        const struct option o = ((struct black_scholes *)p)->option;
        struct exec x = scratch(p);
        double *u = vec(p->n), *f = vec(p->n);
        const bool linear = !p->kernels[DEV_CPU]->impose;
        for (int power = 0; power <= 2; power++) {
            const double *s = p->grid.x[0];
            const double rate[] = { -o.rate, 0, o.volatility[0] * o.volatility[0] + o.rate };
            for (size_t i = 0; i < p->n; i++)
                u[i] = pow(s[i], power);
            p->kernels[DEV_CPU]->rhs_implicit(p, &x, 0.5, u, f);
            for (size_t i = 0; i < p->n; i++)
                if (!boundary(p, i) || (linear && power < 2))
                    CLOSE(f[i], rate[power] * u[i], 1e-12 * pow(400, power));
                else if (!linear)
                    assert_true(f[i] == 0);
        }
        free(u), free(f), free(x.work);
        problem_destroy(&p);
    }
}

/* on the equidistant grid: row j is (sigma^2 j^2/2, r j), as printed in textbooks */
static void equidistant_coefficients(void **state)
{
    struct problem *p = make(&black_scholes_type, "{grid: 101, domain: 500}");
    struct exec x = scratch(p);
    double *u = vec(p->n), *f = vec(p->n);
    randomise(u, p->n);
    p->kernels[DEV_CPU]->rhs_implicit(p, &x, 0, u, f);
    for (int j = 1; j < 100; j++) {
        const double alpha = 0.16 * j * j / 2, beta = 0.03 * j;
        CLOSE(f[j],
              alpha * (u[j + 1] - 2 * u[j] + u[j - 1]) + beta / 2 * (u[j + 1] - u[j - 1]) -
                  0.03 * u[j],
              1e-11);
    }
    free(u), free(f), free(x.work);
    problem_destroy(&p);
}

/* F_0, F_1, F_2 of S1^a S2^b, each by itself */
static void parts_of_polynomials(void **state)
{
    for (size_t c = 0; c < COUNT(grids_2d); c++) {
        struct problem *p = make(&black_scholes_2d_type, grids_2d[c]);
        const struct option o = ((struct black_scholes_2d *)p)->option;
        const struct problem_kernels *k = p->kernels[DEV_CPU];
        struct exec x = scratch(p);
        double *u = vec(p->n), *f = vec(p->n);
        const bool linear = !k->impose;
        const size_t n2 = p->grid.shape[1];
        for (int a = 0; a <= 2; a++)
            for (int b = 0; b <= 2; b++) {
                const double v1 = o.volatility[0], v2 = o.volatility[1], r = o.rate;
                const double part[] = { o.correlation * v1 * v2 * a * b,
                                        v1 * v1 * a * (a - 1) / 2 + r * a - r / 2,
                                        v2 * v2 * b * (b - 1) / 2 + r * b - r / 2 };
                for (size_t i = 0; i < p->n; i++)
                    u[i] = pow(p->grid.x[0][i / n2] / 400, a) * pow(p->grid.x[1][i % n2] / 400, b);
                for (int j = 0; j <= 2; j++) {
                    double w[3] = { 0 };
                    w[j] = 1;
                    if (j == 0 && (a == 2 || b == 2))
                        continue; /* second order only */
                    k->split_apply(p, &x, 0.5, w, u, NULL, f);
                    for (size_t i = 0; i < p->n; i++)
                        if (!boundary(p, i) || (linear && j > 0 && (j == 1 ? a : b) < 2))
                            CLOSE(f[i], part[j] * u[i], 1e-12);
                        else if (!linear || j == 0)
                            assert_true(f[i] == 0);
                }
            }
        free(u), free(f), free(x.work);
        problem_destroy(&p);
    }
}

/* base, in place, zero base and all weights: the same, and the parts add up to the whole */
static void split_apply_adds(void **state)
{
    for (size_t c = 0; c < COUNT(grids_2d); c++) {
        struct problem *p = make(&black_scholes_2d_type, grids_2d[c]);
        const struct problem_kernels *k = p->kernels[DEV_CPU];
        struct exec x = scratch(p);
        double *u = vec(p->n), *base = vec(p->n), *y = vec(p->n), *z = vec(p->n);
        randomise(u, p->n);
        randomise(base, p->n - 1);
        base[p->n - 1] = 3;
        const double w[] = { 0.3, -1.7, 2.5 };
        k->split_apply(p, &x, 0.5, w, u, base, y);
        memcpy(z, base, p->n * sizeof *z);
        k->split_apply(p, &x, 0.5, w, u, z, z);
        assert_memory_equal(y, z, p->n * sizeof *y);
        x.threads = 3;
        k->split_apply(p, &x, 0.5, w, u, base, z);
        assert_memory_equal(y, z, p->n * sizeof *y);
        k->split_apply(p, &x, 0.5, w, u, NULL, z);
        for (size_t i = 0; i < p->n; i++) {
            assert_true(y[i] == base[i] + z[i]);
            if (boundary(p, i) && k->impose)
                assert_true(z[i] == 0 && y[i] == base[i]);
        }
        k->rhs_implicit(p, &x, 0.5, u, y);
        memset(z, 0, p->n * sizeof *z);
        for (int j = 0; j <= p->splits; j++) {
            double one[3] = { 0 };
            one[j] = 1;
            k->split_apply(p, &x, 0.5, one, u, z, z);
        }
        for (size_t i = 0; i < p->n; i++)
            CLOSE(z[i], y[i], 1e-13 * (double)p->n);
        free(u), free(base), free(y), free(z), free(x.work);
        problem_destroy(&p);
    }
}

/* u - a F_j u = b inside, boundary values at time t; in place and prepared: the same bits */
static void check_solve(struct problem *p, int j, double a)
{
    const struct problem_kernels *k = p->kernels[DEV_CPU];
    struct exec x = scratch(p);
    const double t = 0.25, w[] = { 0, j == 1 ? -a : 0, j == 2 ? -a : 0 };
    double *b = vec(p->n), *u = vec(p->n), *v = vec(p->n), *r = vec(p->n);
    randomise(b, p->n);
    assert_int_equal(j ? k->split_solve(p, &x, j, t, a, b, u) : k->solve(p, &x, t, a, b, u), 0);
    if (j) {
        k->split_apply(p, &x, t, w, u, u, r);
    } else {
        k->rhs_implicit(p, &x, t, u, r);
        for (size_t i = 0; i < p->n; i++)
            r[i] = u[i] - a * r[i];
    }
    memcpy(v, u, p->n * sizeof *v);
    if (k->impose)
        k->impose(p, &x, t, v);
    for (size_t i = 0; i < p->n; i++) {
        if (boundary(p, i) && k->impose)
            assert_true(u[i] == v[i]);
        else
            CLOSE(r[i], b[i], 1e-9);
    }
    memcpy(v, b, p->n * sizeof *v);
    if (j) {
        assert_int_equal(p->prepare_split(p, 0.125), 0);
        assert_int_equal(p->prepare_split(p, a), 0);
        if (p->prepare_times)
            assert_int_equal(p->prepare_times(p, 0, 1, 4), 0);
    } else {
        assert_int_equal(p->prepare(p, 0.125), 0);
        assert_int_equal(p->prepare(p, a), 0);
    }
    assert_int_equal(j ? k->split_solve(p, &x, j, t, a, v, v) : k->solve(p, &x, t, a, v, v), 0);
    assert_memory_equal(u, v, p->n * sizeof *u);
    x.threads = 3;
    memcpy(v, b, p->n * sizeof *v);
    assert_int_equal(j ? k->split_solve(p, &x, j, t, a, v, v) : k->solve(p, &x, t, a, v, v), 0);
    assert_memory_equal(u, v, p->n * sizeof *u);
    free(b), free(u), free(v), free(r), free(x.work);
}

static void solves(void **state)
{
    static const double a[] = { 0, 1e-3, 0.1, 3 };
    for (size_t i = 0; i < COUNT(a); i++) {
        for (size_t c = 0; c < COUNT(grids_1d); c++) {
            struct problem *p = make(&black_scholes_type, grids_1d[c]);
            check_solve(p, 0, a[i]);
            problem_destroy(&p);
        }
        for (size_t c = 0; c < COUNT(grids_2d); c++)
            for (int j = 1; j <= 2; j++) {
                struct problem *p = make(&black_scholes_2d_type, grids_2d[c]);
                check_solve(p, j, a[i]);
                problem_destroy(&p);
            }
    }
}

/* a pivot that vanishes is reported, prepared or not: (1 - a A) has the row 1 - a (-r) at S = 0 */
static void singular_solve(void **state)
{
    struct problem *p = make(&black_scholes_type, "{grid: 9, boundary: linear, rate: 0.5}");
    struct exec x = scratch(p);
    double *u = vec(p->n);
    randomise(u, p->n);
    assert_int_equal(p->kernels[DEV_CPU]->solve(p, &x, 0, -2, u, u), 1);
    assert_int_equal(p->prepare(p, -2), 0);
    assert_int_equal(p->kernels[DEV_CPU]->solve(p, &x, 0, -2, u, u), 1);
    free(u), free(x.work);
    problem_destroy(&p);
}

/* tables of several runs, overlapping, in any order; values from them and without them agree */
static void boundary_tables(void **state)
{
    static const char text[] = "{grid: [9, 12], payoff: put_on_min, volatility: [0.3, 0.5]}";
    struct problem *p = make(&black_scholes_2d_type, text);
    struct problem *q = make(&black_scholes_2d_type, text);
    struct exec x = scratch(p);
    double *u = vec(p->n), *v = vec(p->n), *e = vec(p->n);
    p->prepare_times(p, 0, 1, 12);
    p->prepare_times(p, 0, 1, 3);
    p->prepare_times(p, 0.5, 2, 7);
    p->prepare_times(p, 0, 1, 48);
    assert_int_equal(((struct black_scholes_2d *)p)->edges.count, 49 + 8 - 1);
    for (int i = 0; i <= 64; i++) {
        const double t = 2 * i / 64.;
        randomise(u, p->n);
        randomise(v, p->n);
        p->kernels[DEV_CPU]->impose(p, &x, t, u);
        q->kernels[DEV_CPU]->impose(q, &x, t, v);
        assert_memory_equal(u, v, p->n * sizeof *u);
        p->exact(p, t, e);
        for (size_t k = 0; k < p->n; k++)
            assert_true((u[k] == e[k]) == boundary(p, k));
    }
    free(u), free(v), free(e), free(x.work);
    problem_destroy(&p);
    problem_destroy(&q);
}

/* ---- start ---- */

static void initial_states(void **state)
{
    struct problem *p = make(&black_scholes_type, "{grid: 401, domain: 400}");
    struct problem *q = make(&black_scholes_type, "{grid: 401, domain: 400, strike: 100.25, "
                                                  "smoothing: cell_average, payoff: put}");
    double *u = vec(p->n), *v = vec(p->n);
    p->initial(p, 0, u);
    q->initial(q, 0, v);
    for (size_t i = 0; i < p->n; i++) {
        assert_true(u[i] == fmax((double)i - 100, 0));
        /* the cell [99.5, 100.5] holds the kink: its mean is 0.75^2/2 */
        CLOSE(v[i], i == 100 ? 0.75 * 0.75 / 2 : fmax(100.25 - (double)i, 0), 1e-12);
    }
    p->initial(p, 1, u);
    p->exact(p, 1, v);
    assert_true(u[0] == 0);
    CLOSE(u[400], 400 - 100 * exp(-0.03), 1e-12);
    CLOSE(u[100], option_call(100, 0.03, 0.4, 1, 100), 0);
    assert_memory_equal(u + 1, v + 1, 399 * sizeof *u);
    free(u), free(v);
    problem_destroy(&p);
    problem_destroy(&q);
}

/* means over cells, by brute force over midpoints */
static void cell_means(void **state)
{
    enum { N = 400 };
    const struct option o = { 100, 0, { 0.4, 0.4 }, 0 };
    static const double cell[][4] = { { 100, 4, 100, 4 },    { 101, 4, 99.5, 6 }, { 60, 8, 60, 5 },
                                      { 120, 10, 118, 6 },   { 70, 4, 131, 4 },   { 99, 9, 250, 1 },
                                      { 100.7, 2, 40, 100 }, { 150, 4, 50, 0 } };
    for (const struct payoff *f = payoffs; f->name; f++)
        for (size_t c = 0; c < COUNT(cell); c++) {
            const double *s = cell[c];
            double sum = 0;
            for (int i = 0; i < N; i++)
                for (int j = 0; j < N; j++)
                    sum += f->payoff(&o, s[0] + s[1] * ((i + 0.5) / N - 0.5),
                                     s[2] + s[3] * ((j + 0.5) / N - 0.5));
            close_to(__LINE__, f->name,
                     black_scholes_cell_mean(&o, f->payoff, s[0], s[1], s[2], s[3]), sum / N / N,
                     2e-4);
        }
    struct problem *p = make(&black_scholes_2d_type, "{grid: [21, 21], smoothing: cell_average}");
    double *u = vec(p->n);
    p->initial(p, 0, u);
    CLOSE(u[5 * 21 + 5], black_scholes_cell_mean(&o, payoffs[0].payoff, 100, 20, 100, 20), 0);
    CLOSE(u[20 * 21 + 5], 300, 0); /* on the boundary nothing is smoothed */
    CLOSE(u[2 * 21 + 10], 100, 1e-12);
    free(u);
    problem_destroy(&p);
}

/* ---- orders ---- */

static double order(double coarse, double fine, double factor)
{
    return log(coarse / fine) / log(factor);
}

/* 1-D: the error at S = strike for grids h, h/2, h/4; steps so small that time does not matter */
static void order_in_space_1d(void **state)
{
    static const char *const form[] = {
        "{grid: %d, domain: 400}",
        "{grid: %d, domain: 400, payoff: put, concentration: 0.4}",
        "{grid: %d, domain: 800, boundary: linear}",
        "{grid: %d, domain: 400, strike: 101, smoothing: cell_average}",
    };
    for (size_t c = 0; c < COUNT(form); c++) {
        double error[3];
        for (int level = 0; level < 3; level++) {
            char text[128];
            snprintf(text, sizeof text, form[c], (40 << level) + 1);
            struct problem *p = make(&black_scholes_type, text);
            const struct option o = ((struct black_scholes *)p)->option;
            struct exec x = scratch(p);
            double *u = vec(p->n), *v = vec(p->n);
            p->initial(p, 0, u);
            crank_nicolson(p, &x, 0, 1, 400, 4, u);
            p->exact(p, 1, v);
            double sum = 0;
            for (size_t i = 0; i < p->n; i++) /* around the strike */
                if (fabs(p->grid.x[0][i] - o.strike) <= 45)
                    sum = fmax(sum, fabs(u[i] - v[i]));
            error[level] = sum;
            free(u), free(v), free(x.work);
            problem_destroy(&p);
        }
        close_to(__LINE__, form[c], order(error[0], error[1], 2), 2, 0.1);
        close_to(__LINE__, form[c], order(error[1], error[2], 2), 2, 0.1);
    }
}

/* against the same grid's solution with many more steps */
static void order_in_time_1d(void **state)
{
    static const char *const text[] = { "{grid: 201}",
                                        "{grid: 201, boundary: linear, payoff: put}" };
    for (size_t c = 0; c < COUNT(text); c++) {
        struct problem *p = make(&black_scholes_type, text[c]);
        struct exec x = scratch(p);
        double *u = vec(p->n), *v = vec(p->n), error[3];
        p->initial(p, 0, v);
        crank_nicolson(p, &x, 0, 1, 2000, 2, v);
        for (int level = 0; level < 3; level++) {
            p->initial(p, 0, u);
            crank_nicolson(p, &x, 0, 1, 20 << level, 2, u);
            error[level] = fabs(at(p, u, 100, 0) - at(p, v, 100, 0));
        }
        close_to(__LINE__, text[c], order(error[0], error[1], 2), 2, 0.1);
        close_to(__LINE__, text[c], order(error[1], error[2], 2), 2, 0.1);
        free(u), free(v), free(x.work);
        problem_destroy(&p);
    }
}

static void order_in_space_2d(void **state)
{
    static const char *const form[] = {
        "{grid: [%d, %d], domain: [400, 400]}",
        "{grid: [%d, %d], domain: [400, 400], payoff: basket, correlation: -0.5}",
        "{grid: [%d, %d], concentration: 0.7, payoff: put_on_min, correlation: 0.3}",
    };
    for (size_t c = 0; c < COUNT(form); c++) {
        double error[2];
        for (int level = 0; level < 2; level++) {
            char text[160];
            const int n = (80 << level) + 1;
            snprintf(text, sizeof text, form[c], n, n);
            struct problem *p = make(&black_scholes_2d_type, text);
            const struct black_scholes_2d *s = (struct black_scholes_2d *)p;
            struct exec x = scratch(p);
            double *u = vec(p->n);
            p->initial(p, 0.25, u); /* smooth */
            mcs(p, &x, 0.25, 1, 40, false, u);
            error[level] = 0;
            for (size_t i = 0; i < p->n; i++) { /* around the strikes */
                const double s1 = p->grid.x[0][i / (size_t)n], s2 = p->grid.x[1][i % (size_t)n];
                if (fabs(s1 - 100) <= 40 && fabs(s2 - 100) <= 40)
                    error[level] = fmax(error[level],
                                        fabs(u[i] - s->payoff->value(&s->option, 1, s1, s2)));
            }
            free(u), free(x.work);
            problem_destroy(&p);
        }
        close_to(__LINE__, form[c], order(error[0], error[1], 2), 2, 0.1);
    }
}

static void order_in_time_2d(void **state)
{
    static const char *const text[] = {
        "{grid: [41, 41]}",
        "{grid: [41, 33], boundary: linear, payoff: put_on_min, correlation: -0.7, "
        "volatility: [0.2, 0.5]}",
    };
    for (size_t c = 0; c < COUNT(text); c++) {
        struct problem *p = make(&black_scholes_2d_type, text[c]);
        struct exec x = scratch(p);
        double *u = vec(p->n), *v = vec(p->n), error[3];
        p->initial(p, 0.2, v);
        mcs(p, &x, 0.2, 1, 400, false, v);
        for (int level = 0; level < 3; level++) {
            p->initial(p, 0.2, u);
            mcs(p, &x, 0.2, 1, 8 << level, false, u);
            error[level] = fabs(at(p, u, 100, 100) - at(p, v, 100, 100));
        }
        close_to(__LINE__, text[c], order(error[0], error[1], 2), 2, 0.1);
        close_to(__LINE__, text[c], order(error[1], error[2], 2), 2, 0.1);
        free(u), free(v), free(x.work);
        problem_destroy(&p);
    }
}

/* ---- values ---- */

static double price(const char *payoff, int n, int steps, const char *more, double *u)
{
    char text[200];
    snprintf(text, sizeof text, "{grid: [%d, %d], payoff: %s, correlation: 0.5%s}", n, n, payoff,
             more);
    struct problem *p = make(&black_scholes_2d_type, text);
    struct exec x = scratch(p);
    double *v = u ? u : vec(p->n);
    p->initial(p, 0, v);
    mcs(p, &x, 0, 1, steps, true, v);
    const double value = at(p, v, 100, 100);
    if (!u)
        free(v);
    free(x.work);
    problem_destroy(&p);
    return value;
}

static void call_on_max_converges(void **state)
{
    const double exact = 26.6405207512;
    static const char *const more[] = { "", ", boundary: linear", ", smoothing: cell_average" };
    for (size_t m = 0; m < COUNT(more); m++) {
        const double coarse = price("call_on_max", 101, 80, more[m], NULL);
        const double fine = price("call_on_max", 201, 80, more[m], NULL);
        CLOSE(fine, exact, 7e-3);
        assert_true(fabs(fine - exact) < 0.32 * fabs(coarse - exact));
    }
    CLOSE(price("call_on_max", 201, 20, "", NULL), exact, 2e-2);
}

/* c_max + c_min = c_1 + c_2 holds for payoffs and boundary values, and the scheme is linear */
static void sums_hold_discretely(void **state)
{
    enum { N = 41, CASES = 4 };
    static const char *const payoff[] = { "call_on_max", "call_on_min", "call_on_first",
                                          "call_on_second" };
    static const char *const more[] = { "", ", boundary: linear",
                                        ", concentration: 0.5, smoothing: cell_average" };
    for (size_t m = 0; m < COUNT(more); m++) {
        double *u[4];
        for (int c = 0; c < CASES; c++) {
            u[c] = vec(N * N);
            price(payoff[c], N, 12, more[m], u[c]);
        }
        for (size_t i = 0; i < N * N; i++)
            CLOSE(u[0][i] + u[1][i], u[2][i] + u[3][i], 1e-10 * 100);
        for (int c = 0; c < CASES; c++)
            free(u[c]);
    }
}

/* ---- Parareal with implicit Euler under Crank-Nicolson: 16 slices, one year, 1000 cells, S to
 * 5000, strike 100. Errors relative to the serial fine solution, computed independently. ---- */

struct slices {
    struct problem *p;
    struct exec x;
    int slices, fine, coarse;
};

static void advance(struct slices *s, bool fine, int n, const double *from, double *to)
{
    const int steps = fine ? s->fine : s->coarse;
    const double dt = 1. / (s->slices * steps);
    memmove(to, from, s->p->n * sizeof *to);
    for (int i = 0; i < steps; i++)
        theta_step(s->p, &s->x, fine ? 0.5 : 1, (n * steps + i) * dt, dt, to);
}

static double distance(const double *u, const double *v, size_t n)
{
    double d = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        d += (u[i] - v[i]) * (u[i] - v[i]);
        norm += v[i] * v[i];
    }
    return sqrt(d / norm);
}

static void parareal(int fine, int coarse, int iterations, const double *expected)
{
    enum { N = 16 };
    struct problem *p = make(&black_scholes_type, "{grid: 1001, domain: 5000}");
    struct slices s = { p, scratch(p), N, fine, coarse };
    double *u[N + 1], *f[N], *old[N], *g = vec(p->n), *serial = vec(p->n);
    for (int n = 0; n <= N; n++)
        u[n] = vec(p->n);
    for (int n = 0; n < N; n++)
        f[n] = vec(p->n), old[n] = vec(p->n);
    p->prepare(p, 0.5 / (N * fine));
    p->prepare(p, 1. / (N * coarse));
    p->initial(p, 0, u[0]);
    memcpy(serial, u[0], p->n * sizeof *serial);
    for (int n = 0; n < N; n++) {
        advance(&s, true, n, serial, serial);
        advance(&s, false, n, u[n], old[n]);
        memcpy(u[n + 1], old[n], p->n * sizeof *g);
    }
    p->exact(p, 1, g);
    CLOSE(distance(serial, g, p->n) / 1.09e-6, 1, 5e-3);
    for (int k = 0; k <= iterations; k++) {
        CLOSE(distance(u[N], serial, p->n) / expected[k], 1, expected[k] > 1e-12 ? 5e-3 : 0.1);
        for (int n = 0; n < N; n++)
            advance(&s, true, n, u[n], f[n]);
        for (int n = 0; n < N; n++) {
            advance(&s, false, n, u[n], g);
            for (size_t i = 0; i < p->n; i++)
                u[n + 1][i] = f[n][i] + (g[i] - old[n][i]);
            memcpy(old[n], g, p->n * sizeof *g);
        }
    }
    for (int n = 0; n <= N; n++)
        free(u[n]);
    for (int n = 0; n < N; n++)
        free(f[n]), free(old[n]);
    free(g), free(serial), free(s.x.work);
    problem_destroy(&p);
}

static void parareal_regression(void **state)
{
    parareal(12, 1, 5, (const double[]){ 5.06e-6, 2.66e-7, 3.88e-8, 9.21e-9, 2.87e-9, 1.04e-9 });
    parareal(200, 100, 2, (const double[]){ 5.17e-8, 2.77e-11, 3.98e-14 });
}

/* ---- input ---- */

static void refuses(const struct problem_type *type, const char *text, const char *message)
{
    char line[512] = "";
    struct config *c = NULL;
    struct problem *p = NULL;
    FILE *file = tmpfile();
    const int keep = dup(STDERR_FILENO);
    assert_non_null(file);
    assert_int_equal(config_parse(&c, "test.yaml", text), 0);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    const int err = type->create(&p, config_root(c));
    fflush(stderr);
    dup2(keep, STDERR_FILENO);
    close(keep);
    rewind(file);
    const bool spoke = fgets(line, sizeof line, file), twice = fgetc(file) != EOF;
    fclose(file);
    config_destroy(&c);
    if (err != -EINVAL || p || !spoke || twice || !strstr(line, message))
        fail_msg("%s: error %d, \"%s\", expected \"%s\"", text, err, line, message);
}

static void wrong_input(void **state)
{
    refuses(&black_scholes_type, "grid: 4", "test.yaml:1: grid");
    refuses(&black_scholes_type, "strike: 100\ndomain: 90", "test.yaml:2: domain");
    refuses(&black_scholes_type, "volatility: 0", "volatility");
    refuses(&black_scholes_type, "payoff: cal", "call");
    refuses(&black_scholes_type, "concentration: -1", "concentration");
    refuses(&black_scholes_type, "volatiliti: 0.4", "volatility");
    refuses(&black_scholes_2d_type, "rate: 0\nvolatility: [0.4]", "test.yaml:2: volatility");
    refuses(&black_scholes_2d_type, "volatility: [0.4, 0]", "volatility");
    refuses(&black_scholes_2d_type, "correlation: 1", "correlation");
    refuses(&black_scholes_2d_type, "grid: [101, 4]", "grid");
    refuses(&black_scholes_2d_type, "grid: [101]", "expected two numbers, got 1");
    refuses(&black_scholes_2d_type, "domain: [400, 100]", "domain");
    refuses(&black_scholes_2d_type, "domain: [1, 2, 3]", "domain");
    refuses(&black_scholes_2d_type, "payoff: exchang", "exchange");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rhs_of_polynomials),
        cmocka_unit_test(equidistant_coefficients),
        cmocka_unit_test(parts_of_polynomials),
        cmocka_unit_test(split_apply_adds),
        cmocka_unit_test(solves),
        cmocka_unit_test(singular_solve),
        cmocka_unit_test(boundary_tables),
        cmocka_unit_test(initial_states),
        cmocka_unit_test(cell_means),
        cmocka_unit_test(order_in_space_1d),
        cmocka_unit_test(order_in_time_1d),
        cmocka_unit_test(order_in_space_2d),
        cmocka_unit_test(order_in_time_2d),
        cmocka_unit_test(call_on_max_converges),
        cmocka_unit_test(sums_hold_discretely),
        cmocka_unit_test(parareal_regression),
        cmocka_unit_test(wrong_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
