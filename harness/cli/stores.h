// Stores on the command line: operands that name them, and cells as rows and as JSON.
#ifndef GB_CLI_STORES_H
#define GB_CLI_STORES_H

#include "harness/cli/cli.h"
#include "harness/report/table.h"
#include "harness/store/store.h"

// Opens the store that an operand names: the file itself, or ghostbench.db in that results folder.
gb_status gb_stores_open(const char *operand, gb_store_mode mode, gb_store **store,
                         gb_error *error);

// export --format csv | json | jsonl | google-benchmark: appends the whole store.
gb_status gb_stores_export(gb_store *store, const char *format, gb_text *out, gb_error *error);
// The names above, NULL-terminated.
extern const char *const gb_stores_formats[];

// A figure, count, fact of a cell by name; NaN, false, "" where there is none.
double gb_stored_figure_of(const gb_stored_cell *cell, const char *name);
bool gb_stored_count_of(const gb_stored_cell *cell, const char *name, int64_t *value);
const char *gb_stored_fact_of(const gb_stored_fact *facts, size_t count, const char *name);

// Fills a new table with what was counted in cells of kind "counters": of whole networks, or of
// each step too; what is not available as a dash, with the reason below (counters_table.c).
void gb_stored_counters_table(const gb_stored_cell *const *cells, size_t count, bool steps,
                              gb_table *table);

// "2025-11-24T07:41:36.123Z" of seconds since 1970; "" for NaN.
enum { GB_TIME_TEXT = 40 };
void gb_print_time(double seconds, char text[GB_TIME_TEXT]);

// Sorted copies do not disturb the order of time: seconds of all samples, in the arena.
gb_status gb_stored_seconds(const gb_stored_sample *samples, size_t count, gb_arena *arena,
                            double **seconds, gb_error *error);

#endif
