// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Losses without data: how far the states at the nodes are from the solution of the collocation
 * problem that SDC iterates on, R_m = Y_m - u0 - dt sum_j q_mj F(t_j, Y_j),   F = f_I + f_E.
 *
 * collocation: sum over m of |R_m|^2 / (scale^2 n M), with the gradient by the adjoint of F. Rows
 * of given boundary values do not count, and scale is that of the predicted change at the end of
 * the step, per component.
 *
 * sweep: one sweep of SDC with a diagonal Q-Delta from the nodes that the network gave takes Y_m to
 * Y'_m, Y'_m - dt d_m f_I(Y'_m) = Y_m - R_m - dt d_m f_I(Y_m)   (in ADI problems split by
 * directions, as Douglas does), and |Y_m - Y'_m|^2 / (scale^2 n M) is reduced while Y' is held
 * fixed. That direction is not the gradient of the value, but what is stiff in R_m is divided out,
 * and no adjoint is needed. Both are 0 only at the solution. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "codelets/loss.h"
#include "core/log.h"
#include "core/vec.h"

struct collocation_loss {
    struct grid_loss base;
    struct collocation *c;
    double d[CODEC_NODES]; /* diagonal of Q-Delta */
};

struct params {
    struct loss_nodes nodes;
    struct loss_differences differences;
    const char *preconditioner;
};

/* clang-format off */
#define NODES { "nodes", P_MAP, offsetof(struct params, nodes), .sub = &loss_nodes_schema, \
                .help = "collocation nodes: where in a step the network predicts states" }
/* clang-format on */
static const struct param params[] = { NODES, LOSS_DIFFERENCES(struct params), { 0 } };
static const struct schema schema = { "loss: collocation",
                                      "the residual of the collocation problem of a step; no data",
                                      params };
static const struct param sweep_params[] = {
    NODES,
    LOSS_DIFFERENCES(struct params),
    { "preconditioner", P_STRING, offsetof(struct params, preconditioner), .def = "MIN-SR-S",
      .help = "a diagonal Q-Delta; `starpint list preconditioners`" },
    { 0 },
};
static const struct schema sweep_schema = {
    "loss: sweep",
    "what a sweep of SDC would change, with the result of the sweep held fixed; no data, and no "
    "gradient of the value, but well conditioned",
    sweep_params
};
static const char *const also[] = { "name", NULL };

static int bind(struct params *v, struct collocation **c, const struct schema *s,
                struct node *config)
{
    const int err = config_bind(config, s, also, v);
    return err ? err : loss_nodes_create(c, config, &v->nodes);
}

static int nodes(struct node *config, double *tau, const struct schema *s)
{
    struct params v;
    struct collocation *c;
    const int err = bind(&v, &c, s, config);
    if (err)
        return err;
    const int M = c->M;
    for (int m = 0; m < M; m++)
        tau[m] = c->tau[m];
    collocation_destroy(&c);
    return M;
}

static int collocation_nodes_of(struct node *config, double *tau)
{
    return nodes(config, tau, &schema);
}

static int sweep_nodes_of(struct node *config, double *tau)
{
    return nodes(config, tau, &sweep_schema);
}

static int residuals(const struct grid_loss *g, const struct exec *exec, unsigned long index,
                     const double *u, const double *v, double *r)
{
    const struct collocation_loss *l = (const struct collocation_loss *)g;
    const struct problem *p = l->base.base.setup.neural->problem;
    const struct problem_kernels *k = p->kernels[DEV_CPU];
    const size_t n = p->n;
    const int M = l->c->M;
    const struct interval step = samples_step(&g->base.setup.samples, index);
    const double dt = interval_dt(step);
    struct exec x = *exec;
    double *f = exec_take(&x, (size_t)M * n), *fe = k->rhs_explicit ? exec_take(&x, n) : NULL;
    for (int j = 0; j < M; j++) {
        double *fj = f + (size_t)j * n;
        const double *vj = v + (size_t)j * n, t = lesson_time(l->base.base.setup.neural, step, j);
        int failed = k->rhs_implicit(p, &x, t, vj, fj);
        if (!failed && fe) {
            failed = k->rhs_explicit(p, &x, t, vj, fe);
            vec_lincomb(&x, n, fj, 2, (const double[]){ 1, 1 }, (const double *[]){ fj, fe });
        }
        if (failed)
            return failed;
    }
    for (int m = 0; m < M; m++) {
        double c[VEC_TERMS] = { 1, -1 };
        const double *terms[VEC_TERMS] = { v + (size_t)m * n, u };
        for (int j = 0; j < M; j++) {
            c[2 + j] = -dt * l->c->Q[m * M + j];
            terms[2 + j] = f + (size_t)j * n;
        }
        vec_lincomb(&x, n, r + (size_t)m * n, 2 + M, c, terms);
    }
    return 0;
}

