// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Rayleigh-Benard convection: growth rates of linear theory and the onset; operators on polynomials
 * and the pressure of known flows; what is conserved in space; divergence, plates, symmetries;
 * orders in time, convergence in space; what it refuses. That it keeps what struct problem promises
 * is tested in test_linear_problems.c. */
#include <complex.h>
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

#include "core/vec.h"
#include "problems/polynomials.h"
#include "problems/rayleigh_benard.h"
#include "problems/transfer.h"
#include "tests/check_problem.h"
#include "tests/near.h"

static double quantity(const struct check *c, const char *name, const double *u)
{
    double value;
    assert_int_equal(c->problem->quantity(c->problem, name, 0, u, &value), 0);
    return value;
}

static void advance(struct check *c, double start, double end, long steps, double *u)
{
    for (long i = 0; i < steps; i++) {
        const struct exec x = check_exec(c);
        assert_int_equal(
            c->stepper->step(c->stepper, &x, (struct interval){ start, end, i, steps }, u, u), 0);
    }
}

static double *start(struct check *c, const char *problem, const char *stepper)
{
    check_stepper_open(c, problem, stepper);
    double *u = check_vector(c);
    assert_int_equal(c->problem->initial(c->problem, 0, u), 0);
    return u;
}

/* a rough state: every coefficient, of about the same size */
static void rough(const struct check *c, double size, double *u)
{
    unsigned random = 12345;
    for (size_t i = 0; i < c->problem->n; i++) {
        random = random * 1664525u + 1013904223u;
        u[i] = size * (random / 0x1p31 - 1);
    }
    const struct rbc *s = rbc(c->problem);
    for (size_t j = 0; j < 2 * s->rows; j++) /* the mean has no imaginary part */
        u[(2 * j + 1) * s->waves] = 0;
}

static double dot(size_t n, const double *u, const double *v)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += u[i] * v[i];
    return sum;
}

/* ---- linear theory ---- */

/* of the mode with no node in between: z of (0, 1) */
static double growth(double ra, double pr, double k, bool no_slip)
{
    char problem[300];
    struct check c;
    snprintf(problem, sizeof problem,
             "{name: rayleigh_benard, rayleigh: %.17g, prandtl: %.17g, size: [%.17g, 1], grid: "
             "[8, 28], boundary: %s, initial: {kind: mode, mode: 1, amplitude: 1e-9}}",
             ra, pr, 2 * M_PI / k, no_slip ? "no_slip" : "free_slip");
    double *u = start(&c, problem, "{name: rk443}");
    assert_int_equal(c.stepper->prepare(c.stepper, (struct interval){ 0, 15, 0, 600 }), 0);
    advance(&c, 0, 15, 600, u);
    const double before = quantity(&c, "kinetic_energy", u);
    advance(&c, 0, 5, 200, u);
    const double after = quantity(&c, "kinetic_energy", u);
    free(u);
    check_close(&c);
    return log(after / before) / 10;
}

/* Zero for every s that is a growth rate of no-slip convection: w is a sum of cosh(q_j z), q_j^2 =
 * k^2
 * + y_j, over the roots of y (s - nu y)(s - kappa y) + k^2 = 0; w, w_z and y (s - nu y) w, which is
 * proportional to theta, vanish at z = +-1/2. Divided by cosh and by the differences of roots, in
 * whose order it does not depend then. */
static double determinant(double ra, double pr, double k, double s)
{
    const double kappa = 1 / sqrt(ra * pr), nu = 1 / sqrt(ra / pr), lead = nu * kappa;
    double complex y[3], a[3], b[3];
    for (int j = 0; j < 3; j++)
        y[j] = cpow(0.4 + 0.9 * I, j) * cbrt(k * k / lead);
    for (int iteration = 0; iteration < 500; iteration++) /* Durand & Kerner */
        for (int j = 0; j < 3; j++) {
            const double complex others = (y[j] - y[(j + 1) % 3]) * (y[j] - y[(j + 2) % 3]);
            y[j] -= (y[j] * (s - nu * y[j]) * (s - kappa * y[j]) + k * k) / (lead * others);
        }
    for (int j = 0; j < 3; j++) {
        const double complex q = csqrt(k * k + y[j]);
        a[j] = q * ctanh(q / 2);
        b[j] = y[j] * (s - nu * y[j]);
    }
    const double complex d =
        (a[1] * b[2] - a[2] * b[1]) - (a[0] * b[2] - a[2] * b[0]) + (a[0] * b[1] - a[1] * b[0]);
    return creal(d / ((y[0] - y[1]) * (y[1] - y[2]) * (y[2] - y[0])));
}

