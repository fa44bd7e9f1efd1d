// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What is known of tasks that ran: their time and work, failures, traces; summed over workers and
 * ranks. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <string.h>

#include "core/spt_private.h"

/* ---------------------------------------------------------------- clocks and counters */

void spt_account(const struct spt_meta *m, double seconds)
{
    const int worker = starpu_worker_get_id();
    if (worker >= 0) {
        m->run->clocks[worker].seconds[m->role] += seconds;
        m->run->clocks[worker].calls[m->role] += m->opens;
    }
}

#if SPT_MPI
enum { TAG_CLOCK = 78, ROUNDS_LEAST = 20, ROUNDS_MOST = 1000 };
static const double fast_round = 20, patience = 20000; /* microseconds; patience: per rank */

/* A rank's clock against rank 0's: by how much it is ahead, by how much that may be wrong, and
 * when, on its own clock. */
struct comparison {
    double ahead, error, time;
};

/* rank 0, about rank r: from the fastest of some exchanges with it (Cristian, Distributed Computing
 * 3, 146 (1989)), to within half of what that one took. More of them where cores are busy. */
static void ask_clock(struct spt *run, int r)
{
    const double begin = starpu_timing_now();
    struct comparison c = { 0, INFINITY, 0 };
    double again = 1;
    for (int k = 0; again > 0; k++) {
        double theirs;
        const double before = starpu_timing_now();
        MPI_Send(&again, 1, MPI_DOUBLE, r, TAG_CLOCK, run->comm);
        MPI_Recv(&theirs, 1, MPI_DOUBLE, r, TAG_CLOCK, run->comm, MPI_STATUS_IGNORE);
        const double after = starpu_timing_now(), half = (after - before) / 2;
        if (half < c.error)
            c = (struct comparison){ theirs - (before + half), half, theirs };
        if (k >= ROUNDS_LEAST &&
            (2 * c.error < fast_round || k > ROUNDS_MOST || after - begin > patience))
            again = 0;
    }
    MPI_Send((double[]){ 0, c.ahead, c.error, c.time }, 4, MPI_DOUBLE, r, TAG_CLOCK, run->comm);
}

/* microseconds; collective */
static struct comparison compare_clocks(struct spt *run)
{
    for (int r = 1; r < run->ranks && run->rank == 0; r++)
        ask_clock(run, r);
    if (run->rank == 0)
        return (struct comparison){ 0, 0, starpu_timing_now() };
    for (double got[4];;) {
        MPI_Recv(got, 4, MPI_DOUBLE, 0, TAG_CLOCK, run->comm, MPI_STATUS_IGNORE);
        const double now = starpu_timing_now();
        if (!(got[0] > 0))
            return (struct comparison){ got[1], got[2], got[3] };
        MPI_Send(&now, 1, MPI_DOUBLE, 0, TAG_CLOCK, run->comm);
    }
}
#endif

void spt_clock_reset(struct spt *run)
{
    memset(run->clocks, 0, (size_t)run->workers * sizeof *run->clocks);
    for (struct network_use *u = run->networks; u; u = u->next)
        memset(u->counts, 0, (size_t)run->workers * sizeof *u->counts);
    for (int w = 0; w < run->workers; w++)
        run->traces[w].n = 0;
#if SPT_MPI
    if (run->mpi)
        MPI_Barrier(run->comm); /* the clocks of the ranks start together */
#endif
    if (run->bounding)
        starpu_bound_start(0, 0);
    run->origin = starpu_timing_now();
#if SPT_MPI
    if (run->mpi && run->tracing) { /* more exactly: a barrier lets ranks go one after the other */
        MPI_Bcast(&run->origin, 1, MPI_DOUBLE, 0, run->comm);
        const struct comparison c = compare_clocks(run);
        run->ahead = c.ahead;
        run->clock_error = c.error;
        run->origin += c.ahead;
        run->compared = c.time - run->origin;
    }
#endif
}

/* Clocks drift: the records get the time of rank 0 in between the two times at which it was
 * compared. Collective. */
