// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/sdc.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "core/vec.h"

/* ---------------------------------------------------------------- nodes */

static double node_time(const struct sdc *s, struct interval step, int m)
{
    return s->c->includes_right && m == s->M - 1
               ? interval_t1(step)
               : interval_t0(step) + interval_dt(step) * s->c->tau[m];
}

/* terms of a linear combination, collected in one order and added in that order */
struct terms {
    int count;
    double c[4 * COLLOCATION_MAX + 1];
    const double *v[4 * COLLOCATION_MAX + 1];
};

static void add(struct terms *t, double c, const double *v)
{
    if (c == 0.0)
        return;
    t->c[t->count] = c;
    t->v[t->count++] = v;
}

static void combine(const struct sdc *s, const struct exec *x, const struct terms *t, double *y)
{
    const double one = 1.0;
    const double *sum[VEC_TERMS];
    double c[VEC_TERMS];
    for (int at = 0;
         at < t->count;) { /* vec_lincomb takes VEC_TERMS at once, the sum so far among them */
        int m = 0;
        if (at > 0) {
            c[m] = one;
            sum[m++] = y;
        }
        while (m < VEC_TERMS && at < t->count) {
            c[m] = t->c[at];
            sum[m++] = t->v[at++];
        }
        vec_lincomb(x, s->problem->n, y, m, c, sum);
    }
}

static int rhs(const struct sdc *s, const struct exec *x, double t, const double *u, double *fi,
               double *fe)
{
    const struct problem_kernels *k = s->problem->kernels[x->dev];
    const int failed = k->rhs_implicit(s->problem, x, t, u, fi);
    return failed || !s->split ? failed : k->rhs_explicit(s->problem, x, t, u, fe);
}

static const double *table(const struct sdc *s, const double *matrices, long k)
{
    const long row = k < s->tables ? k : s->tables;
    return matrices + (row - 1) * s->M * s->M;
}

size_t sdc_node_work(const struct sdc *s)
{
    return exec_round(s->problem->n) + s->problem->nwork;
}