/* the zero near s */
static double no_slip_theory(double ra, double pr, double k, double s)
{
    double before = s + 1e-4, f = determinant(ra, pr, k, before);
    for (int i = 0; i < 50 && fabs(s - before) > 1e-13; i++) {
        const double g = determinant(ra, pr, k, s), next = s - g * (s - before) / (g - f);
        before = s;
        f = g;
        s = next;
    }
    return s;
}

static void growth_without_slip(void **state)
{
    (void)state;
    static const struct {
        double ra, pr, k, s; /* s: printed; NAN: by the determinant alone */
    } rows[] = {
        { 1800, 1, M_PI, 0.0164181636 }, { 2000, 1, M_PI, 0.0482272099 },
        { 5000, 1, M_PI, 0.2696294713 }, { 1e4, 1, M_PI, 0.3853354372 },
        { 1e5, 1, M_PI, 0.5865584692 },  { 2e6, 1, M_PI, 0.6688590371 },
        { 2e6, 1, 1.5 * M_PI, NAN },     { 1e4, 7, M_PI, NAN },
        { 1e4, 0.1, 2 * M_PI, NAN },     { 5000, 0.7, M_PI / 2, NAN },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double s = growth(rows[i].ra, rows[i].pr, rows[i].k, true),
                     theory = no_slip_theory(rows[i].ra, rows[i].pr, rows[i].k, s);
        if (!isnan(rows[i].s))
            assert_near(theory, rows[i].s, 1e-8);
        assert_near(s, theory, 1e-3 * fabs(theory));
    }
}

static void growth_with_slip(void **state)
{
    (void)state;
    static const double rows[][3] = {
        { 2000, 1, M_PI },
        { 1e5, 1, M_PI / 2 },
        { 2e6, 1, 2 * M_PI },
        { 1e4, 7, M_PI },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double ra = rows[i][0], pr = rows[i][1], k = rows[i][2], q = k * k + M_PI * M_PI;
        const double kappa = 1 / sqrt(ra * pr), nu = 1 / sqrt(ra / pr);
        const double theory = -(nu + kappa) * q / 2 + hypot((nu - kappa) * q / 2, k / sqrt(q));
        assert_near(growth(ra, pr, k, false), theory, 1e-3 * theory);
    }
}

/* critical Rayleigh numbers 1707.92 of k = pi, 2900.53 of pi/2; with slip 779.27 of pi */
static void onset(void **state)
{
    (void)state;
    assert_true(growth(1700, 1, M_PI, true) < 0);
    assert_true(growth(1716, 1, M_PI, true) > 0);
    assert_true(growth(2897, 1, M_PI / 2, true) < 0);
    assert_true(growth(2904, 1, M_PI / 2, true) > 0);
    assert_true(growth(775, 1, M_PI, false) < 0);
    assert_true(growth(783, 1, M_PI, false) > 0);
}

/* ---- operators ---- */

/* fields by a function of a point */
typedef void flow_function(double x, double z, double *vx, double *vz, double *b);

static void absorb_fields(const struct check *c, const double *v, double *u)
{
    const struct fields *f = c->problem->fields;
    double *work = aligned_alloc(64, exec_round(f->nwork) * sizeof *work);
    const struct exec x = exec_host(work, f->nwork);
    assert_int_equal(f->absorb(c->problem, &x, 0, v, u), 0);
    free(work);
}

static void absorb(const struct check *c, flow_function *f, double *u)
{
    const struct grid *g = &c->problem->fields->grid;
    const size_t points = grid_points(g), nz = g->shape[1];
    double *v = calloc(RBC_FIELDS * points, sizeof *v);
    for (size_t i = 0; i < points; i++)
        f(g->x[0][i / nz], g->x[1][i % nz], v + i, v + points + i, v + RBC_B * points + i);
    absorb_fields(c, v, u);
    free(v);
}

static double *show(const struct check *c, const double *u)
{
    double *v = calloc(grid_doubles(&c->problem->fields->grid), sizeof *v);
    assert_int_equal(problem_show(c->problem, 0, u, v), 0);
    return v;
}

