// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/child.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"

static const int asks_to_end[] = { SIGINT, SIGTERM, SIGHUP };
enum { SIGNALS = sizeof asks_to_end / sizeof *asks_to_end };
static const double patience = 10; /* seconds for a child to end after it was asked to */

/* ---------------------------------------------------------------- commands */

static int append(char ***list, size_t *n, char *text)
{
    char **grown = text ? realloc(*list, (*n + 2) * sizeof *grown) : NULL;
    if (!grown) {
        free(text);
        return log_error(-ENOMEM, "out of memory");
    }
    grown[(*n)++] = text;
    grown[*n] = NULL;
    *list = grown;
    return 0;
}

int command_add(struct command *c, const char *argument)
{
    return append(&c->argv, &c->nargv, strdup(argument));
}

int command_setenv(struct command *c, const char *name, const char *value)
{
    char *text;
    if (asprintf(&text, "%s=%s", name, value) < 0)
        text = NULL;
    return append(&c->env, &c->nenv, text);
}

/* in single quotes where a shell would see more than letters in it */
static void put_word(FILE *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_./=,:@%+-";
    if (*word && word[strspn(word, plain)] == '\0') {
        fputs(word, out);
        return;
    }
    putc('\'', out);
    for (; *word; word++)
        if (*word == '\'')
            fputs("'\\''", out);
        else
            putc(*word, out);
    putc('\'', out);
}

void command_print(const struct command *c, FILE *out)
{
    for (size_t i = 0; i < c->nenv; i++) {
        const size_t name = strcspn(c->env[i], "=") + 1; /* quotes may not stand around it */
        fprintf(out, "%.*s", (int)name, c->env[i]);
        put_word(out, c->env[i] + name);
        putc(' ', out);
    }
    for (size_t i = 0; i < c->nargv; i++) {
        if (i)
            putc(' ', out);
        put_word(out, c->argv[i]);
    }
}

char *command_text(const struct command *c)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return NULL;
    command_print(c, out);
    if (fclose(out)) {
        free(text);
        return NULL;
    }
    return text;
}

void command_free(struct command *c)
{
    for (size_t i = 0; i < c->nargv; i++)
        free(c->argv[i]);
    for (size_t i = 0; i < c->nenv; i++)
        free(c->env[i]);
    free(c->argv);
    free(c->env);
    *c = (struct command){ 0 };
}

/* ---------------------------------------------------------------- signals */

static bool came; /* one of asks_to_end; signals belong to the process, and so does this */

/* those that somebody wants to be heard: nohup and scripts have others ignored */
static void signal_set(sigset_t *set)
{
    struct sigaction old;
    sigemptyset(set);
    for (int i = 0; i < SIGNALS; i++)
        if (sigaction(asks_to_end[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaddset(set, asks_to_end[i]);
}

void child_open(void)
{
    sigset_t set;
    signal_set(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

void child_close(void)
{
    sigset_t set;
    signal_set(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* sleeps until a signal comes, at most `seconds`; true: it is one that asks to end */
static bool asked(double seconds)
{
    const struct timespec t = { (time_t)seconds,
                                (long)(1e9 * (seconds - (double)(time_t)seconds)) };
    sigset_t set;
    signal_set(&set);
    sigaddset(&set, SIGCHLD);
    const int signal_number = sigtimedwait(&set, NULL, &t);
    const bool yes = signal_number > 0 && signal_number != SIGCHLD;
    came |= yes;
    return yes;
}

int child_interrupted(void)
{
    for (int i = 0; i <= SIGNALS && !came; i++) /* SIGCHLD of the last child may come first */
        asked(0);
    return came;
}

/* ---------------------------------------------------------------- children */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* in the child: a process group of its own, so that a signal reaches whatever it starts, and a
 * terminal's Ctrl-C reaches it through us only */
static void become(const struct command *c, int log, pid_t parent)
{
    const int none = open("/dev/null", O_RDONLY);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    child_close();
    dup2(none, 0);
    dup2(log, 1);
    dup2(log, 2);
    for (size_t i = 0; i < c->nenv; i++)
        putenv(c->env[i]);
    execvp(c->argv[0], c->argv);
    dprintf(2, "starpint: error: %s: %s\n", c->argv[0], strerror(errno));
    _exit(127);
}

int child_run(const struct command *c, const char *log, double limit, struct child *result)
{
    const pid_t parent = getpid();
    const double start = now();
    double deadline = start + limit; /* of the next harsher signal */
    int status, stage = 0;           /* 0: runs, 1: asked to end, 2: killed */
    bool late = false, interrupted = false;
    const int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (out < 0)
        return log_error(-errno, "%s: %s", log, strerror(errno));
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0)
        become(c, out, parent);
    close(out);
    if (pid < 0)
        return log_error(-errno, "%s: %s", c->argv[0], strerror(errno));
    setpgid(pid, pid); /* it may not have come so far */
    for (pid_t ended; (ended = waitpid(pid, &status, WNOHANG)) != pid;) {
        if (ended < 0 && errno != EINTR)
            return log_error(-errno, "%s: %s", c->argv[0], strerror(errno));
        const bool signalled = asked(0.1), over = now() > deadline;
        if (!signalled && !over)
            continue;
        interrupted |= signalled;
        late |= !signalled && stage == 0;
        kill(-pid, stage == 0 ? interrupted ? SIGINT : SIGTERM : SIGKILL);
        deadline = now() + patience;
        stage++;
    }
    if (stage)
        kill(-pid, SIGKILL); /* what it left behind */
    *result = (struct child){ late                ? CHILD_LATE
                              : WIFEXITED(status) ? CHILD_EXITED
                                                  : CHILD_KILLED,
                              WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
                              now() - start, limit };
    return interrupted ? -ECANCELED : 0;
}

/* ---------------------------------------------------------------- what they leave */

/* the last line of a log that says that something is wrong, else the last one */
static char *last_words(const char *log)
{
    char *line = NULL, *kept = NULL;
    size_t size = 0;
    bool is_error = false;
    FILE *f = fopen(log, "re");
    while (f && getline(&line, &size, f) > 0) {
        const bool tells = strstr(line, "error: ") || strstr(line, ".yaml:");
        line[strcspn(line, "\n")] = '\0';
        if (!*line || (is_error && !tells))
            continue;
        free(kept);
        kept = strdup(strncmp(line, "starpint: error: ", 17) ? line : line + 17);
        is_error = tells;
    }
    free(line);
    if (f)
        fclose(f);
    return kept;
}

char *child_complaint(const struct child *c, const char *log)
{
    char *said = last_words(log), *text = NULL;
    int n;
    if (c->end == CHILD_LATE)
        n = asprintf(&text, "no end after %g s", c->limit);
    else if (c->end == CHILD_KILLED)
        n = asprintf(&text, "signal %d (%s)%s%s", c->status, strsignal(c->status), said ? ": " : "",
                     said ? said : "");
    else
        n = asprintf(&text, "exit status %d%s%s", c->status, said ? ": " : "", said ? said : "");
    free(said);
    return n < 0 ? NULL : text;
}

static int remove_all(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

/* all below the folder, but for what we know a run's summary by */
static int remove_below(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    return at->level == 0 || (at->level == 1 && !strcmp(path + at->base, "summary.json"))
               ? 0
               : remove(path);
}

void child_clean(const char *dir, bool keep_summary)
{
    nftw(dir, keep_summary ? remove_below : remove_all, 16, FTW_DEPTH | FTW_PHYS);
}
