// Counting what a network does on this machine: events of the processor, of the kernel, simulated
// ones, and the harness's own, by step of the native engine and for the whole network.
#ifndef GB_CLI_COUNT_H
#define GB_CLI_COUNT_H

#include "harness/cli/cli.h"

typedef struct gb_count_request {
  const char *const *groups; // names of experiments/counters/*.xml or paths
  size_t group_count;
  gb_engine_choice choice; // the native engine's; simulated groups use one thread and AVX2 at most
  int runs;                // counting passes of each group; the median of each count is kept
  const char *weights;     // the safetensors file that `weights` came from; NULL: the recipe
} gb_count_request;

// One event or metric of a group.
typedef struct gb_counted_column {
  const char *group, *name, *title, *unit, *help;
  const char *event;           // that was counted ("PAPI_TOT_CYC"); "" for a metric
  bool simulated;              // by valgrind: exact, but of a model of a processor
  double *values;              // one a step, then that of the whole network; NaN: not available
  const char *reason, *remedy; // why there is no value, and what helps; NULL where there are values
  const char *suspect;         // why the values are not to be believed; NULL: nothing known
} gb_counted_column;

typedef struct gb_counted {
  gb_arena *arena; // owns everything
  gb_step_info *steps;
  size_t step_count;
  gb_counted_column *columns; // of each group the events, then the metrics
  size_t column_count;
  const char **notes; // what a reader must know: "simulated with one thread", …
  size_t note_count;
} gb_counted;

// Counts in passes of its own; nothing here touches latency samples. Events that this machine has
// not are columns of NaN with their reason, no error. `network` must have been expanded with
// `keep_xml` where a group is simulated (valgrind runs it in another process). Not by two threads
// at once: PAPI is one a process.
gb_status gb_count(const gb_count_request *request, const gb_network *network,
                   const gb_graph *graph, const gb_weights *weights, gb_counted **counted,
                   gb_error *error);
void gb_counted_free(gb_counted *counted); // NULL is allowed

#endif