/* size [2, 1]: k = pi. psi = z^2 (1-z)^2 (cos kx + z sin kx) + mean, theta = z (1-z) sin kx */
static const double k = M_PI;

static void polynomials(double x, double z, double *vx, double *vz, double *b)
{
    const double p = z * z * (1 - z) * (1 - z), dp = 2 * z * (1 - z) * (1 - 2 * z);
    *vx = dp * cos(k * x) + (dp * z + p) * sin(k * x) + z * (1 - z) * (2 - z);
    *vz = k * p * (sin(k * x) - z * cos(k * x));
    *b = 1 - z + z * (1 - z) * sin(k * x);
}

static void single_wave(double x, double z, double *vx, double *vz, double *b)
{
    *vx = 2 * z * (1 - z) * (1 - 2 * z) * cos(k * x);
    *vz = k * z * z * (1 - z) * (1 - z) * sin(k * x);
    *b = 1 - z + z * (1 - z) * sin(k * x);
}

static const char *const small = "{name: rayleigh_benard, rayleigh: 1e4, prandtl: 4, size: [2, 1], "
                                 "grid: [16, 12]}";

static void quantities_of_polynomials(void **state)
{
    (void)state;
    struct check c;
    check_open(&c, small);
    double *u = check_vector(&c);
    const double kappa = 1 / 200., nu = 1 / 50., k2 = k * k;
    absorb(&c, single_wave, u);
    const double square = (2 / 105. + k2 / 630) / 2; /* <u^2> */
    assert_near(quantity(&c, "kinetic_energy", u), square / 2, 1e-15);
    assert_near(quantity(&c, "reynolds", u), sqrt(square) / nu, 1e-12);
    assert_near(quantity(&c, "nusselt", u), 1 + k / 280 / kappa, 1e-13);
    assert_near(quantity(&c, "nusselt_thermal", u), 1 + (1 / 3. + k2 / 30) / 2, 1e-13);
    assert_near(quantity(&c, "nusselt_viscous", u),
                1 + nu / kappa * (4 / 5. + 4 * k2 / 105 + k2 * k2 / 630) / 2, 1e-12);
    assert_near(quantity(&c, "nusselt_bottom", u), 1, 1e-13);
    assert_near(quantity(&c, "nusselt_top", u), 1, 1e-13);
    assert_true(quantity(&c, "divergence", u) < 1e-13);
    double value;
    assert_int_equal(c.problem->quantity(c.problem, "nusselts", 0, u, &value), -ENOENT);
    free(u);
    check_close(&c);
}

static void mean_temperature(double x, double z, double *vx, double *vz, double *b)
{
    *vx = *vz = 0;
    *b = 1 - z + z * (1 - z) * (3 + z);
}

static void tall(double x, double z, double *vx, double *vz, double *b)
{
    *vx = 3;
    *vz = 0;
    *b = 2 - z + z * (2 - z);
}

/* b_z at the plates; at twice the height too, and with a uniform flow, which free slip lets be */
static void quantities_of_means(void **state)
{
    (void)state;
    struct check c;
    check_open(&c, small);
    double *u = check_vector(&c);
    absorb(&c, mean_temperature, u);
    assert_near(quantity(&c, "nusselt_bottom", u), 1 - 3, 1e-12);
    assert_near(quantity(&c, "nusselt_top", u), 1 + 4, 1e-12);
    free(u);
    check_close(&c);

    check_open(&c, "{name: rayleigh_benard, rayleigh: 1e4, size: [2, 2], grid: [16, 12], boundary: "
                   "free_slip}");
    u = check_vector(&c);
    double *f = check_vector(&c);
    absorb(&c, tall, u);
    assert_near(quantity(&c, "nusselt_bottom", u), 1 - 2, 1e-12);
    assert_near(quantity(&c, "nusselt_top", u), 1 + 2, 1e-12);
    assert_near(quantity(&c, "cfl", u), 3 * 8, 1e-12);
    assert_near(quantity(&c, "reynolds", u), 3 * 100, 1e-10);
    for (int is_explicit = 0; is_explicit < 2; is_explicit++) {
        const struct problem_kernels *kernels = c.problem->kernels[DEV_CPU];
        const struct exec x = check_exec(&c);
        assert_int_equal(
            (is_explicit ? kernels->rhs_explicit : kernels->rhs_implicit)(c.problem, &x, 0, u, f),
            0);
        assert_near(dot(c.problem->n / 2, f, f), 0, 1e-26);
    }
    free(u), free(f);
    check_close(&c);
}

