// What the system did while something was measured: two looks at it, and their difference.
#ifndef GB_MEASURE_WATCH_H
#define GB_MEASURE_WATCH_H

#include "harness/measure/protocol.h"

// One look. Unknown numbers are NAN or -1.
typedef struct gb_watch {
  double seconds; // gb_now()
  double ticks_all, ticks_busy,
      ticks_steal; // seconds, summed over the processors that our threads may use
  double own;      // processor seconds of our processes
  double waited;   // seconds that our threads stood ready, and others ran
  double load;     // one minute's, of /proc/loadavg
  double mhz;      // of the current processor
  int64_t preemptions, throttled, thermal;
  int processors; // that our threads may use
} gb_watch;

// `processes` are those of engines elsewhere; 0 in it, and this process itself, count once.
void gb_watch_look(gb_watch *watch, const int *processes, size_t count);
// Fills steal, others, waited, load, throttled, thermal, MHz and preemptions.
void gb_watch_compare(const gb_watch *before, const gb_watch *after, gb_session_facts *facts);

#endif
