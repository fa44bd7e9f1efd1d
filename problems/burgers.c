// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Burgers' equation u_t + (u^2/2)_x = nu u_xx on [0, L], periodic, by a Fourier series; products
 * are taken in the points, without dealiasing. From mean + amplitude sin(2 pi x/L) its solution is
 * known (Cole 1951, Hopf 1950). */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "problems/diagonal.h"
#include "problems/newton.h"
#include "problems/problems.h"

enum { MAX_STEEPNESS = 1000000 }; /* z of the exact solution; about the points that a shock needs */

struct burgers {
    struct problem base;
    struct diagonal diagonal;
    double *first, *second; /* symbols of d/dx and nu d^2/dx^2 */
    double viscosity, amplitude, mean;
    struct newton newton;
    double linear_tolerance;
};

struct params {
    long grid;
    double length, viscosity, amplitude, mean;
    const char *split;
    struct newton newton;
    double linear_tolerance;
};

static const char *const splits[] = { "none", "imex", NULL };

static const struct param params[] = {
    { "grid", P_INT, offsetof(struct params, grid), "128", .min = 5, .max = 1e8, .help = "points" },
    { "length", P_REAL, offsetof(struct params, length), "1", .min = 0, .max = INFINITY,
      .open_min = true, .help = "of the domain" },
    { "viscosity", P_REAL, offsetof(struct params, viscosity), "0.02", .min = 0, .max = INFINITY,
      .open_min = true },
    { "amplitude", P_REAL, offsetof(struct params, amplitude), "1",
      .help = "of the sine wave at t = 0" },
    { "mean", P_REAL, offsetof(struct params, mean), "0",
      .help = "of u: the speed at which the solution travels" },
    { "split", P_CHOICE, offsetof(struct params, split), "imex", .choices = splits,
      .help =
          "imex: diffusion implicit, convection explicit; none: both implicit (Newton, GMRES)" },
    NEWTON_PARAMS(struct params, newton, "1e-12", "100"),
    { "linear_tolerance", P_REAL, offsetof(struct params, linear_tolerance), "1e-8", .min = 0,
      .max = 1, .open_min = true, .help = "relative, of the linear systems in Newton's method" },
    { NULL },
};

static const struct schema schema = {
    "problem: burgers",
    "u_t + (u^2/2)_x = nu u_xx, periodic in one dimension",
    params,
};

static const struct burgers *burgers(const struct problem *p)
{
    return (const struct burgers *)p;
}

/* w = c (1 - a nu d^2/dx^2)^-1 d/dx w */
static void derivative(const struct burgers *s, const struct exec *exec, double c, double a,
                       double *w)
{
    const struct fft *fft = s->diagonal.fft;
    const double by = c / fft_scale(fft);
    struct exec x = *exec;
    double *hat = exec_take(&x, 2 * s->diagonal.count);
    fft_forward(fft, &x, w, hat);
    for (size_t k = 0; k < 2 * s->diagonal.count; k += 2) {
        const double wave = by * s->first[k + 1] / (1 - a * s->second[k]), real = hat[k];
        hat[k] = -wave * hat[k + 1];
        hat[k + 1] = wave * real;
    }
    fft_inverse(fft, &x, hat, w);
}

static int convection(const struct problem *p, const struct exec *x, double t, const double *u,
                      double *f)
{
    exec_count(x, 1, 0, 0);
    for (size_t i = 0; i < p->n; i++)
        f[i] = u[i] * u[i];
    derivative(burgers(p), x, -0.5, 0, f);
    return 0;
}

static int diffusion(const struct problem *p, const struct exec *x, double t, const double *u,
                     double *f)
{
    exec_count(x, 1, 0, 0);
    return diagonal_multiply(&burgers(p)->diagonal, x, DIAGONAL_APPLY, 1, burgers(p)->second, u, f);
}

static int both(const struct problem *p, const struct exec *exec, double t, const double *u,
                double *f)
{
    struct exec x = *exec;
    x.count = NULL;
    exec_count(exec, 1, 0, 0);
    double *part = exec_take(&x, p->n);
    const int failed = diffusion(p, &x, t, u, f) || convection(p, &x, t, u, part);
    for (size_t i = 0; i < p->n; i++)
        f[i] += part[i];
    return failed;
}

/* d/dx is antisymmetric: (-d/dx u)^T = u d/dx */
static int rhs_adjoint(const struct problem *p, const struct exec *exec, double t, const double *u,
                       const double *v, double *g)
{
    const struct burgers *s = burgers(p);
    struct exec x = *exec;
    double *slope = exec_take(&x, p->n);
    memcpy(slope, v, p->n * sizeof *v);
    derivative(s, &x, 1, 0, slope);
    const int failed = diagonal_multiply(&s->diagonal, &x, DIAGONAL_APPLY, 1, s->second, v, g);
    for (size_t i = 0; i < p->n; i++)
        g[i] += u[i] * slope[i];
    return failed;
}

static int solve_diffusion(const struct problem *p, const struct exec *x, double t, double a,
                           const double *b, double *u)
{
    exec_count(x, 0, 1, 0);
    return diagonal_multiply(&burgers(p)->diagonal, x, DIAGONAL_SOLVE, a, burgers(p)->second, b, u);
}

/* ---- both terms implicit ---- */

/* preconditioned by S = (1 - a nu d^2/dx^2)^-1: u + a S (u^2/2)_x = S b */
struct system {
    struct newton_krylov base;
    const struct burgers *s;
    double a;
    const double *right; /* S b */
};

static void residual(const struct newton_krylov *base, const struct exec *x, const double *u,
                     double *g)
{
    const struct system *y = (const struct system *)base;
    for (size_t i = 0; i < base->n; i++)
        g[i] = u[i] * u[i];
    derivative(y->s, x, y->a / 2, y->a, g);
    for (size_t i = 0; i < base->n; i++)
        g[i] = (u[i] - y->right[i]) + g[i];
}

