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
#include "nn/layer_real.h"
#include "nn/transform.h"

struct fourier {
    struct layer base;
    struct dense dense;
    struct transform_plan t;
    bool local, residual;
    enum activation act;
    size_t spectral; /* reals of R with its padding */
    size_t in_spectrum, out_spectrum;
};

typedef real lanes __attribute__((vector_size(64), aligned(sizeof(real)), may_alias));

static real *take(struct exec *x, size_t reals)
{
    return (real *)exec_take(x, (reals * sizeof(real) + sizeof(double) - 1) / sizeof(double));
}

static inline lanes load(const real *p)
{
    return *(const lanes *)p;
}

static inline void store(real *p, lanes v)
{
    *(lanes *)p = v;
}

enum { BLOCK = 4 }; /* outputs that share what they read */

/* Y = R X in every mode, of one sample */
static void mix(const struct fourier *l, const real *R, const real *X, real *Y)
{
    const size_t in = l->dense.in, out = l->dense.out, w = MODE_LANES, parts = (size_t)l->t.parts;
    for (size_t tile = 0; tile < l->t.tiles; tile++) {
        const real *r = R + tile * in * out * parts * w, *x = X + tile * in * parts * w;
        real *y = Y + tile * out * parts * w;
        for (size_t o = 0; o < out; o += BLOCK) {
            const size_t n = out - o < BLOCK ? out - o : BLOCK;
            lanes re[BLOCK] = { { 0 } }, im[BLOCK] = { { 0 } };
            for (size_t i = 0; i < in; i++) {
                const real *row = r + (i * out + o) * parts * w;
                const lanes xr = load(x + i * parts * w);
                if (parts == 1) {
                    for (size_t k = 0; k < n; k++)
                        re[k] += load(row + k * w) * xr;
                    continue;
                }
                const lanes xi = load(x + (2 * i + 1) * w);
                for (size_t k = 0; k < n; k++) {
                    const lanes rr = load(row + 2 * k * w), ri = load(row + (2 * k + 1) * w);
                    re[k] += rr * xr;
                    re[k] -= ri * xi;
                    im[k] += rr * xi;
                    im[k] += ri * xr;
                }
            }
            for (size_t k = 0; k < n; k++) {
                store(y + (o + k) * parts * w, re[k]);
                if (parts == 2)
                    store(y + (2 * (o + k) + 1) * w, im[k]);
            }
        }
    }
}

/* dX = R^H dY and dR += dY X^H, of one sample; dX NULL: not wanted */
static void mix_adjoint(const struct fourier *l, const real *R, const real *X, const real *dY,
                        real *dX, real *dR)
{
    const size_t in = l->dense.in, out = l->dense.out, w = MODE_LANES, parts = (size_t)l->t.parts;
    for (size_t tile = 0; tile < l->t.tiles; tile++) {
        const real *y = dY + tile * out * parts * w;
        for (size_t i = 0; i < in; i++) {
            const size_t at = (tile * in + i) * parts * w;
            const real *r = R + at * out;
            real *dr = dR + at * out;
            const lanes xr = load(X + at), xi = parts == 2 ? load(X + at + w) : (lanes){ 0 };
            lanes re = { 0 }, im = { 0 };
            for (size_t o = 0; o < out; o++) {
                const size_t p = o * parts * w;
                const lanes yr = load(y + p);
                if (parts == 1) {
                    re += load(r + p) * yr;
                    store(dr + p, load(dr + p) + yr * xr);
                    continue;
                }
                const lanes yi = load(y + p + w), rr = load(r + p), ri = load(r + p + w);
                re += rr * yr;
                re += ri * yi;
                im += rr * yi;
                im -= ri * yr;
                store(dr + p, load(dr + p) + (yr * xr + yi * xi));
                store(dr + p + w, load(dr + p + w) + (yi * xr - yr * xi));
            }
            if (dX) {
                store(dX + at, re);
                if (parts == 2)
                    store(dX + at + w, im);
            }
        }
    }
}

static void forward(const struct layer *base, const struct exec *exec, size_t batch,
                    const void *params, const void *in, void *out, void *keep)
{
    const struct fourier *l = (const struct fourier *)base;
    const real *R = params, *W = R + l->spectral;
    struct exec x = *exec;
    real *Y = take(&x, l->out_spectrum), *own = take(&x, l->in_spectrum),
         *work = take(&x, l->t.nwork);
    for (size_t b = 0; b < batch; b++) {
        const real *u = (const real *)in + b * base->in;
        real *y = (real *)out + b * base->out, *X = keep ? (real *)keep + b * base->keep : own;
        real *z = keep && l->act != ACT_IDENTITY ? X + l->in_spectrum : y;
        if (l->local)
            NN(dense_forward)(&l->dense, W, u, z, ACT_IDENTITY, z);
        else
            memset(z, 0, base->out * sizeof *z);
        NN(transform_forward)(&l->t, l->dense.in, u, false, X, work);
        mix(l, R, X, Y);
        NN(transform_adjoint)(&l->t, l->dense.out, Y, true, z, work);
        NN(activate)(l->act, base->out, z, y);
        for (size_t i = 0; l->residual && i < base->out; i++)
            y[i] += u[i];
    }
}

static void backward(const struct layer *base, const struct exec *exec, size_t batch,
                     const void *params, const void *in, const void *keep, void *dout, void *din,
                     void *dparams)
{
    const struct fourier *l = (const struct fourier *)base;
    const real *R = params, *W = R + l->spectral;
    real *dR = dparams, *dW = dR + l->spectral;
    struct exec x = *exec;
    real *dY = take(&x, l->out_spectrum), *dX = take(&x, l->in_spectrum),
         *work = take(&x, l->t.nwork);
    for (size_t b = 0; b < batch; b++) {
        const real *u = (const real *)in + b * base->in, *X = (const real *)keep + b * base->keep;
        real *dz = (real *)dout + b * base->out, *du = din ? (real *)din + b * base->in : NULL;
        if (du && l->residual)
            memcpy(du, dz, base->in * sizeof *du);
        else if (du)
            memset(du, 0, base->in * sizeof *du);
        NN(activate_adjoint)(l->act, base->out, X + l->in_spectrum, dz, dz);
        if (l->local)
            NN(dense_backward)(&l->dense, W, u, dz, du, true, dW);
        NN(transform_forward)(&l->t, l->dense.out, dz, true, dY, work);
        mix_adjoint(l, R, X, dY, du ? dX : NULL, dR);
        if (du)
            NN(transform_adjoint)(&l->t, l->dense.in, dX, false, du, work);
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

static size_t as_doubles(size_t reals)
{
    return exec_round((reals * sizeof(real) + sizeof(double) - 1) / sizeof(double));
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
        .nwork = as_doubles(l->in_spectrum) + as_doubles(l->out_spectrum) + as_doubles(l->t.nwork),
        .flops = (double)(cin + cout) * transform_flops(&l->t) +
                 (parts == 2 ? 8 : 2) * (double)(pairs * l->t.modes) +
                 (local ? dense_flops(&l->dense) : 0),
        .bytes = (double)sizeof(real) * (double)((cin + cout) * points + nparams),
        .ntensors = 1,
        .kernels = { &kernels },
        .pack = pack,
        .unpack = unpack,
        .destroy = destroy,
    };
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
