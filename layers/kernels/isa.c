// Which instruction sets there are, and their tables.
#include "layers/kernels/kernels.h"
#include <string.h>

#if defined(__x86_64__)
extern const gb_kernels gb_kernels_avx512, gb_kernels_avx2, gb_kernels_baseline;
#elif defined(__aarch64__)
extern const gb_kernels gb_kernels_neon;
#else
extern const gb_kernels gb_kernels_baseline;
#endif

static const char *const names[] = {[GB_ISA_BASELINE] = "baseline",
                                    [GB_ISA_NEON] = "neon",
                                    [GB_ISA_AVX2] = "avx2",
                                    [GB_ISA_AVX512] = "avx512"};

const char *gb_isa_name(gb_isa isa) {
  return names[isa];
}

int gb_isa_parse(const char *name, gb_isa *isa) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) {
      *isa = (gb_isa)i;
      return 1;
    }
  return 0;
}

const gb_kernels *gb_kernels_for(gb_isa isa) {
  switch (isa) {
#if defined(__x86_64__)
  case GB_ISA_BASELINE:
    return &gb_kernels_baseline;
  case GB_ISA_AVX2:
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &gb_kernels_avx2
                                                                           : NULL;
  case GB_ISA_AVX512:
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
               ? &gb_kernels_avx512
               : NULL;
  case GB_ISA_NEON:
    return NULL;
#elif defined(__aarch64__)
  case GB_ISA_BASELINE:
  case GB_ISA_NEON:
    return &gb_kernels_neon;
  case GB_ISA_AVX2:
  case GB_ISA_AVX512:
    return NULL;
#else
  case GB_ISA_BASELINE:
    return &gb_kernels_baseline;
  case GB_ISA_NEON:
  case GB_ISA_AVX2:
  case GB_ISA_AVX512:
    return NULL;
#endif
  }
  return NULL;
}

gb_isa gb_isa_detect(void) {
  static const gb_isa best_first[] = {GB_ISA_AVX512, GB_ISA_AVX2, GB_ISA_NEON};
  for (size_t i = 0; i < sizeof best_first / sizeof *best_first; i++)
    if (gb_kernels_for(best_first[i]))
      return best_first[i];
  return GB_ISA_BASELINE;
}
