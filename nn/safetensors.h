// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of named tensors in the safetensors format (docs/networks.md): a length, a JSON header, the values. */
#ifndef SPT_SAFETENSORS_H
#define SPT_SAFETENSORS_H

#include "nn/layer.h"

enum { SAFETENSORS_DIMS = 8 };

struct safetensor {
    const char *name;
    enum dtype dtype;
    int dims;
    size_t shape[SAFETENSORS_DIMS], count; /* count: reals */
    const void *data;                      /* (count) reals, row-major; 64-byte aligned when read */
};

struct safetensors;

/* Reads a file and checks everything: sizes, offsets without holes and overlaps, finite values. F32 and F64; C64 as F32
 * with a last axis of 2. Tensors named in `ignore` (ends with NULL, may be NULL) may be of any dtype and are left out. 0,
 * or -errno (a defect: -EINVAL) after one error line that names the file, and the tensor or offset. */
int safetensors_open(struct safetensors **s, const char *path, const char *const *ignore);
/* The same from memory; `name` stands in error lines. */
int safetensors_parse(struct safetensors **s, const char *name, const void *bytes, size_t size,
                      const char *const *ignore);
void safetensors_close(struct safetensors **s); /* accepts NULL inside */

/* count tensors, in the order of the data */
const struct safetensor *safetensors_tensors(const struct safetensors *s, size_t *count);
const struct safetensor *safetensors_find(const struct safetensors *s, const char *name); /* or NULL */
const char *safetensors_meta(const struct safetensors *s, const char *key);               /* or NULL */

/* Writes a file whole or not at all, synced. meta: pairs key, value, ends with NULL; may be NULL. Names are different, and
 * not __metadata__. 0, -EINVAL if a value is not finite, or -errno, after one error line. */
int safetensors_write(const char *path, const struct safetensor *t, size_t count, const char *const *meta);

/* "(16, 2, 12)" */
enum { SAFETENSORS_SHAPE = 24 * SAFETENSORS_DIMS };
const char *safetensors_shape(char text[SAFETENSORS_SHAPE], int dims, const size_t *shape);

#endif
