// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Linear operators with constant coefficients on equidistant grids: finite-difference stencils, and
 * the transform that makes any of them a diagonal of symbols: Fourier where every axis is periodic,
 * sine where every axis has the value 0 at both ends. One component, real. */
#ifndef SPT_DIAGONAL_H
#define SPT_DIAGONAL_H

#include <math.h>

#include "core/exec.h"
#include "core/fft.h"
#include "core/grid.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { STENCIL_POINTS = 9 };

/* f_i = sum over k in first..last of w[k - first] u_{i+k}, along one axis */
struct stencil {
    int first, last;
    double w[STENCIL_POINTS];
};

/* the most accurate formula for the derivative-th derivative at 0 on the points first..last, a
 * distance h apart */
struct stencil stencil_derivative(int derivative, int first, int last, double h);
/* y = c s + d r */
struct stencil stencil_sum(double c, const struct stencil *s, double d, const struct stencil *r);
/* the factor (re, im) by which the stencil multiplies exp(i angle k) */
void stencil_symbol(const struct stencil *s, double angle, double *symbol);
/* f = sum over axes of s[axis] applied to u; beyond an end that is not periodic u continues as an
 * odd function, and f is 0 in the ends */
void stencil_apply(const struct grid *g, const struct exec *x, const struct stencil *s,
                   const double *u, double *f);
/* g = the transposed matrix of that times v; on the host */
void stencil_adjoint(const struct grid *grid, const struct stencil *s, const double *v, double *g);
/* the transposed stencil, for periodic axes */
struct stencil stencil_reversed(const struct stencil *s);

enum diagonal_function {
    DIAGONAL_APPLY, /* c s: c times the operator */
    DIAGONAL_SOLVE, /* 1/(1 - c s) */
    DIAGONAL_FLOW,  /* exp(c s) */
};

struct diagonal {
    const struct grid *grid;
    struct fft *fft;
    bool periodic;
    size_t inner[GRID_MAX_DIMS]; /* points that are transformed: all, or all but the ends */
    size_t count;                /* symbols: pairs (re, im) if periodic, else real */
};

int diagonal_create(struct diagonal *d, const struct grid *g); /* 0 or -ENOMEM */
void diagonal_destroy(struct diagonal *d);
size_t diagonal_nwork(const struct diagonal *d);
double
diagonal_flops(const struct diagonal *d); /* of one diagonal_multiply; 5/2 n log2 n per transform */

/* One table of symbols: of s[axis], summed over axes; of first d/dx + second Laplace of the
 * continuous equation. diagonal_free frees; NULL: no memory. */
double *diagonal_stencil(const struct diagonal *d, const struct stencil *s);
double *diagonal_derivatives(const struct diagonal *d, double first, double second);
void diagonal_free(double *symbol);

/* v = function(c, symbol) applied to u; u == v is allowed. Ends that are not periodic become 0. 0,
 * or a positive number if the operator to be inverted is singular (on a device: v is not finite) */
int diagonal_multiply(const struct diagonal *d, const struct exec *x,
                      enum diagonal_function function, double c, const double *symbol,
                      const double *u, double *v);

/* u = 0 in the ends of the axes that are not periodic */
void diagonal_zero_ends(const struct grid *g, const struct exec *x, double *u);

/* what all of this is made of, on a device */
struct diagonal_kernels {
    void (*stencil)(const struct grid *g, const struct exec *x, const struct stencil *s,
                    const double *u, double *f);
    void (*zero_ends)(const struct grid *g, const struct exec *x, double *u);
    /* copies the points that are transformed out of (or, if back, into) a state */
    void (*inner_points)(const struct diagonal *d, const struct exec *x, bool back, double *state,
                         double *inner);
    /* the coefficients hat times function(c, symbol)/scale; whether one is infinite */
    int (*scale)(const struct diagonal *d, const struct exec *x, enum diagonal_function function,
                 double c, const double *symbol, double scale, double *hat);
};
extern const struct diagonal_kernels diagonal_cuda_kernels; /* diagonal.cu, in builds with CUDA */

/* function(c, symbol) as (re, im) */
static inline SPT_HD void diagonal_factor(enum diagonal_function function, double c,
                                          const double *symbol, bool is_complex, double *y)
{
    const double re = c * symbol[0], im = is_complex ? c * symbol[1] : 0;
    if (function == DIAGONAL_APPLY) {
        y[0] = re;
        y[1] = im;
    } else if (function == DIAGONAL_SOLVE) {
        const double square = (1 - re) * (1 - re) + im * im;
        y[0] = (1 - re) / square;
        y[1] = im / square;
    } else {
        y[0] = exp(re) * (im != 0 ? cos(im) : 1);
        y[1] = im != 0 ? exp(re) * sin(im) : 0;
    }
}

#ifdef __cplusplus
}
#endif
#endif
