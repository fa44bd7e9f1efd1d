// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Transforms: single modes land where and as large as documented; there and back; bits do not
 * depend on alignment. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/fft.h"
#include "tests/near.h"

enum { MAX = 4096 };
static double u[MAX + 1], v[MAX + 1], w[2 * MAX], w2[2 * MAX];
static const size_t shapes[][3] = {
    { 16, 1, 1 }, { 15, 1, 1 }, { 6, 10, 1 }, { 5, 7, 1 }, { 4, 6, 8 }
};
static const int dims[] = { 1, 1, 2, 2, 3 };

/* u = cos(phase): mode (1, 2, 3) has half of the size of the array, its mirror image the other half
 */
static void one_mode(void **state)
{
    (void)state;
    const struct exec x = exec_host(NULL, 0);
    for (size_t s = 0; s < sizeof dims / sizeof *dims; s++) {
        const size_t *n = shapes[s];
        struct fft *f;
        assert_int_equal(fft_create(&f, dims[s], n), 0);
        const size_t size = n[0] * n[1] * n[2], last = n[dims[s] - 1] / 2 + 1;
        assert_int_equal(fft_real(f), size);
        assert_int_equal(fft_complex(f), size / n[dims[s] - 1] * last);
        assert_true(fft_scale(f) == (double)size);
        for (size_t i = 0; i < size; i++) {
            const size_t k[] = { i / (n[1] * n[2]), i / n[2] % n[1], i % n[2] };
            double phase = 0.3;
            for (int a = 0; a < dims[s]; a++)
                phase += 2 * M_PI * (a + 1) * (double)k[a] / (double)n[a];
            u[i] = cos(phase);
        }
        memcpy(v, u, sizeof u);
        fft_forward(f, &x, u, w);
        assert_memory_equal(u, v, sizeof u);
        const size_t at = dims[s] == 1 ? 1 : dims[s] == 2 ? last + 2 : (n[1] + 2) * last + 3;
        for (size_t k = 0; k < fft_complex(f); k++) {
            const double size_k = k == at ? (double)size / 2 : 0;
            assert_near(w[2 * k], size_k * cos(0.3), 1e-12 * (double)size);
            assert_near(w[2 * k + 1], size_k * sin(0.3), 1e-12 * (double)size);
        }
        fft_inverse(f, &x, w, v);
        for (size_t i = 0; i < size; i++)
            assert_near(v[i], u[i] * (double)size, 1e-13 * (double)size);
        fft_destroy(&f);
        assert_null(f);
    }
}

static void sine_modes(void **state)
{
    (void)state;
    const struct exec x = exec_host(NULL, 0);
    struct fft *f;
    assert_int_equal(fft_create_sine(&f, 2, (size_t[]){ 7, 12 }), 0);
    for (size_t i = 0; i < 7; i++)
        for (size_t j = 0; j < 12; j++)
            u[i * 12 + j] =
                sin(2 * M_PI * (double)(i + 1) / 8) * sin(3 * M_PI * (double)(j + 1) / 13);
    fft_sine(f, &x, u, w);
    for (size_t k = 0; k < 84; k++) /* modes 2 and 3 have indices 1 and 2 */
        assert_near(w[k], k == 14 ? 8 * 13 : 0, 1e-12);
    fft_sine(f, &x, w, v);
    assert_true(fft_scale(f) == 16 * 26);
    for (size_t i = 0; i < 84; i++)
        assert_near(v[i], fft_scale(f) * u[i], 1e-11);
    fft_destroy(&f);
}

/* rows by themselves: what each of them gives alone, and back */
static void rows(void **state)
{
    (void)state;
    enum { ROWS = 3, N = 12, HALF = N / 2 + 1 };
    const struct exec x = exec_host(NULL, 0);
    struct fft *all, *one;
    assert_int_equal(fft_create_rows(&all, ROWS, N), 0);
    assert_int_equal(fft_create(&one, 1, (size_t[]){ N }), 0);
    assert_int_equal(fft_real(all), ROWS * N);
    assert_int_equal(fft_complex(all), ROWS * HALF);
    assert_true(fft_scale(all) == N);
    for (size_t i = 0; i < ROWS * N; i++)
        u[i] = sin(1.0 + (double)(i * i));
    fft_forward(all, &x, u, w);
    for (size_t r = 0; r < ROWS; r++) {
        fft_forward(one, &x, u + r * N, w2);
        for (size_t k = 0; k < 2 * HALF; k++)
            assert_near(w[2 * r * HALF + k], w2[k], 1e-14 * N);
    }
    fft_inverse(all, &x, w, v);
    for (size_t i = 0; i < ROWS * N; i++)
        assert_near(v[i], N * u[i], 1e-14 * N);
    fft_destroy(&all);
    fft_destroy(&one);
}

static void bits_do_not_depend_on_alignment(void **state)
{
    (void)state;
    const struct exec x = exec_host(NULL, 0);
    for (size_t s = 0; s < sizeof dims / sizeof *dims; s++) {
        struct fft *f;
        assert_int_equal(fft_create(&f, dims[s], shapes[s]), 0);
        const size_t size = fft_real(f);
        for (size_t i = 0; i < size; i++)
            u[i] = v[i + 1] = sin(1.0 + (double)(i * i));
        fft_forward(f, &x, u, w);
        fft_forward(f, &x, v + 1, w2 + 1);
        assert_memory_equal(w, w2 + 1, 2 * fft_complex(f) * sizeof *w);
        fft_inverse(f, &x, w, u);
        fft_inverse(f, &x, w2 + 1, v + 1);
        assert_memory_equal(u, v + 1, size * sizeof *u);
        fft_destroy(&f);
    }
}

static void signed_modes(void **state)
{
    (void)state;
    static const long even[] = { 0, 1, 2, -1 }, odd[] = { 0, 1, 2, -2, -1 };
    for (size_t k = 0; k < 4; k++)
        assert_int_equal(fft_mode(k, 4), even[k]);
    for (size_t k = 0; k < 5; k++)
        assert_int_equal(fft_mode(k, 5), odd[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_mode),     cmocka_unit_test(sine_modes),
        cmocka_unit_test(rows),         cmocka_unit_test(bits_do_not_depend_on_alignment),
        cmocka_unit_test(signed_modes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
