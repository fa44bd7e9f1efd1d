// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The output folder of a run: result.h5 (+ result.xmf for ParaView), written whole or not at all. */
#ifndef SPT_RESULTS_H
#define SPT_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/grid.h"

/* Makes DIR (and its parents). -EEXIST after an error line if it already holds results and overwrite is false; -errno
 * after an error line if it cannot be written to. With overwrite, the results of an earlier run in it are removed. */
int results_prepare(const char *dir, bool overwrite);

/* The same for a folder whose run goes on: it has to be there; half-written files of a killed one are removed. */
int results_resume(const char *dir);

/* A file being written next to its final name; becomes visible by results_commit: fsync, rename, fsync of the folder. */
struct results_file;
int results_create(struct results_file **f, const char *dir, const char *name);
const char *results_path(const struct results_file *f); /* the temporary path, to be opened by name */
int results_commit(struct results_file **f);            /* 0 or -errno after an error line */
void results_abandon(struct results_file **f);

struct snapshot { double time; const double *u; const double *reference; }; /* reference may be NULL */

/* result.h5: /grid/<axis> coordinates, /time (count), /fields/<name> (count, shape...) [complex: last axis 2],
 * /reference/<name> likewise if every snapshot has one, attributes version and problem on the root; checksummed
 * (fletcher32). result.xmf beside it. Without HDF5: result.bin (the same arrays, raw doubles) and result.xmf pointing into it.
 * 0 or -errno after an error line. */
int results_write(const char *dir, const char *problem, const struct grid *g, const struct snapshot *s, size_t count);

/* What results_write wrote, read back; caller frees by results_data_free. 0 or -errno after an error line. */
struct results_data {
    char problem[64];
    struct grid grid;
    size_t count;
    double *time;      /* (count) */
    double *fields;    /* (count, grid_doubles) */
    double *reference; /* the same, or NULL */
};
int results_read(struct results_data *d, const char *path); /* a run's folder, or a result.h5 / result.bin */
void results_data_free(struct results_data *d);

#endif
