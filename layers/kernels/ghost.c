// The Ghost module (Han et al. 2020, arXiv 1911.11907): a pointwise convolution makes the primary
// maps, and while they are in the cache a depthwise one makes their ghosts.
//
// Large maps go by strips of rows, all maps at a time, so that the input is read once; small ones
// by groups of maps. The residual of the primary maps is added last, as their ghosts are made from
// what the pointwise convolution left.
#include "layers/kernels/pw_cut.h"

#define GHOST_BYTES (384 * 1024) // of primary maps and ghosts at a time, to stay in a 1 MB cache
#define GHOST_ROWS 14            // of a strip: a multiple of the depthwise kernel's blocks

// out[c] = act(out[c] + residual[c]) over pixels [from, to).
static void ghost_add(const gb_pointwise_shape *p, gb_activation act, const float *residual,
                      float *out, int64_t c0, int64_t c1, int64_t from, int64_t to) {
  if (residual && from < to)
    for (int64_t c = c0; c < c1; c++) {
      float *o = out + c * p->out_stride + from;
      GB_FN(add)(o, residual + c * p->residual_stride + from, o, to - from, 0, 1, act);
    }
}

void GB_FN(ghost)(const gb_ghost_shape *g, const float *packed, const float *bias,
                  const float *cheap_weights, const float *cheap_bias, const float *in,
                  const gb_gate *gate, gb_ask *ask, const float *residual, float *out,
                  const float *ghost_residual, float *ghosts, int64_t c0, int64_t c1) {
  const gb_pointwise_shape *p = &g->primary;
  const gb_depthwise_shape *d = &g->cheap;
  const int64_t s = d->multiplier, height = d->out_h, width = d->out_w;
  const int64_t map_bytes = p->pixels * (1 + s) * (int64_t)sizeof(float);
  // What reaches beyond a strip below: the rows that its ghosts still need.
  const int64_t below = (d->kernel_h - 1) * d->dilation_h - d->pad_top;
  const pw_cut cut = pw_cut_of(p->rows, pw_block_rows(p->rows, p->pixels));
  const int64_t block = cut.size + (cut.larger > 0);
  if ((c1 - c0) * map_bytes > GHOST_BYTES && block * map_bytes > GHOST_BYTES / 4 &&
      height > 2 * GHOST_ROWS && width > VW && d->stride_h == 1 && d->stride_w == 1 && below >= 0) {
    int64_t made = 0, added = 0; // rows of primary maps that are there, and that are final
    for (int64_t y = 0; y < height; y += GHOST_ROWS) {
      const int64_t end = gb_imin(y + GHOST_ROWS, height);
      const int64_t need = end == height ? height : gb_imin(gb_imax(end + below, made), height);
      GB_FN(pointwise)
      (p, packed, bias, in, gate, ask, NULL, out, c0, c1, made * width, need * width);
      made = need;
      GB_FN(depthwise_rows)
      (d, cheap_weights, cheap_bias, out, ghost_residual, ghosts, c0 * s,
       gb_imin(c1 * s, d->channels), y, end);
      // The next strip begins to read at row end - pad_top.
      const int64_t done = end == height ? height : gb_imax(end - d->pad_top, 0);
      ghost_add(p, GB_ACT_NONE, residual, out, c0, c1, added * width, done * width);
      added = gb_imax(done, added);
    }
    return;
  }
  for (int64_t b = pw_cut_find(cut, c0); b < cut.blocks;) {
    int64_t last = b + 1;
    while (last < cut.blocks && (last + 1 - b) * block * map_bytes <= GHOST_BYTES)
      last++;
    const int64_t lo = gb_imax(pw_cut_at(cut, b), c0), hi = gb_imin(pw_cut_at(cut, last), c1);
    if (lo >= hi)
      return;
    GB_FN(pointwise)(p, packed, bias, in, gate, ask, NULL, out, lo, hi, 0, p->pixels);
    GB_FN(depthwise_rows)
    (d, cheap_weights, cheap_bias, out, ghost_residual, ghosts, lo * s,
     gb_imin(hi * s, d->channels), 0, height);
    ghost_add(p, GB_ACT_NONE, residual, out, lo, hi, 0, p->pixels);
    b = last;
  }
}
