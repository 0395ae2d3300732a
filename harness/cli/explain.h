// What explain finds and prints; private to the subcommand.
#ifndef GB_CLI_EXPLAIN_H
#define GB_CLI_EXPLAIN_H

#include "harness/cli/latency.h"
#include "harness/stats/gap.h"
#include "harness/stats/model.h"

enum { GB_EXPLAIN_KINDS = 24 };

typedef struct gb_explained_term {
  double value, low, high; // seconds; 95 % interval by drawing rounds anew
} gb_explained_term;

typedef struct gb_explained_side {
  gb_model model;
  gb_subject subject;
  size_t step_count;
  size_t *kind;                       // of each step
  double *step_seconds;               // mean of the profiled rounds
  double *rounds;                     // GB_EXPLAIN_KINDS a round
  gb_gap_side work[GB_EXPLAIN_KINDS]; // counts; `now` has the medians of times, too
  gb_gap_side now[GB_EXPLAIN_KINDS];
} gb_explained_side;

typedef struct gb_explained {
  gb_engine_choice choice;
  size_t runs;
  gb_explained_side sides[2]; // A, B
  gb_latency_item items[2];
  const char *kind_names[GB_EXPLAIN_KINDS]; // static
  size_t kinds;
  gb_prices prices;
  double totals[2]; // medians, seconds
  gb_gap_terms terms[GB_EXPLAIN_KINDS];
  gb_gap gap;
  gb_explained_term work, bytes, calls, rate, residual, whole;
} gb_explained;

gb_status gb_explained_text(const gb_explained *explained, gb_text *out, gb_error *error);
gb_status gb_explained_json(const gb_explained *explained, gb_text *out, gb_error *error);

#endif
