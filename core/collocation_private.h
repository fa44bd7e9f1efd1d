// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Shared by the collocation files: everything in long double, so that results are correct to the
 * last bits of double. */
#ifndef SPT_COLLOCATION_PRIVATE_H
#define SPT_COLLOCATION_PRIVATE_H

#include "core/collocation.h"

typedef long double real;

struct matrix { /* (n, n) with a fixed stride: small ones live on the stack */
    real v[COLLOCATION_MAX][COLLOCATION_MAX];
};

/* tau (M) and, unless NULL, Q and weights (M) */
void collocation_compute(enum collocation_nodes nodes, enum collocation_quadrature quadrature,
                         int M, real *tau, struct matrix *Q, real *weights);

/* A := its LU factors, by rows of `row` (n); 0 or QDELTA_SINGULAR */
int lu_factor(int n, struct matrix *A, int *row, real *determinant);
/* x := A^-1 x */
void lu_solve(int n, const struct matrix *LU, const int *row, real *x);
/* largest absolute eigenvalue; A is destroyed; NAN if the iteration does not end */
real matrix_radius(int n, struct matrix *A);

/* Nelder and Mead's simplex search with the coefficients, the stopping rule (1e-4 in x and in f)
 * and the limits (200 n evaluations and iterations) of scipy.optimize.minimize, so that it ends
 * where that ends. x (n): from where to where; n <= COLLOCATION_MAX */
void nelder_mead(int n, double *x, double (*f)(int n, const double *x, const void *data),
                 const void *data);

/* case and the signs - and _ do not count */
bool collocation_same_name(const char *a, const char *b);
/* appends; cuts off what has no room */
void collocation_add(char text[COLLOCATION_TEXT], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* appends what tables there are */
void qdelta_add_tables(char text[COLLOCATION_TEXT], const char *name);

/* generators in core/qdelta_minimal.c */
int qdelta_min(const struct qdelta_type *t, const struct collocation *c, int sweep, double *QD,
               double *dtau);
int qdelta_table(const struct qdelta_type *t, const struct collocation *c, int sweep, double *QD,
                 double *dtau);
int qdelta_min_sr_s(const struct qdelta_type *t, const struct collocation *c, int sweep, double *QD,
                    double *dtau);

#endif
