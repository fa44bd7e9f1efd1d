// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Preconditioners of SDC against what is known exactly (spectra, nilpotency, invariants, formulas)
 * and against published tables; the list of them, and what errors say. */
#include <limits.h>
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
enum { SIZE = COLLOCATION_MAX * COLLOCATION_MAX };

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

static struct collocation *radau(int M)
{
    return make("legendre", "radau_right", M);
}

static void generate(const struct collocation *c, const char *name, int K, double *QD)
{
    for (int k = 1; k <= K; k++)
        assert_int_equal(qdelta_generate(c, name, k, QD + (k - 1) * c->M * c->M, NULL), 0);
}

static void check_diagonal(const struct collocation *c, const char *name, const double *d,
                           double tolerance)
{
    double QD[SIZE];

    generate(c, name, 1, QD);
    for (int i = 0; i < c->M; i++)
        for (int j = 0; j < c->M; j++)
            near(QD[i * c->M + j], i == j ? d[i] : 0, i == j ? tolerance : 0);
}

static double stiff_radius(const struct collocation *c, const char *name)
{
    double QD[SIZE], K[SIZE];

    generate(c, name, 1, QD);
    assert_int_equal(sdc_stiff(c, QD, K), 0);
    return spectral_radius(c->M, K);
}

/* A := B A */
static void multiply(int n, const double *B, double *A)
{
    double C[SIZE] = { 0 };

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            for (int k = 0; k < n; k++)
                C[i * n + j] += B[i * n + k] * A[k * n + j];
    memcpy(A, C, (size_t)(n * n) * sizeof *A);
}

/* ---- exact facts, for every kind of nodes ---- */

/* diag(1/tau) Q has the eigenvalues 1, 1/2, ... 1/M: Q tau^(j-1) = tau^j / j */
static void eigenpairs(const struct collocation *c)
{
    for (int j = 1; j <= c->M; j++) {
        for (int m = 0; m < c->M; m++) {
            double sum = 0;
            for (int i = 0; i < c->M; i++)
                sum += c->Q[m * c->M + i] * pow(c->tau[i], j - 1);
            near(sum, pow(c->tau[m], j) / j, 1e-14);
        }
    }
}

/* (Q - QDelta)^M = 0 for MIN-SR-NS; (1 - QDelta^-1 Q)^M = 0 for MIN-SR-S and LU; the product of
 * 1 - QDelta_k^-1 Q over k = 1, ... M is 0 for MIN-SR-FLEX, in any order. */
static void nilpotency(const struct collocation *c)
{
    const int M = c->M;
    static const char *const names[] = { "MIN-SR-S", "LU" };
    /* between powers that vanish, rounding errors of the entries grow */
    const double tolerance = c->nodes == NODES_LEGENDRE ? 1e-12
                             : c->nodes == NODES_EQUID  ? 1e-8
                                                        : 1e-11;
    double QD[SIZE], K[SIZE], up[SIZE] = { 0 }, down[SIZE] = { 0 };

    generate(c, "MIN-SR-NS", 1, QD);
    sdc_nonstiff(c, QD, K);
    near(power_norm(M, K, M), 0, 1e-15);
    for (size_t i = 0; i < COUNT(names); i++) {
        generate(c, names[i], 1, QD);
        assert_int_equal(sdc_stiff(c, QD, K), 0);
        near(power_norm(M, K, M), 0, tolerance);
    }
    for (int i = 0; i < M; i++)
        up[i * M + i] = down[i * M + i] = 1;
    for (int k = 1; k <= M; k++) {
        assert_int_equal(qdelta_generate(c, "MIN-SR-FLEX", k, QD, NULL), 0);
        assert_int_equal(sdc_stiff(c, QD, K), 0);
        multiply(M, K, up);
        assert_int_equal(qdelta_generate(c, "MIN-SR-FLEX", M + 1 - k, QD, NULL), 0);
        assert_int_equal(sdc_stiff(c, QD, K), 0);
        multiply(M, K, down);
    }
    for (int i = 0; i < M * M; i++) {
        near(up[i], 0, tolerance);
        near(down[i], 0, tolerance);
    }
}

