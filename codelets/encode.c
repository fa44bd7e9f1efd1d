// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A state as the input of a network. Buffers: u (R), in (W), work (SCRATCH), and, where the problem
 * has boundary values, lifting (W). */
#include "codelets/network.h"

struct args {
    const struct network_step *s;
    struct interval step;
};

static void encode(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    if (!spt_begin(arg, &m, &a))
        return;
    const struct exec x = spt_exec(VEC(buf[2]), LEN(buf[2]));
    double *lifting = a.s->neural.network->codec.boundary ? VEC(buf[3]) : NULL;
    const double start = spt_seconds();
    neural_encode(&a.s->neural, &x, a.step, VEC(buf[0]), lifting, VEC(buf[1]));
    if (x.dev == DEV_CPU)
        spt_account(&m, spt_seconds() - start);
}

static uint32_t footprint(struct starpu_task *task)
{
    struct spt_meta m;
    struct args a;
    starpu_codelet_unpack_args(task->cl_arg, &m, &a);
    return network_footprint(task, a.s);
}

static struct starpu_perfmodel model = {
    .type = STARPU_HISTORY_BASED,
    .symbol = "spt_encode_v1",
    .footprint = footprint,
};

static struct starpu_codelet cl = {
    .name = "encode",
    .color = 0x88ccee,
    BODY(encode),
    .nbuffers = 3,
    .modes = { STARPU_R, STARPU_W, STARPU_SCRATCH },
    .model = &model,
};

static struct starpu_codelet cl_lifting = {
    .name = "encode",
    .color = 0x88ccee,
    BODY(encode),
    .nbuffers = 4,
    .modes = { STARPU_R, STARPU_W, STARPU_SCRATCH, STARPU_W },
    .model = &model,
};

void spt_encode(struct spt *run, const struct network_step *s, struct interval step,
                starpu_data_handle_t u, starpu_data_handle_t in, starpu_data_handle_t lifting,
                starpu_data_handle_t work)
{
    const struct args a = { s, step };
    const double flops = 2.0 * (double)s->neural.network->codec.in;
    if (lifting)
        spt_insert(run, &cl_lifting, STARPU_VALUE, &a, sizeof a, STARPU_R, u, STARPU_W, in,
                   STARPU_SCRATCH, work, STARPU_W, lifting, STARPU_FLOPS, flops,
                   STARPU_EXECUTE_WHERE, where_workers(s->where), 0);
    else
        spt_insert(run, &cl, STARPU_VALUE, &a, sizeof a, STARPU_R, u, STARPU_W, in, STARPU_SCRATCH,
                   work, STARPU_FLOPS, flops, STARPU_EXECUTE_WHERE, where_workers(s->where), 0);
}
