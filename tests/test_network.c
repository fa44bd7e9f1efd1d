// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Networks: published numbers of parameters; outputs of PyTorch (tests/data) in both precisions;
 * error lines of configs; initial values; stages, batches and backward agree with the whole;
 * weights come back from files to the last bit, and files of other networks are refused.
 *
 * test_network write FILE: a file for Python to read. test_network check NAME FILE: weights in FILE
 * against NAME's outputs. */
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

#include "nn/network.h"
#include "nn/safetensors.h"
#include "tests/near.h"

static char said[1 << 14];
static int saved = -1;
static FILE *heard;

/* between these two, what goes to stderr goes to `said` */
static void listen_begin(void)
{
    fflush(stderr);
    saved = dup(STDERR_FILENO);
    heard = tmpfile();
    assert_non_null(heard);
    dup2(fileno(heard), STDERR_FILENO);
}

static void listen_end(void)
{
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(heard);
    said[fread(said, 1, sizeof said - 1, heard)] = '\0';
    fclose(heard);
}

struct grid_shape {
    int dims, components;
    size_t points[3];
    bool periodic[3];
};

static struct grid make_grid(const struct grid_shape *s)
{
    static const char *const names[] = { "x", "y", "z" };
    struct grid g = { .components = s->components };
    for (int a = 0; a < s->dims; a++)
        assert_int_equal(grid_axis(&g, a, names[a], s->points[a], 0, 1, s->periodic[a]), 0);
    return g;
}

/* of a config in one line: {name: fno, ...} */
static int try_network(struct network **n, const struct grid *g, bool boundary, const char *yaml)
{
    struct config *c = NULL;
    int err = config_parse(&c, "test.yaml", yaml);
    if (!err)
        err = network_create(n, g, boundary, config_root(c));
    config_destroy(&c);
    return err;
}

static struct network *make_network(const struct grid *g, bool boundary, const char *yaml)
{
    struct network *n;
    assert_int_equal(try_network(&n, g, boundary, yaml), 0);
    return n;
}

static double get(const struct network *n, const void *a, size_t i)
{
    return n->dtype == DTYPE_F32 ? (double)((const float *)a)[i] : ((const double *)a)[i];
}

static void *reals(const struct network *n, size_t count)
{
    void *a = aligned_alloc(64, (count + 16) / 16 * 16 * dtype_size(n->dtype));
    assert_non_null(a);
    memset(a, 0, (count + 16) / 16 * 16 * dtype_size(n->dtype));
    return a;
}

static double number(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-52 - 1;
}

static void *numbers(const struct network *n, size_t count)
{
    void *a = reals(n, count);
    for (size_t i = 0; i < count; i++)
        if (n->dtype == DTYPE_F32)
            ((float *)a)[i] = (float)number();
        else
            ((double *)a)[i] = number();
    return a;
}

static void forward(const struct network *n, int first, int last, size_t batch, const void *in,
                    void *out)
{
    const size_t work = network_forward_work(n, batch);
    double *scratch = aligned_alloc(64, exec_round(work + 1) * sizeof *scratch);
    assert_non_null(scratch);
    const struct exec x = exec_host(scratch, work);
    network_forward(n, &x, first, last, batch, n->params, in, out);
    free(scratch);
}

/* every parameter of a (float32) is that of b (float64), rounded; in the order of files, as kernels
 * have their own */
static void assert_rounded(const struct network *a, const struct network *b)
{
    assert_int_equal(a->dtype, DTYPE_F32);
    assert_int_equal(b->dtype, DTYPE_F64);
    for (int l = 0; l < a->nlayers; l++)
        for (int i = 0; i < a->layers[l]->ntensors; i++) {
            const size_t count = a->layers[l]->tensors[i].count;
            float *v = reals(a, count);
            double *w = reals(b, count);
            a->layers[l]->unpack(a->layers[l], i, (float *)a->params + a->offset[l], v);
            b->layers[l]->unpack(b->layers[l], i, (double *)b->params + b->offset[l], w);
            for (size_t k = 0; k < count; k++)
                assert_true(v[k] == (float)w[k]);
            free(v);
            free(w);
        }
}

