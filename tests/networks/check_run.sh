#!/bin/sh
# ghostbench run: verdicts and exit codes, the files it writes, and what it says of bad input.
#
# usage: [BUILD=build] sh tests/networks/check_run.sh
set -u
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=build}"
top=$PWD
case $BUILD in /*) program=$BUILD/ghostbench ;; *) program=$top/$BUILD/ghostbench ;; esac
tmp=$(mktemp -d) || exit 1
mounted=
trap 'test -z "$mounted" || umount "$mounted"; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
count=0 failed=0
unset GHOSTBENCH_DATA COLUMNS CLICOLOR_FORCE

pass() {
  count=$((count + 1))
  echo "ok $count - $1"
}
fail() { # name, why
  count=$((count + 1))
  failed=$((failed + 1))
  echo "not ok $count - $1"
  echo "# $2"
  sed 's/^/#   /' "$tmp/out" "$tmp/err" | head -n 40
}
skip() {
  count=$((count + 1))
  echo "ok $count - $1 # SKIP $2"
}

# Runs in a folder of its own; leaves stdout, stderr and the exit code in $tmp/out, $tmp/err, $code.
run() {
  mkdir -p "$tmp/there"
  (cd "$tmp/there" && "$program" run "$@") >"$tmp/out" 2>"$tmp/err" </dev/null
  code=$?
}
# name, expected exit code, then texts that must stand in the output (o:…) or on stderr (e:…).
expect() {
  name=$1 want=$2
  shift 2
  if [ "$code" -ne "$want" ]; then
    fail "$name" "exit code $code, expected $want"
    return
  fi
  for text; do
    case $text in
      o:*) grep -qF -- "${text#o:}" "$tmp/out" || { fail "$name" "stdout lacks: ${text#o:}"; return; } ;;
      e:*) grep -qF -- "${text#e:}" "$tmp/err" || { fail "$name" "stderr lacks: ${text#e:}"; return; } ;;
      f:*) test -s "$tmp/there/${text#f:}" || { fail "$name" "no file ${text#f:}"; return; } ;;
      n:*) test ! -e "$tmp/there/${text#n:}" || { fail "$name" "there is ${text#n:}"; return; } ;;
      silent) test ! -s "$tmp/err" || { fail "$name" "stderr is not silent"; return; } ;;
    esac
  done
  pass "$name"
}

# ---------------------------------------------------------------------------------------------
# The tables of the paper

run ghostnet-table3 --no-plots -o out
expect 'table 3: all figures reproduced' 0 silent \
  'o:10 of 10 compared figures reproduced (1 of them cut off); 5 shown as published only' \
  f:out/ghostnet-table3/ghostnet-table3.txt f:out/ghostnet-table3/ghostnet-table3.md \
  f:out/ghostnet-table3/ghostnet-table3.csv f:out/ghostnet-table3/ghostnet-table3.json \
  f:out/ghostnet-table3/ghostnet-table3.tex f:out/ghostnet-table3/ghostnet-table3-cells.csv \
  f:out/ghostnet-table3/ghostnet-table3-cells.json n:out/ghostnet-table3/ghostnet-table3-macs.svg

# Every figure of table 3 by itself; the counts are PyTorch's (tests/golden/counts.txt).
wrong=
while read -r row column value; do
  grep -q "^$row,.*,$column,$value," "$tmp/there/out/ghostnet-table3/ghostnet-table3-cells.csv" ||
    wrong="$wrong $row:$column"
done <<'END'
Vanilla params 14990922
Vanilla macs 313463808
d=1 params 7633578
d=1 macs 157003776
d=3 params 7650474
d=3 macs 158109696
d=5 params 7684266
d=5 macs 160321536
d=7 params 7734954
d=7 macs 163639296
END
if [ -z "$wrong" ]; then pass 'table 3: counts of every cell'
else fail 'table 3: counts of every cell' "wrong or missing:$wrong"; fi

run ghostnet-table1 -o out
expect 'table 1: the rows of the network' 0 o:'118 of 118 compared figures reproduced' silent
# The same comparison must fail for a network that is not the table's.
run ghostnet-table1 -o out --set width=1.1
expect 'table 1: another width differs' 1 o:'differ and no reason is recorded' o:'[1]'

run ghostnet-table6 --no-plots -o out
expect 'table 6: known differences with their reasons' 0 silent \
  'o:4 of 6 compared figures reproduced, 2 differ for a known reason' \
  'o:[1] Ghost-ResNet-50 (s=2), Parameters: 13.95 M computed, 13.0 M published'

run ghostnet-fig6 --no-plots -o out
expect 'figure 6: what is cut off is not shown rounded up' 0 'o:226.996 M      226 M' silent

run ghostnet-paper --no-plots -o paper
expect 'ghostnet-paper: every table, and the sum' 0 silent \
  'o:12 experiments: ' 'o: 0 differ and no reason is recorded.' \
  f:paper/ghostnet-table8/ghostnet-table8.txt f:paper/eeg-table/eeg-table.txt \
  f:paper/ghost-grid/ghost-grid.csv n:paper/ghostnet-paper
if [ "$(wc -l <"$tmp/there/paper/ghost-grid/ghost-grid.csv")" -eq 1001 ]; then
  pass 'ghost-grid: 1,000 networks and a header'
else fail 'ghost-grid: 1,000 networks and a header' 'another number of lines'; fi

# Every experiment that is shipped: nothing differs without a reason, no reason is stale.
for file in experiments/*.xml; do
  name=$(basename "$file" .xml)
  case $name in ghostnet-table[136] | ghostnet-fig6 | ghostnet-paper | ghost-grid) continue ;; esac
  if grep -q '<measure>.*latency' "$file"; then # on a busy machine a time may be invalid: no fault
    run "$name" --no-plots --runs 6 -o out
    [ "$code" -ne 3 ] || code=0
  else
    run "$name" --no-plots -o out
  fi
  expect "experiment $name" 0 silent "f:out/$name/$name.txt"
done

# Times: measured once, then from the store; the table, the interval, the verdict; samples are kept.
run latency-zoo --filter EEG --no-plots --runs 12 -o times
[ "$code" -ne 3 ] || code=0
expect 'times with intervals and verdicts' 0 o:'median of 12 runs of the native engine, 1 thread' \
  'o:0 of 2 from the store' 'o:EEGNet' 'o:Verdict' f:times/ghostbench.db
run latency-zoo --filter EEG --no-plots --runs 12 -o times
[ "$code" -ne 3 ] || code=0
expect 'times are not measured again' 0 'o:2 of 2 from the store' 'o:2 of 2 cells from the store'
run latency-zoo --filter EEG --no-plots --runs 13 -o times
[ "$code" -ne 3 ] || code=0
expect 'another protocol is measured' 0 'o:0 of 2 from the store'
(cd "$tmp/there" && "$program" export --format json times) >"$tmp/out" 2>"$tmp/err"
samples=$(sed -n 's/.*"samples_s": \[\([^]]*\)\].*/\1/p' "$tmp/out" | tr ',' '\n' | grep -c '[0-9]')
if [ "$samples" -eq $((2 * (12 + 13))) ]; then pass 'every sample is in the store'
else fail 'every sample is in the store' "$samples samples"; fi
run latency-zoo --filter EEG --no-plots --runs 0 -o times
expect '--runs 0 is refused' 2 'e:--runs 0 is not allowed'
run latency-zoo --filter EEG --no-plots --threads x -o times
expect '--threads x is refused' 2 'e:--threads x is not allowed: an integer from 1 to 1024'
run ghostnet-table4 --no-plots --batch 1,0 -o times
expect '--batch 0 is refused, though nothing is timed' 2 'e:--batch 0 is not allowed'
run latency-zoo --filter EEG --no-plots --engine onnxruntime -o times
expect '--engine: engines of others are those of bench' 2 'e:ghostbench bench --engine'
# Sweeps of how they are timed: each setting a row, side by side, and words on what it buys.
run latency-zoo --filter EEGNet --no-plots --runs 6 --threads 1,2 --batch 1,3 -o sweep
[ "$code" -ne 3 ] || code=0
expect 'threads and batches are swept' 0 'o:EEGNet (threads=1, batch=1)' \
  'o:EEGNet (threads=2, batch=3)' 'o:time an image: batch 3: ' 'o:of a whole batch'
