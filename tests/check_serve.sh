#!/bin/sh
# ghostbench bench --serve: one line of JSON for each line of commands, and words for wrong ones.
set -u
cd "$(dirname "$0")/.." || exit 1
program=${BUILD:-build}/ghostbench
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
count=0 failed=0

check() { # name, condition…
  name=$1
  shift
  count=$((count + 1))
  if "$@"; then
    echo "ok $count - $name"
  else
    failed=$((failed + 1))
    echo "not ok $count - $name"
    cat "$tmp/out" "$tmp/err" | cut -c 1-200 | sed 's/^/# /'
  fi
}

serve() { # lines on standard input
  code=0
  "$program" bench eegnet --serve --threads 1 "$@" >"$tmp/out" 2>"$tmp/err" || code=$?
}
line() { sed -n "$1p" "$tmp/out"; }
numbers() { line "$1" | tr -cd ',' | wc -c; } # commas: one less than numbers

printf 'run 3\ninput\noutput\nquit\nrun 1\n' | { serve; echo $code >"$tmp/code"; }
greets() { line 1 | grep -q '"schema": "ghostbench-serve-1".*"network": "eegnet".*"input": \[1, 1, 64, 128\]'; }
check 'greets with network and shapes' greets
runs() { [ "$(numbers 2)" -eq 2 ] && line 2 | grep -q '^{"samples_ms": \[[0-9.,]*\]}$'; }
check 'run 3 gives three samples' runs
tensors() { [ "$(numbers 3)" -eq 8191 ] && [ "$(numbers 4)" -eq 3 ]; }
check 'input and output are whole tensors' tensors
ends() { [ "$(wc -l <"$tmp/out")" -eq 4 ] && [ "$(cat "$tmp/code")" = 0 ]; }
check 'quit ends it' ends

# The output does not depend on who computes it, and is that of forward.
printf 'run 1\noutput\n' | serve --engine reference
line 3 | sed 's,.*\[,,; s,\].*,,' | tr ',' '\n' >"$tmp/reference"
printf 'run 1\noutput\n' | serve
line 3 | sed 's,.*\[,,; s,\].*,,' | tr ',' '\n' >"$tmp/native"
same() {
  [ "$(wc -l <"$tmp/native")" -eq 4 ] &&
    paste "$tmp/native" "$tmp/reference" | awk '{ d = $1 - $2; if (d > 1e-4 || d < -1e-4) exit 1 }'
}
check 'both engines give one output' same

for words in 'run 0' 'run' 'runn' 'run 1000000'; do
  echo "$words" | { serve; echo $code >"$tmp/code"; }
  refused() { [ "$(cat "$tmp/code")" = 2 ] && grep -q "'$words' is not known: run N" "$tmp/err"; }
  check "refuses '$words'" refused
done
[ $failed = 0 ]
