// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What the runs of a point come to, and which points can be compared. */
#include <math.h>
#include <stdlib.h>

#include "drivers/tune.h"

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

void tune_derive(double value[METRICS])
{
    value[METRIC_OF_LOWER_BOUND] = value[METRIC_LOWER_BOUND] / value[METRIC_MAKESPAN];
    value[METRIC_OF_STARPU_BOUND] = value[METRIC_STARPU_BOUND] / value[METRIC_MAKESPAN];
    value[METRIC_OF_BOUND] = value[METRIC_SPEEDUP] / value[METRIC_BOUND];
}

bool tune_usable(const struct point *p)
{
    return !p->failed && p->done;
}

bool tune_only_converged(const struct tune *t)
{
    for (size_t i = 0; i < t->npoints; i++)
        if (tune_usable(&t->points[i]) && t->points[i].converged)
            return true;
    return false;
}

const struct point *tune_best(const struct tune *t)
{
    const struct point *best = NULL;
    const bool converged = tune_only_converged(t);
    for (size_t i = 0; i < t->npoints; i++) {
        const struct point *p = &t->points[i];
        if (tune_usable(p) && (p->converged || !converged) &&
            (!best || p->median[METRIC_MAKESPAN] < best->median[METRIC_MAKESPAN]))
            best = p;
    }
    return best;
}

static int by_makespan(const void *a, const void *b)
{
    const struct point *p = *(const struct point *const *)a, *q = *(const struct point *const *)b;
    if (tune_usable(p) != tune_usable(q))
        return tune_usable(q) - tune_usable(p);
    if (tune_usable(p) && p->median[METRIC_MAKESPAN] != q->median[METRIC_MAKESPAN])
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

size_t tune_not_slower(const struct tune *t, const struct point *best)
{
    const bool converged = tune_only_converged(t);
    size_t n = 0;
    for (size_t i = 0; i < t->npoints; i++) {
        const struct point *p = &t->points[i];
        n += p != best && tune_usable(p) && (p->converged || !converged) && p->low <= best->high;
    }
    return n;
}
