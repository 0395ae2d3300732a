// What the files that measure an experiment's networks share: run_latency.c, run_latency_cell.c,
// run_profile.c, run_counters.c.
#ifndef GB_CLI_RUN_TIMING_H
#define GB_CLI_RUN_TIMING_H

#include "harness/cli/latency.h"
#include "harness/cli/run_latency.h"

// A network that waits to be measured.
typedef struct gb_queued {
  gb_cell_head head;
  gb_cell_identity identity[GB_WANT_COUNT];
  bool wanted[GB_WANT_COUNT]; // asked for, and not in the store
  gb_network *network;
  gb_graph *graph;         // of one image
  gb_graph *batched;       // of the batch that is measured; NULL where that is one
  gb_engine_choice choice; // engine and threads
  gb_result *result;       // NULL: only the baseline of others
} gb_queued;

struct gb_timing {
  gb_run *run;
  gb_arena *arena;
  bool wants[GB_WANT_COUNT]; // of the experiment
  gb_queued base;            // the first network
  bool based;                // there is one
  gb_queued queue[GB_TIMING_GROUP];
  size_t count;
  gb_roofs roofs; // measured with the first profile
  bool roofed;
};

int64_t gb_queued_batch(const gb_queued *queued);

// What defines a cell beside the network: of its subject, and the rest (gb_cell_identify).
typedef struct gb_cell_lines {
  char how[160], rest[160];
} gb_cell_lines;

// Those of a pass over the native engine's steps: what it does ("steps timed"), and how often.
void gb_native_lines(const gb_queued *queued, const char *what, const char *repeated, int times,
                     gb_cell_lines *lines);

// ---------------------------------------------------------------------------------------------
// Times (run_latency_cell.c)

void gb_latency_lines(const gb_timing *timing, const gb_queued *queued, gb_cell_lines *lines);
gb_status gb_latency_load(const gb_stored_cell *cell, gb_arena *arena, gb_result *result,
                          gb_error *error);
// What was measured, into the result and into the store. `base` is the item that ratios are to.
gb_status gb_latency_note(gb_timing *timing, const gb_latency_item *item, gb_result *result,
                          gb_error *error);
gb_status gb_latency_store(gb_timing *timing, const gb_queued *queued, const gb_latency_item *item,
                           const gb_latency_item *base, const gb_session_facts *facts,
                           const gb_placement *placement, const char *plan, gb_arena *arena,
                           gb_error *error);

// ---------------------------------------------------------------------------------------------
// Times of steps (run_profile.c)

void gb_profile_lines(const gb_timing *timing, const gb_queued *queued, gb_cell_lines *lines);
gb_status gb_profile_load(const gb_stored_cell *cell, gb_arena *arena, gb_result *result,
                          gb_error *error);
// Into the result and into the store.
gb_status gb_profile_measure(gb_timing *timing, const gb_queued *queued, gb_subject *subject,
                             gb_error *error);

// ---------------------------------------------------------------------------------------------
// Counts by step (run_counters.c)

void gb_counters_lines(const gb_timing *timing, const gb_queued *queued, gb_cell_lines *lines);
// Into the store. Makes an engine of its own for the subject's network and weights.
gb_status gb_counters_measure(gb_timing *timing, const gb_queued *queued, const gb_subject *subject,
                              gb_error *error);

#endif
