// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/trace.h"
#include "core/trace_index.h"

struct access { /* of a handle by a record */
    int64_t tag;
    size_t record;
    int mode;
    uint64_t bytes;
};

static int by_tag(const void *a, const void *b)
{
    const struct access *p = a, *q = b;
    if (p->tag != q->tag)
        return p->tag < q->tag ? -1 : 1;
    return (p->record > q->record) - (p->record < q->record);
}

static int by_reader(const void *a, const void *b)
{
    const struct trace_transfer *p = a, *q = b;
    if (p->to != q->to)
        return p->to < q->to ? -1 : 1;
    return (p->from > q->from) - (p->from < q->from);
}

static int memory_node(const struct trace *t, const struct trace_record *r)
{
    for (size_t w = 0; w < t->nworkers; w++)
        if (t->workers[w].rank == r->rank && t->workers[w].worker == r->worker)
            return (int)t->workers[w].memory_node;
    return 0;
}

/* Memory nodes, numbered through the ranks: of[i] is where record i ran. Returns how many a rank
 * has at most. */
static int places(const struct trace *t, int *of)
{
    int nodes = 1;
    for (size_t w = 0; w < t->nworkers; w++)
        if (t->workers[w].memory_node >= nodes)
            nodes = (int)t->workers[w].memory_node + 1;
    for (size_t i = 0; i < t->n; i++)
        of[i] = (int)t->records[i].rank * nodes + (nodes > 1 ? memory_node(t, &t->records[i]) : 0);
    return nodes;
}

static bool rank_holds(const size_t *holder, int nodes, int rank)
{
    for (int k = 0; k < nodes; k++)
        if (holder[rank * nodes + k] != SIZE_MAX)
            return true;
    return false;
}

static void forget(size_t *holder, size_t n)
{
    for (size_t k = 0; k < n; k++)
        holder[k] = SIZE_MAX;
}

/* arrives may be NULL */
static int follow(const struct trace *t, struct trace_transfer **list, size_t *count,
                  double *arrives)
{
    const size_t none = SIZE_MAX;
    size_t n = 0, found = 0, writer = none, ranks = 1;
    for (size_t i = 0; i < t->n; i++) {
        n += t->records[i].nhandles < TRACE_HANDLES ? t->records[i].nhandles : TRACE_HANDLES;
        if (t->records[i].rank >= (int)ranks)
            ranks = (size_t)t->records[i].rank + 1;
    }
    int *place = malloc((t->n + 1) * sizeof *place);
    struct access *all = malloc((n + 1) * sizeof *all);
    const int nodes = place ? places(t, place) : 1;
    const size_t nplaces = ranks * (size_t)nodes;
    size_t *holder =
        malloc(nplaces * sizeof *holder); /* the first record that had the state there */
    *list = malloc((n + 1) * sizeof **list);
    *count = 0;
    int err = place && all && holder && *list ? 0 : -ENOMEM;
    if (err)
        goto out;
    n = 0;
    for (size_t i = 0; i < t->n; i++)
        for (uint32_t h = 0; h < t->records[i].nhandles && h < TRACE_HANDLES; h++)
            all[n++] =
                (struct access){ t->records[i].handles[h].tag, i, t->records[i].handles[h].mode,
                                 t->records[i].handles[h].bytes };
    qsort(all, n, sizeof *all, by_tag);
    for (size_t i = 0; i < n; i++) {
        const size_t record = all[i].record;
        size_t *here = &holder[place[record]];
        if (i == 0 || all[i].tag != all[i - 1].tag) {
            forget(holder, nplaces);
            writer = none;
        }
        if ((all[i].mode & TRACE_R) && writer != none) {
            if (*here == none) {
                (*list)[found++] =
                    (struct trace_transfer){ writer, record, all[i].bytes,
                                             !rank_holds(holder, nodes,
                                                         (int)t->records[record].rank) };
                *here = record;
            }
            if (arrives && *here != writer && t->records[*here].start > arrives[record])
                arrives[record] = t->records[*here].start;
        }
        if (all[i].mode & TRACE_W) {
            forget(holder, nplaces);
            *here = writer = record;
        }
    }
    qsort(*list, found, sizeof **list, by_reader);
    *count = found;
out:
    free(place);
    free(all);
    free(holder);
    if (err) {
        free(*list);
        *list = NULL;
    }
    return err;
}

int trace_transfers(const struct trace *t, struct trace_transfer **list, size_t *n)
{
    return follow(t, list, n, NULL);
}

int trace_arrivals(const struct trace *t, double *arrives)
{
    struct trace_transfer *list;
    size_t n;
    for (size_t i = 0; i < t->n; i++)
        arrives[i] = -INFINITY;
    const int err = follow(t, &list, &n, arrives);
    free(list);
    return err;
}

static size_t moved(const struct trace *t, int *err)
{
    struct trace_transfer *list;
    size_t n, bytes = 0;
    if ((*err = trace_transfers(t, &list, &n)))
        return 0;
    for (size_t i = 0; i < n; i++)
        bytes += list[i].between_ranks ? list[i].bytes : 0;
    free(list);
    return bytes;
}

static int by_worker(const void *a, const void *b, void *context)
{
    const struct trace *t = context;
    const struct trace_record *p = &t->records[*(const size_t *)a],
                              *q = &t->records[*(const size_t *)b];
    if (p->rank != q->rank)
        return p->rank < q->rank ? -1 : 1;
    if (p->worker != q->worker)
        return p->worker < q->worker ? -1 : 1;
    return (p->start > q->start) - (p->start < q->start);
}

int trace_cost(const struct trace *t, double *overhead, size_t *transfers)
{
    size_t *first = NULL, *deps = NULL, *order = malloc((t->n + 1) * sizeof *order);
    int err = order ? trace_dependencies(t, &first, &deps) : -ENOMEM;
    *overhead = 0.0;
    *transfers = 0;
    if (err)
        goto out;
    for (size_t i = 0; i < t->n; i++)
        order[i] = i;
    qsort_r(order, t->n, sizeof *order, by_worker, (void *)t);
    for (size_t k = 0; k < t->n; k++) {
        const struct trace_record *r = &t->records[order[k]];
        double ready = r->submitted;
        for (size_t d = first[order[k]]; d < first[order[k] + 1]; d++)
            if (t->records[deps[d]].end > ready)
                ready = t->records[deps[d]].end;
        if (k > 0) {
            const struct trace_record *before = &t->records[order[k - 1]];
            if (before->rank == r->rank && before->worker == r->worker && before->end > ready)
                ready = before->end;
        }
        if (r->start > ready)
            *overhead += r->start - ready;
    }
    *transfers = moved(t, &err);
out:
    free(order);
    free(first);
    free(deps);
    return err;
}

static int by_value(const void *a, const void *b)
{
    const double p = *(const double *)a, q = *(const double *)b;
    return (p > q) - (p < q);
}

double trace_model_error(const struct trace *t)
{
    size_t n = 0;
    double *error = malloc((t->n + 1) * sizeof *error), median = NAN;
    for (size_t i = 0; error && i < t->n; i++) {
        const struct trace_record *r = &t->records[i];
        if (!r->cancelled && r->predicted > 0 && r->end > r->start)
            error[n++] = fabs(r->predicted / (r->end - r->start) - 1);
    }
    if (n) {
        qsort(error, n, sizeof *error, by_value);
        median = error[n / 2];
    }
    free(error);
    return median;
}
