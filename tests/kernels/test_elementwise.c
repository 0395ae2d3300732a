// Pools, element-wise kernels, soft maximum, copies and the fused Ghost module.
#define _DEFAULT_SOURCE // mmap
#include "tests/kernels/support.h"

static const gb_activation acts[] = {
    GB_ACT_NONE,       GB_ACT_RELU,    GB_ACT_RELU6, GB_ACT_HARD_SIGMOID, GB_ACT_CLIPPED_SIGMOID,
    GB_ACT_HARD_SWISH, GB_ACT_SIGMOID, GB_ACT_ELU};

static void pool_case(const gb_kernels *k, group *t, int average, gb_pool_shape g, int64_t channels,
                      uint64_t seed) {
  rng r = {seed};
  const int64_t pixels = g.out_h * g.out_w;
  g.in_stride = g.in_h * g.in_w + (int64_t)(seed % 3);
  g.out_stride = pixels;
  guarded in =
      guarded_new((size_t)((channels - 1) * g.in_stride + g.in_h * g.in_w), (int)(seed & 1));
  guarded out = guarded_new((size_t)(channels * pixels), (int)(seed & 1));
  rng_fill(&r, in.at, in.n);
  t->cases++;
  (average ? k->average_pool : k->max_pool)(&g, in.at, out.at, 0, channels);
  for (int64_t i = 0; i < channels * pixels; i++) {
    const int64_t y = i % pixels / g.out_w, x = i % g.out_w;
    double best = (double)-INFINITY, sum = 0, size = 0;
    int64_t n = 0;
    for (int64_t ky = 0; ky < g.kernel_h; ky++)
      for (int64_t kx = 0; kx < g.kernel_w; kx++) {
        const int64_t iy = y * g.stride_h - g.pad_top + ky, ix = x * g.stride_w - g.pad_left + kx;
        if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w)
          continue;
        const double v = (double)in.at[i / pixels * g.in_stride + iy * g.in_w + ix];
        best = fmax(best, v);
        sum += v;
        size += fabs(v);
        n++;
      }
    n = g.count_padding ? g.kernel_h * g.kernel_w : n;
    const double want = average ? (n ? sum / (double)n : 0) : best, got = (double)out.at[i];
    const double tol = average && n ? sum_tolerance(n, size) / (double)n : 0;
    if (!(fabs(got - want) <= tol || got == want)) {
      group_fail(t, "%ldx%ld kernel %ldx%ld stride %ld pad %ld seed %lu: [%ld] = %.9g, not %.9g",
                 (long)g.in_h, (long)g.in_w, (long)g.kernel_h, (long)g.kernel_w, (long)g.stride_w,
                 (long)g.pad_left, (unsigned long)seed, (long)i, got, want);
      break;
    }
  }
  guarded_free(&in);
  guarded_free(&out);
}

static void pools(const gb_kernels *k, group *t, int average) {
  static const int64_t sizes[] = {1, 2, 7, 14, 15, 16, 17, 33, 112};
  uint64_t seed = 1;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (int64_t kernel = 1; kernel <= 5; kernel++)
      for (int64_t stride = 1; stride <= 4; stride++) {
        const int64_t pad = (int64_t)(seed % 2) * (kernel / 2), h = 3 + kernel, w = sizes[i];
        seed++;
        if (w + 2 * pad < kernel)
          continue;
        const gb_pool_shape g = {.in_h = h,
                                 .in_w = w,
                                 .out_h = (h + 2 * pad - kernel) / stride + 1,
                                 .out_w = (w + 2 * pad - kernel) / stride + 1,
                                 .kernel_h = kernel,
                                 .kernel_w = kernel,
                                 .stride_h = stride,
                                 .stride_w = stride,
                                 .pad_top = pad,
                                 .pad_left = pad,
                                 .count_padding = (int)(seed % 4 > 1)};
        pool_case(k, t, average, g, 3, seed);
      }
}

static void test_max_pool(const gb_kernels *k, group *t) {
  pools(k, t, 0);
}

static void test_average_pool(const gb_kernels *k, group *t) {
  pools(k, t, 1);
  for (int64_t n = 1; n < 200; n += 7) {
    rng r = {(uint64_t)n};
    guarded in = guarded_new((size_t)(2 * n), (int)(n & 1)), out = guarded_new(2, 0);
    rng_fill(&r, in.at, in.n);
    k->global_average(in.at, n, n, out.at, 0, 2);
    t->cases++;
    for (int64_t c = 0; c < 2; c++) {
      double sum = 0;
      for (int64_t i = 0; i < n; i++)
        sum += (double)in.at[c * n + i];
      if (!(fabs(sum / (double)n - (double)out.at[c]) <= sum_tolerance(n, 1)))
        group_fail(t, "average of %ld pixels is %.9g, not %.9g", (long)n, (double)out.at[c],
                   sum / (double)n);
    }
    guarded_free(&in);
    guarded_free(&out);
  }
}

