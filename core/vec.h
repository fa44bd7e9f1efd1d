// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Vector operations on whichever device x says. On CPU every sum has one fixed order: the same bits for every build,
 * alignment and number of threads. */
#ifndef SPT_VEC_H
#define SPT_VEC_H

#include "core/exec.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { VEC_TERMS = 16 }; /* terms of one vec_lincomb */

/* y = u, n doubles */
void vec_copy(const struct exec *x, size_t n, const double *u, double *y);

/* y = sum over i < m of c[i] v[i], evaluated left to right per entry; m <= VEC_TERMS; y may be one of the v */
void vec_lincomb(const struct exec *x, size_t n, double *y, int m, const double *c, const double *const *v);

/* u = f + (gnew - gold): parenthesised so that gnew == gold gives f to the last bit */
void vec_correct(const struct exec *x, size_t n, double *u, const double *gnew, const double *f, const double *gold);

/* v (outer, to, inner) = sum over k < terms of weight[i*terms + k] u(o, (first[i] + k) mod from, j): interpolation along
 * one axis; 0 <= first < from; first and weight are constants (exec_constant) */
void vec_interpolate(const struct exec *x, size_t outer, size_t from, size_t to, size_t inner, int terms,
                     const int *first, const double *weight, const double *u, double *v);

/* result[0] = sum (u-v)^2, result[1] = sum u^2, result[2] = max |u-v|; v NULL: zero. NaN and Inf go through.
 * result lies in the memory of the device. On DEV_CUDA this takes VEC_DISTANCE_WORK doubles of scratch. */
enum { VEC_DISTANCE_WORK = 3 * 256 };
void vec_distance(const struct exec *x, size_t n, const double *u, const double *v, double *result);

/* flag[0] = 1 if an entry of u is not finite, else 0; flag lies in the memory of the device */
void vec_nonfinite(const struct exec *x, size_t n, const double *u, double *flag);

/* core/vec.cu, in builds with CUDA */
void vec_copy_cuda(const struct exec *x, size_t n, const double *u, double *y);
void vec_lincomb_cuda(const struct exec *x, size_t n, double *y, int m, const double *c, const double *const *v);
void vec_correct_cuda(const struct exec *x, size_t n, double *u, const double *gnew, const double *f, const double *gold);
void vec_interpolate_cuda(const struct exec *x, size_t outer, size_t from, size_t to, size_t inner, int terms,
                          const int *first, const double *weight, const double *u, double *v);
void vec_distance_cuda(const struct exec *x, size_t n, const double *u, const double *v, double *result);
void vec_nonfinite_cuda(const struct exec *x, size_t n, const double *u, double *flag);

double l2_norm(const double *u, size_t n); /* on the host */

#ifdef __cplusplus
}
#endif
#endif
