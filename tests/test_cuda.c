// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* core/ on a GPU does what it does on the CPU: the same bits where every number is a few sums and
 * products, the same up to rounding in sums over all entries and in transforms. Skipped (77) where
 * there is no GPU. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/fft.h"
#include "core/vec.h"
#include "problems/transfer.h"

enum { N = 200003, WORK = 1 << 20 };
static const size_t sizes[] = { 0, 1, 2, 255, 256, 257, 65535, 65536, N };
enum { SIZES = sizeof sizes / sizeof *sizes };

static double host[VEC_TERMS][N], expected[N], got[N];
static double *there[VEC_TERMS], *out, *work;

static double *alloc(size_t n)
{
    return exec_test_alloc(DEV_CUDA, n);
}

static struct exec gpu(void)
{
    return exec_test(DEV_CUDA, work, WORK);
}

static int open_gpu(void **state)
{
    (void)state;
    for (int k = 0; k < VEC_TERMS; k++) {
        for (int i = 0; i < N; i++)
            host[k][i] = sin(1.0 + i + 7 * k) * (1 + k);
        there[k] = alloc(N);
        exec_test_put(DEV_CUDA, there[k], host[k], N);
    }
    out = alloc(N);
    work = alloc(WORK);
    return 0;
}

static int close_gpu(void **state)
{
    (void)state;
    for (int k = 0; k < VEC_TERMS; k++)
        exec_test_free(DEV_CUDA, there[k]);
    exec_test_free(DEV_CUDA, out);
    exec_test_free(DEV_CUDA, work);
    return 0;
}

/* the first n entries are expected, the next one is untouched */
static void same_bits(size_t n)
{
    exec_test_get(DEV_CUDA, got, out, n < N ? n + 1 : n);
    assert_memory_equal(got, expected, n * sizeof *got);
    if (n < N)
        assert_true(got[n] == 4711);
}

static void mark(size_t n)
{
    const double value = 4711;
    if (n < N)
        exec_test_put(DEV_CUDA, out + n, &value, 1);
}

static void entrywise_operations(void **state)
{
    (void)state;
    const struct exec x = gpu(), cpu = exec_host(NULL, 0);
    double c[VEC_TERMS];
    const double *here[VEC_TERMS], *far[VEC_TERMS];
    for (int k = 0; k < VEC_TERMS; k++) {
        c[k] = cos(k + 0.5) / (k + 1);
        here[k] = host[k];
        far[k] = there[k];
    }
    for (int s = 0; s < SIZES; s++) {
        const size_t n = sizes[s];
        mark(n);
        for (int m = 0; m <= VEC_TERMS; m++) {
            vec_lincomb(&cpu, n, expected, m, c, here);
            vec_lincomb(&x, n, out, m, c, far);
            same_bits(n);
        }
        vec_correct(&cpu, n, expected, here[0], here[1], here[2]);
        vec_correct(&x, n, out, far[0], far[1], far[2]);
        same_bits(n);
        vec_copy(&cpu, n, here[3], expected);
        vec_copy(&x, n, far[3], out);
        same_bits(n);
        far[0] = out; /* in place, from the copy above */
        here[0] = host[3];
        vec_lincomb(&cpu, n, expected, 3, c, here);
        vec_lincomb(&x, n, out, 3, c, far);
        same_bits(n);
        far[0] = there[0];
        here[0] = host[0];
    }
}

static void sums(void **state)
{
    (void)state;
    const struct exec x = gpu(), cpu = exec_host(NULL, 0);
    double here[3], far[3], again[3];
    for (int s = 0; s < SIZES; s++)
        for (int zero = 0; zero < 2; zero++) {
            vec_distance(&cpu, sizes[s], host[0], zero ? NULL : host[1], here);
            for (int twice = 0; twice < 2; twice++) {
                vec_distance(&x, sizes[s], there[0], zero ? NULL : there[1], out);
                exec_test_get(DEV_CUDA, twice ? again : far, out, 3);
            }
            assert_memory_equal(far, again, sizeof far);
            for (int i = 0; i < 2; i++)
                assert_true(fabs(far[i] - here[i]) <= 1e-14 * here[i]);
            assert_true(far[2] == here[2]);
        }
}

static void nan_and_inf(void **state)
{
    (void)state;
    const struct exec x = gpu();
    static const double bad[] = { NAN, INFINITY, -INFINITY };
    for (int s = 1; s < SIZES; s++)
        for (int b = 0; b < 3; b++)
            for (int end = 0; end < 2; end++) {
                double *at = there[0] + (end ? sizes[s] - 1 : 0), r[3], flag;
                const double was = host[0][at - there[0]];
                vec_nonfinite(&x, sizes[s], there[0], out);
                exec_test_get(DEV_CUDA, &flag, out, 1);
                assert_true(flag == 0);
                exec_test_put(DEV_CUDA, at, &bad[b], 1);
                vec_nonfinite(&x, sizes[s], there[0], out);
                exec_test_get(DEV_CUDA, &flag, out, 1);
                assert_true(flag == 1);
                vec_distance(&x, sizes[s], there[0], there[1], out);
                exec_test_get(DEV_CUDA, r, out, 3);
                for (int i = 0; i < 3; i++)
                    assert_true(b == 0 ? isnan(r[i]) : isinf(r[i]));
                exec_test_put(DEV_CUDA, at, &was, 1);
            }
    const double largest = DBL_MAX;
    double flag;
    exec_test_put(DEV_CUDA, out + 1, &largest, 1);
    vec_nonfinite(&x, 1, out + 1, out);
    exec_test_get(DEV_CUDA, &flag, out, 1);
    assert_true(flag == 0);
}

