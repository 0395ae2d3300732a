// Random numbers that are the same on every machine for the same seed.
#ifndef GB_BASE_RANDOM_H
#define GB_BASE_RANDOM_H

#include <stdint.h>

// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
typedef struct gb_random {
  uint64_t state;
} gb_random;

uint64_t gb_random_next(gb_random *random);
double gb_random_uniform(gb_random *random); // [0, 1), 53 bits
double gb_random_normal(gb_random *random);  // mean 0, deviation 1 (Box-Muller)

// The finaliser alone: a bijection that mixes all bits of `x`.
uint64_t gb_mix64(uint64_t x);
// FNV-1a, 64 bit, of a terminated string.
uint64_t gb_hash_text(const char *text);

#endif
