// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Layers of networks: what a spectral convolution has to be for weights whose effect is known,
 * gradients against differences, bits over batches, and that float32 and both ways of transforming
 * agree with float64. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/layer.h"
#include "tests/near.h"

/* ---- a layer with its arrays; numbers of the tests are doubles, those of the layer reals ---- */

struct rig {
    struct layer *l;
    void *params, *x, *y, *keep;
    double *work;
    size_t batch;
};

static void *reals(const struct layer *l, size_t n)
{
    void *p = calloc(n + 16, dtype_size(l->dtype));
    assert_non_null(p);
    return p;
}

static void set(enum dtype d, void *to, size_t i, double v)
{
    if (d == DTYPE_F32)
        ((float *)to)[i] = (float)v;
    else
        ((double *)to)[i] = v;
}

static double get(enum dtype d, const void *from, size_t i)
{
    return d == DTYPE_F32 ? (double)((const float *)from)[i] : ((const double *)from)[i];
}

static double uniform(uint64_t *state) /* in [-1, 1): splitmix64 */
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1;
}

static const double GUARD = 1234.5;

static void rig(struct rig *r, struct layer *l, size_t batch)
{
    const size_t n = layer_nwork(l, batch);
    *r = (struct rig){ .l = l, .batch = batch };
    r->params = reals(l, l->nparams);
    r->x = reals(l, batch * l->in);
    r->y = reals(l, batch * l->out);
    r->keep = reals(l, batch * l->keep);
    assert_int_equal(posix_memalign((void **)&r->work, 64, (n + 8) * sizeof(double)), 0);
    r->work[n] = GUARD;
}

static void rig_free(struct rig *r)
{
    assert_true(r->work[layer_nwork(r->l, r->batch)] == GUARD);
    free(r->params);
    free(r->x);
    free(r->y);
    free(r->keep);
    free(r->work);
    layer_destroy(&r->l);
    assert_null(r->l);
}

static void randomise(struct rig *r, uint64_t seed)
{
    for (int i = 0; i < r->l->ntensors; i++) {
        void *file = reals(r->l, r->l->tensors[i].count);
        for (size_t k = 0; k < r->l->tensors[i].count; k++)
            set(r->l->dtype, file, k, uniform(&seed));
        r->l->pack(r->l, i, file, r->params);
        free(file);
    }
    for (size_t k = 0; k < r->batch * r->l->in; k++)
        set(r->l->dtype, r->x, k, uniform(&seed));
}

static void run(struct rig *r, bool keep)
{
    const struct exec x = exec_host(r->work, layer_nwork(r->l, r->batch));
    r->l->kernels[DEV_CPU]->forward(r->l, &x, r->batch, r->params, r->x, r->y,
                                    keep ? r->keep : NULL);
}

static struct layer *fourier(enum dtype d, const struct spectrum *s, size_t in, size_t out,
                             bool local, bool bias, bool residual, enum activation act)
{
    struct layer *l = NULL;
    assert_int_equal(fourier_create(&l, d, "fourier.0", s, in, out, local, bias, residual, act), 0);
    return l;
}

/* ---- spectral convolutions with known weights ---- */

/* k-th kept frequency of an axis, signed */
static long frequency(const struct spectrum *s, int a, size_t i)
{
    const bool half =
        s->basis[a] == BASIS_FOURIER && (a == s->dims - 1 || s->basis[a + 1] != BASIS_FOURIER);
    if (s->basis[a] == BASIS_COSINE || half || i < s->modes[a])
        return (long)i;
    return (long)i - 2 * (long)s->modes[a];
}

