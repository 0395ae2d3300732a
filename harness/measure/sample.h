// Timing callbacks: warmed up, interleaved, every sample kept. Knows no graph.
#ifndef GB_MEASURE_SAMPLE_H
#define GB_MEASURE_SAMPLE_H

#include "layers/base/status.h"

#include <stdint.h>

// Something to be timed: one call of `body`.
typedef struct gb_competitor {
  void (*body)(void *context);
  void *context;
  double *samples; // seconds, room for `runs`; in the order of time
} gb_competitor;

typedef struct gb_sampling {
  size_t runs;           // samples of each competitor, at least 1
  size_t warmup_runs;    // at least so many calls of each before,
  double warmup_seconds; // and at least so long
  uint64_t seed;         // of the order within a round
  // Called between rounds with the share done; NULL for none.
  void (*progress)(void *context, double share);
  void *progress_context;
} gb_sampling;

// Seconds of a clock that never runs backwards.
double gb_now(void);

// Times all competitors round by round: in every round each once, in random order (so that a drift
// of the machine meets all alike). Nothing but the clock is called in a timed region.
void gb_sample(gb_competitor *competitors, size_t count, const gb_sampling *sampling);

#endif
