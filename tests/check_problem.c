// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/check_problem.h"

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
#include "problems/sdc.h"

enum { GUARD = 64 };
static const double guard_value = 12345.678;
static enum device device; /* where kernels run */

int check_device_open(const char *filter)
{
    const char *name = getenv("SPT_TEST_DEVICE");
    if (!name)
        return 0;
    if (strcmp(name, "cuda")) {
        fprintf(stderr, "SPT_TEST_DEVICE: expected cuda, got %s\n", name);
        return 2;
    }
    device = DEV_CUDA;
    if (exec_test_open(device)) {
        fprintf(stderr, "no CUDA device here\n");
        return 77;
    }
    cmocka_set_test_filter(filter);
    return 0;
}

void check_device_close(void)
{
    exec_test_close(device);
}

static void scratch(struct check *c, size_t nwork)
{
    free(c->work);
    c->nwork = nwork;
    c->work = aligned_alloc(64, exec_round(nwork + GUARD) * sizeof *c->work);
    assert_non_null(c->work);
}

void check_open(struct check *c, const char *text)
{
    char yaml[2048];
    memset(c, 0, sizeof *c);
    snprintf(yaml, sizeof yaml, "problem: %s\n", text);
    assert_int_equal(config_parse(&c->config, "check", yaml), 0);
    assert_int_equal(problem_create(&c->problem, config_child(config_root(c->config), "problem")),
                     0);
    assert_int_equal(c->problem->n, grid_doubles(&c->problem->grid));
    scratch(c, c->problem->nwork);
}

void check_stepper_open(struct check *c, const char *problem, const char *stepper)
{
    char yaml[2048];
    memset(c, 0, sizeof *c);
    snprintf(yaml, sizeof yaml, "problem: %s\nstepper: %s\n", problem, stepper);
    assert_int_equal(config_parse(&c->config, "check", yaml), 0);
    struct node *root = config_root(c->config), *config = config_child(root, "stepper");
    assert_int_equal(problem_create(&c->problem, config_child(root, "problem")), 0);
    const char *name = config_name(config);
    const struct stepper_type *type =
        strcmp(name, sdc_stepper_type.name) ? stepper_type_find(name) : &sdc_stepper_type;
    assert_non_null(type);
    assert_int_equal(type->create(&c->stepper, type, c->problem, config), 0);
    assert_true(c->stepper->nwork >= c->problem->nwork);
    scratch(c, c->stepper->nwork);
}

void check_close(struct check *c)
{
    stepper_destroy(&c->stepper);
    problem_destroy(&c->problem);
    config_destroy(&c->config);
    free(c->work);
}

struct exec check_exec(struct check *c)
{
    for (size_t i = 0; i < c->nwork; i++) /* what a kernel reads before writing it shows up */
        c->work[i] = NAN;
    for (size_t i = 0; i < GUARD; i++)
        c->work[c->nwork + i] = guard_value;
    return exec_host(c->work, c->nwork);
}

void check_guard(const struct check *c)
{
    for (size_t i = 0; i < GUARD; i++)
        assert_true(c->work[c->nwork + i] == guard_value);
}

/* A call of a kernel, or of a step */
struct call {
    enum {
        RHS_IMPLICIT,
        RHS_EXPLICIT,
        SOLVE,
        IMPOSE,
        SPLIT_APPLY,
        SPLIT_SOLVE,
        EXACT,
        ADJOINT,
        STEP
    } kind;
    double t, a;     /* a: also dt */
    int j;           /* SPLIT_SOLVE */
    const double *w; /* SPLIT_APPLY */
    struct interval step;
};

