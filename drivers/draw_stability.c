// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Stability domains in small multiples: schemes from top to bottom, sweeps from left to right. */
#include <stdlib.h>

#include "drivers/gnuplot.h"
#include "drivers/stability.h"

static double log_or(double v)
{
    return log10(fmax(v, 1e-20));
}

/* Of an error, the part of |error| <= level around z = 0; elsewhere infinity. exp(z) and R are near
 * each other in many places, by chance. */
static float *around_zero(const struct stability *s, const float *error, double level)
{
    const long n = s->v.resolution, cells = n * n;
    const double x = -s->v.real.v[0] / (s->v.real.v[1] - s->v.real.v[0]);
    const double y = -s->v.imaginary.v[0] / (s->v.imaginary.v[1] - s->v.imaginary.v[0]);
    long *stack = malloc((size_t)cells * sizeof *stack), depth = 0;
    float *part = malloc((size_t)cells * sizeof *part);
    for (long i = 0; i < cells && part; i++)
        part[i] = (double)error[i] <= level ? -1 : error[i];
    if (part && stack && x >= 0 && x <= 1 && y >= 0 && y <= 1) {
        const long at = lrint(y * (double)(n - 1)) * n + lrint(x * (double)(n - 1));
        if (part[at] < 0)
            stack[depth++] = at;
    }
    while (depth > 0) {
        const long at = stack[--depth];
        const long next[4] = { at % n ? at - 1 : at, at % n < n - 1 ? at + 1 : at,
                               at >= n ? at - n : at, at < cells - n ? at + n : at };
        part[at] = error[at];
        for (int k = 0; k < 4; k++)
            if (part[next[k]] < 0) {
                part[next[k]] = error[next[k]];
                stack[depth++] = next[k];
            }
    }
    for (long i = 0; i < cells && part; i++)
        if (part[i] < 0)
            part[i] = (float)(2 * level);
    free(stack);
    return part;
}

/* the contour of log10 of the field, in segments: marching squares */
static void contour(FILE *o, const struct stability *s, double scale, const float *field,
                    double level)
{
    static const int edge[4][2] = { { 0, 1 }, { 1, 2 }, { 2, 3 }, { 3, 0 } }; /* corners */
    const long n = s->v.resolution;
    for (long j = 0; j + 1 < n; j++)
        for (long i = 0; i + 1 < n; i++) {
            const long x[4] = { i, i + 1, i + 1, i }, y[4] = { j, j, j + 1, j + 1 };
            double v[4], at[4][2];
            int found = 0;
            bool finite = true;
            for (int k = 0; k < 4; k++) {
                v[k] = log_or((double)field[y[k] * n + x[k]]) - log10(level);
                finite &= isfinite(v[k]);
            }
            for (int k = 0; k < 4 && finite; k++) {
                const int a = edge[k][0], b = edge[k][1];
                if ((v[a] > 0) == (v[b] > 0))
                    continue;
                const double f = v[a] / (v[a] - v[b]);
                for (int d = 0; d < 2; d++) {
                    const struct reals *range = d ? &s->v.imaginary : &s->v.real;
                    const long *p = d ? y : x;
                    at[found][d] = (1 - f) * stability_at(range, scale, p[a], n) +
                                   f * stability_at(range, scale, p[b], n);
                }
                found++;
            }
            for (int k = 0; k + 1 < found; k += 2)
                fprintf(o, "%.5g %.5g\n%.5g %.5g\n\n", at[k][0], at[k][1], at[k + 1][0],
                        at[k + 1][1]);
        }
}

static const char *colour(char text[8], const struct stability *s, size_t level)
{
    const size_t n = s->v.accuracy.n;
    snprintf(text, 8, "#%06x",
             gnuplot_viridis(n > 1 ? 0.85 * (double)level / (double)(n - 1) : 0.4));
    return text;
}

/* Where |R| > 1, as rectangles: pieces of rows. They overlap: there are no seams between them. */
static void unstable(FILE *o, const struct stability *s, double scale, const float *modulus)
{
    const struct reals *re = &s->v.real, *im = &s->v.imaginary;
    const long n = s->v.resolution;
    const double dx = scale * (re->v[1] - re->v[0]) / (double)(n - 1),
                 dy = scale * (im->v[1] - im->v[0]) / (double)(n - 1);
    for (long j = 0; j < n; j++)
        for (long first = 0, last; first < n; first = last + 1) {
            for (last = first; last < n && !is_stable((double)modulus[j * n + last]); last++)
                ;
            if (last == first)
                continue;
            const double y = stability_at(im, scale, j, n);
            fprintf(o, "%.6g %.6g %.6g %.6g\n", stability_at(re, scale, first, n) - dx / 2,
                    stability_at(re, scale, last - 1, n) + dx / 2, y - dy, y + dy);
        }
}

static void data(FILE *o, const struct stability *s, size_t i)
{
    const struct stability_result *r = &s->result[i];
    const double scale = stability_scale(s, &s->schemes.v[i]);
    fprintf(o, "$g%zu << EOD\n", i);
    unstable(o, s, scale, r->modulus);
    fprintf(o, "EOD\n$b%zu << EOD\n", i);
    contour(o, s, scale, r->modulus, 1);
    fputs("EOD\n", o);
    for (size_t l = 0; l < s->v.accuracy.n; l++) {
        float *part = around_zero(s, r->error, s->v.accuracy.v[l]);
        fprintf(o, "$a%zu_%zu << EOD\n", i, l);
        if (part)
            contour(o, s, scale, part, s->v.accuracy.v[l]);
        fputs("EOD\n", o);
        free(part);
    }
}

