// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Nodes as eigenvalues of Jacobi matrices (Gautschi, Orthogonal Polynomials, 2004, section 3.1) and
 * integrals of Lagrange polynomials by Gauss rules that are exact for them. */
#include <float.h>

#include "core/collocation_private.h"

struct jacobi { /* monic: p_{k+1} = (x - alpha_k) p_k - beta_k p_{k-1} */
    real alpha[COLLOCATION_MAX], beta[COLLOCATION_MAX];
};

static void recurrence(enum collocation_nodes nodes, int n, struct jacobi *J)
{
    for (int k = 0; k < n; k++) {
        J->alpha[k] = 0;
        J->beta[k] = nodes == NODES_LEGENDRE ? (real)k * k / (4 * (real)k * k - 1) : 0.25L;
    }
    J->beta[0] = 0; /* has no effect on nodes */
    if (nodes == NODES_CHEBY_1 && n > 1)
        J->beta[1] = 0.5L;
    if (nodes == NODES_CHEBY_3)
        J->alpha[0] = 0.5L;
    if (nodes == NODES_CHEBY_4)
        J->alpha[0] = -0.5L;
}

/* p_n(x) and p_{n-1}(x) */
static void evaluate(const struct jacobi *J, int n, real x, real *last, real *before)
{
    *last = 1;
    *before = 0;
    for (int k = 0; k < n; k++) {
        const real next = (x - J->alpha[k]) * *last - J->beta[k] * *before;
        *before = *last;
        *last = next;
    }
}

/* Changes the last coefficients so that p_n has the roots in the ends that the quadrature asks. */
static void fix_ends(enum collocation_quadrature quadrature, int n, struct jacobi *J)
{
    real p, q, r, s;

    evaluate(J, n - 1, 1, &p, &q);
    evaluate(J, n - 1, -1, &r, &s);
    if (quadrature == QUADRATURE_RADAU_RIGHT) {
        J->alpha[n - 1] = 1 - J->beta[n - 1] * q / p;
    } else if (quadrature == QUADRATURE_RADAU_LEFT) {
        J->alpha[n - 1] = -1 - J->beta[n - 1] * s / r;
    } else if (quadrature == QUADRATURE_LOBATTO) {
        const real determinant = p * s - q * r;
        J->alpha[n - 1] = (p * s + q * r) / determinant;
        J->beta[n - 1] = -2 * p * r / determinant;
    }
}

/* how many eigenvalues lie below x: the signs of a Sturm sequence */
static int below(const struct jacobi *J, int n, real x)
{
    real d = J->alpha[0] - x;
    int count = d < 0;

    for (int k = 1; k < n; k++) {
        d = J->alpha[k] - x - J->beta[k] / (d == 0 ? LDBL_MIN : d);
        count += d < 0;
    }
    return count;
}

/* ascending, by bisection to the last bit */
static void eigenvalues(const struct jacobi *J, int n, real *x)
{
    for (int i = 0; i < n; i++) {
        real low = -2, high = 2;
        for (int k = 0; k < 200; k++) {
            const real middle = (low + high) / 2;
            if (middle == low || middle == high)
                break;
            if (below(J, n, middle) > i)
                high = middle;
            else
                low = middle;
        }
        x[i] = low;
    }
}

static void unit_nodes(enum collocation_nodes nodes, enum collocation_quadrature quadrature, int n,
                       real *tau)
{
    const bool left = quadrature == QUADRATURE_RADAU_LEFT || quadrature == QUADRATURE_LOBATTO;
    const bool right = quadrature == QUADRATURE_RADAU_RIGHT || quadrature == QUADRATURE_LOBATTO;
    struct jacobi J;

    if (nodes == NODES_EQUID) {
        for (int m = 0; m < n; m++)
            tau[m] = (real)(m + !left) / (n + 1 - left - right);
        return;
    }
    recurrence(nodes, n, &J);
    fix_ends(quadrature, n, &J);
    eigenvalues(&J, n, tau);
    for (int m = 0; m < n; m++)
        tau[m] = (tau[m] + 1) / 2;
    if (left)
        tau[0] = 0;
    if (right)
        tau[n - 1] = 1;
}

/* The Gauss-Legendre rule on [0, 1], exact to degree 2n - 1: weights are reciprocal sums of squares
 * of the orthonormal polynomials. */
static void gauss(int n, real *x, real *w)
{
    struct jacobi J;

    recurrence(NODES_LEGENDRE, n, &J);
    eigenvalues(&J, n, x);
    for (int i = 0; i < n; i++) {
        real p = 1, before = 0, norm = 1, sum = 0; /* norm: integral of p^2 / integral of 1 */
        for (int k = 0; k < n; k++) {
            sum += p * p / norm;
            const real next = (x[i] - J.alpha[k]) * p - J.beta[k] * before;
            before = p;
            p = next;
            if (k + 1 < n)
                norm *= J.beta[k + 1];
        }
        w[i] = 1 / sum;
        x[i] = (x[i] + 1) / 2;
    }
}

/* integral over [0, end] of the polynomial with the roots tau_k, k != j */
static real integral(int M, const real *tau, int j, real end, int n, const real *x, const real *w)
{
    real sum = 0;

    for (int i = 0; i < n; i++) {
        real product = w[i];
        for (int k = 0; k < M; k++)
            if (k != j)
                product *= end * x[i] - tau[k];
        sum += product;
    }
    return end * sum;
}

void collocation_compute(enum collocation_nodes nodes, enum collocation_quadrature quadrature,
                         int M, real *tau, struct matrix *Q, real *weights)
{
    const int n = (M + 1) / 2;
    real x[COLLOCATION_MAX], w[COLLOCATION_MAX];

    unit_nodes(nodes, quadrature, M, tau);
    gauss(n, x, w);
    for (int j = 0; j < M; j++) {
        real peak = 1; /* that polynomial in tau_j */
        for (int k = 0; k < M; k++)
            if (k != j)
                peak *= tau[j] - tau[k];
        for (int m = 0; Q && m < M; m++)
            Q->v[m][j] = tau[m] == 0 ? 0 : integral(M, tau, j, tau[m], n, x, w) / peak; /* no -0 */
        if (weights)
            weights[j] = integral(M, tau, j, 1, n, x, w) / peak;
    }
}
