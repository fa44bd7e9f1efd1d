// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* float32 and float64 from one source: files that include this are compiled twice, with NN_REAL 32
 * and 64. */
#ifndef SPT_REAL_H
#define SPT_REAL_H

#if NN_REAL == 32
typedef float real;
#define NN(name) name##_f32
#elif NN_REAL == 64
typedef double real;
#define NN(name) name##_f64
#else
#error "NN_REAL is 32 or 64: see nn/meson.build"
#endif

#endif
