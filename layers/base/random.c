// Random numbers; see random.h.
#include "layers/base/random.h"

#include <math.h>

uint64_t gb_mix64(uint64_t x) {
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

uint64_t gb_random_next(gb_random *random) {
  random->state += UINT64_C(0x9e3779b97f4a7c15);
  return gb_mix64(random->state);
}

double gb_random_uniform(gb_random *random) {
  return (double)(gb_random_next(random) >> 11) * 0x1p-53;
}

double gb_random_normal(gb_random *random) {
  double u = 1.0 - gb_random_uniform(random); // (0, 1]: the logarithm stays finite
  double v = gb_random_uniform(random);
  return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

uint64_t gb_hash_text(const char *text) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (; *text; text++)
    hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
  return hash;
}
