// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A network as a step of a problem, on plain pointers: encode, layers, decode. What tasks of networks, for runs and for
 * training, are made of. What a network sees of a problem with fields are these, and it predicts fields: their change makes
 * one of the state,
 *   v = u + absorb_change(scale N), or absorb(mean + std N) where it predicts states,
 * the projection of fields onto what states can be. Fields that a state does not hold, a pressure, are seen but have no part in
 * v. */
#ifndef SPT_NEURAL_H
#define SPT_NEURAL_H

#include "core/interval.h"
#include "nn/network.h"
#include "problems/problem.h"

struct neural {
    struct problem *problem;      /* on the network's grid; borrowed */
    struct network *network;      /* borrowed */
    double tau[CODEC_NODES];      /* (nodes) where in the step its states are, as fractions; the last one is 1 */
    double size[CODEC_COMPONENTS]; /* of the change of a state over a step, per component: lesson_calibrate */
};

/* what the network sees a state on */
static inline const struct grid *neural_grid(const struct problem *p)
{
    return problem_shown(p);
}

/* whether the problem imposes values in the ends of its grid: what network_create is told */
static inline bool neural_boundary(const struct problem *p)
{
    return p->kernels[DEV_CPU]->impose;
}

/* doubles that hold so many reals of a network */
static inline size_t neural_doubles(const struct network *n, size_t reals)
{
    return (reals * dtype_size(n->dtype) + sizeof(double) - 1) / sizeof(double);
}

bool neural_cuda(const struct neural *); /* all of it runs on DEV_CUDA */

/* Whether a network of this description can be used on such states: 0, or -EINVAL after an error line about config */
int neural_check(const struct problem *p, const struct network *n, const struct node *config);

/* Tells the problem the times between steps like this one, where neural_step needs boundary values, and the network's codec how
 * much such a step damps the shortest waves (codec_damp). 0 or -errno */
int neural_prepare(const struct neural *, struct interval step);

/* lifting (nodes, n) of the change of the boundary values from the step's start to each node; 0 where the problem imposes
 * none */
void neural_liftings(const struct neural *, const struct exec *, struct interval step, double *lifting);
size_t neural_liftings_work(const struct neural *);

/* v (nodes, n) = the states that the network predicts from u (n); they do not overlap. params on the device of x */
void neural_nodes(const struct neural *, const struct exec *, struct interval step, const void *params, const double *u,
                  double *v);
/* v (n) = the last of them */
void neural_step(const struct neural *, const struct exec *, struct interval step, const void *params, const double *u,
                 double *v);
size_t neural_work(const struct neural *); /* doubles of scratch of either */

/* fields (c->n): as the network says them at the step's end, before they become a state; of problems without fields, the state
 * itself. seen (c->n): those of u */
void neural_fields(const struct neural *, const struct exec *, struct interval step, const void *params, const double *u,
                   double *seen, double *fields);

/* The parts of all that, c the network's codec. What it sees of u: its fields, smoothed; written to seen (c->n), or u itself,
 * where that is the same */
const double *neural_seen(const struct neural *, const struct exec *, const double *u, double *seen);
size_t neural_seen_work(const struct neural *);
/* v (n) = the state at node m from the network's output; lifting NULL without boundary */
void neural_state(const struct neural *, const struct exec *, int m, const double *u, const double *seen,
                  const double *lifting, const void *out, double *v);
/* entries of node m of dout = those of (dv_m/dout)^T dv (n) */
void neural_state_adjoint(const struct neural *, const struct exec *, int m, const double *dv, void *dout);
size_t neural_state_work(const struct neural *); /* of either */

/* neural_step in its parts: the lifting (n; not touched without boundary) of the step's end and the network's input; then
 * network_forward; then the state from its output. Scratch of the first: neural_liftings_work */
void neural_encode(const struct neural *, const struct exec *, struct interval step, const double *u, double *lifting,
                   void *in);
void neural_decode(const struct neural *, const struct exec *, const double *u, const double *lifting, const void *out,
                   double *v);

#endif
