// Channel shuffle: (groups, C/groups) is transposed, so that each group sees all others.
#include "layers/parts.h"

#include <inttypes.h>
#include <string.h>

typedef struct shuffle_attrs {
  int64_t groups;
} shuffle_attrs;

static const gb_attr attrs_table[] = {
    {.name = "groups",
     .type = GB_ATTR_INT,
     .offset = offsetof(shuffle_attrs, groups),
     .min = 1,
     .max = 1e6,
     .help = "groups that are interleaved"},
};

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)n_in;
  const shuffle_attrs *a = attrs;
  char text[GB_SHAPE_TEXT];
  if (in->c % a->groups)
    return gb_fail(error, GB_ESHAPE,
                   "the %" PRId64 " channels of the input %s do not divide into %" PRId64 " groups",
                   in->c, gb_shape_print(in, text), a->groups);
  *out = *in;
  return GB_OK;
}

static void cost(const gb_op *op, gb_cost *cost) {
  (void)op, (void)cost; // it moves bytes and computes nothing
}

// out[n, j·groups + g] = in[n, g·(C/groups) + j]
static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)params, (void)error;
  int64_t groups = ((const shuffle_attrs *)op->attrs)->groups;
  int64_t channels = op->in->c, per_group = channels / groups, area = op->in->h * op->in->w;
  for (int64_t i = 0; i < op->in->n * channels; i++) {
    int64_t n = i / channels, c = i % channels;
    int64_t from = c % groups * per_group + c / groups;
    memcpy(out + i * area, in[0] + (n * channels + from) * area, (size_t)area * sizeof *out);
  }
  return GB_OK;
}

static gb_plane_source plane(const gb_op *op, int64_t channel) {
  int64_t groups = ((const shuffle_attrs *)op->attrs)->groups;
  return (gb_plane_source){0, channel % groups * (op->in->c / groups) + channel / groups, 0};
}

static void work(const gb_op *op, gb_work *work) {
  (void)op;
  *work = (gb_work){.kind = GB_WORK_PLANES, .plane = plane};
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  int64_t groups = ((const shuffle_attrs *)op->attrs)->groups;
  const gb_shape *in = op->in;
  const int64_t apart[] = {0, groups, in->c / groups, in->h, in->w}, order[] = {0, 2, 1, 3, 4},
                together[] = {0, in->c, in->h, in->w};
  const gb_onnx_attr attrs[] = {GB_ONNX_ATTR_INTS("perm", order)};
  const char *value = gb_onnx_reshape(to, to->inputs[0], apart, 5);
  value = gb_onnx_one(to, "Transpose", value, attrs, 1);
  return gb_onnx_reshape(to, value, together, 4);
}

const gb_layer gb_layer_shuffle = {
    .name = "shuffle",
    .summary = "channel shuffle between groups",
    .source = "Zhang et al.: ShuffleNet, CVPR 2018, section 3.1",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(shuffle_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = GB_NO_POST,
    .infer = infer,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
