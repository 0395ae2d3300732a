// Element-wise loops, plain C that compilers vectorise. `out` may be `a` or `b`.
#ifndef GB_ENGINE_ELEMENT_H
#define GB_ENGINE_ELEMENT_H

#include "layers/base/activation.h"

#include <math.h>
#include <stdint.h>

static inline float gb_activate(gb_activation act, float x) {
  switch (act) {
  case GB_ACT_NONE:
    return x;
  case GB_ACT_RELU:
    return x > 0.0f ? x : 0.0f;
  case GB_ACT_RELU6:
    return fminf(fmaxf(x, 0.0f), 6.0f);
  case GB_ACT_HARD_SIGMOID:
    return fminf(fmaxf(x + 3.0f, 0.0f), 6.0f) / 6.0f;
  case GB_ACT_CLIPPED_SIGMOID:
    return fminf(fmaxf(x, 0.0f), 1.0f);
  case GB_ACT_HARD_SWISH:
    return x * (fminf(fmaxf(x + 3.0f, 0.0f), 6.0f) / 6.0f);
  case GB_ACT_SIGMOID:
    return 1.0f / (1.0f + expf(-x));
  case GB_ACT_ELU:
    return x > 0.0f ? x : expm1f(x);
  }
  return x;
}

static inline void gb_activate_all(gb_activation act, int64_t count, float *values) {
  if (act != GB_ACT_NONE)
    for (int64_t i = 0; i < count; i++)
      values[i] = gb_activate(act, values[i]);
}

static inline void gb_scale_shift(const float *a, float scale, float shift, gb_activation act,
                                  int64_t count, float *out) {
  for (int64_t i = 0; i < count; i++)
    out[i] = a[i] * scale + shift;
  gb_activate_all(act, count, out);
}

static inline void gb_add(const float *a, const float *b, gb_activation act, int64_t count,
                          float *out) {
  for (int64_t i = 0; i < count; i++)
    out[i] = a[i] + b[i];
  gb_activate_all(act, count, out);
}

static inline void gb_multiply(const float *a, const float *b, int64_t count, float *out) {
  for (int64_t i = 0; i < count; i++)
    out[i] = a[i] * b[i];
}

#endif
