// Published figures: reads results/published/NAME.csv, one table of a paper (format: its README).
#ifndef GB_REPORT_PUBLISHED_H
#define GB_REPORT_PUBLISHED_H

#include "layers/base/memory.h"

#include <stdbool.h>
#include <stdint.h>

// One printed figure. Its value is `digits` × 10^(exponent - decimals): "7.6" in M is
// 76 × 10^(6 - 1). All arithmetic on figures is done on these integers, since a printed 7.65 has no
// exact double.
typedef struct gb_figure {
  const char *row, *column;
  const char *value; // as printed
  const char *unit;  // k, M, G, %, ms, s, kB or ""
  const char *source, *grade, *note;
  bool number;    // false: the value is a text such as "224x224x3"
  int64_t digits; // the value without its point
  int decimals;   // printed digits after the point
  int exponent;   // of the unit: 3 for k and kB, 6 for M, 9 for G, else 0
  gb_location where;
} gb_figure;

typedef struct gb_published {
  gb_arena *arena;  // owns everything
  const char *name; // file name without ".csv"
  const char *path;
  gb_figure *figures; // in file order
  size_t count;
  const char **rows, **columns; // each once, in file order
  size_t row_count, column_count;
} gb_published;

// Bounds of one file.
enum {
  GB_MAX_PUBLISHED_BYTES = 1 << 20,
  GB_MAX_PUBLISHED_FIGURES = 4096,
  GB_MAX_PUBLISHED_FIELD = 1000,
  GB_MAX_PUBLISHED_DIGITS = 15 // of a value
};

// Reads a file strictly: RFC 4180 (line feeds or CR LF), UTF-8, the header
// row,column,value,unit,precision,source,grade,note, no empty line, no pair of row and column
// twice, value and precision agreeing. GB_EINPUT names file:line:column, the value and what is
// allowed; GB_ELIMIT a bound above.
gb_status gb_published_open(const char *path, gb_published **published, gb_error *error);

// From memory, for tests and the fuzzer; `path` stands in messages. `bytes` need no terminator.
gb_status gb_published_parse(const char *bytes, size_t size, const char *path,
                             gb_published **published, gb_error *error);
void gb_published_free(gb_published *published); // NULL is allowed

// The figure of a row and column, or NULL.
const gb_figure *gb_published_find(const gb_published *published, const char *row,
                                   const char *column);

// GB_OK where the table has this row (or column); else GB_EINPUT at `where` (may be NULL) with a
// near name, or with what there is.
gb_status gb_published_check_row(const gb_published *published, const char *row,
                                 const gb_location *where, gb_error *error);
gb_status gb_published_check_column(const gb_published *published, const char *column,
                                    const gb_location *where, gb_error *error);

// The value as a number in its base unit (7.6 M: 7600000; 73.9 %: 73.9). 0 for a text.
double gb_figure_number(const gb_figure *figure);
// The same where it is a whole number that fits; false elsewhere.
bool gb_figure_integer(const gb_figure *figure, int64_t *value);
// For people: "7.6 M", "73.9 %", "224x224x3"; owned by `arena`.
const char *gb_figure_print(const gb_figure *figure, gb_arena *arena); // NULL: memory is out

#endif
