// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Comparisons in turns: A B A B ..., because a machine's speed drifts. */
#ifndef SPT_BENCH_H
#define SPT_BENCH_H

#include <stdio.h>
#include <stdlib.h>

#include "core/spt.h"

enum { BENCH_RUNS = 15 };

static inline int bench_order(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct bench_spread {
    double min, median, max;
};

static inline struct bench_spread bench_spread(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, bench_order);
    return (struct bench_spread){ v[0], v[n / 2], v[n - 1] };
}

/* what one figure of a benchmark is, and the limit that it has to keep */
static inline int bench_row(const char *what, struct bench_spread s, const char *unit, double limit, int at_most)
{
    const int ok = limit <= 0.0 || (at_most ? s.median <= limit : s.median >= limit);
    printf("%-44s %9.4g %9.4g %9.4g  %s", what, s.min, s.median, s.max, unit);
    if (limit > 0.0)
        printf("  (%s %g: %s)", at_most ? "at most" : "at least", limit, ok ? "yes" : "NO");
    putchar('\n');
    return !ok;
}

static inline void bench_head(const char *title)
{
    printf("# %s\n%-44s %9s %9s %9s\n", title, "", "min", "median", "max");
}

#endif
