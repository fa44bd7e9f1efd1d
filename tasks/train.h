// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Training: in every step the gradients of the shards of a batch, their sum in a fixed order, and an update of the parameters
 * are tasks. The result has the same bits for every scheduler, number of workers and number of ranks. */
#ifndef SPT_TRAIN_H
#define SPT_TRAIN_H

#include "codelets/codelets.h"

struct train_options {
    long steps, batch, shards; /* 1 <= shards <= batch: a batch is cut into so many tasks */
    long validation_samples, validation_every; /* 0 samples: none */
    long checkpoint;    /* steps between them; 0: none but the last */
    double divergence;  /* loss over the first one that ends the training; 0: no limit */
};

struct train_entry {
    double loss, norm, rate; /* of a step: before its update; norm of the gradient */
};

/* Means over the samples of a validation, after `step` updates */
struct train_validation {
    double step;
    struct validation_facts facts;
};

/* Where training is: all that it needs to go on. On rank 0; other ranks know done, entries and validations. */
struct train_state {
    long done;                 /* updates */
    struct train_entry *entry; /* (room for options.steps) */
    struct train_validation *validation;
    long validations, room;
    void *params;              /* reals of the network's dtype, in whole cache lines; owned */
    double *state;             /* update_state_size doubles */
    size_t nparams, nstate;    /* doubles in both */
    double seconds;            /* spent on steps and validations */
};
int train_state_create(struct train_state *s, const struct network *n, const struct optimiser *o, long steps);
void train_state_free(struct train_state *s);
/* 0 or -ENOMEM */
int train_state_validated(struct train_state *s, const struct train_validation *v);

struct train_setup {
    const struct network *network; /* params are not read */
    const struct loss *loss;
    const struct optimiser *optimiser;
    const struct validation *validation; /* NULL: none */
    struct train_options options;
    /* Called on all ranks after every options.checkpoint steps, at the end, and after an interrupt: s is complete. 0 or -errno
     * after an error line, the same on all ranks */
    int (*checkpoint)(void *context, const struct train_state *s);
    void *context;
};

/* What ended it before its last step */
struct train_failure {
    enum train_status status; /* TRAIN_DONE: nothing */
    long step, sample;        /* sample: of the batch, where status is TRAIN_FAILED */
    double loss;
};
const char *train_failure_text(enum train_status status);

/* From s->done updates to options.steps. 0, -ECANCELED, -EDOM (failure says where), or
 * what checkpoint returned */
int train(struct spt *run, const struct train_setup *setup, struct train_state *s, struct train_failure *failure);

#endif
