// Finds architectures and experiments by name, with near names where there is none.
#define _POSIX_C_SOURCE 200809L
#include "harness/xml/xml_internal.h"
#include "layers/base/file.h"

#include <dirent.h>
#include <string.h>

static const char *const EXTENSION = ".xml";

// Calls gb_suggest for each NAME.xml in the folder, and keeps a copy of the best in the arena.
static void suggest_from(const char *folder, gb_arena *arena, gb_suggestion *suggestion,
                         gb_text *list) {
  DIR *dir = opendir(folder);
  if (!dir)
    return;
  for (struct dirent *entry; (entry = readdir(dir));) {
    size_t length = strlen(entry->d_name), extension = strlen(EXTENSION);
    if (length <= extension || entry->d_name[0] == '.' ||
        strcmp(entry->d_name + length - extension, EXTENSION) != 0)
      continue;
    const char *name = gb_arena_copy_n(arena, entry->d_name, length - extension);
    if (!name)
      break;
    gb_suggest(suggestion, name);
    gb_text_print(list, " %s", name);
  }
  closedir(dir);
}

static gb_status fail_not_found(const gb_places *places, const char *kind, const char *name,
                                gb_arena *arena, gb_error *error) {
  gb_suggestion suggestion = {.name = name};
  gb_text list = {0};
  for (const char *const *root = places ? places->roots : NULL; root && *root; root++) {
    const char *folder = gb_arena_print(arena, "%s/%s", *root, kind);
    if (folder)
      suggest_from(folder, arena, &suggestion, &list);
  }
  const char *slash = strrchr(kind, '/'); // "experiments/counters"
  kind = slash ? slash + 1 : kind;
  int singular = (int)strlen(kind) - 1; // "architectures": without the s
  if (suggestion.best)
    gb_fail(error, GB_EIO,
            "no %.*s '%.100s': no such file, and none has this name; did you mean '%s'?", singular,
            kind, name, suggestion.best);
  else
    gb_fail(error, GB_EIO, "no %.*s '%.100s': no such file, and none has this name; there %s%.600s",
            singular, kind, name, list.length ? "are" : "is none", gb_text_get(&list));
  gb_text_free(&list);
  return GB_EIO;
}

// ROOT/KIND/NAME.xml of the first root that has it; NULL when none has.
static const char *find_named(const gb_places *places, const char *kind, const char *name,
                              gb_arena *arena) {
  if (!*name || *name == '.' || strchr(name, '/'))
    return NULL;
  for (const char *const *root = places ? places->roots : NULL; root && *root; root++) {
    const char *path = gb_arena_print(arena, "%s/%s/%s%s", *root, kind, name, EXTENSION);
    if (path && gb_file_exists(path))
      return path;
  }
  return NULL;
}

gb_status gb_places_find(const gb_places *places, const char *kind, const char *name,
                         gb_arena *arena, const char **path, gb_error *error) {
  *path = NULL;
  // A plain word is a name first, so that a stray file called "ghostnet" hides nothing.
  bool is_word = !strchr(name, '/') && !strstr(name, EXTENSION);
  if (is_word)
    *path = find_named(places, kind, name, arena);
  if (!*path && gb_file_exists(name)) {
    *path = gb_arena_copy(arena, name);
    return *path ? GB_OK : gb_fail_memory(error);
  }
  if (!*path && !is_word)
    *path = find_named(places, kind, name, arena);
  return *path ? GB_OK : fail_not_found(places, kind, name, arena, error);
}

gb_status gb_places_find_beside(const gb_places *places, const char *from, const char *name,
                                gb_arena *arena, const char **path, gb_error *error) {
  *path = NULL;
  if (*name && *name != '.' && !strchr(name, '/')) {
    const char *file = gb_arena_print(arena, "%s%s", name, EXTENSION);
    const char *beside = file ? gb_path_beside(arena, from, file) : NULL;
    if (!beside)
      return gb_fail_memory(error);
    if (gb_file_exists(beside)) {
      *path = beside;
      return GB_OK;
    }
  }
  *path = find_named(places, "architectures", name, arena);
  return *path ? GB_OK : fail_not_found(places, "architectures", name, arena, error);
}
