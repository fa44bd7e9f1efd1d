// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/report.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "core/config_json.h"
#include "core/log.h"

double speedup_bound(double P, double K, double Tf, double Tc)
{
    return K > 0.0 ? fmin(P / K, Tf / Tc) : Tf / Tc;
}

double speedup_model(double P, double K, double Tf, double Tc)
{
    return 1.0 / ((1.0 + K / P) * Tc / Tf + K / P);
}

/* a number that was not measured is absent; one that is not finite is null */
static void set(json_t *object, const char *key, double value)
{
    json_object_set_new(object, key, isfinite(value) ? json_real(value) : json_null());
}

static json_t *numbers(const double *v, long n)
{
    json_t *list = json_array();
    for (long i = 0; i < n; i++)
        json_array_append_new(list, isfinite(v[i]) ? json_real(v[i]) : json_null());
    return list;
}

static json_t *error_of(const double *u, const double *reference, size_t n)
{
    double difference = 0.0, size = 0.0, largest = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double d = u[i] - reference[i];
        difference += d * d;
        size += reference[i] * reference[i];
        largest = fmax(largest, fabs(d));
    }
    json_t *e = json_pack("{s:s}", "reference", "exact");
    set(e, "l2_relative", size > 0.0 ? sqrt(difference / size) : sqrt(difference));
    set(e, "max_absolute", largest);
    return e;
}

static json_t *parareal_of(const struct outcome *r)
{
    const struct parareal_report *p = r->parareal;
    const struct parareal_options *o = r->parareal_options;
    json_t *j = json_object(), *windows = json_array();
    long iterations = 0, longest = 0, fine = 0, coarse = 0;
    const struct parareal_window *last = NULL;
    double *increments = NULL;
    for (long i = 0; i < p->windows; i++) {
        const struct parareal_window *w = &p->window[i];
        if (!w->increments)
            continue;
        last = w;
        iterations += w->iterations;
        fine += w->fine_calls;
        coarse += w->coarse_calls;
        if (w->iterations > longest)
            longest = w->iterations;
        json_array_append_new(windows,
                              json_pack("{s:I, s:b, s:o}", "iterations", (json_int_t)w->iterations,
                                        "converged", w->converged, "increments",
                                        numbers(w->increments, w->iterations)));
    }
    increments =
        calloc((size_t)longest + 1, sizeof *increments); /* per k, the largest of the windows */
    SPT_CHECK(increments);
    for (long i = 0; i < p->windows; i++)
        for (long k = 0; k < p->window[i].iterations; k++)
            if (!(p->window[i].increments[k] <= increments[k]))
                increments[k] = p->window[i].increments[k];
    json_object_set_new(j, "slices", json_integer(o->slices));
    json_object_set_new(j, "iterations", json_integer(p->windows == 1 ? longest : iterations));
    json_object_set_new(j, "increments", numbers(increments, longest));
    free(increments);
    if (last && last->error_vs_fine && r->failure->kind == FAILURE_NONE)
        json_object_set_new(j, "error_vs_fine", numbers(last->error_vs_fine, last->iterations + 1));
    if (p->windows > 1)
        json_object_set(j, "windows", windows);
    json_decref(windows);
    if (p->fine_seconds > 0.0)
        set(j, "fine_seconds", p->fine_seconds);
    if (p->coarse_seconds > 0.0)
        set(j, "coarse_seconds", p->coarse_seconds);
    json_object_set_new(j, "fine_calls", json_integer(fine));
    json_object_set_new(j, "coarse_calls", json_integer(coarse));
    return j;
}

static json_t *speedup_of(const struct outcome *r)
{
    const struct parareal_report *p = r->parareal;
    json_t *j = json_object();
    double K = 0.0, fine = 0.0, coarse = 0.0;
    for (long i = 0; i < p->windows; i++) {
        K += (double)p->window[i].iterations / (double)p->windows;
        fine += (double)p->window[i].fine_calls;
        coarse += (double)p->window[i].coarse_calls;
    }
    const double N = (double)r->parareal_options->slices, P = N / (double)p->windows;
    if (p->serial_fine_seconds > 0.0) {
        set(j, "serial_fine_seconds", p->serial_fine_seconds);
        set(j, "measured", p->serial_fine_seconds / p->wall_seconds);
    }
    if (p->fine_seconds > 0.0 && p->coarse_seconds > 0.0) {
        const double Tf = p->fine_seconds, Tc = p->coarse_seconds, workers = r->cpu + r->cuda;
        set(j, "bound", speedup_bound(P, K, Tf, Tc));
        set(j, "model", speedup_model(P, K, Tf, Tc));
        /* with the workers that there are: the work over the workers, or the serial chain of a
         * window */
        const double area = (fine * Tf + coarse * Tc) / fmin(workers, P),
                     chain = N * Tc + (K > 0.0 ? (double)p->windows * Tf : 0.0);
        json_t *here = json_pack("{s:i}", "workers", r->cpu + r->cuda);
        set(here, "bound", N * Tf / fmax(area, chain));
        json_object_set_new(j, "here", here);
    }
    return j;
}

