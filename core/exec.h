// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a kernel runs. Mathematics (problems/, nn/) sees this and plain pointers, never StarPU. */
#ifndef SPT_EXEC_H
#define SPT_EXEC_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum device { DEV_CPU, DEV_CUDA, DEV_COUNT };

struct exec {
    enum device dev;
    int worker;   /* StarPU's worker number, 0 outside tasks */
    int threads;  /* OpenMP threads that a kernel may use, at least 1 */
    void *stream; /* cudaStream_t on DEV_CUDA: everything is queued there, nothing synchronises */
    double *work; /* scratch of the callee, 64-byte aligned; what is passed on to a callee is advanced past what is kept */
    size_t nwork; /* doubles left in work */
};

/* an exec for host code outside tasks: tests, initial states, oracles */
static inline struct exec exec_host(double *work, size_t nwork)
{
    struct exec x = { DEV_CPU, 0, 1, NULL, work, nwork };
    return x;
}

/* sizes in scratch are rounded up to whole cache lines so that every part of it is aligned */
static inline size_t exec_round(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

/* Takes n doubles of scratch; NULL (an error of ours: nwork was declared too small) when fewer are left. */
double *exec_take(struct exec *x, size_t n);

/* Immutable host arrays that kernels read (factors, tables, coefficients). Kernels on a device ask for their copy:
 * on DEV_CPU this is the host pointer itself. Registered once, before tasks are inserted, from the main thread. */
void exec_constant(const void *host, size_t bytes);
void exec_constant_forget(const void *host);
const void *exec_device_constant(const struct exec *x, const void *host);

/* core/exec.cu, in builds with CUDA */
void exec_constant_cuda(const void *host, size_t bytes);
void exec_constant_forget_cuda(const void *host);
const void *exec_device_constant_cuda(const struct exec *x, const void *host);

#ifdef __cplusplus
}
#endif
#endif
