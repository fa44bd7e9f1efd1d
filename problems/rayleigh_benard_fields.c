// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Velocity, buoyancy and pressure on the grid of a state, and a state of those. The pressure is the
 * gradient part of what drives the flow: for every polynomial q of degree below nz
 *   (grad p, grad q) = (-u.grad u + b e_z + nu Laplace(u), grad q),
 * integrated by parts where derivatives of products or third ones would stand; its mean is 0. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "problems/dense.h"
#include "problems/rayleigh_benard.h"

enum { U, W, THETA, MEAN, BASES }; /* phi', phi, eta, chi */

struct rbc_shown {
    struct fft *fft;                     /* of nz rows of nx points */
    double *show[BASES], *absorb[BASES]; /* (nz, rows), (rows, nz): values; integrals */
    double *adjoint[BASES];              /* absorb, transposed */
    double *pressure;                    /* (nz, nz) values of its basis on the grid */
    double *integrate[3][2];             /* (nz/2, pz/2) of its derivatives, as in struct rbc */
    double *curvature[2], *slope[2];     /* (rows) phi'' and eta' at both plates */
    double *differentiate;               /* (nz, nz) d/dz on the grid */
    double *scale;                       /* (waves) sqrt(2)/nx, 1/nx for k = 0 */
    struct cholesky laplace;             /* of (grad p, grad q) */
    double *memory;
};

/* ---- tables ---- */

static void basis_values(const struct rbc *s, double xi, double *values[BASES], double *work)
{
    const size_t K = s->rows;
    const double g = 2 / s->height;
    basis_at(s->flow_basis, K, xi, work);
    memcpy(values[W], work, K * sizeof *work);
    for (size_t j = 0; j < K; j++)
        values[U][j] = g * work[K + j];
    basis_at(BASIS_DIRICHLET, K, xi, work);
    memcpy(values[THETA], work, K * sizeof *work);
    basis_at(s->mean_basis, K, xi, work);
    memcpy(values[MEAN], work, K * sizeof *work);
}

/* values and integrals of what the grid shows */
static void tabulate_grid(const struct rbc *s, struct rbc_shown *t, const double *xi, double *work)
{
    const size_t K = s->rows, nz = s->nz;
    double *values[BASES], *row[BASES], *weighted[BASES], *lagrange = rbc_take(&work, s->pz * nz),
                                                          *of_pressure = rbc_take(&work, 3 * nz);
    for (int f = 0; f < BASES; f++) {
        values[f] = rbc_take(&work, K);
        weighted[f] = rbc_take(&work, K * s->pz);
    }
    for (size_t i = 0; i < nz; i++) {
        for (int f = 0; f < BASES; f++)
            row[f] = t->show[f] + i * K;
        basis_values(s, xi[i], row, work);
        basis_at(BASIS_BUBBLES, nz, xi[i], of_pressure);
        memcpy(t->pressure + i * nz, of_pressure, nz * sizeof *of_pressure);
    }
    for (size_t q = 0; q < s->pz; q++) {
        basis_values(s, s->points[q], values, work);
        chebyshev_interpolation(nz, xi, s->points[q], lagrange + q * nz);
        for (int f = 0; f < BASES; f++)
            for (size_t j = 0; j < K; j++)
                weighted[f][j * s->pz + q] = s->weights[q] / 2 * values[f][j];
    }
    for (int f = 0; f < BASES; f++)
        dense_multiply(K, s->pz, nz, weighted[f], lagrange, nz, t->absorb[f], nz);
    for (int f = 0; f < BASES; f++)
        for (size_t i = 0; i < nz; i++)
            for (size_t j = 0; j < K; j++)
                t->adjoint[f][i * K + j] = t->absorb[f][j * nz + i];
    /* d/dz = that of the interpolating polynomial; rows of constants vanish */
    for (size_t i = 0; i < nz; i++) {
        double sum = 0;
        for (size_t j = 0; j < nz; j++)
            if (j != i) {
                const double end = (j == 0 || j + 1 == nz ? 0.5 : 1) /
                                   (i == 0 || i + 1 == nz ? 0.5 : 1),
                             d = ((i + j) % 2 ? -end : end) / (xi[i] - xi[j]) * 2 / s->height;
                t->differentiate[i * nz + j] = d;
                sum += d;
            }
        t->differentiate[i * nz + i] = -sum;
    }
}

