// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What sweeps of SDC may start from in Rayleigh-Benard convection: copies, a coarse scheme,
 * networks. From a state of convection, steps over an interval are made with K = 0, 1, 2, ...
 * sweeps from each of them. Printed, as Markdown: the largest residual of the collocation problem
 * after each sweep, in means over the steps; the error at the end against small steps of RK443,
 * relative, in the l2 norm of velocity and buoyancy; and the processor's time for a step, the
 * network's included.
 *
 *   bench_rbc_guess [KEY=VALUE]...    overrides `text` below; nodes=FILE, end=FILE: weights
 *
 * nodes: a network that says all nodes of a step at once; end: one that says its end. Of this there
 * are two uses: nodes on the straight line to the end, and, from the second step on, each node from
 * the same node one step before. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "bench/bench.h"
#include "core/config.h"
#include "core/log.h"
#include "core/vec.h"
#include "tasks/propagator.h"
#include "tasks/trained.h"

static const char text[] =
    "problem: {name: rayleigh_benard, rayleigh: 1.0e6, grid: [64, 32], initial: {seed: 7}}\n"
    "sdc: {name: sdc, sweeps: 4, preconditioner: MIN-SR-FLEX, preconditioner_explicit: PIC, "
    "nodes: {type: legendre, quadrature: radau_right, count: 4}}\n"
    "coarse: {name: rk222}\n"
    "spinup: 20\n"
    "step: 0.01\n"
    "steps: 100\n"
    "substeps: 100\n";

enum { SWEEPS = 8 };

struct bench {
    struct config *config;
    struct node *root;
    struct problem *problem;
    double *start, *truth; /* states at the ends of the interval */
    long steps, substeps, sweeps;
    double length;
};

struct outcome {
    double residual[SWEEPS + 1], error[SWEEPS + 1], ms[SWEEPS + 1];
    long refused;
};

/* the network that says the end of a step, for the guess from the step before; NULL: the guess is
 * SDC's own */
struct before {
    struct trained file;
    struct neural neural;
    struct network *network;
    double length;
};

static double *vector(size_t n)
{
    double *v = aligned_alloc(64, exec_round(n) * sizeof *v);
    if (!v)
        abort();
    memset(v, 0, exec_round(n) * sizeof *v);
    return v;
}

/* of the processor, whatever else runs on it */
static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double number(const struct bench *b, const char *key)
{
    return strtod(config_text(b->root, key), NULL);
}

/* u = `count` steps of RK443 over `time` */
static int reference(const struct bench *b, double time, long count, double *u)
{
    struct config *c;
    struct stepper *s = NULL;
    const struct stepper_type *type = stepper_type_find("rk443");
    const struct interval whole = { 0, time, 0, count };
    int err = config_parse(&c, "rk443", "{name: rk443}");
    if (err || (err = type->create(&s, type, b->problem, config_root(c))) ||
        (err = s->prepare(s, whole)))
        return err;
    double *work = vector(s->nwork);
    const struct exec x = exec_host(work, s->nwork);
    for (long i = 0; i < count && !err; i++)
        err = s->step(s, &x, interval_part(whole, 0, 1), u, u) ? -EDOM : 0;
    free(work);
    stepper_destroy(&s);
    config_destroy(&c);
    return err;
}

static double distance(const struct bench *b, const double *u)
{
    double difference = 0, size = 0;
    for (size_t i = 0; i < b->problem->n; i++) {
        difference += (u[i] - b->truth[i]) * (u[i] - b->truth[i]);
        size += b->truth[i] * b->truth[i];
    }
    return sqrt(difference / size);
}

/* node values and their right-hand sides, of two sweeps in turn */
struct values {
    double *U[COLLOCATION_MAX], *fi[2][COLLOCATION_MAX], *fe[2][COLLOCATION_MAX];
};

static int rhs_of(const struct sdc *s, const struct exec *x, double *const *U, double *const *fi,
                  double *const *fe)
{
    const struct problem_kernels *k = s->problem->kernels[DEV_CPU];
    int failed = 0;
    for (int m = 0; m < s->M && !failed; m++)
        failed = k->rhs_implicit(s->problem, x, 0, U[m], fi[m]) ||
                 k->rhs_explicit(s->problem, x, 0, U[m], fe[m]);
    return failed;
}

