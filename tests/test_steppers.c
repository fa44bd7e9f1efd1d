// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* One-step schemes: every Butcher table fulfils the order conditions of its order (all trees with
 * nodes of two colours), every stepper shows its order, keeps bits, damps what an L-stable one
 * damps, and refuses problems that do not fit. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "problems/steppers.h"
#include "tests/check_problem.h"
#include "tests/near.h"

/* A rooted tree without the colour of its root: its elementary weights per stage and its density. A
 * branch is such a tree under an edge; the colour of the branch's root picks the table. */
struct tree {
    int order;
    double phi[RK_STAGES], density;
};

struct trees {
    const struct tableau *s;
    bool use[2]; /* explicit, implicit */
    struct tree v[2000];
    int n;
};

static double weight(const struct tableau *s, int colour, const double *phi)
{
    double sum = 0;
    for (int i = 0; i < s->stages; i++)
        sum += (colour ? s->bi : s->be)[i] * phi[i];
    return sum;
}

/* adds the trees of an order with the branches given so far and further ones not before `next` (2
 * per tree) */
static void grow(struct trees *t, int order, int left, int next, const double *phi, double density,
                 int known)
{
    if (left == 0) {
        assert_true(t->n < (int)(sizeof t->v / sizeof *t->v));
        struct tree *new = &t->v[t->n++];
        new->order = order;
        new->density = order *density;
        memcpy(new->phi, phi, sizeof new->phi);
        return;
    }
    for (int branch = next; branch < 2 * known; branch++) {
        const struct tree *b = &t->v[branch / 2];
        const int colour = branch % 2;
        if (b->order > left || !t->use[colour])
            continue;
        double more[RK_STAGES] = { 0 };
        for (int i = 0; i < t->s->stages; i++) {
            for (int j = 0; j < t->s->stages; j++)
                more[i] += (colour ? t->s->ai : t->s->ae)[i][j] * b->phi[j];
            more[i] *= phi[i];
        }
        grow(t, order, left - b->order, branch, more, density * b->density, known);
    }
}

static void tables_fulfil_the_order_conditions(void **state)
{
    (void)state;
    struct trees *t = malloc(sizeof *t);
    assert_non_null(t);
    const double one[RK_STAGES] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    for (const struct tableau *s = runge_kutta_tables; s->name; s++) {
        t->s = s;
        t->n = 0;
        t->use[0] = weight(s, 0, one) != 0;
        t->use[1] = weight(s, 1, one) != 0;
        for (int i = 0; i < s->stages; i++) { /* both tables have the abscissae as row sums */
            double rows[2] = { 0 };
            for (int j = 0; j < s->stages; j++) {
                rows[0] += s->ae[i][j];
                rows[1] += s->ai[i][j];
                assert_true(j < i || s->ae[i][j] == 0);
                assert_true(j <= i || s->ai[i][j] == 0);
            }
            for (int colour = 0; colour < 2; colour++)
                if (t->use[colour] && (colour || !t->use[1] || i))
                    assert_near(rows[colour], s->c[i], 1e-14);
        }
        bool higher = true;
        for (int order = 1; order <= s->order + 1; order++) {
            const int known = t->n;
            grow(t, order, order - 1, 0, one, 1, known);
            for (int k = known; k < t->n; k++)
                for (int colour = 0; colour < 2; colour++) {
                    if (!t->use[colour])
                        continue;
                    const double defect = weight(s, colour, t->v[k].phi) - 1 / t->v[k].density;
                    if (order <= s->order && fabs(defect) > 1e-14)
                        fail_msg("%s: order %d, defect %g", s->name, order, defect);
                    higher &= fabs(defect) < 1e-10;
                }
        }
        assert_false(higher); /* the order is not understated */
    }
    free(t);
}

#define DAHLQUIST "{name: dahlquist, lambda: [[-1, 0], [0, 2], [-1, 3]]}"
#define IMEX "{name: dahlquist, lambda: [[-2, 0], [0, 1]], explicit: [[0.5, 1], [-0.3, 1]]}"

