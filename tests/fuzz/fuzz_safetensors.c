// Fuzzes the safetensors parser: whatever it accepts obeys the format's rules and converts.
#include "tests/fuzz/fuzz.h"

#include "harness/graph/safetensors.h"

#include <stdlib.h>
#include <string.h>

#define PROMISE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition))                                                                              \
      abort();                                                                                     \
  } while (0)

static void check_tensor(const gb_safetensors *file, size_t index, const uint8_t *bytes,
                         size_t size) {
  const gb_stored *tensor = &file->tensors[index];
  PROMISE(tensor->rank >= 0 && tensor->rank <= GB_SAFETENSORS_RANK);
  PROMISE(strlen(tensor->name) <= GB_SAFETENSORS_NAME);
  PROMISE(index == 0 || strcmp(file->tensors[index - 1].name, tensor->name) < 0);
  PROMISE(gb_safetensors_find(file, tensor->name) == tensor);
  const uint8_t *data = tensor->data;
  PROMISE(tensor->begin <= tensor->end && data >= bytes && data <= bytes + size);
  PROMISE(tensor->end - tensor->begin <= (size_t)(bytes + size - data));
  if (!gb_stored_readable(tensor))
    return;
  // The numbers stand in the file, so their count is bounded by its size.
  PROMISE(tensor->count >= 0 && (size_t)tensor->count <= size);
  float *values = malloc(tensor->count ? (size_t)tensor->count * sizeof *values : 1);
  PROMISE(values);
  gb_error error = {0};
  if (gb_stored_floats(tensor, "fuzz", values, &error) != GB_OK)
    PROMISE(strncmp(error.message, "fuzz: ", 6) == 0);
  free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  gb_safetensors file;
  gb_error error = {0};
  if (gb_safetensors_parse(bytes, size, "fuzz", &file, &error) != GB_OK) {
    PROMISE(strncmp(error.message, "fuzz: ", 6) == 0 && !file.arena);
    return 0;
  }
  uint64_t header;
  memcpy(&header, bytes, sizeof header);
  size_t covered = 0;
  for (size_t i = 0; i < file.count; i++) {
    check_tensor(&file, i, bytes, size);
    covered += file.tensors[i].end - file.tensors[i].begin;
  }
  PROMISE(covered == size - sizeof header - header);
  gb_safetensors_close(&file);
  return 0;
}