(cd "$tmp/there" && "$program" export --format json sweep) >"$tmp/out" 2>"$tmp/err"
if [ "$(grep '"kind": "latency"' "$tmp/out" | grep -o '"protocol": {[^}]*' | grep -c '"threads": "2", "batch": "3"')" -eq 1 ]
then pass 'the store knows threads and batch of each'
else fail 'the store knows threads and batch of each' "not found"; fi
run latency-zoo --filter EEGNet --no-plots --runs 6 --threads 2 --batch 3 -o sweep
[ "$code" -ne 3 ] || code=0
expect 'a single setting is told below the table' 0 'o:native engine, 2 threads, batch 3'

# ---------------------------------------------------------------------------------------------
# Flags

run ghostnet-table7 --dry-run -o dry
expect '--dry-run lists and computes nothing' 0 silent \
  'o:GhostNet 0.5x' 'o:nothing was computed' n:dry
run ghostnet-table7 --no-plots --filter 'ghostnet*' -o filtered
expect '--filter by pattern' 0 silent 'o:GhostNet 1.3x'
if grep -q MobileNet "$tmp/out"; then fail '--filter leaves the others out' 'MobileNet is listed'
else pass '--filter leaves the others out'; fi
run ghostnet-table7 --no-plots --filter 'v2 0.35' -o filtered
expect '--filter by a part of the label' 0 silent 'o:2 of 2 compared figures reproduced'
run ghostnet-table7 --filter nothing-like-this -o filtered
expect '--filter that matches nothing' 2 e:"--filter 'nothing-like-this'"
run ghostnet-table3 --no-plots --convention full -o full
expect '--convention' 0 "o:convention 'full'" 'o:313.74 M'
run ghostnet-table3 ghostnet-table3 --no-plots -o out
if [ "$(grep -c 'table 3: kernel' "$tmp/out")" -eq 1 ]; then pass 'an experiment named twice runs once'
else fail 'an experiment named twice runs once' 'it does not'; fi

