// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* data.rec: the handles that tasks write. tasks.rec: one record per task with the field names of
 * StarPU's own tasks.rec, and those that only we have (Slice, QuadratureNode, Sweep, Label,
 * PredictedTime, Cancelled). What is true of the whole run stands in comments at the head, so that
 * `recsel -c`, rec2csv and StarVZ see tasks only. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "core/log.h"
#include "core/trace.h"
#include "core/trace_index.h"

/* ---------------------------------------------------------------- writing */

/* A blank after a final backslash, which would join the next line; the reader takes it away again.
 */
static void put_string(FILE *out, const char *field, const char *s)
{
    fprintf(out, "%s: ", field);
    for (; *s; s++) {
        fputc(*s, out);
        if (*s == '\\' && (s[1] == '\0' || s[1] == '\n'))
            fputc(' ', out);
        if (*s == '\n')
            fputs("+ ", out);
    }
    fputc('\n', out);
}

static void put_ms(FILE *out, const char *field, double seconds)
{
    fprintf(out, "%s: ", field);
    trace_put_real(out, seconds, 3);
    fputc('\n', out);
}

static void put_index(FILE *out, const char *field, int32_t value)
{
    if (value >= 0)
        fprintf(out, "%s: %d\n", field, (int)value);
}

static const char *mode_name(int mode)
{
    static const char *const names[] = { "SCRATCH", "R", "W", "RW" };
    return names[mode & TRACE_RW];
}

static void put_handles(FILE *out, const struct trace_record *r)
{
    const uint32_t n = r->nhandles < TRACE_HANDLES ? r->nhandles : TRACE_HANDLES;
    if (!n)
        return;
    fputs("Parameters:", out);
    for (uint32_t h = 0; h < n; h++)
        fprintf(out, "%c%llu", h ? '_' : ' ', (unsigned long long)r->handles[h].bytes);
    fputs("\nHandles:", out);
    for (uint32_t h = 0; h < n; h++)
        fprintf(out, " 0x%llx", (unsigned long long)r->handles[h].tag);
    fputs("\nModes:", out);
    for (uint32_t h = 0; h < n; h++)
        fprintf(out, " %s", mode_name(r->handles[h].mode));
    fputs("\nSizes:", out);
    for (uint32_t h = 0; h < n; h++)
        fprintf(out, " %llu", (unsigned long long)r->handles[h].bytes);
    fputc('\n', out);
    if (r->nhandles > n)
        fprintf(out, "HandleCount: %u\n", r->nhandles);
}

static void put_task(FILE *out, const struct trace *t, const struct trace_index *x, size_t i)
{
    const struct trace_record *r = &t->records[i];
    fputc('\n', out);
    put_string(out, "Name", r->codelet);
    put_string(out, "Model", r->codelet);
    fprintf(out, "JobId: %lld\nSubmitOrder: %lld\nPriority: %d\n", (long long)r->id,
            (long long)r->id, (int)r->priority);
    if (x->dep_first[i] < x->dep_first[i + 1]) {
        fputs("DependsOn:", out);
        for (size_t d = x->dep_first[i]; d < x->dep_first[i + 1]; d++)
            fprintf(out, " %lld", (long long)t->records[x->deps[d]].id);
        fputc('\n', out);
    }
    fprintf(out, "WorkerId: %d\nMemoryNode: %d\nMPIRank: %d\n", (int)r->worker,
            (int)x->workers[x->row[i]].memory_node, (int)r->rank);
    put_ms(out, "SubmitTime", r->submitted);
    put_ms(out, "StartTime", r->start);
    put_ms(out, "EndTime", r->end);
    fputs("GFlop: ", out);
    trace_put_real(out, r->gflop, 0);
    fprintf(out, "\nFootprint: %x\n", r->footprint);
    put_index(out, "Iteration", r->iteration);
    put_handles(out, r);
    put_index(out, "Slice", r->slice);
    put_index(out, "QuadratureNode", r->node);
    put_index(out, "Sweep", r->sweep);
    if (*r->label)
        put_string(out, "Label", r->label);
    if (r->predicted > 0)
        put_ms(out, "PredictedTime", r->predicted);
    if (r->cancelled)
        fputs("Cancelled: 1\n", out);
}

/* a comment ends with its line */
static void put_comment(FILE *out, const char *s)
{
    for (; *s; s++)
        fputc(*s == '\n' ? ' ' : *s, out);
    fputc('\n', out);
}

