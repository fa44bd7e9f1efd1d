// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* From the keys of `{name: sdc}` to the coefficients. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "problems/sdc.h"

struct nodes_params {
    const char *type, *quadrature;
    long count;
};
struct adaptive_params {
    double tolerance, safety, first;
};
struct params {
    struct nodes_params nodes;
    struct adaptive_params adaptive;
    bool record, dense;
    long sweeps;
    double tolerance;
    const char *preconditioner, *preconditioner_explicit, *guess;
    struct node *coarse, *network;
    bool update;
};

static const struct param nodes_table[] = {
    { "type", P_STRING, offsetof(struct nodes_params, type), .def = "legendre",
      .help = "family: legendre, equid, cheby-1 to cheby-4" },
    { "quadrature", P_STRING, offsetof(struct nodes_params, quadrature), .def = "radau_right",
      .help = "which ends of the step are nodes: gauss (none), radau_left, radau_right, lobatto "
              "(both)" },
    { "count", P_INT, offsetof(struct nodes_params, count), .def = "4", .min = 1,
      .max = COLLOCATION_MAX, .unit = "nodes", .help = "number M of nodes" },
    { 0 },
};
static const struct schema nodes_schema = { "nodes", "collocation nodes", nodes_table };

static const struct param adaptive_table[] = {
    { "tolerance", P_REAL, offsetof(struct adaptive_params, tolerance), .def = "0", .min = 0,
      .max = 1e300,
      .help = "of the local error: the largest change in the last sweep; 0: fixed steps" },
    { "safety", P_REAL, offsetof(struct adaptive_params, safety), .def = "0.9", .min = 0, .max = 1,
      .open_min = true, .help = "factor on the step that would just meet the tolerance" },
    { "first", P_REAL, offsetof(struct adaptive_params, first), .def = "0", .min = 0, .max = 1e300,
      .unit = "time of the problem", .help = "first step to try; 0: the whole step" },
    { 0 },
};
static const struct schema adaptive_schema = { "adaptive",
                                               "steps of their own size inside each step",
                                               adaptive_table };

static const char *const guesses[] = {
    "copy", "spread", "zero", "random", "coarse", "network", NULL
};

static const struct param table_of_params[] = {
    { "nodes", P_MAP, offsetof(struct params, nodes), .sub = &nodes_schema,
      .help = "collocation nodes" },
    { "sweeps", P_INT, offsetof(struct params, sweeps), .def = "4", .min = 1, .max = 1e6,
      .unit = "sweeps", .help = "number of sweeps; at most so many where a tolerance is given" },
    { "tolerance", P_REAL, offsetof(struct params, tolerance), .def = "0", .min = 0, .max = 1e300,
      .help = "of the residual of the collocation problem, max norm over nodes; 0: do all sweeps" },
    { "preconditioner", P_STRING, offsetof(struct params, preconditioner), .def = "MIN-SR-FLEX",
      .help = "Q-Delta of f_I; `starpint list preconditioners`" },
    { "preconditioner_explicit", P_STRING, offsetof(struct params, preconditioner_explicit),
      .def = "",
      .help = "Q-Delta of f_E, strictly lower triangular; PIC unless given. Only for problems with "
              "an explicit term" },
    { "initial_guess", P_CHOICE, offsetof(struct params, guess), .def = "copy", .choices = guesses,
      .help = "at the nodes: copy takes u0 and f(u0), spread evaluates f there, zero, random in "
              "[0, 1), coarse takes a "
              "step of the scheme `coarse` from node to node, network has the network `network` "
              "say all "
              "of them at once" },
    { "coarse", P_NODE, offsetof(struct params, coarse), .def = "",
      .help = "a one-step scheme, for `initial_guess: coarse`" },
    { "network", P_NODE, offsetof(struct params, network), .def = "",
      .help = "for `initial_guess: network`; `{weights: FILE, fallback: true}`: a file that "
              "`starpint train` wrote, for steps as long as these, with the same nodes, or one at "
              "the end of the step, to which nodes are on the straight line; fallback: where the "
              "residual is larger than that of a copy, the copy is taken" },
    { "residuals", P_BOOL, offsetof(struct params, record), .def = "false",
      .help = "compute the residual after every sweep and report the largest; not with granularity "
              "node" },
    { "dense", P_BOOL, offsetof(struct params, dense), .def = "false",
      .help = "the values at all nodes of all steps become snapshots; in a serial run, with "
              "granularity node" },
    { "adaptive", P_MAP, offsetof(struct params, adaptive), .sub = &adaptive_schema,
      .help = "steps of their own size inside each step" },
    { "quadrature_update", P_BOOL, offsetof(struct params, update), .def = "false",
      .help = "end the step by the quadrature instead of the last node" },
    { 0 },
};
const struct schema sdc_schema = { "propagator: sdc", "spectral deferred corrections",
                                   table_of_params };
