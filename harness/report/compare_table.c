// A comparison as tables: one row a model for people, one row a cell for machines.
#include "harness/report/compare_cells.h"
#include "harness/report/escape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void gb_comparison_summary(const gb_comparison *c, gb_text *text) {
  size_t reproduced = c->counts[GB_VERDICT_ROUNDED] + c->counts[GB_VERDICT_TRUNCATED];
  size_t explained = c->counts[GB_VERDICT_EXPLAINED], differ = c->counts[GB_VERDICT_DIFFERS];
  size_t compared = reproduced + explained + differ;
  if (compared == 0) {
    gb_text_add(text, "nothing to compare");
  } else {
    gb_text_print(text, "%zu of %zu compared figures reproduced", reproduced, compared);
    if (c->counts[GB_VERDICT_TRUNCATED])
      gb_text_print(text, " (%zu of them cut off)", c->counts[GB_VERDICT_TRUNCATED]);
    if (explained)
      gb_text_print(text, ", %zu %s for a known reason", explained,
                    explained == 1 ? "differs" : "differ");
    if (differ)
      gb_text_print(text, ", %zu %s and no reason is recorded", differ,
                    differ == 1 ? "differs" : "differ");
  }
  if (c->counts[GB_VERDICT_PUBLISHED_ONLY])
    gb_text_print(text, "; %zu shown as published only", c->counts[GB_VERDICT_PUBLISHED_ONLY]);
  if (c->counts[GB_VERDICT_COMPUTED_ONLY])
    gb_text_print(text, "; %zu computed only", c->counts[GB_VERDICT_COMPUTED_ONLY]);
}

static const char *title_of(const gb_column *column) {
  return column->title ? column->title : column->name;
}

#define NO_BREAK "\xc2\xa0" // a space at which no line is broken

// "+7.3 %", "-0.05 %"
static void add_percent(gb_text *text, double percent) {
  if (isfinite(percent))
    gb_text_print(text, "%+.*f" NO_BREAK "%%", fabs(percent) < 0.995 ? 2 : 1, percent);
  else
    gb_text_add(text, "differs");
}

static void add_computed(gb_text *text, const gb_column *column, const gb_value *value) {
  if (value->kind == GB_VALUE_INTEGER && column->count)
    gb_print_count(text, value->integer);
  else if (value->kind == GB_VALUE_INTEGER)
    gb_text_print(text, "%lld", (long long)value->integer);
  else if (value->kind == GB_VALUE_TEXT)
    gb_text_add(text, value->text);
  else
    gb_text_print(text, "%.*f", value->decimals, value->real);
}

// Which of a column's parts the table has.
typedef struct parts {
  bool computed, published, compared;
} parts;

static parts parts_of(const gb_comparison *c, size_t column) {
  parts has = {0};
  for (size_t r = 0; r < c->row_count; r++) {
    const gb_compared *cell = &c->grid[r * c->column_count + column];
    has.computed |= cell->computed.kind != GB_VALUE_MISSING;
    has.published |= cell->figure != NULL;
    has.compared |= cell->figure && cell->verdict <= GB_VERDICT_DIFFERS;
  }
  return has;
}

static void add_columns(gb_table *table, const gb_column *column, parts has) {
  gb_text name = {0}, title = {0};
  if (has.computed)
    gb_table_column(table, column);
  if (has.published) {
    gb_text_print(&name, "%s_published", column->name);
    if (has.computed)
      gb_text_add(&title, "published");
    else
      gb_text_print(&title, "%s, published", title_of(column));
    gb_table_column(table, &(gb_column){.name = gb_text_get(&name),
                                        .title = gb_text_get(&title),
                                        .align = GB_ALIGN_RIGHT});
  }
  if (has.compared) {
    name.length = 0;
    gb_text_print(&name, "%s_verdict", column->name);
    gb_table_column(table, &(gb_column){.name = gb_text_get(&name), .title = ""});
  }
  table->failed |= name.failed || title.failed;
  gb_text_free(&name);
  gb_text_free(&title);
}

static void add_figure(gb_table *table, const gb_figure *figure) {
  int64_t whole;
  if (!figure) {
    gb_table_missing(table);
  } else if (!figure->number) {
    gb_table_text(table, figure->value);
  } else {
    const char *shown = gb_figure_print(figure, table->arena);
    table->failed |= !shown;
    if (gb_figure_integer(figure, &whole))
      gb_table_integer(table, whole);
    else
      gb_table_real(table, gb_figure_number(figure), figure->decimals);
    gb_table_shown(table, shown);
  }
  gb_table_mark(table, GB_MARK_FAINT);
}

