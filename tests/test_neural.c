// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Networks as steps of problems: on plain pointers against known steps, and as propagators against
 * a plain loop of these, to the last bit: any granularity, any number of workers and ranks. What is
 * not accepted is done by the fallback. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/log.h"
#include "core/vec.h"
#include "tasks/parareal.h"
#include "tests/near.h"

static struct spt run;
static char path[128]; /* of the weights: a file of each rank's own */

/* ---------------------------------------------------------------- networks with known parameters
 */

static void fill(const struct layer *l, void *params, const char *tensor, const double *values)
{
    for (int i = 0; i < l->ntensors; i++)
        if (strcmp(l->tensors[i].name, tensor) == 0) {
            l->pack(l, i, values, params);
            return;
        }
    fail_msg("%s has no tensor %s", l->name, tensor);
}

static void fill_layer(struct network *n, int layer, const char *tensor, const double *values)
{
    fill(n->layers[layer], (double *)n->params + n->offset[layer], tensor, values);
}

static void save(const struct network *n, const char *problem, double step, const char *const *more)
{
    char text[32];
    snprintf(text, sizeof text, "%.17g", step);
    const char *meta[16] = { "problem", problem, "step", text };
    int k = 4;
    for (; more && *more; more++)
        meta[k++] = *more;
    assert_int_equal(network_save(n, NULL, path, meta), 0);
}

#define HUGE 1e300

/* parameters of a seed; changes of the state of about `scale`; HUGE: of no finite number */
static void save_random(const char *problem, const char *network, double step, double scale,
                        const char *const *more)
{
    struct config *c, *d;
    struct problem *p;
    struct network *n;
    assert_int_equal(config_parse(&c, "problem", problem), 0);
    assert_int_equal(config_parse(&d, "network", network), 0);
    assert_int_equal(problem_create(&p, config_root(c)), 0);
    assert_int_equal(network_create(&n, &p->grid, neural_boundary(p), config_root(d)), 0);
    network_initialise(n, 3);
    for (int m = 0; m < n->codec.nodes; m++)
        n->codec.scale[m][0] = scale == HUGE ? 1.0 : scale;
    if (scale == HUGE) /* products of these are infinite */
        for (size_t i = 0; i < n->nparams; i++) {
            if (n->dtype == DTYPE_F64)
                ((double *)n->params)[i] = 1e200;
            else
                ((float *)n->params)[i] = 1e30f;
        }
    save(n, problem, step, more);
    network_destroy(&n);
    problem_destroy(&p);
    config_destroy(&c);
    config_destroy(&d);
}

enum { HEAT_POINTS = 32, HEAT_MODES = 16 };
#define HEAT "{name: heat, grid: 32, diffusivity: 0.1}"

/* v = 1 times the inverse transform of exp(-nu k^2 dt) times the transform of u: the exact flow */
static struct network *heat_network(const struct grid *g, double dt)
{
    static const double one[] = { 1.0 }, zero[] = { 0.0 };
    double spectral[2 * HEAT_MODES] = { 0.0 };
    struct config *c;
    struct network *n;
    assert_int_equal(
        config_parse(
            &c, "network",
            "{name: fno, width: 1, layers: 1, modes: 16, activation: identity, projection: [], "
            "coordinates: false, predict: state, precision: float64}"),
        0);
    assert_int_equal(network_create(&n, g, false, config_root(c)), 0);
    for (int k = 0; k < HEAT_MODES; k++)
        spectral[2 * k] = exp(-0.1 * 4.0 * M_PI * M_PI * k * k * dt);
    assert_int_equal(n->nlayers, 3);
    for (int i = 0; i < 3; i++) {
        fill_layer(n, i, "weight", i == 1 ? zero : one);
        fill_layer(n, i, "bias", zero);
    }
    fill_layer(n, 1, "spectral", spectral);
    config_destroy(&c);
    return n;
}

/* ---------------------------------------------------------------- on plain pointers */

static double *room(size_t n)
{
    double *v = aligned_alloc(64, exec_round(n) * sizeof *v);
    assert_non_null(v);
    for (size_t i = 0; i < exec_round(n); i++)
        v[i] = NAN;
    return v;
}

static struct problem *make_problem(struct config **c, const char *text)
{
    struct problem *p;
    assert_int_equal(config_parse(c, "test", text), 0);
    assert_int_equal(problem_create(&p, config_root(*c)), 0);
    return p;
}