static void every_stepper_has_its_order(void **state)
{
    (void)state;
    for (int i = 0; stepper_types[i]; i++) {
        const char *name = stepper_types[i]->name;
        if (strstr(name, "adi") || !strcmp(name, "lod") || !strcmp(name, "exact"))
            continue;
        char stepper[80];
        struct check c;
        snprintf(stepper, sizeof stepper, "{name: %s, steps: 1}", name);
        check_stepper_open(&c, DAHLQUIST, stepper);
        const int order = c.stepper->order;
        check_close(&c);
        const bool explicit = !strcmp(name, "explicit_euler") || !strcmp(name, "rk4");
        const bool pair = explicit || !strncmp(name, "rk", 2) || !strcmp(name, "ark548");
        const struct {
            const char *problem;
            bool flow, skip;
        } cases[] = {
            { DAHLQUIST, false, false },
            { IMEX, true, !pair },
            { "{name: heat, grid: 16, diffusivity: 0.03, discretisation: fd4}", true, false },
            { "{name: heat, grid: [17, 9], diffusivity: 0.06, boundary: dirichlet}", false,
              explicit },
            { "{name: advection, grid: 16, diffusivity: 0.02, split: imex, speed: 0.5}", true,
              !pair },
        };
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
            if (cases[k].skip)
                continue;
            const long steps = order < 3 ? 40 : 16;
            const double slope = check_order(cases[k].problem, stepper, steps, 1, cases[k].flow);
            if (!(fabs(slope - order) < 0.3))
                fail_msg("%s on %s: order %g", name, cases[k].problem, slope);
        }
    }
}

