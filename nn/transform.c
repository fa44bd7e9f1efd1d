// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "nn/transform.h"

#include <errno.h>
#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/gemm.h"
#include "nn/linear.h"

#if NN_REAL == 32
#define FFTW(name) fftwf_##name
#else
#define FFTW(name) fftw_##name
#endif

/* How many times the flops of an FFT those of a small dense product may be and still be as fast.
 * Timed in float32 on an AVX-512 core, square arrays: 6 to 11 with 32 and 64 points per axis, 14 to
 * 19 with 128 and 256 (38 for Fourier axes), more beyond. A constant, so that the choice is the
 * same at every run and on every rank. */
static const double DENSE_ADVANTAGE = 10;

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

/* Row r at point j; the angle from whole numbers, so that rows of symmetric points agree to the
 * last bit */
static real value(const struct axis *a, size_t r, size_t j)
{
    const bool cosine = a->basis == BASIS_COSINE;
    const size_t k = r % a->cosines, period = cosine ? 4 * a->n : a->n;
    const size_t step = cosine ? k * (2 * j + 1) % period : k * j % period;
    const double angle = 2 * M_PI * (double)step / (double)period;
    return (real)(r < a->cosines ? cos(angle) : sin(angle));
}

/* ---- folds */

static void classes_create(struct axis *a)
{
    const size_t n = a->rows, c = a->cosines;
    const bool cosine = a->basis == BASIS_COSINE, quarter = a->n % 4 == 0;
    const size_t from[4][FOLD_CLASSES][3] = {
        /* first row, step, end */
        { { 0, 1, c }, { c, 1, n } },
        { { 0, 2, c }, { 1, 2, c }, { c, 2, n }, { c + 1, 2, n } },
        { { 0, 2, n }, { 1, 2, n } },
        { { 0, 4, n }, { 2, 4, n }, { 1, 2, n } },
    };
    for (int i = 0; i < FOLD_CLASSES; i++) {
        const size_t *f = from[2 * cosine + quarter][i], first = f[0], step = f[1], end = f[2];
        a->classes[i] = (struct fold_class){
            .first = first, .step = step, .count = end > first ? (end - first - 1) / step + 1 : 0
        };
    }
}

/* A result of the next fold: that of point j, for the functions of a class. It is counted while
 * there are no tables. */
static void add_sum(struct axis *a, int which, int class, size_t j)
{
    struct fold *f = &a->folds[a->nfolds];
    struct fold_class *c = &a->classes[class];
    real *at = c->table ? c->table + c->sums * c->count : NULL;
    for (size_t r = 0; at && r < c->count; r++)
        at[r] = value(a, c->first + r * c->step, j);
    f->sum[which] = c->at + c->sums++;
}

static void add_fold(struct axis *a, size_t i, size_t j, size_t k, size_t l, bool crossed0,
                     bool crossed1)
{
    struct fold *f = &a->folds[a->nfolds++];
    memcpy(f->point, (size_t[]){ i, j, k, l }, sizeof f->point);
    f->crossed[0] = crossed0;
    f->crossed[1] = crossed1;
}

/* the t-th pair of points that mirror each other; n where there is no second one, or none at all */
static void pair(const struct axis *a, size_t t, size_t *i, size_t *j)
{
    const size_t mirror = a->basis == BASIS_COSINE ? a->n - 1 - t : t ? a->n - t : a->n;
    *i = t > mirror ? a->n : t;
    *j = mirror > t && *i < a->n ? mirror : a->n;
}

