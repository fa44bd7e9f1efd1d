// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Diagonal QDelta = diag(d) from conditions on the spectrum in the stiff limit: from tables, by
 * minimisation, and by a system of equations. Where tau_1 = 0, that node has d = 0 and takes no
 * part. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/collocation_private.h"

/* ---- tables ---- */

static const struct table {
    const char *name;
    enum collocation_nodes nodes;
    enum collocation_quadrature quadrature;
    int M;
    double d[9];
} tables[] = {
    { "VDHS",
      NODES_LEGENDRE,
      QUADRATURE_RADAU_RIGHT,
      3,
      { 4365.0 / 13624, 1032.0 / 7373, 1887.0 / 5077 } },
    { "VDHS",
      NODES_LEGENDRE,
      QUADRATURE_RADAU_RIGHT,
      4,
      { 3055.0 / 9532, 531.0 / 5956, 1471.0 / 8094, 1848.0 / 7919 } },
    { "MIN3",
      NODES_LEGENDRE,
      QUADRATURE_RADAU_RIGHT,
      2,
      { 0.2584092406077449, 0.6449261740461826 } },
    { "MIN3",
      NODES_LEGENDRE,
      QUADRATURE_RADAU_RIGHT,
      3,
      { 0.3203856825077055, 0.1399680686269595, 0.3716708461097372 } },
    { "MIN3",
      NODES_LEGENDRE,
      QUADRATURE_RADAU_RIGHT,
      4,
      { 0.3198786751412953, 0.08887606314792469, 0.1812366328324738, 0.23273925017954 } },
    { "MIN3",
      NODES_LEGENDRE,
      QUADRATURE_RADAU_RIGHT,
      5,
      { 0.2818591930905709, 0.2011358490453793, 0.06274536689514164, 0.11790265267514095,
        0.1571629578515223 } },
    { "MIN3",
      NODES_LEGENDRE,
      QUADRATURE_RADAU_RIGHT,
      7,
      { 0.15223871397682717, 0.12625448001038536, 0.08210714764924298, 0.03994434742760019,
        0.1052662547386142, 0.14075805578834127, 0.15636085758812895 } },
    { "MIN3",
      NODES_LEGENDRE,
      QUADRATURE_RADAU_RIGHT,
      9,
      { 0.14208076083211416, 0.1288153963623986, 0.10608601069476883, 0.07509520272252024,
        0.027986167728305308, 0.05351160749903067, 0.07911315989747868, 0.09514844658836666,
        0.10204992319487571 } },
    { "MIN3", NODES_LEGENDRE, QUADRATURE_LOBATTO, 2, { 0, 0.5 } },
    { "MIN3",
      NODES_LEGENDRE,
      QUADRATURE_LOBATTO,
      3,
      { 0, 0.2113181799416633, 0.3943250920445912 } },
    { "MIN3",
      NODES_LEGENDRE,
      QUADRATURE_LOBATTO,
      4,
      { 0, 0.2865524188780046, 0.11264992497015984, 0.2583063168320655 } },
    { "MIN3",
      NODES_LEGENDRE,
      QUADRATURE_LOBATTO,
      5,
      { 0, 0.2994085231050721, 0.07923154575177252, 0.14338847088077, 0.17675509273708057 } },
    { "MIN3",
      NODES_LEGENDRE,
      QUADRATURE_LOBATTO,
      7,
      { 0, 0.18827968699454273, 0.1307213945012976, 0.04545003319140543, 0.08690617895312261,
        0.12326429119922168, 0.13815746843252427 } },
    { "MIN3",
      NODES_LEGENDRE,
      QUADRATURE_LOBATTO,
      9,
      { 0, 0.14748983547536937, 0.1243753767395874, 0.08797965969063823, 0.03249792877433364,
        0.06171633442251176, 0.08995295998705832, 0.1080641868728824, 0.11621787232558443 } },
    { "MIN3", NODES_EQUID, QUADRATURE_RADAU_RIGHT, 2, { 0.3749891032632652, 0.6666472946796036 } },
    { "MIN3",
      NODES_EQUID,
      QUADRATURE_RADAU_RIGHT,
      3,
      { 0.2046955744931575, 0.3595744268324041, 0.5032243650307717 } },
    { "MIN3",
      NODES_EQUID,
      QUADRATURE_RADAU_RIGHT,
      4,
      { 0.13194852204686872, 0.2296718892453916, 0.3197255970017318, 0.405619746972393 } },
    { "MIN3",
      NODES_EQUID,
      QUADRATURE_RADAU_RIGHT,
      5,
      { 0.0937126798932547, 0.1619131388001843, 0.22442341539247537, 0.28385142992912565,
        0.3412523013467262 } },
    { "MIN3",
      NODES_EQUID,
      QUADRATURE_RADAU_RIGHT,
      7,
      { 0.0582690792096515, 0.09937620459067688, 0.13668728443669567, 0.1719458323664216,
        0.20585615258818232, 0.2387890485242656, 0.27096908017041393 } },
    { "MIN3",
      NODES_EQUID,
      QUADRATURE_RADAU_RIGHT,
      9,
      { 0.04067333763109274, 0.06893408176924318, 0.0944460427779633, 0.11847528720123894,
        0.14153236351607695, 0.1638856774260845, 0.18569759470199648, 0.20707543960267513,
        0.2280946565716198 } },
};
enum { TABLES = sizeof tables / sizeof *tables };

