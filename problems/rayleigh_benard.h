// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the problem rayleigh_benard share. rayleigh_benard.c says what is solved; here
 * is how.
 *
 * Per wave exp(i k x), k = 2 pi l/Lx, l = 0..nx/2 - 1, the stream function psi (u = psi_z,
 * w = -psi_x) and the temperature's departure theta from conduction are sums of `rows` polynomials
 * phi_j and eta_j that meet the boundary conditions; for k = 0 the first is the mean flow u itself,
 * a sum of chi_j. With products of functions taken as means over the domain, tested by the same
 * functions, Galerkin's method reads
 *   M c' = -nu D c + i k B d + (advection),   H d' = -kappa G d - i k B^T c + (advection),
 * M and D the matrices of (u, v) and (grad u, grad v), H and G the same for theta, B of (phi, eta):
 * all of few bands.
 *
 * The state holds x = sqrt(2) L^T c and sqrt(2) N^T d (without sqrt(2) for k = 0), M = L L^T,
 * H = N N^T: coefficients of orthonormal polynomials. Its sum of squares is the mean of
 * u^2 + w^2 + theta^2. A component is (rows, 2, waves): real parts, imaginary parts. */
#ifndef SPT_RAYLEIGH_BENARD_H
#define SPT_RAYLEIGH_BENARD_H

#include "core/fft.h"
#include "problems/bands.h"
#include "problems/polynomials.h"
#include "problems/problem.h"

/* phi, phi', phi'', eta, eta' in the nodes of the quadrature */
enum rbc_table { RBC_FLOW, RBC_FLOW_Z, RBC_FLOW_ZZ, RBC_HEAT, RBC_HEAT_Z, RBC_TABLES };

struct rbc_factors {
    double a;
    double *tables; /* of both Cholesky factors of a solve */
};

struct rbc {
    struct problem base;
    struct fields fields;
    double kappa, nu, length, height;
    enum basis flow_basis, mean_basis; /* of phi and chi; that of eta is Dirichlet's */
    double amplitude;                  /* of the initial state */
    unsigned long seed;
    long mode; /* -1: noise */
    size_t nx, nz, rows, waves;
    double *wave; /* (waves) k */

    struct bands flow_mass, flow_stiff;       /* M, nu D */
    struct bands heat_mass, heat_stiff;       /* H, kappa G */
    struct cholesky flow_factor, heat_factor; /* L; N, the same for all waves */
    double *coupling;                         /* (rows, 4) B_{j,l} for l = j - 2, j, j + 2, j + 4 */
    double *linear;                           /* the memory of these */
    struct {
        size_t count;
        struct rbc_factors *v;
    } factors;

    /* Points for products of three functions: px equidistant ones and pz of Gauss', half of them
     * below the middle */
    size_t px, pz;
    struct fft *fft;                     /* of pz rows */
    double *points, *weights;            /* (pz) on [-1, 1] */
    double *evaluate[RBC_TABLES][2];     /* (pz/2, rows/2) of even and of odd j */
    double *integrate[RBC_TABLES][2];    /* (rows/2, pz/2), the same times weights */
    double *mean[2], *mean_integrate[2]; /* (pz, rows) chi and chi'; (rows, pz) weighted */
    double *inverse, *forward;           /* (waves) 1/sqrt(2) and sqrt(2); 1 for k = 0 */
    double *inverse_k, *inverse_kk;      /* -k/sqrt(2), k^2/sqrt(2) */
    double *plus_k, *minus_k, *square;   /* k, -k, k^2 */
    double *spectral;                    /* the memory of these */

    struct rbc_shown *shown; /* rayleigh_benard_fields.c's tables */
};

static inline const struct rbc *rbc(const struct problem *p)
{
    return (const struct rbc *)p;
}

/* the next table of a block of memory */
static inline double *rbc_take(double **memory, size_t n)
{
    double *at = *memory;
    *memory += exec_round(n);
    return at;
}

/* ---- rayleigh_benard_linear.c: diffusion, buoyancy, and their solves ---- */

