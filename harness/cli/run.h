// What the files of `ghostbench run` share.
//
// The story of the command: run.c reads flags and goes through the experiments; run_labels.c names
// the cells, run_cells.c builds the network of each cell and counts it, run_structure.c lists its
// rows, run_latency.c times cells side by side, run_profile.c their steps, run_counters.c counts
// events; run_key.c says what defines a cell and run_store.c keeps it, so that the next run goes on
// where this one ended; run_output.c sets published figures beside the counts and writes tables;
// run_plots.c draws what was counted, run_charts.c what was measured; run_record.c keeps what the
// report needs.
#ifndef GB_CLI_RUN_H
#define GB_CLI_RUN_H

#include "harness/cli/cli.h"
#include "harness/cli/stop.h"
#include "harness/report/compare.h"

typedef struct gb_run {
  const gb_command *command;
  const char *command_line; // that makes this run again
  const char *output;       // folder
  const char *filter;       // NULL: all cells
  bool plots, dry, json;
  bool fresh;                   // nothing is taken from the store
  int64_t shard, shards;        // this slice of so many, from 1; shards 0: all cells
  struct gb_run_store *store;   // NULL until the first cell
  struct gb_counters *counters; // PAPI; NULL until something is counted
  gb_stop *stop;                // signals while cells are computed
  int convention;               // of gb_convention; -1: each experiment's own
  gb_engine_choice choice;      // of the engine that is timed, where the cell does not say
  size_t time_runs;             // of each network
  gb_settings settings;         // of --set, --threads, --batch and --engine
  size_t timing_count;          // settings of the last three
  gb_places places;
  gb_arena *arena;
  gb_text json_text; // what --json prints in the end
  bool told_gnuplot; // that it is missing
  int exit_code;     // the worst so far
  int stopped;       // number of the signal that asked to stop; 0: none
  bool broken;       // the store cannot be used: no further experiment is begun
  size_t selected;   // cells that the filter let pass, in all experiments
  size_t experiments, counts[GB_VERDICT_COUNT], stale; // sums over experiments
} gb_run;

// A share of a network: the layers of one kind ("conv 1×1", "ghost: depthwise").
typedef struct gb_part {
  const char *kind;
  int64_t macs, params;
} gb_part;

// A row of a network's structure, as papers print architectures. -1: has none.
typedef struct gb_structure_row {
  char input[GB_SHAPE_TEXT]; // "224x224x3"
  char operator_[64];        // "Conv2d 3x3", "G-bneck"
  int64_t kernel, expand, out, se, stride;
} gb_structure_row;

// A step of the native engine, timed in passes of its own. All of the whole batch.
typedef struct gb_profiled_step {
  const char *kind, *layer;
  double seconds; // median of the passes
  double macs, executed, bytes;
} gb_profiled_step;

// What this machine can do at most with one thread, measured.
typedef struct gb_roofs {
  double flop_per_s;        // NaN: not measured
  double cache_byte_per_s;  // reading GB_ROOF_CACHE bytes again and again
  double memory_byte_per_s; // reading GB_ROOF_MEMORY bytes
} gb_roofs;
enum { GB_ROOF_CACHE = 16 << 20, GB_ROOF_MEMORY = 256 << 20 };

// Kinds of measurements, each a cell of its own in the store.
typedef enum gb_want { GB_WANT_LATENCY, GB_WANT_PROFILE, GB_WANT_COUNTERS, GB_WANT_COUNT } gb_want;
extern const char *const gb_want_names[]; // of their measures

// What one cell's network was found to be. Texts and arrays are owned by the results' arena.
typedef struct gb_result {
  const gb_cell *cell;
  const char *label;
  const char *error; // why there are no figures; NULL: there are
  const char *title; // of the architecture
  int64_t params, params_total, macs, macs_full, flops, activations, bytes;
  bool stored;                      // counts come from the store
  double latency;                   // ms; NaN: not measured
  double latency_low, latency_high; // ms, 95 % interval; NaN: none
  int runs;                         // of which that is the median
  const char *validity;             // "valid", "suspect", "invalid"; NULL: not timed
  const char *doubt, *remedy;       // the worst reason, and what helps; NULL: none
  bool time_stored;                 // the time was in the store
  bool native;                      // engine, threads and images at once of the time
  int threads;
  int64_t batch;
  const double *samples; // seconds, in the order of time; NULL: not timed
  size_t sample_count;
  double ratio, ratio_low, ratio_high; // of its time to that of the first network; NaN: none
  const gb_profiled_step *steps;       // NULL: not profiled
  size_t step_count;
  gb_roofs roofs;
  const char *keys[GB_WANT_COUNT]; // of its measurements in the store; NULL: none
  gb_part *parts;
  size_t part_count;
  gb_structure_row *rows;
  size_t row_count;
} gb_result;

