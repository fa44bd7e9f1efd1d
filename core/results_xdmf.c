// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* result.xmf: one rectilinear grid per snapshot in a temporal collection. Dimensions are slowest
 * first (K J I), so our last axis is X there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "core/results_format.h"

enum { SHAPE = 128 };

struct xdmf {
    FILE *o;
    const struct result *r;
    const char *data; /* name of the file with the numbers */
    size_t base;      /* of the first array in it if raw, else 0 */
};

static void text(FILE *o, const char *s)
{
    for (; *s; s++) {
        const char *escape = *s == '<' ? "&lt;" : *s == '&' ? "&amp;" : *s == '"' ? "&quot;" : NULL;
        if (escape)
            fputs(escape, o);
        else
            fputc((unsigned char)*s < ' ' ? ' ' : *s, o);
    }
}

/* "1 8 5": three numbers, slowest first */
static const char *shape(const struct grid *g, char buffer[SHAPE])
{
    const size_t *n = g->shape;
    snprintf(buffer, SHAPE, "%zu %zu %zu", g->dims > 2 ? n[0] : 1, g->dims > 1 ? n[g->dims - 2] : 1,
             n[g->dims - 1]);
    return buffer;
}

/* numbers of the data file; if raw, `words` of them lie before these */
static void heavy(const struct xdmf *x, const char *dims, size_t words, const char *group,
                  const char *name)
{
    char link[RESULT_NAME];
    fprintf(x->o, "<DataItem Dimensions=\"%s\" NumberType=\"Float\" Precision=\"8\" ", dims);
    if (x->base) {
        fprintf(x->o, "Format=\"Binary\" Endian=\"%s\" Seek=\"%zu\">%s",
                __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "Little" : "Big", x->base + 8 * words,
                x->data);
    } else {
        fprintf(x->o, "Format=\"HDF\">%s:/%s/", x->data, group);
        text(x->o, result_link(name, link));
    }
    fputs("</DataItem>\n", x->o);
}

/* Component c in snapshot s; p = 1: its imaginary part. A hyperslab only where it must be: the
 * newer of ParaView's two readers has none. */
static void state(const struct xdmf *x, int set, int c, size_t s, int p)
{
    const struct grid *g = x->r->g;
    const size_t count = x->r->count;
    char buffer[RESULT_NAME], dims[SHAPE];
    const char *name = result_component(g, c, buffer);
    size_t words =
        count + ((size_t)set * (size_t)g->components + (size_t)c) * count * result_block(g);
    for (int a = 0; a < g->dims; a++)
        words += g->shape[a];
    if (!g->is_complex && (x->base || count == 1)) {
        heavy(x, shape(g, dims), words + s * result_block(g), result_sets[set], name);
        return;
    }
    const int rank = 1 + g->dims + g->is_complex;
    fprintf(x->o, "<DataItem ItemType=\"HyperSlab\" Dimensions=\"%s\">\n", shape(g, dims));
    fprintf(x->o, "<DataItem Dimensions=\"3 %d\" NumberType=\"Int\" Format=\"XML\">%zu", rank, s);
    for (int a = 1; a < rank; a++)
        fprintf(x->o, " %d", a > g->dims ? p : 0);
    for (int a = 0; a < rank; a++)
        fputs(" 1", x->o);
    fputs(" 1", x->o);
    for (int a = 0; a < g->dims; a++)
        fprintf(x->o, " %zu", g->shape[a]);
    fputs(g->is_complex ? " 1</DataItem>\n" : "</DataItem>\n", x->o);
    int n = snprintf(dims, sizeof dims, "%zu", count);
    for (int a = 0; a < g->dims; a++)
        n += snprintf(dims + n, sizeof dims - (size_t)n, " %zu", g->shape[a]);
    if (g->is_complex)
        snprintf(dims + n, sizeof dims - (size_t)n, " 2");
    heavy(x, dims, words, result_sets[set], name);
    fputs("</DataItem>\n", x->o);
}

/* what: a set, or SETS for the difference of the two */
static void attribute(const struct xdmf *x, int c, size_t s, int p, int what)
{
    static const char *const suffix[] = { "", "_reference", "_difference" };
    char buffer[RESULT_NAME], dims[SHAPE];
    fputs("<Attribute Name=\"", x->o);
    text(x->o, result_component(x->r->g, c, buffer));
    fprintf(x->o, "%s%s\" AttributeType=\"Scalar\" Center=\"Node\">\n",
            x->r->g->is_complex ? (p ? "_im" : "_re") : "", suffix[what]);
    if (what == SETS) {
        fprintf(x->o, "<DataItem ItemType=\"Function\" Function=\"$0 - $1\" Dimensions=\"%s\">\n",
                shape(x->r->g, dims));
        state(x, FIELDS, c, s, p);
        state(x, REFERENCE, c, s, p);
        fputs("</DataItem>\n", x->o);
    } else {
        state(x, what, c, s, p);
    }
    fputs("</Attribute>\n", x->o);
}

static void snapshot(const struct xdmf *x, size_t s)
{
    const struct grid *g = x->r->g;
    char dims[SHAPE];
    fprintf(x->o, "<Grid Name=\"%zu\" GridType=\"Uniform\">\n<Time Value=\"%.17g\"/>\n", s,
            x->r->s[s].time);
    fprintf(x->o,
            "<Topology TopologyType=\"3DRectMesh\" Dimensions=\"%s\"/>\n"
            "<Geometry GeometryType=\"VXVYVZ\">\n",
            shape(g, dims));
    for (int a = g->dims - 1; a >= 0; a--) {
        size_t words = 0;
        for (int b = 0; b < a; b++)
            words += g->shape[b];
        snprintf(dims, sizeof dims, "%zu", g->shape[a]);
        heavy(x, dims, words, "grid", result_axis(g, a));
    }
    for (int a = g->dims; a < GRID_MAX_DIMS; a++)
        fputs("<DataItem Dimensions=\"1\" NumberType=\"Float\" Precision=\"8\" Format=\"XML\">0"
              "</DataItem>\n",
              x->o);
    fputs("</Geometry>\n", x->o);
    for (int c = 0; c < g->components; c++)
        for (int p = 0; p < (g->is_complex ? 2 : 1); p++)
            for (int what = 0; what < (x->r->reference ? SETS + 1 : 1); what++)
                attribute(x, c, s, p, what);
    fputs("</Grid>\n", x->o);
}

int xdmf_write(const char *path, const char *shown, const struct result *r, const char *data,
               size_t base)
{
    const struct xdmf x = { fopen(path, "w"), r, data, base };
    if (!x.o)
        return log_error(-errno, "%s: %s", shown, strerror(errno));
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Xdmf Version=\"3.0\">\n<Domain>\n<Grid "
          "Name=\"",
          x.o);
    text(x.o, r->problem);
    fputs("\" GridType=\"Collection\" CollectionType=\"Temporal\">\n", x.o);
    for (size_t s = 0; s < r->count; s++)
        snapshot(&x, s);
    fputs("</Grid>\n</Domain>\n</Xdmf>\n", x.o);
    errno = 0;
    const bool bad = ferror(x.o);
    if (fclose(x.o) || bad)
        return log_error(errno ? -errno : -EIO, "%s: cannot be written: %s", shown,
                         strerror(errno ? errno : EIO));
    return 0;
}