# ---------------------------------------------------------------------------------------------
# Plots

if command -v gnuplot >/dev/null; then
  run ghostnet-table3 -o plots
  expect 'plots: picture, script and data' 0 silent \
    f:plots/ghostnet-table3/ghostnet-table3-macs.svg f:plots/ghostnet-table3/ghostnet-table3-macs.png \
    f:plots/ghostnet-table3/ghostnet-table3-macs.gp f:plots/ghostnet-table3/ghostnet-table3-macs.dat
else
  skip 'plots: picture, script and data' 'gnuplot is not installed'
fi
before=$PATH
PATH=$tmp/nowhere
(cd "$tmp/there" && exec "$program" run ghostnet-table3 -o plain) >"$tmp/out" 2>"$tmp/err" </dev/null
code=$?
PATH=$before
expect 'no gnuplot: a note, nothing else changes' 0 e:gnuplot 'o:10 of 10 compared' \
  f:plain/ghostnet-table3/ghostnet-table3-macs.gp n:plain/ghostnet-table3/ghostnet-table3-macs.svg

# ---------------------------------------------------------------------------------------------
# Made-up experiments: a data folder of the test's own stands before the real one.

data=$tmp/data
mkdir -p "$data/architectures" "$data/experiments" "$data/results/published"
GHOSTBENCH_DATA=$data
export GHOSTBENCH_DATA
experiment() { # name, rest of the file
  printf '<experiment name="%s">\n%s\n</experiment>\n' "$1" "$2" >"$data/experiments/$1.xml"
}
head='row,column,value,unit,precision,source,grade,note'
printf '%s\nold,params,853018,,1,x,primary,\nold,macs,999,M,1,x,primary,\n' "$head" \
  >"$data/results/published/made.csv"
