// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "codelets/lesson.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/vec.h"
#include "problems/sampling.h"

/* streams of their own: what is drawn of one says nothing about another */
enum {
    STREAM_SLICES = 0x51c35,
    STREAM_PERTURBATIONS = 0x9e275,
    STREAM_WAVES = 0x3a7e5,
    STREAM_DATA = 0xda7a5,
    WAVES = 4
};

struct interval samples_step(const struct samples *s, unsigned long index)
{
    struct draw d = draw_open(s->seed + STREAM_SLICES, index);
    return (struct interval){ s->start, s->end, (long)draw_below(&d, (size_t)s->slices),
                              s->slices };
}

/* of the states of simulations */
static size_t entry(const struct samples *s, unsigned long index)
{
    struct draw d = draw_open(s->seed + STREAM_DATA, index);
    return s->unseen ? s->data->training + index % s->data->validation
                     : draw_below(&d, s->data->training);
}

const double *samples_target(const struct samples *s, unsigned long index)
{
    const struct dataset *d = s->data;
    return d && d->targets ? d->targets + entry(s, index) * (size_t)d->nodes * d->n : NULL;
}

int samples_state(const struct samples *s, unsigned long index, double *u)
{
    if (s->data) {
        memcpy(u, s->data->states + entry(s, index) * s->data->n, s->data->n * sizeof *u);
        return 0;
    }
    return s->problem->sample(s->problem, s->seed, index, interval_t0(samples_step(s, index)), u);
}

void samples_perturbation(const struct samples *s, const struct codec *c, unsigned long index,
                          double size, double *du)
{
    struct draw d = draw_open(s->seed + STREAM_PERTURBATIONS, index);
    for (int k = 0; k < c->components; k++) {
        double weight[WAVES][2], phase[WAVES][2], wave[WAVES], norm = 0.0;
        for (int w = 0; w < WAVES; w++) {
            wave[w] = draw_normal(&d);
            norm += 0.5 * wave[w] * wave[w];
            for (int a = 0; a < 2; a++) {
                weight[w][a] = draw_uniform(&d, 0.0, 1.0);
                phase[w][a] = draw_uniform(&d, 0.0, 2.0 * M_PI);
                if (c->grid->periodic[a] && a < c->dims)
                    weight[w][a] = round(weight[w][a]);
            }
        }
        for (size_t i = 0; i < c->points; i++) {
            double sum = 0.0;
            for (int w = 0; w < WAVES; w++) {
                double angle = 0.0;
                for (int a = 0; a < c->dims; a++) {
                    const size_t at = a == c->dims - 1 ? i % c->shape[a] : i / c->shape[1];
                    angle +=
                        2.0 * M_PI * weight[w][a] * (double)at / (double)c->shape[a] + phase[w][a];
                }
                sum += wave[w] * cos(angle);
            }
            du[(size_t)k * c->points + i] =
                size * c->std[k] * sum / sqrt(norm) * (c->boundary ? c->mask[i] : 1.0);
        }
    }
}

double samples_waves_size(const struct samples *s, unsigned long index, const double size[2])
{
    struct draw d = draw_open(s->seed + STREAM_WAVES, index);
    return draw_log_uniform(&d, size[0], size[1]);
}

void samples_waves(const struct samples *s, const struct codec *c, unsigned long index,
                   const double size[2], double cycles, double *du)
{
    struct draw d = draw_open(s->seed + STREAM_WAVES, index);
    const double amplitude = draw_log_uniform(&d, size[0], size[1]);
    for (int k = 0; k < c->components; k++, du += c->points) {
        double wave[WAVES][2], phase[WAVES], height[WAVES], middle[2], width[2], sum = 0;
        for (int w = 0; w < WAVES; w++) {
            const double count = draw_log_uniform(&d, 0.5, cycles),
                         angle = c->dims > 1 ? draw_uniform(&d, 0, M_PI) : 0;
            wave[w][0] = 2 * M_PI * count * cos(angle);
            wave[w][1] = 2 * M_PI * count * sin(angle);
            for (int a = 0; a < 2; a++)
                if (c->grid->periodic[a] && a < c->dims)
                    wave[w][a] = 2 * M_PI * round(wave[w][a] / (2 * M_PI));
            phase[w] = draw_uniform(&d, 0, 2 * M_PI);
            height[w] = draw_normal(&d);
        }
        for (int a = 0; a < 2; a++) {
            middle[a] = draw_uniform(&d, 0, 1);
            width[a] = draw_log_uniform(&d, 0.05, 2);
        }
        for (size_t i = 0; i < c->points; i++) {
            double z[2], value = 0, distance = 0;
            for (int a = 0; a < 2; a++) {
                const size_t at = a == 0 ? i / c->shape[1] : i % c->shape[1];
                z[a] = (double)at / (double)c->shape[a];
                if (a < c->dims) {
                    double off = z[a] - middle[a];
                    if (c->grid->periodic[a])
                        off -= round(off);
                    distance += off * off / (width[a] * width[a]);
                }
            }
            for (int w = 0; w < WAVES; w++)
                value += height[w] * cos(wave[w][0] * z[0] + wave[w][1] * z[1] + phase[w]);
            du[i] = value * exp(-distance / 2) * c->mask[i];
            sum += du[i] * du[i];
        }
        const double factor = amplitude * c->std[k] / sqrt(sum / (double)c->points);
        for (size_t i = 0; i < c->points; i++)
            du[i] *= factor;
    }
}

