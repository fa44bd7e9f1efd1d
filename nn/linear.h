// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What happens at points: a matrix from channels to channels, and an activation, of one sample.
 * Points go in tiles: long pieces of every channel are read and written in the order of memory, and
 * what is between stays in the caches. */
#ifndef SPT_LINEAR_H
#define SPT_LINEAR_H

#include <stdbool.h>

#include "nn/layer.h"
#include "nn/simd.h"

enum {
    PANEL_VECTORS = 4,
    PANEL = PANEL_VECTORS * SIMD_LANES, /* points that are multiplied together */
    LINEAR_TILE = 512
};

/* y (out, points) = act(z) + plus, z = bias + W x + V f + from, of x (in, points). All but y: NULL
 * where there is none; y may be plus. */
struct NN(linear) {
    size_t in, out, points;
    const real *w; /* (o, i) stands at w[o*row + i*column] */
    size_t row, column;
    const real *bias;
    enum activation act;
    const real *x, *from, *plus;
    real *z, *y;
    /* Points are lines of `line` (0: one line). V (lines, out, functions): lines are v_next apart;
     * f (functions, line) in panels: (panel, functions, PANEL) */
    size_t line, functions, v_next;
    const real *v, *f;
};

size_t NN(linear_nwork)(size_t in, size_t out); /* reals of scratch */
/* the points first..last-1; first and last: at the beginning of lines, or all is one line */
void NN(linear)(const struct NN(linear) * l, size_t first, size_t last, real *work);
/* b of a, whose y is not stored and whose z is not kept: the same bits. a's x, b's y; no lines */
size_t NN(linear_pair_nwork)(size_t in, size_t out);
void NN(linear_pair)(const struct NN(linear) * a, const struct NN(linear) * b, real *work);

#endif
