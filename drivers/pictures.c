// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/pictures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"

enum { ORDER = 3 };    /* of the interpolation to pixels */
#define SATURATED 0.05 /* the share of a vorticity beyond its colours: of layers at plates */

/* of the component, -1: none of this name */
static int component(const struct grid *g, const char *name)
{
    for (int c = 0; c < g->components; c++)
        if (strcmp(g->names[c], name) == 0)
            return c;
    return -1;
}

static const double *field(const struct results_data *d, size_t snapshot, int c)
{
    return d->fields + snapshot * grid_doubles(&d->grid) + (size_t)c * grid_points(&d->grid);
}

/* ---- vorticity ---- */

static double chebyshev(size_t n, size_t i)
{
    return -cos(M_PI * (double)i / (double)(n - 1));
}

bool pictures_flow(const struct results_data *d)
{
    const struct grid *g = &d->grid;
    const size_t n = g->dims == 2 ? g->shape[1] : 0;
    if (n < 2 || g->is_complex || !g->periodic[0] || g->periodic[1] || component(g, "vx") < 0 ||
        component(g, "vz") < 0 || component(g, "b") < 0)
        return false;
    const double *z = g->x[1], middle = (z[0] + z[n - 1]) / 2, half = (z[n - 1] - z[0]) / 2;
    for (size_t i = 0; i < n; i++)
        if (!(fabs(z[i] - (middle + half * chebyshev(n, i))) <= 1e-9 * half))
            return false;
    return true;
}

/* (n, n) of values in n equidistant points of a period, an even number: no derivative of the last
 * wave */
static void differentiate_period(size_t n, double length, double *m)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const double angle = M_PI * ((double)i - (double)j) / (double)n;
            m[i * n + j] = i == j ? 0 : ((i + j) % 2 ? -1 : 1) * M_PI / length / tan(angle);
        }
}

/* (n, n) of values in Chebyshev's points; rows of constants vanish */
static void differentiate_chebyshev(size_t n, double length, double *m)
{
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++) {
            const double end = (j == 0 || j + 1 == n ? 0.5 : 1) / (i == 0 || i + 1 == n ? 0.5 : 1);
            m[i * n + j] = i == j ? 0
                                  : ((i + j) % 2 ? -end : end) /
                                        (chebyshev(n, i) - chebyshev(n, j)) * 2 / length;
            sum += m[i * n + j];
        }
        m[i * n + i] = -sum;
    }
}

int pictures_vorticity(const struct results_data *d, size_t snapshot, double *v)
{
    const struct grid *g = &d->grid;
    const size_t nx = g->shape[0], nz = g->shape[1];
    const double *u = field(d, snapshot, component(g, "vx")),
                 *w = field(d, snapshot, component(g, "vz"));
    double *dx = malloc((nx * nx + nz * nz) * sizeof *dx), *dz = dx + nx * nx;
    if (!dx)
        return -ENOMEM;
    differentiate_period(nx, g->length[0], dx);
    differentiate_chebyshev(nz, g->x[1][nz - 1] - g->x[1][0], dz);
    for (size_t i = 0; i < nx; i++)
        for (size_t j = 0; j < nz; j++) {
            double sum = 0;
            for (size_t k = 0; k < nz; k++)
                sum -= dz[j * nz + k] * u[i * nz + k];
            v[i * nz + j] = sum;
        }
    for (size_t i = 0; i < nx; i++)
        for (size_t k = 0; k < nx; k++)
            for (size_t j = 0; j < nz; j++)
                v[i * nz + j] += dx[i * nx + k] * w[k * nz + j];
    free(dx);
    return 0;
}

/* ---- what is drawn ---- */

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* colours over all that is finite; around 0: but for the largest few */
static int range(struct pictures_panel *p, size_t n, double center, double share)
{
    struct range r = EMPTY;
    for (size_t i = 0; i < n; i++)
        range_add(&r, p->v[i]);
    if (share > 0) {
        double *size = malloc(n * sizeof *size);
        size_t m = 0;
        if (!size)
            return -ENOMEM;
        for (size_t i = 0; i < n; i++)
            if (isfinite(p->v[i]))
                size[m++] = fabs(p->v[i] - center);
        qsort(size, m, sizeof *size, by_size);
        const double most = m ? size[(size_t)((1 - share) * (double)(m - 1))] : 0;
        r = (struct range){ center - most, center + most };
        free(size);
    }
    if (!(r.low <= r.high))
        r = (struct range){ 0, 0 };
    if (!(r.high - r.low > 1e-13 * fmax(fabs(r.low), fabs(r.high)))) {
        const double around = r.low != 0 ? fabs(r.low) : 1;
        r = (struct range){ r.low - around, r.high + around };
    }
    p->low = r.low;
    p->high = r.high;
    return 0;
}

