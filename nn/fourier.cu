// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Transforms are products with the tables, of all channels of a sample at once, whatever the CPU
 * does: by FFT the modes that are cut off would cost more than the products. */
#include <math.h>

#include "core/cuda.h"
#include "nn/layer_private.h"
#include "nn/product.h"

static real *take(struct exec *x, size_t reals)
{
    return (real *)exec_take(x, reals_as_doubles(reals));
}

static const real *table(const struct exec *x, const struct axis *a)
{
    return (const real *)exec_device_constant(x, a->table);
}

static const struct mode *modes(const struct exec *x, const struct transform_plan *t)
{
    return (const struct mode *)exec_device_constant(x, t->mode);
}

/* the place of a mode's real part in the spectrum of `channels` arrays */
static __device__ size_t place(const struct transform_plan &t, size_t channels, size_t channel,
                               size_t k)
{
    return (k / MODE_LANES * channels + channel) * (size_t)t.parts * MODE_LANES + k % MODE_LANES;
}

/* modes from P of all channels; a thread per channel and lane */
static __global__ void gather(size_t n, struct transform_plan t, const struct mode *mode,
                              size_t channels, bool weighted, const real *P, real *out)
{
    const size_t i = cuda_index();
    if (i >= n)
        return;
    const size_t channel = i / MODE_LANES % channels,
                 k = i / MODE_LANES / channels * MODE_LANES + i % MODE_LANES;
    real *o = out + place(t, channels, channel, k), re = 0, im = 0;
    if (k < t.modes) {
        const struct mode m = mode[k];
        P += channel * t.entries;
        const real w = weighted ? m.weight : (real)1;
        re = w * (m.c[0] * P[m.at[0]] + m.c[1] * P[m.at[1]]);
        im = w * (m.c[2] * P[m.at[2]] + m.c[3] * P[m.at[3]]);
    }
    o[0] = re;
    if (t.parts > 1)
        o[MODE_LANES] = im;
}

/* The adjoint; a thread per entry of P. An entry belongs to one frequency of each
 * axis, and so to at most two modes: of an earlier Fourier axis also the negative one. */
static __global__ void scatter(size_t n, struct transform_plan t, const struct mode *mode,
                               size_t channels, bool weighted, const real *in, real *P)
{
    const size_t i = cuda_index();
    if (i >= n)
        return;
    const struct axis *a = &t.axis[0], *b = &t.axis[1];
    const size_t channel = i / t.entries, entry = i % t.entries;
    const size_t k0 = entry / b->stride % a->cosines, r1 = entry % b->stride, k1 = r1 % b->cosines;
    const bool both = a->basis == BASIS_FOURIER && !a->half; /* signs */
    real sum = 0;
    for (int negative = 0; negative < 2 && r1 < b->rows; negative++) {
        if (negative ? !both || k0 == 0 : both && k0 == a->cosines - 1)
            continue;
        const size_t k = (negative ? a->kept - k0 : k0) * b->kept + k1;
        const struct mode m = mode[k];
        const real w = weighted ? m.weight : (real)1;
        const real *o = in + place(t, channels, channel, k);
        const real part[2] = { w * o[0], t.parts > 1 ? w * o[MODE_LANES] : (real)0 };
        for (int c = 0; c < 4; c++)
            if ((size_t)m.at[c] == entry)
                sum += m.c[c] * part[c / 2];
    }
    P[i] = sum;
}

/* Y = R X; a thread per output and lane */
static __global__ void mix(size_t n, int parts, size_t in, size_t out, const real *R, const real *X,
                           real *Y)
{
    const size_t at = cuda_index(), w = MODE_LANES;
    if (at >= n)
        return;
    const size_t lane = at % w, o = at / w % out, tile = at / w / out, step = (size_t)parts * w;
    const real *r = R + (tile * in * out + o) * step + lane, *x = X + tile * in * step + lane;
    real *y = Y + (tile * out + o) * step + lane, re = 0, im = 0;
    for (size_t i = 0; i < in; i++, r += out * step, x += step) {
        re = fma(r[0], x[0], re);
        if (parts > 1) {
            re = fma(-r[w], x[w], re);
            im = fma(r[0], x[w], im);
            im = fma(r[w], x[0], im);
        }
    }
    y[0] = re;
    if (parts > 1)
        y[w] = im;
}

