// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "nn/optimiser.h"

#include <math.h>
#include <string.h>

struct params {
    double rate, epsilon, decay, clip;
    struct reals beta;
    long history;
    struct node *schedule;
};

/* clang-format off */
#define SCHEDULE { "schedule", P_NODE, offsetof(struct params, schedule), .def = "{name: constant}", \
                   .help = "how the rate changes; `starpint list training`" }
#define ADAM(decay_default, decay_help)                                                              \
    { "rate", P_REAL, offsetof(struct params, rate), .def = "1.0e-3", .min = 0, .max = 1e6,          \
      .open_min = true, .help = "about how far a parameter moves in a step" },                       \
    { "beta", P_REALS, offsetof(struct params, beta), .def = "[0.9, 0.999]", .min = 0, .max = 1,     \
      .open_max = true, .help = "what the averages of gradient and square keep per step" },          \
    { "epsilon", P_REAL, offsetof(struct params, epsilon), .def = "1.0e-8", .min = 0, .max = 1,      \
      .open_min = true, .help = "added to the root of the square" },                                 \
    { "decay", P_REAL, offsetof(struct params, decay), .def = decay_default, .min = 0, .max = 1e6,   \
      .help = decay_help },                                                                          \
    { "clip", P_REAL, offsetof(struct params, clip), .def = "0", .min = 0, .max = INFINITY,          \
      .help = "largest l2 norm of a gradient, longer ones are shortened; 0: none are" },             \
    SCHEDULE, { 0 }
/* clang-format on */

static size_t reals(enum dtype dtype, size_t n)
{
    return exec_round((n * dtype_size(dtype) + sizeof(double) - 1) / sizeof(double));
}

static size_t adam_state(const struct optimiser *o, enum dtype dtype, size_t n)
{
    return 2 * reals(dtype, n);
}

static void adam(const struct optimiser *o, enum dtype dtype, size_t n, long step, double rate,
                 double loss, void *params, const void *gradient, double *state)
{
    const struct adam_step a = {
        .rate = rate,
        .beta = { o->beta[0], o->beta[1] },
        .epsilon = o->epsilon,
        .decay = o->decay,
        .correction = { 1.0 - pow(o->beta[0], (double)(step + 1)),
                        1.0 - pow(o->beta[1], (double)(step + 1)) },
        .decoupled = o->decoupled,
    };
    double *v = state + reals(dtype, n);
    if (dtype == DTYPE_F32)
        adam_f32(&a, n, params, gradient, (float *)state, (float *)v);
    else
        adam_f64(&a, n, params, gradient, state, v);
}

static const struct param adam_params[] = { ADAM("0",
                                                 "times the parameters is added to the gradient") };
static const struct schema adam_schema = { "optimiser: adam", "Adam (Kingma & Ba 2015)",
                                           adam_params };
static const struct optimiser_type adam_type = { "adam",       "Adam (Kingma & Ba 2015)",
                                                 &adam_schema, false,
                                                 adam_state,   adam };

static const struct param adamw_params[] = { ADAM(
    "0.01", "times rate: the part of every parameter that is taken away in a step") };
static const struct schema adamw_schema = { "optimiser: adamw",
                                            "Adam with decoupled decay (Loshchilov & Hutter 2019)",
                                            adamw_params };
static const struct optimiser_type adamw_type = {
    "adamw",       "Adam with decoupled decay (Loshchilov & Hutter 2019)",
    &adamw_schema, false,
    adam_state,    adam
};

static const struct param lbfgs_params[] = {
    { "rate", P_REAL, offsetof(struct params, rate), .def = "1", .min = 0, .max = 1e6,
      .open_min = true, .help = "length that a line search begins with; 1 is Newton's" },
    { "history", P_INT, offsetof(struct params, history), .def = "10", .min = 1, .max = 100,
      .unit = "steps", .help = "that the approximation of the Hessian is made of" },
    SCHEDULE,
    { 0 },
};
static const struct schema lbfgs_schema = {
    "optimiser: lbfgs",
    "L-BFGS (Liu & Nocedal 1989) on the same batch in every step, which is one evaluation of loss "
    "and gradient",
    lbfgs_params
};
static const struct optimiser_type lbfgs_type = {
    "lbfgs",
    "L-BFGS (Liu & Nocedal 1989) on the same batch in every step, which is one evaluation of loss "
    "and gradient",
    &lbfgs_schema,
    true,
    lbfgs_state,
    lbfgs_update
};

const struct optimiser_type *const optimiser_types[] = { &adam_type, &adamw_type, &lbfgs_type,
                                                         NULL };

int optimiser_bind(struct optimiser *o, struct node *config)
{
    static const char *const also[] = { "name", NULL };
    const char *name = config_name(config), *known[16];
    struct params v = { 0 };
    size_t n = 0;
    int err;
    if (!name)
        return config_error(config, "expected key 'name'");
    memset(o, 0, sizeof *o);
    for (; optimiser_types[n]; n++) {
        known[n] = optimiser_types[n]->name;
        if (strcmp(known[n], name) == 0)
            o->type = optimiser_types[n];
    }
    known[n] = NULL;
    if (!o->type)
        return config_unknown(config_child(config, "name"), "optimiser", name, known);
    if ((err = config_bind(config, o->type->schema, also, &v)) ||
        (err = schedule_bind(&o->schedule, v.schedule)))
        return err;
    o->rate = v.rate;
    o->clip = v.clip;
    o->history = v.history;
    if (!o->type->full_batch) {
        if (v.beta.n != 2)
            return config_key_error(config, "beta", "expected 2 numbers, got %zu", v.beta.n);
        o->beta[0] = v.beta.v[0];
        o->beta[1] = v.beta.v[1];
        o->epsilon = v.epsilon;
        o->decay = v.decay;
        o->decoupled = o->type == &adamw_type;
    }
    return 0;
}

size_t optimiser_state(const struct optimiser *o, enum dtype dtype, size_t n)
{
    return o->type->state(o, dtype, n);
}

bool optimiser_update(const struct optimiser *o, enum dtype dtype, size_t n, long step, long steps,
                      double loss, void *params, void *gradient, double *state,
                      struct optimiser_step *done)
{
    const double squares = dtype == DTYPE_F32 ? squares_f32(n, gradient) : squares_f64(n, gradient);
    *done = (struct optimiser_step){ .rate = o->rate * schedule_factor(&o->schedule, step, steps),
                                     .norm = sqrt(squares),
                                     .loss = loss };
    /* a trial step of L-BFGS may leave where the loss is defined: it comes back */
    if ((!isfinite(loss) || !isfinite(squares)) && !(o->type->full_batch && step > 0))
        return false;
    if (o->clip > 0.0 && done->norm > o->clip) {
        if (dtype == DTYPE_F32)
            scale_f32(n, o->clip / done->norm, gradient);
        else
            scale_f64(n, o->clip / done->norm, gradient);
    }
    o->type->update(o, dtype, n, step, done->rate, loss, params, gradient, state);
    if (o->type->full_batch)
        done->loss = ((const struct lbfgs_facts *)state)->value;
    return true;
}

void optimiser_result(const struct optimiser *o, enum dtype dtype, size_t n, const double *state,
                      void *params)
{
    if (!o->type->full_batch)
        return;
    const double *x = lbfgs_accepted(state);
    for (size_t i = 0; i < n; i++) {
        if (dtype == DTYPE_F32)
            ((float *)params)[i] = (float)x[i];
        else
            ((double *)params)[i] = x[i];
    }
}
