#!/bin/sh
# A sweep that is killed at random moments loses nothing that was finished, and goes on with what is
# missing: 200 cells at the end, none twice, none other than in a run that was left alone.
#
# usage: [BUILD=build] [KILLS=12] [SEED=1] sh tests/networks/check_kill.sh
# The full form is KILLS=100. Kills are counted that met a running process.
cd "$(dirname "$0")/../.." && . tests/lib/script.sh || exit 1
: "${KILLS:=12}" "${SEED:=1}"


mkdir -p "$tmp/data/architectures" "$tmp/data/experiments"
GHOSTBENCH_DATA=$tmp/data
export GHOSTBENCH_DATA
cat >"$tmp/data/experiments/sweep.xml" <<'END_XML'
<experiment name="sweep" title="200 networks">
  <model label="GhostNet, s={$s}, width={$width}" architecture="ghostnet">
    <sweep param="s" values="1 2 3 4"/>
    <sweep param="width" from="0.1" to="2.55" step="0.05"/>
  </model>
  <measure>params macs</measure>
</experiment>
END_XML

# Key and content of every finished cell, sorted. A store that was not made yet has none.
cells() { # folder
  "$program" export --format csv "$1" 2>"$tmp/err" >"$tmp/cells"
  code=$?
  if [ $code -ne 0 ]; then
    grep -qE 'No such file|it is empty' "$tmp/err" || echo "broken: $(cat "$tmp/err")"
    return
  fi
  sed 1d "$tmp/cells" | awk -F, '{ print $(NF - 1), $NF }' | sort
}

begin=$(date +%s%N)
"$program" run sweep --no-plots -o "$tmp/alone" >"$tmp/out" 2>"$tmp/err"
code=$?
took=$((($(date +%s%N) - begin) / 1000000))
cells "$tmp/alone" >"$tmp/right"
why=
[ "$code" -eq 0 ] || why="exit code $code"
[ "$(sort -u "$tmp/right" | wc -l)" -eq 200 ] || why="$why; $(wc -l <"$tmp/right") cells"
report 'a run that is left alone: 200 cells' "$why"

# Every second attempt begins anew (--fresh), so that there is work to be killed in to the end.
why=
: >"$tmp/before"
attempt=0 killed=0
awk -v seed="$SEED" -v most="$took" -v n="$KILLS" \
  'BEGIN { srand(seed); for (i = 0; i < 5 * n; i++) printf "%.3f\n", rand() * most / 1000 }' >"$tmp/delays"
while read -r delay; do
  attempt=$((attempt + 1))
  fresh=
  [ $((attempt % 2)) -eq 1 ] || fresh=--fresh
  # shellcheck disable=SC2086 # one flag or none
  "$program" run sweep --no-plots $fresh -o "$tmp/killed" >"$tmp/out" 2>"$tmp/err" </dev/null &
  pid=$!
  sleep "$delay"
  kill -9 "$pid" 2>/dev/null && killed=$((killed + 1))
  wait "$pid" 2>/dev/null
  cells "$tmp/killed" >"$tmp/now"
  if grep -q '^broken' "$tmp/now"; then why="kill $attempt: $(cat "$tmp/now")"; break; fi
  lost=$(comm -23 "$tmp/before" "$tmp/now" | wc -l)
  other=$(comm -23 "$tmp/now" "$tmp/right" | wc -l)
  twice=$(cut -d' ' -f1 "$tmp/now" | uniq -d | wc -l)
  if [ "$lost$other$twice" != 000 ]; then
    why="kill $attempt after $delay s: $lost lost, $other changed, $twice twice"
    break
  fi
  mv "$tmp/now" "$tmp/before"
  [ "$killed" -lt "$KILLS" ] || break
done <"$tmp/delays"
[ -n "$why" ] || [ "$killed" -ge "$KILLS" ] || why="only $killed of $attempt met a running process"
report "$KILLS kills at random moments: nothing finished is lost, changed, or twice" "$why"
echo "# $killed of $attempt met a running process; $(wc -l <"$tmp/before") cells were finished before the last run"

"$program" run sweep --no-plots -o "$tmp/killed" >"$tmp/out" 2>"$tmp/err"
code=$?
cells "$tmp/killed" >"$tmp/now"
why=
[ "$code" -eq 0 ] || why="exit code $code"
cmp -s "$tmp/now" "$tmp/right" || why="$why; the cells are not those of the run that was left alone"
cmp -s "$tmp/killed/sweep/sweep.csv" "$tmp/alone/sweep/sweep.csv" || why="$why; the tables differ"
report 'the last run: all 200 cells, and the same table' "$why"

"$program" run sweep --no-plots -o "$tmp/killed" >"$tmp/out" 2>"$tmp/err"
why=
grep -q '^200 of 200 cells from the store' "$tmp/out" || why='it does not say so'
report 'once more: all from the store' "$why"