int trace_write_rec(const struct trace *t, FILE *out)
{
    struct trace_index x;
    if (trace_index_make(&x, t))
        return log_error(-ENOMEM, "no memory left for writing a trace");
    fprintf(out, "# StarPinT trace 1\n# Tasks: %zu\n# Title: ", t->n);
    put_comment(out, t->title);
    if (t->makespan > 0) { /* else it is from the first start to the last end */
        fputs("# Makespan: ", out);
        trace_put_real(out, t->makespan, 0);
        fputs(" seconds\n", out);
    }
    if (*t->scheduler) {
        fputs("# Scheduler: ", out);
        put_comment(out, t->scheduler);
    }
    if (t->clock_error > 0) {
        fputs("# Clocks: ", out);
        trace_put_real(out, t->clock_error, 0);
        fputs(" seconds\n", out);
    }
    for (size_t w = 0; w < t->nworkers; w++) {
        const struct trace_worker *k = &t->workers[w];
        fprintf(out, "# Worker: rank %d worker %d gpu %d node %d name ", (int)k->rank,
                (int)k->worker, (int)k->is_gpu, (int)k->memory_node);
        put_comment(out, k->name);
    }
    for (size_t i = 0; i < t->n; i++)
        put_task(out, t, &x, i);
    trace_index_free(&x);
    return fflush(out) || ferror(out) ? log_error(-EIO, "cannot write a trace") : 0;
}

struct handle {
    int64_t tag;
    uint64_t bytes;
    int32_t rank; /* of the tasks that write it: its owner */
};

static int by_tag(const void *a, const void *b)
{
    const struct handle *p = a, *q = b;
    return (p->tag > q->tag) - (p->tag < q->tag);
}

int trace_write_data(const struct trace *t, FILE *out)
{
    struct handle *all = malloc((t->n * TRACE_HANDLES + 1) * sizeof *all);
    size_t n = 0;
    if (!all)
        return log_error(-ENOMEM, "no memory left for writing a trace");
    for (size_t i = 0; i < t->n; i++)
        for (uint32_t h = 0; h < t->records[i].nhandles && h < TRACE_HANDLES; h++) {
            const struct trace_record *r = &t->records[i];
            if (r->handles[h].mode & TRACE_W)
                all[n++] = (struct handle){ r->handles[h].tag, r->handles[h].bytes, r->rank };
        }
    qsort(all, n, sizeof *all, by_tag);
    for (size_t i = 0; i < n; i++)
        if (!i || all[i].tag != all[i - 1].tag)
            fprintf(out, "Handle: 0x%llx\nSize: %llu\nMPIOwner: %d\nMPITag: %lld\n\n",
                    (unsigned long long)all[i].tag, (unsigned long long)all[i].bytes,
                    (int)all[i].rank, (long long)all[i].tag);
    free(all);
    return fflush(out) || ferror(out) ? log_error(-EIO, "cannot write a trace") : 0;
}

/* ---------------------------------------------------------------- reading */

struct reader {
    const char *path;
    struct trace *t;
    struct trace_record r;
    long line, task_line; /* task_line: where the record begins; 0 outside of records */
    unsigned seen;        /* fields that every record needs, as bits */
    long long announced;  /* tasks; -1: the file does not say */
    char *last;           /* string field that a continuation line goes on with */
    size_t last_size;
};

static int bad(const struct reader *f, const char *field, const char *value, const char *expected)
{
    return log_error(-EINVAL, "%s:%ld: %s: '%s' is not %s", f->path, f->line, field, value,
                     expected);
}

static int get_integer(const struct reader *f, const char *field, const char *v, long long min,
                       long long max, long long *to)
{
    char *end;
    errno = 0;
    *to = strtoll(v, &end, 10);
    return end == v || *end || errno || *to < min || *to > max ? bad(f, field, v, "an integer") : 0;
}

/* the value times 10^-shift, rounded once */
static int get_real(const struct reader *f, const char *field, const char *v, int shift, double *to)
{
    char text[512], *end;
    if (strpbrk(v, "eExXnN") ||
        strlen(v) > sizeof text - 16) /* no exponent, hexadecimals, nan, inf */
        return bad(f, field, v, "a decimal number");
    snprintf(text, sizeof text, "%se-%d", v, shift);
    *to = strtod(text, &end);
    return end == text || *end ? bad(f, field, v, "a decimal number") : 0;
}

static void get_string(struct reader *f, const char *v, char *to, size_t size)
{
    size_t n = strlen(v);
    if (n > 1 && v[n - 1] == ' ' && v[n - 2] == '\\')
        n--;
    n = n < size ? n : size - 1;
    memcpy(to, v, n);
    to[n] = '\0';
    f->last = to;
    f->last_size = size;
}

enum list { LIST_HANDLES, LIST_MODES, LIST_SIZES };

