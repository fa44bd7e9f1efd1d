// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Rayleigh-Benard convection in two dimensions, in the Boussinesq approximation and free-fall
 * units, u_t + u.grad u = -grad p + nu Laplace(u) + b e_z,   div u = 0,   nu = (Ra/Pr)^-1/2, b_t +
 * u.grad b = kappa Laplace(b),                               kappa = (Ra Pr)^-1/2, on [0, Lx] x [0,
 * Lz], periodic along x, between plates of b = Lz below and b = 0 above; no slip: u = 0 there, free
 * slip: w = u_z = 0. No pressure difference drives a mean flow. Ra is the Rayleigh number if Lz
 * = 1. Diffusion, pressure and buoyancy are implicit, advection is explicit.
 *
 * Fourier series along x, polynomials along z by Galerkin's method with Legendre's weight. The
 * unknowns are the stream function of the velocity and the departure of b from conduction, in bases
 * that meet the boundary conditions: the velocity is free of divergence and right at the plates
 * whatever the coefficients are, there is no pressure, and so no constraint and no algebraic
 * variable in what a scheme advances. Every matrix is symmetric, definite and of few bands, and
 * energy is gained and lost as in the equations. (Chebyshev's polynomials, which tau methods and
 * fast transforms prefer, would give none of these three; products with matrices, in place of those
 * transforms, cost about as much as the Fourier transforms up to nz of a hundred or two.) Fields
 * are shown on Chebyshev's points, ends included. See rayleigh_benard.h. */
#include "problems/rayleigh_benard.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "problems/problems.h"
#include "problems/sampling.h"

enum { LEAST = 8, MOST = 4096, MOST_Z = 1024 }; /* points of an axis */

struct params {
    double rayleigh, prandtl;
    struct reals size;
    struct ints grid;
    const char *boundary;
    struct initial_params {
        const char *kind;
        double amplitude;
        long seed, mode;
    } initial;
};

static const char *const boundaries[] = { "no_slip", "free_slip", NULL }, *const kinds[] = {
    "noise", "mode", NULL
};

static const struct param initial_params[] = {
    { "kind", P_CHOICE, offsetof(struct initial_params, kind), "noise", .choices = kinds,
      .help =
          "at rest; noise: b = Lz - z + amplitude z (Lz - z) times normal random numbers; mode: "
          "b = Lz - z + amplitude sin(pi z/Lz) cos(2 pi mode x/Lx)" },
    { "amplitude", P_REAL, offsetof(struct initial_params, amplitude), "1e-3" },
    { "seed", P_INT, offsetof(struct initial_params, seed), "42", .min = 0, .max = 1e15,
      .help = "of the noise" },
    { "mode", P_INT, offsetof(struct initial_params, mode), "1", .min = 0, .max = MOST,
      .help = "periods in Lx" },
    { NULL },
};

static const struct schema initial_schema = { "problem: rayleigh_benard, initial",
                                              "the state at t = 0", initial_params };

static const struct param params[] = {
    { "rayleigh", P_REAL, offsetof(struct params, rayleigh), "2e6", .min = 0, .max = INFINITY,
      .open_min = true, .open_max = true, .help = "Rayleigh number, for a height of 1" },
    { "prandtl", P_REAL, offsetof(struct params, prandtl), "1", .min = 0, .max = INFINITY,
      .open_min = true, .open_max = true, .help = "Prandtl number, nu/kappa" },
    { "size", P_REALS, offsetof(struct params, size), "[4, 1]", .min = 0, .max = INFINITY,
      .open_min = true, .open_max = true, .help = "[Lx, Lz]" },
    { "grid", P_INTS, offsetof(struct params, grid), "[256, 64]", .min = LEAST, .max = MOST,
      .help =
          "[points along x, points along z, plates included]; even. Products take 3/2 as many" },
    { "boundary", P_CHOICE, offsetof(struct params, boundary), "no_slip", .choices = boundaries,
      .help = "of the velocity at the plates" },
    { "initial", P_MAP, offsetof(struct params, initial), .sub = &initial_schema },
    { NULL },
};

static const struct schema schema = {
    "problem: rayleigh_benard",
    "Rayleigh-Benard convection in 2D; quantities `kinetic_energy`, `reynolds`, `nusselt`, "
    "`nusselt_bottom`, `nusselt_top`, `nusselt_thermal`, `nusselt_viscous`, `divergence`, and "
    "`cfl`, which times dt is the CFL number",
    params,
};

static const struct problem_kernels kernels = {
    .rhs_implicit = rbc_rhs_implicit,
    .rhs_explicit = rbc_rhs_explicit,
    .solve = rbc_solve,
    .rhs_adjoint = rbc_rhs_adjoint,
};

static int initial(const struct problem *p, double t, double *u)
{
    const struct rbc *s = rbc(p);
    const struct grid *g = &s->fields.grid;
    const size_t points = grid_points(g);
    double *v = calloc(RBC_FIELDS * points, sizeof *v),
           *work = aligned_alloc(64, exec_round(s->fields.nwork) * sizeof *work);
    if (!v || !work) {
        free(v);
        free(work);
        return -ENOMEM;
    }
    struct draw d = draw_open(s->seed, 0);
    for (size_t i = 0; i < points; i++) {
        const double x = g->x[0][i / s->nz], z = g->x[1][i % s->nz];
        const double shape = s->mode < 0 ? z * (s->height - z) * draw_normal(&d)
                                         : sin(M_PI * z / s->height) *
                                               cos(2 * M_PI * (double)s->mode * x / s->length);
        v[RBC_B * points + i] = s->height - z + s->amplitude * shape;
    }
    const struct exec x = exec_host(work, s->fields.nwork);
    const int failed = rbc_absorb(p, &x, t, v, u);
    free(v);
    free(work);
    return failed;
}

