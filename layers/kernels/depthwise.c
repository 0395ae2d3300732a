// Depthwise convolution: every output map is one k x k filter over one input map.
//
// 3 x 3 goes down the map column by column of vectors (dw_column.h), small maps go as a whole
// (dw_narrow.h). Other squares of 3, 5 and 7 keep a block of output rows in registers; a border is
// a mask that was made once for all channels, and a row outside is left out. Every other geometry
// (1 x k, k x 1, dilated) takes the general path, one row at a time.
#include "layers/kernels/dw_column.h"
#include "layers/kernels/dw_narrow.h"

// Output rows in registers: maps of the usual networks are multiples of 7 high.
#if VREGS == 32
#define DW_ROWS 7
#else
#define DW_ROWS 4
#endif
#define DW_COLUMNS 8 // vectors of columns whose masks are kept
#define DW_FAR 2048  // pixels of maps that are not found in the cache again

// How many rows of input a block of output rows spans.
#define DW_SPAN(K, S) ((S) * (DW_ROWS - 1) + (K))

// A block of output rows: rows [y0, end), end may be less than DW_ROWS behind. Floats from it to
// the block that comes next, in input and output.
typedef struct dw_block {
  int64_t y0, end, in_ahead, out_ahead;
} dw_block;

// Taps of one input row at stride 2, K = 5: even and odd columns are sorted apart once, and moved.
// Pass 0 has taps 0, 2 and 4, pass 1 taps 1 and 3.
GB_INLINE void dw_taps_by_2(const float *row, const float *left, const float *right,
                            const dw_masks *m, vf x[3], const int pass) {
  const vf a = vloadm(row, m->load[0]), b = vloadm(row + VW, m->load[1]);
  x[1] = pass ? vodd(a, b) : veven(a, b);
  x[0] = vup(x[1], vset1(*left));
  if (!pass)
    x[2] = vdown(x[1], vset1(*right));
}

// A block of the columns [x0, x0 + COLS VW), COLS 1 or 2. The first TOP and the last BOTTOM rows of
// the span lie outside of the map; CHECKED: any may, and some output rows may not exist. The filter
// passes over the rows column by column (stride 2: even columns, then odd ones), so that its
// weights stay in registers while the rows go by. Seven sums alone are too few to hide the latency
// of additions: two vectors of columns side by side take an eighth to a fifth less time.
GB_INLINE void dw_strip(const gb_depthwise_shape *g, const dw_map *map, const dw_masks *m,
                        const dw_block *block, int64_t x0, const int K, const int S, const int TOP,
                        const int BOTTOM, const int CHECKED, const int COLS) {
  vf acc[2][DW_ROWS];
  const float *w = map->weights;
  const int64_t y0 = block->y0, end = block->end;
  GB_UNROLL
  for (int j = 0; j < DW_ROWS; j++) {
    acc[0][j] = vset1(map->bias);
    acc[1][j] = acc[0][j];
  }
  const int64_t top = y0 * S - g->pad_top, width = g->in_w;
  // Rows that only output rows behind `end` would need are perhaps not in memory (strips).
  const int64_t height = CHECKED ? gb_imin(g->in_h, top + S * (end - 1 - y0) + K) : 0;
  const float *p = map->in + (top + TOP) * width + x0 * S - (S == 1 ? g->pad_left : 0);
  if (map->far) { // once for the strip: a test in every row slows the sums down
    const float *next = map->out + block->out_ahead + y0 * g->out_w + x0;
    GB_UNROLL
    for (int j = 0; j < DW_ROWS; j++, next += g->out_w) {
      __builtin_prefetch(next, 1);
      if (COLS > 1 && VW == 16) // else it is the same line
        __builtin_prefetch(next + VW, 1);
    }
  }
  const int step = S == 1 ? K : 2; // passes
  GB_UNROLL
  for (int pass = 0; pass < step; pass++) {
    const int taps = S == 1 ? 1 : 3 - pass;
    vf v[3][DW_MAX_K];
    GB_UNROLL
    for (int i = 0; i < taps; i++) {
      GB_UNROLL
      for (int ky = 0; ky < K; ky++) {
        v[i][ky] = vset1(w[ky * K + pass + i * step]);
        GB_KEEP(v[i][ky]);
      }
    }
    const vm mask = m->load[pass], second = COLS > 1 ? m[1].load[pass] : mask;
    // The columns beside a vector: the same zero for every row where there is none.
    static const float none = 0;
    const float *row = p;
    const float *left = m->left ? p - (pass == 0 ? 2 : 1) : &none;
    const float *right = m->right ? p + S * VW : &none;
    const int64_t left_step = m->left ? width : 0, right_step = m->right ? width : 0;
    if (pass > 0)
      __asm__ volatile("" ::: "memory"); // else clang 14 keeps all rows from the first pass
    GB_UNROLL
    for (int t = TOP; t < DW_SPAN(K, S) - BOTTOM;
         t++, row += width, left += left_step, right += right_step) {
      GB_KEEP_POINTER(row);
      if (S == 2) {
        GB_KEEP_POINTER(left);
        GB_KEEP_POINTER(right);
      }
      if (CHECKED && (top + t < 0 || top + t >= height))
        continue;
      if (pass == 0) {
        __builtin_prefetch(row + block->in_ahead);
        if (S == 2 || COLS > 1)
          __builtin_prefetch(row + block->in_ahead + VW);
      }
      vf x[2][3];
      if (S == 2) {
        dw_taps_by_2(row, left, right, m, x[0], pass);
      } else {
        x[0][0] = vloadm(row + pass, mask);
        if (COLS > 1)
          x[1][0] = vloadm(row + VW + pass, second);
      }
      GB_UNROLL
      for (int i = 0; i < taps; i++) {
        GB_UNROLL
        for (int j = 0; j < DW_ROWS; j++) {
          GB_UNROLL
          for (int c = 0; c < COLS; c++)
            if (t - S * j >= 0 && t - S * j < K)
              acc[c][j] = vfma(v[i][t - S * j], x[c][i], acc[c][j]);
        }
      }
    }
  }
  int64_t at = y0 * g->out_w + x0;
  GB_UNROLL
  for (int j = 0; j < DW_ROWS; j++, at += g->out_w) {
    vf sum[2] = {acc[0][j], acc[1][j]};
    if (!CHECKED || y0 + j < end)
      dw_store(map, at, sum, m[COLS - 1].store, COLS);
  }
}

