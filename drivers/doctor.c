// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* starpint doctor: what this binary can use on this machine, and what holds it back. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "core/spt.h"
#include <fftw3.h>
#if SPT_HDF5
#include <hdf5.h>
#endif

#include "drivers/commands.h"

static void row(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void row(const char *what, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    printf("  %-12s ", what);
    vprintf(format, ap);
    putchar('\n');
    va_end(ap);
}

static const char *have(bool yes)
{
    return yes ? "yes" : "no";
}

int command_doctor(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const bool help = strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
        if (!help)
            return exit_code(log_error(-EINVAL, "doctor: unexpected argument '%s'", argv[i]));
        puts("Usage: starpint doctor\n"
             "What StarPU, MPI, CUDA and libraries this program uses here, and what limits it.\n"
             "Example: STARPU_SCHED=dmdas starpint doctor");
        return 0;
    }
    struct spt run;
    const struct spt_options o = { .cpus = -1, .gpus = -1 };
    int major, minor, release, err;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if ((err = spt_open_mpi(&run, &argc, &argv, false)))
        return exit_code(err);
    log_open(run.rank, false);
    if ((err = spt_open(&run, &o))) {
        spt_close(&run);
        return exit_code(err);
    }
    if (run.rank == 0) {
        starpu_get_version(&major, &minor, &release);
        printf("starpint %s\n", SPT_VERSION);
        row("StarPU", "%d.%d.%d (headers %s)", major, minor, release, SPT_STARPU_VERSION);
        row("scheduler", "%s", run.scheduler);
        row("workers", "%u CPU, %u CUDA of %ld cores", starpu_cpu_worker_get_count(),
            starpu_cuda_worker_get_count(), cores);
        row("caps", "%d CPU workers, %d buffers per task, %d CUDA devices", STARPU_MAXCPUS,
            STARPU_NMAXBUFS, STARPU_MAXCUDADEVS);
#ifdef STARPU_USE_FXT
        const bool fxt = true;
#else
        const bool fxt = false;
#endif
#ifdef STARPU_SIMGRID
        const bool simgrid = true;
#else
        const bool simgrid = false;
#endif
#ifdef STARPU_USE_CUDA
        const bool starpu_cuda = true;
#else
        const bool starpu_cuda = false;
#endif
        row("built with", "FxT %s, SimGrid %s, CUDA %s", have(fxt), have(simgrid),
            have(starpu_cuda));
#if SPT_MPI
        char version[MPI_MAX_LIBRARY_VERSION_STRING];
        int length;
        MPI_Get_library_version(version, &length);
        version[strcspn(version, ",\n")] = 0;
        row("MPI", "%s; %d rank%s", version, run.ranks, run.ranks > 1 ? "s" : "");
#else
        row("MPI", "not built in (-Dmpi=enabled)");
#endif
        row("FFTW", "%s", fftw_version);
#if SPT_HDF5
        unsigned a, b, c;
        H5get_libversion(&a, &b, &c);
        row("HDF5", "%u.%u.%u", a, b, c);
#else
        row("HDF5", "not built in: results are raw binary with XDMF");
#endif
        row("OpenMP", "%s", have(SPT_OPENMP));
        row("models", "%s/.starpu/sampling",
            getenv("STARPU_HOME") ? getenv("STARPU_HOME")
            : getenv("HOME")      ? getenv("HOME")
                                  : ".");
        printf("Limits here:\n");
        int limits = 0;
        if (cores > STARPU_MAXCPUS && ++limits)
            printf("  - this StarPU uses at most %d of %ld cores: scripts/build-starpu.sh builds "
                   "one that uses all\n",
                   STARPU_MAXCPUS, cores);
        if (!starpu_cuda && ++limits)
            printf("  - no CUDA in this StarPU: scripts/build-starpu.sh cuda PREFIX, then "
                   "-Dcuda=enabled\n");
        if (starpu_cuda && !SPT_CUDA && ++limits)
            printf("  - this StarPU has CUDA, this starpint has not: meson setup -Dcuda=enabled\n");
        if (starpu_cuda && SPT_CUDA && !starpu_cuda_worker_get_count() && ++limits)
            printf("  - no CUDA device found\n");
        if (!fxt && ++limits)
            printf("  - no FxT in this StarPU: starpint's own traces work, starpu_fxt_tool has "
                   "nothing to read\n");
        if (run.local_ranks > 1 && ++limits)
            printf("  - %d ranks share this node: one rank per node is what StarPU is made for\n",
                   run.local_ranks);
        if (!limits)
            printf("  - none known\n");
    }
    spt_close(&run);
    return 0;
}
