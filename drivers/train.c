// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* starpint train: config -> problem, network, loss, optimiser -> training -> weights. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>

#include "core/log.h"
#include "core/results.h"
#include "drivers/commands.h"
#include "drivers/options.h"
#include "drivers/report.h"
#include "drivers/training.h"

static void usage(void)
{
    puts(
        "Usage: starpint train CONFIG.yaml [--set path.to.key=value]... [-o DIR] [--resume | "
        "--overwrite]\n"
        "                      [--quiet] [--mpi]\n"
        "Trains a network to make the steps of a problem.\n\n"
        "  --set KEY=VALUE  overrides the file: --set train.steps=100\n"
        "  -o DIR           results (default: results/NAME of the config); refused if DIR holds "
        "results\n"
        "  --resume         goes on from DIR/checkpoint.safetensors, to the last bit as if it had "
        "not stopped;\n"
        "                   train.steps may be larger than before\n"
        "  --overwrite      replaces the results in DIR\n"
        "  --quiet          no progress, no report: only errors\n"
        "  --mpi            initialises MPI without a launcher\n\n"
        "DIR gets weights.safetensors (for `{name: network, weights: FILE}`), "
        "checkpoint.safetensors, loss.csv,\n"
        "loss.png, summary.json, config.yaml (the effective one) and, with trace.enabled, trace/.\n"
        "`starpint list training` says what can stand in the config; docs/training.md says "
        "more.\n\n"
        "Example:\n"
        "  starpint train examples/train_tiny.yaml -o results/tiny");
}

/* ---------------------------------------------------------------- from the config */

/* the number of states in a step follows from the loss; the network is told */
static int create_network(struct training *t)
{
    struct node *network = t->v.train.network;
    const struct loss_type *type = loss_find(t->v.train.loss);
    char text[24];
    int err;
    if (!type)
        return -EINVAL;
    if (type->direction && t->optimiser.type->full_batch)
        return config_key_error(t->v.train.optimiser, "name",
                                "expected adam or adamw: the direction of loss %s is not the "
                                "gradient of its value, which %s needs",
                                type->name, t->optimiser.type->name);
    const int nodes = type->nodes(t->v.train.loss, t->neural.tau);
    if (nodes < 0)
        return nodes;
    snprintf(text, sizeof text, "%d", nodes);
    if (nodes > 1 && !config_child(network, "nodes") &&
        (err = config_node_set(network, "nodes", text)))
        return err;
    if ((err = network_create(&t->network, neural_grid(t->problem), neural_boundary(t->problem),
                              network)))
        return err == -ENOMEM ? log_error(err, "out of memory: the network") : err;
    if (t->network->codec.nodes != nodes)
        return config_key_error(network, "nodes",
                                "expected %d, the nodes of the loss, or none: got %d", nodes,
                                t->network->codec.nodes);
    if ((err = neural_check(t->problem, t->network, network)))
        return err;
    network_initialise(t->network, (unsigned long)t->v.train.seed);
    t->neural.problem = t->problem;
    t->neural.network = t->network;
    return 0;
}

/* simulations, and of their states what the scheme of a loss on data makes of them */
static int create_data(struct training *t)
{
    const struct train_params *v = &t->v.train;
    const struct dataset_params *d = &t->data_params;
    const double dt = (t->v.time.end - t->v.time.start) / (double)v->slices;
    const struct samples samples = { t->problem, t->v.time.start, t->v.time.end, v->slices };
    struct reference r;
    int err;
    if (!v->data)
        return 0;
    if ((err = config_bind(v->data, &dataset_schema, NULL, &t->data_params)) ||
        (err = dataset_create(&t->data, t->problem, t->v.problem, d, v->data)))
        return err;
    struct node *scheme = config_child(v->loss, "propagator");
    if (loss_find(v->loss) != &loss_data_type || !scheme)
        return 0;
    if (!(err = reference_create(&r, t->problem, &samples, scheme)))
        err = dataset_aim(t->data, &t->neural, &r, t->v.time.start, dt, t->v.problem, d, v->data,
                          scheme, t->run.rank == 0);
    reference_destroy(&r);
    return err;
}

