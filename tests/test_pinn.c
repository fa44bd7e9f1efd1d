// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The loss pinn: the function that it derives is what the codec makes of the network; its value is
 * that of the differential equation with derivatives by finite differences; its gradient is that of
 * its value; float32 agrees; sums do not depend on how samples are grouped; what it cannot be made
 * for. */
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
#include "tests/near.h"

enum { SAMPLES = 3, SLICES = 4, POINTS = 16, SENSORS = 5, CHANNELS = 4 + SENSORS };

struct fixture {
    struct config *config;
    struct problem *problem;
    struct network *network;
    struct neural neural;
    struct loss *loss;
    struct exec x;
    double *work;
    void *gradient;
    bool put;
};

static double *zeros(size_t doubles)
{
    double *v = aligned_alloc(64, exec_round(doubles) * sizeof *v);
    assert_non_null(v);
    memset(v, 0, exec_round(doubles) * sizeof *v);
    return v;
}

static const struct loss_setup *setup(struct fixture *f)
{
    static struct loss_setup s;
    s = (struct loss_setup){
        .neural = &f->neural,
        .samples = { f->problem, 0, 1, SLICES, 7 },
        .batch = SAMPLES,
    };
    return &s;
}

/* 0, or what the loss's creation said */
static int open_fixture(struct fixture *f, const char *problem, const char *network,
                        const char *loss)
{
    char text[512];
    *f = (struct fixture){ 0 };
    snprintf(text, sizeof text,
             "problem: {name: black_scholes, grid: 41, domain: 400, rate: 0.3%s}\n"
             "network: {sensors: %d, %s}\nloss: {name: pinn, %s%s}\n",
             problem, SENSORS, network, strstr(loss, "points") ? "" : "points: 16, ", loss);
    assert_int_equal(config_parse(&f->config, "test", text), 0);
    struct node *root = config_root(f->config);
    assert_int_equal(problem_create(&f->problem, config_child(root, "problem")), 0);
    assert_int_equal(network_create(&f->network, &f->problem->grid, neural_boundary(f->problem),
                                    config_child(root, "network")),
                     0);
    struct codec *c = &f->network->codec;
    c->mean[0] = 90;
    c->std[0] = 120;
    c->scale[0][0] = 1.5;
    f->put = strstr(problem, "put");
    f->neural = (struct neural){ f->problem, f->network, { 1 } };
    struct node *config = config_child(root, "loss");
    const int err = loss_create(&f->loss, loss_find(config), setup(f), config);
    if (err)
        return err;
    f->work = zeros(f->loss->nwork);
    f->x = exec_host(f->work, f->loss->nwork);
    f->gradient = zeros(f->network->nparams);
    return 0;
}

static void close_fixture(struct fixture *f)
{
    loss_destroy(&f->loss);
    network_destroy(&f->network);
    problem_destroy(&f->problem);
    config_destroy(&f->config);
    free(f->work);
    free(f->gradient);
}

#define TANH "name: mlp, width: 12, layers: 2, activation: tanh, precision: float64"

/* ---- the function itself, written out in long double ---- */

struct function {
    const struct fixture *f;
    double *file[3]; /* weights (out, in), then biases, of the layers */
    unsigned long index;
};

static void open_function(struct function *v, const struct fixture *f, unsigned long index)
{
    const struct network *n = f->network;
    *v = (struct function){ .f = f, .index = index };
    assert_int_equal(n->nlayers, 3);
    assert_int_equal(n->dtype, DTYPE_F64);
    for (int i = 0; i < n->nlayers; i++) {
        const struct layer *l = n->layers[i];
        v->file[i] = zeros(l->nparams);
        l->unpack(l, 0, (double *)n->params + n->offset[i], v->file[i]);
        l->unpack(l, 1, (double *)n->params + n->offset[i], v->file[i] + l->tensors[0].count);
    }
}

static void close_function(struct function *v)
{
    for (int i = 0; i < 3; i++)
        free(v->file[i]);
}

/* u there, by its Taylor polynomial around x: jets are tested where they are made */
static long double state(const struct function *v, double x, long double away)
{
    const struct problem *p = v->f->problem;
    const struct samples *s = &v->f->loss->setup.samples;
    double jet[6];
    assert_int_equal(
        p->sample_at(p, s->seed, v->index, interval_t0(samples_step(s, v->index)), &x, jet), 0);
    return jet[0] + away * (jet[1] + away * jet[3] / 2);
}

/* the change of the boundary values, carried inside: of a call at S = 400, of a put at S = 0 */
static long double lifting(const struct function *v, long double theta, long double xi)
{
    const struct interval step = samples_step(&v->f->loss->setup.samples, v->index);
    const long double t0 = interval_t0(step), t = t0 + theta * interval_dt(step);
    const long double change = 100 * (expl(-0.3L * t) - expl(-0.3L * t0));
    return v->f->put ? (1 - xi) * change : -xi * change;
}

