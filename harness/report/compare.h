// Computed numbers beside published ones: a verdict for each cell, by exact decimal arithmetic.
#ifndef GB_REPORT_COMPARE_H
#define GB_REPORT_COMPARE_H

#include "harness/report/published.h"
#include "harness/report/table.h"

typedef enum gb_verdict {
  GB_VERDICT_ROUNDED,        // reproduced: rounding to the printed precision gives the figure
  GB_VERDICT_TRUNCATED,      // reproduced: cutting off at the printed precision gives it
  GB_VERDICT_EXPLAINED,      // differs, and the experiment records why
  GB_VERDICT_DIFFERS,        // differs, and nobody knows why
  GB_VERDICT_PUBLISHED_ONLY, // not computed: accuracy and other people's latency
  GB_VERDICT_COMPUTED_ONLY   // not in the published table
} gb_verdict;

enum { GB_VERDICT_COUNT = 6 };

// "reproduced", "reproduced (truncated)", "explained", "differs", "published only",
// "computed only". Static.
const char *gb_verdict_text(gb_verdict verdict);
gb_mark gb_verdict_mark(gb_verdict verdict);

// The verdict of a whole number against a printed figure. Half up and half to even both count as
// rounding, since the papers do not say. Never EXPLAINED. `*difference` is computed - published in
// the base unit, `*percent` that of the published value (NaN where that is 0); either may be NULL.
gb_verdict gb_verdict_of(int64_t computed, const gb_figure *figure, double *difference,
                         double *percent);

// One cell of a comparison.
typedef struct gb_compared {
  const char *row;   // of the published table; "" if none
  const char *label; // for people
  const char *column;
  const gb_figure *figure; // NULL: computed only
  gb_value computed;       // GB_VALUE_MISSING: published only
  gb_verdict verdict;
  double difference, percent; // of EXPLAINED and DIFFERS
  const char *reason;         // of EXPLAINED; else NULL
} gb_compared;

typedef struct gb_comparison gb_comparison;

// `published` may be NULL (nothing to compare with); it must outlive the comparison. NULL when
// memory is out. `name` names tables and files.
gb_comparison *gb_comparison_new(const char *name, const char *title,
                                 const gb_published *published);
void gb_comparison_free(gb_comparison *comparison); // NULL is allowed

// What a column is called for people ("MACs") and in what unit it stands; `count` as in gb_column.
// Columns that only the published table has are titled from a built-in list. The order of these
// calls is the order of columns.
void gb_comparison_column(gb_comparison *comparison, const gb_column *column);

// A known difference. The reason is copied.
void gb_comparison_known(gb_comparison *comparison, const char *row, const char *column,
                         const char *reason, const gb_location *where);

// A computed number of a model. `row` is its row in the published table, or "" or NULL where it has
// none; `label` is what people read (NULL or "": the row). Rows come in the order of first calls;
// published rows that nobody computed come where the published table has them.
void gb_comparison_integer(gb_comparison *comparison, const char *row, const char *label,
                           const char *column, int64_t value);
// A word, such as the operator of a row of an architecture: reproduced where it is the published
// one but for upper and lower case. NULL: missing.
void gb_comparison_text(gb_comparison *comparison, const char *row, const char *label,
                        const char *column, const char *text);
// A measured number: shown, never compared.
void gb_comparison_real(gb_comparison *comparison, const char *row, const char *label,
                        const char *column, double value, int decimals);

// Gives the verdicts. Fails where memory was out, where a column in per cent (accuracy) was
// computed, or a cell twice.
gb_status gb_comparison_finish(gb_comparison *comparison, gb_error *error);

// After finish: the cells row by row, and how many have each verdict.
const gb_compared *gb_comparison_cells(const gb_comparison *comparison, size_t *count);
size_t gb_comparison_count(const gb_comparison *comparison, gb_verdict verdict);

// Known differences that did not occur (they are reproduced now, or name no cell): "file:line: …"
// lines in `text`; returns how many.
size_t gb_comparison_stale(const gb_comparison *comparison, gb_text *text);

// "10 of 12 compared figures reproduced, 1 differs for a known reason, 1 differs and no reason is
// recorded; 6 shown as published only", appended.
void gb_comparison_summary(const gb_comparison *comparison, gb_text *text);

// The table for people: one row a model; computed beside published for each column; differences
// and their reasons as notes. Named as the comparison. The caller frees it.
gb_status gb_comparison_table(const gb_comparison *comparison, gb_table **table, gb_error *error);

// The table for machines: one row a cell: row, label, column, computed, published, unit, precision,
// verdict, difference, percent, reason, source, grade, note. Named NAME-cells. The caller frees it.
gb_status gb_comparison_cell_table(const gb_comparison *comparison, gb_table **table,
                                   gb_error *error);

#endif
