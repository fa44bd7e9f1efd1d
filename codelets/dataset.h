// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* States of simulations, and what a numerical scheme makes of them within a step of the network:
 * what networks are trained on where random states say too little about the states that occur. On
 * the host. */
#ifndef SPT_DATASET_H
#define SPT_DATASET_H

#include "problems/problem.h"

struct neural;
struct reference;

/* Entry i is state i / S of simulation i % S of the S for training, then alike those for validation
 */
struct dataset {
    size_t n;                    /* doubles in a state */
    size_t training, validation; /* entries */
    int nodes;                   /* of a target */
    double *states;              /* (entries, n) */
    double *targets;             /* (entries, nodes, n); NULL: none */
};

/* The key `data` of a training */
extern const struct schema dataset_schema;
struct dataset_params {
    double spinup, every;
    long states, simulations, validation, seed;
    struct node *propagator;
    const char *file;
};

/* Runs the simulations of a problem: `problem` is its config, the seed in it (initial.seed) is
 * replaced, one by one. `file` is read instead if it holds just these. 0, or -EINVAL after one
 * error line, -ENOMEM */
int dataset_create(struct dataset **d, const struct problem *p, const struct node *problem,
                   const struct dataset_params *v, const struct node *config);
void dataset_destroy(struct dataset **d);

/* Fills targets, of steps from `start` over dt, if the file does not hold them; then, if write is
 * set, writes it. `scheme`: the config of r. 0, or -EINVAL after one error line */
int dataset_aim(struct dataset *d, const struct neural *l, const struct reference *r, double start,
                double dt, const struct node *problem, const struct dataset_params *v,
                const struct node *config, const struct node *scheme, bool write);

#endif