static int run(const struct check *c, const struct exec *x, const struct call *o, const double *u,
               const double *base, double *v)
{
    const struct problem *p = c->problem;
    const struct problem_kernels *k = p->kernels[x->dev];
    switch (o->kind) {
    case RHS_IMPLICIT:
        return k->rhs_implicit(p, x, o->t, u, v);
    case RHS_EXPLICIT:
        return k->rhs_explicit(p, x, o->t, u, v);
    case SOLVE:
        return k->solve(p, x, o->t, o->a, u, v);
    case IMPOSE:
        return k->impose(p, x, o->t, v);
    case SPLIT_APPLY:
        return k->split_apply(p, x, o->t, o->w, u, base, v);
    case SPLIT_SOLVE:
        return k->split_solve(p, x, o->j, o->t, o->a, u, v);
    case EXACT:
        return k->exact_step(p, x, o->t, o->a, u, v);
    case ADJOINT: /* base is the vector, v the product */
        return k->rhs_adjoint(p, x, o->t, u, base, v);
    case STEP:
        return c->stepper->step(c->stepper, x, o->step, u, v);
    }
    return -1;
}

/* what a device finds only where it was prepared */
static void prepare(struct check *c, const struct call *o)
{
    struct problem *p = c->problem;
    if (o->kind == STEP)
        assert_int_equal(c->stepper->prepare(c->stepper, o->step), 0);
    if (o->kind == SOLVE && p->prepare)
        assert_int_equal(p->prepare(p, o->a), 0);
    if (o->kind == SPLIT_SOLVE && p->prepare_split)
        assert_int_equal(p->prepare_split(p, o->a), 0);
    if (p->prepare_times)
        assert_int_equal(p->prepare_times(p, o->t, o->t + 1, 1), 0);
}

static double *upload(const double *u, size_t n)
{
    double *there = exec_test_alloc(device, n);
    exec_test_put(device, there, u, n);
    return there;
}

/* result: what v becomes */
static int run_there(struct check *c, const struct call *o, const double *u, const double *base,
                     const double *v, double *result)
{
    const size_t n = c->problem->n;
    assert_non_null(c->problem->kernels[device]);
    assert_true(!c->stepper || c->stepper->cuda);
    prepare(c, o);
    check_exec(c);
    double *work = upload(c->work, c->nwork + GUARD), *there = upload(v, n);
    double *from = !u ? NULL : u == v ? there : upload(u, n);
    double *onto = !base ? NULL : base == v ? there : base == u ? from : upload(base, n);
    const struct exec x = exec_test(device, work, c->nwork);
    const int failed = run(c, &x, o, from, onto, there);
    exec_test_get(device, result, there, n);
    exec_test_get(device, c->work, work, c->nwork + GUARD);
    exec_test_free(device, work);
    exec_test_free(device, there);
    if (from != there)
        exec_test_free(device, from);
    if (onto != there && onto != from)
        exec_test_free(device, onto);
    return failed;
}

static void agree(const struct check *c, const double *u, const double *v)
{
    const struct exec host = exec_host(NULL, 0);
    double bad;
    vec_nonfinite(&host, c->problem->n, u, &bad);
    if (!bad)
        assert_true(check_distance(c, u, v) < 1e-11);
}

/* On a device the CPU does the same, and both agree. */
static int call(struct check *c, struct call o, const double *u, const double *base, double *v)
{
    double *result = NULL;
    int failed = 0;
    if (device != DEV_CPU) {
        result = check_vector(c);
        failed = run_there(c, &o, u, base, v, result);
        check_guard(c);
    }
    const struct exec x = check_exec(c);
    const int failed_here = run(c, &x, &o, u, base, v);
    check_guard(c);
    if (result) {
        assert_int_equal(failed, failed_here);
        agree(c, v, result);
        memcpy(v, result, c->problem->n * sizeof *v);
        free(result);
    }
    return failed_here;
}

static bool is_for_cpu_only(const char *problem)
{
    static const char *const names[] = { "allen_cahn",      "allen_cahn_2d", "burgers",
                                         "gray_scott",      "lorenz",        "prothero_robinson",
                                         "rayleigh_benard", "van_der_pol" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], problem))
            return true;
    return false;
}

