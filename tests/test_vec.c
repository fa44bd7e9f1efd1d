// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Vector operations: exact answers, order of evaluation, bits independent of alignment and threads,
 * NaN and Inf. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/vec.h"

enum { N = 5003 };
static double u[N], v[N], w[N], y[N], z[N];

static void fill(void)
{
    for (int i = 0; i < N; i++) {
        u[i] = sin(1.0 + i);
        v[i] = cos(3.0 * i) * 1e3;
        w[i] = 1 / (1.0 + i);
    }
}

static void lincomb_is_left_to_right_and_in_place(void **state)
{
    (void)state;
    const struct exec x = exec_host(NULL, 0);
    const double c[] = { 0.3, -1.7, 1e16 };
    static const size_t sizes[] = { 0, 1, 7, 511, 512, 513, N };
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        fill();
        memset(y, 0, sizeof y);
        vec_lincomb(&x, sizes[s], y, 3, c, (const double *[]){ u, v, w });
        for (size_t i = 0; i < N; i++)
            assert_true(y[i] == (i < sizes[s] ? c[0] * u[i] + c[1] * v[i] + c[2] * w[i] : 0));
        vec_lincomb(&x, sizes[s], v, 3, c, (const double *[]){ u, v, w });
        assert_memory_equal(v, y, sizes[s] * sizeof *y);
    }
    struct exec two = x;
    two.threads = 2;
    fill();
    vec_lincomb(&two, N, z, 3, c, (const double *[]){ u, v, w });
    assert_memory_equal(z, y, sizeof y);
    vec_lincomb(&x, N, y, 1, (const double[]){ 1 }, (const double *[]){ u });
    assert_memory_equal(u, y, sizeof y);
    vec_lincomb(&x, N, y, 0, NULL, NULL);
    for (int i = 0; i < N; i++)
        assert_true(y[i] == 0);
    vec_copy(&x, N, u, y);
    assert_memory_equal(u, y, sizeof y);
}

static void distance_of_known_vectors(void **state)
{
    (void)state;
    const struct exec x = exec_host(NULL, 0);
    double r[3];
    for (size_t n = 0; n <= 37; n++) { /* integers: every order of summation is exact */
        double squares = 0, differences = 0;
        for (size_t i = 0; i < n; i++) {
            u[i] = (double)i;
            v[i] = i % 3 ? -(double)i : (double)i;
            squares += u[i] * u[i];
            differences += (u[i] - v[i]) * (u[i] - v[i]);
        }
        const size_t last = n == 0 ? 0 : (n - 1) % 3 ? n - 1 : n >= 2 ? n - 2 : 0;
        vec_distance(&x, n, u, v, r);
        assert_true(r[0] == differences && r[1] == squares && r[2] == 2 * (double)last);
        vec_distance(&x, n, u, NULL, r);
        assert_true(r[0] == squares && r[1] == squares && r[2] == (n ? (double)(n - 1) : 0));
    }
}

static void sums_have_one_order(void **state)
{
    (void)state;
    const struct exec x = exec_host(NULL, 0);
    double r[3], shifted[3], lane[8] = { 0 };
    fill();
    for (int i = 0; i < N - 1; i++)
        lane[i % 8] += v[i] * v[i];
    vec_distance(&x, N - 1, v, NULL, r);
    assert_true(r[0] == ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
                            ((lane[4] + lane[5]) + (lane[6] + lane[7])));
    memmove(v + 1, v, (N - 1) * sizeof *v);
    vec_distance(&x, N - 1, v + 1, NULL, shifted);
    assert_memory_equal(r, shifted, sizeof r);
}

static void nan_and_inf_are_seen_anywhere(void **state)
{
    (void)state;
    const struct exec x = exec_host(NULL, 0);
    for (size_t n = 1; n <= 19; n++)
        for (size_t at = 0; at < n; at++) {
            const double bad[] = { NAN, INFINITY, -INFINITY };
            double flag = 7, r[3];
            fill();
            vec_nonfinite(&x, n, u, &flag);
            assert_true(flag == 0);
            for (int b = 0; b < 3; b++) {
                u[at] = bad[b];
                vec_nonfinite(&x, n, u, &flag);
                assert_true(flag == 1);
                vec_distance(&x, n, u, v, r);
                for (int j = 0; j < 3; j++)
                    assert_true(b == 0 ? isnan(r[j]) : isinf(r[j]));
            }
        }
    u[0] = 1.7976931348623157e308; /* DBL_MAX is finite */
    double flag = 7;
    vec_nonfinite(&x, 1, u, &flag);
    assert_true(flag == 0);
}

static void scratch_is_aligned_parts(void **state)
{
    (void)state;
    double *work = aligned_alloc(64, 24 * sizeof *work);
    assert_non_null(work);
    struct exec x = exec_host(work, 24);
    assert_ptr_equal(exec_take(&x, 9), work);
    assert_ptr_equal(exec_take(&x, 1), work + 16);
    assert_int_equal(x.nwork, 0);
    free(work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lincomb_is_left_to_right_and_in_place),
        cmocka_unit_test(distance_of_known_vectors),
        cmocka_unit_test(sums_have_one_order),
        cmocka_unit_test(nan_and_inf_are_seen_anywhere),
        cmocka_unit_test(scratch_is_aligned_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
