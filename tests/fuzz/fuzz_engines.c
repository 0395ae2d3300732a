// Fuzzes the user's file of outside engines: what it accepts can be started as it stands, and what
// it refuses names the line.
#include "tests/fuzz/fuzz.h"

#include "harness/cli/outside.h"

#include <stdlib.h>
#include <string.h>

#define PROMISE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition))                                                                              \
      abort();                                                                                     \
  } while (0)

static void check_word(const char *word) {
  PROMISE(word && !strpbrk(word, "\n"));
}

static void check_engine(const gb_outside_list *list, const gb_outside_spec *spec) {
  PROMISE(gb_outside_find(list, spec->name) == spec); // once only
  PROMISE(*spec->name && strcmp(spec->name, "native") != 0 && !strpbrk(spec->name, "/, \t"));
  PROMISE(spec->line > 0 && spec->word_count > 0 && spec->word_count <= GB_OUTSIDE_WORDS);
  PROMISE(*spec->words[0]);
  for (size_t i = 0; i < spec->word_count; i++)
    check_word(spec->words[i]);
  for (size_t i = 0; i < spec->environment_count; i++) {
    check_word(spec->environment[i]);
    PROMISE(strchr(spec->environment[i], '=') > spec->environment[i]);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  gb_arena *arena = gb_arena_new(NULL);
  char *copy = malloc(size + 1);
  gb_outside_list list = {.path = "fuzz"};
  gb_error error = {0};
  PROMISE(arena && copy);
  if (size)
    memcpy(copy, bytes, size);
  copy[size] = '\0';
  gb_status status = gb_outside_parse(arena, copy, size, &list, &error);
  if (status != GB_OK) {
    PROMISE(list.count == 0 && strncmp(error.message, "fuzz:", 5) == 0);
    PROMISE(status == GB_EINPUT || status == GB_ELIMIT);
  }
  for (size_t i = 0; i < list.count; i++)
    check_engine(&list, &list.specs[i]);
  free(copy);
  gb_arena_free(arena);
  return 0;
}
