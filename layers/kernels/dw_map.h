// What the forms of depthwise convolution share: a map with its filter, and the masks of its
// columns. depthwise.c tells which form takes which shape.
#ifndef GB_KERNELS_DW_MAP_H
#define GB_KERNELS_DW_MAP_H

#include "layers/kernels/activate.h"

#define DW_MAX_K 7

// Masks of one vector of columns. Stride 1: of the loads, one a tap. Stride 2: of two vectors of
// input that begin at column 2 x0. Then whether there are columns to the left and to the right.
typedef struct dw_masks {
  vm load[DW_MAX_K];
  vm store;
  int left, right;
} dw_masks;

typedef struct dw_map {
  const float *in, *weights, *residual;
  float *out;
  float bias, lo, hi;
  int hard;       // hard swish before the clamp
  int far;        // output is not in the cache: a store waits as long as a load
  int64_t v0, v1; // vectors of columns whose masks were made
} dw_map;

GB_INLINE dw_masks dw_masks_of(const gb_depthwise_shape *g, int64_t x0, const int K, const int S) {
  dw_masks m = {.left = x0 > 0, .right = S * (x0 + VW) < g->in_w};
  if (S == 1) {
    for (int kx = 0; kx < K; kx++) {
      const int64_t first = x0 - g->pad_left + kx;
      m.load[kx] = vmask_range(-first, g->in_w - first);
    }
  } else {
    m.load[0] = vmask_first(g->in_w - 2 * x0);
    m.load[1] = vmask_first(g->in_w - 2 * x0 - VW);
  }
  m.store = vmask_first(g->out_w - x0);
  return m;
}

// Sums become output: residual, activation, and a store of COLS vectors, all but the last whole.
GB_INLINE void dw_store(const dw_map *map, int64_t at, vf *sum, vm last, const int COLS) {
  const vf lo = vset1(map->lo), hi = vset1(map->hi);
  GB_UNROLL
  for (int c = 0; c < COLS; c++) {
    const int whole = c + 1 < COLS;
    const int64_t i = at + c * VW;
    if (map->residual)
      sum[c] += whole ? vload(map->residual + i) : vloadm(map->residual + i, last);
    if (map->hard)
      sum[c] = vhard_swish(sum[c]);
    sum[c] = vclamp(sum[c], lo, hi);
    if (whole)
      vstore(map->out + i, sum[c]);
    else
      vstorem(map->out + i, sum[c], last);
  }
}

#endif
