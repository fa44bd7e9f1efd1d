// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The viewer: trace_viewer.html, which the build turns into two string literals, with the trace
 * between them as compact JSON: one array per column, tasks by row and start, times in nanoseconds
 * since the first one. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/trace.h"
#include "core/trace_index.h"
#include "core/trace_viewer.h"

enum { MAX_DEPS = 400000 };

struct page {
    const struct trace *t;
    struct trace_index x;
    struct trace_kinds kinds;
    struct trace_chain chain;
    struct trace_idle idle;
    struct trace_transfer *moves;
    size_t nmoves;
    FILE *out;
};

static void put_string(FILE *out, const char *s)
{
    fputc('"', out);
    trace_put_text(out, TEXT_JSON, s);
    fputc('"', out);
}

static void put_names(FILE *out, const char *key, const struct trace_names *names)
{
    fprintf(out, ",\n\"%s\":[", key);
    for (size_t i = 0; i < names->n; i++) {
        fputs(i ? "," : "", out);
        put_string(out, names->v[i]);
    }
    fputc(']', out);
}

static long long nanoseconds(const struct page *p, double t)
{
    return llround(1e9 * (t - p->x.begin));
}

enum column {
    C_ID,
    C_START,
    C_DURATION,
    C_CODELET,
    C_LABEL,
    C_SLICE,
    C_ITERATION,
    C_NODE,
    C_SWEEP,
    C_PRIORITY,
    C_PATH,
    C_CANCELLED,
    C_CHAIN,
    C_SLACK,
    C_COUNT
};
static const char *const column_names[C_COUNT] = { "id",    "start",    "duration",  "codelet",
                                                   "label", "slice",    "iteration", "node",
                                                   "sweep", "priority", "path",      "cancelled",
                                                   "chain", "slack" };

static long long value(const struct page *p, enum column c, size_t i)
{
    const struct trace_record *r = &p->t->records[i];
    switch (c) {
    case C_ID:
        return r->id;
    case C_START:
        return nanoseconds(p, r->start);
    case C_DURATION:
        return nanoseconds(p, r->end) - nanoseconds(p, r->start);
    case C_CODELET:
        return p->x.codelets.of[i];
    case C_LABEL:
        return p->x.labels.of[i];
    case C_SLICE:
        return r->slice;
    case C_ITERATION:
        return r->iteration;
    case C_NODE:
        return r->node;
    case C_SWEEP:
        return r->sweep;
    case C_PRIORITY:
        return r->priority;
    case C_PATH:
        return p->x.on_path[i];
    case C_CANCELLED:
        return r->cancelled;
    case C_CHAIN:
        return p->chain.on[i];
    case C_SLACK:
        return llround(1e9 * p->chain.slack[i]);
    case C_COUNT:
        break;
    }
    return 0;
}

/* how many tasks each one waited for; then the ids of those, one list after the other */
static void put_deps(const struct page *p)
{
    const struct trace_index *x = &p->x;
    const char *comma = "";
    fputs(",\n\"waits\":[", p->out);
    for (size_t i = 0; i < p->t->n; i++) {
        size_t r = x->order[i];
        fprintf(p->out, "%s%zu", i ? "," : "", x->dep_first[r + 1] - x->dep_first[r]);
    }
    fputs("],\n\"for\":[", p->out);
    for (size_t i = 0; i < p->t->n; i++)
        for (size_t d = x->dep_first[x->order[i]]; d < x->dep_first[x->order[i] + 1]; d++) {
            fprintf(p->out, "%s%lld", comma, (long long)p->t->records[x->deps[d]].id);
            comma = ",";
        }
    fputc(']', p->out);
}

/* the ids of the tasks that wrote and read, bytes, whether between ranks */
static void put_moves(const struct page *p)
{
    fputs(",\n\"moves\":[", p->out);
    for (size_t i = 0; i < p->nmoves; i++) {
        const struct trace_transfer *m = &p->moves[i];
        fprintf(p->out, "%s[%lld,%lld,%llu,%d]", i ? "," : "", (long long)p->t->records[m->from].id,
                (long long)p->t->records[m->to].id, (unsigned long long)m->bytes, m->between_ranks);
    }
    fputc(']', p->out);
}