static void destroy(struct problem *p)
{
    struct rbc *s = (struct rbc *)p;
    rbc_fields_destroy(s);
    rbc_advection_destroy(s);
    rbc_linear_destroy(s);
    grid_free(&s->fields.grid);
    grid_free(&p->grid);
    free(s);
}

static int grids(struct rbc *s)
{
    static const char *const fields[] = { "vx", "vz", "b", "p" }, *const components[] = {
        "flow", "temperature"
    };
    struct grid *g = &s->base.grid, *shown = &s->fields.grid;
    g->components = 2;
    g->names = components;
    g->blocks[0] = 1;
    g->blocks[1] = 2;
    shown->components = RBC_FIELDS;
    shown->names = fields;
    int err = grid_axis(g, 0, "degree", s->rows, 0, (double)(s->rows - 1), false);
    if (!err)
        err = grid_axis(g, 1, "wave", s->nx, 0, (double)(s->nx - 1), false);
    if (!err)
        err = grid_axis(shown, 0, "x", s->nx, 0, s->length, true);
    if (!err)
        err = grid_axis(shown, 1, "z", s->nz, 0, s->height, false);
    if (err)
        return err;
    double *z = shown->x[1];
    chebyshev_points(s->nz, z);
    for (size_t i = 0; i < s->nz; i++)
        z[i] = s->height * (1 + z[i]) / 2;
    return 0;
}

static int check(const struct params *q, const struct node *config)
{
    if (q->size.n != 2)
        return config_key_error(config, "size", "expected 2 numbers, got %zu", q->size.n);
    if (q->grid.n != 2)
        return config_key_error(config, "grid", "expected 2 numbers, got %zu", q->grid.n);
    for (size_t a = 0; a < 2; a++)
        if (q->grid.v[a] % 2)
            return config_key_error(config, "grid", "expected even numbers, got %ld", q->grid.v[a]);
    if (q->grid.v[1] > MOST_Z)
        return config_key_error(config, "grid", "expected at most %d points along z, got %ld",
                                MOST_Z, q->grid.v[1]);
    if (!strcmp(q->initial.kind, "mode") && q->initial.mode >= q->grid.v[0] / 2)
        return config_key_error(config_child(config, "initial"), "mode",
                                "expected less than %ld, half of the points along x, got %ld",
                                q->grid.v[0] / 2, q->initial.mode);
    return 0;
}

static int create(struct problem **p, const struct node *config)
{
    struct params q;
    if (config_bind(config, &schema, (const char *const[]){ "name", NULL }, &q) ||
        check(&q, config))
        return -EINVAL;
    struct rbc *s = calloc(1, sizeof *s);
    if (!s)
        return -ENOMEM;
    s->kappa = 1 / sqrt(q.rayleigh * q.prandtl);
    s->nu = 1 / sqrt(q.rayleigh / q.prandtl);
    s->length = q.size.v[0];
    s->height = q.size.v[1];
    const bool slips = strcmp(q.boundary, "no_slip");
    s->flow_basis = slips ? BASIS_HINGED : BASIS_CLAMPED;
    s->mean_basis = slips ? BASIS_NEUMANN : BASIS_DIRICHLET;
    s->amplitude = q.initial.amplitude;
    s->seed = (unsigned long)q.initial.seed;
    s->mode = strcmp(q.initial.kind, "mode") ? -1 : q.initial.mode;
    s->nx = (size_t)q.grid.v[0];
    s->nz = (size_t)q.grid.v[1];
    s->rows = s->nz - 4;
    s->waves = s->nx / 2;
    s->base.n = 2 * s->rows * s->nx;
    int err = grids(s);
    if (!err)
        err = rbc_linear_create(s);
    if (!err)
        err = rbc_advection_create(s);
    if (!err)
        err = rbc_fields_create(s);
    if (err) {
        destroy(&s->base);
        return err;
    }
    const double n = (double)s->base.n, points = (double)(s->px * s->pz);
    const size_t linear = rbc_linear_nwork(s), advection = rbc_advection_nwork(s);
    s->fields.nwork = rbc_view_nwork(s);
    s->fields.show = rbc_show;
    s->fields.absorb = rbc_absorb;
    s->fields.absorb_change = rbc_absorb_change;
    s->fields.absorb_adjoint = rbc_absorb_adjoint;
    s->base.name = "rayleigh_benard";
    s->base.fields = &s->fields;
    s->base.nwork = linear > advection ? linear : advection;
    s->base.flops_rhs = 8 * n / 2 * (double)s->pz + 7 * 2.5 * points * log2((double)s->px);
    s->base.flops_solve = 30 * n;
    s->base.kernels[DEV_CPU] = &kernels;
    s->base.initial = initial;
    s->base.quantity = rbc_quantity;
    s->base.prepare = rbc_prepare;
    s->base.destroy = destroy;
    *p = &s->base;
    return 0;
}

const struct problem_type rayleigh_benard_type = {
    "rayleigh_benard",
    "Rayleigh-Benard convection in 2D",
    &schema,
    create,
};
