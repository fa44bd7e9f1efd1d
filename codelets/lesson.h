// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What training and its validation work on: random states at random slices, the states that a numerical scheme makes of
 * them, and how large all of this is. On plain pointers, on the host. */
#ifndef SPT_LESSON_H
#define SPT_LESSON_H

#include "codelets/dataset.h"
#include "codelets/neural.h"
#include "problems/stepper.h"

/* An endless stream of samples. The index-th one is the same whatever was drawn before. */
struct samples {
    const struct problem *problem; /* borrowed */
    double start, end;
    long slices; /* a step of the network is one of them */
    unsigned long seed;
    /* States of simulations instead of random ones, drawn from the training's or, one after the other, those of the validation;
     * borrowed. NULL: none */
    const struct dataset *data;
    bool unseen; /* those of the validation */
};

struct interval samples_step(const struct samples *s, unsigned long index);
/* u (n), a state at the start of that step; 0 or -ENOMEM */
int samples_state(const struct samples *s, unsigned long index, double *u);
/* (nodes, n) what a numerical scheme makes of it, where that is kept; else NULL */
const double *samples_target(const struct samples *s, unsigned long index);
/* du (n): smooth, of the size of `size` of the states' standard deviation per component, 0 where boundary values are
 * given */
void samples_perturbation(const struct samples *s, const struct codec *c, unsigned long index, double size, double *du);
/* du (n): waves along random directions, of half a cycle to `cycles` per axis, evenly in logarithms, under a Gaussian at a
 * random place; its root mean square per component is samples_waves_size standard deviations, evenly in logarithms between
 * the two of size; 0 where boundary values are given */
void samples_waves(const struct samples *s, const struct codec *c, unsigned long index, const double size[2], double cycles,
                   double *du);
double samples_waves_size(const struct samples *s, unsigned long index, const double size[2]);

/* A one-step scheme and its number of steps: what the network is to do at less cost. */
struct reference {
    struct stepper *stepper;
    long steps;
};
/* From `{name: ..., steps: ...}`; samples says which steps will be asked for. 0, or -EINVAL after one error line */
int reference_create(struct reference *r, struct problem *p, const struct samples *s, struct node *config);
void reference_destroy(struct reference *r);
/* v (n) from u over an interval, both may be one. 0, or positive where a solve failed */
int reference_advance(const struct reference *r, const struct exec *x, struct interval i, const double *u, double *v);

/* when node m of a step is */
double lesson_time(const struct neural *l, struct interval step, int m);
/* The interval from node m - 1 (the start for m = 0) to node m of a step */
struct interval lesson_part(const struct neural *l, struct interval step, int m);

/* Sets the statistics of the network's codec: mean and standard deviation of `count` samples, of what the network sees of them;
 * as the scale of what is predicted at a node, the size of the change to the target, or, where none are kept, of one implicit
 * Euler step to it (split by directions, or explicit, where a problem has no implicit solve). low, high (components): the range
 * seen. And the size of the change of states, for losses. 0 or -ENOMEM */
int lesson_calibrate(struct neural *l, const struct samples *s, unsigned long count, double *low, double *high);

#endif
