// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The Black-Scholes equation for two correlated assets, in the time to expiry,
 *   V_t = F_0 + F_1 + F_2,   F_0 = rho sigma1 sigma2 S1 S2 V_12,
 *   F_i = sigma_i^2 S_i^2/2 V_ii + r S_i V_i - r V/2,
 * by second-order central differences (V_12: four corners). With linear boundaries F_0 is 0 in the
 * far edges: nothing there would dampen a one-sided V_12, which ADI schemes treat explicitly. Every
 * kernel passes once over its arrays: lines are eliminated eight or more at a time, side by side in
 * vector registers. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/interval.h"
#include "core/log.h"
#include "problems/black_scholes.h"
#include "problems/problems.h"

#ifdef _OPENMP
#define PARALLEL_FOR _Pragma("omp parallel for num_threads(x->threads) if (x->threads > 1)")
#else
#define PARALLEL_FOR
#endif
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* at -O1 */
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep") /* in place, but never across columns */
#endif

enum {
    ROWS = 4,               /* of the stencil that are computed together */
    LANES = 4,              /* of a vector */
    STRIP = 8 * LANES,      /* columns that are solved together along axis 0 */
    GROUPS = 3,             /* vectors of lines that are solved together along axis 1 */
    LINES = GROUPS * LANES, /* so many */
    ADJOINT_LINES = 4,      /* of scratch that rhs_adjoint takes */
    TABLE_LIMIT = 64,       /* megabytes of tabulated boundary values */
    CUDA_TABLE_LIMIT = 1024 /* the same for devices, which find what they need, or fail */
};

static const struct black_scholes_2d *black_scholes_2d(const struct problem *p)
{
    return (const struct black_scholes_2d *)p;
}

/* ---- boundary values ---- */

static size_t edge_doubles(const struct black_scholes_2d *s)
{
    return 2 * (s->A[0].n + s->A[1].n);
}

static void edge_compute(const struct black_scholes_2d *s, double t, double *v)
{
    const struct grid *g = &s->base.grid;
    const size_t n1 = s->A[0].n, n2 = s->A[1].n;
    for (size_t end = 0; end < 2; end++) {
        const double s1 = g->x[0][end * (n1 - 1)], s2 = g->x[1][end * (n2 - 1)];
        for (size_t j = 0; j < n2; j++)
            v[end * n2 + j] = s->payoff->value(&s->option, t, s1, g->x[1][j]);
        for (size_t i = 0; i < n1; i++)
            v[2 * n2 + end * n1 + i] = s->payoff->value(&s->option, t, g->x[0][i], s2);
    }
}

static int by_time(const void *a, const void *b)
{
    const double x = ((const struct edge *)a)->t, y = ((const struct edge *)b)->t;
    return (x > y) - (x < y);
}

static const double *edge_find(const struct edges *e, double t)
{
    const struct edge key = { .t = t };
    const struct edge *found =
        e->count ? bsearch(&key, e->v, e->count, sizeof *e->v, by_time) : NULL;
    return found ? found->v : NULL;
}

const double *black_scholes_edges(const struct black_scholes_2d *s, double t)
{
    return edge_find(&s->edges, t);
}

/* the table's entry, or the same computed into scratch */
static const double *edge_at(const struct black_scholes_2d *s, struct exec *x, double t)
{
    const double *v = edge_find(&s->edges, t);
    if (v)
        return v;
    double *made = exec_take(x, edge_doubles(s));
    edge_compute(s, t, made);
    return made;
}

static void edge_set(const struct black_scholes_2d *s, const double *v, double *u)
{
    const size_t n1 = s->A[0].n, n2 = s->A[1].n;
    const double *west = v + 2 * n2, *east = west + n1;
    for (size_t i = 1; i + 1 < n1; i++) {
        u[i * n2] = west[i];
        u[i * n2 + n2 - 1] = east[i];
    }
    memcpy(u, v, n2 * sizeof *u);
    memcpy(u + (n1 - 1) * n2, v + n2, n2 * sizeof *u);
}

static int impose(const struct problem *p, const struct exec *x, double t, double *u)
{
    const struct black_scholes_2d *s = black_scholes_2d(p);
    struct exec scratch = *x;
    edge_set(s, edge_at(s, &scratch, t), u);
    return 0;
}

