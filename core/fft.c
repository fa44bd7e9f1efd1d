// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* FFTW behind core/fft.h. FFTW_ESTIMATE measures nothing and FFTW_UNALIGNED forbids code that
 * depends on addresses: two runs of one machine have the same bits. */
#include "core/fft.h"

#include <assert.h>
#include <errno.h>
#include <fftw3.h>
#include <stdlib.h>

struct fft {
    int dims;
    bool sine;
    size_t shape[3], rows, real, complex; /* rows: arrays that are transformed at once */
    double scale;
    fftw_plan forward, inverse; /* inverse NULL: forward is its own */
#if SPT_CUDA
    struct fft_cuda *cuda;
#endif
};

static int plan(struct fft *f)
{
    const unsigned flags = FFTW_ESTIMATE | FFTW_UNALIGNED;
    const size_t other = f->sine ? f->real : 2 * f->complex;
    int n[3];
    fftw_r2r_kind kind[3];
    for (int a = 0; a < f->dims; a++) {
        n[a] = (int)f->shape[a];
        kind[a] = FFTW_RODFT00;
    }
    double *u = fftw_alloc_real(f->real), *v = fftw_alloc_real(other);
    if (u && v && f->sine) {
        f->forward = fftw_plan_r2r(f->dims, n, u, v, kind, flags | FFTW_PRESERVE_INPUT);
    } else if (u && v) {
        const int rows = (int)f->rows, reals = (int)(f->real / f->rows),
                  complexes = (int)(f->complex / f->rows);
        f->forward = fftw_plan_many_dft_r2c(f->dims, n, rows, u, NULL, 1, reals, (fftw_complex *)v,
                                            NULL, 1, complexes, flags | FFTW_PRESERVE_INPUT);
        f->inverse = fftw_plan_many_dft_c2r(f->dims, n, rows, (fftw_complex *)v, NULL, 1, complexes,
                                            u, NULL, 1, reals, flags | FFTW_DESTROY_INPUT);
    }
    fftw_free(u);
    fftw_free(v);
    return f->forward && (f->sine || f->inverse) ? 0 : -ENOMEM;
}

void fft_destroy(struct fft **fp)
{
    struct fft *f = *fp;
    *fp = NULL;
    if (!f)
        return;
    if (f->forward)
        fftw_destroy_plan(f->forward);
    if (f->inverse)
        fftw_destroy_plan(f->inverse);
#if SPT_CUDA
    fft_destroy_cuda(f->cuda);
#endif
    free(f);
}

static int create(struct fft **out, int dims, const size_t *shape, size_t rows, bool sine)
{
    assert(dims >= 1 && dims <= 3);
    struct fft *f = calloc(1, sizeof *f);
    if (!f)
        return -ENOMEM;
    f->dims = dims;
    f->sine = sine;
    f->real = f->complex = f->rows = rows;
    f->scale = 1;
    for (int a = 0; a < dims; a++) {
        f->shape[a] = shape[a];
        f->real *= shape[a];
        f->complex *= a == dims - 1 ? shape[a] / 2 + 1 : shape[a];
        f->scale *= sine ? 2 * ((double)shape[a] + 1) : (double)shape[a];
    }
    if (sine)
        f->complex = 0;
    int err = plan(f);
#if SPT_CUDA
    if (!err)
        err = (f->cuda = fft_create_cuda(dims, shape, rows, sine)) ? 0 : -ENOMEM;
#endif
    if (err) {
        fft_destroy(&f);
        return err;
    }
    *out = f;
    return 0;
}

int fft_create(struct fft **f, int dims, const size_t *shape)
{
    return create(f, dims, shape, 1, false);
}

int fft_create_sine(struct fft **f, int dims, const size_t *shape)
{
    return create(f, dims, shape, 1, true);
}

int fft_create_rows(struct fft **f, size_t rows, size_t n)
{
    return create(f, 1, &n, rows, false);
}

size_t fft_real(const struct fft *f)
{
    return f->real;
}

size_t fft_complex(const struct fft *f)
{
    return f->complex;
}

double fft_scale(const struct fft *f)
{
    return f->scale;
}

size_t fft_nwork(const struct fft *f)
{
#if SPT_CUDA
    return fft_nwork_cuda(f->cuda);
#else
    return 0;
#endif
}

/* FFTW's interface lacks const; FFTW_PRESERVE_INPUT keeps the promise */
void fft_forward(const struct fft *f, const struct exec *x, const double *in, double *out)
{
    assert(!f->sine && in != out);
#if SPT_CUDA
    if (x->dev == DEV_CUDA) {
        fft_forward_cuda(f->cuda, x, in, out);
        return;
    }
#endif
    assert(x->dev == DEV_CPU);
    fftw_execute_dft_r2c(f->forward, (double *)in, (fftw_complex *)out);
}

void fft_inverse(const struct fft *f, const struct exec *x, double *in, double *out)
{
    assert(!f->sine && in != out);
#if SPT_CUDA
    if (x->dev == DEV_CUDA) {
        fft_inverse_cuda(f->cuda, x, in, out);
        return;
    }
#endif
    assert(x->dev == DEV_CPU);
    fftw_execute_dft_c2r(f->inverse, (fftw_complex *)in, out);
}

void fft_sine(const struct fft *f, const struct exec *x, const double *in, double *out)
{
    assert(f->sine && in != out);
#if SPT_CUDA
    if (x->dev == DEV_CUDA) {
        fft_sine_cuda(f->cuda, x, in, out);
        return;
    }
#endif
    assert(x->dev == DEV_CPU);
    fftw_execute_r2r(f->forward, (double *)in, out);
}
