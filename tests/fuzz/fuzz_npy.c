// Fuzzes the npy parser: whatever it accepts has its data inside the file, all of it.
#include "tests/fuzz/fuzz.h"

#include "harness/graph/npy.h"

#include <stdlib.h>
#include <string.h>

#define PROMISE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition))                                                                              \
      abort();                                                                                     \
  } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const size_t sizes[] = {
      [GB_NPY_F32] = 4, [GB_NPY_F64] = 8, [GB_NPY_U8] = 1, [GB_NPY_I32] = 4, [GB_NPY_I64] = 8};
  gb_npy array;
  gb_error error = {0};
  if (gb_npy_parse(bytes, size, "fuzz", &array, &error) != GB_OK) {
    PROMISE(strncmp(error.message, "fuzz: ", 6) == 0 && !array.data);
    return 0;
  }
  PROMISE(array.rank >= 0 && array.rank <= 4 && !array.buffer);
  int64_t count = 1;
  for (int i = 0; i < array.rank; i++) {
    PROMISE(array.dims[i] >= 0);
    count *= array.dims[i];
  }
  PROMISE(count == array.count);
  const uint8_t *data = array.data;
  PROMISE(data >= bytes && (size_t)count * sizes[array.type] == (size_t)(bytes + size - data));
  return 0;
}
