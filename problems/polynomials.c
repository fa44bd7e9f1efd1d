// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/polynomials.h"

#include <assert.h>
#include <math.h>

/* l, d, e (n): L_k, L_k' and L_k'' */
static void legendre(size_t n, double x, double *l, double *d, double *e)
{
    l[0] = 1, d[0] = 0, e[0] = 0;
    l[1] = x, d[1] = 1, e[1] = 0;
    for (size_t k = 1; k + 1 < n; k++) {
        const double m = (double)k;
        l[k + 1] = ((2 * m + 1) * x * l[k] - m * l[k - 1]) / (m + 1);
        d[k + 1] = d[k - 1] + (2 * m + 1) * l[k];
        e[k + 1] = e[k - 1] + (2 * m + 1) * d[k];
    }
}

/* L_k''(1) */
static double curvature(double k)
{
    return (k - 1) * k * (k + 1) * (k + 2) / 8;
}

/* With phi = 0 at the ends, phi' = b (2j+7) L_{j+3} - (2j+3) L_{j+1}, and
 * L_{j+3}' - L_{j+1}' = (2j+5) L_{j+2}: no large numbers cancel. */
static void pinned(double j, double b, const double *l, const double *d, double *phi)
{
    const double a = -1 - b, first = 2 * j + 3, second = b * (2 * j + 7);
    phi[0] = l[0] + a * l[2] + b * l[4];
    phi[1] = second * l[3] - first * l[1];
    phi[2] = first * (2 * j + 5) * l[2] + (second - first) * d[3];
}

void basis_at(enum basis basis, size_t n, double x, double *v)
{
    double l[POLYNOMIALS_MAX + 4], d[POLYNOMIALS_MAX + 4], e[POLYNOMIALS_MAX + 4];
    assert(n <= POLYNOMIALS_MAX);
    legendre(n + 4, x, l, d, e);
    for (size_t k = 0; k < n; k++) {
        const double j = (double)k;
        double phi[3];
        if (basis == BASIS_BUBBLES) {
            phi[0] = k < 2 ? l[k] : l[k] - l[k - 2];
            phi[1] = k < 2 ? d[k] : (2 * j - 1) * l[k - 1];
            phi[2] = k < 2 ? e[k] : (2 * j - 1) * d[k - 1];
        } else if (basis == BASIS_DIRICHLET) {
            phi[0] = l[k] - l[k + 2];
            phi[1] = -(2 * j + 3) * l[k + 1];
            phi[2] = -(2 * j + 3) * d[k + 1];
        } else if (basis == BASIS_NEUMANN) {
            const double a = -j * (j + 1) / ((j + 2) * (j + 3));
            phi[0] = l[k] + a * l[k + 2];
            phi[1] = (1 + a) * d[k] + a * (2 * j + 3) * l[k + 1];
            phi[2] = (1 + a) * e[k] + a * (2 * j + 3) * d[k + 1];
        } else if (basis == BASIS_CLAMPED) {
            pinned(j, (2 * j + 3) / (2 * j + 7), l + k, d + k, phi);
        } else {
            const double s = curvature(j + 2),
                         a = (curvature(j + 4) - curvature(j)) / (s - curvature(j + 4));
            pinned(j, -1 - a, l + k, d + k, phi);
        }
        for (size_t i = 0; i < 3; i++)
            v[i * n + k] = phi[i];
    }
}

/* Newton's method for the roots of L_n, from Tricomi's estimate */
void gauss_legendre(size_t n, double *x, double *w)
{
    for (size_t i = 0; i < (n + 1) / 2; i++) {
        double z = -cos(M_PI * ((double)i + 0.75) / ((double)n + 0.5)), slope = 1;
        if (2 * i + 1 == n)
            z = 0;
        for (int iteration = 0; iteration < 20; iteration++) {
            double l = 1, before = 0;
            for (size_t k = 0; k < n; k++) {
                const double m = (double)k, next = ((2 * m + 1) * z * l - m * before) / (m + 1);
                before = l;
                l = next;
            }
            slope = (double)n * (before - z * l) / (1 - z * z);
            if (2 * i + 1 == n || fabs(l / slope) < 1e-16)
                break;
            z -= l / slope;
        }
        x[i] = z;
        x[n - 1 - i] = -z;
        w[i] = w[n - 1 - i] = 2 / ((1 - z * z) * slope * slope);
    }
}

void chebyshev_points(size_t n, double *x)
{
    for (size_t i = 0; i < (n + 1) / 2; i++) {
        const double z = 2 * i + 1 == n ? 0 : cos(M_PI * (double)i / (double)(n - 1));
        x[i] = -z;
        x[n - 1 - i] = z;
    }
}

/* the barycentric formula (Berrut & Trefethen 2004, section 5) */
void chebyshev_interpolation(size_t n, const double *points, double x, double *w)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (x == points[i]) {
            for (size_t k = 0; k < n; k++)
                w[k] = k == i;
            return;
        }
        w[i] = (i % 2 ? -1 : 1) * (i == 0 || i + 1 == n ? 0.5 : 1) / (x - points[i]);
        sum += w[i];
    }
    for (size_t i = 0; i < n; i++)
        w[i] /= sum;
}
