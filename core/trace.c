// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Records of tasks: kept, sorted, connected by their data, measured against their critical path. */
#include "core/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/trace_index.h"

int trace_add(struct trace *t, const struct trace_record *r)
{
    if (t->n == t->capacity) {
        size_t capacity = t->capacity ? 2 * t->capacity : 256;
        struct trace_record *records = realloc(t->records, capacity * sizeof *records);
        if (!records)
            return -ENOMEM;
        t->records = records;
        t->capacity = capacity;
    }
    struct trace_record *to = &t->records[t->n++];
    *to = *r;
    to->codelet[TRACE_NAME - 1] = to->label[TRACE_NAME - 1] = '\0';
    return 0;
}

static int by_id(const void *a, const void *b)
{
    const struct trace_record *p = a, *q = b;
    return (p->id > q->id) - (p->id < q->id);
}

void trace_sort(struct trace *t)
{
    if (t->n)
        qsort(t->records, t->n, sizeof *t->records, by_id);
}

void trace_free(struct trace *t)
{
    free(t->records);
    free(t->workers);
    memset(t, 0, sizeof *t);
}

/* ---------------------------------------------------------------- dependencies */

struct use { /* of a handle by a record */
    int64_t tag;
    size_t record;
    int mode;
};

static int by_tag(const void *a, const void *b)
{
    const struct use *p = a, *q = b;
    if (p->tag != q->tag)
        return p->tag < q->tag ? -1 : 1;
    return (p->record > q->record) - (p->record < q->record);
}

struct edge {
    size_t to, from;
};

static int by_edge(const void *a, const void *b)
{
    const struct edge *p = a, *q = b;
    if (p->to != q->to)
        return p->to < q->to ? -1 : 1;
    return (p->from > q->from) - (p->from < q->from);
}

/* All uses, by tag and then in order of submission; a tag that a record names twice is one use. */
static struct use *uses_of(const struct trace *t, size_t *n)
{
    size_t count = 0;
    for (size_t i = 0; i < t->n; i++)
        count += t->records[i].nhandles < TRACE_HANDLES ? t->records[i].nhandles : TRACE_HANDLES;
    struct use *u = malloc((count + 1) * sizeof *u);
    if (!u)
        return NULL;
    count = 0;
    for (size_t i = 0; i < t->n; i++)
        for (uint32_t h = 0; h < t->records[i].nhandles && h < TRACE_HANDLES; h++)
            if (t->records[i].handles[h].mode & TRACE_RW)
                u[count++] =
                    (struct use){ t->records[i].handles[h].tag, i, t->records[i].handles[h].mode };
    qsort(u, count, sizeof *u, by_tag);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept && u[kept - 1].tag == u[i].tag && u[kept - 1].record == u[i].record)
            u[kept - 1].mode |= u[i].mode;
        else
            u[kept++] = u[i];
    }
    *n = kept;
    return u;
}

/* One tag: readers wait for the last writer; a writer waits for the readers since then, who
 * themselves waited for that writer, or for the writer if there are none. */
static size_t replay(const struct use *u, size_t n, struct edge *e)
{
    size_t edges = 0, readers = 0; /* readers: u[i - readers] .. u[i - 1] */
    const struct use *writer = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!(u[i].mode & TRACE_W)) {
            if (writer)
                e[edges++] = (struct edge){ u[i].record, writer->record };
            readers++;
            continue;
        }
        for (size_t r = i - readers; r < i; r++)
            e[edges++] = (struct edge){ u[i].record, u[r].record };
        if (!readers && writer)
            e[edges++] = (struct edge){ u[i].record, writer->record };
        writer = &u[i];
        readers = 0;
    }
    return edges;
}

int trace_dependencies(const struct trace *t, size_t **first, size_t **deps)
{
    size_t n = 0, edges = 0;
    struct use *u = uses_of(t, &n);
    struct edge *e =
        malloc((2 * n + 1) * sizeof *e); /* a use waits for a writer and is waited for once */
    *first = calloc(t->n + 1, sizeof **first);
    *deps = NULL;
    int err = u && e && *first ? 0 : -ENOMEM;

    for (size_t i = 0, end; !err && i < n; i = end) {
        for (end = i + 1; end < n && u[end].tag == u[i].tag;)
            end++;
        edges += replay(u + i, end - i, e + edges);
    }
    if (!err && !(*deps = malloc((edges + 1) * sizeof **deps)))
        err = -ENOMEM;
    if (!err) {
        qsort(e, edges, sizeof *e, by_edge);
        size_t kept = 0, i = 0;
        for (size_t to = 0; to < t->n; to++) {
            (*first)[to] = kept;
            for (; i < edges && e[i].to == to; i++)
                if (kept == (*first)[to] || (*deps)[kept - 1] != e[i].from)
                    (*deps)[kept++] = e[i].from;
        }
        (*first)[t->n] = kept;
    }
    free(u);
    free(e);
    if (err) {
        free(*first);
        *first = NULL;
    }
    return err;
}

