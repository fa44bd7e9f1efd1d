// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Diffusion and buoyancy. A solve is one of the temperature by itself, then one of the flow: for
 * every wave two banded systems per parity, by Cholesky's factors, side by side in vector
 * registers. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "problems/rayleigh_benard.h"

enum { CACHE = 256, COUPLED = 4 }; /* megabytes of factors; columns of a row of B */

static size_t component(const struct rbc *s)
{
    return s->base.n / 2;
}

/* ---- matrices ---- */

/* values (nodes, 3, rows) of a basis in Gauss' nodes */
struct samples {
    size_t nodes, rows;
    double *w, *v;
};

/* 1/2 the inner product of the derivatives of order n of function j and m of function l */
static double product(const struct samples *f, size_t n, size_t j, const struct samples *g,
                      size_t m, size_t l)
{
    double sum = 0;
    for (size_t q = 0; q < f->nodes; q++)
        sum += f->w[q] * f->v[(3 * q + n) * f->rows + j] * g->v[(3 * q + m) * g->rows + l];
    return sum / 2;
}

static int sample(struct samples *f, enum basis basis, size_t rows, size_t nodes)
{
    *f = (struct samples){ nodes, rows, malloc(2 * nodes * sizeof *f->w),
                           malloc(nodes * 3 * rows * sizeof *f->v) };
    if (!f->w || !f->v)
        return -ENOMEM;
    gauss_legendre(nodes, f->w + nodes, f->w);
    for (size_t q = 0; q < nodes; q++)
        basis_at(basis, rows, f->w[nodes + q], f->v + 3 * q * rows);
    return 0;
}

static void forget(struct samples *f)
{
    free(f->w);
    free(f->v);
}

/* entries (rows, 3) in columns j, j - 2, j - 4 of the products of derivatives of order n */
static void assemble(const struct samples *f, size_t n, double scale, double *entries)
{
    for (size_t j = 0; j < f->rows; j++)
        for (size_t b = 0; b < 3; b++)
            entries[3 * j + b] = j < 2 * b ? 0 : scale * product(f, n, j, f, n, j - 2 * b);
}

/* tables of a + b k^2 + c k^4 for k != 0, of z for k = 0 */
static void spread(const struct rbc *s, struct bands *t, const double *a, double fa,
                   const double *b, double fb, const double *c, double fc, const double *z,
                   double fz)
{
    double *const tables[] = { t->diag, t->two, t->four };
    for (size_t j = 0; j < t->rows; j++)
        for (size_t i = 0; i < (t->wide ? 3 : 2); i++)
            for (size_t l = 0; l < t->lanes; l++) {
                const size_t at = 3 * j + i;
                const double k2 = s->wave[l] * s->wave[l];
                tables[i][j * t->lanes + l] =
                    l == 0 ? fz * z[at] : fa * a[at] + k2 * (fb * b[at] + k2 * fc * c[at]);
            }
}

static int matrices(struct rbc *s)
{
    const size_t K = s->rows, nodes = 3 * s->nz / 2;
    const double g = 2 / s->height, g2 = g * g, nu = s->nu, kappa = s->kappa;
    struct samples flow = { 0 }, mean = { 0 }, heat = { 0 };
    double *e = malloc(21 * K * sizeof *e);
    int err = e ? 0 : -ENOMEM;
    if (!err)
        err = sample(&flow, s->flow_basis, K, nodes);
    if (!err)
        err = sample(&mean, s->mean_basis, K, nodes);
    if (!err)
        err = sample(&heat, BASIS_DIRICHLET, K, nodes);
    if (!err) {
        double *f0 = e, *f1 = e + 3 * K, *f2 = e + 6 * K, *m0 = e + 9 * K, *m1 = e + 12 * K,
               *h0 = e + 15 * K, *h1 = e + 18 * K;
        assemble(&flow, 0, 1, f0);
        assemble(&flow, 1, g2, f1);
        assemble(&flow, 2, g2 * g2, f2);
        assemble(&mean, 0, 1, m0);
        assemble(&mean, 1, g2, m1);
        assemble(&heat, 0, 1, h0);
        assemble(&heat, 1, g2, h1);
        spread(s, &s->flow_mass, f1, 1, f0, 1, f0, 0, m0, 1);
        spread(s, &s->flow_stiff, f2, nu, f1, 2 * nu, f0, nu, m1, nu);
        spread(s, &s->heat_mass, h0, 1, h0, 0, h0, 0, h0, 1);
        spread(s, &s->heat_stiff, h1, kappa, h0, kappa, h0, 0, h1, kappa);
        for (size_t j = 0; j < K; j++)
            for (size_t b = 0; b < COUPLED; b++) {
                const size_t l = j + 2 * b - 2; /* wraps below 0 */
                s->coupling[COUPLED * j + b] = l < K ? product(&flow, 0, j, &heat, 0, l) : 0;
            }
        double *two = m1; /* N is the same for all waves */
        for (size_t j = 0; j < K; j++) {
            m0[j] = h0[3 * j];
            two[j] = h0[3 * j + 1];
        }
        cholesky_factor(&s->flow_mass, 0, NULL, &s->flow_factor);
        cholesky_factor(&(struct bands){ K, s->waves, false, true, m0, two, NULL }, 0, NULL,
                        &s->heat_factor);
    }
    forget(&flow), forget(&mean), forget(&heat);
    free(e);
    return err;
}

