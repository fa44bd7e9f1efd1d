// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* A static Gantt chart. Tasks narrower than a pixel are merged, so that its size is bounded by that
 * of the picture. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/trace.h"
#include "core/trace_index.h"

enum { CHART = 1000, RIGHT = 24, TOP = 76, LEGEND = 22, TICKS = 8, SHADES = 4 };

static const char style[] =
    "<style>text{font:12px system-ui,sans-serif;fill:#1c2733}.h{font-size:16px;font-weight:600}"
    ".m{fill:#5b6875}.l{stroke:#d5dbe1}.r{fill:#eef1f4}.b{fill:#fff}.w{fill:#fff;font-size:11px}"
    ".k{fill:#000;font-size:11px}"
    "@media(prefers-color-scheme:dark){text{fill:#e6eaee}.m{fill:#9aa7b4}.l{stroke:#37424d}"
    ".r{fill:#1e262e}.b{fill:#12181e}.w{fill:#fff}.k{fill:#000}}</style>\n";

struct chart {
    const struct trace *t;
    struct trace_index x;
    FILE *out;
    double left, scale; /* pixels, pixels per second */
    int row, gap;       /* height, between rows */
    double *cover;      /* (CHART, codelets) seconds of what is narrower than a pixel */
};

static double px(const struct chart *c, double t)
{
    return (t - c->x.begin) * c->scale;
}

static double row_y(const struct chart *c, size_t w)
{
    int ranks = 0;
    for (size_t i = 1; i <= w; i++)
        ranks += c->x.workers[i].rank != c->x.workers[i - 1].rank;
    return TOP + (double)w * (c->row + c->gap) + 8 * ranks;
}

static const struct unit {
    const char *name;
    double seconds;
} units[] = { { "s", 1 }, { "ms", 1e-3 }, { "\302\265s", 1e-6 } };

static const struct unit *unit_of(double seconds)
{
    return &units[seconds >= 1 || seconds == 0 ? 0 : seconds >= 1e-3 ? 1 : 2];
}

static void put_time(FILE *out, const char *before, double seconds)
{
    const struct unit *u = unit_of(seconds);
    fprintf(out, "%s%.4g %s", before, seconds / u->seconds, u->name);
}

/* the largest of 1, 2, 5 times a power of ten that gives at least TICKS / 2 ticks */
static double tick(double span)
{
    double p = pow(10, floor(log10(span / TICKS))), m = span / TICKS / p;
    return p * (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10);
}

static void axis(const struct chart *c, double bottom)
{
    double span = c->x.end - c->x.begin, step = tick(span);
    const struct unit *u = unit_of(span / 2);
    for (double i = ceil(c->x.begin / step); i * step <= c->x.end; i++) {
        double at = c->left + px(c, i * step);
        fprintf(c->out,
                "<path class=\"l\" d=\"M%.1f %d V%.1f\"/><text class=\"m\" x=\"%.1f\" y=\"%.1f\" "
                "text-anchor=\"middle\">%.10g</text>\n",
                at, TOP - 6, bottom + 4, at, bottom + 18, i * step / u->seconds);
    }
    fprintf(c->out,
            "<text class=\"m\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">time since the run's "
            "start (%s)</text>\n",
            c->left + CHART / 2.0, bottom + 36, u->name);
}

static void task(const struct chart *c, const struct trace_record *r, size_t codelet, double y)
{
    const char *colour = trace_colour(codelet);
    double x0 = c->left + px(c, r->start), width = px(c, r->end) - px(c, r->start);
    char where[64];
    trace_where(r, where, sizeof where);
    fprintf(
        c->out,
        "<rect x=\"%.2f\" y=\"%.0f\" width=\"%.2f\" height=\"%d\" rx=\"%d\" fill=\"%s\"><title>",
        x0, y, width > 3 ? width - 0.6 : width, c->row, width > 6 ? 2 : 0, colour);
    trace_put_text(c->out, TEXT_XML, r->codelet);
    fprintf(c->out, "%s%s ", *where ? " " : "", where);
    trace_put_text(c->out, TEXT_XML, r->label);
    put_time(c->out, " ", r->end - r->start);
    fputs("</title></rect>\n", c->out);
    while (*where &&
           width < 6.5 * (double)strlen(where) + 4) { /* as many words as there is room for */
        char *blank = strrchr(where, ' ');
        *(blank ? blank : where) = '\0';
    }
    if (*where && c->row >= 16)
        fprintf(
            c->out, "<text class=\"%c\" x=\"%.2f\" y=\"%.0f\" text-anchor=\"middle\">%s</text>\n",
            trace_colour_light(colour) ? 'k' : 'w', x0 + width / 2, y + c->row / 2.0 + 4, where);
}

/* What is narrow: per pixel the codelet that fills most of it, as runs of one colour and shade. */
static void narrow(const struct chart *c, double y)
{
    const size_t n = c->x.codelets.n;
    size_t begin = 0, colour = 0;
    int shade = 0;
    for (size_t p = 0; p <= CHART; p++) {
        size_t best = 0;
        double sum = 0;
        for (size_t k = 0; p < CHART && k < n; k++) {
            sum += c->cover[p * n + k];
            if (c->cover[p * n + k] > c->cover[p * n + best])
                best = k;
        }
        int s = sum > 0 ? (int)ceil(sum * c->scale * SHADES) : 0;
        s = s > SHADES ? SHADES : s;
        if (p == CHART || s != shade || best != colour) {
            if (shade)
                fprintf(c->out,
                        "<rect x=\"%.0f\" y=\"%.0f\" width=\"%zu\" height=\"%d\" fill=\"%s\" "
                        "opacity=\"%.2f\"/>\n",
                        c->left + (double)begin, y, p - begin, c->row, trace_colour(colour),
                        (double)shade / SHADES);
            begin = p;
            shade = s;
            colour = best;
        }
    }
}

