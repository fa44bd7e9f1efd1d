// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* starpint calibrate: runs until StarPU's performance models know every task of a config. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "core/spt_models.h"
#include "core/trace.h"
#include "drivers/child.h"
#include "drivers/commands.h"
#include "drivers/options.h"
#include "drivers/schema.h"
#include "drivers/tune.h"

enum { ENOUGH = 10, RUNS = 100, FOLDER = 1024 };
/* StarPU forgets what it knows of a task whose lengths differ too much, and begins anew: on a busy
 * machine tasks of microseconds need many runs */
static const double limit = 3600; /* seconds of a run */

static void usage(void)
{
    printf("Usage: starpint calibrate CONFIG.yaml [--set path.to.key=value]... [--quiet]\n"
           "Fills StarPU's performance models, by which dmda, dmdas and their relatives place "
           "tasks: runs CONFIG\n"
           "under a calibrating scheduler until every kind of task in it has been measured %d "
           "times, at most %d\n"
           "times. The models belong to StarPU and lie where it looks for them: below STARPU_HOME "
           "(default: HOME).\n"
           "STARPU_SCHED names another scheduler than dmda; it has to use models. Results of the "
           "runs are not kept.\n\n"
           "Example: starpint calibrate examples/heat_2d.yaml && STARPU_SCHED=dmdas starpint run "
           "examples/heat_2d.yaml\n"
           "Exit status: 0 success, 1 some tasks are still measured too rarely, 2 the input is "
           "wrong, 130 interrupted.\n",
           ENOUGH, RUNS);
}

/* kinds of tasks: what has a model entry of its own */
struct kind {
    char codelet[TRACE_NAME];
    uint32_t footprint;
    size_t tasks; /* of the last run */
};
struct kinds {
    struct kind *v;
    size_t n;
};

static int by_name(const void *a, const void *b)
{
    const struct kind *p = a, *q = b;
    const int order = strcmp(p->codelet, q->codelet);
    return order ? order : (p->footprint > q->footprint) - (p->footprint < q->footprint);
}

static int find_kinds(struct kinds *k, const struct trace *t)
{
    free(k->v);
    k->n = 0;
    if (!(k->v = calloc(t->n + 1, sizeof *k->v)))
        return log_error(-ENOMEM, "out of memory");
    for (size_t i = 0; i < t->n; i++) {
        const struct trace_record *r = &t->records[i];
        size_t j = 0;
        while (j < k->n &&
               (k->v[j].footprint != r->footprint || strcmp(k->v[j].codelet, r->codelet)))
            j++;
        if (j == k->n) {
            memcpy(k->v[j].codelet, r->codelet, sizeof r->codelet);
            k->v[j].footprint = r->footprint;
            k->n++;
        }
        k->v[j].tasks += !r->cancelled;
    }
    qsort(k->v, k->n, sizeof *k->v, by_name);
    return 0;
}

/* Goes through the entries of all kinds; `print`: a line for each. The fewest samples that one of
 * them has, over the kinds of workers the most; or -ENOMEM after an error line */
static int fewest_samples(const struct kinds *k, bool print)
{
    unsigned fewest = 0;
    bool any = false;
    if (print)
        printf("%-23s %-16s %10s %8s %12s %10s\n", "codelet", "worker", "bytes", "samples",
               "mean us", "deviation");
    for (size_t i = 0; i < k->n; i++) {
        struct spt_model *m;
        size_t n;
        unsigned samples = 0;
        if (spt_models_read(k->v[i].codelet, &m, &n))
            return log_error(-ENOMEM, "out of memory");
        for (size_t j = 0; j < n; j++) {
            if (m[j].footprint != k->v[i].footprint)
                continue;
            samples = m[j].samples > samples ? m[j].samples : samples;
            if (print)
                printf("%-23s %-16s %10zu %8u %12.2f %8.1f %%\n", k->v[i].codelet, m[j].worker,
                       m[j].bytes, m[j].samples, 1e6 * m[j].mean, 100 * m[j].deviation / m[j].mean);
        }
        free(m);
        if (print && !samples)
            printf("%-23s %-16s %10s %8u %12s %10s\n", k->v[i].codelet, "-", "-", 0, "-", "-");
        if (k->v[i].tasks && (!any || samples < fewest))
            fewest = samples;
        any |= k->v[i].tasks > 0;
    }
    return fewest > INT32_MAX ? INT32_MAX : (int)fewest;
}