static struct network *make_network(const struct problem *p, const char *text)
{
    struct config *c;
    struct network *n;
    assert_int_equal(config_parse(&c, "test", text), 0);
    assert_int_equal(network_create(&n, &p->grid, neural_boundary(p), config_root(c)), 0);
    config_destroy(&c);
    return n;
}

static const struct interval step7 = { 0.0, 1.0, 2, 7 };

/* the change of the boundary values at the ends, a straight line between them, for each node */
static void lifts_boundary_values(void **unused)
{
    (void)unused;
    struct config *c;
    struct problem *p = make_problem(&c, "{name: black_scholes, grid: 41}");
    struct network *n = make_network(p, "{name: fno, nodes: 2, modes: 5}");
    const struct neural s = { p, n, { 0.25, 1.0 } };
    const size_t nwork = neural_liftings_work(&s), last = p->n - 1;
    double *work = room(nwork), *lifting = room(2 * p->n), *before = room(p->n),
           *after = room(p->n);
    const struct exec x = exec_host(work, nwork);
    neural_liftings(&s, &x, step7, lifting);
    for (int m = 0; m < 2; m++) {
        const double t = m ? interval_t1(step7) : interval_t0(step7) + 0.25 * interval_dt(step7),
                     *l = lifting + m * p->n;
        memset(before, 0, p->n * sizeof *before);
        memset(after, 0, p->n * sizeof *after);
        p->kernels[DEV_CPU]->impose(p, &x, interval_t0(step7), before);
        p->kernels[DEV_CPU]->impose(p, &x, t, after);
        assert_true(after[last] - before[last] > 1e-3); /* a call deep in the money */
        for (size_t i = 0; i <= last; i++) {
            const double line = ((double)(last - i) * (after[0] - before[0]) +
                                 (double)i * (after[last] - before[last])) /
                                (double)last;
            assert_true(fabs(l[i] - line) <= 1e-13);
        }
    }
    free(work);
    free(lifting);
    free(before);
    free(after);
    network_destroy(&n);
    problem_destroy(&p);
    config_destroy(&c);
}

/* a step is the last node, whatever the scratch holds; its ends hold the boundary values */
static void a_step_is_the_last_node(void **unused)
{
    static const struct {
        const char *problem, *network;
    } rows[] = {
        { HEAT, "{name: fno, width: 4, modes: 6, nodes: 3, precision: float64}" },
        { "{name: black_scholes, grid: 41}", "{name: fno, width: 4, modes: 6, nodes: 3}" },
        { "{name: black_scholes, grid: 41}", "{name: fno, width: 4, modes: 6, predict: state}" },
        { "{name: black_scholes_2d, grid: [13, 17]}",
          "{name: fno, width: 4, modes: 4, nodes: 2, pad: 2}" },
        { "{name: black_scholes_2d, grid: [13, 17]}", "{name: mlp, width: 8, sensors: 3}" },
    };
    (void)unused;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct config *c;
        struct problem *p = make_problem(&c, rows[r].problem);
        struct network *n = make_network(p, rows[r].network);
        struct neural s = { p, n, { 0.2, 0.6 } };
        const int nodes = n->codec.nodes;
        s.tau[nodes - 1] = 1.0;
        const size_t nwork = neural_work(&s);
        double *work = room(nwork), *u = room(p->n), *all = room((size_t)nodes * p->n),
               *v = room(p->n), *w = room(p->n);
        const struct exec x = exec_host(work, nwork);
        assert_int_equal(p->initial(p, interval_t0(step7), u), 0);
        if (neural_boundary(p))
            p->kernels[DEV_CPU]->impose(p, &x, interval_t0(step7), u);
        neural_step(&s, &x, step7, n->params, u, v);
        neural_nodes(&s, &x, step7, n->params, u, all);
        assert_memory_equal(v, all + (size_t)(nodes - 1) * p->n, p->n * sizeof *v);
        double moved = 0.0, away = 0.0;
        for (size_t i = 0; i < p->n; i++)
            moved = fmax(moved, fabs(v[i] - u[i]));
        assert_true(moved > 1e-6 && isfinite(moved));
        assert_int_equal(neural_prepare(&s, step7), 0);
        neural_step(&s, &x, step7, n->params, u, w);
        assert_memory_equal(v, w, p->n * sizeof *v);
        if (neural_boundary(p)) {
            p->kernels[DEV_CPU]->impose(p, &x, interval_t1(step7), w);
            for (size_t i = 0; i < p->n; i++)
                away = fmax(away, fabs(w[i] - v[i]));
            assert_true(away <= 1e-12 * 400.0);
        }
        free(work);
        free(u);
        free(all);
        free(v);
        free(w);
        network_destroy(&n);
        problem_destroy(&p);
        config_destroy(&c);
    }
}

