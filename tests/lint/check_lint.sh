#!/bin/sh
# The rules of the house, each proved twice: nothing in the tree breaks it, and a file made to break
# it is found. Rules that read objects need a build without sanitizers, which add their own symbols.
#
# usage: [BUILD=build] [VARIANT=release] [CC=gcc] sh tests/lint/check_lint.sh
set -u
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=build}" "${VARIANT:=release}" "${CC:=gcc}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
count=0 failed=0

# Writable globals that are allowed, one "object symbol" a line, each with its reason. None so far.
allowed_globals=''

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

skip() { # name, reason
  count=$((count + 1))
  echo "ok $count - $1 # SKIP $2"
}

# The deliberately bad input of a rule: it must be found exactly so many times.
finds() { # name, expected lines, offences
  lines=$(printf '%s' "$3" | grep -c '')
  count=$((count + 1))
  if [ "$lines" = "$2" ]; then
    echo "ok $count - $1: finds what is wrong"
  else
    failed=$((failed + 1))
    echo "not ok $count - $1: found $lines of $2 deliberate faults"
    echo "$3" | sed 's/^/  /'
  fi
}

c_files() { find layers harness -name '*.[ch]' -o -name '*.def' | sort; }

# ---------------------------------------------------------------------------------------------
# Formatting. Other versions of clang-format lay out some lines differently, so one version rules.
formatter=
for program in clang-format-14 clang-format; do
  "$program" --version 2>/dev/null | grep -q 'version 14\.' && formatter=$program && break
done
formatting() { # files
  "$formatter" --style=file --dry-run -Werror "$@" 2>&1 | grep -E '(error|warning):' |
    cut -d: -f1,2 | uniq
}
if [ -n "$formatter" ]; then
  # shellcheck disable=SC2046 # no blanks in our file names
  report 'formatting' "$(formatting $(find layers harness tests -name '*.[ch]'))"
  cp .clang-format "$tmp/"
  printf 'int  f( void ){return 1;}\n' >"$tmp/bad.c"
  finds 'formatting' 1 "$(formatting "$tmp/bad.c")"
else
  skip 'formatting' 'needs clang-format 14 (make lint installs it)'
fi

# ---------------------------------------------------------------------------------------------
# Who may include whom, and that no concrete layer is named outside layers/.
here=$PWD
includes() { # root
  (cd "$1" && c_files | xargs awk -f "$here/tests/lint/includes.awk")
}
report 'who may include whom' "$(includes .)"

concrete() { # root
  ids=$(sed -n 's/^GB_LAYER(\(.*\))$/\1/p' "$1/layers/layers.def" | tr '\n' '|' | sed 's/|$//')
  (cd "$1" && grep -rnwE "gb_layer_($ids)" harness)
}
report 'no concrete layer is named outside layers/' "$(concrete .)"

bad=$tmp/tree
mkdir -p "$bad/layers/base" "$bad/layers/kernels" "$bad/harness/measure" "$bad/harness/graph" \
  "$bad/harness/xml" "$bad/harness/cli" "$bad/harness/surprise"
echo 'GB_LAYER(conv)' >"$bad/layers/layers.def"
echo '#include "layers/layer.h"' >"$bad/layers/base/bad.c"
printf '#include "layers/layer.h"\n#include "harness/graph/graph.h"\n' >"$bad/layers/kernels/bad.c"
printf '#include "harness/xml/xml.h"\n#include <gsl/gsl_wavelet.h>\n' >"$bad/layers/bad.c"
printf '#include <gsl/gsl_wavelet.h>\n#include <math.h>\n' >"$bad/layers/wavelet.c" # is allowed
printf '#include "harness/graph/graph.h"\n#include <papi.h>\n' >"$bad/harness/measure/bad.c"
printf '# include <libxml/tree.h>\n#include "layers/conv.h"\n' >"$bad/harness/graph/bad.c"
printf '#include "harness/report/report.h"\n#include "../cli/cli.h"\n' >"$bad/harness/xml/bad.c"
printf '#include <curl/curl.h>\n#include HEADER\nint x = (int)&gb_layer_conv;\n' \
  >"$bad/harness/cli/bad.c"
echo '#include <stdio.h>' >"$bad/harness/surprise/bad.c"
finds 'who may include whom' 13 "$(includes "$bad")"
finds 'no concrete layer is named outside layers/' 1 "$(concrete "$bad")"

# ---------------------------------------------------------------------------------------------
# Every file says in its first line what it is.
opening() { # files
  awk 'FNR == 1 { open = 1 }
       !open { next }
       !/^\/\/ *[^ ]/ { # the comment is missing, or ended without the end of a sentence
         print FILENAME ":" FNR ": must begin with a sentence that says what it is"
         open = 0
       }
       /[.!?:]( |$)/ { open = 0 }' "$@"
}
# shellcheck disable=SC2046
report 'every file begins with a sentence that says what it is' \
  "$(opening $(find layers harness tests -name '*.[ch]'))"
printf '#include <stdio.h>\n' >"$tmp/opening1.c"
printf '// No end\nint x;\n' >"$tmp/opening2.c"
printf '// A good one over\n// two lines. And more\nint x;\n' >"$tmp/opening3.c"
finds 'every file begins with a sentence that says what it is' 2 "$(opening "$tmp"/opening?.c)"