/* what the pressure's equation takes, and its matrix */
static void tabulate_pressure(const struct rbc *s, struct rbc_shown *t, double *work)
{
    const size_t nz = s->nz, half = s->pz / 2, n = nz * s->waves;
    const double g = 2 / s->height;
    double *v = rbc_take(&work, 3 * nz), *stiff = rbc_take(&work, 2 * nz),
           *mass = rbc_take(&work, 2 * nz);
    memset(stiff, 0, 2 * nz * sizeof *stiff);
    memset(mass, 0, 2 * nz * sizeof *mass);
    for (size_t q = 0; q < s->pz; q++) {
        const double w = s->weights[q] / 2;
        basis_at(BASIS_BUBBLES, nz, s->points[q], v);
        for (size_t j = 0; j < nz; j++) {
            for (size_t b = 0; b < 2 && j >= 2 * b; b++) {
                mass[2 * j + b] += w * v[j] * v[j - 2 * b];
                stiff[2 * j + b] += b ? 0 : w * g * g * v[nz + j] * v[nz + j];
            }
            for (int d = 0; d < 3 && q < half; d++)
                t->integrate[d][j % 2][j / 2 * half + q] =
                    w / (double)s->px * pow(g, d) * v[(size_t)d * nz + j];
        }
    }
    struct bands m = { nz, s->waves, false, false, work, work + n, NULL };
    for (size_t j = 0; j < nz; j++)
        for (size_t l = 0; l < s->waves; l++) {
            m.diag[j * s->waves + l] =
                j + l ? stiff[2 * j] + s->square[l] * mass[2 * j] : 1; /* p_0 of k = 0 is free */
            m.two[j * s->waves + l] = s->square[l] * mass[2 * j + 1];
        }
    cholesky_factor(&m, 0, NULL, &t->laplace);
}

static void tabulate_plates(const struct rbc *s, struct rbc_shown *t, double *work)
{
    const double g = 2 / s->height;
    for (int end = 0; end < 2; end++) {
        basis_at(s->flow_basis, s->rows, end ? 1 : -1, work);
        for (size_t j = 0; j < s->rows; j++)
            t->curvature[end][j] = g * g * work[2 * s->rows + j];
        basis_at(BASIS_DIRICHLET, s->rows, end ? 1 : -1, work);
        for (size_t j = 0; j < s->rows; j++)
            t->slope[end][j] = g * work[s->rows + j];
    }
}

int rbc_fields_create(struct rbc *s)
{
    const size_t K = s->rows, nz = s->nz, half = s->pz / 2, n = nz * s->waves;
    struct rbc_shown *t = s->shown = calloc(1, sizeof *t);
    double *work = aligned_alloc(
        64, (2 * exec_round(n) + 5 * exec_round(nz * s->pz) + 16 * exec_round(nz)) * sizeof *work);
    double *xi = malloc(nz * sizeof *xi);
    const size_t doubles = 3 * BASES * exec_round(K * nz) + 2 * exec_round(nz * nz) +
                           6 * exec_round(nz / 2 * half) + 4 * exec_round(K) +
                           exec_round(s->waves) + exec_round(cholesky_size(nz, s->waves, false));
    double *at = t ? t->memory = aligned_alloc(64, doubles * sizeof *at) : NULL;
    int err = t && at && work && xi ? 0 : -ENOMEM;
    if (!err)
        err = fft_create_rows(&t->fft, nz, s->nx);
    if (!err) {
        for (int f = 0; f < BASES; f++) {
            t->show[f] = rbc_take(&at, K * nz);
            t->absorb[f] = rbc_take(&at, K * nz);
            t->adjoint[f] = rbc_take(&at, K * nz);
        }
        t->pressure = rbc_take(&at, nz * nz);
        t->differentiate = rbc_take(&at, nz * nz);
        for (int d = 0; d < 3; d++)
            for (int parity = 0; parity < 2; parity++)
                t->integrate[d][parity] = rbc_take(&at, nz / 2 * half);
        for (int end = 0; end < 2; end++) {
            t->curvature[end] = rbc_take(&at, K);
            t->slope[end] = rbc_take(&at, K);
        }
        t->scale = rbc_take(&at, s->waves);
        t->laplace = cholesky_in(at, nz, s->waves, false);
        for (size_t l = 0; l < s->waves; l++)
            t->scale[l] = s->forward[l] / (double)s->nx;
        chebyshev_points(nz, xi);
        tabulate_grid(s, t, xi, work);
        tabulate_pressure(s, t, work);
        tabulate_plates(s, t, work);
    }
    free(xi);
    free(work);
    return err;
}

