// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Parareal's algebra, to the last bit, against a plain loop; its task graph against the theory; how
 * it fails. Runs on any number of ranks. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/log.h"
#include "tasks/serial.h"

static struct spt run;

/* ---------------------------------------------------------------- a problem with F and G */

struct bench {
    struct config *config;
    struct problem *p;
    struct propagator *F, *G;
    struct stepper *f, *g; /* the same schemes on plain pointers */
    long f_steps, g_steps;
    double *u0, *work;
    size_t nwork;
};

static struct stepper *plain(struct bench *b, const char *key, long *steps)
{
    struct node *n = config_child(config_root(b->config), key);
    const struct stepper_type *type = stepper_type_find(config_name(n));
    struct stepper *s = NULL;
    if (!type)
        return NULL; /* made of others */
    assert_int_equal(type->create(&s, type, b->p, n), 0);
    *steps = b->F && strcmp(key, "fine") == 0 ? b->F->steps : b->G->steps;
    if (s->nwork > b->nwork)
        b->nwork = s->nwork;
    return s;
}

static struct bench bench(const char *problem, const char *fine, const char *coarse)
{
    struct bench b = { 0 };
    char text[1024];
    snprintf(text, sizeof text, "problem: %s\nfine: %s\ncoarse: %s\n", problem, fine, coarse);
    assert_int_equal(config_parse(&b.config, "test", text), 0);
    struct node *root = config_root(b.config), *p = config_child(root, "problem");
    assert_int_equal(problem_create(&b.p, p), 0);
    assert_int_equal(propagator_create(&b.F, &run, b.p, p, config_child(root, "fine")), 0);
    assert_int_equal(propagator_create(&b.G, &run, b.p, p, config_child(root, "coarse")), 0);
    b.f = plain(&b, "fine", &b.f_steps);
    b.g = plain(&b, "coarse", &b.g_steps);
    assert_non_null(b.u0 = calloc(b.p->n, sizeof *b.u0));
    assert_int_equal(posix_memalign((void **)&b.work, 64, (b.nwork + 64) * sizeof *b.work), 0);
    assert_int_equal(b.p->initial(b.p, 0.0, b.u0), 0);
    return b;
}

static void bench_free(struct bench *b)
{
    spt_wait(&run);
    propagator_destroy(&b->F);
    propagator_destroy(&b->G);
    stepper_destroy(&b->f);
    stepper_destroy(&b->g);
    problem_destroy(&b->p);
    config_destroy(&b->config);
    free(b->u0);
    free(b->work);
}

/* ---------------------------------------------------------------- Parareal, by task graph and by
 * plain loop */

struct states {
    size_t n;
    long count;
    double *u; /* (count, n) at the ends of the slices */
};

static void collect(void *context, struct interval slice, starpu_data_handle_t u)
{
    struct states *s = context;
    spt_get(&run, u, s->u + (size_t)slice.index * s->n);
    s->count++;
}

static struct states states(const struct bench *b, long slices)
{
    struct states s = { b->p->n, 0, calloc(b->p->n * (size_t)slices, sizeof(double)) };
    assert_non_null(s.u);
    return s;
}

static int solve(struct bench *b, const struct parareal_options *o, double end, struct states *s,
                 struct parareal_report *r)
{
    *s = states(b, o->slices);
    return parareal(&run, b->F, b->G, o, 0.0, end, b->u0, collect, s, r);
}

static void step(const struct bench *b, const struct stepper *s, long steps, struct interval slice,
                 const double *u, double *v)
{
    const struct exec x = exec_host(b->work, b->nwork);
    for (long i = 0; i < steps; i++)
        assert_int_equal(s->step(s, &x, interval_part(slice, i, steps), i ? v : u, v), 0);
}

