// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* starpint plot: pictures of results. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "core/results.h"
#include "drivers/commands.h"
#include "drivers/gnuplot.h"
#include "drivers/pictures.h"

enum { CURVES = 7, PANELS = 4, LISTED = 14, FEW = 64, LABEL = 160 };

static const char help[] =
    "Usage: starpint plot DIR|FILE [-o FILE.png] [--what solution|flow|convergence|all] [--film]\n"
    "Draws the results of a run by gnuplot, DIR being its output folder and FILE its result.h5.\n"
    "\n"
    "  solution     1D: the snapshots as curves; 2D (of 3D, the middle plane): the last snapshot "
    "as a\n"
    "               map with contours; few complex numbers: points in the plane. With a reference\n"
    "               solution beside it where the results have one.\n"
    "  flow         convection: buoyancy and vorticity, vz_x - vx_z, of the last snapshot\n"
    "  convergence  Parareal: increments and errors of every iteration\n"
    "  all          those that the run has: the default for DIR\n"
    "\n"
    "  --film       2D: instead of these a picture of each snapshot, the same colours in all,\n"
    "               DIR/film/0000.png and so on; -o names another folder. A film of them:\n"
    "               ffmpeg -framerate 10 -i DIR/film/%04d.png -pix_fmt yuv420p film.mp4\n"
    "  -o FILE.png  where to; default DIR/solution.png, DIR/flow.png and DIR/convergence.png\n"
    "  -w, --what   which picture; default with -o or for FILE: solution\n"
    "  -h, --help   this\n"
    "\n"
    "Example: starpint run examples/black_scholes_2d.yaml -o results/bs2d\n"
    "         starpint plot results/bs2d\n";

/* Fields: the real, imaginary parts of the components */

static int field_count(const struct grid *g)
{
    return g->components * (g->is_complex ? 2 : 1);
}

static const char *field_name(const struct grid *g, int f, char label[LABEL])
{
    if (g->is_complex)
        snprintf(label, LABEL, "%s %s", f % 2 ? "Im" : "Re", g->names[f / 2]);
    else
        snprintf(label, LABEL, "%s", g->names[f]);
    return label;
}

static double value(const struct results_data *d, const double *all, size_t snapshot, int f,
                    size_t i)
{
    const size_t parts = d->grid.is_complex ? 2 : 1, c = (size_t)f / parts;
    return all[snapshot * grid_doubles(&d->grid) + (c * grid_points(&d->grid) + i) * parts +
               (size_t)f % parts];
}

/* max |u - reference| of the last snapshot */
static double distance(const struct results_data *d, int f)
{
    double e = 0;
    for (size_t i = 0; i < grid_points(&d->grid); i++) {
        const double v = fabs(value(d, d->fields, d->count - 1, f, i) -
                              value(d, d->reference, d->count - 1, f, i));
        if (isnan(v))
            return v;
        e = fmax(e, v);
    }
    return e;
}

/* One dimension: curves */

/* how many of count snapshots: evenly spaced ones, if that leaves enough */
static size_t curve_count(size_t count)
{
    for (size_t n = CURVES; n > 3; n--)
        if (count > n && (count - 1) % (n - 1) == 0)
            return n;
    return count < CURVES ? count : CURVES;
}

static size_t curve_snapshot(size_t curve, size_t curves, size_t last)
{
    return curves > 1 ? curve * last / (curves - 1) : last;
}