static void put_data(const struct page *p)
{
    const struct trace_index *x = &p->x;
    FILE *out = p->out;
    fputs("{\"title\":", out);
    put_string(out, *p->t->title ? p->t->title : "StarPinT");
    fprintf(out,
            ",\n\"origin\":%.9g,\"span\":%lld,\"makespan\":%.9g,\"idle\":%.9g,\"critical\":%.9g,"
            "\"area\":%.9g,\"bound\":%.9g,\"along\":%.9g,\"clocks\":%.3g,\"scheduler\":",
            x->begin, nanoseconds(p, x->end), x->stats.makespan, x->stats.idle_fraction,
            x->stats.critical_path, x->stats.area, x->stats.lower_bound, p->chain.length,
            p->t->clock_error);
    put_string(out, p->t->scheduler);
    fputs(",\n\"workers\":[", out);
    for (size_t w = 0; w < x->nworkers; w++) {
        fprintf(out, "%s[%d,%d,", w ? "," : "", (int)x->workers[w].rank, (int)x->workers[w].is_gpu);
        put_string(out, x->workers[w].name);
        fprintf(out, ",%zu,%.6g,[", x->first[w + 1], x->busy[w]);
        for (int k = 0; k < CAUSES; k++)
            fprintf(out, "%s%.4g", k ? "," : "", p->idle.worker[w][k]);
        fputs("]]", out);
    }
    fputc(']', out);
    put_names(out, "codelets", &x->codelets);
    put_names(out, "labels", &x->labels);
    fputs(",\n\"palette\":[", out);
    for (size_t i = 0; i < TRACE_COLOURS; i++)
        fprintf(out, "%s\"%s\"", i ? "," : "", trace_colour(i));
    fputc(']', out);
    for (enum column c = 0; c < C_COUNT; c++) {
        fprintf(out, ",\n\"%s\":[", column_names[c]);
        for (size_t i = 0; i < p->t->n; i++)
            fprintf(out, "%s%lld", i ? "," : "", value(p, c, x->order[i]));
        fputc(']', out);
    }
    if (x->dep_first[p->t->n] <= MAX_DEPS)
        put_deps(p);
    put_moves(p);
    fputs("}\n", out);
}

/* one run as a JSON object */
static int put_run(const struct trace *t, FILE *out)
{
    struct page p = { .t = t, .out = out };
    int err;
    if (!(err = trace_index_make(&p.x, t)) && !(err = trace_chain_make(&p.chain, t, &p.x)) &&
        !(err = trace_kinds_make(&p.kinds, t, &p.x)) &&
        !(err = trace_idle_make(&p.idle, t, &p.x, &p.kinds)) &&
        !(err = trace_transfers(t, &p.moves, &p.nmoves)))
        put_data(&p);
    free(p.moves);
    trace_idle_free(&p.idle);
    trace_kinds_free(&p.kinds);
    trace_chain_free(&p.chain);
    trace_index_free(&p.x);
    return err ? log_error(err, "no memory left for writing a trace") : 0;
}

int trace_write_compare(const struct trace *a, const struct trace *b, FILE *out)
{
    int err;
    fputs(TRACE_VIEWER_HEAD, out);
    if ((err = put_run(a, out)))
        return err;
    if (b) {
        fputs("</script>\n<script type=\"application/json\" id=\"other\">", out);
        if ((err = put_run(b, out)))
            return err;
    }
    fputs(TRACE_VIEWER_TAIL, out);
    return fflush(out) || ferror(out) ? log_error(-EIO, "cannot write a trace") : 0;
}

int trace_write_html(const struct trace *t, FILE *out)
{
    return trace_write_compare(t, NULL, out);
}