// "[1] Row, MACs: 65.14 M computed, 63 M published (+3.4 %): why"
static void add_note(gb_table *table, const gb_column *column, const gb_compared *cell,
                     size_t number) {
  gb_text note = {0};
  gb_text_print(&note, "[%zu] %s, %s: ", number, cell->label, title_of(column));
  add_computed(&note, column, &cell->computed);
  gb_text_print(&note, " computed, %s%s%s published", cell->figure->value,
                *cell->figure->unit ? " " : "", cell->figure->unit);
  if (isfinite(cell->difference)) {
    gb_text_print(&note, ", difference %s", cell->difference > 0 ? "+" : "");
    if (fabs(cell->difference) < 9e18 && cell->difference == floor(cell->difference))
      gb_print_count(&note, (int64_t)cell->difference);
    else
      gb_text_print(&note, "%.6g", cell->difference);
  }
  if (isfinite(cell->percent)) {
    gb_text_add(&note, " (");
    add_percent(&note, cell->percent);
    gb_text_add(&note, ")");
  }
  gb_text_print(&note, ": %s", cell->reason ? cell->reason : "no reason is recorded");
  table->failed |= note.failed;
  gb_table_note(table, gb_text_get(&note));
  gb_text_free(&note);
}

static void add_verdict(gb_table *table, const gb_compared *cell, size_t note) {
  if (!cell->figure || cell->verdict > GB_VERDICT_DIFFERS) {
    gb_table_missing(table);
    gb_table_shown(table, "");
    return;
  }
  gb_text shown = {0};
  if (cell->verdict == GB_VERDICT_ROUNDED) {
    gb_text_add(&shown, "\xe2\x9c\x93"); // U+2713 check mark
  } else if (cell->verdict == GB_VERDICT_TRUNCATED) {
    gb_text_add(&shown, "\xe2\x9c\x93" NO_BREAK "cut");
  } else {
    add_percent(&shown, cell->percent);
    gb_text_print(&shown, NO_BREAK "[%zu]", note);
  }
  table->failed |= shown.failed;
  gb_table_text(table, gb_verdict_text(cell->verdict));
  gb_table_shown(table, gb_text_get(&shown));
  gb_table_mark(table, gb_verdict_mark(cell->verdict));
  gb_text_free(&shown);
}

// A count that is cut off to the printed figure must not be shown rounded up past it: 226,995,784
// beside "226 M" is 226.996 M, not 227.00 M.
static void show_cut(gb_table *table, const gb_compared *cell) {
  const gb_figure *figure = cell->figure;
  if (!figure || cell->verdict != GB_VERDICT_TRUNCATED || figure->exponent == 0)
    return;
  double scale = pow(10, figure->exponent);
  double next = ((double)figure->digits + 1) / pow(10, figure->decimals);
  for (int decimals = 2; decimals <= figure->exponent; decimals++) {
    double shown = round((double)cell->computed.integer / scale * pow(10, decimals));
    if (shown / pow(10, decimals) >= next)
      continue;
    if (decimals > 2) {
      gb_text text = {0};
      gb_text_print(&text, "%.*f %s", decimals, shown / pow(10, decimals), figure->unit);
      table->failed |= text.failed;
      gb_table_shown(table, gb_text_get(&text));
      gb_text_free(&text);
    }
    return;
  }
}

