// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* SDC node by node. Three tasks:
 *   sdc_start: work (SCRATCH), u0 (R), u, fi (W)[, fe (W)][, u of the node before (R)]
 *   sdc_start_all: work (SCRATCH), u0 (R), u, fi (W, M)[, fe (W, M)]
 *   sdc_node:  work (SCRATCH), u0 (R), u (RW)[, fi (W)][, fe (W)], old fi (R, M)[, old fe (R, M)][,
 * new fi (R, m)[, new fe]] sdc_end:   work (SCRATCH), u0 (R), v (W), fi (R, M)[, fe (R, M)]: the
 * quadrature */
#include <string.h>

#include "codelets/codelets.h"
#include "core/vec.h"

struct args {
    const struct sdc *s;
    struct interval step;
    long k;
    int m;
    int copies_guess; /* u enters as u0 */
    int rhs;          /* f of the result is wanted */
};

/* buffers in their order: each call hands out the next one */
struct cursor {
    void **buf;
    int next;
};

static double *take(struct cursor *c)
{
    return VEC(c->buf[c->next++]);
}

static void take_all(struct cursor *c, int n, const double **f)
{
    for (int j = 0; j < n; j++)
        f[j] = take(c);
}

static void node(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    if (!spt_begin(arg, &m, &a))
        return;
    struct exec x = spt_exec(VEC(buf[0]), LEN(buf[0]));
    x.count = spt_count(&m);
    const int M = a.s->M;
    struct cursor c = { buf, 1 };
    const double *u0 = take(&c);
    double *u = take(&c), *fi = a.rhs ? take(&c) : NULL,
           *fe = a.rhs && a.s->split ? take(&c) : NULL;
    const double *old_i[COLLOCATION_MAX], *old_e[COLLOCATION_MAX], *new_i[COLLOCATION_MAX],
        *new_e[COLLOCATION_MAX];
    const double start = spt_seconds();
    take_all(&c, M, old_i);
    take_all(&c, a.s->split ? M : 0, old_e);
    take_all(&c, a.s->diagonal ? 0 : a.m, new_i);
    take_all(&c, a.s->diagonal || !a.s->split ? 0 : a.m, new_e);
    if (a.copies_guess)
        vec_copy(&x, LEN(buf[1]), u0, u);
    if (sdc_node(a.s, &x, a.step, a.k, a.m, u0, old_i, old_e, new_i, new_e, u, fi, fe))
        spt_note_failure(&m, "sdc_node", FAILURE_SOLVE);
    if (x.dev == DEV_CPU)
        spt_account(&m, spt_seconds() - start);
}

static void start(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    if (!spt_begin(arg, &m, &a))
        return;
    struct exec x = spt_exec(VEC(buf[0]), LEN(buf[0]));
    x.count = spt_count(&m);
    struct cursor c = { buf, 1 };
    const double *u0 = take(&c);
    double *u = take(&c), *fi = take(&c), *fe = a.s->split ? take(&c) : NULL;
    const double begin = spt_seconds();
    const double *before = a.s->guess == SDC_COARSE && a.m > 0 ? take(&c) : u0;
    if (sdc_start(a.s, &x, a.step, a.m, u0, before, u, fi, fe))
        spt_note_failure(&m, "sdc_start", FAILURE_SOLVE);
    if (x.dev == DEV_CPU)
        spt_account(&m, spt_seconds() - begin);
}

static void start_all(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    if (!spt_begin(arg, &m, &a))
        return;
    struct exec x = spt_exec(VEC(buf[0]), LEN(buf[0]));
    x.count = spt_count(&m);
    struct cursor c = { buf, 1 };
    const double *u0 = take(&c);
    double *at[3][COLLOCATION_MAX] = { { NULL } };
    const double begin = spt_seconds();
    for (int i = 0; i < (a.s->split ? 3 : 2); i++)
        for (int j = 0; j < a.s->M; j++)
            at[i][j] = take(&c);
    if (sdc_start_all(a.s, &x, a.step, u0, at[0], at[1], at[2]))
        spt_note_failure(&m, "sdc_start_all", FAILURE_SOLVE);
    spt_account(&m, spt_seconds() - begin);
}