# ---------------------------------------------------------------------------------------------
# Asked to stop: finished cells are kept, the exit code tells, the next run goes on.
stop() { # signal, exit code
  why='it was over before the signal, or had not begun, fifty times'
  wait=$(awk -v ms="$took" 'BEGIN { print ms / 2 }')
  for try in $(seq 50); do
    rm -rf "$tmp/stopped"
    timeout --preserve-status -s "$1" "$(awk -v ms="$wait" 'BEGIN { printf "%.3f", ms / 1000 }')" \
      "$program" run sweep --no-plots -o "$tmp/stopped" >"$tmp/out" 2>"$tmp/err" </dev/null
    code=$?
    # Before the first cell the signal ends the process as ever, with the same code and no words.
    if [ "$code" -eq "$2" ] && grep -q 'stopped by a signal' "$tmp/err"; then
      why=
      break
    fi
    # Sooner where it was over, later where it had not begun: other programs change how long it takes.
    wait=$(awk -v ms="$wait" -v code="$code" 'BEGIN { print ms * (code == 0 ? 0.7 : 1.3) }')
  done
  said=$(sed -n 's/.*signal: \([0-9]*\) of 200 cells.*/\1/p' "$tmp/err")
  kept=$(cells "$tmp/stopped" | wc -l)
  [ -n "$why" ] || [ "${said:-none}" = "$kept" ] || why="it says $said, $kept are kept"
  report "SIG$1: exit code $2, finished cells are kept" "$why"
  "$program" run sweep --no-plots -o "$tmp/stopped" >"$tmp/out" 2>"$tmp/err"
  why=
  grep -q "^$kept of 200 cells from the store" "$tmp/out" || why='it does not'
  report "SIG$1: the next run goes on from there" "$why"
}
stop TERM 143
if [ $((0x$(sed -n 's/^SigIgn:.*\([0-9a-f]\)$/\1/p' /proc/self/status) & 2)) -eq 0 ]; then
  stop INT 130
else
  count=$((count + 1))
  echo "ok $count - SIGINT # SKIP it is ignored here (a job in the background)"
fi

# ---------------------------------------------------------------------------------------------
# Slices: each cell in one of them
why=
for i in 1 2 3; do
  "$program" run sweep --shard $i/3 -o "$tmp/slice$i" >"$tmp/out" 2>"$tmp/err" ||
    why="$why slice $i: exit code $?"
  cells "$tmp/slice$i"
done | sort >"$tmp/now"
cmp -s "$tmp/now" "$tmp/right" || why="$why; not the cells of the whole"
report '--shard: three slices are the whole, each cell once' "$why"
for bad in 0/3 4/3 1 1/0 x/2 1/2x; do
  "$program" run sweep --shard $bad -o "$tmp/bad" >"$tmp/out" 2>"$tmp/err"
  [ $? -eq 2 ] && grep -q "shard $bad is not allowed" "$tmp/err" || why="$bad was taken"
done
report '--shard: what is no slice is refused' "$why"

# ---------------------------------------------------------------------------------------------
# A cell that fails is a row with its error, the others go on, and it is tried again.
cat >"$tmp/data/experiments/failing.xml" <<'END_XML'
<experiment name="failing">
  <model label="depth {$depth}" architecture="resnet56-cifar"><sweep param="depth" values="20 56"/></model>
  <model label="bad" architecture="will-be-there"/>
  <measure>params macs</measure>
</experiment>
END_XML
bad='<architecture name="will-be-there"><input channels="3" height="8" width="8"/>
<conv name="c" out="4" kernel="KERNEL" padding="0"/></architecture>'
echo "$bad" | sed 's/KERNEL/9/' >"$tmp/data/architectures/will-be-there.xml"
"$program" run failing --no-plots -o "$tmp/failing" >"$tmp/out" 2>"$tmp/err"
code=$?
"$program" export --format csv "$tmp/failing" >"$tmp/cells" 2>>"$tmp/err"
why=
[ $code -eq 2 ] || why="exit code $code"
[ "$(grep -c ',finished,' "$tmp/cells")" -eq 2 ] || why="$why; the others are not there"
grep -q '^failing,count,bad,.*,failed,.*window' "$tmp/cells" || why="$why; no row with the error"
report 'a cell that fails: a row with its error, the rest goes on, exit code 2' "$why"
echo "$bad" | sed 's/KERNEL/3/' >"$tmp/data/architectures/will-be-there.xml"
"$program" run failing --no-plots -o "$tmp/failing" >"$tmp/out" 2>"$tmp/err"
code=$?
"$program" export --format csv "$tmp/failing" >"$tmp/cells" 2>>"$tmp/err"
why=
[ $code -eq 0 ] || why="exit code $code"
grep -q '^2 of 3 cells from the store' "$tmp/out" || why="$why; it does not say 2 of 3"
[ "$(grep -c ',finished,' "$tmp/cells")" -eq 3 ] || why="$why; not all are finished"
grep -q ',failed,' "$tmp/cells" && why="$why; the failed row is still there"
report 'it is tried again, alone, and its error goes' "$why"

finish
