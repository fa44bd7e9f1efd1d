// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Checkpoints of a training. Tensors: params (in the order of kernels), optimiser, codec (mean,
 * std, scale of the nodes, low, high; each per component), progress (updates, first loss, seconds),
 * losses (updates, 3), validations (any, 33). */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/config_json.h"
#include "core/log.h"
#include "drivers/training.h"
#include "nn/safetensors.h"

enum { STATISTICS = 4 + CODEC_NODES };

static const char file[] = "checkpoint.safetensors", format[] = "starpint-training-2";

/* ---------------------------------------------------------------- configs */

/* what has to be the same when training goes on */
static json_t *identity(const struct training *t)
{
    static const char *const keys[] = { "problem", "time", "train" }, *const free_keys[] = {
        "steps", "checkpoint", "validation", "divergence"
    };
    json_t *all = config_json(config_root(t->config)), *kept = json_object();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_object_set(kept, keys[i], json_object_get(all, keys[i]));
    for (size_t i = 0; i < sizeof free_keys / sizeof *free_keys; i++)
        json_object_del(json_object_get(kept, "train"), free_keys[i]);
    json_t *data = json_object_get(json_object_get(kept, "train"), "data");
    if (data)
        json_object_del(data, "file");
    json_decref(all);
    return kept;
}

static int check_config(const struct training *t, const char *path, const char *text)
{
    json_t *was = text ? json_loads(text, 0, NULL) : NULL, *is = identity(t);
    const struct node *where = NULL;
    const json_t *old = NULL;
    int err = 0;
    if (!was)
        err = log_error(-EINVAL, "%s: expected the key 'config' in its metadata", path);
    else if (config_difference(was, is, config_root(t->config), &where, &old)) {
        char *said = old ? json_dumps(old, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) : NULL;
        err = config_error(where, "%s was trained with %.200s here: --resume goes on with the same",
                           path, said ? said : "nothing");
        free(said);
    }
    json_decref(was);
    json_decref(is);
    return err;
}

/* ---------------------------------------------------------------- the file */

static size_t pack_codec(struct training *t, double *packed, bool into)
{
    struct codec *c = &t->network->codec;
    double *parts[STATISTICS] = { c->mean, c->std, t->low, t->high };
    size_t n = 0;
    for (int m = 0; m < c->nodes; m++)
        parts[4 + m] = c->scale[m];
    for (int i = 0; i < 4 + c->nodes; i++)
        for (int k = 0; k < c->components; k++, n++) {
            if (into)
                packed[n] = parts[i][k];
            else
                parts[i][k] = packed[n];
        }
    return n;
}

static struct safetensor tensor(const char *name, enum dtype dtype, size_t rows, size_t columns,
                                const void *data)
{
    return (struct safetensor){ .name = name,
                                .dtype = dtype,
                                .dims = columns ? 2 : 1,
                                .shape = { rows, columns },
                                .count = rows * (columns ? columns : 1),
                                .data = data };
}

static enum dtype state_dtype(const struct training *t)
{
    return t->optimiser.type->full_batch ? DTYPE_F64 : t->network->dtype;
}

/* reals of the optimiser, without the tail */
static size_t state_reals(const struct training *t)
{
    const size_t n = optimiser_state(&t->optimiser, t->network->dtype, t->network->nparams);
    return state_dtype(t) == DTYPE_F32 ? 2 * n : n;
}

static struct train_tail *tail(const struct training *t)
{
    return (struct train_tail *)(t->state.state + t->state.nstate) - 1;
}

enum {
    ENTRY = sizeof(struct train_entry) / sizeof(double),
    VALIDATION = sizeof(struct train_validation) / sizeof(double)
};

