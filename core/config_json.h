// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef SPT_CONFIG_JSON_H
#define SPT_CONFIG_JSON_H

#include <jansson.h>

#include "core/config.h"

/* The tree as JSON: plain scalars by YAML's core schema (null, true, false, integers, reals), others strings; numbers
 * that JSON lacks (inf) are strings. A new reference. */
json_t *config_json(const struct node *n);

/* Whether two trees differ, numbers by value. Then *where is the node of the first difference, below `at`, the node of
 * `is`, and *old the value in `was`, NULL if there is none. */
bool config_difference(const json_t *was, const json_t *is, const struct node *at, const struct node **where,
                       const json_t **old);

#endif
