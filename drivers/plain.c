// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/plain.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "core/vec.h"
#include "tasks/propagator.h"

#define GROWTH 1e10 /* the default of a run */

/* of this thread alone: what else runs does not count */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- propagators ---- */

static int coarsen(struct plain *g, struct node *problem, struct coarsen_params *v)
{
    int err;
    if ((err = problem_create_coarse(&g->coarse, config_copy(problem), v->factor)) ||
        (err = transfer_create(&g->down, &g->problem->grid, &g->coarse->grid, (int)v->order)))
        return err;
    return transfer_create(&g->up, &g->coarse->grid, &g->problem->grid, (int)v->order);
}

int plain_create(struct plain *g, struct problem *p, struct node *problem, const struct node *entry)
{
    const char *name = config_name(entry);
    int err;
    *g = (struct plain){ .problem = p };
    if (name && strcmp(name, coarsen_type.name) == 0) {
        struct coarsen_params v;
        if ((err = coarsen_bind(&v, entry)) || (err = coarsen(g, problem, &v)))
            return err;
        entry = v.propagator;
    }
    struct problem *own = g->coarse ? g->coarse : p;
    if ((err = scheme_find(&g->scheme, entry)) ||
        (err = scheme_steps(entry, "of an interval", &g->steps)) ||
        (err = scheme_stepper(&g->stepper, &g->scheme, own)))
        return err;
    size_t nwork = exec_round(g->stepper->nwork);
    if (g->coarse)
        nwork = fmax((double)nwork, fmax((double)g->down->nwork, (double)g->up->nwork));
    const size_t n = g->coarse ? exec_round(own->n) : 0;
    g->work = aligned_alloc(64, (exec_round(nwork) + 2 * n + 8) * sizeof *g->work);
    if (!g->work)
        return log_error(-ENOMEM, "out of memory");
    g->small[0] = g->work + exec_round(nwork);
    g->small[1] = g->small[0] + n;
    g->x = exec_host(g->work, nwork);
    return 0;
}

void plain_free(struct plain *g)
{
    stepper_destroy(&g->stepper);
    transfer_destroy(&g->down);
    transfer_destroy(&g->up);
    problem_destroy(&g->coarse);
    free(g->work);
    g->work = NULL;
}

int plain_prepare(struct plain *g, struct interval whole)
{
    return g->stepper->prepare ? g->stepper->prepare(g->stepper, interval_part(whole, 0, g->steps))
                               : 0;
}

int plain_advance(struct plain *g, struct interval whole, const double *u, double *v)
{
    const struct stepper *s = g->stepper;
    double *to = g->coarse ? g->small[1] : v;
    int failed = 0;
    if (g->coarse) {
        transfer_apply(g->down, &g->x, u, g->small[0]);
        u = g->small[0];
    }
    for (long i = 0; i < g->steps && !failed; i++)
        failed = s->step(s, &g->x, interval_part(whole, i, g->steps), i ? to : u, to);
    if (g->coarse && !failed)
        transfer_apply(g->up, &g->x, to, v);
    return failed;
}

/* ---- spin-up ---- */

static const struct param spinup_table[] = {
    { "time", P_REAL, offsetof(struct spinup_params, time), .def = "0", .min = 0, .max = INFINITY,
      .open_max = true, .unit = "time of the problem",
      .help = "the initial state is given that much before the start; 0: at the start" },
    { "scheme", P_NODE, offsetof(struct spinup_params, scheme), .def = "",
      .help = "a one-step propagator with its steps: what leads it to the start" },
    { 0 },
};
const struct schema spinup_schema = { "spinup", "before a study", spinup_table };

int spinup_check(const struct spinup_params *v, struct problem *p, struct node *problem,
                 const struct node *config)
{
    struct plain g = { 0 };
    if (!(v->time > 0))
        return v->scheme ? config_key_error(config_child(config, "spinup"), "time",
                                            "expected a time above 0 for its scheme")
                         : 0;
    if (!v->scheme)
        return config_key_error(config_child(config, "spinup"), "scheme",
                                "expected a one-step propagator with its steps");
    const int err = plain_create(&g, p, problem, v->scheme);
    plain_free(&g);
    return err;
}

static bool all_finite(const double *u, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(u[i]))
            return false;
    return true;
}

int spinup_state(const struct spinup_params *v, struct problem *p, struct node *problem,
                 double start, double *u)
{
    struct plain g = { 0 };
    const struct interval whole = { start - v->time, start, 0, 1 };
    int err = p->initial(p, v->time > 0 ? whole.start : start, u);
    if (err)
        return log_error(-EINVAL, "problem %s: no initial state at t = %g", p->name, start);
    if (!(v->time > 0))
        return 0;
    double *from = malloc(p->n * sizeof *from);
    if (!from)
        return log_error(-ENOMEM, "out of memory");
    memcpy(from, u, p->n * sizeof *u);
    err = plain_create(&g, p, problem, v->scheme);
    if (!err)
        err = plain_prepare(&g, whole);
    if (!err && (plain_advance(&g, whole, from, u) || !all_finite(u, p->n)))
        err = log_error(-EDOM, "the spin-up, %s, failed: expected more steps than %ld",
                        g.scheme.label, g.steps);
    plain_free(&g);
    free(from);
    return err;
}

/* ---- Parareal ---- */

static struct interval slice(const struct plain_parareal *v, long n)
{
    return interval_part(v->whole, n, v->slices);
}

