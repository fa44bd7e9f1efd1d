// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A trained network as a propagator. Its step is one task, or encode, a task per stage, and decode;
 * then `accept`, if there is something to look at. On a grid of its own, states are interpolated to
 * it and back. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/config_json.h"
#include "core/log.h"
#include "tasks/propagator.h"
#include "tasks/trained.h"

struct trained_network {
    struct propagator base;
    struct node *config;
    struct problem *own; /* on the network's grid; NULL: that of the run */
    struct network *network;
    struct stepper *fallback;
    struct transfer *down, *up; /* NULL: on the run's grid */
    struct network_step step;
    double length; /* of a step in training */
    long given;    /* steps in the config: of what divide has not divided yet */
    bool layers;   /* one task per stage */
    enum where transfer_where;
    starpu_data_handle_t work, accept_work, transfer_work;
};

struct params {
    const char *weights, *granularity, *where, *grid;
    long steps, order;
    double accept;
    struct node *fallback;
};

static const char *const granularities[] = { "network", "layer", NULL };
static const char *const where_names[] = { "any", "cpu", "cuda", NULL };
static const enum where where_values[] = { WHERE_ANY, WHERE_CPU, WHERE_CUDA };
static const char *const grids[] = { "own", "problem", NULL };

#define AT(member) offsetof(struct params, member)
static const struct param params[] = {
    { "weights", P_STRING, AT(weights),
      .help = "a file that `starpint train` wrote, .safetensors: the network, its parameters, and "
              "what it was trained for" },
    { "steps", P_INT, AT(steps), .def = "1", .min = 1, .max = 1e12, .unit = "steps",
      .help =
          "per slice, or over the run when serial; each has to be as long as those in training" },
    { "granularity", P_CHOICE, AT(granularity), .def = "network", .choices = granularities,
      .help =
          "what one task is: a step, or each stage of it (lifting, a Fourier layer, projection)" },
    { "where", P_CHOICE, AT(where), .def = "any", .choices = where_names,
      .help = "workers that may run it; any: the scheduler chooses" },
    { "grid", P_CHOICE, AT(grid), .def = "own", .choices = grids,
      .help = "where the network is evaluated: on the grid of its training, states being "
              "interpolated to it and back, or "
              "on that of the problem" },
    { "interpolation", P_INT, AT(order), .def = "3", .min = 1, .max = TRANSFER_MAX_ORDER,
      .unit = "order", .help = "polynomial order of the interpolation between the grids, odd" },
    { "accept", P_REAL, AT(accept), .def = "0", .min = 0, .max = INFINITY,
      .help = "largest residual of a step, by the trapezoidal rule, over that of the state that "
              "does not change; 0: not "
              "looked at. Values that are not finite and states outside the range of training, and "
              "half of it more, are "
              "looked at in any case" },
    { "fallback", P_NODE, AT(fallback), .def = "",
      .help = "a one-step scheme with its `steps` per step, which takes over where a step is not "
              "accepted; without: such "
              "steps are only counted" },
    { 0 },
};
static const struct schema schema = { "propagator: network", "a trained network", params };

/* ---------------------------------------------------------------- the grid */

static bool same_grid(const struct grid *a, const struct grid *b)
{
    bool same = true;
    for (int i = 0; i < a->dims; i++)
        same = same && a->shape[i] == b->shape[i] &&
               memcmp(a->x[i], b->x[i], a->shape[i] * sizeof *a->x[i]) == 0;
    return same;
}

/* the run's problem on the grid of the training */
static int create_own(struct trained_network *g, const struct trained *t,
                      const struct node *problem, int order)
{
    static const char *const keys[] = { "grid", "concentration" };
    struct problem *p = g->base.problem;
    if (same_grid(neural_grid(t->problem), neural_grid(p)))
        return 0;
    if (p->fields)
        return config_key_error(g->config, "grid",
                                "expected problem: states of %s are not interpolated to the grid "
                                "that %s was trained on",
                                p->name, t->path);
    struct node *copy = config_copy(problem);
    int err = 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys && !err; i++) {
        const struct node *value = config_child(config_root(t->config), keys[i]);
        json_t *j = value ? config_json(value) : NULL;
        char *text = j ? json_dumps(j, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17)) : NULL;
        if (value)
            err = text ? config_node_set(copy, keys[i], text) : -ENOMEM;
        free(text);
        json_decref(j);
    }
    if (err || (err = problem_create(&g->own, copy)) ||
        (err = transfer_create(&g->down, &p->grid, &g->own->grid, order)) ||
        (err = transfer_create(&g->up, &g->own->grid, &p->grid, order)))
        return err;
    size_t most = g->down->nwork > g->up->nwork ? g->down->nwork : g->up->nwork;
    most = g->own->nwork > most ? g->own->nwork : most;
    g->transfer_work = spt_scratch(g->base.run, p->nwork > most ? p->nwork : most);
    return 0;
}

