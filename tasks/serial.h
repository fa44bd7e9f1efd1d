// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* One propagator over the whole run, in segments: the rival that every parallel method is measured
 * against. */
#ifndef SPT_SERIAL_H
#define SPT_SERIAL_H

#include "tasks/parareal.h"

struct serial_report {
    double wall_seconds;
    struct failure failure;
};

/* From u0 over [start, end] in `segments` equal parts, each one advance (the propagator was divided
 * by them). emit is called after each. stop: between segments, NULL: nowhere. Returns as parareal.
 */
int serial(struct spt *run, struct propagator *g, long segments, double growth, double start,
           double end, const double *u0, parareal_emit *emit, void *context, struct stop *stop,
           struct serial_report *report);

struct serial_params {
    struct node *propagator;
    double growth;
};
extern const struct schema serial_schema;

#endif