/* U (N+1, n) after k iterations; increments (k) */
static double *reference(const struct bench *b, long N, long k, double end, double *increments)
{
    const size_t n = b->p->n;
    const struct interval whole = { 0.0, end, 0, 1 };
    double *u = calloc((size_t)(N + 1) * n, sizeof *u), *g = calloc((size_t)N * n, sizeof *g),
           *f = calloc((size_t)N * n, sizeof *f), *next = calloc(n, sizeof *next);
    assert_true(u && g && f && next);
    memcpy(u, b->u0, n * sizeof *u);
    for (long i = 0; i < N; i++) {
        step(b, b->g, b->g_steps, interval_part(whole, i, N), u + i * n, g + i * n);
        memcpy(u + (i + 1) * n, g + i * n, n * sizeof *u);
    }
    for (long j = 0; j < k; j++) {
        for (long i = 0; i < N; i++)
            step(b, b->f, b->f_steps, interval_part(whole, i, N), u + i * n, f + i * n);
        double largest = 0.0;
        for (long i = 0; i < N; i++) {
            double change = 0.0, norm = 0.0;
            step(b, b->g, b->g_steps, interval_part(whole, i, N), u + i * n, next);
            for (size_t m = 0; m < n; m++) {
                const double v = f[i * n + m] + (next[m] - g[i * n + m]);
                change += (v - u[(i + 1) * n + m]) * (v - u[(i + 1) * n + m]);
                norm += v * v;
                u[(i + 1) * n + m] = v;
                g[i * n + m] = next[m];
            }
            if (sqrt(change / norm) > largest)
                largest = sqrt(change / norm);
        }
        increments[j] = largest;
    }
    free(g);
    free(f);
    free(next);
    return u;
}

static const struct {
    const char *problem, *fine, *coarse;
    double end;
} cases[] = {
    { "{name: dahlquist, lambda: [[-1, 0], [0, 2]]}", "{name: rk4, steps: 5}",
      "{name: implicit_euler}", 2.0 },
    { "{name: heat, grid: 32}", "{name: crank_nicolson, steps: 4}", "{name: implicit_euler}", 1.0 },
    { "{name: advection, grid: 32, discretisation: upwind1}",
      "{name: rk4, steps: 8, granularity: step}", "{name: implicit_euler, steps: 2}", 0.5 },
    { "{name: black_scholes, grid: 101}", "{name: crank_nicolson, steps: 6, rannacher: 2}",
      "{name: implicit_euler}", 1.0 },
    { "{name: black_scholes_2d, grid: [21, 25]}", "{name: mcs_adi, steps: 3}", "{name: lod}", 1.0 },
};
enum { CASES = sizeof cases / sizeof *cases, N = 6 };

/* every iterate of every slice has the bits of the plain loop; slices 1..k those of the serial fine
 * run */
static void has_the_bits_of_the_loop(void **unused)
{
    (void)unused;
    for (int c = 0; c < CASES; c++) {
        struct bench b = bench(cases[c].problem, cases[c].fine, cases[c].coarse);
        for (long k = 0; k <= N; k++) {
            const struct parareal_options o = { N, 1, k, 1, 0.0, 0.0, k % 2, 0.0 };
            double increments[N + 1] = { 0 };
            struct parareal_report r;
            struct states s;
            assert_int_equal(solve(&b, &o, cases[c].end, &s, &r), 0);
            assert_int_equal(s.count, N);
            assert_int_equal(r.window[0].iterations, k);
            double *u = reference(&b, N, k, cases[c].end, increments);
            if (run.rank == 0)
                assert_memory_equal(s.u, u + b.p->n, (size_t)N * b.p->n * sizeof *u);
            for (long j = 0; j < k; j++)
                assert_true(fabs(r.window[0].increments[j] - increments[j]) <=
                            1e-12 * increments[j]);
            if (r.window[0].error_vs_fine && k == N)
                assert_true(r.window[0].error_vs_fine[N] == 0.0);
            double *serial = calloc(b.p->n, sizeof *serial);
            assert_non_null(serial);
            memcpy(serial, b.u0, b.p->n * sizeof *serial);
            for (long n = 0; n < k; n++) {
                const struct interval whole = { 0.0, cases[c].end, 0, 1 };
                step(&b, b.f, b.f_steps, interval_part(whole, n, N), serial, serial);
                if (run.rank == 0)
                    assert_memory_equal(s.u + (size_t)n * b.p->n, serial, b.p->n * sizeof *serial);
            }
            free(serial);
            free(u);
            free(s.u);
            parareal_report_free(&r);
        }
        bench_free(&b);
    }
}