/* one channel; R of every kept mode by a function of its frequencies */
static void weights(struct rig *r, const struct spectrum *s,
                    void (*R)(const double *k, double *re, double *im))
{
    const struct tensor *t = &r->l->tensors[0];
    const int last = t->shape[t->dims - 1] == 2 && t->dims == s->dims + 3 ? 1 : 0;
    void *file = reals(r->l, t->count);
    for (size_t i = 0; i < t->count >> last; i++) {
        const size_t kept1 = t->shape[2 + s->dims - 1];
        const double k[2] = { s->dims == 2 ? (double)frequency(s, 0, i / kept1)
                                           : (double)frequency(s, 0, i),
                              s->dims == 2 ? (double)frequency(s, 1, i % kept1) : 0 };
        double re, im;
        R(k, &re, &im);
        set(r->l->dtype, file, i << last, re);
        if (last)
            set(r->l->dtype, file, 2 * i + 1, im);
    }
    r->l->pack(r->l, 0, file, r->params);
    free(file);
}

static void one(const double *k, double *re, double *im)
{
    (void)k;
    *re = 1;
    *im = 0;
}

static void derivative(const double *k, double *re, double *im) /* on a unit length */
{
    *re = 0;
    *im = 2 * M_PI * k[0];
}

static void heat(const double *k, double *re, double *im) /* exp(-nu |2 pi k|^2 dt), nu dt = 1e-3 */
{
    *re = exp(-1e-3 * 4 * M_PI * M_PI * (k[0] * k[0] + k[1] * k[1]));
    *im = 0;
}

static void identity(void **state)
{
    (void)state;
    static const struct spectrum all[] = {
        { 1, { 16 }, { 9 }, { BASIS_FOURIER }, 0 },
        { 1, { 15 }, { 8 }, { BASIS_FOURIER }, 0 },
        { 1, { 13 }, { 13 }, { BASIS_COSINE }, 0 },
        { 2, { 8, 10 }, { 4, 6 }, { BASIS_FOURIER, BASIS_FOURIER }, 0 },
        { 2, { 12, 7 }, { 7, 7 }, { BASIS_FOURIER, BASIS_COSINE }, 0 },
        { 2, { 7, 12 }, { 7, 7 }, { BASIS_COSINE, BASIS_FOURIER }, 0 },
        { 2, { 9, 17 }, { 9, 17 }, { BASIS_COSINE, BASIS_COSINE }, 0 },
    };
    for (size_t c = 0; c < sizeof all / sizeof *all; c++)
        for (int how = TRANSFORM_FFT; how <= TRANSFORM_DENSE; how++)
            for (int d = 0; d < 2; d++) {
                struct spectrum s = all[c];
                struct rig r;
                s.transform = (enum transform)how;
                rig(&r, fourier((enum dtype)d, &s, 1, 1, false, false, false, ACT_IDENTITY), 2);
                randomise(&r, 3);
                weights(&r, &s, one);
                run(&r, false);
                for (size_t i = 0; i < 2 * r.l->in; i++)
                    assert_near(get(r.l->dtype, r.y, i), get(r.l->dtype, r.x, i), d ? 1e-14 : 2e-6);
                rig_free(&r);
            }
}

static double wave(double x, double *slope, double *later)
{
    double v = 0;
    *slope = *later = 0;
    for (int k = 0; k <= 5; k++) {
        const double a = 1.0 / (1 + k), b = 0.3 * k, w = 2 * M_PI * k;
        const double decay = exp(-1e-3 * w * w), f = a * cos(w * x) + b * sin(w * x);
        v += f;
        *slope += w * (b * cos(w * x) - a * sin(w * x));
        *later += decay * f;
    }
    return v;
}

static void polynomials(
    void **state) /* trigonometric ones: derivative, and an exact step of the heat equation */
{
    (void)state;
    for (size_t n = 31; n <= 32; n++)
        for (int how = TRANSFORM_FFT; how <= TRANSFORM_DENSE; how++) {
            const struct spectrum s = { 1, { n }, { 6 }, { BASIS_FOURIER }, (enum transform)how };
            for (int h = 0; h < 2; h++) {
                struct rig r;
                double slope, later;
                rig(&r, fourier(DTYPE_F64, &s, 1, 1, false, false, false, ACT_IDENTITY), 1);
                weights(&r, &s, h ? heat : derivative);
                for (size_t i = 0; i < n; i++)
                    set(DTYPE_F64, r.x, i, wave((double)i / (double)n, &slope, &later));
                run(&r, false);
                for (size_t i = 0; i < n; i++) {
                    wave((double)i / (double)n, &slope, &later);
                    assert_near(get(DTYPE_F64, r.y, i), h ? later : slope, h ? 1e-14 : 2e-12);
                }
                rig_free(&r);
            }
        }
}

