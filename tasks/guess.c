// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A trained network as what sweeps of SDC start from: it says the states at all nodes of a step at
 * once; or only the one at its end, and the others are on the straight line to it. */
#include <errno.h>
#include <math.h>

#include "core/log.h"
#include "core/vec.h"
#include "tasks/propagator.h"
#include "tasks/trained.h"

struct guess {
    struct sdc_guesser base;
    const struct node *config;
    struct neural neural;
    struct network *network;
    int M;
    double tau[COLLOCATION_MAX];
    double length; /* of a step in training */
};

static int prepare(struct sdc_guesser *base, struct interval step)
{
    struct guess *g = (struct guess *)base;
    if (fabs(interval_dt(step) - g->length) > 1e-9 * g->length)
        return config_key_error(g->config, "weights",
                                "trained for steps of %.10g, those of SDC are %.10g", g->length,
                                interval_dt(step));
    return neural_prepare(&g->neural, step);
}

static void nodes(const struct sdc_guesser *base, const struct exec *exec, struct interval step,
                  const double *u0, double *const *U)
{
    const struct guess *g = (const struct guess *)base;
    const size_t n = g->neural.problem->n;
    const void *params = g->network->params;
    struct exec x = *exec;
    if (g->network->codec.nodes == 1) {
        double *end = exec_take(&x, n);
        neural_step(&g->neural, &x, step, params, u0, end);
        for (int m = 0; m < g->M; m++)
            vec_lincomb(&x, n, U[m], 2, (const double[]){ 1 - g->tau[m], g->tau[m] },
                        (const double *[]){ u0, end });
        return;
    }
    double *all = exec_take(&x, (size_t)g->M * n);
    neural_nodes(&g->neural, &x, step, params, u0, all);
    for (int m = 0; m < g->M; m++)
        vec_copy(&x, n, all + (size_t)m * n, U[m]);
}

static void destroy(struct sdc_guesser *base)
{
    struct guess *g = (struct guess *)base;
    trained_unload(&g->network);
    free(g);
}

static int fits(const struct guess *g, const struct collocation *c)
{
    const int nodes = g->network->codec.nodes;
    bool same = nodes == c->M;
    for (int m = 0; m < nodes && same; m++)
        same = fabs(g->neural.tau[m] - c->tau[m]) < 1e-9;
    return nodes == 1 || same ? 0
                              : config_key_error(g->config, "weights",
                                                 "trained for other nodes than SDC's %d", c->M);
}

int guess_create(struct sdc_guesser **out, struct problem *p, const struct collocation *c,
                 struct node *config)
{
    const struct node *problem = config_child(config_top(config), "problem");
    struct trained t = { NULL };
    struct guess *g = calloc(1, sizeof *g);
    int err;
    if (!g)
        return log_error(-ENOMEM, "out of memory");
    g->config = config;
    g->neural.problem = p;
    g->M = c->M;
    for (int m = 0; m < c->M; m++)
        g->tau[m] = c->tau[m];
    if ((err = trained_open(&t, config_text(config, "weights"))) ||
        (err = trained_check(&t, p, config)) ||
        (err = trained_load(&t, &g->neural, &g->network, &g->length)) || (err = fits(g, c)) ||
        (problem && (err = trained_warn(&t, problem)))) {
        destroy(&g->base);
        g = NULL;
    } else
        g->base =
            (struct sdc_guesser){ (size_t)(g->M + 1) * exec_round(p->n) + neural_work(&g->neural),
                                  prepare, nodes, destroy };
    trained_close(&t);
    *out = g ? &g->base : NULL;
    return err;
}
