// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/spt.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "core/config.h"
#include "core/log.h"

/* ---------------------------------------------------------------- opening and closing */

static volatile sig_atomic_t interrupted; /* a signal handler has nowhere else to write */

static void on_interrupt(int signal_number)
{
    interrupted = 1;
    signal(signal_number, SIG_DFL); /* the second one kills */
}

bool spt_interrupted(void)
{
    return interrupted;
}

double spt_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#if SPT_MPI
/* a launcher leaves the size of the job in the environment; a batch script without srun does not */
static bool launched(void)
{
    static const char *const names[] = { "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK",
                                         "MPI_LOCALNRANKS" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i]))
            return true;
    return false;
}
#endif

int spt_open_mpi(struct spt *run, int *argc, char ***argv, bool force)
{
    memset(run, 0, sizeof *run);
    run->ranks = run->local_ranks = 1;
#if SPT_MPI
    if (force || launched()) {
        int provided, initialised;
        MPI_Comm node;
        MPI_Initialized(&initialised);
        if (!initialised) {
            if (MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS)
                return log_error(-EIO, "MPI does not start");
            run->mpi_initialised = true;
            if (provided < MPI_THREAD_MULTIPLE)
                return log_error(-ENOTSUP, "this MPI has no MPI_THREAD_MULTIPLE");
        }
        MPI_Comm_dup(MPI_COMM_WORLD, &run->comm);
        MPI_Comm_rank(run->comm, &run->rank);
        MPI_Comm_size(run->comm, &run->ranks);
        MPI_Comm_split_type(run->comm, MPI_COMM_TYPE_SHARED, run->rank, MPI_INFO_NULL, &node);
        MPI_Comm_size(node, &run->local_ranks);
        MPI_Comm_free(&node);
        run->mpi = run->ranks > 1;
    }
#else
    if (force)
        return log_error(-EINVAL, "--mpi: this starpint was built without MPI");
#endif
    return 0;
}

int spt_check_scheduler(const struct node *at, const char *what, const char *name)
{
    struct starpu_sched_policy **policies = starpu_sched_get_predefined_policies();
    const char *known[128];
    size_t n = 0;
    if (!name || getenv("STARPU_SCHED_LIB"))
        return 0;
    for (; policies[n] && n + 1 < sizeof known / sizeof *known; n++) {
        known[n] = policies[n]->policy_name;
        if (strcmp(known[n], name) == 0)
            return 0;
    }
    known[n] = NULL;
    return config_unknown(at, what, name, known);
}

/* CUDA devices that StarPU is going to use, as far as one can tell before it starts */
static int gpus(const struct spt_options *o)
{
    int n = 0;
#if SPT_CUDA
    const char *wanted = getenv("STARPU_NCUDA");
    if (cudaGetDeviceCount(&n) != cudaSuccess)
        n = 0;
    if (wanted && atoi(wanted) < n)
        n = atoi(wanted);
#endif
    return o->gpus >= 0 && o->gpus < n ? (int)o->gpus : n;
}

/* constants and plans onto the GPUs that StarPU uses */
static void open_devices(int workers)
{
    int device[STARPU_NMAXWORKERS];
    for (int w = 0; w < workers; w++)
        device[w] =
            starpu_worker_get_type(w) == STARPU_CUDA_WORKER ? starpu_worker_get_devid(w) : -1;
    exec_open_devices(workers, device);
}

/* StarPU aborts on what it cannot read */
static int check_counts(void)
{
    static const char *const names[] = { "STARPU_NCPU", "STARPU_NCPUS", "STARPU_NCUDA",
                                         "STARPU_NOPENCL" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        char *end;
        if (!value)
            continue;
        const long n = strtol(value, &end, 10);
        if (end == value || *end || n < -1 || n > 1 << 16)
            return log_error(-EINVAL, "%s: expected a number of workers, got '%s'", names[i],
                             value);
    }
    return 0;
}