static int make_command(struct command *c, const struct options *o, const char *scheduler,
                        const char *out)
{
    char program[4096];
    const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n < 0)
        return log_error(-errno, "/proc/self/exe: %s", strerror(errno));
    program[n] = '\0';
    const char *words[] = { program, "run", o->config,     "--set",  "trace.enabled=true",
                            "-o",    out,   "--overwrite", "--quiet" };
    int err = command_setenv(c, "STARPU_SCHED", scheduler);
    if (!err)
        err = command_setenv(c, "STARPU_CALIBRATE", "1");
    for (size_t i = 0; i < sizeof words / sizeof *words && !err; i++)
        err = command_add(c, words[i]);
    for (int i = 0; i < o->sets && !err; i++)
        if (!(err = command_add(c, "--set")))
            err = command_add(c, o->set[i]);
    return err;
}

/* one run into `dir`, and what tasks it had */
static int run_once(struct kinds *k, const struct command *c, const char *dir)
{
    char log[FOLDER + 16], traces[FOLDER + 16];
    struct child child;
    struct trace t = { 0 };
    snprintf(log, sizeof log, "%s/log", dir);
    snprintf(traces, sizeof traces, "%s/run/trace", dir);
    int err = child_run(c, log, limit, &child);
    if (err)
        return err;
    if (child.end != CHILD_EXITED || child.status) {
        char *said = child_complaint(&child, log);
        err = log_error(child.end == CHILD_EXITED && child.status == 2 ? -EINVAL : -EIO,
                        "the run failed: %s", said ? said : "");
        free(said);
        return err;
    }
    if ((err = trace_read(&t, traces)))
        return err;
    err = find_kinds(k, &t);
    trace_free(&t);
    return err;
}

static int calibrate(const struct options *o, const char *scheduler, const char *dir)
{
    struct command c = { 0 };
    struct kinds k = { 0 };
    char out[FOLDER + 16], *folder;
    int samples = 0, runs = 0;
    snprintf(out, sizeof out, "%s/run", dir);
    int err = make_command(&c, o, scheduler, out);
    spt_models_open();
    for (; runs < RUNS && samples < ENOUGH && !err; runs++) {
        log_progress("calibrate", fmin(1, (double)samples / ENOUGH),
                     "run %d, at least %d samples of every task", runs + 1, samples);
        if (!(err = run_once(&k, &c, dir)) && (samples = fewest_samples(&k, false)) < 0)
            err = samples;
    }
    log_progress_end();
    if (!err && !o->quiet) {
        fewest_samples(&k, true);
        folder = spt_models_folder();
        printf("%d run%s under %s. Models: %s\n", runs, runs > 1 ? "s" : "", scheduler,
               folder ? folder : "");
        free(folder);
    }
    if (!err && samples < ENOUGH)
        err = log_error(-EIO, "after %d runs a task has %d samples, less than %d: run it again",
                        runs, samples, ENOUGH);
    free(k.v);
    command_free(&c);
    return err;
}

int command_calibrate(int argc, char **argv)
{
    struct options o = { .command = "calibrate" };
    const char *scheduler = getenv("STARPU_SCHED"), *temporary = getenv("TMPDIR");
    char dir[FOLDER];
    int err = options_parse(&o, false, argc, argv);
    if (err == 1) {
        usage();
        return 0;
    }
    if (!err && (o.dir || o.overwrite || o.mpi))
        err = log_error(-EINVAL, "calibrate: unexpected %s: it writes performance models only",
                        o.dir         ? "-o"
                        : o.overwrite ? "--overwrite"
                                      : "--mpi");
    if (!err && scheduler && !tune_uses_models(scheduler))
        err = log_error(-EINVAL,
                        "calibrate: STARPU_SCHED=%s uses no performance models; expected one that "
                        "does, such as dmda",
                        scheduler);
    if (err)
        return exit_code(err);
    log_open(0, o.quiet);
    if ((size_t)snprintf(dir, sizeof dir, "%s/starpint-XXXXXX", temporary ? temporary : "/tmp") >=
            sizeof dir ||
        !mkdtemp(dir))
        return exit_code(log_error(-EINVAL, "%s: %s", dir, strerror(errno)));
    child_open();
    err = calibrate(&o, scheduler ? scheduler : "dmda", dir);
    child_close();
    child_clean(dir, false);
    if (err == -ECANCELED)
        log_error(err, "interrupted: samples so far are kept");
    return exit_code(err);
}
