// Fuzzes the reader of published figures: what it accepts keeps its promises, and what it refuses
// names the place.
#include "tests/fuzz/fuzz.h"

#include "harness/report/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PROMISE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition))                                                                              \
      abort();                                                                                     \
  } while (0)

static void check_figure(const gb_published *table, const gb_figure *figure) {
  PROMISE(*figure->row && *figure->column && *figure->value && *figure->grade);
  PROMISE(!strpbrk(figure->row, "\r\n") && !strpbrk(figure->note, "\r\n"));
  PROMISE(gb_published_find(table, figure->row, figure->column) == figure); // once only
  PROMISE(isfinite(gb_figure_number(figure)));
  int64_t whole = 0;
  if (gb_figure_integer(figure, &whole) && whole >= 0)
    PROMISE(gb_verdict_of(whole, figure, NULL, NULL) == GB_VERDICT_ROUNDED);
  gb_verdict_of(INT64_MAX, figure, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  gb_published *table = NULL;
  gb_error error = {0};
  gb_status status =
      gb_published_parse(size ? (const char *)bytes : "", size, "fuzz", &table, &error);
  if (status != GB_OK) {
    PROMISE(!table && strncmp(error.message, "fuzz:", 5) == 0);
    PROMISE(status == GB_EINPUT || status == GB_ELIMIT);
    return 0;
  }
  PROMISE(table->count > 0 && table->row_count > 0 && table->column_count > 0);
  // Every figure where they are few: the look-up is a plain search.
  for (size_t i = 0; i < table->count; i += table->count / 64 + 1)
    check_figure(table, &table->figures[i]);
  gb_comparison *comparison = gb_comparison_new("fuzz", NULL, table);
  gb_table *people = NULL;
  gb_text text = {0};
  PROMISE(comparison);
  PROMISE(gb_comparison_finish(comparison, &error) == GB_OK);
  PROMISE(gb_comparison_table(comparison, &people, &error) == GB_OK);
  for (int format = 0; format < GB_FORMAT_COUNT; format++)
    PROMISE(gb_table_write(people, (gb_format)format, &(gb_text_style){.width = 80}, &text,
                           &error) == GB_OK);
  gb_text_free(&text);
  gb_table_free(people);
  gb_comparison_free(comparison);
  gb_published_free(table);
  return 0;
}