int spt_open(struct spt *run, const struct spt_options *o)
{
    struct starpu_conf conf;
    int err = spt_check_scheduler(NULL, "STARPU_SCHED", getenv("STARPU_SCHED"));
    if (err || (err = check_counts()))
        return err;
    starpu_conf_init(&conf);
    starpu_malloc_set_align(64);
    if (!getenv("STARPU_SCHED"))
        conf.sched_policy_name = o->scheduler ? o->scheduler : gpus(o) > 0 ? "dmdas" : "prio";
    if (o->gpus >= 0)
        conf.ncuda = (int)o->gpus;
    conf.nopencl = 0;
    if (run->local_ranks > 1) {
        /* several ranks on a node: share its cores, and leave placing to the launcher or the kernel
         */
        setenv("STARPU_WORKERS_NOBIND", "1", 0);
        setenv("STARPU_MPI_NOBIND", "1", 0);
    }
    if (o->cpus >= 0)
        conf.ncpus = (int)o->cpus;
    else if (run->local_ranks > 1) {
        const long cores = sysconf(_SC_NPROCESSORS_ONLN);
        conf.ncpus = cores > run->local_ranks ? (int)(cores / run->local_ranks) : 1;
    }
    setenv("STARPU_CATCH_SIGNALS", "0", 0); /* ours end the run in order */

#if SPT_MPI
    if (run->mpi)
        err = starpu_mpi_init_conf(NULL, NULL, 0, run->comm, &conf);
    else
#endif
        err = starpu_init(&conf);
    if (err == -ENODEV)
        return log_error(-EINVAL, "StarPU finds no worker: is STARPU_NCPU or machine.cpus 0?");
    if (err)
        return log_error(-EIO, "StarPU does not start: %s", strerror(-err));
    run->started = true;
    run->tracing = o->trace;
    run->reproducible = o->reproducible;
    run->workers = (int)starpu_worker_get_count();
    run->clocks = calloc((size_t)run->workers, sizeof *run->clocks);
    run->traces = calloc((size_t)run->workers, sizeof *run->traces);
    if (!run->clocks || !run->traces)
        return log_error(-ENOMEM, "out of memory");
    pthread_mutex_init(&run->lock, NULL);
    run->at = (struct spt_meta){ .slice = -1, .iteration = -1, .node = -1, .sweep = -1 };
    run->scheduler = starpu_sched_ctx_get_sched_policy(0)->policy_name;
    run->priority_min = starpu_sched_get_min_priority();
    run->priority_max = starpu_sched_get_max_priority();
    open_devices(run->workers);
    starpu_profiling_status_set(o->trace ? STARPU_PROFILING_ENABLE : STARPU_PROFILING_DISABLE);
    spt_clock_reset(run);
    interrupted = 0;
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    return 0;
}

/* ---------------------------------------------------------------- states */

struct data {
    starpu_data_handle_t handle;
    int64_t tag;
    size_t n;
    int owner;
    struct bucket *bucket;
    struct data *next, *next_free;
};

struct bucket { /* of handles of one size and owner: a run has a few */
    size_t n;
    int owner;
    struct data *free;
    struct bucket *next;
};

struct spt_pool {
    struct data *all;
    struct bucket *buckets;
};

static struct data *data_of(starpu_data_handle_t h)
{
    return starpu_data_get_user_data(h);
}

int spt_owner(starpu_data_handle_t h)
{
    return data_of(h)->owner;
}

size_t spt_size(starpu_data_handle_t h)
{
    return data_of(h)->n;
}

starpu_data_handle_t spt_take(struct spt *run, size_t n, int owner)
{
    if (!run->pool)
        SPT_CHECK((run->pool = calloc(1, sizeof *run->pool)));
    struct bucket *b = run->pool->buckets;
    while (b && (b->n != n || b->owner != owner))
        b = b->next;
    if (!b) {
        SPT_CHECK((b = calloc(1, sizeof *b)));
        *b = (struct bucket){ n, owner, NULL, run->pool->buckets };
        run->pool->buckets = b;
    }
    struct data *d = b->free;
    if (d)
        b->free = d->next_free;
    else {
        SPT_CHECK((d = calloc(1, sizeof *d)));
        *d = (struct data){
            .tag = run->next_tag++, .n = n, .owner = owner, .bucket = b, .next = run->pool->all
        };
        starpu_vector_data_register(&d->handle, -1, 0, (uint32_t)n, sizeof(double));
        starpu_data_set_user_data(d->handle, d);
#if SPT_MPI
        if (run->mpi)
            starpu_mpi_data_register_comm(d->handle, d->tag, owner, run->comm);
#endif
        run->pool->all = d;
        if (owner == run->rank) {
            run->handles++;
            run->state_bytes += n * sizeof(double);
        }
        if (run->state_bytes > run->state_bytes_peak)
            run->state_bytes_peak = run->state_bytes;
        if (run->handles > run->handles_peak)
            run->handles_peak = run->handles;
    }
    return d->handle;
}

