// Activations: relu, relu6, hard-sigmoid, clipped-sigmoid, hard-swish, sigmoid, elu.
#include "layers/layer.h"

#include <math.h>

typedef struct activation_attrs {
  int function; // gb_activation
} activation_attrs;

static const gb_attr attrs_table[] = {
    {.name = "function",
     .type = GB_ATTR_CHOICE,
     .offset = offsetof(activation_attrs, function),
     .choices = gb_activation_names,
     .help = "which activation"},
};

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)attrs, (void)n_in, (void)error;
  *out = *in;
  return GB_OK;
}

static void cost(const gb_op *op, gb_cost *cost) {
  // Single operations an element: compares, adds, multiplies, exponentials and divisions alike.
  static const int ops[] = {[GB_ACT_NONE] = 0,
                            [GB_ACT_RELU] = 1,
                            [GB_ACT_RELU6] = 2,
                            [GB_ACT_HARD_SIGMOID] = 4,
                            [GB_ACT_CLIPPED_SIGMOID] = 2,
                            [GB_ACT_HARD_SWISH] = 5,
                            [GB_ACT_SIGMOID] = 4,
                            [GB_ACT_ELU] = 3};
  const activation_attrs *a = op->attrs;
  cost->other_ops = gb_shape_count(&op->out) * ops[a->function];
}

static float clip(float x, float low, float high) {
  return x < low ? low : x > high ? high : x;
}

static float apply(gb_activation function, float x) {
  switch (function) {
  case GB_ACT_NONE:
    return x;
  case GB_ACT_RELU:
    return x > 0.0f ? x : 0.0f;
  case GB_ACT_RELU6:
    return clip(x, 0.0f, 6.0f);
  case GB_ACT_HARD_SIGMOID:
    return clip(x + 3.0f, 0.0f, 6.0f) / 6.0f;
  case GB_ACT_CLIPPED_SIGMOID:
    return clip(x, 0.0f, 1.0f);
  case GB_ACT_HARD_SWISH:
    return x * clip(x + 3.0f, 0.0f, 6.0f) / 6.0f;
  case GB_ACT_SIGMOID:
    return 1.0f / (1.0f + expf(-x));
  case GB_ACT_ELU:
    return x > 0.0f ? x : expm1f(x);
  }
  return x;
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)params, (void)error;
  const activation_attrs *a = op->attrs;
  int64_t count = gb_shape_count(&op->out);
  for (int64_t i = 0; i < count; i++)
    out[i] = apply((gb_activation)a->function, in[0][i]);
  return GB_OK;
}

static void work(const gb_op *op, gb_work *work) {
  const activation_attrs *a = op->attrs;
  *work = (gb_work){.kind = GB_WORK_ACTIVATION, .act = (gb_activation)a->function};
}

static const char *clip_onnx(gb_onnx *to, float high) {
  const float low = 0;
  const char *inputs[] = {to->inputs[0], to->floats(to, &low, 0, NULL),
                          to->floats(to, &high, 0, NULL)};
  return to->node(to, "Clip", inputs, 3, NULL, 0);
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  const activation_attrs *a = op->attrs;
  const char *x = to->inputs[0];
  const gb_onnx_attr sixth[] = {GB_ONNX_ATTR_FLOAT("alpha", 1.0 / 6),
                                GB_ONNX_ATTR_FLOAT("beta", 0.5)},
                     one[] = {GB_ONNX_ATTR_FLOAT("alpha", 1)};
  switch ((gb_activation)a->function) {
  case GB_ACT_NONE:
    return x;
  case GB_ACT_RELU:
    return gb_onnx_one(to, "Relu", x, NULL, 0);
  case GB_ACT_RELU6:
    return clip_onnx(to, 6);
  case GB_ACT_HARD_SIGMOID:
    return gb_onnx_one(to, "HardSigmoid", x, sixth, 2);
  case GB_ACT_CLIPPED_SIGMOID:
    return clip_onnx(to, 1);
  case GB_ACT_HARD_SWISH:
    return gb_onnx_one(to, "HardSwish", x, NULL, 0);
  case GB_ACT_SIGMOID:
    return gb_onnx_one(to, "Sigmoid", x, NULL, 0);
  case GB_ACT_ELU:
    return gb_onnx_one(to, "Elu", x, one, 1);
  }
  return NULL;
}

const gb_layer gb_layer_activation = {
    .name = "activation",
    .summary = "an element-wise activation",
    .source = "hard-sigmoid and hard-swish: Howard et al., MobileNetV3, ICCV 2019; "
              "elu: Clevert et al. 2016",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(activation_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = GB_NO_POST,
    .infer = infer,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
