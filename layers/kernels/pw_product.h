// A product of packed weights and maps, c(rows x pixels) = act(a(rows x depth) b(depth x pixels) +
// bias + residual), cut into register tiles: what pointwise and patch convolutions share.
//
// Weights are packed step by step of the depth (one with 32 registers), in each block by block of
// rows, in those column by column, without padding. Whichever way the loops go, each output is one
// sum in ascending k.
#ifndef GB_KERNELS_PW_PRODUCT_H
#define GB_KERNELS_PW_PRODUCT_H

#include "layers/kernels/pw_tile.h"

typedef struct pw_product {
  pw_cut cut;            // of all rows, as they were packed
  int64_t m0, m1;        // the rows asked for
  int64_t depth;         // columns of a, rows of b
  const float *a;        // all rows
  const float *b;        // row k begins at b + k ldb
  float *c;              // row m begins at c + m ldc
  const float *bias;     // of all rows, or NULL
  const float *residual; // row m begins at residual + m ldr; or NULL
  const gb_gate *gate;   // factors of the rows of b, or NULL
  gb_ask *ask;           // what to ask for meanwhile, or NULL
  int64_t pixels, ldb, ldc, ldr;
  gb_activation act;
  int partial;    // starts from what is in c: not the first block of a longer depth
  int unfinished; // not the last one: activation is still to come
  int64_t half;   // depth of a first half whose sums are added to those of the second; or 0
  // With 32 registers only:
  int pixels_outer; // a tile's pixels stay in the first-level cache while all weights go by
  int far;          // b comes from beyond the second-level cache
} pw_product;

// Fills what tiles of one product have in common; the steps are those of [k0, k1).
GB_INLINE pw_tile pw_tile_of(const pw_product *p, int64_t k0, int64_t k1) {
  const int unfinished = p->unfinished || k1 < p->depth;
  const gb_clamp clamp = gb_act_end(unfinished ? GB_ACT_NONE : p->act);
  return (pw_tile){.depth = k1 - k0,
                   .ldb = p->ldb,
                   .ldc = p->ldc,
                   .ldr = p->ldr,
                   .lo = clamp.lo,
                   .hi = clamp.hi,
                   .hard = clamp.hard,
                   .gate = p->gate ? p->gate->factor + k0 : NULL,
                   .partial = p->partial || k0 > 0};
}

// The rows of one block that were asked for.
typedef struct pw_rows {
  int64_t first, size, lo, hi; // of the block, and those asked for
} pw_rows;

GB_INLINE pw_rows pw_rows_of(const pw_product *p, int64_t block) {
  const int64_t first = pw_cut_at(p->cut, block), end = pw_cut_at(p->cut, block + 1);
  return (pw_rows){first, end - first, gb_imax(first, p->m0), gb_imin(end, p->m1)};
}

// Points the tile at rows r and at pixel `at`; returns its weights for the step that begins at k0.
GB_INLINE const float *pw_tile_at(const pw_product *p, pw_tile *t, pw_rows r, int64_t k0,
                                  int64_t at, int finished) {
  t->lda = r.size;
  t->bias = p->bias ? p->bias + r.lo : NULL;
  // The first step of several writes over a residual that lies in c, so that it takes it in.
  t->residual = p->residual && !p->partial && k0 == 0 ? p->residual + r.lo * p->ldr + at : NULL;
  t->early = !finished;
  return p->a + k0 * pw_cut_at(p->cut, p->cut.blocks) + r.first * t->depth + (r.lo - r.first);
}

// Activations that are neither a clamp nor hard swish, on what a tile has just written.
GB_INLINE void pw_activate(const pw_product *p, float *c, int64_t rows, int64_t pixels) {
  if (gb_act_end(p->act).more)
    for (int64_t i = 0; i < rows; i++)
      gb_act_row(p->act, c + i * p->ldc, c + i * p->ldc, pixels);
}

// Most vectors of pixels in a tile, by the rows of the largest block.
GB_INLINE int64_t pw_most_vectors(pw_cut cut) {
  const int64_t rows = cut.size + (cut.larger > 0);
  return VREGS == 32 ? (rows > 6 ? 3 : PW_NV) : rows > 4 ? 2 : PW_NV;
}

#if VREGS == 32
#define PW_HALF (PW_NV * VW + PW_LINE) // floats between rows of the first half's sums

