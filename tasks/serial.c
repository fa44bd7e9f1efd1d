// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tasks/serial.h"

#include <limits.h>
#include <string.h>

#include "core/log.h"

int serial(struct spt *run, struct propagator *g, long segments, double start, double end,
           const double *u0, parareal_emit *emit, void *context, struct serial_report *report)
{
    const struct interval whole = { start, end, 0, 1 };
    const size_t n = g->problem->n;
    starpu_data_handle_t u[2] = { spt_take(run, n, 0), spt_take(run, n, 0) };
    int err;

    memset(report, 0, sizeof *report);
    if ((err = g->prepare(g, interval_part(whole, 0, segments))))
        goto out;
    spt_put(run, u[0], u0);
    const double begin = spt_seconds();
    for (long i = 0; i < segments && !spt_failure(run, -1, INT_MAX, &report->failure); i++) {
        const struct interval part = interval_part(whole, i, segments);
        run->at.slice = (int)i;
        run->at.iteration = 0;
        run->at.role = ROLE_SERIAL;
        run->at.opens = 1;
        g->advance(g, part, u[i % 2], u[(i + 1) % 2]);
        emit(context, part, u[(i + 1) % 2]);
        log_progress("serial", (double)(i + 1) / (double)segments, "t = %g", interval_t1(part));
    }
    spt_wait(run);
    report->wall_seconds = spt_seconds() - begin;
    log_progress_end();
    const int64_t id = run->at.id;
    run->at = (struct spt_meta){ .id = id, .slice = -1, .iteration = -1, .node = -1, .sweep = -1 };
    spt_first_failure(run, &report->failure);
    err = failure_error(report->failure.kind);
out:
    spt_give(run, u[0]);
    spt_give(run, u[1]);
    return err;
}

static const struct param params[] = {
    { "propagator", P_NODE, offsetof(struct serial_params, propagator),
      .help = "what carries the state from start to end; its steps are over the run" },
    { 0 },
};
const struct schema serial_schema = { "method: serial", "one propagator over the whole run",
                                      params };
