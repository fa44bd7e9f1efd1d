// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A stage of a network: some of its layers, often one. Buffers: x (R), y (W), work (SCRATCH);
 * activations in the network's precision. */
#include "codelets/network.h"

struct args {
    const struct network_step *s;
    int stage;
};

static void layer(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    if (!spt_begin(arg, &m, &a))
        return;
    const struct network *n = a.s->neural.network;
    const struct stage *stage = &n->stages[a.stage];
    const struct exec x = spt_exec(VEC(buf[2]), LEN(buf[2]));
    const double start = spt_seconds();
    network_forward(n, &x, stage->first, stage->last, 1, exec_device_constant(&x, n->params),
                    VEC(buf[0]), VEC(buf[1]));
    if (x.dev == DEV_CPU)
        spt_account(&m, spt_seconds() - start);
}

static uint32_t footprint(struct starpu_task *task)
{
    struct spt_meta m;
    struct args a;
    starpu_codelet_unpack_args(task->cl_arg, &m, &a);
    return starpu_hash_crc32c_be((uint32_t)a.stage, network_footprint(task, a.s));
}

static struct starpu_perfmodel model = {
    .type = STARPU_HISTORY_BASED,
    .symbol = "spt_layer_v1",
    .footprint = footprint,
};

static struct starpu_codelet cl = {
    .name = "layer",
    .color = 0xcc6677,
    BODY(layer),
    .nbuffers = 3,
    .modes = { STARPU_R, STARPU_W, STARPU_SCRATCH },
    .model = &model,
};

void spt_layer(struct spt *run, const struct network_step *s, int stage, starpu_data_handle_t x,
               starpu_data_handle_t y, starpu_data_handle_t work)
{
    const struct args a = { s, stage };
    const struct network *n = s->neural.network;
    double flops = 0.0;
    for (int i = n->stages[stage].first; i < n->stages[stage].last; i++)
        flops += n->layers[i]->flops;
    spt_insert(run, &cl, STARPU_VALUE, &a, sizeof a, STARPU_R, x, STARPU_W, y, STARPU_SCRATCH, work,
               STARPU_FLOPS, flops, STARPU_EXECUTE_WHERE, where_workers(s->where), 0);
}
