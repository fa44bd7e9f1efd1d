// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/checkpoint.h"

#include <errno.h>

#include "core/log.h"
#include "spt_config.h"

#if SPT_HDF5
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/hdf5_file.h"
#include "core/results_format.h"

enum { FORMAT = 1 };

static const char name[] = "checkpoint.h5";
static const char *const names[CHECKPOINT_ARRAYS] = { "states", "snapshots" };

struct array {
    hid_t data;
    size_t rows, n, done;
    uint64_t sum;
};

struct checkpoint {
    struct results_file *out; /* NULL: opened for reading */
    char *path;               /* for error lines */
    hid_t how, file;
    H5E_auto2_t print;
    void *print_data;
    struct array arrays[CHECKPOINT_ARRAYS];
    int current; /* that is being written */
    char *text;
};

static int create(struct checkpoint **c, const char *dir)
{
    *c = calloc(1, sizeof **c);
    if (*c && asprintf(&(*c)->path, "%s/%s", dir, name) < 0) {
        free(*c);
        *c = NULL;
    }
    if (!*c)
        return log_error(-ENOMEM, "%s/%s: out of memory", dir, name);
    (*c)->how = hdf5_begin(&(*c)->print, &(*c)->print_data);
    (*c)->file = -1;
    for (int a = 0; a < CHECKPOINT_ARRAYS; a++)
        (*c)->arrays[a].data = -1;
    return 0;
}

/* the attributes and data of a damaged or full file may fail to close: the file closes them */
static int close_file(struct checkpoint *c)
{
    const int err = c->file >= 0 && H5Fclose(c->file) < 0 ? -EIO : 0;
    c->file = -1;
    return err;
}

static int unwritable(const struct checkpoint *c)
{
    return hdf5_error(c->path, "cannot be written");
}

/* ---------------------------------------------------------------- checksums */

static uint64_t sum_text(const char *text)
{
    const size_t n = strlen(text), words = n / 8;
    uint64_t last = 0, sum = result_checksum(0, &(uint64_t){ n }, 1);
    memcpy(&last, text + 8 * words, n % 8);
    return result_checksum(result_checksum(sum, text, words), &last, 1);
}

static uint64_t sum_shape(const struct array *a)
{
    return result_checksum(0, (const uint64_t[]){ a->rows, a->n }, 2);
}

static int put_sum(hid_t object, uint64_t sum)
{
    return hdf5_put_numbers(object, "checksum", H5T_STD_U64LE, H5T_NATIVE_UINT64, &sum, 0);
}

static bool sum_is(hid_t object, uint64_t sum)
{
    uint64_t found;
    return !hdf5_get_numbers(object, "checksum", H5T_NATIVE_UINT64, &found, 0) && found == sum;
}

/* ---------------------------------------------------------------- rows */

