// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A propagator on a coarser grid: restrict, advance there, interpolate back (Fischer, Hecht & Maday
 * 2005; Ruprecht 2014 on why the order of interpolation matters). */
#include <errno.h>

#include "core/log.h"
#include "tasks/propagator.h"

struct coarsen {
    struct propagator base;
    struct problem *problem; /* owned, on the coarse grid */
    struct propagator *inner;
    struct transfer *down, *up;
    enum where where;
    starpu_data_handle_t work;
};

static const struct param params[] = {
    { "factor", P_INT, offsetof(struct coarsen_params, factor), .def = "2", .min = 2, .max = 1024,
      .help = "the coarse grid keeps every factor-th point of each axis" },
    { "interpolation", P_INT, offsetof(struct coarsen_params, order), .def = "3", .min = 1,
      .max = TRANSFER_MAX_ORDER, .unit = "order",
      .help = "polynomial order of the interpolation between the grids, odd" },
    { "propagator", P_NODE, offsetof(struct coarsen_params, propagator),
      .help = "what advances the coarse state" },
    { 0 },
};
static const struct schema schema = { "propagator: coarsen",
                                      "a propagator on a coarser grid of the same problem",
                                      params };

static int prepare(struct propagator *base, struct interval whole)
{
    struct propagator *inner = ((struct coarsen *)base)->inner;
    return inner->prepare(inner, whole);
}

static int check(struct propagator *base, struct interval whole)
{
    return propagator_check(((struct coarsen *)base)->inner, whole);
}

static void advance(struct propagator *base, struct interval whole, starpu_data_handle_t from,
                    starpu_data_handle_t to)
{
    struct coarsen *g = (struct coarsen *)base;
    struct spt *run = base->run;
    const int owner = spt_owner(to);
    starpu_data_handle_t coarse = spt_take(run, g->problem->n, owner);
    starpu_data_handle_t advanced = spt_take(run, g->problem->n, owner);
    run->at.label = "restrict";
    spt_transfer(run, g->down, g->where, NULL, 0.0, from, coarse, g->work);
    g->inner->advance(g->inner, whole, coarse, advanced);
    run->at.label = "interpolate";
    spt_transfer(run, g->up, g->where, NULL, 0.0, advanced, to, g->work);
    spt_give(run, coarse);
    spt_give(run, advanced);
}

static int divide(struct propagator *base, long parts)
{
    struct propagator *inner = ((struct coarsen *)base)->inner;
    return inner->divide(inner, parts);
}

static void destroy(struct propagator *base)
{
    struct coarsen *g = (struct coarsen *)base;
    spt_scratch_free(base->run, g->work);
    propagator_destroy(&g->inner);
    transfer_destroy(&g->down);
    transfer_destroy(&g->up);
    problem_destroy(&g->problem);
    free(g);
}

int coarsen_bind(struct coarsen_params *v, const struct node *config)
{
    static const char *const also[] = { "name", NULL };
    const int err = config_bind(config, &schema, also, v);
    if (!err && v->order % 2 == 0)
        return config_key_error(config, "interpolation", "expected an odd order, got %ld",
                                v->order);
    return err;
}

static int create(struct propagator **out, struct spt *run, struct problem *p, struct node *problem,
                  struct node *config)
{
    struct coarsen_params v;
    int err = coarsen_bind(&v, config);
    if (err)
        return err;
    struct coarsen *g = calloc(1, sizeof *g);
    if (!g)
        return log_error(-ENOMEM, "out of memory");
    g->base = (struct propagator){ "coarsen", run, p, 1, prepare, advance, divide, destroy, check };
    g->where = starpu_cuda_worker_get_count() == 0 ? WHERE_CPU
               : run->reproducible                 ? WHERE_CUDA
                                                   : WHERE_ANY;
    *out = &g->base;
    struct node *coarse = config_copy(problem);
    if ((err = problem_create_coarse(&g->problem, coarse, v.factor)) ||
        (err = propagator_create(&g->inner, run, g->problem, coarse, v.propagator)) ||
        (err = transfer_create(&g->down, &p->grid, &g->problem->grid, (int)v.order)) ||
        (err = transfer_create(&g->up, &g->problem->grid, &p->grid, (int)v.order)))
        goto fail;
    g->base.steps = g->inner->steps;
    g->work = spt_scratch(run, g->down->nwork > g->up->nwork ? g->down->nwork : g->up->nwork);
    return 0;
fail:
    propagator_destroy(out);
    return err;
}

const struct propagator_type coarsen_type = { "coarsen", "a propagator on a coarser grid", &schema,
                                              create };
