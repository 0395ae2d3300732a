// Depthwise convolution: each input map has its own kernels. A layer of its own, though it equals
// <conv groups="C">, so that tables, substitutions and kernels see it.
#include "layers/parts.h"

#include <inttypes.h>

typedef struct depthwise_attrs {
  int64_t multiplier;
  gb_window window;
  bool bias;
  gb_post post;
} depthwise_attrs;

static const gb_attr attrs_table[] = {
    GB_KERNEL_ATTR(depthwise_attrs, window),
    GB_WINDOW_ATTRS(depthwise_attrs, window),
    {.name = "multiplier",
     .type = GB_ATTR_INT,
     .offset = offsetof(depthwise_attrs, multiplier),
     .fallback = "1",
     .min = 1,
     .max = 1e6,
     .help = "output maps for each input map; they lie side by side"},
    {.name = "bias",
     .type = GB_ATTR_BOOL,
     .offset = offsetof(depthwise_attrs, bias),
     .fallback = "0",
     .help = "add a learned constant to each output channel"},
    GB_POST_ATTRS(depthwise_attrs, post),
};

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)n_in;
  const depthwise_attrs *a = attrs;
  return gb_window_infer(&a->window, in, in->c * a->multiplier, 1, out, error);
}

static size_t params(const gb_op *op, gb_param_spec *specs) {
  const depthwise_attrs *a = op->attrs;
  const gb_size kernel = a->window.kernel;
  int64_t taps = kernel.h * kernel.w;
  specs[0] = (gb_param_spec){.name = "weight",
                             .rank = 4,
                             .dims = {op->out.c, 1, kernel.h, kernel.w},
                             .init = GB_INIT_KAIMING,
                             .fan = a->multiplier * taps,
                             .trainable = true};
  if (!a->bias)
    return 1;
  specs[1] = (gb_param_spec){.name = "bias",
                             .rank = 1,
                             .dims = {op->out.c},
                             .init = GB_INIT_UNIFORM,
                             .fan = taps,
                             .trainable = true};
  return 2;
}

static void cost(const gb_op *op, gb_cost *cost) {
  const depthwise_attrs *a = op->attrs;
  gb_convolution_cost(&op->out, a->window.kernel.h * a->window.kernel.w, a->bias, cost);
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)error;
  const depthwise_attrs *a = op->attrs;
  gb_convolve(&a->window, op->in->c, op->in, &op->out, in[0], params[0], a->bias ? params[1] : NULL,
              out);
  return GB_OK;
}

static void work(const gb_op *op, gb_work *work) {
  const depthwise_attrs *a = op->attrs;
  gb_convolution_work(&a->window, op->in->c, a->bias, op->in, work);
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  const depthwise_attrs *a = op->attrs;
  return gb_convolution_onnx(&a->window, op->in->c, a->bias, op->in, to);
}

const gb_layer gb_layer_depthwise = {
    .name = "depthwise",
    .summary = "depthwise convolution, each map by itself",
    .source = "as torch.nn.Conv2d with groups = channels",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(depthwise_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = offsetof(depthwise_attrs, post),
    .infer = infer,
    .params = params,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