/* N slices of n steps have the bits of one run of N n steps: time is counted in integers */
static void slices_do_not_change_the_fine_solution(void **unused)
{
    (void)unused;
    struct bench b =
        bench("{name: black_scholes, grid: 101}", "{name: crank_nicolson, steps: 7, rannacher: 3}",
              "{name: implicit_euler}");
    const struct interval whole = { 0.0, 0.7, 0, 1 };
    double *one = calloc(b.p->n, sizeof *one), *cut = calloc(b.p->n, sizeof *cut);
    step(&b, b.f, 7 * 11, whole, b.u0, one);
    memcpy(cut, b.u0, b.p->n * sizeof *cut);
    for (long n = 0; n < 11; n++)
        step(&b, b.f, 7, interval_part(whole, n, 11), cut, cut);
    assert_memory_equal(one, cut, b.p->n * sizeof *one);
    free(one);
    free(cut);
    bench_free(&b);
}

static void equal_propagators_converge_at_once(void **unused)
{
    (void)unused;
    struct bench b =
        bench(cases[4].problem, "{name: mcs_adi, steps: 3}", "{name: mcs_adi, steps: 3}");
    const struct parareal_options o = { N, 1, 4, 1, 1e-300, 0.0, true, 0.0 };
    struct parareal_report r;
    struct states s;
    assert_int_equal(solve(&b, &o, 1.0, &s, &r), 0);
    assert_int_equal(r.window[0].iterations, 1);
    assert_true(r.window[0].converged);
    assert_true(r.window[0].increments[0] == 0.0);
    assert_true(r.window[0].error_vs_fine[0] == 0.0);
    free(s.u);
    parareal_report_free(&r);
    bench_free(&b);
}

/* lookahead only changes what is computed in vain */
static void lookahead_changes_no_bits(void **unused)
{
    (void)unused;
    struct bench b = bench(cases[1].problem, cases[1].fine, cases[1].coarse);
    struct states first = { 0 };
    long iterations = 0;
    for (long lookahead = 0; lookahead <= 4; lookahead++) {
        const struct parareal_options o = { 12, 1, 12, lookahead, 1e-6, 0.0, false, 0.0 };
        struct parareal_report r;
        struct states s;
        assert_int_equal(solve(&b, &o, 1.0, &s, &r), 0);
        assert_true(r.window[0].converged);
        assert_true(r.window[0].increments[r.window[0].iterations - 1] <= 1e-6);
        if (lookahead == 0) {
            first = s;
            iterations = r.window[0].iterations;
            assert_in_range(iterations, 2, 11);
        } else {
            assert_int_equal(r.window[0].iterations, iterations);
            /* frozen slices differ within the tolerance: lookahead freezes them an iteration later
             */
            double worst = 0.0, size = 0.0;
            for (size_t i = 0; i < 12 * b.p->n; i++) {
                worst = fmax(worst, fabs(s.u[i] - first.u[i]));
                size = fmax(size, fabs(first.u[i]));
            }
            assert_true(worst <= 1e-6 * size);
            free(s.u);
        }
        parareal_report_free(&r);
    }
    free(first.u);
    bench_free(&b);
}

/* F runs on the active slices of each iteration, G on those behind the first; and the graph is the
 * minimum */
