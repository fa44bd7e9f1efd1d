// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Parareal with tasks of a millisecond and more on all workers: makespan against the lower bound max(area, critical path)
 * of its own measured task times; and what recording the trace costs, traced and untraced runs in turns. */
#include "bench/bench.h"
#include "core/log.h"
#include "tasks/parareal.h"

static const char text[] = "problem: {name: black_scholes_2d, grid: [201, 201]}\n"
                           "fine: {name: mcs_adi, steps: 8}\n"
                           "coarse: {name: lod, steps: 1}\n";

int main(int argc, char **argv)
{
    const struct spt_options so = { .cpus = -1, .gpus = 0 };
    const struct parareal_options o = { 16, 1, 4, 1, 0.0, 0.0, false, 0.0 };
    struct spt run;
    struct config *c;
    struct problem *p;
    struct propagator *F, *G;
    if (config_parse(&c, "bench", text) || spt_open_mpi(&run, &argc, &argv, false) || spt_open(&run, &so))
        return 1;
    struct node *root = config_root(c), *problem = config_child(root, "problem");
    if (problem_create(&p, problem) || propagator_create(&F, &run, p, problem, config_child(root, "fine")) ||
        propagator_create(&G, &run, p, problem, config_child(root, "coarse")))
        return 1;
    log_open(0, true);
    double *u0 = malloc(p->n * sizeof *u0);
    if (!u0 || p->initial(p, 0.0, u0))
        return 1;
    double share[BENCH_RUNS], cost[BENCH_RUNS], task[BENCH_RUNS], overhead[BENCH_RUNS];
    for (int i = -1; i < BENCH_RUNS; i++) {
        double wall[2], least = 0.0, makespan = 1.0, fine = 0.0, seconds = 0.0;
        for (int traced = 0; traced < 2; traced++) {
            struct parareal_report r;
            run.tracing = traced;
            starpu_profiling_status_set(traced ? STARPU_PROFILING_ENABLE : STARPU_PROFILING_DISABLE);
            if (parareal(&run, F, G, &o, 0.0, 1.0, u0, NULL, NULL, &r))
                return 1;
            wall[traced] = r.wall_seconds;
            fine = r.fine_seconds;
            parareal_report_free(&r);
            if (traced) {
                struct trace t;
                struct trace_stats s;
                size_t bytes;
                if (spt_trace_gather(&run, &t) || trace_analyse(&t, &s, NULL) || trace_cost(&t, &seconds, &bytes))
                    return 1;
                makespan = s.makespan;
                least = s.lower_bound;
                seconds /= (double)s.tasks;
                trace_free(&t);
            }
        }
        if (i < 0)
            continue;
        share[i] = makespan / least;
        cost[i] = wall[1] / wall[0];
        task[i] = 1e3 * fine;
        overhead[i] = 1e6 * seconds;
    }
    char title[96];
    snprintf(title, sizeof title, "Parareal, 16 slices, 4 iterations, %d workers", run.workers);
    bench_head(title);
    bench_row("  fine task", bench_spread(task, BENCH_RUNS), "ms", 1.0, 0);
    int bad = bench_row("  makespan over the lower bound", bench_spread(share, BENCH_RUNS), "", 1.1, 1);
    bad |= bench_row("  traced over untraced", bench_spread(cost, BENCH_RUNS), "", 1.02, 1);
    bench_row("  latency per task", bench_spread(overhead, BENCH_RUNS), "us", 0.0, 1);
    free(u0);
    propagator_destroy(&F);
    propagator_destroy(&G);
    spt_close(&run);
    problem_destroy(&p);
    config_destroy(&c);
    return bad;
}
