// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Initial states whose evolution under u_t + c u_x = nu u_xx is known in closed form: products over
 * the axes of sines, bell curves or boxes, periodic or (by reflection) with the value 0 at both
 * ends. */
#ifndef SPT_PROFILE_H
#define SPT_PROFILE_H

#include "core/config.h"
#include "core/grid.h"

struct profile {
    const char *kind;
    struct ints mode;    /* per axis, or one for all */
    struct reals centre; /* the same; none: the middle */
    double width;
};

extern const struct schema profile_schema;

/* 0, or -EINVAL after an error line: as many modes and centres as axes */
int profile_check(const struct profile *p, const struct node *config, int dims);

/* the numbers of one axis */
struct profile_axis {
    enum { PROFILE_SINE, PROFILE_GAUSSIAN, PROFILE_SQUARE } shape;
    bool periodic;
    double length, mode, centre, width;
};
void profile_axes(const struct profile *p, const struct grid *g, struct profile_axis *axes);

/* after diffusion with nu t = spread */
double profile_value(const struct profile_axis *p, double x, double spread);

/* u = product over the axes of profile_value(x - shift) in all points of the grid, 0 in ends that
 * are not periodic */
void profile_fill(const struct profile_axis *axes, const struct grid *g, double shift,
                  double spread, double *u);

#endif
