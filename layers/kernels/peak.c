// What the machine itself can do, for rooflines: fused multiply-adds in registers, and reading.
#include "layers/kernels/simd.h"

#define PEAK_CHAINS 12 // enough for a latency of 4 and two units, and they fit 16 registers

int64_t GB_FN(peak_fma)(int64_t rounds, float *sink) {
  vf acc[PEAK_CHAINS];
  const vf a = vset1(0.9f), b = vset1(0.1f);
  GB_UNROLL
  for (int i = 0; i < PEAK_CHAINS; i++)
    acc[i] = vset1((float)i);
  for (int64_t r = 0; r < rounds; r++) {
    GB_UNROLL
    for (int i = 0; i < PEAK_CHAINS; i++)
      acc[i] = vfma(acc[i], a, b);
  }
  vf sum = vzero();
  GB_UNROLL
  for (int i = 0; i < PEAK_CHAINS; i++)
    sum += acc[i];
  *sink = vsum(sum);
  return rounds * PEAK_CHAINS * VW;
}

float GB_FN(read_sum)(const float *in, int64_t n) {
  return gb_row_sum(in, n);
}
