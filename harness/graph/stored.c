// Stored tensors as numbers: types converted to float, shapes printed; see safetensors.h.
#include "harness/graph/safetensors.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *gb_dims_print(int rank, const int64_t *dims, char *text) {
  size_t used = 0;
  snprintf(text, GB_STORED_TEXT, "a single number");
  for (int i = 0; i < rank && used < GB_STORED_TEXT; i++) {
    int n = snprintf(text + used, GB_STORED_TEXT - used, "%s%" PRId64, i ? "×" : "", dims[i]);
    used += n > 0 ? (size_t)n : 0;
  }
  return text;
}

bool gb_stored_readable(const gb_stored *tensor) {
  return tensor->type != GB_STORED_I64 && tensor->type != GB_STORED_OTHER;
}

// IEEE 754 binary16: every value is a float.
static float half_to_float(uint16_t half) {
  int exponent = half >> 10 & 31, mantissa = half & 1023;
  float value = exponent == 0    ? (float)mantissa * 0x1p-24f
                : exponent == 31 ? (mantissa ? NAN : INFINITY)
                                 : ldexpf((float)(mantissa + 1024), exponent - 25);
  return half & 0x8000 ? -value : value;
}

gb_status gb_stored_floats(const gb_stored *tensor, const char *path, float *values,
                           gb_error *error) {
  const char *data = tensor->data;
  size_t count = (size_t)tensor->count;
  switch (tensor->type) {
  case GB_STORED_F32:
    if (count)
      memcpy(values, data, count * sizeof *values);
    return GB_OK;
  case GB_STORED_F16:
  case GB_STORED_BF16:
    for (size_t i = 0; i < count; i++) {
      uint16_t half;
      memcpy(&half, data + i * sizeof half, sizeof half);
      // bfloat16 is the upper half of a float.
      uint32_t bits = (uint32_t)half << 16;
      if (tensor->type == GB_STORED_BF16)
        memcpy(&values[i], &bits, sizeof bits);
      else
        values[i] = half_to_float(half);
    }
    return GB_OK;
  case GB_STORED_F64:
    for (size_t i = 0; i < count; i++) {
      double number;
      memcpy(&number, data + i * sizeof number, sizeof number);
      values[i] = (float)number;
      if (isfinite(number) && !isfinite(values[i]))
        return gb_fail(error, GB_EINPUT,
                       "%s: tensor '%.160s': element %zu is %g, beyond what float32 holds (about "
                       "3.4e38)",
                       path, tensor->name, i, number);
    }
    return GB_OK;
  case GB_STORED_I64:
  case GB_STORED_OTHER:
    break;
  }
  return gb_fail(error, GB_EINPUT,
                 "%s: tensor '%.160s': dtype %s is not read; F32, F16, BF16 and F64 are", path,
                 tensor->name, tensor->dtype);
}
