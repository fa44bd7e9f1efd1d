// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tasks/propagator.h"

#include <errno.h>
#include <string.h>

const struct propagator_type *const propagator_types[] = { &coarsen_type, &trained_network_type,
                                                           &parareal_type, &sdc_type, NULL };

int propagator_create(struct propagator **g, struct spt *run, struct problem *p,
                      struct node *problem, struct node *config)
{
    const char *known[64], *name = config_name(config);
    size_t n = 0;
    *g = NULL;
    sdc_guesser_create = guess_create;
    if (!name)
        return config_error(config, "expected key 'name'");
    for (size_t i = 0; stepper_types[i]; i++) {
        if (strcmp(stepper_types[i]->name, name) == 0)
            return stepping_create(g, run, p, stepper_types[i], config);
        known[n++] = stepper_types[i]->name;
    }
    for (size_t i = 0; propagator_types[i]; i++) {
        if (strcmp(propagator_types[i]->name, name) == 0)
            return propagator_types[i]->create(g, run, p, problem, config);
        known[n++] = propagator_types[i]->name;
    }
    known[n] = NULL;
    return config_unknown(config_child(config, "name"), "propagator", name, known);
}

int propagator_check(struct propagator *g, struct interval whole)
{
    return g->check ? g->check(g, whole) : 0;
}

void propagator_destroy(struct propagator **g)
{
    if (*g)
        (*g)->destroy(*g);
    *g = NULL;
}
