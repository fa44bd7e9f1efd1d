// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Training by tasks has the bits of a plain loop, on any number of workers and ranks, in one go or
 * in parts; it ends where a step fails, with what was good; a linear network learns a linear step.
 * Runs on any number of ranks. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/log.h"
#include "tasks/train.h"
#include "tests/near.h"

static struct spt run;

struct bench {
    struct config *config;
    struct problem *problem;
    struct network *network;
    struct neural neural;
    struct loss *loss;
    struct optimiser optimiser;
    struct validation validation;
    struct train_setup setup;
    double *work;
    long calls, at[64]; /* of checkpoint */
    long interrupt;     /* the call of checkpoint that is interrupted by the user; 0: none */
};

static int checkpoint(void *context, const struct train_state *s)
{
    struct bench *b = context;
    b->at[b->calls++] = s->done;
    const long shards =
        b->setup.options.shards; /* a launcher signals all ranks; here one that has a shard */
    if (b->calls == b->interrupt && run.rank == (run.ranks < shards ? run.ranks : shards) - 1)
        raise(SIGINT);
    return 0;
}

static const char
    heat[] = "{name: heat, grid: 16, diffusivity: 0.02}",
    option[] = "{name: black_scholes, grid: 17}",
    small[] = "{name: fno, width: 3, layers: 1, modes: 3, projection: [4]}",
    twice[] = "{name: fno, width: 3, layers: 1, modes: 3, projection: [4], precision: float64}";

static struct bench *bench(const char *problem, const char *network, const char *loss,
                           const char *optimiser, struct train_options o)
{
    struct bench *b = calloc(1, sizeof *b);
    char text[2048];
    double low[CODEC_COMPONENTS], high[CODEC_COMPONENTS];
    snprintf(text, sizeof text,
             "problem: %s\nnetwork: %s\nloss: %s\noptimiser: %s\nfine: {name: crank_nicolson, "
             "steps: 4}\n",
             problem, network, loss, optimiser);
    assert_int_equal(config_parse(&b->config, "test", text), 0);
    struct node *root = config_root(b->config), *l = config_child(root, "loss");
    const struct loss_type *type = loss_find(l);
    assert_int_equal(problem_create(&b->problem, config_child(root, "problem")), 0);
    snprintf(text, sizeof text, "%d", type->nodes(l, b->neural.tau));
    config_node_set(config_child(root, "network"), "nodes", text);
    assert_int_equal(network_create(&b->network, &b->problem->grid, neural_boundary(b->problem),
                                    config_child(root, "network")),
                     0);
    network_initialise(b->network, 3);
    b->neural.problem = b->problem;
    b->neural.network = b->network;
    struct samples samples = { b->problem, 0.0, 0.4, 3, 11 };
    const struct loss_setup setup = { &b->neural, samples,
                                      (size_t)((o.batch + o.shards - 1) / o.shards) };
    assert_int_equal(lesson_calibrate(&b->neural, &samples, 8, low, high), 0);
    assert_int_equal(loss_create(&b->loss, type, &setup, l), 0);
    assert_int_equal(optimiser_bind(&b->optimiser, config_child(root, "optimiser")), 0);
    samples.seed++;
    assert_int_equal(validation_create(&b->validation, &b->neural, &samples,
                                       config_child(root, "fine"), NULL, NULL, 0),
                     0);
    b->setup = (struct train_setup){ b->network, b->loss, &b->optimiser, &b->validation, o,
                                     checkpoint, b };
    b->work = aligned_alloc(64, (b->loss->nwork + 8) * 64);
    return b;
}

static void bench_free(struct bench *b)
{
    loss_destroy(&b->loss);
    validation_destroy(&b->validation);
    network_destroy(&b->network);
    problem_destroy(&b->problem);
    config_destroy(&b->config);
    free(b->work);
    free(b);
}

