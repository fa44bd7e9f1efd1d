// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* u = f + (gnew - gold), the Parareal update. Buffers: u (W), gnew, f, gold (R). */
#include "codelets/codelets.h"
#include "core/vec.h"

static void correct(void *buf[], void *arg)
{
    struct spt_meta m;
    if (!spt_begin(arg, &m, NULL))
        return;
    const struct exec x = spt_exec(NULL, 0);
    vec_correct(&x, LEN(buf[0]), VEC(buf[0]), VEC(buf[1]), VEC(buf[2]), VEC(buf[3]));
}

static struct starpu_perfmodel model = { .type = STARPU_HISTORY_BASED, .symbol = "spt_correct_v1" };

static struct starpu_codelet cl = {
    .name = "correct",
    .color = 0xd55e00,
    BODY(correct),
    .nbuffers = 4,
    .modes = { STARPU_W, STARPU_R, STARPU_R, STARPU_R },
    .model = &model,
};

void spt_correct(struct spt *run, starpu_data_handle_t u, starpu_data_handle_t gnew,
                 starpu_data_handle_t f, starpu_data_handle_t gold)
{
    spt_insert(run, &cl, STARPU_W, u, STARPU_R, gnew, STARPU_R, f, STARPU_R, gold, STARPU_FLOPS,
               2.0 * (double)spt_size(u), 0);
}