typedef struct gb_results {
  gb_arena *arena; // owns everything below
  const gb_experiment *experiment;
  gb_convention convention;
  gb_result *list;
  size_t count, failed;
  double started;           // seconds since 1970
  size_t stored;            // cells that were in the store
  bool interrupted;         // a signal asked to stop: the list is a part
  gb_parameter *parameters; // of all architectures, for the titles of axes; names are unique
  size_t parameter_count;
} gb_results;

// Computes the cells that the filter lets pass, or takes them from the store. A cell that fails has
// its error and does not stop the others. GB_ENOMEM where there is no memory for the list itself.
gb_status gb_run_cells(gb_run *run, const gb_experiment *experiment, gb_results *results,
                       gb_error *error);
void gb_results_free(gb_results *results);
// The engine that a cell is timed with.
gb_engine_choice gb_run_choice(const gb_run *run, const gb_cell *cell);
// Whether two results are of one network, however they were timed.
bool gb_result_same_network(const gb_result *a, const gb_result *b);
// The row of the published table that a result is compared with; "" for none, also where the same
// network, timed in another way, has it already.
const char *gb_result_row(const gb_results *results, const gb_result *result);
// Whether all were timed with one engine, one number of threads, one batch.
bool gb_results_alike(const gb_results *results);

// What a cell is called, which must not depend on the filter: its label, with what differs of its
// sweeps where neighbours have the same one, and which occurrence of that label it is, from 1.
typedef struct gb_cell_name {
  const char *label;
  size_t index, occurrence;
} gb_cell_name;
// One a cell, in their order; owned by the arena.
gb_status gb_run_names(gb_arena *arena, const gb_experiment *experiment, gb_cell_name **names,
                       gb_error *error);

// Whether the filter lets a cell pass: its label or its architecture's name contains the text (or
// matches the pattern, where it has one of * ? [), upper and lower case alike; and it is in the
// slice of --shard, which deals the experiment's cells out in turn.
bool gb_run_selects(const gb_run *run, const gb_experiment *experiment, size_t cell);
// Whether the experiment asks for this measure.
bool gb_run_measures(const gb_experiment *experiment, const char *measure);
// A count by the name of its measure; false where there is none.
bool gb_result_count(const gb_result *result, const char *measure, int64_t *count);

// The rows of a graph as an architecture table has them, owned by the arena.
gb_status gb_structure_of(const gb_graph *graph, gb_arena *arena, gb_structure_row **rows,
                          size_t *count, gb_error *error);

// The shares of a graph by kind of layer, in order of first appearance.
gb_status gb_parts_of(const gb_graph *graph, gb_convention convention, gb_arena *arena,
                      gb_part **parts, size_t *count, gb_error *error);

// Says which cells failed and why, one line each on stderr; raises the exit code.
void gb_run_report_failed(gb_run *run, const gb_results *results);
// Compares, prints and writes what was found.
gb_status gb_run_report(gb_run *run, const gb_results *results, gb_error *error);

// Draws the plots of the experiment into the folder. A missing gnuplot is told once and is no
// error.
gb_status gb_run_plots(gb_run *run, const gb_results *results, const gb_published *published,
                       const char *folder, gb_error *error);

// Keeps what the report needs: FOLDER/record.json. Call it when the plots have been drawn.
gb_status gb_run_record(const gb_run *run, const gb_results *results,
                        const gb_comparison *comparison, const gb_table *const *tables,
                        size_t table_count, const char *stale, const char *folder, gb_error *error);

// "ghostbench" and the words, quoted for a shell where needed; owned by the arena.
const char *gb_command_line(gb_arena *arena, int argc, char **argv);
double gb_wall_seconds(void); // since 1970

// The published table of an experiment; NULL where it names none.
gb_status gb_run_published(gb_run *run, const char *name, const gb_location *where,
                           gb_published **published, gb_error *error);

#endif
