// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* starpint run: config -> problem, propagators, method -> report. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>

#include "core/config_json.h"
#include "core/log.h"
#include "core/results_format.h"
#include "drivers/commands.h"
#include "drivers/options.h"
#include "drivers/report.h"
#include "problems/sdc.h"
#include "tasks/stop.h"

static void usage(void)
{
    puts("Usage: starpint run CONFIG.yaml [--set path.to.key=value]... [-o DIR] [--resume | "
         "--overwrite]\n"
         "                    [--quiet] [--mpi]\n"
         "Solves one problem with one method.\n\n"
         "  --set KEY=VALUE  overrides the file: --set method.slices=8 --set 'problem.grid=[101, "
         "101]'\n"
         "  -o DIR           results (default: results/NAME of the config); refused if DIR holds "
         "results\n"
         "  --resume         goes on from DIR/checkpoint.h5, to the last bit as if it had not "
         "stopped; machine, trace\n"
         "                   and output.checkpoint may differ from before\n"
         "  --overwrite      replaces the results in DIR\n"
         "  --quiet          no progress, no report: only errors\n"
         "  --mpi            initialises MPI without a launcher\n\n"
         "DIR gets summary.json, result.h5, result.xmf (ParaView), config.yaml (the effective one) "
         "and, with\n"
         "trace.enabled, trace/, with output.checkpoint.enabled, checkpoint.h5. STARPU_* variables "
         "win over --set, which wins over the file.\n\n"
         "Examples:\n"
         "  starpint run examples/black_scholes_2d.yaml -o results/bs2d --set trace.enabled=true\n"
         "  mpirun -n 2 starpint run examples/black_scholes_2d.yaml -o results/bs2d-2ranks");
}

/* Everything of one run; what is not NULL is to be freed. */
struct job {
    struct spt run;
    struct config *config;
    struct run_params v;
    struct problem *problem;
    struct parareal_params parareal;
    struct serial_params serial;
    struct propagator *fine, *coarse;
    struct observer observer;
    struct stop stop;
    json_t *identity; /* what must be the same when it goes on */
    double *u0;
    bool is_parareal;
    long parts; /* slices or segments */
};

static int bind_method(struct job *j)
{
    static const char *const known[] = { "serial", "parareal", NULL }, *const also[] = { "name",
                                                                                         NULL };
    const char *name = config_name(j->v.method);
    int err;
    if (!name)
        return config_key_error(j->v.method, "name", "expected serial or parareal");
    if (strcmp(name, "parareal") == 0) {
        j->is_parareal = true;
        if ((err = parareal_bind(&j->parareal, j->v.method, j->run.ranks)))
            return err;
        j->parareal.o.error_vs_fine = j->v.output.error_vs_fine;
        return 0;
    }
    if (strcmp(name, "serial"))
        return config_unknown(config_child(j->v.method, "name"), "method", name, known);
    if ((err = config_bind(j->v.method, &serial_schema, also, &j->serial)))
        return err;
    if (j->run.ranks > 1)
        return config_key_error(j->v.method, "name",
                                "expected a parallel method: serial runs on one rank, not %d",
                                j->run.ranks);
    if (j->v.output.error_vs_fine)
        return config_key_error(
            config_child(config_root(j->config), "output"), "error_vs_fine",
            "expected false: a serial run has no fine propagator to compare with");
    return 0;
}

/* segments of a serial run: they meet the observations, and there are enough of them to see it
 * progress */
static int choose_segments(struct job *j)
{
    const double start = j->v.time.start, end = j->v.time.end;
    long parts;
    int err = observer_parts(&j->observer, &j->v.observe, start, end, &parts);
    if (err)
        return err;
    const long steps = j->fine->steps;
    if (steps % parts)
        return config_key_error(
            j->serial.propagator, "steps",
            "expected a multiple of %ld, so that observations and snapshots fall on steps; got %ld",
            parts, steps);
    long most = parts;
    for (long f = 1; f * parts <= 100 && f * parts <= steps; f++)
        if (steps % (f * parts) == 0)
            most = f * parts;
    j->parts = most;
    if (j->fine->divide(j->fine, most) && j->fine->divide(j->fine, j->parts = parts))
        return config_key_error(j->serial.propagator, "steps", "expected a multiple of %ld", parts);
    return 0;
}