static void fields_there_and_back(void **state)
{
    (void)state;
    struct check c;
    check_open(&c, small);
    double *u = check_vector(&c), *w = check_vector(&c);
    const struct grid *g = &c.problem->fields->grid;
    const size_t points = grid_points(g), nz = g->shape[1];
    absorb(&c, polynomials, u);
    double *v = show(&c, u);
    for (size_t i = 0; i < points; i++) {
        double vx, vz, b;
        polynomials(g->x[0][i / nz], g->x[1][i % nz], &vx, &vz, &b);
        assert_near(v[i], vx, 1e-13);
        assert_near(v[points + i], vz, 1e-13);
        assert_near(v[RBC_B * points + i], b, 1e-13);
    }
    rough(&c, 1, u);
    double *shown = show(&c, u);
    absorb_fields(&c, shown, w);
    assert_true(check_distance(&c, u, w) < 1e-12);
    free(v), free(shown), free(u), free(w);
    check_close(&c);
}

/* -u.grad u of `polynomials`, and -u.grad theta + w */
static void transport(double x, double z, double *fx, double *fz, double *fb)
{
    const double C = cos(k * x), S = sin(k * x);
    const double p = z * z * (1 - z) * (1 - z), dp = 2 * z * (1 - z) * (1 - 2 * z),
                 ddp = 2 - 12 * z + 12 * z * z;
    const double q = p * z, dq = dp * z + p, ddq = ddp * z + 2 * dp;
    const double m = z * (1 - z) * (2 - z), dm = 2 - 6 * z + 3 * z * z;
    const double u = dp * C + dq * S + m, ux = k * (dq * C - dp * S), uz = ddp * C + ddq * S + dm;
    const double w = k * (p * S - q * C), wx = k * k * (p * C + q * S), wz = -ux;
    *fx = -(u * ux + w * uz);
    *fz = -(u * wx + w * wz);
    *fb = -(u * k * z * (1 - z) * C + w * (1 - 2 * z) * S) + w;
}

/* Both sides of <v, f_E(u)> = <v, -u.grad u>, for every v of the space; f_E of theta in the points,
 * since that of this u meets its boundary conditions */
static void advection_of_polynomials(void **state)
{
    (void)state;
    struct check c;
    check_open(&c, small);
    const struct problem *p = c.problem;
    double *u = check_vector(&c), *f = check_vector(&c), *g = check_vector(&c);
    absorb(&c, polynomials, u);
    const struct exec x = check_exec(&c);
    assert_int_equal(p->kernels[DEV_CPU]->rhs_explicit(p, &x, 0, u, f), 0);
    check_guard(&c);

    const struct grid *grid = &p->fields->grid;
    const size_t points = grid_points(grid), nz = grid->shape[1];
    double *v = calloc(RBC_FIELDS * points, sizeof *v), *shown = show(&c, f);
    for (size_t i = 0; i < points; i++) {
        const double z = grid->x[1][i % nz];
        transport(grid->x[0][i / nz], z, v + i, v + points + i, v + RBC_B * points + i);
        assert_near(shown[RBC_B * points + i] - (1 - z), v[RBC_B * points + i], 1e-13);
        v[RBC_B * points + i] += 1 - z;
    }
    /* absorb projects: what remains of a vector is the same part that tests see */
    absorb_fields(&c, v, g);
    assert_true(check_distance(&c, g, f) < 1e-12);
    free(u), free(f), free(g), free(v), free(shown);
    check_close(&c);
}

/* with free slip: Taylor and Green's vortices of velocity a, at which advection is a gradient */
static const double a = 0.3;

static void vortices(double x, double z, double *vx, double *vz, double *b)
{
    *vx = a * cos(k * x) * cos(M_PI * z);
    *vz = a * k / M_PI * sin(k * x) * sin(M_PI * z);
    *b = 1 - z;
}

