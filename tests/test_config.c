// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Configurations: values, defaults, every error line word by word, overrides, the written file read
 * back, and damaged files. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/config.h"
#include "core/log.h"

static const char *const payoffs[] = { "call_on_max", "put_on_min", "spread", NULL };
static const char *const name_key[] = { "name", NULL };

struct nodes_map {
    const char *type;
    long count;
};

static const struct schema nodes_schema = {
    "nodes", "collocation",
    (const struct param[]){
        { "type", P_STRING, offsetof(struct nodes_map, type), "legendre", .help = "family" },
        { "count", P_INT, offsetof(struct nodes_map, count), "3", 1, 16, .help = "how many" },
        { 0 } }
};

struct values {
    long steps, cpus;
    double end, correlation, strike;
    bool reproducible;
    const char *file, *payoff;
    struct ints grid;
    struct reals volatility;
    struct complexes lambda;
    struct nodes_map nodes;
    struct node *fine;
    struct nodes observe;
};

#define AT(field) offsetof(struct values, field)
static const struct schema schema = {
    "sample", "one of each type",
    (const struct param[]){
        { "steps", P_INT, AT(steps), "16", .min = 1, .unit = "1", .help = "steps | per slice" },
        { "cpus", P_INT_AUTO, AT(cpus), "auto", .help = "workers" },
        { "end", P_REAL, AT(end), "1.0e-2", .help = "end time" },
        { "correlation", P_REAL, AT(correlation), "0.5", -1, 1, true, true, .help = "rho" },
        { "strike", P_REAL, AT(strike), NULL, 0, INFINITY, .open_min = true, .help = "K" },
        { "reproducible", P_BOOL, AT(reproducible), "true", .help = "same bits" },
        { "file", P_STRING, AT(file), "", .help = "weights" },
        { "payoff", P_CHOICE, AT(payoff), "call_on_max", .choices = payoffs, .help = "payoff" },
        { "grid", P_INTS, AT(grid), "[4, 5]", 2, 1000, .help = "points" },
        { "volatility", P_REALS, AT(volatility), "", .help = "sigma" },
        { "lambda", P_COMPLEXES, AT(lambda), "[[-1, 0], [0, 2]]", .help = "eigenvalues" },
        { "nodes", P_MAP, AT(nodes), "", .sub = &nodes_schema, .help = "nodes" },
        { "fine", P_NODE, AT(fine), "", .help = "propagator" },
        { "observe", P_NODES, AT(observe), "", .help = "what to look at" },
        { 0 } }
};
#define ALL_KEYS                                                                                   \
    "(known: name, steps, cpus, end, correlation, strike, reproducible, file, payoff, grid, "      \
    "volatility, lambda, nodes, fine, observe)"

static char said[8192];
static int saved = -1;
static FILE *heard;

/* between these two, what goes to stderr goes to `said` */
static void listen_begin(void)
{
    fflush(stderr);
    heard = tmpfile();
    saved = dup(STDERR_FILENO);
    dup2(fileno(heard), STDERR_FILENO);
}

static void listen_end(void)
{
    size_t n;

    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(heard);
    n = fread(said, 1, sizeof said - 1, heard);
    said[n] = '\0';
    fclose(heard);
}

/* parses, overrides and binds; the config stays with the caller if all is well */
static int try_all(struct config **c, const char *text, const char *set, struct values *v)
{
    int err;

    memset(v, 0xff, sizeof *v);
    listen_begin();
    err = config_parse(c, "f.yaml", text);
    if (!err && set)
        err = config_set(*c, set);
    if (!err)
        err = config_bind(config_root(*c), &schema, name_key, v);
    listen_end();
    if (err)
        config_destroy(c);
    return err;
}

static struct config *good(const char *text, const char *set, struct values *v)
{
    struct config *c;
    int err = try_all(&c, text, set, v);

    if (err)
        print_message("%s", said);
    assert_int_equal(err, 0);
    assert_string_equal(said, "");
    return c;
}

static char *written(const struct config *c)
{
    size_t n;
    char *text;
    FILE *out = open_memstream(&text, &n);

    assert_int_equal(config_write(c, out), 0);
    fclose(out);
    return text;
}

