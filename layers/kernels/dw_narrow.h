// Depthwise convolution of small maps, at most 2 DW_PAIRS rows high: two output rows to a vector,
// so that lanes are not left empty (7 wide maps and 16 lanes). Instruction sets that pick lanes
// only.
#ifndef GB_KERNELS_DW_NARROW_H
#define GB_KERNELS_DW_NARROW_H

#include "layers/kernels/dw_map.h"

#define DW_PAIRS 4 // pairs of output rows in registers

#ifdef V_HAS_PICK
// A row's taps go with the row as it was loaded, one sum for each column of the filter; the sums
// then go to the lanes where they are wanted, and 0 comes where the map ends: a shuffle for a sum
// and not for a load, of which there are more. At stride 2 so with the even and with the odd
// columns of two rows, which are picked into one vector.
typedef struct dw_picks {
  vi half[2];          // stride 2: even and odd columns of two rows
  vi shift[DW_MAX_K];  // of the sums of one column of the filter
  vm inside[DW_MAX_K]; // lanes whose tap is inside the map
  vm rows[4 * (DW_PAIRS - 1) + DW_MAX_K], store[DW_PAIRS];
} dw_picks;

// What takes a map as a whole.
typedef void dw_whole_fn(const gb_depthwise_shape *g, const dw_map *map, const dw_picks *p);

static dw_picks dw_picks_of(const gb_depthwise_shape *g) {
  dw_picks p;
  const int64_t w = g->out_w, k = g->kernel_w, stride = g->stride_w;
  for (int64_t i = 0; i < VW; i++)
    for (int64_t odd = 0; odd < 2; odd++)
      p.half[odd][i] = (int32_t)(i < w ? 2 * i + odd : i < 2 * w ? VW + 2 * (i - w) + odd : 0);
  for (int64_t kx = 0; kx < k; kx++) {
    p.inside[kx] = 0;
    for (int64_t i = 0; i < VW; i++) {
      const int64_t column = stride * (i % w) - g->pad_left + kx;
      const int inside = i < 2 * w && column >= 0 && column < g->in_w;
      p.shift[kx][i] = (int32_t)(inside ? i / w * w + column / stride : 0);
      p.inside[kx] = (vm)(p.inside[kx] | (unsigned)inside << i);
    }
  }
  for (int64_t t = 0; t < 4 * (DW_PAIRS - 1) + DW_MAX_K; t++) {
    const int64_t row = t - g->pad_top;
    const int first = row >= 0 && row < g->in_h;
    const int second = stride == 1 && row + 1 >= 0 && row + 1 < g->in_h;
    p.rows[t] = vmask_range(first ? 0 : g->in_w, second ? 2 * w : first ? g->in_w : 0);
  }
  for (int64_t j = 0; j < DW_PAIRS; j++)
    p.store[j] = vmask_first(gb_imin(2 * w, w * g->out_h - 2 * j * w));
  return p;
}

// Which lanes of input row t and, at stride 1, of the next one there are. SIZE: the output is SIZE
// x SIZE pixels, so that the compiler knows all masks and what is 0; most small maps of the zoo are
// 7 x 7, and take 20 to 30 % less time so. 0: of any size.
GB_INLINE vm dw_narrow_rows(const dw_picks *p, int t, const int K, const int SIZE, const int S) {
  const int row = t - K / 2, in = S * SIZE, first = row >= 0 && row < in,
            second = S == 1 && row + 1 >= 0 && row + 1 < in;
  return SIZE == 0 ? p->rows[t] : vmask_range(first ? 0 : in, second ? 2 * SIZE : first ? in : 0);
}

// Whether a load of input rows t and t + 1 may be one of a whole vector: lanes behind them are of
// rows below, and go nowhere.
GB_INLINE int dw_narrow_is_whole(int t, const int K, const int SIZE) {
  const int row = t - K / 2;
  return row >= 0 && SIZE * row + VW <= SIZE * SIZE;
}

// Adds column kx of a K x K filter to the sums of all pairs of output rows, which the middle one
// begins; pair j of them has its first tap in x[STEP j]. Vectors from x[END] on are 0.
GB_INLINE void dw_narrow_column(const dw_map *map, const dw_picks *p, const vf *x, vf *sum,
                                const int kx, const int K, const int STEP, const int END) {
  vf acc[DW_PAIRS];
  GB_UNROLL
  for (int ky = 0; ky < K; ky++) {
    const vf w = vset1(map->weights[ky * K + kx]);
    GB_UNROLL
    for (int j = 0; j < DW_PAIRS; j++)
      if (ky == 0)
        acc[j] = vfma(w, x[STEP * j], kx == K / 2 ? vset1(map->bias) : vzero());
      else if (STEP * j + ky < END)
        acc[j] = vfma(w, x[STEP * j + ky], acc[j]);
  }
  GB_UNROLL
  for (int j = 0; j < DW_PAIRS; j++)
    if (kx == K / 2)
      sum[j] = acc[j];
    else
      sum[j] += vpermute(acc[j], p->shift[kx], p->inside[kx]);
}