/* ---------------------------------------------------------------- analysis */

static int by_worker(const void *a, const void *b)
{
    const struct trace_worker *p = a, *q = b;
    if (p->rank != q->rank)
        return p->rank < q->rank ? -1 : 1;
    return (p->worker > q->worker) - (p->worker < q->worker);
}

/* The workers of the trace and those that only its records name, by rank and worker. */
static int workers_of(const struct trace *t, struct trace_worker **workers, size_t *count)
{
    size_t n = t->nworkers, kept = 0;
    struct trace_worker *w = malloc((t->nworkers + t->n + 1) * sizeof *w);
    if (!(*workers = w))
        return -ENOMEM;
    if (n)
        memcpy(w, t->workers, n * sizeof *w);
    qsort(w, n, sizeof *w, by_worker);
    for (size_t i = 0; i < t->n; i++) {
        struct trace_worker key = { .rank = t->records[i].rank, .worker = t->records[i].worker };
        if (!bsearch(&key, w, t->nworkers, sizeof *w, by_worker)) {
            snprintf(key.name, sizeof key.name, "worker %d", (int)key.worker);
            w[n++] = key;
        }
    }
    qsort(w, n, sizeof *w, by_worker);
    for (size_t i = 0; i < n; i++)
        if (!kept || by_worker(&w[kept - 1], &w[i]))
            w[kept++] = w[i];
    *count = kept;
    return 0;
}

static double duration(const struct trace_record *r)
{
    return r->end > r->start ? r->end - r->start : 0;
}

/* The longest chain; on_path is false everywhere on entry. */
static double chain(const struct trace *t, const size_t *first, const size_t *deps, bool *on_path,
                    double *length, size_t *before)
{
    const size_t none = SIZE_MAX;
    size_t last = none;
    for (size_t i = 0; i < t->n; i++) { /* records only wait for earlier ones */
        before[i] = none;
        length[i] = 0;
        for (size_t d = first[i]; d < first[i + 1]; d++)
            if (length[deps[d]] > length[i]) {
                length[i] = length[deps[d]];
                before[i] = deps[d];
            }
        length[i] += duration(&t->records[i]);
        if (last == none || length[i] > length[last])
            last = i;
    }
    for (size_t i = last; on_path && i != none; i = before[i])
        on_path[i] = true;
    return last == none ? 0 : length[last];
}

static int analyse(const struct trace *t, const size_t *first, const size_t *deps, size_t nworkers,
                   struct trace_stats *s, bool *on_path)
{
    double *length = malloc((t->n + 1) * sizeof *length);
    size_t *before = malloc((t->n + 1) * sizeof *before);
    int err = length && before ? 0 : -ENOMEM;
    *s = (struct trace_stats){ .tasks = t->n, .workers = nworkers, .makespan = t->makespan };
    if (!err) {
        double begin = t->n ? t->records[0].start : 0, end = begin;
        for (size_t i = 0; i < t->n; i++) {
            begin = t->records[i].start < begin ? t->records[i].start : begin;
            end = t->records[i].end > end ? t->records[i].end : end;
            s->busy += duration(&t->records[i]);
        }
        if (s->makespan <= 0)
            s->makespan = end - begin;
        s->area = nworkers ? s->busy / (double)nworkers : 0;
        s->idle_fraction = s->makespan > 0 ? 1 - s->area / s->makespan : 0;
        s->critical_path = chain(t, first, deps, on_path, length, before);
        s->lower_bound = s->area > s->critical_path ? s->area : s->critical_path;
    }
    free(length);
    free(before);
    return err;
}

int trace_analyse(const struct trace *t, struct trace_stats *s, bool *on_path)
{
    size_t *first = NULL, *deps = NULL, n = 0;
    struct trace_worker *workers = NULL;
    int err;
    if (on_path)
        memset(on_path, 0, t->n * sizeof *on_path);
    if (!(err = trace_dependencies(t, &first, &deps)) && !(err = workers_of(t, &workers, &n)))
        err = analyse(t, first, deps, n, s, on_path);
    free(first);
    free(deps);
    free(workers);
    return err;
}

/* ---------------------------------------------------------------- index */

