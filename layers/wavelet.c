// Undecimated wavelet filter bank (à trous): fixed separable filters, bands instead of learned
// maps.
//
// The bands of an input map lie side by side in the output: LH1 HL1 HH1 LL1, LH2 HL2 HH2 LL2, …
// The first letter is the filter along the width, the second along the height; level l filters the
// LL of the level before with taps 2^(l-1) apart. Along one axis only the order is H1 L1, H2 L2, …
// The filters are orthonormal, so that a lowpass sums to √2, and nothing is subsampled: a map is
// half the sum of its two bands filtered back, for each axis.
#include "layers/wavelet.h"

#include "layers/base/memory.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_wavelet.h>
#include <inttypes.h>
#include <string.h>

typedef struct wavelet_attrs {
  int64_t bands;
  gb_wavelet_filter filter;
  gb_post post;
} wavelet_attrs;

static const gb_attr attrs_table[] = {
    {.name = "bands",
     .type = GB_ATTR_INT,
     .offset = offsetof(wavelet_attrs, bands),
     .fallback = "4",
     .min = 1,
     .max = 64,
     .help = "output maps for each input map: LH HL HH LL of level 1, then of level 2, …"},
    GB_WAVELET_ATTRS(wavelet_attrs, filter),
    GB_POST_ATTRS(wavelet_attrs, post),
};

static gb_status check(const void *attrs, gb_error *error) {
  return gb_wavelet_check(&((const wavelet_attrs *)attrs)->filter, error);
}

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)n_in, (void)error;
  const wavelet_attrs *a = attrs;
  *out = (gb_shape){in->n, in->c * a->bands, in->h, in->w};
  return GB_OK;
}

// As a depthwise convolution along each axis.
static void cost(const gb_op *op, gb_cost *cost) {
  const wavelet_attrs *a = op->attrs;
  int64_t passes = a->filter.axes == GB_WAVELET_BOTH ? 2 : 1;
  gb_convolution_cost(&op->out, passes * gb_wavelet_taps(&a->filter), false, cost);
}

// GSL's tables through the type's own `init`, which allocates nothing and calls no error handler.
// Daubechies' wavelet of two taps is Haar's.
static gb_status find_filters(const gb_wavelet_filter *filter, const double *filters[2],
                              gb_error *error) {
  const gsl_wavelet_type *type =
      gb_wavelet_taps(filter) == 2 ? gsl_wavelet_haar : gsl_wavelet_daubechies;
  const double *low_back, *high_back;
  size_t count, offset;
  if (type->init(&filters[0], &filters[1], &low_back, &high_back, &count, &offset,
                 (size_t)gb_wavelet_taps(filter)) != GSL_SUCCESS)
    return gb_fail(error, GB_EUNSUPPORTED, "GSL has no %s wavelet of order %" PRId64,
                   gb_wavelet_families[filter->family], gb_wavelet_taps(filter));
  return GB_OK;
}

static gb_border border_of(const gb_wavelet_filter *filter) {
  return filter->boundary == GB_WAVELET_PERIODIC ? GB_BORDER_PERIODIC
         : filter->boundary == GB_WAVELET_ZERO   ? GB_BORDER_ZERO
                                                 : GB_BORDER_REFLECT;
}

static void work(const gb_op *op, gb_work *work) {
  const wavelet_attrs *a = op->attrs;
  const double *filters[2]; // low, high
  if (find_filters(&a->filter, filters, NULL) != GB_OK)
    return;
  *work = (gb_work){.kind = GB_WORK_BANK,
                    .bands = a->bands,
                    .taps = gb_wavelet_taps(&a->filter),
                    .low = filters[0],
                    .high = filters[1],
                    .along_width = a->filter.axes != GB_WAVELET_HEIGHT,
                    .along_height = a->filter.axes != GB_WAVELET_WIDTH,
                    .border = border_of(&a->filter)};
}

// One filter along an axis: out[x] = Σ_k f[k] · in[x + (k - (taps-1)/2) · step].
typedef struct pass {
  const double *filter;
  int64_t taps, step;
  gb_border boundary;
} pass;

static int64_t shift_of(const pass *p, int64_t k) {
  return (k - (p->taps - 1) / 2) * p->step;
}

static void add_border(const pass *p, float *out, const float *in, int64_t width, int64_t first,
                       int64_t last, int64_t shift, float tap) {
  for (int64_t x = first; x < last; x++) {
    int64_t from = gb_border_index(x + shift, width, p->boundary);
    if (from >= 0)
      out[x] += tap * in[from];
  }
}

