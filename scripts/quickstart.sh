#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
# From a fresh clone to a first result: packages, build, one example, its pictures.
set -euo pipefail

usage()
{
    cat <<'HELP'
usage: scripts/quickstart.sh [--no-install]
Installs missing Debian packages (scripts/install-deps.sh), builds in build/, and prices an option by Parareal twice,
with a numerical scheme as coarse propagator (examples/black_scholes_2d.yaml) and with a trained neural operator
(examples/black_scholes_pino.yaml). Results, pictures and traces are in results/ (replacing what is there). Takes a
few minutes, most of them for packages.
  --no-install   do not install missing Debian packages
HELP
}

install=1
for arg in "$@"; do
    case $arg in
    -h | --help) usage; exit 0 ;;
    --no-install) install=0 ;;
    *) echo "quickstart.sh: unknown option $arg (see --help)" >&2; exit 2 ;;
    esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
say() { printf '\n== %s\n' "$*"; }

if [ $install = 1 ]; then
    say "packages"
    scripts/install-deps.sh
fi

say "building in build/"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
setup=(meson setup build --buildtype=release)
[ ! -e build/build.ninja ] || setup+=(--reconfigure)
if ! "${setup[@]}" >"$log" 2>&1; then
    tail -n 15 "$log"
    echo "quickstart.sh: configuring failed: build/meson-logs/meson-log.txt" >&2
    exit 1
fi
ninja -C build --quiet

export STARPU_SILENT=1
for name in black_scholes_2d black_scholes_pino; do
    say "starpint run examples/$name.yaml -o results/$name"
    build/drivers/starpint run examples/$name.yaml -o results/$name --set trace.enabled=true --overwrite >"$log"
    grep -E '^[a-z_]+\(t = ' "$log"
    sed -n '/^ *k  /,/^$/p' "$log"
    grep -E '^(One slice|Speedup|Bounds|Network|Status)' "$log"
    if grep -q '^Status: finished' "$log"; then
        echo "Note: Parareal stopped at its last iteration before the increment met the tolerance."
    fi
    build/drivers/starpint plot results/$name >/dev/null
done

printf '%s\n' "" "Pictures:" results/black_scholes_{2d,pino}/*.png "Traces, for a browser:" \
    results/black_scholes_{2d,pino}/trace/trace.html
