// The register tile of every matrix-like kernel: MR rows of weights times NV vectors of pixels.
//
// c(MR x NV) = start + sum over k of a[k][row] * b[k][pixel], k ascending, one accumulator an
// output, so the bits of a result do not depend on the tile, on the row block, or on how threads
// split the work.
//
// TAIL adds one more pixel behind the last vector, kept with rows in the lanes: 7 x 7 = 49 pixels
// are three vectors of 16 and one pixel, and a fourth vector for it would waste a quarter of the
// work.
//
// With 32 registers a tile reads its pixels where they lie. With 16 it has half the multiply-adds
// for a load, and maps that begin anywhere make it run short of loads: there pixels are copied to a
// panel on the way (pw_product.h).
#ifndef GB_KERNELS_PW_TILE_H
#define GB_KERNELS_PW_TILE_H

#include "layers/kernels/activate.h"
#include "layers/kernels/pw_cut.h"
#include "layers/kernels/pw_fours.h"

// Tiles measured at the FMA peak with gcc 12 and clang 14: up to 8 x 3 or 6 x 4 with 32 registers,
// 4 x 3 or 6 x 2 with 16 (28 and 13 accumulators make both spill). 12 accumulators as 4 x 3 need
// the fewest loads, seven.
#if VREGS == 32
#define PW_MR 8
#define PW_NV 4
#else
#define PW_MR 6
#define PW_NV 3
#endif

// Where a tile finds its pixels.
enum {
  PW_MAPS,    // rows of b, ldb apart
  PW_OFFSETS, // row k of b begins at offsets[k]; with 16 registers as PW_PACK
  PW_PACK,    // as PW_MAPS, and leaves them in the panel
  PW_PANEL    // in a panel: NV whole vectors for each k
};

// Weights are read once a run of the network, from beyond the second-level cache, and the
// processor's own prefetcher starts anew on every page: asked for 2 KB ahead, a 7 x 7 product of
// 160 x 480 weights runs at 196 GFLOP/s instead of 145 (peak 228). Tiles of fewer vectors use their
// weights up faster, and look further. With 16 registers there are fewer loads to spare: a chunk of
// 16 k asks for its lines at once, and only into the second-level cache, as the first is full of
// pixels.
#define PW_LINE 16 // floats in a line of the caches
#if VREGS == 32
#define PW_AHEAD(NV) (2048 / (NV))
#else
#define PW_AHEAD(NV) 512
#define PW_CHUNK 16
#endif

typedef struct pw_tile {
  int64_t depth, lda, ldb, ldc, ldr;
  const int32_t *offsets; // of PW_OFFSETS
  float *panel;           // what PW_PACK fills
  const float *bias;      // of the first row, or NULL
  const float *gate;      // PW_PACK multiplies row k of b by gate[k]; or NULL
  const float *residual;  // the first pixel of the first row, row stride ldr, or NULL; it is ...
  int early;              // ... what sums begin with, or is added at their end
  float lo, hi;           // the clamp at the end
  int hard;               // hard swish before the clamp
  int partial;            // 1: start from the sums already in c (a further block of k)
  vm last;                // lanes of the last vector
  int64_t next;           // floats from a gated block of weights to the next, not yet gated; or 0
  int64_t ahead;          // pixels from here to those that are asked for meanwhile; 0: none are
  const float *ask;       // what is asked for meanwhile, and ...
  int64_t asks;           // ... in how many turns, two lines each
  float *claim;           // likewise what is claimed, ...
  int64_t claims;         // ... a line a turn; those turns come first, and ...
  int ask_and_claim;      // ... ask as well, or the others do
} pw_tile;

typedef void pw_tile_fn(const pw_tile *t, const float *a, const float *b, float *c);

// The form of a tile: constants to the compiler, so that its sums are registers.
typedef struct pw_form {
  int rows, vectors;
  int masked; // the last vector has lanes `last` only
  int tail;   // one pixel more behind the last vector
  int from;
} pw_form;