static void task_counts_are_the_theory(void **unused)
{
    (void)unused;
    struct bench b = bench(cases[0].problem, "{name: rk4, steps: 5}", "{name: implicit_euler}");
    for (long K = 0; K <= N; K++) {
        const struct parareal_options o = { N, 1, K, 1, 0.0, 0.0, false, 0.0 };
        struct parareal_report r;
        struct states s;
        struct trace t;
        long fine = 0, coarse = N, found_fine = 0, found_coarse = 0, corrections = 0;
        for (long k = 1; k <= K; k++) {
            fine += N - k + 1;
            coarse += N - k;
        }
        run.tracing = true;
        starpu_profiling_status_set(STARPU_PROFILING_ENABLE);
        assert_int_equal(solve(&b, &o, 2.0, &s, &r), 0);
        spt_wait(&run);
        assert_int_equal(spt_trace_gather(&run, &t), 0);
        run.tracing = false;
        starpu_profiling_status_set(STARPU_PROFILING_DISABLE);
        assert_int_equal(r.window[0].fine_calls, fine);
        assert_int_equal(r.window[0].coarse_calls, coarse);
        size_t *first, *deps;
        assert_int_equal(trace_dependencies(&t, &first, &deps), 0);
        for (size_t i = 0; i < t.n; i++) {
            const struct trace_record *q = &t.records[i];
            if (strcmp(q->codelet, "correct") == 0)
                corrections++;
            if (strcmp(q->codelet, "advance"))
                continue;
            const bool is_fine = strncmp(q->label, "fine", 4) == 0;
            if (is_fine)
                found_fine++;
            else
                found_coarse++;
            /* it waits for its start value, of the iteration before (F) or the same (G), never for
             * a later slice: what it overwrites was last read in an iteration that has been decided
             * on */
            for (size_t d = first[i]; d < first[i + 1]; d++) {
                const struct trace_record *w = &t.records[deps[d]];
                assert_true(w->iteration <= q->iteration - (is_fine ? 1 : 0));
                assert_true(w->slice <= q->slice || w->iteration <= q->iteration - o.lookahead - 1);
            }
        }
        if (run.rank == 0) {
            assert_int_equal(found_fine, fine);
            assert_int_equal(found_coarse, coarse);
            assert_int_equal(corrections, coarse - N);
        }
        free(first);
        free(deps);
        trace_free(&t);
        free(s.u);
        parareal_report_free(&r);
    }
    bench_free(&b);
}

/* windows: each starts where the last one ended; memory does not grow with the number of windows */
static void windows_bound_the_memory(void **unused)
{
    (void)unused;
    if (run.ranks > 4)
        return;
    struct bench b = bench(cases[1].problem, cases[1].fine, cases[1].coarse);
    size_t handles[3], i = 0;
    double *serial = calloc(b.p->n, sizeof *serial);
    for (long windows = 1; windows <= 16; windows *= 4, i++) {
        const struct parareal_options o = { 4 * windows, windows, 4, 1, 0.0, 0.0, true, 0.0 };
        const struct interval whole = { 0.0, 1.0, 0, 1 };
        struct parareal_report r;
        struct states s;
        assert_int_equal(solve(&b, &o, 1.0, &s, &r), 0);
        assert_int_equal(r.finished, windows);
        memcpy(serial, b.u0, b.p->n * sizeof *serial);
        for (long n = 0; n < o.slices; n++)
            step(&b, b.f, b.f_steps, interval_part(whole, n, o.slices), serial, serial);
        if (run.rank == 0) /* four iterations on four slices are exact */
            assert_memory_equal(s.u + (size_t)(o.slices - 1) * b.p->n, serial,
                                b.p->n * sizeof *serial);
        assert_true(r.window[windows - 1].error_vs_fine[4] == 0.0);
        handles[i] = run.handles;
        free(s.u);
        parareal_report_free(&r);
    }
    /* only the serial reference keeps a state per window */
    assert_true(handles[2] - handles[1] <= 12 && handles[1] - handles[0] <= 12 + 40);
    free(serial);
    bench_free(&b);
}

/* ---------------------------------------------------------------- G may be anything */

struct wild {
    struct stepper base;
    long bad_slice, calls;
};

static struct wild *wild;
static starpu_data_handle_t wild_work;

static int wild_step(const struct stepper *base, const struct exec *x, struct interval step,
                     const double *u, double *v)
{
    (void)x;
    const struct wild *w = (const struct wild *)base;
    uint64_t s = 0x9e3779b97f4a7c15u;
    const double first = u[0];
    for (size_t i = 0; i < base->problem->n; i++) { /* a fixed random map, nothing like the flow */
        s ^= s << 13, s ^= s >> 7, s ^= s << 17;
        v[i] = 0.5 * u[i] + 1e-3 * (double)(s % 1000) * first;
    }
    if (step.index == w->bad_slice)
        v[1] = NAN;
    return 0;
}

static void wild_advance(struct propagator *g, struct interval whole, starpu_data_handle_t from,
                         starpu_data_handle_t to)
{
    g->run->at.label = "wild";
    spt_advance(g->run, &wild->base, whole, 1, WHERE_CPU, from, to, wild_work);
}

static int wild_prepare(struct propagator *g, struct interval whole)
{
    (void)g, (void)whole;
    return 0;
}