static int64_t clamp(int64_t x, int64_t high) {
  return x < 0 ? 0 : x > high ? high : x;
}

static void along_width(const pass *p, const float *in, float *out, int64_t height, int64_t width) {
  memset(out, 0, (size_t)(height * width) * sizeof *out);
  for (int64_t k = 0; k < p->taps; k++) {
    int64_t shift = shift_of(p, k);
    int64_t first = clamp(-shift, width), last = clamp(width - shift, width);
    float tap = (float)p->filter[k];
    for (int64_t y = 0; y < height; y++) {
      float *restrict row = out + y * width;
      const float *restrict source = in + y * width;
      add_border(p, row, source, width, 0, first, shift, tap);
      for (int64_t x = first; x < last; x++)
        row[x] += tap * source[x + shift];
      add_border(p, row, source, width, last, width, shift, tap);
    }
  }
}

static void along_height(const pass *p, const float *in, float *out, int64_t height,
                         int64_t width) {
  memset(out, 0, (size_t)(height * width) * sizeof *out);
  for (int64_t k = 0; k < p->taps; k++) {
    float tap = (float)p->filter[k];
    for (int64_t y = 0; y < height; y++) {
      int64_t from = gb_border_index(y + shift_of(p, k), height, p->boundary);
      float *restrict row = out + y * width;
      const float *restrict source = in + from * width;
      for (int64_t x = 0; from >= 0 && x < width; x++)
        row[x] += tap * source[x];
    }
  }
}

// The filters along width and height of the bands LH HL HH LL; 1 is high.
static const int along[4][2] = {{0, 1}, {1, 0}, {1, 1}, {0, 0}};

// All bands of one input map; `scratch` holds one map.
static void filter_map(const wavelet_attrs *a, const double *const filters[2], const float *map,
                       const gb_shape *shape, float *out, float *scratch) {
  int64_t area = shape->h * shape->w;
  bool both = a->filter.axes == GB_WAVELET_BOTH;
  int64_t per_level = both ? 4 : 2;
  pass p = {.taps = gb_wavelet_taps(&a->filter), .step = 1, .boundary = border_of(&a->filter)};
  for (int64_t band = 0; band < a->bands; band++, out += area) {
    int64_t kind = band % per_level;
    if (both) {
      p.filter = filters[along[kind][0]];
      along_width(&p, map, scratch, shape->h, shape->w);
      p.filter = filters[along[kind][1]];
      along_height(&p, scratch, out, shape->h, shape->w);
    } else {
      p.filter = filters[kind == 0];
      (a->filter.axes == GB_WAVELET_WIDTH ? along_width : along_height)(&p, map, out, shape->h,
                                                                        shape->w);
    }
    if (kind == per_level - 1) { // the lowpass is what the next level filters
      map = out;
      p.step *= 2;
    }
  }
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)params;
  const wavelet_attrs *a = op->attrs;
  const double *filters[2];
  GB_TRY(find_filters(&a->filter, filters, error));
  int64_t area = op->in->h * op->in->w;
  float *scratch = gb_allocate(NULL, (size_t)area, sizeof *scratch);
  if (!scratch)
    return gb_fail_memory(error);
  for (int64_t i = 0; i < op->in->n * op->in->c; i++)
    filter_map(a, filters, in[0] + i * area, op->in, out + i * a->bands * area, scratch);
  gb_release(NULL, scratch);
  return GB_OK;
}

// The input with what lies beyond its border along one axis, by the rule of gb_border_index.
static const char *extend_onnx(const pass *p, gb_onnx *to, const char *value, int64_t axis,
                               int64_t size) {
  int64_t before = -shift_of(p, 0), count = size + before + shift_of(p, p->taps - 1);
  if (count > INT64_C(1) << 26) // many levels of a long filter: taps 2^31 apart
    return NULL;
  int64_t *indices = gb_allocate(NULL, (size_t)count, sizeof *indices);
  for (int64_t i = 0; indices && i < count; i++)
    indices[i] = gb_border_index(i - before, size, p->boundary);
  value = indices ? gb_onnx_gather(to, value, axis, indices, (size_t)count) : NULL;
  gb_release(NULL, indices);
  return value;
}

