// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a schedule took as long as it did: the chain of tasks that it was, and what the workers
 * waited for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/trace.h"
#include "core/trace_index.h"

static double seconds_of(const struct trace_record *r)
{
    return r->end > r->start ? r->end - r->start : 0;
}

/* ---------------------------------------------------------------- kinds */

static int by_name(const void *a, const void *b, void *context)
{
    const struct trace *t = context;
    const struct trace_record *p = &t->records[*(const size_t *)a],
                              *q = &t->records[*(const size_t *)b];
    const int order = strcmp(p->codelet, q->codelet);
    return order ? order : strcmp(p->label, q->label);
}

int trace_kinds_make(struct trace_kinds *k, const struct trace *t, const struct trace_index *x)
{
    *k = (struct trace_kinds){ .of = malloc((t->n + 1) * sizeof *k->of) };
    const size_t labels = x->labels.n;
    uint32_t *known = calloc(x->codelets.n * labels + 1, sizeof *known);
    k->example = malloc((t->n + 1) * sizeof *k->example);
    if (!known || !k->of || !k->example) {
        free(known);
        trace_kinds_free(k);
        return -ENOMEM;
    }
    for (size_t i = 0; i < t->n; i++) {
        uint32_t *kind = &known[x->codelets.of[i] * labels + x->labels.of[i]];
        if (!*kind) {
            k->example[k->n++] = i;
            *kind = 1;
        }
    }
    qsort_r(k->example, k->n, sizeof *k->example, by_name, (void *)t);
    for (size_t i = 0; i < k->n; i++)
        known[x->codelets.of[k->example[i]] * labels + x->labels.of[k->example[i]]] = (uint32_t)i;
    for (size_t i = 0; i < t->n; i++)
        k->of[i] = known[x->codelets.of[i] * labels + x->labels.of[i]];
    free(known);
    return 0;
}

void trace_kinds_free(struct trace_kinds *k)
{
    free(k->of);
    free(k->example);
    memset(k, 0, sizeof *k);
}

/* ---------------------------------------------------------------- the chain of the schedule */

struct moment {
    double start, end;
    size_t record;
};

static int by_start(const void *a, const void *b)
{
    const struct moment *p = a, *q = b;
    if (p->start != q->start)
        return p->start < q->start ? -1 : 1;
    if (p->end != q->end)
        return p->end < q->end ? -1 : 1;
    return (p->record > q->record) - (p->record < q->record);
}

/* records in order of time, and the place of each in it */
static struct moment *in_time(const struct trace *t, size_t *place)
{
    struct moment *m = malloc((t->n + 1) * sizeof *m);
    if (!m)
        return NULL;
    for (size_t i = 0; i < t->n; i++)
        m[i] = (struct moment){ t->records[i].start, t->records[i].end, i };
    qsort(m, t->n, sizeof *m, by_start);
    for (size_t i = 0; i < t->n; i++)
        place[m[i].record] = i;
    return m;
}

struct levels {
    double *down, *up; /* (records) longest path that ends before a task; that begins with it */
    size_t *before;    /* (records) the task before it on that path, or SIZE_MAX */
    size_t *worker;    /* (records) the task before it on its worker, or SIZE_MAX */
    size_t *place;
};

static void reach(struct levels *l, const struct trace *t, size_t from, size_t to)
{
    const double length = l->down[from] + seconds_of(&t->records[from]);
    if (length > l->down[to] || l->before[to] == SIZE_MAX) {
        l->down[to] = length;
        l->before[to] = from;
    }
}

static void reach_back(struct levels *l, const struct trace *t, size_t from, size_t to)
{
    const double length = l->up[to] + seconds_of(&t->records[from]);
    if (length > l->up[from])
        l->up[from] = length;
}

/* Edges against the order of starts, which clocks of ranks that differ can give, are left out: so
 * there is no cycle. */
static void measure(struct levels *l, const struct trace *t, const struct trace_index *x,
                    const struct moment *m)
{
    for (size_t k = 0; k < t->n; k++) {
        const size_t i = m[k].record;
        for (size_t d = x->dep_first[i]; d < x->dep_first[i + 1]; d++)
            if (l->place[x->deps[d]] < k)
                reach(l, t, x->deps[d], i);
        if (l->worker[i] != SIZE_MAX)
            reach(l, t, l->worker[i], i);
    }
    for (size_t k = t->n; k-- > 0;) {
        const size_t i = m[k].record;
        const double own = seconds_of(&t->records[i]);
        l->up[i] = l->up[i] > own ? l->up[i] : own;
        for (size_t d = x->dep_first[i]; d < x->dep_first[i + 1]; d++)
            if (l->place[x->deps[d]] < k)
                reach_back(l, t, x->deps[d], i);
        if (l->worker[i] != SIZE_MAX)
            reach_back(l, t, l->worker[i], i);
    }
}

