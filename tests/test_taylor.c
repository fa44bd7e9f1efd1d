// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Taylor arithmetic through pointwise layers: derivatives against closed forms and against finite
 * differences in long double, gradients by the parameters against finite differences, float32
 * against float64. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "near.h"
#include "nn/taylor.h"

enum { POINTS = 16, DIRECTIONS = 3, JETS = 7, CHANNELS = 4, CONSTANTS = 3 };
static const int pairs[TAYLOR_SECOND][2] = { { 1, 1 }, { 1, 2 }, { 2, 2 } };
static const enum activation smooth[] = { ACT_TANH, ACT_SIN, ACT_GELU, ACT_IDENTITY };

/* everything of one network, in the precision of t.dtype */
struct fixture {
    struct taylor t;
    struct exec x;
    double *work;
    void *params, *gradient, *constants, *in, *out, *kept, *dout;
};

static uint64_t seed;

static double uniform(void) /* in [-1, 1) */
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(int64_t)seed * 0x1p-63;
}

static double get(const struct fixture *f, const void *v, size_t i)
{
    return f->t.dtype == DTYPE_F32 ? (double)((const float *)v)[i] : ((const double *)v)[i];
}

static void set(const struct fixture *f, void *v, size_t i, double value)
{
    if (f->t.dtype == DTYPE_F32)
        ((float *)v)[i] = (float)value;
    else
        ((double *)v)[i] = value;
}

static void *zeros(size_t n)
{
    void *v = aligned_alloc(64, exec_round(n) * sizeof(double));
    assert_non_null(v);
    memset(v, 0, exec_round(n) * sizeof(double));
    return v;
}

static size_t width(const struct fixture *f, int l) /* behind layer l - 1 */
{
    return l ? f->t.layers[l - 1].out : f->t.layers[0].in;
}

static void open_fixture(struct fixture *f, enum dtype dtype, enum activation act, int nlayers,
                         const size_t *widths, size_t constants)
{
    enum activation acts[TAYLOR_LAYERS];
    for (int l = 0; l < nlayers; l++)
        acts[l] = l + 1 < nlayers ? act : ACT_IDENTITY;
    assert_int_equal(taylor_create(&f->t, dtype, nlayers, widths, constants, acts, DIRECTIONS,
                                   JETS - 1 - DIRECTIONS, pairs),
                     0);
    const size_t columns = (size_t)JETS * POINTS, nwork = taylor_work(&f->t, POINTS);
    f->work = zeros(nwork);
    f->x = exec_host(f->work, nwork);
    f->params = zeros(f->t.nparams);
    f->gradient = zeros(f->t.nparams);
    f->constants = zeros(constants);
    f->in = zeros(widths[0] * columns);
    f->out = zeros(widths[nlayers] * columns);
    f->dout = zeros(widths[nlayers] * columns);
    f->kept = zeros(taylor_kept(&f->t, POINTS));
    seed = 12345;
    for (size_t i = 0; i < f->t.nparams; i++)
        set(f, f->params, i, 0.7 * uniform());
    for (size_t c = 0; c < constants; c++)
        set(f, f->constants, c, uniform());
}

