// Four k at a time of the tiles that fill all 16 vector registers: 12 sums, their pixels and a
// weight.
//
// In assembler, as gcc 12 and clang 14 unroll the loop in C only with sums that go to memory and
// back. Unrolled, it has 20 instructions for 12 multiply-adds instead of 23: the difference counts
// where another hardware thread takes half of the decoder.
#ifndef GB_KERNELS_PW_FOURS_H
#define GB_KERNELS_PW_FOURS_H

#include "layers/kernels/simd.h"

#if VW == 8 && defined(__x86_64__)

// Vector j of the panel's row u; the weight of row i in column u; one multiply-add.
#define PW_LOAD(NV, u, j, x) "vmovups 32*(" #NV "*" #u "+" #j ")(%[b]), %%ymm" #x "\n\t"
#define PW_SPREAD(MR, u, i) "vbroadcastss 4*(" #MR "*" #u "+" #i ")(%[a]), %%ymm15\n\t"
#define PW_FMA(x, c) "vfmadd231ps %%ymm" #x ", %%ymm15, %[" #c "]\n\t"

#define PW_ROW_4X3(u, i, c0, c1, c2) PW_SPREAD(4, u, i) PW_FMA(12, c0) PW_FMA(13, c1) PW_FMA(14, c2)
#define PW_STEP_4X3(u)                                                                             \
  PW_LOAD(3, u, 0, 12)                                                                             \
  PW_LOAD(3, u, 1, 13)                                                                             \
  PW_LOAD(3, u, 2, 14)                                                                             \
  PW_ROW_4X3(u, 0, c0, c1, c2)                                                                     \
  PW_ROW_4X3(u, 1, c3, c4, c5)                                                                     \
  PW_ROW_4X3(u, 2, c6, c7, c8)                                                                     \
  PW_ROW_4X3(u, 3, c9, c10, c11)

#define PW_ROW_6X2(u, i, c0, c1) PW_SPREAD(6, u, i) PW_FMA(12, c0) PW_FMA(13, c1)
#define PW_STEP_6X2(u)                                                                             \
  PW_LOAD(2, u, 0, 12)                                                                             \
  PW_LOAD(2, u, 1, 13)                                                                             \
  PW_ROW_6X2(u, 0, c0, c1)                                                                         \
  PW_ROW_6X2(u, 1, c2, c3)                                                                         \
  PW_ROW_6X2(u, 2, c4, c5)                                                                         \
  PW_ROW_6X2(u, 3, c6, c7)                                                                         \
  PW_ROW_6X2(u, 4, c8, c9)                                                                         \
  PW_ROW_6X2(u, 5, c10, c11)

// A column of four rows is 16 bytes, so that four columns are one line; of six rows, one and a
// half. They are asked for as far ahead as PW_AHEAD says.
#define PW_FOURS(MR, NV, STEP)                                                                     \
  __asm__ volatile(".p2align 5\n1:\n\t"                                                            \
                   "prefetcht1 4*512(%[a])\n\t"                                                    \
                   "prefetcht1 4*512+32(%[a])\n\t" STEP(0) STEP(1) STEP(2)                         \
                       STEP(3) "add $4*4*" #MR ", %[a]\n\t"                                        \
                               "add $4*32*" #NV ", %[b]\n\t"                                       \
                               "sub $1, %[fours]\n\t"                                              \
                               "jnz 1b\n\t"                                                        \
                   : [a] "+r"(a), [b] "+r"(b), [fours] "+r"(fours), PW_SUM(NV, 0), PW_SUM(NV, 1),  \
                     PW_SUM(NV, 2), PW_SUM(NV, 3), PW_SUM(NV, 4), PW_SUM(NV, 5), PW_SUM(NV, 6),    \
                     PW_SUM(NV, 7), PW_SUM(NV, 8), PW_SUM(NV, 9), PW_SUM(NV, 10), PW_SUM(NV, 11)   \
                   :                                                                               \
                   : "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc")
#define PW_SUM(NV, n) [c##n] "+x"(acc[(n) / NV][(n) % NV])

// acc += the first 4 fours columns of a, four rows each, times as many rows of b, three vectors
// each; fours > 0.
GB_INLINE void pw_fours_4x3(vf (*acc)[3], const float *a, const float *b, int64_t fours) {
  PW_FOURS(4, 3, PW_STEP_4X3);
}

// The same for six rows and two vectors.
GB_INLINE void pw_fours_6x2(vf (*acc)[3], const float *a, const float *b, int64_t fours) {
  PW_FOURS(6, 2, PW_STEP_6X2);
}

#define PW_HAS_FOURS 1
#else
#define PW_HAS_FOURS 0
#endif

#endif
