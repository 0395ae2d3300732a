// Depthwise 3 x 3, padding 1, stride 1 and 2: COLS vectors of columns go down the map.
//
// Each input row is loaded once, its taps to the left and right are made from it, and it goes into
// every output row that it is a tap of: three at stride 1. So the filter and the open sums are all
// that stays in registers, there are no blocks of rows, and a row outside of the map is one that
// adds nothing. An output row is two sums, of the outer rows of the filter and of the middle one:
// as neighbours add to different ones, no sum is waited for. The order of additions does not depend
// on where a range of rows begins.
#ifndef GB_KERNELS_DW_THREE_H
#define GB_KERNELS_DW_THREE_H

#include "layers/kernels/dw_taps.h"

// sum + w[0] x[0] + w[1] x[1] + w[2] x[2]
GB_INLINE vf dw_row(const vf *w, const vf *x, vf sum) {
  return vfma(w[2], x[2], vfma(w[1], x[1], vfma(w[0], x[0], sum)));
}

GB_INLINE vf dw_first_row(const vf *w, const vf *x) {
  return vfma(w[2], x[2], vfma(w[1], x[1], w[0] * x[0]));
}

// Output rows [y0, y1) of the vectors at column x0 on, whose masks are given.
GB_INLINE void dw_three(const gb_depthwise_shape *g, const dw_map *given, const dw_masks *masks,
                        int64_t x0, int64_t y0, int64_t y1, const int S, const int COLS,
                        const int LEFT, const int RIGHT) {
  const dw_map map = *given; // so that stores to floats leave it in registers
  dw_masks m[DW_COLS];
  GB_UNROLL
  for (int c = S == 1 ? COLS - 1 : 0; c < COLS; c++) // at stride 1 only the last one's count
    m[c] = masks[c];
  const int64_t width = g->in_w, out_w = g->out_w, in_h = g->in_h;
  const int64_t plain = dw_plain_end(&map, out_w, y1, COLS);
  const vf bias = vset1(map.bias);
  vf w[3][3], x[DW_COLS][DW_MAX_K], outer[2][DW_COLS], middle[DW_COLS], sum[DW_COLS];
  GB_UNROLL
  for (int i = 0; i < 9; i++) {
    w[i / 3][i % 3] = vset1(map.weights[i]);
    GB_KEEP(w[i / 3][i % 3]);
  }
  int64_t at = y0 * out_w + x0;
  const float *row = map.in + (y0 > 0 ? S * y0 - 1 : 0) * width + S * x0;
#define DW_EACH GB_UNROLL for (int c = 0; c < COLS; c++)
#define DW_NEXT_ROW                                                                                \
  GB_KEEP_POINTER(row);                                                                            \
  if (map.far) {                                                                                   \
    __builtin_prefetch(row + DW_AHEAD * width);                                                    \
    __builtin_prefetch(map.out + at + DW_AHEAD * out_w, 1);                                        \
  }                                                                                                \
  dw_taps(row, m, x, 3, S, COLS, LEFT, RIGHT);                                                     \
  row += width
#define DW_STORE_ROW                                                                               \
  if (S == 2)                                                                                      \
    DW_EACH sum[c] = vunmix(sum[c]);                                                               \
  dw_store_row(&map, at, sum, m[COLS - 1].store, at < plain, COLS);                                \
  at += out_w
  DW_EACH outer[0][c] = bias;
  if (y0 > 0) {
    DW_NEXT_ROW;
    DW_EACH outer[0][c] = dw_row(w[0], x[c], bias);
  }
  if (S == 2) {
    for (int64_t y = y0; y < y1; y++) {
      DW_NEXT_ROW;
      DW_EACH middle[c] = dw_first_row(w[1], x[c]);
      if (2 * y + 1 < in_h) {
        DW_NEXT_ROW;
        DW_EACH {
          sum[c] = dw_row(w[2], x[c], outer[0][c]) + middle[c];
          outer[0][c] = dw_row(w[0], x[c], bias);
        }
      } else {
        DW_EACH sum[c] = outer[0][c] + middle[c];
      }
      DW_STORE_ROW;
    }
    return;
  }
  DW_NEXT_ROW;
  DW_EACH {
    middle[c] = dw_first_row(w[1], x[c]);
    outer[1][c] = dw_row(w[0], x[c], bias);
  }
  // Row y + 1 of input ends output row y, is the middle of y + 1 and begins y + 2, whose sum takes
  // the place of that of y: two rows to a turn.
#define DW_ROW_OF(i)                                                                               \
  DW_NEXT_ROW;                                                                                     \
  DW_EACH {                                                                                        \
    sum[c] = dw_row(w[2], x[c], outer[i][c]) + middle[c];                                          \
    middle[c] = dw_first_row(w[1], x[c]);                                                          \
    outer[i][c] = dw_row(w[0], x[c], bias);                                                        \
  }                                                                                                \
  DW_STORE_ROW
  int64_t left = gb_imin(y1, in_h - 1) - y0;
  for (; left >= 2; left -= 2) {
    DW_ROW_OF(0);
    DW_ROW_OF(1);
  }
  if (left > 0) {
    DW_ROW_OF(0);
    DW_EACH outer[0][c] = outer[1][c];
  }
  if (y1 == in_h) { // below is nothing
    DW_EACH sum[c] = outer[0][c] + middle[c];
    DW_STORE_ROW;
  }
}
#undef DW_EACH
#undef DW_NEXT_ROW
#undef DW_STORE_ROW
#undef DW_ROW_OF

#endif
