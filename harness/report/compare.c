// Verdicts on computed numbers, and the cells of a comparison; see compare.h.
#include "harness/report/compare_cells.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *text;
  gb_mark mark;
} verdicts[GB_VERDICT_COUNT] = {[GB_VERDICT_ROUNDED] = {"reproduced", GB_MARK_GOOD},
                                [GB_VERDICT_TRUNCATED] = {"reproduced (truncated)", GB_MARK_GOOD},
                                [GB_VERDICT_EXPLAINED] = {"explained", GB_MARK_NOTE},
                                [GB_VERDICT_DIFFERS] = {"differs", GB_MARK_BAD},
                                [GB_VERDICT_PUBLISHED_ONLY] = {"published only", GB_MARK_FAINT},
                                [GB_VERDICT_COMPUTED_ONLY] = {"computed only", GB_MARK_NONE}};

const char *gb_verdict_text(gb_verdict verdict) {
  return verdicts[verdict].text;
}

gb_mark gb_verdict_mark(gb_verdict verdict) {
  return verdicts[verdict].mark;
}

// value × 10^power; false on overflow.
static bool times_power(int64_t value, int power, int64_t *result) {
  *result = value;
  for (; power > 0; power--)
    if (__builtin_mul_overflow(*result, 10, result))
      return false;
  return true;
}

gb_verdict gb_verdict_of(int64_t computed, const gb_figure *figure, double *difference,
                         double *percent) {
  double ignored;
  difference = difference ? difference : &ignored;
  percent = percent ? percent : &ignored;
  *difference = *percent = (double)NAN;
  if (!figure->number)
    return GB_VERDICT_DIFFERS;
  // Both sides as whole numbers of one grain: the last printed digit, or the base unit where that
  // is coarser. No binary fraction comes near a tie.
  int power = figure->exponent - figure->decimals;
  int64_t published, mine, step;
  if (!times_power(figure->digits, power > 0 ? power : 0, &published) ||
      !times_power(computed, power < 0 ? -power : 0, &mine) ||
      !times_power(1, power > 0 ? power : 0, &step)) {
    *difference = (double)computed - gb_figure_number(figure);
  } else {
    double scale = pow(10, power < 0 ? -power : 0);
    int64_t gap;
    *difference = (__builtin_sub_overflow(mine, published, &gap) ? (double)mine - (double)published
                                                                 : (double)gap) /
                  scale;
    if (mine == published)
      *percent = 0;
    if (mine < 0 || published < 0) { // counts are not negative; only equality counts here
      if (mine == published)
        return GB_VERDICT_ROUNDED;
    } else {
      int64_t whole = mine / step, rest = mine % step;
      // step is 1 or even, so a tie is rest == step / 2; at a tie half up and half to even are both
      // accepted, that is, whole + 1 always and whole where it is even.
      bool tie = step > 1 && rest == step / 2;
      bool up = step > 1 && rest >= step / 2;
      if (figure->digits == whole + up || (tie && whole % 2 == 0 && figure->digits == whole))
        return GB_VERDICT_ROUNDED;
      if (figure->digits == whole)
        return GB_VERDICT_TRUNCATED;
    }
  }
  if (figure->digits)
    *percent = 100 * *difference / gb_figure_number(figure);
  return GB_VERDICT_DIFFERS;
}

// ---------------------------------------------------------------------------------------------

gb_comparison *gb_comparison_new(const char *name, const char *title,
                                 const gb_published *published) {
  gb_arena *arena = gb_arena_new(NULL);
  gb_comparison *c = arena ? gb_arena_allocate(arena, 1, sizeof *c) : NULL;
  if (!c) {
    gb_arena_free(arena);
    return NULL;
  }
  c->arena = arena;
  c->published = published;
  c->name = gb_arena_copy(arena, name);
  c->title = gb_arena_copy(arena, title ? title : "");
  size_t rows = published ? published->row_count : 0;
  c->row_of = gb_arena_allocate(arena, rows + 1, sizeof *c->row_of);
  if (!c->name || !c->title || !c->row_of) {
    gb_arena_free(arena);
    return NULL;
  }
  for (size_t i = 0; i < rows; i++)
    c->row_of[i] = SIZE_MAX;
  return c;
}

