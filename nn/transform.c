// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "nn/transform.h"

#include <errno.h>
#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/gemm.h"

#if NN_REAL == 32
#define FFTW(name) fftwf_##name
#else
#define FFTW(name) fftw_##name
#endif

/* How many times the flops of an FFT those of a small dense product may be and still be as fast:
 * from timings of both in float32 on an AVX-512 core, lines of 32 to 512 points. A constant, so
 * that the choice does not depend on the moment. */
static const double DENSE_ADVANTAGE = 6;

static int axis_create(struct axis *a, size_t n, size_t modes, enum basis basis, bool half,
                       enum transform how, size_t lines, bool contiguous)
{
    const bool cosine = basis == BASIS_COSINE;
    if (modes == 0 || modes > (cosine ? n : half ? n / 2 + 1 : n / 2))
        return -EINVAL;
    a->n = n;
    a->basis = basis;
    a->half = half;
    a->kept = cosine || half ? modes : 2 * modes;
    a->cosines = cosine || half ? modes : modes + 1;
    a->rows = cosine ? modes : 2 * a->cosines;
    a->stride = contiguous ? (a->rows + MODE_LANES - 1) / MODE_LANES * MODE_LANES : a->rows;
    a->fft =
        how == TRANSFORM_FFT ||
        (how == TRANSFORM_AUTO && 2 * (double)a->rows > DENSE_ADVANTAGE * 2.5 * log2((double)n));
    a->table = calloc(a->rows * n, sizeof(real));
    a->across = calloc(a->stride * n, sizeof(real));
    if (!a->table || !a->across)
        return -ENOMEM;
    for (size_t r = 0; r < a->rows; r++)
        for (size_t j = 0; j < n; j++) {
            /* the angle from whole numbers, so that rows of symmetric points agree to the last bit
             */
            const size_t k = r % a->cosines, period = cosine ? 4 * n : n;
            const size_t step = cosine ? k * (2 * j + 1) % period : k * j % period;
            const double angle = 2 * M_PI * (double)step / (double)period;
            a->table[r * n + j] = (real)(r < a->cosines ? cos(angle) : sin(angle));
            a->across[j * a->stride + r] = a->table[r * n + j];
        }
    if (a->fft) {
        const int size = (int)n, count = (int)lines, stride = contiguous ? 1 : count,
                  dist = contiguous ? size : 1;
        const FFTW(r2r_kind) there = cosine ? FFTW_REDFT10 : FFTW_R2HC,
                             back = cosine ? FFTW_REDFT01 : FFTW_HC2R;
        const unsigned flags = FFTW_ESTIMATE | FFTW_UNALIGNED;
        real *u = FFTW(malloc)(n * lines * sizeof(real)),
             *v = FFTW(malloc)(n * lines * sizeof(real));
        if (u && v) {
            a->forward = FFTW(plan_many_r2r)(1, &size, count, u, NULL, stride, dist, v, NULL,
                                             stride, dist, &there, flags | FFTW_PRESERVE_INPUT);
            a->backward = FFTW(plan_many_r2r)(1, &size, count, u, NULL, stride, dist, v, NULL,
                                              stride, dist, &back, flags | FFTW_DESTROY_INPUT);
        }
        FFTW(free)(u);
        FFTW(free)(v);
        if (!a->forward || !a->backward)
            return -ENOMEM;
    }
    return 0;
}

static void axis_destroy(struct axis *a)
{
    free(a->table);
    free(a->across);
    if (a->forward)
        FFTW(destroy_plan)(a->forward);
    if (a->backward)
        FFTW(destroy_plan)(a->backward);
}

/* the signed frequency of the i-th that is kept */
static long frequency(const struct axis *a, size_t i)
{
    return a->basis == BASIS_COSINE || a->half || i < a->kept / 2 ? (long)i
                                                                  : (long)i - (long)a->kept;
}

/* how often a frequency counts in the inverse: it stands for its mirror image too */
static double weight(const struct axis *a, size_t i)
{
    if (a->basis == BASIS_FOURIER && !a->half)
        return 1 / (double)a->n;
    return (i == 0 || (a->half && 2 * i == a->n) ? 1 : 2) / (double)a->n;
}