static void test_defaults(void **state)
{
    struct values v;
    struct config *c = good("strike: 100\n", NULL, &v);

    assert_int_equal(v.steps, 16);
    assert_int_equal(v.cpus, -1);
    assert_true(v.end == 1.0e-2 && v.correlation == 0.5 && v.strike == 100);
    assert_true(v.reproducible);
    assert_null(v.file);
    assert_string_equal(v.payoff, "call_on_max");
    assert_int_equal(v.grid.n, 2);
    assert_true(v.grid.v[0] == 4 && v.grid.v[1] == 5);
    assert_true(v.volatility.n == 0 && !v.volatility.v);
    assert_int_equal(v.lambda.n, 2);
    assert_true(v.lambda.v[0] == -1 && v.lambda.v[1] == 0 && v.lambda.v[3] == 2);
    assert_string_equal(v.nodes.type, "legendre");
    assert_int_equal(v.nodes.count, 3);
    assert_null(v.fine);
    assert_int_equal(v.observe.n, 0);
    config_destroy(&c);
    assert_null(c);
    config_destroy(&c);
}

static void test_values(void **state)
{
    struct values v;
    struct config *c = good("name: sample\n"
                            "strike: .inf\n"
                            "steps: 1e3\n"
                            "cpus: 3\n"
                            "end: -2.5E+1\n"
                            "correlation: -0.25\n"
                            "reproducible: false\n"
                            "file: 12.5\n"
                            "payoff: \"spread\"\n"
                            "grid: 7\n"
                            "volatility: [1, inf, 0x10]\n"
                            "lambda: [3, -4]\n"
                            "nodes: &b {type: lobatto}\n"
                            "fine: {name: sdc, steps: 2}\n"
                            "observe: [{name: atm}, *b]\n",
                            NULL, &v);
    struct node *root = config_root(c);

    assert_string_equal(config_name(root), "sample");
    assert_true(isinf(v.strike) && v.steps == 1000 && v.cpus == 3);
    assert_true(v.end == -25 && v.correlation == -0.25 && !v.reproducible);
    assert_string_equal(v.file, "12.5");
    assert_ptr_equal(v.payoff, payoffs[2]);
    assert_true(v.grid.n == 1 && v.grid.v[0] == 7);
    assert_true(v.volatility.n == 3 && isinf(v.volatility.v[1]) && v.volatility.v[2] == 16);
    assert_true(v.lambda.n == 1 && v.lambda.v[0] == 3 && v.lambda.v[1] == -4);
    assert_string_equal(v.nodes.type, "lobatto");
    assert_ptr_equal(v.fine, config_child(root, "fine"));
    assert_string_equal(config_name(v.fine), "sdc");
    assert_int_equal(v.observe.n, 2);
    assert_string_equal(config_name(v.observe.v[0]), "atm");
    assert_null(config_name(v.observe.v[1]));
    assert_null(config_child(root, "nothing"));
    assert_null(config_child(NULL, "nothing"));
    config_destroy(&c);

    c = good("{strike: 1, lambda: -5, nodes: , volatility: null}", NULL, &v);
    assert_true(v.lambda.n == 1 && v.lambda.v[0] == -5 && v.lambda.v[1] == 0);
    assert_true(v.nodes.count == 3 && v.volatility.n == 0);
    config_destroy(&c);
    c = good("{strike: 1, lambda: [[1, 2], 3]}", NULL, &v);
    assert_true(v.lambda.n == 2 && v.lambda.v[1] == 2 && v.lambda.v[2] == 3 && v.lambda.v[3] == 0);
    config_destroy(&c);
}

struct wrong {
    const char *text, *set, *line;
};

static void check_wrong(const struct wrong *w)
{
    struct values v;
    struct config *c;
    char line[4096];
    int err = try_all(&c, w->text, w->set, &v);

    snprintf(line, sizeof line, "%s\n", w->line);
    assert_string_equal(said, line);
    assert_int_equal(err, -EINVAL);
    assert_null(c);
}

