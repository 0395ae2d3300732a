#!/bin/sh
# Finds the packages that building, running and testing need, and installs the missing ones with apt.
#
# usage: harness/setup.sh [--check | --packages] [GROUP…]
#   build  compiler (that of the variable CC, gcc by default), make, pkg-config, libraries
#   run    gnuplot for the plots
#   check  what the tests need beside the program
#   lint   the formatter
#   asan   sanitizers' runtime (clang keeps it in a package of its own)
#   fuzz   clang and its fuzzing runtime
#   peers  node and npm, for the engines that ghostbench is compared with
#   cross  compiler and emulator of another architecture (aarch64)
#   browser  a browser, to look at the report in (300 MB when installed)
# Without a group: build and run. With --check nothing is installed: it names what is missing; with
# --packages it prints Debian's names of the group's packages.
#
# Silent and quick where nothing is missing. Uses sudo where the user is not root. Where there is no
# apt it names each missing program and library. Exits 0 when everything is there, else 2.
set -u
me=harness/setup.sh
check=0
listing=0
groups=
for word in "$@"; do
  case $word in
    --check) check=1 ;;
    --packages) listing=1 ;;
    build | run | check | lint | asan | fuzz | peers | cross | browser) groups="$groups $word" ;;
    -h | --help)
      sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    *)
      echo "$me: unknown group \"$word\"; known are build, run, check, lint, asan, fuzz, peers, cross, browser" >&2
      exit 2
      ;;
  esac
done
: "${groups:= build run}"

cc=${CC:-gcc}
cc=${cc%% *}
case ${cc##*/} in
  cc) cc_package=gcc ;;
  *) cc_package=${cc##*/} ;;
esac

# Group, Debian's package, how to find the thing without dpkg, the thing, what it is.
needs() {
  cat <<END
build $cc_package tool $cc C compiler
build libc6-dev header stdio.h headers of the C library
build make tool make GNU make
build pkg-config tool pkg-config finds compiler flags of libraries
build libxml2-dev library libxml-2.0 reads XML
build libgsl-dev library gsl wavelets and statistics
build libpapi-dev library papi hardware counters
build libjansson-dev library jansson reads and writes JSON
build libsqlite3-dev library sqlite3 the store of results
build libmd-dev library libmd SHA-256
build libcsv-dev header csv.h reads CSV
build libpthreadpool-dev header pthreadpool.h threads of the native engine
build libprotobuf-c-dev library libprotobuf-c writes ONNX
build protobuf-c-compiler tool protoc-c makes C from the format of ONNX
build libonnx-dev header onnx/onnx.proto the format of ONNX
run gnuplot-nox tool gnuplot draws plots
check valgrind tool valgrind counts instructions and cache misses by simulation
check libxml2-utils tool xmllint checks documents against the schemas
lint clang-format tool clang-format checks formatting
fuzz clang tool clang compiler with the fuzzer
peers nodejs tool node runs ONNX Runtime
peers npm tool npm installs ONNX Runtime
cross gcc-aarch64-linux-gnu tool aarch64-linux-gnu-gcc compiles for aarch64
cross qemu-user tool qemu-aarch64 runs programs of aarch64
browser chromium tool chromium shows the report
END
}

# True when the thing is there, whichever way it came.
there() { # kind name
  case $1 in
    tool) command -v "$2" >/dev/null 2>&1 ;;
    library) pkg-config --exists "$2" >/dev/null 2>&1 ;;
    header) echo "#include <$2>" | "$cc" -E -x c - >/dev/null 2>&1 ;;
  esac
}

wanted() { # prints the rows of the chosen groups
  needs | while read -r row_group row; do
    case " $groups " in *" $row_group "*) echo "$row" ;; esac
  done
}

if [ $listing = 1 ]; then
  wanted | cut -d' ' -f1
  exit 0
fi

# Rows whose package dpkg does not have and whose thing is not there either.
missing() {
  rows=$(wanted)
  have=
  if command -v dpkg-query >/dev/null 2>&1; then
    # shellcheck disable=SC2046 # one word a package is meant
    have=$(dpkg-query -W -f '${db:Status-Status}=${Package}\n' \
      $(echo "$rows" | cut -d' ' -f1) 2>/dev/null | sed -n 's/^installed=//p')
  fi
  echo "$rows" | while read -r package kind name text; do
    case "
$have
" in *"
$package
"*) [ "$kind" != tool ] || there tool "$name" || echo "$package $kind $name $text"
      continue ;;
    esac
    there "$kind" "$name" || echo "$package $kind $name $text"
  done
}

