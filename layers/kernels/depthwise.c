// Depthwise convolution: every output map is one k x k filter over one input map.
//
// Squares of 3, 5 and 7 at stride 1 and 2 keep a block of output rows in registers and read each
// input row once; a border is a mask that was made once for all channels, and a row outside is left
// out. Where two rows fit a vector (7 wide maps and 16 lanes) the map is taken flat, two rows at a
// time, so that lanes are not left empty. Every other geometry (1 x k, k x 1, dilated) takes the
// general path, one row at a time.
#include "layers/kernels/activate.h"

// Output rows in registers: maps of the usual networks are multiples of 7 high.
#if VREGS == 32
#define DW_ROWS 7
#else
#define DW_ROWS 4
#endif
#define DW_MAX_K 7
#define DW_PAIRS 4   // pairs of rows in registers on narrow maps
#define DW_COLUMNS 8 // vectors of columns whose masks are kept
#define DW_FAR 2048  // pixels of maps that are not found in the cache again

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
  int hard;                    // hard swish before the clamp
  int64_t v0, v1;              // vectors of columns, at most DW_COLUMNS, whose masks were made
  int64_t in_ahead, out_ahead; // floats from a block of rows to the one that comes next
  int far;                     // output is not in the cache: a store waits as long as a load
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

// How many rows of input a block of output rows spans.
#define DW_SPAN(K, S, ROWS) ((S) * ((ROWS)-1) + (K))

// The taps of one input row for COLS vectors of outputs, padding K / 2, without loading a column
// twice, as a load across two cache lines costs two. Stride 1 (K = 3): the outer taps are the
// middle ones moved by a lane. Stride 2 (one vector): even and odd columns are sorted apart once,
// and moved; `odd` picks which half is wanted.
GB_INLINE void dw_taps(const float *row, const float *left, const float *right, const dw_masks *m,
                       vf x[2][3], const int K, const int S, const int COLS, const int ALONE,
                       const int odd) {
  if (S == 1) {
    GB_UNROLL
    for (int c = 0; c < COLS; c++)
      x[c][1] = vloadm(row + c * VW, m[c].load[1]);
    GB_UNROLL
    for (int c = 0; c < COLS; c++) {
      x[c][0] = vup(x[c][1], c > 0 ? x[0][1] : ALONE ? vzero() : vset1(*left));
      x[c][2] = vdown(x[c][1], c + 1 < COLS ? x[1][1] : ALONE ? vzero() : vset1(*right));
    }
    return;
  }
  const vf a = vloadm(row, m->load[0]), b = vloadm(row + VW, m->load[1]);
  if (K == 3) {
    x[0][1] = veven(a, b);
    x[0][2] = vodd(a, b);
    x[0][0] = vup(x[0][2], vset1(*left));
  } else if (odd) { // K = 5, taps 1 and 3
    x[0][1] = vodd(a, b);
    x[0][0] = vup(x[0][1], vset1(*left));
  } else { // taps 0, 2 and 4
    x[0][1] = veven(a, b);
    x[0][0] = vup(x[0][1], vset1(*left));
    x[0][2] = vdown(x[0][1], vset1(*right));
  }
}