static int modes_create(struct transform_plan *t)
{
    const struct axis *a = &t->axis[0], *b = &t->axis[1];
    t->mode = calloc(t->modes, sizeof *t->mode);
    if (!t->mode)
        return -ENOMEM;
    for (size_t i = 0; i < t->modes; i++) {
        struct mode *m = &t->mode[i];
        const size_t i0 = i / b->kept, i1 = i % b->kept;
        const size_t k0 = (size_t)labs(frequency(a, i0)), k1 = (size_t)labs(frequency(b, i1));
        const real sign = frequency(a, i0) < 0 ? -1 : 1;
        const bool sines0 = a->rows > a->cosines, sines1 = b->rows > b->cosines;
        const int32_t cc = (int32_t)(k0 * b->stride + k1),
                      sc = cc + (int32_t)(a->cosines * b->stride);
        const int32_t cs = cc + (int32_t)b->cosines, ss = sc + (int32_t)b->cosines;
        m->weight = (real)(weight(a, i0) * weight(b, i1));
        m->at[0] = cc;
        m->c[0] = 1;
        if (sines0 && sines1) { /* (c0 - i s0)(c1 - i s1) */
            m->at[1] = ss, m->at[2] = sc, m->at[3] = cs;
            m->c[1] = -sign, m->c[2] = -sign, m->c[3] = -1;
        } else if (sines0 || sines1) {
            m->at[2] = sines0 ? sc : cs;
            m->c[2] = -sign;
        }
    }
    return 0;
}

int NN(transform_plan_create)(struct transform_plan *t, const struct spectrum *s)
{
    const int d = s->dims - 1;
    const bool fourier1 = s->basis[d] == BASIS_FOURIER;
    int err;
    memset(t, 0, sizeof *t);
    if (d == 0) {
        t->axis[0] =
            (struct axis){ .n = 1, .rows = 1, .kept = 1, .cosines = 1, .basis = BASIS_COSINE };
        err = 0;
    } else {
        err = axis_create(&t->axis[0], s->points[0], s->modes[0], s->basis[0], !fourier1,
                          s->transform, s->points[1], false);
    }
    if (!err)
        err = axis_create(&t->axis[1], s->points[d], s->modes[d], s->basis[d], fourier1,
                          s->transform, t->axis[0].rows, true);
    if (!err) {
        const struct axis *a = &t->axis[0], *b = &t->axis[1];
        t->kept[0] = a->kept;
        t->kept[1] = b->kept;
        t->modes = a->kept * b->kept;
        t->tiles = (t->modes + MODE_LANES - 1) / MODE_LANES;
        t->parts = a->rows > a->cosines || b->rows > b->cosines ? 2 : 1;
        t->entries = a->rows * b->stride;
        t->nwork = t->entries + a->rows * b->n + 2 * (a->n > a->rows ? a->n : a->rows) * b->n;
        err = modes_create(t);
    }
    if (err)
        NN(transform_plan_destroy)(t);
    return err;
}

void NN(transform_plan_destroy)(struct transform_plan *t)
{
    axis_destroy(&t->axis[0]);
    axis_destroy(&t->axis[1]);
    free(t->mode);
    t->mode = NULL;
}

/* Frequency k of a transform in FFTW's order: cosines at k, sines (negated) at n - k */
static inline real picked(const struct axis *a, size_t row, const real *line, size_t stride)
{
    const size_t k = row % a->cosines;
    if (row < a->cosines)
        return a->basis == BASIS_COSINE ? (real)0.5 * line[k * stride] : line[k * stride];
    return k == 0 || 2 * k == a->n ? 0 : -line[(a->n - k) * stride];
}

/* the adjoint: a line of FFTW's, zeroed before, from rows */
static inline void placed(const struct axis *a, size_t row, real value, real *line, size_t stride)
{
    const size_t k = row % a->cosines;
    const bool once = k == 0 || (a->basis == BASIS_FOURIER && 2 * k == a->n);
    if (row < a->cosines)
        line[k * stride] += once ? value : (real)0.5 * value;
    else if (!once)
        line[(a->n - k) * stride] -= (real)0.5 * value;
}

