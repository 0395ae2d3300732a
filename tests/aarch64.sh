#!/bin/sh
# `make check-aarch64`: builds for 64-bit ARM with Debian's cross compiler and runs the tests of kernels,
# layers and whole networks under qemu-user, so that NEON is tested where there is no ARM processor.
#
# usage: tests/aarch64.sh [PROGRAM…]   (under build/aarch64/; without: those tests)
#
# Where compiler, emulator or libraries cannot be had, the line is a skip with the reason, and the exit
# code 0. The emulator shows neither speed nor counters: times are not looked at.
set -u
cd "$(dirname "$0")/.." || exit 2
: "${MAKE:=make}"
build=build/aarch64
root=$PWD/$build/sysroot
skip() {
  echo "ok 1 - aarch64 # SKIP $*"
  exit 0
}
sh harness/setup.sh build cross || skip "compiler and emulator cannot be had here (see above)"
sh harness/sysroot.sh arm64 $build/sysroot || skip "libraries for arm64 cannot be had here (see above)"
if [ $# = 0 ]; then
  for source in tests/kernels/test_*.c tests/layers/test_*.c \
    tests/networks/test_native.c tests/networks/test_steps.c tests/networks/test_merge.c \
    tests/networks/test_strips.c; do
    set -- "$@" "$build/${source%.c}"
  done
fi
PKG_CONFIG_SYSROOT_DIR=$root
PKG_CONFIG_LIBDIR=$root/usr/lib/aarch64-linux-gnu/pkgconfig:$root/usr/share/pkgconfig
export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR
$MAKE --no-print-directory CC="aarch64-linux-gnu-gcc --sysroot=$root" BUILD=$build \
  $build/ghostbench "$@" || exit 2
# Whole networks are a hundred times slower here: every sixth, unless said otherwise.
: "${GHOSTBENCH_QUICK:=1}"
: "${TEST_TIMEOUT:=1800}"
export GHOSTBENCH_QUICK TEST_TIMEOUT
BUILD=$build RUNNER="qemu-aarch64 -L $root" sh tests/run.sh "$@"
