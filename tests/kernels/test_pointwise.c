// Pointwise and linear kernels against plain loops.
#define _DEFAULT_SOURCE // mmap
#include "tests/kernels/support.h"

enum { CLAIM = 1500 }; // floats that kernels may claim

static const gb_activation acts[] = {
    GB_ACT_NONE,       GB_ACT_RELU,    GB_ACT_RELU6, GB_ACT_HARD_SIGMOID, GB_ACT_CLIPPED_SIGMOID,
    GB_ACT_HARD_SWISH, GB_ACT_SIGMOID, GB_ACT_ELU};

// The sum of two halves, whole and cut, has the bits of what two calls make.
static void halves_case(const gb_kernels *k, group *t, const gb_pointwise_shape *g,
                        const float *weights, const float *bias, const float *in,
                        const gb_gate *gate, const float *residual, int64_t m, int64_t p,
                        uint64_t seed) {
  const int64_t rows = g->rows, half = 1 + (int64_t)(seed % (uint64_t)(g->depth - 1));
  const size_t n = (size_t)(rows * g->pixels);
  float *out[4]; // of both halves, of all, of all in parts
  for (int i = 0; i < 4; i++) {
    const int64_t from = i == 1 ? half : 0, end = i == 0 ? half : g->depth;
    gb_pointwise_shape part = *g;
    part.depth = end - from;
    part.out_stride = g->pixels;
    part.half = i < 2 ? 0 : half;
    float *w = malloc((size_t)(rows * part.depth) * sizeof *w),
          *packed = malloc(k->pointwise_pack_size(&part) * sizeof *packed);
    out[i] = malloc(n * sizeof *out[i]);
    put_rows(w, part.depth, weights + from, g->depth, rows, part.depth);
    k->pointwise_pack(&part, w, packed);
    const gb_gate own = gate ? (gb_gate){gate->factor + from, gate->scratch} : (gb_gate){0};
    const int64_t m0 = i < 3 ? rows : m, p0 = i < 3 ? g->pixels : p;
    const int64_t rows_at[] = {0, m0, rows}, pixels_at[] = {0, p0, g->pixels};
    for (int c = 0; c < 4; c++)
      k->pointwise(&part, packed, i == 1 ? NULL : bias, in + from * g->in_stride,
                   gate ? &own : NULL, NULL, i == 1 ? NULL : residual, out[i], rows_at[c / 2],
                   rows_at[c / 2 + 1], pixels_at[c % 2], pixels_at[c % 2 + 1]);
    free(w);
    free(packed);
  }
  for (size_t i = 0; i < n; i++)
    out[0][i] += out[1][i];
  for (int i = 2; i < 4; i++)
    if (memcmp(out[i], out[0], n * sizeof *out[0]) != 0)
      group_fail(t, "rows %ld depth %ld pixels %ld seed %lu: %s are not the sum of halves at %ld",
                 (long)rows, (long)g->depth, (long)g->pixels, (unsigned long)seed,
                 i == 2 ? "all" : "parts", (long)half);
  for (int i = 0; i < 4; i++)
    free(out[i]);
}