static void align_clocks(struct spt *run, struct trace *mine)
{
#if SPT_MPI
    if (!run->mpi)
        return;
    const struct comparison c = compare_clocks(run);
    double error = c.error, worst;
    const double drift = 1e-6 * (c.ahead - run->ahead);
    const double from = 1e-6 * run->compared, to = 1e-6 * (c.time - run->origin);
    for (size_t i = 0; i < mine->n && to > from; i++) {
        double *times[] = { &mine->records[i].submitted, &mine->records[i].start,
                            &mine->records[i].end };
        for (int k = 0; k < 3; k++)
            *times[k] -= drift * (*times[k] - from) / (to - from);
    }
    error = 1e-6 * (error > run->clock_error ? error : run->clock_error);
    MPI_Reduce(&error, &worst, 1, MPI_DOUBLE, MPI_MAX, 0, run->comm);
    mine->clock_error = run->rank == 0 ? worst : 0;
#else
    (void)run;
    (void)mine;
#endif
}

void spt_clock_total(struct spt *run, double seconds[ROLE_COUNT], long calls[ROLE_COUNT])
{
    memset(seconds, 0, ROLE_COUNT * sizeof *seconds);
    memset(calls, 0, ROLE_COUNT * sizeof *calls);
    for (int w = 0; w < run->workers; w++)
        for (int r = 0; r < ROLE_COUNT; r++) {
            seconds[r] += run->clocks[w].seconds[r];
            calls[r] += run->clocks[w].calls[r];
        }
#if SPT_MPI
    if (run->mpi) {
        MPI_Allreduce(MPI_IN_PLACE, seconds, ROLE_COUNT, MPI_DOUBLE, MPI_SUM, run->comm);
        MPI_Allreduce(MPI_IN_PLACE, calls, ROLE_COUNT, MPI_LONG, MPI_SUM, run->comm);
    }
#endif
}

struct work_count *spt_count(const struct spt_meta *m)
{
    const int worker = starpu_worker_get_id();
    return worker >= 0 && starpu_worker_get_type(worker) == STARPU_CPU_WORKER
               ? &m->run->clocks[worker].work
               : NULL;
}

void spt_work_total(struct spt *run, struct work_count *total)
{
    memset(total, 0, sizeof *total);
    for (int w = 0; w < run->workers; w++) {
        const struct work_count *c = &run->clocks[w].work;
        total->rhs += c->rhs;
        total->solves += c->solves;
        total->newton += c->newton;
        total->accepted += c->accepted;
        total->rejected += c->rejected;
        total->guesses += c->guesses;
        total->refused += c->refused;
        if (!(c->guess <= total->guess))
            total->guess = c->guess;
        if (c->sweeps > total->sweeps)
            total->sweeps = c->sweeps;
        for (long k = 0; k < c->sweeps; k++)
            if (!(c->residual[k] <= total->residual[k]))
                total->residual[k] = c->residual[k];
    }
#if SPT_MPI
    if (run->mpi) {
        long sums[] = { total->rhs,      total->solves,  total->newton, total->accepted,
                        total->rejected, total->guesses, total->refused };
        MPI_Allreduce(MPI_IN_PLACE, sums, 7, MPI_LONG, MPI_SUM, run->comm);
        MPI_Allreduce(MPI_IN_PLACE, &total->guess, 1, MPI_DOUBLE, MPI_MAX, run->comm);
        MPI_Allreduce(MPI_IN_PLACE, &total->sweeps, 1, MPI_LONG, MPI_MAX, run->comm);
        MPI_Allreduce(MPI_IN_PLACE, total->residual, WORK_SWEEPS, MPI_DOUBLE, MPI_MAX, run->comm);
        total->rhs = sums[0];
        total->solves = sums[1];
        total->newton = sums[2];
        total->accepted = sums[3];
        total->rejected = sums[4];
        total->guesses = sums[5];
        total->refused = sums[6];
    }
#endif
}

struct network_use *spt_use_network(struct spt *run, const char *weights, size_t parameters,
                                    const char *fallback)
{
    struct network_use *u = calloc(1, sizeof *u), **last = &run->networks;
    SPT_CHECK(u);
    *u = (struct network_use){ .weights = strdup(weights),
                               .parameters = parameters,
                               .fallback = fallback ? strdup(fallback) : NULL,
                               .counts = calloc((size_t)run->workers, sizeof *u->counts) };
    SPT_CHECK(u->weights && u->counts && (u->fallback || !fallback));
    while (*last)
        last = &(*last)->next;
    *last = u;
    return u;
}

