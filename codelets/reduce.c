// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The gradients of two parts of a batch are added. Buffers: into (RW), from (R). */
#include "codelets/codelets.h"
#include "nn/optimiser.h"

struct args {
    const struct network *n;
};

static void reduce(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    const bool active = spt_begin(arg, &m, &a);
    double *into = VEC(buf[0]), *from = VEC(buf[1]);
    const size_t end = gradient_size(a.n);
    struct gradient_tail *t = (struct gradient_tail *)(into + end) - 1,
                         *other = (struct gradient_tail *)(from + end) - 1;
    if (!active || t->step != other->step) {
        t->step = -1.0;
        return;
    }
    t->loss += other->loss;
    if (t->failed == 0.0)
        t->failed = other->failed;
    if (a.n->dtype == DTYPE_F32)
        add_f32(a.n->nparams, (float *)into, (const float *)from);
    else
        add_f64(a.n->nparams, into, from);
}

static struct starpu_perfmodel model = { .type = STARPU_HISTORY_BASED, .symbol = "spt_reduce_v1" };

static struct starpu_codelet cl = {
    .name = "reduce",
    .color = 0xd55e00,
    .cpu_funcs = { reduce },
    .cpu_funcs_name = { "reduce" },
    .nbuffers = 2,
    .modes = { STARPU_RW, STARPU_R },
    .model = &model,
};

void spt_reduce(struct spt *run, const struct network *n, starpu_data_handle_t into,
                starpu_data_handle_t from)
{
    const struct args a = { n };
    spt_insert(run, &cl, STARPU_VALUE, &a, sizeof a, STARPU_RW, into, STARPU_R, from, STARPU_FLOPS,
               (double)n->nparams, 0);
}