static void any_coarse_propagator_is_exact_after_n(void **unused)
{
    (void)unused;
    struct bench b = bench(cases[1].problem, cases[1].fine, cases[1].coarse);
    struct wild w = { { .name = "wild", .problem = b.p, .step = wild_step }, -1, 0 };
    struct propagator g = { .name = "wild",
                            .run = &run,
                            .problem = b.p,
                            .steps = 1,
                            .prepare = wild_prepare,
                            .advance = wild_advance },
                      *numeric = b.G;
    const struct parareal_options o = { N, 1, N, 1, 0.0, 0.0, true, 0.0 };
    struct parareal_report r;
    struct states s;
    wild = &w;
    wild_work = spt_scratch(&run, 64);
    b.G = &g;
    assert_int_equal(solve(&b, &o, 1.0, &s, &r), 0);
    assert_true(r.window[0].error_vs_fine[N] == 0.0);
    assert_true(r.window[0].error_vs_fine[1] > 1e-3);
    free(s.u);
    parareal_report_free(&r);

    /* a NaN is found in its iteration, and named, on every rank */
    w.bad_slice = 3;
    assert_int_equal(solve(&b, &o, 1.0, &s, &r), -EDOM);
    assert_int_equal(r.failure.kind, FAILURE_NONFINITE);
    assert_int_equal(r.failure.slice, 3);
    assert_int_equal(r.failure.iteration, 0);
    assert_string_equal(r.failure.label, "wild");
    free(s.u);
    parareal_report_free(&r);
    b.G = numeric;
    bench_free(&b);
    run.nfailures = 0;
    spt_scratch_free(&run, wild_work);
}

static void growth_is_divergence(void **unused)
{
    (void)unused;
    struct bench b = bench("{name: dahlquist, lambda: [[40, 0]]}",
                           "{name: explicit_euler, steps: 10}", "{name: explicit_euler}");
    const struct parareal_options o = { 8, 1, 8, 1, 0.0, 1e6, false, 0.0 };
    struct parareal_report r;
    struct states s;
    assert_int_equal(solve(&b, &o, 8.0, &s, &r), -EDOM);
    assert_int_equal(r.failure.kind, FAILURE_GROWTH);
    assert_int_equal(r.failure.iteration, 1);
    free(s.u);
    parareal_report_free(&r);
    bench_free(&b);
}

struct inside {
    long count;
    double time[16], first[16];
};

static void look_inside(void *context, double time, starpu_data_handle_t u)
{
    struct inside *i = context;
    double *v = calloc(spt_size(u), sizeof *v);
    spt_get(&run, u, v);
    i->time[i->count] = time;
    i->first[i->count++] = v[0];
    free(v);
}

/* dense output: the values at the nodes of every step, of the accuracy of the collocation */
static void nodes_are_emitted(void **unused)
{
    (void)unused;
    if (run.ranks > 1) /* serial runs on one rank */
        return;
    struct bench b = bench(
        "{name: dahlquist, lambda: [[-1, 0]]}",
        "{name: sdc, steps: 2, sweeps: 12, granularity: node, dense: true, nodes: {count: 3}}",
        "{name: exact}");
    struct serial_report r;
    struct states s = states(&b, 1);
    struct inside i = { 0 };
    b.F->emit = look_inside;
    b.F->emit_context = &i;
    assert_int_equal(serial(&run, b.F, 1, 0.0, 0.0, 1.0, b.u0, collect, &s, NULL, &r), 0);
    assert_int_equal(i.count, 6);
    for (int j = 0; j < 6; j++) {
        assert_true(j == 0 || i.time[j] > i.time[j - 1]);
        assert_true(fabs(i.first[j] - exp(-i.time[j])) < 1e-3);
    }
    assert_true(i.time[2] == 0.5 && i.time[5] == 1.0 && i.first[5] == s.u[0]);
    free(s.u);
    bench_free(&b);
}

