// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Many symmetric positive definite matrices side by side, one per lane, in which row j has entries
 * in columns j, j +- 2 and, if they are wide, j +- 4; and their Cholesky factors S = L L^T. Loops
 * run over lanes in vector registers: the order of operations is that of one lane alone. Vectors
 * are (rows, 2, lanes): real parts, imaginary parts. */
#ifndef SPT_BANDS_H
#define SPT_BANDS_H

#include <stdbool.h>
#include <stddef.h>

/* Tables are (rows, lanes), or (rows) where all lanes have the same matrix. */
struct bands {
    size_t rows, lanes;
    bool wide, same;
    double *diag, *two, *four; /* columns j, j - 2, j - 4; four only if wide */
};

/* diag NULL where it is not kept: solves need the inverse alone */
struct cholesky {
    size_t rows, lanes;
    bool wide, same;
    double *diag, *inverse, *two, *four; /* 1/diag, and as above */
};

size_t cholesky_size(size_t rows, size_t lanes, bool wide); /* doubles of the tables less diag */
/* tables of lanes in memory (cholesky_size) */
struct cholesky cholesky_in(double *memory, size_t rows, size_t lanes, bool wide);

/* L of m + a d, both of the shape of L; d NULL: of m */
void cholesky_factor(const struct bands *m, double a, const struct bands *d,
                     const struct cholesky *L);

void bands_multiply(const struct bands *s, const double *x, double *y);            /* y = S x */
void cholesky_multiply(const struct cholesky *L, const double *x, double *y);      /* y = L x */
void cholesky_multiply_back(const struct cholesky *L, const double *x, double *y); /* y = L^T x */
void cholesky_solve(const struct cholesky *L, const double *b, double *x); /* L x = b; x may be b */
void cholesky_solve_back(const struct cholesky *L, const double *b,
                         double *x); /* L^T x = b; the same */

#endif
