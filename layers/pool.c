// The window's arithmetic of max-pool and average-pool; see pool.h.
#include "layers/pool.h"

#include <inttypes.h>

gb_pool_window gb_pool_resolve(const gb_pool *pool, const gb_shape *in) {
  gb_pool_window w = {.stride = pool->stride.h ? pool->stride : pool->kernel};
  gb_padding_resolve(&pool->padding, pool->kernel, w.stride, (gb_size){1, 1},
                     (gb_size){in->h, in->w}, &w.top, &w.right, &w.bottom, &w.left);
  return w;
}

gb_status gb_pool_check(const gb_pool *pool, gb_error *error) {
  if ((pool->stride.h == 0) != (pool->stride.w == 0))
    return gb_fail(error, GB_EINPUT,
                   "attribute stride=\"" GB_SIZE_FORMAT
                   "\" is not allowed: both sides 0 (as the kernel) or neither",
                   GB_SIZE_ARGS(pool->stride));
  return GB_OK;
}

// PyTorch's rule: with `ceil` a last window may hang over the border, but only where it begins
// inside the input or the padding before it.
static int64_t out_size(int64_t in, int64_t kernel, int64_t stride, int64_t before, int64_t after,
                        bool ceil) {
  int64_t out = gb_window_out(in, kernel, stride, 1, before, after);
  if (!ceil || out == 0)
    return out;
  int64_t room = in + before + after - kernel;
  return room % stride != 0 && out * stride < in + before ? out + 1 : out;
}

gb_status gb_pool_infer(const gb_pool *pool, const gb_shape *in, gb_shape *out, gb_error *error) {
  gb_pool_window w = gb_pool_resolve(pool, in);
  char text[GB_SHAPE_TEXT];
  if (w.top >= pool->kernel.h || w.bottom >= pool->kernel.h || w.left >= pool->kernel.w ||
      w.right >= pool->kernel.w)
    return gb_fail(error, GB_ESHAPE,
                   "a padding of %" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64
                   " lets a window of " GB_SIZE_FORMAT
                   " lie wholly outside the input %s; each side must be less than the kernel",
                   w.top, w.right, w.bottom, w.left, GB_SIZE_ARGS(pool->kernel),
                   gb_shape_print(in, text));
  *out = (gb_shape){in->n, in->c,
                    out_size(in->h, pool->kernel.h, w.stride.h, w.top, w.bottom, pool->ceil),
                    out_size(in->w, pool->kernel.w, w.stride.w, w.left, w.right, pool->ceil)};
  if (out->h < 1 || out->w < 1)
    return gb_fail(error, GB_ESHAPE,
                   "a window of " GB_SIZE_FORMAT " does not fit into the input %s",
                   GB_SIZE_ARGS(pool->kernel), gb_shape_print(in, text));
  return GB_OK;
}

void gb_pool_work(const gb_pool *pool, const gb_shape *in, bool max, bool count_padding,
                  gb_work *work) {
  gb_pool_window w = gb_pool_resolve(pool, in);
  *work = (gb_work){.kind = GB_WORK_POOL,
                    .kernel_h = pool->kernel.h,
                    .kernel_w = pool->kernel.w,
                    .stride_h = w.stride.h,
                    .stride_w = w.stride.w,
                    .dilation_h = 1,
                    .dilation_w = 1,
                    .top = w.top,
                    .left = w.left,
                    .max = max,
                    .count_padding = count_padding};
}

// How far the last window reaches beyond the padding; negative where it ends before.
static int64_t overhang(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t before,
                        int64_t after) {
  return (out - 1) * stride + kernel - (in + before + after);
}

const char *gb_pool_onnx(const gb_pool *pool, const gb_op *op, bool max, bool count_padding,
                         gb_onnx *to) {
  const gb_pool_window w = gb_pool_resolve(pool, op->in);
  int64_t below = overhang(op->in->h, op->out.h, pool->kernel.h, w.stride.h, w.top, w.bottom);
  int64_t behind = overhang(op->in->w, op->out.w, pool->kernel.w, w.stride.w, w.left, w.right);
  const char *value = to->inputs[0];
  int64_t pads[] = {w.top, w.left, w.bottom, w.right};
  if (!max && count_padding && (below > 0 || behind > 0)) {
    // Padding counts and what hangs over does not: the padding becomes part of the tensor.
    const int64_t amounts[] = {0, 0, w.top, w.left, 0, 0, w.bottom, w.right};
    const char *inputs[] = {value, to->integers(to, amounts, 8)};
    value = to->node(to, "Pad", inputs, 2, NULL, 0);
    pads[0] = pads[1] = pads[2] = pads[3] = 0;
    count_padding = false;
  }
  pads[2] += below > 0 ? below : 0;
  pads[3] += behind > 0 ? behind : 0;
  const int64_t kernel[] = {pool->kernel.h, pool->kernel.w}, strides[] = {w.stride.h, w.stride.w};
  const gb_onnx_attr attrs[] = {
      GB_ONNX_ATTR_INTS("kernel_shape", kernel), GB_ONNX_ATTR_INTS("strides", strides),
      GB_ONNX_ATTR_INTS("pads", pads), GB_ONNX_ATTR_INT("count_include_pad", count_padding)};
  return gb_onnx_one(to, max ? "MaxPool" : "AveragePool", value, attrs, max ? 3 : 4);
}
