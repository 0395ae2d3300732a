// The register tile of every matrix-like kernel: MR rows of weights times NV vectors of pixels.
//
// c(MR x NV) = start + sum over k of a[k][row] * b[k][pixel], k ascending, one accumulator an
// output, so the bits of a result do not depend on the tile, on the row block, or on how threads
// split the work.
//
// TAIL adds one more pixel behind the last vector, kept with rows in the lanes: 7 x 7 = 49 pixels
// are three vectors of 16 and one pixel, and a fourth vector for it would waste a quarter of the
// work.
#ifndef GB_KERNELS_PW_TILE_H
#define GB_KERNELS_PW_TILE_H

#include "layers/kernels/activate.h"

// Tiles measured at the FMA peak with gcc 12 and clang 14; 28 accumulators make both spill.
#if VREGS == 32
#define PW_MR 8
#define PW_NV 4
#else
#define PW_MR 6
#define PW_NV 2
#endif
#define PW_HAS_TAIL (VW >= PW_MR)

// Weights are read once a run of the network, from beyond the second-level cache, and the
// processor's own prefetcher starts anew on every page: asked for 2 KB ahead, a 7 x 7 product of
// 160 x 480 weights runs at 196 GFLOP/s instead of 145 (peak 228). Tiles of fewer vectors use their
// weights up faster, and look further.
#define PW_AHEAD(NV) (2048 / (NV))

typedef struct pw_tile {
  int64_t depth, lda, ldb, ldc, ldr;
  const int32_t *offsets; // where row k of b begins, for the tiles of conv.c; others go by ldb
  const float *bias;      // of the first row, or NULL
  const float *residual;  // the first pixel of the first row, row stride ldr, or NULL
  float lo, hi;           // the clamp at the end
  int hard;               // hard swish before the clamp
  int partial;            // 1: start from the sums already in c (a further block of k)
  vm last;                // lanes of the last vector
  int64_t ahead;          // pixels from here to those that are asked for meanwhile; 0: none are
} pw_tile;

typedef void pw_tile_fn(const pw_tile *t, const float *a, const float *b, float *c);

GB_INLINE void pw_tile_run(const pw_tile *t, const float *restrict a, const float *restrict b,
                           float *c, const int MR, const int NV, const int MASKED, const int TAIL,
                           const int INDIRECT) {
  vf acc[PW_MR][PW_NV], tail = vzero();
  const int64_t lda = t->lda, ldb = t->ldb, ldc = t->ldc;
  const vm last = t->last, rows = vmask_first(MR);
  if (t->partial) {
    GB_UNROLL
    for (int i = 0; i < MR; i++) {
      GB_UNROLL
      for (int j = 0; j < NV; j++)
        acc[i][j] = MASKED && j == NV - 1 ? vloadm(c + i * ldc + j * VW, last)
                                          : vload(c + i * ldc + j * VW);
    }
    if (TAIL) {
      float s[VW] = {0};
      for (int i = 0; i < MR; i++)
        s[i] = c[i * ldc + NV * VW];
      tail = vload(s);
    }
  } else {
    GB_UNROLL
    for (int i = 0; i < MR; i++) {
      const vf s = t->bias ? vset1(t->bias[i]) : vzero();
      GB_UNROLL
      for (int j = 0; j < NV; j++)
        acc[i][j] = s;
    }
    if (TAIL && t->bias)
      tail = vloadm(t->bias, rows);
  }
  const float *const base = b;
  const int32_t *offsets = t->offsets;
  const int64_t ahead = t->ahead;
  for (int64_t k = t->depth; k > 0; k--) {
    vf x[PW_NV];
    if (INDIRECT)
      b = base + *offsets++;
    GB_UNROLL
    for (int j = 0; j < NV; j++)
      x[j] = MASKED && j == NV - 1 ? vloadm(b + j * VW, last) : vload(b + j * VW);
    __builtin_prefetch(a + PW_AHEAD(NV));
    if (!INDIRECT) {
      GB_UNROLL
      for (int j = 0; j < NV; j++)
        __builtin_prefetch(b + ahead + j * VW);
    }
    GB_UNROLL
    for (int i = 0; i < MR; i++) {
      const vf w = vset1(a[i]);
      GB_UNROLL
      for (int j = 0; j < NV; j++)
        acc[i][j] = vfma(w, x[j], acc[i][j]);
    }
    if (TAIL)
      tail = vfma(vloadm(a, rows), vset1(b[NV * VW]), tail);
    a += lda;
    if (!INDIRECT)
      b += ldb;
  }
  if (t->residual) {
    GB_UNROLL
    for (int i = 0; i < MR; i++) {
      GB_UNROLL
      for (int j = 0; j < NV; j++) {
        const float *r = t->residual + i * t->ldr + j * VW;
        acc[i][j] += MASKED && j == NV - 1 ? vloadm(r, last) : vload(r);
      }
    }
    if (TAIL) {
      float r[VW] = {0};
      for (int i = 0; i < MR; i++)
        r[i] = t->residual[i * t->ldr + NV * VW];
      tail += vload(r);
    }
  }
  if (t->hard) {
    GB_UNROLL
    for (int i = 0; i < MR; i++) {
      GB_UNROLL
      for (int j = 0; j < NV; j++)
        acc[i][j] = vhard_swish(acc[i][j]);
    }
    tail = vhard_swish(tail);
  }
  const vf lo = vset1(t->lo), hi = vset1(t->hi);
  GB_UNROLL
  for (int i = 0; i < MR; i++) {
    GB_UNROLL
    for (int j = 0; j < NV; j++) {
      const vf y = vclamp(acc[i][j], lo, hi);
      if (MASKED && j == NV - 1)
        vstorem(c + i * ldc + j * VW, y, last);
      else
        vstore(c + i * ldc + j * VW, y);
    }
  }
  if (TAIL) {
    float s[VW];
    vstore(s, vclamp(tail, lo, hi));
    for (int i = 0; i < MR; i++)
      c[i * ldc + NV * VW] = s[i];
  }
}

