// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The heat equation u_t = nu Laplace(u) on [0, L]^d, periodic or with the value 0 on the boundary.
 * A Fourier or sine transform diagonalises every discretisation here, so solves and the flow of the
 * semi-discrete equation are exact. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "problems/diagonal.h"
#include "problems/problems.h"
#include "problems/profile.h"

struct heat {
    struct problem base;
    struct diagonal diagonal;
    struct stencil stencil[GRID_MAX_DIMS]; /* unless spectral */
    struct profile_axis initial[GRID_MAX_DIMS];
    double *symbol; /* of nu Laplace as discretised */
    double diffusivity;
};

struct params {
    struct ints grid;
    struct reals length;
    double diffusivity;
    const char *discretisation, *boundary;
    struct profile initial;
};

static const char *const discretisations[] = { "spectral", "fd2", "fd4", NULL };
static const char *const boundaries[] = { "periodic", "dirichlet", NULL };

static const struct param params[] = {
    { "grid", P_INTS, offsetof(struct params, grid), "64", .min = 5, .max = 1e8,
      .help = "points per axis, 1 to 3 axes; both ends included if dirichlet" },
    { "length", P_REALS, offsetof(struct params, length), "1", .min = 0, .max = INFINITY,
      .open_min = true, .help = "of the domain; one for all axes, or one per axis" },
    { "diffusivity", P_REAL, offsetof(struct params, diffusivity), "0.1", .min = 0,
      .max = INFINITY },
    { "discretisation", P_CHOICE, offsetof(struct params, discretisation), "spectral",
      .choices = discretisations,
      .help = "Fourier or sine series, or central differences of order 2 or 4" },
    { "boundary", P_CHOICE, offsetof(struct params, boundary), "periodic", .choices = boundaries,
      .help = "periodic, or the value 0 (dirichlet)" },
    { "initial", P_MAP, offsetof(struct params, initial), "{}", .sub = &profile_schema,
      .help = "the state at t = 0" },
    { NULL },
};

static const struct schema schema = {
    "problem: heat",
    "u_t = nu Laplace(u) in 1 to 3 dimensions",
    params,
};

static const struct heat *heat(const struct problem *p)
{
    return (const struct heat *)p;
}

static int rhs_spectral(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    exec_count(x, 1, 0, 0);
    return diagonal_multiply(&heat(p)->diagonal, x, DIAGONAL_APPLY, 1, heat(p)->symbol, u, f);
}

static int rhs_stencil(const struct problem *p, const struct exec *x, double t, const double *u,
                       double *f)
{
    exec_count(x, 1, 0, 0);
    stencil_apply(&p->grid, x, heat(p)->stencil, u, f);
    return 0;
}

/* symmetric, but for the columns of boundary points: a series does not read those */
static int adjoint_spectral(const struct problem *p, const struct exec *x, double t,
                            const double *u, const double *v, double *g)
{
    return diagonal_multiply(&heat(p)->diagonal, x, DIAGONAL_APPLY, 1, heat(p)->symbol, v, g);
}

static int adjoint_periodic(const struct problem *p, const struct exec *x, double t,
                            const double *u, const double *v, double *g)
{
    stencil_apply(&p->grid, x, heat(p)->stencil, v, g);
    return 0;
}

static int adjoint_stencil(const struct problem *p, const struct exec *x, double t, const double *u,
                           const double *v, double *g)
{
    stencil_adjoint(&p->grid, heat(p)->stencil, v, g);
    return 0;
}

static int solve(const struct problem *p, const struct exec *x, double t, double a, const double *b,
                 double *u)
{
    exec_count(x, 0, 1, 0);
    return diagonal_multiply(&heat(p)->diagonal, x, DIAGONAL_SOLVE, a, heat(p)->symbol, b, u);
}

static int exact_step(const struct problem *p, const struct exec *x, double t0, double dt,
                      const double *u, double *v)
{
    return diagonal_multiply(&heat(p)->diagonal, x, DIAGONAL_FLOW, dt, heat(p)->symbol, u, v);
}

static int impose(const struct problem *p, const struct exec *x, double t, double *u)
{
    diagonal_zero_ends(&p->grid, x, u);
    return 0;
}

