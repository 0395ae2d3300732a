// The Ghost module: few maps from an ordinary convolution, the others from cheap operations on
// them.
//
// m = ceil(out/s) primary maps from a convolution with batch norm and activation; m(s-1) cheap maps
// from those, again with batch norm and activation; both concatenated and cut to `out`. The stride
// is the primary convolution's. Names are those of the authors' PyTorch code.
#include "layers/affine.h"
#include "layers/wavelet.h"

#include <inttypes.h>
#include <stdio.h>

enum { CHEAP_DEPTHWISE, CHEAP_MIXED, CHEAP_AFFINE, CHEAP_WAVELET };
static const char *const cheap_names[] = {"depthwise", "mixed", "affine", "wavelet", NULL};

typedef struct ghost_attrs {
  int64_t out, s;
  gb_size d;
  gb_window primary;
  int cheap;
  gb_size_list mixed_kernels;
  gb_affine affine;
  gb_wavelet_filter wavelet;
  int act;
  double norm_eps;
} ghost_attrs;

static const gb_attr attrs_table[] = {
    {.name = "out",
     .type = GB_ATTR_INT,
     .offset = offsetof(ghost_attrs, out),
     .min = 1,
     .max = 1e6,
     .help = "output channels"},
    {.name = "s",
     .type = GB_ATTR_INT,
     .offset = offsetof(ghost_attrs, s),
     .fallback = "2",
     .min = 1,
     .max = 1024,
     .help = "ratio: one of s maps is convolved, the others are cheap; 1 is a plain convolution"},
    {.name = "d",
     .type = GB_ATTR_SIZE,
     .offset = offsetof(ghost_attrs, d),
     .fallback = "3",
     .min = 1,
     .max = GB_LARGEST_SIDE,
     .help = "kernel of the cheap depthwise convolution"},
    {.name = "kernel",
     .type = GB_ATTR_SIZE,
     .offset = offsetof(ghost_attrs, primary.kernel),
     .fallback = "1",
     .min = 1,
     .max = GB_LARGEST_SIDE,
     .help = "kernel of the primary convolution"},
    GB_WINDOW_ATTRS(ghost_attrs, primary),
    {.name = "cheap",
     .type = GB_ATTR_CHOICE,
     .offset = offsetof(ghost_attrs, cheap),
     .fallback = "depthwise",
     .choices = cheap_names,
     .help = "the cheap operation"},
    {.name = "mixed-kernels",
     .type = GB_ATTR_SIZES,
     .offset = offsetof(ghost_attrs, mixed_kernels),
     .fallback = "3,5,7",
     .min = 1,
     .max = GB_LARGEST_SIDE,
     .help = "cheap=\"mixed\": kernels among which the primary maps are divided"},
    GB_AFFINE_ATTRS(ghost_attrs, affine),
    GB_WAVELET_ATTRS(ghost_attrs, wavelet),
    {.name = "act",
     .type = GB_ATTR_CHOICE,
     .offset = offsetof(ghost_attrs, act),
     .fallback = "relu",
     .choices = gb_activation_names,
     .help = "activation behind the primary and the cheap maps"},
    {.name = "norm-eps",
     .type = GB_ATTR_REAL,
     .offset = offsetof(ghost_attrs, norm_eps),
     .fallback = "1e-5",
     .min = 0,
     .max = 1,
     .help = "epsilon of the batch norms"},
};

static gb_status check(const void *attrs, gb_error *error) {
  const ghost_attrs *a = attrs;
  return a->cheap == CHEAP_WAVELET ? gb_wavelet_check(&a->wavelet, error) : GB_OK;
}

