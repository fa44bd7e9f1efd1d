// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* SDC for u' = lambda u: stability functions, orders and leading errors against exact values,
 * Pade approximations and published tables. */
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

#include "core/collocation.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { SWEEPS = 16 };
static double QD[SWEEPS * COLLOCATION_MAX * COLLOCATION_MAX];

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.17g is not %.17g within %g", a, b, tolerance);
}

static struct collocation *make(const char *nodes, const char *quadrature, int M)
{
    struct collocation *c;

    assert_int_equal(collocation_create(&c, nodes, quadrature, M), 0);
    return c;
}

static void generate(const struct collocation *c, const char *name, int K)
{
    for (int k = 1; k <= K; k++)
        assert_int_equal(qdelta_generate(c, name, k, QD + (k - 1) * c->M * c->M, NULL), 0);
}

static double complex stability(const struct collocation *c, const char *name, int K, bool update,
                                double re, double im)
{
    double R[2];

    generate(c, name, K);
    assert_int_equal(sdc_stability(c, K, QD, update, (double[]){ re, im }, R), 0);
    return R[0] + R[1] * I;
}

/* One step from a copy of u0, last node, Radau-right, M = 4 */
static void vectors(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double R[4][4]; /* K = 1, ... 4: R(-1), R(-10), R(2i) */
    } rows[] = {
        { "PIC",
          { { 0.000000000000000, -9, 1.000000000000000, 2.000000000000000 },
            { 0.500000000000000, 41, -1.000000000000000, 2.000000000000000 },
            { 0.333333333333333, -125.666666667, -1.000000000000000, 0.666666666666667 },
            { 0.375000000000000, 291, -0.333333333333333, 0.666666666666667 } } },
        { "IE",
          { { 0.416235319194471, 0.00843524452327, -0.135305700674079, 0.593099580180355 },
            { 0.371379029990112, -0.0161535609916, -0.363771416772287, 0.778835159093779 },
            { 0.368050284511044, 0.000949816003063, -0.419587242250306, 0.857464158455697 },
            { 0.367873328035000, -0.00131959729645, -0.426835743517774, 0.892896418888893 } } },
        { "LU",
          { { 0.435841993556932, 0.0869145950524, -0.211632564770517, 0.462600391912198 },
            { 0.375645217287164, -0.00850757935936, -0.456471369622820, 0.766759556322024 },
            { 0.368778041569094, -0.0165423707806, -0.453740168326778, 0.886285185796946 },
            { 0.367983552221914, -0.017250071172, -0.428784595362718, 0.911971555887733 } } },
        { "MIN-SR-NS",
          { { 0.200000000000000, -1.85714285714, 0.200000000000000, 1.600000000000000 },
            { 0.383762551031667, 1.80573348561, -0.515466376140158, 1.060632741350314 },
            { 0.367691842100454, -0.817399237889, -0.423600310299616, 0.916818652591861 },
            { 0.367868410231250, 0.108719184001, -0.416031256024758, 0.911115639944418 } } },
        { "MIN-SR-S",
          { { 0.278065575375914, -1.06114443271, 0.033102564676666, 1.255165337703145 },
            { 0.362487961842850, 0.27449623693, -0.297021902819170, 0.944126583742411 },
            { 0.367768529093517, 0.140705746718, -0.377149587056154, 0.909228655562843 },
            { 0.367919594997223, 0.0269321949788, -0.402332531730309, 0.902055762147230 } } },
        { "MIN-SR-FLEX",
          { { 0.500000000000000, 0.0909090909091, 0.200000000000000, 0.400000000000000 },
            { 0.371238425925926, -0.150618411925, -0.155014287658185, 0.751113530185513 },
            { 0.367095383276288, 0.0593092911428, -0.339511604985288, 0.851199750336992 },
            { 0.367846986923008, 0.063221150367, -0.397424814186332, 0.888112008377612 } } },
    };
    struct collocation *c = make("legendre", "radau_right", 4);
    for (size_t r = 0; r < COUNT(rows); r++) {
        for (int K = 1; K <= 4; K++) {
            const double *expected = rows[r].R[K - 1];
            const double complex z = stability(c, rows[r].name, K, false, 0, 2);
            near(creal(stability(c, rows[r].name, K, false, -1, 0)), expected[0], 1e-12);
            /* printed to 12 digits */
            near(creal(stability(c, rows[r].name, K, false, -10, 0)), expected[1],
                 5.1e-12 * fmax(fabs(expected[1]), 0.1) + (K == 3 && r == 0 ? 4e-10 : 0));
            near(creal(z), expected[2], 1e-12);
            near(cimag(z), expected[3], 1e-12);
        }
    }
    near(creal(stability(c, "IE", 40, false, -1, 0)), 0.367879203843514, 1e-14);
    collocation_destroy(&c);
}

