#!/bin/sh
# ghostbench explain: the terms sum to the gap; of a network and itself no work, bytes or calls
# differ. What the times are decides nothing.
#
# usage: [BUILD=build] sh tests/networks/check_explain.sh
cd "$(dirname "$0")/../.." && . tests/lib/script.sh || exit 1

explain() {
  "$program" explain "$@" >"$tmp/out" 2>"$tmp/err"
  code=$?
  [ $code -ne 3 ] || code=0 # a time may be invalid on a busy machine
}
value() { # term: its value in seconds
  sed -n "s/^\"$1_s\": {\"value\": \\([^,]*\\),.*/\\1/p" "$tmp/out"
}

explain eegnet eeg-tcnet --runs 8 --json
sum=$(for t in gap work bytes calls rate residual; do echo "$t $(value $t)"; done | awk '
  NF != 2 { bad = 1 } $1 == "gap" { gap = $2; next } { sum += $2 }
  END { d = gap - sum; if (d < 0) d = -d; print (bad || d > 1e-12 ? "gap " gap ", sum " sum : "") }')
[ $code -eq 0 ] || sum="$sum; exit code $code"
report 'the terms sum to the gap' "$sum"

# The total of each kind's terms is that of the network, term by term.
sum=$(awk '/"kind": / { n++; line = $0; sub(/.*"work_s": /, "", line); w += line + 0 }
  /^"work_s"/ { line = $0; sub(/.*"value": /, "", line); whole = line + 0 }
  END { d = whole - w; if (d < 0) d = -d; print (n < 3 || d > 1e-12 ? n " kinds, work " w " of " whole : "") }' \
  "$tmp/out")
report "the kinds' work sums to the network's" "$sum"

explain eegnet eegnet --runs 8 --json
why=
for t in work bytes calls; do
  [ "$(value $t)" = 0 ] || why="$why $t $(value $t)"
done
[ $code -eq 0 ] || why="$why; exit code $code"
report 'a network and itself: no work, bytes or calls between them' "$why"

explain eegnet eeg-tcnet --runs 8
why=
[ $code -eq 0 ] && grep -q '^eeg-tcnet has .* of the MACs of eegnet\|take the same time' "$tmp/out" ||
  why="exit code $code, or no words"
report 'the answer in words' "$why"

refused() { # what it says, arguments
  says=$1
  shift
  "$program" explain "$@" >"$tmp/out" 2>"$tmp/err"
  code=$?
  why=
  [ $code -eq 2 ] && grep -q -- "$says" "$tmp/err" || why="exit code $code, or it does not say '$says'"
  report "explain $*: refused" "$why"
}
refused 'name two architectures' eegnet
refused '--runs 5 is not allowed' eegnet eeg-tcnet --runs 5
refused 'nosuch' eegnet nosuch
finish
