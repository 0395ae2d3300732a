// Depthwise K x K of 5 and 7 with padding K / 2, stride 1 and 2: COLS vectors of columns go down
// the map, as in dw_three.h, but the sums of an input row's output rows are kept in a list, and
// weights are read again for every row, as neither fits into registers by name.
#ifndef GB_KERNELS_DW_FIVE_H
#define GB_KERNELS_DW_FIVE_H

#include "layers/kernels/dw_taps.h"

// The open sums of output rows: now[ky] belongs to the row to which the input row at hand is tap
// ky, and next[ky] is that row's other sum, to which the input row behind it adds.
typedef struct dw_sums {
  vf now[DW_COLS][DW_MAX_K], next[DW_COLS][DW_MAX_K];
} dw_sums;

// A column on its way down: input row `y` is at `row`, outputs go to `at`.
typedef struct dw_walk {
  const float *row;
  int64_t y, at;
} dw_walk;

// The input row at hand: it is tap LAST of an output row, LAST - S of the one below it, and so on;
// INSIDE: it surely is a row of the map. Gives the sums of the output row that ends with it, and
// goes on to the next row.
GB_INLINE void dw_step(const gb_depthwise_shape *g, const dw_map *map, const dw_masks *m,
                       dw_walk *walk, dw_sums *s, vf *done, const int K, const int S,
                       const int COLS, const int LEFT, const int RIGHT, const int LAST,
                       const int INSIDE) {
  const float *row = walk->row, *weights = map->weights;
  vf sum[DW_COLS][DW_MAX_K];
#define DW_IS_TAP(ky) (ky <= LAST && (LAST - ky) % S == 0)
  // Else compilers keep the weights of several rows, and make many rows' addresses in advance.
  GB_KEEP_POINTER(weights);
  GB_KEEP_POINTER(row);
  // At stride 1 the test keeps compilers from mixing rows, for whose sums they have no registers.
  if ((INSIDE && S == 2) || (walk->y >= 0 && walk->y < g->in_h)) {
    vf x[DW_COLS][DW_MAX_K];
    __builtin_prefetch(row + DW_AHEAD * g->in_w);
    if (map->far)
      __builtin_prefetch(map->out + walk->at + DW_AHEAD * g->out_w, 1);
    dw_taps(row, m, x, K, S, COLS, LEFT, RIGHT);
    GB_UNROLL
    for (int ky = K - 1; ky >= 0; ky--) {
      if (!DW_IS_TAP(ky))
        continue;
      GB_UNROLL
      for (int kx = 0; kx < K; kx++) {
        const vf w = vset1(weights[ky * K + kx]);
        GB_UNROLL
        for (int c = 0; c < COLS; c++)
          if (kx == 0 && ky == 1)
            sum[c][ky] = w * x[c][kx];
          else
            sum[c][ky] = vfma(w, x[c][kx], kx > 0 ? sum[c][ky] : s->now[c][ky]);
      }
    }
  } else {
    GB_UNROLL
    for (int ky = K - 1; ky >= 0; ky--) {
      GB_UNROLL
      for (int c = 0; c < COLS; c++)
        if (DW_IS_TAP(ky))
          sum[c][ky] = ky == 1 ? vzero() : s->now[c][ky];
    }
  }
  GB_UNROLL
  for (int c = 0; c < COLS; c++) {
    if (LAST == K - 1)
      done[c] = sum[c][LAST] + s->next[c][LAST];
    GB_UNROLL
    for (int ky = K - 2; ky >= 0; ky--)
      if (DW_IS_TAP(ky)) {
        s->now[c][ky + 1] = s->next[c][ky];
        s->next[c][ky + 1] = sum[c][ky];
      }
  }
  walk->row += g->in_w;
  walk->y++;
#undef DW_IS_TAP
}

// Output rows [y0, y1) of the vectors of columns from x0 on, whose masks are given.
GB_INLINE void dw_five(const gb_depthwise_shape *shape, const dw_map *given, const dw_masks *masks,
                       int64_t x0, int64_t y0, int64_t y1, const int K, const int S, const int COLS,
                       const int LEFT, const int RIGHT) {
  // Copies, so that stores to floats leave them in registers.
  const gb_depthwise_shape g = *shape;
  const dw_map map = *given;
  dw_masks m[DW_COLS];
  GB_UNROLL
  for (int c = S == 1 ? COLS - 1 : 0; c < COLS; c++) // at stride 1 only the last one's count
    m[c] = masks[c];
  const int64_t plain = dw_plain_end(&map, g.out_w, y1, COLS);
  const vf bias = vset1(map.bias);
  vf done[DW_COLS];
  dw_sums s;
  GB_UNROLL
  for (int c = 0; c < COLS; c++) {
    s.now[c][0] = bias;
    s.next[c][0] = bias; // is not read, as ky = 1 begins a sum
  }
  dw_walk walk = {.y = S * y0 - K / 2, .at = y0 * g.out_w + x0};
  walk.row = map.in + walk.y * g.in_w + S * x0;
#define DW_STEP(LAST, INSIDE)                                                                      \
  dw_step(&g, &map, m, &walk, &s, done, K, S, COLS, LEFT, RIGHT, LAST, INSIDE)
#define DW_OUTPUT_ROW(INSIDE)                                                                      \
  if (S == 2)                                                                                      \
    DW_STEP(K - 2, INSIDE);                                                                        \
  DW_STEP(K - 1, INSIDE);                                                                          \
  if (S == 2) {                                                                                    \
    GB_UNROLL                                                                                      \
    for (int c = 0; c < COLS; c++)                                                                 \
      done[c] = vunmix(done[c]);                                                                   \
  }                                                                                                \
  dw_store_row(&map, walk.at, done, m[COLS - 1].store, walk.at < plain, COLS);                     \
  walk.at += g.out_w
  GB_UNROLL
  for (int i = 0; i < K - S; i++)
    DW_STEP(i, i == K / 2);
  // Output rows whose input rows are all there: at stride 1 two a turn, as the two sums take turns.
  // Then those that reach below the map.
  int64_t rest = y1 - y0, whole = gb_imin(rest, (g.in_h + S - 1 - K / 2) / S - y0);
  rest -= gb_imax(whole, 0);
  for (; S == 1 && whole >= 2; whole -= 2) {
    DW_OUTPUT_ROW(1);
    DW_OUTPUT_ROW(1);
  }
  for (; whole > 0; whole--) {
    DW_OUTPUT_ROW(1);
  }
  for (; rest > 0; rest--) {
    DW_OUTPUT_ROW(0);
  }
#undef DW_STEP
#undef DW_OUTPUT_ROW
}

#endif
