// Depthwise convolution: every output map is one k x k filter over one input map.
//
// Squares of 3, 5 and 7 that keep the size of the map, or halve it, go down it column by column of
// vectors (dw_three.h, dw_five.h; with 16 lanes 14 x 14 maps in one line, dw_fourteen.h), small
// maps as a whole (dw_narrow.h). Every other geometry (1 x k, k x 1, dilated, other padding) takes
// the general path, one row at a time.
#include "layers/kernels/dw_five.h"
#include "layers/kernels/dw_fourteen.h"
#include "layers/kernels/dw_narrow.h"
#include "layers/kernels/dw_three.h"

#define DW_COLUMNS (128 / VW) // vectors of columns whose masks are kept
#define DW_FAR 2048           // pixels of maps that are not found in the cache again

// VW values of an input row for outputs [x, x + VW) at tap offset `first` of the first one; 0
// outside.
GB_INLINE vf dw_gather(const gb_depthwise_shape *g, const float *row, int64_t first,
                       int64_t lanes) {
  const int64_t stride = g->stride_w;
  if (stride == 1) {
    if (first >= 0 && first + VW <= g->in_w && lanes >= VW)
      return vload(row + first);
    return vloadm(row + first, vmask_range(-first, gb_imin(lanes, g->in_w - first)));
  }
  if (stride == 2) {
    const int64_t end = gb_imin(2 * lanes - 1, g->in_w - first);
    return veven(vloadm(row + first, vmask_range(-first, end)),
                 vloadm(row + first + VW, vmask_range(-first - VW, end - VW)));
  }
  float t[VW] = {0};
  for (int64_t i = 0; i < gb_imin(lanes, VW); i++)
    if (first + i * stride >= 0 && first + i * stride < g->in_w)
      t[i] = row[first + i * stride];
  return vload(t);
}

#define DW_WIDE 4 // vectors of columns at a time on the general path

GB_NOINLINE void dw_general(const gb_depthwise_shape *g, const dw_map *map, int64_t begin,
                            int64_t end) {
  for (int64_t y = begin; y < end; y++)
    for (int64_t x = 0; x < g->out_w; x += DW_WIDE * VW) {
      vf acc[DW_WIDE];
      GB_UNROLL
      for (int j = 0; j < DW_WIDE; j++)
        acc[j] = vset1(map->bias);
      for (int64_t ky = 0; ky < g->kernel_h; ky++) {
        const int64_t iy = y * g->stride_h - g->pad_top + ky * g->dilation_h;
        if (iy < 0 || iy >= g->in_h)
          continue;
        const float *row = map->in + iy * g->in_w, *w = map->weights + ky * g->kernel_w;
        const int64_t left = x * g->stride_w - g->pad_left;
        const int64_t right = left + (g->kernel_w - 1) * g->dilation_w + DW_WIDE * VW;
        if (g->stride_w == 1 && left >= 0 && right <= g->in_w) {
          for (int64_t kx = 0; kx < g->kernel_w; kx++) {
            const float *p = row + left + kx * g->dilation_w;
            const vf v = vset1(w[kx]);
            GB_UNROLL
            for (int j = 0; j < DW_WIDE; j++)
              acc[j] = vfma(v, vload(p + j * VW), acc[j]);
          }
          continue;
        }
        for (int64_t kx = 0; kx < g->kernel_w; kx++) {
          const int64_t first = left + kx * g->dilation_w;
          GB_UNROLL
          for (int j = 0; j < DW_WIDE; j++)
            acc[j] = vfma(vset1(w[kx]),
                          dw_gather(g, row, first + j * VW * g->stride_w, g->out_w - x - j * VW),
                          acc[j]);
        }
      }
      GB_UNROLL
      for (int j = 0; j < DW_WIDE; j++)
        dw_store(map, y * g->out_w + x + j * VW, acc[j], vmask_first(g->out_w - x - j * VW), 0);
    }
}

// All columns that masks were made for, at most LIMIT vectors at a time; from right to left, so
// that rows may spill into those below them.
GB_INLINE void dw_columns(const gb_depthwise_shape *g, const dw_map *map, const dw_masks *masks,
                          int64_t y0, int64_t y1, const int K, const int S, const int LIMIT) {
  for (int64_t end = map->v1, v; end > map->v0; end = v) {
    const int64_t cols = gb_imin(end - map->v0, LIMIT);
    v = end - cols;
    const dw_masks *m = &masks[v - map->v0];
    // Where the map goes on: to the right is no tap at stride 2 and K = 3.
    const int on = (v > 0 ? 2 : 0) | (m[cols - 1].right && (S == 1 || K > 3) ? 1 : 0);
#define DW_CASE(i, COLS, LEFT, RIGHT)                                                              \
  case i:                                                                                          \
    if (K == 3)                                                                                    \
      dw_three(g, map, m, v *VW, y0, y1, S, COLS, LEFT, RIGHT);                                    \
    else                                                                                           \
      dw_five(g, map, m, v *VW, y0, y1, K, S, COLS, LEFT, RIGHT);                                  \
    break
    switch (LIMIT == 2 && cols == 2 ? 4 + on : on) {
      DW_CASE(0, 1, 0, 0);
      DW_CASE(1, 1, 0, 1);
      DW_CASE(2, 1, 1, 0);
      DW_CASE(3, 1, 1, 1);
      DW_CASE(4, LIMIT, 0, 0);
      DW_CASE(5, LIMIT, 0, 1);
      DW_CASE(6, LIMIT, 1, 0);
      DW_CASE(7, LIMIT, 1, 1);
    }
#undef DW_CASE
  }
}

