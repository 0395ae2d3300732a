// The clock of measurements: the system's, or one that a test moves by hand.
#ifndef GB_MEASURE_CLOCK_H
#define GB_MEASURE_CLOCK_H

#include <stdint.h>

typedef struct gb_clock {
  double (*now)(void *context); // seconds, never backwards
  void (*sleep)(void *context, double seconds);
  void *context;
} gb_clock;

// CLOCK_MONOTONIC and nanosleep.
extern const gb_clock gb_clock_monotonic;

// Seconds of CLOCK_MONOTONIC.
double gb_now(void);

// The smallest step that the clock is seen to make, in seconds; -1 when it never moved.
double gb_clock_step(const gb_clock *clock);

// Seconds of a fixed loop of dependent multiplications (some microseconds), the fastest of three:
// always the same number of cycles, so that it shows the processor's frequency where no counter
// does.
double gb_clock_pulse(void);

#endif
