// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/problem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "problems/problems.h"

const struct problem_type *const problem_types[] = {
    &advection_type,
    &allen_cahn_type,
    &allen_cahn_2d_type,
    &black_scholes_type,
    &black_scholes_2d_type,
    &burgers_type,
    &dahlquist_type,
    &gray_scott_type,
    &heat_type,
    &lorenz_type,
    &prothero_robinson_type,
    &rayleigh_benard_type,
    &van_der_pol_type,
    NULL,
};

static const struct problem_type *find(const char *name)
{
    for (int i = 0; problem_types[i]; i++)
        if (!strcmp(problem_types[i]->name, name))
            return problem_types[i];
    return NULL;
}

int problem_create(struct problem **p, struct node *config)
{
    enum { MAX_TYPES = sizeof problem_types / sizeof *problem_types };
    const char *name = config_name(config), *known[MAX_TYPES];
    *p = NULL;
    for (int i = 0; i < MAX_TYPES; i++)
        known[i] = problem_types[i] ? problem_types[i]->name : NULL;
    if (!name)
        return config_key_error(config, "name", "expected the name of a problem, for example %s",
                                known[0]);
    const struct problem_type *type = find(name);
    if (!type)
        return config_unknown(config_child(config, "name"), "problem", name, known);
    return type->create(p, config);
}

int problem_create_coarse(struct problem **p, struct node *config, long factor)
{
    *p = NULL;
    struct problem *fine;
    int err = problem_create(&fine, config); /* also writes the default grid into the config */
    if (err)
        return err;
    char text[128];
    int at = snprintf(text, sizeof text, "[");
    if (!config_child(config, "grid"))
        err = config_error(config, "problem %s has no grid to coarsen", fine->name);
    const struct grid *grid = problem_shown(fine);
    for (int a = 0; a < grid->dims && !err; a++) {
        const bool periodic = grid->periodic[a] || fine->fields;
        const long points = (long)grid->shape[a], cells = periodic ? points : points - 1;
        if (factor < 1 || cells % factor || cells / factor < 1)
            err = config_key_error(config, "grid",
                                   "cannot be coarsened by %ld: expected %s that it divides, "
                                   "but axis %d has %ld",
                                   factor, periodic ? "points" : "cells (points - 1)", a, cells);
        else
            at += snprintf(text + at, sizeof text - (size_t)at, "%s%ld", a ? ", " : "",
                           cells / factor + (periodic ? 0 : 1));
    }
    snprintf(text + at, sizeof text - (size_t)at, "]");
    if (grid->dims == 1) { /* a plain number suits problems that are always one-dimensional */
        text[at] = '\0';
        memmove(text, text + 1, (size_t)at);
    }
    problem_destroy(&fine);
    if (!err)
        err = config_node_set(config, "grid", text);
    return err ? err : problem_create(p, config);
}

void problem_destroy(struct problem **p)
{
    if (*p)
        (*p)->destroy(*p);
    *p = NULL;
}

int problem_show(const struct problem *p, double t, const double *u, double *v)
{
    if (!p->fields) {
        memcpy(v, u, p->n * sizeof *v);
        return 0;
    }
    double *work = aligned_alloc(64, exec_round(p->fields->nwork) * sizeof *work);
    if (!work)
        return -ENOMEM;
    const struct exec x = exec_host(work, p->fields->nwork);
    const int failed = p->fields->show(p, &x, t, u, v);
    free(work);
    return failed;
}