void gb_comparison_free(gb_comparison *comparison) {
  if (comparison)
    gb_arena_free(comparison->arena);
}

static const char *keep(gb_comparison *c, const char *text) {
  if (!text)
    return NULL;
  const char *copy = gb_arena_copy(c->arena, text);
  c->failed |= !copy;
  return copy;
}

// What the usual columns are called. `count`: shown as 141.15 M.
static const gb_column usual[] = {
    {"params", "Parameters", NULL, GB_ALIGN_RIGHT, true},
    {"params_total", "Parameters with statistics", NULL, GB_ALIGN_RIGHT, true},
    {"macs", "MACs", NULL, GB_ALIGN_RIGHT, true},
    {"macs_full", "MACs, all layers", NULL, GB_ALIGN_RIGHT, true},
    {"flops", "FLOPs", NULL, GB_ALIGN_RIGHT, true},
    {"activations", "Activations", NULL, GB_ALIGN_RIGHT, true},
    {"bytes", "Bytes", NULL, GB_ALIGN_RIGHT, true},
    {"latency", "Latency", NULL, GB_ALIGN_RIGHT, false},
    {"top1", "Top-1", NULL, GB_ALIGN_RIGHT, false},
    {"top5", "Top-5", NULL, GB_ALIGN_RIGHT, false},
    {"top1_error", "Top-1 error", NULL, GB_ALIGN_RIGHT, false},
    {"top5_error", "Top-5 error", NULL, GB_ALIGN_RIGHT, false},
    {"accuracy", "Accuracy", NULL, GB_ALIGN_RIGHT, false},
    {"map", "mAP", NULL, GB_ALIGN_RIGHT, false},
};

// The index of a column, added where it is new; SIZE_MAX when memory is out.
static size_t column_at(gb_comparison *c, const char *name) {
  for (size_t i = 0; i < c->column_count; i++)
    if (strcmp(c->columns[i].name, name) == 0)
      return i;
  gb_column column = {name, NULL, NULL, GB_ALIGN_RIGHT, false};
  for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
    if (strcmp(usual[i].name, name) == 0)
      column = usual[i];
  size_t before = c->column_count;
  gb_comparison_column(c, &column);
  return c->column_count > before ? before : SIZE_MAX;
}

void gb_comparison_column(gb_comparison *c, const gb_column *column) {
  gb_column *columns =
      gb_arena_grow(c->arena, c->columns, c->column_count, &c->column_room, sizeof *columns);
  if (!columns) {
    c->failed = true;
    return;
  }
  c->columns = columns;
  gb_column copy = *column;
  copy.name = keep(c, column->name);
  copy.title = keep(c, column->title);
  copy.unit = keep(c, column->unit);
  if (!c->failed)
    columns[c->column_count++] = copy;
}

void gb_comparison_known(gb_comparison *c, const char *row, const char *column, const char *reason,
                         const gb_location *where) {
  gb_known_difference *known =
      gb_arena_grow(c->arena, c->known, c->known_count, &c->known_room, sizeof *known);
  if (!known) {
    c->failed = true;
    return;
  }
  c->known = known;
  gb_known_difference one = {keep(c, row ? row : ""), keep(c, column), keep(c, reason), {0}, false};
  if (where)
    one.where = (gb_location){keep(c, where->file), where->line, where->column};
  if (!c->failed)
    known[c->known_count++] = one;
}

// The index of the row of a model, added where it is new; SIZE_MAX when memory is out.
static size_t row_at(gb_comparison *c, const char *row, const char *label) {
  row = row ? row : "";
  label = label && *label ? label : row;
  size_t listed = SIZE_MAX; // its place in the published table
  for (size_t i = 0; *row && c->published && i < c->published->row_count; i++)
    if (strcmp(c->published->rows[i], row) == 0)
      listed = i;
  if (listed != SIZE_MAX && c->row_of[listed] != SIZE_MAX)
    return c->row_of[listed];
  // A model comes with all its columns before the next one, so only the last row can be the same.
  if (listed == SIZE_MAX && c->row_count && strcmp(c->rows[c->row_count - 1].row, row) == 0 &&
      strcmp(c->rows[c->row_count - 1].label, label) == 0)
    return c->row_count - 1;
  gb_compared_row *rows =
      gb_arena_grow(c->arena, c->rows, c->row_count, &c->row_room, sizeof *rows);
  if (!rows) {
    c->failed = true;
    return SIZE_MAX;
  }
  c->rows = rows;
  gb_compared_row one = {keep(c, row), keep(c, label), listed};
  if (c->failed)
    return SIZE_MAX;
  rows[c->row_count] = one;
  if (listed != SIZE_MAX)
    c->row_of[listed] = c->row_count;
  return c->row_count++;
}

