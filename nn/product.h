// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What layers are made of on a device: products of matrices and activations, in the precision of
 * the file's build. For .cu files. */
#ifndef SPT_PRODUCT_H
#define SPT_PRODUCT_H

#include "nn/dense.h"

/* A (i, p) stands at a[i*ai + p*ap] */
struct matrix {
    const real *a;
    size_t ai, ap, next; /* next: from one of `count` to the next; 0: the same one */
};

/* C (m, n) = A (m, k) B (k, n) + start, `count` times. C stands in rows of ldc; start is 0, C
 * itself, or bias (m) in every column. Every entry is one chain of multiply-adds over p in
 * ascending order. */
struct product {
    size_t count, m, n, k;
    struct matrix a, b;
    real *c;
    size_t ldc, next;
    bool add;
    const real *bias; /* or NULL */
};

void NN(product)(const struct exec *x, const struct product *p);

/* y = act(z), + u unless u is NULL; y may be z */
void NN(activate_cuda)(const struct exec *x, enum activation act, size_t n, const real *z,
                       const real *u, real *y);
/* dz = act'(z) dy; dz may be dy */
void NN(activate_adjoint_cuda)(const struct exec *x, enum activation act, size_t n, const real *z,
                               const real *dy, real *dz);
/* sum (m) += the sums over the rows of A (m, n), each in one order */
void NN(row_sums)(const struct exec *x, size_t m, size_t n, const real *a, real *sum);
/* nn/dense.h's dense_backward */
void NN(dense_backward_cuda)(const struct dense *d, const struct exec *x, const real *W,
                             const real *u, const real *dz, real *du, bool add, real *dW);

#endif
