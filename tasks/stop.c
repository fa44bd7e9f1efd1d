// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tasks/stop.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>

#include "codelets/codelets.h"
#include "core/log.h"

int stop_open(struct stop *s)
{
    int err = 0;
    size_t length = 0;
    if (s->run->rank == 0 && !(err = checkpoint_open(&s->file, s->dir)))
        length = strlen(checkpoint_text(s->file)) + 1;
    if (spt_any(s->run, err))
        return -EINVAL;
    spt_broadcast(s->run, &length, sizeof length);
    char *text = malloc(length);
    SPT_CHECK(text);
    if (s->file)
        memcpy(text, checkpoint_text(s->file), length);
    spt_broadcast(s->run, text, length);
    s->text = json_loads(text, 0, NULL);
    free(text);
    return s->text ? 0 : log_error(-EINVAL, "%s/checkpoint.h5: expected JSON as its text", s->dir);
}

void stop_begin(struct stop *s)
{
    if (!s)
        return;
    s->last = spt_seconds();
    if (s->o.enabled)
        spt_defer_interrupts();
}

const json_t *stop_from(const struct stop *s)
{
    return s && s->text ? json_object_get(s->text, "method") : NULL;
}

static double *row_of(struct stop *s, size_t n)
{
    if (s->run->rank == 0 && !s->row)
        SPT_CHECK((s->row = calloc(n, sizeof *s->row)));
    return s->row;
}

void stop_read(struct stop *s, size_t row, starpu_data_handle_t h)
{
    const size_t n = spt_size(h);
    double *u = row_of(s, n);
    if (s->run->rank == 0 && !s->err)
        s->err = checkpoint_get(s->file, CHECKPOINT_STATES, row, n, u);
    if (spt_owner(h) == 0) {
        spt_put(s->run, h, u);
        return;
    }
    if (!s->stage)
        s->stage = spt_take(s->run, n, 0);
    spt_put(s->run, s->stage, u); /* waits until the row before has left */
    spt_copy(s->run, s->stage, h);
}

/* ---------------------------------------------------------------- clocks and counts */

json_t *stop_reals(const double *v, long n)
{
    json_t *list = json_array();
    for (long i = 0; v && i < n; i++)
        json_array_append_new(list, isfinite(v[i]) ? json_real(v[i]) : json_null());
    return list;
}

json_t *stop_integers(const long *v, long n)
{
    json_t *list = json_array();
    for (long i = 0; i < n; i++)
        json_array_append_new(list, json_integer(v[i]));
    return list;
}

/* over all ranks (collective) */
static json_t *counts_of(struct spt *run)
{
    double seconds[ROLE_COUNT];
    long calls[ROLE_COUNT];
    struct work_count w;
    spt_clock_total(run, seconds, calls);
    spt_work_total(run, &w);
    spt_network_total(run);
    json_t *networks = json_array();
    for (const struct network_use *u = run->networks; u; u = u->next)
        json_array_append_new(networks, stop_integers(u->total, NETWORK_COUNTS));
    const long work[] = { w.rhs, w.solves, w.newton, w.accepted, w.rejected };
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "seconds", stop_reals(seconds, ROLE_COUNT),
                     "calls", stop_integers(calls, ROLE_COUNT), "work", stop_integers(work, 5),
                     "residuals", stop_reals(w.residual, w.sweeps), "networks", networks);
}

static void add_integers(const json_t *list, long *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v[i] += (long)json_integer_value(json_array_get(list, i));
}