/* QDelta of MIN-SR-S has the determinant of Q, and trace(QDelta^-1 Q) is the number of nodes; LU
 * has the pivots of Q, which LDU keeps. MIN-SR-S ascends: of all solutions, the published one. */
static void invariants(const struct collocation *c)
{
    const int M = c->M, first = c->includes_left;
    double S[SIZE], LU[SIZE], LDU[SIZE], trace = 0, ratio = 1;

    generate(c, "MIN-SR-S", 1, S);
    generate(c, "LU", 1, LU);
    generate(c, "LDU", 1, LDU);
    for (int i = first * (M + 1); i < M * M; i += M + 1) {
        trace += c->Q[i] / S[i];
        ratio *= S[i] / LU[i];
        assert_true(LU[i] == LDU[i]);
        assert_true(S[i] > (i ? S[i - M - 1] : 0));
    }
    near(trace, M - first, 1e-11);
    near(ratio, 1, 1e-11);
}

static void exact_facts(void **state)
{
    (void)state;
    for (const char *const *nodes = collocation_nodes_names; *nodes; nodes++) {
        for (const char *const *ends = collocation_quadrature_names; *ends; ends++) {
            for (int M = 2; M <= 7; M++) {
                struct collocation *c = make(*nodes, *ends, M);
                eigenpairs(c);
                nilpotency(c);
                invariants(c);
                collocation_destroy(&c);
            }
        }
    }
}

static void spectra(void **state)
{
    (void)state;
    for (int M = 2; M <= 5; M++) {
        struct collocation *c = radau(M);
        const double determinants[] = { 1.0 / 6, 1.0 / 60, 1.0 / 840, 1.0 / 15120 };
        double LU[SIZE], product = 1;
        near(stiff_radius(c, "MIN-SR-NS"), M - 1, 1e-12);
        near(stiff_radius(c, "IEpar"), 1 - 1.0 / M, 1e-12);
        generate(c, "LU", 1, LU);
        for (int i = 0; i < M * M; i += M + 1)
            product *= LU[i];
        near(product, determinants[M - 2], 1e-16);
        collocation_destroy(&c);
    }
    /* two and three eigenvalues of the same size; a rotation; a Jordan block */
    near(spectral_radius(2, (double[]){ 3, 4, -4, 3 }), 5, 1e-15);
    near(spectral_radius(3, (double[]){ 0, 0, 8, 1, 0, 0, 0, 1, 0 }), 2, 1e-14);
    near(spectral_radius(3, (double[]){ 2, 1, 0, 0, 2, 1, 0, 0, 2 }), 2, 1e-14);
    near(spectral_radius(1, (double[]){ -7 }), 7, 0);
    assert_true(isnan(spectral_radius(2, (double[]){ NAN, 0, 0, 1 })));
    near(max_norm(2, (double[]){ 1, -2, 3, 1 }), 4, 0);
}

/* rho(1 - QDelta^-1 Q) and rho(Q - QDelta), Radau-right; -1: not known */
static void published_radii(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double stiff[6], nonstiff[6]; /* M = 2, ... 7 */
    } rows[] = {
        { "IE",
          { .2500, .4344, .6184, .7365, .8161, .8726 },
          { .3333, .2029, .1515, .1355, .1155, .1010 } },
        { "IEpar",
          { .5000, .6667, .7500, .8000, .8333, .8571 },
          { .6667, .8449, .9114, .9429, .9602, .9707 } },
        { "Qpar",
          { .7746, 1.1132, 1.2237, 1.3254, 1.5191, 1.7654 },
          { .2500, .2262, .1923, .1634, .1404, .1225 } },
        { "MIN-SR-NS", { 1, 2, 3, 4, 5, 6 }, { -1, -1, -1, -1, -1, -1 } },
        { "PIC", { -1, -1, -1, -1, -1, -1 }, { .4082, .2749, .1985, .1591, .1305, .1119 } },
        { "MIN-SR-S", { -1, -1, -1, -1, -1, -1 }, { .2367, .2598, .2423, .2196, .1985, .1802 } },
        { "LU", { -1, -1, -1, -1, -1, -1 }, { .1500, .1853, .1728, .1496, .1300, .1145 } },
        { "MIN3", { 3.6e-5, 2.8e-4, .0081, .0064, -1, -1 }, { -1, -1, -1, -1, -1, -1 } },
        { "VDHS", { -1, .00478, .02479, -1, -1, -1 }, { -1, -1, -1, -1, -1, -1 } },
    };
    for (size_t r = 0; r < COUNT(rows); r++) {
        for (int M = 2; M <= 7; M++) {
            struct collocation *c = radau(M);
            const double stiff = rows[r].stiff[M - 2], nonstiff = rows[r].nonstiff[M - 2];
            const double digit = stiff < 1e-4 ? 5.1e-7 : stiff < 1e-3 ? 5.1e-6 : 5.1e-5;
            double QD[SIZE], K[SIZE];
            if (stiff >= 0)
                near(stiff_radius(c, rows[r].name), stiff, digit);
            if (nonstiff >= 0) {
                generate(c, rows[r].name, 1, QD);
                sdc_nonstiff(c, QD, K);
                near(spectral_radius(M, K), nonstiff, 5.1e-5);
            }
            collocation_destroy(&c);
        }
    }
}