static void make_folds(struct axis *a)
{
    const size_t n = a->n, half = n / 2, quarter = n / 4;
    a->nfolds = 0;
    if (n % 4 != 0) {
        for (size_t t = 0, i, j, k, l; pair(a, t, &i, &j), i < n; t += 2) {
            pair(a, t + 1, &k, &l);
            a->folds[a->nfolds] =
                (struct fold){ .sum = { a->nsums, a->nsums, a->nsums, a->nsums } };
            for (int s = 0; s < 2; s++) {
                add_sum(a, 2 * s, s, i);
                if (k < n)
                    add_sum(a, 2 * s + 1, s, k);
            }
            add_fold(a, i, j, k, l, false, false);
        }
    } else if (a->basis == BASIS_COSINE) {
        for (size_t j = 0; j < quarter; j++) {
            for (int s = 0; s < 3; s++)
                add_sum(a, s, s, j);
            add_sum(a, 3, 2, half - 1 - j);
            add_fold(a, j, n - 1 - j, half - 1 - j, half + j, true, false);
        }
    } else {
        add_sum(a, 0, 0, 0);
        add_sum(a, 1, 0, quarter);
        add_sum(a, 2, 1, 0);
        add_sum(a, 3, 3, quarter);
        add_fold(a, 0, half, quarter, n - quarter, false, false);
        for (size_t j = 1; j < quarter; j++) {
            add_sum(a, 0, 0, j);
            add_sum(a, 1, 1, j);
            add_sum(a, 2, 3, j);
            add_sum(a, 3, 2, j);
            add_fold(a, j, n - j, half - j, half + j, true, true);
        }
    }
}

static int folds_create(struct axis *a)
{
    a->folds = calloc(a->n / 4 + 2, sizeof *a->folds);
    if (!a->folds)
        return -ENOMEM;
    classes_create(a);
    make_folds(a);
    a->work = 0;
    for (int i = 0; i < FOLD_CLASSES; i++) {
        struct fold_class *c = &a->classes[i];
        c->table = calloc(c->sums * c->count + 1, sizeof *c->table);
        if (!c->table)
            return -ENOMEM;
        a->work += (double)(c->sums * c->count);
        c->at = a->nsums;
        a->nsums += c->sums;
        c->sums = 0;
    }
    make_folds(a);
    return 0;
}

/* ---- axes */

static int plans_create(struct axis *a, size_t lines, bool contiguous)
{
    const bool cosine = a->basis == BASIS_COSINE;
    const int size = (int)a->n, count = (int)lines, stride = contiguous ? 1 : count,
              dist = contiguous ? size : 1;
    const FFTW(r2r_kind) there = cosine ? FFTW_REDFT10 : FFTW_R2HC,
                         back = cosine ? FFTW_REDFT01 : FFTW_HC2R;
    const unsigned flags = FFTW_ESTIMATE | FFTW_UNALIGNED;
    real *u = FFTW(malloc)(a->n * lines * sizeof(real)),
         *v = FFTW(malloc)(a->n * lines * sizeof(real));
    if (u && v) {
        a->forward = FFTW(plan_many_r2r)(1, &size, count, u, NULL, stride, dist, v, NULL, stride,
                                         dist, &there, flags | FFTW_PRESERVE_INPUT);
        a->backward = FFTW(plan_many_r2r)(1, &size, count, u, NULL, stride, dist, v, NULL, stride,
                                          dist, &back, flags | FFTW_DESTROY_INPUT);
    }
    FFTW(free)(u);
    FFTW(free)(v);
    a->work = 1.25 * (double)a->n * log2((double)a->n);
    return a->forward && a->backward ? 0 : -ENOMEM;
}

/* The axis that is contiguous. Fourier: points n - j are added to and subtracted from points j
 * before the products with `across`. */
static int contiguous_create(struct axis *a)
{
    const bool cosine = a->basis == BASIS_COSINE;
    a->sine = cosine ? a->rows : round_up(a->cosines, MODE_LANES);
    a->width = cosine ? round_up(a->rows, MODE_LANES) : 2 * a->sine;
    a->stored = round_up(a->rows, MODE_LANES);
    a->across = calloc(a->n * a->width, sizeof(real));
    a->along = calloc(a->rows * round_up(a->n, PANEL), sizeof(real));
    if (!a->across || !a->along)
        return -ENOMEM;
    for (size_t r = 0; r < a->rows; r++)
        for (size_t j = 0; j < a->n; j++) {
            const size_t column = r < a->cosines ? r : a->sine + r - a->cosines;
            a->across[j * a->width + column] = value(a, r, j);
            a->along[(j / PANEL * a->rows + r) * PANEL + j % PANEL] = value(a, r, j);
        }
    a->work = (cosine ? 1 : 0.5) * (double)(a->rows * a->n);
    return 0;
}

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
    a->stride = contiguous ? round_up(a->rows, MODE_LANES) : a->rows;
    a->fft =
        how == TRANSFORM_FFT ||
        (how == TRANSFORM_AUTO && 2 * (double)a->rows > DENSE_ADVANTAGE * 2.5 * log2((double)n));
    a->table = calloc(a->rows * n, sizeof(real));
    if (!a->table)
        return -ENOMEM;
    for (size_t r = 0; r < a->rows; r++)
        for (size_t j = 0; j < n; j++)
            a->table[r * n + j] = value(a, r, j);
    exec_constant(a->table, a->rows * n * sizeof *a->table);
    const int err = contiguous ? contiguous_create(a) : a->fft ? 0 : folds_create(a);
    return err || !a->fft ? err : plans_create(a, lines, contiguous);
}

