// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Fourier neural operators (Li et al., ICLR 2021) in 1 or 2 dimensions: channels are lifted at
 * every point, pass Fourier layers, and are projected back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nn/network_private.h"

struct params {
    long width, layers, nodes, smooth, mask;
    struct ints modes, lifting, projection, pad, stencil;
    struct strings basis;
    const char *transform, *activation, *predict, *precision;
    bool bias, residual, last_activation, coordinates;
};

static const struct param params[] = {
    { "width", P_INT, offsetof(struct params, width), "16", .min = 1, .max = 65536,
      .unit = "channels", .help = "of the Fourier layers" },
    { "layers", P_INT, offsetof(struct params, layers), "4", .min = 1, .max = NETWORK_LAYERS - 2,
      .help = "Fourier layers" },
    { "modes", P_INTS, offsetof(struct params, modes), "12", .min = 1, .max = 1e8,
      .help = "kept per axis: k = 0..modes-1; with Fourier on two axes also the negative ones of "
              "the first; one number for all axes, or one per axis" },
    { "basis", P_STRINGS, offsetof(struct params, basis), "",
      .help = "fourier or cosine; one for all axes, or one per axis; default: fourier on periodic "
              "axes, cosine on others" },
    { "transform", P_CHOICE, offsetof(struct params, transform), "auto", .choices = transform_names,
      .help = "FFT and cut, or products with dense matrices; auto: what is faster by the "
              "counted work, the same at every run" },
    { "activation", P_CHOICE, offsetof(struct params, activation), "gelu",
      .choices = activation_names, .help = "after every layer but the last of its part" },
    { "lifting", P_INTS, offsetof(struct params, lifting), "[]", .min = 1, .max = 65536,
      .unit = "channels", .help = "hidden layers before the Fourier layers" },
    { "projection", P_INTS, offsetof(struct params, projection), "", .min = 1, .max = 65536,
      .unit = "channels", .help = "hidden layers after the Fourier layers; default: [64]" },
    { "bias", P_BOOL, offsetof(struct params, bias), "true",
      .help = "in the Fourier layers; lifting and projection have one always" },
    { "residual", P_BOOL, offsetof(struct params, residual), "false",
      .help = "Fourier layers add to their input" },
    { "last_activation", P_BOOL, offsetof(struct params, last_activation), "false",
      .help = "the last Fourier layer has an activation too" },
    { "pad", P_INTS, offsetof(struct params, pad), "0", .min = 0, .max = 1e8, .unit = "points",
      .help = "zeros behind the upper ends; one number for all axes, or one per axis" },
    { "coordinates", P_BOOL, offsetof(struct params, coordinates), "true",
      .help = "one more input channel per axis" },
    { "stencil", P_INTS, offsetof(struct params, stencil), "[]", .min = 1, .max = 1e6,
      .unit = "points",
      .help = "distances along each axis at which a point sees differences of the state to both "
              "sides of it" },
    { "smooth", P_INT, offsetof(struct params, smooth), "0", .min = 0, .max = 100, .unit = "passes",
      .help = "of (1 2 1)/4 along each axis over the state, no more than the diffusion of the "
              "equation, before the network sees it and adds to it" },
    { "mask", P_INT, offsetof(struct params, mask), "1", .min = 1, .max = 100,
      .help = "how steeply what is predicted goes to 0 where boundary values are given: it is "
              "multiplied by 1 - (1 - 4 x (1 - x))^mask, x from 0 to 1 along each axis" },
    { "predict", P_CHOICE, offsetof(struct params, predict), "increment", .choices = predict_names,
      .help = "what is added to the state, or the new state itself" },
    { "nodes", P_INT, offsetof(struct params, nodes), "1", .min = 1, .max = CODEC_NODES,
      .help = "states within the step that are predicted at once; the last one is at its end" },
    { "precision", P_CHOICE, offsetof(struct params, precision), "float32",
      .choices = precision_names, .help = "of parameters and activations" },
    { NULL },
};

static const struct schema schema = { "network: fno", "", params };

/* Defaults that depend on the grid, or that a list may replace by nothing, go into the tree. */
static int set_defaults(struct node *config, const struct grid *g)
{
    char text[64] = "[";
    for (int a = 0; a < g->dims; a++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", a ? ", " : "",
                 basis_names[g->periodic[a] ? BASIS_FOURIER : BASIS_COSINE]);
    strcat(text, "]");
    if (!config_child(config, "basis") && config_node_set(config, "basis", text))
        return -EINVAL;
    return config_child(config, "projection") ? 0 : config_node_set(config, "projection", "[64]");
}