/* one line each, nothing else */
static void test_errors(void **state)
{
    static const struct wrong wrong[] = {
        { "\nstrike: 1\nstepz: 4\n", NULL,
          "f.yaml:3: stepz: unknown key, did you mean 'steps'? " ALL_KEYS },
        { "strike: 1\nqqqqqqqq: 4\n", NULL, "f.yaml:2: qqqqqqqq: unknown key " ALL_KEYS },
        { "strike: 1\nnodes:\n  count: 3\n  tpye: x\n", NULL,
          "f.yaml:4: nodes.tpye: unknown key, did you mean 'type'? (known: type, count)" },
        { "# nothing\nsteps: 4\n", NULL, "f.yaml:2: expected key 'strike'" },
        { "strike: 1\nend: abc\n", NULL, "f.yaml:2: end: expected a number, got 'abc'" },
        { "strike: 1\nend:\n", NULL, "f.yaml:2: end: expected a number, got nothing" },
        { "strike: 1\nend: nan\n", NULL, "f.yaml:2: end: expected a number, got 'nan'" },
        { "strike: 1\nend: 1.0x\n", NULL, "f.yaml:2: end: expected a number, got '1.0x'" },
        { "strike: 1\nend: 1,5\n", NULL, "f.yaml:2: end: expected a number, got '1,5'" },
        { "strike: 1\nend: ' 1'\n", NULL, "f.yaml:2: end: expected a number, got ' 1'" },
        { "strike: 1\nend: 1e999\n", NULL, "f.yaml:2: end: expected a number, got '1e999'" },
        { "strike: 1\nend: 1e-999\n", NULL, "f.yaml:2: end: expected a number, got '1e-999'" },
        { "strike: 1\nend: [1]\n", NULL, "f.yaml:2: end: expected a number, got a list" },
        { "strike: 1\nend: {a: 1}\n", NULL, "f.yaml:2: end: expected a number, got a map" },
        { "strike: 1\ncorrelation: 1.5\n", NULL,
          "f.yaml:2: correlation: expected a number in (-1, 1), got 1.5" },
        { "strike: 1\ncorrelation: -1\n", NULL,
          "f.yaml:2: correlation: expected a number in (-1, 1), got -1" },
        { "strike: 0\n", NULL, "f.yaml:1: strike: expected a number > 0, got 0" },
        { "strike: 1\nsteps: 0\n", NULL, "f.yaml:2: steps: expected an integer >= 1, got 0" },
        { "strike: 1\nsteps: 1.5\n", NULL, "f.yaml:2: steps: expected an integer >= 1, got 1.5" },
        { "strike: 1\nsteps: 9223372036854775808\n", NULL,
          "f.yaml:2: steps: expected an integer >= 1, got 9223372036854775808" },
        { "strike: 1\nsteps: 1e30\n", NULL, "f.yaml:2: steps: expected an integer >= 1, got 1e30" },
        { "strike: 1\ncpus: -1\n", NULL,
          "f.yaml:2: cpus: expected an integer >= 0 or 'auto', got -1" },
        { "strike: 1\ncpus: all\n", NULL,
          "f.yaml:2: cpus: expected an integer >= 0 or 'auto', got 'all'" },
        { "strike: 1\nreproducible: yes\n", NULL,
          "f.yaml:2: reproducible: expected true or false, got 'yes'" },
        { "strike: 1\nfile: [a]\n", NULL, "f.yaml:2: file: expected a string, got a list" },
        { "strike: 1\npayoff: call_on_mx\n", NULL,
          "f.yaml:2: payoff: unknown payoff 'call_on_mx', did you mean 'call_on_max'? (known: "
          "call_on_max, put_on_min, spread)" },
        { "strike: 1\npayoff: digital\n", NULL,
          "f.yaml:2: payoff: unknown payoff 'digital' (known: call_on_max, put_on_min, spread)" },
        { "strike: 1\ngrid: [4,\n  1]\n", NULL,
          "f.yaml:3: grid.1: expected an integer in [2, 1000], got 1" },
        { "strike: 1\ngrid: {a: 1}\n", NULL,
          "f.yaml:2: grid: expected an integer or a list of integers in [2, 1000], got a map" },
        { "strike: 1\ngrid: []\n", NULL,
          "f.yaml:2: grid: expected a number or a list of numbers, got an empty list" },
        { "strike: 1\nvolatility: [0.1, x]\n", NULL,
          "f.yaml:2: volatility.1: expected a number, got 'x'" },
        { "strike: 1\nlambda: [1, 2, 3]\n", NULL,
          "f.yaml:2: lambda: expected [re, im] or a list of such, got 3 numbers" },
        { "strike: 1\nlambda: [[1, 2, 3]]\n", NULL,
          "f.yaml:2: lambda.0: expected [re, im], got a list of 3" },
        { "strike: 1\nnodes: 5\n", NULL, "f.yaml:2: nodes: expected a map, got 5" },
        { "strike: 1\nfine: sdc\n", NULL, "f.yaml:2: fine: expected a map, got 'sdc'" },
        { "strike: 1\nobserve: {name: u}\n", NULL,
          "f.yaml:2: observe: expected a list of maps, got a map" },
        { "strike: 1\nobserve:\n- {name: u}\n- 3\n", NULL,
          "f.yaml:4: observe.1: expected a map, got 3" },
        { "strike: 1\nnodes:\n  count: 3\n  count: 4\n", NULL,
          "f.yaml:4: nodes.count: the key is given twice, first on line 3" },
        { "", NULL, "f.yaml:1: expected keys, the file is empty" },
        { "# a comment\n", NULL, "f.yaml:1: expected keys, the file is empty" },
        { "- 1\n", NULL, "f.yaml:1: expected a map of keys" },
        { "strike: 1\n---\nstrike: 2\n", NULL,
          "f.yaml:3: expected one YAML document, got a second one" },
        { "strike: 1\nend: !big 2\n", NULL, "f.yaml:2: end: unknown tag '!big'" },
        { "strike: 1\nend: *nowhere\n", NULL, "f.yaml:2: found undefined alias" },
        { "strike: 1\nend: \"a\\0b\"\n", NULL,
          "f.yaml:2: end: expected text without NUL characters" },
        { "strike: 1\n? [a, b]\n: 1\n", NULL, "f.yaml:2: expected a name as key" },
        { "strike: 1\n\tend: 2\n", NULL,
          "f.yaml:2: found a tab character that violates indentation (while scanning a plain "
          "scalar from line 1)" },
        { "strike: 1\nend: \xff\n", NULL, "f.yaml:2: invalid leading UTF-8 octet" },
        { "strike: 1\nend: \"a\nb\"\n", NULL, "f.yaml:2: end: expected a number, got 'a b'" },
        { "strike: 1\nend: \"a\\nb\"\n", NULL, "f.yaml:2: end: expected a number, got 'a b'" },
        { "a: &a [*a, *a]\n", NULL, "f.yaml:1: expected at most 64 levels of nesting" },

        { "strike: 1\n", "end=abc", "--set end=abc: end: expected a number, got 'abc'" },
        { "strike: 1\n", "nodes.cuont=3",
          "--set nodes.cuont=3: nodes.cuont: unknown key, did you mean 'count'? (known: type, "
          "count)" },
        { "strike: 1\n", "end=[1", "--set end=[1: did not find expected ',' or ']'" },
        { "strike: 1\n", "end", "--set end: expected path.to.key=value" },
        { "strike: 1\n", "=1", "--set =1: expected path.to.key=value" },
        { "strike: 1\n", "nodes..count=1",
          "--set nodes..count=1: expected path.to.key=value, got an empty key" },
        { "strike: 1\n", "nodes.=1",
          "--set nodes.=1: expected path.to.key=value, got an empty key" },
        { "strike: 1\n", "strike.x=1",
          "--set strike.x=1: strike.x: expected a map above this key, 'strike' is a value" },
        { "strike: 1\ngrid: [4, 5]\n", "grid.3=6",
          "--set grid.3=6: grid.3: expected an index from 0 to 2" },
        { "strike: 1\ngrid: [4, 5]\n", "grid.1=1",
          "--set grid.1=1: grid.1: expected an integer in [2, 1000], got 1" },
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check_wrong(&wrong[i]);
}

/* aliases of aliases: 2^30 values must not be made */
static void test_bombs(void **state)
{
    enum { DEEP = 100000 };
    static const char *const opens[] = { "[", "{", "- ", "? " };
    char *text = calloc(1, 2 * DEEP + 1), *end = text;
    struct config *c;

    end += sprintf(end, "a0: &a0 [1, 1]\n");
    for (int i = 1; i < 30; i++)
        end += sprintf(end, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
    listen_begin();
    assert_int_equal(config_parse(&c, "f.yaml", text), -EINVAL);
    listen_end();
    assert_non_null(strstr(said, "expected at most 1048576 values\n"));

    for (size_t k = 0; k < sizeof opens / sizeof *opens; k++) {
        end = text;
        for (int i = 0; i < DEEP; i++)
            end = stpcpy(end, opens[k]);
        listen_begin();
        assert_int_equal(config_parse(&c, "f.yaml", text), -EINVAL);
        listen_end();
        assert_string_equal(said, "f.yaml:1: expected at most 64 levels of nesting\n");
    }
    for (size_t n = 63; n <= 64; n++) { /* within a map: 64 levels, then 65 */
        end = stpcpy(text, "a: ");
        memset(end, '[', n);
        memset(end + n, ']', n);
        end[2 * n] = '\0';
        listen_begin();
        assert_int_equal(config_parse(&c, "f.yaml", text), n == 63 ? 0 : -EINVAL);
        listen_end();
        config_destroy(&c);
    }
    assert_string_equal(said, "f.yaml:1: expected at most 64 levels of nesting\n");
    free(text);
}

static void test_files(void **state)
{
    char name[] = "/tmp/test_config_XXXXXX", line[128];
    int fd = mkstemp(name);
    struct config *c;
    struct values v;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "strike: 12\n", 11), 11);
    close(fd);
    assert_int_equal(config_read(&c, name), 0);
    assert_int_equal(config_bind(config_root(c), &schema, NULL, &v), 0);
    assert_true(v.strike == 12);
    config_destroy(&c);
    unlink(name);
    listen_begin();
    assert_int_equal(config_read(&c, name), -EINVAL);
    listen_end();
    snprintf(line, sizeof line, "starpint: error: cannot read %s: No such file or directory\n",
             name);
    assert_string_equal(said, line);
    listen_begin();
    assert_int_equal(config_read(&c, "/tmp"), -EINVAL);
    listen_end();
    assert_string_equal(said, "starpint: error: cannot read /tmp: Is a directory\n");
}

