// Element by element: sums, products, a factor a channel, activations, soft maximum, copies.
#include "layers/kernels/activate.h"

#define EACH_VECTOR(n, whole, part)                                                                \
  do {                                                                                             \
    int64_t i = 0;                                                                                 \
    for (; i + VW <= (n); i += VW)                                                                 \
      whole;                                                                                       \
    if (i < (n)) {                                                                                 \
      const vm m = vmask_first((n)-i);                                                             \
      part;                                                                                        \
    }                                                                                              \
  } while (0)

// The same for one map of at least a vector that is followed by others, when out may be an input:
// without a masked store, for which a load waits that reads lanes it leaves out before it is in the
// cache, as that of the next map's first vector does (7 x 7 maps took more than twice as long). The
// last vector overlaps the one before, so it is made first.
#define EACH_WHOLE_VECTOR(n, out, value)                                                           \
  do {                                                                                             \
    int64_t i = (n)-VW;                                                                            \
    const vf last = value;                                                                         \
    for (i = 0; i < (n)-VW; i += VW)                                                               \
      vstore((out) + i, value);                                                                    \
    vstore((out) + (n)-VW, last);                                                                  \
  } while (0)

void GB_FN(add)(const float *a, const float *b, float *out, int64_t n, int64_t stride, int64_t rows,
                gb_activation act) {
  const gb_clamp clamp = gb_act_clamp(act);
  const vf lo = vset1(clamp.lo), hi = vset1(clamp.hi);
  const vm m = vmask_first(n);
  for (int64_t row = 0; row < rows; row++, a += stride, b += stride, out += stride) {
    if (n >= VW)
      EACH_WHOLE_VECTOR(n, out, vclamp(vload(a + i) + vload(b + i), lo, hi));
    else
      vstorem(out, vclamp(vloadm(a, m) + vloadm(b, m), lo, hi), m);
    if (clamp.more)
      gb_act_row(act, out, out, n);
  }
}

void GB_FN(multiply)(const float *a, const float *b, float *out, int64_t n, gb_activation act) {
  const gb_clamp clamp = gb_act_clamp(act);
  const vf lo = vset1(clamp.lo), hi = vset1(clamp.hi);
  EACH_VECTOR(n, vstore(out + i, vclamp(vload(a + i) * vload(b + i), lo, hi)),
              vstorem(out + i, vclamp(vloadm(a + i, m) * vloadm(b + i, m), lo, hi), m));
  if (clamp.more)
    gb_act_row(act, out, out, n);
}

void GB_FN(scale_maps)(const gb_maps_shape *g, const float *factor, const float *shift,
                       const float *in, float *out, int64_t c0, int64_t c1, gb_activation act) {
  const gb_clamp clamp = gb_act_clamp(act);
  const vf lo = vset1(clamp.lo), hi = vset1(clamp.hi);
  const vm m = vmask_first(g->pixels);
  for (int64_t c = c0; c < c1; c++) {
    const vf f = vset1(factor[c]), s = vset1(shift ? shift[c] : 0.0f);
    const float *a = in + c * g->in_stride;
    float *o = out + c * g->out_stride;
    if (g->pixels >= VW)
      EACH_WHOLE_VECTOR(g->pixels, o, vclamp(vfma(vload(a + i), f, s), lo, hi));
    else
      vstorem(o, vclamp(vfma(vloadm(a, m), f, s), lo, hi), m);
    if (clamp.more)
      gb_act_row(act, o, o, g->pixels);
  }
}

void GB_FN(activate)(const float *in, float *out, int64_t n, gb_activation act) {
  gb_act_row(act, in, out, n);
}

void GB_FN(softmax)(const float *in, float *out, int64_t n, int64_t stride, int64_t rows) {
  for (int64_t row = 0; row < rows; row++) {
    const float *a = in + row * stride;
    float *o = out + row * stride, lanes[VW], most = -__builtin_inff();
    vf best = vset1(most), sum = vzero();
    EACH_VECTOR(n, best = vmax(best, vload(a + i)),
                best = vmax(best, vselect(m, vloadm(a + i, m), vset1(most))));
    vstore(lanes, best);
    for (int i = 0; i < VW; i++)
      most = lanes[i] > most ? lanes[i] : most;
    const vf top = vset1(most);
    EACH_VECTOR(
        n,
        {
          const vf e = vexp(vload(a + i) - top);
          vstore(o + i, e);
          sum += e;
        },
        {
          const vf e = vexp(vloadm(a + i, m) - top);
          vstorem(o + i, e, m);
          sum += vselect(m, e, vzero());
        });
    const vf share = vset1(1.0f / vsum(sum));
    EACH_VECTOR(n, vstore(o + i, vload(o + i) * share),
                vstorem(o + i, vloadm(o + i, m) * share, m));
  }
}

// A vector of pixels at a time, channel by channel.
void GB_FN(softmax_maps)(const float *in, float *out, int64_t channels, int64_t stride, int64_t p0,
                         int64_t p1) {
  for (int64_t p = p0; p < p1; p += VW) {
    const vm m = vmask_first(p1 - p);
    vf top = vloadm(in + p, m), sum = vzero();
    for (int64_t c = 1; c < channels; c++)
      top = vmax(top, vloadm(in + c * stride + p, m));
    for (int64_t c = 0; c < channels; c++) {
      const vf e = vexp(vloadm(in + c * stride + p, m) - top);
      vstorem(out + c * stride + p, e, m);
      sum += e;
    }
    const vf share = vset1(1.0f) / sum;
    for (int64_t c = 0; c < channels; c++)
      vstorem(out + c * stride + p, vloadm(out + c * stride + p, m) * share, m);
  }
}

// Pieces of maps are often a row or two, for which a call of memcpy takes longer than the copy.
#define COPY_VECTORS 4

void GB_FN(copy_maps)(const gb_maps_shape *g, const float *in, float *out, int64_t c0, int64_t c1) {
  const int64_t n = g->pixels, whole = n / VW * VW;
  const vm m = vmask_first(n - whole);
  for (int64_t c = c0; c < c1; c++) {
    const float *from = in + c * g->in_stride;
    float *to = out + c * g->out_stride;
    if (n > COPY_VECTORS * VW) {
      memcpy(to, from, (size_t)n * sizeof *to);
      continue;
    }
    for (int64_t i = 0; i < whole; i += VW)
      vstore(to + i, vload(from + i));
    if (whole < n)
      vstorem(to + whole, vloadm(from + whole, m), m);
  }
}