static void pressure_of_vortices(void **state)
{
    (void)state;
    struct check c;
    check_open(&c, "{name: rayleigh_benard, rayleigh: 1e4, size: [2, 1], grid: [16, 24], boundary: "
                   "free_slip}");
    double *u = check_vector(&c);
    absorb(&c, vortices, u);
    double *v = show(&c, u);
    const struct grid *g = &c.problem->fields->grid;
    for (size_t i = 0; i < grid_points(g); i++) {
        const double x = g->x[0][i / g->shape[1]], z = g->x[1][i % g->shape[1]];
        assert_near(v[RBC_P * grid_points(g) + i],
                    z - z * z / 2 - 1 / 3. - a * a / 4 * cos(2 * k * x) +
                        a * a * k * k / (4 * M_PI * M_PI) * cos(2 * M_PI * z),
                    1e-11);
    }
    free(v), free(u);
    check_close(&c);
}

static void slow(double x, double z, double *vx, double *vz, double *b)
{
    single_wave(x, z, vx, vz, b);
    *vx *= 1e-9;
    *vz *= 1e-9;
    *b = 1 - z;
}

/* without slip friction at the plates drives a harmonic one: p_z = nu w_zz there */
static void pressure_of_friction(void **state)
{
    (void)state;
    struct check c;
    check_open(&c, "{name: rayleigh_benard, rayleigh: 1e4, size: [2, 1], grid: [16, 24]}");
    double *u = check_vector(&c);
    absorb(&c, slow, u);
    double *v = show(&c, u);
    const struct grid *g = &c.problem->fields->grid;
    for (size_t i = 0; i < grid_points(g); i++) {
        const double x = g->x[0][i / g->shape[1]], z = g->x[1][i % g->shape[1]];
        assert_near(v[RBC_P * grid_points(g) + i] - (z - z * z / 2 - 1 / 3.),
                    2e-11 / cosh(k / 2) * sinh(k * (z - 0.5)) * sin(k * x), 1e-15);
    }
    free(v), free(u);
    check_close(&c);
}

/* ---- what is conserved ---- */

/* Advection neither makes nor destroys <u^2> or <theta^2>, whatever the resolution; buoyancy does
 * <w b>, diffusion what Nusselt numbers count */
static void energy_balance(void **state)
{
    (void)state;
    static const char *const problems[] = {
        "{name: rayleigh_benard, rayleigh: 1e5, prandtl: 3, size: [2, 1], grid: [18, 14]}",
        "{name: rayleigh_benard, rayleigh: 1e5, size: [2, 1], grid: [12, 20], boundary: free_slip}"
    };
    for (int i = 0; i < 2; i++) {
        struct check c;
        check_open(&c, problems[i]);
        const struct problem *p = c.problem;
        const struct rbc *s = rbc(p);
        const size_t n = p->n / 2;
        double *u = check_vector(&c), *f = check_vector(&c);
        rough(&c, 1, u);
        struct exec x = check_exec(&c);
        const double buoyancy = s->kappa * (quantity(&c, "nusselt", u) - 1),
                     friction = s->kappa * (quantity(&c, "nusselt_viscous", u) - 1),
                     diffusion = s->kappa * (quantity(&c, "nusselt_thermal", u) - 1);
        assert_int_equal(p->kernels[DEV_CPU]->rhs_explicit(p, &x, 0, u, f), 0);
        const double size = sqrt(dot(p->n, u, u) * dot(p->n, f, f));
        assert_true(size > 100);
        assert_near(dot(n, u, f), 0, 1e-14 * size);
        assert_near(dot(n, u + n, f + n), buoyancy, 1e-14 * size);
        x = check_exec(&c);
        assert_int_equal(p->kernels[DEV_CPU]->rhs_implicit(p, &x, 0, u, f), 0);
        assert_near(dot(n, u, f), buoyancy - friction, 1e-12 * friction);
        assert_near(dot(n, u + n, f + n), -diffusion, 1e-12 * diffusion);
        free(u), free(f);
        check_close(&c);
    }
}

static const char *const turbulent =
    "{name: rayleigh_benard, rayleigh: 1e6, size: [2, 1], grid: [32, 24], initial: "
    "{kind: noise, amplitude: 1}}";

static const char parallel_sdc[] =
    "{name: sdc, sweeps: 4, preconditioner: MIN-SR-FLEX, preconditioner_explicit: PIC, nodes: "
    "{type: legendre, quadrature: radau_right, count: 4}}";

