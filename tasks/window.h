// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A window of Parareal's slices: its handles, and the tasks of an iteration. */
#ifndef SPT_WINDOW_H
#define SPT_WINDOW_H

#include "tasks/propagator.h"

/* The handles of one window of slices. u[n] is the value at the start of slice n; it is kept in
 * lookahead + 2 copies: an iteration submitted ahead never overwrites the result of the one that
 * turns out to be the last, nor waits for tasks that still read what it overwrites. */
struct window {
    struct spt *run;
    struct propagator *F, *G;
    struct interval
        whole; /* cut into `total` slices; this window has n = 0..slices-1, counted from `first` */
    long total, first, slices, iterations;
    int buffers;
    bool nested; /* inside another method's slice: that one owns the meta data and the decisions */
    double tolerance, growth;
    starpu_data_handle_t *u; /* (slices + 1, buffers) */
    starpu_data_handle_t *f; /* (2, slices) by k % 2: F need not wait for the last correction */
    starpu_data_handle_t *gold, *gnew; /* (slices) */
    starpu_data_handle_t *known,
        start;    /* (slices, buffers) struct progress; before the first slice */
    int *current; /* (buffers, slices + 1) which copy of u[n] is U_n^k, by k % buffers */
    int *now;     /* the row of the newest iteration */
    struct cancel cancel;
};

/* Takes the handles, all on one rank if at_rank >= 0, with those of the decisions if asked for;
 * u[0] never changes and has one copy. 0 or -ENOMEM after an error line */
int window_open(struct window *w, int at_rank, bool decide);
void window_free(struct window *w);

starpu_data_handle_t window_state(const struct window *w, long n); /* the newest U_n */
struct interval window_slice(const struct window *w, long n);
int window_owner(const struct window *w, long n); /* the rank of slice n */

/* Where the next task belongs. Earlier iterations first, then earlier slices: the longest remaining
 * path; the serial chain of G and corrections before the parallel F. */
void window_at(struct window *w, long n, long k, enum role role);
void window_elsewhere(struct window *w);

/* U_{n+1}^0 = G(U_n^0) */
void window_predict(struct window *w);

/* U^k from U^{k-1} on the slices from `active` on; the start value of the first of them is final,
 * so its G has not changed and its correction is F itself */
void window_iterate(struct window *w, long k, long active);

#endif
