// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "nn/gemm.h"

#include <string.h>

#include "nn/simd.h"

enum { ROWS = SIMD_BYTES == 64 ? 8 : 6 };

/* `rows` x `vecs` vectors of C in registers; both are constants: each call is a loop of its own */
SIMD_INLINE void block(int rows, int vecs, size_t k, const real *a, size_t ai, size_t ap,
                       const real *b, size_t ldb, real *c, size_t ldc, bool add)
{
    vreal sum[ROWS][2];
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < vecs; v++)
            sum[i][v] = add ? vload(c + (size_t)i * ldc + (size_t)v * SIMD_LANES) : vset(0);
    for (size_t p = 0; p < k; p++) {
        vreal right[2];
        for (int v = 0; v < vecs; v++)
            right[v] = vload(b + p * ldb + (size_t)v * SIMD_LANES);
        for (int i = 0; i < rows; i++) {
            const real left = a[(size_t)i * ai + p * ap];
            for (int v = 0; v < vecs; v++)
                sum[i][v] += left * right[v];
        }
    }
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < vecs; v++)
            vstore(c + (size_t)i * ldc + (size_t)v * SIMD_LANES, sum[i][v]);
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

#define CASE(r)                                                                                    \
    case r:                                                                                        \
        block(r <= ROWS ? r : 1, vecs, k, a, ai, ap, b, ldb, c, ldc, add);                         \
        break;

SIMD_INLINE void rows_of(int vecs, size_t m, size_t k, const real *a, size_t ai, size_t ap,
                         const real *b, size_t ldb, real *c, size_t ldc, bool add)
{
    for (size_t blocks = (m + ROWS - 1) / ROWS; blocks > 0; blocks--) { /* as even as can be */
        const size_t rows = (m + blocks - 1) / blocks;
        switch (rows) {
            CASE(1)
            CASE(2)
            CASE(3)
            CASE(4)
            CASE(5)
            CASE(6)
            CASE(7)
            CASE(8)
        }
        m -= rows;
        a += rows * ai;
        c += rows * ldc;
    }
}

/* few rows: along the rows of B, which come in the order of memory */
static void streamed(size_t m, size_t n, size_t k, const real *a, size_t ai, size_t ap,
                     const real *b, size_t ldb, real *c, size_t ldc, bool add)
{
    for (size_t i = 0; i < m; i++) {
        real *row = c + i * ldc;
        for (size_t j = 0; !add && j < n; j++)
            row[j] = 0;
        for (size_t p = 0; p < k; p++) {
            const real left = a[i * ai + p * ap], *right = b + p * ldb;
            for (size_t j = 0; j < n; j++)
                row[j] += left * right[j];
        }
    }
}

enum { PACK_BYTES = 32768, PACK_ROWS = 8, STREAM_COLUMNS = 1024 };

void NN(gemm)(size_t m, size_t n, size_t k, const real *a, size_t ai, size_t ap, const real *b,
              size_t ldb, real *c, size_t ldc, bool add)
{
    /* Rows that are pages apart fall on the same lines of the cache: columns are copied together
     * where they are read often enough. */
    real packed[PACK_BYTES / sizeof(real)] __attribute__((aligned(64)));
    const size_t room = k ? PACK_BYTES / sizeof(real) / k / (2 * SIMD_LANES) * (2 * SIMD_LANES) : 0;
    const bool pack = m >= PACK_ROWS && ldb * sizeof(real) >= 1024 && room > 0;
    const size_t width = m < 4 ? STREAM_COLUMNS : pack ? room : n;
    for (size_t first = 0; first < n; first += width) {
        const size_t columns = n - first < width ? n - first : width;
        const real *right = b + first;
        real *out = c + first;
        size_t j = 0, ld = ldb;
        if (m < 4) {
            streamed(m, columns, k, a, ai, ap, right, ldb, out, ldc, add);
            continue;
        }
        if (pack) {
            for (size_t p = 0; p < k; p++)
                memcpy(packed + p * width, right + p * ldb, columns * sizeof *packed);
            right = packed;
            ld = width;
        }
        for (; j + 2 * SIMD_LANES <= columns; j += 2 * SIMD_LANES)
            rows_of(2, m, k, a, ai, ap, right + j, ld, out + j, ldc, add);
        for (; j + SIMD_LANES <= columns; j += SIMD_LANES)
            rows_of(1, m, k, a, ai, ap, right + j, ld, out + j, ldc, add);
        for (; j < columns; j++)
            column(m, k, a, ai, ap, right + j, ld, out + j, ldc, add);
    }
}

/* the lanes of a vector summed in halves */
static inline real across(vreal v)
{
    real s[SIMD_LANES];
    vstore(s, v);
    for (int half = SIMD_LANES / 2; half; half /= 2)
        for (int i = 0; i < half; i++)
            s[i] += s[i + half];
    return s[0];
}

SIMD_INLINE void inner(int rows, int columns, size_t k, const real *a, size_t lda, const real *b,
                       size_t ldb, real *c, size_t ldc)
{
    vreal sum[4][4];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            sum[i][j] = vset(0);
    size_t p = 0;
    for (; p + SIMD_LANES <= k; p += SIMD_LANES)
        for (int i = 0; i < rows; i++) {
            const vreal left = vload(a + (size_t)i * lda + p);
            for (int j = 0; j < columns; j++)
                sum[i][j] += left * vload(b + (size_t)j * ldb + p);
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
