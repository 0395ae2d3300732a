#!/bin/sh
# Replays the seeds of every fuzz target with the compiler at hand: one case a target.
set -u
: "${BUILD:=build}"
n=0 failed=0
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
for source in tests/fuzz/fuzz_*.c; do
  name=${source##*/fuzz_}
  name=${name%.c}
  n=$((n + 1))
  if timeout 60 "$BUILD/tests/fuzz/replay_$name" "tests/fuzz/seeds/$name"/* >"$log" 2>&1; then
    echo "ok $n - seeds of $name"
  else
    tail -n 20 "$log" | sed 's/^/# /'
    echo "not ok $n - seeds of $name"
    failed=1
  fi
done
exit $failed
