// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Results come back as they were written, a damaged file never passes for a good one, and a run's
 * folder is neither overwritten by accident nor left with half a file. test_results_raw.c runs the
 * same without HDF5. */
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
#include <sys/stat.h>
#include <unistd.h>

#include "core/results.h"
#include "spt_config.h"

#define DATA_FILE (SPT_HDF5 ? "result.h5" : "result.bin")

static const char *const flow[] = { "buoyancy", "u/w", "a<b&\"c\"" };
static char root[64];

static char *in_root(const char *name)
{
    static char path[4][256];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", root, name);
    return p;
}

/* HDF5 itself leaks when metadata is damaged */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

static int set_up(void **state)
{
    /* fsync in memory is quick */
    snprintf(root, sizeof root, "%s/spt-results-XXXXXX",
             access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    return !mkdtemp(root);
}

static int tear_down(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

/* runs what follows with stderr in a file; error_lines gives it back */
static int saved_stderr;
static void catch_errors(void)
{
    fflush(stderr);
    saved_stderr = dup(2);
    char path[128];
    snprintf(path, sizeof path, "%s/stderr", root);
    const int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
    dup2(fd, 2);
    close(fd);
}

static int error_lines(char *text, size_t size)
{
    fflush(stderr);
    dup2(saved_stderr, 2);
    close(saved_stderr);
    char path[128];
    snprintf(path, sizeof path, "%s/stderr", root);
    FILE *f = fopen(path, "r");
    const size_t n = fread(text, 1, size - 1, f);
    fclose(f);
    text[n] = '\0';
    int lines = 0;
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        lines++;
    return lines;
}

static int files_in(const char *dir)
{
    DIR *d = opendir(dir);
    int n = 0;
    for (struct dirent *e; (e = readdir(d));)
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    closedir(d);
    return n;
}

static void touch(const char *path)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("x", f);
    fclose(f);
}

static char *load(const char *path, size_t *n)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    FILE *f = fopen(path, "r");
    char *bytes = malloc((size_t)st.st_size + 1);
    *n = fread(bytes, 1, (size_t)st.st_size, f);
    bytes[*n] = '\0';
    fclose(f);
    return bytes;
}

