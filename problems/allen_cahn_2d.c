// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The Allen-Cahn equation u_t = Laplace(u) + u (1 - u^2)/epsilon^2 on [-0.5, 0.5)^2, periodic, by a
 * Fourier series. A circle of u = 1 in u = -1 shrinks: as epsilon -> 0 its radius is
 * sqrt(radius^2 - 2t). */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "problems/diagonal.h"
#include "problems/newton.h"
#include "problems/problems.h"

struct allen_cahn_2d {
    struct problem base;
    struct diagonal diagonal;
    double *laplace;
    double epsilon, radius;
    struct newton newton;
    double linear_tolerance;
};

struct params {
    struct ints grid;
    double epsilon, radius;
    const char *split;
    struct newton newton;
    double linear_tolerance;
};

static const char *const splits[] = { "none", "imex", NULL };

static const struct param params[] = {
    { "grid", P_INTS, offsetof(struct params, grid), "128", .min = 5, .max = 1e5,
      .help = "points per axis; one for both, or two" },
    { "epsilon", P_REAL, offsetof(struct params, epsilon), "0.04", .min = 0, .max = INFINITY,
      .open_min = true, .help = "width of the interface" },
    { "radius", P_REAL, offsetof(struct params, radius), "0.25", .min = 0, .max = 0.5,
      .help = "of the circle at t = 0" },
    { "split", P_CHOICE, offsetof(struct params, split), "imex", .choices = splits,
      .help = "imex: diffusion implicit, reaction explicit; none: both implicit (Newton, GMRES)" },
    NEWTON_PARAMS(struct params, newton, "1e-12", "100"),
    { "linear_tolerance", P_REAL, offsetof(struct params, linear_tolerance), "1e-8", .min = 0,
      .max = 1, .open_min = true, .help = "relative, of the linear systems in Newton's method" },
    { NULL },
};

static const struct schema schema = {
    "problem: allen_cahn_2d",
    "u_t = Laplace(u) + u (1 - u^2)/epsilon^2, a shrinking circle; quantity `radius`",
    params,
};

static const struct allen_cahn_2d *allen_cahn_2d(const struct problem *p)
{
    return (const struct allen_cahn_2d *)p;
}

static int diffusion(const struct problem *p, const struct exec *x, double t, const double *u,
                     double *f)
{
    const struct allen_cahn_2d *s = allen_cahn_2d(p);
    exec_count(x, 1, 0, 0);
    return diagonal_multiply(&s->diagonal, x, DIAGONAL_APPLY, 1, s->laplace, u, f);
}

static int reaction(const struct problem *p, const struct exec *x, double t, const double *u,
                    double *f)
{
    const double epsilon = allen_cahn_2d(p)->epsilon, rate = 1 / (epsilon * epsilon);
    exec_count(x, 1, 0, 0);
    for (size_t i = 0; i < p->n; i++)
        f[i] = rate * u[i] * (1 - u[i] * u[i]);
    return 0;
}

static int both(const struct problem *p, const struct exec *x, double t, const double *u, double *f)
{
    const double epsilon = allen_cahn_2d(p)->epsilon, rate = 1 / (epsilon * epsilon);
    const int failed = diffusion(p, x, t, u, f);
    for (size_t i = 0; i < p->n; i++)
        f[i] += rate * u[i] * (1 - u[i] * u[i]);
    return failed;
}

static int rhs_adjoint(const struct problem *p, const struct exec *x, double t, const double *u,
                       const double *v, double *g)
{
    const struct allen_cahn_2d *s = allen_cahn_2d(p);
    const double rate = 1 / (s->epsilon * s->epsilon);
    const int failed = diagonal_multiply(&s->diagonal, x, DIAGONAL_APPLY, 1, s->laplace, v, g);
    for (size_t i = 0; i < p->n; i++)
        g[i] += rate * (1 - 3 * u[i] * u[i]) * v[i];
    return failed;
}

static int solve_diffusion(const struct problem *p, const struct exec *x, double t, double a,
                           const double *b, double *u)
{
    const struct allen_cahn_2d *s = allen_cahn_2d(p);
    exec_count(x, 0, 1, 0);
    return diagonal_multiply(&s->diagonal, x, DIAGONAL_SOLVE, a, s->laplace, b, u);
}

/* ---- both terms implicit ---- */

/* The reaction decays at the rate 2/epsilon^2 = shift/a where u = 1 and u = -1, in most points:
 * preconditioned by S = (1 + shift - a Laplace)^-1,
 *   u - S (b + a u (1 - u^2)/epsilon^2 + shift u) = 0. */
struct system {
    struct newton_krylov base;
    const struct allen_cahn_2d *s;
    double a, rate, shift; /* rate = a/epsilon^2 */
    const double *b;
};

/* g = u - S g */
static void precondition(const struct system *y, const struct exec *x, const double *u, double *g)
{
    const struct allen_cahn_2d *s = y->s;
    diagonal_multiply(&s->diagonal, x, DIAGONAL_SOLVE, y->a / (1 + y->shift), s->laplace, g, g);
    for (size_t i = 0; i < y->base.n; i++)
        g[i] = u[i] - g[i] / (1 + y->shift);
}

