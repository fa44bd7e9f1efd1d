// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Scratch, and the device copies of constants (core/exec.cu holds the registry). */
#include "core/exec.h"

#include <assert.h>

#include "spt_config.h"

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
