// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A multilayer perceptron that is evaluated at every point: of the state there, at sensors and
 * around, and of the coordinates (a physics-informed network that takes the state as its
 * parameter). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nn/network_private.h"

struct params {
    long width, layers, sensors;
    struct ints stencil;
    const char *activation, *predict, *precision;
};

static const struct param params[] = {
    { "width", P_INT, offsetof(struct params, width), "50", .min = 1, .max = 65536,
      .unit = "channels", .help = "of the hidden layers" },
    { "layers", P_INT, offsetof(struct params, layers), "4", .min = 1, .max = NETWORK_LAYERS - 1,
      .help = "hidden layers" },
    { "activation", P_CHOICE, offsetof(struct params, activation), "tanh",
      .choices = activation_names, .help = "after every hidden layer" },
    { "sensors", P_INT, offsetof(struct params, sensors), "16", .min = 0, .max = 1024,
      .unit = "per axis", .help = "points where every point sees the state, evenly spread" },
    { "stencil", P_INTS, offsetof(struct params, stencil), "", .min = 1, .max = 1e6,
      .unit = "points",
      .help = "distances along each axis at which a point sees differences of the state to both "
              "sides of it" },
    { "predict", P_CHOICE, offsetof(struct params, predict), "increment", .choices = predict_names,
      .help = "what is added to the state, or the new state itself" },
    { "precision", P_CHOICE, offsetof(struct params, precision), "float32",
      .choices = precision_names, .help = "of parameters and activations" },
    { NULL },
};

static const struct schema schema = { "network: mlp", "", params };

static int create(struct network *n, const struct grid *g, bool boundary, struct node *config)
{
    struct params q;
    long hidden[NETWORK_LAYERS];
    if (config_bind(config, &schema, (const char *const[]){ "name", NULL }, &q))
        return -EINVAL;
    n->dtype = (enum dtype)network_choice(precision_names, q.precision);
    int err = codec_create(&n->codec, n->dtype, g, boundary,
                           (enum predict)network_choice(predict_names, q.predict), 1, true,
                           (size_t)q.sensors, NULL);
    if (err)
        return err;
    if (!q.sensors && !q.stencil.n)
        return config_key_error(config, "stencil",
                                "expected distances, where there are no sensors");
    if ((err = network_stencil(n, &q.stencil, config)))
        return err;
    for (long i = 0; i < q.layers; i++)
        hidden[i] = q.width;
    const struct ints widths = { hidden, (size_t)q.layers };
    err = network_append_mlp(n, "mlp", n->codec.in_channels, &widths, n->codec.out_channels,
                             n->codec.padded,
                             (enum activation)network_choice(activation_names, q.activation));
    network_stage(n, "mlp");
    return err;
}

const struct network_type mlp_type = {
    "mlp",
    "a perceptron of the state at a point, at sensors and around, and of the point's coordinates",
    &schema, create
};
