// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Losses: their gradients by every tensor of a network are those of finite differences; they vanish
 * on the solution that they are made for, and measure what they say; what training draws does not
 * depend on when it is drawn. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codelets/loss.h"
#include "codelets/validation.h"
#include "core/log.h"
#include "core/vec.h"
#include "tests/near.h"

/* a problem with a network and a loss */
struct bench {
    struct config *config;
    struct problem *problem;
    struct network *network;
    struct neural neural;
    struct loss_setup setup;
    struct loss *loss;
    double *work, low[CODEC_COMPONENTS], high[CODEC_COMPONENTS];
};

static struct bench *bench(const char *problem, const char *network, const char *loss, size_t batch)
{
    struct bench *b = calloc(1, sizeof *b);
    char text[2048];
    snprintf(text, sizeof text, "problem: %s\nnetwork: %s\nloss: %s\n", problem, network, loss);
    assert_int_equal(config_parse(&b->config, "test", text), 0);
    struct node *root = config_root(b->config), *of = config_child(root, "loss");
    const struct loss_type *type = loss_find(of);
    assert_non_null(type);
    assert_int_equal(problem_create(&b->problem, config_child(root, "problem")), 0);
    b->neural = (struct neural){ .problem = b->problem };
    const int nodes = type->nodes(of, b->neural.tau);
    assert_true(nodes > 0);
    snprintf(text, sizeof text, "%d", nodes);
    if (nodes > 1)
        config_node_set(config_child(root, "network"), "nodes", text);
    assert_int_equal(network_create(&b->network, &b->problem->grid, neural_boundary(b->problem),
                                    config_child(root, "network")),
                     0);
    network_initialise(b->network, 7);
    b->neural.network = b->network;
    b->setup = (struct loss_setup){ &b->neural, { b->problem, 0.0, 0.4, 3, 11 }, batch };
    assert_int_equal(lesson_calibrate(&b->neural, &b->setup.samples, 8, b->low, b->high), 0);
    assert_int_equal(loss_create(&b->loss, type, &b->setup, of), 0);
    b->work = aligned_alloc(64, (b->loss->nwork * sizeof(double) + 63) / 64 * 64);
    assert_non_null(b->work);
    return b;
}

static void bench_free(struct bench *b)
{
    loss_destroy(&b->loss);
    network_destroy(&b->network);
    problem_destroy(&b->problem);
    config_destroy(&b->config);
    free(b->work);
    free(b);
}

static double loss_of(const struct bench *b, unsigned long first, size_t count, double weight,
                      const void *params, void *gradient)
{
    const struct exec x = exec_host(b->work, b->loss->nwork);
    double value = 0;
    memset(gradient, 0, b->network->nparams * dtype_size(b->network->dtype));
    assert_int_equal(b->loss->gradient(b->loss, &x, first, count, weight, params, gradient, &value),
                     0);
    return value;
}

static void randomise(double *v, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t z = (seed * 1000003 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        v[i] = (double)(z >> 11) * 0x1p-52 - 1;
    }
}

