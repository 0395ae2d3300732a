// What lies beyond the border of a map, for layers and kernels that filter.
#ifndef GB_BASE_BORDER_H
#define GB_BASE_BORDER_H

#include <stdint.h>

// What a filter reads beyond the border.
typedef enum gb_border {
  GB_BORDER_PERIODIC,
  GB_BORDER_ZERO,
  GB_BORDER_REFLECT // about the outermost element, which is not repeated
} gb_border;

// The index inside [0, n) that stands for `i`, or -1 for a zero.
static inline int64_t gb_border_index(int64_t i, int64_t n, gb_border border) {
  if (i >= 0 && i < n)
    return i;
  if (border == GB_BORDER_ZERO)
    return -1;
  int64_t period = border == GB_BORDER_PERIODIC ? n : n > 1 ? 2 * n - 2 : 1;
  i = (i % period + period) % period;
  return i < n ? i : period - i;
}

#endif
