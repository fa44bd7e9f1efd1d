// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Optimisers: from the loss and its gradient at the parameters to the next parameters, on plain pointers. All that an
 * optimiser remembers is one array, so that training can stop and go on. */
#ifndef SPT_OPTIMISER_H
#define SPT_OPTIMISER_H

#include "nn/layer.h"
#include "nn/schedule.h"

#ifdef __cplusplus
extern "C" {
#endif

struct optimiser;

/* One row per optimiser in nn/optimiser.c: what stands under `optimiser:` in a config. */
struct optimiser_type {
    const char *name, *help;
    const struct schema *schema;
    bool full_batch; /* compares losses of different steps: they have to be over the same samples */
    size_t (*state)(const struct optimiser *, enum dtype dtype, size_t n); /* doubles */
    void (*update)(const struct optimiser *, enum dtype dtype, size_t n, long step, double rate, double loss,
                   void *params, const void *gradient, double *state);
};
extern const struct optimiser_type *const optimiser_types[]; /* ends with NULL */

struct optimiser {
    const struct optimiser_type *type;
    struct schedule schedule;
    double rate;           /* before the schedule */
    double beta[2], epsilon, decay; /* Adam */
    bool decoupled;        /* AdamW */
    double clip;           /* largest l2 norm of a gradient; 0: none */
    long history;          /* L-BFGS: pairs kept */
};

/* 0, or -EINVAL after one error line */
int optimiser_bind(struct optimiser *o, struct node *config);

size_t optimiser_state(const struct optimiser *o, enum dtype dtype, size_t n);

/* Step 0, 1, ... of `steps`: params (n reals of dtype) move. loss and gradient (n) are at the params that come in; gradient
 * may be overwritten. state (optimiser_state) is all 0 before step 0. False, and nothing has changed: the loss or the
 * gradient is not finite. */
struct optimiser_step {
    double rate, norm; /* norm: l2, of the gradient as it came in */
    double loss;       /* where optimiser_result is now, as far as it is known: of L-BFGS, not of the trial point */
};
bool optimiser_update(const struct optimiser *o, enum dtype dtype, size_t n, long step, long steps, double loss,
                      void *params, void *gradient, double *state, struct optimiser_step *done);

/* params (n) = the parameters to be used, if training ends here: those of the last update, or of L-BFGS the last accepted
 * ones */
void optimiser_result(const struct optimiser *o, enum dtype dtype, size_t n, const double *state, void *params);

/* Adam (Kingma & Ba 2015, algorithm 1) and AdamW (Loshchilov & Hutter 2019), evaluated as PyTorch does; nn/adam.c */
struct adam_step {
    double rate, beta[2], epsilon, decay, correction[2]; /* 1 - beta^(step + 1) */
    bool decoupled;
};
void adam_f32(const struct adam_step *a, size_t n, float *params, const float *gradient, float *m, float *v);
void adam_f64(const struct adam_step *a, size_t n, double *params, const double *gradient, double *m, double *v);
/* sum of squares, in eight interleaved sums of doubles */
double squares_f32(size_t n, const float *g);
double squares_f64(size_t n, const double *g);
void scale_f32(size_t n, double factor, float *g);
void scale_f64(size_t n, double factor, double *g);
/* into += from */
void add_f32(size_t n, float *into, const float *from);
void add_f64(size_t n, double *into, const double *from);

/* L-BFGS (Liu & Nocedal 1989) in reverse communication; nn/lbfgs.c. One call is one evaluation of loss and gradient: the
 * parameters that leave are where it asks for the next one. */
size_t lbfgs_state(const struct optimiser *o, enum dtype dtype, size_t n);
void lbfgs_update(const struct optimiser *o, enum dtype dtype, size_t n, long step, double rate, double loss,
                  void *params, const void *gradient, double *state);
const double *lbfgs_accepted(const double *state); /* (n) */
/* Facts in front of the state, for tests and reports */
struct lbfgs_facts {
    double iterations; /* accepted steps */
    double pairs, newest;
    double value, slope;         /* at the last accepted point; slope along the direction */
    double length, low, high;    /* of the trial step, and its bracket; high 0: none yet */
    double trials, evaluations;
    double pad[6]; /* 16 doubles: what follows is aligned */
};

#ifdef __cplusplus
}
#endif
#endif