/* what the CPU has, every device has */
static void check_tables(const struct check *c)
{
    const struct problem_kernels *k = c->problem->kernels[DEV_CPU],
                                 *d = c->problem->kernels[DEV_CUDA];
    assert_true((!SPT_CUDA || is_for_cpu_only(c->problem->name)) == !d);
    if (!d)
        return;
    assert_true(!k->rhs_implicit == !d->rhs_implicit && !k->rhs_explicit == !d->rhs_explicit);
    assert_true(!k->solve == !d->solve && !k->impose == !d->impose);
    assert_true(!k->split_apply == !d->split_apply && !k->split_solve == !d->split_solve);
    assert_true(!k->exact_step == !d->exact_step);
    assert_true(k->rhs_adjoint || !d->rhs_adjoint);
}

double *check_vector(const struct check *c)
{
    double *u = calloc(c->problem->n, sizeof *u);
    assert_non_null(u);
    return u;
}

double check_distance(const struct check *c, const double *u, const double *v)
{
    const struct exec x = exec_host(NULL, 0);
    double r[3];
    vec_distance(&x, c->problem->n, u, v, r);
    return sqrt(r[0]) / fmax(sqrt(r[1]), 1e-300);
}

bool check_same(const struct check *c, const double *u, const double *v)
{
    return !memcmp(u, v, c->problem->n * sizeof *u);
}

void check_state(const struct check *c, double *u)
{
    const struct problem *p = c->problem;
    assert_int_equal(p->initial(p, 0.125, u), 0);
    for (size_t i = 0; i < p->n; i++)
        u[i] = u[i] * (1 + 0.3 * sin(5 * (double)i / (double)p->n)) +
               0.01 * cos(3 * (double)i / (double)p->n);
    if (p->kernels[DEV_CPU]->impose)
        assert_int_equal(
            call((struct check *)c, (struct call){ .kind = IMPOSE, .t = 0.125 }, NULL, NULL, u), 0);
}

/* an entry in the middle that is no boundary value */
static size_t inner_entry(struct check *c)
{
    const struct problem *p = c->problem;
    double *u = check_vector(c);
    for (size_t i = 0; i < p->n; i++)
        u[i] = NAN;
    if (p->kernels[DEV_CPU]->impose)
        assert_int_equal(call(c, (struct call){ .kind = IMPOSE, .t = 0.25 }, NULL, NULL, u), 0);
    size_t i = p->n / 2;
    while (!isnan(u[i]))
        i++;
    free(u);
    return i;
}

/* the sum of all terms where boundary rows are 0 */
static void rhs(struct check *c, double t, const double *u, double *f)
{
    const struct problem *p = c->problem;
    const struct problem_kernels *k = p->kernels[DEV_CPU];
    assert_int_equal(call(c, (struct call){ .kind = RHS_IMPLICIT, .t = t }, u, NULL, f), 0);
    if (k->rhs_explicit) {
        double *e = check_vector(c);
        assert_int_equal(call(c, (struct call){ .kind = RHS_EXPLICIT, .t = t }, u, NULL, e), 0);
        for (size_t i = 0; i < p->n; i++)
            f[i] += e[i];
        free(e);
    }
}

static void solve(struct check *c, double t, double a, const double *b, double *u)
{
    assert_int_equal(call(c, (struct call){ .kind = SOLVE, .t = t, .a = a }, b, NULL, u), 0);
}