static const struct {
    const char *problem, *network, *loss;
} cases[] = {
#define FNO1 "{name: fno, precision: float64, width: 3, layers: 2, modes: 3, projection: [5]}"
#define FNO2                                                                                       \
    "{name: fno, precision: float64, width: 3, layers: 1, modes: [3, 2], projection: [4], "        \
    "lifting: [4]}"
    { "{name: black_scholes, grid: 17}", FNO1,
      "{name: data, propagator: {name: crank_nicolson, steps: 4}}" },
    { "{name: black_scholes, grid: 17}", FNO1,
      "{name: data, propagator: {name: implicit_euler, steps: 2}, nodes: {count: 3}}" },
    { "{name: black_scholes, grid: 17}", FNO1, "{name: collocation, nodes: {count: 3}}" },
    { "{name: black_scholes_2d, grid: [9, 11]}", FNO2,
      "{name: data, propagator: {name: mcs_adi, steps: 2}}" },
    { "{name: black_scholes_2d, grid: [9, 11]}", FNO2, "{name: collocation, nodes: {count: 2}}" },
    { "{name: black_scholes_2d, grid: [9, 11]}",
      "{name: fno, precision: float64, width: 2, layers: 1, modes: [3, 2], predict: state, pad: 2, "
      "residual: true}",
      "{name: collocation, nodes: {count: 1}}" },
    { "{name: black_scholes_2d, grid: [9, 11]}",
      "{name: mlp, precision: float64, width: 6, layers: 2, sensors: 3}",
      "{name: data, propagator: {name: lod, steps: 2}}" },
    { "{name: heat, grid: 16}", FNO1, "{name: collocation}" },
    { "{name: burgers, grid: 16}", FNO1, "{name: collocation, nodes: {count: 4}}" },
    { "{name: allen_cahn, grid: 17}", FNO1, "{name: collocation}" },
    { "{name: gray_scott, grid: [8, 8]}", FNO2, "{name: collocation}" },
#define DIFFERENCES "differences: {weight: 0.7, size: [0.01, 0.1], cycles: 3}"
    { "{name: black_scholes_2d, grid: [9, 11]}",
      "{name: fno, precision: float64, width: 3, layers: 1, modes: [3, 2], projection: [4], "
      "stencil: [1, 3], smooth: 2, mask: 4}",
      "{name: collocation, nodes: {count: 2}, " DIFFERENCES "}" },
    { "{name: burgers, grid: 16}", FNO1, "{name: collocation, " DIFFERENCES "}" },
    { "{name: black_scholes, grid: 17}", FNO1,
      "{name: data, propagator: {name: crank_nicolson, steps: 4}, "
      "differences: {weight: 0.01, size: [0.1, 0.3], cycles: 3}}" },
};
enum { CASES = sizeof cases / sizeof *cases };

/* along a random direction of each tensor; the directions of all others are 0 */
static void gradients_are_those_of_finite_differences(void **unused)
{
    (void)unused;
    for (int c = 0; c < CASES; c++) {
        struct bench *b = bench(cases[c].problem, cases[c].network, cases[c].loss, 2);
        const struct network *net = b->network;
        const size_t P = net->nparams;
        double *p = net->params, *g = aligned_alloc(64, P * sizeof *g),
               *q = aligned_alloc(64, P * sizeof *q), *d = calloc(P, sizeof *d),
               *other = aligned_alloc(64, P * sizeof *q);
        const double value = loss_of(b, 5, 2, 0.5, p, g);
        assert_true(value > 0 && isfinite(value));
        double norm = 0;
        for (size_t i = 0; i < P; i++)
            norm += g[i] * g[i];
        norm = sqrt(norm);
        for (int l = 0; l < net->nlayers; l++)
            for (int t = 0; t < net->layers[l]->ntensors; t++) {
                const struct layer *layer = net->layers[l];
                double *file = calloc(layer->nparams, sizeof *file), slope = 0;
                memset(d, 0, P * sizeof *d);
                randomise(file, layer->tensors[t].count, (uint64_t)(l * 8 + t));
                layer->pack(layer, t, file, d + net->offset[l]);
                free(file);
                const double h = 1e-5;
                double difference = 0;
                for (int k = 0; k < 2; k++) { /* fourth order */
                    const double s = h * (k + 1), factor = k ? -1.0 / 3 : 4.0 / 3;
                    for (size_t i = 0; i < P; i++)
                        q[i] = p[i] + s * d[i];
                    const double up = loss_of(b, 5, 2, 0.5, q, other);
                    for (size_t i = 0; i < P; i++)
                        q[i] = p[i] - s * d[i];
                    difference += factor * (up - loss_of(b, 5, 2, 0.5, q, other)) / (2 * s);
                }
                for (size_t i = 0; i < P; i++)
                    slope += g[i] * d[i];
                if (!(fabs(slope - difference) <= 1e-6 * fabs(difference) + 1e-9 * norm))
                    fail_msg("case %d, %s.%s: gradient %.12g, differences %.12g", c, layer->name,
                             layer->tensors[t].name, slope, difference);
            }
        free(g);
        free(q);
        free(d);
        free(other);
        bench_free(b);
    }
}

