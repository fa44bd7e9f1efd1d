// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The Black-Scholes equation for one asset, V_t = sigma^2 S^2/2 V_SS + r S V_S - r V in the time to
 * expiry, and what it shares with the one for two. */
#include "problems/black_scholes.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "problems/problems.h"

int black_scholes_axis(struct tridiagonal *A, const double *x, size_t n, bool dirichlet,
                       double volatility, double rate, double reaction)
{
    if (tridiagonal_create(A, n, dirichlet ? 1 : 0, dirichlet ? n - 1 : n))
        return -ENOMEM;
    for (size_t i = A->first; i < A->end; i++) {
        const double below = i > 0 ? x[i] - x[i - 1] : 0;
        const double above = i + 1 < n ? x[i + 1] - x[i] : 0;
        const double diffusion = volatility * volatility * x[i] * x[i], drift = rate * x[i];
        if (i > 0 && i + 1 < n) {
            A->lower[i] = (diffusion - drift * above) / (below * (below + above));
            A->upper[i] = (diffusion + drift * below) / (above * (below + above));
        } else if (i > 0) {
            A->lower[i] = -drift / below;
        }
        A->diag[i] = -(A->lower[i] + A->upper[i]) - reaction;
    }
    exec_constant(A->lower, 3 * n * sizeof *A->lower);
    return 0;
}

int black_scholes_grid(struct grid *g, int axis, const char *name, size_t n, double end,
                       double strike, double concentration)
{
    return concentration > 0
               ? grid_axis_sinh(g, axis, name, n, 0, end, strike, concentration * strike)
               : grid_axis(g, axis, name, n, 0, end, false);
}

double black_scholes_cell_width(const struct grid *g, int axis, size_t i)
{
    const double *x = g->x[axis];
    return i == 0 || i + 1 == g->shape[axis] ? 0 : (x[i + 1] - x[i - 1]) / 2;
}

/* ---- means over cells ---- */

struct cell {
    const struct option *o;
    double (*payoff)(const struct option *, double, double);
    double s1, lower, upper; /* of S2 */
};

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The mean over [a, b] of a function that is a cubic between kinks: Simpson's rule on each piece */
static double mean(double (*f)(double, const struct cell *), const struct cell *cell, double a,
                   double b, int count, const double *kinks)
{
    double ends[8], sum = 0;
    if (!(a < b))
        return f(a, cell);
    for (int i = 0; i < count; i++)
        ends[i] = fmin(fmax(kinks[i], a), b);
    ends[count] = a;
    ends[count + 1] = b;
    qsort(ends, (size_t)count + 2, sizeof *ends, ascending);
    for (int i = 0; i <= count; i++)
        if (ends[i] < ends[i + 1])
            sum += (ends[i + 1] - ends[i]) *
                   (f(ends[i], cell) + 4 * f((ends[i] + ends[i + 1]) / 2, cell) +
                    f(ends[i + 1], cell)) /
                   6;
    return sum / (b - a);
}

static double at(double s2, const struct cell *cell)
{
    return cell->payoff(cell->o, cell->s1, s2);
}

static double along_second(double s1, const struct cell *cell)
{
    struct cell column = *cell;
    column.s1 = s1;
    const double strike = cell->o->strike, kinks[] = { strike, s1, 2 * strike - s1 };
    return mean(at, &column, cell->lower, cell->upper, 3, kinks);
}

double black_scholes_cell_mean(const struct option *o,
                               double (*payoff)(const struct option *, double, double), double s1,
                               double width1, double s2, double width2)
{
    const struct cell cell = { o, payoff, s1, s2 - width2 / 2, s2 + width2 / 2 };
    const double kinks[] = { o->strike, cell.lower, cell.upper, 2 * o->strike - cell.lower,
                             2 * o->strike - cell.upper };
    return mean(along_second, &cell, s1 - width1 / 2, s1 + width1 / 2, 5, kinks);
}

/* ---- random value surfaces ---- */

double black_scholes_strike_cell(const struct grid *g, int axis, double strike)
{
    const double *x = g->x[axis];
    size_t i = 1;
    while (i + 2 < g->shape[axis] && x[i] < strike)
        i++;
    return black_scholes_cell_width(g, axis, i);
}

