// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Optimisers and schedules: Adam and AdamW take the steps that PyTorch takes; L-BFGS is BFGS with a
 * limited memory, written out with dense matrices, and finds the minimum of Rosenbrock's function;
 * schedules are their formulas. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/optimiser.h"
#include "tests/near.h"

static struct config *config;

static struct optimiser bind(const char *text)
{
    struct optimiser o;
    config_destroy(&config);
    assert_int_equal(config_parse(&config, "test", text), 0);
    assert_int_equal(optimiser_bind(&o, config_root(config)), 0);
    return o;
}

static void toy(const double *p, double *g)
{
    g[0] = 4 * p[0] * p[0] * p[0] + p[1] * cos(p[0] * p[1]);
    g[1] = p[0] * cos(p[0] * p[1]) + p[2] * exp(p[1] * p[2]);
    g[2] = p[1] * exp(p[1] * p[2]);
}

/* torch.optim 1.13.1 in float64 on p0^4 + sin(p0 p1) + exp(p1 p2) from (1, -2, 0.5) */
static const struct {
    const char *config;
    double after[5][3];
} torch[] = {
    { "{name: adam, rate: 0.1, beta: [0.8, 0.9], epsilon: 1e-3}",
      { { 0.90002068982494421, -1.9004288033818684, 0.59986427038425105 },
        { 0.80333473601538596, -1.8610078858829797, 0.69870604201597686 },
        { 0.71272846756823249, -1.8924452022881717, 0.79597444328499911 },
        { 0.63097952102472421, -1.9548634655378498, 0.89104115356478308 },
        { 0.56092160371051547, -2.0320671599284053, 0.98321811311271923 } } },
    { "{name: adam, rate: 0.1, decay: 0.3}",
      { { 0.90000000019484472, -1.900000001201624, 0.59999999829281292 },
        { 0.80287196480220058, -1.8041567643853313, 0.69800099207995192 },
        { 0.71127633202453966, -1.716690857980268, 0.79252545903678995 },
        { 0.62786279525035915, -1.6412735520936932, 0.88202128386353507 },
        { 0.55469241433409888, -1.5796373642313226, 0.96490800043490743 } } },
    { "{name: adamw, rate: 0.1, decay: 0.3}",
      { { 0.87000000020694102, -1.8400000043064999, 0.58499999864085905 },
        { 0.7491573702652965, -1.7756265980187296, 0.66671940532436869 },
        { 0.64108620621649259, -1.7690196104151423, 0.74491933439485547 },
        { 0.54870810675471804, -1.7839331064129034, 0.81938075443351555 },
        { 0.4737429890280761, -1.8090460819769172, 0.88990659576171971 } } },
};

static void steps_are_those_of_pytorch(void **unused)
{
    (void)unused;
    for (size_t c = 0; c < sizeof torch / sizeof *torch; c++)
        for (int bits = 0; bits < 2; bits++) {
            const enum dtype dtype = bits ? DTYPE_F64 : DTYPE_F32;
            const struct optimiser o = bind(torch[c].config);
            double p[3] = { 1, -2, 0.5 }, g[3], *state = calloc(optimiser_state(&o, dtype, 3), 8);
            float pf[3], gf[3];
            struct optimiser_step done;
            for (long t = 0; t < 5; t++) {
                toy(p, g);
                const double norm = sqrt(g[0] * g[0] + g[1] * g[1] + g[2] * g[2]);
                for (int i = 0; i < 3; i++) {
                    pf[i] = (float)p[i];
                    gf[i] = (float)g[i];
                }
                assert_true(optimiser_update(&o, dtype, 3, t, 5, 1.0, bits ? (void *)p : pf,
                                             bits ? (void *)g : gf, state, &done));
                for (int i = 0; i < 3; i++) {
                    if (!bits)
                        p[i] = pf[i];
                    assert_true(fabs(p[i] - torch[c].after[t][i]) <= (bits ? 1e-14 : 1e-6));
                }
                assert_true(fabs(done.norm - norm) <= (bits ? 1e-14 : 1e-6) * norm);
                assert_true(done.rate == 0.1 && done.loss == 1.0);
            }
            free(state);
        }
}

/* the first step of Adam is rate*sign(g), whatever the length of g */
static void clipping_shortens(void **unused)
{
    (void)unused;
    const struct optimiser o = bind("{name: adam, clip: 0.5, epsilon: 1}");
    double p[2] = { 0, 0 }, g[2] = { 3, 4 }, state[16] = { 0 };
    struct optimiser_step done;
    assert_true(optimiser_update(&o, DTYPE_F64, 2, 0, 1, 0.0, p, g, state, &done));
    assert_near(done.norm, 5.0, 1e-15);
    assert_near(p[0], -1e-3 * 0.3 / 1.3, 1e-17);
    assert_near(p[1], -1e-3 * 0.4 / 1.4, 1e-17);
}