// One block of rows over all columns.
GB_INLINE void dw_block_run(const gb_depthwise_shape *g, const dw_map *map, const dw_masks *masks,
                            const dw_block *block, const int K, const int S, const int TOP,
                            const int BOTTOM, const int CHECKED) {
  int64_t v = map->v0;
  if (S == 1)
    for (; v + 2 <= map->v1; v += 2)
      dw_strip(g, map, &masks[v - map->v0], block, v * VW, K, S, TOP, BOTTOM, CHECKED, 2);
  for (; v < map->v1; v++)
    dw_strip(g, map, &masks[v - map->v0], block, v * VW, K, S, TOP, BOTTOM, CHECKED, 1);
}

// The usual blocks (padding K / 2, height a multiple of DW_ROWS) know which rows are outside.
GB_INLINE void dw_blocks(const gb_depthwise_shape *g, const dw_map *map, const dw_masks *masks,
                         int64_t begin, int64_t end, const int K, const int S) {
  const int above = K / 2, below = S == 1 ? K / 2 : K / 2 - 1;
  for (int64_t y = begin; y < end; y += DW_ROWS) {
    const int64_t top = y * S - g->pad_top, done = y - begin;
    const int more = y + DW_ROWS < end;
    const dw_block block = {
        .y0 = y,
        .end = end,
        .in_ahead = more ? DW_ROWS * S * g->in_w : g->in_stride - done * S * g->in_w,
        .out_ahead = more ? DW_ROWS * g->out_w : g->out_stride - done * g->out_w};
    const int64_t outside = gb_imax(-top, 0);
    const int64_t missing = gb_imax(top + DW_SPAN(K, S) - g->in_h, 0);
    if (K == 7 || y + DW_ROWS > end || (outside && outside != above) ||
        (missing && missing != below))
      dw_block_run(g, map, masks, &block, K, S, 0, 0, 1);
    else if (outside && missing)
      dw_block_run(g, map, masks, &block, K, S, above, below, 0);
    else if (outside)
      dw_block_run(g, map, masks, &block, K, S, above, 0, 0);
    else if (missing)
      dw_block_run(g, map, masks, &block, K, S, 0, below, 0);
    else
      dw_block_run(g, map, masks, &block, K, S, 0, 0, 0);
  }
}

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
  const vf lo = vset1(map->lo), hi = vset1(map->hi);
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
        const float *row = map->in + iy * g->in_w;
        for (int64_t kx = 0; kx < g->kernel_w; kx++) {
          const vf w = vset1(map->weights[ky * g->kernel_w + kx]);
          const int64_t first = x * g->stride_w - g->pad_left + kx * g->dilation_w;
          if (g->stride_w == 1 && first >= 0 && first + DW_WIDE * VW <= g->in_w) {
            GB_UNROLL
            for (int j = 0; j < DW_WIDE; j++)
              acc[j] = vfma(w, vload(row + first + j * VW), acc[j]);
          } else {
            GB_UNROLL
            for (int j = 0; j < DW_WIDE; j++)
              acc[j] =
                  vfma(w, dw_gather(g, row, first + j * VW * g->stride_w, g->out_w - x - j * VW),
                       acc[j]);
          }
        }
      }
      GB_UNROLL
      for (int j = 0; j < DW_WIDE; j++) {
        const int64_t at = y * g->out_w + x + j * VW;
        const vm m = vmask_first(g->out_w - x - j * VW);
        vf r = acc[j];
        if (map->residual)
          r += vloadm(map->residual + at, m);
        if (map->hard)
          r = vhard_swish(r);
        vstorem(map->out + at, vclamp(r, lo, hi), m);
      }
    }
}

