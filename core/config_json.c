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

bool config_difference(const json_t *was, const json_t *is, const struct node *at,
                       const struct node **where, const json_t **old)
{
    const char *key;
    json_t *value;
    if (json_is_object(was) && json_is_object(is)) {
        json_object_foreach((json_t *)is, key, value)
        {
            const struct node *child = at && at->kind == NODE_MAP ? config_child(at, key) : NULL;
            if (config_difference(json_object_get(was, key), value, child ? child : at, where, old))
                return true;
        }
        json_object_foreach((json_t *)was, key, value)
        {
            if (!json_object_get(is, key)) {
                *where = at;
                *old = value;
                return true;
            }
        }
        return false;
    }
    if (json_is_array(was) && json_is_array(is) && json_array_size(was) == json_array_size(is)) {
        for (size_t i = 0; i < json_array_size(is); i++)
            if (config_difference(
                    json_array_get(was, i), json_array_get(is, i),
                    at && at->kind != NODE_SCALAR && i < at->count ? at->child[i] : at, where, old))
                return true;
        return false;
    }
    if (was && (json_equal(was, is) || (json_is_number(was) && json_is_number(is) &&
                                        json_number_value(was) == json_number_value(is))))
        return false;
    *where = at;
    *old = was;
    return true;
}
