// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "codelets/validation.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/vec.h"

static const double perturbation = 0.1;

int validation_create(struct validation *v, const struct neural *l, const struct samples *s,
                      struct node *propagator, const struct node *at, const double *bounds,
                      size_t pairs)
{
    const struct codec *c = &l->network->codec;
    size_t inside = 0;
    *v = (struct validation){ .neural = l, .samples = *s };
    if (pairs && pairs != (size_t)c->dims)
        return config_key_error(at, "region", "expected %d pair%s of bounds, one per axis, got %zu",
                                c->dims, c->dims > 1 ? "s" : "", pairs);
    for (size_t a = 0; a < pairs; a++)
        if (!(bounds[2 * a] <= bounds[2 * a + 1]))
            return config_key_error(at, "region", "expected increasing bounds, got [%g, %g]",
                                    bounds[2 * a], bounds[2 * a + 1]);
    if (!(v->region = calloc(c->points, sizeof *v->region)))
        return log_error(-ENOMEM, "out of memory");
    for (size_t i = 0; i < c->points; i++) {
        bool in = true;
        for (int a = 0; a < (int)pairs; a++) {
            const size_t k = a == c->dims - 1 ? i % c->shape[a] : i / c->shape[1];
            const double x = c->grid->x[a][k];
            in = in && bounds[2 * a] <= x && x <= bounds[2 * a + 1];
        }
        v->region[i] = in;
        inside += in;
    }
    if (!inside)
        return config_key_error(at, "region", "no point of the grid lies in it");
    return reference_create(&v->fine, l->problem, s, propagator);
}

void validation_destroy(struct validation *v)
{
    reference_destroy(&v->fine);
    free(v->region);
    v->region = NULL;
}

size_t validation_truth_size(const struct validation *v)
{
    return 2 * exec_round(v->neural->problem->n) + 8;
}

size_t validation_work(const struct validation *v)
{
    const size_t fine = v->fine.stepper->nwork, net = neural_work(v->neural),
                 show = neural_seen_work(v->neural), wide = exec_round(v->neural->network->codec.n);
    size_t rest = fine > net ? fine : net;
    rest = rest > show ? rest : show;
    return 4 * exec_round(v->neural->problem->n) + 4 * wide + rest;
}

/* u and the perturbation of a sample; false: no memory */
static bool sample(const struct validation *v, const struct exec *exec, unsigned long index,
                   double *u, double *du)
{
    const struct problem *p = v->neural->problem;
    const struct codec *c = &v->neural->network->codec;
    struct exec x = *exec;
    double *fields = p->fields ? exec_take(&x, c->n) : du;
    samples_perturbation(&v->samples, c, index, perturbation, fields);
    if (p->fields && p->fields->absorb_change(p, &x, 0.0, fields, du))
        return false;
    return samples_state(&v->samples, index, u) == 0;
}

/* truth: the step of u, and the difference of the steps of u + du and u - du; a flag at its end */
void validation_truth(const struct validation *v, const struct exec *exec, unsigned long index,
                      double *truth)
{
    const size_t n = v->neural->problem->n;
    const struct interval step = samples_step(&v->samples, index);
    struct exec x = *exec;
    double *u = exec_take(&x, n), *du = exec_take(&x, n), *w = exec_take(&x, n);
    double *f = truth, *df = truth + exec_round(n);
    int failed = !sample(v, &x, index, u, du);
    failed = failed || reference_advance(&v->fine, &x, step, u, f);
    vec_lincomb(&x, n, w, 2, (const double[]){ 1, 1 }, (const double *[]){ u, du });
    failed = failed || reference_advance(&v->fine, &x, step, w, df);
    vec_lincomb(&x, n, w, 2, (const double[]){ 1, -1 }, (const double *[]){ u, du });
    failed = failed || reference_advance(&v->fine, &x, step, w, w);
    vec_lincomb(&x, n, df, 2, (const double[]){ 1, -1 }, (const double *[]){ df, w });
    truth[2 * exec_round(n)] = failed;
}

