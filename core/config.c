// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The tree of a configuration: read by libyaml, changed by --set, written back. */
#include "core/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "core/log.h"
#include "core/node.h"

enum {
    MAX_DEPTH = 64,
    MAX_NODES = 1 << 20, /* aliases of aliases multiply */
    MAX_BYTES = 64 << 20,
    FLOW_COLUMNS = 100
};

static const char too_deep[] = "expected at most 64 levels of nesting";

struct block {
    struct block *next;
    max_align_t data[];
};

struct config {
    struct block *blocks;
    struct node *root;
    size_t nodes;
};

void *node_alloc(struct config *c, size_t bytes)
{
    struct block *b = calloc(1, sizeof *b + bytes);

    if (!b) {
        log_error(-ENOMEM, "out of memory in the configuration");
        abort();
    }
    b->next = c->blocks;
    c->blocks = b;
    return b->data;
}

static char *copy_text(struct config *c, const char *text)
{
    return strcpy(node_alloc(c, strlen(text) + 1), text);
}

static struct node *new_node(struct config *c, struct node *parent, const char *key,
                             const char *file, int line)
{
    struct node *n = node_alloc(c, sizeof *n);

    *n = (struct node){ .config = c, .file = file, .line = line, .parent = parent, .key = key };
    n->value = "";
    c->nodes++;
    return n;
}

struct node *node_new(struct node *parent, const char *key, const char *file, int line)
{
    return new_node(parent->config, parent, key, file, line);
}

static void append(struct node *parent, struct node *child)
{
    if (parent->count == parent->capacity) {
        size_t capacity = parent->capacity ? 2 * parent->capacity : 4;
        struct node **grown = node_alloc(parent->config, capacity * sizeof *grown);

        if (parent->count)
            memcpy(grown, parent->child, parent->count * sizeof *grown);
        parent->child = grown;
        parent->capacity = capacity;
    }
    parent->child[parent->count++] = child;
}

static size_t find(const struct node *parent, const char *key)
{
    size_t i = 0;

    while (i < parent->count && strcmp(parent->child[i]->key, key))
        i++;
    return i;
}

void node_put(struct node *parent, struct node *child)
{
    size_t i = find(parent, child->key);

    if (i < parent->count)
        parent->child[i] = child;
    else
        append(parent, child);
}

bool node_is_null(const struct node *n)
{
    return n->kind == NODE_SCALAR && !n->quoted &&
           (!*n->value || !strcmp(n->value, "~") || !strcmp(n->value, "null"));
}

struct node *config_child(const struct node *map, const char *key)
{
    size_t i = map ? find(map, key) : 0;

    return map && i < map->count ? map->child[i] : NULL;
}

const char *config_text(const struct node *map, const char *key)
{
    const struct node *n = map ? config_child(map, key) : NULL;

    return n && n->kind == NODE_SCALAR && !node_is_null(n) ? n->value : NULL;
}

const char *config_name(const struct node *map)
{
    return config_text(map, "name");
}

struct node *config_root(struct config *c)
{
    return c->root;
}

const struct node *config_top(const struct node *n)
{
    return n->config->root;
}

