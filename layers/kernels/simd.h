// A thin wrapper over one vector of floats, the only place where the kernels meet instruction sets.
//
// Every kernel source is compiled once per instruction set with GB_ISA_SUFFIX set; this header
// picks the widest vector that the compiler was told about. A mask names lanes; masked loads give 0
// in the other lanes and touch no memory there, masked stores leave the other lanes' memory alone;
// their masks name the first lanes (vmask_first), those of loads any. So no kernel ever reads or
// writes outside of its arrays, and none needs padding.
#ifndef GB_KERNELS_SIMD_H
#define GB_KERNELS_SIMD_H

#include "layers/kernels/kernels.h"
#include <stdint.h>
#include <string.h>

#define GB_INLINE static inline __attribute__((always_inline, unused))
#define GB_NOINLINE static __attribute__((noinline))
#define GB_CAT_(a, b) a##b
#define GB_CAT(a, b) GB_CAT_(a, b)
// The name of a kernel in this instruction set: GB_FN(linear) is gb_linear_avx512.
#define GB_FN(name) GB_CAT(gb_##name##_, GB_ISA_SUFFIX)

// Full unrolling, so that arrays of accumulators become registers; each compiler has its own
// spelling.
#if defined(__clang__)
#define GB_UNROLL _Pragma("clang loop unroll(full)")
#else
#define GB_UNROLL _Pragma("GCC unroll 32")
#endif

#if defined(__AVX512F__) && defined(__AVX512VL__)
#include <immintrin.h>
#define VW 16
#define VREGS 32
typedef __m512 vf;
typedef __mmask16 vm;
typedef int32_t vi __attribute__((vector_size(64)));

GB_INLINE vf vset1(float x) {
  return _mm512_set1_ps(x);
}
GB_INLINE vf vload(const float *p) {
  return _mm512_loadu_ps(p);
}
GB_INLINE void vstore(float *p, vf x) {
  _mm512_storeu_ps(p, x);
}
GB_INLINE vf vloadm(const float *p, vm m) {
  return _mm512_maskz_loadu_ps(m, p);
}
GB_INLINE void vstorem(float *p, vf x, vm m) {
  _mm512_mask_storeu_ps(p, m, x);
}
GB_INLINE vf vfma(vf a, vf b, vf c) {
  return _mm512_fmadd_ps(a, b, c);
}
// Both return the second operand when either is not a number.
GB_INLINE vf vmin(vf a, vf b) {
  return _mm512_min_ps(a, b);
}
GB_INLINE vf vmax(vf a, vf b) {
  return _mm512_max_ps(a, b);
}
GB_INLINE vm vmask_and(vm a, vm b) {
  return (vm)(a & b);
}
GB_INLINE vm vmask_or(vm a, vm b) {
  return (vm)(a | b);
}
GB_INLINE vm vmask_first(int64_t n) {
  return (vm)(n >= 16 ? 0xffffu : n <= 0 ? 0u : (1u << (unsigned)n) - 1u);
}
GB_INLINE vm vmask_range(int64_t lo, int64_t hi) {
  return (vm)(vmask_first(hi) & ~vmask_first(lo));
}
GB_INLINE vf vselect(vm m, vf a, vf b) {
  return _mm512_mask_blend_ps(m, b, a);
}
GB_INLINE vm vmask_lt(vf a, vf b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
GB_INLINE vf veven(vf a, vf b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}
GB_INLINE vf vodd(vf a, vf b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

// Lane i is lane index[i] of a and b, one behind the other, or 0 where the mask has no i.
GB_INLINE vf vpick(vf a, vf b, vi index, vm m) {
  return _mm512_maskz_permutex2var_ps(m, a, (__m512i)index, b);
}
// The same of one vector.
GB_INLINE vf vpermute(vf x, vi index, vm m) {
  return _mm512_maskz_permutexvar_ps(m, (__m512i)index, x);
}
#define V_HAS_PICK 1

#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define VW 8
#define VREGS 16
typedef __m256 vf;
typedef __m256i vm;
typedef int32_t vi __attribute__((vector_size(32)));

GB_INLINE vf vset1(float x) {
  return _mm256_set1_ps(x);
}
GB_INLINE vf vload(const float *p) {
  return _mm256_loadu_ps(p);
}
GB_INLINE void vstore(float *p, vf x) {
  _mm256_storeu_ps(p, x);
}
GB_INLINE vf vloadm(const float *p, vm m) {
  return _mm256_maskload_ps(p, m);
}
// A masked store takes AMD's processors (Zen 4) so long that plain ones of four, two and one lanes
// make depthwise convolutions of 14 x 14 maps a quarter quicker.
GB_INLINE void vstorem(float *p, vf x, vm m) {
  const int lanes = _mm256_movemask_ps(_mm256_castsi256_ps(m));
  if (lanes == 0xff) {
    _mm256_storeu_ps(p, x);
    return;
  }
  __m128 y = _mm256_castps256_ps128(x);
  if (lanes & 8) {
    _mm_storeu_ps(p, y);
    y = _mm256_extractf128_ps(x, 1);
    p += 4;
  }
  const int left = lanes & 8 ? lanes >> 4 : lanes;
  if (left & 2) {
    _mm_storel_pi((__m64 *)(void *)p, y);
    y = _mm_movehl_ps(y, y);
    p += 2;
  }
  if ((left & 2 ? left >> 2 : left) & 1)
    _mm_store_ss(p, y);
}
GB_INLINE vf vfma(vf a, vf b, vf c) {
  return _mm256_fmadd_ps(a, b, c);
}
GB_INLINE vf vmin(vf a, vf b) {
  return _mm256_min_ps(a, b);
}
GB_INLINE vf vmax(vf a, vf b) {
  return _mm256_max_ps(a, b);
}
GB_INLINE vm vmask_and(vm a, vm b) {
  return _mm256_and_si256(a, b);
}
GB_INLINE vm vmask_or(vm a, vm b) {
  return _mm256_or_si256(a, b);
}
GB_INLINE vm vmask_range(int64_t lo, int64_t hi) {
  const int l = lo < 0 ? 0 : lo > 8 ? 8 : (int)lo, h = hi < 0 ? 0 : hi > 8 ? 8 : (int)hi;
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(l), lane),
                             _mm256_cmpgt_epi32(_mm256_set1_epi32(h), lane));
}
GB_INLINE vm vmask_first(int64_t n) {
  return vmask_range(0, n);
}
GB_INLINE vf vselect(vm m, vf a, vf b) {
  return _mm256_blendv_ps(b, a, _mm256_castsi256_ps(m));
}
GB_INLINE vm vmask_lt(vf a, vf b) {
  return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_LT_OQ));
}
GB_INLINE vf veven(vf a, vf b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
}
GB_INLINE vf vodd(vf a, vf b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
}