static void every_stepper_keeps_bits(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { DAHLQUIST, "{name: explicit_euler}" },
        { IMEX, "{name: rk4}" },
        { DAHLQUIST, "{name: implicit_euler}" },
        { DAHLQUIST, "{name: crank_nicolson}" },
        { "{name: heat, grid: [16, 12]}", "{name: crank_nicolson, rannacher: 2}" },
        { "{name: heat, grid: [17, 12], boundary: dirichlet}", "{name: sdirk2}" },
        { "{name: heat, grid: 32, discretisation: fd4}", "{name: esdirk43}" },
        { "{name: heat, grid: 33, boundary: dirichlet, discretisation: fd2}", "{name: esdirk53}" },
        { IMEX, "{name: rk222}" },
        { DAHLQUIST, "{name: rk222}" },
        { "{name: advection, grid: 32, diffusivity: 0.1, split: imex}", "{name: rk443}" },
        { IMEX, "{name: ark548}" },
        { DAHLQUIST, "{name: ark548}" },
        { "{name: advection, grid: 33, discretisation: upwind5}", "{name: exact}" },
        { "{name: black_scholes, grid: 101}", "{name: crank_nicolson, rannacher: 2}" },
        { "{name: black_scholes, grid: 101}", "{name: sdirk2}" },
        { "{name: black_scholes, grid: 101}", "{name: esdirk43}" },
        { "{name: black_scholes_2d, grid: [31, 41]}", "{name: mcs_adi}" },
        { "{name: black_scholes_2d, grid: [31, 41]}", "{name: douglas_adi, theta: 0.7}" },
        { "{name: black_scholes_2d, grid: [31, 41]}", "{name: mcs_adi, rannacher: 2}" },
        { "{name: black_scholes_2d, grid: [31, 41]}", "{name: lod}" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_stepper(rows[i][0], rows[i][1]);
}

/* |u| after one step of size 1 from 1 */
static double amplification(const char *stepper, double re, double im)
{
    char problem[128];
    snprintf(problem, sizeof problem, "{name: dahlquist, lambda: [[%.17g, %.17g]]}", re, im);
    struct check c;
    check_stepper_open(&c, problem, stepper);
    double u[2] = { 1, 0 };
    const struct exec x = check_exec(&c);
    assert_int_equal(c.stepper->step(c.stepper, &x, (struct interval){ 0, 1, 0, 1 }, u, u), 0);
    check_close(&c);
    return hypot(u[0], u[1]);
}

static void implicit_schemes_are_stable(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool L;
    } rows[] = {
        { "{name: implicit_euler}", true }, { "{name: crank_nicolson}", false },
        { "{name: sdirk2}", true },         { "{name: esdirk43}", true },
        { "{name: esdirk53}", true },       { "{name: rk222}", true },
        { "{name: rk443}", true },          { "{name: ark548}", true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (double y = 0.01; y < 1e5; y *= 1.3)
            if (!(amplification(rows[i].text, 0, y) < 1 + 1e-9))
                fail_msg("%s amplifies %g i", rows[i].text, y);
        const double stiff = amplification(rows[i].text, -1e8, 0);
        assert_true(rows[i].L ? stiff < 1e-6 : fabs(stiff - 1) < 1e-6);
    }
    assert_near(amplification("{name: rk4}", 0, 2.8284), 1, 1e-3); /* the end of its interval */
    assert_true(amplification("{name: rk4}", 0, 2.84) > 1.001);
    /* v = (1 + z/2)/(1 - z/2), 1/(1 - z), and two half steps of it */
    assert_near(amplification("{name: crank_nicolson}", -1, 0), 1 / 3., 1e-15);
    assert_near(amplification("{name: implicit_euler}", -1, 0), 1 / 2., 1e-15);
    assert_near(amplification("{name: crank_nicolson, rannacher: 1}", -1, 0), 4 / 9., 1e-15);
}

/* only the first steps of the run are replaced, whatever slice they are in; order 2 stays */
static void rannacher_startup(void **state)
{
    (void)state;
    struct check c;
    check_stepper_open(&c, "{name: dahlquist, lambda: [[-1e9, 0]]}",
                       "{name: crank_nicolson, rannacher: 2}");
    for (long i = 0; i < 4; i++) {
        double u[2] = { 1, 0 };
        const struct exec x = check_exec(&c);
        assert_int_equal(c.stepper->step(c.stepper, &x, (struct interval){ 0, 1, i, 4 }, u, u), 0);
        assert_true(i < 2 ? fabs(u[0]) < 1e-10 : u[0] < -0.99);
    }
    check_close(&c);
    assert_near(check_order(DAHLQUIST, "{name: crank_nicolson, rannacher: 2}", 80, 1, false), 2,
                0.1);
}

static void wrong_pairs_are_refused(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { IMEX, "{name: implicit_euler}" },
        { IMEX, "{name: crank_nicolson}" },
        { DAHLQUIST, "{name: mcs_adi}" },
        { DAHLQUIST, "{name: douglas_adi}" },
        { DAHLQUIST, "{name: crank_nicolson, rannacher: -1}" },
        { DAHLQUIST, "{name: rk4, order: 4}" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char yaml[512];
        struct config *config;
        struct problem *p;
        struct stepper *s = NULL;
        snprintf(yaml, sizeof yaml, "problem: %s\nstepper: %s\n", rows[i][0], rows[i][1]);
        assert_int_equal(config_parse(&config, "check", yaml), 0);
        struct node *root = config_root(config), *node = config_child(root, "stepper");
        assert_int_equal(problem_create(&p, config_child(root, "problem")), 0);
        const struct stepper_type *type = stepper_type_find(config_name(node));
        assert_int_equal(type->create(&s, type, p, node), -EINVAL);
        assert_null(s);
        problem_destroy(&p);
        config_destroy(&config);
    }
    assert_null(stepper_type_find("rk5"));
}

/* u' = (A_0 + A_1 + A_2) u with matrices that do not commute: a splitting with mixed terms, solved
 * by hand */
enum { TOY = 3 };
static const double toy[3][TOY][TOY] = {
    { { 0, 0.3, -0.2 }, { -0.1, 0, 0.4 }, { 0.2, -0.3, 0.1 } },
    { { -1, 0.5, 0 }, { 0.2, -0.7, 0.1 }, { 0, 0.3, -0.4 } },
    { { -0.3, 0, 0.6 }, { 0, -0.9, -0.2 }, { 0.1, 0.5, -0.8 } },
};

static int toy_apply(const struct problem *p, const struct exec *x, double t, const double *w,
                     const double *u, const double *base, double *y)
{
    for (int i = 0; i < TOY; i++) {
        double sum = base ? base[i] : 0;
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < TOY; k++)
                sum += w[j] * toy[j][i][k] * u[k];
        y[i] = sum;
    }
    return 0;
}

