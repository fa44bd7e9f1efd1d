// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* y = act(W x + bias + T^{-1} R T x) [+ x]. Kept for backward: the spectrum T x and, where there is
 * an activation, what it is applied to. R stands in memory as (tile, in, out, part, lane), the
 * order in which it is read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/activation.h"
#include "nn/dense.h"
#include "nn/layer_private.h"
#include "nn/layer_real.h"
#include "nn/linear.h"

enum { SAMPLES = 4 }; /* that pass together: R is read once for them */

/* What the inputs from the i-th on add to Y = R X, of a vector of modes and `samples` samples that
 * are ldx and ldy apart; samples, inputs and parts are constants. R is read in the order of memory.
 */
SIMD_INLINE void mix_rows(int samples, int inputs, int parts, size_t i, size_t out, const real *r,
                          const real *X, size_t ldx, real *Y, size_t ldy)
{
    const size_t w = MODE_LANES, step = (size_t)parts * w;
    vreal xr[SAMPLES][2], xi[SAMPLES][2];
    SIMD_UNROLL
    for (int s = 0; s < samples; s++)
        SIMD_UNROLL
    for (int k = 0; k < inputs; k++) {
        const real *x = X + (size_t)s * ldx + (i + (size_t)k) * step;
        xr[s][k] = vload(x);
        xi[s][k] = parts > 1 ? vload(x + w) : vset(0);
    }
    for (size_t o = 0; o < out; o++, r += step) {
        vreal yr[SAMPLES], yi[SAMPLES];
        SIMD_UNROLL
        for (int s = 0; s < samples; s++) {
            yr[s] = i ? vload(Y + (size_t)s * ldy + o * step) : vset(0);
            yi[s] = i && parts > 1 ? vload(Y + (size_t)s * ldy + o * step + w) : vset(0);
        }
        SIMD_UNROLL
        for (int k = 0; k < inputs; k++) {
            const real *row = r + (size_t)k * out * step; /* after it, what is read next */
            __builtin_prefetch(row + (size_t)inputs * out * step, 0, 2);
            __builtin_prefetch(row + (size_t)inputs * out * step + w, 0, 2);
            const vreal rr = vload(row), ri = parts > 1 ? vload(row + w) : vset(0);
            SIMD_UNROLL
            for (int s = 0; s < samples; s++) {
                yr[s] += rr * xr[s][k];
                if (parts > 1) {
                    yr[s] -= ri * xi[s][k];
                    yi[s] += rr * xi[s][k];
                    yi[s] += ri * xr[s][k];
                }
            }
        }
        SIMD_UNROLL
        for (int s = 0; s < samples; s++) {
            vstore(Y + (size_t)s * ldy + o * step, yr[s]);
            if (parts > 1)
                vstore(Y + (size_t)s * ldy + o * step + w, yi[s]);
        }
    }
}

SIMD_INLINE void mix_tiles(int samples, int parts, const struct fourier *l, const real *R,
                           const real *X, size_t ldx, real *Y, size_t ldy)
{
    const size_t in = l->dense.in, out = l->dense.out, step = (size_t)parts * MODE_LANES;
    for (size_t tile = 0; tile < l->t.tiles; tile++)
        for (size_t v = 0; v < MODE_LANES; v += SIMD_LANES) {
            const real *r = R + tile * in * out * step + v, *x = X + tile * in * step + v;
            real *y = Y + tile * out * step + v;
            size_t i = 0;
            for (; i + 2 <= in; i += 2)
                mix_rows(samples, 2, parts, i, out, r + i * out * step, x, ldx, y, ldy);
            if (i < in)
                mix_rows(samples, 1, parts, i, out, r + i * out * step, x, ldx, y, ldy);
        }
}

#define EACH_SAMPLES(samples, f, ...)                                                              \
    switch (samples) {                                                                             \
    case 1:                                                                                        \
        f(1, __VA_ARGS__);                                                                         \
        break;                                                                                     \
    case 2:                                                                                        \
        f(2, __VA_ARGS__);                                                                         \
        break;                                                                                     \
    case 3:                                                                                        \
        f(3, __VA_ARGS__);                                                                         \
        break;                                                                                     \
    default:                                                                                       \
        f(4, __VA_ARGS__);                                                                         \
    }

static void mix(const struct fourier *l, size_t samples, const real *R, const real *X, size_t ldx,
                real *Y, size_t ldy)
{
    if (l->t.parts == 1)
        EACH_SAMPLES(samples, mix_tiles, 1, l, R, X, ldx, Y, ldy)
    else
        EACH_SAMPLES(samples, mix_tiles, 2, l, R, X, ldx, Y, ldy)
}

