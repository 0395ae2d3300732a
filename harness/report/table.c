// A table in memory: columns, typed cells, notes; see table.h.
#include "harness/report/table.h"

#include "harness/report/escape.h"
#include "harness/report/table_write.h"
#include "layers/base/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

gb_table *gb_table_new(const char *name, const char *title) {
  gb_arena *arena = gb_arena_new(NULL);
  gb_table *table = arena ? gb_arena_allocate(arena, 1, sizeof *table) : NULL;
  if (!table) {
    gb_arena_free(arena);
    return NULL;
  }
  table->arena = arena;
  table->name = gb_arena_copy(arena, name);
  table->title = gb_arena_copy(arena, title ? title : "");
  if (!table->name || !table->title) {
    gb_arena_free(arena);
    return NULL;
  }
  return table;
}

void gb_table_free(gb_table *table) {
  if (table)
    gb_arena_free(table->arena);
}

// A copy in the table's arena; NULL stays NULL.
static const char *keep(gb_table *table, const char *text) {
  if (!text)
    return NULL;
  const char *copy = gb_arena_copy(table->arena, text);
  table->failed |= !copy;
  return copy;
}

static bool usable(gb_table *table) {
  return !table->failed && !table->misused;
}

void gb_table_column(gb_table *table, const gb_column *column) {
  for (size_t i = 0; i < table->column_count; i++)
    table->misused |= strcmp(table->columns[i].name, column->name) == 0;
  table->misused |= table->row_count != 0;
  if (!usable(table))
    return;
  gb_column *columns = gb_arena_grow(table->arena, table->columns, table->column_count,
                                     &table->column_room, sizeof *columns);
  if (!columns) {
    table->failed = true;
    return;
  }
  table->columns = columns;
  gb_column copy = *column;
  copy.name = keep(table, column->name);
  copy.title = keep(table, column->title);
  copy.unit = keep(table, column->unit);
  columns[table->column_count++] = copy;
}

void gb_table_row(gb_table *table) {
  table->misused |= table->column_count == 0;
  if (!usable(table))
    return;
  bool *rules =
      gb_arena_grow(table->arena, table->rules, table->row_count, &table->rule_room, sizeof *rules);
  if (!rules) {
    table->failed = true;
    return;
  }
  table->rules = rules;
  rules[table->row_count] = false;
  for (size_t i = 0; i < table->column_count; i++) {
    gb_value *values =
        gb_arena_grow(table->arena, table->values, table->row_count * table->column_count + i,
                      &table->value_room, sizeof *values);
    if (!values) {
      table->failed = true;
      return;
    }
    table->values = values;
    values[table->row_count * table->column_count + i] = (gb_value){0};
  }
  table->row_count++;
  table->filled = 0;
}

void gb_table_rule(gb_table *table) {
  table->misused |= table->row_count == 0;
  if (usable(table))
    table->rules[table->row_count - 1] = true;
}

// The cell set last, or NULL.
static gb_value *last_cell(gb_table *table) {
  table->misused |= table->row_count == 0 || table->filled == 0;
  if (!usable(table))
    return NULL;
  return &table->values[(table->row_count - 1) * table->column_count + table->filled - 1];
}

void gb_table_value(gb_table *table, const gb_value *value) {
  table->misused |= table->row_count == 0 || table->filled >= table->column_count;
  if (!usable(table))
    return;
  table->filled++;
  gb_value copy = *value;
  copy.text = keep(table, value->text);
  copy.shown = keep(table, value->shown);
  if (copy.kind == GB_VALUE_REAL && !isfinite(copy.real))
    copy.kind = GB_VALUE_MISSING;
  gb_value *cell = last_cell(table);
  if (cell)
    *cell = copy;
}

void gb_table_text(gb_table *table, const char *text) {
  gb_table_value(table, &(gb_value){.kind = text ? GB_VALUE_TEXT : GB_VALUE_MISSING, .text = text});
}

void gb_table_integer(gb_table *table, int64_t integer) {
  gb_table_value(table, &(gb_value){.kind = GB_VALUE_INTEGER, .integer = integer});
}

void gb_table_real(gb_table *table, double real, int decimals) {
  gb_table_value(table, &(gb_value){.kind = GB_VALUE_REAL, .real = real, .decimals = decimals});
}

void gb_table_missing(gb_table *table) {
  gb_table_value(table, &(gb_value){.kind = GB_VALUE_MISSING});
}

void gb_table_mark(gb_table *table, gb_mark mark) {
  gb_value *cell = last_cell(table);
  if (cell)
    cell->mark = mark;
}

void gb_table_shown(gb_table *table, const char *shown) {
  gb_value *cell = last_cell(table);
  if (cell)
    cell->shown = keep(table, shown);
}

