// 3 x 3 convolution with stride 1 by Winograd's minimal filtering F(4x4, 3x3): 36 multiplications
// for 16 outputs instead of 144, or on maps with too few such tiles for the lanes F(2x2, 3x3): 16
// for 4 instead of 36 (Lavin and Gray 2015, arXiv 1509.09308, sections 4.1 and 4.3 and their
// matrices).
//
// Tiles of T x T outputs lie in the lanes. A block of tiles is transformed for all input channels;
// then, for a group of output channels at a time, one matrix product for each position of the
// transformed tiles runs on the tiles of the pointwise kernel, and their sums are transformed back
// while they are in the cache. A position's transformed tiles stay in the first-level cache while
// the group's weights of that position go by, in the order in which they were packed.
#include "layers/kernels/pw_product.h"

// Vectors of tiles in a block, with few channels and with many: as many as a register tile has, or
// twice that.
#define WINO_NV (VREGS == 32 ? 2 : PW_NV)
#define WINO_VECTORS (VREGS == 32 ? 2 * WINO_NV : WINO_NV)
#define WINO_ROWS 36 // most output channels of a group

#if PW_HAS_TAIL
PW_EACH_MR(PW_TAIL_FORM, 1)
static pw_tile_fn *const wino_short[PW_MR] = {pw_tail_1_1, pw_tail_2_1, pw_tail_3_1, pw_tail_4_1,
                                              pw_tail_5_1, pw_tail_6_1, pw_tail_7_1, pw_tail_8_1};
#endif

static int64_t wino_tiles(const gb_conv_shape *g, int64_t t) {
  return gb_idiv_up(g->out_w, t) * gb_idiv_up(g->out_h, t);
}

// T of the tiles.
static int wino_size(const gb_conv_shape *g) {
  return 4 * wino_tiles(g, 4) >= 3 * VW ? 4 : 2;
}

static int64_t wino_across(const gb_conv_shape *g) {
  return gb_idiv_up(g->out_w, wino_size(g));
}

// Floats of a row of the padded map: its tiles of T columns and two more.
static int64_t wino_padded(const gb_conv_shape *g) {
  return wino_size(g) * wino_across(g) + 2;
}

int64_t GB_FN(winograd_tiles)(const gb_conv_shape *g) {
  return wino_tiles(g, wino_size(g));
}

int64_t GB_FN(winograd_positions)(const gb_conv_shape *g) {
  return wino_size(g) == 4 ? 36 : 16;
}

int GB_FN(winograd_wins)(const gb_conv_shape *g) {
  return g->kernel_h == 3 && g->kernel_w == 3 && g->stride_h == 1 && g->stride_w == 1 &&
         g->dilation_h == 1 && g->dilation_w == 1 && g->groups == 1 && g->in_c >= 16 &&
         g->out_c >= 16 && 4 * GB_FN(winograd_tiles)(g) >= 3 * VW;
}

static int64_t wino_vectors(const gb_conv_shape *g) {
  return gb_imin(g->in_c > 64 ? WINO_NV : WINO_VECTORS, gb_idiv_up(GB_FN(winograd_tiles)(g), VW));
}

// How the output channels are cut into blocks of rows, and these into groups.
typedef struct wino_cut {
  pw_cut blocks, groups;
} wino_cut;

static wino_cut wino_cut_of(const gb_conv_shape *g) {
  const int64_t most = pw_block_rows(g->out_c, gb_imin(wino_vectors(g), PW_NV) * VW);
  const pw_cut blocks = pw_cut_of(g->out_c, most);
  return (wino_cut){blocks, pw_cut_of(blocks.blocks, WINO_ROWS / most)};
}
// The first output channel of a group.
static int64_t wino_group_at(const wino_cut *cut, int64_t group) {
  return pw_cut_at(cut->blocks, pw_cut_at(cut->groups, group));
}

size_t GB_FN(winograd_pack_size)(const gb_conv_shape *g) {
  return (size_t)(GB_FN(winograd_positions)(g) * g->out_c * g->in_c);
}

// w's position i, j of G w G^T.
static float wino_weight(const float (*G)[3], const float *w, int i, int j) {
  float sum = 0;
  for (int x = 0; x < 3; x++)
    sum += (G[i][0] * w[x] + G[i][1] * w[3 + x] + G[i][2] * w[6 + x]) * G[j][x];
  return sum;
}