static int toy_rhs(const struct problem *p, const struct exec *x, double t, const double *u,
                   double *f)
{
    return toy_apply(p, x, t, (const double[]){ 1, 1, 1 }, u, NULL, f);
}

/* Cramer's rule for (I - a A_j) u = b */
static int toy_solve(const struct problem *p, const struct exec *x, int j, double t, double a,
                     const double *b, double *u)
{
    double M[TOY][TOY], v[TOY], all = 0;
    for (int i = 0; i < TOY; i++)
        for (int k = 0; k < TOY; k++)
            M[i][k] = (i == k) - a * toy[j][i][k];
    for (int c = -1; c < TOY; c++) {
        double N[TOY][TOY];
        for (int i = 0; i < TOY; i++)
            for (int k = 0; k < TOY; k++)
                N[i][k] = k == c ? b[i] : M[i][k];
        const double det = N[0][0] * (N[1][1] * N[2][2] - N[1][2] * N[2][1]) -
                           N[0][1] * (N[1][0] * N[2][2] - N[1][2] * N[2][0]) +
                           N[0][2] * (N[1][0] * N[2][1] - N[1][1] * N[2][0]);
        if (c < 0)
            all = det;
        else
            v[c] = det / all;
    }
    memcpy(u, v, sizeof v);
    return 0;
}

static const struct problem_kernels toy_kernels = {
    .rhs_implicit = toy_rhs,
    .split_apply = toy_apply,
    .split_solve = toy_solve,
};
static struct problem toy_problem = {
    .name = "toy",
    .n = TOY,
    .splits = 2,
    .kernels = { &toy_kernels },
};

/* exp(A t) u by its series */
static void toy_flow(double t, const double *u, double *v)
{
    double term[TOY], f[TOY];
    memcpy(term, u, sizeof term);
    memcpy(v, u, sizeof term);
    for (int k = 1; k < 40; k++) {
        toy_rhs(NULL, NULL, 0, term, f);
        for (int i = 0; i < TOY; i++)
            v[i] += term[i] = f[i] * t / k;
    }
}

static struct stepper *toy_stepper(struct config **config, const char *text)
{
    struct stepper *s;
    assert_int_equal(config_parse(config, "check", text), 0);
    struct node *node = config_root(*config);
    const struct stepper_type *type = stepper_type_find(config_name(node));
    assert_int_equal(type->create(&s, type, &toy_problem, node), 0);
    return s;
}

static const double toy_start[TOY] = { 1, -0.5, 2 };

static double toy_error(const struct stepper *s, long steps)
{
    double work[64], u[TOY], v[TOY], sum = 0;
    assert_true(s->nwork <= 64);
    memcpy(u, toy_start, sizeof u);
    for (long i = 0; i < steps; i++) {
        const struct exec x = exec_host(work, s->nwork);
        assert_int_equal(s->step(s, &x, (struct interval){ 0, 1, i, steps }, u, u), 0);
    }
    toy_flow(1, toy_start, v);
    for (int i = 0; i < TOY; i++)
        sum += (u[i] - v[i]) * (u[i] - v[i]);
    return sqrt(sum);
}