// Depthwise convolutions of several kernels. The m primary maps are divided as evenly as possible,
// earlier kernels get one more; a map's s-1 cheap maps share their kernel.
static gb_status lower_mixed(const ghost_attrs *a, gb_lowering *to, int64_t m, int primary,
                             int *output, gb_error *error) {
  int parts = a->mixed_kernels.count < m ? a->mixed_kernels.count : (int)m;
  int ends[GB_MAX_LIST];
  int64_t start = 0;
  for (int i = 0; i < parts; i++) {
    char name[48];
    int64_t count = m / parts + (i < m % parts);
    int part = primary;
    snprintf(name, sizeof name, "cheap_operation.slice%d", i);
    if (parts > 1)
      GB_TRY(gb_emit(to, "slice", name, primary, &part, error, "start=%" PRId64 " count=%" PRId64,
                     start, count));
    snprintf(name, sizeof name, "cheap_operation.0.%d", i);
    GB_TRY(gb_emit(to, "depthwise", name, part, &ends[i], error,
                   "kernel=" GB_SIZE_FORMAT " multiplier=%" PRId64 " padding=same",
                   GB_SIZE_ARGS(a->mixed_kernels.items[i]), a->s - 1));
    start += count;
  }
  *output = ends[0];
  if (parts > 1)
    GB_TRY(gb_emit_many(to, "concat", "cheap_operation.concat", ends, (size_t)parts, output, error,
                        "%s", ""));
  GB_TRY(gb_emit(to, "batch-norm", "cheap_operation.1", *output, output, error, "eps=%.17g",
                 a->norm_eps));
  if (a->act == GB_ACT_NONE)
    return GB_OK;
  return gb_emit(to, "activation", "cheap_operation.act", *output, output, error, "function=%s",
                 gb_activation_names[a->act]);
}

// The m(s-1) cheap maps of the m primary ones, with batch norm and activation. padding="same" is
// d/2 for an odd d, and keeps the size for an even one.
static gb_status lower_cheap(const ghost_attrs *a, gb_lowering *to, int64_t m, int primary,
                             int *output, gb_error *error) {
  char post[128];
  snprintf(post, sizeof post, "norm=cheap_operation.1 norm-eps=%.17g act=%s", a->norm_eps,
           gb_activation_names[a->act]);
  const gb_affine *t = &a->affine;
  const gb_wavelet_filter *w = &a->wavelet;
  switch (a->cheap) {
  case CHEAP_MIXED:
    return lower_mixed(a, to, m, primary, output, error);
  case CHEAP_AFFINE:
    return gb_emit(to, "affine", "cheap_operation.0", primary, output, error,
                   "multiplier=%" PRId64 " translate-x=%.17g translate-y=%.17g rotate=%.17g "
                   "scale=%.17g shear=%.17g learned=%d %s",
                   a->s - 1, t->translate_x, t->translate_y, t->rotate, t->scale, t->shear,
                   t->learned, post);
  case CHEAP_WAVELET:
    return gb_emit(to, "wavelet", "cheap_operation.0", primary, output, error,
                   "bands=%" PRId64 " family=%s order=%" PRId64 " axes=%s boundary=%s %s", a->s - 1,
                   gb_wavelet_families[w->family], w->order, gb_wavelet_axes_names[w->axes],
                   gb_wavelet_boundaries[w->boundary], post);
  default:
    return gb_emit(to, "depthwise", "cheap_operation.0", primary, output, error,
                   "kernel=" GB_SIZE_FORMAT " multiplier=%" PRId64 " padding=same %s",
                   GB_SIZE_ARGS(a->d), a->s - 1, post);
  }
}

static gb_status lower(const void *attrs, gb_lowering *to, int *output, gb_error *error) {
  const ghost_attrs *a = attrs;
  int64_t m = (a->out + a->s - 1) / a->s;
  char padding[GB_PADDING_TEXT];
  int maps[2];
  GB_TRY(gb_emit(to, "conv", "primary_conv.0", to->inputs[0], &maps[0], error,
                 "out=%" PRId64 " kernel=" GB_SIZE_FORMAT " stride=" GB_SIZE_FORMAT
                 " dilation=" GB_SIZE_FORMAT
                 " padding=%s norm=primary_conv.1 norm-eps=%.17g act=%s",
                 m, GB_SIZE_ARGS(a->primary.kernel), GB_SIZE_ARGS(a->primary.stride),
                 GB_SIZE_ARGS(a->primary.dilation), gb_padding_print(&a->primary.padding, padding),
                 a->norm_eps, gb_activation_names[a->act]));
  *output = maps[0];
  if (a->s == 1)
    return GB_OK;
  GB_TRY(lower_cheap(a, to, m, maps[0], &maps[1], error));
  GB_TRY(gb_emit_many(to, "concat", "concat", maps, 2, output, error, "%s", ""));
  if (m * a->s == a->out)
    return GB_OK;
  return gb_emit(to, "slice", "slice", *output, output, error, "count=%" PRId64, a->out);
}

const gb_layer gb_layer_ghost = {
    .name = "ghost",
    .summary = "Ghost module: a convolution for some maps, cheap operations for the others",
    .source = "Han et al.: GhostNet, CVPR 2020, section 3.1",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(ghost_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = GB_NO_POST,
    .check = check,
    .lower = lower,
};
