#!/bin/sh
# ghostbench merge, verify and compare: slices join, again changes nothing, a store against itself
# differs in nothing, a figure that its samples do not give is found.
#
# usage: [BUILD=build] sh tests/networks/check_stores.sh
cd "$(dirname "$0")/../.." && . tests/lib/script.sh || exit 1
COLUMNS=300
export COLUMNS
cd "$tmp" || exit 1

# name, expected exit code, then texts that must stand on stdout (o:…) or stderr (e:…); the command
# has been run by `does`.
expect() {
  name=$1 want=$2 why=
  shift 2
  [ "$code" -eq "$want" ] || why="exit code $code, expected $want"
  for text; do
    case $text in
      o:*) grep -qF -- "${text#o:}" out || why="$why; stdout lacks: ${text#o:}" ;;
      e:*) grep -qF -- "${text#e:}" err || why="$why; stderr lacks: ${text#e:}" ;;
    esac
  done
  report "$name" "$why"
}
does() {
  "$program" "$@" >out 2>err </dev/null
  code=$?
}

for i in 1 2; do
  "$program" run ghostnet-table7 --shard $i/2 --no-plots -o slice$i >/dev/null 2>&1
done
does merge all.db slice1 slice2
expect 'two slices join' 0 'o:18 cells added'
does merge all.db slice1 slice2
expect 'once more: nothing happens' 0 'o:0 cells added, 0 replaced' 'o:18 the same'
"$program" run ghostnet-table7 --no-plots -o whole >/dev/null 2>&1
does compare whole all.db
expect 'the slices are the whole' 0 'o:18 counts in both, 0 changed. 0 cells only'
does verify all.db
expect 'a store of counts is whole' 0 'o:18 cells, 0 of them measured' 'o:0 faults'

"$program" run ghostnet-table7 --no-plots --set classes=10 -o other >/dev/null 2>&1
does compare whole other
expect 'a count that changed' 1 'e:params was' 'o:18 changed'

"$program" run latency-zoo --filter EEG --runs 12 --no-plots -o times >/dev/null 2>&1
does verify times
expect 'medians, intervals and ratios follow from the samples' 0 \
  'o:6 cells, 2 of them measured; 12 figures computed again from 36 samples; 0 faults'
does compare times times
expect 'a store beside itself: no difference' 0 'o:2 times in both: 0 faster, 0 slower, 2 cannot tell'
does compare times times --json
expect 'compare --json' 0 'o:"ghostbench-table-1"' 'o:"word"'
"$program" run latency-zoo --filter EEG --runs 12 --fresh --no-plots -o again >/dev/null 2>&1
does merge again times
expect 'the same cells with other samples: a conflict, told' 1 'o:4 in conflict' \
  'e:latency-zoo: EEGNet (latency)' 'e:those of again stay'
if command -v sqlite3 >/dev/null 2>&1; then
  sqlite3 times/ghostbench.db "UPDATE figures SET value = value * 1.01 WHERE name = 'median_s'"
  does verify times
  expect 'a figure that the samples do not give' 1 'e:median_s is stored as' 'e:its samples give'
else
  count=$((count + 1))
  echo "ok $count - a figure that the samples do not give # SKIP sqlite3 is not installed"
fi
printf 'no store' >text.db
does verify text.db
expect 'what is no store' 2 'e:text.db'
does compare whole nowhere.db
expect 'a store that is not there' 2 'e:nowhere.db'
does merge only.db
expect 'merge without a source' 2 'e:name the store'
does compare whole
expect 'compare of one' 2 'e:name the old store'
does compare whole times
expect 'nothing in common' 2 'e:no cell in common'
finish