/* dX = R^H dY and dR += dY X^H */
SIMD_INLINE void mix_adjoint_tiles(int samples, int parts, const struct fourier *l, const real *R,
                                   const real *X, size_t ldx, const real *dY, size_t ldy, real *dX,
                                   size_t lddx, real *dR)
{
    const size_t in = l->dense.in, out = l->dense.out, w = MODE_LANES, step = (size_t)parts * w;
    for (size_t ti = 0; ti < l->t.tiles * in; ti++)
        for (size_t v = 0; v < w; v += SIMD_LANES) {
            const real *r = R + ti * out * step + v, *x = X + ti * step + v,
                       *y = dY + ti / in * out * step + v;
            real *dr = dR + ti * out * step + v, *dx = dX + ti * step + v;
            vreal xr[SAMPLES], xi[SAMPLES], re[SAMPLES], im[SAMPLES];
            SIMD_UNROLL
            for (int s = 0; s < samples; s++) {
                xr[s] = vload(x + (size_t)s * ldx);
                xi[s] = parts > 1 ? vload(x + (size_t)s * ldx + w) : vset(0);
                re[s] = im[s] = vset(0);
            }
            for (size_t o = 0; o < out * step; o += step) {
                __builtin_prefetch(r + o + out * step, 0, 2); /* what follows, in new pages */
                __builtin_prefetch(r + o + out * step + w, 0, 2);
                __builtin_prefetch(dr + o + out * step, 1, 2);
                __builtin_prefetch(dr + o + out * step + w, 1, 2);
                const vreal rr = vload(r + o), ri = parts > 1 ? vload(r + o + w) : vset(0);
                vreal gr = vload(dr + o), gi = parts > 1 ? vload(dr + o + w) : vset(0);
                SIMD_UNROLL
                for (int s = 0; s < samples; s++) {
                    const vreal yr = vload(y + (size_t)s * ldy + o);
                    re[s] += rr * yr;
                    gr += yr * xr[s];
                    if (parts > 1) {
                        const vreal yi = vload(y + (size_t)s * ldy + o + w);
                        re[s] += ri * yi;
                        im[s] += rr * yi;
                        im[s] -= ri * yr;
                        gr += yi * xi[s];
                        gi += yi * xr[s];
                        gi -= yr * xi[s];
                    }
                }
                vstore(dr + o, gr);
                if (parts > 1)
                    vstore(dr + o + w, gi);
            }
            SIMD_UNROLL
            for (int s = 0; s < samples; s++) {
                vstore(dx + (size_t)s * lddx, re[s]);
                if (parts > 1)
                    vstore(dx + (size_t)s * lddx + w, im[s]);
            }
        }
}

static void mix_adjoint(const struct fourier *l, size_t samples, const real *R, const real *X,
                        size_t ldx, const real *dY, size_t ldy, real *dX, size_t lddx, real *dR)
{
    if (l->t.parts == 1)
        EACH_SAMPLES(samples, mix_adjoint_tiles, 1, l, R, X, ldx, dY, ldy, dX, lddx, dR)
    else
        EACH_SAMPLES(samples, mix_adjoint_tiles, 2, l, R, X, ldx, dY, ldy, dX, lddx, dR)
}

/* Between samples' spectra of outputs: no multiple of pages, because stores seem to overlap loads
 * that lie pages apart */
static size_t out_stride(const struct fourier *l)
{
    return l->out_spectrum + 1024 / sizeof(real);
}

/* What modes Y and the pointwise part s give, of one sample */
static void to_points(const struct fourier *l, struct NN(linear) s, const real *Y, bool weighted,
                      struct exec x)
{
    const struct transform_plan *t = &l->t;
    const size_t next = transform_next(t, s.out);
    const bool divides = NN(transform_divides)(t);
    real *V = real_take(&x, divides ? t->axis[0].n * next : s.out * s.points);
    struct exec sub = x;
    real *work = real_take(&sub, t->nwork);
    if (divides) {
        NN(transform_first)(t, s.out, Y, weighted, V, work);
        s.line = t->axis[1].n;
        s.functions = t->axis[1].rows;
        s.v = V;
        s.v_next = next;
        s.f = t->axis[1].along;
    } else {
        NN(transform_adjoint)(t, s.out, Y, weighted, V, work);
        s.from = V;
    }
    NN(linear)(&s, 0, s.points, real_take(&x, NN(linear_nwork)(s.in, s.out)));
}

/* doubles, of to_points and, before it, of transforms and gradients */
static size_t points_nwork(const struct fourier *l)
{
    const struct dense *d = &l->dense;
    const size_t most = d->in > d->out ? d->in : d->out, gradient = NN(dense_gradient_nwork)(d);
    size_t nwork = NN(linear_nwork)(most, most);
    nwork = l->t.nwork > nwork ? l->t.nwork : nwork;
    nwork = gradient > nwork ? gradient : nwork;
    return reals_as_doubles(nwork) +
           reals_as_doubles(NN(transform_divides)(&l->t)
                                ? l->t.axis[0].n * transform_next(&l->t, most)
                                : most * d->points);
}

