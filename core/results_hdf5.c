// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* result.h5, as core/results.h says. In the 1.10 format all metadata has checksums, and all arrays
 * have here. */
#include "spt_config.h"

#if SPT_HDF5
#include <errno.h>
#include <hdf5.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hdf5_file.h"
#include "core/log.h"
#include "core/results_format.h"

static herr_t keep_first(unsigned n, const H5E_error2_t *e, void *reason)
{
    if (n == 0 && e->desc)
        snprintf(reason, 256, "%s", e->desc);
    return 0;
}

/* One line with the innermost reason HDF5 gives. To be called before any other call of HDF5. */
int hdf5_error(const char *path, const char *what)
{
    char reason[256] = "unknown reason";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, reason);
    char *text = strstr(reason, "error message = '");
    text = text ? text + strlen("error message = '") : reason;
    text[strcspn(text, text == reason ? "\n" : "'")] = '\0';
    return log_error(-EIO, "%s: %s: %s", path, what, text);
}

int hdf5_put_numbers(hid_t object, const char *name, hid_t disk, hid_t memory, const void *v,
                     size_t n)
{
    const hid_t space = n ? H5Screate_simple(1, &(hsize_t){ n }, NULL) : H5Screate(H5S_SCALAR);
    const hid_t a = H5Acreate2(object, name, disk, space, H5P_DEFAULT, H5P_DEFAULT);
    const bool bad = a < 0 || H5Awrite(a, memory, v) < 0;
    if (a >= 0)
        H5Aclose(a);
    H5Sclose(space);
    return bad ? -EIO : 0;
}

/* n = 0: a scalar. Of fixed length: variable-length strings lie in a heap without checksums. */
int hdf5_put_strings(hid_t object, const char *name, const char *const *s, size_t n)
{
    size_t longest = 1;
    for (size_t i = 0; i < (n ? n : 1); i++)
        longest = strlen(s[i]) > longest ? strlen(s[i]) : longest;
    char *text = calloc(n ? n : 1, longest);
    if (!text)
        return -ENOMEM;
    for (size_t i = 0; i < (n ? n : 1); i++)
        memcpy(text + i * longest, s[i], strlen(s[i]));
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, longest);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    const int err = hdf5_put_numbers(object, name, type, type, text, n);
    H5Tclose(type);
    free(text);
    return err;
}

/* chunks of whole rows, at most 4 MiB, each with its checksum; the first `each` axes are cut to 1
 */
hid_t hdf5_dataset(hid_t parent, const char *name, int rank, const hsize_t *dims, int each)
{
    hsize_t chunk[GRID_MAX_DIMS + 2], size = sizeof(double);
    for (int i = 0; i < rank; i++)
        size *= chunk[i] = i < each ? 1 : dims[i];
    for (int i = each; i < rank; i++)
        while (size > 4 << 20 && chunk[i] > 1) {
            size = size / chunk[i] * ((chunk[i] + 1) / 2);
            chunk[i] = (chunk[i] + 1) / 2;
        }
    const hid_t space = H5Screate_simple(rank, dims, NULL), how = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(how, rank, chunk);
    H5Pset_fletcher32(how);
    H5Pset_fill_time(how, H5D_FILL_TIME_NEVER);
    const hid_t d = H5Dcreate2(parent, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, how, H5P_DEFAULT);
    /* closing clears the error stack, where a caller looks for the reason */
    if (d >= 0) {
        H5Pclose(how);
        H5Sclose(space);
    }
    return d;
}

static int put_array(hid_t parent, const char *name, size_t n, const double *v)
{
    const hid_t d = hdf5_dataset(parent, name, 1, &(hsize_t){ n }, 0);
    if (d < 0 || H5Dwrite(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) < 0)
        return -EIO;
    return H5Dclose(d) < 0 ? -EIO : 0;
}

/* (count, shape...[, 2]) */
static int field_dims(const struct grid *g, size_t count, hsize_t dims[GRID_MAX_DIMS + 2])
{
    int rank = 0;
    dims[rank++] = count;
    for (int a = 0; a < g->dims; a++)
        dims[rank++] = g->shape[a];
    if (g->is_complex)
        dims[rank++] = 2;
    return rank;
}