/* ---- coefficients ---- */

static void min_sr_s(void **state)
{
    (void)state;
    static const struct {
        const char *nodes, *quadrature;
        int M;
        double tolerance, d[10];
    } rows[] = {
        { "LEGENDRE", "RADAU-RIGHT", 2, 1e-16, { 0.25841837620280365030, 0.64494897427831780981 } },
        { "LEGENDRE",
          "RADAU-RIGHT",
          3,
          1e-16,
          { 0.10404994025001670111, 0.33281274542850665328, 0.48129014021009242181 } },
        { "LEGENDRE",
          "RADAU-RIGHT",
          4,
          1e-16,
          { 0.05363587665020469722, 0.18297727526950875824, 0.31493338359264151722,
            0.38516735854603858244 } },
        /* printed by another solver, to its accuracy */
        { "LEGENDRE",
          "GAUSS",
          3,
          1e-14,
          { 0.07672056533634816, 0.2587543039897095, 0.41977771306776884 } },
        { "LEGENDRE", "LOBATTO", 3, 1e-14, { 0.0, 0.21132486540518727, 0.3943375672974062 } },
        { "LEGENDRE",
          "GAUSS",
          5,
          1e-13,
          { 0.026469297731301134, 0.09330434360356385, 0.17577953599363694, 0.2520609828655119,
            0.30220385019120993 } },
        { "LEGENDRE",
          "LOBATTO",
          5,
          1e-13,
          { 0.0, 0.05992803618320168, 0.151259896079536, 0.23561920464313224,
            0.27869308219547234 } },
        { "LEGENDRE",
          "RADAU-LEFT",
          5,
          1e-13,
          { 0.0, 0.048871054950465134, 0.12647760031383556, 0.20562166305970095,
            0.2601860540835127 } },
        { "LEGENDRE",
          "RADAU-RIGHT",
          5,
          1e-13,
          { 0.03191795794325152, 0.11116779563478359, 0.20473933496195865, 0.2831555121064664,
            0.3215198629360409 } },
        { "EQUID",
          "GAUSS",
          5,
          1e-13,
          { 0.07761552293725499, 0.13410861899112997, 0.18589102511933742, 0.23512188754757574,
            0.28267473122453973 } },
        { "EQUID",
          "LOBATTO",
          5,
          1e-13,
          { 0.0, 0.08356074472063535, 0.15272229566186077, 0.21792884911533222,
            0.2809121731776044 } },
        { "EQUID",
          "RADAU-LEFT",
          5,
          1e-13,
          { 0.0, 0.06684859577650838, 0.1221778365294865, 0.17434307929227338,
            0.2247297385420766 } },
        { "EQUID",
          "RADAU-RIGHT",
          5,
          1e-13,
          { 0.09313862752470589, 0.16093034278935892, 0.22306923014320207, 0.28214626505705875,
            0.33920967746949265 } },
        { "LEGENDRE",
          "RADAU-RIGHT",
          10,
          1e-11,
          { 0.006291018609694029, 0.021871111673731708, 0.042876059059780675, 0.06729944524263426,
            0.09315116038193744, 0.11838397474856774, 0.14100097775491238, 0.1592024086574654,
            0.17153023979218904, 0.1769524578068105 } },
        { "EQUID",
          "RADAU-LEFT",
          10,
          1e-11,
          { 0.0, 0.023586940212745402, 0.041871226642318446, 0.05872845843386284,
            0.07478778173474311, 0.09031327475036649, 0.10544706475856812, 0.12027652193795556,
            0.13486009285486383, 0.14923924942094535 } },
    };
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct collocation *c = make(rows[r].nodes, rows[r].quadrature, rows[r].M);
        check_diagonal(c, "MIN-SR-S", rows[r].d, rows[r].tolerance);
        collocation_destroy(&c);
    }
    struct collocation *c = radau(2);
    check_diagonal(c, "MIN-SR-S", (double[]){ (4 - sqrt(6)) / 6, (4 + sqrt(6)) / 10 }, 2e-16);
    collocation_destroy(&c);
}