/* ---------------------------------------------------------------- a numerical scheme */

struct params {
    long steps;
};
static const struct param params[] = {
    { "steps", P_INT, offsetof(struct params, steps), .def = "1", .min = 1, .max = 1e9,
      .unit = "steps", .help = "in a step of the network" },
    { 0 },
};
static const struct schema schema = { "reference", "a one-step scheme", params };

int reference_create(struct reference *r, struct problem *p, const struct samples *s,
                     struct node *config)
{
    const char *name = config_name(config), *known[64], *also[64] = { "name" };
    const struct stepper_type *type = name ? stepper_type_find(name) : NULL;
    struct params v;
    size_t n = 0;
    int err;
    *r = (struct reference){ NULL, 1 };
    if (!name)
        return config_key_error(config, "name",
                                "expected the name of a one-step propagator, for example mcs_adi");
    if (!type) {
        for (; stepper_types[n]; n++)
            known[n] = stepper_types[n]->name;
        known[n] = NULL;
        return config_unknown(config_child(config, "name"), "one-step propagator", name, known);
    }
    for (n = 1; type->schema->params[n - 1].key; n++)
        also[n] = type->schema->params[n - 1].key;
    also[n] = NULL;
    if ((err = config_bind(config, &schema, also, &v)) ||
        (err = type->create(&r->stepper, type, p, config)))
        return err;
    r->steps = v.steps;
    const struct interval whole = { s->start, s->end, 0, s->slices * r->steps };
    return r->stepper->prepare ? r->stepper->prepare(r->stepper, whole) : 0;
}

void reference_destroy(struct reference *r)
{
    stepper_destroy(&r->stepper);
}

int reference_advance(const struct reference *r, const struct exec *x, struct interval i,
                      const double *u, double *v)
{
    int failed = 0;
    for (long s = 0; s < r->steps && !failed; s++)
        failed = r->stepper->step(r->stepper, x, interval_part(i, s, r->steps), s ? v : u, v);
    return failed;
}

double lesson_time(const struct neural *l, struct interval step, int m)
{
    return m == l->network->codec.nodes - 1 ? interval_t1(step)
                                            : interval_t0(step) + l->tau[m] * interval_dt(step);
}

struct interval lesson_part(const struct neural *l, struct interval step, int m)
{
    if (l->network->codec.nodes == 1)
        return step;
    return (struct interval){ m ? lesson_time(l, step, m - 1) : interval_t0(step),
                              lesson_time(l, step, m), 0, 1 };
}

/* ---------------------------------------------------------------- statistics */

static int cheap_step(const struct problem *p, const struct exec *exec, double t, double a,
                      const double *u, double *v)
{
    const struct problem_kernels *k = p->kernels[DEV_CPU];
    struct exec x = *exec;
    double *f = exec_take(&x, p->n);
    int failed = 0;
    vec_copy(&x, p->n, u, v);
    if (k->rhs_explicit) {
        failed = k->rhs_explicit(p, &x, t, u, f);
        vec_lincomb(&x, p->n, v, 2, (const double[]){ 1.0, a }, (const double *[]){ v, f });
    }
    if (k->solve)
        return failed ? failed : k->solve(p, &x, t, a, v, v);
    for (int j = 1; k->split_solve && j <= p->splits && !failed; j++)
        failed = k->split_solve(p, &x, j, t, a, v, v);
    if (!k->split_solve && !failed) {
        failed = k->rhs_implicit(p, &x, t, u, f);
        vec_lincomb(&x, p->n, v, 2, (const double[]){ 1.0, a }, (const double *[]){ v, f });
    }
    if (k->impose && !failed)
        failed = k->impose(p, &x, t, v);
    return failed;
}

/* what the network sees of a state, in scratch that is taken; smoothing is left out */
static const double *shown(const struct neural *l, struct exec *x, const double *u)
{
    const struct problem *p = l->problem;
    double *v = p->fields ? exec_take(x, l->network->codec.n) : NULL;
    return v && p->fields->show(p, x, 0.0, u, v) == 0 ? v : u;
}

/* the sum of squares of v - u - lifting per component is added to sums */
static void add_change(size_t n, size_t points, const double *v, const double *u,
                       const double *lifting, double *sums)
{
    for (size_t j = 0; j < n; j++) {
        const double d = lifting ? v[j] - u[j] - lifting[j] : v[j] - u[j];
        sums[j / points] += d * d;
    }
}

