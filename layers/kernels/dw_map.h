// What the forms of depthwise convolution share: a map with its filter, the masks of its columns,
// how a row is loaded and how it is stored. depthwise.c tells which form takes which shape.
#ifndef GB_KERNELS_DW_MAP_H
#define GB_KERNELS_DW_MAP_H

#include "layers/kernels/activate.h"

#define DW_MAX_K 7

#define DW_COLS 2 // most vectors of columns side by side

// At stride 2 taps come from pairs of vectors, which begin that many columns from the first middle
// tap (dw_taps.h).
#if VW == 8
#define DW_PAIRS_OF_2 3
#define DW_PAIR_AT(i) (2 * (i)-2)
#else
#define DW_PAIRS_OF_2 1
#define DW_PAIR_AT(i) 0
#endif

// Masks of one vector of columns: of its store; at stride 1 of its load and of what lies to the
// right of it; at stride 2 of its pairs.
typedef struct dw_masks {
  vm store, load, beyond, pair[DW_PAIRS_OF_2][2];
  int right; // the input goes on to the right
} dw_masks;

typedef struct dw_map {
  const float *in, *weights, *residual;
  float *out;
  float bias, lo, hi;
  int hard;       // hard swish before the clamp
  int more;       // that or a residual: one test for an output that has neither
  int far;        // maps are not in the cache: output rows are asked for ahead
  int64_t v0, v1; // vectors of columns whose masks were made
} dw_map;

// K x K with padding K / 2 and stride 1 or 2, undilated, which keeps the size of the map or halves
// it: the geometry of every form but the general one.
GB_INLINE int dw_is_square(const gb_depthwise_shape *g) {
  const int64_t k = g->kernel_h, stride = g->stride_h;
  return (k == 3 || k == 5 || k == 7) && k == g->kernel_w && stride <= 2 && stride == g->stride_w &&
         g->dilation_h == 1 && g->dilation_w == 1 && g->pad_top == k / 2 && g->pad_left == k / 2 &&
         g->out_h == gb_idiv_up(g->in_h, stride) && g->out_w == gb_idiv_up(g->in_w, stride);
}

// A vector of sums becomes output `at` of the map: residual, activation and store of the lanes;
// WHOLE: all are.
GB_INLINE void dw_store(const dw_map *map, int64_t at, vf sum, vm lanes, const int WHOLE) {
  if (map->more) {
    if (map->residual)
      sum += WHOLE ? vload(map->residual + at) : vloadm(map->residual + at, lanes);
    if (map->hard)
      sum = vhard_swish(sum);
  }
  sum = vclamp(sum, vset1(map->lo), vset1(map->hi));
  if (WHOLE)
    vstore(map->out + at, sum);
  else
    vstorem(map->out + at, sum, lanes);
}

// The same for COLS vectors beside each other, all but the last whole; PLAIN: that one too, and
// without residual and hard swish.
GB_INLINE void dw_store_row(const dw_map *map, int64_t at, const vf *sum, vm last, int plain,
                            const int COLS) {
  if (plain) {
    GB_UNROLL
    for (int c = 0; c < COLS; c++)
      vstore(map->out + at + c * VW, vclamp(sum[c], vset1(map->lo), vset1(map->hi)));
  } else {
    GB_UNROLL
    for (int c = 0; c < COLS; c++)
      dw_store(map, at + c * VW, sum[c], last, c + 1 < COLS);
  }
}

// Outputs before this may be stored by the plain way, the row's last vector as a whole: what it
// writes too much is of rows below it before row y1, which are made later. Only where masked stores
// are slow. One test a row: one a vector costs a tenth of a 3 x 3 filter's time.
GB_INLINE int64_t dw_plain_end(const dw_map *map, int64_t out_w, int64_t y1, const int COLS) {
  return VW != 8 ? INT64_MIN : map->more ? 0 : y1 * out_w - COLS * VW + 1;
}

#endif
