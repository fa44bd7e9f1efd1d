// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tasks of networks share: codelets/network.c, encode.c, layer.c, decode.c, accept.c. */
#ifndef SPT_CODELETS_NETWORK_H
#define SPT_CODELETS_NETWORK_H

#include <string.h>

#include "codelets/codelets.h"
#include "core/vec.h"

enum { CODELET_NETWORK_WORK = 8 }; /* for network_check */

/* the cost of a network's tasks depends on its architecture */
static inline uint32_t network_footprint(struct starpu_task *task, const struct network_step *s)
{
    const char *text = s->neural.network->description;
    return starpu_hash_crc32c_be_n(text, strlen(text), starpu_task_data_footprint(task));
}

/* notes values of v that are not finite; flag: CODELET_NETWORK_WORK doubles of scratch on the
 * device of x */
static inline void network_check(const struct spt_meta *m, const char *codelet,
                                 const struct exec *x, size_t n, const double *v, double *flag)
{
    vec_nonfinite(x, n, v, flag);
    if (x->dev == DEV_CPU &&
        *flag != 0.0) /* on a GPU nothing is known yet: the increment finds it */
        spt_note_failure(m, codelet, FAILURE_NONFINITE);
}

#endif
