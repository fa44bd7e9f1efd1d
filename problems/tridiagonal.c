// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/tridiagonal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/exec.h"

int tridiagonal_create(struct tridiagonal *A, size_t n, size_t first, size_t end)
{
    double *block = calloc(3 * n, sizeof *block);
    *A = (struct tridiagonal){ n, first, end, block, block + n, block + 2 * n };
    return block ? 0 : -ENOMEM;
}

void tridiagonal_destroy(struct tridiagonal *A)
{
    exec_constant_forget(A->lower);
    free(A->lower);
    *A = (struct tridiagonal){ 0 };
}

int tridiagonal_factor(const struct tridiagonal *A, double a, double *f)
{
    double *p = f, *q = f + A->n, *c = f + 2 * A->n, last = 0;
    for (size_t i = A->first; i < A->end; i++) {
        const double pivot = 1 - a * A->diag[i] + a * A->lower[i] * last;
        if (pivot == 0 || !isfinite(pivot))
            return (int)i + 1;
        p[i] = 1 / pivot;
        q[i] = -a * A->lower[i] / pivot;
        c[i] = last = -a * A->upper[i] / pivot;
    }
    return 0;
}

void tridiagonal_solve(const struct tridiagonal *A, const double *f, double west, double east,
                       const double *b, double *u)
{
    const double *p = f, *q = f + A->n, *c = f + 2 * A->n;
    double last = west;
    for (size_t i = A->first; i < A->end; i++)
        u[i] = last = p[i] * b[i] - q[i] * last;
    last = east;
    for (size_t i = A->end; i-- > A->first;)
        u[i] = last = u[i] - c[i] * last;
    if (A->first > 0)
        u[0] = west;
    if (A->end < A->n)
        u[A->n - 1] = east;
}

int factors_add(struct factors *s, const struct tridiagonal *A, double a)
{
    if (factors_find(s, a))
        return 0;
    struct factored *v = realloc(s->v, (s->count + 1) * sizeof *v);
    if (v)
        s->v = v;
    double *f = malloc(3 * A->n * sizeof *f);
    if (!v || !f) {
        free(f);
        return -ENOMEM;
    }
    if (tridiagonal_factor(A, a, f)) { /* singular: the solve itself will say so */
        free(f);
        return 0;
    }
    v[s->count++] = (struct factored){ a, f };
    exec_constant(f, 3 * A->n * sizeof *f);
    return 0;
}

const double *factors_find(const struct factors *s, double a)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->v[i].a == a)
            return s->v[i].f;
    return NULL;
}

void factors_destroy(struct factors *s)
{
    for (size_t i = 0; i < s->count; i++) {
        exec_constant_forget(s->v[i].f);
        free(s->v[i].f);
    }
    free(s->v);
    *s = (struct factors){ 0, NULL };
}