/* ---- counts ---- */

static void numbers_of_parameters_are_the_published_ones(void **state)
{
    (void)state;
    static const struct {
        struct grid_shape grid;
        const char *config;
        size_t parameters;
    } rows[] = {
        /* Li et al.'s fourier_1d.py and fourier_2d.py */
        { { 1, 1, { 1024 }, { true } },
          "{name: fno, width: 64, layers: 4, modes: 16, projection: [128]}",
          549569 },
        { { 2, 1, { 85, 85 }, { true, true } },
          "{name: fno, width: 32, layers: 4, modes: 12, projection: 128, pad: 9}",
          2368001 },
        /* "FNO-2D" of the paper, 414,517: it has ten states in time as input, here is one, and four
           batch normalisations */
        { { 2, 1, { 64, 64 }, { true, true } },
          "{name: fno, width: 20, layers: 4, modes: [8, 8], projection: [128]}",
          414517 - 9 * 20 - 4 * 2 * 20 },
        /* Rayleigh-Benard: u, w, p, b; cosines between the plates, and Fourier in both directions
         */
        { { 2, 4, { 256, 64 }, { true, false } },
          "{name: fno, width: 16, layers: 2, modes: 12, lifting: [64, 64, 64], bias: false, "
          "projection: [64, 64, 64], coordinates: false}",
          167316 },
        { { 2, 4, { 256, 64 }, { true, false } },
          "{name: fno, width: 16, layers: 2, modes: 12, lifting: [64, 64, 64], bias: false, "
          "projection: [64, 64, 64], coordinates: false, basis: fourier}",
          314772 },
        /* one state, its lifting, 16 sensors, a coordinate and the time: 20 inputs */
        { { 1, 1, { 201 }, { false } }, "{name: mlp}", 20 * 50 + 50 + 3 * 2550 + 51 },
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct grid g = make_grid(&rows[r].grid);
        struct network *n = make_network(&g, r == 5, rows[r].config);
        assert_int_equal(n->parameters, rows[r].parameters);
        assert_true(n->nparams >= n->parameters);
        network_destroy(&n);
        assert_null(n);
        grid_free(&g);
    }
}

static void stages_and_descriptions(void **state)
{
    (void)state;
    const struct grid_shape s = { 2, 2, { 16, 17 }, { true, false } };
    static const char *const names[] = { "lift", "fourier.0", "fourier.1", "project" };
    static const int firsts[] = { 0, 2, 3, 4 };
    struct grid g = make_grid(&s);
    struct network *n = make_network(
        &g, true,
        "{name: fno, layers: 2, width: 4, modes: [3, 5], lifting: 8, projection: [9, 10],"
        " nodes: 3, precision: float64}");
    assert_string_equal(n->kind, "fno");
    assert_int_equal(n->nstages, 4);
    assert_int_equal(n->nlayers, 7);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(n->stages[i].name, names[i]);
        assert_int_equal(n->stages[i].first, firsts[i]);
        assert_int_equal(n->stages[i].last, i < 3 ? firsts[i + 1] : 7);
    }
    assert_int_equal(n->codec.in_channels, 2 * 2 + 2);
    assert_int_equal(n->codec.out_channels, 2 * 3);
    for (int l = 0; l < n->nlayers; l++)
        assert_int_equal(n->offset[l] % 16, 0);
    /* what was not said is in the description */
    assert_non_null(strstr(n->description, "\"basis\": [\"fourier\", \"cosine\"]"));
    assert_non_null(strstr(n->description, "\"projection\": [9, 10]"));
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    network_describe(n, out);
    fclose(out);
    assert_non_null(strstr(text, "fno, float64: "));
    assert_non_null(
        strstr(text, "fourier.1.spectral           4 x 4 x 3 x 5 x 2                 480"));
    assert_non_null(
        strstr(text, "project.2.bias               6                                   6"));
    free(text);
    network_destroy(&n);
    grid_free(&g);
}

