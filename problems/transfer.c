// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/transfer.h"

#include <errno.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/vec.h"

/* coefficient i of `to` is the same one of `from`, or 0 */
static void cut_or_pad(struct transfer *t, int a)
{
    const size_t blocks = t->from.blocks[a], m = t->from.shape[a] / blocks,
                 n = t->to.shape[a] / blocks;
    for (size_t i = 0; i < t->to.shape[a]; i++) {
        const size_t k = i % n;
        t->first[a][i] = (int)(i / n * m + (k < m ? k : 0));
        t->weight[a][i] = k < m;
    }
}

int transfer_create(struct transfer **out, const struct grid *from, const struct grid *to,
                    int order)
{
    struct transfer *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t)
        return log_error(-ENOMEM, "out of memory");
    t->from = *from;
    t->to = *to;
    if (from->blocks[0])
        order = 0;
    t->order = order;
    for (int a = 0; a < from->dims; a++) {
        const size_t n = to->shape[a];
        t->first[a] = calloc(n, sizeof *t->first[a]);
        t->weight[a] = calloc(n * (size_t)(order + 1), sizeof *t->weight[a]);
        if (!t->first[a] || !t->weight[a]) {
            transfer_destroy(&t);
            return log_error(-ENOMEM, "out of memory");
        }
        if (from->shape[a] < (size_t)order + 1) {
            transfer_destroy(&t);
            return log_error(
                -EINVAL, "interpolation of order %d needs %d points on axis %s, the grid has %zu",
                order, order + 1, from->axis[a], from->shape[a]);
        }
        if (from->blocks[a])
            cut_or_pad(t, a);
        for (size_t i = 0; i < n && !from->blocks[a]; i++) {
            long first;
            if (grid_weights(from, a, to->x[a][i], order, &first,
                             t->weight[a] + i * (size_t)(order + 1))) {
                transfer_destroy(&t);
                return log_error(-EINVAL, "axis %s: the grids do not cover the same domain",
                                 from->axis[a]);
            }
            const long points = (long)from->shape[a]; /* a periodic axis also counts below 0 */
            t->first[a][i] = (int)(first < 0 ? first + points : first);
        }
        exec_constant(t->first[a], n * sizeof *t->first[a]);
        exec_constant(t->weight[a], n * (size_t)(order + 1) * sizeof *t->weight[a]);
        /* the largest intermediate state: this axis and those behind it already on the target grid
         */
        size_t points = from->is_complex ? 2 : 1;
        for (int b = 0; b < from->dims; b++)
            points *= b >= a ? to->shape[b] : from->shape[b];
        if (exec_round(points) > t->nwork)
            t->nwork = exec_round(points);
    }
    t->nwork *= 2;
    *out = t;
    return 0;
}

void transfer_destroy(struct transfer **t)
{
    if (!*t)
        return;
    for (int a = 0; a < GRID_MAX_DIMS; a++) {
        exec_constant_forget((*t)->first[a]);
        exec_constant_forget((*t)->weight[a]);
        free((*t)->first[a]);
        free((*t)->weight[a]);
    }
    free(*t);
    *t = NULL;
}

int transfer_apply(const struct transfer *t, const struct exec *x, const double *u, double *v)
{
    const int dims = t->from.dims;
    const size_t per_point = t->from.is_complex ? 2 : 1;
    const size_t in = grid_points(&t->from) * per_point, out = grid_points(&t->to) * per_point;
    struct exec rest = *x;
    double *buffer[2] = { exec_take(&rest, t->nwork / 2), exec_take(&rest, t->nwork / 2) };
    for (int c = 0; c < t->from.components; c++) {
        const double *source = u + (size_t)c * in;
        size_t inner = per_point;
        for (int a = dims - 1; a >= 0;
             a--) { /* the last axis, which does not vectorise, on the fewest rows */
            size_t outer = 1;
            for (int b = 0; b < a; b++)
                outer *= t->from.shape[b];
            double *target = a == 0 ? v + (size_t)c * out : buffer[a % 2];
            vec_interpolate(x, outer, t->from.shape[a], t->to.shape[a], inner, t->order + 1,
                            t->first[a], t->weight[a], source, target);
            source = target;
            inner *= t->to.shape[a];
        }
    }
    return 0;
}