void gb_table_note(gb_table *table, const char *note) {
  if (!usable(table))
    return;
  const char **notes = gb_arena_grow(table->arena, table->notes, table->note_count,
                                     &table->note_room, sizeof *notes);
  if (!notes) {
    table->failed = true;
    return;
  }
  table->notes = notes;
  const char *copy = keep(table, note);
  if (copy)
    notes[table->note_count++] = copy;
}

const gb_value *gb_table_at(const gb_table *table, size_t row, size_t column) {
  return &table->values[row * table->column_count + column];
}

const char *gb_column_title(const gb_column *column) {
  return column->title ? column->title : column->name;
}

const char *gb_column_unit(const gb_column *column) {
  return column->unit ? column->unit : "";
}

void gb_table_show(const gb_table *table, size_t row, size_t column, gb_text *out) {
  const gb_value *value = gb_table_at(table, row, column);
  if (value->shown) {
    gb_clean(out, value->shown);
    return;
  }
  switch (value->kind) {
  case GB_VALUE_MISSING:
    gb_text_add(out, "\xe2\x80\x93");
    break; // U+2013
  case GB_VALUE_TEXT:
    gb_clean(out, value->text);
    break;
  case GB_VALUE_INTEGER:
    if (table->columns[column].count)
      gb_print_count(out, value->integer);
    else
      gb_text_print(out, "%lld", (long long)value->integer);
    break;
  case GB_VALUE_REAL:
    if (value->decimals >= 0 && fabs(value->real) < 1e15)
      gb_text_print(out, "%.*f", value->decimals < 17 ? value->decimals : 17, value->real);
    else
      gb_text_print(out, "%.6g", value->real);
    break;
  }
}

static const struct {
  const char *name, *ending;
} formats[GB_FORMAT_COUNT] = {[GB_FORMAT_TEXT] = {"text", "txt"},
                              [GB_FORMAT_MARKDOWN] = {"markdown", "md"},
                              [GB_FORMAT_CSV] = {"csv", "csv"},
                              [GB_FORMAT_JSON] = {"json", "json"},
                              [GB_FORMAT_LATEX] = {"latex", "tex"}};

const char *gb_format_name(gb_format format) {
  return formats[format].name;
}

const char *gb_format_ending(gb_format format) {
  return formats[format].ending;
}

bool gb_format_parse(const char *name, gb_format *format) {
  if (strcmp(name, "table") == 0)
    name = "text";
  for (int i = 0; i < GB_FORMAT_COUNT; i++)
    if (strcmp(name, formats[i].name) == 0) {
      *format = (gb_format)i;
      return true;
    }
  return false;
}

gb_status gb_table_write(const gb_table *table, gb_format format, const gb_text_style *style,
                         gb_text *out, gb_error *error) {
  if (table->misused)
    return gb_fail(error, GB_EINTERNAL,
                   "table '%s': a repeated column, or more cells in a row than columns",
                   table->name);
  if (table->failed)
    return gb_fail_memory(error);
  gb_text_style plain = {0};
  switch (format) {
  case GB_FORMAT_TEXT:
    GB_TRY(gb_table_write_text(table, style ? style : &plain, out, error));
    break;
  case GB_FORMAT_MARKDOWN:
    gb_table_write_markdown(table, out);
    break;
  case GB_FORMAT_CSV:
    gb_table_write_csv(table, out);
    break;
  case GB_FORMAT_JSON:
    gb_table_write_json(table, out);
    break;
  case GB_FORMAT_LATEX:
    gb_table_write_latex(table, out);
    break;
  }
  return out->failed ? gb_fail_memory(error) : GB_OK;
}

bool gb_plain_name(const char *name) {
  size_t length = strlen(name);
  return length > 0 && length <= 100 && name[0] != '.' && name[0] != '-' &&
         strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
             length;
}

gb_status gb_table_save(const gb_table *table, gb_format format, const char *folder,
                        gb_error *error) {
  if (!gb_plain_name(table->name))
    return gb_fail(error, GB_EINPUT,
                   "'%s' cannot name a file; allowed are letters, digits, and - _ . inside",
                   table->name);
  gb_text text = {0}, path = {0};
  gb_text_print(&path, "%s/%s.%s", folder, table->name, gb_format_ending(format));
  gb_status status = gb_table_write(table, format, NULL, &text, error);
  if (status == GB_OK && path.failed)
    status = gb_fail_memory(error);
  if (status == GB_OK)
    status = gb_file_write(gb_text_get(&path), gb_text_get(&text), text.length, error);
  gb_text_free(&path);
  gb_text_free(&text);
  return status;
}
