// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* starpint analyze: studies of schemes, a picture and a table of each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "core/results.h"
#include "drivers/commands.h"
#include "drivers/gnuplot.h"
#include "drivers/study.h"

enum { STUDIES = 64, SETS = 64 };

const struct study_kind *const study_kinds[] = { &stability_kind,  &convergence_kind,
                                                 &spectra_kind,    &work_precision_kind,
                                                 &efficiency_kind, &parareal_kind, NULL };
const char *const study_also[] = { "kind", "name", NULL };

struct analyze_params {
    struct nodes studies;
};
static const struct param analyze_table[] = {
    { "analyze", P_NODES, offsetof(struct analyze_params, studies),
      .help = "the studies; the key `kind` of each chooses which other keys it may have" },
    { 0 },
};
const struct schema analyze_schema = { "analyze", "studies of schemes", analyze_table };

static const struct param study_table[] = {
    { "kind", P_STRING, 0, .help = "`starpint list analyses`" },
    { "name", P_STRING, 0, .def = "its kind", .help = "of its files NAME.png and NAME.csv" },
    { 0 },
};
const struct schema study_schema = { "study", "keys of every study", study_table };

struct options {
    const char *config, *dir, *set[SETS];
    int sets;
    bool overwrite, quiet;
};

static void usage(void)
{
    puts("Usage: starpint analyze CONFIG.yaml [--set path.to.key=value]... [-o DIR] [--overwrite] "
         "[--quiet]\n"
         "Stability domains, convergence, spectral radii, work-precision diagrams and parallel "
         "efficiency of\n"
         "one-step schemes and SDC; errors of Parareal. Only efficiency runs tasks.\n\n"
         "  --set KEY=VALUE  overrides the file: --set 'analyze.0.sweeps=[1, 2]'\n"
         "  -o DIR           results (default: results/NAME of the config); refused if DIR holds "
         "results\n"
         "  --overwrite      replaces the results in DIR\n"
         "  --quiet          no progress, no tables: only errors\n\n"
         "DIR gets NAME.png and NAME.csv of each study, and config.yaml. `starpint list analyses` "
         "lists the\n"
         "kinds of studies.\n\n"
         "Example: starpint analyze examples/sdc_stability.yaml -o results/stability");
}

/* 0, -EINVAL after an error line, 1: help was asked for */
static int parse(struct options *o, int argc, char **argv)
{
    static const char *const known[] = { "--set", "--overwrite", "--quiet", "--help", "-o", NULL };
    *o = (struct options){ 0 };
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0)
            return 1;
        if (strcmp(a, "--overwrite") == 0)
            o->overwrite = true;
        else if (strcmp(a, "--quiet") == 0)
            o->quiet = true;
        else if (strcmp(a, "-o") == 0 || strcmp(a, "--set") == 0) {
            if (i + 1 == argc)
                return log_error(-EINVAL, "analyze: %s expects an argument", a);
            if (a[1] == 'o')
                o->dir = argv[++i];
            else if (o->sets == SETS)
                return log_error(-EINVAL, "analyze: more than %d --set", SETS);
            else
                o->set[o->sets++] = argv[++i];
        } else if (a[0] == '-' && a[1]) {
            const char *near = config_nearest(a, known);
            return log_error(-EINVAL, "analyze: unknown option '%s'%s%s%s", a,
                             near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
        } else if (o->config)
            return log_error(-EINVAL, "analyze: one config at a time, got '%s' and '%s'", o->config,
                             a);
        else
            o->config = a;
    }
    return o->config
               ? 0
               : log_error(-EINVAL, "analyze: expected a config; see starpint analyze --help");
}

struct entry {
    const char *name;
    struct study *study;
};

static int create(struct entry *all, size_t i, struct node *config)
{
    const char *known[sizeof study_kinds / sizeof *study_kinds];
    const char *kind = config_text(config, "kind"), *name = config_text(config, "name");
    size_t k = 0;
    for (size_t j = 0; j < sizeof known / sizeof *known; j++)
        known[j] = study_kinds[j] ? study_kinds[j]->name : NULL;
    if (!kind)
        return config_key_error(config, "kind", "expected a kind of study, for example %s",
                                known[0]);
    while (known[k] && strcmp(known[k], kind))
        k++;
    if (!known[k])
        return config_unknown(config_child(config, "kind"), "kind of study", kind, known);
    if (config_child(config, "name") && (!name || !*name || *name == '.' || strchr(name, '/')))
        return config_key_error(config, "name", "expected the name of a file, without a folder");
    all[i].name = name ? name : known[k];
    for (size_t j = 0; j < i; j++)
        if (strcmp(all[i].name, all[j].name) == 0)
            return config_key_error(config, "name", "expected another one, analyze.%zu is '%s' too",
                                    j, all[i].name);
    return study_kinds[k]->create(&all[i].study, config);
}

