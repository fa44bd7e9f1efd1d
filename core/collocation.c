// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Collocation methods by name, and what errors say. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/collocation_private.h"

const char *const collocation_nodes_names[] = { "EQUID",   "LEGENDRE", "CHEBY-1", "CHEBY-2",
                                                "CHEBY-3", "CHEBY-4",  NULL };
const char *const collocation_quadrature_names[] = { "GAUSS", "RADAU-LEFT", "RADAU-RIGHT",
                                                     "LOBATTO", NULL };

enum { NAME = 32 };

/* without case and signs; longer names match nothing */
static void plain(char text[NAME], const char *name)
{
    int n = 0;

    for (; *name && n < NAME - 1; name++)
        if (*name != '-' && *name != '_')
            text[n++] = (char)tolower((unsigned char)*name);
    text[*name ? 0 : n] = '\0';
}

bool collocation_same_name(const char *a, const char *b)
{
    char p[NAME], q[NAME];

    plain(p, a);
    plain(q, b);
    return *p && !strcmp(p, q);
}

static int find(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++)
        if (collocation_same_name(names[i], name))
            return i;
    return -1;
}

static int find_nodes(const char *name)
{
    static const char *const equid[] = { "equidistant", NULL };
    char text[NAME];

    if (find(equid, name) == 0)
        return NODES_EQUID;
    plain(text, name);
    if (!strncmp(text, "chebyshev", 9)) /* chebyshev-1 is cheby-1 */
        memmove(text + 5, text + 9, strlen(text + 9) + 1);
    return find(collocation_nodes_names, text);
}

static bool has_left(int quadrature)
{
    return quadrature == QUADRATURE_RADAU_LEFT || quadrature == QUADRATURE_LOBATTO;
}

static int order(enum collocation_nodes nodes, enum collocation_quadrature quadrature, int M)
{
    const bool symmetric = (quadrature == QUADRATURE_GAUSS || quadrature == QUADRATURE_LOBATTO) &&
                           nodes != NODES_CHEBY_3 && nodes != NODES_CHEBY_4;

    if (nodes == NODES_LEGENDRE)
        return 2 * M - (quadrature == QUADRATURE_LOBATTO) - (quadrature != QUADRATURE_GAUSS);
    return M + (symmetric && M % 2);
}

static struct collocation *allocate(int M)
{
    const size_t m = (size_t)M;
    struct collocation *c = malloc(sizeof *c + (2 * m + 2 * m * m) * sizeof(double));

    if (!c)
        return NULL;
    c->M = M;
    c->tau = (double *)(c + 1);
    c->weights = c->tau + m;
    c->Q = c->weights + m;
    c->S = c->Q + m * m;
    return c;
}

int collocation_create(struct collocation **c, const char *nodes, const char *quadrature, int M)
{
    const int type = find_nodes(nodes), ends = find(collocation_quadrature_names, quadrature);
    real tau[COLLOCATION_MAX], weights[COLLOCATION_MAX];
    struct matrix Q;

    *c = NULL;
    if (type < 0)
        return COLLOCATION_NODES;
    if (ends < 0)
        return COLLOCATION_QUADRATURE;
    if (M < 1 + has_left(ends) || M > COLLOCATION_MAX)
        return COLLOCATION_COUNT;
    if (!(*c = allocate(M)))
        return -ENOMEM;
    (*c)->nodes = (enum collocation_nodes)type;
    (*c)->quadrature = (enum collocation_quadrature)ends;
    (*c)->order = order((*c)->nodes, (*c)->quadrature, M);
    collocation_compute((*c)->nodes, (*c)->quadrature, M, tau, &Q, weights);
    for (int m = 0; m < M; m++) {
        (*c)->tau[m] = (double)tau[m];
        (*c)->weights[m] = (double)weights[m];
        for (int j = 0; j < M; j++) {
            (*c)->Q[m * M + j] = (double)Q.v[m][j];
            (*c)->S[m * M + j] = (double)(Q.v[m][j] - (m ? Q.v[m - 1][j] : 0));
        }
    }
    (*c)->includes_left = (*c)->tau[0] == 0;
    (*c)->includes_right = (*c)->tau[M - 1] == 1;
    return 0;
}

