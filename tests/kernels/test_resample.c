// Warps, filter banks and soft maxima over maps, against plain loops in double.
#define _DEFAULT_SOURCE // mmap
#include "tests/kernels/support.h"

static const int64_t sizes[] = {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 37, 64};
enum { SIZES = sizeof sizes / sizeof *sizes };

static double at(const float *map, int64_t h, int64_t w, double y, double x) {
  return y < 0 || y >= (double)h || x < 0 || x >= (double)w
             ? 0
             : (double)map[(int64_t)y * w + (int64_t)x];
}

static double sample(const float *map, int64_t h, int64_t w, double u, double v) {
  if (!(u > -1 && u < (double)w && v > -1 && v < (double)h))
    return 0;
  const double x = floor(u), y = floor(v), fx = u - x, fy = v - y;
  return (1 - fy) * ((1 - fx) * at(map, h, w, y, x) + fx * at(map, h, w, y, x + 1)) +
         fy * ((1 - fx) * at(map, h, w, y + 1, x) + fx * at(map, h, w, y + 1, x + 1));
}

// Positions are off by a few roundings of what is added to the vector's first one, at most VW steps
// of |m| <= 3: 48 · 2^-23; values differ by at most 2 from pixel to pixel.
static const double warp_tolerance = 4 * 48 * 0x1p-23;

static void warp_case(const gb_kernels *k, group *t, int64_t h, int64_t w, int64_t multiplier,
                      const double *m, int exact, uint64_t seed) {
  rng r = {seed};
  const int64_t channels = 2 * multiplier, area = h * w;
  const gb_warp_shape g = {
      .h = h, .w = w, .multiplier = multiplier, .in_stride = area + 1, .out_stride = area};
  guarded in = guarded_new((size_t)(g.in_stride + area), (int)(seed & 1));
  guarded out = guarded_new((size_t)(channels * area), (int)(seed & 1));
  rng_fill(&r, in.at, in.n);
  t->cases++;
  k->warp(&g, m, in.at, out.at, 0, 1);
  k->warp(&g, m, in.at, out.at, 1, channels);
  for (int64_t i = 0; i < channels * area; i++) {
    const double *c = m + 6 * (i / area), x = (double)(i % w), y = (double)(i % area / w);
    const double want = sample(in.at + i / area / multiplier * g.in_stride, h, w,
                               c[0] * x + c[1] * y + c[2], c[3] * x + c[4] * y + c[5]);
    if (!(fabs((double)out.at[i] - want) <= (exact ? 0 : warp_tolerance))) {
      group_fail(t, "%ldx%ld seed %lu: [%ld] = %.9g, not %.9g", (long)h, (long)w,
                 (unsigned long)seed, (long)i, (double)out.at[i], want);
      break;
    }
  }
  guarded_free(&in);
  guarded_free(&out);
}

static void test_warp(const gb_kernels *k, group *t) {
  double m[4 * 6];
  uint64_t seed = 1;
  for (int i = 0; i < SIZES; i++)
    for (int64_t multiplier = 1; multiplier <= 2; multiplier++)
      for (int kind = 0; kind < 6; kind++, seed++) {
        const int64_t w = sizes[i], h = sizes[(i * 5 + 3) % SIZES];
        rng r = {seed};
        for (int j = 0; j < 24; j++) {
          const double identity = j % 6 == 0 || j % 6 == 4, part = (double)rng_float(&r);
          switch (kind) {
          case 0: // whole steps, exact
            m[j] = identity + (j % 3 == 2 ? floor(3 * part) : 0);
            break;
          case 1: // near the identity, as learned ones begin
            m[j] = identity + 0.02 * part * (j % 3 == 2 ? 20 : 1);
            break;
          case 2: // anything
            m[j] = part * (j % 3 == 2 ? (double)w : 2);
            break;
          case 3: // half steps aside: rows stay
            m[j] = identity + (j % 6 == 2 ? part : 0);
            break;
          case 4: // far away
            m[j] = identity + (j % 3 == 2 ? part * 1e12 : 0);
            break;
          default: // no number
            m[j] = j % 6 == (int)(seed % 6) ? (double)NAN : identity;
          }
        }
        warp_case(k, t, h, w, multiplier, m, kind == 0 || kind >= 4, seed);
      }
}

// ---------------------------------------------------------------------------------------------

// One filter along one axis, as defined.
static void filter(const gb_bank_shape *g, int high, int64_t step, int along_width,
                   const double *in, double *out) {
  const int64_t n = along_width ? g->w : g->h, apart = along_width ? 1 : g->w;
  for (int64_t i = 0; i < g->h * g->w; i++) {
    const int64_t place = along_width ? i % g->w : i / g->w;
    double sum = 0;
    for (int64_t k = 0; k < g->taps; k++) {
      const int64_t from = gb_border_index(place + (k - (g->taps - 1) / 2) * step, n, g->border);
      sum += from < 0 ? 0 : (double)(high ? g->high : g->low)[k] * in[i + (from - place) * apart];
    }
    out[i] = sum;
  }
}

static void bands_of(const gb_bank_shape *g, const float *map, double *bands) {
  enum { MOST = 64 * 64 };
  static double level[MOST], wide[MOST];
  const int64_t area = g->h * g->w;
  for (int64_t i = 0; i < area; i++)
    level[i] = (double)map[i];
  const int both = g->along_width && g->along_height, per_level = both ? 4 : 2;
  int64_t step = 1;
  for (int64_t band = 0; band < g->bands; band++, bands += area) {
    const int kind = (int)(band % per_level);
    if (both) { // LH HL HH LL
      filter(g, kind == 1 || kind == 2, step, 1, level, wide);
      filter(g, kind == 0 || kind == 2, step, 0, wide, bands);
    } else {
      filter(g, kind == 0, step, g->along_width, level, bands);
    }
    if (kind == per_level - 1) {
      memcpy(level, bands, (size_t)area * sizeof *level);
      step *= 2;
    }
  }
}

