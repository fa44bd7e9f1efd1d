// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps of a one-step scheme. Buffers: from (R), to (W), work (SCRATCH); or, in place, to (RW),
 * work (SCRATCH). */
#include <string.h>

#include "codelets/codelets.h"
#include "core/vec.h"

struct args {
    const struct stepper *s;
    struct interval first;
    long count;
    int in_place;
};

static void advance(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    if (!spt_begin(arg, &m, &a))
        return;
    const double *u = VEC(buf[0]);
    double *v = VEC(buf[a.in_place ? 0 : 1]);
    void *scratch = buf[a.in_place ? 1 : 2];
    struct exec x = spt_exec(VEC(scratch), LEN(scratch));
    double *flag = exec_take(&x, CODELET_ADVANCE_WORK);
    x.count = spt_count(&m);
    const double start = spt_seconds();
    for (long i = 0; i < a.count && !spt_interrupted(); i++) {
        struct interval step = a.first;
        step.index += i;
        if (a.s->step(a.s, &x, step, i ? v : u, v)) {
            spt_note_failure(&m, "advance", FAILURE_SOLVE);
            return;
        }
    }
    vec_nonfinite(&x, LEN(buf[0]), v, flag);
    if (x.dev == DEV_CPU) { /* on a GPU nothing is known yet: the increment finds it */
        if (*flag != 0.0)
            spt_note_failure(&m, "advance", FAILURE_NONFINITE);
        spt_account(&m, spt_seconds() - start);
    }
}

/* the cost depends on the scheme, the problem and the number of steps */
static uint32_t footprint(struct starpu_task *task)
{
    struct spt_meta m;
    struct args a;
    starpu_codelet_unpack_args(task->cl_arg, &m, &a);
    uint32_t crc = starpu_task_data_footprint(task);
    crc = starpu_hash_crc32c_be_n(a.s->name, strlen(a.s->name), crc);
    crc = starpu_hash_crc32c_be_n(a.s->problem->name, strlen(a.s->problem->name), crc);
    return starpu_hash_crc32c_be((uint32_t)a.count, crc);
}

static struct starpu_perfmodel model = {
    .type = STARPU_HISTORY_BASED,
    .symbol = "spt_advance_v1",
    .footprint = footprint,
};

static struct starpu_codelet cl = {
    .name = "advance",
    .color = 0x0072b2,
    BODY(advance),
    .nbuffers = 3,
    .modes = { STARPU_R, STARPU_W, STARPU_SCRATCH },
    .model = &model,
};

static struct starpu_codelet cl_in_place = {
    .name = "advance",
    .color = 0x0072b2,
    BODY(advance),
    .nbuffers = 2,
    .modes = { STARPU_RW, STARPU_SCRATCH },
    .model = &model,
};

void spt_advance(struct spt *run, const struct stepper *s, struct interval first, long count,
                 enum where where, starpu_data_handle_t from, starpu_data_handle_t to,
                 starpu_data_handle_t work)
{
    const struct args a = { s, first, count, from == to };
    const double flops = s->flops * (double)count;
    if (from == to)
        spt_insert(run, &cl_in_place, STARPU_VALUE, &a, sizeof a, STARPU_RW, to, STARPU_SCRATCH,
                   work, STARPU_FLOPS, flops, STARPU_EXECUTE_WHERE, where_workers(where), 0);
    else
        spt_insert(run, &cl, STARPU_VALUE, &a, sizeof a, STARPU_R, from, STARPU_W, to,
                   STARPU_SCRATCH, work, STARPU_FLOPS, flops, STARPU_EXECUTE_WHERE,
                   where_workers(where), 0);
}
