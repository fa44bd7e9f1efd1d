// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tasks/parareal.h"

#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "core/vec.h"
#include "tasks/window.h"

struct solver {
    struct spt *run;
    struct propagator *F, *G;
    const struct parareal_options *o;
    struct interval whole;
    struct parareal_report *report;
    starpu_data_handle_t *reference; /* (windows) the serial fine solution at the window ends */
    double scale;
};

#define ROUNDING 1e-9 /* increments below this may grow: they are made of rounding errors */

static bool decide(struct solver *s, struct window *w, struct parareal_window *r, long k,
                   long *leading)
{
    struct progress p;
    spt_get_all(s->run, w->known[(k % w->buffers) * w->slices + w->slices - 1], (double *)&p);
    r->increments[k - 1] = p.increment;
    r->iterations = k;
    if (p.failure != FAILURE_NONE) {
        progress_failure(&p, &s->report->failure);
        return true;
    }
    double smallest = p.increment;
    for (long j = 0; j < k; j++)
        if (r->increments[j] < smallest)
            smallest = r->increments[j];
    if (s->o->divergence > 0.0 && p.increment > ROUNDING &&
        p.increment > s->o->divergence * smallest) {
        s->report->failure =
            (struct failure){ FAILURE_DIVERGED, (int)p.worst, (int)k, ROLE_NONE, "correct", "" };
        return true;
    }
    *leading = (long)p.leading - w->first;
    r->converged =
        s->o->tolerance > 0.0 && (*leading >= w->slices || k == w->slices); /* exact then */
    log_progress("parareal",
                 ((double)(s->report->finished) + (double)k / (double)w->iterations) /
                     (double)s->o->windows,
                 "iteration %ld: increment %.3e", k, p.increment);
    return r->converged;
}

/* the newest iterate at the window's end with the serial fine solution; urgent, because it reads
 * what a later correction overwrites */
static void compare(struct solver *s, struct window *w, const struct parareal_window *r, long k,
                    starpu_data_handle_t error)
{
    window_at(w, w->slices - 1, k, ROLE_NONE);
    spt_distance(s->run, window_state(w, w->slices), s->reference[r - s->report->window], error);
    window_elsewhere(w);
}

static int solve_window(struct solver *s, struct window *w, struct parareal_window *r,
                        const double *u0, starpu_data_handle_t from)
{
    struct spt *run = s->run;
    const struct parareal_options *o = s->o;
    long leading = 0, stop = 0;
    starpu_data_handle_t *error = NULL;
    int err;

    r->increments = calloc((size_t)w->iterations + 1, sizeof *r->increments);
    r->error_vs_fine =
        s->reference ? calloc((size_t)w->iterations + 1, sizeof *r->error_vs_fine) : NULL;
    if (!r->increments || (s->reference && !r->error_vs_fine))
        return log_error(-ENOMEM, "out of memory");
    if ((err = window_open(w, -1, true)))
        return err;
    if (s->reference) {
        error = calloc((size_t)w->iterations + 1, sizeof(*error));
        SPT_CHECK(error);
        for (long k = 0; k <= w->iterations; k++)
            error[k] = spt_take(run, 3, window_owner(w, w->slices - 1));
    }
    const struct progress begin = { .leading = (double)w->first, .scale = s->scale };
    spt_put(run, w->start, (const double *)&begin);
    if (u0)
        spt_put(run, w->u[0], u0);
    else
        spt_copy(run, from, w->u[0]);

    window_predict(w);
    if (error)
        compare(s, w, r, 0, error[0]);
    long k, calls_fine = 0, calls_coarse = w->slices,
            *fine = calloc((size_t)w->iterations + 2, sizeof *fine);
    SPT_CHECK(fine);
    for (k = 1; k <= w->iterations && !stop; k++) {
        const long active = k - 1 > leading ? k - 1 : leading;
        if (active >= w->slices) /* all slices are final */
            break;
        fine[k] = w->slices - active;
        window_iterate(w, k, active);
        if (error)
            compare(s, w, r, k, error[k]);
        if (k > o->lookahead && decide(s, w, r, k - o->lookahead, &leading))
            stop = k - o->lookahead;
    }
    for (long j = k - o->lookahead > 1 ? k - o->lookahead : 1; j < k && !stop; j++)
        if (decide(s, w, r, j, &leading))
            stop = j;
    const bool failed = s->report->failure.kind != FAILURE_NONE;
    if (stop) {
        atomic_store(&w->cancel.after, failed ? -1 : (int)stop);
        w->now = w->current + (stop % w->buffers) * (w->slices + 1);
    }
    for (long j = 1; j <= r->iterations; j++) {
        calls_fine += fine[j];
        calls_coarse += fine[j] - 1;
    }
    free(fine);
    r->fine_calls = calls_fine;
    r->coarse_calls = calls_coarse;
    spt_wait(run);
    for (long j = 0; error && j <= w->iterations; j++) {
        double d[3];
        if (j <= r->iterations && !failed) {
            spt_get_all(run, error[j], d);
            r->error_vs_fine[j] = d[0];
        }
        spt_give(run, error[j]);
    }
    free(error);
    if (!failed && r->iterations == 0) /* no increment has looked at the prediction */
        spt_first_failure(run, &s->report->failure);
    if (spt_any(run, spt_interrupted()))
        s->report->failure =
            (struct failure){ .kind = FAILURE_INTERRUPTED, .slice = -1, .iteration = -1 };
    return failure_error(s->report->failure.kind);
}

