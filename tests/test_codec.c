// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Codecs: what every channel holds, on grids with and without ends and padding; increments and
 * states come back through decode; boundary values are given to the last bit; the lifting is exact
 * for bilinear data; smoothing takes away what it says; the adjoint is one; float32 rounds float64.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/codec.h"
#include "tests/near.h"

enum { COMPONENTS = 2, NODES = 3 };

static const struct layout {
    int dims;
    size_t shape[2], pad[2];
    bool periodic[2], boundary;
} layouts[] = {
    { 1, { 11, 1 }, { 0, 0 }, { false, false }, true },
    { 1, { 12, 1 }, { 3, 0 }, { true, false }, false },
    { 2, { 7, 9 }, { 0, 0 }, { false, false }, true },
    { 2, { 7, 9 }, { 2, 5 }, { false, false }, true },
    { 2, { 8, 5 }, { 0, 3 }, { true, false }, true },
    { 2, { 5, 8 }, { 1, 0 }, { false, true }, true },
    { 2, { 6, 5 }, { 1, 1 }, { true, true }, false },
};
enum { LAYOUTS = sizeof layouts / sizeof *layouts };

struct fixture {
    struct grid g;
    struct codec c;
    double *u, *v, *lifting;
    void *in, *out;
};

/* numbers in [-1, 1) that repeat themselves */
static double number(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-52 - 1;
}

static double get(const struct codec *c, const void *a, size_t i)
{
    return c->dtype == DTYPE_F32 ? (double)((const float *)a)[i] : ((const double *)a)[i];
}

static void set(const struct codec *c, void *a, size_t i, double value)
{
    if (c->dtype == DTYPE_F32)
        ((float *)a)[i] = (float)value;
    else
        ((double *)a)[i] = value;
}

static void setup(struct fixture *f, const struct layout *l, enum dtype dtype, enum predict predict,
                  bool coordinates, size_t sensors)
{
    memset(f, 0, sizeof *f);
    f->g.components = COMPONENTS;
    for (int a = 0; a < l->dims; a++)
        assert_int_equal(grid_axis(&f->g, a, "x", l->shape[a], 0, 3, l->periodic[a]), 0);
    struct codec *c = &f->c;
    assert_int_equal(
        codec_create(c, dtype, &f->g, l->boundary, predict, NODES, coordinates, sensors, l->pad),
        0);
    for (int k = 0; k < COMPONENTS; k++) {
        c->mean[k] = 0.5 - k;
        c->std[k] = 2 + 3 * k;
        for (int m = 0; m < NODES; m++)
            c->scale[m][k] = 0.25 * (1 + m + 4 * k);
    }
    f->u = malloc(c->n * sizeof *f->u);
    f->v = malloc(c->n * sizeof *f->v);
    f->lifting = malloc(c->n * sizeof *f->lifting);
    f->in = malloc(c->in * dtype_size(dtype));
    f->out = malloc(c->out * dtype_size(dtype));
    assert_true(f->u && f->v && f->lifting && f->in && f->out);
    for (size_t i = 0; i < c->n; i++) {
        f->u[i] = number();
        f->lifting[i] = number();
    }
    memset(f->in, 0xff, c->in * dtype_size(dtype)); /* NaN: whatever is not written shows */
    for (size_t i = 0; i < c->out; i++)
        set(c, f->out, i, number());
}

static void teardown(struct fixture *f)
{
    codec_destroy(&f->c);
    grid_free(&f->g);
    free(f->u);
    free(f->v);
    free(f->lifting);
    free(f->in);
    free(f->out);
}

/* `value` of every point in a channel, 0 around it */
static void check_channel(const struct fixture *f, size_t channel, int what, const double *values,
                          double mean, double std)
{
    const struct codec *c = &f->c;
    const double tolerance = c->dtype == DTYPE_F32 ? 1e-6 : 1e-14;
    for (size_t i = 0; i < c->padded_shape[0]; i++)
        for (size_t j = 0; j < c->padded_shape[1]; j++) {
            const bool inside = i < c->shape[0] && j < c->shape[1];
            const size_t index[2] = { i, j };
            double expected = 0;
            if (inside && what < 0)
                expected = (values[i * c->shape[1] + j] - mean) / std;
            else if (inside && what < 2)
                expected = (double)index[what] /
                           (double)(c->shape[what] - (c->grid->periodic[what] ? 0 : 1));
            else if (inside)
                expected = mean;
            assert_near(get(c, f->in, channel * c->padded + i * c->padded_shape[1] + j), expected,
                        tolerance);
        }
}

