// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* StarPU's performance models on disk, by what StarPU itself prints of them: the structs behind it
 * are private. */
#include "core/spt_models.h"

#include <errno.h>
#include <string.h>

#include "core/spt.h"

static char *printed(void (*print)(FILE *, void *), void *what)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return NULL;
    print(out, what);
    fclose(out);
    return text;
}

static void print_folder(FILE *out, void *none)
{
    (void)none;
    starpu_perfmodel_directory(out);
}

static void print_list(FILE *out, void *none)
{
    (void)none;
    starpu_perfmodel_list(out);
}

static void print_model(FILE *out, void *model)
{
    starpu_perfmodel_print_all(model, NULL, NULL, NULL, out);
}

void spt_models_open(void)
{
#if SPT_STARPU_AT_LEAST(1, 4)
    starpu_drivers_preinit();
#endif
    starpu_perfmodel_initialize();
}

char *spt_models_folder(void)
{
    char *text = printed(print_folder, NULL), *from = text ? strchr(text, '<') : NULL;
    char *folder = from ? strndup(from + 1, strcspn(from + 1, ">\n")) : NULL;
    free(text);
    return folder;
}

/* the newest version of the symbol of a codelet; false: there is none */
static bool find_symbol(const char *codelet, char symbol[static SPT_MODEL_SYMBOL])
{
    char *text = printed(print_list, NULL), *rest, start[SPT_MODEL_SYMBOL];
    long newest = -1;
    snprintf(start, sizeof start, "spt_%s_v", codelet);
    for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\n", &rest)) {
        const char *name = strchr(line, '<');
        char *end;
        if (!name || strncmp(name + 1, start, strlen(start)))
            continue;
        const long version = strtol(name + 1 + strlen(start), &end, 10);
        if (*end == '.' && version > newest)
            newest = version;
    }
    free(text);
    snprintf(symbol, SPT_MODEL_SYMBOL, "spt_%s_v%ld", codelet, newest);
    return newest >= 0;
}

int spt_models_read(const char *codelet, struct spt_model **list, size_t *n)
{
    char symbol[SPT_MODEL_SYMBOL], *rest, worker[sizeof(*list)->worker] = "";
    struct starpu_perfmodel model = { 0 };
    struct spt_model m;
    int err = 0;
    *list = NULL;
    *n = 0;
    if (!find_symbol(codelet, symbol) || starpu_perfmodel_load_symbol(symbol, &model))
        return 0;
    char *text = printed(print_model, &model);
    for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line && !err;
         line = strtok_r(NULL, "\n", &rest)) {
        double flops, mean, deviation;
        if (sscanf(line, "# performance model for %31s", worker) == 1)
            continue;
        if (sscanf(line, "%8x %zu %lg %lg %lg %u", &m.footprint, &m.bytes, &flops, &mean,
                   &deviation, &m.samples) != 6)
            continue;
        struct spt_model *grown = realloc(*list, (*n + 1) * sizeof *grown);
        if (!grown) {
            err = -ENOMEM;
            continue;
        }
        m.mean = 1e-6 * mean;
        m.deviation = 1e-6 * deviation;
        memcpy(m.worker, worker, sizeof worker);
        *list = grown;
        grown[(*n)++] = m;
    }
    free(text);
    starpu_perfmodel_unload_model(&model);
    return err;
}
