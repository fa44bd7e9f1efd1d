#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds StarPU 1.4 in one of four flavours that Debian's package does not come in.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/starpint
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
suites=(sid trixie) # the first that has a StarPU 1.4

usage()
{
    cat <<HELP
usage: scripts/build-starpu.sh FLAVOUR [PREFIX]
  fxt      CPU workers, StarPU-MPI, FxT traces (starpu_fxt_tool)
  cuda     the same with CUDA workers; needs nvcc, but no GPU
  simgrid  simulated CPU and CUDA workers, FxT traces; no MPI: configure StarPinT with -Dmpi=disabled
  smpi     simulated workers on simulated MPI nodes; static libraries, for programs compiled with smpicc
PREFIX is where to install it; ~/.cache/starpint/starpu-FLAVOUR-VERSION if not given. Nothing is done when it is
there already. The last line of the output is PREFIX. It takes 1 to 2 minutes on two cores. Then:
  meson setup build-FLAVOUR --pkg-config-path PREFIX/lib/pkgconfig
Environment:
  STARPU_TARBALL   a local StarPU 1.4 source tarball; else Debian's source package is downloaded, once
  DEBIAN_MIRROR    where from ($mirror)
  CUDA_HOME        the CUDA toolkit; else the one of nvcc on PATH, else /usr/local/cuda
  JOBS             compile jobs at a time ($(nproc))
The tools it needs beyond a compiler: scripts/install-deps.sh --dev
HELP
}
say() { echo "build-starpu.sh: $*" >&2; }
die() { say "$@"; exit 1; }

case ${1:-} in -h | --help) usage; exit 0 ;; esac
flavour=${1:-}
prefix=${2:-}
case $flavour in
fxt | cuda | simgrid | smpi) [ $# -le 2 ] || { usage >&2; exit 2; } ;;
*) usage >&2; exit 2 ;;
esac
[ -z "$prefix" ] || prefix=$(realpath -m -- "$prefix")

cuda=
flags=(--disable-opencl --disable-build-doc --disable-build-doc-pdf --disable-build-examples --disable-build-tests
    --disable-socl --disable-starpurm --disable-starpupy --disable-starpufft --disable-fortran
    --enable-maxcpus=256 --enable-maxbuffers=32)
case $flavour in
fxt)
    flags+=(--with-fxt --enable-mpi --disable-cuda --disable-static) ;;
cuda)
    cuda=$("$(dirname "${BASH_SOURCE[0]}")/cuda-home.sh") || exit 1
    flags+=(--enable-cuda "--with-cuda-dir=$cuda" "--with-cuda-lib-dir=$cuda/lib64/stubs" --with-fxt --enable-mpi
        --enable-maxcudadev=8 --disable-static) ;;
simgrid)
    flags+=(--enable-simgrid --with-fxt --disable-cuda --disable-mpi --enable-maxcudadev=16 --disable-static) ;;
smpi)
    flags+=(--enable-simgrid --enable-mpi --with-mpicc=/usr/bin/smpicc --with-mpicxx=/usr/bin/smpicxx
        --disable-cuda --enable-maxcudadev=16 --disable-fxt --disable-shared --enable-static) ;;
esac

# The newest tarball among those downloaded before; nothing if there is none.
cached() { find "$cache" -maxdepth 1 -name 'starpu_1.4.*.orig.tar.gz' 2>/dev/null | sort -V | tail -n 1 || true; }

# Debian's source package, by an apt of its own: neither the system's sources nor its package lists are touched.
download()
{
    command -v apt-get >/dev/null || die "no apt-get here: name a StarPU 1.4 source tarball in STARPU_TARBALL"
    local suite apt=$work/apt
    mkdir -p "$cache" "$apt/lists/partial" "$apt/archives/partial"
    local options=(-qq -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$apt/lists"
        -o "Dir::Cache=$apt" -o "APT::Sandbox::User=$(id -un)")
    for suite in "${suites[@]}"; do
        say "looking for StarPU 1.4 in Debian $suite"
        echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$apt/sources.list"
        if (cd "$apt" && apt-get "${options[@]}" update && apt-get "${options[@]}" source --download-only starpu) >>"$log" 2>&1 &&
            mv "$apt"/starpu_1.4.*.orig.tar.gz "$cache/" 2>>"$log"; then
            return
        fi
    done
    tail -n 5 "$log" >&2
    die "no source package of StarPU 1.4 from $mirror: without a network, name a tarball in STARPU_TARBALL"
}

work=$(mktemp -d)
log=$work/log
trap 'rm -rf "$work"' EXIT
tarball=${STARPU_TARBALL:-$(cached)}
if [ -z "$tarball" ] && { [ -z "$prefix" ] || [ ! -e "$prefix/.starpint" ]; }; then
    download
    tarball=$(cached)
