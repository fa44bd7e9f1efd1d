// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Advection. Tested by v = curl phi and by eta, integrated by parts,
 *   (-u.grad u, v) = (u^2 - w^2, phi_xz) + (u w, phi_zz - phi_xx),   mean flow: (u w, chi'),
 *   (-u.grad theta, eta) = (u theta, eta_x) + (w theta, eta_z);
 * w theta_0' of the conducting state theta_0 = Lz - z is linear. Products are taken in 3/2 as many
 * points per axis, Gauss' along z: every integral is exact, so that (u, u.grad u) and
 * (theta, u.grad theta) vanish up to rounding. Waves are transformed by FFT, polynomials by
 * products with small matrices, half of them by parity. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "problems/dense.h"
#include "problems/rayleigh_benard.h"

enum {
    BLOCK = 6,  /* rows of points that are evaluated together */
    FIELDS = 8, /* in the points, that the adjoint holds */
};

static const int order[RBC_TABLES] = { 0, 1, 2, 0, 1 };

static size_t even(size_t n)
{
    return n + n % 2;
}

static void tabulate(struct rbc *s)
{
    const size_t K = s->rows, half = s->pz / 2;
    const double g = 2 / s->height;
    double values[3][3 * POLYNOMIALS_MAX];
    for (size_t q = 0; q < s->pz; q++) {
        basis_at(s->flow_basis, K, s->points[q], values[0]);
        basis_at(BASIS_DIRICHLET, K, s->points[q], values[1]);
        basis_at(s->mean_basis, K, s->points[q], values[2]);
        const double weight = s->weights[q] / 2 / (double)s->px; /* of a mean over the domain */
        for (size_t j = 0; j < K; j++) {
            for (size_t d = 0; d < 2; d++) {
                const double v = (d ? g : 1) * values[2][d * K + j];
                s->mean[d][q * K + j] = v;
                s->mean_integrate[d][j * s->pz + q] = weight * v;
            }
        }
        for (int f = 0; f < RBC_TABLES && q < half; f++)
            for (size_t j = 0; j < K; j++) {
                const double v = pow(g, order[f]) * values[f >= RBC_HEAT][(size_t)order[f] * K + j];
                s->evaluate[f][j % 2][q * (K / 2) + j / 2] = v;
                s->integrate[f][j % 2][j / 2 * half + q] = weight * v;
            }
    }
    for (size_t l = 0; l < s->waves; l++) {
        const double k = s->wave[l], root = l ? sqrt(2) : 1;
        s->inverse[l] = 1 / root;
        s->inverse_k[l] = -k / root;
        s->inverse_kk[l] = k * k / root;
        s->forward[l] = root;
        s->plus_k[l] = k;
        s->minus_k[l] = -k;
        s->square[l] = k * k;
    }
}

int rbc_advection_create(struct rbc *s)
{
    s->px = even(3 * s->nx / 2);
    s->pz = even(3 * s->nz / 2);
    const size_t table = exec_round(s->rows / 2 * (s->pz / 2)), mean = exec_round(s->rows * s->pz);
    const size_t doubles =
        4 * RBC_TABLES * table + 4 * mean + 2 * exec_round(s->pz) + 7 * exec_round(s->waves);
    double *at = s->spectral = aligned_alloc(64, doubles * sizeof *at);
    if (!at)
        return -ENOMEM;
    s->points = rbc_take(&at, s->pz);
    s->weights = rbc_take(&at, s->pz);
    for (size_t f = 0; f < RBC_TABLES; f++)
        for (size_t parity = 0; parity < 2; parity++) {
            s->evaluate[f][parity] = rbc_take(&at, table);
            s->integrate[f][parity] = rbc_take(&at, table);
        }
    for (size_t d = 0; d < 2; d++) {
        s->mean[d] = rbc_take(&at, mean);
        s->mean_integrate[d] = rbc_take(&at, mean);
    }
    double **const lanes[] = { &s->inverse, &s->forward, &s->inverse_k, &s->inverse_kk,
                               &s->plus_k,  &s->minus_k, &s->square };
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++)
        *lanes[i] = rbc_take(&at, s->waves);
    gauss_legendre(s->pz, s->points, s->weights);
    tabulate(s);
    return fft_create_rows(&s->fft, s->pz, s->px);
}

