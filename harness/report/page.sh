#!/bin/sh
# Makes the report's style and script into C: comments, empty lines and indentation are left out.
#
# usage: page.sh STYLE.css SCRIPT.js >page.c
set -eu
LC_ALL=C
export LC_ALL

# Comments begin and end on lines of their own.
lines() {
  sed -e '\|^/\*|,\|\*/$|d' -e 's/^ *//' -e '/^$/d' "$1"
}

strings() { # name, file
  echo "const char *const $1[] = {"
  lines "$2" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n",/'
  echo '    NULL};'
}

hash() { # name, file
  sum=$(lines "$2" | sha256sum | cut -c1-64 | tr a-f A-F | basenc -d --base16 | basenc --base64)
  echo "const char *const $1 = \"sha256-$sum\";"
}

echo '#include "harness/report/html.h"'
echo '#include <stddef.h>'
strings gb_page_style "$1"
strings gb_page_script "$2"
hash gb_page_style_hash "$1"
hash gb_page_script_hash "$2"
