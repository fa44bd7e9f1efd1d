// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Polynomials on [-1, 1]: Legendre's L_n, Gauss' quadrature, and bases that meet boundary
 * conditions at both ends by themselves (J. Shen, SIAM J. Sci. Comput. 15 (1994) 1489-1505), phi_j
 * = L_j + a_j L_{j+2} + b_j L_{j+4}   (b_j = 0 where one condition is met). phi_j is even or odd as
 * j is. Inner products of functions of one basis, or of their derivatives of one order, vanish but
 * for a few neighbours of the same parity. On the host. */
#ifndef SPT_POLYNOMIALS_H
#define SPT_POLYNOMIALS_H

#include <stddef.h>

enum { POLYNOMIALS_MAX = 4096 }; /* functions of a basis */

enum basis {
    BASIS_DIRICHLET, /* phi = 0 */
    BASIS_NEUMANN,   /* phi' = 0 */
    BASIS_CLAMPED,   /* phi = phi' = 0 */
    BASIS_HINGED,    /* phi = phi'' = 0 */
    BASIS_BUBBLES,   /* no condition: 1, x, and L_j - L_{j-2}, which are 0 at the ends */
};

/* v (3, n) = phi_j, phi_j', phi_j'' at x for j < n <= POLYNOMIALS_MAX */
void basis_at(enum basis basis, size_t n, double x, double *v);

/* Nodes, ascending, and weights (n) each: exact for polynomials of degree 2n - 1. Mirror images of
 * each other to the last bit */
void gauss_legendre(size_t n, double *x, double *w);

/* Chebyshev's points -cos(pi i/(n-1)), both ends included, mirror images to the last bit, */
void chebyshev_points(size_t n, double *x);
/* the row w (n) that takes values there to that of their polynomial at x */
void chebyshev_interpolation(size_t n, const double *points, double x, double *w);

#endif