static void near_complex(double complex a, double complex b, double tolerance)
{
    near(creal(a), creal(b), tolerance * (1 + cabs(b)));
    near(cimag(a), cimag(b), tolerance * (1 + cabs(b)));
}

/* Q as its own preconditioner gives collocation: Gauss, Radau IIA and Lobatto IIIA methods, whose
 * stability functions are Pade approximations of exp. */
static void pade(void **state)
{
    (void)state;
    static const double z[][2] = { { -1, 0 }, { 0.3, 0.5 }, { 0, 2 }, { -40, 3 }, { 0, 0 } };
    struct collocation *midpoint = make("legendre", "gauss", 1);
    struct collocation *gauss = make("legendre", "gauss", 2);
    struct collocation *radau = make("legendre", "radau_right", 2);
    struct collocation *lobatto = make("legendre", "lobatto", 3);
    for (size_t i = 0; i < COUNT(z); i++) {
        const double re = z[i][0], im = z[i][1];
        const double complex x = re + im * I;
        const double complex two = (1 + x / 2 + x * x / 12) / (1 - x / 2 + x * x / 12);
        near_complex(stability(midpoint, "Exact", 1, true, re, im), (1 + x / 2) / (1 - x / 2),
                     1e-14);
        near_complex(stability(gauss, "Exact", 1, true, re, im), two, 1e-14);
        near_complex(stability(lobatto, "Exact", 1, false, re, im), two, 1e-14);
        near_complex(stability(lobatto, "Exact", 1, true, re, im), two, 1e-14);
        near_complex(stability(radau, "Exact", 1, false, re, im),
                     (1 + x / 3) / (1 - 2 * x / 3 + x * x / 6), 1e-14);
    }
    collocation_destroy(&midpoint);
    collocation_destroy(&gauss);
    collocation_destroy(&radau);
    collocation_destroy(&lobatto);
}

