// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/trace.h"

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

static size_t moved(const struct trace *t, int *err)
{
    size_t n = 0, bytes = 0;
    int ranks = 1;
    for (size_t i = 0; i < t->n; i++) {
        n += t->records[i].nhandles < TRACE_HANDLES ? t->records[i].nhandles : TRACE_HANDLES;
        if (t->records[i].rank >= ranks)
            ranks = t->records[i].rank + 1;
    }
    if (ranks == 1)
        return 0;
    struct access *all = malloc((n + 1) * sizeof *all);
    bool *holds = calloc((size_t)ranks, sizeof *holds);
    if (!all || !holds) {
        *err = -ENOMEM;
        goto out;
    }
    n = 0;
    for (size_t i = 0; i < t->n; i++)
        for (uint32_t h = 0; h < t->records[i].nhandles && h < TRACE_HANDLES; h++)
            all[n++] =
                (struct access){ t->records[i].handles[h].tag, i, t->records[i].handles[h].mode,
                                 t->records[i].handles[h].bytes };
    qsort(all, n, sizeof *all, by_tag);
    bool written = false;
    for (size_t i = 0; i < n; i++) {
        const int rank = t->records[all[i].record].rank;
        if (i == 0 || all[i].tag != all[i - 1].tag) {
            memset(holds, 0, (size_t)ranks * sizeof *holds);
            written = false;
        }
        if ((all[i].mode & TRACE_R) && written && !holds[rank]) {
            bytes += all[i].bytes;
            holds[rank] = true;
        }
        if (all[i].mode & TRACE_W) {
            memset(holds, 0, (size_t)ranks * sizeof *holds);
            holds[rank] = written = true;
        }
    }
out:
    free(all);
    free(holds);
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
