// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The stiff problem of Prothero & Robinson (1974), u' = -(u - cos t)/epsilon - sin t, whose
 * solution from 1 at t = 0 is cos t for every epsilon. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "problems/problems.h"

struct params {
    double epsilon;
};

struct prothero_robinson {
    struct problem base;
    double epsilon;
};

static const struct param params[] = {
    { "epsilon", P_REAL, offsetof(struct params, epsilon), "1e-3", .min = 0, .max = INFINITY,
      .open_min = true, .help = "small: stiff" },
    { NULL },
};

static const struct schema schema = {
    "problem: prothero_robinson",
    "u' = -(u - cos t)/epsilon - sin t",
    params,
};

static double epsilon(const struct problem *p)
{
    return ((const struct prothero_robinson *)p)->epsilon;
}

static int rhs_implicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    exec_count(x, 1, 0, 0);
    *f = -(*u - cos(t)) / epsilon(p) - sin(t);
    return 0;
}

static int rhs_adjoint(const struct problem *p, const struct exec *x, double t, const double *u,
                       const double *v, double *g)
{
    *g = -*v / epsilon(p);
    return 0;
}

static int solve(const struct problem *p, const struct exec *x, double t, double a, const double *b,
                 double *u)
{
    const double e = epsilon(p), factor = e + a;
    exec_count(x, 0, 1, 0);
    *u = (e * (*b - a * sin(t)) + a * cos(t)) / factor;
    return factor == 0;
}

static const struct problem_kernels kernels = {
    .rhs_implicit = rhs_implicit,
    .solve = solve,
    .rhs_adjoint = rhs_adjoint,
};

static int exact(const struct problem *p, double t, double *u)
{
    *u = cos(t);
    return 0;
}

static void destroy(struct problem *p)
{
    grid_free(&p->grid);
    free(p);
}

static int create(struct problem **p, const struct node *config)
{
    struct params q;
    if (config_bind(config, &schema, (const char *const[]){ "name", NULL }, &q))
        return -EINVAL;
    struct prothero_robinson *r = malloc(sizeof *r);
    if (!r)
        return -ENOMEM;
    *r = (struct prothero_robinson){
        .base = {
            .name = "prothero_robinson",
            .n = 1,
            .grid = { .components = 1 },
            .flops_rhs = 4,
            .flops_solve = 6,
            .kernels = { &kernels },
            .initial = exact,
            .exact = exact,
            .destroy = destroy,
        },
        .epsilon = q.epsilon,
    };
    if (grid_axis(&r->base.grid, 0, "point", 1, 0, 0, false)) {
        destroy(&r->base);
        return -ENOMEM;
    }
    *p = &r->base;
    return 0;
}

const struct problem_type prothero_robinson_type = {
    "prothero_robinson",
    "a stiff scalar equation with the solution cos t",
    &schema,
    create,
};
