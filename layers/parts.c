// The parts that layers share; see parts.h.
#include "layers/parts.h"

#include "layers/base/text.h"

#include <inttypes.h>
#include <stdio.h>

gb_status gb_window_infer(const gb_window *window, const gb_shape *in, int64_t channels,
                          int64_t per_group, gb_shape *out, gb_error *error) {
  const gb_size kernel = window->kernel, stride = window->stride, dilation = window->dilation;
  int64_t top, right, bottom, left;
  gb_padding_resolve(&window->padding, kernel, stride, dilation, (gb_size){in->h, in->w}, &top,
                     &right, &bottom, &left);
  *out =
      (gb_shape){in->n, channels, gb_window_out(in->h, kernel.h, stride.h, dilation.h, top, bottom),
                 gb_window_out(in->w, kernel.w, stride.w, dilation.w, left, right)};
  char text[GB_SHAPE_TEXT];
  if (out->h < 1 || out->w < 1)
    return gb_fail(error, GB_ESHAPE,
                   "a window of " GB_SIZE_FORMAT " (dilation " GB_SIZE_FORMAT
                   ") does not fit into the input %s, padded to %" PRId64 "×%" PRId64,
                   GB_SIZE_ARGS(kernel), GB_SIZE_ARGS(dilation), gb_shape_print(in, text),
                   in->h + top + bottom, in->w + left + right);
  gb_shape weight = {channels, per_group, kernel.h, kernel.w};
  if (!gb_shape_valid(&weight))
    return gb_fail(error, GB_ELIMIT, "the weight tensor %s is too large: more than 2^32 elements",
                   gb_shape_print(&weight, text));
  return GB_OK;
}

// Along one axis, the output positions [first, last) at which a tap, `shift` from the window's
// first element, reads inside the input: 0 <= position*stride + shift < in.
typedef struct range {
  int64_t first, last;
} range;

static range inside(int64_t in, int64_t out, int64_t stride, int64_t shift) {
  range r = {shift < 0 ? (-shift + stride - 1) / stride : 0,
             shift < in ? (in - 1 - shift) / stride + 1 : 0};
  if (r.last > out)
    r.last = out;
  return r;
}

// Where a tap reads and writes: for each y of `rows` and x of `columns`, the input element at
// (y·stride.h + down, x·stride.w + across) goes to the output element (y, x).
typedef struct tap {
  range rows, columns;
  int64_t down, across, in_width, out_width;
  gb_size stride;
} tap;

// Adds weight * input for one tap and one output map.
static void add_one(const tap *t, float weight, const float *in, float *out) {
  for (int64_t y = t->rows.first; y < t->rows.last; y++) {
    const float *restrict from = in + (y * t->stride.h + t->down) * t->in_width;
    float *restrict to = out + y * t->out_width;
    if (t->stride.w == 1)
      for (int64_t x = t->columns.first; x < t->columns.last; x++)
        to[x] += weight * from[x + t->across];
    else
      for (int64_t x = t->columns.first; x < t->columns.last; x++)
        to[x] += weight * from[x * t->stride.w + t->across];
  }
}

// The same for four output maps, `area` apart, whose weights are `step` apart: each input element
// is read once for all.
static void add_four(const tap *t, const float *weight, int64_t step, const float *in, float *out,
                     int64_t area) {
  const float w0 = weight[0], w1 = weight[step], w2 = weight[2 * step], w3 = weight[3 * step];
  for (int64_t y = t->rows.first; y < t->rows.last; y++) {
    const float *restrict from = in + (y * t->stride.h + t->down) * t->in_width;
    float *restrict to0 = out + y * t->out_width, *restrict to1 = to0 + area,
                    *restrict to2 = to1 + area, *restrict to3 = to2 + area;
    for (int64_t x = t->columns.first; x < t->columns.last; x++) {
      float value = from[x * t->stride.w + t->across];
      to0[x] += w0 * value;
      to1[x] += w1 * value;
      to2[x] += w2 * value;
      to3[x] += w3 * value;
    }
  }
}

