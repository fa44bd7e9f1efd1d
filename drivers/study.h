// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Studies of schemes and of Parareal (`starpint analyze`), on plain pointers and, but for
 * efficiency, without tasks. */
#ifndef SPT_STUDY_H
#define SPT_STUDY_H

#include <stdio.h>

#include "drivers/schema.h"
#include "problems/stepper.h"

struct study;

/* One row per kind in drivers/analyze.c: what stands under `kind:` in a list of studies. */
struct study_kind {
    const char *name, *help;
    const struct schema *schema;
    /* Binds and makes everything that a config can be wrong about. 0, or a negative errno after an
     * error line */
    int (*create)(struct study **s, struct node *config);
};
extern const struct study_kind *const study_kinds[]; /* ends with NULL */
extern const struct study_kind stability_kind, convergence_kind, spectra_kind, work_precision_kind,
    efficiency_kind, parareal_kind;
extern const char *const study_also[]; /* keys of every study */
extern const struct schema analyze_schema, study_schema;

struct study {
    int (*compute)(struct study *);                 /* 0, or a negative errno after an error line */
    void (*csv)(const struct study *, FILE *out);   /* the numbers, with a line of names */
    void (*print)(const struct study *, FILE *out); /* a summary */
    int (*draw)(FILE *script, const void *study);
    void (*destroy)(struct study *);
};

/* ---- schemes.c: entries of `schemes:`, those of SDC once for each number of sweeps ---- */

enum { SCHEME_LABEL = 120 };

struct scheme {
    const struct node *config;
    const struct stepper_type *type;
    int row, column;          /* of the entry, of the number of sweeps */
    long sweeps;              /* 0: no SDC, or as the entry says */
    char label[SCHEME_LABEL]; /* of the entry */
};
struct schemes {
    size_t n;
    int rows, columns;
    struct scheme *v; /* (n) by rows */
};

/* config: of the study */
int schemes_create(struct schemes *s, const struct node *config, const struct nodes *entries,
                   const struct ints *sweeps);
/* one entry that is not of a list; it may have keys of a propagator */
int scheme_find(struct scheme *s, const struct node *entry);
/* its key `steps`; of: "of the whole interval" */
int scheme_steps(const struct node *entry, const char *of, long *steps);
void schemes_free(struct schemes *s);
int scheme_stepper(struct stepper **out, const struct scheme *s, struct problem *p);
/* "MIN-SR-NS, K = 2" */
const char *scheme_text(const struct scheme *s, char text[SCHEME_LABEL + 32]);

/* ---- plain.c: where a study starts, a state that a scheme has led there ---- */

struct spinup_params {
    double time; /* 0: none */
    struct node *scheme;
};
extern const struct schema spinup_schema;
#define SPINUP_PARAM(type, member)                                                                 \
    {                                                                                              \
        "spinup", P_MAP, offsetof(type, member),                                                   \
            .sub = &spinup_schema, .help = "what the initial state goes through before"            \
    }
/* -EINVAL after an error line; config: of the study */
int spinup_check(const struct spinup_params *v, struct problem *p, struct node *problem,
                 const struct node *config);
/* u (problem->n) at `start`: the initial state at start - time, advanced. 0, or a negative errno
 * after an error line */
int spinup_state(const struct spinup_params *v, struct problem *p, struct node *problem,
                 double start, double *u);

/* ---- runs.c: errors and costs of schemes for numbers of steps ---- */

struct runs_params {
    struct node *problem;
    struct time_params time;
    struct spinup_params spinup;
    struct nodes schemes;
    struct ints sweeps, steps;
    struct node *reference;
    const char *error, *norm;
    long repetitions; /* of every run, the fastest is timed; 0: 1 */
};
#define RUNS_PARAMS(type, runs) /* the rows of their keys */                                       \
    { "problem", P_NODE, offsetof(type, runs.problem), .help = "what is solved; see problem" },    \
        { "time", P_MAP, offsetof(type, runs.time), .sub = &time_schema, .help = "the interval" }, \
        SPINUP_PARAM(type, runs.spinup),                                                           \
        { "schemes", P_NODES, offsetof(type, runs.schemes),                                        \
          .help = "one-step propagators, without steps" },                                         \
        { "sweeps",                                                                                \
          P_INTS,                                                                                  \
          offsetof(type, runs.sweeps),                                                             \
          .def = "",                                                                               \
          .min = 1,                                                                                \
          .max = 1000,                                                                             \
          .unit = "sweeps",                                                                        \
          .help = "of every sdc scheme; none: as the scheme says" },                               \
        { "steps",    P_INTS,          offsetof(type, runs.steps),     .min = 1,                   \
          .max = 1e9, .unit = "steps", .help = "of the whole interval" },                          \
        { "reference", P_NODE, offsetof(type, runs.reference), .def = "",                          \
          .help = "a one-step propagator with its steps, run instead of the exact solution" },     \
        { "error",                                                                                 \
          P_CHOICE,                                                                                \
          offsetof(type, runs.error),                                                              \
          .def = "final",                                                                          \
          .choices = runs_errors,                                                                  \
          .help = "at the end, or the maximum over the ends of all steps" },                       \
    {                                                                                              \
        "norm", P_CHOICE, offsetof(type, runs.norm),                                               \
            .def = "max", .choices = runs_norms,                                                   \
            .help = "max: largest modulus; l2: root of the sum of squares; rms: of their mean"     \
    }
extern const char *const runs_errors[], *const runs_norms[];

struct run {
    long steps;
    double error; /* infinite where the scheme failed or its result is not finite */
    double seconds;
    struct work_count work;
};
struct runs {
    struct runs_params v;
    struct problem *problem;
    struct schemes schemes;
    struct scheme reference;
    long reference_steps;
    struct run *run; /* (schemes.n, v.steps.n) */
    double *u0;      /* (problem->n) at the start */
    double scale;    /* norm of the solution at the end */
};

/* config: of the study */
int runs_create(struct runs *r, const struct runs_params *v, const struct node *config);
int runs_compute(struct runs *r, const char *what);
void runs_free(struct runs *r);
void runs_csv(const struct runs *r, FILE *out);
static inline const struct run *runs_of(const struct runs *r, size_t scheme)
{
    return r->run + scheme * r->v.steps.n;
}

#endif
