// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tasks/train.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/log.h"

enum { AHEAD = 8 }; /* steps that are submitted before the record of the first of them is read */

/* Handles of a training under way. */
struct work {
    struct spt *run;
    const struct train_setup *setup;
    double since; /* when state->seconds was brought up to date */
    starpu_data_handle_t params, state, scratch, validation_scratch, record[AHEAD];
    starpu_data_handle_t *gradient;      /* (shards) */
    starpu_data_handle_t *truth, *facts; /* (validation_samples) */
};

int train_state_create(struct train_state *s, const struct network *n, const struct optimiser *o,
                       long steps)
{
    *s = (struct train_state){ .nparams = exec_round(neural_doubles(n, n->nparams)),
                               .nstate = update_state_size(o, n) };
    s->params = calloc(s->nparams, sizeof(double));
    s->state = calloc(s->nstate, sizeof(double));
    s->entry = calloc((size_t)steps, sizeof *s->entry);
    if (!s->params || !s->state || !s->entry)
        return log_error(-ENOMEM, "out of memory: training of %zu parameters", n->parameters);
    memcpy(s->params, n->params, n->nparams * dtype_size(n->dtype));
    return 0;
}

void train_state_free(struct train_state *s)
{
    free(s->params);
    free(s->state);
    free(s->entry);
    free(s->validation);
    memset(s, 0, sizeof *s);
}

int train_state_validated(struct train_state *s, const struct train_validation *v)
{
    if (s->validations == s->room) {
        const long room = s->room ? 2 * s->room : 16;
        struct train_validation *grown = realloc(s->validation, (size_t)room * sizeof *grown);
        if (!grown)
            return log_error(-ENOMEM, "out of memory");
        s->validation = grown;
        s->room = room;
    }
    s->validation[s->validations++] = *v;
    return 0;
}

const char *train_failure_text(enum train_status status)
{
    static const char *const text[] = { "interrupted", "nothing failed",
                                        "the loss or its gradient is not finite",
                                        "the loss grows, training diverges",
                                        "a sample could not be computed" };
    return text[status];
}

/* ---------------------------------------------------------------- tasks of a step */

static void at(struct work *w, long step, long shard, int priority)
{
    struct spt_meta *m = &w->run->at;
    m->slice = (int)shard;
    m->iteration = (int)step;
    m->role = ROLE_NONE;
    m->label = w->setup->loss->type->name;
    m->cancel = NULL;
    m->priority = priority;
}

/* the shards' gradients, added in pairs: the same order for any number of workers and ranks */
static void insert_step(struct work *w, long step)
{
    const struct train_setup *t = w->setup;
    const struct train_options *o = &t->options;
    const unsigned long first =
        t->optimiser->type->full_batch ? 0 : (unsigned long)step * (unsigned long)o->batch;
    starpu_iteration_push((unsigned long)step);
    for (long i = 0; i < o->shards; i++) {
        const long from = i * o->batch / o->shards, to = (i + 1) * o->batch / o->shards;
        at(w, step, i, 0);
        spt_gradient(w->run, t->loss, step, first + (unsigned long)from, from, (size_t)(to - from),
                     1.0 / (double)o->batch, w->params, w->gradient[i], w->scratch);
    }
    for (long distance = 1; distance < o->shards; distance *= 2)
        for (long i = 0; i + distance < o->shards; i += 2 * distance) {
            at(w, step, i, 1);
            spt_reduce(w->run, t->network, w->gradient[i], w->gradient[i + distance]);
        }
    at(w, step, 0, 1);
    spt_update(w->run, t->optimiser, t->network, step, o->steps, o->divergence, w->params, w->state,
               w->gradient[0], w->record[step % AHEAD]);
    starpu_iteration_pop();
}

/* waits for a step; false: it was not done */
static bool look(struct work *w, long step, struct train_state *s, struct train_failure *failure)
{
    struct train_record r;
    spt_get_all(w->run, w->record[step % AHEAD], (double *)&r);
    s->entry[step] = (struct train_entry){ r.loss, r.norm, r.rate };
    if (r.status == TRAIN_DONE) {
        s->done = step + 1;
        return true;
    }
    *failure = (struct train_failure){ (enum train_status)r.status, step, (long)r.sample, r.loss };
    return false;
}

/* ---------------------------------------------------------------- validation */

static void insert_truth(struct work *w)
{
    const struct train_options *o = &w->setup->options;
    for (long i = 0; i < o->validation_samples; i++) {
        at(w, -1, i, 0);
        spt_truth(w->run, w->setup->validation, (unsigned long)i, w->truth[i],
                  w->validation_scratch);
    }
}

static int validate(struct work *w, struct train_state *s)
{
    const struct train_options *o = &w->setup->options;
    struct train_validation v = { .step = (double)s->done };
    double *mean = (double *)&v.facts;
    for (long i = 0; i < o->validation_samples; i++) {
        at(w, s->done - 1, i, 0);
        spt_validate(w->run, w->setup->validation, (unsigned long)i, w->params, w->truth[i],
                     w->facts[i], w->validation_scratch);
    }
    for (long i = 0; i < o->validation_samples; i++) {
        double facts[VALIDATION_FACTS];
        spt_get_all(w->run, w->facts[i], facts);
        for (int j = 0; j < VALIDATION_FACTS; j++)
            mean[j] += facts[j] / (double)o->validation_samples;
    }
    bool finite = true;
    for (int j = 0; j < VALIDATION_FACTS; j++)
        finite = finite && isfinite(mean[j]);
    if (v.facts.failed != 0.0 || !finite) {
        if (!spt_interrupted())
            log_warn("no validation after step %ld: %s", s->done,
                     finite ? "the scheme fails on a sample" : "a value is not finite");
        return 0;
    }
    return train_state_validated(s, &v);
}