static void store(const char *path, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static const struct shape {
    const char *name;
    int dims;
    size_t shape[3], count;
    int components;
    bool is_complex, reference;
} shapes[] = {
    { "wave", 1, { 17 }, 3, 1, false, true },
    { "single point", 1, { 1 }, 1, 1, true, false },
    { "dahlquist", 1, { 5 }, 2, 1, true, true },
    { "sheet", 2, { 9, 12 }, 1, 1, false, false },
    { "flow", 2, { 8, 5 }, 4, 3, false, true },
    { "waves", 2, { 3, 4 }, 2, 2, true, false },
    { "box", 3, { 4, 3, 5 }, 2, 3, false, true },
    { "cloud", 3, { 2, 3, 4 }, 3, 1, true, true },
    { "larger than a chunk", 2, { 1100, 700 }, 1, 1, false, false },
};

/* a state whose every number tells where it belongs */
static double number(size_t snapshot, int set, size_t i)
{
    return (double)snapshot * 1e7 + (double)i + (set ? 0.5 : 0.25) + 1e-9 / 3;
}

struct sample {
    struct grid grid;
    struct snapshot *s;
    size_t count;
};

static void sample_make(struct sample *m, const struct shape *h)
{
    static const char *const axes[] = { "S1 [EUR]", "y/m", "z" };
    memset(m, 0, sizeof *m);
    m->grid.components = h->components;
    m->grid.is_complex = h->is_complex;
    m->grid.names = h->components > 1 ? flow : NULL;
    for (int a = 0; a < h->dims; a++)
        assert_int_equal(grid_axis(&m->grid, a, axes[a], h->shape[a], -1, 1.5 + a, a == 1), 0);
    m->count = h->count;
    m->s = calloc(h->count, sizeof *m->s);
    const size_t n = grid_doubles(&m->grid);
    for (size_t s = 0; s < h->count; s++) {
        double *u = malloc(n * sizeof *u), *v = h->reference ? malloc(n * sizeof *v) : NULL;
        for (size_t i = 0; i < n; i++) {
            u[i] = number(s, 0, i);
            if (v)
                v[i] = number(s, 1, i);
        }
        m->s[s] = (struct snapshot){ 0.1 * (double)s, u, v };
    }
}

static void sample_free(struct sample *m)
{
    for (size_t s = 0; s < m->count; s++) {
        free((void *)m->s[s].u);
        free((void *)m->s[s].reference);
    }
    free(m->s);
    grid_free(&m->grid);
}

static bool same(const struct results_data *d, const char *problem, const struct sample *m)
{
    const struct grid *g = &m->grid, *h = &d->grid;
    const size_t n = grid_doubles(g);
    if (strcmp(d->problem, problem) || d->count != m->count || h->dims != g->dims ||
        h->components != g->components || h->is_complex != g->is_complex ||
        !d->reference != !m->s[0].reference)
        return false;
    for (int a = 0; a < GRID_MAX_DIMS; a++)
        if (h->shape[a] != g->shape[a])
            return false;
    for (int a = 0; a < g->dims; a++)
        if (strcmp(h->axis[a], g->axis[a]) || h->periodic[a] != g->periodic[a] ||
            h->length[a] != g->length[a] || memcmp(h->x[a], g->x[a], g->shape[a] * sizeof(double)))
            return false;
    for (int c = 0; c < g->components; c++)
        if (strcmp(h->names[c], g->names ? g->names[c] : "u"))
            return false;
    for (size_t s = 0; s < m->count; s++)
        if (d->time[s] != m->s[s].time ||
            memcmp(d->fields + s * n, m->s[s].u, n * sizeof(double)) ||
            (d->reference && memcmp(d->reference + s * n, m->s[s].reference, n * sizeof(double))))
            return false;
    return true;
}

static void comes_back(void **state)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct sample m;
        struct results_data d;
        char dir[256];
        snprintf(dir, sizeof dir, "%s/back/%zu", root, i);
        sample_make(&m, &shapes[i]);
        assert_int_equal(results_prepare(dir, false), 0);
        assert_int_equal(results_write(dir, shapes[i].name, &m.grid, m.s, m.count), 0);
        assert_int_equal(files_in(dir), 2);
        assert_int_equal(results_read(&d, dir), 0);
        assert_true(same(&d, shapes[i].name, &m));
        results_data_free(&d);
        assert_null(d.fields);
        strcat(strcat(dir, "/"), DATA_FILE);
        assert_int_equal(results_read(&d, dir), 0);
        assert_true(same(&d, shapes[i].name, &m));
        results_data_free(&d);
        sample_free(&m);
    }
}

/* one snapshot without a reference: none is written */
static void reference_of_all_or_none(void **state)
{
    struct sample m;
    struct results_data d;
    sample_make(&m, &shapes[4]);
    free((void *)m.s[2].reference);
    m.s[2].reference = NULL;
    assert_int_equal(results_write(root, "flow", &m.grid, m.s, m.count), 0);
    assert_int_equal(results_read(&d, root), 0);
    assert_null(d.reference);
    results_data_free(&d);
    sample_free(&m);
}

/* Every byte of the file, one bit flipped: an error and one line of it, or exactly the same
 * numbers. */
static void damage_is_seen(void **state)
{
    struct sample m;
    struct results_data d;
    char text[4096];
    size_t n, seen = 0, passed = 0;
    sample_make(&m, &shapes[4]);
    assert_int_equal(results_write(root, "flow", &m.grid, m.s, m.count), 0);
    char *bytes = load(in_root(DATA_FILE), &n), *path = in_root("damaged");
    for (size_t i = 0; i < n; i += 1 + n / 3000) {
        bytes[i] ^= (char)(1 << (i % 8));
        store(path, bytes, n);
        catch_errors();
        const int err = results_read(&d, path), lines = error_lines(text, sizeof text);
        if (err)
            seen++;
        else
            passed++;
        if (err ? lines != 1 || err > 0 : lines || !same(&d, "flow", &m))
            fail_msg("byte %zu of %zu: %d, %s", i, n, err, text);
        results_data_free(&d);
        bytes[i] ^= (char)(1 << (i % 8));
    }
    assert_true(seen > 1000);
    if (!SPT_HDF5)
        assert_int_equal(passed, 0);
    free(bytes);
    sample_free(&m);
}