static void divergence_and_plates(void **state)
{
    (void)state;
    static const char *const steppers[] = { "{name: rk222}", "{name: rk443}", "{name: ark548}",
                                            parallel_sdc };
    for (int i = 0; i < 4; i++) {
        struct check c;
        double *u = start(&c, turbulent, steppers[i]);
        const struct grid *g = &c.problem->fields->grid;
        const size_t points = grid_points(g), nz = g->shape[1];
        for (int step = 0; step < 5; step++) {
            advance(&c, step, step + 1, 40, u);
            assert_true(quantity(&c, "divergence", u) < 1e-12 * (1 + quantity(&c, "cfl", u)));
            double *v = show(&c, u);
            for (size_t x = 0; x < g->shape[0]; x++)
                for (size_t end = 0; end < 2; end++) {
                    const double *at = v + x * nz + end * (nz - 1);
                    assert_near(at[0], 0, 1e-14);
                    assert_near(at[points], 0, 1e-14);
                    assert_near(at[RBC_B * points], end ? 0 : 1, 1e-14);
                }
            free(v);
        }
        assert_true(quantity(&c, "reynolds", u) > 10); /* something flows */
        free(u);
        check_close(&c);
    }
}

/* Rolls that no longer change carry the same heat by every count. 2.6527 is what second-order
 * finite differences on 48 x 24 and 96 x 48 points extrapolate to (Clever & Busse 1974, with fewer
 * functions: 2.661) */
static void steady_rolls(void **state)
{
    (void)state;
    static const char *const forms[] = { "nusselt_bottom", "nusselt_top", "nusselt_thermal",
                                         "nusselt_viscous" };
    struct check c;
    double *u = start(&c,
                      "{name: rayleigh_benard, rayleigh: 1e4, prandtl: 0.71, size: [2.0157, 1], "
                      "grid: [24, 20], initial: {kind: mode, mode: 1, amplitude: 0.1}}",
                      "{name: rk222}");
    assert_int_equal(c.stepper->prepare(c.stepper, (struct interval){ 0, 60, 0, 1200 }), 0);
    advance(&c, 0, 60, 1200, u);
    const double nusselt = quantity(&c, "nusselt", u);
    assert_near(nusselt, 2.6527, 1e-3);
    for (int i = 0; i < 4; i++)
        assert_near(quantity(&c, forms[i], u), nusselt, 1e-3);
    free(u);
    check_close(&c);
}

/* x -> -x, or z -> 1 - z with theta -> -theta: of coefficients, signs */
static void reflect(const struct rbc *s, bool up_down, double *u)
{
    for (size_t c = 0; c < 2; c++)
        for (size_t j = 0; j < s->rows; j++)
            for (size_t part = 0; part < 2; part++)
                for (size_t l = 0; l < s->waves; l++) {
                    const bool odd = j % 2, mean = c == 0 && l == 0;
                    bool turn = c == 0 ? part == 0 : part == 1;
                    if (up_down)
                        turn = mean ? odd : !odd;
                    double *at = u + ((c * s->rows + j) * 2 + part) * s->waves + l;
                    *at = turn ? -*at : *at;
                }
}

static void symmetries(void **state)
{
    (void)state;
    for (int up_down = 0; up_down < 2; up_down++) {
        struct check c;
        double *u = start(&c, turbulent, "{name: rk222}");
        advance(&c, 0, 4, 160, u);
        double *v = check_vector(&c);
        memcpy(v, u, c.problem->n * sizeof *v);
        reflect(rbc(c.problem), up_down, v);
        assert_true(check_distance(&c, u, v) > 0.1); /* it is not symmetric itself */
        advance(&c, 0, 0.5, 20, u);
        advance(&c, 0, 0.5, 20, v);
        reflect(rbc(c.problem), up_down, v);
        assert_true(check_distance(&c, u, v) < 1e-12);
        free(u), free(v);
        check_close(&c);
    }
}

/* ---- orders ---- */

static const char *const rolls =
    "{name: rayleigh_benard, rayleigh: 2e4, size: [2, 1], grid: [16, 16], initial: {kind: mode, "
    "mode: 1, amplitude: 0.3}}";

