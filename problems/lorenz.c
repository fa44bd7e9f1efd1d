// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The Lorenz (1963) system x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "problems/newton.h"
#include "problems/problems.h"

struct params {
    double sigma, rho, beta;
    struct reals initial;
    struct newton newton;
};

struct lorenz {
    struct problem base;
    double sigma, rho, beta, initial[3];
    struct newton newton;
};

static const struct param params[] = {
    { "sigma", P_REAL, offsetof(struct params, sigma), "10", .help = "Prandtl number" },
    { "rho", P_REAL, offsetof(struct params, rho), "28", .help = "relative Rayleigh number" },
    { "beta", P_REAL, offsetof(struct params, beta), "2.6666666666666665",
      .help = "shape of the cells" },
    { "initial", P_REALS, offsetof(struct params, initial), "[5, -5, 20]", .help = "x, y, z" },
    NEWTON_PARAMS(struct params, newton, "1e-12", "100"),
    { NULL },
};

static const struct schema schema = {
    "problem: lorenz",
    "x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z",
    params,
};

static const struct lorenz *lorenz(const struct problem *p)
{
    return (const struct lorenz *)p;
}

static void f_and_jacobian(const struct problem *p, const double *u, double *f,
                           double (*J)[NEWTON_DENSE])
{
    const struct lorenz *l = lorenz(p);
    const double x = u[0], y = u[1], z = u[2];
    f[0] = l->sigma * (y - x);
    f[1] = x * (l->rho - z) - y;
    f[2] = x * y - l->beta * z;
    if (J) {
        const double rows[3][3] = {
            { -l->sigma, l->sigma, 0 },
            { l->rho - z, -1, -x },
            { y, x, -l->beta },
        };
        for (int i = 0; i < 3; i++)
            memcpy(J[i], rows[i], sizeof rows[i]);
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
    return newton_dense(&lorenz(p)->newton, x, f_and_jacobian, p, a, b, u);
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
    memcpy(u, lorenz(p)->initial, sizeof lorenz(p)->initial);
    return 0;
}

static void destroy(struct problem *p)
{
    grid_free(&p->grid);
    free(p);
}

static int create(struct problem **p, const struct node *config)
{
    static const char *const names[] = { "x", "y", "z" };
    struct params q;
    if (config_bind(config, &schema, (const char *const[]){ "name", NULL }, &q))
        return -EINVAL;
    if (q.initial.n != 3)
        return config_key_error(config, "initial", "expected 3 numbers, got %zu", q.initial.n);
    struct lorenz *l = malloc(sizeof *l);
    if (!l)
        return -ENOMEM;
    *l = (struct lorenz){
        .base = {
            .name = "lorenz",
            .n = 3,
            .grid = { .components = 3, .names = names },
            .flops_rhs = 8,
            .kernels = { &kernels },
            .initial = initial,
            .destroy = destroy,
        },
        .sigma = q.sigma,
        .rho = q.rho,
        .beta = q.beta,
        .newton = q.newton,
    };
    memcpy(l->initial, q.initial.v, sizeof l->initial);
    if (grid_axis(&l->base.grid, 0, "point", 1, 0, 0, false)) {
        destroy(&l->base);
        return -ENOMEM;
    }
    *p = &l->base;
    return 0;
}

const struct problem_type lorenz_type = { "lorenz", "the Lorenz system, chaotic", &schema, create };
