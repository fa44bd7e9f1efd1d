// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What the user reads on stderr while it runs. Only rank 0 speaks, unless a rank fails by itself. */
#ifndef SPT_LOG_H
#define SPT_LOG_H

#include <stdbool.h>

void log_open(int rank, bool quiet);
/* "starpint: ..." on one line; returns code, so that `return log_error(-EINVAL, ...)` reads well */
int log_error(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* one line as it stands, for errors that open with FILE:LINE */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Progress: a bar on a terminal (redrawn at most 10 times a second), plain lines in a log (at most one a second). */
void log_progress(const char *what, double fraction, const char *format, ...) __attribute__((format(printf, 3, 4)));
void log_progress_end(void);

#endif