/* the gradient of a batch is the sum over its samples, and so is the loss */
static void batches_are_sums(void **unused)
{
    (void)unused;
    for (int c = 0; c < CASES; c += 2) {
        struct bench *b = bench(cases[c].problem, cases[c].network, cases[c].loss, 3);
        const size_t P = b->network->nparams;
        double *all = aligned_alloc(64, P * 8), *one = aligned_alloc(64, P * 8),
               *sum = calloc(P, 8), value = 0;
        const double whole = loss_of(b, 20, 3, 1.0, b->network->params, all);
        for (unsigned long i = 0; i < 3; i++) {
            value += loss_of(b, 20 + i, 1, 1.0, b->network->params, one);
            for (size_t k = 0; k < P; k++)
                sum[k] += one[k];
        }
        double norm = 0;
        for (size_t k = 0; k < P; k++)
            norm = fmax(norm, fabs(all[k]));
        assert_near(value, whole, 1e-13 * whole);
        for (size_t k = 0; k < P; k++)
            assert_near(sum[k], all[k], 1e-12 * norm);
        free(all);
        free(one);
        free(sum);
        bench_free(b);
    }
}

/* Of a network that says 0 the derivative is that of doing nothing, less du under F: for the heat
 * equation and exact data, the loss with differences is known. */
static void differences_are_of_the_derivative(void **unused)
{
    (void)unused;
    static const char *const losses[] = {
        "{name: data, propagator: {name: exact}}",
        "{name: data, propagator: {name: exact}, differences: {weight: 3, size: [0.02, 0.2]}}"
    };
    double value[2], expected = 0;
    for (int i = 0; i < 2; i++) {
        struct bench *b =
            bench("{name: heat, grid: 32, diffusivity: 0.02}",
                  "{name: fno, precision: float64, width: 2, layers: 1, modes: 2}", losses[i], 1);
        double *g = aligned_alloc(64, b->network->nparams * 8), du[32], w[32], work[1024], sums[3];
        memset(b->network->params, 0, b->network->nparams * 8);
        value[i] = loss_of(b, 6, 1, 1.0, b->network->params, g);
        const struct exec x = exec_host(work, 1024);
        const struct interval step = samples_step(&b->setup.samples, 6);
        const double size[2] = { 0.02, 0.2 };
        samples_waves(&b->setup.samples, &b->network->codec, 6, size, 12, du);
        b->problem->kernels[DEV_CPU]->exact_step(b->problem, &x, interval_t0(step),
                                                 interval_dt(step), du, w);
        vec_distance(&x, 32, du, w, sums);
        const double scale =
            b->network->codec.std[0] * samples_waves_size(&b->setup.samples, 6, size);
        double square = 0;
        for (int k = 0; k < 32; k++)
            square += du[k] * du[k];
        assert_near(sqrt(square / 32), scale, 1e-12 * scale); /* the size that is promised */
        expected = 3 * sums[0] / square;
        free(g);
        bench_free(b);
    }
    assert_near(value[1] - value[0], expected, 1e-9 * expected);
    assert_true(expected > 1e-3);
}

/* float32 gives what float64 gives, to its precision */
static void precisions_agree(void **unused)
{
    (void)unused;
    static const char *const networks[] = {
        "{name: fno, precision: float64, width: 4, layers: 2, modes: 3}",
        "{name: fno, precision: float32, width: 4, layers: 2, modes: 3}"
    };
    double value[2];
    for (int i = 0; i < 2; i++) {
        struct bench *b =
            bench("{name: black_scholes_2d, grid: [9, 9]}", networks[i], "{name: collocation}", 2);
        double *g = aligned_alloc(64, b->network->nparams * 8);
        value[i] = loss_of(b, 0, 2, 0.5, b->network->params, g);
        free(g);
        bench_free(b);
    }
    assert_near(value[1], value[0], 1e-4 * value[0]);
    assert_true(value[1] != value[0]);
}

/* Where the states at the nodes solve the collocation problem, both losses without data are 0: SDC,
 * iterated to the end, gives such states */