// A block of rows of weights times the gate's factors. The rows of each k are a vector: what a
// store writes too much is the next k's, and is overwritten.
GB_INLINE void pw_gate(const pw_product *p, pw_rows r, float *to) {
  const float *from = p->a + r.first * p->depth;
  int64_t left = r.size * p->depth;
  for (int64_t k = 0; k < p->depth; k++, from += r.size, to += r.size, left -= r.size) {
    const vf s = vset1(p->gate->factor[k]);
    for (int64_t i = 0; i < r.size; i += VW) {
      if (i + VW <= left) {
        vstore(to + i, vload(from + i) * s);
      } else {
        const vm m = vmask_first(left - i);
        vstorem(to + i, vloadm(from + i, m) * s, m);
      }
    }
  }
}

// What a tile claims and asks for meanwhile: of the first parts that have anything left, as much as
// its turns allow.
GB_INLINE void pw_ask_for(pw_tile *t, gb_ask *ask) {
  const int64_t turns = t->depth / 2;
  int i = 0;
  t->claims = t->asks = 0;
  while (ask && i < ask->claim_count && ask->claims[i].next >= ask->claims[i].end)
    i++;
  if (ask && i < ask->claim_count) {
    gb_claim *c = &ask->claims[i];
    t->claims = gb_imin(turns, gb_idiv_up(c->end - c->next, PW_LINE));
    t->claim = c->next;
    c->next += gb_imin(t->claims * PW_LINE, c->end - c->next);
  }
  i = 0;
  while (ask && i < ask->read_count && ask->reads[i].end - ask->reads[i].next < 2 * PW_LINE)
    i++;
  if (ask && i < ask->read_count) {
    gb_read *r = &ask->reads[i];
    const int64_t pairs = (r->end - r->next) / (2 * PW_LINE);
    t->ask_and_claim = pairs >= t->claims;
    t->asks = gb_imin(pairs, t->ask_and_claim ? turns : turns - t->claims);
    t->ask = r->next;
    r->next += t->asks * 2 * PW_LINE;
  }
}

// The tile of these rows and vectors, with one pixel more behind them or not, the last vector
// masked or not.
GB_INLINE void pw_run_tile(const pw_tile *t, int64_t rows, int64_t nv, int tail, int masked,
                           const float *a, const float *b, float *c) {
#if PW_HAS_TAIL
  if (tail) {
    pw_tail_tiles[rows - 1](t, a, b, c);
    return;
  }
#endif
  (void)tail;
  pw_tiles[rows - 1][nv - 1][masked](t, a, b, c);
}

// A tile of the first half, whose sums the second one takes for its residual; there is no
// activation.
GB_NOINLINE __attribute__((unused)) void pw_halves(const pw_product *p, const pw_tile *whole,
                                                   int64_t rows, int64_t nv, int tail, int masked,
                                                   gb_ask *ask, const float *a, const float *b,
                                                   float *c) {
  float sums[PW_MR * PW_HALF] __attribute__((aligned(64)));
  pw_tile t = *whole;
  t.depth = p->half;
  t.ldc = PW_HALF;
  pw_ask_for(&t, ask);
  pw_run_tile(&t, rows, nv, tail, masked, a, b, sums);
  t = *whole;
  t.depth = p->depth - p->half;
  t.bias = NULL;
  t.residual = sums;
  t.ldr = PW_HALF;
  pw_ask_for(&t, ask);
  pw_run_tile(&t, rows, nv, tail, masked, a + p->half * t.lda, b + p->half * t.ldb, c);
}

