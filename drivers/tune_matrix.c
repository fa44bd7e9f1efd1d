// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The points of a study, and what a point is as a command. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_json.h"
#include "core/log.h"
#include "core/spt.h"
#include "drivers/tune.h"

static const char variable[] = "STARPU_"; /* what begins so goes into the environment */

static int no_memory(void)
{
    return log_error(-ENOMEM, "out of memory");
}

static bool is_variable(const char *key)
{
    return strncmp(key, variable, strlen(variable)) == 0;
}

/* ---------------------------------------------------------------- schedulers */

bool tune_uses_models(const char *scheduler)
{
    return strstr(scheduler, "dm") || strstr(scheduler, "heft");
}

bool tune_by_default(const char *scheduler)
{
    /* parallel tasks; other kinds of workers, which have to be set up; a test of StarPU's own */
    static const char *const not_for_us[] = { "pheft", "peager",     "parallel", "heteroprio",
                                              "gemm",  "graph_test", NULL };
    for (int i = 0; not_for_us[i]; i++)
        if (strstr(scheduler, not_for_us[i]))
            return false;
    return true;
}

static int add_value(struct axis *a, char *text)
{
    char **grown = text ? realloc(a->value, (a->n + 1) * sizeof *grown) : NULL;
    if (!grown) {
        free(text);
        return no_memory();
    }
    a->value = grown;
    a->value[a->n++] = text;
    return 0;
}

static int check_new(const struct axis *a, const struct node *map, const char *key)
{
    for (size_t i = 0; i + 1 < a->n; i++)
        if (strcmp(a->value[i], a->value[a->n - 1]) == 0)
            return config_key_error(map, key, "%s stands there twice", a->value[i]);
    return 0;
}

static int schedulers(struct tune *t, const struct node *section)
{
    struct axis *a = &t->axes[t->naxes++];
    int err = (a->key = strdup("scheduler")) ? 0 : no_memory();
    for (size_t i = 0; i < t->v.schedulers.n && !err; i++) {
        const char *name = t->v.schedulers.v[i];
        if (!(err = spt_check_scheduler(config_child(section, "schedulers"), "scheduler", name)) &&
            !(err = add_value(a, strdup(name))))
            err = check_new(a, section, "schedulers");
    }
    struct starpu_sched_policy **known = starpu_sched_get_predefined_policies();
    for (size_t i = 0; t->v.schedulers.n == 0 && known[i] && !err; i++)
        if (tune_by_default(known[i]->policy_name))
            err = add_value(a, strdup(known[i]->policy_name));
    return err;
}

/* ---------------------------------------------------------------- values */

/* as short as it can be read back */
static char *real_text(double v)
{
    char text[32];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    return strdup(text);
}

/* a string that YAML would not take for something else needs no quotes */
static bool is_plain(const char *s)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
    char *end;
    (void)strtod(s, &end);
    const bool infinite = !strcmp(s, "inf") || !strcmp(s, "-inf");
    return *s && *s != '-' && !s[strspn(s, letters)] && (*end || infinite) && strcmp(s, "true") &&
           strcmp(s, "false") && strcmp(s, "null");
}

static char *value_text(const json_t *v, bool in_environment)
{
    if (json_is_real(v))
        return real_text(json_real_value(v));
    if (json_is_string(v) && (in_environment || is_plain(json_string_value(v))))
        return strdup(json_string_value(v));
    return json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17));
}

static int add_axis(struct tune *t, const char *key, const json_t *values)
{
    const struct node *vary = t->v.vary;
    const size_t n = json_is_array(values) ? json_array_size(values) : 1;
    if (!strcmp(key, "STARPU_SCHED") || !strcmp(key, "machine.scheduler"))
        return config_key_error(vary, key, "expected this under tune.schedulers");
    if (!strcmp(key, "trace.enabled") || !strcmp(key, "STARPU_CALIBRATE") ||
        !strncmp(key, "tune.", 5))
        return config_key_error(vary, key, "cannot be varied: tune needs it as it is");
    if (n == 0 || json_is_null(values) || json_is_object(values))
        return config_key_error(vary, key, "expected a list of values");
    struct axis *a = &t->axes[t->naxes++];
    int err = (a->key = strdup(key)) ? 0 : no_memory();
    for (size_t i = 0; i < n && !err; i++) {
        const json_t *v = json_is_array(values) ? json_array_get(values, i) : values;
        if (is_variable(key) && !json_is_number(v) && !json_is_string(v))
            return config_key_error(vary, key, "expected numbers or strings");
        if (!(err = add_value(a, value_text(v, is_variable(key)))))
            err = check_new(a, vary, key);
    }
    return err;
}

/* ---------------------------------------------------------------- points */

static int make_points(struct tune *t, const struct node *section)
{
    double count = 1;
    for (size_t a = 0; a < t->naxes; a++)
        count *= (double)t->axes[a].n;
    if (count > TUNE_POINTS)
        return config_key_error(section, "vary", "%.0f points: expected at most %d", count,
                                TUNE_POINTS);
    t->npoints = (size_t)count;
    t->variants = t->npoints / t->axes[0].n;
    t->points = calloc(t->npoints, sizeof *t->points);
    t->warm = calloc(t->variants * (size_t)t->v.warmup + 1, sizeof *t->warm);
    if (!t->points || !t->warm)
        return no_memory();
    for (size_t i = 0; i < t->npoints; i++) {
        struct point *p = &t->points[i];
        p->at = calloc(t->naxes, sizeof *p->at);
        p->run = calloc((size_t)t->v.repeat, sizeof *p->run);
        if (!p->at || !p->run)
            return no_memory();
        for (size_t a = t->naxes, rest = i; a-- > 0; rest /= t->axes[a].n)
            p->at[a] = rest % t->axes[a].n;
    }
    return 0;
}