static int residuals_adjoint(const struct grid_loss *g, const struct exec *exec,
                             struct interval step, const double *v, const double *r, double *dv)
{
    const struct collocation_loss *l = (const struct collocation_loss *)g;
    const struct problem *p = g->base.setup.neural->problem;
    const size_t n = p->n;
    const int M = l->c->M;
    struct exec x = *exec;
    double *z = exec_take(&x, n), *h = exec_take(&x, n);
    int failed = 0;
    for (int j = 0; j < M && !failed; j++) {
        const double *terms[VEC_TERMS];
        double c[VEC_TERMS];
        for (int m = 0; m < M; m++) {
            c[m] = -interval_dt(step) * l->c->Q[m * M + j];
            terms[m] = r + (size_t)m * n;
        }
        vec_lincomb(&x, n, z, M, c, terms);
        failed = p->kernels[DEV_CPU]->rhs_adjoint(p, &x, lesson_time(g->base.setup.neural, step, j),
                                                  v + (size_t)j * n, z, h);
        vec_lincomb(&x, n, dv + (size_t)j * n, 2, (const double[]){ 1, 1 },
                    (const double *[]){ r + (size_t)j * n, h });
    }
    return failed;
}

/* y = Y'_m; r enters as R_m */
static int sweep_node(const struct problem *p, const struct exec *exec, double t, double a,
                      const double *v, const double *r, double *y)
{
    const struct problem_kernels *k = p->kernels[DEV_CPU];
    struct exec x = *exec;
    double *b = exec_take(&x, p->n);
    int failed = 0;
    if (k->solve) {
        failed = k->rhs_implicit(p, &x, t, v, b);
        vec_lincomb(&x, p->n, b, 3, (const double[]){ 1, -1, -a }, (const double *[]){ v, r, b });
        vec_copy(&x, p->n, v, y);
        return failed ? failed : k->solve(p, &x, t, a, b, y);
    }
    vec_lincomb(&x, p->n, y, 2, (const double[]){ 1, -1 }, (const double *[]){ v, r });
    for (int j = 1; j <= p->splits && !failed; j++) {
        double w[PROBLEM_MAX_SPLITS + 1] = { 0 };
        w[j] = -a;
        failed = k->split_apply(p, &x, t, w, v, y, b);
        if (!failed)
            failed = k->split_solve(p, &x, j, t, a, b, y);
    }
    return failed;
}

static int sweep_changes(const struct grid_loss *g, const struct exec *exec, unsigned long index,
                         const double *u, const double *v, double *r)
{
    const struct collocation_loss *l = (const struct collocation_loss *)g;
    const struct problem *p = g->base.setup.neural->problem;
    const size_t n = p->n;
    struct exec x = *exec;
    const struct interval step = samples_step(&g->base.setup.samples, index);
    double *y = exec_take(&x, n);
    int failed = residuals(g, &x, index, u, v, r);
    for (int m = 0; m < l->c->M && !failed; m++) {
        double *row = r + (size_t)m * n;
        const double *vm = v + (size_t)m * n;
        failed = sweep_node(p, &x, lesson_time(g->base.setup.neural, step, m),
                            interval_dt(step) * l->d[m], vm, row, y);
        vec_lincomb(&x, n, row, 2, (const double[]){ 1, -1 }, (const double *[]){ vm, y });
    }
    return failed;
}

