// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Layers, codecs and networks on a GPU do what they do on the CPU, up to rounding, and the same
 * bits twice. Skipped (77) where there is no GPU. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/network.h"

static const double tolerances[] = { [DTYPE_F32] = 1e-5, [DTYPE_F64] = 1e-12 };

static double number(void) /* in [-1, 1) */
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-52 - 1;
}

/* ---- arrays of reals on both sides; copies are of doubles ---- */

struct array {
    enum dtype dtype;
    size_t n, doubles;
    double *here, *there;
};

static double get(const struct array *a, size_t i)
{
    return a->dtype == DTYPE_F32 ? (double)((const float *)a->here)[i] : a->here[i];
}

static void set(struct array *a, size_t i, double value)
{
    if (a->dtype == DTYPE_F32)
        ((float *)a->here)[i] = (float)value;
    else
        a->here[i] = value;
}

/* NaN on both sides: what is not written shows */
static struct array array(enum dtype dtype, size_t n)
{
    struct array a = { dtype, n, exec_round((n * dtype_size(dtype) + 7) / 8 + 1), NULL, NULL };
    a.here = malloc(a.doubles * sizeof(double));
    a.there = exec_test_alloc(DEV_CUDA, a.doubles);
    assert_non_null(a.here);
    memset(a.here, 0xff, a.doubles * sizeof(double));
    exec_test_put(DEV_CUDA, a.there, a.here, a.doubles);
    return a;
}

static void drop(struct array *a)
{
    free(a->here);
    exec_test_free(DEV_CUDA, a->there);
}

static struct array numbers(enum dtype dtype, size_t n)
{
    struct array a = array(dtype, n);
    for (size_t i = 0; i < n; i++)
        set(&a, i, number());
    exec_test_put(DEV_CUDA, a.there, a.here, a.doubles);
    return a;
}

/* what both sides wrote, which is finite; what neither wrote stays NaN */
static void agree(const struct array *a, double tolerance)
{
    struct array b = *a;
    b.here = malloc(a->doubles * sizeof(double));
    assert_non_null(b.here);
    exec_test_get(DEV_CUDA, b.here, a->there, a->doubles);
    for (size_t i = 0; i < a->n; i++) {
        const double expected = get(a, i), found = get(&b, i);
        if (!(fabs(found - expected) <= tolerance * (1 + fabs(expected))))
            fail_msg("%zu of %zu: expected %.17g, found %.17g", i, a->n, expected, found);
    }
    free(b.here);
}

static struct array scratch(size_t doubles)
{
    return array(DTYPE_F64, doubles);
}

static struct exec cpu(const struct array *work)
{
    return exec_host(work->here, work->n);
}

static struct exec gpu(const struct array *work)
{
    return exec_test(DEV_CUDA, work->there, work->n);
}

/* ---- layers ---- */

/* dx and what is added to dparams, from what forward kept; without dx the same dparams */
static void check_backward(const struct layer *l, size_t batch, const struct array *params,
                           const struct array *x, const struct array *kept,
                           const struct array *work)
{
    const struct exec here = cpu(work), there = gpu(work);
    const double tolerance = 20 * tolerances[l->dtype]; /* sums over points and batch */
    for (int with = 0; with < 2; with++) {
        struct array dy = numbers(l->dtype, batch * l->out), dx = array(l->dtype, batch * l->in),
                     dp = numbers(l->dtype, l->nparams);
        l->kernels[DEV_CPU]->backward(l, &here, batch, params->here, x->here, kept->here, dy.here,
                                      with ? dx.here : NULL, dp.here);
        l->kernels[DEV_CUDA]->backward(l, &there, batch, params->there, x->there, kept->there,
                                       dy.there, with ? dx.there : NULL, dp.there);
        if (with)
            agree(&dx, tolerance);
        agree(&dp, tolerance);
        drop(&dy), drop(&dx), drop(&dp);
    }
}

