// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* StarPU, 1.3 or 1.4: the one place that includes it and knows what differs between the two.
 *
 * The process's CPU binding (mpirun, taskset, a batch system): 1.4 respects it, 1.3 only with
 * STARPU_WORKERS_GETBIND=1. FxT traces: 1.3 writes them whenever it was built for it, 1.4 only with
 * STARPU_FXT_TRACE=1. */
#ifndef SPT_STARPU_COMPAT_H
#define SPT_STARPU_COMPAT_H

#include "spt_config.h"

#include <starpu.h>
#if SPT_MPI
#include <starpu_mpi.h>
#endif

#define SPT_STARPU_AT_LEAST(major, minor)                                                          \
    (STARPU_MAJOR_VERSION > (major) ||                                                             \
     (STARPU_MAJOR_VERSION == (major) && STARPU_MINOR_VERSION >= (minor)))

#if !SPT_STARPU_AT_LEAST(1, 3)
#error "StarPinT needs StarPU 1.3 or later"
#endif

#endif
