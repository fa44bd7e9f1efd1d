// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What a trace says in words. Every figure is counted from its records. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/trace.h"
#include "core/trace_index.h"

/* tasks this short are dominated by what running a task costs: a few microseconds per task and
 * worker */
static const double small_task = 100e-6;
/* StarPU itself needs microseconds; this long a worker must have been without a core */
static const double late_start = 1e-3;

struct report {
    const struct trace *t;
    FILE *out;
    struct trace_index x;
    struct trace_kinds kinds;
    struct trace_chain chain;
    struct trace_idle idle;
    struct trace_transfer *moves;
    size_t nmoves, small, unknown; /* unknown: tasks that a scheduler with models had none for */
    double *share;                 /* (kinds) what is being ranked */
    double *busy;                  /* (kinds) seconds */
    double causes[CAUSES], phases[PHASES], total;
    double overhead; /* seconds per task */
};

static double seconds_of(const struct trace_record *r)
{
    return r->end > r->start ? r->end - r->start : 0;
}

/* "advance (fine mcs_adi)" */
static const char *kind_name(const struct report *p, size_t kind, char text[64])
{
    const struct trace_record *r = &p->t->records[p->kinds.example[kind]];
    snprintf(text, 64, *r->label ? "%s (%s)" : "%s", r->codelet, r->label);
    return text;
}

static const char *time_text(double seconds, char *text)
{
    const double a = fabs(seconds);
    const bool s = a >= 1, ms = a >= 1e-3;
    snprintf(text, 24, "%.3g %s", seconds * (s ? 1 : ms ? 1e3 : 1e6), s ? "s" : ms ? "ms" : "us");
    return text;
}

