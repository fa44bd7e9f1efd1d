// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The run: StarPU, MPI where there is a launcher, state handles, and what is known of every task.
 */
#ifndef SPT_SPT_H
#define SPT_SPT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "spt_config.h"

#include "core/exec.h"
#include "core/starpu_compat.h"
#include "core/trace.h"

/* A broken assumption of ours: says where and aborts. */
#define SPT_CHECK(condition)                                                                       \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "starpint: internal error: %s:%d: %s\n", __FILE__, __LINE__,           \
                    #condition);                                                                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct node;
struct spt;

/* Iterations that turned out not to be needed: their tasks, submitted ahead of the decision, become
 * no-ops. */
struct cancel {
    atomic_int after; /* tasks of iterations > after do nothing; INT_MAX: none is cancelled */
};

enum role { ROLE_NONE, ROLE_FINE, ROLE_COARSE, ROLE_SERIAL, ROLE_COUNT };

/* Travels by value in the arguments of every task. Methods set run->at before they insert. */
struct spt_meta {
    struct spt *run;
    const struct cancel *cancel;       /* NULL: cannot be cancelled */
    const char *label;                 /* for traces and messages: "mcs_adi" */
    int64_t id;                        /* order of submission, the same on all ranks */
    int slice, iteration, node, sweep; /* -1: none */
    int role, priority;
    int opens; /* first task of a propagator's advance: counts as a call */
};

enum failure_kind {
    FAILURE_NONE,
    FAILURE_NONFINITE,
    FAILURE_GROWTH,
    FAILURE_DIVERGED,
    FAILURE_SOLVE,
    FAILURE_INTERRUPTED
};

enum { FAILURE_LABEL = 64 };

/* A computation that went wrong: where. */
struct failure {
    enum failure_kind kind;
    int slice, iteration, role;
    char codelet[TRACE_NAME];
    char label[FAILURE_LABEL]; /* of the propagator, with step, node and sweep where they are known
                                */
};

struct spt_options {
    long cpus, gpus;       /* -1: all that are there, shared fairly by the ranks of a node */
    const char *scheduler; /* NULL: prio, with GPUs dmdas; STARPU_SCHED wins over it */
    bool trace;            /* record every task */
    bool reproducible;     /* where a task runs follows from the config alone */
    bool bound;            /* record tasks for spt_bound */
};

/* seconds and calls per role, per worker: written by that worker only */
struct spt_clock {
    double seconds[ROLE_COUNT];
    long calls[ROLE_COUNT], tasks;
    double busy;
    struct work_count work;
    char pad[64];
};

/* What became of the steps that a network was asked for. */
enum network_count {
    NETWORK_CALLS,      /* steps */
    NETWORK_FALLBACKS,  /* of these, done by a numerical scheme */
    NETWORK_OUTSIDE,    /* began or ended outside the range of training */
    NETWORK_NOT_FINITE, /* ended with a value that is not finite */
    NETWORK_RESIDUAL,   /* ended with too large a residual */
    NETWORK_COUNTS
};

/* A network that the run uses; counts are written by the worker that they belong to. */
struct network_use {
    const char *weights; /* the file */
    size_t parameters;
    const char *fallback;               /* its name, or NULL */
    long (*counts)[128 / sizeof(long)]; /* (workers, enum network_count), padded */
    long total[NETWORK_COUNTS];         /* filled by spt_network_total */
    struct network_use *next;
};

struct spt_pool; /* free state handles, by size and owner */

struct spt {
    int rank, ranks, local_ranks;
    bool mpi;             /* more than one rank: tasks are inserted through StarPU-MPI */
    bool mpi_initialised; /* by us */
#if SPT_MPI
    MPI_Comm comm;
#endif
    bool started, tracing, reproducible, bounding;
    struct spt_meta at; /* what the next inserted task belongs to */
    int64_t next_tag;
    const char *scheduler; /* the policy that StarPU uses */
    int priority_min, priority_max;
    double origin;      /* starpu_timing_now() at the start, microseconds */
    double ahead;       /* of rank 0's clock; microseconds, as all of these */
    double clock_error; /* by how much ahead may be wrong */
    double compared;    /* when it was measured, since origin */
    struct spt_clock *clocks;
    struct trace *traces;         /* per worker */
    struct network_use *networks; /* in the order in which they were made */
    int workers;
    struct spt_pool *pool;
    size_t state_bytes, state_bytes_peak; /* registered on this rank as owner */
    size_t handles, handles_peak;
    pthread_mutex_t lock; /* of failures */
    struct failure *failures;
    size_t nfailures;
};

/* MPI first, if there is a launcher (or force): so that only one rank speaks. argc, argv as in
 * MPI_Init_thread. 0 or -errno after an error line. */
int spt_open_mpi(struct spt *run, int *argc, char ***argv, bool force);
/* 0, or -EINVAL after an error line: StarPU itself takes another scheduler than an unknown one,
 * with a warning. A NULL name is known, and so is any where STARPU_SCHED_LIB brings policies of its
 * own. */
int spt_check_scheduler(const struct node *at, const char *what, const char *name);
/* StarPU. 0 or -errno after an error line. */
int spt_open(struct spt *run, const struct spt_options *o);
/* Ends StarPU and, if spt_open_mpi started it, MPI. Accepts a run that was only partly opened. */
void spt_close(struct spt *run);

/* A vector of n doubles owned by a rank, from the pool: contents undefined. Every rank makes the
 * same calls in the same order. */
starpu_data_handle_t spt_take(struct spt *run, size_t n, int owner);
void spt_give(struct spt *run,
              starpu_data_handle_t h); /* NULL is accepted; tasks on h may still be under way */
