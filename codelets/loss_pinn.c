// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The residual of the differential equation in random points of a step, without data, for networks
 * of kind mlp on one axis (Lagaris et al. 1998; Raissi et al. 2019; with the state as an input it
 * is an operator that is learned, Wang et al. 2021).
 *
 * With xi the fraction of the axis, theta that of the step, L the lifting of the change of the
 * boundary values and m = 4 xi (1 - xi), the network N stands for the function
 *
 *     v(theta, xi) = u(xi) + L(theta, xi) + theta m(xi) scale N(theta, xi, u(xi), u at sensors),
 *
 * which at theta = 1 is what the codec makes of N. The loss of a sample is the mean over its points
 * of w q^2, q = (v_theta - dt (a v_xx + b v_x + c v + d)) / scale. Derivatives of N are exact
 * (nn/taylor.h); u and its derivatives are known in any point of the problem's random states, to
 * which waves are added: the network is to know what becomes of any small change. w = 1 / (1 +
 * (q0/limit)^2), q0 that part of q which does not depend on N: points where u has a kink, which no
 * network follows, count little. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codelets/loss.h"
#include "core/log.h"
#include "nn/taylor.h"
#include "problems/sampling.h"

enum { THETA, XI, DIRECTIONS }; /* derivatives: by both, and the second by xi */
enum { VALUE, D_THETA, D_XI, D_XI2, JETS };
static const int pairs[1][2] = { { XI, XI } };
enum { STREAM_POINTS = 0x91bb, STREAM_WAVES = 0x3a7e5, WAVES = 4 };
enum { TIMES = 5 }; /* evenly in a step: boundary values between are a polynomial through these */

struct pinn {
    struct loss base;
    struct taylor t;
    size_t points;
    double focus[2]; /* in xi */
    bool focused;
    double waves, cycles, limit;
    size_t varying, sensors; /* channels of the input: other than those of sensors, and these */
};

/* ---- parameters: from the network's order to that of Taylor arithmetic and back ---- */

static void *real_at(const struct network *n, void *p, size_t i)
{
    return (char *)p + i * dtype_size(n->dtype);
}

static const void *const_real_at(const struct network *n, const void *p, size_t i)
{
    return (const char *)p + i * dtype_size(n->dtype);
}

/* the varying channels: state, lifting, two per distance of the stencil, coordinate, fraction. In
 * the codec, sensors stand behind the second. */
enum { STATE, LIFTING, STENCIL };

static size_t channel(size_t sensors, size_t i)
{
    return i < STENCIL ? i : i + sensors;
}

/* Between the weights (out, in) of the first layer as they stand in files, and their two parts
 * here: (out, varying) and (out, sensors) */
static void split_first(const struct pinn *l, void *file, void *params, bool join)
{
    const struct network *n = l->base.setup.neural->network;
    const size_t size = dtype_size(n->dtype), in = l->varying + l->sensors;
    const struct taylor_layer *y = &l->t.layers[0];
    for (size_t o = 0; o < y->out; o++)
        for (size_t i = 0; i < in; i++) {
            const bool constant = i >= l->varying;
            const size_t c = constant ? STENCIL + (i - l->varying) : channel(l->sensors, i);
            void *whole = real_at(n, file, o * in + c);
            void *part = real_at(n, params,
                                 constant ? l->t.constant + o * l->sensors + (i - l->varying)
                                          : y->weight + o * l->varying + i);
            if (join)
                memcpy(whole, part, size);
            else
                memcpy(part, whole, size);
        }
}

/* own (nparams) = parameters or a gradient; file is scratch */
static void unpack(const struct pinn *l, const void *params, void *own, void *file)
{
    const struct network *n = l->base.setup.neural->network;
    for (int i = 0; i < n->nlayers; i++) {
        const struct layer *layer = n->layers[i];
        const struct taylor_layer *y = &l->t.layers[i];
        const void *from = const_real_at(n, params, n->offset[i]);
        layer->unpack(layer, 0, from, i ? real_at(n, own, y->weight) : file);
        layer->unpack(layer, 1, from, real_at(n, own, y->bias));
        if (i == 0)
            split_first(l, file, own, false);
    }
}