static void wrong_configs_have_their_line(void **state)
{
    (void)state;
    static const struct {
        struct grid_shape grid;
        const char *config, *line;
    } rows[] = {
        { { 1, 1, { 16 }, { true } },
          "{name: fnoo}",
          "test.yaml:1: name: unknown network 'fnoo', did you mean 'fno'? (known: fno, mlp)\n" },
        { { 1, 1, { 16 }, { true } },
          "{width: 3}",
          "test.yaml:1: name: expected the name of a network, for example fno\n" },
        { { 1, 1, { 16 }, { true } },
          "{name: fno, modes: 10}",
          "test.yaml:1: modes: expected at most 9 on axis 0 (fourier, 16 points), got 10\n" },
        { { 2, 1, { 16, 8 }, { false, false } },
          "{name: fno, modes: [16, 9]}",
          "test.yaml:1: modes: expected at most 8 on axis 1 (cosine, 8 points), got 9\n" },
        { { 2, 1, { 9, 9 }, { true, true } },
          "{name: fno, modes: [5, 5]}",
          "test.yaml:1: modes: expected at most 4 on axis 0 (fourier, 9 points), got 5\n" },
        { { 2, 1, { 16, 8 }, { true, true } },
          "{name: fno, modes: [1, 2, 3]}",
          "test.yaml:1: modes: expected 1 value or 2, one per axis, got 3 values\n" },
        { { 1, 1, { 16 }, { true } },
          "{name: fno, basis: sine, modes: 4}",
          "test.yaml:1: basis: unknown basis 'sine', did you mean 'cosine'? (known: fourier, "
          "cosine)\n" },
        { { 1, 1, { 16 }, { true } },
          "{name: fno, modes: 4, layers: 30, lifting: [4, 4]}",
          "test.yaml:1: layers: expected at most 32 layers, lifting and projection included, got "
          "35\n" },
        { { 1, 9, { 16 }, { true } },
          "{name: mlp}",
          "test.yaml:1: networks work on up to 8 components, this state has 9\n" },
        { { 3, 1, { 8, 8, 8 }, { true, true, true } },
          "{name: fno}",
          "test.yaml:1: networks work on grids of 1 or 2 axes, this one has 3\n" },
        { { 1, 1, { 16 }, { true } },
          "{name: mlp, sensors: 0}",
          "test.yaml:1: stencil: expected distances, where there are no sensors\n" },
        { { 1, 1, { 16 }, { true } },
          "{name: mlp, stencil: [1, 9]}",
          "test.yaml:1: stencil: expected at most 32 distances, each shorter than every axis (half "
          "of it if it is periodic)\n" },
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct grid g = make_grid(&rows[r].grid);
        struct network *n;
        listen_begin();
        const int err = try_network(&n, &g, false, rows[r].config);
        listen_end();
        assert_string_equal(said, rows[r].line);
        assert_int_equal(err, -EINVAL);
        assert_null(n);
        grid_free(&g);
    }
}

/* ---- initial values ---- */