// For every tile of pixels and block of rows one register tile runs over the whole depth, or two
// over its halves.
GB_INLINE void pw_multiply(const pw_product *p) {
  const int64_t b0 = pw_cut_find(p->cut, p->m0), b1 = pw_cut_find(p->cut, p->m1 - 1) + 1;
  const int64_t tails = pw_tails_of(p->pixels);
  const int64_t vectors = tails ? p->pixels / VW - tails * PW_TAIL_NV : gb_idiv_up(p->pixels, VW);
  const pw_cut spans =
      vectors > 0 ? pw_cut_of(vectors, pw_most_vectors(p->cut)) : (pw_cut){0, 0, 0};
  const int64_t total = spans.blocks + tails;
  pw_tile t = pw_tile_of(p, 0, p->depth);
  for (int64_t i = 0; i < (p->pixels_outer ? total : b1 - b0); i++)
    for (int64_t j = 0; j < (p->pixels_outer ? b1 - b0 : total); j++) {
      const int64_t span = p->pixels_outer ? i : j, block = b0 + (p->pixels_outer ? j : i);
      const int tail = span >= spans.blocks;
      const int64_t nv = tail ? PW_TAIL_NV : pw_cut_at(spans, span + 1) - pw_cut_at(spans, span);
      const int64_t at = tail ? vectors * VW + (span - spans.blocks) * (PW_TAIL_NV * VW + 1)
                              : pw_cut_at(spans, span) * VW;
      const int64_t pixels = gb_imin(nv * VW + tail, p->pixels - at);
      const pw_rows r = pw_rows_of(p, block);
      const int masked = pixels % VW != 0;
      const float *a = pw_tile_at(p, &t, r, 0, at, !p->unfinished);
      float *c = p->c + r.lo * p->ldc + at;
      if (p->gate) {
        // Weights are multiplied when they are met first. If they go by only once they stay where
        // the last block's were, in the first-level cache. Meanwhile the next block's are asked
        // for: pw_gate alone would wait for them, a tenth of the time of 112 x 672 by 14 x 14.
        float *gated = p->gate->scratch + (p->pixels_outer ? r.first * p->depth : 0);
        if (p->pixels_outer ? i == 0 : j == 0)
          pw_gate(p, r, gated);
        a = gated + (r.lo - r.first);
        t.next = !p->pixels_outer || i == 0 ? p->a + (r.first + r.size) * p->depth - gated : 0;
      }
      t.last = vmask_first(pixels - (nv - 1) * VW);
      // The first block of rows asks for the pixels of the next tile, if they come from far away.
      t.ahead = p->far && j == 0 ? pixels : 0;
      gb_ask *ask = t.ahead ? NULL : p->ask;
      if (p->half > 0) {
        pw_halves(p, &t, r.hi - r.lo, nv, tail, masked, ask, a, p->b + at, c);
      } else {
        pw_ask_for(&t, ask);
        pw_run_tile(&t, r.hi - r.lo, nv, tail, masked, a, p->b + at, c);
      }
      if (!p->unfinished)
        pw_activate(p, c, r.hi - r.lo, pixels);
    }
}

#else

PW_EACH_FORM(PW_PACK_FORM)
static __attribute__((unused)) pw_tile_fn *const pw_packs[PW_MR][PW_NV] = PW_ROWS(pack);

// One pixel, rows (at most VW of a block) in the lanes: what is left of 7 x 7 = 49 pixels after six
// vectors. Four blocks of rows at a time, as many sums as hide the latency of a multiply-add.
#define PW_COLUMN 4
GB_NOINLINE __attribute__((unused)) void pw_column(const pw_product *p, int64_t k0, int64_t k1,
                                                   int64_t first, int64_t blocks, int64_t at) {
  const int finished = !p->unfinished && k1 == p->depth;
  pw_tile t = pw_tile_of(p, k0, k1);
  pw_rows r[PW_COLUMN];
  const float *a[PW_COLUMN], *residual[PW_COLUMN];
  vm rows[PW_COLUMN];
  vf sum[PW_COLUMN];
  for (int i = 0; i < PW_COLUMN; i++) {
    // Blocks that are not there: the last one again, without lanes.
    r[i] = pw_rows_of(p, first + gb_imin(i, blocks - 1));
    a[i] = pw_tile_at(p, &t, r[i], k0, at, finished);
    residual[i] = t.residual;
    rows[i] = vmask_first(i < blocks ? r[i].hi - r[i].lo : 0);
    float start[VW] = {0};
    for (int64_t m = r[i].lo; m < r[i].hi; m++) {
      start[m - r[i].lo] = t.partial ? p->c[m * p->ldc + at] : p->bias ? p->bias[m] : 0.0f;
      if (t.early && residual[i])
        start[m - r[i].lo] += residual[i][(m - r[i].lo) * p->ldr];
    }
    sum[i] = vload(start);
  }
  const float *b = p->b + k0 * p->ldb + at;
  for (int64_t k = k0; k < k1; k++, b += p->ldb) {
    const vf x = vset1(t.gate ? *b * t.gate[k - k0] : *b);
    GB_UNROLL
    for (int i = 0; i < PW_COLUMN; i++) {
      sum[i] = vfma(vloadm(a[i], rows[i]), x, sum[i]);
      a[i] += r[i].size;
    }
  }
  const vf lo = vset1(t.lo), hi = vset1(t.hi);
  for (int i = 0; i < blocks; i++) {
    float end[VW] = {0};
    for (int64_t m = r[i].lo; !t.early && residual[i] && m < r[i].hi; m++)
      end[m - r[i].lo] = residual[i][(m - r[i].lo) * p->ldr];
    vf y = sum[i] + vload(end);
    if (t.hard)
      y = vhard_swish(y);
    vstore(end, vclamp(y, lo, hi));
    for (int64_t m = r[i].lo; m < r[i].hi; m++)
      p->c[m * p->ldc + at] = end[m - r[i].lo];
    if (finished)
      pw_activate(p, p->c + r[i].lo * p->ldc + at, r[i].hi - r[i].lo, 1);
  }
}

