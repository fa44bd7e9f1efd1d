// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tasks/trained.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/config_json.h"
#include "core/log.h"

void trained_close(struct trained *t)
{
    problem_destroy(&t->problem);
    config_destroy(&t->config);
    safetensors_close(&t->file);
}

/* a key of the metadata, or NULL after an error line */
static const char *meta(const struct trained *t, const char *key)
{
    const char *text = safetensors_meta(t->file, key);
    if (!text)
        log_error(-EINVAL,
                  "%s: expected the key '%s' in its metadata: is it written by starpint train?",
                  t->path, key);
    return text;
}

int trained_open(struct trained *t, const char *path)
{
    const char *problem;
    t->path = path;
    int err = safetensors_open(&t->file, path, NULL);
    if (err)
        return err == -ENOMEM ? err : -EINVAL;
    if (!(problem = meta(t, "problem")))
        return -EINVAL;
    if ((err = config_parse(&t->config, path, problem)))
        return err;
    return problem_create(&t->problem, config_root(t->config));
}

int trained_numbers(const struct trained *t, const char *key, int count, double *v)
{
    const char *text = safetensors_meta(t->file, key);
    if (!text)
        return 0;
    json_t *list = json_loads(text, 0, NULL);
    int ok = (int)json_array_size(list) == count;
    for (int i = 0; i < count && ok; i++) {
        const json_t *number = json_array_get(list, (size_t)i);
        ok = json_is_number(number);
        v[i] = json_number_value(number);
    }
    json_decref(list);
    return ok ? 1
              : log_error(-EINVAL, "%s: %s: expected a list of %d numbers, got '%.60s'", t->path,
                          key, count, text);
}

/* ---------------------------------------------------------------- another problem */

static bool same_number(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b));
}

int trained_check(const struct trained *t, const struct problem *p, const struct node *config)
{
    const struct grid *a = neural_grid(t->problem), *b = neural_grid(p);
    if (strcmp(t->problem->name, p->name))
        return config_key_error(config, "weights", "%s was trained for problem %s, this is %s",
                                t->path, t->problem->name, p->name);
    if (a->dims != b->dims || a->components != b->components)
        return config_key_error(
            config, "weights",
            "%s was trained for %d component%s on %d ax%ss, this problem has %d on %d", t->path,
            a->components, a->components > 1 ? "s" : "", a->dims, a->dims > 1 ? "e" : "i",
            b->components, b->dims);
    for (int i = 0; i < a->dims; i++) {
        if (a->periodic[i] != b->periodic[i] || neural_boundary(t->problem) != neural_boundary(p))
            return config_key_error(config, "weights",
                                    "%s was trained with other boundaries than this problem's",
                                    t->path);
        if (!same_number(a->length[i], b->length[i]) || !same_number(a->x[i][0], b->x[i][0]))
            return config_key_error(config, "weights",
                                    "%s was trained on %s in [%g, %g], this problem has [%g, %g]",
                                    t->path, a->axis[i], a->x[i][0], a->x[i][0] + a->length[i],
                                    b->x[i][0], b->x[i][0] + b->length[i]);
    }
    return 0;
}

static bool same_value(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return same_number(json_number_value(a), json_number_value(b));
    if (!json_is_array(a) || !json_is_array(b))
        return json_equal(a, b);
    bool same = json_array_size(a) == json_array_size(b);
    for (size_t i = 0; same && i < json_array_size(a); i++)
        same = same_value(json_array_get(a, i), json_array_get(b, i));
    return same;
}

int trained_warn(const struct trained *t, const struct node *problem)
{
    static const char *const known[] = { "name",   "grid", "concentration", "initial", "domain",
                                         "length", NULL };
    json_t *was = config_json(config_root(t->config)), *is = config_json(problem), *value;
    const char *key;
    int err = was && is ? 0 : -ENOMEM;
    json_object_foreach(is, key, value)
    {
        const json_t *old = json_object_get(was, key);
        int i = 0;
        while (known[i] && strcmp(known[i], key))
            i++;
        if (known[i] || !old || same_value(old, value))
            continue;
        char *a = json_dumps(old, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6)),
             *b = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
        log_warn("%s: trained for %s %s, used with %s", t->path, key, a, b);
        free(a);
        free(b);
    }
    json_decref(was);
    json_decref(is);
    return err;
}

/* ---------------------------------------------------------------- the network */

int trained_load(const struct trained *t, struct neural *s, struct network **network,
                 double *length)
{
    const char *step = meta(t, "step");
    char *end;
    int err;
    if (!step)
        return -EINVAL;
    *length = strtod(step, &end);
    if (*end || !(*length > 0.0 && isfinite(*length)))
        return log_error(-EINVAL, "%s: step: expected a positive number, got '%.60s'", t->path,
                         step);
    err = network_open(network, neural_grid(s->problem), neural_boundary(s->problem), t->path);
    if (err)
        return err == -ENOMEM ? err : -EINVAL;
    const struct network *n = *network;
    const struct codec *c = &n->codec;
    exec_constant(n->params, n->nparams * dtype_size(n->dtype));
    s->network = *network;
    s->tau[c->nodes - 1] = 1.0;
    if ((err = trained_numbers(t, "nodes", c->nodes, s->tau)) < 0)
        return err;
    bool inside = err > 0 || c->nodes == 1;
    for (int m = 0; m < c->nodes; m++)
        inside = inside && s->tau[m] > 0.0 && s->tau[m] <= 1.0;
    if (!inside || s->tau[c->nodes - 1] != 1.0)
        return log_error(-EINVAL, "%s: nodes: expected %d numbers in (0, 1], the last one 1",
                         t->path, c->nodes);
    return 0;
}

void trained_unload(struct network **n)
{
    if (*n)
        exec_constant_forget((*n)->params);
    network_destroy(n);
}
