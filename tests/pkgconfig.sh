#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
# C programs find the installed libraries by pkg-config and link them: one solves the heat equation, one prints the
# coefficients of SDC, for which it needs neither StarPU nor anything else. usage: pkgconfig.sh BUILD
set -euo pipefail
build=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

meson install -C "$build" --no-rebuild --destdir "$work/root" >"$work/log" || { cat "$work/log"; exit 1; }
pc=$(find "$work/root" -name starpint.pc)
[ -s "$pc" ]
# the destination is not where it would be installed to
sed -i "s|^prefix=|prefix=$work/root|" "$pc" "$(dirname "$pc")/starpint-collocation.pc"
PKG_CONFIG_PATH=$(dirname "$pc")${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
pkg-config --validate starpint starpint-collocation

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
cat >"$work/coefficients.c" <<'C'
#include <core/collocation.h>
#include <stdio.h>

int main(void)
{
    struct collocation *c;
    double QD[9];
    char text[COLLOCATION_TEXT];
    int err = collocation_create(&c, "legendre", "radau_right", 3);

    if (err || (err = qdelta_generate(c, "MIN-SR-S", 1, QD, NULL)))
        return puts(collocation_explain(text, err, "legendre", "radau_right", 3, "MIN-SR-S"));
    for (int m = 0; m < c->M; m++)
        printf("%.15f %.15f\n", c->tau[m], QD[m * c->M + m]);
    collocation_destroy(&c);
    return 0;
}
C
flags=$(pkg-config --cflags --libs starpint)
alone=$(pkg-config --cflags --libs starpint-collocation)
if [[ -n $(find "$build" -maxdepth 1 -name compile_commands.json -exec grep -l -e -fsanitize= {} +) ]]; then
    flags+=" -fsanitize=address,undefined"
    alone+=" -fsanitize=address,undefined"
fi
# StarPU may lie where the loader does not look
LD_LIBRARY_PATH=$(pkg-config --libs-only-L starpint | sed 's/-L//g; s/ \+$//; s/ \+/:/g')${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
# shellcheck disable=SC2086
${CC:-cc} -Wall -Werror -o "$work/heat" "$work/heat.c" $flags
"$work/heat"
# shellcheck disable=SC2086
${CC:-cc} -Wall -Werror -o "$work/coefficients" "$work/coefficients.c" $alone
diff - <("$work/coefficients") <<'EXPECTED'
0.155051025721682 0.104049940250017
0.644948974278318 0.332812745428507
1.000000000000000 0.481290140210092
EXPECTED
if ldd "$work/coefficients" | grep -v -E 'linux-vdso|/ld-linux|lib([cm]|asan|ubsan|gcc_s|stdc\+\+|dl|rt|pthread|resolv)\.so'; then
    echo "the coefficients of SDC need more than the C library"
    exit 1
fi
