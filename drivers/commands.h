// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The sub-commands: each takes the arguments behind its name and returns the exit status, 0, 1
 * (failed) or 2 (wrong input). */
#ifndef SPT_COMMANDS_H
#define SPT_COMMANDS_H

enum { EXIT_INTERRUPTED = 130 };

int command_run(int argc, char **argv);
int command_train(int argc, char **argv);
int command_list(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_analyze(int argc, char **argv);
int command_plot(int argc, char **argv);
int command_calibrate(int argc, char **argv);
int command_tune(int argc, char **argv);

/* 0 of 0, 2 of -EINVAL and -EEXIST, 130 of -ECANCELED, 1 of everything else */
int exit_code(int err);

#endif
