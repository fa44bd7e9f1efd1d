// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* starpint list: from the schemas that parse the configs, so it cannot be out of date. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "drivers/commands.h"
#include "drivers/schema.h"
#include "problems/stepper.h"
#include "tasks/serial.h"

static void brief(const char *name, const char *help)
{
    printf("  %-18s %s\n", name, help);
}

static void document(const char *title, const char *name, const char *help, const struct schema *s)
{
    printf("\n### %s `%s`\n\n%s.\n\n", title, name, help);
    if (s)
        schema_document(s, stdout);
    else
        printf("No keys of its own.\n");
}

static void problems(bool markdown)
{
    if (markdown)
        printf("\n## problem\n\nThe key `name` chooses one of:\n");
    else
        puts("problems:");
    for (int i = 0; problem_types[i]; i++) {
        const struct problem_type *t = problem_types[i];
        if (markdown)
            document("problem:", t->name, t->help, t->schema);
        else
            brief(t->name, t->help);
    }
}

static void methods(bool markdown)
{
    if (markdown) {
        printf("\n## method\n\nThe key `name` chooses one of:\n");
        document("method:", "serial", serial_schema.help, &serial_schema);
        document("method:", "parareal", parareal_schema.help, &parareal_schema);
        return;
    }
    puts("methods:");
    brief("serial", serial_schema.help);
    brief("parareal", parareal_schema.help);
}

static void propagators(bool markdown)
{
    if (markdown) {
        printf("\n## propagator\n\nWhat stands under `propagator:`, `fine:` and `coarse:`. The key `name` chooses. "
               "Every one-step propagator has the keys\n\n");
        schema_document(&stepping_schema, stdout);
        printf("\nand its own:\n");
    } else
        puts("propagators:");
    for (int i = 0; stepper_types[i]; i++) {
        if (markdown)
            document("propagator:", stepper_types[i]->name, stepper_types[i]->help, stepper_types[i]->schema);
        else
            brief(stepper_types[i]->name, stepper_types[i]->help);
    }
    for (int i = 0; propagator_types[i]; i++) {
        if (markdown)
            document("propagator:", propagator_types[i]->name, propagator_types[i]->help, propagator_types[i]->schema);
        else
            brief(propagator_types[i]->name, propagator_types[i]->help);
    }
}

static void rest(bool markdown)
{
    if (!markdown)
        return;
    document("", "time", time_schema.help, &time_schema);
    document("list", "observe", observe_schema.help, &observe_schema);
    document("", "output", output_schema.help, &output_schema);
    document("", "machine", machine_schema.help, &machine_schema);
    document("", "trace", trace_schema.help, &trace_schema);
}

static const struct {
    const char *name;
    void (*print)(bool markdown);
} parts[] = { { "problems", problems }, { "methods", methods }, { "propagators", propagators }, { "rest", rest } };
enum { PARTS = sizeof parts / sizeof *parts };

int command_list(int argc, char **argv)
{
    bool markdown = false;
    const char *what = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            puts("Usage: starpint list [problems|methods|propagators] [--markdown]\n"
                 "What can stand in a config. --markdown: every key with type, default, range, unit and meaning.\n"
                 "Example: starpint list propagators");
            return 0;
        }
        if (strcmp(argv[i], "--markdown") == 0)
            markdown = true;
        else if (what)
            return exit_code(log_error(-EINVAL, "list: one thing at a time, got '%s' and '%s'", what, argv[i]));
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
        return exit_code(log_error(-EINVAL, "list: unknown '%s', expected problems, methods or propagators%s%s%s", what,
                                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : ""));
    }
    return 0;
}
