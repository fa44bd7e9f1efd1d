// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "drivers/study.h"
#include "problems/sdc.h"

static bool is_sdc(const struct node *entry)
{
    const char *name = config_name(entry);
    return name && strcmp(name, sdc_stepper_type.name) == 0;
}

static int find(const struct stepper_type **type, const struct node *entry)
{
    const char *known[64], *name = config_name(entry);
    size_t n = 0;
    for (; stepper_types[n]; n++)
        known[n] = stepper_types[n]->name;
    if (!name)
        return config_key_error(entry, "name",
                                "expected the name of a one-step propagator, for example sdc");
    *type = is_sdc(entry) ? &sdc_stepper_type : stepper_type_find(name);
    known[n] = sdc_stepper_type.name;
    known[n + 1] = NULL;
    return *type ? 0 : config_unknown(config_child(entry, "name"), "scheme", name, known);
}

/* a value of an entry, "" where it is the default */
static const char *said(const struct node *entry, const char *map, const char *key)
{
    const char *text = config_text(map ? config_child(entry, map) : entry, key);
    return text ? text : "";
}

/* What tells an SDC entry from the others: its preconditioner, and what is not the same in all. */
static void name_sdc(char label[SCHEME_LABEL], const struct node *entry, const struct nodes *all)
{
    static const struct {
        const char *map, *key, *form, *none;
    } parts[] = {
        { "nodes", "count", ", %s nodes", "4" },
        { "nodes", "type", ", %s", "legendre" },
        { "nodes", "quadrature", ", %s", "radau_right" },
        { NULL, "preconditioner_explicit", ", %s", "PIC" },
        { NULL, "initial_guess", ", %s", "copy" },
        { NULL, "quadrature_update", ", update %s", "false" },
        { NULL, "sweeps", ", %s sweeps", "4" },
        { NULL, "tolerance", ", tolerance %s", "0" },
        { "adaptive", "tolerance", ", adaptive %s", "0" },
    };
    const char *preconditioner = said(entry, NULL, "preconditioner");
    snprintf(label, SCHEME_LABEL, "%s", *preconditioner ? preconditioner : "MIN-SR-FLEX");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *mine = said(entry, parts[i].map, parts[i].key);
        bool differs = false;
        for (size_t j = 0; j < all->n; j++)
            differs |=
                is_sdc(all->v[j]) && strcmp(mine, said(all->v[j], parts[i].map, parts[i].key)) != 0;
        const size_t at = strlen(label);
        if (differs)
            snprintf(label + at, SCHEME_LABEL - at, parts[i].form, *mine ? mine : parts[i].none);
    }
}

int scheme_find(struct scheme *s, const struct node *entry)
{
    *s = (struct scheme){ .config = entry };
    const int err = find(&s->type, entry);
    if (!err)
        snprintf(s->label, SCHEME_LABEL, "%s", config_name(entry));
    return err;
}

int scheme_steps(const struct node *entry, const char *of, long *steps)
{
    const char *text = config_text(entry, "steps");
    char *end;
    *steps = text ? strtol(text, &end, 10) : 0;
    if (!text || *end || *steps < 1)
        return config_key_error(entry, "steps", "expected the number of steps %s", of);
    return 0;
}

int schemes_create(struct schemes *s, const struct node *config, const struct nodes *entries,
                   const struct ints *sweeps)
{
    static const char *const not_here[] = { "steps", "granularity", "where", NULL };
    *s = (struct schemes){ .rows = (int)entries->n, .columns = 1 };
    if (entries->n == 0)
        return config_key_error(config, "schemes", "expected at least one scheme");
    if (!(s->v = calloc(entries->n * (sweeps->n + 1), sizeof *s->v)))
        return log_error(-ENOMEM, "out of memory");
    for (size_t i = 0; i < entries->n; i++) {
        const struct node *entry = entries->v[i];
        const size_t columns = is_sdc(entry) && sweeps->n ? sweeps->n : 1;
        struct scheme one = { .config = entry, .row = (int)i };
        int err = find(&one.type, entry);
        for (int k = 0; not_here[k] && !err; k++)
            if (config_child(entry, not_here[k]))
                err = config_key_error(entry, not_here[k], "not a key of a scheme in a study");
        if (!err && sweeps->n && config_child(entry, "sweeps"))
            err = config_key_error(entry, "sweeps",
                                   "expected sweeps in the study or in its schemes, not in both");
        if (err)
            return err;
        if (is_sdc(entry))
            name_sdc(one.label, entry, entries);
        else
            snprintf(one.label, SCHEME_LABEL, "%s", config_name(entry));
        for (size_t k = 0; k < columns; k++) {
            one.column = (int)k;
            one.sweeps = is_sdc(entry) && sweeps->n ? sweeps->v[k] : 0;
            s->v[s->n++] = one;
        }
        if ((int)columns > s->columns)
            s->columns = (int)columns;
    }
    return 0;
}

void schemes_free(struct schemes *s)
{
    free(s->v);
    s->v = NULL;
    s->n = 0;
}

int scheme_stepper(struct stepper **out, const struct scheme *s, struct problem *p)
{
    struct node *config = config_copy(s->config);
    char text[32];
    int err = 0;
    snprintf(text, sizeof text, "%ld", s->sweeps);
    *out = NULL;
    if (s->sweeps)
        err = config_node_set(config, "sweeps", text);
    return err ? err : s->type->create(out, s->type, p, config);
}

const char *scheme_text(const struct scheme *s, char text[SCHEME_LABEL + 32])
{
    if (s->sweeps)
        snprintf(text, SCHEME_LABEL + 32, "%s, K = %ld", s->label, s->sweeps);
    else
        snprintf(text, SCHEME_LABEL + 32, "%s", s->label);
    return text;
}
