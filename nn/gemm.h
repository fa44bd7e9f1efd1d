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

#if defined(__AVX512F__)
enum { GEMM_BYTES = 64, GEMM_ROWS = 8 };
#elif defined(__AVX__)
enum { GEMM_BYTES = 32, GEMM_ROWS = 6 };
#else
enum { GEMM_BYTES = 16, GEMM_ROWS = 6 };
#endif
enum { GEMM_LANES = GEMM_BYTES / sizeof(real) };
typedef real gemm_vec __attribute__((vector_size(GEMM_BYTES), aligned(sizeof(real)), may_alias));

/* C (m, n) = A B, or C + A B; A (i, p) stands at a[i*ai + p*ap], B (k, n) and C in rows of ldb and
 * ldc */
void NN(gemm)(size_t m, size_t n, size_t k, const real *a, size_t ai, size_t ap, const real *b,
              size_t ldb, real *c, size_t ldc, bool add);
/* C (m, n) += A (m, k) B (n, k)^T: inner products of long rows */
void NN(gemm_nt)(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb,
                 real *c, size_t ldc);

#endif
