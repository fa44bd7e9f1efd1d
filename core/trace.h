// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What ran where and when: one record per executed task, and the pictures made of it. StarPU-free and MPI-free: the
 * runtime fills the records (core/spt.c), this writes and analyses them. */
#ifndef SPT_TRACE_H
#define SPT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { TRACE_NAME = 24, TRACE_HANDLES = 8 };
enum trace_mode { TRACE_R = 1, TRACE_W = 2, TRACE_RW = 3 };

struct trace_record { /* plain data: gathered over ranks as bytes */
    int64_t id;                         /* order of submission, the same on every rank */
    char codelet[TRACE_NAME];
    char label[TRACE_NAME];             /* of the propagator or role: "fine mcs_adi"; "" if none */
    int32_t rank, worker;               /* worker: index into the rank's workers */
    int32_t slice, iteration, node, sweep; /* -1: not in any */
    int32_t priority;
    int32_t cancelled;                  /* 1: ran as a no-op */
    double submitted, start, end;       /* seconds since the run's start, clocks of ranks aligned */
    double gflop;
    double predicted; /* seconds that the scheduler expected; 0: it had no model, or uses none */
    uint32_t footprint, nhandles;       /* nhandles may exceed TRACE_HANDLES: only that many are kept */
    struct { int64_t tag; uint64_t bytes; int32_t mode, pad; } handles[TRACE_HANDLES];
};

struct trace_worker { char name[TRACE_NAME]; int32_t rank, worker, is_gpu, memory_node; };

struct trace {
    struct trace_record *records; /* sorted by id after trace_sort */
    size_t n, capacity;
    struct trace_worker *workers;
    size_t nworkers;
    char title[128];              /* of the run, shown in viewers */
    char scheduler[TRACE_NAME];   /* policy; "" if unknown */
    double clock_error; /* seconds by which the clocks of ranks may differ; 0: one clock */
    double makespan;              /* seconds */
};

struct trace_stats {
    size_t tasks, workers;
    double makespan, busy, idle_fraction;
    double critical_path;         /* longest chain of measured durations, seconds */
    double area;                  /* busy / workers */
    double lower_bound;           /* max(area, critical path) */
};

/* 0 or -ENOMEM; the record is copied */
int trace_add(struct trace *t, const struct trace_record *r);
void trace_sort(struct trace *t);
void trace_free(struct trace *t);

/* Dependencies by replaying sequential consistency over the handles of the sorted records: for record i,
 * deps[first[i]] .. deps[first[i+1]-1] are indices of records it waited for (transitively redundant ones through the same
 * handle left out). 0 or -ENOMEM; caller frees both. */
int trace_dependencies(const struct trace *t, size_t **first, size_t **deps);

/* Marks records on one longest chain; on_path (n) may be NULL. */
int trace_analyse(const struct trace *t, struct trace_stats *s, bool *on_path);

/* A state that a task reads where it was not: the task that wrote it, the first one to read it
 * there. Once per version and place, as StarPU caches. */
struct trace_transfer {
    size_t from, to; /* records */
    uint64_t bytes;
    bool between_ranks; /* else between memory nodes of a rank */
};

/* In order of the records that read. Records must be sorted; the caller frees. 0 or -ENOMEM */
int trace_transfers(const struct trace *t, struct trace_transfer **list, size_t *n);

/* What running the tasks cost besides the tasks: seconds between the moment when a task could have started on its worker
 * (its data and the worker were free) and its start, summed over tasks; bytes of states that a rank read from another one
 * (once per version: StarPU-MPI caches). Records must be sorted. 0 or -ENOMEM */
int trace_cost(const struct trace *t, double *overhead, size_t *transfers);

/* By how much the scheduler was wrong about the lengths of tasks: median of |predicted/measured - 1|
 * over the tasks that ran and that it had a prediction for. NAN: for none, or no memory. */
double trace_model_error(const struct trace *t);

/* Words on what held the run back, every figure counted from the records: the critical chain and
 * its codelets, idle time and its causes, small tasks, performance models, transfers; the last line
 * says what to try. 0, or -errno after an error line */
int trace_report(const struct trace *t, FILE *out);

/* Writers: 0 or -errno after an error line. trace_write writes all of them into DIR:
 * trace.html (self-contained viewer), perfetto.json (Chrome trace event format), paje.trace (Paje;
 * pj_validate accepts it), tasks.rec (recutils; StarPU's field names; complete, read back by
 * trace_read), dag.dot (graphviz), data.rec (its handles), and trace.svg. With paje.trace,
 * tasks.rec, data.rec and dag.dot the folder is what StarVZ takes. */
int trace_write(const struct trace *t, const char *dir);
int trace_write_perfetto(const struct trace *t, FILE *out);
int trace_write_paje(const struct trace *t, FILE *out);
int trace_write_rec(const struct trace *t, FILE *out);
int trace_write_data(const struct trace *t, FILE *out);
int trace_write_dot(const struct trace *t, FILE *out);
int trace_write_html(const struct trace *t, FILE *out);
int trace_write_svg(const struct trace *t, FILE *out);
/* The viewer with two runs, one above the other on one axis of time, and their differences. */
int trace_write_compare(const struct trace *a, const struct trace *b, FILE *out);
/* From DIR/tasks.rec. 0, or -errno after an error line */
int trace_read(struct trace *t, const char *dir);

#endif
