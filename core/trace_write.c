// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A trace as files: Chrome trace events, Paje, graphviz, and what all writers need for strings and
 * colours. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/log.h"
#include "core/trace.h"
#include "core/trace_index.h"

/* ---------------------------------------------------------------- text */

/* Okabe and Ito's, then Tol's muted ones: Wong, Nature Methods 8, 441 (2011); Tol,
 * SRON/EPS/TN/09-002 (2021) */
static const char *const colours[TRACE_COLOURS] = { "#0072b2", "#e69f00", "#009e73", "#d55e00",
                                                    "#56b4e9", "#cc79a7", "#f0e442", "#88739e",
                                                    "#999933", "#882255", "#44aa99", "#ddcc77",
                                                    "#aa4499", "#8a8f98" };

const char *trace_colour(size_t i)
{
    return colours[i % TRACE_COLOURS];
}

static void rgb(const char *colour, double c[3])
{
    unsigned long v = strtoul(colour + 1, NULL, 16);
    for (int i = 0; i < 3; i++)
        c[i] = (double)(v >> (16 - 8 * i) & 255) / 255;
}

bool trace_colour_light(const char *colour)
{
    double c[3], y = 0; /* relative luminance, WCAG 2 */
    static const double weight[3] = { 0.2126, 0.7152, 0.0722 };
    rgb(colour, c);
    for (int i = 0; i < 3; i++)
        y += weight[i] * pow((c[i] + 0.055) / 1.055, 2.4);
    return y > 0.18; /* equal contrast to black and white */
}

/* bytes of the UTF-8 character at s; 0 if there is none */
static int utf8(const unsigned char *s)
{
    static const struct {
        unsigned char mask, lead;
        unsigned min;
    } form[] = {
        { 0x80, 0, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 }
    };
    for (int n = 0; n < 4; n++) {
        if ((*s & form[n].mask) != form[n].lead)
            continue;
        unsigned c = *s & (unsigned char)~form[n].mask;
        for (int i = 1; i <= n; i++) {
            if ((s[i] & 0xc0) != 0x80)
                return 0;
            c = c << 6 | (s[i] & 0x3f);
        }
        return c < form[n].min || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n + 1;
    }
    return 0;
}

/* how c is written where it stands for itself nowhere; NULL: it does stand for itself */
static const char *escape(enum trace_text kind, char c, char buffer[8])
{
    bool control = (unsigned char)c < 32 || c == 127;
    switch (kind) {
    case TEXT_JSON:
        if (!control && c != '"' && c != '\\' && c != '<')
            return NULL;
        snprintf(buffer, 8, "\\u%04x", (unsigned char)c);
        return buffer;
    case TEXT_XML:
        return control    ? " "
               : c == '<' ? "&lt;"
               : c == '>' ? "&gt;"
               : c == '&' ? "&amp;"
               : c == '"' ? "&quot;"
                          : NULL;
    case TEXT_DOT:
        return control ? " " : c == '"' ? "\\\"" : c == '\\' ? "\\\\" : NULL;
    case TEXT_PAJE:
        return control ? " " : c == '"' ? "'" : NULL;
    }
    return NULL;
}

void trace_put_text(FILE *out, enum trace_text kind, const char *s)
{
    char buffer[8];
    while (*s) {
        int n = utf8((const unsigned char *)s);
        const char *e = n > 1 ? NULL : escape(kind, n ? *s : '?', buffer);
        if (e)
            fputs(e, out);
        else if (n)
            fwrite(s, 1, (size_t)n, out);
        else
            fputc('?', out);
        s += n ? n : 1;
    }
}

static void put_quoted(FILE *out, enum trace_text kind, const char *s)
{
    fputc('"', out);
    trace_put_text(out, kind, *s || kind != TEXT_PAJE ? s : "-"); /* pajeng takes no "" */
    fputc('"', out);
}

void trace_where(const struct trace_record *r, char *text, size_t size)
{
    const struct {
        char letter;
        int32_t value;
    } at[] = { { 's', r->slice }, { 'k', r->iteration }, { 'm', r->node }, { 'j', r->sweep } };
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < 4; i++)
        if (at[i].value >= 0 && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%c%d", used ? " " : "",
                                     at[i].letter, (int)at[i].value);
}

