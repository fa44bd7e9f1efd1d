// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Results on disk. One row of `formats` per kind of file: the first is what is written, all are
 * read. */
#include "core/results.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "spt_config.h"

#if SPT_HDF5
#include <hdf5.h>
#endif

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEMPORARY ".starpint." /* start of the names of files being written */

enum { FORMAT = 1, NAME = 128 };

/* The output folder */

/* the first four tell that a folder holds results */
static const char *const outputs[] = {
    "summary.json",     "result.h5",       "result.bin",      "config.yaml",
    "result.xmf",       "checkpoint.h5",   "solution.png",    "convergence.png",
    "trace/trace.html", "trace/trace.svg", "trace/tasks.rec", "trace/perfetto.json",
    "trace/paje.trace", "trace/dag.dot",   "trace",
};

static int make_folder(const char *dir)
{
    char path[4096];
    if (!*dir || strlen(dir) >= sizeof path)
        return *dir ? -ENAMETOOLONG : -ENOENT;
    strcpy(path, dir);
    for (char *p = path + 1;; p++) {
        if (*p && *p != '/')
            continue;
        const char end = *p;
        *p = '\0';
        if (mkdir(path, 0777) && errno != EEXIST && !(end && errno == EROFS))
            return -errno;
        if (!(*p = end))
            break;
    }
    struct stat st;
    if (stat(dir, &st))
        return -errno;
    if (!S_ISDIR(st.st_mode))
        return -ENOTDIR;
    return access(dir, W_OK | X_OK) ? -errno : 0;
}

static int remove_outputs(int folder)
{
    for (size_t i = 0; i < COUNT(outputs); i++) {
        const bool is_folder = strcmp(outputs[i], "trace") == 0;
        /* a trace folder with files that are not ours stays */
        if (unlinkat(folder, outputs[i], is_folder ? AT_REMOVEDIR : 0) && errno != ENOENT &&
            errno != ENOTDIR && !(is_folder && (errno == ENOTEMPTY || errno == EEXIST)))
            return -errno;
    }
    const int copy = dup(folder);
    DIR *d = copy < 0 ? NULL : fdopendir(copy);
    if (!d)
        return -errno;
    for (struct dirent *e; (e = readdir(d));)
        if (strncmp(e->d_name, TEMPORARY, strlen(TEMPORARY)) == 0)
            unlinkat(folder, e->d_name, 0);
    closedir(d);
    return 0;
}