json_t *report_scheduler(const struct outcome *r)
{
    struct trace_stats s;
    size_t executed = 0, transfers;
    double overhead;
    if (trace_analyse(r->trace, &s, NULL) || trace_cost(r->trace, &overhead, &transfers))
        return NULL;
    for (size_t i = 0; i < r->trace->n; i++)
        executed += !r->trace->records[i].cancelled;
    const double wrong = trace_model_error(r->trace);
    json_t *j =
        json_pack("{s:s, s:I, s:I}", "name", r->run->scheduler, "tasks", (json_int_t)r->trace->n,
                  "cancelled", (json_int_t)(r->trace->n - executed));
    set(j, "makespan_seconds", s.makespan);
    set(j, "idle_fraction", s.idle_fraction);
    if (s.tasks > 0)
        set(j, "overhead_microseconds_per_task", 1e6 * overhead / (double)s.tasks);
    json_object_set_new(j, "transfers_bytes", json_integer((json_int_t)(r->bus_bytes + transfers)));
    set(j, "lower_bound_seconds", s.lower_bound);
    set(j, "critical_path_seconds", s.critical_path);
    if (r->starpu_bound > 0)
        set(j, "starpu_bound_seconds", r->starpu_bound);
    if (!isnan(wrong))
        set(j, "model_error", wrong);
    return j;
}

/* of the propagator, or of the fine one, if it is SDC */
static json_t *sdc_of(const struct outcome *r, const json_t *config)
{
    const json_t *method = json_object_get(config, "method"),
                 *p = json_object_get(method, "propagator");
    if (!p)
        p = json_object_get(method, "fine");
    const char *name = json_string_value(json_object_get(p, "name"));
    if (!name || strcmp(name, "sdc"))
        return NULL;
    json_t *j = json_object();
    json_object_set(j, "nodes", json_object_get(json_object_get(p, "nodes"), "count"));
    json_object_set(j, "sweeps", json_object_get(p, "sweeps"));
    json_object_set(j, "preconditioner", json_object_get(p, "preconditioner"));
    if (r->work->guess > 0)
        json_object_set_new(j, "guess_residual", json_real(r->work->guess));
    if (r->work->sweeps)
        json_object_set_new(j, "residuals", numbers(r->work->residual, r->work->sweeps));
    if (r->work->guesses)
        json_object_set_new(j, "guesses",
                            json_pack("{s:I, s:I}", "network", (json_int_t)r->work->guesses,
                                      "refused", (json_int_t)r->work->refused));
    if (r->work->accepted)
        json_object_set_new(j, "steps",
                            json_pack("{s:I, s:I}", "accepted", (json_int_t)r->work->accepted,
                                      "rejected", (json_int_t)r->work->rejected));
    return j;
}

static json_t *networks_of(const struct outcome *r)
{
    json_t *list = json_array();
    for (const struct network_use *u = r->run->networks; u; u = u->next) {
        static const char *const keys[NETWORK_COUNTS] = {
            [NETWORK_CALLS] = "calls",
            [NETWORK_FALLBACKS] = "fallbacks",
            [NETWORK_OUTSIDE] = "outside_range",
            [NETWORK_NOT_FINITE] = "not_finite",
            [NETWORK_RESIDUAL] = "residual_too_large",
        };
        json_t *j =
            json_pack("{s:s, s:I}", "weights", u->weights, "parameters", (json_int_t)u->parameters);
        if (u->fallback)
            json_object_set_new(j, "fallback", json_string(u->fallback));
        for (int i = 0; i < NETWORK_COUNTS; i++)
            json_object_set_new(j, keys[i], json_integer((json_int_t)u->total[i]));
        json_array_append_new(list, j);
    }
    return list;
}

