// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The Gray-Scott (1983) system
 *   u_t = D_u Laplace(u) - u v^2 + A (1 - u),   v_t = D_v Laplace(v) + u v^2 - B v
 * on [-L/2, L/2)^2, periodic, by a Fourier series: diffusion implicit, reaction explicit.
 *
 * u = 1, v = 0 is at rest; N x N pairs of blobs disturb it, as in pySDC and Chebfun's example:
 *   u -= exp(-80 |(x, y) - c + (0.05, 0.02)|^2),   v += exp(-80 |(x, y) - c - (0.05, 0.02)|^2)
 * around c = (L i/(N+1) - L/2, L j/(N+1) - L/2), i, j = 1..N. There the signs of the two offsets
 * are drawn at random for each pair; here they are always these. Where blobs overlap, they add up.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "problems/diagonal.h"
#include "problems/problems.h"

struct gray_scott {
    struct problem base;
    struct diagonal diagonal;
    double *laplace;
    double diffusivity[2], feed, kill;
    long blobs;
};

struct params {
    struct ints grid;
    double length, diffusivity[2], feed, kill;
    long blobs;
};

static const struct param params[] = {
    { "grid", P_INTS, offsetof(struct params, grid), "128", .min = 5, .max = 1e5,
      .help = "points per axis; one for both, or two" },
    { "length", P_REAL, offsetof(struct params, length), "2", .min = 0, .max = INFINITY,
      .open_min = true, .help = "of each side of the domain" },
    { "diffusivity_u", P_REAL, offsetof(struct params, diffusivity[0]), "1", .min = 0,
      .max = INFINITY },
    { "diffusivity_v", P_REAL, offsetof(struct params, diffusivity[1]), "0.01", .min = 0,
      .max = INFINITY },
    { "feed", P_REAL, offsetof(struct params, feed), "0.09",
      .help = "A, the rate at which u is fed" },
    { "kill", P_REAL, offsetof(struct params, kill), "0.086",
      .help = "B, the rate at which v decays" },
    { "blobs", P_INT, offsetof(struct params, blobs), "1", .min = 0, .max = 1000,
      .help = "so many by so many at t = 0" },
    { NULL },
};

static const struct schema schema = {
    "problem: gray_scott",
    "u_t = D_u Laplace(u) - u v^2 + A (1 - u), v_t = D_v Laplace(v) + u v^2 - B v, periodic in 2D",
    params,
};

static const struct gray_scott *gray_scott(const struct problem *p)
{
    return (const struct gray_scott *)p;
}

/* both components multiplied by function(a D, Laplace) */
static int diffuse(const struct problem *p, const struct exec *x, enum diagonal_function function,
                   double a, const double *u, double *f)
{
    const struct gray_scott *s = gray_scott(p);
    const size_t points = p->n / 2;
    int failed = 0;
    for (int c = 0; c < 2; c++)
        failed |= diagonal_multiply(&s->diagonal, x, function, a * s->diffusivity[c], s->laplace,
                                    u + (size_t)c * points, f + (size_t)c * points);
    return failed;
}

static int rhs_implicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    exec_count(x, 1, 0, 0);
    return diffuse(p, x, DIAGONAL_APPLY, 1, u, f);
}

static int rhs_explicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    const struct gray_scott *s = gray_scott(p);
    const size_t points = p->n / 2;
    const double *v = u + points, feed = s->feed, kill = s->kill;
    double *g = f + points;
    exec_count(x, 1, 0, 0);
    for (size_t i = 0; i < points; i++) {
        const double reaction = u[i] * v[i] * v[i];
        f[i] = feed * (1 - u[i]) - reaction;
        g[i] = reaction - kill * v[i];
    }
    return 0;
}