static int check_list(const struct node *config, const char *key, size_t count, int dims)
{
    if (count == 1 || count == (size_t)dims)
        return 0;
    return config_key_error(config, key, "expected %s, one per axis, got %zu values",
                            dims == 1 ? "1 value" : "1 value or 2", count);
}

static int check(const struct params *q, const struct node *config, const struct grid *g)
{
    const size_t layers = q->lifting.n + (size_t)q->layers + q->projection.n + 2;
    if (check_list(config, "modes", q->modes.n, g->dims) ||
        check_list(config, "basis", q->basis.n, g->dims) ||
        check_list(config, "pad", q->pad.n, g->dims))
        return -EINVAL;
    for (size_t i = 0; i < q->basis.n; i++)
        if (strcmp(q->basis.v[i], basis_names[0]) && strcmp(q->basis.v[i], basis_names[1]))
            return config_unknown(config_child(config, "basis"), "basis", q->basis.v[i],
                                  basis_names);
    if (layers > NETWORK_LAYERS)
        return config_key_error(config, "layers",
                                "expected at most %d layers, lifting and projection included, "
                                "got %zu",
                                NETWORK_LAYERS, layers);
    return 0;
}

/* Says which axis has too few points for its modes. */
static int modes_error(const struct spectrum *s, const struct node *config)
{
    int half = -1;
    for (int a = 0; a < s->dims; a++)
        half = s->basis[a] == BASIS_FOURIER ? a : half;
    for (int a = 0; a < s->dims; a++) {
        const size_t n = s->points[a];
        const size_t most = s->basis[a] == BASIS_COSINE ? n : a == half ? n / 2 + 1 : n / 2;
        if (s->modes[a] > most)
            return config_key_error(config, "modes",
                                    "expected at most %zu on axis %d (%s, %zu points), got %zu",
                                    most, a, basis_names[s->basis[a]], n, s->modes[a]);
    }
    return config_key_error(config, "modes", "too many for the grid");
}

static int create(struct network *n, const struct grid *g, bool boundary, struct node *config)
{
    struct params q;
    struct codec *c = &n->codec;
    struct spectrum s = { .dims = g->dims };
    size_t pad[2] = { 0, 0 };
    int err;
    if (set_defaults(config, g) ||
        config_bind(config, &schema, (const char *const[]){ "name", NULL }, &q) ||
        check(&q, config, g))
        return -EINVAL;
    for (int a = 0; a < g->dims; a++)
        pad[a] = (size_t)q.pad.v[q.pad.n > 1 ? a : 0];
    n->dtype = (enum dtype)network_choice(precision_names, q.precision);
    err = codec_create(c, n->dtype, g, boundary,
                       (enum predict)network_choice(predict_names, q.predict), (int)q.nodes,
                       q.coordinates, 0, pad);
    if (err)
        return err;
    codec_mask(c, (int)q.mask);
    if ((err = codec_passes(c, (int)q.smooth)) || (err = network_stencil(n, &q.stencil, config)))
        return err;
    s.transform = (enum transform)network_choice(transform_names, q.transform);
    for (int a = 0; a < g->dims; a++) {
        s.points[a] = c->padded_shape[a];
        s.modes[a] = (size_t)q.modes.v[q.modes.n > 1 ? a : 0];
        s.basis[a] = (enum basis)network_choice(basis_names, q.basis.v[q.basis.n > 1 ? a : 0]);
    }

    const enum activation act = (enum activation)network_choice(activation_names, q.activation);
    const size_t width = (size_t)q.width;
    if ((err = network_append_mlp(n, "lift", c->in_channels, &q.lifting, width, c->padded, act)))
        return err;
    network_stage(n, "lift");
    for (long i = 0; i < q.layers; i++) {
        char name[TENSOR_NAME];
        struct layer *l;
        const bool active = i < q.layers - 1 || q.last_activation;
        snprintf(name, sizeof name, "fourier.%ld", i);
        err = fourier_create(&l, n->dtype, name, &s, width, width, true, q.bias, q.residual,
                             active ? act : ACT_IDENTITY);
        if (err == -EINVAL)
            return modes_error(&s, config);
        if ((err = network_append(n, err, l)))
            return err;
        network_stage(n, name);
    }
    if ((err = network_append_mlp(n, "project", width, &q.projection, c->out_channels, c->padded,
                                  act)))
        return err;
    network_stage(n, "project");
    return 0;
}

const struct network_type fno_type = { "fno", "a Fourier neural operator in 1 or 2 dimensions",
                                       &schema, create };
