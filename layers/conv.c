// Two-dimensional convolution (cross-correlation), with stride, dilation and groups.
#include "layers/parts.h"

#include <inttypes.h>

typedef struct conv_attrs {
  int64_t out, groups;
  gb_window window;
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
    GB_KERNEL_ATTR(conv_attrs, window),
    GB_WINDOW_ATTRS(conv_attrs, window),
    {.name = "groups",
     .type = GB_ATTR_INT,
     .offset = offsetof(conv_attrs, groups),
     .fallback = "1",
     .min = 1,
     .max = 1e6,
     .help = "independent groups of channels"},
    {.name = "bias",
     .type = GB_ATTR_BOOL,
     .offset = offsetof(conv_attrs, bias),
     .fallback = "0",
     .help = "add a learned constant to each output channel"},
    GB_POST_ATTRS(conv_attrs, post),
};

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)n_in;
  const conv_attrs *a = attrs;
  char text[GB_SHAPE_TEXT];
  if (in->c % a->groups || a->out % a->groups)
    return gb_fail(error, GB_ESHAPE,
                   "the %" PRId64 " channels of the input %s and the %" PRId64
                   " output channels do not both divide into %" PRId64 " groups",
                   in->c, gb_shape_print(in, text), a->out, a->groups);
  return gb_window_infer(&a->window, in, a->out, in->c / a->groups, out, error);
}

static size_t params(const gb_op *op, gb_param_spec *specs) {
  const conv_attrs *a = op->attrs;
  const gb_size kernel = a->window.kernel;
  int64_t per_group = op->in->c / a->groups, taps = kernel.h * kernel.w;
  specs[0] = (gb_param_spec){.name = "weight",
                             .rank = 4,
                             .dims = {a->out, per_group, kernel.h, kernel.w},
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
  const gb_size kernel = a->window.kernel;
  gb_convolution_cost(&op->out, op->in->c / a->groups * kernel.h * kernel.w, a->bias, cost);
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)error;
  const conv_attrs *a = op->attrs;
  gb_convolve(&a->window, a->groups, op->in, &op->out, in[0], params[0], a->bias ? params[1] : NULL,
              out);
  return GB_OK;
}

static void work(const gb_op *op, gb_work *work) {
  const conv_attrs *a = op->attrs;
  gb_convolution_work(&a->window, a->groups, a->bias, op->in, work);
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  const conv_attrs *a = op->attrs;
  return gb_convolution_onnx(&a->window, a->groups, a->bias, op->in, to);
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
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
