// An undecimated bank of separable filters, the wavelet transform à trous (Holschneider et al.
// 1989).
#include "layers/kernels/simd.h"

// One filter: out[x] = Σ_k f[k] in[x + shift + k step], shift <= 0.
typedef struct bank_filter {
  const float *f;
  int64_t taps, step, shift;
  gb_border border;
} bank_filter;

GB_INLINE bank_filter bank_make(const gb_bank_shape *g, int high, int64_t step) {
  return (bank_filter){.f = high ? g->high : g->low,
                       .taps = g->taps,
                       .step = step,
                       .shift = -((g->taps - 1) / 2) * step,
                       .border = g->border};
}

// Positions [first, last) of a row of which some taps lie beyond the border.
static void bank_edge(const bank_filter *p, const float *in, float *out, int64_t width,
                      int64_t first, int64_t last) {
  for (int64_t x = first; x < last; x++) {
    float sum = 0.0f;
    for (int64_t k = 0; k < p->taps; k++) {
      const int64_t from = gb_border_index(x + p->shift + k * p->step, width, p->border);
      sum += from < 0 ? 0.0f : p->f[k] * in[from];
    }
    out[x] = sum;
  }
}

GB_INLINE vf bank_taps(const bank_filter *p, const float *in, vm m) {
  vf sum = vset1(p->f[0]) * vloadm(in, m);
  for (int64_t k = 1; k < p->taps; k++)
    sum = vfma(vset1(p->f[k]), vloadm(in + k * p->step, m), sum);
  return sum;
}

static void bank_along_width(const bank_filter *p, const float *in, float *out, int64_t height,
                             int64_t width) {
  const int64_t first = gb_imin(-p->shift, width);
  const int64_t last = gb_imax(first, width - p->shift - (p->taps - 1) * p->step);
  for (int64_t y = 0; y < height; y++, in += width, out += width) {
    bank_edge(p, in, out, width, 0, first);
    for (int64_t x = first; x < last; x += VW) {
      const vm m = vmask_first(last - x);
      vstorem(out + x, bank_taps(p, in + x + p->shift, m), m);
    }
    bank_edge(p, in, out, width, gb_imin(last, width), width);
  }
}

// Row by row: the taps are whole rows, those beyond a border of zeros are left out.
static void bank_along_height(const bank_filter *p, const float *in, float *out, int64_t height,
                              int64_t width) {
  const float *rows[GB_BANK_TAPS];
  float taps[GB_BANK_TAPS];
  for (int64_t y = 0; y < height; y++, out += width) {
    int64_t n = 0;
    for (int64_t k = 0; k < p->taps; k++) {
      const int64_t from = gb_border_index(y + p->shift + k * p->step, height, p->border);
      rows[n] = in + gb_imax(from, 0) * width;
      taps[n] = p->f[k];
      n += from >= 0;
    }
    for (int64_t x = 0; x < width; x += VW) {
      const vm m = vmask_first(width - x);
      vf sum = vzero();
      for (int64_t k = 0; k < n; k++)
        sum = vfma(vset1(taps[k]), vloadm(rows[k] + x, m), sum);
      vstorem(out + x, sum, m);
    }
  }
}

// One band along both axes; what the width's filters made stays in `scratch` (low, then high).
static void bank_both(const gb_bank_shape *g, int kind, int64_t step, const float *in, float *out,
                      float *scratch) {
  static const int high_along_width[4] = {0, 1, 1, 0}, high_along_height[4] = {1, 0, 1, 0};
  const int high = high_along_width[kind];
  const bank_filter wide = bank_make(g, high, step),
                    tall = bank_make(g, high_along_height[kind], step);
  float *filtered = scratch + high * g->h * g->w;
  if (kind < 2) // the first band that needs it
    bank_along_width(&wide, in, filtered, g->h, g->w);
  bank_along_height(&tall, filtered, out, g->h, g->w);
}

void GB_FN(bank)(const gb_bank_shape *g, const float *in, float *out, float *scratch, int64_t c0,
                 int64_t c1) {
  const int both = g->along_width && g->along_height;
  const int per_level = both ? 4 : 2;
  for (int64_t c = c0; c < c1; c++) {
    const float *map = in + c * g->in_stride;
    int64_t step = 1;
    for (int64_t band = 0; band < g->bands; band++) {
      float *to = out + (c * g->bands + band) * g->out_stride;
      const int kind = (int)(band % per_level);
      if (both) {
        bank_both(g, kind, step, map, to, scratch);
      } else {
        const bank_filter p = bank_make(g, kind == 0, step);
        (g->along_width ? bank_along_width : bank_along_height)(&p, map, to, g->h, g->w);
      }
      if (kind == per_level - 1) { // the lowpass is what the next level filters
        map = to;
        step *= 2;
      }
    }
  }
}