static void min_sr_s_of_many_nodes(void **state)
{
    (void)state;
    for (const char *const *ends = collocation_quadrature_names; *ends; ends++) {
        struct collocation *c = make("legendre", *ends, 16);
        double QD[SIZE], trace = 0;
        generate(c, "MIN-SR-S", 1, QD);
        for (int m = c->includes_left; m < 16; m++) {
            assert_true(QD[m * 17] > (m ? QD[(m - 1) * 17] : 0));
            trace += c->Q[m * 17] / QD[m * 17];
        }
        near(trace, 16 - c->includes_left, 1e-9);
        collocation_destroy(&c);
    }
}

static void tabulated(void **state)
{
    (void)state;
    static const struct {
        const char *nodes, *quadrature;
        int M;
        double radius; /* an upper bound; the tables minimise it */
    } rows[] = { { "LEGENDRE", "RADAU-RIGHT", 7, .06 }, { "LEGENDRE", "RADAU-RIGHT", 9, .16 },
                 { "LEGENDRE", "LOBATTO", 2, 1e-15 },   { "LEGENDRE", "LOBATTO", 3, .001 },
                 { "LEGENDRE", "LOBATTO", 4, .04 },     { "LEGENDRE", "LOBATTO", 5, .06 },
                 { "LEGENDRE", "LOBATTO", 7, .1 },      { "LEGENDRE", "LOBATTO", 9, .16 },
                 { "EQUID", "RADAU-RIGHT", 2, .001 },   { "EQUID", "RADAU-RIGHT", 3, .001 },
                 { "EQUID", "RADAU-RIGHT", 4, .02 },    { "EQUID", "RADAU-RIGHT", 5, .03 },
                 { "EQUID", "RADAU-RIGHT", 7, .12 },    { "EQUID", "RADAU-RIGHT", 9, .24 } };
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct collocation *c = make(rows[r].nodes, rows[r].quadrature, rows[r].M);
        const double radius = stiff_radius(c, "MIN3");
        if (!(radius <= rows[r].radius))
            fail_msg("%s %s %d: %g", rows[r].nodes, rows[r].quadrature, rows[r].M, radius);
        collocation_destroy(&c);
    }
    struct collocation *c = radau(4);
    check_diagonal(c, "VDHS", (double[]){ 0.3204993705, 0.0891537945, 0.1817395602, 0.2333627983 },
                   1e-9);
    check_diagonal(
        c, "Magic_Numbers",
        (double[]){ 0.3198786751412953, 0.08887606314792469, 0.1812366328324738, 0.23273925017954 },
        1e-16);
    collocation_destroy(&c);
}

/* as scipy.optimize.minimize(method='Nelder-Mead') 1.10 finds it from x = 10 */
static void minimised(void **state)
{
    (void)state;
    static const struct {
        const char *nodes, *quadrature;
        int M;
        double d[5];
    } rows[] = {
        { "LEGENDRE", "RADAU-RIGHT", 2, { 0.2584172357, 0.6449461268 } },
        { "LEGENDRE", "RADAU-RIGHT", 3, { 0.0733441086, 0.2345766083, 0.3392172616 } },
        { "LEGENDRE",
          "RADAU-RIGHT",
          4,
          { 0.1753486781, 0.0619158046, 0.1381934909, 0.1961781384 } },
        { "LEGENDRE",
          "RADAU-RIGHT",
          5,
          { 0.1722508202, 0.1180944859, 0.0564274185, 0.1480373463, 0.1807893570 } },
        { "LEGENDRE", "LOBATTO", 4, { 0, 0.0846357879, 0.1981764495, 0.2644544817 } },
        { "EQUID", "RADAU-RIGHT", 3, { 0.0835950303, 0.1468442772, 0.2055073966 } },
    };
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct collocation *c = make(rows[r].nodes, rows[r].quadrature, rows[r].M);
        check_diagonal(c, "MIN", rows[r].d, 1e-9);
        collocation_destroy(&c);
    }
}