void config_destroy(struct config **c)
{
    if (!*c)
        return;
    for (struct block *b = (*c)->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(*c);
    *c = NULL;
}

/* One text on its way into the tree. */
struct load {
    struct config *c;
    const char *file, *text;
    size_t length;
    int line; /* of every node in it; -1: as libyaml counts */
    yaml_document_t doc;
};

static int line_of(const struct load *l, yaml_mark_t mark)
{
    return l->line >= 0 ? l->line : (int)mark.line + 1;
}

static int load_error(const struct load *l, int line, const char *message)
{
    const struct node at = { .file = l->file, .line = line };

    return config_error(&at, "%s", message);
}

static int parser_error(const struct load *l, const yaml_parser_t *p)
{
    struct node at = { .file = l->file, .line = line_of(l, p->problem_mark) };

    if (!p->problem)
        return log_error(-ENOMEM, "out of memory in the configuration");
    if (p->error == YAML_READER_ERROR && l->line < 0) { /* has an offset but no mark */
        at.line = 1;
        for (size_t i = 0; i < p->problem_offset && i < l->length; i++)
            at.line += l->text[i] == '\n';
    }
    if (p->error == YAML_READER_ERROR || !p->context || l->line >= 0)
        return config_error(&at, "%s", p->problem);
    return config_error(&at, "%s (%s from line %zu)", p->problem, p->context,
                        p->context_mark.line + 1);
}

static bool known_tag(const yaml_node_t *y)
{
    static const char standard[] = "tag:yaml.org,2002:";

    return !y->tag || !strncmp((const char *)y->tag, standard, strlen(standard));
}

static struct node *build(struct load *l, int id, struct node *parent, const char *key, int line,
                          int depth);

static int build_pair(struct load *l, const yaml_node_pair_t *pair, struct node *map, int depth)
{
    const yaml_node_t *k = yaml_document_get_node(&l->doc, pair->key);
    int line = line_of(l, k->start_mark);
    const char *key;
    struct node *child;

    if (k->type != YAML_SCALAR_NODE ||
        strlen((char *)k->data.scalar.value) != k->data.scalar.length)
        return load_error(l, line, "expected a name as key");
    key = (char *)k->data.scalar.value;
    child = config_child(map, key);
    if (child)
        return config_error(
            &(struct node){ .file = l->file, .line = line, .parent = map, .key = key },
            "the key is given twice, first on line %d", child->line);
    child = build(l, pair->value, map, copy_text(l->c, key), line, depth + 1);
    if (!child)
        return -EINVAL;
    append(map, child);
    return 0;
}

static struct node *build(struct load *l, int id, struct node *parent, const char *key, int line,
                          int depth)
{
    yaml_node_t *y = yaml_document_get_node(&l->doc, id);
    struct node *n, *child;
    char index[24];

    if (line < 0)
        line = line_of(l, y->start_mark);
    n = new_node(l->c, parent, key, l->file, line);
    if (depth > MAX_DEPTH)
        return load_error(l, line, too_deep), NULL;
    if (l->c->nodes > MAX_NODES)
        return load_error(l, line, "expected at most 1048576 values"), NULL;
    if (!known_tag(y))
        return config_error(n, "unknown tag '%s'", (const char *)y->tag), NULL;
    switch (y->type) {
    case YAML_SCALAR_NODE:
        if (strlen((char *)y->data.scalar.value) != y->data.scalar.length)
            return config_error(n, "expected text without NUL characters"), NULL;
        n->value = copy_text(l->c, (char *)y->data.scalar.value);
        n->quoted = y->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        break;
    case YAML_SEQUENCE_NODE:
        n->kind = NODE_LIST;
        for (yaml_node_item_t *i = y->data.sequence.items.start; i < y->data.sequence.items.top;
             i++) {
            snprintf(index, sizeof index, "%zu", n->count);
            child = build(l, *i, n, copy_text(l->c, index), -1, depth + 1);
            if (!child)
                return NULL;
            append(n, child);
        }
        break;
    default:
        n->kind = NODE_MAP;
        for (yaml_node_pair_t *i = y->data.mapping.pairs.start; i < y->data.mapping.pairs.top; i++)
            if (build_pair(l, i, n, depth))
                return NULL;
    }
    return n;
}

static int depth_of(const struct node *n)
{
    return n ? 1 + depth_of(n->parent) : 0;
}

/* Looks at the nesting alone, and stops where it is too deep: libyaml's loader takes quadratic time
 * there. Malformed text is left to the loader to report. */
static int check_depth(const struct load *l, int depth)
{
    yaml_parser_t p;
    yaml_event_t event;
    bool end = false;
    int err = 0;

    if (!yaml_parser_initialize(&p))
        return log_error(-ENOMEM, "out of memory in the configuration");
    yaml_parser_set_input_string(&p, (const unsigned char *)l->text, l->length);
    while (!end && !err && yaml_parser_parse(&p, &event)) {
        end = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT)
            depth++;
        else if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
            depth--;
        if (depth > MAX_DEPTH)
            err = load_error(l, line_of(l, event.start_mark), too_deep);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&p);
    return err;
}

/* The one document in l's text as a node below parent (NULL: the root). An empty text is a null. */
static struct node *load(struct load *l, struct node *parent, const char *key, int line)
{
    yaml_parser_t p;
    yaml_document_t second;
    yaml_node_t *extra;
    struct node *n = NULL;

    if (check_depth(l, depth_of(parent)))
        return NULL;
    if (!yaml_parser_initialize(&p))
        return log_error(-ENOMEM, "out of memory in the configuration"), NULL;
    yaml_parser_set_input_string(&p, (const unsigned char *)l->text, l->length);
    if (!yaml_parser_load(&p, &l->doc)) {
        parser_error(l, &p);
        goto parser;
    }
    if (!yaml_document_get_root_node(&l->doc)) {
        n = new_node(l->c, parent, key, l->file, line < 0 ? 1 : line);
        goto document;
    }
    if (!yaml_parser_load(&p, &second)) {
        parser_error(l, &p);
        goto document;
    }
    extra = yaml_document_get_root_node(&second);
    if (extra)
        load_error(l, line_of(l, extra->start_mark),
                   "expected one YAML document, got a second one");
    else
        n = build(l, 1, parent, key, line, depth_of(parent));
    yaml_document_delete(&second);
document:
    yaml_document_delete(&l->doc);
parser:
    yaml_parser_delete(&p);
    return n;
}