static void serial_growth_is_found(void **unused)
{
    (void)unused;
    if (run.ranks > 1) /* serial runs on one rank */
        return;
    struct bench b = bench("{name: advection, grid: 128, diffusivity: 0.1}",
                           "{name: rk4, steps: 100}", "{name: exact}");
    struct serial_report r;
    struct states s = states(&b, 10);
    assert_int_equal(b.F->divide(b.F, 10), 0);
    assert_int_equal(serial(&run, b.F, 10, 1e6, 0.0, 1.0, b.u0, collect, &s, NULL, &r), -EDOM);
    assert_int_equal(r.failure.kind, FAILURE_GROWTH);
    assert_int_equal(r.failure.slice, 0);
    assert_string_equal(r.failure.label, "rk4");
    free(s.u);
    bench_free(&b);
}

/* a coarse propagator that does not damp stiff modes: the increments grow, and that is said */
static void growing_increments_are_divergence(void **unused)
{
    (void)unused;
    struct bench b = bench("{name: heat, grid: 64}", "{name: exact}", "{name: crank_nicolson}");
    for (size_t i = 0; i < b.p->n; i++) /* a mean that stays, and a little of every mode */
        b.u0[i] = 1.0 + 1e-3 * (i == 7);
    struct parareal_options o = { 16, 1, 16, 1, 0.0, 0.0, false, 10.0 };
    struct parareal_report r;
    struct states s;
    assert_int_equal(solve(&b, &o, 16.0, &s, &r), -EDOM);
    assert_int_equal(r.failure.kind, FAILURE_DIVERGED);
    assert_in_range(r.failure.iteration, 2, 15);
    assert_int_equal(r.failure.iteration, r.window[0].iterations);
    free(s.u);
    parareal_report_free(&r);
    o.divergence = 0.0; /* on request it goes on, and is exact in the end */
    o.error_vs_fine = true;
    assert_int_equal(solve(&b, &o, 16.0, &s, &r), 0);
    assert_true(r.window[0].error_vs_fine[16] == 0.0);
    free(s.u);
    parareal_report_free(&r);
    bench_free(&b);
}

/* Parareal nests: with as many iterations as slices it is its own fine propagator */
static void parareal_is_a_propagator(void **unused)
{
    (void)unused;
    struct bench
        b = bench(
            cases[1].problem,
            "{name: parareal, slices: 3, iterations: 3, fine: {name: crank_nicolson, steps: 2}, "
            "coarse: {name: implicit_euler}}",
            "{name: implicit_euler}"),
        plain_fine =
            bench(cases[1].problem, "{name: crank_nicolson, steps: 6}", "{name: implicit_euler}");
    const struct parareal_options o = { 4, 1, 4, 1, 0.0, 0.0, false, 0.0 };
    struct parareal_report r[2];
    struct states s[2];
    assert_int_equal(solve(&b, &o, 1.0, &s[0], &r[0]), 0);
    assert_int_equal(solve(&plain_fine, &o, 1.0, &s[1], &r[1]), 0);
    if (run.rank == 0)
        assert_memory_equal(s[0].u, s[1].u, 4 * b.p->n * sizeof(double));
    for (int i = 0; i < 2; i++) {
        free(s[i].u);
        parareal_report_free(&r[i]);
    }
    bench_free(&b);
    bench_free(&plain_fine);
}

/* one task per slice, per step or per node of a sweep: the same arithmetic, the same bits; and as
 * many tasks as promised */