typedef struct pw_sums {
  vf at[PW_MR][PW_NV];
  vf tail; // rows in the lanes
} pw_sums;

// Vector j of a row of pixels.
GB_INLINE vf pw_load(const float *row, int j, vm last, const pw_form f) {
  return f.masked && j == f.vectors - 1 ? vloadm(row + j * VW, last) : vload(row + j * VW);
}

// The tail's pixel of every row, to the lanes.
GB_INLINE vf pw_gather(const float *p, int64_t stride, const pw_form f) {
  float x[VW] = {0};
  for (int i = 0; i < f.rows; i++)
    x[i] = p[i * stride + f.vectors * VW];
  return vload(x);
}

GB_INLINE void pw_add_residual(const pw_tile *t, pw_sums *s, const pw_form f) {
  const float *row = t->residual;
  GB_UNROLL
  for (int i = 0; i < f.rows; i++, row += t->ldr) {
    GB_UNROLL
    for (int j = 0; j < f.vectors; j++)
      s->at[i][j] += pw_load(row, j, t->last, f);
  }
  if (f.tail)
    s->tail += pw_gather(t->residual, t->ldr, f);
}

GB_INLINE void pw_begin(const pw_tile *t, pw_sums *s, const float *c, const pw_form f) {
  if (t->partial) {
    const float *row = c;
    GB_UNROLL
    for (int i = 0; i < f.rows; i++, row += t->ldc) {
      GB_UNROLL
      for (int j = 0; j < f.vectors; j++)
        s->at[i][j] = pw_load(row, j, t->last, f);
    }
    s->tail = f.tail ? pw_gather(c, t->ldc, f) : vzero();
    return;
  }
  GB_UNROLL
  for (int i = 0; i < f.rows; i++) {
    const vf bias = t->bias ? vset1(t->bias[i]) : vzero();
    GB_UNROLL
    for (int j = 0; j < f.vectors; j++)
      s->at[i][j] = bias;
  }
  s->tail = f.tail && t->bias ? vloadm(t->bias, vmask_first(f.rows)) : vzero();
  if (t->residual && t->early)
    pw_add_residual(t, s, f);
}

// One k: a column of weights times a row of pixels. The last two of eight rows read their weights
// in the multiply-add: an instruction less and two loads more for each. With more such rows, or in
// smaller tiles, loads become the limit.
GB_INLINE void pw_add_column(pw_sums *s, const float *a, const vf *x, const pw_form f) {
  GB_UNROLL
  for (int i = 0; i < f.rows; i++) {
    const int reads = f.rows == 8 && i >= 6;
    const vf w = vset1(a[i]);
    GB_UNROLL
    for (int j = 0; j < f.vectors; j++)
      s->at[i][j] = reads ? vfma_weight(a + i, x[j], s->at[i][j]) : vfma(w, x[j], s->at[i][j]);
  }
}

#if VREGS == 32
// Where the next k finds its operands.
typedef struct pw_place {
  const float *a, *b;
  const int32_t *offset;
} pw_place;

GB_INLINE void pw_step(const pw_tile *t, pw_sums *s, pw_place *at, const float *base, int64_t ahead,
                       const pw_form f) {
  vf x[PW_NV];
  const float *b = f.from == PW_OFFSETS ? base + *at->offset++ : at->b;
  GB_UNROLL
  for (int j = 0; j < f.vectors; j++) {
    x[j] = pw_load(b, j, t->last, f);
    if (ahead)
      __builtin_prefetch(b + ahead + j * VW);
  }
  pw_add_column(s, at->a, x, f);
  if (f.tail)
    s->tail = vfma(vloadm(at->a, vmask_first(f.rows)), vset1(b[f.vectors * VW]), s->tail);
  at->a += t->lda;
  at->b += t->ldb;
}

