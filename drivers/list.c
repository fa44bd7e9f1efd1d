// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* starpint list: from the schemas that parse the configs, so it cannot be out of date. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/collocation.h"
#include "core/log.h"
#include "core/spt.h"
#include "drivers/commands.h"
#include "drivers/schema.h"
#include "drivers/study.h"
#include "drivers/training.h"
#include "drivers/tune.h"
#include "nn/network.h"
#include "problems/stepper.h"
#include "tasks/serial.h"

static void brief(const char *name, const char *help)
{
    printf("  %-18s %s\n", name, help);
}

/* a phrase as a sentence; what starts with a symbol (u' = ...) keeps its case */
static void sentence(const char *text)
{
    const bool word =
        islower((unsigned char)text[0]) && strchr(" abcdefghijklmnopqrstuvwxyz", text[1]);
    printf("%c%s.\n", word ? toupper((unsigned char)text[0]) : text[0], text + 1);
}

static void keys(const struct schema *s)
{
    putchar('\n');
    if (s && s->params->key)
        schema_document(s, stdout);
    else
        puts("No keys of its own.");
}

static void document(const char *title, const char *name, const char *help, const struct schema *s)
{
    printf("\n### %s%s`%s`\n\n", title, *title ? " " : "", name);
    sentence(help);
    keys(s);
}

/* the top level: its maps have sections of their own */
static void config(bool markdown)
{
    static const struct schema *const sections[] = { &time_schema, &observe_schema, &output_schema,
                                                     &machine_schema, &trace_schema };
    static const struct param none[] = { { 0 } };
    static const struct schema below = { "", "", none };
    struct param rows[16] = { { 0 } };
    const struct schema top = { run_schema.name, run_schema.help, rows };
    size_t n = 0;
    for (const struct param *p = run_schema.params; p->key; p++, n++) {
        SPT_CHECK(n + 1 < sizeof rows / sizeof *rows);
        rows[n] = *p;
        if (p->sub)
            rows[n].sub = &below;
        if (strcmp(p->key, "tune") == 0) /* bound by its own command, but no name chooses it */
            rows[n].type = P_MAP, rows[n].sub = &below;
    }
    if (!markdown) {
        puts("config:");
        for (size_t i = 0; i < n; i++)
            brief(rows[i].key, rows[i].help);
        return;
    }
    puts("## Top level");
    keys(&top);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        document("", sections[i]->name, sections[i]->help, sections[i]);
}

static void problems(bool markdown)
{
    if (markdown)
        printf("\n## problem\n\nThe key `name` chooses the problem.\n");
    else
        puts("problems:");
    for (int i = 0; problem_types[i]; i++) {
        const struct problem_type *t = problem_types[i];
        if (markdown)
            document("problem", t->name, t->help, t->schema);
        else
            brief(t->name, t->help);
    }
}

static void methods(bool markdown)
{
    if (markdown) {
        printf("\n## method\n\nThe key `name` chooses the method.\n");
        document("method", "serial", serial_schema.help, &serial_schema);
        document("method", "parareal", parareal_schema.help, &parareal_schema);
        return;
    }
    puts("methods:");
    brief("serial", serial_schema.help);
    brief("parareal", parareal_schema.help);
}

static void propagators(bool markdown)
{
    if (markdown) {
        printf(
            "\n## propagator\n\nWhat stands under `propagator:`, `fine:` and `coarse:`. The key "
            "`name` chooses the "
            "propagator.\n\n### every one-step propagator\n\n"
            "The propagators made of others, `coarsen` and `parareal`, do not have these keys.\n");
        keys(&stepping_schema);
    } else
        puts("propagators:");
    for (int i = 0; stepper_types[i]; i++) {
        if (markdown)
            document("propagator", stepper_types[i]->name, stepper_types[i]->help,
                     stepper_types[i]->schema);
        else
            brief(stepper_types[i]->name, stepper_types[i]->help);
    }
    for (int i = 0; propagator_types[i]; i++) {
        const struct propagator_type *t = propagator_types[i];
        if (!markdown)
            brief(t->name, t->help);
        else if (t->schema == &parareal_schema)
            printf("\n### propagator `parareal`\n\nParareal inside another method. The keys are "
                   "those of the method "
                   "`parareal`;\n`tolerance` has to be 0 (which is its default here) and `windows` "
                   "1: the number of "
                   "iterations is fixed.\n");
        else
            document("propagator", t->name, t->help, t->schema);
    }
}

static void preconditioners(bool markdown)
{
    if (markdown)
        printf("\n## preconditioner\n\nThe Q-Delta of `{name: sdc}`; case and the signs - and _ do "
               "not count. "
               "A diagonal one solves all nodes of a sweep at once.\n\n"
               "| name | also | form | meaning |\n|---|---|---|---|\n");
    else
        puts("preconditioners:");
    for (const struct qdelta_type *t = qdelta_types; t->name; t++) {
        char also[64] = "";
        const char *form = t->diagonal      ? "diagonal"
                           : t->is_explicit ? "explicit"
                           : t->lower       ? "lower triangular"
                                            : "full";
        for (int i = 0; t->aliases[i]; i++)
            snprintf(also + strlen(also), sizeof also - strlen(also), "%s%s", i ? ", " : "",
                     t->aliases[i]);
        if (markdown)
            printf("| `%s` | %s | %s%s | %s |\n", t->name, also, form,
                   t->sweeps ? ", per sweep" : "", t->help);
        else
            printf("  %-18s %s (%s%s)\n", t->name, t->help, form, t->sweeps ? ", per sweep" : "");
    }
}