/* waves with k0 < 0 go through as those with k0 > 0 do: a step of the heat equation and the
 * derivative along the first axis are exact in 2D */
static void negative_frequencies(void **state)
{
    (void)state;
    enum { N0 = 16, N1 = 12 };
    for (int c = 0; c < 7 * 4 * 4; c++) {
        const int k0 = c % 7 - 3, k1 = c / 7 % 4, step = c / 28 % 2;
        const enum transform how = c / 56 ? TRANSFORM_FFT : TRANSFORM_DENSE;
        const struct spectrum s = {
            2, { N0, N1 }, { 4, 4 }, { BASIS_FOURIER, BASIS_FOURIER }, how
        };
        double angle[N0 * N1], decay = exp(-1e-3 * 4 * M_PI * M_PI * (k0 * k0 + k1 * k1));
        struct rig r;
        rig(&r, fourier(DTYPE_F64, &s, 1, 1, false, false, false, ACT_IDENTITY), 1);
        weights(&r, &s, step ? heat : derivative);
        for (int i = 0; i < N0 * N1; i++) {
            const double x = (double)(i / N1) / N0, y = (double)(i % N1) / N1;
            angle[i] = 2 * M_PI * (k0 * x + k1 * y) + 0.4;
            set(DTYPE_F64, r.x, (size_t)i, cos(angle[i]));
        }
        run(&r, false);
        for (int i = 0; i < N0 * N1; i++)
            assert_near(get(DTYPE_F64, r.y, (size_t)i),
                        step ? decay * cos(angle[i]) : -2 * M_PI * k0 * sin(angle[i]), 1e-12);
        rig_free(&r);
    }
}

static void
cosines(void **state) /* cos(pi k (j + 1/2)/n) is the k-th mode of a cosine axis, and of no other */
{
    (void)state;
    const size_t n = 12;
    for (int how = TRANSFORM_FFT; how <= TRANSFORM_DENSE; how++)
        for (size_t k = 0; k < n; k++) {
            const struct spectrum s = { 1, { n }, { 5 }, { BASIS_COSINE }, (enum transform)how };
            struct rig r;
            rig(&r, fourier(DTYPE_F64, &s, 1, 1, false, false, false, ACT_IDENTITY), 1);
            weights(&r, &s, one);
            for (size_t j = 0; j < n; j++)
                set(DTYPE_F64, r.x, j, cos(M_PI * (double)k * ((double)j + 0.5) / (double)n));
            run(&r, false);
            for (size_t j = 0; j < n; j++)
                assert_near(get(DTYPE_F64, r.y, j), k < 5 ? get(DTYPE_F64, r.x, j) : 0, 1e-14);
            rig_free(&r);
        }
}

static void shifts(void **state) /* of the input shift the output: periodic axes, all weights */
{
    (void)state;
    const size_t n0 = 12, n1 = 10, s0 = 5, s1 = 3;
    const struct spectrum s = {
        2, { n0, n1 }, { 3, 4 }, { BASIS_FOURIER, BASIS_FOURIER }, TRANSFORM_AUTO
    };
    struct rig a, b;
    rig(&a, fourier(DTYPE_F64, &s, 2, 3, true, true, false, ACT_GELU), 1);
    rig(&b, fourier(DTYPE_F64, &s, 2, 3, true, true, false, ACT_GELU), 1);
    randomise(&a, 5);
    randomise(&b, 5);
    for (size_t c = 0; c < 2; c++)
        for (size_t i = 0; i < n0 * n1; i++)
            set(DTYPE_F64, b.x, c * n0 * n1 + (i / n1 + s0) % n0 * n1 + (i % n1 + s1) % n1,
                get(DTYPE_F64, a.x, c * n0 * n1 + i));
    run(&a, false);
    run(&b, false);
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < n0 * n1; i++)
            assert_near(
                get(DTYPE_F64, b.y, c * n0 * n1 + (i / n1 + s0) % n0 * n1 + (i % n1 + s1) % n1),
                get(DTYPE_F64, a.y, c * n0 * n1 + i), 1e-13);
    rig_free(&a);
    rig_free(&b);
}

