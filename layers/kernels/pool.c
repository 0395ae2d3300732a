// Max and average pooling over windows, and the average of whole maps.
#include "layers/kernels/activate.h"

// VW values of an input row for outputs [x, x + lanes), tap kx; `outside` where there is no input.
GB_INLINE vf pool_row(const gb_pool_shape *g, const float *row, int64_t x, int64_t lanes,
                      int64_t kx, vf outside) {
  const int64_t first = x * g->stride_w - g->pad_left + kx, width = g->in_w;
  if (g->stride_w == 1) {
    const vm m = vmask_range(-first, gb_imin(lanes, width - first));
    return vselect(m, vloadm(row + first, m), outside);
  }
  if (g->stride_w == 2) { // even elements of two vectors
    const vm a = vmask_range(-first, gb_imin(2 * lanes - 1, width - first));
    const vm b = vmask_range(-first - VW, gb_imin(2 * lanes - 1, width - first) - VW);
    return veven(vselect(a, vloadm(row + first, a), outside),
                 vselect(b, vloadm(row + first + VW, b), outside));
  }
  float t[VW];
  vstore(t, outside);
  for (int64_t i = 0; i < gb_imin(lanes, VW); i++) {
    const int64_t at = first + i * g->stride_w;
    if (at >= 0 && at < width)
      t[i] = row[at];
  }
  return vload(t);
}

// How many taps [0, kernel) at `first` fall into [0, size).
GB_INLINE int64_t pool_inside(int64_t first, int64_t kernel, int64_t size) {
  return gb_imax(gb_imin(first + kernel, size) - gb_imax(first, 0), 0);
}

#define POOL_ROW 1024 // columns whose maxima over the rows of a window are kept

// Strides 1 and 2: first the maximum over the rows of a window, column by column, then over its
// columns.
static void pool_max_map(const gb_pool_shape *g, const float *in, float *out) {
  const vf lowest = vset1(-__builtin_inff());
  const int64_t s = g->stride_w, most = (POOL_ROW - g->kernel_w) / s;
  float columns[POOL_ROW + 3 * VW];
  for (int64_t y = 0; y < g->out_h; y++) {
    const int64_t top = gb_imax(y * g->stride_h - g->pad_top, 0);
    const int64_t end = gb_imin(y * g->stride_h - g->pad_top + g->kernel_h, g->in_h);
    for (int64_t x = 0; x < g->out_w; x += most) {
      const int64_t n = gb_imin(most, g->out_w - x), first = x * s - g->pad_left;
      for (int64_t j = 0; j < (n - 1) * s + g->kernel_w; j += VW) {
        const int64_t at = first + j;
        vf best = lowest;
        if (at >= 0 && at + VW <= g->in_w) {
          for (int64_t iy = top; iy < end; iy++)
            best = vmax(best, vload(in + iy * g->in_w + at));
        } else {
          const vm m = vmask_range(-at, g->in_w - at);
          for (int64_t iy = top; iy < end; iy++)
            best = vmax(best, vselect(m, vloadm(in + iy * g->in_w + at, m), lowest));
        }
        vstore(columns + j, best);
      }
      float *row = out + y * g->out_w + x;
      for (int64_t i = 0; i < n; i += VW) {
        vf best = lowest;
        for (int64_t kx = 0; kx < g->kernel_w; kx++) {
          const float *p = columns + i * s + kx;
          best = vmax(best, s == 1 ? vload(p) : veven(vload(p), vload(p + VW)));
        }
        vstorem(row + i, best, vmask_first(n - i));
      }
    }
  }
}

void GB_FN(max_pool)(const gb_pool_shape *g, const float *in, float *out, int64_t c0, int64_t c1) {
  const vf lowest = vset1(-__builtin_inff());
  if (g->kernel_w <= POOL_ROW / 2 && g->stride_w <= 2) {
    for (int64_t c = c0; c < c1; c++)
      pool_max_map(g, in + c * g->in_stride, out + c * g->out_stride);
    return;
  }
  for (int64_t c = c0; c < c1; c++)
    for (int64_t y = 0; y < g->out_h; y++)
      for (int64_t x = 0; x < g->out_w; x += VW) {
        const int64_t lanes = gb_imin(VW, g->out_w - x);
        vf best = lowest;
        for (int64_t ky = 0; ky < g->kernel_h; ky++) {
          const int64_t iy = y * g->stride_h - g->pad_top + ky;
          if (iy < 0 || iy >= g->in_h)
            continue;
          const float *row = in + c * g->in_stride + iy * g->in_w;
          for (int64_t kx = 0; kx < g->kernel_w; kx++)
            best = vmax(best, pool_row(g, row, x, lanes, kx, lowest));
        }
        vstorem(out + c * g->out_stride + y * g->out_w + x, best, vmask_first(lanes));
      }
}

void GB_FN(average_pool)(const gb_pool_shape *g, const float *in, float *out, int64_t c0,
                         int64_t c1) {
  for (int64_t y = 0; y < g->out_h; y++)
    for (int64_t x = 0; x < g->out_w; x += VW) {
      const int64_t lanes = gb_imin(VW, g->out_w - x), top = y * g->stride_h - g->pad_top;
      const int64_t rows = g->count_padding ? g->kernel_h : pool_inside(top, g->kernel_h, g->in_h);
      float share[VW] = {0};
      for (int64_t i = 0; i < lanes; i++) {
        const int64_t left = (x + i) * g->stride_w - g->pad_left;
        const int64_t columns =
            g->count_padding ? g->kernel_w : pool_inside(left, g->kernel_w, g->in_w);
        share[i] = rows * columns > 0 ? 1.0f / (float)(rows * columns) : 0.0f;
      }
      for (int64_t c = c0; c < c1; c++) {
        vf sum = vzero();
        for (int64_t ky = gb_imax(0, -top); ky < gb_imin(g->kernel_h, g->in_h - top); ky++) {
          const float *row = in + c * g->in_stride + (top + ky) * g->in_w;
          for (int64_t kx = 0; kx < g->kernel_w; kx++)
            sum += pool_row(g, row, x, lanes, kx, vzero());
        }
        vstorem(out + c * g->out_stride + y * g->out_w + x, sum * vload(share), vmask_first(lanes));
      }
    }
}

void GB_FN(global_average)(const float *in, int64_t in_stride, int64_t pixels, float *out,
                           int64_t c0, int64_t c1) {
  for (int64_t c = c0; c < c1; c++)
    out[c] = gb_row_sum(in + c * in_stride, pixels) / (float)pixels;
}