void rbc_fields_destroy(struct rbc *s)
{
    if (!s->shown)
        return;
    fft_destroy(&s->shown->fft);
    free(s->shown->memory);
    free(s->shown);
}

/* ---- between rows of waves and the grid ---- */

static size_t plane(const struct rbc *s) /* doubles of a field, and of its padded waves */
{
    return exec_round(s->nz * (s->nx + 2));
}

/* field (nx, nz) of rows (nz, 2, waves) times factor, times i if times_i */
static void to_grid(const struct rbc *s, const struct exec *exec, const double *factor,
                    bool times_i, const double *rows, double *field)
{
    const size_t n = s->waves, length = s->nx + 2;
    struct exec x = *exec;
    double *hat = exec_take(&x, s->nz * length), *lines = exec_take(&x, s->nz * s->nx);
    for (size_t i = 0; i < s->nz; i++) {
        const double *row = rows + i * 2 * n;
        for (size_t l = 0; l < n; l++) {
            hat[i * length + 2 * l] = factor[l] * (times_i ? -row[n + l] : row[l]);
            hat[i * length + 2 * l + 1] = l == 0 ? 0 : factor[l] * (times_i ? row[l] : row[n + l]);
        }
        hat[i * length + 2 * n] = hat[i * length + 2 * n + 1] = 0;
    }
    fft_inverse(s->shown->fft, &x, hat, lines);
    for (size_t i = 0; i < s->nz; i++)
        for (size_t j = 0; j < s->nx; j++)
            field[j * s->nz + i] = lines[i * s->nx + j];
}

/* rows (nz, 2, waves) of a field, times sqrt(2) for k > 0 */
static void from_grid(const struct rbc *s, const struct exec *exec, const double *field,
                      double *rows)
{
    const size_t n = s->waves, length = s->nx + 2;
    struct exec x = *exec;
    double *hat = exec_take(&x, s->nz * length), *lines = exec_take(&x, s->nz * s->nx);
    for (size_t i = 0; i < s->nz; i++)
        for (size_t j = 0; j < s->nx; j++)
            lines[i * s->nx + j] = field[j * s->nz + i];
    fft_forward(s->shown->fft, &x, lines, hat);
    for (size_t i = 0; i < s->nz; i++)
        for (size_t l = 0; l < n; l++)
            for (size_t part = 0; part < 2; part++)
                rows[(2 * i + part) * n + l] = s->shown->scale[l] * hat[i * length + 2 * l + part];
}

/* ---- a state's fields ---- */

