// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The top level of a config. */
#ifndef SPT_DRIVERS_SCHEMA_H
#define SPT_DRIVERS_SCHEMA_H

#include "core/config.h"

struct time_params {
    double start, end;
};
struct observe_params {
    const char *name;
    struct reals at;
    double every;
};
struct checkpoint_params {
    bool enabled;
    long every;
    double seconds;
    long stop_after;
};
struct output_params {
    bool error_vs_fine;
    long snapshots;
    struct checkpoint_params checkpoint;
};
struct machine_params {
    long cpus, gpus;
    bool reproducible;
    const char *scheduler;
};
struct trace_params {
    bool enabled, bound;
};
struct tune_params {
    struct strings schedulers, launcher;
    struct node *vary;
    long repeat, warmup, seed;
    double timeout;
};
struct run_params {
    struct node *problem, *method, *tune;
    struct time_params time;
    struct nodes observe;
    struct output_params output;
    struct machine_params machine;
    struct trace_params trace;
};

extern const struct schema run_schema, time_schema, observe_schema, output_schema, machine_schema,
    trace_schema, tune_schema;

#endif