static void truncation_is_seen(void **state)
{
    struct sample m;
    struct results_data d;
    char text[4096];
    size_t n;
    sample_make(&m, &shapes[4]);
    assert_int_equal(results_write(root, "flow", &m.grid, m.s, m.count), 0);
    char *bytes = load(in_root(DATA_FILE), &n), *path = in_root("short");
    for (size_t i = 0; i < n; i += i < 100 || i + 100 > n ? 1 : n / 200) {
        store(path, bytes, i);
        catch_errors();
        const int err = results_read(&d, path), lines = error_lines(text, sizeof text);
        if (err >= 0 || lines != 1 || !strstr(text, "short: "))
            fail_msg("%zu of %zu bytes: %d, %s", i, n, err, text);
    }
    free(bytes);
    sample_free(&m);
}

static void foreign_files(void **state)
{
    struct results_data d;
    char text[4096];
    store(in_root("text"), "nothing of the kind", 19);
    catch_errors();
    assert_int_equal(results_read(&d, in_root("text")), -EINVAL);
    assert_int_equal(results_read(&d, in_root("missing")), -ENOENT);
    mkdir(in_root("empty"), 0777);
    assert_int_equal(results_read(&d, in_root("empty")), -ENOENT);
    assert_int_equal(error_lines(text, sizeof text), 3);
    assert_non_null(strstr(text, "result.h5"));
}

static void overwrite_rules(void **state)
{
    static const char *const held[] = { "summary.json", "result.h5", "result.bin", "config.yaml" };
    char dir[256], file[300], text[4096];
    for (int i = 0; i < 4; i++) {
        snprintf(dir, sizeof dir, "%s/a/b%d//c/", root, i);
        assert_int_equal(results_prepare(dir, false), 0);
        assert_int_equal(results_prepare(dir, false), 0);
        snprintf(file, sizeof file, "%s/%s", dir, held[i]);
        touch(file);
        catch_errors();
        assert_int_equal(results_prepare(dir, false), -EEXIST);
        assert_int_equal(error_lines(text, sizeof text), 1);
        assert_non_null(strstr(text, "--overwrite"));
        assert_non_null(strstr(text, held[i]));
        assert_int_equal(access(file, F_OK), 0);
        assert_int_equal(results_prepare(dir, true), 0);
        assert_int_equal(access(file, F_OK), -1);
    }
}

/* what a run does not write stays, what a killed one left behind goes */
static void overwrite_removes_only_ours(void **state)
{
    char *dir = in_root("mixed");
    char trace[300];
    assert_int_equal(results_prepare(dir, false), 0);
    touch(in_root("mixed/notes.txt"));
    touch(in_root("mixed/summary.json"));
    touch(in_root("mixed/.starpint.result.h5.1"));
    snprintf(trace, sizeof trace, "%s/trace", dir);
    assert_int_equal(mkdir(trace, 0777), 0);
    touch(in_root("mixed/trace/trace.html"));
    assert_int_equal(results_prepare(in_root("mixed"), true), 0);
    assert_int_equal(files_in(in_root("mixed")), 1);
    assert_int_equal(access(in_root("mixed/notes.txt"), F_OK), 0);
}

static void unusable_folders(void **state)
{
    char text[4096];
    touch(in_root("plain"));
    catch_errors();
    assert_int_equal(results_prepare(in_root("plain"), false), -ENOTDIR);
    assert_int_equal(results_prepare(in_root("plain/below"), false), -ENOTDIR);
    assert_int_equal(results_prepare("", false), -ENOENT);
    assert_true(results_prepare("/proc/none/such", false) < 0);
    assert_int_equal(error_lines(text, sizeof text), 4);
}

static void committed_or_absent(void **state)
{
    struct results_file *f;
    char *dir = in_root("files");
    assert_int_equal(results_prepare(dir, false), 0);
    assert_int_equal(results_create(&f, dir, "a.txt"), 0);
    store(results_path(f), "new", 3);
    assert_int_equal(access(in_root("files/a.txt"), F_OK), -1);
    assert_int_equal(results_commit(&f), 0);
    assert_null(f);
    assert_int_equal(access(in_root("files/a.txt"), F_OK), 0);
    assert_int_equal(results_create(&f, in_root("files"), "a.txt"), 0);
    store(results_path(f), "newer", 5);
    results_abandon(&f);
    results_abandon(&f);
    size_t n;
    char *bytes = load(in_root("files/a.txt"), &n);
    assert_string_equal(bytes, "new");
    free(bytes);
    assert_int_equal(files_in(in_root("files")), 1);
}