static void resolutions(void **state) /* the same weights on twice the points: the same function, if
                                         it is band-limited */
{
    (void)state;
    const struct spectrum coarse = { 1, { 16 }, { 5 }, { BASIS_FOURIER }, TRANSFORM_AUTO };
    const struct spectrum fine = { 1, { 32 }, { 5 }, { BASIS_FOURIER }, TRANSFORM_AUTO };
    struct rig a, b;
    rig(&a, fourier(DTYPE_F64, &coarse, 1, 1, true, true, true, ACT_TANH), 1);
    rig(&b, fourier(DTYPE_F64, &fine, 1, 1, true, true, true, ACT_TANH), 1);
    randomise(&a, 6);
    randomise(&b, 6);
    for (size_t i = 0; i < 32; i++) {
        const double v =
            0.3 + cos(2 * M_PI * (double)i / 32) - 0.5 * sin(8 * M_PI * (double)i / 32);
        set(DTYPE_F64, b.x, i, v);
        if (i % 2 == 0)
            set(DTYPE_F64, a.x, i / 2, v);
    }
    run(&a, false);
    run(&b, false);
    for (size_t i = 0; i < 16; i++)
        assert_near(get(DTYPE_F64, a.y, i), get(DTYPE_F64, b.y, 2 * i), 1e-13);
    rig_free(&a);
    rig_free(&b);
}

static void misfits(void **state)
{
    (void)state;
    static const struct spectrum wrong[] = {
        { 1, { 16 }, { 10 }, { BASIS_FOURIER }, 0 },
        { 1, { 16 }, { 0 }, { BASIS_FOURIER }, 0 },
        { 1, { 16 }, { 17 }, { BASIS_COSINE }, 0 },
        { 2, { 8, 16 }, { 5, 9 }, { BASIS_FOURIER, BASIS_FOURIER }, 0 },
    };
    for (size_t c = 0; c < sizeof wrong / sizeof *wrong; c++) {
        struct layer *l = NULL;
        assert_int_equal(
            fourier_create(&l, DTYPE_F32, "x", &wrong[c], 1, 1, true, true, false, ACT_GELU),
            -EINVAL);
        assert_null(l);
    }
}

/* ---- what every layer keeps ---- */

static const struct spectrum spectra[] = {
    { 1, { 12 }, { 4 }, { BASIS_FOURIER }, TRANSFORM_DENSE },
    { 1, { 11 }, { 5 }, { BASIS_COSINE }, TRANSFORM_DENSE },
    { 2, { 6, 9 }, { 3, 4 }, { BASIS_FOURIER, BASIS_FOURIER }, TRANSFORM_DENSE },
    { 2, { 7, 5 }, { 3, 4 }, { BASIS_FOURIER, BASIS_COSINE }, TRANSFORM_DENSE },
    { 2, { 40, 36 }, { 6, 5 }, { BASIS_COSINE, BASIS_FOURIER }, TRANSFORM_AUTO },
    { 2, { 6, 5 }, { 3, 5 }, { BASIS_COSINE, BASIS_COSINE }, TRANSFORM_DENSE },
    { 2, { 12, 70 }, { 5, 9 }, { BASIS_FOURIER, BASIS_FOURIER }, TRANSFORM_DENSE },
    { 2, { 10, 4 }, { 1, 2 }, { BASIS_FOURIER, BASIS_FOURIER }, TRANSFORM_DENSE },
    { 1, { 1100 }, { 7 }, { BASIS_FOURIER }, TRANSFORM_DENSE },
};
enum { SPECTRA = sizeof spectra / sizeof *spectra, LAYERS = 2 * ACT_COUNT + 3 * SPECTRA };

