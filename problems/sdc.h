// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Spectral deferred corrections (Dutt, Greengard & Rokhlin 2000; diagonal preconditioners:
 * Caklovic, Lunet, Goetschel & Ruprecht 2024) on plain pointers. One step from u0 at t0 solves the
 * collocation problem U_m = u0 + dt sum_j q_mj f(t_j, U_j), t_j = t0 + dt tau_j, by sweeps k = 1,
 * 2, ...: U_m^k - dt d_mm f_I(U_m^k) = u0 + dt sum_j q_mj f(U_j^{k-1}) - dt sum_{j<=m} (d^I_mj f_I
 * + d^E_mj f_E)(U_j^{k-1})
 *                                + dt sum_{j<m} (d^I_mj f_I + d^E_mj f_E)(U_j^k).
 * A diagonal d^I with d^E = 0 solves all nodes at once. */
#ifndef SPT_SDC_H
#define SPT_SDC_H

#include "core/collocation.h"
#include "problems/stepper.h"

enum sdc_guess { SDC_COPY, SDC_SPREAD, SDC_ZERO, SDC_RANDOM, SDC_COARSE, SDC_NETWORK };

/* What says the states at all nodes at once. Made elsewhere: nothing here knows networks. */
struct sdc_guesser {
    size_t nwork; /* doubles of scratch */
    /* whether it can do steps of this length: 0, or -EINVAL after an error line */
    int (*prepare)(struct sdc_guesser *, struct interval step);
    /* U[m] (n) = the state at node m of the step from u0 */
    void (*nodes)(const struct sdc_guesser *, const struct exec *, struct interval step,
                  const double *u0, double *const *U);
    void (*destroy)(struct sdc_guesser *);
};
/* From the node `network:` of SDC's config, for nodes c. 0, or -errno after one error line. NULL until tasks/guess.c's is
 * put here */
extern int (*sdc_guesser_create)(struct sdc_guesser **g, struct problem *p,
                                 const struct collocation *c, struct node *config);

struct sdc {
    struct problem *problem; /* borrowed */
    struct collocation *c;
    int M;
    long sweeps;
    double tolerance; /* of the residual, max norm: fewer sweeps are done once it is met; 0: all of
                         them */
    enum sdc_guess guess;
    struct stepper *coarse; /* of SDC_COARSE: one step from node to node; owned */
    struct sdc_guesser *guesser; /* of SDC_NETWORK; owned */
    bool doubts;                 /* its nodes are taken only if their residual is not above a copy's */
    bool record;            /* residuals are computed after every sweep, to be reported */
    double adaptive, safety,
        first;     /* tolerance of the error estimate (0: fixed steps), factor, first step */
    bool dense;    /* all nodes of the last sweep are wanted */
    bool update;   /* the step ends by the quadrature, not by the last node */
    bool split;    /* the problem has an explicit term */
    bool diagonal; /* no node waits for another one of its sweep */
    int tables;    /* sweeps from this one on use the last matrix */
    double *implicit, *explicit; /* (tables, M, M) */
};

/* the keys of `{name: sdc}` besides those of every propagator */
extern const struct schema sdc_schema;
extern const struct stepper_type sdc_stepper_type;
extern const char *const sdc_also[]; /* the keys that belong to the propagator */

/* 0, or -EINVAL after one error line */
int sdc_create(struct sdc **s, struct problem *p, struct node *config);
void sdc_destroy(struct sdc **s);
int sdc_prepare(const struct sdc *s, struct interval step);

/* doubles of scratch that sdc_node, sdc_start and sdc_residual take, their problem's kernels
 * included */
size_t sdc_node_work(const struct sdc *s);

/* The start of the sweeps at node m = 0..M-1: U_m^0 and f of it (copy: f(t0, u0), the same for
 * every node). coarse: from U_{m-1}^0 in `before` (u0 for m = 0), which the other guesses do not
 * read. fe may be NULL if the problem has no explicit term. 0, or positive where a solve failed */
int sdc_start(const struct sdc *s, const struct exec *x, struct interval step, int m,
              const double *u0, const double *before, double *u, double *fi, double *fe);

/* The start of all nodes of a step, U (M), fi (M), fe (M), whatever the guess; the largest residual is reported if the
 * guess is a network's that may be refused, or if residuals are. work: sdc_start_work doubles. Host only where either is so.
 * 0, or positive where a solve failed */
int sdc_start_all(const struct sdc *s, const struct exec *x, struct interval step, const double *u0,
                  double *const *U, double *const *fi, double *const *fe);
size_t sdc_start_work(const struct sdc *s);
/* the largest of sdc_residual over the nodes */
int sdc_residuals(const struct sdc *s, const struct exec *x, struct interval step, const double *u0,
                  double *const *fi, double *const *fe, double *const *U, double *worst);

/* Node m of sweep k = 1, 2, ...: u enters as U_m^{k-1} and leaves as U_m^k, fi and fe as f of it.
 * old_i, old_e (M): f of the sweep before; new_i, new_e (M): of this sweep, read for j < m only,
 * and only if the scheme is not diagonal. fi NULL: f is not wanted. 0, or positive where the solve
 * failed */
int sdc_node(const struct sdc *s, const struct exec *x, struct interval step, long k, int m,
             const double *u0, const double *const *old_i, const double *const *old_e,
             const double *const *new_i, const double *const *new_e, double *u, double *fi,
             double *fe);

double sdc_node_time(const struct sdc *s, struct interval step, int m);

/* Whether anything reads U or f of node m of sweep k: of the last sweep of a diagonal scheme only
 * the last node is left */
bool sdc_needs_node(const struct sdc *s, long k, int m);
bool sdc_needs_rhs(const struct sdc *s, long k, int m);

/* Seconds that one node of the first sweep takes here, from the initial state, best of three; host
 * only. A solve that fails is not an error here: it fails again where it can be named. 0 or -ENOMEM
 */
int sdc_node_seconds(const struct sdc *s, struct interval step, double *seconds);

/* residual[0] = max |u0 + dt sum_j q_mj f_j - u| of node m; host only */
int sdc_residual(const struct sdc *s, const struct exec *x, struct interval step, int m,
                 const double *u0, const double *const *fi, const double *const *fe,
                 const double *u, double *residual);

/* v = the end of the step: the last node u_M, or the quadrature */
int sdc_end(const struct sdc *s, const struct exec *x, struct interval step, const double *u0,
            const double *const *fi, const double *const *fe, const double *u_M, double *v);

#endif
