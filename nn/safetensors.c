// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The safetensors format: 8 bytes N (little-endian), N bytes of a JSON object, values without
 * holes. The object maps names to {"dtype", "shape", "data_offsets": [begin, end)}, offsets counted
 * from the first byte after it, and __metadata__ to an object of strings. */
#include "nn/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "core/results.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are used as they stand in files");

#define METADATA "__metadata__"
enum { MAX_HEADER = 100000000, LENGTH_BYTES = 8, ALIGNMENT = 64, LINE = 512 };

struct safetensors {
    json_t *header; /* owns the names */
    struct safetensor *tensors;
    size_t count;
    void *data;
};

static const struct format {
    const char *name;
    size_t size;
    int parts; /* reals of an element; 0: not ours */
    enum dtype dtype;
} formats[] = {
    { "F32", 4, 1, DTYPE_F32 }, { "F64", 8, 1, DTYPE_F64 }, { "C64", 8, 2, DTYPE_F32 },
    { "BOOL", 1, 0, 0 },        { "U8", 1, 0, 0 },          { "I8", 1, 0, 0 },
    { "F8_E5M2", 1, 0, 0 },     { "F8_E4M3", 1, 0, 0 },     { "I16", 2, 0, 0 },
    { "U16", 2, 0, 0 },         { "F16", 2, 0, 0 },         { "BF16", 2, 0, 0 },
    { "I32", 4, 0, 0 },         { "U32", 4, 0, 0 },         { "I64", 8, 0, 0 },
    { "U64", 8, 0, 0 },
};
enum { FORMATS = sizeof formats / sizeof *formats };

/* a tensor of the header, before its values are looked at */
struct entry {
    const char *name;
    const struct format *format;
    struct safetensor t;
    size_t begin, end;
    bool ignored;
};