int results_prepare(const char *dir, bool overwrite)
{
    int err = make_folder(dir);
    if (err)
        return log_error(err, "%s: cannot write results there: %s", dir, strerror(-err));
    const int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return log_error(-errno, "%s: %s", dir, strerror(errno));
    for (int i = 0; i < 4 && !overwrite && !err; i++)
        if (faccessat(folder, outputs[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            err =
                log_error(-EEXIST,
                          "%s already holds results (%s): --overwrite replaces them, -o DIR writes "
                          "elsewhere",
                          dir, outputs[i]);
    if (overwrite && (err = remove_outputs(folder)))
        log_error(err, "%s: cannot remove earlier results: %s", dir, strerror(-err));
    close(folder);
    return err;
}

/* Files that appear whole or not at all */

struct results_file {
    char *dir, *temporary, *final;
};

static void file_free(struct results_file **f)
{
    free((*f)->dir);
    free((*f)->temporary);
    free((*f)->final);
    free(*f);
    *f = NULL;
}

int results_create(struct results_file **f, const char *dir, const char *name)
{
    struct results_file *r = calloc(1, sizeof *r);
    *f = NULL;
    if (!r)
        return log_error(-ENOMEM, "%s/%s: out of memory", dir, name);
    if (!(r->dir = strdup(dir)) ||
        asprintf(&r->temporary, "%s/" TEMPORARY "%s.%ld", dir, name, (long)getpid()) < 0 ||
        asprintf(&r->final, "%s/%s", dir, name) < 0) {
        file_free(&r);
        return log_error(-ENOMEM, "%s/%s: out of memory", dir, name);
    }
    const int fd = open(r->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        const int err = log_error(-errno, "%s: %s", r->final, strerror(errno));
        file_free(&r);
        return err;
    }
    close(fd);
    *f = r;
    return 0;
}

const char *results_path(const struct results_file *f)
{
    return f->temporary;
}

static int synchronise(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    /* EINVAL: a file system that cannot */
    const int err = fsync(fd) && errno != EINVAL ? -errno : 0;
    close(fd);
    return err;
}

int results_commit(struct results_file **f)
{
    struct results_file *r = *f;
    int err = synchronise(r->temporary);
    if (!err && rename(r->temporary, r->final))
        err = -errno;
    if (err)
        unlink(r->temporary);
    else
        err = synchronise(r->dir);
    if (err)
        log_error(err, "%s: %s", r->final, strerror(-err));
    file_free(f);
    return err;
}

void results_abandon(struct results_file **f)
{
    if (!*f)
        return;
    unlink((*f)->temporary);
    file_free(f);
}

/* What is in a file, whatever its format */

struct result {
    const char *problem;
    const struct grid *g;
    const struct snapshot *s;
    size_t count;
    bool reference; /* of every snapshot */
};

enum { FIELDS, REFERENCE, SETS };
static const char *const set_names[SETS] = { "fields", "reference" };

static const double *set_data(const struct snapshot *s, int set)
{
    return set == FIELDS ? s->u : s->reference;
}

static size_t block(const struct grid *g) /* doubles of one component in one state */
{
    return grid_points(g) * (g->is_complex ? 2 : 1);
}

static const char *axis_name(const struct grid *g, int a)
{
    static const char *const names[GRID_MAX_DIMS] = { "x", "y", "z" };
    return g->axis[a] ? g->axis[a] : names[a];
}

static const char *component_name(const struct grid *g, int c, char buffer[NAME])
{
    if (g->names)
        return g->names[c];
    snprintf(buffer, NAME, g->components > 1 ? "u%d" : "u", c);
    return buffer;
}

/* the arrays of d, for its shape and count. 0 or -ENOMEM */
static int data_allocate(struct results_data *d, bool reference)
{
    struct grid *g = &d->grid;
    for (int a = 0; a < g->dims; a++)
        if (!(g->x[a] = malloc(g->shape[a] * sizeof(double))))
            return -ENOMEM;
    const size_t n = d->count * grid_doubles(g);
    d->time = malloc(d->count * sizeof(double));
    d->fields = malloc(n * sizeof(double));
    d->reference = reference ? malloc(n * sizeof(double)) : NULL;
    return !d->time || !d->fields || (reference && !d->reference) ? -ENOMEM : 0;
}

/* bounds of what a damaged or foreign file may claim; *doubles: all numbers in it */
static bool plausible(const struct results_data *d, bool reference, uint64_t *doubles)
{
    const struct grid *g = &d->grid;
    uint64_t n = (uint64_t)d->count * (reference ? 2 : 1) * (g->is_complex ? 2 : 1), axes = 0;
    if (d->count < 1 || d->count > UINT32_MAX || g->components < 1)
        return false;
    if (__builtin_mul_overflow(n, (uint64_t)g->components, &n))
        return false;
    for (int a = 0; a < g->dims; a++) {
        if (g->shape[a] < 1 || g->shape[a] > UINT32_MAX ||
            __builtin_mul_overflow(n, (uint64_t)g->shape[a], &n))
            return false;
        axes += g->shape[a];
    }
    *doubles = n + axes + d->count;
    return n < UINT64_C(1) << 60;
}

void results_data_free(struct results_data *d)
{
    for (int a = 0; a < GRID_MAX_DIMS; a++) {
        free((char *)d->grid.axis[a]);
        free(d->grid.x[a]);
    }
    for (int c = 0; d->grid.names && c < d->grid.components; c++)
        free((char *)d->grid.names[c]);
    free((void *)d->grid.names);
    free(d->time);
    free(d->fields);
    free(d->reference);
    memset(d, 0, sizeof *d);
}

/* HDF5 */

#if SPT_HDF5
static herr_t keep_first(unsigned n, const H5E_error2_t *e, void *reason)
{
    if (n == 0 && e->desc)
        snprintf(reason, 256, "%s", e->desc);
    return 0;
}

/* One line with the innermost reason HDF5 gives. To be called before any other call of HDF5. */
static int hdf5_error(const char *path, const char *what)
{
    char reason[256] = "unknown reason";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, reason);
    char *text = strstr(reason, "error message = '");
    text = text ? text + strlen("error message = '") : reason;
    text[strcspn(text, text == reason ? "\n" : "'")] = '\0';
    return log_error(-EIO, "%s: %s: %s", path, what, text);
}

/* the name of a component or axis as that of a link */
static const char *link_name(const char *name, char buffer[NAME])
{
    snprintf(buffer, NAME, "%s", name);
    for (char *p = buffer; (p = strchr(p, '/'));)
        *p = '_';
    return buffer;
}

static int put_numbers(hid_t object, const char *name, hid_t disk, hid_t memory, const void *v,
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
static int put_strings(hid_t object, const char *name, const char *const *s, size_t n)
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
    const int err = put_numbers(object, name, type, type, text, n);
    H5Tclose(type);
    free(text);
    return err;
}

/* chunks of whole rows, at most 4 MiB, each with its checksum; the first `each` axes are cut to 1
 */
static hid_t create_dataset(hid_t parent, const char *name, int rank, const hsize_t *dims, int each)
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
    const hid_t d = create_dataset(parent, name, 1, &(hsize_t){ n }, 0);
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
    char buffer[NAME], link[NAME];
    hsize_t dims[GRID_MAX_DIMS + 2], start[GRID_MAX_DIMS + 2] = { 0 };
    const int rank = field_dims(r->g, r->count, dims);
    const hsize_t n = block(r->g);
    const char *name = link_name(component_name(r->g, c, buffer), link);
    const hid_t d = create_dataset(group, name, rank, dims, 1);
    if (d < 0)
        return -EIO;
    const hid_t memory = H5Screate_simple(1, &n, NULL), disk = H5Dget_space(d);
    dims[0] = 1;
    for (size_t s = 0; s < r->count; s++) {
        start[0] = s;
        if (H5Sselect_hyperslab(disk, H5S_SELECT_SET, start, NULL, dims, NULL) < 0 ||
            H5Dwrite(d, H5T_NATIVE_DOUBLE, memory, disk, H5P_DEFAULT,
                     set_data(&r->s[s], set) + (size_t)c * n) < 0)
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
    char link[NAME], (*buffers)[NAME];
    double *times;
    int periodic[GRID_MAX_DIMS], err = -EIO;
    for (int a = 0; a < g->dims; a++) {
        axes[a] = axis_name(g, a);
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
        names[c] = component_name(g, c, buffers[c]);
    for (size_t s = 0; s < r->count; s++)
        times[s] = r->s[s].time;

    const size_t n = (size_t)g->dims;
    const hid_t i32 = H5T_STD_I32LE, i = H5T_NATIVE_INT;
    const hid_t grid = H5Gcreate2(file, "grid", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (put_numbers(file, "format", i32, i, &(int){ FORMAT }, 0) ||
        put_strings(file, "version", &version, 0) || put_strings(file, "problem", &r->problem, 0) ||
        put_numbers(file, "complex", i32, i, &(int){ g->is_complex }, 0) ||
        put_strings(file, "components", names, (size_t)g->components) || grid < 0 ||
        put_strings(grid, "axes", axes, n) || put_numbers(grid, "periodic", i32, i, periodic, n) ||
        put_numbers(grid, "length", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, g->length, n))
        goto out;
    for (int a = 0; a < g->dims; a++)
        if (put_array(grid, link_name(axes[a], link), g->shape[a], g->x[a]))
            goto out;
    if (H5Gclose(grid) < 0 || put_array(file, "time", r->count, times))
        goto out;
    for (int set = 0; set < (r->reference ? SETS : REFERENCE); set++) {
        const hid_t group = H5Gcreate2(file, set_names[set], H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
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
static hid_t hdf5_begin(H5E_auto2_t *print, void **data)
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
static int get_numbers(hid_t object, const char *name, hid_t memory, void *v, size_t n)
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
    char link[NAME];
    hsize_t want[GRID_MAX_DIMS + 2], dims[H5S_MAX_RANK];
    const hsize_t all[2] = { d->count, grid_doubles(g) }, start[2] = { 0, (hsize_t)c * block(g) };
    const hsize_t part[2] = { d->count, block(g) };
    const int rank = field_dims(g, d->count, want);
    const hid_t f = H5Dopen2(group, link_name(g->names[c], link), H5P_DEFAULT);
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
    char link[NAME];
    uint64_t doubles;
    if (get_numbers(file, "format", H5T_NATIVE_INT, &format, 0))
        return -EIO;
    if (format != FORMAT)
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
    if (get_numbers(file, "complex", H5T_NATIVE_INT, &is_complex, 0) ||
        get_strings(file, "components", (const char **)g->names, (size_t)components) ||
        get_strings(grid, "axes", g->axis, (size_t)dims) ||
        get_numbers(grid, "periodic", H5T_NATIVE_INT, periodic, (size_t)dims) ||
        get_numbers(grid, "length", H5T_NATIVE_DOUBLE, g->length, (size_t)dims))
        return -EIO;
    g->is_complex = is_complex;
    for (int a = 0; a < g->dims; a++) {
        g->periodic[a] = periodic[a];
        const hssize_t n = array_length(grid, link_name(g->axis[a], link));
        if (n < 1)
            return n < 0 ? -EIO : -EINVAL;
        g->shape[a] = (size_t)n;
    }
    const hssize_t count = array_length(file, "time");
    const htri_t reference = H5Lexists(file, set_names[REFERENCE], H5P_DEFAULT);
    if (count < 0 || reference < 0)
        return -EIO;
    d->count = (size_t)count;
    if (!plausible(d, reference, &doubles))
        return -EINVAL;
    int err = data_allocate(d, reference);
    for (int a = 0; a < g->dims && !err; a++)
        err = get_array(grid, link_name(g->axis[a], link), g->x[a]);
    if (!err)
        err = get_array(file, "time", d->time);
    for (int set = 0; set < (reference ? SETS : REFERENCE) && !err; set++) {
        const hid_t group = H5Gopen2(file, set_names[set], H5P_DEFAULT);
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
#endif

/* Raw: "SPTDATA1", the length of a JSON header (padded to whole cache lines), the header, the
 * arrays (axes, time, fields, reference), a checksum of all that. 64-bit words in the byte order of
 * the machine. */

#define RAW_MAGIC "SPTDATA1"

struct raw {
    FILE *file;
    uint64_t sum;
};

/* a bijection of the sum for every word: one changed word always shows */
static uint64_t checksum(uint64_t sum, const void *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t w;
        memcpy(&w, (const char *)words + 8 * i, 8);
        sum = (sum ^ w) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 29;
    }
    return sum;
}

static void raw_put(struct raw *f, const void *words, size_t n)
{
    f->sum = checksum(f->sum, words, n);
    fwrite(words, 8, n, f->file);
}

static char *raw_header(const struct result *r, size_t *length)
{
    const struct grid *g = r->g;
    char buffer[NAME], *text = NULL, *padded = NULL;
    json_t *axes = json_array(), *names = json_array();
    for (int a = 0; a < g->dims; a++)
        json_array_append_new(axes, json_pack("{ss sI sf sb}", "name", axis_name(g, a), "points",
                                              (json_int_t)g->shape[a], "length", g->length[a],
                                              "periodic", (int)g->periodic[a]));
    for (int c = 0; c < g->components; c++)
        json_array_append_new(names, json_string(component_name(g, c, buffer)));
    json_t *all =
        json_pack("{si ss ss sb sb sI so so}", "format", FORMAT, "version", SPT_VERSION, "problem",
                  r->problem, "complex", (int)g->is_complex, "reference", (int)r->reference,
                  "count", (json_int_t)r->count, "components", names, "axes", axes);
    if (all && (text = json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(17)))) {
        const size_t n = strlen(text);
        *length = (16 + n + 63) / 64 * 64 - 16;
        if ((padded = malloc(*length)))
            memset(memcpy(padded, text, n) + n, ' ', *length - n);
    }
    free(text);
    json_decref(all);
    return padded;
}

static int raw_write(const char *path, const char *shown, const struct result *r, size_t *base)
{
    const struct grid *g = r->g;
    size_t length = 0;
    char *header = raw_header(r, &length);
    if (!header)
        return log_error(-EINVAL, "%s: names of axes and components must be UTF-8", shown);
    struct raw f = { fopen(path, "w"), 0 };
    int err = 0;
    if (!f.file) {
        err = log_error(-errno, "%s: %s", shown, strerror(errno));
        goto out;
    }
    *base = 16 + length;
    raw_put(&f, RAW_MAGIC, 1);
    raw_put(&f, &(uint64_t){ length }, 1);
    raw_put(&f, header, length / 8);
    for (int a = 0; a < g->dims; a++)
        raw_put(&f, g->x[a], g->shape[a]);
    for (size_t s = 0; s < r->count; s++)
        raw_put(&f, &r->s[s].time, 1);
    for (int set = 0; set < (r->reference ? SETS : REFERENCE); set++)
        for (int c = 0; c < g->components; c++)
            for (size_t s = 0; s < r->count; s++)
                raw_put(&f, set_data(&r->s[s], set) + (size_t)c * block(g), block(g));
    const uint64_t sum = f.sum;
    raw_put(&f, &sum, 1);
    errno = 0;
    const bool bad = ferror(f.file);
    if (fclose(f.file) || bad)
        err = log_error(errno ? -errno : -EIO, "%s: cannot be written: %s", shown,
                        strerror(errno ? errno : EIO));
out:
    free(header);
    return err;
}

static int raw_parse(struct results_data *d, const char *text, size_t length, bool *reference)
{
    struct grid *g = &d->grid;
    json_error_t e;
    json_t *all = json_loadb(text, length, 0, &e), *names, *axes;
    const char *problem;
    int format, is_complex, has_reference, err = -EINVAL;
    json_int_t count;
    if (!all || json_unpack(all, "{si ss sb sb sI so so}", "format", &format, "problem", &problem,
                            "complex", &is_complex, "reference", &has_reference, "count", &count,
                            "components", &names, "axes", &axes))
        goto out;
    const size_t components = json_array_size(names), dims = json_array_size(axes);
    if (format != FORMAT || count < 1 || dims < 1 || dims > GRID_MAX_DIMS || components < 1 ||
        components > INT32_MAX || !(g->names = calloc(components, sizeof *g->names)))
        goto out;
    snprintf(d->problem, sizeof d->problem, "%s", problem);
    d->count = (size_t)count;
    *reference = has_reference;
    g->is_complex = is_complex;
    g->dims = (int)dims;
    g->components = (int)components;
    for (int a = 0; a < GRID_MAX_DIMS; a++) {
        const char *name;
        json_int_t points;
        int periodic;
        g->shape[a] = 1;
        if (a >= g->dims)
            continue;
        if (json_unpack(json_array_get(axes, (size_t)a), "{ss sI sF sb}", "name", &name, "points",
                        &points, "length", &g->length[a], "periodic", &periodic) ||
            points < 1 || !(g->axis[a] = strdup(name)))
            goto out;
        g->shape[a] = (size_t)points;
        g->periodic[a] = periodic;
    }
    for (size_t c = 0; c < components; c++) {
        const char *name = json_string_value(json_array_get(names, c));
        if (!name || !(((const char **)g->names)[c] = strdup(name)))
            goto out;
    }
    err = 0;
out:
    json_decref(all);
    return err;
}

static int raw_read(struct results_data *d, const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st)) {
        const int err = log_error(-errno, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return err;
    }
    const size_t size = (size_t)st.st_size, words = size / 8;
    const char *map = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    uint64_t sum, length, doubles;
    bool reference = false;
    int err = -EIO;
    if (map == MAP_FAILED || size < 24 || size % 8)
        goto out;
    memcpy(&sum, map + size - 8, 8);
    memcpy(&length, map + 8, 8);
    if (checksum(0, map, words - 1) != sum || length > size - 24)
        goto out;
    if ((err = raw_parse(d, map + 16, length, &reference)))
        goto out;
    err = -EINVAL;
    if (!plausible(d, reference, &doubles) || doubles != words - 3 - length / 8 || length % 8 ||
        (err = data_allocate(d, reference)))
        goto out;

    const struct grid *g = &d->grid;
    const size_t n = block(g) * sizeof(double);
    const char *from = map + 16 + length;
    for (int a = 0; a < g->dims; from += g->shape[a++] * sizeof(double))
        memcpy(g->x[a], from, g->shape[a] * sizeof(double));
    memcpy(d->time, from, d->count * sizeof(double));
    from += d->count * sizeof(double);
    for (int set = 0; set < (reference ? SETS : REFERENCE); set++)
        for (int c = 0; c < g->components; c++)
            for (size_t s = 0; s < d->count; s++, from += n)
                memcpy((set == FIELDS ? d->fields : d->reference) + s * grid_doubles(g) +
                           (size_t)c * block(g),
                       from, n);
out:
    if (map != MAP_FAILED)
        munmap((void *)map, size);
    if (err == -EINVAL)
        return log_error(err, "%s: not results that this version (%s) can read", path, SPT_VERSION);
    return err ? log_error(err, "%s: truncated or damaged: the checksum does not match", path) : 0;
}

/* XDMF: one rectilinear grid per snapshot in a temporal collection. Dimensions are slowest first (K
 * J I), so the last axis of ours is X there. */

static void xml_text(FILE *o, const char *s)
{
    for (; *s; s++) {
        const char *escape = *s == '<' ? "&lt;" : *s == '&' ? "&amp;" : *s == '"' ? "&quot;" : NULL;
        if (escape)
            fputs(escape, o);
        else
            fputc((unsigned char)*s < ' ' ? ' ' : *s, o);
    }
}

struct xdmf {
    FILE *o;
    const struct result *r;
    const char *file; /* the name of the data file */
    size_t base;      /* of the first array in it, if raw */
};

/* an array in the data file: `words` of them lie before it in a raw one */
static void xdmf_heavy(const struct xdmf *x, const char *dims, size_t words, const char *group,
                       const char *name)
{
    fprintf(x->o, "<DataItem Dimensions=\"%s\" NumberType=\"Float\" Precision=\"8\" ", dims);
#if SPT_HDF5
    char link[NAME];
    (void)words;
    fprintf(x->o, "Format=\"HDF\">%s:/%s/", x->file, group);
    xml_text(x->o, link_name(name, link));
#else
    (void)group, (void)name;
    fprintf(x->o, "Format=\"Binary\" Endian=\"%s\" Seek=\"%zu\">%s",
            __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "Little" : "Big", x->base + 8 * words,
            x->file);
#endif
    fputs("</DataItem>\n", x->o);
}

/* part p (0; imaginary: 1) of component c in snapshot s */
static void xdmf_slab(const struct xdmf *x, int set, int c, size_t s, int p)
{
    const struct grid *g = x->r->g;
    char buffer[NAME], dims[NAME], shape[NAME] = "";
    int n = snprintf(dims, sizeof dims, "%zu", x->r->count), m = 0,
        rank = g->dims + 1 + g->is_complex;
    for (int a = g->dims; a < GRID_MAX_DIMS; a++)
        m += snprintf(shape + m, sizeof shape - (size_t)m, "1 ");
    for (int a = 0; a < g->dims; a++) {
        n += snprintf(dims + n, sizeof dims - (size_t)n, " %zu", g->shape[a]);
        m += snprintf(shape + m, sizeof shape - (size_t)m, "%zu%s", g->shape[a],
                      a + 1 < g->dims ? " " : "");
    }
    if (g->is_complex)
        snprintf(dims + n, sizeof dims - (size_t)n, " 2");
    fprintf(x->o, "<DataItem ItemType=\"HyperSlab\" Dimensions=\"%s\">\n", shape);
    fprintf(x->o, "<DataItem Dimensions=\"3 %d\" NumberType=\"Int\" Format=\"XML\">%zu", rank, s);
    for (int a = 0; a < g->dims; a++)
        fputs(" 0", x->o);
    fprintf(x->o, g->is_complex ? " %d " : " ", p);
    for (int a = 0; a < rank; a++)
        fputs(" 1", x->o);
    fputs("  1", x->o);
    for (int a = 0; a < g->dims; a++)
        fprintf(x->o, " %zu", g->shape[a]);
    fputs(g->is_complex ? " 1</DataItem>\n" : "</DataItem>\n", x->o);
    size_t words = x->r->count;
    for (int a = 0; a < g->dims; a++)
        words += g->shape[a];
    words += ((size_t)set * (size_t)g->components + (size_t)c) * x->r->count * block(g);
    xdmf_heavy(x, dims, words, set_names[set], component_name(g, c, buffer));
    fputs("</DataItem>\n", x->o);
}

static void xdmf_attribute(const struct xdmf *x, int c, size_t s, int p, int what)
{
    static const char *const suffix[] = { "", "_reference", "_difference" };
    char buffer[NAME];
    fputs("<Attribute Name=\"", x->o);
    xml_text(x->o, component_name(x->r->g, c, buffer));
    fprintf(x->o, "%s%s\" AttributeType=\"Scalar\" Center=\"Node\">\n",
            x->r->g->is_complex ? (p ? "_im" : "_re") : "", suffix[what]);
    if (what == SETS) {
        fputs("<DataItem ItemType=\"Function\" Function=\"$0 - $1\" Dimensions=\"", x->o);
        for (int a = x->r->g->dims; a < GRID_MAX_DIMS; a++)
            fputs("1 ", x->o);
        for (int a = 0; a < x->r->g->dims; a++)
            fprintf(x->o, "%s%zu", a ? " " : "", x->r->g->shape[a]);
        fputs("\">\n", x->o);
        xdmf_slab(x, FIELDS, c, s, p);
        xdmf_slab(x, REFERENCE, c, s, p);
        fputs("</DataItem>\n", x->o);
    } else {
        xdmf_slab(x, what, c, s, p);
    }
    fputs("</Attribute>\n", x->o);
}

static void xdmf_snapshot(const struct xdmf *x, size_t s)
{
    const struct grid *g = x->r->g;
    fprintf(x->o, "<Grid Name=\"%zu\" GridType=\"Uniform\">\n<Time Value=\"%.17g\"/>\n", s,
            x->r->s[s].time);
    fputs("<Topology TopologyType=\"3DRectMesh\" Dimensions=\"", x->o);
    for (int a = g->dims; a < GRID_MAX_DIMS; a++)
        fputs("1 ", x->o);
    for (int a = 0; a < g->dims; a++)
        fprintf(x->o, "%s%zu", a ? " " : "", g->shape[a]);
    fputs("\"/>\n<Geometry GeometryType=\"VXVYVZ\">\n", x->o);
    for (int a = g->dims - 1; a >= 0; a--) {
        char dims[32];
        size_t words = 0;
        for (int b = 0; b < a; b++)
            words += g->shape[b];
        snprintf(dims, sizeof dims, "%zu", g->shape[a]);
        xdmf_heavy(x, dims, words, "grid", axis_name(g, a));
    }
    for (int a = g->dims; a < GRID_MAX_DIMS; a++)
        fputs("<DataItem Dimensions=\"1\" NumberType=\"Float\" Precision=\"8\" Format=\"XML\">0"
              "</DataItem>\n",
              x->o);
    fputs("</Geometry>\n", x->o);
    for (int c = 0; c < g->components; c++)
        for (int p = 0; p < (g->is_complex ? 2 : 1); p++)
            for (int what = 0; what < (x->r->reference ? SETS + 1 : 1); what++)
                xdmf_attribute(x, c, s, p, what);
    fputs("</Grid>\n", x->o);
}

static int xdmf_write(const char *path, const char *shown, const struct result *r, const char *file,
                      size_t base)
{
    const struct xdmf x = { fopen(path, "w"), r, file, base };
    if (!x.o)
        return log_error(-errno, "%s: %s", shown, strerror(errno));
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Xdmf Version=\"3.0\">\n<Domain>\n<Grid "
          "Name=\"",
          x.o);
    xml_text(x.o, r->problem);
    fputs("\" GridType=\"Collection\" CollectionType=\"Temporal\">\n", x.o);
    for (size_t s = 0; s < r->count; s++)
        xdmf_snapshot(&x, s);
    fputs("</Grid>\n</Domain>\n</Xdmf>\n", x.o);
    errno = 0;
    const bool bad = ferror(x.o);
    if (fclose(x.o) || bad)
        return log_error(errno ? -errno : -EIO, "%s: cannot be written: %s", shown,
                         strerror(errno ? errno : EIO));
    return 0;
}

/* The formats, best first */

static const struct format {
    const char *name, *magic;
    /* path is the temporary one, shown that in error lines; *base: offset of the first array, if
     * raw */
    int (*write)(const char *path, const char *shown, const struct result *r, size_t *base);
    int (*read)(struct results_data *d, const char *path);
} formats[] = {
#if SPT_HDF5
    { "result.h5", "\211HDF\r\n\032\n", hdf5_write, hdf5_read },
#endif
    { "result.bin", RAW_MAGIC, raw_write, raw_read },
};

int results_write(const char *dir, const char *problem, const struct grid *g,
                  const struct snapshot *s, size_t count)
{
    struct result r = { problem, g, s, count, true };
    struct results_file *data = NULL, *view = NULL;
    size_t base = 0;
    int err;
    if (count == 0)
        return log_error(-EINVAL, "%s: no snapshot to write", dir);
    for (size_t i = 0; i < count; i++)
        r.reference = r.reference && s[i].reference;
    if ((err = results_create(&data, dir, formats[0].name)) ||
        (err = results_create(&view, dir, "result.xmf")) ||
        (err = formats[0].write(data->temporary, data->final, &r, &base)) ||
        (err = xdmf_write(view->temporary, view->final, &r, formats[0].name, base)) ||
        (err = results_commit(&data)) || (err = results_commit(&view)))
        goto out;
out:
    results_abandon(&data);
    results_abandon(&view);
    return err;
}

int results_read(struct results_data *d, const char *path)
{
    char name[4096], magic[8] = "";
    struct stat st;
    memset(d, 0, sizeof *d);
    snprintf(name, sizeof name, "%s", path);
    if (stat(path, &st))
        return log_error(-errno, "%s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode)) {
        static const char *const names[] = { "result.h5", "result.bin" };
        size_t i = 0;
        for (; i < COUNT(names); i++) {
            snprintf(name, sizeof name, "%s/%s", path, names[i]);
            if (access(name, F_OK) == 0)
                break;
        }
        if (i == COUNT(names))
            return log_error(-ENOENT, "%s: no result.h5 or result.bin in it", path);
    }
    FILE *f = fopen(name, "r");
    if (!f || fread(magic, 1, sizeof magic, f) < sizeof magic) {
        const int err = f ? -EIO : -errno;
        if (f)
            fclose(f);
        return log_error(err, "%s: %s", name, f ? "truncated or damaged" : strerror(-err));
    }
    fclose(f);
    for (size_t i = 0; i < COUNT(formats); i++)
        if (memcmp(magic, formats[i].magic, sizeof magic) == 0) {
            const int err = formats[i].read(d, name);
            if (err)
                results_data_free(d);
            return err;
        }
#if !SPT_HDF5
    if (memcmp(magic, "\211HDF\r\n\032\n", sizeof magic) == 0)
        return log_error(-ENOTSUP, "%s: this starpint was built without HDF5", name);
#endif
    return log_error(-EINVAL, "%s: neither an HDF5 file nor raw results", name);
}
