// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* In double precision: cmocka's assert_float_equal rounds both numbers to float. */
#ifndef SPT_NEAR_H
#define SPT_NEAR_H

#include <math.h>

#define assert_near(value, expected, tolerance)                                                    \
    do {                                                                                           \
        const double value_ = (value), expected_ = (expected);                                     \
        if (!(fabs(value_ - expected_) <= (tolerance)))                                            \
            fail_msg("%s: expected %.17g, found %.17g", #value, expected_, value_);                \
    } while (0)

#endif
