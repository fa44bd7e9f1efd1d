// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef SPT_CONFIG_JSON_H
#define SPT_CONFIG_JSON_H

#include <jansson.h>

#include "core/config.h"

/* The tree as JSON: plain scalars by YAML's core schema (null, true, false, integers, reals), others strings; numbers
 * that JSON lacks (inf) are strings. A new reference. */
json_t *config_json(const struct node *n);

#endif
