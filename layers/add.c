// Element-wise sum of two or more tensors of one shape: the join of a residual block.
#include "layers/parts.h"

#include <string.h>

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)attrs;
  for (size_t i = 1; i < n_in; i++)
    if (!gb_shape_equal(&in[i], &in[0]))
      return gb_fail_shapes(in, n_in, "add needs inputs of one shape", error);
  *out = in[0];
  return GB_OK;
}

static void cost(const gb_op *op, gb_cost *cost) {
  cost->other_ops = gb_shape_count(&op->out) * (int64_t)(op->n_in - 1);
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)params, (void)error;
  int64_t count = gb_shape_count(&op->out);
  memcpy(out, in[0], (size_t)count * sizeof *out);
  for (size_t i = 1; i < op->n_in; i++)
    for (int64_t j = 0; j < count; j++)
      out[j] += in[i][j];
  return GB_OK;
}

static void work(const gb_op *op, gb_work *work) {
  (void)op;
  work->kind = GB_WORK_ADD;
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  return gb_onnx_chain(to, "Add", to->inputs, op->n_in);
}

const gb_layer gb_layer_add = {
    .name = "add",
    .summary = "element-wise sum of two or more inputs",
    .min_inputs = 2,
    .max_inputs = GB_MANY_INPUTS,
    .post = GB_NO_POST,
    .infer = infer,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
