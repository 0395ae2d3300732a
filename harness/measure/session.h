// A session while it runs; private to protocol.c, warmup.c and turn.c.
#ifndef GB_MEASURE_SESSION_H
#define GB_MEASURE_SESSION_H

#include "harness/measure/protocol.h"

typedef struct gb_run {
  gb_session *session;
  const gb_protocol *protocol;
  gb_clock clock;
  bool real_clock;
  size_t turn_calls, lead_calls;
  double start;       // of the timed rounds
  double *pulses;     // owned
  size_t pulse_count; // of the first PULSES rounds
  int *processes;     // owned; each once: 0 (this one), then those of engines elsewhere
  size_t process_count;
  unsigned char *flush;
  size_t flush_bytes;
} gb_run;

// What a turn's calls took of the processor: summed up, divided when the session ends.
typedef struct gb_turn_time {
  double processor, wall;
} gb_turn_time;

static inline double gb_run_now(const gb_run *r) {
  return r->clock.now(r->clock.context);
}

// One turn of a competitor, with all that belongs before and between its calls.
gb_status gb_take_turn(gb_run *r, gb_competitor *c, gb_turn_time *spent, gb_error *error);

// Calls until times no longer fall.
gb_status gb_warm_up(gb_run *r, gb_competitor *c, gb_error *error);

#endif
