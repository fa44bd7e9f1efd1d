// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What a training leaves besides its checkpoint: weights, loss.csv, the summary. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/config_json.h"
#include "core/log.h"
#include "core/results.h"
#include "drivers/report.h"
#include "drivers/training.h"

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *numbers(const double *v, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(list, number(v[i]));
    return list;
}

static const struct train_entry *last_entry(const struct training *t)
{
    return t->state.done > 0 ? &t->state.entry[t->state.done - 1] : NULL;
}

static const struct train_validation *last_validation(const struct training *t)
{
    return t->state.validations > 0 ? &t->state.validation[t->state.validations - 1] : NULL;
}

static json_t *validation_of(const struct training *t)
{
    const struct train_validation *v = last_validation(t);
    if (!v)
        return NULL;
    json_t *j = json_pack("{s:I, s:I}", "step", (json_int_t)v->step, "samples",
                          (json_int_t)t->v.train.validation.samples);
    json_object_set_new(j, "l2_relative", number(v->facts.l2));
    json_object_set_new(j, "identity_l2_relative", number(v->facts.identity));
    if (t->v.train.validation.region.n) {
        json_object_set_new(j, "region_l2_relative", number(v->facts.region));
        json_object_set_new(j, "region_identity_l2_relative", number(v->facts.identity_region));
    }
    json_object_set_new(j, "jacobian", number(v->facts.jacobian));
    if (t->v.train.validation.region.n)
        json_object_set_new(j, "region_jacobian", number(v->facts.jacobian_region));
    json_object_set_new(j, "identity_jacobian", number(v->facts.jacobian_identity));
    const struct grid *g = neural_grid(t->problem);
    json_t *variables = g->components > 1 ? json_object() : NULL;
    for (int k = 0; k < g->components && variables; k++) {
        char name[16];
        snprintf(name, sizeof name, "%d", k);
        json_t *of = json_object();
        json_object_set_new(of, "l2_relative", number(v->facts.said[k]));
        if (t->problem->fields)
            json_object_set_new(of, "state_l2_relative", number(v->facts.shown[k]));
        json_object_set_new(of, "identity_l2_relative", number(v->facts.still[k]));
        json_object_set_new(variables, g->names ? g->names[k] : name, of);
    }
    if (variables)
        json_object_set_new(j, "variables", variables);
    return j;
}

/* ---------------------------------------------------------------- weights */

/* what does not depend on the machine: the same training gives the same bytes */
static json_t *facts(const struct training *t)
{
    json_t *j = json_pack("{s:I, s:I, s:I}", "steps", (json_int_t)t->state.done, "batch",
                          (json_int_t)t->v.train.batch, "seed", (json_int_t)t->v.train.seed);
    json_object_set_new(j, "loss", config_json(t->v.train.loss));
    json_object_set_new(j, "optimiser", config_json(t->v.train.optimiser));
    json_t *data = t->v.train.data ? config_json(t->v.train.data) : NULL;
    if (data) {
        json_object_del(data, "file"); /* where states are kept changes none */
        json_object_set_new(j, "data", data);
    }
    if (last_entry(t))
        json_object_set_new(j, "final_loss", number(last_entry(t)->loss));
    json_t *v = validation_of(t);
    if (v)
        json_object_set_new(j, "validation", v);
    return j;
}

static char *text_of(json_t *j)
{
    char *text = json_dumps(j, JSON_REAL_PRECISION(17));
    json_decref(j);
    return text;
}

int training_weights(struct training *t)
{
    const struct codec *c = &t->network->codec;
    const double dt = (t->v.time.end - t->v.time.start) / (double)t->v.train.slices;
    char step[32], slices[32], *path = NULL;
    snprintf(step, sizeof step, "%.17g", dt);
    snprintf(slices, sizeof slices, "%ld", t->v.train.slices);
    char *problem = text_of(config_json(t->v.problem)),
         *nodes = text_of(numbers(t->neural.tau, c->nodes)),
         *low = text_of(numbers(t->low, c->components)),
         *high = text_of(numbers(t->high, c->components)), *training = text_of(facts(t));
    const char *meta[] = { "problem", problem, "step", step, "slices",   slices,   "nodes", nodes,
                           "low",     low,     "high", high, "training", training, NULL };
    int err = -ENOMEM;
    if (!problem || !nodes || !low || !high || !training ||
        asprintf(&path, "%s/weights.safetensors", t->dir) < 0) {
        log_error(err, "out of memory");
        goto out;
    }
    memcpy(t->network->params, t->state.params,
           t->network->nparams * dtype_size(t->network->dtype));
    optimiser_result(&t->optimiser, t->network->dtype, t->network->nparams, t->state.state,
                     t->network->params);
    err = network_save(t->network, t->v.train.network, path, meta);
out:
    free(problem);
    free(nodes);
    free(low);
    free(high);
    free(training);
    free(path);
    return err;
}

/* ---------------------------------------------------------------- loss.csv */

static void print_validation(FILE *out, const struct train_validation *v)
{
    const double *facts = (const double *)&v->facts;
    for (size_t i = 0; i < offsetof(struct validation_facts, failed) / sizeof *facts; i++)
        fprintf(out, ",%.10g", facts[i]);
}

