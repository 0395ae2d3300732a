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
  return (size_t)(36 * (g->in_c + WINO_ROWS) * wino_vectors(g) * VW);
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

// One channel of VW tiles from `tile` on, `lanes` of which exist: v[position * stride] are vectors.
static void wino_transform(const gb_conv_shape *g, const float *map, int64_t tile, int64_t lanes,
                           float *v, int64_t stride) {
  float d[36][VW];
  vf x[36];
  const int64_t across = wino_across(g);
  if (lanes < VW)
    memset(d, 0, sizeof d);
  for (int64_t l = 0; l < lanes; l++) {
    const int64_t y = (tile + l) / across * 4 - g->pad_top,
                  xx = (tile + l) % across * 4 - g->pad_left;
    if (y >= 0 && xx >= 0 && y + 6 <= g->in_h && xx + 6 <= g->in_w) {
      const float *p = map + y * g->in_w + xx;
      GB_UNROLL
      for (int i = 0; i < 6; i++) {
        GB_UNROLL
        for (int j = 0; j < 6; j++)
          d[i * 6 + j][l] = p[i * g->in_w + j];
      }
    } else {
      for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++)
          d[i * 6 + j][l] = y + i >= 0 && y + i < g->in_h && xx + j >= 0 && xx + j < g->in_w
                                ? map[(y + i) * g->in_w + xx + j]
                                : 0.0f;
    }
  }
  GB_UNROLL
  for (int j = 0; j < 6; j++) {
    GB_UNROLL
    for (int i = 0; i < 6; i++)
      x[i * 6 + j] = vload(d[i * 6 + j]);
    wino_in(x + j, 6);
  }
  GB_UNROLL
  for (int i = 0; i < 6; i++) {
    wino_in(x + i * 6, 1);
    GB_UNROLL
    for (int j = 0; j < 6; j++)
      vstore(v + (i * 6 + j) * stride, x[i * 6 + j]);
  }
}

// One output channel of VW tiles back to pixels.
static void wino_back(const gb_conv_shape *g, const gb_clamp *clamp, const float *m, int64_t stride,
                      float bias, int64_t tile, int64_t lanes, const float *residual, float *out) {
  vf x[36], half[24], o[16];
  float t[16][VW];
  const int64_t across = wino_across(g);
  GB_UNROLL
  for (int j = 0; j < 6; j++) {
    GB_UNROLL
    for (int i = 0; i < 6; i++)
      x[i * 6 + j] = vload(m + (i * 6 + j) * stride);
    wino_out(x + j, 6, half + j, 6);
  }
  GB_UNROLL
  for (int i = 0; i < 4; i++)
    wino_out(half + i * 6, 1, o + i * 4, 1);
  if (residual) {
    memset(t, 0, sizeof t);
    for (int64_t l = 0; l < lanes; l++) {
      const int64_t y = (tile + l) / across * 4, xx = (tile + l) % across * 4;
      for (int64_t i = 0; i < gb_imin(4, g->out_h - y); i++)
        for (int64_t j = 0; j < gb_imin(4, g->out_w - xx); j++)
          t[i * 4 + j][l] = residual[(y + i) * g->out_w + xx + j];
    }
    for (int i = 0; i < 16; i++)
      o[i] += vload(t[i]);
  }
  const vf b = vset1(bias), lo = vset1(clamp->lo), hi = vset1(clamp->hi);
  for (int i = 0; i < 16; i++) {
    const vf y = vclamp(o[i] + b, lo, hi);
    vstore(t[i], y);
  }
  if (clamp->more)
    gb_act_row(g->act, t[0], t[0], 16 * VW);
  for (int64_t l = 0; l < lanes; l++) {
    const int64_t y = (tile + l) / across * 4, xx = (tile + l) % across * 4;
    float *p = out + y * g->out_w + xx;
    if (y + 4 <= g->out_h && xx + 4 <= g->out_w) {
      GB_UNROLL
      for (int i = 0; i < 4; i++) {
        GB_UNROLL
        for (int j = 0; j < 4; j++)
          p[i * g->out_w + j] = t[i * 4 + j][l];
      }
    } else {
      for (int64_t i = 0; i < gb_imin(4, g->out_h - y); i++)
        for (int64_t j = 0; j < gb_imin(4, g->out_w - xx); j++)
          p[i * g->out_w + j] = t[i * 4 + j][l];
    }
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
  float *v = scratch, *m = scratch + 36 * g->in_c * wide;
  const pw_cut pieces = pw_cut_of(gb_idiv_up(t1 - t0, VW), wino_vectors(g));
  for (int64_t piece = 0; piece < pieces.blocks; piece++) {
    const int64_t first = t0 + pw_cut_at(pieces, piece) * VW;
    const int64_t vectors = pw_cut_at(pieces, piece + 1) - pw_cut_at(pieces, piece);
    for (int64_t c = 0; c < g->in_c; c++)
      for (int64_t i = 0; i < vectors; i++)
        wino_transform(g, in + c * g->in_stride, first + i * VW, gb_imin(VW, t1 - first - i * VW),
                       v + c * wide + i * VW, g->in_c * wide);
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
          wino_back(g, &clamp, m + (row - base) * 36 * wide + i * VW, wide, bias ? bias[row] : 0.0f,
                    first + i * VW, gb_imin(VW, t1 - first - i * VW),
                    residual ? residual + row * g->residual_stride : NULL,
                    out + row * g->out_stride);
    }
  }
}
