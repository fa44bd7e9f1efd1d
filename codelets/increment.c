// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* The increment of one slice, taken into what is known of the iteration; failures are found and
 * named here. Buffers: u_new, u_old (R), before (R), after (W, struct progress). On the CPU only:
 * it feeds the host's decision and is off the critical path. */
#include <math.h>
#include <string.h>

#include "codelets/codelets.h"
#include "core/vec.h"

struct args {
    double tolerance, growth;
    int first;
};

static void increment(void *buf[], void *arg)
{
    struct spt_meta m;
    struct args a;
    const bool active = spt_begin(arg, &m, &a);
    struct progress p;
    memcpy(&p, VEC(buf[2]), sizeof p);
    if (a.first)
        p.leading = m.slice;
    if (!active && !spt_interrupted())
        return;

    struct failure f = { .kind = FAILURE_NONE };
    if (spt_interrupted())
        f = (struct failure){ FAILURE_INTERRUPTED, m.slice, m.iteration, m.role, "", "" };
    else {
        const struct exec x = spt_exec(NULL, 0);
        double sums[3]; /* |new - old|^2, |new|^2, max */
        vec_distance(&x, LEN(buf[0]), VEC(buf[0]), VEC(buf[1]), sums);
        const double norm = sqrt(sums[1]), change = sqrt(sums[0]);
        const double relative = norm > 0.0 ? change / norm : change;
        if (!spt_failure(m.run, m.slice, m.iteration, &f)) {
            const bool serial = m.role == ROLE_SERIAL; /* nothing was corrected */
            f = (struct failure){ FAILURE_NONE, m.slice,
                                  m.iteration,  serial ? ROLE_SERIAL : ROLE_NONE,
                                  "",           "" };
            snprintf(f.codelet, sizeof f.codelet, "%s", serial ? "advance" : "correct");
            snprintf(f.label, sizeof f.label, "%s", serial && m.label ? m.label : "");
            if (!isfinite(norm) || !isfinite(change))
                f.kind = FAILURE_NONFINITE;
            else if (a.growth > 0.0 && p.scale > 0.0 && norm > a.growth * p.scale)
                f.kind = FAILURE_GROWTH;
        }
        if (!(relative <= p.increment)) /* also takes a NaN in */
            p.increment = relative, p.worst = m.slice;
        if (p.leading == m.slice && relative <= a.tolerance)
            p.leading = m.slice + 1;
    }
    if (f.kind != FAILURE_NONE && p.failure == FAILURE_NONE) {
        p.failure = f.kind;
        p.slice = f.slice;
        p.iteration = f.iteration;
        p.role = f.role;
        memcpy(p.codelet, f.codelet, sizeof p.codelet);
        memcpy(p.label, f.label, sizeof p.label);
    }
    memcpy(VEC(buf[3]), &p, sizeof p);
}

static struct starpu_perfmodel model = { .type = STARPU_HISTORY_BASED,
                                         .symbol = "spt_increment_v1" };

static struct starpu_codelet cl = {
    .name = "increment",
    .color = 0xb3a06a,
    .cpu_funcs = { increment },
    .cpu_funcs_name = { "increment" },
    .nbuffers = 4,
    .modes = { STARPU_R, STARPU_R, STARPU_R, STARPU_W },
    .model = &model,
};

void spt_increment(struct spt *run, double tolerance, double growth, bool first,
                   starpu_data_handle_t u_new, starpu_data_handle_t u_old,
                   starpu_data_handle_t before, starpu_data_handle_t after)
{
    const struct args a = { tolerance, growth, first };
    spt_insert(run, &cl, STARPU_VALUE, &a, sizeof a, STARPU_R, u_new, STARPU_R, u_old, STARPU_R,
               before, STARPU_W, after, STARPU_FLOPS, 4.0 * (double)spt_size(u_new), 0);
}

void progress_failure(const struct progress *p, struct failure *f)
{
    *f = (struct failure){
        (enum failure_kind)p->failure, (int)p->slice, (int)p->iteration, (int)p->role, "", ""
    };
    memcpy(f->codelet, p->codelet, sizeof f->codelet);
    memcpy(f->label, p->label, sizeof f->label);
}