/* a row of an array, from or into u */
static int access_row(struct array *a, size_t row, double *u, bool write)
{
    const hsize_t start[2] = { row, 0 }, count[2] = { 1, a->n };
    const hid_t disk = H5Dget_space(a->data), memory = H5Screate_simple(1, &count[1], NULL);
    if (disk < 0 || memory < 0 ||
        H5Sselect_hyperslab(disk, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
        (write ? H5Dwrite(a->data, H5T_NATIVE_DOUBLE, memory, disk, H5P_DEFAULT, u)
               : H5Dread(a->data, H5T_NATIVE_DOUBLE, memory, disk, H5P_DEFAULT, u)) < 0)
        return -EIO; /* closing would clear the reason */
    H5Sclose(disk);
    H5Sclose(memory);
    return 0;
}

int checkpoint_create(struct checkpoint **c, const char *dir)
{
    int err = create(c, dir);
    if (err)
        return err;
    if ((err = results_create(&(*c)->out, dir, name))) {
        checkpoint_close(c);
        return err;
    }
    H5Pset_sieve_buf_size((*c)->how, 0);
    H5Pset_libver_bounds((*c)->how, H5F_LIBVER_V110, H5F_LIBVER_V110); /* checksums of metadata */
    (*c)->file = H5Fcreate(results_path((*c)->out), H5F_ACC_TRUNC, H5P_DEFAULT, (*c)->how);
    if ((*c)->file < 0) {
        err = unwritable(*c);
        checkpoint_close(c);
    }
    return err;
}

int checkpoint_array(struct checkpoint *c, enum checkpoint_array which, size_t rows, size_t n)
{
    struct array *a = &c->arrays[which];
    *a = (struct array){ .data = -1, .rows = n ? rows : 0, .n = n };
    a->sum = sum_shape(a);
    c->current = which;
    if (a->rows == 0)
        return 0;
    /* contiguous: rows go to the file as they come, and nothing is left to fail in H5Dclose, after
     * which HDF5 crashes when it closes the file */
    const hid_t space = H5Screate_simple(2, (const hsize_t[]){ rows, n }, NULL);
    a->data = H5Dcreate2(c->file, names[which], H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT,
                         H5P_DEFAULT);
    if (a->data < 0)
        return unwritable(c);
    H5Sclose(space);
    return 0;
}

int checkpoint_put(struct checkpoint *c, const double *row)
{
    struct array *a = &c->arrays[c->current];
    if (a->done == a->rows)
        return log_error(-EINVAL, "%s: more than %zu %s", c->path, a->rows, names[c->current]);
    a->sum = result_checksum(a->sum, row, a->n);
    return access_row(a, a->done++, (double *)row, true) ? unwritable(c) : 0;
}

static int put_text(hid_t file, const char *text)
{
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, strlen(text) + 1);
    H5Tset_cset(type, H5T_CSET_UTF8);
    const hid_t d = H5Dcreate2(file, "text", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (d < 0 || H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) < 0 ||
        put_sum(d, sum_text(text)) || H5Dclose(d) < 0)
        return -EIO;
    H5Tclose(type);
    H5Sclose(space);
    return 0;
}

static int put_rest(struct checkpoint *c, const char *text)
{
    const char *version = SPT_VERSION;
    uint64_t rows[CHECKPOINT_ARRAYS];
    for (int i = 0; i < CHECKPOINT_ARRAYS; i++) {
        struct array *a = &c->arrays[i];
        rows[i] = a->rows;
        if (a->rows && (put_sum(a->data, a->sum) || H5Dclose(a->data) < 0))
            return -EIO;
        a->data = -1;
    }
    return hdf5_put_numbers(c->file, "format", H5T_STD_I32LE, H5T_NATIVE_INT, &(int){ FORMAT },
                            0) ||
                   hdf5_put_strings(c->file, "version", &version, 0) ||
                   hdf5_put_numbers(c->file, "rows", H5T_STD_U64LE, H5T_NATIVE_UINT64, rows,
                                    CHECKPOINT_ARRAYS)
               ? -EIO
               : put_text(c->file, text);
}

int checkpoint_commit(struct checkpoint **c, const char *text)
{
    int err = put_rest(*c, text) || close_file(*c) ? unwritable(*c) : 0;
    if (!err)
        err = results_commit(&(*c)->out);
    checkpoint_close(c);
    return err;
}

/* ---------------------------------------------------------------- reading */

static int get_text(struct checkpoint *c)
{
    const hid_t d = H5Dopen2(c->file, "text", H5P_DEFAULT);
    if (d < 0)
        return -EIO;
    const hid_t type = H5Dget_type(d), space = H5Dget_space(d);
    const size_t size = H5Tget_size(type);
    if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0 ||
        H5Sget_simple_extent_npoints(space) != 1 || size < 1 || !(c->text = calloc(1, size + 1)) ||
        H5Dread(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, c->text) < 0 ||
        !sum_is(d, sum_text(c->text)))
        return -EIO;
    H5Tclose(type);
    H5Sclose(space);
    H5Dclose(d);
    return 0;
}

/* an array, with every row of it looked at */
static int get_array(struct checkpoint *c, int which, size_t rows)
{
    struct array *a = &c->arrays[which];
    hsize_t dims[2];
    if (rows == 0)
        return 0;
    if ((a->data = H5Dopen2(c->file, names[which], H5P_DEFAULT)) < 0)
        return -EIO;
    const hid_t space = H5Dget_space(a->data);
    if (H5Sget_simple_extent_ndims(space) != 2 ||
        H5Sget_simple_extent_dims(space, dims, NULL) != 2 || dims[0] != rows || dims[1] < 1 ||
        dims[1] > UINT32_MAX)
        return -EIO;
    H5Sclose(space);
    *a = (struct array){ .data = a->data, .rows = rows, .n = dims[1] };
    a->sum = sum_shape(a);
    double *u = malloc(a->n * sizeof *u);
    int err = u ? 0 : -ENOMEM;
    for (size_t i = 0; i < rows && !err; i++)
        if (!(err = access_row(a, i, u, false)))
            a->sum = result_checksum(a->sum, u, a->n);
    free(u);
    return err ? err : sum_is(a->data, a->sum) ? 0 : -EIO;
}