static void check_layer(struct layer *l, bool keep)
{
    enum { BATCH = 3 };
    const double tolerance = tolerances[l->dtype];
    assert_non_null(l->kernels[DEV_CUDA]);
    struct array params = array(l->dtype, l->nparams), x = numbers(l->dtype, BATCH * l->in),
                 y = array(l->dtype, BATCH * l->out), kept = array(l->dtype, BATCH * l->keep),
                 work = scratch(layer_nwork(l, BATCH));
    for (int t = 0; t < l->ntensors; t++) {
        struct array file = numbers(l->dtype, l->tensors[t].count);
        l->pack(l, t, file.here, params.here);
        drop(&file);
    }
    exec_test_put(DEV_CUDA, params.there, params.here, params.doubles);
    const struct exec here = cpu(&work), there = gpu(&work);
    l->kernels[DEV_CPU]->forward(l, &here, BATCH, params.here, x.here, y.here,
                                 keep ? kept.here : NULL);
    l->kernels[DEV_CUDA]->forward(l, &there, BATCH, params.there, x.there, y.there,
                                  keep ? kept.there : NULL);
    agree(&y, tolerance);
    if (keep) {
        agree(&kept, tolerance);
        check_backward(l, BATCH, &params, &x, &kept, &work);
    }
    double *first = malloc(2 * y.doubles * sizeof *first), *again = first + y.doubles;
    assert_non_null(first);
    exec_test_get(DEV_CUDA, first, y.there, y.doubles);
    l->kernels[DEV_CUDA]->forward(l, &there, BATCH, params.there, x.there, y.there, NULL);
    exec_test_get(DEV_CUDA, again, y.there, y.doubles);
    assert_memory_equal(first, again, y.doubles * sizeof *first);
    free(first);
    drop(&params), drop(&x), drop(&y), drop(&kept), drop(&work);
    layer_destroy(&l);
}

static void pointwise_layers(void **state)
{
    (void)state;
    static const size_t shapes[][3] = {
        { 3, 5, 37 }, { 1, 1, 1 }, { 40, 70, 1 }, { 33, 32, 64 }, { 16, 65, 200 }
    }; /* in, out, points */
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int d = 0; d < 2; d++)
            for (int act = 0; act < ACT_COUNT; act++)
                for (int bias = 0; bias < 2; bias++)
                    for (int keep = 0; keep < 2; keep++) {
                        struct layer *l;
                        assert_int_equal(pointwise_create(&l, (enum dtype)d, "lift.0", shapes[s][0],
                                                          shapes[s][1], shapes[s][2], bias,
                                                          (enum activation)act),
                                         0);
                        check_layer(l, keep);
                    }
}

static const struct spectrum spectra[] = {
    { 1, { 12 }, { 4 }, { BASIS_FOURIER }, TRANSFORM_DENSE },
    { 1, { 16 }, { 9 }, { BASIS_FOURIER }, TRANSFORM_DENSE },
    { 1, { 15 }, { 8 }, { BASIS_FOURIER }, TRANSFORM_FFT },
    { 1, { 100 }, { 40 }, { BASIS_FOURIER }, TRANSFORM_AUTO },
    { 1, { 11 }, { 5 }, { BASIS_COSINE }, TRANSFORM_DENSE },
    { 1, { 13 }, { 13 }, { BASIS_COSINE }, TRANSFORM_FFT },
    { 2, { 6, 9 }, { 3, 4 }, { BASIS_FOURIER, BASIS_FOURIER }, TRANSFORM_DENSE },
    { 2, { 8, 10 }, { 4, 6 }, { BASIS_FOURIER, BASIS_FOURIER }, TRANSFORM_FFT },
    { 2, { 7, 5 }, { 3, 4 }, { BASIS_FOURIER, BASIS_COSINE }, TRANSFORM_DENSE },
    { 2, { 40, 36 }, { 6, 5 }, { BASIS_COSINE, BASIS_FOURIER }, TRANSFORM_AUTO },
    { 2, { 6, 5 }, { 3, 5 }, { BASIS_COSINE, BASIS_COSINE }, TRANSFORM_DENSE },
};

