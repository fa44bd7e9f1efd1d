// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The tests of test_results.c on the form that results take without HDF5. */
#include "spt_config.h"
#undef SPT_HDF5
#define SPT_HDF5 0
#include "core/results.c"
#undef COUNT
#include "tests/test_results.c"