void spt_give(struct spt *run, starpu_data_handle_t h)
{
    if (!h)
        return;
#if SPT_MPI
    if (run->mpi)
        starpu_mpi_cache_flush(run->comm, h);
#endif
    struct data *d = data_of(h);
    d->next_free = d->bucket->free;
    d->bucket->free = d;
}

starpu_data_handle_t spt_scratch(struct spt *run, size_t n)
{
    starpu_data_handle_t h;
    starpu_vector_data_register(&h, -1, 0, (uint32_t)(n ? n : 1), sizeof(double));
#if SPT_MPI
    if (run->mpi) /* a tag for StarPU-MPI's sake: scratch is never sent */
        starpu_mpi_data_register_comm(h, run->next_tag, run->rank, run->comm);
#endif
    run->next_tag++;
    return h;
}

void spt_scratch_free(struct spt *run, starpu_data_handle_t h)
{
    (void)run;
    if (h)
        starpu_data_unregister_submit(h);
}

void spt_put(struct spt *run, starpu_data_handle_t h, const double *u)
{
    if (spt_owner(h) == run->rank) {
        starpu_data_acquire(h, STARPU_W);
        memcpy((double *)starpu_vector_get_local_ptr(h), u, spt_size(h) * sizeof *u);
        starpu_data_release(h);
    }
#if SPT_MPI
    if (run->mpi) /* what other ranks hold of it is old */
        starpu_mpi_cache_flush(run->comm, h);
#endif
}

static void copy_out(starpu_data_handle_t h, double *u)
{
    starpu_data_acquire(h, STARPU_R);
    memcpy(u, (const double *)starpu_vector_get_local_ptr(h), spt_size(h) * sizeof *u);
    starpu_data_release(h);
}

void spt_get(struct spt *run, starpu_data_handle_t h, double *u)
{
#if SPT_MPI
    if (run->mpi)
        starpu_mpi_get_data_on_node_detached(run->comm, h, 0, NULL, NULL);
#endif
    if (run->rank == 0)
        copy_out(h, u);
}

void spt_get_all(struct spt *run, starpu_data_handle_t h, double *u)
{
#if SPT_MPI
    if (run->mpi)
        starpu_mpi_get_data_on_all_nodes_detached(run->comm, h);
#endif
    copy_out(h, u);
}

void spt_wait(struct spt *run)
{
#if SPT_MPI
    if (run->mpi) {
        starpu_mpi_wait_for_all(run->comm);
        starpu_mpi_barrier(run->comm);
        return;
    }
#endif
    (void)run;
    starpu_task_wait_for_all();
}

int spt_slice_owner(long slice, long slices, int ranks)
{
    return (int)(slice * ranks / slices);
}

void spt_close(struct spt *run)
{
    if (run->started) {
        spt_wait(run);
        for (struct data *d = run->pool ? run->pool->all : NULL, *next; d; d = next) {
            next = d->next;
            starpu_data_unregister_no_coherency(d->handle);
            free(d);
        }
        for (struct bucket *b = run->pool ? run->pool->buckets : NULL, *next; b; b = next) {
            next = b->next;
            free(b);
        }
        free(run->pool);
        exec_close_devices();
#if SPT_MPI
        if (run->mpi)
            starpu_mpi_shutdown();
        else
#endif
            starpu_shutdown();
        pthread_mutex_destroy(&run->lock);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
    }
    for (int i = 0; run->traces && i < run->workers; i++)
        trace_free(&run->traces[i]);
    free(run->traces);
    free(run->clocks);
    free(run->failures);
#if SPT_MPI
    if (run->ranks > 1 || run->mpi_initialised) {
        if (run->comm)
            MPI_Comm_free(&run->comm);
        if (run->mpi_initialised)
            MPI_Finalize();
    }
#endif
    memset(run, 0, sizeof *run);
}

/* ---------------------------------------------------------------- tasks */

struct spt_meta spt_meta(struct spt *run)
{
    struct spt_meta m = run->at;
    m.run = run;
    m.id = run->at.id++;
    run->at.opens = 0;
    if (m.priority > run->priority_max)
        m.priority = run->priority_max;
    if (m.priority < run->priority_min)
        m.priority = run->priority_min;
    return m;
}