static int get_all(struct checkpoint *c, int *format)
{
    uint64_t rows[CHECKPOINT_ARRAYS];
    if (hdf5_get_numbers(c->file, "format", H5T_NATIVE_INT, format, 0))
        return -EIO;
    if (*format != FORMAT)
        return -EINVAL;
    if (hdf5_get_numbers(c->file, "rows", H5T_NATIVE_UINT64, rows, CHECKPOINT_ARRAYS))
        return -EIO;
    int err = get_text(c);
    for (int a = 0; a < CHECKPOINT_ARRAYS && !err; a++)
        err = get_array(c, a, rows[a]);
    return err;
}

int checkpoint_open(struct checkpoint **c, const char *dir)
{
    int format = 0, err = create(c, dir);
    if (err)
        return err;
    const char *path = (*c)->path;
    if (access(path, R_OK)) {
        err = -errno;
        log_error(err, err == -ENOENT ? "%s: %s: nothing to go on from" : "%s: %s", path,
                  strerror(-err));
    } else {
        (*c)->file = H5Fopen(path, H5F_ACC_RDONLY, (*c)->how);
        err = (*c)->file < 0 ? -EIO : get_all(*c, &format);
        if (err == -EINVAL)
            log_error(err, "%s: expected a checkpoint of format %d, got %d: of another version",
                      path, FORMAT, format);
        else if (err == -EIO)
            log_error(err, "%s: truncated or damaged: not a checkpoint with the checksums of one",
                      path);
        else if (err)
            log_error(err, "%s: %s", path, strerror(-err));
    }
    if (err)
        checkpoint_close(c);
    return err;
}

const char *checkpoint_text(const struct checkpoint *c)
{
    return c->text;
}

size_t checkpoint_rows(const struct checkpoint *c, enum checkpoint_array a)
{
    return c->arrays[a].rows;
}

int checkpoint_get(struct checkpoint *c, enum checkpoint_array which, size_t row, size_t n,
                   double *u)
{
    struct array *a = &c->arrays[which];
    if (row >= a->rows || n != a->n)
        return log_error(-EINVAL,
                         "%s: %s: expected more than %zu rows of %zu numbers, got %zu of %zu",
                         c->path, names[which], row, n, a->rows, a->n);
    return access_row(a, row, u, false) ? hdf5_error(c->path, "cannot be read") : 0;
}

void checkpoint_close(struct checkpoint **c)
{
    if (!*c)
        return;
    close_file(*c);
    H5Pclose((*c)->how);
    H5Eset_auto2(H5E_DEFAULT, (*c)->print, (*c)->print_data);
    if ((*c)->out)
        results_abandon(&(*c)->out);
    free((*c)->path);
    free((*c)->text);
    free(*c);
    *c = NULL;
}

#else

static int missing(void)
{
    return log_error(-ENOTSUP, "this starpint was built without HDF5, which checkpoints need");
}

int checkpoint_create(struct checkpoint **c, const char *dir)
{
    *c = NULL;
    return missing();
}

int checkpoint_open(struct checkpoint **c, const char *dir)
{
    *c = NULL;
    return missing();
}

int checkpoint_array(struct checkpoint *c, enum checkpoint_array a, size_t rows, size_t n)
{
    return -ENOTSUP;
}

int checkpoint_put(struct checkpoint *c, const double *row)
{
    return -ENOTSUP;
}

int checkpoint_commit(struct checkpoint **c, const char *text)
{
    return -ENOTSUP;
}

const char *checkpoint_text(const struct checkpoint *c)
{
    return NULL;
}

size_t checkpoint_rows(const struct checkpoint *c, enum checkpoint_array a)
{
    return 0;
}

int checkpoint_get(struct checkpoint *c, enum checkpoint_array a, size_t row, size_t n, double *u)
{
    return -ENOTSUP;
}

void checkpoint_close(struct checkpoint **c)
{
}
#endif