// Weights that go by one panel after another: they stay in a second-level cache of 256 KB or more.
#define PW_GROUP_BYTES (128 * 1024)

// Blocks of rows [first, end) of one step of the depth.
typedef struct pw_group {
  int64_t k0, k1, first, end;
} pw_group;

// Claims some lines: without registers to spare, a few before a tile, whose stores wait in a queue
// while the tile multiplies.
GB_INLINE void pw_claim(gb_ask *ask, int64_t lines) {
  for (int i = 0; ask && i < ask->claim_count; i++)
    for (gb_claim *c = &ask->claims[i]; c->next < c->end && lines > 0; lines--) {
      *c->next = 0.0f;
      c->next += gb_imin(PW_LINE, c->end - c->next);
    }
}

// A group times `pixels` pixels from `at` on, at most nv vectors: the first block of rows copies
// its pixels to the panel, where they lie side by side and aligned; the others read that.
GB_INLINE void pw_span(const pw_product *p, pw_group g, pw_tile *t, int64_t at, int64_t nv,
                       int64_t pixels) {
  const int finished = !p->unfinished && g.k1 == p->depth;
  t->last = vmask_first(pixels - (nv - 1) * VW);
  for (int64_t block = g.first; block < g.end; block++) {
    const pw_rows r = pw_rows_of(p, block);
    const float *a = pw_tile_at(p, t, r, g.k0, at, finished);
    float *c = p->c + r.lo * p->ldc + at;
    if (block == g.first) {
      pw_packs[r.hi - r.lo - 1][nv - 1](t, a, p->b + g.k0 * p->ldb + at, c);
    } else {
      pw_claim(p->ask, (g.k1 - g.k0) / 8);
      pw_panels[r.hi - r.lo - 1][nv - 1](t, a, t->panel, c);
    }
    if (finished)
      pw_activate(p, c, r.hi - r.lo, pixels);
  }
}

GB_INLINE void pw_multiply(const pw_product *p) {
  float panel[PW_DEPTH * PW_NV * VW] __attribute__((aligned(64)));
  const int64_t b0 = pw_cut_find(p->cut, p->m0), b1 = pw_cut_find(p->cut, p->m1 - 1) + 1;
  const int64_t rows = p->cut.size + (p->cut.larger > 0);
  const int column = p->pixels % VW == 1 && p->pixels > VW && rows <= VW;
  const int64_t whole = p->pixels - column;
  const pw_cut spans = pw_cut_of(gb_idiv_up(whole, VW), pw_most_vectors(p->cut));
  const pw_cut steps = pw_steps_of(p->depth);
  const int64_t most = PW_GROUP_BYTES / (PW_DEPTH * rows * (int64_t)sizeof *panel);
  pw_group g;
  for (int64_t step = 0; step < steps.blocks; step++) {
    g.k0 = pw_cut_at(steps, step);
    g.k1 = pw_cut_at(steps, step + 1);
    pw_tile t = pw_tile_of(p, g.k0, g.k1);
    t.panel = panel;
    for (g.first = b0; g.first < b1; g.first = g.end) {
      g.end = gb_imin(g.first + most, b1);
      for (int64_t span = 0; span < spans.blocks; span++) {
        const int64_t v0 = pw_cut_at(spans, span), v1 = pw_cut_at(spans, span + 1);
        pw_span(p, g, &t, v0 * VW, v1 - v0, gb_imin(v1 * VW, whole) - v0 * VW);
      }
      for (int64_t block = g.first; column && block < g.end; block += PW_COLUMN)
        pw_column(p, g.k0, g.k1, block, gb_imin(PW_COLUMN, g.end - block), whole);
    }
  }
}
#endif

#endif
