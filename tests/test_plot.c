// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* `starpint plot` makes a PNG of every kind of result, and of hostile ones: not-a-number, constant,
 * quotes in names; a flow's vorticity is exact, with its sign; a film is as long as its run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/gnuplot.c"
#include "drivers/pictures.c"
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

/* vx = (z - 1)^3 + sin(k x) z^2, vz = cos(2 k x) z + 3, in (12, 9) points of [0, 5) x [-1, 2] */
static void write_flow(size_t snapshots, double expected[108])
{
    static const char *const names[] = { "vx", "b", "vz" };
    static double all[3][324];
    struct grid g = { .components = 3, .names = names };
    struct snapshot s[3];
    grid_axis(&g, 0, "x", 12, 0, 5, true);
    grid_axis(&g, 1, "z", 9, -1, 2, false);
    const double k = 2 * M_PI / 5;
    for (size_t j = 0; j < 9; j++)
        g.x[1][j] = 0.5 - 1.5 * cos(M_PI * (double)j / 8);
    for (size_t i = 0; i < 108; i++) {
        const double x = g.x[0][i / 9], z = g.x[1][i % 9];
        for (size_t n = 0; n < snapshots; n++) {
            all[n][i] = pow(z - 1, 3) + sin(k * x) * z * z;
            all[n][108 + i] = (double)n * x;
            all[n][216 + i] = cos(2 * k * x) * z + 3;
        }
        expected[i] = -2 * k * sin(2 * k * x) * z - 3 * pow(z - 1, 2) - 2 * sin(k * x) * z;
    }
    for (size_t n = 0; n < snapshots; n++)
        s[n] = (struct snapshot){ (double)n, all[n], NULL };
    assert_int_equal(results_write(dir, "flow", &g, s, snapshots), 0);
    grid_free(&g);
}

static bool frame(size_t i)
{
    char path[96];
    snprintf(path, sizeof path, "%s/film/%04zu.png", dir, i);
    return png_width(path) > 0;
}

static void flow_and_film(void **state)
{
    struct results_data d = { 0 };
    double expected[108], v[108];
    char flow[96];
    write_flow(3, expected);
    assert_int_equal(results_read(&d, dir), 0);
    assert_true(pictures_flow(&d));
    assert_int_equal(pictures_vorticity(&d, 2, v), 0);
    for (int i = 0; i < 108; i++)
        assert_true(fabs(v[i] - expected[i]) < 1e-12);
    struct pictures p; /* colours of all snapshots: b = n x, and not all of the vorticity */
    assert_int_equal(pictures_create(&p, &d, 1), 0);
    assert_int_equal(p.panels, 2);
    assert_true(p.panel[0].low == 0 && p.panel[0].high == 2 * d.grid.x[0][11]);
    assert_true(p.panel[1].low == -p.panel[1].high && p.panel[1].high > 10);
    pictures_free(&p);
    d.grid.x[1][3] += 1e-6; /* no points of Chebyshev's */
    assert_false(pictures_flow(&d));
    results_data_free(&d);
    need_gnuplot();
    snprintf(flow, sizeof flow, "%s/flow.png", dir);
    assert_int_equal(PLOT(dir), 0);
    assert_true(png_width(flow) > 0 && png_width(solution) > 0);
    assert_int_equal(PLOT("--film", dir), 0);
    assert_true(frame(0) && frame(2) && !frame(3));
    write_flow(1, expected);
    assert_int_equal(PLOT("--film", dir), 0);
    assert_true(frame(0) && !frame(1) && !frame(2));
    assert_int_equal(PLOT("--film", "--what", "flow", dir), 2);
    /* of components where there is no flow; one dimension has no film */
    double u[50] = { NAN, 1 };
    struct grid g = { .components = 1, .is_complex = true };
    grid_axis(&g, 0, "x", 5, 0, 1, true);
    grid_axis(&g, 1, "y", 5, 0, 1, false);
    write_results(&g, 1, u, NULL);
    assert_int_equal(PLOT("--film", dir), 0);
    assert_true(frame(1));
    assert_int_equal(PLOT("--what", "flow", dir), 2);
    g = (struct grid){ .components = 1 };
    grid_axis(&g, 0, "x", 5, 0, 1, true);
    write_results(&g, 1, u, NULL);
    assert_int_equal(PLOT("--film", dir), 2);
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
        cmocka_unit_test_setup_teardown(flow_and_film, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_input, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_gnuplot, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
