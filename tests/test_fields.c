// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Networks on a problem that has fields: what they predict becomes a state that is free of
 * divergence, and nothing where they say 0; gradients go through fields; states of simulations are
 * those of plain runs, and no others. */
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

#include "codelets/loss.h"
#include "codelets/validation.h"
#include "core/log.h"
#include "problems/sampling.h"
#include "tests/near.h"

#define RBC "{name: rayleigh_benard, rayleigh: 2.0e+4, grid: [16, 12], initial: {amplitude: 0.3}}"
#define FNO                                                                                        \
    "{name: fno, precision: float64, width: 4, layers: 2, modes: [4, 3], lifting: [5], "           \
    "projection: [6]"
#define DATA                                                                                       \
    "{spinup: 2, every: 1, states: 3, simulations: 2, validation: 2, propagator: {name: rk222, "   \
    "steps: 20}"

struct bench {
    struct config *config;
    struct node *problem_node, *data_node;
    struct problem *problem;
    struct network *network;
    struct neural neural;
    struct dataset_params params;
    struct dataset *data;
    struct samples samples;
    struct loss *loss;
    double *work;
    size_t nwork;
};

static struct bench *bench(const char *network, const char *loss, const char *data)
{
    struct bench *b = calloc(1, sizeof *b);
    char text[2048];
    double low[CODEC_COMPONENTS], high[CODEC_COMPONENTS];
    snprintf(text, sizeof text, "problem: %s\nnetwork: %s\nloss: %s\ndata: %s\n", RBC, network,
             loss, data);
    assert_int_equal(config_parse(&b->config, "test", text), 0);
    struct node *root = config_root(b->config), *of = config_child(root, "loss");
    const struct loss_type *type = loss_find(of);
    b->problem_node = config_child(root, "problem");
    b->data_node = config_child(root, "data");
    assert_int_equal(problem_create(&b->problem, b->problem_node), 0);
    b->neural.problem = b->problem;
    snprintf(text, sizeof text, "%d", type->nodes(of, b->neural.tau));
    config_node_set(config_child(root, "network"), "nodes", text);
    assert_int_equal(
        network_create(&b->network, neural_grid(b->problem), false, config_child(root, "network")),
        0);
    network_initialise(b->network, 5);
    b->neural.network = b->network;
    b->samples = (struct samples){ b->problem, 0, 0.2, 1, 3, NULL, false };
    assert_int_equal(config_bind(b->data_node, &dataset_schema, NULL, &b->params), 0);
    assert_int_equal(
        dataset_create(&b->data, b->problem, b->problem_node, &b->params, b->data_node), 0);
    b->samples.data = b->data;
    struct node *scheme = config_child(of, "propagator");
    if (scheme) {
        struct reference r;
        assert_int_equal(reference_create(&r, b->problem, &b->samples, scheme), 0);
        assert_int_equal(dataset_aim(b->data, &b->neural, &r, 0, 0.2, b->problem_node, &b->params,
                                     b->data_node, scheme, true),
                         0);
        reference_destroy(&r);
    }
    assert_int_equal(lesson_calibrate(&b->neural, &b->samples, 8, low, high), 0);
    const struct loss_setup setup = { &b->neural, b->samples, 2 };
    assert_int_equal(loss_create(&b->loss, type, &setup, of), 0);
    b->nwork = b->loss->nwork;
    b->nwork += neural_work(&b->neural) + b->problem->nwork + b->problem->fields->nwork;
    b->work = aligned_alloc(64, exec_round(b->nwork) * sizeof(double));
    return b;
}

static void bench_free(struct bench *b)
{
    loss_destroy(&b->loss);
    dataset_destroy(&b->data);
    network_destroy(&b->network);
    problem_destroy(&b->problem);
    config_destroy(&b->config);
    free(b->work);
    free(b);
}

static struct bench *usual(const char *rest)
{
    char network[256];
    snprintf(network, sizeof network, FNO "%s}", rest);
    return bench(network, "{name: data, propagator: {name: rk222, steps: 4}}", DATA "}");
}

static double dot(size_t n, const double *u, const double *v)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += u[i] * v[i];
    return sum;
}

static void randomise(double *v, size_t n, unsigned long seed)
{
    struct draw d = draw_open(seed, 0);
    for (size_t i = 0; i < n; i++)
        v[i] = draw_uniform(&d, -1, 1);
}

