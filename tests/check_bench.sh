#!/bin/sh
# ghostbench bench: what it writes, its verdicts' exit code, the machine against itself, and engines
# of the user's configuration. No time that is measured decides anything here: exit code 3 (a
# measurement is not valid) is as good as 0.
set -u
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.." || exit 1
case ${BUILD:=build} in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
program=$BUILD/ghostbench
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
count=0 failed=0
TMPDIR=$tmp/scratch
mkdir "$TMPDIR"
GHOSTBENCH_ENGINES=$tmp/engines
export TMPDIR GHOSTBENCH_ENGINES
unset GHOSTBENCH_DATA COLUMNS CLICOLOR_FORCE

check() { # name, condition…
  name=$1
  shift
  count=$((count + 1))
  if "$@"; then
    echo "ok $count - $name"
  else
    failed=$((failed + 1))
    echo "not ok $count - $name"
    echo "# exit code $code"
    cat "$tmp/out" "$tmp/err" | cut -c 1-200 | head -n 60 | sed 's/^/# /'
  fi
}
bench() {
  code=0
  "$program" bench "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || code=$?
}
# Measured: perhaps not valid, and it says so.
measured() {
  case $code in
    0) ! grep -qE '"verdict": "invalid"|^invalid' "$tmp/out" ;;
    3) grep -qE '"verdict": "invalid"|^invalid' "$tmp/out" ;;
    *) false ;;
  esac
}
says() { grep -qF -- "$1" "$tmp/out"; }
complains() { [ "$code" -eq 2 ] && grep -qF -- "$1" "$tmp/err"; }
# The numbers of the N-th array of this name, one a line.
array() { # name, N
  awk -v name="\"$1\": [" -v n="$2" 'index($0, name) { seen++; inside = seen == n; next }
    /\]/ { inside = 0 } inside { gsub(/[ ,]/, ""); print }' "$tmp/out"
}
small='--threads 1 --warmup 0.01'

# shellcheck disable=SC2086 # the words of a command line
bench eegnet $small --runs 12 -o "$tmp/both.json"
both() { measured && says median && grep -qF '"schema": "ghostbench-bench-2"' "$tmp/both.json"; }
check '-o: a table, and the JSON in a file' both
# shellcheck disable=SC2086
bench eegnet $small --runs 12 -o "$tmp/nosuch/both.json"
lost() { says median && complains 'nosuch/both.json: cannot create'; }
check '-o: a file that cannot be written leaves the table' lost

# shellcheck disable=SC2086
bench eegnet $small --runs 12 --json
shape() {
  measured && says '"schema": "ghostbench-bench-2"' && [ "$(array samples_ms 1 | wc -l)" -eq 12 ] &&
    [ "$(array starts_ms 1 | wc -l)" -eq 12 ] && says '"rounds": 12' && says '"clock_source"' &&
    says '"median_ms"' && says '"engine": "native"' && says '"threads": 1'
}
check 'JSON has samples, starts, verdict and environment' shape
ascending() { array starts_ms 1 | awk 'NR > 1 && $1 <= last { exit 1 } { last = $1 }'; }
check 'samples are in the order of time' ascending
if command -v readelf >/dev/null 2>&1 && readelf -n "$program" 2>/dev/null | grep -q 'Build ID'; then
  build_id() { says "\"build_id\": \"$(readelf -n "$program" | sed -n 's/.*Build ID: //p')\""; }
  check 'the build id is the one that readelf reads' build_id
fi