static void networks(bool markdown)
{
    if (markdown)
        printf("\n## network\n\nWhat stands under `network:`, and in files of weights "
               "([networks.md](networks.md)). The key `name` chooses the network.\n");
    else
        puts("networks:");
    for (int i = 0; network_types[i]; i++) {
        const struct network_type *t = network_types[i];
        if (markdown)
            document("network", t->name, t->help, t->schema);
        else
            brief(t->name, t->help);
    }
}

static void training(bool markdown)
{
    if (!markdown) {
        puts("losses:");
        for (int i = 0; loss_types[i]; i++)
            brief(loss_types[i]->name, loss_types[i]->help);
        puts("optimisers:");
        for (int i = 0; optimiser_types[i]; i++)
            brief(optimiser_types[i]->name, optimiser_types[i]->help);
        puts("schedules:");
        for (int i = 0; schedule_types[i]; i++)
            brief(schedule_types[i]->name, schedule_types[i]->help);
        return;
    }
    printf("\n## train\n\nWhat `starpint train` reads besides `problem`, `time`, `machine` and "
           "`trace` ([training.md](training.md)).\n");
    keys(&train_schema);
    printf("\nThe keys `name` of `loss`, `optimiser` and `schedule` choose what other keys they "
           "have.\n");
    document("train:", "data", dataset_schema.help, &dataset_schema);
    for (int i = 0; loss_types[i]; i++)
        document("loss", loss_types[i]->name, loss_types[i]->help, loss_types[i]->schema);
    for (int i = 0; optimiser_types[i]; i++)
        document("optimiser", optimiser_types[i]->name, optimiser_types[i]->help,
                 optimiser_types[i]->schema);
    for (int i = 0; schedule_types[i]; i++)
        document("schedule", schedule_types[i]->name, schedule_types[i]->help,
                 schedule_types[i]->schema);
}

static void analyses(bool markdown)
{
    if (markdown) {
        printf("\n## analyze\n\nWhat `starpint analyze` reads: a list under the key `analyze`. The "
               "key `kind` of an entry chooses the study.\n\n### every study\n");
        keys(&study_schema);
    } else
        puts("analyses:");
    for (int i = 0; study_kinds[i]; i++) {
        if (markdown)
            document("study", study_kinds[i]->name, study_kinds[i]->help, study_kinds[i]->schema);
        else
            brief(study_kinds[i]->name, study_kinds[i]->help);
    }
}

static void tune(bool markdown)
{
    if (!markdown) {
        puts("tune:");
        for (const struct param *p = tune_schema.params; p->key; p++)
            brief(p->key, p->help);
        return;
    }
    printf(
        "\n## tune\n\nWhat `starpint tune` reads besides the rest of a run's config, and "
        "`starpint run` leaves alone ([tuning.md](tuning.md)).\n`vary` is a map from keys of the "
        "config, and variables of StarPU's, to values.\n");
    keys(&tune_schema);
}

/* those of this StarPU: not part of the documentation, which is the same everywhere */
static void schedulers(bool markdown)
{
    struct starpu_sched_policy **known = starpu_sched_get_predefined_policies();
    if (markdown)
        return;
    puts("schedulers of this StarPU (*: what `starpint tune` tries if it is not told):");
    for (int i = 0; known[i]; i++)
        printf("  %-32s %c %s\n", known[i]->policy_name,
               tune_by_default(known[i]->policy_name) ? '*' : ' ',
               known[i]->policy_description ? known[i]->policy_description : "");
}

static const struct {
    const char *name;
    void (*print)(bool markdown);
} parts[] = { { "config", config },
              { "problems", problems },
              { "methods", methods },
              { "propagators", propagators },
              { "preconditioners", preconditioners },
              { "networks", networks },
              { "training", training },
              { "analyses", analyses },
              { "tune", tune },
              { "schedulers", schedulers } };
enum { PARTS = sizeof parts / sizeof *parts };

int command_list(int argc, char **argv)
{
    bool markdown = false;
    const char *what = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            puts("Usage: starpint list "
                 "[config|problems|methods|propagators|preconditioners|networks|"
                 "training|analyses|tune|schedulers] [--markdown]\n"
                 "What can stand in a config. --markdown: every key with type, default, range, "
                 "unit and meaning.\n"
                 "Example: starpint list propagators");
            return 0;
        }
        if (strcmp(argv[i], "--markdown") == 0)
            markdown = true;
        else if (what)
            return exit_code(
                log_error(-EINVAL, "list: one thing at a time, got '%s' and '%s'", what, argv[i]));
        else
            what = argv[i];
    }
    const char *known[PARTS + 1] = { NULL };
    bool found = false;
    for (int i = 0; i < PARTS; i++) {
        known[i] = parts[i].name;
        if (!what || strcmp(what, parts[i].name) == 0) {
            parts[i].print(markdown);
            found = true;
        }
    }
    if (!found) {
        const char *near = config_nearest(what, known);
        return exit_code(
            log_error(-EINVAL,
                      "list: unknown '%s', expected config, problems, methods, "
                      "propagators, preconditioners, networks, training, analyses, tune or "
                      "schedulers%s%s%s",
                      what, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : ""));
    }
    return 0;
}
