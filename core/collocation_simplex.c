// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Nelder and Mead, A simplex method for function minimization, 1965. */
#include <math.h>
#include <string.h>

#include "core/collocation_private.h"

struct simplex {
    int n, calls, limit;
    double (*f)(int n, const double *x, const void *data);
    const void *data;
    struct vertex {
        double f, x[COLLOCATION_MAX];
    } v[COLLOCATION_MAX + 1]; /* best first */
};

/* false where there are no evaluations left */
static bool evaluate(struct simplex *s, struct vertex *v)
{
    if (s->calls >= s->limit)
        return false;
    s->calls++;
    v->f = s->f(s->n, v->x, s->data);
    return true;
}

static void sort(struct simplex *s)
{
    for (int i = 1; i <= s->n; i++) {
        const struct vertex v = s->v[i];
        int j = i;
        for (; j > 0 && s->v[j - 1].f > v.f; j--)
            s->v[j] = s->v[j - 1];
        s->v[j] = v;
    }
}

/* v = a centre + b worst */
static bool try(struct simplex *s, const double *centre, double a, double b, struct vertex *v)
{
    for (int i = 0; i < s->n; i++)
        v->x[i] = a * centre[i] + b * s->v[s->n].x[i];
    return evaluate(s, v);
}

static void shrink(struct simplex *s)
{
    for (int j = 1; j <= s->n; j++) {
        for (int i = 0; i < s->n; i++)
            s->v[j].x[i] = s->v[0].x[i] + 0.5 * (s->v[j].x[i] - s->v[0].x[i]);
        if (!evaluate(s, &s->v[j]))
            return;
    }
}

static void step(struct simplex *s)
{
    struct vertex *const worst = &s->v[s->n], reflected, other;
    double centre[COLLOCATION_MAX];

    for (int i = 0; i < s->n; i++) {
        centre[i] = s->v[0].x[i];
        for (int j = 1; j < s->n; j++)
            centre[i] += s->v[j].x[i];
        centre[i] /= s->n;
    }
    if (!try(s, centre, 2, -1, &reflected))
        return;
    if (reflected.f < s->v[0].f) {
        if (try(s, centre, 3, -2, &other))
            *worst = other.f < reflected.f ? other : reflected;
    } else if (reflected.f < s->v[s->n - 1].f) {
        *worst = reflected;
    } else if (reflected.f < worst->f) {
        if (!try(s, centre, 1.5, -0.5, &other))
            return;
        if (other.f <= reflected.f)
            *worst = other;
        else
            shrink(s);
    } else if (try(s, centre, 0.5, 0.5, &other)) {
        if (other.f < worst->f)
            *worst = other;
        else
            shrink(s);
    }
}

static bool is_small(const struct simplex *s)
{
    for (int j = 1; j <= s->n; j++) {
        if (!(fabs(s->v[j].f - s->v[0].f) <= 1e-4))
            return false;
        for (int i = 0; i < s->n; i++)
            if (!(fabs(s->v[j].x[i] - s->v[0].x[i]) <= 1e-4))
                return false;
    }
    return true;
}

void nelder_mead(int n, double *x, double (*f)(int n, const double *x, const void *data),
                 const void *data)
{
    struct simplex s = { .n = n, .limit = 200 * n, .f = f, .data = data };

    for (int j = 0; j <= n; j++) {
        memcpy(s.v[j].x, x, (size_t)n * sizeof *x);
        if (j)
            s.v[j].x[j - 1] *= 1.05; /* no start has a coordinate 0 */
        evaluate(&s, &s.v[j]);
    }
    sort(&s);
    for (int k = 1; k < s.limit && s.calls < s.limit && !is_small(&s); k++) {
        step(&s);
        sort(&s);
    }
    memcpy(x, s.v[0].x, (size_t)n * sizeof *x);
}
