// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* How good a network is: its steps from samples that training does not see, against a numerical scheme. */
#ifndef SPT_VALIDATION_H
#define SPT_VALIDATION_H

#include "codelets/lesson.h"

struct validation {
    const struct neural *neural; /* borrowed */
    struct samples samples;
    struct reference fine;
    double *region; /* (points) 1 inside, 0 outside; owned */
};

/* region: (dims) pairs of bounds, or none: all of the grid; `at` is its config, for error lines. 0, or -EINVAL after one
 * error line, -ENOMEM */
int validation_create(struct validation *v, const struct neural *l, const struct samples *s, struct node *propagator,
                      const struct node *at, const double *bounds, size_t pairs);
void validation_destroy(struct validation *v);

/* Relative l2 errors after one step, over the grid and over the region: of the network, and of doing nothing (identity); and
 * the same of the network's central difference along a smooth perturbation of a tenth of the states' size (jacobian), against
 * the scheme's. Smooth: up to one period over the grid. */
struct validation_facts {
    double l2, region, identity, identity_region, jacobian, jacobian_region, jacobian_identity;
    double failed; /* not 0: the scheme failed */
    /* The same per component that is shown: of what the network says; of what the state that this becomes shows; of doing
     * nothing. Where a problem has fields, l2, region, identity and identity_region are means of `said` and `still`, those of
     * the derivative are of states */
    double said[CODEC_COMPONENTS], shown[CODEC_COMPONENTS], still[CODEC_COMPONENTS];
};
enum { VALIDATION_FACTS = sizeof(struct validation_facts) / sizeof(double) };

size_t validation_truth_size(const struct validation *v); /* doubles */
size_t validation_work(const struct validation *v);       /* doubles of scratch of either */
/* what the scheme makes of a sample: the same for every network */
void validation_truth(const struct validation *v, const struct exec *x, unsigned long index, double *truth);
void validation_compare(const struct validation *v, const struct exec *x, unsigned long index, const void *params,
                        const double *truth, struct validation_facts *facts);

#endif