const char *const sdc_also[] = { "name", "steps", "granularity", "where", NULL };

static int refuse(const struct node *config, const char *key, int error, const struct params *v,
                  const char *qdelta)
{
    char text[COLLOCATION_TEXT];
    return config_key_error(config, key, "%s",
                            collocation_explain(text, error, v->nodes.type, v->nodes.quadrature,
                                                (int)v->nodes.count, qdelta));
}

static int create_coarse(struct sdc *s, const struct node *config, struct node *coarse)
{
    const char *name = coarse ? config_name(coarse) : NULL, *known[64];
    size_t n = 0;
    if (!name)
        return config_key_error(config, "initial_guess",
                                "expected key 'coarse' with the name of a one-step scheme");
    const struct stepper_type *type = stepper_type_find(name);
    if (type)
        return type->create(&s->coarse, type, s->problem, coarse);
    for (; stepper_types[n]; n++)
        known[n] = stepper_types[n]->name;
    known[n] = NULL;
    return config_unknown(config_child(coarse, "name"), "scheme", name, known);
}

/* a network is an object of its own, and knows nothing of sweeps */
static int create_network(struct sdc *s, const struct node *config, struct node *network)
{
    static const struct param table[] = {
        { "fallback", P_BOOL, 0, .def = "true", .help = "a copy where its residual is smaller" },
        { 0 },
    };
    static const struct schema schema = { "network", "", table };
    static const char *const also[] = { "weights", NULL };
    if (!network || !config_text(network, "weights"))
        return config_key_error(config, "initial_guess",
                                "expected key 'network' with the `weights` of one");
    if (!sdc_guesser_create)
        return config_key_error(config, "initial_guess", "no networks here: expected another one");
    if (s->adaptive > 0.0)
        return config_key_error(config, "adaptive",
                                "expected none: the network's step has one length");
    const int err = config_bind(network, &schema, also, &s->doubts);
    return err ? err : sdc_guesser_create(&s->guesser, s->problem, s->c, network);
}

