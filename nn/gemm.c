// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "nn/gemm.h"

static inline gemm_vec load(const real *p)
{
    return *(const gemm_vec *)p;
}

static inline void store(real *p, gemm_vec v)
{
    *(gemm_vec *)p = v;
}

/* `rows` x `vecs` vectors of C in registers; both are constants: each call is a loop of its own */
static inline __attribute__((always_inline)) void block(int rows, int vecs, size_t k, const real *a,
                                                        size_t ai, size_t ap, const real *b,
                                                        size_t ldb, real *c, size_t ldc, bool add)
{
    gemm_vec sum[GEMM_ROWS][2];
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < vecs; v++)
            sum[i][v] = add ? load(c + (size_t)i * ldc + (size_t)v * GEMM_LANES) : (gemm_vec){ 0 };
    for (size_t p = 0; p < k; p++) {
        gemm_vec right[2];
        for (int v = 0; v < vecs; v++)
            right[v] = load(b + p * ldb + (size_t)v * GEMM_LANES);
        for (int i = 0; i < rows; i++) {
            const real left = a[(size_t)i * ai + p * ap];
            for (int v = 0; v < vecs; v++)
                sum[i][v] += left * right[v];
        }
    }
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < vecs; v++)
            store(c + (size_t)i * ldc + (size_t)v * GEMM_LANES, sum[i][v]);
}

/* the same for a single column */
static void column(size_t m, size_t k, const real *a, size_t ai, size_t ap, const real *b,
                   size_t ldb, real *c, size_t ldc, bool add)
{
    for (size_t i = 0; i < m; i++) {
        real sum = add ? c[i * ldc] : 0;
        for (size_t p = 0; p < k; p++)
            sum += a[i * ai + p * ap] * b[p * ldb];
        c[i * ldc] = sum;
    }
}

static inline __attribute__((always_inline)) void rows_of(int vecs, size_t m, size_t k,
                                                          const real *a, size_t ai, size_t ap,
                                                          const real *b, size_t ldb, real *c,
                                                          size_t ldc, bool add)
{
    size_t i = 0;
    for (; i + GEMM_ROWS <= m; i += GEMM_ROWS)
        block(GEMM_ROWS, vecs, k, a + i * ai, ai, ap, b, ldb, c + i * ldc, ldc, add);
    for (; i + 4 <= m; i += 4)
        block(4, vecs, k, a + i * ai, ai, ap, b, ldb, c + i * ldc, ldc, add);
    for (; i < m; i++)
        block(1, vecs, k, a + i * ai, ai, ap, b, ldb, c + i * ldc, ldc, add);
}

void NN(gemm)(size_t m, size_t n, size_t k, const real *a, size_t ai, size_t ap, const real *b,
              size_t ldb, real *c, size_t ldc, bool add)
{
    size_t j = 0;
    for (; j + 2 * GEMM_LANES <= n; j += 2 * GEMM_LANES)
        rows_of(2, m, k, a, ai, ap, b + j, ldb, c + j, ldc, add);
    for (; j + GEMM_LANES <= n; j += GEMM_LANES)
        rows_of(1, m, k, a, ai, ap, b + j, ldb, c + j, ldc, add);
    for (; j < n; j++)
        column(m, k, a, ai, ap, b + j, ldb, c + j, ldc, add);
}

/* the lanes of a vector summed in halves */
static inline real across(gemm_vec v)
{
    real s[GEMM_LANES];
    store(s, v);
    for (int half = GEMM_LANES / 2; half; half /= 2)
        for (int i = 0; i < half; i++)
            s[i] += s[i + half];
    return s[0];
}

static inline __attribute__((always_inline)) void inner(int rows, int columns, size_t k,
                                                        const real *a, size_t lda, const real *b,
                                                        size_t ldb, real *c, size_t ldc)
{
    gemm_vec sum[4][4];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            sum[i][j] = (gemm_vec){ 0 };
    size_t p = 0;
    for (; p + GEMM_LANES <= k; p += GEMM_LANES)
        for (int i = 0; i < rows; i++) {
            const gemm_vec left = load(a + (size_t)i * lda + p);
            for (int j = 0; j < columns; j++)
                sum[i][j] += left * load(b + (size_t)j * ldb + p);
        }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            real s = across(sum[i][j]);
            for (size_t q = p; q < k; q++)
                s += a[(size_t)i * lda + q] * b[(size_t)j * ldb + q];
            c[(size_t)i * ldc + (size_t)j] += s;
        }
}

void NN(gemm_nt)(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb,
                 real *c, size_t ldc)
{
    for (size_t i = 0; i < m;) {
        const size_t rows = i + 4 <= m ? 4 : 1;
        for (size_t j = 0; j < n;) {
            const real *l = a + i * lda, *r = b + j * ldb;
            real *out = c + i * ldc + j;
            const size_t columns = j + 4 <= n ? 4 : 1;
            if (rows == 4 && columns == 4)
                inner(4, 4, k, l, lda, r, ldb, out, ldc);
            else if (rows == 4)
                inner(4, 1, k, l, lda, r, ldb, out, ldc);
            else if (columns == 4)
                inner(1, 4, k, l, lda, r, ldb, out, ldc);
            else
                inner(1, 1, k, l, lda, r, ldb, out, ldc);
            j += columns;
        }
        i += rows;
    }
}
