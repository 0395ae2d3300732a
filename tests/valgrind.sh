#!/bin/sh
# `make valgrind`: the program (tests/check_valgrind.sh) and the tests of kernels, layers and networks under
# valgrind's memcheck. The tests try each instruction set that valgrind's processor has: AVX2 and baseline.
#
# usage: [BUILD=build] tests/valgrind.sh PROGRAM…
set -u
cd "$(dirname "$0")/.." || exit 2
# Networks run fifty times slower here: every sixth, unless said otherwise.
: "${GHOSTBENCH_QUICK:=1}" "${TEST_TIMEOUT:=3600}"
GHOSTBENCH_ISA=avx2
export GHOSTBENCH_QUICK TEST_TIMEOUT GHOSTBENCH_ISA
RUNNER="valgrind -q --error-exitcode=9 --leak-check=full" sh tests/run.sh tests/check_valgrind.sh "$@"
