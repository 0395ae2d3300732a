// Squeeze-and-excitation: each map is scaled by a gate that two small convolutions find from the
// means of all maps.
#include "layers/parts.h"

#include <inttypes.h>

static const char *const gates[] = {"hard-sigmoid", "clipped-sigmoid", "sigmoid", NULL};

typedef struct squeeze_excite_attrs {
  double reduce;
  int64_t squeeze, divisor;
  int act, gate;
  const char *reduce_name, *expand_name;
} squeeze_excite_attrs;

static const gb_attr attrs_table[] = {
    {.name = "reduce",
     .type = GB_ATTR_REAL,
     .offset = offsetof(squeeze_excite_attrs, reduce),
     .fallback = "0.25",
     .min = 1e-6,
     .max = 16,
     .help = "squeezed channels as a share of the input's"},
    {.name = "divisor",
     .type = GB_ATTR_INT,
     .offset = offsetof(squeeze_excite_attrs, divisor),
     .fallback = "4",
     .min = 1,
     .max = 1e6,
     .help = "the share is rounded to a multiple of this (at most 10 % down)"},
    {.name = "squeeze",
     .type = GB_ATTR_INT,
     .offset = offsetof(squeeze_excite_attrs, squeeze),
     .fallback = "0",
     .min = 0,
     .max = 1e6,
     .help = "squeezed channels themselves (0: from reduce and divisor)"},
    {.name = "act",
     .type = GB_ATTR_CHOICE,
     .offset = offsetof(squeeze_excite_attrs, act),
     .fallback = "relu",
     .choices = gb_activation_names,
     .help = "activation between the two convolutions"},
    {.name = "gate",
     .type = GB_ATTR_CHOICE,
     .offset = offsetof(squeeze_excite_attrs, gate),
     .fallback = "hard-sigmoid",
     .choices = gates,
     .help = "activation that makes the gate"},
    {.name = "reduce-name",
     .type = GB_ATTR_NAME,
     .offset = offsetof(squeeze_excite_attrs, reduce_name),
     .fallback = "conv_reduce",
     .help = "name of the first convolution inside this element"},
    {.name = "expand-name",
     .type = GB_ATTR_NAME,
     .offset = offsetof(squeeze_excite_attrs, expand_name),
     .fallback = "conv_expand",
     .help = "name of the second convolution inside this element"},
};

static gb_status check(const void *attrs, gb_error *error) {
  const squeeze_excite_attrs *a = attrs;
  return *a->reduce_name && *a->expand_name
             ? GB_OK
             : gb_fail(error, GB_EINPUT, "reduce-name and expand-name must not be empty");
}

static gb_status lower(const void *attrs, gb_lowering *to, int *output, gb_error *error) {
  const squeeze_excite_attrs *a = attrs;
  int64_t channels = to->shape(to, to->inputs[0]).c;
  int64_t squeezed =
      a->squeeze ? a->squeeze : gb_make_divisible((double)channels * a->reduce, a->divisor);
  int ways[2] = {to->inputs[0], 0}, *gate = &ways[1];
  GB_TRY(gb_emit(to, "global-pool", "pool", ways[0], gate, error, "%s", ""));
  GB_TRY(gb_emit(to, "conv", a->reduce_name, *gate, gate, error,
                 "out=%" PRId64 " kernel=1 bias=1 act=%s", squeezed, gb_activation_names[a->act]));
  GB_TRY(gb_emit(to, "conv", a->expand_name, *gate, gate, error,
                 "out=%" PRId64 " kernel=1 bias=1 act=%s", channels, gates[a->gate]));
  return gb_emit_many(to, "multiply", "multiply", ways, 2, output, error, "%s", "");
}

const gb_layer gb_layer_squeeze_excite = {
    .name = "squeeze-excite",
    .summary = "scales each map by a gate found from the means of all",
    .source = "Hu et al.: Squeeze-and-excitation networks, CVPR 2018; rounding and gate as in "
              "MobileNetV3 and GhostNet",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(squeeze_excite_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = GB_NO_POST,
    .check = check,
    .lower = lower,
};