#else
#define VW 4
typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));
typedef vi vm;
#if defined(__aarch64__)
#include <arm_neon.h>
#define VREGS 32
GB_INLINE vf vfma(vf a, vf b, vf c) {
  return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
#else
#define VREGS 16
// No fused multiply-add in the base set: two roundings.
GB_INLINE vf vfma(vf a, vf b, vf c) {
  return a * b + c;
}
#endif

GB_INLINE vf vset1(float x) {
  return (vf){x, x, x, x};
}
GB_INLINE vf vload(const float *p) {
  vf x;
  memcpy(&x, p, sizeof x);
  return x;
}
GB_INLINE void vstore(float *p, vf x) {
  memcpy(p, &x, sizeof x);
}
GB_INLINE vf vloadm(const float *p, vm m) {
  if (m[0] & m[1] & m[2] & m[3])
    return vload(p);
  return (vf){m[0] ? p[0] : 0.0f, m[1] ? p[1] : 0.0f, m[2] ? p[2] : 0.0f, m[3] ? p[3] : 0.0f};
}
GB_INLINE void vstorem(float *p, vf x, vm m) {
  if (m[0] & m[1] & m[2] & m[3]) {
    vstore(p, x);
    return;
  }
  if (m[0])
    p[0] = x[0];
  if (m[1])
    p[1] = x[1];
  if (m[2])
    p[2] = x[2];
  if (m[3])
    p[3] = x[3];
}
GB_INLINE vf vselect(vm m, vf a, vf b) {
  return (vf)((m & (vi)a) | (~m & (vi)b));
}
GB_INLINE vm vmask_lt(vf a, vf b) {
  return a < b;
}
#if defined(__SSE2__)
#include <immintrin.h>
GB_INLINE vf vmin(vf a, vf b) {
  return _mm_min_ps(a, b);
}
GB_INLINE vf vmax(vf a, vf b) {
  return _mm_max_ps(a, b);
}
#else
GB_INLINE vf vmin(vf a, vf b) {
  return vselect(a < b, a, b);
}
GB_INLINE vf vmax(vf a, vf b) {
  return vselect(a > b, a, b);
}
#endif
GB_INLINE vm vmask_and(vm a, vm b) {
  return a & b;
}
GB_INLINE vm vmask_or(vm a, vm b) {
  return a | b;
}
GB_INLINE vm vmask_range(int64_t lo, int64_t hi) {
  const int32_t l = lo < 0   ? 0
                    : lo > 4 ? 4
                             : (int32_t)lo,
                h = hi < 0   ? 0
                    : hi > 4 ? 4
                             : (int32_t)hi;
  const vi lane = {0, 1, 2, 3};
  return (lane >= (vi){l, l, l, l}) & (lane < (vi){h, h, h, h});
}
GB_INLINE vm vmask_first(int64_t n) {
  return vmask_range(0, n);
}
GB_INLINE vf veven(vf a, vf b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6);
}
GB_INLINE vf vodd(vf a, vf b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7);
}
#endif