int stability_draw(FILE *o, const void *study)
{
    enum { LEFT = 112, RIGHT = 22, TOP = 56, BOTTOM = 92, GAP_X = 24, GAP_Y = 40 }; /* pixels */
    const struct stability *s = study;
    const struct reals *re = &s->v.real, *im = &s->v.imaginary;
    const double aspect = (im->v[1] - im->v[0]) / (re->v[1] - re->v[0]);
    const int w = aspect > 1 ? 168 : 230, h = (int)(w * fmin(fmax(aspect, 0.4), 1.6));
    const int rows = s->schemes.rows, columns = s->schemes.columns;
    const double width = LEFT + columns * (w + GAP_X) - GAP_X + RIGHT,
                 height = TOP + rows * (h + GAP_Y) - GAP_Y + BOTTOM;
    char q[GNUPLOT_QUOTED], text[64], rgb[8];

    for (size_t i = 0; i < s->schemes.n; i++)
        data(o, s, i);
    gnuplot_style(o, (int)width, (int)height);
    fputs("unset key\nunset grid\nset border 15 front lw 1\n"
          "set tics font 'sans,10'\nset xtics offset 0,0.3\n"
          "set multiplot\n",
          o);
    for (size_t i = 0; i < s->schemes.n; i++) {
        const struct scheme *c = &s->schemes.v[i];
        const double scale = stability_scale(s, c);
        const double x = LEFT + c->column * (w + GAP_X),
                     y = height - TOP - c->row * (h + GAP_Y) - h;
        fprintf(o,
                "set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
                "set bmargin at screen %.6f\nset tmargin at screen %.6f\n"
                "set xrange [%.9g:%.9g] noextend\nset yrange [%.9g:%.9g] noextend\n"
                "set xtics %g\nset ytics %g\nunset label\n",
                x / width, (x + w) / width, y / height, (y + h) / height, scale * re->v[0],
                scale * re->v[1], scale * im->v[0], scale * im->v[1],
                nice_step(scale * (re->v[1] - re->v[0]), 4),
                nice_step(scale * (im->v[1] - im->v[0]), 6));
        if (c->column == 0)
            fprintf(o,
                    "set label 1 %s at screen %.6f,%.6f center rotate by 90 font 'sans:Bold,13' "
                    "textcolor rgb '#222222' noenhanced\n",
                    gnuplot_quoted(c->label, q), 22 / width, (y + h / 2.0) / height);
        fprintf(o, "set format y '%s'\n", c->column ? "" : "%h");
        fputs(c->column ? "unset ylabel\n"
                        : "set ylabel 'Im {/:Italic z}' offset 1.2,0 textcolor rgb '#222222'\n",
              o);
        fputs(c->row < rows - 1
                  ? "unset xlabel\n"
                  : "set xlabel 'Re {/:Italic z}' offset 0,0.4 textcolor rgb '#222222'\n",
              o);
        if (c->row == 0 || (c->sweeps && i == 0)) {
            if (c->sweeps)
                snprintf(text, sizeof text, "{/:Italic K} = %ld", c->sweeps);
            else
                text[0] = '\0';
            fprintf(o,
                    "set label 2 '%s' at graph 0.5,1 center offset 0,0.9 font 'sans,13' "
                    "textcolor rgb '#222222'\n",
                    text);
        }
        fprintf(o,
                "set arrow 1 from graph 0,first 0 to graph 1,first 0 nohead lw 0.8 lc rgb "
                "'#909090' front\n"
                "set arrow 2 from first 0,graph 0 to first 0,graph 1 nohead lw 0.8 lc rgb "
                "'#909090' front\n"
                "plot $g%zu using 1:3:1:2:3:4 with boxxyerror fs solid noborder fc rgb '#d2d2d6', ",
                i);
        for (size_t l = 0; l < s->v.accuracy.n; l++)
            fprintf(o, "$a%zu_%zu with lines lw 1.3 lc rgb '%s', ", i, l, colour(rgb, s, l));
        fprintf(o, "$b%zu with lines lw 1.8 lc rgb '#202020'\n", i);
    }
    /* one key for all */
    fprintf(o,
            "unset arrow\nunset label\nunset xlabel\nunset ylabel\nset lmargin at screen 0\nset "
            "rmargin at screen 1\n"
            "set bmargin at screen 0\nset tmargin at screen %.6f\nunset border\nunset tics\n"
            "set xrange [0:1]\nset yrange [0:1]\n"
            "set key at screen 0.5,%.6f center center horizontal maxrows 1 Left reverse "
            "font 'sans,11' samplen 1.6 width -2 enhanced\n"
            "plot NaN with boxes fs solid fc rgb '#d2d2d6' title '|{/:Italic R}| > 1', "
            "NaN with lines lw 1.8 lc rgb '#202020' title '|{/:Italic R}| = 1'",
            (BOTTOM - 40) / height, 20 / height);
    for (size_t l = 0; l < s->v.accuracy.n; l++)
        fprintf(o, ", NaN with lines lw 1.6 lc rgb '%s' title '%s%g'", colour(rgb, s, l),
                l ? "" : "|{/:Italic R} − e^{/:Italic z}| = ", s->v.accuracy.v[l]);
    fputs("\nunset multiplot\n", o);
    return 0;
}