static void initial_values_repeat_themselves(void **state)
{
    (void)state;
    const struct grid_shape s = { 1, 1, { 32 }, { true } };
    struct grid g = make_grid(&s);
    struct network *n =
        make_network(&g, false, "{name: fno, width: 32, modes: 8, precision: float64}");
    struct network *m =
        make_network(&g, false, "{name: fno, width: 32, modes: 8, precision: float32}");
    double *first = malloc(n->nparams * sizeof *first), starts[NETWORK_LAYERS * LAYER_TENSORS];
    int tensors = 0;
    assert_non_null(first);
    memcpy(first, n->params, n->nparams * sizeof *first);
    network_initialise(n, 7);
    assert_memory_not_equal(first, n->params, n->nparams * sizeof *first);
    for (int l = 0; l < n->nlayers; l++)
        for (int i = 0; i < n->layers[l]->ntensors; i++) {
            const struct tensor *t = &n->layers[l]->tensors[i];
            double sum = 0, squares = 0, start;
            double *v = malloc(t->count * sizeof *v);
            assert_non_null(v);
            n->layers[l]->unpack(n->layers[l], i, (double *)n->params + n->offset[l], v);
            start = (v[0] - t->low) / (t->high - t->low);
            for (int k = 0; k < tensors; k++) /* every tensor has draws of its own */
                assert_true(fabs(start - starts[k]) > 1e-9);
            starts[tensors++] = start;
            for (size_t k = 0; k < t->count; k++) {
                assert_true(v[k] >= t->low && v[k] < t->high);
                const double u = (v[k] - t->low) / (t->high - t->low) - 0.5;
                sum += u;
                squares += u * u;
            }
            if (t->count >= 1000) { /* uniform: mean 0, variance 1/12; five standard deviations */
                const double k = (double)t->count;
                assert_near(sum / k, 0, 5 * sqrt(1 / (12 * k)));
                assert_near(squares / k, 1.0 / 12, 5 * sqrt(1 / (180 * k)));
            }
            free(v);
        }
    /* the first draw by Python's integers: SplitMix64 of 0 thrice, each time of the output before
     */
    network_initialise(n, 0);
    assert_memory_equal(first, n->params, n->nparams * sizeof *first);
    const struct layer *lift = n->layers[0];
    double *w = malloc(lift->tensors[0].count * sizeof *w);
    assert_non_null(w);
    lift->unpack(lift, 0, n->params, w);
    assert_true(w[0] == lift->tensors[0].low +
                            (lift->tensors[0].high - lift->tensors[0].low) * 0x1.1c13ade1c7e5cp-3);
    free(w);
    assert_rounded(m, n);
    free(first);
    network_destroy(&n);
    network_destroy(&m);
    grid_free(&g);
}

/* ---- PyTorch ---- */

static const struct {
    const char *name;
    struct grid_shape grid;
} fixtures[] = {
    { "fno_1d", { 1, 1, { 33 }, { false } } },
    { "fno_2d", { 2, 2, { 12, 15 }, { false, false } } },
    { "fno_mixed", { 2, 2, { 10, 9 }, { true, false } } },
};
enum { FIXTURES = sizeof fixtures / sizeof *fixtures };

static const char *data_path(const char *name, const char *kind, char path[256])
{
    const char *source = getenv("SPT_SOURCE");
    snprintf(path, 256, "%s/tests/data/%s%s.safetensors", source ? source : ".", name, kind);
    return path;
}

/* the largest difference to PyTorch's output for every state of the fixture, in one batch */
static double difference(const struct network *n, const char *name)
{
    char path[256];
    const struct codec *c = &n->codec;
    const size_t bytes = dtype_size(n->dtype);
    struct safetensors *io;
    assert_int_equal(safetensors_open(&io, data_path(name, "_io", path), NULL), 0);
    const struct safetensor *u = safetensors_find(io, "u"),
                            *expected =
                                safetensors_find(io, n->dtype == DTYPE_F32 ? "output32" : "output");
    const size_t batch = u->shape[0];
    assert_int_equal(u->count, batch * c->n);
    assert_int_equal(expected->count, batch * c->out);
    char *in = reals(n, batch * c->in), *out = reals(n, batch * c->out);
    const struct exec x = exec_host(NULL, 0);
    for (size_t b = 0; b < batch; b++)
        codec_encode(c, &x, (const double *)u->data + b * c->n, NULL, in + b * c->in * bytes);
    forward(n, 0, n->nlayers, batch, in, out);
    double most = 0;
    for (size_t i = 0; i < expected->count; i++) {
        const double d = fabs(get(n, out, i) - get(n, expected->data, i));
        most = d <= most ? most : d; /* NaN stays */
    }
    free(in);
    free(out);
    safetensors_close(&io);
    return most;
}

