// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Preloaded into a process, makes its monotonic clocks run SPT_SKEW times as fast as they should.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *t)
{
    static double first[16], factor;
    const long err = syscall(SYS_clock_gettime, id, t);
    if (err || (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_RAW))
        return (int)err;
    if (!(factor > 0)) {
        const char *s = getenv("SPT_SKEW");
        factor = s ? strtod(s, NULL) : 1;
    }
    double now = (double)t->tv_sec + 1e-9 * (double)t->tv_nsec;
    if (!(first[id] > 0))
        first[id] = now;
    now = first[id] + factor * (now - first[id]);
    t->tv_sec = (time_t)now;
    t->tv_nsec = (long)(1e9 * (now - (double)t->tv_sec));
    return 0;
}
