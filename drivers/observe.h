// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What a run keeps of the solution while it passes by: observations and snapshots. */
#ifndef SPT_DRIVERS_OBSERVE_H
#define SPT_DRIVERS_OBSERVE_H

#include <jansson.h>

#include "core/checkpoint.h"
#include "core/results.h"
#include "drivers/schema.h"
#include "tasks/parareal.h"

struct observation {
    struct observe_params v;
    long stride; /* in boundaries; 0: at the end only */
    bool whole;  /* the whole state */
};

struct observer {
    struct spt *run;
    const struct problem *problem;
    struct observation *observations;
    size_t count;
    long boundaries; /* slices or segments of the run */
    long snapshots;
    json_t *values; /* [{name, at, time, value}], rank 0 */
    struct snapshot *kept;
    double **states; /* of the snapshots, rank 0 */
    size_t nkept;
    double *state;     /* the last one fetched, rank 0; at the end: the final one */
    double *shown;     /* the fields of a state; NULL: a problem shows its states themselves */
    double step;       /* of the fine scheme: its CFL number is looked at; 0: it has none */
    bool warned;       /* that it is too large */
    double *reference; /* the exact solution at the end, or NULL; rank 0 */
};

enum { OBSERVE_WHOLE_MAX = 4096 };

/* Binds the `observe:` list and checks names, points and times. 0, or -EINVAL after one error line.
 */
int observer_create(struct observer *o, struct spt *run, const struct problem *p,
                    const struct nodes *list, long snapshots);
/* The smallest number of equal parts of [start, end] whose ends meet every observation and
 * snapshot. 0 or -EINVAL */
int observer_parts(const struct observer *o, const struct nodes *list, double start, double end,
                   long *parts);
/* Says how many boundaries the run has; a multiple of the parts. */
int observer_boundaries(struct observer *o, const struct nodes *list, double start, double end,
                        long boundaries);
void observer_initial(struct observer *o, double t, const double *u); /* the first snapshot */
/* a parareal_emit: context is the observer */
void observer_emit(void *observer, struct interval slice, starpu_data_handle_t u);
/* a propagator's emit: context is the observer; every value becomes a snapshot */
void observer_inside(void *observer, double time, starpu_data_handle_t u);
/* What has been seen so far, into a checkpoint: as `save` of struct stop, whose context is the
 * observer; and back from that object, instead of observer_initial, on rank 0: 0, or -EINVAL after
 * an error line. */
json_t *observer_save(void *observer, struct checkpoint *c);
int observer_resume(struct observer *o, const json_t *from, struct checkpoint *c);
void observer_destroy(struct observer *o);

#endif
