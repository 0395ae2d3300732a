// A table as Markdown (pipes) and as LaTeX (booktabs).
#include "harness/report/escape.h"
#include "harness/report/table_write.h"

#include <string.h>

// The escaped text of a head (row SIZE_MAX) or a cell.
static void add_cell(const gb_table *table, size_t row, size_t column,
                     void (*escape)(gb_text *, const char *), gb_text *out) {
  gb_text shown = {0};
  if (row == SIZE_MAX) {
    const gb_column *head = &table->columns[column];
    gb_text_add(&shown, gb_column_title(head));
    if (*gb_column_unit(head))
      gb_text_print(&shown, " (%s)", gb_column_unit(head));
  } else {
    gb_table_show(table, row, column, &shown);
  }
  escape(out, gb_text_get(&shown));
  out->failed |= shown.failed;
  gb_text_free(&shown);
}

static void markdown_cell(const gb_table *table, size_t row, size_t column, gb_text *out) {
  bool bold = row != SIZE_MAX && gb_table_at(table, row, column)->mark == GB_MARK_BAD;
  gb_text_add(out, bold ? "**" : "");
  add_cell(table, row, column, gb_escape_markdown, out);
  gb_text_add(out, bold ? "**" : "");
}

// The columns are padded, so that the source reads as well as the page.
static size_t markdown_width(const gb_table *table, size_t column) {
  size_t width = 3;
  gb_text cell = {0};
  for (size_t r = 0; r <= table->row_count; r++) {
    cell.length = 0;
    gb_text_add(&cell, "");
    markdown_cell(table, r == table->row_count ? SIZE_MAX : r, column, &cell);
    size_t columns = gb_text_columns(gb_text_get(&cell));
    width = columns > width ? columns : width;
  }
  gb_text_free(&cell);
  return width;
}

static void add_times(gb_text *out, const char *what, size_t count) {
  while (count--)
    gb_text_add(out, what);
}

static void markdown_row(const gb_table *table, size_t row, const size_t *widths, gb_text *out) {
  gb_text cell = {0};
  for (size_t c = 0; c < table->column_count; c++) {
    cell.length = 0;
    gb_text_add(&cell, "");
    markdown_cell(table, row, c, &cell);
    size_t room = widths[c] - gb_text_columns(gb_text_get(&cell));
    bool right = table->columns[c].align == GB_ALIGN_RIGHT;
    gb_text_add(out, "| ");
    add_times(out, " ", right ? room : 0);
    gb_text_add(out, gb_text_get(&cell));
    add_times(out, " ", right ? 1 : room + 1);
  }
  gb_text_add(out, "|\n");
  out->failed |= cell.failed;
  gb_text_free(&cell);
}

void gb_table_write_markdown(const gb_table *table, gb_text *out) {
  size_t *widths = gb_allocate(NULL, table->column_count + 1, sizeof *widths);
  if (!widths) {
    out->failed = true;
    return;
  }
  for (size_t c = 0; c < table->column_count; c++)
    widths[c] = markdown_width(table, c);
  if (*table->title) {
    gb_text_add(out, "**");
    gb_escape_markdown(out, table->title);
    gb_text_add(out, "**\n\n");
  }
  markdown_row(table, SIZE_MAX, widths, out);
  for (size_t c = 0; c < table->column_count; c++) {
    gb_align align = table->columns[c].align;
    gb_text_add(out, align == GB_ALIGN_CENTRE ? "| :" : "| ");
    add_times(out, "-", widths[c] - (align == GB_ALIGN_LEFT ? 0 : align == GB_ALIGN_RIGHT ? 1 : 2));
    gb_text_add(out, align == GB_ALIGN_LEFT ? " " : ": ");
  }
  gb_text_add(out, "|\n");
  for (size_t r = 0; r < table->row_count; r++)
    markdown_row(table, r, widths, out);
  for (size_t i = 0; i < table->note_count; i++) {
    gb_text_add(out, "\n");
    gb_escape_markdown(out, table->notes[i]);
    gb_text_add(out, "\n");
  }
  gb_release(NULL, widths);
}

// A number's unit is set off by a thin space that does not break.
static void latex_cell(const gb_table *table, size_t row, size_t column, gb_text *out) {
  gb_text cell = {0};
  add_cell(table, row, column, gb_escape_latex, &cell);
  const gb_value *value = row == SIZE_MAX ? NULL : gb_table_at(table, row, column);
  bool number = value && (value->kind == GB_VALUE_INTEGER || value->kind == GB_VALUE_REAL);
  bool bold = value && value->mark == GB_MARK_BAD;
  gb_text_add(out, bold ? "\\textbf{" : "");
  for (const char *c = gb_text_get(&cell); *c; c++)
    if (number && *c == ' ')
      gb_text_add(out, "\\,");
    else
      gb_text_add_n(out, c, 1);
  gb_text_add(out, bold ? "}" : "");
  out->failed |= cell.failed;
  gb_text_free(&cell);
}

static void latex_row(const gb_table *table, size_t row, gb_text *out) {
  gb_text_add(out, "    ");
  for (size_t c = 0; c < table->column_count; c++) {
    gb_text_add(out, c ? " & " : "");
    latex_cell(table, row, c, out);
  }
  gb_text_add(out, " \\\\\n");
}

void gb_table_write_latex(const gb_table *table, gb_text *out) {
  gb_text_add(out, "% needs \\usepackage{booktabs}\n\\begin{table}\n  \\centering\n");
  if (*table->title) {
    gb_text_add(out, "  \\caption{");
    gb_escape_latex(out, table->title);
    gb_text_add(out, "}\n");
  }
  gb_text_add(out, "  \\label{tab:");
  for (const char *c = table->name; *c; c++) // a label knows letters, digits, dashes and dots only
    gb_text_print(out, "%c", gb_plain_name((char[]){'x', *c, '\0'}) && *c != '_' ? *c : '-');
  gb_text_add(out, "}\n  \\begin{tabular}{");
  for (size_t c = 0; c < table->column_count; c++)
    gb_text_add(out, table->columns[c].align == GB_ALIGN_LEFT    ? "l"
                     : table->columns[c].align == GB_ALIGN_RIGHT ? "r"
                                                                 : "c");
  gb_text_add(out, "}\n    \\toprule\n");
  latex_row(table, SIZE_MAX, out);
  gb_text_add(out, "    \\midrule\n");
  for (size_t r = 0; r < table->row_count; r++) {
    if (table->rules[r] && r)
      gb_text_add(out, "    \\midrule\n");
    latex_row(table, r, out);
  }
  gb_text_add(out, "    \\bottomrule\n  \\end{tabular}\n");
  for (size_t i = 0; i < table->note_count; i++) {
    gb_text_add(out, "  \\par\\smallskip{\\footnotesize ");
    gb_escape_latex(out, table->notes[i]);
    gb_text_add(out, "\\par}\n");
  }
  gb_text_add(out, "\\end{table}\n");
}