struct changes {
    double fields[CODEC_NODES][CODEC_COMPONENTS], state[CODEC_COMPONENTS];
};

/* of sample i from u, seen, to the nodes; false: the cheap scheme does not manage */
static bool measure(const struct neural *l, const struct samples *s, const struct exec *exec,
                    unsigned long i, const double *u, const double *seen, const double *lifting,
                    struct changes *c)
{
    const struct problem *p = l->problem;
    const struct codec *codec = &l->network->codec;
    const size_t state_points = p->n / (size_t)p->grid.components;
    const struct interval step = samples_step(s, i);
    const double dt = interval_dt(step), *target = samples_target(s, i);
    struct exec x = *exec;
    double *v = exec_take(&x, p->n);
    memset(c, 0, sizeof *c);
    for (int m = 0; m < codec->nodes; m++) {
        struct exec y = x;
        const size_t at = (size_t)m * p->n;
        if (target)
            vec_copy(&y, p->n, target + at, v);
        else if (cheap_step(p, &y, lesson_time(l, step, m), l->tau[m] * dt, u, v))
            return false;
        if (m == codec->nodes - 1)
            add_change(p->n, state_points, v, u, lifting + at, c->state);
        const bool fields = p->fields != NULL;
        add_change(codec->n, codec->points, shown(l, &y, v), seen, fields ? NULL : lifting + at,
                   c->fields[m]);
    }
    return true;
}

int lesson_calibrate(struct neural *l, const struct samples *s, unsigned long count, double *low,
                     double *high)
{
    const struct problem *p = l->problem;
    struct codec *c = &l->network->codec;
    const size_t M = (size_t)c->nodes, K = (size_t)c->components,
                 states = (size_t)p->grid.components;
    const size_t nwork = (M + 3) * exec_round(p->n) +
                         (p->fields ? 2 * exec_round(c->n) + p->fields->nwork : 0) +
                         neural_liftings_work(l) + p->nwork;
    double *work = aligned_alloc(64, (nwork * sizeof *work + 63) & ~(size_t)63);
    double sum[CODEC_COMPONENTS] = { 0 }, square[CODEC_COMPONENTS] = { 0 };
    struct changes change = { { { 0 } }, { 0 } };
    int err = 0;
    if (!work)
        return log_error(-ENOMEM, "out of memory");
    for (size_t k = 0; k < K; k++) {
        low[k] = INFINITY;
        high[k] = -INFINITY;
    }
    unsigned long steps = 0; /* that the cheap scheme managed */
    for (unsigned long i = 0; i < count && !err; i++) {
        struct exec x = exec_host(work, nwork);
        double *u = exec_take(&x, p->n), *lifting = exec_take(&x, M * p->n);
        struct changes here;
        if ((err = samples_state(s, i, u)))
            break;
        neural_liftings(l, &x, samples_step(s, i), lifting);
        const double *seen = shown(l, &x, u);
        for (size_t j = 0; j < c->n; j++) {
            const size_t k = j / c->points;
            low[k] = fmin(low[k], seen[j]);
            high[k] = fmax(high[k], seen[j]);
            sum[k] += seen[j];
            square[k] += seen[j] * seen[j];
        }
        if (!measure(l, s, &x, i, u, seen, lifting, &here))
            continue;
        for (size_t k = 0; k < K; k++)
            for (size_t m = 0; m < M; m++)
                change.fields[m][k] += here.fields[m][k];
        for (size_t k = 0; k < states; k++)
            change.state[k] += here.state[k];
        steps++;
    }
    const double all = (double)count * (double)c->points,
                 tried = (double)(steps ? steps : 1) * (double)c->points;
    for (size_t k = 0; k < K && !err; k++) {
        c->mean[k] = sum[k] / all;
        c->std[k] = sqrt(fmax(square[k] / all - c->mean[k] * c->mean[k], 0.0));
        if (!(c->std[k] > 0.0) || !isfinite(c->std[k]))
            c->std[k] = 1.0;
        for (size_t m = 0; m < M; m++) {
            c->scale[m][k] = sqrt(change.fields[m][k] / tried);
            if (!(c->scale[m][k] > 1e-12 * c->std[k]) || !isfinite(c->scale[m][k]))
                c->scale[m][k] = c->std[k];
        }
    }
    for (size_t k = 0; k < states && !err; k++) {
        const double points = (double)(p->n / states);
        l->size[k] = p->fields ? sqrt(change.state[k] / ((double)(steps ? steps : 1) * points))
                               : c->scale[M - 1][k];
        if (!(l->size[k] > 0.0) || !isfinite(l->size[k]))
            l->size[k] = 1.0;
    }
    free(work);
    return err;
}
