# Who may include whom: prints one line a forbidden #include of layers/ and harness/. Give it paths
# relative to the top folder. The rule in one line: base < kernels < layers < harness; graph < engine,
# train < cli; xml, measure, stats, store, report, data know layers/base and not one another.

BEGIN {
  # What each folder may include beside itself and the standard headers: prefixes of paths.
  may["base"] = ""
  may["kernels"] = "layers/base/"
  may["layers"] = "layers/base/ layers/kernels/"
  may["xml"] = "layers/base/ layers/layer.h"
  may["graph"] = "layers/base/ layers/layer.h"
  may["engine"] = "layers/base/ layers/layer.h layers/kernels/kernels.h harness/graph/"
  may["train"] = "layers/base/ layers/layer.h layers/kernels/kernels.h harness/graph/"
  may["measure"] = "layers/base/"
  may["stats"] = "layers/base/"
  may["store"] = "layers/base/"
  may["report"] = "layers/base/"
  may["data"] = "layers/base/"
  may["cli"] = "layers/base/ layers/layer.h layers/kernels/kernels.h harness/"

  # Where each third-party header stands: prefixes of paths; the first row that fits decides.
  row("^libxml/", "harness/xml/")
  row("^(papi|sde_lib)", "harness/measure/")
  row("^valgrind/", "harness/measure/")
  row("^pthreadpool\\.h$", "harness/engine/")
  row("^(getopt|malloc)\\.h$", "harness/cli/")
  row("^gsl/gsl_(wavelet|errno)\\.h$", "layers/wavelet.c harness/stats/")
  row("^gsl/", "harness/stats/")
  row("^jansson\\.h$", "harness/graph/safetensors.c harness/report/ harness/cli/")
  row("^onnx\\.pb-c\\.h$", "harness/graph/onnx.c")
  row("^csv\\.h$", "harness/report/")
  row("^(sqlite3|sha2)\\.h$", "harness/store/")
  row("^([a-z]mmintrin|arm_neon|arm_sve)\\.h$", "layers/kernels/")
  row("^link\\.h$", "harness/measure/")
  row("^gnu/libc-version\\.h$", "harness/cli/")
  row("^cpuid\\.h$", "layers/base/ layers/kernels/")

  # C11 and POSIX: everywhere.
  standard = "^(assert|complex|ctype|errno|fenv|float|inttypes|iso646|limits|locale|math|setjmp|" \
    "signal|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|" \
    "tgmath|threads|time|uchar|wchar|wctype|dirent|dlfcn|fcntl|fnmatch|ftw|glob|langinfo|libgen|poll|" \
    "pthread|regex|sched|semaphore|spawn|strings|termios|unistd|sys/[a-z_]+|linux/[a-z_]+)\\.h$"
}

function row(pattern, places) { rows++; header[rows] = pattern; stands[rows] = places }

# True when `path` begins with one of the blank-separated prefixes.
function begins(path, prefixes,    n, i, word) {
  n = split(prefixes, word, " ")
  for (i = 1; i <= n; i++)
    if (index(path, word[i]) == 1) return 1
  return 0
}

function folder(path,    word) {
  if (path ~ /^layers\/base\//) return "base"
  if (path ~ /^layers\/kernels\//) return "kernels"
  if (path ~ /^layers\//) return "layers"
  split(path, word, "/")
  return word[2]
}

function offence(text) { printf "%s:%d: %s\n", FILENAME, FNR, text }

/^[ \t]*#[ \t]*include/ {
  from = folder(FILENAME)
  if (!(from in may)) {
    offence("folder harness/" from " has no row in tests/lint/includes.awk")
  } else if (match($0, /"[^"]+"/)) {
    path = substr($0, RSTART + 1, RLENGTH - 2)
    if (path !~ /\//) { # beside this file
      here = FILENAME
      sub(/[^\/]*$/, "", here)
      path = here path
    }
    if (path ~ /(^|\/)\.\.?\//)
      offence("\"" path "\": write the path from the top folder")
    else if (folder(path) != from && !begins(path, may[from]))
      offence("\"" path "\" is not for " from ", which knows itself and: " may[from])
  } else if (match($0, /<[^>]+>/)) {
    path = substr($0, RSTART + 1, RLENGTH - 2)
    for (i = 1; i <= rows; i++)
      if (path ~ header[i]) break
    if (i <= rows) {
      if (!begins(FILENAME, stands[i])) offence("<" path "> stands only in " stands[i])
    } else if (path !~ standard) {
      offence("<" path "> has no place yet: add its row to tests/lint/includes.awk")
    }
  } else {
    offence("an #include must name its file")
  }
}
