// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/stepper.h"

#include <string.h>

#include "problems/steppers.h"

const char *const stepper_also[] = { "name", "steps", "granularity", "where", NULL };

static const struct param none[] = { { NULL } };
static const struct schema no_keys = { "stepper", "no keys of its own", none };

/* one row per scheme: a name, what it is, its keys, how it is made */
#define ROW(name, help, keys, create)                                                              \
    &(const struct stepper_type)                                                                   \
    {                                                                                              \
        name, help, keys, create                                                                   \
    }
#define RUNGE_KUTTA(name, help) ROW(name, help, &no_keys, runge_kutta_create)

const struct stepper_type *const stepper_types[] = {
    RUNGE_KUTTA("explicit_euler", "order 1, explicit"),
    RUNGE_KUTTA("implicit_euler", "order 1, L-stable"),
    ROW("crank_nicolson", "order 2, A-stable; the trapezoidal rule", &crank_nicolson_schema,
        runge_kutta_create),
    RUNGE_KUTTA("rk4", "order 4, explicit; the classical one"),
    RUNGE_KUTTA("sdirk2", "order 2, L-stable, 2 solves"),
    RUNGE_KUTTA("esdirk43", "order 4, L-stable, 5 solves; Kennedy, Carpenter (2016)"),
    RUNGE_KUTTA("esdirk53", "order 5, L-stable, 5 solves; Kennedy, Carpenter (2016)"),
    RUNGE_KUTTA("rk222", "order 2, IMEX, 2 solves; Ascher, Ruuth, Spiteri (1997)"),
    RUNGE_KUTTA("rk443", "order 3, IMEX, 4 solves; Ascher, Ruuth, Spiteri (1997)"),
    RUNGE_KUTTA("ark548", "order 5, IMEX, 7 solves; Kennedy, Carpenter (2019)"),
    ROW("douglas_adi", "order 2 without mixed derivatives and with theta = 1/2, else 1; splitting",
        &douglas_adi_schema, adi_create),
    ROW("mcs_adi", "order 2, modified Craig-Sneyd splitting", &mcs_adi_schema, adi_create),
    ROW("lod",
        "order 1, locally one-dimensional implicit Euler; damps what is stiff in any direction",
        &lod_schema, adi_create),
    ROW("exact", "the exact flow of a linear problem as discretised in space", &no_keys,
        exact_create),
    NULL,
};

const struct stepper_type *stepper_type_find(const char *name)
{
    for (int i = 0; stepper_types[i]; i++)
        if (!strcmp(stepper_types[i]->name, name))
            return stepper_types[i];
    return NULL;
}

void stepper_destroy(struct stepper **s)
{
    if (*s)
        (*s)->destroy(*s);
    *s = NULL;
}