// Rows apart are what each of them alone is, and nothing beside them is written.
static void add_rows_case(const gb_kernels *k, group *t, int64_t n, gb_activation act) {
  const int64_t stride = n + 3, size = 2 * stride + n;
  const int side = (int)(n & 1);
  rng r = {(uint64_t)n};
  guarded x = guarded_new((size_t)size, side), y = guarded_new((size_t)size, side),
          o = guarded_new((size_t)size, side), one = guarded_new((size_t)n, side);
  rng_fill(&r, x.at, x.n);
  rng_fill(&r, y.at, y.n);
  mark(o.at, o.n);
  k->add(x.at, y.at, o.at, n, stride, 3, act);
  t->cases++;
  for (int64_t row = 0; row < 3; row++) {
    k->add(x.at + row * stride, y.at + row * stride, one.at, n, 0, 1, act);
    if (memcmp(one.at, o.at + row * stride, (size_t)n * sizeof *one.at) != 0)
      group_fail(t, "act %d n %ld: row %ld differs", (int)act, (long)n, (long)row);
    for (int64_t i = row * stride + n; i < (row + 1) * stride && i < size; i++)
      if (!is_marked(o.at[i]))
        group_fail(t, "act %d n %ld: [%ld] was written", (int)act, (long)n, (long)i);
  }
  guarded_free(&x);
  guarded_free(&y);
  guarded_free(&o);
  guarded_free(&one);
}

// The operations on one map.
static void elementwise(const gb_kernels *k, int op, const gb_maps_shape *g, gb_activation act,
                        const float *x, const float *y, const float *factor, float *out) {
  if (op == 0)
    k->add(x, y, out, g->pixels, 0, 1, act);
  else if (op == 1)
    k->multiply(x, y, out, g->pixels, act);
  else if (op == 2)
    k->scale_maps(g, factor, factor + 1, x, out, 0, 1, act);
  else
    k->activate(x, out, g->pixels, act);
}

static void test_elementwise(const gb_kernels *k, group *t) {
  for (int64_t n = 1; n < 50; n += 3)
    for (size_t a = 0; a < sizeof acts / sizeof *acts; a++)
      add_rows_case(k, t, n, acts[a]);
  for (int64_t n = 1; n < 80; n += n < 20 ? 1 : 7)
    for (size_t a = 0; a < sizeof acts / sizeof *acts; a++)
      for (int op = 0; op < 4; op++) {
        rng r = {(uint64_t)n * 8 + a};
        const int side = (int)(n & 1);
        guarded x = guarded_new((size_t)n, side), y = guarded_new((size_t)n, side),
                o = guarded_new((size_t)n, side);
        guarded f = guarded_new(2, side);
        rng_fill(&r, x.at, x.n);
        rng_fill(&r, y.at, y.n);
        rng_fill(&r, f.at, f.n);
        for (int64_t i = 0; i < n; i++) {
          x.at[i] *= 8; // reaches the bends of every activation
          y.at[i] += y.at[i] < 0 ? -0.5f : 0.5f;
        }
        const gb_maps_shape g = {n, n, n};
        elementwise(k, op, &g, acts[a], x.at, y.at, f.at, o.at);
        t->cases++;
        for (int64_t i = 0; i < n; i++) {
          const double p = (double)x.at[i], q = (double)y.at[i], fa = (double)f.at[0],
                       sh = (double)f.at[1];
          const double in = op == 0 ? p + q : op == 1 ? p * q : op == 2 ? p * fa + sh : p;
          const double want = act_double(acts[a], in), got = (double)o.at[i];
          const double tol = act_slope(acts[a]) * sum_tolerance(2, fabs(p) + fabs(q) + fabs(in)) +
                             12 * act_extra(acts[a]);
          if (!(fabs(got - want) <= tol)) {
            group_fail(t, "op %d act %d n %ld: [%ld] = %.9g, not %.9g +- %.2g", op, (int)acts[a],
                       (long)n, (long)i, got, want, tol);
            break;
          }
        }
        elementwise(k, op, &g, acts[a], x.at, y.at, f.at, x.at);
        if (memcmp(x.at, o.at, (size_t)n * sizeof *x.at) != 0)
          group_fail(t, "op %d act %d n %ld: in place differs", op, (int)acts[a], (long)n);
        guarded_free(&x);
        guarded_free(&y);
        guarded_free(&o);
        guarded_free(&f);
      }
  // Not-a-number stays one, and extremes stay finite where the function does.
  float edge[4] = {NAN, 200, -200, 0}, got[4];
  k->activate(edge, got, 4, GB_ACT_RELU6);
  if (!isnan(got[0]) || got[1] != 6 || got[2] != 0)
    group_fail(t, "relu6 of NaN, 200, -200 is %g, %g, %g", (double)got[0], (double)got[1],
               (double)got[2]);
  k->activate(edge, got, 4, GB_ACT_SIGMOID);
  if (!isnan(got[0]) || got[1] != 1 || !(got[2] >= 0 && got[2] < 1e-30f))
    group_fail(t, "sigmoid of NaN, 200, -200 is %g, %g, %g", (double)got[0], (double)got[1],
               (double)got[2]);
}