# ---------------------------------------------------------------------------------------------
# Scripts parse, and no file names a folder of one machine.
scripts() { # files
  for file in "$@"; do
    case $(head -n 1 "$file") in *bash*) shell=bash ;; *) shell='sh' ;; esac
    command -v $shell >/dev/null || continue
    $shell -n "$file" >/dev/null 2>&1 || echo "$file: does not parse"
  done
}
# shellcheck disable=SC2046
report 'scripts parse' "$(scripts .ci/run $(find harness tests -name '*.sh'))"
printf '#!/bin/sh\nif true; do\n' >"$tmp/bad.sh"
finds 'scripts parse' 1 "$(scripts "$tmp/bad.sh")"

machine_paths() { # files and folders
  grep -rnsIE '(^|[^a-z.])/(wor[k]|roo[t]|hom[e]/[a-z]+)/|/tm[p]/gb/' "$@" | cut -c1-160
}
# shellcheck disable=SC2046 # README.md and the like
report 'no path of one machine' "$(machine_paths .ci layers harness architectures experiments \
  results/published tests $(find . -maxdepth 1 -type f ! -name .git))"
mkdir "$tmp/paths"
printf 'see %s\n' "/work""/shared" >"$tmp/paths/bad.md"
finds 'no path of one machine' 1 "$(machine_paths "$tmp/paths")"

# ---------------------------------------------------------------------------------------------
# What the objects say: globals, calls, exports.
objects() { # those whose source is still there; kernels have an instruction set in the name
  find "$BUILD/layers" "$BUILD/harness" -name '*.o' | sort | while read -r object; do
    source=${object#"$BUILD"/}
    source=${source%.o}
    if [ -e "$source.c" ] || [ -e "${source%.*}.c" ]; then echo "$object"; fi
  done
}

# Objects in sections that stay writable. Tables with pointers are in .data.rel.ro: read-only after
# the loader. Thread-local variables count, too.
globals() { # objects
  objdump -t "$@" | awk -F '\t' -v allowed="$allowed_globals" '
    / file format / { file = $0; sub(/: +file format.*/, "", file); next }
    NF < 2 { next }
    {
      section = substr($1, 26)
      if (substr($1, 18, 7) ~ /d/) next # the section itself
      if (section !~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ || section ~ /^\.data\.rel\.ro/) next
      name = $2
      sub(/^[0-9a-f]+ +(\.hidden )?/, "", name)
      if (index("\n" allowed "\n", "\n" file " " name "\n")) next
      print file ": " name " is writable (" section ")"
    }'
}

# A library neither ends the program nor writes to its terminal: it returns a status.
calls() { # objects
  nm -u -A "$@" | awk '
    $NF ~ /^(exit|_exit|_Exit|quick_exit|abort|__assert_fail|system|errx?|warnx?)$/ ||
    $NF ~ /^(stdout|stderr|(__)?v?printf(_chk)?|puts|putchar|perror)$/ {
      file = $1; sub(/:$/, "", file)
      print file ": " $NF
    }'
}

exports() { # file of ids, build folder
  while read -r id; do
    object=$2/layers/$id.o
    if [ ! -e "$object" ]; then
      echo "layers/layers.def: no layers/$id.c"
      continue
    fi
    symbols=$(nm -g --defined-only -f posix "$object" | cut -d' ' -f1 | tr '\n' ' ')
    [ "$symbols" = "gb_layer_$id " ] || echo "$object exports: $symbols"
  done <"$1"
}

what='no writable globals, no exit or output outside harness/cli, one symbol a layer'
if [ "$VARIANT" != release ]; then
  skip "$what" "sanitizers add symbols of their own; make check proves it"
elif ! command -v objdump >/dev/null 2>&1; then
  skip "$what" 'needs objdump and nm (binutils)'
else
  all=$(objects)
  if [ -z "$all" ]; then
    report 'objects' "no objects in $BUILD: build first"
  else
    # shellcheck disable=SC2086
    report 'no writable globals' "$(globals $all)"
    # shellcheck disable=SC2046
    report 'no exit and no output to the terminal outside harness/cli' \
      "$(calls $(echo "$all" | grep -v '/harness/cli/'))"
    sed -n 's/^GB_LAYER(\(.*\))$/\1/p' layers/layers.def >"$tmp/ids"
    report 'a layer exports its descriptor and nothing else' "$(exports "$tmp/ids" "$BUILD")"
  fi

  cat >"$tmp/bad.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
int zeroed[4];
static int set = 3;
static _Thread_local int of_thread;
static const char *text = "pointer";
static const char *const table[] = {"read", "only"};
extern const int gb_layer_bad;
const int gb_layer_bad = 1;
int bad(int i);
int bad(int i) {
  static int calls;
  of_thread += i;
  set += of_thread + calls++;
  text = table[i];
  if (i > 7) exit(1);
  if (i > 6) abort();
  fprintf(stderr, "%s\n", text);
  return printf("%d", set);
}
END
  mkdir -p "$tmp/objects/layers"
  if $CC -std=c11 -O0 -fPIE -c "$tmp/bad.c" -o "$tmp/objects/layers/bad.o" 2>"$tmp/errors"; then
    finds 'no writable globals' 5 "$(globals "$tmp/objects/layers/bad.o")"
    finds 'no exit and no output to the terminal outside harness/cli' 4 \
      "$(calls "$tmp/objects/layers/bad.o")"
    printf 'bad\ngone\n' >"$tmp/ids"
    finds 'a layer exports its descriptor and nothing else' 2 "$(exports "$tmp/ids" "$tmp/objects")"
  else
    report 'the bad example compiles' "$(cat "$tmp/errors")"
  fi
fi

[ "$failed" -eq 0 ]
