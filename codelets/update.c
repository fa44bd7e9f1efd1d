// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* One step of an optimiser. Buffers: params, state, gradient (RW), record (W). A step that is not
 * done leaves params and state alone, and with them all steps behind it: what training ends with is
 * always the result of whole steps. */
#include <math.h>

#include "codelets/codelets.h"

struct args {
    const struct optimiser *o;
    const struct network *n;
    long step, steps;
    double divergence;
};

enum { TAIL = sizeof(struct train_tail) / sizeof(double) };

size_t update_state_size(const struct optimiser *o, const struct network *n)
{
    return exec_round(optimiser_state(o, n->dtype, n->nparams)) + TAIL;
}

static void update(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    const bool active = spt_begin(arg, &m, &a);
    double *params = VEC(buf[0]), *state = VEC(buf[1]), *g = VEC(buf[2]);
    struct train_tail *tail = (struct train_tail *)(state + update_state_size(a.o, a.n)) - 1;
    const struct gradient_tail *sum = (struct gradient_tail *)(g + gradient_size(a.n)) - 1;
    struct train_record *r = (struct train_record *)VEC(buf[3]);
    struct optimiser_step done = { 0 };
    *r = (struct train_record){ .status = TRAIN_SKIPPED, .step = (double)a.step };
    if (!active || tail->done != (double)a.step || sum->step != (double)a.step)
        return;
    r->loss = sum->loss;
    r->sample = sum->failed - 1.0;
    if (sum->failed != 0.0) {
        r->status = TRAIN_FAILED;
        return;
    }
    const double first = a.step == 0 ? sum->loss : tail->first;
    if (!a.o->type->full_batch && a.divergence > 0.0 && sum->loss > a.divergence * first) {
        r->status = TRAIN_DIVERGED;
        return;
    }
    if (!optimiser_update(a.o, a.n->dtype, a.n->nparams, a.step, a.steps, sum->loss, params, g,
                          state, &done)) {
        r->status = TRAIN_NONFINITE;
        return;
    }
    tail->first = first;
    tail->done = (double)(a.step + 1);
    r->status = TRAIN_DONE;
    r->loss = done.loss;
    r->norm = done.norm;
    r->rate = done.rate;
}

static struct starpu_perfmodel model = { .type = STARPU_HISTORY_BASED, .symbol = "spt_update_v1" };

static struct starpu_codelet cl = {
    .name = "update",
    .color = 0x009e73,
    .cpu_funcs = { update },
    .cpu_funcs_name = { "update" },
    .nbuffers = 4,
    .modes = { STARPU_RW, STARPU_RW, STARPU_RW, STARPU_W },
    .model = &model,
};

void spt_update(struct spt *run, const struct optimiser *o, const struct network *n, long step,
                long steps, double divergence, starpu_data_handle_t params,
                starpu_data_handle_t state, starpu_data_handle_t gradient,
                starpu_data_handle_t record)
{
    const struct args a = { o, n, step, steps, divergence };
    spt_insert(run, &cl, STARPU_VALUE, &a, sizeof a, STARPU_RW, params, STARPU_RW, state, STARPU_RW,
               gradient, STARPU_W, record, STARPU_FLOPS, 12.0 * (double)n->nparams, 0);
}