void trace_put_real(FILE *out, double x, int shift)
{
    char b[420], *p = b + 8, *end; /* room for the shift in front */
    int digits = x ? 16 - (int)floor(log10(fabs(x))) : 0;
    snprintf(p, sizeof b - 8, "%.9f", x);
    if (strtod(p, NULL) != x)
        snprintf(p, sizeof b - 8, "%.*f", digits < 9 ? 9 : digits > 340 ? 340 : digits, x);
    char *dot = strchr(p, '.');
    memmove(dot, dot + 1, (size_t)shift);
    dot[shift] = '.';
    bool negative = *p == '-';
    for (p += negative; *p == '0' && p[1] != '.'; p++)
        ;
    for (end = p + strlen(p); end[-1] == '0'; end--)
        ;
    end[end[-1] == '.' ? -1 : 0] = '\0';
    fprintf(out, "%s%s", negative ? "-" : "", p);
}

static int finish(FILE *out)
{
    return fflush(out) || ferror(out) ? log_error(errno ? -errno : -EIO, "cannot write a trace: %s",
                                                  strerror(errno ? errno : EIO))
                                      : 0;
}

static int no_memory(void)
{
    return log_error(-ENOMEM, "no memory left for writing a trace");
}

/* ---------------------------------------------------------------- Chrome trace events */

enum { MAX_FLOWS = 20000 };

static void put_flow(FILE *out, const char *phase, size_t id, const struct trace_record *r,
                     double t)
{
    fprintf(out,
            ",\n{\"ph\":\"%s\",\"name\":\"dependency\",\"cat\":\"dependency\",\"id\":%zu,"
            "\"pid\":%d,\"tid\":%d,\"ts\":%.3f%s}",
            phase, id, (int)r->rank, (int)r->worker, 1e6 * t, *phase == 'f' ? ",\"bp\":\"e\"" : "");
}

static void put_event(FILE *out, const struct trace_record *r)
{
    const struct {
        const char *name;
        int32_t value;
    } at[] = { { "slice", r->slice },
               { "iteration", r->iteration },
               { "node", r->node },
               { "sweep", r->sweep } };
    fputs(",\n{\"ph\":\"X\",\"name\":", out);
    put_quoted(out, TEXT_JSON, r->codelet);
    fprintf(out, ",\"cat\":\"task\",\"pid\":%d,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"args\":{",
            (int)r->rank, (int)r->worker, 1e6 * r->start, 1e6 * (r->end - r->start));
    for (int i = 0; i < 4; i++)
        if (at[i].value >= 0)
            fprintf(out, "\"%s\":%d,", at[i].name, (int)at[i].value);
    fprintf(out, "\"id\":%lld,\"priority\":%d,\"label\":", (long long)r->id, (int)r->priority);
    put_quoted(out, TEXT_JSON, r->label);
    fprintf(out, ",\"gflop\":%.9g%s}}", r->gflop, r->cancelled ? ",\"cancelled\":true" : "");
}

int trace_write_perfetto(const struct trace *t, FILE *out)
{
    struct trace_index x;
    if (trace_index_make(&x, t))
        return no_memory();
    fputs("{\"displayTimeUnit\":\"ms\",\n\"otherData\":{\"title\":", out);
    put_quoted(out, TEXT_JSON, t->title);
    fprintf(out, ",\"makespan_seconds\":%.9g,\"critical_path_seconds\":%.9g},\n\"traceEvents\":[\n",
            x.stats.makespan, x.stats.critical_path);
    for (size_t w = 0; w < x.nworkers; w++) {
        const struct trace_worker *k = &x.workers[w];
        if (!w || k[-1].rank != k->rank)
            fprintf(out,
                    "%s{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%d,\"args\":"
                    "{\"name\":\"rank %d\"}},\n"
                    "{\"ph\":\"M\",\"name\":\"process_sort_index\",\"pid\":%d,\"args\":"
                    "{\"sort_index\":%d}}",
                    w ? ",\n" : "", (int)k->rank, (int)k->rank, (int)k->rank, (int)k->rank);
        fprintf(
            out,
            ",\n{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":%d,\"tid\":%d,\"args\":{\"name\":",
            (int)k->rank, (int)k->worker);
        put_quoted(out, TEXT_JSON, k->name);
        fprintf(out,
                "}},\n{\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":%d,\"tid\":%d,"
                "\"args\":{\"sort_index\":%d}}",
                (int)k->rank, (int)k->worker, (int)k->worker);
    }
    for (size_t i = 0; i < t->n; i++)
        put_event(out, &t->records[x.order[i]]);
    if (x.dep_first[t->n] <= MAX_FLOWS)
        for (size_t i = 0; i < t->n; i++)
            for (size_t d = x.dep_first[i]; d < x.dep_first[i + 1]; d++) {
                const struct trace_record *from = &t->records[x.deps[d]], *to = &t->records[i];
                /* a viewer ties the arrow to the slice around its time: just inside */
                put_flow(out, "s", d, from, from->end - 0.01 * (from->end - from->start));
                put_flow(out, "f", d, to, to->start);
            }
    fputs("\n]}\n", out);
    trace_index_free(&x);
    return finish(out);
}

