// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "codelets/loss.h"

#include <math.h>
#include <string.h>

#include "core/vec.h"

const struct loss_type *const loss_types[] = { &loss_data_type, &loss_collocation_type,
                                               &loss_sweep_type, &loss_pinn_type, NULL };

const struct loss_type *loss_find(struct node *config)
{
    const char *name = config_name(config), *known[16];
    size_t n = 0;
    for (; loss_types[n]; n++) {
        known[n] = loss_types[n]->name;
        if (name && strcmp(known[n], name) == 0)
            return loss_types[n];
    }
    known[n] = NULL;
    if (!name)
        config_key_error(config, "name", "expected the name of a loss, for example %s", known[0]);
    else
        config_unknown(config_child(config, "name"), "loss", name, known);
    return NULL;
}

int loss_create(struct loss **l, const struct loss_type *type, const struct loss_setup *s,
                struct node *config)
{
    *l = NULL;
    return type->create(l, type, s, config);
}

void loss_destroy(struct loss **lp)
{
    struct loss *l = *lp;
    *lp = NULL;
    if (l)
        l->destroy(l);
}

/* ---------------------------------------------------------------- nodes */

static const struct param nodes_params[] = {
    { "type", P_STRING, offsetof(struct loss_nodes, type), .def = "legendre",
      .help = "family: legendre, equid, cheby-1 to cheby-4" },
    { "quadrature", P_STRING, offsetof(struct loss_nodes, quadrature), .def = "radau_right",
      .help = "which ends of the step are nodes: its end has to be one, its start must not" },
    { "count", P_INT, offsetof(struct loss_nodes, count), .def = "2", .min = 1,
      .max = VEC_TERMS - 2, .unit = "nodes",
      .help = "number of states that the network predicts in a step" },
    { 0 },
};
const struct schema loss_nodes_schema = { "nodes", "where in a step the network predicts states",
                                          nodes_params };

int loss_nodes_create(struct collocation **c, const struct node *config, const struct loss_nodes *v)
{
    char text[COLLOCATION_TEXT];
    const int err = collocation_create(c, v->type, v->quadrature, (int)v->count);
    if (err)
        return config_key_error(
            config, "nodes", "%s",
            collocation_explain(text, err, v->type, v->quadrature, (int)v->count, NULL));
    if (!(*c)->includes_right || (*c)->includes_left) {
        collocation_destroy(c);
        return config_key_error(config, "nodes",
                                "expected nodes with the end of the step and without its start, "
                                "such as radau_right");
    }
    return 0;
}

/* ---------------------------------------------------------------- losses of states on the grid */

static size_t doubles(const struct network *n, size_t reals)
{
    return exec_round(neural_doubles(n, reals));
}

static void *real_at(const struct network *n, void *p, size_t i)
{
    return (char *)p + i * dtype_size(n->dtype);
}

/* The network is run on all samples at once, encoded and decoded one by one. */
static int gradient(const struct loss *base, const struct exec *exec, unsigned long first,
                    size_t count, double weight, const void *params, void *dparams, double *value)
{
    const struct grid_loss *g = (const struct grid_loss *)base;
    const struct neural *l = base->setup.neural;
    const struct network *net = l->network;
    const struct codec *c = &net->codec;
    const size_t n = c->n, M = (size_t)c->nodes, stride = exec_round(n);
    struct exec x = *exec;
    double *u = exec_take(&x, count * stride), *lifting = exec_take(&x, count * M * n),
           *v = exec_take(&x, M * n), *dv = exec_take(&x, M * n);
    void *in = exec_take(&x, doubles(net, count * c->in)),
         *out = exec_take(&x, doubles(net, count * c->out)),
         *kept = exec_take(&x, doubles(net, count * network_kept(net)));

    for (size_t i = 0; i < count; i++) {
        double *lift = lifting + i * M * n;
        if (samples_state(&base->setup.samples, first + i, u + i * stride))
            return 1 + (int)i;
        neural_liftings(l, &x, samples_step(&base->setup.samples, first + i), lift);
        codec_encode(c, &x, u + i * stride, c->boundary ? lift + (M - 1) * n : NULL,
                     real_at(net, in, i * c->in));
    }
    network_forward_keep(net, &x, count, params, in, out, kept);
    for (size_t i = 0; i < count; i++) {
        void *o = real_at(net, out, i * c->out);
        for (size_t m = 0; m < M; m++)
            codec_decode(c, &x, (int)m, u + i * stride,
                         c->boundary ? lifting + (i * M + m) * n : NULL, o, v + m * n);
        if (g->residual(g, &x, samples_step(&base->setup.samples, first + i), weight,
                        u + i * stride, v, dv, value))
            return 1 + (int)i;
        for (size_t m = 0; m < M; m++) /* all of o was read */
            codec_decode_adjoint(c, &x, (int)m, dv + m * n, o);
    }
    network_backward(net, &x, count, params, in, kept, out, dparams);
    return 0;
}

void grid_loss_open(struct grid_loss *g, const struct loss_type *type, const struct loss_setup *s)
{
    const struct network *net = s->neural->network;
    const struct codec *c = &net->codec;
    const size_t n = c->n, M = (size_t)c->nodes, batch = s->batch;
    size_t rest = neural_liftings_work(s->neural);
    const size_t forward = network_forward_work(net, batch),
                 backward = network_backward_work(net, batch);
    rest = rest > g->work ? rest : g->work;
    rest = rest > forward ? rest : forward;
    rest = rest > backward ? rest : backward;
    g->base.type = type;
    g->base.setup = *s;
    g->base.gradient = gradient;
    g->base.flops = 3.0 * net->flops;
    g->base.nwork = exec_round(batch * exec_round(n)) + exec_round(batch * M * n) +
                    2 * exec_round(M * n) + doubles(net, batch * c->in) +
                    doubles(net, batch * c->out) + doubles(net, batch * network_kept(net)) + rest;
}