/* no more smoothing than the equation's diffusion in a step, which dt nu 4/h^2 is for differences
 */
static void smoothing_follows_the_diffusion(void **unused)
{
    (void)unused;
    static const double nu[] = { 1e-3, 1e-2, 1.0 };
    for (int i = 0; i < 3; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "{name: heat, grid: 16, length: 2, diffusivity: %g, "
                 "discretisation: fd2}",
                 nu[i]);
        struct config *c;
        struct problem *p = make_problem(&c, text);
        struct network *n = make_network(p, "{name: fno, width: 2, modes: 2, smooth: 2}");
        const struct neural s = { p, n, { 1.0 } };
        assert_int_equal(neural_prepare(&s, step7), 0);
        const double h = p->grid.x[0][1] - p->grid.x[0][0],
                     damping = interval_dt(step7) * nu[i] * 4 / (h * h);
        for (size_t q = 0; q < p->n; q++) {
            assert_near(n->codec.strength[q], fmin(damping / 2, 1), 1e-9);
        }
        assert_true((i == 2) == (damping > 2));
        network_destroy(&n);
        problem_destroy(&p);
        config_destroy(&c);
    }
}

/* multiplied by exp(-nu k^2 dt), modes are where the heat equation carries them */
static void a_multiplier_is_an_exact_step(void **unused)
{
    (void)unused;
    struct config *c;
    struct problem *p = make_problem(&c, HEAT);
    struct network *n = heat_network(&p->grid, interval_dt(step7));
    const struct neural s = { p, n, { 1.0 } };
    const size_t nwork = neural_work(&s) + p->nwork;
    double *work = room(nwork), u[HEAT_POINTS], v[HEAT_POINTS], exact[HEAT_POINTS];
    const struct exec x = exec_host(work, nwork);
    for (int i = 0; i < HEAT_POINTS; i++) {
        const double t = 2.0 * M_PI * i / HEAT_POINTS;
        u[i] = 1.0 + sin(t) + 0.5 * cos(3 * t) - 0.3 * sin(7 * t);
    }
    neural_step(&s, &x, step7, n->params, u, v);
    p->kernels[DEV_CPU]->exact_step(p, &x, 0.0, interval_dt(step7), u, exact);
    for (int i = 0; i < HEAT_POINTS; i++)
        assert_true(fabs(v[i] - exact[i]) <= 1e-14);
    free(work);
    network_destroy(&n);
    problem_destroy(&p);
    config_destroy(&c);
}

/* ---------------------------------------------------------------- as propagators */

struct bench {
    struct config *config;
    struct problem *p;
    struct propagator *F, *G;
    double *u0;
};

static int bench_make(struct bench *b, const char *problem, const char *fine, const char *keys)
{
    char text[1024];
    memset(b, 0, sizeof *b);
    snprintf(text, sizeof text, "problem: %s\nfine: %s\ncoarse: {name: network, weights: %s%s}\n",
             problem, fine, path, keys);
    assert_int_equal(config_parse(&b->config, "test", text), 0);
    struct node *root = config_root(b->config), *p = config_child(root, "problem");
    assert_int_equal(problem_create(&b->p, p), 0);
    assert_int_equal(propagator_create(&b->F, &run, b->p, p, config_child(root, "fine")), 0);
    assert_non_null(b->u0 = calloc(b->p->n, sizeof *b->u0));
    assert_int_equal(b->p->initial(b->p, 0.0, b->u0), 0);
    return propagator_create(&b->G, &run, b->p, p, config_child(root, "coarse"));
}

static void bench_free(struct bench *b)
{
    spt_wait(&run);
    propagator_destroy(&b->F);
    propagator_destroy(&b->G);
    problem_destroy(&b->p);
    config_destroy(&b->config);
    free(b->u0);
}

struct states {
    size_t n;
    double *u; /* (slices, n) at the ends of the slices, on rank 0 */
};