static int add(struct pictures *p, const char *name, int c, bool diverging)
{
    const struct results_data *d = p->data;
    const size_t points = grid_points(&d->grid), parts = d->grid.is_complex ? 2 : 1,
                 count = d->count - p->first;
    struct pictures_panel *panel = &p->panel[p->panels++];
    int err = (panel->v = malloc(count * points * sizeof *panel->v)) ? 0 : -ENOMEM;
    snprintf(panel->name, sizeof panel->name, "%s", name);
    panel->palette = diverging ? &gnuplot_diverging_map : &gnuplot_viridis_map;
    for (size_t s = 0; s < count && !err; s++)
        if (c < 0)
            err = pictures_vorticity(d, p->first + s, panel->v + s * points);
        else
            for (size_t i = 0; i < points; i++)
                panel->v[s * points + i] =
                    d->fields[(p->first + s) * grid_doubles(&d->grid) +
                              ((size_t)c / parts * points + i) * parts + (size_t)c % parts];
    return err ? err : range(panel, count * points, 0, c < 0 ? SATURATED : 0);
}

int pictures_create(struct pictures *p, const struct results_data *d, size_t first)
{
    const struct grid *g = &d->grid;
    int err = 0;
    *p = (struct pictures){ .data = d, .first = first, .snapshot = first };
    if (g->dims != 2)
        return log_error(-EINVAL, "%s: a film shows two dimensions, these results have %d",
                         d->problem, g->dims);
    if (pictures_flow(d)) {
        if ((err = add(p, "buoyancy", component(g, "b"), false)) ||
            (err = add(p, "vorticity", -1, true)))
            pictures_free(p);
        else
            p->panel[0].palette = &gnuplot_thermal_map;
        return err;
    }
    const int parts = g->is_complex ? 2 : 1;
    for (int c = 0; c < g->components * parts && c < PICTURES_PANELS && !err; c++) {
        char name[PICTURES_LABEL];
        snprintf(name, sizeof name, "%s%s",
                 !g->is_complex ? ""
                 : c % 2        ? "Im "
                                : "Re ",
                 g->names[c / parts]);
        err = add(p, name, c, false);
    }
    if (err)
        pictures_free(p);
    return err;
}

void pictures_free(struct pictures *p)
{
    for (int i = 0; i < p->panels; i++)
        free(p->panel[i].v);
    p->panels = 0;
}

/* ---- drawing ---- */

struct axis {
    int n; /* pixels, at x = low + (high - low) i/(n - 1) */
    double low, high;
    int *point;     /* (n, ORDER + 1) of the grid */
    double *weight; /* likewise */
};

static int axis_create(struct axis *a, const struct grid *g, int k, int pixels)
{
    const size_t n = (size_t)pixels * (ORDER + 1);
    const int order = g->shape[k] > ORDER ? ORDER : 1;
    a->n = pixels;
    a->low = g->x[k][0];
    a->high = g->periodic[k] ? a->low + g->length[k] : g->x[k][g->shape[k] - 1];
    a->point = calloc(n, sizeof *a->point);
    a->weight = calloc(n, sizeof *a->weight);
    if (!a->point || !a->weight)
        return -ENOMEM;
    for (int i = 0; i < pixels; i++) {
        long first = 0;
        double *weight = a->weight + i * (ORDER + 1);
        const double x = i + 1 < pixels ? a->low + (a->high - a->low) * i / (pixels - 1) : a->high;
        if (g->shape[k] < 2)
            weight[0] = 1;
        else if (grid_weights(g, k, x, order, &first, weight))
            return -EINVAL;
        for (int j = 0; j <= order; j++) {
            const long points = (long)g->shape[k], at = first + j;
            a->point[i * (ORDER + 1) + j] = (int)(((at % points) + points) % points);
        }
    }
    return 0;
}

static void axis_free(struct axis *a)
{
    free(a->point);
    free(a->weight);
}

/* the data of a panel: a matrix with the coordinates in its first row and column */
static void matrix(FILE *o, const struct axis axis[2], size_t nz, const double *v, int tag)
{
    fprintf(o, "$m%d << EOD\n%d", tag, axis[0].n);
    for (int i = 0; i < axis[0].n; i++)
        fprintf(o, " %.7g", axis[0].low + (axis[0].high - axis[0].low) * i / (axis[0].n - 1));
    for (int j = 0; j < axis[1].n; j++) {
        fprintf(o, "\n%.7g", axis[1].low + (axis[1].high - axis[1].low) * j / (axis[1].n - 1));
        for (int i = 0; i < axis[0].n; i++) {
            double sum = 0;
            for (int k = 0; k <= ORDER; k++)
                for (int l = 0; l <= ORDER; l++) {
                    const int p = i * (ORDER + 1) + k, q = j * (ORDER + 1) + l;
                    const double weight = axis[0].weight[p] * axis[1].weight[q];
                    if (weight != 0)
                        sum += weight * v[(size_t)axis[0].point[p] * nz + (size_t)axis[1].point[q]];
                }
            if (isfinite(sum))
                fprintf(o, " %.4g", sum);
            else
                fputs(" NaN", o);
        }
    }
    fputs("\nEOD\n", o);
}

