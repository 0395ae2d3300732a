// Fuzzes the reader of callgrind's counts: what it accepts are whole numbers, none below 0.
#include "tests/fuzz/fuzz.h"

#include "harness/measure/callgrind.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char *text = malloc(size + 1);
  int64_t values[PARTS * GB_CALLGRIND_EVENTS];
  gb_error error = {0};
  if (!text)
    return 0;
  if (size)
    memcpy(text, bytes, size);
  text[size] = '\0';
  memset(values, 0xff, sizeof values); // every value is set, or it is -1 below
  if (gb_callgrind_parse(text, "fuzz", PARTS, values, &error) == GB_OK) {
    for (size_t i = 0; i < PARTS * GB_CALLGRIND_EVENTS; i++)
      if (values[i] < 0)
        abort();
  } else if (strncmp(error.message, "fuzz", 4) != 0) {
    abort();
  }
  free(text);
  return 0;
}