static void pointwise_case(const gb_kernels *k, group *t, int64_t rows, int64_t depth,
                           int64_t pixels, uint64_t seed) {
  rng r = {seed};
  const int side = (int)(seed & 1), has_bias = seed % 3 != 0, has_residual = seed % 4 == 1;
  const int has_gate = seed % 5 < 2;
  const gb_pointwise_shape g = {.rows = rows,
                                .depth = depth,
                                .pixels = pixels,
                                .in_stride = pixels + (int64_t)(seed % 5),
                                .out_stride = pixels + (int64_t)(seed % 7),
                                .residual_stride = pixels + 2,
                                .act = acts[seed % 8]};
  const size_t in_n = (size_t)((depth - 1) * g.in_stride + pixels), pad = 40;
  const size_t out_n = (size_t)((rows - 1) * g.out_stride + pixels),
               res_n = (size_t)((rows - 1) * g.residual_stride + pixels);
  guarded in = guarded_new(in_n, side), w = guarded_new((size_t)(rows * depth), side),
          bias = guarded_new((size_t)rows, side);
  guarded res = guarded_new(res_n, side), packed = guarded_new(k->pointwise_pack_size(&g), side);
  guarded factor = guarded_new((size_t)depth, side),
          scratch = guarded_new(k->pointwise_scratch_size(&g), side);
  float *out = malloc((out_n + 2 * pad) * sizeof *out),
        *cut = malloc((out_n + 2 * pad) * sizeof *out);
  rng_fill(&r, in.at, in_n);
  rng_fill(&r, w.at, w.n);
  rng_fill(&r, bias.at, bias.n);
  rng_fill(&r, res.at, res_n);
  rng_fill(&r, factor.at, factor.n);
  const gb_gate gated = {factor.at, scratch.at}, *gate = has_gate ? &gated : NULL;
  mark(out, out_n + 2 * pad);
  mark(cut, out_n + 2 * pad);
  k->pointwise_pack(&g, w.at, packed.at);
  // What is asked for is never read: nothing lies there.
  const float *const nowhere = (const float *)(uintptr_t)4096;
  const int64_t asked = (int64_t)(rng_next(&r) % 4096), claimed = (int64_t)(rng_next(&r) % CLAIM);
  float claims[CLAIM];
  for (int i = 0; i < CLAIM; i++)
    claims[i] = 1.0f;
  gb_ask ask = {.read_count = 2,
                .reads = {{nowhere, nowhere + asked}, {nowhere, nowhere + 16 * depth}},
                .claim_count = 2,
                .claims = {{claims, claims}, {claims, claims + claimed}}};
  const float *b = has_bias ? bias.at : NULL, *e = has_residual ? res.at : NULL;
  k->pointwise(&g, packed.at, b, in.at, gate, NULL, e, out + pad, 0, rows, 0, pixels);
  const int64_t m = (int64_t)(rng_next(&r) % (uint32_t)(rows + 1)),
                p = (int64_t)(rng_next(&r) % (uint32_t)(pixels + 1));
  k->pointwise(&g, packed.at, b, in.at, gate, &ask, e, cut + pad, 0, m, 0, p);
  k->pointwise(&g, packed.at, b, in.at, gate, &ask, e, cut + pad, m, rows, 0, p);
  k->pointwise(&g, packed.at, b, in.at, gate, &ask, e, cut + pad, 0, m, p, pixels);
  k->pointwise(&g, packed.at, b, in.at, gate, &ask, e, cut + pad, m, rows, p, pixels);
  for (int i = 0; i < 2; i++)
    if (ask.reads[i].next < nowhere || ask.reads[i].next > ask.reads[i].end ||
        ask.claims[i].next < claims || ask.claims[i].next > ask.claims[i].end)
      group_fail(t, "rows %ld depth %ld pixels %ld seed %lu: asks beyond the end of part %d",
                 (long)rows, (long)depth, (long)pixels, (unsigned long)seed, i);
  for (int64_t i = 0; i < CLAIM; i++)
    if (claims[i] != (i % 16 == 0 && claims + i < ask.claims[1].next ? 0.0f : 1.0f))
      group_fail(t, "rows %ld depth %ld pixels %ld seed %lu: %g in claimed memory at %ld of %ld",
                 (long)rows, (long)depth, (long)pixels, (unsigned long)seed, (double)claims[i],
                 (long)i, (long)claimed);
  // With 16 registers it is all blocks of rows but the first that claim.
  if (k->isa != GB_ISA_AVX512 && k->isa != GB_ISA_NEON && rows > 24 && depth >= 8 && claimed > 0 &&
      ask.claims[1].next == claims)
    group_fail(t, "rows %ld depth %ld pixels %ld seed %lu: claims nothing", (long)rows, (long)depth,
               (long)pixels, (unsigned long)seed);
  // The first tile goes about it every two k, where there are 32 registers.
  if ((k->isa == GB_ISA_AVX512 || k->isa == GB_ISA_NEON) && depth > 1 &&
      (claimed > 0 ? ask.claims[1].next == claims
                   : ask.reads[0].next == nowhere && ask.reads[1].next == nowhere))
    group_fail(t, "rows %ld depth %ld pixels %ld seed %lu: asks for nothing", (long)rows,
               (long)depth, (long)pixels, (unsigned long)seed);
  t->cases++;
  if (memcmp(out, cut, (out_n + 2 * pad) * sizeof *out) != 0)
    group_fail(t,
               "rows %ld depth %ld pixels %ld seed %lu: cut at row %ld, pixel %ld gives other bits",
               (long)rows, (long)depth, (long)pixels, (unsigned long)seed, (long)m, (long)p);
  if (e) { // the residual may be the output
    gb_pointwise_shape same = g;
    same.residual_stride = g.out_stride;
    put_rows(cut + pad, g.out_stride, e, g.residual_stride, rows, pixels);
    k->pointwise(&same, packed.at, b, in.at, gate, NULL, cut + pad, cut + pad, 0, rows, p, pixels);
    k->pointwise(&same, packed.at, b, in.at, gate, NULL, cut + pad, cut + pad, 0, rows, 0, p);
    if (memcmp(out, cut, (out_n + 2 * pad) * sizeof *out) != 0)
      group_fail(t, "rows %ld depth %ld pixels %ld seed %lu: adding in place gives other bits",
                 (long)rows, (long)depth, (long)pixels, (unsigned long)seed);
  }
  if (g.act == GB_ACT_NONE && depth > 1 && k->pointwise_halves())
    halves_case(k, t, &g, w.at, b, in.at, gate, e, m, p, seed);
  int bad = 0;
  for (size_t i = 0; i < out_n + 2 * pad && !bad; i++) {
    const int64_t at = (int64_t)i - (int64_t)pad, row = at >= 0 ? at / g.out_stride : -1,
                  x = at >= 0 ? at % g.out_stride : 0;
    if (row < 0 || row >= rows || x >= pixels) {
      if (!is_marked(out[i])) {
        group_fail(t, "rows %ld depth %ld pixels %ld seed %lu: wrote outside at %ld", (long)rows,
                   (long)depth, (long)pixels, (unsigned long)seed, (long)at);
        bad = 1;
      }
      continue;
    }
    double sum = 0, size = 0;
    for (int64_t d = 0; d < depth; d++) {
      const double term = (double)w.at[row * depth + d] * (double)in.at[d * g.in_stride + x] *
                          (has_gate ? (double)factor.at[d] : 1.0);
      sum += term;
      size += fabs(term);
    }
    const double bias_x = b ? (double)b[row] : 0,
                 add = bias_x + (e ? (double)e[row * g.residual_stride + x] : 0);
    const double want = act_double(g.act, sum + add), got = (double)out[i];
    const double tol = act_slope(g.act) * sum_tolerance(depth + 2 + has_gate,
                                                        size + fabs(bias_x) + fabs(add - bias_x)) +
                       act_extra(g.act);
    if (!(fabs(got - want) <= tol)) {
      group_fail(
          t, "rows %ld depth %ld pixels %ld act %d seed %lu: [%ld][%ld] = %.9g, not %.9g +- %.2g",
          (long)rows, (long)depth, (long)pixels, (int)g.act, (unsigned long)seed, (long)row,
          (long)x, got, want, tol);
      bad = 1;
    }
  }
  free(out);
  free(cut);
  guarded_free(&in);
  guarded_free(&w);
  guarded_free(&bias);
  guarded_free(&res);
  guarded_free(&packed);
  guarded_free(&factor);
  guarded_free(&scratch);
}

