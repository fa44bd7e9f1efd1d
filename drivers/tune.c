// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* starpint tune: every point of a matrix of schedulers and parameters as a process of its own. */
#include "drivers/tune.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "core/results.h"
#include "drivers/commands.h"
#include "drivers/gnuplot.h"

static void usage(void)
{
    puts(
        "Usage: starpint tune CONFIG.yaml [--set path.to.key=value]... [-o DIR] [--resume | "
        "--overwrite] [--quiet]\n"
        "Runs CONFIG with every combination of schedulers and parameters in its section `tune`, "
        "each several\n"
        "times and in a process of its own, and says which is the fastest. Without that section: "
        "with all\n"
        "schedulers (`starpint list schedulers`).\n\n"
        "  --set KEY=VALUE  overrides the file: --set 'tune.schedulers=[lws, dmdas]'\n"
        "  -o DIR           results (default: results/NAME-tune); refused if DIR holds results\n"
        "  --resume         goes on with an interrupted study in DIR: no finished run is repeated\n"
        "  --overwrite      replaces the study in DIR\n"
        "  --quiet          no progress, no table: only errors\n\n"
        "DIR gets tune.csv (a row per point), tune.png, summary.json, runs/ (summary.json of every "
        "run),\n"
        "models/ (a STARPU_HOME with the performance models of the schedulers that need them) and "
        "journal.jsonl,\n"
        "from which it goes on. STARPU_* variables are passed on, but for those that it varies.\n\n"
        "Examples:\n"
        "  starpint tune examples/tune.yaml -o results/tune\n"
        "  starpint tune examples/heat_2d.yaml --set 'tune.schedulers=[eager, prio, lws]' --set "
        "tune.repeat=5\n"
        "  starpint tune examples/heat_2d.yaml --set 'tune.vary={method.coarse.propagator.steps: "
        "[1, 2, 4],\n"
        "      STARPU_NCPU: [1, 2]}' -o results/steps\n"
        "Exit status: 0 success, 1 no point could be run, 2 the input is wrong, 130 interrupted.\n"
        "How to read it: docs/tuning.md");
}

const struct metric_type metric_types[METRICS] = {
    [METRIC_MAKESPAN] = { "makespan_seconds", "scheduler.makespan_seconds" },
    [METRIC_WALL] = { "wall_seconds", "wall_seconds" },
    [METRIC_IDLE] = { "idle_fraction", "scheduler.idle_fraction" },
    [METRIC_OVERHEAD] = { "overhead_microseconds_per_task",
                          "scheduler.overhead_microseconds_per_task" },
    [METRIC_TRANSFERS] = { "transfers_bytes", "scheduler.transfers_bytes" },
    [METRIC_MODEL_ERROR] = { "model_error", "scheduler.model_error" },
    [METRIC_TASKS] = { "tasks", "scheduler.tasks" },
    [METRIC_CRITICAL_PATH] = { "critical_path_seconds", "scheduler.critical_path_seconds" },
    [METRIC_LOWER_BOUND] = { "lower_bound_seconds", "scheduler.lower_bound_seconds" },
    [METRIC_STARPU_BOUND] = { "starpu_bound_seconds", "scheduler.starpu_bound_seconds" },
    [METRIC_SPEEDUP] = { "speedup", "speedup.measured" },
    [METRIC_BOUND] = { "speedup_bound", "speedup.here.bound" },
    [METRIC_ITERATIONS] = { "iterations", "parareal.iterations" },
    [METRIC_ERROR] = { "error_l2_relative", "error.l2_relative" },
    [METRIC_OF_BOUND] = { "of_speedup_bound", NULL },
    [METRIC_OF_LOWER_BOUND] = { "of_lower_bound", NULL },
    [METRIC_OF_STARPU_BOUND] = { "of_starpu_bound", NULL },
};

/* ---------------------------------------------------------------- folders */

static int make_folder(const char *dir, const char *name)
{
    char path[TUNE_PATH + 16];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return mkdir(path, 0777) && errno != EEXIST
               ? log_error(-errno, "cannot make %s: %s", path, strerror(errno))
               : 0;
}

/* DIR, ready for a new study */
static int prepare_folder(const struct tune *t)
{
    static const char *const ours[] = { "runs", "models", "journal.jsonl", "tune.csv", "tune.png" };
    const bool found = tune_journal_found(t->dir);
    if (found && !t->o->overwrite)
        return log_error(-EEXIST,
                         "%s already holds a study: --resume goes on with it, --overwrite replaces "
                         "it, -o DIR writes elsewhere",
                         t->dir);
    if (results_prepare(t->dir, t->o->overwrite))
        return -EINVAL; /* a folder that cannot be written to is a wrong input too */
    for (size_t i = 0; found && i < COUNT(ours); i++) {
        char path[TUNE_PATH + 16];
        snprintf(path, sizeof path, "%s/%s", t->dir, ours[i]);
        child_clean(path, false);
    }
    return options_write_config(t->config, t->dir);
}

