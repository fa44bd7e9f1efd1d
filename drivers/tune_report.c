// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What a study found: a table, tune.csv, summary.json and a recommendation. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_json.h"
#include "core/log.h"
#include "core/results.h"
#include "drivers/report.h"
#include "drivers/tune.h"

/* ---------------------------------------------------------------- numbers */

static int by_value(const void *a, const void *b)
{
    const double p = *(const double *)a, q = *(const double *)b;
    return (p > q) - (p < q);
}

/* of those that are numbers; NAN: none is. v is sorted */
static double median(double *v, size_t n)
{
    size_t known = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(v[i]))
            v[known++] = v[i];
    qsort(v, known, sizeof *v, by_value);
    return known == 0 ? NAN : known % 2 ? v[known / 2] : 0.5 * (v[known / 2 - 1] + v[known / 2]);
}

void tune_statistics(struct tune *t)
{
    double *v = calloc((size_t)t->v.repeat, sizeof *v);
    for (size_t i = 0; v && i < t->npoints; i++) {
        struct point *p = &t->points[i];
        p->low = INFINITY;
        p->high = -INFINITY;
        for (int m = 0; m < METRICS; m++) {
            p->done = 0;
            for (size_t r = 0; r < (size_t)t->v.repeat; r++)
                if (p->run[r].done)
                    v[p->done++] = p->run[r].value[m];
            for (size_t k = 0; m == METRIC_MAKESPAN && k < p->done; k++) {
                p->low = fmin(p->low, v[k]);
                p->high = fmax(p->high, v[k]);
            }
            p->median[m] = median(v, p->done);
        }
    }
    free(v);
}

/* half of the distance of the extremes over the median */
static double spread(const struct point *p)
{
    return 0.5 * (p->high - p->low) / p->median[METRIC_MAKESPAN];
}

/* the bound that schedulers cannot get below: StarPU's own is sharper, where there is one */
static double lowest(const struct point *p)
{
    return fmax(p->median[METRIC_LOWER_BOUND], p->median[METRIC_STARPU_BOUND]);
}

static double of_lower_bound(const struct point *p)
{
    return lowest(p) / p->median[METRIC_MAKESPAN];
}

static double of_speedup_bound(const struct point *p)
{
    return p->median[METRIC_SPEEDUP] / p->median[METRIC_BOUND];
}

static bool usable(const struct point *p)
{
    return !p->failed && p->done;
}

/* Points that have not converged did less: where any has, they are not compared. */
static bool only_converged(const struct tune *t)
{
    for (size_t i = 0; i < t->npoints; i++)
        if (usable(&t->points[i]) && t->points[i].converged)
            return true;
    return false;
}

const struct point *tune_best(const struct tune *t)
{
    const struct point *best = NULL;
    const bool converged = only_converged(t);
    for (size_t i = 0; i < t->npoints; i++) {
        const struct point *p = &t->points[i];
        if (usable(p) && (p->converged || !converged) &&
            (!best || p->median[METRIC_MAKESPAN] < best->median[METRIC_MAKESPAN]))
            best = p;
    }
    return best;
}

static int by_makespan(const void *a, const void *b)
{
    const struct point *p = *(const struct point *const *)a, *q = *(const struct point *const *)b;
    if (usable(p) != usable(q))
        return usable(q) - usable(p);
    if (usable(p) && p->median[METRIC_MAKESPAN] != q->median[METRIC_MAKESPAN])
        return p->median[METRIC_MAKESPAN] < q->median[METRIC_MAKESPAN] ? -1 : 1;
    return (p > q) - (p < q);
}

const struct point **tune_ranking(const struct tune *t)
{
    const struct point **list = malloc((t->npoints + 1) * sizeof *list);
    for (size_t i = 0; list && i < t->npoints; i++)
        list[i] = &t->points[i];
    if (list)
        qsort(list, t->npoints, sizeof *list, by_makespan);
    return list;
}

/* ---------------------------------------------------------------- for people */

static double makespan_ms(const struct point *p)
{
    return 1e3 * p->median[METRIC_MAKESPAN];
}

static double spread_percent(const struct point *p)
{
    return 100 * spread(p);
}

static double idle_percent(const struct point *p)
{
    return 100 * p->median[METRIC_IDLE];
}

static double overhead(const struct point *p)
{
    return p->median[METRIC_OVERHEAD];
}

static double megabytes(const struct point *p)
{
    return 1e-6 * p->median[METRIC_TRANSFERS];
}

static double model_error_percent(const struct point *p)
{
    return 100 * p->median[METRIC_MODEL_ERROR];
}

static double speedup(const struct point *p)
{
    return p->median[METRIC_SPEEDUP];
}

static double of_speedup_bound_percent(const struct point *p)
{
    return 100 * of_speedup_bound(p);
}

static double of_lower_bound_percent(const struct point *p)
{
    return 100 * of_lower_bound(p);
}

static double iterations(const struct point *p)
{
    return p->median[METRIC_ITERATIONS];
}

static double error(const struct point *p)
{
    return p->median[METRIC_ERROR];
}

