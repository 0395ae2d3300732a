// Nearest-neighbour resampling by a factor, to a size, or to the size of a second input.
#include "layers/parts.h"

#include <inttypes.h>

typedef struct upsample_attrs {
  gb_size factor, size; // 0: not given
} upsample_attrs;

static const gb_attr attrs_table[] = {
    {.name = "factor",
     .type = GB_ATTR_SIZE,
     .offset = offsetof(upsample_attrs, factor),
     .fallback = "0",
     .min = 0,
     .max = GB_LARGEST_SIDE,
     .help = "output pixels for each input pixel (0: by size or second input)"},
    {.name = "size",
     .type = GB_ATTR_SIZE,
     .offset = offsetof(upsample_attrs, size),
     .fallback = "0",
     .min = 0,
     .max = 1e6,
     .help = "output height x width (0: by factor or second input)"},
};

static gb_status check(const void *attrs, gb_error *error) {
  const upsample_attrs *a = attrs;
  if ((a->factor.h == 0) != (a->factor.w == 0) || (a->size.h == 0) != (a->size.w == 0))
    return gb_fail(error, GB_EINPUT, "factor and size need both sides above 0");
  if (a->factor.h && a->size.h)
    return gb_fail(error, GB_EINPUT, "give either factor or size, not both");
  return GB_OK;
}

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  const upsample_attrs *a = attrs;
  int ways = (a->factor.h > 0) + (a->size.h > 0) + (n_in > 1);
  if (ways != 1)
    return gb_fail_shapes(
        in, n_in, "upsample takes its size from one of: factor, size, a second input", error);
  *out = *in;
  if (n_in > 1) {
    out->h = in[1].h;
    out->w = in[1].w;
  } else if (a->size.h) {
    out->h = a->size.h;
    out->w = a->size.w;
  } else {
    out->h = in->h * a->factor.h;
    out->w = in->w * a->factor.w;
  }
  return GB_OK;
}

// fvcore counts upsample_nearest2d as one an output element; it computes nothing.
static void cost(const gb_op *op, gb_cost *cost) {
  cost->fvcore = gb_shape_count(&op->out);
}

// floor(at · in / out): torch.nn.functional.interpolate(mode="nearest"), without its float
// rounding.
static int64_t nearest(int64_t at, int64_t in, int64_t out) {
  return (int64_t)((uint64_t)at * (uint64_t)in / (uint64_t)out);
}

static int64_t pick_map(const gb_op *op, int64_t channel) {
  (void)op;
  return channel;
}

static int64_t pick_row(const gb_op *op, int64_t y) {
  return nearest(y, op->in->h, op->out.h);
}

static int64_t pick_column(const gb_op *op, int64_t x) {
  return nearest(x, op->in->w, op->out.w);
}

static void work(const gb_op *op, gb_work *work) {
  (void)op;
  *work = (gb_work){
      .kind = GB_WORK_PICK, .pick_map = pick_map, .pick_row = pick_row, .pick_column = pick_column};
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)params, (void)error;
  const gb_shape *is = op->in, *os = &op->out;
  for (int64_t i = 0; i < os->n * os->c; i++)
    for (int64_t y = 0; y < os->h; y++) {
      const float *row = in[0] + (i * is->h + nearest(y, is->h, os->h)) * is->w;
      for (int64_t x = 0; x < os->w; x++)
        *out++ = row[nearest(x, is->w, os->w)];
    }
  return GB_OK;
}

// Resize's positions are floor(at / scale) in float, which is exact where the scale is a whole
// number.
static const char *resize_onnx(gb_onnx *to, int64_t h, int64_t w) {
  const float scales[] = {1, 1, (float)h, (float)w};
  const int64_t four = 4;
  const char *inputs[] = {to->inputs[0], "", to->floats(to, scales, 1, &four)};
  const gb_onnx_attr attrs[] = {
      GB_ONNX_ATTR_STRING("mode", "nearest"), GB_ONNX_ATTR_STRING("nearest_mode", "floor"),
      GB_ONNX_ATTR_STRING("coordinate_transformation_mode", "asymmetric")};
  return to->node(to, "Resize", inputs, 3, attrs, 3);
}

static const char *gather_onnx(gb_onnx *to, const char *value, int64_t axis, int64_t in,
                               int64_t out) {
  int64_t *indices = gb_allocate(NULL, (size_t)out, sizeof *indices);
  for (int64_t i = 0; indices && i < out; i++)
    indices[i] = nearest(i, in, out);
  value = indices ? gb_onnx_gather(to, value, axis, indices, (size_t)out) : NULL;
  gb_release(NULL, indices);
  return value;
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  const gb_shape *in = op->in, *out = &op->out;
  if (out->h % in->h == 0 && out->w % in->w == 0)
    return resize_onnx(to, out->h / in->h, out->w / in->w);
  return gather_onnx(to, gather_onnx(to, to->inputs[0], 2, in->h, out->h), 3, in->w, out->w);
}

const gb_layer gb_layer_upsample = {
    .name = "upsample",
    .summary = "nearest-neighbour resampling; a second input gives the size",
    .source = "as torch.nn.functional.interpolate(mode=\"nearest\")",
    .min_inputs = 1,
    .max_inputs = 2,
    .attrs_size = sizeof(upsample_attrs),
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
