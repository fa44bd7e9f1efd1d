// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Parareal at a stop point. Rows of the checkpoint: the serial fine solution at window ends (of the
 * slices done, later of the windows that are not finished), then one state, or within a window
 * U_n^k and G(U_n^k) for all n. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/log.h"
#include "tasks/parareal_private.h"

/* which references are kept: from..to-1 */
static void references(const struct solver *s, struct place at, long *from, long *to)
{
    const long M = s->o->slices / s->o->windows;
    *from = at.serial < s->o->slices ? 0 : at.window;
    *to = s->o->error_vs_fine ? at.serial / M : *from;
}

/* ---------------------------------------------------------------- numbers */

static void get_reals(const json_t *list, double *v, long most)
{
    for (long i = 0; v && i < most && i < (long)json_array_size(list); i++) {
        const json_t *x = json_array_get(list, (size_t)i);
        v[i] = json_is_number(x) ? json_number_value(x) : NAN;
    }
}

static void get_integers(const json_t *list, long *v, long most)
{
    for (long i = 0; i < most && i < (long)json_array_size(list); i++)
        v[i] = (long)json_integer_value(json_array_get(list, (size_t)i));
}

static json_t *numbers(const struct solver *s, struct place at)
{
    const struct parareal_report *r = s->report;
    const bool serial = at.serial < s->o->slices && s->o->error_vs_fine;
    const double now = s->begin > 0.0 ? spt_seconds() - s->begin : 0.0;
    json_t *windows = json_array();
    for (long i = 0; i < at.window + (at.iteration > 0); i++) {
        const struct parareal_window *w = &r->window[i];
        json_array_append_new(windows,
                              json_pack("{s:I, s:b, s:I, s:I, s:o, s:o}", "iterations",
                                        (json_int_t)w->iterations, "converged", (int)w->converged,
                                        "fine_calls", (json_int_t)w->fine_calls, "coarse_calls",
                                        (json_int_t)w->coarse_calls, "increments",
                                        stop_reals(w->increments, w->iterations), "errors",
                                        stop_reals(w->error_vs_fine, w->iterations + 1)));
    }
    return json_pack("{s:s, s:I, s:I, s:I, s:f, s:f, s:o, s:o, s:o}", "name", "parareal", "serial",
                     (json_int_t)at.serial, "window", (json_int_t)at.window, "iteration",
                     (json_int_t)at.iteration, "serial_fine_seconds",
                     r->serial_fine_seconds + (serial ? now : 0.0), "wall_seconds",
                     r->wall_seconds + (serial ? 0.0 : now), "windows", windows, "fine",
                     stop_integers(s->fine, at.iteration + 1), "leading",
                     stop_integers(s->leading, at.iteration + 1));
}

int parareal_allocate(const struct solver *s, struct parareal_window *w)
{
    w->increments = calloc((size_t)s->most + 1, sizeof *w->increments);
    w->error_vs_fine =
        s->o->error_vs_fine ? calloc((size_t)s->most + 1, sizeof *w->error_vs_fine) : NULL;
    return !w->increments || (s->o->error_vs_fine && !w->error_vs_fine)
               ? log_error(-ENOMEM, "out of memory")
               : 0;
}