static void collect(void *context, struct interval slice, starpu_data_handle_t u)
{
    struct states *s = context;
    spt_get(&run, u, s->u + (size_t)slice.index * s->n);
}

enum { N = 4 };
#define END 1.0

static int solve(struct bench *b, long iterations, double tolerance, struct states *s,
                 struct parareal_report *r)
{
    const struct parareal_options o = { N, 1, iterations, 1, tolerance, 0.0, true, 0.0 };
    *s = (struct states){ b->p->n, calloc(b->p->n * N, sizeof(double)) };
    assert_non_null(s->u);
    return parareal(&run, b->F, b->G, &o, 0.0, END, b->u0, collect, s, r);
}

/* the counts of the network that was made last */
static const long *counts(void)
{
    const struct network_use *u = run.networks;
    spt_network_total(&run);
    while (u->next)
        u = u->next;
    return u->total;
}

static const struct {
    const char *problem, *fine, *trained, *network;
} cases[] = {
    { HEAT, "{name: implicit_euler, steps: 3}", HEAT,
      "{name: fno, width: 4, layers: 2, modes: 5, precision: float64}" },
    { "{name: black_scholes, grid: 41}", "{name: crank_nicolson, steps: 4}",
      "{name: black_scholes, grid: 41}", "{name: fno, width: 4, layers: 2, modes: 5}" },
    { "{name: black_scholes_2d, grid: [17, 21]}", "{name: mcs_adi, steps: 2}",
      "{name: black_scholes_2d, grid: [13, 17]}",
      "{name: fno, width: 4, layers: 2, modes: 4, nodes: 2}" },
    { "{name: black_scholes_2d, grid: [17, 21]}", "{name: mcs_adi, steps: 2}",
      "{name: black_scholes_2d, grid: [17, 21]}", "{name: mlp, width: 8, layers: 2, sensors: 3}" },
};
enum { CASES = sizeof cases / sizeof *cases };

static void save_case(int c)
{
    static const char *const nodes[] = { "nodes", "[0.5, 1]", NULL };
    save_random(cases[c].trained, cases[c].network, END / N, 0.01,
                strstr(cases[c].network, "nodes") ? nodes : NULL);
}

/* U (N + 1, n) of the prediction and after one iteration, by a plain loop */
static void by_loop(const struct bench *b, int c, double *u, double *first)
{
    const struct interval whole = { 0.0, END, 0, 1 };
    struct config *own;
    struct problem *q = make_problem(&own, cases[c].trained);
    struct network *n;
    struct transfer *down, *up;
    struct stepper *F;
    struct config *fine;
    const size_t size = b->p->n;
    assert_int_equal(network_open(&n, &q->grid, neural_boundary(q), path), 0);
    const struct neural s = { q, n, { n->codec.nodes > 1 ? 0.5 : 1.0, 1.0 } };
    assert_int_equal(transfer_create(&down, &b->p->grid, &q->grid, 3), 0);
    assert_int_equal(transfer_create(&up, &q->grid, &b->p->grid, 3), 0);
    assert_int_equal(config_parse(&fine, "test", cases[c].fine), 0);
    const struct stepper_type *type = stepper_type_find(config_name(config_root(fine)));
    assert_int_equal(type->create(&F, type, b->p, config_root(fine)), 0);
    const size_t nwork =
        neural_work(&s) + q->nwork + b->p->nwork + F->nwork + down->nwork + up->nwork;
    double *work = room(nwork), *a = room(q->n), *v = room(q->n), *f = room(size),
           *g = room((N + 1) * size);
    const struct exec x = exec_host(work, nwork);
    const bool same = q->grid.shape[0] == b->p->grid.shape[0];
    const struct problem_kernels *ours = b->p->kernels[DEV_CPU], *its = q->kernels[DEV_CPU];
    memcpy(u, b->u0, size * sizeof *u);
    memcpy(first, b->u0, size * sizeof *u);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < N; i++) {
            const struct interval slice = interval_part(whole, i, N);
            double *from = (k ? first : u) + (size_t)i * size, *to = from + size, *coarse = f;
            if (same)
                neural_step(&s, &x, slice, n->params, from, coarse);
            else {
                transfer_apply(down, &x, from, a);
                its->impose(q, &x, interval_t0(slice), a);
                neural_step(&s, &x, slice, n->params, a, v);
                transfer_apply(up, &x, v, coarse);
                ours->impose(b->p, &x, interval_t1(slice), coarse);
            }
            if (k == 0) {
                memcpy(to, coarse, size * sizeof *to);
                memcpy(g + (size_t)i * size, coarse, size * sizeof *to);
                continue;
            }
            for (int j = 0; j < (int)b->F->steps; j++)
                assert_int_equal(F->step(F, &x, interval_part(slice, j, b->F->steps),
                                         j ? to : u + (size_t)i * size, to),
                                 0);
            for (size_t m = 0; m < size; m++)
                to[m] = to[m] + (coarse[m] - g[(size_t)i * size + m]);
        }
    free(work);
    free(a);
    free(v);
    free(f);
    free(g);
    stepper_destroy(&F);
    config_destroy(&fine);
    transfer_destroy(&down);
    transfer_destroy(&up);
    network_destroy(&n);
    problem_destroy(&q);
    config_destroy(&own);
}