static void channels_hold_what_they_should(void **state)
{
    (void)state;
    enum { VALUES = -1, CONSTANT = 2 };
    for (int l = 0; l < LAYOUTS; l++)
        for (int dtype = 0; dtype < 2; dtype++)
            for (size_t sensors = 0; sensors < 4; sensors++) {
                struct fixture f;
                const bool coordinates = sensors != 1;
                setup(&f, &layouts[l], dtype, PREDICT_INCREMENT, coordinates, sensors);
                const struct codec *c = &f.c;
                struct exec x = exec_host(NULL, 0);
                codec_encode(c, &x, f.u, c->boundary ? f.lifting : NULL, f.in);
                size_t channel = 0;
                for (int k = 0; k < COMPONENTS; k++)
                    check_channel(&f, channel++, VALUES, f.u + (size_t)k * c->points, c->mean[k],
                                  c->std[k]);
                for (int k = 0; k < COMPONENTS && c->boundary; k++)
                    check_channel(&f, channel++, VALUES, f.lifting + (size_t)k * c->points, 0,
                                  c->std[k]);
                for (int k = 0; k < COMPONENTS; k++)
                    for (size_t s = 0; s < sensors; s++)
                        for (size_t r = 0; r < (c->dims == 2 ? sensors : 1); r++) {
                            const size_t at = codec_sensor(c, 0, s) * c->shape[1] +
                                              (c->dims == 2 ? codec_sensor(c, 1, r) : 0);
                            const double u = f.u[(size_t)k * c->points + at];
                            check_channel(&f, channel++, CONSTANT, NULL,
                                          (u - c->mean[k]) / c->std[k], 1);
                        }
                for (int a = 0; a < c->dims && coordinates; a++)
                    check_channel(&f, channel++, a, NULL, 0, 1);
                if (sensors)
                    check_channel(&f, channel++, CONSTANT, NULL, 1, 1);
                assert_int_equal(channel, c->in_channels);
                assert_int_equal(c->in, channel * c->padded);
                assert_int_equal(c->out, COMPONENTS * NODES * c->padded);
                teardown(&f);
            }
}

/* the value at index i of a line of n, wherever that is: wrapped, or mirrored through the end point
 */
static double continued(const double *line, size_t stride, long n, bool periodic, long i)
{
    const long last = n - 1;
    if (periodic)
        return line[(size_t)((i + n) % n) * stride];
    return i < 0      ? 2 * line[0] - line[(size_t)-i * stride]
           : i > last ? 2 * line[(size_t)last * stride] - line[(size_t)(2 * last - i) * stride]
                      : line[(size_t)i * stride];
}

static void stencils_hold_differences(void **state)
{
    (void)state;
    static const long distance[] = { 1, 2 };
    for (int l = 0; l < LAYOUTS; l++)
        for (size_t sensors = 0; sensors < 2; sensors++) {
            struct fixture f;
            setup(&f, &layouts[l], DTYPE_F64, PREDICT_INCREMENT, true, sensors);
            struct codec *c = &f.c;
            const size_t before = c->in_channels - (size_t)c->dims - sensors,
                         added = 8 * (size_t)c->dims;
            assert_int_equal(codec_stencil(c, distance, 2), 0);
            assert_int_equal(c->in_channels, before + added + (size_t)c->dims + 1);
            assert_int_equal(c->in, c->in_channels * c->padded);
            f.in = realloc(f.in, c->in * sizeof(double));
            assert_non_null(f.in);
            const struct exec x = exec_host(NULL, 0);
            codec_encode(c, &x, f.u, c->boundary ? f.lifting : NULL, f.in);
            const double *channel = (double *)f.in + before * c->padded;
            double values[2][128];
            for (int k = 0; k < COMPONENTS; k++)
                for (int a = 0; a < c->dims; a++)
                    for (int d = 0; d < 2; d++) {
                        const bool periodic = c->grid->periodic[a];
                        const long n = (long)c->shape[a];
                        const double h = (double)distance[d] / (double)(n - !periodic);
                        for (size_t p = 0; p < c->points; p++) {
                            const size_t stride = a == 0 ? c->shape[1] : 1;
                            const long i = (long)(a == 0 ? p / c->shape[1] : p % c->shape[1]);
                            const double *u = f.u + (size_t)k * c->points,
                                         *line = u + p - (size_t)i * stride;
                            const double up = continued(line, stride, n, periodic, i + distance[d]),
                                         down =
                                             continued(line, stride, n, periodic, i - distance[d]);
                            values[0][p] = (up - down) / (2 * h);
                            values[1][p] = (up - 2 * u[p] + down) / h;
                        }
                        for (int which = 0; which < 2; which++, channel += c->padded)
                            check_channel(&f, (size_t)(channel - (double *)f.in) / c->padded, -1,
                                          values[which], 0, c->std[k]);
                    }
            check_channel(&f, c->in_channels - 1, 2, NULL, 1, 1); /* the fraction comes last */
            teardown(&f);
        }
}

