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

static const struct param differences_params[] = {
    { "weight", P_REAL, offsetof(struct loss_differences, weight), .def = "0", .min = 0,
      .max = 1e12, .help = "in the loss; 0: none" },
    { "size", P_REALS, offsetof(struct loss_differences, size), .def = "[0.001, 0.03]", .min = 0,
      .max = 1e6, .unit = "standard deviations",
      .help = "smallest and largest root mean square of what is added to a state" },
    { "cycles", P_REAL, offsetof(struct loss_differences, cycles), .def = "12", .min = 0.5,
      .max = 1e6, .unit = "per axis", .help = "of the shortest wave in it" },
    { 0 },
};
const struct schema loss_differences_schema = {
    "differences", "whether the derivative of the network by its state counts", differences_params
};

static size_t doubles(const struct network *n, size_t reals)
{
    return exec_round(neural_doubles(n, reals));
}

static void *real_at(const struct network *n, void *p, size_t i)
{
    return (char *)p + i * dtype_size(n->dtype);
}

/* doubles per node of what the loss looks at */
static size_t looked_at(const struct grid_loss *g)
{
    const struct neural *l = g->base.setup.neural;
    return g->fields ? l->network->codec.n : l->problem->n;
}

/* r *= 2 factor/scale^2 per component, 0 in rows of given values; returns factor times the sum of
 * (r/scale)^2 */
static double weigh(const struct neural *l, double factor, const double *scale, double *r)
{
    const struct codec *c = &l->network->codec;
    const size_t n = l->problem->n, components = (size_t)l->problem->grid.components,
                 points = n / components;
    double sum[8] = { 0 };
    for (size_t m = 0; m < (size_t)c->nodes; m++)
        for (size_t k = 0; k < components; k++) {
            const double inverse = 1.0 / (scale[k] * scale[k]);
            double *row = r + m * n + k * points;
            for (size_t i = 0; i < points; i++) {
                const double w = c->boundary && c->mask[i] == 0.0 ? 0.0 : inverse * row[i];
                sum[i % 8] += w * row[i];
                row[i] = 2.0 * factor * w;
            }
        }
    return factor *
           (((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7])));
}

/* |r| / |v - r| of `points` values per node, nodes n apart; r becomes weight times the gradient */
static double relative(size_t nodes, size_t n, size_t points, double weight, const double *v,
                       double *r)
{
    double error = 0, size = 0;
    for (size_t m = 0; m < nodes; m++)
        for (size_t i = m * n; i < m * n + points; i++) {
            const double w = v[i] - r[i];
            error += r[i] * r[i];
            size += w * w;
        }
    error = sqrt(error);
    size = size > 0 ? sqrt(size) : 1;
    const double factor = error > 0 ? weight / (error * size) : 0;
    for (size_t m = 0; m < nodes; m++)
        for (size_t i = m * n; i < m * n + points; i++)
            r[i] *= factor;
    return weight * (error / size);
}

/* r becomes weight times the gradient by r; returns weight times the loss */
static double norm(const struct grid_loss *g, double weight, const double *v, double *r)
{
    const struct neural *l = g->base.setup.neural;
    const struct codec *c = &l->network->codec;
    const size_t M = (size_t)c->nodes, n = looked_at(g);
    double sum = 0;
    if (!g->relative)
        return weigh(l, weight / (double)(M * n), l->size, r);
    if (!g->fields)
        return relative(M, n, n, weight, v, r);
    for (size_t k = 0; k < (size_t)c->components; k++)
        sum +=
            relative(M, n, c->points, weight / c->components, v + k * c->points, r + k * c->points);
    return sum;
}

static int pull_back(const struct grid_loss *g, const struct exec *x, unsigned long index,
                     const double *v, const double *r, double *dv)
{
    if (g->adjoint)
        return g->adjoint(g, x, samples_step(&g->base.setup.samples, index), v, r, dv);
    vec_copy(x, (size_t)g->base.setup.neural->network->codec.nodes * looked_at(g), r, dv);
    return 0;
}

int grid_loss_value(const struct grid_loss *g, const struct exec *exec, unsigned long index,
                    double weight, const double *u, const double *v, double *dv, double *value)
{
    const struct codec *c = &g->base.setup.neural->network->codec;
    struct exec x = *exec;
    double *r = exec_take(&x, (size_t)c->nodes * looked_at(g));
    const int failed = g->defect(g, &x, index, u, v, r);
    if (failed)
        return failed;
    *value += norm(g, weight, v, r);
    return pull_back(g, &x, index, v, r, dv);
}

/* Of one sample: what the network makes of it, and of its companion where there are differences. v,
 * dv (2, M, n) */
struct pair {
    const double *u, *companion;
    double *v, *dv, scale[CODEC_COMPONENTS];
};

static int pair_value(const struct grid_loss *g, const struct exec *exec, unsigned long index,
                      double weight, const struct pair *p, double *value)
{
    const struct neural *l = g->base.setup.neural;
    const size_t all = (size_t)l->network->codec.nodes * l->problem->n;
    struct exec x = *exec;
    double *r = exec_take(&x, all), *d = exec_take(&x, all);
    int failed;
    if ((failed = g->defect(g, &x, index, p->u, p->v, r)) ||
        (failed = g->defect(g, &x, index, p->companion, p->v + all, d)))
        return failed;
    vec_lincomb(&x, all, d, 2, (const double[]){ 1, -1 }, (const double *[]){ d, r });
    *value += norm(g, weight, p->v, r);
    *value += weigh(l, weight * g->differences.weight / (double)all, p->scale, d);
    vec_lincomb(&x, all, r, 2, (const double[]){ 1, -1 }, (const double *[]){ r, d });
    failed = pull_back(g, &x, index, p->v, r, p->dv);
    return failed ? failed : pull_back(g, &x, index, p->v + all, d, p->dv + all);
}

