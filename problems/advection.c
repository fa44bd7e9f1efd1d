// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Advection and diffusion u_t + c u_x = nu u_xx on [0, L], periodic. Discretisations: a Fourier
 * series, or differences of order p: centredP on p + 1 points around the middle; upwindP on p + 1
 * points, of which one or two more lie upstream than downstream (upwind1: the plain upwind scheme;
 * upwind2: the one-sided one). u_xx is centred, of the next even order. All are diagonal in Fourier
 * space: solves and the flow of the semi-discrete equation are exact. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "problems/diagonal.h"
#include "problems/problems.h"
#include "problems/profile.h"

enum { TOTAL, DIFFUSION, ADVECTION, TERMS };

struct advection {
    struct problem base;
    struct diagonal diagonal;
    bool spectral;
    struct stencil stencil[TERMS]; /* unless spectral */
    double *symbol[TERMS];
    struct stencil reversed; /* transposed, of TOTAL; its symbol, if spectral */
    double *conjugate;
    int implicit; /* TOTAL, or DIFFUSION where ADVECTION is explicit */
    struct profile_axis initial;
    double speed, diffusivity;
};

struct params {
    long grid;
    double length, speed, diffusivity;
    const char *discretisation, *split;
    struct profile initial;
};

static const char *const discretisations[] = { "spectral", "upwind1",  "upwind2", "upwind3",
                                               "upwind4",  "upwind5",  "upwind6", "centred2",
                                               "centred4", "centred6", NULL };
static const char *const splits[] = { "none", "imex", NULL };

static const struct param params[] = {
    { "grid", P_INT, offsetof(struct params, grid), "64", .min = 9, .max = 1e9, .help = "points" },
    { "length", P_REAL, offsetof(struct params, length), "1", .min = 0, .max = INFINITY,
      .open_min = true, .help = "of the domain" },
    { "speed", P_REAL, offsetof(struct params, speed), "1", .help = "positive: towards larger x" },
    { "diffusivity", P_REAL, offsetof(struct params, diffusivity), "0", .min = 0, .max = INFINITY },
    { "discretisation", P_CHOICE, offsetof(struct params, discretisation), "spectral",
      .choices = discretisations,
      .help = "Fourier series, or differences of the given order, upwind or centred" },
    { "split", P_CHOICE, offsetof(struct params, split), "none", .choices = splits,
      .help = "imex: diffusion implicit, advection explicit; none: both implicit" },
    { "initial", P_MAP, offsetof(struct params, initial), "{}", .sub = &profile_schema,
      .help = "the state at t = 0" },
    { NULL },
};

static const struct schema schema = {
    "problem: advection",
    "u_t + c u_x = nu u_xx, periodic in one dimension",
    params,
};

static const struct advection *advection(const struct problem *p)
{
    return (const struct advection *)p;
}

static int apply(const struct problem *p, const struct exec *x, int term, const double *u,
                 double *f)
{
    const struct advection *v = advection(p);
    if (v->spectral)
        return diagonal_multiply(&v->diagonal, x, DIAGONAL_APPLY, 1, v->symbol[term], u, f);
    stencil_apply(&p->grid, x, &v->stencil[term], u, f);
    return 0;
}

static int rhs_implicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    exec_count(x, 1, 0, 0);
    return apply(p, x, advection(p)->implicit, u, f);
}

static int rhs_explicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    exec_count(x, 1, 0, 0);
    return apply(p, x, ADVECTION, u, f);
}

static int rhs_adjoint(const struct problem *p, const struct exec *x, double t, const double *u,
                       const double *v, double *g)
{
    const struct advection *s = advection(p);
    if (s->spectral)
        return diagonal_multiply(&s->diagonal, x, DIAGONAL_APPLY, 1, s->conjugate, v, g);
    stencil_apply(&p->grid, x, &s->reversed, v, g);
    return 0;
}

static int solve(const struct problem *p, const struct exec *x, double t, double a, const double *b,
                 double *u)
{
    exec_count(x, 0, 1, 0);
    const struct advection *v = advection(p);
    return diagonal_multiply(&v->diagonal, x, DIAGONAL_SOLVE, a, v->symbol[v->implicit], b, u);
}

static int exact_step(const struct problem *p, const struct exec *x, double t0, double dt,
                      const double *u, double *w)
{
    const struct advection *v = advection(p);
    return diagonal_multiply(&v->diagonal, x, DIAGONAL_FLOW, dt, v->symbol[TOTAL], u, w);
}

