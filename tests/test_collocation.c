// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Nodes against closed forms, matrices against 20-digit tables; they integrate polynomials exactly
 * and their quadratures have the order that they say. Names, and what errors say. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/collocation.h"

static struct collocation *make(const char *nodes, const char *quadrature, int M)
{
    struct collocation *c;

    assert_int_equal(collocation_create(&c, nodes, quadrature, M), 0);
    return c;
}

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.17g is not %.17g within %g", a, b, tolerance);
}

/* Radau-right nodes of Legendre type, and their Q, to 20 digits */
static void tables(void **state)
{
    (void)state;
    static const struct {
        int M;
        double tau[4], Q[16];
    } rows[] = { { 2,
                   { 0.33333333333333333333, 1 },
                   { 0.41666666666666666667, -0.08333333333333333333, 0.75000000000000000000,
                     0.25000000000000000000 } },
                 { 3,
                   { 0.15505102572168219018, 0.64494897427831780982, 1 },
                   { 0.19681547722366042587, -0.06553542585019838811, 0.02377097434822015242,
                     0.39442431473908727700, 0.29207341166522846302, -0.04154875212599793020,
                     0.37640306270046727505, 0.51248582618842161384, 0.11111111111111111111 } },
                 { 4,
                   { 0.08858795951270394740, 0.40946686444073471086, 0.78765946176084705603, 1 },
                   { 0.11299947932315618599, -0.04030922072352220574, 0.02580237742033639104,
                     -0.00990467650726642390, 0.23438399574740025657, 0.20689257393535890010,
                     -0.04785712804854071885, 0.01604742280651627304, 0.21668178462325034184,
                     0.40612326386737331123, 0.18903651817005634247, -0.02418210489983293952,
                     0.22046221117676837528, 0.38819346884317188078, 0.32884431998005974394,
                     0.06250000000000000000 } } };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const int M = rows[r].M;
        struct collocation *c = make("legendre", "radau_right", M);
        assert_int_equal(c->order, 2 * M - 1);
        for (int m = 0; m < M; m++)
            near(c->tau[m], rows[r].tau[m], 1e-16);
        for (int i = 0; i < M * M; i++)
            near(c->Q[i], rows[r].Q[i], 1e-16);
        for (int m = 0; m < M; m++)
            assert_true(c->weights[m] == c->Q[(M - 1) * M + m]);
        collocation_destroy(&c);
        assert_null(c);
    }
}

/* for the angle of the m-th node: tau = (1 - cos(angle)) / 2, without cancellation */
static double node(long double angle)
{
    return (double)(sinl(angle / 2) * sinl(angle / 2));
}

static void closed_forms(void **state)
{
    (void)state;
    const long double pi = acosl(-1);
    for (int M = 2; M <= COLLOCATION_MAX; M += M < 16 ? 1 : 16) {
        struct collocation *c[] = {
            make("CHEBY-1", "GAUSS", M),      make("CHEBY-1", "RADAU-RIGHT", M),
            make("CHEBY-1", "RADAU-LEFT", M), make("CHEBY-1", "LOBATTO", M),
            make("CHEBY-2", "GAUSS", M),      make("CHEBY-3", "GAUSS", M),
            make("CHEBY-4", "GAUSS", M),      make("EQUID", "GAUSS", M),
            make("EQUID", "RADAU-RIGHT", M),  make("EQUID", "RADAU-LEFT", M),
            make("EQUID", "LOBATTO", M)
        };
        for (int m = 0; m < M; m++) {
            const long double k = m + 1;
            near(c[0]->tau[m], node(pi * (2 * k - 1) / (2 * M)), 2e-16);
            near(c[1]->tau[m], node(pi * (2 * k - 1) / (2 * M - 1)), 2e-16);
            near(c[2]->tau[m], node(pi * 2 * m / (2 * M - 1)), 2e-16);
            near(c[3]->tau[m], node(pi * m / (M - 1)), 2e-16);
            near(c[4]->tau[m], node(pi * k / (M + 1)), 2e-16);
            near(c[5]->tau[m], node(pi * 2 * k / (2 * M + 1)), 2e-16);
            near(c[6]->tau[m], node(pi * (2 * k - 1) / (2 * M + 1)), 2e-16);
            assert_true(c[7]->tau[m] == (m + 1.0) / (M + 1));
            assert_true(c[8]->tau[m] == (m + 1.0) / M);
            assert_true(c[9]->tau[m] == (double)m / M);
            assert_true(c[10]->tau[m] == (double)m / (M - 1));
        }
        for (size_t i = 0; i < sizeof c / sizeof *c; i++)
            collocation_destroy(&c[i]);
    }

    struct collocation *gauss = make("legendre", "gauss", 3),
                       *lobatto = make("legendre", "lobatto", 4);
    near(gauss->tau[0], 0.5 - sqrt(0.15), 1e-16);
    assert_true(gauss->tau[1] == 0.5);
    near(gauss->tau[2], 0.5 + sqrt(0.15), 1e-16);
    near(gauss->weights[0], 5.0 / 18, 1e-16);
    near(gauss->weights[1], 8.0 / 18, 1e-16);
    near(lobatto->tau[1], 0.5 - sqrt(0.05), 1e-16);
    near(lobatto->tau[2], 0.5 + sqrt(0.05), 1e-16);
    near(lobatto->weights[0], 1.0 / 12, 1e-16);
    near(lobatto->weights[1], 5.0 / 12, 1e-16);
    collocation_destroy(&gauss);
    collocation_destroy(&lobatto);
}

