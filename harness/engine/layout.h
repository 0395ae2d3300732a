// Laying tensors out in one block of memory from their life times.
#ifndef GB_ENGINE_LAYOUT_H
#define GB_ENGINE_LAYOUT_H

#include "layers/base/status.h"

#include <stdint.h>

// One tensor: alive from step `first` to step `last`, both included; `size` in elements.
typedef struct gb_extent {
  int64_t size;
  int first, last;
  int64_t offset; // result
} gb_extent;

// Gives each extent an offset, a multiple of `alignment`, so that extents alive at the same step do
// not overlap: larger ones first, each at the lowest place that is free. `*total` is what is
// needed.
gb_status gb_layout(gb_extent *extents, size_t count, int64_t alignment, int64_t *total,
                    gb_error *error);

#endif
