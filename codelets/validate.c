// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* One sample of a validation. truth: truth (W), work (SCRATCH). validate: params, truth (R), facts
 * (W), work (SCRATCH). */
#include "codelets/codelets.h"

struct args {
    const struct validation *v;
    unsigned long index;
};

static void truth(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    if (!spt_begin(arg, &m, &a))
        return;
    const struct exec x = spt_exec(VEC(buf[1]), LEN(buf[1]));
    validation_truth(a.v, &x, a.index, VEC(buf[0]));
}

static void validate(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    struct validation_facts *facts = (struct validation_facts *)VEC(buf[2]);
    *facts = (struct validation_facts){ .failed = 1.0 };
    if (!spt_begin(arg, &m, &a))
        return;
    const struct exec x = spt_exec(VEC(buf[3]), LEN(buf[3]));
    validation_compare(a.v, &x, a.index, VEC(buf[0]), VEC(buf[1]), facts);
}

static struct starpu_perfmodel truth_model = { .type = STARPU_HISTORY_BASED,
                                               .symbol = "spt_truth_v1" },
                               validate_model = { .type = STARPU_HISTORY_BASED,
                                                  .symbol = "spt_validate_v1" };

static struct starpu_codelet truth_cl = {
    .name = "truth",
    .color = 0x56b4e9,
    .cpu_funcs = { truth },
    .cpu_funcs_name = { "truth" },
    .nbuffers = 2,
    .modes = { STARPU_W, STARPU_SCRATCH },
    .model = &truth_model,
};

static struct starpu_codelet validate_cl = {
    .name = "validate",
    .color = 0xc9b458,
    .cpu_funcs = { validate },
    .cpu_funcs_name = { "validate" },
    .nbuffers = 4,
    .modes = { STARPU_R, STARPU_R, STARPU_W, STARPU_SCRATCH },
    .model = &validate_model,
};

void spt_truth(struct spt *run, const struct validation *v, unsigned long index,
               starpu_data_handle_t to, starpu_data_handle_t work)
{
    const struct args a = { v, index };
    spt_insert(run, &truth_cl, STARPU_VALUE, &a, sizeof a, STARPU_W, to, STARPU_SCRATCH, work, 0);
}

void spt_validate(struct spt *run, const struct validation *v, unsigned long index,
                  starpu_data_handle_t params, starpu_data_handle_t known,
                  starpu_data_handle_t facts, starpu_data_handle_t work)
{
    const struct args a = { v, index };
    spt_insert(run, &validate_cl, STARPU_VALUE, &a, sizeof a, STARPU_R, params, STARPU_R, known,
               STARPU_W, facts, STARPU_SCRATCH, work, 0);
}