/* of the continuous equation */
static int exact(const struct problem *p, double t, double *u)
{
    profile_fill(heat(p)->initial, &p->grid, 0, heat(p)->diffusivity * t, u);
    return 0;
}

#define KERNELS(rhs, boundary, adjoint)                                                            \
    {                                                                                              \
        .rhs_implicit = rhs, .solve = solve, .impose = boundary, .exact_step = exact_step,         \
        .rhs_adjoint = adjoint                                                                     \
    }
#define SPECTRAL                                                                                   \
    {                                                                                              \
        KERNELS(rhs_spectral, NULL, adjoint_spectral),                                             \
            KERNELS(rhs_spectral, impose, adjoint_spectral)                                        \
    }
static const struct problem_kernels kernels[DEV_COUNT][2][2] = {
    /* periodic, dirichlet; all but one run on every device */
    { SPECTRAL,
      { KERNELS(rhs_stencil, NULL, adjoint_periodic),
        KERNELS(rhs_stencil, impose, adjoint_stencil) } },
    { SPECTRAL,
      { KERNELS(rhs_stencil, NULL, adjoint_periodic), KERNELS(rhs_stencil, impose, NULL) } },
};

static void destroy(struct problem *p)
{
    struct heat *h = (struct heat *)p;
    diagonal_destroy(&h->diagonal);
    diagonal_free(h->symbol);
    grid_free(&p->grid);
    free(h);
}

static int create(struct problem **p, const struct node *config)
{
    static const char *const names[] = { "x", "y", "z" };
    struct params q;
    if (config_bind(config, &schema, (const char *const[]){ "name", NULL }, &q))
        return -EINVAL;
    const int dims = (int)q.grid.n;
    if (dims < 1 || dims > GRID_MAX_DIMS)
        return config_key_error(config, "grid", "expected 1 to 3 numbers, got %d", dims);
    if (q.length.n != 1 && q.length.n != q.grid.n)
        return config_key_error(config, "length", "expected 1 number or %d, one per axis, got %zu",
                                dims, q.length.n);
    if (profile_check(&q.initial, config, dims))
        return -EINVAL;

    const bool periodic = !strcmp(q.boundary, "periodic");
    const bool spectral = !strcmp(q.discretisation, "spectral");
    const int reach = !strcmp(q.discretisation, "fd4") ? 2 : 1;
    struct heat *h = calloc(1, sizeof *h);
    if (!h)
        return -ENOMEM;
    struct grid *g = &h->base.grid;
    int err = 0;
    g->components = 1;
    for (int a = 0; a < dims && !err; a++) {
        const double length = q.length.v[q.length.n > 1 ? a : 0];
        err = grid_axis(g, a, names[a], (size_t)q.grid.v[a], 0, length, periodic);
        const double step = length / (double)(q.grid.v[a] - (periodic ? 0 : 1));
        h->stencil[a] = stencil_derivative(2, -reach, reach, step);
        h->stencil[a] = stencil_sum(q.diffusivity, &h->stencil[a], 0, &h->stencil[a]);
    }
    if (!err)
        err = diagonal_create(&h->diagonal, g);
    if (!err) {
        h->symbol = spectral ? diagonal_derivatives(&h->diagonal, 0, q.diffusivity)
                             : diagonal_stencil(&h->diagonal, h->stencil);
        err = h->symbol ? 0 : -ENOMEM;
    }
    if (err) {
        destroy(&h->base);
        return err;
    }
    profile_axes(&q.initial, g, h->initial);
    h->diffusivity = q.diffusivity;

    const double n = (double)grid_points(g);
    h->base.name = "heat";
    h->base.n = grid_doubles(g);
    h->base.nwork = diagonal_nwork(&h->diagonal);
    h->base.flops_solve = diagonal_flops(&h->diagonal);
    h->base.flops_rhs = spectral ? h->base.flops_solve : n * dims * (4 * reach + 2);
    h->base.kernels[DEV_CPU] = &kernels[DEV_CPU][!spectral][!periodic];
    h->base.kernels[DEV_CUDA] = DEV_CUDA_KERNELS(kernels[DEV_CUDA][!spectral][!periodic]);
    h->base.initial = h->base.exact = exact;
    h->base.destroy = destroy;
    *p = &h->base;
    return 0;
}

const struct problem_type heat_type = { "heat", "the heat equation in 1 to 3 dimensions", &schema,
                                        create };
