// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* State handles: a pool of them, and the host's access. */
#include <string.h>

#include "core/spt_private.h"

struct data {
    starpu_data_handle_t handle;
    int64_t tag;
    size_t n;
    int owner;
    struct bucket *bucket;
    struct data *next, *next_free;
};

struct bucket { /* of handles of one size and owner: a run has a few */
    size_t n;
    int owner;
    struct data *free;
    struct bucket *next;
};

struct spt_pool {
    struct data *all;
    struct bucket *buckets;
};

static struct data *data_of(starpu_data_handle_t h)
{
    return starpu_data_get_user_data(h);
}

int64_t spt_tag(starpu_data_handle_t h)
{
    const struct data *d = data_of(h);
    return d ? d->tag : -1;
}

int spt_owner(starpu_data_handle_t h)
{
    return data_of(h)->owner;
}

size_t spt_size(starpu_data_handle_t h)
{
    return data_of(h)->n;
}

starpu_data_handle_t spt_take(struct spt *run, size_t n, int owner)
{
    if (!run->pool)
        SPT_CHECK((run->pool = calloc(1, sizeof *run->pool)));
    struct bucket *b = run->pool->buckets;
    while (b && (b->n != n || b->owner != owner))
        b = b->next;
    if (!b) {
        SPT_CHECK((b = calloc(1, sizeof *b)));
        *b = (struct bucket){ n, owner, NULL, run->pool->buckets };
        run->pool->buckets = b;
    }
    struct data *d = b->free;
    if (d)
        b->free = d->next_free;
    else {
        SPT_CHECK((d = calloc(1, sizeof *d)));
        *d = (struct data){
            .tag = run->next_tag++, .n = n, .owner = owner, .bucket = b, .next = run->pool->all
        };
        starpu_vector_data_register(&d->handle, -1, 0, (uint32_t)n, sizeof(double));
        starpu_data_set_user_data(d->handle, d);
#if SPT_MPI
        if (run->mpi)
            starpu_mpi_data_register_comm(d->handle, d->tag, owner, run->comm);
#endif
        run->pool->all = d;
        if (owner == run->rank) {
            run->handles++;
            run->state_bytes += n * sizeof(double);
        }
        if (run->state_bytes > run->state_bytes_peak)
            run->state_bytes_peak = run->state_bytes;
        if (run->handles > run->handles_peak)
            run->handles_peak = run->handles;
    }
    return d->handle;
}

void spt_give(struct spt *run, starpu_data_handle_t h)
{
    if (!h)
        return;
#if SPT_MPI
    if (run->mpi)
        starpu_mpi_cache_flush(run->comm, h);
#endif
    struct data *d = data_of(h);
    d->next_free = d->bucket->free;
    d->bucket->free = d;
}

starpu_data_handle_t spt_scratch(struct spt *run, size_t n)
{
    starpu_data_handle_t h;
    starpu_vector_data_register(&h, -1, 0, (uint32_t)(n ? n : 1), sizeof(double));
#if SPT_MPI
    if (run->mpi) /* a tag for StarPU-MPI's sake: scratch is never sent */
        starpu_mpi_data_register_comm(h, run->next_tag, run->rank, run->comm);
#endif
    run->next_tag++;
    return h;
}

void spt_scratch_free(struct spt *run, starpu_data_handle_t h)
{
    (void)run;
    if (h)
        starpu_data_unregister_submit(h);
}

void spt_put(struct spt *run, starpu_data_handle_t h, const double *u)
{
    if (spt_owner(h) == run->rank) {
        starpu_data_acquire(h, STARPU_W);
        memcpy((double *)starpu_vector_get_local_ptr(h), u, spt_size(h) * sizeof *u);
        starpu_data_release(h);
    }
#if SPT_MPI
    if (run->mpi) /* what other ranks hold of it is old */
        starpu_mpi_cache_flush(run->comm, h);
#endif
}

static void copy_out(starpu_data_handle_t h, double *u)
{
    starpu_data_acquire(h, STARPU_R);
    memcpy(u, (const double *)starpu_vector_get_local_ptr(h), spt_size(h) * sizeof *u);
    starpu_data_release(h);
}

void spt_get(struct spt *run, starpu_data_handle_t h, double *u)
{
#if SPT_MPI
    if (run->mpi)
        starpu_mpi_get_data_on_node_detached(run->comm, h, 0, NULL, NULL);
#endif
    if (run->rank == 0)
        copy_out(h, u);
}

void spt_get_all(struct spt *run, starpu_data_handle_t h, double *u)
{
#if SPT_MPI
    if (run->mpi)
        starpu_mpi_get_data_on_all_nodes_detached(run->comm, h);
#endif
    copy_out(h, u);
}

void spt_fetch(struct spt *run, starpu_data_handle_t h, double *u)
{
    spt_get(run, h, u);
#if SPT_MPI
    if (run->mpi)
        starpu_mpi_cache_flush(run->comm, h);
#endif
}

void spt_await(struct spt *run, starpu_data_handle_t h)
{
    if (spt_owner(h) == run->rank) {
        starpu_data_acquire(h, STARPU_R);
        starpu_data_release(h);
    }
}

void spt_wait(struct spt *run)
{
#if SPT_MPI
    if (run->mpi) {
        starpu_mpi_wait_for_all(run->comm);
        starpu_mpi_barrier(run->comm);
        return;
    }
#endif
    (void)run;
    starpu_task_wait_for_all();
}

int spt_slice_owner(long slice, long slices, int ranks)
{
    return (int)(slice * ranks / slices);
}

void spt_forget_data(struct spt *run)
{
    for (struct data *d = run->pool ? run->pool->all : NULL, *next; d; d = next) {
        next = d->next;
        starpu_data_unregister_no_coherency(d->handle);
        free(d);
    }
    for (struct bucket *b = run->pool ? run->pool->buckets : NULL, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(run->pool);
    exec_close_devices();
}
