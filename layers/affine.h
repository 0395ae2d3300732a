// The fixed affine transform that the layers affine and ghost take as attributes.
#ifndef GB_LAYERS_AFFINE_H
#define GB_LAYERS_AFFINE_H

#include "layers/parts.h"

// What happens to a map's content, in this order: scale, shear, rotate, translate. The square
// [-1, 1]² spans the map, as in torch.nn.functional.affine_grid, so that on maps that are not
// square, shear and rotation act on the map as if it were stretched to one.
typedef struct gb_affine {
  double translate_x, translate_y; // fractions of the map's width, height; right and down
  double rotate;                   // degrees, clockwise
  double scale;                    // above 1 enlarges
  double shear;                    // x grows by shear · y
  bool learned;
} gb_affine;

// clang-format off
#define GB_AFFINE_ATTRS(record, part)                                                              \
  {.name = "translate-x", .type = GB_ATTR_REAL, .offset = offsetof(record, part.translate_x),      \
   .fallback = "0", .min = -10, .max = 10,                                                         \
   .help = "affine: move right by this fraction of the width"},                                    \
  {.name = "translate-y", .type = GB_ATTR_REAL, .offset = offsetof(record, part.translate_y),      \
   .fallback = "0", .min = -10, .max = 10,                                                         \
   .help = "affine: move down by this fraction of the height"},                                    \
  {.name = "rotate", .type = GB_ATTR_REAL, .offset = offsetof(record, part.rotate),                \
   .fallback = "0", .min = -360, .max = 360, .help = "affine: degrees, clockwise"},                \
  {.name = "scale", .type = GB_ATTR_REAL, .offset = offsetof(record, part.scale),                  \
   .fallback = "1", .min = 0.01, .max = 100, .help = "affine: enlarge about the centre"},          \
  {.name = "shear", .type = GB_ATTR_REAL, .offset = offsetof(record, part.shear),                  \
   .fallback = "0", .min = -10, .max = 10, .help = "affine: move right by this much times y"},     \
  {.name = "learned", .type = GB_ATTR_BOOL, .offset = offsetof(record, part.learned),              \
   .fallback = "1",                                                                                \
   .help = "affine: a learned 2x3 matrix for each output map, behind the fixed transform"}
// clang-format on

#endif