static int prepare_times(struct problem *p, double start, double end, long count)
{
    struct black_scholes_2d *s = (struct black_scholes_2d *)p;
    struct edges *e = &s->edges;
    const bool devices = p->kernels[DEV_CUDA] && exec_devices() > 0;
    const size_t limit = (size_t)(devices ? CUDA_TABLE_LIMIT : TABLE_LIMIT) << 20;
    const size_t bytes = edge_doubles(s) * sizeof(double), most = limit / bytes;
    const size_t room = most > e->count ? most - e->count : 0;
    const size_t wanted = (size_t)count + 1 < room ? (size_t)count + 1 : room;
    if (s->dirichlet && devices && wanted < (size_t)count + 1)
        return log_error(-EINVAL,
                         "black_scholes_2d: boundary values at %ld times exceed %d MB on a GPU: "
                         "expected fewer steps, or machine.gpus: 0",
                         count + 1, CUDA_TABLE_LIMIT);
    if (!s->dirichlet || wanted == 0)
        return 0;
    struct edge *v = realloc(e->v, (e->count + wanted) * sizeof *v);
    if (!v)
        return -ENOMEM;
    e->v = v;
    size_t total = e->count; /* searches go over the sorted part */
    int err = 0;
    for (long i = 0; i <= count && total < e->count + wanted; i++) {
        const double t = interval_t0((struct interval){ start, end, i, count });
        if (edge_find(e, t))
            continue;
        double *values = malloc(bytes);
        if (!values) {
            err = -ENOMEM;
            break;
        }
        edge_compute(s, t, values);
        exec_constant(values, bytes);
        v[total++] = (struct edge){ t, values };
    }
    e->count = total;
    qsort(v, total, sizeof *v, by_time);
    return err;
}

/* ---- split_apply ---- */

/* Inner columns of `rows` rows at once, which share what they read. Flags and rows are constants:
 * each call is a loop of its own. */
static inline __attribute__((always_inline)) void
apply_inner(const struct black_scholes_2d *s, int rows, bool across, const double *w,
            const struct black_scholes_row *r, const double *const *u, const double *base,
            double *y)
{
    const size_t n2 = s->A[1].n;
    const double *slope = s->slope[1], w2 = w[2];
    const double *lower = s->A[1].lower, *diag = s->A[1].diag, *upper = s->A[1].upper;
    INDEPENDENT
    for (size_t j = 1; j < n2 - 1; j++) {
        double v[ROWS];
        for (int k = 0; k < rows; k++) {
            v[k] = w2 * black_scholes_along(lower[j], diag[j], upper[j], u[k + 1], j - 1, j, j + 1);
            if (across)
                v[k] = black_scholes_across(r[k], slope[j], u[k], u[k + 1], u[k + 2], j - 1, j,
                                            j + 1) +
                       v[k];
        }
        for (int k = 0; k < rows; k++)
            y[(size_t)k * n2 + j] = base ? base[(size_t)k * n2 + j] + v[k] : v[k];
    }
}

/* Columns 0 and n2 - 1 of one row: known, or one-sided */
static void apply_ends(const struct black_scholes_2d *s, const double *w,
                       struct black_scholes_row r, const double *const *u, const double *base,
                       double *y)
{
    const struct tridiagonal *A = &s->A[1];
    const size_t last = A->n - 1;
    for (size_t j = 0; j <= last; j += last) {
        const size_t west = j ? j - 1 : 0, east = j ? j : 1;
        const double v =
            black_scholes_across(r, s->slope[1][j], u[0], u[1], u[2], west, j, east) +
            w[2] * black_scholes_along(A->lower[j], A->diag[j], A->upper[j], u[1], west, j, east);
        y[j] = (base ? base[j] : 0) + (s->dirichlet ? 0 : v);
    }
}

/* Rows from <= i < from + rows */
static void apply_rows(const struct black_scholes_2d *s, const double *w, size_t from, int rows,
                       const double *u, const double *base, double *y)
{
    const struct tridiagonal *A = &s->A[0];
    const size_t n2 = s->A[1].n;
    const bool across = w[0] != 0 || w[1] != 0;
    struct black_scholes_row r[ROWS];
    const double *row[ROWS + 2]; /* one more on each side; beyond the ends its factors are 0 */
    for (int k = 0; k < rows + 2; k++) {
        const size_t i = from + (size_t)k;
        row[k] = u + (i == 0 ? 0 : i > A->n ? A->n - 1 : i - 1) * n2;
    }
    for (int k = 0; k < rows; k++) {
        const size_t i = from + (size_t)k;
        r[k] = (struct black_scholes_row){ w[0] * s->mixed * s->slope[0][i], w[1] * A->lower[i],
                                           w[1] * A->diag[i], w[1] * A->upper[i] };
    }
    y += from * n2;
    base = base ? base + from * n2 : NULL;
    if (rows == ROWS && across && base)
        apply_inner(s, ROWS, true, w, r, row, base, y);
    else if (rows == ROWS && across)
        apply_inner(s, ROWS, true, w, r, row, NULL, y);
    else if (rows == ROWS && base)
        apply_inner(s, ROWS, false, w, r, row, base, y);
    for (int k = 0; k < rows; k++) {
        const double *b = base ? base + (size_t)k * n2 : NULL;
        if (rows < ROWS || !(across || base))
            apply_inner(s, 1, true, w, r + k, row + k, b, y + (size_t)k * n2);
        apply_ends(s, w, r[k], row + k, b, y + (size_t)k * n2);
    }
}

