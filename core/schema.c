// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Schemas: binding a tree to C structs, the error lines, and the documentation made of the same
 * tables. */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/node.h"

enum { TEXT = 4096, GOT = 80, NAME = 64 };

/* ---- error lines ---- */

/* appends; what does not fit is left out */
static void __attribute__((format(printf, 2, 3)))
add(char text[static TEXT], const char *format, ...)
{
    size_t n = strlen(text);
    va_list args;

    va_start(args, format);
    vsnprintf(text + n, TEXT - n, format, args);
    va_end(args);
}

static void add_path(char text[static TEXT], const struct node *n)
{
    if (!n || !n->key)
        return;
    add_path(text, n->parent);
    add(text, "%s%s", *text ? "." : "", n->key);
}

static int error_line(const struct node *at, const char *format, va_list args)
{
    char *message, path[TEXT] = "", line[24] = "";

    if (vasprintf(&message, format, args) < 0)
        return log_error(-EINVAL, "%s", format);
    if (!at) {
        log_error(-EINVAL, "%s", message);
    } else {
        add_path(path, at);
        if (at->line > 0)
            snprintf(line, sizeof line, ":%d", at->line);
        log_line("%s%s: %s%s%s", at->file, line, path, *path ? ": " : "", message);
    }
    free(message);
    return -EINVAL;
}

int config_error(const struct node *at, const char *format, ...)
{
    va_list args;
    int err;

    va_start(args, format);
    err = error_line(at, format, args);
    va_end(args);
    return err;
}

int config_key_error(const struct node *map, const char *key, const char *format, ...)
{
    const struct node *child = config_child(map, key);
    struct node missing = { .parent = (struct node *)map, .key = key };
    va_list args;
    int err;

    if (map) {
        missing.file = map->file;
        missing.line = map->line;
    }
    va_start(args, format);
    err = error_line(child ? child : map ? &missing : NULL, format, args);
    va_end(args);
    return err;
}

/* ", did you mean 'NEAREST'? (known: a, b)" */
static const char *suggestion(char text[static TEXT], const char *name, const char *const *known)
{
    const char *nearest = config_nearest(name, known);

    *text = '\0';
    if (nearest)
        add(text, ", did you mean '%s'?", nearest);
    for (size_t i = 0; known[i]; i++)
        add(text, "%s%s%s", i ? ", " : " (known: ", known[i], known[i + 1] ? "" : ")");
    return text;
}

int config_unknown(const struct node *at, const char *what, const char *name,
                   const char *const *known)
{
    char text[TEXT];

    return config_error(at, "unknown %s '%.60s'%s", what, name, suggestion(text, name, known));
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* optimal string alignment: insertions, deletions, substitutions and swaps of neighbours */
static size_t distance(const char *a, const char *b)
{
    size_t d[NAME + 1][NAME + 1], n = strlen(a), m = strlen(b);

    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j <= m; j++) {
            if (!i || !j) {
                d[i][j] = i + j;
                continue;
            }
            d[i][j] = d[i - 1][j - 1] +
                      (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
            d[i][j] = least(d[i][j], least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 &&
                tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 2]) &&
                tolower((unsigned char)a[i - 2]) == tolower((unsigned char)b[j - 1]))
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[n][m];
}

const char *config_nearest(const char *name, const char *const *known)
{
    const char *nearest = NULL;
    size_t n = strlen(name), best = (n / 3 > 2 ? n / 3 : 2) + 1;

    if (n > NAME)
        return NULL;
    for (; *known; known++) {
        size_t m = strlen(*known), d = m > NAME ? best : distance(name, *known);

        if (d < best && d < (n > m ? n : m)) { /* something of it must be right */
            best = d;
            nearest = *known;
        }
    }
    return nearest;
}

/* ---- values ---- */

/* the whole text as a number, whatever the locale; .inf is YAML's spelling */
static bool parse_real(const char *text, double *v)
{
    const char *s = text + (*text == '-' || *text == '+');
    locale_t c;
    char *end;

    if (!strcmp(s, ".inf")) {
        *v = *text == '-' ? -INFINITY : INFINITY;
        return true;
    }
    if (!isalnum((unsigned char)*s) && *s != '.')
        return false;
    c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    errno = 0;
    *v = strtod_l(text, &end, c);
    freelocale(c);
    return end != text && !*end && !isnan(*v) && !(errno == ERANGE && (isinf(*v) || *v == 0));
}

