#!/bin/sh
# harness/setup.sh on machines that are made up: commands of its own in a folder that is all of PATH.
# They play a bare Debian as root and as a user, one without network, and a system without apt.
set -u
cd "$(dirname "$0")/.." || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
count=0 failed=0

result() { # name, 0 when good
  count=$((count + 1))
  if [ "$2" = 0 ]; then
    echo "ok $count - $1"
  else
    failed=$((failed + 1))
    echo "not ok $count - $1"
    sed 's/^/  /' "$tmp/out"
  fi
}

fake() { # command, script
  printf '#!/bin/sh\n%s\n' "$2" >"$tmp/bin/$1"
  chmod +x "$tmp/bin/$1"
}

machine() { # debian|other, uid: an empty machine
  rm -rf "${tmp:?}/bin" "${tmp:?}/state"
  mkdir "$tmp/bin" "$tmp/state"
  : >"$tmp/state/installed"
  for command in sh sed cut sort tr grep mktemp rm env tail cat; do
    ln -s "$(command -v $command)" "$tmp/bin/$command"
  done
  fake id "echo $2"
  [ "$1" = debian ] || return 0
  # shellcheck disable=SC2016
  fake dpkg-query 'for word; do
  if grep -qx -- "$word" "$STATE/installed"; then echo "installed=$word"; fi
done'
  # Packages are known once the lists are there; installing one brings its command.
  # shellcheck disable=SC2016
  fake apt-cache '[ -e "$STATE/lists" ]'
  # shellcheck disable=SC2016
  fake apt-get 'echo "apt-get $*" >>"$STATE/calls"
if [ -e "$STATE/no-network" ]; then echo "Temporary failure resolving somewhere"; exit 100; fi
for word; do
  case $word in
    update) : >"$STATE/lists" ;;
    -* | DPkg* | Dpkg* | Acquire* | install) ;;
    *)
      echo "$word" >>"$STATE/installed"
      case $word in gnuplot-nox) word=gnuplot ;; libxml2-utils) word=xmllint ;;
        protobuf-c-compiler) word=protoc-c ;; esac
      printf "#!/bin/sh\nexit 1\n" >"$STATE/../bin/$word"
      env chmod +x "$STATE/../bin/$word"
      ;;
  esac
done'
  ln -s "$(command -v chmod)" "$tmp/bin/chmod"
}

setup() { # arguments: runs it there; code in $code, output in out
  env -i PATH="$tmp/bin" STATE="$tmp/state" TMPDIR="$tmp" \
    sh harness/setup.sh "$@" >"$tmp/out" 2>&1 </dev/null
  code=$?
}

says() { # patterns that must all be in the output
  for pattern; do
    grep -q -- "$pattern" "$tmp/out" || { echo "(no \"$pattern\" above)" >>"$tmp/out"; return 1; }
  done
}

machine debian 0
setup --check build run
[ $code = 2 ] && says gcc gnuplot libxml2-dev csv.h 'sh harness/setup.sh build run' &&
  [ ! -e "$tmp/state/calls" ]
result '--check names what is missing and installs nothing' $?

setup build run check lint
[ $code = 0 ] && grep -q 'apt-get .*update' "$tmp/state/calls" &&
  grep -q 'install --no-install-recommends .*gcc .*libxml2-dev' "$tmp/state/calls"
result 'a bare Debian: fetches the lists, installs' $?

rm "$tmp/state/calls"
setup build run check lint
[ $code = 0 ] && [ ! -s "$tmp/out" ] && [ ! -e "$tmp/state/calls" ]
result 'silent and without apt where nothing is missing' $?

grep -vx libcsv-dev "$tmp/state/installed" >"$tmp/fewer"
mv "$tmp/fewer" "$tmp/state/installed"
setup build
[ $code = 0 ] && [ "$(grep -c . "$tmp/state/calls")" = 1 ] && says 'Installing libcsv-dev$'
result 'installs only what is missing, and the lists are not fetched again' $?

machine debian 1000
setup build
[ $code = 2 ] && says 'no sudo' 'apt-get install --no-install-recommends .*gcc' &&
  [ ! -e "$tmp/state/calls" ]
result 'not root and no sudo: says what root must type' $?

# shellcheck disable=SC2016
fake sudo 'case $1 in -n | -v) exit 0 ;; esac
echo "sudo $*" >>"$STATE/sudo"
exec "$@"'
setup build
[ $code = 0 ] && grep -q 'apt-get' "$tmp/state/sudo"
result 'not root: by sudo' $?

machine debian 0
: >"$tmp/state/no-network"
setup build
[ $code = 2 ] && says 'Is there a network' gcc
result 'no network: says so' $?

machine other 0
setup build run
[ $code = 2 ] && says 'no apt' gcc pkg-config 'jansson' 'csv.h' gnuplot
result 'no apt: names each program and library' $?

setup everything
[ $code = 2 ] && says 'unknown group "everything"'
result 'an unknown group' $?

[ "$failed" -eq 0 ]
