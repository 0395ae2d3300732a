// Finds architectures, experiments and published tables: in the source tree or the installation.
#define _GNU_SOURCE
#include "harness/cli/cli.h"

#include "layers/base/file.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gb_status add_root(gb_arena *arena, const char ***roots, size_t *count, size_t *capacity,
                          const char *path, gb_error *error) {
  const char **grown = gb_arena_grow(arena, (void *)*roots, *count, capacity, sizeof *grown);
  if (!grown)
    return gb_fail_memory(error);
  *roots = grown;
  grown[*count] = path ? gb_arena_copy(arena, path) : NULL;
  if (path && !grown[*count])
    return gb_fail_memory(error);
  (*count)++;
  return GB_OK;
}

// Adds the folder when it holds data.
static gb_status try_root(gb_arena *arena, const char ***roots, size_t *count, size_t *capacity,
                          const char *folder, gb_error *error) {
  const char *path = gb_arena_print(arena, "%s/architectures", folder);
  if (!path)
    return gb_fail_memory(error);
  return gb_folder_exists(path) ? add_root(arena, roots, count, capacity, folder, error) : GB_OK;
}

gb_status gb_find_places(gb_arena *arena, gb_places *places, gb_error *error) {
  const char **roots = NULL;
  size_t count = 0, capacity = 0;
  const char *given = getenv("GHOSTBENCH_DATA");
  if (given && *given) {
    char *list = gb_arena_copy(arena, given);
    if (!list)
      return gb_fail_memory(error);
    for (char *save = NULL, *part = strtok_r(list, ":", &save); part;
         part = strtok_r(NULL, ":", &save))
      GB_TRY(add_root(arena, &roots, &count, &capacity, part, error));
  }
  char self[PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  if (n > 0) {
    self[n] = '\0';
    // build/ghostbench and build/VARIANT/ghostbench lie in the tree; PREFIX/bin/ghostbench has its
    // data in PREFIX/share/ghostbench.
    for (int up = 0; up < 4; up++) {
      char *slash = strrchr(self, '/');
      if (!slash)
        break;
      *slash = '\0';
      const char *installed = gb_arena_print(arena, "%s/share/ghostbench", self);
      if (!installed)
        return gb_fail_memory(error);
      GB_TRY(try_root(arena, &roots, &count, &capacity, installed, error));
      GB_TRY(try_root(arena, &roots, &count, &capacity, self, error));
    }
  }
  if (count == 0)
    return gb_fail(error, GB_EIO,
                   "no folder with architectures/ found: the program lies outside its "
                   "tree and its installation; set GHOSTBENCH_DATA to the folder "
                   "that holds architectures/ and experiments/");
  GB_TRY(add_root(arena, &roots, &count, &capacity, NULL, error));
  places->roots = roots;
  return GB_OK;
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

gb_status gb_list_names(gb_arena *arena, const gb_places *places, const char *kind,
                        const char ***names, gb_error *error) {
  const char **found = NULL;
  size_t count = 0, capacity = 0;
  for (const char *const *root = places->roots; *root; root++) {
    const char *folder = gb_arena_print(arena, "%s/%s", *root, kind);
    DIR *dir = folder ? opendir(folder) : NULL;
    if (!dir)
      continue;
    gb_status status = GB_OK;
    for (struct dirent *entry; status == GB_OK && (entry = readdir(dir));) {
      size_t length = strlen(entry->d_name);
      if (length <= 4 || strcmp(entry->d_name + length - 4, ".xml") != 0)
        continue;
      entry->d_name[length - 4] = '\0';
      status = add_root(arena, &found, &count, &capacity, entry->d_name, error);
    }
    closedir(dir);
    GB_TRY(status);
  }
  if (count)
    qsort((void *)found, count, sizeof *found, by_text);
  size_t kept = 0;
  for (size_t i = 0; i < count; i++)
    if (kept == 0 || strcmp(found[kept - 1], found[i]) != 0)
      found[kept++] = found[i];
  GB_TRY(add_root(arena, &found, &kept, &capacity, NULL, error));
  *names = found;
  return GB_OK;
}
