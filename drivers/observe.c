// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/observe.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/log.h"

int observer_create(struct observer *o, struct spt *run, const struct problem *p,
                    const struct nodes *list, long snapshots)
{
    const struct grid *g = problem_shown(p);
    const size_t numbers = grid_doubles(g);
    int err;
    memset(o, 0, sizeof *o);
    o->run = run;
    o->problem = p;
    o->snapshots = snapshots;
    o->values = json_array();
    o->observations = calloc(list->n + 1, sizeof *o->observations);
    o->state = calloc(p->n, sizeof *o->state);
    o->shown = p->fields ? calloc(numbers, sizeof *o->shown) : NULL;
    if (!o->observations || !o->state || (p->fields && !o->shown))
        return log_error(-ENOMEM, "out of memory");
    for (size_t i = 0; i < list->n; i++) {
        struct observation *b = &o->observations[i];
        double value;
        if ((err = config_bind(list->v[i], &observe_schema, NULL, &b->v)))
            return err;
        o->count++;
        if (b->v.at.n == 0) {
            if (p->quantity && p->quantity(p, b->v.name, 0.0, o->state, &value) == 0)
                continue;
            b->whole = true;
            if (numbers > OBSERVE_WHOLE_MAX)
                return config_error(
                    list->v[i],
                    "expected key 'at': a whole state of %zu numbers is observed only up "
                    "to %d, and %s knows no quantity '%s'",
                    numbers, OBSERVE_WHOLE_MAX, p->name, b->v.name);
            continue;
        }
        if (b->v.at.n != (size_t)g->dims)
            return config_key_error(
                list->v[i], "at", "expected %d coordinate%s (%s has %d ax%s), got %zu", g->dims,
                g->dims > 1 ? "s" : "", p->name, g->dims, g->dims > 1 ? "es" : "is", b->v.at.n);
        for (int a = 0; a < g->dims; a++) {
            const double lower = g->x[a][0],
                         upper = g->periodic[a] ? lower + g->length[a] : g->x[a][g->shape[a] - 1];
            if (!(b->v.at.v[a] >= lower && b->v.at.v[a] <= upper))
                return config_key_error(list->v[i], "at", "expected %s in [%g, %g], got %g",
                                        g->axis[a], lower, upper, b->v.at.v[a]);
        }
    }
    return 0;
}

static long gcd(long a, long b)
{
    return b ? gcd(b, a % b) : a;
}

int observer_parts(const struct observer *o, const struct nodes *list, double start, double end,
                   long *parts)
{
    long n = o->snapshots + 1;
    for (size_t i = 0; i < o->count; i++) {
        const double every = o->observations[i].v.every;
        if (every == 0.0)
            continue;
        const double times = (end - start) / every;
        const long whole = lround(times);
        if (whole < 1 || fabs(times - (double)whole) > 1e-9 * times)
            return config_key_error(list->v[i], "every",
                                    "expected a whole fraction of the run's %g, got %g",
                                    end - start, every);
        n = n / gcd(n, whole) * whole;
    }
    *parts = n;
    return 0;
}

int observer_boundaries(struct observer *o, const struct nodes *list, double start, double end,
                        long boundaries)
{
    o->boundaries = boundaries;
    for (size_t i = 0; i < o->count; i++) {
        struct observation *b = &o->observations[i];
        if (b->v.every == 0.0)
            continue;
        const long times = lround((end - start) / b->v.every);
        if (boundaries % times)
            return config_key_error(
                list->v[i], "every",
                "expected a multiple of a slice or segment, %g, that divides the run; got %g",
                (end - start) / (double)boundaries, b->v.every);
        b->stride = boundaries / times;
    }
    return 0;
}

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

/* u itself, or its fields until the next call */
static const double *seen(struct observer *o, double t, const double *u)
{
    if (!o->shown)
        return u;
    SPT_CHECK(problem_show(o->problem, t, u, o->shown) == 0);
    return o->shown;
}

static json_t *value_of(struct observer *o, const struct observation *b, double t, const double *u)
{
    const struct problem *p = o->problem;
    const struct grid *g = problem_shown(p);
    const size_t per = g->is_complex ? 2 : 1;
    double quantity, point[64];
    const double *v = point;
    size_t count = (size_t)g->components;
    if (b->v.at.n) {
        SPT_CHECK(count * per <= sizeof point / sizeof *point);
        SPT_CHECK(grid_interpolate(g, seen(o, t, u), b->v.at.v, point) == 0);
    } else if (b->whole) {
        v = seen(o, t, u);
        count = grid_doubles(g) / per;
    } else {
        SPT_CHECK(p->quantity(p, b->v.name, t, u, &quantity) == 0);
        return number(quantity);
    }
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list,
                              per == 2 ? json_pack("[o, o]", number(v[2 * i]), number(v[2 * i + 1]))
                                       : number(v[i]));
    if (!b->whole && count == 1) { /* a scalar is a number */
        json_t *one = json_incref(json_array_get(list, 0));
        json_decref(list);
        return one;
    }
    return list;
}

/* once, before it blows up */
static void check_cfl(struct observer *o, double t, const double *u)
{
    const struct problem *p = o->problem;
    double rate;
    if (o->warned || o->step == 0.0 || !p->quantity || p->quantity(p, "cfl", t, u, &rate) ||
        !(rate * o->step > 1.0))
        return;
    o->warned = true;
    log_warn("t = %g: the CFL number of steps of %g is %.2f; expected at most 1: steps of %.2g", t,
             o->step, rate * o->step, 1.0 / rate);
}