static const struct column {
    const char *title, *unit, *format; /* 10 wide */
    double (*of)(const struct point *);
} columns[] = {
    { "makespan", "ms", "%10.4g", makespan_ms },
    { "spread", "+- %", "%10.1f", spread_percent },
    { "idle", "%", "%10.1f", idle_percent },
    { "overhead", "us/task", "%10.1f", overhead },
    { "transfers", "MB", "%10.3g", megabytes },
    { "models", "off by %", "%10.1f", model_error_percent },
    { "speedup", "", "%10.2f", speedup },
    { "of its", "bound %", "%10.1f", of_speedup_bound_percent },
    { "of lower", "bound %", "%10.1f", of_lower_bound_percent },
    { "iterations", "", "%10g", iterations },
    { "error", "l2", "%10.2e", error },
};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* that anything can be said in; of transfers, only if there are some */
static void choose_columns(const struct tune *t, bool shown[COLUMNS])
{
    for (int k = 0; k < COLUMNS; k++) {
        shown[k] = false;
        for (size_t i = 0; i < t->npoints; i++) {
            const double v = usable(&t->points[i]) ? columns[k].of(&t->points[i]) : NAN;
            shown[k] |= isfinite(v) && (columns[k].of != megabytes || v > 0);
        }
    }
}

static void print_row(const struct tune *t, const struct point *p, int width,
                      const bool shown[COLUMNS], FILE *out)
{
    char *label = tune_label(t, p);
    fprintf(out, "%-*s", width, label ? label : "");
    free(label);
    if (!usable(p)) {
        fprintf(out, "  %s\n", p->error ? p->error : "not run");
        return;
    }
    for (int k = 0; k < COLUMNS; k++) {
        const double v = shown[k] ? columns[k].of(p) : NAN;
        if (shown[k] && isfinite(v)) {
            fputc(' ', out);
            fprintf(out, columns[k].format, v);
        } else if (shown[k]) {
            fprintf(out, " %10s", "-");
        }
    }
    fputs(only_converged(t) && !p->converged ? "  not converged\n" : "\n", out);
}

static void print_table(const struct tune *t, FILE *out)
{
    bool shown[COLUMNS];
    int width = 5;
    const struct point **list = tune_ranking(t);
    choose_columns(t, shown);
    for (size_t i = 0; i < t->npoints; i++) {
        char *label = tune_label(t, &t->points[i]);
        if (label && (int)strlen(label) > width)
            width = (int)strlen(label);
        free(label);
    }
    for (int line = 0; line < 2; line++) {
        fprintf(out, "%-*s", width, line ? "" : "point");
        for (int k = 0; k < COLUMNS; k++)
            if (shown[k])
                fprintf(out, " %10s", line ? columns[k].unit : columns[k].title);
        fputc('\n', out);
    }
    for (size_t i = 0; list && i < t->npoints; i++)
        print_row(t, list[i], width, shown, out);
    free(list);
}

/* what is as fast, as far as one can tell: ranges of their makespans overlap */
static size_t not_slower(const struct tune *t, const struct point *best)
{
    const bool converged = only_converged(t);
    size_t n = 0;
    for (size_t i = 0; i < t->npoints; i++) {
        const struct point *p = &t->points[i];
        n += p != best && usable(p) && (p->converged || !converged) && p->low <= best->high;
    }
    return n;
}

static double slowest(const struct tune *t)
{
    double slowest = 0;
    for (size_t i = 0; i < t->npoints; i++)
        if (usable(&t->points[i]))
            slowest = fmax(slowest, t->points[i].median[METRIC_MAKESPAN]);
    return slowest;
}

static char *best_command(const struct tune *t, const struct point *best)
{
    struct command c = { 0 };
    char out[TUNE_PATH + 16];
    snprintf(out, sizeof out, "%s/best", t->dir);
    char *text = tune_shown_command(&c, t, best, out) ? NULL : command_text(&c);
    command_free(&c);
    return text;
}

void tune_print(const struct tune *t, FILE *out)
{
    const struct point *best = tune_best(t);
    print_table(t, out);
    if (!best)
        return;
    const size_t others = not_slower(t, best);
    char *command = best_command(t, best), *label = tune_label(t, best);
    fprintf(out, "\n%s/tune.csv, %s/tune.png, %s/summary.json\n", t->dir, t->dir, t->dir);
    fprintf(out, "Best: %s, %.4g ms", label ? label : "", makespan_ms(best));
    if (t->npoints > 1)
        fprintf(out, "; the slowest takes %.2f times as long",
                slowest(t) / best->median[METRIC_MAKESPAN]);
    if (others)
        fprintf(out, "; %zu other%s cannot be told apart from it by %ld run%s", others,
                others > 1 ? "s" : "", t->v.repeat, t->v.repeat > 1 ? "s" : "");
    fprintf(out, "\nRun it: %s\n", command ? command : "");
    free(command);
    free(label);
}

/* ---------------------------------------------------------------- files */

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
    fputs(",status,runs,makespan_min,makespan_max,of_speedup_bound,of_lower_bound", out);
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
        put_number(out, of_speedup_bound(p));
        put_number(out, of_lower_bound(p));
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
    set(m, "of_speedup_bound", of_speedup_bound(p));
    set(m, "of_lower_bound", of_lower_bound(p));
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
        char *command = best_command(t, best);
        json_object_set_new(j, "best",
                            json_pack("{s:I, s:s, s:I}", "point", (json_int_t)(best - t->points),
                                      "command", command ? command : "", "not_slower",
                                      (json_int_t)not_slower(t, best)));
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