/* made before and after the device was opened, forgotten and made again */
static double early[3] = { 1, 2, 3 };

static void constants_are_there(void **state)
{
    (void)state;
    const struct exec x = gpu(), cpu = exec_host(NULL, 0);
    static double late[2][1000];
    double u[1000];
    exec_test_get(DEV_CUDA, u, exec_device_constant(&x, early), 3);
    assert_memory_equal(u, early, sizeof early);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 1000; i++) {
            late[0][i] = i + round;
            late[1][i] = -i - round;
        }
        for (int k = 0; k < 2; k++)
            exec_constant(late[k], sizeof late[k]);
        for (int k = 0; k < 2; k++) {
            exec_test_get(DEV_CUDA, u, exec_device_constant(&x, late[k]), 1000);
            assert_memory_equal(u, late[k], sizeof u);
            assert_ptr_equal(exec_device_constant(&cpu, late[k]), late[k]);
        }
        for (int k = 0; k < 2; k++)
            exec_constant_forget(late[k]);
    }
}

static const struct {
    int dims;
    size_t shape[3];
} shapes[] = { { 1, { 64 } },       { 1, { 61 } },       { 2, { 12, 10 } }, { 2, { 7, 33 } },
               { 3, { 8, 9, 10 } }, { 3, { 5, 16, 3 } }, { 1, { 10000 } } };

static void near(size_t n, const double *u)
{
    const struct exec cpu = exec_host(NULL, 0);
    double r[3];
    exec_test_get(DEV_CUDA, got, u, n);
    vec_distance(&cpu, n, expected, got, r);
    assert_true(sqrt(r[0]) <= 1e-14 * sqrt(r[1]));
}

static void transforms(void **state)
{
    (void)state;
    const struct exec cpu = exec_host(NULL, 0);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct fft *f;
        struct exec x = gpu();
        assert_int_equal(fft_create(&f, shapes[s].dims, shapes[s].shape), 0);
        const size_t reals = fft_real(f), doubles = 2 * fft_complex(f);
        double *hat = exec_take(&x, doubles);
        fft_forward(f, &cpu, host[0], expected);
        fft_forward(f, &x, there[0], hat);
        near(doubles, hat);
        memcpy(expected, host[0], reals * sizeof *expected);
        for (size_t i = 0; i < reals; i++)
            expected[i] *= fft_scale(f);
        fft_inverse(f, &x, hat, out);
        near(reals, out);
        exec_test_get(DEV_CUDA, got, there[0], reals); /* forward keeps its input */
        assert_memory_equal(got, host[0], reals * sizeof *got);
        fft_destroy(&f);

        assert_int_equal(fft_create_sine(&f, shapes[s].dims, shapes[s].shape), 0);
        assert_true(fft_nwork(f) <= x.nwork);
        fft_sine(f, &cpu, host[0], expected);
        fft_sine(f, &x, there[0], out);
        near(reals, out);
        fft_destroy(&f);
    }
}

static void transfers(void **state)
{
    (void)state;
    const struct exec x = gpu(), cpu = exec_host(host[1], N);
    for (int periodic = 0; periodic < 2; periodic++)
        for (int order = 1; order <= TRANSFER_MAX_ORDER; order += 2) {
            struct grid from = { .components = 1 }, to = { .components = 1 };
            struct transfer *t;
            assert_int_equal(grid_axis(&from, 0, "x", 10, 0, 1, periodic), 0);
            assert_int_equal(grid_axis(&from, 1, "y", 11, 0, 2, false), 0);
            assert_int_equal(grid_axis(&to, 0, "x", 23, 0, 1, periodic), 0);
            assert_int_equal(grid_axis(&to, 1, "y", 9, 0, 2, false), 0);
            assert_int_equal(transfer_create(&t, &from, &to, order), 0);
            assert_int_equal(transfer_apply(t, &cpu, host[0], expected), 0);
            mark(grid_points(&to));
            assert_int_equal(transfer_apply(t, &x, there[0], out), 0);
            same_bits(grid_points(&to));
            transfer_destroy(&t);
            grid_free(&from);
            grid_free(&to);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entrywise_operations), cmocka_unit_test(sums),
        cmocka_unit_test(nan_and_inf),          cmocka_unit_test(constants_are_there),
        cmocka_unit_test(transforms),           cmocka_unit_test(transfers),
    };
    exec_constant(early, sizeof early);
    if (exec_test_open(DEV_CUDA)) {
        fprintf(stderr, "no CUDA device here\n");
        return 77;
    }
    const int failed = cmocka_run_group_tests(tests, open_gpu, close_gpu);
    exec_constant_forget(early);
    exec_test_close(DEV_CUDA);
    return failed;
}
