// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A network as a step of a problem, on plain pointers: encode, layers, decode. What tasks of networks, for runs and for
 * training, are made of. */
#ifndef SPT_NEURAL_H
#define SPT_NEURAL_H

#include "core/interval.h"
#include "nn/network.h"
#include "problems/problem.h"

struct neural {
    struct problem *problem;      /* on the network's grid; borrowed */
    struct network *network;      /* borrowed */
    double tau[CODEC_NODES];      /* (nodes) where in the step its states are, as fractions; the last one is 1 */
};

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

/* Tells the problem the times between steps like this one, where neural_step needs boundary values, and the network's codec how
 * much such a step damps the shortest waves (codec_damp). 0 or -errno */
int neural_prepare(const struct neural *, struct interval step);

/* lifting (nodes, n) of the change of the boundary values from the step's start to each node; 0 where the problem imposes
 * none */
void neural_liftings(const struct neural *, const struct exec *, struct interval step, double *lifting);
size_t neural_liftings_work(const struct neural *);

/* v (nodes, n) = the states that the network predicts from u (n); params on the device of x */
void neural_nodes(const struct neural *, const struct exec *, struct interval step, const void *params, const double *u,
                  double *v);
/* v (n) = the last of them */
void neural_step(const struct neural *, const struct exec *, struct interval step, const void *params, const double *u,
                 double *v);
size_t neural_work(const struct neural *); /* doubles of scratch of either */

/* neural_step in its parts: the lifting (n; not touched without boundary) of the step's end and the network's input; then
 * network_forward; then the state from its output. Scratch of the first: neural_liftings_work */
void neural_encode(const struct neural *, const struct exec *, struct interval step, const double *u, double *lifting,
                   void *in);
void neural_decode(const struct neural *, const struct exec *, const double *u, const double *lifting, const void *out,
                   double *v);

#endif
