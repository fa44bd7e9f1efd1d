// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/schema.h"

#include <math.h>

#define AT(type, member) offsetof(struct type, member)

static const struct param time_table[] = {
    { "start", P_REAL, AT(time_params, start), .def = "0", .min = -INFINITY, .max = INFINITY,
      .unit = "time of the problem", .help = "where the initial value is given" },
    { "end", P_REAL, AT(time_params, end), .def = "1", .min = -INFINITY, .max = INFINITY,
      .unit = "time of the problem", .help = "where the run ends; after start" },
    { 0 },
};
const struct schema time_schema = { "time", "the interval of the run", time_table };

static const struct param observe_table[] = {
    { "name", P_STRING, AT(observe_params, name),
      .help = "a quantity that the problem knows, or any name for a value at a point or for the "
              "whole state" },
    { "at", P_REALS, AT(observe_params, at), .def = "", .min = -INFINITY, .max = INFINITY,
      .unit = "coordinates",
      .help = "the point, one number per axis; interpolated (cubic) between grid points" },
    { "every", P_REAL, AT(observe_params, every), .def = "0", .min = 0, .max = INFINITY,
      .unit = "time of the problem",
      .help = "distance of the observations in time; 0: at the end only" },
    { 0 },
};
const struct schema observe_schema = {
    "observe", "a list: what to write down about the solution; each entry has the keys below",
    observe_table
};

static const struct param checkpoint_table[] = {
    { "enabled", P_BOOL, AT(checkpoint_params, enabled), .def = "false",
      .help = "write checkpoint.h5, from which `starpint run --resume` goes on: as the keys below "
              "say, and when SIGTERM or SIGINT ends the run" },
    { "every", P_INT, AT(checkpoint_params, every), .def = "0", .min = 0, .max = 1e12,
      .unit = "stop points",
      .help =
          "from one checkpoint to the next; stop points are the ends of iterations, of windows, "
          "of segments of a serial run, and of slices of the serial fine run; 0: any number" },
    { "seconds", P_REAL, AT(checkpoint_params, seconds), .def = "600", .min = 0, .max = INFINITY,
      .unit = "s", .help = "the same in time: at the first stop point after so long; 0: never" },
    { "stop_after", P_INT, AT(checkpoint_params, stop_after), .def = "0", .min = 0, .max = 1e12,
      .unit = "stop points",
      .help = "end there with a checkpoint, as SIGTERM does; counted from where the run began or "
              "went on; 0: never" },
    { 0 },
};
static const struct schema checkpoint_schema = { "output.checkpoint",
                                                 "how a run can go on after it was stopped",
                                                 checkpoint_table };

static const struct param output_table[] = {
    { "error_vs_fine", P_BOOL, AT(output_params, error_vs_fine), .def = "false",
      .help = "also run the fine propagator serially: error of each iteration against it, and the "
              "measured speedup" },
    { "snapshots", P_INT, AT(output_params, snapshots), .def = "0", .min = 0, .max = 1e6,
      .unit = "states",
      .help = "states in result.h5 besides the initial and the final one, evenly spaced over "
              "slices or segments" },
    { "checkpoint", P_MAP, AT(output_params, checkpoint), .sub = &checkpoint_schema,
      .help = "how a run can go on after it was stopped" },
    { 0 },
};
const struct schema output_schema = { "output", "what a run writes", output_table };

static const struct param machine_table[] = {
    { "cpus", P_INT_AUTO, AT(machine_params, cpus), .def = "auto", .min = 0, .max = 4096,
      .unit = "workers",
      .help = "CPU workers of a rank; auto: the cores of the node, shared by its ranks. "
              "STARPU_NCPU wins" },
    { "gpus", P_INT_AUTO, AT(machine_params, gpus), .def = "auto", .min = 0, .max = 64,
      .unit = "workers", .help = "CUDA devices of a rank; auto: all. STARPU_NCUDA wins" },
    { "reproducible", P_BOOL, AT(machine_params, reproducible), .def = "true",
      .help = "the same bits for every scheduler, number of CPU workers and ranks: a step that may "
              "run anywhere runs on "
              "a GPU if there is one; false: the scheduler chooses between CPU and GPU, per task" },
    { "scheduler", P_STRING, AT(machine_params, scheduler), .def = "auto",
      .help = "a StarPU scheduling policy (lws, dmdas, ...); auto: prio, with GPUs dmdas. "
              "STARPU_SCHED wins" },
    { 0 },
};
const struct schema machine_schema = { "machine", "what it runs on", machine_table };

