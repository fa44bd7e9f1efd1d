// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* One step of modified Craig-Sneyd ADI on two-asset Black-Scholes against the bytes that it has to move: each pass over
 * the grid counted as the arrays it reads and writes, at the triad bandwidth of one core (McCalpin's STREAM: arrays far
 * larger than the caches), measured in turns with the step. Beside it the same share at the triad bandwidth of arrays of
 * the grid's own size: small grids live in a cache. */
#include "bench/bench.h"
#include "core/vec.h"
#include "problems/stepper.h"

/* y = a + s b, as the compiler makes it; bytes per second */
static double triad(double *y, const double *a, const double *b, size_t n)
{
    const int repeat = (int)(2e7 / (double)n) + 1;
    const double start = spt_seconds();
    for (int r = 0; r < repeat; r++) {
        for (size_t i = 0; i < n; i++)
            y[i] = a[i] + 3.0 * b[i];
        __asm__ volatile("" ::"r"(y) : "memory");
    }
    return 24.0 * (double)n * repeat / (spt_seconds() - start);
}

/* Per step of MCS (problems/adi.c), five split_apply and four split_solve: arrays read or written once per pass.
 * split_apply reads u and base (one array in the first pass) and writes y; split_solve reads b and writes u. */
static double counted_bytes(size_t n)
{
    const double applies = 5.0 * 3.0 - 1.0, solves = 4.0 * 2.0;
    return (applies + solves) * 8.0 * (double)n;
}

static double *vector(size_t n)
{
    double *v;
    if (posix_memalign((void **)&v, 64, n * sizeof *v))
        abort();
    for (size_t i = 0; i < n; i++)
        v[i] = 1.0 + (double)i;
    return v;
}

int main(int argc, char **argv)
{
    static const long grids[] = { 201, 401, 801 };
    const size_t large = 8 << 20; /* 64 MiB each */
    double *const a = vector(large), *const b = vector(large), *const y = vector(large);
    int bad = 0;
    (void)argc, (void)argv;
    for (size_t g = 0; g < sizeof grids / sizeof *grids; g++) {
        char text[256], title[128];
        struct config *c;
        struct problem *p;
        struct stepper *s;
        snprintf(text, sizeof text,
                 "problem: {name: black_scholes_2d, grid: [%ld, %ld]}\nfine: {name: mcs_adi}\n", grids[g], grids[g]);
        if (config_parse(&c, "bench", text))
            return 1;
        const struct stepper_type *type = stepper_type_find("mcs_adi");
        struct node *root = config_root(c);
        if (problem_create(&p, config_child(root, "problem")) || type->create(&s, type, p, config_child(root, "fine")))
            return 1;
        const struct interval step = { 0.0, 1.0, 7, 512 };
        if (s->prepare(s, step))
            return 1;
        double *u = vector(p->n), *work = vector(s->nwork);
        p->initial(p, 0.0, u);
        const struct exec x = exec_host(work, s->nwork);
        double us[BENCH_RUNS], ns[BENCH_RUNS], stream[BENCH_RUNS], cache[BENCH_RUNS], of_stream[BENCH_RUNS],
            of_cache[BENCH_RUNS];
        for (int i = -1; i < BENCH_RUNS; i++) { /* -1: warm-up */
            const int repeat = (int)(3e6 / (double)p->n) + 1;
            const double memory = triad(y, a, b, large), near = triad(y, a, b, p->n), start = spt_seconds();
            for (int r = 0; r < repeat; r++)
                s->step(s, &x, step, u, u);
            const double seconds = (spt_seconds() - start) / repeat;
            if (i < 0)
                continue;
            us[i] = 1e6 * seconds;
            ns[i] = 1e9 * seconds / (double)p->n;
            stream[i] = 1e-9 * memory;
            cache[i] = 1e-9 * near;
            of_stream[i] = counted_bytes(p->n) / memory / seconds;
            of_cache[i] = counted_bytes(p->n) / near / seconds;
        }
        snprintf(title, sizeof title, "MCS ADI step, %ld x %ld, one core", grids[g], grids[g]);
        bench_head(title);
        bench_row("  step", bench_spread(us, BENCH_RUNS), "us", 0.0, 1);
        bench_row("  per point", bench_spread(ns, BENCH_RUNS), "ns", 0.0, 1);
        bench_row("  triad (STREAM)", bench_spread(stream, BENCH_RUNS), "GB/s", 0.0, 1);
        bench_row("  triad, arrays of the grid's size", bench_spread(cache, BENCH_RUNS), "GB/s", 0.0, 1);
        bad |= bench_row("  counted bytes' time / step, STREAM", bench_spread(of_stream, BENCH_RUNS), "",
                         grids[g] == 401 ? 0.5 : 0.0, 0);
        bench_row("  counted bytes' time / step, cache", bench_spread(of_cache, BENCH_RUNS), "", 0.0, 0);
        free(u), free(work);
        stepper_destroy(&s);
        problem_destroy(&p);
        config_destroy(&c);
    }
    return bad;
}