static int rhs_adjoint(const struct problem *p, const struct exec *x, double t, const double *u,
                       const double *w, double *g)
{
    const struct gray_scott *s = gray_scott(p);
    const size_t points = p->n / 2;
    const double *v = u + points, *w2 = w + points;
    double *g2 = g + points;
    const int failed = diffuse(p, x, DIAGONAL_APPLY, 1, w, g);
    for (size_t i = 0; i < points; i++) {
        const double change = w2[i] - w[i]; /* the reaction takes from u what it gives to v */
        g[i] += v[i] * v[i] * change - s->feed * w[i];
        g2[i] += 2 * u[i] * v[i] * change - s->kill * w2[i];
    }
    return failed;
}

static int solve(const struct problem *p, const struct exec *x, double t, double a, const double *b,
                 double *u)
{
    exec_count(x, 0, 1, 0);
    return diffuse(p, x, DIAGONAL_SOLVE, a, b, u);
}

static const struct problem_kernels kernels = {
    .rhs_implicit = rhs_implicit,
    .rhs_explicit = rhs_explicit,
    .solve = solve,
    .rhs_adjoint = rhs_adjoint,
};

static int initial(const struct problem *p, double t, double *u)
{
    const struct gray_scott *s = gray_scott(p);
    const struct grid *g = &p->grid;
    const size_t points = p->n / 2;
    const double apart = g->length[0] / (double)(s->blobs + 1), x0 = g->x[0][0], y0 = g->x[1][0];
    for (size_t at = 0; at < points; at++) {
        const double x = g->x[0][at / g->shape[1]], y = g->x[1][at % g->shape[1]];
        double sum[2] = { 0, 0 };
        for (long i = 1; i <= s->blobs; i++)
            for (long j = 1; j <= s->blobs; j++) {
                const double dx = x - (x0 + apart * (double)i), dy = y - (y0 + apart * (double)j);
                for (int c = 0; c < 2; c++) {
                    const double sign = c ? -1 : 1;
                    const double ex = dx + sign * 0.05, ey = dy + sign * 0.02;
                    sum[c] += exp(-80 * (ex * ex + ey * ey));
                }
            }
        u[at] = 1 - sum[0];
        u[points + at] = sum[1];
    }
    return 0;
}

static void destroy(struct problem *p)
{
    struct gray_scott *s = (struct gray_scott *)p;
    diagonal_destroy(&s->diagonal);
    diagonal_free(s->laplace);
    grid_free(&p->grid);
    free(s);
}

static int create(struct problem **p, const struct node *config)
{
    static const char *const axes[] = { "x", "y" }, *const names[] = { "u", "v" };
    struct params q;
    if (config_bind(config, &schema, (const char *const[]){ "name", NULL }, &q))
        return -EINVAL;
    if (q.grid.n != 1 && q.grid.n != 2)
        return config_key_error(config, "grid", "expected 1 or 2 numbers, got %zu", q.grid.n);
    struct gray_scott *s = calloc(1, sizeof *s);
    if (!s)
        return -ENOMEM;
    struct grid *g = &s->base.grid;
    g->components = 2;
    g->names = names;
    int err = 0;
    for (int a = 0; a < 2 && !err; a++)
        err = grid_axis(g, a, axes[a], (size_t)q.grid.v[q.grid.n > 1 ? a : 0], -q.length / 2,
                        q.length / 2, true);
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
    for (int c = 0; c < 2; c++)
        s->diffusivity[c] = q.diffusivity[c];
    s->feed = q.feed;
    s->kill = q.kill;
    s->blobs = q.blobs;
    s->base.name = "gray_scott";
    s->base.n = grid_doubles(g);
    s->base.nwork = diagonal_nwork(&s->diagonal);
    s->base.flops_rhs = s->base.flops_solve = 2 * diagonal_flops(&s->diagonal);
    s->base.kernels[DEV_CPU] = &kernels;
    s->base.initial = initial;
    s->base.destroy = destroy;
    *p = &s->base;
    return 0;
}

const struct problem_type gray_scott_type = { "gray_scott", "the Gray-Scott system in 2D", &schema,
                                              create };