// A turn is two k, for each of which a line of weights is asked for: eight rows of two columns are
// one. Fewer instructions count where another hardware thread takes half of the decoder.
GB_INLINE void pw_sum(const pw_tile *t, pw_sums *s, const float *a, const float *b,
                      const pw_form f) {
  const pw_tile own = *t; // which no store of the tile's can change
  pw_place at = {a, b, own.offsets};
  const int64_t next = own.next + PW_AHEAD(f.vectors), ahead = own.ahead;
  int64_t left = own.depth;
  if (f.from == PW_MAPS && ahead) {
    for (; left > 0; left--) {
      __builtin_prefetch(at.a + next);
      pw_step(&own, s, &at, b, ahead, f);
    }
    return;
  }
  if (f.from == PW_MAPS && own.claims + own.asks > 0) {
    const int64_t both = own.ask_and_claim ? gb_imin(own.claims, own.asks) : 0;
    const float *ask = own.asks > 0 ? own.ask : a;
    float *claim = own.claim;
    for (int64_t n = own.claims; n > 0; n--, left -= 2, claim += PW_LINE) {
      __builtin_prefetch(at.a + next);
      __builtin_prefetch(ask, 0, 2);
      __builtin_prefetch(ask + PW_LINE, 0, 2);
      *claim = 0.0f;
      ask += both > 0 ? 2 * PW_LINE : 0;
      pw_step(&own, s, &at, b, 0, f);
      pw_step(&own, s, &at, b, 0, f);
    }
    for (int64_t n = own.asks - both; n > 0; n--, left -= 2, ask += 2 * PW_LINE) {
      __builtin_prefetch(at.a + next);
      __builtin_prefetch(ask, 0, 2);
      __builtin_prefetch(ask + PW_LINE, 0, 2);
      pw_step(&own, s, &at, b, 0, f);
      pw_step(&own, s, &at, b, 0, f);
    }
  }
  for (; left > 1; left -= 2) {
    __builtin_prefetch(at.a + next);
    pw_step(&own, s, &at, b, 0, f);
    pw_step(&own, s, &at, b, 0, f);
  }
  if (left > 0)
    pw_step(&own, s, &at, b, 0, f);
}
#else
GB_INLINE void pw_sum(const pw_tile *t, pw_sums *s, const float *a, const float *b,
                      const pw_form f) {
  const float *const base = b, *gate = t->gate;
  const int32_t *offset = t->offsets;
  const int64_t lda = t->lda, ldb = t->ldb;
  const vm last = t->last;
  float *panel = t->panel;
  int64_t left = t->depth;
#if PW_HAS_FOURS
  if (f.from == PW_PANEL && f.rows * f.vectors == 12 && lda == f.rows && left >= 4) {
    if (f.vectors == 3)
      pw_fours_4x3(s->at, a, b, left / 4);
    else
      pw_fours_6x2(s->at, a, b, left / 4);
    a += left / 4 * 4 * f.rows;
    b += left / 4 * 4 * f.vectors * VW;
    left %= 4;
  }
#endif
  for (int64_t chunk; left > 0; left -= chunk) {
    chunk = gb_imin(left, PW_CHUNK);
    if (f.from != PW_OFFSETS) {
      GB_UNROLL
      for (int i = 0; i < f.rows; i++)
        __builtin_prefetch(a + PW_AHEAD(f.vectors) + i * 16, 0, 2);
    }
    for (int64_t k = chunk; k > 0; k--) {
      vf x[PW_NV];
      if (f.from == PW_OFFSETS)
        b = base + *offset++;
      GB_UNROLL
      for (int j = 0; j < f.vectors; j++) {
        x[j] = f.from == PW_PANEL ? vload(b + j * VW) : pw_load(b, j, last, f);
        if (f.from == PW_PACK && gate)
          x[j] *= vset1(*gate);
        GB_KEEP(x[j]);
        if (f.from != PW_PANEL)
          vstore(panel + j * VW, x[j]);
        if (f.from == PW_PACK)
          __builtin_prefetch(b + (f.vectors + j + 1) * VW);
      }
      panel += f.from != PW_PANEL ? f.vectors * VW : 0;
      gate += f.from == PW_PACK && gate;
      pw_add_column(s, a, x, f);
      a += lda;
      if (f.from != PW_OFFSETS)
        b += f.from == PW_PANEL ? f.vectors * VW : ldb;
    }
  }
}
#endif

