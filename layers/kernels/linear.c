// Linear layers, bound by reading the weights once: four rows at a time, each from a quarter of the
// matrix, so that the processor reads ahead in four long streams. GhostNet's take a tenth to a
// fifth less time so than by one stream on Zen 5 (bench-kernels); eight rows beside each other
// took 1.6 times as long as one on Zen 4, perhaps as such streams begin anew on every page. Several
// images share each weight that was loaded.
#include "layers/kernels/activate.h"

#define LIN_STREAMS 4 // rows at a time, or images that share a weight
#define LIN_PARTS 2   // sums of a row side by side, which hide the latency of additions

// ROWS rows, row_step floats apart, for IMAGES images, one of the two numbers being 1. The order of
// a sum over depth is that of LIN_PARTS vectors, every LIN_PARTSth vector each, then the vectors,
// then vsum.
GB_INLINE void lin_rows(const gb_linear_shape *g, const float *w, int64_t row_step, const float *in,
                        float sums[LIN_STREAMS], const int ROWS, const int IMAGES) {
  const int N = ROWS * IMAGES;
  vf acc[LIN_STREAMS][LIN_PARTS];
  const int64_t depth = g->depth, whole = depth / (LIN_PARTS * VW) * (LIN_PARTS * VW);
  GB_UNROLL
  for (int n = 0; n < N; n++) {
    GB_UNROLL
    for (int i = 0; i < LIN_PARTS; i++)
      acc[n][i] = vzero();
  }
  for (int64_t k = 0; k < whole; k += LIN_PARTS * VW) {
    GB_UNROLL
    for (int i = 0; i < LIN_PARTS; i++) {
      const int64_t at = k + i * VW;
      GB_UNROLL
      for (int n = 0; n < N; n++)
        acc[n][i] = vfma(vload(w + (ROWS > 1 ? n * row_step : 0) + at),
                         vload(in + (ROWS > 1 ? 0 : n * g->in_stride) + at), acc[n][i]);
    }
  }
  if (whole < depth) {
    GB_UNROLL
    for (int i = 0; i < LIN_PARTS; i++) {
      const int64_t at = whole + i * VW;
      const vm m = vmask_first(depth - at);
      GB_UNROLL
      for (int n = 0; n < N; n++)
        acc[n][i] = vfma(vloadm(w + (ROWS > 1 ? n * row_step : 0) + at, m),
                         vloadm(in + (ROWS > 1 ? 0 : n * g->in_stride) + at, m), acc[n][i]);
    }
  }
  GB_UNROLL
  for (int n = 0; n < N; n++)
    sums[n] = vsum(acc[n][0] + acc[n][1]);
}

// Rows [m0, m1) of one image: four quarters side by side, then what is left over.
GB_NOINLINE void lin_one(const gb_linear_shape *g, const float *w, const float *bias,
                         const float *in, float *out, int64_t m0, int64_t m1) {
  const int64_t quarter = (m1 - m0) / LIN_STREAMS;
  float sums[LIN_STREAMS];
  for (int64_t m = m0; m < m0 + quarter; m++) {
    lin_rows(g, w + m * g->depth, quarter * g->depth, in, sums, LIN_STREAMS, 1);
    for (int64_t i = 0; i < LIN_STREAMS; i++)
      out[m + i * quarter] = sums[i] + (bias ? bias[m + i * quarter] : 0.0f);
  }
  for (int64_t m = m0 + LIN_STREAMS * quarter; m < m1; m++) {
    lin_rows(g, w + m * g->depth, 0, in, sums, 1, 1);
    out[m] = sums[0] + (bias ? bias[m] : 0.0f);
  }
}

#define LIN_FORM(IMAGES)                                                                           \
  GB_NOINLINE void lin_##IMAGES(const gb_linear_shape *g, const float *w, const float *bias,       \
                                const float *in, float *out, int64_t m0, int64_t m1) {             \
    float sums[LIN_STREAMS];                                                                       \
    for (int64_t m = m0; m < m1; m++) {                                                            \
      lin_rows(g, w + m * g->depth, 0, in, sums, 1, IMAGES);                                       \
      for (int64_t n = 0; n < IMAGES; n++)                                                         \
        out[m + n * g->out_stride] = sums[n] + (bias ? bias[m] : 0.0f);                            \
    }                                                                                              \
  }
LIN_FORM(2)
LIN_FORM(4)
typedef void lin_fn(const gb_linear_shape *g, const float *w, const float *bias, const float *in,
                    float *out, int64_t m0, int64_t m1);

void GB_FN(linear)(const gb_linear_shape *g, const float *weights, const float *bias,
                   const float *in, float *out, int64_t m0, int64_t m1) {
  const int64_t block = g->batch > 1 ? 8 : m1 - m0; // rows that stay cached for further images
  for (int64_t m = m0; m < m1; m += block)
    for (int64_t n = 0; n < g->batch;) {
      const int64_t images = g->batch - n >= 4 ? 4 : g->batch - n >= 2 ? 2 : 1;
      lin_fn *run = images == 4 ? lin_4 : images == 2 ? lin_2 : lin_one;
      run(g, weights, bias, in + n * g->in_stride, out + n * g->out_stride, m,
          gb_imin(m + block, m1));
      n += images;
    }
  if (g->act != GB_ACT_NONE)
    for (int64_t n = 0; n < g->batch; n++)
      gb_act_row(g->act, out + n * g->out_stride + m0, out + n * g->out_stride + m0, m1 - m0);
}