static void residual(const struct newton_krylov *base, const struct exec *x, const double *u,
                     double *g)
{
    const struct system *y = (const struct system *)base;
    for (size_t i = 0; i < base->n; i++)
        g[i] = y->b[i] + u[i] * (y->rate * (1 - u[i] * u[i]) + y->shift);
    precondition(y, x, u, g);
}

static void linearised(const struct newton_krylov *base, const struct exec *x, const double *u,
                       const double *v, double *g)
{
    const struct system *y = (const struct system *)base;
    for (size_t i = 0; i < base->n; i++)
        g[i] = (y->rate * (1 - 3 * u[i] * u[i]) + y->shift) * v[i];
    precondition(y, x, v, g);
}

static int solve_both(const struct problem *p, const struct exec *exec, double t, double a,
                      const double *b, double *u)
{
    const struct allen_cahn_2d *s = allen_cahn_2d(p);
    const double rate = a / (s->epsilon * s->epsilon);
    struct exec x = *exec;
    exec_count(&x, 0, 1, 0);
    if (newton_passes_through(p->n, b, u))
        return 0;
    double *right = exec_take(&x, p->n);
    memcpy(right, b, p->n * sizeof *b);
    const struct system y = {
        { s->newton, s->linear_tolerance, p->n, residual, linearised }, s, a, rate, 2 * rate, right
    };
    return newton_krylov(&y.base, &x, u);
}

static int initial(const struct problem *p, double t, double *u)
{
    const struct allen_cahn_2d *s = allen_cahn_2d(p);
    const struct grid *g = &p->grid;
    for (size_t i = 0; i < g->shape[0]; i++)
        for (size_t j = 0; j < g->shape[1]; j++)
            u[i * g->shape[1] + j] =
                tanh((s->radius - hypot(g->x[0][i], g->x[1][j])) / (M_SQRT2 * s->epsilon));
    return 0;
}

/* of a circle with the area where u > 0; u is linear between the points of a line */
static double radius(const struct grid *g, const double *u)
{
    const size_t n = g->shape[1];
    double cells = 0;
    for (size_t i = 0; i < g->shape[0]; i++)
        for (size_t j = 0; j < n; j++) {
            const double v = u[i * n + j], w = u[i * n + (j + 1) % n];
            if (v > 0 && w > 0)
                cells += 1;
            else if (v > 0 || w > 0)
                cells += fmax(v, w) / fabs(v - w);
        }
    return sqrt(cells / (double)grid_points(g) * g->length[0] * g->length[1] / M_PI);
}

static int quantity(const struct problem *p, const char *name, double t, const double *u,
                    double *value)
{
    if (strcmp(name, "radius"))
        return -ENOENT;
    *value = radius(&p->grid, u);
    return 0;
}

static const struct problem_kernels kernels[2] = {
    { .rhs_implicit = both, .solve = solve_both, .rhs_adjoint = rhs_adjoint },
    { .rhs_implicit = diffusion,
      .rhs_explicit = reaction,
      .solve = solve_diffusion,
      .rhs_adjoint = rhs_adjoint },
};

static void destroy(struct problem *p)
{
    struct allen_cahn_2d *s = (struct allen_cahn_2d *)p;
    diagonal_destroy(&s->diagonal);
    diagonal_free(s->laplace);
    grid_free(&p->grid);
    free(s);
}

static int create(struct problem **p, const struct node *config)
{
    static const char *const names[] = { "x", "y" };
    struct params q;
    if (config_bind(config, &schema, (const char *const[]){ "name", NULL }, &q))
        return -EINVAL;
    if (q.grid.n != 1 && q.grid.n != 2)
        return config_key_error(config, "grid", "expected 1 or 2 numbers, got %zu", q.grid.n);
    struct allen_cahn_2d *s = calloc(1, sizeof *s);
    if (!s)
        return -ENOMEM;
    const bool imex = !strcmp(q.split, "imex");
    struct grid *g = &s->base.grid;
    g->components = 1;
    s->epsilon = q.epsilon;
    s->radius = q.radius;
    s->newton = q.newton;
    s->linear_tolerance = q.linear_tolerance;
    int err = 0;
    for (int a = 0; a < 2 && !err; a++)
        err = grid_axis(g, a, names[a], (size_t)q.grid.v[q.grid.n > 1 ? a : 0], -0.5, 0.5, true);
    if (!err)
        err = diagonal_create(&s->diagonal, g);
    if (!err) {
        s->laplace = diagonal_derivatives(&s->diagonal, 0, 1);
        err = s->laplace ? 0 : -ENOMEM;
    }
    if (err) {
        destroy(&s->base);
        return err;
    }
    s->base.name = "allen_cahn_2d";
    s->base.n = grid_doubles(g);
    s->base.nwork = diagonal_nwork(&s->diagonal);
    if (!imex)
        s->base.nwork += exec_round(s->base.n) + newton_krylov_nwork(s->base.n);
    s->base.flops_rhs = diagonal_flops(&s->diagonal);
    s->base.flops_solve = imex ? diagonal_flops(&s->diagonal) : 0;
    s->base.kernels[DEV_CPU] = &kernels[imex];
    s->base.initial = initial;
    s->base.quantity = quantity;
    s->base.destroy = destroy;
    *p = &s->base;
    return 0;
}

const struct problem_type allen_cahn_2d_type = {
    "allen_cahn_2d",
    "a shrinking circle of the Allen-Cahn equation in 2D",
    &schema,
    create,
};