static void pack(const struct pinn *l, void *own, void *params, void *file)
{
    const struct network *n = l->base.setup.neural->network;
    for (int i = 0; i < n->nlayers; i++) {
        const struct layer *layer = n->layers[i];
        const struct taylor_layer *y = &l->t.layers[i];
        void *into = real_at(n, params, n->offset[i]);
        if (i == 0)
            split_first(l, file, own, true);
        layer->pack(layer, 0, i ? real_at(n, own, y->weight) : file, into);
        layer->pack(layer, 1, real_at(n, own, y->bias), into);
    }
}

/* ---- one sample ---- */

/* what stands in a point besides the network's output */
struct point {
    double theta, xi;
    double u[4];       /* u + L, by jets */
    double a, b, c, d; /* of the equation in xi, times dt */
};

/* change of the values in both ends since the start of the step */
struct ends {
    double value[2][TIMES]; /* west, east */
};

static void ends_at(const struct ends *e, double theta, double value[2], double slope[2])
{
    value[0] = value[1] = slope[0] = slope[1] = 0;
    for (int i = 0; i < TIMES; i++) {
        double product = 1, derivative = 0; /* of the i-th Lagrange polynomial */
        for (int j = 0; j < TIMES; j++)
            if (j != i) {
                const double width = (i - j) / (TIMES - 1.0), from = theta - j / (TIMES - 1.0);
                derivative = derivative * from / width + product / width;
                product *= from / width;
            }
        for (int s = 0; s < 2; s++) {
            value[s] += product * e->value[s][i];
            slope[s] += derivative * e->value[s][i];
        }
    }
}

static void ends_open(const struct pinn *l, const struct exec *x, struct interval step, double *u,
                      struct ends *e)
{
    const struct problem *p = l->base.setup.neural->problem;
    const double t0 = interval_t0(step), dt = interval_dt(step);
    memset(u, 0, p->n * sizeof *u);
    for (int i = 0; i < TIMES; i++) {
        const double t = i + 1 == TIMES ? interval_t1(step) : t0 + dt * ((double)i / (TIMES - 1));
        p->kernels[DEV_CPU]->impose(p, x, t, u);
        e->value[0][i] = u[0];
        e->value[1][i] = u[p->n - 1];
    }
    for (int s = 0; s < 2; s++) {
        const double start = e->value[s][0];
        for (int i = 0; i < TIMES; i++)
            e->value[s][i] -= start;
    }
}

/* the generalised golden ratio (Roberts 2018), shifted at random */
void loss_pinn_places(const struct loss *base, unsigned long index, double *theta, double *xi)
{
    static const double ratio = 0.7548776662466927, square = 0.5698402909980532; /* 1/g, 1/g^2 */
    const struct pinn *l = (const struct pinn *)base;
    struct draw d = draw_open(base->setup.samples.seed + STREAM_POINTS, index);
    const double shift[2] = { draw_uniform(&d, 0, 1), draw_uniform(&d, 0, 1) };
    double whole;
    for (size_t i = 0; i < l->points; i++) {
        const double s = modf(shift[0] + ratio * (double)i, &whole);
        theta[i] = modf(shift[1] + square * (double)i, &whole);
        xi[i] = l->focused && i % 2 ? l->focus[0] + (l->focus[1] - l->focus[0]) * s : s;
    }
}

static double get(const struct network *n, const void *v, size_t i)
{
    return n->dtype == DTYPE_F32 ? (double)((const float *)v)[i] : ((const double *)v)[i];
}

static void set(const struct network *n, void *v, size_t i, double value)
{
    if (n->dtype == DTYPE_F32)
        ((float *)v)[i] = (float)value;
    else
        ((double *)v)[i] = value;
}

