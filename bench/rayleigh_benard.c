// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Rayleigh-Benard convection on 256 x 64 points, one core: steps, and what of a step are the bare
 * transforms and solves that it is made of. Elsewhere a step of RK222 took 37.4 ms (Dedalus 3) and
 * one of SDC with 4 nodes and 4 sweeps 627 ms (pySDC). */
#include <string.h>

#include "bench/bench.h"
#include "core/interval.h"
#include "problems/dense.h"
#include "problems/rayleigh_benard.h"
#include "problems/sdc.h"

static const char text[] =
    "problem: {name: rayleigh_benard, grid: [256, 64]}\n"
    "rk222: {name: rk222}\n"
    "rk443: {name: rk443}\n"
    "sdc: {name: sdc, sweeps: 4, preconditioner: MIN-SR-FLEX, preconditioner_explicit: PIC, "
    "nodes: {type: legendre, quadrature: radau_right, count: 4}}\n";

static double *vector(size_t n)
{
    double *v;
    if (posix_memalign((void **)&v, 64, n * sizeof *v))
        abort();
    memset(v, 0, n * sizeof *v);
    return v;
}

/* seconds of what f_E and one solve cannot do without: 3 inverse and 4 forward transforms of waves,
 * 8 products with the matrices of a table, a banded solve */
static double bare(const struct rbc *s, const struct exec *x, const double *u, double *points,
                   double *hat, double *out)
{
    const size_t half = s->pz / 2, terms = s->rows / 2;
    const double start = spt_seconds();
    for (int i = 0; i < 3; i++)
        fft_inverse(s->fft, x, hat, points);
    for (int i = 0; i < 4; i++)
        fft_forward(s->fft, x, points, hat);
    for (int i = 0; i < 8; i++)
        for (size_t parity = 0; parity < 2; parity++)
            dense_multiply(half, terms, s->nx, s->evaluate[RBC_FLOW][parity], u + parity * s->nx,
                           2 * s->nx, points, s->nx);
    s->base.kernels[DEV_CPU]->solve(&s->base, x, 0.0, 1e-3, u, out);
    return spt_seconds() - start;
}

int main(void)
{
    static const struct {
        const char *name;
        double limit; /* milliseconds */
    } rows[] = { { "rk222", 7.5 }, { "rk443", 0.0 }, { "sdc", 62.0 } };
    enum { ROWS = sizeof rows / sizeof *rows };
    struct config *c;
    struct problem *p;
    struct stepper *s[ROWS];
    double ms[ROWS][BENCH_RUNS], ratio[BENCH_RUNS];
    size_t nwork = 0;
    if (config_parse(&c, "bench", text) ||
        problem_create(&p, config_child(config_root(c), "problem")))
        return 1;
    const struct interval step = { 0.0, 0.01, 0, 1 };
    for (int i = 0; i < ROWS; i++) {
        const struct stepper_type *type = stepper_type_find(rows[i].name);
        type = type ? type : &sdc_stepper_type;
        if (type->create(&s[i], type, p, config_child(config_root(c), rows[i].name)) ||
            s[i]->prepare(s[i], step))
            return 1;
        nwork = s[i]->nwork > nwork ? s[i]->nwork : nwork;
    }
    const struct rbc *r = rbc(p);
    const size_t points = r->pz * (r->px + 2);
    double *u = vector(p->n), *v = vector(p->n), *grid = vector(points), *hat = vector(points);
    const struct exec x = exec_host(vector(nwork), nwork);
    if (p->prepare(p, 1e-3) || p->initial(p, 0.0, u))
        return 1;
    for (int run = -1; run < BENCH_RUNS; run++) {
        double least = 0.0;
        for (int i = 0; i < ROWS; i++) {
            const double start = spt_seconds();
            s[i]->step(s[i], &x, step, u, v);
            const double seconds = spt_seconds() - start;
            if (run >= 0)
                ms[i][run] = 1e3 * seconds;
            if (i > 0)
                continue;
            least = 2.0 * bare(r, &x, u, grid, hat, v);
            if (run >= 0)
                ratio[run] = seconds / least;
        }
    }
    int bad = 0;
    bench_head("Rayleigh-Benard convection, 256 x 64 points, one core");
    for (int i = 0; i < ROWS; i++)
        bad |= bench_row(rows[i].name, bench_spread(ms[i], BENCH_RUNS), "ms", rows[i].limit, 1);
    bad |= bench_row("rk222 over its transforms and solves", bench_spread(ratio, BENCH_RUNS), "",
                     1.3, 1);
    for (int i = 0; i < ROWS; i++)
        stepper_destroy(&s[i]);
    free(x.work), free(u), free(v), free(grid), free(hat);
    problem_destroy(&p);
    config_destroy(&c);
    return bad;
}