void rbc_advection_destroy(struct rbc *s)
{
    fft_destroy(&s->fft);
    free(s->spectral);
}

/* ---- transforms ---- */

/* One row of waves for the inverse FFT. Its k = 0 is real. */
static void pad(const struct rbc *s, const double *factor, bool times_i, double sign,
                const double *even, const double *odd, const double *mean, double *row)
{
    const size_t W = s->waves;
    for (size_t l = 0; l < W; l++) {
        const double re = factor[l] * (even[l] + sign * odd[l]),
                     im = factor[l] * (even[W + l] + sign * odd[W + l]);
        row[2 * l] = times_i ? -im : re;
        row[2 * l + 1] = times_i ? re : im;
    }
    row[1] = 0;
    if (mean)
        row[0] = *mean;
    memset(row + 2 * W, 0, (s->px + 2 - 2 * W) * sizeof *row);
}

void rbc_to_points(const struct rbc *s, const struct exec *exec, enum rbc_table table,
                   const double *factor, bool times_i, const double *mean, const double *c,
                   double *grid)
{
    const size_t nx = 2 * s->waves, half = s->pz / 2, terms = s->rows / 2, length = s->px + 2;
    struct exec x = *exec;
    double *hat = exec_take(&x, s->pz * length), *sum = exec_take(&x, 2 * BLOCK * nx);
    for (size_t q = 0; q < half; q += BLOCK) {
        const size_t rows = half - q < BLOCK ? half - q : BLOCK;
        for (size_t parity = 0; parity < 2; parity++)
            dense_multiply(rows, terms, nx, s->evaluate[table][parity] + q * terms, c + parity * nx,
                           2 * nx, sum + parity * BLOCK * nx, nx);
        for (size_t i = 0; i < rows; i++) {
            const size_t below = q + i, above = s->pz - 1 - below;
            const size_t is_odd = (size_t)order[table] % 2; /* the part of even j */
            const double *even_part = sum + (is_odd * BLOCK + i) * nx,
                         *odd_part = sum + ((1 - is_odd) * BLOCK + i) * nx;
            pad(s, factor, times_i, 1, even_part, odd_part, mean ? mean + below : NULL,
                hat + below * length);
            pad(s, factor, times_i, -1, even_part, odd_part, mean ? mean + above : NULL,
                hat + above * length);
        }
    }
    fft_inverse(s->fft, &x, hat, grid);
}

void rbc_from_points(const struct rbc *s, const struct exec *exec, const double *grid,
                     double *waves)
{
    const size_t W = s->waves, half = s->pz / 2, length = s->px + 2;
    struct exec x = *exec;
    double *hat = exec_take(&x, s->pz * length);
    fft_forward(s->fft, &x, grid, hat);
    for (size_t q = 0; q < half; q++) {
        const double *below = hat + q * length, *above = hat + (s->pz - 1 - q) * length;
        double *sum = waves + q * 2 * W, *difference = sum + half * 2 * W;
        for (size_t l = 0; l < W; l++)
            for (size_t part = 0; part < 2; part++) {
                const double v = below[2 * l + part], w = above[2 * l + part];
                sum[part * W + l] = s->forward[l] * (v + w);
                difference[part * W + l] = s->forward[l] * (v - w);
            }
    }
}

void rbc_integrate(const struct rbc *s, size_t rows, double *const table[2], int derivative,
                   const double *waves, double *y)
{
    const size_t nx = 2 * s->waves, half = s->pz / 2;
    for (size_t parity = 0; parity < 2; parity++) {
        const size_t is_odd = (parity + (size_t)derivative) % 2;
        dense_multiply(rows / 2, half, nx, table[parity], waves + is_odd * half * nx, nx,
                       y + parity * nx, 2 * nx);
    }
}

static void integrate(const struct rbc *s, enum rbc_table table, const double *waves, double *y)
{
    rbc_integrate(s, s->rows, s->integrate[table], order[table], waves, y);
}

