// Memory layout from life times; see layout.h.
#include "harness/engine/layout.h"

#include "layers/base/memory.h"

#include <stdlib.h>

static int larger_first(const void *a, const void *b) {
  const gb_extent *x = *(gb_extent *const *)a, *y = *(gb_extent *const *)b;
  if (x->size != y->size)
    return x->size < y->size ? 1 : -1;
  return x < y ? -1 : x > y; // qsort is not stable: keep the result the same everywhere
}

static int lower_first(const void *a, const void *b) {
  const gb_extent *x = *(gb_extent *const *)a, *y = *(gb_extent *const *)b;
  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

// The lowest offset where `size` elements fit between the `count` placed neighbours.
static int64_t lowest_gap(gb_extent **neighbours, size_t count, int64_t size, int64_t alignment) {
  int64_t offset = 0;
  qsort(neighbours, count, sizeof *neighbours, lower_first);
  for (size_t i = 0; i < count; i++) {
    if (offset + size <= neighbours[i]->offset)
      break;
    int64_t end = neighbours[i]->offset + neighbours[i]->size;
    end = (end + alignment - 1) / alignment * alignment;
    if (end > offset)
      offset = end;
  }
  return offset;
}

gb_status gb_layout(gb_extent *extents, size_t count, int64_t alignment, int64_t *total,
                    gb_error *error) {
  *total = 0;
  gb_extent **order = gb_allocate(NULL, 2 * count, sizeof *order);
  if (!order)
    return gb_fail_memory(error);
  gb_extent **neighbours = order + count;
  for (size_t i = 0; i < count; i++)
    order[i] = &extents[i];
  qsort(order, count, sizeof *order, larger_first);
  for (size_t i = 0; i < count; i++) {
    gb_extent *e = order[i];
    size_t n = 0;
    for (size_t j = 0; j < i; j++)
      if (order[j]->first <= e->last && e->first <= order[j]->last)
        neighbours[n++] = order[j];
    e->offset = lowest_gap(neighbours, n, e->size, alignment);
    if (e->offset + e->size > *total)
      *total = e->offset + e->size;
  }
  gb_release(NULL, order);
  return GB_OK;
}
