// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The list of QDelta matrices, and those with a formula. */
#include <limits.h>
#include <string.h>

#include "core/collocation_private.h"

#define GENERATOR(name)                                                                            \
    static int name(const struct qdelta_type *t, const struct collocation *c, int sweep,           \
                    double *QD, double *dtau)

GENERATOR(picard)
{
    (void)t, (void)c, (void)sweep, (void)QD, (void)dtau;
    return 0;
}

GENERATOR(copy) /* parameter: diagonals of Q above the main one that are kept */
{
    (void)sweep, (void)dtau;
    for (int m = 0; m < c->M; m++)
        for (int j = 0; j < c->M && j <= m + t->parameter; j++)
            QD[m * c->M + j] = c->Q[m * c->M + j];
    return 0;
}

GENERATOR(diagonal_of_q)
{
    (void)t, (void)sweep, (void)dtau;
    for (int m = 0; m < c->M; m++)
        QD[m * c->M + m] = c->Q[m * c->M + m];
    return 0;
}

/* U (M, M) of Q^T = L U without pivoting: diagonal entries are ratios of leading minors */
static int upper(const struct collocation *c, struct matrix *U)
{
    for (int i = 0; i < c->M; i++)
        for (int j = 0; j < c->M; j++)
            U->v[i][j] = c->Q[j * c->M + i];
    for (int k = c->includes_left; k < c->M; k++) { /* tau_1 = 0: the first column is zero */
        if (U->v[k][k] == 0)
            return QDELTA_SINGULAR;
        for (int i = k + 1; i < c->M; i++) {
            const real factor = U->v[i][k] / U->v[k][k];
            for (int j = k; j < c->M; j++)
                U->v[i][j] -= factor * U->v[k][j];
        }
    }
    return 0;
}

GENERATOR(lu) /* parameter: a factor */
{
    struct matrix U;
    const int err = upper(c, &U);

    (void)sweep, (void)dtau;
    for (int m = 0; !err && m < c->M; m++)
        for (int j = 0; j <= m; j++)
            QD[m * c->M + j] = (double)(t->parameter * U.v[j][m]);
    return err;
}

GENERATOR(ldu)
{
    struct matrix U;
    const int err = upper(c, &U);

    (void)t, (void)sweep, (void)dtau;
    for (int m = 0; !err && m < c->M; m++)
        QD[m * c->M + m] = (double)U.v[m][m];
    return err;
}

/* ---- schemes between nodes: delta_j = tau_j - tau_{j-1} ---- */

static double delta(const struct collocation *c, int j)
{
    return c->tau[j] - (j ? c->tau[j - 1] : 0);
}

/* parameter: the implicit part; 1 backward Euler, 1/2 trapezoidal rule, 0 forward Euler */
GENERATOR(theta)
{
    (void)sweep;
    for (int m = 0; m < c->M; m++) {
        dtau[m] = (1 - t->parameter) * delta(c, 0);
        for (int j = 0; j <= m; j++)
            QD[m * c->M + j] =
                t->parameter * delta(c, j) + (j < m ? (1 - t->parameter) * delta(c, j + 1) : 0);
    }
    return 0;
}

/* Forward Euler to the first two nodes. Then the derivative in tau_{m-1} of the parabola through
 * the values in tau_{m-2}, tau_{m-1} and tau_m is f there. */
GENERATOR(leapfrog)
{
    const int M = c->M;

    (void)t, (void)sweep;
    for (int m = 0; m < M; m++) {
        dtau[m] = delta(c, 0);
        if (m == 1)
            QD[M] = delta(c, 1);
        if (m < 2)
            continue;
        const double h = delta(c, m - 1), k = delta(c, m);
        const double a =
            k * k / (h * h); /* u_m = a u_{m-2} + (1 - a) u_{m-1} + k (1 + k/h) f_{m-1} */
        for (int j = 0; j < m; j++)
            QD[m * M + j] = a * QD[(m - 2) * M + j] + (1 - a) * QD[(m - 1) * M + j];
        QD[m * M + m - 1] += k * (1 + k / h);
    }
    return 0;
}

/* ---- diagonals proportional to the nodes ---- */

static int divided_nodes(const struct collocation *c, double divisor, double *QD)
{
    for (int m = 0; m < c->M; m++)
        QD[m * c->M + m] = c->tau[m] / divisor;
    return 0;
}

GENERATOR(nodes)
{
    (void)sweep, (void)dtau;
    return divided_nodes(c, t->parameter, QD);
}

GENERATOR(trapezoidal_parallel)
{
    (void)t, (void)sweep;
    for (int m = 0; m < c->M; m++)
        dtau[m] = c->tau[m] / 2;
    return divided_nodes(c, 2, QD);
}

GENERATOR(min_sr_ns)
{
    (void)t, (void)sweep, (void)dtau;
    return divided_nodes(c, c->M, QD);
}

GENERATOR(min_sr_flex)
{
    return sweep <= c->M ? divided_nodes(c, sweep, QD) : qdelta_min_sr_s(t, c, sweep, QD, dtau);
}

GENERATOR(jumper)
{
    (void)t, (void)dtau;
    return divided_nodes(c, 2.0 * sweep, QD);
}

GENERATOR(flex_jumper)
{
    (void)t, (void)dtau;
    return divided_nodes(c, sweep == 1 ? 1 : 2.0 * (sweep - 1), QD);
}