/* ---------------------------------------------------------------- Paje */

/* As StarPU's own: definitions have numbers below 8 (StarVZ sorts the other lines by time), and
 * states of tasks carry the fields of its PajeSetState, in its order. X, Y and Subiteration are
 * slice, node and sweep. */
static const char paje_header[] = "%EventDef PajeDefineContainerType 1\n"
                                  "%   Alias string\n"
                                  "%   Type string\n"
                                  "%   Name string\n"
                                  "%EndEventDef\n"
                                  "%EventDef PajeDefineStateType 2\n"
                                  "%   Alias string\n"
                                  "%   Type string\n"
                                  "%   Name string\n"
                                  "%EndEventDef\n"
                                  "%EventDef PajeDefineEntityValue 3\n"
                                  "%   Alias string\n"
                                  "%   Type string\n"
                                  "%   Name string\n"
                                  "%   Color color\n"
                                  "%EndEventDef\n"
                                  "%EventDef PajeDefineVariableType 4\n"
                                  "%   Alias string\n"
                                  "%   Type string\n"
                                  "%   Name string\n"
                                  "%   Color color\n"
                                  "%EndEventDef\n"
                                  "%EventDef PajeCreateContainer 5\n"
                                  "%   Time date\n"
                                  "%   Alias string\n"
                                  "%   Type string\n"
                                  "%   Container string\n"
                                  "%   Name string\n"
                                  "%EndEventDef\n"
                                  "%EventDef PajeDestroyContainer 8\n"
                                  "%   Time date\n"
                                  "%   Type string\n"
                                  "%   Name string\n"
                                  "%EndEventDef\n"
                                  "%EventDef PajeSetState 10\n"
                                  "%   Time date\n"
                                  "%   Type string\n"
                                  "%   Container string\n"
                                  "%   Value string\n"
                                  "%EndEventDef\n"
                                  "%EventDef PajeSetVariable 13\n"
                                  "%   Time date\n"
                                  "%   Type string\n"
                                  "%   Container string\n"
                                  "%   Value double\n"
                                  "%EndEventDef\n"
                                  "%EventDef PajeSetState 20\n"
                                  "%   Time date\n"
                                  "%   Type string\n"
                                  "%   Container string\n"
                                  "%   Value string\n"
                                  "%   Size string\n"
                                  "%   Params string\n"
                                  "%   Footprint string\n"
                                  "%   Tag string\n"
                                  "%   JobId string\n"
                                  "%   SubmitOrder string\n"
                                  "%   GFlop string\n"
                                  "%   X string\n"
                                  "%   Y string\n"
                                  "%   Iteration string\n"
                                  "%   Subiteration string\n"
                                  "%EndEventDef\n"
                                  "1 Program 0 Program\n"
                                  "1 Rank Program Rank\n"
                                  "1 Worker Rank Worker\n"
                                  "2 State Worker \"Worker State\"\n"
                                  "3 idle State \"Idle\" \"0.85 0.85 0.85\"\n"
                                  "4 Iteration Worker \"Iteration\" \"0.0 0.45 0.7\"\n";

struct change { /* of the state of a worker */
    double time;
    size_t order; /* keeps those of one worker in sequence */
    uint32_t row;
    const struct trace_record *to; /* NULL: idle */
};

static int by_time(const void *a, const void *b)
{
    const struct change *p = a, *q = b;
    if (p->time != q->time)
        return p->time < q->time ? -1 : 1;
    return (p->order > q->order) - (p->order < q->order);
}