/* straight lines have one slope and no curvature, up to the ends and behind them */
static void stencils_continue_straight_lines(void **state)
{
    (void)state;
    double line[9], pair[2];
    for (int i = 0; i < 9; i++)
        line[i] = 3 - 0.5 * i;
    for (long i = 0; i < 9; i++)
        for (long d = 1; d < 9; d++) {
            codec_differences(line, 1, 9, false, 2, i, d, pair);
            assert_near(pair[0], -0.5 * 8 / 2, 1e-15);
            assert_near(pair[1], 0, 1e-15);
        }
}

static void stencils_fit_the_grid(void **state)
{
    (void)state;
    struct fixture f;
    long many[CODEC_DISTANCES + 1];
    for (int d = 0; d <= CODEC_DISTANCES; d++)
        many[d] = 1;
    setup(&f, &layouts[0], DTYPE_F64, PREDICT_INCREMENT, true, 0); /* 11 points with ends */
    assert_int_equal(codec_stencil(&f.c, (const long[]){ 0 }, 1), -EINVAL);
    assert_int_equal(codec_stencil(&f.c, (const long[]){ 1, 11 }, 2), -EINVAL);
    assert_int_equal(codec_stencil(&f.c, many, CODEC_DISTANCES + 1), -EINVAL);
    assert_int_equal(codec_stencil(&f.c, (const long[]){ 1, 10 }, 2), 0);
    teardown(&f);
    setup(&f, &layouts[1], DTYPE_F64, PREDICT_INCREMENT, true, 0); /* 12 points of a period */
    assert_int_equal(codec_stencil(&f.c, (const long[]){ 7 }, 1), -EINVAL);
    assert_int_equal(codec_stencil(&f.c, (const long[]){ 6 }, 1), 0);
    teardown(&f);
}

static void sensors_are_evenly_spread(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &layouts[0], DTYPE_F64, PREDICT_STATE, false, 6); /* 11 points, both ends */
    for (size_t s = 0; s < 6; s++)
        assert_int_equal(codec_sensor(&f.c, 0, s), 2 * s);
    f.c.sensors = 4; /* at 0, 3.33, 6.67, 10 */
    static const size_t nearest[] = { 0, 3, 7, 10 };
    for (size_t s = 0; s < 4; s++)
        assert_int_equal(codec_sensor(&f.c, 0, s), nearest[s]);
    teardown(&f);
    setup(&f, &layouts[1], DTYPE_F64, PREDICT_STATE, false, 5); /* 12 points of a period */
    static const size_t around[] = { 0, 2, 5, 7, 10 };
    for (size_t s = 0; s < 5; s++)
        assert_int_equal(codec_sensor(&f.c, 0, s), around[s]);
    f.c.sensors = 1000; /* more than points: none outside */
    for (size_t s = 0; s < 1000; s++)
        assert_true(codec_sensor(&f.c, 0, s) < 12);
    teardown(&f);
}

