// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include <math.h>

#include "drivers/training.h"

#define AT(type, member) offsetof(struct type, member)

static const struct param validation_table[] = {
    { "samples", P_INT, AT(validation_params, samples), .def = "16", .min = 0, .max = 1e6,
      .help = "random states that training does not see; 0: no validation" },
    { "every", P_INT, AT(validation_params, every), .def = "0", .min = 0, .max = 1e12,
      .unit = "steps", .help = "between validations; 0: at the end only" },
    { "propagator", P_NODE, AT(validation_params, propagator), .def = "",
      .help =
          "a one-step propagator with its `steps` in a step of the network: the truth; without: "
          "no validation" },
    { "region", P_COMPLEXES, AT(validation_params, region), .def = "", .min = -INFINITY,
      .max = INFINITY, .unit = "coordinates",
      .help =
          "one pair of bounds per axis, [[50, 150], [50, 150]]: errors there are reported too" },
    { 0 },
};
static const struct schema validation_schema = { "validation",
                                                 "steps of the network against a numerical scheme",
                                                 validation_table };

static const struct param train_table[] = {
    { "network", P_NODE, AT(train_params, network),
      .help = "what is trained; `starpint list networks`" },
    { "loss", P_NODE, AT(train_params, loss), .help = "what is made small" },
    { "optimiser", P_NODE, AT(train_params, optimiser), .def = "{name: adam}",
      .help = "how it is made small" },
    { "slices", P_INT, AT(train_params, slices), .def = "16", .min = 1, .max = 1e9,
      .help = "the network's step is (end - start)/slices: of a run with so many slices, one step "
              "each; steps are drawn from all of them" },
    { "steps", P_INT, AT(train_params, steps), .def = "1000", .min = 1, .max = 1e9, .unit = "steps",
      .help = "updates of the parameters" },
    { "batch", P_INT, AT(train_params, batch), .def = "16", .min = 1, .max = 1e6, .unit = "samples",
      .help = "random states per step; new ones in each" },
    { "shards", P_INT, AT(train_params, shards), .def = "4", .min = 1, .max = 4096, .unit = "tasks",
      .help = "that the gradient of a batch is cut into, at least as many as there are workers; "
              "the result depends on it in the last bits, and on no property of the machine" },
    { "seed", P_INT, AT(train_params, seed), .def = "1", .min = 0, .max = 9007199254740992.0,
      .help = "of the first parameters and of the random states" },
    { "validation", P_MAP, AT(train_params, validation), .sub = &validation_schema,
      .help = "steps of the network against a numerical scheme" },
    { "data", P_NODE, AT(train_params, data), .def = "",
      .help = "states of simulations to train on, instead of random ones" },
    { "checkpoint", P_INT, AT(train_params, checkpoint), .def = "250", .min = 0, .max = 1e12,
      .unit = "steps", .help = "between checkpoints; 0: at the end only" },
    { "divergence", P_REAL, AT(train_params, divergence), .def = "1.0e+4", .min = 0,
      .max = INFINITY,
      .help = "loss over that of the first step that ends the training; 0: no limit" },
    { 0 },
};
const struct schema train_schema = { "train", "a training", train_table };

static const struct param table[] = {
    { "problem", P_NODE, AT(training_params, problem), .help = "what is solved" },
    { "time", P_MAP, AT(training_params, time), .sub = &time_schema,
      .help = "the interval that steps are drawn from" },
    { "train", P_MAP, AT(training_params, train), .sub = &train_schema, .help = "a training" },
    { "machine", P_MAP, AT(training_params, machine), .sub = &machine_schema,
      .help = "what it runs on" },
    { "trace", P_MAP, AT(training_params, trace), .sub = &trace_schema,
      .help = "what ran where and when" },
    { 0 },
};
const struct schema training_schema = { "config", "a training", table };