#define PW_EACH_SUM(s, f, x, expression)                                                           \
  do {                                                                                             \
    GB_UNROLL                                                                                      \
    for (int i = 0; i < (f).rows; i++) {                                                           \
      GB_UNROLL                                                                                    \
      for (int j = 0; j < (f).vectors; j++) {                                                      \
        const vf x = (s)->at[i][j];                                                                \
        (s)->at[i][j] = expression;                                                                \
      }                                                                                            \
    }                                                                                              \
    if ((f).tail) {                                                                                \
      const vf x = (s)->tail;                                                                      \
      (s)->tail = expression;                                                                      \
    }                                                                                              \
  } while (0)

GB_INLINE void pw_end(const pw_tile *t, pw_sums *s, float *c, const pw_form f) {
  const vm last = t->last;
  const vf lo = vset1(t->lo), hi = vset1(t->hi);
  if (t->residual && !t->early)
    pw_add_residual(t, s, f);
  if (t->hard)
    PW_EACH_SUM(s, f, x, vhard_swish(x));
  if (t->hi < __builtin_inff())
    PW_EACH_SUM(s, f, x, vmin(hi, x));
  if (t->lo > -__builtin_inff())
    PW_EACH_SUM(s, f, x, vmax(lo, x));
  // Addresses of rows are made here: made in advance, as gcc 12 would, they are spilled, which
  // shallow products feel.
  GB_KEEP_POINTER(c);
  float *row = c;
  GB_UNROLL
  for (int i = 0; i < f.rows; i++, row += t->ldc) {
    GB_UNROLL
    for (int j = 0; j < f.vectors; j++) {
      if (f.masked && j == f.vectors - 1)
        vstorem(row + j * VW, s->at[i][j], last);
      else
        vstore(row + j * VW, s->at[i][j]);
    }
  }
  if (f.tail) {
    float x[VW];
    vstore(x, s->tail);
    for (int i = 0; i < f.rows; i++)
      c[i * t->ldc + f.vectors * VW] = x[i];
  }
}

GB_INLINE void pw_tile_run(const pw_tile *t, const float *restrict a, const float *restrict b,
                           float *c, const pw_form f) {
  // Maps lie far apart, so that the last steps would wait for every row of these: a 1 x 1
  // convolution of 64 to 256 maps of 56 x 56 with a residual takes half as long again without.
  // Measured with AVX2 only.
  if (VREGS == 16 && t->residual) {
    GB_UNROLL
    for (int i = 0; i < f.rows; i++) {
      __builtin_prefetch(t->residual + i * t->ldr);
      __builtin_prefetch(t->residual + i * t->ldr + f.vectors * VW - 1);
      __builtin_prefetch(c + i * t->ldc, 1);
      __builtin_prefetch(c + i * t->ldc + f.vectors * VW - 1, 1);
    }
  }
  pw_sums s;
  pw_begin(t, &s, c, f);
  pw_sum(t, &s, a, b, f);
  pw_end(t, &s, c, f);
}

#define PW_FORM(NAME, MR, NV, MASKED, TAIL, FROM)                                                  \
  GB_NOINLINE void pw_##NAME##_##MR##_##NV(const pw_tile *t, const float *a, const float *b,       \
                                           float *c) {                                             \
    pw_tile_run(t, a, b, c, (pw_form){MR, NV, MASKED, TAIL, FROM});                                \
  }
#define PW_OFFSETS_FORM(MR, NV) PW_FORM(offsets, MR, NV, 1, 0, PW_OFFSETS)