static void draw_curves(FILE *o, const struct results_data *d)
{
    const struct grid *g = &d->grid;
    const int fields = field_count(g) < PANELS ? field_count(g) : PANELS;
    const size_t n = g->shape[0], every = 1 + (n - 1) / 4000, last = d->count - 1;
    const size_t curves = curve_count(d->count);
    struct range range[PANELS];
    char name[LABEL], text[GNUPLOT_TEXT];

    gnuplot_style(o, 1000, fields == 1 ? 620 : 100 + 320 * fields);
    for (int f = 0; f < fields; f++) {
        range[f] = EMPTY;
        fprintf(o, "$u%d << EOD\n", f);
        for (size_t k = 0; k < n + g->periodic[0]; k += every) {
            const size_t i = k % n; /* a period is closed */
            fprintf(o, "%.9g", g->x[0][i] + (k == n ? g->length[0] : 0));
            for (size_t c = 0; c < curves + !!d->reference; c++) {
                const double v = c < curves
                                     ? value(d, d->fields, curve_snapshot(c, curves, last), f, i)
                                     : value(d, d->reference, last, f, i);
                gnuplot_number(o, v);
                range_add(&range[f], v);
            }
            fputs("\n", o);
        }
        fputs("EOD\n", o);
    }
    if (n == 1)
        fprintf(o, "set xrange [%.9g:%.9g]\n", g->x[0][0] - 1, g->x[0][0] + 1);
    else
        fprintf(o, "set xrange [%.9g:%.9g] noextend\n", g->x[0][0],
                g->periodic[0] ? g->x[0][0] + g->length[0] : g->x[0][n - 1]);
    fputs("set lmargin 11\nset rmargin 19\nset bmargin 4\nset tmargin 3.5\n", o);
    gnuplot_axis_label(o, 'x', g->axis[0]);
    fprintf(o, "set multiplot layout %d,1\n", fields);
    for (int f = 0; f < fields; f++) {
        gnuplot_range(o, 'y', range[f]);
        gnuplot_axis_label(o, 'y', field_name(g, f, name));
        if (d->reference)
            snprintf(text, sizeof text, "%s%smax |%s − reference| = %.2g", f ? "" : d->problem,
                     f ? "" : "   ", name, distance(d, f));
        else
            snprintf(text, sizeof text, "%s", f ? "" : d->problem);
        gnuplot_title(o, 1, text);
        if (f)
            fputs("unset key\n", o);
        for (size_t k = 0; k < curves; k++) {
            const size_t s = curve_snapshot(k, curves, last);
            const bool final = s == last;
            fprintf(
                o, "%s$u%d using 1:%zu with %s lw %s lc rgb '#%06x' pt 7 ps %s title 't = %.4g'",
                k ? ", " : "plot ", f, k + 2, n <= 32 ? "linespoints" : "lines",
                final ? "3" : "1.8",
                final ? 0x2c1a5e : gnuplot_viridis(0.88 - 0.6 * (double)k / (double)(curves - 1)),
                final ? "0.9" : "0.6", d->time[s]);
        }
        if (d->reference)
            fprintf(o,
                    ", $u%d using 1:%zu with %s lw 2 dt (7,6) pt 6 ps 1.6 lc rgb '#e8853a' title "
                    "'reference'",
                    f, curves + 2, n == 1 ? "points" : "lines");
        fputs("\n", o);
    }
    fputs("unset multiplot\n", o);
}

/* A few complex numbers: their way through the plane, their last values listed */

static const char *complex_text(char text[GNUPLOT_TEXT], const char *name, size_t i, double re,
                                double im)
{
    snprintf(text, GNUPLOT_TEXT, "%s[%zu] = %s%.5g %s %.5gi", name, i, re < 0 ? "−" : "", fabs(re),
             im < 0 ? "−" : "+", fabs(im));
    return text;
}