static void what_is_not_finite_changes_nothing(void **unused)
{
    (void)unused;
    static const double bad[] = { NAN, INFINITY, -INFINITY };
    const struct optimiser o = bind("{name: adamw}");
    struct optimiser_step done;
    for (int i = 0; i < 3; i++)
        for (int where = 0; where < 2; where++) {
            double p[2] = { 1, 2 }, g[2] = { 3, where ? bad[i] : 4 }, state[16] = { 0 };
            assert_false(
                optimiser_update(&o, DTYPE_F64, 2, 0, 1, where ? 0.0 : bad[i], p, g, state, &done));
            assert_true(p[0] == 1 && p[1] == 2);
            for (int j = 0; j < 16; j++)
                assert_true(state[j] == 0.0);
        }
}

/* ---------------------------------------------------------------- L-BFGS */

enum { MOST = 12 };

static double rosenbrock(size_t n, const double *p, double *g)
{
    double f = 0;
    memset(g, 0, n * sizeof *g);
    for (size_t i = 0; i + 1 < n; i++) {
        const double a = p[i + 1] - p[i] * p[i], b = 1 - p[i];
        f += 100 * a * a + b * b;
        g[i] += -400 * p[i] * a - 2 * b;
        g[i + 1] += 200 * a;
    }
    return f;
}

static double quadratic(size_t n, const double *p, double *g)
{
    double f = 0;
    for (size_t i = 0; i < n; i++) {
        const double c = pow(10.0, 2.0 * (double)i / (double)(n - 1)); /* condition 100 */
        g[i] = c * (p[i] - 1);
        f += 0.5 * c * (p[i] - 1) * (p[i] - 1);
    }
    return f;
}

static double minimise(const struct optimiser *o, double (*f)(size_t, const double *, double *),
                       size_t n, long evaluations, double *p)
{
    double g[MOST], *state = calloc(optimiser_state(o, DTYPE_F64, n), sizeof *state),
                    last = INFINITY;
    struct optimiser_step done;
    for (long t = 0; t < evaluations; t++) {
        const double value = f(n, p, g);
        assert_true(optimiser_update(o, DTYPE_F64, n, t, evaluations, value, p, g, state, &done));
        assert_true(done.loss <= last); /* of accepted points */
        last = done.loss;
    }
    optimiser_result(o, DTYPE_F64, n, state, p);
    assert_true(f(n, p, g) == last);
    free(state);
    return last;
}

/* SciPy's L-BFGS-B needs 36 iterations, 46 evaluations, for 1e-14 here (its test of the same
 * function and start) */
static void minima_are_found(void **unused)
{
    (void)unused;
    const struct optimiser o = bind("{name: lbfgs}");
    double p[MOST] = { -1.2, 1 };
    assert_true(minimise(&o, rosenbrock, 2, 60, p) < 1e-14);
    assert_true(fabs(p[0] - 1) < 1e-6 && fabs(p[1] - 1) < 1e-6);
    double far[MOST] = { 0 };
    assert_true(minimise(&o, quadratic, MOST, 68, far) < 1e-14);
    double short_of[MOST] = { 0 };
    assert_true(minimise(&o, quadratic, MOST, 5, short_of) > 1e-6); /* it is not that easy */
}

/* every accepted step starts along -H g with H of the BFGS formula (Nocedal & Wright 2006,
 * eq. 7.16), from gamma I and the last pairs */
