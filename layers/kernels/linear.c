// Linear layers, bound by reading the weights once: row after row, so that they are one stream,
// which the processor reads ahead by itself. Eight rows side by side took 1.6 times as long on Zen
// 4, perhaps as eight streams begin anew on every page; asking ahead by instructions was slower,
// too. Several images share each weight that was loaded.
#include "layers/kernels/activate.h"

#define LIN_IMAGES 4 // that share a weight
#define LIN_PARTS 4  // sums of a row side by side, which hide the latency of additions

// One row for several images. The order of a sum over depth: LIN_PARTS vectors, every LIN_PARTSth
// vector each, then the vectors, then vsum.
GB_INLINE void lin_row(const gb_linear_shape *g, const float *w, float bias, const float *in,
                       float *out, const int IMAGES) {
  vf acc[LIN_IMAGES][LIN_PARTS];
  const int64_t depth = g->depth, whole = depth / (LIN_PARTS * VW) * (LIN_PARTS * VW);
  GB_UNROLL
  for (int n = 0; n < IMAGES; n++) {
    GB_UNROLL
    for (int i = 0; i < LIN_PARTS; i++)
      acc[n][i] = vzero();
  }
  for (int64_t k = 0; k < whole; k += LIN_PARTS * VW) {
    GB_UNROLL
    for (int i = 0; i < LIN_PARTS; i++) {
      const vf y = vload(w + k + i * VW);
      GB_UNROLL
      for (int n = 0; n < IMAGES; n++)
        acc[n][i] = vfma(y, vload(in + n * g->in_stride + k + i * VW), acc[n][i]);
    }
  }
  if (whole < depth) {
    GB_UNROLL
    for (int i = 0; i < LIN_PARTS; i++) {
      const int64_t k = whole + i * VW;
      const vm m = vmask_first(depth - k);
      const vf y = vloadm(w + k, m);
      GB_UNROLL
      for (int n = 0; n < IMAGES; n++)
        acc[n][i] = vfma(y, vloadm(in + n * g->in_stride + k, m), acc[n][i]);
    }
  }
  GB_UNROLL
  for (int n = 0; n < IMAGES; n++)
    out[n * g->out_stride] = vsum((acc[n][0] + acc[n][1]) + (acc[n][2] + acc[n][3])) + bias;
}

typedef void lin_fn(const gb_linear_shape *g, const float *w, const float *bias, const float *in,
                    float *out, int64_t m0, int64_t m1);
#define LIN_FORM(IMAGES)                                                                           \
  GB_NOINLINE void lin_##IMAGES(const gb_linear_shape *g, const float *w, const float *bias,       \
                                const float *in, float *out, int64_t m0, int64_t m1) {             \
    for (int64_t m = m0; m < m1; m++)                                                              \
      lin_row(g, w + m * g->depth, bias ? bias[m] : 0.0f, in, out + m, IMAGES);                    \
  }
LIN_FORM(1)
LIN_FORM(2)
LIN_FORM(4)

void GB_FN(linear)(const gb_linear_shape *g, const float *weights, const float *bias,
                   const float *in, float *out, int64_t m0, int64_t m1) {
  const int64_t block = g->batch > 1 ? 8 : m1 - m0; // rows that stay cached for further images
  for (int64_t m = m0; m < m1; m += block)
    for (int64_t n = 0; n < g->batch;) {
      const int64_t images = g->batch - n >= 4 ? 4 : g->batch - n >= 2 ? 2 : 1;
      lin_fn *run = images == 4 ? lin_4 : images == 2 ? lin_2 : lin_1;
      run(g, weights, bias, in + n * g->in_stride, out + n * g->out_stride, m,
          gb_imin(m + block, m1));
      n += images;
    }
  if (g->act != GB_ACT_NONE)
    for (int64_t n = 0; n < g->batch; n++)
      gb_act_row(g->act, out + n * g->out_stride + m0, out + n * g->out_stride + m0, m1 - m0);
}
