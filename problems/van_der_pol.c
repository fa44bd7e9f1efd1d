// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Van der Pol's oscillator u' = v, v' = mu (1 - u^2) v - u. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "problems/newton.h"
#include "problems/problems.h"

struct params {
    double mu;
    struct reals initial;
    struct newton newton;
};

struct van_der_pol {
    struct problem base;
    double mu, initial[2];
    struct newton newton;
};

static const struct param params[] = {
    { "mu", P_REAL, offsetof(struct params, mu), "5", .help = "large: stiff" },
    { "initial", P_REALS, offsetof(struct params, initial), "[2, 0]", .help = "u, v" },
    NEWTON_PARAMS(struct params, newton, "1e-12", "100"),
    { NULL },
};

static const struct schema schema = {
    "problem: van_der_pol",
    "u' = v, v' = mu (1 - u^2) v - u",
    params,
};

static const struct van_der_pol *van_der_pol(const struct problem *p)
{
    return (const struct van_der_pol *)p;
}

static void f_and_jacobian(const struct problem *p, const double *u, double *f,
                           double (*J)[NEWTON_DENSE])
{
    const double mu = van_der_pol(p)->mu;
    f[0] = u[1];
    f[1] = mu * (1 - u[0] * u[0]) * u[1] - u[0];
    if (J) {
        J[0][0] = 0;
        J[0][1] = 1;
        J[1][0] = -2 * mu * u[0] * u[1] - 1;
        J[1][1] = mu * (1 - u[0] * u[0]);
    }
}

static int rhs_implicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    exec_count(x, 1, 0, 0);
    f_and_jacobian(p, u, f, NULL);
    return 0;
}

static int solve(const struct problem *p, const struct exec *x, double t, double a, const double *b,
                 double *u)
{
    exec_count(x, 0, 1, 0);
    return newton_dense(&van_der_pol(p)->newton, x, f_and_jacobian, p, a, b, u);
}

static int rhs_adjoint(const struct problem *p, const struct exec *x, double t, const double *u,
                       const double *v, double *g)
{
    newton_adjoint(f_and_jacobian, p, u, v, g);
    return 0;
}

static const struct problem_kernels kernels = {
    .rhs_implicit = rhs_implicit,
    .solve = solve,
    .rhs_adjoint = rhs_adjoint,
};

static int initial(const struct problem *p, double t, double *u)
{
    memcpy(u, van_der_pol(p)->initial, sizeof van_der_pol(p)->initial);
    return 0;
}

static void destroy(struct problem *p)
{
    grid_free(&p->grid);
    free(p);
}

static int create(struct problem **p, const struct node *config)
{
    static const char *const names[] = { "u", "v" };
    struct params q;
    if (config_bind(config, &schema, (const char *const[]){ "name", NULL }, &q))
        return -EINVAL;
    if (q.initial.n != 2)
        return config_key_error(config, "initial", "expected 2 numbers, got %zu", q.initial.n);
    struct van_der_pol *v = malloc(sizeof *v);
    if (!v)
        return -ENOMEM;
    *v = (struct van_der_pol){
        .base = {
            .name = "van_der_pol",
            .n = 2,
            .grid = { .components = 2, .names = names },
            .flops_rhs = 6,
            .kernels = { &kernels },
            .initial = initial,
            .destroy = destroy,
        },
        .mu = q.mu,
        .newton = q.newton,
    };
    memcpy(v->initial, q.initial.v, sizeof v->initial);
    if (grid_axis(&v->base.grid, 0, "point", 1, 0, 0, false)) {
        destroy(&v->base);
        return -ENOMEM;
    }
    *p = &v->base;
    return 0;
}

const struct problem_type van_der_pol_type = { "van_der_pol", "Van der Pol's oscillator", &schema,
                                               create };