/* ---- states: random ones of the problem, and waves ---- */

struct waves {
    double cycles[WAVES], phase[WAVES], height[WAVES];
};

/* Waves with the mask of the boundary values: of every length, in logarithms, but short ones only
 * as high as lets the equation change them by a few scales in a step, in the middle of the axis */
static struct waves waves_open(const struct pinn *l, unsigned long index)
{
    const struct samples *s = &l->base.setup.samples;
    const struct codec *c = &l->base.setup.neural->network->codec;
    const struct interval step = samples_step(s, index);
    const double length = c->grid->length[0], middle = c->grid->x[0][0] + length / 2;
    double a[3], b[2], reaction, source;
    struct draw d = draw_open(s->seed + STREAM_WAVES, index);
    const double size = draw_log_uniform(&d, 0.03, 1) / sqrt(WAVES / 2.0);
    struct waves w;
    s->problem->pde->coefficients(s->problem, interval_t0(step), &middle, a, b, &reaction, &source);
    for (int i = 0; i < WAVES; i++) {
        w.cycles[i] = draw_log_uniform(&d, 0.25, l->cycles);
        w.phase[i] = draw_uniform(&d, 0, 2 * M_PI);
        const double wave = 2 * M_PI * w.cycles[i] / length;
        const double most =
            4 * l->limit * c->scale[0][0] / (interval_dt(step) * a[0] * wave * wave);
        w.height[i] = size * fmin(l->waves * c->std[0], most) * draw_normal(&d);
    }
    return w;
}

static void waves_add(const struct waves *w, double xi, double jet[3])
{
    const double m = 4 * xi * (1 - xi), m1 = 4 - 8 * xi, m2 = -8;
    double f = 0, f1 = 0, f2 = 0;
    for (int i = 0; i < WAVES; i++) {
        const double k = 2 * M_PI * w->cycles[i], z = k * xi + w->phase[i];
        f += w->height[i] * cos(z);
        f1 -= w->height[i] * k * sin(z);
        f2 -= w->height[i] * k * k * cos(z);
    }
    jet[0] += m * f;
    jet[1] += m1 * f + m * f1;
    jet[2] += m2 * f + 2 * m1 * f1 + m * f2;
}

int loss_pinn_states(const struct loss *base, unsigned long index, size_t count, const double *xi,
                     double *jets, double *work)
{
    const struct pinn *l = (const struct pinn *)base;
    const struct samples *s = &base->setup.samples;
    const struct grid *g = base->setup.neural->network->codec.grid;
    const double start = g->x[0][0], length = g->length[0];
    double *x = work, *six = work + count;
    for (size_t i = 0; i < count; i++)
        x[i] = start + length * xi[i];
    const int failed = s->problem->sample_at(s->problem, s->seed, index,
                                             interval_t0(samples_step(s, index)), count, x, six);
    const struct waves w = waves_open(l, index);
    for (size_t i = 0; i < count && !failed; i++) {
        jets[3 * i] = six[6 * i];
        jets[3 * i + 1] = six[6 * i + 1] * length;
        jets[3 * i + 2] = six[6 * i + 3] * length * length;
        if (l->waves > 0)
            waves_add(&w, xi[i], jets + 3 * i);
    }
    return failed;
}

/* ---- input of the network ---- */

/* Where the state of a sample is needed: both ends; sensors; and points, each with its neighbours,
 * above and below, at the distances of the stencil */
static size_t around(const struct codec *c)
{
    return 1 + 2 * (size_t)c->distances;
}

static size_t places(const struct pinn *l)
{
    return 2 + l->sensors + l->points * around(&l->base.setup.neural->network->codec);
}

static double neighbour(const struct codec *c, size_t k, double xi) /* k = 1..2 distances */
{
    const double h = (double)c->distance[(k - 1) / 2] / (double)(c->n - 1);
    return k % 2 ? xi + h : xi - h;
}

