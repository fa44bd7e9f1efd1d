#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
# docs/configuration.md is what the program says, and its example is valid. usage: configuration_docs.sh STARPINT
set -euo pipefail
root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
starpint=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$root/scripts/configuration-docs.sh" --check "$starpint"

awk '/^```/ { inside = $0 == "```yaml"; next } inside' "$root/docs/configuration.md" >"$work/example.yaml"
"$starpint" run "$work/example.yaml" -o "$work/out" --quiet
[ -s "$work/out/summary.json" ]

# the check can fail
mkdir "$work/docs" "$work/scripts"
cp "$root/scripts/configuration-docs.sh" "$work/scripts"
sed 's/slices/slice/' "$root/docs/configuration.md" >"$work/docs/configuration.md"
if "$work/scripts/configuration-docs.sh" --check "$starpint" >/dev/null 2>&1; then
    echo "configuration-docs.sh --check does not see a changed key"
    exit 1
fi