# shellcheck disable=SC2086
bench eegnet $small --runs 12 --batch 1,2 --engine native,reference
table() {
  measured && [ "$(grep -c '^eegnet' "$tmp/out")" -eq 4 ] &&
    grep -q '^12 rounds in balanced random order, hot' "$tmp/out" && says 'it is'
}
check 'sweeps batches and engines into one table of ratios' table
# shellcheck disable=SC2086
bench eegnet $small --runs 3
few() { [ "$code" -eq 3 ] && grep -q '^invalid: samples: 3 samples' "$tmp/out"; }
check 'three samples are no measurement: exit code 3' few
# shellcheck disable=SC2086
bench eegnet $small --runs 20000 --batch 1,2 --precise 30 --seconds 3 --json
precise() { measured && grep -qE '"(precise_enough|capped)": true' "$tmp/out"; }
check 'until precise, or until the cap' precise
# shellcheck disable=SC2086
bench eegnet $small --seconds 0.2 --json
budget() { measured && says '"capped": false' && [ "$(array samples_ms 1 | wc -l)" -ge 1 ]; }
check 'a budget of seconds' budget
# shellcheck disable=SC2086
bench eegnet $small --runs 6 --between flushed --json
check 'flushed caches' says '"between": "flushed"'
# shellcheck disable=SC2086
bench eegnet $small --runs 6 --between idle=2.5 --no-pin --json
idle() { says '"between": "idle"' && says '"idle_ms": 2.5' && says '"pinned": false'; }
check 'pauses, not pinned' idle
# shellcheck disable=SC2086
bench eegnet $small --runs 12 --null --comparisons 4 --json
null() {
  [ "$code" -eq 0 ] && says '"comparisons": 4' && [ "$(array ratios 1 | wc -l)" -eq 4 ] &&
    says '"false_alarm_rate"' && ! says '"samples_ms"' && says '"instances": {' &&
    [ "$(array ratios 2 | wc -l)" -eq 4 ]
}
check 'the machine against itself' null
# shellcheck disable=SC2086
bench eegnet $small --runs 12 --null --comparisons 3 --batch 1,2
null_first() {
  measured && says 'The machine against itself (eegnet, 3 comparisons' &&
    says 'each with its own memory' && says 'are not told'
}
check 'the machine against itself first, then others' null_first

for words in '--runs 0' '--seconds 0' '--precise x' '--between cold' '--between idle=0' \
  '--warmup -1' '--comparisons 3' '--threads 0' '--batch 1,,2' '--seed -1' '--engine nativ' \
  '--null --seconds 1'; do
  # shellcheck disable=SC2086
  bench eegnet $words
  check "refuses $words" complains "${words%% *}"
done
bench eegnet --engine nativ
check 'suggests the engine that was meant' complains "did you mean 'native'?"
check 'says where outside engines are looked for' complains "$tmp/engines: no such file"

# ---------------------------------------------------------------------------------------------
# Engines of the user's configuration

cat >"$tmp/engines" <<CONFIG
# ghostbench itself, as somebody else's program
[self]
program = $program
argument = bench
argument = {network}
argument = --serve
argument = --threads
argument = {threads}
argument = --batch
argument = {batch}

[fixed]
program = sh
argument = $tmp/fixed.sh
argument = {model}
argument = {input}
argument = {{threads}
environment = ANSWER=$tmp/answer-{batch}
CONFIG
# An engine whose first call of each run takes a second, and all others 5 ms; it checks its files.
cat >"$tmp/fixed.sh" <<'SCRIPT'
[ "$3" = '{threads}' ] && head -c 6 "$2" | grep -q NUMPY && [ "$(wc -c <"$1")" -gt 10000 ] || exit 7
echo '{"schema": "ghostbench-serve-1", "version": "five"}'
while read -r word n; do
  case $word in
    run)
      line='{"samples_ms": [1000'
      while [ "$n" -gt 1 ]; do line="$line, 5"; n=$((n - 1)); done
      echo "$line]}"
      ;;
    output) cat "$ANSWER" ;;
    quit) echo quit >>"$ANSWER.said"; exit 0 ;;
  esac
done
SCRIPT
for batch in 1 2; do
  printf 'run 1\noutput\n' | "$program" bench eegnet --serve --threads 1 --batch $batch |
    sed -n 3p >"$tmp/answer-$batch"
done

# shellcheck disable=SC2086
bench eegnet $small --runs 12 --engine native,self,fixed --batch 1,2 --json
own() {
  measured && [ "$(grep -c '"engine": "self"' "$tmp/out")" -eq 2 ] &&
    [ "$(grep -c '"engine_version": "five"' "$tmp/out")" -eq 2 ]
}
check 'times engines of the configuration beside ours' own
lead() { [ "$(array samples_ms 3 | sort -u)" = 5.0 ] && [ "$(array samples_ms 3 | wc -l)" -eq 12 ]; }
check 'the first call of a turn is not counted' lead
gone() {
  [ -z "$(ls -A "$TMPDIR")" ] && [ -s "$tmp/answer-1.said" ] && [ -s "$tmp/answer-2.said" ]
}
check 'tells engines to quit and leaves no file' gone