model='<model label="ResNet-56" architecture="resnet56-cifar" row="old"/>'

experiment wrong "$model"'<reproduce published="made"/>'
run wrong -o out
expect 'a wrong figure: exit 1' 1 'o:1 of 2 compared figures reproduced, 1 differs and no reason' \
  'o:[1] ResNet-56, MACs: 125.49 M computed, 999 M published, difference -873.51 M (-87.4'

experiment explained "$model"'<reproduce published="made"/>
<known row="old" column="macs">a slip of the pen</known>'
run explained -o out
expect 'the same with its reason: exit 0' 0 'o:: a slip of' silent

experiment stale "$model"'<reproduce published="made"/>
<known row="old" column="macs">a slip of the pen</known>
<known row="old" column="params">no longer so</known>'
run stale -o out
expect 'a reason that is not needed: exit 1' 1 \
  "e:stale.xml:4: the known difference of row 'old', column 'params' does not occur"

experiment norow '<model label="a" architecture="resnet56-cifar" row="odl"/><reproduce published="made"/>'
run norow -o out
expect 'a row that the published table lacks' 2 "e:norow.xml:2:" "e:no row 'odl'; did you mean 'old'?"
experiment notable "$model"'<reproduce published="mad"/>'
run notable -o out
expect 'a published table that is not there' 2 "e:'mad'"

experiment partly '<model label="EEGNet, {$samples}" architecture="eegnet"><sweep param="samples" values="128 1"/></model>'
run partly -o out
expect 'a cell that fails does not stop the others: exit 2' 2 "e:partly: 'EEGNet, 1': " \
  'o:2388' 'o:EEGNet, 1: not computed: '

experiment one "$model"'<include experiment="two"/>'
experiment two "$model"'<include experiment="one"/>'
run one -o out
expect 'experiments that include one another' 2 'e:experiments include one another: ' \
  'e:one.xml, included by' 'e:two.xml'
experiment lost '<include experiment="ghostnet-tabel3"/>'
run lost -o out
expect 'an include that is not there' 2 'e:lost.xml' "e:did you mean 'ghostnet-table3'"

experiment axis "$model"'<plot kind="line" x="depht" y="macs"/>'
run axis -o out
expect 'an axis that is nothing' 2 'e:axis.xml:2:' 'e:x="depht"' 'o:853.02 k'

experiment repeated '<model architecture="resnet56-cifar"><sweep param="depth" values="20 56"/></model>'
run repeated -o out
expect 'labels that repeat are told apart by the sweep' 0 'o:resnet56-cifar (depth=20)' \
  'o:resnet56-cifar (depth=56)' silent

# Two experiments of one name would write into one folder.
mkdir "$tmp/other"
sed 's/slip of the pen/slip/' "$data/experiments/explained.xml" >"$tmp/other/again.xml"
run explained "$tmp/other/again.xml" -o out
expect 'two experiments of one name' 2 "e:is called 'explained'"

# ---------------------------------------------------------------------------------------------
# Hostile labels stay text, everywhere

evil='&quot;; system(&quot;touch pwned&quot;); &quot;`touch pwned`$(touch pwned)\n'\''&#9;'
printf '<experiment name="evil" title="%s">\n<question>%s</question>\n' "$evil" "$evil" \
  >"$data/experiments/evil.xml"
