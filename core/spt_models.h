// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What StarPU has measured of codelets, in the files of its performance models. */
#ifndef SPT_MODELS_H
#define SPT_MODELS_H

#include <stddef.h>
#include <stdint.h>

enum { SPT_MODEL_SYMBOL = 64 };

/* tasks of one footprint on one kind of worker */
struct spt_model {
    char worker[32]; /* "cpu0_impl0", as StarPU names it */
    uint32_t footprint;
    unsigned samples;
    size_t bytes;
    double mean, deviation; /* seconds */
};

/* For a program that does not start StarPU; reads STARPU_HOME and its like. */
void spt_models_open(void);
/* Where they lie, to be freed; NULL: not known. */
char *spt_models_folder(void);
/* Those of the newest version of a codelet's symbol, spt_NAME_vN, on this host: none if nothing has
 * been measured. The caller frees. 0 or -ENOMEM */
int spt_models_read(const char *codelet, struct spt_model **list, size_t *n);

#endif