sed 's/\[[^,]*,/[9.5,/' "$tmp/answer-1" >"$tmp/wrong" && mv "$tmp/wrong" "$tmp/answer-1"
# shellcheck disable=SC2086
bench eegnet $small --runs 12 --engine native,fixed
check 'a wrong output is not timed' complains 'engine fixed: its output is off by'
check 'and leaves no file' test -z "$(ls -A "$TMPDIR")"

engine() { # lines of a shell script that is the engine
  printf '[odd]\nprogram = sh\nargument = -c\nargument = %s\n' "$1" >"$tmp/engines"
  # shellcheck disable=SC2086
  bench eegnet $small --runs 12 --engine odd
}
hello='echo "{{\"schema\": \"ghostbench-serve-1\"}"'
engine 'exit 0'
check 'an engine that ends' complains 'engine odd ended'
engine 'echo hello'
check 'an engine that greets in words' complains "'hello"
engine 'echo "{{}"'
check 'an engine that greets with nothing' complains "schema is ''"
engine "$hello; read x; echo '{{\"samples_ms\": [1, 2]}'; read x"
check 'an engine that gives other numbers of samples' complains "2 numbers in 'samples_ms', 1 were"
engine "$hello; read x; echo '{{\"samples_ms\": [-1]}'; read x"
check 'an engine that gives negative times' complains 'sample 0 is no time'
engine "$hello; read x; echo '{{\"samples_ms\": [1]}'; read x; echo '{{\"values\": [1,null,2,3]}'"
check 'an engine that gives no numbers' complains 'output 1 is no finite number'
engine "$hello; read x; exit 1"
check 'an engine that dies at work' complains 'engine odd ended'
engine "$hello; exec cat /dev/zero"
check 'an engine that never ends a line' complains 'a line of more than'
printf '[odd]\nprogram = %s\n' "$tmp/not there" >"$tmp/engines"
bench eegnet --engine odd
check 'an engine that is not there' complains "cannot start '$tmp/not there'"
check 'no file is left' test -z "$(ls -A "$TMPDIR")"

fault() { # name, what the message says, content
  printf "$3" >"$tmp/engines"
  bench eegnet --engine odd
  check "configuration: $1" complains "$tmp/engines$2"
}
fault 'no section' ":1: 'program' stands before any [engine]" 'program = x\n'
fault 'unended section' ":2: '[odd': a section ends with ]" '\n[odd\n'
fault 'bad name' ':1: [Odd One] is no name' '[Odd One]\n'
fault 'empty name' ':1: [] is no name' '[]\n'
fault 'reserved name' ':1: [native] is ghostbench' '[native]\nprogram = x\n'
fault 'twice' ':3: [odd] stands in line 1 already' '[odd]\nprogram = x\n[odd]\n'
fault 'no program' ':1: [odd] has no program' '[odd]\n[other]\nprogram = x\n'
fault 'two programs' ':3: [odd] has its program already' '[odd]\nprogram = x\nprogram = y\n'
fault 'empty program' ':2: program needs a value' '[odd]\nprogram =\n'
fault 'argument first' ':2: argument stands behind program' '[odd]\nargument = x\n'
fault 'unknown key' ":2: 'progam' is not known" '[odd]\nprogam = x\n'
check 'and what was meant' complains "did you mean 'program'?"
fault 'no value' ":2: 'program': write KEY = VALUE" '[odd]\nprogram\n'
fault 'unknown brace' ":3: '{modell}' is not known: {model}" '[odd]\nprogram = x\nargument = {modell}\n'
fault 'environment without =' ":3: environment 'X' is not allowed" '[odd]\nprogram = x\nenvironment = X\n'
fault 'zero byte' ': a zero byte: no text' '[odd]\n\000program = x\n'
fault 'other engines only' ')' '[other]\nprogram = x\n'
check 'lists what there is' complains 'native, reference, other ('
printf '[odd]\nprogram = x\n' >"$tmp/engines"
chmod 666 "$tmp/engines"
bench eegnet --engine odd
check 'configuration that everybody may write' complains 'everybody may write this file'
rm "$tmp/engines"
mkdir -p "$tmp/config/ghostbench"
printf 'x\n' >"$tmp/config/ghostbench/engines"
code=0
GHOSTBENCH_ENGINES='' XDG_CONFIG_HOME=$tmp/config "$program" bench eegnet --engine odd \
  >"$tmp/out" 2>"$tmp/err" || code=$?
check 'finds the configuration by XDG_CONFIG_HOME' complains "$tmp/config/ghostbench/engines:1:"
[ $failed = 0 ]