/* 16, and 1e3 or 2.0 while doubles are exact */
static bool parse_int(const char *text, long *v)
{
    double real;
    char *end;

    errno = 0;
    *v = strtol(text, &end, 10);
    if (end != text && !*end && !isspace((unsigned char)*text))
        return errno != ERANGE;
    if (!parse_real(text, &real) || fabs(real) > 0x1p53 || real != rint(real))
        return false;
    *v = (long)real;
    return true;
}

/* The bounds of p; unbounded ends are infinite. */
static void bounds(const struct param *p, double *min, double *max)
{
    bool neither = p->min == 0 && p->max == 0;

    *min = neither && !p->open_min ? -INFINITY : p->min;
    *max = (neither && !p->open_max) || p->max < p->min ? INFINITY : p->max;
    if (p->type == P_INT_AUTO && *min < 0) /* -1 is taken */
        *min = 0;
}

static bool in_range(const struct param *p, double v)
{
    double min, max;

    bounds(p, &min, &max);
    return (p->open_min ? v > min : v >= min) && (p->open_max ? v < max : v <= max);
}

/* "(-1, 1)", "> 0", "<= 5" or "" */
static const char *range_text(const struct param *p, char text[static GOT])
{
    double min, max;
    bool below, above;

    bounds(p, &min, &max);
    below = isfinite(min) || p->open_min;
    above = isfinite(max) || p->open_max;
    *text = '\0';
    if (below && above)
        snprintf(text, GOT, "%c%.15g, %.15g%c", p->open_min ? '(' : '[', min, max,
                 p->open_max ? ')' : ']');
    else if (below)
        snprintf(text, GOT, "%s %.15g", p->open_min ? ">" : ">=", min);
    else if (above)
        snprintf(text, GOT, "%s %.15g", p->open_max ? "<" : "<=", max);
    return text;
}

static const char *got(const struct node *n, char text[static GOT])
{
    double v;

    if (n->kind == NODE_MAP)
        return "a map";
    if (n->kind == NODE_LIST)
        return n->count ? "a list" : "an empty list";
    if (node_is_null(n))
        return "nothing";
    if (parse_real(n->value, &v))
        snprintf(text, GOT, "%.60s", n->value);
    else
        snprintf(text, GOT, "'%.60s%s'", n->value, strlen(n->value) > 60 ? "..." : "");
    return text;
}

static int expected(const struct node *n, const char *what)
{
    char text[GOT];

    return config_error(n, "expected %s, got %s", what, got(n, text));
}

static int expected_number(const struct node *n, const struct param *p, const char *what)
{
    char range[GOT], text[GOT];

    range_text(p, range);
    return config_error(n, "expected %s%s%s%s, got %s", what,
                        !*range                          ? ""
                        : *range == '(' || *range == '[' ? " in "
                                                         : " ",
                        range, p->type == P_INT_AUTO ? " or 'auto'" : "", got(n, text));
}

static int bind_int(const struct node *n, const struct param *p, const char *what, long *v)
{
    if (n->kind == NODE_SCALAR && parse_int(n->value, v) && in_range(p, (double)*v))
        return 0;
    return expected_number(n, p, what);
}

static int bind_real(const struct node *n, const struct param *p, const char *what, double *v)
{
    if (n->kind == NODE_SCALAR && parse_real(n->value, v) && in_range(p, *v))
        return 0;
    return expected_number(n, p, what);
}

/* the i-th entry of a list; a value stands for a list of one */
static const struct node *item(const struct node *n, size_t i)
{
    return n->kind == NODE_LIST ? n->child[i] : n;
}

static size_t items(const struct node *n)
{
    return n->kind == NODE_LIST ? n->count : 1;
}

static int bind_ints(const struct node *n, const struct param *p, struct ints *out)
{
    const char *what = n->kind == NODE_LIST ? "an integer" : "an integer or a list of integers";
    int err = 0;

    out->n = items(n);
    out->v = node_alloc(n->config, out->n * sizeof *out->v);
    for (size_t i = 0; i < out->n && !err; i++)
        err = bind_int(item(n, i), p, what, &out->v[i]);
    return err;
}

static int bind_reals(const struct node *n, const struct param *p, struct reals *out)
{
    const char *what = n->kind == NODE_LIST ? "a number" : "a number or a list of numbers";
    int err = 0;

    out->n = items(n);
    out->v = node_alloc(n->config, out->n * sizeof *out->v);
    for (size_t i = 0; i < out->n && !err; i++)
        err = bind_real(item(n, i), p, what, &out->v[i]);
    return err;
}

