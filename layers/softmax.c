// Softmax over the channels at each position.
#include "layers/parts.h"

#include <math.h>

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)attrs, (void)n_in, (void)error;
  *out = *in;
  return GB_OK;
}

// Compare, subtract, exponential, add, divide: five an element.
static void cost(const gb_op *op, gb_cost *cost) {
  cost->other_ops = 5 * gb_shape_count(&op->out);
}

static void work(const gb_op *op, gb_work *work) {
  (void)op;
  work->kind = GB_WORK_SOFTMAX;
}

// out = exp(in - max) / Σ exp(in - max): the maximum keeps the exponentials in range.
static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)params, (void)error;
  int64_t area = op->in->h * op->in->w, channels = op->in->c;
  for (int64_t i = 0; i < op->in->n * area; i++) {
    int64_t at = i / area * channels * area + i % area;
    float largest = in[0][at];
    for (int64_t c = 1; c < channels; c++)
      if (in[0][at + c * area] > largest)
        largest = in[0][at + c * area];
    double sum = 0;
    for (int64_t c = 0; c < channels; c++) {
      out[at + c * area] = expf(in[0][at + c * area] - largest);
      sum += (double)out[at + c * area];
    }
    for (int64_t c = 0; c < channels; c++)
      out[at + c * area] = (float)((double)out[at + c * area] / sum);
  }
  return GB_OK;
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  (void)op;
  const gb_onnx_attr attrs[] = {GB_ONNX_ATTR_INT("axis", 1)};
  return gb_onnx_one(to, "Softmax", to->inputs[0], attrs, 1);
}

const gb_layer gb_layer_softmax = {
    .name = "softmax",
    .summary = "softmax over the channels",
    .min_inputs = 1,
    .max_inputs = 1,
    .post = GB_NO_POST,
    .infer = infer,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