static void forward(const struct layer *base, const struct exec *exec, size_t batch,
                    const void *params, const void *in, void *out, void *keep)
{
    const struct fourier *l = (const struct fourier *)base;
    const struct dense *d = &l->dense;
    const real *R = params, *W = R + l->spectral;
    struct exec x = *exec;
    real *Y = real_take(&x, SAMPLES * out_stride(l)),
         *own = real_take(&x, SAMPLES * l->in_spectrum);
    struct NN(linear) s = { .in = l->local ? d->in : 0,
                            .out = d->out,
                            .points = d->points,
                            .w = W,
                            .row = d->in,
                            .column = 1,
                            .bias = l->local && d->bias ? W + d->out * d->in : NULL,
                            .act = l->act };
    for (size_t b = 0; b < batch; b += SAMPLES) {
        const size_t n = batch - b < SAMPLES ? batch - b : SAMPLES;
        const size_t ldx = keep ? base->keep : l->in_spectrum;
        real *X = keep ? (real *)keep + b * base->keep : own;
        const real *u = (const real *)in + b * base->in;
        struct exec sub = x;
        real *work = real_take(&sub, l->t.nwork);
        for (size_t k = 0; k < n; k++)
            NN(transform_forward)(&l->t, d->in, u + k * base->in, false, X + k * ldx, work);
        mix(l, n, R, X, ldx, Y, out_stride(l));
        for (size_t k = n; k-- > 0;) { /* the last one is still in the caches */
            s.x = u + k * base->in;
            s.plus = l->residual ? s.x : NULL;
            s.y = (real *)out + (b + k) * base->out;
            s.z = keep && l->act != ACT_IDENTITY ? X + k * ldx + l->in_spectrum : NULL;
            to_points(l, s, Y + k * out_stride(l), true, x);
        }
    }
}

static void backward(const struct layer *base, const struct exec *exec, size_t batch,
                     const void *params, const void *in, const void *keep, void *dout, void *din,
                     void *dparams)
{
    const struct fourier *l = (const struct fourier *)base;
    const struct dense *d = &l->dense;
    const real *R = params, *W = R + l->spectral;
    real *dR = dparams, *dW = dR + l->spectral;
    struct exec x = *exec;
    real *dY = real_take(&x, SAMPLES * out_stride(l)),
         *dX = real_take(&x, SAMPLES * l->in_spectrum);
    struct NN(linear) s = { .in = l->local ? d->out : 0,
                            .out = d->in,
                            .points = d->points,
                            .w = W,
                            .row = 1,
                            .column = d->in };
    for (size_t b = 0; b < batch; b += SAMPLES) {
        const size_t n = batch - b < SAMPLES ? batch - b : SAMPLES;
        const real *X = (const real *)keep + b * base->keep, *u = (const real *)in + b * base->in;
        real *dz = (real *)dout + b * base->out, *du = din ? (real *)din + b * base->in : NULL;
        struct exec sub = x;
        const size_t gradient = NN(dense_gradient_nwork)(d);
        real *work = real_take(&sub, l->t.nwork > gradient ? l->t.nwork : gradient);
        if (du && l->residual)
            memcpy(du, dz, n * base->in * sizeof *du);
        for (size_t k = 0; k < n; k++) {
            real *dzk = dz + k * base->out;
            const real *z = X + k * base->keep + l->in_spectrum;
            for (size_t j = 0; j < d->points; j += LINEAR_TILE) {
                const size_t m = d->points - j < LINEAR_TILE ? d->points - j : LINEAR_TILE;
                NN(activate_adjoint)(l->act, d->out, m, d->points, z + j, dzk + j);
                if (l->local)
                    NN(dense_gradient)(d, j, j + m, u + k * base->in, dzk, dW, work);
            }
            NN(transform_forward)
            (&l->t, d->out, dzk, true, dY + k * out_stride(l), work);
        }
        mix_adjoint(l, n, R, X, base->keep, dY, out_stride(l), dX, l->in_spectrum, dR);
        for (size_t k = n; du && k-- > 0;) {
            s.x = dz + k * base->out;
            s.y = du + k * base->in;
            s.plus = l->residual ? s.y : NULL;
            to_points(l, s, dX + k * l->in_spectrum, false, x);
        }
    }
}

static const struct layer_kernels kernels = { forward, backward };