/* params (doubles as in a state) after so many steps, without tasks: shards are added in pairs */
static double plain(struct bench *b, long steps, double *params)
{
    const struct train_options *o = &b->setup.options;
    const struct network *net = b->network;
    const size_t P = net->nparams, size = gradient_size(net);
    double *g = aligned_alloc(64, (size_t)o->shards * size * 8),
           *state = calloc(update_state_size(&b->optimiser, net), 8), value[64], last = 0;
    memcpy(params, net->params, P * dtype_size(net->dtype));
    for (long step = 0; step < steps; step++) {
        struct optimiser_step done;
        for (long i = 0; i < o->shards; i++) {
            const long from = i * o->batch / o->shards, to = (i + 1) * o->batch / o->shards,
                       first = b->optimiser.type->full_batch ? 0 : step * o->batch;
            const struct exec x = exec_host(b->work, b->loss->nwork);
            value[i] = 0;
            memset(g + (size_t)i * size, 0, size * 8);
            assert_int_equal(b->loss->gradient(b->loss, &x, (unsigned long)(first + from),
                                               (size_t)(to - from), 1.0 / (double)o->batch, params,
                                               g + (size_t)i * size, &value[i]),
                             0);
        }
        for (long d = 1; d < o->shards; d *= 2)
            for (long i = 0; i + d < o->shards; i += 2 * d) {
                double *a = g + (size_t)i * size, *c = g + (size_t)(i + d) * size;
                if (net->dtype == DTYPE_F32)
                    add_f32(P, (float *)a, (float *)c);
                else
                    add_f64(P, a, c);
                value[i] += value[i + d];
            }
        assert_true(optimiser_update(&b->optimiser, net->dtype, P, step, o->steps, value[0], params,
                                     g, state, &done));
        last = done.loss;
    }
    free(g);
    free(state);
    return last;
}

static const struct {
    const char *problem, *network, *loss, *optimiser;
    long batch, shards;
} cases[] = {
    { heat, small, "{name: collocation}",
      "{name: adam, schedule: {name: step, every: 5, warmup: 3}}", 7, 3 },
    { heat, twice, "{name: collocation, nodes: {count: 1}}", "{name: lbfgs}", 4, 4 },
    { option, small, "{name: sweep}", "{name: adamw, clip: 0.5}", 5, 5 },
    { option, small, "{name: data, propagator: {name: crank_nicolson, steps: 3}}",
      "{name: lbfgs, history: 3}", 6, 1 },
    { option, twice, "{name: collocation}", "{name: adam}", 4, 2 },
};
enum { CASES = sizeof cases / sizeof *cases, STEPS = 20 };

static struct bench *bench_of(int c)
{
    const struct train_options o = { STEPS, cases[c].batch, cases[c].shards, 3, 8, 6, 1e4 };
    return bench(cases[c].problem, cases[c].network, cases[c].loss, cases[c].optimiser, o);
}

/* ranks wait for each other in every step, and here they share cores */
static bool few(void)
{
    return run.ranks > 1;
}

static void has_the_bits_of_a_loop(void **unused)
{
    (void)unused;
    for (int c = 0; c < CASES; c += few() ? 3 : 1) {
        struct bench *b = bench_of(c);
        struct train_state s;
        struct train_failure f;
        assert_int_equal(train_state_create(&s, b->network, &b->optimiser, STEPS), 0);
        double *params = calloc(s.nparams, sizeof *params);
        assert_int_equal(train(&run, &b->setup, &s, &f), 0);
        assert_int_equal(f.status, TRAIN_DONE);
        assert_int_equal(s.done, STEPS);
        const double last = plain(b, STEPS, params);
        if (run.rank == 0)
            assert_memory_equal(s.params, params,
                                b->network->nparams * dtype_size(b->network->dtype));
        assert_true(s.entry[STEPS - 1].loss == last);
        assert_true(s.entry[STEPS - 1].loss != s.entry[0].loss);
        /* checkpoints after 6, 12, 18 and 20 steps, validations after 8, 16 and 20 */
        assert_int_equal(b->calls, 4);
        assert_true(b->at[0] == 6 && b->at[2] == 18 && b->at[3] == 20);
        assert_int_equal(s.validations, 3);
        assert_true(s.validation[0].step == 8 && s.validation[2].step == 20);
        assert_true(s.validation[2].facts.l2 > 0 && s.validation[2].facts.jacobian > 0);
        free(params);
        train_state_free(&s);
        bench_free(b);
    }
}

