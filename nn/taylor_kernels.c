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

#include "nn/real.h"
#include "nn/taylor.h"

/* a*b + c may be one fused operation here: it is, wherever the compiler has it */
#ifdef __clang__
#pragma clang fp contract(fast)
#else
#pragma GCC optimize("fp-contract=fast")
#endif

enum { LANES = 64 / sizeof(real), ROWS = 8, PANEL = 2 * LANES, DEPTH = 128, SQUARE = 4 };
typedef real vec __attribute__((vector_size(64), aligned(sizeof(real)), may_alias));

static inline vec load(const real *p)
{
    return *(const vec *)p;
}

static inline void store(real *p, vec v)
{
    *(vec *)p = v;
}

/* ---- products ---- */

/* y (rows, PANEL or LANES columns of ldy) = or += w (rows, depth of ldw) b (depth, PANEL) */
static inline __attribute__((always_inline)) void tile(const int rows, const int vecs, size_t depth,
                                                       const real *w, size_t ldw, const real *b,
                                                       real *y, size_t ldy, int add)
{
    vec sum[ROWS][2];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int c = 0; c < vecs; c++)
            sum[r][c] = add ? load(y + (size_t)r * ldy + (size_t)c * LANES) : (vec){ 0 };
    for (size_t k = 0; k < depth; k++)
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int c = 0; c < vecs; c++)
                sum[r][c] += w[(size_t)r * ldw + k] * load(b + k * PANEL + (size_t)c * LANES);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int c = 0; c < vecs; c++)
            store(y + (size_t)r * ldy + (size_t)c * LANES, sum[r][c]);
}

static inline __attribute__((always_inline)) void panel(const int vecs, size_t m, size_t depth,
                                                        const real *w, size_t ldw, const real *b,
                                                        real *y, size_t ldy, int add)
{
    size_t r = 0;
    for (; r + ROWS <= m; r += ROWS)
        tile(ROWS, vecs, depth, w + r * ldw, ldw, b, y + r * ldy, ldy, add);
    for (; r + 4 <= m; r += 4)
        tile(4, vecs, depth, w + r * ldw, ldw, b, y + r * ldy, ldy, add);
    for (; r < m; r++)
        tile(1, vecs, depth, w + r * ldw, ldw, b, y + r * ldy, ldy, add);
}

/* y (m, n) = w (m, k) x (k, n), n a multiple of LANES; columns of x are copied together first */
static void product(size_t m, size_t k, size_t n, const real *w, const real *x, real *y)
{
    _Alignas(64) real b[DEPTH * PANEL];
    for (size_t j = 0; j < n; j += PANEL) {
        const size_t columns = n - j < PANEL ? n - j : PANEL;
        for (size_t at = 0; at < k; at += DEPTH) {
            const size_t depth = k - at < DEPTH ? k - at : DEPTH;
            for (size_t i = 0; i < depth; i++)
                memcpy(b + i * PANEL, x + (at + i) * n + j, columns * sizeof *b);
            if (columns == PANEL)
                panel(2, m, depth, w + at, k, b, y + j, n, at > 0);
            else
                panel(1, m, depth, w + at, k, b, y + j, n, at > 0);
        }
    }
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

/* dw (rows, columns of ldw) += z (rows, n) x (columns, n)^T */
static inline __attribute__((always_inline)) void corner(const int rows, const int columns,
                                                         size_t n, const real *z, const real *x,
                                                         real *dw, size_t ldw)
{
    vec sum[SQUARE][SQUARE];
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int c = 0; c < columns; c++)
            sum[r][c] = (vec){ 0 };
    for (size_t j = 0; j < n; j += LANES)
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
            for (int c = 0; c < columns; c++)
                sum[r][c] += load(z + (size_t)r * n + j) * load(x + (size_t)c * n + j);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            dw[(size_t)r * ldw + (size_t)c] += total(sum[r][c]);
}

static inline __attribute__((always_inline)) void strip(const int rows, size_t k, size_t n,
                                                        const real *z, const real *x, real *dw)
{
    size_t c = 0;
    for (; c + SQUARE <= k; c += SQUARE)
        corner(rows, SQUARE, n, z, x + c * n, dw + c, k);
    for (; c < k; c++)
        corner(rows, 1, n, z, x + c * n, dw + c, k);
}

/* dw (m, k) += z (m, n) x (k, n)^T */
static void product_transposed(size_t m, size_t k, size_t n, const real *z, const real *x, real *dw)
{
    size_t r = 0;
    for (; r + SQUARE <= m; r += SQUARE)
        strip(SQUARE, k, n, z + r * n, x, dw + r * k);
    for (; r < m; r++)
        strip(1, k, n, z + r * n, x, dw + r * k);
}

/* ---- activations ---- */

/* s and three derivatives of it */
static void derivatives(enum activation act, size_t n, const real *z, real *s0, real *s1, real *s2,
                        real *s3)
{
    for (size_t i = 0; i < n; i++) {
        const real v = z[i];
        if (act == ACT_TANH) {
            const real y = (real)tanh(v), slope = 1 - y * y;
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
        product(y->out, y->in, n, params + y->weight, x, z);
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
        product_transposed(y->out, y->in, n, dh, l ? kept[l - 1].h : in, dparams + y->weight);
        if (l) {
            real *dx = buffers[l % 2];
            product(y->in, y->out, n, params + y->transposed, dh, dx);
            dh = dx;
        }
    }
}

static void transpose(const struct taylor *t, void *params_)
{
    real *params = params_;
    for (int l = 0; l < t->nlayers; l++) {
        const struct taylor_layer *y = &t->layers[l];
        for (size_t o = 0; o < y->out; o++)
            for (size_t i = 0; i < y->in; i++)
                params[y->transposed + i * y->out + o] = params[y->weight + o * y->in + i];
    }
}

const struct taylor_kernels NN(taylor_cpu) = { forward, backward, transpose };
