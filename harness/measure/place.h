// Which processors threads run on: chosen, pinned, and told.
#ifndef GB_MEASURE_PLACE_H
#define GB_MEASURE_PLACE_H

#include "layers/base/status.h"

#include <stdbool.h>

enum { GB_CORES = 1024 };

// Logical processors in the order in which threads should take them.
typedef struct gb_cores {
  int ids[GB_CORES];
  size_t count;    // those that the affinity mask of the calling thread allows
  size_t physical; // the first so many are on cores of their own
} gb_cores;

// Those that the calling thread may use: first one of each physical core, then their siblings; in
// each part the highest first, as the lowest ones serve most interrupts.
void gb_cores_read(gb_cores *cores);

// Binds thread `tid` (0: the calling one) to the first `count` of `ids`. GB_EIO with the system's
// words.
gb_status gb_pin(int tid, const int *ids, size_t count, gb_error *error);

// The threads of process `pid` (0: this one), into `tids` (at most `most`); returns how many.
size_t gb_threads(int pid, int *tids, size_t most);

// Waits until no thread of the processes runs, but for the calling one: threads of an engine spin
// for a while when their work is done, and must not do so in another's turn. 0 is this process.
// False when one still ran after `seconds_most`.
bool gb_settle(const int *pids, size_t count, double seconds_most);

#endif
