// Networks timed in one session, compared and judged: where measure's protocol and stats meet.
//
// In order: gb_placement_begin, a gb_subject for each network, gb_latency_measure over one
// gb_latency_item each (the first one is the baseline), gb_latency_free, gb_subject_free,
// gb_placement_end.
#ifndef GB_CLI_LATENCY_H
#define GB_CLI_LATENCY_H

#include "harness/cli/cli.h"
#include "harness/measure/place.h"
#include "harness/measure/protocol.h"
#include "harness/measure/verdict.h"
#include "harness/stats/dependence.h"
#include "harness/stats/difference.h"
#include "harness/stats/drift.h"

// ---------------------------------------------------------------------------------------------
// Where threads run (placement.c)

typedef struct gb_placement {
  gb_cores cores; // that this process may use, in the order in which threads take them
  size_t threads; // the most that any engine has
  bool pinned;
  char text[256];  // "thread 0 on processor 1, thread 1 on processor 0", or why not
  int before[512]; // threads of this process before an engine was made
  size_t before_count;
} gb_placement;

// Binds the calling thread to the first processor; engines made between gb_placement_engine's two
// calls get their threads bound to the ones behind it. Where `threads` exceed the processors, or
// `pin` is false, nothing is bound and the text says so.
void gb_placement_begin(gb_placement *placement, size_t threads, bool pin);
void gb_placement_engine(gb_placement *placement, bool made); // false: before, true: behind
void gb_placement_end(gb_placement *placement);               // as it was

// ---------------------------------------------------------------------------------------------
// A network ready to be timed (subject.c)

typedef struct gb_subject {
  const gb_graph *graph; // borrowed
  gb_weights weights;
  gb_engine engine;
  gb_engine_choice choice;
  float *input, *output;
  double deviation; // of the output from the reference engine's, over its spread
} gb_subject;

// `weights_file` NULL: made up (small, spread, finite: no denormals, no zeros). `placement` may be
// NULL.
gb_status gb_subject_make(gb_subject *subject, const gb_graph *graph, const char *weights_file,
                          const gb_engine_choice *choice, gb_placement *placement, gb_error *error);
// Runs it once beside the reference engine on `first_image`, the same graph with batch 1: a time is
// worth nothing where the answer is wrong. GB_EINTERNAL where the first image's output is off by
// more than 1e-4 of its spread.
gb_status gb_subject_check(gb_subject *subject, const gb_graph *first_image,
                           const char *weights_file, gb_error *error);
void gb_subject_free(gb_subject *subject);
// body of a competitor whose context is a gb_subject.
void gb_subject_run(void *subject);
// The difference of outputs as a share of the spread of `right`; NAN stays NAN.
double gb_deviation(const float *right, const float *other, int64_t count);

// ---------------------------------------------------------------------------------------------
// The session (latency.c)

typedef struct gb_latency_plan {
  size_t runs;           // samples of each; the most of them where `seconds` or `precise` are given
  double seconds;        // of the session; 0: as long as it takes
  double precise;        // stop when the interval (of the median where there is one competitor, of
                         // the ratio to the baseline of each other where there are more) is no
                         // wider than this share of its value; 0: no
  double warmup_seconds; // of each, at least
  gb_between between;
  double idle_seconds;
  uint64_t seed;
  bool settle; // wait before each turn until other threads sleep: engines with several threads
  void (*progress)(void *context, double share);
  void *progress_context;
} gb_latency_plan;

// The defaults: 50 runs, warm-up 0.1 s, hot, seed 1.
gb_latency_plan gb_latency_plan_default(void);

typedef struct gb_latency_item {
  gb_competitor competitor; // body or timed, before, context and process are given;
                            // samples and starts are owned by the item
  // Found:
  gb_interval median; // seconds
  double minimum;
  gb_ratio ratio;     // to the first item; its own is not filled
  double corrected_p; // Holm over the session's ratios
  gb_dependence dependence;
  gb_trend trend;
  gb_modes modes;
  double outliers; // share beyond 3 quartile ranges
  gb_evidence evidence;
  gb_judgement verdict;
} gb_latency_item;

gb_status gb_latency_measure(gb_latency_item *items, size_t count, const gb_latency_plan *plan,
                             gb_session_facts *facts, gb_error *error);
void gb_latency_free(gb_latency_item *items, size_t count);

// The worst verdict of all.
gb_validity gb_latency_worst(const gb_latency_item *items, size_t count);

#endif