void report_networks(const struct spt *run)
{
    for (const struct network_use *u = run->networks; u; u = u->next) {
        const long *n = u->total;
        if (n[NETWORK_OUTSIDE] + n[NETWORK_NOT_FINITE] + n[NETWORK_RESIDUAL] == 0)
            continue;
        log_warn(
            "%s: of %ld steps %ld were outside the range of training, %ld not finite, %ld with "
            "too large a residual; %s%s",
            u->weights, n[NETWORK_CALLS], n[NETWORK_OUTSIDE], n[NETWORK_NOT_FINITE],
            n[NETWORK_RESIDUAL], u->fallback ? "done by " : "kept: there is no fallback",
            u->fallback ? u->fallback : "");
    }
}

json_t *report_summary(const struct outcome *r, struct config *c, const struct observer *o)
{
    json_t *j = json_pack("{s:s, s:s, s:o}", "version", SPT_VERSION, "status", r->status, "config",
                          config_json(config_root(c)));
    set(j, "wall_seconds", r->wall_seconds);
    json_object_set_new(
        j, "workers",
        json_pack("{s:i, s:i, s:i}", "cpu", r->cpu, "cuda", r->cuda, "ranks", r->run->ranks));
    json_object_set(j, "observations", o->values);
    if (o->reference && r->failure->kind == FAILURE_NONE)
        json_object_set_new(j, "error", error_of(o->state, o->reference, o->problem->n));
    if (r->failure->kind != FAILURE_NONE) {
        json_t *f = json_pack("{s:s}", "what", failure_text(r->failure->kind));
        if (r->failure->slice >= 0 && r->failure->kind != FAILURE_INTERRUPTED) {
            json_object_set_new(f, "slice", json_integer(r->failure->slice));
            json_object_set_new(f, "iteration", json_integer(r->failure->iteration));
            json_object_set_new(f, "codelet", json_string(r->failure->codelet));
            if (r->failure->label[0])
                json_object_set_new(f, "propagator", json_string(r->failure->label));
        }
        json_object_set_new(j, "failure", f);
    }
    if (r->parareal) {
        json_object_set_new(j, "parareal", parareal_of(r));
        if (r->failure->kind == FAILURE_NONE)
            json_object_set_new(j, "speedup", speedup_of(r));
        if (r->failure->kind == FAILURE_NONE && !json_object_get(j, "error")) {
            json_t *errors = json_object_get(json_object_get(j, "parareal"), "error_vs_fine");
            const size_t n = json_array_size(errors);
            if (n)
                json_object_set_new(j, "error",
                                    json_pack("{s:s, s:O}", "reference", "fine", "l2_relative",
                                              json_array_get(errors, n - 1)));
        }
    }
    json_t *sdc = sdc_of(r, json_object_get(j, "config"));
    if (sdc)
        json_object_set_new(j, "sdc", sdc);
    if (r->work->rhs || r->work->solves)
        json_object_set_new(j, "work",
                            json_pack("{s:I, s:I, s:I}", "rhs", (json_int_t)r->work->rhs, "solves",
                                      (json_int_t)r->work->solves, "newton",
                                      (json_int_t)r->work->newton));
    if (r->run->networks)
        json_object_set_new(j, "networks", networks_of(r));
    const size_t slices =
        r->parareal ? (size_t)(r->parareal_options->slices / r->parareal_options->windows) : 1;
    const size_t mine = slices / (size_t)r->run->ranks ? slices / (size_t)r->run->ranks : 1;
    json_object_set_new(j, "memory",
                        json_pack("{s:I, s:I, s:I}", "handles", (json_int_t)r->run->handles_peak,
                                  "state_bytes", (json_int_t)r->run->state_bytes_peak,
                                  "bytes_per_slice",
                                  (json_int_t)(r->run->state_bytes_peak / mine)));
    if (r->trace) {
        json_t *s = report_scheduler(r);
        if (s)
            json_object_set_new(j, "scheduler", s);
    }
    return j;
}

int report_trace(const struct trace *t, const char *dir)
{
    char *traces;
    int err;
    if (asprintf(&traces, "%s/trace", dir) < 0)
        return log_error(-ENOMEM, "out of memory");
    if (mkdir(traces, 0777) && errno != EEXIST)
        err = log_error(-errno, "cannot make %s: %s", traces, strerror(errno));
    else
        err = trace_write(t, traces);
    free(traces);
    return err;
}

int report_write(json_t *summary, const char *dir)
{
    struct results_file *f;
    int err = results_create(&f, dir, "summary.json");
    if (err)
        return err;
    if (json_dump_file(summary, results_path(f), JSON_INDENT(2) | JSON_REAL_PRECISION(17))) {
        err = log_error(-EIO, "cannot write %s: %s", results_path(f), strerror(errno));
        results_abandon(&f);
        return err;
    }
    return results_commit(&f);
}

/* ---------------------------------------------------------------- for people */

