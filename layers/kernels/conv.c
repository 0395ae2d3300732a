// Convolution with any kernel as a matrix product: rows are output channels, depth is (channel, ky,
// kx).
//
// Wide outputs with a shallow product (stems, temporal filters) go row by row: the input rows under
// one output row are copied once with their padding, columns sorted by phase (column modulo
// stride), so that every tap is a contiguous load at an offset; rows that the next output row needs
// too stay where they are. All others copy patches of a few hundred pixels and a block of the
// depth, which the tiles of the pointwise kernel then read; the copy costs one store for as many
// multiplications as there are output channels. A tile's patches stay in the first-level cache
// while all weights of the block go by, in the order in which they were packed.
#include "layers/kernels/pw_product.h"

#define CONV_ROW_DEPTH 512 // most taps of the path by rows
#define CONV_OFFSETS 1536  // of them, for each row that a window may begin with
#define CONV_DEPTH (VREGS == 32 ? 192 : PW_DEPTH) // of a block of patches: 36 or 24 KB of a tile
// Pixels of a block of patches, and of what these are cut in: with 16 registers whole tiles.
#define CONV_PIXELS ((VREGS == 32 ? 13 : 12) * VW)
#define CONV_UNIT ((VREGS == 32 ? 1 : PW_NV) * VW)

typedef struct conv_sizes {
  int64_t rows, channels, taps, depth; // of one group
  int by_rows;
  int64_t phases, row_len; // by rows: floats of one phase of one input row, whole vectors
} conv_sizes;

static conv_sizes conv_sizes_of(const gb_conv_shape *g) {
  conv_sizes s = {.rows = g->out_c / g->groups,
                  .channels = g->in_c / g->groups,
                  .taps = g->kernel_h * g->kernel_w};
  s.depth = s.channels * s.taps;
  s.phases = gb_imin(g->stride_w, (g->kernel_w - 1) * g->dilation_w + 1);
  s.row_len = gb_idiv_up(g->out_w + (g->kernel_w - 1) * g->dilation_w / g->stride_w, VW) * VW;
  s.by_rows = s.depth <= CONV_ROW_DEPTH && g->out_w > VW && (s.channels <= 4 || g->kernel_w > 8);
  return s;
}

static pw_cut conv_cut(const conv_sizes *s) {
  return pw_cut_of(s->rows, pw_block_rows(s->rows, 3 * VW));
}

size_t GB_FN(conv_pack_size)(const gb_conv_shape *g) {
  return (size_t)(g->out_c * (g->in_c / g->groups) * g->kernel_h * g->kernel_w);
}

// Blocks of depth one after another (one of all when it goes by rows), in each the blocks of rows.
void GB_FN(conv_pack)(const gb_conv_shape *g, const float *weights, float *packed) {
  const conv_sizes s = conv_sizes_of(g);
  const pw_cut cut = conv_cut(&s);
  const int64_t most = s.by_rows ? s.depth : CONV_DEPTH;
  for (int64_t i = 0; i < g->groups; i++, weights += s.rows * s.depth)
    for (int64_t k0 = 0; k0 < s.depth; k0 += most)
      for (int64_t b = 0; b < cut.blocks; b++)
        for (int64_t k = k0; k < gb_imin(k0 + most, s.depth); k++)
          for (int64_t m = pw_cut_at(cut, b); m < pw_cut_at(cut, b + 1); m++)
            *packed++ = weights[m * s.depth + k];
}

size_t GB_FN(conv_scratch_size)(const gb_conv_shape *g) {
  const conv_sizes s = conv_sizes_of(g);
  return (size_t)(s.by_rows ? s.channels * g->kernel_h * s.phases * s.row_len
                            : gb_imin(CONV_DEPTH, s.depth) * CONV_PIXELS);
}

// in[x] and on, 0 outside of [0, width); and a vector to row[j] and on, as far as row[n]. Both test
// first for the whole vector, as masks take longer with 8 lanes.
GB_INLINE vf conv_get(const float *in, int64_t x, int64_t width) {
  return x >= 0 && x + VW <= width ? vload(in + x) : vloadm(in + x, vmask_range(-x, width - x));
}
GB_INLINE void conv_put(float *row, int64_t j, int64_t n, vf x) {
  if (j + VW <= n)
    vstore(row + j, x);
  else
    vstorem(row + j, x, vmask_first(n - j));
}