/* offset: of a char[TRACE_NAME] in the records */
static int names_of(const struct trace *t, size_t offset, struct trace_names *names)
{
    size_t capacity = 0;
    if (!(names->of = malloc((t->n + 1) * sizeof *names->of)))
        return -ENOMEM;
    for (size_t i = 0; i < t->n; i++) {
        const char *name = (const char *)&t->records[i] + offset;
        size_t k = 0;
        while (k < names->n && strcmp(names->v[k], name))
            k++;
        if (k == capacity) {
            capacity = capacity ? 2 * capacity : 16;
            const char **v = realloc(names->v, capacity * sizeof *v);
            if (!v)
                return -ENOMEM;
            names->v = v;
        }
        if (k == names->n)
            names->v[names->n++] = name;
        names->of[i] = (uint32_t)k;
    }
    return 0;
}

struct place {
    uint32_t row;
    double start, end;
    size_t record;
};

static int by_place(const void *a, const void *b)
{
    const struct place *p = a, *q = b;
    if (p->row != q->row)
        return p->row < q->row ? -1 : 1;
    if (p->start != q->start)
        return p->start < q->start ? -1 : 1;
    if (p->end != q->end)
        return p->end < q->end ? -1 : 1;
    return (p->record > q->record) - (p->record < q->record);
}

/* rows, order, first, busy, begin, end and the totals of codelets */
static int index_rows(struct trace_index *x, const struct trace *t)
{
    struct place *places = malloc((t->n + 1) * sizeof *places);
    x->row = malloc((t->n + 1) * sizeof *x->row);
    x->order = malloc((t->n + 1) * sizeof *x->order);
    x->first = calloc(x->nworkers + 1, sizeof *x->first);
    x->busy = calloc(x->nworkers + 1, sizeof *x->busy);
    x->tasks = calloc(x->codelets.n + 1, sizeof *x->tasks);
    x->seconds = calloc(x->codelets.n + 1, sizeof *x->seconds);
    if (!places || !x->row || !x->order || !x->first || !x->busy || !x->tasks || !x->seconds) {
        free(places);
        return -ENOMEM;
    }
    x->begin = x->end = t->n ? t->records[0].start : 0;
    for (size_t i = 0; i < t->n; i++) {
        const struct trace_record *r = &t->records[i];
        const struct trace_worker key = { .rank = r->rank, .worker = r->worker };
        const struct trace_worker *w =
            bsearch(&key, x->workers, x->nworkers, sizeof key, by_worker);
        x->row[i] = (uint32_t)(w - x->workers);
        places[i] = (struct place){ x->row[i], r->start, r->end, i };
        x->first[x->row[i] + 1]++;
        x->busy[x->row[i]] += duration(r);
        x->tasks[x->codelets.of[i]]++;
        x->seconds[x->codelets.of[i]] += duration(r);
        x->begin = r->start < x->begin ? r->start : x->begin;
        x->end = r->end > x->end ? r->end : x->end;
    }
    if (!(x->end > x->begin))
        x->end = x->begin + 1e-6;
    for (size_t w = 0; w < x->nworkers; w++)
        x->first[w + 1] += x->first[w];
    qsort(places, t->n, sizeof *places, by_place);
    for (size_t i = 0; i < t->n; i++)
        x->order[i] = places[i].record;
    free(places);
    return 0;
}

int trace_index_make(struct trace_index *x, const struct trace *t)
{
    int err;
    *x = (struct trace_index){ .on_path = calloc(t->n + 1, sizeof *x->on_path) };
    if (!x->on_path)
        return -ENOMEM;
    if ((err = names_of(t, offsetof(struct trace_record, codelet), &x->codelets)) ||
        (err = names_of(t, offsetof(struct trace_record, label), &x->labels)) ||
        (err = workers_of(t, &x->workers, &x->nworkers)) || (err = index_rows(x, t)) ||
        (err = trace_dependencies(t, &x->dep_first, &x->deps)) ||
        (err = analyse(t, x->dep_first, x->deps, x->nworkers, &x->stats, x->on_path)))
        trace_index_free(x);
    return err;
}

void trace_index_free(struct trace_index *x)
{
    struct trace_names *names[] = { &x->codelets, &x->labels };
    for (int i = 0; i < 2; i++) {
        free(names[i]->v);
        free(names[i]->of);
    }
    free(x->tasks);
    free(x->seconds);
    free(x->workers);
    free(x->row);
    free(x->order);
    free(x->first);
    free(x->busy);
    free(x->dep_first);
    free(x->deps);
    free(x->on_path);
    memset(x, 0, sizeof *x);
}
