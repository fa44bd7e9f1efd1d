#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds StarPinT and runs its tests. The last line is "N passed, N failed"; exit status 0 if none failed.
set -uo pipefail

usage()
{
    cat <<'HELP'
usage: scripts/test.sh [--build DIR] [--suite NAME]... [--no-install] [-- MESON_SETUP_OPTION...]
  --build DIR    build folder, made if missing (build)
  --suite NAME   only these tests: unit, run, mpi, cuda, examples, cli (default: all)
  --no-install   do not install missing Debian packages
example: scripts/test.sh --build build-debug --suite unit -- --buildtype=debug
HELP
}

build=build
install=1
suites=()
while [ $# -gt 0 ]; do
    case $1 in
    --build) build=${2:?--build needs a folder}; shift 2 ;;
    --suite) suites+=(--suite "${2:?--suite needs a name}"); shift 2 ;;
    --no-install) install=0; shift ;;
    -h | --help) usage; exit 0 ;;
    --) shift; break ;;
    *) echo "test.sh: unknown option $1 (see --help)" >&2; exit 2 ;;
    esac
done

finish() # PASSED FAILED
{
    echo "$1 passed, $2 failed"
    [ "$2" = 0 ]
    exit
}

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
[ $install = 0 ] || scripts/install-deps.sh --test || finish 0 1
setup=(meson setup "$build" -Dtests=enabled "$@")
[ ! -e "$build/build.ninja" ] || setup+=(--reconfigure)
if ! said=$("${setup[@]}" 2>&1); then
    tail -n 15 <<<"$said"
    echo "test.sh: configuring failed: $build/meson-logs/meson-log.txt"
    finish 0 1
fi
ninja -C "$build" --quiet || finish 0 1

log=$build/meson-logs/testlog.json
rm -f "$log"
meson test -C "$build" --no-rebuild --print-errorlogs "${suites[@]}" </dev/null
status=$?
[ -s "$log" ] || { echo "test.sh: no test ran"; finish 0 1; }
read -r passed failed skipped < <(python3 - "$log" <<'COUNT'
import json, sys
results = [json.loads(line)['result'] for line in open(sys.argv[1])]
passed = sum(r in ('OK', 'EXPECTEDFAIL') for r in results)
skipped = results.count('SKIP')
print(passed, len(results) - passed - skipped, skipped)
COUNT
)
# what meson calls a failure is one here, whatever was counted; and so is that nothing was tested
[ $((passed + failed)) -gt 0 ] && { [ $status = 0 ] || [ "$failed" -gt 0 ]; } || failed=$((failed + 1))
[ "$skipped" = 0 ] || echo "$skipped skipped"
finish "$passed" "$failed"
