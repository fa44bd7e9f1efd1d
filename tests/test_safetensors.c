// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Safetensors files: what is written is read back to the last bit and has the bytes that the format
 * says; every defect gives its line; what cannot be written leaves the old file; thousands of
 * damaged files neither crash nor pass with tensors that do not fit the file. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "nn/safetensors.h"

static char said[1 << 16];
static int saved = -1;
static FILE *heard;

/* between these two, what goes to stderr goes to `said` */
static void listen_begin(void)
{
    fflush(stderr);
    saved = dup(STDERR_FILENO);
    heard = tmpfile();
    assert_non_null(heard);
    dup2(fileno(heard), STDERR_FILENO);
}

static size_t listen_end(void) /* lines */
{
    size_t lines = 0, n;
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(heard);
    said[0] = '\0';
    while ((n = fread(said, 1, sizeof said - 1, heard)) > 0) {
        said[n] = '\0';
        for (size_t i = 0; i < n; i++)
            lines += said[i] == '\n';
    }
    fclose(heard);
    return lines;
}

/* LENGTH HEADER VALUES; values NULL: zeros */
static size_t assemble(unsigned char *file, const char *header, const void *values, size_t bytes)
{
    const uint64_t n = strlen(header);
    for (int i = 0; i < 8; i++)
        file[i] = (unsigned char)(n >> 8 * i);
    memcpy(file + 8, header, n);
    if (values)
        memcpy(file + 8 + n, values, bytes);
    else
        memset(file + 8 + n, 0, bytes);
    return 8 + n + bytes;
}

static void written_is_read_back(void **state)
{
    (void)state;
    static const double a[] = { 1.0 / 3, -0.0, 5e-324, 1.7e308, 0, -7 };
    static const float b[] = { 0.1f, -3e38f, 1e-45f };
    static const double c = 42;
    const struct safetensor out[] = {
        { "lift.0.weight", DTYPE_F64, 2, { 2, 3 }, 6, a },
        { "b", DTYPE_F32, 1, { 3 }, 3, b },
        { "scalar", DTYPE_F64, 0, { 0 }, 1, &c }, /* behind 3 floats: aligned to 4 bytes in the file
                                                   */
        { "empty", DTYPE_F32, 2, { 0, 5 }, 0, NULL },
    };
    static const char *const meta[] = { "format", "starpint", "text", "a \"b\"\n\xc3\xa9", NULL };
    char dir[] = "/tmp/starpint-test-XXXXXX", path[64];
    struct safetensors *s;
    size_t count;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/w.safetensors", dir);
    assert_int_equal(safetensors_write(path, out, 4, meta), 0);
    assert_int_equal(safetensors_open(&s, path, NULL), 0);
    const struct safetensor *in = safetensors_tensors(s, &count);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        const struct safetensor *t = safetensors_find(s, out[i].name);
        assert_non_null(t);
        assert_true(t >= in && t < in + count);
        assert_int_equal(t->dtype, out[i].dtype);
        assert_int_equal(t->dims, out[i].dims);
        assert_int_equal(t->count, out[i].count);
        assert_memory_equal(t->shape, out[i].shape, (size_t)t->dims * sizeof *t->shape);
        assert_int_equal((uintptr_t)t->data % 64, 0);
        if (t->count)
            assert_memory_equal(t->data, out[i].data, t->count * dtype_size(t->dtype));
    }
    assert_null(safetensors_find(s, "lift"));
    assert_string_equal(safetensors_meta(s, "format"), "starpint");
    assert_string_equal(safetensors_meta(s, "text"), meta[3]);
    assert_null(safetensors_meta(s, "nothing"));
    safetensors_close(&s);
    assert_null(s);

    /* a value that is not finite: refused, and the old file stays */
    const float bad = INFINITY;
    const struct safetensor infinite = { "x", DTYPE_F32, 1, { 1 }, 1, &bad };
    listen_begin();
    assert_int_equal(safetensors_write(path, &infinite, 1, NULL), -EINVAL);
    assert_int_equal(listen_end(), 1);
    assert_non_null(strstr(said, "tensor 'x': value 0 is infinite"));
    assert_int_equal(safetensors_open(&s, path, NULL), 0);
    safetensors_close(&s);
    unlink(path);
    assert_int_equal(rmdir(dir), 0); /* nothing else is left behind */

    listen_begin();
    assert_int_equal(safetensors_write("/nowhere/w", out, 4, NULL), -ENOENT);
    assert_int_equal(safetensors_open(&s, "/nowhere/w", NULL), -ENOENT);
    assert_int_equal(safetensors_open(&s, "/", NULL), -EINVAL);
    assert_int_equal(listen_end(), 3);
}