/* the fine propagator alone, slice after slice, as its own chain of tasks */
static int solve_serially(struct solver *s, const double *u0)
{
    struct spt *run = s->run;
    const struct parareal_options *o = s->o;
    const size_t n = s->F->problem->n;
    const int rank = run->ranks - 1;
    starpu_data_handle_t u[2] = { spt_take(run, n, rank), spt_take(run, n, rank) },
                         first = spt_take(run, n, 0);
    s->reference = calloc((size_t)o->windows, sizeof(*s->reference));
    SPT_CHECK(s->reference);
    spt_put(run, first, u0);
    spt_copy(run, first, u[0]);
    spt_wait(run);
    const double start = spt_seconds();
    for (long i = 0; i < o->slices; i++) {
        const int64_t id = run->at.id;
        run->at = (struct spt_meta){ .id = id,
                                     .slice = (int)i,
                                     .iteration = 0,
                                     .node = -1,
                                     .sweep = -1,
                                     .role = ROLE_SERIAL,
                                     .opens = 1 };
        s->F->advance(s->F, interval_part(s->whole, i, o->slices), u[i % 2], u[(i + 1) % 2]);
        if ((i + 1) % (o->slices / o->windows) == 0) {
            const long window = (i + 1) / (o->slices / o->windows) - 1;
            run->at.role = ROLE_NONE;
            s->reference[window] = spt_take(run, n, rank);
            spt_copy(run, u[(i + 1) % 2], s->reference[window]);
        }
    }
    const int64_t id = run->at.id;
    run->at = (struct spt_meta){ .id = id, .slice = -1, .iteration = -1, .node = -1, .sweep = -1 };
    spt_wait(run);
    s->report->serial_fine_seconds = spt_seconds() - start;
    spt_give(run, first);
    spt_give(run, u[0]);
    spt_give(run, u[1]);
    spt_first_failure(run, &s->report->failure);
    return failure_error(s->report->failure.kind);
}