int trace_chain_make(struct trace_chain *c, const struct trace *t, const struct trace_index *x)
{
    const size_t n = t->n;
    struct levels l = { calloc(n + 1, sizeof *l.down), calloc(n + 1, sizeof *l.up),
                        malloc((n + 1) * sizeof *l.before), malloc((n + 1) * sizeof *l.worker),
                        malloc((n + 1) * sizeof *l.place) };
    struct moment *m = l.place ? in_time(t, l.place) : NULL;
    *c = (struct trace_chain){ .on = calloc(n + 1, sizeof *c->on),
                               .slack = calloc(n + 1, sizeof *c->slack) };
    int err = l.down && l.up && l.before && l.worker && m && c->on && c->slack ? 0 : -ENOMEM;
    if (err)
        goto out;
    for (size_t i = 0; i < n; i++)
        l.before[i] = l.worker[i] = SIZE_MAX;
    for (size_t w = 0; w < x->nworkers; w++)
        for (size_t i = x->first[w] + 1; i < x->first[w + 1]; i++)
            l.worker[x->order[i]] = x->order[i - 1];
    measure(&l, t, x, m);
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < n; i++)
        if (last == SIZE_MAX || l.down[i] + seconds_of(&t->records[i]) > c->length) {
            last = i;
            c->length = l.down[i] + seconds_of(&t->records[i]);
        }
    for (size_t i = 0; i < n; i++) {
        const double slack = c->length - l.down[i] - l.up[i];
        c->slack[i] = slack > 1e-12 * c->length ? slack : 0; /* sums in another order */
    }
    for (size_t i = last; i != SIZE_MAX; i = l.before[i]) {
        c->on[i] = true;
        c->slack[i] = 0;
        c->tasks++;
    }
out:
    free(l.down);
    free(l.up);
    free(l.before);
    free(l.worker);
    free(l.place);
    free(m);
    if (err)
        trace_chain_free(c);
    return err;
}

void trace_chain_free(struct trace_chain *c)
{
    free(c->on);
    free(c->slack);
    memset(c, 0, sizeof *c);
}

/* ---------------------------------------------------------------- idle time */

/* What there was for the workers of one kind on one rank, over time: counts of tasks in each state.
 */
enum waiting { WAITS_READY, WAITS_DATA, WAITS_SUBMISSION, WAITS_START, WAITS };

struct change {
    double time;
    int what, by;
};

static int by_time(const void *a, const void *b)
{
    const struct change *p = a, *q = b;
    return (p->time > q->time) - (p->time < q->time);
}

struct stretch {              /* until the next one starts, one cause holds */
    double time, sum[CAUSES]; /* sum: seconds of each cause before time */
};

struct group {
    struct change *changes;
    struct stretch *stretches;
    size_t nchanges, n;
};

static void between(struct group *g, enum waiting what, double from, double to)
{
    if (!(to > from))
        return;
    g->changes[g->nchanges++] = (struct change){ from, what, 1 };
    g->changes[g->nchanges++] = (struct change){ to, what, -1 };
}

static enum trace_cause cause_of(const int count[WAITS])
{
    return count[WAITS_READY] > 0        ? CAUSE_RUNTIME
           : count[WAITS_DATA] > 0       ? CAUSE_TRANSFER
           : count[WAITS_SUBMISSION] > 0 ? CAUSE_SUBMISSION
           : count[WAITS_START] > 0      ? CAUSE_DEPENDENCIES
                                         : CAUSE_DONE;
}

static void sum_up(struct group *g, double begin)
{
    int count[WAITS] = { 0 };
    struct stretch now = { .time = begin };
    qsort(g->changes, g->nchanges, sizeof *g->changes, by_time);
    g->n = 0;
    g->stretches[g->n++] = now;
    for (size_t i = 0; i < g->nchanges;) {
        const double time = g->changes[i].time;
        if (time > now.time) {
            now.sum[cause_of(count)] += time - now.time;
            now.time = time;
            g->stretches[g->n++] = now;
        }
        for (; i < g->nchanges && g->changes[i].time == time; i++)
            count[g->changes[i].what] += g->changes[i].by;
    }
}

/* seconds of every cause before a time; after the last change nothing is left */
static void before(const struct group *g, double time, double sum[CAUSES])
{
    size_t a = 0, b = g->n;
    while (a + 1 < b) {
        const size_t m = (a + b) / 2;
        if (g->stretches[m].time <= time)
            a = m;
        else
            b = m;
    }
    const struct stretch *s = &g->stretches[a], *next = a + 1 < g->n ? s + 1 : NULL;
    memcpy(sum, s->sum, CAUSES * sizeof *sum);
    if (!(time > s->time))
        return;
    enum trace_cause cause = CAUSE_DONE;
    for (int c = 0; next && c < CAUSES; c++)
        if (next->sum[c] > s->sum[c])
            cause = (enum trace_cause)c;
    sum[cause] += time - s->time;
}

