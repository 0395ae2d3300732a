#!/bin/sh
# What the README shows is true: its XML files are valid, its commands run, its folders exist.
#
# usage: [BUILD=build] sh tests/check_readme.sh
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
count=0 failed=0

# report NAME CODE: the output of a failure stands in $tmp/out.
report() {
  count=$((count + 1))
  if [ "$2" -eq 0 ]; then
    echo "ok $count - $1"
  else
    failed=$((failed + 1))
    echo "not ok $count - $1"
    sed 's/^/  /' "$tmp/out"
  fi
}

awk -v folder="$tmp" '/^```xml/ { n++; inside = 1; next } /^```/ { inside = 0 }
  inside { print > (folder "/" n ".xml") }' README.md
for file in "$tmp"/*.xml; do
  "$BUILD/ghostbench" validate "$file" >"$tmp/out" 2>&1
  report "the README's XML $(basename "$file") is valid" $?
done

# Indented lines that begin with the program, one after another in a folder of their own, where the
# input stands that they name. Those that measure are only looked at, not run.
sed -n 's|^    build/ghostbench ||p' README.md | grep -v '^bench' >"$tmp/commands"
: >"$tmp/out"
[ -s "$tmp/commands" ]
report "the README shows commands" $?
case $BUILD in /*) program=$BUILD/ghostbench ;; *) program=$PWD/$BUILD/ghostbench ;; esac
mkdir "$tmp/folder"
{ # an array of zeros, (1, 3, 224, 224), in NumPy's format: a header of 128 bytes, then the values
  printf '\223NUMPY\001\000\166\000'
  printf '%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 224, 224), }"
  head -c $((3 * 224 * 224 * 4)) /dev/zero
} >"$tmp/folder/x.npy"
while read -r words; do
  eval "set -- $words" # with the quotes that a reader would type
  case $1 in run) set -- "$@" --no-plots ;; esac
  (cd "$tmp/folder" && "$program" "$@") >"$tmp/out" 2>&1 </dev/null
  code=$?
  # A time may be invalid on a busy machine.
  case "$words" in run*latency*) [ $code -ne 3 ] || code=0 ;; esac
  # Exit code 3 with the reason is right where valgrind cannot run: a build with sanitizers.
  if [ $code -eq 3 ] && why=$(grep -o 'valgrind cannot run.*\|built without valgrind.*\|valgrind is not installed.*' "$tmp/out"); then
    count=$((count + 1))
    echo "ok $count - ghostbench $words # SKIP $why"
  else
    report "ghostbench $words" $code
  fi
done <"$tmp/commands"

sed -n 's/^| `\([a-z/]*\/\)`.*/\1/p' README.md | sort -u >"$tmp/folders"
: >"$tmp/out"
while read -r folder; do
  [ -d "$folder" ] || echo "$folder is no folder" >>"$tmp/out"
done <"$tmp/folders"
[ ! -s "$tmp/out" ]
report "the README's folders exist" $?
[ "$failed" -eq 0 ]
