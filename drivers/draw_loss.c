// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* loss.png: the loss of every step, and the errors on unseen samples. */
#include <math.h>

#include "core/log.h"
#include "drivers/gnuplot.h"
#include "drivers/training.h"

enum { POINTS = 1500 };

/* steps in groups: the mean of each, in logarithms, and its range */
static void losses(FILE *o, const struct train_state *s)
{
    const long every = 1 + (s->done - 1) / POINTS;
    fputs("$loss << EOD\n", o);
    for (long i = 0; i < s->done; i += every) {
        double sum = 0, low = INFINITY, high = 0;
        long n = 0;
        for (long k = i; k < i + every && k < s->done; k++, n++) {
            sum += log(s->entry[k].loss);
            low = fmin(low, s->entry[k].loss);
            high = fmax(high, s->entry[k].loss);
        }
        fprintf(o, "%ld", i + 1 + n / 2);
        gnuplot_number(o, exp(sum / (double)n));
        gnuplot_number(o, low);
        gnuplot_number(o, high);
        fputs("\n", o);
    }
    fputs("EOD\n", o);
}

static int script(FILE *o, const void *data)
{
    const struct training *t = data;
    const struct train_state *s = &t->state;
    const bool region = t->v.train.validation.region.n;
    const double last = s->done > 1 ? (double)s->done : 2;
    gnuplot_style(o, 1000, s->validations ? 860 : 480);
    losses(o, s);
    fputs("$validation << EOD\n", o);
    for (long i = 0; i < s->validations; i++) {
        const struct validation_facts *f = &s->validation[i].facts;
        fprintf(o, "%.0f", s->validation[i].step);
        gnuplot_number(o, f->l2);
        gnuplot_number(o, f->region);
        gnuplot_number(o, f->identity);
        gnuplot_number(o, f->jacobian);
        fputs("\n", o);
    }
    fprintf(o,
            "EOD\nset lmargin 11\nset rmargin 24\nset bmargin 4\nset tmargin 3.5\n"
            "set xrange [0:%.9g] noextend\nset logscale y\nset format y '10^{%%L}'\nset mytics 1\n"
            "set multiplot layout %d,1\n",
            last, s->validations ? 2 : 1);
    gnuplot_axis_label(o, 'x', "steps");
    char text[GNUPLOT_TEXT];
    snprintf(text, sizeof text, "%s, %s with %zu parameters: loss", t->problem->name,
             t->network->kind, t->network->parameters);
    gnuplot_title(o, 1, text);
    gnuplot_axis_label(o, 'y', t->loss->type->name);
    fputs("plot $loss using 1:3:4 with filledcurves fc rgb '#c9d5ea' title 'range', "
          "$loss using 1:2 with lines lw 2 lc rgb '" BLUE "' title 'mean'\n",
          o);
    if (s->validations) {
        gnuplot_title(o, 1, "one step on unseen samples");
        gnuplot_axis_label(o, 'y', "relative error");
        fputs("plot $validation using 1:2 ", o);
        gnuplot_curve(o, 0);
        fputs(" title 'network'", o);
        if (region) {
            fputs(", $validation using 1:3 ", o);
            gnuplot_curve(o, 2);
            fputs(" title 'in the region'", o);
        }
        fputs(", $validation using 1:5 ", o);
        gnuplot_curve(o, 3);
        fputs(" title 'derivative', $validation using 1:4 with lines dt 2 lw 2 lc rgb '#888888' "
              "title 'doing nothing'\n",
              o);
    }
    fputs("unset multiplot\n", o);
    return 0;
}

int draw_loss(const struct training *t)
{
    if (t->state.done == 0)
        return 0;
    if (!gnuplot_found()) {
        log_warn("no gnuplot found: no loss.png (package gnuplot-nox)");
        return 0;
    }
    return gnuplot_write(t->dir, "loss.png", script, t);
}