static void close_fixture(struct fixture *f)
{
    void *const all[] = { f->work, f->params, f->gradient, f->constants,
                          f->in,   f->out,    f->dout,     f->kept };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static void run_forward(const struct fixture *f)
{
    taylor_forward(&f->t, &f->x, POINTS, f->params, f->constants, f->in, f->out, f->kept);
}

/* ---- what goes in: smooth functions of the three directions, different in every point ---- */

static long double channel(size_t c, size_t p, const long double s[DIRECTIONS])
{
    const long double shift = 0.1L * (long double)p;
    switch (c) {
    case 0:
        return sinl(s[0] + 2 * s[1] - s[2] + shift);
    case 1:
        return s[0] + shift;
    case 2:
        return s[1] * s[2] + s[1];
    default:
        return expl(0.5L * s[2] - s[1] * s[0] + shift) - 1;
    }
}

static long double first(long double (*f)(const void *, const long double *), const void *of, int i)
{
    static const long double weight[] = { 8, -1 };
    const long double h = 1e-3L;
    long double sum = 0;
    for (int k = 1; k <= 2; k++)
        for (int sign = -1; sign <= 1; sign += 2) {
            long double s[DIRECTIONS] = { 0 };
            s[i] = sign * k * h;
            sum += sign * weight[k - 1] * f(of, s);
        }
    return sum / (12 * h);
}

static long double second(long double (*f)(const void *, const long double *), const void *of,
                          int i, int j)
{
    static const long double weight[] = { 1, -8, 0, 8, -1 };
    const long double h = 1e-3L;
    long double sum = 0;
    for (int a = -2; a <= 2; a++)
        for (int b = -2; b <= 2; b++) {
            long double s[DIRECTIONS] = { 0 };
            s[i] += a * h;
            s[j] += b * h;
            sum += weight[a + 2] * weight[b + 2] * f(of, s);
        }
    return sum / (144 * h * h);
}

/* jet j of a function of the directions, by differences of fourth order */
static double jet(long double (*f)(const void *, const long double *), const void *of, int j)
{
    const long double origin[DIRECTIONS] = { 0 };
    if (j == 0)
        return (double)f(of, origin);
    if (j <= DIRECTIONS)
        return (double)first(f, of, j - 1);
    return (double)second(f, of, pairs[j - 1 - DIRECTIONS][0], pairs[j - 1 - DIRECTIONS][1]);
}

struct at {
    const struct fixture *f;
    size_t channel, point;
};

static long double input(const void *of, const long double *s)
{
    const struct at *a = of;
    return channel(a->channel, a->point, s);
}

static long double activated(enum activation act, long double z)
{
    return act == ACT_TANH   ? tanhl(z)
           : act == ACT_SIN  ? sinl(z)
           : act == ACT_GELU ? z * erfcl(-z * sqrtl(0.5L)) / 2
                             : z;
}

/* the network itself, written out, in long double */
static long double output(const void *of, const long double *s)
{
    const struct at *a = of;
    const struct fixture *f = a->f;
    long double v[2][16];
    for (size_t c = 0; c < width(f, 0); c++)
        v[0][c] = channel(c, a->point, s);
    for (int l = 0; l < f->t.nlayers; l++) {
        const struct taylor_layer *y = &f->t.layers[l];
        for (size_t o = 0; o < y->out; o++) {
            long double z = get(f, f->params, y->bias + o);
            for (size_t i = 0; i < y->in; i++)
                z += (long double)get(f, f->params, y->weight + o * y->in + i) * v[l % 2][i];
            for (size_t c = 0; l == 0 && c < f->t.constants; c++)
                z += (long double)get(f, f->params, f->t.constant + o * f->t.constants + c) *
                     get(f, f->constants, c);
            v[(l + 1) % 2][o] = activated(y->act, z);
        }
    }
    return v[f->t.nlayers % 2][a->channel];
}

static void fill_input(const struct fixture *f)
{
    for (size_t c = 0; c < width(f, 0); c++)
        for (int j = 0; j < JETS; j++)
            for (size_t p = 0; p < POINTS; p++)
                set(f, f->in, (c * JETS + (size_t)j) * POINTS + p,
                    jet(input, &(struct at){ f, c, p }, j));
}

/* ---- tests ---- */

static void one_sine_in_closed_form(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, DTYPE_F64, ACT_SIN, 2, (const size_t[]){ 3, 1, 1 }, 0);
    double *in = f.in, *params = f.params;
    const double *w = params, b = params[f.t.layers[0].bias], v = params[f.t.layers[1].weight];
    for (size_t p = 0; p < POINTS; p++)
        for (size_t c = 0; c < 3; c++) { /* channels are the directions themselves */
            in[c * JETS * POINTS + p] = uniform();
            in[(c * JETS + 1 + c) * POINTS + p] = 1;
        }
    run_forward(&f);
    for (size_t p = 0; p < POINTS; p++) {
        double z = b;
        for (size_t c = 0; c < 3; c++)
            z += w[c] * in[c * JETS * POINTS + p];
        const double *out = f.out;
        assert_near(out[p], v * sin(z) + params[f.t.layers[1].bias], 1e-15);
        for (int i = 0; i < DIRECTIONS; i++)
            assert_near(out[(size_t)(1 + i) * POINTS + p], v * w[i] * cos(z), 1e-15);
        for (int q = 0; q < JETS - 1 - DIRECTIONS; q++)
            assert_near(out[(size_t)(1 + DIRECTIONS + q) * POINTS + p],
                        -v * w[pairs[q][0]] * w[pairs[q][1]] * sin(z), 1e-15);
    }
    close_fixture(&f);
}