static int parse(struct config **out, const char *file, const char *text, size_t length)
{
    struct config *c = calloc(1, sizeof *c);
    struct load l = { .c = c, .text = text, .length = length, .line = -1 };

    *out = NULL;
    if (!c)
        return log_error(-ENOMEM, "out of memory in the configuration");
    l.file = copy_text(c, file);
    c->root = load(&l, NULL, NULL, -1);
    if (!c->root)
        goto fail;
    if (c->root->kind != NODE_MAP) {
        config_error(c->root, node_is_null(c->root) ? "expected keys, the file is empty"
                                                    : "expected a map of keys");
        goto fail;
    }
    *out = c;
    return 0;
fail:
    config_destroy(&c);
    return -EINVAL;
}

int config_parse(struct config **c, const char *file, const char *text)
{
    return parse(c, file, text, strlen(text));
}

/* all of a stream, or NULL with errno */
static char *slurp(FILE *in, size_t *length)
{
    size_t capacity = 1 << 14;
    char *text = NULL, *grown;

    *length = 0;
    do {
        capacity *= 2;
        errno = EFBIG;
        grown = capacity > MAX_BYTES ? NULL : realloc(text, capacity);
        if (!grown)
            goto fail;
        text = grown;
        errno = 0;
        *length += fread(text + *length, 1, capacity - *length, in);
        if (ferror(in))
            goto fail;
    } while (*length == capacity);
    return text;
fail:
    free(text);
    return NULL;
}

int config_read(struct config **c, const char *file)
{
    bool standard = !strcmp(file, "-");
    FILE *in = standard ? stdin : fopen(file, "re");
    size_t length;
    char *text = in ? slurp(in, &length) : NULL;
    int err;

    *c = NULL;
    if (text)
        err = parse(c, standard ? "stdin" : file, text, length);
    else
        err = log_error(-EINVAL, "cannot read %s: %s", standard ? "stdin" : file, strerror(errno));
    free(text);
    if (in && !standard)
        fclose(in);
    return err;
}

int config_set(struct config *c, const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    char *file = node_alloc(c, strlen(assignment) + sizeof "--set "), *path, index[24];
    struct load l = { .c = c, .file = file };
    struct node *at = c->root, *child;

    strcat(strcpy(file, "--set "), assignment);
    if (!equals || equals == assignment)
        return load_error(&l, 0, "expected path.to.key=value");
    l.text = equals + 1;
    l.length = strlen(l.text);
    path = copy_text(c, assignment);
    path[equals - assignment] = '\0';
    for (bool last = false; !last; at = child) {
        char *key = path;
        const struct node here = { .file = file, .parent = at, .key = key };

        path += strcspn(path, ".");
        last = !*path;
        *path++ = '\0';
        if (!*key)
            return load_error(&l, 0, "expected path.to.key=value, got an empty key");
        if (node_is_null(at))
            at->kind = strspn(key, "0123456789") == strlen(key) ? NODE_LIST : NODE_MAP;
        child = config_child(at, key);
        snprintf(index, sizeof index, "%zu", at->count);
        if (at->kind == NODE_SCALAR)
            return config_error(&here, "expected a map above this key, '%s' is a value", at->key);
        if (at->kind == NODE_LIST && !child && strcmp(key, index))
            return config_error(&here, "expected an index from 0 to %s", index);
        if (!last && child)
            continue;
        child = last ? load(&l, at, key, 0) : node_new(at, key, file, 0);
        if (!child)
            return -EINVAL;
        node_put(at, child);
    }
    return 0;
}

static struct node *copy(const struct node *n, struct node *parent)
{
    struct node *m = node_alloc(n->config, sizeof *m);

    *m = *n;
    m->parent = parent;
    m->count = m->capacity = 0;
    for (size_t i = 0; i < n->count; i++)
        append(m, copy(n->child[i], m));
    return m;
}

struct node *config_copy(const struct node *n)
{
    return copy(n, n->parent);
}