static int split_apply(const struct problem *p, const struct exec *x, double t, const double *w,
                       const double *u, const double *base, double *y)
{
    exec_count(x, 1, 0, 0);
    const struct black_scholes_2d *s = black_scholes_2d(p);
    const size_t first = s->A[0].first, end = s->A[0].end, n1 = s->A[0].n, n2 = s->A[1].n;
    (void)t;
    PARALLEL_FOR
    for (size_t i = first; i < end; i += ROWS)
        apply_rows(s, w, i, i + ROWS < end ? ROWS : (int)(end - i), u, base, y);
    for (size_t i = 0; s->dirichlet && i < n1; i += n1 - 1) {
        if (!base)
            memset(y + i * n2, 0, n2 * sizeof *y);
        else if (base != y)
            memcpy(y + i * n2, base + i * n2, n2 * sizeof *y);
    }
    return 0;
}

static int rhs_implicit(const struct problem *p, const struct exec *x, double t, const double *u,
                        double *f)
{
    static const double all[] = { 1, 1, 1 };
    return split_apply(p, x, t, all, u, NULL, f);
}

/* ---- rhs_adjoint ---- */

/* Lines of what the entries of a row of v give to the entries of g in the same column and in the
 * columns west and east of it; 0 where no row of f is, as in the entry before the first and the one
 * behind the last. */
struct gifts {
    double *here, *west, *east;
};

static void adjoint_row(const struct black_scholes_2d *s, const struct black_scholes_row *r,
                        double before, double after, const double *const *v, struct gifts to,
                        double *g)
{
    const struct tridiagonal *A = &s->A[1];
    const double *south = v[0], *row = v[1], *north = v[2], *slope = s->slope[1];
    const double *lower = A->lower, *diag = A->diag, *upper = A->upper;
    const double r_lower = r->lower, r_diag = r->diag, r_upper = r->upper;
    INDEPENDENT
    for (size_t j = A->first; j < A->end; j++) {
        const double mixed = slope[j] * (before * south[j] - after * north[j]);
        to.here[j] =
            ((r_upper * south[j] + r_diag * row[j]) + r_lower * north[j]) + diag[j] * row[j];
        to.west[j] = lower[j] * row[j] - mixed;
        to.east[j] = upper[j] * row[j] + mixed;
    }
    const double *from_east = to.west + 1, *from_west = to.east - 1;
    INDEPENDENT
    for (size_t j = 0; j < A->n; j++)
        g[j] = to.here[j] + (from_west[j] + from_east[j]);
}

static int rhs_adjoint(const struct problem *p, const struct exec *x, double t, const double *u,
                       const double *v, double *g)
{
    const struct black_scholes_2d *s = black_scholes_2d(p);
    const struct tridiagonal *A = &s->A[0];
    const size_t n2 = s->A[1].n, length = n2 + 2;
    struct exec scratch = *x;
    double *work = exec_take(&scratch, ADJOINT_LINES * length);
    const double *nothing = work; /* a row of v that counts as 0 */
    const struct gifts to = { work + length + 1, work + 2 * length + 1, work + 3 * length + 1 };
    (void)t, (void)u;
    memset(work, 0, ADJOINT_LINES * length * sizeof *work);
    for (size_t i = 0; i < A->n; i++) {
        const bool south = i > A->first, north = i + 1 >= A->first && i + 1 < A->end;
        const bool here = i >= A->first && i < A->end;
        const double *rows[] = { south ? v + (i - 1) * n2 : nothing, here ? v + i * n2 : nothing,
                                 north ? v + (i + 1) * n2 : nothing };
        const struct black_scholes_row r = { 0, north ? A->lower[i + 1] : 0, A->diag[i],
                                             south ? A->upper[i - 1] : 0 };
        adjoint_row(s, &r, south ? s->mixed * s->slope[0][i - 1] : 0,
                    north ? s->mixed * s->slope[0][i + 1] : 0, rows, to, g + i * n2);
    }
    return 0;
}

/* ---- split_solve ---- */

typedef double lanes
    __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));

static inline lanes load(const double *p)
{
    return *(const lanes *)p;
}

static inline void store(double *p, lanes v)
{
    *(lanes *)p = v;
}

/* Along axis 0, for STRIP columns from j0 on, what runs from row to row in registers. v: boundary
 * values, or NULL. */