static void residuals_vanish_on_the_solution(void **unused)
{
    (void)unused;
    static const char *const losses[] = { "{name: collocation, nodes: {count: 3}}",
                                          "{name: sweep, nodes: {count: 3}}" },
                             *const problems[] = { "{name: black_scholes, grid: 33}",
                                                   "{name: black_scholes_2d, grid: [9, 9]}",
                                                   "{name: heat, grid: 16, diffusivity: 0.02}" };
    for (int p = 0; p < 3; p++)
        for (int k = 0; k < 2; k++) {
            struct bench *b =
                bench(problems[p], "{name: fno, precision: float64, width: 2, layers: 1, modes: 2}",
                      losses[k], 1);
            const struct grid_loss *g = (const struct grid_loss *)b->loss;
            const struct codec *c = &b->network->codec;
            const struct exec x = exec_host(b->work, b->loss->nwork);
            const struct interval step = samples_step(&b->setup.samples, 3);
            const size_t n = b->problem->n, all = 3 * n;
            double *u = calloc(n, 8), *v = calloc(all, 8), *dv = calloc(all, 8), first = 0,
                   last = 0;
            assert_int_equal(samples_state(&b->setup.samples, 3, u), 0);
            double *lifting = calloc(all, 8);
            neural_liftings(&b->neural, &x, step, lifting);
            for (size_t i = 0; i < all; i++)
                v[i] = u[i % n] + lifting[i];
            /* towards the solution by sweeps: what the loss `sweep` would have them be */
            struct bench *s =
                k ? b
                  : bench(problems[p],
                          "{name: fno, precision: float64, width: 2, layers: 1, modes: 2}",
                          losses[1], 1);
            const struct grid_loss *sweep = (const struct grid_loss *)s->loss;
            const struct exec y = exec_host(s->work, s->loss->nwork);
            assert_int_equal(grid_loss_value(g, &x, 3, 1.0, u, v, dv, &first), 0);
            for (int it = 0; it < 400; it++) {
                double unused_value = 0;
                assert_int_equal(grid_loss_value(sweep, &y, 3, 1.0, u, v, dv, &unused_value), 0);
                for (size_t i = 0; i < all; i++) {
                    const double scale = c->scale[2][i % n / c->points];
                    v[i] -= dv[i] * (double)all * scale * scale /
                            2.0; /* dv = 2/(scale^2 all) (v - v') */
                }
            }
            assert_int_equal(grid_loss_value(g, &x, 3, 1.0, u, v, dv, &last), 0);
            assert_true(first > 1e-4);
            assert_true(last < 1e-20 * first);
            /* and the end of the step is the solution: compare with many small steps */
            struct config *config;
            struct reference fine;
            struct problem *copy;
            char text[512];
            snprintf(text, sizeof text, "problem: %s\nfine: {name: %s, steps: 200}", problems[p],
                     p == 1 ? "mcs_adi" : "crank_nicolson, rannacher: 0");
            assert_int_equal(config_parse(&config, "test", text), 0);
            assert_int_equal(problem_create(&copy, config_child(config_root(config), "problem")),
                             0);
            assert_int_equal(reference_create(&fine, copy, &b->setup.samples,
                                              config_child(config_root(config), "fine")),
                             0);
            double *w = calloc(n, 8), *work = aligned_alloc(64, (fine.stepper->nwork + 8) * 64),
                   sums[3];
            const struct exec z = exec_host(work, fine.stepper->nwork);
            assert_int_equal(reference_advance(&fine, &z, step, u, w), 0);
            vec_distance(&z, n, w, v + 2 * n, sums);
            assert_true(sqrt(sums[0] / sums[1]) < 2e-4);
            reference_destroy(&fine);
            problem_destroy(&copy);
            config_destroy(&config);
            if (s != b)
                bench_free(s);
            free(u);
            free(v);
            free(dv);
            free(lifting);
            free(w);
            free(work);
            bench_free(b);
        }
}

/* rows of given boundary values do not count, and get no gradient */
static void given_rows_do_not_count(void **unused)
{
    (void)unused;
    struct bench *b = bench("{name: black_scholes, grid: 17}", FNO1, "{name: collocation}", 1);
    const struct grid_loss *g = (const struct grid_loss *)b->loss;
    const struct exec x = exec_host(b->work, b->loss->nwork);
    double u[17], v[34], dv[34], before = 0, after = 0;
    assert_int_equal(samples_state(&b->setup.samples, 0, u), 0);
    randomise(v, 34, 1);
    assert_int_equal(grid_loss_value(g, &x, 0, 1.0, u, v, dv, &before), 0);
    u[0] += 1;
    u[16] -= 3;
    assert_int_equal(grid_loss_value(g, &x, 0, 1.0, u, v, dv, &after), 0);
    assert_true(before == after);
    u[8] += 1;
    after = 0;
    assert_int_equal(grid_loss_value(g, &x, 0, 1.0, u, v, dv, &after), 0);
    assert_true(before != after);
    bench_free(b);
}