/* one step of K sweeps, u in place; residual (K + 1): added to, or NULL */
static int advance(const struct sdc *s, const struct exec *x, struct interval step, long K,
                   const struct before *before, struct values *n, double *u, double *residual)
{
    int failed = 0, old = 0;
    double worst;
    if (before && step.index > 0) {
        for (int m = 0; m < s->M; m++) {
            double *from = n->fi[1][m]; /* not read any more */
            vec_copy(x, s->problem->n, n->U[m], from);
            neural_step(&before->neural, x, step, before->network->params, from, n->U[m]);
        }
        failed = rhs_of(s, x, n->U, n->fi[0], n->fe[0]);
    } else
        failed = sdc_start_all(s, x, step, u, n->U, n->fi[0], n->fe[0]);
    for (long k = 0; k <= K && !failed; k++) {
        if (k > 0) {
            for (int m = 0; m < s->M && !failed; m++)
                if (k < K || m == s->M - 1 || residual || before) /* the last sweep is read there */
                    failed = sdc_node(s, x, step, k, m, u, (const double *const *)n->fi[old],
                                      (const double *const *)n->fe[old],
                                      (const double *const *)n->fi[!old],
                                      (const double *const *)n->fe[!old], n->U[m],
                                      residual || k < K ? n->fi[!old][m] : NULL, n->fe[!old][m]);
            old = !old;
        }
        if (residual && !failed) {
            failed = sdc_residuals(s, x, step, u, n->fi[old], n->fe[old], n->U, &worst);
            residual[k] += worst;
        }
    }
    vec_copy(x, s->problem->n, n->U[s->M - 1], u);
    return failed;
}

static int measure(const struct bench *b, const char *guess, const char *key, const char *value,
                   const struct before *before, struct outcome *o)
{
    struct node *config = config_copy(config_child(b->root, "sdc"));
    const struct interval whole = { 0, b->length * (double)b->steps, 0, b->steps };
    struct sdc *s = NULL;
    int err = config_node_set(config, "initial_guess", guess);
    memset(o, 0, sizeof *o);
    if (!err && key)
        err = config_node_set(config, key, value);
    if (err || (err = sdc_create(&s, b->problem, config)) ||
        (err = sdc_prepare(s, interval_part(whole, 0, 1))))
        return err;
    const size_t n = exec_round(b->problem->n), all = n * (size_t)s->M * 5, own = sdc_start_work(s),
                 net = before ? neural_work(&before->neural) : 0, nwork = own > net ? own : net;
    double *memory = vector(all + n + nwork), *at = memory, *u = memory + all;
    struct values v;
    struct work_count count;
    struct exec x = exec_host(memory + all + n, nwork);
    for (int m = 0; m < s->M; m++, at += 5 * n) {
        v.U[m] = at;
        for (int i = 0; i < 2; i++) {
            v.fi[i][m] = at + (size_t)(1 + i) * n;
            v.fe[i][m] = at + (size_t)(3 + i) * n;
        }
    }
    x.count = &count;
    for (long K = 0; K <= b->sweeps && !err; K++)
        for (int look = 0; look < (K == b->sweeps ? 2 : 1) && !err; look++) {
            memset(&count, 0, sizeof count);
            vec_copy(&x, b->problem->n, b->start, u);
            const double begin = seconds();
            for (long i = 0; i < b->steps && !err; i++)
                err = advance(s, &x, interval_part(whole, i, 1), K, before, &v, u,
                              look ? o->residual : NULL);
            if (look)
                continue;
            o->ms[K] = 1e3 * (seconds() - begin) / (double)b->steps;
            o->error[K] = distance(b, u);
            o->refused = count.refused;
        }
    for (long K = 0; K <= b->sweeps; K++)
        o->residual[K] /= (double)b->steps;
    if (err > 0) /* sweeps from a bad guess may diverge: a result too */
        for (long K = 0; K <= b->sweeps; K++)
            o->error[K] = o->error[K] > 0 ? o->error[K] : NAN;
    free(memory);
    sdc_destroy(&s);
    return err > 0 ? 0 : err;
}