static void end(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    if (!spt_begin(arg, &m, &a))
        return;
    struct exec x = spt_exec(VEC(buf[0]), LEN(buf[0]));
    x.count = spt_count(&m);
    struct cursor c = { buf, 1 };
    const double *u0 = take(&c), *fi[COLLOCATION_MAX], *fe[COLLOCATION_MAX];
    double *v = take(&c);
    const double begin = spt_seconds();
    take_all(&c, a.s->M, fi);
    take_all(&c, a.s->split ? a.s->M : 0, fe);
    if (sdc_end(a.s, &x, a.step, u0, fi, fe, NULL, v))
        spt_note_failure(&m, "sdc_end", FAILURE_SOLVE);
    if (x.dev == DEV_CPU)
        spt_account(&m, spt_seconds() - begin);
}

/* the cost depends on the problem */
static uint32_t footprint(struct starpu_task *task)
{
    struct spt_meta m;
    struct args a;
    starpu_codelet_unpack_args(task->cl_arg, &m, &a);
    const char *name = a.s->problem->name;
    const uint32_t crc =
        starpu_hash_crc32c_be_n(name, strlen(name), starpu_task_data_footprint(task));
    return starpu_hash_crc32c_be((uint32_t)a.rhs, crc);
}

static struct starpu_perfmodel node_model = { .type = STARPU_HISTORY_BASED,
                                              .symbol = "spt_sdc_node_v1",
                                              .footprint = footprint },
                               start_model = { .type = STARPU_HISTORY_BASED,
                                               .symbol = "spt_sdc_start_v1",
                                               .footprint = footprint },
                               start_all_model = { .type = STARPU_HISTORY_BASED,
                                                   .symbol = "spt_sdc_start_all_v1",
                                                   .footprint = footprint },
                               end_model = { .type = STARPU_HISTORY_BASED,
                                             .symbol = "spt_sdc_end_v1",
                                             .footprint = footprint };

static struct starpu_codelet cl_node = {
    .name = "sdc_node",
    .color = 0x009e73,
    BODY(node),
    .nbuffers = STARPU_VARIABLE_NBUFFERS,
    .model = &node_model,
};

static struct starpu_codelet cl_start = {
    .name = "sdc_start",
    .color = 0x56b4e9,
    BODY(start),
    .nbuffers = STARPU_VARIABLE_NBUFFERS,
    .model = &start_model,
};

static struct starpu_codelet cl_start_all = {
    .name = "sdc_start_all",
    .color = 0x56b4e9,
    .cpu_funcs = { start_all },
    .cpu_funcs_name = { "start_all" },
    .nbuffers = STARPU_VARIABLE_NBUFFERS,
    .model = &start_all_model,
};

static struct starpu_codelet cl_end = {
    .name = "sdc_end",
    .color = 0xcc79a7,
    BODY(end),
    .nbuffers = STARPU_VARIABLE_NBUFFERS,
    .model = &end_model,
};

struct buffers {
    int n;
    struct starpu_data_descr d[4 * COLLOCATION_MAX + 5];
};

static void add(struct buffers *b, enum starpu_data_access_mode mode, starpu_data_handle_t h)
{
    b->d[b->n++] = (struct starpu_data_descr){ h, mode };
}

static void add_all(struct buffers *b, int n, const starpu_data_handle_t *h)
{
    for (int j = 0; j < n; j++)
        add(b, STARPU_R, h[j]);
}

static void insert(struct spt *run, struct starpu_codelet *cl, const struct args *a,
                   enum where where, double flops, struct buffers *b)
{
    spt_insert(run, cl, STARPU_VALUE, a, sizeof *a, STARPU_DATA_MODE_ARRAY, b->d, b->n,
               STARPU_FLOPS, flops, STARPU_EXECUTE_WHERE, where_workers(where), 0);
}