/* The network's output that stands for a given v comes back as v; the state itself by output 0. */
static void what_is_encoded_comes_back(void **state)
{
    (void)state;
    for (int l = 0; l < LAYOUTS; l++)
        for (int predict = 0; predict < 2; predict++)
            for (int m = 0; m < NODES; m++) {
                struct fixture f;
                setup(&f, &layouts[l], DTYPE_F64, predict, true, 0);
                const struct codec *c = &f.c;
                struct exec x = exec_host(NULL, 0);
                const double *lifting = c->boundary ? f.lifting : NULL;
                for (int k = 0; k < COMPONENTS; k++)
                    for (size_t p = 0; p < c->points; p++) {
                        const size_t i = p / c->shape[1], j = p % c->shape[1];
                        const size_t q = (size_t)k * c->points + p;
                        const double change = number(), start = lifting ? lifting[q] : 0;
                        const double out =
                            predict == PREDICT_STATE
                                ? (f.u[q] + change - c->mean[k]) / c->std[k]
                                : (change - start) / c->scale[m][k] / fmax(c->mask[p], 1e-300);
                        set(c, f.out,
                            ((size_t)(m * COMPONENTS + k) * c->padded_shape[0] + i) *
                                    c->padded_shape[1] +
                                j,
                            out);
                        f.v[q] = c->mask[p] == 0 ? f.u[q] + start : f.u[q] + change;
                    }
                double *v = malloc(c->n * sizeof *v);
                assert_non_null(v);
                codec_decode(c, &x, m, f.u, lifting, f.out, v);
                for (size_t q = 0; q < c->n; q++)
                    assert_near(v[q], f.v[q], 1e-14);
                if (predict == PREDICT_INCREMENT) {
                    memset(f.out, 0, c->out * sizeof(double));
                    codec_decode(c, &x, m, f.u, NULL, f.out, v);
                    assert_memory_equal(v, f.u, c->n * sizeof *v);
                }
                free(v);
                teardown(&f);
            }
}

static bool is_end(const struct codec *c, size_t p)
{
    const size_t index[2] = { p / c->shape[1], p % c->shape[1] };
    bool end = false;
    for (int a = 0; a < c->dims && c->boundary; a++)
        end |= !c->grid->periodic[a] && (index[a] == 0 || index[a] == c->shape[a] - 1);
    return end;
}

static void ends_are_given_to_the_last_bit(void **state)
{
    (void)state;
    for (int l = 0; l < LAYOUTS; l++)
        for (int dtype = 0; dtype < 2; dtype++)
            for (int predict = 0; predict < 2; predict++) {
                struct fixture f;
                setup(&f, &layouts[l], dtype, predict, true, 0);
                const struct codec *c = &f.c;
                struct exec x = exec_host(NULL, 0);
                size_t ends = 0;
                for (int m = 0; m < NODES && c->boundary; m++) {
                    codec_decode(c, &x, m, f.u, f.lifting, f.out, f.v);
                    for (size_t q = 0; q < c->n; q++) {
                        const bool end = is_end(c, q % c->points);
                        ends += end;
                        assert_true((f.v[q] == f.u[q] + f.lifting[q]) == end);
                        assert_true((c->mask[q % c->points] == 0) == end);
                    }
                }
                assert_true(!c->boundary == !ends);
                teardown(&f);
            }
}

/* A pass leaves cos(k/2)^2 of a wave of k radians per point, along each axis, of the shortest ones
 * nothing; given values stay. */
static void smoothing_takes_short_waves_away(void **state)
{
    (void)state;
    for (int l = 0; l < LAYOUTS; l++)
        for (int passes = 0; passes < 3; passes++) {
            struct fixture f;
            setup(&f, &layouts[l], DTYPE_F64, PREDICT_INCREMENT, true, 0);
            struct codec *c = &f.c;
            const struct exec x = exec_host(NULL, 0);
            double *work = malloc(c->n * sizeof *work);
            assert_non_null(work);
            assert_int_equal(codec_passes(c, passes), 0);
            for (int shortest = 0; shortest < 2; shortest++) {
                double k[2], left = 1;
                for (int a = 0; a < 2; a++) {
                    const size_t n = c->shape[a];
                    k[a] = a >= c->dims             ? 0
                           : !c->grid->periodic[a]  ? (shortest ? M_PI : 0.7)
                           : shortest && n % 2 == 0 ? M_PI
                                                    : 2 * M_PI / (double)n;
                    left *= pow(cos(k[a] / 2), 2 * passes);
                }
                for (size_t q = 0; q < c->n; q++) {
                    const size_t p = q % c->points;
                    f.u[q] = cos(k[0] * (double)(p / c->shape[1])) *
                             cos(k[1] * (double)(p % c->shape[1]) + 0.3);
                }
                const double *s = codec_smooth(c, &x, f.u, f.v, work);
                assert_true(s == (passes ? f.v : f.u));
                size_t far = 0; /* points that no end has reached */
                for (size_t q = 0; q < c->n; q++) {
                    const size_t p = q % c->points, at[2] = { p / c->shape[1], p % c->shape[1] };
                    bool reached = false;
                    for (int a = 0; a < c->dims && passes; a++)
                        reached |=
                            !c->grid->periodic[a] &&
                            ((int)at[a] <= passes || (int)(c->shape[a] - 1 - at[a]) <= passes);
                    if (is_end(c, p))
                        assert_true(s[q] == f.u[q]);
                    else if (!reached) {
                        assert_near(s[q], left * f.u[q], 1e-14);
                        far++;
                    }
                }
                assert_true(far > 0 || passes > 1);
            }
            free(work);
            teardown(&f);
        }
}