static void test_set(void **state)
{
    struct values v;
    struct config *c = good("strike: 1\nnodes: {count: 4}\nobserve: [{name: a}]\ngrid: [4, 5]\n",
                            "nodes.count=5", &v);

    assert_int_equal(v.nodes.count, 5);
    assert_int_equal(config_set(c, "grid.1=6"), 0);
    assert_int_equal(config_set(c, "grid.2=7"), 0);
    assert_int_equal(config_set(c, "observe.0.name=b=c"), 0);
    assert_int_equal(config_set(c, "observe.1.name=d"), 0);
    assert_int_equal(config_set(c, "fine={name: sdc, nodes: [1, 2]}"), 0);
    assert_int_equal(config_set(c, "fine.inner.steps=3"), 0);
    assert_int_equal(config_set(c, "volatility.0=0.5"), 0);
    assert_int_equal(config_bind(config_root(c), &schema, NULL, &v), 0);
    assert_true(v.grid.n == 3 && v.grid.v[0] == 4 && v.grid.v[1] == 6 && v.grid.v[2] == 7);
    assert_int_equal(v.observe.n, 2);
    assert_string_equal(config_name(v.observe.v[0]), "b=c");
    assert_string_equal(config_name(v.observe.v[1]), "d");
    assert_string_equal(config_name(v.fine), "sdc");
    assert_non_null(config_child(config_child(v.fine, "inner"), "steps"));
    assert_true(v.volatility.n == 1 && v.volatility.v[0] == 0.5);
    config_destroy(&c);
}

