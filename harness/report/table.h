// Tables: typed cells once, and from them text for a terminal, Markdown, CSV, JSON and LaTeX.
//
// The story of the folder: published.c reads the published figures, compare.c sets computed
// counts beside them and makes tables; table.c holds a table and table_text.c, table_markup.c,
// table_data.c write it; plot.c holds a chart, plot_style.c knows colours and markers, and
// plot_points.c, plot_bars.c and plot_rows.c make a script of it that gnuplot.c draws; record.c
// keeps what a run found of an experiment; document.c holds a document of all of these
// (document.h); escape.c keeps every label a label.
#ifndef GB_REPORT_TABLE_H
#define GB_REPORT_TABLE_H

#include "layers/base/memory.h"
#include "layers/base/text.h"

typedef enum gb_align { GB_ALIGN_LEFT, GB_ALIGN_RIGHT, GB_ALIGN_CENTRE } gb_align;

typedef struct gb_column {
  const char *name;  // for machines: "macs"; unique in the table
  const char *title; // for people: "MACs"; NULL: the name
  const char *unit;  // for people, below the title: "ms"; NULL or "": none
  gb_align align;
  bool count; // integers are shown to people as 141.15 M; machines read 141153760
} gb_column;

typedef enum gb_value_kind {
  GB_VALUE_MISSING,
  GB_VALUE_TEXT,
  GB_VALUE_INTEGER,
  GB_VALUE_REAL
} gb_value_kind;

// What a cell says about itself: a colour on a terminal, weight in Markdown and LaTeX. The words
// stand in the cells, so nothing is lost where there is no colour.
typedef enum gb_mark {
  GB_MARK_NONE,
  GB_MARK_GOOD, // reproduced
  GB_MARK_NOTE, // differs for a known reason
  GB_MARK_BAD,  // differs
  GB_MARK_FAINT // somebody else's figure
} gb_mark;

typedef struct gb_value {
  gb_value_kind kind;
  const char *text;  // GB_VALUE_TEXT
  int64_t integer;   // GB_VALUE_INTEGER
  double real;       // GB_VALUE_REAL
  int decimals;      // of a real, for people; negative: up to six significant digits
  const char *shown; // for people, instead of the above; NULL: none
  gb_mark mark;
} gb_value;

// Read its members freely; change it through the functions below only.
typedef struct gb_table {
  gb_arena *arena; // owns everything; all text given is copied
  const char *name, *title;
  gb_column *columns;
  size_t column_count, column_room;
  gb_value *values; // row by row, `column_count` each
  size_t row_count, value_room;
  bool *rules; // of each row: a line above it
  size_t rule_room;
  size_t filled; // cells of the last row that are set
  const char **notes;
  size_t note_count, note_room;
  bool failed;  // memory was out; writers then return GB_ENOMEM
  bool misused; // more cells than columns, a repeated column: GB_EINTERNAL
} gb_table;

// A table without columns; NULL when memory is out. `name` is for machines, `title` for people
// (NULL: none).
gb_table *gb_table_new(const char *name, const char *title);
void gb_table_free(gb_table *table); // NULL is allowed

// Faults of these (memory, misuse) are remembered and told by the writers. Columns first, then
// rows; a row's cells from left to right, those not set are missing.
void gb_table_column(gb_table *table, const gb_column *column);
void gb_table_row(gb_table *table);                    // begins a row
void gb_table_rule(gb_table *table);                   // a line above the row that has begun
void gb_table_text(gb_table *table, const char *text); // NULL: missing
void gb_table_integer(gb_table *table, int64_t integer);
void gb_table_real(gb_table *table, double real, int decimals); // not finite: missing
void gb_table_missing(gb_table *table);
void gb_table_value(gb_table *table, const gb_value *value); // any cell
// Of the cell set last: its mark, and what people see instead of the value ("141 M").
void gb_table_mark(gb_table *table, gb_mark mark);
void gb_table_shown(gb_table *table, const char *shown);
void gb_table_note(gb_table *table, const char *note); // a line below the table

typedef enum gb_format {
  GB_FORMAT_TEXT,
  GB_FORMAT_MARKDOWN,
  GB_FORMAT_CSV,
  GB_FORMAT_JSON,
  GB_FORMAT_LATEX
} gb_format;

enum { GB_FORMAT_COUNT = 5 };

// "text", "markdown", "csv", "json", "latex"; and the ending of its files: "txt", "md", "csv",
// "json", "tex". Static.
const char *gb_format_name(gb_format format);
const char *gb_format_ending(gb_format format);
// "text" and "table", and the other names; false where there is no such format.
bool gb_format_parse(const char *name, gb_format *format);

// How text for a terminal looks: lines wrapped to `width` columns (0: as wide as it needs), and
// colour only where asked for (the caller looks at NO_COLOR and isatty).
typedef struct gb_text_style {
  int width;
  bool colour;
} gb_text_style;

// Appends the table. `style` may be NULL and matters to GB_FORMAT_TEXT only. Text, Markdown and
// LaTeX are for people: counts as 141.15 M, missing as a dash. CSV (RFC 4180 with a header line of
// names, lines end in a line feed) and JSON (schema "ghostbench-table-1") hold every digit; missing
// is empty or null. LaTeX needs the package booktabs.
gb_status gb_table_write(const gb_table *table, gb_format format, const gb_text_style *style,
                         gb_text *out, gb_error *error);

// Writes FOLDER/NAME.ending for one format (whole file or nothing). NAME is the table's and must be
// a plain file name.
gb_status gb_table_save(const gb_table *table, gb_format format, const char *folder,
                        gb_error *error);

// True for a name that is safe as a file's in any folder: letters, digits, - _ . and not led by
// a dot or a dash, at most 100 bytes.
bool gb_plain_name(const char *name);

#endif