/* no more than the damping of a step, on all passes together */
static void smoothing_is_bounded_by_the_damping(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &layouts[4], DTYPE_F64, PREDICT_INCREMENT, true, 0); /* the first axis is periodic */
    struct codec *c = &f.c;
    double damping[2 * 40];
    for (int i = 0; i < 80; i++)
        damping[i] = 0.1 * i;
    assert_int_equal(codec_passes(c, 3), 0);
    codec_damp(c, damping);
    for (size_t i = 0; i < 80; i++)
        assert_true(c->strength[i] == (is_end(c, i % 40) ? 0 : fmin(0.1 * (double)i / 3, 1)));
    teardown(&f);
}

static void masks_may_be_steeper(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &layouts[0], DTYPE_F64, PREDICT_INCREMENT, true, 0);
    for (int sharpness = 1; sharpness < 5; sharpness++) {
        codec_mask(&f.c, sharpness);
        for (size_t i = 0; i < 11; i++) {
            const double xi = (double)i / 10;
            assert_near(f.c.mask[i], 1 - pow(1 - 4 * xi * (1 - xi), sharpness), 1e-15);
        }
        assert_true(f.c.mask[0] == 0 && f.c.mask[10] == 0);
    }
    teardown(&f);
}

/* a + b xi + d eta + e xi eta, by index; constant along periodic axes */
static double bilinear(const struct codec *c, size_t p, int component)
{
    double xi = (double)(p / c->shape[1]) / (double)(c->shape[0] - 1);
    double eta = c->dims > 1 ? (double)(p % c->shape[1]) / (double)(c->shape[1] - 1) : 0;
    xi = c->grid->periodic[0] ? 0 : xi;
    eta = c->dims > 1 && c->grid->periodic[1] ? 0 : eta;
    return 1 - component + 3 * xi - 2 * eta + 5 * xi * eta;
}

static void lifting_is_exact_for_bilinear_values(void **state)
{
    (void)state;
    for (int l = 0; l < LAYOUTS; l++) {
        struct fixture f;
        setup(&f, &layouts[l], DTYPE_F64, PREDICT_INCREMENT, true, 0);
        const struct codec *c = &f.c;
        struct exec x = exec_host(NULL, 0);
        for (size_t q = 0; q < c->n; q++) /* inner points are not read */
            f.u[q] =
                is_end(c, q % c->points) ? bilinear(c, q % c->points, (int)(q / c->points)) : NAN;
        codec_lift(c, &x, f.u, f.v);
        for (size_t q = 0; q < c->n; q++)
            assert_near(f.v[q], c->boundary ? bilinear(c, q % c->points, (int)(q / c->points)) : 0,
                        4e-15);
        /* rough values: kept in the ends, and the same in place */
        for (size_t q = 0; q < c->n; q++)
            f.u[q] = number();
        codec_lift(c, &x, f.u, f.v);
        for (size_t q = 0; q < c->n; q++)
            assert_true(!is_end(c, q % c->points) || f.v[q] == f.u[q]);
        codec_lift(c, &x, f.u, f.u);
        assert_memory_equal(f.u, f.v, c->n * sizeof *f.u);
        teardown(&f);
    }
}

