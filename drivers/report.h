// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* summary.json (docs/summary.md) and what the user reads at the end of a run. */
#ifndef SPT_DRIVERS_REPORT_H
#define SPT_DRIVERS_REPORT_H

#include <jansson.h>

#include "core/trace.h"
#include "drivers/observe.h"
#include "tasks/serial.h"

struct outcome {
    const char *status; /* converged, finished, diverged, failed, interrupted */
    double wall_seconds;
    int cpu, cuda;                                   /* workers over all ranks */
    const struct parareal_options *parareal_options; /* NULL: serial */
    const struct parareal_report *parareal;
    const struct serial_report *serial;
    const struct failure *failure;
    const struct trace *trace; /* NULL: not traced */
    size_t bus_bytes;
    double starpu_bound; /* seconds; 0 or NAN: not known */
    const struct work_count *work;
    const struct spt *run;
};

/* one line for each network some of whose steps were not as they should be */
void report_networks(const struct spt *run);
/* bound = min(P/K, Tf/Tc) and model = 1/((1 + K/P) Tc/Tf + K/P) (arXiv 2303.03848, eq. 8) with P
 * slices; K = 0: bound Tf/Tc */
double speedup_bound(double P, double K, double Tf, double Tc);
double speedup_model(double P, double K, double Tf, double Tc);

json_t *report_summary(const struct outcome *r, struct config *c, const struct observer *o);
/* its key `scheduler`, from trace, bus_bytes and run alone; NULL: out of memory */
json_t *report_scheduler(const struct outcome *r);
/* DIR/trace/; 0 or -errno after an error line */
int report_trace(const struct trace *t, const char *dir);
int report_write(json_t *summary,
                 const char *dir); /* summary.json; 0 or -errno after an error line */
/* the same for people, from the same object */
void report_print(const json_t *summary, const char *dir);

#endif