/* v(theta, x + away) */
static long double value(const struct function *v, long double theta, double x, long double away)
{
    const struct codec *c = &v->f->network->codec;
    const long double xi = (x + away) / 400, mean = c->mean[0], std = c->std[0];
    const long double u = state(v, x, away);
    long double h[2][CHANNELS + 12] = { { (u - mean) / std, lifting(v, 1, xi) / std } };
    for (size_t s = 0; s < SENSORS; s++)
        h[0][2 + s] = (state(v, 100 * (double)s, 0) - mean) / std; /* every 10th of 41 points */
    h[0][2 + SENSORS] = xi;
    h[0][3 + SENSORS] = theta;
    for (int l = 0; l < 3; l++) {
        const size_t *shape = v->f->network->layers[l]->tensors[0].shape;
        for (size_t o = 0; o < shape[0]; o++) {
            long double z = v->file[l][shape[0] * shape[1] + o];
            for (size_t i = 0; i < shape[1]; i++)
                z += v->file[l][o * shape[1] + i] * h[l % 2][i];
            h[(l + 1) % 2][o] = l < 2 ? tanhl(z) : z;
        }
    }
    return u + lifting(v, theta, xi) + theta * 4 * xi * (1 - xi) * c->scale[0][0] * h[1][0];
}

static void is_the_step_of_the_network(void **unused)
{
    (void)unused;
    struct fixture f;
    struct function v;
    assert_int_equal(open_fixture(&f, ", payoff: put", TANH, ""), 0);
    const size_t n = f.problem->n, nwork = neural_work(&f.neural);
    double *u = zeros(n), *w = zeros(n), *work = zeros(nwork);
    const struct exec x = exec_host(work, nwork);
    for (unsigned long index = 0; index < SAMPLES; index++) {
        const struct samples *s = &f.loss->setup.samples;
        open_function(&v, &f, index);
        assert_int_equal(samples_state(s, index, u), 0);
        neural_step(&f.neural, &x, samples_step(s, index), f.network->params, u, w);
        for (size_t i = 0; i < n; i++)
            assert_near(w[i], (double)value(&v, 1, f.problem->grid.x[0][i], 0), 1e-11);
        close_function(&v);
    }
    free(u);
    free(w);
    free(work);
    close_fixture(&f);
}

/* the square of the residual, by central differences of fourth order */
static double square(const struct function *v, double theta, double x)
{
    static const int at[] = { -2, -1, 1, 2 };
    static const long double slope[] = { 1, -8, 8, -1 }, curve[] = { -1, 16, 16, -1 };
    const long double h = 1e-3L, width = 0.2L, volatility = 0.4L, rate = 0.3L;
    const long double here = value(v, theta, x, 0);
    long double by_theta = 0, by_x = 0, by_x2 = -30 * here;
    for (int k = 0; k < 4; k++) {
        by_theta += slope[k] * value(v, theta + at[k] * h, x, 0);
        const long double beside = value(v, theta, x, at[k] * width);
        by_x += slope[k] * beside;
        by_x2 += curve[k] * beside;
    }
    by_theta /= 12 * h;
    by_x /= 12 * width;
    by_x2 /= 12 * width * width;
    const long double dt = 1.0L / SLICES, s = volatility * x;
    const long double q = by_theta - dt * (s * s / 2 * by_x2 + rate * x * by_x - rate * here);
    const long double scaled = q / v->f->network->codec.scale[0][0];
    return (double)(scaled * scaled);
}

static double loss_of(const struct fixture *f, unsigned long first, size_t count, double weight)
{
    double sum = 0;
    assert_int_equal(f->loss->gradient(f->loss, &f->x, first, count, weight, f->network->params,
                                       f->gradient, &sum),
                     0);
    return sum;
}

static void is_the_residual_of_the_equation(void **unused)
{
    (void)unused;
    static const char *const focus[] = { "", "focus: [80, 130]" };
    static const char *const payoff[] = { "", ", payoff: put" };
    for (int k = 0; k < 2; k++) {
        struct fixture f;
        struct function v;
        double theta[POINTS], xi[POINTS];
        assert_int_equal(open_fixture(&f, payoff[k], TANH, focus[k]), 0);
        for (unsigned long index = 0; index < SAMPLES; index++) {
            double sum = 0;
            open_function(&v, &f, index);
            loss_pinn_places(f.loss, index, theta, xi);
            for (int i = 0; i < POINTS; i++) {
                assert_true(theta[i] >= 0 && theta[i] < 1 && xi[i] >= 0 && xi[i] < 1);
                assert_true(k == 0 || i % 2 == 0 || (xi[i] >= 0.2 && xi[i] <= 0.325));
                sum += square(&v, theta[i], 400 * xi[i]) / POINTS;
            }
            assert_near(loss_of(&f, index, 1, 0.3), 0.3 * sum, 1e-6 * sum);
            close_function(&v);
        }
        close_fixture(&f);
    }
}

