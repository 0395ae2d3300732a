// The pieces of ONNX that several layers write; see onnx.h.
#include "layers/onnx.h"

#include "layers/parts.h"

const char *gb_onnx_one(gb_onnx *to, const char *op, const char *input, const gb_onnx_attr *attrs,
                        size_t n_attrs) {
  return to->node(to, op, &input, 1, attrs, n_attrs);
}

const char *gb_onnx_reshape(gb_onnx *to, const char *input, const int64_t *dims, size_t rank) {
  const char *inputs[] = {input, to->integers(to, dims, rank)};
  return to->node(to, "Reshape", inputs, 2, NULL, 0);
}

const char *gb_onnx_slice(gb_onnx *to, const char *input, int64_t axis, int64_t first, int64_t end,
                          int64_t step) {
  const char *inputs[] = {input, to->integers(to, &first, 1), to->integers(to, &end, 1),
                          to->integers(to, &axis, 1),
                          step == 1 ? NULL : to->integers(to, &step, 1)};
  return to->node(to, "Slice", inputs, step == 1 ? 4 : 5, NULL, 0);
}

const char *gb_onnx_gather(gb_onnx *to, const char *input, int64_t axis, const int64_t *indices,
                           size_t count) {
  const char *inputs[] = {input, to->integers(to, indices, count)};
  const gb_onnx_attr attrs[] = {GB_ONNX_ATTR_INT("axis", axis)};
  return to->node(to, "Gather", inputs, 2, attrs, 1);
}

const char *gb_onnx_chain(gb_onnx *to, const char *op, const char *const *inputs, size_t n_inputs) {
  const char *value = inputs[0];
  for (size_t i = 1; i < n_inputs; i++) {
    const char *pair[] = {value, inputs[i]};
    value = to->node(to, op, pair, 2, NULL, 0);
  }
  return value;
}

const char *gb_convolution_onnx(const gb_window *window, int64_t groups, bool bias,
                                const gb_shape *in, gb_onnx *to) {
  int64_t top, right, bottom, left;
  gb_padding_resolve(&window->padding, window->kernel, window->stride, window->dilation,
                     (gb_size){in->h, in->w}, &top, &right, &bottom, &left);
  const int64_t kernel[] = {window->kernel.h, window->kernel.w},
                strides[] = {window->stride.h, window->stride.w},
                dilations[] = {window->dilation.h, window->dilation.w},
                pads[] = {top, left, bottom, right};
  const gb_onnx_attr attrs[] = {GB_ONNX_ATTR_INTS("kernel_shape", kernel),
                                GB_ONNX_ATTR_INTS("strides", strides),
                                GB_ONNX_ATTR_INTS("dilations", dilations),
                                GB_ONNX_ATTR_INTS("pads", pads), GB_ONNX_ATTR_INT("group", groups)};
  const char *inputs[] = {to->inputs[0], to->params[0], bias ? to->params[1] : NULL};
  return to->node(to, "Conv", inputs, bias ? 3 : 2, attrs, sizeof attrs / sizeof *attrs);
}