// Transformed filters, group by group, position by position, block of rows by block, channel by
// channel.
void GB_FN(winograd_pack)(const gb_conv_shape *g, const float *weights, float *packed) {
  static const float four[6][3] = {{1.0f / 4, 0, 0},
                                   {-1.0f / 6, -1.0f / 6, -1.0f / 6},
                                   {-1.0f / 6, 1.0f / 6, -1.0f / 6},
                                   {1.0f / 24, 1.0f / 12, 1.0f / 6},
                                   {1.0f / 24, -1.0f / 12, 1.0f / 6},
                                   {0, 0, 1}};
  static const float two[4][3] = {{1, 0, 0}, {0.5f, 0.5f, 0.5f}, {0.5f, -0.5f, 0.5f}, {0, 0, 1}};
  const int side = wino_size(g) + 2;
  const float(*G)[3] = side == 6 ? four : two;
  const wino_cut cut = wino_cut_of(g);
  for (int64_t group = 0; group < cut.groups.blocks; group++)
    for (int k = 0; k < side * side; k++)
      for (int64_t block = pw_cut_at(cut.groups, group); block < pw_cut_at(cut.groups, group + 1);
           block++)
        for (int64_t c = 0; c < g->in_c; c++)
          for (int64_t m = pw_cut_at(cut.blocks, block); m < pw_cut_at(cut.blocks, block + 1); m++)
            *packed++ = wino_weight(G, weights + (m * g->in_c + c) * 9, k / side, k % side);
}

size_t GB_FN(winograd_scratch_size)(const gb_conv_shape *g) {
  const int64_t t = wino_size(g), rows = t * gb_idiv_up(g->out_h, t) + 2;
  const int64_t vectors = GB_FN(winograd_positions)(g) * (g->in_c + WINO_ROWS) * wino_vectors(g);
  return (size_t)(vectors * VW + rows * wino_padded(g));
}

// B^T d along one axis of six.
GB_INLINE void wino_in(vf *d, const int step) {
  const vf a = d[0], b = d[step], c = d[2 * step], e = d[3 * step], f = d[4 * step],
           h = d[5 * step];
  const vf two = vset1(2.0f), four = vset1(4.0f), five = vset1(5.0f);
  const vf fc4 = f - four * c, eb4 = e - four * b, fc = f - c, eb = two * (e - b);
  d[0] = four * a + (f - five * c);
  d[step] = fc4 + eb4;
  d[2 * step] = fc4 - eb4;
  d[3 * step] = fc + eb;
  d[4 * step] = fc - eb;
  d[5 * step] = four * b + (h - five * e);
}

// A^T m along one axis: six become four.
GB_INLINE void wino_out(const vf *m, const int step, vf *r, const int to) {
  const vf a = m[step] + m[2 * step], b = m[step] - m[2 * step];
  const vf c = m[3 * step] + m[4 * step], d = m[3 * step] - m[4 * step];
  r[0] = m[0] + (a + c);
  r[to] = b + vset1(2.0f) * d;
  r[2 * to] = a + vset1(4.0f) * c;
  r[3 * to] = (b + vset1(8.0f) * d) + m[5 * step];
}

// The same for tiles of 2 x 2: four become four, and four become two.
GB_INLINE void wino_in2(vf *d, const int step) {
  const vf a = d[0], b = d[step], c = d[2 * step], e = d[3 * step];
  d[0] = a - c;
  d[step] = b + c;
  d[2 * step] = c - b;
  d[3 * step] = b - e;
}
GB_INLINE void wino_out2(const vf *m, const int step, vf *r, const int to) {
  r[0] = (m[0] + m[step]) + m[2 * step];
  r[to] = (m[step] - m[2 * step]) - m[3 * step];
}

// The rows of a channel that tiles [first, end) read, with their padding, so that every tile lies
// within.
static void wino_pad(const gb_conv_shape *g, const float *map, int64_t first, int64_t end,
                     float *padded) {
  const int64_t across = wino_across(g), width = wino_padded(g);
  const int64_t t = wino_size(g), y0 = first / across * t, y1 = (end - 1) / across * t + t + 2;
  for (int64_t y = y0; y < y1; y++, padded += width) {
    const int64_t iy = y - g->pad_top;
    const int inside = iy >= 0 && iy < g->in_h;
    const float *row = map + iy * g->in_w - g->pad_left;
    for (int64_t x = 0; x < width; x += VW) {
      const vf v = inside ? vloadm(row + x, vmask_range(g->pad_left - x, g->in_w + g->pad_left - x))
                          : vzero();
      vstorem(padded + x, v, vmask_first(width - x));
    }
  }
}

