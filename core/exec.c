// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Scratch, and the device copies of constants (core/exec.cu holds the registry). */
#include "core/exec.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

double *exec_take(struct exec *x, size_t n)
{
    n = exec_round(n);
    if (n > x->nwork) {
        assert(!"scratch declared too small");
        return NULL;
    }
    double *part = x->work;
    x->work += n;
    x->nwork -= n;
    return part;
}

void exec_constant(const void *host, size_t bytes)
{
#if SPT_CUDA
    exec_constant_cuda(host, bytes);
#else
    (void)host, (void)bytes;
#endif
}

void exec_constant_forget(const void *host)
{
#if SPT_CUDA
    exec_constant_forget_cuda(host);
#else
    (void)host;
#endif
}

const void *exec_device_constant(const struct exec *x, const void *host)
{
#if SPT_CUDA
    if (x->dev == DEV_CUDA)
        return exec_device_constant_cuda(x, host);
#endif
    assert(x->dev == DEV_CPU);
    return host;
}

void exec_open_devices(int workers, const int *device)
{
#if SPT_CUDA
    exec_open_devices_cuda(workers, device);
#else
    (void)workers, (void)device;
#endif
}

void exec_close_devices(void)
{
#if SPT_CUDA
    exec_close_devices_cuda();
#endif
}

int exec_devices(void)
{
#if SPT_CUDA
    return exec_devices_cuda();
#else
    return 0;
#endif
}

/* ---- for tests ---- */

int exec_test_open(enum device dev)
{
#if SPT_CUDA
    if (dev == DEV_CUDA)
        return exec_test_open_cuda();
#endif
    return dev == DEV_CPU ? 0 : -ENODEV;
}

void exec_test_close(enum device dev)
{
#if SPT_CUDA
    if (dev == DEV_CUDA)
        exec_test_close_cuda();
#else
    (void)dev;
#endif
}

struct exec exec_test(enum device dev, double *work, size_t nwork)
{
#if SPT_CUDA
    if (dev == DEV_CUDA)
        return exec_test_cuda(work, nwork);
#endif
    assert(dev == DEV_CPU);
    return exec_host(work, nwork);
}

double *exec_test_alloc(enum device dev, size_t n)
{
#if SPT_CUDA
    if (dev == DEV_CUDA)
        return exec_test_alloc_cuda(n);
#endif
    assert(dev == DEV_CPU);
    return aligned_alloc(64, exec_round(n ? n : 1) * sizeof(double));
}

void exec_test_free(enum device dev, double *u)
{
#if SPT_CUDA
    if (dev == DEV_CUDA) {
        exec_test_free_cuda(u);
        return;
    }
#endif
    assert(dev == DEV_CPU);
    free(u);
}

void exec_test_put(enum device dev, double *u, const double *host, size_t n)
{
#if SPT_CUDA
    if (dev == DEV_CUDA) {
        exec_test_put_cuda(u, host, n);
        return;
    }
#endif
    assert(dev == DEV_CPU);
    memcpy(u, host, n * sizeof *u);
}

void exec_test_get(enum device dev, double *host, const double *u, size_t n)
{
#if SPT_CUDA
    if (dev == DEV_CUDA) {
        exec_test_get_cuda(host, u, n);
        return;
    }
#endif
    assert(dev == DEV_CPU);
    memcpy(host, u, n * sizeof *u);
}
