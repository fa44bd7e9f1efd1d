// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* SDC as a propagator. With `granularity: node` a step is
 *   1 (copy, network) or M (other guesses) starts, M nodes for each of K sweeps, and 1 quadrature
 * if the step ends by it; of the last sweep of a diagonal preconditioner only the last node is
 * needed: 1 + M (K - 1) + 1 tasks. Nodes of a sweep are independent if Q-Delta is diagonal, else a
 * chain. Each task fuses quadrature, solve and right-hand side: the sums read what the solve reads
 * anyway, and a task between them would only move data. Coarser granularities run the same
 * arithmetic in one task per step or slice. */
#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "tasks/propagator.h"

struct node_wise {
    struct propagator base;
    struct sdc *sdc;
    struct propagator *fused; /* `granularity: auto`: all steps in one task, if that is faster */
    bool fuse;
    enum where where;
    starpu_data_handle_t work;
};

/* A node of a sweep shorter than this is not worth a task: what StarPU takes to start it, several
 * times over. */
#define SHORT_NODE 1e-4 /* seconds */

static int prepare(struct propagator *base, struct interval whole)
{
    struct node_wise *g = (struct node_wise *)base;
    const struct interval step = interval_part(whole, 0, base->steps);
    double seconds;
    int err = sdc_prepare(g->sdc, step);
    if (err || !g->fused)
        return err;
    if ((err = g->fused->prepare(g->fused, whole)) ||
        (err = sdc_node_seconds(g->sdc, step, &seconds)))
        return err;
    /* all ranks alike: the slowest one decides */
    g->fuse = !g->sdc->dense && (!g->sdc->diagonal || !spt_any(base->run, seconds >= SHORT_NODE));
    log_info("sdc: a node takes %.3g ms: one task per %s", 1e3 * seconds,
             g->fuse ? "slice" : "node");
    return 0;
}

static void one_step(struct node_wise *g, struct interval step, starpu_data_handle_t u0,
                     starpu_data_handle_t to)
{
    struct spt *run = g->base.run;
    const struct sdc *s = g->sdc;
    const int owner = spt_owner(to), M = s->M;
    starpu_data_handle_t u[COLLOCATION_MAX], fi[2][COLLOCATION_MAX], fe[2][COLLOCATION_MAX];
    const struct spt_meta outer = run->at;
    for (int m = 0; m < M; m++) {
        u[m] = m == M - 1 && !s->update ? to : spt_take(run, s->problem->n, owner);
        for (int i = 0; i < 2; i++) {
            fi[i][m] = spt_take(run, s->problem->n, owner);
            fe[i][m] = s->split ? spt_take(run, s->problem->n, owner) : NULL;
        }
    }
    const bool copies = s->guess == SDC_COPY, asks = s->guess == SDC_NETWORK;
    starpu_data_handle_t old_i[COLLOCATION_MAX], old_e[COLLOCATION_MAX];
    if (asks) {
        run->at.sweep = 0;
        spt_sdc_start_all(run, s, step, g->work, u0, u, fi[0], fe[0]);
    }
    for (int m = 0; m < M; m++) {
        run->at.node = m;
        run->at.sweep = 0;
        if (!asks && (m == 0 || !copies))
            spt_sdc_start(run, s, step, m, g->where, g->work, u0, m ? u[m - 1] : u0, u[m], fi[0][m],
                          fe[0][m]);
        old_i[m] = fi[0][copies ? 0 : m];
        old_e[m] = fe[0][copies ? 0 : m];
    }
    for (long k = 1; k <= s->sweeps; k++) {
        const int to_row = k % 2;
        for (int m = 0; m < M; m++) {
            if (!sdc_needs_node(s, k, m))
                continue;
            run->at.node = m;
            run->at.sweep = (int)k;
            spt_sdc_node(run, s, step, k, m, copies && k == 1, g->where, g->work, u0, u[m], old_i,
                         old_e, fi[to_row], fe[to_row]);
        }
        memcpy(old_i, fi[to_row], sizeof old_i);
        memcpy(old_e, fe[to_row], sizeof old_e);
    }
    if (s->update)
        spt_sdc_end(run, s, step, g->where, g->work, u0, old_i, old_e, to);
    for (int m = 0; m < M && s->dense && g->base.emit; m++)
        g->base.emit(g->base.emit_context, sdc_node_time(s, step, m), u[m]);
    for (int m = 0; m < M; m++) {
        if (u[m] != to)
            spt_give(run, u[m]);
        for (int i = 0; i < 2; i++) {
            spt_give(run, fi[i][m]);
            spt_give(run, fe[i][m]);
        }
    }
    run->at.node = outer.node;
    run->at.sweep = outer.sweep;
}

