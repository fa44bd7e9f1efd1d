// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Truncated transforms of real arrays (n0, n1) as P = L X R^T with real matrices: rows of L and R
 * are cosines and, on Fourier axes, sines of the kept frequencies. Modes of the spectrum are sums
 * of at most two entries of P, so that a real array never becomes a complex one of full size, and
 * the adjoint of the transform is X = L^T P R. */
#ifndef SPT_TRANSFORM_H
#define SPT_TRANSFORM_H

#include <math.h>
#include <stdint.h>

#include "nn/layer.h"
#include "nn/real.h"

struct axis {
    size_t n, rows; /* points; rows of the matrix: cosines, then sines */
    size_t kept;    /* frequencies in the spectrum */
    size_t cosines; /* rows that are cosines, 0, 1, ... */
    enum basis basis;
    bool half;                /* kept are the non-negative frequencies only */
    bool fft;                 /* by FFT, then cut */
    real *table;              /* (rows, n) */
    real *across;             /* (n, stride): the transpose, for the axis that is contiguous */
    size_t stride;            /* rows, rounded up to whole vectors */
    void *forward, *backward; /* FFTW plans of `lines` transforms at once */
};

/* A mode: re = c[0] P[at[0]] + c[1] P[at[1]], im = c[2] P[at[2]] + c[3] P[at[3]], and its weight in
 * the inverse */
struct mode {
    int32_t at[4];
    real c[4], weight;
};

enum { MODE_LANES = 64 / sizeof(real) }; /* modes are stored and mixed by so many */

struct transform_plan {
    struct axis axis[2];   /* one-dimensional transforms: axis[0] has one point and one row */
    size_t kept[2], modes; /* of the spectrum per axis, and their product */
    size_t tiles;          /* of MODE_LANES modes */
    int parts;             /* 2: complex, 1: real */
    struct mode *mode;     /* (modes) */
    size_t entries;        /* reals in P */
    size_t nwork;          /* reals of scratch of a transform */
};

/* 0, -ENOMEM, -EINVAL if the modes do not fit. Main thread only, like the end. */
int NN(transform_plan_create)(struct transform_plan *t, const struct spectrum *s);
void NN(transform_plan_destroy)(struct transform_plan *t);

/* The spectrum of `channels` arrays: out[((tile*channels + channel)*parts + part)*MODE_LANES +
 * lane], 0 beyond the modes. weighted: times the weights */
void NN(transform_forward)(const struct transform_plan *t, size_t channels, const real *x,
                           bool weighted, real *out, real *work);
/* x += the adjoint; weighted: of the weighted transform, which is the inverse */
void NN(transform_adjoint)(const struct transform_plan *t, size_t channels, const real *in,
                           bool weighted, real *x, real *work);

static inline double axis_flops(const struct axis *a, double lines)
{
    const double n = (double)a->n;
    return a->n == 1 ? 0 : lines * (a->fft ? 2.5 * n * log2(n) : 2 * (double)a->rows * n);
}

static inline double transform_flops(const struct transform_plan *t) /* of one array, one way */
{
    return axis_flops(&t->axis[0], (double)t->axis[1].n) +
           axis_flops(&t->axis[1], (double)t->axis[0].rows);
}

#endif
