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
                    assert_float_equal(rows[colour], s->c[i], 1e-14);
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
        if (strstr(name, "adi") || !strcmp(name, "exact"))
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
    assert_float_equal(amplification("{name: rk4}", 0, 2.8284), 1,
                       1e-3); /* the end of its interval */
    assert_true(amplification("{name: rk4}", 0, 2.84) > 1.001);
    /* v = (1 + z/2)/(1 - z/2), 1/(1 - z), and two half steps of it */
    assert_float_equal(amplification("{name: crank_nicolson}", -1, 0), 1 / 3., 1e-15);
    assert_float_equal(amplification("{name: implicit_euler}", -1, 0), 1 / 2., 1e-15);
    assert_float_equal(amplification("{name: crank_nicolson, rannacher: 1}", -1, 0), 4 / 9., 1e-15);
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
    assert_float_equal(check_order(DAHLQUIST, "{name: crank_nicolson, rannacher: 2}", 80, 1, false),
                       2, 0.1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_fulfil_the_order_conditions),
        cmocka_unit_test(every_stepper_has_its_order),
        cmocka_unit_test(every_stepper_keeps_bits),
        cmocka_unit_test(implicit_schemes_are_stable),
        cmocka_unit_test(rannacher_startup),
        cmocka_unit_test(wrong_pairs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
