// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* `starpint plot` makes a PNG of every kind of result, and of hostile ones: not-a-number, constant,
 * quotes in names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/gnuplot.c"
#include "drivers/plot.c"

static char dir[64], solution[96], convergence[96];

static int set_up(void **state)
{
    snprintf(dir, sizeof dir, "%s/spt-plot-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    if (!mkdtemp(dir))
        return -1;
    snprintf(solution, sizeof solution, "%s/solution.png", dir);
    snprintf(convergence, sizeof convergence, "%s/convergence.png", dir);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static void need_gnuplot(void)
{
    if (system("command -v gnuplot > /dev/null"))
        skip();
}

/* runs `plot` with these arguments */
#define PLOT(...) plot((const char *[]){ "plot", __VA_ARGS__, NULL })
static int plot(const char **argv)
{
    int n = 0;
    while (argv[n])
        n++;
    return command_plot(n, (char **)argv);
}

/* width in pixels of a PNG, 0 if it is none */
static unsigned png_width(const char *path)
{
    unsigned char b[24];
    FILE *f = fopen(path, "r");
    const bool good =
        f && fread(b, 1, sizeof b, f) == sizeof b && !memcmp(b, "\211PNG\r\n\032\n", 8);
    if (f)
        fclose(f);
    return good ? (unsigned)b[18] << 8 | b[19] : 0;
}

static void write_results(struct grid *g, double t, const double *u, const double *reference)
{
    const struct snapshot s[2] = { { 0, u, reference }, { t, u, reference } };
    assert_int_equal(results_write(dir, "it's \"one\"", g, s, 2), 0);
    grid_free(g);
}

static void write_summary(const char *text)
{
    char path[96];
    snprintf(path, sizeof path, "%s/summary.json", dir);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

static void every_kind(void **state)
{
    static const char *const names[] = { "u'", "v" }, *const axes[] = { "it's x", "y", "z" };
    static double u[256], v[256];
    need_gnuplot();
    for (int i = 0; i < 256; i++)
        v[i] = u[i] = sin(i);
    v[5] = 3;
    /* bits of kind: two components, complex, with a reference */
    static const int kinds[][2] = { { 1, 1 }, { 1, 6 }, { 1, 7 }, { 2, 5 }, { 2, 2 }, { 3, 4 } };
    for (size_t i = 0; i < COUNT(kinds); i++) {
        const int dims = kinds[i][0], kind = kinds[i][1];
        struct grid g = { .components = kind & 1 ? 2 : 1, .names = names, .is_complex = kind & 2 };
        for (int a = 0; a < dims; a++)
            grid_axis(&g, a, axes[a], a ? 3 : 5, 0, 1, a == 1);
        write_results(&g, 1, u, kind & 4 ? v : NULL);
        unlink(solution);
        assert_int_equal(PLOT(dir), 0);
        assert_in_range(png_width(solution), 300, 2000);
    }
}

static void hostile_numbers(void **state)
{
    static double u[256];
    need_gnuplot();
    static const int kinds[][2] = { { 1, 0 }, { 2, 1 }, { 2, 2 }, { 1, 3 }, { 2, 3 } };
    for (size_t k = 0; k < COUNT(kinds); k++) {
        const int dims = kinds[k][0], kind = kinds[k][1];
        struct grid g = { .components = 1 };
        for (int i = 0; i < 256; i++)
            u[i] = kind == 0 ? 0 : kind == 1 ? 7 : kind == 2 ? i : INFINITY;
        if (kind > 1)
            u[3] = NAN, u[4] = -INFINITY;
        for (int a = 0; a < dims; a++)
            grid_axis(&g, a, a ? "y" : "x", 16, 0, 1, false);
        write_results(&g, 1, u, NULL);
        unlink(solution);
        assert_int_equal(PLOT(dir), 0);
        assert_true(png_width(solution) > 0);
    }
}

static void convergence_and_names(void **state)
{
    char mine[96];
    double u[4] = { 1, 2, 4, 3 };
    struct grid g = { .components = 1 };
    need_gnuplot();
    grid_axis(&g, 0, "x", 4, 0, 1, false);
    write_results(&g, 1, u, u);
    snprintf(mine, sizeof mine, "%s/it's; mine.png", dir);
    write_summary("{\"config\": {\"method\": {\"tolerance\": 1e-8}}, \"parareal\": {\"slices\": 4, "
                  "\"increments\": [1e-3, 1e-9, 0], \"error_vs_fine\": [0.1, 1e-4, null, 0]}}");
    assert_int_equal(PLOT(dir), 0);
    assert_int_equal(png_width(convergence), 1000);
    assert_int_equal(png_width(solution), 1000);
    assert_int_equal(PLOT("-o", mine, "--what", "convergence", dir), 0);
    assert_int_equal(png_width(mine), 1000);
    unlink(mine);
    assert_int_equal(PLOT(dir, "-o", mine), 0);
    assert_int_equal(png_width(mine), 1000);
    /* all exact, or no number at all */
    write_summary("{\"parareal\": {\"increments\": [0], \"error_vs_fine\": [0, 0]}}");
    assert_int_equal(PLOT("-w", "convergence", dir), 0);
    write_summary("{\"parareal\": {\"increments\": [null]}}");
    assert_int_equal(PLOT("-w", "convergence", dir), 2);
    assert_int_equal(PLOT(dir), 0);
}

static void wrong_input(void **state)
{
    assert_int_equal(PLOT(dir), 2);
    assert_int_equal(PLOT("/nowhere"), 2);
    assert_int_equal(PLOT("--nonsense", dir), 2);
    assert_int_equal(PLOT("--what", "pie", dir), 2);
    assert_int_equal(PLOT("--what", "all", "-o", "x.png", dir), 2);
    assert_int_equal(PLOT(dir, "-o"), 2);
    assert_int_equal(PLOT(dir, dir), 2);
    write_summary("{");
    assert_int_equal(PLOT("-w", "convergence", dir), 2);
    write_summary("{}");
    assert_int_equal(PLOT("-w", "convergence", dir), 2);
    assert_int_equal(PLOT("--help"), 0);
}

static void without_gnuplot(void **state)
{
    double u[4] = { 0 };
    struct grid g = { .components = 1 };
    grid_axis(&g, 0, "x", 4, 0, 1, false);
    write_results(&g, 1, u, NULL);
    char *path = strdup(getenv("PATH"));
    setenv("PATH", dir, 1);
    assert_int_equal(PLOT(dir), 1);
    setenv("PATH", path, 1);
    free(path);
    assert_int_equal(access(solution, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(convergence_and_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_input, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_gnuplot, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
