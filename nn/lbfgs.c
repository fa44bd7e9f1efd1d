// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* L-BFGS (Liu & Nocedal 1989), the two-loop recursion of Nocedal & Wright (2006, algorithm 7.4)
 * with a line search that brackets a point of the weak Wolfe conditions (Lewis & Overton 2013,
 * algorithm 2.6).
 *
 * State: facts, x, g, d (n each): accepted parameters, gradient there, direction; alpha (history);
 * pairs s and y (history, n each), in a ring. */
#include <math.h>
#include <string.h>

#include "nn/optimiser.h"

enum { FACTS = sizeof(struct lbfgs_facts) / sizeof(double), TRIALS = 20 };

static const double decrease = 1e-4, curvature = 0.9;

struct view {
    struct lbfgs_facts *f;
    long history;
    size_t n;
    double *x, *g, *d, *alpha, *s, *y;
};

static struct view view(const struct optimiser *o, size_t n, double *state)
{
    struct view v = { (struct lbfgs_facts *)state, o->history, n };
    v.x = state + FACTS;
    v.g = v.x + n;
    v.d = v.g + n;
    v.s = v.d + n;
    v.y = v.s + (size_t)o->history * n;
    v.alpha = v.y + (size_t)o->history * n;
    return v;
}

size_t lbfgs_state(const struct optimiser *o, enum dtype dtype, size_t n)
{
    return FACTS + (3 + 2 * (size_t)o->history) * n + (size_t)o->history;
}

const double *lbfgs_accepted(const double *state)
{
    return state + FACTS;
}

static double dot(size_t n, const double *a, const double *b)
{
    double s[8] = { 0 };
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; j++)
            s[j] += a[i + (size_t)j] * b[i + (size_t)j];
    for (int j = 0; i < n; i++, j++)
        s[j] += a[i] * b[i];
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

static double real_at(enum dtype dtype, const void *p, size_t i)
{
    return dtype == DTYPE_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

/* d = -H g; pairs are stored newest last, `newest` being the place of the last one */
static void direction(const struct view *v)
{
    struct lbfgs_facts *f = v->f;
    const long pairs = (long)f->pairs, newest = (long)f->newest;
    double *d = v->d;
    for (size_t i = 0; i < v->n; i++)
        d[i] = -v->g[i];
    for (long k = 0; k < pairs; k++) {
        const size_t at = (size_t)((newest - k + v->history) % v->history);
        const double *s = v->s + at * v->n, *y = v->y + at * v->n;
        const double alpha = dot(v->n, s, d) / dot(v->n, y, s);
        v->alpha[at] = alpha;
        for (size_t i = 0; i < v->n; i++)
            d[i] -= alpha * y[i];
    }
    if (pairs > 0) {
        const double *s = v->s + (size_t)newest * v->n, *y = v->y + (size_t)newest * v->n;
        const double gamma = dot(v->n, s, y) / dot(v->n, y, y);
        for (size_t i = 0; i < v->n; i++)
            d[i] *= gamma;
    }
    for (long k = pairs - 1; k >= 0; k--) {
        const size_t at = (size_t)((newest - k + v->history) % v->history);
        const double *s = v->s + at * v->n, *y = v->y + at * v->n;
        const double beta = dot(v->n, y, d) / dot(v->n, y, s);
        for (size_t i = 0; i < v->n; i++)
            d[i] += (v->alpha[at] - beta) * s[i];
    }
}

/* a line search from the accepted point begins */
static void search(const struct view *v, double rate)
{
    struct lbfgs_facts *f = v->f;
    direction(v);
    f->slope = dot(v->n, v->g, v->d);
    if (!(f->slope < 0.0)) { /* rounding: from steepest descent again */
        f->pairs = 0.0;
        direction(v);
        f->slope = dot(v->n, v->g, v->d);
    }
    f->length = rate;
    if (f->pairs == 0.0) { /* nothing is known of the scale of the problem */
        double size = 0.0;
        for (size_t i = 0; i < v->n; i++)
            size += fabs(v->g[i]);
        f->length = rate * fmin(1.0, 1.0 / size);
    }
    f->low = f->high = f->trials = 0.0;
}

static void accept(const struct view *v, enum dtype dtype, double loss, const void *params,
                   const void *gradient)
{
    struct lbfgs_facts *f = v->f;
    if (f->evaluations > 0.0) {
        const size_t at = f->pairs > 0.0 ? (size_t)(((long)f->newest + 1) % v->history) : 0;
        double *s = v->s + at * v->n, *y = v->y + at * v->n;
        for (size_t i = 0; i < v->n; i++) {
            s[i] = real_at(dtype, params, i) - v->x[i];
            y[i] = real_at(dtype, gradient, i) - v->g[i];
        }
        if (dot(v->n, s, y) > 0.0) { /* float32 may lose it */
            f->newest = (double)at;
            f->pairs = fmin(f->pairs + 1.0, (double)v->history);
        } else
            f->pairs = 0.0;
        f->iterations++;
    }
    for (size_t i = 0; i < v->n; i++) {
        v->x[i] = real_at(dtype, params, i);
        v->g[i] = real_at(dtype, gradient, i);
    }
    f->value = loss;
}

/* a shorter or a longer step */
static void refine(const struct view *v, double loss)
{
    struct lbfgs_facts *f = v->f;
    if (f->high == 0.0)
        f->length *= 2.0;
    else if (f->low == 0.0 && isfinite(loss)) { /* the minimum of the parabola */
        const double a = f->high,
                     least = -f->slope * a * a / (2.0 * (loss - f->value - f->slope * a));
        f->length = least > 0.1 * a && least < 0.5 * a ? least
                    : least >= 0.5 * a                 ? 0.5 * a
                                                       : 0.1 * a;
    } else
        f->length = 0.5 * (f->low + f->high);
}

void lbfgs_update(const struct optimiser *o, enum dtype dtype, size_t n, long step, double rate,
                  double loss, void *params, const void *gradient, double *state)
{
    const struct view v = view(o, n, state);
    struct lbfgs_facts *f = v.f;
    double slope = 0.0;
    bool accepted = f->evaluations == 0.0;
    if (!accepted) {
        for (size_t i = 0; i < n; i++)
            slope += real_at(dtype, gradient, i) * v.d[i];
        if (!(loss <= f->value + decrease * f->length * f->slope))
            f->high = f->length;
        else if (slope < curvature * f->slope)
            f->low = f->length;
        else
            accepted = true;
    }
    if (accepted) {
        accept(&v, dtype, loss, params, gradient);
        search(&v, rate);
    } else if (++f->trials >= TRIALS) {
        f->pairs = 0.0;
        search(&v, rate);
    } else
        refine(&v, loss);
    f->evaluations++;
    for (size_t i = 0; i < n; i++) {
        const double p = v.x[i] + f->length * v.d[i];
        if (dtype == DTYPE_F32)
            ((float *)params)[i] = (float)p;
        else
            ((double *)params)[i] = p;
    }
}
