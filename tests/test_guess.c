// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What sweeps of SDC start from: a network's states at the nodes are those of a call of the
 * network, a worse guess than a copy is refused and counted, and a network for another step or
 * other nodes is not taken. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/log.h"
#include "core/vec.h"
#include "tasks/propagator.h"
#include "tests/near.h"

#define RBC "{name: rayleigh_benard, rayleigh: 2.0e+4, grid: [16, 12], initial: {amplitude: 0.3}}"
enum { M = 3 };
static const double step_length = 0.05;
static const struct interval first = { 0, 0.5, 0, 10 };
static char path[] = "/tmp/test_guess_XXXXXX";

/* a file of a network for RBC; scale: how large what it says is */
static void save(int nodes, double step, double scale)
{
    struct config *c, *d;
    struct problem *p;
    struct network *n;
    struct collocation *q;
    char length[32], list[128] = "[1]", text[256];
    assert_int_equal(config_parse(&c, "problem", RBC), 0);
    assert_int_equal(problem_create(&p, config_root(c)), 0);
    snprintf(text, sizeof text, "{name: fno, width: 3, layers: 1, modes: [4, 3], nodes: %d}",
             nodes);
    assert_int_equal(config_parse(&d, "network", text), 0);
    assert_int_equal(network_create(&n, neural_grid(p), false, config_root(d)), 0);
    network_initialise(n, 3);
    for (int m = 0; m < nodes; m++)
        for (int k = 0; k < n->codec.components; k++)
            n->codec.scale[m][k] = scale;
    if (nodes > 1) {
        assert_int_equal(collocation_create(&q, "legendre", "radau_right", nodes), 0);
        strcpy(list, "[");
        for (int m = 0; m < nodes; m++)
            snprintf(list + strlen(list), sizeof list - strlen(list), "%.17g%s", q->tau[m],
                     m < nodes - 1 ? ", " : "]");
        collocation_destroy(&q);
    }
    snprintf(length, sizeof length, "%.17g", step);
    const char *const meta[] = { "problem", RBC, "step", length, "nodes", list, NULL };
    assert_int_equal(network_save(n, NULL, path, meta), 0);
    network_destroy(&n);
    problem_destroy(&p);
    config_destroy(&c);
    config_destroy(&d);
}

struct bench {
    struct config *config;
    struct problem *problem;
    struct stepper *stepper;
    struct work_count count;
    double *u, *v;
};

static int make(struct bench *b, const char *guess)
{
    char text[1024];
    memset(b, 0, sizeof *b);
    snprintf(text, sizeof text,
             "problem: %s\nsdc: {name: sdc, sweeps: 2, nodes: {count: %d}, residuals: true, "
             "initial_guess: %s}\n",
             RBC, M, guess);
    assert_int_equal(config_parse(&b->config, "test", text), 0);
    struct node *root = config_root(b->config);
    assert_int_equal(problem_create(&b->problem, config_child(root, "problem")), 0);
    int err = sdc_stepper_type.create(&b->stepper, &sdc_stepper_type, b->problem,
                                      config_child(root, "sdc"));
    if (!err)
        err = b->stepper->prepare(b->stepper, first);
    b->u = calloc(b->problem->n, 8);
    b->v = calloc(b->problem->n, 8);
    assert_int_equal(b->problem->initial(b->problem, 0, b->u), 0);
    return err;
}

static void step(struct bench *b)
{
    double *work = aligned_alloc(64, exec_round(b->stepper->nwork) * 8);
    for (size_t i = 0; i < b->stepper->nwork; i++)
        work[i] = NAN;
    struct exec x = exec_host(work, b->stepper->nwork);
    x.count = &b->count;
    assert_int_equal(b->stepper->step(b->stepper, &x, first, b->u, b->v), 0);
    free(work);
}

static void destroy(struct bench *b)
{
    stepper_destroy(&b->stepper);
    problem_destroy(&b->problem);
    config_destroy(&b->config);
    free(b->u);
    free(b->v);
}

#define NETWORK(rest) "network, network: {weights: %s" rest "}"

static int make_network(struct bench *b, bool fallback)
{
    char guess[256];
    snprintf(guess, sizeof guess, fallback ? NETWORK("") : NETWORK(", fallback: false"), path);
    return make(b, guess);
}

/* U (M, n): what the network says, by a call of it */
static void call(const struct bench *b, int nodes, double *U)
{
    const struct problem *p = b->problem;
    struct network *n;
    assert_int_equal(network_open(&n, neural_grid(p), false, path), 0);
    struct neural s = { .problem = b->problem, .network = n };
    struct collocation *c;
    assert_int_equal(collocation_create(&c, "legendre", "radau_right", M), 0);
    for (int m = 0; m < nodes; m++)
        s.tau[m] = nodes == 1 ? 1 : c->tau[m];
    double *work = aligned_alloc(64, exec_round(neural_work(&s)) * 8);
    const struct exec x = exec_host(work, neural_work(&s));
    neural_nodes(&s, &x, first, n->params, b->u, U);
    for (int m = M - 1; m >= 0 && nodes == 1; m--)
        for (size_t i = 0; i < p->n; i++)
            U[(size_t)m * p->n + i] = (1 - c->tau[m]) * b->u[i] + c->tau[m] * U[i];
    free(work);
    collocation_destroy(&c);
    network_destroy(&n);
}

