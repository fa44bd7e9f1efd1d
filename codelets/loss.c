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

/* r *= 2 factor/scale^2 per component, 0 in rows of given values; returns factor times the sum of
 * (r/scale)^2 */
static double weigh(const struct codec *c, double factor, const double *scale, double *r)
{
    double sum[8] = { 0 };
    for (size_t m = 0; m < (size_t)c->nodes; m++)
        for (size_t k = 0; k < (size_t)c->components; k++) {
            const double inverse = 1.0 / (scale[k] * scale[k]);
            double *row = r + m * c->n + k * c->points;
            for (size_t i = 0; i < c->points; i++) {
                const double w = c->boundary && c->mask[i] == 0.0 ? 0.0 : inverse * row[i];
                sum[i % 8] += w * row[i];
                row[i] = 2.0 * factor * w;
            }
        }
    return factor *
           (((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7])));
}

/* r becomes weight times the gradient by r; returns weight times the loss */
static double norm(const struct grid_loss *g, const struct exec *x, double weight, const double *v,
                   double *r)
{
    const struct codec *c = &g->base.setup.neural->network->codec;
    const size_t all = (size_t)c->nodes * c->n;
    if (!g->relative)
        return weigh(c, weight / (double)all, c->scale[c->nodes - 1], r);
    double error = 0, size = 0;
    for (size_t i = 0; i < all; i++) {
        const double w = v[i] - r[i];
        error += r[i] * r[i];
        size += w * w;
    }
    error = sqrt(error);
    size = sqrt(size);
    vec_lincomb(x, all, r, 1, (const double[]){ error > 0 ? weight / (error * size) : 0 },
                (const double *[]){ r });
    return weight * (error / size);
}

static int pull_back(const struct grid_loss *g, const struct exec *x, struct interval step,
                     const double *v, const double *r, double *dv)
{
    if (g->adjoint)
        return g->adjoint(g, x, step, v, r, dv);
    const struct codec *c = &g->base.setup.neural->network->codec;
    vec_copy(x, (size_t)c->nodes * c->n, r, dv);
    return 0;
}

int grid_loss_value(const struct grid_loss *g, const struct exec *exec, struct interval step,
                    double weight, const double *u, const double *v, double *dv, double *value)
{
    const struct codec *c = &g->base.setup.neural->network->codec;
    struct exec x = *exec;
    double *r = exec_take(&x, (size_t)c->nodes * c->n);
    const int failed = g->defect(g, &x, step, u, v, r);
    if (failed)
        return failed;
    *value += norm(g, &x, weight, v, r);
    return pull_back(g, &x, step, v, r, dv);
}

/* Of one sample: what the network makes of it, and of its companion where there are differences. v,
 * dv (2, M, n) */
struct pair {
    const double *u, *companion;
    double *v, *dv, scale[CODEC_COMPONENTS];
};

static int pair_value(const struct grid_loss *g, const struct exec *exec, struct interval step,
                      double weight, const struct pair *p, double *value)
{
    const struct codec *c = &g->base.setup.neural->network->codec;
    const size_t all = (size_t)c->nodes * c->n;
    struct exec x = *exec;
    double *r = exec_take(&x, all), *d = exec_take(&x, all);
    int failed;
    if ((failed = g->defect(g, &x, step, p->u, p->v, r)) ||
        (failed = g->defect(g, &x, step, p->companion, p->v + all, d)))
        return failed;
    vec_lincomb(&x, all, d, 2, (const double[]){ 1, -1 }, (const double *[]){ d, r });
    *value += norm(g, &x, weight, p->v, r);
    *value += weigh(c, weight * g->differences.weight / (double)all, p->scale, d);
    vec_lincomb(&x, all, r, 2, (const double[]){ 1, -1 }, (const double *[]){ r, d });
    failed = pull_back(g, &x, step, p->v, r, p->dv);
    return failed ? failed : pull_back(g, &x, step, p->v + all, d, p->dv + all);
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
    const size_t n = c->n, M = (size_t)c->nodes, stride = exec_round(n), each = paired ? 2 : 1,
                 runs = each * count;
    struct exec x = *exec;
    double *u = exec_take(&x, runs * stride),
           *seen = c->smooth ? exec_take(&x, (runs + 1) * stride) : u,
           *lifting = exec_take(&x, count * M * n), *v = exec_take(&x, each * M * n),
           *dv = exec_take(&x, each * M * n);
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
        for (size_t k = each * i; k < each * (i + 1); k++)
            codec_encode(
                c, &x, codec_smooth(c, &x, u + k * stride, seen + k * stride, seen + runs * stride),
                c->boundary ? lift + (M - 1) * n : NULL, real_at(net, in, k * c->in));
    }
    network_forward_keep(net, &x, runs, params, in, out, kept);
    for (size_t i = 0; i < count; i++) {
        const struct interval step = samples_step(samples, first + i);
        struct pair p = { u + each * i * stride, u + (each * i + 1) * stride, v, dv, { 0 } };
        int failed;
        for (size_t k = 0; k < each; k++)
            for (size_t m = 0; m < M; m++)
                codec_decode(c, &x, (int)m, seen + (each * i + k) * stride,
                             c->boundary ? lifting + (i * M + m) * n : NULL,
                             real_at(net, out, (each * i + k) * c->out), v + (k * M + m) * n);
        if (paired) {
            for (int k = 0; k < c->components; k++)
                p.scale[k] = c->std[k] * samples_waves_size(samples, first + i, g->size);
            failed = pair_value(g, &x, step, weight, &p, value);
        } else
            failed = grid_loss_value(g, &x, step, weight, p.u, v, dv, value);
        if (failed)
            return 1 + (int)i;
        for (size_t k = 0; k < each; k++) /* all of out was read */
            for (size_t m = 0; m < M; m++)
                codec_decode_adjoint(c, &x, (int)m, dv + (k * M + m) * n,
                                     real_at(net, out, (each * i + k) * c->out));
    }
    network_backward(net, &x, runs, params, in, kept, out, dparams);
    return 0;
}

int grid_loss_open(struct grid_loss *g, const struct loss_type *type, const struct loss_setup *s,
                   const struct loss_differences *differences, struct node *config)
{
    const struct network *net = s->neural->network;
    const struct codec *c = &net->codec;
    const size_t n = c->n, M = (size_t)c->nodes, each = differences->weight > 0 ? 2 : 1,
                 runs = each * s->batch;
    size_t rest = neural_liftings_work(s->neural);
    const size_t forward = network_forward_work(net, runs),
                 backward = network_backward_work(net, runs),
                 defect = 2 * exec_round(M * n) + g->work;
    rest = rest > defect ? rest : defect;
    rest = rest > forward ? rest : forward;
    rest = rest > backward ? rest : backward;
    g->base.type = type;
    g->base.setup = *s;
    g->base.gradient = gradient;
    g->base.flops = 3.0 * net->flops * (double)each;
    g->differences = *differences;
    if (differences->weight > 0) {
        const struct reals *size = &differences->size;
        if (size->n != 2 || !(size->v[0] > 0) || size->v[1] < size->v[0])
            return config_key_error(config_child(config, "differences"), "size",
                                    "expected two numbers above 0, the smaller one first");
        g->size[0] = size->v[0];
        g->size[1] = size->v[1];
    }
    g->base.nwork = (c->smooth ? 2 : 1) * (runs + 1) * exec_round(n) +
                    exec_round(s->batch * M * n) + 2 * exec_round(each * M * n) +
                    doubles(net, runs * c->in) + doubles(net, runs * c->out) +
                    doubles(net, runs * network_kept(net)) + rest;
    return 0;
}