/* ---------------------------------------------------------------- fields of a problem */

static void absorbing_changes_has_its_transpose(void **unused)
{
    (void)unused;
    for (int slips = 0; slips < 2; slips++) {
        struct config *c;
        struct problem *p;
        assert_int_equal(config_parse(&c, "test",
                                      slips
                                          ? "{name: rayleigh_benard, grid: [16, 12], size: [3, 2], "
                                            "boundary: free_slip}"
                                          : "{name: rayleigh_benard, grid: [8, 14]}"),
                         0);
        assert_int_equal(problem_create(&p, config_root(c)), 0);
        const struct fields *f = p->fields;
        const size_t n = p->n, N = grid_doubles(&f->grid);
        double *work = aligned_alloc(64, exec_round(f->nwork) * 8), *v = calloc(N, 8),
               *w = calloc(N, 8), *u = calloc(n, 8), *du = calloc(n, 8), *both = calloc(n, 8);
        const struct exec x = exec_host(work, f->nwork);
        randomise(v, N, 1);
        randomise(u, n, 2);
        assert_int_equal(f->absorb_change(p, &x, 0, v, du), 0);
        assert_int_equal(f->absorb_adjoint(p, &x, 0, u, w), 0);
        const double left = dot(n, du, u), right = dot(N, v, w);
        assert_true(fabs(left) > 1e-3);
        assert_near(left, right, 1e-13 * sqrt(dot(n, du, du) * dot(n, u, u)));
        /* the difference of two absorbed ones */
        randomise(w, N, 3);
        assert_int_equal(f->absorb(p, &x, 0, w, u), 0);
        for (size_t i = 0; i < N; i++)
            w[i] += v[i];
        assert_int_equal(f->absorb(p, &x, 0, w, both), 0);
        for (size_t i = 0; i < n; i++)
            assert_near(both[i] - u[i], du[i], 1e-12);
        free(work);
        free(v);
        free(w);
        free(u);
        free(du);
        free(both);
        problem_destroy(&p);
        config_destroy(&c);
    }
}

/* ---------------------------------------------------------------- what networks make of them */

static void saying_nothing_changes_nothing(void **unused)
{
    (void)unused;
    struct bench *b = usual("");
    const size_t n = b->problem->n;
    const struct exec x = exec_host(b->work, b->nwork);
    double *u = calloc(n, 8), *v = calloc(n, 8);
    memset(b->network->params, 0, b->network->nparams * 8);
    for (unsigned long i = 0; i < 3; i++) {
        assert_int_equal(samples_state(&b->samples, i, u), 0);
        neural_step(&b->neural, &x, samples_step(&b->samples, i), b->network->params, u, v);
        for (size_t k = 0; k < n; k++)
            assert_true(u[k] == v[k]);
    }
    free(u);
    free(v);
    bench_free(b);
}

enum { RBC_BUOYANCY = 2, RBC_PRESSURE = 3 };

/* adds 1 to what the network says in a channel, everywhere */
static void shift_output(struct network *n, int channel)
{
    const struct layer *last = n->layers[n->nlayers - 1];
    double *params = (double *)n->params + n->offset[n->nlayers - 1], bias[4];
    assert_int_equal(last->tensors[1].count, 4);
    last->unpack(last, 1, params, bias);
    bias[channel] += 1;
    last->pack(last, 1, bias, params);
}

