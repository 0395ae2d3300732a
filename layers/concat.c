// Concatenation along the channels.
#include "layers/parts.h"

#include <string.h>

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)attrs;
  *out = in[0];
  for (size_t i = 1; i < n_in; i++) {
    if (in[i].n != in[0].n || in[i].h != in[0].h || in[i].w != in[0].w)
      return gb_fail_shapes(in, n_in, "concat needs inputs that differ in channels only", error);
    out->c += in[i].c;
  }
  return GB_OK;
}

static void cost(const gb_op *op, gb_cost *cost) {
  (void)op, (void)cost; // it moves bytes and computes nothing
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)params, (void)error;
  for (int64_t n = 0; n < op->out.n; n++)
    for (size_t i = 0; i < op->n_in; i++) {
      int64_t count = op->in[i].c * op->in[i].h * op->in[i].w;
      memcpy(out, in[i] + n * count, (size_t)count * sizeof *out);
      out += count;
    }
  return GB_OK;
}

static gb_plane_source plane(const gb_op *op, int64_t channel) {
  size_t input = 0;
  while (channel >= op->in[input].c)
    channel -= op->in[input++].c;
  return (gb_plane_source){input, channel, 0};
}

static void work(const gb_op *op, gb_work *work) {
  (void)op;
  *work = (gb_work){.kind = GB_WORK_PLANES, .plane = plane};
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  const gb_onnx_attr attrs[] = {GB_ONNX_ATTR_INT("axis", 1)};
  return to->node(to, "Concat", to->inputs, op->n_in, attrs, 1);
}

const gb_layer gb_layer_concat = {
    .name = "concat",
    .summary = "inputs one behind the other along the channels",
    .min_inputs = 1,
    .max_inputs = GB_MANY_INPUTS,
    .post = GB_NO_POST,
    .infer = infer,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