// One channel of VW tiles whose first pixels are at padded + at[lane]: v[position * stride] are
// vectors.
static void wino_transform(const float *padded, int64_t width, const int64_t *at, float *v,
                           int64_t stride) {
  vf x[36];
  GB_UNROLL
  for (int i = 0; i < 6; i++, padded += width) {
    vf a[4], b[4];
    GB_UNROLL
    for (int r = 0; r < 4; r++)
      a[r] = vload_fours(padded, at + r);
    vtranspose4(a);
    GB_UNROLL
    for (int r = 0; r < 4; r++)
      b[r] = vload_fours(padded + 2, at + r);
    vtranspose4(b);
    x[i * 6] = a[0];
    x[i * 6 + 1] = a[1];
    x[i * 6 + 2] = a[2];
    x[i * 6 + 3] = a[3];
    x[i * 6 + 4] = b[2];
    x[i * 6 + 5] = b[3];
  }
  GB_UNROLL
  for (int j = 0; j < 6; j++)
    wino_in(x + j, 6);
  GB_UNROLL
  for (int i = 0; i < 6; i++) {
    wino_in(x + i * 6, 1);
    GB_UNROLL
    for (int j = 0; j < 6; j++)
      vstore(v + (i * 6 + j) * stride, x[i * 6 + j]);
  }
}

static void wino_transform2(const float *padded, int64_t width, const int64_t *at, float *v,
                            int64_t stride) {
  vf x[16];
  GB_UNROLL
  for (int i = 0; i < 4; i++, padded += width) {
    GB_UNROLL
    for (int r = 0; r < 4; r++)
      x[i * 4 + r] = vload_fours(padded, at + r);
    vtranspose4(x + i * 4);
  }
  GB_UNROLL
  for (int j = 0; j < 4; j++)
    wino_in2(x + j, 4);
  GB_UNROLL
  for (int i = 0; i < 4; i++) {
    wino_in2(x + i * 4, 1);
    GB_UNROLL
    for (int j = 0; j < 4; j++)
      vstore(v + (i * 4 + j) * stride, x[i * 4 + j]);
  }
}

// Where the tiles of one vector lie.
typedef struct wino_lanes {
  int64_t in[VW];            // first pixel in the padded rows
  int64_t out[VW];           // first pixel of the output
  int whole;                 // all tiles exist, and lie within the output
  int rows[VW], columns[VW]; // how much of a tile does; 0: the lane has no tile
} wino_lanes;

// Those of `lanes` tiles from `tile` on, in rows padded from that of tile `origin`. Lanes without a
// tile read the last one.
static void wino_place(const gb_conv_shape *g, int64_t origin, int64_t tile, int64_t lanes,
                       wino_lanes *w) {
  const int64_t across = wino_across(g), size = wino_size(g);
  w->whole = lanes == VW;
  for (int64_t l = 0; l < VW; l++) {
    const int64_t t = tile + gb_imin(l, lanes - 1), y = t / across * size, x = t % across * size;
    w->in[l] = (y - origin / across * size) * wino_padded(g) + x;
    w->out[l] = y * g->out_w + x;
    w->rows[l] = l < lanes ? (int)gb_imin(size, g->out_h - y) : 0;
    w->columns[l] = (int)gb_imin(size, g->out_w - x);
    w->whole &= w->rows[l] == size && w->columns[l] == size;
  }
}

// Rows of four pixels of each tile, which are not all whole.
static void wino_store(const wino_lanes *w, float *out, int64_t width, vf (*o)[4]) {
  for (int i = 0; i < 4; i++)
    for (int r = 0; r < 4; r++) {
      float four[VW];
      vstore(four, o[i][r]);
      for (int q = 0; q < VW; q += 4) {
        float *p = out + w->out[q + r] + i * width;
        const int n = i < w->rows[q + r] ? w->columns[q + r] : 0;
        if (n == 4)
          memcpy(p, four + q, 4 * sizeof *p);
        else
          for (int j = 0; j < n; j++)
            p[j] = four[q + j];
      }
    }
}

