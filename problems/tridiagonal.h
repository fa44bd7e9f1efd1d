// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Tridiagonal operators A, and systems u - a A u = b by Thomas elimination without pivoting. */
#ifndef SPT_TRIDIAGONAL_H
#define SPT_TRIDIAGONAL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* (A u)_i = lower_i u_{i-1} + diag_i u_i + upper_i u_{i+1} in rows first <= i < end: all, or all
 * but the ends, whose u is known. lower_0 and upper_{n-1} are 0. */
struct tridiagonal {
    size_t n, first, end;
    double *lower, *diag, *upper; /* (n) each, one block */
};

int tridiagonal_create(struct tridiagonal *A, size_t n, size_t first,
                       size_t end); /* 0 or -ENOMEM */
void tridiagonal_destroy(struct tridiagonal *A);

/* f (3, n): d_i = f[0][i] b_i - f[1][i] d_{i-1} upwards, then u_i = d_i - f[2][i] u_{i+1}
 * downwards. 0, or 1 + the row whose pivot is 0 or not finite. */
int tridiagonal_factor(const struct tridiagonal *A, double a, double *f);

/* One line between the known values of its ends, if rows first <= i < end leave them out. u may be
 * b. */
void tridiagonal_solve(const struct tridiagonal *A, const double *f, double west, double east,
                       const double *b, double *u);

/* Factors by coefficient a, made before they are used; then read by many threads. */
struct factors {
    size_t count;
    struct factored {
        double a, *f;
    } * v;
};

int factors_add(struct factors *s, const struct tridiagonal *A, double a); /* 0 or -ENOMEM */
const double *factors_find(const struct factors *s, double a);             /* NULL: none */
void factors_destroy(struct factors *s);

#ifdef __cplusplus
}
#endif
#endif