void spt_network_count(const struct network_use *u, enum network_count what)
{
    const int worker = starpu_worker_get_id();
    if (worker >= 0)
        u->counts[worker][what]++;
}

void spt_network_total(struct spt *run)
{
    for (struct network_use *u = run->networks; u; u = u->next) {
        memset(u->total, 0, sizeof u->total);
        for (int w = 0; w < run->workers; w++)
            for (int i = 0; i < NETWORK_COUNTS; i++)
                u->total[i] += u->counts[w][i];
#if SPT_MPI
        if (run->mpi)
            MPI_Allreduce(MPI_IN_PLACE, u->total, NETWORK_COUNTS, MPI_LONG, MPI_SUM, run->comm);
#endif
    }
}

void spt_forget_networks(struct spt *run)
{
    for (struct network_use *u = run->networks, *next; u; u = next) {
        next = u->next;
        free((char *)u->weights);
        free((char *)u->fallback);
        free(u->counts);
        free(u);
    }
    run->networks = NULL;
}

bool spt_any(struct spt *run, bool yes)
{
    int any = yes;
#if SPT_MPI
    if (run->ranks > 1)
        MPI_Allreduce(MPI_IN_PLACE, &any, 1, MPI_INT, MPI_MAX, run->comm);
#else
    (void)run;
#endif
    return any;
}

void spt_broadcast(struct spt *run, void *bytes, size_t n)
{
#if SPT_MPI
    for (size_t done = 0; run->ranks > 1 && done < n;) { /* in pieces: MPI counts in int */
        const size_t piece = n - done < (1u << 30) ? n - done : (1u << 30);
        MPI_Bcast((char *)bytes + done, (int)piece, MPI_BYTE, 0, run->comm);
        done += piece;
    }
#else
    (void)run, (void)bytes, (void)n;
#endif
}

void spt_sum(struct spt *run, int *values, int n)
{
#if SPT_MPI
    if (run->ranks > 1)
        MPI_Allreduce(MPI_IN_PLACE, values, n, MPI_INT, MPI_SUM, run->comm);
#else
    (void)run, (void)values, (void)n;
#endif
}

/* ---------------------------------------------------------------- failures */

const char *failure_text(enum failure_kind kind)
{
    static const char *const text[] = { "nothing failed",
                                        "a value is not finite",
                                        "the solution grows without bound",
                                        "the increments grow, the iteration diverges",
                                        "a solve failed",
                                        "interrupted" };
    return text[kind];
}

int failure_error(enum failure_kind kind)
{
    return kind == FAILURE_NONE ? 0 : kind == FAILURE_INTERRUPTED ? -ECANCELED : -EDOM;
}

void spt_note_failure(const struct spt_meta *m, const char *codelet, enum failure_kind kind)
{
    struct spt *run = m->run;
    struct failure f = { kind, m->slice, m->iteration, m->role, "", "" };
    snprintf(f.codelet, sizeof f.codelet, "%s", codelet);
    const struct work_count *c = spt_count(m);
    const char *name = m->label ? m->label : "";
    if (kind == FAILURE_SOLVE && c && c->failed_sweep > 0)
        snprintf(f.label, sizeof f.label, "%.16s, step %ld, node %d, sweep %ld, residual %.1e",
                 name, c->failed_step, c->failed_node, c->failed_sweep, c->failed_residual);
    else if (m->node >= 0)
        snprintf(f.label, sizeof f.label, "%.16s, node %d, sweep %d", name, m->node, m->sweep);
    else
        snprintf(f.label, sizeof f.label, "%s", name);
    pthread_mutex_lock(&run->lock);
    size_t i = 0;
    while (i < run->nfailures && run->failures[i].slice != f.slice)
        i++; /* one per slice: the earliest iteration */
    if (i < run->nfailures) {
        if (f.iteration < run->failures[i].iteration)
            run->failures[i] = f;
    } else {
        struct failure *more = realloc(run->failures, (i + 1) * sizeof *more);
        SPT_CHECK(more);
        run->failures = more;
        run->failures[run->nfailures++] = f;
    }
    pthread_mutex_unlock(&run->lock);
}

