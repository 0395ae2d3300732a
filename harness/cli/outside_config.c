// The user's file of outside engines; see outside.h.
#define _POSIX_C_SOURCE 200809L
#include "harness/cli/outside.h"

#include "layers/base/file.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_BYTES = 1 << 20, MOST_ENGINES = 32, MOST_NAME = 32 };

typedef struct reader {
  gb_arena *arena;
  gb_location where;
  gb_outside_spec *specs;
  size_t count;
  gb_error *error;
} reader;

static gb_status config_path(gb_arena *arena, const char **path, gb_error *error) {
  const char *given = getenv("GHOSTBENCH_ENGINES"), *xdg = getenv("XDG_CONFIG_HOME"),
             *home = getenv("HOME");
  if (given && *given)
    *path = gb_arena_copy(arena, given);
  else if (xdg && *xdg == '/') // relative ones are to be ignored, says the specification
    *path = gb_arena_print(arena, "%s/ghostbench/engines", xdg);
  else
    *path = gb_arena_print(arena, "%s/.config/ghostbench/engines", home ? home : "");
  return *path ? GB_OK : gb_fail_memory(error);
}

// Only these words in braces, so that a misspelt one is not passed on.
static gb_status check_braces(reader *r, const char *value) {
  static const char *const known[] = {"{model}", "{input}", "{threads}", "{batch}", "{network}"};
  for (const char *at = strchr(value, '{'); at; at = strchr(at, '{')) {
    size_t length = 0;
    if (at[1] == '{')
      length = 2;
    for (size_t i = 0; !length && i < sizeof known / sizeof *known; i++)
      if (strncmp(at, known[i], strlen(known[i])) == 0)
        length = strlen(known[i]);
    if (!length)
      return gb_fail_at(r->error, GB_EINPUT, &r->where,
                        "'%.40s' is not known: {model}, {input}, {threads}, {batch}, {network}, or "
                        "{{ for a brace",
                        at);
    at += length;
  }
  return GB_OK;
}

static gb_status begin_section(reader *r, char *line) {
  size_t length = strlen(line);
  if (line[length - 1] != ']')
    return gb_fail_at(r->error, GB_EINPUT, &r->where, "'%.60s': a section ends with ]", line);
  line[length - 1] = '\0';
  char *name = line + 1;
  bool good = *name && strlen(name) <= MOST_NAME;
  for (const char *c = name; *c; c++)
    good = good && (islower((unsigned char)*c) || isdigit((unsigned char)*c) ||
                    (c > name && strchr("-_.", *c)));
  if (!good)
    return gb_fail_at(r->error, GB_EINPUT, &r->where,
                      "[%.60s] is no name: up to %d of a-z, 0-9, and behind the first one - _ .",
                      name, MOST_NAME);
  if (strcmp(name, "native") == 0 || strcmp(name, "reference") == 0)
    return gb_fail_at(r->error, GB_EINPUT, &r->where, "[%s] is ghostbench's own engine", name);
  for (size_t i = 0; i < r->count; i++)
    if (strcmp(r->specs[i].name, name) == 0)
      return gb_fail_at(r->error, GB_EINPUT, &r->where, "[%s] stands in line %d already", name,
                        r->specs[i].line);
  if (r->count == MOST_ENGINES)
    return gb_fail_at(r->error, GB_ELIMIT, &r->where, "more than %d engines", MOST_ENGINES);
  gb_outside_spec *spec = &r->specs[r->count++];
  spec->line = r->where.line;
  spec->name = gb_arena_copy(r->arena, name);
  return spec->name ? GB_OK : gb_fail_memory(r->error);
}

static gb_status add(reader *r, const char **list, size_t *count, const char *key,
                     const char *value) {
  if (*count == GB_OUTSIDE_WORDS)
    return gb_fail_at(r->error, GB_ELIMIT, &r->where, "more than %d lines of %s",
                      GB_OUTSIDE_WORDS - 1, key);
  GB_TRY(check_braces(r, value));
  list[*count] = gb_arena_copy(r->arena, value);
  return list[(*count)++] ? GB_OK : gb_fail_memory(r->error);
}