/* |R(-infinity)| of the last node, and the largest |R| on the imaginary axis, M = 4 */
static void stiff_and_imaginary(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double stiff[5], axis[5]; /* K = 1, ... 5 */
    } rows[] = {
        { "MIN-SR-NS", { 3, 9, 27, 81, 243 }, { 3, 9, 27, 81, 243 } },
        { "MIN-SR-S", { 1.60, 1.56, .692, 0, 0 }, { 1.60, 1.57, 1, 1, 1 } },
        { "MIN-SR-FLEX", { 0, 0, 0, 0, 0 }, { 1, 1, 1, 1, 1 } },
        { "LU", { 0, 0, 0, 0, 0 }, { 1, 1, 1.005, 1.008, 1.006 } },
        { "IE", { 0, 0, 0, 0, 0 }, { 1, 1, 1, 1.001, 1.001 } },
        { "IEpar", { 0, 0, 0, 0, 0 }, { 1, 1, 1.002, 1.008, 1.014 } },
        { "VDHS", { 3.29, 7.59, 7.02, .141, .0059 }, { 3.29, 7.59, 7.02, 3.13, 1.74 } },
        { "Qpar", { 15, 22, 2.49, 21.4, 16.2 }, { 15, 22, 2.49, 21.4, 16.2 } },
    };
    struct collocation *c = make("legendre", "radau_right", 4);
    for (size_t r = 0; r < COUNT(rows); r++) {
        for (int K = 1; K <= 5; K++) {
            const double stiff = rows[r].stiff[K - 1], axis = rows[r].axis[K - 1];
            double largest = 0;
            near(cabs(stability(c, rows[r].name, K, false, -INFINITY, 0)), stiff,
                 stiff == 0     ? 1e-12
                 : stiff < 0.01 ? 5.1e-5
                 : stiff < 1    ? 5.1e-4
                 : stiff < 10   ? 5.1e-3
                                : 0.51);
            for (int i = -300; i <= 600; i++) {
                double R[2];
                const double z[2] = { 0, pow(10, i / 100.0) };
                assert_int_equal(sdc_stability(c, K, QD, false, z, R), 0);
                largest = fmax(largest, hypot(R[0], R[1]));
            }
            near(largest, axis, axis < 1.1 ? 5.1e-4 : axis < 10 ? 6e-3 : 0.51);
        }
    }
    for (int K = 1; K <= 4; K++) /* exact: (M - 1)^K */
        near(cabs(stability(c, "MIN-SR-NS", K, false, -INFINITY, 0)), pow(3, K), 1e-12);
    /* far away the limit is approached like 1/z */
    near_complex(stability(c, "MIN-SR-S", 2, false, -1e12, 0),
                 stability(c, "MIN-SR-S", 2, false, -INFINITY, 0), 1e-10);
    collocation_destroy(&c);
}

/* where tau_1 = 0, that node keeps u0, however stiff */
static void first_node(void **state)
{
    (void)state;
    struct collocation *c = make("legendre", "lobatto", 3);
    double R[2];
    generate(c, "MIN-SR-S", 4);
    assert_int_equal(sdc_stability(c, 4, QD, false, (double[]){ -INFINITY, 0 }, R), 0);
    near(hypot(R[0], R[1]), 1, 1e-12); /* Lobatto IIIA: (1 + z/2 + z^2/12) / (1 - z/2 + z^2/12) */
    assert_int_equal(sdc_stability(c, 4, QD, false, (double[]){ -1e-3, 0 }, R), 0);
    near(R[0], exp(-1e-3), 1e-15);
    collocation_destroy(&c);
}

static void check_order(const struct collocation *c, const char *name, int K, bool update,
                        int order, double coefficient, double tolerance)
{
    double error;
    int p;

    generate(c, name, K);
    assert_int_equal(sdc_order(c, K, QD, update, &p, &error), 0);
    if (p != order)
        fail_msg("%s, %d nodes, %d sweeps: order %d, not %d", name, c->M, K, p, order);
    if (coefficient != 0)
        near(error, coefficient, tolerance * fabs(coefficient));
}