/* (-u.grad u + b e_z + nu Laplace(u), grad q) in r (nz, 2, waves) */
static void drive(const struct rbc *s, const struct exec *exec, const double *c, double *r)
{
    const struct rbc_shown *t = s->shown;
    const size_t points = s->px * s->pz, n = s->waves;
    struct exec x = *exec;
    double *u = exec_take(&x, points), *w = exec_take(&x, points), *product = exec_take(&x, points),
           *waves = exec_take(&x, s->pz * 2 * n), *y = exec_take(&x, s->nz * 2 * n),
           *mean = exec_take(&x, s->pz);
    rbc_mean_flow(s, s->mean[0], c, mean);
    rbc_to_points(s, &x, RBC_FLOW_Z, s->inverse, false, mean, c, u);
    rbc_to_points(s, &x, RBC_FLOW, s->inverse_k, true, NULL, c, w);

    for (size_t i = 0; i < points; i++)
        product[i] = -u[i] * u[i];
    rbc_from_points(s, &x, product, waves);
    rbc_integrate(s, s->nz, t->integrate[0], 0, waves, y);
    rbc_put(s, s->nz, false, s->square, false, y, r);
    for (size_t i = 0; i < points; i++)
        product[i] = 2 * u[i] * w[i];
    rbc_from_points(s, &x, product, waves);
    rbc_integrate(s, s->nz, t->integrate[1], 1, waves, y);
    rbc_put(s, s->nz, true, s->minus_k, true, y, r);
    for (size_t i = 0; i < points; i++)
        product[i] = w[i] * w[i];
    rbc_from_points(s, &x, product, waves);
    rbc_integrate(s, s->nz, t->integrate[2], 2, waves, y);
    rbc_put(s, s->nz, true, NULL, false, y, r);

    rbc_to_points(s, &x, RBC_HEAT, s->inverse, false, NULL, c + s->base.n / 2, product);
    for (size_t i = 0; i < points; i++)
        product[i] += s->height * (1 - s->points[i / s->px]) / 2;
    rbc_from_points(s, &x, product, waves);
    rbc_integrate(s, s->nz, t->integrate[1], 1, waves, y);
    rbc_put(s, s->nz, true, NULL, false, y, r);

    /* nu (i k) omega q at the plates, omega = -psi_zz; only q_0 = 1 and q_1 = +-1 are not 0 there
     */
    for (size_t l = 1; l < n; l++)
        for (size_t part = 0; part < 2; part++) {
            double bottom = 0, top = 0;
            for (size_t j = 0; j < s->rows; j++) {
                bottom -= t->curvature[0][j] * c[(2 * j + part) * n + l];
                top -= t->curvature[1][j] * c[(2 * j + part) * n + l];
            }
            const double k = (part ? -1 : 1) * s->nu / s->height * s->wave[l];
            r[(1 - part) * n + l] += k * (top - bottom);
            r[(3 - part) * n + l] += k * (top + bottom);
        }
}

/* rows (nz, 2, waves) of the pressure on the grid */
static void pressure(const struct rbc *s, const struct exec *exec, const double *c, double *rows)
{
    const size_t nx = 2 * s->waves;
    struct exec x = *exec;
    double *r = exec_take(&x, s->nz * nx);
    drive(s, &x, c, r);
    cholesky_solve(&s->shown->laplace, r, r);
    cholesky_solve_back(&s->shown->laplace, r, r);
    r[0] = r[2 * nx]; /* the mean: (1, 1) = 1 and (L_2 - L_0, 1) = -1 */
    dense_multiply(s->nz, s->nz, nx, s->shown->pressure, r, nx, rows, nx);
}

size_t rbc_view_nwork(const struct rbc *s)
{
    return rbc_advection_nwork(s) + 8 * plane(s) + exec_round(s->base.n);
}

/* velocity and, unless NULL, theta on the grid, of coefficients c: sums of the functions whose
 * values are in tables (nz, rows) */
static void evaluate(const struct rbc *s, const struct exec *exec, double *const tables[BASES],
                     const double *c, double *u, double *w, double *theta)
{
    const size_t nx = s->nx, nz = s->nz, K = s->rows;
    struct exec x = *exec;
    double *rows = exec_take(&x, nz * nx);
    dense_multiply(nz, K, nx, tables[U], c, nx, rows, nx);
    for (size_t i = 0; i < nz; i++) { /* k = 0 */
        double sum = 0;
        for (size_t j = 0; j < K; j++)
            sum += tables[MEAN][i * K + j] * c[j * nx];
        rows[i * nx] = sum;
    }
    to_grid(s, &x, s->inverse, false, rows, u);
    dense_multiply(nz, K, nx, tables[W], c, nx, rows, nx);
    to_grid(s, &x, s->inverse_k, true, rows, w);
    if (theta) {
        dense_multiply(nz, K, nx, tables[THETA], c + s->base.n / 2, nx, rows, nx);
        to_grid(s, &x, s->inverse, false, rows, theta);
    }
}

void rbc_view(const struct rbc *s, const struct exec *exec, const double *state, double *u,
              double *w, double *b, double *p)
{
    const size_t nx = s->nx, nz = s->nz;
    struct exec x = *exec;
    double *c = exec_take(&x, s->base.n);
    rbc_coefficients(s, state, c);
    evaluate(s, &x, s->shown->show, c, u, w, b);
    for (size_t i = 0; i < nx * nz && b; i++)
        b[i] += s->height - s->fields.grid.x[1][i % nz];
    if (p) {
        double *rows = exec_take(&x, nz * nx);
        pressure(s, &x, c, rows);
        to_grid(s, &x, s->inverse, false, rows, p);
    }
}

