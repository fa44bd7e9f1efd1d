// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Collocation on [0, 1]: nodes tau, quadrature matrices, and the matrices QDelta that precondition
 * spectral deferred corrections (SDC). Needs the C library only: pkg-config starpint-collocation.
 *
 * Collocation solves Y - dt Q F(Y) = u0. Sweep k = 1, 2, ... of SDC solves
 *   Y' - dt QDelta F(Y') = u0 + dt (Q - QDelta) F(Y).
 * Matrices are row-major, (M, M), without a row or column for t = 0. */
#ifndef SPT_COLLOCATION_H
#define SPT_COLLOCATION_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { COLLOCATION_MAX = 32 }; /* nodes */

enum collocation_error {
    COLLOCATION_NODES = -1000, /* unknown name of nodes */
    COLLOCATION_QUADRATURE,    /* unknown name of a quadrature */
    COLLOCATION_COUNT,         /* number of nodes out of range */
    QDELTA_NAME,               /* unknown name */
    QDELTA_SWEEP,              /* sweeps count from 1 */
    QDELTA_NO_TABLE,           /* tabulated, but not for this kind of nodes */
    QDELTA_NO_ROW,             /* tabulated for these nodes, but not for so many */
    QDELTA_SINGULAR,           /* a matrix to divide by has no inverse */
    QDELTA_NO_CONVERGENCE,     /* of the iteration that defines the coefficients */
    COLLOCATION_NO_LAST_NODE   /* tau_M < 1: the step ends by the quadrature only */
};

enum collocation_nodes {
    NODES_EQUID,
    NODES_LEGENDRE,
    NODES_CHEBY_1, /* to NODES_CHEBY_4: roots of Chebyshev polynomials of the four kinds */
    NODES_CHEBY_2,
    NODES_CHEBY_3,
    NODES_CHEBY_4
};

enum collocation_quadrature { /* which ends of [0, 1] are nodes */
                              QUADRATURE_GAUSS,
                              QUADRATURE_RADAU_LEFT,
                              QUADRATURE_RADAU_RIGHT,
                              QUADRATURE_LOBATTO
};

/* End with NULL. Wherever a name is taken, case and the signs - and _ do not count. */
extern const char *const collocation_nodes_names[], *const collocation_quadrature_names[];

struct collocation {
    enum collocation_nodes nodes;
    enum collocation_quadrature quadrature;
    int M;
    int order;                          /* of the quadrature, and so of collocation */
    bool includes_left, includes_right; /* tau_1 = 0, tau_M = 1 exactly */
    double *tau;                        /* (M) ascending */
    double *weights;                    /* (M) integrals of the Lagrange polynomials over [0, 1] */
    double *Q;                          /* (M, M) over [0, tau_m] */
    double *S;                          /* (M, M) over [tau_{m-1}, tau_m], tau_0 = 0 */
};

/* 1 <= M <= COLLOCATION_MAX, or 2 <= M where tau_1 = 0. 0, -ENOMEM or a collocation_error */
int collocation_create(struct collocation **c, const char *nodes, const char *quadrature, int M);
void collocation_destroy(struct collocation **c);

struct qdelta_type {
    const char *name;
    const char *aliases[4]; /* up to a NULL */
    const char *help;
    bool diagonal;    /* its nodes can be solved in parallel */
    bool lower;       /* triangular: its nodes can be solved one after the other */
    bool is_explicit; /* strictly lower: nothing to solve */
    bool sweeps;      /* depends on the sweep */
    /* for one sweep, into zeros; parameter: a divisor or a factor */
    int (*generate)(const struct qdelta_type *, const struct collocation *c, int sweep, double *QD,
                    double *dtau);
    double parameter;
};
extern const struct qdelta_type qdelta_types[]; /* ends with a NULL name */
extern const char *const qdelta_names[];        /* the same, ends with NULL */

/* by name or alias; NULL if unknown */
const struct qdelta_type *qdelta_find(const char *name);

/* The first sweep from which on the matrix stays the same; INT_MAX if it never does. */
int qdelta_last_sweep(const struct qdelta_type *t, const struct collocation *c);

/* QD (M, M) of a sweep 1, 2, ...; dtau (M): the coefficients of f(u0), for schemes between nodes
 * that start in t = 0; may be NULL (in an SDC sweep they cancel). Where tau_1 = 0, the first row is
 * zero: u0 stays. 0 or a collocation_error */
int qdelta_generate(const struct collocation *c, const char *name, int sweep, double *QD,
                    double *dtau);

/* One line on an error of the functions above and its remedy, as far as known from their arguments
 * (NULL or 0 where there were none). */
enum { COLLOCATION_TEXT = 512 };
const char *collocation_explain(char text[COLLOCATION_TEXT], int error, const char *nodes,
                                const char *quadrature, int M, const char *qdelta);

/* ---- what a choice of QDelta does to u' = lambda u, z = lambda dt ---- */

/* K (M, M) = Q - QDelta: the iteration matrix / z for z -> 0 */
void sdc_nonstiff(const struct collocation *c, const double *QD, double *K);
/* K (M, M) = 1 - QDelta^-1 Q: the iteration matrix for z -> infinity. Where tau_1 = 0, its first
 * row and column are zero: u0 has no error. 0 or QDELTA_SINGULAR */
int sdc_stiff(const struct collocation *c, const double *QD, double *K);

/* largest absolute eigenvalue of A (n, n), n <= COLLOCATION_MAX. Of a nilpotent matrix this is
 * about epsilon^(1/n): ask for the norm of its n-th power instead. NAN if it is not found */
double spectral_radius(int n, const double *A);
double max_norm(int n, const double *A); /* largest row sum of absolute values */
/* max_norm(A^k) */
double power_norm(int n, const double *A, int k);

/* R (re, im): u(dt) for u(0) = 1 after K sweeps from a copy of u0, by the last node, or by the
 * weights where `update`. QD (K, M, M): one matrix for each sweep. z may be infinite (not with
 * update). 0, QDELTA_SINGULAR or COLLOCATION_NO_LAST_NODE */
int sdc_stability(const struct collocation *c, int K, const double *QD, bool update,
                  const double z[2], double R[2]);

/* The power series of that R: sum over i <= n of series[i] z^i */
int sdc_series(const struct collocation *c, int K, const double *QD, bool update, int n,
               double *series);

/* The order p of K sweeps, and the coefficient of z^(p+1) in R - exp(z) */
int sdc_order(const struct collocation *c, int K, const double *QD, bool update, int *order,
              double *coefficient);

#ifdef __cplusplus
}
#endif
#endif
