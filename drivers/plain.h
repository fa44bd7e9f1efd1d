// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Propagators and Parareal without tasks, for studies: plain loops on one core, with the bits of
 * tasks/parareal.c. */
#ifndef SPT_PLAIN_H
#define SPT_PLAIN_H

#include "core/interval.h"
#include "drivers/schema.h"
#include "drivers/study.h"
#include "problems/transfer.h"

/* A one-step scheme with its steps, or such a one in `coarsen`. */
struct plain {
    struct scheme scheme;
    struct problem *problem; /* borrowed: of the states */
    struct problem *coarse;  /* owned; NULL: the same grid */
    struct transfer *down, *up;
    struct stepper *stepper;
    long steps;
    double *small[2], *work; /* coarse states; scratch */
    struct exec x;
};

/* entry: as in a run; problem: the node of p. g must be freed, in any case. 0, or a negative errno
 * after an error line */
int plain_create(struct plain *g, struct problem *p, struct node *problem,
                 const struct node *entry);
void plain_free(struct plain *g);
/* the interval is one of equal ones that plain_advance will be asked for */
int plain_prepare(struct plain *g, struct interval whole);
/* v = u after the interval; u is not v, both (problem->n). 0, or positive where a solve failed */
int plain_advance(struct plain *g, struct interval whole, const double *u, double *v);

/* ---- Parareal ---- */

struct plain_parareal {
    struct plain *fine, *coarse;
    struct interval whole; /* 0 of 1 */
    long slices, iterations;
    double tolerance;     /* on the increment; 0: never stops early */
    const char *quantity; /* of the problem; NULL: none */
};

/* the fine solution at the ends of slices, the start included */
struct plain_fine {
    double *u;      /* (slices + 1, n) */
    double seconds; /* of CPU time, of the fastest slice */
    double mean;    /* of the quantity over the ends of slices */
};
/* u0 (n) stands at the start of u. 0, or -EDOM after an error line: it failed or is not finite */
int plain_solve(const struct plain_parareal *v, struct plain_fine *fine);

struct plain_report {
    long iterations; /* done */
    long converged;  /* at this iteration; -1: not */
    long diverged;   /* a solve failed, or a state is not finite or 1e10 times larger than u0; -1 */
    double *error;   /* (iterations + 1) relative l2 distance from the fine solution at the end */
    double *increment;     /* (iterations + 1) relative l2, the largest over slices; [0]: NaN */
    double *mean;          /* (iterations + 1) of the quantity */
    double coarse_seconds; /* of the fastest slice of the prediction */
};
/* arrays belong to the caller, v->iterations + 1 each. 0, or -ENOMEM after an error line */
int plain_parareal(const struct plain_parareal *v, const struct plain_fine *fine,
                   struct plain_report *r);

#endif