static void wino_add(const wino_lanes *w, const float *residual, int64_t width, vf (*o)[4]) {
  for (int i = 0; i < 4; i++)
    for (int r = 0; r < 4; r++) {
      float four[VW] = {0};
      for (int q = 0; q < VW; q += 4)
        for (int j = 0; j < w->columns[q + r] && i < w->rows[q + r]; j++)
          four[q + j] = residual[w->out[q + r] + i * width + j];
      o[i][r] += vload(four);
    }
}

// One output channel of VW tiles back to pixels.
static void wino_back(const gb_conv_shape *g, const gb_clamp *clamp, const wino_lanes *w,
                      const float *m, int64_t stride, float bias, const float *residual,
                      float *out) {
  vf x[36], half[24], o[4][4];
  GB_UNROLL
  for (int j = 0; j < 6; j++) {
    GB_UNROLL
    for (int i = 0; i < 6; i++)
      x[i * 6 + j] = vload(m + (i * 6 + j) * stride);
    wino_out(x + j, 6, half + j, 6);
  }
  const vf b = vset1(bias), lo = vset1(clamp->lo), hi = vset1(clamp->hi);
  GB_UNROLL
  for (int i = 0; i < 4; i++) {
    wino_out(half + i * 6, 1, o[i], 1);
    vtranspose4(o[i]); // lanes 4 q to 4 q + 3 of o[i][r] are row i of tile 4 q + r
  }
  if (residual)
    wino_add(w, residual, g->out_w, o);
  GB_UNROLL
  for (int i = 0; i < 4; i++) {
    GB_UNROLL
    for (int r = 0; r < 4; r++)
      o[i][r] = vclamp(o[i][r] + b, lo, hi);
  }
  if (clamp->more) {
    float t[16 * VW];
    for (int i = 0; i < 16; i++)
      vstore(t + i * VW, o[i / 4][i % 4]);
    gb_act_row(g->act, t, t, 16 * VW);
    for (int i = 0; i < 16; i++)
      o[i / 4][i % 4] = vload(t + i * VW);
  }
  if (!w->whole) {
    wino_store(w, out, g->out_w, o);
    return;
  }
  GB_UNROLL
  for (int i = 0; i < 4; i++) {
    GB_UNROLL
    for (int r = 0; r < 4; r++)
      vstore_fours(out + i * g->out_w, w->out + r, o[i][r]);
  }
}

// The same for tiles of 2 x 2: a vector of tiles is four rows of pixels' worth, stored one by one.
static void wino_back2(const gb_conv_shape *g, const gb_clamp *clamp, const wino_lanes *w,
                       const float *m, int64_t stride, float bias, const float *residual,
                       float *out) {
  vf x[16], half[8], o[4];
  float t[4 * VW];
  GB_UNROLL
  for (int j = 0; j < 4; j++) {
    GB_UNROLL
    for (int i = 0; i < 4; i++)
      x[i * 4 + j] = vload(m + (i * 4 + j) * stride);
    wino_out2(x + j, 4, half + j, 4);
  }
  for (int i = 0; i < 2; i++)
    wino_out2(half + i * 4, 1, o + i * 2, 1);
  const vf b = vset1(bias), lo = vset1(clamp->lo), hi = vset1(clamp->hi);
  for (int k = 0; k < 4; k++) {
    float r[VW] = {0};
    for (int l = 0; residual && l < VW; l++)
      if (k / 2 < w->rows[l] && k % 2 < w->columns[l])
        r[l] = residual[w->out[l] + k / 2 * g->out_w + k % 2];
    vstore(t + k * VW, vclamp((o[k] + vload(r)) + b, lo, hi));
  }
  if (clamp->more)
    gb_act_row(g->act, t, t, 4 * VW);
  for (int l = 0; l < VW; l++)
    for (int i = 0; i < w->rows[l]; i++)
      for (int j = 0; j < w->columns[l]; j++)
        out[w->out[l] + i * g->out_w + j] = t[(i * 2 + j) * VW + l];
}

