// The shortcut without parameters of CIFAR ResNets: every stride-th pixel, and zero channels around
// the input's: half of them before, the rest after.
#include "layers/parts.h"

#include <inttypes.h>
#include <string.h>

typedef struct pad_channels_attrs {
  int64_t out;
  gb_size stride;
} pad_channels_attrs;

static const gb_attr attrs_table[] = {
    {.name = "out",
     .type = GB_ATTR_INT,
     .offset = offsetof(pad_channels_attrs, out),
     .min = 1,
     .max = 1e6,
     .help = "output channels, at least as many as arrive"},
    {.name = "stride",
     .type = GB_ATTR_SIZE,
     .offset = offsetof(pad_channels_attrs, stride),
     .fallback = "1",
     .min = 1,
     .max = GB_LARGEST_SIDE,
     .help = "take every stride-th row and column"},
};

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)n_in;
  const pad_channels_attrs *a = attrs;
  char text[GB_SHAPE_TEXT];
  if (in->c > a->out)
    return gb_fail(error, GB_ESHAPE,
                   "the input %s has more channels than the %" PRId64 " of the output",
                   gb_shape_print(in, text), a->out);
  *out = (gb_shape){in->n, a->out, (in->h - 1) / a->stride.h + 1, (in->w - 1) / a->stride.w + 1};
  return GB_OK;
}

static void cost(const gb_op *op, gb_cost *cost) {
  (void)op, (void)cost; // it moves bytes and computes nothing
}

static int64_t pick_map(const gb_op *op, int64_t channel) {
  int64_t from = channel - (op->out.c - op->in->c) / 2;
  return from < op->in->c ? from : -1;
}

static int64_t pick_row(const gb_op *op, int64_t y) {
  return y * ((const pad_channels_attrs *)op->attrs)->stride.h;
}

static int64_t pick_column(const gb_op *op, int64_t x) {
  return x * ((const pad_channels_attrs *)op->attrs)->stride.w;
}

static void work(const gb_op *op, gb_work *work) {
  (void)op;
  *work = (gb_work){
      .kind = GB_WORK_PICK, .pick_map = pick_map, .pick_row = pick_row, .pick_column = pick_column};
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)params, (void)error;
  const pad_channels_attrs *a = op->attrs;
  const gb_shape *is = op->in, *os = &op->out;
  int64_t before = (os->c - is->c) / 2;
  memset(out, 0, (size_t)gb_shape_count(os) * sizeof *out);
  for (int64_t i = 0; i < is->n * is->c; i++) {
    const float *source = in[0] + i * is->h * is->w;
    float *map = out + (i / is->c * os->c + before + i % is->c) * os->h * os->w;
    for (int64_t y = 0; y < os->h; y++)
      for (int64_t x = 0; x < os->w; x++)
        map[y * os->w + x] = source[y * a->stride.h * is->w + x * a->stride.w];
  }
  return GB_OK;
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  const pad_channels_attrs *a = op->attrs;
  const char *value = to->inputs[0];
  if (a->stride.h > 1)
    value = gb_onnx_slice(to, value, 2, 0, op->in->h, a->stride.h);
  if (a->stride.w > 1)
    value = gb_onnx_slice(to, value, 3, 0, op->in->w, a->stride.w);
  int64_t before = (op->out.c - op->in->c) / 2, after = op->out.c - op->in->c - before;
  const char *inputs[] = {value,
                          to->integers(to, (const int64_t[]){0, before, 0, 0, 0, after, 0, 0}, 8)};
  return before + after > 0 ? to->node(to, "Pad", inputs, 2, NULL, 0) : value;
}

const gb_layer gb_layer_pad_channels = {
    .name = "pad-channels",
    .summary = "shortcut without parameters: subsampling and zero channels",
    .source = "He et al.: Deep residual learning, CVPR 2016, option A",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(pad_channels_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = GB_NO_POST,
    .infer = infer,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