/* 2 n + nworkers changes at most, in order of time */
static size_t changes_of(const struct trace *t, const struct trace_index *x, struct change *c)
{
    size_t n = 0;
    for (uint32_t w = 0; w < x->nworkers; w++) {
        c[n] = (struct change){ x->begin, n, w, NULL };
        n++;
        for (size_t i = x->first[w]; i < x->first[w + 1]; i++) {
            const struct trace_record *r = &t->records[x->order[i]];
            const struct trace_record *next =
                i + 1 < x->first[w + 1] ? &t->records[x->order[i + 1]] : NULL;
            c[n] = (struct change){ r->start, n, w, r };
            n++;
            if (!next || next->start > r->end) {
                c[n] = (struct change){ r->end, n, w, NULL };
                n++;
            }
        }
    }
    qsort(c, n, sizeof *c, by_time);
    return n;
}

/* what a state is called and coloured: the codelet with its label, as the viewer does */
static void put_values(FILE *out, const struct trace *t, const struct trace_kinds *kinds)
{
    for (size_t i = 0; i < kinds->n; i++) {
        const struct trace_record *r = &t->records[kinds->example[i]];
        char name[2 * TRACE_NAME + 1];
        double v[3];
        rgb(trace_colour(i), v);
        snprintf(name, sizeof name, "%s%s%s", r->codelet, *r->label ? " " : "", r->label);
        fprintf(out, "3 c%zu State ", i);
        put_quoted(out, TEXT_PAJE, name);
        fprintf(out, " \"%.3f %.3f %.3f\"\n", v[0], v[1], v[2]);
    }
}

/* "0_CPU0": StarVZ takes the rank and the worker from the name */
static void put_containers(FILE *out, const struct trace *t, const struct trace_index *x)
{
    fprintf(out, "5 %.9f p Program 0 ", x->begin);
    put_quoted(out, TEXT_PAJE, *t->title ? t->title : "StarPinT");
    fputc('\n', out);
    for (size_t w = 0; w < x->nworkers; w++) {
        const struct trace_worker *k = &x->workers[w];
        const int rank = (int)k->rank, worker = (int)k->worker;
        char name[TRACE_NAME + 16];
        size_t n = (size_t)snprintf(name, sizeof name, "%d_", rank);
        for (const char *c = k->name; *c; c++)
            if (*c != ' ')
                name[n++] = *c;
        name[n] = '\0';
        if (!w || k[-1].rank != k->rank)
            fprintf(out, "5 %.9f r%d Rank p \"rank %d\"\n", x->begin, rank, rank);
        fprintf(out, "5 %.9f r%dw%d Worker r%d ", x->begin, rank, worker, rank);
        put_quoted(out, TEXT_PAJE, name);
        fputc('\n', out);
    }
}

static void put_state(FILE *out, const struct trace_record *r, uint32_t kind)
{
    unsigned long long size = 0;
    const uint32_t n = r->nhandles < TRACE_HANDLES ? r->nhandles : TRACE_HANDLES;
    for (uint32_t h = 0; h < n; h++)
        size += r->handles[h].bytes;
    fprintf(out, "20 %.9f State r%dw%d c%u %llu ", r->start, (int)r->rank, (int)r->worker, kind,
            size);
    put_quoted(out, TEXT_PAJE, r->label);
    fprintf(out, " %08x 0 %lld %lld %.9g %d %d %d %d\n", r->footprint, (long long)r->id,
            (long long)r->id, r->gflop, (int)r->slice, (int)r->node, (int)r->iteration,
            (int)r->sweep);
}

int trace_write_paje(const struct trace *t, FILE *out)
{
    struct trace_index x;
    struct trace_kinds kinds = { 0 };
    if (trace_index_make(&x, t))
        return no_memory();
    struct change *c = malloc((2 * t->n + x.nworkers + 1) * sizeof *c);
    int32_t *iteration = malloc((x.nworkers + 1) * sizeof *iteration);
    int err = c && iteration ? trace_kinds_make(&kinds, t, &x) : -ENOMEM;
    if (err)
        goto out;
    fputs(paje_header, out);
    put_values(out, t, &kinds);
    put_containers(out, t, &x);
    for (size_t w = 0; w < x.nworkers; w++)
        iteration[w] = -1;
    const size_t n = changes_of(t, &x, c);
    for (size_t i = 0; i < n; i++) {
        const struct trace_worker *k = &x.workers[c[i].row];
        const struct trace_record *r = c[i].to;
        if (!r) {
            fprintf(out, "10 %.9f State r%dw%d idle\n", c[i].time, (int)k->rank, (int)k->worker);
            continue;
        }
        put_state(out, r, kinds.of[r - t->records]);
        if (r->iteration >= 0 && r->iteration != iteration[c[i].row])
            fprintf(out, "13 %.9f Iteration r%dw%d %d\n", c[i].time, (int)k->rank, (int)k->worker,
                    (int)(iteration[c[i].row] = r->iteration));
    }
    for (size_t w = x.nworkers; w-- > 0;) {
        const struct trace_worker *k = &x.workers[w];
        fprintf(out, "8 %.9f Worker r%dw%d\n", x.end, (int)k->rank, (int)k->worker);
        if (!w || k[-1].rank != k->rank)
            fprintf(out, "8 %.9f Rank r%d\n", x.end, (int)k->rank);
    }
    fprintf(out, "8 %.9f Program p\n", x.end);
out:
    free(c);
    free(iteration);
    trace_kinds_free(&kinds);
    trace_index_free(&x);
    return err ? no_memory() : finish(out);
}

