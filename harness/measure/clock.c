// The clock of measurements, and what it can tell.
#define _POSIX_C_SOURCE 200809L
#include "harness/measure/clock.h"

#include <time.h>

double gb_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double monotonic_now(void *context) {
  (void)context;
  return gb_now();
}

static void real_sleep(void *context, double seconds) {
  (void)context;
  if (seconds <= 0)
    return;
  struct timespec left = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  while (nanosleep(&left, &left) != 0)
    ;
}

const gb_clock gb_clock_monotonic = {monotonic_now, real_sleep, NULL};

double gb_clock_step(const gb_clock *clock) {
  enum { TRIES = 200, READS = 1000000 };
  double smallest = -1;
  for (int i = 0; i < TRIES; i++) {
    double before = clock->now(clock->context), after = before;
    for (int reads = 0; after == before && reads < READS; reads++)
      after = clock->now(clock->context);
    if (after > before && (smallest < 0 || after - before < smallest))
      smallest = after - before;
  }
  return smallest;
}

double gb_clock_pulse(void) {
  enum { TRIES = 3, TURNS = 2000 };
  double fastest = -1;
  for (int i = 0; i < TRIES; i++) {
    // Each turn waits for the last one's product: cycles, not throughput. The start is not known to
    // the compiler, the end is looked at.
    volatile uint64_t outside = (uint64_t)i;
    double before = gb_now();
    uint64_t x = outside;
    for (int k = 0; k < TURNS; k++)
      x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    outside = x;
    double seconds = gb_now() - before;
    if (fastest < 0 || seconds < fastest)
      fastest = seconds;
  }
  return fastest;
}
