// Runs a program under callgrind and reads its counts; see callgrind.h.
#define _GNU_SOURCE // posix_spawn's relatives, mkdtemp
#include "harness/measure/callgrind.h"

#include "layers/base/file.h"
#include "layers/base/memory.h"
#include "layers/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// valgrind's header only makes the marks: without it everything else is built.
#if defined(__has_include)
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#define HAVE_MARKS 1
#endif
#endif
#ifndef HAVE_MARKS
#define HAVE_MARKS 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

extern char **environ;

const char *const gb_callgrind_event_names[] = {"Ir",   "Dr",   "Dw",   "I1mr", "D1mr",
                                                "D1mw", "ILmr", "DLmr", "DLmw", "Bc",
                                                "Bcm",  "Bi",   "Bim",  NULL};

int gb_callgrind_column(const char *event) {
  static const char prefix[] = "callgrind::";
  if (strncmp(event, prefix, sizeof prefix - 1) != 0)
    return -1;
  for (int i = 0; gb_callgrind_event_names[i]; i++)
    if (strcmp(event + sizeof prefix - 1, gb_callgrind_event_names[i]) == 0)
      return i;
  return -1;
}

// ---------------------------------------------------------------------------------------------
// Inside

#if HAVE_MARKS
bool gb_callgrind_running(void) {
  return RUNNING_ON_VALGRIND != 0;
}

void gb_callgrind_start(void) {
  CALLGRIND_START_INSTRUMENTATION;
}

void gb_callgrind_begin(void) {
  CALLGRIND_ZERO_STATS;
}

void gb_callgrind_end(int part) {
  char name[32];
  // The name costs instructions: it is made when the counts have been taken.
  CALLGRIND_TOGGLE_COLLECT;
  snprintf(name, sizeof name, "part %d", part);
  CALLGRIND_DUMP_STATS_AT(name);
  CALLGRIND_TOGGLE_COLLECT;
}
#else
bool gb_callgrind_running(void) {
  return false;
}
void gb_callgrind_start(void) {}
void gb_callgrind_begin(void) {}
void gb_callgrind_end(int part) {
  (void)part;
}
#endif

// ---------------------------------------------------------------------------------------------
// Outside

static bool in_path(const char *program) {
  const char *path = getenv("PATH");
  char candidate[4096];
  while (path && *path) {
    size_t n = strcspn(path, ":");
    snprintf(candidate, sizeof candidate, "%.*s/%s", (int)n, path, program);
    if (access(candidate, X_OK) == 0)
      return true;
    path += n + (path[n] == ':');
  }
  return false;
}

bool gb_callgrind_usable(const char *event, char *reason, size_t reason_size, char *remedy,
                         size_t remedy_size) {
  const char *why = NULL, *what = "";
  if (gb_callgrind_column(event) < 0) {
    snprintf(reason, reason_size, "callgrind has no event '%.60s'", event + strlen("callgrind::"));
    snprintf(remedy, remedy_size,
             "one of Ir, Dr, Dw, I1mr, D1mr, D1mw, ILmr, DLmr, DLmw, Bc, "
             "Bcm, Bi, Bim");
    return false;
  }
  if (SANITIZED)
    why = "valgrind cannot run a program with sanitizers", what = "a build without (make)";
  else if (!HAVE_MARKS)
    why = "built without valgrind's header",
    what = "install valgrind (Debian: valgrind) and build again (make clean all)";
  else if (!in_path("valgrind"))
    why = "valgrind is not installed", what = "install valgrind (Debian: valgrind)";
  if (why) {
    snprintf(reason, reason_size, "%s", why);
    snprintf(remedy, remedy_size, "%s", what);
  }
  return !why;
}

// A column for each word of "events: Ir Dr …"; -1 for one that we do not know.
static int read_events(const char *line, int *columns, int most) {
  int count = 0;
  for (line += strspn(line, " "); *line && *line != '\n' && count < most;
       line += strspn(line, " ")) {
    size_t n = strcspn(line, " \n");
    columns[count] = -1;
    for (int i = 0; gb_callgrind_event_names[i]; i++)
      if (strlen(gb_callgrind_event_names[i]) == n &&
          strncmp(line, gb_callgrind_event_names[i], n) == 0)
        columns[count] = i;
    count++;
    line += n;
  }
  return count;
}

// "summary: 1 2 3": trailing zeros are left out by callgrind.
static bool read_summary(const char *line, const int *columns, int count, int64_t *values) {
  for (int i = 0; i < GB_CALLGRIND_EVENTS; i++)
    values[i] = 0;
  line += strspn(line, " ");
  for (int i = 0; *line && *line != '\n'; i++) {
    char *end;
    errno = 0;
    long long value = strtoll(line, &end, 10);
    if (end == line || errno || value < 0 || i >= count)
      return false;
    if (columns[i] >= 0)
      values[columns[i]] = value;
    line = end + strspn(end, " ");
  }
  return true;
}

// A part may come piece by piece; false where the sum is too large. `*found` counts parts, not
// pieces, so that none can hide that another is missing.
static bool add_part(int64_t *values, const int64_t *more, size_t *found) {
  bool first = values[0] < 0;
  *found += first;
  for (int i = 0; i < GB_CALLGRIND_EVENTS; i++)
    if (first)
      values[i] = more[i];
    else if (__builtin_add_overflow(values[i], more[i], &values[i]))
      return false;
  return true;
}