static void check_solve(struct check *c, double tolerance)
{
    struct problem *p = c->problem;
    const double t = 0.25, as[] = { 1e-3, 0.1, 0 };
    double *b = check_vector(c), *u = check_vector(c), *v = check_vector(c), *f = check_vector(c);
    for (int i = 0; i < 3; i++) {
        const double a = as[i];
        check_state(c, b);
        memcpy(u, b, p->n * sizeof *u);
        solve(c, t, a, b, u);
        memcpy(v, b, p->n * sizeof *v);
        solve(c, t, a, v, v); /* in place */
        assert_true(check_same(c, u, v));
        memcpy(v, b, p->n * sizeof *v);
        solve(c, t, a, b, v); /* again */
        assert_true(check_same(c, u, v));

        /* u - a f(u) = b where it is no boundary row: there solve put what impose puts */
        assert_int_equal(call(c, (struct call){ .kind = RHS_IMPLICIT, .t = t }, u, NULL, f), 0);
        for (size_t j = 0; j < p->n; j++)
            v[j] = u[j] - a * f[j];
        if (p->kernels[DEV_CPU]->impose) {
            assert_int_equal(call(c, (struct call){ .kind = IMPOSE, .t = t }, NULL, NULL, b), 0);
            double *w = check_vector(c);
            memcpy(w, u, p->n * sizeof *w);
            assert_int_equal(call(c, (struct call){ .kind = IMPOSE, .t = t }, NULL, NULL, w), 0);
            assert_true(check_same(c, u, w));
            free(w);
        }
        /* cyclic reduction rounds more than elimination does */
        assert_true(check_distance(c, b, v) < (device == DEV_CPU ? 1 : 100) * tolerance);

        if (p->prepare)
            assert_int_equal(p->prepare(p, a), 0);
        if (p->prepare_times)
            assert_int_equal(p->prepare_times(p, 0, 1, 4), 0); /* 0.25 is one of them */
        check_state(c, b);
        memcpy(v, b, p->n * sizeof *v);
        solve(c, t, a, b, v);
        assert_true(check_same(c, u, v));
    }
    b[inner_entry(c)] = NAN;
    solve(c, t, 0.1, b, b);
    double flag;
    const struct exec host = exec_host(NULL, 0);
    vec_nonfinite(&host, p->n, b, &flag);
    assert_true(flag == 1);
    free(b), free(u), free(v), free(f);
}

static void check_derivative(struct check *c, double tolerance)
{
    const double t = 0.25, h = 1e-3;
    const struct problem *p = c->problem;
    double *u = check_vector(c), *f = check_vector(c), *d = check_vector(c);
    static const double w[] = { 1 / 12., -2 / 3., 0, 2 / 3., -1 / 12. };
    for (int i = 0; i < 5; i++) {
        assert_int_equal(p->exact(p, t + (i - 2) * h, u), 0);
        for (size_t j = 0; j < p->n; j++)
            d[j] += w[i] * u[j] / h;
    }
    assert_int_equal(p->exact(p, t, u), 0);
    rhs(c, t, u, f);
    if (p->kernels[DEV_CPU]->impose) { /* boundary rows of f are 0 */
        assert_int_equal(call(c, (struct call){ .kind = IMPOSE, .t = t }, NULL, NULL, u), 0);
        double *nan = check_vector(c);
        for (size_t j = 0; j < p->n; j++)
            nan[j] = NAN;
        assert_int_equal(call(c, (struct call){ .kind = IMPOSE, .t = t }, NULL, NULL, nan), 0);
        for (size_t j = 0; j < p->n; j++)
            if (!isnan(nan[j])) {
                assert_true(f[j] == 0);
                d[j] = 0;
            }
        free(nan);
    }
    assert_true(check_distance(c, f, d) < tolerance);

    u[inner_entry(c)] = NAN; /* NaN goes through */
    rhs(c, t, u, f);
    double flag;
    const struct exec host = exec_host(NULL, 0);
    vec_nonfinite(&host, p->n, f, &flag);
    assert_true(flag == 1);
    free(u), free(f), free(d);
}