/* of the continuous equation */
static int exact(const struct problem *p, double t, double *u)
{
    const struct advection *v = advection(p);
    profile_fill(&v->initial, &p->grid, v->speed * t, v->diffusivity * t, u);
    return 0;
}

/* they run on every device */
static const struct problem_kernels kernels[2] = {
    { .rhs_implicit = rhs_implicit,
      .solve = solve,
      .exact_step = exact_step,
      .rhs_adjoint = rhs_adjoint },
    { .rhs_implicit = rhs_implicit,
      .rhs_explicit = rhs_explicit,
      .solve = solve,
      .exact_step = exact_step,
      .rhs_adjoint = rhs_adjoint },
};

static void destroy(struct problem *p)
{
    struct advection *v = (struct advection *)p;
    diagonal_destroy(&v->diagonal);
    for (int i = 0; i < TERMS; i++)
        diagonal_free(v->symbol[i]);
    diagonal_free(v->conjugate);
    grid_free(&p->grid);
    free(v);
}

static void make_stencils(struct advection *v, const char *name, double h)
{
    const bool upwind = name[0] == 'u';
    const int order = name[strlen(name) - 1] - '0';
    int upstream = order / 2, downstream = order / 2;
    if (upwind) {
        upstream = order / 2 + 1;
        downstream = order - upstream;
    }
    const bool left = v->speed >= 0; /* upstream lies to the left */
    const int reach = (order + 1) / 2;
    const struct stencil first =
        stencil_derivative(1, left ? -upstream : -downstream, left ? downstream : upstream, h);
    const struct stencil second = stencil_derivative(2, -reach, reach, h);
    v->stencil[ADVECTION] = stencil_sum(-v->speed, &first, 0, &first);
    v->stencil[DIFFUSION] = stencil_sum(v->diffusivity, &second, 0, &second);
    v->stencil[TOTAL] = v->diffusivity > 0 ? stencil_sum(-v->speed, &first, v->diffusivity, &second)
                                           : v->stencil[ADVECTION];
    v->reversed = stencil_reversed(&v->stencil[TOTAL]);
}

static int create(struct problem **p, const struct node *config)
{
    struct params q;
    if (config_bind(config, &schema, (const char *const[]){ "name", NULL }, &q) ||
        profile_check(&q.initial, config, 1))
        return -EINVAL;
    struct advection *v = calloc(1, sizeof *v);
    if (!v)
        return -ENOMEM;
    const bool spectral = !strcmp(q.discretisation, "spectral"), imex = !strcmp(q.split, "imex");
    v->spectral = spectral;
    v->speed = q.speed;
    v->diffusivity = q.diffusivity;
    v->implicit = imex ? DIFFUSION : TOTAL;
    struct grid *g = &v->base.grid;
    g->components = 1;
    int err = grid_axis(g, 0, "x", (size_t)q.grid, 0, q.length, true);
    if (!err)
        err = diagonal_create(&v->diagonal, g);
    if (!spectral)
        make_stencils(v, q.discretisation, q.length / (double)q.grid);
    for (int i = 0; i < TERMS && !err; i++) {
        v->symbol[i] = spectral ? diagonal_derivatives(&v->diagonal, i == DIFFUSION ? 0 : -q.speed,
                                                       i == ADVECTION ? 0 : q.diffusivity)
                                : diagonal_stencil(&v->diagonal, &v->stencil[i]);
        err = v->symbol[i] ? 0 : -ENOMEM;
    }
    if (!err && spectral) {
        v->conjugate = diagonal_derivatives(&v->diagonal, q.speed, q.diffusivity);
        err = v->conjugate ? 0 : -ENOMEM;
    }
    if (err) {
        destroy(&v->base);
        return err;
    }
    profile_axes(&q.initial, g, &v->initial);

    const struct stencil *s = &v->stencil[v->implicit];
    v->base.name = "advection";
    v->base.n = grid_doubles(g);
    v->base.nwork = diagonal_nwork(&v->diagonal);
    v->base.flops_solve = diagonal_flops(&v->diagonal);
    v->base.flops_rhs =
        spectral ? v->base.flops_solve : 2 * (double)(s->last - s->first + 1) * (double)q.grid;
    v->base.kernels[DEV_CPU] = &kernels[imex];
    v->base.kernels[DEV_CUDA] = DEV_CUDA_KERNELS(kernels[imex]);
    v->base.initial = v->base.exact = exact;
    v->base.destroy = destroy;
    *p = &v->base;
    return 0;
}

const struct problem_type advection_type = { "advection", "linear advection and diffusion in 1D",
                                             &schema, create };
