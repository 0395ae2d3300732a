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