void gb_convolve(const gb_window *window, int64_t groups, const gb_shape *in_shape,
                 const gb_shape *out_shape, const float *in, const float *weight, const float *bias,
                 float *out) {
  gb_shape is = *in_shape, os = *out_shape;
  const gb_size kernel = window->kernel, dilation = window->dilation;
  tap t = {.stride = window->stride};
  int64_t top, right, bottom, left;
  gb_padding_resolve(&window->padding, kernel, t.stride, dilation, (gb_size){is.h, is.w}, &top,
                     &right, &bottom, &left);
  // A pointwise convolution sees no rows: the map is one long row, which vectorises better.
  if (kernel.h * kernel.w * t.stride.h * t.stride.w == 1 && top + right + bottom + left == 0) {
    is.w *= is.h;
    os.w *= os.h;
    is.h = os.h = 1;
  }
  t.in_width = is.w;
  t.out_width = os.w;
  int64_t per_group = is.c / groups, outs_per_group = os.c / groups, area = os.h * os.w;
  int64_t taps = kernel.h * kernel.w, terms = per_group * taps;
  for (int64_t i = 0, block; i < os.n * os.c; i += block) {
    int64_t n = i / os.c, o = i % os.c;
    block = outs_per_group - o % outs_per_group >= 4 ? 4 : 1;
    for (int64_t j = 0; j < block * area; j++)
      out[i * area + j] = bias ? bias[o + j / area] : 0.0f;
    for (int64_t k = 0; k < terms; k++) {
      int64_t channel = n * is.c + o / outs_per_group * per_group + k / taps;
      t.down = k % taps / kernel.w * dilation.h - top;
      t.across = k % kernel.w * dilation.w - left;
      t.rows = inside(is.h, os.h, t.stride.h, t.down);
      t.columns = inside(is.w, os.w, t.stride.w, t.across);
      const float *map = in + channel * is.h * is.w;
      if (block == 4)
        add_four(&t, weight + o * terms + k, terms, map, out + i * area, area);
      else
        add_one(&t, weight[o * terms + k], map, out + i * area);
    }
  }
}

void gb_convolution_work(const gb_window *window, int64_t groups, bool bias, const gb_shape *in,
                         gb_work *work) {
  int64_t right, bottom; // follow from the output's size
  *work = (gb_work){.kind = GB_WORK_CONV,
                    .kernel_h = window->kernel.h,
                    .kernel_w = window->kernel.w,
                    .stride_h = window->stride.h,
                    .stride_w = window->stride.w,
                    .dilation_h = window->dilation.h,
                    .dilation_w = window->dilation.w,
                    .groups = groups,
                    .bias = bias};
  gb_padding_resolve(&window->padding, window->kernel, window->stride, window->dilation,
                     (gb_size){in->h, in->w}, &work->top, &right, &bottom, &work->left);
}

void gb_convolution_cost(const gb_shape *out, int64_t taps, bool bias, gb_cost *cost) {
  int64_t outputs = gb_shape_count(out);
  cost->macs = gb_times(outputs, taps);
  cost->fvcore = cost->macs;
  cost->other_ops = bias ? outputs : 0;
  cost->activations = outputs;
}

int64_t gb_times(int64_t a, int64_t b) {
  int64_t product;
  return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

int64_t gb_make_divisible(double value, int64_t divisor) {
  int64_t rounded = (int64_t)(value + (double)divisor / 2) / divisor * divisor;
  if (rounded < divisor)
    rounded = divisor;
  return (double)rounded < 0.9 * value ? rounded + divisor : rounded;
}

const char *gb_padding_print(const gb_padding *padding, char *text) {
  const char *word = NULL;
  switch (padding->mode) {
  case GB_PAD_HALF:
    word = "half";
    break;
  case GB_PAD_SAME:
    word = "same";
    break;
  case GB_PAD_CAUSAL:
    word = "causal";
    break;
  case GB_PAD_EXPLICIT:
    break;
  }
  if (word)
    snprintf(text, GB_PADDING_TEXT, "%s", word);
  else
    snprintf(text, GB_PADDING_TEXT, "%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64, padding->top,
             padding->right, padding->bottom, padding->left);
  return text;
}

gb_status gb_fail_shapes(const gb_shape *in, size_t n_in, const char *what, gb_error *error) {
  gb_text list = {0};
  char text[GB_SHAPE_TEXT];
  for (size_t i = 0; i < n_in && i < 8; i++)
    gb_text_print(&list, "%s%s", i ? ", " : "", gb_shape_print(&in[i], text));
  if (n_in > 8)
    gb_text_add(&list, ", …");
  gb_fail(error, GB_ESHAPE, "%s: the inputs are %s", what, gb_text_get(&list));
  gb_text_free(&list);
  return GB_ESHAPE;
}
