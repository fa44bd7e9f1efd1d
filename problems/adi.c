// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Alternating directions with mixed derivatives: the Douglas and the modified Craig-Sneyd scheme,
 * In 't Hout & Foulon (2010), In 't Hout & Welfert (2009), and the locally one-dimensional one.
 * With F = F_0 + ... + F_k, F_0 mixed, U at t0:
 *
 *   Y_0 = U + dt F(t0, U)
 *   Y_j = Y_{j-1} + theta dt (F_j(t1, Y_j) - F_j(t0, U)), j = 1..k; Douglas: Y_k is the result
 *   Z_0 = Y_0 + theta dt (F_0(t1, Y_k) - F_0(t0, U)) + (1/2 - theta) dt (F(t1, Y_k) - F(t0, U))
 *   Z_j = Z_{j-1} + theta dt (F_j(t1, Z_j) - F_j(t0, U)), j = 1..k; MCS: Z_k is the result
 *
 *   LOD (Yanenko 1971): Y_0 = U + dt F_0(t0, U), Y_j = Y_{j-1} + dt F_j(t1, Y_j); Y_k is the result
 *
 * Douglas and MCS hardly damp a mode that is stiff in two directions (their factor tends to 1), LOD
 * does (to 0): it is the start that smooths a kink, and the one of these that Parareal can have as
 * coarse propagator on fine grids.
 *
 * All that comes from U before a solve is one application of the splitting. In two dimensions an
 * MCS step is 5 applications and 4 solves. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "problems/steppers.h"

enum scheme_kind { DOUGLAS, MCS, LOD };

struct adi {
    struct stepper base;
    enum scheme_kind kind;
    double theta;
    long rannacher;
};

struct params {
    double theta;
    long rannacher;
};

#define PARAMS(theta_default)                                                                      \
    {                                                                                              \
        { "theta",                                                                                 \
          P_REAL,                                                                                  \
          offsetof(struct params, theta),                                                          \
          theta_default,                                                                           \
          .min = 0,                                                                                \
          .max = 1,                                                                                \
          .open_min = true,                                                                        \
          .help = "weight of the new time level" },                                                \
            { "rannacher",                                                                         \
              P_INT,                                                                               \
              offsetof(struct params, rannacher),                                                  \
              "0",                                                                                 \
              .min = 0,                                                                            \
              .max = 1e6,                                                                          \
              .help = "so many first steps of the run are two half steps of lod each" },           \
            { NULL },                                                                              \
    }
static const struct param douglas_params[] = PARAMS("0.5");
static const struct param mcs_params[] = PARAMS("0.3333333333333333");
const struct schema douglas_adi_schema = { "stepper: douglas_adi", "Douglas", douglas_params };
static const struct param lod_params[] = { { 0 } };
const struct schema lod_schema = { "stepper: lod", "locally one-dimensional implicit Euler",
                                   lod_params };
const struct schema mcs_adi_schema = { "stepper: mcs_adi", "modified Craig-Sneyd", mcs_params };

struct scheme {
    const struct problem *p;
    const struct exec *x;
    double t0, t1, dt, theta;
    double *y; /* scratch */
};

/* From y = Y_0 - theta dt F_1(t0, U) to the result of the k solves. The last one writes to `to`. */
static int sweep(const struct scheme *s, const double *u, double *y, double *to)
{
    const struct problem_kernels *k = s->p->kernels[s->x->dev];
    const double a = s->theta * s->dt;
    for (int j = 1; j <= s->p->splits; j++) {
        if (j > 1) {
            double w[PROBLEM_MAX_SPLITS + 1] = { 0 };
            w[j] = -a;
            const int failed = k->split_apply(s->p, s->x, s->t0, w, u, y, y);
            if (failed)
                return failed;
        }
        const int failed = k->split_solve(s->p, s->x, j, s->t1, a, y, j == s->p->splits ? to : y);
        if (failed)
            return failed;
    }
    return 0;
}

static int douglas(const struct scheme *s, const double *u, double *v)
{
    double w[PROBLEM_MAX_SPLITS + 1];
    for (int j = 0; j <= s->p->splits; j++)
        w[j] = s->dt;
    w[1] -= s->theta * s->dt;
    const int failed = s->p->kernels[s->x->dev]->split_apply(s->p, s->x, s->t0, w, u, u, s->y);
    return failed ? failed : sweep(s, u, s->y, v);
}

