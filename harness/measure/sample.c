// Interleaved timing; see sample.h.
#define _POSIX_C_SOURCE 200809L
#include "harness/measure/sample.h"

#include "layers/base/random.h"

#include <time.h>

double gb_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void warm_up(const gb_competitor *c, const gb_sampling *sampling) {
  double start = gb_now();
  for (size_t i = 0; i < sampling->warmup_runs || gb_now() - start < sampling->warmup_seconds; i++)
    c->body(c->context);
}

// The k-th competitor of a round: a random rotation and direction of their order needs no memory
// and puts each behind each other equally often.
static size_t in_turn(size_t k, size_t count, size_t rotation, size_t backwards) {
  size_t place = backwards ? count - 1 - k : k;
  return (place + rotation) % count;
}

void gb_sample(gb_competitor *competitors, size_t count, const gb_sampling *sampling) {
  gb_random random = {sampling->seed};
  for (size_t i = 0; i < count; i++)
    warm_up(&competitors[i], sampling);
  for (size_t round = 0; round < sampling->runs; round++) {
    uint64_t order = gb_random_next(&random);
    for (size_t k = 0; k < count; k++) {
      const gb_competitor *c =
          &competitors[in_turn(k, count, (size_t)(order >> 1) % count, (size_t)(order & 1))];
      double start = gb_now();
      c->body(c->context);
      c->samples[round] = gb_now() - start;
    }
    if (sampling->progress)
      sampling->progress(sampling->progress_context, (double)(round + 1) / (double)sampling->runs);
  }
}
