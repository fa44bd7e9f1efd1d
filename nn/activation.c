// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Activations and their derivatives, in the precision of the file's build. */
#include "nn/real.h"