static struct layer *nth(size_t i, enum dtype d, enum transform how)
{
    struct layer *l = NULL;
    if (i < 2 * ACT_COUNT) {
        assert_int_equal(pointwise_create(&l, d, "lift.0", 3, 5, i % 3 ? 37 : 1100, i % 2,
                                          (enum activation)(i / 2)),
                         0);
        return l;
    }
    i -= 2 * ACT_COUNT;
    struct spectrum s = spectra[i / 3];
    s.transform = how;
    return i % 3 == 0   ? fourier(d, &s, 3, 5, true, true, false, ACT_GELU)
           : i % 3 == 1 ? fourier(d, &s, 4, 4, true, false, true, ACT_IDENTITY)
                        : fourier(d, &s, 2, 6, false, false, false, ACT_TANH);
}

/* sum of c y over the batch, a function of params and x */
static double objective(struct rig *r, const double *c)
{
    double sum = 0;
    run(r, true);
    for (size_t i = 0; i < r->batch * r->l->out; i++)
        sum += c[i] * get(DTYPE_F64, r->y, i);
    return sum;
}

static void gradients(void **state)
{
    (void)state;
    for (size_t i = 0; i < LAYERS; i++) {
        struct rig r;
        uint64_t seed = 11 + i;
        rig(&r, nth(i, DTYPE_F64, TRANSFORM_AUTO), 2);
        randomise(&r, 100 + i);
        const size_t nout = r.batch * r.l->out, nin = r.batch * r.l->in;
        double *c = reals(r.l, nout), *dy = reals(r.l, nout), *dx = reals(r.l, nin),
               *dp = reals(r.l, r.l->nparams);
        for (size_t k = 0; k < nout; k++)
            dy[k] = c[k] = uniform(&seed);
        objective(&r, c);
        const struct exec x = exec_host(r.work, layer_nwork(r.l, r.batch));
        r.l->kernels[DEV_CPU]->backward(r.l, &x, r.batch, r.params, r.x, r.keep, dy, dx, dp);
        for (int t = 0; t < 60;
             t++) { /* single entries, chosen at random: of the input, then of the parameters */
            double *v = t % 2 ? r.params : r.x, *g = t % 2 ? dp : dx;
            const size_t at =
                (size_t)((uniform(&seed) + 1) / 2 * (double)(t % 2 ? r.l->nparams : nin));
            const double h = 1e-5, before = v[at];
            if (t % 2 && before == 0) { /* padding */
                assert_true(g[at] == 0);
                continue;
            }
            v[at] = before + h;
            const double up = objective(&r, c);
            v[at] = before - h;
            const double down = objective(&r, c);
            v[at] = before;
            assert_near(g[at], (up - down) / (2 * h), 1e-6 * fabs(g[at]) + 1e-8);
        }
        /* once more adds the same again, and without dx */
        double *twice = reals(r.l, r.l->nparams);
        memcpy(twice, dp, r.l->nparams * sizeof *dp);
        objective(&r, c);
        memcpy(dy, c, nout * sizeof *dy);
        r.l->kernels[DEV_CPU]->backward(r.l, &x, r.batch, r.params, r.x, r.keep, dy, NULL, twice);
        for (size_t k = 0; k < r.l->nparams; k++)
            assert_near(twice[k], 2 * dp[k], 1e-12 * (1 + fabs(dp[k])));
        free(c), free(dy), free(dx), free(dp), free(twice);
        rig_free(&r);
    }
}

static void backward(struct rig *r, const void *x, const void *keep, const void *dy, void *dx,
                     void *dp)
{
    const struct exec e = exec_host(r->work, layer_nwork(r->l, r->batch));
    void *own = reals(r->l, r->batch * r->l->out); /* it may be overwritten */
    memcpy(own, dy, r->batch * r->l->out * dtype_size(r->l->dtype));
    r->l->kernels[DEV_CPU]->backward(r->l, &e, r->batch, r->params, x, keep, own, dx, dp);
    free(own);
}