static void solve_strip(const struct black_scholes_2d *s, const double *f, const double *v,
                        const double *b, double *u, size_t j0)
{
    enum { COUNT = STRIP / LANES };
    const struct tridiagonal *A = &s->A[0];
    const size_t n2 = s->A[1].n;
    lanes last[COUNT];
    for (int k = 0; k < COUNT; k++)
        last[k] = load((v ? v : b) + j0 + k * LANES); /* without v its factor is 0 */
    for (size_t i = A->first; i < A->end; i++) {
        const double p = f[i], q = f[A->n + i], *right = b + i * n2 + j0;
        double *row = u + i * n2 + j0;
        for (int k = 0; k < COUNT; k++) {
            last[k] = p * load(right + k * LANES) - q * last[k];
            store(row + k * LANES, last[k]);
        }
    }
    if (v)
        for (int k = 0; k < COUNT; k++)
            last[k] = load(v + n2 + j0 + k * LANES);
    for (size_t i = A->end; i-- > A->first;) {
        const double c = f[2 * A->n + i];
        double *row = u + i * n2 + j0;
        for (int k = 0; k < COUNT; k++) {
            last[k] = load(row + k * LANES) - c * last[k];
            store(row + k * LANES, last[k]);
        }
    }
}

/* The same for the columns from <= j < to that are left */
static void solve_columns(const struct black_scholes_2d *s, const double *f, const double *v,
                          const double *b, double *u, size_t from, size_t to)
{
    const struct tridiagonal *A = &s->A[0];
    const size_t n2 = s->A[1].n;
    const double *last = v ? v : b;
    for (size_t i = A->first; i < A->end; i++) {
        const double p = f[i], q = f[A->n + i], *right = b + i * n2;
        double *row = u + i * n2;
        INDEPENDENT
        for (size_t j = from; j < to; j++)
            row[j] = p * right[j] - q * last[j];
        last = row;
    }
    last = v ? v + n2 : last;
    for (size_t i = A->end; i-- > A->first;) {
        const double c = f[2 * A->n + i];
        double *row = u + i * n2;
        INDEPENDENT
        for (size_t j = from; j < to; j++)
            row[j] = row[j] - c * last[j];
        last = row;
    }
}

