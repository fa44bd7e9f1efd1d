// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Pictures by gnuplot, which gets a script with the data in it on stdin and gives a PNG on stdout,
 * so that no name of a user's ever meets a shell. */
#ifndef SPT_GNUPLOT_H
#define SPT_GNUPLOT_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

enum { GNUPLOT_TEXT = 512, GNUPLOT_QUOTED = 2 * GNUPLOT_TEXT + 3 };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BLUE "#2a5caa"
#define RED "#c8443f"

struct palette {
    const unsigned *rgb;
    size_t n;
};
extern const struct palette gnuplot_viridis_map, gnuplot_diverging_map, /* blue, white, red */
    gnuplot_thermal_map;                                                /* cold to hot */
unsigned gnuplot_viridis(double f);                                     /* 0 <= f <= 1 */
void gnuplot_palette(FILE *o, const struct palette *p);

/* "with linespoints ..." of the i-th curve: no two look the same */
void gnuplot_curve(FILE *o, size_t i);

/* a string constant of gnuplot, taken literally */
const char *gnuplot_quoted(const char *s, char buffer[GNUPLOT_QUOTED]);
/* the terminal and the look of axes, grid and key */
void gnuplot_style(FILE *o, int width, int height);
/* left of the panel's upper edge */
void gnuplot_title(FILE *o, int tag, const char *text);
void gnuplot_axis_label(FILE *o, char axis, const char *text);
/* gnuplot takes what is not finite as missing */
void gnuplot_number(FILE *o, double v);

/* the finite numbers drawn along an axis: gnuplot gives up where it has to find a range and there
 * are none */
struct range {
    double low, high;
};
static const struct range EMPTY = { INFINITY, -INFINITY };
void range_add(struct range *r, double v);
void gnuplot_range(FILE *o, char axis, struct range r);

/* 1, 2 or 5 times a power of ten: about n steps over a range */
double nice_step(double range, int n);

bool gnuplot_found(void); /* there is one to be run */

/* Writes DIR/NAME, a PNG; the second says so on stdout. 0, or a negative errno after an error line. script
 * returns 0 or a negative errno */
int gnuplot_write(const char *dir, const char *name, int (*script)(FILE *, const void *),
                  const void *data);
int gnuplot_draw(const char *dir, const char *name, int (*script)(FILE *, const void *),
                 const void *data);

#endif
