// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Networks in safetensors files: tensors by layer, and in the metadata what it takes to use them.
 */
#include <assert.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_json.h"
#include "core/log.h"
#include "nn/network.h"
#include "nn/safetensors.h"
#include "spt_config.h"

enum { NAME = 2 * TENSOR_NAME, METADATA_PAIRS = 32 };

static const char *full_name(const struct layer *l, int i, char text[NAME])
{
    snprintf(text, NAME, "%s.%s", l->name, l->tensors[i].name);
    return text;
}

static void *layer_params(const struct network *n, int l)
{
    return (char *)n->params + n->offset[l] * dtype_size(n->dtype);
}

/* ---- metadata ---- */

static json_t *json_list(const double *v, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_real(v[i]));
    return list;
}

static char *codec_text(const struct codec *c)
{
    json_t *scale = json_array();
    for (int m = 0; m < c->nodes; m++)
        json_array_append_new(scale, json_list(c->scale[m], c->components));
    json_t *j = json_pack("{so so so}", "mean", json_list(c->mean, c->components), "std",
                          json_list(c->std, c->components), "scale", scale);
    char *text = j ? json_dumps(j, 0) : NULL;
    json_decref(j);
    return text;
}

static char *grid_text(const struct codec *c)
{
    json_t *shape = json_array(), *periodic = json_array();
    for (int a = 0; a < c->dims; a++) {
        json_array_append_new(shape, json_integer((json_int_t)c->shape[a]));
        json_array_append_new(periodic, json_boolean(c->grid->periodic[a]));
    }
    json_t *j = json_pack("{si so so sb}", "components", c->components, "points", shape, "periodic",
                          periodic, "boundary", (int)c->boundary);
    char *text = j ? json_dumps(j, 0) : NULL;
    json_decref(j);
    return text;
}

static char *network_text(const struct network *n, struct node *config)
{
    if (!config)
        return strdup(n->description);
    json_t *j = config_json(config);
    char *text = j ? json_dumps(j, 0) : NULL;
    json_decref(j);
    return text;
}

/* count numbers; `positive`: above 0 */
static int read_numbers(const char *path, const char *what, const json_t *list, int count,
                        bool positive, double *v)
{
    if (json_array_size(list) != (size_t)count)
        return log_error(-EINVAL, "%s: codec: %s: expected %d numbers, got %zu", path, what, count,
                         json_array_size(list));
    for (int i = 0; i < count; i++) {
        const json_t *number = json_array_get(list, (size_t)i);
        v[i] = json_number_value(number);
        if (!json_is_number(number) || (positive && !(v[i] > 0)))
            return log_error(-EINVAL, "%s: codec: %s: expected %snumbers", path, what,
                             positive ? "positive " : "");
    }
    return 0;
}

static int read_codec(const char *path, const char *text, struct codec *c)
{
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const json_t *scale = json_object_get(j, "scale");
    int err = 0;
    if (!json_is_object(j))
        err = log_error(-EINVAL, "%s: codec: expected a JSON object", path);
    else if (json_array_size(scale) != (size_t)c->nodes)
        err = log_error(-EINVAL, "%s: codec: scale: expected %d lists, one per node, got %zu", path,
                        c->nodes, json_array_size(scale));
    else if (!(err = read_numbers(path, "mean", json_object_get(j, "mean"), c->components, false,
                                  c->mean)))
        err = read_numbers(path, "std", json_object_get(j, "std"), c->components, true, c->std);
    for (int m = 0; m < c->nodes && !err; m++)
        err = read_numbers(path, "scale", json_array_get(scale, (size_t)m), c->components, false,
                           c->scale[m]);
    json_decref(j);
    return err;
}

/* ---- writing ---- */

int network_save(const struct network *n, struct node *config, const char *path,
                 const char *const *meta)
{
    const size_t bytes = dtype_size(n->dtype);
    struct safetensor t[NETWORK_LAYERS * LAYER_TENSORS];
    char names[NETWORK_LAYERS * LAYER_TENSORS][NAME];
    const char *pairs[2 * METADATA_PAIRS + 1];
    char *network = network_text(n, config), *codec = codec_text(&n->codec),
         *grid = grid_text(&n->codec), *values = malloc(n->nparams * bytes), *at = values;
    const char *own[] = { "format", "starpint", "version", SPT_VERSION, "network", network,
                          "codec",  codec,      "grid",    grid,        NULL };
    size_t count = 0, k = 0;
    int err;
    if (!network || !codec || !grid || !values) {
        err = log_error(-ENOMEM, "%s: out of memory", path);
        goto out;
    }
    for (int l = 0; l < n->nlayers; l++)
        for (int i = 0; i < n->layers[l]->ntensors; i++) {
            const struct tensor *from = &n->layers[l]->tensors[i];
            t[count] = (struct safetensor){ .name = full_name(n->layers[l], i, names[count]),
                                            .dtype = n->dtype,
                                            .dims = from->dims,
                                            .count = from->count,
                                            .data = at };
            memcpy(t[count].shape, from->shape, sizeof from->shape);
            n->layers[l]->unpack(n->layers[l], i, layer_params(n, l), at);
            at += from->count * bytes;
            count++;
        }
    for (; own[k]; k++)
        pairs[k] = own[k];
    for (; meta && *meta; meta++) {
        assert(k < 2 * METADATA_PAIRS);
        pairs[k++] = *meta;
    }
    pairs[k] = NULL;
    err = safetensors_write(path, t, count, pairs);
out:
    free(network);
    free(codec);
    free(grid);
    free(values);
    return err;
}