/* ---------------------------------------------------------------- the propagator */

static int check(struct propagator *base, struct interval whole)
{
    const struct trained_network *g = (const struct trained_network *)base;
    const double slice = interval_dt(whole), fitting = slice / g->length;
    if (fabs(slice / (double)base->steps - g->length) <= 1e-9 * g->length)
        return 0;
    if (fitting > 0.5 && fabs(fitting - rint(fitting)) <= 1e-9 * fitting)
        return config_key_error(
            g->config, "steps",
            "expected %.0f: the network's step is %.10g, so there are %.0f in %.10g, got %ld",
            rint(fitting) * (double)(g->given / base->steps), g->length, rint(fitting), slice,
            base->steps);
    return config_key_error(g->config, "weights",
                            "the network's step is %.10g, which does not divide a slice of %.10g",
                            g->length, slice);
}

static int prepare(struct propagator *base, struct interval whole)
{
    struct trained_network *g = (struct trained_network *)base;
    struct problem *p = base->problem;
    const struct interval step = interval_part(whole, 0, base->steps);
    int err = check(base, whole);
    if (err || (err = neural_prepare(&g->step.neural, step)))
        return err;
    if (g->own && p->prepare_times &&
        (err = p->prepare_times(p, whole.start, whole.end, whole.count)))
        return err;
    return g->fallback && g->fallback->prepare
               ? g->fallback->prepare(g->fallback, interval_part(step, 0, g->step.steps))
               : 0;
}

/* v = the step from u, stage by stage */
static void by_layers(struct trained_network *g, struct interval step, starpu_data_handle_t u,
                      starpu_data_handle_t v)
{
    struct spt *run = g->base.run;
    const struct network *n = g->network;
    const int owner = spt_owner(v);
    starpu_data_handle_t lifting =
        n->codec.boundary ? spt_take(run, g->step.neural.problem->n, owner) : NULL;
    starpu_data_handle_t x = spt_take(run, neural_doubles(n, n->codec.in), owner);
    run->at.label = "encode";
    spt_encode(run, &g->step, step, u, x, lifting, g->work);
    for (int i = 0; i < n->nstages; i++) {
        const struct layer *last = n->layers[n->stages[i].last - 1];
        starpu_data_handle_t y = spt_take(run, neural_doubles(n, last->out), owner);
        run->at.label = n->stages[i].name;
        spt_layer(run, &g->step, i, x, y, g->work);
        spt_give(run, x);
        x = y;
    }
    run->at.label = "decode";
    spt_decode(run, &g->step, u, lifting, x, v, g->work);
    spt_give(run, x);
    spt_give(run, lifting);
}

static void one_step(struct trained_network *g, struct interval step, starpu_data_handle_t u,
                     starpu_data_handle_t v)
{
    struct spt *run = g->base.run;
    run->at.label = "network";
    if (g->layers)
        by_layers(g, step, u, v);
    else
        spt_network(run, &g->step, step, u, v, g->work);
    if (network_accepts(&g->step)) {
        run->at.label = g->fallback ? g->fallback->name : "network";
        spt_accept(run, &g->step, step, u, v, g->accept_work);
    }
}

static void advance(struct propagator *base, struct interval whole, starpu_data_handle_t from,
                    starpu_data_handle_t to)
{
    struct trained_network *g = (struct trained_network *)base;
    struct spt *run = base->run;
    const size_t n = g->step.neural.problem->n;
    const int owner = spt_owner(to);
    starpu_data_handle_t u = from, v, mine = NULL; /* mine: u, if it was taken here */
    if (g->own) {
        run->at.label = "restrict";
        u = mine = spt_take(run, n, owner);
        spt_transfer(run, g->down, g->transfer_where, g->own, interval_t0(whole), from, u,
                     g->transfer_work);
    }
    for (long i = 0; i < base->steps; i++) {
        const bool last = i == base->steps - 1 && !g->own;
        v = last ? to : spt_take(run, n, owner);
        one_step(g, interval_part(whole, i, base->steps), u, v);
        spt_give(run, mine);
        u = v;
        mine = last ? NULL : v;
    }
    if (g->own) {
        run->at.label = "interpolate";
        spt_transfer(run, g->up, g->transfer_where, base->problem, interval_t1(whole), u, to,
                     g->transfer_work);
        spt_give(run, mine);
    }
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
    struct trained_network *g = (struct trained_network *)base;
    spt_scratch_free(base->run, g->work);
    spt_scratch_free(base->run, g->accept_work);
    spt_scratch_free(base->run, g->transfer_work);
    transfer_destroy(&g->down);
    transfer_destroy(&g->up);
    stepper_destroy(&g->fallback);
    trained_unload(&g->network);
    problem_destroy(&g->own);
    free(g);
}