/* ---------------------------------------------------------------- the loop */

static int work_open(struct work *w, const struct train_state *s)
{
    const struct train_setup *t = w->setup;
    const struct train_options *o = &t->options;
    struct spt *run = w->run;
    const long V = t->validation ? o->validation_samples : 0;
    w->gradient = calloc((size_t)o->shards, sizeof(*w->gradient));
    w->truth = calloc((size_t)V + 1, sizeof(*w->truth));
    w->facts = calloc((size_t)V + 1, sizeof(*w->facts));
    if (!w->gradient || !w->truth || !w->facts)
        return log_error(-ENOMEM, "out of memory");
    w->params = spt_take(run, s->nparams, 0);
    w->state = spt_take(run, s->nstate, 0);
    w->scratch = spt_scratch(run, t->loss->nwork);
    for (int i = 0; i < AHEAD; i++)
        w->record[i] = spt_take(run, TRAIN_RECORD, 0);
    for (long i = 0; i < o->shards; i++)
        w->gradient[i] =
            spt_take(run, gradient_size(t->network), spt_slice_owner(i, o->shards, run->ranks));
    if (V)
        w->validation_scratch = spt_scratch(run, validation_work(t->validation));
    for (long i = 0; i < V; i++) {
        const int owner = spt_slice_owner(i, V, run->ranks);
        w->truth[i] = spt_take(run, validation_truth_size(t->validation), owner);
        w->facts[i] = spt_take(run, VALIDATION_FACTS, owner);
    }
    spt_put(run, w->params, s->params);
    spt_put(run, w->state, s->state);
    return 0;
}

static void work_close(struct work *w)
{
    struct spt *run = w->run;
    const long V = w->setup->validation ? w->setup->options.validation_samples : 0;
    spt_wait(run);
    spt_give(run, w->params);
    spt_give(run, w->state);
    for (int i = 0; i < AHEAD; i++)
        spt_give(run, w->record[i]);
    for (long i = 0; w->gradient && i < w->setup->options.shards; i++)
        spt_give(run, w->gradient[i]);
    for (long i = 0; w->facts && w->truth && i < V; i++) {
        spt_give(run, w->truth[i]);
        spt_give(run, w->facts[i]);
    }
    spt_scratch_free(run, w->scratch);
    spt_scratch_free(run, w->validation_scratch);
    free(w->gradient);
    free(w->truth);
    free(w->facts);
    const int64_t id = run->at.id;
    run->at = (struct spt_meta){ .id = id, .slice = -1, .iteration = -1, .node = -1, .sweep = -1 };
}

static int checkpoint(struct work *w, struct train_state *s)
{
    const double now = spt_seconds();
    s->seconds += now - w->since;
    w->since = now;
    spt_get(w->run, w->params, s->params);
    spt_get(w->run, w->state, s->state);
    return w->setup->checkpoint ? w->setup->checkpoint(w->setup->context, s) : 0;
}

static bool due(long step, long every, long steps)
{
    return step == steps || (every > 0 && step % every == 0);
}

int train(struct spt *run, const struct train_setup *setup, struct train_state *s,
          struct train_failure *failure)
{
    const struct train_options *o = &setup->options;
    struct work w = { .run = run, .setup = setup };
    const bool validates = setup->validation && o->validation_samples > 0;
    const long first = s->done;
    long known = first; /* steps whose records were read */
    bool well = true;
    int err;
    *failure = (struct train_failure){ .status = TRAIN_DONE };
    if ((err = work_open(&w, s)))
        goto out;
    w.since = spt_seconds();
    if (validates) {
        insert_truth(&w);
        if (first > 0 && due(first, o->validation_every, o->steps) &&
            (s->validations == 0 || s->validation[s->validations - 1].step != (double)first))
            err = validate(&w, s); /* an interrupt came before it */
    }
    for (long step = first; step < o->steps && well && !err; step++) {
        insert_step(&w, step);
        const bool look_at_it = validates && due(step + 1, o->validation_every, o->steps),
                   keep = due(step + 1, o->checkpoint, o->steps);
        const long lag = look_at_it || keep ? 0 : AHEAD - 1;
        for (; known <= step - lag && well; known++)
            well = look(&w, known, s, failure);
        if (well && look_at_it)
            err = validate(&w, s);
        if (well && keep && !err)
            err = checkpoint(&w, s);
        if (s->done > 0)
            log_progress("train", (double)s->done / (double)o->steps, "step %ld, loss %.3e",
                         s->done, s->entry[s->done - 1].loss);
    }
    spt_wait(run);
    s->seconds += spt_seconds() - w.since;
    w.since = spt_seconds();
    log_progress_end();
    if (!err && failure->status == TRAIN_SKIPPED)
        err = checkpoint(&w, s) ? -EIO : -ECANCELED;
    else if (!err && failure->status != TRAIN_DONE)
        err = -EDOM;
out:
    work_close(&w);
    return err;
}