struct idle_context {
    const struct trace *t;
    const struct trace_index *x;
    const struct trace_kinds *k;
    double *arrives; /* (records) see trace_arrivals */
    bool (*able)[2]; /* (kinds) ran on a CPU, on a GPU */
    double begin, end;
};

/* the end of what a task waited for last, and which task that was */
static double released(const struct idle_context *c, size_t i, size_t *by)
{
    double time = c->begin;
    *by = SIZE_MAX;
    for (size_t d = c->x->dep_first[i]; d < c->x->dep_first[i + 1]; d++)
        if (*by == SIZE_MAX || c->t->records[c->x->deps[d]].end > time) {
            *by = c->x->deps[d];
            time = c->t->records[*by].end;
        }
    return time;
}

static void look_at(const struct idle_context *c, struct group *g, int rank, int gpu)
{
    g->nchanges = 0;
    for (size_t i = 0; i < c->t->n; i++) {
        const struct trace_record *r = &c->t->records[i];
        if (r->rank != rank || !c->able[c->k->of[i]][gpu])
            continue;
        size_t by;
        double free = released(c, i, &by);
        free = free < r->start ? free : r->start;
        double ready = r->submitted > free ? r->submitted : free;
        ready = ready < r->start ? ready : r->start;
        between(g, WAITS_START, c->begin, r->start);
        between(g, WAITS_SUBMISSION, free, ready);
        const double there = c->arrives[i] < r->start ? c->arrives[i] : r->start;
        between(g, WAITS_DATA, ready, there);
        between(g, WAITS_READY, there > ready ? there : ready, r->start);
    }
    sum_up(g, c->begin);
}

/* a gap of worker w, before record next (SIZE_MAX: none) */
static void account(const struct idle_context *c, const struct group *g, struct trace_idle *d,
                    size_t w, enum trace_phase phase, double from, double to, size_t next)
{
    double a[CAUSES], b[CAUSES];
    size_t by = SIZE_MAX;
    if (!(to > from))
        return;
    before(g, from, a);
    before(g, to, b);
    for (int k = 0; k < CAUSES; k++) {
        d->seconds[phase][k] += b[k] - a[k];
        d->worker[w][k] += b[k] - a[k];
    }
    if (next != SIZE_MAX)
        released(c, next, &by);
    if (by != SIZE_MAX)
        d->waited[c->k->of[by]] += b[CAUSE_DEPENDENCIES] - a[CAUSE_DEPENDENCIES];
}

static void gaps(const struct idle_context *c, const struct group *g, struct trace_idle *d,
                 size_t w)
{
    double reached = c->begin;
    for (size_t i = c->x->first[w]; i < c->x->first[w + 1]; i++) {
        const struct trace_record *r = &c->t->records[c->x->order[i]];
        account(c, g, d, w, i == c->x->first[w] ? PHASE_START : PHASE_BETWEEN, reached, r->start,
                c->x->order[i]);
        reached = r->end > reached ? r->end : reached;
    }
    account(c, g, d, w, c->x->first[w] == c->x->first[w + 1] ? PHASE_START : PHASE_END, reached,
            c->end, SIZE_MAX);
}

int trace_idle_make(struct trace_idle *d, const struct trace *t, const struct trace_index *x,
                    const struct trace_kinds *k)
{
    struct group g = { malloc((8 * t->n + 1) * sizeof *g.changes),
                       malloc((8 * t->n + 2) * sizeof *g.stretches), 0, 0 };
    struct idle_context c = {
        t,        x,     k, calloc(t->n + 1, sizeof *c.arrives), calloc(k->n + 1, sizeof *c.able),
        x->begin, x->end
    };
    *d = (struct trace_idle){ .waited = calloc(k->n + 1, sizeof *d->waited),
                              .worker = calloc(x->nworkers + 1, sizeof *d->worker) };
    int err =
        g.changes && g.stretches && c.arrives && c.able && d->waited && d->worker ? 0 : -ENOMEM;
    if (err || (err = trace_arrivals(t, c.arrives)))
        goto out;
    if (x->begin + x->stats.makespan > x->end) /* measured around the tasks */
        c.end = x->begin + x->stats.makespan;
    for (size_t i = 0; i < t->n; i++)
        c.able[k->of[i]][x->workers[x->row[i]].is_gpu != 0] = true;
    for (size_t w = 0; w < x->nworkers; w++) {
        const struct trace_worker *v = &x->workers[w];
        const int gpu = v->is_gpu != 0;
        if (!w || v[-1].rank != v->rank || (v[-1].is_gpu != 0) != gpu)
            look_at(&c, &g, (int)v->rank, gpu);
        gaps(&c, &g, d, w);
    }
out:
    free(g.changes);
    free(g.stretches);
    free(c.arrives);
    free(c.able);
    if (err)
        trace_idle_free(d);
    return err;
}

void trace_idle_free(struct trace_idle *d)
{
    free(d->waited);
    free(d->worker);
    memset(d, 0, sizeof *d);
}
