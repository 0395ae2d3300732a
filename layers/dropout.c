// Dropout: zeroes elements at random in training, passes everything in evaluation.
#include "layers/parts.h"

#include <string.h>

typedef struct dropout_attrs {
  double rate;
} dropout_attrs;

static const gb_attr attrs_table[] = {
    {.name = "rate",
     .type = GB_ATTR_REAL,
     .offset = offsetof(dropout_attrs, rate),
     .fallback = "0.5",
     .min = 0,
     .max = 1,
     .help = "share of the elements that training zeroes; evaluation passes all"},
};

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)attrs, (void)n_in, (void)error;
  *out = *in;
  return GB_OK;
}

static void cost(const gb_op *op, gb_cost *cost) {
  (void)op, (void)cost; // nothing in evaluation
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)params, (void)error;
  memcpy(out, in[0], (size_t)gb_shape_count(&op->out) * sizeof *out);
  return GB_OK;
}

static gb_plane_source plane(const gb_op *op, int64_t channel) {
  (void)op;
  return (gb_plane_source){0, channel, 0};
}

static void work(const gb_op *op, gb_work *work) {
  (void)op;
  *work = (gb_work){.kind = GB_WORK_PLANES, .plane = plane};
}

static const char *onnx(const gb_op *op, gb_onnx *to) {
  (void)op;
  return to->inputs[0];
}

const gb_layer gb_layer_dropout = {
    .name = "dropout",
    .summary = "dropout in training, the identity in evaluation",
    .source = "Srivastava et al.: Dropout, JMLR 2014",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(dropout_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = GB_NO_POST,
    .infer = infer,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
