// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Stop points: where what a run knows is a few states and numbers, so that it can be left there and
 * taken up again. A method asks stop_look at each of them; when that says so, it waits for its
 * tasks and hands its state to stop_write. A run that goes on begins with stop_from and stop_read.
 */
#ifndef SPT_STOP_H
#define SPT_STOP_H

#include <jansson.h>

#include "core/checkpoint.h"
#include "core/spt.h"

struct stop_options {
    bool enabled;
    long every;     /* stop points from one checkpoint to the next; 0: any number */
    double seconds; /* the same in time */
    long after;     /* stop points after which the run is left; 0: never */
};

/* How the run is left, and what the driver adds to a checkpoint. */
struct stop {
    struct spt *run;
    struct stop_options o;
    const char *dir;
    /* on rank 0: an object for the text, and rows of CHECKPOINT_SNAPSHOTS. NULL after an error line
     */
    json_t *(*save)(void *context, struct checkpoint *c);
    void *context;
    const json_t *config; /* goes into the text */

    json_t *text;            /* of the checkpoint that the run began with, or NULL */
    struct checkpoint *file; /* the same on rank 0, until stop_resumed */
    int err;                 /* of reading it, on rank 0 */
    double *row;             /* rank 0 */
    starpu_data_handle_t stage;

    long passed, written; /* stop points: seen, and at the newest checkpoint */
    double last;          /* when it was written */
    int signal;           /* that ended the run, the same on all ranks; 0: o.after */
    char where[96];       /* it was left, "" if it was not */
};

enum stop_kind { STOP_NOT, STOP_WRITE, STOP_END };

/* The checkpoint in dir, on all ranks: 0, or -EINVAL after an error line. */
int stop_open(struct stop *s);
/* Signals are waited for. NULL is accepted here and below: no stop points. */
void stop_begin(struct stop *s);
/* what the method had handed to stop_write, or NULL: from the start */
const json_t *stop_from(const struct stop *s);
/* h = a row of the states */
void stop_read(struct stop *s, size_t row, starpu_data_handle_t h);
/* All is read: the checkpoint is closed, and the clocks and counts of the run begin with what was
 * counted before. 0, or -EIO after an error line. */
int stop_resumed(struct stop *s);

/* Collective, the same on all ranks. */
enum stop_kind stop_look(struct stop *s);
/* Collective; no task may be under way. method is taken; where: for people. 0; -ECANCELED if this
 * is the end of the run, -EIO if it was to be and the checkpoint cannot be written. Without the
 * end an error is only said. */
int stop_write(struct stop *s, enum stop_kind kind, json_t *method,
               const starpu_data_handle_t *rows, size_t count, const char *where);

void stop_close(struct stop *s);

/* Lists for the text of a checkpoint. Reals that are not finite are null; v NULL: empty. */
json_t *stop_reals(const double *v, long n);
json_t *stop_integers(const long *v, long n);

#endif
