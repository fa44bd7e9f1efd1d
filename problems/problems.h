// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows of problem_types. */
#ifndef SPT_PROBLEMS_H
#define SPT_PROBLEMS_H

#include "problems/problem.h"

extern const struct problem_type advection_type;
extern const struct problem_type allen_cahn_type;
extern const struct problem_type allen_cahn_2d_type;
extern const struct problem_type black_scholes_type;
extern const struct problem_type black_scholes_2d_type;
extern const struct problem_type burgers_type;
extern const struct problem_type dahlquist_type;
extern const struct problem_type gray_scott_type;
extern const struct problem_type heat_type;
extern const struct problem_type lorenz_type;
extern const struct problem_type prothero_robinson_type;
extern const struct problem_type rayleigh_benard_type;
extern const struct problem_type van_der_pol_type;

#endif
