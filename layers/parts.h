// What several layers share: attributes of sliding windows, the plain convolution, arithmetic that
// cannot overflow, and values written back as attribute text for lower().
#ifndef GB_LAYERS_PARTS_H
#define GB_LAYERS_PARTS_H

#include "layers/layer.h"

// The window of a convolution. Sides of kernel, stride and dilation are 1 to 65536.
typedef struct gb_window {
  gb_size kernel, stride, dilation;
  gb_padding padding;
} gb_window;

// The largest side of a kernel, stride, dilation or explicit padding.
enum { GB_LARGEST_SIDE = 65536 };

// Rows of an attribute table; `record` is the attribute struct, `part` its gb_window.
// clang-format off
#define GB_KERNEL_ATTR(record, part)                                                               \
  {.name = "kernel", .type = GB_ATTR_SIZE, .offset = offsetof(record, part.kernel), .min = 1,      \
   .max = GB_LARGEST_SIDE, .help = "window, height x width"}
#define GB_WINDOW_ATTRS(record, part)                                                              \
  {.name = "stride", .type = GB_ATTR_SIZE, .offset = offsetof(record, part.stride),                \
   .fallback = "1", .min = 1, .max = GB_LARGEST_SIDE, .help = "step of the window"},               \
  {.name = "dilation", .type = GB_ATTR_SIZE, .offset = offsetof(record, part.dilation),            \
   .fallback = "1", .min = 1, .max = GB_LARGEST_SIDE, .help = "distance of the window's taps"},    \
  {.name = "padding", .type = GB_ATTR_PADDING, .offset = offsetof(record, part.padding),           \
   .fallback = "half", .help = "how the window passes the border"}
// clang-format on

// Output shape of a convolution with `channels` output channels and a weight tensor
// (channels, per_group, kernel.h, kernel.w); GB_ESHAPE where the window does not fit, GB_ELIMIT
// where the weight tensor exceeds GB_MAX_ELEMENTS.
gb_status gb_window_infer(const gb_window *window, const gb_shape *in, int64_t channels,
                          int64_t per_group, gb_shape *out, gb_error *error);

// The convolution as defined (torch.nn.Conv2d), with weights (out.c, in.c/groups, kh, kw):
//   out[n,o,y,x] = bias[o] + Σ_{i,ky,kx} weight[o,i,ky,kx] ·
//                  in[n, g·I+i, y·sh+ky·dh-top, x·sw+kx·dw-left],  I = in.c/groups, zero outside.
// `bias` may be NULL; `out` does not overlap the others.
void gb_convolve(const gb_window *window, int64_t groups, const gb_shape *in_shape,
                 const gb_shape *out_shape, const float *in, const float *weight, const float *bias,
                 float *out);

// The convolution in the words of work.h.
void gb_convolution_work(const gb_window *window, int64_t groups, bool bias, const gb_shape *in,
                         gb_work *work);

// The convolution as an ONNX operator: to->params are weight and, with `bias`, bias.
const char *gb_convolution_onnx(const gb_window *window, int64_t groups, bool bias,
                                const gb_shape *in, gb_onnx *to);

// Costs of a convolution whose outputs have `taps` multiply-accumulates each.
void gb_convolution_cost(const gb_shape *out, int64_t taps, bool bias, gb_cost *cost);

// a * b for values that are not negative, INT64_MAX where that is beyond int64_t.
int64_t gb_times(int64_t a, int64_t b);

// The channel rounding of MobileNetV2/V3 and GhostNet (`_make_divisible`): the multiple of
// `divisor` nearest to `value`, at least `divisor`, one step more where that loses over 10 %.
int64_t gb_make_divisible(double value, int64_t divisor);

// A padding as its attribute is written, for lower(); returns `text` of GB_PADDING_TEXT bytes.
#define GB_PADDING_TEXT 96
const char *gb_padding_print(const gb_padding *padding, char *text);

// printf pieces of a gb_size: "kernel=" GB_SIZE_FORMAT, GB_SIZE_ARGS(a->kernel).
#define GB_SIZE_FORMAT "%" PRId64 "x%" PRId64
#define GB_SIZE_ARGS(size) (size).h, (size).w

// Fails with GB_ESHAPE: "<what>: the inputs are 1×8×4×4, 1×8×2×2, …".
gb_status gb_fail_shapes(const gb_shape *in, size_t n_in, const char *what, gb_error *error);

// The many inputs that add, multiply and concat take.
enum { GB_MANY_INPUTS = 1024 };

#endif