static void test_pointwise(const gb_kernels *k, group *t) {
  static const int64_t rows[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 20, 23, 40};
  const int64_t v = k->lanes;
  const int64_t pixels[] = {1,         2,     v - 1,     v,         v + 1,     2 * v,
                            2 * v + 1, 3 * v, 3 * v + 1, 4 * v,     4 * v + 1, 5 * v - 1,
                            7 * v + 3, 13,    49,        97,        196,       98,
                            147,       195,   197,       6 * v + 2, 9 * v + 3, 13 * v + 4};
  const int64_t depths[] = {1, 2, 7, 16, 37};
  uint64_t seed = 1;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    for (size_t j = 0; j < sizeof pixels / sizeof *pixels; j++, seed++)
      pointwise_case(k, t, rows[i], depths[seed % 5], pixels[j], seed);
  // Deep enough that the tile no longer fits the first-level cache, and maps that do not fit the
  // second.
  for (int again = 0; again < 5; again++) // with a gate and without
    pointwise_case(k, t, 17, 641, 196, seed++);
  pointwise_case(k, t, 9, 300, 1021, seed++);
  // Where the depth is cut into steps of 256, rows into groups of 128, and one pixel is left over.
  for (int64_t depth = 255; depth <= 258; depth++)
    for (size_t j = 0; j < sizeof pixels / sizeof *pixels; j += 3, seed++)
      pointwise_case(k, t, 5, depth, pixels[j], seed);
  for (int64_t i = 0; i < 8; i++, seed++)
    pointwise_case(k, t, 125 + i, 120 + 47 * i, 49, seed);
  for (int64_t i = 0; i < 4; i++) // with a residual in each
    pointwise_case(k, t, 30 + i, 256 + 300 * i, 49 + 97 * i, 4 * (uint64_t)i + 1);
}

