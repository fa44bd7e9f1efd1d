// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Every Runge-Kutta scheme: explicit, diagonally implicit, or a pair of both (IMEX).
 *
 *   U_i = u + dt sum_{j<i} (ae_ij f_E(U_j) + ai_ij f_I(U_j)) + dt ai_ii f_I(U_i)
 *   v   = u + dt sum_j (be_j f_E(U_j) + bi_j f_I(U_j)), or the last U where both b are the last
 * rows
 *
 * An explicit scheme takes f_I + f_E for f_E. After a solve for U_i with right-hand side r,
 * f_I(U_i) is (U_i - r)/(dt ai_ii). */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/vec.h"
#include "problems/steppers.h"

struct runge_kutta {
    struct stepper base;
    const struct tableau *table;
    long rannacher; /* so many first steps of the run are two half steps of implicit Euler */
};

struct params {
    long rannacher;
};

static const struct param crank_nicolson_params[] = {
    { "rannacher", P_INT, offsetof(struct params, rannacher), "0", .min = 0, .max = 1e6,
      .help = "so many first steps of the run are two implicit Euler half steps each" },
    { NULL },
};
const struct schema crank_nicolson_schema = { "stepper: crank_nicolson", "the trapezoidal rule",
                                              crank_nicolson_params };

/* Whether v is the last stage */
static bool stiffly_accurate(const struct tableau *s)
{
    const int last = s->stages - 1;
    return s->c[last] == 1 && !memcmp(s->ai[last], s->bi, sizeof s->bi) &&
           !memcmp(s->ae[last], s->be, sizeof s->be);
}

static bool is_implicit(const struct tableau *s)
{
    for (int i = 0; i < s->stages; i++)
        if (s->ai[i][i] != 0)
            return true;
    return false;
}

static bool is_explicit(const struct tableau *s)
{
    for (int i = 0; i < s->stages; i++)
        if (s->be[i] != 0)
            return true;
    return false;
}

/* whether f of stage j is a term of a later stage or of v */
static bool is_used(const struct tableau *s, const double a[RK_STAGES][RK_STAGES], const double *b,
                    int j)
{
    bool used = b[j] != 0 && !stiffly_accurate(s);
    for (int i = j + 1; i < s->stages; i++)
        used |= a[i][j] != 0;
    return used;
}

/* c as a fraction of few parts, so that the time is one of a finer interval; 0: it is none */
static long fraction(double c, long *parts)
{
    for (*parts = 1; *parts <= 12; ++*parts)
        if (c * (double)*parts == round(c * (double)*parts))
            return lround(c * (double)*parts);
    *parts = 0;
    return 0;
}

static double stage_time(struct interval step, double c)
{
    long parts;
    const long part = fraction(c, &parts);
    if (parts == 0)
        return interval_t0(step) + c * interval_dt(step);
    return part == parts ? interval_t1(step) : interval_t0(interval_part(step, part, parts));
}

/* a sum of vectors in the making */
struct sum {
    int n;
    double c[VEC_TERMS];
    const double *v[VEC_TERMS];
};

static void sum_add(struct sum *s, double c, const double *v)
{
    if (c == 0 || !v)
        return;
    assert(s->n < VEC_TERMS);
    s->c[s->n] = c;
    s->v[s->n++] = v;
}

static void sum_stages(struct sum *s, double dt, int stages, const double *ae, double *const *fe,
                       const double *ai, double *const *fi)
{
    for (int j = 0; j < stages; j++) {
        sum_add(s, dt * ae[j], fe[j]);
        sum_add(s, dt * ai[j], fi[j]);
    }
}

/* f = f_I + f_E */
static int rhs(const struct problem *p, const struct exec *x, double t, const double *u, double *f,
               double *work)
{
    const struct problem_kernels *k = p->kernels[x->dev];
    int failed = k->rhs_implicit(p, x, t, u, f);
    if (!failed && k->rhs_explicit) {
        failed = k->rhs_explicit(p, x, t, u, work);
        vec_lincomb(x, p->n, f, 2, (const double[]){ 1, 1 }, (const double *[]){ f, work });
    }
    return failed;
}

static int run(const struct tableau *s, const struct problem *p, const struct exec *exec,
               struct interval step, const double *u, double *v)
{
    struct exec x = *exec;
    const struct problem_kernels *k = p->kernels[x.dev];
    const double dt = interval_dt(step);
    const bool implicit = is_implicit(s), last_is_v = stiffly_accurate(s);
    double *fe[RK_STAGES] = { 0 }, *fi[RK_STAGES] = { 0 };
    double *right = exec_take(&x, p->n), *stage = exec_take(&x, p->n);
    int failed = 0;