/* ---------------------------------------------------------------- graphviz */

/* those of the critical path, or the others; a line each without attributes, as StarPU writes them
 */
static void put_edges(FILE *out, const struct trace *t, const struct trace_index *x, bool path)
{
    for (size_t i = 0, last = t->n; i < t->n; i++) { /* last: on the path so far */
        for (size_t d = x->dep_first[i]; d < x->dep_first[i + 1]; d++)
            if ((x->on_path[i] && x->deps[d] == last) == path)
                fprintf(out, "\"task_%lld\" -> \"task_%lld\"\n",
                        (long long)t->records[x->deps[d]].id, (long long)t->records[i].id);
        if (x->on_path[i])
            last = i;
    }
}

int trace_write_dot(const struct trace *t, FILE *out)
{
    struct trace_index x;
    if (trace_index_make(&x, t))
        return no_memory();
    fputs("digraph tasks {\nlabel=", out);
    put_quoted(out, TEXT_DOT, t->title);
    fputs(";\nlabelloc=t;\nfontname=\"sans-serif\";\n"
          "node [shape=box, style=\"filled,rounded\", fontname=\"sans-serif\", fontsize=11];\n"
          "edge [color=\"#888888\", arrowsize=0.6];\n",
          out);
    for (size_t i = 0; i < t->n; i++) {
        const struct trace_record *r = &t->records[i];
        const char *colour = trace_colour(x.codelets.of[i]);
        char where[64];
        trace_where(r, where, sizeof where);
        fprintf(out, "\"task_%lld\" [label=\"", (long long)r->id);
        trace_put_text(out, TEXT_DOT, r->codelet);
        fprintf(out, "%s%s\", tooltip=\"", *where ? " " : "", where);
        trace_put_text(out, TEXT_DOT, r->label);
        fprintf(out, " task %lld, %.6g ms\", fillcolor=\"%s\", fontcolor=%s%s];\n",
                (long long)r->id, 1e3 * (r->end - r->start), colour,
                trace_colour_light(colour) ? "black" : "white",
                x.on_path[i] ? ", penwidth=3, color=\"#d62728\"" : "");
    }
    put_edges(out, t, &x, false);
    fputs("edge [color=\"#d62728\", penwidth=2];\n", out);
    put_edges(out, t, &x, true);
    fputs("}\n", out);
    trace_index_free(&x);
    return finish(out);
}

/* ---------------------------------------------------------------- all of them */

static const struct {
    const char *name;
    int (*write)(const struct trace *, FILE *);
} formats[] = {
    { "trace.html", trace_write_html }, { "perfetto.json", trace_write_perfetto },
    { "paje.trace", trace_write_paje }, { "tasks.rec", trace_write_rec },
    { "dag.dot", trace_write_dot },     { "trace.svg", trace_write_svg },
    { "data.rec", trace_write_data },
};

int trace_write(const struct trace *t, const char *dir)
{
    if (mkdir(dir, 0777) && errno != EEXIST)
        return log_error(-errno, "%s: %s", dir, strerror(errno));
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        char path[4096];
        if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, formats[i].name) >= sizeof path)
            return log_error(-ENAMETOOLONG, "%s: %s", dir, strerror(ENAMETOOLONG));
        FILE *out = fopen(path, "w");
        if (!out)
            return log_error(-errno, "%s: %s", path, strerror(errno));
        int err = formats[i].write(t, out);
        if (fclose(out) && !err)
            err = log_error(-errno, "%s: %s", path, strerror(errno));
        if (err)
            return err;
    }
    return 0;
}