static void draw_points(FILE *o, const struct results_data *d)
{
    const struct grid *g = &d->grid;
    const size_t n = (size_t)g->components * grid_points(g), last = d->count - 1;
    char text[GNUPLOT_TEXT], q[GNUPLOT_QUOTED];
    struct range x = EMPTY, y = EMPTY;

    gnuplot_style(o, 940, 600);
    for (size_t i = 0; i < n; i++) {
        const size_t p = i % grid_points(g);
        const int f = 2 * (int)(i / grid_points(g));
        fprintf(o, "$u%zu << EOD\n", i);
        for (size_t s = 0; s < d->count; s++) {
            const double re = value(d, d->fields, s, f, p), im = value(d, d->fields, s, f + 1, p);
            gnuplot_number(o, re);
            gnuplot_number(o, im);
            fputs("\n", o);
            range_add(&x, re);
            range_add(&y, im);
        }
        if (d->reference) {
            const double re = value(d, d->reference, last, f, p),
                         im = value(d, d->reference, last, f + 1, p);
            fputs("\n\n", o);
            gnuplot_number(o, re);
            gnuplot_number(o, im);
            fputs("\n", o);
            range_add(&x, re);
            range_add(&y, im);
        }
        fputs("EOD\n", o);
    }
    snprintf(text, sizeof text, "%s at t = %.4g", d->problem, d->time[last]);
    gnuplot_title(o, 1, text);
    gnuplot_axis_label(o, 'x', "Re");
    gnuplot_axis_label(o, 'y', "Im");
    fputs("$circle << EOD\n", o);
    for (int i = 0; i <= 200; i++)
        fprintf(o, "%.6f %.6f\n", cos(i * M_PI / 100), sin(i * M_PI / 100));
    fputs("EOD\n", o);
    const bool circle = fmax(fmax(-x.low, x.high), fmax(-y.low, y.high)) <= 4;
    for (int side = -1; side <= 1 && circle; side += 2) {
        range_add(&x, 1.1 * side);
        range_add(&y, 1.1 * side);
    }
    gnuplot_range(o, 'x', x);
    gnuplot_range(o, 'y', y);
    fputs("set size ratio -1\nset zeroaxis lt 1 lw 1.2 lc rgb '#bbbbbb'\n"
          "set rmargin 36\nset tmargin 4\nset key width -1 font 'sans,11'\nplot ",
          o);
    if (circle)
        fputs("$circle with lines lw 1.2 dt (4,4) lc rgb '#9a9a9a' title 'unit circle', ", o);
    for (size_t i = 0; i < n; i++) {
        const size_t p = i % grid_points(g);
        const int f = 2 * (int)(i / grid_points(g));
        const unsigned rgb = gnuplot_viridis(n > 1 ? 0.9 * (double)i / (double)(n - 1) : 0.3);
        const double re = value(d, d->fields, last, f, p), im = value(d, d->fields, last, f + 1, p);
        if (d->count > 1)
            fprintf(o, "$u%zu index 0 with linespoints lw 1.4 pt 7 ps 0.5 lc rgb '#%06x' notitle, ",
                    i, rgb);
        fprintf(o, "$u%zu index 0 every ::%zu with points pt 7 ps 1.7 lc rgb '#%06x' ", i, last,
                rgb);
        if (i < LISTED)
            fprintf(o, "title %s, ",
                    gnuplot_quoted(complex_text(text, g->names[f / 2], p, re, im), q));
        else
            fputs(i == LISTED ? "title '…', " : "notitle, ", o);
    }
    for (size_t i = 0; d->reference && i < n; i++)
        fprintf(o, "$u%zu index 1 with points pt 6 ps 2.6 lw 1.6 lc rgb '#e8853a' %s, ", i,
                i ? "notitle" : "title 'reference'");
    fputs("NaN notitle\n", o);
}

/* Two dimensions: maps on a raster, bilinear between grid points, so that any grid and any size
 * will do */

struct raster {
    double lower[2], upper[2];
    int n[2];
    double *v; /* (n[1], n[0]) */
    double min, max;
};

/* xi lies between point i and the one after it, at the fraction w */
static void bracket(const struct grid *g, int a, double xi, size_t *i, size_t *next, double *w)
{
    const size_t n = g->shape[a];
    const double *x = g->x[a];
    size_t low = 0, high = n;
    while (high - low > 1) {
        const size_t mid = (low + high) / 2;
        if (x[mid] <= xi)
            low = mid;
        else
            high = mid;
    }
    if (low == n - 1 && !g->periodic[a])
        low = n > 1 ? n - 2 : 0;
    *i = low;
    *next = low + 1 < n ? low + 1 : 0;
    const double to = low + 1 < n ? x[low + 1] : x[0] + g->length[a];
    *w = to > x[low] ? fmin(fmax((xi - x[low]) / (to - x[low]), 0), 1) : 0;
}

/* the last snapshot of a field, or its difference to the reference */
static int rasterise(struct raster *r, const struct results_data *d, int f, bool difference)
{
    const struct grid *g = &d->grid;
    const size_t s = d->count - 1, plane = g->dims > 2 ? g->shape[2] / 2 : 0;
    r->min = INFINITY;
    r->max = -INFINITY;
    if (!(r->v = malloc((size_t)r->n[0] * (size_t)r->n[1] * sizeof(double))))
        return -ENOMEM;
    for (int row = 0; row < r->n[1]; row++)
        for (int column = 0; column < r->n[0]; column++) {
            const int at[2] = { column, row };
            size_t i[2][2];
            double w[2], sum = 0;
            for (int a = 0; a < 2; a++) {
                const double xi = r->lower[a] + (r->upper[a] - r->lower[a]) * at[a] / (r->n[a] - 1);
                bracket(g, a, xi, &i[a][0], &i[a][1], &w[a]);
            }
            for (int corner = 0; corner < 4; corner++) {
                const int p = corner / 2, q = corner % 2;
                const size_t point = (i[0][p] * g->shape[1] + i[1][q]) * g->shape[2] + plane;
                const double weight = (p ? w[0] : 1 - w[0]) * (q ? w[1] : 1 - w[1]);
                double u = value(d, d->fields, s, f, point);
                if (difference)
                    u -= value(d, d->reference, s, f, point);
                if (weight > 0)
                    sum += weight * u;
            }
            r->v[row * r->n[0] + column] = sum;
            if (isfinite(sum)) {
                r->min = fmin(r->min, sum);
                r->max = fmax(r->max, sum);
            }
        }
    return 0;
}

