// Records of experiments as JSON, written and read; see record.h.
#include "harness/report/record.h"

#include "harness/report/escape.h"
#include "harness/report/table_write.h"
#include "layers/base/file.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 256 << 20, MOST_ROWS = 1000000, MOST_COLUMNS = 1000, MOST_ITEMS = 100000 };

// ---------------------------------------------------------------------------------------------
// Writing

static void member(gb_text *out, const char *name, const char *value) {
  gb_text_print(out, ",\n  \"%s\": ", name);
  gb_escape_json(out, value ? value : "");
}

static void add_value(gb_text *out, const gb_value *value) {
  switch (value->kind) {
  case GB_VALUE_MISSING:
    gb_text_add(out, "null");
    break;
  case GB_VALUE_TEXT:
    gb_escape_json(out, value->text);
    break;
  case GB_VALUE_INTEGER:
    gb_text_print(out, "%lld", (long long)value->integer);
    break;
  case GB_VALUE_REAL: // a point keeps it from being read as an integer
    gb_text_print(out, "%.17e", value->real);
    break;
  }
}

// A plain value where nothing more is said of it, else an object.
static void add_cell(gb_text *out, const gb_value *value) {
  bool real = value->kind == GB_VALUE_REAL;
  if (!value->shown && value->mark == GB_MARK_NONE && !real) {
    add_value(out, value);
    return;
  }
  gb_text_add(out, "{\"v\": ");
  add_value(out, value);
  if (value->shown) {
    gb_text_add(out, ", \"shown\": ");
    gb_escape_json(out, value->shown);
  }
  if (value->mark != GB_MARK_NONE)
    gb_text_print(out, ", \"mark\": %d", (int)value->mark);
  if (real)
    gb_text_print(out, ", \"decimals\": %d", value->decimals);
  gb_text_add(out, "}");
}

static void add_table(gb_text *out, const gb_table *table) {
  gb_text_add(out, "{\"name\": ");
  gb_escape_json(out, table->name);
  gb_text_add(out, ", \"title\": ");
  gb_escape_json(out, table->title);
  gb_text_add(out, ",\n   \"columns\": [");
  for (size_t c = 0; c < table->column_count; c++) {
    const gb_column *column = &table->columns[c];
    gb_text_add(out, c ? ", {\"name\": " : "{\"name\": ");
    gb_escape_json(out, column->name);
    gb_text_add(out, ", \"title\": ");
    gb_escape_json(out, gb_column_title(column));
    gb_text_add(out, ", \"unit\": ");
    gb_escape_json(out, gb_column_unit(column));
    gb_text_print(out, ", \"align\": %d, \"count\": %s}", (int)column->align,
                  column->count ? "true" : "false");
  }
  gb_text_add(out, "],\n   \"rows\": [");
  for (size_t r = 0; r < table->row_count; r++) {
    gb_text_add(out, r ? ",\n    [" : "\n    [");
    for (size_t c = 0; c < table->column_count; c++) {
      gb_text_add(out, c ? ", " : "");
      add_cell(out, gb_table_at(table, r, c));
    }
    gb_text_add(out, "]");
  }
  gb_text_add(out, "],\n   \"rules\": [");
  bool first = true;
  for (size_t r = 0; r < table->row_count; r++)
    if (table->rules[r]) {
      gb_text_print(out, first ? "%zu" : ", %zu", r);
      first = false;
    }
  gb_text_add(out, "],\n   \"notes\": [");
  for (size_t i = 0; i < table->note_count; i++) {
    gb_text_add(out, i ? ",\n    " : "\n    ");
    gb_escape_json(out, table->notes[i]);
  }
  gb_text_add(out, "]}");
}

static void add_pairs(gb_text *out, const char *list, const char *second,
                      const gb_record_pair *pairs, size_t count) {
  gb_text_print(out, ",\n  \"%s\": [", list);
  for (size_t i = 0; i < count; i++) {
    gb_text_add(out, i ? ",\n    {\"name\": " : "\n    {\"name\": ");
    gb_escape_json(out, pairs[i].name);
    gb_text_print(out, ", \"%s\": ", second);
    gb_escape_json(out, pairs[i].text);
    gb_text_add(out, "}");
  }
  gb_text_add(out, "]");
}

