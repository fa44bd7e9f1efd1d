// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/results.h"

int options_parse(struct options *o, bool resumes, int argc, char **argv)
{
    const char *command = o->command, *known[] = { "--set",  "--overwrite", "--quiet", "--mpi",
                                                   "--help", "-o",          NULL,      NULL };
    if (resumes)
        known[6] = "--resume";
    memset(o, 0, sizeof *o);
    o->command = command;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0)
            return 1;
        if (strcmp(a, "--overwrite") == 0)
            o->overwrite = true;
        else if (resumes && strcmp(a, "--resume") == 0)
            o->resume = true;
        else if (strcmp(a, "--quiet") == 0)
            o->quiet = true;
        else if (strcmp(a, "--mpi") == 0)
            o->mpi = true;
        else if (strcmp(a, "-o") == 0 || strcmp(a, "--set") == 0) {
            if (i + 1 == argc)
                return log_error(-EINVAL, "%s: %s expects an argument", command, a);
            if (a[1] == 'o')
                o->dir = argv[++i];
            else if (o->sets == (int)(sizeof o->set / sizeof *o->set))
                return log_error(-EINVAL, "%s: more than %d --set", command, o->sets);
            else
                o->set[o->sets++] = argv[++i];
        } else if (a[0] == '-' && a[1]) {
            const char *near = config_nearest(a, known);
            return log_error(-EINVAL, "%s: unknown option '%s'%s%s%s", command, a,
                             near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
        } else if (o->config)
            return log_error(-EINVAL, "%s: one config at a time, got '%s' and '%s'", command,
                             o->config, a);
        else
            o->config = a;
    }
    if (!o->config)
        return log_error(-EINVAL, "%s: expected a config; see starpint %s --help", command,
                         command);
    if (o->resume && o->overwrite)
        return log_error(-EINVAL, "%s: expected --resume or --overwrite, got both", command);
    return 0;
}

char *options_dir(const struct options *o)
{
    char *dir = NULL;
    const char *base = strrchr(o->config, '/');
    if (o->dir)
        return strdup(o->dir);
    base = base ? base + 1 : o->config;
    const char *dot = strrchr(base, '.');
    const int length = dot && dot > base ? (int)(dot - base) : (int)strlen(base);
    if (asprintf(&dir, "results/%.*s", length, base) < 0)
        dir = NULL;
    return dir;
}

int options_config(const struct options *o, struct config **c)
{
    int err = config_read(c, o->config);
    for (int i = 0; i < o->sets && !err; i++)
        err = config_set(*c, o->set[i]);
    return err;
}

int options_write_config(const struct config *c, const char *dir)
{
    struct results_file *f;
    int err = results_create(&f, dir, "config.yaml");
    if (err)
        return err;
    FILE *out = fopen(results_path(f), "w");
    if (!out || config_write(c, out) || fclose(out)) {
        err = log_error(-EIO, "cannot write %s: %s", results_path(f), strerror(errno));
        results_abandon(&f);
        return err;
    }
    return results_commit(&f);
}
