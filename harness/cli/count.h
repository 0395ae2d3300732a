// Counting what a network does on this machine: events of the processor, of the system, simulated
// ones, and the harness's own, by step of the native engine and for the whole network.
#ifndef GB_CLI_COUNT_H
#define GB_CLI_COUNT_H

#include "harness/cli/cli.h"
#include "harness/measure/counters.h"

typedef struct gb_count_request {
  gb_counters *counters;     // opened once a process: libsde does not open a second time
  const char *const *groups; // names of experiments/counters/*.xml or paths
  size_t group_count;
  gb_engine_choice choice; // the native engine's; see gb_count_simulated_choice
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
  const char *isa; // what was run, and with how many threads: differs where it is simulated
  int threads;
  int64_t batch;
  gb_step_info *steps;
  size_t step_count;
  gb_counted_column *columns; // of each group the events, then the metrics
  size_t column_count;
} gb_counted;

// Counts in passes of its own; nothing here touches latency samples. Events that this machine has
// not are columns of NaN with their reason, no error. Simulated groups stand in a request of their
// own (gb_count_is_simulated), as they run one thread and at most AVX2, which is what valgrind
// knows, and `network` must have been expanded with `keep_xml`: valgrind runs it in another
// process. Not by two threads at once: PAPI is one a process.
gb_status gb_count(const gb_count_request *request, const gb_network *network,
                   const gb_graph *graph, const gb_weights *weights, gb_counted **counted,
                   gb_error *error);
void gb_counted_free(gb_counted *counted); // NULL is allowed

// Whether the events of a group are valgrind's.
gb_status gb_count_is_simulated(const char *group, bool *simulated, gb_error *error);

// ---------------------------------------------------------------------------------------------
// Private to the subcommand

// A group by name or path.
gb_status gb_count_open_group(const char *name, gb_counter_group **group, gb_error *error);
bool gb_group_is_simulated(const gb_counter_group *group);
// count_check.c: known work and events of ours that do not exist, each a fault. A group that is
// opened by name has none.
void gb_group_check(const gb_counter_group *group, gb_faults *faults);
// The first source of an event that exists here; -1 when none does, and `state` tells of the first.
int gb_group_source_here(gb_counters *counters, const gb_group_event *event, gb_event_state *state);

// count_visit.c: counts `count` events by step, `runs` times, behind one run that is not counted:
// values[(run * steps + step) * count + event].
gb_status gb_count_pass(gb_counters *counters, gb_native *engine, int threads, int64_t batch,
                        const float *input, float *output, const char *const *events, size_t count,
                        int runs, int64_t *values, gb_error *error);

// count_simulate.c: the same by callgrind, once: values[step * GB_CALLGRIND_EVENTS + event], and
// those of the known work `loop` behind the last step.
gb_engine_choice gb_count_simulated_choice(const gb_engine_choice *choice);
gb_status gb_count_simulate(const gb_count_request *request, const gb_network *network,
                            int64_t batch, size_t steps, int64_t *values, gb_error *error);
// In the process that valgrind runs (--mark).
gb_status gb_count_mark(gb_native *engine, const float *input, float *output, gb_error *error);

// count_output.c: all groups with what is available here (doctor, --counters list); tables of one
// network's counts; JSON of one.
gb_status gb_count_list_groups(gb_counters *counters, gb_text *out, gb_error *error);
gb_status gb_count_tables(const gb_counted *counted, const char *name, bool only_total,
                          gb_text *out, gb_error *error);

#endif