int rbc_show(const struct problem *p, const struct exec *x, double t, const double *u, double *v)
{
    const struct rbc *s = rbc(p);
    const size_t points = s->nx * s->nz;
    rbc_view(s, x, u, v + RBC_VX * points, v + RBC_VZ * points, v + RBC_B * points,
             v + RBC_P * points);
    return 0;
}

/* Velocity and theta, tested by the functions of the state: (u, curl phi), (theta, eta) */
static void absorb(const struct rbc *s, const struct exec *exec, const double *v,
                   const double *theta, double *u)
{
    const struct rbc_shown *shown = s->shown;
    const size_t nx = s->nx, nz = s->nz, K = s->rows, points = nx * nz;
    struct exec x = *exec;
    double *rows = exec_take(&x, points), *y = exec_take(&x, K * nx);
    from_grid(s, &x, v + RBC_VX * points, rows);
    dense_multiply(K, nz, nx, shown->absorb[U], rows, nx, y, nx);
    for (size_t j = 0; j < K; j++) {
        double sum = 0;
        for (size_t i = 0; i < nz; i++)
            sum += shown->absorb[MEAN][j * nz + i] * rows[i * nx];
        y[j * nx] = sum;
    }
    rbc_put(s, K, false, NULL, false, y, u);
    from_grid(s, &x, v + RBC_VZ * points, rows);
    dense_multiply(K, nz, nx, shown->absorb[W], rows, nx, y, nx);
    rbc_put(s, K, true, s->plus_k, true, y, u);
    from_grid(s, &x, theta, rows);
    dense_multiply(K, nz, nx, shown->absorb[THETA], rows, nx, u + s->base.n / 2, nx);
    rbc_from_tests(s, u, u);
}

int rbc_absorb(const struct problem *p, const struct exec *exec, double t, const double *v,
               double *u)
{
    const struct rbc *s = rbc(p);
    const size_t nz = s->nz, points = s->nx * nz;
    struct exec x = *exec;
    double *theta = exec_take(&x, points);
    for (size_t i = 0; i < points; i++)
        theta[i] = v[RBC_B * points + i] - (s->height - s->fields.grid.x[1][i % nz]);
    absorb(s, &x, v, theta, u);
    return 0;
}

int rbc_absorb_change(const struct problem *p, const struct exec *x, double t, const double *dv,
                      double *du)
{
    absorb(rbc(p), x, dv, dv + RBC_B * rbc(p)->nx * rbc(p)->nz, du);
    return 0;
}

/* Integrals become values, and the other way round; the sums over x have no 1/nx there */
int rbc_absorb_adjoint(const struct problem *p, const struct exec *exec, double t, const double *du,
                       double *dv)
{
    const struct rbc *s = rbc(p);
    const size_t points = s->nx * s->nz;
    struct exec x = *exec;
    double *c = exec_take(&x, p->n);
    rbc_coefficients(s, du, c);
    evaluate(s, &x, s->shown->adjoint, c, dv + RBC_VX * points, dv + RBC_VZ * points,
             dv + RBC_B * points);
    for (size_t i = 0; i < RBC_P * points; i++)
        dv[i] /= (double)s->nx;
    memset(dv + RBC_P * points, 0, points * sizeof *dv);
    return 0;
}

double rbc_plate_slope(const struct rbc *s, bool top, const double *d)
{
    double sum = 0;
    for (size_t j = 0; j < s->rows; j++)
        sum += s->shown->slope[top][j] * d[j * s->nx];
    return sum;
}

void rbc_divergence(const struct rbc *s, const struct exec *exec, double *u, double *w)
{
    const size_t nx = s->nx, nz = s->nz;
    struct exec x = *exec;
    double *rows = exec_take(&x, nz * nx), *other = exec_take(&x, nz * nx);
    from_grid(s, &x, u, rows);
    to_grid(s, &x, s->inverse_k, true, rows, u); /* -u_x */
    from_grid(s, &x, w, rows);
    dense_multiply(nz, nz, nx, s->shown->differentiate, rows, nx, other, nx);
    to_grid(s, &x, s->inverse, false, other, w);
    for (size_t i = 0; i < nx * nz; i++)
        u[i] = w[i] - u[i];
}