/* behind the ends of the axis the state goes on as its mirror image, turned over */
static double mirrored(double xi)
{
    return xi < 0 ? -xi : xi > 1 ? 2 - xi : xi;
}

static void turn_over(double xi, const double ends[2][3], double jet[3])
{
    if (xi >= 0 && xi <= 1)
        return;
    jet[0] = 2 * ends[xi > 1][0] - jet[0];
    jet[2] = -jet[2];
}

static void fill_places(const struct pinn *l, const double *points, double *xi)
{
    const struct codec *c = &l->base.setup.neural->network->codec;
    *xi++ = 0;
    *xi++ = 1;
    for (size_t i = 0; i < l->sensors; i++)
        *xi++ = (double)codec_sensor(c, 0, i) / (double)(c->n - 1);
    for (size_t i = 0; i < l->points; i++) {
        *xi++ = points[i];
        for (size_t k = 1; k < around(c); k++)
            *xi++ = mirrored(neighbour(c, k, points[i]));
    }
}

/* an entry and its derivatives by xi of a channel of the input, at a point */
static void enter(const struct pinn *l, void *in, size_t channel, size_t point, const double jet[3])
{
    const struct network *n = l->base.setup.neural->network;
    void *at = real_at(n, in, channel * JETS * l->points + point);
    set(n, at, VALUE * l->points, jet[0]);
    set(n, at, D_XI * l->points, jet[1]);
    set(n, at, D_XI2 * l->points, jet[2]);
}

/* as codec_differences; jets (around, 3) of the point and its neighbours */
static void enter_stencil(const struct pinn *l, void *in, size_t point, double xi,
                          const double ends[2][3], double *jets)
{
    const struct codec *c = &l->base.setup.neural->network->codec;
    for (size_t k = 1; k < around(c); k += 2) {
        double *up = jets + 3 * k, *down = up + 3, slope[3], bend[3];
        const double h = (double)c->distance[k / 2] / (double)(c->n - 1), unit = h * c->std[0];
        turn_over(neighbour(c, k, xi), ends, up);
        turn_over(neighbour(c, k + 1, xi), ends, down);
        for (int j = 0; j < 3; j++) {
            slope[j] = (up[j] - down[j]) / (2 * unit);
            bend[j] = ((up[j] - jets[j]) - (jets[j] - down[j])) / unit;
        }
        enter(l, in, STENCIL + k - 1, point, slope);
        enter(l, in, STENCIL + k, point, bend);
    }
}

/* fills p (points), and what goes into the network: in (varying, jets, points), constants (sensors)
 */
static int prepare(const struct pinn *l, const struct exec *exec, unsigned long index,
                   struct point *p, void *in, void *constants)
{
    const struct samples *s = &l->base.setup.samples;
    const struct network *n = l->base.setup.neural->network;
    const struct problem *problem = s->problem;
    const struct codec *c = &n->codec;
    const struct interval step = samples_step(s, index);
    const double t0 = interval_t0(step), dt = interval_dt(step);
    const double start = c->grid->x[0][0], length = c->grid->length[0];
    const double mean = c->mean[0], std = c->std[0];
    double last[2], last_slope[2], ends[2][3];
    struct exec x = *exec;
    struct ends change;

