// What the kernel tests share: guarded memory, random numbers, reports, and the activation in
// double.
//
// Inputs lie at the very end or the very beginning of accessible memory, so that reading one float
// too far ends the test; outputs lie between guard floats whose bits are checked afterwards. A test
// file defines its families, each a function that loops over shapes for one table, and ends in
// KERNEL_TEST_MAIN(...).
#ifndef GB_TEST_KERNELS_SUPPORT_H
#define GB_TEST_KERNELS_SUPPORT_H

#include "layers/kernels/kernels.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// One allocation: n floats that touch an inaccessible page behind them (side 0) or before them
// (side 1).
typedef struct guarded {
  float *at;
  size_t n;
  void *map;
  size_t bytes;
} guarded;

static inline guarded guarded_new(size_t n, int side) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t data = (n * sizeof(float) + page - 1) / page * page;
  guarded g = {.n = n, .bytes = data + 2 * page};
  g.map = mmap(NULL, g.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (g.map == MAP_FAILED) {
    perror("mmap");
    exit(2);
  }
  char *base = g.map;
  mprotect(base, page, PROT_NONE);
  mprotect(base + page + data, page, PROT_NONE);
  g.at = (float *)(void *)(side ? base + page : base + page + data - n * sizeof(float));
  return g;
}

static inline void guarded_free(guarded *g) {
  munmap(g->map, g->bytes);
}

// Uniform in [-1, 1), the same for the same seed everywhere: splitmix64, Steele et al. 2014.
typedef struct rng {
  uint64_t state;
} rng;

static inline uint32_t rng_next(rng *r) {
  uint64_t z = r->state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static inline float rng_float(rng *r) {
  return (float)(rng_next(r) >> 8) * 0x1p-23f - 1.0f;
}

static inline void rng_fill(rng *r, float *p, size_t n) {
  for (size_t i = 0; i < n; i++)
    p[i] = rng_float(r);
}

// Marks every float with a bit pattern (a quiet not-a-number), to find later which one was written.
static const uint32_t pattern = 0x7fc0beefu;

static inline void mark(float *p, size_t n) {
  for (size_t i = 0; i < n; i++)
    memcpy(&p[i], &pattern, sizeof pattern);
}

static inline int is_marked(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits == pattern;
}

// Puts `rows` rows of `n` floats where a kernel will add to them in place.
static inline void put_rows(float *to, int64_t to_stride, const float *from, int64_t from_stride,
                            int64_t rows, int64_t n) {
  for (int64_t i = 0; i < rows; i++)
    memcpy(to + i * to_stride, from + i * from_stride, (size_t)n * sizeof *to);
}

static inline double act_double(gb_activation act, double x) {
  switch (act) {
  case GB_ACT_NONE:
    break;
  case GB_ACT_RELU:
    return x > 0 ? x : 0;
  case GB_ACT_RELU6:
    return fmin(fmax(x, 0), 6);
  case GB_ACT_HARD_SIGMOID:
    return fmin(fmax(x + 3, 0), 6) / 6;
  case GB_ACT_CLIPPED_SIGMOID:
    return fmin(fmax(x, 0), 1);
  case GB_ACT_HARD_SWISH:
    return x * fmin(fmax(x + 3, 0), 6) / 6;
  case GB_ACT_SIGMOID:
    return 1 / (1 + exp(-x));
  case GB_ACT_ELU:
    return x < 0 ? expm1(x) : x;
  }
  return x;
}

// |act(x + e) - act(x)| <= act_slope |e|, and what the kernels' own arithmetic adds.
static inline double act_slope(gb_activation act) {
  return act == GB_ACT_HARD_SWISH ? 1.5 : 1;
}

static inline double act_extra(
    gb_activation act) { // values up to about 1 beside the result itself, a handful of roundings
  return act == GB_ACT_NONE || act == GB_ACT_RELU || act == GB_ACT_RELU6 ? 0 : 8 * 0x1p-24;
}

// The error of a float sum of `terms` products whose magnitudes add up to `magnitude`, in any
// order, with or without fused steps: at most (terms + 4) roundings of 2^-24 each; half as much
// again for second-order terms.
static inline double sum_tolerance(int64_t terms, double magnitude) {
  return 1.5 * (double)(terms + 4) * 0x1p-24 * magnitude + 1e-37;
}

// One line of the test protocol for a group of cases.
typedef struct group {
  const char *name, *isa;
  int cases, failures;
} group;

static inline __attribute__((format(printf, 2, 3))) void group_fail(group *g, const char *format,
                                                                    ...) {
  if (g->failures++ < 5) {
    va_list list;
    printf("# kernels.%s.%s: ", g->name, g->isa);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    printf("\n");
  }
}

typedef struct family {
  const char *name;
  void (*run)(const gb_kernels *k, group *t);
} family;

// Every family for every instruction set of this machine.
static inline int kernel_test_main(const family *families, size_t count) {
  static const gb_isa isas[] = {GB_ISA_BASELINE, GB_ISA_NEON, GB_ISA_AVX2, GB_ISA_AVX512};
  int tests = 0, failed = 0;
  for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
    const gb_kernels *k = gb_kernels_for(isas[i]);
    if (k && k->isa != isas[i])
      continue; // another name of a table that is tested under its own
    for (size_t f = 0; f < count; f++) {
      group g = {.name = families[f].name, .isa = gb_isa_name(isas[i])};
      tests++;
      if (!k) {
        printf("ok %d - kernels.%s.%s # SKIP not an instruction set of this machine\n", tests,
               g.name, g.isa);
        continue;
      }
      families[f].run(k, &g);
      failed += g.failures > 0;
      printf("%sok %d - kernels.%s.%s, %d cases\n", g.failures ? "not " : "", tests, g.name, g.isa,
             g.cases);
      fflush(stdout);
    }
  }
  return failed ? 1 : 0;
}

#define KERNEL_TEST_MAIN(...)                                                                      \
  int main(void) {                                                                                 \
    static const family families[] = {__VA_ARGS__};                                                \
    return kernel_test_main(families, sizeof families / sizeof *families);                         \
  }

#endif