void rbc_put(const struct rbc *s, size_t rows, bool add, const double *factor, bool times_i,
             const double *y, double *r)
{
    const size_t W = s->waves;
    for (size_t j = 0; j < rows; j++, y += 2 * W, r += 2 * W)
        for (size_t l = 0; l < W; l++) {
            const double f = factor ? factor[l] : 1;
            const double re = f * (times_i ? -y[W + l] : y[l]),
                         im = f * (times_i ? y[l] : y[W + l]);
            r[l] = add ? r[l] + re : re;
            r[W + l] = add ? r[W + l] + im : im;
        }
}

void rbc_mean_flow(const struct rbc *s, const double *table, const double *c, double *mean)
{
    for (size_t q = 0; q < s->pz; q++) {
        double sum = 0;
        for (size_t j = 0; j < s->rows; j++)
            sum += table[q * s->rows + j] * c[j * 2 * s->waves];
        mean[q] = sum;
    }
}

/* r of k = 0: the integrals of waves times chi (derivative 0) or chi' (1) */
static void integrate_mean(const struct rbc *s, size_t derivative, const double *waves, double *r)
{
    const size_t half = s->pz / 2, nx = 2 * s->waves;
    for (size_t j = 0; j < s->rows; j++) {
        const double *w = s->mean_integrate[derivative] + j * s->pz,
                     *part = waves + ((j + derivative) % 2) * half * nx;
        double sum = 0;
        for (size_t q = 0; q < half; q++)
            sum += w[q] * part[q * nx];
        r[j * nx] = sum;
    }
}

/* ---- kernels ---- */

/* u, w, theta in the points */
static void fields(const struct rbc *s, const struct exec *exec, const double *c, double *u,
                   double *w, double *theta)
{
    struct exec x = *exec;
    double *mean = exec_take(&x, s->pz);
    rbc_mean_flow(s, s->mean[0], c, mean);
    rbc_to_points(s, &x, RBC_FLOW_Z, s->inverse, false, mean, c, u);
    rbc_to_points(s, &x, RBC_FLOW, s->inverse_k, true, NULL, c, w);
    rbc_to_points(s, &x, RBC_HEAT, s->inverse, false, NULL, c + s->base.n / 2, theta);
}

size_t rbc_advection_nwork(const struct rbc *s)
{
    const size_t points = exec_round(s->px * s->pz);
    const size_t transform =
        exec_round(s->pz * (s->px + 2)) + exec_round(2 * BLOCK * 2 * s->waves) + fft_nwork(s->fft);
    return 2 * exec_round(s->base.n) + exec_round(s->base.n / 2) + FIELDS * points +
           exec_round(s->pz * 2 * s->waves) + 2 * exec_round(s->pz) + transform;
}

int rbc_rhs_explicit(const struct problem *p, const struct exec *exec, double t,
                     const double *state, double *f)
{
    const struct rbc *s = rbc(p);
    const size_t n = p->n / 2, points = s->px * s->pz;
    struct exec x = *exec;
    exec_count(&x, 1, 0, 0);
    double *c = exec_take(&x, p->n), *y = exec_take(&x, n);
    double *u = exec_take(&x, points), *w = exec_take(&x, points), *theta = exec_take(&x, points),
           *product = exec_take(&x, points), *waves = exec_take(&x, s->pz * 2 * s->waves);
    double *flow = f, *heat = f + n;
    rbc_coefficients(s, state, c);
    fields(s, &x, c, u, w, theta);

    for (size_t i = 0; i < points; i++)
        product[i] = u[i] * u[i] - w[i] * w[i];
    rbc_from_points(s, &x, product, waves);
    integrate(s, RBC_FLOW_Z, waves, y);
    rbc_put(s, s->rows, false, s->minus_k, true, y, flow);

    for (size_t i = 0; i < points; i++)
        product[i] = u[i] * w[i];
    rbc_from_points(s, &x, product, waves);
    integrate(s, RBC_FLOW_ZZ, waves, y);
    rbc_put(s, s->rows, true, NULL, false, y, flow);
    integrate(s, RBC_FLOW, waves, y);
    rbc_put(s, s->rows, true, s->square, false, y, flow);
    integrate_mean(s, 1, waves, flow);

    for (size_t i = 0; i < points; i++)
        product[i] = u[i] * theta[i];
    rbc_from_points(s, &x, product, waves);
    integrate(s, RBC_HEAT, waves, y);
    rbc_put(s, s->rows, false, s->minus_k, true, y, heat);

    for (size_t i = 0; i < points; i++)
        product[i] = w[i] * theta[i];
    rbc_from_points(s, &x, product, waves);
    integrate(s, RBC_HEAT_Z, waves, y);
    rbc_put(s, s->rows, true, NULL, false, y, heat);
    rbc_add_conduction(s, c, heat);

    rbc_from_tests(s, f, f);
    return 0;
}

