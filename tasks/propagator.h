// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A propagator carries a state over an interval of time by inserting tasks. Parareal knows no more
 * of F and G. */
#ifndef SPT_PROPAGATOR_H
#define SPT_PROPAGATOR_H

#include "codelets/codelets.h"

struct propagator {
    const char *name;
    struct spt *run;
    struct problem *problem; /* borrowed: whose state it carries */
    long steps;              /* per interval; 1 where a propagator has no steps */
    /* Before anything is inserted: the interval is one of equal ones that advance will be asked
     * for. 0 or -errno */
    int (*prepare)(struct propagator *, struct interval);
    /* from and to differ; the tasks run where `to` lives. Asynchronous: it only inserts. */
    void (*advance)(struct propagator *, struct interval, starpu_data_handle_t from,
                    starpu_data_handle_t to);
    /* so that n advances over the parts of an interval do what one did over the whole: -EINVAL if
     * it does not divide */
    int (*divide)(struct propagator *, long parts);
    void (*destroy)(struct propagator *);
    /* Before results are begun: whether it can advance over intervals like this one. 0, or -EINVAL
     * after an error line. NULL: over any */
    int (*check)(struct propagator *, struct interval);
    /* Called by advance for values inside the interval, if it has any and this is set: u at a time.
     * It may block. */
    void (*emit)(void *context, double time, starpu_data_handle_t u);
    void *emit_context;
};

/* From a `fine:`, `coarse:` or `propagator:` node. `problem` is the problem's node (coarsen makes
 * its own from it). 0, or -EINVAL after one error line. */
int propagator_create(struct propagator **g, struct spt *run, struct problem *p,
                      struct node *problem, struct node *config);
int propagator_check(struct propagator *g, struct interval whole);
void propagator_destroy(struct propagator **g);

/* One row per propagator that is made of others; one-step schemes come from problems/stepper.c. */
struct propagator_type {
    const char *name, *help;
    const struct schema *schema;
    int (*create)(struct propagator **g, struct spt *run, struct problem *p, struct node *problem,
                  struct node *config);
};
extern const struct propagator_type *const propagator_types[]; /* ends with NULL */
extern const struct schema
    stepping_schema; /* the keys that every one-step propagator has besides its own */
extern const struct propagator_type parareal_type, coarsen_type, sdc_type, trained_network_type;

/* the keys of `coarsen`; -EINVAL after an error line */
struct coarsen_params {
    long factor, order; /* of the grid; of the interpolation */
    struct node *propagator;
};
int coarsen_bind(struct coarsen_params *v, const struct node *config);

/* tasks/guess.c: what sdc_guesser_create is */
int guess_create(struct sdc_guesser **g, struct problem *p, const struct collocation *c,
                 struct node *config);

int stepping_create(struct propagator **g, struct spt *run, struct problem *p,
                    const struct stepper_type *type, struct node *config);

#endif