gb_status gb_callgrind_parse(const char *text, const char *path, size_t parts, int64_t *values,
                             gb_error *error) {
  static const char desc[] = "desc: Trigger: Client Request: part ";
  int columns[32], count = 0, line_number = 0;
  long part = -1;
  size_t found = 0;
  for (size_t i = 0; i < parts; i++)
    values[i * GB_CALLGRIND_EVENTS] = -1; // not there yet
  for (const char *line = text; *line; line += *line == '\n') {
    line_number++;
    if (strncmp(line, "part: ", 6) == 0)
      part = -1;
    else if (strncmp(line, desc, sizeof desc - 1) == 0)
      part = strtol(line + sizeof desc - 1, NULL, 10);
    else if (strncmp(line, "events: ", 8) == 0)
      count = read_events(line + 8, columns, (int)(sizeof columns / sizeof *columns));
    if ((strncmp(line, "summary: ", 9) == 0 || strncmp(line, "totals: ", 8) == 0) && part >= 0) {
      int64_t more[GB_CALLGRIND_EVENTS];
      if ((size_t)part >= parts || !read_summary(strchr(line, ' ') + 1, columns, count, more) ||
          !add_part(&values[(size_t)part * GB_CALLGRIND_EVENTS], more, &found))
        return gb_fail(error, GB_EIO, "%s:%d: not what callgrind writes: %.*s", path, line_number,
                       (int)(strcspn(line, "\n") < 60 ? strcspn(line, "\n") : 60), line);
      part = -1;
    }
    line += strcspn(line, "\n");
  }
  if (found != parts)
    return gb_fail(error, GB_EIO, "%s: callgrind counted %zu of %zu parts", path, found, parts);
  return GB_OK;
}

static gb_status spawn(const char *const *arguments, const char *errors, int *exit_code,
                       gb_error *error) {
  posix_spawn_file_actions_t actions;
  if (posix_spawn_file_actions_init(&actions) != 0)
    return gb_fail_memory(error);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  union {
    const char *const *given;
    char *const *kept;
  } vector = {.given = arguments}; // posix_spawn's type is older than const
  pid_t child;
  int code = posix_spawnp(&child, arguments[0], &actions, NULL, vector.kept, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0)
    return gb_fail(error, GB_EIO, "cannot run %s: %s", arguments[0], strerror(code));
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return gb_fail(error, GB_EIO, "cannot wait for %s: %s", arguments[0], strerror(errno));
  *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return GB_OK;
}

// The last line that the process wrote to standard error, for the message.
static void last_line(const char *path, char *line, size_t size) {
  char *bytes = NULL;
  size_t length = 0;
  gb_error error;
  line[0] = '\0';
  if (gb_file_read(path, 1 << 20, &bytes, &length, &error) != GB_OK)
    return;
  while (length && bytes[length - 1] == '\n')
    bytes[--length] = '\0';
  const char *start = strrchr(bytes, '\n');
  snprintf(line, size, "%s", start ? start + 1 : bytes);
  free(bytes);
}

static gb_status run_in(const char *folder, const char *const *arguments, size_t parts,
                        int64_t *values, gb_error *error) {
  enum { OWN = 8, MOST = 256 };
  char out[400], option[440], log[440], errors[400], said[300];
  snprintf(out, sizeof out, "%s/counts", folder);
  snprintf(errors, sizeof errors, "%s/errors", folder);
  snprintf(option, sizeof option, "--callgrind-out-file=%s", out);
  snprintf(log, sizeof log, "--log-file=%s/log", folder);
  const char *vector[OWN + MOST + 1] = {"valgrind",
                                        "--tool=callgrind",
                                        option,
                                        log,
                                        "--cache-sim=yes",
                                        "--branch-sim=yes",
                                        "--instr-atstart=no",
                                        "--combine-dumps=yes"};
  size_t n = OWN;
  for (; *arguments; arguments++) {
    if (n == OWN + MOST)
      return gb_fail(error, GB_ELIMIT, "more than %d arguments", MOST);
    vector[n++] = *arguments;
  }
  vector[n] = NULL;
  int code = -1;
  GB_TRY(spawn(vector, errors, &code, error));
  if (code != 0) {
    last_line(errors, said, sizeof said);
    return gb_fail(error, GB_EIO, "under valgrind the program ended with %d%s%s", code,
                   *said ? ": " : "", said);
  }
  char *text;
  size_t size;
  GB_TRY(gb_file_read(out, (size_t)1 << 30, &text, &size, error));
  gb_status status = gb_callgrind_parse(text, out, parts, values, error);
  free(text);
  return status;
}

gb_status gb_callgrind_run(const char *const *arguments, size_t parts, int64_t *values,
                           gb_error *error) {
  const char *base = getenv("TMPDIR");
  char folder[300], file[400];
  snprintf(folder, sizeof folder, "%.250s/ghostbench-XXXXXX", base && *base ? base : "/tmp");
  if (!mkdtemp(folder))
    return gb_fail(error, GB_EIO, "cannot make a folder %s: %s", folder, strerror(errno));
  gb_status status = run_in(folder, arguments, parts, values, error);
  static const char *const names[] = {"counts", "log", "errors"};
  for (int i = 0; i < 3; i++) {
    snprintf(file, sizeof file, "%s/%s", folder, names[i]);
    unlink(file);
  }
  rmdir(folder);
  return status;
}
