// Depthwise convolution of 14 x 14 maps, stride 1, where a row fits a vector: the way down the map
// of dw_three.h and dw_five.h in one straight line, and the halves that two threads take.
//
// A loop over rows, its masks and its tests are a third of the instructions of a 3 x 3 filter; with
// the size known none is left, which takes a quarter off its time (5 x 5: a sixth). The sums are
// those of dw_three.h and dw_five.h in the same order, so that parts of a map may go that way.
#ifndef GB_KERNELS_DW_FOURTEEN_H
#define GB_KERNELS_DW_FOURTEEN_H

#include "layers/kernels/dw_narrow.h"

#define DW_SIZE 14

#ifdef V_HAS_PICK
// Output rows [FIRST, END). One is two sums, of the even and of the odd rows of the filter.
GB_INLINE void dw_fourteen(const dw_map *given, const int K, const int FIRST, const int END) {
  const dw_map map = *given; // so that stores to floats leave it in registers
  const vm lanes = vmask_first(DW_SIZE);
  const vf bias = vset1(map.bias), lo = vset1(map.lo), hi = vset1(map.hi);
  const int mid = K / 2;
  vf w[DW_MAX_K * DW_MAX_K], sum[2][DW_SIZE], x[DW_MAX_K];
  GB_UNROLL
  for (int i = 0; i < K * K; i++)
    w[i] = vset1(map.weights[i]);
  GB_UNROLL
  for (int t = FIRST > mid ? FIRST - mid : 0; t < END + mid; t++) {
    if (t < DW_SIZE) {
      x[mid] = vloadm(map.in + t * DW_SIZE, lanes);
      GB_UNROLL
      for (int n = 1; n <= mid; n++) {
        x[mid - n] = vup(x[mid], vzero(), n);
        x[mid + n] = vdown(x[mid], vzero(), n);
      }
    }
    // Input row t is row ky of the filter for output row y.
    GB_UNROLL
    for (int ky = K - 1; ky >= 0; ky--) {
      const int y = t + mid - ky, begun = ky >= 2 && t >= 2;
      if (t >= DW_SIZE || y < FIRST || y >= END)
        continue;
      vf *s = &sum[ky % 2][y];
      GB_UNROLL
      for (int kx = 0; kx < K; kx++) {
        if (kx == 0 && !begun && ky % 2 == 1)
          *s = w[ky * K] * x[0];
        else
          *s = vfma(w[ky * K + kx], x[kx], kx == 0 && !begun ? bias : *s);
      }
    }
    const int y = t - mid;
    if (y < FIRST)
      continue;
    if (map.more)
      dw_store(&map, y * DW_SIZE, sum[0][y] + sum[1][y], lanes, 0);
    else // the same; apart it takes a twelfth less time
      vstorem(map.out + y * DW_SIZE, vclamp(sum[0][y] + sum[1][y], lo, hi), lanes);
  }
}

#define DW_FOURTEEN(name, K, FIRST, END)                                                           \
  GB_NOINLINE void dw_##name(const gb_depthwise_shape *g, const dw_map *map,                       \
                             const dw_picks *picks) {                                              \
    (void)g;                                                                                       \
    (void)picks;                                                                                   \
    dw_fourteen(map, K, FIRST, END);                                                               \
  }
DW_FOURTEEN(fourteen_3, 3, 0, DW_SIZE)
DW_FOURTEEN(fourteen_3_upper, 3, 0, DW_SIZE / 2)
DW_FOURTEEN(fourteen_3_lower, 3, DW_SIZE / 2, DW_SIZE)
DW_FOURTEEN(fourteen_5, 5, 0, DW_SIZE)
DW_FOURTEEN(fourteen_5_upper, 5, 0, DW_SIZE / 2)
DW_FOURTEEN(fourteen_5_lower, 5, DW_SIZE / 2, DW_SIZE)

// NULL for any other map, and for other parts of one.
static dw_whole_fn *dw_fourteen_of(const gb_depthwise_shape *g, int64_t y0, int64_t y1) {
  static dw_whole_fn *const forms[2][4] = {
      {dw_fourteen_3, dw_fourteen_3_upper, dw_fourteen_3_lower, NULL},
      {dw_fourteen_5, dw_fourteen_5_upper, dw_fourteen_5_lower, NULL}};
  const int64_t k = g->kernel_h, half = DW_SIZE / 2;
  if (!dw_is_square(g) || g->stride_h != 1 || g->in_h != DW_SIZE || g->in_w != DW_SIZE || k > 5)
    return NULL;
  const int top = y0 == 0, bottom = y1 == DW_SIZE;
  const int part = top && bottom ? 0 : top && y1 == half ? 1 : bottom && y0 == half ? 2 : 3;
  return forms[k == 5][part];
}
#endif

#endif