/* <dv, (dv/dout) d> = <(dv/dout)^T dv, d>, d a direction; decode is affine in out */
static void the_adjoint_is_one(void **state)
{
    (void)state;
    for (int l = 0; l < LAYOUTS; l++)
        for (int dtype = 0; dtype < 2; dtype++)
            for (int predict = 0; predict < 2; predict++)
                for (int m = 0; m < NODES; m++) {
                    struct fixture f;
                    setup(&f, &layouts[l], dtype, predict, true, 0);
                    const struct codec *c = &f.c;
                    struct exec x = exec_host(NULL, 0);
                    double *moved = malloc(c->n * sizeof *moved);
                    double *dv = malloc(c->n * sizeof *dv);
                    void *dout = malloc(c->out * dtype_size(dtype));
                    void *zero = calloc(c->out, dtype_size(dtype));
                    assert_true(moved && dv && dout && zero);
                    codec_decode(c, &x, m, f.u, NULL, zero, f.v);
                    codec_decode(c, &x, m, f.u, NULL, f.out, moved);
                    double left = 0, right = 0;
                    for (size_t q = 0; q < c->n; q++) {
                        dv[q] = number();
                        left += dv[q] * (moved[q] - f.v[q]);
                    }
                    for (size_t i = 0; i < c->out; i++)
                        set(c, dout, i, 1e9); /* other nodes stay, this one is overwritten */
                    codec_decode_adjoint(c, &x, m, dv, dout);
                    const size_t node = COMPONENTS * c->padded;
                    for (size_t i = 0; i < c->out; i++)
                        if (i / node == (size_t)m)
                            right += get(c, dout, i) * get(c, f.out, i);
                        else
                            assert_true(get(c, dout, i) == 1e9);
                    assert_near(left, right, dtype == DTYPE_F32 ? 1e-5 : 1e-13);
                    free(moved);
                    free(dv);
                    free(dout);
                    free(zero);
                    teardown(&f);
                }
}

static void padding_is_ignored(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &layouts[3], DTYPE_F64, PREDICT_INCREMENT, true, 0);
    const struct codec *c = &f.c;
    struct exec x = exec_host(NULL, 0);
    double *v = malloc(c->n * sizeof *v);
    assert_non_null(v);
    codec_decode(c, &x, 1, f.u, f.lifting, f.out, f.v);
    for (size_t i = 0; i < c->out; i++) {
        const size_t p = i % c->padded;
        if (p / c->padded_shape[1] >= c->shape[0] || p % c->padded_shape[1] >= c->shape[1])
            set(c, f.out, i, NAN);
    }
    codec_decode(c, &x, 1, f.u, f.lifting, f.out, v);
    assert_memory_equal(v, f.v, c->n * sizeof *v);
    free(v);
    teardown(&f);
}

static void float32_rounds_float64(void **state)
{
    (void)state;
    struct fixture f, g;
    setup(&f, &layouts[4], DTYPE_F64, PREDICT_INCREMENT, true, 3);
    setup(&g, &layouts[4], DTYPE_F32, PREDICT_INCREMENT, true, 3);
    struct exec x = exec_host(NULL, 0);
    codec_encode(&f.c, &x, f.u, f.lifting, f.in);
    codec_encode(&g.c, &x, f.u, f.lifting, g.in);
    for (size_t i = 0; i < f.c.in; i++)
        assert_true(get(&g.c, g.in, i) == (double)(float)get(&f.c, f.in, i));
    for (size_t i = 0; i < f.c.out; i++)
        set(&f.c, f.out, i, get(&g.c, g.out, i));
    codec_decode(&f.c, &x, 2, f.u, f.lifting, f.out, f.v);
    codec_decode(&g.c, &x, 2, f.u, f.lifting, g.out, g.v);
    assert_memory_equal(f.v, g.v, f.c.n * sizeof *f.v);
    teardown(&f);
    teardown(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_hold_what_they_should),
        cmocka_unit_test(stencils_hold_differences),
        cmocka_unit_test(stencils_continue_straight_lines),
        cmocka_unit_test(stencils_fit_the_grid),
        cmocka_unit_test(sensors_are_evenly_spread),
        cmocka_unit_test(what_is_encoded_comes_back),
        cmocka_unit_test(ends_are_given_to_the_last_bit),
        cmocka_unit_test(smoothing_takes_short_waves_away),
        cmocka_unit_test(smoothing_is_bounded_by_the_damping),
        cmocka_unit_test(masks_may_be_steeper),
        cmocka_unit_test(lifting_is_exact_for_bilinear_values),
        cmocka_unit_test(the_adjoint_is_one),
        cmocka_unit_test(padding_is_ignored),
        cmocka_unit_test(float32_rounds_float64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
