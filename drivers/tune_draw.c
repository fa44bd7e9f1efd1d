// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* tune.png: a row per point, the fastest on top: every run a dot, the median a stroke, the lower
 * bound an open square. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/gnuplot.h"
#include "drivers/tune.h"

enum { ROWS = 60 }; /* that a picture has at most: the fastest ones */

static size_t rows_of(const struct point **list, size_t n)
{
    size_t rows = 0;
    while (rows < n && rows < ROWS && tune_usable(list[rows]))
        rows++;
    return rows;
}

static void put_data(FILE *o, const struct tune *t, const struct point **list, size_t rows)
{
    fputs("$runs << EOD\n", o);
    for (size_t i = 0; i < rows; i++)
        for (size_t r = 0; r < (size_t)t->v.repeat; r++)
            if (list[i]->run[r].done)
                fprintf(o, "%.9g %zu\n", 1e3 * list[i]->run[r].value[METRIC_MAKESPAN], i);
    fputs("EOD\n$points << EOD\n", o);
    for (size_t i = 0; i < rows; i++) {
        fprintf(o, "%zu %d", i, tune_uses_models(tune_scheduler(t, list[i])));
        gnuplot_number(o, 1e3 * list[i]->median[METRIC_MAKESPAN]);
        gnuplot_number(o, 1e3 * list[i]->low);
        gnuplot_number(o, 1e3 * list[i]->high);
        gnuplot_number(o, 1e3 * list[i]->median[METRIC_LOWER_BOUND]);
        fputc('\n', o);
    }
    fputs("EOD\n", o);
}

int tune_draw(FILE *o, const void *tune)
{
    enum { RIGHT = 30, TOP = 76, BOTTOM = 66, ROW = 22, PLOT = 560, LETTER = 10 };
    const struct tune *t = tune;
    const struct point **list = tune_ranking(t);
    char q[GNUPLOT_QUOTED], text[160];
    struct range range = EMPTY;
    size_t longest = 0;
    if (!list)
        return -ENOMEM;
    const size_t rows = rows_of(list, t->npoints);
    put_data(o, t, list, rows);
    for (size_t i = 0; i < rows; i++) {
        char *label = tune_label(t, list[i]);
        fprintf(o, "%s%s %zu", i ? ", " : "set ytics (", gnuplot_quoted(label ? label : "", q), i);
        if (label && strlen(label) > longest)
            longest = strlen(label);
        free(label);
        range_add(&range, 1e3 * list[i]->high);
        range_add(&range, 1e3 * list[i]->low);
        range_add(&range, 1e3 * list[i]->median[METRIC_LOWER_BOUND]);
    }
    fputs(") noenhanced\n", o);
    const double left = 24 + LETTER * (double)longest,
                 height = TOP + ROW * (double)(rows + 1) + BOTTOM, width = left + PLOT + RIGHT;
    gnuplot_style(o, (int)width, (int)height);
    fprintf(o,
            "set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
            "set bmargin at screen %.6f\nset tmargin at screen %.6f\n"
            "set yrange [%zu:-1] noextend\nset key at graph 1,1 bottom right horizontal\n"
            "set key noenhanced samplen 1 width 1\n",
            left / width, (left + PLOT) / width, BOTTOM / height, 1 - TOP / height, rows);
    if (range.low > 0 && range.high > 20 * range.low)
        fprintf(o, "set logscale x\nset xrange [%.9g:%.9g] noextend\n", range.low / 1.3,
                1.3 * range.high);
    else
        fprintf(o, "set xrange [0:%.9g] noextend\n", 1.04 * range.high);
    gnuplot_axis_label(o, 'x', "makespan in ms");
    const char *base = strrchr(t->o->config, '/');
    snprintf(text, sizeof text, "%.80s, runs of each point: %ld", base ? base + 1 : t->o->config,
             t->v.repeat);
    fprintf(o,
            "set label 1 %s at screen 0,1 left offset 2,-1.2 font 'sans:Bold,14' textcolor rgb "
            "'#222222' noenhanced\n",
            gnuplot_quoted(text, q));
    fputs("plot $points using ($2 == 0 ? $3 : NaN):1:4:5 with xerrorbars lw 2 pt 7 ps 1.3 lc rgb "
          "'" BLUE "' title 'median and range', "
          "'' using ($2 == 1 ? $3 : NaN):1:4:5 with xerrorbars lw 2 pt 7 ps 1.3 lc rgb '" RED
          "' title 'with performance models', "
          "$runs using 1:2 with points pt 6 ps 0.8 lc rgb '#777777' title 'runs', "
          "$points using 6:1 with points pt 4 ps 1.1 lw 2 lc rgb '#222222' title 'lower bound'\n",
          o);
    free(list);
    return 0;
}
