// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Newton's method, undamped, for u with u - a f(u) = b. The residual is taken before every
 * iteration; u is the solution when its max-norm is below the tolerance, or when the iteration
 * before changed u by rounding only. On the host. */
#ifndef SPT_NEWTON_H
#define SPT_NEWTON_H

#include "problems/problem.h"

struct newton {
    double tolerance;
    long limit; /* of iterations */
};

/* the keys of a problem that uses it; newton: that member of its parameters */
#define NEWTON_PARAMS(type, newton, tolerance_, limit_)                                            \
    { "newton_tolerance",                                                                          \
      P_REAL,                                                                                      \
      offsetof(type, newton.tolerance),                                                            \
      tolerance_,                                                                                  \
      .min = 0,                                                                                    \
      .max = INFINITY,                                                                             \
      .open_min = true,                                                                            \
      .help = "of the max-norm of the residual in a solve" },                                      \
    {                                                                                              \
        "newton_iterations", P_INT, offsetof(type, newton.limit), limit_,                          \
            .min = 1, .max = 1e6, .help = "after so many without convergence a solve has failed"   \
    }

/* Numbers that are not finite pass through a solve. Whether b or u has one: u then has one too. */
bool newton_passes_through(size_t n, const double *b, double *u);

/* Few unknowns: f and its Jacobian J[i][j] = df_i/du_j in full; J may be NULL */
enum { NEWTON_DENSE = 4 };
typedef void newton_function(const struct problem *p, const double *u, double *f,
                             double (*J)[NEWTON_DENSE]);

/* b may be u. 0, or the number of iterations after which it failed */
int newton_dense(const struct newton *s, const struct exec *x, newton_function *f,
                 const struct problem *p, double a, const double *b, double *u);

/* g = J^T v at u, of all p->n unknowns */
void newton_adjoint(newton_function *f, const struct problem *p, const double *u, const double *v,
                    double *g);

/* Many unknowns: GMRES (Saad & Schultz 1986) with the product of the Jacobian and a vector. The
 * residual is one of the preconditioned equation, so that few Krylov vectors suffice: there is no
 * restart, Newton's next iteration is one. */
struct newton_krylov {
    struct newton newton;
    double linear_tolerance; /* residual of GMRES relative to its right-hand side */
    size_t n;
    void (*residual)(const struct newton_krylov *, const struct exec *, const double *u, double *g);
    /* y = derivative of the residual at u times v */
    void (*derivative)(const struct newton_krylov *, const struct exec *, const double *u,
                       const double *v, double *y);
};

size_t newton_krylov_nwork(size_t n); /* doubles of scratch besides those of the callbacks */

/* u enters as the initial guess. 0, or the number of iterations after which it failed */
int newton_krylov(const struct newton_krylov *s, const struct exec *x, double *u);

#endif
