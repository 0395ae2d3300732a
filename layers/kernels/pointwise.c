// Pointwise (1 x 1) convolution on planar maps: a matrix product with the pixels in the lanes.
//
// Weights are packed block by block, within a block column by column, without padding. For every
// tile of pixels and block of rows one register tile runs over the whole depth; which of both loops
// is the outer one depends on what fits the first-level cache: the tile's pixels, or the block's
// weights.
#include "layers/kernels/pw_tile.h"

// Shares of the caches that a tile's pixels may fill, measured on a core with 48 KB and 1 MB.
#define PW_L1_BYTES (32 * 1024)
#define PW_L2_BYTES (768 * 1024)

size_t GB_FN(pointwise_pack_size)(const gb_pointwise_shape *g) {
  return (size_t)(g->rows * g->depth);
}

void GB_FN(pointwise_pack)(const gb_pointwise_shape *g, const float *weights, float *packed) {
  const pw_cut cut = pw_cut_of(g->rows, pw_block_rows(g->rows, g->pixels));
  for (int64_t block = 0; block < cut.blocks; block++) {
    const int64_t lo = pw_cut_at(cut, block), hi = pw_cut_at(cut, block + 1);
    for (int64_t k = 0; k < g->depth; k++)
      for (int64_t i = lo; i < hi; i++)
        *packed++ = weights[i * g->depth + k];
  }
}

// The rows of one block for every k in a vector each: what a store writes too much is the next k's,
// and is overwritten.
void GB_FN(pointwise_scale)(const gb_pointwise_shape *g, const float *packed, const float *scale,
                            float *scaled, int64_t m0, int64_t m1) {
  if (m0 >= m1)
    return;
  const pw_cut cut = pw_cut_of(g->rows, pw_block_rows(g->rows, g->pixels));
  const int64_t last = pw_cut_find(cut, m1 - 1);
  for (int64_t block = pw_cut_find(cut, m0); block <= last; block++) {
    const int64_t first = pw_cut_at(cut, block), rows = pw_cut_at(cut, block + 1) - first;
    const float *from = packed + first * g->depth;
    float *to = scaled + first * g->depth;
    int64_t left = rows * g->depth;
    for (int64_t k = 0; k < g->depth; k++, from += rows, to += rows, left -= rows) {
      const vf s = vset1(scale[k]);
      for (int64_t i = 0; i < rows; i += VW) {
        if (i + VW <= left) {
          vstore(to + i, vload(from + i) * s);
        } else {
          const vm m = vmask_first(left - i);
          vstorem(to + i, vloadm(from + i, m) * s, m);
        }
      }
    }
  }
}

// What is the same for every tile of one call.
typedef struct pw_call {
  const gb_pointwise_shape *g;
  const float *packed, *bias, *in, *residual;
  float *out;
  int64_t m0, m1;
  pw_cut cut;
  int more; // the activation needs its second pass
} pw_call;

// A range of pixels that one register tile covers.
typedef struct pw_span {
  int64_t p, pixels;
  int vectors, tail;
} pw_span;

// The rows of `block` that the call asked for, times the pixels of the span.
GB_INLINE void pw_block(const pw_call *call, pw_tile *t, pw_span s, int64_t block) {
  const gb_pointwise_shape *g = call->g;
  const int64_t first = pw_cut_at(call->cut, block), end = pw_cut_at(call->cut, block + 1);
  const int64_t lo = gb_imax(first, call->m0), hi = gb_imin(end, call->m1);
  float *c = call->out + lo * g->out_stride + s.p;
  const float *a = call->packed + first * g->depth + (lo - first), *b = call->in + s.p;
  t->lda = end - first;
  t->bias = call->bias ? call->bias + lo : NULL;
  t->residual = call->residual ? call->residual + lo * g->residual_stride + s.p : NULL;
#if PW_HAS_TAIL
  if (s.tail)
    pw_tail_tiles[hi - lo - 1](t, a, b, c);
  else
#endif
    pw_tiles[hi - lo - 1][s.vectors - 1][s.pixels % VW != 0](t, a, b, c);
  if (call->more)
    for (int64_t i = 0; i < hi - lo; i++)
      gb_act_row(g->act, c + i * g->out_stride, c + i * g->out_stride, s.pixels);
}

void GB_FN(pointwise)(const gb_pointwise_shape *g, const float *packed, const float *bias,
                      const float *in, const float *residual, float *out, int64_t m0, int64_t m1,
                      int64_t p0, int64_t p1) {
  if (m0 >= m1 || p0 >= p1)
    return;
  const pw_cut cut = pw_cut_of(g->rows, pw_block_rows(g->rows, g->pixels));
  const int64_t b0 = pw_cut_find(cut, m0), b1 = pw_cut_find(cut, m1 - 1) + 1;
  const gb_clamp clamp = gb_act_end(g->act);
  const pw_call call = {g, packed, bias, in, residual, out, m0, m1, cut, clamp.more};
  pw_tile t = {.depth = g->depth,
               .ldb = g->in_stride,
               .ldc = g->out_stride,
               .ldr = g->residual_stride,
               .lo = clamp.lo,
               .hi = clamp.hi,
               .hard = clamp.hard};
  const int64_t most = PW_NV == 4 && cut.size + (cut.larger > 0) > 6 ? 3 : PW_NV;
  const int64_t tails = pw_tails_of(p1 - p0);
  const int64_t vectors = tails ? (p1 - p0) / VW - tails * PW_TAIL_NV : gb_idiv_up(p1 - p0, VW);
  const pw_cut spans = vectors > 0 ? pw_cut_of(vectors, most) : (pw_cut){0, 0, 0};
  const int64_t total = spans.blocks + tails;
  // Pixels of a tile in the first-level cache, or else the rows of a block.
  const int pixels_outer = g->depth * most * VW * (int64_t)sizeof(float) <= PW_L1_BYTES ||
                           g->depth * (p1 - p0) * (int64_t)sizeof(float) > PW_L2_BYTES;
  // The first block of rows asks for the pixels of the next tile, where they come from far away.
  const int far = pixels_outer && g->depth * g->pixels * (int64_t)sizeof(float) > PW_L2_BYTES;
  for (int64_t i = 0; i < (pixels_outer ? total : b1 - b0); i++)
    for (int64_t j = 0; j < (pixels_outer ? b1 - b0 : total); j++) {
      const int64_t span = pixels_outer ? i : j, block = b0 + (pixels_outer ? j : i);
      const int64_t v0 = span < spans.blocks ? pw_cut_at(spans, span) : vectors;
      pw_span s = {.p = p0 + v0 * VW};
      if (span >= spans.blocks) { // the tail tiles
        s.tail = 1;
        s.pixels = PW_TAIL_NV * VW + 1;
        s.p += (span - spans.blocks) * s.pixels;
      } else {
        s.vectors = (int)(pw_cut_at(spans, span + 1) - v0);
        s.pixels = gb_imin(s.vectors * VW, p1 - s.p);
      }
      t.last = vmask_first(s.pixels - (s.vectors - 1) * VW);
      t.ahead = far && j == 0 ? s.pixels : 0;
      pw_block(&call, &t, s, block);
    }
}