static void raster_data(FILE *o, const struct raster *r, int tag)
{
    fprintf(o, "$m%d << EOD\n%d", tag, r->n[0]);
    for (int i = 0; i < r->n[0]; i++)
        fprintf(o, " %.7g", r->lower[0] + (r->upper[0] - r->lower[0]) * i / (r->n[0] - 1));
    for (int j = 0; j < r->n[1]; j++) {
        fprintf(o, "\n%.7g", r->lower[1] + (r->upper[1] - r->lower[1]) * j / (r->n[1] - 1));
        for (int i = 0; i < r->n[0]; i++) {
            gnuplot_number(o, r->v[j * r->n[0] + i]);
        }
    }
    fputs("\nEOD\n", o);
}

static int draw_maps(FILE *o, const struct results_data *d)
{
    enum { LEFT = 84, RIGHT = 112, TOP = 52, BOTTOM = 64 }; /* pixels around a map */
    const struct grid *g = &d->grid;
    const int fields = field_count(g) < PANELS ? field_count(g) : PANELS;
    const int kinds = d->reference ? 2 : 1, panels = fields * kinds;
    struct raster r[2 * PANELS] = { 0 };
    char name[LABEL], text[GNUPLOT_TEXT], where[64] = "";
    double length[2];
    int err = 0;
    for (int a = 0; a < 2; a++)
        length[a] = g->periodic[a] ? g->length[a] : g->x[a][g->shape[a] - 1] - g->x[a][0];

    /* to scale, if that gives a reasonable picture */
    const double aspect = length[0] / length[1];
    const int columns = panels == 1 || aspect > 2.2 ? 1 : 2,
              rows = (panels + columns - 1) / columns;
    const double most_w = columns == 1 ? 800 : 560, most_h = columns == 1 ? 500 : 480;
    int size[2] = { (int)most_w, (int)most_h };
    if (aspect > most_w / most_h && aspect < 5.01)
        size[1] = (int)(most_w / aspect);
    else if (aspect <= most_w / most_h && aspect > 0.3)
        size[0] = (int)(most_h * aspect);
    const int cell[2] = { size[0] + LEFT + RIGHT, size[1] + TOP + BOTTOM };
    const double width = columns * cell[0], height = rows * cell[1];

    gnuplot_style(o, (int)width, (int)height);
    for (int i = 0; i < panels && !err; i++) {
        for (int a = 0; a < 2; a++) {
            r[i].lower[a] = g->x[a][0];
            r[i].upper[a] = g->x[a][0] + (length[a] > 0 ? length[a] : 1);
            r[i].n[a] = size[a] / 2 + 1;
        }
        err = rasterise(&r[i], d, i / kinds, i % kinds);
        if (!err)
            raster_data(o, &r[i], i);
    }
    if (g->dims > 2)
        snprintf(where, sizeof where, ", %s = %.4g", g->axis[2], g->x[2][g->shape[2] / 2]);
    fputs("unset key\nunset grid\nset border 15 front lw 1\nset cbtics scale 0.4\n"
          "set multiplot\n",
          o);
    gnuplot_axis_label(o, 'x', g->axis[0]);
    gnuplot_axis_label(o, 'y', g->axis[1]);
    for (int i = 0; i < panels && !err; i++) {
        const bool difference = i % kinds;
        const double left = (i % columns) * cell[0] + LEFT,
                     bottom = (rows - 1 - i / columns) * cell[1] + BOTTOM;
        double low = r[i].min, high = r[i].max;
        field_name(g, i / kinds, name);
        if (i == 0)
            snprintf(text, sizeof text, "%s: %s at t = %.4g%s", d->problem, name,
                     d->time[d->count - 1], where);
        else
            snprintf(text, sizeof text, "%s%s%s", name, difference ? " − reference" : "",
                     difference && low == 0 && high == 0 ? ": 0" : "");
        gnuplot_title(o, 1, text);
        if (difference) {
            high = fmax(fabs(low), fabs(high));
            low = -high;
            gnuplot_palette(o, &gnuplot_diverging_map);
        } else {
            gnuplot_palette(o, &gnuplot_viridis_map);
        }
        const bool flat = !(high - low > 1e-13 * fmax(fabs(low), fabs(high)));
        if (!isfinite(low))
            low = high = 0;
        if (flat) {
            const double around = low != 0 ? fabs(low) : 1;
            low -= around;
            high += around;
        }
        const double step = nice_step(high - low, 10);
        fprintf(o,
                "set xrange [%.9g:%.9g] noextend\nset yrange [%.9g:%.9g] noextend\n"
                "set cbrange [%.9g:%.9g]\n",
                r[i].lower[0], r[i].upper[0], r[i].lower[1], r[i].upper[1], low, high);
        fprintf(o, "set cbtics %.9g format '%%g'\n", size[1] < 300 ? 2 * step : step);
        if (!flat && !difference)
            fprintf(
                o,
                "set contour base\nset cntrparam levels incremental %.9g,%.9g,%.9g\nunset surface\n"
                "set table $c%d\nsplot $m%d nonuniform matrix with lines nosurface\nunset table\n"
                "set surface\nunset contour\n",
                ceil(low / step) * step, step, high, i, i);
        fprintf(
            o,
            "set lmargin at screen %.6f\nset rmargin at screen %.6f\nset bmargin at screen %.6f\n"
            "set tmargin at screen %.6f\nset colorbox user origin screen %.6f,%.6f size screen "
            "%.6f,%.6f noborder\n",
            left / width, (left + size[0]) / width, bottom / height, (bottom + size[1]) / height,
            (left + size[0] + 18) / width, bottom / height, 16 / width, size[1] / height);
        fprintf(o, "plot $m%d nonuniform matrix using 1:2:3 with image", i);
        if (!flat && !difference)
            fprintf(o, ", $c%d using 1:2 with lines lw 1 lc rgb '#60ffffff'", i);
        fputs("\n", o);
    }
    fputs("unset multiplot\n", o);
    for (int i = 0; i < panels; i++)
        free(r[i].v);
    return err;
}