static int put_field(hid_t group, const struct result *r, int set, int c)
{
    char buffer[RESULT_NAME], link[RESULT_NAME];
    hsize_t dims[GRID_MAX_DIMS + 2], start[GRID_MAX_DIMS + 2] = { 0 };
    const int rank = field_dims(r->g, r->count, dims);
    const hsize_t n = result_block(r->g);
    const char *name = result_link(result_component(r->g, c, buffer), link);
    const hid_t d = hdf5_dataset(group, name, rank, dims, 1);
    if (d < 0)
        return -EIO;
    const hid_t memory = H5Screate_simple(1, &n, NULL), disk = H5Dget_space(d);
    dims[0] = 1;
    for (size_t s = 0; s < r->count; s++) {
        start[0] = s;
        if (H5Sselect_hyperslab(disk, H5S_SELECT_SET, start, NULL, dims, NULL) < 0 ||
            H5Dwrite(d, H5T_NATIVE_DOUBLE, memory, disk, H5P_DEFAULT,
                     result_set(&r->s[s], set) + (size_t)c * n) < 0)
            return -EIO;
    }
    H5Sclose(memory);
    H5Sclose(disk);
    return H5Dclose(d) < 0 ? -EIO : 0;
}

static int put_all(hid_t file, const struct result *r)
{
    const struct grid *g = r->g;
    const char *axes[GRID_MAX_DIMS], *version = SPT_VERSION, **names;
    char link[RESULT_NAME], (*buffers)[RESULT_NAME];
    double *times;
    int periodic[GRID_MAX_DIMS], err = -EIO;
    for (int a = 0; a < g->dims; a++) {
        axes[a] = result_axis(g, a);
        periodic[a] = g->periodic[a];
    }
    names = calloc((size_t)g->components, sizeof *names);
    buffers = calloc((size_t)g->components, sizeof *buffers);
    times = malloc(r->count * sizeof *times);
    if (!names || !buffers || !times) {
        err = -ENOMEM;
        goto out;
    }
    for (int c = 0; c < g->components; c++)
        names[c] = result_component(g, c, buffers[c]);
    for (size_t s = 0; s < r->count; s++)
        times[s] = r->s[s].time;

    const size_t n = (size_t)g->dims;
    const hid_t i32 = H5T_STD_I32LE, i = H5T_NATIVE_INT;
    const hid_t grid = H5Gcreate2(file, "grid", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (hdf5_put_numbers(file, "format", i32, i, &(int){ RESULT_FORMAT }, 0) ||
        hdf5_put_strings(file, "version", &version, 0) ||
        hdf5_put_strings(file, "problem", &r->problem, 0) ||
        hdf5_put_numbers(file, "complex", i32, i, &(int){ g->is_complex }, 0) ||
        hdf5_put_strings(file, "components", names, (size_t)g->components) || grid < 0 ||
        hdf5_put_strings(grid, "axes", axes, n) ||
        hdf5_put_numbers(grid, "periodic", i32, i, periodic, n) ||
        hdf5_put_numbers(grid, "length", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, g->length, n))
        goto out;
    for (int a = 0; a < g->dims; a++)
        if (put_array(grid, result_link(axes[a], link), g->shape[a], g->x[a]))
            goto out;
    if (H5Gclose(grid) < 0 || put_array(file, "time", r->count, times))
        goto out;
    for (int set = 0; set < (r->reference ? SETS : REFERENCE); set++) {
        const hid_t group =
            H5Gcreate2(file, result_sets[set], H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        if (group < 0)
            goto out;
        for (int c = 0; c < g->components; c++)
            if (put_field(group, r, set, c))
                goto out;
        H5Gclose(group);
    }
    err = 0;
out:
    free(names);
    free(buffers);
    free(times);
    return err;
}

/* Access to a file: silent, and whatever an error left open closes with the file. A file that could
 * not be closed (disk full) would crash HDF5's exit handler, which we do not need. */
hid_t hdf5_begin(H5E_auto2_t *print, void **data)
{
    H5dont_atexit();
    H5Eget_auto2(H5E_DEFAULT, print, data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    const hid_t how = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(how, H5F_CLOSE_STRONG);
    return how;
}

static int hdf5_write(const char *path, const char *shown, const struct result *r, size_t *base)
{
    H5E_auto2_t print;
    void *data;
    *base = 0;
    const hid_t how = hdf5_begin(&print, &data);
    H5Pset_libver_bounds(how, H5F_LIBVER_V110, H5F_LIBVER_V110); /* metadata with checksums */
    int err = 0;
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, how);
    if (file < 0 || put_all(file, r))
        err = hdf5_error(shown, "cannot be written");
    if (file >= 0 && H5Fclose(file) < 0 && !err)
        err = hdf5_error(shown, "cannot be written");
    H5Pclose(how);
    H5Eset_auto2(H5E_DEFAULT, print, data);
    return err;
}

/* n numbers or -EIO; n = 0: a scalar */
int hdf5_get_numbers(hid_t object, const char *name, hid_t memory, void *v, size_t n)
{
    const hid_t a = H5Aopen(object, name, H5P_DEFAULT);
    if (a < 0)
        return -EIO;
    const hid_t space = H5Aget_space(a);
    const bool bad =
        H5Sget_simple_extent_npoints(space) != (hssize_t)(n ? n : 1) || H5Aread(a, memory, v) < 0;
    H5Sclose(space);
    H5Aclose(a);
    return bad ? -EIO : 0;
}

/* how many numbers or strings an attribute has */
static hssize_t attribute_count(hid_t object, const char *name)
{
    const hid_t a = H5Aopen(object, name, H5P_DEFAULT);
    if (a < 0)
        return -1;
    const hid_t space = H5Aget_space(a);
    const hssize_t n = H5Sget_simple_extent_npoints(space);
    H5Sclose(space);
    H5Aclose(a);
    return n;
}

/* n strings, each to be freed */
static int get_strings(hid_t object, const char *name, const char **s, size_t n)
{
    const hid_t a = H5Aopen(object, name, H5P_DEFAULT);
    if (a < 0)
        return -EIO;
    const hid_t type = H5Aget_type(a);
    const size_t size = H5Tget_size(type);
    char *text = NULL;
    int err = -EIO;
    if (H5Tget_class(type) == H5T_STRING && !H5Tis_variable_str(type) &&
        attribute_count(object, name) == (hssize_t)n && (text = malloc(n * size)) &&
        H5Aread(a, type, text) >= 0)
        err = 0;
    for (size_t i = 0; i < n && !err; i++)
        if (!(s[i] = strndup(text + i * size, size)))
            err = -ENOMEM;
    free(text);
    H5Tclose(type);
    H5Aclose(a);
    return err;
}

static hssize_t array_length(hid_t parent, const char *name)
{
    const hid_t d = H5Dopen2(parent, name, H5P_DEFAULT);
    if (d < 0)
        return -1;
    const hid_t space = H5Dget_space(d);
    const hssize_t n =
        H5Sget_simple_extent_ndims(space) == 1 ? H5Sget_simple_extent_npoints(space) : -1;
    H5Sclose(space);
    H5Dclose(d);
    return n;
}

static int get_array(hid_t parent, const char *name, double *v)
{
    const hid_t d = H5Dopen2(parent, name, H5P_DEFAULT);
    if (d < 0 || H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) < 0)
        return -EIO;
    H5Dclose(d);
    return 0;
}

static int get_field(hid_t group, const struct results_data *d, int c, double *v)
{
    const struct grid *g = &d->grid;
    char link[RESULT_NAME];
    hsize_t want[GRID_MAX_DIMS + 2], dims[H5S_MAX_RANK];
    const hsize_t all[2] = { d->count, grid_doubles(g) },
                  start[2] = { 0, (hsize_t)c * result_block(g) };
    const hsize_t part[2] = { d->count, result_block(g) };
    const int rank = field_dims(g, d->count, want);
    const hid_t f = H5Dopen2(group, result_link(g->names[c], link), H5P_DEFAULT);
    if (f < 0)
        return -EIO;
    const hid_t disk = H5Dget_space(f), memory = H5Screate_simple(2, all, NULL);
    if (H5Sget_simple_extent_dims(disk, dims, NULL) != rank ||
        memcmp(dims, want, (size_t)rank * sizeof *dims))
        return -EINVAL;
    H5Sselect_hyperslab(memory, H5S_SELECT_SET, start, NULL, part, NULL);
    if (H5Dread(f, H5T_NATIVE_DOUBLE, memory, H5S_ALL, H5P_DEFAULT, v) < 0)
        return -EIO;
    H5Sclose(memory);
    H5Sclose(disk);
    H5Dclose(f);
    return 0;
}

/* -EIO: HDF5 has the reason; -EINVAL: the file is whole but not one of ours */
static int get_all(hid_t file, struct results_data *d)
{
    struct grid *g = &d->grid;
    int format, is_complex, periodic[GRID_MAX_DIMS];
    const char *problem = NULL;
    char link[RESULT_NAME];
    uint64_t doubles;
    if (hdf5_get_numbers(file, "format", H5T_NATIVE_INT, &format, 0))
        return -EIO;
    if (format != RESULT_FORMAT)
        return -EINVAL;
    const hid_t grid = H5Gopen2(file, "grid", H5P_DEFAULT);
    if (grid < 0)
        return -EIO;
    const hssize_t dims = attribute_count(grid, "axes"),
                   components = attribute_count(file, "components");
    if (dims < 1 || dims > GRID_MAX_DIMS || components < 1 || components > INT32_MAX)
        return -EINVAL;
    g->dims = (int)dims;
    if (!(g->names = calloc((size_t)components, sizeof *g->names)))
        return -ENOMEM;
    g->components = (int)components;
    for (int a = 0; a < GRID_MAX_DIMS; a++)
        g->shape[a] = 1;
    if (get_strings(file, "problem", &problem, 1))
        return -EIO;
    snprintf(d->problem, sizeof d->problem, "%s", problem);
    free((char *)problem);
    if (hdf5_get_numbers(file, "complex", H5T_NATIVE_INT, &is_complex, 0) ||
        get_strings(file, "components", (const char **)g->names, (size_t)components) ||
        get_strings(grid, "axes", g->axis, (size_t)dims) ||
        hdf5_get_numbers(grid, "periodic", H5T_NATIVE_INT, periodic, (size_t)dims) ||
        hdf5_get_numbers(grid, "length", H5T_NATIVE_DOUBLE, g->length, (size_t)dims))
        return -EIO;
    g->is_complex = is_complex;
    for (int a = 0; a < g->dims; a++) {
        g->periodic[a] = periodic[a];
        const hssize_t n = array_length(grid, result_link(g->axis[a], link));
        if (n < 1)
            return n < 0 ? -EIO : -EINVAL;
        g->shape[a] = (size_t)n;
    }
    const hssize_t count = array_length(file, "time");
    const htri_t reference = H5Lexists(file, result_sets[REFERENCE], H5P_DEFAULT);
    if (count < 0 || reference < 0)
        return -EIO;
    d->count = (size_t)count;
    if (!result_plausible(d, reference, &doubles))
        return -EINVAL;
    int err = result_allocate(d, reference);
    for (int a = 0; a < g->dims && !err; a++)
        err = get_array(grid, result_link(g->axis[a], link), g->x[a]);
    if (!err)
        err = get_array(file, "time", d->time);
    for (int set = 0; set < (reference ? SETS : REFERENCE) && !err; set++) {
        const hid_t group = H5Gopen2(file, result_sets[set], H5P_DEFAULT);
        err = group < 0 ? -EIO : 0;
        for (int c = 0; c < g->components && !err; c++)
            err = get_field(group, d, c, set == FIELDS ? d->fields : d->reference);
    }
    return err;
}

static int hdf5_read(struct results_data *d, const char *path)
{
    H5E_auto2_t print;
    void *data;
    const hid_t how = hdf5_begin(&print, &data);
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, how);
    int err = file < 0 ? -EIO : get_all(file, d);
    if (err == -EIO)
        hdf5_error(path, "truncated or damaged");
    else if (err == -EINVAL)
        log_error(err, "%s: not results that this version (%s) can read", path, SPT_VERSION);
    else if (err)
        log_error(err, "%s: %s", path, strerror(-err));
    if (file >= 0)
        H5Fclose(file);
    H5Pclose(how);
    H5Eset_auto2(H5E_DEFAULT, print, data);
    return err;
}

const struct result_format result_hdf5 = { "result.h5", "\211HDF\r\n\032\n", hdf5_write,
                                           hdf5_read };
#endif
