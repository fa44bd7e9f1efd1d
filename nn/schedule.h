// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* How the rate of an optimiser changes with the step. */
#ifndef SPT_SCHEDULE_H
#define SPT_SCHEDULE_H

#include "core/config.h"

#ifdef __cplusplus
extern "C" {
#endif

struct schedule;

/* One row per schedule in nn/schedule.c: what stands under `schedule:` in a config. */
struct schedule_type {
    const char *name, *help;
    const struct schema *schema;
    double (*factor)(const struct schedule *, double step, double steps);
};
extern const struct schedule_type *const schedule_types[]; /* ends with NULL */

struct schedule {
    const struct schedule_type *type;
    long warmup; /* steps in which the rate grows from 0 */
    long every;
    double factor, final;
};

/* 0, or -EINVAL after one error line */
int schedule_bind(struct schedule *s, struct node *config);

/* What the rate is multiplied by in step 0, 1, ... of `steps` */
double schedule_factor(const struct schedule *s, long step, long steps);

#ifdef __cplusplus
}
#endif
#endif
