// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The shape of a state: components on a tensor-product grid, row-major, axis 0 slowest:
 * u[c][i0][i1][i2] at c*points + (i0*shape[1] + i1)*shape[2] + i2. A complex state interleaves (re, im) per point. */
#ifndef SPT_GRID_H
#define SPT_GRID_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GRID_MAX_DIMS = 3 };

struct grid {
    int dims;                         /* 1 to 3; unused axes have shape 1 */
    size_t shape[GRID_MAX_DIMS];      /* points per axis, both ends included unless periodic */
    double *x[GRID_MAX_DIMS];         /* (shape[a]) coordinates, increasing; owned */
    double length[GRID_MAX_DIMS];     /* of the domain: period on a periodic axis */
    const char *axis[GRID_MAX_DIMS];  /* name and unit for plots: "S1", "x" */
    bool periodic[GRID_MAX_DIMS];
    /* not 0: the axis counts coefficients, the coarsest first, in so many blocks one after the other (real parts,
     * imaginary parts). A coarser grid has fewer of each block */
    size_t blocks[GRID_MAX_DIMS];
    int components;                   /* fields per point */
    const char *const *names;         /* (components) names of the fields; NULL: "u" */
    bool is_complex;                  /* two doubles per point and component */
};

size_t grid_points(const struct grid *g);
size_t grid_doubles(const struct grid *g); /* of one state */

/* n equidistant points on [lower, upper], both ends included, or without the upper end if periodic. 0 or -ENOMEM. */
int grid_axis(struct grid *g, int axis, const char *name, size_t n, double lower, double upper, bool periodic);

/* n points on [lower, upper], both included, denser around `centre`: the sinh map of Tavella & Randall (2000, sec. 5),
 * x = centre + width*sinh(...); smaller width/(upper-lower) is denser; the point nearest to centre is moved onto it. */
int grid_axis_sinh(struct grid *g, int axis, const char *name, size_t n, double lower, double upper, double centre,
                   double width);
void grid_free(struct grid *g);

/* u = 0 in the ends of the axes that are not periodic; one real component */
void grid_zero_ends(const struct grid *g, double *u);

/* Weights of local Lagrange interpolation of order `order` (order+1 points; 1 linear, 3 cubic) on one axis at xi:
 * fills first index and order+1 weights. Exact (weight 1) at grid points. On periodic axes indices wrap (modulo shape).
 * 0, or -ERANGE if xi lies outside the axis. */
int grid_weights(const struct grid *g, int axis, double xi, int order, long *first, double *w);

/* value[c] of every component (complex: 2 doubles each) at a point, by tensor-product cubic interpolation.
 * 0 or -ERANGE. */
int grid_interpolate(const struct grid *g, const double *u, const double *at, double *value);

#ifdef __cplusplus
}
#endif
#endif