fi
if [ -n "$tarball" ]; then
    [ -r "$tarball" ] || die "cannot read $tarball"
    version=$(tar -xOf "$tarball" --wildcards '*/configure' --occurrence=1 2>/dev/null | sed -n "s/^PACKAGE_VERSION='\(.*\)'/\1/p") || true
    [[ $version == 1.4.* ]] || die "$tarball is no source tarball of StarPU 1.4 (with a configure script)"
else
    read -r _ version _ <"$prefix/.starpint"
fi
prefix=${prefix:-$cache/starpu-$flavour-$version}

stamp="$flavour $version ${flags[*]}"
if [ -e "$prefix/.starpint" ]; then
    read -r held rest <"$prefix/.starpint"
    if [ "$held $rest" = "$stamp" ]; then
        say "StarPU $version ($flavour) is there already"
        echo "$prefix"
        exit 0
    fi
    [ "$held" = "$flavour" ] || die "$prefix holds the flavour $held: give another PREFIX, or remove it"
fi

need() { "${@:2}" >/dev/null 2>&1 || die "the flavour $flavour needs $1: scripts/install-deps.sh --dev"; }
need pkg-config command -v pkg-config
need hwloc pkg-config --exists hwloc
case $flavour in fxt | cuda | simgrid) need FxT pkg-config --exists fxt ;; esac
case $flavour in fxt | cuda) need mpicc command -v mpicc ;; esac
case $flavour in simgrid | smpi) need SimGrid pkg-config --exists simgrid ;; esac
case $flavour in smpi) need smpicc test -x /usr/bin/smpicc; need xsltproc command -v xsltproc ;; esac

step() # NAME COMMAND...: quiet unless it fails; then the end of its output, and the whole log is kept
{
    "${@:2}" >>"$log" 2>&1 && return
    cp "$log" "${TMPDIR:-/tmp}/build-starpu-$flavour.log"
    tail -n 25 "$log" >&2
    die "$1 failed; the whole log is in ${TMPDIR:-/tmp}/build-starpu-$flavour.log"
}

# CUDA 13 took computeMode out of struct cudaDeviceProp.
patch_cuda()
{
    local file old='if (props\[devid\]\.computeMode == cudaComputeModeExclusive)'
    local new='int compute_mode = 0;\n\tif (cudaDeviceGetAttribute(\&compute_mode, cudaDevAttrComputeMode, devid) == cudaSuccess \&\& compute_mode == cudaComputeModeExclusive)'
    for file in src/drivers/cuda/*.c; do
        sed -i "s/$old/$new/" "$file"
    done
    ! grep -n 'computeMode' src/drivers/cuda/*.c
}

say "building StarPU $version ($flavour) into $prefix"
mkdir "$work/src"
step "unpacking $tarball" tar -xf "$tarball" -C "$work/src" --strip-components=1
cd "$work/src"
[ -z "$cuda" ] || step "the CUDA 13 patch" patch_cuda
step configure ./configure --quiet "--prefix=$prefix" "${flags[@]}"
step make make -j "${JOBS:-$(nproc)}" V=0
mkdir -p "$prefix"
rm -f "$prefix/.starpint"
step "make install" make install V=0

# What was installed is what was asked for, and it starts.
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig STARPU_HOME=$work STARPU_WORKERS_NOBIND=1 STARPU_SILENT=1
has() { grep -q "^#define $1 1" "$prefix"/include/starpu/1.4/starpu_config.h; }
machine_display()
{
    case $flavour in
    fxt) "$prefix/bin/starpu_machine_display" ;;
    cuda) # the driver's library comes with a GPU; the toolkit's stub stands in for it
        ln -s "$cuda/lib64/stubs/libcuda.so" "$work/libcuda.so.1"
        LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$work STARPU_NCUDA=0 "$prefix/bin/starpu_machine_display" ;;
    simgrid | smpi) # a machine among StarPU's own samples
        STARPU_PERF_MODEL_DIR=$work/src/tools/perfmodels/sampling STARPU_HOSTNAME=mirage "$prefix/bin/starpu_machine_display" ;;
    esac
}
[ "$(pkg-config --modversion starpu-1.4)" = "$version" ] || die "$prefix/lib/pkgconfig has no StarPU $version"
case $flavour in fxt | cuda | smpi) pkg-config --exists starpumpi-1.4 || die "StarPU was built without MPI" ;; esac
case $flavour in fxt | cuda | simgrid) has STARPU_USE_FXT || die "StarPU was built without FxT" ;; esac
case $flavour in cuda) has STARPU_USE_CUDA || die "StarPU was built without CUDA" ;; esac
case $flavour in simgrid | smpi) has STARPU_SIMGRID || die "StarPU was built without SimGrid" ;; esac
step starpu_machine_display machine_display

echo "$stamp" >"$prefix/.starpint"
say "StarPU $version ($flavour) is ready"
echo "$prefix"
