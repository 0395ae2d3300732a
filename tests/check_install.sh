#!/bin/sh
# `make install` puts everything where it belongs, the installed program finds its data from any
# folder without flags, and `make uninstall` leaves nothing.
#
# usage: [BUILD=build] [VARIANT=release] [CC=gcc] sh tests/check_install.sh
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}" "${VARIANT:=release}" "${CC:=gcc}"
unset MAKEFLAGS MAKELEVEL MFLAGS # of the make that runs the tests
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
top=$PWD
count=0 failed=0

expect() { # name, command…
  name=$1
  shift
  count=$((count + 1))
  if "$@" >"$tmp/log" 2>&1; then
    echo "ok $count - $name"
  else
    failed=$((failed + 1))
    echo "not ok $count - $name"
    tail -n 20 "$tmp/log" | sed 's/^/  /'
  fi
}

goal() { make -s -j1 "$@" BUILD="$BUILD" VARIANT="$VARIANT" CC="$CC"; }

# A prefix with a blank: every path must be quoted.
stage=$tmp/'a stage'
expect 'installs below DESTDIR' goal install DESTDIR="$stage" PREFIX=/opt/ghostbench

all_there() {
  for file in bin/ghostbench share/man/man1/ghostbench.1 share/doc/ghostbench/LICENSE \
    share/bash-completion/completions/ghostbench share/zsh/site-functions/_ghostbench \
    share/fish/vendor_completions.d/ghostbench.fish \
    $(find architectures experiments results/published -type f ! -name '.*' |
      sed 's|^|share/ghostbench/|'); do
    [ -f "$stage/opt/ghostbench/$file" ] || { echo "missing: $file"; return 1; }
  done
  [ -x "$stage/opt/ghostbench/bin/ghostbench" ]
}
expect 'program, networks, experiments, published tables, manual, completion' all_there

nothing_else() { [ "$(ls -A "$stage")" = opt ] && [ "$(ls -A "$stage/opt")" = ghostbench ]; }
expect 'and nothing outside the prefix' nothing_else

# The installed program is moved as a whole and started far from the sources.
mv "$stage/opt/ghostbench" "$tmp/moved here"
names() { # folder
  (cd "$top/$1" && find . -maxdepth 1 -name '*.xml' | sed 's|^\./||; s|\.xml$||' | sort)
}
same_names() { # what
  (cd / && "$tmp/moved here/bin/ghostbench" list --names "$1") | sort >"$tmp/got" || return 1
  names "$1" >"$tmp/wanted"
  [ -s "$tmp/wanted" ] || { echo "no $1 in the sources"; return 1; }
  diff "$tmp/wanted" "$tmp/got"
}
expect 'the installed program lists the architectures' same_names architectures
expect 'the installed program lists the experiments' same_names experiments
describes() { (cd / && "$tmp/moved here/bin/ghostbench" describe ghostnet); }
expect 'the installed program describes ghostnet from any folder' describes

mkdir -p "$stage/opt" && mv "$tmp/moved here" "$stage/opt/ghostbench"
expect 'uninstalls' goal uninstall DESTDIR="$stage" PREFIX=/opt/ghostbench
no_files() { [ -z "$(find "$stage" -type f)" ] || { find "$stage" -type f; return 1; }; }
expect 'and leaves no file' no_files

[ "$failed" -eq 0 ]