/* from a state that the plates have shaped: the first one is no solution's at earlier times */
static double self_order(const char *stepper, long steps)
{
    struct check c[3], before;
    double *u[3], *v = start(&before, rolls, "{name: rk443}");
    advance(&before, 0, 2, 100, v);
    for (int i = 0; i < 3; i++) {
        u[i] = start(&c[i], rolls, stepper);
        memcpy(u[i], v, c[i].problem->n * sizeof *v);
        advance(&c[i], 0, 1, steps << i, u[i]);
    }
    check_close(&before);
    free(v);
    const double first = check_distance(&c[0], u[1], u[0]),
                 second = check_distance(&c[0], u[2], u[1]);
    for (int i = 0; i < 3; i++) {
        free(u[i]);
        check_close(&c[i]);
    }
    return log2(first / second);
}

static void orders(void **state)
{
    (void)state;
    static const char sdc[] = "{name: sdc, sweeps: %d, preconditioner: %s, "
                              "preconditioner_explicit: PIC, nodes: {count: 3}}";
    char text[200];
    assert_near(self_order("{name: rk222}", 20), 2, 0.2);
    assert_near(self_order("{name: rk443}", 40), 3, 0.3);
    assert_near(self_order("{name: ark548}", 80), 5, 0.4);
    for (int sweeps = 2; sweeps <= 4; sweeps++) {
        snprintf(text, sizeof text, sdc, sweeps, sweeps % 2 ? "LU" : "MIN-SR-FLEX");
        const double order = self_order(text, 10);
        if (!(order > sweeps - 0.3))
            fail_msg("%s: order %.2f", text, order);
    }
}

/* u of one grid in that of another */
static void onto(const struct check *from, const struct check *to, const double *u, double *v)
{
    struct transfer *t;
    assert_int_equal(transfer_create(&t, &from->problem->grid, &to->problem->grid, 3), 0);
    double *work = calloc(t->nwork + 1, sizeof *work);
    const struct exec x = exec_host(work, t->nwork);
    assert_int_equal(transfer_apply(t, &x, u, v), 0);
    free(work);
    transfer_destroy(&t);
}

static void convergence_in_space(void **state)
{
    (void)state;
    enum { GRIDS = 4 };
    static const char *const grids[] = { "[8, 10]", "[16, 16]", "[24, 22]", "[32, 32]" };
    struct check c[GRIDS];
    double *u[GRIDS], error[GRIDS];
    for (int i = GRIDS - 1; i >= 0; i--) {
        char problem[200];
        snprintf(problem, sizeof problem,
                 "{name: rayleigh_benard, rayleigh: 1e4, size: [2, 1], grid: %s, initial: {kind: "
                 "mode, mode: 1, amplitude: 0.1}}",
                 grids[i]);
        u[i] = start(&c[i], problem, "{name: rk443}");
        advance(&c[i], 0, 3, 60, u[i]);
        double *v = check_vector(&c[GRIDS - 1]);
        onto(&c[i], &c[GRIDS - 1], u[i], v);
        error[i] = check_distance(&c[GRIDS - 1], u[GRIDS - 1], v);
        free(v);
    }
    assert_true(error[3] == 0 && error[0] < 0.5);
    for (int i = 1; i < 3; i++)
        if (!(error[i] < error[i - 1] / 30))
            fail_msg("errors %g, %g, %g", error[0], error[1], error[2]);
    for (int i = 0; i < GRIDS; i++) {
        free(u[i]);
        check_close(&c[i]);
    }
}

/* Padding keeps functions, and cutting takes off what padding added */
static void between_grids(void **state)
{
    (void)state;
    struct check c, fine;
    check_open(&c, small);
    check_open(&fine, "{name: rayleigh_benard, rayleigh: 1e4, prandtl: 4, size: [2, 1], grid: [48, "
                      "34]}");
    double *u = check_vector(&c), *v = check_vector(&fine), *w = check_vector(&c);
    rough(&c, 1, u);
    onto(&c, &fine, u, v);
    static const char *const names[] = { "kinetic_energy", "nusselt", "nusselt_viscous" };
    for (int i = 0; i < 3; i++) {
        const double of_u = quantity(&c, names[i], u);
        assert_near(quantity(&fine, names[i], v), of_u, 1e-11 * fabs(of_u));
    }
    onto(&fine, &c, v, w);
    assert_true(check_same(&c, u, w));
    absorb(&c, polynomials, u);
    onto(&c, &fine, u, v);
    double *shown = show(&fine, v);
    for (size_t x = 0; x < 48; x++)
        for (size_t z = 0; z < 34; z++) {
            const struct grid *g = &fine.problem->fields->grid;
            double field[3];
            polynomials(g->x[0][x], g->x[1][z], field, field + 1, field + 2);
            for (size_t f = 0; f < 3; f++)
                assert_near(shown[(f * 48 + x) * 34 + z], field[f], 1e-13);
        }
    free(shown), free(u), free(v), free(w);
    check_close(&c);
    check_close(&fine);
}