static void granularity_changes_no_bits(void **unused)
{
    (void)unused;
    static const struct {
        const char *problem, *keys;
        long tasks; /* of a step, node by node */
    } kinds[] = {
        { "{name: heat, grid: 32}", "preconditioner: MIN-SR-FLEX", 1 + 3 * 4 + 1 },
        { "{name: heat, grid: 32}", "preconditioner: LU, sweeps: 3", 1 + 3 * 4 },
        { "{name: heat, grid: 32}",
          "preconditioner: MIN-SR-S, initial_guess: spread, quadrature_update: true",
          4 + 4 * 4 + 1 },
        { "{name: heat, grid: 32}",
          "preconditioner: MIN-SR-S, sweeps: 2, initial_guess: coarse, coarse: {name: "
          "implicit_euler}",
          4 + 4 + 1 },
        { "{name: advection, grid: 32, diffusivity: 0.1, split: imex}",
          "preconditioner: MIN-SR-FLEX, preconditioner_explicit: PIC, nodes: {count: 3}, sweeps: 5",
          1 + 4 * 3 + 1 },
        { "{name: advection, grid: 32, diffusivity: 0.1, split: imex}",
          "preconditioner: IE, preconditioner_explicit: EE, sweeps: 2, nodes: {count: 5, "
          "quadrature: lobatto}",
          1 + 2 * 5 },
    };
    static const char *const granularities[] = { "slice", "step", "node", "auto" };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct states first = { 0 };
        for (int g = 0; g < 4; g++) {
            char fine[256];
            snprintf(fine, sizeof fine, "{name: sdc, steps: 3, granularity: %s, %s}",
                     granularities[g], kinds[i].keys);
            struct bench b =
                bench(kinds[i].problem, fine, "{name: sdc, sweeps: 1, nodes: {count: 2}}");
            const struct parareal_options o = { 4, 1, 2, 1, 0.0, 0.0, false, 0.0 };
            struct parareal_report r;
            struct states s;
            struct trace t;
            run.tracing = g >= 2;
            starpu_profiling_status_set(g >= 2 ? STARPU_PROFILING_ENABLE
                                               : STARPU_PROFILING_DISABLE);
            assert_int_equal(solve(&b, &o, 0.5, &s, &r), 0);
            spt_wait(&run);
            assert_int_equal(spt_trace_gather(&run, &t), 0);
            long found = 0;
            for (size_t q = 0; q < t.n; q++)
                found += strncmp(t.records[q].codelet, "sdc_", 4) == 0;
            if (run.rank == 0 && g >= 2) /* auto: these nodes take microseconds */
                assert_int_equal(found, g == 2 ? kinds[i].tasks * 3 * r.window[0].fine_calls : 0);
            if (g == 0)
                first = s;
            else {
                if (run.rank == 0)
                    assert_memory_equal(s.u, first.u, 4 * b.p->n * sizeof(double));
                free(s.u);
            }
            run.tracing = false;
            trace_free(&t);
            parareal_report_free(&r);
            bench_free(&b);
        }
        free(first.u);
    }
}

/* a coarse grid for G: cubic interpolation converges faster than linear (Ruprecht 2014) */
static void coarse_grids_work(void **unused)
{
    (void)unused;
    double increments[2];
    for (int i = 0; i < 2; i++) {
        char coarse[256];
        snprintf(coarse, sizeof coarse,
                 "{name: coarsen, factor: 2, interpolation: %d, propagator: {name: implicit_euler, "
                 "steps: 2}}",
                 i ? 3 : 1);
        struct bench b =
            bench("{name: heat, grid: 64}", "{name: crank_nicolson, steps: 20}", coarse);
        const struct parareal_options o = { 8, 1, 3, 1, 0.0, 0.0, true, 0.0 };
        struct parareal_report r;
        struct states s;
        assert_int_equal(solve(&b, &o, 0.5, &s, &r), 0);
        increments[i] = r.window[0].increments[2];
        assert_true(r.window[0].error_vs_fine[3] < 0.1 * r.window[0].error_vs_fine[0]);
        free(s.u);
        parareal_report_free(&r);
        bench_free(&b);
    }
    assert_true(increments[1] < increments[0]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_bits_of_the_loop),
        cmocka_unit_test(slices_do_not_change_the_fine_solution),
        cmocka_unit_test(equal_propagators_converge_at_once),
        cmocka_unit_test(lookahead_changes_no_bits),
        cmocka_unit_test(task_counts_are_the_theory),
        cmocka_unit_test(windows_bound_the_memory),
        cmocka_unit_test(any_coarse_propagator_is_exact_after_n),
        cmocka_unit_test(growth_is_divergence),
        cmocka_unit_test(serial_growth_is_found),
        cmocka_unit_test(nodes_are_emitted),
        cmocka_unit_test(growing_increments_are_divergence),
        cmocka_unit_test(parareal_is_a_propagator),
        cmocka_unit_test(granularity_changes_no_bits),
        cmocka_unit_test(coarse_grids_work),
    };
    const struct spt_options o = { .cpus = 2, .gpus = 0 };
    assert_int_equal(spt_open_mpi(&run, &argc, &argv, false), 0);
    log_open(run.rank, true);
    assert_int_equal(spt_open(&run, &o), 0);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    spt_close(&run);
    return failed != 0;
}
