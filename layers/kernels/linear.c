// Linear layers, bound by reading the weights once: several rows run side by side, each a stream of
// its own, and several images share each weight that was loaded. Weights are not asked for ahead by
// instructions: measured on Zen 5 that costs a quarter of the speed the processor reaches by
// itself.
#include "layers/kernels/activate.h"

#define LIN_ROWS 8  // rows at a time with one image
#define LIN_SHARE 4 // rows and images at a time with several

// ROWS x IMAGES dot products. The order of the sum over depth is that of the vectors, then of vsum.
GB_INLINE void lin_block(const gb_linear_shape *g, const float *w, const float *bias,
                         const float *in, float *out, const int ROWS, const int IMAGES) {
  vf acc[LIN_ROWS][LIN_SHARE];
  const int64_t depth = g->depth, whole = depth / VW * VW;
  GB_UNROLL
  for (int i = 0; i < ROWS; i++) {
    GB_UNROLL
    for (int n = 0; n < IMAGES; n++)
      acc[i][n] = vzero();
  }
  for (int64_t k = 0; k < whole; k += VW) {
    vf x[LIN_SHARE];
    GB_UNROLL
    for (int n = 0; n < IMAGES; n++)
      x[n] = vload(in + n * g->in_stride + k);
    GB_UNROLL
    for (int i = 0; i < ROWS; i++) {
      const vf y = vload(w + i * depth + k);
      GB_UNROLL
      for (int n = 0; n < IMAGES; n++)
        acc[i][n] = vfma(y, x[n], acc[i][n]);
    }
  }
  if (whole < depth) {
    const vm m = vmask_first(depth - whole);
    GB_UNROLL
    for (int n = 0; n < IMAGES; n++) {
      const vf x = vloadm(in + n * g->in_stride + whole, m);
      GB_UNROLL
      for (int i = 0; i < ROWS; i++)
        acc[i][n] = vfma(vloadm(w + i * depth + whole, m), x, acc[i][n]);
    }
  }
  GB_UNROLL
  for (int n = 0; n < IMAGES; n++) {
    GB_UNROLL
    for (int i = 0; i < ROWS; i++)
      out[n * g->out_stride + i] = vsum(acc[i][n]) + (bias ? bias[i] : 0.0f);
  }
}

typedef void lin_fn(const gb_linear_shape *g, const float *w, const float *bias, const float *in,
                    float *out);
#define LIN_FORM(ROWS, IMAGES)                                                                     \
  GB_NOINLINE void lin_##ROWS##_##IMAGES(const gb_linear_shape *g, const float *w,                 \
                                         const float *bias, const float *in, float *out) {         \
    lin_block(g, w, bias, in, out, ROWS, IMAGES);                                                  \
  }
LIN_FORM(8, 1)
LIN_FORM(4, 1)
LIN_FORM(1, 1)
LIN_FORM(4, 2)
LIN_FORM(1, 2)
LIN_FORM(4, 4)
LIN_FORM(1, 4)

void GB_FN(linear)(const gb_linear_shape *g, const float *weights, const float *bias,
                   const float *in, float *out, int64_t m0, int64_t m1) {
  for (int64_t m = m0; m < m1;) {
    const int64_t left = m1 - m;
    const int64_t rows = left >= LIN_ROWS && g->batch == 1 ? LIN_ROWS
                         : left >= LIN_SHARE               ? LIN_SHARE
                                                           : 1;
    const float *w = weights + m * g->depth, *b = bias ? bias + m : NULL;
    for (int64_t n = 0; n < g->batch;) {
      const int64_t images = g->batch - n >= 4 ? 4 : g->batch - n >= 2 ? 2 : 1;
      lin_fn *run = images == 4   ? (rows == 1 ? lin_1_4 : lin_4_4)
                    : images == 2 ? (rows == 1 ? lin_1_2 : lin_4_2)
                    : rows == 8   ? lin_8_1
                    : rows == 4   ? lin_4_1
                                  : lin_1_1;
      run(g, w, b, in + n * g->in_stride, out + n * g->out_stride + m);
      n += images;
    }
    m += rows;
  }
  if (g->act != GB_ACT_NONE)
    for (int64_t n = 0; n < g->batch; n++)
      gb_act_row(g->act, out + n * g->out_stride + m0, out + n * g->out_stride + m0, m1 - m0);
}
