// Global pooling: each map becomes one number, (N, C, H, W) becomes (N, C, 1, 1).
#include "layers/parts.h"

#include <math.h>

enum { AVERAGE, MAX };
static const char *const functions[] = {"average", "max", NULL};

typedef struct global_pool_attrs {
  int function;
} global_pool_attrs;

static const gb_attr attrs_table[] = {
    {.name = "function",
     .type = GB_ATTR_CHOICE,
     .offset = offsetof(global_pool_attrs, function),
     .fallback = "average",
     .choices = functions,
     .help = "what stands for a map"},
};

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)attrs, (void)n_in, (void)error;
  *out = (gb_shape){in->n, in->c, 1, 1};
  return GB_OK;
}

// fvcore counts adaptive_avg_pool2d as one an input element, and passes over the maximum.
static void cost(const gb_op *op, gb_cost *cost) {
  const global_pool_attrs *a = op->attrs;
  int64_t inputs = gb_shape_count(op->in);
  if (a->function == AVERAGE)
    cost->other_macs = cost->fvcore = inputs;
  else
    cost->other_ops = inputs;
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)params, (void)error;
  const global_pool_attrs *a = op->attrs;
  int64_t area = op->in->h * op->in->w;
  for (int64_t i = 0; i < op->in->n * op->in->c; i++) {
    const float *map = in[0] + i * area;
    double sum = 0;
    float best = -INFINITY;
    for (int64_t j = 0; j < area; j++) {
      sum += (double)map[j];
      if (map[j] > best || isnan(map[j]))
        best = map[j];
    }
    out[i] = a->function == AVERAGE ? (float)(sum / (double)area) : best;
  }
  return GB_OK;
}

static void work(const gb_op *op, gb_work *work) {
  const global_pool_attrs *a = op->attrs;
  *work = (gb_work){.kind = GB_WORK_GLOBAL_POOL, .max = a->function != 0};
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  const global_pool_attrs *a = op->attrs;
  return gb_onnx_one(to, a->function == AVERAGE ? "GlobalAveragePool" : "GlobalMaxPool",
                     to->inputs[0], NULL, 0);
}

const gb_layer gb_layer_global_pool = {
    .name = "global-pool",
    .summary = "mean or maximum of each whole map",
    .source = "as torch.nn.AdaptiveAvgPool2d(1)",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(global_pool_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = GB_NO_POST,
    .infer = infer,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
