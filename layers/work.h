// What a layer computes, in the words of a compiler: the engine fuses and chooses kernels from
// these, without knowing any layer by name.
#ifndef GB_LAYERS_WORK_H
#define GB_LAYERS_WORK_H

#include "layers/base/activation.h"
#include "layers/base/border.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gb_op;

typedef enum gb_work_kind {
  GB_WORK_FORWARD,     // nothing is known: call the layer's forward
  GB_WORK_CONV,        // convolution of any kernel and groups; depthwise and pointwise are such
  GB_WORK_LINEAR,      // out = weight · in + bias on (N, F, 1, 1)
  GB_WORK_SCALE_SHIFT, // out = in · scale[c] + shift[c]
  GB_WORK_ACTIVATION,  // element by element
  GB_WORK_ADD,         // of all inputs, same shapes
  GB_WORK_MULTIPLY,    // of all inputs; one of (N, C, 1, 1) is spread over the maps
  GB_WORK_PLANES, // every output map is a contiguous part of an input map: moves, no arithmetic
  GB_WORK_POOL,   // sliding window, maximum or average
  GB_WORK_GLOBAL_POOL, // one number a map
  GB_WORK_WARP,        // maps resampled along an affine grid, bilinear, zero outside
  GB_WORK_BANK,        // undecimated bank of separable filters, several bands a map
  GB_WORK_PICK,        // every output element is an input element or 0, row by row
  GB_WORK_SOFTMAX,     // over the channels at each position
} gb_work_kind;

// Where output map `channel` of a GB_WORK_PLANES layer lies: `offset` elements behind the start of
// map `channel` of input `input`.
typedef struct gb_plane_source {
  size_t input;
  int64_t channel, offset;
} gb_plane_source;

// Members that a kind does not name are zero.
typedef struct gb_work {
  gb_work_kind kind;
  // CONV and POOL: window, height before width. `top` and `left` are resolved padding.
  int64_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, top, left;
  int64_t groups;     // CONV
  bool bias;          // CONV and LINEAR: params are weight, then bias where this is set
  bool max;           // POOL, GLOBAL_POOL: maximum instead of average
  bool count_padding; // POOL: an average divides by the whole window
  gb_activation act;  // ACTIVATION
  // SCALE_SHIFT: writes scale and shift of each channel, in double.
  void (*scale)(const struct gb_op *op, const float *const *params, double *scale, double *shift);
  // PLANES
  gb_plane_source (*plane)(const struct gb_op *op, int64_t channel);
  // WARP: output map c is made of input map c / multiplier. Writes where it reads: pixel (x, y) the
  // column m[0] x + m[1] y + m[2] and the row m[3] x + m[4] y + m[5].
  int64_t multiplier;
  void (*matrix)(const struct gb_op *op, const float *const *params, int64_t channel, double m[6]);
  // BANK: `bands` output maps an input map, level by level: along both axes low·high, high·low,
  // high·high, low·low (width·height), along one axis high, low; the last of a level is what the
  // next one filters, with twice the distance between taps. A filter: out[x] = Σ_k f[k] in[x + (k -
  // (taps - 1) / 2) distance].
  int64_t bands, taps;
  const double *low, *high; // static
  bool along_width, along_height;
  gb_border border;
  // PICK: which input map, row and column an output map, row and column is; a map below 0 is zeros.
  int64_t (*pick_map)(const struct gb_op *op, int64_t channel);
  int64_t (*pick_row)(const struct gb_op *op, int64_t y);
  int64_t (*pick_column)(const struct gb_op *op, int64_t x);
} gb_work;

#endif
