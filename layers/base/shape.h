// Shapes of tensors: (N, C, H, W), always four sizes; a flat vector is (N, F, 1, 1).
#ifndef GB_BASE_SHAPE_H
#define GB_BASE_SHAPE_H

#include "layers/base/status.h"

#include <stdbool.h>
#include <stdint.h>

// An EEG trial is (N, 1, electrodes, samples).
typedef struct gb_shape {
  int64_t n, c, h, w;
} gb_shape;

// No tensor of ghostbench has more elements than this (16 GiB of float), so that sizes, offsets
// and byte counts stay far from overflow.
#define GB_MAX_ELEMENTS (INT64_C(1) << 32)

// True when every size is at least 1 and the product is at most GB_MAX_ELEMENTS.
bool gb_shape_valid(const gb_shape *shape);

// The number of elements of a valid shape.
int64_t gb_shape_count(const gb_shape *shape);

bool gb_shape_equal(const gb_shape *a, const gb_shape *b);

// "1×64×56×56" in UTF-8, into `text` of at least GB_SHAPE_TEXT bytes; returns `text`.
#define GB_SHAPE_TEXT 96
const char *gb_shape_print(const gb_shape *shape, char *text);

// The same without N, for tables: "64×56×56".
const char *gb_shape_print_image(const gb_shape *shape, char *text);

#endif
