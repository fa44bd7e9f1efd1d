// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Vectors of reals, as long as the compiler's target has them. */
#ifndef SPT_SIMD_H
#define SPT_SIMD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __AVX__
#include <immintrin.h>
#endif

#include "nn/real.h"

#if defined(__AVX512F__)
#define SIMD_BYTES 64
#elif defined(__AVX__)
#define SIMD_BYTES 32
#else
#define SIMD_BYTES 16
#endif
#if NN_REAL == 32
typedef int32_t simd_int;
#else
typedef int64_t simd_int;
#endif
enum { SIMD_LANES = SIMD_BYTES / sizeof(real) };
typedef real vreal __attribute__((vector_size(SIMD_BYTES), aligned(sizeof(real)), may_alias));
typedef simd_int vint __attribute__((vector_size(SIMD_BYTES), aligned(sizeof(real)), may_alias));

#define SIMD_INLINE static inline __attribute__((always_inline, unused))
#ifdef __clang__
#define SIMD_UNROLL _Pragma("unroll")
#else
#define SIMD_UNROLL _Pragma("GCC unroll 16")
#endif

SIMD_INLINE vreal vload(const real *p)
{
    return *(const vreal *)p;
}

SIMD_INLINE void vstore(real *p, vreal v)
{
    *(vreal *)p = v;
}

SIMD_INLINE vreal vset(real a)
{
    return a - (vreal){ 0 };
}

/* the first n of SIMD_LANES; the others are 0, or left alone */
SIMD_INLINE vreal vload_part(const real *p, size_t n)
{
    vreal v = { 0 };
    memcpy(&v, p, n * sizeof *p);
    return v;
}

SIMD_INLINE void vstore_part(real *p, vreal v, size_t n)
{
    memcpy(p, &v, n * sizeof *p);
}

/* the smaller and the larger one; b where one of them is not a number */
SIMD_INLINE vreal vmin(vreal a, vreal b)
{
#if defined(__AVX512F__) && NN_REAL == 32
    return (vreal)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(__AVX__) && !defined(__AVX512F__) && NN_REAL == 32
    return (vreal)_mm256_min_ps((__m256)a, (__m256)b);
#else
    const vint less = a < b;
    return (vreal)(((vint)a & less) | ((vint)b & ~less));
#endif
}

SIMD_INLINE vreal vmax(vreal a, vreal b)
{
#if defined(__AVX512F__) && NN_REAL == 32
    return (vreal)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX__) && !defined(__AVX512F__) && NN_REAL == 32
    return (vreal)_mm256_max_ps((__m256)a, (__m256)b);
#else
    const vint more = a > b;
    return (vreal)(((vint)a & more) | ((vint)b & ~more));
#endif
}

/* v as a matrix of SIMD_LANES x SIMD_LANES, transposed: blocks of 1, 2, 4, ... lanes change places
 */
#define SIMD_LOW(l, s) ((l) & (s) ? (l) - (s) + SIMD_LANES : (l))
#define SIMD_HIGH(l, s) ((l) & (s) ? (l) + SIMD_LANES : (l) + (s))
#define SIMD_2(f, l, s) f(l, s), f((l) + 1, s)
#define SIMD_4(f, l, s) SIMD_2(f, l, s), SIMD_2(f, (l) + 2, s)
#define SIMD_8(f, l, s) SIMD_4(f, l, s), SIMD_4(f, (l) + 4, s)
#define SIMD_16(f, l, s) SIMD_8(f, l, s), SIMD_8(f, (l) + 8, s)
#if SIMD_BYTES * 8 / NN_REAL == 16
#define SIMD_ALL SIMD_16
#elif SIMD_BYTES * 8 / NN_REAL == 8
#define SIMD_ALL SIMD_8
#elif SIMD_BYTES * 8 / NN_REAL == 4
#define SIMD_ALL SIMD_4
#else
#define SIMD_ALL SIMD_2
#endif
#define SIMD_EXCHANGE(s)                                                                           \
    if ((s) < SIMD_LANES) {                                                                        \
        SIMD_UNROLL                                                                                \
        for (int i = 0; i < SIMD_LANES; i++)                                                       \
            if (!(i & (s))) {                                                                      \
                const vreal a = v[i], b = v[i + (s)];                                              \
                v[i] = __builtin_shufflevector(a, b, SIMD_ALL(SIMD_LOW, 0, (s) % SIMD_LANES));     \
                v[i + (s)] =                                                                       \
                    __builtin_shufflevector(a, b, SIMD_ALL(SIMD_HIGH, 0, (s) % SIMD_LANES));       \
            }                                                                                      \
    }

SIMD_INLINE void vtranspose(vreal *v){ SIMD_EXCHANGE(1) SIMD_EXCHANGE(2) SIMD_EXCHANGE(4)
                                           SIMD_EXCHANGE(8) }

/* the sum of the lanes, in one order */
SIMD_INLINE real vsum(vreal v)
{
    real s[SIMD_LANES];
    memcpy(s, &v, sizeof s);
    SIMD_UNROLL
    for (int half = SIMD_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            s[i] += s[i + half];
    return s[0];
}

#endif