/* With the fields of v, (v, J u') = (g, u') + (h, theta') for every change u', theta' of the state:
 *   g_i = u_j (d_j v_i + d_i v_j) + theta d_i eta, h = u.grad eta, and what is linear is symmetric
 */
int rbc_rhs_adjoint(const struct problem *p, const struct exec *exec, double t, const double *state,
                    const double *v, double *g)
{
    const struct rbc *s = rbc(p);
    const size_t n = p->n / 2, points = s->px * s->pz;
    struct exec x = *exec;
    double *c = exec_take(&x, p->n), *y = exec_take(&x, n);
    double *field[FIELDS], *waves = exec_take(&x, s->pz * 2 * s->waves),
                           *mean = exec_take(&x, s->pz);
    for (size_t i = 0; i < FIELDS; i++)
        field[i] = exec_take(&x, points);
    double *u = field[0], *w = field[1], *theta = field[2], *minus_vxx = field[3],
           *shear = field[4], *minus_ex = field[5], *ez = field[6], *other = field[7];
    rbc_coefficients(s, state, c);
    fields(s, &x, c, u, w, theta);
    rbc_coefficients(s, v, c);
    const double *flow = c, *heat = c + n;
    rbc_to_points(s, &x, RBC_FLOW_Z, s->inverse_k, true, NULL, flow, minus_vxx);
    rbc_mean_flow(s, s->mean[1], flow, mean);
    rbc_to_points(s, &x, RBC_FLOW_ZZ, s->inverse, false, mean, flow, shear);
    rbc_to_points(s, &x, RBC_FLOW, s->inverse_kk, false, NULL, flow, other);
    rbc_to_points(s, &x, RBC_HEAT, s->inverse_k, true, NULL, heat, minus_ex);
    rbc_to_points(s, &x, RBC_HEAT_Z, s->inverse, false, NULL, heat, ez);
    for (size_t i = 0; i < points; i++) {
        const double strain = shear[i] + other[i];
        other[i] = w[i] * ez[i] - u[i] * minus_ex[i];
        shear[i] = w[i] * strain - 2 * u[i] * minus_vxx[i] - theta[i] * minus_ex[i];
        theta[i] = u[i] * strain + 2 * w[i] * minus_vxx[i] + theta[i] * ez[i];
    }
    bands_multiply(&s->flow_stiff, flow, g);
    bands_multiply(&s->heat_stiff, heat, g + n);
    for (size_t i = 0; i < p->n; i++)
        g[i] = -g[i];
    rbc_add_buoyancy(s, 1, heat, g);
    rbc_add_conduction(s, flow, g + n);

    rbc_from_points(s, &x, other, waves);
    integrate(s, RBC_HEAT, waves, y);
    rbc_put(s, s->rows, true, NULL, false, y, g + n);
    rbc_from_points(s, &x, theta, waves);
    integrate(s, RBC_FLOW, waves, y);
    rbc_put(s, s->rows, true, s->plus_k, true, y, g);
    rbc_from_points(s, &x, shear, waves);
    integrate(s, RBC_FLOW_Z, waves, y);
    for (size_t j = 0; j < s->rows; j++) /* the mean flow has another basis */
        y[j * 2 * s->waves] = 0;
    rbc_put(s, s->rows, true, NULL, false, y, g);
    integrate_mean(s, 0, waves, y);
    for (size_t j = 0; j < s->rows; j++)
        g[j * 2 * s->waves] += y[j * 2 * s->waves];
    rbc_from_tests(s, g, g);
    return 0;
}