/* a full disk: one line, the earlier result still whole, nothing else left */
static void full_disk(void **state)
{
    struct sample m, large;
    struct results_data d;
    struct rlimit limit, small;
    char text[4096], *dir = in_root("full");
    sample_make(&m, &shapes[0]);
    sample_make(&large, &shapes[8]);
    assert_int_equal(results_prepare(dir, false), 0);
    assert_int_equal(results_write(dir, "wave", &m.grid, m.s, m.count), 0);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    for (rlim_t size = 0; size < 6 << 20; size += size < 4096 ? 1024 : 1 << 20) {
        small.rlim_cur = size ? size : 512;
        catch_errors();
        setrlimit(RLIMIT_FSIZE, &small);
        const int err = results_write(dir, "larger", &large.grid, large.s, large.count);
        setrlimit(RLIMIT_FSIZE, &limit);
        const int lines = error_lines(text, sizeof text);
        if (err >= 0 || lines > 1 || files_in(dir) != 2)
            fail_msg("%lu bytes: %d, %d files, %s", (unsigned long)size, err, files_in(dir), text);
    }
    assert_int_equal(results_read(&d, dir), 0);
    assert_true(same(&d, "wave", &m));
    results_data_free(&d);
    sample_free(&m);
    sample_free(&large);
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

/* XDMF: a well-formed tree (tags match, quotes close), slowest axis first, one attribute per part
 */
static void xdmf(void **state)
{
    struct sample m;
    size_t n;
    sample_make(&m, &shapes[6]);
    assert_int_equal(results_write(root, "a \"box\" <&>", &m.grid, m.s, m.count), 0);
    char *text = load(in_root("result.xmf"), &n);
    char stack[16][32];
    int depth = 0;
    for (const char *p = text; (p = strchr(p, '<')); p++) {
        char tag[32];
        assert_int_equal(sscanf(p, "<%31[^ >]", tag), 1);
        const char *end = strchr(p, '>');
        assert_non_null(end);
        if (*tag == '?')
            continue;
        if (*tag == '/') {
            assert_true(depth > 0);
            assert_string_equal(stack[--depth], tag + 1);
        } else if (end[-1] != '/') {
            assert_true(depth < 16);
            strcpy(stack[depth++], tag);
        }
    }
    assert_int_equal(depth, 0);
    assert_int_equal(count(text, "TopologyType=\"3DRectMesh\" Dimensions=\"4 3 5\""), 2);
    assert_int_equal(count(text, "<Time "), 2);
    assert_int_equal(count(text, "<Attribute "), 2 * 3 * 3);
    assert_int_equal(count(text, "Name=\"a&lt;b&amp;&quot;c&quot;_difference\""), 2);
    assert_int_equal(count(text, "Name=\"a &quot;box&quot; &lt;&amp;>\""), 1);
    free(text);
    sample_free(&m);
    if (system("command -v xmllint > /dev/null") == 0) {
        char command[256];
        snprintf(command, sizeof command, "xmllint --noout '%s'", in_root("result.xmf"));
        assert_int_equal(system(command), 0);
    }
}

/* other readers of HDF5 see the names, the shape and the checksum filter of every array */
static void hdf5_layout(void **state)
{
    struct sample m;
    size_t n;
    char command[512];
    if (!SPT_HDF5 || system("command -v h5dump > /dev/null"))
        skip();
    sample_make(&m, &shapes[7]);
    assert_int_equal(results_write(root, "cloud", &m.grid, m.s, m.count), 0);
    snprintf(command, sizeof command, "h5dump -p -A '%s' > '%s'", in_root("result.h5"),
             in_root("dump"));
    assert_int_equal(system(command), 0);
    char *text = load(in_root("dump"), &n);
    assert_int_equal(count(text, "DATASET"), 3 + 1 + 2);
    assert_int_equal(count(text, "CHECKSUM FLETCHER32"), 3 + 1 + 2);
    assert_int_equal(count(text, "( 3, 2, 3, 4, 2 )"), 2 * 2);
    assert_int_equal(count(text, "\"cloud\""), 1);
    assert_int_equal(count(text, "\"" SPT_VERSION "\""), 1);
    assert_int_equal(count(text, "GROUP \"reference\""), 1);
    free(text);
    sample_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reference_of_all_or_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_is_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(truncation_is_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(foreign_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(overwrite_rules, set_up, tear_down),
        cmocka_unit_test_setup_teardown(overwrite_removes_only_ours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unusable_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(committed_or_absent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(xdmf, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hdf5_layout, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
