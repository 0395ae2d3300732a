// The arithmetic of sliding windows: padding modes and output sizes, shared by conv and pooling.
#include "layers/layer.h"

static void same(int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t *before,
                 int64_t *after) {
  // TensorFlow's SAME: the output is ceil(in / stride); the smaller half of the padding is before.
  int64_t out = (in + stride - 1) / stride;
  int64_t total = (out - 1) * stride + dilation * (kernel - 1) + 1 - in;
  if (total < 0)
    total = 0;
  *before = total / 2;
  *after = total - *before;
}

void gb_padding_resolve(const gb_padding *padding, gb_size kernel, gb_size stride, gb_size dilation,
                        gb_size in, int64_t *top, int64_t *right, int64_t *bottom, int64_t *left) {
  switch (padding->mode) {
  case GB_PAD_HALF:
    *top = *bottom = kernel.h / 2 * dilation.h;
    *left = *right = kernel.w / 2 * dilation.w;
    return;
  case GB_PAD_SAME:
    same(in.h, kernel.h, stride.h, dilation.h, top, bottom);
    same(in.w, kernel.w, stride.w, dilation.w, left, right);
    return;
  case GB_PAD_CAUSAL:
    *top = *bottom = *right = 0;
    *left = dilation.w * (kernel.w - 1);
    return;
  case GB_PAD_EXPLICIT:
    *top = padding->top;
    *right = padding->right;
    *bottom = padding->bottom;
    *left = padding->left;
    return;
  }
}

int64_t gb_window_out(int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t before,
                      int64_t after) {
  int64_t room = in + before + after - dilation * (kernel - 1) - 1;
  return room < 0 ? 0 : room / stride + 1;
}