static int prepare(struct job *j, const struct options *o)
{
    int err;
    if ((err = options_config(o, &j->config)))
        return err;
    struct node *root = config_root(j->config);
    if (config_child(root, "analyze") && !config_child(root, "problem"))
        return config_key_error(
            root, "analyze",
            "expected a problem and a method: studies are run by `starpint analyze`");
    if ((err = config_bind(root, &run_schema, NULL, &j->v)))
        return err;
    if (!(j->v.time.end > j->v.time.start))
        return config_key_error(config_child(root, "time"), "end",
                                "expected a time after start (%g), got %g", j->v.time.start,
                                j->v.time.end);
    const char *scheduler = strcmp(j->v.machine.scheduler, "auto") ? j->v.machine.scheduler : NULL;
    if ((err = problem_create(&j->problem, j->v.problem)) || (err = bind_method(j)) ||
        (err = spt_check_scheduler(config_child(config_child(root, "machine"), "scheduler"),
                                   "scheduler", scheduler)))
        return err;
    const struct spt_options so = { j->v.machine.cpus, j->v.machine.gpus, scheduler,
                                    j->v.trace.enabled, j->v.machine.reproducible,
                                    j->v.trace.enabled && j->v.trace.bound };
    if ((err = spt_open(&j->run, &so)))
        return err;
    if ((err = observer_create(&j->observer, &j->run, j->problem, &j->v.observe,
                               j->v.output.snapshots)))
        return err;
    if (j->is_parareal) {
        const struct parareal_params *p = &j->parareal;
        if ((err = propagator_create(&j->fine, &j->run, j->problem, j->v.problem, p->fine)) ||
            (err = propagator_create(&j->coarse, &j->run, j->problem, j->v.problem, p->coarse)))
            return err;
        j->parts = p->o.slices;
        if (j->v.output.snapshots >= j->parts)
            return config_key_error(config_child(root, "output"), "snapshots",
                                    "expected fewer than slices (%ld), got %ld", j->parts,
                                    j->v.output.snapshots);
    } else if ((err = propagator_create(&j->fine, &j->run, j->problem, j->v.problem,
                                        j->serial.propagator)) ||
               (err = choose_segments(j)))
        return err;
    if ((err = observer_boundaries(&j->observer, &j->v.observe, j->v.time.start, j->v.time.end,
                                   j->parts)))
        return err;
    if (stepper_type_find(j->fine->name) || !strcmp(j->fine->name, sdc_stepper_type.name))
        j->observer.step = (j->v.time.end - j->v.time.start) / (double)(j->parts * j->fine->steps);
    const struct interval part =
        interval_part((struct interval){ j->v.time.start, j->v.time.end, 0, 1 }, 0, j->parts);
    err = propagator_check(j->fine, part);
    return err || !j->coarse ? err : propagator_check(j->coarse, part);
}

/* ---------------------------------------------------------------- checkpoints */

/* a checksum of a file, in hexadecimal; of nothing if it cannot be read */
static json_t *file_sum(const char *path)
{
    uint64_t words[512], sum = 0;
    size_t n = 0;
    FILE *f = fopen(path, "r");
    do {
        memset(words, 0, sizeof words);
        n = f ? fread(words, 1, sizeof words, f) : 0;
        sum = result_checksum(sum, words, (n + 7) / 8);
    } while (n);
    if (f)
        fclose(f);
    return json_sprintf("%016llx", (unsigned long long)sum);
}

/* what the results follow from; trace, machine and output.checkpoint are free */
static json_t *identity(struct config *c, const struct spt *run)
{
    static const char *const keys[] = { "problem", "time", "method", "observe", "output" };
    json_t *all = config_json(config_root(c)), *kept = json_object();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_object_set(kept, keys[i], json_object_get(all, keys[i]));
    json_object_del(json_object_get(kept, "output"), "checkpoint");
    json_t *weights = json_object();
    for (const struct network_use *u = run->networks; u; u = u->next)
        json_object_set_new(weights, u->weights, file_sum(u->weights));
    json_object_set_new(kept, "weights", weights);
    json_decref(all);
    return kept;
}

