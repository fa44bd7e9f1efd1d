// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* result.bin: "SPTDATA1", the length of a JSON header (padded to whole cache lines), the header,
 * the arrays (axes, time, fields, reference), a checksum of all that. 64-bit words in the byte
 * order of the machine. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "core/results_format.h"
#include "spt_config.h"

#define RAW_MAGIC "SPTDATA1"

struct raw {
    FILE *file;
    uint64_t sum;
};

/* a bijection of the sum for every word: one changed word always shows */
uint64_t result_checksum(uint64_t sum, const void *words, size_t n)
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
    f->sum = result_checksum(f->sum, words, n);
    fwrite(words, 8, n, f->file);
}

static char *raw_header(const struct result *r, size_t *length)
{
    const struct grid *g = r->g;
    char buffer[RESULT_NAME], *text = NULL, *padded = NULL;
    json_t *axes = json_array(), *names = json_array();
    for (int a = 0; a < g->dims; a++)
        json_array_append_new(axes, json_pack("{ss sI sf sb}", "name", result_axis(g, a), "points",
                                              (json_int_t)g->shape[a], "length", g->length[a],
                                              "periodic", (int)g->periodic[a]));
    for (int c = 0; c < g->components; c++)
        json_array_append_new(names, json_string(result_component(g, c, buffer)));
    json_t *all = json_pack("{si ss ss sb sb sI so so}", "format", RESULT_FORMAT, "version",
                            SPT_VERSION, "problem", r->problem, "complex", (int)g->is_complex,
                            "reference", (int)r->reference, "count", (json_int_t)r->count,
                            "components", names, "axes", axes);
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
                raw_put(&f, result_set(&r->s[s], set) + (size_t)c * result_block(g),
                        result_block(g));
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
    if (format != RESULT_FORMAT || count < 1 || dims < 1 || dims > GRID_MAX_DIMS ||
        components < 1 || components > INT32_MAX ||
        !(g->names = calloc(components, sizeof *g->names)))
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
    if (result_checksum(0, map, words - 1) != sum || length > size - 24)
        goto out;
    if ((err = raw_parse(d, map + 16, length, &reference)))
        goto out;
    err = -EINVAL;
    if (!result_plausible(d, reference, &doubles) || doubles != words - 3 - length / 8 ||
        length % 8 || (err = result_allocate(d, reference)))
        goto out;

    const struct grid *g = &d->grid;
    const size_t n = result_block(g) * sizeof(double);
    const char *from = map + 16 + length;
    for (int a = 0; a < g->dims; from += g->shape[a++] * sizeof(double))
        memcpy(g->x[a], from, g->shape[a] * sizeof(double));
    memcpy(d->time, from, d->count * sizeof(double));
    from += d->count * sizeof(double);
    for (int set = 0; set < (reference ? SETS : REFERENCE); set++)
        for (int c = 0; c < g->components; c++)
            for (size_t s = 0; s < d->count; s++, from += n)
                memcpy((set == FIELDS ? d->fields : d->reference) + s * grid_doubles(g) +
                           (size_t)c * result_block(g),
                       from, n);
out:
    if (map != MAP_FAILED)
        munmap((void *)map, size);
    if (err == -EINVAL)
        return log_error(err, "%s: not results that this version (%s) can read", path, SPT_VERSION);
    return err ? log_error(err, "%s: truncated or damaged: the checksum does not match", path) : 0;
}

const struct result_format result_raw = { "result.bin", RAW_MAGIC, raw_write, raw_read };