/* the effective config is whole, and says the same when it is read again */
static void test_write(void **state)
{
    struct values v, w;
    struct config *c = good("strike: 1.0e+2\n"
                            "file: 'true'\n"
                            "fine: {name: sdc, steps: 4, nodes: {type: legendre, count: 4}}\n"
                            "observe: [{name: atm, at: [100, 100]}, {name: \"a: b # c\"}]\n",
                            NULL, &v);
    char *text = written(c), *again;

    assert_string_equal(text, "strike: 1.0e+2\n"
                              "file: 'true'\n"
                              "fine:\n"
                              "  name: sdc\n"
                              "  steps: 4\n"
                              "  nodes: {type: legendre, count: 4}\n"
                              "observe: [{name: atm, at: [100, 100]}, {name: 'a: b # c'}]\n"
                              "steps: 16\n"
                              "cpus: auto\n"
                              "end: 1.0e-2\n"
                              "correlation: 0.5\n"
                              "reproducible: true\n"
                              "payoff: call_on_max\n"
                              "grid: [4, 5]\n"
                              "lambda: [[-1, 0], [0, 2]]\n"
                              "nodes: {type: legendre, count: 3}\n");
    config_destroy(&c);
    c = good(text, NULL, &w);
    assert_true(w.strike == v.strike && w.steps == v.steps && w.end == v.end);
    assert_string_equal(w.file, "true");
    assert_string_equal(config_name(w.observe.v[1]), "a: b # c");
    again = written(c);
    assert_string_equal(again, text);
    free(text);
    free(again);
    config_destroy(&c);

    /* long lists go to block style; every kind of string survives */
    c = good(
        "{strike: 1, file: \"é \\t tab\\n\\n line \\e \", volatility: [1000000001, 1000000002, "
        "1000000003, 1000000004, 1000000005, 1000000006, 1000000007, 1000000008, 1000000009]}",
        NULL, &v);
    text = written(c);
    assert_non_null(strstr(text, "volatility:\n- 1000000001\n- 1000000002\n"));
    struct config *d = good(text, NULL, &w);
    assert_string_equal(w.file, "é \t tab\n\n line \x1b ");
    assert_int_equal(w.volatility.n, 9);
    free(text);
    config_destroy(&c);
    config_destroy(&d);
}