#define DW_SQUARE(name, run, ...)                                                                  \
  GB_NOINLINE void dw_##name(const gb_depthwise_shape *g, const dw_map *map, const dw_masks *m,    \
                             int64_t begin, int64_t end) {                                         \
    run(g, map, m, begin, end, __VA_ARGS__);                                                       \
  }
DW_SQUARE(3_column, dw_columns, 1)
DW_SQUARE(3_column_by_2, dw_columns, 2)
DW_SQUARE(3, dw_blocks, 3, 1)
DW_SQUARE(5, dw_blocks, 5, 1)
DW_SQUARE(7, dw_blocks, 7, 1)
DW_SQUARE(5_by_2, dw_blocks, 5, 2)
typedef void dw_square_fn(const gb_depthwise_shape *g, const dw_map *map, const dw_masks *m,
                          int64_t begin, int64_t end);

// NULL where there is no form but the general one.
static dw_square_fn *dw_square_of(const gb_depthwise_shape *g) {
  const int64_t k = g->kernel_h, stride = g->stride_h;
  if (k != g->kernel_w || stride != g->stride_w || g->dilation_h != 1 || g->dilation_w != 1)
    return NULL;
  const int centred = g->pad_left == k / 2;
  const int same = centred && g->pad_top == k / 2 && g->out_h == gb_idiv_up(g->in_h, stride) &&
                   g->out_w == gb_idiv_up(g->in_w, stride);
  switch (k * 8 + stride) {
  case 3 * 8 + 1:
    return same ? dw_3_column : dw_3;
  case 5 * 8 + 1:
    return dw_5;
  case 7 * 8 + 1:
    return dw_7;
  case 3 * 8 + 2:
    return same ? dw_3_column_by_2 : NULL;
  case 5 * 8 + 2:
    return centred ? dw_5_by_2 : NULL;
  default:
    return NULL;
  }
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
  dw_narrow_fn *narrow = dw_narrow_of(g, y1 - y0);
  dw_picks picks;
  if (narrow)
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
                  .far = far};
#ifdef V_HAS_PICK
    if (narrow)
      narrow(g, &map, &picks);
    else
#endif
        if (square)
      for (map.v0 = 0; map.v0 < columns_end; map.v0 = map.v1) {
        map.v1 = gb_imin(map.v0 + DW_COLUMNS, columns_end);
        for (int64_t v = map.v0; v < map.v1 && made != map.v0; v++)
          masks[v - map.v0] = dw_masks_of(g, v * VW, (int)g->kernel_w, (int)g->stride_w);
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