/* a network with random weights says fields of any divergence, and a pressure, which has no part */
static void states_are_free_of_divergence(void **unused)
{
    (void)unused;
    static const char *const kinds[] = { "", ", predict: state" };
    for (int k = 0; k < 2; k++) {
        struct bench *b = usual(kinds[k]);
        const struct problem *p = b->problem;
        const struct codec *c = &b->network->codec;
        const size_t n = p->n, points = c->points;
        const struct exec x = exec_host(b->work, b->nwork);
        double *u = calloc(n, 8), *v = calloc(n, 8), *w = calloc(n, 8), *fields = calloc(c->n, 8),
               *seen = calloc(c->n, 8), divergence;
        for (int l = 0; l < 4; l++)
            for (int m = 0; m < CODEC_NODES; m++)
                b->network->codec.scale[m][l] = 0.5;
        const struct interval step = samples_step(&b->samples, 0);
        assert_int_equal(samples_state(&b->samples, 0, u), 0);
        neural_step(&b->neural, &x, step, b->network->params, u, v);
        neural_fields(&b->neural, &x, step, b->network->params, u, seen, fields);
        double change = 0;
        for (size_t i = 0; i < n; i++)
            change = fmax(change, fabs(v[i] - u[i]));
        assert_true(change > 1e-3);
        assert_int_equal(p->quantity(p, "divergence", 0, v, &divergence), 0);
        assert_true(divergence < 1e-11);
        /* the said fields, absorbed whole, are the same state */
        assert_int_equal(p->fields->absorb(p, &x, 0, fields, w), 0);
        for (size_t i = 0; i < n; i++)
            assert_near(w[i], v[i], 1e-12);
        /* the plates keep what they have */
        assert_int_equal(p->fields->show(p, &x, 0, v, seen), 0);
        for (size_t i = 0; i < points; i += c->shape[1]) {
            assert_near(seen[i], 0, 1e-12);
            assert_near(seen[points + i], 0, 1e-12);
            assert_near(seen[2 * points + i], 1, 1e-12);
        }
        /* another pressure, the same state; but not another temperature */
        shift_output(b->network, RBC_PRESSURE);
        neural_step(&b->neural, &x, step, b->network->params, u, w);
        assert_memory_equal(v, w, n * sizeof *v);
        shift_output(b->network, RBC_BUOYANCY);
        neural_step(&b->neural, &x, step, b->network->params, u, w);
        assert_memory_not_equal(v, w, n * sizeof *v);
        free(u);
        free(v);
        free(w);
        free(fields);
        free(seen);
        bench_free(b);
    }
}

/* ---------------------------------------------------------------- gradients */

static double value_of(struct bench *b, double *gradient)
{
    const struct exec x = exec_host(b->work, b->loss->nwork);
    double value = 0;
    memset(gradient, 0, b->network->nparams * 8);
    assert_int_equal(
        b->loss->gradient(b->loss, &x, 4, 2, 0.5, b->network->params, gradient, &value), 0);
    return value;
}

static void gradients_go_through_fields(void **unused)
{
    (void)unused;
    static const struct {
        const char *network, *loss;
    } cases[] = {
        { FNO "}", "{name: data, propagator: {name: rk222, steps: 4}}" },
        { FNO "}", "{name: data, propagator: {name: rk222, steps: 2}, nodes: {count: 3}}" },
        { FNO "}", "{name: collocation, nodes: {count: 2}}" },
        { FNO ", predict: state}", "{name: collocation, nodes: {count: 1}}" },
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct bench *b = bench(cases[c].network, cases[c].loss, DATA "}");
        const size_t P = b->network->nparams;
        double *p = b->network->params, *g = aligned_alloc(64, P * 8), *d = calloc(P, 8),
               *other = aligned_alloc(64, P * 8);
        randomise(d, P, 8);
        value_of(b, g);
        const double h = 1e-5, exact = dot(P, g, d);
        double at[2];
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < P; i++)
                p[i] += (side ? -2 : 1) * h * d[i];
            at[side] = value_of(b, other);
        }
        assert_true(fabs(exact) > 1e-8);
        assert_near((at[0] - at[1]) / (2 * h), exact, 1e-6 * fabs(exact) + 1e-10);
        free(g);
        free(d);
        free(other);
        bench_free(b);
    }
}

/* ---------------------------------------------------------------- states of simulations */