// The even and the odd lanes of two vectors in an order in which they cost least, and a vector that
// was mixed so in its right order.
#if VW == 8
GB_INLINE vf veven_mixed(vf a, vf b) {
  return _mm256_shuffle_ps(a, b, 0x88);
}
GB_INLINE vf vodd_mixed(vf a, vf b) {
  return _mm256_shuffle_ps(a, b, 0xdd);
}
GB_INLINE vf vunmix(vf x) {
  return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(x), 0xd8));
}
#else
GB_INLINE vf veven_mixed(vf a, vf b) {
  return veven(a, b);
}
GB_INLINE vf vodd_mixed(vf a, vf b) {
  return vodd(a, b);
}
GB_INLINE vf vunmix(vf x) {
  return x;
}
#endif

// Lanes moved up by n, 1 to 3, with s's last n lanes below; or down by n with its first n above. n
// is a constant.
#if VW == 16
// In assembler, as clang 14 makes them two-source permutations, whose index takes a register.
#define V_ALIGN(n, high, low) __asm__("valignd $" #n ", %2, %1, %0" : "=v"(r) : "v"(high), "v"(low))
#define V_UP(n, back) V_ALIGN(back, x, s)
#define V_DOWN(n) V_ALIGN(n, s, x)
#else
#if VW == 8
#define V_LANES(i) i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7
#else
#define V_LANES(i) i, i + 1, i + 2, i + 3
#endif
#define V_UP(n, back) r = __builtin_shufflevector(s, x, V_LANES(VW - n))
#define V_DOWN(n) r = __builtin_shufflevector(x, s, V_LANES(n))
#endif
GB_INLINE vf vup(vf x, vf s, const int n) {
  vf r;
  if (n == 1)
    V_UP(1, 15);
  else if (n == 2)
    V_UP(2, 14);
  else
    V_UP(3, 13);
  return r;
}
GB_INLINE vf vdown(vf x, vf s, const int n) {
  vf r;
  if (n == 1)
    V_DOWN(1);
  else if (n == 2)
    V_DOWN(2);
  else
    V_DOWN(3);
  return r;
}
#undef V_ALIGN
#undef V_LANES
#undef V_UP
#undef V_DOWN

// Four floats from each of VW / 4 places: those from base + at[4 q] are lanes 4 q to 4 q + 3; and
// back.
#if VW == 16
GB_INLINE vf vload_fours(const float *base, const int64_t *at) {
  __m512 x = _mm512_castps128_ps512(_mm_loadu_ps(base + at[0]));
  x = _mm512_insertf32x4(x, _mm_loadu_ps(base + at[4]), 1);
  x = _mm512_insertf32x4(x, _mm_loadu_ps(base + at[8]), 2);
  return _mm512_insertf32x4(x, _mm_loadu_ps(base + at[12]), 3);
}
GB_INLINE void vstore_fours(float *base, const int64_t *at, vf x) {
  _mm_storeu_ps(base + at[0], _mm512_castps512_ps128(x));
  _mm_storeu_ps(base + at[4], _mm512_extractf32x4_ps(x, 1));
  _mm_storeu_ps(base + at[8], _mm512_extractf32x4_ps(x, 2));
  _mm_storeu_ps(base + at[12], _mm512_extractf32x4_ps(x, 3));
}
#define V_LOW 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
#define V_HIGH 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
#define V_PAIRS_LOW 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define V_PAIRS_HIGH 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#elif VW == 8
GB_INLINE vf vload_fours(const float *base, const int64_t *at) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(base + at[0])),
                              _mm_loadu_ps(base + at[4]), 1);
}
GB_INLINE void vstore_fours(float *base, const int64_t *at, vf x) {
  _mm_storeu_ps(base + at[0], _mm256_castps256_ps128(x));
  _mm_storeu_ps(base + at[4], _mm256_extractf128_ps(x, 1));
}
#define V_LOW 0, 8, 1, 9, 4, 12, 5, 13
#define V_HIGH 2, 10, 3, 11, 6, 14, 7, 15
#define V_PAIRS_LOW 0, 1, 8, 9, 4, 5, 12, 13
#define V_PAIRS_HIGH 2, 3, 10, 11, 6, 7, 14, 15
#else
GB_INLINE vf vload_fours(const float *base, const int64_t *at) {
  return vload(base + at[0]);
}
GB_INLINE void vstore_fours(float *base, const int64_t *at, vf x) {
  vstore(base + at[0], x);
}
#define V_LOW 0, 4, 1, 5
#define V_HIGH 2, 6, 3, 7
#define V_PAIRS_LOW 0, 1, 4, 5
#define V_PAIRS_HIGH 2, 3, 6, 7
#endif

