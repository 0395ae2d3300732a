// What the forms of depthwise convolution share: a map with its filter, the masks of its columns,
// how a row is loaded and how it is stored. depthwise.c tells which form takes which shape.
#ifndef GB_KERNELS_DW_MAP_H
#define GB_KERNELS_DW_MAP_H

#include "layers/kernels/activate.h"

#define DW_MAX_K 7

#define DW_COLS 2 // vectors of columns side by side

// Masks of one vector of columns: of its load (stride 2: of two, which begin at column 2 x0), of
// what lies to the right of it, and of its store.
typedef struct dw_masks {
  vm load[2], beyond, store;
  int right; // the input goes on there
} dw_masks;

typedef struct dw_map {
  const float *in, *weights, *residual;
  float *out;
  float bias, lo, hi;
  int hard;       // hard swish before the clamp
  int far;        // output is not in the cache: a store waits as long as a load
  int64_t v0, v1; // vectors of columns whose masks were made
} dw_map;

GB_INLINE dw_masks dw_masks_of(const gb_depthwise_shape *g, int64_t x0) {
  const int64_t in_x = g->stride_w * x0, end = g->stride_w * (x0 + VW);
  return (dw_masks){.load = {vmask_first(g->in_w - in_x), vmask_first(g->in_w - in_x - VW)},
                    .beyond = vmask_first(g->in_w - end),
                    .store = vmask_first(g->out_w - x0),
                    .right = end < g->in_w};
}

// A vector of sums becomes output `at` of the map: residual, activation and store of the lanes;
// WHOLE: all are.
GB_INLINE void dw_store(const dw_map *map, int64_t at, vf sum, vm lanes, const int WHOLE) {
  if (map->residual)
    sum += WHOLE ? vload(map->residual + at) : vloadm(map->residual + at, lanes);
  if (map->hard)
    sum = vhard_swish(sum);
  sum = vclamp(sum, vset1(map->lo), vset1(map->hi));
  if (WHOLE)
    vstore(map->out + at, sum);
  else
    vstorem(map->out + at, sum, lanes);
}

// The same for COLS vectors beside each other, all but the last whole.
GB_INLINE void dw_store_row(const dw_map *map, int64_t at, const vf *sum, vm last, const int COLS) {
  GB_UNROLL
  for (int c = 0; c < COLS; c++)
    dw_store(map, at + c * VW, sum[c], last, c + 1 < COLS);
}

#define DW_AHEAD 6 // input rows that are asked for ahead

GB_INLINE void dw_taps_by_1(const float *row, const dw_masks *m, vf x[DW_COLS][DW_MAX_K],
                            const int K, const int COLS, const int LEFT, const int RIGHT) {
  const int mid = K / 2;
  const vf left = LEFT ? vload(row - VW) : vzero();
  const vf right = RIGHT ? vloadm(row + COLS * VW, m->beyond) : vzero();
  GB_UNROLL
  for (int c = 0; c < COLS; c++)
    x[c][mid] = c + 1 < COLS ? vload(row + c * VW) : vloadm(row + c * VW, m->load[0]);
  GB_UNROLL
  for (int c = 0; c < COLS; c++) {
    GB_UNROLL
    for (int n = 1; n <= mid; n++) {
      x[c][mid - n] = vup(x[c][mid], c > 0 ? x[c - 1][mid] : left, n);
      x[c][mid + n] = vdown(x[c][mid], c + 1 < COLS ? x[c + 1][mid] : right, n);
    }
  }
}

// Stride 2, K 3 or 5: even and odd columns are sorted apart; the middle tap is an even one.
GB_INLINE void dw_taps_by_2(const float *row, const dw_masks *m, vf x[DW_COLS][DW_MAX_K],
                            const int K, const int COLS, const int LEFT, const int RIGHT) {
  const int mid = K / 2;
  GB_UNROLL
  for (int c = 0; c < COLS; c++) {
    const float *p = row + 2 * c * VW;
    const vf a = c + 1 < COLS ? vload(p) : vloadm(p, m->load[0]);
    const vf b = c + 1 < COLS ? vload(p + VW) : vloadm(p + VW, m->load[1]);
    x[c][mid] = veven(a, b);
    x[c][mid + 1] = vodd(a, b);
  }
  const vf even = LEFT && K == 5 ? vset1(row[-2]) : vzero(), odd = LEFT ? vset1(row[-1]) : vzero();
  const vf right = RIGHT && K == 5 ? vset1(row[2 * COLS * VW]) : vzero();
  GB_UNROLL
  for (int c = 0; c < COLS; c++) {
    x[c][mid - 1] = vup(x[c][mid + 1], c > 0 ? x[c - 1][mid + 1] : odd, 1);
    if (K == 5) {
      x[c][0] = vup(x[c][2], c > 0 ? x[c - 1][2] : even, 1);
      x[c][4] = vdown(x[c][2], c + 1 < COLS ? x[c + 1][2] : right, 1);
    }
  }
}

// The taps of one input row for COLS vectors of outputs. LEFT, RIGHT: the map goes on there.
GB_INLINE void dw_taps(const float *row, const dw_masks *m, vf x[DW_COLS][DW_MAX_K], const int K,
                       const int S, const int COLS, const int LEFT, const int RIGHT) {
  if (S == 1)
    dw_taps_by_1(row, m, x, K, COLS, LEFT, RIGHT);
  else
    dw_taps_by_2(row, m, x, K, COLS, LEFT, RIGHT);
}

#endif