// Weights (C·bands, 1, kh, kw): the same `bands` kernels for each map.
static const char *kernels_onnx(const wavelet_attrs *a, const double *const filters[2],
                                int64_t channels, int64_t bands, gb_onnx *to) {
  int64_t taps = gb_wavelet_taps(&a->filter);
  bool tall = a->filter.axes != GB_WAVELET_WIDTH, wide = a->filter.axes != GB_WAVELET_HEIGHT;
  const int64_t dims[] = {channels * bands, 1, tall ? taps : 1, wide ? taps : 1};
  int64_t count = dims[2] * dims[3];
  float *weights = gb_allocate(NULL, (size_t)(dims[0] * count), sizeof *weights);
  for (int64_t i = 0; weights && i < dims[0] * count; i++) {
    int64_t band = i / count % bands;
    const double *along_w = filters[tall ? along[band][0] : band == 0],
                 *along_h = filters[wide ? along[band][1] : band == 0];
    weights[i] =
        (float)((wide ? along_w[i % dims[3]] : 1) * (tall ? along_h[i % count / dims[3]] : 1));
  }
  const char *name = weights ? to->floats(to, weights, 4, dims) : NULL;
  gb_release(NULL, weights);
  return name;
}

// One level of a map: its first `bands` bands by one depthwise convolution.
static const char *level_onnx(const gb_op *op, const double *const filters[2], const pass *p,
                              int64_t bands, const char *value, gb_onnx *to) {
  const wavelet_attrs *a = op->attrs;
  bool tall = a->filter.axes != GB_WAVELET_WIDTH, wide = a->filter.axes != GB_WAVELET_HEIGHT;
  int64_t before = -shift_of(p, 0), after = shift_of(p, p->taps - 1);
  int64_t pads[] = {tall ? before : 0, wide ? before : 0, tall ? after : 0, wide ? after : 0};
  if (p->boundary != GB_BORDER_ZERO) {
    if (tall)
      value = extend_onnx(p, to, value, 2, op->in->h);
    if (wide)
      value = extend_onnx(p, to, value, 3, op->in->w);
    memset(pads, 0, sizeof pads);
  }
  const int64_t dilations[] = {p->step, p->step};
  const gb_onnx_attr attrs[] = {GB_ONNX_ATTR_INTS("pads", pads),
                                GB_ONNX_ATTR_INTS("dilations", dilations),
                                GB_ONNX_ATTR_INT("group", op->in->c)};
  const char *inputs[] = {value, kernels_onnx(a, filters, op->in->c, bands, to)};
  return to->node(to, "Conv", inputs, 2, attrs, 3);
}

// Level by level, as forward(): what lies beyond the border of a lowpass band follows from the band
// itself, so that several levels are not one larger kernel.
static const char *onnx(const gb_op *op, gb_onnx *to) {
  const wavelet_attrs *a = op->attrs;
  const gb_shape *in = op->in;
  const double *filters[2];
  const char *levels[64], *map = to->inputs[0];
  if (find_filters(&a->filter, filters, NULL) != GB_OK)
    return NULL;
  int64_t per_level = a->filter.axes == GB_WAVELET_BOTH ? 4 : 2;
  pass p = {.taps = gb_wavelet_taps(&a->filter), .step = 1, .boundary = border_of(&a->filter)};
  if (a->bands <= per_level)
    return level_onnx(op, filters, &p, a->bands, map, to);
  size_t count = 0;
  for (int64_t left = a->bands; left > 0; left -= per_level, p.step *= 2) {
    int64_t bands = left < per_level ? left : per_level;
    const char *level = level_onnx(op, filters, &p, bands, map, to);
    const int64_t apart[] = {0, in->c, bands, in->h, in->w};
    levels[count++] = gb_onnx_reshape(to, level, apart, 5);
    if (left > per_level)
      map = gb_onnx_slice(to, level, 1, per_level - 1, in->c * per_level, per_level);
  }
  const gb_onnx_attr attrs[] = {GB_ONNX_ATTR_INT("axis", 2)};
  const char *all = to->node(to, "Concat", levels, count, attrs, 1);
  return gb_onnx_reshape(to, all, (const int64_t[]){0, op->out.c, in->h, in->w}, 4);
}

const gb_layer gb_layer_wavelet = {
    .name = "wavelet",
    .summary = "fixed undecimated wavelet filter bank",
    .source = "Holschneider et al. 1989 (algorithme à trous); Daubechies 1988; taps from GSL",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(wavelet_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = offsetof(wavelet_attrs, post),
    .check = check,
    .infer = infer,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