static double *keep_place(struct observer *o, double t)
{
    o->kept = realloc(o->kept, (o->nkept + 1) * sizeof *o->kept);
    o->states = realloc(o->states, (o->nkept + 1) * sizeof *o->states);
    SPT_CHECK(o->kept && o->states);
    double *place = calloc(grid_doubles(problem_shown(o->problem)), sizeof *place);
    SPT_CHECK(place);
    o->states[o->nkept] = place;
    o->kept[o->nkept++] = (struct snapshot){ t, place, NULL };
    return place;
}

static void keep(struct observer *o, double t, const double *u)
{
    if (o->nkept && o->kept[o->nkept - 1].time == t)
        return; /* the last node of a step is its end */
    double *place = keep_place(o, t);
    memcpy(place, seen(o, t, u), grid_doubles(problem_shown(o->problem)) * sizeof *place);
}

void observer_initial(struct observer *o, double t, const double *u)
{
    if (o->run->rank == 0)
        check_cfl(o, t, u);
    if (o->run->rank == 0 && o->snapshots > 0)
        keep(o, t, u);
    for (size_t i = 0; i < o->count && o->run->rank == 0; i++)
        if (o->observations[i].stride)
            json_array_append_new(
                o->values, json_pack("{s:s, s:f, s:o}", "name", o->observations[i].v.name, "time",
                                     t, "value", value_of(o, &o->observations[i], t, u)));
}

void observer_emit(void *observer, struct interval slice, starpu_data_handle_t u)
{
    struct observer *o = observer;
    const long at = slice.index + 1;
    const bool end = at == o->boundaries;
    bool snapshot = end, wanted = end;
    for (long j = 1; j <= o->snapshots && !snapshot;
         j++) /* the boundary at or after j/(snapshots + 1) of the run */
        snapshot = at == (j * o->boundaries + o->snapshots) / (o->snapshots + 1);
    wanted |= snapshot;
    for (size_t i = 0; i < o->count; i++)
        wanted |= o->observations[i].stride && at % o->observations[i].stride == 0;
    if (!wanted)
        return;
    spt_get(o->run, u, o->state);
    if (o->run->rank != 0)
        return;
    const double t = interval_t1(slice);
    check_cfl(o, t, o->state);
    if (snapshot)
        keep(o, t, o->state);
    if (end && o->problem->exact) {
        SPT_CHECK((o->reference = calloc(o->problem->n, sizeof *o->reference)));
        if (o->problem->exact(o->problem, t, o->reference)) {
            free(o->reference); /* known for other initial values only */
            o->reference = NULL;
        }
    }
    for (size_t i = 0; i < o->count; i++) {
        const struct observation *b = &o->observations[i];
        if (!(end || (b->stride && at % b->stride == 0)))
            continue;
        json_t *entry = json_pack("{s:s, s:f, s:o}", "name", b->v.name, "time", t, "value",
                                  value_of(o, b, t, o->state));
        if (b->v.at.n) {
            json_t *point = json_array();
            for (size_t a = 0; a < b->v.at.n; a++)
                json_array_append_new(point, json_real(b->v.at.v[a]));
            json_object_set_new(entry, "at", point);
            if (end && o->reference)
                json_object_set_new(entry, "exact", value_of(o, b, t, o->reference));
        }
        json_array_append_new(o->values, entry);
    }
}

void observer_inside(void *observer, double time, starpu_data_handle_t u)
{
    struct observer *o = observer;
    spt_get(o->run, u, o->state);
    if (o->run->rank == 0)
        keep(o, time, o->state);
}

json_t *observer_save(void *observer, struct checkpoint *c)
{
    const struct observer *o = observer;
    json_t *times = json_array();
    int err = checkpoint_array(c, CHECKPOINT_SNAPSHOTS, o->nkept,
                               grid_doubles(problem_shown(o->problem)));
    for (size_t i = 0; i < o->nkept && !err; i++) {
        err = checkpoint_put(c, o->states[i]);
        json_array_append_new(times, json_real(o->kept[i].time));
    }
    json_t *j = json_pack("{s:O, s:b, s:O}", "values", o->values, "warned", (int)o->warned,
                          "snapshots", times);
    json_decref(times);
    if (err) {
        json_decref(j);
        return NULL;
    }
    return j;
}

int observer_resume(struct observer *o, const json_t *from, struct checkpoint *c)
{
    const json_t *values = json_object_get(from, "values"),
                 *times = json_object_get(from, "snapshots");
    const size_t n = grid_doubles(problem_shown(o->problem)), count = json_array_size(times);
    int err = 0;
    if (!json_is_array(values) || count != checkpoint_rows(c, CHECKPOINT_SNAPSHOTS))
        return log_error(-EINVAL, "checkpoint.h5: expected %zu snapshots, got %zu", count,
                         checkpoint_rows(c, CHECKPOINT_SNAPSHOTS));
    json_decref(o->values);
    o->values = json_deep_copy(values);
    o->warned = json_is_true(json_object_get(from, "warned"));
    for (size_t i = 0; i < count && !err; i++)
        err = checkpoint_get(c, CHECKPOINT_SNAPSHOTS, i, n,
                             keep_place(o, json_number_value(json_array_get(times, i))));
    return err;
}

void observer_destroy(struct observer *o)
{
    for (size_t i = 0; i < o->nkept; i++)
        free(o->states[i]);
    free(o->states);
    free(o->kept);
    free(o->observations);
    free(o->state);
    free(o->shown);
    free(o->reference);
    json_decref(o->values);
    memset(o, 0, sizeof *o);
}
