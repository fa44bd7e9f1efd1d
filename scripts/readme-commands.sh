#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
# The commands in the README's blocks marked ```sh: prints them, or runs them as a reader would.
set -uo pipefail
shopt -s extglob

usage()
{
    cat <<'HELP'
usage: scripts/readme-commands.sh [--run] [--skip COMMAND]... [FILE]
Prints the commands in FILE's (README.md) blocks marked ```sh, in order.
  --run            runs them in one shell from the folder of FILE; the last line is "N passed, N failed"
  --skip COMMAND   leaves this one out: it is tested elsewhere
What should not be run (a viewer with a window, a cluster's launcher) stands in blocks marked otherwise.
HELP
}

run=0
skip=()
while [ $# -gt 0 ]; do
    case $1 in
    --run) run=1; shift ;;
    --skip) skip+=("${2:?--skip needs a command}"); shift 2 ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "readme-commands.sh: unknown option $1 (see --help)" >&2; exit 2 ;;
    *) break ;;
    esac
done
file=${1:-$(dirname "${BASH_SOURCE[0]}")/../README.md}
[ -r "$file" ] || { echo "readme-commands.sh: cannot read $file" >&2; exit 1; }

# One command may take several lines: they belong together as long as the shell finds them incomplete.
commands=()
command=
while IFS= read -r line; do
    command+=${command:+$'\n'}$line
    if [[ $line == *\\ ]] || [ -n "$(bash -n <<<"$command" 2>&1)" ]; then
        continue
    fi
    [[ $command =~ ^[[:space:]]*(#.*)?$ ]] || commands+=("$command")
    command=
done < <(awk '/^ *```/ { inside = !inside && $1 == "```sh"; next } inside' "$file")
[ -z "$command" ] || { echo "readme-commands.sh: $file: incomplete: $command" >&2; exit 1; }
[ ${#commands[@]} -gt 0 ] || { echo "readme-commands.sh: $file has no block marked \`\`\`sh" >&2; exit 1; }

if [ $run = 0 ]; then
    printf '%s\n' "${commands[@]}"
    exit 0
fi
cd "$(dirname "$file")" || exit 1
set +u
passed=0
failed=0
for command in "${commands[@]}"; do
    for left_out in "${skip[@]}"; do
        [ "${command%%*([[:space:]])#*}" != "$left_out" ] || continue 2
    done
    echo "\$ $command"
    eval "$command" </dev/null
    status=$?
    if [ $status = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "readme-commands.sh: exit status $status from: $command" >&2
    fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
