// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What the writers of a trace share: its rows, its codelets and their colours, and how to write
 * strings. */
#ifndef SPT_TRACE_INDEX_H
#define SPT_TRACE_INDEX_H

#include "core/trace.h"

struct trace_names { /* distinct names in the order in which they first appear */
    const char **v;  /* (n) point into the records */
    size_t n;
    uint32_t *of; /* (records) */
};

struct trace_index {
    struct trace_names codelets, labels;
    size_t *tasks;                /* (codelets) */
    double *seconds;              /* (codelets) */
    struct trace_worker *workers; /* by rank and worker: one row of a picture each */
    size_t nworkers;
    uint32_t *row;     /* (records) */
    size_t *order;     /* (records) by row, then start */
    size_t *first;     /* (nworkers + 1) where each row begins in order */
    double *busy;      /* (nworkers) seconds */
    double begin, end; /* of the first and last task; end > begin */
    size_t *dep_first, *deps;
    bool *on_path;
    struct trace_stats stats;
};

/* Kinds of tasks: codelet and label together, as one codelet does different work.
 * In the order of their names. */
struct trace_kinds {
    size_t n;
    uint32_t *of;    /* (records) */
    size_t *example; /* (kinds) a record of each */
};
int trace_kinds_make(struct trace_kinds *k, const struct trace *t, const struct trace_index *x);
void trace_kinds_free(struct trace_kinds *k);

/* The chain that the schedule was: a longest path through the dependencies and the succession of
 * tasks on each worker, by measured durations. It is as long as the makespan but for the gaps
 * between its tasks. */
struct trace_chain {
    double length; /* seconds */
    size_t tasks;
    bool *on;      /* (records) one longest path */
    double *slack; /* (records) by how much a task could have been longer without making the path
                      longer */
};
int trace_chain_make(struct trace_chain *c, const struct trace *t, const struct trace_index *x);
void trace_chain_free(struct trace_chain *c);

/* When the last state that a record reads from another place was there at the latest: the start of
 * the first record that read it there, which may be this one. (records); -INFINITY if it reads none
 */
int trace_arrivals(const struct trace *t, double *arrives);

/* Idle time of all workers from the first start to the last end: where on the worker, and why. */
enum trace_phase {
    PHASE_START,
    PHASE_BETWEEN,
    PHASE_END,
    PHASES
}; /* before its first task, after its last */
enum trace_cause {
    CAUSE_RUNTIME,      /* a task was ready that could have run there: scheduling, overhead */
    CAUSE_TRANSFER,     /* only tasks were ready that read data from elsewhere */
    CAUSE_SUBMISSION,   /* only what was not submitted yet could have run */
    CAUSE_DEPENDENCIES, /* all tasks left waited for running ones */
    CAUSE_DONE,         /* no task was left that could run there */
    CAUSES
};
struct trace_idle {
    double seconds[PHASES][CAUSES];
    double (*worker)[CAUSES]; /* (nworkers) */
    double
        *waited; /* (kinds) seconds of CAUSE_DEPENDENCIES that ended with the end of such a task */
};
int trace_idle_make(struct trace_idle *d, const struct trace *t, const struct trace_index *x,
                    const struct trace_kinds *k);
void trace_idle_free(struct trace_idle *d);

/* The trace must be sorted. 0 or -ENOMEM */
int trace_index_make(struct trace_index *x, const struct trace *t);
void trace_index_free(struct trace_index *x);

/* "#rrggbb" of the i-th codelet: colour-blind safe, told apart on white and on black; repeats */
enum { TRACE_COLOURS = 14 };
const char *trace_colour(size_t i);
/* whether black text reads better on it than white */
bool trace_colour_light(const char *colour);

enum trace_text {
    TEXT_JSON, /* also inside <script> */
    TEXT_XML,
    TEXT_DOT,
    TEXT_PAJE /* has no escapes: quotes become apostrophes */
};

/* Without the quotes around it. Bytes that are no UTF-8 become '?'. */
void trace_put_text(FILE *out, enum trace_text kind, const char *s);
/* "s2 k1 m0 j3": slice, iteration, node, sweep; those that there are */
void trace_where(const struct trace_record *r, char *text, size_t size);
/* the shortest decimal text, scaled by 10^shift, that reads back as the same bits */
void trace_put_real(FILE *out, double x, int shift);

#endif