int rbc_linear_create(struct rbc *s); /* 0 or -ENOMEM */
void rbc_linear_destroy(struct rbc *s);
size_t rbc_linear_nwork(const struct rbc *s);
/* coefficients c and d of a state, times sqrt(2) for k > 0 */
void rbc_coefficients(const struct rbc *s, const double *u, double *c);
/* f = (L^-1, N^-1) r: the state's derivative of its tests' products; f may be r */
void rbc_from_tests(const struct rbc *s, const double *r, double *f);
/* y += i k B d, and y += -i k B^T c */
void rbc_add_buoyancy(const struct rbc *s, double a, const double *d, double *y);
void rbc_add_conduction(const struct rbc *s, const double *c, double *y);
int rbc_rhs_implicit(const struct problem *p, const struct exec *x, double t, const double *u,
                     double *f);
int rbc_solve(const struct problem *p, const struct exec *x, double t, double a, const double *b,
              double *u);
int rbc_prepare(struct problem *p, double a);

/* ---- rayleigh_benard_advection.c ---- */

int rbc_advection_create(struct rbc *s);
void rbc_advection_destroy(struct rbc *s);
size_t rbc_advection_nwork(const struct rbc *s);
/* grid (pz, px) = sum of factor * coefficients * table over all waves, times i if times_i;
 * mean (pz): what k = 0 is instead, or NULL */
void rbc_to_points(const struct rbc *s, const struct exec *x, enum rbc_table table,
                   const double *factor, bool times_i, const double *mean, const double *c,
                   double *grid);
/* (2, pz/2, nx): waves of a grid, sums and differences of what lies below and above the middle */
void rbc_from_points(const struct rbc *s, const struct exec *x, const double *grid, double *waves);
/* y (rows, 2, waves) = integrals of such waves times derivatives (`derivative` of them were taken)
 * of functions, weighted values of which are in table[parity of the row] (rows/2, pz/2) */
void rbc_integrate(const struct rbc *s, size_t rows, double *const table[2], int derivative,
                   const double *waves, double *y);
/* r = or += factor y, times i if times_i; factor NULL: 1 */
void rbc_put(const struct rbc *s, size_t rows, bool add, const double *factor, bool times_i,
             const double *y, double *r);
/* k = 0 in the nodes: of a table of `mean` */
void rbc_mean_flow(const struct rbc *s, const double *table, const double *c, double *mean);
int rbc_rhs_explicit(const struct problem *p, const struct exec *x, double t, const double *u,
                     double *f);
int rbc_rhs_adjoint(const struct problem *p, const struct exec *x, double t, const double *u,
                    const double *v, double *g);

/* ---- rayleigh_benard_fields.c: what a state looks like, on the host ---- */

enum { RBC_VX, RBC_VZ, RBC_B, RBC_P, RBC_FIELDS };

int rbc_fields_create(struct rbc *s);
void rbc_fields_destroy(struct rbc *s);
int rbc_show(const struct problem *p, const struct exec *x, double t, const double *u, double *v);
int rbc_absorb(const struct problem *p, const struct exec *x, double t, const double *v, double *u);
int rbc_absorb_change(const struct problem *p, const struct exec *x, double t, const double *dv,
                      double *du);
int rbc_absorb_adjoint(const struct problem *p, const struct exec *x, double t, const double *du,
                       double *dv);
/* u, w and, unless NULL, b and p on the grid (nx, nz) */
void rbc_view(const struct rbc *s, const struct exec *x, const double *state, double *u, double *w,
              double *b, double *p);
size_t rbc_view_nwork(const struct rbc *s); /* of these two */
/* u = u_x + w_z, by the grid's own derivatives; w is destroyed */
void rbc_divergence(const struct rbc *s, const struct exec *x, double *u, double *w);

/* the mean of theta_z along a plate, of coefficients d */
double rbc_plate_slope(const struct rbc *s, bool top, const double *d);

/* ---- rayleigh_benard_quantities.c ---- */

int rbc_quantity(const struct problem *p, const char *name, double t, const double *u,
                 double *value);

#endif
