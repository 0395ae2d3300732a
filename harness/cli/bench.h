// What bench measures and prints; private to the subcommand.
#ifndef GB_CLI_BENCH_H
#define GB_CLI_BENCH_H

#include "harness/cli/latency.h"
#include "harness/cli/outside.h"
#include "harness/measure/environment.h"

enum { GB_BENCH_LIST = 16, GB_BENCH_ENGINES = 8, GB_BENCH_ENTRIES = 256 };

typedef struct gb_bench_list {
  int64_t items[GB_BENCH_LIST];
  size_t count;
} gb_bench_list;

// --engine: one of our own, or one of the user's configuration.
typedef struct gb_bench_engine {
  const char *name;
  const gb_outside_spec *outside; // NULL: native or reference
} gb_bench_engine;

typedef struct gb_bench_request {
  gb_settings settings;
  gb_engine_choice choice; // of instruction set and optimisations
  const char *weights;     // a safetensors file, NULL: the recipe
  const char *output;      // file for the JSON, NULL: none
  gb_bench_engine engines[GB_BENCH_ENGINES];
  size_t engine_count;
  bool steps, json, serve, pin, null;
  bool runs_given, comparisons_given;
  gb_bench_list threads, batches;
  gb_latency_plan plan;
  int64_t comparisons; // of the machine with itself
  gb_outside_list outside;
} gb_bench_request;

gb_bench_request gb_bench_request_default(void);
// Takes one flag; text of it stays borrowed or is the arena's.
gb_status gb_bench_flag(gb_arena *arena, const gb_option *option, char *value,
                        gb_bench_request *request, gb_error *error);
// Checks what flags say together.
gb_status gb_bench_flags_done(gb_bench_request *request, gb_error *error);

// One line of the result: a network on an engine with its threads and batch.
typedef struct gb_bench_entry {
  const char *name; // as given
  gb_bench_engine engine;
  int threads;
  int64_t batch;
  gb_model model;
  gb_subject subject; // ours; of an outside engine only weights, input and output
  gb_outside *outside;
  char folder[96];  // of what an outside engine reads; "" while there is none
  double deviation; // from the reference engine, of the output's spread
  double *steps;    // seconds of each step, or NULL
} gb_bench_entry;

// Comparisons of two things that are the same.
typedef struct gb_bench_same {
  size_t alarms;
  double rate, low, high; // of false alarms, with its 95 % interval (Wilson)
  double floor;           // share: 95 of 100 comparisons differ by less
  double detectable;      // share: median of what an interval would find 8 times of 10
  double *ratios;         // owned
} gb_bench_same;

// The machine against itself: one engine with itself, which shows the instrument's own false
// alarms; and two engines of one network, each with its own memory, the second one made anew for
// each comparison. Where memory lies changes times, so that these may differ, and no claim about
// two networks can be finer.
typedef struct gb_bench_null {
  size_t comparisons; // of each kind
  size_t runs;        // of each comparison
  gb_bench_same self, twins;
  double floor; // the larger one
} gb_bench_null;

// All of a run, for the writers.
typedef struct gb_bench_result {
  const gb_bench_request *request;
  gb_bench_entry *entries;
  gb_latency_item *items;
  size_t count;
  bool measured; // false: --null of one network measures nothing else
  gb_session_facts facts;
  gb_bench_null null; // comparisons 0: not asked for
  gb_placement placement;
  gb_environment environment;
} gb_bench_result;

// Loads the network and makes its engine; then compares its output with the reference engine's.
gb_status gb_bench_entry_make(gb_bench_entry *e, const gb_bench_request *q, gb_placement *placement,
                              gb_error *error);
gb_status gb_bench_entry_check(gb_bench_entry *e, const gb_bench_request *q, gb_error *error);
gb_competitor gb_bench_entry_competitor(gb_bench_entry *e);
void gb_bench_entry_free(gb_bench_entry *e);

// Times one entry against itself, and against others like it, `comparisons` times each.
gb_status gb_bench_measure_null(gb_bench_entry *e, const gb_bench_request *q,
                                gb_placement *placement, gb_bench_null *null, gb_error *error);
void gb_bench_null_free(gb_bench_null *null);

// Appends the tables (and each network's steps where they were timed), or everything as JSON.
gb_status gb_bench_text(const gb_bench_result *result, gb_text *out, gb_error *error);
gb_status gb_bench_json(const gb_bench_result *result, gb_text *out, gb_error *error);
// "faster", "slower" or "cannot tell", against the first entry; the last where one of the two is
// invalid, or the difference is below what the machine can tell.
const char *gb_bench_finding(const gb_bench_result *result, size_t index);

// Answers commands on standard input until it ends (--serve). Returns the exit code.
int gb_bench_serve(const gb_command *self, gb_bench_entry *entry);

#endif