static void coarse_grid(void **state)
{
    (void)state;
    struct config *config;
    struct problem *p;
    assert_int_equal(
        config_parse(&config, "check", "{name: rayleigh_benard, grid: [64, 32], rayleigh: 1e5}"),
        0);
    assert_int_equal(problem_create_coarse(&p, config_root(config), 2), 0);
    assert_int_equal(p->fields->grid.shape[0], 32);
    assert_int_equal(p->fields->grid.shape[1], 16);
    problem_destroy(&p);
    assert_int_equal(problem_create_coarse(&p, config_root(config), 3), -EINVAL);
    config_destroy(&config);
}

static void initial_noise(void **state)
{
    (void)state;
    struct check c, other;
    check_open(&c, turbulent);
    check_open(&other, "{name: rayleigh_benard, rayleigh: 1e6, size: [2, 1], grid: [32, 24], "
                       "initial: {amplitude: 1, seed: 7}}");
    double *u = check_vector(&c), *v = check_vector(&c);
    assert_int_equal(c.problem->initial(c.problem, 0, u), 0);
    assert_int_equal(other.problem->initial(other.problem, 0, v), 0);
    assert_true(quantity(&c, "kinetic_energy", u) == 0);
    assert_true(check_distance(&c, u, v) > 1);
    /* variance of z (1 - z) N(0, 1): 1/30, as far as the polynomials and waves hold it */
    const size_t n = c.problem->n / 2;
    assert_true(dot(n, u + n, u + n) > 0.01 && dot(n, u + n, u + n) < 0.04);
    assert_int_equal(c.problem->initial(c.problem, 0, v), 0);
    assert_true(check_same(&c, u, v));
    free(u), free(v);
    check_close(&c);
    check_close(&other);
}

static void steppers_keep_their_promises(void **state)
{
    (void)state;
    check_stepper(rolls, "{name: rk222}");
    check_stepper(rolls, "{name: rk443}");
    check_stepper(rolls, "{name: ark548}");
    check_stepper(rolls, parallel_sdc);
}

static void wrong_input_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "grid: [255, 64]",
        "grid: [64, 63]",
        "grid: [64, 6]",
        "grid: [64, 2000]",
        "grid: 64",
        "grid: [16, 16, 16]",
        "rayleigh: 0",
        "rayleigh: -5",
        "rayleigh: inf",
        "prandtl: 0",
        "size: 4",
        "size: [4, 0]",
        "boundary: no_slip_at_all",
        "initial: {kind: random}",
        "initial: {seed: -1}",
        "initial: {kind: mode, mode: 128}",
        "initial: {amplitud: 1}",
        "raylei: 1e5",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char yaml[200];
        struct config *config;
        struct problem *p;
        snprintf(yaml, sizeof yaml, "{name: rayleigh_benard, %s}", bad[i]);
        assert_int_equal(config_parse(&config, "check", yaml), 0);
        assert_int_equal(problem_create(&p, config_root(config)), -EINVAL);
        config_destroy(&config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growth_without_slip),
        cmocka_unit_test(growth_with_slip),
        cmocka_unit_test(onset),
        cmocka_unit_test(quantities_of_polynomials),
        cmocka_unit_test(quantities_of_means),
        cmocka_unit_test(fields_there_and_back),
        cmocka_unit_test(advection_of_polynomials),
        cmocka_unit_test(pressure_of_vortices),
        cmocka_unit_test(pressure_of_friction),
        cmocka_unit_test(energy_balance),
        cmocka_unit_test(divergence_and_plates),
        cmocka_unit_test(steady_rolls),
        cmocka_unit_test(symmetries),
        cmocka_unit_test(orders),
        cmocka_unit_test(convergence_in_space),
        cmocka_unit_test(between_grids),
        cmocka_unit_test(coarse_grid),
        cmocka_unit_test(initial_noise),
        cmocka_unit_test(steppers_keep_their_promises),
        cmocka_unit_test(wrong_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