/* One line, whatever bytes the file holds. */
static int __attribute__((format(printf, 2, 3))) defect(const char *file, const char *format, ...)
{
    char text[LINE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    return log_error(-EINVAL, "%s: %s", file, text);
}

const char *safetensors_shape(char text[SAFETENSORS_SHAPE], int dims, const size_t *shape)
{
    int at = snprintf(text, SAFETENSORS_SHAPE, "(");
    for (int d = 0; d < dims; d++)
        at +=
            snprintf(text + at, (size_t)(SAFETENSORS_SHAPE - at), "%s%zu", d ? ", " : "", shape[d]);
    snprintf(text + at, (size_t)(SAFETENSORS_SHAPE - at), ")");
    return text;
}

/* ---- the header ---- */

static bool get_size(const json_t *j, size_t *n)
{
    if (!json_is_integer(j) || json_integer_value(j) < 0)
        return false;
    *n = (size_t)json_integer_value(j);
    return true;
}

static int read_shape(const char *file, struct entry *e, const json_t *shape, size_t *bytes)
{
    const size_t dims = json_array_size(shape);
    const int parts = e->format->parts;
    size_t count = 1;
    if (!json_is_array(shape))
        return defect(file, "tensor '%.80s': expected a list 'shape'", e->name);
    if (dims + (parts > 1) > SAFETENSORS_DIMS)
        return defect(file, "tensor '%.80s': expected at most %d axes, got %zu", e->name,
                      SAFETENSORS_DIMS, dims);
    for (size_t d = 0; d < dims; d++)
        if (!get_size(json_array_get(shape, d), &e->t.shape[d]))
            return defect(file, "tensor '%.80s': shape: expected integers from 0", e->name);
        else if (__builtin_mul_overflow(count, e->t.shape[d], &count))
            return defect(file, "tensor '%.80s': its shape has too many elements", e->name);
    if (__builtin_mul_overflow(count, e->format->size, bytes))
        return defect(file, "tensor '%.80s': its shape has too many elements", e->name);
    e->t.dims = (int)dims;
    e->t.count = count;
    if (parts > 1) {
        e->t.shape[e->t.dims++] = (size_t)parts;
        e->t.count *= (size_t)parts;
    }
    return 0;
}

static int read_entry(const char *file, struct entry *e, const json_t *j, size_t data)
{
    static const char *const keys[] = { "dtype", "shape", "data_offsets" };
    const char *type = json_string_value(json_object_get(j, "dtype"));
    const json_t *offsets = json_object_get(j, "data_offsets");
    size_t bytes = 0;
    if (!json_is_object(j) || json_object_size(j) != 3)
        return defect(file, "tensor '%.80s': expected the keys dtype, shape and data_offsets",
                      e->name);
    for (int k = 0; k < 3; k++)
        if (!json_object_get(j, keys[k]))
            return defect(file, "tensor '%.80s': expected key '%s'", e->name, keys[k]);
    for (int f = 0; f < FORMATS && type; f++)
        if (!strcmp(type, formats[f].name))
            e->format = &formats[f];
    if (!e->format)
        return defect(file, "tensor '%.80s': unknown dtype %s%.20s%s, expected F32 or F64", e->name,
                      type ? "'" : "that is no string", type ? type : "", type ? "'" : "");
    if (!e->format->parts && !e->ignored)
        return defect(file, "tensor '%.80s': expected dtype F32 or F64, got %s", e->name, type);
    e->t.name = e->name;
    e->t.dtype = e->format->dtype;
    if (read_shape(file, e, json_object_get(j, "shape"), &bytes))
        return -EINVAL;
    if (json_array_size(offsets) != 2 || !get_size(json_array_get(offsets, 0), &e->begin) ||
        !get_size(json_array_get(offsets, 1), &e->end) || e->begin > e->end)
        return defect(file, "tensor '%.80s': expected data_offsets [begin, end], integers from 0",
                      e->name);
    if (e->end > data)
        return defect(file,
                      "tensor '%.80s': ends at byte %zu of the data, which has %zu: truncated",
                      e->name, e->end, data);
    if (e->end - e->begin != bytes) {
        char shape[SAFETENSORS_SHAPE];
        return defect(file, "tensor '%.80s': %s of shape %s takes %zu bytes, data_offsets say %zu",
                      e->name, type,
                      safetensors_shape(shape, e->t.dims - (e->format->parts > 1), e->t.shape),
                      bytes, e->end - e->begin);
    }
    return 0;
}

static int by_offset(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* sorted by offset: each begins where the one before ends */
static int check_order(const char *file, const struct entry *e, size_t count, size_t data)
{
    size_t at = 0;
    for (size_t i = 0; i < count; at = e[i++].end)
        if (e[i].begin < at)
            return defect(file, "tensor '%.80s': overlaps '%.80s' at byte %zu of the data",
                          e[i].name, e[i - 1].name, e[i].begin);
        else if (e[i].begin > at)
            return defect(file, "tensor '%.80s': a hole before it, bytes %zu to %zu of the data",
                          e[i].name, at, e[i].begin);
    if (at < data)
        return defect(file, "the tensors end at byte %zu of the data, which has %zu", at, data);
    return 0;
}

static int check_metadata(const char *file, json_t *meta)
{
    const char *key;
    json_t *value;
    if (!meta)
        return 0;
    if (!json_is_object(meta))
        return defect(file, METADATA ": expected an object of strings");
    json_object_foreach(meta, key, value) if (!json_is_string(value)) return defect(
        file, METADATA ": '%.80s': expected a string", key);
    return 0;
}

static bool is_listed(const char *const *list, const char *name)
{
    while (list && *list && strcmp(*list, name))
        list++;
    return list && *list;
}

static json_t *read_header(const char *file, const unsigned char *bytes, size_t size,
                           size_t *length)
{
    uint64_t n = 0;
    json_error_t error;
    if (size < LENGTH_BYTES)
        return defect(file, "no safetensors file: %zu bytes, expected at least 8", size), NULL;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        n = n << 8 | bytes[i];
    if (n > MAX_HEADER)
        return defect(file, "no safetensors file: a header of %llu bytes, expected at most %d",
                      (unsigned long long)n, MAX_HEADER),
               NULL;
    if (n > size - LENGTH_BYTES)
        return defect(file, "truncated: a header of %llu bytes, but the file ends after %zu of it",
                      (unsigned long long)n, size - LENGTH_BYTES),
               NULL;
    if (n == 0 || bytes[LENGTH_BYTES] != '{')
        return defect(file, "no safetensors file: its header does not start with '{'"), NULL;
    *length = (size_t)n;
    json_t *j =
        json_loadb((const char *)bytes + LENGTH_BYTES, *length, JSON_REJECT_DUPLICATES, &error);
    if (!j)
        defect(file, "byte %d of the header: %s", error.position, error.text);
    return j;
}

/* ---- the values ---- */

static int check_finite(const char *file, const struct safetensor *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const double v = t->dtype == DTYPE_F32 ? (double)((const float *)t->data)[i]
                                               : ((const double *)t->data)[i];
        if (!isfinite(v))
            return defect(file, "tensor '%.80s': value %zu is %s", t->name, i,
                          isnan(v) ? "NaN" : "infinite");
    }
    return 0;
}

/* Every tensor to an address of its own: in the file they are aligned to nothing. */
static int take_values(struct safetensors *s, const char *file, const struct entry *e, size_t count,
                       const unsigned char *data)
{
    size_t bytes = ALIGNMENT;
    for (size_t i = 0; i < count; i++)
        bytes += e[i].ignored ? 0 : (e[i].end - e[i].begin + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    s->data = aligned_alloc(ALIGNMENT, bytes);
    s->tensors = calloc(count + 1, sizeof *s->tensors);
    if (!s->data || !s->tensors)
        return log_error(-ENOMEM, "%s: out of memory", file);
    char *at = s->data;
    for (size_t i = 0; i < count; i++) {
        if (e[i].ignored)
            continue;
        struct safetensor *t = &s->tensors[s->count++];
        const size_t size = e[i].end - e[i].begin;
        *t = e[i].t;
        t->data = memcpy(at, data + e[i].begin, size);
        at += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (check_finite(file, t))
            return -EINVAL;
    }
    return 0;
}

int safetensors_parse(struct safetensors **out, const char *file, const void *bytes, size_t size,
                      const char *const *ignore)
{
    struct safetensors *s = calloc(1, sizeof *s);
    struct entry *entries = NULL;
    size_t length = 0, data, count = 0;
    const char *name;
    json_t *j;
    int err = -EINVAL;
    *out = NULL;
    if (!s)
        return log_error(-ENOMEM, "%s: out of memory", file);
    if (!(s->header = read_header(file, bytes, size, &length)) ||
        check_metadata(file, json_object_get(s->header, METADATA)))
        goto out;
    data = size - LENGTH_BYTES - length;
    entries = calloc(json_object_size(s->header) + 1, sizeof *entries);
    if (!entries) {
        err = log_error(-ENOMEM, "%s: out of memory", file);
        goto out;
    }
    json_object_foreach(s->header, name, j)
    {
        if (!strcmp(name, METADATA))
            continue;
        struct entry *e = &entries[count++];
        e->name = name;
        e->ignored = is_listed(ignore, name);
        if (read_entry(file, e, j, data))
            goto out;
    }
    qsort(entries, count, sizeof *entries, by_offset);
    if (check_order(file, entries, count, data) ||
        (err = take_values(s, file, entries, count,
                           (const unsigned char *)bytes + LENGTH_BYTES + length)))
        goto out;
    *out = s;
    s = NULL;
    err = 0;
out:
    free(entries);
    safetensors_close(&s);
    return err;
}

int safetensors_open(struct safetensors **s, const char *path, const char *const *ignore)
{
    struct stat st;
    unsigned char *bytes = NULL;
    size_t size = 0;
    ssize_t got = 1;
    int err = 0;
    *s = NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return log_error(-errno, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st)) {
        err = log_error(-errno, "%s: %s", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(st.st_mode)) {
        err = log_error(-EINVAL, "%s: expected a safetensors file, this is no file", path);
        goto out;
    }
    if (!(bytes = malloc((size_t)st.st_size + 1))) {
        err = log_error(-ENOMEM, "%s: out of memory", path);
        goto out;
    }
    while (size < (size_t)st.st_size && got > 0) {
        got = read(fd, bytes + size, (size_t)st.st_size - size);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            size += (size_t)got;
    }
    err = got < 0 ? log_error(-errno, "%s: %s", path, strerror(errno))
                  : safetensors_parse(s, path, bytes, size, ignore);
out:
    free(bytes);
    close(fd);
    return err;
}

void safetensors_close(struct safetensors **sp)
{
    struct safetensors *s = *sp;
    *sp = NULL;
    if (!s)
        return;
    json_decref(s->header);
    free(s->tensors);
    free(s->data);
    free(s);
}

const struct safetensor *safetensors_tensors(const struct safetensors *s, size_t *count)
{
    *count = s->count;
    return s->tensors;
}

const struct safetensor *safetensors_find(const struct safetensors *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (!strcmp(s->tensors[i].name, name))
            return &s->tensors[i];
    return NULL;
}

const char *safetensors_meta(const struct safetensors *s, const char *key)
{
    return json_string_value(json_object_get(json_object_get(s->header, METADATA), key));
}

/* ---- writing ---- */

/* the header with spaces behind it, so that the values start on a multiple of 8 bytes */
static char *make_header(const struct safetensor *t, size_t count, const char *const *meta,
                         size_t *length)
{
    json_t *all = json_object(), *strings = json_object();
    size_t at = 0;
    bool ok = all && strings;
    for (; ok && meta && meta[0]; meta += 2)
        ok = !json_object_set_new(strings, meta[0], json_string(meta[1]));
    ok = ok && (!json_object_size(strings) || !json_object_set(all, METADATA, strings));
    for (size_t i = 0; i < count && ok; i++) {
        const size_t size = t[i].count * dtype_size(t[i].dtype);
        json_t *shape = json_array();
        for (int d = 0; d < t[i].dims; d++)
            json_array_append_new(shape, json_integer((json_int_t)t[i].shape[d]));
        ok = !json_object_set_new(all, t[i].name,
                                  json_pack("{ss so s[II]}", "dtype", formats[t[i].dtype].name,
                                            "shape", shape, "data_offsets", (json_int_t)at,
                                            (json_int_t)(at + size)));
        at += size;
    }
    char *text = ok ? json_dumps(all, JSON_COMPACT) : NULL, *padded = NULL;
    json_decref(all);
    json_decref(strings);
    if (text) {
        const size_t used = strlen(text);
        *length = (used + 7) / 8 * 8;
        if ((padded = malloc(*length + 1)))
            memset(memcpy(padded, text, used) + used, ' ', *length - used);
    }
    free(text);
    return padded;
}

static int write_all(const char *path, const char *temporary, const char *header, size_t length,
                     const struct safetensor *t, size_t count)
{
    FILE *f = fopen(temporary, "we");
    unsigned char bytes[LENGTH_BYTES];
    if (!f)
        return log_error(-errno, "%s: %s", path, strerror(errno));
    for (int i = 0; i < LENGTH_BYTES; i++)
        bytes[i] = (unsigned char)((uint64_t)length >> 8 * i);
    errno = 0;
    bool ok =
        fwrite(bytes, 1, sizeof bytes, f) == sizeof bytes && fwrite(header, 1, length, f) == length;
    for (size_t i = 0; i < count && ok; i++)
        ok = t[i].count == 0 || /* its data may be NULL */
             fwrite(t[i].data, dtype_size(t[i].dtype), t[i].count, f) == t[i].count;
    ok = !fclose(f) && ok;
    return ok ? 0 : log_error(errno ? -errno : -EIO, "%s: %s", path, strerror(errno ? errno : EIO));
}

int safetensors_write(const char *path, const struct safetensor *t, size_t count,
                      const char *const *meta)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    struct results_file *f = NULL;
    size_t length = 0;
    char *header = NULL;
    int err = 0;
    for (size_t i = 0; i < count && !err; i++)
        err = check_finite(path, &t[i]);
    if (!err && (!dir || !(header = make_header(t, count, meta, &length))))
        err = log_error(-ENOMEM, "%s: out of memory, or a text that is not UTF-8", path);
    if (err || (err = results_create(&f, dir, slash ? slash + 1 : path)) ||
        (err = write_all(path, results_path(f), header, length, t, count)) ||
        (err = results_commit(&f)))
        goto out;
out:
    results_abandon(&f);
    free(header);
    free(dir);
    return err;
}