static const struct param trace_table[] = {
    { "enabled", P_BOOL, AT(trace_params, enabled), .def = "false",
      .help = "record every task; writes trace/ and fills in `scheduler` of summary.json" },
    { "bound", P_BOOL, AT(trace_params, bound), .def = "false",
      .help = "of a traced run on one rank, also StarPU's lower bound: a linear program over the "
              "lengths of tasks that its performance models expect. Needs models of all of them "
              "(`starpint calibrate`), and a StarPU with glpk" },
    { 0 },
};
const struct schema trace_schema = { "trace", "what ran where and when", trace_table };

static const struct param tune_table[] = {
    { "schedulers", P_STRINGS, AT(tune_params, schedulers), .def = "",
      .help = "StarPU scheduling policies; without: all that `starpint list schedulers` marks" },
    { "vary", P_NODE, AT(tune_params, vary), .def = "", .unit = "lists of values",
      .help = "what else is varied: a key of the config (method.coarse.steps: [1, 2, 4]), or a "
              "variable of StarPU's (STARPU_NCPU: [1, 2]); every combination is a point" },
    { "repeat", P_INT, AT(tune_params, repeat), .def = "3", .min = 1, .max = 1000, .unit = "runs",
      .help = "of every point; the median counts" },
    { "warmup", P_INT, AT(tune_params, warmup), .def = "1", .min = 0, .max = 100, .unit = "runs",
      .help = "that fill the performance models for every combination in `vary`, if one of the "
              "schedulers uses models; they are kept in the folder of the results. 0: none, models "
              "are those of STARPU_HOME" },
    { "seed", P_INT, AT(tune_params, seed), .def = "1", .min = 0, .max = 9007199254740992.0,
      .help = "of the order of the runs: each repetition of the whole matrix has one of its own" },
    { "timeout", P_REAL, AT(tune_params, timeout), .def = "600", .min = 0, .max = 1e7,
      .open_min = true, .unit = "s", .help = "of a run, which then counts as failed" },
    { "launcher", P_STRINGS, AT(tune_params, launcher), .def = "",
      .help = "words before every command: [mpirun, -n, 2, --bind-to, none]" },
    { 0 },
};
const struct schema tune_schema = { "tune",
                                    "a study of schedulers and parameters: what `starpint "
                                    "tune` reads besides the rest, and `starpint run` does not",
                                    tune_table };

static const struct param run_table[] = {
    { "problem", P_NODE, AT(run_params, problem), .help = "what is solved" },
    { "time", P_MAP, AT(run_params, time), .sub = &time_schema, .help = "the interval of the run" },
    { "method", P_NODE, AT(run_params, method), .help = "how it is solved: serial or parareal" },
    { "observe", P_NODES, AT(run_params, observe), .def = "",
      .help = "what to write down about the solution" },
    { "output", P_MAP, AT(run_params, output), .sub = &output_schema, .help = "what a run writes" },
    { "machine", P_MAP, AT(run_params, machine), .sub = &machine_schema,
      .help = "what it runs on" },
    { "trace", P_MAP, AT(run_params, trace), .sub = &trace_schema,
      .help = "what ran where and when" },
    { "tune", P_NODE, AT(run_params, tune), .def = "",
      .help = "a study of schedulers and parameters, by `starpint tune`" },
    { 0 },
};
const struct schema run_schema = { "config", "a run", run_table };