/* dX = R^H dY (unless dX is NULL) and dR += dY X^H; a thread per input and lane */
static __global__ void mix_adjoint(size_t n, int parts, size_t in, size_t out, const real *R,
                                   const real *X, const real *dY, real *dX, real *dR)
{
    const size_t at = cuda_index(), w = MODE_LANES;
    if (at >= n)
        return;
    const size_t lane = at % w, i = at / w % in, tile = at / w / in, step = (size_t)parts * w;
    const size_t from = (tile * in + i) * step + lane, first = (tile * in + i) * out * step + lane;
    const real *r = R + first, *y = dY + tile * out * step + lane, xr = X[from],
               xi = parts > 1 ? X[from + w] : (real)0;
    real *dr = dR + first, re = 0, im = 0;
    for (size_t o = 0; o < out; o++, r += step, dr += step, y += step) {
        const real yr = y[0], yi = parts > 1 ? y[w] : (real)0;
        re = fma(r[0], yr, re);
        dr[0] += yr * xr + yi * xi;
        if (parts > 1) {
            re = fma(r[w], yi, re);
            im = fma(r[0], yi, im);
            im = fma(-r[w], yr, im);
            dr[w] += yi * xr - yr * xi;
        }
    }
    if (dX) {
        dX[from] = re;
        if (parts > 1)
            dX[from + w] = im;
    }
}

/* the spectrum of `channels` arrays u; half: (channels, rows0, n1), P: (channels, entries) */
static void transform(const struct transform_plan *t, const struct exec *x, size_t channels,
                      const real *u, bool weighted, real *out, real *half, real *P)
{
    const struct axis *a = &t->axis[0], *b = &t->axis[1];
    const size_t n = channels * t->tiles * MODE_LANES;
    struct product p = {};
    if (a->n > 1) {
        p.count = channels;
        p.m = a->rows;
        p.n = b->n;
        p.k = a->n;
        p.a = { table(x, a), a->n, 1, 0 };
        p.b = { u, b->n, 1, a->n * b->n };
        p.c = half;
        p.ldc = b->n;
        p.next = a->rows * b->n;
        NN(product)(x, &p);
        u = half;
    }
    p.count = 1;
    p.m = channels * a->rows;
    p.n = b->rows;
    p.k = b->n;
    p.a = { u, b->n, 1, 0 };
    p.b = { table(x, b), 1, b->n, 0 };
    p.c = P;
    p.ldc = b->stride;
    NN(product)(x, &p);
    CUDA_LAUNCH_EACH(gather, x, n, n, *t, modes(x, t), channels, weighted, P, out);
}

/* y += the adjoint; weighted: the inverse */
static void adjoint(const struct transform_plan *t, const struct exec *x, size_t channels,
                    const real *in, bool weighted, real *y, real *half, real *P)
{
    const struct axis *a = &t->axis[0], *b = &t->axis[1];
    const size_t n = channels * t->entries;
    struct product p = {};
    CUDA_LAUNCH_EACH(scatter, x, n, n, *t, modes(x, t), channels, weighted, in, P);
    p.count = 1;
    p.m = channels * a->rows;
    p.n = b->n;
    p.k = b->rows;
    p.a = { P, b->stride, 1, 0 };
    p.b = { table(x, b), b->n, 1, 0 };
    p.c = a->n > 1 ? half : y;
    p.ldc = b->n;
    p.add = a->n == 1;
    NN(product)(x, &p);
    if (a->n == 1)
        return;
    p.count = channels;
    p.m = a->n;
    p.k = a->rows;
    p.a = { table(x, a), 1, a->n, 0 };
    p.b = { half, b->n, 1, a->rows * b->n };
    p.c = y;
    p.next = a->n * b->n;
    p.add = true;
    NN(product)(x, &p);
}

