#!/bin/sh
# Runs test programs and scripts one after another, each with a time limit, and adds up their lines
# "ok N - name", "not ok N - name" and "ok N - name # SKIP reason". A program that crashes, hangs or
# prints no case counts as a failure, and so do files that tests leave in the checkout. Prints the sums
# last; exits 1 when anything failed.
#
# usage: [BUILD=build] [TEST_TIMEOUT=seconds] [VERBOSE=1] [RUNNER=command] tests/run.sh PROGRAM…
# RUNNER, with its arguments, stands before programs (an emulator, valgrind), not before scripts.
set -u
: "${BUILD:=build}" "${TEST_TIMEOUT:=600}" "${VERBOSE:=0}" "${RUNNER:=}"
export BUILD
: "${LSAN_OPTIONS:=suppressions=$PWD/tests/lib/leaks.txt:print_suppressions=0}"
export LSAN_OPTIONS
passed=0 failed=0 skipped=0
log=$(mktemp) || exit 2
before=$(mktemp) || exit 2
trap 'rm -f "$log" "$before"' EXIT
state() { git -c core.quotePath=false status --porcelain 2>/dev/null; }
state >"$before" || clean='no git, or no checkout'
for program in "$@"; do
  case $program in
    *.sh) timeout "$TEST_TIMEOUT" sh "$program" >"$log" 2>&1 </dev/null ;;
    # shellcheck disable=SC2086 # words of a command
    *) timeout "$TEST_TIMEOUT" $RUNNER "$program" >"$log" 2>&1 </dev/null ;;
  esac
  code=$?
  p=$(grep -c '^ok .*' "$log") s=$(grep -c '^ok .* # SKIP ' "$log") f=$(grep -c '^not ok ' "$log")
  p=$((p - s))
  name=${program#"$BUILD"/}
  if [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; then
    f=1
    if [ "$code" -eq 124 ]; then echo "not ok - $name: no end within $TEST_TIMEOUT s"
    else echo "not ok - $name: ended with code $code"; fi
    tail -n 40 "$log"
  elif [ $((p + s + f)) -eq 0 ]; then
    f=1
    echo "not ok - $name: printed no case"
  fi
  [ "$f" -gt 0 ] && grep -v '^ok ' "$log"
  [ "$VERBOSE" = 1 ] && cat "$log"
  grep '^ok .* # SKIP ' "$log" | sed "s|^ok [0-9]* - |skipped: $name: |"
  echo "$name: $p passed, $f failed, $s skipped"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
if [ -n "${clean:-}" ]; then
  skipped=$((skipped + 1))
  echo "skipped: the checkout is as it was # SKIP $clean"
elif state | diff "$before" - >"$log"; then
  passed=$((passed + 1))
  echo 'the checkout is as it was: 1 passed, 0 failed, 0 skipped'
else
  failed=$((failed + 1))
  echo 'not ok - tests (or somebody meanwhile) changed the checkout:'
  cat "$log"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