/* matrices with a formula, by hand */
static void formulas(void **state)
{
    (void)state;
    struct collocation *c = make("equid", "gauss", 3); /* 1/4, 1/2, 3/4 */
    static const struct {
        const char *name;
        int k;
        double QD[9], dtau[3];
    } rows[] = {
        { "PIC", 1, { 0 }, { 0 } },
        { "BE", 1, { .25, 0, 0, .25, .25, 0, .25, .25, .25 }, { 0 } },
        { "FE", 1, { 0, 0, 0, .25, 0, 0, .25, .25, 0 }, { .25, .25, .25 } },
        { "TRAP", 1, { .125, 0, 0, .25, .125, 0, .25, .25, .125 }, { .125, .125, .125 } },
        { "BEPAR", 1, { .25, 0, 0, 0, .5, 0, 0, 0, .75 }, { 0 } },
        { "TRAPAR", 1, { .125, 0, 0, 0, .25, 0, 0, 0, .375 }, { .125, .25, .375 } },
        { "SOE", 1, { 0, 0, 0, .25, 0, 0, 0, .5, 0 }, { .25, .25, .25 } },
        { "MIN_GT", 1, { .25 / 3, 0, 0, 0, .5 / 3, 0, 0, 0, .75 / 3 }, { 0 } },
        { "FLEX-JUMPER", 1, { .25, 0, 0, 0, .5, 0, 0, 0, .75 }, { 0 } },
        { "FLEX-JUMPER", 3, { .0625, 0, 0, 0, .125, 0, 0, 0, .1875 }, { 0 } },
        { "JUMPER", 2, { .0625, 0, 0, 0, .125, 0, 0, 0, .1875 }, { 0 } },
        { "MIN-SR-FLEX", 2, { .125, 0, 0, 0, .25, 0, 0, 0, .375 }, { 0 } },
        { "DNODES-5", 1, { .05, 0, 0, 0, .1, 0, 0, 0, .15 }, { 0 } },
        { "DNODES", 9, { .25, 0, 0, 0, .5, 0, 0, 0, .75 }, { 0 } },
    };
    double QD[SIZE], dtau[3];
    for (size_t r = 0; r < COUNT(rows); r++) {
        assert_int_equal(qdelta_generate(c, rows[r].name, rows[r].k, QD, dtau), 0);
        for (int i = 0; i < 9; i++)
            near(QD[i], rows[r].QD[i], 1e-16);
        for (int m = 0; m < 3; m++)
            near(dtau[m], rows[r].dtau[m], 1e-16);
    }
    assert_int_equal(qdelta_generate(c, "GS", 1, QD, dtau), 0);
    for (int i = 0; i < 9; i++)
        assert_true(QD[i] == (i % 3 <= i / 3 ? c->Q[i] : 0));
    assert_int_equal(qdelta_generate(c, "Exact", 1, QD, dtau), 0);
    assert_memory_equal(QD, c->Q, 9 * sizeof *QD);
    assert_int_equal(qdelta_generate(c, "Qdiag", 1, QD, dtau), 0);
    for (int i = 0; i < 9; i++)
        assert_true(QD[i] == (i % 4 ? 0 : c->Q[i]));
    collocation_destroy(&c);
}

static void lu(void **state)
{
    (void)state;
    struct collocation *c = radau(4);
    static const double expected[] = { 0.11299947932315618,
                                       0,
                                       0,
                                       0,
                                       0.23438399574740026,
                                       0.29050212926458391,
                                       0,
                                       0,
                                       0.21668178462325033,
                                       0.48341807916618545,
                                       0.30825766001500993,
                                       0,
                                       0.22046221117676837,
                                       0.46683683945646498,
                                       0.44141588145844302,
                                       0.11764705882352941 };
    double once[SIZE], twice[SIZE];
    generate(c, "LU", 1, once);
    generate(c, "LU2", 1, twice);
    for (int i = 0; i < 16; i++) {
        near(once[i], expected[i], 1e-16);
        near(twice[i], 2 * expected[i], 2e-16);
    }
    collocation_destroy(&c);
}