static int get_list(struct reader *f, enum list what, const char *field, char *v)
{
    uint32_t n = 0;
    char *end, *save = NULL;
    for (char *w = strtok_r(v, " ", &save); w; w = strtok_r(NULL, " ", &save), n++) {
        if (n == TRACE_HANDLES) /* StarPU's own files may list more */
            break;
        int mode = TRACE_RW;
        switch (what) {
        case LIST_HANDLES:
            f->r.handles[n].tag = (int64_t)strtoull(w, &end, 16);
            if (end == w || *end)
                return bad(f, field, w, "a handle in hexadecimals");
            break;
        case LIST_SIZES:
            f->r.handles[n].bytes = strtoull(w, &end, 10);
            if (end == w || *end)
                return bad(f, field, w, "a number of bytes");
            break;
        case LIST_MODES:
            while (mode > 0 && strcmp(w, mode_name(mode)))
                mode--;
            if (strcmp(w, mode_name(mode)))
                return bad(f, field, w, "R, W, RW or SCRATCH");
            f->r.handles[n].mode = mode;
            break;
        }
    }
    if (what == LIST_HANDLES && n > f->r.nhandles)
        f->r.nhandles = n;
    return 0;
}

enum kind { K_STRING, K_INT, K_ID, K_COUNT, K_MS, K_REAL, K_HEX, K_HANDLES, K_MODES, K_SIZES };

#define AT(member) offsetof(struct trace_record, member)
static const struct field {
    const char *name;
    enum kind kind;
    size_t offset;
    bool needed;
} fields[] = {
    { "Name", K_STRING, AT(codelet), true },
    { "JobId", K_ID, AT(id), true },
    { "WorkerId", K_INT, AT(worker), true },
    { "StartTime", K_MS, AT(start), true },
    { "EndTime", K_MS, AT(end), true },
    { "MPIRank", K_INT, AT(rank), false },
    { "Priority", K_INT, AT(priority), false },
    { "SubmitTime", K_MS, AT(submitted), false },
    { "GFlop", K_REAL, AT(gflop), false },
    { "Footprint", K_HEX, AT(footprint), false },
    { "Iteration", K_INT, AT(iteration), false },
    { "Handles", K_HANDLES, 0, false },
    { "Modes", K_MODES, 0, false },
    { "Sizes", K_SIZES, 0, false },
    { "HandleCount", K_COUNT, AT(nhandles), false },
    { "Slice", K_INT, AT(slice), false },
    { "QuadratureNode", K_INT, AT(node), false },
    { "Sweep", K_INT, AT(sweep), false },
    { "Label", K_STRING, AT(label), false },
    { "PredictedTime", K_MS, AT(predicted), false },
    { "Cancelled", K_INT, AT(cancelled), false },
};
enum { FIELDS = sizeof fields / sizeof *fields };

static int read_field(struct reader *f, char *line)
{
    char *colon = strchr(line, ':');
    if (!colon || colon == line)
        return log_error(-EINVAL, "%s:%ld: expected 'Field: value'", f->path, f->line);
    *colon = '\0';
    char *v = colon + 1 + (colon[1] == ' ');
    if (!f->task_line) {
        f->task_line = f->line;
        f->seen = 0;
        f->r = (struct trace_record){ .slice = -1, .iteration = -1, .node = -1, .sweep = -1 };
    }
    f->last = NULL;
    for (int i = 0; i < FIELDS; i++) {
        if (strcmp(line, fields[i].name))
            continue;
        void *to = (char *)&f->r + fields[i].offset;
        long long value = 0;
        int err = 0;
        f->seen |= 1u << i;
        switch (fields[i].kind) {
        case K_STRING:
            get_string(f, v, to, TRACE_NAME);
            return 0;
        case K_INT:
            if (!(err = get_integer(f, line, v, INT32_MIN, INT32_MAX, &value)))
                *(int32_t *)to = (int32_t)value;
            return err;
        case K_ID:
            if (!(err = get_integer(f, line, v, INT64_MIN, INT64_MAX, &value)))
                *(int64_t *)to = value;
            return err;
        case K_COUNT:
            if (!(err = get_integer(f, line, v, 0, UINT32_MAX, &value)))
                *(uint32_t *)to = (uint32_t)value;
            return err;
        case K_MS:
            return get_real(f, line, v, 3, to);
        case K_REAL:
            return get_real(f, line, v, 0, to);
        case K_HEX: {
            char *end;
            *(uint32_t *)to = (uint32_t)strtoul(v, &end, 16);
            return end == v || *end ? bad(f, line, v, "a hexadecimal number") : 0;
        }
        case K_HANDLES:
        case K_MODES:
        case K_SIZES:
            return get_list(f, (enum list)(fields[i].kind - K_HANDLES), line, v);
        }
    }
    return 0; /* a field of StarPU's that means nothing to us */
}

