// Depthwise convolution of small maps, at most 2 DW_PAIRS rows high: two output rows to a vector,
// so that lanes are not left empty (7 wide maps and 16 lanes). Instruction sets that pick lanes
// only.
#ifndef GB_KERNELS_DW_NARROW_H
#define GB_KERNELS_DW_NARROW_H

#include "layers/kernels/dw_map.h"

#define DW_PAIRS 4 // pairs of output rows in registers

#ifdef V_HAS_PICK
// A tap of both rows is picked out of what was loaded once: lane i takes lane index[i], or 0 where
// the map ends.
typedef struct dw_picks {
  vi index[DW_MAX_K];
  vm lanes[DW_MAX_K], rows[4 * (DW_PAIRS - 1) + DW_MAX_K], store[DW_PAIRS];
} dw_picks;

static dw_picks dw_picks_of(const gb_depthwise_shape *g) {
  dw_picks p;
  const int64_t w = g->out_w, k = g->kernel_w, stride = g->stride_w;
  for (int64_t kx = 0; kx < k; kx++) {
    p.lanes[kx] = 0;
    for (int64_t i = 0; i < VW; i++) {
      const int64_t column = stride * (i % w) - g->pad_left + kx;
      const int inside = i < 2 * w && column >= 0 && column < g->in_w;
      // The second row begins at lane w of a pair (stride 1), or in a vector of its own.
      p.index[kx][i] = (int32_t)(inside ? column + (i < w ? 0 : stride == 1 ? w : VW) : 0);
      p.lanes[kx] = (vm)(p.lanes[kx] | (unsigned)inside << i);
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

// Both sums of every pair become output.
GB_INLINE void dw_store_pairs(const gb_depthwise_shape *g, const dw_map *map, const dw_picks *p,
                              vf acc[2][DW_PAIRS]) {
  GB_UNROLL
  for (int j = 0; j < DW_PAIRS; j++)
    dw_store(map, 2 * j * g->out_w, acc[0][j] + acc[1][j], p->store[j], 0);
}

// Stride 1, padding K / 2: a load of two input rows serves every pair of output rows. All pairs go
// on side by side, with two sums each, as a sum alone waits four cycles for itself.
GB_INLINE void dw_narrow(const gb_depthwise_shape *g, const dw_map *map, const dw_picks *p,
                         const int K) {
  vf acc[2][DW_PAIRS], pair[2 * (DW_PAIRS - 1) + DW_MAX_K];
  GB_UNROLL
  for (int j = 0; j < DW_PAIRS; j++)
    acc[0][j] = vset1(map->bias);
  const float *row = map->in - g->pad_top * g->in_w;
  GB_UNROLL
  for (int t = 0; t < 2 * (DW_PAIRS - 1) + K; t++, row += g->in_w) {
    GB_KEEP_POINTER(row);
    pair[t] = vloadm(row, p->rows[t]);
  }
  GB_UNROLL
  for (int i = 0; i < K; i++) {
    const int kx = (i + K / 2) % K; // the middle first, as it need not be picked
    vf x[2 * (DW_PAIRS - 1) + DW_MAX_K];
    GB_UNROLL
    for (int t = 0; t < 2 * (DW_PAIRS - 1) + K; t++)
      x[t] = i == 0 ? pair[t] : vpick(pair[t], pair[t], p->index[kx], p->lanes[kx]);
    GB_UNROLL
    for (int ky = 0; ky < K; ky++) {
      const vf w = vset1(map->weights[ky * K + kx]);
      GB_UNROLL
      for (int j = 0; j < DW_PAIRS; j++)
        acc[ky % 2][j] = vfma(w, x[2 * j + ky], i == 0 && ky == 1 ? vzero() : acc[ky % 2][j]);
    }
  }
  dw_store_pairs(g, map, p, acc);
}

// Stride 2, where an input row fits a vector: a tap of both output rows is picked out of two input
// rows, each of which is loaded once.
GB_INLINE void dw_narrow_by_2(const gb_depthwise_shape *g, const dw_map *map, const dw_picks *p,
                              const int K) {
  vf acc[2][DW_PAIRS], row[4 * (DW_PAIRS - 1) + 7];
  GB_UNROLL
  for (int j = 0; j < DW_PAIRS; j++)
    acc[0][j] = vset1(map->bias);
  const float *in = map->in - g->pad_top * g->in_w;
  GB_UNROLL
  for (int t = 0; t < 4 * (DW_PAIRS - 1) + K + 2; t++, in += g->in_w) {
    GB_KEEP_POINTER(in);
    row[t] = vloadm(in, p->rows[t]);
  }
  GB_UNROLL
  for (int kx = 0; kx < K; kx++) {
    GB_UNROLL
    for (int ky = 0; ky < K; ky++) {
      const vf w = vset1(map->weights[ky * K + kx]);
      GB_UNROLL
      for (int j = 0; j < DW_PAIRS; j++) {
        const vf x = vpick(row[4 * j + ky], row[4 * j + ky + 2], p->index[kx], p->lanes[kx]);
        acc[ky % 2][j] = vfma(w, x, kx == 0 && ky == 1 ? vzero() : acc[ky % 2][j]);
      }
    }
  }
  dw_store_pairs(g, map, p, acc);
}

#define DW_NARROW(name, form, K)                                                                   \
  GB_NOINLINE void dw_##name(const gb_depthwise_shape *g, const dw_map *map, const dw_picks *p) {  \
    dw_##form(g, map, p, K);                                                                       \
  }
DW_NARROW(narrow_3, narrow, 3)
DW_NARROW(narrow_5, narrow, 5)
DW_NARROW(narrow_7, narrow, 7)
DW_NARROW(narrow_by_2_3, narrow_by_2, 3)
DW_NARROW(narrow_by_2_5, narrow_by_2, 5)
typedef void dw_narrow_fn(const gb_depthwise_shape *g, const dw_map *map, const dw_picks *p);

// NULL where the map is too large.
static dw_narrow_fn *dw_narrow_of(const gb_depthwise_shape *g, int64_t rows) {
  const int64_t k = g->kernel_h;
  if (k != g->kernel_w || g->stride_h != g->stride_w || g->dilation_h != 1 || g->dilation_w != 1 ||
      g->pad_left != k / 2 || 2 * g->out_w > VW || g->out_h > 2 * DW_PAIRS || rows != g->out_h)
    return NULL;
  if (g->stride_w == 1 && g->in_w == g->out_w)
    return k == 3 ? dw_narrow_3 : k == 5 ? dw_narrow_5 : k == 7 ? dw_narrow_7 : NULL;
  if (g->stride_w == 2 && g->in_w <= VW)
    return k == 3 ? dw_narrow_by_2_3 : k == 5 ? dw_narrow_by_2_5 : NULL;
  return NULL;
}
#endif

#endif