static void test_softmax(const gb_kernels *k, group *t) {
  for (int64_t n = 1; n < 70; n += 3) {
    rng r = {(uint64_t)n};
    const int64_t stride = n + 2;
    guarded in = guarded_new((size_t)(stride + n), (int)(n & 1)),
            out = guarded_new((size_t)(stride + n), (int)(n & 1));
    rng_fill(&r, in.at, in.n);
    for (size_t i = 0; i < in.n; i++)
      in.at[i] = 30 * in.at[i] + 100;
    k->softmax(in.at, out.at, n, stride, 2);
    t->cases++;
    for (int64_t row = 0; row < 2; row++) {
      double most = (double)-INFINITY, sum = 0;
      for (int64_t i = 0; i < n; i++)
        most = fmax(most, (double)in.at[row * stride + i]);
      for (int64_t i = 0; i < n; i++)
        sum += exp((double)in.at[row * stride + i] - most);
      for (int64_t i = 0; i < n; i++) {
        const double want = exp((double)in.at[row * stride + i] - most) / sum,
                     got = (double)out.at[row * stride + i];
        if (!(fabs(got - want) <= (double)(n + 70) * 0x1p-24 * (want + 1e-20)))
          group_fail(t, "n %ld row %ld: [%ld] = %.9g, not %.9g", (long)n, (long)row, (long)i, got,
                     want);
      }
    }
    guarded_free(&in);
    guarded_free(&out);
  }
}

// Three pieces of `pixels` out of maps and back to back, and back into maps, for every length at
// which the copy changes: exact bits, nothing beside them.
static void copy_case(const gb_kernels *k, group *t, int64_t pixels, int side) {
  const int64_t stride = pixels + 5;
  guarded maps = guarded_new((size_t)(2 * stride + pixels), side),
          back = guarded_new((size_t)(2 * stride + pixels), side);
  guarded pieces = guarded_new((size_t)(3 * pixels), side);
  rng r = {(uint64_t)pixels};
  rng_fill(&r, maps.at, maps.n);
  mark(back.at, back.n);
  k->copy_maps(&(gb_maps_shape){pixels, stride, pixels}, maps.at, pieces.at, 0, 3);
  k->copy_maps(&(gb_maps_shape){pixels, pixels, stride}, pieces.at, back.at, 0, 3);
  t->cases++;
  for (int64_t i = 0; i < (int64_t)back.n; i++)
    if (i % stride < pixels ? memcmp(&back.at[i], &maps.at[i], sizeof *back.at) != 0
                            : !is_marked(back.at[i]))
      group_fail(t, "%ld pixels: [%ld] is wrong", (long)pixels, (long)i);
  guarded_free(&maps);
  guarded_free(&back);
  guarded_free(&pieces);
}

static void test_copy_maps(const gb_kernels *k, group *t) {
  for (int64_t pixels = 1; pixels <= 6 * k->lanes; pixels++)
    for (int side = 0; side < 2; side++)
      copy_case(k, t, pixels, side);
  float in[24], out[24];
  for (int i = 0; i < 24; i++)
    in[i] = (float)i;
  for (int64_t half = 0; half < 2; half++) { // two groups of three maps of four pixels, shuffled
    const gb_maps_shape g = {4, 4, 8};
    k->copy_maps(&g, in + 12 * half, out + 4 * half, 0, 3);
  }
  t->cases++;
  for (int c = 0; c < 6; c++)
    for (int i = 0; i < 4; i++)
      if (out[c * 4 + i] != in[(c % 2 * 3 + c / 2) * 4 + i])
        group_fail(t, "map %d came from elsewhere", c);
}