static void add_record(gb_text *out, const gb_record *r) {
  static const char *const names[] = {"reproduced", "cut_off",        "explained",
                                      "differ",     "published_only", "computed_only"};
  gb_text_add(out, "{\n  \"schema\": \"ghostbench-record-1\"");
  member(out, "name", r->name);
  member(out, "title", r->title);
  member(out, "question", r->question);
  member(out, "convention", r->convention);
  member(out, "published", r->published);
  member(out, "command", r->command);
  member(out, "version", r->version);
  member(out, "summary", r->summary);
  member(out, "stale", r->stale);
  gb_text_print(out, ",\n  \"started_s\": %.6f,\n  \"seconds_s\": %.6f,\n  \"models\": %lld",
                isfinite(r->started) ? r->started : 0, isfinite(r->seconds) ? r->seconds : 0,
                (long long)r->models);
  gb_text_add(out, ",\n  \"verdicts\": {");
  for (int i = 0; i < GB_VERDICT_COUNT; i++)
    gb_text_print(out, "%s\"%s\": %lld", i ? ", " : "", names[i], (long long)r->counts[i]);
  gb_text_add(out, "}");
  add_pairs(out, "failed", "error", r->failed, r->failed_count);
  add_pairs(out, "environment", "value", r->environment, r->environment_count);
  add_pairs(out, "cells", "key", r->cells, r->cell_count);
  gb_text_add(out, ",\n  \"plots\": [");
  for (size_t i = 0; i < r->plot_count; i++) {
    gb_text_add(out, i ? ", {\"name\": " : "{\"name\": ");
    gb_escape_json(out, r->plots[i].name);
    gb_text_add(out, ", \"title\": ");
    gb_escape_json(out, r->plots[i].title);
    gb_text_add(out, ", \"caption\": ");
    gb_escape_json(out, r->plots[i].caption);
    gb_text_add(out, "}");
  }
  gb_text_add(out, "],\n  \"tables\": [");
  for (size_t i = 0; i < r->table_count; i++) {
    gb_text_add(out, i ? ",\n  " : "\n  ");
    add_table(out, r->tables[i]);
  }
  gb_text_add(out, "]\n}\n");
}

gb_status gb_record_save(const gb_record *record, const char *folder, gb_error *error) {
  gb_text out = {0}, path = {0};
  add_record(&out, record);
  gb_text_print(&path, "%s/" GB_RECORD_FILE, folder);
  gb_status status = out.failed || path.failed
                         ? gb_fail_memory(error)
                         : gb_file_write(gb_text_get(&path), gb_text_get(&out), out.length, error);
  gb_text_free(&path);
  gb_text_free(&out);
  return status;
}

// ---------------------------------------------------------------------------------------------
// Reading. Members that are missing are empty; those of another type than written are a fault.

typedef struct reading {
  gb_record *record;
  const char *path;
  gb_error *error;
  gb_status status;
} reading;

static void fault(reading *r, const char *what, const char *allowed) {
  if (r->status == GB_OK)
    r->status =
        gb_fail(r->error, GB_EINPUT, "%s: %s must be %s; 'ghostbench run' writes this file anew",
                r->path, what, allowed);
}

static void no_memory(reading *r) {
  if (r->status == GB_OK)
    r->status = gb_fail_memory(r->error);
}

static const char *text_of(reading *r, const json_t *object, const char *name) {
  const json_t *value = json_object_get(object, name);
  if (value && !json_is_string(value))
    fault(r, name, "a text");
  const char *copy =
      gb_arena_copy(r->record->arena, json_is_string(value) ? json_string_value(value) : "");
  if (!copy)
    no_memory(r);
  return copy ? copy : "";
}

static double number_of(reading *r, const json_t *object, const char *name) {
  const json_t *value = json_object_get(object, name);
  if (value && !json_is_number(value))
    fault(r, name, "a number");
  return json_is_number(value) ? json_number_value(value) : 0;
}

static int64_t integer_of(reading *r, const json_t *object, const char *name) {
  const json_t *value = json_object_get(object, name);
  if (value && !json_is_integer(value))
    fault(r, name, "a whole number");
  return json_is_integer(value) ? json_integer_value(value) : 0;
}

// The list of this name; NULL where it is missing or no list.
static const json_t *list_of(reading *r, const json_t *object, const char *name, size_t most) {
  const json_t *list = json_object_get(object, name);
  if (list && (!json_is_array(list) || json_array_size(list) > most)) {
    fault(r, name, "a list of bearable length");
    return NULL;
  }
  return list;
}