int rbc_linear_create(struct rbc *s)
{
    const size_t K = s->rows, W = s->waves, n = exec_round(K * W);
    const size_t doubles = 14 * n + 3 * exec_round(K) + exec_round(COUPLED * K) + exec_round(W);
    double *at = s->linear = aligned_alloc(64, exec_round(doubles) * sizeof *at);
    if (!at)
        return -ENOMEM;
    s->wave = rbc_take(&at, W);
    for (size_t l = 0; l < W; l++)
        s->wave[l] = 2 * M_PI * (double)l / s->length;
    struct bands *const wide[] = { &s->flow_mass, &s->flow_stiff }, *const narrow[] = {
        &s->heat_mass, &s->heat_stiff
    };
    for (size_t i = 0; i < 2; i++) {
        *wide[i] = (struct bands){
            K, W, true, false, rbc_take(&at, n), rbc_take(&at, n), rbc_take(&at, n)
        };
        *narrow[i] = (struct bands){ K, W, false, false, rbc_take(&at, n), rbc_take(&at, n), NULL };
    }
    s->flow_factor = (struct cholesky){
        K, W, true, false, rbc_take(&at, n), rbc_take(&at, n), rbc_take(&at, n), rbc_take(&at, n)
    };
    s->heat_factor = (struct cholesky){
        K, W, false, true, rbc_take(&at, K), rbc_take(&at, K), rbc_take(&at, K), NULL
    };
    s->coupling = rbc_take(&at, COUPLED * K);
    return matrices(s);
}

static size_t factor_doubles(const struct rbc *s)
{
    return exec_round(cholesky_size(s->rows, s->waves, true)) +
           exec_round(cholesky_size(s->rows, s->waves, false));
}

void rbc_linear_destroy(struct rbc *s)
{
    for (size_t i = 0; i < s->factors.count; i++)
        free(s->factors.v[i].tables);
    free(s->factors.v);
    free(s->linear);
}

size_t rbc_linear_nwork(const struct rbc *s)
{
    return 3 * exec_round(component(s)) + factor_doubles(s);
}

/* ---- kernels ---- */

void rbc_coefficients(const struct rbc *s, const double *u, double *c)
{
    cholesky_solve_back(&s->flow_factor, u, c);
    cholesky_solve_back(&s->heat_factor, u + component(s), c + component(s));
}

void rbc_from_tests(const struct rbc *s, const double *r, double *f)
{
    cholesky_solve(&s->flow_factor, r, f);
    cholesky_solve(&s->heat_factor, r + component(s), f + component(s));
}

/* y += i a k (sum of four rows of x) */
static void add_coupled(const struct rbc *s, double a, size_t j, const double *w,
                        const double *const *row, double *y)
{
    const size_t W = s->waves;
    double *re = y + j * 2 * W, *im = re + W;
    for (size_t l = 0; l < W; l++) {
        double sum[2];
        for (size_t part = 0; part < 2; part++)
            sum[part] = ((w[0] * row[0][part * W + l] + w[1] * row[1][part * W + l]) +
                         w[2] * row[2][part * W + l]) +
                        w[3] * row[3][part * W + l];
        re[l] -= a * s->wave[l] * sum[1];
        im[l] += a * s->wave[l] * sum[0];
    }
}

