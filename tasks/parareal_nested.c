// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Parareal inside another method's slice: a fixed number of iterations, nobody waits for a
 * decision. */
#include <errno.h>

#include "core/log.h"
#include "tasks/parareal.h"
#include "tasks/window.h"

struct nested {
    struct propagator base;
    struct parareal_params v;
    struct propagator *F, *G;
};

static int nested_prepare(struct propagator *base, struct interval whole)
{
    struct nested *g = (struct nested *)base;
    const struct interval part = interval_part(whole, 0, g->v.o.slices);
    int err = g->F->prepare(g->F, part);
    return err ? err : g->G->prepare(g->G, part);
}

static int nested_check(struct propagator *base, struct interval whole)
{
    struct nested *g = (struct nested *)base;
    const struct interval part = interval_part(whole, 0, g->v.o.slices);
    int err = propagator_check(g->F, part);
    return err ? err : propagator_check(g->G, part);
}

/* a fixed number of iterations: nobody waits for a decision inside a slice */
static void nested_advance(struct propagator *base, struct interval whole,
                           starpu_data_handle_t from, starpu_data_handle_t to)
{
    struct nested *g = (struct nested *)base;
    const struct parareal_options *o = &g->v.o;
    struct window w = { .run = base->run,
                        .F = g->F,
                        .G = g->G,
                        .whole = whole,
                        .total = o->slices,
                        .slices = o->slices,
                        .iterations = o->iterations < o->slices ? o->iterations : o->slices,
                        .buffers = 3,
                        .nested = true };
    const struct spt_meta outer = base->run->at;
    SPT_CHECK(window_open(&w, spt_owner(to), false) == 0);
    spt_copy(base->run, from, w.u[0]);
    window_predict(&w);
    for (long k = 1; k <= w.iterations; k++)
        window_iterate(&w, k, k - 1);
    spt_copy(base->run, window_state(&w, w.slices), to);
    window_free(&w);
    const int64_t id = base->run->at.id;
    base->run->at = outer;
    base->run->at.id = id;
}

static int nested_divide(struct propagator *base, long parts)
{
    (void)base;
    return parts == 1 ? 0 : -EINVAL;
}

static void nested_destroy(struct propagator *base)
{
    struct nested *g = (struct nested *)base;
    propagator_destroy(&g->F);
    propagator_destroy(&g->G);
    free(g);
}

static int nested_create(struct propagator **out, struct spt *run, struct problem *p,
                         struct node *problem, struct node *config)
{
    struct nested *g = calloc(1, sizeof *g);
    int err;
    if (!g)
        return log_error(-ENOMEM, "out of memory");
    g->base = (struct propagator){
        "parareal",     run,         p, 1, nested_prepare, nested_advance, nested_divide,
        nested_destroy, nested_check
    };
    *out = &g->base;
    const bool given = config_child(config, "tolerance");
    if ((err = parareal_bind(&g->v, config, 1)))
        goto fail;
    if (given && g->v.o.tolerance > 0.0) {
        err = config_key_error(config, "tolerance",
                               "expected 0: inside another method Parareal runs a fixed "
                               "number of iterations");
        goto fail;
    }
    if ((err = config_node_set(config, "tolerance", "0")))
        goto fail;
    if (g->v.o.windows != 1) {
        err = config_key_error(config, "windows", "expected 1 inside another method");
        goto fail;
    }
    if ((err = propagator_create(&g->F, run, p, problem, g->v.fine)) ||
        (err = propagator_create(&g->G, run, p, problem, g->v.coarse)))
        goto fail;
    return 0;
fail:
    propagator_destroy(out);
    return err;
}

const struct propagator_type parareal_type = { "parareal",
                                               "Parareal with a fixed number of iterations",
                                               &parareal_schema, nested_create };