static int open_stop(struct job *j, const char *dir)
{
    const struct checkpoint_params *v = &j->v.output.checkpoint;
    struct node *at = config_child(config_child(config_root(j->config), "output"), "checkpoint");
    if (v->enabled && !SPT_HDF5)
        return config_key_error(at, "enabled",
                                "expected false: this starpint was built without HDF5");
    if (v->stop_after && !v->enabled)
        return config_key_error(at, "stop_after", "expected 0 without enabled: true, got %ld",
                                v->stop_after);
    j->identity = identity(j->config, &j->run);
    j->stop = (struct stop){ .run = &j->run,
                             .o = { v->enabled, v->every, v->seconds, v->stop_after },
                             .dir = dir,
                             .save = observer_save,
                             .context = &j->observer,
                             .config = j->identity };
    j->parareal.o.stop = &j->stop;
    return 0;
}

/* the checkpoint in the folder: of this configuration, and what has been observed. -EINVAL after an
 * error line */
static int resume(struct job *j)
{
    struct stop *s = &j->stop;
    const struct node *where = NULL;
    const json_t *old = NULL;
    int err = 0;
    if (j->run.rank == 0)
        err = results_resume(s->dir);
    if (spt_any(&j->run, err) || stop_open(s))
        return -EINVAL;
    if (config_difference(json_object_get(s->text, "config"), j->identity, config_root(j->config),
                          &where, &old)) {
        if (where == config_root(j->config)) /* no key: `weights` is none */
            return log_error(
                -EINVAL, "%s/checkpoint.h5 was written with other weights of a network", s->dir);
        char *said = old ? json_dumps(old, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) : NULL;
        err =
            config_error(where, "%s/checkpoint.h5 has %.200s here: --resume goes on with the same",
                         s->dir, said ? said : "nothing");
        free(said);
        return err;
    }
    if (j->run.rank == 0)
        err = observer_resume(&j->observer, json_object_get(s->text, "driver"), s->file);
    return spt_any(&j->run, err) ? -EINVAL : 0;
}

static const char *status_of(int err, const struct failure *f, const struct job *j,
                             const struct parareal_report *p)
{
    if (err == -ECANCELED)
        return "interrupted";
    if (err)
        return f->kind == FAILURE_GROWTH || f->kind == FAILURE_DIVERGED ? "diverged" : "failed";
    for (long i = 0; j->is_parareal && i < p->windows; i++)
        if (!p->window[i].converged)
            return "finished";
    return j->is_parareal ? "converged" : "finished";
}

static void say_failure(const struct failure *f, const struct stop *s)
{
    if (s->where[0] && s->signal == SIGINT)
        log_error(0, "interrupted: %s, --resume goes on from checkpoint.h5 in %s", s->where,
                  s->dir);
    else if (s->where[0])
        log_info("%s: %s, --resume goes on from checkpoint.h5 in %s",
                 s->signal ? "terminated" : "stopped", s->where, s->dir);
    else if (f->kind == FAILURE_INTERRUPTED)
        log_error(0, "interrupted: stopped cleanly, summary.json says how far it came");
    else if (f->kind != FAILURE_NONE)
        log_error(0, "%s: slice %d, iteration %d, codelet %s%s%s", failure_text(f->kind), f->slice,
                  f->iteration, f->codelet, f->label[0] ? " of " : "", f->label);
}

static int write_results(struct job *j, const struct outcome *r, const struct options *o,
                         const char *dir)
{
    struct observer *b = &j->observer;
    int err;
    json_t *summary = report_summary(r, j->config, b);
    if ((err = options_write_config(j->config, dir)))
        goto out;
    if (b->nkept && r->failure->kind == FAILURE_NONE) {
        double *exact = j->problem->exact && !j->problem->fields
                            ? calloc(b->nkept * j->problem->n, sizeof *exact)
                            : NULL;
        bool all = exact;
        for (size_t i = 0; i < b->nkept && all; i++) {
            all = j->problem->exact(j->problem, b->kept[i].time, exact + i * j->problem->n) == 0;
            b->kept[i].reference = exact + i * j->problem->n;
        }
        for (size_t i = 0; i < b->nkept && !all; i++)
            b->kept[i].reference = NULL;
        err = results_write(dir, j->problem->name, problem_shown(j->problem), b->kept, b->nkept);
        free(exact);
        if (err)
            goto out;
    }
    if (r->trace && (err = report_trace(r->trace, dir)))
        goto out;
    if ((err = report_write(summary, dir))) /* last: a summary means that all is there */
        goto out;
    if (!o->quiet)
        report_print(summary, dir);
out:
    json_decref(summary);
    return err;
}

