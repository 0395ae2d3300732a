// Fully connected layer on vectors (N, F, 1, 1).
#include "layers/parts.h"

#include <inttypes.h>

typedef struct linear_attrs {
  int64_t out;
  bool bias;
  gb_post post;
} linear_attrs;

static const gb_attr attrs_table[] = {
    {.name = "out",
     .type = GB_ATTR_INT,
     .offset = offsetof(linear_attrs, out),
     .min = 1,
     .max = 1e6,
     .help = "output features"},
    {.name = "bias",
     .type = GB_ATTR_BOOL,
     .offset = offsetof(linear_attrs, bias),
     .fallback = "1",
     .help = "add a learned constant to each output"},
    GB_POST_ATTRS(linear_attrs, post),
};

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)n_in;
  const linear_attrs *a = attrs;
  char text[GB_SHAPE_TEXT];
  if (in->h != 1 || in->w != 1)
    return gb_fail(error, GB_ESHAPE,
                   "linear reads vectors N×F×1×1, but the input is %s; put <flatten/> or "
                   "<global-pool/> before it",
                   gb_shape_print(in, text));
  *out = (gb_shape){in->n, a->out, 1, 1};
  gb_shape weight = {a->out, in->c, 1, 1};
  if (!gb_shape_valid(&weight))
    return gb_fail(error, GB_ELIMIT, "the weight matrix %s is too large: more than 2^32 elements",
                   gb_shape_print(&weight, text));
  return GB_OK;
}

static size_t params(const gb_op *op, gb_param_spec *specs) {
  const linear_attrs *a = op->attrs;
  int64_t features = op->in->c;
  specs[0] = (gb_param_spec){"weight", 2, {a->out, features}, GB_INIT_UNIFORM, features, true};
  if (!a->bias)
    return 1;
  specs[1] = (gb_param_spec){"bias", 1, {a->out}, GB_INIT_UNIFORM, features, true};
  return 2;
}

static void cost(const gb_op *op, gb_cost *cost) {
  const linear_attrs *a = op->attrs;
  gb_convolution_cost(&op->out, op->in->c, a->bias, cost);
}

// out[n,o] = bias[o] + Σ_i weight[o,i] · in[n,i]. Eight partial sums, which vectorise and lose less
// to rounding than one.
static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)error;
  enum { LANES = 8 };
  const linear_attrs *a = op->attrs;
  int64_t features = op->in->c;
  for (int64_t n = 0; n < op->out.n; n++)
    for (int64_t o = 0; o < a->out; o++) {
      const float *x = in[0] + n * features, *weight = params[0] + o * features;
      float sums[LANES] = {a->bias ? params[1][o] : 0.0f};
      int64_t i = 0;
      for (; i + LANES <= features; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
          sums[lane] += weight[i + lane] * x[i + lane];
      for (; i < features; i++)
        sums[0] += weight[i] * x[i];
      for (int lane = 1; lane < LANES; lane++)
        sums[0] += sums[lane];
      out[n * a->out + o] = sums[0];
    }
  return GB_OK;
}

static void work(const gb_op *op, gb_work *work) {
  *work = (gb_work){.kind = GB_WORK_LINEAR, .bias = ((const linear_attrs *)op->attrs)->bias};
}

// Gemm takes matrices: (N, F, 1, 1) becomes (N, F), and back.
static const char *onnx(const gb_op *op, gb_onnx *to) {
  const linear_attrs *a = op->attrs;
  const gb_onnx_attr attrs[] = {GB_ONNX_ATTR_INT("transB", 1)};
  const char *inputs[] = {gb_onnx_one(to, "Flatten", to->inputs[0], NULL, 0), to->params[0],
                          a->bias ? to->params[1] : NULL};
  const char *product = to->node(to, "Gemm", inputs, a->bias ? 3 : 2, attrs, 1);
  return gb_onnx_reshape(to, product, (const int64_t[]){0, a->out, 1, 1}, 4);
}

const gb_layer gb_layer_linear = {
    .name = "linear",
    .summary = "fully connected layer",
    .source = "as torch.nn.Linear",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(linear_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = offsetof(linear_attrs, post),
    .infer = infer,
    .params = params,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
