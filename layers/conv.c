// Two-dimensional convolution (cross-correlation), with stride, dilation and groups.
#include "layers/layer.h"

#include <inttypes.h>
#include <string.h>

typedef struct conv_attrs {
  int64_t out, groups;
  gb_size kernel, stride, dilation;
  gb_padding padding;
  bool bias;
  gb_post post;
} conv_attrs;

static const gb_attr attrs_table[] = {
    {.name = "out",
     .type = GB_ATTR_INT,
     .offset = offsetof(conv_attrs, out),
     .min = 1,
     .max = 1e6,
     .help = "output channels"},
    {.name = "kernel",
     .type = GB_ATTR_SIZE,
     .offset = offsetof(conv_attrs, kernel),
     .min = 1,
     .max = 65536,
     .help = "window, height x width"},
    {.name = "stride",
     .type = GB_ATTR_SIZE,
     .offset = offsetof(conv_attrs, stride),
     .fallback = "1",
     .min = 1,
     .max = 65536,
     .help = "step of the window"},
    {.name = "dilation",
     .type = GB_ATTR_SIZE,
     .offset = offsetof(conv_attrs, dilation),
     .fallback = "1",
     .min = 1,
     .max = 65536,
     .help = "distance of the window's taps"},
    {.name = "groups",
     .type = GB_ATTR_INT,
     .offset = offsetof(conv_attrs, groups),
     .fallback = "1",
     .min = 1,
     .max = 1e6,
     .help = "independent groups of channels"},
    {.name = "padding",
     .type = GB_ATTR_PADDING,
     .offset = offsetof(conv_attrs, padding),
     .fallback = "half",
     .help = "how the window passes the border"},
    {.name = "bias",
     .type = GB_ATTR_BOOL,
     .offset = offsetof(conv_attrs, bias),
     .fallback = "0",
     .help = "add a learned constant to each output channel"},
    GB_POST_ATTRS(conv_attrs, post),
};

typedef struct window {
  int64_t top, right, bottom, left;
} window;

static window resolve(const conv_attrs *a, const gb_shape *in) {
  window w;
  gb_padding_resolve(&a->padding, a->kernel, a->stride, a->dilation, (gb_size){in->h, in->w},
                     &w.top, &w.right, &w.bottom, &w.left);
  return w;
}

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)n_in;
  const conv_attrs *a = attrs;
  if (in->c % a->groups || a->out % a->groups)
    return gb_fail(error, GB_ESHAPE,
                   "%" PRId64 " input and %" PRId64 " output channels do not divide into %" PRId64
                   " groups",
                   in->c, a->out, a->groups);
  window w = resolve(a, in);
  *out = (gb_shape){in->n, a->out,
                    gb_window_out(in->h, a->kernel.h, a->stride.h, a->dilation.h, w.top, w.bottom),
                    gb_window_out(in->w, a->kernel.w, a->stride.w, a->dilation.w, w.left, w.right)};
  char text[GB_SHAPE_TEXT];
  if (out->h < 1 || out->w < 1)
    return gb_fail(error, GB_ESHAPE,
                   "a window of %" PRId64 "x%" PRId64 " (dilation %" PRId64 "x%" PRId64
                   ") does not fit into the input %s",
                   a->kernel.h, a->kernel.w, a->dilation.h, a->dilation.w,
                   gb_shape_print(in, text));
  return GB_OK;
}

static size_t params(const gb_op *op, gb_param_spec *specs) {
  const conv_attrs *a = op->attrs;
  int64_t per_group = op->in->c / a->groups, taps = a->kernel.h * a->kernel.w;
  specs[0] = (gb_param_spec){.name = "weight",
                             .rank = 4,
                             .dims = {a->out, per_group, a->kernel.h, a->kernel.w},
                             .init = GB_INIT_KAIMING,
                             .fan = a->out / a->groups * taps,
                             .trainable = true};
  if (!a->bias)
    return 1;
  specs[1] = (gb_param_spec){.name = "bias",
                             .rank = 1,
                             .dims = {a->out},
                             .init = GB_INIT_UNIFORM,
                             .fan = per_group * taps,
                             .trainable = true};
  return 2;
}

static void cost(const gb_op *op, gb_cost *cost) {
  const conv_attrs *a = op->attrs;
  int64_t outputs = gb_shape_count(&op->out);
  cost->macs = outputs * (op->in->c / a->groups) * a->kernel.h * a->kernel.w;
  cost->fvcore = cost->macs;
  cost->other_ops = a->bias ? outputs : 0;
  cost->activations = outputs;
}

// Adds weight * input row to the output row wherever the window's tap lies inside the input:
// 0 <= x*stride + shift < in_width.
static void add_tap(float *out, int64_t out_width, const float *in, int64_t in_width,
                    int64_t stride, int64_t shift, float weight) {
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

// out[n,o,y,x] = bias[o] + Σ_{i,ky,kx} weight[o,i,ky,kx] · in[n, g·I+i, y·sh+ky·dh-top,
// x·sw+kx·dw-left]
static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)error;
  const conv_attrs *a = op->attrs;
  const gb_shape *is = op->in, *os = &op->out;
  window pad = resolve(a, is);
  int64_t per_group = is->c / a->groups, outs_per_group = a->out / a->groups;
  for (int64_t n = 0; n < os->n; n++)
    for (int64_t o = 0; o < os->c; o++) {
      float *map = out + (n * os->c + o) * os->h * os->w;
      float start = a->bias ? params[1][o] : 0.0f;
      for (int64_t i = 0; i < os->h * os->w; i++)
        map[i] = start;
      for (int64_t i = 0; i < per_group; i++) {
        const float *source =
            in[0] + (n * is->c + o / outs_per_group * per_group + i) * is->h * is->w;
        const float *weight = params[0] + (o * per_group + i) * a->kernel.h * a->kernel.w;
        for (int64_t y = 0; y < os->h; y++)
          for (int64_t ky = 0; ky < a->kernel.h; ky++) {
            int64_t row = y * a->stride.h + ky * a->dilation.h - pad.top;
            if (row < 0 || row >= is->h)
              continue;
            for (int64_t kx = 0; kx < a->kernel.w; kx++)
              add_tap(map + y * os->w, os->w, source + row * is->w, is->w, a->stride.w,
                      kx * a->dilation.w - pad.left, weight[ky * a->kernel.w + kx]);
          }
      }
    }
  return GB_OK;
}

const gb_layer gb_layer_conv = {
    .name = "conv",
    .summary = "convolution with stride, dilation and groups",
    .source = "as torch.nn.Conv2d; padding modes of TensorFlow and causal beside",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(conv_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = offsetof(conv_attrs, post),
    .infer = infer,
    .params = params,
    .cost = cost,
    .forward = forward,
};