/* The network is run on all samples at once, encoded and decoded one by one. */
static int gradient(const struct loss *base, const struct exec *exec, unsigned long first,
                    size_t count, double weight, const void *params, void *dparams, double *value)
{
    const struct grid_loss *g = (const struct grid_loss *)base;
    const struct neural *l = base->setup.neural;
    const struct network *net = l->network;
    const struct codec *c = &net->codec;
    const struct samples *samples = &base->setup.samples;
    const bool paired = g->differences.weight > 0;
    const size_t n = l->problem->n, N = looked_at(g), M = (size_t)c->nodes, stride = exec_round(n),
                 wide = exec_round(c->n), each = paired ? 2 : 1, runs = each * count;
    struct exec x = *exec;
    double *u = exec_take(&x, runs * stride), *room = exec_take(&x, runs * wide),
           *lifting = exec_take(&x, count * M * n), *v = exec_take(&x, each * M * N),
           *dv = exec_take(&x, each * M * N);
    void *in = exec_take(&x, doubles(net, runs * c->in)),
         *out = exec_take(&x, doubles(net, runs * c->out)),
         *kept = exec_take(&x, doubles(net, runs * network_kept(net)));

    for (size_t i = 0; i < count; i++) {
        double *lift = lifting + i * M * n;
        if (samples_state(samples, first + i, u + each * i * stride))
            return 1 + (int)i;
        if (paired) {
            double *companion = u + (each * i + 1) * stride;
            samples_waves(samples, c, first + i, g->size, g->differences.cycles, companion);
            vec_lincomb(&x, n, companion, 2, (const double[]){ 1, 1 },
                        (const double *[]){ companion, companion - stride });
        }
        neural_liftings(l, &x, samples_step(samples, first + i), lift);
        for (size_t k = each * i; k < each * (i + 1); k++) {
            const double *seen = neural_seen(l, &x, u + k * stride, room + k * wide);
            if (seen == u + k * stride)
                vec_copy(&x, n, seen, room + k * wide);
            codec_encode(c, &x, room + k * wide, c->boundary ? lift + (M - 1) * n : NULL,
                         real_at(net, in, k * c->in));
        }
    }
    network_forward_keep(net, &x, runs, params, in, out, kept);
    for (size_t i = 0; i < count; i++) {
        struct pair p = { u + each * i * stride, u + (each * i + 1) * stride, v, dv, { 0 } };
        int failed;
        for (size_t k = 0; k < each; k++)
            for (size_t m = 0; m < M; m++) {
                const size_t run = each * i + k;
                const double *lift = c->boundary ? lifting + (i * M + m) * n : NULL;
                const void *said = real_at(net, out, run * c->out);
                double *to = v + (k * M + m) * N;
                if (g->fields)
                    codec_decode(c, &x, (int)m, room + run * wide, lift, said, to);
                else
                    neural_state(l, &x, (int)m, u + run * stride, room + run * wide, lift, said,
                                 to);
            }
        if (paired) {
            for (int k = 0; k < c->components; k++)
                p.scale[k] = c->std[k] * samples_waves_size(samples, first + i, g->size);
            failed = pair_value(g, &x, first + i, weight, &p, value);
        } else
            failed = grid_loss_value(g, &x, first + i, weight, p.u, v, dv, value);
        if (failed)
            return 1 + (int)i;
        for (size_t k = 0; k < each; k++) /* all of out was read */
            for (size_t m = 0; m < M; m++) {
                void *dout = real_at(net, out, (each * i + k) * c->out);
                if (g->fields)
                    codec_decode_adjoint(c, &x, (int)m, dv + (k * M + m) * N, dout);
                else
                    neural_state_adjoint(l, &x, (int)m, dv + (k * M + m) * N, dout);
            }
    }
    network_backward(net, &x, runs, params, in, kept, out, dparams);
    return 0;
}

int grid_loss_open(struct grid_loss *g, const struct loss_type *type, const struct loss_setup *s,
                   const struct loss_differences *differences, struct node *config)
{
    const struct network *net = s->neural->network;
    const struct codec *c = &net->codec;
    const size_t n = s->neural->problem->n, M = (size_t)c->nodes,
                 each = differences->weight > 0 ? 2 : 1, runs = each * s->batch;
    g->base.setup = *s;
    const size_t N = looked_at(g);
    const size_t parts[] = { neural_liftings_work(s->neural),  neural_seen_work(s->neural),
                             neural_state_work(s->neural),     network_forward_work(net, runs),
                             network_backward_work(net, runs), 2 * exec_round(M * N) + g->work };
    size_t rest = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        rest = parts[i] > rest ? parts[i] : rest;
    g->base.type = type;
    g->base.gradient = gradient;
    g->base.flops = 3.0 * net->flops * (double)each;
    g->differences = *differences;
    if (differences->weight > 0 && s->neural->problem->fields)
        return config_key_error(config, "differences", "expected none: problem %s has fields",
                                s->neural->problem->name);
    if (differences->weight > 0) {
        const struct reals *size = &differences->size;
        if (size->n != 2 || !(size->v[0] > 0) || size->v[1] < size->v[0])
            return config_key_error(config_child(config, "differences"), "size",
                                    "expected two numbers above 0, the smaller one first");
        g->size[0] = size->v[0];
        g->size[1] = size->v[1];
    }
    g->base.nwork = runs * (exec_round(n) + exec_round(c->n)) + exec_round(s->batch * M * n) +
                    2 * exec_round(each * M * N) + doubles(net, runs * c->in) +
                    doubles(net, runs * c->out) + doubles(net, runs * network_kept(net)) + rest;
    return 0;
}
