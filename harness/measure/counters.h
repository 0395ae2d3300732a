// Counters: events of the processor (PAPI), of the system, and the harness's own (PAPI's
// software-defined events), counted around a piece of work.
//
// An event is a name: "PAPI_TOT_CYC" or any other that PAPI knows, "sde:::ghostbench::bytes" of
// ours, "os::minor-faults" of the system (gb_system_event_names), "callgrind::Ir" simulated
// (callgrind.h). A session opens PAPI; a tally counts some events on the thread that made it; known
// work checks that an event counts what it says.
#ifndef GB_MEASURE_COUNTERS_H
#define GB_MEASURE_COUNTERS_H

#include "layers/base/status.h"

#include <stdbool.h>
#include <stdint.h>

// PAPI, opened. Once a process: libsde crashes when it is opened again after it was shut down.
// For one thread at a time.
typedef struct gb_counters gb_counters;

// Works without PAPI too: then its events are not available, and the reason says so. PAPI is loaded
// here, not when the program starts.
gb_status gb_counters_open(gb_counters **counters, gb_error *error);
void gb_counters_close(gb_counters *counters); // NULL is allowed

// What the harness itself counts, published as sde:::ghostbench::NAME.
typedef enum gb_own {
  GB_OWN_NOMINAL,
  GB_OWN_EXECUTED,
  GB_OWN_BYTES,
  GB_OWN_STEPS,
  GB_OWN_COUNT
} gb_own;
extern const char *const gb_own_names[];          // "nominal_macs", …; NULL-terminated
extern const char *const gb_system_event_names[]; // "minor-faults", …; NULL-terminated

// Adds to a published count. By one thread at a time.
void gb_counters_add(gb_counters *counters, gb_own which, int64_t amount);

// What PAPI offers here.
typedef struct gb_counters_info {
  char version[32];          // "" where PAPI cannot start
  char reason[256];          // why it cannot
  int hardware;              // counters of the processor; 0: none
  char hardware_reason[256]; // PAPI's own words where there are none
  int presets;               // preset events that exist here
  char components[512];      // "name (n events)", or "name: why it is off"
} gb_counters_info;
void gb_counters_tell(gb_counters *counters, gb_counters_info *info);

// Whether an event exists here; else `reason` in PAPI's or the system's words, and what helps.
typedef struct gb_event_state {
  bool available;
  char reason[256], remedy[256];
} gb_event_state;
void gb_event_look(gb_counters *counters, const char *event, gb_event_state *state);

// ---------------------------------------------------------------------------------------------

enum { GB_TALLY_EVENTS = 64 };

// Events being counted on the thread that made it; it is read and freed there.
typedef struct gb_tally gb_tally;

// Starts to count. Only the first thread of a team counts what belongs to the whole process or
// machine (our own, energy); the others find 0 for these. GB_EUNSUPPORTED when an event does not
// exist or they do not fit the counters together: nothing is ever multiplexed.
gb_status gb_tally_new(gb_counters *counters, const char *const *events, size_t count,
                       bool first_thread, gb_tally **tally, gb_error *error);
// The counts so far, in the order of the events. False when they could not be read.
bool gb_tally_read(gb_tally *tally, int64_t *values);
// What two reads with nothing between them count: the median of some, an event each.
bool gb_tally_cost(gb_tally *tally, int64_t *values);
void gb_tally_free(gb_tally *tally); // NULL is allowed

// Shares events among as few passes as they need, in order; pass[i] counts from 0. `most` events a
// pass; 0: as many as fit. An event that fits no pass gets -1. Returns the number of passes.
int gb_counters_split(gb_counters *counters, const char *const *events, size_t count, size_t most,
                      int *pass);

// ---------------------------------------------------------------------------------------------

// Work of which it is known what it does; the names stand in groups as work="…".
extern const char *const gb_known_works[]; // NULL-terminated
extern const char *const gb_known_work_texts[];
// Does it; `*units` is how much. GB_EUNSUPPORTED where this machine cannot.
gb_status gb_known_work(gb_counters *counters, const char *work, int64_t *units, gb_error *error);
// Counts an event on known work: `*per_unit` is what one unit counted.
gb_status gb_event_check(gb_counters *counters, const char *event, const char *work,
                         double *per_unit, gb_error *error);

#endif
