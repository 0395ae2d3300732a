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

// Masks of the loads of one vector of columns: for stride 1 one a tap; for stride 2 two a pair of
// taps.
typedef struct dw_masks {
  vm load[DW_MAX_K + 1];
  vm store;
} dw_masks;

typedef struct dw_map {
  const float *in, *weights, *residual;
  float *out;
  float bias, lo, hi;
} dw_map;

GB_INLINE dw_masks dw_masks_of(const gb_depthwise_shape *g, int64_t x0, const int K, const int S) {
  dw_masks m;
  const int64_t base = x0 * S - g->pad_left;
  if (S == 1) {
    for (int kx = 0; kx < K; kx++)
      m.load[kx] = vmask_range(-(base + kx), g->in_w - (base + kx));
  } else {
    for (int i = 0; i < (K + 1) / 2; i++) {
      const int64_t b = base + 2 * i;
      m.load[2 * i] = vmask_range(-b, g->in_w - b);
      m.load[2 * i + 1] = vmask_range(-(b + VW), g->in_w - (b + VW));
    }
  }
  m.store = vmask_first(g->out_w - x0);
  return m;
}

// ROWS output rows from y0 on of the columns [x0, x0 + VW).
GB_INLINE void dw_strip(const gb_depthwise_shape *g, const dw_map *map, const dw_masks *m,
                        int64_t x0, int64_t y0, const int K, const int S, const int ROWS) {
  vf acc[DW_ROWS];
  const float *w = map->weights;
  GB_UNROLL
  for (int j = 0; j < ROWS; j++)
    acc[j] = vset1(map->bias);
  const int64_t top = y0 * S - g->pad_top, width = g->in_w, height = g->in_h;
  const float *p = map->in + top * width + x0 * S - g->pad_left;
  GB_UNROLL
  for (int t = 0; t < S * (ROWS - 1) + K; t++) {
    if (top + t >= 0 && top + t < height) {
      vf x[DW_MAX_K + 1];
      if (S == 1) {
        GB_UNROLL
        for (int kx = 0; kx < K; kx++)
          x[kx] = vloadm(p + t * width + kx, m->load[kx]);
      } else {
        GB_UNROLL
        for (int i = 0; i < (K + 1) / 2; i++) {
          const vf a = vloadm(p + t * width + 2 * i, m->load[2 * i]);
          const vf b = vloadm(p + t * width + 2 * i + VW, m->load[2 * i + 1]);
          x[2 * i] = veven(a, b);
          x[2 * i + 1] = vodd(a, b);
        }
      }
      GB_UNROLL
      for (int kx = 0; kx < K; kx++) {
        GB_UNROLL
        for (int j = 0; j < ROWS; j++)
          if (t - S * j >= 0 && t - S * j < K)
            acc[j] = vfma(vset1(w[(t - S * j) * K + kx]), x[kx], acc[j]);
      }
    }
  }
  const vf lo = vset1(map->lo), hi = vset1(map->hi);
  const int64_t at = y0 * g->out_w + x0;
  GB_UNROLL
  for (int j = 0; j < ROWS; j++)
    if (y0 + j < g->out_h) {
      vf y = acc[j];
      if (map->residual)
        y += vloadm(map->residual + at + j * g->out_w, m->store);
      vstorem(map->out + at + j * g->out_w, vclamp(y, lo, hi), m->store);
    }
}

