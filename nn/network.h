// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A network: a chain of layers with their parameters, declared in YAML, kept in safetensors files. */
#ifndef SPT_NETWORK_H
#define SPT_NETWORK_H

#include <stdio.h>

#include "core/config.h"
#include "nn/codec.h"
#include "nn/layer.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NETWORK_LAYERS = 32 };

/* Layers first..last-1 that are one task with granularity `layer`: "lift", "fourier.0", "project" */
struct stage {
    char name[TENSOR_NAME];
    int first, last;
};

struct network {
    const char *kind; /* fno, mlp */
    enum dtype dtype;
    int nlayers, nstages;
    struct layer *layers[NETWORK_LAYERS];
    size_t offset[NETWORK_LAYERS]; /* of a layer's parameters in params, in reals; multiples of 16 */
    struct stage stages[NETWORK_LAYERS];
    size_t nparams;                /* reals in params, gaps included */
    size_t parameters;             /* real parameters: what is printed */
    void *params;                  /* host, 64-byte aligned; owned */
    char *description;             /* the node that it was made from, defaults filled in: JSON, which is YAML, in one line */
    struct codec codec;            /* states -> input, output -> states */
    double flops, bytes;           /* forward, per sample */
};

/* One row per kind of network in nn/network.c: what stands under `network:` in a config. create appends layers
 * (nn/network_private.h). */
struct network_type {
    const char *name, *help;
    const struct schema *schema;
    int (*create)(struct network *n, const struct grid *g, bool boundary, struct node *config);
};
extern const struct network_type *const network_types[]; /* ends with NULL */

/* From a `network:` node, for states on a grid (borrowed); boundary: the problem imposes values in its ends. Parameters are
 * those of seed 0. 0, or -EINVAL after one error line, -ENOMEM */
int network_create(struct network **n, const struct grid *g, bool boundary, struct node *config);
/* Parameters are drawn from the seed, the same bits on every machine; float32 rounds float64. */
void network_initialise(struct network *n, unsigned long seed);
void network_destroy(struct network **n); /* accepts NULL inside */
/* a table of layers, tensors, shapes and numbers of parameters */
void network_describe(const struct network *n, FILE *out);

/* Scratch, in doubles, of network_forward for a batch; input and output activations are the caller's. */
size_t network_forward_work(const struct network *n, size_t batch);
/* y = layers first..last-1 of x; params on the device of x. Intermediate activations come from scratch. */
void network_forward(const struct network *n, const struct exec *x, int first, int last, size_t batch, const void *params,
                     const void *in, void *out);

/* Forward with everything kept, and backward: kept (batch * network_kept reals) is written by the first and read by the
 * second. dparams (nparams) += gradient; dout may be overwritten. */
size_t network_kept(const struct network *n); /* reals per sample, intermediate activations included; a multiple of 16 */
size_t network_backward_work(const struct network *n, size_t batch); /* of either */
void network_forward_keep(const struct network *n, const struct exec *x, size_t batch, const void *params, const void *in,
                          void *out, void *kept);
void network_backward(const struct network *n, const struct exec *x, size_t batch, const void *params, const void *in,
                      const void *kept, void *dout, void *dparams);

/* A weights file: safetensors, named by layer and tensor (docs/networks.md). `meta`: pairs key, value, ends with NULL; may be
 * NULL. Added are `format`, `version`, `network` (the node: `config`, or if NULL the one that it was created from), `codec`
 * (statistics) and `grid`. Written whole or not at all. 0 or -errno after an error line. */
int network_save(const struct network *n, struct node *config, const char *path, const char *const *meta);
/* The tensors and the statistics of a file into a network that was created: names and shapes must agree (F64 files are
 * rounded to float32 networks), values must be finite. The network is unchanged unless 0; -EINVAL after one error line that
 * names file, tensor and both shapes. Warns if the file was made for another grid. */
int network_load(struct network *n, const char *path);
/* A network as the file's `network` says, with its parameters. 0 or -errno after an error line. */
int network_open(struct network **n, const struct grid *g, bool boundary, const char *path);
/* A value of the file's metadata, to be freed; NULL if it has no such key. 0 or -errno after an error line. */
int network_meta(const char *path, const char *key, char **value);

#ifdef __cplusplus
}
#endif
#endif
