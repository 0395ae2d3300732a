// The writers behind gb_table_write(), and what they share; not for use outside this folder.
#ifndef GB_REPORT_TABLE_WRITE_H
#define GB_REPORT_TABLE_WRITE_H

#include "harness/report/table.h"

const gb_value *gb_table_at(const gb_table *table, size_t row, size_t column);
const char *gb_column_title(const gb_column *column);
const char *gb_column_unit(const gb_column *column); // "" if none

// What people read in the cell, as clean text, not yet escaped for a format.
void gb_table_show(const gb_table *table, size_t row, size_t column, gb_text *out);

gb_status gb_table_write_text(const gb_table *table, const gb_text_style *style, gb_text *out,
                              gb_error *error);
void gb_table_write_markdown(const gb_table *table, gb_text *out);
void gb_table_write_latex(const gb_table *table, gb_text *out);
void gb_table_write_csv(const gb_table *table, gb_text *out);
void gb_table_write_json(const gb_table *table, gb_text *out);

#endif