void black_scholes_legs(struct draw *d, double strike, double cell, struct black_scholes_legs *l)
{
    l->count = 1 + draw_below(d, BLACK_SCHOLES_LEGS);
    l->spread = draw_uniform(d, 0, 1);
    l->widest = 0.3 * strike;
    l->least = fmin(cell / 2, l->widest);
    draw_weights(d, l->count, l->weight);
    for (size_t i = 0; i < l->count; i++) {
        l->strike[i] = strike * (1 + l->spread * draw_uniform(d, -0.5, 0.5));
        l->width[i] = draw_log_uniform(d, l->least, l->widest);
    }
}

size_t black_scholes_bumps(struct draw *d, double strike, struct black_scholes_bump *b)
{
    const size_t count = draw_below(d, BLACK_SCHOLES_BUMPS + 1);
    for (size_t i = 0; i < count; i++) {
        b[i].height = strike * draw_uniform(d, -0.05, 0.05) / sqrt((double)count);
        for (int a = 0; a < 2; a++) {
            b[i].centre[a] = draw_uniform(d, -0.7, 0.7);
            b[i].width[a] = draw_log_uniform(d, 0.15, 0.6);
        }
    }
    return count;
}

double black_scholes_bump(const struct black_scholes_bump *b, int axis, double strike, double s,
                          double *first, double *second)
{
    const double width = b->width[axis], y = (log(s / strike) - b->centre[axis]) / width;
    const double v = s > 0 ? exp(-y * y / 2) : 0;
    if (first)
        *first = v > 0 ? -y / (width * s) * v : 0;
    if (second)
        *second = v > 0 ? (y * y - 1 + y * width) / (width * width * s * s) * v : 0;
    return v;
}

/* ---- one asset ---- */

struct params {
    const char *payoff, *boundary, *smoothing;
    double strike, rate, volatility, domain, concentration;
    long grid;
};

static const struct param params[] = {
    { "payoff", P_CHOICE, offsetof(struct params, payoff), "call",
      .choices = (const char *const[]){ "call", "put", NULL }, .help = "at expiry" },
    { "strike", P_REAL, offsetof(struct params, strike), "100", 0, INFINITY, .open_min = true,
      .open_max = true, .help = "price of exercise" },
    { "rate", P_REAL, offsetof(struct params, rate), "0.03", .unit = "1/year",
      .help = "riskless rate of interest" },
    { "volatility", P_REAL, offsetof(struct params, volatility), "0.4", 0, INFINITY,
      .open_min = true, .open_max = true, .unit = "1/sqrt(year)", .help = "of the asset" },
    { "grid", P_INT, offsetof(struct params, grid), "401", 5, 100000000,
      .help = "points, both ends included" },
    { "domain", P_REAL, offsetof(struct params, domain), "400", 0, INFINITY, .open_min = true,
      .open_max = true, .help = "largest price of the asset; above the strike" },
    { "concentration", P_REAL, offsetof(struct params, concentration), "0", 0, INFINITY,
      .open_max = true, .unit = "strikes",
      .help = "width of the region around the strike where points are denser; 0: equidistant" },
    { "boundary", P_CHOICE, offsetof(struct params, boundary), "closed_form",
      .choices = (const char *const[]){ "closed_form", "linear", NULL },
      .help = "closed_form: the value of certain exercise, or 0; linear: no second derivative" },
    { "smoothing", P_CHOICE, offsetof(struct params, smoothing), "none",
      .choices = (const char *const[]){ "none", "cell_average", NULL },
      .help = "cell_average: start from means of the payoff over cells" },
    { .key = NULL },
};

static const struct schema schema = {
    "problem: black_scholes",
    "European option on one asset, in the time to expiry",
    params,
};

static const struct black_scholes *black_scholes(const struct problem *p)
{
    return (const struct black_scholes *)p;
}

void black_scholes_known(const struct black_scholes *s, double t, double *west, double *east)
{
    const double end = s->base.grid.x[0][s->base.n - 1];
    const double bond = s->option.strike * exp(-s->option.rate * t);
    *west = s->is_put ? bond : 0;
    *east = s->is_put ? 0 : end - bond;
}

static int impose(const struct problem *p, const struct exec *x, double t, double *u)
{
    (void)x;
    black_scholes_known(black_scholes(p), t, &u[0], &u[p->n - 1]);
    return 0;
}

