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

enum { SAMPLES = 3, SLICES = 4, POINTS = 16, CHANNELS = 32 };

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
             "network: {name: mlp, %s}\nloss: {name: pinn, %s%s}\n",
             problem, network, strstr(loss, "points") ? "" : "points: 16, ", loss);
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

/* what they see: fixed places; neighbours, up to behind the ends; both */
static const struct sight {
    const char *problem, *network, *loss;
} sights[] = {
    { "", "sensors: 5", "waves: 0" },
    { ", payoff: put", "sensors: 0, stencil: [1, 3, 12]", "focus: [80, 130], limit: 0.2" },
    { "", "sensors: 3, stencil: [2]", "focus: [380, 400], waves: 0.5" },
};
enum { SIGHTS = sizeof sights / sizeof *sights };

static void open_sight(struct fixture *f, const struct sight *s)
{
    char text[128];
    snprintf(text, sizeof text, "%s, width: 12, layers: 2, precision: float64", s->network);
    assert_int_equal(open_fixture(f, s->problem, text, s->loss), 0);
}

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

/* u near xi, by its Taylor polynomial around it */
static long double near(const struct function *v, double xi, long double away)
{
    double jet[3], work[7];
    assert_int_equal(loss_pinn_states(v->f->loss, v->index, 1, &xi, jet, work), 0);
    return jet[0] + away * (jet[1] + away * jet[2] / 2);
}

/* and behind the ends */
static long double state(const struct function *v, double xi, long double away)
{
    return xi < 0   ? 2 * near(v, 0, 0) - near(v, -xi, -away)
           : xi > 1 ? 2 * near(v, 1, 0) - near(v, 2 - xi, -away)
                    : near(v, xi, away);
}

/* the change of the boundary values, carried inside: of a call at S = 400, of a put at S = 0 */
static long double lifting(const struct function *v, long double theta, long double xi)
{
    const struct interval step = samples_step(&v->f->loss->setup.samples, v->index);
    const long double t0 = interval_t0(step), t = t0 + theta * interval_dt(step);
    const long double change = 100 * (expl(-0.3L * t) - expl(-0.3L * t0));
    return v->f->put ? (1 - xi) * change : -xi * change;
}

/* v(theta, xi + away) */
static long double value(const struct function *v, long double theta, double xi, long double away)
{
    const struct codec *c = &v->f->network->codec;
    const long double at = xi + away, mean = c->mean[0], std = c->std[0], u = state(v, xi, away);
    long double h[2][CHANNELS];
    size_t channel = 0;
    h[0][channel++] = (u - mean) / std;
    h[0][channel++] = lifting(v, 1, at) / std;
    for (size_t s = 0; s < c->sensors; s++)
        h[0][channel++] = (state(v, (double)s / (double)(c->sensors - 1), 0) - mean) / std;
    for (int d = 0; d < c->distances; d++) {
        const double width = c->distance[d] / 40.0;
        const long double up = state(v, xi + width, away), down = state(v, xi - width, away);
        h[0][channel++] = (up - down) / (2 * width * std);
        h[0][channel++] = (up - 2 * u + down) / (width * std);
    }
    h[0][channel++] = at;
    h[0][channel++] = theta;
    assert_int_equal(channel, c->in_channels);
    for (int l = 0; l < 3; l++) {
        const size_t *shape = v->f->network->layers[l]->tensors[0].shape;
        for (size_t o = 0; o < shape[0]; o++) {
            long double z = v->file[l][shape[0] * shape[1] + o];
            for (size_t i = 0; i < shape[1]; i++)
                z += v->file[l][o * shape[1] + i] * h[l % 2][i];
            h[(l + 1) % 2][o] = l < 2 ? tanhl(z) : z;
        }
    }
    return u + lifting(v, theta, at) + theta * 4 * at * (1 - at) * c->scale[0][0] * h[1][0];
}

static void is_the_step_of_the_network(void **unused)
{
    (void)unused;
    for (int k = 0; k < SIGHTS; k++) {
        struct fixture f;
        struct function v;
        open_sight(&f, &sights[k]);
        const size_t n = f.problem->n, nwork = neural_work(&f.neural);
        double *u = zeros(n), *w = zeros(n), *xi = zeros(n), *jets = zeros(3 * n),
               *work = zeros(nwork + 7 * n);
        const struct exec x = exec_host(work, nwork);
        for (size_t i = 0; i < n; i++)
            xi[i] = (double)i / (double)(n - 1);
        for (unsigned long index = 0; index < SAMPLES; index++) {
            const struct interval step = samples_step(&f.loss->setup.samples, index);
            open_function(&v, &f, index);
            assert_int_equal(loss_pinn_states(f.loss, index, n, xi, jets, work), 0);
            for (size_t i = 0; i < n; i++)
                u[i] = jets[3 * i];
            neural_step(&f.neural, &x, step, f.network->params, u, w);
            for (size_t i = 0; i < n; i++)
                assert_near(w[i], (double)value(&v, 1, xi[i], 0), 1e-10);
            close_function(&v);
        }
        free(u);
        free(w);
        free(xi);
        free(jets);
        free(work);
        close_fixture(&f);
    }
}