static int create_loss(struct training *t)
{
    enum { STATISTICS = 64, UNSEEN = 0x5eed };
    const struct train_params *v = &t->v.train;
    const struct interval step = { t->v.time.start, t->v.time.end, 0, v->slices };
    struct samples samples = { t->problem, t->v.time.start,        t->v.time.end,
                               v->slices,  (unsigned long)v->seed, t->data,
                               false };
    const size_t shard = (size_t)((v->batch + v->shards - 1) / v->shards);
    int err;
    if ((err = neural_prepare(&t->neural, step)) ||
        (err = lesson_calibrate(&t->neural, &samples, STATISTICS, t->low, t->high)))
        return err;
    const struct loss_setup setup = { &t->neural, samples, shard };
    if ((err = loss_create(&t->loss, loss_find(v->loss), &setup, v->loss)))
        return err;
    t->validates = v->validation.propagator && v->validation.samples > 0;
    if (!t->validates)
        return 0;
    samples.seed += UNSEEN;
    samples.unseen = true;
    return validation_create(
        &t->validation, &t->neural, &samples, v->validation.propagator,
        config_child(config_child(config_root(t->config), "train"), "validation"),
        v->validation.region.v, v->validation.region.n);
}

static int prepare(struct training *t, const struct options *o)
{
    int err;
    if ((err = options_config(o, &t->config)))
        return err;
    struct node *root = config_root(t->config);
    if ((err = config_bind(root, &training_schema, NULL, &t->v)))
        return err;
    const struct train_params *v = &t->v.train;
    if (!(t->v.time.end > t->v.time.start))
        return config_key_error(config_child(root, "time"), "end",
                                "expected a time after start (%g), got %g", t->v.time.start,
                                t->v.time.end);
    if (v->shards > v->batch)
        return config_key_error(config_child(root, "train"), "shards",
                                "expected at most batch (%ld), got %ld", v->batch, v->shards);
    if ((err = problem_create(&t->problem, t->v.problem)))
        return err;
    if (!t->problem->sample && !v->data)
        return config_key_error(t->v.problem, "name",
                                "problem %s draws no random states: training needs train.data",
                                t->problem->name);
    const char *scheduler = strcmp(t->v.machine.scheduler, "auto") ? t->v.machine.scheduler : NULL;
    if ((err = optimiser_bind(&t->optimiser, v->optimiser)) || (err = create_network(t)) ||
        (err = spt_check_scheduler(config_child(config_child(root, "machine"), "scheduler"),
                                   "scheduler", scheduler)))
        return err;
    const struct spt_options so = { t->v.machine.cpus, t->v.machine.gpus, scheduler,
                                    t->v.trace.enabled, t->v.machine.reproducible };
    if ((err = create_data(t)) || (err = create_loss(t)) || (err = spt_open(&t->run, &so)))
        return err;
    return train_state_create(&t->state, t->network, &t->optimiser, v->steps);
}

/* ---------------------------------------------------------------- to the folder */

static int checkpoint(void *context, const struct train_state *s)
{
    struct training *t = context;
    int err = 0;
    if (t->run.rank == 0 && !(err = checkpoint_write(t)))
        err = training_csv(t);
    return spt_any(&t->run, err) ? -EIO : 0;
}

static const char *status_of(int err, const struct train_failure *f)
{
    return !err                        ? "finished"
           : err == -ECANCELED         ? "interrupted"
           : f->status == TRAIN_FAILED ? "failed"
                                       : "diverged";
}

static void say_failure(const struct training *t)
{
    const struct train_failure *f = &t->failure;
    const char *kept =
        t->state.done > 0 && t->v.train.checkpoint > 0 && t->state.done >= t->v.train.checkpoint
            ? "; the last checkpoint is kept"
            : "";
    if (f->status == TRAIN_SKIPPED)
        log_error(0, "interrupted: checkpoint after step %ld in %s, --resume goes on",
                  t->state.done, t->dir);
    else if (f->status == TRAIN_FAILED)
        log_error(0, "step %ld: %s: sample %ld of the batch, loss %s%s", f->step + 1,
                  train_failure_text(f->status), f->sample, t->loss->type->name, kept);
    else if (f->status != TRAIN_DONE)
        log_error(0, "step %ld: %s: %g, in step 1 it was %g%s", f->step + 1,
                  train_failure_text(f->status), f->loss, t->state.entry[0].loss, kept);
}

