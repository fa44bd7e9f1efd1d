// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Parareal (Lions, Maday & Turinici 2001) over any two propagators, as one task graph:
 *     U_{n+1}^{k+1} = F(U_n^k) + (G(U_n^{k+1}) - G(U_n^k)). */
#ifndef SPT_PARAREAL_H
#define SPT_PARAREAL_H

#include "tasks/propagator.h"

struct stop; /* tasks/stop.h */

struct parareal_options {
    long slices;      /* over the whole run */
    long windows;     /* solved one after the other, slices/windows at once */
    long iterations;  /* at most, per window */
    long lookahead;   /* iterations submitted before the decision on the last one is known */
    double tolerance; /* on the relative increment; 0: never stop early */
    double
        growth; /* of the l2 norm over the initial value's that counts as a failure; 0: no limit */
    bool error_vs_fine;
    double divergence; /* increment over the smallest one so far that counts as a failure; 0: no
                          limit */
    struct stop *stop; /* where it can be left and goes on from; NULL: nowhere */
};

/* of one window; arrays are owned */
struct parareal_window {
    long iterations;
    bool converged;
    double *increments;    /* (iterations): max over slices, k = 1.. */
    double *error_vs_fine; /* (iterations + 1): relative l2 at the window's end, k = 0..; NULL
                              unless asked for */
    long fine_calls, coarse_calls; /* inserted and needed: cancelled iterations are not counted */
};

struct parareal_report {
    long windows, finished; /* asked for, done */
    struct parareal_window *window;
    double wall_seconds, serial_fine_seconds; /* the latter 0 unless error_vs_fine */
    double fine_seconds,
        coarse_seconds;     /* of one slice, mean of the measured calls; 0 if unmeasured (GPU) */
    struct failure failure; /* kind FAILURE_NONE if all is well */
};

/* Called for every slice boundary of a finished window, in order, on every rank: u at
 * interval_t1(slice). */
typedef void parareal_emit(void *context, struct interval slice, starpu_data_handle_t u);

/* From u0 (host, read on rank 0) over [start, end]. Collective over ranks; blocks. The report must
 * be freed. 0; -ECANCELED when interrupted, or left at a stop point; -EDOM when a value went wrong
 * (report->failure says where). */
int parareal(struct spt *run, struct propagator *fine, struct propagator *coarse,
             const struct parareal_options *o, double start, double end, const double *u0,
             parareal_emit *emit, void *context, struct parareal_report *report);
void parareal_report_free(struct parareal_report *report);

/* the keys of `method: {name: parareal}` */
struct parareal_params {
    struct parareal_options o;
    struct node *fine, *coarse;
};
extern const struct schema parareal_schema;
/* binds and checks; ranks: more ranks than slices of a window are refused */
int parareal_bind(struct parareal_params *v, struct node *config, int ranks);

#endif
