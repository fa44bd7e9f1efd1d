// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What a study found: tune.csv and summary.json. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_json.h"
#include "core/log.h"
#include "core/results.h"
#include "drivers/report.h"
#include "drivers/tune.h"

char *tune_best_command(const struct tune *t, const struct point *best)
{
    struct command c = { 0 };
    char out[TUNE_PATH + 16];
    snprintf(out, sizeof out, "%s/best", t->dir);
    char *text = tune_shown_command(&c, t, best, out) ? NULL : command_text(&c);
    command_free(&c);
    return text;
}

/* quoted as RFC 4180 says where it has to be */
static void put_cell(FILE *out, const char *text)
{
    if (!text[strcspn(text, ",\"\n\r")]) {
        fputs(text, out);
        return;
    }
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', out);
        putc(*text == '\n' ? ' ' : *text, out);
    }
    putc('"', out);
}

static void put_number(FILE *out, double v)
{
    if (isfinite(v))
        fprintf(out, ",%.17g", v);
    else
        putc(',', out);
}

static void print_csv(const struct tune *t, FILE *out)
{
    fputs("point", out);
    for (size_t a = 0; a < t->naxes; a++) {
        putc(',', out);
        put_cell(out, t->axes[a].key);
    }
    fputs(",status,runs,makespan_min,makespan_max", out);
    for (int m = 0; m < METRICS; m++)
        fprintf(out, ",%s", metric_types[m].name);
    fputs(",failure\n", out);
    for (size_t i = 0; i < t->npoints; i++) {
        const struct point *p = &t->points[i];
        fprintf(out, "%zu", i);
        for (size_t a = 0; a < t->naxes; a++) {
            putc(',', out);
            put_cell(out, t->axes[a].value[p->at[a]]);
        }
        fprintf(out, ",%s,%zu",
                p->failed      ? "failed"
                : !p->done     ? "not run"
                : p->converged ? "converged"
                               : "finished",
                p->done);
        put_number(out, p->done ? p->low : NAN);
        put_number(out, p->done ? p->high : NAN);
        for (int m = 0; m < METRICS; m++)
            put_number(out, p->median[m]);
        putc(',', out);
        put_cell(out, p->error ? p->error : "");
        putc('\n', out);
    }
}

static void set(json_t *j, const char *key, double v)
{
    if (isfinite(v))
        json_object_set_new(j, key, json_real(v));
}

static json_t *point_json(const struct tune *t, const struct point *p)
{
    json_t *j = json_object(), *settings = json_object(), *runs = json_array(), *m = json_object();
    for (size_t a = 0; a < t->naxes; a++)
        json_object_set_new(settings, t->axes[a].key, json_string(t->axes[a].value[p->at[a]]));
    json_object_set_new(j, "settings", settings);
    for (size_t r = 0; r < (size_t)t->v.repeat; r++)
        if (p->run[r].done)
            json_array_append_new(runs, json_real(p->run[r].value[METRIC_MAKESPAN]));
    json_object_set_new(j, "makespans", runs);
    if (p->error)
        json_object_set_new(j, "failure", json_string(p->error));
    if (p->done)
        json_object_set_new(j, "converged", json_boolean(p->converged));
    for (int k = 0; k < METRICS; k++)
        set(m, metric_types[k].name, p->median[k]);
    json_object_set_new(j, "median", m);
    return j;
}

static json_t *summary(const struct tune *t, const char *status)
{
    const struct point *best = tune_best(t);
    json_t *points = json_array();
    for (size_t i = 0; i < t->npoints; i++)
        json_array_append_new(points, point_json(t, &t->points[i]));
    json_t *j = json_pack("{s:s, s:s, s:o, s:o}", "version", SPT_VERSION, "status", status,
                          "config", config_json(config_root(t->config)), "points", points);
    if (j && best) {
        char *command = tune_best_command(t, best);
        json_object_set_new(j, "best",
                            json_pack("{s:I, s:s, s:I}", "point", (json_int_t)(best - t->points),
                                      "command", command ? command : "", "not_slower",
                                      (json_int_t)tune_not_slower(t, best)));
        free(command);
    }
    return j;
}

int tune_write(const struct tune *t, const char *status)
{
    struct results_file *f;
    int err = results_create(&f, t->dir, "tune.csv");
    if (err)
        return err;
    FILE *out = fopen(results_path(f), "w");
    if (out)
        print_csv(t, out);
    const bool wrong = !out || ferror(out);
    if ((out && fclose(out)) || wrong) {
        err = log_error(-EIO, "cannot write %s: %s", results_path(f), strerror(errno));
        results_abandon(&f);
        return err;
    }
    if ((err = results_commit(&f)))
        return err;
    json_t *j = summary(t, status);
    err = report_write(j, t->dir);
    json_decref(j);
    return err;
}