/* A network with random parameters as G: the bits of a plain loop; after k iterations the first k
 * slices are the serial fine run; in one task or by layers */
static void has_the_bits_of_the_loop(void **unused)
{
    (void)unused;
    const bool few = run.ranks > 1; /* which take their time on one machine */
    for (int c = 0; c < CASES; c += few ? 2 : 1)
        for (int layers = 0; layers < 2; layers++) {
            struct bench b;
            struct parareal_report r;
            struct states s, serial;
            save_case(c);
            assert_int_equal(bench_make(&b, cases[c].problem, cases[c].fine,
                                        layers ? ", granularity: layer" : ""),
                             0);
            const size_t n = b.p->n, bytes = N * n * sizeof(double);
            double *u = room((N + 1) * n), *first = room((N + 1) * n);
            by_loop(&b, c, u, first);
            for (long k = 0; k <= 1; k++) {
                assert_int_equal(solve(&b, k, 0.0, &s, &r), 0);
                if (run.rank == 0)
                    assert_memory_equal(s.u, (k ? first : u) + n, bytes);
                assert_int_equal(counts()[NETWORK_CALLS], r.window[0].coarse_calls);
                free(s.u);
                parareal_report_free(&r);
            }
            assert_int_equal(solve(&b, N, 0.0, &serial, &r), 0);
            assert_true(r.window[0].error_vs_fine[N] == 0.0);
            parareal_report_free(&r);
            for (long k = few ? N - 1 : 1; k < N; k++) {
                assert_int_equal(solve(&b, k, 0.0, &s, &r), 0);
                assert_true(r.window[0].error_vs_fine[k] > 0.0);
                if (run.rank == 0) {
                    assert_memory_equal(s.u, serial.u, (size_t)k * n * sizeof(double));
                    assert_true(memcmp(s.u, serial.u, bytes) != 0);
                }
                free(s.u);
                parareal_report_free(&r);
            }
            free(serial.u);
            free(u);
            free(first);
            bench_free(&b);
        }
}

static void an_exact_network_converges_at_once(void **unused)
{
    (void)unused;
    struct config *c;
    struct problem *p = make_problem(&c, HEAT);
    struct network *n = heat_network(&p->grid, END / N);
    save(n, HEAT, END / N, NULL);
    network_destroy(&n);
    problem_destroy(&p);
    config_destroy(&c);
    for (int layers = 0; layers < 2; layers++) {
        struct bench b;
        struct parareal_report r;
        struct states s;
        assert_int_equal(
            bench_make(&b, HEAT, "{name: exact}", layers ? ", granularity: layer" : ""), 0);
        assert_int_equal(solve(&b, N, 1e-11, &s, &r), 0);
        assert_int_equal(r.window[0].iterations, 1);
        assert_true(r.window[0].converged);
        assert_true(r.window[0].increments[0] < 1e-13);
        assert_true(r.window[0].error_vs_fine[0] < 1e-13);
        free(s.u);
        parareal_report_free(&r);
        bench_free(&b);
    }
}

/* k steps per slice, of the length of the training: other lengths are refused, with the number that
 * would do */
