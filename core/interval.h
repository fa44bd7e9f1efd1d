// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Time, counted in integers. The one place where t_n = t0 + n dt is written.
 *
 * An interval is the index-th of count equal parts of [start, end]. Parts of parts are counted from the same start,
 * so the s-th step of slice n and step n*steps + s of a serial run have the same bits in both ends and in dt. */
#ifndef SPT_INTERVAL_H
#define SPT_INTERVAL_H

struct interval {
    double start, end; /* of the whole run */
    long index, count; /* 0 <= index < count */
};

static inline double interval_t0(struct interval i)
{
    return i.start + (i.end - i.start) * ((double)i.index / (double)i.count);
}

static inline double interval_t1(struct interval i)
{
    return i.start + (i.end - i.start) * ((double)(i.index + 1) / (double)i.count);
}

/* the same bits for every part of a run: never t1 - t0 */
static inline double interval_dt(struct interval i)
{
    return (i.end - i.start) / (double)i.count;
}

/* the i-th of n equal parts of an interval */
static inline struct interval interval_part(struct interval whole, long i, long n)
{
    whole.index = whole.index * n + i;
    whole.count *= n;
    return whole;
}

#endif
