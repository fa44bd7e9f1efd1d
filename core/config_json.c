// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/config_json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/node.h"

static json_t *scalar(const struct node *n)
{
    char *end;
    if (n->quoted)
        return json_string(n->value);
    if (node_is_null(n))
        return json_null();
    if (strcmp(n->value, "true") == 0 || strcmp(n->value, "false") == 0)
        return json_boolean(n->value[0] == 't');
    errno = 0;
    const long long i = strtoll(n->value, &end, 10);
    if (*end == 0 && errno == 0)
        return json_integer(i);
    const double r = strtod(n->value, &end);
    if (*end == 0 && isfinite(r))
        return json_real(r);
    return json_string(n->value);
}

json_t *config_json(const struct node *n)
{
    if (n->kind == NODE_SCALAR)
        return scalar(n);
    json_t *j = n->kind == NODE_MAP ? json_object() : json_array();
    for (size_t i = 0; i < n->count; i++)
        if (n->kind == NODE_MAP)
            json_object_set_new(j, n->child[i]->key, config_json(n->child[i]));
        else
            json_array_append_new(j, config_json(n->child[i]));
    return j;
}