/* R of a file: (in, out, modes, part) */
static void pack(const struct layer *base, int i, const void *file, void *params)
{
    const struct fourier *l = (const struct fourier *)base;
    const size_t pairs = l->dense.in * l->dense.out, parts = (size_t)l->t.parts;
    if (i > 0) {
        const size_t at = l->spectral + (i == 2 ? l->dense.in * l->dense.out : 0);
        memcpy((real *)params + at, file, base->tensors[i].count * sizeof(real));
        return;
    }
    memset(params, 0, l->spectral * sizeof(real));
    for (size_t io = 0; io < pairs; io++)
        for (size_t k = 0; k < l->t.modes; k++)
            for (size_t part = 0; part < parts; part++)
                ((real *)params)[((k / MODE_LANES * pairs + io) * parts + part) * MODE_LANES +
                                 k % MODE_LANES] =
                    ((const real *)file)[(io * l->t.modes + k) * parts + part];
}

static void unpack(const struct layer *base, int i, const void *params, void *file)
{
    const struct fourier *l = (const struct fourier *)base;
    const size_t pairs = l->dense.in * l->dense.out, parts = (size_t)l->t.parts;
    if (i > 0) {
        const size_t at = l->spectral + (i == 2 ? l->dense.in * l->dense.out : 0);
        memcpy(file, (const real *)params + at, base->tensors[i].count * sizeof(real));
        return;
    }
    for (size_t io = 0; io < pairs; io++)
        for (size_t k = 0; k < l->t.modes; k++)
            for (size_t part = 0; part < parts; part++)
                ((real *)file)[(io * l->t.modes + k) * parts + part] =
                    ((const real *)
                         params)[((k / MODE_LANES * pairs + io) * parts + part) * MODE_LANES +
                                 k % MODE_LANES];
}

static void destroy(struct layer *base)
{
    struct fourier *l = (struct fourier *)base;
    NN(transform_plan_destroy)(&l->t);
    free(l);
}

int NN(fourier_create)(struct layer **out, const char *name, const struct spectrum *s, size_t cin,
                       size_t cout, bool local, bool bias, bool residual, enum activation act)
{
    struct fourier *l = calloc(1, sizeof *l);
    if (!l)
        return -ENOMEM;
    const int err = NN(transform_plan_create)(&l->t, s);
    if (err) {
        free(l);
        return err;
    }
    const size_t points = s->points[0] * (s->dims > 1 ? s->points[1] : 1),
                 parts = (size_t)l->t.parts;
    const size_t pairs = cin * cout, lines = l->t.tiles * parts * MODE_LANES;
    l->dense = (struct dense){ cin, cout, points, bias };
    l->local = local;
    l->residual = residual;
    l->act = act;
    l->in_spectrum = cin * lines;
    l->out_spectrum = cout * lines;
    l->spectral = pairs * lines;
    const size_t nparams = l->spectral + (local ? dense_params(&l->dense) : 0);
    l->base = (struct layer){
        .dtype = NN_REAL == 32 ? DTYPE_F32 : DTYPE_F64,
        .in = cin * points,
        .out = cout * points,
        .keep = l->in_spectrum + (act == ACT_IDENTITY ? 0 : cout * points),
        .nparams = nparams,
        .nwork = reals_as_doubles(SAMPLES * l->in_spectrum) +
                 reals_as_doubles(SAMPLES * out_stride(l)) + points_nwork(l),
        .flops = (double)cin * transform_flops(&l->t, false) +
                 (double)cout * transform_flops(&l->t, true) +
                 (parts == 2 ? 8 : 2) * (double)(pairs * l->t.modes) +
                 (local ? dense_flops(&l->dense) : 0),
        .bytes = (double)sizeof(real) * (double)((cin + cout) * points + nparams),
        .ntensors = 1,
        .kernels = { &kernels, DEV_CUDA_KERNELS(NN(fourier_cuda)) },
        .pack = pack,
        .unpack = unpack,
        .destroy = destroy,
    };
    if (l->base.kernels[DEV_CUDA] && fourier_cuda_nwork(l) > l->base.nwork)
        l->base.nwork = fourier_cuda_nwork(l);
    snprintf(l->base.name, sizeof l->base.name, "%s", name);
    if (local)
        dense_tensors(&l->dense, &l->base, 1);
    struct tensor *R = &l->base.tensors[0];
    *R = (struct tensor){ "spectral",       0, { cin, cout }, pairs * l->t.modes * parts, 0,
                          1 / (double)pairs };
    R->dims = 2;
    for (int a = s->dims > 1 ? 0 : 1; a < 2; a++)
        R->shape[R->dims++] = l->t.kept[a];
    if (parts == 2)
        R->shape[R->dims++] = 2;
    *out = &l->base;
    return 0;
}
