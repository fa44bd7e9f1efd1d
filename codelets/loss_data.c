// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The relative l2 error against a numerical scheme, |v - w| / |w| over all nodes of a step. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "codelets/loss.h"
#include "core/log.h"
#include "core/vec.h"

struct data {
    struct grid_loss base;
    struct reference fine;
};

struct params {
    struct node *propagator;
    struct loss_nodes nodes;
    struct loss_differences differences;
};
static const struct param params[] = {
    { "propagator", P_NODE, offsetof(struct params, propagator),
      .help = "a one-step propagator, with its `steps` in a step of the network (from node to "
              "node, if it predicts several)" },
    { "nodes", P_MAP, offsetof(struct params, nodes), .def = "{count: 1}",
      .sub = &loss_nodes_schema,
      .help = "where in a step the network predicts states; one: at its end" },
    LOSS_DIFFERENCES(struct params),
    { 0 },
};
static const struct schema schema = {
    "loss: data", "the relative l2 error against a numerical scheme that runs along", params
};
static const char *const also[] = { "name", NULL };

static int nodes(struct node *config, double *tau)
{
    struct params v;
    struct collocation *c;
    int err;
    if ((err = config_bind(config, &schema, also, &v)) ||
        (err = loss_nodes_create(&c, config, &v.nodes)))
        return err;
    const int M = c->M;
    for (int m = 0; m < M; m++)
        tau[m] = c->tau[m];
    collocation_destroy(&c);
    return M;
}

/* w (nodes, n): states by the scheme, if they are not kept */
static int scheme(const struct grid_loss *g, const struct exec *x, unsigned long index,
                  const double *u, double *w)
{
    const struct neural *l = g->base.setup.neural;
    const struct samples *s = &g->base.setup.samples;
    const size_t n = l->problem->n, M = (size_t)l->network->codec.nodes;
    const double *kept = samples_target(s, index);
    int failed = 0;
    if (kept)
        vec_copy(x, M * n, kept, w);
    for (size_t m = 0; m < M && !failed && !kept; m++)
        failed = reference_advance(&((const struct data *)g)->fine, x,
                                   lesson_part(l, samples_step(s, index), (int)m),
                                   m ? w + (m - 1) * n : u, w + m * n);
    return failed;
}

/* r = v - w */
static int errors(const struct grid_loss *g, const struct exec *exec, unsigned long index,
                  const double *u, const double *v, double *r)
{
    const struct problem *p = g->base.setup.neural->problem;
    const struct codec *c = &g->base.setup.neural->network->codec;
    const size_t M = (size_t)c->nodes;
    struct exec x = *exec;
    double *w = exec_take(&x, M * p->n);
    int failed = scheme(g, &x, index, u, w);
    if (p->fields && !failed) {
        double *shown = exec_take(&x, M * c->n);
        for (size_t m = 0; m < M && !failed; m++)
            failed = p->fields->show(p, &x, 0.0, w + m * p->n, shown + m * c->n);
        w = shown;
    }
    vec_lincomb(&x, M * c->n, r, 2, (const double[]){ 1, -1 }, (const double *[]){ v, w });
    return failed;
}

static void destroy(struct loss *base)
{
    reference_destroy(&((struct data *)base)->fine);
    free(base);
}

static int create(struct loss **out, const struct loss_type *type, const struct loss_setup *s,
                  struct node *config)
{
    const struct neural *l = s->neural;
    struct params v;
    int err = config_bind(config, &schema, also, &v);
    struct data *d = err ? NULL : calloc(1, sizeof *d);
    if (!d)
        return err ? err : log_error(-ENOMEM, "out of memory");
    d->base.base.destroy = destroy;
    if ((err = reference_create(&d->fine, l->problem, &s->samples, v.propagator))) {
        destroy(&d->base.base);
        return err;
    }
    d->base.defect = errors;
    d->base.relative = true;
    d->base.fields = l->problem->fields != NULL;
    const size_t M = (size_t)l->network->codec.nodes, run = d->fine.stepper->nwork,
                 show = d->base.fields
                            ? exec_round(M * l->network->codec.n) + l->problem->fields->nwork
                            : 0;
    d->base.work = exec_round(M * l->problem->n) + (run > show ? run : show);
    *out = &d->base.base;
    err = grid_loss_open(&d->base, type, s, &v.differences, config);
    if (err)
        loss_destroy(out);
    return err;
}

const struct loss_type loss_data_type = {
    "data",  "the relative l2 error against a numerical scheme that runs along",
    &schema, false,
    nodes,   create
};
