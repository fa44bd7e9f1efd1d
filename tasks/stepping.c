// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A one-step scheme as a propagator: its steps over the interval in one task, or in a chain of
 * shorter ones. */
#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "tasks/propagator.h"

struct stepping {
    struct propagator base;
    struct stepper *stepper;
    bool one_task; /* per interval; else one per step */
    enum where where;
    starpu_data_handle_t work;
};

struct params {
    long steps;
    const char *granularity, *where;
};

static const char *const granularities[] = { "slice", "step", NULL };

static const char *const where_names[] = { "any", "cpu", "cuda", NULL };
static const enum where where_values[] = { WHERE_ANY, WHERE_CPU, WHERE_CUDA };

static const struct param params[] = {
    { "steps", P_INT, offsetof(struct params, steps), .def = "1", .min = 1, .max = 1e12,
      .unit = "steps", .help = "steps per slice, or over the run when serial" },
    { "granularity", P_CHOICE, offsetof(struct params, granularity), .def = "slice",
      .choices = granularities,
      .help = "what one task is: all steps of a slice, or a step (worth it above 1 ms)" },
    { "where", P_CHOICE, offsetof(struct params, where), .def = "any", .choices = where_names,
      .help = "workers that may run it; any: the scheduler chooses" },
    { 0 },
};
const struct schema stepping_schema = { "propagator", "every one-step propagator has these keys",
                                        params };

static int prepare(struct propagator *base, struct interval whole)
{
    struct stepping *g = (struct stepping *)base;
    return g->stepper->prepare
               ? g->stepper->prepare(g->stepper, interval_part(whole, 0, base->steps))
               : 0;
}

static void advance(struct propagator *base, struct interval whole, starpu_data_handle_t from,
                    starpu_data_handle_t to)
{
    struct stepping *g = (struct stepping *)base;
    const long chunk = g->one_task ? base->steps : 1;
    base->run->at.label = base->name;
    for (long i = 0; i < base->steps; i += chunk)
        spt_advance(base->run, g->stepper, interval_part(whole, i, base->steps), chunk, g->where,
                    i ? to : from, to, g->work);
}

static int divide(struct propagator *base, long parts)
{
    if (base->steps % parts)
        return -EINVAL;
    base->steps /= parts;
    return 0;
}

static void destroy(struct propagator *base)
{
    struct stepping *g = (struct stepping *)base;
    spt_scratch_free(base->run, g->work);
    stepper_destroy(&g->stepper);
    free(g);
}

int stepping_create(struct propagator **out, struct spt *run, struct problem *p,
                    const struct stepper_type *type, struct node *config)
{
    struct params v;
    const char *also[32] = { "name" };
    size_t n = 1;
    int err;
    if (type->schema)
        for (const struct param *q = type->schema->params; q->key; q++)
            also[n++] = q->key;
    also[n] = NULL;
    if ((err = config_bind(config, &stepping_schema, also, &v)))
        return err;
    struct stepping *g = calloc(1, sizeof *g);
    if (!g)
        return log_error(-ENOMEM, "out of memory");
    g->base = (struct propagator){ type->name, run, p, v.steps, prepare, advance, divide, destroy };
    g->one_task = strcmp(v.granularity, "slice") == 0;
    for (int i = 0; where_names[i]; i++)
        if (strcmp(where_names[i], v.where) == 0)
            g->where = where_values[i];
    *out = &g->base;
    if ((err = type->create(&g->stepper, type, p, config)))
        goto fail;
    const bool cuda = g->stepper->cuda && starpu_cuda_worker_get_count() > 0;
    if (g->where == WHERE_CUDA && !cuda) {
        err = config_key_error(config, "where", "expected cpu or any: %s %s", type->name,
                               g->stepper->cuda ? "finds no CUDA worker here"
                                                : "has no CUDA kernels");
        goto fail;
    }
    if (!cuda)
        g->where = WHERE_CPU;
    else if (g->where == WHERE_ANY && run->reproducible)
        g->where = WHERE_CUDA;
    g->work = spt_scratch(run, CODELET_ADVANCE_WORK + g->stepper->nwork);
    return 0;
fail:
    propagator_destroy(out);
    return err;
}
