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
    .forward = forward,
};