/* scratch for tasks, one buffer per worker that needs it */
starpu_data_handle_t spt_scratch(struct spt *run, size_t n);
void spt_scratch_free(struct spt *run, starpu_data_handle_t h);
int spt_owner(starpu_data_handle_t h);
size_t spt_size(starpu_data_handle_t h);

/* Host access, from the main thread; blocks until the tasks before it are done. */
void spt_put(struct spt *run, starpu_data_handle_t h,
             const double *u); /* u is read on the owner only */
void spt_get(struct spt *run, starpu_data_handle_t h,
             double *u); /* collective; fills u on rank 0 */
void spt_get_all(struct spt *run, starpu_data_handle_t h,
                 double *u); /* collective; fills u on every rank */
/* as spt_get, but rank 0 keeps no copy in the handle: for one after the other of many states */
void spt_fetch(struct spt *run, starpu_data_handle_t h, double *u);
void spt_await(struct spt *run, starpu_data_handle_t h); /* until it is written, on its owner */
void spt_wait(struct spt *run);                          /* for all tasks of all ranks */

/* Which rank a slice lives on: contiguous blocks. */
int spt_slice_owner(long slice, long slices, int ranks);

/* The one way to insert a task: meta data first, then what starpu_task_insert takes. */
#define SPT_INSERT_ARGS(m)                                                                         \
    STARPU_VALUE, &(m), sizeof(m), STARPU_PRIORITY, (m).priority, STARPU_CALLBACK_WITH_ARG_NFREE,  \
        (m).run->tracing ? spt_trace_task : NULL, (m).run
#if SPT_MPI
#define spt_insert(run, cl, ...)                                                                   \
    do {                                                                                           \
        struct spt_meta meta_ = spt_meta(run);                                                     \
        SPT_CHECK(0 == ((run)->mpi                                                                 \
                            ? starpu_mpi_task_insert((run)->comm, cl, SPT_INSERT_ARGS(meta_),      \
                                                     __VA_ARGS__)                                  \
                            : starpu_task_insert(cl, SPT_INSERT_ARGS(meta_), __VA_ARGS__)));       \
    } while (0)
#else
#define spt_insert(run, cl, ...)                                                                   \
    do {                                                                                           \
        struct spt_meta meta_ = spt_meta(run);                                                     \
        SPT_CHECK(0 == starpu_task_insert(cl, SPT_INSERT_ARGS(meta_), __VA_ARGS__));               \
    } while (0)
#endif
struct spt_meta spt_meta(struct spt *run);
void spt_trace_task(void *run);

/* In a task's body: unpacks the meta data (and the arguments, NULL if there are none). False: the
 * task was cancelled and has nothing to do. */
bool spt_begin(void *arg, struct spt_meta *m, void *args);
/* where the body runs, with n doubles of scratch at work */
struct exec spt_exec(double *work, size_t n);
/* the iteration at which the user's interrupt was seen by this rank: bodies stop early */
bool spt_interrupted(void);
/* From now on, and for one that came before, the first SIGINT or SIGTERM lets tasks go on and is
 * only to be asked for: its number, or 0. */
void spt_defer_interrupts(void);
int spt_asked_to_end(void);
/* accounts seconds of this worker to the role of a task */
void spt_account(const struct spt_meta *m, double seconds);
double spt_seconds(void); /* monotonic */

/* A body that finds its result unusable notes it; the first one (by iteration, then slice) is what
 * the user is told. */
void spt_note_failure(const struct spt_meta *m, const char *codelet, enum failure_kind kind);
/* the first failure noted on this rank for a slice up to an iteration; false if there is none.
 * slice -1: any */
bool spt_failure(struct spt *run, int slice, int iteration, struct failure *f);
/* the first failure of all ranks, the same on each (collective) */
bool spt_first_failure(struct spt *run, struct failure *f);
const char *failure_text(enum failure_kind kind);
int failure_error(enum failure_kind kind); /* 0, -ECANCELED for an interrupt, -EDOM otherwise */

/* sums over the workers of all ranks (collective) of the seconds and calls of a role */
void spt_clock_total(struct spt *run, double seconds[ROLE_COUNT], long calls[ROLE_COUNT]);
/* the same for what the kernels counted: sums, and the largest of residuals (collective) */
void spt_work_total(struct spt *run, struct work_count *total);
struct work_count *spt_count(const struct spt_meta *m); /* of this worker; NULL on a GPU */
/* A row among run->networks, which lives as long as the run; the strings are copied. */
struct network_use *spt_use_network(struct spt *run, const char *weights, size_t parameters,
                                    const char *fallback);
/* in a body: one more of these, by this worker */
void spt_network_count(const struct network_use *u, enum network_count what);
/* fills the totals of all networks, over the workers of all ranks (collective) */
void spt_network_total(struct spt *run);
/* StarPU's own lower bound on the time of the tasks inserted since the last spt_clock_reset, once
 * they are done: the best distribution over its workers by the expected lengths of its models, as
 * a linear program; what waits for what does not count. Seconds, or NAN: not recorded, more than
 * one rank, a task without model, no such StarPU (it needs glpk). */
double spt_bound(struct spt *run);
void spt_clock_reset(struct spt *run); /* forgets the clocks, the counts of networks and the trace
                                          so far; no task may be under way */

/* The records of all ranks on rank 0 (collective). The caller frees by trace_free. */
int spt_trace_gather(struct spt *run, struct trace *t);
size_t spt_bus_bytes(struct spt *run); /* moved between memory nodes of all ranks (collective) */
/* rank 0's bytes on all ranks (collective) */
void spt_broadcast(struct spt *run, void *bytes, size_t n);
/* the same number on all ranks: whether any of them says so (collective) */
bool spt_any(struct spt *run, bool yes);
void spt_sum(struct spt *run, int *values, int n); /* over the ranks, in place (collective) */

#endif