/* a batch has the bits of its samples alone, kept or not, wherever they are; so has its gradient */
static void batches(void **state)
{
    (void)state;
    enum { BATCH = 6 };
    for (size_t i = 0; i < LAYERS; i++)
        for (int d = 0; d < 2; d++) {
            struct rig many, single;
            uint64_t seed = i;
            rig(&many, nth(i, (enum dtype)d, TRANSFORM_AUTO), BATCH);
            rig(&single, nth(i, (enum dtype)d, TRANSFORM_AUTO), 1);
            randomise(&many, 40 + i);
            randomise(&single, 40 + i);
            const struct layer *l = many.l;
            const size_t size = dtype_size((enum dtype)d), in = l->in * size, out = l->out * size;
            char *dy = reals(l, BATCH * l->out), *dx = reals(l, BATCH * l->in),
                 *dp = reals(l, l->nparams), *dx1 = reals(l, l->in), *dp1 = reals(l, l->nparams);
            for (size_t k = 0; k < BATCH * l->out; k++)
                set(l->dtype, dy, k, uniform(&seed));
            run(&many, true);
            backward(&many, many.x, many.keep, dy, dx, dp);
            single.x = (char *)single.x + size; /* elsewhere in a cache line */
            for (size_t b = 0; b < BATCH; b++) {
                memcpy(single.x, (char *)many.x + b * in, in);
                run(&single, false);
                assert_memory_equal(single.y, (char *)many.y + b * out, out);
                run(&single, true);
                assert_memory_equal(single.y, (char *)many.y + b * out, out);
                backward(&single, single.x, single.keep, dy + b * out, dx1, dp1);
                assert_memory_equal(dx1, dx + b * in, in);
            }
            assert_memory_equal(dp1, dp, l->nparams * size);
            single.x = (char *)single.x - size;
            free(dy), free(dx), free(dp), free(dx1), free(dp1);
            rig_free(&many);
            rig_free(&single);
        }
}

static void pairs(void **state) /* two pointwise layers in one go have the bits of one by one */
{
    (void)state;
    static const size_t points[] = { 1, 37, 64, 1100 };
    for (int c = 0; c < 4 * ACT_COUNT * 2; c++) {
        const enum dtype d = c % 2;
        const enum activation act = (enum activation)(c / 2 % ACT_COUNT);
        const size_t P = points[c / 2 / ACT_COUNT], size = dtype_size(d);
        struct layer *first = NULL, *second = NULL, *other = NULL;
        struct rig a, b;
        assert_int_equal(pointwise_create(&first, d, "a", 3, 29, P, true, act), 0);
        assert_int_equal(pointwise_create(&second, d, "b", 29, 7, P, c % 3, ACT_TANH), 0);
        assert_int_equal(pointwise_create(&other, d, "c", 29 * P, 7 * P, 1, true, ACT_TANH), 0);
        rig(&a, first, 2);
        rig(&b, second, 2);
        randomise(&a, 7);
        randomise(&b, 8);
        assert_true(pointwise_pair(first, second));
        assert_int_equal(pointwise_pair(first, other), P == 1);
        run(&a, false);
        memcpy(b.x, a.y, 2 * first->out * size);
        run(&b, false);
        void *y = reals(second, 2 * second->out);
        const size_t na = layer_nwork(first, 2), nb = layer_nwork(second, 2);
        struct rig *r = na > nb ? &a : &b;
        const struct exec x = exec_host(r->work, layer_nwork(r->l, 2));
        pointwise_pair_forward(first, second, &x, 2, a.params, b.params, a.x, y);
        assert_memory_equal(y, b.y, 2 * second->out * size);
        free(y);
        layer_destroy(&other);
        rig_free(&a);
        rig_free(&b);
    }
}

