// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* cuFFT behind core/fft.h: a plan per CUDA worker, since a plan has one stream and one work area. A
 * sine transform of n points is the Fourier transform of their odd continuation to 2(n + 1), axis
 * after axis. */
#include <cufft.h>
#include <string.h>

#include "core/cuda.h"
#include "core/fft.h"

#define CUFFT_CHECK(call)                                                                          \
    do {                                                                                           \
        const cufftResult error_ = (call);                                                         \
        if (error_ != CUFFT_SUCCESS) {                                                             \
            fprintf(stderr, "starpint: cuFFT: %s:%d: error %d\n", __FILE__, __LINE__,              \
                    (int)error_);                                                                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum { FORWARD, INVERSE };

struct plans {
    cufftHandle plan[3]; /* FORWARD and INVERSE, or one per axis of a sine transform */
};

struct fft_cuda {
    int dims;
    bool sine;
    int shape[3], rows;
    struct plans *worker; /* (workers); NULL while no devices are open */
    struct fft_cuda *next;
};

static struct fft_cuda *known;
static int workers, *device_of; /* (workers) of the open devices, -1: none */

static size_t points(const struct fft_cuda *f)
{
    size_t n = 1;
    for (int a = 0; a < f->dims; a++)
        n *= (size_t)f->shape[a];
    return n;
}

static void make_plans(struct fft_cuda *f, struct plans *p)
{
    if (!f->sine) {
        CUFFT_CHECK(cufftPlanMany(&p->plan[FORWARD], f->dims, f->shape, NULL, 1, 0, NULL, 1, 0,
                                  CUFFT_D2Z, f->rows));
        CUFFT_CHECK(cufftPlanMany(&p->plan[INVERSE], f->dims, f->shape, NULL, 1, 0, NULL, 1, 0,
                                  CUFFT_Z2D, f->rows));
        return;
    }
    for (int a = 0; a < f->dims; a++) { /* in place: 2(n + 1) reals become n + 2 complex numbers */
        int n = 2 * (f->shape[a] + 1), complexes = f->shape[a] + 2, reals = 2 * complexes;
        const int lines = (int)(points(f) / (size_t)f->shape[a]);
        CUFFT_CHECK(cufftPlanMany(&p->plan[a], 1, &n, &reals, 1, reals, &complexes, 1, complexes,
                                  CUFFT_D2Z, lines));
    }
}

static void open_plans(struct fft_cuda *f)
{
    if (!device_of)
        return;
    f->worker = (struct plans *)calloc((size_t)workers, sizeof *f->worker);
    if (!f->worker) {
        fprintf(stderr, "starpint: out of memory\n");
        abort();
    }
    for (int w = 0; w < workers; w++)
        if (device_of[w] >= 0) {
            CUDA_CHECK(cudaSetDevice(device_of[w]));
            make_plans(f, &f->worker[w]);
        }
}

static void close_plans(struct fft_cuda *f)
{
    for (int w = 0; f->worker && w < workers; w++)
        if (device_of[w] >= 0) {
            CUDA_CHECK(cudaSetDevice(device_of[w]));
            for (int i = 0; i < (f->sine ? f->dims : 2); i++)
                CUFFT_CHECK(cufftDestroy(f->worker[w].plan[i]));
        }
    free(f->worker);
    f->worker = NULL;
}

void fft_open_devices_cuda(int count, const int *device)
{
    workers = count;
    device_of = (int *)malloc((size_t)count * sizeof *device_of);
    if (!device_of) {
        fprintf(stderr, "starpint: out of memory\n");
        abort();
    }
    memcpy(device_of, device, (size_t)count * sizeof *device_of);
    for (struct fft_cuda *f = known; f; f = f->next)
        open_plans(f);
}

void fft_close_devices_cuda(void)
{
    for (struct fft_cuda *f = known; f; f = f->next)
        close_plans(f);
    free(device_of);
    device_of = NULL;
    workers = 0;
}

struct fft_cuda *fft_create_cuda(int dims, const size_t *shape, size_t rows, bool sine)
{
    struct fft_cuda *f = (struct fft_cuda *)calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->dims = dims;
    f->sine = sine;
    f->rows = (int)rows;
    for (int a = 0; a < dims; a++)
        f->shape[a] = (int)shape[a];
    f->next = known;
    known = f;
    open_plans(f);
    return f;
}

void fft_destroy_cuda(struct fft_cuda *f)
{
    struct fft_cuda **at = &known;
    if (!f)
        return;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    close_plans(f);
    free(f);
}

/* the worker's plan, on its stream */
static cufftHandle plan(const struct fft_cuda *f, const struct exec *x, int i)
{
    const cufftHandle p = f->worker[x->worker].plan[i];
    CUFFT_CHECK(cufftSetStream(p, (cudaStream_t)x->stream));
    return p;
}

void fft_forward_cuda(const struct fft_cuda *f, const struct exec *x, const double *in, double *out)
{
    CUFFT_CHECK(cufftExecD2Z(plan(f, x, FORWARD), (cufftDoubleReal *)in,
                             (cufftDoubleComplex *)out)); /* out of place: in is kept */
}

void fft_inverse_cuda(const struct fft_cuda *f, const struct exec *x, double *in, double *out)
{
    CUFFT_CHECK(cufftExecZ2D(plan(f, x, INVERSE), (cufftDoubleComplex *)in, out));
}

/* ---- sine transforms ---- */

/* lines of n numbers that lie `stride` apart, as rows of n + 2 complex numbers */
struct lines {
    size_t count, n, stride;
};

static SPT_HD size_t line_at(struct lines l, size_t line, size_t k)
{
    return (line / l.stride * l.n + k) * l.stride + line % l.stride;
}

/* 0, x, 0, -x reversed */
static __global__ void continue_oddly(struct lines l, const double *x, double *rows)
{
    const size_t i = cuda_index(), length = 2 * (l.n + 1);
    if (i >= l.count * length)
        return;
    const size_t line = i / length, k = i % length;
    double v = 0;
    if (k >= 1 && k <= l.n)
        v = x[line_at(l, line, k - 1)];
    else if (k > l.n + 1)
        v = -x[line_at(l, line, length - k - 1)];
    rows[line * (length + 2) + k] = v;
}

/* the transform of an odd row is -i times the sine transform */
static __global__ void take_sines(struct lines l, const double *rows, double *y)
{
    const size_t i = cuda_index();
    if (i >= l.count * l.n)
        return;
    const size_t line = i / l.n, k = i % l.n;
    y[line_at(l, line, k)] = -rows[2 * (line * (l.n + 2) + k + 1) + 1];
}

size_t fft_nwork_cuda(const struct fft_cuda *f)
{
    size_t most = 0;
    for (int a = 0; f->sine && a < f->dims; a++) {
        const size_t n = (size_t)f->shape[a], doubles = points(f) / n * 2 * (n + 2);
        most = doubles > most ? doubles : most;
    }
    return exec_round(most);
}

void fft_sine_cuda(const struct fft_cuda *f, const struct exec *exec, const double *in, double *out)
{
    struct exec x = *exec;
    double *rows = exec_take(&x, fft_nwork_cuda(f));
    size_t stride = 1;
    for (int a = f->dims - 1; a >= 0; a--) {
        const size_t n = (size_t)f->shape[a];
        const struct lines l = { points(f) / n, n, stride };
        const double *from = a == f->dims - 1 ? in : out;
        CUDA_LAUNCH_EACH(continue_oddly, &x, l.count * 2 * (n + 1), l, from, rows);
        CUFFT_CHECK(cufftExecD2Z(plan(f, &x, a), rows, (cufftDoubleComplex *)rows));
        CUDA_LAUNCH_EACH(take_sines, &x, l.count * n, l, rows, out);
        stride *= n;
    }
}
