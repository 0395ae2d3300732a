// Max pooling: the largest element under each window; padding never wins.
#include "layers/pool.h"

#include <math.h>

typedef struct max_pool_attrs {
  gb_pool pool;
} max_pool_attrs;

static const gb_attr attrs_table[] = {GB_POOL_ATTRS(max_pool_attrs, pool)};

static gb_status check(const void *attrs, gb_error *error) {
  return gb_pool_check(&((const max_pool_attrs *)attrs)->pool, error);
}

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)n_in;
  return gb_pool_infer(&((const max_pool_attrs *)attrs)->pool, in, out, error);
}

static void cost(const gb_op *op, gb_cost *cost) {
  const gb_pool *p = &((const max_pool_attrs *)op->attrs)->pool;
  cost->other_ops = gb_times(gb_shape_count(&op->out), p->kernel.h * p->kernel.w);
}

static float largest(const float *map, const gb_shape *shape, int64_t y, int64_t x,
                     gb_size kernel) {
  float best = -INFINITY;
  for (int64_t i = y < 0 ? 0 : y; i < y + kernel.h && i < shape->h; i++)
    for (int64_t j = x < 0 ? 0 : x; j < x + kernel.w && j < shape->w; j++) {
      float value = map[i * shape->w + j];
      if (value > best || isnan(value)) // as in PyTorch, a NaN stays visible
        best = value;
    }
  return best;
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)params, (void)error;
  const gb_pool *p = &((const max_pool_attrs *)op->attrs)->pool;
  const gb_shape *is = op->in, *os = &op->out;
  gb_pool_window w = gb_pool_resolve(p, is);
  for (int64_t i = 0; i < os->n * os->c; i++)
    for (int64_t y = 0; y < os->h; y++)
      for (int64_t x = 0; x < os->w; x++)
        *out++ = largest(in[0] + i * is->h * is->w, is, y * w.stride.h - w.top,
                         x * w.stride.w - w.left, p->kernel);
  return GB_OK;
}

static void work(const gb_op *op, gb_work *work) {
  gb_pool_work(&((const max_pool_attrs *)op->attrs)->pool, op->in, true, false, work);
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  return gb_pool_onnx(&((const max_pool_attrs *)op->attrs)->pool, op, true, false, to);
}

const gb_layer gb_layer_max_pool = {
    .name = "max-pool",
    .summary = "largest element under each window",
    .source = "as torch.nn.MaxPool2d",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(max_pool_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = GB_NO_POST,
    .check = check,
    .infer = infer,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
