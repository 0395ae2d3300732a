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

// The four pixels around each position, 0 outside: upper left and right, lower left and right.
typedef struct warp_pixels {
  vf a, b, c, d;
} warp_pixels;

#ifdef V_HAS_PICK
#define WARP_ROWS 8 // at most, of those that one vector's positions lie in

// Positions along a line that is not steep lie in few rows and in two vectors' columns: each row is
// loaded once and its pixels are picked, which takes Zen 4 less time than to gather them.
GB_INLINE int warp_pick(const gb_warp_shape *g, const float *in, vi column, vi row,
                        warp_pixels *p) {
  const int32_t left = column[0] < column[VW - 1] ? column[0] : column[VW - 1];
  const int32_t right = column[0] < column[VW - 1] ? column[VW - 1] : column[0];
  const int32_t top = row[0] < row[VW - 1] ? row[0] : row[VW - 1];
  const int32_t bottom = row[0] < row[VW - 1] ? row[VW - 1] : row[0];
  if (right - left > 2 * VW - 2 || bottom - top >= WARP_ROWS)
    return 0;
  const vi at = column - left;
  const vm first = vmask_range(-left, g->w - left),
           second = vmask_range(-left - VW, g->w - left - VW);
  *p = (warp_pixels){vzero(), vzero(), vzero(), vzero()};
  for (int64_t y = gb_imax(top, 0); y <= gb_imin(bottom + 1, g->h - 1); y++) {
    const float *from = in + y * g->w + left;
    const vf x = vloadm(from, first), z = vloadm(from + VW, second);
    const vf one = vpick(x, z, at, vmask_all()), next = vpick(x, z, at + 1, vmask_all());
    const vm here = vmask_of(row == (int32_t)y), above = vmask_of(row == (int32_t)y - 1);
    p->a = vselect(here, one, p->a);
    p->b = vselect(here, next, p->b);
    p->c = vselect(above, one, p->c);
    p->d = vselect(above, next, p->d);
  }
  return 1;
}
#else
GB_INLINE int warp_pick(const gb_warp_shape *g, const float *in, vi column, vi row,
                        warp_pixels *p) {
  (void)g, (void)in, (void)column, (void)row, (void)p;
  return 0;
}
#endif

GB_INLINE warp_pixels warp_gather(const gb_warp_shape *g, const float *in, vi column, vi row) {
  const int32_t w = (int32_t)g->w, h = (int32_t)g->h;
  const vm left = vmask_of((column >= 0) & (column < w)),
           right = vmask_of((column >= -1) & (column < w - 1));
  const vm top = vmask_of((row >= 0) & (row < h)), low = vmask_of((row >= -1) & (row < h - 1));
  const vm all = vmask_and(vmask_and(left, right), vmask_and(top, low));
  const vi at = row * w + column;
  if (vmask_full(all) && vmask_full(vmask_of(at == at[0] + vlanes()))) {
    const float *p = in + at[0];
    return (warp_pixels){vload(p), vload(p + 1), vload(p + w), vload(p + w + 1)};
  }
  return (warp_pixels){
      vgather(in, at, vmask_and(left, top)), vgather(in, at + 1, vmask_and(right, top)),
      vgather(in, at + w, vmask_and(left, low)), vgather(in, at + w + 1, vmask_and(right, low))};
}

// One vector of pixels from the row's position (u, v) on.
GB_INLINE vf warp_vector(const gb_warp_shape *g, const float *in, double u, double v, float du,
                         float dv) {
  const warp_axis x = warp_positions(u, du, g->w), y = warp_positions(v, dv, g->h);
  warp_pixels p;
  if (!warp_pick(g, in, x.at, y.at, &p))
    p = warp_gather(g, in, x.at, y.at);
  const vf above = vfma(x.rest, p.b - p.a, p.a), below = vfma(x.rest, p.d - p.c, p.c);
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