int pictures_draw(FILE *o, const void *pictures)
{
    enum { LEFT = 72, RIGHT = 92, TOP = 34, BOTTOM = 58, GAP = 20, MOST_W = 880, MOST_H = 420 };
    const struct pictures *p = pictures;
    const struct results_data *d = p->data;
    const struct grid *g = &d->grid;
    const size_t points = grid_points(g);
    struct axis axis[2] = { { 0 }, { 0 } };
    double length[2];
    char text[GNUPLOT_TEXT];
    for (int a = 0; a < 2; a++)
        length[a] = g->periodic[a] ? g->length[a] : g->x[a][g->shape[a] - 1] - g->x[a][0];
    /* to scale, up to a thin strip */
    const double aspect = fmin(fmax(length[0] / length[1], 0.2), 12);
    const int w = (int)fmin(MOST_W, MOST_H * aspect) / 2 * 2, h = (int)(w / aspect) / 2 * 2;
    const double width = LEFT + w + RIGHT, height = p->panels * (TOP + h + GAP) - GAP + BOTTOM;
    int err = 0;
    for (int a = 0; a < 2 && !err; a++)
        err = axis_create(&axis[a], g, a, (a ? h : w) / 2 + 1);
    for (int i = 0; i < p->panels && !err; i++)
        matrix(o, axis, g->shape[1], p->panel[i].v + (p->snapshot - p->first) * points, i);
    gnuplot_style(o, (int)width, (int)height / 2 * 2); /* films want even numbers */
    fputs("unset key\nunset grid\nset border 15 front lw 1\nset cbtics scale 0.4\nset multiplot\n",
          o);
    gnuplot_axis_label(o, 'y', g->axis[1]);
    for (int i = 0; i < p->panels && !err; i++) {
        const struct pictures_panel *panel = &p->panel[i];
        const double bottom = BOTTOM + (p->panels - 1 - i) * (TOP + h + GAP),
                     step = nice_step(panel->high - panel->low, h < 150 ? 2 : 4);
        if (i == 0)
            snprintf(text, sizeof text, "%s: %s at t = %.2f", d->problem, panel->name,
                     d->time[p->snapshot]);
        else
            snprintf(text, sizeof text, "%s", panel->name);
        gnuplot_title(o, 1, text);
        gnuplot_palette(o, panel->palette);
        if (i + 1 == p->panels)
            gnuplot_axis_label(o, 'x', g->axis[0]);
        fprintf(o,
                "set format x '%s'\nset xrange [%.9g:%.9g] noextend\nset yrange [%.9g:%.9g] "
                "noextend\nset cbrange [%.9g:%.9g]\nset cbtics %.9g format '%%g'\nset ytics %.9g\n"
                "set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
                "set bmargin at screen %.6f\nset tmargin at screen %.6f\n"
                "set colorbox user origin screen %.6f,%.6f size screen %.6f,%.6f noborder\n"
                "plot $m%d nonuniform matrix using 1:2:3 with image\n",
                i + 1 == p->panels ? "%h" : "", axis[0].low, axis[0].high, axis[1].low,
                axis[1].high, panel->low, panel->high, step, nice_step(length[1], 4), LEFT / width,
                (LEFT + w) / width, bottom / height, (bottom + h) / height, (LEFT + w + 16) / width,
                bottom / height, 14 / width, h / height, i);
    }
    fputs("unset multiplot\n", o);
    axis_free(&axis[0]);
    axis_free(&axis[1]);
    return err;
}

int pictures_film(const struct results_data *d, const char *dir)
{
    struct pictures p;
    char name[32], path[4200];
    int err = pictures_create(&p, d, 0);
    if (err)
        return err == -EINVAL ? err : log_error(err, "%s: %s", dir, strerror(-err));
    if (mkdir(dir, 0777) && errno != EEXIST)
        err = log_error(-errno, "%s: %s", dir, strerror(errno));
    for (; p.snapshot < d->count && !err; p.snapshot++) {
        snprintf(name, sizeof name, "%04zu.png", p.snapshot);
        log_progress("film", (double)p.snapshot / (double)d->count, "%s", name);
        err = gnuplot_write(dir, name, pictures_draw, &p);
    }
    log_progress_end();
    for (size_t i = d->count; !err; i++) {
        snprintf(path, sizeof path, "%s/%04zu.png", dir, i);
        if (unlink(path))
            break;
    }
    pictures_free(&p);
    if (!err)
        printf("%s/0000.png to %s: %zu pictures\n", dir, name, d->count);
    return err;
}