static void test_copy(void **state)
{
    struct values v;
    struct config *c = good("strike: 1\nfine:\n  name: heat\n  grid: [65, 65]\n", NULL, &v);
    struct node *copy = config_copy(v.fine);
    char *before = written(c), *after;

    assert_int_equal(config_node_set(copy, "grid", "[33, x]"), 0);
    assert_int_equal(config_node_set(copy, "extra", "{a: 1}"), 0);
    assert_ptr_not_equal(config_child(copy, "grid"), config_child(v.fine, "grid"));
    assert_null(config_child(v.fine, "extra"));
    assert_non_null(config_child(config_child(copy, "extra"), "a"));
    after = written(c);
    assert_string_equal(before, after);
    listen_begin();
    assert_int_equal(config_error(config_child(copy, "grid"), "no %d", 1), -EINVAL);
    assert_int_equal(config_key_error(copy, "name", "no %d", 2), -EINVAL);
    assert_int_equal(config_key_error(copy, "solver", "no %d", 3), -EINVAL);
    assert_int_equal(config_error(NULL, "no %d", 4), -EINVAL);
    listen_end();
    assert_string_equal(said, "f.yaml:4: fine.grid: no 1\n"
                              "f.yaml:3: fine.name: no 2\n"
                              "f.yaml:2: fine.solver: no 3\n"
                              "starpint: error: no 4\n");
    free(before);
    free(after);
    config_destroy(&c);
}

static void test_nearest(void **state)
{
    static const char *const known[] = { "slices",      "iterations", "tolerance", "at",
                                         "MIN-SR-FLEX", "rk4",        NULL };

    assert_string_equal(config_nearest("slicse", known), "slices"); /* a swap is one edit */
    assert_string_equal(config_nearest("slcs", known), "slices");
    assert_string_equal(config_nearest("min-sr-flex", known), "MIN-SR-FLEX");
    assert_string_equal(config_nearest("tolerences", known), "tolerance");
    assert_string_equal(config_nearest("RK4", known), "rk4");
    assert_null(config_nearest("xy", known));
    assert_null(config_nearest("", known));
    assert_null(config_nearest("something_else", known));
}

static void test_document(void **state)
{
    size_t n;
    char *text;
    FILE *out = open_memstream(&text, &n);

    schema_document(&schema, out);
    fclose(out);
    assert_non_null(strstr(text,
                           "|---|---|---|---|---|---|\n"
                           "| `steps` | integer | `16` | >= 1 | 1 | steps \\| per slice |\n"));
    assert_non_null(strstr(text, "| `strike` | number | required | > 0 |  | K |\n"));
    assert_non_null(strstr(text, "| `payoff` | name | `call_on_max` | `call_on_max`, "
                                 "`put_on_min`, `spread` |  | payoff |\n"));
    assert_non_null(strstr(text, "| what to look at |\n"
                                 "| `nodes.type` | string | `legendre` |  |  | family |\n"
                                 "| `nodes.count` | integer | `3` | [1, 16] |  | how many |\n"));
    free(text);
}

/* Whatever is left of a file: a tree or one error line. A tree is written, and read again as the
 * same tree. */
