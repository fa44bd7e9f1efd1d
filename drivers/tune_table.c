// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What a study found, for people. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/tune.h"

/* half of the distance of the extremes over the median */
static double spread(const struct point *p)
{
    return 0.5 * (p->high - p->low) / p->median[METRIC_MAKESPAN];
}

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
    return 100 * p->median[METRIC_OF_BOUND];
}

static double of_lower_bound_percent(const struct point *p)
{
    return 100 * p->median[METRIC_OF_LOWER_BOUND];
}

static double of_starpu_bound_percent(const struct point *p)
{
    return 100 * p->median[METRIC_OF_STARPU_BOUND];
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
    { "of LP", "bound %", "%10.1f", of_starpu_bound_percent },
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
            const double v = tune_usable(&t->points[i]) ? columns[k].of(&t->points[i]) : NAN;
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
    if (!tune_usable(p)) {
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
    fputs(tune_only_converged(t) && !p->converged ? "  not converged\n" : "\n", out);
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

static double slowest(const struct tune *t)
{
    double slowest = 0;
    for (size_t i = 0; i < t->npoints; i++)
        if (tune_usable(&t->points[i]))
            slowest = fmax(slowest, t->points[i].median[METRIC_MAKESPAN]);
    return slowest;
}

static double smallest_error(const struct tune *t)
{
    double smallest = INFINITY;
    for (size_t i = 0; i < t->npoints; i++)
        if (tune_usable(&t->points[i]))
            smallest = fmin(smallest, t->points[i].median[METRIC_ERROR]);
    return smallest;
}

void tune_print(const struct tune *t, FILE *out)
{
    const struct point *best = tune_best(t);
    print_table(t, out);
    if (!best)
        return;
    const size_t others = tune_not_slower(t, best);
    char *command = tune_best_command(t, best), *label = tune_label(t, best);
    fprintf(out, "\n%s/tune.csv, %s/tune.png, %s/summary.json\n", t->dir, t->dir, t->dir);
    fprintf(out, "Best: %s, %.4g ms", label ? label : "", makespan_ms(best));
    if (t->npoints > 1)
        fprintf(out, "; the slowest takes %.2f times as long",
                slowest(t) / best->median[METRIC_MAKESPAN]);
    if (best->median[METRIC_ERROR] > 1.5 * smallest_error(t))
        fprintf(out, "; its error is %.3g times the smallest one",
                best->median[METRIC_ERROR] / smallest_error(t));
    if (others)
        fprintf(out, "; %zu other%s cannot be told apart from it by %ld run%s", others,
                others > 1 ? "s" : "", t->v.repeat, t->v.repeat > 1 ? "s" : "");
    fprintf(out, "\nRun it: %s\n", command ? command : "");
    free(command);
    free(label);
}