/* ---- reading ---- */

static const struct tensor *find(const struct network *n, const char *name)
{
    char text[NAME];
    for (int l = 0; l < n->nlayers; l++)
        for (int i = 0; i < n->layers[l]->ntensors; i++)
            if (!strcmp(full_name(n->layers[l], i, text), name))
                return &n->layers[l]->tensors[i];
    return NULL;
}

static bool same_shape(const struct tensor *t, const struct safetensor *s)
{
    bool same = t->dims == s->dims;
    for (int d = 0; same && d < t->dims; d++)
        same = t->shape[d] == s->shape[d];
    return same;
}

/* every tensor of the network is in the file, in its shape, and no other one */
static int check_tensors(const struct network *n, const char *path, const struct safetensors *s)
{
    char text[NAME], ours[SAFETENSORS_SHAPE], theirs[SAFETENSORS_SHAPE];
    size_t count;
    const struct safetensor *all = safetensors_tensors(s, &count);
    for (int l = 0; l < n->nlayers; l++)
        for (int i = 0; i < n->layers[l]->ntensors; i++) {
            const struct tensor *t = &n->layers[l]->tensors[i];
            const char *name = full_name(n->layers[l], i, text);
            const struct safetensor *in = safetensors_find(s, name);
            safetensors_shape(ours, t->dims, t->shape);
            if (!in)
                return log_error(-EINVAL, "%s: tensor '%s': expected shape %s, not in the file",
                                 path, name, ours);
            if (!same_shape(t, in))
                return log_error(-EINVAL, "%s: tensor '%s': expected shape %s, got %s", path, name,
                                 ours, safetensors_shape(theirs, in->dims, in->shape));
            for (size_t k = 0; k < in->count && n->dtype == DTYPE_F32 && in->dtype == DTYPE_F64;
                 k++)
                if (!isfinite((float)((const double *)in->data)[k]))
                    return log_error(-EINVAL, "%s: tensor '%s': value %zu is too large for float32",
                                     path, name, k);
        }
    for (size_t i = 0; i < count; i++)
        if (!find(n, all[i].name))
            return log_error(-EINVAL, "%s: tensor '%.80s': not in this network (%s)", path,
                             all[i].name, n->description);
    return 0;
}

static void convert(enum dtype to, void *out, const struct safetensor *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const double v = s->dtype == DTYPE_F32 ? (double)((const float *)s->data)[i]
                                               : ((const double *)s->data)[i];
        if (to == DTYPE_F32)
            ((float *)out)[i] = (float)v;
        else
            ((double *)out)[i] = v;
    }
}

static int load(struct network *n, const char *path, const struct safetensors *s)
{
    const char *codec = safetensors_meta(s, "codec"), *grid = safetensors_meta(s, "grid");
    struct codec statistics = n->codec;
    char text[NAME];
    int err = check_tensors(n, path, s);
    if (!err && codec)
        err = read_codec(path, codec, &statistics);
    if (err)
        return err;
    void *values = malloc(n->nparams * dtype_size(n->dtype));
    char *own = grid_text(&n->codec);
    if (!values || !own) {
        err = log_error(-ENOMEM, "%s: out of memory", path);
        goto out;
    }
    if (grid && strcmp(grid, own))
        log_warn("%s: made for the grid %.200s, used on %s", path, grid, own);
    n->codec = statistics;
    for (int l = 0; l < n->nlayers; l++)
        for (int i = 0; i < n->layers[l]->ntensors; i++) {
            convert(n->dtype, values, safetensors_find(s, full_name(n->layers[l], i, text)));
            n->layers[l]->pack(n->layers[l], i, values, layer_params(n, l));
        }
out:
    free(values);
    free(own);
    return err;
}

int network_load(struct network *n, const char *path)
{
    struct safetensors *s;
    int err = safetensors_open(&s, path, NULL);
    if (!err)
        err = load(n, path, s);
    safetensors_close(&s);
    return err;
}

int network_open(struct network **n, const struct grid *g, bool boundary, const char *path)
{
    struct safetensors *s;
    struct config *c = NULL;
    *n = NULL;
    int err = safetensors_open(&s, path, NULL);
    const char *text = err ? NULL : safetensors_meta(s, "network");
    if (!err && !text)
        err = log_error(-EINVAL, "%s: expected the key 'network' in its metadata", path);
    if (!err)
        err = config_parse(&c, path, text);
    if (!err && (err = network_create(n, g, boundary, config_root(c))) == -ENOMEM)
        log_error(err, "%s: out of memory", path);
    if (!err && (err = load(*n, path, s)))
        network_destroy(n);
    config_destroy(&c);
    safetensors_close(&s);
    return err;
}

int network_meta(const char *path, const char *key, char **value)
{
    struct safetensors *s;
    *value = NULL;
    int err = safetensors_open(&s, path, NULL);
    const char *text = err ? NULL : safetensors_meta(s, key);
    if (text && !(*value = strdup(text)))
        err = log_error(-ENOMEM, "%s: out of memory", path);
    safetensors_close(&s);
    return err;
}
