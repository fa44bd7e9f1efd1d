// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* DIR/checkpoint.h5: what a run needs to go on, written whole or not at all. A text, and rows of
 * doubles:
 *     /text       a string, JSON by convention
 *     /states     (rows, n)
 *     /snapshots  (rows, n)
 * with the attributes `format`, `version` and `rows` on the root, and `checksum` (64 bits, of the
 * shape too) on each of the three. Without HDF5 all that can fail does, after an error line. */
#ifndef SPT_CHECKPOINT_H
#define SPT_CHECKPOINT_H

#include <stddef.h>

struct checkpoint;

enum checkpoint_array { CHECKPOINT_STATES, CHECKPOINT_SNAPSHOTS, CHECKPOINT_ARRAYS };

/* For writing: the earlier one stays as it is until the commit. 0 or -errno after an error line,
 * as the other functions. */
int checkpoint_create(struct checkpoint **c, const char *dir);
/* begins an array, each once; without rows there is none in the file */
int checkpoint_array(struct checkpoint *c, enum checkpoint_array a, size_t rows, size_t n);
int checkpoint_put(struct checkpoint *c, const double *row); /* the next row of that array */
/* fsync, rename, fsync of the folder, and close, also where that fails */
int checkpoint_commit(struct checkpoint **c, const char *text);

/* For reading, with all checksums verified: -ENOENT if there is none, -EINVAL for another format,
 * -EIO if it is damaged */
int checkpoint_open(struct checkpoint **c, const char *dir);
const char *checkpoint_text(const struct checkpoint *c);
size_t checkpoint_rows(const struct checkpoint *c, enum checkpoint_array a);
/* -EINVAL if the array is not as large or its rows are not of n */
int checkpoint_get(struct checkpoint *c, enum checkpoint_array a, size_t row, size_t n, double *u);

/* NULL is accepted; what was written without a commit is removed */
void checkpoint_close(struct checkpoint **c);

#endif
