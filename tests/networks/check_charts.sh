#!/bin/sh
# What ghostbench run draws of measurements: the data behind each chart against the store, the plan and the
# counts that they must follow from. Times are anything here; no time decides.
#
# usage: [BUILD=build] sh tests/networks/check_charts.sh
cd "$(dirname "$0")/../.." && . tests/lib/script.sh || exit 1
cd "$tmp" || exit 1

run() { # arguments; a time that is not valid is no fault here
  "$program" run "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
  code=$?
  [ "$code" -ne 3 ] || code=0
}
# Numbers of a data file: lines that are neither empty nor remarks.
rows() { grep -v -e '^#' -e '^$' "$1"; }

mkdir data data/experiments data/results data/results/published data/architectures res res/peers
GHOSTBENCH_DATA=$tmp/data
export GHOSTBENCH_DATA
cat >data/results/published/made.csv <<'END'
row,column,value,unit,precision,source,grade,note
small,top1,60.0,%,0.1,x,primary,
large,top1,50.0,%,0.1,x,primary,
END
# The second network is the first one with more samples of EEG: more work, and less accuracy.
cat >data/experiments/charts.xml <<'END'
<experiment name="charts" title="Charts">
  <model label="EEGNet small" architecture="eegnet" series="EEGNet" row="small"><sweep param="samples" values="128"/></model>
  <model label="EEGNet large" architecture="eegnet" series="EEGNet" row="large"><sweep param="samples" values="4096"/></model>
  <model label="EEG-TCNet" architecture="eeg-tcnet" series="TCN"/>
  <measure>params macs latency profile</measure>
  <reproduce published="made"/>
  <plot name="fit" kind="scatter" x="macs" y="latency" fit="linear"/>
  <plot name="front" kind="pareto" x="latency" y="top1"/>
  <plot name="strip" kind="distribution" x="latency_relative"/>
  <plot name="raw" kind="distribution" x="latency" series="TCN"/>
  <plot name="ratios" kind="ratios" x="latency"/>
  <plot name="time" kind="stacked-bars" y="time"/>
  <plot name="share" kind="stacked-bars" y="time_share"/>
  <plot name="roof" kind="roofline" series="EEGNet" only="samples=4096"/>
  <plot name="speed" kind="line" x="samples" y="speedup" series="EEGNet" theory="macs"/>
  <plot name="peers" kind="ratios" x="onnxruntime"/>
</experiment>
END
dat=res/charts/charts
run charts -o res --runs 12
[ "$code" = 0 ] && [ ! -s "$tmp/err" -o "$(grep -c . "$tmp/err")" = "$(grep -c gnuplot "$tmp/err")" ]
result 'an experiment with every chart of measurements runs' $?
[ ! -e $dat-peers.dat ]
result 'without the peers bench there is no chart of peers' $?

# Samples: each of 12 runs of 3 networks, and the median of each row is 100 %.
[ "$(rows $dat-strip.dat | wc -l)" = 36 ] && [ "$(rows $dat-raw.dat | wc -l)" = 12 ]
result 'every sample stands in the chart of samples' $?
awk '/^#/ || !NF { next } { row = int(n++ * 0.0833334); v[row, k[row]++] = $1 }
  END { for (r = 0; r < 3; r++) { below = above = 0
    for (i = 0; i < 12; i++) { below += v[r, i] <= 100.0001; above += v[r, i] >= 99.9999 }
    if (below < 6 || above < 6) exit 1 } }' $dat-strip.dat
result 'half of the samples lie on either side of 100 %' $?
"$program" export --format json res >stored.json 2>>"$tmp/err"
sed -n 's/.*"samples_s": \[\([^]]*\)\].*/\1/p' stored.json | tr ',' '\n' | grep '[0-9]' | awk '{ printf "%.9g\n", 1e3 * $1 }' |
  sort >stored.txt
rows $dat-raw.dat | awk '{ printf "%.9g\n", $1 }' | sort >raw.txt
[ "$(comm -12 stored.txt raw.txt | wc -l)" = 12 ]
result 'the samples are those of the store' $?

