// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Coefficients of Runge-Kutta schemes. Sources: Hairer, Norsett & Wanner (rk4), Alexander (1977:
 * sdirk2), Ascher, Ruuth & Spiteri (1997: rk222, rk443). tests/test_steppers.c checks every one
 * against the order conditions. */
#include <math.h>

#include "problems/steppers.h"

#define GAMMA (1 - M_SQRT1_2)

const struct tableau runge_kutta_tables[] = {
    { .name = "explicit_euler", .stages = 1, .order = 1, .be = { 1 } },
    { .name = "implicit_euler", .stages = 1, .order = 1, .c = { 1 }, .ai = { { 1 } }, .bi = { 1 } },
    {
        .name = "crank_nicolson",
        .stages = 2,
        .order = 2,
        .c = { 0, 1 },
        .ai = { { 0 }, { 0.5, 0.5 } },
        .bi = { 0.5, 0.5 },
    },
    {
        .name = "rk4",
        .stages = 4,
        .order = 4,
        .c = { 0, 0.5, 0.5, 1 },
        .ae = { { 0 }, { 0.5 }, { 0, 0.5 }, { 0, 0, 1 } },
        .be = { 1 / 6., 1 / 3., 1 / 3., 1 / 6. },
    },
    {
        .name = "sdirk2",
        .stages = 2,
        .order = 2,
        .c = { GAMMA, 1 },
        .ai = { { GAMMA }, { 1 - GAMMA, GAMMA } },
        .bi = { 1 - GAMMA, GAMMA },
    },
    {
        .name = "rk222",
        .stages = 3,
        .order = 2,
        .c = { 0, GAMMA, 1 },
        .ai = { { 0 }, { 0, GAMMA }, { 0, 1 - GAMMA, GAMMA } },
        .bi = { 0, 1 - GAMMA, GAMMA },
        .ae = { { 0 }, { GAMMA }, { -M_SQRT1_2, 1 + M_SQRT1_2 } },
        .be = { -M_SQRT1_2, 1 + M_SQRT1_2 },
    },
    {
        .name = "rk443",
        .stages = 5,
        .order = 3,
        .c = { 0, 1 / 2., 2 / 3., 1 / 2., 1 },
        .ai = { { 0 },
                { 0, 1 / 2. },
                { 0, 1 / 6., 1 / 2. },
                { 0, -1 / 2., 1 / 2., 1 / 2. },
                { 0, 3 / 2., -3 / 2., 1 / 2., 1 / 2. } },
        .bi = { 0, 3 / 2., -3 / 2., 1 / 2., 1 / 2. },
        .ae = { { 0 },
                { 1 / 2. },
                { 11 / 18., 1 / 18. },
                { 5 / 6., -5 / 6., 1 / 2. },
                { 1 / 4., 7 / 4., 3 / 4., -7 / 4. } },
        .be = { 1 / 4., 7 / 4., 3 / 4., -7 / 4. },
    },
    { .name = NULL },
};
