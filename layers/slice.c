// A contiguous part of a tensor along channels, rows or columns.
#include "layers/parts.h"

#include <inttypes.h>
#include <string.h>

enum { AXIS_C, AXIS_H, AXIS_W };
static const char *const axes[] = {"c", "h", "w", NULL};

typedef struct slice_attrs {
  int axis;
  int64_t start, count;
} slice_attrs;

static const gb_attr attrs_table[] = {
    {.name = "axis",
     .type = GB_ATTR_CHOICE,
     .offset = offsetof(slice_attrs, axis),
     .fallback = "c",
     .choices = axes,
     .help = "channels, rows or columns"},
    {.name = "start",
     .type = GB_ATTR_INT,
     .offset = offsetof(slice_attrs, start),
     .fallback = "0",
     .min = -1e6,
     .max = 1e6,
     .help = "first one taken; a negative number counts from the end"},
    {.name = "count",
     .type = GB_ATTR_INT,
     .offset = offsetof(slice_attrs, count),
     .fallback = "0",
     .min = 0,
     .max = 1e6,
     .help = "how many (0: all that follow)"},
};

static int64_t size_along(const gb_shape *shape, int axis) {
  return axis == AXIS_C ? shape->c : axis == AXIS_H ? shape->h : shape->w;
}

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)n_in;
  const slice_attrs *a = attrs;
  int64_t size = size_along(in, a->axis);
  int64_t start = a->start < 0 ? size + a->start : a->start;
  int64_t count = a->count ? a->count : size - start;
  char text[GB_SHAPE_TEXT];
  if (start < 0 || start >= size || count > size - start)
    return gb_fail(error, GB_ESHAPE,
                   "a slice of %" PRId64 " from %" PRId64 " along %s lies outside the input %s",
                   count, a->start, axes[a->axis], gb_shape_print(in, text));
  *out = *in;
  *(a->axis == AXIS_C ? &out->c : a->axis == AXIS_H ? &out->h : &out->w) = count;
  return GB_OK;
}

static void cost(const gb_op *op, gb_cost *cost) {
  (void)op, (void)cost; // it moves bytes and computes nothing
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)params, (void)error;
  const slice_attrs *a = op->attrs;
  const gb_shape *is = op->in;
  int64_t size = size_along(is, a->axis);
  int64_t start = a->start < 0 ? size + a->start : a->start;
  // Everything before the axis repeats, everything behind it is one piece.
  int64_t inner = a->axis == AXIS_C ? is->h * is->w : a->axis == AXIS_H ? is->w : 1;
  int64_t outer = gb_shape_count(is) / size / inner;
  int64_t taken = size_along(&op->out, a->axis) * inner;
  for (int64_t i = 0; i < outer; i++)
    memcpy(out + i * taken, in[0] + (i * size + start) * inner, (size_t)taken * sizeof *out);
  return GB_OK;
}

static int64_t first_of(const gb_op *op) {
  const slice_attrs *a = op->attrs;
  return a->start < 0 ? size_along(op->in, a->axis) + a->start : a->start;
}

static gb_plane_source plane(const gb_op *op, int64_t channel) {
  const slice_attrs *a = op->attrs;
  int64_t first = first_of(op);
  return a->axis == AXIS_C   ? (gb_plane_source){0, channel + first, 0}
         : a->axis == AXIS_H ? (gb_plane_source){0, channel, first * op->in->w}
                             : (gb_plane_source){0, channel, first};
}

// Part of the columns is contiguous in a map only where the map is one row.
static void work(const gb_op *op, gb_work *work) {
  const slice_attrs *a = op->attrs;
  if (a->axis != AXIS_W || op->out.h == 1)
    *work = (gb_work){.kind = GB_WORK_PLANES, .plane = plane};
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  const slice_attrs *a = op->attrs;
  int64_t first = first_of(op);
  return gb_onnx_slice(to, to->inputs[0], a->axis + 1, first, first + size_along(&op->out, a->axis),
                       1);
}

const gb_layer gb_layer_slice = {
    .name = "slice",
    .summary = "part of the channels, rows or columns",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(slice_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = GB_NO_POST,
    .infer = infer,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
