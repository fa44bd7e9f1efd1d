// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A checkpoint comes back as it was written; a damaged, shortened or foreign one is one line; a
 * full disk and SIGKILL leave the earlier one whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/checkpoint.h"
#include "spt_config.h"

#if SPT_HDF5
#include <hdf5.h>

enum { N = 37, STATES = 5, SNAPSHOTS = 2, WIDE = 11 };

static const char text[] = "{\"increments\":[0.1,1e-300],\"name\":\"caf\xc3\xa9\"}";
static char root[64], file[80];

/* HDF5 itself leaks when metadata is damaged */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

static int set_up(void **state)
{
    /* fsync in memory is quick */
    snprintf(root, sizeof root, "%s/spt-checkpoint-XXXXXX",
             access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    if (!mkdtemp(root))
        return 1;
    snprintf(file, sizeof file, "%s/checkpoint.h5", root);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

/* stderr of what is called between the two */
static int saved_stderr;
static FILE *caught;

static void catch_errors(void)
{
    fflush(stderr);
    saved_stderr = dup(2);
    caught = tmpfile();
    dup2(fileno(caught), 2);
}

static int error_lines(char *said, size_t size)
{
    fflush(stderr);
    dup2(saved_stderr, 2);
    close(saved_stderr);
    rewind(caught);
    said[fread(said, 1, size - 1, caught)] = '\0';
    fclose(caught);
    int lines = 0;
    for (const char *p = said; (p = strchr(p, '\n')); p++)
        lines++;
    return lines;
}

static char *load(size_t *n)
{
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    char *bytes = malloc(1 << 20);
    *n = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    assert_true(*n > 0 && *n < 1 << 20);
    return bytes;
}

static void store(const char *bytes, size_t n)
{
    FILE *f = fopen(file, "w");
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static double number(int a, size_t row, size_t i)
{
    return (double)(a + 1) * 1e6 + (double)row * 1e3 + (double)i + 1.0 / 3.0;
}

/* rows filled from `seed`; -errno */
static int write_one(size_t states, size_t n, double seed)
{
    struct checkpoint *c;
    double *row = calloc(n > WIDE ? n : WIDE, sizeof *row);
    int err = checkpoint_create(&c, root);
    if (!err)
        err = checkpoint_array(c, CHECKPOINT_STATES, states, n);
    for (size_t r = 0; r < states && !err; r++) {
        for (size_t i = 0; i < n; i++)
            row[i] = number(CHECKPOINT_STATES, r, i) + seed;
        err = checkpoint_put(c, row);
    }
    if (!err)
        err = checkpoint_array(c, CHECKPOINT_SNAPSHOTS, SNAPSHOTS, WIDE);
    for (size_t r = 0; r < SNAPSHOTS && !err; r++) {
        for (size_t i = 0; i < WIDE; i++)
            row[i] = number(CHECKPOINT_SNAPSHOTS, r, i);
        err = checkpoint_put(c, row);
    }
    if (!err)
        err = checkpoint_commit(&c, text);
    checkpoint_close(&c);
    free(row);
    return err;
}

static bool same(struct checkpoint *c)
{
    double u[N];
    if (strcmp(checkpoint_text(c), text) || checkpoint_rows(c, CHECKPOINT_STATES) != STATES ||
        checkpoint_rows(c, CHECKPOINT_SNAPSHOTS) != SNAPSHOTS)
        return false;
    for (size_t r = STATES; r-- > 0;) {
        if (checkpoint_get(c, CHECKPOINT_STATES, r, N, u))
            return false;
        for (size_t i = 0; i < N; i++)
            if (u[i] != number(CHECKPOINT_STATES, r, i))
                return false;
    }
    for (size_t r = 0; r < SNAPSHOTS; r++) {
        if (checkpoint_get(c, CHECKPOINT_SNAPSHOTS, r, WIDE, u))
            return false;
        for (size_t i = 0; i < WIDE; i++)
            if (u[i] != number(CHECKPOINT_SNAPSHOTS, r, i))
                return false;
    }
    return true;
}

static int entries(void)
{
    DIR *d = opendir(root);
    int n = 0;
    for (struct dirent *e; (e = readdir(d));)
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    closedir(d);
    return n;
}

static void comes_back(void **state)
{
    struct checkpoint *c;
    char said[4096];
    double u[N];
    assert_int_equal(write_one(STATES, N, 0), 0);
    assert_int_equal(entries(), 1);
    assert_int_equal(checkpoint_open(&c, root), 0);
    assert_true(same(c));
    catch_errors();
    assert_int_equal(checkpoint_get(c, CHECKPOINT_STATES, STATES, N, u), -EINVAL);
    assert_int_equal(checkpoint_get(c, CHECKPOINT_STATES, 0, N - 1, u), -EINVAL);
    assert_int_equal(error_lines(said, sizeof said), 2);
    checkpoint_close(&c);
    assert_null(c);
}

static void without_snapshots(void **state)
{
    struct checkpoint *c;
    assert_int_equal(checkpoint_create(&c, root), 0);
    assert_int_equal(checkpoint_array(c, CHECKPOINT_STATES, 1, 1), 0);
    assert_int_equal(checkpoint_put(c, &(double){ 3 }), 0);
    assert_int_equal(checkpoint_array(c, CHECKPOINT_SNAPSHOTS, 0, WIDE), 0);
    assert_int_equal(checkpoint_commit(&c, ""), 0);
    assert_int_equal(checkpoint_open(&c, root), 0);
    assert_int_equal(checkpoint_rows(c, CHECKPOINT_SNAPSHOTS), 0);
    assert_string_equal(checkpoint_text(c), "");
    checkpoint_close(&c);
}

/* what is not committed changes nothing */
static void abandoned(void **state)
{
    struct checkpoint *c;
    assert_int_equal(write_one(STATES, N, 0), 0);
    assert_int_equal(checkpoint_create(&c, root), 0);
    assert_int_equal(checkpoint_array(c, CHECKPOINT_STATES, 1, 1), 0);
    assert_int_equal(entries(), 2);
    checkpoint_close(&c);
    assert_int_equal(entries(), 1);
    assert_int_equal(checkpoint_open(&c, root), 0);
    assert_true(same(c));
    checkpoint_close(&c);
}

/* bytes all over the file, one bit flipped: an error and one line of it, or exactly the same */
static void damage_is_seen(void **state)
{
    struct checkpoint *c;
    char said[4096];
    size_t n, seen = 0;
    assert_int_equal(write_one(STATES, N, 0), 0);
    char *bytes = load(&n);
    for (size_t i = 0; i < n; i += 1 + n / 2500) {
        bytes[i] ^= (char)(1 << (i % 8));
        store(bytes, n);
        catch_errors();
        const int err = checkpoint_open(&c, root), lines = error_lines(said, sizeof said);
        if (err ? lines != 1 || err > 0 || !strstr(said, "checkpoint.h5: ") : lines || !same(c))
            fail_msg("byte %zu of %zu: %d, %s", i, n, err, said);
        seen += err != 0;
        checkpoint_close(&c);
        bytes[i] ^= (char)(1 << (i % 8));
    }
    assert_true(seen > 1000);
    free(bytes);
}

/* numbers and text changed by a program that gets HDF5's own checksums right */
static void changes_are_seen(void **state)
{
    static const char *const what[] = { "text", "states", "snapshots" };
    for (int i = 0; i < 3; i++) {
        struct checkpoint *c;
        char said[4096];
        double rows[STATES * N] = { 1 };
        assert_int_equal(write_one(STATES, N, 0), 0);
        const hid_t f = H5Fopen(file, H5F_ACC_RDWR, H5P_DEFAULT),
                    d = H5Dopen2(f, what[i], H5P_DEFAULT), type = H5Dget_type(d);
        char changed[sizeof text];
        memcpy(changed, text, sizeof text);
        changed[3] = 'x';
        assert_true(H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                             i ? (void *)rows : (void *)changed) >= 0);
        H5Tclose(type);
        H5Dclose(d);
        H5Fclose(f);
        catch_errors();
        assert_int_equal(checkpoint_open(&c, root), -EIO);
        assert_int_equal(error_lines(said, sizeof said), 1);
        assert_non_null(strstr(said, "truncated or damaged"));
    }
}

static void other_formats(void **state)
{
    struct checkpoint *c;
    char said[4096];
    assert_int_equal(write_one(STATES, N, 0), 0);
    const hid_t f = H5Fopen(file, H5F_ACC_RDWR, H5P_DEFAULT), a = H5Aopen(f, "format", H5P_DEFAULT);
    assert_true(H5Awrite(a, H5T_NATIVE_INT, &(int){ 2 }) >= 0);
    H5Aclose(a);
    H5Fclose(f);
    catch_errors();
    assert_int_equal(checkpoint_open(&c, root), -EINVAL);
    assert_int_equal(error_lines(said, sizeof said), 1);
    assert_non_null(strstr(said, "expected a checkpoint of format 1, got 2"));
    unlink(file);
    catch_errors();
    assert_int_equal(checkpoint_open(&c, root), -ENOENT);
    assert_int_equal(error_lines(said, sizeof said), 1);
}

static void truncation_is_seen(void **state)
{
    struct checkpoint *c;
    char said[4096];
    size_t n;
    assert_int_equal(write_one(STATES, N, 0), 0);
    char *bytes = load(&n);
    for (size_t i = 0; i < n; i += i < 100 || i + 100 > n ? 1 : n / 200) {
        store(bytes, i);
        catch_errors();
        const int err = checkpoint_open(&c, root), lines = error_lines(said, sizeof said);
        if (err >= 0 || lines != 1)
            fail_msg("%zu of %zu bytes: %d, %s", i, n, err, said);
    }
    free(bytes);
}

/* at every size: one line, the earlier one still whole, nothing else left */
static void full_disk(void **state)
{
    struct checkpoint *c;
    struct rlimit limit, small;
    char said[4096];
    assert_int_equal(write_one(STATES, N, 0), 0);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    for (rlim_t size = 512; size < 240000; size += size < 8192 ? 256 : 12000) {
        small.rlim_cur = size;
        catch_errors();
        setrlimit(RLIMIT_FSIZE, &small);
        const int err = write_one(3, 10000, 1);
        setrlimit(RLIMIT_FSIZE, &limit);
        const int lines = error_lines(said, sizeof said);
        if (err >= 0 || lines != 1 || entries() != 1)
            fail_msg("%lu bytes: %d, %d files, %s", (unsigned long)size, err, entries(), said);
    }
    assert_int_equal(checkpoint_open(&c, root), 0);
    assert_true(same(c));
    checkpoint_close(&c);
}

/* Killed while it writes one after the other: what is there is one of them, whole. */
static void killed(void **state)
{
    for (int i = 0; i < 40; i++) {
        struct checkpoint *c;
        assert_int_equal(write_one(20, 1000, 0), 0);
        const pid_t child = fork();
        if (child == 0)
            for (double k = 1;; k++)
                write_one(20, 1000, k);
        usleep(500 + 177 * (unsigned)i);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        assert_int_equal(checkpoint_open(&c, root), 0);
        double u[1000], first = 0;
        for (size_t r = 0; r < 20; r++) {
            assert_int_equal(checkpoint_get(c, CHECKPOINT_STATES, r, 1000, u), 0);
            if (r == 0)
                first = u[0];
            assert_true(u[7] == u[0] + 7 && u[0] == first + 1e3 * (double)r);
        }
        checkpoint_close(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(without_snapshots),
        cmocka_unit_test(abandoned),
        cmocka_unit_test(damage_is_seen),
        cmocka_unit_test(changes_are_seen),
        cmocka_unit_test(other_formats),
        cmocka_unit_test(truncation_is_seen),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(killed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

#else

/* one line, whatever is asked for */
static void refused(void **state)
{
    struct checkpoint *c;
    assert_int_equal(checkpoint_create(&c, "/tmp"), -ENOTSUP);
    assert_null(c);
    assert_int_equal(checkpoint_open(&c, "/tmp"), -ENOTSUP);
    checkpoint_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(refused) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