static void steps_are_those_of_the_training(void **unused)
{
    static const struct {
        double length;
        const char *keys;
        int err;
    } rows[] = {
        { END / N, "", 0 },
        { END / N * (1.0 + 1e-10), "", 0 },
        { END / N * (1.0 + 1e-8), "", -EINVAL },
        { END / N / 3.0, ", steps: 3", 0 },
        { END / N / 3.0, "", -EINVAL },
        { END / N * 2.0, "", -EINVAL },
    };
    const struct interval slice = { 0.0, END, 0, N };
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        save_random(HEAT, cases[0].network, rows[i].length, 0.01, NULL);
        assert_int_equal(bench_make(&b, HEAT, cases[0].fine, rows[i].keys), 0);
        assert_int_equal(propagator_check(b.G, slice), rows[i].err);
        if (rows[i].err == 0) {
            struct parareal_report r;
            struct states s;
            assert_int_equal(solve(&b, 1, 0.0, &s, &r), 0);
            assert_int_equal(counts()[NETWORK_CALLS], r.window[0].coarse_calls * b.G->steps);
            free(s.u);
            parareal_report_free(&r);
        }
        bench_free(&b);
    }
}

static struct states iterates(struct bench *b)
{
    struct parareal_report r;
    struct states s;
    assert_int_equal(solve(b, 2, 0.0, &s, &r), 0);
    parareal_report_free(&r);
    return s;
}

static bool same(const struct states *a, const struct states *b)
{
    return run.rank > 0 || memcmp(a->u, b->u, N * a->n * sizeof(double)) == 0;
}

/* the same with another coarse propagator */
static struct states with(struct bench *b, const char *coarse)
{
    struct config *c;
    char text[512];
    propagator_destroy(&b->G);
    snprintf(text, sizeof text, "coarse: %s", coarse);
    assert_int_equal(config_parse(&c, "test", text), 0);
    assert_int_equal(propagator_create(&b->G, &run, b->p,
                                       config_child(config_root(b->config), "problem"),
                                       config_child(config_root(c), "coarse")),
                     0);
    struct states s = iterates(b);
    spt_wait(&run);
    propagator_destroy(&b->G);
    config_destroy(&c);
    return s;
}

/* Steps that are refused are those of the fallback, to the last bit, and are counted by their
 * reason; without a fallback they are kept, and counted. */
static void what_is_refused_is_done_by_the_fallback(void **unused)
{
    static const char *const wide[] = { "low", "[-1000]", "high", "[1000]", NULL },
                             *const narrow[] = { "low", "[0.1]", "high", "[0.2]", NULL };
    static const struct {
        double scale; /* of the change of the state */
        const char *const *range;
        const char *keys;
        bool fallback;
        enum network_count reason; /* NETWORK_CALLS: none */
    } rows[] = {
        { 0.01, NULL, ", accept: 1e-9", true, NETWORK_RESIDUAL },
        { 0.01, NULL, ", accept: 1e-9, granularity: layer", true, NETWORK_RESIDUAL },
        { 0.01, NULL, ", accept: 1e-9", false, NETWORK_RESIDUAL },
        { 0.01, wide, ", accept: 1e9", true, NETWORK_CALLS },
        { 0.01, narrow, "", true, NETWORK_OUTSIDE },
        { 0.01, narrow, "", false, NETWORK_OUTSIDE },
        { HUGE, NULL, "", true, NETWORK_NOT_FINITE },
    };
    (void)unused;
    const bool few = run.ranks > 1;
    for (int c = 0; c < (few ? 1 : 2); c++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i += few ? 2 : 1) {
            const char *scheme = "{name: implicit_euler, steps: 2}";
            struct bench b;
            char keys[128], plain[256];
            save_random(cases[c].problem, cases[c].network, END / N, rows[i].scale, rows[i].range);
            snprintf(keys, sizeof keys, "%s%s%s", rows[i].keys,
                     rows[i].fallback ? ", fallback: " : "", rows[i].fallback ? scheme : "");
            assert_int_equal(bench_make(&b, cases[c].problem, cases[c].fine, keys), 0);
            struct states s = iterates(&b);
            const long *n = counts();
            const bool bad = rows[i].reason != NETWORK_CALLS, replaced = bad && rows[i].fallback;
            assert_true(n[NETWORK_CALLS] >= 2 * N - 1);
            for (int w = NETWORK_OUTSIDE; w < NETWORK_COUNTS; w++)
                assert_int_equal(n[w], bad && w == (int)rows[i].reason ? n[NETWORK_CALLS] : 0);
            assert_int_equal(n[NETWORK_FALLBACKS], replaced ? n[NETWORK_CALLS] : 0);
            save_random(cases[c].problem, cases[c].network, END / N, rows[i].scale, NULL);
            snprintf(plain, sizeof plain, "{name: network, weights: %s}", path);
            struct states t = with(&b, replaced ? scheme : plain);
            assert_true(same(&s, &t));
            free(s.u);
            free(t.u);
            bench_free(&b);
        }
}

