// Bilinear sampling along an affine grid, zero outside (torch's grid_sample on affine_grid).
#include "layers/kernels/gather.h"

// A coordinate beyond this counts as outside; whole parts fit into 32 bits.
#define WARP_FAR 1e9

// A position along one axis for each lane: whole pixels and the rest.
typedef struct warp_axis {
  vi at;
  vf rest;
} warp_axis;

// `first` is the position of lane 0, `step` from lane to lane. The whole part of `first` is taken
// off in double, so that what is left is small and float exact enough. What is far outside (or no
// number) becomes -2, which is outside of every map.
GB_INLINE warp_axis warp_positions(double first, float step, int64_t size) {
  const int inside = first > -WARP_FAR && first < WARP_FAR;
  const double start = inside ? first : -2.0;
  int32_t whole = (int32_t)start;
  whole -= (double)whole > start;
  vf x = vfma(vset1(step), vfloat(vlanes()), vset1((float)(start - (double)whole)));
  const float low = (float)(-2 - (int64_t)whole), high = (float)(size + 1 - whole);
  x = vmin(vmax(x, vset1(low)), vset1(high)); // not a number: low
  const vi floor = vfloor(inside ? x : vset1(0.0f));
  return (warp_axis){floor + whole, x - vfloat(floor)};
}

// One vector of pixels from the row's position (u, v) on.
GB_INLINE vf warp_vector(const gb_warp_shape *g, const float *in, double u, double v, float du,
                         float dv) {
  const warp_axis x = warp_positions(u, du, g->w), y = warp_positions(v, dv, g->h);
  const int32_t w = (int32_t)g->w, h = (int32_t)g->h;
  const vm left = vmask_of((x.at >= 0) & (x.at < w)),
           right = vmask_of((x.at >= -1) & (x.at < w - 1));
  const vm top = vmask_of((y.at >= 0) & (y.at < h)), low = vmask_of((y.at >= -1) & (y.at < h - 1));
  const vm all = vmask_and(vmask_and(left, right), vmask_and(top, low));
  const vi at = y.at * w + x.at;
  vf a, b, c, d;
  if (vmask_full(all) && vmask_full(vmask_of(at == at[0] + vlanes()))) {
    const float *p = in + at[0];
    a = vload(p), b = vload(p + 1), c = vload(p + w), d = vload(p + w + 1);
  } else {
    a = vgather(in, at, vmask_and(left, top));
    b = vgather(in, at + 1, vmask_and(right, top));
    c = vgather(in, at + w, vmask_and(left, low));
    d = vgather(in, at + w + 1, vmask_and(right, low));
  }
  const vf above = vfma(x.rest, b - a, a), below = vfma(x.rest, d - c, c);
  return vfma(y.rest, below - above, above);
}

void GB_FN(warp)(const gb_warp_shape *g, const double *matrices, const float *in, float *out,
                 int64_t c0, int64_t c1) {
  for (int64_t c = c0; c < c1; c++) {
    const double *m = matrices + 6 * c;
    const float *map = in + c / g->multiplier * g->in_stride;
    float *to = out + c * g->out_stride;
    for (int64_t y = 0; y < g->h; y++, to += g->w)
      for (int64_t x = 0; x < g->w; x += VW) {
        const double u = m[0] * (double)x + m[1] * (double)y + m[2];
        const double v = m[3] * (double)x + m[4] * (double)y + m[5];
        const vf value = warp_vector(g, map, u, v, (float)m[0], (float)m[3]);
        if (x + VW <= g->w)
          vstore(to + x, value);
        else
          vstorem(to + x, value, vmask_first(g->w - x));
      }
  }
}
