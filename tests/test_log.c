// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What stands on stderr, byte by byte: who speaks, lines that stay lines, and a bar that leaves
 * nothing behind. */
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/log.h"

enum { THREADS = 4, LINES = 200 };

static char said[1 << 16];

/* points stderr to fd, and back to what it was */
static int redirect(int fd)
{
    int saved = dup(STDERR_FILENO);

    fflush(stderr);
    dup2(fd, STDERR_FILENO);
    return saved;
}

static void restore(int saved)
{
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
}

/* what speak() says into a file */
static const char *in_file(void (*speak)(void))
{
    FILE *f = tmpfile();
    int saved = redirect(fileno(f));

    speak();
    restore(saved);
    rewind(f);
    said[fread(said, 1, sizeof said - 1, f)] = '\0';
    fclose(f);
    return said;
}

static void all_kinds(void)
{
    assert_int_equal(log_error(-7, "e %d", 1), -7);
    log_warn("w %d", 2);
    log_info("i %d", 3);
    log_line("f.yaml:4: %s", "two\nlines");
}

static void test_kinds(void **state)
{
    log_open(0, false);
    assert_string_equal(in_file(all_kinds), "starpint: error: e 1\n"
                                            "starpint: warning: w 2\n"
                                            "starpint: i 3\n"
                                            "f.yaml:4: two lines\n");
    log_open(0, true);
    assert_string_equal(in_file(all_kinds), "starpint: error: e 1\n"
                                            "starpint: warning: w 2\n"
                                            "f.yaml:4: two lines\n");
    log_open(1, false);
    assert_string_equal(in_file(all_kinds), "");
    log_open(0, false);
}

static void advance(void)
{
    for (int i = 0; i <= 100; i++)
        log_progress("parareal", i / 100.0, "slice %d", i);
    log_progress_end();
}

static void not_a_number(void)
{
    log_progress("run", NAN, "a");
    log_progress_end();
    log_progress("run", 7.0, "b");
    log_progress_end();
}

static void test_progress_lines(void **state)
{
    assert_string_equal(in_file(advance), "starpint: parareal 0% slice 0\n"
                                          "starpint: parareal 100% slice 100\n");
    assert_string_equal(in_file(not_a_number), "starpint: run 0% a\nstarpint: run 100% b\n");
    log_open(0, true);
    assert_string_equal(in_file(advance), "");
    log_open(0, false);
}

/* What a terminal of one line shows after the bytes of text: \r goes back, characters overwrite. */
static void screen(const char *text, char shown[static 256])
{
    size_t at = 0;

    memset(shown, 0, 256);
    for (; *text; text++) {
        if (*text == '\r')
            at = 0;
        else if (*text == '\n')
            memset(shown, at = 0, 256);
        else
            shown[at++] = *text;
        assert_true(at < 80);
    }
    for (at = strlen(shown); at > 0 && shown[at - 1] == ' '; at--)
        shown[at - 1] = '\0';
}

/* what was written to the other side of a terminal: it arrives in pieces */
static void drain(int terminal)
{
    struct pollfd ready = { .fd = terminal, .events = POLLIN };
    size_t at = 0;
    while (at < sizeof said - 1 && poll(&ready, 1, 100) > 0) {
        const ssize_t n = read(terminal, said + at, sizeof said - 1 - at);
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    said[at] = '\0';
}

static void test_bar(void **state)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY), line, saved;
    struct winsize size = { .ws_row = 24, .ws_col = 80 };
    struct termios raw;
    char shown[256], message[200];

    if (terminal < 0 || grantpt(terminal) || unlockpt(terminal))
        skip();
    line = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    assert_true(line >= 0);
    tcgetattr(line, &raw);
    cfmakeraw(&raw);
    tcsetattr(line, TCSANOW, &raw);
    ioctl(line, TIOCSWINSZ, &size);

    saved = redirect(line);
    log_progress("parareal", 0.5, "iteration 3");
    log_progress("parareal", 0.6, "too soon after the first");
    restore(saved);
    drain(terminal);
    screen(said, shown);
    assert_string_equal(shown, "parareal [###############...............]  50% iteration 3");

    saved = redirect(line);
    log_warn("late");
    restore(saved);
    drain(terminal);
    assert_int_equal(said[0], '\r'); /* the bar is wiped before the message */
    assert_non_null(strstr(said, "  \rstarpint: warning: late\n"));

    memset(message, 'm', sizeof message); /* longer than the terminal is wide */
    message[sizeof message - 1] = '\0';
    usleep(110000);
    saved = redirect(line);
    log_progress("parareal", 0.7, "%s", message);
    log_progress_end();
    restore(saved);
    drain(terminal);
    assert_non_null(strstr(said, "70% mmm"));
    assert_null(strchr(said, '\n'));
    screen(said, shown);
    assert_string_equal(shown, "");
    close(line);
    close(terminal);
}

static void *talk(void *name)
{
    for (int i = 0; i < LINES; i++) {
        log_info("%s says %d", (const char *)name, i);
        log_progress("run", 0.5, "%d", i);
    }
    return NULL;
}

static void talk_together(void)
{
    static const char *const names[THREADS] = { "ada", "bob", "cyd", "dan" };
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, talk, (void *)names[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    log_progress_end();
}

static void test_threads(void **state)
{
    int lines = 0, number, used;
    char name[8];

    for (char *s = strtok((char *)in_file(talk_together), "\n"); s; s = strtok(NULL, "\n")) {
        used = 0;
        if (sscanf(s, "starpint: %3s says %d%n", name, &number, &used) == 2 && !s[used])
            lines++;
        else
            assert_int_equal(strncmp(s, "starpint: run 50% ", 18), 0);
    }
    assert_int_equal(lines, THREADS * LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_progress_lines),
        cmocka_unit_test(test_bar),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