static void fourier_layers(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof spectra / sizeof *spectra; s++)
        for (int kind = 0; kind < 3; kind++)
            for (int d = 0; d < 2; d++)
                for (int keep = 0; keep < 2; keep++) {
                    struct layer *l;
                    const int err = kind == 0 ? fourier_create(&l, (enum dtype)d, "f", &spectra[s],
                                                               3, 5, true, true, false, ACT_GELU)
                                    : kind == 1
                                        ? fourier_create(&l, (enum dtype)d, "f", &spectra[s], 4, 4,
                                                         true, false, true, ACT_IDENTITY)
                                        : fourier_create(&l, (enum dtype)d, "f", &spectra[s], 6, 2,
                                                         false, false, false, ACT_TANH);
                    assert_int_equal(err, 0);
                    check_layer(l, keep);
                }
}

/* ---- codecs ---- */

enum { COMPONENTS = 2, NODES = 3 };

static const struct layout {
    int dims;
    size_t shape[2], pad[2];
    bool periodic[2], boundary;
} layouts[] = {
    { 1, { 11, 1 }, { 0, 0 }, { false, false }, true },
    { 1, { 12, 1 }, { 3, 0 }, { true, false }, false },
    { 2, { 7, 9 }, { 2, 5 }, { false, false }, true },
    { 2, { 8, 5 }, { 0, 3 }, { true, false }, true },
    { 2, { 5, 8 }, { 1, 0 }, { false, true }, true },
    { 2, { 26, 25 }, { 1, 1 }, { true, true }, false },
};

static void same_bits(const struct array *a)
{
    double *found = malloc(a->doubles * sizeof *found);
    assert_non_null(found);
    exec_test_get(DEV_CUDA, found, a->there, a->doubles);
    assert_memory_equal(found, a->here, a->n * dtype_size(a->dtype));
    free(found);
}

static void check_codec(const struct codec *c)
{
    const double tolerance = tolerances[c->dtype];
    struct array u = numbers(DTYPE_F64, c->n), lifting = numbers(DTYPE_F64, c->n),
                 v = array(DTYPE_F64, c->n), in = array(c->dtype, c->in),
                 out = numbers(c->dtype, c->out), dout = numbers(c->dtype, c->out);
    const struct exec here = exec_host(NULL, 0), there = exec_test(DEV_CUDA, NULL, 0);
    const double *lift_here = c->boundary ? lifting.here : NULL,
                 *lift_there = c->boundary ? lifting.there : NULL;
    codec_encode(c, &here, u.here, lift_here, in.here);
    codec_encode(c, &there, u.there, lift_there, in.there);
    agree(&in, tolerance);
    for (int m = 0; m < c->nodes; m++) {
        codec_decode(c, &here, m, u.here, lift_here, out.here, v.here);
        codec_decode(c, &there, m, u.there, lift_there, out.there, v.there);
        agree(&v, 1e-12);
        double *found = malloc(v.doubles * sizeof *found);
        assert_non_null(found);
        exec_test_get(DEV_CUDA, found, v.there, v.doubles);
        for (size_t i = 0; i < c->n; i++)
            if (c->mask[i % c->points] == 0) /* ends are given to the last bit */
                assert_true(found[i] == u.here[i] + lifting.here[i]);
        free(found);
        codec_decode_adjoint(c, &here, m, u.here, dout.here); /* other nodes stay */
        codec_decode_adjoint(c, &there, m, u.there, dout.there);
        agree(&dout, tolerance);
    }
    codec_lift(c, &here, u.here, v.here);
    codec_lift(c, &there, u.there, v.there);
    same_bits(&v);
    codec_lift(c, &here, u.here, u.here);
    codec_lift(c, &there, u.there, u.there);
    same_bits(&u);
    drop(&u), drop(&lifting), drop(&v), drop(&in), drop(&out), drop(&dout);
}

