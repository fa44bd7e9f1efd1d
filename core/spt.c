// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/spt_private.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "core/config.h"
#include "core/log.h"

/* a signal handler has nowhere else to write */
static volatile sig_atomic_t interrupted, asked, deferring;

static void on_interrupt(int signal_number)
{
    static const char later[] =
        "\nstarpint: it will end at the next stop point, with a checkpoint; "
        "once more, and it ends at once\n";
    asked = signal_number;
    if (!deferring)
        interrupted = 1;
    else if (isatty(STDERR_FILENO) && write(STDERR_FILENO, later, sizeof later - 1) < 0)
        interrupted = 0;            /* nobody hears it */
    signal(signal_number, SIG_DFL); /* the second one kills */
}

void spt_defer_interrupts(void)
{
    deferring = 1;
    interrupted = 0;
}

int spt_asked_to_end(void)
{
    return asked;
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
    run->bounding = o->bound && run->ranks == 1;
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
    interrupted = asked = deferring = 0;
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    return 0;
}

void spt_close(struct spt *run)
{
    if (run->started) {
        spt_wait(run);
        spt_forget_data(run);
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
    spt_forget_networks(run);
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

bool spt_cancelled(const struct spt_meta *m)
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
    return !spt_cancelled(m);
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