// On AVX-512 a masked load costs what a plain one does, so one form serves both there.
#if VW == 16
#define PW_FORMS(MR, NV)                                                                           \
  GB_NOINLINE void pw_##MR##_##NV(const pw_tile *t, const float *a, const float *b, float *c) {    \
    pw_tile_run(t, a, b, c, MR, NV, 1, 0, 0);                                                      \
  }
#define PW_ROW(MR, NV)                                                                             \
  { pw_##MR##_##NV, pw_##MR##_##NV }
#else
#define PW_FORMS(MR, NV)                                                                           \
  GB_NOINLINE void pw_##MR##_##NV(const pw_tile *t, const float *a, const float *b, float *c) {    \
    pw_tile_run(t, a, b, c, MR, NV, 0, 0, 0);                                                      \
  }                                                                                                \
  GB_NOINLINE void pw_##MR##_##NV##_m(const pw_tile *t, const float *a, const float *b,            \
                                      float *c) {                                                  \
    pw_tile_run(t, a, b, c, MR, NV, 1, 0, 0);                                                      \
  }
#define PW_ROW(MR, NV)                                                                             \
  { pw_##MR##_##NV, pw_##MR##_##NV##_m }
#endif
#define PW_INDIRECT_FORM(MR, NV)                                                                   \
  GB_NOINLINE void pw_indirect_##MR##_##NV(const pw_tile *t, const float *a, const float *b,       \
                                           float *c) {                                             \
    pw_tile_run(t, a, b, c, MR, NV, 1, 0, 1);                                                      \
  }
#define PW_TAIL_FORM(MR, NV)                                                                       \
  GB_NOINLINE void pw_tail_##MR##_##NV(const pw_tile *t, const float *a, const float *b,           \
                                       float *c) {                                                 \
    pw_tile_run(t, a, b, c, MR, NV, 0, 1, 0);                                                      \
  }

#if VREGS == 32
#define PW_EACH_MR(F, NV) F(1, NV) F(2, NV) F(3, NV) F(4, NV) F(5, NV) F(6, NV) F(7, NV) F(8, NV)
PW_EACH_MR(PW_FORMS, 1)
PW_EACH_MR(PW_FORMS, 2)
PW_EACH_MR(PW_FORMS, 3)
PW_FORMS(1, 4)
PW_FORMS(2, 4)
PW_FORMS(3, 4)
PW_FORMS(4, 4)
PW_FORMS(5, 4)
PW_FORMS(6, 4)
#define PW_ROW4(MR)                                                                                \
  { PW_ROW(MR, 1), PW_ROW(MR, 2), PW_ROW(MR, 3), PW_ROW(MR, 4) }