static void check_smooth(const struct codec *c)
{
    const struct exec here = exec_host(NULL, 0), there = exec_test(DEV_CUDA, NULL, 0);
    struct array u = numbers(DTYPE_F64, c->n), s = array(DTYPE_F64, c->n),
                 work = array(DTYPE_F64, c->n);
    assert_true(codec_smooth(c, &here, u.here, s.here, work.here) == s.here);
    assert_true(codec_smooth(c, &there, u.there, s.there, work.there) == s.there);
    same_bits(&s);
    drop(&u), drop(&s), drop(&work);
}

static void codecs(void **state)
{
    (void)state;
    for (size_t l = 0; l < sizeof layouts / sizeof *layouts; l++)
        for (int d = 0; d < 2; d++)
            for (size_t sensors = 0; sensors < 4; sensors++) {
                struct grid g = { .components = COMPONENTS };
                struct codec c;
                for (int a = 0; a < layouts[l].dims; a++)
                    assert_int_equal(
                        grid_axis(&g, a, "x", layouts[l].shape[a], 0, 3, layouts[l].periodic[a]),
                        0);
                assert_int_equal(codec_create(&c, (enum dtype)d, &g, layouts[l].boundary,
                                              sensors % 2 ? PREDICT_STATE : PREDICT_INCREMENT,
                                              NODES, sensors != 1, sensors, layouts[l].pad),
                                 0);
                if (sensors > 1)
                    assert_int_equal(codec_stencil(&c, (const long[]){ 1, 2 }, 2), 0);
                for (int k = 0; k < COMPONENTS; k++) {
                    c.mean[k] = 0.5 - k;
                    c.std[k] = 2 + 3 * k;
                    for (int m = 0; m < NODES; m++)
                        c.scale[m][k] = 0.25 * (1 + m + 4 * k);
                }
                check_codec(&c);
                assert_int_equal(codec_passes(&c, 2), 0);
                check_smooth(&c);
                codec_destroy(&c);
                grid_free(&g);
            }
}

/* ---- networks ---- */

static void check_network(const char *text, const struct grid *g)
{
    struct config *config;
    struct network *n;
    enum { BATCH = 2 };
    assert_int_equal(config_parse(&config, "check", text), 0);
    assert_int_equal(network_create(&n, g, true, config_child(config_root(config), "network")), 0);
    exec_constant(n->params, n->nparams * dtype_size(n->dtype));
    struct array in = numbers(n->dtype, BATCH * n->codec.in),
                 out = array(n->dtype, BATCH * n->codec.out),
                 work = scratch(network_forward_work(n, BATCH));
    const struct exec here = cpu(&work), there = gpu(&work);
    network_forward(n, &here, 0, n->nlayers, BATCH, n->params, in.here, out.here);
    network_forward(n, &there, 0, n->nlayers, BATCH, exec_device_constant(&there, n->params),
                    in.there, out.there);
    agree(&out, tolerances[n->dtype]);
    drop(&in), drop(&out), drop(&work);
    exec_constant_forget(n->params);
    network_destroy(&n);
    config_destroy(&config);
}

static void networks(void **state)
{
    (void)state;
    struct grid g = { .components = 1 };
    assert_int_equal(grid_axis(&g, 0, "x", 24, 0, 1, false), 0);
    assert_int_equal(grid_axis(&g, 1, "y", 20, 0, 1, true), 0);
    check_network("network: {name: fno, width: 8, modes: [6, 5], layers: 3}", &g);
    check_network("network: {name: fno, width: 8, modes: [6, 5], layers: 3, precision: float64}",
                  &g);
    grid_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pointwise_layers),
        cmocka_unit_test(fourier_layers),
        cmocka_unit_test(codecs),
        cmocka_unit_test(networks),
    };
    if (exec_test_open(DEV_CUDA)) {
        fprintf(stderr, "no CUDA device here\n");
        return 77;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    exec_test_close(DEV_CUDA);
    return failed;
}
