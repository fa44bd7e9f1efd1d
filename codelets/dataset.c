// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The file holds the tensors states and targets, and as metadata what they depend on, as JSON. */
#include "codelets/dataset.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codelets/lesson.h"
#include "core/config_json.h"
#include "core/log.h"
#include "core/vec.h"
#include "nn/safetensors.h"

#define AT(member) offsetof(struct dataset_params, member)
static const struct param params[] = {
    { "spinup", P_REAL, AT(spinup), .def = "0", .min = 0, .max = INFINITY, .open_max = true,
      .unit = "time of the problem", .help = "of a simulation before its first state is taken" },
    { "every", P_REAL, AT(every), .min = 0, .max = INFINITY, .open_min = true, .open_max = true,
      .unit = "time of the problem", .help = "from state to state; spinup is a multiple of it" },
    { "states", P_INT, AT(states), .def = "100", .min = 1, .max = 1e6,
      .help = "that each simulation gives" },
    { "simulations", P_INT, AT(simulations), .def = "4", .min = 1, .max = 1e4,
      .help = "to train on, each from its own noise: the problem's `initial.seed` is seed, "
              "seed + 1, ..." },
    { "validation", P_INT, AT(validation), .def = "1", .min = 1, .max = 1e4,
      .help = "simulations more, for the validation alone" },
    { "seed", P_INT, AT(seed), .def = "1000", .min = 0, .max = 1e15,
      .help = "of the first simulation" },
    { "propagator", P_NODE, AT(propagator),
      .help = "a one-step scheme for the simulations, with its `steps` per `every`" },
    { "file", P_STRING, AT(file), .def = "",
      .help = "where states are kept, .safetensors: read if it holds those of this problem and "
              "these keys, else written" },
    { 0 },
};
const struct schema dataset_schema = {
    "data",
    "states of simulations to train on, instead of random ones; for problems whose "
    "right-hand side does not depend on time",
    params
};

/* ---------------------------------------------------------------- what they depend on */

static char *text_of(json_t *j)
{
    char *text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17));
    json_decref(j);
    return text;
}

static char *key_of_states(const struct node *problem, const struct node *config)
{
    json_t *data = config_json(config);
    json_object_del(data, "file");
    return text_of(json_pack("{s:o, s:o}", "problem", config_json(problem), "data", data));
}

static char *key_of_targets(const struct neural *l, double dt, const struct node *scheme)
{
    json_t *nodes = json_array();
    for (int m = 0; m < l->network->codec.nodes; m++)
        json_array_append_new(nodes, json_real(l->tau[m]));
    return text_of(
        json_pack("{s:o, s:f, s:o}", "scheme", config_json(scheme), "step", dt, "nodes", nodes));
}

/* the values of a tensor, if the file has it for that key; false otherwise */
static bool read_tensor(const char *path, const char *key, const char *expected, const char *name,
                        size_t count, double *v)
{
    struct safetensors *s = NULL;
    bool found = false;
    if (!path || !expected || access(path, R_OK) || safetensors_open(&s, path, NULL))
        return false;
    const char *is = safetensors_meta(s, key);
    const struct safetensor *t = safetensors_find(s, name);
    if (is && strcmp(is, expected) == 0 && t && t->dtype == DTYPE_F64 && t->count == count) {
        memcpy(v, t->data, count * sizeof *v);
        found = true;
    }
    safetensors_close(&s);
    return found;
}

/* ---------------------------------------------------------------- simulations */

/* states at (warm + i) every, i = 0..; those of simulation s of S are every S-th of out */
static int simulate(const struct dataset_params *v, const struct node *problem,
                    const struct node *config, long warm, long s, long S, long stride, double *out)
{
    struct node *copy = config_copy(problem), *initial = config_child(copy, "initial");
    const long last = warm + v->states - 1;
    struct problem *p = NULL;
    struct reference r = { NULL, 1 };
    double *work = NULL;
    char seed[24];
    int err;
    snprintf(seed, sizeof seed, "%ld", v->seed + s);
    if (!initial || !config_child(initial, "seed"))
        return config_key_error(problem, "name",
                                "a problem with the key initial.seed is expected: simulations "
                                "start from its noise");
    if ((err = config_node_set(initial, "seed", seed)) || (err = problem_create(&p, copy)))
        return err;
    const struct samples whole = {
        p, 0.0, v->every * (double)(last + 1), last + 1, 0, NULL, false
    };
    err = reference_create(&r, p, &whole, config_copy(v->propagator));
    const size_t nwork = err ? 0 : exec_round(p->n) + r.stepper->nwork;
    if (!err && !(work = aligned_alloc(64, exec_round(nwork) * sizeof *work)))
        err = log_error(-ENOMEM, "out of memory: simulations");
    struct exec x = exec_host(work, nwork);
    double *u = err ? NULL : exec_take(&x, p->n);
    if (!err)
        err = p->initial(p, 0.0, u);
    for (long i = 0; i <= last && !err; i++) {
        const struct interval step = { 0.0, whole.end, i - 1, last + 1 };
        double bad = 0;
        if (i > 0 && reference_advance(&r, &x, step, u, u))
            bad = 1;
        else
            vec_nonfinite(&x, p->n, u, &bad);
        if (bad != 0)
            err = config_key_error(config, "propagator", "simulation %ld fails at t = %g", s,
                                   (double)i * v->every);
        else if (i >= warm)
            memcpy(out + (size_t)((i - warm) * stride) * p->n, u, p->n * sizeof *u);
        log_progress("data", ((double)s + (double)i / (double)(last + 1)) / (double)S,
                     "simulation %ld, t = %g", s, (double)i * v->every);
    }
    free(work);
    reference_destroy(&r);
    problem_destroy(&p);
    return err;
}