static double get(const json_t *j, const char *key)
{
    const json_t *v = json_object_get(j, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static void print_table(const json_t *p, const json_t *s)
{
    const json_t *increments = json_object_get(p, "increments"),
                 *errors = json_object_get(p, "error_vs_fine");
    const size_t K = json_array_size(increments);
    printf("\n  k   increment%s\n", errors ? "   error vs fine" : "");
    for (size_t k = 0; k <= K; k++) {
        printf("%3zu   ", k);
        if (k)
            printf("%9.2e", json_number_value(json_array_get(increments, k - 1)));
        else
            printf("%9s", "-");
        if (errors)
            printf("       %9.2e", json_number_value(json_array_get(errors, k)));
        putchar('\n');
    }
    putchar('\n');
    if (!isnan(get(p, "fine_seconds")) && !isnan(get(p, "coarse_seconds")))
        printf("One slice: fine %.4g ms, coarse %.4g ms, ratio %.1f\n",
               1e3 * get(p, "fine_seconds"), 1e3 * get(p, "coarse_seconds"),
               get(p, "fine_seconds") / get(p, "coarse_seconds"));
    if (!isnan(get(s, "measured")))
        printf("Speedup over serial fine:  measured %.2f on %d workers (%.3g s against %.3g s)\n",
               get(s, "measured"), (int)get(json_object_get(s, "here"), "workers"),
               get(s, "serial_fine_seconds") / get(s, "measured"), get(s, "serial_fine_seconds"));
    if (!isnan(get(s, "bound")))
        printf("Bounds: %.2f with these workers; min(P/K, Tf/Tc) = %.2f and model %.2f with P = %d "
               "workers, one per slice\n",
               get(json_object_get(s, "here"), "bound"), get(s, "bound"), get(s, "model"),
               (int)get(p, "slices"));
}

static void print_value(const json_t *v)
{
    if (json_is_number(v))
        printf("%.10g", json_number_value(v));
    else if (json_is_array(v) && json_array_size(v) <= 4) {
        printf("[");
        for (size_t i = 0; i < json_array_size(v); i++) {
            printf(i ? ", " : "");
            print_value(json_array_get(v, i));
        }
        printf("]");
    } else if (json_is_array(v))
        printf("(%zu values)", json_array_size(v));
    else
        printf("not finite");
}

void report_print(const json_t *j, const char *dir)
{
    const json_t *observations = json_object_get(j, "observations"),
                 *error = json_object_get(j, "error"), *p = json_object_get(j, "parareal"),
                 *scheduler = json_object_get(j, "scheduler"), *o;
    size_t i;
    if (p)
        print_table(p, json_object_get(j, "speedup"));
    json_array_foreach(observations, i, o)
    {
        if (i >= 8 && i + 1 < json_array_size(observations)) {
            if (i == 8)
                printf("... %zu more in summary.json\n", json_array_size(observations) - 9);
            continue;
        }
        printf("%s(t = %g) = ", json_string_value(json_object_get(o, "name")), get(o, "time"));
        print_value(json_object_get(o, "value"));
        const json_t *exact = json_object_get(o, "exact");
        if (exact) {
            printf(", exact ");
            print_value(exact);
            printf(", error %.1e",
                   fabs(json_number_value(json_object_get(o, "value")) - json_number_value(exact)));
        }
        putchar('\n');
    }
    if (error) {
        printf("Error against the %s solution: l2 relative %.3e",
               json_string_value(json_object_get(error, "reference")), get(error, "l2_relative"));
        if (!isnan(get(error, "max_absolute")))
            printf(", max %.3e", get(error, "max_absolute"));
        putchar('\n');
    }
    if (scheduler)
        printf("Schedule (%s): %d tasks, makespan %.4g s, lower bound %.4g s, idle %.1f %%\n",
               json_string_value(json_object_get(scheduler, "name")), (int)get(scheduler, "tasks"),
               get(scheduler, "makespan_seconds"), get(scheduler, "lower_bound_seconds"),
               100.0 * get(scheduler, "idle_fraction"));
    if (p)
        printf("Memory: %.4g MiB of states, %.4g KiB per slice of a window\n",
               get(json_object_get(j, "memory"), "state_bytes") / 1048576.0,
               get(json_object_get(j, "memory"), "bytes_per_slice") / 1024.0);
    printf("Status: %s in %.3g s. Results in %s\n", json_string_value(json_object_get(j, "status")),
           get(j, "wall_seconds"), dir);
    if (scheduler)
        printf("Trace: %s/trace/trace.html\n", dir);
}