static void outputs_are_those_of_pytorch(void **state)
{
    (void)state;
    for (int f = 0; f < FIXTURES; f++) {
        char path[256], yaml[2048], *text;
        struct grid g = make_grid(&fixtures[f].grid);
        struct network *n;
        data_path(fixtures[f].name, "", path);
        assert_int_equal(network_open(&n, &g, false, path), 0);
        assert_int_equal(n->dtype, DTYPE_F64);
        assert_true(difference(n, fixtures[f].name) <= 1e-12);
        network_destroy(&n);

        assert_int_equal(network_meta(path, "network", &text), 0);
        assert_non_null(text);
        char *at = strstr(text, "float64"); /* the last key */
        assert_non_null(at);
        memcpy(at, "float32", 7);
        for (int transform = TRANSFORM_FFT; transform <= TRANSFORM_DENSE; transform++) {
            const char *before = strstr(text, "\"transform\": \"auto\"");
            if (before)
                snprintf(yaml, sizeof yaml, "%.*s\"transform\": \"%s\"%s", (int)(before - text),
                         text, transform_names[transform],
                         before + strlen("\"transform\": \"auto\""));
            else
                snprintf(yaml, sizeof yaml, "{\"transform\": \"%s\", %s",
                         transform_names[transform], text + 1);
            n = make_network(&g, false, yaml);
            assert_int_equal(network_load(n, path), 0);
            assert_true(difference(n, fixtures[f].name) <= 1e-5);
            network_destroy(&n);
        }
        free(text);
        grid_free(&g);
    }
}

/* ---- forward and backward ---- */

static const struct {
    struct grid_shape grid;
    const char *config;
} small[] = {
    { { 1, 2, { 12 }, { true } },
      "{name: fno, width: 5, layers: 2, modes: 3, lifting: 6, projection: 7,"
      " transform: dense, precision: float64}" },
    { { 2, 1, { 6, 7 }, { true, false } },
      "{name: fno, width: 3, layers: 2, modes: [2, 4], residual: true, activation: tanh, bias: "
      "false,"
      " pad: [0, 2], last_activation: true, nodes: 2, transform: dense, precision: float64}" },
    { { 1, 1, { 9 }, { false } },
      "{name: mlp, width: 6, layers: 2, sensors: 3, activation: sin, precision: float64}" },
};
enum { SMALL = sizeof small / sizeof *small, BATCH = 3 };

static void stages_and_batches_agree_with_the_whole(void **state)
{
    (void)state;
    for (int s = 0; s < SMALL; s++) {
        struct grid g = make_grid(&small[s].grid);
        struct network *n = make_network(&g, true, small[s].config);
        const size_t in = n->codec.in, out = n->codec.out;
        double *x = numbers(n, BATCH * in), *y = reals(n, BATCH * out), *z = reals(n, BATCH * out);
        forward(n, 0, n->nlayers, BATCH, x, y);
        for (size_t b = 0; b < BATCH; b++)
            forward(n, 0, n->nlayers, 1, x + b * in, z + b * out);
        assert_memory_equal(y, z, BATCH * out * sizeof *y);
        double *from = x;
        for (int t = 0; t < n->nstages; t++) {
            const struct stage *stage = &n->stages[t];
            double *to = reals(n, BATCH * n->layers[stage->last - 1]->out);
            forward(n, stage->first, stage->last, BATCH, from, to);
            if (from != x)
                free(from);
            from = to;
        }
        assert_memory_equal(y, from, BATCH * out * sizeof *y);
        free(from);
        free(x);
        free(y);
        free(z);
        network_destroy(&n);
        grid_free(&g);
    }
}

