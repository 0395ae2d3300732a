// Batch normalisation in evaluation mode (Ioffe, Szegedy 2015), from stored statistics.
#include "layers/layer.h"

#include <math.h>

typedef struct batch_norm_attrs {
  double eps;
} batch_norm_attrs;

static const gb_attr attrs_table[] = {
    {.name = "eps",
     .type = GB_ATTR_REAL,
     .offset = offsetof(batch_norm_attrs, eps),
     .fallback = "1e-5",
     .min = 0,
     .max = 1,
     .help = "added to the variance"},
};

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)attrs, (void)n_in, (void)error;
  *out = *in;
  return GB_OK;
}

static size_t params(const gb_op *op, gb_param_spec *specs) {
  int64_t c = op->in->c;
  specs[0] = (gb_param_spec){"weight", 1, {c}, GB_INIT_ONE, 1, true};
  specs[1] = (gb_param_spec){"bias", 1, {c}, GB_INIT_ZERO, 1, true};
  specs[2] = (gb_param_spec){"running_mean", 1, {c}, GB_INIT_ZERO, 1, false};
  specs[3] = (gb_param_spec){"running_var", 1, {c}, GB_INIT_ONE, 1, false};
  return 4;
}

static void cost(const gb_op *op, gb_cost *cost) {
  int64_t outputs = gb_shape_count(&op->out);
  cost->other_macs = outputs; // one multiply-add an element once scale and shift are known
  cost->fvcore = 2 * outputs;
}

// out = (in - mean) / sqrt(var + eps) · weight + bias = in · scale + shift, found in double.
static void find(const gb_op *op, const float *const *params, int64_t c, double *scale,
                 double *shift) {
  const batch_norm_attrs *a = op->attrs;
  *scale = (double)params[0][c] / sqrt((double)params[3][c] + a->eps);
  *shift = (double)params[1][c] - (double)params[2][c] * *scale;
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)error;
  int64_t area = op->out.h * op->out.w;
  for (int64_t i = 0; i < op->out.n * op->out.c; i++) {
    double scale, shift;
    find(op, params, i % op->out.c, &scale, &shift);
    for (int64_t j = i * area; j < (i + 1) * area; j++)
      out[j] = (float)((double)in[0][j] * scale + shift);
  }
  return GB_OK;
}

static void scale_shift(const gb_op *op, const float *const *params, double *scale, double *shift) {
  for (int64_t c = 0; c < op->in->c; c++)
    find(op, params, c, &scale[c], &shift[c]);
}

static void work(const gb_op *op, gb_work *work) {
  (void)op;
  *work = (gb_work){.kind = GB_WORK_SCALE_SHIFT, .scale = scale_shift};
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  const batch_norm_attrs *a = op->attrs;
  const gb_onnx_attr attrs[] = {GB_ONNX_ATTR_FLOAT("epsilon", a->eps)};
  const char *inputs[] = {to->inputs[0], to->params[0], to->params[1], to->params[2],
                          to->params[3]};
  return to->node(to, "BatchNormalization", inputs, 5, attrs, 1);
}

const gb_layer gb_layer_batch_norm = {
    .name = "batch-norm",
    .summary = "batch normalisation from stored statistics",
    .source = "Ioffe, Szegedy: Batch Normalization, ICML 2015",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(batch_norm_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = GB_NO_POST,
    .infer = infer,
    .params = params,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
