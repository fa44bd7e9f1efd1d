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
    bool all = s->problem->kernels[DEV_CUDA] && !s->problem->fields;
    for (int i = 0; i < n->nlayers; i++)
        all = all && n->layers[i]->kernels[DEV_CUDA];
    return all;
}

int neural_check(const struct problem *p, const struct network *n, const struct node *config)
{
    if (!p->fields)
        return 0;
    if (!p->fields->absorb_change)
        return config_error(config, "the state of problem %s is not linear in its fields", p->name);
    if (n->codec.smooth)
        return config_key_error(config, "smooth",
                                "expected 0: what problem %s shows is not smoothed", p->name);
    return 0;
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

static void fill(double *v, size_t n, double value)
{
    for (size_t i = 0; i < n; i++)
        v[i] = value;
}

const double *neural_seen(const struct neural *s, const struct exec *x, const double *u,
                          double *seen)
{
    const struct problem *p = s->problem;
    const struct codec *c = &s->network->codec;
    struct exec y = *x;
    if (p->fields) {
        if (p->fields->show(p, x, 0.0, u, seen))
            fill(seen, c->n, NAN); /* to be found like all else that is not finite */
        return seen;
    }
    return codec_smooth(c, x, u, seen, c->smooth ? exec_take(&y, c->n) : NULL);
}

size_t neural_seen_work(const struct neural *s)
{
    const struct codec *c = &s->network->codec;
    return s->problem->fields ? s->problem->fields->nwork : c->smooth ? exec_round(c->n) : 0;
}

void neural_state(const struct neural *s, const struct exec *x, int m, const double *u,
                  const double *seen, const double *lifting, const void *out, double *v)
{
    const struct problem *p = s->problem;
    const struct codec *c = &s->network->codec;
    if (!p->fields) {
        codec_decode(c, x, m, seen, lifting, out, v);
        return;
    }
    struct exec y = *x;
    double *base = exec_take(&y, c->n), *fields = exec_take(&y, c->n);
    const bool change = c->predict == PREDICT_INCREMENT;
    fill(base, c->n, 0.0);
    codec_decode(c, &y, m, base, NULL, out, fields);
    if ((change ? p->fields->absorb_change : p->fields->absorb)(p, &y, 0.0, fields, v))
        fill(v, p->n, NAN);
    for (size_t i = 0; i < p->n && change; i++)
        v[i] += u[i];
}

void neural_state_adjoint(const struct neural *s, const struct exec *x, int m, const double *dv,
                          void *dout)
{
    const struct problem *p = s->problem;
    const struct codec *c = &s->network->codec;
    struct exec y = *x;
    if (p->fields) {
        double *fields = exec_take(&y, c->n);
        if (p->fields->absorb_adjoint(p, &y, 0.0, dv, fields))
            fill(fields, c->n, NAN);
        dv = fields;
    }
    codec_decode_adjoint(c, &y, m, dv, dout);
}

size_t neural_state_work(const struct neural *s)
{
    return s->problem->fields ? 2 * exec_round(s->network->codec.n) + s->problem->fields->nwork : 0;
}

static bool sees_itself(const struct neural *s)
{
    return !s->problem->fields && !s->network->codec.smooth;
}

void neural_encode(const struct neural *s, const struct exec *x, struct interval step,
                   const double *u, double *lifting, void *in)
{
    const struct codec *c = &s->network->codec;
    struct exec y = *x;
    u = neural_seen(s, &y, u, sees_itself(s) ? NULL : exec_take(&y, c->n));
    if (c->boundary)
        lift_nodes(s, y, step, c->nodes - 1, lifting);
    codec_encode(c, &y, u, c->boundary ? lifting : NULL, in);
}

void neural_decode(const struct neural *s, const struct exec *x, const double *u,
                   const double *lifting, const void *out, double *v)
{
    const struct codec *c = &s->network->codec;
    struct exec y = *x;
    const double *seen = u;
    if (c->smooth)
        seen = neural_seen(s, &y, u, exec_take(&y, c->n));
    neural_state(s, &y, c->nodes - 1, u, seen, c->boundary ? lifting : NULL, out, v);
}

/* encodes and runs; lifting (nodes - first, n), of nodes first.. */
static const double *run(const struct neural *s, struct exec *x, struct interval step, int first,
                         const void *params, const double *u, double *seen, double *lifting,
                         void *out)
{
    const struct network *n = s->network;
    const struct codec *c = &n->codec;
    void *in = exec_take(x, neural_doubles(n, c->in));
    const double *saw = neural_seen(s, x, u, seen);
    if (lifting)
        lift_nodes(s, *x, step, first, lifting);
    codec_encode(c, x, saw,
                 lifting ? lifting + (size_t)(c->nodes - 1 - first) * s->problem->n : NULL, in);
    network_forward(n, x, 0, n->nlayers, 1, params, in, out);
    return saw;
}

/* the states of nodes first.. */
static void predict(const struct neural *s, struct exec x, struct interval step, int first,
                    const void *params, const double *u, double *v)
{
    const struct codec *c = &s->network->codec;
    const size_t size = s->problem->n;
    double *lifting = c->boundary ? exec_take(&x, (size_t)(c->nodes - first) * size) : NULL;
    void *out = exec_take(&x, neural_doubles(s->network, c->out));
    const double *seen = run(s, &x, step, first, params, u,
                             sees_itself(s) ? NULL : exec_take(&x, c->n), lifting, out);
    for (int m = first; m < c->nodes; m++) {
        const size_t at = (size_t)(m - first) * size;
        neural_state(s, &x, m, u, seen, lifting ? lifting + at : NULL, out, v + at);
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

void neural_fields(const struct neural *s, const struct exec *exec, struct interval step,
                   const void *params, const double *u, double *seen, double *fields)
{
    const struct codec *c = &s->network->codec;
    const int last = c->nodes - 1;
    struct exec x = *exec;
    double *lifting = c->boundary ? exec_take(&x, s->problem->n) : NULL;
    void *out = exec_take(&x, neural_doubles(s->network, c->out));
    const double *saw = run(s, &x, step, last, params, u, seen, lifting, out);
    codec_decode(c, &x, last, saw, lifting, out, fields);
    if (saw != seen)
        vec_copy(&x, c->n, saw, seen);
}

size_t neural_work(const struct neural *s)
{
    const struct network *n = s->network;
    const struct codec *c = &n->codec;
    const size_t parts[] = { neural_liftings_work(s), network_forward_work(n, 1),
                             neural_seen_work(s), neural_state_work(s) };
    size_t most = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        most = parts[i] > most ? parts[i] : most;
    return (sees_itself(s) ? 0 : exec_round(c->n)) +
           (c->boundary ? exec_round((size_t)c->nodes * s->problem->n) : 0) +
           exec_round(neural_doubles(n, c->in)) + exec_round(neural_doubles(n, c->out)) + most;
}