static int mcs(const struct scheme *s, double *z, const double *u, double *v)
{
    const struct problem_kernels *k = s->p->kernels[s->x->dev];
    const double theta = s->theta, dt = s->dt;
    double old[PROBLEM_MAX_SPLITS + 1], new[PROBLEM_MAX_SPLITS + 1];
    for (int j = 0; j <= s->p->splits; j++) {
        old[j] = dt - (0.5 - theta) * dt;
        new[j] = (0.5 - theta) * dt;
    }
    old[0] -= theta * dt;
    new[0] += theta *dt;
    old[1] -= theta * dt; /* for the first solve */
    int failed = douglas(s, u, s->y);
    if (!failed)
        failed = k->split_apply(s->p, s->x, s->t0, old, u, u, z);
    if (!failed)
        failed = k->split_apply(s->p, s->x, s->t1, new, s->y, z, z);
    return failed ? failed : sweep(s, u, z, v);
}

static int lod(const struct scheme *s, const double *u, double *v)
{
    const struct problem_kernels *k = s->p->kernels[s->x->dev];
    const double w[PROBLEM_MAX_SPLITS + 1] = { s->dt };
    int failed = k->split_apply(s->p, s->x, s->t0, w, u, u, s->y);
    for (int j = 1; j <= s->p->splits && !failed; j++)
        failed = k->split_solve(s->p, s->x, j, s->t1, s->dt, s->y, j == s->p->splits ? v : s->y);
    return failed;
}

static int step(const struct stepper *base, const struct exec *exec, struct interval step,
                const double *u, double *v)
{
    const struct adi *adi = (const struct adi *)base;
    struct exec x = *exec;
    double *y = exec_take(&x, base->problem->n),
           *z = adi->kind == MCS ? exec_take(&x, base->problem->n) : NULL;
    struct scheme s = { base->problem, &x, interval_t0(step), interval_t1(step), interval_dt(step),
                        adi->theta,    y };
    if (step.index >= adi->rannacher)
        return adi->kind == MCS   ? mcs(&s, z, u, v)
               : adi->kind == LOD ? lod(&s, u, v)
                                  : douglas(&s, u, v);
    for (int half = 0; half < 2; half++) {
        const struct interval part = interval_part(step, half, 2);
        s.t0 = interval_t0(part);
        s.t1 = interval_t1(part);
        s.dt = interval_dt(part);
        const int failed = lod(&s, half ? v : u, v);
        if (failed)
            return failed;
    }
    return 0;
}

static int prepare(struct stepper *base, struct interval step)
{
    const struct adi *adi = (const struct adi *)base;
    struct problem *p = base->problem;
    int err = 0;
    if (p->prepare_split)
        err = p->prepare_split(p, adi->theta * interval_dt(step));
    if (!err && p->prepare_times)
        err = p->prepare_times(p, step.start, step.end, step.count);
    if (adi->rannacher == 0)
        return err;
    const struct interval half = interval_part(step, 0, 2);
    if (!err && p->prepare_split)
        err = p->prepare_split(p, interval_dt(half));
    if (!err && p->prepare_times)
        err = p->prepare_times(p, half.start, half.end, half.count);
    return err;
}

static void destroy(struct stepper *s)
{
    free(s);
}

static bool can_split(const struct problem_kernels *k)
{
    return k && k->split_apply && k->split_solve;
}

int adi_create(struct stepper **s, const struct stepper_type *type, struct problem *p,
               struct node *config)
{
    struct params q = { .theta = 1.0 };
    if (config_bind(config, type->schema, stepper_also, &q))
        return -EINVAL;
    if (p->splits < 1 || !can_split(p->kernels[DEV_CPU]))
        return config_key_error(config, "name",
                                "problem %s has no directional splitting: expected a scheme that "
                                "is not ADI, say crank_nicolson",
                                p->name);
    if (p->kernels[DEV_CPU]->rhs_explicit)
        return config_key_error(
            config, "name", "problem %s has an explicit term: expected an IMEX scheme, say rk222",
            p->name);
    struct adi *adi = malloc(sizeof *adi);
    if (!adi)
        return -ENOMEM;
    adi->kind = !strcmp(type->name, "mcs_adi") ? MCS : !strcmp(type->name, "lod") ? LOD : DOUGLAS;
    adi->theta = q.theta;
    adi->rannacher = q.rannacher;
    const int sweeps = adi->kind == MCS ? 2 : 1;
    adi->base = (struct stepper){
        .name = type->name,
        .problem = p,
        .order = adi->kind == MCS || q.theta == 0.5 ? 2 : 1,
        .nwork = (size_t)sweeps * exec_round(p->n) + p->nwork,
        .flops = adi->kind == LOD
                     ? p->splits * p->flops_solve + p->flops_rhs / (p->splits + 1)
                     : sweeps * p->splits * p->flops_solve + (2 * sweeps - 1) * p->flops_rhs +
                           sweeps * (p->splits - 1) * p->flops_rhs / (p->splits + 1),
        .cuda = can_split(p->kernels[DEV_CUDA]),
        .prepare = prepare,
        .step = step,
        .destroy = destroy,
    };
    *s = &adi->base;
    return 0;
}