/* the residual of the exact flow is a small part of that of no change, unlike that of a random
 * network */
static void residuals_tell_good_from_bad(void **unused)
{
    (void)unused;
    for (int exact = 0; exact < 2; exact++) {
        struct bench b;
        save_random(HEAT, cases[0].network, END / N, 0.5, NULL);
        if (exact) {
            struct config *c;
            struct problem *p = make_problem(&c, HEAT);
            struct network *n = heat_network(&p->grid, END / N / 16.0);
            save(n, HEAT, END / N / 16.0, NULL);
            network_destroy(&n);
            problem_destroy(&p);
            config_destroy(&c);
        }
        assert_int_equal(bench_make(&b, HEAT, cases[0].fine,
                                    exact ? ", accept: 0.1, steps: 16" : ", accept: 0.1"),
                         0);
        struct states s = iterates(&b);
        const long *n = counts();
        assert_int_equal(n[NETWORK_RESIDUAL], exact ? 0 : n[NETWORK_CALLS]);
        free(s.u);
        bench_free(&b);
    }
}

/* values that are not finite, and nothing to do about it: found where they are made */
static void without_fallback_a_failure_is_named(void **unused)
{
    (void)unused;
    for (int i = 0; i < 3; i++) {
        static const char *const keys[] = { "", ", granularity: layer", ", accept: 1" },
                                 *const codelets[] = { "network", "decode", "accept" };
        struct bench b;
        struct states s;
        struct parareal_report r;
        save_random(HEAT, cases[0].network, END / N, HUGE, NULL);
        assert_int_equal(bench_make(&b, HEAT, cases[0].fine, keys[i]), 0);
        assert_int_equal(solve(&b, 2, 0.0, &s, &r), -EDOM);
        assert_int_equal(r.failure.kind, FAILURE_NONFINITE);
        assert_int_equal(r.failure.slice, 0);
        assert_string_equal(r.failure.codelet, codelets[i]);
        free(s.u);
        parareal_report_free(&r);
        bench_free(&b);
        run.nfailures = 0; /* they stay with the run */
    }
}

/* what a network cannot be used for is refused when it is made */
static void other_problems_are_refused(void **unused)
{
    static const char *const problems[] = {
        "{name: black_scholes, grid: 32}", "{name: heat, grid: 32, length: 2}",
        "{name: heat, grid: [32, 32]}",    "{name: heat, grid: 33, boundary: dirichlet}",
        "{name: allen_cahn, grid: 33}",
    };
    (void)unused;
    save_random(HEAT, cases[0].network, END / N, 0.01, NULL);
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        struct bench b;
        assert_int_equal(bench_make(&b, problems[i], "{name: implicit_euler}", ""), -EINVAL);
        assert_null(b.G);
        bench_free(&b);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lifts_boundary_values),
        cmocka_unit_test(a_step_is_the_last_node),
        cmocka_unit_test(smoothing_follows_the_diffusion),
        cmocka_unit_test(a_multiplier_is_an_exact_step),
        cmocka_unit_test(has_the_bits_of_the_loop),
        cmocka_unit_test(an_exact_network_converges_at_once),
        cmocka_unit_test(steps_are_those_of_the_training),
        cmocka_unit_test(what_is_refused_is_done_by_the_fallback),
        cmocka_unit_test(residuals_tell_good_from_bad),
        cmocka_unit_test(other_problems_are_refused),
        cmocka_unit_test(
            without_fallback_a_failure_is_named), /* last: failures stay with the run */
    };
    const struct spt_options o = { .cpus = 2, .gpus = 0, .reproducible = true };
    const char *tmp = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/starpint-neural-%ld.safetensors", tmp ? tmp : "/tmp",
             (long)getpid());
    assert_int_equal(spt_open_mpi(&run, &argc, &argv, false), 0);
    log_open(run.rank, true);
    assert_int_equal(spt_open(&run, &o), 0);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    spt_close(&run);
    unlink(path);
    return failed != 0;
}
