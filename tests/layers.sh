#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
# The layers (docs/architecture.md) point one way: prints file:line of what does not, and exits 1.
# --self-test plants a violation of each rule in a copy of the tree and expects each to be found.
set -uo pipefail
shopt -s nullglob extglob

found=0
report() # RULE, then file:line:text on stdin
{
    local line
    while IFS= read -r line; do
        echo "${line%%"${line#*:*:}"} $1"
        found=1
    done
}
forbid() # RULE REGEX FILE...
{
    [ $# -lt 3 ] || report "$1" < <(grep -nHP -- "$2" "${@:3}")
}

includes() # FOLDER ALLOWED...: of ours, a file includes headers of ALLOWED, by their path from the root
{
    local folder=$1 allowed files
    allowed=$(IFS='|'; echo "${*:2}")
    files=("$folder"/*.{c,h,cu})
    forbid "$folder/ may include headers of only: ${*:2}" \
        "^\s*#\s*include\s*\"(?!($allowed)/[^/\"]+\"|spt_config\.h\")" "${files[@]}"
}

# Headers of core/ that bring StarPU or MPI in, however indirectly, as a regular expression
starpu_headers()
{
    local pattern='<starpu|<mpi\.h>|"core/(spt|starpu_compat)\.h"' before='' names='core/(spt|starpu_compat)\.h'
    while [ "$pattern" != "$before" ]; do
        before=$pattern
        names=$(grep -lE "^\s*#\s*include\s*($pattern)" core/*.h | sort | tr '\n' '|')
        names=${names}core/spt.h\|core/starpu_compat.h
        pattern="<starpu|<mpi\\.h>|\"(${names//./\\.})\""
    done
    echo "$pattern"
}

check_tree()
{
    local folder files
    includes core core
    includes problems problems core
    includes nn nn core
    includes codelets codelets problems nn core
    includes tasks tasks codelets problems nn core
    includes drivers drivers tasks codelets problems nn core
    local math=({problems,nn}/*.{c,h,cu}) methods=({tasks,drivers}/*.{c,h,cu})
    forbid "problems/ and nn/ know no StarPU and no MPI" "^\s*#\s*include\s*[<\"](starpu|mpi\.h)" "${math[@]}"
    forbid "problems/ and nn/ include only headers of core/ that are free of StarPU" \
        "^\s*#\s*include\s*($(starpu_headers))" "${math[@]}"
    forbid "tasks/ and drivers/ touch no numbers" '_GET_PTR\b' "${methods[@]}"
    forbid "tasks/ and drivers/ insert no tasks of their own: access modes belong in codelets/" \
        '\bSTARPU_(R|W|RW)\b' "${methods[@]}"
    for folder in problems nn codelets tasks drivers; do
        files=("$folder"/*.{c,h,cu})
        forbid "data are acquired in core/ only" 'data_acquire' "${files[@]}"
        [ "$folder" != codelets ] || files=(codelets/!(codelets).h codelets/*.{c,cu})
        forbid "SPT_CUDA is asked for in core/ and codelets/codelets.h only" '^\s*#\s*(el)?if.*\bSPT_CUDA\b' "${files[@]}"
    done
    return $found
}

self_test()
{
    local copy planted=0 missed=0 folder line said
    copy=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$copy'" EXIT
    mkdir "$copy/tests"
    cp "${BASH_SOURCE[0]}" "$copy/tests/layers.sh"
    for folder in core problems nn codelets tasks drivers; do
        mkdir "$copy/$folder"
        cp "$folder"/*.{c,h,cu} "$copy/$folder/" 2>/dev/null
    done
    printf '#include "core/spt.h"\n' >"$copy/core/planted_starpu.h"
    printf '#include "core/planted_starpu.h"\n' >"$copy/core/planted_indirect.h"
    while IFS=$'\t' read -r folder line; do
        planted=$((planted + 1))
        printf '\n%s\n' "$line" >"$copy/$folder/planted.c"
        said=$("$copy/tests/layers.sh")
        if ! grep -q "^$folder/planted.c:2: " <<<"$said"; then
            echo "tests/layers.sh does not find '$line' in $folder/"
            missed=1
        fi
        rm "$copy/$folder/planted.c"
    done <<PLANTED
core	#include "problems/problem.h"
core	#include "exec.h"
problems	#include "nn/nn.h"
problems	#include "codelets/codelets.h"
problems	# include <starpu.h>
problems	#include <mpi.h>
problems	#include "core/spt.h"
nn	#include "problems/problem.h"
nn	#include <starpu_mpi.h>
nn	#include "core/starpu_compat.h"
nn	#include "core/planted_indirect.h"
codelets	#include "tasks/parareal.h"
codelets	#include "../core/exec.h"
tasks	#include "drivers/starpint.h"
drivers	#include "tests/check.h"
tasks	double *u = (double *)STARPU_VECTOR_GET_PTR(buffer);
tasks	starpu_data_acquire(u, STARPU_R);
drivers	starpu_data_acquire(u, m);
codelets	starpu_data_acquire(u, STARPU_R);
tasks	insert(cl, STARPU_RW, u);
drivers	insert(cl, STARPU_W, u);
problems	#if SPT_CUDA
codelets	#  elif defined(SPT_CUDA)
tasks	#ifdef SPT_CUDA
PLANTED
    echo "#if SPT_CUDA" >"$copy/codelets/codelets.h" # allowed there
    said=$("$copy/tests/layers.sh")
    if grep "^codelets/codelets.h:" <<<"$said"; then
        echo "tests/layers.sh forbids what is allowed"
        missed=1
    fi
    [ $missed = 0 ] && echo "each of $planted planted violations was found"
    return $missed
}

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
case ${1:-} in
'') check_tree ;;
--self-test) self_test ;;
*) echo "usage: tests/layers.sh [--self-test]" >&2; exit 2 ;;
esac
