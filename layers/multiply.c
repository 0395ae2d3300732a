// Element-wise product; a factor (N, C, 1, 1) scales whole maps, as in squeeze-and-excitation.
#include "layers/parts.h"

static bool is_gate(const gb_shape *shape) {
  return shape->h == 1 && shape->w == 1;
}

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)attrs;
  *out = in[0];
  for (size_t i = 1; i < n_in; i++)
    if (is_gate(out))
      *out = in[i];
  for (size_t i = 0; i < n_in; i++)
    if (in[i].n != out->n || in[i].c != out->c ||
        (!is_gate(&in[i]) && (in[i].h != out->h || in[i].w != out->w)))
      return gb_fail_shapes(in, n_in, "multiply needs inputs of one shape N×C×H×W, or N×C×1×1",
                            error);
  return GB_OK;
}

static void cost(const gb_op *op, gb_cost *cost) {
  cost->other_ops = gb_shape_count(&op->out) * (int64_t)(op->n_in - 1);
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)params, (void)error;
  int64_t area = op->out.h * op->out.w;
  for (int64_t i = 0; i < op->out.n * op->out.c; i++) {
    float *map = out + i * area;
    for (int64_t j = 0; j < area; j++)
      map[j] = is_gate(&op->in[0]) ? in[0][i] : in[0][i * area + j];
    for (size_t k = 1; k < op->n_in; k++)
      if (is_gate(&op->in[k]))
        for (int64_t j = 0; j < area; j++)
          map[j] *= in[k][i];
      else
        for (int64_t j = 0; j < area; j++)
          map[j] *= in[k][i * area + j];
  }
  return GB_OK;
}

static void work(const gb_op *op, gb_work *work) {
  (void)op;
  work->kind = GB_WORK_MULTIPLY;
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  return gb_onnx_chain(to, "Mul", to->inputs, op->n_in);
}

const gb_layer gb_layer_multiply = {
    .name = "multiply",
    .summary = "element-wise product; N×C×1×1 scales whole maps",
    .min_inputs = 2,
    .max_inputs = GB_MANY_INPUTS,
    .post = GB_NO_POST,
    .infer = infer,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