#define PW_ROW3(MR)                                                                                \
  {                                                                                                \
    PW_ROW(MR, 1), PW_ROW(MR, 2), PW_ROW(MR, 3), {                                                 \
      0, 0                                                                                         \
    }                                                                                              \
  }
// [rows - 1][vectors - 1][last vector is partial]
static __attribute__((unused)) pw_tile_fn *const pw_tiles[PW_MR][PW_NV][2] = {
    PW_ROW4(1), PW_ROW4(2), PW_ROW4(3), PW_ROW4(4), PW_ROW4(5), PW_ROW4(6), PW_ROW3(7), PW_ROW3(8)};
#else
#define PW_EACH_MR(F, NV) F(1, NV) F(2, NV) F(3, NV) F(4, NV) F(5, NV) F(6, NV)
PW_EACH_MR(PW_FORMS, 1)
PW_EACH_MR(PW_FORMS, 2)
#define PW_ROW2(MR)                                                                                \
  { PW_ROW(MR, 1), PW_ROW(MR, 2) }
static __attribute__((unused)) pw_tile_fn *const pw_tiles[PW_MR][PW_NV][2] = {
    PW_ROW2(1), PW_ROW2(2), PW_ROW2(3), PW_ROW2(4), PW_ROW2(5), PW_ROW2(6)};
#endif

#if PW_HAS_TAIL && VREGS == 32
PW_EACH_MR(PW_TAIL_FORM, 3)
static __attribute__((unused))
pw_tile_fn *const pw_tail_tiles[PW_MR] = {pw_tail_1_3, pw_tail_2_3, pw_tail_3_3, pw_tail_4_3,
                                          pw_tail_5_3, pw_tail_6_3, pw_tail_7_3, pw_tail_8_3};
#define PW_TAIL_NV 3
#elif PW_HAS_TAIL
PW_EACH_MR(PW_TAIL_FORM, 2)
static __attribute__((unused)) pw_tile_fn *const pw_tail_tiles[PW_MR] = {
    pw_tail_1_2, pw_tail_2_2, pw_tail_3_2, pw_tail_4_2, pw_tail_5_2, pw_tail_6_2};
#define PW_TAIL_NV 2
#else
#define PW_TAIL_NV 0
#endif
#define PW_TAILS (VW == 16 ? 4 : 1) // most tiles with a tail: each costs a multiply-add a step more

// How many tiles with a tail `pixels` pixels are cut into, beside whole vectors: 14 x 14 = 196 are
// four, and cost 12.5 vectors instead of 13.
GB_INLINE int64_t pw_tails_of(int64_t pixels) {
  const int64_t over = pixels % VW;
  return PW_TAIL_NV > 0 && over <= PW_TAILS && pixels >= over * (PW_TAIL_NV * VW + 1) ? over : 0;
}

// How rows are cut into blocks: `blocks` blocks of nearly equal size, the first `larger` one row
// larger. Rows never are padded, so 20 rows are 7 + 7 + 6 and cost 20.
typedef struct pw_cut {
  int64_t blocks, size, larger;
} pw_cut;

GB_INLINE pw_cut pw_cut_of(int64_t n, int64_t most) {
  const int64_t blocks = n > 0 ? gb_idiv_up(n, most) : 1;
  return (pw_cut){blocks, n / blocks, n % blocks};
}
GB_INLINE int64_t pw_cut_at(pw_cut c, int64_t block) {
  return block * c.size + gb_imin(block, c.larger);
}
GB_INLINE int64_t pw_cut_find(pw_cut c, int64_t row) {
  const int64_t first = c.larger * (c.size + 1);
  return row < first ? row / (c.size + 1) : c.larger + (row - first) / gb_imax(c.size, 1);
}

// Rows a block of the packed weights holds at most: 8 x 3 or 6 x 4 tiles, whichever reads less.
// Pixels hint only at the tile, so that weights packed for one size serve every other.
GB_INLINE int64_t pw_block_rows(int64_t rows, int64_t pixels) {
#if VREGS == 32
  const pw_cut six = pw_cut_of(rows, 6), eight = pw_cut_of(rows, 8);
  const int tail = VW == 16 && pw_tails_of(pixels) > 0 && pixels < 14 * VW;
  return tail || rows % 8 == 0 || 3 * rows * six.blocks >= 4 * rows * eight.blocks ? 8 : 6;
#else
  (void)pixels;
  (void)rows;
  return PW_MR;
#endif
}

#endif