// Rows [m0, m1) of one group times the transformed maps v, `wide` floats a row of which `tiles` are
// tiles: the sums of position k of the group's row i go to m + (i positions + k) wide.
static void wino_products(const gb_conv_shape *g, const wino_cut *cut, int64_t group,
                          const float *packed, int64_t m0, int64_t m1, const float *v, int64_t wide,
                          int64_t tiles, float *m) {
  const int64_t positions = GB_FN(winograd_positions)(g);
  const int64_t base = wino_group_at(cut, group), rows = wino_group_at(cut, group + 1) - base;
  pw_tile t = {.depth = g->in_c,
               .ldb = wide,
               .ldc = positions * wide,
               .lo = -__builtin_inff(),
               .hi = __builtin_inff(),
               .last = vmask_all()};
  packed += base * positions * g->in_c;
  (void)tiles; // of interest with tails only
  for (int64_t k = 0; k < positions; k++, v += g->in_c * wide, packed += rows * g->in_c)
    for (int64_t block = pw_cut_find(cut->blocks, m0); block <= pw_cut_find(cut->blocks, m1 - 1);
         block++) {
      const int64_t first = pw_cut_at(cut->blocks, block);
      const int64_t end = pw_cut_at(cut->blocks, block + 1);
      const int64_t lo = gb_imax(first, m0), hi = gb_imin(end, m1);
      const float *a = packed + (first - base) * g->in_c + (lo - first);
      float *c = m + (lo - base) * t.ldc + k * wide;
      t.lda = end - first;
#if VREGS == 16
      pw_panels[hi - lo - 1][wide / VW - 1](&t, a, v, c);
#else
#if PW_HAS_TAIL
      // 28 x 28 outputs are 49 tiles: two vectors, then one and a tile.
      if (tiles == VW + 1) {
        wino_short[hi - lo - 1](&t, a, v, c);
        continue;
      }
#endif
      for (int64_t x = 0; x < wide; x += WINO_NV * VW)
        pw_tiles[hi - lo - 1][gb_imin(WINO_NV, (wide - x) / VW) - 1][0](&t, a, v + x, c + x);
#endif
    }
}

void GB_FN(winograd)(const gb_conv_shape *g, const float *packed, const float *bias,
                     const float *in, const float *residual, float *out, float *scratch, int64_t m0,
                     int64_t m1, int64_t t0, int64_t t1) {
  if (m0 >= m1 || t0 >= t1)
    return;
  const gb_clamp clamp = gb_act_clamp(g->act);
  const wino_cut cut = wino_cut_of(g);
  const int64_t g0 = pw_cut_find(cut.groups, pw_cut_find(cut.blocks, m0));
  const int64_t g1 = pw_cut_find(cut.groups, pw_cut_find(cut.blocks, m1 - 1));
  const int64_t positions = GB_FN(winograd_positions)(g), most = wino_vectors(g) * VW;
  const int small = wino_size(g) == 2;
  float *v = scratch, *m = v + positions * g->in_c * most;
  float *padded = m + positions * WINO_ROWS * most;
  const pw_cut pieces = pw_cut_of(gb_idiv_up(t1 - t0, VW), wino_vectors(g));
  for (int64_t piece = 0; piece < pieces.blocks; piece++) {
    const int64_t first = t0 + pw_cut_at(pieces, piece) * VW;
    const int64_t vectors = pw_cut_at(pieces, piece + 1) - pw_cut_at(pieces, piece);
    const int64_t wide = vectors * VW; // floats of a row of the transformed maps
    wino_lanes lanes[WINO_VECTORS];
    for (int64_t i = 0; i < vectors; i++)
      wino_place(g, first, first + i * VW, gb_imin(VW, t1 - first - i * VW), &lanes[i]);
    for (int64_t c = 0; c < g->in_c; c++) {
      wino_pad(g, in + c * g->in_stride, first, gb_imin(first + vectors * VW, t1), padded);
      for (int64_t i = 0; i < vectors; i++)
        (small ? wino_transform2 : wino_transform)(padded, wino_padded(g), lanes[i].in,
                                                   v + c * wide + i * VW, g->in_c * wide);
    }
    for (int64_t group = g0; group <= g1; group++) {
      const int64_t base = wino_group_at(&cut, group);
      const int64_t lo = gb_imax(m0, base), hi = gb_imin(m1, wino_group_at(&cut, group + 1));
      wino_products(g, &cut, group, packed, lo, hi, v, wide, gb_imin(wide, t1 - first), m);
      for (int64_t row = lo; row < hi; row++)
        for (int64_t i = 0; i < vectors; i++)
          (small ? wino_back2 : wino_back)(
              g, &clamp, &lanes[i], m + (row - base) * positions * wide + i * VW, wide,
              bias ? bias[row] : 0.0f, residual ? residual + row * g->residual_stride : NULL,
              out + row * g->out_stride);
    }
  }
}