/* <dy, network(params + e d)> by central differences, against <gradient, d> */
static void backward_is_the_gradient(void **state)
{
    (void)state;
    for (int s = 0; s < SMALL; s++) {
        struct grid g = make_grid(&small[s].grid);
        struct network *n = make_network(&g, true, small[s].config);
        const size_t in = BATCH * n->codec.in, out = BATCH * n->codec.out;
        const size_t work = network_backward_work(n, BATCH);
        double *x = numbers(n, in), *y = reals(n, out), *dy = numbers(n, out),
               *weight = reals(n, out);
        double *kept = reals(n, BATCH * network_kept(n)), *gradient = reals(n, n->nparams);
        double *params = n->params, *direction = reals(n, n->nparams),
               *start = reals(n, n->nparams);
        double *scratch = aligned_alloc(64, exec_round(work + 1) * sizeof *scratch);
        double value[2] = { 0, 0 }, slope = 0;
        assert_non_null(scratch);
        const struct exec e = exec_host(scratch, work);
        memcpy(weight, dy, out * sizeof *dy);
        memcpy(start, params, n->nparams * sizeof *params);
        network_forward_keep(n, &e, BATCH, params, x, y, kept);
        double *same = reals(n, out);
        forward(n, 0, n->nlayers, BATCH, x, same);
        assert_memory_equal(same, y, out * sizeof *y);
        free(same);
        for (int l = 0; l < n->nlayers; l++) /* it is added */
            for (size_t i = 0; i < n->layers[l]->nparams; i++)
                gradient[n->offset[l] + i] = 1;
        network_backward(n, &e, BATCH, params, x, kept, dy, gradient);
        for (int l = 0; l < n->nlayers; l++)
            for (size_t i = 0; i < n->layers[l]->nparams; i++) {
                const size_t p = n->offset[l] + i;
                direction[p] = number();
                slope += (gradient[p] - 1) * direction[p];
            }
        const double h = 1e-5;
        for (int side = 0; side < 2; side++) {
            for (size_t p = 0; p < n->nparams; p++)
                params[p] = start[p] + (side ? h : -h) * direction[p];
            forward(n, 0, n->nlayers, BATCH, x, y);
            for (size_t i = 0; i < out; i++)
                value[side] += weight[i] * y[i];
        }
        assert_near((value[1] - value[0]) / (2 * h), slope, 1e-6 * fabs(slope) + 1e-8);
        assert_true(fabs(slope) > 1e-3);
        free(x);
        free(y);
        free(dy);
        free(weight);
        free(kept);
        free(gradient);
        free(direction);
        free(start);
        free(scratch);
        network_destroy(&n);
        grid_free(&g);
    }
}

/* ---- files ---- */

static char folder[] = "/tmp/starpint-test-XXXXXX";

static const char *in_folder(const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", folder, name);
    return path;
}

static void weights_come_back_from_files(void **state)
{
    (void)state;
    static const char *const meta[] = { "seed", "7", "note", "by hand", NULL };
    for (int s = 0; s < SMALL; s++) {
        char path[256], *text;
        struct grid g = make_grid(&small[s].grid);
        struct network *n = make_network(&g, true, small[s].config), *m;
        const size_t bytes = n->nparams * dtype_size(n->dtype);
        network_initialise(n, 7);
        n->codec.mean[0] = 1.0 / 3;
        n->codec.std[0] = 1e-17;
        n->codec.scale[n->codec.nodes - 1][0] = -5e300;
        in_folder("w.safetensors", path);
        assert_int_equal(network_save(n, NULL, path, meta), 0);
        assert_int_equal(network_open(&m, &g, true, path), 0);
        assert_string_equal(m->description, n->description);
        assert_memory_equal(m->params, n->params, bytes);
        assert_memory_equal(m->codec.mean, n->codec.mean, sizeof n->codec.mean);
        assert_memory_equal(m->codec.std, n->codec.std, sizeof n->codec.std);
        assert_memory_equal(m->codec.scale, n->codec.scale, sizeof n->codec.scale);
        network_initialise(m, 8);
        assert_int_equal(network_load(m, path), 0);
        assert_memory_equal(m->params, n->params, bytes);
        assert_int_equal(network_meta(path, "note", &text), 0);
        assert_string_equal(text, "by hand");
        free(text);
        assert_int_equal(network_meta(path, "nothing", &text), 0);
        assert_null(text);
        network_destroy(&m);
        network_destroy(&n);
        grid_free(&g);
        unlink(path);
    }
}

