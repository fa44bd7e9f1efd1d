// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Results on disk. One row of `formats` per kind of file: the first is what is written, all are
 * read. */
#include "core/results.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "core/results_format.h"
#include "spt_config.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEMPORARY ".starpint." /* start of the names of files being written */

/* The output folder */

/* the first of them tell that a folder holds results */
enum { TELLING = 7 };
static const char *const outputs[] = {
    "summary.json",
    "result.h5",
    "result.bin",
    "config.yaml",
    "checkpoint.safetensors",
    "checkpoint.h5",
    "weights.safetensors",
    "loss.csv",
    "loss.png",
    "result.xmf",
    "solution.png",
    "convergence.png",
    "trace/trace.html",
    "trace/trace.svg",
    "trace/tasks.rec",
    "trace/perfetto.json",
    "trace/paje.trace",
    "trace/dag.dot",
    "trace",
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

/* what a killed run was writing */
static int remove_temporaries(int folder)
{
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

static int remove_outputs(int folder)
{
    for (size_t i = 0; i < COUNT(outputs); i++) {
        const bool is_folder = strcmp(outputs[i], "trace") == 0;
        /* a trace folder with files that are not ours stays */
        if (unlinkat(folder, outputs[i], is_folder ? AT_REMOVEDIR : 0) && errno != ENOENT &&
            errno != ENOTDIR && !(is_folder && (errno == ENOTEMPTY || errno == EEXIST)))
            return -errno;
    }
    return remove_temporaries(folder);
}

int results_prepare(const char *dir, bool overwrite)
{
    int err = make_folder(dir);
    if (err)
        return log_error(err, "%s: cannot write results there: %s", dir, strerror(-err));
    const int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return log_error(-errno, "%s: %s", dir, strerror(errno));
    for (int i = 0; i < TELLING && !overwrite && !err; i++)
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

int results_resume(const char *dir)
{
    const int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int err = folder < 0 || access(dir, W_OK | X_OK) ? -errno : remove_temporaries(folder);
    if (folder >= 0)
        close(folder);
    return err ? log_error(err, "%s: %s", dir, strerror(-err)) : 0;
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

const char *const result_sets[SETS] = { "fields", "reference" };

const double *result_set(const struct snapshot *s, int set)
{
    return set == FIELDS ? s->u : s->reference;
}

size_t result_block(const struct grid *g)
{
    return grid_points(g) * (g->is_complex ? 2 : 1);
}

const char *result_axis(const struct grid *g, int a)
{
    static const char *const names[GRID_MAX_DIMS] = { "x", "y", "z" };
    return g->axis[a] ? g->axis[a] : names[a];
}

const char *result_component(const struct grid *g, int c, char buffer[RESULT_NAME])
{
    if (g->names)
        return g->names[c];
    snprintf(buffer, RESULT_NAME, g->components > 1 ? "u%d" : "u", c);
    return buffer;
}

int result_allocate(struct results_data *d, bool reference)
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

bool result_plausible(const struct results_data *d, bool reference, uint64_t *doubles)
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

const char *result_link(const char *name, char buffer[RESULT_NAME])
{
    snprintf(buffer, RESULT_NAME, "%s", name);
    for (char *p = buffer; (p = strchr(p, '/'));)
        *p = '_';
    return buffer;
}

/* The formats, best first */

static const struct result_format *const formats[] = {
#if SPT_HDF5
    &result_hdf5,
#endif
    &result_raw,
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
    if ((err = results_create(&data, dir, formats[0]->name)) ||
        (err = results_create(&view, dir, "result.xmf")) ||
        (err = formats[0]->write(data->temporary, data->final, &r, &base)) ||
        (err = xdmf_write(view->temporary, view->final, &r, formats[0]->name, base)) ||
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
        if (memcmp(magic, formats[i]->magic, sizeof magic) == 0) {
            const int err = formats[i]->read(d, name);
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