static int write_file(const char *dir, const char *name, void (*print)(const void *, FILE *),
                      const void *what)
{
    struct results_file *f;
    int err = results_create(&f, dir, name);
    if (err)
        return err;
    FILE *out = fopen(results_path(f), "w");
    if (out)
        print(what, out);
    const bool wrong = !out || ferror(out);
    if ((out && fclose(out)) || wrong) {
        err = log_error(-EIO, "cannot write %s: %s", results_path(f), strerror(errno));
        results_abandon(&f);
        return err;
    }
    return results_commit(&f);
}

static void print_csv(const void *study, FILE *out)
{
    const struct study *s = study;
    s->csv(s, out);
}

static void print_config(const void *config, FILE *out)
{
    config_write(config, out);
}

/* of the pictures and tables that would be replaced, the first that is there */
static int check_free(const char *dir, const struct entry *e, size_t n)
{
    static const char *const endings[] = { "png", "csv" };
    for (size_t i = 0; i < 2 * n; i++) {
        char path[8192];
        snprintf(path, sizeof path, "%s/%s.%s", dir, e[i / 2].name, endings[i % 2]);
        if (access(path, F_OK) == 0)
            return log_error(
                -EEXIST, "%s is there already: --overwrite replaces it, -o DIR writes elsewhere",
                path);
    }
    return 0;
}

static int finish(const struct entry *e, const char *dir, bool quiet)
{
    char name[512];
    snprintf(name, sizeof name, "%s.csv", e->name);
    int err = write_file(dir, name, print_csv, e->study);
    if (err)
        return err;
    if (!quiet) {
        e->study->print(e->study, stdout);
        printf("%s/%s\n", dir, name);
        fflush(stdout);
    }
    snprintf(name, sizeof name, "%s.png", e->name);
    return gnuplot_draw(dir, name, e->study->draw, e->study);
}

static int analyze(const struct options *o, struct config **config, struct entry *e, size_t *n)
{
    struct analyze_params v;
    char dir[4096];
    int err = config_read(config, o->config);
    for (int i = 0; i < o->sets && !err; i++)
        err = config_set(*config, o->set[i]);
    if (err || (err = config_bind(config_root(*config), &analyze_schema, NULL, &v)))
        return err;
    if (v.studies.n == 0 || v.studies.n > STUDIES)
        return config_key_error(config_root(*config), "analyze",
                                "expected 1 to %d studies, got %zu", STUDIES, v.studies.n);
    for (; *n < v.studies.n; ++*n)
        if ((err = create(e, *n, v.studies.v[*n])))
            return err;
    if (o->dir)
        snprintf(dir, sizeof dir, "%s", o->dir);
    else {
        const char *base = strrchr(o->config, '/');
        base = base ? base + 1 : o->config;
        const char *dot = strrchr(base, '.');
        snprintf(dir, sizeof dir, "results/%.*s",
                 dot && dot > base ? (int)(dot - base) : (int)strlen(base), base);
    }
    if ((!o->overwrite && (err = check_free(dir, e, *n))) ||
        (err = results_prepare(dir, o->overwrite)))
        return -EINVAL; /* a folder that cannot be written to is a wrong input too */
    for (size_t i = 0; i < *n && !err; i++) {
        err = e[i].study->compute(e[i].study);
        log_progress_end();
        if (!err)
            err = finish(&e[i], dir, o->quiet);
    }
    return err ? err : write_file(dir, "config.yaml", print_config, *config);
}

int command_analyze(int argc, char **argv)
{
    struct options o;
    struct config *config = NULL;
    struct entry e[STUDIES] = { 0 };
    size_t n = 0;
    int err = parse(&o, argc, argv);
    if (err == 1) {
        usage();
        return 0;
    }
    if (!err) {
        log_open(0, o.quiet);
        err = analyze(&o, &config, e, &n);
    }
    for (size_t i = 0; i < n; i++)
        e[i].study->destroy(e[i].study);
    config_destroy(&config);
    return exit_code(err);
}