int parareal(struct spt *run, struct propagator *F, struct propagator *G,
             const struct parareal_options *o, double start, double end, const double *u0,
             parareal_emit *emit, void *context, struct parareal_report *report)
{
    struct solver s = {
        .run = run, .F = F, .G = G, .o = o, .report = report, .whole = { start, end, 0, 1 }
    };
    const long M = o->slices / o->windows;
    starpu_data_handle_t carry = NULL; /* from one window to the next */
    int err;

    memset(report, 0, sizeof *report);
    report->windows = o->windows;
    report->window = calloc((size_t)o->windows, sizeof *report->window);
    if (!report->window)
        return log_error(-ENOMEM, "out of memory");
    if ((err = F->prepare(F, interval_part(s.whole, 0, o->slices))) ||
        (err = G->prepare(G, interval_part(s.whole, 0, o->slices))))
        return err;
    s.scale = l2_norm(u0, F->problem->n);
    if (o->error_vs_fine && (err = solve_serially(&s, u0)))
        goto out;
    spt_wait(run);
    spt_clock_reset(run);
    for (long i = 0; i < o->windows && !err; i++) {
        struct window w = { .run = run,
                            .F = F,
                            .G = G,
                            .whole = s.whole,
                            .total = o->slices,
                            .first = i * M,
                            .slices = M,
                            .iterations = o->iterations < M ? o->iterations : M,
                            .buffers = (int)o->lookahead + 2,
                            .tolerance = o->tolerance,
                            .growth = o->growth };
        const double begin = spt_seconds();
        err = solve_window(&s, &w, &report->window[i], i ? NULL : u0, carry);
        report->wall_seconds += spt_seconds() - begin;
        if (!err) {
            report->finished++;
            for (long n = 0; emit && n < M; n++)
                emit(context, window_slice(&w, n), window_state(&w, n + 1));
            if (i + 1 < o->windows) {
                if (!carry)
                    carry = spt_take(run, F->problem->n, 0);
                spt_copy(run, window_state(&w, M), carry);
            }
        }
        window_free(&w);
    }
    double seconds[ROLE_COUNT];
    long calls[ROLE_COUNT];
    spt_clock_total(run, seconds, calls);
    if (calls[ROLE_FINE])
        report->fine_seconds = seconds[ROLE_FINE] / (double)calls[ROLE_FINE];
    if (calls[ROLE_COARSE])
        report->coarse_seconds = seconds[ROLE_COARSE] / (double)calls[ROLE_COARSE];
out:
    spt_give(run, carry);
    for (long i = 0; s.reference && i < o->windows; i++)
        spt_give(run, s.reference[i]);
    free(s.reference);
    log_progress_end();
    return err;
}

void parareal_report_free(struct parareal_report *report)
{
    for (long i = 0; report->window && i < report->windows; i++) {
        free(report->window[i].increments);
        free(report->window[i].error_vs_fine);
    }
    free(report->window);
    memset(report, 0, sizeof *report);
}

/* ---------------------------------------------------------------- the keys */

#define AT(member) offsetof(struct parareal_params, member)
static const struct param params[] = {
    { "slices", P_INT, AT(o.slices), .def = "16", .min = 1, .max = 1e9, .unit = "slices",
      .help = "time slices of the whole run; the parallelism" },
    { "windows", P_INT, AT(o.windows), .def = "1", .min = 1, .max = 1e9, .unit = "windows",
      .help =
          "groups of slices solved one after the other; memory grows with slices/windows only" },
    { "iterations", P_INT, AT(o.iterations), .def = "5", .min = 0, .max = 1e9, .unit = "iterations",
      .help = "at most, per window; fewer when the tolerance is met or all slices are exact" },
    { "tolerance", P_REAL, AT(o.tolerance), .def = "1.0e-8", .min = 0, .max = __builtin_inf(),
      .help = "on the relative l2 increment, max over slices; 0: never stop early" },
    { "lookahead", P_INT, AT(o.lookahead), .def = "1", .min = 0, .max = 16, .unit = "iterations",
      .help = "iterations submitted before the decision on the last one is known" },
    { "growth", P_REAL, AT(o.growth), .def = "1.0e+10", .min = 0, .max = __builtin_inf(),
      .help = "growth of the l2 norm over the initial value's that ends the run; 0: no limit" },
    { "divergence", P_REAL, AT(o.divergence), .def = "100", .min = 0, .max = __builtin_inf(),
      .help =
          "growth of the increment over the smallest one so far that ends the run; 0: no limit" },
    { "fine", P_NODE, AT(fine), .help = "the propagator F: accurate, run on all slices at once" },
    { "coarse", P_NODE, AT(coarse), .help = "the propagator G: cheap, run slice after slice" },
    { 0 },
};
const struct schema parareal_schema = { "method: parareal", "Parareal over any two propagators",
                                        params };

int parareal_bind(struct parareal_params *v, struct node *config, int ranks)
{
    static const char *const also[] = { "name", NULL };
    int err = config_bind(config, &parareal_schema, also, v);
    if (err)
        return err;
    v->o.error_vs_fine = false;
    if (v->o.slices % v->o.windows)
        return config_key_error(config, "windows", "expected a divisor of slices (%ld), got %ld",
                                v->o.slices, v->o.windows);
    if (ranks > v->o.slices / v->o.windows)
        return config_key_error(config, "slices",
                                "expected at least one slice per rank and window: %ld for %d ranks",
                                v->o.slices / v->o.windows, ranks);
    return 0;
}
