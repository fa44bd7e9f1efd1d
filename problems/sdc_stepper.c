// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* SDC as a one-step scheme: a whole step in one call, of fixed or of adapted size. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/vec.h"
#include "problems/sdc.h"

struct sdc_stepper {
    struct stepper base;
    struct sdc *sdc;
};

static const double *const *all(double *const *f)
{
    return (const double *const *)f;
}

/* v = one step; *estimate = the largest change of the last node in the last sweep, if asked for */
static int one_step(const struct sdc *s, const struct exec *exec, struct interval step,
                    const double *u, double *v, double *estimate)
{
    const size_t n = s->problem->n;
    struct exec x = *exec;
    double *U[COLLOCATION_MAX], *fi[2][COLLOCATION_MAX],
        *fe[2][COLLOCATION_MAX] = { { NULL } }, *before = estimate ? exec_take(&x, n) : NULL;
    for (int m = 0; m < s->M; m++) {
        U[m] = exec_take(&x, n);
        for (int i = 0; i < 2; i++) {
            fi[i][m] = exec_take(&x, n);
            if (s->split)
                fe[i][m] = exec_take(&x, n);
        }
    }
    int failed = 0, old = 0;
    failed = sdc_start_all(s, &x, step, u, U, fi[0], fe[0]);
    for (long k = 1; k <= s->sweeps && !failed; k++, old = !old) {
        const int new = !old;
        if (before && k == s->sweeps)
            vec_copy(&x, n, U[s->M - 1], before);
        for (int m = 0; m < s->M && !failed; m++) {
            if (!sdc_needs_node(s, k, m))
                continue;
            failed = sdc_node(s, &x, step, k, m, u, all(fi[old]), all(fe[old]), all(fi[new]),
                              all(fe[new]), U[m], sdc_needs_rhs(s, k, m) ? fi[new][m] : NULL,
                              fe[new][m]);
        }
        if (failed || !(s->record || s->tolerance > 0.0) || x.dev != DEV_CPU)
            continue;
        double worst;
        failed = sdc_residuals(s, &x, step, u, fi[new], fe[new], U, &worst);
        exec_residual(&x, k, worst);
        if (s->tolerance > 0.0 && worst <= s->tolerance) {
            old = new;
            break;
        }
    }
    if (estimate && !failed) {
        double sums[3];
        vec_distance(&x, n, U[s->M - 1], before, sums);
        *estimate = sums[2];
    }
    return failed ? failed : sdc_end(s, &x, step, u, all(fi[old]), all(fe[old]), U[s->M - 1], v);
}

/* Steps of their own size through one interval. The difference of the last two sweeps is the local
 * error of the last but one, of order K - 1: h (tolerance / difference)^(1/K) is the step that
 * would just have met the tolerance. */
static int adapt(const struct sdc *s, const struct exec *exec, struct interval whole,
                 const double *u, double *v)
{
    const double t0 = interval_t0(whole), t1 = interval_t1(whole), least = 1e-12 * (t1 - t0);
    struct exec x = *exec;
    double *next = exec_take(&x, s->problem->n), t = t0, h = s->first > 0.0 ? s->first : t1 - t0;
    vec_copy(&x, s->problem->n, u, v);
    while (t < t1) {
        const bool last = t + h >= t1 - least;
        const struct interval step = { t, last ? t1 : t + h, 0, 1 };
        double estimate = 0.0;
        const int failed = one_step(s, &x, step, v, next, &estimate);
        double factor = failed || estimate != estimate ? 0.5
                        : estimate > 0.0
                            ? s->safety * pow(s->adaptive / estimate, 1.0 / (double)s->sweeps)
                            : 5.0;
        factor = fmin(5.0, fmax(0.2, factor));
        const bool accept = !failed && estimate <= s->adaptive;
        if (x.count) {
            x.count->accepted += accept;
            x.count->rejected += !accept;
        }
        if (accept) {
            t = step.end;
            vec_copy(&x, s->problem->n, next, v);
        } else if (h < least)
            return 1;
        h = (accept && last ? h : step.end - step.start) * (accept ? factor : fmin(factor, 0.9));
    }
    return 0;
}

static int step(const struct stepper *base, const struct exec *x, struct interval interval,
                const double *u, double *v)
{
    const struct sdc *s = ((const struct sdc_stepper *)base)->sdc;
    return s->adaptive > 0.0 ? adapt(s, x, interval, u, v) : one_step(s, x, interval, u, v, NULL);
}

static int prepare(struct stepper *base, struct interval interval)
{
    return sdc_prepare(((struct sdc_stepper *)base)->sdc, interval);
}

static void destroy(struct stepper *base)
{
    sdc_destroy(&((struct sdc_stepper *)base)->sdc);
    free(base);
}

static int stepper_create(struct stepper **out, const struct stepper_type *type, struct problem *p,
                          struct node *config)
{
    struct sdc_stepper *s = calloc(1, sizeof *s);
    if (!s)
        return log_error(-ENOMEM, "out of memory");
    const int err = sdc_create(&s->sdc, p, config);
    if (err) {
        free(s);
        return err;
    }
    if (s->sdc->dense) {
        sdc_destroy(&s->sdc);
        free(s);
        return config_key_error(
            config, "dense", "expected granularity node: elsewhere the nodes stay inside a task");
    }
    const struct sdc *c = s->sdc;
    const size_t states = (size_t)c->M * (c->split ? 5 : 3) + (c->adaptive > 0.0 ? 2 : 0);
    const long most = 2L * c->M - 1, order = c->sweeps < most ? c->sweeps : most;
    s->base = (struct stepper){
        .name = type->name,
        .problem = p,
        .order = (int)order,
        .nwork = states * exec_round(p->n) + sdc_start_work(c),
        .flops = (double)c->sweeps * c->M *
                 (p->flops_solve + p->flops_rhs + 2.0 * (c->split ? 2 : 1) * c->M * (double)p->n),
        .prepare = prepare,
        .step = step,
        .destroy = destroy,
    };
    *out = &s->base;
    return 0;
}

const struct stepper_type sdc_stepper_type = { "sdc", "spectral deferred corrections", &sdc_schema,
                                               stepper_create };
