#!/bin/sh
# The program under valgrind: no read of memory that nobody wrote, no access outside, no leak. Its
# processor knows AVX2, not AVX-512.
#
# This is the quick part that `make check` runs: forward on EEGNet and on a small GhostNet with each
# kind of cheap operation, two threads. `make valgrind` (tests/valgrind.sh) has the tests as well.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}" "${VARIANT:=release}"
GHOSTBENCH_ISA=avx2
export GHOSTBENCH_ISA
count=0 failed=0
[ "$VARIANT" = release ] ||
  { echo "ok 1 - valgrind # SKIP the sanitizers of VARIANT=$VARIANT watch memory already"; exit 0; }
command -v valgrind >/dev/null 2>&1 || { echo "ok 1 - valgrind # SKIP there is no valgrind here"; exit 0; }
case $(uname -m) in
  x86_64) grep -q ' avx2 ' /proc/cpuinfo ||
    { echo "ok 1 - valgrind # SKIP this processor has no AVX2"; exit 0; } ;;
  *) GHOSTBENCH_ISA= ;;
esac
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

watched() { # name, arguments of ghostbench
  name=$1
  shift
  count=$((count + 1))
  if valgrind -q --error-exitcode=9 --leak-check=full \
    "$BUILD/ghostbench" "$@" >"$tmp/out" 2>&1; then
    echo "ok $count - $name"
  else
    failed=$((failed + 1))
    echo "not ok $count - $name"
    tail -n 60 "$tmp/out" | sed 's/^/  /'
  fi
}

# An array of NumPy's of zeros: its header of 128 bytes, then the floats.
array() { # file, shape, floats
  header="{'descr': '<f4', 'fortran_order': False, 'shape': ($2), }"
  { printf '\223NUMPY\001\000\166\000'; printf '%-117s\n' "$header"; head -c $(($3 * 4)) /dev/zero; } >"$1"
}

forward() { # case, network, shape, floats, settings…
  name=$1 network=$2
  array "$tmp/x.npy" "$3" "$4"
  shift 4
  "$BUILD/ghostbench" init "$network" "$@" --seed 1 -o "$tmp/w.safetensors" >"$tmp/out" 2>&1
  watched "forward.$name" forward "$network" "$@" -w "$tmp/w.safetensors" -i "$tmp/x.npy" \
    -o "$tmp/y.npy" --threads 2
}

forward eegnet eegnet '1, 1, 64, 128' 8192
for cheap in depthwise mixed affine wavelet; do
  forward ghostnet.$cheap ghostnet '1, 3, 64, 64' 12288 \
    --set resolution=64 --set width=0.5 --set cheap=$cheap
done
[ "$failed" -eq 0 ]