/* P (rows0, stride1) of one array */
static void array_forward(const struct transform_plan *t, const real *x, real *P, real *work)
{
    const struct axis *a = &t->axis[0], *b = &t->axis[1];
    const size_t n1 = b->n;
    real *U = work, *lines = U + a->rows * n1;
    const real *rows = x;
    if (a->n > 1 && a->fft) {
        FFTW(execute_r2r)(a->forward, (real *)x, lines);
        for (size_t r = 0; r < a->rows; r++)
            for (size_t j = 0; j < n1; j++)
                U[r * n1 + j] = picked(a, r, lines + j, n1);
        rows = U;
    } else if (a->n > 1) {
        NN(gemm)(a->rows, n1, a->n, a->table, a->n, 1, x, n1, U, n1, false);
        rows = U;
    }
    if (b->fft) {
        FFTW(execute_r2r)(b->forward, (real *)rows, lines);
        for (size_t i = 0; i < a->rows; i++)
            for (size_t r = 0; r < b->stride; r++)
                P[i * b->stride + r] = r < b->rows ? picked(b, r, lines + i * n1, 1) : 0;
    } else {
        NN(gemm)(a->rows, b->stride, n1, rows, n1, 1, b->across, b->stride, P, b->stride, false);
    }
}

/* x += L^T P R */
static void array_adjoint(const struct transform_plan *t, const real *P, real *x, real *work)
{
    const struct axis *a = &t->axis[0], *b = &t->axis[1];
    const size_t n1 = b->n, most = a->n > a->rows ? a->n : a->rows;
    real *V = work, *lines = V + a->rows * n1, *more = lines + most * n1;
    if (b->fft) {
        memset(lines, 0, a->rows * n1 * sizeof *lines);
        for (size_t i = 0; i < a->rows; i++)
            for (size_t r = 0; r < b->rows; r++)
                placed(b, r, P[i * b->stride + r], lines + i * n1, 1);
        FFTW(execute_r2r)(b->backward, lines, V);
    } else {
        NN(gemm)(a->rows, n1, b->rows, P, b->stride, 1, b->table, n1, V, n1, false);
    }
    if (a->n > 1 && a->fft) {
        memset(lines, 0, a->n * n1 * sizeof *lines);
        for (size_t r = 0; r < a->rows; r++)
            for (size_t j = 0; j < n1; j++)
                placed(a, r, V[r * n1 + j], lines + j, n1);
        FFTW(execute_r2r)(a->backward, lines, more);
        V = more;
    }
    if (a->n > 1 && !a->fft) {
        NN(gemm)(a->n, n1, a->rows, a->table, 1, a->n, V, n1, x, n1, true);
    } else {
        for (size_t i = 0; i < a->n * n1; i++)
            x[i] += V[i];
    }
}

void NN(transform_forward)(const struct transform_plan *t, size_t channels, const real *x,
                           bool weighted, real *out, real *work)
{
    const size_t points = t->axis[0].n * t->axis[1].n, parts = (size_t)t->parts;
    real *P = work;
    for (size_t c = 0; c < channels; c++) {
        array_forward(t, x + c * points, P, work + t->entries);
        for (size_t k = 0; k < t->tiles * MODE_LANES; k++) {
            real *o = out + ((k / MODE_LANES * channels + c) * parts) * MODE_LANES + k % MODE_LANES;
            if (k >= t->modes) {
                for (size_t part = 0; part < parts; part++)
                    o[part * MODE_LANES] = 0;
                continue;
            }
            const struct mode *m = &t->mode[k];
            const real w = weighted ? m->weight : 1;
            o[0] = w * (m->c[0] * P[m->at[0]] + m->c[1] * P[m->at[1]]);
            if (parts > 1)
                o[MODE_LANES] = w * (m->c[2] * P[m->at[2]] + m->c[3] * P[m->at[3]]);
        }
    }
}

void NN(transform_adjoint)(const struct transform_plan *t, size_t channels, const real *in,
                           bool weighted, real *x, real *work)
{
    const size_t points = t->axis[0].n * t->axis[1].n, parts = (size_t)t->parts;
    real *P = work;
    for (size_t c = 0; c < channels; c++) {
        memset(P, 0, t->entries * sizeof *P);
        for (size_t k = 0; k < t->modes; k++) {
            const real *o =
                in + ((k / MODE_LANES * channels + c) * parts) * MODE_LANES + k % MODE_LANES;
            const struct mode *m = &t->mode[k];
            const real w = weighted ? m->weight : 1, re = w * o[0],
                       im = parts > 1 ? w * o[MODE_LANES] : 0;
            P[m->at[0]] += m->c[0] * re;
            P[m->at[1]] += m->c[1] * re;
            P[m->at[2]] += m->c[2] * im;
            P[m->at[3]] += m->c[3] * im;
        }
        array_adjoint(t, P, x + c * points, work + t->entries);
    }
}