int tune_matrix(struct tune *t)
{
    struct node *root = config_root(t->config);
    int err = config_child(root, "tune") ? 0 : config_node_set(root, "tune", "{}");
    const struct node *section = config_child(root, "tune");
    if (err || (err = config_bind(section, &tune_schema, NULL, &t->v)))
        return err;
    json_t *vary = t->v.vary ? config_json(t->v.vary) : json_object(), *values;
    const char *key;
    t->axes = calloc(json_object_size(vary) + 1, sizeof *t->axes);
    err = t->axes ? schedulers(t, section) : no_memory();
    json_object_foreach(vary, key, values)
    {
        if (!err)
            err = add_axis(t, key, values);
    }
    json_decref(vary);
    return err ? err : make_points(t, section);
}

void tune_matrix_free(struct tune *t)
{
    for (size_t i = 0; t->points && i < t->npoints; i++) {
        free(t->points[i].at);
        free(t->points[i].run);
        free(t->points[i].error);
    }
    for (size_t a = 0; a < t->naxes; a++) {
        for (size_t i = 0; i < t->axes[a].n; i++)
            free(t->axes[a].value[i]);
        free(t->axes[a].value);
        free(t->axes[a].key);
    }
    free(t->axes);
    free(t->points);
    free(t->warm);
}

const char *tune_scheduler(const struct tune *t, const struct point *p)
{
    return t->axes[0].value[p->at[0]];
}

char *tune_label(const struct tune *t, const struct point *p)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return NULL;
    fputs(tune_scheduler(t, p), out);
    for (size_t a = 1; a < t->naxes; a++)
        fprintf(out, ", %s=%s", t->axes[a].key, t->axes[a].value[p->at[a]]);
    fclose(out);
    return text;
}

/* ---------------------------------------------------------------- commands */

/* what a point sets: everything about it that a run gets to know */
static int add_settings(struct command *c, const struct tune *t, const struct point *p,
                        bool environment)
{
    int err = 0;
    if (environment)
        err = command_setenv(c, "STARPU_SCHED", tune_scheduler(t, p));
    for (size_t a = 1; a < t->naxes && !err; a++) {
        const char *key = t->axes[a].key, *value = t->axes[a].value[p->at[a]];
        char *assignment;
        if (is_variable(key) != environment)
            continue;
        if (environment) {
            err = command_setenv(c, key, value);
        } else if (asprintf(&assignment, "%s=%s", key, value) < 0) {
            err = no_memory();
        } else {
            if (!(err = command_add(c, "--set")))
                err = command_add(c, assignment);
            free(assignment);
        }
    }
    return err;
}

static int add_models(struct command *c, const struct tune *t)
{
    char *home;
    if (asprintf(&home, "%s/models", t->dir) < 0)
        return no_memory();
    const int err = command_setenv(c, "STARPU_HOME", home);
    free(home);
    return err;
}

static int add_words(struct command *c, const char *const *words)
{
    int err = 0;
    for (; *words && !err; words++)
        err = command_add(c, *words);
    return err;
}

static int add_launcher(struct command *c, const struct tune *t)
{
    int err = 0;
    for (size_t i = 0; i < t->v.launcher.n && !err; i++)
        err = command_add(c, t->v.launcher.v[i]);
    return err;
}

int tune_command(struct command *c, const struct tune *t, const struct point *p, const char *out,
                 bool calibrating)
{
    char config[TUNE_PATH + 16];
    snprintf(config, sizeof config, "%s/config.yaml", t->dir);
    int err = add_settings(c, t, p, true);
    if (!err && t->v.warmup > 0)
        err = add_models(c, t);
    if (!err && calibrating)
        err = command_setenv(c, "STARPU_CALIBRATE", "1");
    if (err || (err = add_launcher(c, t)) ||
        (err = add_words(c, (const char *[]){ t->program, "run", config, NULL })) ||
        (err = add_settings(c, t, p, false)))
        return err;
    return add_words(c, (const char *[]){ "--set", "trace.enabled=true", "-o", out, "--overwrite",
                                          "--quiet", NULL });
}

int tune_shown_command(struct command *c, const struct tune *t, const struct point *p,
                       const char *out)
{
    int err = add_settings(c, t, p, true);
    if (!err && t->v.warmup > 0 && tune_uses_models(tune_scheduler(t, p)))
        err = add_models(c, t);
    if (err || (err = add_launcher(c, t)) ||
        (err = add_words(c, (const char *[]){ "starpint", "run", t->o->config, NULL })))
        return err;
    for (int i = 0; i < t->o->sets && !err; i++)
        if (strncmp(t->o->set[i], "tune", 4) || !strchr(".=", t->o->set[i][4])) /* not read */
            err = add_words(c, (const char *[]){ "--set", t->o->set[i], NULL });
    if (err || (err = add_settings(c, t, p, false)))
        return err;
    return add_words(c, (const char *[]){ "--set", "trace.enabled=true", "-o", out, NULL });
}