/* The problem's states, and waves on top that vanish in the ends; derivatives are theirs. */
static void states_are_random_with_waves(void **unused)
{
    (void)unused;
    enum { COUNT = 41 };
    struct fixture f[2];
    double xi[3 * COUNT], jets[2][3 * COUNT][3], work[7 * 3 * COUNT], u[COUNT], largest = 0;
    const double h = 1e-5;
    assert_int_equal(open_fixture(&f[0], "", "sensors: 2", "waves: 0"), 0);
    assert_int_equal(open_fixture(&f[1], "", "sensors: 2", "waves: 0.2, cycles: 20"), 0);
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < 3; k++)
            xi[3 * i + k] = fmin(fmax(i / (COUNT - 1.0), h), 1 - h) + (k - 1) * h;
    for (unsigned long index = 0; index < 20; index++) {
        for (int w = 0; w < 2; w++) {
            loss_pinn_states(f[w].loss, index, 3 * COUNT, xi, jets[w][0], work);
            for (int i = 0; i < 3 * COUNT; i += 3)
                for (int d = 0; d < 2; d++)
                    assert_near(jets[w][i + 1][d + 1],
                                (jets[w][i + 2][d] - jets[w][i][d]) / (2 * h),
                                1e-5 * (1 + fabs(jets[w][i + 1][d + 1]) + 1e4 * d));
        }
        samples_state(&f[0].loss->setup.samples, index, u);
        for (int i = 0; i < COUNT; i++) {
            const double wave = jets[1][3 * i + 1][0] - jets[0][3 * i + 1][0];
            largest = fmax(largest, fabs(wave));
            if (i > 0 && i + 1 < COUNT)
                assert_near(jets[0][3 * i + 1][0], u[i], 1e-11);
        }
        assert_near(jets[1][0][0], jets[0][0][0], 1e-12);
        assert_near(jets[1][3 * COUNT - 1][0], jets[0][3 * COUNT - 1][0], 1e-12);
    }
    assert_true(largest > 2 && largest < 0.2 * 120 * 5);
    for (int w = 0; w < 2; w++)
        close_fixture(&f[w]);
}

/* w q^2 by central differences of fourth order */
static double square(const struct function *v, double limit, double theta, double xi)
{
    static const int at[] = { -2, -1, 1, 2 };
    static const long double slope[] = { 1, -8, 8, -1 }, curve[] = { -1, 16, 16, -1 };
    const long double h = 1e-3L, width = 2e-4L, rate = 0.3L, s = 0.4L * xi, dt = 1.0L / SLICES;
    const long double here = value(v, theta, xi, 0), change = lifting(v, theta, xi);
    long double by_theta = 0, by_x = 0, by_x2 = -30 * here, moved = 0, u_x = 0, u_x2 = 0;
    for (int k = 0; k < 4; k++) {
        by_theta += slope[k] * value(v, theta + at[k] * h, xi, 0) / (12 * h);
        moved += slope[k] * lifting(v, theta + at[k] * h, xi) / (12 * h);
        const long double beside = value(v, theta, xi, at[k] * width);
        by_x += slope[k] * beside / (12 * width);
        by_x2 += curve[k] * beside;
        const long double before =
            state(v, xi, at[k] * width) + lifting(v, theta, xi + at[k] * width);
        u_x += slope[k] * before / (12 * width);
        u_x2 += curve[k] * before;
    }
    by_x2 /= 12 * width * width;
    u_x2 = (u_x2 - 30 * (state(v, xi, 0) + change)) / (12 * width * width);
    const long double scale = v->f->network->codec.scale[0][0];
    const long double q = by_theta - dt * (s * s / 2 * by_x2 + rate * (xi * by_x - here));
    const long double alone =
        moved - dt * (s * s / 2 * u_x2 + rate * (xi * u_x - (state(v, xi, 0) + change)));
    const long double excess = alone / scale / limit;
    return (double)(q * q / (scale * scale) / (1 + excess * excess));
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
    for (int k = 0; k < SIGHTS; k++) {
        static const double low[] = { 0, 0.2, 0.95 }, high[] = { 1, 0.325, 1 },
                            limit[] = { 5, 0.2, 5 };
        struct fixture f;
        struct function v;
        double theta[POINTS], xi[POINTS];
        open_sight(&f, &sights[k]);
        for (unsigned long index = 0; index < SAMPLES; index++) {
            double sum = 0;
            open_function(&v, &f, index);
            loss_pinn_places(f.loss, index, theta, xi);
            for (int i = 0; i < POINTS; i++) {
                assert_true(theta[i] >= 0 && theta[i] < 1 && xi[i] >= 0 && xi[i] < 1);
                assert_true(i % 2 == 0 || (xi[i] >= low[k] && xi[i] <= high[k]));
                sum += square(&v, limit[k], theta[i], xi[i]) / POINTS;
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
        snprintf(
            text, sizeof text,
            "sensors: 3, stencil: [1, 5], width: 7, layers: 3, activation: %s, precision: float64",
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
        snprintf(text, sizeof text,
                 "sensors: 5, stencil: [1, 5], width: 20, layers: 3, precision: %s",
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
        assert_int_equal(open_fixture(&f[d], "", "sensors: 5, width: 20, layers: 3", ""), 0);
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
        { "", "activation: relu", "", "relu has no second derivative" },
        { "", "predict: state", "", "predicts the increment" },
        { ", concentration: 0.2", "sensors: 16", "", "expected an equidistant grid" },
        { ", boundary: linear", "sensors: 16", "", "boundary values in both ends" },
        { "", "sensors: 16", "focus: [100]", "expected [lower, upper] within [0, 400]" },
        { "", "sensors: 16", "focus: [100, 500]", "expected [lower, upper] within [0, 400]" },
        { "", "sensors: 16", "points: 40", "expected a multiple of 16, got 40" },
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
        cmocka_unit_test(states_are_random_with_waves),
        cmocka_unit_test(is_the_step_of_the_network),
        cmocka_unit_test(is_the_residual_of_the_equation),
        cmocka_unit_test(gradient_is_that_of_the_value),
        cmocka_unit_test(float32_agrees),
        cmocka_unit_test(grouping_does_not_matter),
        cmocka_unit_test(says_what_it_cannot_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
