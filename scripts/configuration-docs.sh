#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
# docs/configuration.md: a hand-written head, and the tables that `starpint list --markdown` prints.
set -euo pipefail

usage()
{
    cat <<'HELP'
usage: scripts/configuration-docs.sh [--check] [STARPINT]
Writes docs/configuration.md from the schemas in the program STARPINT (build/drivers/starpint).
  --check   writes nothing: prints the difference and exits with status 1 if the file is out of date
HELP
}

check=0
case ${1:-} in
-h | --help) usage; exit 0 ;;
--check) check=1; shift ;;
esac
[ $# -le 1 ] || { usage >&2; exit 2; }
root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
starpint=${1:-$root/build/drivers/starpint}
[ -x "$starpint" ] || { echo "configuration-docs.sh: no program $starpint: build it, or name one" >&2; exit 2; }

new=$(mktemp)
trap 'rm -f "$new"' EXIT
cat >"$new" <<'HEAD'
<!-- SPDX-FileCopyrightText: 2026 The StarPinT authors
     SPDX-License-Identifier: GPL-2.0-or-later
     Written by scripts/configuration-docs.sh: change the schemas in the sources, or the head in the script. -->

# Configuration

`starpint run` reads one YAML file. `examples/` holds complete ones. The tables below come from the schemas that parse
the file, so they hold for the program of the same version; `starpint list --markdown` prints them.

```yaml
problem: {name: heat, grid: 64, initial: {kind: sine}}
time:    {start: 0, end: 1}
method:
  name: parareal
  slices: 8
  fine:   {name: crank_nicolson, steps: 20}
  coarse: {name: implicit_euler, steps: 1}
observe: [{name: centre, at: [0.5]}]
```

- **Names choose.** `problem`, `method` and every propagator are maps whose key `name` chooses which other keys they
  may have.
- **Unknown keys are errors**, and so are values of the wrong type or out of range. The program then prints one line,
  with file, line, key and what was expected, and exits with status 2.
- **Overrides.** `--set path.to.key=value` wins over the file; the value is YAML and entries of lists are counted from 0:
  `--set observe.0.name=centre --set 'problem.grid=[101, 101]'`. `STARPU_*` variables win over both.
- **The effective configuration**, with every default filled in, is written to `config.yaml` in the output folder and
  runs again as it is.
- **Types.** A number may be written as `1e-8`. Where a list is expected, one number stands for a list of one. A complex
  number is `[re, im]`.
- In the tables an empty default means optional; an empty range means any value. `[a, b)` includes a and excludes b.

HEAD
"$starpint" list --markdown >>"$new"

if [ $check = 1 ]; then
    diff -u "$root/docs/configuration.md" "$new" && exit
    echo "docs/configuration.md is out of date: run scripts/configuration-docs.sh" >&2
    exit 1
fi
cp "$new" "$root/docs/configuration.md"
chmod 644 "$root/docs/configuration.md"
