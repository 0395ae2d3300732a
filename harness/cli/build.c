// What this program was built from: the part of an environment that only it knows.
#define _GNU_SOURCE // gnu_get_libc_version, O_CLOEXEC
#include "harness/cli/build.h"

#include "harness/stats/summary.h"
#include "harness/store/store.h"

#include <fcntl.h>
#include <gnu/libc-version.h>
#include <jansson.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#ifndef GB_FLAGS
#define GB_FLAGS ""
#endif

// The first line that `git` prints, by an argument vector; "" when there is no git, or no tree.
static void ask_git(const char *folder, char *text, size_t size) {
  int ends[2];
  text[0] = '\0';
  if (pipe(ends) != 0)
    return;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  char program[] = "git", change[] = "-C", describe[] = "describe", always[] = "--always",
       dirty[] = "--dirty", whole[] = "--abbrev=40", where[PATH_MAX];
  snprintf(where, sizeof where, "%s", folder);
  char *const words[] = {program, change, where, describe, always, dirty, whole, NULL};
  pid_t child;
  int failed = posix_spawnp(&child, program, &actions, NULL, words, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (!failed) {
    ssize_t got = read(ends[0], text, size - 1);
    text[got > 0 ? got : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    int status;
    if (waitpid(child, &status, 0) != child || status != 0)
      text[0] = '\0';
  }
  close(ends[0]);
}

// Only a tree that has this program's sources: an installation below some other project's has none.
static void find_git(char *text, size_t size) {
  char self[PATH_MAX], source[PATH_MAX + 32];
  text[0] = '\0';
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length <= 0)
    return;
  self[length] = '\0';
  for (int up = 0; up < 4 && !*text; up++) {
    char *slash = strrchr(self, '/');
    if (!slash)
      return;
    *slash = '\0';
    snprintf(source, sizeof source, "%s/harness/cli/build.c", self);
    if (access(source, F_OK) == 0)
      ask_git(self, text, size);
  }
}

void gb_environment_capture(gb_environment *e) {
  gb_environment_read(e);
  snprintf(e->version, sizeof e->version, "%s", GB_VERSION);
  snprintf(e->compiler, sizeof e->compiler, "%.120s", GB_COMPILER);
  snprintf(e->flags, sizeof e->flags, "%.500s", GB_FLAGS);
  snprintf(e->libraries, sizeof e->libraries, "glibc %s, GSL %s, libxml2 %s, SQLite %s, jansson %s",
           gnu_get_libc_version(), gb_stats_library(), gb_xml_version(), gb_store_library(),
           jansson_version_str());
  find_git(e->git, sizeof e->git);
}