// row[j] = in[j * stride + first], 0 outside of [0, width).
GB_INLINE void conv_phase(float *row, int64_t n, const float *in, int64_t width, int64_t first,
                          int64_t stride) {
  int64_t j = 0;
  if (stride == 1) {
    for (; j < n; j += VW) {
      const int64_t x = j + first;
      conv_put(row, j, n, conv_get(in, x, width));
    }
  } else if (stride == 2) {
    for (; j < n; j += VW) {
      const int64_t x = 2 * j + first;
      __builtin_prefetch(in + x + 2 * width);
      __builtin_prefetch(in + x + 2 * width + VW);
      conv_put(row, j, n, veven(conv_get(in, x, width), conv_get(in, x + VW, width)));
    }
  } else {
    for (; j < n; j++) {
      const int64_t x = j * stride + first;
      row[j] = x >= 0 && x < width ? in[x] : 0.0f;
    }
  }
}

#if VREGS == 32
PW_EACH_MR(PW_OFFSETS_FORM, 1)
PW_EACH_MR(PW_OFFSETS_FORM, 2)
PW_EACH_MR(PW_OFFSETS_FORM, 3)
#define CONV_NV 3
#define CONV_ROW(MR)                                                                               \
  { pw_offsets_##MR##_1, pw_offsets_##MR##_2, pw_offsets_##MR##_3 }
static pw_tile_fn *const conv_tiles[PW_MR][CONV_NV] = {CONV_ROW(1), CONV_ROW(2), CONV_ROW(3),
                                                       CONV_ROW(4), CONV_ROW(5), CONV_ROW(6),
                                                       CONV_ROW(7), CONV_ROW(8)};
#else
PW_EACH_FORM(PW_OFFSETS_FORM)
#define CONV_NV 3
static pw_tile_fn *const conv_tiles[PW_MR][CONV_NV] = PW_ROWS(offsets);
#endif

// One group's part of a call: m counts rows of the group.
typedef struct conv_job {
  const gb_conv_shape *g;
  const conv_sizes *s;
  const float *packed, *bias, *in, *residual;
  float *out, *scratch;
  int64_t m0, m1;
  pw_cut cut;
  gb_clamp clamp;
} conv_job;

GB_INLINE void conv_finish(const conv_job *job, float *c, int64_t rows, int64_t n) {
  if (job->clamp.more)
    for (int64_t i = 0; i < rows; i++)
      gb_act_row(job->g->act, c + i * job->g->out_stride, c + i * job->g->out_stride, n);
}

// Both phases of a row at stride 2, sorted apart from one load: rows[j] = in[2 j + first] and
// rows[n + j] = in[2 j + 1 + first].
GB_INLINE void conv_two_phases(float *rows, int64_t n, const float *in, int64_t width,
                               int64_t first) {
  for (int64_t j = 0; j < n; j += VW) {
    const int64_t x = 2 * j + first;
    __builtin_prefetch(in + x + 2 * width);
    __builtin_prefetch(in + x + 2 * width + VW);
    const vf a = conv_get(in, x, width), b = conv_get(in, x + VW, width);
    conv_put(rows, j, n, veven(a, b));
    conv_put(rows + n, j, n, vodd(a, b));
  }
}

// The phases of one input row under an output row, one after another; 0 where there is no such row.
static void conv_row(const conv_job *job, float *rows, int64_t c, int64_t iy) {
  const gb_conv_shape *g = job->g;
  const int64_t n = job->s->row_len, phases = job->s->phases;
  const float *in = job->in + c * g->in_stride + iy * g->in_w;
  if (iy < 0 || iy >= g->in_h)
    memset(rows, 0, (size_t)(phases * n) * sizeof *rows);
  else if (phases == 2 && g->stride_w == 2)
    conv_two_phases(rows, n, in, g->in_w, -g->pad_left);
  else
    for (int64_t f = 0; f < phases; f++)
      conv_phase(rows + f * n, n, in, g->in_w, f - g->pad_left, g->stride_w);
}

// Where taps lie in the scratch, when the window's first row is in slot `first` of a channel's.
static void conv_offsets(const conv_job *job, int64_t first, int32_t *offsets) {
  const gb_conv_shape *g = job->g;
  const conv_sizes *s = job->s;
  for (int64_t c = 0; c < s->channels; c++)
    for (int64_t ky = 0; ky < g->kernel_h; ky++)
      for (int64_t kx = 0; kx < g->kernel_w; kx++) {
        const int64_t column = kx * g->dilation_w,
                      slot = c * g->kernel_h + (first + ky) % g->kernel_h;
        *offsets++ = (int32_t)((slot * s->phases + column % g->stride_w) * s->row_len +
                               column / g->stride_w);
      }
}

static void conv_by_rows(const conv_job *job, int64_t p0, int64_t p1) {
  const gb_conv_shape *g = job->g;
  const conv_sizes *s = job->s;
  // A channel's slots are a ring: the rows of one output row are found again by the next one, whose
  // window begins in another slot. One table for each slot, where there is room for them.
  int32_t offsets[CONV_OFFSETS];
  const int64_t new_rows = gb_imin(g->dilation_h == 1 ? g->stride_h : g->kernel_h, g->kernel_h);
  const int ring = new_rows < g->kernel_h && g->kernel_h * s->depth <= CONV_OFFSETS;
  for (int64_t slot = 0; slot < (ring ? g->kernel_h : 1); slot++)
    conv_offsets(job, slot, offsets + slot * s->depth);
  pw_tile t = {.depth = s->depth,
               .ldc = g->out_stride,
               .ldr = g->residual_stride,
               .lo = job->clamp.lo,
               .hi = job->clamp.hi,
               .hard = job->clamp.hard};
#if VREGS == 16
  float panel[CONV_ROW_DEPTH * CONV_NV * VW] __attribute__((aligned(64)));
  t.panel = panel;
#endif
  const int64_t b0 = pw_cut_find(job->cut, job->m0), b1 = pw_cut_find(job->cut, job->m1 - 1) + 1;
  int64_t top = 0; // slot of the window's first row
  for (int64_t p = p0; p < p1; top = ring ? (top + new_rows) % g->kernel_h : 0) {
    const int64_t y = p / g->out_w, x0 = p % g->out_w, n = gb_imin(g->out_w - x0, p1 - p);
    for (int64_t c = 0; c < s->channels; c++)
      for (int64_t ky = ring && p > p0 ? g->kernel_h - new_rows : 0; ky < g->kernel_h; ky++)
        conv_row(job,
                 job->scratch +
                     (c * g->kernel_h + (top + ky) % g->kernel_h) * s->phases * s->row_len,
                 c, y * g->stride_h - g->pad_top + ky * g->dilation_h);
    t.offsets = offsets + top * s->depth;
    const pw_cut spans = pw_cut_of(gb_idiv_up(n, VW), CONV_NV);
    for (int64_t span = 0; span < spans.blocks; span++) {
      const int64_t v = pw_cut_at(spans, span), vectors = pw_cut_at(spans, span + 1) - v;
      const int64_t pixels = gb_imin(vectors * VW, n - v * VW);
      t.last = vmask_first(pixels - (vectors - 1) * VW);
      for (int64_t b = b0; b < b1; b++) {
        const int64_t first = pw_cut_at(job->cut, b), end = pw_cut_at(job->cut, b + 1);
        const int64_t lo = gb_imax(first, job->m0), hi = gb_imin(end, job->m1);
        float *c = job->out + lo * g->out_stride + p + v * VW;
        t.lda = end - first;
        t.bias = job->bias ? job->bias + lo : NULL;
        t.residual = job->residual ? job->residual + lo * g->residual_stride + p + v * VW : NULL;
        const float *a = job->packed + first * s->depth + (lo - first);
#if VREGS == 16
        if (b > b0)
          pw_panels[hi - lo - 1][vectors - 1](&t, a, panel, c);
        else
#endif
          conv_tiles[hi - lo - 1][vectors - 1](&t, a, job->scratch + x0 + v * VW, c);
        conv_finish(job, c, hi - lo, pixels);
      }
    }
    p += n;
  }
}

// Rows [k0, k1) of the patches of pixels [p, p + n), CONV_PIXELS floats a row.
static void conv_patches(const conv_job *job, int64_t k0, int64_t k1, int64_t p, int64_t n) {
  const gb_conv_shape *g = job->g;
  int64_t kx = k0 % g->kernel_w, ky = k0 / g->kernel_w % g->kernel_h, c = k0 / job->s->taps;
  float *row = job->scratch;
  for (int64_t k = k0; k < k1; k++, row += CONV_PIXELS) {
    int64_t x = p % g->out_w, y = p / g->out_w;
    const float *map = job->in + c * g->in_stride;
    for (int64_t done = 0; done < n; y++, x = 0) {
      const int64_t some = gb_imin(g->out_w - x, n - done),
                    iy = y * g->stride_h - g->pad_top + ky * g->dilation_h;
      if (iy < 0 || iy >= g->in_h) {
        for (int64_t i = 0; i < some; i += VW)
          vstorem(row + done + i, vzero(), vmask_first(some - i));
      } else {
        conv_phase(row + done, some, map + iy * g->in_w, g->in_w,
                   x * g->stride_w - g->pad_left + kx * g->dilation_w, g->stride_w);
      }
      done += some;
    }
    if (++kx == g->kernel_w) {
      kx = 0;
      if (++ky == g->kernel_h) {
        ky = 0;
        c++;
      }
    }
  }
}

static void conv_by_patches(const conv_job *job, int64_t p0, int64_t p1) {
  const gb_conv_shape *g = job->g;
  const conv_sizes *s = job->s;
  const pw_cut pieces = pw_cut_of(gb_idiv_up(p1 - p0, CONV_UNIT), CONV_PIXELS / CONV_UNIT);
  for (int64_t piece = 0; piece < pieces.blocks; piece++) {
    const int64_t p = p0 + pw_cut_at(pieces, piece) * CONV_UNIT,
                  n = gb_imin(p0 + pw_cut_at(pieces, piece + 1) * CONV_UNIT, p1) - p;
    for (int64_t k0 = 0; k0 < s->depth; k0 += CONV_DEPTH) {
      const int64_t k1 = gb_imin(k0 + CONV_DEPTH, s->depth);
      conv_patches(job, k0, k1, p, n);
      pw_multiply(&(pw_product){.cut = job->cut,
                                .m0 = job->m0,
                                .m1 = job->m1,
                                .depth = k1 - k0,
                                .a = job->packed + k0 * s->rows,
                                .b = job->scratch,
                                .c = job->out + p,
                                .bias = job->bias,
                                .residual = job->residual ? job->residual + p : NULL,
                                .pixels = n,
                                .ldb = CONV_PIXELS,
                                .ldc = g->out_stride,
                                .ldr = g->residual_stride,
                                .act = g->act,
                                .partial = k0 > 0,
                                .unfinished = k1 < s->depth,
                                .pixels_outer = 1});
    }
  }
}

void GB_FN(conv)(const gb_conv_shape *g, const float *packed, const float *bias, const float *in,
                 const float *residual, float *out, float *scratch, int64_t m0, int64_t m1,
                 int64_t p0, int64_t p1) {
  if (m0 >= m1 || p0 >= p1)
    return;
  const conv_sizes s = conv_sizes_of(g);
  for (int64_t i = m0 / s.rows; i * s.rows < m1; i++) {
    const int64_t row = i * s.rows;
    const conv_job job = {.g = g,
                          .s = &s,
                          .packed = packed + row * s.depth,
                          .bias = bias ? bias + row : NULL,
                          .in = in + i * s.channels * g->in_stride,
                          .residual = residual ? residual + row * g->residual_stride : NULL,
                          .out = out + row * g->out_stride,
                          .scratch = scratch,
                          .m0 = gb_imax(m0 - row, 0),
                          .m1 = gb_imin(m1 - row, s.rows),
                          .cut = conv_cut(&s),
                          .clamp = gb_act_end(g->act)};
    if (s.by_rows)
      conv_by_rows(&job, p0, p1);
    else
      conv_by_patches(&job, p0, p1);
  }
}