int training_csv(const struct training *t)
{
    const struct train_state *s = &t->state;
    struct results_file *f;
    long v = 0;
    int err = results_create(&f, t->dir, "loss.csv");
    if (err)
        return err;
    FILE *out = fopen(results_path(f), "w");
    if (out)
        fprintf(out, "step,loss,gradient_norm,rate,validation_l2,validation_region,identity_l2,"
                     "identity_region,jacobian,jacobian_region,jacobian_identity\n");
    for (long i = 0; i < s->done && out; i++) {
        fprintf(out, "%ld,%.17g,%.10g,%.10g", i + 1, s->entry[i].loss, s->entry[i].norm,
                s->entry[i].rate);
        while (v < s->validations && s->validation[v].step < (double)(i + 1))
            v++;
        if (v < s->validations && s->validation[v].step == (double)(i + 1))
            print_validation(out, &s->validation[v]);
        else
            fputs(",,,,,,,", out);
        fputc('\n', out);
    }
    if (!out || ferror(out) || fclose(out)) {
        err = log_error(-EIO, "cannot write %s/loss.csv: %s", t->dir, strerror(errno));
        results_abandon(&f);
        return err;
    }
    return results_commit(&f);
}

/* ---------------------------------------------------------------- the summary */

json_t *training_summary(const struct training *t, const char *status, double wall_seconds,
                         const struct trace *trace, size_t bus_bytes, const int workers[2])
{
    const struct train_state *s = &t->state;
    const struct outcome r = { .trace = trace, .bus_bytes = bus_bytes, .run = &t->run };
    json_t *j = json_pack("{s:s, s:s, s:o}", "version", SPT_VERSION, "status", status, "config",
                          config_json(config_root(t->config)));
    json_object_set_new(j, "wall_seconds", number(wall_seconds));
    json_object_set_new(
        j, "workers",
        json_pack("{s:i, s:i, s:i}", "cpu", workers[0], "cuda", workers[1], "ranks", t->run.ranks));
    json_t *training =
        json_pack("{s:s, s:I, s:I, s:I}", "network", t->network->kind, "parameters",
                  (json_int_t)t->network->parameters, "steps", (json_int_t)s->done, "samples",
                  (json_int_t)(t->optimiser.type->full_batch ? t->v.train.batch
                                                             : s->done * t->v.train.batch));
    json_object_set_new(training, "seconds", number(t->state.seconds));
    if (s->done > 0) {
        json_object_set_new(training, "seconds_per_step",
                            number(t->state.seconds / (double)s->done));
        json_object_set_new(training, "first_loss", number(s->entry[0].loss));
        json_object_set_new(training, "loss", number(last_entry(t)->loss));
    }
    json_object_set_new(j, "training", training);
    json_t *v = validation_of(t);
    if (v)
        json_object_set_new(j, "validation", v);
    if (t->failure.status != TRAIN_DONE) {
        json_t *f = json_pack("{s:s, s:I}", "what", train_failure_text(t->failure.status), "step",
                              (json_int_t)t->failure.step + 1);
        if (t->failure.status == TRAIN_FAILED)
            json_object_set_new(f, "sample", json_integer((json_int_t)t->failure.sample));
        else if (t->failure.status != TRAIN_SKIPPED)
            json_object_set_new(f, "loss", number(t->failure.loss));
        json_object_set_new(j, "failure", f);
    }
    json_t *scheduler = trace ? report_scheduler(&r) : NULL;
    if (scheduler)
        json_object_set_new(j, "scheduler", scheduler);
    return j;
}

static double get(const json_t *j, const char *key)
{
    const json_t *v = json_object_get(j, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

void training_print(const json_t *j, const char *dir)
{
    const json_t *t = json_object_get(j, "training"), *v = json_object_get(j, "validation"),
                 *scheduler = json_object_get(j, "scheduler");
    printf("Network: %s, %d parameters\n", json_string_value(json_object_get(t, "network")),
           (int)get(t, "parameters"));
    if (get(t, "steps") > 0)
        printf("Loss: %.3e in step 1, %.3e in step %d\n", get(t, "first_loss"), get(t, "loss"),
               (int)get(t, "steps"));
    if (v) {
        printf("One step on %d unseen samples, relative l2 error: %.3e, doing nothing %.3e\n",
               (int)get(v, "samples"), get(v, "l2_relative"), get(v, "identity_l2_relative"));
        if (json_object_get(v, "region_l2_relative"))
            printf("In the region: %.3e, doing nothing %.3e\n", get(v, "region_l2_relative"),
                   get(v, "region_identity_l2_relative"));
        const char *name;
        json_t *of;
        json_object_foreach(json_object_get(v, "variables"), name, of)
        {
            printf("  %-12s %.3e, doing nothing %.3e", name, get(of, "l2_relative"),
                   get(of, "identity_l2_relative"));
            if (json_object_get(of, "state_l2_relative"))
                printf(", as a state %.3e", get(of, "state_l2_relative"));
            putchar('\n');
        }
        printf("Derivative along smooth perturbations: error %.1f %%", 100.0 * get(v, "jacobian"));
        if (json_object_get(v, "region_jacobian"))
            printf(", in the region %.1f %%", 100.0 * get(v, "region_jacobian"));
        printf(", doing nothing %.1f %%\n", 100.0 * get(v, "identity_jacobian"));
    }
    if (scheduler)
        printf("Schedule (%s): %d tasks, makespan %.4g s, lower bound %.4g s, idle %.1f %%\n",
               json_string_value(json_object_get(scheduler, "name")), (int)get(scheduler, "tasks"),
               get(scheduler, "makespan_seconds"), get(scheduler, "lower_bound_seconds"),
               100.0 * get(scheduler, "idle_fraction"));
    printf("Status: %s after %.3g s", json_string_value(json_object_get(j, "status")),
           get(t, "seconds"));
    if (get(t, "steps") > 0)
        printf(", %.3g ms per step", 1e3 * get(t, "seconds_per_step"));
    printf(". Results in %s\n", dir);
}