/* n steps, then the rest from what the first part left: nothing tells it from one go */
static void parts_are_the_whole(void **unused)
{
    (void)unused;
    for (int c = 0; c < CASES; c += few() ? 2 : 1)
        for (long n = few() ? 7 : 1; n < STEPS; n += few() ? STEPS : c == 0 ? 1 : 9) {
            struct bench *b = bench_of(c);
            struct train_state whole, part;
            struct train_failure f;
            assert_int_equal(train_state_create(&whole, b->network, &b->optimiser, STEPS), 0);
            assert_int_equal(train_state_create(&part, b->network, &b->optimiser, STEPS), 0);
            assert_int_equal(train(&run, &b->setup, &whole, &f), 0);
            struct train_setup first = b->setup;
            first.options.steps = n;
            assert_int_equal(train(&run, &first, &part, &f), 0);
            assert_int_equal(part.done, n);
            assert_int_equal(train(&run, &b->setup, &part, &f), 0);
            if (run.rank == 0) {
                assert_memory_equal(whole.params, part.params, whole.nparams * sizeof(double));
                assert_memory_equal(whole.state, part.state, whole.nstate * sizeof(double));
            }
            assert_memory_equal(whole.entry, part.entry, STEPS * sizeof *whole.entry);
            assert_int_equal(part.done, STEPS);
            train_state_free(&whole);
            train_state_free(&part);
            bench_free(b);
        }
}

/* ---------------------------------------------------------------- losses that fail */

static struct {
    long bad_sample; /* of the stream; -1: none */
    double growth;   /* of the loss per step */
} toy;

static int toy_gradient(const struct loss *l, const struct exec *x, unsigned long first,
                        size_t count, double weight, const void *params, void *dparams,
                        double *value)
{
    for (size_t i = 0; i < count; i++) {
        if ((long)(first + i) == toy.bad_sample)
            return 1 + (int)i;
        *value += weight * pow(toy.growth, (double)((first + i) / 4)); /* batch 4 */
        ((float *)dparams)[0] += (float)weight;
    }
    return 0;
}

static void toy_run(double growth, long bad, long steps, struct train_state *s,
                    struct train_failure *f, int expected)
{
    const struct train_options o = { steps, 4, 2, 0, 0, 10, 100.0 };
    struct bench *b = bench(heat, small, "{name: collocation}", "{name: adam}", o);
    toy.growth = growth;
    toy.bad_sample = bad;
    b->loss->gradient = toy_gradient;
    assert_int_equal(train_state_create(s, b->network, &b->optimiser, steps), 0);
    float first = ((float *)s->params)[0];
    assert_int_equal(train(&run, &b->setup, s, f), expected);
    if (run.rank == 0 &&
        expected ==
            -EDOM) { /* what the last checkpoint left: each step of Adam moved by the rate */
        const long kept = s->done / 10 * 10;
        assert_near(((float *)s->params)[0], first - 1e-3 * (double)kept,
                    1e-6 * (double)(kept + 1));
    }
    bench_free(b);
}

static void failures_are_named(void **unused)
{
    (void)unused;
    struct train_state s;
    struct train_failure f;
    toy_run(1.0, 4 * 25 + 3, 60, &s, &f, -EDOM);
    assert_int_equal(f.status, TRAIN_FAILED);
    assert_int_equal(f.step, 25);
    assert_int_equal(f.sample, 3);
    assert_int_equal(s.done, 25);
    train_state_free(&s);
    if (few())
        return;
    toy_run(1.3, -1, 60, &s, &f, -EDOM); /* 1.3^17 = 86, 1.3^18 = 112 */
    assert_int_equal(f.status, TRAIN_DIVERGED);
    assert_int_equal(f.step, 18);
    assert_int_equal(s.done, 18);
    assert_near(f.loss, pow(1.3, 18), 1e-9);
    train_state_free(&s);
    toy_run(NAN, -1, 60, &s, &f, -EDOM); /* NAN^0 = 1 */
    assert_int_equal(f.status, TRAIN_NONFINITE);
    assert_int_equal(f.step, 1);
    train_state_free(&s);
    toy_run(1.0, -1, 60, &s, &f, 0);
    assert_int_equal(s.done, 60);
    train_state_free(&s);
}