static void row(const struct chart *c, size_t w)
{
    const size_t n = c->x.codelets.n;
    const struct trace_worker *k = &c->x.workers[w];
    double y = row_y(c, w);
    fprintf(c->out, "<rect class=\"r\" x=\"%.0f\" y=\"%.0f\" width=\"%d\" height=\"%d\"/>", c->left,
            y, CHART, c->row);
    if (c->x.workers[0].rank != c->x.workers[c->x.nworkers - 1].rank &&
        (!w || k[-1].rank != k->rank))
        fprintf(c->out, "<text class=\"m\" x=\"16\" y=\"%.0f\">rank %d</text>",
                y + c->row / 2.0 + 4, (int)k->rank);
    fprintf(c->out, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">", c->left - 8,
            y + c->row / 2.0 + 4);
    trace_put_text(c->out, TEXT_XML, k->name);
    fputs("</text>\n", c->out);
    memset(c->cover, 0, CHART * n * sizeof *c->cover);
    for (size_t i = c->x.first[w]; i < c->x.first[w + 1]; i++) {
        const size_t record = c->x.order[i], codelet = c->x.codelets.of[record];
        const struct trace_record *r = &c->t->records[record];
        double from = px(c, r->start), to = px(c, r->end);
        if (to - from >= 1) {
            task(c, r, codelet, y);
            continue;
        }
        size_t p = from < 0 ? 0 : from < CHART - 1 ? (size_t)from : CHART - 1;
        c->cover[p * n + codelet] += r->end - r->start;
    }
    narrow(c, y);
}

/* returns the height it takes; with out NULL nothing is drawn */
static double legend(const struct chart *c, double y, FILE *out)
{
    double x = c->left, top = y;
    for (size_t i = 0; i < c->x.codelets.n; i++) {
        const char *name = c->x.codelets.v[i];
        double width = 132 + 7.0 * (double)strlen(name);
        if (x > c->left && x + width > c->left + CHART) {
            x = c->left;
            y += LEGEND;
        }
        if (out) {
            fprintf(out,
                    "<rect x=\"%.0f\" y=\"%.0f\" width=\"12\" height=\"12\" rx=\"2\" fill=\"%s\"/>"
                    "<text x=\"%.0f\" y=\"%.0f\">",
                    x, y, trace_colour(i), x + 18, y + 10.5);
            trace_put_text(out, TEXT_XML, name);
            fprintf(out, "<tspan class=\"m\" dx=\"6\">%zu", c->x.tasks[i]);
            put_time(out, ", ", c->x.seconds[i]);
            fputs("</tspan></text>\n", out);
        }
        x += width;
    }
    return y - top + LEGEND;
}

int trace_write_svg(const struct trace *t, FILE *out)
{
    struct chart c = { .t = t, .out = out };
    if (trace_index_make(&c.x, t) ||
        !(c.cover = malloc((CHART * c.x.codelets.n + 1) * sizeof *c.cover))) {
        trace_index_free(&c.x);
        return log_error(-ENOMEM, "no memory left for writing a trace");
    }
    size_t longest = 4;
    for (size_t w = 0; w < c.x.nworkers; w++)
        if (strlen(c.x.workers[w].name) > longest)
            longest = strlen(c.x.workers[w].name);
    bool ranks = c.x.nworkers && c.x.workers[0].rank != c.x.workers[c.x.nworkers - 1].rank;
    c.left = 28 + 7.0 * (double)longest + (ranks ? 56 : 0);
    c.scale = CHART / (c.x.end - c.x.begin);
    c.row = c.x.nworkers <= 24 ? 24 : 14;
    c.gap = c.x.nworkers <= 24 ? 4 : 2;
    double bottom = c.x.nworkers ? row_y(&c, c.x.nworkers - 1) + c.row : TOP;
    double width = c.left + CHART + RIGHT, height = bottom + 56 + legend(&c, 0, NULL) + 10;
    const struct trace_stats *s = &c.x.stats;

    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
            "height=\"%.0f\" role=\"img\">\n<title>",
            width, height, width, height);
    trace_put_text(out, TEXT_XML, *t->title ? t->title : "StarPinT");
    fprintf(out, "</title>\n%s<rect class=\"b\" width=\"100%%\" height=\"100%%\"/>\n", style);
    fputs("<text class=\"h\" x=\"16\" y=\"28\">", out);
    trace_put_text(out, TEXT_XML, *t->title ? t->title : "StarPinT");
    fprintf(out, "</text>\n<text class=\"m\" x=\"16\" y=\"50\">%zu tasks on %zu workers", s->tasks,
            s->workers);
    put_time(out, ", makespan ", s->makespan);
    fprintf(out, ", idle %.1f %%", 100 * s->idle_fraction);
    put_time(out, ", critical path ", s->critical_path);
    put_time(out, ", lower bound ", s->lower_bound);
    fputs("</text>\n", out);
    axis(&c, bottom);
    for (size_t w = 0; w < c.x.nworkers; w++)
        row(&c, w);
    legend(&c, bottom + 52, out);
    fputs("</svg>\n", out);
    free(c.cover);
    trace_index_free(&c.x);
    return fflush(out) || ferror(out) ? log_error(-EIO, "cannot write a trace") : 0;
}