    for (int i = 0; i < s->stages && !failed; i++) {
        const double t = stage_time(step, s->c[i]), a = dt * s->ai[i][i];
        const bool is_v = last_is_v && i == s->stages - 1;
        double *U = is_v ? v : stage;
        const double *at = U;
        struct sum sum = { 1, { 1 }, { u } };
        sum_stages(&sum, dt, i, s->ae[i], fe, s->ai[i], fi);
        const bool fi_used = is_used(s, s->ai, s->bi, i);
        if (a != 0) {
            const double *b = u;
            if (sum.n > 1) {
                vec_lincomb(&x, p->n, right, sum.n, sum.c, sum.v);
                b = right;
            }
            if (b != U) /* the initial guess */
                vec_copy(&x, p->n, b, U);
            failed = k->solve(p, &x, t, a, b, U);
            if (fi_used) {
                fi[i] = exec_take(&x, p->n);
                vec_lincomb(&x, p->n, fi[i], 2, (const double[]){ 1 / a, -1 / a },
                            (const double *[]){ U, b });
            }
        } else if (i == 0) {
            at = u;
        } else {
            vec_lincomb(&x, p->n, U, sum.n, sum.c, sum.v);
            failed = k->impose ? k->impose(p, &x, t, U) : 0;
        }
        if (a == 0 && fi_used && !failed) {
            fi[i] = exec_take(&x, p->n);
            failed = k->rhs_implicit(p, &x, t, at, fi[i]);
        }
        if (is_used(s, s->ae, s->be, i) && !failed && (!implicit || k->rhs_explicit)) {
            fe[i] = exec_take(&x, p->n);
            failed =
                implicit ? k->rhs_explicit(p, &x, t, at, fe[i]) : rhs(p, &x, t, at, fe[i], right);
        }
    }
    if (!last_is_v && !failed) {
        struct sum sum = { 1, { 1 }, { u } };
        sum_stages(&sum, dt, s->stages, s->be, fe, s->bi, fi);
        vec_lincomb(&x, p->n, v, sum.n, sum.c, sum.v);
        failed = k->impose ? k->impose(p, &x, interval_t1(step), v) : 0;
    }
    return failed;
}

static const struct tableau *find(const char *name)
{
    const struct tableau *s = runge_kutta_tables;
    while (s->name && strcmp(s->name, name))
        s++;
    return s->name ? s : NULL;
}

static int step(const struct stepper *base, const struct exec *x, struct interval step,
                const double *u, double *v)
{
    const struct runge_kutta *s = (const struct runge_kutta *)base;
    if (step.index >= s->rannacher)
        return run(s->table, base->problem, x, step, u, v);
    const struct tableau *euler = find("implicit_euler");
    const int failed = run(euler, base->problem, x, interval_part(step, 0, 2), u, v);
    return failed ? failed : run(euler, base->problem, x, interval_part(step, 1, 2), v, v);
}

static int prepare_table(const struct tableau *s, struct problem *p, struct interval step)
{
    int err = 0;
    for (int i = 0; i < s->stages && !err; i++) {
        long parts;
        fraction(s->c[i], &parts);
        if (p->prepare && s->ai[i][i] != 0)
            err = p->prepare(p, interval_dt(step) * s->ai[i][i]);
        if (p->prepare_times && parts > 0 && !err)
            err = p->prepare_times(p, step.start, step.end, step.count * parts);
    }
    return err;
}

static int prepare(struct stepper *base, struct interval step)
{
    const struct runge_kutta *s = (const struct runge_kutta *)base;
    const int err = prepare_table(s->table, base->problem, step);
    if (err || s->rannacher == 0)
        return err;
    return prepare_table(find("implicit_euler"), base->problem, interval_part(step, 0, 2));
}

static void destroy(struct stepper *s)
{
    free(s);
}

static bool can_run(const struct tableau *s, const struct problem_kernels *k)
{
    return k && (!is_implicit(s) || k->solve);
}

int runge_kutta_create(struct stepper **out, const struct stepper_type *type, struct problem *p,
                       struct node *config)
{
    const struct tableau *table = find(type->name);
    const struct problem_kernels *k = p->kernels[DEV_CPU];
    struct params q = { 0 };
    assert(table);
    if (config_bind(config, type->schema, stepper_also, &q))
        return -EINVAL;
    if (!can_run(table, k))
        return config_key_error(
            config, "name",
            "problem %s has no implicit solve: expected an explicit scheme, say rk4", p->name);
    if (is_implicit(table) && !is_explicit(table) && k->rhs_explicit)
        return config_key_error(
            config, "name",
            "problem %s has an explicit term: expected an IMEX scheme (rk222, rk443, "
            "ark548) or an explicit one",
            p->name);
    struct runge_kutta *s = malloc(sizeof *s);
    if (!s)
        return -ENOMEM;
    size_t vectors = 2;
    double solves = 0, terms = 0;
    double evaluations = 0;
    for (int i = 0; i < table->stages; i++) {
        const bool fi = is_used(table, table->ai, table->bi, i);
        const bool fe =
            is_used(table, table->ae, table->be, i) && (!is_implicit(table) || k->rhs_explicit);
        vectors += (size_t)fi + fe;
        solves += table->ai[i][i] != 0;
        evaluations += (fi && table->ai[i][i] == 0) + (double)fe;
        for (int j = 0; j <= i; j++)
            terms += (table->ai[i][j] != 0) + (table->ae[i][j] != 0 && fe);
    }
    s->base = (struct stepper){
        .name = type->name,
        .problem = p,
        .order = table->order,
        .nwork = vectors * exec_round(p->n) + p->nwork,
        .flops = solves * p->flops_solve + evaluations * p->flops_rhs + 2 * terms * (double)p->n,
        .cuda = can_run(table, p->kernels[DEV_CUDA]),
        .prepare = prepare,
        .step = step,
        .destroy = destroy,
    };
    s->table = table;
    s->rannacher = q.rannacher;
    *out = &s->base;
    return 0;
}
