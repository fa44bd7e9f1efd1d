// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "codelets/neural.h"

#include "core/vec.h"

bool neural_cuda(const struct neural *s)
{
    const struct network *n = s->network;
    bool all = s->problem->kernels[DEV_CUDA];
    for (int i = 0; i < n->nlayers; i++)
        all = all && n->layers[i]->kernels[DEV_CUDA];
    return all;
}

static double time_of(const struct neural *s, struct interval step, int m)
{
    return m == s->network->codec.nodes - 1 ? interval_t1(step)
                                            : interval_t0(step) + interval_dt(step) * s->tau[m];
}

int neural_prepare(const struct neural *s, struct interval step)
{
    struct problem *p = s->problem;
    return p->prepare_times ? p->prepare_times(p, step.start, step.end, step.count) : 0;
}

/* ---- boundary values ---- */

/* given values in the ends, 0 inside */
static void frame(const struct neural *s, const struct exec *x, double t, double *g)
{
    vec_lincomb(x, s->problem->n, g, 0, NULL, NULL);
    s->problem->kernels[x->dev]->impose(s->problem, x, t, g);
}

/* of one node; start: the frame of the step's start */
static void lift(const struct neural *s, const struct exec *x, struct interval step, int m,
                 const double *start, double *lifting)
{
    frame(s, x, time_of(s, step, m), lifting);
    vec_lincomb(x, s->problem->n, lifting, 2, (const double[]){ 1.0, -1.0 },
                (const double *const[]){ lifting, start });
    codec_lift(&s->network->codec, x, lifting, lifting);
}

static void lift_nodes(const struct neural *s, struct exec x, struct interval step, int first,
                       double *lifting)
{
    const size_t n = s->problem->n;
    double *start = exec_take(&x, n);
    frame(s, &x, interval_t0(step), start);
    for (int m = first; m < s->network->codec.nodes; m++)
        lift(s, &x, step, m, start, lifting + (size_t)(m - first) * n);
}

void neural_liftings(const struct neural *s, const struct exec *x, struct interval step,
                     double *lifting)
{
    const struct codec *c = &s->network->codec;
    if (c->boundary)
        lift_nodes(s, *x, step, 0, lifting);
    else
        vec_lincomb(x, (size_t)c->nodes * s->problem->n, lifting, 0, NULL, NULL);
}

size_t neural_liftings_work(const struct neural *s)
{
    return s->network->codec.boundary ? exec_round(s->problem->n) + s->problem->nwork : 0;
}

/* ---- steps ---- */

/* what the network sees of u, in scratch that is taken */
static const double *seen_of(const struct neural *s, struct exec *x, const double *u)
{
    const struct codec *c = &s->network->codec;
    if (!c->smooth)
        return u;
    double *seen = exec_take(x, c->n);
    struct exec y = *x;
    return codec_smooth(c, x, u, seen, exec_take(&y, c->n));
}

void neural_encode(const struct neural *s, const struct exec *x, struct interval step,
                   const double *u, double *lifting, void *in)
{
    const struct codec *c = &s->network->codec;
    struct exec y = *x;
    u = seen_of(s, &y, u);
    if (c->boundary)
        lift_nodes(s, y, step, c->nodes - 1, lifting);
    codec_encode(c, &y, u, c->boundary ? lifting : NULL, in);
}

void neural_decode(const struct neural *s, const struct exec *x, const double *u,
                   const double *lifting, const void *out, double *v)
{
    const struct codec *c = &s->network->codec;
    struct exec y = *x;
    u = seen_of(s, &y, u);
    codec_decode(c, x, c->nodes - 1, u, c->boundary ? lifting : NULL, out, v);
}

/* the states of nodes first.. */
static void predict(const struct neural *s, struct exec x, struct interval step, int first,
                    const void *params, const double *u, double *v)
{
    const struct network *n = s->network;
    const struct codec *c = &n->codec;
    const size_t size = s->problem->n;
    const int last = c->nodes - 1;
    double *lifting = c->boundary ? exec_take(&x, (size_t)(c->nodes - first) * size) : NULL;
    void *in = exec_take(&x, neural_doubles(n, c->in));
    void *out = exec_take(&x, neural_doubles(n, c->out));
    u = seen_of(s, &x, u);
    if (lifting)
        lift_nodes(s, x, step, first, lifting);
    codec_encode(c, &x, u, lifting ? lifting + (size_t)(last - first) * size : NULL, in);
    network_forward(n, &x, 0, n->nlayers, 1, params, in, out);
    for (int m = first; m <= last; m++) {
        const size_t at = (size_t)(m - first) * size;
        codec_decode(c, &x, m, u, lifting ? lifting + at : NULL, out, v + at);
    }
}

void neural_nodes(const struct neural *s, const struct exec *x, struct interval step,
                  const void *params, const double *u, double *v)
{
    predict(s, *x, step, 0, params, u, v);
}

void neural_step(const struct neural *s, const struct exec *x, struct interval step,
                 const void *params, const double *u, double *v)
{
    predict(s, *x, step, s->network->codec.nodes - 1, params, u, v);
}

size_t neural_work(const struct neural *s)
{
    const struct network *n = s->network;
    const struct codec *c = &n->codec;
    const size_t lift = neural_liftings_work(s), forward = network_forward_work(n, 1);
    return (c->smooth ? 2 * exec_round(c->n) : 0) +
           (c->boundary ? exec_round((size_t)c->nodes * s->problem->n) : 0) +
           exec_round(neural_doubles(n, c->in)) + exec_round(neural_doubles(n, c->out)) +
           (lift > forward ? lift : forward);
}