/* Schemes between nodes integrate a constant exactly; the two-step scheme also 2t where its start
 * did: u = t^2 by parabolas through three nodes. */
static void consistency(void **state)
{
    (void)state;
    static const char *const names[] = { "BE", "FE", "TRAP", "BEPAR", "TRAPAR", "SOE" };
    for (const char *const *ends = collocation_quadrature_names; *ends; ends++) {
        struct collocation *c = make("cheby-3", *ends, 6);
        double QD[SIZE], dtau[6], u[6] = { 0 };
        for (size_t i = 0; i < COUNT(names); i++) {
            assert_int_equal(qdelta_generate(c, names[i], 1, QD, dtau), 0);
            for (int m = 0; m < 6; m++) {
                double sum = dtau[m];
                for (int j = 0; j < 6; j++)
                    sum += QD[m * 6 + j];
                near(sum, c->tau[m], 1e-14);
            }
        }
        for (int m = 0; m < 6; m++) /* SOE */
            for (int j = 0; j < 6; j++)
                u[m] += QD[m * 6 + j] * 2 * c->tau[j];
        for (int m = 2; m < 6; m++) { /* the parabola's slope in the middle */
            const double h = c->tau[m - 1] - c->tau[m - 2], k = c->tau[m] - c->tau[m - 1];
            const double slope =
                ((u[m] - u[m - 1]) / k * h + (u[m - 1] - u[m - 2]) / h * k) / (h + k);
            near(slope, 2 * c->tau[m - 1], 1e-12);
        }
        collocation_destroy(&c);
    }
}

/* ---- the list ---- */

/* The flags tell the truth for every kind of nodes; a sweep changes what says so, until the last.
 */
static void flags(void **state)
{
    (void)state;
    for (const struct qdelta_type *t = qdelta_types; t->name; t++) {
        for (const char *const *ends = collocation_quadrature_names; *ends; ends++) {
            struct collocation *c = make("legendre", *ends, 4);
            const int last = qdelta_last_sweep(t, c);
            double first[SIZE], QD[SIZE], next[SIZE];
            bool lower = true, strict = true, diagonal = true;
            if (qdelta_generate(c, t->name, 1, first, NULL) == 0) {
                for (int i = 0; i < 16; i++) {
                    lower &= i / 4 >= i % 4 || first[i] == 0;
                    strict &= i / 4 > i % 4 || first[i] == 0;
                    diagonal &= i / 4 == i % 4 || first[i] == 0;
                }
                assert_int_equal(t->lower, lower);
                assert_int_equal(t->is_explicit, strict);
                assert_int_equal(t->diagonal, diagonal);
                assert_int_equal(t->sweeps, last > 1);
                generate(c, t->name, 1, QD);
                for (int k = 1; k < 7; k++) {
                    assert_int_equal(qdelta_generate(c, t->name, k, QD, NULL), 0);
                    assert_int_equal(qdelta_generate(c, t->name, k + 1, next, NULL), 0);
                    const bool same = !memcmp(QD, next, 16 * sizeof *QD);
                    assert_int_equal(same, k >= last);
                }
            } else {
                assert_true(t == qdelta_find("MIN3") || t == qdelta_find("VDHS"));
                assert_string_not_equal(*ends, "RADAU-RIGHT");
            }
            collocation_destroy(&c);
        }
    }
}

