// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The insert functions: every task that a method can ask for. Each is one file, codelets/NAME.c (+
 * .cu). */
#ifndef SPT_CODELETS_H
#define SPT_CODELETS_H

#include "codelets/loss.h"
#include "codelets/neural.h"
#include "codelets/validation.h"
#include "core/interval.h"
#include "core/spt.h"
#include "nn/optimiser.h"
#include "problems/sdc.h"
#include "problems/stepper.h"
#include "problems/transfer.h"

#define VEC(b) ((double *)STARPU_VECTOR_GET_PTR(b))
#define LEN(b) ((size_t)STARPU_VECTOR_GET_NX(b))

/* Bodies work on any device: they reach it only through spt_exec, core/vec.h and kernel tables. */
#if SPT_CUDA
#define BODY(f)                                                                                    \
    .cpu_funcs = { f }, .cpu_funcs_name = { #f }, .cuda_funcs = { f },                             \
    .cuda_flags = { STARPU_CUDA_ASYNC }
#else
#define BODY(f) .cpu_funcs = { f }, .cpu_funcs_name = { #f }
#endif

enum where { WHERE_CPU = 1, WHERE_CUDA = 2, WHERE_ANY = 3 };

/* as StarPU wants it after STARPU_EXECUTE_WHERE */
static inline unsigned long long where_workers(enum where where)
{
    return (where & WHERE_CPU ? STARPU_CPU : 0) | (where & WHERE_CUDA ? STARPU_CUDA : 0);
}

/* to = count steps of a scheme from `from`, the first being the first-th of the equal parts that
 * `step` describes; from == to steps in place. work: scratch of s->nwork + codelet_advance_work
 * doubles */
void spt_advance(struct spt *run, const struct stepper *s, struct interval first, long count,
                 enum where where, starpu_data_handle_t from, starpu_data_handle_t to,
                 starpu_data_handle_t work);
enum { CODELET_ADVANCE_WORK = 8 };

/* to = from */
void spt_copy(struct spt *run, starpu_data_handle_t from, starpu_data_handle_t to);

/* u = f + (gnew - gold): Parareal's correction, parenthesised so that gnew == gold gives f to the
 * last bit */
void spt_correct(struct spt *run, starpu_data_handle_t u, starpu_data_handle_t gnew,
                 starpu_data_handle_t f, starpu_data_handle_t gold);

/* What is known about an iteration after one more slice: a small state that is handed from slice to
 * slice. */
struct progress {
    double increment; /* max over slices of |u_new - u_old| / |u_new| in l2 */
    double worst;     /* the slice of that */
    double leading;   /* slices before this one, counted from 0, are converged without a gap */
    double scale;     /* l2 norm of the initial value, the yardstick of growth */
    double failure, slice, iteration, role; /* enum failure_kind and where; the first one */
    double codelet[3], label[8];            /* characters: TRACE_NAME, FAILURE_LABEL */
};
enum { PROGRESS_DOUBLES = sizeof(struct progress) / sizeof(double) };

void progress_failure(const struct progress *p, struct failure *f); /* what it says went wrong */

/* after = before, with the increment of this slice taken in; converged means increment <=
 * tolerance; growth: the norm of u_new over scale that counts as divergence, 0 for no limit; first:
 * all slices before this one are final */
void spt_increment(struct spt *run, double tolerance, double growth, bool first,
                   starpu_data_handle_t u_new, starpu_data_handle_t u_old,
                   starpu_data_handle_t before, starpu_data_handle_t after);

/* result[0] = |u - v|_2 / |v|_2, result[1] = max |u - v|, result[2] = |v|_2; result: 3 doubles */
void spt_distance(struct spt *run, starpu_data_handle_t u, starpu_data_handle_t v,
                  starpu_data_handle_t result);

/* SDC node by node; handles as in problems/sdc.h, fe NULL (or arrays of NULL) if the problem has no
 * explicit term. start: U_m^0 and f of it, from U_{m-1}^0
 * in `before` if the guess is coarse. node: sweep k at node m; new_i[m], new_e[m] are written,
 * those before m read if Q-Delta is not diagonal; guess: u enters as u0. end: the quadrature. work:
 * scratch of sdc_node_work doubles */
void spt_sdc_start(struct spt *run, const struct sdc *s, struct interval step, int m,
                   enum where where, starpu_data_handle_t work, starpu_data_handle_t u0,
                   starpu_data_handle_t before, starpu_data_handle_t u, starpu_data_handle_t fi,
                   starpu_data_handle_t fe);
/* of all nodes, where the guess is a network's; on CPUs. work: scratch of sdc_start_work doubles */
void spt_sdc_start_all(struct spt *run, const struct sdc *s, struct interval step,
                       starpu_data_handle_t work, starpu_data_handle_t u0,
                       const starpu_data_handle_t *u, const starpu_data_handle_t *fi,
                       const starpu_data_handle_t *fe);
void spt_sdc_node(struct spt *run, const struct sdc *s, struct interval step, long k, int m,
                  bool guess, enum where where, starpu_data_handle_t work, starpu_data_handle_t u0,
                  starpu_data_handle_t u, const starpu_data_handle_t *old_i,
                  const starpu_data_handle_t *old_e, const starpu_data_handle_t *new_i,
                  const starpu_data_handle_t *new_e);
void spt_sdc_end(struct spt *run, const struct sdc *s, struct interval step, enum where where,
                 starpu_data_handle_t work, starpu_data_handle_t u0, const starpu_data_handle_t *fi,
                 const starpu_data_handle_t *fe, starpu_data_handle_t v);

/* to = the state `from` interpolated onto another grid; p: the problem there, whose boundary values
 * at a time are imposed, or NULL. work: scratch of t->nwork, at least p->nwork, doubles */
void spt_transfer(struct spt *run, const struct transfer *t, enum where where,
                  const struct problem *p, double time, starpu_data_handle_t from,
                  starpu_data_handle_t to, starpu_data_handle_t work);

/* A network as it stands in a run: what its tasks share. */
struct network_step {
    struct neural neural;
    enum where where;
    struct network_use *use;
    /* What the task `accept` looks at after a step. ratio 0, ranges without `ranged`, fallback NULL:
     * not. */
    double ratio; /* of the residual over that of the state that does not change */
    bool ranged;
    double low[CODEC_COMPONENTS], high[CODEC_COMPONENTS]; /* of the states in training */
    const struct stepper *fallback;                       /* on the network's grid */
    long steps;                                           /* of the fallback, per step */
};

/* whether steps have a task `accept`: then it is what finds values that are not finite */
static inline bool network_accepts(const struct network_step *s)
{
    return s->ratio > 0.0 || s->ranged || s->fallback;
}

/* to = the network's step from `from`, in one task; work: scratch of codelet_network_work doubles */
void spt_network(struct spt *run, const struct network_step *s, struct interval step,
                 starpu_data_handle_t from, starpu_data_handle_t to, starpu_data_handle_t work);
size_t codelet_network_work(const struct network_step *s);

/* The same in parts, with the same bits: in and lifting from u; the output of a stage from its
 * input; v from u and the output of the last stage. Activations are doubles that hold
 * neural_doubles; lifting: NULL without boundary. work: as above */
void spt_encode(struct spt *run, const struct network_step *s, struct interval step,
                starpu_data_handle_t u, starpu_data_handle_t in, starpu_data_handle_t lifting,
                starpu_data_handle_t work);
void spt_layer(struct spt *run, const struct network_step *s, int stage, starpu_data_handle_t x,
               starpu_data_handle_t y, starpu_data_handle_t work);
void spt_decode(struct spt *run, const struct network_step *s, starpu_data_handle_t u,
                starpu_data_handle_t lifting, starpu_data_handle_t out, starpu_data_handle_t v,
                starpu_data_handle_t work);

/* v, the step from u, is looked at, counted, and computed again by the fallback where it is wrong.
 * work: scratch of codelet_accept_work doubles */
void spt_accept(struct spt *run, const struct network_step *s, struct interval step,
                starpu_data_handle_t u, starpu_data_handle_t v, starpu_data_handle_t work);
size_t codelet_accept_work(const struct network_step *s);

/* Training. A gradient's handle holds nparams reals, then this. */
struct gradient_tail {
    double step; /* that it belongs to; -1: it was not computed */
    double loss; /* of its samples, weighted */
    double failed; /* 1 + the sample of the batch that could not be computed; 0: none */
    double pad[5];
};
size_t gradient_size(const struct network *n); /* doubles of a handle */

/* gradient (W) of the loss of samples sample..sample+count-1, the first of them being entry `first` of the batch */
void spt_gradient(struct spt *run, const struct loss *l, long step, unsigned long sample, long first, size_t count,
                  double weight, starpu_data_handle_t params, starpu_data_handle_t gradient,
                  starpu_data_handle_t work);
/* into += from */
void spt_reduce(struct spt *run, const struct network *n, starpu_data_handle_t into, starpu_data_handle_t from);

enum train_status {
    TRAIN_SKIPPED, /* an earlier step failed, or the user's interrupt came first */
    TRAIN_DONE,
    TRAIN_NONFINITE,
    TRAIN_DIVERGED,
    TRAIN_FAILED /* a sample could not be computed */
};
/* What an update says of itself; one handle */
struct train_record {
    double status, step, loss, norm, rate, sample, pad[2];
};
enum { TRAIN_RECORD = sizeof(struct train_record) / sizeof(double) };
/* Behind the optimiser's own state */
struct train_tail {
    double done;  /* updates */
    double first; /* loss of step 0 */
    double pad[6];
};
size_t update_state_size(const struct optimiser *o, const struct network *n); /* doubles of a handle */

/* Step `step` of `steps`, if all before it were done and its loss is finite and no more than `divergence` times the first one
 * (0: no limit); else params and state stay as they are, and so does everything after it. record: what happened */
void spt_update(struct spt *run, const struct optimiser *o, const struct network *n, long step, long steps,
                double divergence, starpu_data_handle_t params, starpu_data_handle_t state,
                starpu_data_handle_t gradient, starpu_data_handle_t record);

/* A sample of a validation: what the scheme makes of it, and how far the network is from that (VALIDATION_FACTS doubles) */
void spt_truth(struct spt *run, const struct validation *v, unsigned long index, starpu_data_handle_t truth,
               starpu_data_handle_t work);
void spt_validate(struct spt *run, const struct validation *v, unsigned long index, starpu_data_handle_t params,
                  starpu_data_handle_t truth, starpu_data_handle_t facts, starpu_data_handle_t work);

#endif
