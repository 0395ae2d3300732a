// What this machine is, and what can be measured on it.
//
// The story of the folder: protocol.c times competitors side by side, with order.c (who is next),
// warmup.c, turn.c (what is timed), clock.c, place.c (which processor) and watch.c (what the system
// did meanwhile); verdict.c judges the result; machine.c reads the facts of
// processor and kernel, environment.c all others, and facts.c lists them;
// counters.c opens PAPI (papi.h is what of it is used), tally.c counts events of PAPI and of
// system.c, known_work.c is what they are checked on; callgrind.c simulates instead.
#ifndef GB_MEASURE_MACHINE_H
#define GB_MEASURE_MACHINE_H

#include "layers/base/status.h"

#include <stdint.h>

// Unknown text is "", unknown numbers are -1.
typedef struct gb_machine {
  char cpu[128];
  char vectors[128];   // instruction sets that matter here: "sse2 avx2 fma avx512f …"
  int cores_online;    // logical processors
  int cores_allowed;   // of the affinity mask
  double cgroup_cpus;  // quota of the control group; -1: none
  int64_t l1d, l2, l3; // bytes
  int64_t memory;      // bytes
  char kernel[128];
  char governor[32];  // frequency policy of processor 0
  char hypervisor[8]; // "yes", "no"
  int perf_paranoid;  // kernel.perf_event_paranoid
  double clock_ns;    // smallest step seen of the monotonic clock
} gb_machine;

void gb_machine_read(gb_machine *machine);

// Processors that affinity and the control group's quota leave to this process, at least 1.
int gb_processors_allowed(void);

#endif
