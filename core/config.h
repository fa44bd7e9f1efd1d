// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Configurations: a YAML tree with line marks, bound to C structs by tables (schemas).
 *
 * A schema is the single source for parsing, defaults, ranges, error lines, the effective config that a run writes
 * down, `starpint list` and docs/configuration.md. */
#ifndef SPT_CONFIG_H
#define SPT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct node; /* of the tree; owned by its config */
struct config;

struct reals { double *v; size_t n; };
struct ints { long *v; size_t n; };
struct complexes { double *v; size_t n; }; /* n pairs (re, im) */
struct nodes { struct node **v; size_t n; };
struct strings { const char **v; size_t n; };

enum param_type {
    P_INT,       /* long */
    P_REAL,      /* double; also 1e-8, inf; never nan */
    P_BOOL,      /* bool: true, false */
    P_STRING,    /* const char * */
    P_CHOICE,    /* const char *: one of choices */
    P_INT_AUTO,  /* long: `auto` gives -1 */
    P_INTS,      /* struct ints: a number or a list of numbers */
    P_REALS,     /* struct reals: a number or a list of numbers */
    P_COMPLEXES, /* struct complexes: [re, im], or a list of such; a bare number is [number, 0] */
    P_MAP,       /* a C struct embedded at the offset, bound by sub; missing in the file: all defaults */
    P_NODE,      /* struct node *: bound later by a schema chosen by its key `name`; NULL if absent and optional */
    P_NODES,     /* struct nodes: a list of such */
    P_STRINGS    /* struct strings: a string or a list of strings */
};

struct schema;

struct param {
    const char *key;
    enum param_type type;
    size_t offset;
    const char *def;             /* default as YAML text; NULL: required; "": optional without default (NULL, n = 0, else untouched) */
    double min, max;             /* for every number in it; both 0: unbounded; INFINITY: on that side */
    bool open_min, open_max;     /* the end itself is excluded */
    const char *const *choices;  /* P_CHOICE: ends with NULL */
    const struct schema *sub;    /* P_MAP */
    const char *unit, *help;     /* unit may be NULL */
};

struct schema {
    const char *name;            /* "problem: heat", "time" */
    const char *help;
    const struct param *params;  /* ends with a NULL key */
};

/* Reads FILE ("-": standard input). 0, or -EINVAL after one error line: FILE:LINE: what, expected, nearest. */
int config_read(struct config **c, const char *file);
/* From text, for tests; `file` is the name in error lines. */
int config_parse(struct config **c, const char *file, const char *text);
/* `path.to.key=value` (list indices count from 0: observe.0.name=x); value is YAML. Creates what is missing. */
int config_set(struct config *c, const char *assignment);
struct node *config_root(struct config *c);
const struct node *config_top(const struct node *n); /* the root of the config that a node is of */
void config_destroy(struct config **c);

/* Fills *out from a map node: checks every key (unknown: nearest name), type and range, and writes the defaults into the
 * tree. Keys listed in `also` (NULL-terminated, may be NULL) are left alone. Arrays and strings belong to the config.
 * 0, or -EINVAL after one error line. */
int config_bind(const struct node *map, const struct schema *s, const char *const *also, void *out);

/* the value of a scalar key of a map node, or NULL */
const char *config_text(const struct node *map, const char *key);
/* the same of the key `name` */
const char *config_name(const struct node *map);
/* a child by key, or NULL */
struct node *config_child(const struct node *map, const char *key);
/* a deep copy inside the same config, to be changed by config_node_set without changing the original */
struct node *config_copy(const struct node *n);
int config_node_set(struct node *map, const char *key, const char *yaml);

/* One error line `FILE:LINE: path.to.key: message`; always returns -EINVAL. at may be NULL. */
int config_error(const struct node *at, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for a key of a map (at the key's line if it is there). */
int config_key_error(const struct node *map, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* -EINVAL after: FILE:LINE: path: unknown WHAT 'NAME', did you mean 'NEAREST'? (known: a, b, c) */
int config_unknown(const struct node *at, const char *what, const char *name, const char *const *known);

/* the nearest of `known` (NULL-terminated) by edit distance, or NULL if none is near */
const char *config_nearest(const char *name, const char *const *known);

/* Writes the tree as YAML: block style for maps, flow style for short leaves; numbers as the user wrote them. 0, or
 * -EIO, -ENOMEM without an error line: the caller knows the file's name. */
int config_write(const struct config *c, FILE *out);

/* Writes a schema as a Markdown table: key, type, default, range, unit, meaning. */
void schema_document(const struct schema *s, FILE *out);

#endif
