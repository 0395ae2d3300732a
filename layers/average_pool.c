// Average pooling: the mean under each window, with or without the padding in the count.
#include "layers/pool.h"

typedef struct average_pool_attrs {
  gb_pool pool;
  bool count_padding;
} average_pool_attrs;

static const gb_attr attrs_table[] = {
    GB_POOL_ATTRS(average_pool_attrs, pool),
    {.name = "count-padding",
     .type = GB_ATTR_BOOL,
     .offset = offsetof(average_pool_attrs, count_padding),
     .fallback = "1",
     .help = "divide by the padded elements too (PyTorch's default; Keras: 0)"},
};

static gb_status check(const void *attrs, gb_error *error) {
  return gb_pool_check(&((const average_pool_attrs *)attrs)->pool, error);
}

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)n_in;
  return gb_pool_infer(&((const average_pool_attrs *)attrs)->pool, in, out, error);
}

static void cost(const gb_op *op, gb_cost *cost) {
  const gb_pool *p = &((const average_pool_attrs *)op->attrs)->pool;
  cost->other_macs = gb_times(gb_shape_count(&op->out), p->kernel.h * p->kernel.w);
}

static int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}

// The window's rows [first, last) inside the input, and how many it counts: padding belongs to the
// count, what hangs over the padding (ceil) does not.
static int64_t span(int64_t start, int64_t kernel, int64_t in, int64_t after, int64_t *first,
                    int64_t *last) {
  *first = start < 0 ? 0 : start;
  *last = least(start + kernel, in);
  return least(start + kernel, in + after) - start;
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)params, (void)error;
  const average_pool_attrs *a = op->attrs;
  const gb_shape *is = op->in, *os = &op->out;
  gb_pool_window w = gb_pool_resolve(&a->pool, is);
  for (int64_t i = 0; i < os->n * os->c; i++) {
    const float *map = in[0] + i * is->h * is->w;
    for (int64_t y = 0; y < os->h; y++)
      for (int64_t x = 0; x < os->w; x++) {
        int64_t y0, y1, x0, x1;
        int64_t count = span(y * w.stride.h - w.top, a->pool.kernel.h, is->h, w.bottom, &y0, &y1) *
                        span(x * w.stride.w - w.left, a->pool.kernel.w, is->w, w.right, &x0, &x1);
        if (!a->count_padding)
          count = (y1 - y0) * (x1 - x0);
        double sum = 0;
        for (int64_t v = y0; v < y1; v++)
          for (int64_t u = x0; u < x1; u++)
            sum += (double)map[v * is->w + u];
        *out++ = (float)(sum / (double)count);
      }
  }
  return GB_OK;
}

// A window that hangs over the padding has a count of its own, which only forward() knows.
static void work(const gb_op *op, gb_work *work) {
  const average_pool_attrs *a = op->attrs;
  if (!a->pool.ceil)
    gb_pool_work(&a->pool, op->in, false, a->count_padding, work);
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  const average_pool_attrs *a = op->attrs;
  return gb_pool_onnx(&a->pool, op, false, a->count_padding, to);
}

const gb_layer gb_layer_average_pool = {
    .name = "average-pool",
    .summary = "mean under each window",
    .source = "as torch.nn.AvgPool2d",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(average_pool_attrs),
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
