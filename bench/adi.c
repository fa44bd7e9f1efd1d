// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* One step of modified Craig-Sneyd ADI on two-asset Black-Scholes against the bytes that it has to move: each pass over
 * the grid counted as the arrays it reads and writes, at the triad bandwidth of one core measured in turns. Grids that fit
 * a cache are compared with the triad on arrays of the same total size: the same level of memory. */
#include "bench/bench.h"
#include "core/vec.h"
#include "problems/stepper.h"

/* y = a + s b, as the compiler makes it; bytes per second */
static double triad(double *y, const double *a, const double *b, size_t n)
{
    const int repeat = (int)(4e7 / (double)n) + 1;
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

int main(int argc, char **argv)
{
    static const long grids[] = { 201, 401, 801 };
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
        double *u = NULL, *work = NULL, *a = NULL, *b = NULL, *y = NULL;
        if (s->prepare(s, step) || posix_memalign((void **)&u, 64, p->n * 8) ||
            posix_memalign((void **)&work, 64, s->nwork * 8) || posix_memalign((void **)&a, 64, p->n * 8) ||
            posix_memalign((void **)&b, 64, p->n * 8) || posix_memalign((void **)&y, 64, p->n * 8))
            return 1;
        p->initial(p, 0.0, u);
        vec_copy(&(struct exec){ .dev = DEV_CPU, .threads = 1 }, p->n, u, a);
        vec_copy(&(struct exec){ .dev = DEV_CPU, .threads = 1 }, p->n, u, b);
        const struct exec x = exec_host(work, s->nwork);
        double seconds[BENCH_RUNS], rate[BENCH_RUNS], share[BENCH_RUNS], ns[BENCH_RUNS];
        for (int i = -1; i < BENCH_RUNS; i++) { /* -1: warm-up */
            const int repeat = (int)(3e6 / (double)p->n) + 1;
            const double bandwidth = triad(y, a, b, p->n), start = spt_seconds();
            for (int r = 0; r < repeat; r++)
                s->step(s, &x, step, u, u);
            if (i < 0)
                continue;
            seconds[i] = (spt_seconds() - start) / repeat;
            ns[i] = 1e9 * seconds[i] / (double)p->n;
            rate[i] = 1e-9 * bandwidth;
            share[i] = counted_bytes(p->n) / bandwidth / seconds[i];
            seconds[i] *= 1e6;
        }
        snprintf(title, sizeof title, "MCS ADI step, %ld x %ld, one core", grids[g], grids[g]);
        bench_head(title);
        bench_row("  step", bench_spread(seconds, BENCH_RUNS), "us", 0.0, 1);
        bench_row("  per point", bench_spread(ns, BENCH_RUNS), "ns", 0.0, 1);
        bench_row("  triad, arrays of the same size", bench_spread(rate, BENCH_RUNS), "GB/s", 0.0, 1);
        bad |= bench_row("  share of the counted bytes' time", bench_spread(share, BENCH_RUNS), "",
                         grids[g] == 401 ? 0.5 : 0.0, 0);
        free(u), free(work), free(a), free(b), free(y);
        stepper_destroy(&s);
        problem_destroy(&p);
        config_destroy(&c);
    }
    return bad;
}
