// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a kernel runs. Mathematics (problems/, nn/) sees this and plain pointers, never StarPU. */
#ifndef SPT_EXEC_H
#define SPT_EXEC_H

#include <stddef.h>

#include "spt_config.h"

/* what is compiled for the host and for devices */
#ifdef __CUDACC__
#define SPT_HD __host__ __device__
#else
#define SPT_HD
#endif

/* the address of a table of kernels for DEV_CUDA; NULL in builds without CUDA, where none is defined */
#if SPT_CUDA
#define DEV_CUDA_KERNELS(table) (&(table))
#else
#define DEV_CUDA_KERNELS(table) NULL
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum device { DEV_CPU, DEV_CUDA, DEV_COUNT };

enum { WORK_SWEEPS = 64 };

/* What the kernels of a problem did: the cost in studies of work against precision; and what iterative schemes say
 * of themselves. */
struct work_count {
    long rhs, solves;        /* calls */
    long newton;             /* iterations of Newton's method in the solves */
    long accepted, rejected; /* steps of adaptive schemes */
    long failed_step, failed_sweep; /* where the last solve failed: SDC step of the run, sweep, node */
    int failed_node;
    double failed_residual; /* max norm, after the last iteration */
    long sweeps;             /* entries of residual, up to WORK_SWEEPS */
    double residual[WORK_SWEEPS]; /* the largest seen after sweep k + 1 */
    double guess;            /* the largest of what sweeps start from, if that is looked at */
    long guesses, refused;   /* by networks; of these, worse than a copy, which was taken instead */
};

struct exec {
    enum device dev;
    int worker;   /* StarPU's worker number, 0 outside tasks */
    int threads;  /* OpenMP threads that a kernel may use, at least 1 */
    void *stream; /* cudaStream_t on DEV_CUDA: everything is queued there, nothing synchronises */
    double *work; /* scratch of the callee, 64-byte aligned; what is passed on to a callee is advanced past what is kept */
    size_t nwork; /* doubles left in work */
    struct work_count *count; /* of this task alone; NULL: nothing is counted */
};

/* an exec for host code outside tasks: tests, initial states, oracles */
static inline struct exec exec_host(double *work, size_t nwork)
{
    struct exec x = { DEV_CPU, 0, 1, NULL, work, nwork, NULL };
    return x;
}

static inline void exec_count(const struct exec *x, long rhs, long solves, long newton)
{
    if (x->count) {
        x->count->rhs += rhs;
        x->count->solves += solves;
        x->count->newton += newton;
    }
}

static inline void exec_residual(const struct exec *x, long sweep, double residual)
{
    struct work_count *c = x->count;
    if (!c || sweep > WORK_SWEEPS)
        return;
    if (sweep > c->sweeps)
        c->sweeps = sweep;
    if (!(residual <= c->residual[sweep - 1]))
        c->residual[sweep - 1] = residual;
}

/* sizes in scratch are rounded up to whole cache lines so that every part of it is aligned */
static inline size_t exec_round(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

/* Takes n doubles of scratch; NULL (an error of ours: nwork was declared too small) when fewer are left. */
double *exec_take(struct exec *x, size_t n);

/* Immutable host arrays that kernels read (factors, tables, coefficients). Kernels on a device ask for their copy:
 * on DEV_CPU this is the host pointer itself. Registered once, when filled; forgotten before they are freed. From the
 * main thread, before the tasks that use them are inserted, after all of them are done. */
void exec_constant(const void *host, size_t bytes);
void exec_constant_forget(const void *host);
const void *exec_device_constant(const struct exec *x, const void *host);

/* The devices of the run: worker w runs on CUDA device device[w], -1: on none. While they are open, constants and the
 * plans of transforms are on each of them, whether made before or later. From the main thread, when no task runs.
 * Builds without CUDA have no devices. */
void exec_open_devices(int workers, const int *device);
void exec_close_devices(void);
int exec_devices(void); /* how many are open */

/* Kernels without StarPU, for tests: on DEV_CUDA as worker 0 on device 0. Copies wait for all kernels. */
int exec_test_open(enum device dev); /* 0, or -ENODEV */
void exec_test_close(enum device dev);
struct exec exec_test(enum device dev, double *work, size_t nwork);
double *exec_test_alloc(enum device dev, size_t n);
void exec_test_free(enum device dev, double *u);
void exec_test_put(enum device dev, double *u, const double *host, size_t n);
void exec_test_get(enum device dev, double *host, const double *u, size_t n);

/* core/exec.cu, in builds with CUDA */
void exec_constant_cuda(const void *host, size_t bytes);
void exec_constant_forget_cuda(const void *host);
const void *exec_device_constant_cuda(const struct exec *x, const void *host);
void exec_open_devices_cuda(int workers, const int *device);
void exec_close_devices_cuda(void);
int exec_devices_cuda(void);
int exec_test_open_cuda(void);
void exec_test_close_cuda(void);
struct exec exec_test_cuda(double *work, size_t nwork);
double *exec_test_alloc_cuda(size_t n);
void exec_test_free_cuda(double *u);
void exec_test_put_cuda(double *u, const double *host, size_t n);
void exec_test_get_cuda(double *host, const double *u, size_t n);

#ifdef __cplusplus
}
#endif
#endif