/* the error of a network that says 0 everywhere is that of doing nothing, against the scheme */
static void data_is_a_relative_error(void **unused)
{
    (void)unused;
    struct bench *b = bench("{name: heat, grid: 32, diffusivity: 0.02}",
                            "{name: fno, precision: float64, width: 2, layers: 1, modes: 2}",
                            "{name: data, propagator: {name: exact}}", 1);
    double *g = aligned_alloc(64, b->network->nparams * 8), u[32], work[1024], w[32], sums[3];
    memset(b->network->params, 0, b->network->nparams * 8);
    for (unsigned long i = 0; i < 4; i++) {
        const struct exec x = exec_host(work, 1024);
        const struct interval step = samples_step(&b->setup.samples, i);
        assert_int_equal(samples_state(&b->setup.samples, i, u), 0);
        b->problem->kernels[DEV_CPU]->exact_step(b->problem, &x, interval_t0(step),
                                                 interval_dt(step), u, w);
        vec_distance(&x, 32, w, u, sums);
        assert_near(loss_of(b, i, 1, 3.0, b->network->params, g), 3.0 * sqrt(sums[0] / sums[1]),
                    1e-12);
    }
    free(g);
    bench_free(b);
}

/* predicted changes have about the size that their scale says, without data */
static void scales_fit(void **unused)
{
    (void)unused;
    static const struct {
        const char *problem, *fine;
    } rows[] = { { "{name: black_scholes, grid: 33}", "{name: crank_nicolson, steps: 20}" },
                 { "{name: black_scholes_2d, grid: [17, 17]}", "{name: mcs_adi, steps: 20}" },
                 { "{name: heat, grid: 32}", "{name: exact}" } };
    for (int r = 0; r < 3; r++) {
        char text[256];
        snprintf(text, sizeof text, "{name: data, propagator: %s}", rows[r].fine);
        struct bench *b =
            bench(rows[r].problem, "{name: fno, precision: float64, width: 2, layers: 1, modes: 2}",
                  text, 1);
        const struct codec *c = &b->network->codec;
        struct config *config;
        struct reference fine;
        assert_int_equal(config_parse(&config, "test", rows[r].fine), 0);
        assert_int_equal(
            reference_create(&fine, b->problem, &b->setup.samples, config_root(config)), 0);
        const size_t n = b->problem->n,
                     size = fine.stepper->nwork + neural_liftings_work(&b->neural) + n;
        double *u = calloc(3 * n, 8), *v = u + n, *lifting = v + n,
               *work = aligned_alloc(64, (size + 8) * 64), change = 0, sum = 0, square = 0;
        enum { COUNT = 40 };
        for (unsigned long i = 100; i < 100 + COUNT; i++) {
            const struct exec x = exec_host(work, size);
            const struct interval step = samples_step(&b->setup.samples, i);
            assert_int_equal(samples_state(&b->setup.samples, i, u), 0);
            assert_int_equal(reference_advance(&fine, &x, step, u, v), 0);
            neural_liftings(&b->neural, &x, step, lifting);
            for (size_t j = 0; j < n; j++) {
                change += pow(v[j] - u[j] - lifting[j], 2) / (double)(n * COUNT);
                sum += u[j] / (double)(n * COUNT);
                square += u[j] * u[j] / (double)(n * COUNT);
            }
        }
        const double std = sqrt(square - sum * sum);
        assert_true(c->scale[0][0] > 0.3 * sqrt(change) && c->scale[0][0] < 3 * sqrt(change));
        assert_true(c->std[0] > 0.5 * std && c->std[0] < 2 * std);
        assert_true(fabs(c->mean[0] - sum) < std);
        reference_destroy(&fine);
        config_destroy(&config);
        free(u);
        free(work);
        bench_free(b);
    }
}