static void destroy(struct loss *base)
{
    collocation_destroy(&((struct collocation_loss *)base)->c);
    free(base);
}

static int create(struct loss **out, const struct loss_type *type, const struct loss_setup *s,
                  struct node *config)
{
    const struct neural *l = s->neural;
    const size_t n = l->problem->n, M = (size_t)l->network->codec.nodes;
    struct params v = { 0 };
    struct collocation *c = NULL;
    int err = bind(&v, &c, type->schema, config);
    if (err)
        return err;
    struct collocation_loss *g = calloc(1, sizeof *g);
    if (!g) {
        collocation_destroy(&c);
        return log_error(-ENOMEM, "out of memory");
    }
    g->c = c;
    g->base.work = exec_round(M * n) + 4 * exec_round(n) + l->problem->nwork;
    g->base.defect = type->direction ? sweep_changes : residuals;
    g->base.adjoint = type->direction ? NULL : residuals_adjoint;
    g->base.base.destroy = destroy;
    *out = &g->base.base;
    err = grid_loss_open(&g->base, type, s, &v.differences, config);
    if (err)
        loss_destroy(out);
    return err;
}

static int collocation_create_loss(struct loss **out, const struct loss_type *type,
                                   const struct loss_setup *s, struct node *config)
{
    const struct problem *p = s->neural->problem;
    if (!p->kernels[DEV_CPU]->rhs_adjoint)
        return config_key_error(config, "name",
                                "expected data or sweep: problem %s does not know the adjoint of "
                                "its Jacobian, which collocation needs",
                                p->name);
    return create(out, type, s, config);
}

static int sweep_create(struct loss **out, const struct loss_type *type, const struct loss_setup *s,
                        struct node *config)
{
    struct problem *p = s->neural->problem;
    const struct problem_kernels *k = p->kernels[DEV_CPU];
    const double dt = (s->samples.end - s->samples.start) / (double)s->samples.slices;
    char text[COLLOCATION_TEXT];
    struct params v = { 0 };
    int err;
    if (!k->solve && !(k->split_apply && k->split_solve))
        return config_key_error(config, "name",
                                "expected data or collocation: problem %s has no implicit solve",
                                p->name);
    if ((err = create(out, type, s, config)) ||
        (err = config_bind(config, &sweep_schema, also, &v)))
        return err;
    struct collocation_loss *l = (struct collocation_loss *)*out;
    const int M = l->c->M;
    const struct qdelta_type *q = qdelta_find(v.preconditioner);
    double matrix[COLLOCATION_MAX * COLLOCATION_MAX];
    if (!q)
        err = config_unknown(config_child(config, "preconditioner"), "preconditioner",
                             v.preconditioner, qdelta_names);
    else if (!q->diagonal)
        err = config_key_error(config, "preconditioner",
                               "expected a diagonal one, such as MIN-SR-S; %s is not", q->name);
    else if ((err = qdelta_generate(l->c, v.preconditioner, 1, matrix, NULL)))
        err = config_key_error(
            config, "preconditioner", "%s",
            collocation_explain(text, err, v.nodes.type, v.nodes.quadrature, M, v.preconditioner));
    for (int m = 0; m < M && !err; m++) {
        l->d[m] = matrix[m * M + m];
        if (k->solve)
            err = p->prepare ? p->prepare(p, dt * l->d[m]) : 0;
        else
            err = p->prepare_split ? p->prepare_split(p, dt * l->d[m]) : 0;
    }
    if (err)
        loss_destroy(out);
    return err;
}

const struct loss_type loss_collocation_type = {
    "collocation",
    "the residual of the collocation problem of a step; no data",
    &schema,
    false,
    collocation_nodes_of,
    collocation_create_loss
};
const struct loss_type loss_sweep_type = {
    "sweep",
    "what a sweep of SDC would change, with its result held fixed; no data, well conditioned",
    &sweep_schema,
    true,
    sweep_nodes_of,
    sweep_create
};