static void resolution_and_precision_may_change(void **state)
{
    (void)state;
    static const struct grid_shape shapes[] = { { 1, 1, { 16 }, { true } },
                                                { 1, 1, { 32 }, { true } } };
    char path[256];
    struct grid g = make_grid(&shapes[0]), fine = make_grid(&shapes[1]);
    struct network *n = make_network(&g, false, "{name: fno, modes: 4, precision: float64}"), *m;
    in_folder("w.safetensors", path);
    assert_int_equal(network_save(n, NULL, path, NULL), 0);
    listen_begin();
    assert_int_equal(network_open(&m, &fine, false, path), 0);
    listen_end();
    assert_non_null(strstr(said,
                           "made for the grid {\"components\": 1, \"points\": [16], \"periodic\": "
                           "[true], \"boundary\": false}, used on {\"components\": 1, "
                           "\"points\": [32]"));
    assert_memory_equal(m->params, n->params, n->nparams * sizeof(double));
    network_destroy(&m);
    m = make_network(&g, false, "{name: fno, modes: 4, precision: float32}");
    network_initialise(m, 3);
    assert_int_equal(network_load(m, path), 0);
    assert_rounded(m, n);
    assert_int_equal(network_save(m, NULL, path, NULL), 0);
    network_initialise(n, 5);
    assert_int_equal(network_load(n, path), 0);
    assert_rounded(m, n); /* and a float64 that was a float32 is one still */
    double *values = reals(n, n->layers[0]->tensors[0].count);
    n->layers[0]->unpack(n->layers[0], 0, n->params, values);
    assert_true(values[0] == (double)(float)values[0]);
    free(values);
    network_destroy(&m);
    network_destroy(&n);
    grid_free(&g);
    grid_free(&fine);
    unlink(path);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    static const struct grid_shape shape = { 1, 1, { 16 }, { true } };
    static const char other[] = "{name: fno, width: 4, layers: 1, modes: 3, projection: 5}";
    static const struct {
        const char *config, *line;
    } rows[] = {
        { "{name: fno, width: 6, layers: 1, modes: 3, projection: 5}",
          "tensor 'lift.0.weight': expected shape (6, 2), got (4, 2)\n" },
        { "{name: fno, width: 4, layers: 1, modes: 4, projection: 5}",
          "tensor 'fourier.0.spectral': expected shape (4, 4, 4, 2), got (4, 4, 3, 2)\n" },
        { "{name: fno, width: 4, layers: 2, modes: 3, projection: 5}",
          "tensor 'fourier.1.spectral': expected shape (4, 4, 3, 2), not in the file\n" },
        { "{name: fno, width: 4, layers: 1, modes: 3, projection: 5, bias: false}",
          "tensor 'fourier.0.bias': not in this network (" },
        { "{name: mlp}", "tensor 'mlp.0.weight': expected shape (50, 19), not in the file\n" },
    };
    char path[256], wrong[256];
    struct grid g = make_grid(&shape);
    struct network *n = make_network(&g, false, other), *m;
    in_folder("w.safetensors", path);
    in_folder("x.safetensors", wrong);
    assert_int_equal(network_save(n, NULL, path, NULL), 0);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        char expected[512];
        m = make_network(&g, false, rows[r].config);
        void *before = reals(m, m->nparams);
        memcpy(before, m->params, m->nparams * dtype_size(m->dtype));
        listen_begin();
        assert_int_equal(network_load(m, path), -EINVAL);
        listen_end();
        snprintf(expected, sizeof expected, "starpint: error: %s: %s", path, rows[r].line);
        assert_memory_equal(said, expected, strlen(expected));
        assert_memory_equal(before, m->params, m->nparams * dtype_size(m->dtype));
        free(before);
        network_destroy(&m);
    }

    /* right tensors, wrong metadata; pairs of the caller come last and win */
    static const struct {
        const char *key, *value, *line;
    } metadata[] = {
        { "codec", "{", "codec: expected a JSON object" },
        { "codec", "{\"mean\": [0], \"mean\": [1], \"std\": [1], \"scale\": [[1]]}",
          "codec: expected a JSON object" },
        { "codec", "{\"mean\": [0], \"std\": [0], \"scale\": [[1]]}",
          "codec: std: expected positive numbers" },
        { "codec", "{\"mean\": [0, 1], \"std\": [1], \"scale\": [[1]]}",
          "codec: mean: expected 1 numbers, got 2" },
        { "codec", "{\"mean\": [0], \"std\": [1], \"scale\": [1]}",
          "codec: scale: expected 1 numbers, got 0" },
        { "network", "{name: fno, width: 4, layers: 1, modes: 3, projection: 5, wide: 1}",
          ": wide: unknown key, did you mean 'width'?" },
        { "network", "{", "expected" },
        { "network", "", "expected keys" },
    };
    for (size_t r = 0; r < sizeof metadata / sizeof *metadata; r++) {
        const char *const meta[] = { metadata[r].key, metadata[r].value, NULL };
        assert_int_equal(network_save(n, NULL, wrong, meta), 0);
        listen_begin();
        assert_int_equal(network_open(&m, &g, false, wrong), -EINVAL);
        listen_end();
        assert_null(m);
        assert_non_null(strstr(said, wrong));
        assert_non_null(strstr(said, metadata[r].line));
        assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    }

    /* values that are not finite, or too large */
    listen_begin();
    m = make_network(
        &g, false, "{name: fno, width: 4, layers: 1, modes: 3, projection: 5, precision: float64}");
    double *params = m->params;
    params[0] = 1e300;
    assert_int_equal(network_save(m, NULL, wrong, NULL), 0);
    assert_int_equal(network_load(n, wrong), -EINVAL);
    params[0] = NAN;
    assert_int_equal(network_save(m, NULL, wrong, NULL), -EINVAL);
    listen_end();
    assert_non_null(strstr(said, "tensor 'lift.0.weight': value 0 is too large for float32\n"));
    assert_non_null(strstr(said, "tensor 'lift.0.weight': value 0 is NaN\n"));
    network_destroy(&m);

    listen_begin();
    assert_int_equal(truncate(path, 1000), 0);
    assert_int_equal(network_load(n, path), -EINVAL);
    assert_int_equal(network_load(n, "/nowhere"), -ENOENT);
    listen_end();
    assert_non_null(strstr(said, ": truncated"));
    network_destroy(&n);
    grid_free(&g);
    unlink(path);
    unlink(wrong);
}