/* samples are where they are, whatever came before; all slices are drawn */
static void samples_are_a_function_of_their_index(void **unused)
{
    (void)unused;
    struct bench *b = bench("{name: black_scholes, grid: 17}", FNO1, "{name: collocation}", 1);
    const struct samples *s = &b->setup.samples;
    int seen[3] = { 0 };
    double u[17], v[17], w[17];
    for (unsigned long i = 0; i < 60; i++)
        seen[samples_step(s, i).index]++;
    for (int k = 0; k < 3; k++)
        assert_in_range(seen[k], 8, 40);
    samples_state(s, 9, u);
    samples_state(s, 10, w);
    samples_state(s, 9, v);
    assert_memory_equal(u, v, sizeof u);
    assert_memory_not_equal(u, w, sizeof u);
    samples_perturbation(s, &b->network->codec, 9, 0.1, u);
    samples_perturbation(s, &b->network->codec, 9, 0.1, v);
    assert_memory_equal(u, v, sizeof u);
    assert_true(u[0] == 0 && u[16] == 0); /* boundary values are given */
    double largest = 0;
    for (int i = 0; i < 17; i++)
        largest = fmax(largest, fabs(u[i]));
    assert_true(largest > 0.01 * b->network->codec.std[0] &&
                largest < 0.5 * b->network->codec.std[0]);
    bench_free(b);
}

/* a validation of the network that does nothing: its error is that of the identity, its derivative
 * is 1 */
static void validation_knows_the_identity(void **unused)
{
    (void)unused;
    struct bench *b = bench("{name: heat, grid: 32, diffusivity: 0.001}",
                            "{name: fno, precision: float64, width: 2, layers: 1, modes: 2}",
                            "{name: data, propagator: {name: exact}}", 1);
    struct node *fine = config_child(config_child(config_root(b->config), "loss"), "propagator");
    struct validation v;
    struct samples other = b->setup.samples;
    const double bounds[] = { 0.25, 0.5 };
    other.seed++;
    memset(b->network->params, 0, b->network->nparams * 8);
    assert_int_equal(validation_create(&v, &b->neural, &other, fine, NULL, bounds, 1), 0);
    int inside = 0;
    for (int i = 0; i < 32; i++)
        inside += v.region[i] == 1.0;
    assert_int_equal(inside, 9); /* 8/32 .. 16/32 */
    double *truth = calloc(validation_truth_size(&v), 8),
           *work = aligned_alloc(64, (validation_work(&v) + 8) * 64);
    const struct exec x = exec_host(work, validation_work(&v));
    struct validation_facts facts;
    validation_truth(&v, &x, 0, truth);
    validation_compare(&v, &x, 0, b->network->params, truth, &facts);
    assert_true(facts.failed == 0.0);
    assert_near(facts.l2, facts.identity, 1e-15);
    assert_near(facts.region, facts.identity_region, 1e-15);
    assert_true(facts.l2 > 0 && facts.region > 0 && facts.l2 != facts.region);
    assert_true(facts.jacobian > 0 &&
                facts.jacobian < 0.3); /* of a smooth perturbation little decays */
    free(truth);
    free(work);
    validation_destroy(&v);
    bench_free(b);
}

static void wrong_input_is_refused(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {
        "{name: colocation}",
        "{}",
        "{name: collocation, nodes: {count: 20}}",
        "{name: collocation, nodes: {quadrature: gauss}}",
        "{name: collocation, nodes: {quadrature: lobatto}}",
        "{name: collocation, propagator: {name: exact}}",
        "{name: data}",
    };
    double tau[CODEC_NODES];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct config *c;
        assert_int_equal(config_parse(&c, "test", wrong[i]), 0);
        const struct loss_type *type = loss_find(config_root(c));
        assert_true(!type || type->nodes(config_root(c), tau) == -EINVAL);
        config_destroy(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_those_of_finite_differences),
        cmocka_unit_test(batches_are_sums),
        cmocka_unit_test(precisions_agree),
        cmocka_unit_test(differences_are_of_the_derivative),
        cmocka_unit_test(residuals_vanish_on_the_solution),
        cmocka_unit_test(given_rows_do_not_count),
        cmocka_unit_test(data_is_a_relative_error),
        cmocka_unit_test(scales_fit),
        cmocka_unit_test(samples_are_a_function_of_their_index),
        cmocka_unit_test(validation_knows_the_identity),
        cmocka_unit_test(wrong_input_is_refused),
    };
    log_open(1, true);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
