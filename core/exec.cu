// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The devices of the run, and the copies of constants on them. Workers look constants up without a
 * lock: the main thread prepends to the chains of a table of fixed size. */
#include <atomic>
#include <errno.h>
#include <stdint.h>

#include "core/cuda.h"
#include "core/fft.h"

enum { DEVICES = 16, BUCKETS = 1 << 14 };

struct constant {
    const void *host;
    size_t bytes;
    void *copy[DEVICES];
    struct constant *next;
};

static std::atomic<struct constant *> table[BUCKETS];
static bool is_open[DEVICES];

static std::atomic<struct constant *> *bucket(const void *host)
{
    const uint64_t h = (uint64_t)(uintptr_t)host * 0x9e3779b97f4a7c15u;
    return &table[h >> 50];
}

/* Returns when the copies are there: a copy from pageable memory may return earlier. */
static void upload(struct constant *c)
{
    for (int d = 0; d < DEVICES; d++)
        if (is_open[d] && !c->copy[d]) {
            CUDA_CHECK(cudaSetDevice(d));
            CUDA_CHECK(cudaMalloc(&c->copy[d], c->bytes));
            CUDA_CHECK(cudaMemcpy(c->copy[d], c->host, c->bytes, cudaMemcpyHostToDevice));
            CUDA_CHECK(cudaStreamSynchronize(0));
        }
}

static void discard(struct constant *c)
{
    for (int d = 0; d < DEVICES; d++)
        if (c->copy[d]) {
            CUDA_CHECK(cudaSetDevice(d));
            CUDA_CHECK(cudaFree(c->copy[d]));
            c->copy[d] = NULL;
        }
}

void exec_constant_cuda(const void *host, size_t bytes)
{
    struct constant *c = (struct constant *)calloc(1, sizeof *c);
    if (!c) {
        fprintf(stderr, "starpint: out of memory\n");
        abort();
    }
    exec_constant_forget_cuda(host);
    c->host = host;
    c->bytes = bytes > 0 ? bytes : 1;
    upload(c);
    std::atomic<struct constant *> *head = bucket(host);
    c->next = head->load(std::memory_order_relaxed);
    head->store(c, std::memory_order_release);
}

void exec_constant_forget_cuda(const void *host)
{
    std::atomic<struct constant *> *head = bucket(host);
    struct constant *before = NULL, *c = head->load(std::memory_order_relaxed);
    while (c && c->host != host) {
        before = c;
        c = c->next;
    }
    if (!c)
        return;
    if (before)
        before->next = c->next;
    else
        head->store(c->next, std::memory_order_release);
    discard(c);
    free(c);
}

const void *exec_device_constant_cuda(const struct exec *x, const void *host)
{
    int device;
    CUDA_CHECK(cudaGetDevice(&device));
    const struct constant *c = bucket(host)->load(std::memory_order_acquire);
    while (c && c->host != host)
        c = c->next;
    if (!c || device >= DEVICES || !c->copy[device]) {
        fprintf(stderr, "starpint: internal error: worker %d: a constant is not on device %d\n",
                x->worker, device);
        abort();
    }
    return c->copy[device];
}

void exec_open_devices_cuda(int workers, const int *device)
{
    for (int w = 0; w < workers; w++) {
        if (device[w] >= DEVICES) {
            fprintf(stderr, "starpint: CUDA device %d: only %d are supported\n", device[w],
                    DEVICES);
            abort();
        }
        if (device[w] >= 0)
            is_open[device[w]] = true;
    }
    if (exec_devices_cuda() == 0)
        return;
    for (int i = 0; i < BUCKETS; i++)
        for (struct constant *c = table[i].load(std::memory_order_relaxed); c; c = c->next)
            upload(c);
    fft_open_devices_cuda(workers, device);
}

void exec_close_devices_cuda(void)
{
    if (exec_devices_cuda() == 0)
        return;
    fft_close_devices_cuda();
    for (int i = 0; i < BUCKETS; i++)
        for (struct constant *c = table[i].load(std::memory_order_relaxed); c; c = c->next)
            discard(c);
    for (int d = 0; d < DEVICES; d++)
        is_open[d] = false;
}

int exec_devices_cuda(void)
{
    int n = 0;
    for (int d = 0; d < DEVICES; d++)
        n += is_open[d];
    return n;
}

/* ---- for tests ---- */

static cudaStream_t test_stream;

int exec_test_open_cuda(void)
{
    int n;
    if (cudaGetDeviceCount(&n) != cudaSuccess || n == 0)
        return -ENODEV;
    const int device = 0;
    CUDA_CHECK(cudaSetDevice(device));
    CUDA_CHECK(cudaStreamCreateWithFlags(&test_stream, cudaStreamNonBlocking));
    exec_open_devices_cuda(1, &device);
    return 0;
}

void exec_test_close_cuda(void)
{
    exec_close_devices_cuda();
    CUDA_CHECK(cudaStreamDestroy(test_stream));
}

struct exec exec_test_cuda(double *work, size_t nwork)
{
    struct exec x = { DEV_CUDA, 0, 1, test_stream, work, nwork, NULL };
    return x;
}

double *exec_test_alloc_cuda(size_t n)
{
    void *u;
    CUDA_CHECK(cudaMalloc(&u, (n ? n : 1) * sizeof(double)));
    return (double *)u;
}

void exec_test_free_cuda(double *u)
{
    CUDA_CHECK(cudaFree(u));
}

void exec_test_put_cuda(double *u, const double *host, size_t n)
{
    CUDA_CHECK(cudaDeviceSynchronize());
    CUDA_CHECK(cudaMemcpy(u, host, n * sizeof *u, cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaDeviceSynchronize());
}

void exec_test_get_cuda(double *host, const double *u, size_t n)
{
    CUDA_CHECK(cudaDeviceSynchronize());
    CUDA_CHECK(cudaMemcpy(host, u, n * sizeof *u, cudaMemcpyDeviceToHost));
}