static void linearised(const struct newton_krylov *base, const struct exec *x, const double *u,
                       const double *v, double *g)
{
    const struct system *y = (const struct system *)base;
    for (size_t i = 0; i < base->n; i++)
        g[i] = u[i] * v[i];
    derivative(y->s, x, y->a, y->a, g);
    for (size_t i = 0; i < base->n; i++)
        g[i] = v[i] + g[i];
}

static int solve_both(const struct problem *p, const struct exec *exec, double t, double a,
                      const double *b, double *u)
{
    const struct burgers *s = burgers(p);
    struct exec x = *exec;
    exec_count(&x, 0, 1, 0);
    if (newton_passes_through(p->n, b, u))
        return 0;
    double *right = exec_take(&x, p->n);
    const struct system y = {
        { s->newton, s->linear_tolerance, p->n, residual, linearised }, s, a, right
    };
    const int failed = diagonal_multiply(&s->diagonal, &x, DIAGONAL_SOLVE, a, s->second, b, right);
    return failed ? failed : newton_krylov(&y.base, &x, u);
}

/* Without the mean u is the average of u_0(y) under the weight
 *   exp(z cos ky - (x - y)^2/(4 nu t)),  k = 2 pi/L,  z = amplitude/(2 nu k),
 * whose sums over equidistant y converge exponentially. Nothing cancels, as it would in the series
 * of Bessel functions. */
static double cole_hopf(const struct burgers *s, double x, double t)
{
    const double k = 2 * M_PI / s->base.grid.length[0], z = s->amplitude / (2 * s->viscosity * k);
    const double spread = 4 * s->viscosity * t;
    if (spread <= 0)
        return s->amplitude * sin(k * x);
    if (spread * k * k > 200) /* exp(-50) is left of it */
        return 0;
    /* narrower than any peak of the weight; as far as it exceeds rounding */
    const double step = 2 * M_PI / (12 * k + 12 * sqrt(2 / spread + fabs(z) * k * k));
    const long points = (long)(sqrt(spread * (2 * fabs(z) + 40)) / step) + 1;
    double most = -INFINITY, sum = 0, total = 0;
    for (long j = -points; j <= points; j++) {
        const double d = (double)j * step;
        most = fmax(most, z * cos(k * (x + d)) - d * d / spread);
    }
    for (long j = -points; j <= points; j++) {
        const double d = (double)j * step;
        const double weight = exp(z * cos(k * (x + d)) - d * d / spread - most);
        sum += weight * sin(k * (x + d));
        total += weight;
    }
    return s->amplitude * sum / total;
}

static int exact(const struct problem *p, double t, double *u)
{
    const struct burgers *s = burgers(p);
    for (size_t i = 0; i < p->n; i++)
        u[i] = s->mean + cole_hopf(s, p->grid.x[0][i] - s->mean * t, t);
    return 0;
}

static const struct problem_kernels kernels[2] = {
    { .rhs_implicit = both, .solve = solve_both, .rhs_adjoint = rhs_adjoint },
    { .rhs_implicit = diffusion,
      .rhs_explicit = convection,
      .solve = solve_diffusion,
      .rhs_adjoint = rhs_adjoint },
};

static void destroy(struct problem *p)
{
    struct burgers *s = (struct burgers *)p;
    diagonal_destroy(&s->diagonal);
    diagonal_free(s->first);
    diagonal_free(s->second);
    grid_free(&p->grid);
    free(s);
}

static int create(struct problem **p, const struct node *config)
{
    struct params q;
    if (config_bind(config, &schema, (const char *const[]){ "name", NULL }, &q))
        return -EINVAL;
    const double least = fabs(q.amplitude) * q.length / (4 * M_PI * MAX_STEEPNESS);
    if (q.viscosity < least)
        return config_key_error(config, "viscosity",
                                "expected at least %g with this amplitude and length, got %g",
                                least, q.viscosity);
    struct burgers *s = calloc(1, sizeof *s);
    if (!s)
        return -ENOMEM;
    const bool imex = !strcmp(q.split, "imex");
    struct grid *g = &s->base.grid;
    g->components = 1;
    s->viscosity = q.viscosity;
    s->amplitude = q.amplitude;
    s->mean = q.mean;
    s->newton = q.newton;
    s->linear_tolerance = q.linear_tolerance;
    int err = grid_axis(g, 0, "x", (size_t)q.grid, 0, q.length, true);
    if (!err)
        err = diagonal_create(&s->diagonal, g);
    if (!err) {
        s->first = diagonal_derivatives(&s->diagonal, 1, 0);
        s->second = diagonal_derivatives(&s->diagonal, 0, q.viscosity);
        err = s->first && s->second ? 0 : -ENOMEM;
    }
    if (err) {
        destroy(&s->base);
        return err;
    }
    s->base.name = "burgers";
    s->base.n = grid_doubles(g);
    s->base.nwork = diagonal_nwork(&s->diagonal) + exec_round(s->base.n);
    if (!imex)
        s->base.nwork += newton_krylov_nwork(s->base.n);
    s->base.flops_rhs = (imex ? 1 : 2) * diagonal_flops(&s->diagonal);
    s->base.flops_solve = imex ? diagonal_flops(&s->diagonal) : 0;
    s->base.kernels[DEV_CPU] = &kernels[imex];
    s->base.initial = s->base.exact = exact;
    s->base.destroy = destroy;
    *p = &s->base;
    return 0;
}

const struct problem_type burgers_type = { "burgers", "Burgers' equation in 1D", &schema, create };