int qdelta_table(const struct qdelta_type *t, const struct collocation *c, int sweep, double *QD,
                 double *dtau)
{
    int err = QDELTA_NO_TABLE;

    (void)sweep, (void)dtau;
    for (const struct table *row = tables; row < tables + TABLES; row++) {
        if (strcmp(row->name, t->name) || row->nodes != c->nodes ||
            row->quadrature != c->quadrature)
            continue;
        if (row->M == c->M) {
            for (int m = 0; m < c->M; m++)
                QD[m * c->M + m] = row->d[m];
            return 0;
        }
        err = QDELTA_NO_ROW;
    }
    return err;
}

void qdelta_add_tables(char text[COLLOCATION_TEXT], const char *name)
{
    const struct qdelta_type *t = qdelta_find(name);
    const struct table *before = NULL;

    for (const struct table *row = tables; t && row < tables + TABLES; row++) {
        if (strcmp(row->name, t->name))
            continue;
        if (before && before->nodes == row->nodes && before->quadrature == row->quadrature)
            collocation_add(text, ", %d", row->M);
        else
            collocation_add(text, "%s%s %s %d",
                            before ? "; " : " (there are: ", collocation_nodes_names[row->nodes],
                            collocation_quadrature_names[row->quadrature], row->M);
        before = row;
    }
    if (before)
        collocation_add(text, ")");
}

/* ---- MIN ---- */

/* of 1 - diag(x) Q, without the node 0 */
static double radius(int n, const double *x, const void *data)
{
    const struct collocation *c = data;
    struct matrix K;

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            K.v[i][j] = (i == j) - (real)x[i] * c->Q[(i + c->M - n) * c->M + j + c->M - n];
    return (double)matrix_radius(n, &K);
}

/* The search is defined by its path: it ends where scipy's ends, to rounding errors, unless these
 * decide a comparison on the way (LEGENDRE GAUSS with 4 or 5 nodes). */
int qdelta_min(const struct qdelta_type *t, const struct collocation *c, int sweep, double *QD,
               double *dtau)
{
    const int n = c->M - c->includes_left;
    double x[COLLOCATION_MAX];

    (void)t, (void)sweep, (void)dtau;
    for (int i = 0; i < n; i++)
        x[i] = 10;
    nelder_mead(n, x, radius, c);
    for (int i = 0; i < n; i++) {
        if (!(fabs(x[i]) > DBL_MIN))
            return QDELTA_SINGULAR;
        QD[(i + c->M - n) * (c->M + 1)] = 1 / x[i];
    }
    return 0;
}

/* ---- MIN-SR-S ---- */

struct system { /* without the node 0 */
    int n;
    real tau[COLLOCATION_MAX];
    struct matrix Q;
};

/* r_i = det(1 - t + t diag(1/d) Q) - 1 for n values of t, which all vanish if and only if every
 * eigenvalue of diag(1/d) Q is 1; J_ij = dr_i / d log d_j. Any n values will do, unless 0; those of
 * Chebyshev lose fewer digits than the nodes. Returns the largest |r_i|. */