# The front: the small network beats the large one in accuracy, and the large one takes 30 times the work.
[ "$(rows $dat-front.dat | awk '$NF > 1 && NF > 5 { print $(NF - 1) }' | tr '\n' ' ')" = '1 0 ' ]
result 'who is surely on the front, and who surely not' $?

# Ratios: two networks beside the first one; their intervals hold them.
[ "$(rows $dat-ratios.dat | awk '$3 <= $1 && $1 <= $4 && $1 > 0' | wc -l)" = 2 ]
result 'a ratio to the first network for each other one' $?

# Steps: arithmetic intensity is the plan's, 2 FLOPs a MAC; shares sum to at most 1, times to the bar.
"$program" describe eegnet --set samples=4096 --plan --format csv >plan.csv 2>>"$tmp/err"
awk -F, 'NR > 1 && $7 > 0 { printf "%.9g\n", 2 * $7 / $8 }' plan.csv | sort >want.txt
awk '/^# .*(computed)/ { steps = 1; next } /^#/ { steps = 0 } steps && NF { printf "%.9g\n", $1 }' $dat-roof.dat | sort >got.txt
[ -s want.txt ] && cmp want.txt got.txt >>"$tmp/err"
result 'below the roofs: intensities are those of the plan' $?
holds $dat-roof.dat '# measured peak ' '# cache (16 MiB) ' '# memory (256 MiB) ' && awk '
  /^# measured peak/ { peak = $(NF - 1) } END { exit !(peak > 0.1 && peak < 1e5) }' $dat-roof.dat
result 'three roofs are drawn' $?
rows $dat-share.dat | sed 's/^"[^"]*"//' | awk '{ s = 0; for (i = 1; i <= NF; i++) s += $i; if (s < 99.999 || s > 100.001) exit 1; n++ }
  END { exit n != 3 }'
result 'shares of time sum to 100 % in each network' $?
rows $dat-time.dat | sed 's/^"[^"]*"//' | awk '{ s = 0; for (i = 1; i <= NF; i++) s += $i; printf "%.6g\n", s }' | sort >got.txt
grep -o '"event": "time"[^}]*' stored.json >/dev/null && [ "$(wc -l <got.txt)" = 3 ]
result 'times of steps are stored and drawn' $?

# Theory: the MACs of the first network over those of each, exactly.
small=$("$program" describe eegnet --set samples=128 --format json | sed -n 's/.*"macs": *\([0-9]*\).*/\1/p' | tail -n 1)
large=$("$program" describe eegnet --set samples=4096 --format json | sed -n 's/.*"macs": *\([0-9]*\).*/\1/p' | tail -n 1)
awk -v small="$small" -v large="$large" '/^# r_s/ { theory = 1; next } /^#/ { theory = 0 }
  theory && NF { n++; want = $1 == 128 ? 1 : small / large; if (($2 - want) ^ 2 > 1e-12) exit 1 } END { exit n != 2 }' $dat-speed.dat
result 'the theory of a speed-up is the ratio of MACs' $?
rows $dat-speed.dat | awk '$1 == 128 && NF > 2 { exit $2 != 1 }'
result 'the first network is as fast as itself' $?

# Again, everything from the store: the same data, but for nothing.
cp $dat-time.dat before-time.dat && cp $dat-roof.dat before-roof.dat && cp $dat-strip.dat before-strip.dat
run charts -o res --runs 12
[ "$code" = 0 ] && holds "$tmp/out" '3 of 3 from the store' && cmp before-time.dat $dat-time.dat &&
  cmp before-roof.dat $dat-roof.dat && cmp before-strip.dat $dat-strip.dat
result 'charts from the store are the same' $?
"$program" verify res >"$tmp/out" 2>"$tmp/err"
result 'the store verifies' $?

