// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Jets through pointwise layers, in the precision of the file's build. With z = W a + b, taken for
 * every jet (b for the value only), h = s(z) has
 * - h_i = s' z_i,  h_ij = s'' z_i z_j + s' z_ij;
 * and back, capitals the adjoints:
 * - Z = s' H + sum_i s'' z_i H_i + sum_ij (s''' z_i z_j + s'' z_ij) H_ij
 * - Z_i = s' H_i + sum_ij s'' z_j H_ij + sum_ji s'' z_j H_ji,  Z_ij = s' H_ij
 * - dW += Z a^T over all columns, db += the sum over the value's columns, A = W^T Z */
#include <math.h>
#include <string.h>

#include "nn/activation.h"
#include "nn/gemm.h"
#include "nn/real.h"
#include "nn/taylor.h"

enum { LANES = 64 / sizeof(real) };
typedef real vec __attribute__((vector_size(64), aligned(sizeof(real)), may_alias));

static inline vec load(const real *p)
{
    return *(const vec *)p;
}

static inline void store(real *p, vec v)
{
    *(vec *)p = v;
}

static real total(vec v)
{
    real half[LANES];
    store(half, v);
    for (int n = LANES / 2; n > 0; n /= 2)
        for (int i = 0; i < n; i++)
            half[i] += half[i + n];
    return half[0];
}

/* ---- activations ---- */

/* s and three derivatives of it */
static void derivatives(enum activation act, size_t n, const real *z, real *s0, real *s1, real *s2,
                        real *s3)
{
    if (act == ACT_TANH)
        NN(activate)(act, n, z, s0);
    for (size_t i = 0; i < n; i++) {
        const real v = z[i];
        if (act == ACT_TANH) {
            const real y = s0[i], slope = 1 - y * y;
            s0[i] = y;
            s1[i] = slope;
            s2[i] = -2 * y * slope;
            s3[i] = slope * (6 * y * y - 2);
        } else if (act == ACT_SIN) {
            const real sine = (real)sin(v), cosine = (real)cos(v);
            s0[i] = sine;
            s1[i] = cosine;
            s2[i] = -sine;
            s3[i] = -cosine;
        } else if (act == ACT_GELU) {
            const real cdf = (real)(erfc(-v * M_SQRT1_2) / 2);
            const real density = (real)(exp(-v * v / 2) * M_SQRT1_2 / sqrt(M_PI));
            s0[i] = v * cdf;
            s1[i] = cdf + v * density;
            s2[i] = density * (2 - v * v);
            s3[i] = density * v * (v * v - 4);
        } else { /* ACT_RELU: first derivatives only */
            s0[i] = v > 0 ? v : 0;
            s1[i] = v > 0;
            s2[i] = s3[i] = 0;
        }
    }
}

/* One channel. z (jets, points): z's value is replaced by s', s23 (2, points) = s'', s''' */
static void activate(const struct taylor *t, enum activation act, size_t points, real *z, real *s23,
                     real *h)
{
    derivatives(act, points, z, h, z, s23, s23 + points);
    for (size_t p = 0; p < points; p += LANES) {
        const vec s1 = load(z + p), s2 = load(s23 + p);
        const real *first = z + p, *second = first + (size_t)t->first * points;
        real *out = h + p;
        for (int i = 1; i <= t->first; i++)
            store(out + (size_t)i * points, s1 * load(first + (size_t)i * points));
        out += (size_t)t->first * points;
        for (int q = 0; q < t->second; q++) {
            const vec zi = load(first + (size_t)(1 + t->pair[q][0]) * points);
            const vec zj = load(first + (size_t)(1 + t->pair[q][1]) * points);
            const vec zij = load(second + (size_t)(1 + q) * points);
            store(out + (size_t)(1 + q) * points, s2 * (zi * zj) + s1 * zij);
        }
    }
}

