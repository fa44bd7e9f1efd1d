// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The conformance test: what every problem and every stepper keeps. Failures are cmocka's. */
#ifndef SPT_CHECK_PROBLEM_H
#define SPT_CHECK_PROBLEM_H

#include "problems/stepper.h"

struct check {
    struct config *config;
    struct problem *problem;
    struct stepper *stepper; /* NULL until check_stepper_open */
    double *work;            /* (nwork) of the problem or stepper, with a guard behind it */
    size_t nwork;
};

/* SPT_TEST_DEVICE=cuda: the tests whose names match the filter, with every kernel on a GPU and
 * compared with the CPU's; no others. 0, or the exit status: 77 where there is no GPU. */
int check_device_open(const char *filter);
void check_device_close(void);

/* text: what stands under `problem:`, as YAML flow */
void check_open(struct check *c, const char *text);
void check_stepper_open(struct check *c, const char *problem, const char *stepper);
void check_close(struct check *c);

/* a fresh exec over the scratch; check_guard fails if the last one was used beyond nwork */
struct exec check_exec(struct check *c);
void check_guard(const struct check *c);

double *check_vector(const struct check *c); /* (n), caller frees */
double check_distance(const struct check *c, const double *u, const double *v); /* relative, l2 */
bool check_same(const struct check *c, const double *u, const double *v);       /* all bits */

/* a smooth state off the exact solution: initial state times a slowly varying factor */
void check_state(const struct check *c, double *u);

struct check_tolerances {
    double solve;      /* ||u - a f(u) - b|| / ||b|| */
    double derivative; /* ||f(exact) - d/dt exact|| / ||f||, 0: not checked */
    double flow;       /* exact_step over 2 dt against twice dt */
};
void check_problem(const char *text, const struct check_tolerances *tolerances);

/* Bits: in place as out of place, twice the same, prepared as unprepared, parts of parts as steps
 * of the run; NaN stays; the scratch suffices. */
void check_stepper(const char *problem, const char *stepper);

/* the slope of the error at time `end` against twice as many steps: by `exact`, or by `exact_step`
 * if flow */
double check_order(const char *problem, const char *stepper, long steps, double end, bool flow);

#endif