static void local(const struct fourier *l, const struct exec *x, const real *W, const real *u,
                  real *z)
{
    const struct dense *d = &l->dense;
    struct product p = {};
    if (!l->local) {
        CUDA_CHECK(cudaMemsetAsync(z, 0, d->out * d->points * sizeof *z, (cudaStream_t)x->stream));
        return;
    }
    p.count = 1;
    p.m = d->out;
    p.n = d->points;
    p.k = d->in;
    p.a = { W, d->in, 1, 0 };
    p.b = { u, d->points, 1, 0 };
    p.c = z;
    p.ldc = d->points;
    p.bias = d->bias ? W + d->out * d->in : NULL;
    NN(product)(x, &p);
}

static void forward(const struct layer *base, const struct exec *exec, size_t batch,
                    const void *params, const void *in, void *out, void *keep)
{
    const struct fourier *l = (const struct fourier *)base;
    const struct transform_plan *t = &l->t;
    const size_t cin = l->dense.in, cout = l->dense.out, channels = cin > cout ? cin : cout;
    const size_t n = cout * t->tiles * MODE_LANES;
    const real *R = (const real *)params;
    struct exec x = *exec;
    real *Y = take(&x, l->out_spectrum), *own = take(&x, l->in_spectrum),
         *half = take(&x, channels * t->axis[0].rows * t->axis[1].n),
         *P = take(&x, channels * t->entries);
    for (size_t b = 0; b < batch; b++) {
        const real *u = (const real *)in + b * base->in;
        real *y = (real *)out + b * base->out, *X = keep ? (real *)keep + b * base->keep : own;
        real *z = keep && l->act != ACT_IDENTITY ? X + l->in_spectrum : y;
        local(l, &x, R + l->spectral, u, z);
        transform(t, &x, cin, u, false, X, half, P);
        CUDA_LAUNCH_EACH(mix, &x, n, n, t->parts, cin, cout, R, X, Y);
        adjoint(t, &x, cout, Y, true, z, half, P);
        if (l->act != ACT_IDENTITY || l->residual)
            NN(activate_cuda)(&x, l->act, base->out, z, l->residual ? u : NULL, y);
    }
}

static void backward(const struct layer *base, const struct exec *exec, size_t batch,
                     const void *params, const void *in, const void *keep, void *dout, void *din,
                     void *dparams)
{
    const struct fourier *l = (const struct fourier *)base;
    const struct transform_plan *t = &l->t;
    const size_t cin = l->dense.in, cout = l->dense.out, channels = cin > cout ? cin : cout;
    const size_t n = cin * t->tiles * MODE_LANES, bytes = base->in * sizeof(real);
    const real *R = (const real *)params;
    real *dR = (real *)dparams;
    struct exec x = *exec;
    real *dY = take(&x, l->out_spectrum), *dX = take(&x, l->in_spectrum),
         *half = take(&x, channels * t->axis[0].rows * t->axis[1].n),
         *P = take(&x, channels * t->entries);
    for (size_t b = 0; b < batch; b++) {
        const real *u = (const real *)in + b * base->in, *X = (const real *)keep + b * base->keep;
        real *dz = (real *)dout + b * base->out, *du = din ? (real *)din + b * base->in : NULL;
        if (du && l->residual)
            CUDA_CHECK(
                cudaMemcpyAsync(du, dz, bytes, cudaMemcpyDeviceToDevice, (cudaStream_t)x.stream));
        else if (du)
            CUDA_CHECK(cudaMemsetAsync(du, 0, bytes, (cudaStream_t)x.stream));
        if (l->act != ACT_IDENTITY)
            NN(activate_adjoint_cuda)(&x, l->act, base->out, X + l->in_spectrum, dz, dz);
        if (l->local)
            NN(dense_backward_cuda)
            (&l->dense, &x, R + l->spectral, u, dz, du, true, dR + l->spectral);
        transform(t, &x, cout, dz, true, dY, half, P);
        CUDA_LAUNCH_EACH(mix_adjoint, &x, n, n, t->parts, cin, cout, R, X, dY, du ? dX : NULL, dR);
        if (du)
            adjoint(t, &x, cin, dX, false, du, half, P);
    }
}

const struct layer_kernels NN(fourier_cuda) = { forward, backward };