/* the step from there, by calls of what is tested elsewhere */
static double compose(const struct bench *b, double *U, double *v)
{
    struct sdc *s;
    const struct node *config = config_child(config_root(b->config), "sdc");
    struct node *plain = config_copy(config);
    assert_int_equal(config_node_set(plain, "initial_guess", "copy"), 0);
    assert_int_equal(sdc_create(&s, b->problem, plain), 0);
    const size_t n = b->problem->n;
    double *f = calloc(4 * M * n, 8), *work = aligned_alloc(64, exec_round(sdc_node_work(s)) * 8),
           worst;
    double *fi[2][M], *fe[2][M], *at[M];
    const struct exec x = exec_host(work, sdc_node_work(s));
    const struct problem_kernels *k = b->problem->kernels[DEV_CPU];
    for (int m = 0; m < M; m++) {
        at[m] = U + (size_t)m * n;
        for (int i = 0; i < 2; i++) {
            fi[i][m] = f + (size_t)(4 * m + i) * n;
            fe[i][m] = f + (size_t)(4 * m + 2 + i) * n;
        }
        const double t = sdc_node_time(s, first, m);
        assert_int_equal(k->rhs_implicit(b->problem, &x, t, at[m], fi[0][m]), 0);
        assert_int_equal(k->rhs_explicit(b->problem, &x, t, at[m], fe[0][m]), 0);
    }
    assert_int_equal(sdc_residuals(s, &x, first, b->u, fi[0], fe[0], at, &worst), 0);
    for (long sweep = 1; sweep <= 2; sweep++) {
        const int old = sweep % 2 ? 0 : 1;
        for (int m = 0; m < M; m++)
            assert_int_equal(
                sdc_node(s, &x, first, sweep, m, b->u, (const double *const *)fi[old],
                         (const double *const *)fe[old], (const double *const *)fi[!old],
                         (const double *const *)fe[!old], at[m], fi[!old][m], fe[!old][m]),
                0);
    }
    vec_copy(&x, n, at[M - 1], v);
    free(f);
    free(work);
    sdc_destroy(&s);
    return worst;
}

static void the_guess_is_a_call_of_the_network(void **unused)
{
    (void)unused;
    static const int nodes[] = { M, 1 };
    for (int k = 0; k < 2; k++) {
        struct bench b;
        save(nodes[k], step_length, 1e-3);
        assert_int_equal(make_network(&b, false), 0);
        const size_t n = b.problem->n;
        double *U = calloc(M * n, 8), *v = calloc(n, 8);
        call(&b, nodes[k], U);
        const double residual = compose(&b, U, v);
        step(&b);
        for (size_t i = 0; i < n; i++)
            assert_true(b.v[i] == v[i]);
        assert_true(residual > 0 && b.count.guess == residual);
        assert_int_equal(b.count.guesses, 1);
        assert_int_equal(b.count.refused, 0);
        free(U);
        free(v);
        destroy(&b);
    }
}

/* changes of 1 are not what a step of 0.05 does: there the copy is taken, to the last bit */
static void worse_guesses_than_a_copy_are_refused(void **unused)
{
    (void)unused;
    struct bench copy, asked, kept;
    assert_int_equal(make(&copy, "copy"), 0);
    step(&copy);
    assert_int_equal(copy.count.guesses, 0);
    save(M, step_length, 1);
    assert_int_equal(make_network(&asked, true), 0);
    step(&asked);
    assert_int_equal(asked.count.guesses, 1);
    assert_int_equal(asked.count.refused, 1);
    assert_true(asked.count.guess == copy.count.guess);
    assert_memory_equal(asked.v, copy.v, copy.problem->n * 8);
    assert_int_equal(make_network(&kept, false), 0);
    step(&kept);
    assert_int_equal(kept.count.refused, 0);
    assert_true(kept.count.guess > copy.count.guess);
    assert_memory_not_equal(kept.v, copy.v, copy.problem->n * 8);
    destroy(&asked);
    destroy(&kept);
    /* one that says nothing is as good as a copy, and not refused */
    save(M, step_length, 0);
    assert_int_equal(make_network(&asked, true), 0);
    step(&asked);
    assert_int_equal(asked.count.guesses, 1);
    assert_int_equal(asked.count.refused, 0);
    assert_memory_equal(asked.v, copy.v, copy.problem->n * 8);
    destroy(&asked);
    destroy(&copy);
}

static void what_does_not_fit_is_refused(void **unused)
{
    (void)unused;
    struct bench b;
    save(M, 2 * step_length, 1e-3);
    assert_int_equal(make_network(&b, true), -EINVAL);
    destroy(&b);
    save(M - 1, step_length, 1e-3);
    assert_int_equal(make_network(&b, true), -EINVAL);
    assert_null(b.stepper);
    destroy(&b);
    assert_int_equal(make(&b, "network"), -EINVAL);
    destroy(&b);
    save(M, step_length, 1e-3);
    assert_int_equal(make(&b, "network, adaptive: {tolerance: 1.0e-3}, network: {weights: x}"),
                     -EINVAL);
    destroy(&b);
    unlink(path);
    assert_int_equal(make_network(&b, true), -EINVAL);
    destroy(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guess_is_a_call_of_the_network),
        cmocka_unit_test(worse_guesses_than_a_copy_are_refused),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    log_open(1, true);
    close(mkstemp(path));
    sdc_guesser_create = guess_create;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
