// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "nn/schedule.h"

#include <math.h>
#include <string.h>

/* clang-format off */
#define WARMUP { "warmup", P_INT, offsetof(struct schedule, warmup), .def = "0", .min = 0, .max = 1e12, \
                 .unit = "steps", .help = "at the start, in which the rate grows linearly from 0" }
/* clang-format on */

static double constant(const struct schedule *s, double step, double steps)
{
    return 1.0;
}

static const struct param constant_params[] = { WARMUP, { 0 } };
static const struct schema constant_schema = { "schedule: constant", "the same rate in every step",
                                               constant_params };
static const struct schedule_type constant_type = { "constant", "the same rate in every step",
                                                    &constant_schema, constant };

static double stairs(const struct schedule *s, double step, double steps)
{
    return pow(s->factor, floor(step / (double)s->every));
}

static const struct param step_params[] = {
    { "every", P_INT, offsetof(struct schedule, every), .def = "1000", .min = 1, .max = 1e12,
      .unit = "steps", .help = "distance of the changes" },
    { "factor", P_REAL, offsetof(struct schedule, factor), .def = "0.5", .min = 0, .max = 1,
      .open_min = true, .help = "on the rate, at each of them" },
    WARMUP,
    { 0 },
};
static const struct schema step_schema = { "schedule: step", "a smaller rate every so many steps",
                                           step_params };
static const struct schedule_type step_type = { "step", "a smaller rate every so many steps",
                                                &step_schema, stairs };

static double exponential(const struct schedule *s, double step, double steps)
{
    return pow(s->final, step / steps);
}

static const struct param exponential_params[] = {
    { "final", P_REAL, offsetof(struct schedule, final), .def = "0.01", .min = 0, .max = 1,
      .open_min = true, .help = "what is left of the rate after the last step" },
    WARMUP,
    { 0 },
};
static const struct schema exponential_schema = { "schedule: exponential",
                                                  "the rate falls by the same factor in every step",
                                                  exponential_params };
static const struct schedule_type exponential_type = {
    "exponential", "the rate falls by the same factor in every step", &exponential_schema,
    exponential
};

static double cosine(const struct schedule *s, double step, double steps)
{
    return s->final + (1.0 - s->final) * 0.5 * (1.0 + cos(M_PI * step / steps));
}

static const struct param cosine_params[] = {
    { "final", P_REAL, offsetof(struct schedule, final), .def = "0", .min = 0, .max = 1,
      .help = "what is left of the rate after the last step" },
    WARMUP,
    { 0 },
};
static const struct schema cosine_schema = { "schedule: cosine", "half a period of a cosine",
                                             cosine_params };
static const struct schedule_type cosine_type = { "cosine",
                                                  "the rate falls like half a period of a cosine",
                                                  &cosine_schema, cosine };

const struct schedule_type *const schedule_types[] = { &constant_type, &step_type,
                                                       &exponential_type, &cosine_type, NULL };

int schedule_bind(struct schedule *s, struct node *config)
{
    static const char *const also[] = { "name", NULL };
    const char *name = config_name(config), *known[16];
    size_t n = 0;
    if (!name)
        return config_error(config, "expected key 'name'");
    memset(s, 0, sizeof *s);
    for (; schedule_types[n]; n++) {
        known[n] = schedule_types[n]->name;
        if (strcmp(known[n], name) == 0) {
            s->type = schedule_types[n];
            return config_bind(config, s->type->schema, also, s);
        }
    }
    known[n] = NULL;
    return config_unknown(config_child(config, "name"), "schedule", name, known);
}

double schedule_factor(const struct schedule *s, long step, long steps)
{
    const double warm = step < s->warmup ? (double)(step + 1) / (double)(s->warmup + 1) : 1.0;
    return warm * s->type->factor(s, (double)step, (double)steps);
}