static inline void transpose(lanes v[LANES])
{
    const lanes a = __builtin_shufflevector(v[0], v[1], 0, 4, 2, 6);
    const lanes b = __builtin_shufflevector(v[0], v[1], 1, 5, 3, 7);
    const lanes c = __builtin_shufflevector(v[2], v[3], 0, 4, 2, 6);
    const lanes d = __builtin_shufflevector(v[2], v[3], 1, 5, 3, 7);
    v[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
    v[1] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
    v[2] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
    v[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}

/* LINES lines along axis 1 at once. Between the sweeps, squares of u hold their columns as rows. */
static void solve_lines(const struct tridiagonal *A, const double *f, const lanes *west,
                        const lanes *east, const double *const *b, double *const *u)
{
    const double *p = f, *q = f + A->n, *c = f + 2 * A->n;
    const size_t squares = A->first + (A->end - A->first) / LANES * LANES;
    lanes last[GROUPS], tail[GROUPS][LANES], v[LANES];
    for (int g = 0; g < GROUPS; g++)
        last[g] = west[g];
    for (size_t i = A->first; i < squares; i += LANES)
        for (int g = 0; g < GROUPS; g++) {
            for (int k = 0; k < LANES; k++)
                v[k] = load(b[g * LANES + k] + i);
            transpose(v);
            for (int k = 0; k < LANES; k++)
                v[k] = last[g] = p[i + k] * v[k] - q[i + k] * last[g];
            for (int k = 0; k < LANES; k++)
                store(u[g * LANES + k] + i, v[k]);
        }
    for (size_t i = squares; i < A->end; i++)
        for (int g = 0; g < GROUPS; g++) {
            const double *const *r = b + g * LANES;
            const lanes right = { r[0][i], r[1][i], r[2][i], r[3][i] };
            tail[g][i - squares] = last[g] = p[i] * right - q[i] * last[g];
        }

    for (int g = 0; g < GROUPS; g++)
        last[g] = east[g];
    for (size_t i = A->end; i-- > squares;)
        for (int g = 0; g < GROUPS; g++) {
            last[g] = tail[g][i - squares] - c[i] * last[g];
            for (int k = 0; k < LANES; k++)
                u[g * LANES + k][i] = last[g][k];
        }
    for (size_t i = squares; i > A->first;) {
        i -= LANES;
        for (int g = 0; g < GROUPS; g++) {
            for (int k = 0; k < LANES; k++)
                v[k] = load(u[g * LANES + k] + i);
            for (int k = LANES - 1; k >= 0; k--)
                v[k] = last[g] = v[k] - c[i + k] * last[g];
            transpose(v);
            for (int k = 0; k < LANES; k++)
                store(u[g * LANES + k] + i, v[k]);
        }
    }
}

/* The block of lines from `from`. Lines beyond the last are copies of it that end in spare rows. */
static void solve_block(const struct black_scholes_2d *s, const double *f, const double *v,
                        const double *b, double *u, size_t from, double *spare)
{
    const size_t n1 = s->A[0].n, n2 = s->A[1].n, end = s->A[0].end;
    const double *right[LINES];
    double *row[LINES];
    lanes west[GROUPS] = { 0 }, east[GROUPS] = { 0 };
    for (size_t k = 0; k < LINES; k++) {
        const size_t i = from + k < end ? from + k : end - 1;
        right[k] = b + i * n2;
        row[k] = from + k < end ? u + i * n2 : spare + k * n2;
        if (v) {
            west[k / LANES][k % LANES] = v[2 * n2 + i];
            east[k / LANES][k % LANES] = v[2 * n2 + n1 + i];
        }
    }
    solve_lines(&s->A[1], f, west, east, right, row);
}

static int split_solve(const struct problem *p, const struct exec *x, int j, double t, double a,
                       const double *b, double *u)
{
    exec_count(x, 0, 1, 0);
    const struct black_scholes_2d *s = black_scholes_2d(p);
    const struct tridiagonal *A = &s->A[j - 1];
    struct exec scratch = *x;
    const double *f = factors_find(&s->factors[j - 1], a);
    if (!f) {
        double *made = exec_take(&scratch, 3 * A->n);
        const int failed = tridiagonal_factor(A, a, made);
        if (failed)
            return failed;
        f = made;
    }
    const double *v = s->dirichlet ? edge_at(s, &scratch, t) : NULL;
    if (j == 1) {
        const size_t first = s->A[1].first, end = s->A[1].end;
        PARALLEL_FOR
        for (size_t i = first; i < end; i += STRIP)
            if (i + STRIP <= end)
                solve_strip(s, f, v, b, u, i);
            else
                solve_columns(s, f, v, b, u, i, end);
    } else {
        const size_t first = s->A[0].first, end = s->A[0].end;
        double *spare = exec_take(&scratch, LINES * A->n);
        PARALLEL_FOR
        for (size_t i = first; i < end; i += LINES)
            solve_block(s, f, v, b, u, i, spare);
    }
    if (v)
        edge_set(s, v, u);
    return 0;
}

/* ---- random states ---- */

/* What a leg is an option on. The first one, and half of the others, are on what the option itself
 * is on; the weights of the rest are multiplied by the spread. */
enum underlying { LARGER, SMALLER, FIRST, SECOND, MIXTURE, UNDERLYINGS, DIFFERENCE };

static enum underlying own_underlying(const struct payoff *payoff, double *sign)
{
    static const struct {
        const char *payoff;
        enum underlying own;
        double sign; /* -1: puts */
    } known[] = {
        { "call_on_max", LARGER, 1 },  { "call_on_min", SMALLER, 1 },
        { "put_on_max", LARGER, -1 },  { "put_on_min", SMALLER, -1 },
        { "exchange", DIFFERENCE, 1 }, { "basket", MIXTURE, 1 },
        { "call_on_first", FIRST, 1 }, { "call_on_second", SECOND, 1 },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(known[i].payoff, payoff->name)) {
            *sign = known[i].sign;
            return known[i].own;
        }
    *sign = 1;
    return MIXTURE;
}

struct leg {
    enum underlying of;
    double sign, strike, weight, width;
    double ridge; /* width of a kink along S1 = S2 per sum of prices: such kinks widen */
    double share; /* of S1 in MIXTURE; S1 - share S2 is the DIFFERENCE */
};

static double leg_value(const struct leg *l, double s1, double s2)
{
    const double ridge = l->ridge * (0.1 * l->strike + s1 + s2);
    double price = 0;
    switch (l->of) {
    case LARGER:
        price = s2 + positive_part(s1 - s2, ridge, NULL, NULL);
        break;
    case SMALLER:
        price = s1 - positive_part(s1 - s2, ridge, NULL, NULL);
        break;
    case FIRST:
        price = s1;
        break;
    case SECOND:
        price = s2;
        break;
    case DIFFERENCE:
        return positive_part(s1 - l->share * s2, ridge, NULL, NULL);
    case MIXTURE:
    case UNDERLYINGS:
        price = l->share * s1 + (1 - l->share) * s2;
    }
    return positive_part(l->sign * (price - l->strike), l->width, NULL, NULL);
}

static size_t legs_draw(const struct black_scholes_2d *s, struct draw *d, struct leg *legs)
{
    const struct grid *g = &s->base.grid;
    const double strike = s->option.strike;
    const double cell =
        fmax(black_scholes_strike_cell(g, 0, strike), black_scholes_strike_cell(g, 1, strike));
    struct black_scholes_legs of;
    double sign, sum = 0;
    const enum underlying own = own_underlying(s->payoff, &sign);
    black_scholes_legs(d, strike, cell, &of);
    for (size_t i = 0; i < of.count; i++) {
        const size_t other = draw_below(d, UNDERLYINGS);
        const bool is_own = draw_below(d, 2) == 0 || i == 0;
        const double tilt = of.spread * draw_uniform(d, -0.4, 0.4);
        const double sharp = draw_below(d, 4) == 0 ? 0.05 : 1;
        legs[i] = (struct leg){
            .of = is_own ? own : (enum underlying)other,
            .sign = sign,
            .strike = of.strike[i],
            .weight = is_own ? of.weight[i] : of.spread * of.weight[i],
            .width = sharp * of.width[i],
            .ridge = sharp * draw_log_uniform(d, of.least, of.widest) / (2.1 * strike),
        };
        legs[i].share = legs[i].of == DIFFERENCE ? 1 + tilt : 0.5 + tilt;
        sum += legs[i].weight;
    }
    for (size_t i = 0; i < of.count; i++)
        legs[i].weight /= sum;
    return of.count;
}

/* one factor of each bump along an axis, one behind the other */
static void bump_factors(const struct black_scholes_2d *s, size_t bumps,
                         const struct black_scholes_bump *b, int axis, double *v)
{
    const struct grid *g = &s->base.grid;
    const size_t n = g->shape[axis];
    for (size_t k = 0; k < bumps; k++)
        for (size_t i = 0; i < n; i++)
            v[k * n + i] =
                (axis == 0 ? b[k].height : 1) *
                black_scholes_bump(&b[k], axis, s->option.strike, g->x[axis][i], NULL, NULL);
}

/* Adds what u lacks in the edges (as edge_compute orders them), carried inside by the interpolation
 * of Coons (1967): linear between opposite edges, less what is bilinear in the corners. defect is
 * overwritten; the edges of u are left to edge_set. */
static void edges_blend(const struct black_scholes_2d *s, double *defect, double *u)
{
    const struct grid *g = &s->base.grid;
    const size_t n1 = g->shape[0], n2 = g->shape[1];
    const double *x = g->x[0], *y = g->x[1];
    double *south = defect, *north = south + n2, *west = north + n2, *east = west + n1;
    for (size_t j = 0; j < n2; j++) {
        south[j] -= u[j];
        north[j] -= u[(n1 - 1) * n2 + j];
    }
    for (size_t i = 0; i < n1; i++) {
        west[i] -= u[i * n2];
        east[i] -= u[i * n2 + n2 - 1];
    }
    for (size_t i = 1; i + 1 < n1; i++) {
        const double a = x[i] / x[n1 - 1];
        const double at_west = west[i] - ((1 - a) * south[0] + a * north[0]);
        const double at_east = east[i] - ((1 - a) * south[n2 - 1] + a * north[n2 - 1]);
        for (size_t j = 1; j + 1 < n2; j++) {
            const double b = y[j] / y[n2 - 1];
            u[i * n2 + j] +=
                ((1 - a) * south[j] + a * north[j]) + ((1 - b) * at_west + b * at_east);
        }
    }
}

static int sample(const struct problem *p, unsigned long seed, unsigned long index, double t,
                  double *u)
{
    const struct black_scholes_2d *s = black_scholes_2d(p);
    const struct grid *g = &p->grid;
    const size_t n1 = g->shape[0], n2 = g->shape[1], edge = edge_doubles(s);
    struct leg legs[BLACK_SCHOLES_LEGS];
    struct black_scholes_bump bumps[BLACK_SCHOLES_BUMPS];
    double *work = malloc((2 * edge + BLACK_SCHOLES_BUMPS * (n1 + n2)) * sizeof *work);
    if (!work)
        return -ENOMEM;
    double *made = work, *defect = made + edge, *first = defect + edge,
           *second = first + BLACK_SCHOLES_BUMPS * n1;
    struct draw d = draw_open(seed, index);
    const size_t leg_count = legs_draw(s, &d, legs);
    const size_t bump_count = black_scholes_bumps(&d, s->option.strike, bumps);
    bump_factors(s, bump_count, bumps, 0, first);
    bump_factors(s, bump_count, bumps, 1, second);
    for (size_t i = 0; i < n1; i++)
        for (size_t j = 0; j < n2; j++) {
            double sum = 0;
            for (size_t k = 0; k < leg_count; k++)
                sum += legs[k].weight * leg_value(&legs[k], g->x[0][i], g->x[1][j]);
            for (size_t k = 0; k < bump_count; k++)
                sum += first[k * n1 + i] * second[k * n2 + j];
            u[i * n2 + j] = sum;
        }
    const double *v = edge_find(&s->edges, t);
    if (!v) {
        edge_compute(s, t, made);
        v = made;
    }
    memcpy(defect, v, edge * sizeof *v);
    edges_blend(s, defect, u);
    edge_set(s, v, u);
    free(work);
    return 0;
}

static int coefficients(const struct problem *p, double t, const double *x, double a[3],
                        double b[2], double *c, double *d)
{
    const struct black_scholes_2d *s = black_scholes_2d(p);
    const double v1 = s->option.volatility[0] * x[0], v2 = s->option.volatility[1] * x[1];
    (void)t;
    a[0] = v1 * v1 / 2;
    a[1] = s->option.correlation * v1 * v2;
    a[2] = v2 * v2 / 2;
    b[0] = s->option.rate * x[0];
    b[1] = s->option.rate * x[1];
    *c = -s->option.rate;
    *d = 0;
    return 0;
}

static const struct pde pde = { coefficients };

/* ---- host functions ---- */

static int exact(const struct problem *p, double t, double *u)
{
    const struct black_scholes_2d *s = black_scholes_2d(p);
    const struct grid *g = &p->grid;
    for (size_t i = 0; i < g->shape[0]; i++)
        for (size_t j = 0; j < g->shape[1]; j++)
            u[i * g->shape[1] + j] = s->payoff->value(&s->option, t, g->x[0][i], g->x[1][j]);
    return 0;
}

static int initial(const struct problem *p, double t, double *u)
{
    const struct black_scholes_2d *s = black_scholes_2d(p);
    const struct grid *g = &p->grid;
    if (!s->average || t != 0)
        return exact(p, t, u);
    for (size_t i = 0; i < g->shape[0]; i++)
        for (size_t j = 0; j < g->shape[1]; j++) {
            double width1 = black_scholes_cell_width(g, 0, i);
            double width2 = black_scholes_cell_width(g, 1, j);
            if (s->dirichlet && (width1 == 0 || width2 == 0)) /* on the boundary */
                width1 = width2 = 0;
            u[i * g->shape[1] + j] = black_scholes_cell_mean(
                &s->option, s->payoff->payoff, g->x[0][i], width1, g->x[1][j], width2);
        }
    return 0;
}

static int prepare_split(struct problem *p, double a)
{
    struct black_scholes_2d *s = (struct black_scholes_2d *)p;
    const int err = factors_add(&s->factors[0], &s->A[0], a);
    return err ? err : factors_add(&s->factors[1], &s->A[1], a);
}

static void destroy(struct problem *p)
{
    struct black_scholes_2d *s = (struct black_scholes_2d *)p;
    for (size_t i = 0; i < s->edges.count; i++) {
        exec_constant_forget(s->edges.v[i].v);
        free(s->edges.v[i].v);
    }
    free(s->edges.v);
    for (int a = 0; a < 2; a++) {
        factors_destroy(&s->factors[a]);
        tridiagonal_destroy(&s->A[a]);
        exec_constant_forget(s->slope[a]);
        free(s->slope[a]);
    }
    grid_free(&p->grid);
    free(s);
}

/* boundary: closed_form, linear */
static const struct problem_kernels kernels[2] = {
    { .rhs_implicit = rhs_implicit,
      .impose = impose,
      .split_apply = split_apply,
      .split_solve = split_solve,
      .rhs_adjoint = rhs_adjoint },
    { .rhs_implicit = rhs_implicit,
      .split_apply = split_apply,
      .split_solve = split_solve,
      .rhs_adjoint = rhs_adjoint },
};

struct params {
    const char *payoff, *boundary, *smoothing;
    double strike, rate, correlation, concentration;
    struct reals volatility, domain;
    struct ints grid;
};

static const struct param params[] = {
    { "payoff", P_CHOICE, offsetof(struct params, payoff), "call_on_max", .choices = payoff_names,
      .help = "at expiry; exchange: S1 - S2, basket: (S1 + S2)/2 - strike, where positive" },
    { "strike", P_REAL, offsetof(struct params, strike), "100", 0, INFINITY, .open_min = true,
      .open_max = true, .help = "price of exercise" },
    { "rate", P_REAL, offsetof(struct params, rate), "0.03", .unit = "1/year",
      .help = "riskless rate of interest" },
    { "volatility", P_REALS, offsetof(struct params, volatility), "[0.4, 0.4]", 0, INFINITY,
      .open_min = true, .open_max = true, .unit = "1/sqrt(year)", .help = "of each asset" },
    { "correlation", P_REAL, offsetof(struct params, correlation), "0.5", -1, 1, .open_min = true,
      .open_max = true, .help = "of the assets' returns" },
    { "grid", P_INTS, offsetof(struct params, grid), "[201, 201]", 5, 100000,
      .help = "points per asset, both ends included" },
    { "domain", P_REALS, offsetof(struct params, domain), "[400, 400]", 0, INFINITY,
      .open_min = true, .open_max = true, .help = "largest price of each asset; above the strike" },
    { "concentration", P_REAL, offsetof(struct params, concentration), "0", 0, INFINITY,
      .open_max = true, .unit = "strikes",
      .help = "width of the region around the strike where points are denser; 0: equidistant" },
    { "boundary", P_CHOICE, offsetof(struct params, boundary), "closed_form",
      .choices = (const char *const[]){ "closed_form", "linear", NULL },
      .help = "closed_form: exact values; linear: no V_ii and V_12 in the far edges" },
    { "smoothing", P_CHOICE, offsetof(struct params, smoothing), "none",
      .choices = (const char *const[]){ "none", "cell_average", NULL },
      .help = "cell_average: start from means of the payoff over cells" },
    { .key = NULL },
};

static const struct schema schema = {
    "problem: black_scholes_2d",
    "European option on two correlated assets, in the time to expiry",
    params,
};

static int check(const struct node *config, const struct params *q)
{
    if (q->volatility.n != 2)
        return config_key_error(config, "volatility", "expected two numbers, got %zu",
                                q->volatility.n);
    if (q->grid.n != 2)
        return config_key_error(config, "grid", "expected two numbers, got %zu", q->grid.n);
    if (q->domain.n != 2)
        return config_key_error(config, "domain", "expected two numbers, got %zu", q->domain.n);
    for (int a = 0; a < 2; a++)
        if (!(q->domain.v[a] > q->strike))
            return config_key_error(config, "domain", "expected more than the strike %g, got %g",
                                    q->strike, q->domain.v[a]);
    return 0;
}

static int create_axis(struct black_scholes_2d *s, int a, const struct params *q)
{
    struct grid *g = &s->base.grid;
    const size_t n = (size_t)q->grid.v[a];
    s->slope[a] = calloc(n, sizeof *s->slope[a]);
    if (!s->slope[a] ||
        black_scholes_grid(g, a, a == 0 ? "S1" : "S2", n, q->domain.v[a], q->strike,
                           q->concentration) ||
        black_scholes_axis(&s->A[a], g->x[a], n, s->dirichlet, q->volatility.v[a], q->rate,
                           q->rate / 2))
        return -ENOMEM;
    const double *x = g->x[a];
    for (size_t i = 1; i + 1 < n; i++)
        s->slope[a][i] = x[i] / (x[i + 1] - x[i - 1]);
    exec_constant(s->slope[a], n * sizeof *s->slope[a]);
    return 0;
}

static int create(struct problem **p, const struct node *config)
{
    struct params q;
    if (config_bind(config, &schema, (const char *const[]){ "name", NULL }, &q) ||
        check(config, &q))
        return -EINVAL;
    struct black_scholes_2d *s = calloc(1, sizeof *s);
    if (!s)
        return -ENOMEM;
    const double *v = q.volatility.v;
    const size_t n1 = (size_t)q.grid.v[0], n2 = (size_t)q.grid.v[1];
    s->option = (struct option){ q.strike, q.rate, { v[0], v[1] }, q.correlation };
    s->payoff = payoff_find(q.payoff);
    s->dirichlet = !strcmp(q.boundary, "closed_form");
    s->average = !strcmp(q.smoothing, "cell_average");
    s->mixed = q.correlation * v[0] * v[1];
    s->base = (struct problem){
        .name = "black_scholes_2d",
        .n = n1 * n2,
        .nwork = exec_round(2 * (n1 + n2)) + exec_round(3 * (n1 > n2 ? n1 : n2)) +
                 exec_round(LINES * n2),
        .splits = 2,
        .flops_rhs = 19 * (double)(n1 * n2),
        .flops_solve = 5 * (double)(n1 * n2), /* in one direction */
        .kernels = { &kernels[!s->dirichlet],
                     DEV_CUDA_KERNELS(black_scholes_2d_cuda_kernels[!s->dirichlet]) },
        .initial = initial,
        .exact = exact,
        .sample = sample,
        .pde = &pde,
        .prepare_split = prepare_split,
        .prepare_times = prepare_times,
        .destroy = destroy,
    };
    if (create_axis(s, 0, &q) || create_axis(s, 1, &q)) {
        destroy(&s->base);
        return -ENOMEM;
    }
    *p = &s->base;
    return 0;
}

const struct problem_type black_scholes_2d_type = {
    "black_scholes_2d", "European option on two correlated assets (Black-Scholes)", &schema, create
};
