#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the folder of the CUDA toolkit: CUDA_HOME, else that of the nvcc on PATH, else /usr/local/cuda.
# The nvcc on PATH may be a link or a script that calls another one, so it is asked and not its path looked at.
set -euo pipefail

case ${1:-} in
'') ;;
-h | --help) echo "usage: scripts/cuda-home.sh"; exit 0 ;;
*) echo "usage: scripts/cuda-home.sh" >&2; exit 2 ;;
esac
home=${CUDA_HOME:-}
if [ -z "$home" ] && command -v nvcc >/dev/null; then
    home=$(nvcc --dryrun -x cu /dev/null 2>&1 | sed -n 's/^#\$ TOP=//p')
fi
home=$(realpath -m -- "${home:-/usr/local/cuda}")
if [ ! -x "$home/bin/nvcc" ]; then
    echo "cuda-home.sh: no nvcc in $home/bin: install the CUDA toolkit, or name it in CUDA_HOME" >&2
    exit 1
fi
echo "$home"