static bool cancelled(const struct spt_meta *m)
{
    return interrupted || (m->cancel && m->iteration > atomic_load_explicit(&m->cancel->after,
                                                                            memory_order_relaxed));
}

bool spt_begin(void *arg, struct spt_meta *m, void *args)
{
    if (args)
        starpu_codelet_unpack_args(arg, m, args);
    else
        starpu_codelet_unpack_args(arg, m, (void *)0);
    return !cancelled(m);
}

struct exec spt_exec(double *work, size_t n)
{
    struct exec x = { DEV_CPU, starpu_worker_get_id(), 1, NULL, work, n, NULL };
#if SPT_CUDA
    if (x.worker >= 0 && starpu_worker_get_type(x.worker) == STARPU_CUDA_WORKER) {
        x.dev = DEV_CUDA;
        x.stream = starpu_cuda_get_local_stream();
    }
#endif
    return x;
}

void spt_account(const struct spt_meta *m, double seconds)
{
    const int worker = starpu_worker_get_id();
    if (worker >= 0) {
        m->run->clocks[worker].seconds[m->role] += seconds;
        m->run->clocks[worker].calls[m->role] += m->opens;
    }
}

void spt_clock_reset(struct spt *run)
{
    memset(run->clocks, 0, (size_t)run->workers * sizeof *run->clocks);
    for (int w = 0; w < run->workers; w++)
        run->traces[w].n = 0;
#if SPT_MPI
    if (run->mpi)
        MPI_Barrier(run->comm); /* the clocks of the ranks start together */
#endif
    run->origin = starpu_timing_now();
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
        if (c->sweeps > total->sweeps)
            total->sweeps = c->sweeps;
        for (long k = 0; k < c->sweeps; k++)
            if (!(c->residual[k] <= total->residual[k]))
                total->residual[k] = c->residual[k];
    }
#if SPT_MPI
    if (run->mpi) {
        long sums[] = { total->rhs, total->solves, total->newton, total->accepted,
                        total->rejected };
        MPI_Allreduce(MPI_IN_PLACE, sums, 5, MPI_LONG, MPI_SUM, run->comm);
        MPI_Allreduce(MPI_IN_PLACE, &total->sweeps, 1, MPI_LONG, MPI_MAX, run->comm);
        MPI_Allreduce(MPI_IN_PLACE, total->residual, WORK_SWEEPS, MPI_DOUBLE, MPI_MAX, run->comm);
        total->rhs = sums[0];
        total->solves = sums[1];
        total->newton = sums[2];
        total->accepted = sums[3];
        total->rejected = sums[4];
    }
#endif
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
    snprintf(f.label, sizeof f.label, "%s", m->label ? m->label : "");
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
    if (interrupted)
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
                              .cancelled = cancelled(&m) };
    snprintf(r.codelet, sizeof r.codelet, "%s", task->cl->name);
    static const char *const roles[] = { "", "fine ", "coarse ", "serial " };
    snprintf(r.label, sizeof r.label, "%s%s", roles[m.role], m.label ? m.label : "");
    r.submitted =
        1e-6 * (starpu_timing_timespec_to_us((struct timespec *)&p->submit_time) - run->origin);
    r.start =
        1e-6 * (starpu_timing_timespec_to_us((struct timespec *)&p->start_time) - run->origin);
    r.end = 1e-6 * (starpu_timing_timespec_to_us((struct timespec *)&p->end_time) - run->origin);
    r.gflop = task->flops * 1e-9;
    r.footprint = starpu_task_data_footprint(task);
    const unsigned n = STARPU_TASK_GET_NBUFFERS(task);
    for (unsigned i = 0; i < n; i++) {
        const enum starpu_data_access_mode mode = STARPU_TASK_GET_MODE(task, i);
        const struct data *d = data_of(STARPU_TASK_GET_HANDLE(task, i));
        if ((mode & STARPU_SCRATCH) || !d)
            continue;
        if (r.nhandles < TRACE_HANDLES) {
            r.handles[r.nhandles].tag = d->tag;
            r.handles[r.nhandles].bytes = d->n * sizeof(double);
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
        gather(run, mine.records, mine.n, sizeof *mine.records, &records, &t->n);
        gather(run, workers, (size_t)run->workers, sizeof *workers, &all, &t->nworkers);
        t->records = records;
        t->capacity = t->n;
        t->workers = all;
        trace_sort(t);
    }
    trace_free(&mine);
    free(workers);
    return err;
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