/* One channel: h (jets, points), adjoints of the activation's output, become those of its input */
static void activate_adjoint(const struct taylor *t, size_t points, const real *z, const real *s23,
                             real *h)
{
    for (size_t p = 0; p < points; p += LANES) {
        const vec s1 = load(z + p), s2 = load(s23 + p), s3 = load(s23 + points + p);
        vec value = s1 * load(h + p), d[TAYLOR_FIRST], zi[TAYLOR_FIRST];
        for (int i = 0; i < t->first; i++) {
            const size_t at = (size_t)(1 + i) * points + p;
            const vec hi = load(h + at);
            zi[i] = load(z + at);
            d[i] = s1 * hi;
            value += s2 * zi[i] * hi;
        }
        for (int q = 0; q < t->second; q++) {
            const size_t at = (size_t)(1 + t->first + q) * points + p;
            const int i = t->pair[q][0], j = t->pair[q][1];
            const vec hij = load(h + at);
            value += (s3 * (zi[i] * zi[j]) + s2 * load(z + at)) * hij;
            d[i] += s2 * zi[j] * hij;
            d[j] += s2 * zi[i] * hij;
            store(h + at, s1 * hij);
        }
        store(h + p, value);
        for (int i = 0; i < t->first; i++)
            store(h + (size_t)(1 + i) * points + p, d[i]);
    }
}

/* ---- layers ---- */

static real *take(real **at, size_t n)
{
    real *part = *at;
    *at += n;
    return part;
}

/* what forward keeps of a layer */
struct kept {
    real *z, *s23, *h;
};

static struct kept kept_layer(const struct taylor *t, int l, size_t points, real **at)
{
    const size_t out = t->layers[l].out, n = (size_t)t->jets * points;
    struct kept k;
    k.z = take(at, out * n);
    k.s23 = take(at, out * 2 * points);
    k.h = take(at, out * n);
    return k;
}

/* what is added to the value of a channel of layer l */
static real shift(const struct taylor *t, int l, size_t channel, const real *params,
                  const real *constants)
{
    real sum = params[t->layers[l].bias + channel];
    const real *w = params + t->constant + channel * t->constants;
    for (size_t c = 0; l == 0 && c < t->constants; c++)
        sum += w[c] * constants[c];
    return sum;
}

static void forward(const struct taylor *t, size_t points, const void *params_,
                    const void *constants, const void *in, void *out, void *kept)
{
    const real *params = params_, *x = in;
    const size_t n = (size_t)t->jets * points;
    real *at = kept;
    for (int l = 0; l < t->nlayers; l++) {
        const struct taylor_layer *y = &t->layers[l];
        const struct kept k = kept_layer(t, l, points, &at);
        real *h = l + 1 == t->nlayers ? out : k.h, *z = y->act == ACT_IDENTITY ? h : k.z;
        NN(gemm)(y->out, n, y->in, params + y->weight, y->in, 1, x, n, z, n, false);
        for (size_t o = 0; o < y->out; o++) {
            const real b = shift(t, l, o, params, constants);
            for (size_t p = 0; p < points; p++)
                z[o * n + p] += b;
            if (y->act != ACT_IDENTITY)
                activate(t, y->act, points, z + o * n, k.s23 + o * 2 * points, h + o * n);
        }
        x = h;
    }
}

static void backward(const struct taylor *t, size_t points, const void *params_,
                     const void *constants_, const void *in, const void *kept_, void *dout,
                     void *const buffers[2], void *dparams_)
{
    const real *params = params_, *constants = constants_;
    const size_t n = (size_t)t->jets * points;
    real *at = (real *)kept_, *dh = dout, *dparams = dparams_;
    struct kept kept[TAYLOR_LAYERS];
    for (int l = 0; l < t->nlayers; l++)
        kept[l] = kept_layer(t, l, points, &at);
    for (int l = t->nlayers - 1; l >= 0; l--) {
        const struct taylor_layer *y = &t->layers[l];
        for (size_t o = 0; o < y->out; o++) {
            if (y->act != ACT_IDENTITY)
                activate_adjoint(t, points, kept[l].z + o * n, kept[l].s23 + o * 2 * points,
                                 dh + o * n);
            vec sums = { 0 };
            for (size_t p = 0; p < points; p += LANES)
                sums += load(dh + o * n + p);
            const real sum = total(sums);
            dparams[y->bias + o] += sum;
            for (size_t c = 0; l == 0 && c < t->constants; c++)
                dparams[t->constant + o * t->constants + c] += sum * constants[c];
        }
        NN(gemm_nt)(y->out, y->in, n, dh, n, l ? kept[l - 1].h : in, n, dparams + y->weight, y->in);
        if (l) {
            real *dx = buffers[l % 2];
            NN(gemm)(y->in, n, y->out, params + y->weight, 1, y->in, dh, n, dx, n, false);
            dh = dx;
        }
    }
}

const struct taylor_kernels NN(taylor_cpu) = { forward, backward };
