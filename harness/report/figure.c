// Looking up published figures, and their values as numbers and as text; see published.h.
#include "harness/report/published.h"

#include "layers/base/text.h"

#include <math.h>
#include <string.h>

const gb_figure *gb_published_find(const gb_published *published, const char *row,
                                   const char *column) {
  for (size_t i = 0; i < published->count; i++)
    if (strcmp(published->figures[i].row, row) == 0 &&
        strcmp(published->figures[i].column, column) == 0)
      return &published->figures[i];
  return NULL;
}

static gb_status check_name(const gb_published *published, const char *what, const char *name,
                            const char *const *names, size_t count, const gb_location *where,
                            gb_error *error) {
  gb_suggestion near = {.name = name};
  gb_text all = {0};
  for (size_t i = 0; i < count; i++) {
    if (strcmp(names[i], name) == 0) {
      gb_text_free(&all);
      return GB_OK;
    }
    gb_suggest(&near, names[i]);
    gb_text_print(&all, "%s%s", i ? ", " : "", names[i]);
  }
  gb_location nowhere = {0};
  gb_status status = near.best
                         ? gb_fail_at(error, GB_EINPUT, where ? where : &nowhere,
                                      "published table '%s' has no %s '%s'; did you mean '%s'?",
                                      published->name, what, name, near.best)
                         : gb_fail_at(error, GB_EINPUT, where ? where : &nowhere,
                                      "published table '%s' has no %s '%s'; there are %s",
                                      published->name, what, name, gb_text_get(&all));
  gb_text_free(&all);
  return status;
}

gb_status gb_published_check_row(const gb_published *published, const char *row,
                                 const gb_location *where, gb_error *error) {
  return check_name(published, "row", row, published->rows, published->row_count, where, error);
}

gb_status gb_published_check_column(const gb_published *published, const char *column,
                                    const gb_location *where, gb_error *error) {
  return check_name(published, "column", column, published->columns, published->column_count, where,
                    error);
}

double gb_figure_number(const gb_figure *figure) {
  // One division or multiplication of two exact numbers, so the result is the nearest double.
  int power = figure->exponent - figure->decimals;
  double scale = pow(10, power < 0 ? -power : power);
  return power < 0 ? (double)figure->digits / scale : (double)figure->digits * scale;
}

bool gb_figure_integer(const gb_figure *figure, int64_t *value) {
  int64_t result = figure->digits;
  int power = figure->exponent - figure->decimals;
  if (!figure->number)
    return false;
  for (; power > 0; power--)
    if (__builtin_mul_overflow(result, 10, &result))
      return false;
  for (; power < 0; power++) {
    if (result % 10)
      return false;
    result /= 10;
  }
  *value = result;
  return true;
}

const char *gb_figure_print(const gb_figure *figure, gb_arena *arena) {
  return gb_arena_print(arena, *figure->unit ? "%s %s" : "%s%s", figure->value, figure->unit);
}