bool spt_failure(struct spt *run, int slice, int iteration, struct failure *f)
{
    const struct failure *first = NULL;
    pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < run->nfailures; i++) {
        const struct failure *g = &run->failures[i];
        if ((slice < 0 || g->slice == slice) && g->iteration <= iteration &&
            (!first || g->iteration < first->iteration ||
             (g->iteration == first->iteration && g->slice < first->slice)))
            first = g;
    }
    if (first)
        *f = *first;
    pthread_mutex_unlock(&run->lock);
    return first;
}

bool spt_first_failure(struct spt *run, struct failure *f)
{
    struct failure mine = { .kind = FAILURE_NONE };
    spt_failure(run, -1, INT_MAX, &mine);
    if (spt_interrupted())
        mine = (struct failure){ .kind = FAILURE_INTERRUPTED, .slice = -1, .iteration = -1 };
    *f = mine;
#if SPT_MPI
    if (run->ranks > 1) {
        struct failure *all = calloc((size_t)run->ranks, sizeof *all);
        SPT_CHECK(all);
        MPI_Allgather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, run->comm);
        for (int r = 0; r < run->ranks; r++)
            if (all[r].kind != FAILURE_NONE &&
                (f->kind == FAILURE_NONE || all[r].iteration < f->iteration ||
                 (all[r].iteration == f->iteration && all[r].slice < f->slice)))
                *f = all[r];
        free(all);
    }
#endif
    return f->kind != FAILURE_NONE;
}

/* ---------------------------------------------------------------- traces */

void spt_trace_task(void *arg)
{
    struct spt *run = arg;
    struct starpu_task *task = starpu_task_get_current();
    const struct starpu_profiling_task_info *p = task ? task->profiling_info : NULL;
    const int worker = starpu_worker_get_id();
    if (!p || worker < 0)
        return;
    struct spt_meta m;
    starpu_codelet_unpack_args(task->cl_arg, &m, (void *)0);
    struct trace_record r = { .id = m.id,
                              .rank = run->rank,
                              .worker = worker,
                              .slice = m.slice,
                              .iteration = m.iteration,
                              .node = m.node,
                              .sweep = m.sweep,
                              .priority = m.priority,
                              .cancelled = spt_cancelled(&m) };
    snprintf(r.codelet, sizeof r.codelet, "%s", task->cl->name);
    static const char *const roles[] = { "", "fine ", "coarse ", "serial " };
    snprintf(r.label, sizeof r.label, "%s%s", roles[m.role], m.label ? m.label : "");
    r.submitted =
        1e-6 * (starpu_timing_timespec_to_us((struct timespec *)&p->submit_time) - run->origin);
    r.start =
        1e-6 * (starpu_timing_timespec_to_us((struct timespec *)&p->start_time) - run->origin);
    r.end = 1e-6 * (starpu_timing_timespec_to_us((struct timespec *)&p->end_time) - run->origin);
    r.gflop = task->flops * 1e-9;
    r.predicted =
        task->predicted > 0 ? 1e-6 * task->predicted : 0; /* NaN: the policy has no models */
    r.footprint = task->cl->model /* the one that the model's entries have */
                      ? starpu_task_footprint(task->cl->model, task,
                                              starpu_worker_get_perf_archtype(worker, 0), 0)
                      : starpu_task_data_footprint(task);
    const unsigned n = STARPU_TASK_GET_NBUFFERS(task);
    for (unsigned i = 0; i < n; i++) {
        const enum starpu_data_access_mode mode = STARPU_TASK_GET_MODE(task, i);
        const starpu_data_handle_t h = STARPU_TASK_GET_HANDLE(task, i);
        const int64_t tag = (mode & STARPU_SCRATCH) ? -1 : spt_tag(h);
        if (tag < 0)
            continue;
        if (r.nhandles < TRACE_HANDLES) {
            r.handles[r.nhandles].tag = tag;
            r.handles[r.nhandles].bytes = spt_size(h) * sizeof(double);
            r.handles[r.nhandles].mode =
                ((mode & STARPU_R) ? TRACE_R : 0) | ((mode & STARPU_W) ? TRACE_W : 0);
        }
        r.nhandles++;
    }
    SPT_CHECK(trace_add(&run->traces[worker], &r) == 0);
}

