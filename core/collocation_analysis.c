// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* How SDC with some QDelta converges, and what it makes of u' = lambda u. */
#include <complex.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/collocation_private.h"

void sdc_nonstiff(const struct collocation *c, const double *QD, double *K)
{
    for (int i = 0; i < c->M * c->M; i++)
        K[i] = c->Q[i] - QD[i];
}

int sdc_stiff(const struct collocation *c, const double *QD, double *K)
{
    const int M = c->M, left = c->includes_left, n = M - left;
    int row[COLLOCATION_MAX];
    struct matrix A;
    real determinant;

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            A.v[i][j] = QD[(i + left) * M + j + left];
    if (lu_factor(n, &A, row, &determinant))
        return QDELTA_SINGULAR;
    for (int i = 0; i < M * M; i++)
        K[i] = 0;
    for (int j = left; j < M; j++) {
        real x[COLLOCATION_MAX];
        for (int i = 0; i < n; i++)
            x[i] = c->Q[(i + left) * M + j];
        lu_solve(n, &A, row, x);
        for (int i = 0; i < n; i++)
            K[(i + left) * M + j] = (double)((i + left == j) - x[i]);
    }
    return 0;
}

double spectral_radius(int n, const double *A)
{
    struct matrix H;

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            H.v[i][j] = A[i * n + j];
    return (double)matrix_radius(n, &H);
}

static real norm(int n, const struct matrix *A)
{
    real largest = 0;

    for (int i = 0; i < n; i++) {
        real sum = 0;
        for (int j = 0; j < n; j++)
            sum += fabsl(A->v[i][j]);
        largest = sum > largest || isnan(sum) ? sum : largest;
    }
    return largest;
}

double max_norm(int n, const double *A)
{
    return power_norm(n, A, 1);
}

double power_norm(int n, const double *A, int k)
{
    struct matrix P, next;

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            P.v[i][j] = i == j;
    for (; k > 0; k--) {
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                next.v[i][j] = 0;
                for (int l = 0; l < n; l++)
                    next.v[i][j] += P.v[i][l] * A[l * n + j];
            }
        }
        P = next;
    }
    return (double)norm(n, &P);
}

/* b := A^-1 b; A is destroyed */
static int solve(int n, double complex A[][COLLOCATION_MAX], double complex *b)
{
    for (int k = 0; k < n; k++) {
        int pivot = k;
        for (int i = k + 1; i < n; i++)
            if (cabs(A[i][k]) > cabs(A[pivot][k]))
                pivot = i;
        if (A[pivot][k] == 0)
            return QDELTA_SINGULAR;
        for (int j = k; j < n; j++) {
            const double complex a = A[k][j];
            A[k][j] = A[pivot][j];
            A[pivot][j] = a;
        }
        const double complex a = b[k];
        b[k] = b[pivot];
        b[pivot] = a;
        for (int i = k + 1; i < n; i++) {
            const double complex factor = A[i][k] / A[k][k];
            for (int j = k + 1; factor != 0 && j < n; j++)
                A[i][j] -= factor * A[k][j];
            b[i] -= factor * b[k];
        }
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int j = i + 1; j < n; j++)
            b[i] -= A[i][j] * b[j];
        b[i] /= A[i][i];
    }
    return 0;
}

int sdc_stability(const struct collocation *c, int K, const double *QD, bool update,
                  const double z[2], double R[2])
{
    const int M = c->M;
    const bool far = hypot(z[0], z[1]) > 1, infinite = isinf(z[0]) || isinf(z[1]);
    /* a Y' - b QDelta Y' = a + b (Q - QDelta) Y with a = 1, b = z, or divided by z */
    const double complex value = infinite ? 0 : z[0] + z[1] * I;
    const double complex a = infinite ? 0 : far ? 1 / value : 1, b = far ? 1 : value;
    double complex y[COLLOCATION_MAX], result;

    if (!update && !c->includes_right)
        return COLLOCATION_NO_LAST_NODE;
    if (update && infinite)
        return -EINVAL;
    for (int m = 0; m < M; m++)
        y[m] = 1;
    for (int k = 0; k < K; k++, QD += M * M) {
        double complex A[COLLOCATION_MAX][COLLOCATION_MAX], next[COLLOCATION_MAX];
        for (int m = 0; m < M; m++) {
            next[m] = a;
            for (int j = 0; j < M; j++) {
                A[m][j] = a * (m == j) - b * QD[m * M + j];
                next[m] += b * (c->Q[m * M + j] - QD[m * M + j]) * y[j];
            }
        }
        if (c->includes_left)
            A[0][0] = next[0] = 1; /* also where a = 0 */
        if (solve(M, A, next))
            return QDELTA_SINGULAR;
        for (int m = 0; m < M; m++)
            y[m] = next[m];
    }
    result = update ? 1 : y[M - 1];
    for (int m = 0; update && m < M; m++)
        result += value * c->weights[m] * y[m];
    R[0] = creal(result);
    R[1] = cimag(result);
    return 0;
}

int sdc_series(const struct collocation *c, int K, const double *QD, bool update, int n,
               double *series)
{
    const int M = c->M;
    real *y, *next; /* (n + 1, M) */

    if (!update && !c->includes_right)
        return COLLOCATION_NO_LAST_NODE;
    if (!(y = calloc(2 * (size_t)((n + 1) * M), sizeof *y)))
        return -ENOMEM;
    next = y + (n + 1) * M;
    for (int m = 0; m < M; m++)
        y[m] = next[m] = 1;
    for (int k = 0; k < K; k++, QD += M * M) {
        for (int i = 0; i < n; i++) { /* next_{i+1} = QDelta next_i + (Q - QDelta) y_i */
            for (int m = 0; m < M; m++) {
                real sum = 0;
                for (int j = 0; j < M; j++)
                    sum += (real)QD[m * M + j] * (next[i * M + j] - y[i * M + j]) +
                           (real)c->Q[m * M + j] * y[i * M + j];
                next[(i + 1) * M + m] = sum;
            }
        }
        for (int i = M; i < (n + 1) * M; i++)
            y[i] = next[i];
    }
    for (int i = 0; i <= n; i++) {
        real sum = update ? !i : y[i * M + M - 1];
        for (int m = 0; update && i && m < M; m++)
            sum += c->weights[m] * y[(i - 1) * M + m];
        series[i] = (double)sum;
    }
    free(y);
    return 0;
}

int sdc_order(const struct collocation *c, int K, const double *QD, bool update, int *order,
              double *coefficient)
{
    double series[2 * COLLOCATION_MAX + 2], factorial = 1;
    const int n = 2 * c->M + 1; /* no quadrature has a higher order than 2M */
    const int err = sdc_series(c, K, QD, update, n, series);

    if (err)
        return err;
    for (int i = 1; i <= n; i++) {
        factorial *= i;
        *order = i - 1;
        *coefficient = series[i] - 1 / factorial;
        if (fabs(*coefficient * factorial) > 1e-7)
            break;
    }
    return 0;
}