bool parareal_resume(struct solver *s, struct place *at, int *err)
{
    const json_t *j = stop_from(s->o->stop);
    struct parareal_report *r = s->report;
    json_int_t serial, window, iteration;
    const char *name;
    json_t *windows, *fine, *leading;
    *at = (struct place){ 0 };
    *err = 0;
    if (!j)
        return false;
    if (json_unpack((json_t *)j, "{s:s, s:I, s:I, s:I, s:F, s:F, s:o, s:o, s:o}", "name", &name,
                    "serial", &serial, "window", &window, "iteration", &iteration,
                    "serial_fine_seconds", &r->serial_fine_seconds, "wall_seconds",
                    &r->wall_seconds, "windows", &windows, "fine", &fine, "leading", &leading) ||
        strcmp(name, "parareal") || serial < 0 || serial > s->o->slices || window < 0 ||
        window >= s->o->windows || iteration < 0 || (iteration > 0 && iteration >= s->most) ||
        (json_int_t)json_array_size(windows) != window + (iteration > 0)) {
        *err = log_error(-EINVAL, "%s/checkpoint.h5: not of this run of Parareal", s->o->stop->dir);
        return true;
    }
    *at = (struct place){ serial, window, iteration };
    for (long i = 0; i < window + (iteration > 0) && !*err; i++) {
        struct parareal_window *w = &r->window[i];
        const json_t *from = json_array_get(windows, (size_t)i);
        if ((*err = parareal_allocate(s, w)))
            break;
        w->iterations = (long)json_integer_value(json_object_get(from, "iterations"));
        w->converged = json_is_true(json_object_get(from, "converged"));
        w->fine_calls = (long)json_integer_value(json_object_get(from, "fine_calls"));
        w->coarse_calls = (long)json_integer_value(json_object_get(from, "coarse_calls"));
        get_reals(json_object_get(from, "increments"), w->increments, s->most);
        get_reals(json_object_get(from, "errors"), w->error_vs_fine, s->most + 1);
    }
    r->finished = window;
    get_integers(fine, s->fine, s->most + 2);
    get_integers(leading, s->leading, s->most + 2);
    return true;
}

/* ---------------------------------------------------------------- states */

int parareal_save(struct solver *s, enum stop_kind kind, struct place at, struct window *w,
                  starpu_data_handle_t u)
{
    long from, to;
    references(s, at, &from, &to);
    const size_t M = w ? (size_t)w->slices : 0, count = (size_t)(to - from) + (w ? 2 * M + 1 : 1);
    starpu_data_handle_t *rows = calloc(count, sizeof(*rows));
    SPT_CHECK(rows);
    char where[96];
    size_t n = 0;
    for (long i = from; i < to; i++)
        rows[n++] = s->reference[i];
    for (size_t i = 0; w && i <= M; i++)
        rows[n++] = window_state(w, (long)i);
    for (size_t i = 0; i < M; i++)
        rows[n++] = w->gold[i];
    if (!w)
        rows[n++] = u;
    SPT_CHECK(n == count);
    if (at.serial < s->o->slices && s->o->error_vs_fine)
        snprintf(where, sizeof where, "slice %ld of the serial fine run", at.serial);
    else
        snprintf(where, sizeof where, "window %ld of %ld, iteration %ld", at.window + 1,
                 s->o->windows, at.iteration);
    spt_wait(s->run);
    const int err = stop_write(s->o->stop, kind, numbers(s, at), rows, count, where);
    free(rows);
    if (err == -ECANCELED)
        s->report->failure =
            (struct failure){ .kind = FAILURE_INTERRUPTED, .slice = -1, .iteration = -1 };
    return err;
}

size_t parareal_read_references(struct solver *s, struct place at)
{
    long from, to;
    references(s, at, &from, &to);
    for (long i = from; i < to; i++) {
        s->reference[i] = spt_take(s->run, s->F->problem->n, s->run->ranks - 1);
        stop_read(s->o->stop, (size_t)(i - from), s->reference[i]);
    }
    return (size_t)(to - from);
}

void parareal_read_window(struct solver *s, struct place at, struct window *w)
{
    long from, to;
    references(s, at, &from, &to);
    size_t row = (size_t)(to - from);
    w->now = w->current + (at.iteration % w->buffers) * (w->slices + 1); /* copy 0 of each */
    for (long n = 0; n <= w->slices; n++)
        stop_read(s->o->stop, row++, window_state(w, n));
    for (long n = 0; n < w->slices; n++)
        stop_read(s->o->stop, row++, w->gold[n]);
}
