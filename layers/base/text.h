// Growing text, and small helpers on names and numbers.
#ifndef GB_BASE_TEXT_H
#define GB_BASE_TEXT_H

#include "layers/base/status.h"

#include <stdbool.h>
#include <stdint.h>

// A growing, always terminated string. Start from `gb_text t = {0}`; a failed growth is remembered
// in `failed` (further calls do nothing), so that writers check once at the end.
typedef struct gb_text {
  char *bytes; // owned; NULL while empty
  size_t length, capacity;
  bool failed;
} gb_text;

void gb_text_add(gb_text *text, const char *bytes);
void gb_text_add_n(gb_text *text, const char *bytes, size_t length);
void gb_text_print(gb_text *text, const char *format, ...) GB_PRINTF(2, 3);
const char *gb_text_get(const gb_text *text); // never NULL
void gb_text_free(gb_text *text);

// The candidate nearest to `name` (edit distance with transpositions), or NULL when none is near
// enough to be a likely misspelling.
typedef struct gb_suggestion {
  const char *name;
  const char *best;
  size_t distance;
} gb_suggestion;
void gb_suggest(gb_suggestion *suggestion, const char *candidate);
// Usage: gb_suggestion s = {.name = wrong}; for each candidate gb_suggest(&s, c); then s.best.

// Whole-string parsing in the C locale; false when anything is left over, empty, out of range, or
// not finite.
bool gb_parse_int(const char *text, int64_t *value);
bool gb_parse_real(const char *text, double *value);

// Columns that UTF-8 text takes on a terminal (one a code point; enough for our tables).
size_t gb_text_columns(const char *utf8);

#endif