static const size_t odd[] = { CHANNELS, 13, 6, 9, 2 }; /* widths that fill no tile */

static void derivatives_are_those_of_the_network(void **state)
{
    (void)state;
    for (size_t a = 0; a < sizeof smooth / sizeof *smooth; a++) {
        struct fixture f;
        open_fixture(&f, DTYPE_F64, smooth[a], 4, odd, CONSTANTS);
        fill_input(&f);
        run_forward(&f);
        for (size_t c = 0; c < 2; c++)
            for (int j = 0; j < JETS; j++)
                for (size_t p = 0; p < POINTS; p++)
                    assert_near(get(&f, f.out, (c * JETS + (size_t)j) * POINTS + p),
                                jet(output, &(struct at){ &f, c, p }, j), 1e-9);
        close_fixture(&f);
    }
}

/* sum of weight out, over all of one jet; weights are a fixed function of the entry */
static double loss(const struct fixture *f, int j, bool adjoint)
{
    double sum = 0;
    run_forward(f);
    for (size_t c = 0; c < 2; c++)
        for (size_t p = 0; p < POINTS; p++) {
            const size_t i = (c * JETS + (size_t)j) * POINTS + p;
            const double weight = cos((double)(3 * c + p));
            sum += weight * get(f, f->out, i);
            if (adjoint)
                set(f, f->dout, i, weight);
        }
    return sum;
}

static void run_backward(const struct fixture *f)
{
    taylor_backward(&f->t, &f->x, POINTS, f->params, f->constants, f->in, f->kept, f->dout,
                    f->gradient);
}

/* parameters that exist: not the padding between */
static bool is_parameter(const struct taylor *t, size_t i)
{
    for (int l = 0; l < t->nlayers; l++) {
        const struct taylor_layer *y = &t->layers[l];
        if ((i >= y->weight && i < y->weight + y->in * y->out) ||
            (i >= y->bias && i < y->bias + y->out))
            return true;
    }
    return i >= t->constant && i < t->constant + t->constants * t->layers[0].out;
}

static void gradients_are_those_of_every_derivative(void **state)
{
    (void)state;
    for (size_t a = 0; a < sizeof smooth / sizeof *smooth; a++)
        for (int j = 0; j < JETS; j++) {
            struct fixture f;
            open_fixture(&f, DTYPE_F64, smooth[a], 4, odd, CONSTANTS);
            fill_input(&f);
            loss(&f, j, true);
            run_backward(&f);
            double *params = f.params, worst = 0, largest = 0;
            for (size_t i = 0; i < f.t.nparams; i++) {
                const double here = params[i], h = 1e-4;
                double side[4];
                for (int k = 0; k < 4; k++) {
                    params[i] = here + h * (double[]){ -2, -1, 1, 2 }[k];
                    side[k] = loss(&f, j, false);
                }
                params[i] = here;
                const double slope = (8 * (side[2] - side[1]) - (side[3] - side[0])) / (12 * h);
                const double found = get(&f, f.gradient, i);
                if (!is_parameter(&f.t, i))
                    assert_true(found == 0);
                worst = fmax(worst, fabs(found - slope));
                largest = fmax(largest, fabs(slope));
            }
            assert_true(largest > 1e-3 || smooth[a] == ACT_IDENTITY);
            assert_near(worst, 0, 1e-8 * fmax(largest, 1));
            close_fixture(&f);
        }
}

