// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Fourier and sine transforms of real row-major arrays in 1 to 3 dimensions.
 *
 * A plan is made once per shape by the main thread and shared; any worker executes it, many at
 * once. Results have the same bits for every alignment of the arrays. Nothing is normalised: there
 * and back multiplies by fft_scale. */
#ifndef SPT_FFT_H
#define SPT_FFT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/exec.h"

#ifdef __cplusplus
extern "C" {
#endif

struct fft;

/* Real to complex, exp(-2 pi i k j/n) forward. shape[dims] counts reals; the complex array has last
 * axis shape[dims-1]/2 + 1, its numbers are pairs (re, im). 0 or -ENOMEM. Main thread only, like
 * fft_destroy. */
int fft_create(struct fft **f, int dims, const size_t *shape);
/* The same of every row of an array (rows, n) by itself: complex side (rows, n/2 + 1) */
int fft_create_rows(struct fft **f, size_t rows, size_t n);
/* Sine transform of type I along every axis: y_k = 2 sum_j x_j sin(pi (j+1)(k+1)/(n+1)), real to
 * real, its own inverse. */
int fft_create_sine(struct fft **f, int dims, const size_t *shape);
void fft_destroy(struct fft **f);

size_t fft_real(const struct fft *f); /* doubles on the real side */
size_t
fft_complex(const struct fft *f); /* complex numbers on the other side; 0 for sine transforms */
double fft_scale(const struct fft *f); /* what there and back multiplies by */

size_t fft_nwork(const struct fft *f); /* doubles of scratch that a transform takes */

/* in and out do not overlap */
void fft_forward(const struct fft *f, const struct exec *x, const double *in, double *out);
/* in is destroyed */
void fft_inverse(const struct fft *f, const struct exec *x, double *in, double *out);
/* in is kept */
void fft_sine(const struct fft *f, const struct exec *x, const double *in, double *out);

/* the signed frequency of index k on an axis of n reals: 0..n/2, then negative; derivatives of odd
 * order have to treat n/2 (n even) as 0. The wavenumber is 2 pi/length times this. */
static inline long fft_mode(size_t k, size_t n)
{
    return k <= n / 2 ? (long)k : (long)k - (long)n;
}

/* core/fft.cu, in builds with CUDA. The devices come and go by exec_open_devices. */
struct fft_cuda;
struct fft_cuda *fft_create_cuda(int dims, const size_t *shape, size_t rows,
                                 bool sine); /* NULL: no memory */
void fft_destroy_cuda(struct fft_cuda *f);
size_t fft_nwork_cuda(const struct fft_cuda *f);
void fft_forward_cuda(const struct fft_cuda *f, const struct exec *x, const double *in,
                      double *out);
void fft_inverse_cuda(const struct fft_cuda *f, const struct exec *x, double *in, double *out);
void fft_sine_cuda(const struct fft_cuda *f, const struct exec *x, const double *in, double *out);
void fft_open_devices_cuda(int workers, const int *device);
void fft_close_devices_cuda(void);

#ifdef __cplusplus
}
#endif
#endif