/* a number or [re, im] */
static int bind_complex(const struct node *n, const struct param *p, double v[2])
{
    const char *what = "a number or [re, im]";
    int err;

    v[1] = 0;
    if (n->kind != NODE_LIST)
        return bind_real(n, p, what, v);
    if (n->count != 2)
        return config_error(n, "expected [re, im], got a list of %zu", n->count);
    err = bind_real(n->child[0], p, "a number", &v[0]);
    return err ? err : bind_real(n->child[1], p, "a number", &v[1]);
}

static int bind_complexes(const struct node *n, const struct param *p, struct complexes *out)
{
    bool single = n->kind != NODE_LIST, nested = false;
    int err = 0;

    for (size_t i = 0; i < n->count; i++)
        nested = nested || n->child[i]->kind == NODE_LIST;
    if (n->kind == NODE_LIST && n->count > 1 &&
        !nested) { /* [re, im] itself, not two real numbers */
        if (n->count != 2)
            return config_error(n, "expected [re, im] or a list of such, got %zu numbers",
                                n->count);
        single = true;
    }
    out->n = single ? 1 : n->count;
    out->v = node_alloc(n->config, 2 * out->n * sizeof *out->v);
    for (size_t i = 0; i < out->n && !err; i++)
        err = bind_complex(single ? n : n->child[i], p, &out->v[2 * i]);
    return err;
}

static int bind_nodes(const struct node *n, struct nodes *out)
{
    if (n->kind != NODE_LIST)
        return expected(n, "a list of maps");
    for (size_t i = 0; i < n->count; i++)
        if (n->child[i]->kind != NODE_MAP)
            return expected(n->child[i], "a map");
    out->n = n->count;
    out->v = node_alloc(n->config, out->n * sizeof *out->v);
    for (size_t i = 0; i < out->n; i++)
        out->v[i] = n->child[i];
    return 0;
}

static int bind_strings(const struct node *n, struct strings *out)
{
    if (n->kind == NODE_MAP || (n->kind == NODE_LIST && !n->count) || node_is_null(n))
        return expected(n, "a string or a list of strings");
    out->n = items(n);
    out->v = node_alloc(n->config, out->n * sizeof *out->v);
    for (size_t i = 0; i < out->n; i++) {
        if (item(n, i)->kind != NODE_SCALAR || node_is_null(item(n, i)))
            return expected(item(n, i), "a string");
        out->v[i] = item(n, i)->value;
    }
    return 0;
}

static int bind_choice(const struct node *n, const struct param *p, const char **out)
{
    if (n->kind != NODE_SCALAR || node_is_null(n))
        return expected(n, "a name");
    for (size_t i = 0; p->choices[i]; i++)
        if (!strcmp(n->value, p->choices[i])) {
            *out = p->choices[i];
            return 0;
        }
    return config_unknown(n, p->key, n->value, p->choices);
}

static int bind_value(struct node *n, const struct param *p, void *field)
{
    bool scalar = n->kind == NODE_SCALAR && !node_is_null(n);

    if (n->kind == NODE_LIST && !n->count && p->type >= P_INTS && p->type <= P_COMPLEXES &&
        !(p->def && (!*p->def || !strcmp(p->def, "[]"))))
        return expected(n, "a number or a list of numbers");
    switch (p->type) {
    case P_INT_AUTO:
        if (scalar && !strcmp(n->value, "auto")) {
            *(long *)field = -1;
            return 0;
        }
        return bind_int(n, p, "an integer", field);
    case P_INT:
        return bind_int(n, p, "an integer", field);
    case P_REAL:
        return bind_real(n, p, "a number", field);
    case P_BOOL:
        if (!scalar || (strcmp(n->value, "true") && strcmp(n->value, "false")))
            return expected(n, "true or false");
        *(bool *)field = *n->value == 't';
        return 0;
    case P_STRING:
        if (!scalar)
            return expected(n, "a string");
        *(const char **)field = n->value;
        return 0;
    case P_CHOICE:
        return bind_choice(n, p, field);
    case P_INTS:
        return bind_ints(n, p, field);
    case P_REALS:
        return bind_reals(n, p, field);
    case P_COMPLEXES:
        return bind_complexes(n, p, field);
    case P_MAP:
        return config_bind(n, p->sub, NULL, field);
    case P_NODE:
        *(struct node **)field = n;
        return n->kind == NODE_MAP ? 0 : expected(n, "a map");
    case P_NODES:
        return bind_nodes(n, field);
    case P_STRINGS:
        return bind_strings(n, field);
    }
    return -EINVAL;
}

