// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What the rows of stepper_types are made of. */
#ifndef SPT_STEPPERS_H
#define SPT_STEPPERS_H

#include "problems/stepper.h"

/* keys of a propagator that are not the stepper's */
extern const char *const stepper_also[];

int runge_kutta_create(struct stepper **s, const struct stepper_type *type, struct problem *p,
                       struct node *config);
extern const struct schema crank_nicolson_schema;

int adi_create(struct stepper **s, const struct stepper_type *type, struct problem *p,
               struct node *config);
extern const struct schema douglas_adi_schema, lod_schema, mcs_adi_schema;

int exact_create(struct stepper **s, const struct stepper_type *type, struct problem *p,
                 struct node *config);

/* A Butcher table, or an explicit and an implicit one with the same abscissae. */
enum { RK_STAGES = 8 };
struct tableau {
    const char *name;
    int stages, order;
    double c[RK_STAGES];
    double ai[RK_STAGES][RK_STAGES],
        bi[RK_STAGES]; /* implicit, lower triangular; all 0: an explicit scheme */
    double ae[RK_STAGES][RK_STAGES],
        be[RK_STAGES]; /* explicit, strictly lower; all 0: an implicit scheme */
};
extern const struct tableau runge_kutta_tables[]; /* ends with a NULL name */

#endif
