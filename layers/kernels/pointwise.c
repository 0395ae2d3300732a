// Pointwise (1 x 1) convolution on planar maps: a matrix product with the pixels in the lanes.
//
// Which of the loops over pixels and rows is the outer one depends on what fits the first-level
// cache: a tile's pixels, or a block's weights. With 16 registers pw_product.h decides.
#include "layers/kernels/pw_product.h"

// Shares of the caches that a tile's pixels may fill, measured on a core with 48 KB and 1 MB.
#define PW_L1_BYTES (32 * 1024)
#define PW_L2_BYTES (768 * 1024)

size_t GB_FN(pointwise_pack_size)(const gb_pointwise_shape *g) {
  return (size_t)(g->rows * g->depth);
}

void GB_FN(pointwise_pack)(const gb_pointwise_shape *g, const float *weights, float *packed) {
  const pw_cut cut = pw_cut_of(g->rows, pw_block_rows(g->rows, g->pixels));
  const pw_cut steps = pw_steps_of(g->depth);
  for (int64_t step = 0; step < steps.blocks; step++)
    for (int64_t block = 0; block < cut.blocks; block++)
      for (int64_t k = pw_cut_at(steps, step); k < pw_cut_at(steps, step + 1); k++)
        for (int64_t i = pw_cut_at(cut, block); i < pw_cut_at(cut, block + 1); i++)
          *packed++ = weights[i * g->depth + k];
}

// With 32 registers gates multiply the weights.
size_t GB_FN(pointwise_scratch_size)(const gb_pointwise_shape *g) {
  return VREGS == 32 ? (size_t)(g->rows * g->depth) : 0;
}

// With 16 registers a depth in several steps leaves its sums in the output.
int GB_FN(pointwise_halves)(void) {
  return VREGS == 32;
}

void GB_FN(pointwise)(const gb_pointwise_shape *g, const float *packed, const float *bias,
                      const float *in, const gb_gate *gate, gb_ask *ask, const float *residual,
                      float *out, int64_t m0, int64_t m1, int64_t p0, int64_t p1) {
  if (m0 >= m1 || p0 >= p1)
    return;
  const pw_cut cut = pw_cut_of(g->rows, pw_block_rows(g->rows, g->pixels));
  const int64_t column = g->depth * (int64_t)sizeof(float);
  // Pixels of a tile in the first-level cache, or else the rows of a block.
  const int pixels_outer =
      column * pw_most_vectors(cut) * VW <= PW_L1_BYTES || column * (p1 - p0) > PW_L2_BYTES;
  pw_multiply(&(pw_product){.cut = cut,
                            .m0 = m0,
                            .m1 = m1,
                            .depth = g->depth,
                            .a = packed,
                            .b = in + p0,
                            .c = out + p0,
                            .bias = bias,
                            .gate = gate,
                            .ask = ask,
                            .residual = residual ? residual + p0 : NULL,
                            .pixels = p1 - p0,
                            .ldb = g->in_stride,
                            .ldc = g->out_stride,
                            .ldr = g->residual_stride,
                            .act = g->act,
                            .half = g->half,
                            .pixels_outer = pixels_outer,
                            .far = pixels_outer && column * g->pixels > PW_L2_BYTES});
}
