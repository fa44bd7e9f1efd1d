// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of core/results.c share: one row of `struct format` per kind of file. */
#ifndef SPT_RESULTS_FORMAT_H
#define SPT_RESULTS_FORMAT_H

#include <stdint.h>

#include "core/results.h"

enum { RESULT_FORMAT = 1, RESULT_NAME = 128 };
enum { FIELDS, REFERENCE, SETS };

/* what is in a file, whatever its format */
struct result {
    const char *problem;
    const struct grid *g;
    const struct snapshot *s;
    size_t count;
    bool reference; /* of every snapshot */
};

struct result_format {
    const char *name, *magic; /* magic: the first 8 bytes */
    /* path is the temporary one, shown that in error lines; *base: offset of the first array if
     * raw, else 0. 0 or -errno after an error line */
    int (*write)(const char *path, const char *shown, const struct result *r, size_t *base);
    /* what was allocated in d on failure is freed by the caller. 0 or -errno after an error line */
    int (*read)(struct results_data *d, const char *path);
};
extern const struct result_format result_hdf5, result_raw;

/* the view of the file `data` for ParaView; base as from write */
int xdmf_write(const char *path, const char *shown, const struct result *r, const char *data,
               size_t base);

extern const char *const result_sets[SETS]; /* "fields", "reference" */
const double *result_set(const struct snapshot *s, int set);
size_t result_block(const struct grid *g); /* doubles of one component in one state */
const char *result_axis(const struct grid *g, int a);
const char *result_component(const struct grid *g, int c, char buffer[RESULT_NAME]);
const char *result_link(const char *name, char buffer[RESULT_NAME]); /* without slashes */

/* the checksum of n 64-bit words behind those whose checksum is sum */
uint64_t result_checksum(uint64_t sum, const void *words, size_t n);

/* the arrays of d, for its shape and count. 0 or -ENOMEM */
int result_allocate(struct results_data *d, bool reference);

/* bounds of what a damaged or foreign file may claim; *doubles: all numbers in it */
bool result_plausible(const struct results_data *d, bool reference, uint64_t *doubles);

#endif