static int draw_solution(FILE *o, const void *data)
{
    const struct results_data *d = data;
    const struct grid *g = &d->grid;
    if (g->is_complex && g->dims == 1 && grid_points(g) * (size_t)g->components <= FEW)
        draw_points(o, d);
    else if (g->dims == 1)
        draw_curves(o, d);
    else
        return draw_maps(o, d);
    return 0;
}

/* Convergence of Parareal */

static const json_t *member(const json_t *o, const char *first, const char *second)
{
    return json_object_get(json_object_get(o, first), second);
}

/* Positive ones to $name, exact zeros to $name_zero; k counts from `start`. How many there are of
 * each. */
static void series(FILE *o, const char *name, const json_t *values, int start, double *least,
                   size_t n[2])
{
    for (int zero = 0; zero < 2; zero++) {
        n[zero] = 0;
        fprintf(o, "$%s%s << EOD\n", name, zero ? "_zero" : "");
        for (size_t i = 0; i < json_array_size(values); i++) {
            const double v = json_number_value(json_array_get(values, i));
            if (!json_is_number(json_array_get(values, i)) || !(v >= 0) || (v == 0) != zero)
                continue;
            fprintf(o, "%zu %.9g\n", i + (size_t)start, v);
            n[zero]++;
            if (v > 0)
                *least = fmin(*least, v);
        }
        fputs("EOD\n", o);
    }
}

static bool has_convergence(const json_t *summary)
{
    static const char *const keys[] = { "increments", "error_vs_fine" };
    for (size_t i = 0; i < COUNT(keys); i++) {
        const json_t *values = member(summary, "parareal", keys[i]);
        for (size_t k = 0; k < json_array_size(values); k++)
            if (json_is_number(json_array_get(values, k)))
                return true;
    }
    return false;
}