gb_status gb_comparison_table(const gb_comparison *c, gb_table **out, gb_error *error) {
  *out = NULL;
  gb_table *table = gb_table_new(c->name, c->title);
  parts *has = gb_allocate(NULL, c->column_count + 1, sizeof *has);
  if (!table || !has) {
    gb_table_free(table);
    gb_release(NULL, has);
    return gb_fail_memory(error);
  }
  gb_table_column(table, &(gb_column){.name = "model", .title = "Model"});
  for (size_t i = 0; i < c->column_count; i++) {
    has[i] = parts_of(c, i);
    add_columns(table, &c->columns[i], has[i]);
  }
  size_t notes = 0;
  for (size_t r = 0; r < c->row_count; r++) {
    gb_table_row(table);
    gb_table_text(table, c->rows[c->order[r]].label);
    for (size_t i = 0; i < c->column_count; i++) {
      const gb_compared *cell = &c->grid[r * c->column_count + i];
      bool noted = cell->figure &&
                   (cell->verdict == GB_VERDICT_EXPLAINED || cell->verdict == GB_VERDICT_DIFFERS);
      notes += noted;
      if (has[i].computed)
        gb_table_value(table, &cell->computed);
      if (has[i].computed)
        show_cut(table, cell);
      if (has[i].computed && noted)
        gb_table_mark(table, gb_verdict_mark(cell->verdict));
      if (has[i].published)
        add_figure(table, cell->figure);
      if (has[i].compared)
        add_verdict(table, cell, notes);
      if (noted)
        add_note(table, &c->columns[i], cell, notes);
    }
  }
  gb_text summary = {0};
  if (c->published)
    gb_comparison_summary(c, &summary);
  gb_text_add(&summary, c->published ? "." : "");
  if (c->counts[GB_VERDICT_ROUNDED])
    gb_text_add(&summary, " \xe2\x9c\x93: rounds to the published figure.");
  if (c->counts[GB_VERDICT_TRUNCATED])
    gb_text_add(&summary, " \xe2\x9c\x93 cut: is it when cut off at its last digit.");
  if (summary.length)
    gb_table_note(table, gb_text_get(&summary));
  bool failed = summary.failed || table->failed;
  gb_text_free(&summary);
  gb_release(NULL, has);
  if (failed) {
    gb_table_free(table);
    return gb_fail_memory(error);
  }
  *out = table;
  return GB_OK;
}

static void add_cell_row(gb_table *table, const gb_compared *cell) {
  const gb_figure *figure = cell->figure;
  bool differs = cell->verdict == GB_VERDICT_DIFFERS || cell->verdict == GB_VERDICT_EXPLAINED;
  gb_table_row(table);
  gb_table_text(table, cell->row);
  gb_table_text(table, cell->label);
  gb_table_text(table, cell->column);
  gb_table_value(table, &cell->computed);
  add_figure(table, figure);
  gb_table_text(table, figure ? figure->value : NULL);
  gb_table_text(table, figure && *figure->unit ? figure->unit : NULL);
  gb_table_text(table, gb_verdict_text(cell->verdict));
  gb_table_mark(table, gb_verdict_mark(cell->verdict));
  gb_table_real(table, differs ? cell->difference : (double)NAN, -1);
  gb_table_real(table, differs ? cell->percent : (double)NAN, 2);
  gb_table_text(table, cell->reason);
  gb_table_text(table, figure ? figure->source : NULL);
  gb_table_text(table, figure ? figure->grade : NULL);
  gb_table_text(table, figure && *figure->note ? figure->note : NULL);
}

gb_status gb_comparison_cell_table(const gb_comparison *c, gb_table **out, gb_error *error) {
  static const gb_column columns[] = {
      {"row", "Row", NULL, GB_ALIGN_LEFT, false},
      {"label", "Model", NULL, GB_ALIGN_LEFT, false},
      {"column", "Column", NULL, GB_ALIGN_LEFT, false},
      {"computed", "Computed", NULL, GB_ALIGN_RIGHT, true},
      {"published", "Published", NULL, GB_ALIGN_RIGHT, true},
      {"printed", "Printed", NULL, GB_ALIGN_RIGHT, false},
      {"unit", "Unit", NULL, GB_ALIGN_LEFT, false},
      {"verdict", "Verdict", NULL, GB_ALIGN_LEFT, false},
      {"difference", "Difference", NULL, GB_ALIGN_RIGHT, false},
      {"percent", "Difference", "%", GB_ALIGN_RIGHT, false},
      {"reason", "Reason", NULL, GB_ALIGN_LEFT, false},
      {"source", "Source", NULL, GB_ALIGN_LEFT, false},
      {"grade", "Grade", NULL, GB_ALIGN_LEFT, false},
      {"note", "Note", NULL, GB_ALIGN_LEFT, false},
  };
  *out = NULL;
  gb_text name = {0};
  gb_text_print(&name, "%s-cells", c->name);
  gb_table *table = name.failed ? NULL : gb_table_new(gb_text_get(&name), c->title);
  gb_text_free(&name);
  if (!table)
    return gb_fail_memory(error);
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    gb_table_column(table, &columns[i]);
  for (size_t i = 0; i < c->cell_count; i++)
    add_cell_row(table, &c->cells[i]);
  if (table->failed) {
    gb_table_free(table);
    return gb_fail_memory(error);
  }
  *out = table;
  return GB_OK;
}
