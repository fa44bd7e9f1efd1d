// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "nn/taylor.h"

#include <assert.h>
#include <errno.h>

static size_t round_reals(size_t n) /* whole cache lines in either precision */
{
    return (n + 15) & ~(size_t)15;
}

int taylor_create(struct taylor *t, enum dtype dtype, int nlayers, const size_t *width,
                  size_t constants, const enum activation *act, int first, int second,
                  const int (*pair)[2])
{
    assert(nlayers >= 1 && nlayers <= TAYLOR_LAYERS);
    assert(first >= 0 && first <= TAYLOR_FIRST && second >= 0 && second <= TAYLOR_SECOND);
    *t = (struct taylor){ .dtype = dtype,
                          .nlayers = nlayers,
                          .constants = constants,
                          .first = first,
                          .second = second,
                          .jets = 1 + first + second };
    for (int q = 0; q < second; q++) {
        assert(0 <= pair[q][0] && pair[q][0] <= pair[q][1] && pair[q][1] < first);
        t->pair[q][0] = pair[q][0];
        t->pair[q][1] = pair[q][1];
    }
    for (int l = 0; l < nlayers; l++) {
        struct taylor_layer *y = &t->layers[l];
        if (second > 0 && act[l] == ACT_RELU)
            return -EINVAL;
        *y = (struct taylor_layer){ width[l], width[l + 1], act[l], 0, 0 };
        y->weight = t->nparams;
        y->bias = y->weight + round_reals(y->in * y->out);
        t->nparams = y->bias + round_reals(y->out);
    }
    t->constant = t->nparams;
    t->nparams += round_reals(constants * width[1]);
    return 0;
}

/* Per layer its output jets, unless it is the last; of the jets before the activation the
 * derivatives; and three derivatives of the activation. */
size_t taylor_kept(const struct taylor *t, size_t points)
{
    size_t rows = 0;
    for (int l = 0; l < t->nlayers; l++)
        rows += t->layers[l].out * (size_t)(2 * t->jets + 2);
    return rows * points;
}

static size_t buffer(const struct taylor *t, size_t points) /* doubles */
{
    size_t most = 0;
    for (int l = 0; l < t->nlayers; l++)
        if (t->layers[l].in > most)
            most = t->layers[l].in;
    return exec_round(most * (size_t)t->jets * points);
}

size_t taylor_work(const struct taylor *t, size_t points)
{
    return 2 * buffer(t, points);
}

static const struct taylor_kernels *kernels(const struct taylor *t)
{
    return t->dtype == DTYPE_F32 ? &taylor_cpu_f32 : &taylor_cpu_f64;
}

void taylor_forward(const struct taylor *t, const struct exec *x, size_t points, const void *params,
                    const void *constants, const void *in, void *out, void *kept)
{
    assert(x->dev == DEV_CPU && points % TAYLOR_POINTS == 0);
    kernels(t)->forward(t, points, params, constants, in, out, kept);
}

void taylor_backward(const struct taylor *t, const struct exec *x, size_t points,
                     const void *params, const void *constants, const void *in, const void *kept,
                     void *dout, void *dparams)
{
    assert(x->dev == DEV_CPU && points % TAYLOR_POINTS == 0);
    struct exec sub = *x;
    void *const buffers[2] = { exec_take(&sub, buffer(t, points)),
                               exec_take(&sub, buffer(t, points)) };
    kernels(t)->backward(t, points, params, constants, in, kept, dout, buffers, dparams);
}
