// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "codelets/neural.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/log.h"
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

/* what a step multiplies the rate of the shortest wave by, along each axis, at the initial state */
static int damping_of(const struct neural *s, struct interval step, double *damping)
{
    const struct problem *p = s->problem;
    const struct problem_kernels *k = p->kernels[DEV_CPU];
    const struct codec *c = &s->network->codec;
    const size_t n = p->n, stride = exec_round(n);
    const double t = interval_t0(step);
    double *work = aligned_alloc(64, (5 * stride + p->nwork) * sizeof *work);
    if (!work)
        return -ENOMEM;
    double *u = work, *f = u + stride, *v = f + stride, *g = v + stride, *h = g + stride;
    const struct exec x = exec_host(h + stride, p->nwork);
    int failed = p->initial(p, t, u);
    for (int a = -1; a < c->dims && !failed; a++) {
        double *at = a < 0 ? f : g, size = 1;
        for (size_t i = 0; i < n; i++)
            size = fmax(size, fabs(u[i]));
        size *= 1e-3;
        for (size_t i = 0; i < n; i++) {
            const size_t q = i % c->points;
            const size_t index = a == 0 ? q / c->shape[1] : q % c->shape[1];
            v[i] = u[i] + (a < 0 ? 0 : index % 2 ? -size : size);
        }
        failed = k->rhs_implicit(p, &x, t, v, at);
        if (k->rhs_explicit && !failed) {
            failed = k->rhs_explicit(p, &x, t, v, h);
            vec_lincomb(&x, n, at, 2, (const double[]){ 1, 1 }, (const double *[]){ at, h });
        }
        for (size_t q = 0; q < c->points && a >= 0; q++) {
            double rate = INFINITY; /* the least of all components */
            for (size_t i = q; i < n; i += c->points)
                rate = fmin(rate, (f[i] - g[i]) / (v[i] - u[i]));
            damping[(size_t)a * c->points + q] = fmax(rate * interval_dt(step), 0);
        }
    }
    free(work);
    return failed;
}

int neural_prepare(const struct neural *s, struct interval step)
{
    struct problem *p = s->problem;
    struct codec *c = &s->network->codec;
    int err = p->prepare_times ? p->prepare_times(p, step.start, step.end, step.count) : 0;
    if (err || !c->smooth)
        return err;
    double *damping = malloc((size_t)c->dims * c->points * sizeof *damping);
    if (!damping)
        return -ENOMEM;
    if ((err = damping_of(s, step, damping)) > 0)
        err = log_error(-EINVAL, "the right-hand side of %s fails at the initial state", p->name);
    if (!err)
        codec_damp(c, damping);
    free(damping);
    return err;
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
