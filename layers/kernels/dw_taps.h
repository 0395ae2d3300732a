// The taps of one input row of a depthwise convolution with padding K / 2: for COLS vectors of
// outputs side by side, K vectors of inputs each.
//
// At stride 1 the middle taps are loaded and the others shifted in from their neighbours (with 8
// lanes too, where a shift across the halves is two instructions: loading every tap where it lies
// is slower, as every other load is of two lines). At stride 2 so with 16 lanes and with 4; with 8
// pairs of taps are loaded where they lie, and lanes stay mixed until the sum is stored.
#ifndef GB_KERNELS_DW_TAPS_H
#define GB_KERNELS_DW_TAPS_H

#include "layers/kernels/dw_map.h"

#define DW_AHEAD 6 // input rows that are asked for ahead

// Fills the masks of the outputs from x0 on.
GB_INLINE void dw_mask(const gb_depthwise_shape *g, int64_t x0, dw_masks *m) {
  const int64_t in_x = g->stride_w * x0, left = -in_x, right = g->in_w - in_x;
  m->store = vmask_first(g->out_w - x0);
  m->right = right > g->stride_w * VW;
  m->load = vmask_first(right);
  m->beyond = vmask_first(right - VW);
  for (int64_t i = 0; g->stride_w == 2 && i < 2 * DW_PAIRS_OF_2; i++) {
    const int64_t at = DW_PAIR_AT(i / 2) + i % 2 * VW;
    m->pair[i / 2][i % 2] = vmask_range(left - at, right - at);
  }
}

GB_INLINE void dw_taps_by_1(const float *row, const dw_masks *m, vf x[DW_COLS][DW_MAX_K],
                            const int K, const int COLS, const int LEFT, const int RIGHT) {
  const int mid = K / 2;
  const vf left = LEFT ? vload(row - VW) : vzero();
  const vf right = RIGHT ? vloadm(row + COLS * VW, m[COLS - 1].beyond) : vzero();
  GB_UNROLL
  for (int c = 0; c < COLS; c++)
    x[c][mid] = c + 1 < COLS ? vload(row + c * VW) : vloadm(row + c * VW, m[c].load);
  GB_UNROLL
  for (int c = 0; c < COLS; c++) {
    GB_UNROLL
    for (int n = 1; n <= mid; n++) {
      x[c][mid - n] = vup(x[c][mid], c > 0 ? x[c - 1][mid] : left, n);
      x[c][mid + n] = vdown(x[c][mid], c + 1 < COLS ? x[c + 1][mid] : right, n);
    }
  }
}

#if VW == 8
// Stride 2, K 3 or 5: pairs of columns from two before on, and from two behind on for K = 5.
GB_INLINE void dw_taps_by_2(const float *row, const dw_masks *m, vf x[DW_COLS][DW_MAX_K],
                            const int K, const int COLS, const int LEFT, const int RIGHT) {
  GB_UNROLL
  for (int c = 0; c < COLS; c++) {
    GB_UNROLL
    for (int i = 0; i < DW_PAIRS_OF_2; i++) {
      if (K == 3 && i == 2)
        continue;
      const float *p = row + 2 * c * VW + 2 * i - 2;
      const int on = c + 1 < COLS || RIGHT, whole = on && (i > 0 || c > 0 || LEFT);
      const vf a = whole ? vload(p) : vloadm(p, m[c].pair[i][0]);
      const vf b = on && i < 2 ? vload(p + VW) : vloadm(p + VW, m[c].pair[i][1]);
      if (K == 5 || i > 0)
        x[c][K == 5 ? 2 * i : 1] = veven_mixed(a, b);
      if (i < 2)
        x[c][K == 5 ? 2 * i + 1 : 2 * i] = vodd_mixed(a, b);
    }
  }
}

#else
// Stride 2, K 3 or 5: even and odd columns are sorted apart; the middle tap is an even one.
GB_INLINE void dw_taps_by_2(const float *row, const dw_masks *m, vf x[DW_COLS][DW_MAX_K],
                            const int K, const int COLS, const int LEFT, const int RIGHT) {
  const int mid = K / 2;
  GB_UNROLL
  for (int c = 0; c < COLS; c++) {
    const float *p = row + 2 * c * VW;
    const vf a = c + 1 < COLS ? vload(p) : vloadm(p, m[c].pair[0][0]);
    const vf b = c + 1 < COLS ? vload(p + VW) : vloadm(p + VW, m[c].pair[0][1]);
    x[c][mid] = veven_mixed(a, b);
    x[c][mid + 1] = vodd_mixed(a, b);
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
#endif

// LEFT, RIGHT: the map goes on there. m: the masks of all COLS vectors. At stride 2 lanes are mixed
// as veven_mixed does it.
GB_INLINE void dw_taps(const float *row, const dw_masks *m, vf x[DW_COLS][DW_MAX_K], const int K,
                       const int S, const int COLS, const int LEFT, const int RIGHT) {
  if (S == 1)
    dw_taps_by_1(row, m, x, K, COLS, LEFT, RIGHT);
  else
    dw_taps_by_2(row, m, x, K, COLS, LEFT, RIGHT);
}

#endif
