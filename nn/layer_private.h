// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What the CPU's and the devices' kernels of a layer share. */
#ifndef SPT_LAYER_PRIVATE_H
#define SPT_LAYER_PRIVATE_H

#include "nn/dense.h"
#include "nn/transform.h"

struct pointwise {
    struct layer base;
    struct dense dense;
    enum activation act;
};

struct fourier {
    struct layer base;
    struct dense dense;
    struct transform_plan t;
    bool local, residual;
    enum activation act;
    size_t spectral; /* reals of R with its padding */
    size_t in_spectrum, out_spectrum;
};

static inline size_t reals_as_doubles(size_t reals)
{
    return exec_round((reals * sizeof(real) + sizeof(double) - 1) / sizeof(double));
}

static inline real *real_take(struct exec *x, size_t reals)
{
    return (real *)exec_take(x, reals_as_doubles(reals));
}

/* scratch on a device: both spectra, and all channels of a sample half and wholly transformed */
static inline size_t fourier_cuda_nwork(const struct fourier *l)
{
    const size_t channels = l->dense.in > l->dense.out ? l->dense.in : l->dense.out;
    return reals_as_doubles(l->in_spectrum) + reals_as_doubles(l->out_spectrum) +
           reals_as_doubles(channels * l->t.entries) +
           reals_as_doubles(channels * l->t.axis[0].rows * l->t.axis[1].n);
}

#ifdef __cplusplus
extern "C" {
#endif

/* pointwise.cu and fourier.cu, in builds with CUDA */
extern const struct layer_kernels NN(pointwise_cuda), NN(fourier_cuda);

#ifdef __cplusplus
}
#endif
#endif
