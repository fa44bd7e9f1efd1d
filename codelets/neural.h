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

#endif