static int rhs_implicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    exec_count(x, 1, 0, 0);
    const struct tridiagonal *A = &black_scholes(p)->A;
    const size_t last = p->n - 1;
    (void)x, (void)t;
    for (size_t i = 1; i < last; i++)
        f[i] = A->lower[i] * u[i - 1] + A->diag[i] * u[i] + A->upper[i] * u[i + 1];
    f[0] = A->diag[0] * u[0]; /* rows of known values are 0 */
    f[last] = A->lower[last] * u[last - 1] + A->diag[last] * u[last];
    return 0;
}

static int solve(const struct problem *p, const struct exec *x, double t, double a, const double *b,
                 double *u)
{
    exec_count(x, 0, 1, 0);
    const struct black_scholes *s = black_scholes(p);
    struct exec scratch = *x;
    const double *f = factors_find(&s->factors, a);
    if (!f) {
        double *made = exec_take(&scratch, 3 * p->n);
        const int failed = tridiagonal_factor(&s->A, a, made);
        if (failed)
            return failed;
        f = made;
    }
    double west = 0, east = 0;
    if (s->dirichlet)
        black_scholes_known(s, t, &west, &east);
    tridiagonal_solve(&s->A, f, west, east, b, u);
    return 0;
}

static int rhs_adjoint(const struct problem *p, const struct exec *x, double t, const double *u,
                       const double *v, double *g)
{
    const struct tridiagonal *A = &black_scholes(p)->A;
    (void)x, (void)t, (void)u;
    for (size_t j = 0; j < p->n; j++) { /* rows first <= i < end only: the others are 0 */
        double sum = 0;
        if (j > A->first)
            sum += A->upper[j - 1] * v[j - 1];
        if (j >= A->first && j < A->end)
            sum += A->diag[j] * v[j];
        if (j + 1 >= A->first && j + 1 < A->end)
            sum += A->lower[j + 1] * v[j + 1];
        g[j] = sum;
    }
    return 0;
}

static double call_payoff(const struct option *o, double s, double unused)
{
    (void)unused;
    return fmax(s - o->strike, 0);
}

static double put_payoff(const struct option *o, double s, double unused)
{
    (void)unused;
    return fmax(o->strike - s, 0);
}

static int exact(const struct problem *p, double t, double *u)
{
    const struct black_scholes *s = black_scholes(p);
    const struct option *o = &s->option;
    double (*value)(double, double, double, double, double) = s->is_put ? option_put : option_call;
    for (size_t i = 0; i < p->n; i++)
        u[i] = value(o->strike, o->rate, o->volatility[0], t, p->grid.x[0][i]);
    return 0;
}

static int initial(const struct problem *p, double t, double *u)
{
    const struct black_scholes *s = black_scholes(p);
    exact(p, t, u);
    for (size_t i = 0; s->average && t == 0 && i < p->n; i++)
        u[i] = black_scholes_cell_mean(&s->option, s->is_put ? put_payoff : call_payoff,
                                       p->grid.x[0][i], black_scholes_cell_width(&p->grid, 0, i), 0,
                                       0);
    return s->dirichlet ? impose(p, NULL, t, u) : 0;
}

/* ---- training ---- */

static int coefficients(const struct problem *p, double t, const double *x, double a[3],
                        double b[2], double *c, double *d)
{
    const struct option *o = &black_scholes(p)->option;
    const double deviation = o->volatility[0] * *x;
    (void)t;
    a[0] = deviation * deviation / 2;
    b[0] = o->rate * *x;
    a[1] = a[2] = b[1] = *d = 0;
    *c = -o->rate;
    return 0;
}

static const struct pde pde = { coefficients };

struct surface {
    const struct black_scholes *s;
    struct black_scholes_legs legs;
    size_t bumps;
    struct black_scholes_bump bump[BLACK_SCHOLES_BUMPS];
    double constant, slope; /* of the line that is added */
};

static void surface_jet(const struct surface *y, double s, double jet[6])
{
    const double strike = y->s->option.strike, sign = y->s->is_put ? -1 : 1;
    double first, second;
    memset(jet, 0, 6 * sizeof *jet);
    for (size_t i = 0; i < y->legs.count; i++) {
        const double gain = sign * (s - y->legs.strike[i]), weight = y->legs.weight[i];
        jet[0] += weight * positive_part(gain, y->legs.width[i], &first, &second);
        jet[1] += weight * sign * first;
        jet[3] += weight * second;
    }
    for (size_t i = 0; i < y->bumps; i++) {
        const double height = y->bump[i].height;
        jet[0] += height * black_scholes_bump(&y->bump[i], 0, strike, s, &first, &second);
        jet[1] += height * first;
        jet[3] += height * second;
    }
    jet[0] += y->constant + y->slope * s;
    jet[1] += y->slope;
}