/* The example of docs/networks.md */
static void bytes_are_those_of_the_format(void **state)
{
    (void)state;
    static const char header[] = "{\"__metadata__\":{\"format\":\"starpint\"},"
                                 "\"mlp.0.bias\":{\"dtype\":\"F32\",\"shape\":[2],"
                                 "\"data_offsets\":[0,8]}}";
    static const float values[] = { 1, -2 };
    static const char *const meta[] = { "format", "starpint", NULL };
    const struct safetensor t = { "mlp.0.bias", DTYPE_F32, 1, { 2 }, 2, values };
    char path[] = "/tmp/starpint-test-XXXXXX";
    unsigned char expected[256], found[256];
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    char padded[128];
    assert_int_equal(sizeof header - 1, 100);
    snprintf(padded, sizeof padded, "%s    ", header);
    assert_int_equal(strlen(padded), 104);
    const size_t n = assemble(expected, padded, values, sizeof values);
    assert_int_equal(expected[0], 0x68);
    assert_int_equal(safetensors_write(path, &t, 1, meta), 0);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fread(found, 1, sizeof found, f), n);
    fclose(f);
    assert_memory_equal(found, expected, n);
    unlink(path);
}

static void complex_and_ignored_tensors(void **state)
{
    (void)state;
    static const char header[] =
        "{\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
        "\"z\":{\"dtype\":\"C64\",\"shape\":[2,1],\"data_offsets\":[8,24]}}";
    static const char *const ignore[] = { "m", "n", NULL };
    const float values[6] = { NAN, NAN, 1, 2, 3, 4 };
    unsigned char file[256];
    struct safetensors *s;
    size_t count;
    const size_t n = assemble(file, header, values, sizeof values);
    assert_int_equal(safetensors_parse(&s, "test", file, n, ignore), 0);
    const struct safetensor *z = safetensors_tensors(s, &count);
    assert_int_equal(count, 1);
    assert_string_equal(z->name, "z");
    assert_int_equal(z->dims, 3);
    assert_int_equal(z->count, 4);
    assert_true(z->shape[0] == 2 && z->shape[1] == 1 && z->shape[2] == 2);
    assert_memory_equal(z->data, values + 2, 16);
    safetensors_close(&s);
    listen_begin();
    assert_int_equal(safetensors_parse(&s, "test", file, n, NULL), -EINVAL);
    assert_int_equal(listen_end(), 1);
    assert_string_equal(said,
                        "starpint: error: test: tensor 'n': expected dtype F32 or F64, got I64\n");
}

