// What a comparison holds inside; not for use outside this folder.
#ifndef GB_REPORT_COMPARE_CELLS_H
#define GB_REPORT_COMPARE_CELLS_H

#include "harness/report/compare.h"

typedef struct gb_known_difference {
  const char *row, *column, *reason;
  gb_location where;
  bool used;
} gb_known_difference;

typedef struct gb_compared_row {
  const char *row, *label;
  size_t listed; // its place in the published table, or SIZE_MAX
} gb_compared_row;

typedef struct gb_computed {
  size_t row, column;
  gb_value value;
} gb_computed;

struct gb_comparison {
  gb_arena *arena;
  const char *name, *title;
  const gb_published *published; // NULL: none
  gb_column *columns;
  size_t column_count, column_room;
  gb_compared_row *rows; // in order of first mention
  size_t row_count, row_room;
  size_t *row_of; // of each published row: its index in `rows`, or SIZE_MAX
  gb_computed *computed;
  size_t computed_count, computed_room;
  gb_known_difference *known;
  size_t known_count, known_room;
  bool failed;
  // After gb_comparison_finish():
  size_t *order;      // rows as they are shown: indices into `rows`
  gb_compared *grid;  // shown rows × columns; empty cells have neither figure nor computed value
  gb_compared *cells; // the same without the empty ones
  size_t cell_count;
  size_t counts[GB_VERDICT_COUNT];
};

#endif