static int compute(struct job *j, const struct options *o, const char *dir)
{
    struct spt *run = &j->run;
    struct parareal_report pr = { 0 };
    struct serial_report sr = { 0 };
    struct trace trace = { 0 };
    const double start = j->v.time.start, end = j->v.time.end;
    int err, wrong = 0;

    j->u0 = calloc(j->problem->n, sizeof *j->u0);
    SPT_CHECK(j->u0);
    if ((err = j->problem->initial(j->problem, start, j->u0)))
        return err;
    if ((err = open_stop(j, dir)))
        return err;
    if (o->resume)
        wrong = resume(j);
    else if (run->rank == 0)
        wrong = results_prepare(dir, o->overwrite);
    if (spt_any(run, wrong))
        return -EINVAL; /* a folder that cannot be written to is a wrong input too */
    if (!o->resume)
        observer_initial(&j->observer, start, j->u0);
    if (!j->is_parareal) {
        j->fine->emit = observer_inside;
        j->fine->emit_context = &j->observer;
    }
    err = j->is_parareal ? parareal(run, j->fine, j->coarse, &j->parareal.o, start, end, j->u0,
                                    observer_emit, &j->observer, &pr)
                         : serial(run, j->fine, j->parts, j->serial.growth, start, end, j->u0,
                                  observer_emit, &j->observer, &j->stop, &sr);
    const struct failure *f = j->is_parareal ? &pr.failure : &sr.failure;
    if (err && f->kind == FAILURE_NONE)
        goto out; /* said already */
    say_failure(f, &j->stop);
    if (j->v.trace.enabled) {
        spt_wait(run);
        if (spt_trace_gather(run, &trace))
            log_warn("the trace is lost: out of memory");
        snprintf(trace.title, sizeof trace.title, "%s, %s, %d rank%s", j->problem->name,
                 j->is_parareal ? "Parareal" : "serial", run->ranks, run->ranks > 1 ? "s" : "");
    }
    int workers[2] = { (int)starpu_cpu_worker_get_count(), (int)starpu_cuda_worker_get_count() };
    spt_sum(run, workers, 2);
    const size_t bytes = spt_bus_bytes(run);
    const double bound = spt_bound(run);
    struct work_count work;
    spt_work_total(run, &work);
    spt_network_total(run);
    report_networks(run);
    if (run->rank == 0) {
        const struct outcome r = { .status = status_of(err, f, j, &pr),
                                   .wall_seconds =
                                       j->is_parareal ? pr.wall_seconds : sr.wall_seconds,
                                   .cpu = workers[0],
                                   .cuda = workers[1],
                                   .parareal_options = j->is_parareal ? &j->parareal.o : NULL,
                                   .parareal = j->is_parareal ? &pr : NULL,
                                   .serial = &sr,
                                   .failure = f,
                                   .trace = trace.n ? &trace : NULL,
                                   .bus_bytes = bytes,
                                   .starpu_bound = bound,
                                   .work = &work,
                                   .run = run };
        const int wrote = write_results(j, &r, o, dir);
        err = wrote && (!err || j->stop.where[0]) ? wrote : err;
    }
    if (err == -ECANCELED && j->stop.where[0] && j->stop.signal != SIGINT)
        err = 0; /* as it was asked for */
out:
    trace_free(&trace);
    parareal_report_free(&pr);
    return err;
}

int command_run(int argc, char **argv)
{
    struct options o = { .command = "run" };
    struct job j = { 0 };
    int err = options_parse(&o, true, argc, argv);
    if (err == 1) {
        usage();
        return 0;
    }
    if (err)
        return exit_code(err);
    char *dir = options_dir(&o);
    if (!(err = spt_open_mpi(&j.run, &argc, &argv, o.mpi))) {
        log_open(j.run.rank, o.quiet);
        err = prepare(&j, &o);
        if (!err)
            err = compute(&j, &o, dir);
    }
    stop_close(&j.stop);
    json_decref(j.identity);
    if (j.problem)
        observer_destroy(&j.observer);
    propagator_destroy(&j.fine);
    propagator_destroy(&j.coarse);
    spt_close(&j.run);
    problem_destroy(&j.problem);
    config_destroy(&j.config);
    free(j.u0);
    free(dir);
    return exit_code(err);
}