// DW_ROWS output rows from y0 on of the columns [x0, x0 + COLS VW), COLS 1 or 2. The first TOP and
// the last BOTTOM rows of the span lie outside of the map; CHECKED: any may, and some output rows
// may not exist. The filter passes column by column (WHOLE: several columns from one load; 2: and
// the map is no wider than a vector), so that its weights stay in registers while the rows go by.
// Seven sums alone are too few to hide the latency of nine additions each: two vectors of columns
// side by side take an eighth to a fifth less time (28 x 112 and 28 x 28, in the cache).
GB_INLINE void dw_strip(const gb_depthwise_shape *g, const dw_map *map, const dw_masks *m,
                        int64_t x0, int64_t y0, int64_t end, const int K, const int S,
                        const int TOP, const int BOTTOM, const int CHECKED, const int WHOLE,
                        const int COLS) {
  vf acc[2][DW_ROWS];
  const float *w = map->weights;
  GB_UNROLL
  for (int j = 0; j < DW_ROWS; j++) {
    acc[0][j] = vset1(map->bias);
    acc[1][j] = acc[0][j];
  }
  const int64_t top = y0 * S - g->pad_top, width = g->in_w;
  // Rows that only output rows behind `end` would need are perhaps not in memory (strips).
  const int64_t height = CHECKED ? gb_imin(g->in_h, top + S * (end - 1 - y0) + K) : 0;
  const float *p = map->in + top * width + x0 * S - (WHOLE ? 0 : g->pad_left);
  if (map->far) { // once for the strip: a test in every row slows the sums down
    const float *next = map->out + map->out_ahead + y0 * g->out_w + x0;
    GB_UNROLL
    for (int j = 0; j < DW_ROWS; j++) {
      __builtin_prefetch(next + j * g->out_w, 1);
      if (COLS > 1 && VW == 16) // else it is the same line
        __builtin_prefetch(next + j * g->out_w + VW, 1);
    }
  }
  // WHOLE: passes over the rows are one for K = 3, two (even, odd columns) for K = 5.
  const int step = !WHOLE ? 1 : K == 3 ? K : 2, passes = !WHOLE ? K : K == 3 ? 1 : 2;
  GB_UNROLL
  for (int pass = 0; pass < passes; pass++) {
    const int taps = !WHOLE ? 1 : K == 3 ? 3 : 3 - pass;
    vf v[3][DW_MAX_K];
    GB_UNROLL
    for (int i = 0; i < taps; i++) {
      GB_UNROLL
      for (int ky = 0; ky < K; ky++) {
        v[i][ky] = vset1(w[ky * K + pass + i * (step == K ? 1 : step)]);
        GB_KEEP(v[i][ky]);
      }
    }
    const vm mask = m->load[WHOLE ? 0 : pass], second = COLS > 1 ? m[1].load[pass] : mask;
    // The columns beside a vector: the same zero for every row where there is none.
    static const float none = 0;
    const int is_right = m[COLS - 1].right;
    const float *left = m->left ? p - (K == 5 && pass == 0 ? 2 : 1) : &none;
    const float *right = is_right ? p + S * COLS * VW : &none;
    const int64_t left_step = m->left ? width : 0, right_step = is_right ? width : 0;
    if (pass > 0)
      __asm__ volatile("" ::: "memory"); // else clang 14 keeps all rows from the first pass
    GB_UNROLL
    for (int t = TOP; t < DW_SPAN(K, S, DW_ROWS) - BOTTOM; t++) {
      if (CHECKED && (top + t < 0 || top + t >= height))
        continue;
      if (pass == 0) {
        __builtin_prefetch(p + map->in_ahead + t * width);
        if (S == 2 || COLS > 1)
          __builtin_prefetch(p + map->in_ahead + t * width + VW);
      }
      vf x[2][3];
      if (WHOLE) {
        dw_taps(p + t * width, left + t * left_step, right + t * right_step, m, x, K, S, COLS,
                WHOLE > 1, pass);
      } else {
        x[0][0] = vloadm(p + t * width + pass, mask);
        if (COLS > 1)
          x[1][0] = vloadm(p + t * width + VW + pass, second);
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
  const vf lo = vset1(map->lo), hi = vset1(map->hi);
  const int64_t at = y0 * g->out_w + x0;
  GB_UNROLL
  for (int c = 0; c < COLS; c++) {
    float *out = map->out + at + c * VW;
    const float *residual = map->residual + at + c * VW;
    if (map->residual) {
      GB_UNROLL
      for (int j = 0; j < DW_ROWS; j++)
        if (!CHECKED || y0 + j < end)
          acc[c][j] += vloadm(residual + j * g->out_w, m[c].store);
    }
    if (map->hard) {
      GB_UNROLL
      for (int j = 0; j < DW_ROWS; j++)
        acc[c][j] = vhard_swish(acc[c][j]);
    }
    GB_UNROLL
    for (int j = 0; j < DW_ROWS; j++)
      if (!CHECKED || y0 + j < end)
        vstorem(out + j * g->out_w, vclamp(acc[c][j], lo, hi), m[c].store);
  }
}

// One block of rows over all columns.
GB_INLINE void dw_block(const gb_depthwise_shape *g, const dw_map *map, const dw_masks *masks,
                        int64_t y, int64_t end, const int K, const int S, const int TOP,
                        const int BOTTOM, const int CHECKED, const int WHOLE) {
  int64_t v = map->v0;
  if (S == 1 && WHOLE < 2)
    for (; v + 2 <= map->v1; v += 2)
      dw_strip(g, map, &masks[v - map->v0], v * VW, y, end, K, S, TOP, BOTTOM, CHECKED, WHOLE, 2);
  for (; v < map->v1; v++)
    dw_strip(g, map, &masks[v - map->v0], v * VW, y, end, K, S, TOP, BOTTOM, CHECKED, WHOLE, 1);
}

// The usual blocks (padding K / 2, height a multiple of DW_ROWS) know which rows are outside.
GB_INLINE void dw_map_run(const gb_depthwise_shape *g, dw_map *map, const dw_masks *masks,
                          int64_t begin, int64_t end, const int K, const int S, const int WHOLE) {
  const int above = K / 2, below = S == 1 ? K / 2 : K / 2 - 1;
  for (int64_t y = begin; y < end; y += DW_ROWS) {
    const int64_t top = y * S - g->pad_top;
    map->in_ahead =
        y + DW_ROWS < end ? DW_ROWS * S * g->in_w : g->in_stride - (y - begin) * S * g->in_w;
    map->out_ahead =
        y + DW_ROWS < end ? DW_ROWS * g->out_w : g->out_stride - (y - begin) * g->out_w;
    const int64_t outside = gb_imax(-top, 0);
    const int64_t missing = gb_imax(top + DW_SPAN(K, S, DW_ROWS) - g->in_h, 0);
    if (K == 7 || y + DW_ROWS > end || (outside && outside != above) ||
        (missing && missing != below))
      dw_block(g, map, masks, y, end, K, S, 0, 0, 1, WHOLE);
    else if (outside && missing)
      dw_block(g, map, masks, y, end, K, S, above, below, 0, WHOLE);
    else if (outside)
      dw_block(g, map, masks, y, end, K, S, above, 0, 0, WHOLE);
    else if (missing)
      dw_block(g, map, masks, y, end, K, S, 0, below, 0, WHOLE);
    else
      dw_block(g, map, masks, y, end, K, S, 0, 0, 0, WHOLE);
  }
}

// Narrow maps, at most 2 DW_PAIRS rows high, output as wide as input: two rows to a vector. A load
// of the flat map beginning at input row r serves every pair of output rows whose tap it is;
// rows[t] masks what lies above or below the map.
GB_INLINE void dw_narrow(const gb_depthwise_shape *g, const dw_map *map, const vm *columns,
                         const vm *rows, const vm *store, const int K) {
  vf acc[DW_PAIRS];
  const float *w = map->weights;
  GB_UNROLL
  for (int j = 0; j < DW_PAIRS; j++)
    acc[j] = vset1(map->bias);
  const int64_t width = g->in_w;
  const float *p = map->in - g->pad_top * width - g->pad_left;
  GB_UNROLL
  for (int kx = 0; kx < K; kx++) {
    vf v[DW_MAX_K];
    GB_UNROLL
    for (int ky = 0; ky < K; ky++) {
      v[ky] = vset1(w[ky * K + kx]);
      GB_KEEP(v[ky]);
    }
    const vm column = columns[kx];
    GB_UNROLL
    for (int t = 0; t < 2 * (DW_PAIRS - 1) + K; t++) {
      const vf x = vloadm(p + t * width + kx, vmask_and(column, rows[t]));
      GB_UNROLL
      for (int j = 0; j < DW_PAIRS; j++)
        if (t - 2 * j >= 0 && t - 2 * j < K)
          acc[j] = vfma(v[t - 2 * j], x, acc[j]);
    }
  }
  const vf lo = vset1(map->lo), hi = vset1(map->hi);
  GB_UNROLL
  for (int j = 0; j < DW_PAIRS; j++) {
    vf y = acc[j];
    if (map->residual)
      y += vloadm(map->residual + 2 * j * width, store[j]);
    if (map->hard)
      y = vhard_swish(y);
    vstorem(map->out + 2 * j * width, vclamp(y, lo, hi), store[j]);
  }
}

#ifdef V_HAS_PICK
// The same for stride 2, where an input row fits a vector: a tap of both output rows is picked out
// of two input rows, each of which is loaded once. Two sums a pair, as one would wait for itself.
typedef struct dw_picks {
  vi index[5];
  vm lanes[5], rows[4 * (DW_PAIRS - 1) + 7], store[DW_PAIRS];
} dw_picks;

static dw_picks dw_picks_of(const gb_depthwise_shape *g) {
  dw_picks p;
  const int64_t w = g->out_w, k = g->kernel_w;
  for (int64_t kx = 0; kx < k; kx++) {
    p.lanes[kx] = 0;
    for (int64_t i = 0; i < VW; i++) {
      const int64_t column = 2 * (i % w) - g->pad_left + kx;
      const int inside = i < 2 * w && column >= 0 && column < g->in_w;
      p.index[kx][i] = (int32_t)(inside ? column + (i < w ? 0 : VW) : 0);
      p.lanes[kx] = (vm)(p.lanes[kx] | (unsigned)inside << i);
    }
  }
  for (int64_t t = 0; t < 4 * (DW_PAIRS - 1) + 7; t++) {
    const int64_t row = t - g->pad_top;
    p.rows[t] = vmask_first(row >= 0 && row < g->in_h ? g->in_w : 0);
  }
  for (int64_t j = 0; j < DW_PAIRS; j++)
    p.store[j] = vmask_first(gb_imin(2 * w, w * g->out_h - 2 * j * w));
  return p;
}

GB_INLINE void dw_narrow_by_2(const gb_depthwise_shape *g, const dw_map *map, const dw_picks *p,
                              const int K) {
  vf acc[2][DW_PAIRS], row[4 * (DW_PAIRS - 1) + 7];
  GB_UNROLL
  for (int j = 0; j < DW_PAIRS; j++) {
    acc[0][j] = vset1(map->bias);
    acc[1][j] = vzero();
  }
  const float *in = map->in - g->pad_top * g->in_w;
  GB_UNROLL
  for (int t = 0; t < 4 * (DW_PAIRS - 1) + K + 2; t++) {
    row[t] = vloadm(in + t * g->in_w, p->rows[t]);
    if (t < 2)
      continue;
    GB_UNROLL
    for (int kx = 0; kx < K; kx++) {
      const vf x = vpick(row[t - 2], row[t], p->index[kx], p->lanes[kx]);
      GB_UNROLL
      for (int j = 0; j < DW_PAIRS; j++) {
        const int ky = t - 2 - 4 * j;
        if (ky >= 0 && ky < K)
          acc[kx % 2][j] = vfma(vset1(map->weights[ky * K + kx]), x, acc[kx % 2][j]);
      }
    }
  }
  const vf lo = vset1(map->lo), hi = vset1(map->hi);
  GB_UNROLL
  for (int j = 0; j < DW_PAIRS; j++) {
    vf y = acc[0][j] + acc[1][j];
    if (map->residual)
      y += vloadm(map->residual + 2 * j * g->out_w, p->store[j]);
    if (map->hard)
      y = vhard_swish(y);
    vstorem(map->out + 2 * j * g->out_w, vclamp(y, lo, hi), p->store[j]);
  }
}

GB_NOINLINE void dw_narrow_by_2_3(const gb_depthwise_shape *g, const dw_map *map,
                                  const dw_picks *p) {
  dw_narrow_by_2(g, map, p, 3);
}
GB_NOINLINE void dw_narrow_by_2_5(const gb_depthwise_shape *g, const dw_map *map,
                                  const dw_picks *p) {
  dw_narrow_by_2(g, map, p, 5);
}
#endif

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

#define DW_SQUARE(name, K, S, WHOLE)                                                               \
  GB_NOINLINE void dw_##name(const gb_depthwise_shape *g, dw_map *map, const dw_masks *m,          \
                             int64_t begin, int64_t end) {                                         \
    dw_map_run(g, map, m, begin, end, K, S, WHOLE);                                                \
  }
DW_SQUARE(3_alone, 3, 1, 2)
DW_SQUARE(3_centred, 3, 1, 1)
DW_SQUARE(3, 3, 1, 0)
DW_SQUARE(5, 5, 1, 0)
DW_SQUARE(7, 7, 1, 0)
DW_SQUARE(3_by_2, 3, 2, 1)
DW_SQUARE(5_by_2, 5, 2, 1)
typedef void dw_square_fn(const gb_depthwise_shape *g, dw_map *map, const dw_masks *m,
                          int64_t begin, int64_t end);

#if VW >= 8
#define DW_NARROW(K)                                                                               \
  GB_NOINLINE void dw_narrow_##K(const gb_depthwise_shape *g, const dw_map *map,                   \
                                 const vm *columns, const vm *rows, const vm *store) {             \
    dw_narrow(g, map, columns, rows, store, K);                                                    \
  }
DW_NARROW(3)
DW_NARROW(5)
DW_NARROW(7)
#endif

static dw_square_fn *dw_square_of(const gb_depthwise_shape *g) {
  if (g->kernel_h != g->kernel_w || g->stride_h != g->stride_w || g->dilation_h != 1 ||
      g->dilation_w != 1)
    return NULL;
  const int centred = g->pad_left == g->kernel_w / 2;
  switch (g->kernel_h * 8 + g->stride_h) {
  case 3 * 8 + 1:
    return !centred ? dw_3 : g->in_w <= VW ? dw_3_alone : dw_3_centred;
  case 5 * 8 + 1:
    return dw_5;
  case 7 * 8 + 1:
    return dw_7;
  case 3 * 8 + 2:
    return centred ? dw_3_by_2 : NULL;
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
#if VW >= 8
  const int64_t w = g->in_w, k = g->kernel_h;
  const int narrow = square && g->stride_w == 1 && 2 * w <= VW && w == g->out_w &&
                     g->out_h <= 2 * DW_PAIRS && some == pixels;
  vm columns[DW_MAX_K], rows[2 * (DW_PAIRS - 1) + DW_MAX_K], store[DW_PAIRS];
  if (narrow) {
    for (int64_t kx = 0; kx < k; kx++) { // lanes of both rows whose column is inside
      const int64_t lo = gb_imax(0, g->pad_left - kx), hi = gb_imin(w, w + g->pad_left - kx);
      const vm one = vmask_range(lo, hi), two = vmask_range(w + lo, w + hi);
      columns[kx] = vmask_or(one, two);
    }
    for (int64_t t = 0; t < 2 * (DW_PAIRS - 1) + k; t++) {
      const int64_t r = t - g->pad_top;
      const int first = r >= 0 && r < g->in_h, second = r + 1 >= 0 && r + 1 < g->in_h;
      rows[t] = vmask_range(first ? 0 : w, second ? 2 * w : first ? w : 0);
    }
    for (int64_t j = 0; j < DW_PAIRS; j++)
      store[j] = vmask_first(gb_imin(2 * w, pixels - 2 * j * w));
  }
#endif
#ifdef V_HAS_PICK
  dw_picks picks;
  const int narrow_by_2 = square && g->stride_w == 2 && 2 * g->out_w <= VW && g->in_w <= VW &&
                          g->out_h <= 2 * DW_PAIRS && some == pixels;
  if (narrow_by_2)
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
#if VW >= 8
    if (narrow && k == 3)
      dw_narrow_3(g, &map, columns, rows, store);
    else if (narrow && k == 5)
      dw_narrow_5(g, &map, columns, rows, store);
    else if (narrow)
      dw_narrow_7(g, &map, columns, rows, store);
    else
#endif
#ifdef V_HAS_PICK
        if (narrow_by_2 && k == 3)
      dw_narrow_by_2_3(g, &map, &picks);
    else if (narrow_by_2)
      dw_narrow_by_2_5(g, &map, &picks);
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
