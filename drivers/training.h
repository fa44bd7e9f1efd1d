// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What `starpint train` reads and what it writes. */
#ifndef SPT_DRIVERS_TRAINING_H
#define SPT_DRIVERS_TRAINING_H

#include <jansson.h>

#include "drivers/schema.h"
#include "tasks/train.h"

struct validation_params {
    long samples, every;
    struct node *propagator;
    struct complexes region; /* pairs of bounds */
};
struct train_params {
    struct node *network, *loss, *optimiser;
    long slices, steps, batch, shards, seed, checkpoint;
    double divergence;
    struct validation_params validation;
    struct node *data;
};
struct training_params {
    struct node *problem;
    struct time_params time;
    struct train_params train;
    struct machine_params machine;
    struct trace_params trace;
};
extern const struct schema training_schema, train_schema; /* the whole config; what stands under `train:` */

/* Everything of one training; what is not NULL is to be freed. */
struct training {
    struct spt run;
    struct config *config;
    struct training_params v;
    struct problem *problem;
    struct network *network;
    struct neural neural;
    struct dataset *data; /* NULL: random states */
    struct dataset_params data_params;
    struct loss *loss;
    struct optimiser optimiser;
    struct validation validation;
    bool validates;
    double low[CODEC_COMPONENTS], high[CODEC_COMPONENTS]; /* range of the states seen */
    struct train_state state;
    struct train_failure failure;
    const char *dir;
};

/* DIR/checkpoint.safetensors: parameters, what the optimiser remembers, losses so far, and the config that they belong to */
int checkpoint_write(const struct training *t);
/* Into a training that is ready to start: codec and state. -EINVAL after an error line: it is damaged, or its config
 * is another one in more than how long to train and what to write */
int checkpoint_read(struct training *t);

/* DIR/weights.safetensors; DIR/loss.csv, DIR/loss.png. 0 or -errno after an error line */
int training_weights(struct training *t);
int training_csv(const struct training *t);
int draw_loss(const struct training *t);

json_t *training_summary(const struct training *t, const char *status, double wall_seconds, const struct trace *trace,
                         size_t bus_bytes, const int workers[2]);
void training_print(const json_t *summary, const char *dir);

#endif
