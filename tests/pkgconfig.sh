#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
# A C program finds the installed library by pkg-config, links it and solves the heat equation. usage: pkgconfig.sh BUILD
set -euo pipefail
build=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

meson install -C "$build" --no-rebuild --destdir "$work/root" >"$work/log" || { cat "$work/log"; exit 1; }
pc=$(find "$work/root" -name starpint.pc)
[ -s "$pc" ]
sed -i "s|^prefix=|prefix=$work/root|" "$pc" # the destination is not where it would be installed to
PKG_CONFIG_PATH=$(dirname "$pc")${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
pkg-config --validate starpint

cat >"$work/heat.c" <<'C'
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <problems/stepper.h>

int main(void)
{
    struct config *c;
    struct problem *p;
    struct stepper *s;
    if (config_parse(&c, "heat", "problem: {name: heat, grid: 32}\nscheme: {name: crank_nicolson}\n") ||
        problem_create(&p, config_child(config_root(c), "problem")))
        return 1;
    const struct stepper_type *type = stepper_type_find("crank_nicolson");
    if (type->create(&s, type, p, config_child(config_root(c), "scheme")))
        return 1;
    double u[32], exact[32], error = 0, *work = aligned_alloc(64, exec_round(s->nwork) * sizeof *work);
    const struct exec x = exec_host(work, s->nwork);
    p->initial(p, 0, u);
    for (long i = 0; i < 100; i++)
        s->step(s, &x, (struct interval){ 0, 0.1, i, 100 }, u, u);
    p->exact(p, 0.1, exact);
    for (int i = 0; i < 32; i++)
        error = fmax(error, fabs(u[i] - exact[i]));
    printf("error %.2e\n", error);
    return !(fabs(error - 3.45e-7) < 1e-8); /* t (nu k^2)^3 dt^2/12 exp(-nu k^2 t), k = 2 pi */
}
C
flags=$(pkg-config --cflags --libs starpint)
if [[ -n $(find "$build" -maxdepth 1 -name compile_commands.json -exec grep -l -e -fsanitize= {} +) ]]; then
    flags+=" -fsanitize=address,undefined"
fi
# StarPU may lie where the loader does not look
LD_LIBRARY_PATH=$(pkg-config --libs-only-L starpint | sed 's/-L//g; s/ \+$//; s/ \+/:/g')${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
# shellcheck disable=SC2086
${CC:-cc} -Wall -Werror -o "$work/heat" "$work/heat.c" $flags
"$work/heat"
