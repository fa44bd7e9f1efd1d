// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "drivers/study.h"

const char *const runs_errors[] = { "final", "maximum", NULL };
const char *const runs_norms[] = { "max", "l2", "rms", NULL };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* |u - v|; v NULL: |u| */
static double distance(const struct runs *r, const double *u, const double *v)
{
    const size_t n = r->problem->n, parts = r->problem->grid.is_complex ? 2 : 1;
    const bool max = strcmp(r->v.norm, "max") == 0;
    double norm = 0;
    for (size_t i = 0; i < n; i += parts) {
        double square = 0;
        for (size_t j = i; j < i + parts; j++) {
            const double d = u[j] - (v ? v[j] : 0);
            square += d * d;
        }
        if (isnan(square))
            return INFINITY;
        norm = max ? fmax(norm, square) : norm + square;
    }
    return sqrt(strcmp(r->v.norm, "rms") ? norm : norm / (double)(n / parts));
}

/* a scheme with its scratch; u is the state */
struct march {
    struct stepper *stepper;
    struct exec x;
    double *work, *u;
};

static int open_march(struct march *m, struct stepper *s, const double *u0, struct interval first)
{
    const size_t n = exec_round(s->problem->n), nwork = exec_round(s->nwork);
    m->stepper = s;
    m->work = aligned_alloc(64, (nwork + n) * sizeof *m->work);
    if (!m->work)
        return log_error(-ENOMEM, "out of memory");
    m->u = m->work + nwork;
    m->x = exec_host(m->work, nwork);
    memcpy(m->u, u0, s->problem->n * sizeof *u0);
    return s->prepare ? s->prepare(s, first) : 0;
}

static void close_march(struct march *m)
{
    free(m->work);
    m->work = m->u = NULL;
}

/* the solution at the end of each of `steps` steps, or of the last one only */
static int reference(const struct runs *r, long steps, bool all, double *out)
{
    const struct problem *p = r->problem;
    struct interval step = { r->v.time.start, r->v.time.end, 0, steps };
    if (!r->v.reference) {
        int err = 0;
        for (long i = all ? 0 : steps - 1; i < steps && !err; i++, out += p->n) {
            step.index = i;
            err = p->exact(p, interval_t1(step), out);
        }
        return err ? log_error(-EINVAL, "problem %s: no exact solution at these times", p->name)
                   : 0;
    }
    const struct scheme scheme = r->reference;
    const long parts = (r->reference_steps + steps - 1) / steps;
    struct stepper *s;
    struct march m = { 0 };
    int err = scheme_stepper(&s, &scheme, r->problem);
    if (!err)
        err = open_march(&m, s, r->u0, interval_part(step, 0, parts));
    for (long i = 0; i < steps && !err; i++) {
        step.index = i;
        for (long j = 0; j < parts && !err; j++)
            if (s->step(s, &m.x, interval_part(step, j, parts), m.u, m.u))
                err = log_error(-EDOM, "the reference, %s: step %ld of %ld failed", scheme.label,
                                i * parts + j + 1, steps * parts);
        if (!err && (all || i == steps - 1)) {
            memcpy(out, m.u, p->n * sizeof *out);
            out += p->n;
        }
    }
    close_march(&m);
    stepper_destroy(&s);
    return err;
}

static int march(const struct runs *r, const struct scheme *scheme, const double *truth, bool all,
                 struct run *run)
{
    struct interval step = { r->v.time.start, r->v.time.end, 0, run->steps };
    const size_t n = r->problem->n;
    struct stepper *s;
    struct march m = { 0 };
    int err = scheme_stepper(&s, scheme, r->problem);
    if (err || (err = open_march(&m, s, r->u0, step)))
        goto out;
    m.x.count = &run->work;
    for (; step.index < run->steps && isfinite(run->error); step.index++) {
        const double begin = now();
        const bool failed = s->step(s, &m.x, step, m.u, m.u);
        run->seconds += now() - begin;
        if (failed)
            run->error = INFINITY;
        else if (all || step.index == run->steps - 1)
            run->error =
                fmax(run->error, distance(r, m.u, all ? truth + (size_t)step.index * n : truth));
    }
out:
    close_march(&m);
    stepper_destroy(&s);
    return err;
}

