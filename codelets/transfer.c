// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A state onto another grid, with the boundary values there. Buffers: from (R), to (W), work
 * (SCRATCH). */
#include "codelets/codelets.h"

struct args {
    const struct transfer *t;
    const struct problem *p;
    double time;
};

static void transfer(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    if (!spt_begin(arg, &m, &a))
        return;
    const struct exec x = spt_exec(VEC(buf[2]), LEN(buf[2]));
    const double start = spt_seconds();
    SPT_CHECK(transfer_apply(a.t, &x, VEC(buf[0]), VEC(buf[1])) == 0);
    if (a.p && a.p->kernels[x.dev]->impose)
        a.p->kernels[x.dev]->impose(a.p, &x, a.time, VEC(buf[1]));
    if (x.dev == DEV_CPU)
        spt_account(&m, spt_seconds() - start);
}

static struct starpu_perfmodel model = { .type = STARPU_HISTORY_BASED,
                                         .symbol = "spt_transfer_v1" };

static struct starpu_codelet cl = {
    .name = "transfer",
    .color = 0x9467bd,
    BODY(transfer),
    .nbuffers = 3,
    .modes = { STARPU_R, STARPU_W, STARPU_SCRATCH },
    .model = &model,
};

void spt_transfer(struct spt *run, const struct transfer *t, enum where where,
                  const struct problem *p, double time, starpu_data_handle_t from,
                  starpu_data_handle_t to, starpu_data_handle_t work)
{
    const struct args a = { t, p, time };
    spt_insert(run, &cl, STARPU_VALUE, &a, sizeof a, STARPU_R, from, STARPU_W, to, STARPU_SCRATCH,
               work, STARPU_FLOPS, 2.0 * (t->order + 1) * t->from.dims * (double)spt_size(to),
               STARPU_EXECUTE_WHERE, where_workers(where), 0);
}