    ends_open(l, &x, step, exec_take(&x, problem->n), &change);
    ends_at(&change, 1, last, last_slope);
    double *theta = exec_take(&x, l->points), *xi = exec_take(&x, l->points);
    double *all = exec_take(&x, places(l)), *jets = exec_take(&x, 3 * places(l));
    loss_pinn_places(&l->base, index, theta, xi);
    fill_places(l, xi, all);
    int failed =
        loss_pinn_states(&l->base, index, places(l), all, jets, exec_take(&x, 7 * places(l)));
    memcpy(ends, jets, sizeof ends);
    jets += 6;
    for (size_t i = 0; i < l->sensors; i++, jets += 3)
        set(n, constants, i, (jets[0] - mean) / std);
    memset(in, 0, l->varying * JETS * l->points * dtype_size(n->dtype));
    for (size_t i = 0; i < l->points && !failed; i++, p++, jets += 3 * around(c)) {
        double a[3], b[2], value[2], slope[2];
        p->theta = theta[i];
        p->xi = xi[i];
        const double at = start + length * p->xi;
        failed = problem->pde->coefficients(problem, t0 + p->theta * dt, &at, a, b, &p->c, &p->d);
        ends_at(&change, p->theta, value, slope);
        p->u[VALUE] = jets[0] + ((1 - p->xi) * value[0] + p->xi * value[1]);
        p->u[D_THETA] = (1 - p->xi) * slope[0] + p->xi * slope[1];
        p->u[D_XI] = jets[1] + (value[1] - value[0]);
        p->u[D_XI2] = jets[2];
        p->a = dt * a[0] / (length * length);
        p->b = dt * b[0] / length;
        p->c *= dt;
        p->d *= dt;
        enter(l, in, STATE, i, (double[]){ (jets[0] - mean) / std, jets[1] / std, jets[2] / std });
        enter(l, in, LIFTING, i,
              (double[]){ ((1 - p->xi) * last[0] + p->xi * last[1]) / std,
                          (last[1] - last[0]) / std, 0 });
        enter_stencil(l, in, i, p->xi, ends, jets);
        enter(l, in, l->varying - 2, i, (double[]){ p->xi, 1, 0 });
        enter(l, in, l->varying - 1, i, (double[]){ p->theta, 0, 0 });
        set(n, in, ((l->varying - 1) * JETS + D_THETA) * l->points + i, 1);
    }
    return failed;
}

/* w q^2 of one point; out (jets): the network's output there, is replaced by factor times the
 * gradient of that by it */
static double residual(const struct point *p, double scale, double limit, double factor,
                       double out[JETS])
{
    const double m = 4 * p->xi * (1 - p->xi), m1 = 4 - 8 * p->xi, m2 = -8;
    const double by[JETS] = {
        [VALUE] = m - p->theta * (p->a * m2 + p->b * m1 + p->c * m),
        [D_THETA] = p->theta * m,
        [D_XI] = -p->theta * (p->a * 2 * m1 + p->b * m),
        [D_XI2] = -p->theta * p->a * m,
    };
    const double rate = p->a * p->u[D_XI2] + p->b * p->u[D_XI] + p->c * p->u[VALUE] + p->d;
    const double known = (p->u[D_THETA] - rate) / scale, excess = known / limit;
    const double w = 1 / (1 + excess * excess);
    double q = known;
    for (int j = 0; j < JETS; j++)
        q += by[j] * out[j];
    for (int j = 0; j < JETS; j++)
        out[j] = factor * w * 2 * q * by[j];
    return w * q * q;
}

