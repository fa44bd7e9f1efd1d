// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The gradient of the loss of some samples. Buffers: params (R), gradient (W), work (SCRATCH). What
 * could not be computed says so in the gradient's tail: on another rank nobody knows. */
#include <string.h>

#include "codelets/codelets.h"

struct args {
    const struct loss *l;
    unsigned long sample;
    long step, first;
    size_t count;
    double weight;
};

size_t gradient_size(const struct network *n)
{
    return exec_round(neural_doubles(n, n->nparams)) +
           sizeof(struct gradient_tail) / sizeof(double);
}

static void gradient(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    const bool active = spt_begin(arg, &m, &a);
    const struct exec x = spt_exec(VEC(buf[2]), LEN(buf[2]));
    double *g = VEC(buf[1]);
    struct gradient_tail *tail =
        (struct gradient_tail *)(g + gradient_size(a.l->setup.neural->network)) - 1;
    const double start = spt_seconds();
    *tail = (struct gradient_tail){ .step = -1.0 };
    if (!active)
        return;
    memset(g, 0, (size_t)((double *)tail - g) * sizeof *g);
    const int failed =
        a.l->gradient(a.l, &x, a.sample, a.count, a.weight, VEC(buf[0]), g, &tail->loss);
    tail->failed = failed ? (double)(a.first + failed) : 0.0;
    tail->step = (double)a.step;
    spt_account(&m, spt_seconds() - start);
}

/* the cost depends on the loss, the problem, the network and the number of samples */
static uint32_t footprint(struct starpu_task *task)
{
    struct spt_meta m;
    struct args a;
    starpu_codelet_unpack_args(task->cl_arg, &m, &a);
    const struct neural *n = a.l->setup.neural;
    uint32_t crc = starpu_task_data_footprint(task);
    crc = starpu_hash_crc32c_be_n(a.l->type->name, strlen(a.l->type->name), crc);
    crc = starpu_hash_crc32c_be_n(n->problem->name, strlen(n->problem->name), crc);
    crc = starpu_hash_crc32c_be((uint32_t)a.l->flops, crc);
    return starpu_hash_crc32c_be((uint32_t)a.count, crc);
}

static struct starpu_perfmodel model = {
    .type = STARPU_HISTORY_BASED,
    .symbol = "spt_gradient_v1",
    .footprint = footprint,
};

static struct starpu_codelet cl = {
    .name = "gradient",
    .color = 0x0072b2,
    .cpu_funcs = { gradient },
    .cpu_funcs_name = { "gradient" },
    .nbuffers = 3,
    .modes = { STARPU_R, STARPU_W, STARPU_SCRATCH },
    .model = &model,
};

void spt_gradient(struct spt *run, const struct loss *l, long step, unsigned long sample,
                  long first, size_t count, double weight, starpu_data_handle_t params,
                  starpu_data_handle_t gradient_handle, starpu_data_handle_t work)
{
    const struct args a = { l, sample, step, first, count, weight };
    spt_insert(run, &cl, STARPU_VALUE, &a, sizeof a, STARPU_R, params, STARPU_W, gradient_handle,
               STARPU_SCRATCH, work, STARPU_FLOPS, l->flops * (double)count, 0);
}
