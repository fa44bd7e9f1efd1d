// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Shared by tasks/parareal.c and tasks/parareal_checkpoint.c. */
#ifndef SPT_PARAREAL_PRIVATE_H
#define SPT_PARAREAL_PRIVATE_H

#include "tasks/parareal.h"
#include "tasks/stop.h"
#include "tasks/window.h"

struct solver {
    struct spt *run;
    struct propagator *F, *G;
    const struct parareal_options *o;
    struct interval whole;
    struct parareal_report *report;
    starpu_data_handle_t *reference; /* (windows) the serial fine solution at the window ends */
    double scale;
    long most;            /* iterations of a window */
    long *fine, *leading; /* (most + 2) of this window: slices that an iteration computes; what is
                             known after its decision */
    double begin;         /* when this window, or the serial fine run, began */
};

/* the arrays of a window's report. 0, or -ENOMEM after an error line */
int parareal_allocate(const struct solver *s, struct parareal_window *w);

/* Where a run is: serial slices of the serial fine run are done; then a window, and its iterations
 * that are done, 0: it has not begun. */
struct place {
    long serial, window, iteration;
};

/* Leaves the run at a place, or only writes it down. At iterations, all of them are decided.
 * window: NULL, and then u is the state there. 0 or an error of stop_write, with its failure in the
 * report */
int parareal_save(struct solver *s, enum stop_kind kind, struct place at, struct window *w,
                  starpu_data_handle_t u);

/* The place that a run goes on from, with all numbers of the report. False: from the start. *err:
 * -EINVAL after an error line */
bool parareal_resume(struct solver *s, struct place *at, int *err);
/* the references from this place on that are in the file, as handles; the row of the first state */
size_t parareal_read_references(struct solver *s, struct place at);
/* the states of an opened window */
void parareal_read_window(struct solver *s, struct place at, struct window *w);

#endif
