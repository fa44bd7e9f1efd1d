// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Random states: numbers that depend on a seed and an index only, and functions made of them. */
#ifndef SPT_SAMPLING_H
#define SPT_SAMPLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/grid.h"

/* A stream of random numbers: splitmix64 (Steele, Lea & Flood 2014) of key and position */
struct draw {
    uint64_t key, position;
};

struct draw draw_open(unsigned long seed, unsigned long index);
double draw_uniform(struct draw *d, double lower, double upper);
double draw_log_uniform(struct draw *d, double lower, double upper); /* 0 < lower <= upper */
double draw_normal(struct draw *d);                                  /* mean 0, variance 1 */
size_t draw_below(struct draw *d, size_t n);                         /* 0..n-1 */
void draw_weights(struct draw *d, size_t n, double *w);              /* w >= 0 of sum 1, w (n) */

/* A Gaussian random field of about the law N(0, s^2 (-Laplace + tau^2)^-SMOOTHNESS), Laplace
 * counting periods instead of lengths: series of at most FIELD_MODES waves per axis, Fourier on
 * periodic axes, sines (0 at both ends) on the others. Its mean square over draws and the domain is
 * 1; tau, the number of periods up to which waves are about alike, is drawn from 1.5 to 5. Grids that
 * differ in their points only get the same function, less what a coarse one cannot hold. */
enum { FIELD_MODES = 16, FIELD_SMOOTHNESS = 5 };

/* u (points of the grid); has_mean: whether the wave of 0 periods takes part. 0 or -ENOMEM */
int draw_field(struct draw *d, const struct grid *g, bool has_mean, double *u);

/* One axis of period 1: u = sum over k = 1..FIELD_MODES of a_k cos(2 pi k x) + b_k sin(2 pi k x) */
struct series {
    double a[FIELD_MODES], b[FIELD_MODES];
};
void draw_series(struct draw *d, struct series *s);
double series_value(const struct series *s, double x, double *slope); /* slope may be NULL */

/* The mean of max(x + width Z, 0), Z standard normal: x = max(x, 0) with its kink rounded off. Its
 * derivatives by x too, unless NULL. */
double positive_part(double x, double width, double *first, double *second);

#endif
