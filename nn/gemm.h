// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Products of small matrices with long ones, in the precision of the file's build. Every entry of a
 * result is one chain of multiply-adds over the inner index in ascending order, wherever it lies:
 * the same bits for every batch and blocking. (BLAS packs its operands first, which costs as much
 * as these products.) */
#ifndef SPT_GEMM_H
#define SPT_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "nn/real.h"

/* C (m, n) = A B, or C + A B; A (i, p) stands at a[i*ai + p*ap], B (k, n) and C in rows of ldb and
 * ldc */
void NN(gemm)(size_t m, size_t n, size_t k, const real *a, size_t ai, size_t ap, const real *b,
              size_t ldb, real *c, size_t ldc, bool add);
/* C (m, n) += A (m, k) B (n, k)^T: inner products of long rows */
void NN(gemm_nt)(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb,
                 real *c, size_t ldc);

#endif
