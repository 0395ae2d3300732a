// Vectors of floats from places that a vector of indices names; beside simd.h, for kernels that
// resample.
#ifndef GB_KERNELS_GATHER_H
#define GB_KERNELS_GATHER_H

#include "layers/kernels/simd.h"

// A comparison's result (0 or -1 a lane) as a mask; true where all lanes are in the mask; base[at]
// of the lanes in the mask, 0 in others, whose memory is not touched.
#if VW == 16
GB_INLINE vm vmask_of(vi x) {
  return _mm512_movepi32_mask((__m512i)x);
}
GB_INLINE int vmask_full(vm m) {
  return m == 0xffffu;
}
GB_INLINE vf vgather(const float *base, vi at, vm m) {
  return _mm512_mask_i32gather_ps(_mm512_setzero_ps(), m, (__m512i)at, base, 4);
}
#elif VW == 8
GB_INLINE vm vmask_of(vi x) {
  return (vm)x;
}
GB_INLINE int vmask_full(vm m) {
  return _mm256_movemask_ps(_mm256_castsi256_ps(m)) == 0xff;
}
GB_INLINE vf vgather(const float *base, vi at, vm m) {
  return _mm256_mask_i32gather_ps(_mm256_setzero_ps(), base, (__m256i)at, _mm256_castsi256_ps(m),
                                  4);
}
#else
GB_INLINE vm vmask_of(vi x) {
  return x;
}
GB_INLINE int vmask_full(vm m) {
  return (m[0] & m[1] & m[2] & m[3]) != 0;
}
GB_INLINE vf vgather(const float *base, vi at, vm m) {
  return (vf){m[0] ? base[at[0]] : 0.0f, m[1] ? base[at[1]] : 0.0f, m[2] ? base[at[2]] : 0.0f,
              m[3] ? base[at[3]] : 0.0f};
}
#endif

// 0, 1, 2, …
GB_INLINE vi vlanes(void) {
  vi x;
  for (int i = 0; i < VW; i++)
    x[i] = i;
  return x;
}
GB_INLINE vf vfloat(vi x) {
  return __builtin_convertvector(x, vf);
}
// The whole number at or below; |x| below 2^31.
GB_INLINE vi vfloor(vf x) {
  const vi toward_zero = __builtin_convertvector(x, vi);
  return toward_zero + (x < vfloat(toward_zero)); // a true comparison is -1
}

#endif