void collocation_destroy(struct collocation **c)
{
    free(*c);
    *c = NULL;
}

/* ---- errors ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME];

    for (size_t j = 0; j <= strlen(b); j++)
        row[j] = j;
    for (size_t i = 1; i <= strlen(a); i++) {
        size_t corner = row[0]++;
        for (size_t j = 1; j <= strlen(b); j++) {
            const size_t above = row[j];
            row[j] = least(corner + (a[i - 1] != b[j - 1]), least(above, row[j - 1]) + 1);
            corner = above;
        }
    }
    return row[strlen(b)];
}

static const char *nearest(const char *const *names, const char *name)
{
    const char *best = NULL;
    char p[NAME], q[NAME];
    size_t least_changes = 4;

    plain(p, name);
    for (; *p && *names; names++) {
        plain(q, *names);
        const size_t changes = distance(p, q);
        if (changes < least_changes && changes < strlen(q)) {
            least_changes = changes;
            best = *names;
        }
    }
    return best;
}

void collocation_add(char text[COLLOCATION_TEXT], const char *format, ...)
{
    const size_t n = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + n, COLLOCATION_TEXT - n, format, arguments);
    va_end(arguments);
}

static void unknown(char text[COLLOCATION_TEXT], const char *what, const char *name,
                    const char *const *names)
{
    const char *near = nearest(names, name);

    collocation_add(text, "unknown %s '%.60s'", what, name);
    if (near)
        collocation_add(text, ", did you mean '%s'?", near);
    for (int i = 0; names[i]; i++)
        collocation_add(text, "%s%s", i ? ", " : " (known: ", names[i]);
    collocation_add(text, ")");
}

const char *collocation_explain(char text[COLLOCATION_TEXT], int error, const char *nodes,
                                const char *quadrature, int M, const char *qdelta)
{
    const int ends = find(collocation_quadrature_names, quadrature ? quadrature : "");

    nodes = nodes ? nodes : "these";
    quadrature = quadrature ? quadrature : "";
    qdelta = qdelta ? qdelta : "QDelta";
    *text = '\0';
    switch (error) {
    case 0:
        collocation_add(text, "no error");
        break;
    case COLLOCATION_NODES:
        unknown(text, "node type", nodes, collocation_nodes_names);
        break;
    case COLLOCATION_QUADRATURE:
        unknown(text, "quadrature", quadrature, collocation_quadrature_names);
        break;
    case COLLOCATION_COUNT:
        collocation_add(text, "%d nodes: %s quadrature takes %d to %d", M, quadrature,
                        1 + has_left(ends), COLLOCATION_MAX);
        break;
    case QDELTA_NAME:
        unknown(text, "preconditioner", qdelta, qdelta_names);
        break;
    case QDELTA_SWEEP:
        collocation_add(text, "sweeps count from 1");
        break;
    case QDELTA_NO_TABLE:
    case QDELTA_NO_ROW:
        collocation_add(text, "%s has no coefficients for %d %s %s nodes", qdelta, M, nodes,
                        quadrature);
        qdelta_add_tables(text, qdelta);
        break;
    case QDELTA_SINGULAR:
        collocation_add(text, "%s for %d %s %s nodes: a matrix to divide by is singular", qdelta, M,
                        nodes, quadrature);
        break;
    case QDELTA_NO_CONVERGENCE:
        collocation_add(text,
                        "%s for %d %s %s nodes: the iteration that defines it does not converge",
                        qdelta, M, nodes, quadrature);
        break;
    case COLLOCATION_NO_LAST_NODE:
        collocation_add(
            text,
            "the last of %s %s nodes is not the end of the step: ask for the quadrature "
            "update, or take RADAU-RIGHT or LOBATTO nodes",
            nodes, quadrature);
        break;
    default:
        collocation_add(text, "%s", strerror(error < 0 ? -error : error));
    }
    return text;
}