// The fused module must give exactly what its parts give.
static void ghost_case(const gb_kernels *k, group *t, int64_t rows, int64_t depth, int64_t h,
                       int64_t w, int64_t s, int64_t kernel, uint64_t seed) {
  rng r = {seed};
  const int64_t p = h * w, stride = p + (int64_t)(seed % 3),
                channels = rows * s - (int64_t)(seed % 2);
  const gb_ghost_shape g = {{rows, depth, p, p, stride, p, seed % 3 ? GB_ACT_RELU : GB_ACT_NONE, 0},
                            {channels, s, h, w, h, w, kernel, kernel, 1, 1, kernel / 2, kernel / 2,
                             1, 1, stride, stride, p, seed % 3 ? GB_ACT_HARD_SWISH : GB_ACT_NONE}};
  guarded in = guarded_new((size_t)(depth * p), 0),
          weights = guarded_new((size_t)(rows * depth), 0);
  guarded packed = guarded_new(k->pointwise_pack_size(&g.primary), 0),
          cheap = guarded_new((size_t)(channels * kernel * kernel), 0);
  guarded bias = guarded_new((size_t)(rows + channels), 0),
          res = guarded_new((size_t)((rows + channels) * p), 0);
  guarded fused = guarded_new((size_t)((rows + channels) * stride), 0),
          apart = guarded_new((size_t)((rows + channels) * stride), 0);
  rng_fill(&r, in.at, in.n);
  rng_fill(&r, weights.at, weights.n);
  rng_fill(&r, cheap.at, cheap.n);
  rng_fill(&r, bias.at, bias.n);
  rng_fill(&r, res.at, res.n);
  guarded factor = guarded_new((size_t)depth, 0),
          scratch = guarded_new(k->pointwise_scratch_size(&g.primary), 0);
  rng_fill(&r, factor.at, factor.n);
  const gb_gate gated = {factor.at, scratch.at}, *gate = seed % 4 < 2 ? &gated : NULL;
  mark(fused.at, fused.n);
  mark(apart.at, apart.n);
  k->pointwise_pack(&g.primary, weights.at, packed.at);
  const float *a = seed % 2 ? res.at : NULL, *b = seed % 2 ? res.at + rows * p : NULL;
  float *ghosts = apart.at + rows * stride;
  k->pointwise(&g.primary, packed.at, bias.at, in.at, gate, NULL, NULL, apart.at, 0, rows, 0, p);
  k->depthwise(&g.cheap, cheap.at, bias.at + rows, apart.at, b, ghosts, NULL, 0, channels);
  if (a)
    for (int64_t c = 0; c < rows; c++)
      k->add(apart.at + c * stride, a + c * p, apart.at + c * stride, p, 0, 1, GB_ACT_NONE);
  const int64_t cut = rows / 3;
  k->ghost(&g, packed.at, bias.at, cheap.at, bias.at + rows, in.at, gate, NULL, a, fused.at, b,
           fused.at + rows * stride, 0, cut);
  k->ghost(&g, packed.at, bias.at, cheap.at, bias.at + rows, in.at, gate, NULL, a, fused.at, b,
           fused.at + rows * stride, cut, rows);
  t->cases++;
  if (memcmp(fused.at, apart.at, fused.n * sizeof(float)) != 0)
    group_fail(
        t,
        "rows %ld depth %ld map %ldx%ld s-1 %ld kernel %ld seed %lu: fused differs from its parts",
        (long)rows, (long)depth, (long)h, (long)w, (long)s, (long)kernel, (unsigned long)seed);
  guarded_free(&in);
  guarded_free(&weights);
  guarded_free(&packed);
  guarded_free(&cheap);
  guarded_free(&bias);
  guarded_free(&res);
  guarded_free(&fused);
  guarded_free(&apart);
  guarded_free(&factor);
  guarded_free(&scratch);
}

static void test_ghost(const gb_kernels *k, group *t) {
  uint64_t seed = 1;
  static const int64_t sizes[][2] = {{7, 7}, {14, 14}, {9, 33}, {112, 112}, {61, 100}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (int64_t s = 1; s <= 3; s++)
      for (int64_t kernel = 1; kernel <= 5; kernel += 2)
        for (int again = 0; again < 2; again++, seed++)
          ghost_case(k, t, 5 + 7 * (int64_t)(seed % 3), 8, sizes[i][0], sizes[i][1], s, kernel,
                     seed);
}

KERNEL_TEST_MAIN({"max_pool", test_max_pool}, {"average_pool", test_average_pool},
                 {"elementwise", test_elementwise}, {"softmax", test_softmax},
                 {"copy_maps", test_copy_maps}, {"ghost", test_ghost})