static int gradient(const struct loss *base, const struct exec *exec, unsigned long first,
                    size_t count, double weight, const void *params, void *dparams, double *value)
{
    const struct pinn *l = (const struct pinn *)base;
    const struct network *n = base->setup.neural->network;
    const struct taylor *t = &l->t;
    const size_t P = l->points, columns = JETS * P;
    struct exec x = *exec;
    void *own = exec_take(&x, neural_doubles(n, t->nparams));
    void *sum = exec_take(&x, neural_doubles(n, t->nparams));
    void *file = exec_take(&x, neural_doubles(n, n->layers[0]->nparams));
    void *in = exec_take(&x, neural_doubles(n, l->varying * columns));
    void *constants = exec_take(&x, neural_doubles(n, l->sensors));
    void *out = exec_take(&x, neural_doubles(n, columns));
    void *kept = exec_take(&x, neural_doubles(n, taylor_kept(t, P)));
    struct point *p = (struct point *)exec_take(&x, P * sizeof *p / sizeof(double));
    int failed = 0;

    unpack(l, params, own, file);
    unpack(l, dparams, sum, file); /* samples are added one by one, whatever came before */
    for (size_t i = 0; i < count && !failed; i++) {
        if (prepare(l, &x, first + i, p, in, constants)) {
            failed = 1 + (int)i;
            break;
        }
        taylor_forward(t, &x, P, own, constants, in, out, kept);
        double squares = 0;
        for (size_t k = 0; k < P; k++) {
            double jets[JETS];
            for (size_t j = 0; j < JETS; j++)
                jets[j] = get(n, out, j * P + k);
            squares += residual(&p[k], n->codec.scale[0][0], l->limit, weight / (double)P, jets);
            for (size_t j = 0; j < JETS; j++)
                set(n, out, j * P + k, jets[j]);
        }
        *value += weight * squares / (double)P;
        taylor_backward(t, &x, P, own, constants, in, kept, out, sum);
    }
    pack(l, sum, dparams, file);
    return failed;
}

/* ---- from a config ---- */

struct params {
    long points;
    struct reals focus;
    double waves, cycles, limit;
};
static const struct param params[] = {
    { "points", P_INT, offsetof(struct params, points), .def = "64", .min = TAYLOR_POINTS,
      .max = 65536, .unit = "points",
      .help = "per sample, where the residual is taken; a multiple of 16" },
    { "focus", P_REALS, offsetof(struct params, focus), .def = "",
      .help = "[lower, upper]: every other point lies between" },
    { "waves", P_REAL, offsetof(struct params, waves), .def = "0.1", .min = 0, .max = INFINITY,
      .open_max = true, .unit = "standard deviations",
      .help = "height of waves of all lengths that are added to the random states; 0: none" },
    { "cycles", P_REAL, offsetof(struct params, cycles), .def = "40", .min = 0.25, .max = 1e6,
      .help = "of the shortest wave, over the axis" },
    { "limit", P_REAL, offsetof(struct params, limit), .def = "5", .min = 0, .max = INFINITY,
      .open_min = true, .unit = "scales",
      .help = "where the state alone, unchanged, has a larger residual, points count less" },
    { 0 },
};
static const struct schema schema = {
    "loss: pinn",
    "the residual of the differential equation in random points; no data. For networks of kind mlp",
    params,
};
static const char *const also[] = { "name", NULL };

static int nodes(struct node *config, double *tau)
{
    struct params v;
    const int err = config_bind(config, &schema, also, &v);
    tau[0] = 1;
    return err ? err : 1;
}

/* what the loss cannot be made for */
static int check(const struct loss_setup *s, const struct params *v, const struct node *config)
{
    const struct problem *p = s->neural->problem;
    const struct network *n = s->neural->network;
    const struct codec *c = &n->codec;
    if (!p->pde || !p->sample_at)
        return config_error(
            config, "problem %s gives no equation in points, such as black_scholes does", p->name);
    if (strcmp(n->kind, "mlp"))
        return config_error(config, "expected a network of kind mlp, this one is %s", n->kind);
    if (c->predict != PREDICT_INCREMENT)
        return config_error(config, "expected a network that predicts the increment");
    if (c->dims != 1 || c->components != 1 || c->grid->periodic[0] || !c->boundary)
        return config_error(config, "expected one axis, with boundary values in both ends");
    const double *x = c->grid->x[0], start = x[0], length = c->grid->length[0];
    for (size_t i = 0; i < c->n; i++)
        if (fabs(x[i] - start - length * ((double)i / (double)(c->n - 1))) > 1e-9 * length)
            return config_error(config, "expected an equidistant grid: the problem's `%s` is not",
                                c->grid->axis[0] ? c->grid->axis[0] : "x");
    if (v->points % TAYLOR_POINTS)
        return config_key_error(config, "points", "expected a multiple of %d, got %ld",
                                TAYLOR_POINTS, v->points);
    if (v->focus.n && (v->focus.n != 2 || !(start <= v->focus.v[0]) ||
                       !(v->focus.v[0] < v->focus.v[1]) || !(v->focus.v[1] <= start + length)))
        return config_key_error(config, "focus", "expected [lower, upper] within [%g, %g]", start,
                                start + length);
    return 0;
}

