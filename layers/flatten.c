// Flattening: (N, C, H, W) becomes the vector (N, C·H·W, 1, 1), in memory order.
#include "layers/parts.h"

#include <string.h>

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)attrs, (void)n_in, (void)error;
  *out = (gb_shape){in->n, in->c * in->h * in->w, 1, 1};
  return GB_OK;
}

static void cost(const gb_op *op, gb_cost *cost) {
  (void)op, (void)cost; // it moves bytes and computes nothing
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)params, (void)error;
  memcpy(out, in[0], (size_t)gb_shape_count(&op->out) * sizeof *out);
  return GB_OK;
}

static gb_plane_source plane(const gb_op *op, int64_t channel) {
  int64_t area = op->in->h * op->in->w;
  return (gb_plane_source){0, channel / area, channel % area};
}

static void work(const gb_op *op, gb_work *work) {
  (void)op;
  *work = (gb_work){.kind = GB_WORK_PLANES, .plane = plane};
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  return gb_onnx_reshape(to, to->inputs[0], (const int64_t[]){0, op->out.c, 1, 1}, 4);
}

const gb_layer gb_layer_flatten = {
    .name = "flatten",
    .summary = "all elements of an image as one vector",
    .min_inputs = 1,
    .max_inputs = 1,
    .post = GB_NO_POST,
    .infer = infer,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