static int draw_convergence(FILE *o, const void *data)
{
    const json_t *summary = data, *parareal = json_object_get(summary, "parareal");
    const json_t *increments = json_object_get(parareal, "increments");
    const json_t *errors = json_object_get(parareal, "error_vs_fine");
    const json_t *slices = json_object_get(parareal, "slices");
    const json_t *config = json_object_get(summary, "config");
    const char *problem = json_string_value(member(config, "problem", "name"));
    const double tolerance = json_number_value(member(config, "method", "tolerance"));
    const size_t behind = json_array_size(increments), from = json_array_size(errors);
    const size_t k = from > behind + 1 ? from - 1 : behind;
    size_t n[2][2];
    double least = tolerance > 0 ? tolerance : 1;
    char text[GNUPLOT_TEXT];

    gnuplot_style(o, 1000, 620);
    series(o, "increments", increments, 1, &least, n[0]);
    series(o, "errors", errors, 0, &least, n[1]);
    const bool zeros = n[0][1] || n[1][1]; /* drawn on the x axis */
    const double floor_at = pow(10, floor(log10(least)) - (zeros ? 1 : 0));
    char zero_tic[64];
    snprintf(zero_tic, sizeof zero_tic, "set ytics add ('0' %.3g)\n", floor_at);
    snprintf(text, sizeof text, "Parareal%s%s", problem ? ": " : "", problem ? problem : "");
    if (json_is_integer(slices))
        snprintf(text + strlen(text), sizeof text - strlen(text), ", %lld slices",
                 (long long)json_integer_value(slices));
    gnuplot_title(o, 1, text);
    gnuplot_axis_label(o, 'x', "iteration k  (0: coarse prediction)");
    fprintf(o,
            "set ylabel 'relative {/:Italic l}_2 norm' textcolor rgb '#222222' font 'sans,13'\n"
            "set logscale y\nset format y '10^{%%L}'\nset yrange [%.3g:*]\nset mytics 1\n"
            "set xrange [-0.25:%g]\n%s%s"
            "set lmargin 11\nset rmargin 24\nset bmargin 4\nset tmargin 3.5\n"
            "set key top right font 'sans,12'\nplot ",
            floor_at, (double)k + 0.25, k <= 24 ? "set xtics 1\n" : "", zeros ? zero_tic : "");
    if (tolerance > 0) {
        snprintf(text, sizeof text, "%g", tolerance);
        char *e = strstr(text, "e-0");
        if (e)
            memmove(e + 2, e + 3, strlen(e + 3) + 1);
        fprintf(o, "%.9g with lines lw 1.4 dt (5,5) lc rgb '#8a8a8a' title 'tolerance %s', ",
                tolerance, text);
    }
    static const struct {
        const char *name, *title, *rgb;
        int point;
    } curves[] = {
        { "increments", "increment", BLUE, 7 },
        { "errors", "error vs fine run", RED, 5 },
    };
    for (int i = 0; i < 2; i++)
        if (n[i][0])
            fprintf(o, "$%s with linespoints lw 2.4 pt %d ps 1.4 lc rgb '%s' title '%s', ",
                    curves[i].name, curves[i].point, curves[i].rgb, curves[i].title);
    for (int i = 0; i < 2; i++)
        if (n[i][1])
            fprintf(o, "$%s_zero using 1:(%.3g) with points pt %d ps 1.6 lw 2 lc rgb '%s' %s, ",
                    curves[i].name, floor_at, curves[i].point - 1, curves[i].rgb,
                    i && n[0][1] ? "notitle" : "title 'exactly 0'");
    fputs("NaN notitle\n", o);
    return 0;
}

/* The command */

enum { SOLUTION = 1, CONVERGENCE = 2, FLOW = 4, ALL = 7 };

static const struct {
    const char *name;
    int what;
} whats[] = {
    { "solution", SOLUTION }, { "convergence", CONVERGENCE }, { "flow", FLOW }, { "all", ALL }
};

/* splits in place; "." without a slash */
static const char *folder_of(char *path, const char **name)
{
    char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    if (!slash)
        return ".";
    *slash = '\0';
    return slash == path ? "/" : path;
}

/* buoyancy and vorticity of the last snapshot */
static int draw_flow(FILE *o, const void *data)
{
    const struct results_data *d = data;
    struct pictures p;
    int err = pictures_create(&p, d, d->count - 1);
    if (!err)
        err = pictures_draw(o, &p);
    pictures_free(&p);
    return err;
}

