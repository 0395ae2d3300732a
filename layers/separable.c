// Separable convolution: a depthwise one, then a pointwise one that mixes the channels.
#include "layers/parts.h"

#include <inttypes.h>

typedef struct separable_attrs {
  int64_t out, multiplier;
  gb_window window;
  const char *depth_name, *point_name, *mid_norm;
  int mid_act;
  bool bias;
  gb_post post;
} separable_attrs;

static const gb_attr attrs_table[] = {
    {.name = "out",
     .type = GB_ATTR_INT,
     .offset = offsetof(separable_attrs, out),
     .min = 1,
     .max = 1e6,
     .help = "output channels"},
    GB_KERNEL_ATTR(separable_attrs, window),
    GB_WINDOW_ATTRS(separable_attrs, window),
    {.name = "multiplier",
     .type = GB_ATTR_INT,
     .offset = offsetof(separable_attrs, multiplier),
     .fallback = "1",
     .min = 1,
     .max = 1e6,
     .help = "depthwise maps for each input map"},
    {.name = "bias",
     .type = GB_ATTR_BOOL,
     .offset = offsetof(separable_attrs, bias),
     .fallback = "0",
     .help = "add a learned constant behind the pointwise convolution"},
    {.name = "depth-name",
     .type = GB_ATTR_NAME,
     .offset = offsetof(separable_attrs, depth_name),
     .fallback = "depthwise",
     .help = "name of the depthwise convolution inside this element"},
    {.name = "point-name",
     .type = GB_ATTR_NAME,
     .offset = offsetof(separable_attrs, point_name),
     .fallback = "pointwise",
     .help = "name of the pointwise convolution inside this element"},
    {.name = "mid-norm",
     .type = GB_ATTR_NAME,
     .offset = offsetof(separable_attrs, mid_norm),
     .fallback = "",
     .help = "name of a batch norm between the two"},
    {.name = "mid-act",
     .type = GB_ATTR_CHOICE,
     .offset = offsetof(separable_attrs, mid_act),
     .fallback = "none",
     .choices = gb_activation_names,
     .help = "activation between the two"},
    GB_POST_ATTRS(separable_attrs, post),
};

static gb_status check(const void *attrs, gb_error *error) {
  const separable_attrs *a = attrs;
  return *a->depth_name && *a->point_name
             ? GB_OK
             : gb_fail(error, GB_EINPUT, "depth-name and point-name must not be empty");
}

static gb_status lower(const void *attrs, gb_lowering *to, int *output, gb_error *error) {
  const separable_attrs *a = attrs;
  char padding[GB_PADDING_TEXT];
  int maps;
  GB_TRY(gb_emit(to, "depthwise", a->depth_name, to->inputs[0], &maps, error,
                 "kernel=" GB_SIZE_FORMAT " stride=" GB_SIZE_FORMAT " dilation=" GB_SIZE_FORMAT
                 " padding=%s multiplier=%" PRId64 " norm=%s norm-eps=%.17g act=%s",
                 GB_SIZE_ARGS(a->window.kernel), GB_SIZE_ARGS(a->window.stride),
                 GB_SIZE_ARGS(a->window.dilation), gb_padding_print(&a->window.padding, padding),
                 a->multiplier, a->mid_norm, a->post.norm_eps, gb_activation_names[a->mid_act]));
  return gb_emit(to, "conv", a->point_name, maps, output, error,
                 "out=%" PRId64 " kernel=1 bias=%d norm=%s norm-eps=%.17g act=%s", a->out, a->bias,
                 a->post.norm, a->post.norm_eps, gb_activation_names[a->post.act]);
}

const gb_layer gb_layer_separable = {
    .name = "separable",
    .summary = "depthwise convolution, then a pointwise one",
    .source = "Howard et al.: MobileNets, 2017; as keras.layers.SeparableConv2D",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(separable_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = offsetof(separable_attrs, post),
    .check = check,
    .lower = lower,
};
