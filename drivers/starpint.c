// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/config.h"
#include "core/log.h"
#include "drivers/commands.h"
#include "spt_config.h"

static const struct {
    const char *name, *help;
    int (*call)(int argc, char **argv);
} commands[] = {
    { "run", "solve one problem with one method", command_run },
    { "train", "train a network to make the steps of a problem", command_train },
    { "calibrate", "fill the performance models that schedulers place tasks by",
      command_calibrate },
    { "tune", "which scheduler and which parameters make a run fast", command_tune },
    { "trace", "turn a run's trace into something to look at", command_trace },
    { "plot", "pictures of results", command_plot },
    { "analyze", "stability, convergence and cost of schemes, with pictures", command_analyze },
    { "list", "what can stand in a config, with its parameters", command_list },
    { "doctor", "what StarPU, MPI and CUDA this is and what limits it", command_doctor },
};
enum { COMMANDS = sizeof commands / sizeof *commands };

int exit_code(int err)
{
    return err == 0                           ? 0
           : err == -EINVAL || err == -EEXIST ? 2
           : err == -ECANCELED                ? EXIT_INTERRUPTED
                                              : 1;
}

static void usage(FILE *out)
{
    fprintf(out, "Usage: starpint COMMAND [ARGUMENT]...\n"
                 "Parallel-in-time simulation as StarPU task graphs.\n\nCommands:\n");
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    fprintf(out, "\n`starpint COMMAND --help` says more, with an example.\n"
                 "Example: starpint run examples/black_scholes_2d.yaml -o results/bs2d\n"
                 "Exit status: 0 success, 1 the computation failed, 2 the input is wrong, 130 "
                 "interrupted.\n");
}

int main(int argc, char **argv)
{
    const char *known[COMMANDS + 1] = { NULL };
    if (argc < 2) {
        usage(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("starpint " SPT_VERSION);
        return 0;
    }
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].call(argc - 1, argv + 1);
        known[i] = commands[i].name;
    }
    const char *near = config_nearest(argv[1], known);
    log_error(-EINVAL, "unknown command '%s'%s%s%s; see starpint --help", argv[1],
              near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    return 2;
}
