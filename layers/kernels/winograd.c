// 3 x 3 convolution with stride 1 by Winograd's minimal filtering F(4x4, 3x3): 36 multiplications
// for 16 outputs instead of 144 (Lavin and Gray 2015, arXiv 1509.09308, section 4.3 and its
// matrices).
//
// Tiles of 4 x 4 outputs lie in the lanes. A block of tiles is transformed for all input channels;
// then, for a few output channels at a time, 36 matrix products run on the tiles of the pointwise
// kernel, and their sums are transformed back while they are in the cache.
#include "layers/kernels/pw_tile.h"

#define WINO_VECTORS 4 // vectors of tiles in a block with few channels, half with many
#define WINO_ROWS 32   // output channels between two transforms back

static int64_t wino_across(const gb_conv_shape *g) {
  return gb_idiv_up(g->out_w, 4);
}

// Floats of a row of the padded map: its tiles of four columns and two more.
static int64_t wino_padded(const gb_conv_shape *g) {
  return 4 * wino_across(g) + 2;
}

int64_t GB_FN(winograd_tiles)(const gb_conv_shape *g) {
  return wino_across(g) * gb_idiv_up(g->out_h, 4);
}

int GB_FN(winograd_wins)(const gb_conv_shape *g) {
  return g->kernel_h == 3 && g->kernel_w == 3 && g->stride_h == 1 && g->stride_w == 1 &&
         g->dilation_h == 1 && g->dilation_w == 1 && g->groups == 1 && g->in_c >= 16 &&
         g->out_c >= 16 && 4 * GB_FN(winograd_tiles)(g) >= 3 * VW;
}

static int64_t wino_vectors(const gb_conv_shape *g) {
  return gb_imin(g->in_c > 64 ? WINO_VECTORS / 2 : WINO_VECTORS,
                 gb_idiv_up(GB_FN(winograd_tiles)(g), VW));
}

static pw_cut wino_cut(const gb_conv_shape *g) {
  return pw_cut_of(g->out_c, pw_block_rows(g->out_c, 2 * VW));
}

size_t GB_FN(winograd_pack_size)(const gb_conv_shape *g) {
  return (size_t)(36 * g->out_c * g->in_c);
}

// G w G^T of every filter, block of rows by block, position by position, channel by channel.
void GB_FN(winograd_pack)(const gb_conv_shape *g, const float *weights, float *packed) {
  static const float G[6][3] = {{1.0f / 4, 0, 0},
                                {-1.0f / 6, -1.0f / 6, -1.0f / 6},
                                {-1.0f / 6, 1.0f / 6, -1.0f / 6},
                                {1.0f / 24, 1.0f / 12, 1.0f / 6},
                                {1.0f / 24, -1.0f / 12, 1.0f / 6},
                                {0, 0, 1}};
  const pw_cut cut = wino_cut(g);
  for (int64_t block = 0; block < cut.blocks; block++) {
    const int64_t lo = pw_cut_at(cut, block), rows = pw_cut_at(cut, block + 1) - lo;
    for (int64_t m = 0; m < rows; m++)
      for (int64_t c = 0; c < g->in_c; c++) {
        const float *w = weights + ((lo + m) * g->in_c + c) * 9;
        for (int i = 0; i < 6; i++) {
          float left[3];
          for (int x = 0; x < 3; x++)
            left[x] = G[i][0] * w[x] + G[i][1] * w[3 + x] + G[i][2] * w[6 + x];
          for (int j = 0; j < 6; j++)
            packed[((lo * 36 + (i * 6 + j) * rows) * g->in_c) + c * rows + m] =
                left[0] * G[j][0] + left[1] * G[j][1] + left[2] * G[j][2];
        }
      }
  }
}