static void gradient_is_that_of_the_value(void **unused)
{
    (void)unused;
    static const char *const activations[] = { "tanh", "sin", "gelu" };
    for (int a = 0; a < 3; a++) {
        struct fixture f;
        char text[128];
        snprintf(text, sizeof text,
                 "name: mlp, width: 7, layers: 3, activation: %s, precision: float64",
                 activations[a]);
        assert_int_equal(open_fixture(&f, "", text, "focus: [50, 200]"), 0);
        const size_t n = f.network->nparams;
        double *found = zeros(n), *params = f.network->params, worst = 0, largest = 0;
        loss_of(&f, 4, SAMPLES, 0.5);
        memcpy(found, f.gradient, n * sizeof *found);
        for (size_t i = 0; i < n; i++) {
            const double here = params[i], h = 1e-3;
            double side[4];
            for (int k = 0; k < 4; k++) {
                params[i] = here + h * (double[]){ -2, -1, 1, 2 }[k];
                side[k] = loss_of(&f, 4, SAMPLES, 0.5);
            }
            params[i] = here;
            const double slope = (8 * (side[2] - side[1]) - (side[3] - side[0])) / (12 * h);
            worst = fmax(worst, fabs(slope - found[i]));
            largest = fmax(largest, fabs(slope));
        }
        assert_true(largest > 1e-3);
        assert_near(worst, 0, 1e-7 * largest);
        free(found);
        close_fixture(&f);
    }
}

static void float32_agrees(void **unused)
{
    (void)unused;
    struct fixture f[2];
    double value[2], largest = 0;
    for (int d = 0; d < 2; d++) {
        char text[128];
        snprintf(text, sizeof text, "name: mlp, width: 20, layers: 3, precision: %s",
                 d ? "float64" : "float32");
        assert_int_equal(open_fixture(&f[d], "", text, ""), 0);
        value[d] = loss_of(&f[d], 0, SAMPLES, 1);
    }
    const double *b = f[1].gradient;
    for (size_t i = 0; i < f[1].network->nparams; i++)
        largest = fmax(largest, fabs(b[i]));
    for (size_t i = 0; i < f[1].network->nparams; i++)
        assert_near((double)((float *)f[0].gradient)[i], b[i], 1e-5 * largest);
    assert_near(value[0], value[1], 1e-5 * value[1]);
    for (int d = 0; d < 2; d++)
        close_fixture(&f[d]);
}

static void grouping_does_not_matter(void **unused)
{
    (void)unused;
    struct fixture f[2];
    double value[2] = { 0 };
    for (int d = 0; d < 2; d++)
        assert_int_equal(open_fixture(&f[d], "", "name: mlp, width: 20, layers: 3", ""), 0);
    for (int d = 0; d < 2; d++)
        for (unsigned long i = 0; i < SAMPLES; i += d ? 1 : SAMPLES)
            f[d].loss->gradient(f[d].loss, &f[d].x, i, d ? 1 : SAMPLES, 0.25, f[d].network->params,
                                f[d].gradient, &value[d]);
    assert_true(value[0] == value[1]);
    assert_memory_equal(f[0].gradient, f[1].gradient, f[0].network->nparams * sizeof(float));
    for (int d = 0; d < 2; d++)
        close_fixture(&f[d]);
}

static void says_what_it_cannot_do(void **unused)
{
    (void)unused;
    static const struct {
        const char *problem, *network, *loss, *expected;
    } rows[] = {
        { "", "name: mlp, activation: relu", "", "relu has no second derivative" },
        { "", "name: mlp, predict: state", "", "predicts the increment" },
        { ", concentration: 0.2", "name: mlp", "", "expected an equidistant grid" },
        { ", boundary: linear", "name: mlp", "", "boundary values in both ends" },
        { "", "name: mlp", "focus: [100]", "expected [lower, upper] within [0, 400]" },
        { "", "name: mlp", "focus: [100, 500]", "expected [lower, upper] within [0, 400]" },
        { "", "name: mlp", "points: 40", "expected a multiple of 16, got 40" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char said[1024] = "";
        struct fixture f;
        FILE *into = tmpfile();
        const int terminal = dup(2);
        fflush(stderr);
        assert_true(into && dup2(fileno(into), 2) == 2);
        const int err = open_fixture(&f, rows[i].problem, rows[i].network, rows[i].loss);
        fflush(stderr);
        dup2(terminal, 2);
        close(terminal);
        rewind(into);
        said[fread(said, 1, sizeof said - 1, into)] = '\0';
        fclose(into);
        assert_true(err < 0);
        if (!strstr(said, rows[i].expected) || strchr(said, '\n') != said + strlen(said) - 1)
            fail_msg("expected one line with '%s', found: %s", rows[i].expected, said);
        close_fixture(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_step_of_the_network),
        cmocka_unit_test(is_the_residual_of_the_equation),
        cmocka_unit_test(gradient_is_that_of_the_value),
        cmocka_unit_test(float32_agrees),
        cmocka_unit_test(grouping_does_not_matter),
        cmocka_unit_test(says_what_it_cannot_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