static void linear_case(const gb_kernels *k, group *t, int64_t rows, int64_t depth, int64_t batch,
                        uint64_t seed) {
  rng r = {seed};
  const int side = (int)(seed & 1);
  const gb_linear_shape g = {
      rows, depth, batch, depth + (int64_t)(seed % 3), rows + (int64_t)(seed % 4), acts[seed % 8]};
  const size_t in_n = (size_t)((batch - 1) * g.in_stride + depth),
               out_n = (size_t)((batch - 1) * g.out_stride + rows);
  const size_t pad = 40;
  guarded in = guarded_new(in_n, side), w = guarded_new((size_t)(rows * depth), side),
          bias = guarded_new((size_t)rows, side);
  float *out = malloc((out_n + 2 * pad) * sizeof *out),
        *cut = malloc((out_n + 2 * pad) * sizeof *out);
  rng_fill(&r, in.at, in_n);
  rng_fill(&r, w.at, w.n);
  rng_fill(&r, bias.at, bias.n);
  mark(out, out_n + 2 * pad);
  mark(cut, out_n + 2 * pad);
  const float *b = seed % 3 ? bias.at : NULL;
  k->linear(&g, w.at, b, in.at, out + pad, 0, rows);
  const int64_t m = (int64_t)(rng_next(&r) % (uint32_t)(rows + 1));
  k->linear(&g, w.at, b, in.at, cut + pad, 0, m);
  k->linear(&g, w.at, b, in.at, cut + pad, m, rows);
  t->cases++;
  if (memcmp(out, cut, (out_n + 2 * pad) * sizeof *out) != 0)
    group_fail(t, "rows %ld depth %ld batch %ld seed %lu: cut at row %ld gives other bits",
               (long)rows, (long)depth, (long)batch, (unsigned long)seed, (long)m);
  int bad = 0;
  for (size_t i = 0; i < out_n + 2 * pad && !bad; i++) {
    const int64_t at = (int64_t)i - (int64_t)pad, n = at >= 0 ? at / g.out_stride : -1,
                  m_ = at >= 0 ? at % g.out_stride : 0;
    if (n < 0 || n >= batch || m_ >= rows) {
      bad = !is_marked(out[i]);
      if (bad)
        group_fail(t, "rows %ld depth %ld batch %ld seed %lu: wrote outside at %ld", (long)rows,
                   (long)depth, (long)batch, (unsigned long)seed, (long)at);
      continue;
    }
    double sum = b ? (double)b[m_] : 0, size = fabs(sum);
    for (int64_t d = 0; d < depth; d++) {
      const double term = (double)w.at[m_ * depth + d] * (double)in.at[n * g.in_stride + d];
      sum += term;
      size += fabs(term);
    }
    const double want = act_double(g.act, sum), got = (double)out[i];
    const double tol = act_slope(g.act) * sum_tolerance(depth + 1, size) + act_extra(g.act);
    bad = !(fabs(got - want) <= tol);
    if (bad)
      group_fail(
          t, "rows %ld depth %ld batch %ld act %d seed %lu: [%ld][%ld] = %.9g, not %.9g +- %.2g",
          (long)rows, (long)depth, (long)batch, (int)g.act, (unsigned long)seed, (long)n, (long)m_,
          got, want, tol);
  }
  free(out);
  free(cut);
  guarded_free(&in);
  guarded_free(&w);
  guarded_free(&bias);
}

static void test_linear(const gb_kernels *k, group *t) {
  static const int64_t rows[] = {1, 3, 4, 7, 8, 9, 12, 17, 23}, batches[] = {1, 2, 3, 4, 7};
  const int64_t depths[] = {1, k->lanes - 1, k->lanes, k->lanes + 1, 3 * k->lanes, 97};
  uint64_t seed = 1;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    for (size_t j = 0; j < sizeof depths / sizeof *depths; j++)
      for (size_t b = 0; b < sizeof batches / sizeof *batches; b++)
        linear_case(k, t, rows[i], depths[j], batches[b], seed++);
}

KERNEL_TEST_MAIN({"pointwise", test_pointwise}, {"linear", test_linear})