/* ---- the list ---- */

/* diagonal, lower, is_explicit, sweeps */
#define FULL false, false, false, false
#define LOWER false, true, false, false
#define EXPLICIT false, true, true, false
#define DIAGONAL true, true, false, false
#define ZERO true, true, true, false
#define BY_SWEEP true, true, false, true

const struct qdelta_type qdelta_types[] = {
    { "PIC", { "Picard" }, "zero: Picard iteration", ZERO, picard, 0 },
    { "Exact", { 0 }, "Q itself: solves collocation at once", FULL, copy, COLLOCATION_MAX },
    { "LU", { 0 }, "transpose of U in Q^T = L U (Weiser 2015)", LOWER, lu, 1 },
    { "LU2", { 0 }, "twice LU", LOWER, lu, 2 },
    { "QPar", { "Qdiag" }, "diagonal of Q", DIAGONAL, diagonal_of_q, 0 },
    { "GS", { "GaussSeidel" }, "lower triangle of Q", LOWER, copy, 0 },
    { "LDU", { 0 }, "D of Q = L D U", DIAGONAL, ldu, 0 },
    { "BE", { "IE" }, "implicit Euler from node to node", LOWER, theta, 1 },
    { "FE", { "EE" }, "explicit Euler from node to node", EXPLICIT, theta, 0 },
    { "TRAP", { "CN" }, "trapezoidal rule from node to node", LOWER, theta, 0.5 },
    { "BEPAR", { "IEpar" }, "implicit Euler from 0 to each node", DIAGONAL, nodes, 1 },
    { "TRAPAR", { 0 }, "trapezoidal rule from 0 to each node", DIAGONAL, trapezoidal_parallel, 0 },
    { "SOE", { "LeapFrog", "LF" }, "explicit two-step scheme of order 2", EXPLICIT, leapfrog, 0 },
    { "MIN", { "MIN-Speck" }, "least spectral radius, stiff; by search", DIAGONAL, qdelta_min, 0 },
    { "MIN3", { "Magic_Numbers" }, "the same; tabulated (Speck 2018)", DIAGONAL, qdelta_table, 0 },
    { "VDHS", { "MIN_VDHS" }, "van der Houwen, Sommeijer 1991", DIAGONAL, qdelta_table, 0 },
    { "MIN-SR-NS", { "MIN_GT" }, "nodes / M: nilpotent, non-stiff", DIAGONAL, min_sr_ns, 0 },
    { "MIN-SR-S", { 0 }, "nilpotent, stiff (Caklovic 2025)", DIAGONAL, qdelta_min_sr_s, 0 },
    { "MIN-SR-FLEX", { 0 }, "nodes / k for k <= M, then MIN-SR-S", BY_SWEEP, min_sr_flex, 0 },
    { "JUMPER", { "FB" }, "nodes / 2k: order 2k", BY_SWEEP, jumper, 0 },
    { "FLEX-JUMPER", { "FB2" }, "nodes, then nodes / 2(k - 1)", BY_SWEEP, flex_jumper, 0 },
    { "DNODES-1", { "DNODES" }, "nodes", DIAGONAL, nodes, 1 },
    { "DNODES-2", { 0 }, "nodes / 2", DIAGONAL, nodes, 2 },
    { "DNODES-3", { 0 }, "nodes / 3", DIAGONAL, nodes, 3 },
    { "DNODES-4", { 0 }, "nodes / 4", DIAGONAL, nodes, 4 },
    { "DNODES-5", { 0 }, "nodes / 5", DIAGONAL, nodes, 5 },
    { 0 }
};

const char *const qdelta_names[] = {
    "PIC",      "Exact",    "LU",        "LU2",      "QPar",        "GS",     "LDU",
    "BE",       "FE",       "TRAP",      "BEPAR",    "TRAPAR",      "SOE",    "MIN",
    "MIN3",     "VDHS",     "MIN-SR-NS", "MIN-SR-S", "MIN-SR-FLEX", "JUMPER", "FLEX-JUMPER",
    "DNODES-1", "DNODES-2", "DNODES-3",  "DNODES-4", "DNODES-5",    NULL
};

const struct qdelta_type *qdelta_find(const char *name)
{
    for (const struct qdelta_type *t = qdelta_types; t->name; t++) {
        if (collocation_same_name(t->name, name))
            return t;
        for (const char *const *alias = t->aliases; *alias; alias++)
            if (collocation_same_name(*alias, name))
                return t;
    }
    return NULL;
}

int qdelta_last_sweep(const struct qdelta_type *t, const struct collocation *c)
{
    if (!t->sweeps)
        return 1;
    return t->generate == min_sr_flex ? c->M + 1 : INT_MAX;
}

int qdelta_generate(const struct collocation *c, const char *name, int sweep, double *QD,
                    double *dtau)
{
    const struct qdelta_type *t = qdelta_find(name);
    double unused[COLLOCATION_MAX];

    if (!t)
        return QDELTA_NAME;
    if (sweep < 1)
        return QDELTA_SWEEP;
    dtau = dtau ? dtau : unused;
    memset(QD, 0, (size_t)(c->M * c->M) * sizeof *QD);
    memset(dtau, 0, (size_t)c->M * sizeof *dtau);
    return t->generate(t, c, sweep, QD, dtau);
}
