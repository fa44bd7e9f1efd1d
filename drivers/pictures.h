// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Pictures of fields in two dimensions that can be put one after the other: one panel below the
 * other, to scale, the same colours in all. */
#ifndef SPT_PICTURES_H
#define SPT_PICTURES_H

#include <stdio.h>

#include "core/results.h"
#include "drivers/gnuplot.h"

enum { PICTURES_PANELS = 4, PICTURES_LABEL = 160 };

struct pictures {
    const struct results_data *data; /* borrowed */
    size_t first, snapshot;          /* the first snapshot there is one of; the one to be drawn */
    int panels;
    struct pictures_panel {
        char name[PICTURES_LABEL];
        const struct palette *palette;
        double low, high; /* of the colours */
        double *v;        /* (count - first, points) */
    } panel[PICTURES_PANELS];
};

/* velocities vx, vz and a buoyancy b, periodic along x, on Chebyshev's points along z */
bool pictures_flow(const struct results_data *d);
/* v (points) = vz_x - vx_z, the derivatives those of the interpolating polynomials; of a flow. 0 or
 * -ENOMEM */
int pictures_vorticity(const struct results_data *d, size_t snapshot, double *v);
/* Of the snapshots from `first`: buoyancy and vorticity of a flow, else the components. Must be
 * freed. 0; -EINVAL after an error line: not in two dimensions; -ENOMEM */
int pictures_create(struct pictures *p, const struct results_data *d, size_t first);
void pictures_free(struct pictures *p);
int pictures_draw(FILE *o, const void *pictures); /* a script of gnuplot */
/* DIR/0000.png and so on, one for each snapshot; those of an earlier and longer film are removed. 0
 * or -errno after an error line */
int pictures_film(const struct results_data *d, const char *dir);

#endif
