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

// Adds weight * input row to the output row wherever the window's tap lies inside the input:
// 0 <= x*stride + shift < in_width.
static void add_tap(float *restrict out, int64_t out_width, const float *restrict in,
                    int64_t in_width, int64_t stride, int64_t shift, float weight) {
  int64_t first = shift < 0 ? (-shift + stride - 1) / stride : 0;
  int64_t last = in_width - 1 - shift < 0 ? -1 : (in_width - 1 - shift) / stride;
  if (last >= out_width)
    last = out_width - 1;
  if (stride == 1)
    for (int64_t x = first; x <= last; x++)
      out[x] += weight * in[x + shift];
  else
    for (int64_t x = first; x <= last; x++)
      out[x] += weight * in[x * stride + shift];
}

void gb_convolve(const gb_window *window, int64_t groups, const gb_shape *in_shape,
                 const gb_shape *out_shape, const float *in, const float *weight, const float *bias,
                 float *out) {
  gb_shape is = *in_shape, os = *out_shape;
  const gb_size kernel = window->kernel, stride = window->stride, dilation = window->dilation;
  int64_t top, right, bottom, left;
  gb_padding_resolve(&window->padding, kernel, stride, dilation, (gb_size){is.h, is.w}, &top,
                     &right, &bottom, &left);
  // A pointwise convolution sees no rows: the map is one long row, which vectorises better.
  if (kernel.h * kernel.w * stride.h * stride.w == 1 && top + right + bottom + left == 0) {
    is.w *= is.h;
    os.w *= os.h;
    is.h = os.h = 1;
  }
  int64_t per_group = is.c / groups, outs_per_group = os.c / groups, taps = kernel.h * kernel.w;
  for (int64_t i = 0; i < os.n * os.c; i++) {
    int64_t n = i / os.c, o = i % os.c;
    float *map = out + i * os.h * os.w;
    for (int64_t j = 0; j < os.h * os.w; j++)
      map[j] = bias ? bias[o] : 0.0f;
    for (int64_t k = 0; k < per_group; k++) {
      const float *source = in + (n * is.c + o / outs_per_group * per_group + k) * is.h * is.w;
      const float *taps_of = weight + (o * per_group + k) * taps;
      for (int64_t y = 0; y < os.h; y++)
        for (int64_t ky = 0; ky < kernel.h; ky++) {
          int64_t row = y * stride.h + ky * dilation.h - top;
          if (row < 0 || row >= is.h)
            continue;
          for (int64_t kx = 0; kx < kernel.w; kx++)
            add_tap(map + y * os.w, os.w, source + row * is.w, is.w, stride.w,
                    kx * dilation.w - left, taps_of[ky * kernel.w + kx]);
        }
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