/* ---------------------------------------------------------------- one run */

static double look_up(const json_t *j, const char *path)
{
    char key[64];
    for (size_t n; *path; path += n + (path[n] == '.')) {
        n = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)n, path);
        j = json_object_get(j, key);
    }
    return json_is_number(j) ? json_number_value(j) : NAN;
}

/* what a run says about itself; a line for people where it says nothing, to be freed */
static char *read_summary(struct point *p, struct run_record *r, const char *dir)
{
    char path[TUNE_PATH + 64];
    snprintf(path, sizeof path, "%s/summary.json", dir);
    json_t *j = json_load_file(path, 0, NULL);
    const char *status = json_string_value(json_object_get(j, "status"));
    char *wrong = NULL;
    for (int m = 0; m < METRICS; m++)
        r->value[m] = metric_types[m].path ? look_up(j, metric_types[m].path) : NAN;
    tune_derive(r->value);
    p->converged = status && strcmp(status, "converged") == 0;
    r->done = isfinite(r->value[METRIC_MAKESPAN]);
    if (!r->done)
        wrong = strdup(j ? "its summary.json has no makespan" : "it left no summary.json");
    json_decref(j);
    return wrong;
}

/* Runs a point into DIR/runs/NAME. *wrong: what went wrong with it, to be freed, or NULL. 0, or
 * -errno if the study cannot go on */
static int run_point(const struct tune *t, struct point *p, struct run_record *r, const char *name,
                     char **wrong)
{
    char dir[TUNE_PATH + 48], log[TUNE_PATH + 64], *label = tune_label(t, p);
    struct command c = { 0 };
    struct child child;
    snprintf(dir, sizeof dir, "%s/runs/%s", t->dir, name);
    snprintf(log, sizeof log, "%s.log", dir);
    log_progress("tune", (double)t->ran / (double)t->all, "[%zu of %zu] %s%s", t->ran + 1, t->all,
                 r ? "" : "calibrating: ", label ? label : "");
    free(label);
    *wrong = NULL;
    int err = tune_command(&c, t, p, dir, !r);
    if (!err)
        err = child_run(&c, log, t->v.timeout, &child);
    command_free(&c);
    if (!err && (child.end != CHILD_EXITED || child.status))
        *wrong = child_complaint(&child, log);
    else if (!err && r)
        *wrong = read_summary(p, r, dir);
    child_clean(dir, r && !err);
    if (!*wrong)
        unlink(log);
    return err;
}

/* ---------------------------------------------------------------- the study */

/* Steele, Lea and Flood (2014), SplitMix64 */
static uint64_t random_bits(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static void shuffle(size_t *order, size_t n, uint64_t *state)
{
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        const size_t k = (size_t)(random_bits(state) % i), kept = order[i - 1];
        order[i - 1] = order[k];
        order[k] = kept;
    }
}

/* the first scheduler with models, or NULL */
static struct point *first_with_models(const struct tune *t, size_t variant)
{
    for (size_t s = 0; s < t->axes[0].n; s++)
        if (tune_uses_models(t->axes[0].value[s]))
            return &t->points[s * t->variants + variant];
    return NULL;
}

/* Models do not know the scheduler: the runs of one fill them for all. */
static int calibrate(struct tune *t)
{
    const size_t warmup = (size_t)t->v.warmup;
    int err = 0;
    for (size_t i = 0; i < t->variants * warmup && !err; i++) {
        struct point *p = first_with_models(t, i / warmup);
        char name[64], *wrong;
        if (!p || t->warm[i])
            continue;
        if (child_interrupted())
            return -ECANCELED;
        snprintf(name, sizeof name, "warmup-%04zu-%zu", i / warmup, i % warmup);
        err = run_point(t, p, NULL, name, &wrong);
        free(wrong); /* the run itself is going to say it again */
        if (!err)
            err = tune_journal_warm(t, i / warmup, i % warmup);
        t->ran++;
    }
    return err;
}

static int measure(struct tune *t, struct point *p, size_t repeat)
{
    char name[64];
    snprintf(name, sizeof name, "%04zu-%zu", (size_t)(p - t->points), repeat);
    int err = run_point(t, p, &p->run[repeat], name, &p->error);
    t->ran++;
    if (err)
        return err;
    if (!p->error)
        return tune_journal_add(t, p, repeat);
    p->failed = true;
    char *label = tune_label(t, p);
    log_warn("%s: %s", label ? label : "", p->error);
    free(label);
    return tune_journal_failed(t, p, repeat);
}