#define A(dtype, shape, offsets)                                                                   \
    "\"a\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define B(dtype, shape, offsets)                                                                   \
    "\"b\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void every_defect_has_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t bytes;
        const char *line;
    } cases[] = {
        { "[]", 0, "no safetensors file: its header does not start with '{'" },
        { "", 0, "no safetensors file: its header does not start with '{'" },
        { "{", 0, "byte 1 of the header: string or '}' expected near end of file" },
        { "{\"a\": 1", 0, "byte 7 of the header: '}' expected near end of file" },
        { "{} x", 0, "byte 4 of the header: end of file expected near 'x'" },
        { "{" A("F32", "[1]", "[0,4]") "," A("F32", "[1]", "[0,4]") "}", 4,
          "byte 57 of the header: duplicate object key near '\"a\"'" },
        { "{\"a\": 1}", 0, "tensor 'a': expected the keys dtype, shape and data_offsets" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"offsets\":[0,4]}}", 4,
          "tensor 'a': expected key 'data_offsets'" },
        { "{\"a\":{\"dtype\":7,\"shape\":[],\"data_offsets\":[0,4]}}", 4,
          "tensor 'a': unknown dtype that is no string, expected F32 or F64" },
        { "{" A("F31", "[1]", "[0,4]") "}", 4,
          "tensor 'a': unknown dtype 'F31', expected F32 or F64" },
        { "{" A("BF16", "[2]", "[0,4]") "}", 4, "tensor 'a': expected dtype F32 or F64, got BF16" },
        { "{" A("F32", "1", "[0,4]") "}", 4, "tensor 'a': expected a list 'shape'" },
        { "{" A("F32", "[-1]", "[0,4]") "}", 4, "tensor 'a': shape: expected integers from 0" },
        { "{" A("F32", "[1.0]", "[0,4]") "}", 4, "tensor 'a': shape: expected integers from 0" },
        { "{" A("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4,
          "tensor 'a': expected at most 8 axes, got 9" },
        { "{" A("F32", "[4294967296,4294967296]", "[0,0]") "}", 0,
          "tensor 'a': its shape has too many elements" },
        { "{" A("F64", "[2305843009213693952]", "[0,0]") "}", 0,
          "tensor 'a': its shape has too many elements" },
        { "{" A("F32", "[1]", "[0]") "}", 4,
          "tensor 'a': expected data_offsets [begin, end], integers from 0" },
        { "{" A("F32", "[1]", "[4,0]") "}", 4,
          "tensor 'a': expected data_offsets [begin, end], integers from 0" },
        { "{" A("F32", "[1]", "[0,\"4\"]") "}", 4,
          "tensor 'a': expected data_offsets [begin, end], integers from 0" },
        { "{" A("F32", "[2]", "[0,8]") "}", 7,
          "tensor 'a': ends at byte 8 of the data, which has 7: truncated" },
        { "{" A("F32", "[3,2]", "[0,8]") "}", 8,
          "tensor 'a': F32 of shape (3, 2) takes 24 bytes, data_offsets say 8" },
        { "{" A("C64", "[3]", "[0,8]") "}", 8,
          "tensor 'a': C64 of shape (3) takes 24 bytes, data_offsets say 8" },
        { "{" A("F32", "[2]", "[0,8]") "," B("F32", "[2]", "[4,12]") "}", 12,
          "tensor 'b': overlaps 'a' at byte 4 of the data" },
        { "{" A("F32", "[1]", "[0,4]") "," B("F32", "[1]", "[8,12]") "}", 12,
          "tensor 'b': a hole before it, bytes 4 to 8 of the data" },
        { "{" A("F32", "[1]", "[0,4]") "}", 5,
          "the tensors end at byte 4 of the data, which has 5" },
        { "{\"__metadata__\":[]}", 0, "__metadata__: expected an object of strings" },
        { "{\"__metadata__\":{\"epoch\":3}}", 0, "__metadata__: 'epoch': expected a string" },
        { "{\"a\\nb\": 1}", 0, "tensor 'a?b': expected the keys dtype, shape and data_offsets" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char file[1024];
        char expected[1024];
        struct safetensors *s;
        const size_t n = assemble(file, cases[i].header, NULL, cases[i].bytes);
        listen_begin();
        assert_int_equal(safetensors_parse(&s, "w", file, n, NULL), -EINVAL);
        listen_end();
        assert_null(s);
        snprintf(expected, sizeof expected, "starpint: error: w: %s\n", cases[i].line);
        assert_string_equal(said, expected);
    }

    unsigned char file[128];
    struct safetensors *s;
    const size_t n = assemble(file, "{" A("F32", "[1]", "[0,4]") "}", NULL, 4);
    static const struct {
        size_t at, size;
        unsigned char value;
        const char *line;
    } bytes[] = {
        { 0, 3, 0, "no safetensors file: 3 bytes, expected at least 8" },
        { 0, 30, 56, "truncated: a header of 56 bytes, but the file ends after 22 of it" },
        { 0, 0, 200, "truncated: a header of 200 bytes, but the file ends after 58 of it" },
        { 7, 0, 255,
          "no safetensors file: a header of 18374686479671623734 bytes, expected at most "
          "100000000" },
        { 3, 0, 6, "no safetensors file: a header of 100663350 bytes, expected at most 100000000" },
    };
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        unsigned char broken[128];
        char expected[256];
        memcpy(broken, file, n);
        if (bytes[i].value)
            broken[bytes[i].at] = bytes[i].value;
        listen_begin();
        assert_int_equal(
            safetensors_parse(&s, "w", broken, bytes[i].size ? bytes[i].size : n, NULL), -EINVAL);
        listen_end();
        snprintf(expected, sizeof expected, "starpint: error: w: %s\n", bytes[i].line);
        assert_string_equal(said, expected);
    }

    const float values[] = { 0, -INFINITY, NAN };
    for (int i = 1; i < 3; i++) {
        const size_t size =
            assemble(file, "{" A("F32", "[2]", "[0,8]") "}", (const float[]){ 0, values[i] }, 8);
        listen_begin();
        assert_int_equal(safetensors_parse(&s, "w", file, size, NULL), -EINVAL);
        listen_end();
        assert_string_equal(said, i == 1 ? "starpint: error: w: tensor 'a': value 1 is infinite\n"
                                         : "starpint: error: w: tensor 'a': value 1 is NaN\n");
    }
}

