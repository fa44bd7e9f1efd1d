// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The exact flow of a linear problem, as a stepper: no error in time. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "problems/steppers.h"

static int prepare(struct stepper *s, struct interval step)
{
    return 0;
}

static int step(const struct stepper *s, const struct exec *x, struct interval step,
                const double *u, double *v)
{
    return s->problem->kernels[x->dev]->exact_step(s->problem, x, interval_t0(step),
                                                   interval_dt(step), u, v);
}

static void destroy(struct stepper *s)
{
    free(s);
}

int exact_create(struct stepper **s, const struct stepper_type *type, struct problem *p,
                 struct node *config)
{
    char unused;
    if (config_bind(config, type->schema, stepper_also, &unused))
        return -EINVAL;
    if (!p->kernels[DEV_CPU]->exact_step)
        return config_key_error(config, "name", "problem %s has no exact flow in closed form",
                                p->name);
    if (!(*s = malloc(sizeof **s)))
        return -ENOMEM;
    **s = (struct stepper){
        .name = type->name,
        .problem = p,
        .order = INT_MAX,
        .nwork = p->nwork,
        .flops = p->flops_solve,
        .cuda = p->kernels[DEV_CUDA] && p->kernels[DEV_CUDA]->exact_step,
        .prepare = prepare,
        .step = step,
        .destroy = destroy,
    };
    return 0;
}