static void advance(struct propagator *base, struct interval whole, starpu_data_handle_t from,
                    starpu_data_handle_t to)
{
    struct node_wise *g = (struct node_wise *)base;
    struct spt *run = base->run;
    starpu_data_handle_t between[2] = { NULL, NULL };
    if (g->fuse) {
        g->fused->advance(g->fused, whole, from, to);
        return;
    }
    run->at.label = base->name;
    for (int i = 0; i < 2 && base->steps > i + 1; i++)
        between[i] = spt_take(run, base->problem->n, spt_owner(to));
    for (long i = 0; i < base->steps; i++)
        one_step(g, interval_part(whole, i, base->steps), i ? between[(i - 1) % 2] : from,
                 i == base->steps - 1 ? to : between[i % 2]);
    spt_give(run, between[0]);
    spt_give(run, between[1]);
}

static int divide(struct propagator *base, long parts)
{
    if (base->steps % parts)
        return -EINVAL;
    base->steps /= parts;
    struct propagator *fused = ((struct node_wise *)base)->fused;
    return fused ? fused->divide(fused, parts) : 0;
}

static void destroy(struct propagator *base)
{
    struct node_wise *g = (struct node_wise *)base;
    propagator_destroy(&g->fused);
    spt_scratch_free(base->run, g->work);
    sdc_destroy(&g->sdc);
    free(g);
}

struct params {
    long steps;
    const char *granularity;
};
static const char *const granularities[] = { "auto", "slice", "step", "node", NULL };
static const struct param params[] = {
    { "steps", P_INT, offsetof(struct params, steps), .def = "1", .min = 1, .max = 1e12,
      .unit = "steps", .help = "steps per slice, or over the run when serial" },
    { "granularity", P_CHOICE, offsetof(struct params, granularity), .def = "slice",
      .choices = granularities,
      .help = "what one task is: all steps of a slice, a step, or a node of a sweep; auto: a node "
              "if it takes 0.1 ms or more and "
              "waits for no other, else a slice" },
    { 0 },
};
static const struct schema schema = { "propagator: sdc", "what SDC shares with other propagators",
                                      params };

static int create(struct propagator **out, struct spt *run, struct problem *p, struct node *problem,
                  struct node *config)
{
    const char *also[32] = { "name", "where" };
    struct params v;
    size_t n = 2;
    int err;
    (void)problem;
    for (const struct param *q = sdc_schema.params; q->key; q++)
        also[n++] = q->key;
    also[n] = NULL;
    if ((err = config_bind(config, &schema, also, &v)))
        return err;
    const bool choose = strcmp(v.granularity, "auto") == 0;
    if (!choose && strcmp(v.granularity, "node"))
        return stepping_create(out, run, p, &sdc_stepper_type, config);
    struct node_wise *g = calloc(1, sizeof *g);
    if (!g)
        return log_error(-ENOMEM, "out of memory");
    g->base = (struct propagator){ "sdc", run, p, v.steps, prepare, advance, divide, destroy };
    g->where = WHERE_CPU;
    *out = &g->base;
    if ((err = sdc_create(&g->sdc, p, config)))
        goto fail;
    if (g->sdc->tolerance > 0.0 || g->sdc->record || g->sdc->adaptive > 0.0) {
        const char *key = g->sdc->tolerance > 0.0 ? "tolerance"
                          : g->sdc->record        ? "residuals"
                                                  : "adaptive";
        err = config_key_error(
            config, key,
            "not with granularity node: sweeps are inserted before anything is known of "
            "them; expected granularity step or slice");
        goto fail;
    }
    g->work = spt_scratch(run, sdc_start_work(g->sdc));
    if (choose && !g->sdc->dense) {
        struct node *copy = config_copy(config);
        if ((err = config_node_set(copy, "granularity", "slice")) ||
            (err = stepping_create(&g->fused, run, p, &sdc_stepper_type, copy)))
            goto fail;
    }
    return 0;
fail:
    propagator_destroy(out);
    return err;
}

const struct propagator_type sdc_type = { "sdc", "spectral deferred corrections", &sdc_schema,
                                          create };