static struct surface surface_draw(const struct black_scholes *s, unsigned long seed,
                                   unsigned long index, double t)
{
    const struct grid *g = &s->base.grid;
    const double strike = s->option.strike, end = g->x[0][s->base.n - 1];
    struct draw d = draw_open(seed, index);
    struct surface y = { .s = s };
    black_scholes_legs(&d, strike, black_scholes_strike_cell(g, 0, strike), &y.legs);
    y.bumps = black_scholes_bumps(&d, strike, y.bump);
    double west, east, at_west[6], at_east[6];
    black_scholes_known(s, t, &west, &east);
    surface_jet(&y, 0, at_west);
    surface_jet(&y, end, at_east);
    y.constant = west - at_west[0];
    y.slope = (east - at_east[0] - y.constant) / end;
    return y;
}

static int sample_at(const struct problem *p, unsigned long seed, unsigned long index, double t,
                     size_t count, const double *x, double *jets)
{
    const struct surface y = surface_draw(black_scholes(p), seed, index, t);
    for (size_t i = 0; i < count; i++)
        surface_jet(&y, x[i], jets + 6 * i);
    return 0;
}

static int sample(const struct problem *p, unsigned long seed, unsigned long index, double t,
                  double *u)
{
    const struct surface y = surface_draw(black_scholes(p), seed, index, t);
    for (size_t i = 0; i < p->n; i++) {
        double jet[6];
        surface_jet(&y, p->grid.x[0][i], jet);
        u[i] = jet[0];
    }
    return impose(p, NULL, t, u);
}

static int prepare(struct problem *p, double a)
{
    struct black_scholes *s = (struct black_scholes *)p;
    return factors_add(&s->factors, &s->A, a);
}

static void destroy(struct problem *p)
{
    struct black_scholes *s = (struct black_scholes *)p;
    factors_destroy(&s->factors);
    tridiagonal_destroy(&s->A);
    grid_free(&p->grid);
    free(s);
}

/* boundary: closed_form, linear */
static const struct problem_kernels kernels[2] = {
    { .rhs_implicit = rhs_implicit, .solve = solve, .impose = impose, .rhs_adjoint = rhs_adjoint },
    { .rhs_implicit = rhs_implicit, .solve = solve, .rhs_adjoint = rhs_adjoint },
};

static int create(struct problem **p, const struct node *config)
{
    struct params q;
    if (config_bind(config, &schema, (const char *const[]){ "name", NULL }, &q))
        return -EINVAL;
    if (!(q.domain > q.strike))
        return config_key_error(config, "domain", "expected more than the strike %g, got %g",
                                q.strike, q.domain);
    struct black_scholes *s = calloc(1, sizeof *s);
    if (!s)
        return -ENOMEM;
    const size_t n = (size_t)q.grid;
    s->option = (struct option){ q.strike, q.rate, { q.volatility, 0 }, 0 };
    s->is_put = !strcmp(q.payoff, "put");
    s->dirichlet = !strcmp(q.boundary, "closed_form");
    s->average = !strcmp(q.smoothing, "cell_average");
    s->base = (struct problem){
        .name = "black_scholes",
        .n = n,
        .nwork = exec_round(3 * n),
        .flops_rhs = 5 * (double)n,
        .flops_solve = 5 * (double)n,
        .kernels = { &kernels[!s->dirichlet],
                     n > BLACK_SCHOLES_CUDA_POINTS
                         ? NULL
                         : DEV_CUDA_KERNELS(black_scholes_cuda_kernels[!s->dirichlet]) },
        .initial = initial,
        .exact = exact,
        .sample = sample,
        .sample_at = sample_at,
        .pde = &pde,
        .prepare = prepare,
        .destroy = destroy,
    };
    struct grid *g = &s->base.grid;
    if (black_scholes_grid(g, 0, "S", n, q.domain, q.strike, q.concentration) ||
        black_scholes_axis(&s->A, g->x[0], n, s->dirichlet, q.volatility, q.rate, q.rate)) {
        destroy(&s->base);
        return -ENOMEM;
    }
    *p = &s->base;
    return 0;
}

const struct problem_type black_scholes_type = { "black_scholes",
                                                 "European option on one asset (Black-Scholes)",
                                                 &schema, create };
