// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A layer of a network: kernels on plain pointers, forward and backward, in float32 or float64.
 *
 * Activations are (batch, channels, points...), row-major: the points of a channel are contiguous.
 * "Real" is float or double, by the layer's dtype. No StarPU, no MPI, no problem is known here. */
#ifndef SPT_LAYER_H
#define SPT_LAYER_H

#include <stdbool.h>

#include "core/exec.h"

#ifdef __cplusplus
extern "C" {
#endif

enum dtype { DTYPE_F32, DTYPE_F64 };

static inline size_t dtype_size(enum dtype d)
{
    return d == DTYPE_F32 ? sizeof(float) : sizeof(double);
}

enum { TENSOR_DIMS = 5, TENSOR_NAME = 64, LAYER_TENSORS = 4 };

/* A tensor of parameters, as it stands in a file: row-major, complex ones with a last axis of 2. */
struct tensor {
    char name[TENSOR_NAME]; /* of the layer's: "weight", "bias", "spectral" */
    int dims;
    size_t shape[TENSOR_DIMS], count; /* count: reals */
    double low, high;                 /* initial values: uniform in [low, high) */
};

struct layer;

struct layer_kernels {
    /* y (batch, out) = layer(x (batch, in)); x and y do not overlap. keep (batch, keep): what
     * backward reads besides x; NULL where there will be no backward. params (nparams) in the
     * layer's own order. */
    void (*forward)(const struct layer *, const struct exec *, size_t batch, const void *params,
                    const void *x, void *y, void *keep);
    /* dx (batch, in) = J_x^T dy, unless dx is NULL; dparams (nparams) += J_params^T dy, summed over
     * the batch in order. dy (batch, out) may be overwritten. */
    void (*backward)(const struct layer *, const struct exec *, size_t batch, const void *params,
                     const void *x, const void *keep, void *dy, void *dx, void *dparams);
};

struct layer {
    char name[TENSOR_NAME]; /* "lift.0", "fourier.1": the prefix of its tensors in files */
    enum dtype dtype;
    size_t in, out;             /* reals per sample */
    size_t keep;                /* the same; 0: backward needs x alone */
    size_t nparams;             /* reals */
    size_t nwork, nwork_sample; /* doubles of scratch of a call: nwork + batch*nwork_sample */
    double flops, bytes;        /* forward, per sample, counted; bytes: parameters once, x and y */
    int ntensors;
    struct tensor tensors[LAYER_TENSORS];
    const struct layer_kernels *kernels[DEV_COUNT]; /* [DEV_CPU] always; [DEV_CUDA] or NULL */
    /* The i-th tensor between the order of files and that of kernels, on the host; reals of dtype
     */
    void (*pack)(const struct layer *, int i, const void *file, void *params);
    void (*unpack)(const struct layer *, int i, const void *params, void *file);
    void (*destroy)(struct layer *);
};

static inline size_t layer_nwork(const struct layer *l, size_t batch)
{
    return l->nwork + batch * l->nwork_sample;
}

void layer_destroy(struct layer **l); /* accepts NULL inside */

enum activation { ACT_IDENTITY, ACT_GELU, ACT_RELU, ACT_TANH, ACT_SIN, ACT_COUNT };
extern const char
    *const activation_names[]; /* identity, gelu (by erf), relu, tanh, sin; ends with NULL */

/* y = act(W x + bias), the same for every point: a 1x1 convolution, or a dense layer where points
 * = 1. Tensors: weight (out, in), bias (out); initial values as in PyTorch's nn.Linear: uniform
 * within 1/sqrt(in). 0 or -ENOMEM */
int pointwise_create(struct layer **l, enum dtype dtype, const char *name, size_t in, size_t out,
                     size_t points, bool bias, enum activation act);

/* Whether b can follow a in one go: pointwise layers of the same points, on the CPU. What is between
 * them is not stored then, and nothing is kept: y = b(a(x)) with the same bits. Scratch: the larger
 * of both layers'. */
bool pointwise_pair(const struct layer *a, const struct layer *b);
void pointwise_pair_forward(const struct layer *a, const struct layer *b, const struct exec *x,
                            size_t batch, const void *a_params, const void *b_params,
                            const void *in, void *out);

enum basis { BASIS_FOURIER, BASIS_COSINE };
/* How truncated transforms are done: by FFT and cut, or as products with small dense matrices. auto
 * takes what the counted work says is faster, with a ratio of speeds measured once for all, so that
 * the choice is the same at every run and on every rank. Both agree to rounding. */
enum transform { TRANSFORM_AUTO, TRANSFORM_FFT, TRANSFORM_DENSE };
extern const char *const basis_names[], *const transform_names[];

enum { SPECTRAL_DIMS = 2 };
/* A truncated transform in 1 or 2 dimensions. Cosine axes: cos(pi k (j + 1/2)/n), k = 0..modes-1
 * (DCT-II, points at the middles of cells). Fourier axes: exp(-2 pi i k j/n); the last Fourier axis
 * has k = 0..modes-1 (the input is real), an earlier one k = 0..modes-1 and -modes..-1. Kept modes
 * per axis: modes, or 2 modes. */
struct spectrum {
    int dims;
    size_t points[SPECTRAL_DIMS], modes[SPECTRAL_DIMS];
    enum basis basis[SPECTRAL_DIMS];
    enum transform transform;
};

/* y = act(W x + bias + T^{-1} R T x), + x if residual (in == out then): the layer of Fourier neural
 * operators (Li et al., ICLR 2021, eq. 4). T is the truncated transform, normalised so that T^{-1}
 * T is the projection onto the kept modes; R multiplies every kept mode by a matrix (out, in). With
 * a Fourier axis the real part is taken as irfft does: the imaginary part of modes that are their
 * own mirror image does not count. Tensors: spectral (in, out, kept..., 2), without the last axis
 * if all axes are cosine; weight (out, in) and bias (out) if `local`. Initial values as in Li et
 * al.'s code: uniform in [0, 1/(in out)). 0, -ENOMEM, or -EINVAL if modes do not fit: at
 * most points/2 + 1 on the Fourier axis with a half spectrum, points/2 on another one, points on a
 * cosine axis */
int fourier_create(struct layer **l, enum dtype dtype, const char *name, const struct spectrum *s,
                   size_t in, size_t out, bool local, bool bias, bool residual,
                   enum activation act);

#ifdef __cplusplus
}
#endif
#endif
