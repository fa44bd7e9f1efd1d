// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tasks/serial.h"

#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "core/vec.h"
#include "tasks/stop.h"

/* what is known after a segment; false: it failed */
static bool look(struct spt *run, starpu_data_handle_t known, struct failure *f)
{
    struct progress p;
    spt_get_all(run, known, (double *)&p);
    if (p.failure == FAILURE_NONE)
        return true;
    progress_failure(&p, f);
    return false;
}

/* after `done` segments, with u there; the failure if that is the end */
static int save(struct stop *stop, enum stop_kind kind, long done, long segments, double seconds,
                starpu_data_handle_t u, struct failure *f)
{
    char where[64];
    snprintf(where, sizeof where, "segment %ld of %ld", done, segments);
    spt_wait(stop->run);
    const int err = stop_write(stop, kind,
                               json_pack("{s:s, s:I, s:f}", "name", "serial", "done",
                                         (json_int_t)done, "wall_seconds", seconds),
                               &u, 1, where);
    if (err == -ECANCELED)
        *f = (struct failure){ .kind = FAILURE_INTERRUPTED, .slice = -1, .iteration = -1 };
    return err;
}

static int resume(struct stop *stop, const json_t *from, long segments, starpu_data_handle_t u[2],
                  long *done, double *seconds)
{
    const char *name;
    json_int_t n;
    if (json_unpack((json_t *)from, "{s:s, s:I, s:F}", "name", &name, "done", &n, "wall_seconds",
                    seconds) ||
        strcmp(name, "serial") || n < 1 || n >= segments)
        return log_error(-EINVAL, "%s/checkpoint.h5: not of this serial run", stop->dir);
    *done = n;
    stop_read(stop, 0, u[n % 2]);
    return stop_resumed(stop);
}

int serial(struct spt *run, struct propagator *g, long segments, double growth, double start,
           double end, const double *u0, parareal_emit *emit, void *context, struct stop *stop,
           struct serial_report *report)
{
    const struct interval whole = { start, end, 0, 1 };
    const size_t n = g->problem->n;
    const struct progress begin = { .scale = l2_norm(u0, n) };
    starpu_data_handle_t u[2], known[2], first = spt_take(run, PROGRESS_DOUBLES, 0);
    const json_t *from = stop_from(stop);
    double seconds = 0.0; /* of an earlier run */
    long done = 0;
    enum stop_kind kind;
    int err;

    memset(report, 0, sizeof *report);
    for (int i = 0; i < 2; i++) {
        u[i] = spt_take(run, n, 0);
        known[i] = spt_take(run, PROGRESS_DOUBLES, 0);
    }
    if ((err = g->prepare(g, interval_part(whole, 0, segments))))
        goto out;
    stop_begin(stop);
    if (from && (err = resume(stop, from, segments, u, &done, &seconds)))
        goto out;
    if (!from)
        spt_put(run, u[0], u0);
    spt_put(run, first, (const double *)&begin);
    const double before = spt_seconds() - seconds;
    bool well = true;
    for (long i = done; i < segments && well && !err; i++) {
        const struct interval part = interval_part(whole, i, segments);
        run->at.slice = (int)i;
        run->at.iteration = 0;
        run->at.role = ROLE_SERIAL;
        run->at.opens = 1;
        g->advance(g, part, u[i % 2], u[(i + 1) % 2]);
        spt_increment(run, 0.0, growth, true, u[(i + 1) % 2], u[i % 2], first, known[i % 2]);
        emit(context, part, u[(i + 1) % 2]);
        if (i > done) /* one segment behind: the workers have work meanwhile */
            well = look(run, known[(i - 1) % 2], &report->failure);
        if (segments > 1)
            log_progress("serial", (double)i / (double)segments, "t = %g", interval_t0(part));
        if (i + 1 < segments && well && (kind = stop_look(stop)) != STOP_NOT &&
            (well = look(run, known[i % 2], &report->failure)))
            err = save(stop, kind, i + 1, segments, spt_seconds() - before, u[(i + 1) % 2],
                       &report->failure);
    }
    if (well && !err)
        look(run, known[(segments - 1) % 2], &report->failure);
    spt_wait(run);
    report->wall_seconds = spt_seconds() - before;
    log_progress_end();
    const int64_t id = run->at.id;
    run->at = (struct spt_meta){ .id = id, .slice = -1, .iteration = -1, .node = -1, .sweep = -1 };
    if (err)
        goto out;
    if (report->failure.kind == FAILURE_NONE)
        spt_first_failure(run, &report->failure);
    err = failure_error(report->failure.kind);
out:
    for (int i = 0; i < 2; i++) {
        spt_give(run, u[i]);
        spt_give(run, known[i]);
    }
    spt_give(run, first);
    return err;
}

static const struct param params[] = {
    { "propagator", P_NODE, offsetof(struct serial_params, propagator),
      .help = "what carries the state from start to end; its steps are over the run" },
    { "growth", P_REAL, offsetof(struct serial_params, growth), .def = "1.0e+10", .min = 0,
      .max = __builtin_inf(),
      .help = "growth of the l2 norm over the initial value's that ends the run; 0: no limit" },
    { 0 },
};
const struct schema serial_schema = { "method: serial", "one propagator over the whole run",
                                      params };
