// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What kinds of networks are made with: nn/fno.c, nn/mlp.c. */
#ifndef SPT_NETWORK_PRIVATE_H
#define SPT_NETWORK_PRIVATE_H

#include "nn/network.h"

extern const struct network_type fno_type, mlp_type;
extern const char *const precision_names[], *const predict_names[]; /* by enum */

/* the index in a list that ends with NULL, of a name that is in it */
int network_choice(const char *const *names, const char *name);

/* Takes the layer over, with the status of its creation: passed through, so that calls chain. */
int network_append(struct network *n, int status, struct layer *l);
/* The layers since the last stage (or the first) become a stage. */
void network_stage(struct network *n, const char *name);

/* The codec sees differences at these distances. 0, or -EINVAL after an error line about `stencil` in config */
int network_stencil(struct network *n, const struct ints *distances, const struct node *config);

/* pointwise layers in -> hidden[0] -> ... -> out, named prefix.0, ...; act after all but the last */
int network_append_mlp(struct network *n, const char *prefix, size_t in, const struct ints *hidden, size_t out,
                       size_t points, enum activation act);

#endif
