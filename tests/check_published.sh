#!/bin/sh
# Proves that the published figures in results/published/*.csv are well formed, and that this check can fail.
#
# Prints TAP-like lines (`ok N - name`, `not ok N - name`, faults as `# file:line: ...`); exits 0 or 1.
# POSIX sh and awk only, so it needs nothing that is built.

set -u
LC_ALL=C
export LC_ALL

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
data=$root/results/published
tmp=$(mktemp -d "${TMPDIR:-/tmp}/published.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

count=0
failed=0

ok() {
  count=$((count + 1))
  printf 'ok %d - %s\n' "$count" "$1"
}

not_ok() {
  count=$((count + 1))
  failed=$((failed + 1))
  printf 'not ok %d - %s\n' "$count" "$1"
}

# The source keys that results/published/README.md explains: list items that begin with - **key**.
keys=$tmp/keys
sed -n 's/^- \*\*\([a-z0-9-]*\)\*\*.*/\1/p' "$data/README.md" >"$keys" 2>"$tmp/err"

# Writes one line a fault of the CSV file $1 to standard output; silent when there is none.
faults() {
  awk -v keyfile="$keys" -v name="$(basename "$1")" '
    function fault(text) { printf "# %s:%d: %s\n", name, NR, text }

    # Splits one record into field[1..n] by RFC 4180; returns n, or 0 after naming the fault.
    function split_record(line,    i, n, len, c, quoted, cell, closed) {
      len = length(line); n = 1; cell = ""; quoted = 0; closed = 0
      for (i = 1; i <= len; i++) {
        c = substr(line, i, 1)
        if (quoted) {
          if (c != "\"") cell = cell c
          else if (substr(line, i + 1, 1) == "\"") { cell = cell "\""; i++ }
          else { quoted = 0; closed = 1 }
        } else if (c == ",") { field[n++] = cell; cell = ""; closed = 0 }
        else if (closed) { fault("text after a closing quote in field " n); return 0 }
        else if (c == "\"") {
          if (cell != "") { fault("a quote inside the unquoted field " n); return 0 }
          quoted = 1
        } else cell = cell c
      }
      if (quoted) { fault("field " n " is quoted and never closed on this line"); return 0 }
      field[n] = cell
      return n
    }

    function decimals(text,    dot) {
      dot = index(text, ".")
      return dot ? length(text) - dot : 0
    }

    BEGIN {
      header = "row,column,value,unit,precision,source,grade,note"
      split("primary secondary cross-checked digitised memory", words, " ")
      for (i in words) grades[words[i]] = 1
      split("k M G % ms s kB", words, " ")
      for (i in words) units[words[i]] = 1
      units[""] = 1
      while ((getline line < keyfile) > 0) keys[line] = 1
    }

    /\r/ { fault("a carriage return; lines end in a line feed alone") }
    /[^ -~]/ { fault("a character that is not printable ASCII") }

    NR == 1 {
      if ($0 != header) fault("the header is \"" $0 "\", it must be \"" header "\"")
      next
    }

    {
      n = split_record($0)
      if (n == 0) next
      if (n != 8) { fault(n " fields, there must be 8"); next }
      row = field[1]; column = field[2]; value = field[3]; unit = field[4]
      precision = field[5]; source = field[6]; grade = field[7]

      if (row == "") fault("the row label is empty")
      if (column !~ /^[a-z][a-z0-9_]*$/) fault("column \"" column "\" is not a lower-case name")
      if (value == "") fault("the value is empty; a dash of the source is left out, not entered")
      if (!(unit in units)) fault("unit \"" unit "\"; allowed: k M G % ms s kB or none")
      if (!(grade in grades))
        fault("grade \"" grade "\"; allowed: primary secondary cross-checked digitised memory")

      key = source
      sub(/,.*/, "", key)
      if (!(key in keys)) fault("source key \"" key "\" is not explained in README.md")

      if ((row, column) in seen)
        fault("row \"" row "\", column \"" column "\" stands already on line " seen[row, column])
      else seen[row, column] = NR

      if (precision == "") next
      if (precision !~ /^(1|0\.0*1)$/) {
        fault("precision \"" precision "\" is not 1, 0.1, 0.01, ...")
        next
      }
      if (value !~ /^-?[0-9]+(\.[0-9]+)?$/) {
        fault("value \"" value "\" is not a number, and a precision is given")
        next
      }
      # A multiple of the precision, and printed to it: 7.6 or 13.0 at 0.1, never 13 or 13.00. Both
      # are decimal texts and the precision a power of ten, so counting digits is exact.
      if (decimals(value) > decimals(precision))
        fault("value " value " is not a multiple of the precision " precision)
      else if (decimals(value) < decimals(precision))
        fault("value " value " is printed to fewer digits than the precision " precision)
    }

    END {
      if (NR == 0) print "# " name ": empty"
      else if (NR == 1) print "# " name ": a header and no figures"
    }' "$1"
  if [ -s "$1" ] && [ "$(tail -c 1 "$1" | wc -l)" -eq 0 ]; then
    echo "# $(basename "$1"): no line feed at the end of the last line"
  fi
}

# 1. Every file.
files=0
for file in "$data"/*.csv; do
  [ -f "$file" ] || continue
  files=$((files + 1))
  name=$(basename "$file")
  faults "$file" >"$tmp/faults" 2>&1
  if [ -s "$tmp/faults" ]; then
    not_ok "published $name is well formed"
    cat "$tmp/faults"
  else
    ok "published $name is well formed"
  fi
done

# 2. The files the experiments name are there, and README.md and the folder agree on what there is.
: >"$tmp/faults"
for name in ghostnet-table1 ghostnet-table3 ghostnet-table4 ghostnet-table5 ghostnet-table6 \
  ghostnet-table7 ghostnet-table8 ghostnet-fig6 ghostnet-fig7 shufflenet-v1-table1 shufflenet-v1 \
  shufflenet-v2 mobilenet-v1 mobilenet-v2 mobilenet-v3 torchvision eeg eegnet-table3; do
  [ -f "$data/$name.csv" ] || echo "# $name.csv is missing" >>"$tmp/faults"
done
for file in "$data"/*.csv; do
  name=$(basename "$file")
  grep -q "^| \`$name\` |" "$data/README.md" ||
    echo "# $name is not listed in results/published/README.md" >>"$tmp/faults"
done
sed -n 's/^| `\([^`]*\.csv\)` |.*/\1/p' "$data/README.md" >"$tmp/listed"
while read -r name; do
  [ -f "$data/$name" ] || echo "# README.md lists $name, which is not there" >>"$tmp/faults"
done <"$tmp/listed"
if [ -s "$tmp/faults" ] || [ "$files" -eq 0 ]; then
  not_ok "published files and their list agree"
  cat "$tmp/faults"
else
  ok "published files and their list agree"
fi

# 3. The check itself: each fault must be seen, and seen as what it is.
header='row,column,value,unit,precision,source,grade,note'
good='"a, b",macs,7.6,M,0.1,"han2020ghostnet, table 3",primary,"says ""so"""'

# seen NAME EXPECTED-TEXT: the file $tmp/x.csv must give a fault that contains the text.
seen() {
  faults "$tmp/x.csv" >"$tmp/faults" 2>&1
  if grep -qF -e "$2" "$tmp/faults"; then
    ok "published check sees $1"
  else
    not_ok "published check sees $1"
    echo "# expected: $2"
    sed 's/^/# got: /' "$tmp/faults"
  fi
}

# bad NAME EXPECTED-TEXT LINE: the same for a file of the header and one line.
bad() {
  printf '%s\n%s\n' "$header" "$3" >"$tmp/x.csv"
  seen "$1" "$2"
}

printf '%s\n%s\n' "$header" "$good" >"$tmp/x.csv"
faults "$tmp/x.csv" >"$tmp/faults" 2>&1
if [ -s "$tmp/faults" ]; then
  not_ok "published check passes a good file with quotes and commas"
  cat "$tmp/faults"
else
  ok "published check passes a good file with quotes and commas"
fi

s='han2020ghostnet,primary,'
bad 'too few fields' '7 fields' 'r,macs,7.6,M,0.1,han2020ghostnet,primary'
bad 'too many fields' '9 fields' 'r,macs,7.6,M,0.1,han2020ghostnet,primary,a,b'
bad 'an open quote' 'never closed' 'r,macs,7.6,M,0.1,"han2020ghostnet,primary,'
bad 'a quote in the middle' 'unquoted field 1' 'r"s",macs,7.6,M,0.1,'"$s"
bad 'text after a quote' 'after a closing quote' '"r"s,macs,7.6,M,0.1,'"$s"
bad 'an empty row label' 'row label is empty' ',macs,7.6,M,0.1,'"$s"
bad 'an upper-case column' 'lower-case name' 'r,MACs,7.6,M,0.1,'"$s"
bad 'a missing value' 'the value is empty' 'r,macs,,M,0.1,'"$s"
bad 'an unknown unit' 'unit "B"' 'r,macs,7.6,B,0.1,'"$s"
bad 'an unknown grade' 'grade "sure"' 'r,macs,7.6,M,0.1,han2020ghostnet,sure,'
bad 'an unknown source' 'source key "nobody1900"' 'r,macs,7.6,M,0.1,nobody1900,primary,'
bad 'a value that is no number' 'is not a number' 'r,macs,7.6x,M,0.1,'"$s"
bad 'a dash for a number' 'is not a number' 'r,macs,-,M,1,'"$s"
bad 'a precision that is no step' 'precision "0.5"' 'r,macs,7.5,M,0.5,'"$s"
bad 'a value finer than its precision' 'not a multiple' 'r,macs,7.65,M,0.1,'"$s"
bad 'a value coarser than its precision' 'fewer digits' 'r,macs,13,M,0.1,'"$s"
bad 'a character beyond ASCII' 'printable ASCII' "$(printf 'r\303\227,macs,7.6,M,0.1,%s' "$s")"
bad 'a carriage return' 'carriage return' "$(printf 'r,macs,7.6,M,0.1,%s\r' "$s")"

printf '%s\n%s\n%s\n' "$header" "$good" "$good" >"$tmp/x.csv"
seen 'a repeated row and column' 'stands already on line 2'
printf 'row,column,value\n' >"$tmp/x.csv"
seen 'a wrong header' 'the header is'
printf '%s\n' "$header" >"$tmp/x.csv"
seen 'a file without figures' 'no figures'
: >"$tmp/x.csv"
seen 'an empty file' 'empty'
printf '%s\n%s' "$header" "$good" >"$tmp/x.csv"
seen 'a missing last line feed' 'no line feed'

printf '1..%d\n' "$count"
[ "$failed" -eq 0 ]
