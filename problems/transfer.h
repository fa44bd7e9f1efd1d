// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Between grids: tensor-product Lagrange interpolation of a state onto another grid of the same
 * domain. Coefficients are cut off, or followed by zeros. */
#ifndef SPT_TRANSFER_H
#define SPT_TRANSFER_H

#include "core/exec.h"
#include "core/grid.h"

enum { TRANSFER_MAX_ORDER = 7 };

struct transfer {
    struct grid from, to; /* borrowed coordinates */
    int order;
    size_t nwork;              /* doubles of scratch */
    int *first[GRID_MAX_DIMS]; /* (to.shape[a]) first point on the source axis; wraps if periodic */
    double *weight[GRID_MAX_DIMS]; /* (to.shape[a], order+1) */
};

/* order: of the polynomials, 1 (linear) to 7; odd. Where a target point is a source point, it is
 * copied. 0 or -errno after an error line. The grids must outlive the transfer. */
int transfer_create(struct transfer **t, const struct grid *from, const struct grid *to, int order);
void transfer_destroy(struct transfer **t);

/* v (on t->to) = u (on t->from), every component. 0. */
int transfer_apply(const struct transfer *t, const struct exec *x, const double *u, double *v);

#endif