static void read_cell(reading *r, const json_t *from, gb_table *table) {
  const json_t *v = json_is_object(from) ? json_object_get(from, "v") : from;
  gb_value value = {.kind = GB_VALUE_MISSING, .decimals = -1};
  if (json_is_string(v)) {
    value.kind = GB_VALUE_TEXT;
    value.text = json_string_value(v);
  } else if (json_is_integer(v)) {
    value.kind = GB_VALUE_INTEGER;
    value.integer = json_integer_value(v);
  } else if (json_is_real(v)) {
    value.kind = GB_VALUE_REAL;
    value.real = json_real_value(v);
  } else if (v && !json_is_null(v)) {
    fault(r, "a cell of a table", "a text, a number, null, or an object with v");
  }
  if (json_is_object(from)) {
    const json_t *shown = json_object_get(from, "shown");
    int64_t mark = integer_of(r, from, "mark");
    if (mark < GB_MARK_NONE || mark > GB_MARK_FAINT)
      fault(r, "mark", "from 0 to 4");
    else
      value.mark = (gb_mark)mark;
    value.shown = json_is_string(shown) ? json_string_value(shown) : NULL;
    int64_t decimals = value.kind == GB_VALUE_REAL ? integer_of(r, from, "decimals") : -1;
    value.decimals = decimals >= -1 && decimals <= 17 ? (int)decimals : -1;
  }
  gb_table_value(table, &value);
}

static void read_columns(reading *r, const json_t *list, gb_table *table) {
  for (size_t i = 0; list && i < json_array_size(list); i++) {
    const json_t *from = json_array_get(list, i);
    int64_t align = integer_of(r, from, "align");
    if (align < GB_ALIGN_LEFT || align > GB_ALIGN_CENTRE)
      fault(r, "align", "from 0 to 2");
    gb_column column = {.name = text_of(r, from, "name"),
                        .title = text_of(r, from, "title"),
                        .unit = text_of(r, from, "unit"),
                        .align = (gb_align)align,
                        .count = json_is_true(json_object_get(from, "count"))};
    if (r->status == GB_OK)
      gb_table_column(table, &column);
  }
}

static void read_rows(reading *r, const json_t *from, gb_table *table) {
  const json_t *rows = list_of(r, from, "rows", MOST_ROWS);
  for (size_t i = 0; rows && i < json_array_size(rows) && r->status == GB_OK; i++) {
    const json_t *row = json_array_get(rows, i);
    if (!json_is_array(row) || json_array_size(row) != table->column_count) {
      fault(r, "a row of a table", "a list with a cell a column");
      return;
    }
    gb_table_row(table);
    for (size_t c = 0; c < table->column_count; c++)
      read_cell(r, json_array_get(row, c), table);
  }
  const json_t *rules = list_of(r, from, "rules", MOST_ROWS);
  for (size_t i = 0; rows && i < json_array_size(rules) && r->status == GB_OK; i++) {
    int64_t at = json_integer_value(json_array_get(rules, i));
    if (at >= 0 && (size_t)at < table->row_count)
      table->rules[at] = true;
  }
}

static gb_table *read_table(reading *r, const json_t *from) {
  gb_table *table = gb_table_new(text_of(r, from, "name"), text_of(r, from, "title"));
  if (!table) {
    no_memory(r);
    return NULL;
  }
  read_columns(r, list_of(r, from, "columns", MOST_COLUMNS), table);
  if (r->status == GB_OK)
    read_rows(r, from, table);
  const json_t *notes = list_of(r, from, "notes", MOST_ITEMS);
  for (size_t i = 0; notes && i < json_array_size(notes); i++)
    if (json_is_string(json_array_get(notes, i)))
      gb_table_note(table, json_string_value(json_array_get(notes, i)));
  if (table->misused)
    fault(r, "a table", "one whose columns have different names");
  if (table->failed)
    no_memory(r);
  return table;
}

static void read_tables(reading *r, const json_t *root) {
  const json_t *list = list_of(r, root, "tables", MOST_COLUMNS);
  size_t count = list ? json_array_size(list) : 0;
  const gb_table **tables = gb_arena_allocate(r->record->arena, count + 1, sizeof *tables);
  if (!tables) {
    no_memory(r);
    return;
  }
  r->record->tables = tables;
  for (size_t i = 0; i < count && r->status == GB_OK; i++) {
    tables[r->record->table_count] = read_table(r, json_array_get(list, i));
    r->record->table_count += tables[r->record->table_count] != NULL;
  }
}

