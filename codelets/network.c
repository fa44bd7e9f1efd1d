// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A step of a network: encode, layers, decode. Buffers: from (R), to (W), work (SCRATCH). */
#include "codelets/network.h"

struct args {
    const struct network_step *s;
    struct interval step;
};

static void network(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    if (!spt_begin(arg, &m, &a))
        return;
    const struct neural *n = &a.s->neural;
    struct exec x = spt_exec(VEC(buf[2]), LEN(buf[2]));
    double *flag = exec_take(&x, CODELET_NETWORK_WORK), *v = VEC(buf[1]);
    const double start = spt_seconds();
    spt_network_count(a.s->use, NETWORK_CALLS);
    neural_step(n, &x, a.step, exec_device_constant(&x, n->network->params), VEC(buf[0]), v);
    if (!network_accepts(a.s))
        network_check(&m, "network", &x, LEN(buf[1]), v, flag);
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
    .symbol = "spt_network_v1",
    .footprint = footprint,
};

static struct starpu_codelet cl = {
    .name = "network",
    .color = 0xaa3377,
    BODY(network),
    .nbuffers = 3,
    .modes = { STARPU_R, STARPU_W, STARPU_SCRATCH },
    .model = &model,
};

void spt_network(struct spt *run, const struct network_step *s, struct interval step,
                 starpu_data_handle_t from, starpu_data_handle_t to, starpu_data_handle_t work)
{
    const struct args a = { s, step };
    spt_insert(run, &cl, STARPU_VALUE, &a, sizeof a, STARPU_R, from, STARPU_W, to, STARPU_SCRATCH,
               work, STARPU_FLOPS, s->neural.network->flops, STARPU_EXECUTE_WHERE,
               where_workers(s->where), 0);
}

size_t codelet_network_work(const struct network_step *s)
{
    return CODELET_NETWORK_WORK + neural_work(&s->neural);
}
