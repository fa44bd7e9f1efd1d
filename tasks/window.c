// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tasks/window.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "core/log.h"

starpu_data_handle_t window_state(const struct window *w, long n)
{
    return w->u[n * w->buffers + w->now[n]];
}

struct interval window_slice(const struct window *w, long n)
{
    return interval_part(w->whole, w->first + n, w->total);
}

int window_owner(const struct window *w, long n)
{
    return spt_slice_owner(n, w->slices, w->run->ranks);
}

void window_at(struct window *w, long n, long k, enum role role)
{
    struct spt_meta *m = &w->run->at;
    m->opens = role != ROLE_NONE;
    if (w->nested) {
        m->node = (int)n;
        m->sweep = (int)k;
        return;
    }
    const double span = (double)(w->iterations + 1) * (double)(2 * w->slices + 2);
    const double range = (double)w->run->priority_max - (double)w->run->priority_min;
    double p = (double)(w->iterations - k) * (double)(2 * w->slices + 2) + (double)(w->slices - n) +
               (role == ROLE_FINE ? 0.0 : (double)(w->slices + 1));
    if (range < span)
        p = w->run->priority_min + p / span * range;
    m->slice = (int)(w->first + n);
    m->iteration = (int)k;
    m->role = role;
    m->label = NULL;
    m->cancel = &w->cancel;
    m->priority = (int)p;
}

void window_elsewhere(struct window *w)
{
    if (!w->nested) {
        const int64_t id = w->run->at.id;
        w->run->at =
            (struct spt_meta){ .id = id, .slice = -1, .iteration = -1, .node = -1, .sweep = -1 };
    }
}

void window_predict(struct window *w)
{
    for (long n = 0; n < w->slices; n++) {
        window_at(w, n, 0, ROLE_COARSE);
        w->G->advance(w->G, window_slice(w, n), window_state(w, n), w->gold[n]);
        window_at(w, n, 0, ROLE_NONE);
        spt_copy(w->run, w->gold[n], window_state(w, n + 1));
    }
    window_elsewhere(w);
}

void window_iterate(struct window *w, long k, long active)
{
    int *next = w->current + (k % w->buffers) * (w->slices + 1);
    starpu_data_handle_t *f = w->f + (k % 2) * w->slices;
    starpu_iteration_push((unsigned long)k);
    memcpy(next, w->now, (size_t)(w->slices + 1) * sizeof *next);
    for (long n = active; n < w->slices; n++)
        next[n + 1] = (next[n + 1] + 1) % w->buffers;
    for (long n = active; n < w->slices; n++) {
        window_at(w, n, k, ROLE_FINE);
        w->F->advance(w->F, window_slice(w, n),
                      w->u[n * w->buffers + (n == active ? next[n] : w->now[n])],
                      n == active ? w->u[(n + 1) * w->buffers + next[n + 1]] : f[n]);
    }
    for (long n = active; n < w->slices; n++) {
        const starpu_data_handle_t u_new = w->u[(n + 1) * w->buffers + next[n + 1]];
        if (n > active) {
            window_at(w, n, k, ROLE_COARSE);
            w->G->advance(w->G, window_slice(w, n), w->u[n * w->buffers + next[n]], w->gnew[n]);
            window_at(w, n, k, ROLE_NONE);
            spt_correct(w->run, u_new, w->gnew[n], f[n], w->gold[n]);
            const starpu_data_handle_t swap = w->gold[n];
            w->gold[n] = w->gnew[n];
            w->gnew[n] = swap;
        }
        if (w->known) {
            starpu_data_handle_t *known = w->known + (k % w->buffers) * w->slices;
            window_at(w, n, k, ROLE_NONE);
            spt_increment(w->run, w->tolerance, w->growth, n == active, u_new,
                          window_state(w, n + 1), n == active ? w->start : known[n - 1], known[n]);
        }
    }
    w->now = next;
    starpu_iteration_pop();
    window_elsewhere(w);
}

void window_free(struct window *w)
{
    struct spt *run = w->run;
    for (long i = 0; w->u && i < (w->slices + 1) * w->buffers; i++)
        spt_give(run, w->u[i]);
    for (long n = 0; w->gnew && n < w->slices; n++) {
        spt_give(run, w->f[n]);
        spt_give(run, w->f[w->slices + n]);
        spt_give(run, w->gold[n]);
        spt_give(run, w->gnew[n]);
    }
    for (long i = 0; w->known && i < w->slices * w->buffers; i++)
        spt_give(run, w->known[i]);
    spt_give(run, w->start);
    free(w->u);
    free(w->f);
    free(w->gold);
    free(w->gnew);
    free(w->known);
    free(w->current);
}

int window_open(struct window *w, int at_rank, bool decide)
{
    struct spt *run = w->run;
    const size_t n = w->F->problem->n, N = (size_t)w->slices, B = (size_t)w->buffers;
    w->u = calloc((N + 1) * B, sizeof(*w->u));
    w->f = calloc(2 * N, sizeof(*w->f));
    w->gold = calloc(N, sizeof(*w->gold));
    w->gnew = calloc(N, sizeof(*w->gnew));
    w->known = decide ? calloc(N * B, sizeof(*w->known)) : NULL;
    w->current = calloc(B * (N + 1), sizeof *w->current);
    if (!w->u || !w->f || !w->gold || !w->gnew || !w->current || (decide && !w->known))
        return log_error(-ENOMEM, "out of memory: %ld slices", w->slices);
    w->now = w->current;
    atomic_init(&w->cancel.after, INT_MAX);
    w->u[0] = spt_take(run, n, at_rank >= 0 ? at_rank : window_owner(w, 0));
    for (long i = 0; i < w->slices; i++) {
        const int rank = at_rank >= 0 ? at_rank : window_owner(w, i);
        w->f[i] = spt_take(run, n, rank);
        w->f[w->slices + i] = spt_take(run, n, rank);
        w->gold[i] = spt_take(run, n, rank);
        w->gnew[i] = spt_take(run, n, rank);
        for (size_t b = 0; b < B; b++) {
            w->u[((size_t)i + 1) * B + b] = spt_take(run, n, rank);
            if (decide)
                w->known[b * N + (size_t)i] = spt_take(run, PROGRESS_DOUBLES, rank);
        }
    }
    if (decide)
        w->start = spt_take(run, PROGRESS_DOUBLES, window_owner(w, 0));
    return 0;
}