# The runtime of clang's sanitizers and fuzzer is a package named after clang's version, so it can
# only be looked for once clang is there.
missing_runtime() {
  case " $groups " in
    *" fuzz "*) compiler=clang parts="asan fuzzer" ;;
    *" asan "*) compiler=$cc parts=asan ;;
    *) return ;;
  esac
  case $compiler in *clang*) ;; *) return ;; esac
  folder=$("$compiler" -print-resource-dir 2>/dev/null) || return
  for part in $parts; do
    found=0
    for file in "$folder"/lib/*/libclang_rt."$part"*; do
      [ -e "$file" ] && found=1
    done
    if [ $found = 0 ]; then
      version=$("$compiler" -dumpversion)
      echo "libclang-rt-${version%%.*}-dev library libclang_rt.$part runtime of clang's sanitizers"
      return
    fi
  done
}

explain() { # rows
  echo "$1" | while read -r package kind name text; do
    printf '  %-8s %-18s %s (Debian: %s)\n' "$kind" "$name" "$text" "$package"
  done >&2
}

names() { # rows
  echo "$1" | cut -d' ' -f1 | sort -u | tr '\n' ' ' | sed 's/ $//'
}

log=
trap '[ -z "$log" ] || rm -f "$log"' EXIT
trap 'exit 2' HUP INT TERM

apt() { # arguments of apt-get
  # shellcheck disable=SC2086 # $sudo is empty or one word
  $sudo env LC_ALL=C DEBIAN_FRONTEND="${DEBIAN_FRONTEND:-noninteractive}" apt-get -q -y \
    -o DPkg::Lock::Timeout=600 -o Acquire::Retries=2 -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1 </dev/null
}

known() { # true when apt knows a version of every package
  for package in "$@"; do
    LC_ALL=C apt-cache show --no-all-versions "$package" >/dev/null 2>&1 || return 1
  done
}

install() { # rows
  packages=$(names "$1")
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "$me: missing, and there is no apt here to install it:" >&2
    explain "$1"
    echo "Please install these with this system's package manager and run the command again." >&2
    exit 2
  fi
  sudo=
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      echo "$me: missing:" >&2
      explain "$1"
      echo "Installing needs root, and there is no sudo here. As root:" >&2
      echo "  apt-get update && apt-get install --no-install-recommends $packages" >&2
      exit 2
    fi
    sudo=sudo
    # Asks for the password on the terminal, once, before apt's output is put aside.
    if ! sudo -n true 2>/dev/null && ! sudo -v; then
      echo "$me: sudo refused; as root: apt-get install --no-install-recommends $packages" >&2
      exit 2
    fi
  fi
  log=$(mktemp) || exit 2
  echo "Installing $packages" >&2
  # Package lists may be absent (a fresh machine) or too old (the versions they name are gone).
  # shellcheck disable=SC2086 # one word a package
  if ! { known $packages && apt install --no-install-recommends $packages; }; then
    apt update
    if ! { known $packages && apt install --no-install-recommends $packages; }; then
      tail -n 15 "$log" | sed 's/^/  apt: /' >&2
      if grep -qE 'resolv|onnect|unreachable|timed out' "$log"; then
        echo "$me: no package server could be reached. Is there a network? Missing are:" >&2
      elif ! known $packages; then
        echo "$me: apt's sources do not offer all of these (see /etc/apt/sources.list):" >&2
      else
        echo "$me: apt could not install these:" >&2
      fi
      explain "$1"
      exit 2
    fi
  fi
  rm -f "$log"
  log=
}

rows=$(missing)
[ -n "$rows" ] || rows=$(missing_runtime)
[ -n "$rows" ] || exit 0
if [ $check = 1 ]; then
  echo "Missing:" >&2
  explain "$rows"
  echo "This installs them:  sh $me$groups" >&2
  exit 2
fi
install "$rows"
rows=$(missing_runtime)
[ -z "$rows" ] || install "$rows"
rows=$(missing)$(missing_runtime)
if [ -n "$rows" ]; then
  echo "$me: still missing after installing:" >&2
  explain "$rows"
  exit 2
fi
