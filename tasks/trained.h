// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What a file of weights says besides its tensors, and whether it fits a run. */
#ifndef SPT_TRAINED_H
#define SPT_TRAINED_H

#include "codelets/neural.h"
#include "core/config.h"
#include "nn/safetensors.h"

struct trained {
    const char *path;
    struct safetensors *file;
    struct config *config; /* of the problem */
    struct problem *problem;
};

/* 0 or -errno after an error line; to be closed in any case */
int trained_open(struct trained *t, const char *path);
void trained_close(struct trained *t);

/* count numbers of the metadata, as a JSON list; 1 if the key is there, else 0, -EINVAL after an
 * error line */
int trained_numbers(const struct trained *t, const char *key, int count, double *v);
/* what a network cannot be used across: 0, or -EINVAL after an error line about config */
int trained_check(const struct trained *t, const struct problem *p, const struct node *config);
/* how well a network does on problems that it was not trained for is worth to know: they are said,
 * not refused. 0 or -ENOMEM */
int trained_warn(const struct trained *t, const struct node *problem);
/* The network with its parameters, a constant of the devices; s: its problem is set, the rest is
 * filled; length of its step. 0 or -errno after an error line */
int trained_load(const struct trained *t, struct neural *s, struct network **network,
                 double *length);
void trained_unload(struct network **n); /* accepts NULL inside */

#endif