/* of the hidden layers, from the network's description */
static int activation(const struct network *n, enum activation *act)
{
    struct config *c;
    int err = config_parse(&c, "network", n->description), i = 0;
    if (err)
        return err;
    const char *name = config_text(config_root(c), "activation");
    while (name && activation_names[i] && strcmp(activation_names[i], name))
        i++;
    err = name && activation_names[i] ? 0 : -EINVAL;
    *act = (enum activation)i;
    config_destroy(&c);
    return err;
}

static int make_taylor(struct pinn *l, const struct node *config)
{
    const struct network *n = l->base.setup.neural->network;
    enum activation act, acts[NETWORK_LAYERS];
    size_t width[NETWORK_LAYERS + 1] = { l->varying };
    int err = activation(n, &act);
    if (err)
        return config_error(config, "the network does not say its activation");
    for (int i = 0; i < n->nlayers; i++) {
        width[i + 1] = n->layers[i]->tensors[0].shape[0];
        acts[i] = i + 1 < n->nlayers ? act : ACT_IDENTITY;
    }
    if (taylor_create(&l->t, n->dtype, n->nlayers, width, l->sensors, acts, DIRECTIONS, 1, pairs))
        return config_error(config,
                            "relu has no second derivative: expected a network with activation "
                            "tanh, sin or gelu");
    return 0;
}

static void destroy(struct loss *base)
{
    free(base);
}

static int create(struct loss **out, const struct loss_type *type, const struct loss_setup *s,
                  struct node *config)
{
    const struct network *n = s->neural->network;
    const struct codec *c = &n->codec;
    struct params v;
    int err;
    if ((err = config_bind(config, &schema, also, &v)) || (err = check(s, &v, config)))
        return err;
    struct pinn *l = calloc(1, sizeof *l);
    if (!l)
        return log_error(-ENOMEM, "out of memory");
    l->base = (struct loss){ .type = type, .setup = *s, .gradient = gradient, .destroy = destroy };
    l->points = (size_t)v.points;
    l->waves = v.waves;
    l->cycles = v.cycles;
    l->limit = v.limit;
    l->sensors = c->sensors;
    l->varying = c->in_channels - c->sensors;
    l->focused = v.focus.n == 2;
    for (int i = 0; i < 2 && l->focused; i++)
        l->focus[i] = (v.focus.v[i] - c->grid->x[0][0]) / c->grid->length[0];
    if ((err = make_taylor(l, config))) {
        destroy(&l->base);
        return err;
    }
    const size_t P = l->points, columns = JETS * P;
    const size_t reals[] = { l->t.nparams,         l->t.nparams, n->layers[0]->nparams,
                             l->varying * columns, l->sensors,   columns,
                             taylor_kept(&l->t, P) };
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        l->base.nwork += exec_round(neural_doubles(n, reals[i]));
    const size_t kernels = exec_round(s->neural->problem->n) + s->neural->problem->nwork +
                           2 * exec_round(P),
                 taylor = taylor_work(&l->t, P);
    l->base.nwork += exec_round(P * sizeof(struct point) / sizeof(double)) +
                     (taylor > kernels ? taylor : kernels);
    for (int i = 0; i < n->nlayers; i++) /* forward, and twice that backward */
        l->base.flops += 6.0 * (double)columns * (double)(l->t.layers[i].in * l->t.layers[i].out);
    *out = &l->base;
    return 0;
}

const struct loss_type loss_pinn_type = {
    "pinn",  "the residual of the differential equation in random points; no data",
    &schema, false,
    nodes,   create
};
