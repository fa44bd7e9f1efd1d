// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tasks/parareal.h"

#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "core/vec.h"
#include "tasks/parareal_private.h"

#define ROUNDING 1e-9 /* increments below this may grow: they are made of rounding errors */

static bool decide(struct solver *s, struct window *w, struct parareal_window *r, long k)
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
    const long leading = s->leading[k] = (long)p.leading - w->first;
    r->converged =
        s->o->tolerance > 0.0 && (leading >= w->slices || k == w->slices); /* exact then */
    log_progress("parareal",
                 ((double)(s->report->finished) + (double)k / (double)w->iterations) /
                     (double)s->o->windows,
                 "iteration %ld: increment %.3e", k, p.increment);
    return r->converged;
}

/* all up to iteration k that are not decided yet; the one that is the last of the window, or 0 */
static long decide_up_to(struct solver *s, struct window *w, struct parareal_window *r, long k)
{
    for (long j = r->iterations + 1; j <= k; j++)
        if (decide(s, w, r, j))
            return j;
    return 0;
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

/* error_vs_fine of the iterations from..to, whose tasks are inserted */
static void get_errors(struct solver *s, struct parareal_window *r, starpu_data_handle_t *error,
                       long from, long to)
{
    for (long k = from; error && k <= to; k++) {
        double d[3];
        spt_get_all(s->run, error[k], d);
        r->error_vs_fine[k] = d[0];
    }
}

/* from u0 (host) or `from` at its start, or with the states of iteration at.iteration */
static int solve_window(struct solver *s, struct window *w, struct parareal_window *r,
                        struct place at, const double *u0, starpu_data_handle_t from)
{
    struct spt *run = s->run;
    const struct parareal_options *o = s->o;
    long stop = 0, known = 0; /* errors_vs_fine that are */
    starpu_data_handle_t *error = NULL;
    enum stop_kind kind;
    int err;

    if ((!r->increments && (err = parareal_allocate(s, r))) || (err = window_open(w, -1, true)))
        return err;
    if (s->reference) {
        error = calloc((size_t)w->iterations + 1, sizeof(*error));
        SPT_CHECK(error);
        for (long k = 0; k <= w->iterations; k++)
            error[k] = spt_take(run, 3, window_owner(w, w->slices - 1));
    }
    const struct progress begin = { .leading = (double)w->first, .scale = s->scale };
    spt_put(run, w->start, (const double *)&begin);
    if (at.iteration) {
        parareal_read_window(s, at, w);
        known = at.iteration + 1;
        if ((err = stop_resumed(o->stop)))
            goto out;
    } else {
        if (u0)
            spt_put(run, w->u[0], u0);
        else
            spt_copy(run, from, w->u[0]);
        window_predict(w);
        if (error)
            compare(s, w, r, 0, error[0]);
    }
    long k = at.iteration + 1;
    for (; k <= w->iterations && !stop && !err; k++) {
        /* what is known without waiting: the same whether or not a stop point lies between */
        const long decided = k - 1 - o->lookahead, leading = decided > 0 ? s->leading[decided] : 0,
                   active = k - 1 > leading ? k - 1 : leading;
        if (active >= w->slices) /* all slices are final */
            break;
        s->fine[k] = w->slices - active;
        window_iterate(w, k, active);
        if (error)
            compare(s, w, r, k, error[k]);
        stop = decide_up_to(s, w, r, k - o->lookahead);
        if (stop || k == w->iterations || (kind = stop_look(o->stop)) == STOP_NOT ||
            (stop = decide_up_to(s, w, r, k)))
            continue;
        get_errors(s, r, error, known, k);
        known = k + 1;
        at.iteration = k;
        err = parareal_save(s, kind, at, w, NULL);
    }
    if (!stop && !err)
        stop = decide_up_to(s, w, r, k - 1);
    const bool failed = s->report->failure.kind != FAILURE_NONE;
    if (stop) {
        atomic_store(&w->cancel.after, failed ? -1 : (int)stop);
        w->now = w->current + (stop % w->buffers) * (w->slices + 1);
    }
    r->fine_calls = 0;
    r->coarse_calls = w->slices;
    for (long j = 1; j <= r->iterations; j++) {
        r->fine_calls += s->fine[j];
        r->coarse_calls += s->fine[j] - 1;
    }
    spt_wait(run);
    if (!failed && !err)
        get_errors(s, r, error, known, r->iterations);
    if (!failed && !err && r->iterations == 0) /* no increment has looked at the prediction */
        spt_first_failure(run, &s->report->failure);
    if (spt_any(run, spt_interrupted()))
        s->report->failure =
            (struct failure){ .kind = FAILURE_INTERRUPTED, .slice = -1, .iteration = -1 };
out:
    for (long j = 0; error && j <= w->iterations; j++)
        spt_give(run, error[j]);
    free(error);
    return err ? err : failure_error(s->report->failure.kind);
}

/* the fine propagator alone, slice after slice, as its own chain of tasks, from slice at.serial on
 */
static int solve_serially(struct solver *s, struct place at, const double *u0)
{
    struct spt *run = s->run;
    const struct parareal_options *o = s->o;
    const size_t n = s->F->problem->n;
    const int rank = run->ranks - 1;
    starpu_data_handle_t u[2] = { spt_take(run, n, rank), spt_take(run, n, rank) },
                         first = spt_take(run, n, 0);
    enum stop_kind kind;
    int err = 0;
    if (at.serial) {
        const size_t row = parareal_read_references(s, at);
        stop_read(o->stop, row, u[at.serial % 2]);
        err = stop_resumed(o->stop);
    } else {
        spt_put(run, first, u0);
        spt_copy(run, first, u[0]);
    }
    spt_wait(run);
    s->begin = spt_seconds();
    for (long i = at.serial; i < o->slices && !err; i++) {
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
        if (!o->stop || !o->stop->o.enabled || i + 1 == o->slices)
            continue;
        spt_await(run, u[i % 2]); /* one slice behind: a stop point is not far from its tasks */
        if ((kind = stop_look(o->stop)) == STOP_NOT)
            continue;
        spt_wait(run);
        if (spt_first_failure(run, &s->report->failure))
            break;
        err = parareal_save(s, kind, (struct place){ .serial = i + 1 }, NULL, u[(i + 1) % 2]);
    }
    const int64_t id = run->at.id;
    run->at = (struct spt_meta){ .id = id, .slice = -1, .iteration = -1, .node = -1, .sweep = -1 };
    spt_wait(run);
    s->report->serial_fine_seconds += spt_seconds() - s->begin;
    s->begin = 0.0;
    spt_give(run, first);
    spt_give(run, u[0]);
    spt_give(run, u[1]);
    if (err)
        return err;
    spt_first_failure(run, &s->report->failure);
    return failure_error(s->report->failure.kind);
}

/* The stop point before a window that u0 (host) or u is the start of. */
static int before_window(struct solver *s, long window, const double *u0, starpu_data_handle_t u)
{
    const enum stop_kind kind = stop_look(s->o->stop);
    if (kind == STOP_NOT)
        return 0;
    const starpu_data_handle_t start = u ? u : spt_take(s->run, s->F->problem->n, 0);
    if (!u)
        spt_put(s->run, start, u0);
    const struct place at = { s->o->error_vs_fine ? s->o->slices : 0, window, 0 };
    const int err = parareal_save(s, kind, at, NULL, start);
    if (!u)
        spt_give(s->run, start);
    return err;
}

int parareal(struct spt *run, struct propagator *F, struct propagator *G,
             const struct parareal_options *o, double start, double end, const double *u0,
             parareal_emit *emit, void *context, struct parareal_report *report)
{
    const long M = o->slices / o->windows;
    struct solver s = { .run = run,
                        .F = F,
                        .G = G,
                        .o = o,
                        .report = report,
                        .whole = { start, end, 0, 1 },
                        .most = o->iterations < M ? o->iterations : M };
    starpu_data_handle_t carry = NULL; /* from one window to the next */
    struct place at;
    int err;

    memset(report, 0, sizeof *report);
    report->windows = o->windows;
    report->window = calloc((size_t)o->windows, sizeof *report->window);
    s.fine = calloc((size_t)s.most + 2, sizeof *s.fine);
    s.leading = calloc((size_t)s.most + 2, sizeof *s.leading);
    s.reference = o->error_vs_fine ? calloc((size_t)o->windows, sizeof(*s.reference)) : NULL;
    if (!report->window || !s.fine || !s.leading || (o->error_vs_fine && !s.reference)) {
        err = log_error(-ENOMEM, "out of memory");
        goto out;
    }
    if ((err = F->prepare(F, interval_part(s.whole, 0, o->slices))) ||
        (err = G->prepare(G, interval_part(s.whole, 0, o->slices))))
        goto out;
    s.scale = l2_norm(u0, F->problem->n);
    stop_begin(o->stop);
    bool resumed = parareal_resume(&s, &at, &err);
    if (err)
        goto out;
    const bool serially = o->error_vs_fine && at.serial < o->slices;
    if (serially) {
        if ((err = solve_serially(&s, at, u0)))
            goto out;
        at = (struct place){ .serial = o->slices };
        resumed = false;
    }
    spt_wait(run);
    spt_clock_reset(run);
    if (serially)
        err = before_window(&s, 0, u0, NULL);
    if (resumed) {
        const size_t row = parareal_read_references(&s, at);
        if (at.iteration == 0) {
            carry = spt_take(run, F->problem->n, 0);
            stop_read(o->stop, row, carry);
            err = stop_resumed(o->stop);
        }
    }
    for (long i = at.window; i < o->windows && !err; i++) {
        struct window w = { .run = run,
                            .F = F,
                            .G = G,
                            .whole = s.whole,
                            .total = o->slices,
                            .first = i * M,
                            .slices = M,
                            .iterations = s.most,
                            .buffers = (int)o->lookahead + 2,
                            .tolerance = o->tolerance,
                            .growth = o->growth };
        const bool last = i + 1 == o->windows;
        at.window = i;
        s.begin = spt_seconds();
        err = solve_window(&s, &w, &report->window[i], at, carry ? NULL : u0, carry);
        report->wall_seconds += spt_seconds() - s.begin;
        s.begin = 0.0;
        at.iteration = 0;
        if (!err) {
            report->finished++;
            for (long n = 0; emit && n < M; n++)
                emit(context, window_slice(&w, n), window_state(&w, n + 1));
            if (!last) {
                if (!carry)
                    carry = spt_take(run, F->problem->n, 0);
                spt_copy(run, window_state(&w, M), carry);
            }
        }
        window_free(&w);
        if (!err && !last)
            err = before_window(&s, i + 1, NULL, carry);
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
    free(s.fine);
    free(s.leading);
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