int sdc_create(struct sdc **out, struct problem *p, struct node *config)
{
    const struct problem_kernels *k = p->kernels[DEV_CPU];
    struct params v;
    int err = config_bind(config, &sdc_schema, sdc_also, &v);
    *out = NULL;
    if (err)
        return err;
    struct sdc *s = calloc(1, sizeof *s);
    if (!s)
        return log_error(-ENOMEM, "out of memory");
    s->problem = p;
    if ((err = collocation_create(&s->c, v.nodes.type, v.nodes.quadrature, (int)v.nodes.count))) {
        err = refuse(config, "nodes", err, &v, NULL);
        goto fail;
    }
    if (v.preconditioner_explicit && !k->rhs_explicit) {
        err = config_key_error(
            config, "preconditioner_explicit",
            "expected none: problem %s has no explicit term (some have a key split)", p->name);
        goto fail;
    }
    if (!v.preconditioner_explicit)
        v.preconditioner_explicit = "PIC";
    const struct qdelta_type *qi = qdelta_find(v.preconditioner),
                             *qe = qdelta_find(v.preconditioner_explicit);
    if (!qi || !qe) {
        const char *name = qi ? v.preconditioner_explicit : v.preconditioner;
        err =
            config_unknown(config_child(config, qi ? "preconditioner_explicit" : "preconditioner"),
                           "preconditioner", name, qdelta_names);
        goto fail;
    }
    s->M = s->c->M;
    s->sweeps = v.sweeps;
    s->tolerance = v.tolerance;
    s->update = v.update;
    s->record = v.record;
    s->dense = v.dense;
    s->adaptive = v.adaptive.tolerance;
    s->safety = v.adaptive.safety;
    s->first = v.adaptive.first;
    s->split = k->rhs_explicit != NULL;
    for (int i = 0; guesses[i]; i++)
        if (strcmp(guesses[i], v.guess) == 0)
            s->guess = (enum sdc_guess)i;
    if (s->adaptive > 0.0 && s->sweeps < 2) {
        err = config_key_error(
            config, "sweeps",
            "expected at least 2: the step is adapted to the change in the last one");
        goto fail;
    }
    if (s->guess == SDC_COARSE && (err = create_coarse(s, config, v.coarse)))
        goto fail;
    if (s->guess == SDC_NETWORK && (err = create_network(s, config, v.network)))
        goto fail;
    if (!qi->lower && !qi->diagonal) {
        err = config_key_error(config, "preconditioner",
                               "expected a diagonal or lower triangular one, %s is full", qi->name);
        goto fail;
    }
    if (!s->update && !s->c->includes_right) {
        err = config_key_error(config, "quadrature_update",
                               "expected true: the last of these nodes is not the end of the step");
        goto fail;
    }
    if (!k->solve && !qi->is_explicit) {
        err = config_key_error(config, "preconditioner",
                               "expected an explicit one (PIC, EE): problem %s has no implicit "
                               "solve",
                               p->name);
        goto fail;
    }
    const int last_i = qdelta_last_sweep(qi, s->c), last_e = qdelta_last_sweep(qe, s->c);
    const long tables = last_i > last_e ? last_i : last_e;
    s->tables = (int)(tables < s->sweeps ? tables : s->sweeps);
    const size_t size = (size_t)s->M * (size_t)s->M;
    s->implicit = calloc((size_t)s->tables * size, sizeof *s->implicit);
    s->explicit = calloc((size_t)s->tables * size, sizeof *s->explicit);
    if (!s->implicit || !s->explicit) {
        err = log_error(-ENOMEM, "out of memory");
        goto fail;
    }
    s->diagonal = true;
    for (int i = 0; i < s->tables; i++) {
        double *di = s->implicit + (size_t)i * size, *de = s->explicit + (size_t)i * size;
        if ((err = qdelta_generate(s->c, v.preconditioner, i + 1, di, NULL))) {
            err = refuse(config, "preconditioner", err, &v, v.preconditioner);
            goto fail;
        }
        if ((err = qdelta_generate(s->c, v.preconditioner_explicit, i + 1, de, NULL))) {
            err = refuse(config, "preconditioner_explicit", err, &v, v.preconditioner_explicit);
            goto fail;
        }
        for (int m = 0; m < s->M; m++)
            for (int j = 0; j < s->M; j++) {
                const bool below =
                    j < m && (di[m * s->M + j] != 0.0 || (s->split && de[m * s->M + j] != 0.0));
                s->diagonal &= !below;
                if (s->split && j >= m && de[m * s->M + j] != 0.0) {
                    err = config_key_error(
                        config, "preconditioner_explicit",
                        "expected a strictly lower triangular one, such as PIC or EE; %s is not",
                        v.preconditioner_explicit);
                    goto fail;
                }
            }
    }
    *out = s;
    return 0;
fail:
    sdc_destroy(&s);
    return err;
}

void sdc_destroy(struct sdc **s)
{
    if (!*s)
        return;
    collocation_destroy(&(*s)->c);
    stepper_destroy(&(*s)->coarse);
    if ((*s)->guesser)
        (*s)->guesser->destroy((*s)->guesser);
    free((*s)->implicit);
    free((*s)->explicit);
    free(*s);
    *s = NULL;
}
