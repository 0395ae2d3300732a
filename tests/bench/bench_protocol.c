// What a sample costs beside the work: an empty callback, timed by the protocol itself.
#include "harness/measure/protocol.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 20000 };

static void nothing(void *context) {
  (void)context;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(void) {
  static double samples[ROUNDS], starts[ROUNDS];
  gb_competitor competitor = {.body = nothing, .samples = samples, .starts = starts};
  gb_session session = {.competitors = &competitor, .count = 1};
  gb_protocol protocol = {.rounds_least = ROUNDS,
                          .rounds_most = ROUNDS,
                          .lead_calls = 1,
                          .warmup_calls = 1000,
                          .warmup_seconds = 0.1,
                          .seed = 1};
  gb_error error;
  if (gb_measure(&session, &protocol, &error) != GB_OK) {
    fprintf(stderr, "bench_protocol: %s\n", error.message);
    return 2;
  }
  qsort(samples, ROUNDS, sizeof *samples, by_value);
  printf("an empty callback, %d samples: median %.0f ns, 1 %% %.0f ns, 99 %% %.0f ns; step of the "
         "clock %.0f ns\n",
         ROUNDS, 1e9 * samples[ROUNDS / 2], 1e9 * samples[ROUNDS / 100],
         1e9 * samples[ROUNDS - ROUNDS / 100], 1e9 * session.facts.clock_step);
  return 0;
}
