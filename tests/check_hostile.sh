#!/bin/sh
# What is no store, no experiment, no group, no engine: exit code 2, words that name the file, and what
# is allowed; nothing crashes, nothing is left behind.
#
# usage: [BUILD=build] sh tests/check_hostile.sh
cd "$(dirname "$0")/.." && . tests/lib/script.sh || exit 1
cd "$tmp" || exit 1


refused() { # words of the message, arguments
  says=$1
  shift
  "$program" "$@" >out 2>err </dev/null
  code=$?
  why=
  [ "$code" -eq 2 ] || why="exit code $code"
  cat out err | grep -qF -- "$says" || why="$why; it does not say '$says'"
  report "$*: refused" "$why"
}

# A picture, a part of a store, nothing: where a store is expected.
mkdir picture part empty
printf '\377\330\377\340\000\020JFIF\000 this is no database' >picture/ghostbench.db
"$program" run ghostnet-table4 --no-plots -o good >out 2>err
report 'a store to break' "$([ -s good/ghostbench.db ] || echo 'there is none')"
head -c 30000 good/ghostbench.db >part/ghostbench.db
: >empty/ghostbench.db
for command in verify 'export --format csv' 'merge into.db' 'compare good'; do
  # shellcheck disable=SC2086 # words of a command
  refused 'picture/ghostbench.db: it is no database' $command picture
  # shellcheck disable=SC2086
  refused 'part/ghostbench.db: the file is damaged' $command part
  # shellcheck disable=SC2086
  refused 'empty/ghostbench.db: it is empty' $command empty
  # shellcheck disable=SC2086
  refused 'nosuch' $command nosuch
done
refused 'picture/ghostbench.db: it is no database' run ghostnet-table4 --no-plots -o picture
report 'merge leaves no store where a source is none' "$([ ! -e into.db ] || echo 'into.db is there')"
report 'a picture stays a picture' "$(head -c 3 picture/ghostbench.db | od -An -tx1 | grep -q 'ff d8 ff' || echo 'it does not')"

# Cut anywhere, a store is refused, and nothing is written to it.
size=$(wc -c <good/ghostbench.db)
why=
for i in 1 2 3 5 7 11 13 15; do
  head -c $((size * i / 16)) good/ghostbench.db >part/ghostbench.db
  cp part/ghostbench.db before
  "$program" verify part >out 2>err
  code=$?
  [ $code -eq 2 ] || why="$why; cut to $i/16: exit code $code"
  cmp -s part/ghostbench.db before || why="$why; cut to $i/16: it was written to"
done
report 'a store that is cut off' "$why"

# Experiments: each fault at its place.
experiment() { # words, body
  printf '%s\n' '<experiment name="e">' "$2" '</experiment>' >e.xml
  refused "$1" run e.xml --dry-run
}
model='<model architecture="eegnet"/>'
experiment "e.xml:2:31: unknown measure 'latenci'" "$model<measure>latenci</measure>"
timed="$model<measure>latency</measure>"
experiment 'e.xml:2:57: threads "two" is not allowed: an integer from 1' "$timed<sweep param='threads' values='1 two'/>"
experiment 'batch "-4" is not allowed: an integer from 1' "$timed<sweep param='batch' values='1 -4'/>"
experiment 'engine "/bin/sh" is not allowed: native, reference' "$timed<set param='engine' value='/bin/sh'/>"
experiment 'values="" holds no value' "$timed<sweep param='batch' values=''/>"
experiment 'is no name' "$timed<reproduce published='../../etc/passwd'/>"
for file in picture/ghostbench.db /etc/passwd; do
  refused "$file:1:1: " run "$file"
  refused "$file:1:1: " validate "$file"
  refused "$file:1:1: " count eegnet --counters "$file"
done
refused '--weights' forward eegnet --weights picture/ghostbench.db
refused 'picture/ghostbench.db: byte 0' bench eegnet --weights picture/ghostbench.db

# Where nothing can be written.
if [ -c /dev/full ]; then
  refused '/dev/full: cannot write' export --format csv good -o /dev/full
  refused '/dev/full: cannot write' report good -o /dev/full
fi
refused 'cannot make the folder' run ghostnet-table4 --no-plots -o e.xml
refused 'nosuch/x: cannot create' export --format csv good -o nosuch/x

finish
