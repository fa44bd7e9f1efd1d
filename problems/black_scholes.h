// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What the Black-Scholes problems share, on the CPU and on devices. Time runs from expiry: t is
 * the time to expiry, and the state at t = 0 the payoff. */
#ifndef SPT_BLACK_SCHOLES_H
#define SPT_BLACK_SCHOLES_H

#include <stdbool.h>

#include "problems/options.h"
#include "problems/problem.h"
#include "problems/sampling.h"
#include "problems/tridiagonal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rows of sigma^2 S^2/2 d_SS + rate S d_S - reaction by central differences on x (n). Dirichlet:
 * the ends are known. Otherwise d_SS = 0 in the upper end with a one-sided d_S; the row of S = 0
 * degenerates by itself. 0 or -ENOMEM. */
int black_scholes_axis(struct tridiagonal *A, const double *x, size_t n, bool dirichlet,
                       double volatility, double rate, double reaction);

/* The grid's axis: equidistant, or concentrated around the strike (width in strikes). */
int black_scholes_grid(struct grid *g, int axis, const char *name, size_t n, double end,
                       double strike, double concentration);

/* The mean of a payoff over a cell of the given widths around (s1, s2), exact for payoffs that are
 * linear up to kinks at S_i = strike, S1 = S2 and (S1 + S2)/2 = strike; a width may be 0. */
double black_scholes_cell_mean(const struct option *o,
                               double (*payoff)(const struct option *, double, double), double s1,
                               double width1, double s2, double width2);

/* of the cell around x[i], between the midpoints to its neighbours; 0 in the ends */
double black_scholes_cell_width(const struct grid *g, int axis, size_t i);

/* ---- random value surfaces ----
 * A few options of random weights w >= 0, of sum 1, and strikes within K (1 +- spread/2), K being
 * the strike and the spread up to 1, whose kinks are rounded off by random widths: from half a
 * cell, as shortly after expiry, to 0.3 K; and bumps of either sign, on each axis
 * h exp(-(log(S/K) - c)^2/(2 b^2)), |h| <= 0.05 K, |c| <= 0.7, 0.15 <= b <= 0.6. What is then
 * missing in boundary values is added, in straight lines between them. */
enum { BLACK_SCHOLES_LEGS = 4, BLACK_SCHOLES_BUMPS = 4 };

struct black_scholes_legs {
    size_t count;
    double spread, least, widest; /* widths lie between the last two */
    double strike[BLACK_SCHOLES_LEGS], weight[BLACK_SCHOLES_LEGS], width[BLACK_SCHOLES_LEGS];
};

struct black_scholes_bump {
    double height, centre[2], width[2];
};

/* cell: of the grid, around the strike; twice the least width */
void black_scholes_legs(struct draw *d, double strike, double cell, struct black_scholes_legs *l);
/* how many bumps */
size_t black_scholes_bumps(struct draw *d, double strike, struct black_scholes_bump *b);
/* one factor of a bump at price s, and its derivatives unless NULL; 0 at s = 0 */
double black_scholes_bump(const struct black_scholes_bump *b, int axis, double strike, double s,
                          double *first, double *second);
/* of the cell around the strike */
double black_scholes_strike_cell(const struct grid *g, int axis, double strike);

struct black_scholes {
    struct problem base;
    struct option option;
    bool is_put;
    bool dirichlet, average; /* boundary: closed_form; smoothing: cell_average */
    struct tridiagonal A;
    struct factors factors;
};

/* of the ends at time t: exercise is certain, or out of the question */
void black_scholes_known(const struct black_scholes *s, double t, double *west, double *east);

/* Two assets. Axis 0 is S1, axis 1 (the contiguous one) S2. */
struct black_scholes_2d {
    struct problem base;
    struct option option;
    const struct payoff *payoff;
    bool dirichlet, average;
    struct tridiagonal A[2];   /* F_1 and F_2 */
    double *slope[2];          /* (n) S_i / (S_{i+1} - S_{i-1}), 0 in the ends */
    double mixed;              /* rho sigma1 sigma2 */
    struct factors factors[2]; /* of A */
    struct edges {             /* boundary values by time, ascending */
        size_t count;
        struct edge {
            double t, *v; /* S1 = 0 (n2), S1 = end (n2), S2 = 0 (n1), S2 = end (n1) */
        } * v;
    } edges;
};

/* the table's entry for time t; NULL: it was not prepared */
const double *black_scholes_edges(const struct black_scholes_2d *s, double t);

/* Of a row of the grid: cross = w0 rho sigma1 sigma2 slope1, and the row of w1 A_1 */
struct black_scholes_row {
    double cross, lower, diag, upper;
};

/* w0 F_0 + w1 F_1 in column j, from the row and its neighbours. West and east are the columns j - 1
 * and j + 1 where they exist. */
static inline SPT_HD double black_scholes_across(struct black_scholes_row r, double slope2,
                                                 const double *south, const double *row,
                                                 const double *north, size_t west, size_t j,
                                                 size_t east)
{
    return r.cross * slope2 * ((north[east] - north[west]) - (south[east] - south[west])) +
           (r.lower * south[j] + r.diag * row[j] + r.upper * north[j]);
}

/* F_2 there */
static inline SPT_HD double black_scholes_along(double lower2, double diag2, double upper2,
                                                const double *row, size_t west, size_t j,
                                                size_t east)
{
    return lower2 * row[west] + diag2 * row[j] + upper2 * row[east];
}

/* black_scholes.cu and black_scholes_2d.cu, in builds with CUDA: for boundary closed_form and
 * linear */
extern const struct problem_kernels black_scholes_cuda_kernels[2];
extern const struct problem_kernels black_scholes_2d_cuda_kernels[2];
enum { BLACK_SCHOLES_CUDA_POINTS = 4096 }; /* the longest line that one asset may have there */

#ifdef __cplusplus
}
#endif
#endif