static void splitting_schemes_have_their_order(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double order;
    } rows[] = {
        { "{name: mcs_adi}", 2 },
        { "{name: mcs_adi, theta: 0.8}", 2 },
        { "{name: mcs_adi, rannacher: 2}", 2 },
        { "{name: douglas_adi}", 1 }, /* A_0 is not 0 */
        { "{name: douglas_adi, theta: 1}", 1 },
        { "{name: lod}", 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct config *config;
        struct stepper *s = toy_stepper(&config, rows[i].text);
        const double slope = log2(toy_error(s, 64) / toy_error(s, 128));
        assert_near(slope, rows[i].order, 0.1);
        stepper_destroy(&s);
        config_destroy(&config);
    }
}

/* the schemes as printed in the papers, term by term */
static void papers(double theta, double dt, bool mcs, const double *u, double *v)
{
    const double all[] = { 1, 1, 1 }, part[3][3] = { { 1 }, { 0, 1 }, { 0, 0, 1 } };
    double y[3][TOY], fu[TOY], fy[TOY], b[TOY];
    toy_apply(NULL, NULL, 0, all, u, NULL, fu);
    for (int i = 0; i < TOY; i++)
        y[0][i] = u[i] + dt * fu[i];
    for (int round = 0; round < (mcs ? 2 : 1); round++) {
        if (round == 1) {
            toy_apply(NULL, NULL, 0, part[0], y[2], NULL, fy);
            toy_apply(NULL, NULL, 0, part[0], u, NULL, fu);
            for (int i = 0; i < TOY; i++)
                y[0][i] += theta * dt * (fy[i] - fu[i]);
            toy_apply(NULL, NULL, 0, all, y[2], NULL, fy);
            toy_apply(NULL, NULL, 0, all, u, NULL, fu);
            for (int i = 0; i < TOY; i++)
                y[0][i] += (0.5 - theta) * dt * (fy[i] - fu[i]);
        }
        for (int j = 1; j <= 2; j++) {
            toy_apply(NULL, NULL, 0, part[j], u, NULL, fu);
            for (int i = 0; i < TOY; i++)
                b[i] = y[j - 1][i] - theta * dt * fu[i];
            toy_solve(NULL, NULL, j, 0, theta * dt, b, y[j]);
        }
    }
    memcpy(v, y[2], sizeof y[2]);
}

static void splitting_schemes_are_the_published_ones(void **state)
{
    (void)state;
    for (int mcs = 0; mcs < 2; mcs++)
        for (double theta = 0.25; theta <= 1; theta += 0.25) {
            char text[80];
            struct config *config;
            double work[64], u[TOY], v[TOY];
            snprintf(text, sizeof text, "{name: %s_adi, theta: %g}", mcs ? "mcs" : "douglas",
                     theta);
            struct stepper *s = toy_stepper(&config, text);
            const struct exec x = exec_host(work, s->nwork);
            assert_int_equal(s->step(s, &x, (struct interval){ 0, 2, 1, 4 }, toy_start, u), 0);
            papers(theta, 0.5, mcs, toy_start, v);
            for (int i = 0; i < TOY; i++)
                assert_near(u[i], v[i], 1e-14);
            stepper_destroy(&s);
            config_destroy(&config);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_fulfil_the_order_conditions),
        cmocka_unit_test(every_stepper_has_its_order),
        cmocka_unit_test(every_stepper_keeps_bits),
        cmocka_unit_test(implicit_schemes_are_stable),
        cmocka_unit_test(rannacher_startup),
        cmocka_unit_test(splitting_schemes_have_their_order),
        cmocka_unit_test(splitting_schemes_are_the_published_ones),
        cmocka_unit_test(wrong_pairs_are_refused),
    };
    int status = check_device_open("every_*");
    if (status)
        return status;
    status = cmocka_run_group_tests(tests, NULL, NULL);
    check_device_close();
    return status;
}
