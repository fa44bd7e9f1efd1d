// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Linear algebra for matrices of the size of a collocation method, in long double. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/collocation_private.h"

int lu_factor(int n, struct matrix *A, int *row, real *determinant)
{
    *determinant = 1;
    for (int i = 0; i < n; i++)
        row[i] = i;
    for (int k = 0; k < n; k++) {
        int pivot = k;
        for (int i = k + 1; i < n; i++)
            if (fabsl(A->v[i][k]) > fabsl(A->v[pivot][k]))
                pivot = i;
        if (pivot != k) {
            for (int j = 0; j < n; j++) {
                const real a = A->v[k][j];
                A->v[k][j] = A->v[pivot][j];
                A->v[pivot][j] = a;
            }
            const int r = row[k];
            row[k] = row[pivot];
            row[pivot] = r;
            *determinant = -*determinant;
        }
        *determinant *= A->v[k][k];
        if (A->v[k][k] == 0)
            return QDELTA_SINGULAR;
        for (int i = k + 1; i < n; i++) {
            A->v[i][k] /= A->v[k][k];
            for (int j = k + 1; j < n; j++)
                A->v[i][j] -= A->v[i][k] * A->v[k][j];
        }
    }
    return 0;
}

void lu_solve(int n, const struct matrix *LU, const int *row, real *x)
{
    real b[COLLOCATION_MAX];

    for (int i = 0; i < n; i++) {
        b[i] = x[row[i]];
        for (int j = 0; j < i; j++)
            b[i] -= LU->v[i][j] * b[j];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int j = i + 1; j < n; j++)
            b[i] -= LU->v[i][j] * b[j];
        b[i] /= LU->v[i][i];
    }
    memcpy(x, b, (size_t)n * sizeof *x);
}

/* A := H A H with H = 1 - 2 v v^T / v^T v on the count indices from first, v such that H maps x to
 * a multiple of e_1; rows from column `left`, columns to row `bottom`. */
static void reflect(int n, struct matrix *A, int first, int count, const real *x, int left,
                    int bottom)
{
    real v[COLLOCATION_MAX], norm = 0, square = 0;

    for (int i = 0; i < count; i++)
        norm += x[i] * x[i];
    norm = sqrtl(norm);
    if (norm == 0)
        return;
    v[0] = x[0] / norm + (x[0] < 0 ? -1 : 1);
    for (int i = 1; i < count; i++)
        v[i] = x[i] / norm;
    for (int i = 0; i < count; i++)
        square += v[i] * v[i];
    for (int j = left; j < n; j++) {
        real dot = 0;
        for (int i = 0; i < count; i++)
            dot += v[i] * A->v[first + i][j];
        for (int i = 0; i < count; i++)
            A->v[first + i][j] -= 2 * dot / square * v[i];
    }
    for (int i = 0; i <= bottom; i++) {
        real dot = 0;
        for (int j = 0; j < count; j++)
            dot += A->v[i][first + j] * v[j];
        for (int j = 0; j < count; j++)
            A->v[i][first + j] -= 2 * dot / square * v[j];
    }
}

static void hessenberg(int n, struct matrix *A)
{
    for (int k = 0; k + 2 < n; k++) {
        real x[COLLOCATION_MAX];
        for (int i = k + 1; i < n; i++)
            x[i - k - 1] = A->v[i][k];
        reflect(n, A, k + 1, n - k - 1, x, k, n - 1);
        for (int i = k + 2; i < n; i++)
            A->v[i][k] = 0;
    }
}

/* One step of the implicit QR iteration on rows low..high with shifts of the given sum and product
 * (Golub and Van Loan, Matrix Computations, algorithm 7.5.1) */
static void francis(struct matrix *H, int low, int high, real sum, real product)
{
    real(*h)[COLLOCATION_MAX] = H->v;
    real x[3] = { h[low][low] * (h[low][low] - sum) + h[low][low + 1] * h[low + 1][low] + product,
                  h[low + 1][low] * (h[low][low] + h[low + 1][low + 1] - sum),
                  h[low + 1][low] * h[low + 2][low + 1] };

    for (int k = low; k < high; k++) {
        const int count = k + 2 <= high ? 3 : 2, bottom = k + 3 < high ? k + 3 : high;
        reflect(high + 1, H, k, count, x, k > low ? k - 1 : low, bottom);
        for (int i = k + 1; k > low && i < k + count; i++)
            h[i][k - 1] = 0;
        x[0] = h[k + 1][k];
        x[1] = k + 2 <= high ? h[k + 2][k] : 0;
        x[2] = k + 3 <= high ? h[k + 3][k] : 0;
    }
}

real matrix_radius(int n, struct matrix *A)
{
    real(*h)[COLLOCATION_MAX] = A->v, radius = 0, norm = 0;
    int high = n - 1, steps = 0;

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            norm += fabsl(h[i][j]);
    if (!isfinite(norm))
        return NAN;
    hessenberg(n, A);
    while (high >= 0) {
        int low = high;
        for (; low > 0; low--) {
            const real scale = fabsl(h[low - 1][low - 1]) + fabsl(h[low][low]);
            if (fabsl(h[low][low - 1]) <= LDBL_EPSILON * (scale > 0 ? scale : norm))
                break;
        }
        if (low == high) {
            radius = fmaxl(radius, fabsl(h[high][high]));
            high--;
            steps = 0;
            continue;
        }
        real sum = h[high - 1][high - 1] + h[high][high];
        real product =
            h[high - 1][high - 1] * h[high][high] - h[high - 1][high] * h[high][high - 1];
        if (low == high - 1) {
            const real half = (h[high - 1][high - 1] - h[high][high]) / 2;
            const real root = half * half + h[high - 1][high] * h[high][high - 1];
            radius = fmaxl(radius, root < 0 ? sqrtl(fabsl(product)) : fabsl(sum) / 2 + sqrtl(root));
            high -= 2;
            steps = 0;
            continue;
        }
        if (++steps == 100)
            return NAN;
        if (steps % 10 == 0) { /* cycling: other shifts */
            const real s = fabsl(h[high][high - 1]) + fabsl(h[high - 1][high - 2]);
            sum = 1.5L * s;
            product = s * s;
        }
        francis(A, low, high, sum, product);
    }
    return radius;
}
