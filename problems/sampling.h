// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Random states: numbers that depend on a seed and an index only, and functions made of them. */
#ifndef SPT_SAMPLING_H
#define SPT_SAMPLING_H

#include <stddef.h>
#include <stdint.h>

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

/* The mean of max(x + width Z, 0), Z standard normal: x = max(x, 0) with its kink rounded off. Its
 * derivatives by x too, unless NULL. */
double positive_part(double x, double width, double *first, double *second);

#endif
