// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Shared by the files core/spt*.c. */
#ifndef SPT_SPT_PRIVATE_H
#define SPT_SPT_PRIVATE_H

#include "core/spt.h"

struct data;
int64_t spt_tag(starpu_data_handle_t h); /* -1: none of the pool's, scratch */
void spt_forget_data(struct spt *run);   /* at the end: no task may be under way */
void spt_forget_networks(struct spt *run);
bool spt_cancelled(const struct spt_meta *m);

#endif
