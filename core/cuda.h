// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What every .cu file needs. Kernels are queued on the stream of their exec; nothing waits, nothing
 * allocates. Compiled with -fmad=false, so that sums and products have the bits that they have on
 * the CPU; kernels of this kind wait for memory, not for multiplications. */
#ifndef SPT_CUDA_H
#define SPT_CUDA_H

#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/exec.h"

#define CUDA_CHECK(call)                                                                           \
    do {                                                                                           \
        const cudaError_t error_ = (call);                                                         \
        if (error_ != cudaSuccess) {                                                               \
            fprintf(stderr, "starpint: CUDA: %s:%d: %s\n", __FILE__, __LINE__,                     \
                    cudaGetErrorString(error_));                                                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* grid of blocks, block of threads, bytes of shared memory, exec, then the kernel's arguments */
#define CUDA_LAUNCH(kernel, grid, block, shared, x, ...)                                           \
    do {                                                                                           \
        kernel<<<grid, block, shared, (cudaStream_t)(x)->stream>>>(__VA_ARGS__);                   \
        CUDA_CHECK(cudaGetLastError());                                                            \
    } while (0)

/* one thread for each of n numbers; i = cuda_index() < n is theirs */
#define CUDA_LAUNCH_EACH(kernel, x, n, ...)                                                        \
    do {                                                                                           \
        const size_t blocks_ = ((size_t)(n) + CUDA_THREADS - 1) / CUDA_THREADS;                    \
        if (blocks_ > 0)                                                                           \
            CUDA_LAUNCH(kernel, (unsigned)blocks_, (unsigned)CUDA_THREADS, 0, x, __VA_ARGS__);     \
    } while (0)

enum { CUDA_THREADS = 256 };

#define cuda_index() ((size_t)blockIdx.x * blockDim.x + threadIdx.x)

#endif