int sdc_start(const struct sdc *s, const struct exec *x, struct interval step, int m,
              const double *u0, double *u, double *fi, double *fe)
{
    const size_t n = s->problem->n;
    switch (s->guess) {
    case SDC_COPY:
        vec_copy(x, n, u0, u);
        return rhs(s, x, interval_t0(step), u0, fi, fe);
    case SDC_SPREAD:
        vec_copy(x, n, u0, u);
        return rhs(s, x, node_time(s, step, m), u0, fi, fe);
    case SDC_ZERO:
        vec_lincomb(x, n, u, 0, NULL, NULL);
        vec_lincomb(x, n, fi, 0, NULL, NULL);
        if (s->split)
            vec_lincomb(x, n, fe, 0, NULL, NULL);
        return 0;
    case SDC_RANDOM:
        break;
    }
    uint64_t state = 0x9e3779b97f4a7c15u * (uint64_t)(step.index * COLLOCATION_MAX + m + 1);
    for (size_t i = 0; i < n;
         i++) { /* splitmix64: the same numbers in every run; uniform in [0, 1) */
        uint64_t z = state += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        u[i] = (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
    }
    return rhs(s, x, node_time(s, step, m), u, fi, fe);
}

int sdc_node(const struct sdc *s, const struct exec *exec, struct interval step, long k, int m,
             const double *u0, const double *const *old_i, const double *const *old_e,
             const double *const *new_i, const double *const *new_e, double *u, double *fi,
             double *fe)
{
    const struct problem_kernels *kernels = s->problem->kernels[exec->dev];
    const double dt = interval_dt(step), t = node_time(s, step, m);
    const double *q = s->c->Q + m * s->M, *di = table(s, s->implicit, k) + m * s->M,
                 *de = table(s, s->explicit, k) + m * s->M;
    struct exec x = *exec;
    double *b = exec_take(&x, s->problem->n);
    struct terms sum = { 0 };
    add(&sum, 1.0, u0);
    for (int j = 0; j < s->M; j++) {
        add(&sum, dt * (q[j] - di[j]), old_i[j]);
        if (s->split)
            add(&sum, dt * (q[j] - de[j]), old_e[j]);
    }
    for (int j = 0; j < m && !s->diagonal; j++) {
        add(&sum, dt * di[j], new_i[j]);
        if (s->split)
            add(&sum, dt * de[j], new_e[j]);
    }
    int failed = 0;
    if (di[m] == 0.0) {
        combine(s, &x, &sum, u);
        if (kernels->impose)
            failed = kernels->impose(s->problem, &x, t, u);
    } else {
        combine(s, &x, &sum, b);
        failed = kernels->solve(s->problem, &x, t, dt * di[m], b, u);
    }
    return failed || !fi ? failed : rhs(s, &x, t, u, fi, fe);
}

static bool residuals(const struct sdc *s)
{
    return s->record || s->tolerance > 0.0;
}

bool sdc_needs_node(const struct sdc *s, long k, int m)
{
    return k < s->sweeps || m == s->M - 1 || !s->diagonal || s->update || residuals(s);
}

bool sdc_needs_rhs(const struct sdc *s, long k, int m)
{
    return k < s->sweeps || s->update || residuals(s) || (!s->diagonal && m < s->M - 1);
}

static void quadrature(const struct sdc *s, const struct exec *x, struct interval step,
                       const double *q, const double *u0, const double *const *fi,
                       const double *const *fe, double *v)
{
    struct terms sum = { 0 };
    add(&sum, 1.0, u0);
    for (int j = 0; j < s->M; j++) {
        add(&sum, interval_dt(step) * q[j], fi[j]);
        if (s->split)
            add(&sum, interval_dt(step) * q[j], fe[j]);
    }
    combine(s, x, &sum, v);
}

int sdc_residual(const struct sdc *s, const struct exec *exec, struct interval step, int m,
                 const double *u0, const double *const *fi, const double *const *fe,
                 const double *u, double *residual)
{
    const struct problem_kernels *kernels = s->problem->kernels[exec->dev];
    struct exec x = *exec;
    double *b = exec_take(&x, s->problem->n), sums[3];
    quadrature(s, &x, step, s->c->Q + m * s->M, u0, fi, fe, b);
    const int failed =
        kernels->impose ? kernels->impose(s->problem, &x, node_time(s, step, m), b) : 0;
    vec_distance(&x, s->problem->n, u, b, sums);
    *residual = sums[2];
    return failed;
}

int sdc_end(const struct sdc *s, const struct exec *x, struct interval step, const double *u0,
            const double *const *fi, const double *const *fe, const double *u_M, double *v)
{
    const struct problem_kernels *kernels = s->problem->kernels[x->dev];
    if (!s->update) {
        vec_copy(x, s->problem->n, u_M, v);
        return 0;
    }
    quadrature(s, x, step, s->c->weights, u0, fi, fe, v);
    return kernels->impose ? kernels->impose(s->problem, x, interval_t1(step), v) : 0;
}

int sdc_prepare(const struct sdc *s, struct interval step)
{
    struct problem *p = s->problem;
    int err = 0;
    for (int k = 0; k < s->tables; k++)
        for (int m = 0; m < s->M && !err; m++) {
            const double a = interval_dt(step) * s->implicit[(k * s->M + m) * s->M + m];
            if (a != 0.0 && p->prepare)
                err = p->prepare(p, a);
        }
    return err || !p->prepare_times ? err : p->prepare_times(p, step.start, step.end, step.count);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int sdc_node_seconds(const struct sdc *s, struct interval step, double *seconds)
{
    const struct problem *p = s->problem;
    const size_t n = exec_round(p->n);
    double *buffer;
    int failed = 0;
    *seconds = 1e300;
    if (posix_memalign((void **)&buffer, 64, (6 * n + sdc_node_work(s)) * sizeof *buffer))
        return log_error(-ENOMEM, "out of memory");
    double *u0 = buffer, *u = u0 + n, *fi = u + n, *fe = fi + n, *gi = fe + n, *ge = gi + n;
    const double *old_i[COLLOCATION_MAX], *old_e[COLLOCATION_MAX], *new_i[COLLOCATION_MAX],
        *new_e[COLLOCATION_MAX];
    const struct exec x = exec_host(ge + n, sdc_node_work(s));
    for (int j = 0; j < s->M; j++)
        old_i[j] = fi, old_e[j] = fe, new_i[j] = gi, new_e[j] = ge;
    memset(gi, 0, 2 * n * sizeof *gi);
    failed = p->initial(p, interval_t0(step), u0);
    for (int i = 0; i < 3 && !failed; i++) {
        const double start = now();
        failed = sdc_start(s, &x, step, s->M - 1, u0, u, fi, fe) ||
                 sdc_node(s, &x, step, 1, s->M - 1, u0, old_i, old_e, new_i, new_e, u, gi, ge);
        *seconds = fmin(*seconds, now() - start);
        memset(gi, 0, 2 * n * sizeof *gi);
    }
    free(buffer);
    return 0; /* a solve that fails will fail again, where it can be named */
}

/* ---------------------------------------------------------------- a whole step */

struct sdc_stepper {
    struct stepper base;
    struct sdc *sdc;
};

static const double *const *all(double *const *f)
{
    return (const double *const *)f;
}

static int largest_residual(const struct sdc *s, const struct exec *x, struct interval step,
                            const double *u0, double *const *fi, double *const *fe,
                            double *const *U, double *worst)
{
    int failed = 0;
    *worst = 0.0;
    for (int m = 0; m < s->M && !failed; m++) {
        double r;
        failed = sdc_residual(s, x, step, m, u0, all(fi), all(fe), U[m], &r);
        if (!(r <= *worst)) /* also takes a NaN in */
            *worst = r;
    }
    return failed;
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
    for (int m = 0; m < s->M && !failed; m++) {
        if (m > 0 && s->guess == SDC_COPY) { /* f(t0, u0) once */
            vec_copy(&x, n, u, U[m]);
            vec_copy(&x, n, fi[0][0], fi[0][m]);
            if (s->split)
                vec_copy(&x, n, fe[0][0], fe[0][m]);
        } else
            failed = sdc_start(s, &x, step, m, u, U[m], fi[0][m], fe[0][m]);
    }
    for (long k = 1; k <= s->sweeps && !failed; k++, old = !old) {
        const int new = !old;
        if (before && k == s->sweeps)
            vec_copy(&x, n, U[s->M - 1], before);
        for (int m = 0; m < s->M && !failed; m++)
            if (sdc_needs_node(s, k, m))
                failed = sdc_node(s, &x, step, k, m, u, all(fi[old]), all(fe[old]), all(fi[new]),
                                  all(fe[new]), U[m], sdc_needs_rhs(s, k, m) ? fi[new][m] : NULL,
                                  fe[new][m]);
        if (failed || !residuals(s) || x.dev != DEV_CPU)
            continue;
        double worst;
        failed = largest_residual(s, &x, step, u, fi[new], fe[new], U, &worst);
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
    const struct sdc *c = s->sdc;
    const size_t states = (size_t)c->M * (c->split ? 5 : 3) + (c->adaptive > 0.0 ? 2 : 0);
    const long most = 2L * c->M - 1, order = c->sweeps < most ? c->sweeps : most;
    s->base = (struct stepper){
        .name = type->name,
        .problem = p,
        .order = (int)order,
        .nwork = states * exec_round(p->n) + sdc_node_work(c),
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

/* ---------------------------------------------------------------- the keys */

struct nodes_params {
    const char *type, *quadrature;
    long count;
};
struct adaptive_params {
    double tolerance, safety, first;
};
struct params {
    struct nodes_params nodes;
    struct adaptive_params adaptive;
    bool record;
    long sweeps;
    double tolerance;
    const char *preconditioner, *preconditioner_explicit, *guess;
    bool update;
};

static const struct param nodes_table[] = {
    { "type", P_STRING, offsetof(struct nodes_params, type), .def = "legendre",
      .help = "family: legendre, equid, cheby-1 to cheby-4" },
    { "quadrature", P_STRING, offsetof(struct nodes_params, quadrature), .def = "radau_right",
      .help = "which ends of the step are nodes: gauss (none), radau_left, radau_right, lobatto "
              "(both)" },
    { "count", P_INT, offsetof(struct nodes_params, count), .def = "4", .min = 1,
      .max = COLLOCATION_MAX, .unit = "nodes", .help = "number M of nodes" },
    { 0 },
};
static const struct schema nodes_schema = { "nodes", "collocation nodes", nodes_table };

static const struct param adaptive_table[] = {
    { "tolerance", P_REAL, offsetof(struct adaptive_params, tolerance), .def = "0", .min = 0,
      .max = 1e300,
      .help = "of the local error: the largest change in the last sweep; 0: fixed steps" },
    { "safety", P_REAL, offsetof(struct adaptive_params, safety), .def = "0.9", .min = 0, .max = 1,
      .open_min = true, .help = "factor on the step that would just meet the tolerance" },
    { "first", P_REAL, offsetof(struct adaptive_params, first), .def = "0", .min = 0, .max = 1e300,
      .unit = "time of the problem", .help = "first step to try; 0: the whole step" },
    { 0 },
};
static const struct schema adaptive_schema = { "adaptive",
                                               "steps of their own size inside each step",
                                               adaptive_table };

static const char *const guesses[] = { "copy", "spread", "zero", "random", NULL };

static const struct param table_of_params[] = {
    { "nodes", P_MAP, offsetof(struct params, nodes), .sub = &nodes_schema,
      .help = "collocation nodes" },
    { "sweeps", P_INT, offsetof(struct params, sweeps), .def = "4", .min = 1, .max = 1e6,
      .unit = "sweeps", .help = "number of sweeps; at most so many where a tolerance is given" },
    { "tolerance", P_REAL, offsetof(struct params, tolerance), .def = "0", .min = 0, .max = 1e300,
      .help = "of the residual of the collocation problem, max norm over nodes; 0: do all sweeps" },
    { "preconditioner", P_STRING, offsetof(struct params, preconditioner), .def = "MIN-SR-FLEX",
      .help = "Q-Delta of f_I; `starpint list preconditioners`" },
    { "preconditioner_explicit", P_STRING, offsetof(struct params, preconditioner_explicit),
      .def = "PIC", .help = "Q-Delta of f_E, strictly lower triangular" },
    { "initial_guess", P_CHOICE, offsetof(struct params, guess), .def = "copy", .choices = guesses,
      .help = "at the nodes: copy takes u0 and f(u0), spread evaluates f there, zero, random in "
              "[0, 1)" },
    { "residuals", P_BOOL, offsetof(struct params, record), .def = "false",
      .help = "compute the residual after every sweep and report the largest; not with granularity "
              "node" },
    { "adaptive", P_MAP, offsetof(struct params, adaptive), .sub = &adaptive_schema,
      .help = "steps of their own size inside each step" },
    { "quadrature_update", P_BOOL, offsetof(struct params, update), .def = "false",
      .help = "end the step by the quadrature instead of the last node" },
    { 0 },
};
const struct schema sdc_schema = { "propagator: sdc", "spectral deferred corrections",
                                   table_of_params };
const char *const sdc_also[] = { "name", "steps", "granularity", "where", NULL };

static int refuse(const struct node *config, const char *key, int error, const struct params *v,
                  const char *qdelta)
{
    char text[COLLOCATION_TEXT];
    return config_key_error(config, key, "%s",
                            collocation_explain(text, error, v->nodes.type, v->nodes.quadrature,
                                                (int)v->nodes.count, qdelta));
}

int sdc_create(struct sdc **out, struct problem *p, struct node *config)
{
    const struct problem_kernels *k = p->kernels[DEV_CPU];
    struct params v;
    int err = config_bind(config, &sdc_schema, sdc_also, &v);
    *out = NULL;
    if (err)
        return err;
    struct sdc *s = calloc(1, sizeof *s);
    if (!s)
        return log_error(-ENOMEM, "out of memory");
    s->problem = p;
    if ((err = collocation_create(&s->c, v.nodes.type, v.nodes.quadrature, (int)v.nodes.count))) {
        err = refuse(config, "nodes", err, &v, NULL);
        goto fail;
    }
    const struct qdelta_type *qi = qdelta_find(v.preconditioner),
                             *qe = qdelta_find(v.preconditioner_explicit);
    if (!qi || !qe) {
        const char *name = qi ? v.preconditioner_explicit : v.preconditioner;
        err =
            config_unknown(config_child(config, qi ? "preconditioner_explicit" : "preconditioner"),
                           "preconditioner", name, qdelta_names);
        goto fail;
    }
    s->M = s->c->M;
    s->sweeps = v.sweeps;
    s->tolerance = v.tolerance;
    s->update = v.update;
    s->record = v.record;
    s->adaptive = v.adaptive.tolerance;
    s->safety = v.adaptive.safety;
    s->first = v.adaptive.first;
    s->split = k->rhs_explicit != NULL;
    for (int i = 0; guesses[i]; i++)
        if (strcmp(guesses[i], v.guess) == 0)
            s->guess = (enum sdc_guess)i;
    if (s->adaptive > 0.0 && s->sweeps < 2) {
        err = config_key_error(
            config, "sweeps",
            "expected at least 2: the step is adapted to the change in the last one");
        goto fail;
    }
    if (!qi->lower && !qi->diagonal) {
        err = config_key_error(config, "preconditioner",
                               "expected a diagonal or lower triangular one, %s is full", qi->name);
        goto fail;
    }
    if (!s->update && !s->c->includes_right) {
        err = config_key_error(config, "quadrature_update",
                               "expected true: the last of these nodes is not the end of the step");
        goto fail;
    }
    if (!k->solve && !qi->is_explicit) {
        err = config_key_error(config, "preconditioner",
                               "expected an explicit one (PIC, EE): problem %s has no implicit "
                               "solve",
                               p->name);
        goto fail;
    }
    const int last_i = qdelta_last_sweep(qi, s->c), last_e = qdelta_last_sweep(qe, s->c);
    const long tables = last_i > last_e ? last_i : last_e;
    s->tables = (int)(tables < s->sweeps ? tables : s->sweeps);
    const size_t size = (size_t)s->M * (size_t)s->M;
    s->implicit = calloc((size_t)s->tables * size, sizeof *s->implicit);
    s->explicit = calloc((size_t)s->tables * size, sizeof *s->explicit);
    if (!s->implicit || !s->explicit) {
        err = log_error(-ENOMEM, "out of memory");
        goto fail;
    }
    s->diagonal = true;
    for (int i = 0; i < s->tables; i++) {
        double *di = s->implicit + (size_t)i * size, *de = s->explicit + (size_t)i * size;
        if ((err = qdelta_generate(s->c, v.preconditioner, i + 1, di, NULL))) {
            err = refuse(config, "preconditioner", err, &v, v.preconditioner);
            goto fail;
        }
        if ((err = qdelta_generate(s->c, v.preconditioner_explicit, i + 1, de, NULL))) {
            err = refuse(config, "preconditioner_explicit", err, &v, v.preconditioner_explicit);
            goto fail;
        }
        for (int m = 0; m < s->M; m++)
            for (int j = 0; j < s->M; j++) {
                const bool below =
                    j < m && (di[m * s->M + j] != 0.0 || (s->split && de[m * s->M + j] != 0.0));
                s->diagonal &= !below;
                if (s->split && j >= m && de[m * s->M + j] != 0.0) {
                    err = config_key_error(
                        config, "preconditioner_explicit",
                        "expected a strictly lower triangular one, such as PIC or EE; %s is not",
                        v.preconditioner_explicit);
                    goto fail;
                }
            }
    }
    *out = s;
    return 0;
fail:
    sdc_destroy(&s);
    return err;
}

void sdc_destroy(struct sdc **s)
{
    if (!*s)
        return;
    collocation_destroy(&(*s)->c);
    free((*s)->implicit);
    free((*s)->explicit);
    free(*s);
    *s = NULL;
}