static int end_record(struct reader *f)
{
    if (!f->task_line)
        return 0;
    for (int i = 0; i < FIELDS; i++)
        if (fields[i].needed && !(f->seen & 1u << i))
            return log_error(-EINVAL, "%s:%ld: the task has no field '%s'", f->path, f->task_line,
                             fields[i].name);
    if (f->r.end < f->r.start)
        return log_error(-EINVAL, "%s:%ld: the task ends before it starts", f->path, f->task_line);
    f->task_line = 0;
    f->last = NULL;
    return trace_add(f->t, &f->r) ? log_error(-ENOMEM, "%s: no memory left", f->path) : 0;
}

static int read_comment(struct reader *f, const char *line)
{
    struct trace *t = f->t;
    struct trace_worker w = { .rank = 0 };
    int rank, worker, gpu, node, at = 0;
    if (!strncmp(line, "# Title: ", 9)) {
        snprintf(t->title, sizeof t->title, "%s", line + 9);
    } else if (!strncmp(line, "# Makespan: ", 12)) {
        char *end;
        t->makespan = strtod(line + 12, &end);
        if (strcmp(end, " seconds"))
            return bad(f, "Makespan", line + 12, "a number of seconds");
    } else if (!strncmp(line, "# Scheduler: ", 13)) {
        snprintf(t->scheduler, sizeof t->scheduler, "%s", line + 13);
    } else if (!strncmp(line, "# Clocks: ", 10)) {
        char *end;
        t->clock_error = strtod(line + 10, &end);
        if (strcmp(end, " seconds"))
            return bad(f, "Clocks", line + 10, "a number of seconds");
    } else if (!strncmp(line, "# Tasks: ", 9)) {
        return get_integer(f, "Tasks", line + 9, 0, INT64_MAX, &f->announced);
    } else if (!strncmp(line, "# Worker: ", 10)) {
        if (sscanf(line + 10, "rank %d worker %d gpu %d node %d name%n", &rank, &worker, &gpu,
                   &node, &at) != 4 ||
            !at || line[10 + at] != ' ')
            return bad(f, "Worker", line + 10, "'rank R worker W gpu 0|1 node N name NAME'");
        w.rank = rank;
        w.worker = worker;
        w.is_gpu = gpu;
        w.memory_node = node;
        snprintf(w.name, sizeof w.name, "%s", line + 10 + at + 1);
        struct trace_worker *more = realloc(t->workers, (t->nworkers + 1) * sizeof *more);
        if (!more)
            return log_error(-ENOMEM, "%s: no memory left", f->path);
        t->workers = more;
        t->workers[t->nworkers++] = w;
    }
    return 0;
}

static int read_line(struct reader *f, char *line)
{
    if (*line == '\0')
        return end_record(f);
    if (*line == '#')
        return read_comment(f, line);
    if (*line == '%') /* a record descriptor */
        return 0;
    if (*line == '+') {
        if (f->last) {
            size_t n = strlen(f->last);
            if (n + 1 < f->last_size) {
                f->last[n] = '\n';
                get_string(f, line + 1 + (line[1] == ' '), f->last + n + 1, f->last_size - n - 1);
            }
        }
        return 0;
    }
    return read_field(f, line);
}

int trace_read(struct trace *t, const char *dir)
{
    char path[4096], *line = NULL;
    size_t size = 0;
    ssize_t n;
    int err = 0;
    *t = (struct trace){ 0 };
    if ((size_t)snprintf(path, sizeof path, "%s/tasks.rec", dir) >= sizeof path)
        return log_error(-ENAMETOOLONG, "%s: %s", dir, strerror(ENAMETOOLONG));
    FILE *in = fopen(path, "r");
    if (!in)
        return log_error(-errno, "%s: %s", path, strerror(errno));
    struct reader f = { .path = path, .t = t, .announced = -1 };
    while (!err && (n = getline(&line, &size, in)) >= 0) {
        f.line++;
        if (n && line[n - 1] == '\n')
            line[n - 1] = '\0';
        err = read_line(&f, line);
    }
    if (!err && ferror(in))
        err = log_error(-EIO, "%s: %s", path, strerror(EIO));
    if (!err)
        err = end_record(&f);
    if (!err && f.announced >= 0 && (size_t)f.announced != t->n)
        err = log_error(-EINVAL, "%s:%ld: the file ends after %zu of %lld tasks", path, f.line,
                        t->n, f.announced);
    free(line);
    fclose(in);
    if (err)
        trace_free(t);
    else
        trace_sort(t);
    return err;
}
