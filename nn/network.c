// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Chains of layers: made from a config, initialised, run forward and backward. */
#include "nn/network.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_json.h"
#include "nn/network_private.h"

const struct network_type *const network_types[] = { &fno_type, &mlp_type, NULL };
const char *const precision_names[] = { "float32", "float64", NULL };
const char *const predict_names[] = { "increment", "state", NULL };

int network_choice(const char *const *names, const char *name)
{
    int i = 0;
    while (strcmp(names[i], name))
        i++;
    return i;
}

/* ---- made of layers ---- */

/* whole cache lines in either precision */
static size_t round_reals(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

int network_append(struct network *n, int status, struct layer *l)
{
    if (status)
        return status;
    assert(n->nlayers < NETWORK_LAYERS);
    const int i = n->nlayers++;
    assert(!i || n->layers[i - 1]->out == l->in);
    n->layers[i] = l;
    n->offset[i] = n->nparams;
    n->nparams += round_reals(l->nparams);
    for (int t = 0; t < l->ntensors; t++) /* without what the layer's own order pads */
        n->parameters += l->tensors[t].count;
    n->flops += l->flops;
    n->bytes += l->bytes;
    return 0;
}

void network_stage(struct network *n, const char *name)
{
    struct stage *s = &n->stages[n->nstages];
    snprintf(s->name, sizeof s->name, "%s", name);
    s->first = n->nstages ? s[-1].last : 0;
    s->last = n->nlayers;
    n->nstages++;
}

int network_stencil(struct network *n, const struct ints *distances, const struct node *config)
{
    return codec_stencil(&n->codec, distances->v, distances->n)
               ? config_key_error(
                     config, "stencil",
                     "expected at most %d distances, each shorter than every axis (half "
                     "of it if it is periodic)",
                     CODEC_DISTANCES)
               : 0;
}

int network_append_mlp(struct network *n, const char *prefix, size_t in, const struct ints *hidden,
                       size_t out, size_t points, enum activation act)
{
    int err = 0;
    for (size_t i = 0; i <= hidden->n && !err; i++) {
        char name[TENSOR_NAME];
        struct layer *l;
        const bool last = i == hidden->n;
        const size_t to = last ? out : (size_t)hidden->v[i];
        snprintf(name, sizeof name, "%s.%zu", prefix, i);
        err = pointwise_create(&l, n->dtype, name, in, to, points, true, last ? ACT_IDENTITY : act);
        err = network_append(n, err, l);
        in = to;
    }
    return err;
}

static int check_grid(const struct grid *g, const struct node *config)
{
    if (g->dims > 2)
        return config_error(config, "networks work on grids of 1 or 2 axes, this one has %d",
                            g->dims);
    if (g->is_complex)
        return config_error(config, "networks work on real states, these are complex");
    if (g->components > CODEC_COMPONENTS)
        return config_error(config, "networks work on up to %d components, this state has %d",
                            CODEC_COMPONENTS, g->components);
    return 0;
}

int network_create(struct network **out, const struct grid *g, bool boundary, struct node *config)
{
    enum { TYPES = sizeof network_types / sizeof *network_types };
    const char *name = config_name(config), *known[TYPES];
    int i = 0, err;
    *out = NULL;
    for (int t = 0; t < TYPES; t++)
        known[t] = network_types[t] ? network_types[t]->name : NULL;
    if (!name)
        return config_key_error(config, "name", "expected the name of a network, for example %s",
                                known[0]);
    while (known[i] && strcmp(known[i], name))
        i++;
    if (!known[i])
        return config_unknown(config_child(config, "name"), "network", name, known);
    if ((err = check_grid(g, config)))
        return err;
    struct network *n = calloc(1, sizeof *n);
    if (!n)
        return -ENOMEM;
    n->kind = known[i];
    if ((err = network_types[i]->create(n, g, boundary, config)))
        goto out;
    err = -ENOMEM;
    json_t *j = config_json(config);
    n->description = j ? json_dumps(j, 0) : NULL;
    json_decref(j);
    n->params = aligned_alloc(64, n->nparams * dtype_size(n->dtype));
    if (!n->description || !n->params)
        goto out;
    memset(n->params, 0, n->nparams * dtype_size(n->dtype));
    network_initialise(n, 0);
    *out = n;
    return 0;
out:
    network_destroy(&n);
    return err;
}

void network_destroy(struct network **np)
{
    struct network *n = *np;
    *np = NULL;
    if (!n)
        return;
    for (int i = 0; i < n->nlayers; i++)
        layer_destroy(&n->layers[i]);
    codec_destroy(&n->codec);
    free(n->params);
    free(n->description);
    free(n);
}

/* ---- parameters ---- */

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

/* the next number of SplitMix64 (Steele, Lea and Flood 2014) in this state */
static uint64_t mix(uint64_t z)
{
    z += GOLDEN;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void draw(const struct tensor *t, uint64_t key, enum dtype dtype, void *values)
{
    for (size_t i = 0; i < t->count; i++) {
        const double u = (double)(mix(key + i * GOLDEN) >> 11) * 0x1p-53;
        const double v = t->low + (t->high - t->low) * u;
        if (dtype == DTYPE_F32)
            ((float *)values)[i] = (float)v;
        else
            ((double *)values)[i] = v;
    }
}

void network_initialise(struct network *n, unsigned long seed)
{
    void *file = malloc(n->nparams * sizeof(double));
    assert(file);
    for (int l = 0; l < n->nlayers; l++)
        for (int t = 0; t < n->layers[l]->ntensors; t++) {
            const struct layer *layer = n->layers[l];
            char *params = (char *)n->params + n->offset[l] * dtype_size(n->dtype);
            const uint64_t which = (uint64_t)(l * LAYER_TENSORS + t);
            draw(&layer->tensors[t], mix(mix(seed) + which), n->dtype, file);
            layer->pack(layer, t, file, params);
        }
    free(file);
}

void network_describe(const struct network *n, FILE *out)
{
    const struct codec *c = &n->codec;
    fprintf(out, "%s, %s: %zu parameters\n", n->kind, precision_names[n->dtype], n->parameters);
    fprintf(out, "%zu channels of %zu x %zu points to %zu; %.4g MFLOP per sample\n", c->in_channels,
            c->padded_shape[0], c->padded_shape[1], c->out_channels, n->flops * 1e-6);
    fprintf(out, "%-28s %-24s %12s\n", "tensor", "shape", "parameters");
    for (int l = 0; l < n->nlayers; l++)
        for (int i = 0; i < n->layers[l]->ntensors; i++) {
            const struct tensor *t = &n->layers[l]->tensors[i];
            char name[2 * TENSOR_NAME], shape[32 * TENSOR_DIMS] = "";
            snprintf(name, sizeof name, "%s.%s", n->layers[l]->name, t->name);
            for (int d = 0, at = 0; d < t->dims; d++)
                at += snprintf(shape + at, sizeof shape - (size_t)at, "%s%zu", d ? " x " : "",
                               t->shape[d]);
            fprintf(out, "%-28s %-24s %12zu\n", name, shape, t->count);
        }
}

/* ---- forward and backward ---- */

static size_t middle(const struct network *n) /* the largest activation between layers */
{
    size_t most = 0;
    for (int l = 0; l + 1 < n->nlayers; l++)
        if (n->layers[l]->out > most)
            most = n->layers[l]->out;
    return most;
}

static size_t buffer(const struct network *n, size_t batch) /* doubles */
{
    return exec_round((batch * middle(n) * dtype_size(n->dtype) + sizeof(double) - 1) /
                      sizeof(double));
}

static size_t layers_work(const struct network *n, size_t batch)
{
    size_t most = 0;
    for (int l = 0; l < n->nlayers; l++)
        if (layer_nwork(n->layers[l], batch) > most)
            most = layer_nwork(n->layers[l], batch);
    return exec_round(most);
}

static const struct layer_kernels *kernels(const struct layer *l, const struct exec *x)
{
    assert(l->kernels[x->dev]);
    return l->kernels[x->dev];
}

size_t network_forward_work(const struct network *n, size_t batch)
{
    return 2 * buffer(n, batch) + layers_work(n, batch);
}

void network_forward(const struct network *n, const struct exec *x, int first, int last,
                     size_t batch, const void *params, const void *in, void *out)
{
    struct exec sub = *x;
    void *buffers[2] = { NULL };
    for (int b = 0; b < 2 && b < last - first - 1; b++)
        buffers[b] = exec_take(&sub, buffer(n, batch));
    const size_t bytes = dtype_size(n->dtype);
    for (int i = first, b = 0; i < last; b = !b) {
        const struct layer *l = n->layers[i];
        const char *p = (const char *)params + n->offset[i] * bytes;
        const bool pair = x->dev == DEV_CPU && i + 1 < last && pointwise_pair(l, n->layers[i + 1]);
        void *to = i + pair == last - 1 ? out : buffers[b];
        if (pair)
            pointwise_pair_forward(l, n->layers[i + 1], &sub, batch, p,
                                   (const char *)params + n->offset[i + 1] * bytes, in, to);
        else
            kernels(l, x)->forward(l, &sub, batch, p, in, to, NULL);
        in = to;
        i += 1 + pair;
    }
}

/* Per layer what it kept, then its output unless it is the last; each (batch, ...), on whole cache
 * lines. */
size_t network_kept(const struct network *n)
{
    size_t reals = 0;
    for (int l = 0; l < n->nlayers; l++)
        reals += round_reals(n->layers[l]->keep) +
                 (l + 1 < n->nlayers ? round_reals(n->layers[l]->out) : 0);
    return reals;
}

size_t network_backward_work(const struct network *n, size_t batch)
{
    return network_forward_work(n, batch);
}

void network_forward_keep(const struct network *n, const struct exec *x, size_t batch,
                          const void *params, const void *in, void *out, void *kept)
{
    const size_t bytes = dtype_size(n->dtype);
    char *at = kept;
    for (int i = 0; i < n->nlayers; i++) {
        const struct layer *l = n->layers[i];
        void *keep = at;
        at += batch * round_reals(l->keep) * bytes;
        void *to = i == n->nlayers - 1 ? out : at;
        kernels(l, x)->forward(l, x, batch, (const char *)params + n->offset[i] * bytes, in, to,
                               keep);
        at += batch * round_reals(l->out) * bytes;
        in = to;
    }
}

void network_backward(const struct network *n, const struct exec *x, size_t batch,
                      const void *params, const void *in, const void *kept, void *dout,
                      void *dparams)
{
    const size_t bytes = dtype_size(n->dtype);
    struct exec sub = *x;
    void *buffers[2] = { exec_take(&sub, buffer(n, batch)), exec_take(&sub, buffer(n, batch)) };
    const char *at = (const char *)kept + batch * network_kept(n) * bytes;
    for (int i = n->nlayers - 1; i >= 0; i--) {
        const struct layer *l = n->layers[i];
        if (i < n->nlayers - 1)
            at -= batch * round_reals(l->out) * bytes;
        const void *keep = at -= batch * round_reals(l->keep) * bytes;
        const void *from =
            i ? at - batch * round_reals(n->layers[i - 1]->out) * bytes : (const char *)in;
        void *dx = i ? buffers[i % 2] : NULL;
        kernels(l, x)->backward(l, &sub, batch, (const char *)params + n->offset[i] * bytes, from,
                                keep, dout, dx, (char *)dparams + n->offset[i] * bytes);
        dout = dx;
    }
}