/* One repetition after the other, each of the whole matrix and in an order of its own: whatever
 * drifts on the machine hits all points alike. */
static int run_all(struct tune *t)
{
    size_t *order = malloc(t->npoints * sizeof *order);
    uint64_t state = (uint64_t)t->v.seed;
    int err = order ? calibrate(t) : log_error(-ENOMEM, "out of memory");
    for (size_t r = 0; r < (size_t)t->v.repeat && !err; r++) {
        shuffle(order, t->npoints, &state);
        for (size_t i = 0; i < t->npoints && !err; i++) {
            struct point *p = &t->points[order[i]];
            if (p->failed || p->run[r].done)
                continue;
            err = child_interrupted() ? -ECANCELED : measure(t, p, r);
        }
    }
    log_progress_end();
    free(order);
    return err;
}

static void count(struct tune *t)
{
    const size_t warmup = (size_t)t->v.warmup, repeat = (size_t)t->v.repeat;
    t->all = t->npoints * repeat + (first_with_models(t, 0) ? t->variants * warmup : 0);
    for (size_t i = 0; i < t->variants * warmup; i++)
        t->ran += t->warm[i];
    for (size_t i = 0; i < t->npoints; i++)
        for (size_t r = 0; r < repeat; r++)
            t->ran += t->points[i].failed || t->points[i].run[r].done;
}

static int report(struct tune *t, int err)
{
    const struct options *o = t->o;
    tune_statistics(t);
    const struct point *best = tune_best(t);
    if (err == -ECANCELED) {
        log_error(err, "interrupted after %zu of %zu runs: the same command with --resume goes on",
                  t->ran, t->all);
        return tune_write(t, "interrupted") ? -EIO : err;
    }
    if (err || (err = tune_write(t, best ? "finished" : "failed")))
        return err;
    if (best && gnuplot_found())
        err = gnuplot_write(t->dir, "tune.png", tune_draw, t);
    else if (best)
        log_warn("no tune.png: no gnuplot found (package gnuplot-nox)");
    if (!o->quiet)
        tune_print(t, stdout);
    if (!best)
        return log_error(-EIO, "no point could be run; the first: %s", t->points[0].error);
    return err;
}

static int tune(struct tune *t)
{
    const struct options *o = t->o;
    const ssize_t n = readlink("/proc/self/exe", t->program, sizeof t->program - 1);
    int err;
    if (n < 0)
        return log_error(-errno, "/proc/self/exe: %s", strerror(errno));
    if (strlen(t->dir) >= TUNE_PATH)
        return log_error(-EINVAL, "%.40s...: %s", t->dir, strerror(ENAMETOOLONG));
    if ((err = options_config(o, &t->config)) || (err = tune_matrix(t)) ||
        (!o->resume && (err = prepare_folder(t))) || (err = tune_journal_open(t, o->resume)) ||
        (err = make_folder(t->dir, "runs")) || (err = make_folder(t->dir, "models")))
        return err;
    count(t);
    child_open();
    err = run_all(t);
    child_close();
    return report(t, err);
}

int command_tune(int argc, char **argv)
{
    static const char *const launched[] = { "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK" };
    struct options o = { .command = "tune" };
    struct tune t = { .o = &o };
    char *dir = NULL;
    int err = options_parse(&o, true, argc, argv);
    if (err == 1) {
        usage();
        return 0;
    }
    for (size_t i = 0; i < COUNT(launched) && !err; i++)
        if (getenv(launched[i]))
            err = log_error(-EINVAL, "tune: start it without a launcher; the key tune.launcher "
                                     "names the one for its runs");
    if (!err && (o.mpi || !strcmp(o.config, "-")))
        err = log_error(-EINVAL, "tune: expected %s",
                        o.mpi ? "no --mpi: the key tune.launcher says how to start its runs"
                              : "a file, not the standard input");
    if (err)
        return exit_code(err);
    log_open(0, o.quiet);
    t.dir = dir = options_dir(&o);
    if (dir && !o.dir && asprintf(&dir, "%s-tune", t.dir) >= 0) {
        free((char *)t.dir);
        t.dir = dir;
    }
    err = dir ? tune(&t) : log_error(-ENOMEM, "out of memory");
    if (t.journal)
        fclose(t.journal);
    tune_matrix_free(&t);
    config_destroy(&t.config);
    free(dir);
    return exit_code(err);
}