GB_INLINE void dw_map_run(const gb_depthwise_shape *g, const dw_map *map, const dw_masks *masks,
                          const int K, const int S) {
  const int64_t columns = gb_idiv_up(g->out_w, VW);
  for (int64_t y = 0; y < g->out_h; y += DW_ROWS)
    for (int64_t v = 0; v < columns; v++) {
      if (v < DW_COLUMNS) {
        dw_strip(g, map, &masks[v], v * VW, y, K, S, DW_ROWS);
      } else {
        const dw_masks m = dw_masks_of(g, v * VW, K, S);
        dw_strip(g, map, &m, v * VW, y, K, S, DW_ROWS);
      }
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
  for (int t = 0; t < 2 * (DW_PAIRS - 1) + K; t++) {
    GB_UNROLL
    for (int kx = 0; kx < K; kx++) {
      const vf x = vloadm(p + t * width + kx, vmask_and(columns[kx], rows[t]));
      GB_UNROLL
      for (int j = 0; j < DW_PAIRS; j++)
        if (t - 2 * j >= 0 && t - 2 * j < K)
          acc[j] = vfma(vset1(w[(t - 2 * j) * K + kx]), x, acc[j]);
    }
  }
  const vf lo = vset1(map->lo), hi = vset1(map->hi);
  GB_UNROLL
  for (int j = 0; j < DW_PAIRS; j++) {
    vf y = acc[j];
    if (map->residual)
      y += vloadm(map->residual + 2 * j * width, store[j]);
    vstorem(map->out + 2 * j * width, vclamp(y, lo, hi), store[j]);
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
  float t[VW] = {0};
  for (int64_t i = 0; i < gb_imin(lanes, VW); i++)
    if (first + i * stride >= 0 && first + i * stride < g->in_w)
      t[i] = row[first + i * stride];
  return vload(t);
}

#define DW_WIDE 4 // vectors of columns at a time on the general path

GB_NOINLINE void dw_general(const gb_depthwise_shape *g, const dw_map *map) {
  const vf lo = vset1(map->lo), hi = vset1(map->hi);
  for (int64_t y = 0; y < g->out_h; y++)
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
        vstorem(map->out + at, vclamp(r, lo, hi), m);
      }
    }
}

#define DW_SQUARE(K, S)                                                                            \
  GB_NOINLINE void dw_square_##K##_##S(const gb_depthwise_shape *g, const dw_map *map,             \
                                       const dw_masks *m) {                                        \
    dw_map_run(g, map, m, K, S);                                                                   \
  }
DW_SQUARE(3, 1)
DW_SQUARE(3, 2)
DW_SQUARE(5, 1)
DW_SQUARE(5, 2)
DW_SQUARE(7, 1)
typedef void dw_square_fn(const gb_depthwise_shape *g, const dw_map *map, const dw_masks *m);

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
  switch (g->kernel_h * 8 + g->stride_h) {
  case 3 * 8 + 1:
    return dw_square_3_1;
  case 3 * 8 + 2:
    return dw_square_3_2;
  case 5 * 8 + 1:
    return dw_square_5_1;
  case 5 * 8 + 2:
    return dw_square_5_2;
  case 7 * 8 + 1:
    return dw_square_7_1;
  default:
    return NULL;
  }
}

void GB_FN(depthwise)(const gb_depthwise_shape *g, const float *weights, const float *bias,
                      const float *in, const float *residual, float *out, float *mean, int64_t c0,
                      int64_t c1) {
  const gb_clamp clamp = gb_act_clamp(g->act);
  dw_square_fn *square = dw_square_of(g);
  const int64_t taps = g->kernel_h * g->kernel_w, pixels = g->out_h * g->out_w;
  dw_masks masks[DW_COLUMNS];
  if (square)
    for (int64_t v = 0; v < DW_COLUMNS && v * VW < g->out_w; v++)
      masks[v] = dw_masks_of(g, v * VW, (int)g->kernel_w, (int)g->stride_w);
#if VW >= 8
  const int64_t w = g->in_w, k = g->kernel_h;
  const int narrow =
      square && g->stride_w == 1 && 2 * w <= VW && w == g->out_w && g->out_h <= 2 * DW_PAIRS;
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
  for (int64_t c = c0; c < c1; c++) {
    const dw_map map = {in + c / g->multiplier * g->in_stride,
                        weights + c * taps,
                        residual ? residual + c * g->residual_stride : NULL,
                        out + c * g->out_stride,
                        bias ? bias[c] : 0.0f,
                        clamp.lo,
                        clamp.hi};
#if VW >= 8
    if (narrow && k == 3)
      dw_narrow_3(g, &map, columns, rows, store);
    else if (narrow && k == 5)
      dw_narrow_5(g, &map, columns, rows, store);
    else if (narrow)
      dw_narrow_7(g, &map, columns, rows, store);
    else
#endif
        if (square)
      square(g, &map, masks);
    else
      dw_general(g, &map);
    if (clamp.more)
      gb_act_row(g->act, map.out, map.out, pixels);
    if (mean)
      mean[c] = gb_row_sum(map.out, pixels) / (float)pixels;
  }
}