int dataset_create(struct dataset **out, const struct problem *p, const struct node *problem,
                   const struct dataset_params *v, const struct node *config)
{
    const double warm = rint(v->spinup / v->every);
    const long S = v->simulations + v->validation;
    *out = NULL;
    if (fabs(warm * v->every - v->spinup) > 1e-9 * v->spinup || warm > 1e9)
        return config_key_error(config, "spinup", "expected a multiple of every (%g), got %g",
                                v->every, v->spinup);
    struct dataset *d = calloc(1, sizeof *d);
    if (!d)
        return log_error(-ENOMEM, "out of memory");
    d->n = p->n;
    d->training = (size_t)(v->simulations * v->states);
    d->validation = (size_t)(v->validation * v->states);
    const size_t all = (d->training + d->validation) * d->n;
    *out = d;
    if (!(d->states = malloc(all * sizeof *d->states)))
        return log_error(-ENOMEM, "out of memory: %zu states", d->training + d->validation);
    char *key = key_of_states(problem, config);
    int err = key ? 0 : -ENOMEM;
    if (!err && read_tensor(v->file, "data", key, "states", all, d->states))
        log_info("%zu states from %s", d->training + d->validation, v->file);
    else
        for (long s = 0; s < S && !err; s++) {
            const bool trains = s < v->simulations;
            const size_t first = trains ? (size_t)s : d->training + (size_t)(s - v->simulations);
            err = simulate(v, problem, config, (long)warm, s, S,
                           trains ? v->simulations : v->validation, d->states + first * d->n);
        }
    log_progress_end();
    free(key);
    return err;
}

void dataset_destroy(struct dataset **dp)
{
    struct dataset *d = *dp;
    *dp = NULL;
    if (!d)
        return;
    free(d->states);
    free(d->targets);
    free(d);
}

/* ---------------------------------------------------------------- targets */

static int compute(struct dataset *d, const struct neural *l, const struct reference *r,
                   struct interval step, const struct node *config)
{
    const size_t entries = d->training + d->validation, M = (size_t)d->nodes, n = d->n;
    double *work = aligned_alloc(64, exec_round(r->stepper->nwork) * sizeof *work);
    int err = work ? 0 : log_error(-ENOMEM, "out of memory");
    const struct exec x = exec_host(work, r->stepper->nwork);
    for (size_t i = 0; i < entries && !err; i++) {
        for (size_t m = 0; m < M && !err; m++) {
            double *to = d->targets + (i * M + m) * n;
            if (reference_advance(r, &x, lesson_part(l, step, (int)m),
                                  m ? to - n : d->states + i * n, to))
                err =
                    config_key_error(config, "propagator", "it fails on state %zu of the data", i);
        }
        log_progress("targets", (double)i / (double)entries, "state %zu of %zu", i, entries);
    }
    log_progress_end();
    free(work);
    return err;
}

int dataset_aim(struct dataset *d, const struct neural *l, const struct reference *r, double start,
                double dt, const struct node *problem, const struct dataset_params *v,
                const struct node *config, const struct node *scheme, bool write)
{
    const size_t entries = d->training + d->validation, M = (size_t)l->network->codec.nodes;
    const struct interval step = { start, start + dt, 0, 1 };
    d->nodes = (int)M;
    if (!(d->targets = malloc(entries * M * d->n * sizeof *d->targets)))
        return log_error(-ENOMEM, "out of memory: targets of %zu states", entries);
    char *data = key_of_states(problem, config), *key = key_of_targets(l, dt, scheme);
    int err = data && key ? 0 : log_error(-ENOMEM, "out of memory");
    const bool known =
        !err &&
        read_tensor(v->file, "data", data, "states", entries * d->n,
                    d->targets) && /* states first: targets belong to them */
        read_tensor(v->file, "target", key, "targets", entries * M * d->n, d->targets);
    if (!err && !known)
        err = compute(d, l, r, step, scheme);
    if (!err && !known && v->file && write) {
        const struct safetensor tensors[] = {
            { .name = "states",
              .dtype = DTYPE_F64,
              .dims = 2,
              .shape = { entries, d->n },
              .count = entries * d->n,
              .data = d->states },
            { .name = "targets",
              .dtype = DTYPE_F64,
              .dims = 3,
              .shape = { entries, M, d->n },
              .count = entries * M * d->n,
              .data = d->targets },
        };
        const char *const meta[] = {
            "format", "starpint-data-1", "data", data, "target", key, NULL
        };
        err = safetensors_write(v->file, tensors, 2, meta);
    }
    free(data);
    free(key);
    return err;
}
