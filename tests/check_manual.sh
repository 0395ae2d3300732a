#!/bin/sh
# The manual page and the shell completion know what the program knows: every command, flag and
# environment variable that its help names, and no flag that it does not have.
#
# usage: [BUILD=build] sh tests/check_manual.sh
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
count=0 failed=0

report() { # name, offences
  count=$((count + 1))
  if [ -z "$2" ]; then
    echo "ok $count - $1"
  else
    failed=$((failed + 1))
    echo "not ok $count - $1"
    echo "$2" | sed 's/^/  /'
  fi
}

commands=$("$BUILD/ghostbench" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
for command in $commands; do
  "$BUILD/ghostbench" "$command" --help |
    sed -n '/^flags:/,/^$/s/^ *\(-[a-z], \)\{0,1\}\(--[a-z-]*\).*/\2/p'
done | sort -u >"$tmp/flags"
echo --version >>"$tmp/flags"
sed 's/\\-/-/g' harness/cli/ghostbench.1 >"$tmp/manual"

missing_commands() {
  [ -n "$commands" ] || echo 'the help lists no commands'
  for command in $commands; do
    grep -qx "\.B $command" "$tmp/manual" || echo "no paragraph on $command"
  done
}
report 'the manual has every command' "$(missing_commands)"

missing_flags() {
  while read -r flag; do
    grep -q -- "$flag\b" "$tmp/manual" || echo "no $flag"
  done <"$tmp/flags"
}
report 'the manual has every flag' "$(missing_flags)"

surplus_flags() {
  grep -oE -- '--[a-z][a-z-]*' "$tmp/manual" | sort -u | while read -r flag; do
    grep -qx -- "$flag" "$tmp/flags" || echo "$flag is no flag of any command"
  done
}
report 'the manual has no flag that the program has not' "$(surplus_flags)"

missing_variables() {
  "$BUILD/ghostbench" --help | sed -n '/^environment:/,/^$/p' | grep -oE '[A-Z][A-Z_]+[A-Z]' |
    sort -u | while read -r variable; do
    grep -q "^\.B $variable" "$tmp/manual" || echo "no $variable"
  done
}
report 'the manual has every environment variable' "$(missing_variables)"

if command -v bash >/dev/null 2>&1; then
  cat >"$tmp/complete.bash" <<'END'
source harness/cli/completion.bash
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_ghostbench
printf '%s\n' "${COMPREPLY[@]}"
END
  completes() { # expected word, words of a command line up to the cursor…
    expected=$1
    shift
    bash "$tmp/complete.bash" "$BUILD/ghostbench" "$@" 2>&1 | grep -qx -- "$expected" ||
      echo "\"$*\" is not completed to $expected"
  }
  report 'bash completes commands, flags, values, layers' "$(
    completes describe des
    completes --set describe --
    completes markdown describe ghostnet --format m
    completes squeeze-excite help squ
  )"
else
  count=$((count + 1))
  echo "ok $count - bash completes # SKIP bash is not installed"
fi

[ "$failed" -eq 0 ]