/* how far v . tau^p is from `exact`, in units of what rounding the entries of v may do */
static double defect(int M, const double *tau, const double *v, int p, double exact)
{
    long double sum = -exact, size = 1;

    for (int m = 0; m < M; m++) {
        sum += v[m] * powl(tau[m], p);
        size += fabsl(v[m]);
    }
    return (double)fabsl(sum / size);
}

static void check_matrices(const struct collocation *c)
{
    const int M = c->M;

    assert_true(c->tau[0] >= 0 && c->tau[M - 1] <= 1);
    assert_int_equal(c->includes_left, c->tau[0] == 0);
    assert_int_equal(c->includes_right, c->tau[M - 1] == 1);
    for (int m = 0; m < M; m++) {
        assert_true(!m || c->tau[m] > c->tau[m - 1]);
        for (int p = 0; p < M; p++)
            near(defect(M, c->tau, c->Q + m * M, p, pow(c->tau[m], p + 1) / (p + 1)), 0, 1e-15);
        for (int j = 0; j < M; j++) {
            const double q = c->Q[m * M + j], before = m ? c->Q[(m - 1) * M + j] : 0;
            near(c->S[m * M + j], q - before, 1e-15 * (fabs(q) + fabs(before)));
        }
    }
    for (int p = 0; p < c->order; p++)
        near(defect(M, c->tau, c->weights, p, 1.0 / (p + 1)), 0, 1e-15);
    if (M <= 6) /* more nodes: the defect is lost in rounding errors */
        assert_true(defect(M, c->tau, c->weights, c->order, 1.0 / (c->order + 1)) > 1e-8);
}

/* Q integrates polynomials of degree < M from 0 to each node, the weights those of degree < order
 * over [0, 1] and no higher degree. */
static void exactness(void **state)
{
    (void)state;
    for (const char *const *nodes = collocation_nodes_names; *nodes; nodes++) {
        for (const char *const *ends = collocation_quadrature_names; *ends; ends++) {
            for (int M = 1; M <= COLLOCATION_MAX; M += M < 16 ? 1 : 16) {
                struct collocation *c;
                const bool left = !strcmp(*ends, "RADAU-LEFT") || !strcmp(*ends, "LOBATTO");
                const int err = collocation_create(&c, *nodes, *ends, M);
                assert_int_equal(err, left && M == 1 ? COLLOCATION_COUNT : 0);
                if (err)
                    continue;
                assert_int_equal(c->includes_left, left);
                assert_int_equal(c->includes_right,
                                 !strcmp(*ends, "RADAU-RIGHT") || !strcmp(*ends, "LOBATTO"));
                check_matrices(c);
                collocation_destroy(&c);
            }
        }
    }
}

static void spellings(void **state)
{
    (void)state;
    static const struct {
        const char *nodes, *quadrature;
    } same[][2] = { { { "LEGENDRE", "RADAU-RIGHT" }, { "legendre", "radau_right" } },
                    { { "CHEBY-1", "RADAU-LEFT" }, { "cheby_1", "Radau-Left" } },
                    { { "CHEBY-4", "GAUSS" }, { "chebyshev-4", "gauss" } },
                    { { "EQUID", "LOBATTO" }, { "equidistant", "lobatto" } } };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct collocation *a = make(same[i][0].nodes, same[i][0].quadrature, 5);
        struct collocation *b = make(same[i][1].nodes, same[i][1].quadrature, 5);
        assert_int_equal(a->nodes, b->nodes);
        assert_int_equal(a->quadrature, b->quadrature);
        assert_memory_equal(a->Q, b->Q, 25 * sizeof *a->Q);
        collocation_destroy(&a);
        collocation_destroy(&b);
    }
}

static void refuses(int expected, const char *nodes, const char *quadrature, int M,
                    const char *said)
{
    char text[COLLOCATION_TEXT];
    struct collocation *c;
    const int err = collocation_create(&c, nodes, quadrature, M);

    assert_int_equal(err, expected);
    assert_null(c);
    collocation_explain(text, err, nodes, quadrature, M, NULL);
    if (!strstr(text, said))
        fail_msg("'%s' does not say '%s'", text, said);
    assert_null(strchr(text, '\n'));
}

static void errors(void **state)
{
    (void)state;
    refuses(COLLOCATION_NODES, "legender", "gauss", 3, "'legender', did you mean 'LEGENDRE'?");
    refuses(COLLOCATION_NODES, "cheby-5", "gauss", 3, "CHEBY-1, CHEBY-2, CHEBY-3, CHEBY-4");
    refuses(COLLOCATION_NODES, "", "gauss", 3, "unknown node type ''");
    refuses(COLLOCATION_QUADRATURE, "legendre", "radau-rigt", 3, "did you mean 'RADAU-RIGHT'?");
    refuses(COLLOCATION_QUADRATURE, "legendre", "a name that is far too long for any of them", 3,
            "known: GAUSS, RADAU-LEFT, RADAU-RIGHT, LOBATTO");
    refuses(COLLOCATION_COUNT, "legendre", "gauss", 0, "0 nodes: gauss quadrature takes 1 to 32");
    refuses(COLLOCATION_COUNT, "legendre", "lobatto", 1,
            "1 nodes: lobatto quadrature takes 2 to 32");
    refuses(COLLOCATION_COUNT, "legendre", "radau_right", 33, "33 nodes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables),    cmocka_unit_test(closed_forms), cmocka_unit_test(exactness),
        cmocka_unit_test(spellings), cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