int checkpoint_write(const struct training *t)
{
    const struct train_state *s = &t->state;
    double codec[STATISTICS * CODEC_COMPONENTS];
    const double progress[] = { tail(t)->done, tail(t)->first, s->seconds };
    const size_t statistics = pack_codec((struct training *)t, codec, true);
    struct safetensor tensors[] = {
        tensor("params", t->network->dtype, t->network->nparams, 0, s->params),
        tensor("optimiser", state_dtype(t), state_reals(t), 0, s->state),
        tensor("codec", DTYPE_F64, statistics, 0, codec),
        tensor("progress", DTYPE_F64, 3, 0, progress),
        tensor("losses", DTYPE_F64, (size_t)s->done, ENTRY, s->entry),
        tensor("validations", DTYPE_F64, (size_t)s->validations, VALIDATION, s->validation),
    };
    json_t *j = identity(t);
    char *config = json_dumps(j, JSON_REAL_PRECISION(17)), *path = NULL;
    const char *meta[] = { "format", format, "config", config, NULL };
    int err;
    json_decref(j);
    if (!config || asprintf(&path, "%s/%s", t->dir, file) < 0) {
        free(config);
        return log_error(-ENOMEM, "out of memory");
    }
    /* empty tensors are left out */
    const size_t count = 4 + (s->done > 0) + (s->done > 0 && s->validations > 0);
    err = safetensors_write(path, tensors, count, meta);
    free(config);
    free(path);
    return err;
}

/* rows of a tensor; -EINVAL after an error line */
static int read_tensor(const char *path, const struct safetensors *s, const char *name,
                       enum dtype dtype, size_t count, void *out)
{
    const struct safetensor *t = safetensors_find(s, name);
    if (!t || t->dtype != dtype || t->count != count)
        return log_error(-EINVAL,
                         "%s: tensor '%s': expected %zu numbers of %s, got %zu: the checkpoint of "
                         "another training",
                         path, name, count, dtype == DTYPE_F32 ? "F32" : "F64", t ? t->count : 0);
    memcpy(out, t->data, count * dtype_size(dtype));
    return 0;
}

static int read_tensors(struct training *t, const char *path, const struct safetensors *f)
{
    struct train_state *s = &t->state;
    double codec[STATISTICS * CODEC_COMPONENTS], progress[3];
    const size_t statistics = pack_codec(t, codec, true);
    const struct safetensor *validations = safetensors_find(f, "validations");
    int err;
    if ((err = read_tensor(path, f, "progress", DTYPE_F64, 3, progress)) ||
        (err = read_tensor(path, f, "params", t->network->dtype, t->network->nparams, s->params)) ||
        (err = read_tensor(path, f, "optimiser", state_dtype(t), state_reals(t), s->state)) ||
        (err = read_tensor(path, f, "codec", DTYPE_F64, statistics, codec)))
        return err;
    const double done = progress[0];
    if (!(done >= 0) || done != floor(done) || done > 1e12)
        return log_error(-EINVAL, "%s: tensor 'progress': expected a number of steps, got %g", path,
                         done);
    if (done > (double)t->v.train.steps)
        return config_key_error(config_child(config_root(t->config), "train"), "steps",
                                "expected at least %.0f, the steps that %s has done", done, path);
    if (done > 0 &&
        (err = read_tensor(path, f, "losses", DTYPE_F64, (size_t)done * ENTRY, s->entry)))
        return err;
    for (size_t i = 0; validations && i + VALIDATION <= validations->count; i += VALIDATION) {
        struct train_validation v;
        memcpy(&v, (const double *)validations->data + i, sizeof v);
        if ((err = train_state_validated(s, &v)))
            return err;
    }
    pack_codec(t, codec, false);
    s->done = (long)done;
    tail(t)->done = done;
    tail(t)->first = progress[1];
    s->seconds = progress[2];
    return 0;
}

int checkpoint_read(struct training *t)
{
    struct safetensors *s = NULL;
    char *path;
    int err;
    if (asprintf(&path, "%s/%s", t->dir, file) < 0)
        return log_error(-ENOMEM, "out of memory");
    if (!(err = safetensors_open(&s, path, NULL)) &&
        (!safetensors_meta(s, "format") || strcmp(safetensors_meta(s, "format"), format)))
        err = log_error(-EINVAL, "%s: not a checkpoint of a training (format %s)", path, format);
    if (!err && !(err = check_config(t, path, safetensors_meta(s, "config"))))
        err = read_tensors(t, path, s);
    safetensors_close(&s);
    free(path);
    return err && err != -ENOMEM ? -EINVAL : err;
}