static void check_flow(struct check *c, double tolerance)
{
    const struct problem *p = c->problem;
    double *u = check_vector(c), *v = check_vector(c), *w = check_vector(c);
    check_state(c, u);
    assert_int_equal(call(c, (struct call){ .kind = EXACT, .t = 0.25, .a = 0.2 }, u, NULL, v), 0);
    memcpy(w, u, p->n * sizeof *w);
    assert_int_equal(call(c, (struct call){ .kind = EXACT, .t = 0.25, .a = 0.2 }, w, NULL, w), 0);
    assert_true(check_same(c, v, w));
    assert_int_equal(call(c, (struct call){ .kind = EXACT, .t = 0.45, .a = 0.1 }, v, NULL, v), 0);
    assert_int_equal(call(c, (struct call){ .kind = EXACT, .t = 0.25, .a = 0.3 }, u, NULL, w), 0);
    assert_true(check_distance(c, v, w) < tolerance);

    rhs(c, 0.25, u,
        w); /* (flow(h) - flow(-h))/2h = f + O(h^2), relative to the fastest mode in u */
    const double h = 1e-5;
    double *plus = check_vector(c), *minus = check_vector(c);
    check_state(c, plus);
    assert_int_equal(call(c, (struct call){ .kind = EXACT, .t = 0.25, .a = h }, u, NULL, plus), 0);
    assert_int_equal(call(c, (struct call){ .kind = EXACT, .t = 0.25, .a = -h }, u, NULL, minus),
                     0);
    for (size_t i = 0; i < p->n; i++)
        plus[i] = (plus[i] - minus[i]) / (2 * h);
    assert_true(check_distance(c, w, plus) < 1e-3);
    free(u), free(v), free(w), free(plus), free(minus);
}

static void check_splits(struct check *c, double tolerance)
{
    struct problem *p = c->problem;
    const struct problem_kernels *k = p->kernels[DEV_CPU];
    const double t = 0.25, a = 0.05;
    const size_t bytes = p->n * sizeof(double);
    double *u = check_vector(c), *y = check_vector(c), *f = check_vector(c),
           *base = check_vector(c);
    double *v = check_vector(c);
    check_state(c, u);
    check_state(c, base);
    double w[PROBLEM_MAX_SPLITS + 1];
    for (int j = 0; j <= p->splits; j++)
        w[j] = 1;
    assert_int_equal(call(c, (struct call){ .kind = SPLIT_APPLY, .t = t, .w = w }, u, NULL, y), 0);
    rhs(c, t, u, f);
    assert_true(check_distance(c, f, y) < 1e-12); /* the parts make up the whole */

    for (int j = 0; j <= p->splits; j++)
        w[j] = 0.7 + j; /* weights one by one, onto a base, in place or not */
    assert_int_equal(call(c, (struct call){ .kind = SPLIT_APPLY, .t = t, .w = w }, u, base, y), 0);
    memcpy(f, base, bytes);
    assert_int_equal(call(c, (struct call){ .kind = SPLIT_APPLY, .t = t, .w = w }, u, f, f), 0);
    assert_true(check_same(c, y, f));
    memcpy(f, base, bytes);
    for (int j = 0; j <= p->splits; j++) {
        double one[PROBLEM_MAX_SPLITS + 1] = { 0 };
        one[j] = w[j];
        assert_int_equal(call(c, (struct call){ .kind = SPLIT_APPLY, .t = t, .w = one }, u, f, f),
                         0);
    }
    assert_true(check_distance(c, y, f) < 1e-12);

    for (int j = 1; j <= p->splits; j++) {
        memcpy(v, u, bytes);
        assert_int_equal(
            call(c, (struct call){ .kind = SPLIT_SOLVE, .t = t, .a = a, .j = j }, v, NULL, v), 0);
        assert_int_equal(
            call(c, (struct call){ .kind = SPLIT_SOLVE, .t = t, .a = a, .j = j }, u, NULL, y), 0);
        assert_true(check_same(c, y, v));
        if (p->prepare_split) {
            assert_int_equal(p->prepare_split(p, a), 0);
            assert_int_equal(
                call(c, (struct call){ .kind = SPLIT_SOLVE, .t = t, .a = a, .j = j }, u, NULL, v),
                0);
            assert_true(check_same(c, y, v));
        }
        double one[PROBLEM_MAX_SPLITS + 1] = { 0 };
        one[j] = -a;
        assert_int_equal(call(c, (struct call){ .kind = SPLIT_APPLY, .t = t, .w = one }, y, y, f),
                         0); /* y - a F_j(y) = u */
        memcpy(v, u, bytes);
        if (k->impose)
            assert_int_equal(call(c, (struct call){ .kind = IMPOSE, .t = t }, NULL, NULL, v), 0);
        assert_true(check_distance(c, v, f) < tolerance);
    }
    free(u), free(y), free(f), free(base), free(v);
}

