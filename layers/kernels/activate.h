// Activations on vectors, shared by every kernel that ends in one.
//
// Those that are a clamp (none, ReLU, ReLU6, clip to [0,1]) cost at most two instructions where the
// result still is in a register, hard swish four in the kernels that ask gb_act_end; the others are
// a second pass over the few lines that were just written.
#ifndef GB_KERNELS_ACTIVATE_H
#define GB_KERNELS_ACTIVATE_H

#include "layers/kernels/kernels.h"
#include "layers/kernels/simd.h"

typedef struct gb_clamp {
  float lo, hi;
  int more; // the activation is not a clamp and needs gb_act_row afterwards
  int hard; // hard swish comes before the clamp, which then lets everything pass
} gb_clamp;

GB_INLINE gb_clamp gb_act_clamp(gb_activation act) {
  switch (act) {
  case GB_ACT_RELU:
    return (gb_clamp){0.0f, __builtin_inff(), 0, 0};
  case GB_ACT_RELU6:
    return (gb_clamp){0.0f, 6.0f, 0, 0};
  case GB_ACT_CLIPPED_SIGMOID:
    return (gb_clamp){0.0f, 1.0f, 0, 0};
  case GB_ACT_NONE:
    return (gb_clamp){-__builtin_inff(), __builtin_inff(), 0, 0};
  case GB_ACT_HARD_SIGMOID:
  case GB_ACT_HARD_SWISH:
  case GB_ACT_SIGMOID:
  case GB_ACT_ELU:
    break;
  }
  return (gb_clamp){-__builtin_inff(), __builtin_inff(), 1, 0};
}

// For kernels that take hard swish while their results are in registers (vhard_swish).
GB_INLINE gb_clamp gb_act_end(gb_activation act) {
  gb_clamp clamp = gb_act_clamp(act);
  if (act == GB_ACT_HARD_SWISH) {
    clamp.more = 0;
    clamp.hard = 1;
  }
  return clamp;
}

// A value that is not a number stays one: min and max return their second operand then.
GB_INLINE vf vclamp(vf x, vf lo, vf hi) {
  return vmax(lo, vmin(hi, x));
}

// x relu6(x + 3) / 6 (Howard et al. 2019, arXiv 1905.02244, section 5.2).
GB_INLINE vf vhard_swish(vf x) {
  return x * vclamp(vfma(x, vset1(1.0f / 6.0f), vset1(0.5f)), vzero(), vset1(1.0f));
}

// exp(x) by x = n ln 2 + r, |r| <= ln 2 / 2, and the Taylor polynomial of degree 7 in r (its first
// left-out term is below 2^-28); n ln 2 is subtracted in two parts (Cody and Waite). Below -87.3
// the result is about 1e-38, above 88.3 about 2e38.
GB_INLINE vf vexp(vf x) {
  const vf magic = vset1(12582912.0f); // 1.5 * 2^23: adding it rounds to an integer in the low bits
  x = vclamp(x, vset1(-87.3f), vset1(88.3f));
  const vf t = vfma(x, vset1(1.44269504f), magic);
  const vf n = t - magic;
  vf r = vfma(n, vset1(-0.693359375f), x);
  r = vfma(n, vset1(2.12194440e-4f), r);
  vf p = vset1(1.0f / 5040.0f);
  p = vfma(p, r, vset1(1.0f / 720.0f));
  p = vfma(p, r, vset1(1.0f / 120.0f));
  p = vfma(p, r, vset1(1.0f / 24.0f));
  p = vfma(p, r, vset1(1.0f / 6.0f));
  p = vfma(p, r, vset1(0.5f));
  p = vfma(p, r, vset1(1.0f));
  p = vfma(p, r, vset1(1.0f));
  const vi bits = ((vi)t - (vi)magic) << 23;
  return (vf)((vi)p + bits);
}

GB_INLINE vf vact(vf x, gb_activation act) {
  const vf one = vset1(1.0f), zero = vzero();
  switch (act) {
  case GB_ACT_NONE:
    break;
  case GB_ACT_RELU:
    return vmax(zero, x);
  case GB_ACT_RELU6:
    return vclamp(x, zero, vset1(6.0f));
  case GB_ACT_CLIPPED_SIGMOID:
    return vclamp(x, zero, one);
  case GB_ACT_HARD_SIGMOID:
    return vclamp(vfma(x, vset1(1.0f / 6.0f), vset1(0.5f)), zero, one);
  case GB_ACT_HARD_SWISH:
    return vhard_swish(x);
  case GB_ACT_SIGMOID:
    return one / (one + vexp(zero - x));
  case GB_ACT_ELU:
    return vselect(vmask_lt(x, zero), vexp(x) - one, x);
  }
  return x;
}

#define GB_ACT_ROW_CASE(A)                                                                         \
  case A:                                                                                          \
    for (; i + VW <= n; i += VW)                                                                   \
      vstore(out + i, vact(vload(in + i), A));                                                     \
    if (i < n)                                                                                     \
      vstorem(out + i, vact(vloadm(in + i, tail), A), tail);                                       \
    break;

// out[i] = act(in[i]), i < n; out may be in. The switch stands outside the loop.
GB_NOINLINE __attribute__((unused)) void gb_act_row(gb_activation act, const float *in, float *out,
                                                    int64_t n) {
  int64_t i = 0;
  const vm tail = vmask_first(n % VW);
  switch (act) {
    GB_ACT_ROW_CASE(GB_ACT_NONE)
    GB_ACT_ROW_CASE(GB_ACT_RELU)
    GB_ACT_ROW_CASE(GB_ACT_RELU6)
    GB_ACT_ROW_CASE(GB_ACT_HARD_SIGMOID)
    GB_ACT_ROW_CASE(GB_ACT_CLIPPED_SIGMOID)
    GB_ACT_ROW_CASE(GB_ACT_HARD_SWISH)
    GB_ACT_ROW_CASE(GB_ACT_SIGMOID)
    GB_ACT_ROW_CASE(GB_ACT_ELU)
  }
}

#endif