/* of a quantity at the ends of slices */
static double mean(const struct plain_parareal *v, const double *u)
{
    const struct problem *p = v->fine->problem;
    double sum = 0;
    for (long n = 1; n <= v->slices && v->quantity; n++) {
        double q = NAN;
        if (p->quantity(p, v->quantity, interval_t0(slice(v, n)), u + (size_t)n * p->n, &q))
            return NAN;
        sum += q;
    }
    return v->quantity ? sum / (double)v->slices : NAN;
}

int plain_solve(const struct plain_parareal *v, struct plain_fine *fine)
{
    const size_t size = v->fine->problem->n;
    int err = plain_prepare(v->fine, slice(v, 0));
    fine->seconds = INFINITY;
    for (long n = 0; n < v->slices && !err; n++) {
        double *u = fine->u + (size_t)n * size;
        const double begin = now();
        if (plain_advance(v->fine, slice(v, n), u, u + size) || !all_finite(u + size, size))
            err = log_error(-EDOM, "the fine propagator, %s, failed on slice %ld of %ld",
                            v->fine->scheme.label, n, v->slices);
        fine->seconds = fmin(fine->seconds, now() - begin);
    }
    if (!err)
        fine->mean = mean(v, fine->u);
    return err;
}

/* as codelets/increment.c; false: not finite, or grown beyond all measure */
static bool increment(size_t n, const double *after, const double *before, double scale,
                      double *worst)
{
    const struct exec x = exec_host(NULL, 0);
    double sums[3];
    vec_distance(&x, n, after, before, sums);
    const double norm = sqrt(sums[1]), change = sqrt(sums[0]),
                 relative = norm > 0.0 ? change / norm : change;
    if (!(relative <= *worst))
        *worst = relative;
    return isfinite(norm) && isfinite(change) && !(scale > 0.0 && norm > GROWTH * scale);
}

/* as codelets/distance.c */
static double distance(size_t n, const double *u, const double *fine)
{
    const struct exec x = exec_host(NULL, 0);
    double sums[3];
    vec_distance(&x, n, fine, u, sums);
    return sums[1] > 0.0 ? sqrt(sums[0] / sums[1]) : sqrt(sums[0]);
}

/* U_{n+1} = F(U_n of before) + (G(U_n) - G(U_n of before)) for the slices that are not final;
 * false: diverged */
static bool iterate(const struct plain_parareal *v, const struct plain_fine *fine, long k,
                    double scale, const double *before, double *u, double *gold, double *scratch,
                    double *worst)
{
    const struct exec x = exec_host(NULL, 0);
    const size_t size = v->fine->problem->n;
    double *f = scratch, *gnew = scratch + size;
    memcpy(u, before, (size_t)k * size * sizeof *u);
    for (long n = k - 1; n < v->slices; n++) {
        double *next = u + (size_t)(n + 1) * size, *old = gold + (size_t)n * size;
        const double *was = before + (size_t)n * size;
        if (n == k - 1) /* starts from the fine solution, and so ends in it */
            memcpy(next, fine->u + (size_t)k * size, size * sizeof *next);
        else {
            if (plain_advance(v->fine, slice(v, n), was, f) ||
                plain_advance(v->coarse, slice(v, n), u + (size_t)n * size, gnew))
                return false;
            vec_correct(&x, size, next, gnew, f, old);
            memcpy(old, gnew, size * sizeof *old);
        }
        if (!increment(size, next, was + size, scale, worst))
            return false;
    }
    return true;
}

int plain_parareal(const struct plain_parareal *v, const struct plain_fine *fine,
                   struct plain_report *r)
{
    const size_t size = v->fine->problem->n, N = (size_t)v->slices, all = (N + 1) * size;
    double *memory = malloc((2 * all + N * size + 2 * size) * sizeof *memory);
    const double scale = l2_norm(fine->u, size);
    bool good = true;
    int err = memory ? plain_prepare(v->coarse, slice(v, 0)) : log_error(-ENOMEM, "out of memory");
    if (err)
        goto out;
    r->coarse_seconds = INFINITY;
    double *u = memory, *before = u + all, *gold = before + all, *scratch = gold + N * size;
    memcpy(u, fine->u, size * sizeof *u);
    for (size_t n = 0; n < N && good; n++) {
        const double begin = now();
        double *g = gold + n * size, worst = 0;
        good = !plain_advance(v->coarse, slice(v, (long)n), u + n * size, g);
        r->coarse_seconds = fmin(r->coarse_seconds, now() - begin);
        good = good && increment(size, g, u + n * size, scale, &worst);
        memcpy(u + (n + 1) * size, g, size * sizeof *g);
    }
    r->converged = r->diverged = -1;
    r->increment[0] = NAN;
    for (long k = 0;; k++) {
        const double *end = u + N * size;
        r->iterations = k;
        r->error[k] = good ? distance(size, end, fine->u + N * size) : INFINITY;
        r->mean[k] = good ? mean(v, u) : NAN;
        if (!good)
            r->diverged = k;
        else if (k > 0 && v->tolerance > 0 && (r->increment[k] <= v->tolerance || k == v->slices))
            r->converged = k;
        if (!good || r->converged >= 0 || k == v->iterations || k == v->slices)
            break;
        double *swap = u;
        u = before;
        before = swap;
        r->increment[k + 1] = 0;
        good = iterate(v, fine, k + 1, scale, before, u, gold, scratch, &r->increment[k + 1]);
    }
out:
    free(memory);
    return err;
}
