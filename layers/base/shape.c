// Shapes of tensors; see shape.h.
#include "layers/base/shape.h"

#include <inttypes.h>
#include <stdio.h>

bool gb_shape_valid(const gb_shape *shape) {
  const int64_t sizes[4] = {shape->n, shape->c, shape->h, shape->w};
  int64_t count = 1;
  for (int i = 0; i < 4; i++) {
    if (sizes[i] < 1 || sizes[i] > GB_MAX_ELEMENTS / count)
      return false;
    count *= sizes[i];
  }
  return true;
}

int64_t gb_shape_count(const gb_shape *shape) {
  return shape->n * shape->c * shape->h * shape->w;
}

bool gb_shape_equal(const gb_shape *a, const gb_shape *b) {
  return a->n == b->n && a->c == b->c && a->h == b->h && a->w == b->w;
}

const char *gb_shape_print(const gb_shape *shape, char *text) {
  snprintf(text, GB_SHAPE_TEXT, "%" PRId64 "×%" PRId64 "×%" PRId64 "×%" PRId64, shape->n, shape->c,
           shape->h, shape->w);
  return text;
}

const char *gb_shape_print_image(const gb_shape *shape, char *text) {
  snprintf(text, GB_SHAPE_TEXT, "%" PRId64 "×%" PRId64 "×%" PRId64, shape->c, shape->h, shape->w);
  return text;
}