// Transposes x[0..3] in every block of four lanes.
GB_INLINE void vtranspose4(vf *x) {
  const vf a = __builtin_shufflevector(x[0], x[1], V_LOW);
  const vf b = __builtin_shufflevector(x[0], x[1], V_HIGH);
  const vf c = __builtin_shufflevector(x[2], x[3], V_LOW);
  const vf d = __builtin_shufflevector(x[2], x[3], V_HIGH);
  x[0] = __builtin_shufflevector(a, c, V_PAIRS_LOW);
  x[1] = __builtin_shufflevector(a, c, V_PAIRS_HIGH);
  x[2] = __builtin_shufflevector(b, d, V_PAIRS_LOW);
  x[3] = __builtin_shufflevector(b, d, V_PAIRS_HIGH);
}

// sum + *w x, where the multiply-add itself reads the weight; gcc 12 else loads one that is used
// more than once, clang 14 makes worse code of this.
GB_INLINE vf vfma_weight(const float *w, vf x, vf sum) {
#if VW == 16 && !defined(__clang__)
  __asm__("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(x), "m"(*w));
  return sum;
#else
  return vfma(vset1(*w), x, sum);
#endif
}

// Keeps a value in a register that the compiler would rather load again at every use.
#if defined(__x86_64__) && VW == 16
#define GB_KEEP(x) __asm__("" : "+v"(x))
#elif defined(__x86_64__)
#define GB_KEEP(x) __asm__("" : "+x"(x))
#elif defined(__aarch64__)
#define GB_KEEP(x) __asm__("" : "+w"(x))
#else
#define GB_KEEP(x) (void)0
#endif

// Hides where a pointer comes from: what is read through it is read again, and addresses that
// follow from it are made when they are needed, not in advance.
#define GB_KEEP_POINTER(p) __asm__("" : "+r"(p))

GB_INLINE vf vzero(void) {
  return vset1(0.0f);
}
GB_INLINE vm vmask_all(void) {
  return vmask_range(0, VW);
}
GB_INLINE int64_t gb_imin(int64_t a, int64_t b) {
  return a < b ? a : b;
}
GB_INLINE int64_t gb_imax(int64_t a, int64_t b) {
  return a > b ? a : b;
}
GB_INLINE int64_t gb_idiv_up(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

// The prototypes of this instruction set's kernels.
#define GB_KERNEL(result, name, parameters) result GB_FN(name) parameters;
#include "layers/kernels/kernels.def"
#undef GB_KERNEL

// Sum of the lanes by halves: the same tree in every call.
GB_INLINE float vsum(vf x) {
#if VW == 16
  __m256 h = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
#elif VW == 8
  __m256 h = x;
#endif
#if VW >= 8
  const __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  const __m128 d = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return d[0] + d[1];
#else
  return (x[0] + x[2]) + (x[1] + x[3]);
#endif
}

// Sum of n floats, in four vectors of partial sums. What is left of a row is added to different
// ones, too: of a map of 7 x 7 that is all.
GB_NOINLINE __attribute__((unused)) float gb_row_sum(const float *p, int64_t n) {
  vf a = vzero(), b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 4 * VW <= n; i += 4 * VW) {
    a += vload(p + i);
    b += vload(p + i + VW);
    c += vload(p + i + 2 * VW);
    d += vload(p + i + 3 * VW);
  }
  if (i + 2 * VW <= n) {
    a += vload(p + i);
    b += vload(p + i + VW);
    i += 2 * VW;
  }
  if (i + VW <= n) {
    c += vload(p + i);
    i += VW;
  }
  if (i < n)
    d += vloadm(p + i, vmask_first(n - i));
  return vsum((a + b) + (c + d));
}

#endif