GB_INLINE void dw_store_pairs(const gb_depthwise_shape *g, const dw_map *map, const dw_picks *p,
                              const vf *sum, const int SIZE) {
  const dw_map m = *map; // so that stores to floats leave it in registers
  const int64_t step = 2 * (SIZE > 0 ? SIZE : g->out_w);
  GB_UNROLL
  for (int j = 0; j < DW_PAIRS; j++) {
    const vm lanes =
        SIZE == 0 ? p->store[j] : vmask_first(gb_imin(2 * SIZE, (SIZE - 2 * j) * SIZE));
    dw_store(&m, j * step, sum[j], lanes, 0);
  }
}

// Stride 1: a load of two input rows serves every pair of output rows.
GB_INLINE void dw_narrow(const gb_depthwise_shape *g, const dw_map *map, const dw_picks *p,
                         const int K, const int SIZE) {
  vf sum[DW_PAIRS], pair[2 * (DW_PAIRS - 1) + DW_MAX_K];
  const int64_t width = SIZE > 0 ? SIZE : g->in_w;
  const int loads = 2 * (DW_PAIRS - 1) + K, end = SIZE > 0 ? gb_imin(loads, SIZE + K / 2) : loads;
  const float *row = map->in - K / 2 * width;
  GB_UNROLL
  for (int t = 0; t < loads; t++, row += width) {
    if (SIZE == 0)
      GB_KEEP_POINTER(row);
    if (t < end)
      pair[t] = dw_narrow_is_whole(t, K, SIZE) ? vload(row)
                                               : vloadm(row, dw_narrow_rows(p, t, K, SIZE, 1));
  }
  dw_narrow_column(map, p, pair, sum, K / 2, K, 2, end);
  GB_UNROLL
  for (int kx = 0; kx < K; kx++)
    if (kx != K / 2)
      dw_narrow_column(map, p, pair, sum, kx, K, 2, end);
  dw_store_pairs(g, map, p, sum, SIZE);
}

// Stride 2, where an input row fits a vector: output rows y and y + 1 see input rows t and t + 2.
GB_INLINE void dw_narrow_by_2(const gb_depthwise_shape *g, const dw_map *map, const dw_picks *p,
                              const int K, const int SIZE) {
  vf sum[DW_PAIRS], half[4 * (DW_PAIRS - 1) + 5];
  const int64_t width = SIZE > 0 ? 2 * SIZE : g->in_w;
  const int taps = 4 * (DW_PAIRS - 1) + K, rows = taps + 2,
            end = SIZE > 0 ? gb_imin(rows, 2 * SIZE + K / 2) : rows;
  GB_UNROLL
  for (int odd = 0; odd < 2; odd++) {
    const float *in = map->in - K / 2 * width;
    vf row[4 * (DW_PAIRS - 1) + 5 + 2];
    GB_UNROLL
    for (int t = 0; t < rows; t++, in += width) {
      if (SIZE == 0)
        GB_KEEP_POINTER(in);
      row[t] = t < end ? vloadm(in, dw_narrow_rows(p, t, K, SIZE, 2)) : vzero();
      if (t >= 2)
        half[t - 2] = vpick(row[t - 2], row[t], p->half[odd], vmask_all());
    }
    if (odd == 0)
      dw_narrow_column(map, p, half, sum, K / 2, K, 4, gb_imin(end, taps));
    GB_UNROLL
    for (int kx = (K / 2 + odd) % 2; kx < K; kx += 2)
      if (kx != K / 2)
        dw_narrow_column(map, p, half, sum, kx, K, 4, gb_imin(end, taps));
  }
  dw_store_pairs(g, map, p, sum, SIZE);
}

#define DW_NARROW(name, form, K)                                                                   \
  GB_NOINLINE void dw_##name(const gb_depthwise_shape *g, const dw_map *map, const dw_picks *p) {  \
    dw_##form(g, map, p, K, 0);                                                                    \
  }                                                                                                \
  GB_NOINLINE void dw_##name##_7(const gb_depthwise_shape *g, const dw_map *map,                   \
                                 const dw_picks *p) {                                              \
    dw_##form(g, map, p, K, 7);                                                                    \
  }
DW_NARROW(narrow_3, narrow, 3)
DW_NARROW(narrow_5, narrow, 5)
DW_NARROW(narrow_7, narrow, 7)
DW_NARROW(narrow_by_2_3, narrow_by_2, 3)
DW_NARROW(narrow_by_2_5, narrow_by_2, 5)

// NULL where the map is too large.
static dw_whole_fn *dw_narrow_of(const gb_depthwise_shape *g, int64_t rows) {
  // [stride - 1][K / 2 - 1][whether the output is 7 x 7]
  static dw_whole_fn *const forms[2][3][2] = {
      {{dw_narrow_3, dw_narrow_3_7}, {dw_narrow_5, dw_narrow_5_7}, {dw_narrow_7, dw_narrow_7_7}},
      {{dw_narrow_by_2_3, dw_narrow_by_2_3_7}, {dw_narrow_by_2_5, dw_narrow_by_2_5_7}, {0, 0}}};
  const int64_t k = g->kernel_h, stride = g->stride_w;
  if (!dw_is_square(g) || 2 * g->out_w > VW || g->in_w > VW || g->out_h > 2 * DW_PAIRS ||
      rows != g->out_h)
    return NULL;
  const int seven = g->out_w == 7 && g->out_h == 7 && g->in_w == 7 * stride && g->in_h == g->in_w;
  return forms[stride - 1][k / 2 - 1][seven];
}
#endif

#endif