/* smooth for even `which`, else without any pattern; of the size of 1 */
static void direction(const struct check *c, int which, double *w)
{
    unsigned random = 12345 + 1000 * (unsigned)which;
    for (size_t i = 0; i < c->problem->n; i++) {
        random = random * 1664525u + 1013904223u;
        w[i] = which % 2 ? random / 0x1p31 - 1
                         : cos((2 + which) * (double)i / (double)c->problem->n + which);
    }
}

/* J w, exact up to rounding where f is a polynomial of at most fourth degree in u */
static void jacobian(struct check *c, double t, const double *u, const double *w, double *y)
{
    static const double at[] = { 1, -1, 2, -2 }, weight[] = { 2 / 3., -2 / 3., -1 / 12., 1 / 12. };
    const size_t n = c->problem->n;
    double *v = check_vector(c), *f = check_vector(c);
    memset(y, 0, n * sizeof *y);
    for (int k = 0; k < 4; k++) {
        for (size_t i = 0; i < n; i++)
            v[i] = u[i] + at[k] * w[i];
        rhs(c, t, v, f);
        for (size_t i = 0; i < n; i++)
            y[i] += weight[k] * f[i];
    }
    free(v), free(f);
}

static double product(size_t n, const double *u, const double *v)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += u[i] * v[i];
    return sum;
}

/* <v, J w> = <J^T v, w> for the Jacobian J of all terms */
static void check_adjoint(struct check *c)
{
    enum { DIRECTIONS = 4 };
    const struct problem *p = c->problem;
    const double t = 0.125;
    double *u = check_vector(c), *v = check_vector(c), *w = check_vector(c), *g = check_vector(c);
    double *y = check_vector(c), *marked = check_vector(c);
    check_state(c, u);
    for (int i = 0; i < DIRECTIONS; i++) {
        direction(c, i, v);
        assert_int_equal(call(c, (struct call){ .kind = ADJOINT, .t = t }, u, v, g), 0);
        for (int j = 0; j < DIRECTIONS; j++) {
            direction(c, DIRECTIONS + j, w);
            jacobian(c, t, u, w, y);
            const double scale = sqrt(product(p->n, v, v) * product(p->n, y, y)) +
                                 sqrt(product(p->n, g, g) * product(p->n, w, w));
            const double difference = product(p->n, v, y) - product(p->n, g, w);
            if (!(fabs(difference) <= 1e-10 * scale))
                fail_msg("%s: <v, J w> - <J^T v, w> = %g, relative", p->name, difference / scale);
        }
        if (p->kernels[DEV_CPU]->impose) { /* entries of v in Dirichlet rows are not read */
            for (size_t k = 0; k < p->n; k++)
                marked[k] = NAN;
            assert_int_equal(call(c, (struct call){ .kind = IMPOSE, .t = t }, NULL, NULL, marked),
                             0);
            for (size_t k = 0; k < p->n; k++)
                v[k] = isnan(marked[k]) ? v[k] : NAN;
        }
        assert_int_equal(call(c, (struct call){ .kind = ADJOINT, .t = t }, u, v, y), 0);
        assert_true(check_same(c, g, y));
    }
    v[inner_entry(c)] = NAN;
    assert_int_equal(call(c, (struct call){ .kind = ADJOINT, .t = t }, u, v, g), 0);
    double flag;
    const struct exec host = exec_host(NULL, 0);
    vec_nonfinite(&host, p->n, g, &flag);
    assert_true(flag == 1);
    free(u), free(v), free(w), free(g), free(y), free(marked);
}