static double percent(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

/* dmda and its relatives, also "modular-" ones */
static bool uses_models(const struct trace *t)
{
    return strstr(t->scheduler, "dm") || strstr(t->scheduler, "heft");
}

static size_t largest(const double *v, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        best = v[i] > v[best] ? i : best;
    return best;
}

/* the kinds with the largest shares of a whole, until what is left is small: "a 90.1 %, b 8.0 %" */
static void put_kinds(struct report *p, double whole, const char *before)
{
    char name[64];
    const char *comma = before;
    for (int count = 0; count < 5; count++) {
        const size_t k = largest(p->share, p->kinds.n);
        if (!p->kinds.n || percent(p->share[k], whole) < 1)
            break;
        fprintf(p->out, "%s%s %.1f %%", comma, kind_name(p, k, name), percent(p->share[k], whole));
        p->share[k] = 0;
        comma = ", ";
    }
}

/* ---------------------------------------------------------------- its parts */

static void put_chain(struct report *p)
{
    const double makespan = p->x.stats.makespan, path = p->x.stats.critical_path;
    char a[24], b[24];
    memset(p->share, 0, p->kinds.n * sizeof *p->share);
    for (size_t i = 0; i < p->t->n; i++)
        if (p->chain.on[i])
            p->share[p->kinds.of[i]] += seconds_of(&p->t->records[i]);
    fprintf(p->out,
            "Critical path: %zu tasks, one after the other on data or on a worker, take %s, %.1f "
            "%% of the makespan",
            p->chain.tasks, time_text(p->chain.length, a), percent(p->chain.length, makespan));
    put_kinds(p, p->chain.length, ":\n  ");
    fputs(".\n", p->out);
    memset(p->share, 0, p->kinds.n * sizeof *p->share);
    for (size_t i = 0; i < p->t->n; i++)
        if (p->x.on_path[i])
            p->share[p->kinds.of[i]] += seconds_of(&p->t->records[i]);
    fprintf(p->out, "  On data alone the longest chain takes %s, %.1f %% of the makespan",
            time_text(path, b), percent(path, makespan));
    put_kinds(p, path, ":\n  ");
    fputs(".\n", p->out);
}

static void put_idle(struct report *p)
{
    static const char *const where[PHASES] = { "before a worker's first task", "between its tasks",
                                               "after its last" };
    static const char *const why[CAUSES] = {
        [CAUSE_RUNTIME] = "a task was ready and had not started yet (scheduling, overhead)",
        [CAUSE_TRANSFER] = "tasks were ready but for data from another rank or memory",
        [CAUSE_SUBMISSION] = "tasks could have run but were not submitted yet",
        [CAUSE_DEPENDENCIES] = "every task left waited for running ones",
        [CAUSE_DONE] = "no task was left to start",
    };
    const double workers = p->x.stats.makespan * (double)p->x.nworkers;
    char a[24];
    fprintf(p->out, "Idle: %s of worker time, %.1f %%", time_text(p->total, a),
            percent(p->total, workers));
    const char *comma = ": ";
    for (int k = 0; k < PHASES; k++)
        if (percent(p->phases[k], p->total) >= 0.05) {
            fprintf(p->out, "%s%.1f %% of it %s", comma, percent(p->phases[k], p->total), where[k]);
            comma = ", ";
        }
    fputs(".\n", p->out);
    for (int k = 0; k < CAUSES; k++) {
        if (percent(p->causes[k], p->total) < 0.05)
            continue;
        fprintf(p->out, "  %5.1f %%  %s", percent(p->causes[k], p->total), why[k]);
        if (k == CAUSE_DEPENDENCIES) {
            memcpy(p->share, p->idle.waited, p->kinds.n * sizeof *p->share);
            put_kinds(p, p->causes[k], ": ");
        }
        fputc('\n', p->out);
    }
}

static void put_small(struct report *p)
{
    double seconds = 0;
    char a[24], b[24];
    memset(p->share, 0, p->kinds.n * sizeof *p->share);
    for (size_t i = 0; i < p->t->n; i++) {
        const double d = seconds_of(&p->t->records[i]);
        if (d >= small_task || p->t->records[i].cancelled)
            continue;
        p->small++;
        seconds += d;
        p->share[p->kinds.of[i]] += 1;
    }
    fprintf(p->out, "Small tasks: %zu of %zu are shorter than %s", p->small, p->t->n,
            time_text(small_task, a));
    if (p->small)
        fprintf(p->out, ", %.1f %% of the busy time", percent(seconds, p->x.stats.busy));
    fprintf(p->out, "; from ready to started a task takes %s on average",
            time_text(p->overhead, b));
    if (p->small)
        put_kinds(p, (double)p->small, ".\n  ");
    fputs(".\n", p->out);
}

static void put_models(struct report *p)
{
    const double error = trace_model_error(p->t);
    memset(p->share, 0, p->kinds.n * sizeof *p->share);
    for (size_t i = 0; i < p->t->n; i++) {
        const struct trace_record *r = &p->t->records[i];
        if (!r->cancelled && !(r->predicted > 0 && r->end > r->start) && uses_models(p->t)) {
            p->unknown++;
            p->share[p->kinds.of[i]] += 1;
        }
    }
    fputs("Performance models: ", p->out);
    if (!uses_models(p->t)) {
        fprintf(p->out, "%s%s%s.\n", *p->t->scheduler ? "the scheduler " : "the trace does not say",
                p->t->scheduler, *p->t->scheduler ? " uses none" : "");
    } else {
        fprintf(p->out, "missing for %zu of %zu tasks under %s", p->unknown, p->t->n,
                p->t->scheduler);
        if (p->unknown)
            put_kinds(p, (double)p->unknown, ": ");
        if (!isnan(error))
            fprintf(p->out, "; the others are off by %.1f %% (median)", 100 * error);
        fputs(".\n", p->out);
    }
}

static void put_transfers(const struct report *p)
{
    double bytes[2] = { 0 }, waits = 0;
    size_t n[2] = { 0 };
    char a[24];
    for (size_t i = 0; i < p->nmoves; i++) {
        const struct trace_transfer *m = &p->moves[i];
        n[m->between_ranks]++;
        bytes[m->between_ranks] += (double)m->bytes;
        waits += fmax(0, p->t->records[m->to].start - p->t->records[m->from].end);
    }
    fputs("Transfers: ", p->out);
    if (!p->nmoves) {
        fputs("none between the tasks.\n", p->out);
        return;
    }
    fprintf(p->out, "%zu between ranks, %.3g MB; %zu between memories of a rank, %.3g MB.\n", n[1],
            bytes[1] / 1e6, n[0], bytes[0] / 1e6);
    fprintf(p->out,
            "  From the end of the task that wrote a state to the start of the first that read it "
            "elsewhere: %s "
            "on average.\n",
            time_text(waits / (double)p->nmoves, a));
}

/* ---------------------------------------------------------------- what to try */

static bool is_coarse(const struct report *p, size_t kind)
{
    return !strncmp(p->t->records[p->kinds.example[kind]].label, "coarse", 6);
}

static void advise_waiting(const struct report *p)
{
    const size_t k = largest(p->idle.waited, p->kinds.n);
    const double path = p->x.stats.critical_path, makespan = p->x.stats.makespan;
    char name[64];
    kind_name(p, k, name);
    if (path >= 0.8 * makespan)
        fprintf(p->out,
                "the longest chain of data takes %.0f %% of the makespan, so more workers do not "
                "help: make what it "
                "consists of cheaper, or use fewer workers.\n",
                percent(path, makespan));
    else if (p->idle.waited[k] > 0 && is_coarse(p, k))
        fprintf(
            p->out,
            "workers wait for %s most: take a cheaper coarse propagator, or more slices per worker "
            "(method.slices, method.windows).\n",
            name);
    else if (p->idle.waited[k] > 0)
        fprintf(p->out,
                "workers wait for %s most: cut it into more tasks (granularity), or let the slices "
                "of a window be a "
                "multiple of the workers.\n",
                name);
    else
        fputs(
            "the last tasks run alone: let the slices of a window be a multiple of the workers.\n",
            p->out);
}

/* no rank has two: there was nothing to choose for a scheduler */
static bool single_workers(const struct report *p)
{
    for (size_t w = 1; w < p->x.nworkers; w++)
        if (p->x.workers[w].rank == p->x.workers[w - 1].rank)
            return false;
    return true;
}

static void advise(const struct report *p)
{
    const struct trace_stats *s = &p->x.stats;
    const size_t k = largest(p->busy, p->kinds.n);
    char name[64];
    fputs("Recommendation: ", p->out);
    if (!p->t->n) {
        fputs("none, no task ran.\n", p->out);
        return;
    }
    if (p->unknown) {
        fprintf(p->out, "run again with STARPU_CALIBRATE=1: %s placed %zu tasks without a model.\n",
                p->t->scheduler, p->unknown);
        return;
    }
    if (percent(p->total, s->makespan * (double)s->workers) < 10) {
        fprintf(p->out, "the workers are busy; %.0f %% of it is %s. ", percent(p->busy[k], s->busy),
                kind_name(p, k, name));
        if (s->critical_path < 0.8 * s->makespan)
            fprintf(p->out, "More workers can make the run up to %.1f times as fast.\n",
                    s->makespan / s->critical_path);
        else
            fputs("The tasks are one chain: only cheaper ones make it faster.\n", p->out);
        return;
    }
    switch (largest(p->causes, CAUSES)) {
    case CAUSE_RUNTIME:
        if (2 * p->small > p->t->n)
            fprintf(p->out,
                    "%zu of %zu tasks are too small to be worth their overhead: take a coarser "
                    "granularity, or fewer "
                    "workers.\n",
                    p->small, p->t->n);
        else if (p->overhead > late_start || single_workers(p))
            fprintf(p->out,
                    "tasks start %s late although their worker is free, as if it had no core: are "
                    "there "
                    "more workers than free cores (STARPU_NCPU, ranks)?\n",
                    time_text(p->overhead, name));
        else
            fprintf(p->out,
                    "workers were idle while tasks were ready: try another scheduler "
                    "(machine.scheduler, now %s).\n",
                    *p->t->scheduler ? p->t->scheduler : "unknown");
        break;
    case CAUSE_TRANSFER:
        fputs("workers wait for data from elsewhere: use fewer ranks, or more slices per rank.\n",
              p->out);
        break;
    case CAUSE_SUBMISSION:
        fputs("tasks are submitted too late: raise method.lookahead, or use fewer windows.\n",
              p->out);
        break;
    default:
        advise_waiting(p);
    }
}

/* ---------------------------------------------------------------- */

static int gather(struct report *p)
{
    size_t bytes;
    int err;
    if ((err = trace_index_make(&p->x, p->t)) || (err = trace_kinds_make(&p->kinds, p->t, &p->x)) ||
        (err = trace_chain_make(&p->chain, p->t, &p->x)) ||
        (err = trace_idle_make(&p->idle, p->t, &p->x, &p->kinds)) ||
        (err = trace_transfers(p->t, &p->moves, &p->nmoves)) ||
        (err = trace_cost(p->t, &p->overhead, &bytes)))
        return err;
    p->overhead /= p->t->n ? (double)p->t->n : 1;
    p->share = calloc(p->kinds.n + 1, sizeof *p->share);
    p->busy = calloc(p->kinds.n + 1, sizeof *p->busy);
    if (!p->share || !p->busy)
        return -ENOMEM;
    for (size_t i = 0; i < p->t->n; i++)
        p->busy[p->kinds.of[i]] += seconds_of(&p->t->records[i]);
    for (int i = 0; i < PHASES; i++)
        for (int k = 0; k < CAUSES; k++) {
            p->phases[i] += p->idle.seconds[i][k];
            p->causes[k] += p->idle.seconds[i][k];
            p->total += p->idle.seconds[i][k];
        }
    return 0;
}

int trace_report(const struct trace *t, FILE *out)
{
    struct report p = { .t = t, .out = out };
    int err = gather(&p);
    if (!err) {
        fputs("What held the run back\n", out);
        put_chain(&p);
        put_idle(&p);
        put_small(&p);
        put_models(&p);
        put_transfers(&p);
        advise(&p);
    }
    trace_kinds_free(&p.kinds);
    trace_chain_free(&p.chain);
    trace_idle_free(&p.idle);
    trace_index_free(&p.x);
    free(p.moves);
    free(p.share);
    free(p.busy);
    return err ? log_error(err, "no memory left for the report") : 0;
}
