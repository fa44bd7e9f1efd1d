// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A one-step scheme on plain pointers: u(t0) -> u(t1) over one interval. It runs on any device by core/vec.h and the
 * kernels of its problem. */
#ifndef SPT_STEPPER_H
#define SPT_STEPPER_H

#include "core/interval.h"
#include "problems/problem.h"

struct stepper;

/* One row per scheme in problems/stepper.c: what stands under `fine:`, `coarse:` or `propagator:` in a config. */
struct stepper_type {
    const char *name, *help;
    const struct schema *schema;
    /* 0; -EINVAL after an error line (say, a problem without the kernels that the scheme needs) */
    int (*create)(struct stepper **s, const struct stepper_type *type, struct problem *p, struct node *config);
};
extern const struct stepper_type *const stepper_types[]; /* ends with NULL */

struct stepper {
    const char *name;
    struct problem *problem;   /* borrowed */
    int order;                 /* in time, on smooth solutions */
    size_t nwork;              /* doubles of scratch that a step takes, its problem's kernels included */
    double flops;              /* per step, counted; 0 unknown */
    bool cuda;                 /* runs on DEV_CUDA */
    /* Before tasks run: tells the problem every coefficient and time of steps like this one (any step of the run) */
    int (*prepare)(struct stepper *, struct interval step);
    /* v = the scheme's result of one step from u; u == v is allowed. 0, or positive where a solve failed */
    int (*step)(const struct stepper *, const struct exec *, struct interval step, const double *u, double *v);
    void (*destroy)(struct stepper *);
};

const struct stepper_type *stepper_type_find(const char *name);
void stepper_destroy(struct stepper **s);

#endif