static void axis_destroy(struct axis *a)
{
    exec_constant_forget(a->table);
    free(a->table);
    free(a->across);
    free(a->along);
    free(a->folds);
    for (int i = 0; i < FOLD_CLASSES; i++)
        free(a->classes[i].table);
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
    t->weight = calloc(t->tiles * MODE_LANES, sizeof *t->weight);
    if (!t->mode || !t->weight)
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
        m->weight = t->weight[i] = (real)(weight(a, i0) * weight(b, i1));
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
    exec_constant(t->mode, t->modes * sizeof *t->mode);
    return 0;
}

/* of either way: modes, P and the most of what array_forward and transform_adjoint take */
static size_t nwork(const struct transform_plan *t)
{
    const struct axis *a = &t->axis[0], *b = &t->axis[1];
    const size_t rows = a->n > a->rows ? a->n : a->rows,
                 columns = round_up(b->n, MODE_LANES) + b->stored;
    return 2 * ((t->tiles + 1) * MODE_LANES + b->width) + a->rows * (b->width + b->stored) +
           2 * b->width + 3 * rows * columns + (a->nsums + 1) * columns + 8 * MODE_LANES;
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
        t->nwork = nwork(t);
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
    exec_constant_forget(t->mode);
    free(t->mode);
    free(t->weight);
    t->mode = NULL;
    t->weight = NULL;
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

/* ---- there: P (rows0, width1) of one array, then its modes */

enum { FOLD_BYTES = 65536 }; /* of sums at a time: they stay in the nearest cache */

static size_t fold_columns(const struct axis *a)
{
    const size_t most = FOLD_BYTES / sizeof(real) / a->n / SIMD_LANES * SIMD_LANES;
    return most ? most : SIMD_LANES;
}

static real *take(real **work, size_t reals)
{
    real *at = *work;
    *work += round_up(reals, MODE_LANES);
    return at;
}

static vreal load_point(const struct transform_plan *t, const real *x, size_t point, size_t j)
{
    const size_t n1 = t->axis[1].n, left = n1 - j;
    if (point == t->axis[0].n)
        return vset(0);
    return left < SIMD_LANES ? vload_part(x + point * n1 + j, left) : vload(x + point * n1 + j);
}

/* U = L x, rows of whole vectors */
static void fold_forward(const struct transform_plan *t, const real *x, real *U, real *work)
{
    const struct axis *a = &t->axis[0], *b = &t->axis[1];
    const size_t most = fold_columns(a), padded = round_up(b->n, MODE_LANES);
    for (size_t first = 0; first < padded; first += most) {
        const size_t columns = padded - first < most ? padded - first : most;
        for (const struct fold *f = a->folds; f < a->folds + a->nfolds; f++)
            for (size_t j = 0; j < columns; j += SIMD_LANES) {
                for (int i = 0; i < FOLD_POINTS; i++) /* of the next array */
                    __builtin_prefetch(x + (a->n + f->point[i]) * b->n + first + j, 0, 2);
                const vreal p = load_point(t, x, f->point[0], first + j),
                            q = load_point(t, x, f->point[1], first + j),
                            r = load_point(t, x, f->point[2], first + j),
                            s = load_point(t, x, f->point[3], first + j);
                vreal sum[FOLD_POINTS] = { p + q, r + s, p - q, r - s };
                for (int i = 0; i < 2; i++)
                    if (f->crossed[i]) {
                        const vreal u = sum[2 * i], v = sum[2 * i + 1];
                        sum[2 * i] = u + v;
                        sum[2 * i + 1] = u - v;
                    }
                for (int i = 0; i < FOLD_POINTS; i++)
                    vstore(work + f->sum[i] * columns + j, sum[i]);
            }
        for (const struct fold_class *c = a->classes; c < a->classes + FOLD_CLASSES; c++)
            NN(gemm)
        (c->count, columns, c->sums, c->table, 1, c->count, work + c->at * columns, columns,
         U + c->first * padded + first, c->step * padded, false);
    }
}

/* even (rows, n/2 + 1) = u_j + u_{n-j}, odd (rows, (n-1)/2) = u_j - u_{n-j} from j = 1 on */
static void mirror(size_t rows, size_t n, const real *restrict u, size_t ld, real *restrict even,
                   real *restrict odd)
{
    const size_t pairs = (n - 1) / 2, evens = n / 2 + 1;
    for (size_t r = 0; r < rows; r++, u += ld, even += evens, odd += pairs) {
        even[0] = u[0];
        for (size_t j = 0; j < pairs; j++) {
            even[j + 1] = u[j + 1] + u[n - 1 - j];
            odd[j] = u[j + 1] - u[n - 1 - j];
        }
        if (n % 2 == 0)
            even[n / 2] = u[n / 2];
    }
}

static void array_forward(const struct transform_plan *t, const real *x, real *P, real *work)
{
    const struct axis *a = &t->axis[0], *b = &t->axis[1];
    const size_t n1 = b->n, rows = a->rows, pairs = (n1 - 1) / 2;
    size_t ld = n1;
    if (a->n > 1 && a->fft) {
        real *U = take(&work, rows * n1);
        FFTW(execute_r2r)(a->forward, (real *)x, work);
        for (size_t r = 0; r < rows; r++)
            for (size_t j = 0; j < n1; j++)
                U[r * n1 + j] = picked(a, r, work + j, n1);
        x = U;
    } else if (a->n > 1) {
        ld = round_up(n1, MODE_LANES);
        real *U = take(&work, rows * ld);
        fold_forward(t, x, U, work);
        x = U;
    }
    if (b->fft) {
        for (size_t i = 0; i < rows && ld != n1; i++)
            memmove((real *)x + i * n1, x + i * ld, n1 * sizeof *x);
        FFTW(execute_r2r)(b->forward, (real *)x, work);
        for (size_t i = 0; i < rows; i++)
            for (size_t r = 0; r < b->rows; r++)
                P[i * b->width + (r < b->cosines ? r : b->sine + r - b->cosines)] =
                    picked(b, r, work + i * n1, 1);
    } else if (b->basis == BASIS_COSINE) {
        NN(gemm)(rows, b->width, n1, x, ld, 1, b->across, b->width, P, b->width, false);
    } else {
        real *even = take(&work, rows * (n1 / 2 + 1)), *odd = take(&work, rows * pairs);
        mirror(rows, n1, x, ld, even, odd);
        NN(gemm)
        (rows, b->sine, n1 / 2 + 1, even, n1 / 2 + 1, 1, b->across, b->width, P, b->width, false);
        NN(gemm)
        (rows, b->sine, pairs, odd, pairs, 1, b->across + b->width + b->sine, b->width, P + b->sine,
         b->width, false);
    }
}

/* Along the last axis in vectors, that may write beyond the end: rows go in ascending order. */
#define EACH_VECTOR(j, n) for (size_t j = 0; j < (n); j += SIMD_LANES)

/* re, im (modes) from P: of (c0 - i s0)(c1 - i s1) at +-k0; nothing where there is no sine */
static void gather(const struct transform_plan *t, const real *P, real *re, real *im)
{
    const struct axis *a = &t->axis[0], *b = &t->axis[1];
    const bool sines0 = a->rows > a->cosines, sines1 = b->rows > b->cosines;
    for (size_t i = 0; i < a->kept; i++, re += b->kept, im += b->kept) {
        const long k = frequency(a, i);
        const real *c = P + (size_t)labs(k) * b->width, *s = c + a->cosines * b->width,
                   *cs = c + b->sine, *ss = s + b->sine;
        EACH_VECTOR(j, b->kept)
        {
            vreal u = vload(c + j), v = vset(0);
            if (sines0 && sines1)
                u = k < 0 ? u + vload(ss + j) : u - vload(ss + j);
            if (sines0)
                v = k < 0 ? vload(s + j) : -vload(s + j);
            if (sines1)
                v -= vload(cs + j);
            vstore(re + j, u);
            vstore(im + j, v);
        }
    }
}

/* P (rows0, stored1) from modes: the adjoint */
static void scatter(const struct transform_plan *t, const real *re, const real *im, real *P)
{
    const struct axis *a = &t->axis[0], *b = &t->axis[1];
    const bool sines1 = b->rows > b->cosines, both = a->basis == BASIS_FOURIER && !a->half;
    for (size_t r = 0; r < a->rows; r++, P += b->stored) {
        const size_t k = r % a->cosines;
        const bool sine = r >= a->cosines, plus = !both || k < a->kept / 2, minus = both && k > 0;
        const real *pr = re + k * b->kept, *pi = im + k * b->kept,
                   *mr = re + (a->kept - k) * b->kept, *mi = im + (a->kept - k) * b->kept;
        EACH_VECTOR(j, b->kept)
        {
            const vreal ur = plus ? vload(pr + j) : vset(0), ui = plus ? vload(pi + j) : vset(0),
                        vr = minus ? vload(mr + j) : vset(0), vi = minus ? vload(mi + j) : vset(0);
            vstore(P + j, sine ? vi - ui : ur + vr);
        }
        EACH_VECTOR(j, sines1 ? b->kept : 0)
        {
            const vreal ur = plus ? vload(pr + j) : vset(0), ui = plus ? vload(pi + j) : vset(0),
                        vr = minus ? vload(mr + j) : vset(0), vi = minus ? vload(mi + j) : vset(0);
            vstore(P + b->cosines + j, sine ? vr - ur : -ui - vi);
        }
    }
}

/* re, im of a channel to or from the tiles */
static void tiles(const struct transform_plan *t, size_t channels, bool weighted, bool to, real *re,
                  real *im, real *spectrum)
{
    const size_t w = MODE_LANES, parts = (size_t)t->parts;
    for (size_t j = 0; j < t->tiles * w; j += SIMD_LANES) {
        real *o = spectrum + j / w * channels * parts * w + j % w;
        const vreal factor = weighted ? vload(t->weight + j) : vset(1);
        vstore(to ? o : re + j, factor * vload(to ? re + j : o));
        if (parts > 1)
            vstore(to ? o + w : im + j, factor * vload(to ? im + j : o + w));
    }
}

static size_t modes_size(const struct transform_plan *t) /* of re or im, with room behind them */
{
    return (t->tiles + 1) * MODE_LANES + t->axis[1].width;
}

void NN(transform_forward)(const struct transform_plan *t, size_t channels, const real *x,
                           bool weighted, real *out, real *work)
{
    const size_t points = t->axis[0].n * t->axis[1].n;
    real *re = take(&work, modes_size(t)), *im = take(&work, modes_size(t)),
         *P = take(&work, t->axis[0].rows * t->axis[1].width + SIMD_LANES);
    for (size_t c = 0; c < channels; c++) {
        array_forward(t, x + c * points, P, work);
        gather(t, P, re, im);
        for (size_t k = t->modes; k < t->tiles * MODE_LANES; k++)
            re[k] = im[k] = 0;
        tiles(t, channels, weighted, true, re, im, out + c * (size_t)t->parts * MODE_LANES);
    }
}

/* ---- and back */

/* P of a channel from its modes */
static void channel(const struct transform_plan *t, size_t channels, const real *in, bool weighted,
                    real *P, real *work)
{
    real *re = take(&work, modes_size(t)), *im = take(&work, modes_size(t));
    tiles(t, channels, weighted, false, re, im, (real *)in);
    if (t->parts == 1)
        memset(im, 0, modes_size(t) * sizeof *im);
    scatter(t, re, im, P);
}

static size_t stored_size(const struct transform_plan *t) /* of P, with room behind it */
{
    return t->axis[0].rows * t->axis[1].stored + t->axis[1].width;
}

bool NN(transform_divides)(const struct transform_plan *t)
{
    return !t->axis[0].fft && !t->axis[1].fft;
}

/* L^T P of a channel: rows of V are `next` apart, whole vectors of them are written */
static void fold_adjoint(const struct transform_plan *t, const real *P, real *V, size_t next,
                         real *sums)
{
    const struct axis *a = &t->axis[0];
    const size_t ld = t->axis[1].stored;
    for (const struct fold_class *c = a->classes; c < a->classes + FOLD_CLASSES; c++)
        NN(gemm)
    (c->sums, ld, c->count, c->table, c->count, 1, P + c->first * ld, c->step * ld,
     sums + c->at * ld, ld, false);
    for (const struct fold *f = a->folds; f < a->folds + a->nfolds; f++)
        EACH_VECTOR(j, t->axis[1].rows)
        {
            vreal s[FOLD_POINTS];
            for (int i = 0; i < FOLD_POINTS; i++)
                s[i] = vload(sums + f->sum[i] * ld + j);
            for (int i = 0; i < 2; i++)
                if (f->crossed[i]) {
                    const vreal u = s[2 * i], v = s[2 * i + 1];
                    s[2 * i] = u + v;
                    s[2 * i + 1] = u - v;
                }
            const vreal point[FOLD_POINTS] = { s[0] + s[2], s[0] - s[2], s[1] + s[3], s[1] - s[3] };
            for (int i = 0; i < FOLD_POINTS; i++)
                if (f->point[i] < a->n)
                    vstore(V + f->point[i] * next + j, point[i]);
        }
}

void NN(transform_first)(const struct transform_plan *t, size_t channels, const real *in,
                         bool weighted, real *V, real *work)
{
    const size_t rows1 = t->axis[1].rows, step = (size_t)t->parts * MODE_LANES;
    real *P = take(&work, stored_size(t));
    for (size_t c = 0; c < channels; c++) {
        channel(t, channels, in + c * step, weighted, P, work);
        if (t->axis[0].n == 1)
            memcpy(V + c * rows1, P, rows1 * sizeof *V);
        else
            fold_adjoint(t, P, V + c * rows1, transform_next(t, channels), work);
    }
}

void NN(transform_adjoint)(const struct transform_plan *t, size_t channels, const real *in,
                           bool weighted, real *x, real *work)
{
    const struct axis *a = &t->axis[0], *b = &t->axis[1];
    const size_t n1 = b->n, step = (size_t)t->parts * MODE_LANES;
    real *P = take(&work, stored_size(t)), *lines = take(&work, a->rows * n1);
    for (size_t c = 0; c < channels; c++, x += a->n * n1) {
        real *to = a->n > 1 ? lines : x;
        channel(t, channels, in + c * step, weighted, P, work);
        if (b->fft) {
            memset(work, 0, a->rows * n1 * sizeof *work);
            for (size_t i = 0; i < a->rows; i++)
                for (size_t r = 0; r < b->rows; r++)
                    placed(b, r, P[i * b->stored + r], work + i * n1, 1);
            FFTW(execute_r2r)(b->backward, work, to);
        } else {
            NN(gemm)(a->rows, n1, b->rows, P, b->stored, 1, b->table, n1, to, n1, false);
        }
        if (a->n > 1 && a->fft) {
            memset(work, 0, a->n * n1 * sizeof *work);
            for (size_t r = 0; r < a->rows; r++)
                for (size_t j = 0; j < n1; j++)
                    placed(a, r, lines[r * n1 + j], work + j, n1);
            FFTW(execute_r2r)(a->backward, work, x);
        } else if (a->n > 1) {
            NN(gemm)(a->n, n1, a->rows, a->table, 1, a->n, lines, n1, x, n1, false);
        }
    }
}
