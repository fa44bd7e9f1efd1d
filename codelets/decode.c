// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A state from the output of a network and the state before. Buffers: u, out (R), v (W), work
 * (SCRATCH), and, where the problem has boundary values, lifting (R). */
#include "codelets/network.h"

struct args {
    const struct network_step *s;
};

static void decode(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    if (!spt_begin(arg, &m, &a))
        return;
    struct exec x = spt_exec(VEC(buf[3]), LEN(buf[3]));
    double *flag = exec_take(&x, CODELET_NETWORK_WORK), *v = VEC(buf[2]);
    const double *lifting = a.s->neural.network->codec.boundary ? VEC(buf[4]) : NULL;
    const double start = spt_seconds();
    spt_network_count(a.s->use, NETWORK_CALLS);
    neural_decode(&a.s->neural, &x, VEC(buf[0]), lifting, VEC(buf[1]), v);
    if (!network_accepts(a.s))
        network_check(&m, "decode", &x, LEN(buf[2]), v, flag);
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
    .symbol = "spt_decode_v1",
    .footprint = footprint,
};

static struct starpu_codelet cl = {
    .name = "decode",
    .color = 0x44aa99,
    BODY(decode),
    .nbuffers = 4,
    .modes = { STARPU_R, STARPU_R, STARPU_W, STARPU_SCRATCH },
    .model = &model,
};

static struct starpu_codelet cl_lifting = {
    .name = "decode",
    .color = 0x44aa99,
    BODY(decode),
    .nbuffers = 5,
    .modes = { STARPU_R, STARPU_R, STARPU_W, STARPU_SCRATCH, STARPU_R },
    .model = &model,
};

void spt_decode(struct spt *run, const struct network_step *s, starpu_data_handle_t u,
                starpu_data_handle_t lifting, starpu_data_handle_t out, starpu_data_handle_t v,
                starpu_data_handle_t work)
{
    const struct args a = { s };
    const double flops = 3.0 * (double)spt_size(v);
    if (lifting)
        spt_insert(run, &cl_lifting, STARPU_VALUE, &a, sizeof a, STARPU_R, u, STARPU_R, out,
                   STARPU_W, v, STARPU_SCRATCH, work, STARPU_R, lifting, STARPU_FLOPS, flops,
                   STARPU_EXECUTE_WHERE, where_workers(s->where), 0);
    else
        spt_insert(run, &cl, STARPU_VALUE, &a, sizeof a, STARPU_R, u, STARPU_R, out, STARPU_W, v,
                   STARPU_SCRATCH, work, STARPU_FLOPS, flops, STARPU_EXECUTE_WHERE,
                   where_workers(s->where), 0);
}