static void read_pairs(reading *r, const json_t *root, const char *name, const char *second,
                       const gb_record_pair **pairs, size_t *count) {
  const json_t *list = list_of(r, root, name, MOST_ITEMS);
  size_t length = list ? json_array_size(list) : 0;
  gb_record_pair *read = gb_arena_allocate(r->record->arena, length + 1, sizeof *read);
  if (!read) {
    no_memory(r);
    return;
  }
  for (size_t i = 0; i < length; i++)
    read[i] = (gb_record_pair){text_of(r, json_array_get(list, i), "name"),
                               text_of(r, json_array_get(list, i), second)};
  *pairs = read;
  *count = length;
}

static void read_plots(reading *r, const json_t *root) {
  const json_t *list = list_of(r, root, "plots", MOST_ITEMS);
  size_t count = list ? json_array_size(list) : 0;
  gb_record_plot *plots = gb_arena_allocate(r->record->arena, count + 1, sizeof *plots);
  if (!plots) {
    no_memory(r);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    plots[i] = (gb_record_plot){text_of(r, json_array_get(list, i), "name"),
                                text_of(r, json_array_get(list, i), "title"),
                                text_of(r, json_array_get(list, i), "caption")};
    if (!gb_plain_name(plots[i].name))
      fault(r, "the name of a plot", "a plain file name");
  }
  r->record->plots = plots;
  r->record->plot_count = count;
}

static void read_record(reading *r, const json_t *root) {
  static const char *const names[] = {"reproduced", "cut_off",        "explained",
                                      "differ",     "published_only", "computed_only"};
  gb_record *to = r->record;
  const json_t *schema = json_object_get(root, "schema");
  if (!json_is_string(schema) || strcmp(json_string_value(schema), "ghostbench-record-1") != 0) {
    fault(r, "schema", "\"ghostbench-record-1\"");
    return;
  }
  to->name = text_of(r, root, "name");
  to->title = text_of(r, root, "title");
  to->question = text_of(r, root, "question");
  to->convention = text_of(r, root, "convention");
  to->published = text_of(r, root, "published");
  to->command = text_of(r, root, "command");
  to->version = text_of(r, root, "version");
  to->summary = text_of(r, root, "summary");
  to->stale = text_of(r, root, "stale");
  to->started = number_of(r, root, "started_s");
  to->seconds = number_of(r, root, "seconds_s");
  to->models = integer_of(r, root, "models");
  const json_t *verdicts = json_object_get(root, "verdicts");
  for (int i = 0; i < GB_VERDICT_COUNT; i++)
    to->counts[i] = integer_of(r, verdicts, names[i]);
  if (!gb_plain_name(to->name))
    fault(r, "name", "a plain file name");
  read_pairs(r, root, "failed", "error", &to->failed, &to->failed_count);
  read_pairs(r, root, "environment", "value", &to->environment, &to->environment_count);
  read_pairs(r, root, "cells", "key", &to->cells, &to->cell_count);
  read_plots(r, root);
  read_tables(r, root);
}

gb_status gb_record_parse(const char *bytes, size_t size, const char *path, gb_record **record,
                          gb_error *error) {
  *record = NULL;
  gb_arena *arena = gb_arena_new(NULL);
  gb_record *made = arena ? gb_arena_allocate(arena, 1, sizeof *made) : NULL;
  if (!made) {
    gb_arena_free(arena);
    return gb_fail_memory(error);
  }
  made->arena = arena;
  json_error_t why;
  json_t *root = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &why);
  reading r = {.record = made, .path = path, .error = error};
  if (root)
    read_record(&r, root);
  else
    r.status = gb_fail(error, GB_EINPUT, "%s:%d:%d: %s", path, why.line, why.column, why.text);
  json_decref(root);
  if (r.status != GB_OK)
    gb_record_free(made);
  else
    *record = made;
  return r.status;
}

gb_status gb_record_load(const char *folder, gb_record **record, gb_error *error) {
  *record = NULL;
  gb_text path = {0};
  gb_text_print(&path, "%s/" GB_RECORD_FILE, folder);
  char *bytes = NULL;
  size_t size;
  gb_status status = path.failed
                         ? gb_fail_memory(error)
                         : gb_file_read(gb_text_get(&path), MOST_BYTES, &bytes, &size, error);
  if (status == GB_OK)
    status = gb_record_parse(bytes, size, gb_text_get(&path), record, error);
  free(bytes);
  gb_text_free(&path);
  return status;
}

void gb_record_free(gb_record *record) {
  if (!record)
    return;
  for (size_t i = 0; i < record->table_count; i++)
    gb_table_free((gb_table *)(uintptr_t)record->tables[i]);
  gb_arena_free(record->arena);
}