static gb_status add_line(reader *r, const char *key, const char *value) {
  gb_outside_spec *spec = r->count ? &r->specs[r->count - 1] : NULL;
  if (!spec)
    return gb_fail_at(r->error, GB_EINPUT, &r->where, "'%.40s' stands before any [engine]", key);
  if (strcmp(key, "program") == 0) {
    if (spec->word_count)
      return gb_fail_at(r->error, GB_EINPUT, &r->where, "[%s] has its program already", spec->name);
    if (!*value)
      return gb_fail_at(r->error, GB_EINPUT, &r->where, "program needs a value");
    return add(r, spec->words, &spec->word_count, key, value);
  }
  if (strcmp(key, "argument") == 0) {
    if (!spec->word_count)
      return gb_fail_at(r->error, GB_EINPUT, &r->where, "argument stands behind program");
    return add(r, spec->words, &spec->word_count, key, value);
  }
  if (strcmp(key, "environment") == 0) {
    if (*value == '=' || !strchr(value, '='))
      return gb_fail_at(r->error, GB_EINPUT, &r->where,
                        "environment '%.60s' is not allowed: NAME=VALUE", value);
    return add(r, spec->environment, &spec->environment_count, key, value);
  }
  gb_suggestion s = {.name = key};
  gb_suggest(&s, "program");
  gb_suggest(&s, "argument");
  gb_suggest(&s, "environment");
  return gb_fail_at(r->error, GB_EINPUT, &r->where,
                    "'%.40s' is not known: program, argument, environment%s%s%s", key,
                    s.best ? "; did you mean '" : "", s.best ? s.best : "", s.best ? "'?" : "");
}

static char *trim(char *text) {
  text += strspn(text, " \t");
  size_t length = strlen(text);
  while (length && strchr(" \t\r", text[length - 1]))
    text[--length] = '\0';
  return text;
}

static gb_status read_line(reader *r, char *line) {
  line = trim(line);
  if (!*line || *line == '#')
    return GB_OK;
  if (*line == '[')
    return begin_section(r, line);
  char *equals = strchr(line, '=');
  if (!equals)
    return gb_fail_at(r->error, GB_EINPUT, &r->where, "'%.60s': write KEY = VALUE", line);
  *equals = '\0';
  return add_line(r, trim(line), trim(equals + 1));
}

static gb_status read_all(reader *r, char *bytes, size_t size) {
  if (memchr(bytes, '\0', size))
    return gb_fail(r->error, GB_EINPUT, "%s: a zero byte: no text", r->where.file);
  for (char *at = bytes; at;) {
    char *end = strchr(at, '\n');
    if (end)
      *end = '\0';
    r->where.line++;
    GB_TRY(read_line(r, at));
    at = end ? end + 1 : NULL;
  }
  for (size_t i = 0; i < r->count; i++) {
    r->where.line = r->specs[i].line;
    if (!r->specs[i].word_count)
      return gb_fail_at(r->error, GB_EINPUT, &r->where, "[%s] has no program", r->specs[i].name);
  }
  return GB_OK;
}

gb_status gb_outside_parse(gb_arena *arena, char *bytes, size_t size, gb_outside_list *list,
                           gb_error *error) {
  reader r = {.arena = arena, .where = {.file = list->path}, .error = error};
  r.specs = gb_arena_allocate(arena, MOST_ENGINES, sizeof *r.specs);
  if (!r.specs)
    return gb_fail_memory(error);
  GB_TRY(read_all(&r, bytes, size));
  list->specs = r.specs;
  list->count = r.count;
  return GB_OK;
}

gb_status gb_outside_read(gb_arena *arena, gb_outside_list *list, gb_error *error) {
  *list = (gb_outside_list){0};
  GB_TRY(config_path(arena, &list->path, error));
  struct stat facts;
  if (stat(list->path, &facts) != 0)
    return errno == ENOENT || errno == ENOTDIR
               ? GB_OK
               : gb_fail(error, GB_EIO, "%s: %s", list->path, strerror(errno));
  list->exists = true;
  if (facts.st_mode & S_IWOTH)
    return gb_fail(error, GB_EINPUT,
                   "%s: everybody may write this file, and it starts programs: chmod o-w",
                   list->path);
  char *bytes;
  size_t size;
  GB_TRY(gb_file_read(list->path, MOST_BYTES, &bytes, &size, error));
  gb_status status = gb_outside_parse(arena, bytes, size, list, error);
  free(bytes);
  return status;
}

const gb_outside_spec *gb_outside_find(const gb_outside_list *list, const char *name) {
  for (size_t i = 0; i < list->count; i++)
    if (strcmp(list->specs[i].name, name) == 0)
      return &list->specs[i];
  return NULL;
}
