// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The tree behind config.h, private to config.c and schema.c. Whatever is allocated lives as long
 * as its config. */
#ifndef SPT_NODE_H
#define SPT_NODE_H

#include "core/config.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    struct config *config;
    enum node_kind kind;
    const char *file; /* where it was said: a file, or "--set path=value" */
    int line;         /* of the key in a map, else of the value; 0: not in a file */
    struct node *parent;
    const char *key;     /* in the parent: its key, or its index in a list; NULL at the root */
    const char *value;   /* of a scalar */
    bool quoted;         /* the scalar is a string even if it looks like a number */
    struct node **child; /* (count) in the order of the file */
    size_t count, capacity;
};

/* zeroed; aborts where there is no memory */
void *node_alloc(struct config *c, size_t bytes);
struct node *node_new(struct node *parent, const char *key, const char *file, int line);
/* takes the place of the child with the same key, else comes last */
void node_put(struct node *parent, struct node *child);
/* a plain scalar that is empty, `~` or `null` */
bool node_is_null(const struct node *n);

#endif