int runs_create(struct runs *r, const struct runs_params *v, const struct node *config)
{
    struct stepper *s;
    int err;
    r->v = *v;
    if ((err = problem_create(&r->problem, r->v.problem)) ||
        (err = schemes_create(&r->schemes, config, &r->v.schemes, &r->v.sweeps)))
        return err;
    if (!(r->v.time.end > r->v.time.start))
        return config_key_error(config_child(config, "time"), "end",
                                "expected a time after start (%g), got %g", r->v.time.start,
                                r->v.time.end);
    if (!r->v.reference && !r->problem->exact)
        return config_key_error(r->v.problem, "name",
                                "problem %s has no exact solution: expected key 'reference' in the "
                                "study",
                                r->problem->name);
    if (!r->v.reference && r->v.spinup.time > 0)
        return config_key_error(config, "spinup",
                                "exact solutions start at the initial state: expected key "
                                "'reference'");
    if ((err = spinup_check(&r->v.spinup, r->problem, r->v.problem, config)))
        return err;
    if (r->v.reference) {
        if ((err = scheme_steps(r->v.reference, "of the whole interval", &r->reference_steps)))
            return err;
        if ((err = scheme_find(&r->reference, r->v.reference)))
            return err;
        if ((err = scheme_stepper(&s, &r->reference, r->problem)))
            return err;
        stepper_destroy(&s);
    }
    for (size_t i = 0; i < r->schemes.n; i++) {
        if ((err = scheme_stepper(&s, &r->schemes.v[i], r->problem)))
            return err;
        stepper_destroy(&s);
    }
    r->run = calloc(r->schemes.n * r->v.steps.n, sizeof *r->run);
    r->u0 = malloc(r->problem->n * sizeof *r->u0);
    return r->run && r->u0 ? 0 : log_error(-ENOMEM, "out of memory");
}

int runs_compute(struct runs *r, const char *what)
{
    const bool all = strcmp(r->v.error, "maximum") == 0;
    const size_t n = r->problem->n, lengths = r->v.steps.n;
    double total = 0, done = 0;
    int err = spinup_state(&r->v.spinup, r->problem, r->v.problem, r->v.time.start, r->u0);
    for (size_t j = 0; j < lengths; j++)
        total += (double)r->v.steps.v[j] * (double)r->schemes.n;
    for (size_t j = 0; j < lengths && !err; j++) {
        const long steps = r->v.steps.v[j];
        double *truth = malloc((all ? (size_t)steps : 1) * n * sizeof *truth);
        if (!truth)
            return log_error(-ENOMEM, "out of memory");
        if (!(err = reference(r, steps, all, truth)))
            r->scale = distance(r, truth + (all ? (size_t)(steps - 1) * n : 0), NULL);
        for (size_t i = 0; i < r->schemes.n && !err; i++) {
            struct run *run = &r->run[i * lengths + j];
            double fastest = INFINITY;
            log_progress(what, done / total, "%s, %ld steps", r->schemes.v[i].label, steps);
            for (long k = 0; (k == 0 || k < r->v.repetitions) && !err; k++) {
                *run = (struct run){ .steps = steps };
                err = march(r, &r->schemes.v[i], truth, all, run);
                fastest = fmin(fastest, run->seconds);
            }
            run->seconds = fastest;
            done += (double)steps;
        }
        free(truth);
    }
    return err;
}

void runs_free(struct runs *r)
{
    schemes_free(&r->schemes);
    problem_destroy(&r->problem);
    free(r->run);
    free(r->u0);
    r->run = NULL;
    r->u0 = NULL;
}

void runs_csv(const struct runs *r, FILE *out)
{
    const double length = r->v.time.end - r->v.time.start;
    fprintf(out, "scheme,sweeps,steps,dt,error,rhs,solves,newton,seconds\n");
    for (size_t i = 0; i < r->schemes.n; i++)
        for (size_t j = 0; j < r->v.steps.n; j++) {
            const struct scheme *s = &r->schemes.v[i];
            const struct run *run = &runs_of(r, i)[j];
            fprintf(out, "\"%s\",%ld,%ld,%.17g,%.10g,%ld,%ld,%ld,%.6g\n", s->label, s->sweeps,
                    run->steps, length / (double)run->steps, run->error, run->work.rhs,
                    run->work.solves, run->work.newton, run->seconds);
        }
}