int config_node_set(struct node *map, const char *key, const char *yaml)
{
    const struct node *old = config_child(map, key), *at = old ? old : map;
    struct load l = { map->config, at->file, yaml, strlen(yaml), .line = at->line };
    struct node *n;

    if (node_is_null(map))
        map->kind = NODE_MAP;
    if (map->kind != NODE_MAP)
        return config_error(map, "expected a map");
    n = load(&l, map, copy_text(map->config, key), at->line);
    if (!n)
        return -EINVAL;
    node_put(map, n);
    return 0;
}

static size_t flow_length(const struct node *n)
{
    size_t length = strlen(n->value) + 2;

    for (size_t i = 0; i < n->count; i++)
        length +=
            flow_length(n->child[i]) + (n->kind == NODE_MAP ? strlen(n->child[i]->key) + 2 : 0);
    return length;
}

static bool has_map(const struct node *n)
{
    bool found = n->kind == NODE_MAP;

    for (size_t i = 0; i < n->count && !found; i++)
        found = has_map(n->child[i]);
    return found;
}

/* no map within a map, and short enough */
static bool is_leaf(const struct node *n, size_t column)
{
    bool leaf = n->count == 0 || column + flow_length(n) <= FLOW_COLUMNS;

    for (size_t i = 0; i < n->count && leaf; i++)
        leaf = n->kind == NODE_MAP ? !has_map(n->child[i]) : is_leaf(n->child[i], 0);
    return leaf;
}

/* a string that another reader of YAML would take for something else */
static bool is_ambiguous(const char *s)
{
    static const char *const words[] = { "",   "~",   "null", "true",  "false", "yes", "no",
                                         "on", "off", ".inf", "-.inf", ".nan",  NULL };
    bool number = *s && s[strspn(s, "+-.0123456789eExXaAbBcCdDfF_:")] == '\0';

    for (size_t i = 0; words[i] && !number; i++)
        number = !strcasecmp(s, words[i]);
    return number;
}

static bool emit(yaml_emitter_t *e, yaml_event_t *event, int made)
{
    return made && yaml_emitter_emit(e, event);
}

static bool emit_text(yaml_emitter_t *e, const char *text, bool quote)
{
    yaml_scalar_style_t style = YAML_PLAIN_SCALAR_STYLE; /* where that is possible */
    yaml_event_t event;

    if (quote)
        style = YAML_SINGLE_QUOTED_SCALAR_STYLE;
    for (const char *s = text; *s; s++)
        if ((unsigned char)*s < ' ')
            style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    return emit(e, &event,
                yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
                                             (int)strlen(text), 1, 1, style));
}

static bool emit_node(yaml_emitter_t *e, const struct node *n, size_t indent, bool flow)
{
    size_t column = indent + (n->key ? strlen(n->key) + 2 : 0);
    yaml_event_t event;
    bool ok = true;

    if (n->kind == NODE_SCALAR)
        return emit_text(e, node_is_null(n) ? "null" : n->value,
                         n->quoted && is_ambiguous(n->value));
    flow = flow || (n->parent && is_leaf(n, column));
    if (n->kind == NODE_MAP)
        ok = emit(e, &event,
                  yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
                                                      flow ? YAML_FLOW_MAPPING_STYLE
                                                           : YAML_BLOCK_MAPPING_STYLE));
    else
        ok = emit(e, &event,
                  yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                                       flow ? YAML_FLOW_SEQUENCE_STYLE
                                                            : YAML_BLOCK_SEQUENCE_STYLE));
    for (size_t i = 0; i < n->count && ok; i++) {
        if (n->kind == NODE_MAP)
            ok = emit_text(e, n->child[i]->key, false);
        ok = ok && emit_node(e, n->child[i], n->parent ? indent + 2 : 0, flow);
    }
    return ok && emit(e, &event,
                      n->kind == NODE_MAP ? yaml_mapping_end_event_initialize(&event)
                                          : yaml_sequence_end_event_initialize(&event));
}

int config_write(const struct config *c, FILE *out)
{
    yaml_emitter_t e;
    yaml_event_t event;
    bool ok;

    if (!yaml_emitter_initialize(&e))
        return -ENOMEM;
    yaml_emitter_set_output_file(&e, out);
    yaml_emitter_set_width(&e, -1);
    yaml_emitter_set_unicode(&e, 1);
    ok = emit(&e, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)) &&
         emit(&e, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1)) &&
         emit_node(&e, c->root, 0, false) &&
         emit(&e, &event, yaml_document_end_event_initialize(&event, 1)) &&
         emit(&e, &event, yaml_stream_end_event_initialize(&event));
    yaml_emitter_delete(&e);
    return ok && !ferror(out) ? 0 : -EIO;
}
