#!/bin/sh
# Runs each fuzzer for some seconds and says what it found. Inputs that reach new code are kept in
# BUILD/corpus/NAME for the next time, findings in BUILD/findings; the seeds are only read.
#
# usage: [BUILD=build/clang-fuzz] [FUZZ_SECONDS=60] tests/fuzz/run.sh FUZZER…
set -u
: "${BUILD:=build/clang-fuzz}" "${FUZZ_SECONDS:=60}"
case $FUZZ_SECONDS in
  '' | 0 | *[!0-9]*)
    echo "FUZZ_SECONDS is \"$FUZZ_SECONDS\"; a whole number from 1 is allowed" >&2
    exit 2
    ;;
esac
found=0
log=
trap '[ -z "$log" ] || rm -f "$log"' EXIT
trap 'exit 130' HUP INT TERM
log=$(mktemp) || exit 2
for fuzzer in "$@"; do
  name=${fuzzer##*/fuzz_}
  corpus=$BUILD/corpus/$name
  findings=$BUILD/findings/$name-
  mkdir -p "$corpus" "$BUILD/findings"
  set -- -max_total_time="$FUZZ_SECONDS" -max_len=8192 -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$findings"
  # The last of two flags counts: a format that needs larger files says so.
  [ ! -f "tests/fuzz/$name.flags" ] || set -- "$@" "$(cat "tests/fuzz/$name.flags")"
  [ ! -f "tests/fuzz/$name.dict" ] || set -- "$@" -dict="tests/fuzz/$name.dict"
  "$fuzzer" "$@" "$corpus" "tests/fuzz/seeds/$name" >"$log" 2>&1 </dev/null
  code=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  if [ "$code" -eq 0 ]; then
    echo "$name: ${runs:-?} inputs in $FUZZ_SECONDS s, no finding"
  else
    found=$((found + 1))
    echo "$name: ended with code $code; the input that did it is in $BUILD/findings:"
    grep -E 'ERROR|SUMMARY|runtime error|Test unit written' "$log" || tail -n 20 "$log"
  fi
done
[ "$found" -eq 0 ]
