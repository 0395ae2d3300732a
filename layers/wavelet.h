// The wavelet filter bank's attributes, which the layers wavelet and ghost take.
#ifndef GB_LAYERS_WAVELET_H
#define GB_LAYERS_WAVELET_H

#include "layers/parts.h"

typedef enum gb_wavelet_family { GB_WAVELET_HAAR, GB_WAVELET_DAUBECHIES } gb_wavelet_family;
typedef enum gb_wavelet_axes {
  GB_WAVELET_BOTH,
  GB_WAVELET_WIDTH,
  GB_WAVELET_HEIGHT
} gb_wavelet_axes;
typedef enum gb_wavelet_boundary {
  GB_WAVELET_PERIODIC,
  GB_WAVELET_ZERO,
  GB_WAVELET_REFLECT // about the outermost pixel, which is not repeated
} gb_wavelet_boundary;

// NULL-terminated, in the order of the enums.
extern const char *const gb_wavelet_families[];
extern const char *const gb_wavelet_axes_names[];
extern const char *const gb_wavelet_boundaries[];

typedef struct gb_wavelet_filter {
  int family, axes, boundary;
  int64_t order; // taps of a filter; 0: 2 for haar, 4 for daubechies
} gb_wavelet_filter;

// clang-format off
#define GB_WAVELET_ATTRS(record, part)                                                             \
  {.name = "family", .type = GB_ATTR_CHOICE, .offset = offsetof(record, part.family),              \
   .fallback = "haar", .choices = gb_wavelet_families, .help = "wavelet: which wavelets"},         \
  {.name = "order", .type = GB_ATTR_INT, .offset = offsetof(record, part.order),                   \
   .fallback = "0", .min = 0, .max = 20,                                                           \
   .help = "wavelet: taps of a filter, even (0: 2 for haar, 4 for daubechies)"},                   \
  {.name = "axes", .type = GB_ATTR_CHOICE, .offset = offsetof(record, part.axes),                  \
   .fallback = "both", .choices = gb_wavelet_axes_names,                                           \
   .help = "wavelet: filter along both axes (LH HL HH LL) or one (H L)"},                          \
  {.name = "boundary", .type = GB_ATTR_CHOICE, .offset = offsetof(record, part.boundary),          \
   .fallback = "periodic", .choices = gb_wavelet_boundaries,                                       \
   .help = "wavelet: what lies beyond the border"}
// clang-format on

// The filter's length: its order, or the family's default where that is 0.
int64_t gb_wavelet_taps(const gb_wavelet_filter *filter);

// Refuses orders that the family has not.
gb_status gb_wavelet_check(const gb_wavelet_filter *filter, gb_error *error);

#endif