/* ---- damaged files ---- */

static uint64_t random_state = 1;

static size_t below(size_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(random_state >> 33) % n;
}

static void damage(unsigned char *file, size_t *size, size_t header)
{
    static const char *const pieces[] = {
        "\"F64\"",
        "\"C64\"",
        "[0,0]",
        "[]",
        "{}",
        "-1",
        "1e3",
        "0.5",
        "99999999999999999999",
        "null",
        "\"a\":",
        ",",
        "}",
        "{",
        ":",
        "\"",
        "\\u0000",
        "\xff",
        "[[[[[[[[",
        "__metadata__",
        "[0,24]",
        "[24,48]",
        "[2,3]",
        "[3,2]",
        "4611686018427387904",
    };
    const size_t at = below(*size), where = 8 + below(header);
    switch (below(7)) {
    case 0: /* one bit */
        file[at] ^= (unsigned char)(1 << below(8));
        break;
    case 1:
        *size = at;
        break;
    case 2: /* another length */
        file[below(8)] = (unsigned char)below(256);
        break;
    case 3: { /* a piece of JSON over the header */
        const char *piece = pieces[below(sizeof pieces / sizeof *pieces)];
        const size_t n = strlen(piece);
        memcpy(file + (where + n < *size ? where : 8), piece, n);
        break;
    }
    case 4: /* another digit */
        for (size_t i = where; i < 8 + header; i++)
            if (file[i] >= '0' && file[i] <= '9') {
                file[i] = (unsigned char)('0' + below(10));
                break;
            }
        break;
    case 5: /* a part of it elsewhere */
        memmove(file + where, file + 8 + below(header), *size - 8 - header);
        break;
    case 6: /* more at the end */
        memset(file + *size, (int)below(256), 16);
        *size += below(16);
    }
}

static void consistent(const struct safetensors *s, size_t bytes)
{
    size_t count, total = 0;
    const struct safetensor *t = safetensors_tensors(s, &count);
    for (size_t i = 0; i < count; i++) {
        size_t product = 1;
        for (int d = 0; d < t[i].dims; d++)
            product *= t[i].shape[d];
        assert_int_equal(product, t[i].count);
        assert_non_null(t[i].name);
        for (size_t k = 0; k < product; k++)
            assert_true(isfinite(t[i].dtype == DTYPE_F32 ? (double)((const float *)t[i].data)[k]
                                                         : ((const double *)t[i].data)[k]));
        total += product * dtype_size(t[i].dtype);
    }
    assert_int_equal(total, bytes);
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    enum { ROUNDS = 20000 };
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"starpint\",\"k\":\"v\"},"
        "\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
        "\"b\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[24,48]},"
        "\"c\":{\"dtype\":\"C64\",\"shape\":[1,2],\"data_offsets\":[48,64]}}      ";
    unsigned char values[64], whole[512];
    size_t accepted = 0, refused = 0;
    for (size_t i = 0; i < sizeof values; i++)
        values[i] = (unsigned char)(i * 7 % 64);
    const size_t size = assemble(whole, header, values, sizeof values);
    listen_begin();
    for (int round = 0; round < ROUNDS; round++) {
        struct safetensors *s;
        unsigned char copy[512];
        size_t n = size;
        memcpy(copy, whole, size);
        for (size_t times = 1 + below(3); times > 0 && n > 16; times--)
            damage(copy, &n, n < size ? n - 9 : sizeof header - 1);
        unsigned char *exact = malloc(n ? n : 1); /* so that a sanitizer sees its end */
        assert_non_null(exact);
        memcpy(exact, copy, n);
        const int err = safetensors_parse(&s, "w", exact, n, NULL);
        free(exact); /* nothing may point into it */
        if (err) {
            assert_int_equal(err, -EINVAL);
            assert_null(s);
            refused++;
        } else {
            uint64_t length;
            memcpy(&length, copy, 8);
            consistent(s, n - 8 - (size_t)length);
            accepted++;
        }
        safetensors_close(&s);
    }
    assert_int_equal(listen_end(), refused);
    assert_true(refused > ROUNDS / 2);
    assert_true(accepted > ROUNDS / 100); /* flipped values and metadata: fine */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_is_read_back),
        cmocka_unit_test(bytes_are_those_of_the_format),
        cmocka_unit_test(complex_and_ignored_tensors),
        cmocka_unit_test(every_defect_has_its_line),
        cmocka_unit_test(damaged_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