static void add_coupling(const struct rbc *s, double a, bool transposed, const double *x, double *y)
{
    const size_t K = s->rows;
    for (size_t j = 0; j < K; j++) {
        double w[COUPLED];
        const double *row[COUPLED];
        for (size_t b = 0; b < COUPLED; b++) {
            const size_t l = transposed ? j + 2 - 2 * b : j + 2 * b - 2; /* wraps below 0 */
            w[b] = l >= K ? 0 : s->coupling[transposed ? COUPLED * l + b : COUPLED * j + b];
            row[b] = x + (l >= K ? j : l) * 2 * s->waves;
        }
        add_coupled(s, a, j, w, row, y);
    }
}

void rbc_add_buoyancy(const struct rbc *s, double a, const double *d, double *y)
{
    add_coupling(s, a, false, d, y);
}

void rbc_add_conduction(const struct rbc *s, const double *c, double *y)
{
    add_coupling(s, -1, true, c, y);
}

static void negate(size_t n, double *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = -y[i];
}

int rbc_rhs_implicit(const struct problem *p, const struct exec *exec, double t, const double *u,
                     double *f)
{
    const struct rbc *s = rbc(p);
    const size_t n = component(s);
    struct exec x = *exec;
    exec_count(&x, 1, 0, 0);
    double *c = exec_take(&x, n), *d = exec_take(&x, n), *r = exec_take(&x, n);
    cholesky_solve_back(&s->flow_factor, u, c);
    cholesky_solve_back(&s->heat_factor, u + n, d);
    bands_multiply(&s->heat_stiff, d, r);
    negate(n, r);
    cholesky_solve(&s->heat_factor, r, f + n);
    bands_multiply(&s->flow_stiff, c, r);
    negate(n, r);
    rbc_add_buoyancy(s, 1, d, r);
    cholesky_solve(&s->flow_factor, r, f);
    return 0;
}

static void factor(const struct rbc *s, double a, double *tables, struct cholesky *flow,
                   struct cholesky *heat, bool made)
{
    *flow = cholesky_in(tables, s->rows, s->waves, true);
    *heat = cholesky_in(tables + exec_round(cholesky_size(s->rows, s->waves, true)), s->rows,
                        s->waves, false);
    if (made)
        return;
    cholesky_factor(&s->flow_mass, a, &s->flow_stiff, flow);
    cholesky_factor(&s->heat_mass, a, &s->heat_stiff, heat);
}

static double *find(const struct rbc *s, double a)
{
    for (size_t i = 0; i < s->factors.count; i++)
        if (s->factors.v[i].a == a)
            return s->factors.v[i].tables;
    return NULL;
}

/* A scheme with more coefficients than the cache holds factorises some of them at every solve */
int rbc_prepare(struct problem *p, double a)
{
    struct rbc *s = (struct rbc *)p;
    const size_t bytes = factor_doubles(s) * sizeof(double);
    if (find(s, a) || (s->factors.count + 1) * bytes > (size_t)CACHE << 20)
        return 0;
    struct rbc_factors *v = realloc(s->factors.v, (s->factors.count + 1) * sizeof *v);
    if (!v)
        return -ENOMEM;
    s->factors.v = v;
    double *tables = aligned_alloc(64, bytes);
    if (!tables)
        return -ENOMEM;
    struct cholesky flow, heat;
    factor(s, a, tables, &flow, &heat, false);
    v[s->factors.count++] = (struct rbc_factors){ a, tables };
    return 0;
}

/* x = L^T (M + a D)^-1 (L b + ...) */
int rbc_solve(const struct problem *p, const struct exec *exec, double t, double a, const double *b,
              double *u)
{
    const struct rbc *s = rbc(p);
    const size_t n = component(s);
    struct exec x = *exec;
    struct cholesky flow, heat;
    exec_count(&x, 0, 1, 0);
    double *d = exec_take(&x, n), *r = exec_take(&x, n), *tables = find(s, a);
    factor(s, a, tables ? tables : exec_take(&x, factor_doubles(s)), &flow, &heat, tables != NULL);
    cholesky_multiply(&s->heat_factor, b + n, d);
    cholesky_solve(&heat, d, d);
    cholesky_solve_back(&heat, d, d);
    cholesky_multiply(&s->flow_factor, b, r);
    rbc_add_buoyancy(s, a, d, r);
    cholesky_solve(&flow, r, r);
    cholesky_solve_back(&flow, r, r);
    cholesky_multiply_back(&s->flow_factor, r, u);
    cholesky_multiply_back(&s->heat_factor, d, u + n);
    return 0;
}
