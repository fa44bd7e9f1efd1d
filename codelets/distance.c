// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Relative l2 and max distance of u from v. Buffers: u, v (R), result (W, 3 doubles). */
#include <math.h>

#include "codelets/codelets.h"
#include "core/vec.h"

static void distance(void *buf[], void *arg)
{
    struct spt_meta m;
    if (!spt_begin(arg, &m, NULL))
        return;
    const struct exec x = spt_exec(NULL, 0);
    double *r = VEC(buf[2]), sums[3];
    vec_distance(&x, LEN(buf[0]), VEC(buf[1]), VEC(buf[0]), sums); /* norms of the reference */
    r[0] = sums[1] > 0.0 ? sqrt(sums[0] / sums[1]) : sqrt(sums[0]);
    r[1] = sums[2];
    r[2] = sqrt(sums[1]);
}

static struct starpu_perfmodel model = { .type = STARPU_HISTORY_BASED,
                                         .symbol = "spt_distance_v1" };

/* on the CPU only: a few numbers for the host, off the critical path */
static struct starpu_codelet cl = {
    .name = "distance",
    .color = 0xc9b458,
    .cpu_funcs = { distance },
    .cpu_funcs_name = { "distance" },
    .nbuffers = 3,
    .modes = { STARPU_R, STARPU_R, STARPU_W },
    .model = &model,
};

void spt_distance(struct spt *run, starpu_data_handle_t u, starpu_data_handle_t v,
                  starpu_data_handle_t result)
{
    spt_insert(run, &cl, STARPU_R, u, STARPU_R, v, STARPU_W, result, STARPU_FLOPS,
               5.0 * (double)spt_size(u), 0);
}