static void directions_are_those_of_bfgs(void **unused)
{
    (void)unused;
    enum { N = 5, HISTORY = 3 };
    const struct optimiser o = bind("{name: lbfgs, history: 3}");
    double p[N] = { -1.2, 1, 0.7, -0.3, 2 }, g[N], s[200][N], y[200][N], x0[N] = { 0 },
           g0[N] = { 0 };
    double *state = calloc(optimiser_state(&o, DTYPE_F64, N), sizeof *state);
    const struct lbfgs_facts *facts = (const struct lbfgs_facts *)state;
    struct optimiser_step done;
    long pairs = 0, checked = 0;
    for (long t = 0; t < 60; t++) {
        double here[N], before = facts->iterations;
        const double value = rosenbrock(N, p, g);
        memcpy(here, p, sizeof here);
        assert_true(optimiser_update(&o, DTYPE_F64, N, t, 60, value, p, g, state, &done));
        if (t == 0) { /* steepest descent of length 1 in the sum of absolute values */
            double size = 0;
            for (int i = 0; i < N; i++)
                size += fabs(g[i]);
            for (int i = 0; i < N; i++)
                assert_near(p[i] - here[i], -g[i] / size, 1e-12);
        } else if (facts->iterations > before) {
            double H[N][N] = { { 0 } }, gamma = 0, d[N] = { 0 };
            for (int i = 0; i < N; i++) {
                s[pairs][i] = here[i] - x0[i];
                y[pairs][i] = g[i] - g0[i];
            }
            pairs++;
            double sy = 0, yy = 0;
            for (int i = 0; i < N; i++) {
                sy += s[pairs - 1][i] * y[pairs - 1][i];
                yy += y[pairs - 1][i] * y[pairs - 1][i];
            }
            gamma = sy / yy;
            for (int i = 0; i < N; i++)
                H[i][i] = gamma;
            for (long k = pairs > HISTORY ? pairs - HISTORY : 0; k < pairs; k++) {
                double V[N][N], HV[N][N], rho = 0;
                for (int i = 0; i < N; i++)
                    rho += s[k][i] * y[k][i];
                rho = 1 / rho;
                for (int i = 0; i < N; i++)
                    for (int j = 0; j < N; j++)
                        V[i][j] = (i == j) - rho * y[k][i] * s[k][j];
                for (int i = 0; i < N; i++)
                    for (int j = 0; j < N; j++) {
                        HV[i][j] = 0;
                        for (int l = 0; l < N; l++)
                            HV[i][j] += H[i][l] * V[l][j];
                    }
                for (int i = 0; i < N; i++)
                    for (int j = 0; j < N; j++) {
                        H[i][j] = rho * s[k][i] * s[k][j];
                        for (int l = 0; l < N; l++)
                            H[i][j] += V[l][i] * HV[l][j];
                    }
            }
            double largest = 0;
            for (int i = 0; i < N; i++) {
                for (int j = 0; j < N; j++)
                    d[i] -= H[i][j] * g[j];
                largest = fmax(largest, fabs(d[i]));
            }
            for (int i = 0; i < N; i++)
                assert_true(fabs(p[i] - (here[i] + d[i])) <= 1e-10 * largest);
            checked++;
        }
        if (t == 0 || facts->iterations > before) {
            memcpy(x0, here, sizeof x0);
            memcpy(g0, g, sizeof g0);
        }
    }
    assert_in_range(checked, 10, 59);
    free(state);
}

/* a trial point where the loss is not defined is a step too long, not the end */
static double barrier(size_t n, const double *p, double *g)
{
    g[0] = 1 - 0.01 / p[0];
    return p[0] > 0 ? p[0] - 0.01 * log(p[0]) : NAN; /* least at 0.01 */
}

static void undefined_trials_come_back(void **unused)
{
    (void)unused;
    const struct optimiser o = bind("{name: lbfgs}");
    double p[1] = { 0.9 };
    minimise(&o, barrier, 1, 60, p);
    assert_true(fabs(p[0] - 0.01) < 1e-8);
}

/* ---------------------------------------------------------------- schedules */

static void schedules_are_their_formulas(void **unused)
{
    (void)unused;
    static const struct {
        const char *config;
        double factor[5]; /* in steps 0, 25, 50, 75, 99 of 100 */
    } rows[] = {
        { "{name: constant}", { 1, 1, 1, 1, 1 } },
        { "{name: step, every: 25, factor: 0.5}", { 1, 0.5, 0.25, 0.125, 0.125 } },
        { "{name: exponential, final: 0.0001}", { 1, 0.1, 0.01, 0.001, 1.0964781961431851e-4 } },
        { "{name: cosine}",
          { 1, 0.85355339059327373, 0.5, 0.14644660940672624, 2.4671981713422e-4 } },
        { "{name: cosine, final: 0.2}",
          { 1, 0.88284271247461907, 0.6, 0.31715728752538100, 0.2001973758537 } },
        { "{name: constant, warmup: 50}", { 1. / 51, 26. / 51, 1, 1, 1 } },
    };
    static const long at[] = { 0, 25, 50, 75, 99 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct schedule s;
        config_destroy(&config);
        assert_int_equal(config_parse(&config, "test", rows[i].config), 0);
        assert_int_equal(schedule_bind(&s, config_root(config)), 0);
        for (int j = 0; j < 5; j++)
            assert_near(schedule_factor(&s, at[j], 100), rows[i].factor[j], 1e-11);
    }
}

/* the same gradient in float32 and at any alignment: sums keep their order */
static void sums_have_one_order(void **unused)
{
    (void)unused;
    enum { N = 1003 };
    float *a = calloc(N + 8, sizeof *a), *b = calloc(N + 8, sizeof *b);
    for (int i = 0; i < N; i++)
        a[i] = b[i + 3] = (float)sin(7.1 * i);
    assert_true(squares_f32(N, a) == squares_f32(N, b + 3));
    double plain = 0;
    for (int i = 0; i < N; i++)
        plain += (double)a[i] * a[i];
    assert_near(squares_f32(N, a), plain, 1e-13 * plain);
    free(a);
    free(b);
}

static int tear_down(void **unused)
{
    (void)unused;
    config_destroy(&config);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_those_of_pytorch),
        cmocka_unit_test(clipping_shortens),
        cmocka_unit_test(what_is_not_finite_changes_nothing),
        cmocka_unit_test(minima_are_found),
        cmocka_unit_test(directions_are_those_of_bfgs),
        cmocka_unit_test(undefined_trials_come_back),
        cmocka_unit_test(schedules_are_their_formulas),
        cmocka_unit_test(sums_have_one_order),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
