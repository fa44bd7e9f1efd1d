// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/newton.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { KRYLOV = 30, LANES = 8 };

static const double rounding = 4 * DBL_EPSILON;

static bool is_finite(size_t n, const double *u)
{
    long bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= !(fabs(u[i]) <= DBL_MAX);
    return !bad;
}

/* false for NaN */
static bool is_below(size_t n, const double *u, double limit)
{
    long above = 0;
    for (size_t i = 0; i < n; i++)
        above |= !(fabs(u[i]) < limit);
    return !above;
}

static double largest(size_t n, const double *u)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fabs(u[i]) > most ? fabs(u[i]) : most;
    return most;
}

bool newton_passes_through(size_t n, const double *b, double *u)
{
    if (is_finite(n, b))
        return !is_finite(n, u);
    memmove(u, b, n * sizeof *u);
    return true;
}

/* ---- few unknowns ---- */

/* g = A^-1 g by elimination with partial pivoting; false if A is singular */
static bool eliminate(int n, double A[NEWTON_DENSE][NEWTON_DENSE], double *g)
{
    for (int k = 0; k < n; k++) {
        int pivot = k;
        for (int i = k + 1; i < n; i++)
            if (fabs(A[i][k]) > fabs(A[pivot][k]))
                pivot = i;
        if (!(fabs(A[pivot][k]) > 0))
            return false;
        for (int j = k; j < n; j++) {
            const double swap = A[k][j];
            A[k][j] = A[pivot][j];
            A[pivot][j] = swap;
        }
        const double swap = g[k];
        g[k] = g[pivot];
        g[pivot] = swap;
        for (int i = k + 1; i < n; i++) {
            const double factor = A[i][k] / A[k][k];
            for (int j = k + 1; j < n; j++)
                A[i][j] -= factor * A[k][j];
            g[i] -= factor * g[k];
        }
    }
    for (int k = n - 1; k >= 0; k--) {
        for (int j = k + 1; j < n; j++)
            g[k] -= A[k][j] * g[j];
        g[k] /= A[k][k];
    }
    return true;
}

int newton_dense(const struct newton *s, const struct exec *x, newton_function *f,
                 const struct problem *p, double a, const double *b, double *u)
{
    const int n = (int)p->n;
    double right[NEWTON_DENSE], g[NEWTON_DENSE], J[NEWTON_DENSE][NEWTON_DENSE];
    assert(n <= NEWTON_DENSE);
    if (newton_passes_through(p->n, b, u))
        return 0;
    memcpy(right, b, p->n * sizeof *b);
    bool moved = true;
    for (long k = 0;; k++) {
        f(p, u, g, J);
        for (int i = 0; i < n; i++)
            g[i] = u[i] - a * g[i] - right[i];
        if (is_below(p->n, g, s->tolerance) || !moved)
            return 0;
        if (k == s->limit)
            return (int)k;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                J[i][j] = (i == j) - a * J[i][j];
        exec_count(x, 0, 0, 1);
        if (!eliminate(n, J, g) || !is_finite(p->n, g))
            return (int)k + 1;
        for (int i = 0; i < n; i++)
            u[i] -= g[i];
        moved = !is_below(p->n, g, rounding * largest(p->n, u));
    }
}

void newton_adjoint(newton_function *f, const struct problem *p, const double *u, const double *v,
                    double *g)
{
    double unused[NEWTON_DENSE], J[NEWTON_DENSE][NEWTON_DENSE];
    f(p, u, unused, J);
    for (size_t j = 0; j < p->n; j++) {
        g[j] = 0;
        for (size_t i = 0; i < p->n; i++)
            g[j] += J[i][j] * v[i];
    }
}

/* ---- many unknowns ---- */

/* one order of summation, whatever the vectors of the machine */
static double dot(size_t n, const double *u, const double *v)
{
    double s[LANES] = { 0 };
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            s[j] += u[i + j] * v[i + j];
    for (int j = 0; i < n; i++, j++)
        s[j] += u[i] * v[i];
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

static void add(size_t n, double c, const double *v, double *u)
{
    for (size_t i = 0; i < n; i++)
        u[i] += c * v[i];
}

static void scale(size_t n, double c, const double *v, double *u)
{
    for (size_t i = 0; i < n; i++)
        u[i] = c * v[i];
}

/* v: (KRYLOV + 1) basis vectors; v[0] enters as the right-hand side, d leaves as the solution.
 * Whether it is one. */
static bool gmres(const struct newton_krylov *s, const struct exec *x, const double *u,
                  double *const *v, double *d)
{
    const size_t n = s->n;
    double R[KRYLOV][KRYLOV], c[KRYLOV], r[KRYLOV], y[KRYLOV + 1];
    const double start = sqrt(dot(n, v[0], v[0]));
    int m = 0;
    memset(d, 0, n * sizeof *d);
    if (start == 0)
        return true;
    scale(n, 1 / start, v[0], v[0]);
    y[0] = start;
    while (m < KRYLOV && fabs(y[m]) > s->linear_tolerance * start) {
        double *h = R[m], *w = v[m + 1];
        s->derivative(s, x, u, v[m], w);
        for (int i = 0; i <= m; i++) { /* modified Gram-Schmidt */
            h[i] = dot(n, w, v[i]);
            add(n, -h[i], v[i], w);
        }
        const double next = sqrt(dot(n, w, w));
        for (int i = 0; i < m; i++) { /* rotate what is below the diagonal away */
            const double upper = h[i];
            h[i] = c[i] * upper + r[i] * h[i + 1];
            h[i + 1] = c[i] * h[i + 1] - r[i] * upper;
        }
        const double length = sqrt(h[m] * h[m] + next * next);
        if (!(length > 0))
            break; /* singular, or not finite */
        c[m] = h[m] / length;
        r[m] = next / length;
        h[m] = length;
        y[m + 1] = -r[m] * y[m];
        y[m] = c[m] * y[m];
        m++;
        if (next == 0)
            break;
        scale(n, 1 / next, w, w);
    }
    for (int k = m - 1; k >= 0; k--) {
        for (int j = k + 1; j < m; j++)
            y[k] -= R[j][k] * y[j];
        y[k] /= R[k][k];
    }
    for (int k = 0; k < m; k++)
        add(n, y[k], v[k], d);
    return fabs(y[m]) <= s->linear_tolerance * start;
}

size_t newton_krylov_nwork(size_t n)
{
    return (KRYLOV + 2) * exec_round(n);
}

int newton_krylov(const struct newton_krylov *s, const struct exec *exec, double *u)
{
    struct exec x = *exec;
    double *v[KRYLOV + 1], *d = exec_take(&x, s->n);
    for (int i = 0; i <= KRYLOV; i++)
        v[i] = exec_take(&x, s->n);
    bool moved = true;
    for (long k = 0;; k++) {
        s->residual(s, &x, u, v[0]);
        if (is_below(s->n, v[0], s->newton.tolerance) || !moved)
            return 0;
        if (k == s->newton.limit || !is_finite(s->n, v[0]))
            return (int)(k ? k : 1);
        exec_count(&x, 0, 0, 1);
        const bool solved = gmres(s, &x, u, v, d);
        add(s->n, -1, d, u);
        moved = !solved || !is_below(s->n, d, rounding * largest(s->n, u));
    }
}