static void float32_agrees(void **state)
{
    (void)state;
    for (size_t a = 0; a < sizeof smooth / sizeof *smooth; a++) {
        struct fixture f[2];
        for (int d = 0; d < 2; d++) {
            open_fixture(&f[d], d ? DTYPE_F64 : DTYPE_F32, smooth[a], 4, odd, CONSTANTS);
            fill_input(&f[d]);
            for (int j = 0; j < JETS; j++)
                loss(&f[d], j, true);
            run_backward(&f[d]);
        }
        double scale = 1;
        for (size_t i = 0; i < f[1].t.nparams; i++)
            scale = fmax(scale, fabs(get(&f[1], f[1].gradient, i)));
        for (size_t i = 0; i < f[1].t.nparams; i++)
            assert_near(get(&f[0], f[0].gradient, i), get(&f[1], f[1].gradient, i), 2e-6 * scale);
        for (size_t i = 0; i < 2 * (size_t)JETS * POINTS; i++)
            assert_near(get(&f[0], f[0].out, i), get(&f[1], f[1].out, i), 2e-5);
        for (int d = 0; d < 2; d++)
            close_fixture(&f[d]);
    }
}

/* 2 x 16 points at once or one after the other: the same jets to the last bit; gradients add up */
static void groups_do_not_matter(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, DTYPE_F32, ACT_TANH, 4, odd, CONSTANTS);
    fill_input(&f);
    run_forward(&f);
    const size_t both = 2 * (size_t)POINTS, rows = CHANNELS * (size_t)JETS, outs = 2 * (size_t)JETS;
    float *in = zeros(rows * both), *out = zeros(outs * both);
    void *kept = zeros(taylor_kept(&f.t, both));
    for (size_t r = 0; r < rows; r++)
        for (int half = 0; half < 2; half++)
            memcpy(in + r * both + (size_t)half * POINTS, (float *)f.in + r * POINTS,
                   POINTS * sizeof *in);
    taylor_forward(&f.t, &f.x, both, f.params, f.constants, in, out, kept);
    for (size_t r = 0; r < outs; r++)
        for (int half = 0; half < 2; half++)
            assert_memory_equal(out + r * both + (size_t)half * POINTS, (float *)f.out + r * POINTS,
                                POINTS * sizeof *out);
    float *once = zeros(f.t.nparams);
    loss(&f, 4, true);
    run_backward(&f);
    memcpy(once, f.gradient, f.t.nparams * sizeof *once);
    memset(f.dout, 0, outs * POINTS * sizeof *out);
    loss(&f, 4, true);
    run_backward(&f);
    for (size_t i = 0; i < f.t.nparams; i++)
        assert_true(get(&f, f.gradient, i) == 2 * (double)once[i]);
    free(in);
    free(out);
    free(kept);
    free(once);
    close_fixture(&f);
}

static void relu_has_no_second_derivative(void **state)
{
    (void)state;
    struct taylor t;
    const size_t widths[] = { 1, 4, 1 };
    const enum activation acts[] = { ACT_RELU, ACT_IDENTITY };
    assert_int_equal(taylor_create(&t, DTYPE_F64, 2, widths, 0, acts, 1, 0, NULL), 0);
    assert_int_equal(taylor_create(&t, DTYPE_F64, 2, widths, 0, acts, 2, 1, pairs), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_sine_in_closed_form),
        cmocka_unit_test(derivatives_are_those_of_the_network),
        cmocka_unit_test(gradients_are_those_of_every_derivative),
        cmocka_unit_test(float32_agrees),
        cmocka_unit_test(groups_do_not_matter),
        cmocka_unit_test(relu_has_no_second_derivative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