/* as if worker 0 of rank 0 had counted them */
static void add_counts(struct spt *run, const json_t *counts)
{
    struct spt_clock *c = &run->clocks[0];
    const json_t *seconds = json_object_get(counts, "seconds"),
                 *residuals = json_object_get(counts, "residuals"),
                 *networks = json_object_get(counts, "networks");
    struct work_count *w = &c->work;
    long work[5] = { 0 };
    for (size_t r = 0; r < ROLE_COUNT; r++)
        c->seconds[r] += json_number_value(json_array_get(seconds, r));
    add_integers(json_object_get(counts, "calls"), c->calls, ROLE_COUNT);
    add_integers(json_object_get(counts, "work"), work, 5);
    w->rhs += work[0];
    w->solves += work[1];
    w->newton += work[2];
    w->accepted += work[3];
    w->rejected += work[4];
    const long sweeps = (long)json_array_size(residuals);
    if (sweeps <= WORK_SWEEPS && sweeps > w->sweeps)
        w->sweeps = sweeps;
    for (long k = 0; k < sweeps && k < WORK_SWEEPS; k++)
        w->residual[k] = json_number_value(json_array_get(residuals, (size_t)k));
    size_t i = 0;
    for (struct network_use *u = run->networks; u; u = u->next)
        add_integers(json_array_get(networks, i++), u->counts[0], NETWORK_COUNTS);
}

int stop_resumed(struct stop *s)
{
    if (!stop_from(s))
        return 0;
    spt_wait(s->run);
    if (s->run->rank == 0)
        add_counts(s->run, json_object_get(s->text, "counts"));
    checkpoint_close(&s->file);
    spt_give(s->run, s->stage);
    s->stage = NULL;
    return spt_any(s->run, s->err) ? -EIO : 0;
}

/* ---------------------------------------------------------------- at a stop point */

enum stop_kind stop_look(struct stop *s)
{
    if (!s || !s->o.enabled)
        return STOP_NOT;
    const int asked = spt_asked_to_end();
    int any[] = { s->run->rank == 0 && s->o.seconds > 0.0 &&
                      spt_seconds() - s->last >= s->o.seconds,
                  asked == SIGTERM, asked == SIGINT };
    spt_sum(s->run, any, 3);
    s->passed++;
    s->signal = any[2] ? SIGINT : any[1] ? SIGTERM : 0;
    if (s->signal || (s->o.after && s->passed >= s->o.after))
        return STOP_END;
    return any[0] || (s->o.every && s->passed - s->written >= s->o.every) ? STOP_WRITE : STOP_NOT;
}

/* rank 0 */
static int write_text(struct stop *s, struct checkpoint **c, json_t *method, json_t *counts)
{
    json_t *driver = s->save(s->context, *c);
    json_t *all = driver ? json_pack("{s:O, s:O, s:O, s:o}", "config", s->config, "method", method,
                                     "counts", counts, "driver", driver)
                         : NULL;
    char *text = all ? json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    int err = driver ? -ENOMEM : -EIO;
    if (text)
        err = checkpoint_commit(c, text);
    else if (driver)
        log_error(err, "out of memory: the checkpoint");
    free(text);
    json_decref(all);
    return err;
}

int stop_write(struct stop *s, enum stop_kind kind, json_t *method,
               const starpu_data_handle_t *rows, size_t count, const char *where)
{
    struct spt *run = s->run;
    const bool writes = run->rank == 0;
    const size_t n = spt_size(rows[0]);
    double *u = row_of(s, n);
    struct checkpoint *c = NULL;
    json_t *counts = counts_of(run);
    int err = 0;
    if (writes && !(err = checkpoint_create(&c, s->dir)))
        err = checkpoint_array(c, CHECKPOINT_STATES, count, n);
    for (size_t i = 0; i < count; i++) {
        spt_fetch(run, rows[i], u);
        if (writes && !err)
            err = checkpoint_put(c, u);
    }
    if (writes && !err)
        err = write_text(s, &c, method, counts);
    checkpoint_close(&c);
    json_decref(method);
    json_decref(counts);
    err = spt_any(run, err) ? -EIO : 0;
    s->written = s->passed;
    s->last = spt_seconds();
    if (kind != STOP_END || err)
        return kind == STOP_END ? err : 0;
    snprintf(s->where, sizeof s->where, "%s", where);
    return -ECANCELED;
}

void stop_close(struct stop *s)
{
    checkpoint_close(&s->file);
    json_decref(s->text);
    free(s->row);
    s->text = NULL;
    s->row = NULL;
}
