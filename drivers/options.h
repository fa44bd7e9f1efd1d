// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What the commands that compute share: their options, and config.yaml in their folder. */
#ifndef SPT_DRIVERS_OPTIONS_H
#define SPT_DRIVERS_OPTIONS_H

#include <stdbool.h>

#include "core/config.h"

struct options {
    const char *command; /* "run": for error lines */
    const char *config, *dir, *set[64];
    int sets;
    bool overwrite, resume, mpi, quiet;
};

/* o->command is set; `resumes`: it knows --resume. 0, -EINVAL after an error line, 1: help was asked for */
int options_parse(struct options *o, bool resumes, int argc, char **argv);
/* -o, or results/NAME for .../NAME.yaml; to be freed */
char *options_dir(const struct options *o);
/* the file, with every --set. 0 or -EINVAL after an error line */
int options_config(const struct options *o, struct config **c);
/* DIR/config.yaml: the effective one. 0 or -errno after an error line */
int options_write_config(const struct config *c, const char *dir);

#endif
