// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Truncated transforms of real arrays (n0, n1) as P = L X R^T with real matrices: rows of L and R
 * are cosines and, on Fourier axes, sines of the kept frequencies. Modes of the spectrum are sums
 * of at most two entries of P, so that a real array never becomes a complex one of full size, and
 * the adjoint of the transform is X = L^T P R. */
#ifndef SPT_TRANSFORM_H
#define SPT_TRANSFORM_H

#include <stdint.h>

#include "nn/layer.h"
#include "nn/real.h"

/* Points that mirror each other, where cosines and sines differ in signs only. There: points a, b
 * and c, d become a + b, c + d, a - b, c - d, then the first two, if crossed[0], their sum and
 * difference, and the last two, if crossed[1]. Functions are sums of only one of the results of
 * each fold, which takes a quarter (cosine axes: 3/8; numbers of points that are no multiple of 4:
 * half) of the products of the whole matrix. The adjoint goes the same way back. */
enum { FOLD_POINTS = 4 };
struct fold {
    size_t point[FOLD_POINTS]; /* n: there is none */
    size_t sum[FOLD_POINTS];   /* where the results stand, in the order of classes */
    bool crossed[2];
};

/* Functions that see the same sums */
struct fold_class {
    size_t first, step, count; /* functions */
    size_t at, sums;           /* where its sums are, how many */
    real *table;               /* (sums, count) */
};
enum { FOLD_CLASSES = 4 };

struct axis {
    size_t n, rows; /* points; rows of the matrix: cosines, then sines */
    size_t kept;    /* frequencies in the spectrum */
    size_t cosines; /* rows that are cosines, 0, 1, ... */
    enum basis basis;
    bool half;                /* kept are the non-negative frequencies only */
    bool fft;                 /* by FFT, then cut */
    real *table;              /* (rows, n) */
    size_t stride;            /* rows, rounded up to whole vectors */
    void *forward, *backward; /* FFTW plans of `lines` transforms at once */
    double work;              /* multiply-adds of one line, on the CPU and there */
    /* the axis that is contiguous, on the CPU */
    size_t sine, width; /* in a row of P: where sines begin; its length, whole vectors */
    size_t stored;      /* the same of P of the adjoint, where sines follow cosines at once */
    real *across;       /* (n, width), 0 where nothing is */
    real *along;        /* rows in panels (nn/linear.h): (panel, rows, PANEL) */
    /* the other one, unless by FFT */
    size_t nfolds, nsums;
    struct fold *folds;
    struct fold_class classes[FOLD_CLASSES];
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
    struct mode *mode;     /* (modes): for devices; the CPU goes along their rows */
    real *weight;          /* (modes), then 0 to whole tiles */
    size_t entries;        /* reals in P on devices */
    size_t nwork;          /* reals of scratch of a transform */
};

/* 0, -ENOMEM, -EINVAL if the modes do not fit. Main thread only, like the end. */
int NN(transform_plan_create)(struct transform_plan *t, const struct spectrum *s);
void NN(transform_plan_destroy)(struct transform_plan *t);

/* The spectrum of `channels` arrays: out[((tile*channels + channel)*parts + part)*MODE_LANES +
 * lane], 0 beyond the modes. weighted: times the weights */
void NN(transform_forward)(const struct transform_plan *t, size_t channels, const real *x,
                           bool weighted, real *out, real *work);
/* The adjoint, weighted: of the weighted transform, which is the inverse. */
void NN(transform_adjoint)(const struct transform_plan *t, size_t channels, const real *in,
                           bool weighted, real *x, real *work);
/* The adjoint but for the last axis: V (n0, channels, rows1), rows of points transform_next apart,
 * whose products with axis[1].along are x. Not with FFTs. */
bool NN(transform_divides)(const struct transform_plan *t); /* if it can be done */
void NN(transform_first)(const struct transform_plan *t, size_t channels, const real *in,
                         bool weighted, real *V, real *work);
static inline size_t transform_next(const struct transform_plan *t, size_t channels)
{
    return channels * t->axis[1].rows + MODE_LANES; /* room for whole vectors */
}

/* of one array, on the CPU */
static inline double transform_flops(const struct transform_plan *t, bool adjoint)
{
    const struct axis *a = &t->axis[0], *b = &t->axis[1];
    if (adjoint && !a->fft && !b->fft)
        return 2 * (double)b->rows * (a->work + (double)(a->n * b->n));
    return 2 * (a->work * (double)b->n + b->work * (double)a->rows);
}

#endif