/* an optional key without default that is not there */
static void bind_absent(const struct param *p, void *field)
{
    if (p->type == P_STRING || p->type == P_CHOICE)
        *(const char **)field = NULL;
    else if (p->type == P_NODE)
        *(struct node **)field = NULL;
    else if (p->type == P_INTS)
        *(struct ints *)field = (struct ints){ 0 };
    else if (p->type == P_REALS)
        *(struct reals *)field = (struct reals){ 0 };
    else if (p->type == P_COMPLEXES)
        *(struct complexes *)field = (struct complexes){ 0 };
    else if (p->type == P_NODES)
        *(struct nodes *)field = (struct nodes){ 0 };
    else if (p->type == P_STRINGS)
        *(struct strings *)field = (struct strings){ 0 };
}

static bool is_listed(const char *key, const char *const *list)
{
    while (list && *list && strcmp(key, *list))
        list++;
    return list && *list;
}

static int check_keys(const struct node *map, const struct schema *s, const char *const *also)
{
    size_t n = 0, k = 0;
    const char **known;
    int err = 0;

    while (s->params[n].key)
        n++;
    while (also && also[k])
        k++;
    known = node_alloc(map->config, (n + k + 1) * sizeof *known);
    for (size_t i = 0; i < k; i++)
        known[i] = also[i];
    for (size_t i = 0; i < n; i++)
        known[k + i] = s->params[i].key;
    for (size_t i = 0; i < map->count && !err; i++) {
        const char *key = map->child[i]->key;
        char text[TEXT];

        if (!is_listed(key, known))
            err = config_error(map->child[i], "unknown key%s", suggestion(text, key, known));
    }
    return err;
}

int config_bind(const struct node *map, const struct schema *s, const char *const *also, void *out)
{
    struct node *tree =
        (struct node *)map; /* the tree is the config's, and defaults are part of it */
    int err;

    if (node_is_null(tree))
        tree->kind = NODE_MAP;
    if (tree->kind != NODE_MAP)
        return expected(tree, "a map");
    err = check_keys(tree, s, also);
    for (const struct param *p = s->params; p->key && !err; p++) {
        void *field = (char *)out + p->offset;
        struct node *n = config_child(tree, p->key);
        bool optional = p->def && !*p->def && p->type != P_MAP;

        if (optional && (!n || node_is_null(n))) {
            bind_absent(p, field);
            continue;
        }
        if (!n && p->type != P_MAP && !p->def)
            return config_error(tree, "expected key '%s'", p->key);
        if (!n)
            err = config_node_set(tree, p->key, p->def && *p->def ? p->def : "{}");
        if (!err)
            err = bind_value(config_child(tree, p->key), p, field);
    }
    return err;
}

/* ---- documentation ---- */

static void print_cell(FILE *out, const char *text)
{
    for (; text && *text; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void print_rows(const struct schema *s, const char *prefix, FILE *out)
{
    static const char *const types[] = {
        [P_INT] = "integer",   [P_REAL] = "number",      [P_BOOL] = "true, false",
        [P_STRING] = "string", [P_CHOICE] = "name",      [P_INT_AUTO] = "integer or auto",
        [P_INTS] = "integers", [P_REALS] = "numbers",    [P_COMPLEXES] = "complex numbers",
        [P_MAP] = "map",       [P_NODE] = "map by name", [P_NODES] = "list of maps",
        [P_STRINGS] = "strings",
    };
    char text[256];

    for (const struct param *p = s->params; p->key; p++) {
        fprintf(out, "| `%s%s` | %s | ", prefix, p->key, types[p->type]);
        if (!p->def && p->type != P_MAP) {
            fputs("required", out);
        } else if (p->def && *p->def) {
            fputc('`', out);
            print_cell(out, p->def);
            fputc('`', out);
        }
        fputs(" | ", out);
        for (size_t i = 0; p->type == P_CHOICE && p->choices[i]; i++)
            fprintf(out, "%s`%s`", i ? ", " : "", p->choices[i]);
        print_cell(out, range_text(p, text));
        fputs(" | ", out);
        print_cell(out, p->unit);
        fputs(" | ", out);
        print_cell(out, p->help);
        fputs(" |\n", out);
    }
    for (const struct param *p = s->params; p->key; p++)
        if (p->type == P_MAP) {
            snprintf(text, sizeof text, "%s%s.", prefix, p->key);
            print_rows(p->sub, text, out);
        }
}

void schema_document(const struct schema *s, FILE *out)
{
    fputs("| Key | Type | Default | Range | Unit | Meaning |\n|---|---|---|---|---|---|\n", out);
    print_rows(s, "", out);
}