/* order, and the coefficient of z^(p+1) in R - exp(z), as published (4 digits; 0: not known) */
static void local_errors(void **state)
{
    (void)state;
    static const struct {
        int M;
        const char *name;
        int order[6];
        double coefficient[6];
    } rows[] = {
        { 2, "MIN-SR-NS", { 2, 3, 3 }, { 8.333e-2, -1.389e-2 } },
        { 2, "MIN-SR-S", { 1, 2, 3, 3 }, { 1.449e-1, -3.431e-2, -5.768e-3, -1.389e-2 } },
        { 3, "MIN-SR-NS", { 1, 3, 4, 5, 5 }, { -.1667, 4.630e-3, -6.173e-4, 1.389e-4 } },
        { 3,
          "MIN-SR-S",
          { 1, 2, 3, 4, 5 },
          { -1.871e-2, 1.189e-2, -3.500e-3, 9.332e-4, -1.050e-4 } },
        { 4,
          "MIN-SR-NS",
          { 1, 2, 4, 5, 6, 7 },
          { -.25, -2.083e-2, 2.604e-4, -2.170e-5, 2.325e-6, -7.086e-7 } },
        { 4,
          "MIN-SR-S",
          { 1, 2, 3, 4, 5, 6 },
          { -.1148, 1.334e-2, -1.531e-3, 1.918e-4, -2.800e-5, 4.886e-6 } },
        { 4,
          "PIC",
          { 1, 2, 3, 4, 5, 6 },
          { -1.0 / 2, -1.0 / 6, -1.0 / 24, -1.0 / 120, -1.0 / 720, -1.0 / 5040 } },
        { 4,
          "LU",
          { 1, 2, 3, 4, 5, 6 },
          { .1760, -3.096e-2, 5.391e-3, -9.344e-4, 1.616e-4, -2.794e-5 } },
        { 4,
          "IE",
          { 1, 2, 3, 4, 5, 6 },
          { .1495, -2.441e-2, 4.084e-3, -6.890e-4, 1.160e-4, -1.937e-5 } },
        { 5,
          "MIN-SR-NS",
          { 1, 2, 3, 5, 6, 7 },
          { -.3, -.04, -.002, 1.333e-5, -7.619e-7, 5.714e-8 } },
    };
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct collocation *c = make("legendre", "radau_right", rows[r].M);
        for (int K = 1; K <= 6 && rows[r].order[K - 1]; K++)
            check_order(c, rows[r].name, K, false, rows[r].order[K - 1], rows[r].coefficient[K - 1],
                        5e-4);
        collocation_destroy(&c);
    }
}

/* Diagonals nodes / c_k give -prod over k of (1/(k+1) - 1/c_k) while K < M, whatever the nodes. */
static void exact_local_errors(void **state)
{
    (void)state;
    for (const char *const *nodes = collocation_nodes_names; *nodes; nodes++) {
        struct collocation *c = make(*nodes, "LOBATTO", 5);
        double flex = -1, parallel = -1, picard = -1;
        for (int K = 1; K < 5; K++) {
            flex *= 1.0 / (K + 1) - 1.0 / K;
            parallel *= 1.0 / (K + 1) - 1;
            picard *= 1.0 / (K + 1);
            check_order(c, "MIN-SR-FLEX", K, false, K, flex, 1e-11);
            check_order(c, "BEPAR", K, false, K, parallel, 1e-11);
            check_order(c, "PIC", K, false, K, picard, 1e-11);
        }
        collocation_destroy(&c);
    }
    struct collocation *c = make("legendre", "radau-right", 5);
    static const double jumper[] = { 1.0 / 12, -1.0 / 240, 1.3228e-4, -2.9615e-6 };
    for (int K = 1; K <= 4; K++)
        check_order(c, "JUMPER", K, false, 2 * K, jumper[K - 1], 1e-4);
    collocation_destroy(&c);
    for (int M = 2; M <= 7; M++) { /* FLEX: (-1)^(K+1) / (K! (K+1)!) for K <= M, so K = M too */
        double coefficient = -1;
        c = make("legendre", "radau-right", M);
        for (int K = 1; K <= M; K++) {
            coefficient *= -1.0 / (K * (K + 1));
            check_order(c, "MIN-SR-FLEX", K, false, K, coefficient, 1e-9);
        }
        collocation_destroy(&c);
    }
}

static void orders(void **state)
{
    (void)state;
    static const char *const names[] = { "PIC", "IE", "LU", "MIN-SR-S", "MIN-SR-FLEX" };
    for (int M = 2; M <= 4; M++) {
        struct collocation *c = make("legendre", "radau-right", M);
        struct collocation *gauss = make("legendre", "gauss", M);
        const int most = 2 * M - 1;
        for (int K = 1; K <= 2 * M; K++) {
            for (size_t i = 0; i < COUNT(names); i++)
                check_order(c, names[i], K, false, K < most ? K : most, 0, 0);
            const int ns = K < M - 1 ? K : K + 1;
            check_order(c, "MIN-SR-NS", K, false, ns < most ? ns : most, 0, 0);
            /* the quadrature update wins an order from sweep to step */
            check_order(gauss, "PIC", K, true, K + 1 < 2 * M ? K + 1 : 2 * M, 0, 0);
        }
        check_order(c, "Exact", 1, false, most, 0, 0);
        check_order(gauss, "Exact", 1, true, 2 * M, 0, 0);
        collocation_destroy(&c);
        collocation_destroy(&gauss);
    }
}