static json_t *read_summary(const char *dir, bool required)
{
    char path[4096];
    json_error_t e;
    snprintf(path, sizeof path, "%s/summary.json", dir);
    if (!required && access(path, F_OK))
        return NULL;
    json_t *summary = json_load_file(path, 0, &e);
    if (!summary)
        log_error(-EINVAL, "%s:%d: %s", path, e.line < 0 ? 0 : e.line, e.text);
    return summary;
}

int command_plot(int argc, char **argv)
{
    static const struct option options[] = { { "help", no_argument, NULL, 'h' },
                                             { "output", required_argument, NULL, 'o' },
                                             { "what", required_argument, NULL, 'w' },
                                             { "film", no_argument, NULL, 'f' },
                                             { 0 } };
    const char *output = NULL, *dir, *name = NULL;
    bool film = false;
    int what = 0;
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, ":ho:w:", options, NULL)) != -1;) {
        switch (c) {
        case 'h':
            fputs(help, stdout);
            return 0;
        case 'o':
            output = optarg;
            break;
        case 'w':
            what = 0;
            for (size_t i = 0; i < COUNT(whats); i++)
                if (strcmp(optarg, whats[i].name) == 0)
                    what = whats[i].what;
            if (what)
                break;
            log_error(-EINVAL, "plot: --what %s: expected solution, flow, convergence or all",
                      optarg);
            return 2;
        case 'f':
            film = true;
            break;
        default:
            log_error(-EINVAL, "plot: %s %s; see starpint plot --help",
                      c == ':' ? "an argument is missing behind" : "unknown option",
                      argv[optind - 1]);
            return 2;
        }
    }
    struct stat st;
    if (optind + 1 != argc) {
        log_error(-EINVAL, "plot: expected one DIR or FILE; see starpint plot --help");
        return 2;
    }
    if (stat(argv[optind], &st)) {
        log_error(-errno, "%s: %s", argv[optind], strerror(errno));
        return 2;
    }
    if (what == ALL && output) {
        log_error(-EINVAL, "plot: -o names one picture: --what solution, flow or convergence");
        return 2;
    }
    if (what && film) {
        log_error(-EINVAL, "plot: expected --film or --what, not both");
        return 2;
    }
    const bool is_folder = S_ISDIR(st.st_mode);
    if (!what)
        what = is_folder && !output ? ALL : SOLUTION;

    char *source = strdup(argv[optind]), *target = strdup(output ? output : "");
    json_t *summary = NULL;
    struct results_data d = { 0 };
    int status = 2, err = 0;
    if (!source || !target)
        goto out;
    while (is_folder && source[1] && source[strlen(source) - 1] == '/')
        source[strlen(source) - 1] = '\0';
    dir = is_folder ? source : folder_of(source, &name);
    if (film) {
        char folder[4096];
        snprintf(folder, sizeof folder, "%s/film", dir);
        if (!results_read(&d, argv[optind])) {
            err = pictures_film(&d, output ? output : folder);
            status = err == -EINVAL ? 2 : err ? 1 : 0;
        }
        goto out;
    }
    if (what & CONVERGENCE && !(summary = read_summary(dir, what == CONVERGENCE)) &&
        what == CONVERGENCE)
        goto out;
    if (what == CONVERGENCE && !has_convergence(summary)) {
        log_error(-EINVAL, "%s/summary.json: no increments or errors of Parareal in it", dir);
        goto out;
    }
    if (what & (SOLUTION | FLOW) && results_read(&d, argv[optind]))
        goto out;
    const bool flow = what & FLOW && pictures_flow(&d);
    if (what == FLOW && !flow) {
        log_error(-EINVAL,
                  "%s: no flow: expected velocities vx, vz and a buoyancy b on "
                  "Chebyshev's points",
                  argv[optind]);
        goto out;
    }
    const char *to = output ? folder_of(target, &name) : dir;
    if (what & SOLUTION)
        err = gnuplot_draw(to, output ? name : "solution.png", draw_solution, &d);
    if (!err && flow)
        err = gnuplot_draw(to, output ? name : "flow.png", draw_flow, &d);
    if (!err && has_convergence(summary))
        err = gnuplot_draw(to, output ? name : "convergence.png", draw_convergence, summary);
    status = err ? 1 : 0;
out:
    results_data_free(&d);
    json_decref(summary);
    free(source);
    free(target);
    return status;
}
