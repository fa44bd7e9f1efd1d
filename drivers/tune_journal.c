// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The journal: a line of JSON about the study, then one for every finished run. A line is written
 * and synced before the next run starts; one that was cut off is dropped. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/config_json.h"
#include "core/log.h"
#include "drivers/tune.h"

enum { FORMAT = 1 };

static void path_of(const char *dir, char path[TUNE_PATH + 16])
{
    snprintf(path, TUNE_PATH + 16, "%s/journal.jsonl", dir);
}

/* what has to be the same for runs to belong together */
static json_t *header(const struct tune *t)
{
    json_t *axes = json_array(), *config = config_json(config_root(t->config));
    for (size_t a = 0; a < t->naxes; a++) {
        json_t *values = json_array();
        for (size_t i = 0; i < t->axes[a].n; i++)
            json_array_append_new(values, json_string(t->axes[a].value[i]));
        json_array_append_new(axes,
                              json_pack("{s:s, s:o}", "key", t->axes[a].key, "values", values));
    }
    return json_pack("{s:i, s:o, s:o}", "starpint_tune", FORMAT, "axes", axes, "config", config);
}

static int put(struct tune *t, json_t *line)
{
    int err = line ? json_dumpf(line, t->journal, JSON_COMPACT | JSON_REAL_PRECISION(17)) : -1;
    if (!err)
        err = putc('\n', t->journal) == EOF || fflush(t->journal) || fsync(fileno(t->journal));
    json_decref(line);
    return err ? log_error(-EIO, "%s/journal.jsonl: cannot write: %s", t->dir, strerror(errno)) : 0;
}

int tune_journal_add(struct tune *t, const struct point *p, size_t repeat)
{
    const struct run_record *r = &p->run[repeat];
    json_t *values = json_object();
    for (int m = 0; m < METRICS; m++)
        if (isfinite(r->value[m]))
            json_object_set_new(values, metric_types[m].name, json_real(r->value[m]));
    return put(t, json_pack("{s:I, s:I, s:b, s:o}", "point", (json_int_t)(p - t->points), "repeat",
                            (json_int_t)repeat, "converged", p->converged, "values", values));
}

int tune_journal_failed(struct tune *t, const struct point *p, size_t repeat)
{
    json_t *error = json_string(p->error);
    if (!error) /* not UTF-8 */
        error = json_string("failed");
    return put(t, json_pack("{s:I, s:I, s:o}", "point", (json_int_t)(p - t->points), "repeat",
                            (json_int_t)repeat, "error", error));
}

int tune_journal_warm(struct tune *t, size_t variant, size_t repeat)
{
    return put(t,
               json_pack("{s:I, s:I}", "warm", (json_int_t)variant, "repeat", (json_int_t)repeat));
}

/* ---------------------------------------------------------------- reading */

static bool is_header(const json_t *line)
{
    return json_integer_value(json_object_get(line, "starpint_tune")) == FORMAT;
}

struct lines {
    FILE *file;
    char *text;
    size_t size;
};

/* the next line; false: there is no whole one left. *line is NULL where it is no JSON */
static bool next(struct lines *l, json_t **line)
{
    const ssize_t n = getline(&l->text, &l->size, l->file);
    *line = n > 0 ? json_loadb(l->text, (size_t)n, 0, NULL) : NULL;
    return n > 0 && l->text[n - 1] == '\n';
}

bool tune_journal_found(const char *dir)
{
    char path[TUNE_PATH + 16];
    path_of(dir, path);
    struct lines l = { fopen(path, "re"), NULL, 0 };
    json_t *line = NULL;
    if (!l.file)
        return false;
    const bool found = next(&l, &line) && is_header(line);
    json_decref(line);
    free(l.text);
    fclose(l.file);
    return found;
}

/* an index below n, or n */
static size_t index_in(const json_t *line, const char *key, size_t n)
{
    const json_t *v = json_object_get(line, key);
    return json_is_integer(v) && json_integer_value(v) >= 0 && (size_t)json_integer_value(v) < n
               ? (size_t)json_integer_value(v)
               : n;
}

static bool take(struct tune *t, const json_t *line)
{
    const size_t warmup = (size_t)t->v.warmup, repeats = (size_t)t->v.repeat;
    const char *error = json_string_value(json_object_get(line, "error"));
    if (json_object_get(line, "warm")) {
        const size_t w = index_in(line, "warm", t->variants), i = index_in(line, "repeat", warmup);
        if (w == t->variants || i == warmup)
            return false;
        t->warm[w * warmup + i] = true;
        return true;
    }
    const size_t i = index_in(line, "point", t->npoints), r = index_in(line, "repeat", repeats);
    if (i == t->npoints || r == repeats)
        return false;
    struct point *p = &t->points[i];
    if (error) {
        p->failed = true;
        free(p->error);
        p->error = strdup(error);
        return p->error;
    }
    const json_t *values = json_object_get(line, "values");
    p->run[r].done = true;
    p->converged = json_is_true(json_object_get(line, "converged"));
    for (int m = 0; m < METRICS; m++) {
        const json_t *v = json_object_get(values, metric_types[m].name);
        p->run[r].value[m] = v ? json_number_value(v) : NAN;
    }
    return true;
}

/* the journal up to its last whole line; `end` is where that ends */
static int read_journal(struct tune *t, FILE *f, const char *path, long *end)
{
    struct lines l = { f, NULL, 0 };
    int err = 0;
    json_t *mine = header(t), *line;
    if (!next(&l, &line) || !is_header(line))
        err = log_error(-EINVAL, "%s: expected the journal of a tune", path);
    else if (!json_equal(mine, line))
        err = log_error(-EINVAL,
                        "%s was begun with another config or another list of schedulers: --resume "
                        "goes on with the same, -o DIR writes elsewhere",
                        path);
    json_decref(line);
    json_decref(mine);
    for (*end = ftell(f), line = NULL; !err && next(&l, &line); *end = ftell(f), line = NULL) {
        if (!take(t, line))
            err = log_error(-EINVAL, "%s: a line is not one of a tune: %.60s", path, l.text);
        json_decref(line);
    }
    json_decref(line);
    free(l.text);
    return err;
}

int tune_journal_open(struct tune *t, bool resume)
{
    char path[TUNE_PATH + 16];
    long end = 0;
    path_of(t->dir, path);
    if (!resume) {
        t->journal = fopen(path, "we");
        return t->journal ? put(t, header(t))
                          : log_error(-errno, "cannot write %s: %s", path, strerror(errno));
    }
    FILE *f = fopen(path, "re");
    if (!f)
        return log_error(-EINVAL, "%s: %s: there is nothing to go on from; leave out --resume",
                         path, strerror(errno));
    const int err = read_journal(t, f, path, &end);
    fclose(f);
    if (err)
        return err;
    if (truncate(path, end) || !(t->journal = fopen(path, "ae")))
        return log_error(-errno, "cannot write %s: %s", path, strerror(errno));
    return 0;
}