static void print(const struct bench *b, const char *name, const struct outcome *o)
{
    printf("| %s |", name);
    for (long k = 0; k <= b->sweeps; k++)
        printf(" %.1e |", o->residual[k]);
    for (long k = 0; k <= b->sweeps; k++)
        printf(" %.1e |", o->error[k]);
    printf(" %.2f | %.2f | %ld |\n", o->ms[0], o->ms[b->sweeps], o->refused);
    fflush(stdout);
}

static int row(const struct bench *b, const char *name, const char *guess, const char *key,
               const char *value, const struct before *before)
{
    struct outcome o;
    const int err = measure(b, guess, key, value, before, &o);
    if (!err)
        print(b, name, &o);
    return err;
}

static int rows(const struct bench *b)
{
    const char *nodes = config_text(b->root, "nodes"), *end = config_text(b->root, "end");
    char coarse[256], value[4096];
    int err;
    snprintf(coarse, sizeof coarse, "{name: %s}", config_name(config_child(b->root, "coarse")));
    if ((err = row(b, "copy", "copy", NULL, NULL, NULL)) ||
        (err = row(b, "coarse", "coarse", "coarse", coarse, NULL)))
        return err;
    for (int doubts = 0; doubts < 2 && nodes && !err; doubts++) {
        snprintf(value, sizeof value, "{weights: %s, fallback: %s}", nodes,
                 doubts ? "true" : "false");
        err = row(b, doubts ? "network, all nodes, or copy" : "network, all nodes", "network",
                  "network", value, NULL);
    }
    if (err || !end)
        return err;
    snprintf(value, sizeof value, "{weights: %s, fallback: false}", end);
    if ((err = row(b, "network, line to the end", "network", "network", value, NULL)))
        return err;
    struct before before = { .neural.problem = b->problem };
    if (!(err = trained_open(&before.file, end)) &&
        !(err = trained_load(&before.file, &before.neural, &before.network, &before.length)))
        err = row(b, "network, from the nodes before", "copy", NULL, NULL, &before);
    trained_unload(&before.network);
    trained_close(&before.file);
    return err;
}

int main(int argc, char **argv)
{
    struct bench b;
    int err = config_parse(&b.config, "rbc_guess", text);
    for (int i = 1; i < argc && !err; i++)
        err = config_set(b.config, argv[i]);
    if (err)
        return 2;
    sdc_guesser_create = guess_create;
    b.root = config_root(b.config);
    if (problem_create(&b.problem, config_child(b.root, "problem")))
        return 2;
    b.length = number(&b, "step");
    b.steps = (long)number(&b, "steps");
    b.substeps = (long)number(&b, "substeps");
    b.sweeps = strtol(config_text(config_child(b.root, "sdc"), "sweeps"), NULL, 10);
    b.sweeps = b.sweeps < SWEEPS ? b.sweeps : SWEEPS;
    b.start = vector(b.problem->n);
    b.truth = vector(b.problem->n);
    const double spinup = number(&b, "spinup"), time = b.length * (double)b.steps;
    if (b.problem->initial(b.problem, 0, b.start) ||
        reference(&b, spinup, (long)ceil(spinup / 0.01), b.start))
        return 1;
    memcpy(b.truth, b.start, b.problem->n * sizeof *b.truth);
    if (reference(&b, time, b.steps * b.substeps, b.truth))
        return 1;
    printf("identity: %.1e\n\n| guess |", distance(&b, b.start));
    for (long k = 0; k <= b.sweeps; k++)
        printf(" residual %ld |", k);
    for (long k = 0; k <= b.sweeps; k++)
        printf(" error %ld |", k);
    printf(" ms %d | ms %ld | refused |\n|---|", 0, b.sweeps);
    for (long k = 0; k < 2 * b.sweeps + 5; k++)
        printf("---|");
    putchar('\n');
    err = rows(&b);
    free(b.start);
    free(b.truth);
    problem_destroy(&b.problem);
    config_destroy(&b.config);
    return err ? 1 : 0;
}