/* u' = i u over one period in N steps, largest error over the steps (published, 5 digits) */
static void dahlquist(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int K;
        double errors[3]; /* N = 5, 20, 100 */
    } rows[] = {
        { "MIN-SR-NS", 1, { 3.4198, 0.62415, 0.10367 } },
        { "MIN-SR-NS", 2, { 0.23089, 0.012977, 0.00051684 } },
        { "MIN-SR-NS", 3, { 0.004698, 1.6125e-05, 2.5514e-08 } },
        { "MIN-SR-NS", 4, { 0.00050879, 4.2405e-07, 1.3361e-10 } },
        { "MIN-SR-S", 1, { 1.3468, 0.25579, 0.046393 } },
        { "MIN-SR-S", 2, { 0.14815, 0.0083829, 0.00033112 } },
        { "MIN-SR-S", 3, { 0.026678, 0.0003095, 2.3894e-06 } },
        { "MIN-SR-S", 4, { 0.00672, 1.3512e-05, 1.8905e-08 } },
        { "MIN-SR-FLEX", 1, { 1.0244, 0.6219, 0.17897 } },
        { "MIN-SR-FLEX", 2, { 0.43423, 0.048868, 0.0020632 } },
        { "MIN-SR-FLEX", 3, { 0.098668, 0.001516, 1.0889e-05 } },
        { "MIN-SR-FLEX", 4, { 0.016485, 3.6924e-05, 3.5528e-08 } },
    };
    static const int steps[] = { 5, 20, 100 };
    struct collocation *c = make("legendre", "radau_right", 4);
    for (size_t r = 0; r < COUNT(rows); r++) {
        for (int i = 0; i < 3; i++) {
            const double dt = 2 * acos(-1) / steps[i];
            const double complex R = stability(c, rows[r].name, rows[r].K, false, 0, dt);
            double complex u = 1;
            double largest = 0;
            for (int n = 1; n <= steps[i]; n++) {
                u *= R;
                largest = fmax(largest, cabs(u - cexp(I * dt * n)));
            }
            near(largest / rows[r].errors[i], 1, 1e-4);
        }
    }
    collocation_destroy(&c);
}

static void errors(void **state)
{
    (void)state;
    struct collocation *c = make("legendre", "gauss", 3);
    char text[COLLOCATION_TEXT];
    double R[2], series[4], coefficient;
    int order;
    generate(c, "PIC", 2);
    assert_int_equal(sdc_stability(c, 2, QD, false, (double[]){ 1, 0 }, R),
                     COLLOCATION_NO_LAST_NODE);
    assert_int_equal(sdc_series(c, 2, QD, false, 3, series), COLLOCATION_NO_LAST_NODE);
    assert_int_equal(sdc_order(c, 2, QD, false, &order, &coefficient), COLLOCATION_NO_LAST_NODE);
    assert_int_equal(sdc_stability(c, 2, QD, true, (double[]){ -INFINITY, 0 }, R), -EINVAL);
    assert_non_null(
        strstr(collocation_explain(text, COLLOCATION_NO_LAST_NODE, "LEGENDRE", "GAUSS", 3, NULL),
               "ask for the quadrature update, or take RADAU-RIGHT or LOBATTO nodes"));
    collocation_destroy(&c);
    c = make("legendre", "radau-right", 3);
    generate(c, "PIC", 2);
    assert_int_equal(sdc_stability(c, 2, QD, false, (double[]){ 0, INFINITY }, R), QDELTA_SINGULAR);
    collocation_destroy(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(pade),
        cmocka_unit_test(stiff_and_imaginary),
        cmocka_unit_test(first_node),
        cmocka_unit_test(local_errors),
        cmocka_unit_test(exact_local_errors),
        cmocka_unit_test(orders),
        cmocka_unit_test(dahlquist),
        cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
