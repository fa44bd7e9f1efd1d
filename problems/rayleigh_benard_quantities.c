// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers of a state. With <.> the mean over the domain, exact of the polynomials:
 *   nusselt           1 + <w b>/kappa                  of convection in the volume
 *   nusselt_bottom    -<b_z> at the lower plate, nusselt_top at the upper one
 *   nusselt_thermal   <|grad b|^2>                     of the dissipation of b
 *   nusselt_viscous   1 + nu <|grad u|^2>/kappa        of that of the velocity
 * whose means in time are the same. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "problems/rayleigh_benard.h"

static double dot(size_t n, const double *u, const double *v)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += u[i] * v[i];
    return sum;
}

/* c (n) of the state; y (n/2) scratch */
static double kinetic_energy(const struct rbc *s, const double *u, const double *c, double *y)
{
    return dot(s->base.n / 2, u, u) / 2;
}

static double reynolds(const struct rbc *s, const double *u, const double *c, double *y)
{
    return sqrt(dot(s->base.n / 2, u, u)) / s->nu;
}

static double nusselt(const struct rbc *s, const double *u, const double *c, double *y)
{
    const size_t n = s->base.n / 2;
    memset(y, 0, n * sizeof *y);
    rbc_add_conduction(s, c, y); /* w, tested */
    return 1 + dot(n, c + n, y) / s->kappa;
}

static double nusselt_thermal(const struct rbc *s, const double *u, const double *c, double *y)
{
    const size_t n = s->base.n / 2;
    bands_multiply(&s->heat_stiff, c + n, y);
    return 1 + dot(n, c + n, y) / s->kappa;
}

static double nusselt_viscous(const struct rbc *s, const double *u, const double *c, double *y)
{
    const size_t n = s->base.n / 2;
    bands_multiply(&s->flow_stiff, c, y);
    return 1 + dot(n, c, y) / s->kappa;
}

static double nusselt_bottom(const struct rbc *s, const double *u, const double *c, double *y)
{
    return 1 - rbc_plate_slope(s, false, c + s->base.n / 2);
}

static double nusselt_top(const struct rbc *s, const double *u, const double *c, double *y)
{
    return 1 - rbc_plate_slope(s, true, c + s->base.n / 2);
}

static const struct {
    const char *name;
    double (*of)(const struct rbc *s, const double *u, const double *c, double *y);
} means[] = {
    { "kinetic_energy", kinetic_energy },
    { "reynolds", reynolds },
    { "nusselt", nusselt },
    { "nusselt_bottom", nusselt_bottom },
    { "nusselt_top", nusselt_top },
    { "nusselt_thermal", nusselt_thermal },
    { "nusselt_viscous", nusselt_viscous },
};

/* ---- on the grid ---- */

static double divergence(const struct rbc *s, const struct exec *x, double *u, double *w)
{
    double most = 0;
    rbc_divergence(s, x, u, w);
    for (size_t i = 0; i < s->nx * s->nz; i++)
        most = fabs(u[i]) > most ? fabs(u[i]) : most;
    return most;
}

/* per unit of time: times dt it is the CFL number */
static double cfl(const struct rbc *s, const struct exec *x, double *u, double *w)
{
    const double *z = s->fields.grid.x[1];
    const size_t nz = s->nz;
    double most = 0;
    for (size_t i = 0; i < s->nx * nz; i++) {
        const size_t k = i % nz ? i % nz : 1;
        const double rate = fabs(u[i]) * (double)s->nx / s->length + fabs(w[i]) / (z[k] - z[k - 1]);
        most = rate > most ? rate : most;
    }
    return most;
}

static const struct {
    const char *name;
    double (*of)(const struct rbc *s, const struct exec *x, double *u, double *w);
} extrema[] = { { "cfl", cfl }, { "divergence", divergence } };

int rbc_quantity(const struct problem *p, const char *name, double t, const double *u,
                 double *value)
{
    const struct rbc *s = rbc(p);
    const size_t points = exec_round(s->nx * s->nz), nwork = rbc_view_nwork(s) + 2 * points;
    size_t mean = 0, extreme = 0;
    while (mean < sizeof means / sizeof *means && strcmp(name, means[mean].name))
        mean++;
    while (extreme < sizeof extrema / sizeof *extrema && strcmp(name, extrema[extreme].name))
        extreme++;
    if (mean == sizeof means / sizeof *means && extreme == sizeof extrema / sizeof *extrema)
        return -ENOENT;
    double *work = aligned_alloc(64, exec_round(nwork) * sizeof *work);
    if (!work)
        return -ENOMEM;
    struct exec x = exec_host(work, nwork);
    if (mean < sizeof means / sizeof *means) {
        double *c = exec_take(&x, p->n), *y = exec_take(&x, p->n / 2);
        rbc_coefficients(s, u, c);
        *value = means[mean].of(s, u, c, y);
    } else {
        double *v = exec_take(&x, points), *w = exec_take(&x, points);
        rbc_view(s, &x, u, v, w, NULL, NULL);
        *value = extrema[extreme].of(s, &x, v, w);
    }
    free(work);
    return 0;
}
