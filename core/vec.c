// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/vec.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "spt_config.h"

/* BLOCK entries stay in the first-level cache while all terms are added to them */
enum { BLOCK = 512, LANES = 8 };

void vec_copy(const struct exec *x, size_t n, const double *u, double *y)
{
#if SPT_CUDA
    if (x->dev == DEV_CUDA) {
        vec_copy_cuda(x, n, u, y);
        return;
    }
#endif
    assert(x->dev == DEV_CPU);
    if (u != y)
        memcpy(y, u, n * sizeof *y);
}

static void lincomb_block(size_t n, double *y, size_t at, int m, const double *c,
                          const double *const *v)
{
    double sum[BLOCK];
    for (size_t i = 0; i < n; i++)
        sum[i] = c[0] * v[0][at + i];
    for (int k = 1; k < m; k++)
        for (size_t i = 0; i < n; i++)
            sum[i] += c[k] * v[k][at + i];
    memcpy(y + at, sum, n * sizeof *y);
}

void vec_lincomb(const struct exec *x, size_t n, double *y, int m, const double *c,
                 const double *const *v)
{
    assert(m >= 0 && m <= VEC_TERMS);
#if SPT_CUDA
    if (x->dev == DEV_CUDA) {
        vec_lincomb_cuda(x, n, y, m, c, v);
        return;
    }
#endif
    assert(x->dev == DEV_CPU);
    if (m == 0) {
        memset(y, 0, n * sizeof *y);
        return;
    }
#ifdef _OPENMP
#pragma omp parallel for num_threads(x->threads) if (x->threads > 1)
#endif
    for (size_t at = 0; at < n; at += BLOCK)
        lincomb_block(n - at < BLOCK ? n - at : BLOCK, y, at, m, c, v);
}

void vec_correct(const struct exec *x, size_t n, double *u, const double *gnew, const double *f,
                 const double *gold)
{
#if SPT_CUDA
    if (x->dev == DEV_CUDA) {
        vec_correct_cuda(x, n, u, gnew, f, gold);
        return;
    }
#endif
    assert(x->dev == DEV_CPU);
    for (size_t i = 0; i < n; i++)
        u[i] = f[i] + (gnew[i] - gold[i]);
}

void vec_interpolate(const struct exec *x, size_t outer, size_t from, size_t to, size_t inner,
                     int terms, const int *first, const double *weight, const double *u, double *v)
{
#if SPT_CUDA
    if (x->dev == DEV_CUDA) {
        vec_interpolate_cuda(x, outer, from, to, inner, terms, exec_device_constant(x, first),
                             exec_device_constant(x, weight), u, v);
        return;
    }
#endif
    assert(x->dev == DEV_CPU && terms <= VEC_TERMS);
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < to; i++) {
            const double *w = weight + i * (size_t)terms, *plane = u + o * from * inner;
            const double *term[VEC_TERMS];
            double c[VEC_TERMS], *row = v + (o * to + i) * inner;
            int m = 0;
            for (int k = 0; k < terms; k++) {
                size_t source = (size_t)first[i] + (size_t)k;
                source -= source >= from ? from : 0;
                if (w[k] == 0.0) /* most are, where the grids share points */
                    continue;
                c[m] = w[k];
                term[m++] = plane + source * inner;
            }
            if (m == 0)
                memset(row, 0, inner * sizeof *row);
            else if (inner < LANES)
                for (size_t j = 0; j < inner; j++) {
                    double sum = c[0] * term[0][j];
                    for (int k = 1; k < m; k++)
                        sum += c[k] * term[k][j];
                    row[j] = sum;
                }
            else
                for (size_t at = 0; at < inner; at += BLOCK)
                    lincomb_block(inner - at < BLOCK ? inner - at : BLOCK, row, at, m, c, term);
        }
}

static double add_lanes(const double s[LANES])
{
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

void vec_distance(const struct exec *x, size_t n, const double *u, const double *v, double *result)
{
#if SPT_CUDA
    if (x->dev == DEV_CUDA) {
        vec_distance_cuda(x, n, u, v, result);
        return;
    }
#endif
    assert(x->dev == DEV_CPU);
    /* entry i goes to lane i % LANES, whatever the vector length of the machine */
    double difference[LANES] = { 0 }, square[LANES] = { 0 }, largest[LANES] = { 0 };
    for (size_t i = 0; i < n; i += LANES) {
        const size_t left = n - i < LANES ? n - i : LANES;
        double a[LANES] = { 0 }, d[LANES] = { 0 };
        memcpy(a, u + i, left * sizeof *a);
        if (v)
            memcpy(d, v + i, left * sizeof *d);
        for (int j = 0; j < LANES; j++) {
            d[j] = a[j] - d[j];
            difference[j] += d[j] * d[j];
            square[j] += a[j] * a[j];
            d[j] = fabs(d[j]);
            largest[j] = d[j] > largest[j] ? d[j] : largest[j];
        }
    }
    result[0] = add_lanes(difference);
    result[1] = add_lanes(square);
    result[2] = 0;
    for (int j = 0; j < LANES; j++)
        result[2] = largest[j] > result[2] ? largest[j] : result[2];
    if (isnan(result[0])) /* comparisons lose NaN, sums of squares keep it */
        result[2] = result[0];
}

void vec_nonfinite(const struct exec *x, size_t n, const double *u, double *flag)
{
#if SPT_CUDA
    if (x->dev == DEV_CUDA) {
        vec_nonfinite_cuda(x, n, u, flag);
        return;
    }
#endif
    assert(x->dev == DEV_CPU);
    long bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= !(fabs(u[i]) <= DBL_MAX);
    *flag = bad != 0;
}

double l2_norm(const double *u, size_t n)
{
    const struct exec x = exec_host(NULL, 0);
    double sums[3];
    vec_distance(&x, n, u, NULL, sums);
    return sqrt(sums[1]);
}
