// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Looks at the state v that a network made of u, and lets a numerical scheme do the step again
 * where it is not to be trusted. Buffers: u (R), v (RW), work (SCRATCH). On the CPU only: it
 * decides by numbers on the host. */
#include <math.h>

#include "codelets/network.h"

struct args {
    const struct network_step *s;
    struct interval step;
};

static bool all_finite(const struct exec *x, const double *v, size_t n)
{
    double flag;
    vec_nonfinite(x, n, v, &flag);
    return flag == 0.0;
}

/* a state, or its fields, are far from those of training: further than half their range */
static bool outside(const struct network_step *s, const struct exec *exec, const double *u)
{
    const struct problem *p = s->neural.problem;
    const struct codec *c = &s->neural.network->codec;
    struct exec x = *exec;
    bool out = false;
    if (p->fields) {
        double *fields = exec_take(&x, c->n);
        out = p->fields->show(p, &x, 0.0, u, fields);
        u = fields;
    }
    for (int k = 0; k < c->components; k++) {
        const double margin = 0.5 * (s->high[k] - s->low[k]);
        const double low = s->low[k] - margin, high = s->high[k] + margin;
        for (size_t p = 0; p < c->points; p++, u++)
            out |= !(*u >= low && *u <= high);
    }
    return out;
}

/* f = f_I + f_E; scratch of one state besides the kernels' */
static int rhs(const struct problem *p, const struct exec *x, double t, const double *u, double *f)
{
    const struct problem_kernels *k = p->kernels[x->dev];
    int failed = k->rhs_implicit(p, x, t, u, f);
    if (!failed && k->rhs_explicit) {
        struct exec rest = *x;
        double *fe = exec_take(&rest, p->n);
        failed = k->rhs_explicit(p, &rest, t, u, fe);
        vec_lincomb(x, p->n, f, 2, (const double[]){ 1.0, 1.0 }, (const double *const[]){ f, fe });
    }
    return failed;
}

/* |u + dt/2 (f(t0, u) + f(t1, v)) - v| over the points where no boundary value is given; f0: f(t0,
 * u) */
static double residual(const struct network_step *s, struct exec x, struct interval step,
                       const double *u, const double *f0, const double *v)
{
    const struct codec *c = &s->neural.network->codec;
    const double half = 0.5 * interval_dt(step);
    double *f = exec_take(&x, s->neural.problem->n), sum = 0.0;
    if (rhs(s->neural.problem, &x, interval_t1(step), v, f))
        return INFINITY;
    for (size_t i = 0; i < s->neural.problem->n; i++) {
        const double r = u[i] + half * (f0[i] + f[i]) - v[i];
        if (!c->boundary || c->mask[i % c->points] != 0.0)
            sum += r * r;
    }
    return sqrt(sum);
}

/* the residual of v is too large a part of that of u itself with the boundary values of the step's
 * end */
static bool misses(const struct network_step *s, struct exec x, struct interval step,
                   const double *u, const double *v)
{
    struct problem *p = s->neural.problem;
    double *f0 = exec_take(&x, p->n), *same = exec_take(&x, p->n);
    if (rhs(p, &x, interval_t0(step), u, f0))
        return true;
    vec_copy(&x, p->n, u, same);
    if (p->kernels[x.dev]->impose)
        p->kernels[x.dev]->impose(p, &x, interval_t1(step), same);
    return !(residual(s, x, step, u, f0, v) <= s->ratio * residual(s, x, step, u, f0, same));
}

static int fall_back(const struct network_step *s, const struct exec *x, struct interval step,
                     const double *u, double *v)
{
    int failed = 0;
    for (long i = 0; i < s->steps && !failed && !spt_interrupted(); i++)
        failed = s->fallback->step(s->fallback, x, interval_part(step, i, s->steps), i ? v : u, v);
    return failed;
}

static void accept(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    if (!spt_begin(arg, &m, &a))
        return;
    const struct network_step *s = a.s;
    const double *u = VEC(buf[0]);
    double *v = VEC(buf[1]);
    struct exec x = spt_exec(VEC(buf[2]), LEN(buf[2]));
    x.count = spt_count(&m);
    const size_t n = LEN(buf[1]);
    const double start = spt_seconds();
    enum network_count why = NETWORK_CALLS; /* all is well */
    if (!all_finite(&x, v, n))
        why = NETWORK_NOT_FINITE;
    else if (s->ranged && (outside(s, &x, u) || outside(s, &x, v)))
        why = NETWORK_OUTSIDE;
    else if (s->ratio > 0.0 && misses(s, x, a.step, u, v))
        why = NETWORK_RESIDUAL;
    if (why != NETWORK_CALLS)
        spt_network_count(s->use, why);
    if (why != NETWORK_CALLS && s->fallback) {
        spt_network_count(s->use, NETWORK_FALLBACKS);
        if (fall_back(s, &x, a.step, u, v))
            spt_note_failure(&m, "accept", FAILURE_SOLVE);
        else if (!all_finite(&x, v, n))
            spt_note_failure(&m, "accept", FAILURE_NONFINITE);
    } else if (why == NETWORK_NOT_FINITE)
        spt_note_failure(&m, "accept", FAILURE_NONFINITE);
    spt_account(&m, spt_seconds() - start);
}

/* the cost depends on the problem, and on what is looked at; fallbacks are rare */
static uint32_t footprint(struct starpu_task *task)
{
    struct spt_meta m;
    struct args a;
    starpu_codelet_unpack_args(task->cl_arg, &m, &a);
    const char *name = a.s->neural.problem->name;
    const uint32_t crc =
        starpu_hash_crc32c_be_n(name, strlen(name), starpu_task_data_footprint(task));
    return starpu_hash_crc32c_be(a.s->ratio > 0.0, crc);
}

static struct starpu_perfmodel model = {
    .type = STARPU_HISTORY_BASED,
    .symbol = "spt_accept_v1",
    .footprint = footprint,
};

static struct starpu_codelet cl = {
    .name = "accept",
    .color = 0xddcc77,
    .cpu_funcs = { accept },
    .cpu_funcs_name = { "accept" },
    .nbuffers = 3,
    .modes = { STARPU_R, STARPU_RW, STARPU_SCRATCH },
    .model = &model,
};

void spt_accept(struct spt *run, const struct network_step *s, struct interval step,
                starpu_data_handle_t u, starpu_data_handle_t v, starpu_data_handle_t work)
{
    const struct args a = { s, step };
    const double flops = s->ratio > 0.0
                             ? 3.0 * s->neural.problem->flops_rhs + 12.0 * (double)spt_size(u)
                             : 4.0 * (double)spt_size(u);
    spt_insert(run, &cl, STARPU_VALUE, &a, sizeof a, STARPU_R, u, STARPU_RW, v, STARPU_SCRATCH,
               work, STARPU_FLOPS, flops, 0);
}

size_t codelet_accept_work(const struct network_step *s)
{
    const struct problem *p = s->neural.problem;
    const size_t test = 4 * exec_round(p->n) + p->nwork,
                 again = s->fallback ? s->fallback->nwork : 0,
                 show = p->fields ? exec_round(s->neural.network->codec.n) + p->fields->nwork : 0;
    const size_t most = test > again ? test : again;
    return most > show ? most : show;
}