static void check_damaged(const char *text)
{
    struct config *c, *d;
    struct values v;
    char *first, *second;

    listen_begin();
    if (config_parse(&c, "f.yaml", text)) {
        listen_end();
        assert_null(c);
        assert_true(strlen(said) > 0);
        assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
        return;
    }
    first = written(c);
    if (config_parse(&d, "g.yaml", first)) {
        listen_end();
        print_message("%s---\n%s---\n%s", text, first, said);
        fail();
    }
    second = written(d);
    config_bind(config_root(c), &schema, name_key, &v);
    listen_end();
    assert_string_equal(first, second);
    free(first);
    free(second);
    config_destroy(&c);
    config_destroy(&d);
}

static void test_damaged(void **state)
{
    static const char sample[] = "# sample\n"
                                 "name: &n heat\n"
                                 "strike: 1.0e+2   # K\n"
                                 "fine: {name: *n, steps: 4, nodes: {type: legendre, count: 4}}\n"
                                 "observe:\n"
                                 "  - name: \"a\\tb\"\n"
                                 "    at: [100, -1.5, 'it''s']\n"
                                 "  - {name: u}\n"
                                 "file: |\n"
                                 "  two\n"
                                 "  lines\n"
                                 "nodes:\n"
                                 "  type: >-\n"
                                 "    folded\n"
                                 "  ? count\n"
                                 "  : 3\n";
    static const char nasty[] = "\n\t :-?[]{},&*!|>'\"%@`#\\~\x01\x7f\x80\xc3\xff"
                                "0a";
    char text[sizeof sample];

    for (size_t n = 0; n < sizeof sample; n++) {
        memcpy(text, sample, n);
        text[n] = '\0';
        check_damaged(text);
    }
    memcpy(text, sample, sizeof sample);
    for (size_t i = 0; i + 1 < sizeof sample; i++) {
        for (size_t k = 0; k + 1 < sizeof nasty; k++) {
            text[i] = nasty[k];
            check_damaged(text);
        }
        text[i] = sample[i];
    }
    for (uint32_t seed = 1, r = 1; seed <= 2000; seed++) { /* a few bytes at once */
        memcpy(text, sample, sizeof sample);
        for (int k = 0; k < 4; k++) {
            r = r * 1664525u + 1013904223u;
            text[(r >> 8) % (sizeof sample - 1)] ^= (char)(1u << (r >> 29));
        }
        check_damaged(text);
    }
}

static void test_strings(void **state)
{
    static const struct param params[] = { { "names", P_STRINGS, 0 },
                                           { "more", P_STRINGS, sizeof(struct strings), "" },
                                           { 0 } };
    static const struct schema strings = { "strings", "", params };
    static const char *const wrong[] = { "names: []", "names: {a: b}", "names: [a, [b]]",
                                         "names:", "names: [a, null]" };
    struct strings v[2];
    struct config *c;

    assert_int_equal(config_parse(&c, "f.yaml", "names: [a, 12]"), 0);
    assert_int_equal(config_bind(config_root(c), &strings, NULL, v), 0);
    assert_int_equal(v[0].n, 2);
    assert_string_equal(v[0].v[0], "a");
    assert_string_equal(v[0].v[1], "12");
    assert_int_equal(v[1].n, 0);
    assert_null(config_text(config_root(c), "names"));
    config_destroy(&c);
    assert_int_equal(config_parse(&c, "f.yaml", "names: one"), 0);
    assert_int_equal(config_bind(config_root(c), &strings, NULL, v), 0);
    assert_int_equal(v[0].n, 1);
    assert_string_equal(v[0].v[0], "one");
    assert_string_equal(config_text(config_root(c), "names"), "one");
    config_destroy(&c);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(config_parse(&c, "f.yaml", wrong[i]), 0);
        listen_begin();
        const int err = config_bind(config_root(c), &strings, NULL, v);
        listen_end();
        assert_int_equal(err, -EINVAL);
        assert_non_null(strstr(said, "f.yaml:1: names"));
        assert_non_null(strstr(said, "string"));
        config_destroy(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),  cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),   cmocka_unit_test(test_errors),
        cmocka_unit_test(test_bombs),    cmocka_unit_test(test_files),
        cmocka_unit_test(test_set),      cmocka_unit_test(test_write),
        cmocka_unit_test(test_copy),     cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_document), cmocka_unit_test(test_damaged),
    };

    log_open(0, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
