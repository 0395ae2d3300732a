// The network's input: images are (channels, height, width), EEG trials (1, electrodes, samples).
#include "layers/layer.h"

typedef struct input_attrs {
  int64_t channels, height, width;
} input_attrs;

#define SIZE_ATTR(member, text)                                                                    \
  {                                                                                                \
    .name = #member, .type = GB_ATTR_INT, .offset = offsetof(input_attrs, member), .min = 1,       \
    .max = 1e6, .help = text                                                                       \
  }

static const gb_attr attrs_table[] = {
    SIZE_ATTR(channels, "input maps: 3 for colour images, 1 for EEG"),
    SIZE_ATTR(height, "rows of pixels, or electrodes"),
    SIZE_ATTR(width, "pixels of a row, or time samples"),
};

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)in, (void)n_in;
  const input_attrs *a = attrs;
  *out = (gb_shape){1, a->channels, a->height, a->width};
  return gb_shape_valid(out) ? GB_OK : gb_fail(error, GB_ELIMIT, "the input is too large");
}

static void cost(const gb_op *op, gb_cost *cost) {
  (void)op, (void)cost;
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)op, (void)in, (void)params, (void)out;
  return gb_fail(error, GB_EINTERNAL, "the input is given, not computed");
}

const gb_layer gb_layer_input = {
    .name = "input",
    .summary = "the network's input",
    .attrs_size = sizeof(input_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = GB_NO_POST,
    .infer = infer,
    .cost = cost,
    .forward = forward,
};