# Counters: what the harness counts through PAPI is what the plan says, step by step; what does not exist here
# has no value but a reason; times of the same networks are those of a session of their own.
cat >data/experiments/counted.xml <<'END'
<experiment name="counted" title="Counted">
  <model label="EEGNet" architecture="eegnet"><set param="samples" value="4096"/></model>
  <measure>macs latency counters</measure>
</experiment>
END
run counted -o res --runs 8
[ "$code" = 0 ] && holds "$tmp/out" 'Counted, whole networks' 'Lanes used' && [ -s res/counted/counted-counters.tex ]
result 'an experiment that counts prints and keeps its counts' $?
csv=res/counted/counted-counters.csv
if awk -F, 'NR == 2 { exit $4 != "" }' $csv; then
  skip 'counted by layer: MACs named, MACs done and bytes are those of the plan' "PAPI's software-defined events are not there"
  skip 'the whole is the sum of its layers, and less is done than named' "PAPI's software-defined events are not there"
else
  cut -d, -f 1,2,6-8 plan.csv | tail -n +2 | sort >want.txt
  awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $2 != "whole network" {
    print $3 "," $2 "," $at["work/nominal"] "," $at["work/done"] "," $at["work/moved"] }' $csv | sort >got.txt
  cmp want.txt got.txt >>"$tmp/err"
  result 'counted by layer: MACs named, MACs done and bytes are those of the plan' $?
  awk -F, 'NR > 1 && $2 != "whole network" { a += $4; b += $5 } $2 == "whole network" { exit !($4 == a && $5 == b && a > 0 && b < a) }' $csv
  result 'the whole is the sum of its layers, and less is done than named' $?
fi
"$program" export --format json res >stored.json 2>>"$tmp/err"
grep '"what": "counters"' stored.json | tr '{' '\n' | grep '"event"' >events.txt
grep -q '"event": "cycles/cycles"' events.txt && ! grep -q '"value": null.*"reason": null' events.txt &&
  ! grep '"event": "cycles/cycles"' events.txt | grep -q '"value": 0,'
result 'what is not available is no number and has a reason' $?
[ "$(grep '"experiment": "counted", "kind": "latency"' stored.json | grep -c '"plan": "EEGNet.*conv_temporal')" = 1 ]
result 'the plan stands with the time' $?
cp $csv before.csv
run counted -o res --runs 8
[ "$code" = 0 ] && cmp before.csv $csv && holds "$tmp/out" '1 of 1 from the store'
result 'counts come back from the store' $?
"$program" report res >"$tmp/out" 2>"$tmp/err" && holds res/report.html '>Counted by layer<' 'conv_temporal' 'Counted against executed work'
result 'the report shows what was counted by layer' $?

# Peers: names of strangers are text; a faulty file is named.
cat >res/peers/onnxruntime.json <<'END'
{"schema": "ghostbench-peers-1", "date": "2026", "rounds": 3, "machine": {"cpu": "c", "kernel": "k"},
 "versions": {"onnxruntime": "1", "ghostbench": "1"}, "networks": [{"network": "\"; system(\"touch pwned\"); `touch pwned`",
 "isa": "avx2", "threads": 1, "batch": 1, "unsettled": 0, "onnxruntime_ms": {"median": 4, "low": 3, "high": 5},
 "ghostbench_ms": {"median": 2, "low": 1, "high": 3}, "ratio": 2, "ratio_low": 1.5, "ratio_high": 2.5}]}
END
run charts -o res --runs 12
[ "$code" = 0 ] && [ "$(rows $dat-peers.dat | awk '{ print $1, $3, $4 }')" = '2 1.5 2.5' ] && [ ! -e pwned ] && [ ! -e res/charts/pwned ]
result 'ratios of the peers bench, whatever its names' $?
sed -i 's/"ratio": 2,/"ratio": "2",/' res/peers/onnxruntime.json
run charts -o res --runs 12
[ "$code" = 2 ] && holds "$tmp/err" 'onnxruntime.json: ratio must be a number above 0'
result 'a faulty file of peers: names file and fault' $?

finish