/* ---- for Python ---- */

static int write_file(const char *path)
{
    const struct grid_shape shape = { 1, 1, { 12 }, { true } };
    struct grid g = make_grid(&shape);
    struct network *n;
    int err =
        try_network(&n, &g, false, "{name: fno, width: 3, layers: 1, modes: 2, projection: 4}");
    for (size_t i = 0; !err && i < n->nparams; i++)
        ((float *)n->params)[i] = 0;
    for (int l = 0; !err && l < n->nlayers; l++)
        for (int i = 0; i < n->layers[l]->ntensors; i++) {
            float v[64];
            for (size_t k = 0; k < n->layers[l]->tensors[i].count; k++)
                v[k] = (float)(100 * l + 10 * i) + (float)k / 64;
            n->layers[l]->pack(n->layers[l], i, v, (float *)n->params + n->offset[l]);
        }
    err = err ? err : network_save(n, NULL, path, (const char *const[]){ "epoch", "3", NULL });
    network_destroy(&n);
    grid_free(&g);
    return err ? 1 : 0;
}

static int check_file(const char *name, const char *path)
{
    for (int f = 0; f < FIXTURES; f++)
        if (!strcmp(fixtures[f].name, name)) {
            struct grid g = make_grid(&fixtures[f].grid);
            struct network *n;
            const int err = network_open(&n, &g, false, path);
            const double d = err ? INFINITY : difference(n, name);
            printf("%.3g\n", d);
            network_destroy(&n);
            grid_free(&g);
            return d <= 1e-5 ? 0 : 1;
        }
    return 2;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_parameters_are_the_published_ones),
        cmocka_unit_test(stages_and_descriptions),
        cmocka_unit_test(wrong_configs_have_their_line),
        cmocka_unit_test(initial_values_repeat_themselves),
        cmocka_unit_test(outputs_are_those_of_pytorch),
        cmocka_unit_test(stages_and_batches_agree_with_the_whole),
        cmocka_unit_test(backward_is_the_gradient),
        cmocka_unit_test(weights_come_back_from_files),
        cmocka_unit_test(resolution_and_precision_may_change),
        cmocka_unit_test(other_files_are_refused),
    };
    if (argc == 3 && !strcmp(argv[1], "write"))
        return write_file(argv[2]);
    if (argc == 4 && !strcmp(argv[1], "check"))
        return check_file(argv[2], argv[3]);
    if (!mkdtemp(folder))
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(folder) || failed;
}
