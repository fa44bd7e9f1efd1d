// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* States held by Parareal: bytes per slice of a window, whatever the number of slices of the run. */
#include <sys/resource.h>

#include "bench/bench.h"
#include "core/log.h"
#include "tasks/parareal.h"

static const char text[] = "problem: {name: heat, grid: 4096}\n"
                           "fine: {name: exact}\ncoarse: {name: implicit_euler}\n";

int main(int argc, char **argv)
{
    const struct spt_options so = { .cpus = -1, .gpus = 0 };
    struct spt run;
    struct config *c;
    struct problem *p;
    struct propagator *F, *G;
    size_t first = 0, last = 0;
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
    printf("# Memory of Parareal, windows of 16 slices, state %zu bytes\n%8s %14s %16s %16s\n", p->n * 8, "slices",
           "state bytes", "bytes per slice", "peak RSS, KiB");
    for (long windows = 1; windows <= 256; windows *= 4) {
        const struct parareal_options o = { 16 * windows, windows, 2, 1, 0.0, 0.0, false, 0.0 };
        struct parareal_report r;
        struct rusage usage;
        if (parareal(&run, F, G, &o, 0.0, 1.0, u0, NULL, NULL, &r))
            return 1;
        parareal_report_free(&r);
        getrusage(RUSAGE_SELF, &usage);
        printf("%8ld %14zu %16zu %16ld\n", o.slices, run.state_bytes_peak, run.state_bytes_peak / 16, usage.ru_maxrss);
        if (windows == 1)
            first = run.state_bytes_peak;
        last = run.state_bytes_peak;
    }
    const int bad = last != first + p->n * 8; /* one state goes from window to window */
    printf("independent of the number of slices: %s\n", bad ? "NO" : "yes");
    free(u0);
    propagator_destroy(&F);
    propagator_destroy(&G);
    spt_close(&run);
    problem_destroy(&p);
    config_destroy(&c);
    return bad;
}
