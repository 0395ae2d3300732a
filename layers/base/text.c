// Growing text, suggestions and number parsing; see text.h.

#include "layers/base/text.h"

#include <ctype.h>
#include <errno.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(gb_text *text, size_t more) {
  if (text->failed || more > SIZE_MAX / 2 - text->length - 1) {
    text->failed = true;
    return false;
  }
  size_t wanted = text->length + more + 1;
  if (wanted <= text->capacity)
    return true;
  size_t capacity = text->capacity ? text->capacity : 256;
  while (capacity < wanted)
    capacity *= 2;
  char *bytes = realloc(text->bytes, capacity);
  if (!bytes) {
    text->failed = true;
    return false;
  }
  text->bytes = bytes;
  text->capacity = capacity;
  return true;
}

void gb_text_add_n(gb_text *text, const char *bytes, size_t length) {
  if (!reserve(text, length))
    return;
  if (length)
    memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  text->bytes[text->length] = '\0';
}

void gb_text_add(gb_text *text, const char *bytes) {
  gb_text_add_n(text, bytes, strlen(bytes));
}

void gb_text_print(gb_text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0 || !reserve(text, (size_t)length)) {
    text->failed = true;
    return;
  }
  va_start(arguments, format);
  vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
  va_end(arguments);
  text->length += (size_t)length;
}

const char *gb_text_get(const gb_text *text) {
  return text->bytes ? text->bytes : "";
}

void gb_text_free(gb_text *text) {
  free(text->bytes);
  *text = (gb_text){0};
}

// Edit distance with adjacent transpositions (optimal string alignment), on names up to 63 bytes.
static size_t edit_distance(const char *a, const char *b) {
  enum { LONGEST = 63 };
  size_t n = strlen(a), m = strlen(b);
  if (n > LONGEST || m > LONGEST)
    return SIZE_MAX;
  unsigned char d[LONGEST + 1][LONGEST + 1];
  for (size_t i = 0; i <= n; i++)
    d[i][0] = (unsigned char)i;
  for (size_t j = 0; j <= m; j++)
    d[0][j] = (unsigned char)j;
  for (size_t i = 1; i <= n; i++)
    for (size_t j = 1; j <= m; j++) {
      unsigned cost = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);
      unsigned best = d[i - 1][j - 1] + cost;
      if (d[i - 1][j] + 1u < best)
        best = d[i - 1][j] + 1u;
      if (d[i][j - 1] + 1u < best)
        best = d[i][j - 1] + 1u;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
          d[i - 2][j - 2] + cost < best)
        best = d[i - 2][j - 2] + cost;
      d[i][j] = (unsigned char)best;
    }
  return d[n][m];
}

void gb_suggest(gb_suggestion *suggestion, const char *candidate) {
  size_t distance = edit_distance(suggestion->name, candidate);
  size_t near = strlen(suggestion->name) / 3 + 1;
  if (distance <= near && (!suggestion->best || distance < suggestion->distance)) {
    suggestion->best = candidate;
    suggestion->distance = distance;
  }
}

bool gb_parse_int(const char *text, int64_t *value) {
  if (!*text || isspace((unsigned char)*text))
    return false;
  errno = 0;
  char *end;
  long long parsed = strtoll(text, &end, 10);
  if (errno || *end)
    return false;
  *value = parsed;
  return true;
}

bool gb_parse_real(const char *text, double *value) {
  // Only decimal notation: no hexadecimal, "inf" or "nan". The program never calls setlocale for
  // LC_NUMERIC, so strtod reads the C locale's point.
  if (!*text || strspn(text, "0123456789+-.eE") != strlen(text))
    return false;
  char *end;
  double parsed = strtod(text, &end);
  if (*end || !isfinite(parsed))
    return false;
  *value = parsed;
  return true;
}

size_t gb_text_columns(const char *utf8) {
  size_t columns = 0;
  for (; *utf8; utf8++)
    columns += ((unsigned char)*utf8 & 0xc0) != 0x80;
  return columns;
}
