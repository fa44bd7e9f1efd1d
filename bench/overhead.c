// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What a task of ours costs against StarPU's own minimal task with the same four buffers: insertion, scheduling, running
 * and freeing of tiny tasks, once as independent quadruples of data and once as a chain. */
#include "bench/bench.h"
#include "codelets/codelets.h"

enum { TASKS = 20000, QUADRUPLES = 64 };

static void nothing(void *buf[], void *arg)
{
    (void)buf, (void)arg;
}

static struct starpu_codelet minimal = {
    .name = "minimal",
    .cpu_funcs = { nothing },
    .nbuffers = 4,
    .modes = { STARPU_W, STARPU_R, STARPU_R, STARPU_R },
};

static starpu_data_handle_t h[QUADRUPLES][4];

static double time_of(struct spt *run, bool ours, int quadruples)
{
    const double start = spt_seconds();
    for (int i = 0; i < TASKS; i++) {
        starpu_data_handle_t *d = h[i % quadruples];
        if (ours)
            spt_correct(run, d[0], d[1], d[2], d[3]);
        else
            starpu_task_insert(&minimal, STARPU_W, d[0], STARPU_R, d[1], STARPU_R, d[2], STARPU_R, d[3], 0);
    }
    spt_wait(run);
    return (spt_seconds() - start) / TASKS;
}

int main(int argc, char **argv)
{
    const struct spt_options o = { .cpus = -1, .gpus = 0 };
    static const double zero;
    struct spt run;
    int bad = 0;
    if (spt_open_mpi(&run, &argc, &argv, false) || spt_open(&run, &o))
        return 1;
    for (int i = 0; i < QUADRUPLES; i++)
        for (int j = 0; j < 4; j++)
            spt_put(&run, h[i][j] = spt_take(&run, 1, 0), &zero);
    bench_head("Cost of a task, microseconds: ours against StarPU's minimal one, 4 buffers");
    for (int chain = 0; chain < 2; chain++) {
        double a[BENCH_RUNS], b[BENCH_RUNS], ratio[BENCH_RUNS];
        time_of(&run, true, 1);
        time_of(&run, false, 1);
        for (int i = 0; i < BENCH_RUNS; i++) {
            a[i] = 1e6 * time_of(&run, true, chain ? 1 : QUADRUPLES);
            b[i] = 1e6 * time_of(&run, false, chain ? 1 : QUADRUPLES);
            ratio[i] = a[i] / b[i];
        }
        puts(chain ? "chain" : "independent");
        bench_row("  ours", bench_spread(a, BENCH_RUNS), "us", 0.0, 1);
        bench_row("  StarPU's minimal task", bench_spread(b, BENCH_RUNS), "us", 0.0, 1);
        bad |= bench_row("  ratio", bench_spread(ratio, BENCH_RUNS), "", 1.3, 1);
    }
    spt_close(&run);
    return bad;
}