static void bank_case(const gb_kernels *k, group *t, gb_bank_shape g, uint64_t seed) {
  static double want[9 * 64 * 64];
  rng r = {seed};
  const int64_t channels = 2, area = g.h * g.w;
  g.in_stride = area + 2;
  g.out_stride = area;
  rng_fill(&r, g.low, (size_t)g.taps);
  rng_fill(&r, g.high, (size_t)g.taps);
  guarded in = guarded_new((size_t)(g.in_stride + area), (int)(seed & 1));
  guarded out = guarded_new((size_t)(channels * g.bands * area), (int)(seed & 1));
  guarded scratch = guarded_new((size_t)(2 * area), (int)(seed & 1));
  rng_fill(&r, in.at, in.n);
  mark(scratch.at, scratch.n); // holds nothing
  t->cases++;
  for (int64_t c = 0; c < channels; c++)
    k->bank(&g, in.at, out.at, scratch.at, c, c + 1);
  // Each level multiplies magnitudes by at most the taps' number for each axis.
  const int both = g.along_width && g.along_height;
  const double gain =
      pow((double)g.taps, (double)((g.bands + 3) / (both ? 4 : 2)) * (both ? 2 : 1));
  for (int64_t c = 0; c < channels; c++) {
    bands_of(&g, in.at + c * g.in_stride, want);
    for (int64_t i = 0; i < g.bands * area; i++) {
      const double got = (double)out.at[c * g.bands * area + i];
      if (!(fabs(got - want[i]) <= sum_tolerance(4 * g.taps, gain))) {
        group_fail(
            t, "%ldx%ld taps %ld bands %ld axes %d%d border %d seed %lu: [%ld] = %.9g, not %.9g",
            (long)g.h, (long)g.w, (long)g.taps, (long)g.bands, g.along_width, g.along_height,
            (int)g.border, (unsigned long)seed, (long)i, got, want[i]);
        break;
      }
    }
  }
  guarded_free(&in);
  guarded_free(&out);
  guarded_free(&scratch);
}

static void test_bank(const gb_kernels *k, group *t) {
  static const int64_t taps[] = {2, 4, 6, 20}, bands[] = {1, 2, 3, 4, 7, 9};
  uint64_t seed = 1;
  for (int i = 0; i < SIZES; i++)
    for (int axes = 1; axes <= 3; axes++)
      for (int border = 0; border < 3; border++)
        for (int j = 0; j < 4; j++, seed++)
          bank_case(k, t,
                    (gb_bank_shape){.h = sizes[(i * 5 + 3) % SIZES],
                                    .w = sizes[i],
                                    .taps = taps[j],
                                    .bands = bands[seed % 6],
                                    .along_width = axes & 1,
                                    .along_height = axes >> 1,
                                    .border = (gb_border)border},
                    seed);
}

// ---------------------------------------------------------------------------------------------

static void softmax_case(const gb_kernels *k, group *t, int64_t channels, int64_t pixels,
                         uint64_t seed) {
  rng r = {seed};
  const int64_t stride = pixels + (int64_t)(seed % 3), cut = pixels / 2;
  guarded in = guarded_new((size_t)((channels - 1) * stride + pixels), (int)(seed & 1));
  guarded out = guarded_new(in.n, (int)(seed & 1));
  rng_fill(&r, in.at, in.n);
  for (size_t i = 0; i < in.n; i++)
    in.at[i] *= 20;
  mark(out.at, out.n);
  t->cases++;
  k->softmax_maps(in.at, out.at, channels, stride, 0, cut);
  k->softmax_maps(in.at, out.at, channels, stride, cut, pixels);
  for (int64_t p = 0; p < pixels; p++) {
    double sum = 0;
    for (int64_t c = 0; c < channels; c++)
      sum += exp((double)in.at[c * stride + p]);
    for (int64_t c = 0; c < channels; c++) {
      const double want = exp((double)in.at[c * stride + p]) / sum;
      const double got = (double)out.at[c * stride + p];
      // in - max is off by 2^-24 of up to 40, the exponential and the sum by a few roundings.
      if (!(fabs(got - want) <= want * (double)(60 + channels) * 0x1p-24 + 1e-30))
        group_fail(t, "%ldx%ld seed %lu: [%ld, %ld] = %.9g, not %.9g", (long)channels, (long)pixels,
                   (unsigned long)seed, (long)c, (long)p, got, want);
    }
  }
  for (int64_t c = 0; c + 1 < channels; c++)
    for (int64_t p = pixels; p < stride; p++)
      if (!is_marked(out.at[c * stride + p]))
        group_fail(t, "%ldx%ld: wrote between maps", (long)channels, (long)pixels);
  guarded_free(&in);
  guarded_free(&out);
}

static void test_softmax_maps(const gb_kernels *k, group *t) {
  static const int64_t channels[] = {1, 2, 3, 10, 101};
  uint64_t seed = 1;
  for (int i = 0; i < SIZES; i++)
    for (int j = 0; j < 5; j++, seed++)
      softmax_case(k, t, channels[j], sizes[i], seed);
}

KERNEL_TEST_MAIN({"warp", test_warp}, {"bank", test_bank}, {"softmax_maps", test_softmax_maps})