static void add_value(gb_comparison *c, const char *row, const char *label, const char *column,
                      gb_value value) {
  size_t at_column = column_at(c, column);
  size_t at_row = at_column == SIZE_MAX ? SIZE_MAX : row_at(c, row, label);
  gb_computed *computed = at_row == SIZE_MAX
                              ? NULL
                              : gb_arena_grow(c->arena, c->computed, c->computed_count,
                                              &c->computed_room, sizeof *computed);
  if (!computed) {
    c->failed = true;
    return;
  }
  c->computed = computed;
  computed[c->computed_count++] = (gb_computed){at_row, at_column, value};
}

void gb_comparison_integer(gb_comparison *comparison, const char *row, const char *label,
                           const char *column, int64_t value) {
  add_value(comparison, row, label, column, (gb_value){.kind = GB_VALUE_INTEGER, .integer = value});
}

void gb_comparison_text(gb_comparison *comparison, const char *row, const char *label,
                        const char *column, const char *text) {
  add_value(
      comparison, row, label, column,
      (gb_value){.kind = text ? GB_VALUE_TEXT : GB_VALUE_MISSING, .text = keep(comparison, text)});
}

void gb_comparison_real(gb_comparison *comparison, const char *row, const char *label,
                        const char *column, double value, int decimals) {
  add_value(comparison, row, label, column,
            (gb_value){.kind = isfinite(value) ? GB_VALUE_REAL : GB_VALUE_MISSING,
                       .real = value,
                       .decimals = decimals});
}

// Adds rows and columns that only the published table has, and puts the rows in order: as
// published, each followed by the unpublished ones that were computed after it.
static gb_status arrange(gb_comparison *c, gb_error *error) {
  size_t computed_rows = c->row_count;
  size_t listed = c->published ? c->published->row_count : 0;
  for (size_t i = 0; i < listed; i++)
    row_at(c, c->published->rows[i], NULL);
  for (size_t i = 0; c->published && i < c->published->column_count; i++)
    column_at(c, c->published->columns[i]);
  if (c->failed)
    return gb_fail_memory(error);
  c->order = gb_arena_allocate(c->arena, c->row_count + 1, sizeof *c->order);
  // followers[p]: first unpublished row after published row p - 1; next[]: the one after that.
  size_t *first = gb_arena_allocate(c->arena, listed + 1, sizeof *first);
  size_t *last = gb_arena_allocate(c->arena, listed + 1, sizeof *last);
  size_t *next = gb_arena_allocate(c->arena, c->row_count + 1, sizeof *next);
  if (!c->order || !first || !last || !next)
    return gb_fail_memory(error);
  for (size_t i = 0; i <= listed; i++)
    first[i] = SIZE_MAX;
  size_t anchor = 0;
  for (size_t i = 0; i < computed_rows; i++) {
    next[i] = SIZE_MAX;
    if (c->rows[i].listed != SIZE_MAX) {
      anchor = c->rows[i].listed + 1;
      continue;
    }
    if (first[anchor] == SIZE_MAX)
      first[anchor] = i;
    else
      next[last[anchor]] = i;
    last[anchor] = i;
  }
  size_t filled = 0;
  for (size_t p = 0; p <= listed; p++) {
    if (p)
      c->order[filled++] = c->row_of[p - 1];
    for (size_t i = first[p]; i != SIZE_MAX; i = next[i])
      c->order[filled++] = i;
  }
  return GB_OK;
}

static bool same_word(const char *a, const char *b) {
  for (; *a && tolower((unsigned char)*a) == tolower((unsigned char)*b); a++)
    b++;
  return *a == *b;
}