/* |v - f| / |f| of n numbers, over the points with weight 1 */
static double relative(size_t n, size_t points, const double *weight, const double *v,
                       const double *f)
{
    double difference = 0.0, size = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double w = weight ? weight[i % points] : 1.0, d = w * (v[i] - f[i]);
        difference += d * d;
        size += w * f[i] * f[i];
    }
    return size > 0.0 ? sqrt(difference / size) : sqrt(difference);
}

/* per component, of what is shown of the step's end f; w: the network's state there */
static void compare_fields(const struct validation *v, const struct exec *exec,
                           struct interval step, const void *params, const double *u,
                           const double *w, const double *f, struct validation_facts *facts)
{
    const struct neural *l = v->neural;
    const struct codec *c = &l->network->codec;
    const size_t n = c->points;
    struct exec x = *exec;
    double *seen = exec_take(&x, c->n), *said = exec_take(&x, c->n), *truth = exec_take(&x, c->n),
           *shown = exec_take(&x, c->n);
    neural_fields(l, &x, step, params, u, seen, said);
    const struct fields *fields = l->problem->fields;
    if (fields && (fields->show(l->problem, &x, 0.0, f, truth) ||
                   fields->show(l->problem, &x, 0.0, w, shown)))
        facts->failed = 1.0;
    const double *real = fields ? truth : f, *got = fields ? shown : w, *same = fields ? seen : u;
    for (int k = 0; k < c->components; k++) {
        const size_t at = (size_t)k * n;
        const double part = 1.0 / c->components;
        facts->said[k] = relative(n, n, NULL, said + at, real + at);
        facts->shown[k] = relative(n, n, NULL, got + at, real + at);
        facts->still[k] = relative(n, n, NULL, same + at, real + at);
        if (!fields)
            continue;
        facts->l2 += part * facts->said[k];
        facts->region += part * relative(n, n, v->region, said + at, real + at);
        facts->identity += part * facts->still[k];
        facts->identity_region += part * relative(n, n, v->region, same + at, real + at);
    }
}

void validation_compare(const struct validation *v, const struct exec *exec, unsigned long index,
                        const void *params, const double *truth, struct validation_facts *facts)
{
    const struct codec *c = &v->neural->network->codec;
    const size_t n = v->neural->problem->n;
    const struct interval step = samples_step(&v->samples, index);
    struct exec x = *exec;
    double *u = exec_take(&x, n), *du = exec_take(&x, n), *w = exec_take(&x, n),
           *z = exec_take(&x, n);
    const double *f = truth, *df = truth + exec_round(n);
    *facts = (struct validation_facts){ .failed = truth[2 * exec_round(n)] };
    if (!sample(v, &x, index, u, du))
        facts->failed = 1.0;
    if (facts->failed != 0.0)
        return;
    neural_step(v->neural, &x, step, params, u, w);
    compare_fields(v, &x, step, params, u, w, f, facts);
    const bool fields = v->neural->problem->fields;
    const double *region = fields ? NULL : v->region;
    if (!fields) {
        facts->l2 = relative(n, c->points, NULL, w, f);
        facts->region = relative(n, c->points, v->region, w, f);
        facts->identity = relative(n, c->points, NULL, u, f);
        facts->identity_region = relative(n, c->points, v->region, u, f);
    }
    vec_lincomb(&x, n, w, 2, (const double[]){ 1, 1 }, (const double *[]){ u, du });
    neural_step(v->neural, &x, step, params, w, z);
    vec_lincomb(&x, n, w, 2, (const double[]){ 1, -1 }, (const double *[]){ u, du });
    neural_step(v->neural, &x, step, params, w, u);
    vec_lincomb(&x, n, z, 2, (const double[]){ 1, -1 }, (const double *[]){ z, u });
    facts->jacobian = relative(n, c->points, NULL, z, df);
    facts->jacobian_region = relative(n, c->points, region, z, df);
    vec_lincomb(&x, n, du, 1, (const double[]){ 2 }, (const double *[]){ du });
    facts->jacobian_identity = relative(n, c->points, NULL, du, df);
}
