# What test scripts share: the program, a folder that goes when the script ends, and the lines that
# tests/run.sh counts. A script changes into the project's folder and reads this file there:
#
#   cd "$(dirname "$0")/../.." && . tests/lib/script.sh || exit 1
#
# It then has $top (the project's folder), $program and $tmp. What a command printed belongs into
# $tmp/out and $tmp/err, which are shown where a case fails. The last line is `finish`.
set -u
LC_ALL=C
export LC_ALL
: "${BUILD:=build}"
top=$PWD
case $BUILD in /*) program=$BUILD/ghostbench ;; *) program=$top/$BUILD/ghostbench ;; esac
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
count=0 failed=0
unset GHOSTBENCH_DATA GHOSTBENCH_ENGINES COLUMNS CLICOLOR_FORCE

report() { # name, why it failed ("": it did not)
  count=$((count + 1))
  if [ -z "$2" ]; then
    echo "ok $count - $1"
  else
    failed=$((failed + 1))
    echo "not ok $count - $1"
    echo "$2" | sed 's/^/# /' | head -n 20
    cat "$tmp/out" "$tmp/err" 2>/dev/null | cut -c 1-300 | head -n 40 | sed 's/^/#   /'
  fi
}
result() { # name, exit code of what must hold
  report "$1" "$([ "$2" -eq 0 ] || echo "exit code $2")"
}
skip() { # name, reason
  count=$((count + 1))
  echo "ok $count - $1 # SKIP $2"
}
holds() { # file, texts that must stand in it; the first one that does not is added to $tmp/err
  file=$1
  shift
  for text; do
    grep -qF -- "$text" "$file" || { echo "$file lacks: $text" >>"$tmp/err"; return 1; }
  done
}
finish() {
  [ "$failed" -eq 0 ]
}
