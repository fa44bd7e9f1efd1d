// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines and a progress bar on stderr. stderr belongs to the process, and so does the one static
 * struct here. */
#include "core/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 30, WIDTH = 256 };

static struct {
    pthread_mutex_t lock;
    int rank;
    bool quiet;
    int drawn;           /* columns of the bar that are on the terminal */
    bool shown, pending; /* something was shown; the latest state was not */
    double last;         /* seconds, when it was */
    char state[WIDTH];   /* the latest */
} err = { .lock = PTHREAD_MUTEX_INITIALIZER };

void log_open(int rank, bool quiet)
{
    pthread_mutex_lock(&err.lock);
    err.rank = rank;
    err.quiet = quiet;
    pthread_mutex_unlock(&err.lock);
}

static void erase_bar(void)
{
    if (err.drawn)
        fprintf(stderr, "\r%*s\r", err.drawn, "");
    err.drawn = 0;
}

static void print(bool always, const char *prefix, const char *format, va_list args)
{
    char *line = NULL;

    if (vasprintf(&line, format, args) < 0)
        line = NULL;
    for (char *s = line; s && *s; s++) /* one line, whatever a file name or a value holds */
        if ((unsigned char)*s < ' ' || *s == 0x7f)
            *s = ' ';
    pthread_mutex_lock(&err.lock);
    if (err.rank == 0 && (always || !err.quiet)) {
        erase_bar();
        fprintf(stderr, "%s%s\n", prefix, line ? line : format);
        fflush(stderr);
    }
    pthread_mutex_unlock(&err.lock);
    free(line);
}

int log_error(int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(true, "starpint: error: ", format, args);
    va_end(args);
    return code;
}

void log_line(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(true, "", format, args);
    va_end(args);
}

void log_warn(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(true, "starpint: warning: ", format, args);
    va_end(args);
}

void log_info(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(false, "starpint: ", format, args);
    va_end(args);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void draw_bar(const char *what, double fraction, const char *message)
{
    static const char full[] = "##############################",
                      none[] = "..............................";
    struct winsize size = { 0 };
    int columns = 80, done = (int)(fraction * BAR);
    char bar[WIDTH];

    if (!ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 1)
        columns = size.ws_col;
    if (columns > WIDTH)
        columns = WIDTH;
    snprintf(bar, (size_t)columns, "%s [%.*s%.*s] %3d%% %s", what, done, full, BAR - done, none,
             (int)(100 * fraction), message);
    erase_bar();
    err.drawn = (int)strlen(bar);
    fputs(bar, stderr);
    fflush(stderr);
}

void log_progress(const char *what, double fraction, const char *format, ...)
{
    bool terminal = isatty(STDERR_FILENO);
    char message[WIDTH / 2];
    double t = now();
    va_list args;

    fraction = fraction > 0 ? fraction < 1 ? fraction : 1 : 0; /* NaN is 0 */
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    pthread_mutex_lock(&err.lock);
    if (err.rank == 0 && !err.quiet) {
        snprintf(err.state, sizeof err.state, "%.100s %d%% %s", what, (int)(100 * fraction),
                 message);
        err.pending = err.shown && t - err.last < (terminal ? 0.1 : 1.0);
        if (!err.pending) {
            err.shown = true;
            err.last = t;
            if (terminal)
                draw_bar(what, fraction, message);
            else
                fprintf(stderr, "starpint: %s\n", err.state);
        }
    }
    pthread_mutex_unlock(&err.lock);
}

void log_progress_end(void)
{
    pthread_mutex_lock(&err.lock);
    erase_bar();
    if (err.pending && !isatty(STDERR_FILENO))
        fprintf(stderr, "starpint: %s\n", err.state);
    fflush(stderr);
    err.shown = err.pending = false;
    pthread_mutex_unlock(&err.lock);
}
