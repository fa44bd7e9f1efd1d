// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A problem: u' = f_I(t, u) + f_E(t, u) on a grid. It knows no method, no StarPU, no MPI. */
#ifndef SPT_PROBLEM_H
#define SPT_PROBLEM_H

#include <stdbool.h>

#include "core/config.h"
#include "core/exec.h"
#include "core/grid.h"

#ifdef __cplusplus
extern "C" {
#endif

struct problem;

enum { PROBLEM_MAX_SPLITS = 4 };

/* Kernels on plain pointers of one device. All are reentrant: they run in many tasks at once on one problem. Missing
 * ones are NULL; what a scheme needs is checked when it is created. Dirichlet rows: rhs gives 0 there, solve and impose
 * set them to their value at time t. All return 0, or a positive number (the failing row, iteration, ...) where a solve
 * did not succeed. */
struct problem_kernels {
    /* f = f_I(t, u); never NULL */
    int (*rhs_implicit)(const struct problem *, const struct exec *, double t, const double *u, double *f);
    /* f = f_E(t, u); NULL: f_E = 0 */
    int (*rhs_explicit)(const struct problem *, const struct exec *, double t, const double *u, double *f);
    /* u with u - a f_I(t, u) = b. u enters as the initial guess of iterative solves; u == b is allowed */
    int (*solve)(const struct problem *, const struct exec *, double t, double a, const double *b, double *u);
    /* sets boundary values at time t; NULL: nothing to set */
    int (*impose)(const struct problem *, const struct exec *, double t, double *u);

    /* Directional splitting for ADI, f_I = F_0 + F_1 + ... + F_splits, F_0 the mixed derivatives (explicit always).
     * y = base + sum_j w[j] F_j(t, u), j = 0..splits, in one pass; base may be y, or NULL for 0; u is never y.
     * Boundary rows of y become those of base. */
    int (*split_apply)(const struct problem *, const struct exec *, double t, const double *w, const double *u,
                       const double *base, double *y);
    /* u with u - a F_j(t, u) = b, j = 1..splits; sets boundary values at time t; u == b is allowed */
    int (*split_solve)(const struct problem *, const struct exec *, int j, double t, double a, const double *b,
                       double *u);

    /* v = the exact flow of u from t0 over dt (linear problems in an eigenbasis); u == v is allowed */
    int (*exact_step)(const struct problem *, const struct exec *, double t0, double dt, const double *u, double *v);

    /* g = J^T v, J the Jacobian of f_I + f_E by u at (t, u): gradients of residuals need it. Dirichlet rows of J are 0:
     * entries of v there are not read; columns of boundary points may have entries. g is neither u nor v. NULL: unknown;
     * a device may lack what the CPU has */
    int (*rhs_adjoint)(const struct problem *, const struct exec *, double t, const double *u, const double *v,
                       double *g);
};

/* The problem as a formula in points, if it is linear with one component, in one or two dimensions:
 *   u_t = a[0] u_xx + a[1] u_xy + a[2] u_yy + b[0] u_x + b[1] u_y + c u + d   at time t in x[dims];
 * in one dimension a[1], a[2] and b[1] are 0. On the host. */
struct pde {
    int (*coefficients)(const struct problem *, double t, const double *x, double a[3], double b[2], double *c,
                        double *d);
};

/* Fields on a grid that a state stands for without holding them: one of coefficients, say. They are what users see of
 * it. On the host, from tasks too, with nwork doubles of scratch; 0, or positive as kernels */
struct fields {
    struct grid grid;
    size_t nwork;
    /* v = the fields of u */
    int (*show)(const struct problem *, const struct exec *, double t, const double *u, double *v);
    /* u = the state nearest to fields v */
    int (*absorb)(const struct problem *, const struct exec *, double t, const double *v, double *u);
    /* Networks predict fields, or what is added to them. du = the change of the state that a change dv of the fields makes,
     * absorb(v + dv) - absorb(v) for any v, exactly 0 for 0; dv = its transpose times du. NULL: absorb is not affine */
    int (*absorb_change)(const struct problem *, const struct exec *, double t, const double *dv, double *du);
    int (*absorb_adjoint)(const struct problem *, const struct exec *, double t, const double *du, double *dv);
};

struct problem {
    const char *name;
    size_t n;                                         /* doubles in a state */
    size_t nwork;                                     /* doubles of scratch that any one kernel takes */
    int splits;                                       /* directions of the ADI splitting; 0: none */
    struct grid grid;                                 /* of a state */
    const struct fields *fields;                      /* NULL: the state itself is what users see */
    double flops_rhs, flops_solve;                    /* per call, counted; 0 unknown */
    const struct problem_kernels *kernels[DEV_COUNT]; /* [DEV_CPU] always; [DEV_CUDA]: the same set, or NULL */

    /* Host functions. */
    int (*initial)(const struct problem *, double t, double *u);
    int (*exact)(const struct problem *, double t, double *u);     /* NULL if unknown */
    /* A named quantity of a state (kinetic_energy, nusselt): 0, -ENOENT if there is none of this name. NULL: none. Of
     * `cfl`, the rate that gives the CFL number of a step dt as dt times it, runs warn when that is above 1 */
    int (*quantity)(const struct problem *, const char *name, double t, const double *u, double *value);
    /* Training without data. u = a smooth random state, of the size and the kind that solutions are, with the boundary
     * values of time t to the last bit. The same bits for the same problem, seed, index and t, whatever was drawn before;
     * 0 or -ENOMEM. NULL: none */
    int (*sample)(const struct problem *, unsigned long seed, unsigned long index, double t, double *u);
    /* jets (count, 6) = u, u_x, u_y, u_xx, u_xy, u_yy of that same function in any points x (count, dims) of the domain.
     * NULL: none */
    int (*sample_at)(const struct problem *, unsigned long seed, unsigned long index, double t, size_t count,
                     const double *x, double *jets);
    const struct pde *pde;                            /* NULL: none */
    /* Called from the main thread before tasks run, for every coefficient a and (start, end, count) of times t_0..t_count
     * that a scheme is going to use: a place to factorise and to tabulate. Kernels must give the same bits without.
     * prepare_split: the same for split_solve (j = 1..splits) */
    int (*prepare)(struct problem *, double a);
    int (*prepare_split)(struct problem *, double a);
    int (*prepare_times)(struct problem *, double start, double end, long count);
    void (*destroy)(struct problem *);                             /* frees the problem itself too */
};

/* what users see a state on */
static inline const struct grid *problem_shown(const struct problem *p)
{
    return p->fields ? &p->fields->grid : &p->grid;
}

/* One row per problem in problems/problem.c: what stands under `problem:` in a config. */
struct problem_type {
    const char *name, *help;
    const struct schema *schema;
    /* creates from bound parameters; config is the node, for error lines (file:line). 0, -EINVAL after an error line */
    int (*create)(struct problem **p, const struct node *config);
};
extern const struct problem_type *const problem_types[]; /* ends with NULL */

/* From the `problem:` node of a config: one error line on stderr and -EINVAL if it is wrong. */
int problem_create(struct problem **p, struct node *config);

/* The same problem with every axis coarsened: (points - 1)/factor + 1 points (points/factor on periodic axes, and where a
 * problem has `fields`); the config gets that grid: pass a copy. -EINVAL after an error line if that does not divide. */
int problem_create_coarse(struct problem **p, struct node *config, long factor);
void problem_destroy(struct problem **p);

/* v = what users see of u, on problem_shown: its fields, or u itself. 0, -ENOMEM, or positive */
int problem_show(const struct problem *p, double t, const double *u, double *v);

#ifdef __cplusplus
}
#endif
#endif