#define DW_SQUARE(name, K, S, COLS)                                                                \
  GB_NOINLINE void dw_##name(const gb_depthwise_shape *g, const dw_map *map, const dw_masks *m,    \
                             int64_t begin, int64_t end) {                                         \
    dw_columns(g, map, m, begin, end, K, S, COLS);                                                 \
  }
DW_SQUARE(3, 3, 1, 2)
DW_SQUARE(5, 5, 1, 2)
DW_SQUARE(7, 7, 1, 1)
DW_SQUARE(3_by_2, 3, 2, 2)
DW_SQUARE(5_by_2, 5, 2, 2)
typedef void dw_square_fn(const gb_depthwise_shape *g, const dw_map *map, const dw_masks *m,
                          int64_t begin, int64_t end);

// NULL where there is no form but the general one.
static dw_square_fn *dw_square_of(const gb_depthwise_shape *g) {
  const int64_t k = g->kernel_h, stride = g->stride_h;
  if (!dw_is_square(g))
    return NULL;
  if (stride == 1)
    return k == 3 ? dw_3 : k == 5 ? dw_5 : dw_7;
  return k == 3 ? dw_3_by_2 : k == 5 ? dw_5_by_2 : NULL;
}

static void dw_run(const gb_depthwise_shape *g, const float *weights, const float *bias,
                   const float *in, const float *residual, float *out, float *mean, int64_t c0,
                   int64_t c1, int64_t y0, int64_t y1) {
  const gb_clamp clamp = gb_act_end(g->act);
  dw_square_fn *square = dw_square_of(g);
  const int64_t taps = g->kernel_h * g->kernel_w, pixels = g->out_h * g->out_w;
  const int64_t from = y0 * g->out_w, some = (y1 - y0) * g->out_w;
  dw_masks masks[DW_COLUMNS];
  const int64_t columns_end = gb_idiv_up(g->out_w, VW);
  const int far = pixels >= DW_FAR && g->out_stride >= pixels; // no window of a strip
  int64_t made = -1; // the first vector of columns that masks are for
#ifdef V_HAS_PICK
  dw_picks picks;
  dw_whole_fn *whole = dw_fourteen_of(g, y0, y1);
  if (!whole && (whole = dw_narrow_of(g, y1 - y0)))
    picks = dw_picks_of(g);
#endif
  for (int64_t c = c0; c < c1; c++) {
    dw_map map = {.in = in + c / g->multiplier * g->in_stride,
                  .weights = weights + c * taps,
                  .residual = residual ? residual + c * g->residual_stride : NULL,
                  .out = out + c * g->out_stride,
                  .bias = bias ? bias[c] : 0.0f,
                  .lo = clamp.lo,
                  .hi = clamp.hi,
                  .hard = clamp.hard,
                  .more = clamp.hard || residual,
                  .far = far};
#ifdef V_HAS_PICK
    if (whole)
      whole(g, &map, &picks);
    else
#endif
        if (square)
      for (map.v1 = columns_end; map.v1 > 0; map.v1 = map.v0) {
        map.v0 = gb_imax(map.v1 - DW_COLUMNS, 0);
        for (int64_t v = map.v0; v < map.v1 && made != map.v0; v++)
          dw_mask(g, v * VW, &masks[v - map.v0]);
        made = map.v0;
        square(g, &map, masks, y0, y1);
      }
    else
      dw_general(g, &map, y0, y1);
    if (clamp.more)
      gb_act_row(g->act, map.out + from, map.out + from, some);
    if (mean)
      mean[c] = gb_row_sum(map.out, pixels) / (float)pixels;
  }
}

void GB_FN(depthwise)(const gb_depthwise_shape *g, const float *weights, const float *bias,
                      const float *in, const float *residual, float *out, float *mean, int64_t c0,
                      int64_t c1) {
  dw_run(g, weights, bias, in, residual, out, mean, c0, c1, 0, g->out_h);
}

void GB_FN(depthwise_rows)(const gb_depthwise_shape *g, const float *weights, const float *bias,
                           const float *in, const float *residual, float *out, int64_t c0,
                           int64_t c1, int64_t y0, int64_t y1) {
  dw_run(g, weights, bias, in, residual, out, NULL, c0, c1, y0, y1);
}
