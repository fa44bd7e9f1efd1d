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

int (*sdc_guesser_create)(struct sdc_guesser **g, struct problem *p, const struct collocation *c,
                          struct node *config);

double sdc_node_time(const struct sdc *s, struct interval step, int m)
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
    const size_t own =
        2 * exec_round(s->problem->n) + s->problem->nwork; /* the second for a residual */
    return s->coarse && s->coarse->nwork > own ? s->coarse->nwork : own;
}

int sdc_start(const struct sdc *s, const struct exec *x, struct interval step, int m,
              const double *u0, const double *before, double *u, double *fi, double *fe)
{
    const size_t n = s->problem->n;
    int failed;
    switch (s->guess) {
    case SDC_COPY:
        vec_copy(x, n, u0, u);
        return rhs(s, x, interval_t0(step), u0, fi, fe);
    case SDC_SPREAD:
    case SDC_NETWORK: /* says all nodes at once, in sdc_start_all; this is for what takes its time
                       */
        vec_copy(x, n, u0, u);
        return rhs(s, x, sdc_node_time(s, step, m), u0, fi, fe);
    case SDC_ZERO:
        vec_lincomb(x, n, u, 0, NULL, NULL);
        vec_lincomb(x, n, fi, 0, NULL, NULL);
        if (s->split)
            vec_lincomb(x, n, fe, 0, NULL, NULL);
        return 0;
    case SDC_COARSE:
        failed = s->coarse->step(
            s->coarse, x,
            (struct interval){ m ? sdc_node_time(s, step, m - 1) : interval_t0(step),
                               sdc_node_time(s, step, m), 0, 1 },
            before, u);
        return failed ? failed : rhs(s, x, sdc_node_time(s, step, m), u, fi, fe);
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
    return rhs(s, x, sdc_node_time(s, step, m), u, fi, fe);
}

static int copy_all(const struct sdc *s, const struct exec *x, struct interval step,
                    const double *u0, double *const *U, double *const *fi, double *const *fe)
{
    const size_t n = s->problem->n;
    const int failed = rhs(s, x, interval_t0(step), u0, fi[0], fe[0]); /* once */
    for (int m = 0; m < s->M && !failed; m++) {
        vec_copy(x, n, u0, U[m]);
        if (m == 0)
            continue;
        vec_copy(x, n, fi[0], fi[m]);
        if (s->split)
            vec_copy(x, n, fe[0], fe[m]);
    }
    return failed;
}

static int ask_network(const struct sdc *s, const struct exec *x, struct interval step,
                       const double *u0, double *const *U, double *const *fi, double *const *fe)
{
    int failed = 0;
    s->guesser->nodes(s->guesser, x, step, u0, U);
    for (int m = 0; m < s->M && !failed; m++)
        failed = rhs(s, x, sdc_node_time(s, step, m), U[m], fi[m], fe[m]);
    return failed;
}

/* the network's nodes, or a copy if its residual is smaller; *worst: the residual of what is taken
 */
static int doubt_network(const struct sdc *s, const struct exec *x, struct interval step,
                         const double *u0, double *const *U, double *const *fi, double *const *fe,
                         double *worst)
{
    double copied, asked = INFINITY;
    int failed = copy_all(s, x, step, u0, U, fi, fe);
    if (failed || (failed = sdc_residuals(s, x, step, u0, fi, fe, U, &copied)))
        return failed;
    if (ask_network(s, x, step, u0, U, fi, fe) == 0)
        failed = sdc_residuals(s, x, step, u0, fi, fe, U, &asked);
    const bool refuse = failed || !(asked <= copied);
    *worst = refuse ? copied : asked;
    if (x->count)
        x->count->refused += refuse;
    return refuse ? copy_all(s, x, step, u0, U, fi, fe) : 0;
}

int sdc_start_all(const struct sdc *s, const struct exec *exec, struct interval step,
                  const double *u0, double *const *U, double *const *fi, double *const *fe)
{
    const bool network = s->guess == SDC_NETWORK, doubted = network && s->doubts;
    const struct exec x = *exec;
    double worst = 0.0;
    int failed = 0;
    if (doubted)
        failed = doubt_network(s, &x, step, u0, U, fi, fe, &worst);
    else if (network)
        failed = ask_network(s, &x, step, u0, U, fi, fe);
    else if (s->guess == SDC_COPY)
        failed = copy_all(s, &x, step, u0, U, fi, fe);
    for (int m = 0; m < s->M && !failed && s->guess != SDC_COPY && !network; m++)
        failed = sdc_start(s, &x, step, m, u0, m ? U[m - 1] : u0, U[m], fi[m], fe[m]);
    if (x.count)
        x.count->guesses += network;
    if (failed || !s->record || x.dev != DEV_CPU)
        return failed;
    if (!doubted)
        failed = sdc_residuals(s, &x, step, u0, fi, fe, U, &worst);
    if (x.count && !(worst <= x.count->guess))
        x.count->guess = worst;
    return failed;
}

size_t sdc_start_work(const struct sdc *s)
{
    const size_t own = sdc_node_work(s);
    return s->guesser && s->guesser->nwork > own ? s->guesser->nwork : own;
}

int sdc_residuals(const struct sdc *s, const struct exec *x, struct interval step, const double *u0,
                  double *const *fi, double *const *fe, double *const *U, double *worst)
{
    int failed = 0;
    *worst = 0.0;
    for (int m = 0; m < s->M && !failed; m++) {
        double r;
        failed = sdc_residual(s, x, step, m, u0, (const double *const *)fi,
                              (const double *const *)fe, U[m], &r);
        if (!(r <= *worst)) /* also takes a NaN in */
            *worst = r;
    }
    return failed;
}

/* where a solve failed and how far it was from its end, for the one line that the user gets */
static void note_failure(const struct sdc *s, const struct exec *exec, long step, long k, int m,
                         double t, double a, const double *b, const double *u)
{
    struct exec x = *exec;
    struct work_count *c = x.count;
    double *f = exec_take(&x, s->problem->n), worst = 0.0;
    x.count = NULL;
    c->failed_step = step;
    c->failed_sweep = k;
    c->failed_node = m;
    s->problem->kernels[DEV_CPU]->rhs_implicit(s->problem, &x, t, u, f);
    for (size_t i = 0; i < s->problem->n; i++) {
        const double r = fabs(u[i] - a * f[i] - b[i]);
        if (!(r <= worst))
            worst = r;
    }
    c->failed_residual = worst;
}

int sdc_node(const struct sdc *s, const struct exec *exec, struct interval step, long k, int m,
             const double *u0, const double *const *old_i, const double *const *old_e,
             const double *const *new_i, const double *const *new_e, double *u, double *fi,
             double *fe)
{
    const struct problem_kernels *kernels = s->problem->kernels[exec->dev];
    const double dt = interval_dt(step), t = sdc_node_time(s, step, m);
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
        if (failed && x.count && x.dev == DEV_CPU)
            note_failure(s, &x, step.index, k, m, t, dt * di[m], b, u);
    }
    return failed || !fi ? failed : rhs(s, &x, t, u, fi, fe);
}

static bool residuals(const struct sdc *s)
{
    return s->record || s->tolerance > 0.0;
}

bool sdc_needs_node(const struct sdc *s, long k, int m)
{
    return k < s->sweeps || m == s->M - 1 || !s->diagonal || s->update || s->dense || residuals(s);
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
        kernels->impose ? kernels->impose(s->problem, &x, sdc_node_time(s, step, m), b) : 0;
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
    if (!err && s->guesser)
        err = s->guesser->prepare(s->guesser, step);
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
        failed = sdc_start(s, &x, step, s->M - 1, u0, u0, u, fi, fe) ||
                 sdc_node(s, &x, step, 1, s->M - 1, u0, old_i, old_e, new_i, new_e, u, gi, ge);
        *seconds = fmin(*seconds, now() - start);
        memset(gi, 0, 2 * n * sizeof *gi);
    }
    free(buffer);
    return 0; /* a solve that fails will fail again, where it can be named */
}
