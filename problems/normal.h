// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Distribution functions of the standard normal law in one and two dimensions. */
#ifndef SPT_NORMAL_H
#define SPT_NORMAL_H

/* P(X < x), with full relative accuracy in the lower tail */
double normal_cdf(double x);

/* P(X < a, Y < b) for correlation rho in [-1, 1], to about 1e-15 absolute; a and b may be infinite.
 * Plackett's integral over the correlation, by 20 Gauss-Legendre points: Z. Drezner and
 * G.O. Wesolowsky, J. Statist. Comput. Simul. 35 (1989) 101-107; beyond |rho| = 0.925 from the
 * singular end, its first terms subtracted: A. Genz, Statistics and Computing 14 (2004) 251-260. */
double normal_cdf2(double a, double b, double rho);

/* The integral of f over [a, b] by 20 Gauss-Legendre points */
double gauss20(double (*f)(double x, const void *data), const void *data, double a, double b);

#endif
