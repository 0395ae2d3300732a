// Times of an experiment's networks, and of their steps: measured side by side in groups, each
// stored as its group ends.
#ifndef GB_CLI_RUN_LATENCY_H
#define GB_CLI_RUN_LATENCY_H

#include "harness/cli/run_store.h"

// A group holds at most this many networks, the first one of the experiment in each of them: what
// all ratios are to.
enum { GB_TIMING_GROUP = 8 };

typedef struct gb_timing gb_timing;

// Whether the experiment measures anything.
bool gb_timing_wanted(const gb_experiment *experiment);
// `arena` owns texts of results.
gb_status gb_timing_new(gb_run *run, const gb_experiment *experiment, gb_arena *arena,
                        gb_timing **timing, gb_error *error);
// Takes what is measured of `result` from the store, or queues it, and measures the group that is
// full.
// Owns `network` and `graph` from here on; `result` and what `head` names must outlive the timing.
// A network that cannot be timed has its error in the result and is no error here.
gb_status gb_timing_add(gb_timing *timing, const gb_cell_head *head, gb_network *network,
                        gb_graph *graph, gb_result *result, gb_error *error);
// Measures what is queued.
gb_status gb_timing_end(gb_timing *timing, gb_error *error);
void gb_timing_free(gb_timing *timing); // NULL is allowed

// Sentences below the table (run_words.c): what is not to be believed, what threads and batches
// buy, which network with fewer MACs takes longer, how well MACs, parameters and bytes order the
// networks, and what a MAC costs.
gb_status gb_run_words(const gb_results *results, gb_table *table, gb_error *error);

#endif