// Of a cell that has both sides, or one.
static gb_status judge(gb_comparison *c, gb_compared *cell, gb_error *error) {
  if (cell->computed.kind == GB_VALUE_MISSING) {
    cell->verdict = GB_VERDICT_PUBLISHED_ONLY;
    return GB_OK;
  }
  cell->verdict = GB_VERDICT_COMPUTED_ONLY;
  if (!cell->figure || cell->computed.kind == GB_VALUE_REAL)
    return GB_OK;
  if (strcmp(cell->figure->unit, "%") == 0)
    return gb_fail(error, GB_EINTERNAL,
                   "row '%s', column '%s' is in per cent: accuracies are shown as published only",
                   cell->row, cell->column);
  if (cell->computed.kind == GB_VALUE_TEXT) {
    cell->difference = cell->percent = (double)NAN;
    cell->verdict = same_word(cell->computed.text, cell->figure->value) ? GB_VERDICT_ROUNDED
                                                                        : GB_VERDICT_DIFFERS;
  } else {
    cell->verdict =
        gb_verdict_of(cell->computed.integer, cell->figure, &cell->difference, &cell->percent);
  }
  for (size_t i = 0; i < c->known_count && cell->verdict == GB_VERDICT_DIFFERS; i++)
    if (strcmp(c->known[i].row, cell->row) == 0 && strcmp(c->known[i].column, cell->column) == 0) {
      c->known[i].used = true;
      cell->verdict = GB_VERDICT_EXPLAINED;
      cell->reason = c->known[i].reason;
    }
  return GB_OK;
}

gb_status gb_comparison_finish(gb_comparison *c, gb_error *error) {
  if (c->failed)
    return gb_fail_memory(error);
  GB_TRY(arrange(c, error));
  size_t *place = gb_arena_allocate(c->arena, c->row_count + 1, sizeof *place);
  gb_compared *grid = gb_arena_allocate(c->arena, c->row_count * c->column_count + 1, sizeof *grid);
  if (!place || !grid)
    return gb_fail_memory(error);
  for (size_t i = 0; i < c->row_count; i++)
    place[c->order[i]] = i;
  for (size_t i = 0; i < c->computed_count; i++) {
    const gb_computed *one = &c->computed[i];
    gb_compared *cell = &grid[place[one->row] * c->column_count + one->column];
    if (cell->row)
      return gb_fail(error, GB_EINPUT,
                     "two models give column '%s' of row '%s'; a row of the published table is for "
                     "one model",
                     c->columns[one->column].name, c->rows[one->row].label);
    cell->computed = one->value;
    cell->row = c->rows[one->row].row;
  }
  for (size_t i = 0; c->published && i < c->published->count; i++) {
    const gb_figure *figure = &c->published->figures[i];
    size_t listed = 0;
    while (strcmp(c->published->rows[listed], figure->row) != 0)
      listed++;
    grid[place[c->row_of[listed]] * c->column_count + column_at(c, figure->column)].figure = figure;
  }
  c->grid = grid;
  c->cells = gb_arena_allocate(c->arena, c->row_count * c->column_count + 1, sizeof *c->cells);
  if (!c->cells)
    return gb_fail_memory(error);
  for (size_t i = 0; i < c->row_count * c->column_count; i++) {
    gb_compared *cell = &grid[i];
    if (!cell->figure && cell->computed.kind == GB_VALUE_MISSING)
      continue;
    const gb_compared_row *row = &c->rows[c->order[i / c->column_count]];
    cell->row = row->row;
    cell->label = row->label;
    cell->column = c->columns[i % c->column_count].name;
    GB_TRY(judge(c, cell, error));
    c->counts[cell->verdict]++;
    c->cells[c->cell_count++] = *cell;
  }
  return GB_OK;
}

const gb_compared *gb_comparison_cells(const gb_comparison *comparison, size_t *count) {
  *count = comparison->cell_count;
  return comparison->cells;
}

size_t gb_comparison_count(const gb_comparison *comparison, gb_verdict verdict) {
  return comparison->counts[verdict];
}

size_t gb_comparison_stale(const gb_comparison *c, gb_text *text) {
  size_t stale = 0;
  for (size_t i = 0; i < c->known_count; i++) {
    const gb_known_difference *known = &c->known[i];
    if (known->used)
      continue;
    stale++;
    if (known->where.file)
      gb_text_print(text, "%s:%d: ", known->where.file, known->where.line);
    gb_text_print(text, "the known difference of row '%s', column '%s' does not occur\n",
                  known->row, known->column);
  }
  return stale;
}