static void names(void **state)
{
    (void)state;
    static const char *const same[][5] = {
        { "PIC", "Picard" },
        { "Exact", "EXACT" },
        { "QPar", "Qpar", "Qdiag" },
        { "GS", "GaussSeidel" },
        { "BE", "IE" },
        { "FE", "EE" },
        { "TRAP", "CN" },
        { "BEPAR", "IEpar" },
        { "SOE", "LeapFrog", "LF" },
        { "MIN", "MIN-Speck" },
        { "MIN3", "Magic_Numbers" },
        { "VDHS", "MIN_VDHS" },
        { "MIN-SR-NS", "MIN_SR_NS", "MIN_GT", "min-sr-ns" },
        { "MIN-SR-S", "MIN_SR_S" },
        { "MIN-SR-FLEX", "MIN_SR_FLEX" },
        { "JUMPER", "Jumper", "FB" },
        { "FLEX-JUMPER", "FlexJumper", "FB2" },
        { "DNODES-1", "DNODES" },
        { "TRAPAR" },
        { "LU" },
        { "LU2" },
        { "LDU" },
        { "DNODES-5", "DNODES5" },
    };
    int count = 0;
    for (size_t i = 0; i < COUNT(same); i++) {
        for (int j = 0; j < 5 && same[i][j]; j++) {
            assert_non_null(qdelta_find(same[i][j]));
            assert_string_equal(qdelta_find(same[i][j])->name, same[i][0]);
        }
    }
    for (; qdelta_types[count].name; count++) { /* none hides another one */
        assert_string_equal(qdelta_names[count], qdelta_types[count].name);
        assert_ptr_equal(qdelta_find(qdelta_types[count].name), &qdelta_types[count]);
        for (const char *const *alias = qdelta_types[count].aliases; *alias; alias++)
            assert_ptr_equal(qdelta_find(*alias), &qdelta_types[count]);
        assert_non_null(qdelta_types[count].help);
    }
    assert_null(qdelta_names[count]);
    assert_int_equal(count, 26);
    assert_null(qdelta_find("MIN-SR"));
    assert_null(qdelta_find(""));
}

static void refuses(int expected, const struct collocation *c, const char *name, int sweep,
                    const char *said)
{
    char text[COLLOCATION_TEXT];
    double QD[SIZE];
    const int err = qdelta_generate(c, name, sweep, QD, NULL);

    assert_int_equal(err, expected);
    collocation_explain(text, err, collocation_nodes_names[c->nodes],
                        collocation_quadrature_names[c->quadrature], c->M, name);
    if (!strstr(text, said))
        fail_msg("'%s' does not say '%s'", text, said);
}

static void errors(void **state)
{
    (void)state;
    struct collocation *five = radau(5), *gauss = make("legendre", "gauss", 3);
    double K[SIZE], QD[SIZE];
    refuses(QDELTA_NAME, five, "MIN-SR-FLX", 1,
            "unknown preconditioner 'MIN-SR-FLX', did you mean 'MIN-SR-FLEX'? (known: PIC, Exact");
    refuses(QDELTA_NAME, five, "nothing like it at all", 1, "DNODES-4, DNODES-5)");
    refuses(QDELTA_SWEEP, five, "LU", 0, "sweeps count from 1");
    refuses(QDELTA_NO_ROW, five, "VDHS", 1,
            "VDHS has no coefficients for 5 LEGENDRE RADAU-RIGHT nodes (there are: LEGENDRE "
            "RADAU-RIGHT 3, 4)");
    refuses(QDELTA_NO_TABLE, gauss, "MIN3", 1,
            "MIN3 has no coefficients for 3 LEGENDRE GAUSS nodes (there are: LEGENDRE RADAU-RIGHT "
            "2, 3, 4, 5, 7, 9; LEGENDRE LOBATTO 2, 3, 4, 5, 7, 9; EQUID RADAU-RIGHT 2");
    generate(five, "PIC", 1, QD);
    assert_int_equal(sdc_stiff(five, QD, K), QDELTA_SINGULAR);
    generate(five, "FE", 1, QD);
    assert_int_equal(sdc_stiff(five, QD, K), QDELTA_SINGULAR);
    collocation_destroy(&five);
    collocation_destroy(&gauss);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_facts),
        cmocka_unit_test(spectra),
        cmocka_unit_test(published_radii),
        cmocka_unit_test(min_sr_s),
        cmocka_unit_test(min_sr_s_of_many_nodes),
        cmocka_unit_test(tabulated),
        cmocka_unit_test(minimised),
        cmocka_unit_test(formulas),
        cmocka_unit_test(lu),
        cmocka_unit_test(consistency),
        cmocka_unit_test(flags),
        cmocka_unit_test(names),
        cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