cat >>"$data/experiments/evil.xml" <<END
<model label="$evil {\$depth}" series="$evil" architecture="resnet56-cifar">
<sweep param="depth" values="20 32 44"/></model>
<plot name="line" kind="line" x="depth" y="macs" title="$evil"/>
<plot name="scatter" kind="scatter" x="params" y="macs" title="$evil"/>
<plot name="bars" kind="bars" x="model" y="macs" title="$evil"/>
<plot name="stack" kind="stacked-bars" x="model" y="params" title="$evil"/>
</experiment>
END
run evil -o out
expect 'hostile labels: the run is fine' 0 'o:touch pwned' f:out/evil/evil-line.gp
if find "$tmp" "$top" -maxdepth 4 -name pwned | grep -q .; then
  fail 'hostile labels leave no file' 'there is a file pwned'
else pass 'hostile labels leave no file'; fi
if command -v gnuplot >/dev/null; then
  expect 'hostile labels: all is drawn' 0 f:out/evil/evil-line.png f:out/evil/evil-scatter.png \
    f:out/evil/evil-bars.png f:out/evil/evil-stack.png
  # The script that is left behind, run by hand, is as harmless.
  (cd "$tmp/there/out/evil" && gnuplot evil-line.gp evil-bars.gp) >"$tmp/out" 2>"$tmp/err"
  if find "$tmp" -name pwned | grep -q .; then fail 'hostile labels: scripts by hand' 'there is a file pwned'
  else pass 'hostile labels: scripts by hand'; fi
else
  skip 'hostile labels: all is drawn' 'gnuplot is not installed'
  skip 'hostile labels: scripts by hand' 'gnuplot is not installed'
fi

# ---------------------------------------------------------------------------------------------
# Bad usage and places that cannot be written

run
expect 'no experiment' 2 'e:name an experiment'
run ghostnet-tabel3
expect 'an experiment that is not there' 2 "e:did you mean 'ghostnet-table3'"
run ghostnet-table3 --filtre x
expect 'an unknown flag' 2 'e:did you mean --filter?'
run ghostnet-table3 --convention flops
expect 'an unknown convention' 2 'e:--convention flops'
run ghostnet-table3 --set depth=3
expect 'a parameter that no model has' 2 'e:--set depth'
run ghostnet-table3 --set resolution=banana
expect 'a value that the parameter refuses' 2 'e:banana'
run no-such ghostnet-table3 --no-plots -o out
expect 'the other experiments run all the same' 2 'e:no-such' 'o:10 of 10 compared'

: >"$tmp/there/file"
run ghostnet-table3 --no-plots -o file
expect 'a file where the folder should be' 2 'e:file' n:file/ghostnet-table3
run ghostnet-table3 --no-plots -o /proc/self/none
expect 'a folder that cannot be made' 2 'e:/proc/self/none'
mkdir -p "$tmp/there/taken/ghostnet-table3/ghostnet-table3.txt"
run ghostnet-table3 --no-plots -o taken
expect 'a file that cannot be written' 2 'e:ghostnet-table3.txt'
if [ -c /dev/full ]; then
  (cd "$tmp/there" && "$program" run ghostnet-table3 --no-plots -o out) >/dev/full 2>"$tmp/err"
  code=$?
  expect 'standard output is full' 2 'e:cannot write to standard output'
else
  skip 'standard output is full' 'there is no /dev/full'
fi
mkdir "$tmp/there/small"
if mount -t tmpfs -o size=16k none "$tmp/there/small" 2>/dev/null; then
  mounted=$tmp/there/small
  run ghostnet-table7 --no-plots -o small
  expect 'a disk that fills' 2 'e:small/ghostbench.db: the disk is full'
  if find "$tmp/there/small" -name '*.tmp*' | grep -q .; then fail 'a full disk leaves no half file' 'it does'
  else pass 'a full disk leaves no half file'; fi
else
  skip 'a disk that fills' 'mounting needs root'
fi

echo "1..$count"
[ "$failed" -eq 0 ]