void check_problem(const char *text, const struct check_tolerances *tolerances)
{
    struct check c;
    check_open(&c, text);
    const struct problem_kernels *k = c.problem->kernels[DEV_CPU];
    check_tables(&c);
    if (!c.problem->kernels[device]) {
        check_close(&c);
        return;
    }
    if (k->solve)
        check_solve(&c, tolerances->solve);
    if (c.problem->exact && tolerances->derivative > 0)
        check_derivative(&c, tolerances->derivative);
    if (k->exact_step)
        check_flow(&c, tolerances->flow);
    if (c.problem->splits)
        check_splits(&c, tolerances->solve);
    assert_non_null(k->rhs_adjoint); /* all that there are have it */
    if (c.problem->kernels[device]->rhs_adjoint)
        check_adjoint(&c);
    check_close(&c);
}

static void advance(struct check *c, struct interval step, const double *u, double *v)
{
    assert_int_equal(call(c, (struct call){ .kind = STEP, .step = step }, u, NULL, v), 0);
}

void check_stepper(const char *problem, const char *stepper)
{
    enum { STEPS = 6 };
    struct check c;
    check_stepper_open(&c, problem, stepper);
    const size_t bytes = c.problem->n * sizeof(double);
    double *u = check_vector(&c), *v = check_vector(&c), *w = check_vector(&c);
    const struct interval run = { 0.25, 0.75, 0, 1 };

    check_state(&c, u);
    memcpy(v, u, bytes);
    for (int i = 0; i < STEPS; i++) {
        const struct interval step = interval_part(run, i, STEPS);
        advance(&c, step, v, w); /* out of place */
        advance(&c, step, v, v); /* in place */
        assert_true(check_same(&c, v, w));
    }
    assert_true(check_distance(&c, u, v) > 1e-6); /* something happened */

    if (c.stepper->prepare)
        assert_int_equal(c.stepper->prepare(c.stepper, interval_part(run, 0, STEPS)), 0);
    memcpy(w, u, bytes);
    for (int slice = 0; slice < 3; slice++)
        for (int i = 0; i < STEPS / 3; i++)
            advance(&c, interval_part(interval_part(run, slice, 3), i, STEPS / 3), w, w);
    assert_true(check_same(&c, v, w));

    u[inner_entry(&c)] = NAN;
    advance(&c, run, u, u);
    double flag;
    const struct exec x = exec_host(NULL, 0);
    vec_nonfinite(&x, c.problem->n, u, &flag);
    assert_true(flag == 1);
    free(u), free(v), free(w);
    check_close(&c);
}

static double run_error(const char *problem, const char *stepper, long steps, double end, bool flow)
{
    struct check c;
    check_stepper_open(&c, problem, stepper);
    double *u = check_vector(&c), *v = check_vector(&c);
    assert_int_equal(c.problem->initial(c.problem, 0, u), 0);
    if (flow) {
        assert_int_equal(call(&c, (struct call){ .kind = EXACT, .t = 0, .a = end }, u, NULL, v), 0);
    } else {
        assert_int_equal(c.problem->exact(c.problem, end, v), 0);
    }
    for (long i = 0; i < steps; i++)
        advance(&c, (struct interval){ 0, end, i, steps }, u, u);
    const double error = check_distance(&c, v, u);
    free(u), free(v);
    check_close(&c);
    return error;
}

double check_order(const char *problem, const char *stepper, long steps, double end, bool flow)
{
    return log2(run_error(problem, stepper, steps, end, flow) /
                run_error(problem, stepper, 2 * steps, end, flow));
}
