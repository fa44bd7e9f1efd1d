// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs run one after the other, each with an end: it ends by itself, at its time limit, or
 * together with this program. */
#ifndef SPT_DRIVERS_CHILD_H
#define SPT_DRIVERS_CHILD_H

#include <stdbool.h>
#include <stdio.h>

/* What is run: owned by the command, freed by command_free. */
struct command {
    char **argv; /* ends with NULL; argv[0] by PATH */
    char **env; /* NAME=VALUE besides, and instead of, what is in the environment; ends with NULL */
    size_t nargv, nenv;
};
/* 0 or -ENOMEM after an error line; the text is copied */
int command_add(struct command *c, const char *argument);
int command_setenv(struct command *c, const char *name, const char *value);
/* as one would type it into a shell */
void command_print(const struct command *c, FILE *out);
char *command_text(const struct command *c); /* the same, to be freed; NULL: no memory */
void command_free(struct command *c);

enum child_end { CHILD_EXITED, CHILD_KILLED, CHILD_LATE };
struct child {
    enum child_end end;
    int status;     /* of CHILD_EXITED: exit status; of CHILD_KILLED: the signal */
    double seconds; /* that it took */
    double limit;   /* that it had */
};

/* From here on SIGINT, SIGTERM and SIGHUP wait for child_run and child_interrupted, until
 * child_close. */
void child_open(void);
void child_close(void);
/* Whether one of them came. */
int child_interrupted(void);

/* Runs c with its output and errors into the file `log`, for at most `limit` seconds; then it gets
 * SIGTERM, and where that does not help SIGKILL. 0; -ECANCELED where this program was interrupted,
 * when c is gone too; -errno after an error line where c could not be started. */
int child_run(const struct command *c, const char *log, double limit, struct child *result);

/* What went wrong with it, in a line: how it ended, and the last line of its log that tells of an
 * error. To be freed; NULL: no memory */
char *child_complaint(const struct child *c, const char *log);
/* Removes the folder that a run wrote into, or all in it but summary.json. */
void child_clean(const char *dir, bool keep_summary);

#endif