/* appends count items of a size from every rank to *all on rank 0 */
static int gather(struct spt *run, const void *mine, size_t count, size_t size, void **all,
                  size_t *total)
{
#if SPT_MPI
    if (run->ranks > 1) {
        long *counts = calloc((size_t)run->ranks, sizeof *counts), n = (long)count;
        SPT_CHECK(counts);
        MPI_Gather(&n, 1, MPI_LONG, counts, 1, MPI_LONG, 0, run->comm);
        if (run->rank > 0) {
            for (size_t done = 0; done < count * size;) { /* in pieces: MPI counts in int */
                const size_t left = count * size - done,
                             piece = left < (1u << 30) ? left : (1u << 30);
                MPI_Send((const char *)mine + done, (int)piece, MPI_BYTE, 0, 77, run->comm);
                done += piece;
            }
            *all = NULL;
            *total = 0;
            free(counts);
            return 0;
        }
        *total = 0;
        for (int r = 0; r < run->ranks; r++)
            *total += (size_t)counts[r];
        char *buffer = malloc(*total * size + 1);
        SPT_CHECK(buffer);
        if (count)
            memcpy(buffer, mine, count * size);
        char *at = buffer + count * size;
        for (int r = 1; r < run->ranks; r++)
            for (size_t done = 0; done < (size_t)counts[r] * size;) {
                const size_t left = (size_t)counts[r] * size - done,
                             piece = left < (1u << 30) ? left : (1u << 30);
                MPI_Recv(at, (int)piece, MPI_BYTE, r, 77, run->comm, MPI_STATUS_IGNORE);
                at += piece;
                done += piece;
            }
        *all = buffer;
        free(counts);
        return 0;
    }
#else
    (void)run;
#endif
    *all = malloc(count * size + 1);
    if (!*all)
        return -ENOMEM;
    if (count)
        memcpy(*all, mine, count * size);
    *total = count;
    return 0;
}

int spt_trace_gather(struct spt *run, struct trace *t)
{
    struct trace mine = { 0 };
    struct trace_worker *workers = calloc((size_t)run->workers, sizeof *workers);
    int err = workers ? 0 : -ENOMEM;
    memset(t, 0, sizeof *t);
    for (int w = 0; !err && w < run->workers; w++) {
        workers[w] =
            (struct trace_worker){ .rank = run->rank,
                                   .worker = w,
                                   .is_gpu = starpu_worker_get_type(w) == STARPU_CUDA_WORKER,
                                   .memory_node =
                                       (int32_t)starpu_worker_get_memory_node((unsigned)w) };
        char name[64];
        starpu_worker_get_name(w, name, sizeof name);
        snprintf(workers[w].name, sizeof workers[w].name, "%.*s", TRACE_NAME - 1, name);
        for (size_t i = 0; !err && i < run->traces[w].n; i++)
            err = trace_add(&mine, &run->traces[w].records[i]);
    }
    void *records = NULL, *all = NULL;
    if (spt_any(run, err))
        err = -ENOMEM;
    else {
        align_clocks(run, &mine);
        t->clock_error = mine.clock_error;
        gather(run, mine.records, mine.n, sizeof *mine.records, &records, &t->n);
        gather(run, workers, (size_t)run->workers, sizeof *workers, &all, &t->nworkers);
        t->records = records;
        t->capacity = t->n;
        t->workers = all;
        snprintf(t->scheduler, sizeof t->scheduler, "%s", run->scheduler);
        trace_sort(t);
    }
    trace_free(&mine);
    free(workers);
    return err;
}

double spt_bound(struct spt *run)
{
    double milliseconds = 0, none = 0;
    if (!run->bounding)
        return NAN;
    starpu_bound_stop();
    starpu_bound_compute(&milliseconds, &none, 0);
    return milliseconds > 0 ? 1e-3 * milliseconds : NAN;
}

size_t spt_bus_bytes(struct spt *run)
{
    unsigned long long bytes = 0;
    for (int b = 0; b < starpu_bus_get_count(); b++) {
        struct starpu_profiling_bus_info info;
        if (!starpu_bus_get_profiling_info(b, &info))
            bytes += (unsigned long long)info.transferred_bytes;
    }
#if SPT_MPI
    if (run->ranks > 1)
        MPI_Allreduce(MPI_IN_PLACE, &bytes, 1, MPI_UNSIGNED_LONG_LONG, MPI_SUM, run->comm);
#else
    (void)run;
#endif
    return (size_t)bytes;
}