static int create_fallback(struct trained_network *g, struct node *config)
{
    struct {
        long steps;
    } v;
    static const struct param steps[] = {
        { "steps", P_INT, 0, .def = "1", .min = 1, .max = 1e12, .help = "per step of the network" },
        { 0 },
    };
    static const struct schema of_steps = { "fallback", "", steps };
    const char *known[64], *also[32] = { "name" }, *name = config_name(config);
    size_t n = 0;
    if (!name)
        return config_error(config, "expected key 'name'");
    const struct stepper_type *type = stepper_type_find(name);
    if (!type) {
        for (; stepper_types[n]; n++)
            known[n] = stepper_types[n]->name;
        known[n] = NULL;
        return config_unknown(config_child(config, "name"), "one-step propagator", name, known);
    }
    for (const struct param *q = type->schema->params; q->key; q++)
        also[++n] = q->key;
    also[n + 1] = NULL;
    int err = config_bind(config, &of_steps, also, &v);
    if (err || (err = type->create(&g->fallback, type, g->step.neural.problem, config)))
        return err;
    g->step.fallback = g->fallback;
    g->step.steps = v.steps;
    return 0;
}

/* where its tasks may run; -EINVAL after an error line */
static int choose_where(struct trained_network *g, const char *name)
{
    const struct problem *p = g->base.problem;
    const bool kernels = neural_cuda(&g->step.neural),
               cuda = kernels && starpu_cuda_worker_get_count() > 0;
    for (int i = 0; where_names[i]; i++)
        if (strcmp(where_names[i], name) == 0)
            g->step.where = where_values[i];
    if (g->step.where == WHERE_CUDA && !cuda)
        return config_key_error(g->config, "where", "expected cpu or any: this network %s",
                                kernels ? "finds no CUDA worker here" : "has no CUDA kernels");
    if (!cuda)
        g->step.where = WHERE_CPU;
    else if (g->step.where == WHERE_ANY && g->base.run->reproducible)
        g->step.where = WHERE_CUDA;
    g->transfer_where = p->kernels[DEV_CUDA] ? g->step.where : WHERE_CPU;
    return 0;
}

/* the network and what its file says of its training */
static int load(struct trained_network *g, const struct trained *t)
{
    struct network_step *s = &g->step;
    s->neural.problem = g->own ? g->own : g->base.problem;
    const int err = trained_load(t, &s->neural, &g->network, &g->length);
    if (err)
        return err;
    const int components = g->network->codec.components;
    const int low = trained_numbers(t, "low", components, s->low),
              high = low < 0 ? low : trained_numbers(t, "high", components, s->high);
    s->ranged = low > 0 && high > 0;
    return high < 0 ? high : 0;
}

static int create(struct propagator **out, struct spt *run, struct problem *p, struct node *problem,
                  struct node *config)
{
    static const char *const also[] = { "name", NULL };
    struct trained t = { NULL };
    struct params v;
    int err;
    if ((err = config_bind(config, &schema, also, &v)))
        return err;
    if (v.order % 2 == 0)
        return config_key_error(config, "interpolation", "expected an odd order, got %ld", v.order);
    struct trained_network *g = calloc(1, sizeof *g);
    if (!g)
        return log_error(-ENOMEM, "out of memory");
    g->base =
        (struct propagator){ "network", run, p, v.steps, prepare, advance, divide, destroy, check };
    g->config = config;
    g->given = v.steps;
    g->layers = strcmp(v.granularity, "layer") == 0;
    g->step.ratio = v.accept;
    *out = &g->base;
    if ((err = trained_open(&t, v.weights)) || (err = trained_check(&t, p, config)) ||
        (strcmp(v.grid, "own") == 0 && (err = create_own(g, &t, problem, (int)v.order))) ||
        (err = load(g, &t)) || (err = choose_where(g, v.where)) ||
        (v.fallback && (err = create_fallback(g, v.fallback))) || (err = trained_warn(&t, problem)))
        goto out;
    g->step.use = spt_use_network(run, v.weights, g->network->parameters,
                                  g->fallback ? g->fallback->name : NULL);
    g->work = spt_scratch(run, codelet_network_work(&g->step));
    if (network_accepts(&g->step))
        g->accept_work = spt_scratch(run, codelet_accept_work(&g->step));
out:
    trained_close(&t);
    if (err)
        propagator_destroy(out);
    return err;
}

const struct propagator_type trained_network_type = { "network", "a trained network", &schema,
                                                      create };