#if VREGS == 32
#define PW_TAIL_FORM(MR, NV) PW_FORM(tail, MR, NV, 0, 1, PW_MAPS)
#define PW_MAPS_FORM(MR, NV)                                                                       \
  PW_FORM(whole, MR, NV, 0, 0, PW_MAPS) PW_FORM(masked, MR, NV, 1, 0, PW_MAPS)
#define PW_PAIR(MR, NV)                                                                            \
  { pw_whole_##MR##_##NV, pw_masked_##MR##_##NV }
#define PW_EACH_MR(F, NV) F(1, NV) F(2, NV) F(3, NV) F(4, NV) F(5, NV) F(6, NV) F(7, NV) F(8, NV)
PW_EACH_MR(PW_MAPS_FORM, 1)
PW_EACH_MR(PW_MAPS_FORM, 2)
PW_EACH_MR(PW_MAPS_FORM, 3)
PW_MAPS_FORM(1, 4)
PW_MAPS_FORM(2, 4)
PW_MAPS_FORM(3, 4)
PW_MAPS_FORM(4, 4)
PW_MAPS_FORM(5, 4)
PW_MAPS_FORM(6, 4)
#define PW_ROW4(MR)                                                                                \
  { PW_PAIR(MR, 1), PW_PAIR(MR, 2), PW_PAIR(MR, 3), PW_PAIR(MR, 4) }
#define PW_ROW3(MR)                                                                                \
  {                                                                                                \
    PW_PAIR(MR, 1), PW_PAIR(MR, 2), PW_PAIR(MR, 3), {                                              \
      0, 0                                                                                         \
    }                                                                                              \
  }
// [rows - 1][vectors - 1][last vector is partial]
static __attribute__((unused)) pw_tile_fn *const pw_tiles[PW_MR][PW_NV][2] = {
    PW_ROW4(1), PW_ROW4(2), PW_ROW4(3), PW_ROW4(4), PW_ROW4(5), PW_ROW4(6), PW_ROW3(7), PW_ROW3(8)};
#else
#define PW_EACH_MR(F, NV) F(1, NV) F(2, NV) F(3, NV) F(4, NV) F(5, NV) F(6, NV)
#define PW_EACH_FORM(F) PW_EACH_MR(F, 1) PW_EACH_MR(F, 2) F(1, 3) F(2, 3) F(3, 3) F(4, 3)
#define PW_ROW3(NAME, MR)                                                                          \
  { pw_##NAME##_##MR##_1, pw_##NAME##_##MR##_2, pw_##NAME##_##MR##_3 }
#define PW_ROW2(NAME, MR)                                                                          \
  { pw_##NAME##_##MR##_1, pw_##NAME##_##MR##_2, 0 }
#define PW_ROWS(NAME)                                                                              \
  {                                                                                                \
    PW_ROW3(NAME, 1), PW_ROW3(NAME, 2), PW_ROW3(NAME, 3), PW_ROW3(NAME, 4), PW_ROW2(NAME, 5),      \
        PW_ROW2(NAME, 6)                                                                           \
  }
#define PW_PACK_FORM(MR, NV) PW_FORM(pack, MR, NV, 1, 0, PW_PACK)
#define PW_PANEL_FORM(MR, NV) PW_FORM(panel, MR, NV, 1, 0, PW_PANEL)
PW_EACH_FORM(PW_PANEL_FORM)
// [rows - 1][vectors - 1]
static __attribute__((unused)) pw_tile_fn *const pw_panels[PW_MR][PW_NV] = PW_ROWS(panel);
#endif

#if PW_HAS_TAIL
PW_EACH_MR(PW_TAIL_FORM, 3)
static __attribute__((unused))
pw_tile_fn *const pw_tail_tiles[PW_MR] = {pw_tail_1_3, pw_tail_2_3, pw_tail_3_3, pw_tail_4_3,
                                          pw_tail_5_3, pw_tail_6_3, pw_tail_7_3, pw_tail_8_3};
#endif

#endif
