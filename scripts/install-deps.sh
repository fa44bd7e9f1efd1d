#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs the Debian packages that StarPinT needs; what is there already is left alone.
set -euo pipefail

usage()
{
    cat <<'HELP'
usage: scripts/install-deps.sh [--test] [--dev] [--list]
  (nothing)  what building and running StarPinT needs
  --test     also what its tests need
  --dev      also what every row of continuous integration needs: other compilers, FxT, SimGrid, a browser
  --list     only print the packages, one per line
Uses apt-get, through sudo when not root. On other systems it prints the list and exits with status 1.
HELP
}

packages=(gcc make pkg-config meson ninja-build libstarpu-dev libopenmpi-dev openmpi-bin libfftw3-dev libhdf5-dev
    libyaml-dev libjansson-dev libopenblas-dev gnuplot-nox)
test_packages=(libcmocka-dev pajeng graphviz hdf5-tools recutils)
dev_packages=(clang clang-format shellcheck git libclang-rt-14-dev libfxt-dev fxt-tools libhwloc-dev libglpk-dev
    libsimgrid-dev xsltproc chromium)
is_optional() # part of another package, or of none, in other releases
{
    [ "$1" = libclang-rt-14-dev ] || [ "$1" = chromium ]
}

list=0
for arg in "$@"; do
    case $arg in
    --test) packages+=("${test_packages[@]}") ;;
    --dev) packages+=("${dev_packages[@]}") ;;
    --list) list=1 ;;
    -h | --help) usage; exit 0 ;;
    *) echo "install-deps.sh: unknown option $arg (see --help)" >&2; exit 2 ;;
    esac
done
if [ "$list" = 1 ]; then
    printf '%s\n' "${packages[@]}"
    exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "install-deps.sh: no apt-get here; install what corresponds to these Debian packages:" >&2
    printf '%s\n' "${packages[@]}"
    exit 1
fi

as_root()
{
    if [ "$(id -u)" = 0 ]; then
        DEBIAN_FRONTEND=noninteractive "$@"
    elif command -v sudo >/dev/null; then
        sudo DEBIAN_FRONTEND=noninteractive "$@"
    else
        echo "install-deps.sh: neither root nor sudo; as root, run: apt-get install ${missing[*]}" >&2
        exit 1
    fi
}
installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
candidate() { apt-cache policy "$1" | grep 'Candidate:' | grep -vq '(none)'; }

missing=()
for package in "${packages[@]}"; do
    installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt()
{
    as_root apt-get -qq "$@" >"$log" 2>&1 </dev/null && return
    echo "install-deps.sh: 'apt-get $*' failed:" >&2
    grep -E '^(E|W|Err)' "$log" | tail -n 3 >&2 || tail -n 3 "$log" >&2
    return 1
}

unknown=()
for package in "${missing[@]}"; do
    candidate "$package" || is_optional "$package" || unknown+=("$package")
done
updated=0
if [ ${#unknown[@]} -gt 0 ]; then
    apt update || true
    updated=1
fi
wanted=()
for package in "${missing[@]}"; do
    if candidate "$package"; then
        wanted+=("$package")
    elif ! is_optional "$package"; then
        echo "install-deps.sh: apt-get finds no package $package: is there a network, and is this Debian 12?" >&2
        exit 1
    fi
done
[ ${#wanted[@]} -gt 0 ] || exit 0
echo "installing: ${wanted[*]}"
install=(-y --no-install-recommends install "${wanted[@]}")
# Package lists older than the servers name files that are gone: refresh them once.
if [ "$updated" = 0 ]; then
    apt "${install[@]}" 2>/dev/null && exit 0
    apt update || true
fi
apt "${install[@]}"
