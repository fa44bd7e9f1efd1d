// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* starpint tune: a config run with every combination of schedulers and values. A point of this
 * matrix is a list of settings, and what a setting means is settled by tune_command alone: there a
 * point becomes a command with an environment. The rest knows only what that command's
 * summary.json says. */
#ifndef SPT_DRIVERS_TUNE_H
#define SPT_DRIVERS_TUNE_H

#include <jansson.h>

#include "drivers/child.h"
#include "drivers/options.h"
#include "drivers/schema.h"

enum { TUNE_POINTS = 100000, TUNE_PATH = 4096 };

struct axis { /* one key that is varied, and its values as they stand after --set or in the
                 environment */
    char *key;
    char **value;
    size_t n;
};

enum metric {
    METRIC_MAKESPAN,
    METRIC_WALL,
    METRIC_IDLE,
    METRIC_OVERHEAD,
    METRIC_TRANSFERS,
    METRIC_MODEL_ERROR,
    METRIC_TASKS,
    METRIC_CRITICAL_PATH,
    METRIC_LOWER_BOUND,
    METRIC_STARPU_BOUND,
    METRIC_SPEEDUP,
    METRIC_BOUND,
    METRIC_ITERATIONS,
    METRIC_ERROR,
    METRIC_OF_BOUND,        /* measured speedup over its bound */
    METRIC_OF_LOWER_BOUND,  /* lower bound over makespan */
    METRIC_OF_STARPU_BOUND, /* StarPU's over makespan */
    METRICS
};
struct metric_type {
    const char *name, *path; /* in tune.csv, in summary.json; no path: follows from others */
};
extern const struct metric_type metric_types[METRICS];

struct run_record {
    bool done;
    double value[METRICS]; /* NAN: not measured */
};

struct point {
    size_t *at; /* (axes) which value of each; the first axis is the scheduler */
    bool failed, converged;
    char *error;            /* of a failed one: its line */
    struct run_record *run; /* (repeat) */
    /* of the runs that are done: medians; extremes of the makespan */
    size_t done;
    double median[METRICS], low, high;
};

struct tune {
    const struct options *o;
    const char *dir;
    struct config *config;
    struct tune_params v;
    struct axis *axes; /* (naxes) */
    size_t naxes;
    struct point *points;     /* (npoints) schedulers vary slowest, the last key fastest */
    size_t npoints, variants; /* variants: points per scheduler */
    bool *warm;               /* (variants, warmup) calibration runs that are done */
    char program[TUNE_PATH];  /* this one */
    FILE *journal;
    size_t ran, all; /* runs done, and to do */
};

/* ---- tune_matrix.c ---- */

/* From t->config: the axes and points. 0 or -errno after an error line */
int tune_matrix(struct tune *t);
void tune_matrix_free(struct tune *t);
/* whether a scheduler places tasks by their expected lengths */
bool tune_uses_models(const char *scheduler);
/* whether it is among those that are tried where a config names none */
bool tune_by_default(const char *scheduler);
const char *tune_scheduler(const struct tune *t, const struct point *p);
/* "lws, method.coarse.steps=2", to be freed */
char *tune_label(const struct tune *t, const struct point *p);
/* The run of a point into `out`, with this program and DIR/config.yaml; calibrating: it is to fill
 * performance models. 0 or -ENOMEM after an error line */
int tune_command(struct command *c, const struct tune *t, const struct point *p, const char *out,
                 bool calibrating);
/* The same for people: `starpint`, their config and their --set */
int tune_shown_command(struct command *c, const struct tune *t, const struct point *p,
                       const char *out);

/* ---- tune_journal.c: every finished run, at once; in DIR/journal.jsonl ---- */

/* Begins one, or with resume reads what is there. 0 or -errno after an error line */
int tune_journal_open(struct tune *t, bool resume);
/* 0 or -errno after an error line */
int tune_journal_add(struct tune *t, const struct point *p, size_t repeat);
int tune_journal_failed(struct tune *t, const struct point *p, size_t repeat);
int tune_journal_warm(struct tune *t, size_t variant, size_t repeat);
/* DIR holds a journal of a tune */
bool tune_journal_found(const char *dir);

/* ---- tune_numbers.c ---- */

void tune_statistics(struct tune *t);
/* the fastest of those that can be compared; NULL: every one failed */
const struct point *tune_best(const struct tune *t);
/* points, fastest first, failed ones last: (npoints), to be freed; NULL: no memory */
const struct point **tune_ranking(const struct tune *t);
bool tune_usable(const struct point *p);
/* Points that have not converged did less: where any has, they are not compared. */
bool tune_only_converged(const struct tune *t);
/* other points that are as fast as the best, as far as one can tell: their ranges overlap */
size_t tune_not_slower(const struct tune *t, const struct point *best);
/* the metrics that follow from others */
void tune_derive(double value[METRICS]);

/* ---- tune_table.c ---- */

void tune_print(const struct tune *t, FILE *out);

/* ---- tune_report.c ---- */

/* of the recommendation, to be freed; NULL: no memory */
char *tune_best_command(const struct tune *t, const struct point *best);
/* tune.csv and summary.json. 0 or -errno after an error line */
int tune_write(const struct tune *t, const char *status);

/* ---- tune_draw.c ---- */

int tune_draw(FILE *script, const void *tune);

#endif