static void precisions(void **state) /* float32, and FFT against dense, against float64 */
{
    (void)state;
    for (size_t i = 0; i < LAYERS; i++) {
        struct rig exact, single, fft;
        rig(&exact, nth(i, DTYPE_F64, TRANSFORM_DENSE), 1);
        rig(&single, nth(i, DTYPE_F32, TRANSFORM_DENSE), 1);
        rig(&fft, nth(i, DTYPE_F64, TRANSFORM_FFT), 1);
        randomise(&exact, 70 + i);
        randomise(&single, 70 + i);
        randomise(&fft, 70 + i);
        run(&exact, false);
        run(&single, false);
        run(&fft, false);
        for (size_t k = 0; k < exact.l->out; k++) {
            const double y = get(DTYPE_F64, exact.y, k);
            assert_near(get(DTYPE_F32, single.y, k), y, 1e-5 * (1 + fabs(y)));
            assert_near(get(DTYPE_F64, fft.y, k), y, 1e-13 * (1 + fabs(y)));
        }
        rig_free(&exact);
        rig_free(&single);
        rig_free(&fft);
    }
}

static void
files(void **state) /* pack and unpack are each other's inverse, and cover all parameters */
{
    (void)state;
    for (size_t i = 0; i < LAYERS; i++)
        for (int d = 0; d < 2; d++) {
            struct rig r;
            rig(&r, nth(i, (enum dtype)d, TRANSFORM_AUTO), 1);
            randomise(&r, i);
            void *again = reals(r.l, r.l->nparams);
            for (int t = 0; t < r.l->ntensors; t++) {
                size_t count = 1;
                void *file = reals(r.l, r.l->tensors[t].count);
                r.l->unpack(r.l, t, r.params, file);
                r.l->pack(r.l, t, file, again);
                free(file);
                for (int a = 0; a < r.l->tensors[t].dims; a++)
                    count *= r.l->tensors[t].shape[a];
                assert_int_equal(count, r.l->tensors[t].count);
            }
            assert_memory_equal(again, r.params, r.l->nparams * dtype_size((enum dtype)d));
            free(again);
            rig_free(&r);
        }
}

static void activations(void **state) /* float32 against the C library, over all that matters */
{
    (void)state;
    for (int act = 0; act < ACT_COUNT; act++)
        for (int d = 0; d < 2; d++) {
            enum { N = 4001 };
            struct layer *l = NULL;
            struct rig r;
            assert_int_equal(
                pointwise_create(&l, (enum dtype)d, "a", 1, 1, N, false, (enum activation)act), 0);
            rig(&r, l, 1);
            set(l->dtype, r.params, 0, 1);
            for (size_t i = 0; i < N; i++)
                set(l->dtype, r.x, i, ((double)i - 2000) / 100);
            run(&r, true);
            void *dy = reals(l, N), *dx = reals(l, N), *dp = reals(l, 1);
            for (size_t i = 0; i < N; i++)
                set(l->dtype, dy, i, 1);
            const struct exec e = exec_host(r.work, layer_nwork(l, 1));
            l->kernels[DEV_CPU]->backward(l, &e, 1, r.params, r.x, r.keep, dy, dx, dp);
            for (size_t i = 0; i < N; i++) {
                const double x = get(l->dtype, r.x, i), cdf = 0.5 * erfc(-x / sqrt(2));
                const double y[] = { x, x * cdf, x > 0 ? x : 0, tanh(x), sin(x) };
                const double slope[] = { 1, cdf + x * exp(-x * x / 2) / sqrt(2 * M_PI), x > 0,
                                         1 - tanh(x) * tanh(x), cos(x) };
                assert_near(get(l->dtype, r.y, i), y[act], (d ? 4e-15 : 1e-6) * (1 + fabs(y[act])));
                assert_near(get(l->dtype, dx, i), slope[act], d ? 4e-15 : 2e-6);
            }
            free(dy), free(dx), free(dp);
            rig_free(&r);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity),
        cmocka_unit_test(polynomials),
        cmocka_unit_test(negative_frequencies),
        cmocka_unit_test(cosines),
        cmocka_unit_test(shifts),
        cmocka_unit_test(resolutions),
        cmocka_unit_test(misfits),
        cmocka_unit_test(gradients),
        cmocka_unit_test(batches),
        cmocka_unit_test(pairs),
        cmocka_unit_test(precisions),
        cmocka_unit_test(files),
        cmocka_unit_test(activations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
