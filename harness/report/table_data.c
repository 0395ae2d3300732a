// A table for machines: CSV and JSON, every digit kept.
#include "harness/report/escape.h"
#include "harness/report/table_write.h"

void gb_table_write_csv(const gb_table *table, gb_text *out) {
  for (size_t c = 0; c < table->column_count; c++) {
    gb_text_add(out, c ? "," : "");
    gb_escape_csv(out, table->columns[c].name);
  }
  gb_text_add(out, "\n");
  for (size_t r = 0; r < table->row_count; r++) {
    for (size_t c = 0; c < table->column_count; c++) {
      const gb_value *value = gb_table_at(table, r, c);
      gb_text_add(out, c ? "," : "");
      switch (value->kind) {
      case GB_VALUE_MISSING:
        break;
      case GB_VALUE_TEXT:
        gb_escape_csv(out, value->text);
        break;
      case GB_VALUE_INTEGER:
        gb_text_print(out, "%lld", (long long)value->integer);
        break;
      case GB_VALUE_REAL:
        gb_print_real(out, value->real);
        break;
      }
    }
    gb_text_add(out, "\n");
  }
}

static void json_member(gb_text *out, const char *name, const char *value) {
  gb_escape_json(out, name);
  gb_text_add(out, ": ");
  gb_escape_json(out, value);
}

void gb_table_write_json(const gb_table *table, gb_text *out) {
  gb_text_add(out, "{\n  \"schema\": \"ghostbench-table-1\",\n  ");
  json_member(out, "name", table->name);
  gb_text_add(out, ",\n  ");
  json_member(out, "title", table->title);
  gb_text_add(out, ",\n  \"columns\": [");
  for (size_t c = 0; c < table->column_count; c++) {
    const gb_column *column = &table->columns[c];
    gb_text_add(out, c ? ",\n    {" : "\n    {");
    json_member(out, "name", column->name);
    gb_text_add(out, ", ");
    json_member(out, "title", gb_column_title(column));
    gb_text_add(out, ", ");
    json_member(out, "unit", gb_column_unit(column));
    gb_text_add(out, "}");
  }
  gb_text_add(out, table->column_count ? "\n  ],\n  \"rows\": [" : "],\n  \"rows\": [");
  for (size_t r = 0; r < table->row_count; r++) {
    gb_text_add(out, r ? ",\n    {" : "\n    {");
    for (size_t c = 0; c < table->column_count; c++) {
      const gb_value *value = gb_table_at(table, r, c);
      gb_text_add(out, c ? ", " : "");
      gb_escape_json(out, table->columns[c].name);
      gb_text_add(out, ": ");
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
      case GB_VALUE_REAL:
        gb_print_real(out, value->real);
        break;
      }
    }
    gb_text_add(out, "}");
  }
  gb_text_add(out, table->row_count ? "\n  ],\n  \"notes\": [" : "],\n  \"notes\": [");
  for (size_t i = 0; i < table->note_count; i++) {
    gb_text_add(out, i ? ",\n    " : "\n    ");
    gb_escape_json(out, table->notes[i]);
  }
  gb_text_add(out, table->note_count ? "\n  ]\n}\n" : "]\n}\n");
}
