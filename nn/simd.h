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
enum { SIMD_BYTES = 64 };
#elif defined(__AVX__)
enum { SIMD_BYTES = 32 };
#else
enum { SIMD_BYTES = 16 };
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

#endif
