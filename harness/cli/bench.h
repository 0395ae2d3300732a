// What bench measures and prints; private to the subcommand.
#ifndef GB_CLI_BENCH_H
#define GB_CLI_BENCH_H

#include "harness/cli/cli.h"
#include "harness/stats/summary.h"

enum { GB_BENCH_LIST = 16 };

typedef struct gb_bench_list {
  int64_t items[GB_BENCH_LIST];
  size_t count;
} gb_bench_list;

typedef struct gb_bench_request {
  gb_settings settings;
  gb_engine_choice choice; // of instruction set and optimisations
  const char *weights;     // a safetensors file, NULL: the recipe
  bool native, reference, steps, json, serve;
  gb_bench_list threads, batches;
  int64_t runs;
} gb_bench_request;

// One line of the result: a network on an engine with its threads and batch.
typedef struct gb_bench_entry {
  gb_model model;
  gb_weights weights;
  gb_engine engine;
  gb_engine_choice choice;
  int64_t batch;
  float *input, *output;
  double *samples, *starts, *sorted; // seconds
  gb_summary summary;
  double deviation; // from the reference engine, of the output's spread
  double *steps;    // seconds of each step, or NULL
} gb_bench_entry;

// Appends the table (and each network's steps where they were timed), or all samples as JSON.
gb_status gb_bench_table(const gb_bench_entry *entries, size_t count,
                         const gb_bench_request *request, gb_text *out, gb_error *error);
gb_status gb_bench_json(const gb_bench_entry *entries, size_t count,
                        const gb_bench_request *request, gb_text *out, gb_error *error);

// Answers commands on standard input until it ends (--serve); up to `most` runs at once, for which
// `entry` has room. Returns the exit code.
int gb_bench_serve(const gb_command *self, gb_bench_entry *entry, int64_t most);

#endif
