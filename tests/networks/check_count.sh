#!/bin/sh
# ghostbench count: the harness's own work through PAPI equals what describe counts, simulated
# instructions repeat exactly, wrong requests are refused, and nothing missing is a zero.
#
# usage: [BUILD=build] sh tests/networks/check_count.sh
cd "$(dirname "$0")/../.." && . tests/lib/script.sh || exit 1


# "NAME VALUE" of the whole network for each event of a group.
totals() { # json
  awk -F'"' '/"event": / { event = $4 } /"total": / { v = $0; sub(/.*: /, "", v); sub(/,.*/, "", v);
    if (event != "") print event, v; event = "" }' "$1"
}

name='the work that PAPI reads back is what describe counts'
if "$program" count --counters list | grep -q '^ *work  *yes'; then
  for network in eegnet ghostnet; do
    why=
    "$program" count "$network" --counters work --threads 2 --json >"$tmp/count" 2>"$tmp/err" ||
      why="exit code $?"
    counted=$(totals "$tmp/count" | sed -n 's/^sde:::ghostbench::nominal_macs //p')
    macs=$("$program" describe "$network" --format json | sed -n 's/.*"macs": \([0-9]*\).*/\1/p' | head -n 1)
    [ -n "$macs" ] && [ "$counted" = "$macs" ] ||
      why="$why; PAPI counted ${counted:-nothing}, describe ${macs:-nothing}"
    report "$name: $network" "$why"
  done
else
  skip "$name" 'PAPI has no software-defined events here'
fi

name='simulated instructions of every layer repeat exactly'
if "$program" count --counters list | grep -q '^ *callgrind  *yes'; then
  why=
  for i in 1 2; do
    "$program" count eegnet --counters callgrind --json >"$tmp/json" 2>"$tmp/err" || why="exit code $?"
    awk '/"event": "callgrind::Ir"/, /"total"/' "$tmp/json" >"$tmp/run$i"
  done
  [ -s "$tmp/run1" ] || why="$why; no instructions"
  cmp -s "$tmp/run1" "$tmp/run2" || why="$why; $(diff "$tmp/run1" "$tmp/run2")"
  report "$name" "$why"
else
  # In the program's own words: no valgrind, or a build that valgrind cannot run (sanitizers).
  skip "$name" "$("$program" count --counters list |
    sed -n '/^ *callgrind  /{n;s/^ *//;p;q;}')"
fi

refused() { # what it must say, arguments
  says=$1
  shift
  "$program" count "$@" >"$tmp/out" 2>"$tmp/err"
  code=$?
  why=
  [ "$code" -eq 2 ] || why="exit code $code"
  grep -q -- "$says" "$tmp/err" || why="$why; it does not say '$says'"
  report "count $*: refused" "$why"
}
refused 'name an architecture'
refused "nosuch" eegnet --counters nosuch
refused 'names no group' eegnet --counters ,
refused '--runs 0 is not allowed' eegnet --runs 0
refused '--batch x is not allowed' eegnet --batch x

# What a group names must exist: `validate` tells each fault with its place, `count` the first.
cat >"$tmp/bad.xml" <<'END_XML'
<counters name="bad">
  <event name="a" from="os::minor-fault" work="pagess" least="1" most="2"/>
  <event name="b" from="sde:::ghostbench::bites"/>
  <event name="c" from="callgrind::Irr"/>
</counters>
END_XML
"$program" validate "$tmp/bad.xml" >"$tmp/out" 2>"$tmp/err"
code=$?
why=
[ "$code" -eq 2 ] || why="exit code $code"
while read -r words; do
  grep -qF -- "$words" "$tmp/out" || why="$why; it does not say $words"
done <<'END'
bad.xml:2:3: unknown event "os::minor-fault": behind os:: stands one of minor-faults,
did you mean 'minor-faults'?
bad.xml:2:3: unknown work "pagess": one of increments,
bad.xml:3:3: unknown event "sde:::ghostbench::bites"
bad.xml:4:3: unknown event "callgrind::Irr"
either all events are callgrind's, or none
END
report 'validate: known work and our own events must exist' "$why"
refused 'bad.xml:2:3: unknown event "os::minor-fault"' eegnet --counters "$tmp/bad.xml"

# Where the processor counts nothing, there is no number, a reason, and exit code 3.
if "$program" count --counters list | grep -q '^ *cycles  *not available'; then
  "$program" count eegnet --counters cycles >"$tmp/out" 2>"$tmp/err"
  code=$?
  why=
  [ "$code" -eq 3 ] || why="exit code $code"
  grep -q 'PAPI_TOT_CYC: ' "$tmp/out" && grep -q 'remedy: ' "$tmp/out" || why="$why; no reason and remedy"
  report 'missing counters: exit code 3 with reason and remedy' "$why"
else
  "$program" count eegnet --counters cycles >"$tmp/out" 2>"$tmp/err"
  report 'cycles are counted' "$([ $? -eq 0 ] || cat "$tmp/out")"
fi

finish