static real residual(const struct system *s, const real *d, real *r, struct matrix *J)
{
    real largest = 0;

    for (int i = 0; i < s->n; i++) {
        const real t = cosl(acosl(-1) * (i + 0.5L) / (s->n + s->n % 2));
        int row[COLLOCATION_MAX];
        struct matrix B;
        real determinant;

        for (int k = 0; k < s->n; k++)
            for (int j = 0; j < s->n; j++)
                B.v[k][j] = (k == j) * (1 - t) + t * s->Q.v[k][j] / d[k];
        const int singular = lu_factor(s->n, &B, row, &determinant);
        r[i] = determinant - 1;
        largest = fmaxl(largest, fabsl(r[i]));
        for (int j = 0; J && j < s->n; j++) {
            real x[COLLOCATION_MAX] = { 0 };
            if (singular)
                return INFINITY;
            x[j] = 1;
            lu_solve(s->n, &B, row, x);
            J->v[i][j] = -determinant * (1 - (1 - t) * x[j]);
        }
    }
    return isfinite(largest) ? largest : INFINITY;
}

/* Newton's method in log d, damped. 0 or QDELTA_NO_CONVERGENCE */
static int solve(const struct system *s, real *d)
{
    real r[COLLOCATION_MAX], step = 1, size, determinant;
    int row[COLLOCATION_MAX];
    struct matrix J;

    for (int k = 0; k < 100; k++) {
        size = residual(s, d, r, &J);
        if (!isfinite(size) || lu_factor(s->n, &J, row, &determinant))
            return QDELTA_NO_CONVERGENCE;
        lu_solve(s->n, &J, row, r);
        for (step = 1; step > 1e-3L; step /= 2) {
            real next[COLLOCATION_MAX], unused[COLLOCATION_MAX], change = 0;
            for (int i = 0; i < s->n; i++) {
                next[i] = d[i] * expl(-step * r[i]);
                change = fmaxl(change, fabsl(step * r[i]));
            }
            if (residual(s, next, unused, NULL) < size) {
                memcpy(d, next, (size_t)s->n * sizeof *d);
                break;
            }
            if (step == 1 && change < 1e-6L) /* nothing left but rounding errors */
                return 0;
        }
        if (step <= 1e-3L)
            return QDELTA_NO_CONVERGENCE;
    }
    return QDELTA_NO_CONVERGENCE;
}

struct law {
    const struct system *s;
    double d[COLLOCATION_MAX];
};

/* distance of m d from a tau^b */
static double misfit(int n, const double *ab, const void *data)
{
    const struct law *law = data;
    double sum = 0;

    (void)n;
    for (int i = 0; i < law->s->n; i++) {
        const double e = ab[0] * pow((double)law->s->tau[i], ab[1]) - law->d[i];
        sum += e * e;
    }
    return sqrt(sum);
}

/* The equations have several solutions. The published one is found by solving for m = 1, 2, ... M
 * nodes, each from the power law of the one before. Rounding errors leave all digits of a double up
 * to M = 13, about ten for 16 nodes, and no solution from some 26 on (equidistant: from 16 on). */
int qdelta_min_sr_s(const struct qdelta_type *t, const struct collocation *c, int sweep, double *QD,
                    double *dtau)
{
    const int left = c->includes_left;
    double ab[2] = { 0, 0 };
    real d[COLLOCATION_MAX];
    struct system s;

    (void)t, (void)sweep, (void)dtau;
    for (int m = 1 + left; m <= c->M; m++) {
        real tau[COLLOCATION_MAX];
        struct matrix Q;
        struct law law = { &s, { 0 } };

        collocation_compute(c->nodes, c->quadrature, m, tau, &Q, NULL);
        s.n = m - left;
        for (int i = 0; i < s.n; i++) {
            s.tau[i] = tau[i + left];
            for (int j = 0; j < s.n; j++)
                s.Q.v[i][j] = Q.v[i + left][j + left];
            d[i] = (ab[0] > 0 ? ab[0] * powl(s.tau[i], ab[1]) : s.tau[i]) / m;
        }
        if (s.n == 1)
            d[0] = s.Q.v[0][0];
        else if (solve(&s, d))
            return QDELTA_NO_CONVERGENCE;
        if (m == 1)
            continue;
        for (int i = 0; i < s.n; i++)
            law.d[i] = (double)(m * d[i]);
        ab[0] = ab[1] = 1;
        nelder_mead(2, ab, misfit, &law);
    }
    for (int i = left; i < c->M; i++)
        QD[i * (c->M + 1)] = (double)d[i - left];
    return 0;
}