void spt_sdc_start(struct spt *run, const struct sdc *s, struct interval step, int m,
                   enum where where, starpu_data_handle_t work, starpu_data_handle_t u0,
                   starpu_data_handle_t before, starpu_data_handle_t u, starpu_data_handle_t fi,
                   starpu_data_handle_t fe)
{
    const struct args a = { s, step, 0, m, 0, 1 };
    struct buffers b = { 0 };
    add(&b, STARPU_SCRATCH, work);
    add(&b, STARPU_R, u0);
    add(&b, STARPU_W, u);
    add(&b, STARPU_W, fi);
    if (s->split)
        add(&b, STARPU_W, fe);
    if (s->guess == SDC_COARSE && m > 0)
        add(&b, STARPU_R, before);
    insert(run, &cl_start, &a, where, s->problem->flops_rhs, &b);
}

void spt_sdc_start_all(struct spt *run, const struct sdc *s, struct interval step,
                       starpu_data_handle_t work, starpu_data_handle_t u0,
                       const starpu_data_handle_t *u, const starpu_data_handle_t *fi,
                       const starpu_data_handle_t *fe)
{
    const struct args a = { s, step, 0, 0, 0, 1 };
    const starpu_data_handle_t *const all[] = { u, fi, fe };
    struct buffers b = { 0 };
    add(&b, STARPU_SCRATCH, work);
    add(&b, STARPU_R, u0);
    for (int i = 0; i < (s->split ? 3 : 2); i++)
        for (int m = 0; m < s->M; m++)
            add(&b, STARPU_W, all[i][m]);
    insert(run, &cl_start_all, &a, WHERE_CPU, (s->M + 1) * s->problem->flops_rhs, &b);
}

void spt_sdc_node(struct spt *run, const struct sdc *s, struct interval step, long k, int m,
                  bool guess, enum where where, starpu_data_handle_t work, starpu_data_handle_t u0,
                  starpu_data_handle_t u, const starpu_data_handle_t *old_i,
                  const starpu_data_handle_t *old_e, const starpu_data_handle_t *new_i,
                  const starpu_data_handle_t *new_e)
{
    const struct args a = { s, step, k, m, guess, sdc_needs_rhs(s, k, m) };
    struct buffers b = { 0 };
    add(&b, STARPU_SCRATCH, work);
    add(&b, STARPU_R, u0);
    add(&b, guess ? STARPU_W : STARPU_RW, u);
    if (a.rhs)
        add(&b, STARPU_W, new_i[m]);
    if (a.rhs && s->split)
        add(&b, STARPU_W, new_e[m]);
    add_all(&b, s->M, old_i);
    add_all(&b, s->split ? s->M : 0, old_e);
    add_all(&b, s->diagonal ? 0 : m, new_i);
    add_all(&b, s->diagonal || !s->split ? 0 : m, new_e);
    insert(run, &cl_node, &a, where,
           s->problem->flops_solve + s->problem->flops_rhs +
               2.0 * (double)(b.n - 3) * (double)s->problem->n,
           &b);
}

void spt_sdc_end(struct spt *run, const struct sdc *s, struct interval step, enum where where,
                 starpu_data_handle_t work, starpu_data_handle_t u0, const starpu_data_handle_t *fi,
                 const starpu_data_handle_t *fe, starpu_data_handle_t v)
{
    const struct args a = { s, step, 0, 0, 0, 0 };
    struct buffers b = { 0 };
    add(&b, STARPU_SCRATCH, work);
    add(&b, STARPU_R, u0);
    add(&b, STARPU_W, v);
    add_all(&b, s->M, fi);
    add_all(&b, s->split ? s->M : 0, fe);
    insert(run, &cl_end, &a, where, 2.0 * (double)(b.n - 3) * (double)s->problem->n, &b);
}