static void states_are_those_of_runs(void **unused)
{
    (void)unused;
    struct bench *b = usual("");
    const size_t n = b->problem->n;
    double *u = calloc(n, 8), *want = calloc(n, 8);
    assert_int_equal(b->data->training, 6);
    assert_int_equal(b->data->validation, 6);
    for (long s = 0; s < 4; s++) { /* two to train on, two for validation */
        struct node *copy = config_copy(b->problem_node);
        char seed[24];
        struct problem *p;
        struct reference r;
        snprintf(seed, sizeof seed, "%ld", 1000 + s);
        assert_int_equal(config_node_set(config_child(copy, "initial"), "seed", seed), 0);
        assert_int_equal(problem_create(&p, copy), 0);
        const struct samples whole = { p, 0, 4, 1, 0, NULL, false };
        struct node *scheme = config_copy(b->params.propagator);
        assert_int_equal(config_node_set(scheme, "steps", "80"), 0);
        assert_int_equal(reference_create(&r, p, &whole, scheme), 0);
        double *work = aligned_alloc(64, exec_round(r.stepper->nwork) * 8);
        const struct exec x = exec_host(work, r.stepper->nwork);
        assert_int_equal(p->initial(p, 0, u), 0);
        assert_int_equal(reference_advance(&r, &x, (struct interval){ 0, 4, 0, 1 }, u, want), 0);
        const size_t entry = (s < 2 ? 0 : 6) + 2 * 2 + (size_t)s % 2; /* the state of t = 4 */
        for (size_t i = 0; i < n; i++)
            assert_near(b->data->states[entry * n + i], want[i], 1e-11);
        free(work);
        reference_destroy(&r);
        problem_destroy(&p);
    }
    /* training never sees the validation's, and sees all others */
    int seen[12] = { 0 };
    for (unsigned long i = 0; i < 200; i++)
        for (int unseen = 0; unseen < 2; unseen++) {
            struct samples s = b->samples;
            s.unseen = unseen;
            assert_int_equal(samples_state(&s, i, u), 0);
            size_t entry = 0;
            while (memcmp(u, b->data->states + entry * n, n * 8))
                entry++;
            assert_true((entry >= 6) == (unseen == 1));
            seen[entry]++;
            assert_ptr_equal(samples_target(&s, i), b->data->targets + entry * n);
        }
    for (int i = 0; i < 12; i++)
        assert_true(seen[i] > 10);
    free(u);
    free(want);
    bench_free(b);
}

static void files_give_the_same_bits(void **unused)
{
    (void)unused;
    char path[] = "/tmp/test_fields_XXXXXX", data[512];
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    snprintf(data, sizeof data, DATA ", file: %s}", path);
    static const char loss[] = "{name: data, propagator: {name: rk222, steps: 4}}",
                      finer[] = "{name: data, propagator: {name: rk222, steps: 8}}";
    struct bench *first = bench(FNO "}", loss, data), *again = bench(FNO "}", loss, data),
                 *other = bench(FNO "}", finer, data);
    const size_t all = 12 * first->problem->n * 8;
    assert_memory_equal(first->data->states, again->data->states, all);
    assert_memory_equal(first->data->targets, again->data->targets, all);
    assert_memory_equal(first->data->states, other->data->states, all);
    assert_memory_not_equal(first->data->targets, other->data->targets, all);
    assert_int_equal(access(path, R_OK), 0);
    unlink(path);
    bench_free(first);
    bench_free(again);
    bench_free(other);
}

/* doing nothing is worth its own error, per field */
static void validations_say_every_field(void **unused)
{
    (void)unused;
    struct bench *b = usual("");
    struct validation v;
    struct config *c;
    struct validation_facts f;
    assert_int_equal(config_parse(&c, "test", "{name: rk222, steps: 4}"), 0);
    b->samples.unseen = true;
    assert_int_equal(validation_create(&v, &b->neural, &b->samples, config_root(c), NULL, NULL, 0),
                     0);
    double *work = aligned_alloc(64, exec_round(validation_work(&v)) * 8),
           *truth = calloc(validation_truth_size(&v), 8);
    const struct exec x = exec_host(work, validation_work(&v));
    validation_truth(&v, &x, 1, truth);
    memset(b->network->params, 0, b->network->nparams * 8);
    validation_compare(&v, &x, 1, b->network->params, truth, &f);
    assert_true(f.failed == 0);
    for (int k = 0; k < 4; k++) {
        assert_true(f.said[k] > 1e-6 && f.said[k] == f.still[k]);
        assert_near(f.shown[k], f.still[k], 1e-12);
    }
    assert_near(f.l2, (f.said[0] + f.said[1] + f.said[2] + f.said[3]) / 4, 1e-15);
    assert_true(f.l2 == f.identity && f.region == f.l2);
    validation_destroy(&v);
    free(work);
    free(truth);
    config_destroy(&c);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absorbing_changes_has_its_transpose),
        cmocka_unit_test(saying_nothing_changes_nothing),
        cmocka_unit_test(states_are_free_of_divergence),
        cmocka_unit_test(gradients_go_through_fields),
        cmocka_unit_test(states_are_those_of_runs),
        cmocka_unit_test(files_give_the_same_bits),
        cmocka_unit_test(validations_say_every_field),
    };
    log_open(1, true);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
