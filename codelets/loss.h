// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What training makes small: the loss of some samples and its gradient by the parameters, on plain pointers. */
#ifndef SPT_LOSS_H
#define SPT_LOSS_H

#include "codelets/lesson.h"
#include "core/collocation.h"

struct loss;

/* What a loss is made for. All of it is borrowed. */
struct loss_setup {
    struct neural *neural; /* tau is set, the network is there and calibrated */
    struct samples samples;
    size_t batch; /* samples of one call, at most */
};

/* One row per loss in codelets/loss.c: what stands under `loss:` in a config. */
struct loss_type {
    const char *name, *help;
    const struct schema *schema;
    bool direction; /* it is no gradient of the value: not for L-BFGS */
    /* Where in a step the network has to give states, tau (CODEC_NODES) in (0, 1], the last one 1: needed before there is a
     * network. Their number, or -EINVAL after an error line */
    int (*nodes)(struct node *config, double *tau);
    int (*create)(struct loss **l, const struct loss_type *type, const struct loss_setup *s, struct node *config);
};
extern const struct loss_type *const loss_types[]; /* ends with NULL */

struct loss {
    const struct loss_type *type;
    struct loss_setup setup;
    size_t nwork; /* doubles of scratch that gradient takes */
    double flops; /* per sample, counted; 0 unknown */
    /* dparams (nparams) += weight times the gradient of the sum of the losses of samples first..first+count-1, *value +=
     * weight times that sum. 0, or 1 + i where the i-th sample failed: a solve did, or there was no memory */
    int (*gradient)(const struct loss *, const struct exec *, unsigned long first, size_t count, double weight,
                    const void *params, void *dparams, double *value);
    void (*destroy)(struct loss *);
};

/* the row of a `loss:` node; NULL after one error line */
const struct loss_type *loss_find(struct node *config);
int loss_create(struct loss **l, const struct loss_type *type, const struct loss_setup *s, struct node *config);
void loss_destroy(struct loss **l);

extern const struct loss_type loss_data_type, loss_collocation_type, loss_sweep_type, loss_pinn_type;

/* Where the loss pinn takes the residual of a sample: fractions of the step and of the axis (points) */
void loss_pinn_places(const struct loss *l, unsigned long index, double *theta, double *xi);
/* jets (count, 3): its state there and two derivatives by the fraction of the axis; work (7 count). 0, or as sample_at */
int loss_pinn_states(const struct loss *l, unsigned long index, size_t count, const double *xi, double *jets,
                     double *work);

/* ---- losses of states on the grid: what they have in common is in codelets/loss.c ---- */

/* The key `differences`. Parareal takes differences of a coarse propagator, so what counts is its derivative: with a weight,
 * each state u gets a companion u + du, and added to the loss is
 *   weight sum over nodes of |r(u + du) - r(u)|^2 / (|du|^2 M)
 * of the losses' own r, below; du are waves (samples_waves) of a size between two bounds, in standard deviations. */
struct loss_differences {
    double weight, cycles;
    struct reals size;
};
extern const struct schema loss_differences_schema;
#define LOSS_DIFFERENCES(type)                                                                                              \
    { "differences", P_MAP, offsetof(type, differences), .def = "{weight: 0}", .sub = &loss_differences_schema,             \
      .help = "makes the derivative of the network by its state count: what it makes of waves that are added" }

/* What a loss is a norm of: r (nodes, n), a function of the states v (nodes, n) that the network made of u (n) in a step, of
 * sample `index`; with `fields`, v and r are fields as the network says them, (nodes, doubles of the codec) */
struct grid_loss {
    struct loss base;
    size_t work;   /* doubles of scratch of defect and adjoint */
    bool fields;
    bool relative; /* the loss is |r| / |v - r|, with `fields` the mean of that of each of them; else sum over nodes of
                    * |r|^2 / (scale^2 n M), scale the size of the change at the end of the step, per component; rows of
                    * given boundary values do not count */
    struct loss_differences differences;
    double size[2]; /* of differences */
    /* 0, or positive where a solve failed */
    int (*defect)(const struct grid_loss *, const struct exec *, unsigned long index, const double *u, const double *v,
                  double *r);
    /* dv = (dr/dv)^T r; NULL: dv = r */
    int (*adjoint)(const struct grid_loss *, const struct exec *, struct interval step, const double *v, const double *r,
                   double *dv);
};

/* Fills the base of a loss that was allocated with room for it: gradient, nwork, flops. 0, or -EINVAL after an error line
 * about the key `differences` of config */
int grid_loss_open(struct grid_loss *g, const struct loss_type *type, const struct loss_setup *s,
                   const struct loss_differences *differences, struct node *config);
/* dv (nodes, n) = weight times the gradient, by the states v, of the loss of one sample without its differences; *value +=
 * weight times that loss. 0, or as defect */
int grid_loss_value(const struct grid_loss *g, const struct exec *x, unsigned long index, double weight, const double *u,
                    const double *v, double *dv, double *value);

/* the key `nodes` of losses: collocation nodes, `number` of them unless told otherwise */
struct loss_nodes {
    const char *type, *quadrature;
    long count;
};
extern const struct schema loss_nodes_schema;
int loss_nodes_create(struct collocation **c, const struct node *config, const struct loss_nodes *v);

#endif