/* ---------------------------------------------------------------- it learns */

/* One Fourier layer and nothing else can be an implicit Euler step of the heat equation, mode by
 * mode, and becomes one without having seen it */
static void a_linear_network_learns_a_linear_step(void **unused)
{
    (void)unused;
    if (few())
        return;
    const struct train_options o = { 400, 12, 4, 0, 0, 0, 0 };
    struct bench *b =
        bench("{name: heat, grid: 16, diffusivity: 0.02}",
              "{name: fno, width: 1, layers: 1, modes: 8, projection: [], activation: identity, "
              "bias: false, "
              "coordinates: false, precision: float64}",
              "{name: collocation, nodes: {count: 1}}", "{name: lbfgs, history: 30}", o);
    struct train_state s;
    struct train_failure f;
    network_initialise(b->network, 1);
    assert_int_equal(train_state_create(&s, b->network, &b->optimiser, 400), 0);
    assert_int_equal(train(&run, &b->setup, &s, &f), 0);
    assert_true(s.entry[0].loss > 1e-2);
    assert_true(s.entry[399].loss < 1e-20);
    if (run.rank == 0) {
        double *work = aligned_alloc(64, (neural_work(&b->neural) + b->problem->nwork + 8) * 64),
               u[16], v[16], w[16];
        const struct exec x = exec_host(work, neural_work(&b->neural) + b->problem->nwork);
        const struct interval step = { 0.0, 0.4, 0, 3 };
        optimiser_result(&b->optimiser, DTYPE_F64, b->network->nparams, s.state, s.params);
        for (int i = 0; i < 16; i++) /* none of the samples */
            u[i] = sin(2 * M_PI * 3 * i / 16.0) + 0.5 * cos(2 * M_PI * i / 16.0);
        neural_step(&b->neural, &x, step, s.params, u, v);
        for (int i = 0; i < 16; i++) {
            const double dt = 0.4 / 3, k3 = 36 * M_PI * M_PI, k1 = 4 * M_PI * M_PI;
            w[i] = sin(2 * M_PI * 3 * i / 16.0) / (1 + 0.02 * dt * k3) +
                   0.5 * cos(2 * M_PI * i / 16.0) / (1 + 0.02 * dt * k1);
            assert_near(v[i], w[i], 1e-9);
        }
        free(work);
    }
    train_state_free(&s);
    bench_free(b);
}

/* ---------------------------------------------------------------- the last one: nothing runs after
 * an interrupt */

static void interrupts_leave_whole_steps(void **unused)
{
    (void)unused;
    struct bench *b = bench_of(0);
    struct train_state s;
    struct train_failure f;
    b->interrupt = 2; /* after 12 steps, on one rank */
    assert_int_equal(train_state_create(&s, b->network, &b->optimiser, STEPS), 0);
    double *params = calloc(s.nparams, sizeof *params);
    assert_int_equal(train(&run, &b->setup, &s, &f), -ECANCELED);
    assert_int_equal(f.status, TRAIN_SKIPPED);
    assert_int_equal(s.done, 12);
    assert_int_equal(b->calls, 3);
    assert_int_equal(b->at[2], 12);
    plain(b, s.done, params);
    if (run.rank == 0)
        assert_memory_equal(s.params, params, b->network->nparams * sizeof(float));
    free(params);
    train_state_free(&s);
    bench_free(b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_bits_of_a_loop),
        cmocka_unit_test(parts_are_the_whole),
        cmocka_unit_test(failures_are_named),
        cmocka_unit_test(a_linear_network_learns_a_linear_step),
        cmocka_unit_test(interrupts_leave_whole_steps),
    };
    const struct spt_options o = { .cpus = 2, .gpus = 0 };
    assert_int_equal(spt_open_mpi(&run, &argc, &argv, false), 0);
    log_open(1, true);
    assert_int_equal(spt_open(&run, &o), 0);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    spt_close(&run);
    return failed != 0;
}