size_t GB_FN(winograd_scratch_size)(const gb_conv_shape *g) {
  const int64_t rows = 4 * gb_idiv_up(g->out_h, 4) + 2;
  return (size_t)(36 * (g->in_c + WINO_ROWS) * wino_vectors(g) * VW + rows * wino_padded(g));
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

// The rows of a channel that tiles [first, end) read, with their padding, so that every tile lies
// within.
static void wino_pad(const gb_conv_shape *g, const float *map, int64_t first, int64_t end,
                     float *padded) {
  const int64_t across = wino_across(g), width = wino_padded(g);
  const int64_t y0 = first / across * 4, y1 = (end - 1) / across * 4 + 6;
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
  const int64_t across = wino_across(g);
  w->whole = lanes == VW;
  for (int64_t l = 0; l < VW; l++) {
    const int64_t t = tile + gb_imin(l, lanes - 1), y = t / across * 4, x = t % across * 4;
    w->in[l] = (y - origin / across * 4) * wino_padded(g) + x;
    w->out[l] = y * g->out_w + x;
    w->rows[l] = l < lanes ? (int)gb_imin(4, g->out_h - y) : 0;
    w->columns[l] = (int)gb_imin(4, g->out_w - x);
    w->whole &= w->rows[l] == 4 && w->columns[l] == 4;
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

void GB_FN(winograd)(const gb_conv_shape *g, const float *packed, const float *bias,
                     const float *in, const float *residual, float *out, float *scratch, int64_t m0,
                     int64_t m1, int64_t t0, int64_t t1) {
  if (m0 >= m1 || t0 >= t1)
    return;
  const pw_cut cut = wino_cut(g);
  const gb_clamp clamp = gb_act_clamp(g->act);
  const int64_t b0 = pw_cut_find(cut, m0), b1 = pw_cut_find(cut, m1 - 1) + 1;
  const int64_t wide = wino_vectors(g) * VW; // floats of a row of the transformed maps
  float *v = scratch, *m = v + 36 * g->in_c * wide, *padded = m + 36 * WINO_ROWS * wide;
  const pw_cut pieces = pw_cut_of(gb_idiv_up(t1 - t0, VW), wino_vectors(g));
  for (int64_t piece = 0; piece < pieces.blocks; piece++) {
    const int64_t first = t0 + pw_cut_at(pieces, piece) * VW;
    const int64_t vectors = pw_cut_at(pieces, piece + 1) - pw_cut_at(pieces, piece);
    wino_lanes lanes[WINO_VECTORS];
    for (int64_t i = 0; i < vectors; i++)
      wino_place(g, first, first + i * VW, gb_imin(VW, t1 - first - i * VW), &lanes[i]);
    for (int64_t c = 0; c < g->in_c; c++) {
      wino_pad(g, in + c * g->in_stride, first, gb_imin(first + vectors * VW, t1), padded);
      for (int64_t i = 0; i < vectors; i++)
        wino_transform(padded, wino_padded(g), lanes[i].in, v + c * wide + i * VW, g->in_c * wide);
    }
    for (int64_t b = b0; b < b1;) {
      int64_t end = b + 1;
      while (end < b1 && pw_cut_at(cut, end + 1) - pw_cut_at(cut, b) <= WINO_ROWS)
        end++;
      const int64_t base = gb_imax(pw_cut_at(cut, b), m0), top = gb_imin(pw_cut_at(cut, end), m1);
      for (; b < end; b++) {
        const int64_t start = pw_cut_at(cut, b), size = pw_cut_at(cut, b + 1) - start;
        const int64_t lo = gb_imax(start, m0), hi = gb_imin(start + size, m1);
        pw_tile t = {.depth = g->in_c,
                     .lda = size,
                     .ldb = wide,
                     .ldc = 36 * wide,
                     .lo = -__builtin_inff(),
                     .hi = __builtin_inff(),
                     .last = vmask_all()};
        for (int64_t k = 0; k < 36; k++) {
          const float *a = packed + (start * 36 + k * size) * g->in_c + (lo - start);
          float *c = m + ((lo - base) * 36 + k) * wide;
          for (int64_t x = 0; x < vectors; x += 2) {
            const int64_t nv = gb_imin(2, vectors - x);
            pw_tiles[hi - lo - 1][nv - 1][0](&t, a, v + k * g->in_c * wide + x * VW, c + x * VW);
          }
        }
      }
      for (int64_t row = base; row < top; row++)
        for (int64_t i = 0; i < vectors; i++)
          wino_back(g, &clamp, &lanes[i], m + (row - base) * 36 * wide + i * VW, wide,
                    bias ? bias[row] : 0.0f, residual ? residual + row * g->residual_stride : NULL,
                    out + row * g->out_stride);
    }
  }
}