static int write_results(struct training *t, int status, double wall_seconds,
                         const struct trace *trace, size_t bytes, const int workers[2], bool quiet)
{
    json_t *summary =
        training_summary(t, status_of(status, &t->failure), wall_seconds, trace, bytes, workers);
    int err;
    if ((!status && (err = training_weights(t))) ||
        (err = options_write_config(t->config, t->dir)) || (err = training_csv(t)) ||
        (err = draw_loss(t)) || (trace && (err = report_trace(trace, t->dir))) ||
        (err = report_write(summary, t->dir))) /* last: a summary means that all is there */
        goto out;
    if (!quiet)
        training_print(summary, t->dir);
out:
    json_decref(summary);
    return err;
}

static int compute(struct training *t, const struct options *o)
{
    struct spt *run = &t->run;
    const struct train_params *v = &t->v.train;
    const struct train_setup setup = {
        .network = t->network,
        .loss = t->loss,
        .optimiser = &t->optimiser,
        .validation = t->validates ? &t->validation : NULL,
        .options = { v->steps, v->batch, v->shards, v->validation.samples, v->validation.every,
                     v->checkpoint, v->divergence },
        .checkpoint = checkpoint,
        .context = t,
    };
    struct trace trace = { 0 };
    const double start = spt_seconds();
    int wrong = 0;
    if (o->resume)
        wrong = checkpoint_read(t);
    else if (run->rank == 0)
        wrong = results_prepare(t->dir, o->overwrite);
    if (spt_any(run, wrong))
        return -EINVAL; /* a folder that cannot be written to is a wrong input too */
    log_info("%s: %zu parameters, %.3g MFLOP per step of the network%s", t->network->kind,
             t->network->parameters, t->network->flops * 1e-6, o->resume ? "; resumed" : "");
    int err = train(run, &setup, &t->state, &t->failure);
    if (err && t->failure.status == TRAIN_DONE)
        goto out; /* said already */
    say_failure(t);
    if (t->v.trace.enabled) {
        spt_wait(run);
        if (spt_trace_gather(run, &trace))
            log_warn("the trace is lost: out of memory");
        snprintf(trace.title, sizeof trace.title, "%s, training, %d rank%s", t->problem->name,
                 run->ranks, run->ranks > 1 ? "s" : "");
    }
    int workers[2] = { (int)starpu_cpu_worker_get_count(), (int)starpu_cuda_worker_get_count() };
    spt_sum(run, workers, 2);
    const size_t bytes = spt_bus_bytes(run);
    if (run->rank == 0) {
        const int wrote = write_results(t, err, spt_seconds() - start, trace.n ? &trace : NULL,
                                        bytes, workers, o->quiet);
        err = err ? err : wrote;
    }
    if (err == -ECANCELED && spt_any(run, spt_asked_to_end() == SIGTERM))
        err = 0; /* with a checkpoint, as a batch system asks for */
out:
    trace_free(&trace);
    return err;
}

int command_train(int argc, char **argv)
{
    struct options o = { .command = "train" };
    struct training t = { .failure = { .status = TRAIN_DONE } };
    int err = options_parse(&o, true, argc, argv);
    if (err == 1) {
        usage();
        return 0;
    }
    if (err)
        return exit_code(err);
    char *dir = options_dir(&o);
    t.dir = dir;
    if (!(err = spt_open_mpi(&t.run, &argc, &argv, o.mpi))) {
        log_open(t.run.rank, o.quiet);
        err = prepare(&t, &o);
        if (!err)
            err = compute(&t, &o);
    }
    spt_close(&t.run);
    train_state_free(&t.state);
    if (t.validates)
        validation_destroy(&t.validation);
    loss_destroy(&t.loss);
    dataset_destroy(&t.data);
    network_destroy(&t.network);
    problem_destroy(&t.problem);
    config_destroy(&t.config);
    free(dir);
    return exit_code(err);
}
