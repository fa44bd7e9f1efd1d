// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What the writers of HDF5 files share; in core/results_hdf5.c. */
#ifndef SPT_HDF5_FILE_H
#define SPT_HDF5_FILE_H

#include <hdf5.h>

/* HDF5 says nothing on stderr until *print and *data are set again; properties to open a file with,
 * whose closing closes all in it. To be closed. */
hid_t hdf5_begin(H5E_auto2_t *print, void **data);
/* One line with the innermost reason HDF5 gives; -EIO. To be called before any other call of HDF5.
 */
int hdf5_error(const char *path, const char *what);

/* doubles in chunks of at most 4 MiB, each with its checksum; the first `each` axes are cut to 1 */
hid_t hdf5_dataset(hid_t parent, const char *name, int rank, const hsize_t *dims, int each);

/* An attribute of n numbers or strings of fixed length; n = 0: a scalar. 0, -EIO or -ENOMEM */
int hdf5_put_numbers(hid_t object, const char *name, hid_t disk, hid_t memory, const void *v,
                     size_t n);
int hdf5_put_strings(hid_t object, const char *name, const char *const *s, size_t n);
int hdf5_get_numbers(hid_t object, const char *name, hid_t memory, void *v, size_t n);

#endif
