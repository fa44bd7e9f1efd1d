// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* to = from. Buffers: from (R), to (W). */
#include "codelets/codelets.h"
#include "core/vec.h"

static void copy(void *buf[], void *arg)
{
    struct spt_meta m;
    if (!spt_begin(arg, &m, NULL))
        return;
    const struct exec x = spt_exec(NULL, 0);
    vec_copy(&x, LEN(buf[0]), VEC(buf[0]), VEC(buf[1]));
}

static struct starpu_perfmodel model = { .type = STARPU_HISTORY_BASED, .symbol = "spt_copy_v1" };

static struct starpu_codelet cl = {
    .name = "copy",
    .color = 0x8da0b3,
    BODY(copy),
    .nbuffers = 2,
    .modes = { STARPU_R, STARPU_W },
    .model = &model,
};

void spt_copy(struct spt *run, starpu_data_handle_t from, starpu_data_handle_t to)
{
    spt_insert(run, &cl, STARPU_R, from, STARPU_W, to, 0);
}
